//! Requests written so that two readers disagree where one ends and the next begins, after the public
//! techniques: CL.TE, TE.CL, TE.TE, CL.0, obsolete folding, bare line ends, NUL, whitespace around names,
//! conflicting hosts, absolute targets, and their kin through HTTP/2. Behind the gateway stands a reader that
//! knows `Content-Length` alone and keeps every byte it is sent.

use super::*;

/// What the data centre was sent, byte for byte, over all its connections.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<Vec<u8>>>>);

/// One message as a reader of `Content-Length` alone finds it.
#[derive(Debug, PartialEq)]
struct Message {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Wire {
    async fn listen() -> (SocketAddr, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let wire = Self::default();
        let kept = wire.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut all = kept.0.lock().unwrap();
                    all.push(Vec::new());
                    all.len() - 1
                };
                tokio::spawn(keep(stream, kept.clone(), number));
            }
        });
        (address, wire)
    }

    fn messages(&self) -> Vec<Message> {
        let all = self.0.lock().unwrap().clone();
        all.iter().flat_map(|bytes| read_all(bytes)).collect()
    }

    fn clear(&self) {
        for bytes in self.0.lock().unwrap().iter_mut() {
            bytes.clear();
        }
    }
}

async fn keep(mut stream: TcpStream, wire: Wire, number: usize) {
    let mut piece = [0; 4096];
    let mut answered = 0;
    while let Ok(count @ 1..) = stream.read(&mut piece).await {
        let (messages, cleared) = {
            let mut all = wire.0.lock().unwrap();
            let cleared = all[number].is_empty();
            all[number].extend_from_slice(&piece[..count]);
            (read_all(&all[number]).len(), cleared)
        };
        answered = if cleared { 0 } else { answered };
        for _ in answered..messages {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
        answered = messages;
    }
}

/// The whole messages in `bytes`; a part of one at the end is one as well, so that nothing is overlooked.
fn read_all(bytes: &[u8]) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&rest[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap_or((line, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, length)| length.parse::<usize>().unwrap());
        let from = end + 4;
        if rest.len() < from + length {
            break;
        }
        let body = String::from_utf8_lossy(&rest[from..from + length]).into_owned();
        messages.push(Message { line, headers, body });
        rest = &rest[from + length..];
    }
    messages
}

/// Nothing in a message that a second reader could take for something else.
fn assert_plain(message: &Message, case: &str) {
    let count = |wanted: &str| message.headers.iter().filter(|(name, _)| name == wanted).count();
    assert_eq!(count("host"), 1, "{case}: {message:?}");
    assert!(count("content-length") <= 1, "{case}: {message:?}");
    for name in ["transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"] {
        assert_eq!(count(name), 0, "{case}: {message:?}");
    }
    for (name, value) in &message.headers {
        let is_token =
            name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        assert!(is_token && !name.is_empty(), "{case}: {message:?}");
        assert!(!value.contains(['\r', '\n', '\0']), "{case}: {message:?}");
    }
    let parts: Vec<&str> = message.line.split(' ').collect();
    assert!(
        matches!(parts[..], [_, target, "HTTP/1.1"] if target.starts_with('/')),
        "{case}: {message:?}"
    );
    assert!(!message.line.contains("smuggled"), "{case}: {message:?}");
}

