//! What a certificate says of its bearer (RFC 5280 §4.2.1.6) and until when.

use std::path::Path;

use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

/// The DNS names, in lower case.
pub(super) fn dns_names(certificate: &CertificateDer<'_>) -> Vec<String> {
    alternative_names(certificate, |name| {
        let GeneralName::DNSName(name) = name else { return None };
        Some(name.to_ascii_lowercase())
    })
}

/// The URIs as they stand.
pub(in crate::proxy) fn uris(certificate: &CertificateDer<'_>) -> Vec<String> {
    alternative_names(certificate, |name| {
        let GeneralName::URI(uri) = name else { return None };
        Some((*uri).to_owned())
    })
}

/// When a certificate runs out, in seconds of Unix time.
pub(in crate::proxy) fn expiry(certificate: &CertificateDer<'_>) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// From when to when the first certificate of a PEM file is good, in seconds of Unix time.
pub fn validity(path: &Path) -> Option<(i64, i64)> {
    let first = CertificateDer::pem_file_iter(path).ok()?.next()?.ok()?;
    let (_, certificate) = X509Certificate::from_der(&first).ok()?;
    let validity = certificate.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

fn alternative_names(
    certificate: &CertificateDer<'_>,
    wanted: impl Fn(&GeneralName<'_>) -> Option<String>,
) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    match certificate.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.iter().filter_map(wanted).collect(),
        Ok(None) | Err(_) => Vec::new(),
    }
}
