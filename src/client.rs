//! Calls another server for the gateway's own ends: a bundle of rules, a collector of telemetry.
//!
//! Nothing of a transfer goes this way. A call has a deadline, an answer a bound; redirects are not
//! followed, so that what is asked is what was configured. TLS 1.2 or 1.3 where the URL says `https`. Who we are
//! is said by a bearer token (RFC 6750) or a certificate, out of files that are read again when they change.

use std::{
    error::Error,
    fmt, fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use parking_lot::Mutex;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// Keeps a connection between calls; cheap to clone.
#[derive(Clone)]
pub struct Client {
    settings: Arc<ClientSettings>,
    current: Arc<Mutex<Current>>,
}

type Connections = Pool<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// What the files of TLS came to.
struct Current {
    seen: Vec<Seen>,
    pool: Connections,
}

/// What can be seen of a file without reading it; `None` where there is none.
type Seen = Option<[u64; 4]>;

/// Bounds of a call.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// A PEM file of authorities; `None` for the machine's trust store.
    pub roots: Option<PathBuf>,
    /// From the connection to the last byte.
    pub time_max: Duration,
    /// How long the body of an answer may be.
    pub bytes_max: usize,
    pub credentials: Credentials,
}

/// Who we are to the other server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// A file with a bearer token; read at every call.
    pub token: Option<PathBuf>,
    /// PEM files of a certificate, leaf first, and its private key.
    pub identity: Option<(PathBuf, PathBuf)>,
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
    #[error("`{path}` {reason}")]
    Identity { path: PathBuf, reason: String },
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Why there is no token to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the token `{path}` {reason}")]
pub struct TokenError {
    path: PathBuf,
    reason: String,
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
    #[error("was not asked: {0}")]
    Token(#[from] TokenError),
}

impl Client {
    /// Reads the authorities and, once to see that they are right, who we are. Fails when a file cannot be read or
    /// holds something else, and where the machine has no trust store and none is named.
    pub fn new(settings: &ClientSettings) -> Result<Self, ClientError> {
        settings.credentials.bearer()?;
        let seen = settings.files().map(look).collect();
        let current = Current { seen, pool: connections(settings)? };
        Ok(Self { settings: Arc::new(settings.clone()), current: Arc::new(Mutex::new(current)) })
    }

    /// Sends a request and collects the answer, whatever its status. Fails when there is none, or none that is whole
    /// and within bounds.
    pub async fn call(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>, CallError> {
        let ClientSettings { time_max, bytes_max, credentials, .. } = &*self.settings;
        if let Some(token) = credentials.bearer()? {
            request.headers_mut().insert(header::AUTHORIZATION, token);
        }
        let pool = self.pool();
        let exchange = async {
            let answer = pool.request(request).await;
            let answer = answer.map_err(|error| CallError::Unreachable(causes(&error)))?;
            let (head, body) = answer.into_parts();
            match Limited::new(body, *bytes_max).collect().await {
                Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(CallError::TooLong(*bytes_max)),
                Err(_) => Err(CallError::BrokenOff),
            }
        };
        let answered = tokio::time::timeout(*time_max, exchange).await;
        answered.unwrap_or(Err(CallError::TimedOut(*time_max)))
    }

    /// Connections by the files as they are now, or as they were when they were last right.
    fn pool(&self) -> Connections {
        let seen: Vec<Seen> = self.settings.files().map(look).collect();
        let mut current = self.current.lock();
        if current.seen != seen {
            current.seen = seen;
            match connections(&self.settings) {
                Ok(pool) => {
                    current.pool = pool;
                    tracing::info!("certificates for calls to other servers read again");
                }
                Err(error) => tracing::warn!(%error, "the certificates before go on"),
            }
        }
        current.pool.clone()
    }
}

impl ClientSettings {
    /// Those that connections are made by.
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let identity = self.credentials.identity.iter();
        self.roots.iter().chain(identity.flat_map(|(certificate, key)| [certificate, key]))
    }
}

impl Credentials {
    /// For the header `Authorization`, marked as one that is not to be shown.
    fn bearer(&self) -> Result<Option<HeaderValue>, TokenError> {
        let Some(path) = &self.token else { return Ok(None) };
        let wrong = |reason: String| TokenError { path: path.clone(), reason };
        let text = fs::read_to_string(path)
            .map_err(|error| wrong(format!("cannot be read: {}", error.kind())))?;
        let token = text.trim();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if token.is_empty() || !token.bytes().all(is_token) {
            return Err(wrong("is no bearer token (RFC 6750 §2.1)".to_owned()));
        }
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| wrong("cannot stand in a header".to_owned()))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

fn connections(settings: &ClientSettings) -> Result<Connections, ClientError> {
    let roots = match &settings.roots {
        Some(path) => file_roots(path)?,
        None => system_roots()?,
    };
    let provider = rustls::crypto::ring::default_provider();
    let builder = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let tls = match &settings.credentials.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let wrong = |path: &PathBuf, error: &dyn Error| ClientError::Identity {
                path: path.clone(),
                reason: format!("cannot be used: {error}"),
            };
            let chain = CertificateDer::pem_file_iter(certificate)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| wrong(certificate, &error))?;
            let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
            let tls = builder.with_client_auth_cert(chain, private);
            tls.map_err(|error| wrong(certificate, &error))?
        }
    };
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
    Ok(Pool::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(90))
        .pool_max_idle_per_host(1)
        .build(connector.wrap_connector(tcp)))
}

fn look(path: &PathBuf) -> Seen {
    let metadata = fs::metadata(path).ok()?;
    let nanoseconds = metadata.ctime_nsec().unsigned_abs();
    Some([metadata.dev(), metadata.ino(), metadata.ctime().unsigned_abs(), nanoseconds])
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_of_its_file_as_it_is_now() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let credentials = Credentials { token: Some(path.clone()), identity: None };
        assert!(credentials.bearer().unwrap_err().to_string().contains("cannot be read"));
        for (text, token) in [
            ("abc.DEF-123~+/==\n", Some("Bearer abc.DEF-123~+/==")),
            ("another", Some("Bearer another")),
            ("", None),
            (" \n", None),
            ("two words", None),
            ("a\r\nx-injected: 1", None),
            ("\u{e9}", None),
        ] {
            fs::write(&path, text).unwrap();
            let bearer = credentials.bearer();
            match token {
                Some(token) => {
                    let value = bearer.unwrap().unwrap();
                    assert_eq!(value.to_str().unwrap(), token);
                    assert!(!format!("{value:?}").contains("Bearer"), "{value:?}");
                }
                None => {
                    let told = bearer.unwrap_err().to_string();
                    assert!(
                        told.contains("is no bearer token") && !told.contains("words"),
                        "{told}"
                    );
                }
            }
        }
    }
}
