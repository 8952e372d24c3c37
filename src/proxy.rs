//! The data plane: takes requests, has them judged, forwards what may cross, and records.
//!
//! Start with [`exchange`]: one request from its head to its record. The proxy reads the
//! [`SnapshotCell`] and never writes it. What is here forwards nothing that
//! was not judged, and answers nothing that was not asked.
//!
//! Not here: the data centres' answers are passed on unread, since what comes back does not leave; a
//! request with trailers is refused, since nobody reads them; and nothing is sent twice that may have
//! arrived, unless its method, or the data centre, says that this does no harm.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use hyper::server::conn::http2;
use ipnet::IpNet;
use tokio::sync::Semaphore;

use crate::{
    audit::AuditSink,
    config::{Config, DeadlinesSection, InspectionSection, ListenAddress, OnGap, Transparent},
    domain::Limits,
    facts::{FactsStore, Names, Register, SubjectKey},
    geo::GeoDb,
    policy::{RuleSet, Transfer},
    snapshot::SnapshotCell,
    source::Diagnostics,
    telemetry::{Metrics, Otlp, Side, Sparingly},
};

mod activity;
mod body;
mod capacity;
mod connection;
mod context;
mod destination;
mod digest;
mod error;
mod exchange;
mod gathered;
mod head;
mod http1;
mod identity;
mod judging;
mod listener;
mod on_file;
mod pressure;
mod proxy_protocol;
mod record;
mod redaction;
mod reply;
mod routing;
mod shadow;
mod socket;
mod stall;
mod tls;
mod untaken;
mod upstream;
mod worker;
mod workload;

pub use error::ProxyError;
pub use socket::BindError;
pub use tls::validity;
pub use worker::{Drained, Workers};

use body::Budget;
use capacity::Shares;
use destination::Destinations;
use routing::{Routing, TargetContext};
use shadow::Beside;
use socket::{BoundSocket, Passed};
use tls::{Accepting, Reloading, Watch};

/// What the workers share. They read it, and write to nothing in it but counts and bounded queues; who reads the
/// configuration file anew swaps the routing, and new certificates come in by themselves.
pub struct Proxy {
    snapshots: Arc<SnapshotCell>,
    metrics: Arc<Metrics>,
    audit: Arc<AuditSink>,
    otlp: Option<Arc<Otlp>>,
    geo: Option<Arc<GeoDb>>,
    register: Option<Register>,
    names: Option<Names>,
    /// Judges by the rules to come, where some are configured.
    beside: Option<Beside>,
    /// Where requests may go; changes while we serve.
    routing: ArcSwap<Routing>,
    certificates: Watch,
    listeners: Vec<Listener>,
    trusted_hops: Vec<IpNet>,
    limits: Limits,
    deadlines: DeadlinesSection,
    inspection: InspectionSection,
    client_origin: bool,
    blocked_by: String,
    headers_max: usize,
    streams_max: u32,
    budget: Arc<Budget>,
    /// What heads on their way in may take of it.
    heads: Arc<Budget>,
    /// Places for connections, and how many there are.
    connections: Arc<Semaphore>,
    connections_max: u32,
    exchanges: Shares,
    /// That there is no record, and that a header is not believed, for the log.
    unrecorded: Sparingly,
    disbelieved: Sparingly,
    workers: usize,
    http2: http2::Builder<LocalExecutor>,
}

/// A listener as configured, its certificate read.
struct Listener {
    name: String,
    address: ListenAddress,
    proxy_protocol: bool,
    transparent: Option<Transparent>,
    tls: Option<Arc<Reloading<Accepting>>>,
}

/// What the proxy shares with the other planes.
#[derive(Debug, Clone)]
pub struct Shared {
    pub snapshots: Arc<SnapshotCell>,
    pub metrics: Arc<Metrics>,
    pub audit: Arc<AuditSink>,
    /// Sends traces, where they are sent.
    pub otlp: Option<Arc<Otlp>>,
    pub geo: Option<Arc<GeoDb>>,
    /// The store of facts, and the key people are known by in it.
    pub facts: Option<(FactsStore, SubjectKey)>,
    /// The key people are known by in the audit, where there is no store.
    pub subject_key: Option<SubjectKey>,
}

/// The sockets of all workers, and where they are.
#[derive(Debug)]
pub struct Bound {
    sockets: Vec<Vec<BoundSocket>>,
    addresses: Vec<(String, SocketAddr)>,
}

impl Bound {
    /// Name and address of each listener on TCP, in the order of the configuration; ports are those the
    /// system chose where it was asked to.
    pub fn addresses(&self) -> &[(String, SocketAddr)] {
        &self.addresses
    }
}

