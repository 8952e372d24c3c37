//! The socket, the thread and the connections.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use parking_lot::Mutex;
use tokio::{sync::watch, time::error::Elapsed};
use tower::{ServiceExt as _, service_fn};

use super::{
    access::Access,
    facts::FactsDesk,
    live::{self, Pace},
    ready::Readiness,
    seats::{Seat, Seats},
    service::AdminService,
    tls::{AdminIdentity, Shown},
    token::Token,
};
use crate::{
    audit::AuditSink,
    control::Reloads,
    domain::{Limits, Region},
    policy::Transfer,
    telemetry::{DataCentreStatus, Metrics},
};

/// Where to listen, and bounds.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    pub address: SocketAddr,
    /// Bounds of a decision that an operator asks for.
    pub limits: Limits,
    pub body_bytes_max: usize,
    /// How long a bundle of rules may be that an operator pushes.
    pub bundle_bytes_max: usize,
    pub body_time_max: Duration,
    pub connections_max: usize,
    /// Of those that take a while, at a time; probes and scrapers are answered whatever there are.
    pub requests_max: usize,
    /// Until the head of an answer.
    pub answer_time_max: Duration,
    /// Until a question about a payload is given up, within [`Self::answer_time_max`].
    pub question_time_max: Duration,
    /// For a handshake, and for the first request behind it: a connection without one takes the place of somebody who
    /// has one.
    pub first_request_time_max: Duration,
    /// Who may do what.
    pub access: Access,
    /// HTTPS instead of HTTP.
    pub tls: Option<AdminIdentity>,
    /// Where data may go, for the page.
    pub destinations: DataCentreMap,
}

/// Where data may go and by which routes, as it is now; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct DataCentreMap(Arc<Mutex<Arc<Destinations>>>);

/// One edition of it.
#[derive(Debug, Default)]
pub struct Destinations {
    pub data_centres: Vec<ShownDataCentre>,
    /// The data centre of each route of `stated_by_route`, in the same order.
    pub data_centre_of_route: Vec<String>,
    /// What is known of every transfer by a route, under the route's id.
    pub stated_by_route: Vec<(String, Transfer)>,
}

impl DataCentreMap {
    pub fn set(&self, destinations: Destinations) {
        *self.0.lock() = Arc::new(destinations);
    }

    pub(super) fn now(&self) -> Arc<Destinations> {
        Arc::clone(&self.0.lock())
    }
}

/// A data centre as the page shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ShownDataCentre {
    pub id: String,
    pub city: Option<String>,
    pub jurisdiction: Region,
}

impl AdminSettings {
    pub fn new(address: SocketAddr, limits: Limits) -> Self {
        Self {
            address,
            // A payload as base64, and its context.
            body_bytes_max: limits.body_bytes_max / 3 * 4 + (1 << 20),
            limits,
            bundle_bytes_max: 8 << 20,
            body_time_max: Duration::from_secs(10),
            connections_max: 128,
            requests_max: 64,
            // A little less than the commands of the program wait for it.
            answer_time_max: Duration::from_secs(55),
            question_time_max: Duration::from_secs(20),
            first_request_time_max: Duration::from_secs(5),
            access: Access::default(),
            tls: None,
            destinations: DataCentreMap::default(),
        }
    }
}

/// What operators look at and act on.
#[derive(Debug, Clone)]
pub struct AdminContext {
    pub reloads: Reloads,
    pub metrics: Arc<Metrics>,
    pub audit: Arc<AuditSink>,
    pub readiness: Arc<Readiness>,
    /// What is on file, if there is a store.
    pub facts: Option<FactsDesk>,
}

/// Why there is no admin server.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error("cannot listen on `{address}` for operators: {error}")]
    Bind { address: SocketAddr, error: io::Error },
    #[error("cannot start the admin server: {0}")]
    Start(#[from] io::Error),
}

/// Runs until dropped.
#[derive(Debug)]
pub struct AdminServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
pub(super) struct Operators {
    pub(super) settings: AdminSettings,
    pub(super) context: AdminContext,
    pub(super) pace: Pace,
}

