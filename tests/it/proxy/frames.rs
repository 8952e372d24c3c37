//! HTTP/2 as RFC 9113 has it, frame by frame: what breaks a rule ends the stream or the connection, and what it
//! says to ignore is ignored. The cases are those of its sections 4 to 6 and of RFC 7541, as public conformance
//! suites try them. The code is the one that the RFC names but where [`UNSPECIFIC`] stands beside it: there
//! the library we speak HTTP/2 with (h2 0.4) ends the connection with PROTOCOL_ERROR.

use super::{
    quiet::answering,
    smuggling::{END_HEADERS, END_STREAM, fields, frame},
    *,
};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const PADDED: u8 = 8;

// Section 7.
const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const COMPRESSION_ERROR: u32 = 9;
/// Known to fall short of the RFC's code; nothing is taken that should not be.
const UNSPECIFIC: u32 = PROTOCOL_ERROR;

/// What a case comes to.
#[derive(Debug, PartialEq)]
enum End {
    /// GOAWAY or RST_STREAM with this code.
    Error(u32),
    /// The connection was closed without a word, which is allowed where it would end anyway (§5.4.1).
    Closed,
    /// The connection goes on: a PING sent behind everything was answered.
    GoesOn,
}

async fn end_of(address: SocketAddr, frames: &[u8], is_wrong: bool) -> End {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frames);
    bytes.extend(frame(PING, 0, 0, b"the last"));
    // It may be closed before everything is sent.
    let _ = stream.write_all(&bytes).await;
    let mut deadline = tokio::time::Instant::now() + PATIENCE;
    let mut answered = false;
    loop {
        let (head, payload) = match tokio::time::timeout_at(deadline, read_frame(&mut stream)).await
        {
            Ok(Ok(frame)) => frame,
            Ok(Err(_)) => return End::Closed,
            Err(_) => {
                assert!(answered, "the gateway says nothing");
                return End::GoesOn;
            }
        };
        let code = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        match head[3] {
            GOAWAY => return End::Error(code(4)),
            RST_STREAM => return End::Error(code(0)),
            PING if head[4] & ACK != 0 && payload == b"the last" => {
                // A stream may end a moment behind it.
                if !is_wrong {
                    return End::GoesOn;
                }
                answered = true;
                deadline = tokio::time::Instant::now() + Duration::from_secs(2);
            }
            _ => {}
        }
    }
}

/// The nine bytes of a frame's head (§4.1), and its payload.
pub(super) async fn read_frame(stream: &mut TcpStream) -> std::io::Result<([u8; 9], Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).await?;
    Ok((head, payload))
}

