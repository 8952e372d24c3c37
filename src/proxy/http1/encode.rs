//! Heads, from the `http` crate's types to bytes.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, response};

use super::has_no_body;

/// How the body of an answer is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// There is none, whatever the head says of its length.
    Absent,
    Length(u64),
    Chunked,
    /// Its end is the connection's: what HTTP/1.0 has for bodies of unknown length.
    UntilClosed,
}

impl Coding {
    /// What frames a body of `length` bytes that answers `method`.
    pub(super) fn of(
        method: &Method,
        version: Version,
        status: StatusCode,
        length: Option<u64>,
    ) -> Self {
        match length {
            _ if has_no_body(method, status) => Self::Absent,
            Some(length) => Self::Length(length),
            None if version == Version::HTTP_10 => Self::UntilClosed,
            None => Self::Chunked,
        }
    }
}

/// Writes a request's head. `headers` say where the body ends.
pub(super) fn request(out: &mut Vec<u8>, method: &Method, target: &str, headers: &HeaderMap) {
    push(out, &[method.as_str().as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1\r\n"]);
    // RFC 9110 §7.2 wants it first.
    for host in headers.get_all(header::HOST) {
        push(out, &[b"host: ", host.as_bytes(), b"\r\n"]);
    }
    for (name, value) in headers {
        if name != header::HOST {
            field(out, name, value);
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes an answer's head; what it says of its framing and of the connection is ours to say.
pub(super) fn response(
    out: &mut Vec<u8>,
    head: &response::Parts,
    version: Version,
    coding: Coding,
    keeps_alive: bool,
) {
    let mut digits = itoa::Buffer::new();
    let reason = head.status.canonical_reason().unwrap_or("");
    let status = digits.format(head.status.as_u16());
    push(out, &[b"HTTP/1.1 ", status.as_bytes(), b" ", reason.as_bytes(), b"\r\n"]);
    let mut is_dated = false;
    for (name, value) in &head.headers {
        if *name == header::CONTENT_LENGTH {
            let is_told = coding == Coding::Absent && head.status != StatusCode::NO_CONTENT;
            if !is_told {
                continue;
            }
        } else if *name == header::CONNECTION || *name == header::TRANSFER_ENCODING {
            continue;
        }
        is_dated |= *name == header::DATE;
        field(out, name, value);
    }
    match coding {
        Coding::Absent | Coding::UntilClosed => {}
        Coding::Length(length) => {
            push(out, &[b"content-length: ", digits.format(length).as_bytes(), b"\r\n"]);
        }
        Coding::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
    }
    if !keeps_alive {
        out.extend_from_slice(b"connection: close\r\n");
    } else if version == Version::HTTP_10 {
        out.extend_from_slice(b"connection: keep-alive\r\n");
    }
    if !is_dated {
        date(out);
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes a chunk's size; its bytes and [`CHUNK_END`] follow.
pub(super) fn chunk_size(out: &mut Vec<u8>, size: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut shift = usize::BITS.saturating_sub(size.leading_zeros()).div_ceil(4).max(1) * 4;
    while shift > 0 {
        shift -= 4;
        out.extend(DIGITS.get((size >> shift) & 0xF));
    }
    out.extend_from_slice(CHUNK_END);
}

pub(super) const CHUNK_END: &[u8] = b"\r\n";
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

fn field(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    push(out, &[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
}

fn push(out: &mut Vec<u8>, pieces: &[&[u8]]) {
    out.reserve(pieces.iter().map(|piece| piece.len()).sum());
    for piece in pieces {
        out.extend_from_slice(piece);
    }
}

/// Writes when this is, to the second (RFC 9110 §6.6.1): written anew once a second.
fn date(out: &mut Vec<u8>) {
    thread_local! {
        static WRITTEN: RefCell<(i64, String)> = const { RefCell::new((0, String::new())) };
    }
    let now = jiff::Timestamp::now();
    let second = now.as_second();
    WRITTEN.with_borrow_mut(|(written, text)| {
        if *written != second {
            *written = second;
            *text = httpdate::fmt_http_date(now.into());
        }
        push(out, &[b"date: ", text.as_bytes(), b"\r\n"]);
    });
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;

    #[test]
    fn a_request_is_written_host_first() {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("*/*"));
        headers.insert("host", HeaderValue::from_static("a.example"));
        headers.append("x", HeaderValue::from_static("1"));
        headers.append("x", HeaderValue::from_static(""));
        let mut out = Vec::new();
        request(&mut out, &Method::PUT, "/a?b", &headers);
        let expected = "PUT /a?b HTTP/1.1\r\nhost: a.example\r\naccept: */*\r\nx: 1\r\nx: \r\n\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn an_answer_says_where_it_ends_once() {
        let row = |status: u16, method: Method, version, length, keeps_alive| {
            let mut answer = Response::builder().status(status);
            for (name, value) in [
                ("content-length", "7"),
                ("transfer-encoding", "gzip"),
                ("connection", "x"),
                ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
                ("x", "y"),
            ] {
                answer = answer.header(name, value);
            }
            let (head, ()) = answer.body(()).unwrap().into_parts();
            let coding = Coding::of(&method, version, head.status, length);
            let mut out = Vec::new();
            response(&mut out, &head, version, coding, keeps_alive);
            let text = String::from_utf8(out).unwrap();
            text.replace("date: Sun, 06 Nov 1994 08:49:37 GMT\r\nx: y\r\n", "..")
                .replace("\r\n", "|")
        };
        let (old, new) = (Version::HTTP_10, Version::HTTP_11);
        for (answer, expected) in [
            (row(200, Method::GET, new, Some(3), true), "HTTP/1.1 200 OK|..content-length: 3||"),
            (
                row(200, Method::GET, new, None, true),
                "HTTP/1.1 200 OK|..transfer-encoding: chunked||",
            ),
            (row(200, Method::GET, old, None, false), "HTTP/1.1 200 OK|..connection: close||"),
            (
                row(200, Method::GET, old, Some(0), true),
                "HTTP/1.1 200 OK|..content-length: 0|connection: keep-alive||",
            ),
            (row(200, Method::HEAD, new, None, true), "HTTP/1.1 200 OK|content-length: 7|..|"),
            (
                row(304, Method::GET, new, Some(0), true),
                "HTTP/1.1 304 Not Modified|content-length: 7|..|",
            ),
            (row(204, Method::GET, new, Some(0), true), "HTTP/1.1 204 No Content|..|"),
            (row(599, Method::GET, new, Some(0), true), "HTTP/1.1 599 |..content-length: 0||"),
        ] {
            assert_eq!(answer, expected);
        }
        let (head, ()) = Response::new(()).into_parts();
        let mut out = Vec::new();
        response(&mut out, &head, new, Coding::Length(0), true);
        let text = String::from_utf8(out).unwrap();
        let date = text.split("date: ").nth(1).unwrap().trim_end();
        assert!(httpdate::parse_http_date(date).is_ok(), "{text}");
    }

    #[test]
    fn a_chunks_size_is_hexadecimal() {
        for size in [0, 1, 15, 16, 255, 256, 0xABCDE, usize::MAX] {
            let mut out = Vec::new();
            chunk_size(&mut out, size);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{size:x}\r\n"));
        }
    }
}