impl Operators {
    /// That of `admin.token_file`, where anything asks for it.
    pub(super) fn token(&self) -> Option<&Token> {
        let of_desk = self.context.facts.as_ref().and_then(|desk| desk.token.as_ref());
        of_desk.or_else(|| self.settings.access.token())
    }

    /// How each place fares where data may go now.
    pub(super) fn data_centres(&self) -> Vec<DataCentreStatus> {
        let destinations = self.settings.destinations.now();
        let mut all = self.context.metrics.data_centres().status();
        // A configuration that was refused may have named others.
        all.retain(|one| destinations.data_centres.iter().any(|listed| listed.id == one.id));
        all
    }
}

impl AdminServer {
    /// Serves from here on, on a thread of its own. Fails when the address cannot be bound, or no thread be started.
    pub fn start(settings: AdminSettings, context: AdminContext) -> Result<Self, AdminError> {
        let listener = TcpListener::bind(settings.address)
            .map_err(|error| AdminError::Bind { address: settings.address, error })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() && !settings.access.is_listed() {
            tracing::warn!(%address, "the admin address is reachable from other machines, which may probe and read metrics; `admin.operators_file` lets operators do more");
        }
        if !address.ip().is_loopback() && settings.access.is_listed() && settings.tls.is_none() {
            tracing::warn!(%address, "tokens of operators cross the network in clear; see `admin.tls`");
        }
        let asks = settings.tls.as_ref().is_some_and(AdminIdentity::asks_for_certificates);
        if settings.access.knows_certificates() && !asks {
            tracing::warn!(
                "operators are listed by certificates, and none is asked for; see `admin.tls.client_roots`"
            );
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(2)
            .thread_name("admin")
            .build()?;
        let (stop, stopped) = watch::channel(false);
        let operators = Arc::new(Operators { settings, context, pace: Pace::default() });
        let thread = thread::Builder::new().name("admin".to_owned()).spawn(move || {
            if let Err(error) = runtime.block_on(serve(listener, operators, stopped)) {
                tracing::error!(%error, "the admin server ended");
            }
            // A decision under way is not waited for.
            runtime.shutdown_background();
        })?;
        tracing::info!(%address, "admin listens");
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// With the port the system chose, if it was left to it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for AdminServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the admin server ended badly");
        }
    }
}

async fn serve(
    listener: TcpListener,
    operators: Arc<Operators>,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let connections_max = operators.settings.connections_max;
    let seats = Seats::new(connections_max);
    let peers = Arc::new(Peers { each_max: connections_max.div_ceil(2), ..Peers::default() });
    tokio::spawn(live::keep_a_minute(Arc::clone(&operators)));
    let service = AdminService::new(Arc::clone(&operators));
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Too many open files, most likely: others may close theirs.
                    tracing::debug!(%error, "cannot accept an admin connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            _ = stopped.changed() => return Ok(()),
        };
        let Some(permit) = peers.permit(peer.ip()) else {
            tracing::debug!(%peer, "too many admin connections from one address");
            continue;
        };
        let seat = tokio::select! {
            seat = seats.take() => Arc::new(seat.map_err(io::Error::other)?),
            _ = stopped.changed() => return Ok(()),
        };
        let (operators, service) = (Arc::clone(&operators), service.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = connection(stream, peer, &operators.settings, service, &seat) => {}
                () = seat.is_needed() => tracing::debug!(%peer, "an admin connection made room"),
            }
            drop((seat, permit));
        });
    }
}

/// How many connections there are from each address. Of all but this machine's own none has more than its share, so that
/// whoever probes finds room.
#[derive(Debug, Default)]
struct Peers {
    each_max: usize,
    connections: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's share.
struct PeerPermit {
    peers: Arc<Peers>,
    address: IpAddr,
}

impl Peers {
    fn permit(self: &Arc<Self>, address: IpAddr) -> Option<PeerPermit> {
        let mut connections = self.connections.lock();
        let count = connections.entry(address).or_default();
        if *count >= self.each_max && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(PeerPermit { peers: Arc::clone(self), address })
    }
}

impl Drop for PeerPermit {
    fn drop(&mut self) {
        let mut connections = self.peers.connections.lock();
        if let Some(count) = connections.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                connections.remove(&self.address);
            }
        }
    }
}

