//! The life of one connection: who it is, what it speaks, its exchanges, and the quiet between them.
//!
//! Between the requests of a connection of HTTP/1.1 there is a socket and little else: what serves it
//! (a buffer of 8 KiB, and the state of the protocol) is given back after a second in which
//! nothing went on, and made anew with the first byte of the next request.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    server::conn::http2,
    service::{HttpService, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::watch,
    time::Instant,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    LocalExecutor, Proxy,
    activity::{Activity, NotedStream, Protocol},
    body::ReplyBody,
    exchange::{self, Peer},
    gathered::Gathered,
    head,
    http1::{self, RequestBody},
    identity,
    proxy_protocol::{self, Source},
    tls::{self, Accepting, Reloading, Shown},
    untaken::Answers,
    worker::Worker,
};

pub(super) type Draining = watch::Receiver<Option<Duration>>;

/// What a connection has to go through first.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) tls: Option<Arc<Reloading<Accepting>>>,
    pub(super) proxy_protocol: bool,
}

/// Where a connection comes from, and whom it was to reach where that was not us.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived {
    pub(super) address: SocketAddr,
    pub(super) original_destination: Option<IpAddr>,
}

/// The whole life of a connection.
pub(super) async fn connection<S>(
    worker: Rc<Worker>,
    mut stream: S,
    arrived: Arrived,
    entry: Entry,
    draining: Draining,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let Arrived { mut address, original_destination } = arrived;
    let proxy = &worker.proxy;
    let handshake_by = Instant::now() + proxy.deadlines.handshake.0;
    let mut is_known = true;
    if entry.proxy_protocol {
        if !head::trusts(&proxy.trusted_hops, address.ip()) {
            tracing::debug!("PROXY protocol from one who is not trusted");
            return;
        }
        let told = proxy_protocol::receive(&mut stream);
        match tokio::time::timeout_at(handshake_by, told).await {
            Ok(Ok(Source::Balancer)) => {}
            Ok(Ok(Source::Address(behind))) => address = behind,
            // What the balancer may say, whoever is behind it may not.
            Ok(Ok(Source::Unknown)) => {
                is_known = false;
                address = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "no PROXY protocol");
                return;
            }
            Err(_) => {
                tracing::debug!("PROXY protocol was too slow");
                return;
            }
        }
    }
    let trusted = is_known && head::trusts(&proxy.trusted_hops, address.ip());
    let mut peer = Peer {
        address,
        original_destination,
        caller: None,
        trusted,
        share: proxy.exchanges.of(address.ip(), trusted),
        region: proxy.geo.as_ref().and_then(|geo| geo.region(address.ip())),
    };
    let Some(tls) = entry.tls else { return serve(worker, None, stream, peer, draining).await };
    let handshake = Box::pin(handshake(&tls, stream));
    match tokio::time::timeout_at(handshake_by, handshake).await {
        Ok(Ok((stream, agreed, None))) => {
            serve(worker, Some(agreed), stream, peer, draining).await;
        }
        Ok(Ok((stream, agreed, Some(shown)))) => {
            let workloads = &proxy.routing.load().workloads;
            let id = shown.leaf().and_then(identity::of_certificate);
            peer.caller = id.map(|id| workloads.caller(id.into()));
            let (drain, draining) = accepted(shown, draining);
            let served = serve(worker, Some(agreed), stream, peer, draining);
            Box::pin(async {
                tokio::select! {
                    biased;
                    () = served => {}
                    () = drain => {}
                }
            })
            .await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "handshake failed"),
        Err(_) => tracing::debug!("handshake was too slow"),
    }
}

/// A drain of one connection: it begins with that of all, or once the certificate shown is not accepted any more. To be
/// polled for as long as the connection is served.
fn accepted(shown: Shown, mut all: Draining) -> (impl Future<Output = ()>, Draining) {
    let (drain, draining) = watch::channel(*all.borrow());
    let watched = async move {
        let time = tokio::select! {
            biased;
            time = all.wait_for(Option::is_some) => time.ok().and_then(|time| *time),
            () = shown.until_refused() => {
                tracing::debug!("the certificate shown is no longer accepted: the connection ends");
                None
            }
        };
        drain.send_replace(time.or(Some(DRAIN_GRACE)));
        // Kept: whoever is told by nobody ends at once.
        std::future::pending::<()>().await;
    };
    (watched, draining)
}

