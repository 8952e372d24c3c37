//! A data centre's endpoints, and making connections to them: look-up, place, handshakes.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, uri::Scheme};
use http_body_util::Full;
use hyper::body::Incoming;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::TlsConnector;

use super::super::{
    ProxyError,
    capacity::Capacity,
    http1::{self, Client, ClientError},
    routing::TargetContext,
    tls::{self, Reloading, Watched},
};
use super::{
    health::Health,
    names::Name,
    shared::{self, Shared},
};
use crate::{
    config::{Config, DataCentre, DnsSection, Endpoint, HealthCheck, OnMismatch, Protocol},
    domain::Region,
    geo::{self, GeoDb},
    source::Diagnostics,
    telemetry::{Metrics, Reach},
};

/// What every worker knows of a data centre.
pub(in crate::proxy) struct Target {
    /// What it was made of.
    section: DataCentre,
    pub(in crate::proxy) id: String,
    pub(super) jurisdiction: Region,
    pub(super) on_mismatch: OnMismatch,
    pub(super) protocol: Protocol,
    pub(super) endpoints: Vec<EndpointTarget>,
    /// `Some` when the endpoints are `https`.
    pub(super) tls: Option<Arc<Reloading<rustls::ClientConfig>>>,
    pub(in crate::proxy) preserve_host: bool,
    pub(super) idle_connections_max: usize,
    pub(super) connect_time: Duration,
    pub(super) idle: Duration,
    pub(super) geo: Option<Arc<GeoDb>>,
    /// Whether it answers.
    pub(in crate::proxy) reach: Arc<Reach>,
    pub(super) metrics: Arc<Metrics>,
    /// Where there is a bound, of all workers together.
    pub(super) exchanges: Option<Capacity>,
    pub(super) health_check: Option<HealthCheck>,
    pub(super) dns: DnsSection,
    is_retired: AtomicBool,
}

pub(super) struct EndpointTarget {
    pub(super) endpoint: Endpoint,
    /// As configured: scheme, host and port.
    pub(super) name: String,
    pub(super) health: Health,
    at: At,
    /// Connections made so far; each begins with another of its addresses.
    turn: AtomicUsize,
    /// What goes into `Host` or `:authority`.
    pub(super) host: HeaderValue,
    pub(super) server_name: ServerName<'static>,
}

/// Where an endpoint is.
enum At {
    Address(IpAddr),
    Name(Arc<Name>),
}

impl At {
    fn of(host: &str) -> Self {
        match host.parse() {
            Ok(address) => Self::Address(address),
            Err(_) => Self::Name(Arc::new(Name::new(host.to_owned()))),
        }
    }
}

impl EndpointTarget {
    /// `None` where it is given by its address.
    pub(super) fn named(&self) -> Option<&Arc<Name>> {
        match &self.at {
            At::Address(_) => None,
            At::Name(name) => Some(name),
        }
    }

    async fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        let port = self.endpoint.port;
        match &self.at {
            At::Address(address) => Ok(vec![SocketAddr::new(*address, port)]),
            At::Name(name) => {
                let found = name.addresses().await?;
                let found = found.iter().filter(|address| !leads_home(**address));
                let found: Vec<_> = found.map(|address| SocketAddr::new(*address, port)).collect();
                if found.is_empty() {
                    let words = "it leads to link-local or unspecified addresses alone, which are taken only \
                                 where they are written as such";
                    return Err(std::io::Error::other(words));
                }
                Ok(found)
            }
        }
    }
}

