//! Where a message ends (RFC 9112 §6): after so many bytes, after the last chunk, or with its connection.

use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::parse;

/// What is left of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked(Chunks),
    /// Answers alone may end so.
    UntilClosed,
}

/// What the next bytes of a chunked body are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    state: State,
    /// Of extensions and trailers, which nobody reads but somebody has to hold.
    overhead: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Data(u64),
    DataEnd,
    Trailers,
    Over,
    /// Nobody knows where the next chunk begins.
    Broken,
}

/// What there is of a body in the bytes that were read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
    /// More bytes have to be read first.
    Wanting,
    End,
}

/// The chunks are not what RFC 9112 §7.1 says they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunks are malformed")]
pub struct Malformed;

/// A chunk's size with its extensions, and all extensions and trailers of one body.
const SIZE_LINE_BYTES_MAX: usize = 1 << 10;
const OVERHEAD_BYTES_MAX: usize = 16 << 10;
const TRAILERS_MAX: usize = 64;
/// Digits of a chunk's size; more are no size of anything.
const SIZE_DIGITS_MAX: usize = 15;

impl Framing {
    /// True when nothing of the body is left.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.state == State::Over,
            Self::UntilClosed => false,
        }
    }

    /// Bytes left, where that is known.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(_) | Self::UntilClosed => None,
        }
    }

    /// Takes the next piece from what was read.
    pub(super) fn next(&mut self, read: &mut BytesMut) -> Result<Piece, Malformed> {
        match self {
            Self::Length(0) => Ok(Piece::End),
            Self::Length(left) | Self::Chunked(Chunks { state: State::Data(left), .. })
                if !read.is_empty() && *left > 0 =>
            {
                Ok(Piece::Data(take(read, left)))
            }
            Self::Length(_) => Ok(Piece::Wanting),
            Self::Chunked(chunks) => {
                chunks.next(read).inspect_err(|_| chunks.state = State::Broken)
            }
            Self::UntilClosed if read.is_empty() => Ok(Piece::Wanting),
            Self::UntilClosed => Ok(Piece::Data(read.split().freeze())),
        }
    }
}

/// As many of `left` bytes as were read.
fn take(read: &mut BytesMut, left: &mut u64) -> Bytes {
    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(read.len());
    *left -= count as u64;
    read.split_to(count).freeze()
}

impl Chunks {
    fn next(&mut self, read: &mut BytesMut) -> Result<Piece, Malformed> {
        loop {
            match &mut self.state {
                State::Size => {
                    let Some(line) = take_line(read)? else { return Ok(Piece::Wanting) };
                    let (size, extension) = size(&line)?;
                    self.pay(extension)?;
                    self.state = if size == 0 { State::Trailers } else { State::Data(size) };
                }
                State::Data(0) => self.state = State::DataEnd,
                State::Data(left) => {
                    return Ok(match read.is_empty() {
                        true => Piece::Wanting,
                        false => Piece::Data(take(read, left)),
                    });
                }
                State::DataEnd => match read.get(..2) {
                    Some(b"\r\n") => {
                        read.advance(2);
                        self.state = State::Size;
                    }
                    Some(_) => return Err(Malformed),
                    None if read.first().is_some_and(|byte| *byte != b'\r') => {
                        return Err(Malformed);
                    }
                    None => return Ok(Piece::Wanting),
                },
                State::Trailers => {
                    if read.starts_with(b"\r\n") {
                        read.advance(2);
                        self.state = State::Over;
                        return Ok(Piece::End);
                    }
                    let end = parse::end_of_head(read, 0).map_err(|_| Malformed)?;
                    let Some(end) = end else {
                        let is_too_long = self.overhead + read.len() > OVERHEAD_BYTES_MAX;
                        return if is_too_long { Err(Malformed) } else { Ok(Piece::Wanting) };
                    };
                    self.pay(end)?;
                    let trailers = trailers(&read.split_to(end))?;
                    self.state = State::Over;
                    return Ok(Piece::Trailers(trailers));
                }
                State::Over => return Ok(Piece::End),
                State::Broken => return Err(Malformed),
            }
        }
    }

