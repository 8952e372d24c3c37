//! Bodies: requests held whole within bounds, answers passed on as they come.

use std::{
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, Sleep};

use super::{
    ProxyError,
    error::{BrokenOff, Scarce},
    exchange::Exchange,
    http1::ClientError,
    untaken,
    upstream::Lease,
};
use crate::config::LimitsSection;

/// Bytes that may be held at a time, by the exchanges of all workers together.
#[derive(Debug)]
pub(super) struct Budget {
    whole: usize,
    left: AtomicUsize,
}

/// Bytes held; they are free again when this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

/// A request's body, whole.
#[derive(Debug)]
pub(super) struct HeldBody {
    pub(super) bytes: Bytes,
    /// For whoever keeps the bytes longer than the exchange does.
    pub(super) held: Arc<Held>,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { whole: bytes, left: AtomicUsize::new(bytes) })
    }

    /// Bytes held now.
    pub(super) fn held(&self) -> usize {
        self.whole.saturating_sub(self.left.load(Ordering::Relaxed))
    }
}

impl Held {
    pub(super) fn none(budget: &Arc<Budget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0 }
    }

    /// Bytes held from here on; nothing where so many are not left.
    pub(super) fn of(budget: &Arc<Budget>, bytes: usize) -> Option<Self> {
        let mut held = Self::none(budget);
        held.more(bytes).is_ok().then_some(held)
    }

    fn more(&mut self, bytes: usize) -> Result<(), ProxyError> {
        let take = |left: usize| left.checked_sub(bytes);
        let taken = self.budget.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map_err(|_| ProxyError::Overloaded(Scarce::Memory))?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// What a head that does not end is read into. It counts as bodies do, and heads have a share of what there is for
/// those: whoever sends many does not keep everybody's bodies out.
#[derive(Debug)]
pub(super) struct HeldHead {
    of_heads: Held,
    held: Held,
}

/// Of the bytes that may be held, heads have one in so many.
const SHARE_OF_HEADS: usize = 4;

/// The share of heads; a head as long as may be has room in it.
pub(super) fn heads(held_bytes_max: usize, head_bytes_max: usize) -> Arc<Budget> {
    Budget::new((held_bytes_max / SHARE_OF_HEADS).max(LimitsSection::READ_INTO * head_bytes_max))
}

impl HeldHead {
    pub(super) fn none(heads: &Arc<Budget>, budget: &Arc<Budget>) -> Self {
        Self { of_heads: Held::none(heads), held: Held::none(budget) }
    }

    /// Holds `bytes` in all from here on, where those are more than it does.
    pub(super) fn grow_to(&mut self, bytes: usize) -> Result<(), ProxyError> {
        let more = bytes.saturating_sub(self.held.bytes);
        if more > 0 {
            self.of_heads.more(more)?;
            self.held.more(more)?;
        }
        Ok(())
    }
}

/// What the head announces of the body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Announced {
    /// `Content-Length`.
    pub(super) length: Option<usize>,
    /// The sender waits for our word before it sends (RFC 9110 §10.1.1); reading a byte gives it.
    pub(super) waits: bool,
}

/// Reads a body to its end. Not a byte more than `bytes_max` is kept, and memory grows with what
/// arrives rather than with what was announced.
pub(super) async fn collect<B>(
    mut body: B,
    announced: Announced,
    bytes_max: usize,
    budget: &Arc<Budget>,
    by: Instant,
) -> Result<HeldBody, ProxyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let held = Held::none(budget);
    let too_long = announced.length.is_some_and(|length| length > bytes_max);
    if too_long && announced.waits {
        return Err(ProxyError::BodyTooLarge);
    }
    if body.is_end_stream() {
        return Ok(HeldBody { bytes: Bytes::new(), held: Arc::new(held) });
    }
    let gathered = async {
        if too_long {
            Err(ProxyError::BodyTooLarge)
        } else {
            gather(&mut body, announced, bytes_max, held).await
        }
    };
    match tokio::time::timeout_at(by, gathered).await {
        Ok(Err(ProxyError::BodyTooLarge)) => {
            discard(body, by.min(Instant::now() + DISCARD_TIME)).await;
            Err(ProxyError::BodyTooLarge)
        }
        Ok(outcome) => outcome,
        Err(_) => Err(ProxyError::BodySlow),
    }
}

