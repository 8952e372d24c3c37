//! A connection of HTTP/2 to an endpoint, which exchanges share.
//!
//! What one of them does not read must not stand in the way of the others: the connection has room for a whole
//! window of every exchange it takes. It takes no more than that, nor more than the data centre does.

use std::{
    cell::{Cell, RefCell},
    error::Error as _,
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http2},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
    time::Instant,
};

use super::{
    super::{LocalExecutor, gathered::Gathered},
    connect::Ending,
};

/// Whoever keeps connections has one handle, and each exchange another.
pub(super) struct Shared {
    sender: http2::SendRequest<Full<Bytes>>,
    /// How many streams the data centre takes at a time, as it said last.
    streams_taken: Box<dyn Fn() -> usize>,
    /// When an answer began or ended.
    heard: Cell<Instant>,
}

/// What a data centre may send of one answer before it is read: as much as is read of an answer over HTTP/1.1 for
/// somebody who does not take it. From a data centre a tenth of a second away that is 2.5 MB a second.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// Exchanges one connection takes; most servers take as many (RFC 9113 §6.5.2 says not to take fewer than 100).
const STREAMS_MAX: u32 = 128;
/// 32 MiB. Were it less than all their windows, a few callers who do not read would use it up and stop the answers of
/// all others. More would serve nobody, so that memory is bounded by the answers under way and not by this.
const CONNECTION_WINDOW_BYTES: u32 = STREAM_WINDOW_BYTES * STREAMS_MAX;
/// When nothing came for so long while an exchange waits, the other side is asked whether it is there: a connection
/// that a router on the way has forgotten breaks off by itself after a quarter of an hour at best. Asked more often
/// than this, servers of gRPC end a connection that has long calls alone: of pings without an answer in between
/// they put up with three.
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// From one that answers no ping for so long nothing else will come: a ping waits for nothing but its way.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The first that a data centre says is how many streams it takes (RFC 9113 §3.4). One that is so slow with it, or waits
/// for a request first, gets one.
const SETTINGS_TIME: Duration = Duration::from_secs(1);