/// The stream behind TLS, the protocol agreed on, and what the peer showed. What TLS keeps is long, so that it is boxed.
async fn handshake<S>(
    tls: &Arc<Reloading<Accepting>>,
    stream: S,
) -> io::Result<(Box<TlsStream<S>>, Protocol, Option<Shown>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let changes = tls.changes();
    let accepting = tls.current();
    let acceptor = TlsAcceptor::from(Arc::clone(&accepting.config));
    let stream = Box::new(acceptor.accept(stream).await?);
    let (_, session) = stream.get_ref();
    let is_http2 = session.alpn_protocol() == Some(tls::H2);
    let agreed = if is_http2 { Protocol::Http2 } else { Protocol::Http1 };
    let shown = Shown::of(session, tls, accepting, changes).map_err(io::Error::other)?;
    Ok((stream, agreed, shown))
}

/// Exchanges, and the quiet between them. Where no protocol was agreed on, the first bytes tell it.
async fn serve<S>(
    worker: Rc<Worker>,
    agreed: Option<Protocol>,
    stream: S,
    peer: Peer,
    mut draining: Draining,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut counted = worker.proxy.metrics.connections().begin();
    let activity = Rc::new(Activity::default());
    let mut stream = NotedStream::new(Gathered(stream), &activity);
    if agreed == Some(Protocol::Http2) {
        counted.is_served(true);
        return Box::pin(serve_http2(worker, stream, activity, peer, draining)).await;
    }
    let mut is_new = true;
    let ended = loop {
        let may_be_http2 = is_new && agreed.is_none();
        let by = Instant::now() + worker.proxy.deadlines.head.0;
        let heard = tokio::select! {
            biased;
            heard = tokio::time::timeout_at(by, stream.hear(may_be_http2)) => heard,
            _ = draining.wait_for(Option::is_some) => {
                // Its next request is on the way, perhaps: closed now, it would fail.
                tokio::time::timeout(DRAIN_GRACE, stream.hear(may_be_http2)).await
            }
        };
        match heard {
            Ok(Ok(Some(Protocol::Http1))) => {}
            Ok(Ok(Some(Protocol::Http2))) => {
                counted.is_served(true);
                return Box::pin(serve_http2(worker, stream, activity, peer, draining)).await;
            }
            Ok(Ok(None)) => break "its peer closed it",
            Ok(Err(_)) => break "its peer broke it off",
            Err(_) => break "it said nothing in time",
        }
        is_new = false;
        counted.is_served(true);
        match Box::pin(http1::serve(&worker, stream, &activity, &peer, &draining)).await {
            Some(quiet) => stream = quiet,
            None => return,
        }
        counted.is_served(false);
    };
    tracing::debug!("connection ended: {ended}");
    // TLS has a word for it; whoever does not listen is not waited for.
    let _ = tokio::time::timeout(PARTING, stream.shutdown()).await;
}

