//! Takes connections in, so many at a time, until the drain begins.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore},
};

use super::{
    connection::{Arrived, Draining, Entry, connection},
    socket::{BoundSocket, Listening},
    worker::Worker,
};
use crate::config::Transparent;

/// Lets so many connections in at a time, and knows when the last of one worker has gone.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    /// Of all workers together.
    places: Arc<Semaphore>,
    /// Of this worker, which has as many as there are: what is taken of them is what it has.
    here: Arc<Semaphore>,
    count: u32,
}

/// A connection that was let in; it has left when this is dropped.
#[derive(Debug)]
struct LetIn {
    _place: OwnedSemaphorePermit,
    _here: OwnedSemaphorePermit,
}

impl Gate {
    /// `places` are what all gates share, `count` how many there are.
    pub(super) fn new(places: &Arc<Semaphore>, count: u32) -> Self {
        let here = Arc::new(Semaphore::new(count as usize));
        Self { places: Arc::clone(places), here, count }
    }

    /// Waits for a place. Nobody closes these.
    async fn enter(&self) -> Result<LetIn, AcquireError> {
        let place = Arc::clone(&self.places).acquire_owned().await?;
        let here = Arc::clone(&self.here).acquire_owned().await?;
        Ok(LetIn { _place: place, _here: here })
    }

    /// Waits until everybody has left; the number of those who have not within `timeout`.
    pub(super) async fn emptied(&self, timeout: Duration) -> usize {
        match tokio::time::timeout(timeout, self.here.acquire_many(self.count)).await {
            Ok(_) => 0,
            Err(_) => (self.count as usize).saturating_sub(self.here.available_permits()),
        }
    }
}

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
        let accepted = tokio::select! {
            biased;
            _ = &mut drain => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(accepted) => {
                // A listener nobody calls holds no place that another needs. Whoever was taken in is served, though a
                // drain begins at that moment.
                let place = tokio::select! {
                    biased;
                    place = gate.enter() => place,
                    _ = &mut drain => return,
                };
                let (worker, entry) = (Rc::clone(&worker), entry.clone());
                let draining = for_connections.clone();
                tokio::task::spawn_local(async move {
                    match accepted {
                        Accepted::Tcp(stream, address) => {
                            let _ = stream.set_nodelay(true);
                            let original_destination =
                                transparent.and_then(|way| original_destination(&stream, way));
                            let arrived = Arrived { address, original_destination };
                            connection(worker, stream, arrived, entry, draining).await;
                        }
                        Accepted::Unix(stream) => {
                            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                            let arrived = Arrived { address, original_destination: None };
                            connection(worker, stream, arrived, entry, draining).await;
                        }
                    }
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly. Connections in hand will free some.
                tracing::warn!(%error, "a connection could not be accepted");
                worker.proxy.metrics.accept_error();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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

/// Whom the caller wanted to reach, as the kernel tells it.
fn original_destination(stream: &TcpStream, way: Transparent) -> Option<IpAddr> {
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
