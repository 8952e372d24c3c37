//! The body of a request on its way in: there already, or read when it is asked for.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use hyper::body::Incoming;

use super::{
    ROOM_BYTES,
    framing::{Framing, Malformed, Piece},
};

/// A request's body, whatever the protocol.
#[derive(Debug)]
pub(in crate::proxy) enum RequestBody {
    /// It came with the head.
    Whole(Bytes),
    Http1(Arriving),
    Http2(Incoming),
}

/// A body of which there is more to come. Whoever reads it does so in the task of its connection, which is
/// why nobody has to be woken: what it wants is read when it returns.
#[derive(Debug)]
pub(in crate::proxy) struct Arriving(pub(super) Rc<RefCell<Arrival>>);

/// What a body and its connection have in common.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) read: BytesMut,
    pub(super) framing: Framing,
    /// More bytes are asked for.
    pub(super) is_wanted: bool,
    /// Nothing more comes.
    pub(super) has_ended: bool,
    /// Pieces taken since bytes came.
    taken: usize,
    room: usize,
    room_max: usize,
}

/// Why a body did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum BodyError {
    #[error("the body broke off")]
    Short,
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Http2(#[from] hyper::Error),
}

/// Chunks of a byte each would keep everybody else waiting.
const PIECES_AT_A_TIME: usize = 256;

impl Arrival {
    pub(super) fn new(read: BytesMut, framing: Framing, room_max: usize) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            read,
            framing,
            is_wanted: false,
            has_ended: false,
            taken: 0,
            room: ROOM_BYTES,
            room_max,
        }))
    }

    /// Makes room for what comes next.
    pub(super) fn make_room(&mut self) {
        let left =
            self.framing.length().map_or(usize::MAX, |left| left.try_into().unwrap_or(usize::MAX));
        self.read.reserve(self.room.min(left).max(1));
    }

    /// What was asked for has come, or never will.
    pub(super) fn came(&mut self, read: io::Result<usize>) {
        self.is_wanted = false;
        self.taken = 0;
        match read {
            Ok(0) | Err(_) => self.has_ended = true,
            Ok(count) if count >= self.room => self.room = (self.room * 2).min(self.room_max),
            Ok(_) => {}
        }
    }

    fn next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.taken += 1;
        if self.taken > PIECES_AT_A_TIME {
            self.taken = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match self.framing.next(&mut self.read) {
            Ok(Piece::Data(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Ok(Piece::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Ok(Piece::End) => Poll::Ready(None),
            Ok(Piece::Wanting) if self.has_ended => Poll::Ready(Some(Err(BodyError::Short))),
            Ok(Piece::Wanting) => {
                self.is_wanted = true;
                Poll::Pending
            }
            Err(malformed) => Poll::Ready(Some(Err(malformed.into()))),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Http1(arriving) => arriving.0.borrow_mut().next(cx),
            Self::Http2(incoming) => Pin::new(incoming).poll_frame(cx).map_err(BodyError::Http2),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Http1(arriving) => arriving.0.borrow().framing.is_over(),
            Self::Http2(incoming) => incoming.is_end_stream(),
        }
    }
}