async fn serve_http2<S>(
    worker: Rc<Worker>,
    stream: NotedStream<S>,
    activity: Rc<Activity>,
    peer: Peer,
    mut draining: Draining,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let deadlines = &worker.proxy.deadlines;
    let (head, idle) = (deadlines.head.0, deadlines.idle.0);
    // Until the first head is there nobody else watches the clock.
    let mut silence = pin!(tokio::time::sleep(head));
    let mut silent = true;
    let mut serving = true;
    // What nobody takes, and a connection that nobody uses, are found when looked for.
    let look_every = (head.min(idle) / LOOKS).max(LOOK_MIN);
    let mut look = pin!(tokio::time::sleep(look_every));
    let (mut rests, mut rests_since) = (None, Instant::now());
    let answers = Rc::new(Answers::default());
    let service = service(Rc::clone(&worker), Rc::clone(&activity), peer, Rc::clone(&answers));
    let connection = worker.proxy.http2.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            _ = draining.wait_for(Option::is_some), if serving => {
                serving = false;
                if activity.spoke() {
                    connection.as_mut().graceful_shutdown();
                } else {
                    silence.as_mut().reset(Instant::now() + DRAIN_GRACE);
                }
            }
            () = silence.as_mut(), if silent => {
                silent = false;
                if !serving {
                    connection.as_mut().graceful_shutdown();
                } else if !activity.spoke() {
                    tracing::debug!("connection said nothing in time");
                    return;
                }
            }
            () = look.as_mut() => {
                look.as_mut().reset(Instant::now() + look_every);
                answers.give_up(idle);
                let still = activity.rests();
                if still.is_none() || still != rests {
                    (rests, rests_since) = (still, Instant::now());
                } else if serving && activity.spoke() && rests_since.elapsed() >= head {
                    serving = false;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// Answers the requests of one connection.
fn service(
    worker: Rc<Worker>,
    activity: Rc<Activity>,
    peer: Peer,
    answers: Rc<Answers>,
) -> impl HttpService<
    Incoming,
    ResBody = ReplyBody,
    Error = Infallible,
    Future: Future<Output = Result<Response<ReplyBody>, Infallible>> + 'static,
> + Unpin {
    service_fn(move |request: Request<Incoming>| {
        let (head, body) = request.into_parts();
        let (head, body) = (Box::new(head), RequestBody::Http2(body));
        // A connection has room for what this returns as long as it is served: room for a pointer.
        let in_hand = activity.begin();
        let exchange =
            Box::pin(exchange::handle(Rc::clone(&worker), peer.clone(), in_hand, head, body));
        let answers = Rc::clone(&answers);
        async move { Ok(exchange.await.map(|body| answers.watch(body))) }
    })
}

/// How often within its deadlines a connection of HTTP/2 is looked over, and how often at most.
const LOOKS: u32 = 4;
const LOOK_MIN: Duration = Duration::from_millis(50);

/// How long nothing goes on before a connection is a socket alone.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// How long a drain waits for the next request of a connection, its first one too: the answer says that the connection
/// ends, which callers heed who would not have seen it closed.
pub(super) const DRAIN_GRACE: Duration = Duration::from_secs(2);

/// How long whoever does not listen any more is told that a connection ends.
pub(super) const PARTING: Duration = Duration::from_millis(500);

/// How connections of HTTP/2 are served: one recipe for all of them.
pub(super) fn http2(proxy: &Proxy) -> http2::Builder<LocalExecutor> {
    let mut builder = http2::Builder::new(LocalExecutor);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(proxy.streams_max)
        // Streams opened and reset at once cost us more than whoever does it (CVE-2023-44487): so many
        // may wait to be looked at, and so many may be our own doing, before the connection ends.
        .max_pending_accept_reset_streams(Some(PENDING_RESETS_MAX))
        .max_local_error_reset_streams(Some(LOCAL_RESETS_MAX))
        .max_header_list_size(u32::try_from(proxy.limits.head_bytes_max).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(Some(H2_PING_INTERVAL))
        .keep_alive_timeout(H2_PING_TIMEOUT);
    builder
}

/// What a peer may send on one HTTP/2 stream, and on all of one connection, before it is read.
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
const PENDING_RESETS_MAX: usize = 20;
const LOCAL_RESETS_MAX: usize = 256;
/// An HTTP/2 peer that does not answer a ping for so long is gone.
const H2_PING_INTERVAL: Duration = Duration::from_secs(30);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    /// A quiet connection is a socket and this future.
    #[test]
    fn the_future_of_a_connection_is_small() {
        fn size_of_output<F>(
            _: impl FnOnce(Rc<Worker>, TcpStream, Arrived, Entry, Draining) -> F,
        ) -> usize {
            std::mem::size_of::<F>()
        }
        let bytes = size_of_output(connection::<TcpStream>);
        assert!(bytes < 2_048, "{bytes}");
    }
}