async fn connection(
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    settings: &AdminSettings,
    service: AdminService,
    seat: &Arc<Seat>,
) {
    /// For a head to arrive; also how long an idle connection is kept.
    const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
    const HEAD_BYTES_MAX: usize = 16 << 10;
    let tls = settings.tls.as_ref().map(AdminIdentity::current);
    let first_time_max = settings.first_request_time_max;
    let asked = Arc::new(AtomicBool::new(false));
    let service = |shown: Option<Shown>| {
        let (service, asked, seat) = (service.clone(), Arc::clone(&asked), Arc::clone(seat));
        TowerToHyperService::new(service_fn(
            move |mut request: http::Request<hyper::body::Incoming>| {
                asked.store(true, Ordering::Relaxed);
                if let Some(shown) = shown.clone() {
                    request.extensions_mut().insert(shown);
                }
                let (answered, asks) = (service.clone().oneshot((peer, request)), seat.asks());
                async move {
                    let answer = answered.await;
                    drop(asks);
                    answer
                }
            },
        ))
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    builder.http1().max_buf_size(HEAD_BYTES_MAX);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(16);
    builder.http2().max_header_list_size(16 << 10).keep_alive_interval(Some(HEAD_TIME_MAX));
    let Some(tls) = tls else {
        let serving = builder.serve_connection(TokioIo::new(stream), service(None));
        return ended(in_time(serving, first_time_max, &asked).await);
    };
    let handshake = tokio_rustls::TlsAcceptor::from(tls).accept(stream);
    match tokio::time::timeout(first_time_max, handshake).await {
        Ok(Ok(stream)) => {
            let chain = stream.get_ref().1.peer_certificates();
            let shown = chain.and_then(<[_]>::first).map(Shown::of);
            let serving = builder.serve_connection(TokioIo::new(stream), service(shown));
            ended(in_time(serving, first_time_max, &asked).await);
        }
        Ok(Err(error)) => tracing::debug!(%error, "an admin connection was not agreed upon"),
        Err(_) => {}
    }
}

/// Until the connection ends, or its time does.
async fn in_time<F: Future>(
    serving: F,
    first_time_max: Duration,
    asked: &AtomicBool,
) -> Result<F::Output, Elapsed> {
    const CONNECTION_TIME_MAX: Duration = Duration::from_secs(600);
    let mut serving = pin!(serving);
    match tokio::time::timeout(first_time_max, &mut serving).await {
        Err(_) if asked.load(Ordering::Relaxed) => {
            tokio::time::timeout(CONNECTION_TIME_MAX, serving).await
        }
        first => first,
    }
}

fn ended<E>(served: Result<Result<(), Box<dyn std::error::Error + Send + Sync>>, E>) {
    match served {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(error)) => tracing::debug!(%error, "an admin connection ended early"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_machine_takes_all_the_places() {
        let peers = Arc::new(Peers { each_max: 2, ..Peers::default() });
        let [here, one, other]: [IpAddr; 3] =
            ["127.0.0.1", "192.0.2.1", "2001:db8::1"].map(|address| address.parse().unwrap());
        let first = peers.permit(one).unwrap();
        let _second = peers.permit(one).unwrap();
        assert!(peers.permit(one).is_none());
        assert!(peers.permit(other).is_some());
        drop(first);
        assert!(peers.permit(one).is_some());
        let many: Vec<_> = (0..5).map(|_| peers.permit(here)).collect();
        assert!(many.iter().all(Option::is_some));
        drop(many);
        assert_eq!(peers.connections.lock().len(), 1, "nothing is kept of who is gone");
    }
}
