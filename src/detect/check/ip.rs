//! IPv4 and IPv6 addresses (RFC 791, RFC 4291). Addresses that tell nobody apart (private, loopback,
//! link-local, unspecified, multicast) are not personal data and are not found.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Match;

/// The whole of `text`, with a port, a zone, brackets or a prefix length allowed; or a list of such, as
/// proxies make it (`X-Forwarded-For`), one of which tells somebody apart.
pub(in crate::detect) fn whole(text: &str) -> Option<Match> {
    let text = text.trim();
    if let Some(address) = read(text) {
        return is_telling(address).then_some(Match::SHAPED);
    }
    if text.len() > LIST_BYTES_MAX || !text.contains([',', ';', ' ']) {
        return None;
    }
    let mut tells = false;
    for part in text.split([',', ';', ' ']).filter(|part| !part.is_empty() && *part != "unknown") {
        tells |= is_telling(read(part)?);
    }
    tells.then_some(Match::SHAPED)
}

const LIST_BYTES_MAX: usize = 1024;

fn read(text: &str) -> Option<IpAddr> {
    if text.len() > 64 {
        return None;
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let good = port.is_empty() || port.strip_prefix(':').is_some_and(is_short_number);
        let address = address.split_once('%').map_or(address, |(address, _)| address);
        return address.parse().ok().filter(|_| good).map(IpAddr::V6);
    }
    let text = match text.split_once('/') {
        Some((address, length)) if is_short_number(length) => address,
        Some(_) => return None,
        None => text,
    };
    if let Some((address, port)) = text.split_once(':')
        && !port.contains(':')
        && is_short_number(port)
    {
        return address.parse().ok().map(IpAddr::V4);
    }
    let text = text.split_once('%').map_or(text, |(address, _)| address);
    // Eight groups of two digits are how an EUI-64 is written, and a certificate's number.
    if text.len() == 23 && text.split(':').all(|group| group.len() == 2) {
        return None;
    }
    text.parse().ok()
}

fn is_short_number(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_telling(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_telling_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_telling_v4(v4),
            None => is_telling_v6(v6),
        },
    }
}

fn is_telling_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // RFC 6598 shared space is as good as private.
    let shared = first == 100 && (64..128).contains(&second);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || shared)
}

fn is_telling_v6(address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    let unique_local = first & 0xfe00 == 0xfc00;
    let link_local = first & 0xffc0 == 0xfe80;
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || unique_local
        || link_local)
}

/// A dotted quad that more likely counts versions than names a host: a low first part, and no part above 31 or
/// a zero in the middle. A word beside it may say otherwise.
pub(in crate::detect) fn looks_like_a_version(text: &str) -> bool {
    let address: Option<Ipv4Addr> = text.parse().ok();
    // Object identifiers of ISO and of directories (X.660) begin so.
    let is_object = ["1.3.", "2.5.", "2.16."].iter().any(|arc| text.starts_with(arc));
    address.is_some_and(|address| {
        let parts @ [first, second, third, _] = address.octets();
        let has_zero = first < 32 && (second == 0 || third == 0);
        is_object || has_zero || parts.iter().all(|part| *part < 32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_found_and_private_ones_are_not() {
        for (text, expected) in [
            ("203.0.113.7", true),
            ("39.40.12.199", true),
            ("203.0.113.7:8080", true),
            ("203.0.113.0/24", true),
            ("2001:db8::1", true),
            ("[2001:db8::1]:443", true),
            ("[2001:db8::1]", true),
            ("::ffff:203.0.113.7", true),
            ("2a02:8070:8186:9f00::1", true),
            ("10.0.0.1", false),
            ("192.168.1.20", false),
            ("172.16.0.1", false),
            ("127.0.0.1", false),
            ("169.254.1.1", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("239.1.1.1", false),
            ("::1", false),
            ("::", false),
            ("fe80::1%eth0", false),
            ("fd00::1", false),
            ("256.1.1.1", false),
            ("1.2.3", false),
            ("1.2.3.4.5", false),
            ("01.2.3.4", false),
            ("[203.0.113.7]", false),
            ("203.0.113.7:port", false),
            ("203.0.113.7, 10.0.0.1", true),
            ("203.0.113.7,2001:db8::1", true),
            ("unknown, 203.0.113.7:443", true),
            ("10.0.0.1, 192.168.1.1", false),
            ("203.0.113.7, gateway", false),
            (",", false),
            ("12:30:45", false),
            ("12:34:56:80:00:12:ac:f2", false),
            ("91.8.44.61", true),
            ("", false),
        ] {
            assert_eq!(whole(text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn small_parts_look_like_a_version() {
        for (text, expected) in
            [("1.2.3.4", true), ("10.4.2.1", true), ("39.40.12.199", false), ("8.8.8.8", true)]
        {
            assert_eq!(looks_like_a_version(text), expected, "{text}");
        }
    }
}
