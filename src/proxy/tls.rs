//! TLS on both sides: 1.2 and 1.3, certificates and keys from PEM files, HTTP/2 by ALPN.
//!
//! What the files say is read at the start, and again when they change ([`Reloading`]): new handshakes go by
//! the new files, and a change that cannot be used leaves the old ones in use.

use std::{path::Path, sync::Arc};

use rustls::{RootCertStore, crypto::CryptoProvider};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject as _},
};

use crate::source::{Diagnostics, Place};

pub(super) mod client;
mod names;
mod reload;
pub(super) mod server;
mod shown;

use names::expiry;
pub(super) use names::uris;
pub use names::validity;
pub(super) use reload::{Reloading, Watch, Watched};
pub(super) use server::Accepting;
pub(super) use shown::Shown;

pub(super) const H2: &[u8] = b"h2";
const HTTP11: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn system_roots(place: Place, diagnostics: &mut Diagnostics) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        diagnostics
            .error(place, "this machine has no trust store")
            .remedy("install the system's CA certificates, or name a PEM file in `tls.roots`");
        return None;
    }
    Some(roots)
}

fn file_roots(path: &Path, place: Place, diagnostics: &mut Diagnostics) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(chain(path, place.clone(), diagnostics)?);
    if added == 0 {
        diagnostics
            .error(place, format!("`{}` holds no usable root certificate", path.display()))
            .remedy("give a PEM file of X.509 certificates");
        return None;
    }
    Some(roots)
}

fn chain(
    path: &Path,
    place: Place,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => Some(certificates),
        Ok(_) => unreadable(path, "it holds no certificate", place, diagnostics),
        Err(error) => unreadable(path, &words(&error), place, diagnostics),
    }
}

fn private_key(
    path: &Path,
    place: Place,
    diagnostics: &mut Diagnostics,
) -> Option<PrivateKeyDer<'static>> {
    match PrivateKeyDer::from_pem_file(path) {
        Ok(key) => Some(key),
        Err(error) => unreadable(path, &words(&error), place, diagnostics),
    }
}

fn unreadable<T>(path: &Path, why: &str, place: Place, diagnostics: &mut Diagnostics) -> Option<T> {
    diagnostics
        .error(place, format!("`{}` cannot be used: {why}", path.display()))
        .remedy("give a readable PEM file");
    None
}

fn words(error: &pem::Error) -> String {
    if matches!(error, pem::Error::NoItemsFound) {
        return "it holds nothing of this kind".to_owned();
    }
    error.to_string()
}