/// What the configuration says of every transfer by a route, by the route's id: what is known before anybody
/// asks who calls and what the payload shows.
pub fn stated(
    config: &Config,
    file: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<(String, Transfer)>> {
    Destinations::compile(config, file, diagnostics).map(Destinations::stated)
}

/// What is wrong with listeners, routes and data centres, and with the certificates they name: everything that
/// [`Proxy::compile`] would find, and nothing is started for it.
pub fn problems(
    config: &Config,
    file: &str,
    geo: Option<&Arc<GeoDb>>,
    metrics: &Arc<Metrics>,
    diagnostics: &mut Diagnostics,
) {
    Routing::compile(config, file, &TargetContext { geo, metrics }, None, diagnostics);
    listeners(config, file, metrics, diagnostics);
}

/// Doubts what the routes say in words that the rules do not know.
pub fn misnamed(config: &Config, file: &str, rules: &RuleSet, diagnostics: &mut Diagnostics) {
    destination::misnamed(config, file, rules, diagnostics);
}

fn listeners(
    config: &Config,
    file: &str,
    metrics: &Arc<Metrics>,
    diagnostics: &mut Diagnostics,
) -> Vec<Listener> {
    let listener = |listener: &crate::config::Listener| Listener {
        name: listener.name.value.clone(),
        address: listener.address.value.clone(),
        proxy_protocol: listener.proxy_protocol,
        transparent: listener.transparent,
        tls: listener.tls.as_ref().and_then(|tls| {
            tls::server::reloading(&listener.name, tls, file, metrics, diagnostics)
        }),
    };
    config.listeners.iter().map(listener).collect()
}

impl Proxy {
    /// Compiles what the configuration says of listeners, routes and data centres; certificates are
    /// read here. `file` is its name in complaints.
    pub fn compile(
        config: &Config,
        file: &str,
        shared: Shared,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let before = diagnostics.error_count();
        destination::check_lists(config, file, shared.snapshots.load().engine.rules(), diagnostics);
        let context = TargetContext { geo: shared.geo.as_ref(), metrics: &shared.metrics };
        let routing = Routing::compile(config, file, &context, None, diagnostics);
        let listeners = listeners(config, file, &shared.metrics, diagnostics);
        if diagnostics.error_count() > before {
            return None;
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let beside = match &config.rules.shadow {
            Some(_) => {
                let held_bytes_max = config.limits.held_bytes_max.0;
                let metrics = Arc::clone(&shared.metrics);
                match Beside::start(config.inspection_limits(), held_bytes_max, metrics) {
                    Ok(beside) => Some(beside),
                    Err(error) => {
                        let place =
                            crate::source::Place { file: file.to_owned(), line: 0, column: 0 };
                        diagnostics.error(place, format!("cannot start a thread: {error}"));
                        return None;
                    }
                }
            }
            None => None,
        };
        shared.metrics.expect_errors(Side::Upstream, &error::UPSTREAM_KINDS);
        shared.metrics.expect_errors(Side::Internal, &error::OVERLOADED_KINDS);
        let connections_max = u32::try_from(config.limits.connections_max).unwrap_or(u32::MAX);
        let mut proxy = Self {
            snapshots: shared.snapshots,
            metrics: shared.metrics,
            audit: shared.audit,
            otlp: shared.otlp,
            geo: shared.geo,
            names: shared.subject_key.map(Names::new),
            beside,
            register: shared.facts.map(|(store, key)| Register::new(store, key)),
            routing: ArcSwap::from_pointee(routing?),
            certificates: Watch::new(),
            listeners,
            trusted_hops: config.trusted_hops.iter().map(|network| network.0).collect(),
            limits: config.inspection_limits(),
            deadlines: config.deadlines.clone(),
            inspection: config.inspection.clone(),
            client_origin: config.geoip.client_origin,
            blocked_by: config
                .blocked_by
                .as_ref()
                .map_or_else(|| "urn:bordergate:gateway".to_owned(), |uri| uri.value.clone()),
            headers_max: config.limits.headers_max,
            streams_max: config.limits.streams_max,
            budget: Budget::new(config.limits.held_bytes_max.0),
            heads: body::heads(config.limits.held_bytes_max.0, config.limits.head_bytes_max.0),
            connections: Arc::new(Semaphore::new(connections_max as usize)),
            connections_max,
            exchanges: Shares::new(config.limits.exchanges_max),
            // As often as the audit says why.
            unrecorded: Sparingly::every(Duration::from_secs(10)),
            // So is every one of that caller.
            disbelieved: Sparingly::every(Duration::from_secs(60)),
            workers: if config.workers == 0 { cores } else { config.workers },
            http2: http2::Builder::new(LocalExecutor),
        };
        proxy.http2 = connection::http2(&proxy);
        proxy.certificates.set(proxy.watched(&proxy.routing.load()));
        Some(proxy)
    }

    /// Opens every listener's sockets, so that connections wait rather than fail from here on.
    pub fn bind(&self) -> Result<Bound, BindError> {
        let mut sockets: Vec<Vec<BoundSocket>> = Vec::new();
        sockets.resize_with(self.workers, Vec::new);
        let mut addresses = Vec::new();
        let mut passed = Passed::receive();
        for listener in &self.listeners {
            let Listener { name, address, transparent, .. } = listener;
            let bound = socket::bind(name, address, self.workers, *transparent, &mut passed)?;
            let bound_to = bound.first().and_then(socket::Listening::local_addr);
            addresses.extend(bound_to.map(|address| (name.clone(), address)));
            for (worker, socket) in sockets.iter_mut().zip(bound) {
                let (tls, transparent) = (listener.tls.clone(), listener.transparent);
                let proxy_protocol = listener.proxy_protocol;
                worker.push(BoundSocket { socket, tls, proxy_protocol, transparent });
            }
        }
        Ok(Bound { sockets, addresses })
    }

    /// Starts the workers.
    pub fn start(self: &Arc<Self>, bound: Bound) -> std::io::Result<Workers> {
        Workers::start(self, bound.sockets)
    }

    /// Looks whether certificates have changed, now rather than within seconds.
    pub fn reload_certificates(&self) {
        self.certificates.look();
    }

    fn blocks_gaps(&self) -> bool {
        self.inspection.on_gap == OnGap::Block
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("workers", &self.workers).finish_non_exhaustive()
    }
}

/// Runs a connection's tasks on the thread that has the connection.
#[derive(Debug, Clone, Copy)]
struct LocalExecutor;

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future + 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