/// Nobody's in particular, and no country's: what answers there is the machine the gateway runs on, or whoever
/// lends it out, with its secrets (RFC 3927, RFC 4291 §2.5.6). That an unspecified address is nobody's (RFC 1122
/// §3.2.1.3, RFC 4291 §2.5.2) keeps no system from connecting to itself. Whoever answers for a name must not lead
/// there.
fn leads_home(address: IpAddr) -> bool {
    match geo::canonical(address) {
        IpAddr::V4(address) => address.is_link_local() || address.is_unspecified(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_unspecified(),
    }
}

impl Target {
    pub(in crate::proxy) fn compile(
        config: &Config,
        data_centre: &DataCentre,
        context: &TargetContext<'_>,
        file: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let is_tls = data_centre.endpoints.first().is_some_and(|endpoint| endpoint.tls);
        let tls = match is_tls {
            true => Some(tls::client::reloading(data_centre, file, context.metrics, diagnostics)?),
            false => None,
        };
        let mut endpoints = Vec::new();
        for endpoint in &data_centre.endpoints {
            let name =
                data_centre.tls.server_name.as_ref().map_or(&endpoint.host, |name| &name.value);
            let host = endpoint.authority();
            match (ServerName::try_from(name.clone()), HeaderValue::from_str(&host)) {
                (Ok(server_name), Ok(host)) => endpoints.push(EndpointTarget {
                    endpoint: endpoint.value.clone(),
                    name: endpoint.to_string(),
                    health: Health::new(
                        data_centre.outlier.failures,
                        data_centre.outlier.ejection.0,
                    ),
                    at: At::of(&endpoint.host),
                    turn: AtomicUsize::new(0),
                    host,
                    server_name,
                }),
                _ => {
                    diagnostics
                        .error(
                            endpoint.place(file),
                            format!("`{}` is not a host name", endpoint.host),
                        )
                        .remedy("give a host name such as `ingest.example`, or an address");
                    return None;
                }
            }
        }
        Some(Self {
            section: data_centre.clone(),
            id: data_centre.id.value.clone(),
            jurisdiction: *data_centre.jurisdiction,
            on_mismatch: data_centre.on_geoip_mismatch.unwrap_or(config.geoip.on_mismatch),
            protocol: data_centre.protocol,
            endpoints,
            tls,
            preserve_host: data_centre.preserve_host,
            idle_connections_max: config.limits.idle_connections_max,
            connect_time: config.deadlines.connect.0,
            idle: config.deadlines.idle.0,
            geo: context.geo.cloned(),
            reach: context.metrics.data_centres().of(&data_centre.id.value),
            metrics: Arc::clone(context.metrics),
            exchanges: data_centre.exchanges_max.map(Capacity::new),
            health_check: data_centre.health_check.clone(),
            dns: config.dns.clone(),
            is_retired: AtomicBool::new(false),
        })
    }

    /// True when it was made of a section that says the same.
    pub(in crate::proxy) fn is_of(&self, section: &DataCentre) -> bool {
        self.section == *section
    }

    /// What its endpoints are counted under: the data centre's id and the endpoint as configured.
    pub(in crate::proxy) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.endpoints.iter().map(|endpoint| (self.id.as_str(), endpoint.name.as_str()))
    }

    /// From here on nobody looks after its endpoints; exchanges under way end with what is known.
    pub(in crate::proxy) fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
        for name in self.endpoints.iter().filter_map(EndpointTarget::named) {
            name.retire();
        }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Relaxed)
    }

    /// Files that change while we serve.
    pub(in crate::proxy) fn watched(&self) -> Option<Arc<dyn Watched>> {
        self.tls.clone().map(|tls| tls as Arc<dyn Watched>)
    }

    /// Makes a connection to one endpoint, over the first of its addresses that answers. Each connection begins
    /// with another address, and one that does not answer leaves the others their share of the time.
    pub(super) async fn connect(
        &self,
        number: usize,
        target: &EndpointTarget,
    ) -> Result<Connection, ProxyError> {
        // Before what they are of is asked: what changes meanwhile is asked again.
        let edition = target.named().map_or(0, |name| name.edition());
        let geo_edition = self.geo_edition();
        let mut addresses = target
            .addresses()
            .await
            .map_err(|error| ProxyError::Unresolved { endpoint: target.name.clone(), error })?;
        let turn = target.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(addresses.len()).unwrap_or(0);
        addresses.rotate_left(first);
        let by = Instant::now() + self.connect_time;
        let mut failure = None;
        for (tried, address) in addresses.iter().enumerate() {
            let left = by.saturating_duration_since(Instant::now());
            let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let connected = tokio::time::timeout(left / others, self.connect_to(target, *address));
            let error = match connected.await {
                Ok(Ok((sender, misplaced))) => {
                    return Ok(Connection {
                        sender,
                        endpoint: number,
                        address: address.ip(),
                        edition,
                        geo_edition,
                        misplaced,
                        used: Instant::now(),
                    });
                }
                Ok(Err(error)) => error,
                Err(_) => ProxyError::Unreachable {
                    endpoint: target.name.clone(),
                    error: std::io::ErrorKind::TimedOut.into(),
                },
            };
            // That one of them is elsewhere is what has to be told.
            if !matches!(failure, Some(ProxyError::Misplaced { .. })) {
                failure = Some(error);
            }
        }
        if let Some(name) = target.named() {
            name.doubt();
        }
        Err(failure.unwrap_or_else(|| ProxyError::Unreachable {
            endpoint: target.name.clone(),
            error: std::io::ErrorKind::NotFound.into(),
        }))
    }

    /// The same to one of its addresses; where that is, if it is elsewhere and that is only to be noted.
    async fn connect_to(
        &self,
        target: &EndpointTarget,
        address: SocketAddr,
    ) -> Result<(Sender, Option<Region>), ProxyError> {
        let name = || target.name.clone();
        let misplaced = self.place(address.ip())?;
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| ProxyError::Unreachable { endpoint: name(), error })?;
        // Head and body go out in one write already; waiting for more only adds delay.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return Ok((self.handshake(stream, name).await?, misplaced));
        };
        let refused = |error| ProxyError::Handshake { endpoint: name(), error };
        let connector = TlsConnector::from(tls.current());
        let connected = connector.connect(target.server_name.clone(), stream).await;
        let stream = connected.map_err(|error| refused(error.to_string()))?;
        let protocol = stream.get_ref().1.alpn_protocol();
        if self.protocol == Protocol::Http2 && protocol != Some(tls::H2) {
            return Err(refused("the endpoint does not offer HTTP/2".to_owned()));
        }
        Ok((self.handshake(stream, name).await?, misplaced))
    }

    /// Holds an address against the declared jurisdiction. `Ok(Some)` when it is elsewhere and that is
    /// only to be noted; an address nobody knows is taken as declared.
    fn place(&self, address: IpAddr) -> Result<Option<Region>, ProxyError> {
        let found = self.geo.as_ref().and_then(|geo| geo.region(address));
        match found {
            Some(found) if found != self.jurisdiction => match self.on_mismatch {
                OnMismatch::Block => Err(ProxyError::Misplaced {
                    data_centre: self.id.clone(),
                    declared: self.jurisdiction,
                    found,
                    address,
                }),
                OnMismatch::Annotate => Ok(Some(found)),
            },
            Some(_) | None => Ok(None),
        }
    }

    fn geo_edition(&self) -> u64 {
        self.geo.as_ref().map_or(0, |geo| geo.edition())
    }

    async fn handshake<S>(&self, stream: S, name: impl Fn() -> String) -> Result<Sender, ProxyError>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let broken = |error: hyper::Error| ProxyError::UpstreamBroken {
            endpoint: name(),
            error: error.into(),
        };
        match self.protocol {
            Protocol::Http1 => Ok(Sender::Http1(Client::new(stream))),
            Protocol::Http2 => Ok(Sender::Http2(Shared::handshake(stream).await.map_err(broken)?)),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("id", &self.id).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: Sender,
    pub(super) endpoint: usize,
    address: IpAddr,
    /// Of the endpoint's name, when the address was last among those it leads to.
    edition: u64,
    /// Of the country database that was last asked where the address is.
    geo_edition: u64,
    pub(super) misplaced: Option<Region>,
    pub(super) used: Instant,
}

