//! The PROXY protocol, versions 1 and 2 (HAProxy, `doc/proxy-protocol.txt`): a load balancer that passes
//! connections on says first who is behind them.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Whom a load balancer speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Itself, checking whether we are alive.
    Balancer,
    /// Somebody whose address it does not tell.
    Unknown,
    Address(SocketAddr),
}

/// Reads the header and not a byte more.
pub(super) async fn receive<S>(stream: &mut S) -> io::Result<Source>
where
    S: AsyncRead + Unpin,
{
    // No header of either version is shorter.
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE { version_2(stream).await } else { version_1(start, stream).await }
}

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// §2.1, the line's end included.
const LINE_BYTES_MAX: usize = 107;
/// Addresses and what balancers add to them; the length field could say 65,535.
const V2_BYTES_MAX: usize = 4_096;

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

async fn version_1<S>(start: [u8; 12], stream: &mut S) -> io::Result<Source>
where
    S: AsyncRead + Unpin,
{
    if !start.starts_with(b"PROXY ") {
        return Err(malformed("no PROXY protocol header"));
    }
    let mut line = start.to_vec();
    while !line.ends_with(b"\r\n") {
        if line.len() >= LINE_BYTES_MAX {
            return Err(malformed("a PROXY protocol line without end"));
        }
        line.push(stream.read_u8().await?);
    }
    let line =
        std::str::from_utf8(&line).map_err(|_| malformed("a PROXY protocol line of no text"))?;
    let words: Vec<&str> = line.trim_end_matches("\r\n").split(' ').collect();
    let bad = || malformed("a PROXY protocol line of the wrong shape");
    match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => Ok(Source::Unknown),
        [
            "PROXY",
            family @ ("TCP4" | "TCP6"),
            source,
            destination,
            source_port,
            destination_port,
        ] => {
            let (source, destination): (IpAddr, IpAddr) =
                (source.parse().map_err(|_| bad())?, destination.parse().map_err(|_| bad())?);
            let is_v4 = *family == "TCP4";
            if source.is_ipv4() != is_v4 || destination.is_ipv4() != is_v4 {
                return Err(bad());
            }
            destination_port.parse::<u16>().map_err(|_| bad())?;
            let port = source_port.parse().map_err(|_| bad())?;
            Ok(Source::Address(SocketAddr::new(source, port)))
        }
        _ => Err(bad()),
    }
}

async fn version_2<S>(stream: &mut S) -> io::Result<Source>
where
    S: AsyncRead + Unpin,
{
    let (version_command, family) = (stream.read_u8().await?, stream.read_u8().await?);
    let length_bytes = stream.read_u16().await?.to_be_bytes();
    let length = usize::from(u16::from_be_bytes(length_bytes));
    if version_command >> 4 != 2 || length > V2_BYTES_MAX {
        return Err(malformed("a PROXY protocol header of another version or length"));
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest).await?;
    let added = match family {
        0x11 | 0x12 => rest.get(12..),
        0x21 | 0x22 => rest.get(36..),
        0x31 | 0x32 => rest.get(216..),
        // What follows a family that is not stated is passed over.
        _ => None,
    };
    if let Some(at) = checksum_in(added.unwrap_or_default())? {
        let at = rest.len() - added.map_or(0, <[u8]>::len) + at;
        let [high, low] = length_bytes;
        let mut header = [&SIGNATURE[..], &[version_command, family, high, low], &rest].concat();
        let field = header.get_mut(SIGNATURE.len() + 4 + at..).and_then(<[u8]>::first_chunk_mut);
        let field: &mut [u8; 4] = field.ok_or_else(|| malformed(CUT_OFF))?;
        let stated = u32::from_be_bytes(std::mem::take(field));
        if crc32c(&header) != stated {
            return Err(malformed("a PROXY protocol header with a wrong checksum"));
        }
    }
    let short = || malformed("a PROXY protocol header without its addresses");
    match (version_command & 0xf, family) {
        // LOCAL.
        (0, _) => Ok(Source::Balancer),
        (1, 0x11) => {
            let block: &[u8; 12] = rest.first_chunk().ok_or_else(short)?;
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *block;
            let port = u16::from_be_bytes([high, low]);
            Ok(Source::Address(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port)))
        }
        (1, 0x21) => {
            let block: &[u8; 36] = rest.first_chunk().ok_or_else(short)?;
            let source: &[u8; 16] = block.first_chunk().ok_or_else(short)?;
            let [.., high, low, _, _] = *block;
            let port = u16::from_be_bytes([high, low]);
            Ok(Source::Address(SocketAddr::new(Ipv6Addr::from(*source).into(), port)))
        }
        // Unix sockets and families that are not stated.
        (1, 0x00 | 0x31) => Ok(Source::Unknown),
        _ => Err(malformed("a PROXY protocol command or family that is not known")),
    }
}