/// A stream that tells of what is read of it first.
struct Heard<S> {
    stream: S,
    spoke: Rc<Notify>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        // Whoever waits goes on after whoever reads.
        self.spoke.notify_one();
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Shared {
    /// Needs the worker's runtime.
    pub(super) async fn handshake<S>(stream: S) -> Result<Rc<Self>, hyper::Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let mut builder = http2::Builder::new(LocalExecutor);
        builder
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(PING_INTERVAL))
            .keep_alive_timeout(PING_TIMEOUT);
        let spoke = Rc::new(Notify::new());
        let stream = Heard { stream: Gathered(stream), spoke: Rc::clone(&spoke) };
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        // The task lets go of it at the end, so that it is seen to be closed.
        let connection = Rc::new(RefCell::new(Some(connection)));
        let asked = Rc::clone(&connection);
        let streams_taken = move || {
            let connection = asked.borrow();
            connection.as_ref().map_or(0, http2::Connection::current_max_send_streams)
        };
        tokio::task::spawn_local(async move {
            let ended = poll_fn(|cx| match &mut *connection.borrow_mut() {
                Some(connection) => Pin::new(connection).poll(cx),
                None => std::task::Poll::Ready(Ok(())),
            });
            if let Err(error) = ended.await {
                tracing::debug!(%error, "upstream connection ended");
            }
            connection.take();
        });
        // Until then nobody knows how many streams it takes: those beyond would wait for others to end, or be refused.
        let _ = tokio::time::timeout(SETTINGS_TIME, spoke.notified()).await;
        Ok(Rc::new(Self {
            sender,
            streams_taken: Box::new(streams_taken),
            heard: Cell::new(Instant::now()),
        }))
    }

    pub(super) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        let answer = self.sender.clone().try_send_request(request).await;
        if answer.is_ok() {
            self.hear();
        }
        answer
    }

    /// The data centre has just said something.
    pub(super) fn hear(&self) {
        self.heard.set(Instant::now());
    }

    /// True when another exchange can go out over it at once.
    pub(super) fn has_room(self: &Rc<Self>) -> bool {
        // Where it takes none at all, that one waits until it does.
        let taken = (self.streams_taken)().clamp(1, STREAMS_MAX as usize);
        self.exchanges() < taken
    }

    /// True when something has come over it since then.
    pub(super) fn has_answered_since(&self, then: Instant) -> bool {
        self.heard.get() > then
    }

    /// True when nobody has used it for so long.
    pub(super) fn has_rested(self: &Rc<Self>, time: Duration) -> bool {
        self.exchanges() == 0 && self.heard.get().elapsed() > time
    }

    /// True when it is not for one exchange alone.
    pub(super) fn has_others(self: &Rc<Self>) -> bool {
        self.exchanges() > 1
    }

    fn exchanges(self: &Rc<Self>) -> usize {
        // One handle is that of the pool.
        Rc::strong_count(self) - 1
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

/// What has ended with this error. Of GOAWAY only streams beyond the last one it names hear; the others go on, and
/// end with the connection.
pub(super) fn ending(error: &hyper::Error) -> Ending {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<h2::Error>());
    match cause {
        Some(cause) if cause.is_remote() && cause.is_go_away() => Ending::Untouched,
        Some(cause) if cause.is_remote() && cause.reason() == Some(h2::Reason::REFUSED_STREAM) => {
            Ending::Refused
        }
        Some(cause) if cause.is_reset() => Ending::Exchange,
        Some(_) | None => Ending::Connection,
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("heard", &self.heard).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::duplex, task::LocalSet};

    use super::*;

    /// What comes of an exchange with a data centre that takes its request and then does as `serve` says, and how
    /// long it took.
    async fn outcome<F>(
        serve: impl FnOnce(h2::server::Connection<tokio::io::DuplexStream, Bytes>, Taken) -> F + 'static,
    ) -> (bool, Duration, Rc<Shared>)
    where
        F: Future<Output = ()> + 'static,
    {
        let (ours, theirs) = duplex(64 << 10);
        tokio::task::spawn_local(async move {
            let mut connection = h2::server::handshake(theirs).await.unwrap();
            let (_, taken) = connection.accept().await.unwrap().unwrap();
            serve(connection, taken).await;
        });
        let shared = Shared::handshake(ours).await.unwrap();
        let began = Instant::now();
        let request = Request::get("http://a/").body(Full::default()).unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(3_600), shared.send(request)).await;
        (matches!(answer, Ok(Ok(_))), began.elapsed(), shared)
    }

    type Taken = h2::server::SendResponse<Bytes>;

    #[tokio::test(start_paused = true)]
    async fn no_exchange_is_taken_before_it_is_known_how_many_are() {
        let shaken = async |delay: Duration| {
            let (ours, theirs) = duplex(64 << 10);
            tokio::task::spawn_local(async move {
                tokio::time::sleep(delay).await;
                let mut builder = h2::server::Builder::new();
                builder.max_concurrent_streams(3);
                let mut served = builder.handshake::<_, Bytes>(theirs).await.unwrap();
                while served.accept().await.is_some() {}
            });
            let began = Instant::now();
            let shared = Shared::handshake(ours).await.unwrap();
            ((shared.streams_taken)(), began.elapsed())
        };
        LocalSet::new()
            .run_until(async {
                let (taken, _) = shaken(SETTINGS_TIME / 2).await;
                assert_eq!(taken, 3);
                let (_, took) = shaken(Duration::from_secs(60)).await;
                assert_eq!(took, SETTINGS_TIME, "who says nothing is asked all the same");
            })
            .await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_answers_no_ping_is_given_up() {
        let vanishes = async |connection, taken| {
            std::future::pending::<()>().await;
            drop((connection, taken));
        };
        let (answered, took, shared) = LocalSet::new().run_until(outcome(vanishes)).await;
        assert!(!answered && shared.is_closed());
        assert!(took <= PING_INTERVAL + PING_TIMEOUT + Duration::from_secs(1), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_there_and_slow_is_waited_for() {
        let is_slow = async |mut connection: h2::server::Connection<_, Bytes>, mut taken: Taken| {
            tokio::task::spawn_local(async move {
                tokio::time::sleep(Duration::from_secs(900)).await;
                taken.send_response(Response::new(()), true).unwrap();
            });
            while connection.accept().await.is_some() {}
        };
        let (answered, took, shared) = LocalSet::new().run_until(outcome(is_slow)).await;
        assert!(answered && !shared.is_closed(), "{took:?}");
    }
}