impl Connection {
    /// False once the endpoint's name leads elsewhere, or the address is known to be where it may not be.
    pub(super) fn is_current(&mut self, data_centre: &Target, target: &EndpointTarget) -> bool {
        self.is_named(target) && self.is_in_place(data_centre)
    }

    fn is_named(&mut self, target: &EndpointTarget) -> bool {
        let Some(name) = target.named() else { return true };
        let edition = name.edition();
        if edition == self.edition {
            return true;
        }
        self.edition = edition;
        name.leads_to(self.address)
    }

    fn is_in_place(&mut self, data_centre: &Target) -> bool {
        let edition = data_centre.geo_edition();
        if edition == self.geo_edition {
            return true;
        }
        self.geo_edition = edition;
        match data_centre.place(self.address) {
            Ok(misplaced) => {
                self.misplaced = misplaced;
                true
            }
            Err(_) => false,
        }
    }

    /// Another one to the same HTTP/2 connection, where there is room for another exchange.
    pub(super) fn share(&self) -> Option<Box<Self>> {
        match &self.sender {
            Sender::Http2(shared) => shared
                .has_room()
                .then(|| Box::new(Self { sender: Sender::Http2(Rc::clone(shared)), ..*self })),
            Sender::Http1(_) => None,
        }
    }