/// Lets a sender finish that reads no answer before it has: a connection closed upon it would take the
/// answer with it.
async fn discard<B>(mut body: B, by: Instant)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut left = DISCARD_BYTES;
    let discarded = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // Who is slower, or sends more, has had their chance.
    let _ = tokio::time::timeout_at(by, discarded).await;
}

/// What is read for nobody, and for how long, so that an answer is not lost to it.
pub(super) const DISCARD_BYTES: usize = 64 << 20;
pub(super) const DISCARD_TIME: Duration = Duration::from_secs(2);

async fn gather<B>(
    body: &mut B,
    announced: Announced,
    bytes_max: usize,
    mut held: Held,
) -> Result<HeldBody, ProxyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    // Most bodies are one piece, which is then held as it came.
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut read_into = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ProxyError::BodyBroken)?;
        let piece = match frame.into_data() {
            Ok(piece) => piece,
            // Nobody looks into them, so they do not go on; and dropped unseen, a message would arrive
            // that is not the one that was sent.
            Err(frame) if frame.trailers_ref().is_some_and(|trailers| !trailers.is_empty()) => {
                return Err(ProxyError::Trailers);
            }
            Err(_) => continue,
        };
        let length = first.len() + rest.len() + piece.len();
        if length > bytes_max {
            return Err(ProxyError::BodyTooLarge);
        }
        held.more(piece.len())?;
        if first.is_empty() && rest.is_empty() {
            first = piece;
        } else {
            // The connection keeps what it reads into, and makes it twice as long when a piece has filled it.
            let longest = LimitsSection::READ_INTO * first.len().max(piece.len());
            held.more(longest.saturating_sub(read_into))?;
            read_into = read_into.max(longest);
            if rest.is_empty() {
                rest.reserve(length.max(announced.length.unwrap_or(0).min(GROW_BYTES)));
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&piece);
        }
    }
    let bytes = if rest.is_empty() { first } else { rest.freeze() };
    Ok(HeldBody { bytes, held: Arc::new(held) })
}

/// Room made at once for a body that comes in pieces; beyond it, room grows as pieces come.
const GROW_BYTES: usize = 256 << 10;

/// The body of an answer: our own, or the data centre's as it comes.
#[derive(Debug)]
pub(super) enum ReplyBody {
    Held(Bytes),
    Streamed(Box<Stream>),
    /// One of those that a connection of HTTP/2 looks after.
    Watched(Rc<untaken::Answer>),
}

/// The data centre's answer on its way. When it is dropped the exchange is over, and the connection
/// is kept if the answer came to its end.
#[derive(Debug)]
pub(super) struct Stream {
    lease: Option<Lease>,
    ended: bool,
    /// Something was handed on that may not have gone out: the head, or a piece.
    unflushed: bool,
    /// Why the answer breaks off, told when what came before has gone out.
    broken: Option<ClientError>,
    idle: Duration,
    /// Runs while a piece is waited for.
    sleep: Option<Pin<Box<Sleep>>>,
    exchange: Box<Exchange>,
}

/// Why an answer broke off after its head had gone out.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    #[error("the data centre's answer broke off: {0}")]
    Broken(#[from] ClientError),
    #[error("the data centre's answer paused too long")]
    Idle,
    #[error("nobody took the answer in time")]
    Untaken,
}

impl ReplyBody {
    pub(super) fn held(bytes: Bytes) -> Self {
        Self::Held(bytes)
    }

