//! Sockets, and connections on them: accept, handshake, serve, drain.

use std::{cell::Cell, io, net::SocketAddr, pin::pin, rc::Rc, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tokio_rustls::TlsAcceptor;

use super::{
    LocalExecutor, Proxy,
    exchange::{self, Peer},
    head, tls,
    worker::Worker,
};

/// One listening socket of one worker.
#[derive(Debug)]
pub(super) struct BoundSocket {
    pub(super) listener: std::net::TcpListener,
    pub(super) tls: Option<Arc<rustls::ServerConfig>>,
}

/// A listener that could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(
        "address `{address}` of listener `{listener}` is in use; stop what listens there, or choose another port"
    )]
    InUse { listener: String, address: SocketAddr },
    #[error(
        "address `{address}` of listener `{listener}` needs a privilege this process does not have; choose a port above 1023"
    )]
    Privileged { listener: String, address: SocketAddr },
    #[error(
        "address `{address}` of listener `{listener}` is not one of this machine; choose one that is"
    )]
    Elsewhere { listener: String, address: SocketAddr },
    #[error("address `{address}` of listener `{listener}` cannot be bound: {error}")]
    Other { listener: String, address: SocketAddr, error: io::Error },
}

/// Binds `address` once for each of `count` workers; the system spreads connections over them.
pub(super) fn bind(
    listener: &str,
    address: SocketAddr,
    count: usize,
) -> Result<Vec<std::net::TcpListener>, BindError> {
    let named = |error: io::Error| {
        let listener = listener.to_owned();
        if error.kind() == io::ErrorKind::AddrInUse {
            BindError::InUse { listener, address }
        } else if error.kind() == io::ErrorKind::PermissionDenied {
            BindError::Privileged { listener, address }
        } else if error.kind() == io::ErrorKind::AddrNotAvailable {
            BindError::Elsewhere { listener, address }
        } else {
            BindError::Other { listener, address, error }
        }
    };
    // Sockets that share a port would also share it with another process that does the same. One that
    // does not share finds out whether somebody is there.
    if address.port() != 0 {
        open(address, false).map_err(named)?;
    }
    let first = open(address, true).map_err(named)?;
    let address = first.local_addr().map_err(named)?;
    let mut sockets = vec![first];
    for _ in 1..count {
        sockets.push(open(address, true).map_err(named)?);
    }
    Ok(sockets)
}

fn open(address: SocketAddr, shared: bool) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    if shared {
        socket.listen(BACKLOG)?;
    }
    Ok(socket.into())
}

/// Connections that may wait to be accepted; the system lowers it to its own bound.
const BACKLOG: i32 = 4_096;

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
    let listener = match TcpListener::from_std(socket.listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "a listener could not start");
            return;
        }
    };
    let tls = socket.tls.map(TlsAcceptor::from);
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
            Ok((stream, address)) => {
                let _ = stream.set_nodelay(true);
                let connection = connection(
                    Rc::clone(&worker),
                    stream,
                    address,
                    tls.clone(),
                    for_connections.clone(),
                );
                tokio::task::spawn_local(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly. Connections in hand will free some.
                tracing::warn!(%error, "a connection could not be accepted");
                drop(place);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

async fn connection(
    worker: Rc<Worker>,
    stream: tokio::net::TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    draining: Draining,
) {
    let proxy = &worker.proxy;
    let peer = Peer {
        address,
        trusted: head::trusts(&proxy.trusted_hops, address.ip()),
        region: proxy.geo.as_ref().and_then(|geo| geo.region(address.ip())),
    };
    let builder = proxy.server.clone();
    let Some(acceptor) = tls else { return serve(worker, builder, stream, peer, draining).await };
    match tokio::time::timeout(proxy.deadlines.handshake.0, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let is_h2 = stream.get_ref().1.alpn_protocol() == Some(tls::H2);
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
            let worker = Rc::clone(&worker);
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
                connection.as_mut().graceful_shutdown();
            }
            () = silence.as_mut(), if silent => {
                silent = false;
                if !spoke.get() {
                    tracing::debug!("connection said nothing in time");
                    return;
                }
            }
        }
    }
}

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
/// An HTTP/2 peer that does not answer a ping for so long is gone.
const H2_PING_INTERVAL: Duration = Duration::from_secs(30);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(20);