fn request() -> Vec<u8> {
    fields(&[(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a")])
}

fn open(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &request())
}

fn whole(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &request())
}

fn setting(id: u16, value: u32) -> Vec<u8> {
    let payload = [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(SETTINGS, 0, 0, &payload)
}

/// Section, frames, and the codes it may end with; none where it goes on.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static [u32])> {
    let window = |stream: u32, more: u32| frame(WINDOW_UPDATE, 0, stream, &more.to_be_bytes());
    let then = |frames: &[Vec<u8>]| frames.concat();
    let unfinished = || frame(HEADERS, END_STREAM, 1, &request());
    vec![
        // What is to be ignored.
        ("4.1: a frame of an unknown type", frame(0x16, 0xff, 0, b"whatever"), &[]),
        ("4.1: unknown flags", frame(PING, 0x16, 0, b"whatever"), &[]),
        ("6.5.2: an unknown setting", setting(0xff, 1), &[]),
        ("6.5: settings acknowledged", frame(SETTINGS, ACK, 0, &[]), &[]),
        ("5.1: PRIORITY on an idle stream", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 9]), &[]),
        ("6.9: more window", window(0, 1_000), &[]),
        // Sizes.
        (
            "4.2: DATA too long",
            then(&[open(1), frame(DATA, 0, 1, &[0; 16_385])]),
            &[FRAME_SIZE_ERROR],
        ),
        (
            "4.2: HEADERS too long",
            frame(HEADERS, END_HEADERS, 1, &[0; 16_385]),
            &[FRAME_SIZE_ERROR],
        ),
        (
            "6.3: PRIORITY of four bytes",
            then(&[open(1), frame(PRIORITY, 0, 1, &[0; 4])]),
            &[FRAME_SIZE_ERROR, UNSPECIFIC],
        ),
        (
            "6.4: RST_STREAM of three bytes",
            then(&[open(1), frame(RST_STREAM, 0, 1, &[0; 3])]),
            &[FRAME_SIZE_ERROR, UNSPECIFIC],
        ),
        (
            "6.5: an acknowledgement that holds something",
            frame(SETTINGS, ACK, 0, &[0; 6]),
            &[FRAME_SIZE_ERROR, UNSPECIFIC],
        ),
        (
            "6.5: settings of three bytes",
            frame(SETTINGS, 0, 0, &[0; 3]),
            &[FRAME_SIZE_ERROR, UNSPECIFIC],
        ),
        ("6.7: PING of six bytes", frame(PING, 0, 0, &[0; 6]), &[FRAME_SIZE_ERROR, UNSPECIFIC]),
        (
            "6.9: WINDOW_UPDATE of three bytes",
            frame(WINDOW_UPDATE, 0, 0, &[0; 3]),
            &[FRAME_SIZE_ERROR, UNSPECIFIC],
        ),
        // Streams.
        ("5.1: DATA on an idle stream", frame(DATA, END_STREAM, 1, b"x"), &[PROTOCOL_ERROR]),
        ("5.1: RST_STREAM on an idle stream", frame(RST_STREAM, 0, 1, &[0; 4]), &[PROTOCOL_ERROR]),
        ("5.1: WINDOW_UPDATE on an idle stream", window(1, 1), &[PROTOCOL_ERROR]),
        (
            "5.1: CONTINUATION on an idle stream",
            frame(CONTINUATION, END_HEADERS, 1, &request()),
            &[PROTOCOL_ERROR],
        ),
        (
            "5.1: DATA after the end",
            then(&[whole(1), frame(DATA, END_STREAM, 1, b"x")]),
            &[STREAM_CLOSED, UNSPECIFIC],
        ),
        (
            "5.1: HEADERS after the end",
            then(&[whole(1), whole(1)]),
            &[STREAM_CLOSED, PROTOCOL_ERROR],
        ),
        ("5.1.1: an even number", whole(2), &[PROTOCOL_ERROR]),
        (
            "5.1.1: a number below the last",
            then(&[open(5), whole(3)]),
            &[PROTOCOL_ERROR, STREAM_CLOSED],
        ),
        ("6.1: DATA on no stream", frame(DATA, END_STREAM, 0, b"x"), &[PROTOCOL_ERROR]),
        ("6.2: HEADERS on no stream", whole(0), &[PROTOCOL_ERROR]),
        ("6.3: PRIORITY on no stream", frame(PRIORITY, 0, 0, &[0; 5]), &[PROTOCOL_ERROR]),
        ("6.4: RST_STREAM on no stream", frame(RST_STREAM, 0, 0, &[0; 4]), &[PROTOCOL_ERROR]),
        ("6.5: SETTINGS on a stream", frame(SETTINGS, 0, 1, &[]), &[PROTOCOL_ERROR]),
        ("6.7: PING on a stream", frame(PING, 0, 1, &[0; 8]), &[PROTOCOL_ERROR]),
        ("6.8: GOAWAY on a stream", frame(GOAWAY, 0, 1, &[0; 8]), &[PROTOCOL_ERROR]),
        // Padding.
        (
            "6.1: more padding than DATA",
            then(&[open(1), frame(DATA, END_STREAM | PADDED, 1, &[6, 0, 0, 0, 0, 0])]),
            &[PROTOCOL_ERROR],
        ),
        (
            "6.2: more padding than HEADERS",
            frame(HEADERS, END_HEADERS | PADDED, 1, &[&[200][..], &request()].concat()),
            &[PROTOCOL_ERROR],
        ),
        // Settings.
        ("6.5.2: a push that is neither on nor off", setting(2, 2), &[PROTOCOL_ERROR]),
        (
            "6.5.2: a window beyond all bounds",
            setting(4, 1 << 31),
            &[FLOW_CONTROL_ERROR, UNSPECIFIC],
        ),
        ("6.5.2: frames too small", setting(5, 16_383), &[PROTOCOL_ERROR]),
        ("6.5.2: frames too large", setting(5, 1 << 24), &[PROTOCOL_ERROR]),
        // Who pushes, and windows.
        (
            "8.4: a push by a client",
            then(&[
                open(1),
                frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &request()].concat()),
            ]),
            &[PROTOCOL_ERROR],
        ),
        ("6.9: no more window", window(0, 0), &[PROTOCOL_ERROR]),
        ("6.9: no more window of a stream", then(&[open(1), window(1, 0)]), &[PROTOCOL_ERROR]),
        (
            "6.9.1: a window that runs over",
            then(&[window(0, i32::MAX as u32), window(0, i32::MAX as u32)]),
            &[FLOW_CONTROL_ERROR],
        ),
        (
            "6.9.1: a window of a stream that runs over",
            then(&[open(1), window(1, i32::MAX as u32), window(1, i32::MAX as u32)]),
            &[FLOW_CONTROL_ERROR],
        ),
        // A header block comes in one piece.
        (
            "6.2: DATA inside a header block",
            then(&[unfinished(), frame(DATA, END_STREAM, 1, b"x")]),
            &[PROTOCOL_ERROR],
        ),
        (
            "6.2: another stream inside a header block",
            then(&[unfinished(), whole(3)]),
            &[PROTOCOL_ERROR],
        ),
        (
            "6.10: CONTINUATION of another stream",
            then(&[unfinished(), frame(CONTINUATION, END_HEADERS, 3, &[])]),
            &[PROTOCOL_ERROR],
        ),
        (
            "6.10: CONTINUATION after the end of the block",
            then(&[open(1), frame(CONTINUATION, END_HEADERS, 1, &request())]),
            &[PROTOCOL_ERROR],
        ),
        (
            "5.5: an unknown frame inside a header block",
            then(&[unfinished(), frame(0x16, 0, 1, b"x")]),
            &[PROTOCOL_ERROR],
        ),
        // RFC 7541.
        (
            "RFC 7541 2.3.3: an index that is none",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff, 0x60]),
            &[COMPRESSION_ERROR, UNSPECIFIC],
        ),
        (
            "RFC 7541 5.2: text longer than the block",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0, 0x7e, b'x']),
            &[COMPRESSION_ERROR, UNSPECIFIC],
        ),
        (
            "RFC 7541 6.3: a table larger than allowed",
            frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                1,
                &[&[0x3f, 0xff, 0xff, 0x07][..], &request()].concat(),
            ),
            &[COMPRESSION_ERROR, UNSPECIFIC],
        ),
    ]
}

