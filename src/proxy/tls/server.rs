//! Towards callers: certificates by the name asked for, and whose certificates are taken.

use std::{collections::HashMap, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    server::{
        ClientHello, NoClientAuth, ResolvesServerCert, WebPkiClientVerifier,
        danger::ClientCertVerifier,
    },
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};

use super::{
    H2, HTTP11, Reloading, chain, expiry, file_roots, names, private_key, provider, reload::Loaded,
};
use crate::{
    config::ListenerTls,
    source::{At, Diagnostics},
    telemetry::Metrics,
};

/// How a listener answers handshakes, and whom it takes callers for.
#[derive(Debug)]
pub(in crate::proxy) struct Accepting {
    pub(in crate::proxy) config: Arc<ServerConfig>,
    callers: Callers,
}

/// Whose certificates are taken; nobody's without a verifier.
#[derive(Debug, Default)]
struct Callers {
    authorities: Vec<TrustAnchor<'static>>,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

impl Accepting {
    /// Whether a handshake that showed this chain, leaf first, would be agreed to now.
    pub(super) fn accepts(&self, chain: &[CertificateDer<'_>]) -> bool {
        let (Some(verifier), Some((leaf, rest))) = (&self.callers.verifier, chain.split_first())
        else {
            return false;
        };
        verifier.verify_client_cert(leaf, rest, UnixTime::now()).is_ok()
    }

    pub(super) fn has_the_authorities_of(&self, other: &Self) -> bool {
        self.callers.authorities == other.callers.authorities
    }
}

/// What a listener answers handshakes with, as its files say now; `None` when there was an error.
pub(in crate::proxy) fn reloading(
    name: &str,
    tls: &ListenerTls,
    file: &str,
    metrics: &Arc<Metrics>,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<Reloading<Accepting>>> {
    let mut files = vec![tls.certificate.value.clone(), tls.key.value.clone()];
    for one in &tls.certificates {
        files.extend([one.certificate.value.clone(), one.key.value.clone()]);
    }
    files.extend(tls.client_roots.as_ref().map(|roots| roots.value.clone()));
    let (tls, file) = (tls.clone(), file.to_owned());
    let load = move |diagnostics: &mut Diagnostics| load(&tls, &file, diagnostics);
    Reloading::new(name.to_owned(), files, metrics, diagnostics, load)
}

fn load(tls: &ListenerTls, file: &str, diagnostics: &mut Diagnostics) -> Option<Loaded<Accepting>> {
    let before = diagnostics.error_count();
    let default = certified(&tls.certificate, &tls.key, file, diagnostics);
    let mut soonest = default.as_ref().and_then(|key| expiry(key.cert.first()?));
    let mut by_name = HashMap::new();
    for one in &tls.certificates {
        let Some(key) = certified(&one.certificate, &one.key, file, diagnostics) else { continue };
        let known = key.cert.first().map(|leaf| names::dns_names(leaf)).unwrap_or_default();
        if known.is_empty() {
            diagnostics
                .error(
                    one.certificate.place(file),
                    format!(
                        "`{}` bears no DNS name, so nobody can ask for it",
                        one.certificate.display()
                    ),
                )
                .remedy("give a certificate with a DNS name among its alternative names");
        }
        soonest = soonest.into_iter().chain(key.cert.first().and_then(expiry)).min();
        for name in known {
            // The first that bears a name has it.
            by_name.entry(name).or_insert_with(|| Arc::clone(&key));
        }
    }
    let callers = callers(tls, file, diagnostics);
    if diagnostics.error_count() > before {
        return None;
    }
    let resolver = Arc::new(ByName { by_name, default: default? });
    let built =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let Callers { authorities, verifier } = callers?;
    let mut config = match built {
        Ok(builder) => builder
            .with_client_cert_verifier(verifier.clone().unwrap_or_else(|| Arc::new(NoClientAuth)))
            .with_cert_resolver(resolver),
        Err(error) => {
            diagnostics
                .error(tls.certificate.place(file), format!("TLS cannot be set up: {error}"))
                .remedy("report this; it does not depend on the configuration");
            return None;
        }
    };
    config.alpn_protocols = vec![H2.to_vec(), HTTP11.to_vec()];
    let accepting =
        Accepting { config: Arc::new(config), callers: Callers { authorities, verifier } };
    Some(Loaded { config: Arc::new(accepting), expiry: soonest })
}

fn certified(
    certificate: &At<std::path::PathBuf>,
    key: &At<std::path::PathBuf>,
    file: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<CertifiedKey>> {
    let chain = chain(certificate, certificate.place(file), diagnostics);
    let key = private_key(key, key.place(file), diagnostics);
    match CertifiedKey::from_der(chain?, key?, &provider()) {
        Ok(certified) => Some(Arc::new(certified)),
        Err(error) => {
            let why = if matches!(error, rustls::Error::InconsistentKeys(_)) {
                "its key is that of another".to_owned()
            } else {
                error.to_string()
            };
            diagnostics
                .error(certificate.place(file), format!("the certificate cannot be used: {why}"))
                .remedy("give a certificate chain, leaf first, and the private key of its leaf");
            None
        }
    }
}

/// `None` when there was an error.
fn callers(tls: &ListenerTls, file: &str, diagnostics: &mut Diagnostics) -> Option<Callers> {
    let Some(path) = &tls.client_roots else { return Some(Callers::default()) };
    let roots = file_roots(path as &Path, path.place(file), diagnostics)?;
    let authorities = roots.roots.clone();
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    let builder = if tls.client_required { builder } else { builder.allow_unauthenticated() };
    match builder.build() {
        Ok(verifier) => Some(Callers { authorities, verifier: Some(verifier) }),
        Err(error) => {
            diagnostics
                .error(path.place(file), format!("`{}` cannot be used: {error}", path.display()))
                .remedy(
                    "give a PEM file of the authorities whose client certificates are accepted",
                );
            None
        }
    }
}

/// Chooses by the name asked for: that name, then the wildcard above it, then the default.
#[derive(Debug)]
struct ByName {
    /// Lower case; `*.example.org` as it stands.
    by_name: HashMap<String, Arc<CertifiedKey>>,
    default: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.of(hello.server_name())))
    }
}

impl ByName {
    fn of(&self, name: Option<&str>) -> &Arc<CertifiedKey> {
        let Some(name) = name.map(str::to_ascii_lowercase).filter(|_| !self.by_name.is_empty())
        else {
            return &self.default;
        };
        let wildcard = || self.by_name.get(&format!("*.{}", name.split_once('.')?.1));
        self.by_name.get(&name).or_else(wildcard).unwrap_or(&self.default)
    }
}
