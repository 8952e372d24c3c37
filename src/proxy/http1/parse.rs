//! Heads, from bytes to the `http` crate's types: parsed by `httparse`, and held to more.

use std::mem::MaybeUninit;

use bytes::{Buf as _, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
    header, request,
};
use httparse::{Header, ParserConfig, Status};

use super::{
    HeadError,
    framing::{Chunks, Framing},
    has_no_body,
};

/// A request's head, and what follows it.
#[derive(Debug)]
pub(super) struct RequestHead {
    pub(super) head: Box<request::Parts>,
    pub(super) framing: Framing,
    /// Another request may follow.
    pub(super) keeps_alive: bool,
    /// The body comes when it is asked for (RFC 9110 §10.1.1).
    pub(super) waits: bool,
}

/// An answer's head, and what follows it.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub(super) response: Response<()>,
    pub(super) framing: Framing,
    pub(super) keeps_alive: bool,
}

/// How far the end of a head was looked for.
#[derive(Debug, Default)]
pub(super) struct Search {
    searched: usize,
    /// A head not yet whole is parsed again when it has become this long: what is wrong with its beginning
    /// shows before its end comes, and a head that comes byte by byte is not parsed byte by byte.
    parse_at: usize,
}

/// Bounds on a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes_max: usize,
    pub(super) headers_max: usize,
}

/// Headers for which there is room on the stack.
const HEADERS_HERE: usize = 100;

/// What an answer's head may take.
const ANSWER_BYTES_MAX: usize = 256 << 10;

const SYNTAX: HeadError = HeadError::Malformed("The head is not what RFC 9112 says it is.");
const LINE_END: HeadError = HeadError::Malformed("A line ends in a bare line feed.");
/// Of a head that somebody else would take for whole, though no empty line ends it.
const WITHOUT_END: Result<(), HeadError> = Err(LINE_END);
const LENGTHS: HeadError = HeadError::Malformed("There is more than one `Content-Length`.");
const LENGTH: HeadError = HeadError::Malformed("`Content-Length` is not a number.");
const BOTH: HeadError =
    HeadError::Malformed("`Transfer-Encoding` and `Content-Length` contradict each other.");
const CODING: HeadError = HeadError::Malformed("The only transfer coding read here is `chunked`.");
const OLD_CODING: HeadError = HeadError::Malformed("HTTP/1.0 knows no `Transfer-Encoding`.");

/// Takes a request's head from what was read; `None` while it is not whole.
pub(super) fn request(
    read: &mut BytesMut,
    search: &mut Search,
    bounds: Bounds,
) -> Result<Option<RequestHead>, HeadError> {
    // RFC 9112 §2.2: an empty line before a request is passed over.
    while read.starts_with(b"\r\n") {
        read.advance(2);
    }
    if read.is_empty() || **read == *b"\r" {
        return Ok(None);
    }
    let begins_well =
        |text: &[u8]| with_request(text, bounds.headers_max, |_| WITHOUT_END).map(|_| ());
    let Some(head) = search.take(read, bounds.bytes_max, begins_well)? else { return Ok(None) };
    let parsed = with_request(&head, bounds.headers_max, |parsed| request_of(&head, parsed))?;
    parsed.ok_or(SYNTAX).map(Some)
}

impl Search {
    /// Takes a head with the empty line that ends it. What there is of one that is not whole has to begin well.
    fn take(
        &mut self,
        read: &mut BytesMut,
        bytes_max: usize,
        begins_well: impl FnOnce(&[u8]) -> Result<(), HeadError>,
    ) -> Result<Option<Bytes>, HeadError> {
        let Some(end) = end_of_head(read, self.searched)? else {
            self.searched = read.len();
            if read.len() >= bytes_max {
                return Err(HeadError::TooLarge);
            }
            if read.len() >= self.parse_at {
                self.parse_at = read.len() * 2;
                begins_well(read)?;
            }
            return Ok(None);
        };
        *self = Self::default();
        if end > bytes_max {
            Err(HeadError::TooLarge)
        } else {
            Ok(Some(read.split_to(end).freeze()))
        }
    }
}

