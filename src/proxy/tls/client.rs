//! Towards data centres: whom we trust, and who we say we are.

use std::sync::Arc;

use rustls::ClientConfig;

use super::{
    H2, HTTP11, Reloading, chain, expiry, file_roots, private_key, provider, reload::Loaded,
    system_roots,
};
use crate::{
    config::{DataCentre, Protocol, Roots},
    source::Diagnostics,
    telemetry::Metrics,
};

/// What handshakes with a data centre are made with, as its files say now; `None` when there was an error.
pub(in crate::proxy) fn reloading(
    data_centre: &DataCentre,
    file: &str,
    metrics: &Arc<Metrics>,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<Reloading<ClientConfig>>> {
    let tls = &data_centre.tls;
    let mut files: Vec<_> = [&tls.client_certificate, &tls.client_key]
        .into_iter()
        .flatten()
        .map(|path| path.value.clone())
        .collect();
    if let Some(Roots::File(path)) = tls.roots.as_ref().map(|roots| &roots.value) {
        files.push(path.clone());
    }
    let name = data_centre.id.value.clone();
    let (data_centre, file) = (data_centre.clone(), file.to_owned());
    let load = move |diagnostics: &mut Diagnostics| load(&data_centre, &file, diagnostics);
    Reloading::new(name, files, metrics, diagnostics, load)
}

fn load(
    data_centre: &DataCentre,
    file: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Loaded<ClientConfig>> {
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
    let expiry = identity.as_ref().and_then(|(chain, _)| expiry(chain.first()?));
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
            Some(Loaded { config: Arc::new(config), expiry })
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
