//! An answer on its way to whoever asked: its head, its body as it comes, framed for them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Sleep,
};

use super::{
    encode::{self, CHUNK_END, Coding, LAST_CHUNK},
    out::Out,
    server::Parting,
};
use crate::proxy::body::ReplyBody;

/// An answer on its way out.
pub(super) struct Writing {
    body: ReplyBody,
    coding: Coding,
    /// The chunk that goes out has no end yet.
    in_chunk: bool,
    state: State,
    stall: Duration,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    parting: Parting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// All that there is has been gathered.
    Whole,
    /// No more comes, though more was to come.
    Broken,
}

impl Writing {
    pub(super) fn new(body: ReplyBody, coding: Coding, stall: Duration) -> Self {
        let state = if coding == Coding::Absent { State::Whole } else { State::Open };
        let parting = Parting::default();
        Self { body, coding, in_chunk: false, state, stall, stalled: None, parting }
    }

    /// True when the whole answer has gone out. What there is goes out before more is waited for.
    pub(super) fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        out: &mut Out,
        read: &mut BytesMut,
        cx: &mut Context<'_>,
    ) -> Poll<bool> {
        loop {
            let is_waiting = self.gather(out, cx).is_pending();
            if ready!(self.poll_write(stream, out, cx)).is_err() {
                return Poll::Ready(false);
            }
            match self.state {
                State::Whole => return self.poll_flush(stream, cx).map(|flushed| flushed.is_ok()),
                State::Broken => return Poll::Ready(false),
                State::Open if is_waiting && !self.in_chunk => {
                    if ready!(self.poll_flush(stream, cx)).is_err() {
                        return Poll::Ready(false);
                    }
                    return self.parting.poll_left(stream, read, cx).map(|()| false);
                }
                State::Open => {}
            }
        }
    }

    /// Takes from the body as much as goes out at a time; pending when there is less of it yet.
    fn gather(&mut self, out: &mut Out, cx: &mut Context<'_>) -> Poll<()> {
        if !out.has_piece() {
            self.end_chunk(out);
        }
        while self.state == State::Open && !out.is_full() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers were not asked for: `TE` ended at this hop.
                    if let Ok(data) = frame.into_data() {
                        self.take(&data, out);
                    }
                }
                Some(Err(_)) => self.state = State::Broken,
                None => {
                    self.state = State::Whole;
                    if self.coding == Coding::Chunked {
                        out.gathered.extend_from_slice(LAST_CHUNK);
                    }
                }
            }
        }
        Poll::Ready(())
    }

    fn take(&mut self, data: &Bytes, out: &mut Out) {
        if data.is_empty() {
            return;
        }
        if self.coding == Coding::Chunked {
            encode::chunk_size(&mut out.gathered, data.len());
            self.in_chunk = true;
        }
        out.add(data);
        if !out.has_piece() {
            self.end_chunk(out);
        }
    }

    fn end_chunk(&mut self, out: &mut Out) {
        if std::mem::take(&mut self.in_chunk) {
            out.gathered.extend_from_slice(CHUNK_END);
        }
    }

    /// Writes what there is, for as long as the peer takes some of it.
    fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        out: &mut Out,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let before = out.left();
        let written = out.poll_write(stream, cx);
        if out.left() < before {
            self.stalled = None;
            self.parting.took();
        }
        if written.is_pending() {
            return self.poll_stalled(cx);
        }
        out.clear();
        written
    }

    /// Lets out what lies in a buffer of the stream's own, as TLS has one.
    fn poll_flush<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let flushed = Pin::new(stream).poll_flush(cx);
        if flushed.is_pending() {
            return self.poll_stalled(cx);
        }
        self.stalled = None;
        flushed
    }

    /// An error once the peer has taken nothing for too long.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stall = self.stall;
        let sleep = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}
