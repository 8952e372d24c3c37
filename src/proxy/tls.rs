//! TLS on both sides: 1.2 and 1.3, certificates and keys from PEM files, HTTP/2 by ALPN.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::CryptoProvider};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject as _},
};

use crate::{
    config::{DataCentre, ListenerTls, Protocol, Roots},
    source::{Diagnostics, Place},
};

/// What a listener answers handshakes with.
pub(super) fn server(
    tls: &ListenerTls,
    file: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<ServerConfig>> {
    let certificate = chain(&tls.certificate, tls.certificate.place(file), diagnostics);
    let key = private_key(&tls.key, tls.key.place(file), diagnostics);
    let (certificate, key) = (certificate?, key?);
    let built = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificate, key));
    match built {
        Ok(mut config) => {
            config.alpn_protocols = vec![H2.to_vec(), HTTP11.to_vec()];
            Some(Arc::new(config))
        }
        Err(error) => {
            diagnostics
                .error(
                    tls.certificate.place(file),
                    format!("the certificate cannot be used: {error}"),
                )
                .remedy("give a certificate chain, leaf first, and the private key of its leaf");
            None
        }
    }
}

/// What handshakes with a data centre are made with; `None` when there was an error.
pub(super) fn client(
    data_centre: &DataCentre,
    file: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<ClientConfig>> {
    let tls = &data_centre.tls;
    let roots = match &tls.roots {
        Some(roots) => match &roots.value {
            Roots::System => system_roots(roots.place(file), diagnostics),
            Roots::File(path) => file_roots(path, roots.place(file), diagnostics),
        },
        None => system_roots(data_centre.id.place(file), diagnostics),
    };
    let identity = match (&tls.client_certificate, &tls.client_key) {
        (Some(certificate), Some(key)) => {
            let certificate = chain(certificate, certificate.place(file), diagnostics);
            let key = private_key(key, key.place(file), diagnostics);
            Some((certificate?, key?))
        }
        _ => None,
    };
    let roots = roots?;
    let built = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots))
        .and_then(|builder| match identity {
            Some((certificate, key)) => builder.with_client_auth_cert(certificate, key),
            None => Ok(builder.with_no_client_auth()),
        });
    match built {
        Ok(mut config) => {
            config.alpn_protocols = vec![match data_centre.protocol {
                Protocol::Http1 => HTTP11.to_vec(),
                Protocol::Http2 => H2.to_vec(),
            }];
            Some(Arc::new(config))
        }
        Err(error) => {
            let place = tls
                .client_certificate
                .as_ref()
                .map_or_else(|| data_centre.id.place(file), |certificate| certificate.place(file));
            diagnostics
                .error(place, format!("the client certificate cannot be used: {error}"))
                .remedy("give a certificate chain, leaf first, and the private key of its leaf");
            None
        }
    }
}

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
