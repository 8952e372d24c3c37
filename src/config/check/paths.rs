//! Paths, which are read from the directory of the configuration file.

use std::path::{Path, PathBuf};

use crate::{config::Config, source::SourceFile};

/// Makes every relative path one from the directory of the configuration file.
pub(in crate::config) fn resolve_paths(config: &mut Config, file: &SourceFile) {
    let base = Path::new(&file.name).parent().map(Path::to_owned).unwrap_or_default();
    let resolve = |path: &mut PathBuf| *path = base.join(&*path);
    for tls in config.listeners.iter_mut().filter_map(|listener| listener.tls.as_mut()) {
        resolve(&mut tls.certificate.value);
        resolve(&mut tls.key.value);
        for one in &mut tls.certificates {
            resolve(&mut one.certificate.value);
            resolve(&mut one.key.value);
        }
        if let Some(roots) = &mut tls.client_roots {
            resolve(&mut roots.value);
        }
    }
    for data_centre in &mut config.data_centres {
        let tls = &mut data_centre.tls;
        for path in [&mut tls.client_certificate, &mut tls.client_key].into_iter().flatten() {
            resolve(&mut path.value);
        }
        tls.roots.as_mut().and_then(|roots| roots.value.file_mut()).map(resolve);
    }
    if let Some(facts) = &mut config.facts {
        resolve(&mut facts.path.value);
        resolve(&mut facts.key_file.value);
    }
    if let Some(shadow) = &mut config.rules.shadow {
        resolve(&mut shadow.directory.value);
    }
    if let Some(otlp) = &mut config.telemetry.otlp {
        otlp.roots.value.file_mut().map(resolve);
        let secrets = [&mut otlp.token_file, &mut otlp.client_certificate, &mut otlp.client_key];
        secrets.into_iter().flatten().for_each(|path| resolve(&mut path.value));
    }
    if let Some(bundle) = &mut config.rules.bundle {
        resolve(&mut bundle.cache.value);
        bundle.keys.iter_mut().for_each(|key| resolve(&mut key.value));
        bundle.roots.value.file_mut().map(resolve);
        let secrets =
            [&mut bundle.token_file, &mut bundle.client_certificate, &mut bundle.client_key];
        secrets.into_iter().flatten().for_each(|path| resolve(&mut path.value));
    }
    if let Some(tls) = &mut config.admin.tls {
        resolve(&mut tls.certificate.value);
        resolve(&mut tls.key.value);
        if let Some(roots) = &mut tls.client_roots {
            resolve(&mut roots.value);
        }
    }
    if let Some(seal) = &mut config.audit.seal {
        resolve(&mut seal.key_file.value);
    }
    let single = [
        &mut config.rules.directory,
        &mut config.rules.keyring,
        &mut config.geoip.database,
        &mut config.audit.path,
        &mut config.audit.subject_key_file,
        &mut config.admin.token_file,
        &mut config.admin.operators_file,
    ];
    for path in single.into_iter().flatten() {
        resolve(&mut path.value);
    }
}