/// Where the empty line ends that ends a head. Each line has to end in CR LF, those before `from` do.
pub(super) fn end_of_head(read: &[u8], from: usize) -> Result<Option<usize>, HeadError> {
    for at in memchr::memchr_iter(b'\n', read.get(from..).unwrap_or_default()) {
        let at = from + at;
        match read.get(at.saturating_sub(3)..=at) {
            Some(b"\r\n\r\n") => return Ok(Some(at + 1)),
            Some([.., b'\r', b'\n']) => {}
            Some(_) | None => return Err(LINE_END),
        }
    }
    Ok(None)
}

/// `Ok(None)` while the head is not whole.
fn with_request<T>(
    text: &[u8],
    headers_max: usize,
    with: impl FnOnce(&httparse::Request<'_, '_>) -> Result<T, HeadError>,
) -> Result<Option<T>, HeadError> {
    let mut here = [const { MaybeUninit::<Header<'_>>::uninit() }; HEADERS_HERE];
    let mut elsewhere = Vec::new();
    let room = match here.get_mut(..headers_max) {
        Some(room) => room,
        None => {
            elsewhere.resize_with(headers_max, MaybeUninit::uninit);
            elsewhere.as_mut_slice()
        }
    };
    let mut parsed = httparse::Request::new(&mut []);
    match parsed.parse_with_uninit_headers(text, room) {
        // What stands after the head would be another message: its end was found by its bytes.
        Ok(Status::Complete(length)) if length != text.len() => Err(LINE_END),
        Ok(Status::Complete(_)) => with(&parsed).map(Some),
        Ok(Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooLarge),
        Err(_) => Err(SYNTAX),
    }
}

fn request_of(head: &Bytes, parsed: &httparse::Request<'_, '_>) -> Result<RequestHead, HeadError> {
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(SYNTAX);
    };
    let mut parts = Box::new(Request::new(()).into_parts().0);
    parts.method = Method::from_bytes(method.as_bytes()).map_err(|_| SYNTAX)?;
    parts.uri = Uri::from_maybe_shared(head.slice_ref(target.as_bytes())).map_err(|_| SYNTAX)?;
    let is_old = version == 0;
    parts.version = if is_old { Version::HTTP_10 } else { Version::HTTP_11 };
    let Fields { headers, length, codings, keeps_alive, closes, waits } =
        Fields::of(head, parsed.headers, is_old)?;
    let keeps_alive = keeps_alive && !closes;
    parts.headers = headers;
    let framing = match (codings, length) {
        (Codings::None, length) => Framing::Length(length.unwrap_or(0)),
        (Codings::Chunked, None) if is_old => return Err(OLD_CODING),
        (Codings::Chunked, None) => Framing::Chunked(Chunks::default()),
        (Codings::Chunked, Some(_)) => return Err(BOTH),
        (Codings::Other, _) => return Err(CODING),
    };
    Ok(RequestHead { head: parts, framing, keeps_alive, waits: waits && !is_old })
}

/// Takes an answer's head from what was read; `None` while it is not whole. `asked` is the method that it
/// answers.
pub(super) fn response(
    read: &mut BytesMut,
    search: &mut Search,
    asked: &Method,
) -> Result<Option<ResponseHead>, HeadError> {
    let begins_well = |text: &[u8]| with_response(text, |_| WITHOUT_END).map(|_| ());
    let Some(head) = search.take(read, ANSWER_BYTES_MAX, begins_well)? else { return Ok(None) };
    with_response(&head, |parsed| response_of(&head, parsed, asked))?.ok_or(SYNTAX).map(Some)
}

/// `Ok(None)` while the head is not whole.
fn with_response<T>(
    text: &[u8],
    with: impl FnOnce(&httparse::Response<'_, '_>) -> Result<T, HeadError>,
) -> Result<Option<T>, HeadError> {
    let mut room = [const { MaybeUninit::<Header<'_>>::uninit() }; HEADERS_HERE];
    let mut parsed = httparse::Response::new(&mut []);
    match ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, text, &mut room) {
        Ok(Status::Complete(length)) if length != text.len() => Err(LINE_END),
        Ok(Status::Complete(_)) => with(&parsed).map(Some),
        Ok(Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooLarge),
        Err(_) => Err(SYNTAX),
    }
}

fn response_of(
    head: &Bytes,
    parsed: &httparse::Response<'_, '_>,
    asked: &Method,
) -> Result<ResponseHead, HeadError> {
    let (Some(status), Some(version)) = (parsed.code, parsed.version) else { return Err(SYNTAX) };
    let status = StatusCode::from_u16(status).map_err(|_| SYNTAX)?;
    let Fields { headers, length, codings, keeps_alive, closes, .. } =
        Fields::of(head, parsed.headers, version == 0)?;
    let framing = match (codings, length) {
        _ if has_no_body(asked, status) => Framing::Length(0),
        (Codings::Chunked, None) => Framing::Chunked(Chunks::default()),
        (Codings::None, Some(length)) => Framing::Length(length),
        (Codings::None, None) => Framing::UntilClosed,
        (Codings::Chunked, Some(_)) => return Err(BOTH),
        (Codings::Other, _) => return Err(CODING),
    };
    let keeps_alive = keeps_alive && !closes && framing != Framing::UntilClosed;
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(ResponseHead { response, framing, keeps_alive })
}

/// The headers, and what they say of the message and the connection.
struct Fields {
    headers: HeaderMap,
    length: Option<u64>,
    codings: Codings,
    keeps_alive: bool,
    /// Said once, it holds whatever else is said.
    closes: bool,
    waits: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codings {
    None,
    Chunked,
    Other,
}

impl Fields {
    fn of(head: &Bytes, parsed: &[Header<'_>], is_old: bool) -> Result<Self, HeadError> {
        let mut fields = Self {
            headers: HeaderMap::with_capacity(parsed.len()),
            length: None,
            codings: Codings::None,
            keeps_alive: !is_old,
            closes: false,
            waits: false,
        };
        for field in parsed {
            let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| SYNTAX)?;
            let value = match field.value {
                [] => HeaderValue::from_static(""),
                value => {
                    HeaderValue::from_maybe_shared(head.slice_ref(value)).map_err(|_| SYNTAX)?
                }
            };
            fields.note(&name, &value)?;
            fields.headers.try_append(name, value).map_err(|_| HeadError::TooLarge)?;
        }
        Ok(fields)
    }

    fn note(&mut self, name: &HeaderName, value: &HeaderValue) -> Result<(), HeadError> {
        if *name == header::CONTENT_LENGTH {
            if self.length.is_some() {
                return Err(LENGTHS);
            }
            self.length = Some(length(value.as_bytes()).ok_or(LENGTH)?);
        } else if *name == header::TRANSFER_ENCODING {
            let is_chunked = value.as_bytes().eq_ignore_ascii_case(b"chunked");
            let is_first = self.codings == Codings::None;
            self.codings = if is_first && is_chunked { Codings::Chunked } else { Codings::Other };
        } else if *name == header::CONNECTION {
            for option in value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                self.closes |= option.eq_ignore_ascii_case(b"close");
                self.keeps_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if *name == header::EXPECT {
            self.waits = value.as_bytes().eq_ignore_ascii_case(b"100-continue");
        }
        Ok(())
    }
}

/// Digits alone (RFC 9110 §8.6): no sign, no list.
fn length(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { bytes_max: 256, headers_max: 4 };

    /// The head of `text`, read in pieces of `size` bytes, and what is left.
    fn read(text: &str, size: usize) -> Result<Option<(RequestHead, BytesMut)>, HeadError> {
        let (mut read, mut search) = (BytesMut::new(), Search::default());
        for piece in text.as_bytes().chunks(size) {
            read.extend_from_slice(piece);
            if let Some(head) = request(&mut read, &mut search, BOUNDS)? {
                return Ok(Some((head, read)));
            }
        }
        Ok(None)
    }

    #[test]
    fn a_request_is_read_the_same_however_it_arrives() {
        let text = "\r\nPOST /a?b=c HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nX:\t y z \r\n\r\nabc";
        for size in [1, 2, 3, 5, 50] {
            let (head, _) = read(text, size).unwrap().unwrap();
            let parts = head.head;
            assert_eq!((&parts.method, parts.uri.path()), (&Method::POST, "/a"));
            assert_eq!(parts.uri.query(), Some("b=c"));
            assert_eq!(parts.headers["x"], "y z");
            assert_eq!(parts.headers.len(), 3);
            assert_eq!((head.framing, head.keeps_alive), (Framing::Length(3), true));
        }
        let (_, rest) = read(text, text.len()).unwrap().unwrap();
        assert_eq!(&rest[..], b"abc");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        let chunked = || Framing::Chunked(Chunks::default());
        for (rest, expected) in [
            ("1\r\nHost: a\r\n\r\n", Ok(Some(Framing::Length(0)))),
            ("1\r\nTransfer-Encoding: chunked\r\n\r\n", Ok(Some(chunked()))),
            ("1\r\nTransfer-Encoding: Chunked\r\n\r\n", Ok(Some(chunked()))),
            ("1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Err(CODING)),
            ("1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", Err(CODING)),
            ("1\r\nTransfer-Encoding: identity\r\n\r\n", Err(CODING)),
            ("0\r\nTransfer-Encoding: chunked\r\n\r\n", Err(OLD_CODING)),
            ("1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", Err(BOTH)),
            ("1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", Err(BOTH)),
            ("1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", Err(LENGTHS)),
            ("1\r\nContent-Length: 3, 3\r\n\r\n", Err(LENGTH)),
            ("1\r\nContent-Length: +3\r\n\r\n", Err(LENGTH)),
            ("1\r\nContent-Length: 0x3\r\n\r\n", Err(LENGTH)),
            ("1\r\nContent-Length:\r\n\r\n", Err(LENGTH)),
            ("1\r\nContent-Length: 99999999999999999999\r\n\r\n", Err(LENGTH)),
            ("1\nHost: a\r\n\r\n", Err(LINE_END)),
            ("1\r\nHost: a\nX: b\r\n\r\n", Err(LINE_END)),
            ("1\r\nHost: a\n\nGET / HTTP/1.1\r\n\r\n", Err(LINE_END)),
            ("1\r\nX: a\r\n b\r\n\r\n", Err(SYNTAX)),
            ("1\r\nX: a\rb\r\n\r\n", Err(SYNTAX)),
            ("1\r\nX: a\0b\r\n\r\n", Err(SYNTAX)),
            ("1\r\nX : a\r\n\r\n", Err(SYNTAX)),
            ("1\r\n X: a\r\n\r\n", Err(SYNTAX)),
            ("2\r\nHost: a\r\n\r\n", Err(SYNTAX)),
            ("1\r\na:b\r\nc:d\r\ne:f\r\ng:h\r\ni:j\r\n\r\n", Err(HeadError::TooLarge)),
            ("1\r\nHost: a\r\n", Ok(None)),
        ] {
            let text = format!("POST / HTTP/1.{rest}");
            let framing = read(&text, text.len()).map(|head| head.map(|(head, _)| head.framing));
            assert_eq!(framing, expected, "{text:?}");
        }
    }

    #[test]
    fn a_head_is_bounded_and_refused_as_soon_as_it_shows() {
        let long = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(256));
        assert_eq!(read(&long, 16).unwrap_err(), HeadError::TooLarge);
        assert_eq!(read(&format!("{long}\r\n\r\n"), 512).unwrap_err(), HeadError::TooLarge);
        // The beginning of a handshake of TLS.
        assert_eq!(read("\u{16}\u{3}\u{1}\u{2}\0", 5).unwrap_err(), SYNTAX);
    }

    #[test]
    fn who_may_go_on_is_told_by_version_and_connection() {
        for (version, connection, expected) in [
            ("1.1", "", true),
            ("1.1", "Connection: keep-alive\r\n", true),
            ("1.1", "Connection: Keep-Alive, Close\r\n", false),
            ("1.1", "Connection: close\r\nConnection: keep-alive\r\n", false),
            ("1.0", "", false),
            ("1.0", "Connection: x, keep-alive\r\n", true),
        ] {
            let text = format!("GET / HTTP/{version}\r\n{connection}\r\n");
            let (head, _) = read(&text, text.len()).unwrap().unwrap();
            assert_eq!(head.keeps_alive, expected, "{text:?}");
        }
    }

    #[test]
    fn an_answer_ends_where_its_head_says() {
        let answer = |text: &str, asked: &Method| {
            let mut read = BytesMut::from(text);
            response(&mut read, &mut Search::default(), asked).map(|head| {
                head.map(|head| (head.response.status().as_u16(), head.framing, head.keeps_alive))
            })
        };
        let chunked = || Framing::Chunked(Chunks::default());
        let length = "Content-Length: 3\r\n";
        for (text, asked, expected) in [
            (
                format!("1 200 OK\r\n{length}\r\n"),
                Method::GET,
                Ok(Some((200, Framing::Length(3), true))),
            ),
            (
                format!("1 200 OK\r\n{length}\r\n"),
                Method::HEAD,
                Ok(Some((200, Framing::Length(0), true))),
            ),
            (
                format!("1 304 Not Modified\r\n{length}\r\n"),
                Method::GET,
                Ok(Some((304, Framing::Length(0), true))),
            ),
            ("1 204 \r\n\r\n".into(), Method::GET, Ok(Some((204, Framing::Length(0), true)))),
            ("1 200\r\n\r\n".into(), Method::GET, Ok(Some((200, Framing::UntilClosed, false)))),
            (
                "1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".into(),
                Method::GET,
                Ok(Some((200, chunked(), true))),
            ),
            (
                format!("1 200 OK\r\nConnection: close\r\n{length}\r\n"),
                Method::GET,
                Ok(Some((200, Framing::Length(3), false))),
            ),
            (
                format!("0 200 OK\r\n{length}\r\n"),
                Method::GET,
                Ok(Some((200, Framing::Length(3), false))),
            ),
            (
                format!("1 200 OK\r\n{length}Transfer-Encoding: chunked\r\n\r\n"),
                Method::GET,
                Err(BOTH),
            ),
            (format!("1 200 OK\r\n{length}{length}\r\n"), Method::GET, Err(LENGTHS)),
            ("1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n".into(), Method::GET, Err(CODING)),
            ("1 2x0 OK\r\n\r\n".into(), Method::GET, Err(SYNTAX)),
            ("1 200 OK\r\nX: a".into(), Method::GET, Ok(None)),
        ] {
            assert_eq!(answer(&format!("HTTP/1.{text}"), &asked), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, size in 1_usize..40) {
            let text = [b"GET / HTTP/1.1\r\n", &bytes[..], b"\r\n\r\n"].concat();
            for text in [&bytes[..], &text] {
                let (mut read, mut search) = (BytesMut::new(), Search::default());
                for piece in text.chunks(size) {
                    read.extend_from_slice(piece);
                    if !matches!(request(&mut read, &mut search, BOUNDS), Ok(None)) {
                        break;
                    }
                }
                let _ = response(&mut BytesMut::from(text), &mut Search::default(), &Method::GET);
            }
        }
    }
}
