//! What goes on on a connection: its bytes on their way through, and the exchanges they make.
//!
//! A connection of HTTP/1.1 on which nothing goes on can give back all that serving it takes, and be a
//! socket alone until its peer speaks again. Whether it may is known here, and what was read to find out
//! that it spoke is read again by whoever serves it.

use std::{
    cell::Cell,
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What a caller who knows that we speak HTTP/2 says first (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a peer speaks, as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// What is known of a connection while it is served.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Bytes came or went, or an exchange ended, since the last look.
    moved: Cell<bool>,
    /// The peer does not take what is written.
    stuck: Cell<bool>,
    /// Exchanges not yet over.
    open: Cell<usize>,
    /// Exchanges so far: so many heads were read whole.
    begun: Cell<u64>,
}

/// One exchange of a connection; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct InHand(Rc<Activity>);

impl Activity {
    pub(super) fn begin(self: &Rc<Self>) -> InHand {
        self.begun.set(self.begun.get() + 1);
        self.open.set(self.open.get() + 1);
        InHand(Rc::clone(self))
    }

    pub(super) fn spoke(&self) -> bool {
        self.begun.get() > 0
    }

    /// How many exchanges there were, where none is under way.
    pub(super) fn rests(&self) -> Option<u64> {
        (self.open.get() == 0).then(|| self.begun.get())
    }

    /// Whether between two looks nothing went on: no exchange was under way, no byte came or went, and none
    /// waits to go. An exchange that has just ended leaves work to whoever serves the connection.
    pub(super) fn is_still(&self) -> bool {
        !self.moved.replace(false) && self.open.get() == 0 && !self.stuck.get()
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        self.0.moved.set(true);
    }
}

/// A connection's bytes, noted as they pass.
#[derive(Debug)]
pub(super) struct NotedStream<S> {
    stream: S,
    /// Read already, and to be read again before the rest.
    ahead: Bytes,
    activity: Rc<Activity>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> NotedStream<S> {
    pub(super) fn new(stream: S, activity: &Rc<Activity>) -> Self {
        Self { stream, ahead: Bytes::new(), activity: Rc::clone(activity) }
    }

    /// The same with `ahead` to be read first. Nothing of a buffer is kept of which nothing is to be read.
    pub(super) fn with_ahead(self, ahead: Bytes) -> Self {
        let ahead = if ahead.is_empty() { Bytes::new() } else { ahead };
        Self { ahead, ..self }
    }

    /// Waits until the peer speaks, and tells what; `None` when it closed without a word. Nothing is lost
    /// when this is given up and asked again.
    pub(super) async fn hear(&mut self, may_be_http2: bool) -> io::Result<Option<Protocol>> {
        loop {
            if !self.ahead.is_empty() {
                let is_preface = may_be_http2 && PREFACE.starts_with(&self.ahead);
                if !is_preface {
                    return Ok(Some(Protocol::Http1));
                }
                if self.ahead.len() == PREFACE.len() {
                    return Ok(Some(Protocol::Http2));
                }
            }
            let mut buffer = [0; PREFACE.len()];
            let room = buffer.get_mut(self.ahead.len()..).unwrap_or_default();
            match self.stream.read(room).await? {
                // What there is of a head is refused by whoever reads it.
                0 => return Ok((!self.ahead.is_empty()).then_some(Protocol::Http1)),
                count => {
                    let read = room.get(..count).unwrap_or_default();
                    self.ahead = [&*self.ahead, read].concat().into();
                }
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for NotedStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if this.ahead.is_empty() {
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        } else {
            let count = this.ahead.len().min(buffer.remaining());
            buffer.put_slice(&this.ahead.split_to(count));
        }
        if buffer.filled().len() > before {
            this.activity.moved.set(true);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> NotedStream<S> {
    /// Bytes went, or will when the peer takes them.
    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.activity.moved.set(true);
        self.noted(written)
    }

    fn noted<T>(&self, polled: Poll<T>) -> Poll<T> {
        self.activity.stuck.set(polled.is_pending());
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for NotedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.noted(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.noted(shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    async fn heard(pieces: &[&[u8]], may_be_http2: bool) -> (Option<Protocol>, Vec<u8>) {
        let (ours, mut theirs) = duplex(64);
        let mut noted = NotedStream::new(ours, &Rc::new(Activity::default()));
        let tell = async {
            for piece in pieces {
                theirs.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(theirs);
        };
        let (protocol, ()) = tokio::join!(noted.hear(may_be_http2), tell);
        let mut rest = Vec::new();
        noted.read_to_end(&mut rest).await.unwrap();
        (protocol.unwrap(), rest)
    }

    #[tokio::test]
    async fn the_first_bytes_tell_the_protocol_and_are_read_again() {
        let http1: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
        assert_eq!(heard(&[http1], true).await, (Some(Protocol::Http1), http1.to_vec()));
        assert_eq!(heard(&[PREFACE], true).await, (Some(Protocol::Http2), PREFACE.to_vec()));
        // A preface in pieces, and a method that begins like one.
        let pieces: Vec<&[u8]> = PREFACE.chunks(1).collect();
        assert_eq!(heard(&pieces, true).await, (Some(Protocol::Http2), PREFACE.to_vec()));
        let print: &[u8] = b"PRINT / HTTP/1.1\r\n\r\n";
        assert_eq!(
            heard(&[b"PRI", &print[3..]], true).await,
            (Some(Protocol::Http1), print.to_vec())
        );
        // Cut short, it is nobody's preface.
        assert_eq!(heard(&[b"PRI *"], true).await, (Some(Protocol::Http1), b"PRI *".to_vec()));
        // Where HTTP/1.1 was agreed on, or spoken before, nothing else is.
        assert_eq!(heard(&[PREFACE], false).await, (Some(Protocol::Http1), PREFACE.to_vec()));
        assert_eq!(heard(&[], true).await, (None, Vec::new()));
    }

    #[tokio::test]
    async fn what_was_heard_is_kept_when_hearing_is_given_up() {
        let (ours, mut theirs) = duplex(64);
        let mut noted = NotedStream::new(ours, &Rc::new(Activity::default()));
        theirs.write_all(b"PRI * HT").await.unwrap();
        let given_up =
            tokio::time::timeout(std::time::Duration::from_millis(5), noted.hear(true)).await;
        assert!(given_up.is_err());
        theirs.write_all(&PREFACE[8..]).await.unwrap();
        assert_eq!(noted.hear(true).await.unwrap(), Some(Protocol::Http2));
    }

    #[tokio::test]
    async fn a_connection_is_still_when_nothing_comes_goes_or_is_in_hand() {
        let activity = Rc::new(Activity::default());
        let (ours, mut theirs) = duplex(4);
        let mut noted = NotedStream::new(ours, &activity);
        assert!(activity.is_still());

        theirs.write_all(b"GE").await.unwrap();
        noted.read_u8().await.unwrap();
        assert!(!activity.is_still(), "a byte came");
        assert!(activity.is_still(), "none since");

        let in_hand = activity.begin();
        assert!(!activity.is_still(), "an exchange is under way");
        drop(in_hand);
        assert!(!activity.is_still(), "an exchange ended");
        assert!(activity.is_still());

        let written = tokio::time::timeout(
            std::time::Duration::from_millis(5),
            noted.write_all(b"HTTP/1.1 200 OK"),
        );
        assert!(written.await.is_err());
        assert!(!activity.is_still(), "an answer waits to be taken");
    }
}