    fn pay(&mut self, overhead: usize) -> Result<(), Malformed> {
        self.overhead += overhead;
        if self.overhead > OVERHEAD_BYTES_MAX { Err(Malformed) } else { Ok(()) }
    }
}

/// The next line without its end; none that ends otherwise than in CR LF is taken.
fn take_line(read: &mut BytesMut) -> Result<Option<BytesMut>, Malformed> {
    let within = read.get(..SIZE_LINE_BYTES_MAX).unwrap_or(read);
    let Some(end) = memchr::memchr(b'\n', within) else {
        return if read.len() < SIZE_LINE_BYTES_MAX { Ok(None) } else { Err(Malformed) };
    };
    let mut line = read.split_to(end + 1);
    if !line.ends_with(b"\r\n") {
        return Err(Malformed);
    }
    line.truncate(end - 1);
    if line.contains(&b'\r') { Err(Malformed) } else { Ok(Some(line)) }
}

/// A chunk's size, and how many bytes of its line are something else.
fn size(line: &[u8]) -> Result<(u64, usize), Malformed> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 || digits > SIZE_DIGITS_MAX {
        return Err(Malformed);
    }
    let (size, rest) = line.split_at_checked(digits).ok_or(Malformed)?;
    let after = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
    if after.is_some_and(|byte| *byte != b';') {
        return Err(Malformed);
    }
    let size = std::str::from_utf8(size).map_err(|_| Malformed)?;
    Ok((u64::from_str_radix(size, 16).map_err(|_| Malformed)?, rest.len()))
}