enum Expected {
    /// Answered 400 or 501, and nothing reached the data centre.
    Refused,
    /// Reached it as one message with this body.
    One(&'static str),
}
use Expected::{One, Refused};

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

fn corpus() -> Vec<(&'static str, String, Expected)> {
    let post =
        |headers: &str, body: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}");
    let smuggling = format!("0\r\n\r\n{SMUGGLED}");
    let with_length = |more: &str| format!("Content-Length: {}\r\n{more}", smuggling.len());
    vec![
        ("CL.TE", post(&with_length("Transfer-Encoding: chunked\r\n"), &smuggling), Refused),
        ("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &smuggling), Refused),
        (
            "TE.TE, the second unknown",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n", &smuggling),
            Refused,
        ),
        (
            "TE.TE, the first unknown",
            post("Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n", &smuggling),
            Refused,
        ),
        (
            "TE.TE twice",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", &smuggling),
            Refused,
        ),
        (
            "identity and chunked",
            post("Transfer-Encoding: identity, chunked\r\n", &smuggling),
            Refused,
        ),
        (
            "chunked in quotes",
            post(&with_length("Transfer-Encoding: \"chunked\"\r\n"), &smuggling),
            Refused,
        ),
        ("xchunked", post(&with_length("Transfer-Encoding: xchunked\r\n"), &smuggling), Refused),
        (
            "a comma before",
            post(&with_length("Transfer-Encoding: ,chunked\r\n"), &smuggling),
            Refused,
        ),
        (
            "a space before the colon",
            post(&with_length("Transfer-Encoding : chunked\r\n"), &smuggling),
            Refused,
        ),
        (
            "a tab before the colon",
            post(&with_length("Transfer-Encoding\t: chunked\r\n"), &smuggling),
            Refused,
        ),
        (
            "a vertical tab in the value",
            post(&with_length("Transfer-Encoding: \x0bchunked\r\n"), &smuggling),
            Refused,
        ),
        (
            "obsolete folding of the value",
            post(&with_length("Transfer-Encoding:\r\n chunked\r\n"), &smuggling),
            Refused,
        ),
        (
            "obsolete folding before it",
            post("X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", ""),
            Refused,
        ),
        (
            "a first header that begins with space",
            "POST / HTTP/1.1\r\n Content-Length: 3\r\nHost: a\r\n\r\nabc".into(),
            Refused,
        ),
        (
            "NUL in a name",
            post("Transfer-\0Encoding: chunked\r\nContent-Length: 0\r\n", ""),
            Refused,
        ),
        ("NUL in a value", post("X: a\0b\r\nContent-Length: 0\r\n", ""), Refused),
        (
            "a bare CR in a value",
            post("X: a\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n", ""),
            Refused,
        ),
        (
            "two lengths that agree",
            post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
            Refused,
        ),
        ("two lengths in one line", post("Content-Length: 3, 3\r\n", "abc"), Refused),
        (
            "two lengths that do not",
            post("Content-Length: 0\r\nContent-Length: 3\r\n", "abc"),
            Refused,
        ),
        ("a signed length", post("Content-Length: +3\r\n", "abc"), Refused),
        ("a negative length", post("Content-Length: -3\r\n", "abc"), Refused),
        ("a hexadecimal length", post("Content-Length: 0x3\r\n", "abc"), Refused),
        ("a length with a space inside", post("Content-Length: 1 0\r\n", "abcdefghij"), Refused),
        (
            "a length beyond all bounds",
            post("Content-Length: 99999999999999999999999\r\n", "abc"),
            Refused,
        ),
        ("an empty length", post("Content-Length: \r\n", SMUGGLED), Refused),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".into(), Refused),
        ("a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".into(), Refused),
        ("a host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n".into(), Refused),
        ("no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n".into(), Refused),
        (
            "a target that contradicts the host",
            "GET http://b/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".into(),
            One(""),
        ),
        ("a target without a slash", "GET smuggled HTTP/1.1\r\nHost: a\r\n\r\n".into(), Refused),
        ("a target with a space", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n".into(), Refused),
        ("a target with a line end", "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n".into(), Refused),
        ("a version that is none", "GET / HTTP/1.9\r\nHost: a\r\n\r\n".into(), Refused),
        (
            "HTTP/1.0 with chunks",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            Refused,
        ),
        (
            "an upgrade",
            format!(
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n{SMUGGLED}"
            ),
            Refused,
        ),
        ("a tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n".into(), Refused),
        (
            "a chunk's size that is none",
            post("Transfer-Encoding: chunked\r\n", "xyz\r\nabc\r\n0\r\n\r\n"),
            Refused,
        ),
        (
            "a chunk's size beyond all bounds",
            post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
            Refused,
        ),
        (
            "a negative chunk",
            post("Transfer-Encoding: chunked\r\n", "-1\r\nabc\r\n0\r\n\r\n"),
            Refused,
        ),
        (
            "a chunk longer than its size",
            post("Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n"),
            Refused,
        ),
        (
            "a bare LF in a chunk's extension",
            post("Transfer-Encoding: chunked\r\n", "3;a\nb\r\nabc\r\n0\r\n\r\n"),
            Refused,
        ),
        (
            "a bare LF after a chunk's size",
            post("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"),
            Refused,
        ),
        // What is well-formed goes through, framed anew.
        (
            "chunks",
            post(
                "Connection: close\r\nTransfer-Encoding: chunked\r\n",
                "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            ),
            One("abcde"),
        ),
        (
            "chunks in capitals",
            post("Connection: close\r\ntransfer-encoding: Chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
            One("abc"),
        ),
        (
            "trailers",
            post(
                "Connection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n",
                "3\r\nabc\r\n0\r\nX: y\r\nContent-Length: 7\r\n\r\n",
            ),
            Refused,
        ),
        (
            "a body on GET",
            format!(
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{SMUGGLED}",
                SMUGGLED.len()
            ),
            One(SMUGGLED),
        ),
        (
            "an absolute target",
            "GET http://a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".into(),
            One(""),
        ),
        (
            "what belongs to one hop",
            post(
                "Connection: close, Content-Length, X-Y\r\nX-Y: z\r\nContent-Length: 3\r\n",
                "abc",
            ),
            One("abc"),
        ),
        (
            "a length named twice by `Connection`",
            post("Connection: Host, close\r\nContent-Length: 3\r\n", "abc"),
            One("abc"),
        ),
    ]
}

#[tokio::test]
async fn nothing_passes_that_the_data_centre_would_read_differently() {
    let (address, wire) = Wire::listen().await;
    let gateway = Setup::to(format!("http://{address}"))
        .config("deadlines: { head: 1s, body: 1s }")
        .start()
        .await;
    let mut wrong = Vec::new();
    for (case, request, expected) in corpus() {
        wire.clear();
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        let messages = wire.messages();
        for message in &messages {
            assert_plain(message, case);
        }
        let bodies: Vec<&str> = messages.iter().map(|message| &*message.body).collect();
        let refused = (answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 501 "))
            && bodies.is_empty();
        let as_expected = match expected {
            Refused => refused,
            One(body) => answer.starts_with("HTTP/1.1 200 ") && bodies == [body],
        };
        if !as_expected {
            wrong.push(format!("{case}: {answer:?}, {messages:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

// === through HTTP/2, frame by frame, as no library would write it

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Literal fields without indexing (RFC 7541 §6.2.2), lengths below 127.
pub(super) fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            assert!(text.len() < 127);
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

async fn over_h2(address: SocketAddr, header_fields: &[(&str, &str)], body: &str) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    let ends = if body.is_empty() { END_STREAM } else { 0 };
    bytes.extend(frame(1, END_HEADERS | ends, 1, &fields(header_fields)));
    if !body.is_empty() {
        bytes.extend(frame(0, END_STREAM, 1, body.as_bytes()));
    }
    // Asked after everything else: whoever answers this has dealt with what came before.
    bytes.extend(frame(6, 0, 0, b"are done"));
    stream.write_all(&bytes).await.unwrap();
    // Until the answer, a reset of the stream (3) or the end of the connection.
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mut head = [0; 9];
        let read = tokio::time::timeout_at(deadline, stream.read_exact(&mut head)).await;
        if read.expect("the gateway says nothing").is_err() {
            return;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).await.is_err() {
            return;
        }
        let of_stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) == 1;
        let ends = matches!(head[3], 0 | 1) && head[4] & END_STREAM != 0;
        if (of_stream && (ends || head[3] == 3)) || head[3] == 7 {
            return;
        }
    }
}

#[tokio::test]
async fn nothing_is_smuggled_through_http2() {
    let (address, wire) = Wire::listen().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let basic = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a")];
    let mut passed = 0;
    for (case, more, body, passes) in [
        ("plain", &[][..], "abc", true),
        ("H2.CL, too short", &[("content-length", "0")], SMUGGLED, false),
        ("H2.CL, too long", &[("content-length", "100")], "abc", false),
        (
            "H2.TE",
            &[("transfer-encoding", "chunked")],
            "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
            false,
        ),
        ("a line end in a value", &[("x", "y\r\ntransfer-encoding: chunked")], "abc", false),
        ("a line end in a name", &[("x: y\r\nz", "1")], "abc", false),
        ("NUL in a value", &[("x", "y\0z")], "abc", false),
        ("capitals in a name", &[("Transfer-Encoding", "chunked")], "abc", false),
        ("a colon in a name", &[("x:y", "z")], "abc", false),
        ("a space in a name", &[("x y", "z")], "abc", false),
        ("a header of one hop", &[("connection", "close")], "abc", false),
        ("a host that contradicts", &[("host", "b")], "abc", false),
        ("a second authority", &[(":authority", "b")], "abc", false),
        ("a second path", &[(":path", "/smuggled")], "abc", false),
        ("a second method", &[(":method", "GET")], "abc", false),
        ("an unknown pseudo-header", &[(":smuggled", "1")], "abc", false),
        ("a pseudo-header after the others", &[("x", "y"), (":scheme", "http")], "abc", false),
    ] {
        wire.clear();
        let all: Vec<_> = basic.iter().chain(more).copied().collect();
        over_h2(gateway.address, &all, body).await;
        let messages = wire.messages();
        for message in &messages {
            assert_plain(message, case);
            assert_eq!(message.body, body, "{case}");
        }
        if passes {
            assert_eq!(messages.len(), 1, "{case}");
            passed += 1;
        } else {
            assert_eq!(messages, [], "{case}");
        }
    }
    for (case, path) in [
        ("a space in the path", "/a HTTP/1.1\r\nx: y"),
        ("a line end in the path", "/a\r\nx: y"),
        ("an empty path", ""),
        ("an absolute path", "http://b/"),
        ("a path without a slash", "smuggled"),
    ] {
        wire.clear();
        let all = [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "a")];
        over_h2(gateway.address, &all, "").await;
        for message in &wire.messages() {
            assert_plain(message, case);
        }
    }
    assert_eq!(passed, 1);
}

/// CVE-2023-44487: streams opened and reset at once must not be worked on without bound.
#[tokio::test]
async fn streams_reset_as_soon_as_they_are_opened_end_the_connection() {
    let (address, wire) = Wire::listen().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    let request = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")];
    for number in 0..20_000_u32 {
        bytes.extend(frame(1, END_HEADERS | END_STREAM, 1 + 2 * number, &fields(&request)));
        bytes.extend(frame(3, 0, 1 + 2 * number, &8_u32.to_be_bytes()));
    }
    let (mut reading, mut writing) = stream.split();
    let written = async { writing.write_all(&bytes).await };
    let ended = async {
        let mut all = Vec::new();
        let _ = reading.read_to_end(&mut all).await;
        all
    };
    let both = async { tokio::join!(written, ended) };
    let (_, said) = tokio::time::timeout(PATIENCE, both).await.expect("the connection goes on");
    // GOAWAY, for being too busy (ENHANCE_YOUR_CALM), unless the end came even before that.
    let calm = said.windows(4).any(|window| window == 11_u32.to_be_bytes());
    assert!(calm || said.len() < 200, "{} bytes", said.len());
    assert!(wire.messages().len() < 2_000, "{}", wire.messages().len());
    assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK, "others are served");
}