    pub(super) fn stream(idle: Duration, lease: Lease, exchange: Box<Exchange>) -> Self {
        Self::Streamed(Box::new(Stream {
            lease: Some(lease),
            ended: false,
            unflushed: true,
            broken: None,
            idle,
            sleep: None,
            exchange,
        }))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        match self.get_mut() {
            Self::Held(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Held(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Streamed(stream) => stream.poll(cx),
            Self::Watched(answer) => answer.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Held(bytes) => bytes.is_empty(),
            Self::Streamed(stream) => stream.is_over(),
            Self::Watched(answer) => answer.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Held(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(stream) => {
                stream.lease.as_ref().map(Lease::size_hint).unwrap_or_default()
            }
            Self::Watched(answer) => answer.size_hint(),
        }
    }
}

impl Stream {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error.into())));
        }
        let Some(lease) = &mut self.lease else { return Poll::Ready(None) };
        match lease.poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.unflushed = true;
                self.sleep = None;
                self.exchange.answered(frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.exchange.broke_off(BrokenOff::Broken);
                if !self.unflushed {
                    return Poll::Ready(Some(Err(error.into())));
                }
                // An error ends the connection at once, with what is still in its buffer; a pause
                // lets that out first.
                self.broken = Some(error);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(None) => {
                self.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.unflushed = false;
                let idle = self.idle;
                let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
                ready!(sleep.as_mut().poll(cx));
                self.exchange.broke_off(BrokenOff::Idle);
                Poll::Ready(Some(Err(StreamError::Idle)))
            }
        }
    }
}

impl Stream {
    /// Nobody takes what was handed on.
    pub(super) fn abandon(&mut self) {
        self.exchange.broke_off(BrokenOff::Abandoned);
    }

    fn is_over(&self) -> bool {
        self.ended || self.lease.as_ref().is_none_or(Lease::is_over)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.is_over() {
            if let Some(lease) = self.lease.take() {
                lease.give_back();
            }
        } else {
            self.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body in pieces; when they are through it ends, or waits for ever.
    struct Pieces {
        rest: std::collections::VecDeque<&'static str>,
        ends: bool,
    }

    impl Body for Pieces {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            match self.rest.pop_front() {
                Some(piece) => {
                    Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))))
                }
                None if self.ends => Poll::Ready(None),
                None => Poll::Pending,
            }
        }
    }

    fn pieces(pieces: &[&'static str]) -> Pieces {
        Pieces { rest: pieces.iter().copied().collect(), ends: true }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test]
    async fn a_body_is_held_whole_and_given_back_to_the_budget() {
        let budget = Budget::new(20);
        // A body in pieces holds what the longest was read into, twice as long as that.
        for (parts, expected, bytes) in [
            (&["abc"][..], "abc", 3),
            (&["abc", "", "de"], "abcde", 5 + 2 * 3),
            (&["a", "bcd", "e"], "abcde", 5 + 2 * 3),
            (&[], "", 0),
            (&["", "x"], "x", 1),
        ] {
            let held =
                collect(pieces(parts), Announced::default(), 8, &budget, soon()).await.unwrap();
            assert_eq!(held.bytes, expected);
            assert_eq!(budget.held(), bytes);
            drop(held);
            assert_eq!(budget.held(), 0);
        }
    }

    #[tokio::test]
    async fn beyond_a_bound_it_is_refused() {
        let budget = Budget::new(20);
        let kind = |outcome: Result<HeldBody, ProxyError>| outcome.err().map(|error| error.kind());
        for (parts, declared, bytes_max, expected) in [
            (&["12345", "678"][..], None, 8, None),
            (&["12345", "6789"], None, 8, Some("body-too-large")),
            (&[], Some(9), 8, Some("body-too-large")),
            (&["123456789abcdefghijkl"], None, 30, Some("overloaded-memory")),
            (&["1234567", "8"], None, 8, Some("overloaded-memory")),
        ] {
            let announced = Announced { length: declared, waits: false };
            let outcome = collect(pieces(parts), announced, bytes_max, &budget, soon()).await;
            assert_eq!(kind(outcome), expected, "{parts:?}");
            assert_eq!(budget.held(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let never = Pieces { rest: ["x"].into(), ends: false };
        let outcome = collect(never, Announced::default(), 8, &Budget::new(8), soon()).await;
        assert!(matches!(outcome, Err(ProxyError::BodySlow)), "{outcome:?}");
    }
}
