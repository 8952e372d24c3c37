//! Connections: accept, handshake, serve, drain.

use std::{
    cell::Cell,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{Semaphore, watch},
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::{
    LocalExecutor, Proxy,
    exchange::{self, Peer},
    head, identity, proxy_protocol,
    socket::{BoundSocket, Listening},
    tls::{self, Reloading},
    worker::Worker,
};
use crate::config::Transparent;

/// Lets so many connections in at a time, and knows when the last has gone.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    count: u32,
}

impl Gate {
    pub(super) fn new(count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
        Self { places: Arc::new(Semaphore::new(count as usize)), count }
    }

    /// Waits until everybody has left; the number of those who have not within `timeout`.
    pub(super) async fn emptied(&self, timeout: Duration) -> usize {
        match tokio::time::timeout(timeout, self.places.acquire_many(self.count)).await {
            Ok(_) => 0,
            Err(_) => (self.count as usize).saturating_sub(self.places.available_permits()),
        }
    }
}

type Draining = watch::Receiver<Option<Duration>>;

/// Takes connections until the drain begins.
pub(super) async fn accept(
    worker: Rc<Worker>,
    socket: BoundSocket,
    gate: Gate,
    mut draining: Draining,
) {
    let BoundSocket { socket, tls, proxy_protocol, transparent } = socket;
    let listener = match Acceptor::start(socket) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "a listener could not start");
            return;
        }
    };
    let entry = Entry { tls, proxy_protocol };
    let for_connections = draining.clone();
    let mut drain = pin!(draining.wait_for(Option::is_some));
    loop {
        let place = tokio::select! {
            biased;
            _ = &mut drain => return,
            place = Arc::clone(&gate.places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            biased;
            _ = &mut drain => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(accepted) => {
                let (worker, entry) = (Rc::clone(&worker), entry.clone());
                let draining = for_connections.clone();
                tokio::task::spawn_local(async move {
                    match accepted {
                        Accepted::Tcp(stream, address) => {
                            let _ = stream.set_nodelay(true);
                            let wanted = transparent.and_then(|way| destination(&stream, way));
                            let from = From { address, wanted };
                            connection(worker, stream, from, entry, draining).await;
                        }
                        Accepted::Unix(stream) => {
                            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                            let from = From { address, wanted: None };
                            connection(worker, stream, from, entry, draining).await;
                        }
                    }
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly. Connections in hand will free some.
                tracing::warn!(%error, "a connection could not be accepted");
                worker.proxy.metrics.accept_error();
                drop(place);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a connection has to go through first.
#[derive(Debug, Clone)]
struct Entry {
    tls: Option<Arc<Reloading<rustls::ServerConfig>>>,
    proxy_protocol: bool,
}

enum Acceptor {
    Tcp(TcpListener),
    Unix(UnixListener),
}

enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

impl Acceptor {
    fn start(socket: Listening) -> io::Result<Self> {
        match socket {
            Listening::Tcp(listener) => TcpListener::from_std(listener).map(Self::Tcp),
            Listening::Unix(listener) => UnixListener::from_std(listener).map(Self::Unix),
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Accepted::Tcp(stream, address))
            }
            Self::Unix(listener) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

/// Where a connection comes from, and whom it was to reach where that was not us.
#[derive(Debug, Clone, Copy)]
struct From {
    address: SocketAddr,
    wanted: Option<IpAddr>,
}

/// Whom the caller wanted to reach, as the kernel tells it.
fn destination(stream: &TcpStream, way: Transparent) -> Option<IpAddr> {
    let here = stream.local_addr().ok()?;
    let wanted = match way {
        Transparent::Tproxy => Some(here),
        Transparent::Redirect => {
            let socket = socket2::SockRef::from(stream);
            let told = match here.ip().to_canonical() {
                IpAddr::V4(_) => socket.original_dst_v4(),
                IpAddr::V6(_) => socket.original_dst_v6(),
            };
            // Who called us by our own address was not sent here.
            told.ok()?.as_socket().filter(|wanted| *wanted != here)
        }
    };
    wanted.map(|wanted| wanted.ip().to_canonical())
}

/// The whole life of a connection.
async fn connection<S>(
    worker: Rc<Worker>,
    mut stream: S,
    from: From,
    entry: Entry,
    draining: Draining,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let From { mut address, wanted } = from;
    let proxy = &worker.proxy;
    let handshake_by = Instant::now() + proxy.deadlines.handshake.0;
    if entry.proxy_protocol {
        if !head::trusts(&proxy.trusted_hops, address.ip()) {
            tracing::debug!("PROXY protocol from one who is not trusted");
            return;
        }
        let told = proxy_protocol::receive(&mut stream);
        match tokio::time::timeout_at(handshake_by, told).await {
            Ok(Ok(behind)) => address = behind.unwrap_or(address),
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
    let mut peer = Peer {
        address,
        destination: wanted,
        caller: None,
        trusted: head::trusts(&proxy.trusted_hops, address.ip()),
        region: proxy.geo.as_ref().and_then(|geo| geo.region(address.ip())),
    };
    let builder = proxy.server.clone();
    let Some(tls) = entry.tls else { return serve(worker, builder, stream, peer, draining).await };
    let acceptor = TlsAcceptor::from(tls.current());
    match tokio::time::timeout_at(handshake_by, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let (_, session) = stream.get_ref();
            let is_h2 = session.alpn_protocol() == Some(tls::H2);
            let leaf = session.peer_certificates().and_then(|chain| chain.first());
            let workloads = &proxy.routing.load().workloads;
            peer.caller =
                leaf.and_then(identity::of_certificate).map(|id| workloads.caller(id.into()));
            let builder = if is_h2 { builder.http2_only() } else { builder.http1_only() };
            serve(worker, builder, stream, peer, draining).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "handshake failed"),
        Err(_) => tracing::debug!("handshake was too slow"),
    }
}

async fn serve<S>(
    worker: Rc<Worker>,
    builder: auto::Builder<LocalExecutor>,
    stream: S,
    peer: Peer,
    mut draining: Draining,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    // Until the first head is there nobody else watches the clock: not while it is being found out
    // which protocol this is, and not for HTTP/2.
    let spoke = Rc::new(Cell::new(false));
    let deadline = worker.proxy.deadlines.head.0;
    let service = service_fn({
        let spoke = Rc::clone(&spoke);
        move |request| {
            spoke.set(true);
            let (worker, peer) = (Rc::clone(&worker), peer.clone());
            async move {
                Ok::<_, std::convert::Infallible>(exchange::handle(worker, peer, request).await)
            }
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut silence = pin!(tokio::time::sleep(deadline));
    let mut silent = true;
    let mut serving = true;
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
                if spoke.get() {
                    connection.as_mut().graceful_shutdown();
                } else {
                    // Just made, and its first request on the way, perhaps: closed now, it would fail.
                    silence.as_mut().reset(Instant::now() + DRAIN_GRACE);
                }
            }
            () = silence.as_mut(), if silent => {
                silent = false;
                if !serving {
                    connection.as_mut().graceful_shutdown();
                } else if !spoke.get() {
                    tracing::debug!("connection said nothing in time");
                    return;
                }
            }
        }
    }
}

/// How long a drain waits for the first request of a connection.
const DRAIN_GRACE: Duration = Duration::from_millis(500);

/// How connections are served: one recipe for all of them.
pub(super) fn recipe(proxy: &Proxy) -> auto::Builder<LocalExecutor> {
    let mut builder = auto::Builder::new(LocalExecutor);
    let head_bytes = proxy.limits.head_bytes_max;
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(proxy.deadlines.head.0)
        .max_headers(proxy.headers_max)
        // Answers are flushed one by one: gathering those of pipelined requests would lose the answer
        // to a malformed head.
        .max_buf_size(head_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(proxy.streams_max)
        // Streams opened and reset at once cost us more than whoever does it (CVE-2023-44487): so many
        // may wait to be looked at, and so many may be our own doing, before the connection ends.
        .max_pending_accept_reset_streams(Some(PENDING_RESETS_MAX))
        .max_local_error_reset_streams(Some(LOCAL_RESETS_MAX))
        .max_header_list_size(u32::try_from(head_bytes).unwrap_or(u32::MAX))
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