    /// The HTTP/2 connection that it is one of several to.
    pub(super) fn shared(&self) -> Option<&Rc<Shared>> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(shared) => Some(shared),
        }
    }

    /// True when all exchanges over it ended so long ago.
    pub(super) fn has_rested(&self, time: Duration) -> bool {
        match &self.sender {
            Sender::Http1(_) => self.used.elapsed() > time,
            Sender::Http2(shared) => shared.has_rested(time),
        }
    }

    /// True when an exchange over it would not be answered.
    pub(super) fn is_closed(&self) -> bool {
        match &self.sender {
            // It goes with the exchange that had it.
            Sender::Http1(_) => true,
            Sender::Http2(shared) => shared.is_closed(),
        }
    }
}

#[derive(Debug)]
pub(super) enum Sender {
    /// One exchange at a time has it.
    Http1(Client),
    /// So many exchanges share it.
    Http2(Rc<Shared>),
}

/// A request without an answer; with the request where no byte of it has left.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) error: ClientError,
    pub(super) ending: Ending,
    pub(super) unsent: Option<Box<Request<Bytes>>>,
}

/// What ended with an exchange that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The connection, and whatever else was under way over it.
    Connection,
    /// It alone.
    Exchange,
    /// It alone, and nothing was done with it: the data centre refused the stream (RFC 9113 §8.7).
    Refused,
    /// The connection takes no more, and nothing was done with it: the data centre had not come to the stream when
    /// it said so (RFC 9113 §6.8).
    Untouched,
}

impl Ending {
    /// True when the request was not processed, so that it may be sent again whatever its method.
    pub(super) fn is_harmless(self) -> bool {
        matches!(self, Self::Refused | Self::Untouched)
    }
}

impl Sender {
    /// The head of the answer, and its body where that does not come through the connection's own.
    pub(super) async fn send(
        &mut self,
        request: Box<Request<Bytes>>,
    ) -> Result<(Response<()>, Option<Incoming>), Unanswered> {
        match self {
            Self::Http1(client) => match client.send(&request).await {
                Ok(response) => Ok((response, None)),
                Err(http1::Unanswered { error, is_unsent }) => {
                    let unsent = is_unsent.then_some(request);
                    Err(Unanswered { error, ending: Ending::Connection, unsent })
                }
            },
            Self::Http2(shared) => match shared.send(request.map(Full::new)).await {
                Ok(response) => {
                    let (head, body) = response.into_parts();
                    Ok((Response::from_parts(head, ()), Some(body)))
                }
                Err(mut error) => {
                    let unsent = error.take_message();
                    let unsent = unsent.map(|request| Box::new(request.map(into_bytes)));
                    let error = error.into_error();
                    Err(Unanswered { ending: shared::ending(&error), error: error.into(), unsent })
                }
            },
        }
    }

    /// The target as the protocol has it: path and query alone, or with scheme and authority.
    pub(super) fn uri(&self, target: Uri, authority: Option<&HeaderValue>, tls: bool) -> Uri {
        match self {
            Self::Http1(_) => target,
            Self::Http2(_) => {
                let mut parts = target.into_parts();
                parts.scheme = Some(if tls { Scheme::HTTPS } else { Scheme::HTTP });
                parts.authority = authority.and_then(|host| host.as_bytes().try_into().ok());
                Uri::from_parts(parts).unwrap_or_default()
            }
        }
    }

    /// True when the next request can go out at once.
    pub(super) fn is_ready(&mut self) -> bool {
        match self {
            Self::Http1(client) => client.stands(),
            Self::Http2(shared) => !shared.is_closed(),
        }
    }
}

/// A held body gives its one piece back.
fn into_bytes(mut body: Full<Bytes>) -> Bytes {
    use http_body::Body as _;
    let mut cx = Context::from_waker(std::task::Waker::noop());
    match Pin::new(&mut body).poll_frame(&mut cx) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        Poll::Ready(_) | Poll::Pending => Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lead_home() {
        for (address, expected) in [
            ("0.0.0.0", true),
            ("::", true),
            ("::ffff:0.0.0.0", true),
            ("64:ff9b::", true),
            ("169.254.169.254", true),
            ("::ffff:169.254.169.254", true),
            ("fe80::1", true),
            ("0.0.0.1", false),
            ("169.253.0.1", false),
            // Where a sidecar or a test listens.
            ("127.0.0.1", false),
            ("::1", false),
            ("fec0::1", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(leads_home(address.parse().unwrap()), expected, "{address}");
        }
    }
}
