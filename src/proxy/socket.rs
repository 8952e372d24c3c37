//! Listening sockets: bound, or passed by whoever started us, one for each worker.

use std::{
    fs, io,
    net::SocketAddr,
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::Arc,
};

use listenfd::ListenFd;
use socket2::{Domain, Protocol, Socket, Type};

use super::tls::{Accepting, Reloading};
use crate::config::{ListenAddress, Transparent};

/// One listening socket of one worker.
#[derive(Debug)]
pub(super) struct BoundSocket {
    pub(super) socket: Listening,
    pub(super) tls: Option<Arc<Reloading<Accepting>>>,
    pub(super) proxy_protocol: bool,
    pub(super) transparent: Option<Transparent>,
}

#[derive(Debug)]
pub(super) enum Listening {
    Tcp(std::net::TcpListener),
    Unix(UnixListener),
}

impl Listening {
    /// `None` for a Unix socket.
    pub(super) fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// The same socket once more.
    fn again(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(listener) => listener.try_clone().map(Self::Tcp),
            Self::Unix(listener) => listener.try_clone().map(Self::Unix),
        }
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.set_nonblocking(true),
            Self::Unix(listener) => listener.set_nonblocking(true),
        }
    }
}

/// A listener that could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(
        "address `{address}` of listener `{listener}` is in use; stop what listens there, or choose another"
    )]
    InUse { listener: String, address: ListenAddress },
    #[error(
        "address `{address}` of listener `{listener}` needs a privilege this process does not have; choose a port above 1023, or a folder it may write"
    )]
    Privileged { listener: String, address: ListenAddress },
    #[error(
        "address `{address}` of listener `{listener}` is not one of this machine; choose one that is"
    )]
    Elsewhere { listener: String, address: ListenAddress },
    #[error(
        "no socket `{address}` of listener `{listener}` was passed; start this by a socket unit, or give an address"
    )]
    NotPassed { listener: String, address: ListenAddress },
    #[error(
        "listener `{listener}` cannot take connections by TPROXY at `{address}`: {error}; grant CAP_NET_ADMIN, or use `transparent: redirect`"
    )]
    Transparent { listener: String, address: ListenAddress, error: io::Error },
    #[error("address `{address}` of listener `{listener}` cannot be bound: {error}")]
    Other { listener: String, address: ListenAddress, error: io::Error },
}

/// Sockets that whoever started us has opened (sd_listen_fds(3)).
pub(super) struct Passed {
    sockets: ListenFd,
    names: Vec<String>,
}

impl Passed {
    pub(super) fn receive() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        Self { sockets: ListenFd::from_env(), names: names.split(':').map(str::to_owned).collect() }
    }

    fn take(&mut self, name: &str) -> io::Result<Option<Listening>> {
        let named = self.names.iter().position(|known| known == name);
        let Some(number) = named.or_else(|| name.parse().ok()) else { return Ok(None) };
        if let Ok(Some(listener)) = self.sockets.take_tcp_listener(number) {
            return Ok(Some(Listening::Tcp(listener)));
        }
        Ok(self.sockets.take_unix_listener(number)?.map(Listening::Unix))
    }
}

/// A socket for each of `count` workers. Of a TCP address each has its own, and the system spreads
/// connections over them; any other is one that they share.
pub(super) fn bind(
    listener: &str,
    address: &ListenAddress,
    count: usize,
    transparent: Option<Transparent>,
    passed: &mut Passed,
) -> Result<Vec<Listening>, BindError> {
    let named = |error: io::Error| {
        let (listener, address) = (listener.to_owned(), address.clone());
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
    let first = match address {
        ListenAddress::Tcp(at) if transparent == Some(Transparent::Tproxy) => {
            // Tried apart from the rest, so that what is missing is told.
            let tried = Socket::new(Domain::for_address(*at), Type::STREAM, Some(Protocol::TCP));
            tried.and_then(|socket| take_all(&socket, *at)).map_err(|error| {
                let (listener, address) = (listener.to_owned(), address.clone());
                BindError::Transparent { listener, address, error }
            })?;
            return tcp(*at, count, true).map_err(named);
        }
        ListenAddress::Tcp(address) => return tcp(*address, count, false).map_err(named),
        ListenAddress::Unix(path) => unix(path).map_err(named)?,
        ListenAddress::Passed(name) => passed.take(name).map_err(named)?.ok_or_else(|| {
            BindError::NotPassed { listener: listener.to_owned(), address: address.clone() }
        })?,
    };
    first.set_nonblocking().map_err(named)?;
    let mut sockets = vec![first];
    for _ in 1..count {
        let again = sockets.first().map(Listening::again).transpose().map_err(named)?;
        sockets.extend(again);
    }
    Ok(sockets)
}

fn tcp(address: SocketAddr, count: usize, transparent: bool) -> io::Result<Vec<Listening>> {
    // Sockets that share a port would also share it with another process that does the same. One that
    // does not share finds out whether somebody is there.
    if address.port() != 0 {
        open(address, false, transparent)?;
    }
    let first = open(address, true, transparent)?;
    let address = first.local_addr()?;
    let mut sockets = vec![Listening::Tcp(first)];
    for _ in 1..count {
        sockets.push(Listening::Tcp(open(address, true, transparent)?));
    }
    Ok(sockets)
}

/// Connections to whatever address are for this socket (IP_TRANSPARENT of ip(7)).
fn take_all(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => socket.set_ip_transparent_v4(true),
        SocketAddr::V6(_) => socket.set_ip_transparent_v6(true),
    }
}

fn open(address: SocketAddr, shared: bool, transparent: bool) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    if transparent {
        take_all(&socket, address)?;
    }
    socket.bind(&address.into())?;
    if shared {
        socket.listen(BACKLOG)?;
    }
    Ok(socket.into())
}

/// Connections that may wait to be accepted; the system lowers it to its own bound.
const BACKLOG: i32 = 4_096;

/// A socket that nobody listens on any more is taken out of the way.
fn unix(path: &Path) -> io::Result<Listening> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match UnixStream::connect(path) {
            Err(refused) if refused.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path)?;
                UnixListener::bind(path).map(Listening::Unix)
            }
            Ok(_) | Err(_) => Err(error),
        },
        bound => bound.map(Listening::Unix),
    }
}