fn trailers(text: &[u8]) -> Result<HeaderMap, Malformed> {
    let mut found = [httparse::EMPTY_HEADER; TRAILERS_MAX];
    let parsed = httparse::parse_headers(text, &mut found);
    let Ok(httparse::Status::Complete((length, found))) = parsed else { return Err(Malformed) };
    if length != text.len() {
        return Err(Malformed);
    }
    let mut trailers = HeaderMap::with_capacity(found.len());
    for header in found {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| Malformed)?;
        let value = HeaderValue::from_bytes(header.value).map_err(|_| Malformed)?;
        trailers.append(name, value);
    }
    Ok(trailers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of a chunked message that arrives in pieces of `size` bytes, its trailers, and what is left.
    fn read(text: &[u8], size: usize) -> Result<(Vec<u8>, usize, Vec<u8>), Malformed> {
        let (mut framing, mut read) = (Framing::Chunked(Chunks::default()), BytesMut::new());
        let (mut body, mut trailers, mut rest) = (Vec::new(), 0, text);
        loop {
            match framing.next(&mut read)? {
                Piece::Data(piece) => body.extend_from_slice(&piece),
                Piece::Trailers(found) => trailers = found.len(),
                Piece::Wanting if rest.is_empty() => {
                    body.extend_from_slice(b"...");
                    return Ok((body, trailers, Vec::new()));
                }
                Piece::Wanting => {
                    let (piece, after) = rest.split_at(size.min(rest.len()));
                    read.extend_from_slice(piece);
                    rest = after;
                }
                Piece::End => {
                    assert!(framing.is_over());
                    return Ok((body, trailers, [&read, rest].concat()));
                }
            }
        }
    }

    #[test]
    fn chunks_are_read_the_same_however_they_arrive() {
        for (text, expected) in [
            ("3\r\nabc\r\n0\r\n\r\nGET", Ok(("abc", 0, "GET"))),
            ("3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n", Ok(("abc0123456789", 0, ""))),
            ("3;a=b\r\nabc\r\n000 ; x=\"y\"\r\n\r\n", Ok(("abc", 0, ""))),
            ("0\r\nX: 1\r\nY: 2\r\n\r\nrest", Ok(("", 2, "rest"))),
            ("0\r\n\r\n", Ok(("", 0, ""))),
            ("3\r\nab", Ok(("ab...", 0, ""))),
            ("3\nabc\r\n0\r\n\r\n", Err(Malformed)),
            ("3\r\nabc\n0\r\n\r\n", Err(Malformed)),
            ("3\r\nabcd\r\n0\r\n\r\n", Err(Malformed)),
            ("3\r\r\nabc\r\n0\r\n\r\n", Err(Malformed)),
            ("0x3\r\nabc\r\n0\r\n\r\n", Err(Malformed)),
            ("-3\r\nabc\r\n0\r\n\r\n", Err(Malformed)),
            (" 3\r\nabc\r\n0\r\n\r\n", Err(Malformed)),
            ("\r\nabc\r\n0\r\n\r\n", Err(Malformed)),
            ("3 abc\r\nabc\r\n0\r\n\r\n", Err(Malformed)),
            ("10000000000000003\r\nabc\r\n0\r\n\r\n", Err(Malformed)),
            ("3 \x0c\r\nabc\r\n0\r\n\r\n", Err(Malformed)),
            ("0\r\n\nGET / HTTP/1.1\r\n\r\n", Err(Malformed)),
            ("0\r\nX: 1\n\r\n\r\n", Err(Malformed)),
            ("0\r\nX: 1\r\n\nGET / HTTP/1.1\r\n\r\n", Err(Malformed)),
            ("0\r\nX : 1\r\n\r\n", Err(Malformed)),
            ("0\r\nno trailer\r\n\r\n", Err(Malformed)),
        ] {
            let expected = expected
                .map(|(body, trailers, rest)| (body.into(), trailers, rest.as_bytes().to_vec()));
            for size in [1, 2, 3, 7, text.len()] {
                assert_eq!(read(text.as_bytes(), size), expected, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn nothing_is_read_behind_what_is_malformed() {
        let mut framing = Framing::Chunked(Chunks::default());
        let mut bytes = BytesMut::from(&b"zz\r\n3\r\nabc\r\n0\r\n\r\n"[..]);
        assert_eq!(framing.next(&mut bytes), Err(Malformed));
        assert_eq!(framing.next(&mut bytes), Err(Malformed));
        assert!(!framing.is_over());
    }

    #[test]
    fn what_nobody_reads_is_bounded() {
        let line = format!("1;{}\r\n", "x".repeat(SIZE_LINE_BYTES_MAX));
        assert_eq!(read(line.as_bytes(), 100), Err(Malformed));
        let chunk = format!("1;{}\r\na\r\n", "x".repeat(1_000));
        assert!(read(chunk.repeat(16).as_bytes(), 4_096).is_ok());
        assert_eq!(read(chunk.repeat(17).as_bytes(), 4_096), Err(Malformed));
        let trailers = format!("0\r\n{}\r\n", format!("x: {}\r\n", "y".repeat(1_000)).repeat(17));
        assert_eq!(read(trailers.as_bytes(), 4_096), Err(Malformed));
    }

    #[test]
    fn a_length_and_the_end_of_a_connection_frame_too() {
        let mut bytes = BytesMut::from(&b"abcdef"[..]);
        let mut framing = Framing::Length(4);
        assert_eq!(framing.next(&mut bytes), Ok(Piece::Data("abcd".into())));
        assert_eq!(framing.next(&mut bytes), Ok(Piece::End));
        assert_eq!(&bytes[..], b"ef");
        let mut framing = Framing::UntilClosed;
        assert_eq!(framing.next(&mut bytes), Ok(Piece::Data("ef".into())));
        assert_eq!(framing.next(&mut bytes), Ok(Piece::Wanting));
        assert!(!framing.is_over());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(text: Vec<u8>, size in 1_usize..9) {
            let _ = read(&text, size);
            let _ = read(&[b"3\r\nabc\r\n0\r\n", &text[..]].concat(), size);
        }
    }
}
