//! HTTP/1.1 (RFC 9112) on both sides of the gateway: heads read once and strictly, bodies to the byte where
//! they end, and both written in as few pieces as they fit into.
//!
//! Heads are parsed by `httparse`; what this room adds is where a message ends, and what is refused because
//! two readers could disagree about it: more than one length, a length beside a transfer coding, codings
//! other than `chunked`, lines that end in a bare line feed. Everything here happens in the task of the
//! connection, without a wake-up or a queue between whoever reads and whoever asks.

use std::{
    io,
    pin::pin,
    task::{Context, Poll},
};

use bytes::BytesMut;
use http::{Method, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt as _};

mod answer;
mod client;
mod encode;
mod framing;
mod incoming;
mod out;
mod parse;
mod server;

pub(super) use client::{Client, ClientError, Unanswered};
pub(super) use incoming::RequestBody;
pub(super) use server::serve;

/// Why a message cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the head is larger than is read")]
    TooLarge,
}

/// Room made for what comes next; it doubles as long as it is filled.
const ROOM_BYTES: usize = 8 << 10;

/// Whether an answer has no body, whatever its head says (RFC 9112 §6.3).
fn has_no_body(asked: &Method, status: StatusCode) -> bool {
    *asked == Method::HEAD
        || status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED
}

/// Reads what there is into the room there is.
fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    into: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    pin!(stream.read_buf(into)).poll(cx)
}
