//! Bytes on their way out: what is short in one write, and what is long behind it from where it lies.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite;

use crate::proxy::gathered::BYTES_MAX;

#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) gathered: Vec<u8>,
    written: usize,
    /// Goes out after what is gathered.
    piece: Bytes,
}

impl Out {
    /// Adds what goes out behind all else. There is room for it unless [`is_full`](Self::is_full).
    pub(super) fn add(&mut self, bytes: &Bytes) {
        if self.gathered.len() + bytes.len() <= BYTES_MAX {
            self.gathered.extend_from_slice(bytes);
        } else {
            self.piece = bytes.clone();
        }
    }

    /// True when this has to go out before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.has_piece() || self.gathered.len() >= BYTES_MAX
    }

    /// True when there is a piece behind what is gathered.
    pub(super) fn has_piece(&self) -> bool {
        !self.piece.is_empty()
    }

    /// Bytes not yet written.
    pub(super) fn left(&self) -> usize {
        self.gathered.len() - self.written + self.piece.len()
    }

    /// True when some of what is gathered was written.
    pub(super) fn has_begun(&self) -> bool {
        self.written > 0
    }

    pub(super) fn clear(&mut self) {
        self.gathered.clear();
        self.written = 0;
        self.piece = Bytes::new();
    }

    /// Nothing of what is left will go out.
    pub(super) fn give_up(&mut self) {
        self.gathered.truncate(self.written);
        self.piece = Bytes::new();
    }

    /// Writes all that is left.
    pub(super) fn poll_write<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.left() > 0 {
            let gathered = self.gathered.get(self.written..).unwrap_or_default();
            let stream = Pin::new(&mut *stream);
            let polled = match (gathered.is_empty(), self.piece.is_empty()) {
                (_, true) => stream.poll_write(cx, gathered),
                (true, false) => stream.poll_write(cx, &self.piece),
                (false, false) => {
                    let both = [IoSlice::new(gathered), IoSlice::new(&self.piece)];
                    stream.poll_write_vectored(cx, &both)
                }
            };
            let count = ready!(polled)?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_gathered = count.min(gathered.len());
            self.written += of_gathered;
            self.piece.advance(count - of_gathered);
        }
        // An empty rest would keep what it is the rest of.
        self.piece = Bytes::new();
        Poll::Ready(Ok(()))
    }
}
