//! A data centre's endpoints, and making connections to them: look-up, place, handshakes.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::TlsConnector;

use super::super::{LocalExecutor, ProxyError, tls};
use crate::{
    config::{Config, DataCentre, Endpoint, OnMismatch, Protocol},
    domain::Region,
    geo::GeoDb,
    source::Diagnostics,
};

/// What every worker knows of a data centre.
pub(in crate::proxy) struct Target {
    pub(super) id: String,
    pub(super) jurisdiction: Region,
    pub(super) on_mismatch: OnMismatch,
    pub(super) protocol: Protocol,
    pub(super) endpoints: Vec<EndpointTarget>,
    /// `Some` when the endpoints are `https`.
    pub(super) tls: Option<TlsConnector>,
    pub(in crate::proxy) preserve_host: bool,
    pub(super) idle_connections_max: usize,
    pub(super) connect_time: Duration,
    pub(super) idle: Duration,
    pub(super) geo: Option<Arc<GeoDb>>,
}

pub(super) struct EndpointTarget {
    pub(super) endpoint: Endpoint,
    /// What goes into `Host` or `:authority`.
    pub(super) host: HeaderValue,
    pub(super) server_name: ServerName<'static>,
}

impl Target {
    pub(in crate::proxy) fn compile(
        config: &Config,
        data_centre: &DataCentre,
        geo: Option<Arc<GeoDb>>,
        file: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let is_tls = data_centre.endpoints.first().is_some_and(|endpoint| endpoint.tls);
        let tls = match is_tls {
            true => Some(TlsConnector::from(tls::client(data_centre, file, diagnostics)?)),
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
            geo,
        })
    }

    /// Makes a connection to one endpoint, over the first of its addresses that answers.
    pub(super) async fn connect(
        &self,
        number: usize,
        target: &EndpointTarget,
    ) -> Result<Connection, ProxyError> {
        let name = || target.endpoint.to_string();
        let addresses = resolve(&target.endpoint)
            .await
            .map_err(|error| ProxyError::Unresolved { endpoint: name(), error })?;
        let mut failure = None;
        for address in addresses {
            let misplaced = self.place(address.ip())?;
            let stream = match TcpStream::connect(address).await {
                Ok(stream) => stream,
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            };
            // Head and body go out in one write already; waiting for more only adds delay.
            let _ = stream.set_nodelay(true);
            let sender = match &self.tls {
                None => self.handshake(stream, name).await?,
                Some(connector) => {
                    let connected = connector.connect(target.server_name.clone(), stream).await;
                    let stream = connected.map_err(|error| ProxyError::Handshake {
                        endpoint: name(),
                        error: error.to_string(),
                    })?;
                    if self.protocol == Protocol::Http2
                        && stream.get_ref().1.alpn_protocol() != Some(tls::H2)
                    {
                        let error = "the endpoint does not offer HTTP/2".to_owned();
                        return Err(ProxyError::Handshake { endpoint: name(), error });
                    }
                    self.handshake(stream, name).await?
                }
            };
            return Ok(Connection { sender, endpoint: number, misplaced, used: Instant::now() });
        }
        let error = failure.unwrap_or_else(|| std::io::ErrorKind::NotFound.into());
        Err(ProxyError::Unreachable { endpoint: name(), error })
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

    async fn handshake<S>(&self, stream: S, name: impl Fn() -> String) -> Result<Sender, ProxyError>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let broken = |error| ProxyError::UpstreamBroken { endpoint: name(), error };
        let io = TokioIo::new(stream);
        match self.protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(io).await.map_err(broken)?;
                tokio::task::spawn_local(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "upstream connection ended");
                    }
                });
                Ok(Sender::Http1(sender))
            }
            Protocol::Http2 => {
                let (sender, connection) =
                    http2::handshake(LocalExecutor, io).await.map_err(broken)?;
                tokio::task::spawn_local(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "upstream connection ended");
                    }
                });
                Ok(Sender::Http2(sender))
            }
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
    pub(super) misplaced: Option<Region>,
    pub(super) used: Instant,
}

#[derive(Debug)]
pub(super) enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Sender {
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>> {
        match self {
            Self::Http1(sender) => sender.try_send_request(request).await,
            Self::Http2(sender) => sender.try_send_request(request).await,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }
}

async fn resolve(endpoint: &Endpoint) -> std::io::Result<Vec<SocketAddr>> {
    if let Ok(address) = endpoint.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, endpoint.port)]);
    }
    let found = tokio::net::lookup_host((endpoint.host.as_str(), endpoint.port)).await?;
    Ok(found.collect())
}
