//! The side of a data centre: a request out, its answer in, one at a time on one connection.

use std::{
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    HeadError, ROOM_BYTES, encode,
    framing::{Framing, Malformed, Piece},
    out::Out,
    parse::{self, Search},
    poll_read,
};

/// A connection to a data centre. Whoever waits for something of it moves its bytes: a task of its own would
/// cost two wake-ups and two passages between tasks an exchange.
pub(in crate::proxy) struct Client {
    wire: Box<dyn Wire>,
    read: BytesMut,
    /// The request, with its body.
    out: Out,
    /// What was written may lie in a buffer of the wire's own, as TLS has one.
    unflushed: bool,
    /// Of the answer under way.
    framing: Framing,
    room: usize,
    /// Nothing stands against another exchange.
    keeps_alive: bool,
}

/// Room for the pieces of a long answer.
const ROOM_BYTES_MAX: usize = 256 << 10;

trait Wire: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Wire for S {}

/// What became of an exchange.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the connection ended before the answer did")]
    Short,
    #[error("the answer's head: {0}")]
    Head(#[from] HeadError),
    #[error(transparent)]
    Chunks(#[from] Malformed),
    #[error(transparent)]
    Http2(#[from] hyper::Error),
}

/// Why a request got no answer.
#[derive(Debug)]
pub(in crate::proxy) struct Unanswered {
    pub(in crate::proxy) error: ClientError,
    /// No byte of it has left.
    pub(in crate::proxy) is_unsent: bool,
}

impl Client {
    pub(in crate::proxy) fn new<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        Self {
            wire: Box::new(stream),
            read: BytesMut::new(),
            out: Out::default(),
            unflushed: false,
            framing: Framing::Length(0),
            room: ROOM_BYTES,
            keeps_alive: true,
        }
    }

    /// Sends a request and waits for the head of its answer. The request's headers say how long its body is.
    pub(in crate::proxy) async fn send(
        &mut self,
        request: &Request<Bytes>,
    ) -> Result<Response<()>, Unanswered> {
        self.fill(request);
        let (mut search, mut failure) = (Search::default(), None);
        poll_fn(|cx| {
            // What cannot be written may have been answered already.
            if let Poll::Ready(Err(error)) = self.write(cx) {
                if !self.out.has_begun() {
                    return Poll::Ready(Err(Unanswered { error: error.into(), is_unsent: true }));
                }
                failure = Some(error);
            }
            let answer = ready!(self.head(request.method(), &mut search, cx));
            Poll::Ready(answer.map_err(|error| {
                self.keeps_alive = false;
                let error = failure.take().map_or(error, ClientError::Io);
                Unanswered { error, is_unsent: false }
            }))
        })
        .await
    }

    /// The head of the answer; what data centres say before it (RFC 9110 §15.2) ends here.
    fn head(
        &mut self,
        asked: &Method,
        search: &mut Search,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<()>, ClientError>> {
        loop {
            if let Some(head) = parse::response(&mut self.read, search, asked)? {
                let status = head.response.status();
                if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
                    continue;
                }
                self.framing = head.framing;
                self.keeps_alive &= head.keeps_alive;
                return Poll::Ready(Ok(head.response));
            }
            self.read.reserve(ROOM_BYTES);
            if ready!(poll_read(&mut self.wire, &mut self.read, cx))? == 0 {
                return Poll::Ready(Err(ClientError::Short));
            }
        }
    }

    fn fill(&mut self, request: &Request<Bytes>) {
        self.out.clear();
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        encode::request(&mut self.out.gathered, request.method(), target, request.headers());
        self.out.add(request.body());
        self.unflushed = true;
    }

    /// Writes what is left of the request.
    fn write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let mut written = ready!(self.out.poll_write(&mut self.wire, cx));
        if written.is_ok() {
            written = ready!(Pin::new(&mut self.wire).poll_flush(cx));
        }
        self.unflushed = false;
        if written.is_err() {
            self.keeps_alive = false;
            self.out.give_up();
        }
        Poll::Ready(written)
    }

    /// The next piece of the answer.
    pub(in crate::proxy) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClientError>>> {
        // An answer that came before its request was through. What cannot be written is told by what is read.
        let _ = self.write(cx);
        loop {
            match self.framing.next(&mut self.read) {
                Ok(Piece::Data(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Ok(Piece::Trailers(trailers)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Ok(Piece::End) => return Poll::Ready(None),
                Ok(Piece::Wanting) => {}
                Err(malformed) => return Poll::Ready(Some(Err(malformed.into()))),
            }
            self.read.reserve(self.room);
            match ready!(poll_read(&mut self.wire, &mut self.read, cx)) {
                Ok(0) if self.framing == Framing::UntilClosed => self.framing = Framing::Length(0),
                Ok(0) => return Poll::Ready(Some(Err(ClientError::Short))),
                Ok(count) if count >= self.room => self.room = (self.room * 2).min(ROOM_BYTES_MAX),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }

    /// True when nothing is left of the answer.
    pub(in crate::proxy) fn is_over(&self) -> bool {
        self.framing.is_over()
    }

    /// Bytes left of the answer, where that is known.
    pub(in crate::proxy) fn length(&self) -> Option<u64> {
        self.framing.length()
    }

    /// True when another exchange may follow. What it does not need is given back.
    pub(in crate::proxy) fn rests(&mut self) -> bool {
        let may_go_on =
            self.keeps_alive && self.is_over() && self.read.is_empty() && !self.unflushed;
        if self.room > ROOM_BYTES {
            self.room = ROOM_BYTES;
            self.read = BytesMut::new();
        }
        may_go_on
    }

    /// True when a connection that rested still stands: nobody has closed it, or said what nobody asked.
    pub(in crate::proxy) fn stands(&mut self) -> bool {
        let mut byte = [0];
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(&mut self.wire).poll_read(&mut cx, &mut ReadBuf::new(&mut byte)).is_pending()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("framing", &self.framing).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    fn request(body: &'static [u8]) -> Request<Bytes> {
        Request::post("/a").header("host", "b").body(Bytes::from_static(body)).unwrap()
    }

    async fn body(client: &mut Client) -> Result<String, ClientError> {
        let mut text = Vec::new();
        while let Some(frame) = poll_fn(|cx| client.poll_frame(cx)).await {
            text.extend_from_slice(&frame?.into_data().unwrap_or_default());
        }
        Ok(String::from_utf8(text).unwrap())
    }

    async fn answered(text: &str) -> (Client, Result<Response<()>, Unanswered>, DuplexStream) {
        let (ours, mut theirs) = duplex(1 << 10);
        let mut client = Client::new(ours);
        theirs.write_all(text.as_bytes()).await.unwrap();
        let answer = client.send(&request(b"x")).await;
        (client, answer, theirs)
    }

    #[tokio::test]
    async fn a_connection_rests_after_an_answer_that_ended_in_order() {
        for (text, expected, rests) in [
            ("200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", true),
            (
                "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n",
                "ok",
                true,
            ),
            (
                "100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
                "",
                true,
            ),
            ("200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", "ok", false),
            ("200 OK\r\nContent-Length: 2\r\n\r\nok!", "ok", false),
        ] {
            let (mut client, answer, _theirs) = answered(&format!("HTTP/1.1 {text}")).await;
            assert!(answer.is_ok(), "{text:?}");
            assert_eq!(body(&mut client).await.unwrap(), expected, "{text:?}");
            assert_eq!(client.rests(), rests, "{text:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_length_ends_with_its_connection_and_one_with_length_does_not() {
        let (mut client, answer, theirs) = answered("HTTP/1.1 200 OK\r\n\r\nfine").await;
        assert!(answer.is_ok() && client.length().is_none());
        drop(theirs);
        assert_eq!(body(&mut client).await.unwrap(), "fine");
        assert!(!client.rests());
        for text in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
            let (mut client, _, theirs) =
                answered(&format!("HTTP/1.1 200 OK\r\n{text}\r\n\r\n4\r\nf")).await;
            drop(theirs);
            assert!(matches!(body(&mut client).await, Err(ClientError::Short)), "{text}");
        }
    }

    #[tokio::test]
    async fn what_has_not_left_is_told_from_what_may_have() {
        let (ours, theirs) = duplex(64);
        let mut client = Client::new(ours);
        assert!(client.stands());
        drop(theirs);
        assert!(!client.stands(), "closed while it rested");
        assert!(client.send(&request(b"x")).await.unwrap_err().is_unsent);

        let (ours, mut theirs) = duplex(64);
        let mut client = Client::new(ours);
        let request = request(&[b'x'; 100]);
        let (answer, ()) = tokio::join!(client.send(&request), async {
            let mut some = [0; 10];
            theirs.read_exact(&mut some).await.unwrap();
            drop(theirs);
        });
        assert!(!answer.unwrap_err().is_unsent);
    }

    /// A wire that has a buffer of its own, as TLS has: what is written goes on with a flush alone, which has to be
    /// asked for twice.
    struct Buffering(DuplexStream, Vec<u8>, bool);

    impl AsyncRead for Buffering {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            into: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, into)
        }
    }

    impl AsyncWrite for Buffering {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.1.extend_from_slice(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            if !std::mem::replace(&mut self.2, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let this = &mut *self;
            while !this.1.is_empty() {
                let count = ready!(Pin::new(&mut this.0).poll_write(cx, &this.1))?;
                this.1.drain(..count);
            }
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    #[tokio::test]
    async fn what_lies_in_the_wires_own_buffer_is_flushed_to_its_end() {
        let (ours, mut theirs) = duplex(64);
        let mut client = Client::new(Buffering(ours, Vec::new(), false));
        let request = request(&[b'x'; 10_000]);
        let reading = async {
            let mut rest = Vec::new();
            while !rest.ends_with(&[b'x'; 10_000]) {
                assert_ne!(theirs.read_buf(&mut rest).await.unwrap(), 0);
            }
            theirs.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        };
        let both = async { tokio::join!(client.send(&request), reading) };
        let (answer, ()) = tokio::time::timeout(std::time::Duration::from_secs(5), both)
            .await
            .expect("what was written never goes out");
        assert!(answer.is_ok());
        assert!(client.rests() && !client.out.has_piece());
    }

    #[tokio::test]
    async fn an_answer_may_come_before_its_request_is_through() {
        let (ours, mut theirs) = duplex(64);
        let mut client = Client::new(ours);
        theirs.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n").await.unwrap();
        let request = request(&[b'x'; 10_000]);
        assert!(client.send(&request).await.is_ok());
        let reading = async {
            let mut rest = Vec::new();
            while !rest.ends_with(&[b'x'; 10_000]) {
                theirs.read_buf(&mut rest).await.unwrap();
            }
            theirs.write_all(b"done").await.unwrap();
        };
        let (answer, ()) = tokio::join!(body(&mut client), reading);
        assert_eq!(answer.unwrap(), "done");
        assert!(client.rests());
    }
}
