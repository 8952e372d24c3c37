//! Calls another server for the gateway's own ends: a bundle of rules, a collector of telemetry.
//!
//! Nothing of a transfer goes this way. A call has a deadline, an answer a bound; redirects are not
//! followed, so that what is asked is what was configured. TLS 1.2 or 1.3 where the URL says `https`.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

/// Keeps a connection between calls; cheap to clone.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    time_max: Duration,
    bytes_max: usize,
}

/// Bounds of a call.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// A PEM file of authorities; `None` for the machine's trust store.
    pub roots: Option<PathBuf>,
    /// From the connection to the last byte.
    pub time_max: Duration,
    /// Of an answer's body.
    pub bytes_max: usize,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("`{path}` cannot be read as PEM certificates: {reason}")]
    Roots { path: PathBuf, reason: String },
    #[error("`{path}` holds no usable root certificate")]
    NoRoots { path: PathBuf },
    #[error("this machine has no trust store; name a PEM file of authorities")]
    NoTrustStore,
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("did not answer within {0:?}")]
    TimedOut(Duration),
    #[error("broke off in the middle of its answer")]
    BrokenOff,
    #[error("answered with more than {0} bytes")]
    TooLong(usize),
}

impl Client {
    /// Reads the authorities.
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        let roots = match &settings.roots {
            Some(path) => file_roots(path)?,
            None => system_roots()?,
        };
        let provider = rustls::crypto::ring::default_provider();
        let tls = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(1)
            .build(connector.wrap_connector(tcp));
        Ok(Self { pool, time_max: settings.time_max, bytes_max: settings.bytes_max })
    }

    /// Sends a request and collects the answer, whatever its status.
    pub async fn call(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, CallError> {
        let exchange = async {
            let answer = self.pool.request(request).await;
            let answer = answer.map_err(|error| CallError::Unreachable(causes(&error)))?;
            let (head, body) = answer.into_parts();
            match Limited::new(body, self.bytes_max).collect().await {
                Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => {
                    Err(CallError::TooLong(self.bytes_max))
                }
                Err(_) => Err(CallError::BrokenOff),
            }
        };
        let answered = tokio::time::timeout(self.time_max, exchange).await;
        answered.unwrap_or(Err(CallError::TimedOut(self.time_max)))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("time_max", &self.time_max).finish_non_exhaustive()
    }
}

/// The error and what lies beneath it, once each: the reason of a failed handshake is at the bottom.
fn causes(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut beneath = error.source();
    while let Some(cause) = beneath {
        let words = cause.to_string();
        if !told.contains(&words) {
            told.push_str(": ");
            told.push_str(&words);
        }
        beneath = cause.source();
    }
    told
}

fn system_roots() -> Result<RootCertStore, ClientError> {
    let mut roots = RootCertStore::empty();
    let (added, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 { Err(ClientError::NoTrustStore) } else { Ok(roots) }
}

fn file_roots(path: &Path) -> Result<RootCertStore, ClientError> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| ClientError::Roots { path: path.to_owned(), reason: error.to_string() })?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 { Err(ClientError::NoRoots { path: path.to_owned() }) } else { Ok(roots) }
}