#[tokio::test]
async fn what_breaks_a_rule_of_http2_ends_as_the_rfc_says() {
    // It never answers, so that a stream is open for as long as a case takes.
    let (address, _) = silent().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut wrong = Vec::new();
    for (case, frames, codes) in cases() {
        let end = end_of(gateway.address, &frames, !codes.is_empty()).await;
        let as_expected = match &end {
            End::GoesOn => codes.is_empty(),
            End::Error(code) => codes.contains(code),
            End::Closed => !codes.is_empty(),
        };
        if !as_expected {
            wrong.push(format!("{case}: {end:?}, not one of {codes:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What was done to one connection is nothing to another.
    assert_eq!(end_of(gateway.address, &[], false).await, End::GoesOn);
}

/// A connection of HTTP/2 that has asked for `/`.
async fn asking(gateway: &Running, settings: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let get =
        fields(&[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]);
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(settings);
    bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, 1, &get));
    stream.write_all(&bytes).await.unwrap();
    stream
}

#[tokio::test]
async fn an_answer_that_is_granted_no_room_is_given_up() {
    let endpoint = format!("http://{}", answering().await);
    let gateway = Setup::to(endpoint).config("deadlines: { idle: 400ms }").start().await;
    let initial_window_size = 4;
    let stream = asking(&gateway, &setting(initial_window_size, 0)).await;
    let record = gateway.records(1).await.remove(0);
    assert_eq!(record["error"], "answer-abandoned", "{record}");
    assert_eq!(record["status"], 200, "{record}");
    drop(stream);
}

#[tokio::test]
async fn a_connection_that_has_served_and_lies_idle_is_closed() {
    let endpoint = format!("http://{}", answering().await);
    let gateway = Setup::to(endpoint).config("deadlines: { head: 400ms }").start().await;
    let mut stream = asking(&gateway, &frame(SETTINGS, 0, 0, &[])).await;
    let began = Instant::now();
    loop {
        let frame = tokio::time::timeout(PATIENCE, read_frame(&mut stream)).await.unwrap();
        let (head, payload) = frame.unwrap();
        if head[3] == GOAWAY {
            assert_eq!(payload[4..8], [0; 4], "NO_ERROR");
            assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
            break;
        }
    }
    let record = gateway.records(1).await.remove(0);
    assert_eq!((&record["error"], &record["status"]), (&Value::Null, &200.into()), "{record}");
}
