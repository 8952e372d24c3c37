//! An answer on its way to whoever asked: its head, its body as it comes, framed for them.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::Body as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Sleep,
};

use super::{
    GATHERED_BYTES_MAX,
    encode::{self, CHUNK_END, Coding, LAST_CHUNK},
    server::poll_left,
};
use crate::proxy::body::ReplyBody;

/// An answer on its way out.
pub(super) struct Writing {
    body: ReplyBody,
    coding: Coding,
    /// Goes out after what is gathered.
    piece: Bytes,
    /// The chunk that the piece is has no end yet.
    in_chunk: bool,
    written: usize,
    state: State,
    stall: Duration,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
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
        let piece = Bytes::new();
        Self { body, coding, piece, in_chunk: false, written: 0, state, stall, stalled: None }
    }

    /// True when the whole answer has gone out. What there is goes out before more is waited for.
    pub(super) fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        out: &mut Vec<u8>,
        read: &mut BytesMut,
        cx: &mut Context<'_>,
    ) -> Poll<bool> {
        loop {
            let is_waiting = self.gather(out, cx).is_pending();
            if ready!(self.poll_write(stream, out, cx)).is_err() {
                return Poll::Ready(false);
            }
            match self.state {
                State::Whole => {
                    return Pin::new(stream).poll_flush(cx).map(|flushed| flushed.is_ok());
                }
                State::Broken => return Poll::Ready(false),
                State::Open if is_waiting && !self.in_chunk => {
                    if ready!(Pin::new(&mut *stream).poll_flush(cx)).is_err() {
                        return Poll::Ready(false);
                    }
                    return poll_left(stream, read, cx).map(|_: Option<()>| false);
                }
                State::Open => {}
            }
        }
    }

    /// Takes from the body as much as goes out at a time; pending when there is less of it yet.
    fn gather(&mut self, out: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<()> {
        if self.piece.is_empty() {
            self.end_chunk(out);
        }
        while self.state == State::Open && self.piece.is_empty() && out.len() < GATHERED_BYTES_MAX {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers were not asked for: `TE` ended at this hop.
                    if let Ok(data) = frame.into_data() {
                        self.take(data, out);
                    }
                }
                Some(Err(_)) => self.state = State::Broken,
                None => {
                    self.state = State::Whole;
                    if self.coding == Coding::Chunked {
                        out.extend_from_slice(LAST_CHUNK);
                    }
                }
            }
        }
        Poll::Ready(())
    }

    fn take(&mut self, data: Bytes, out: &mut Vec<u8>) {
        if data.is_empty() {
            return;
        }
        if self.coding == Coding::Chunked {
            encode::chunk_size(out, data.len());
            self.in_chunk = true;
        }
        if out.len() + data.len() <= GATHERED_BYTES_MAX {
            out.extend_from_slice(&data);
            self.end_chunk(out);
        } else {
            self.piece = data;
        }
    }

    fn end_chunk(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.in_chunk) {
            out.extend_from_slice(CHUNK_END);
        }
    }

    /// Writes what was gathered and the piece after it.
    fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        out: &mut Vec<u8>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let gathered = out.get(self.written..).unwrap_or_default();
            let polled = match (gathered.is_empty(), self.piece.is_empty()) {
                (true, true) => break,
                (false, true) => Pin::new(&mut *stream).poll_write(cx, gathered),
                (true, false) => Pin::new(&mut *stream).poll_write(cx, &self.piece),
                (false, false) => {
                    let both = [IoSlice::new(gathered), IoSlice::new(&self.piece)];
                    Pin::new(&mut *stream).poll_write_vectored(cx, &both)
                }
            };
            let Poll::Ready(count) = polled else {
                let stall = self.stall;
                let sleep = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
                ready!(sleep.as_mut().poll(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            };
            self.stalled = None;
            let count = count?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_gathered = count.min(gathered.len());
            self.written += of_gathered;
            self.piece.advance(count - of_gathered);
        }
        out.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}
