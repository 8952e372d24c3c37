//! HTTPS for operators, whose certificates it takes, and whom those name.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

use crate::{config::AdminTls, source::Latest, telemetry::CertificateMetrics};

/// As the metrics and the status call it.
const NAME: &str = "admin";

/// Why the admin address cannot speak TLS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`admin.tls`: `{path}` {reason}")]
pub struct TlsError {
    path: PathBuf,
    reason: String,
}

impl TlsError {
    /// The file that is wrong.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What handshakes are answered with, by the files as they are now; cheap to clone.
///
/// Files that have changed are read again at the next connection. What cannot be used changes nothing.
#[derive(Debug, Clone)]
pub struct AdminIdentity {
    latest: Arc<Latest<Arc<ServerConfig>>>,
    asks_for_certificates: bool,
}

impl AdminIdentity {
    /// Reads the certificate, its key and the authorities of clients. Fails when one of them cannot be used.
    pub fn load(section: &AdminTls, certificates: CertificateMetrics) -> Result<Self, TlsError> {
        let first = || {
            let (config, expiry) = read(section)?;
            certificates.loaded(NAME, expiry);
            Ok(config)
        };
        let (section_again, metrics) = (section.clone(), certificates.clone());
        let again = move || match read(&section_again) {
            Ok((config, expiry)) => {
                metrics.reloaded(NAME, expiry);
                Ok(config)
            }
            Err(error) => {
                metrics.refused(NAME, &error.to_string());
                Err(error)
            }
        };
        let files = files(section).cloned().collect();
        let latest = Arc::new(Latest::load("`admin.tls`", files, first, again)?);
        Ok(Self { latest, asks_for_certificates: section.client_roots.is_some() })
    }

    pub(super) fn asks_for_certificates(&self) -> bool {
        self.asks_for_certificates
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.latest.current()
    }
}

/// The names in the certificate that somebody showed, and that one of the authorities signed.
#[derive(Debug, Clone)]
pub(super) struct Shown(Arc<[String]>);

impl Shown {
    /// URIs, mail addresses and DNS names, the last in lower case (RFC 5280 §4.2.1.6).
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
            return Self(Arc::new([]));
        };
        let Ok(Some(names)) = certificate.subject_alternative_name() else {
            return Self(Arc::new([]));
        };
        let name = |name: &GeneralName<'_>| {
            if let GeneralName::URI(name) | GeneralName::RFC822Name(name) = name {
                return Some((*name).to_owned());
            }
            let GeneralName::DNSName(name) = name else { return None };
            Some(name.to_ascii_lowercase())
        };
        Self(names.value.general_names.iter().filter_map(name).collect())
    }

    #[cfg(test)]
    pub(super) fn with(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).collect())
    }

    pub(super) fn bears(&self, name: &str) -> bool {
        self.0.iter().any(|shown| shown == name)
    }
}

fn files(section: &AdminTls) -> impl Iterator<Item = &PathBuf> {
    let roots = section.client_roots.as_ref().map(|path| &path.value);
    [&section.certificate.value, &section.key.value].into_iter().chain(roots)
}

/// With the second of Unix time at which the first certificate runs out.
fn read(section: &AdminTls) -> Result<(Arc<ServerConfig>, Option<i64>), TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let wrong = |path: &Path, reason: String| TlsError { path: path.to_owned(), reason };
    let certificate = certificates(&section.certificate)?;
    let expiry = certificate.first().and_then(|leaf| {
        let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
        Some(leaf.validity().not_after.timestamp())
    });
    let key = PrivateKeyDer::from_pem_file(&*section.key)
        .map_err(|error| wrong(&section.key, format!("is no private key in PEM: {error}")))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&section.certificate, error.to_string()))?;
    let builder = match &section.client_roots {
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(path)? {
                roots
                    .add(authority)
                    .map_err(|error| wrong(path, format!("holds no authority: {error}")))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match section.client_required {
                true => verifier,
                false => verifier.allow_unauthenticated(),
            };
            let verifier = verifier.build().map_err(|error| wrong(path, error.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(certificate, key).map_err(|error| {
        let reason = if matches!(error, rustls::Error::InconsistentKeys(_)) {
            format!("is not the certificate of the key `{}`", section.key.display())
        } else {
            format!("cannot be used with its key: {error}")
        };
        wrong(&section.certificate, reason)
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), expiry))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |reason: String| TlsError { path: path.to_owned(), reason };
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(format!("cannot be read as PEM: {error}")))?;
    if found.is_empty() { Err(wrong("holds no certificate".to_owned())) } else { Ok(found) }
}