const CUT_OFF: &str = "a PROXY protocol header that ends within what a balancer added";

/// Where the value of `PP2_TYPE_CRC32C` begins in what stands behind the addresses (§2.2).
fn checksum_in(added: &[u8]) -> io::Result<Option<usize>> {
    const CRC32C: u8 = 0x03;
    let mut rest = added;
    while let [kind, high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == CRC32C && length == 4 {
            return Ok(Some(added.len() - behind.len()));
        }
        rest = behind.get(length..).ok_or_else(|| malformed(CUT_OFF))?;
    }
    if rest.is_empty() { Ok(None) } else { Err(malformed(CUT_OFF)) }
}

/// RFC 3720, appendix B.4. Headers are short, and come once a connection.
fn crc32c(bytes: &[u8]) -> u32 {
    let shifted = |crc: u32, _| (crc >> 1) ^ (0x82f6_3b78 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shifted))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of `bytes`, and how many bytes are left after it.
    async fn read(bytes: &[u8]) -> Result<(Source, usize), String> {
        let mut rest = bytes;
        let source = receive(&mut rest).await.map_err(|error| error.to_string())?;
        Ok((source, rest.len()))
    }

    fn at(address: &str) -> Source {
        Source::Address(address.parse().unwrap())
    }

    /// The lines of §2.1, and lines that are none.
    #[tokio::test]
    async fn version_1_is_a_line() {
        for (line, expected) in [
            (
                "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
                at("255.255.255.255:65535"),
            ),
            ("PROXY TCP6 ffff:f:f:ffff::1 ffff::2 65535 65535\r\n", at("[ffff:f:f:ffff::1]:65535")),
            ("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", at("192.168.0.1:56324")),
            ("PROXY UNKNOWN\r\n", Source::Unknown),
            ("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", Source::Unknown),
        ] {
            let bytes = format!("{line}GET / HTTP/1.1\r\n\r\n");
            assert_eq!(read(bytes.as_bytes()).await, Ok((expected, 18)), "{line}");
        }
        for line in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324\r\n",
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 70000\r\n",
            "PROXY TCP4 ::1 ::1 56324 443\r\n",
            "PROXY TCP6 ::1 192.168.0.11 56324 443\r\n",
            "PROXY UDP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            "PROXY  TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            "proxy TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            &format!("PROXY TCP4 {}\r\n", "1".repeat(200)),
            "PROXY TCP4 1.1.1.1",
        ] {
            assert!(read(line.as_bytes()).await.is_err(), "{line}");
        }
    }

    #[tokio::test]
    async fn version_2_is_binary() {
        let header = |command: u8, family: u8, rest: &[u8]| {
            let mut bytes = SIGNATURE.to_vec();
            bytes.extend([command, family]);
            bytes.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
            bytes.extend(rest);
            bytes.extend(b"next");
            bytes
        };
        let v4 = [192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x34, 0x01, 0xbb];
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        v6[15] = 9;
        v6[32..34].copy_from_slice(&[0x12, 0x34]);
        // PP2_TYPE_NOOP after the addresses.
        let extended = [&v4[..], &[4, 0, 1, 0]].concat();
        for (command, family, rest, expected) in [
            (0x21, 0x11, &v4[..], at("192.0.2.7:4660")),
            (0x21, 0x21, &v6[..], at("[2001:db8::9]:4660")),
            (0x21, 0x11, &extended[..], at("192.0.2.7:4660")),
            (0x20, 0x00, &[], Source::Balancer),
            (0x20, 0x11, &v4[..], Source::Balancer),
            (0x21, 0x00, &[], Source::Unknown),
        ] {
            let got = read(&header(command, family, rest)).await;
            assert_eq!(got, Ok((expected, 4)), "{command:x} {family:x}");
        }
        // §2.2.3: the checksum is that of the header with zeros in its place.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        let unsigned = [&v4[..], &[4, 0, 0, 3, 0, 4, 0, 0, 0, 0]].concat();
        let whole = header(0x21, 0x11, &unsigned);
        let sum = crc32c(&whole[..whole.len() - 4]);
        let summed = |sum: u32| [&unsigned[..18], &sum.to_be_bytes()].concat();
        assert_eq!(read(&header(0x21, 0x11, &summed(sum))).await, Ok((at("192.0.2.7:4660"), 4)));
        for (command, family, rest) in [
            (0x21, 0x11, &summed(sum ^ 1)[..]),
            (0x21, 0x11, &summed(sum)[..20]),
            (0x11, 0x11, &v4[..]),
            (0x22, 0x11, &v4[..]),
            (0x21, 0x11, &v4[..11]),
            (0x21, 0x21, &v4[..]),
            (0x21, 0x12, &v4[..]),
            (0x21, 0x11, &[0; 5_000][..]),
        ] {
            assert!(read(&header(command, family, rest)).await.is_err(), "{command:x} {family:x}");
        }
    }
}
