//! Calls another server for our own ends: a bundle of rules, a collector of telemetry, the admin address of a
//! gateway that a command asks.
//!
//! Nothing of a transfer goes this way. A call has a deadline, an answer a bound; redirects are not
//! followed, so that what is asked is what was configured. TLS 1.2 or 1.3 where the URL says `https`. Who we are
//! is said by a bearer token (RFC 6750) or a certificate, out of files that are read again when they change.

use std::{
    error::Error,
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use crate::source::Latest;

/// Keeps a connection between calls; cheap to clone.
#[derive(Clone)]
pub struct Client {
    settings: Arc<ClientSettings>,
    /// By the files of TLS.
    connections: Arc<Latest<Connections>>,
}

type Connections = Pool<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Bounds of a call.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    pub roots: Authorities,
    /// From the connection to the last byte; for an answer that is read as it arrives, to each part of it.
    pub time_max: Duration,
    /// How long the body of an answer that is collected may be.
    pub bytes_max: usize,
    pub credentials: Credentials,
}

/// Who may have signed the certificate of the other server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorities {
    /// Those in this machine's trust store.
    System,
    /// Those in a PEM file.
    File(PathBuf),
    /// Nobody, for calls in clear alone: a machine that makes no others needs no trust store.
    Nobody,
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

impl ClientError {
    /// The file that is wrong, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Roots { path, .. }
            | Self::NoRoots { path }
            | Self::Identity { path, .. }
            | Self::Token(TokenError { path, .. }) => Some(path),
            Self::NoTrustStore | Self::Tls(_) => None,
        }
    }
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
        let settings = Arc::new(settings.clone());
        let again = {
            let settings = Arc::clone(&settings);
            move || connections(&settings)
        };
        let name = "certificates for calls to other servers";
        let files = settings.files().cloned().collect();
        let latest = Latest::load(name, files, || connections(&settings), again)?;
        Ok(Self { settings, connections: Arc::new(latest) })
    }

    /// Sends a request and collects the answer, whatever its status. Fails when there is none, or none that is whole
    /// and within bounds.
    pub async fn call(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, CallError> {
        let ClientSettings { time_max, bytes_max, .. } = &*self.settings;
        within(*time_max, async {
            let (head, body) = self.send(request).await?.into_parts();
            match Limited::new(body, *bytes_max).collect().await {
                Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(CallError::TooLong(*bytes_max)),
                Err(_) => Err(CallError::BrokenOff),
            }
        })
        .await
    }

    /// Sends a request whose answer is read as it arrives, however long it is.
    pub async fn stream(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Stream>, CallError> {
        let time_max = self.settings.time_max;
        let answer = within(time_max, self.send(request)).await?;
        Ok(answer.map(|body| Stream { body, time_max }))
    }

    async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, CallError> {
        if let Some(token) = self.settings.credentials.bearer()? {
            request.headers_mut().insert(header::AUTHORIZATION, token);
        }
        let answer = self.connections.current().request(request).await;
        answer.map_err(|error| CallError::Unreachable(causes(&error)))
    }
}

async fn within<T>(
    time_max: Duration,
    exchange: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let exchanged = tokio::time::timeout(time_max, exchange).await;
    exchanged.unwrap_or(Err(CallError::TimedOut(time_max)))
}

/// The body of an answer that is read as it arrives.
#[derive(Debug)]
pub struct Stream {
    body: Incoming,
    time_max: Duration,
}

impl Stream {
    /// What comes next; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, CallError> {
        within(self.time_max, async {
            while let Some(frame) = self.body.frame().await {
                // Trailers say nothing that anybody here asks for.
                if let Ok(data) = frame.map_err(|_| CallError::BrokenOff)?.into_data() {
                    return Ok(Some(data));
                }
            }
            Ok(None)
        })
        .await
    }
}

impl ClientSettings {
    /// The files that connections are made by.
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let identity = self.credentials.identity.iter();
        let roots = match &self.roots {
            Authorities::File(path) => Some(path),
            Authorities::System | Authorities::Nobody => None,
        };
        roots.into_iter().chain(identity.flat_map(|(certificate, key)| [certificate, key]))
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
        Authorities::File(path) => file_roots(path)?,
        Authorities::System => system_roots()?,
        Authorities::Nobody => RootCertStore::empty(),
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
            tls.map_err(|error| {
                if !matches!(error, rustls::Error::InconsistentKeys(_)) {
                    return wrong(certificate, &error);
                }
                let reason = format!("is not the certificate of the key `{}`", key.display());
                ClientError::Identity { path: certificate.clone(), reason }
            })?
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
