//! What the configuration says, in the words of each room, with the keys and tokens that it names read in.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{KEY_BYTES_MIN, StartError, TOKEN_BYTES_MIN};
use crate::{
    admin::{Access, AdminIdentity, AdminSettings, FactsDesk, Station, Token},
    client::{ClientSettings, Credentials},
    config::{
        AuditSinkKind, AuditSync, BundleSection, Config, DataCentre, FactsOperators, FactsSection,
        OnStale, OtlpSection, Roots,
    },
    control::{self, BundleSettings, KeySource, RulesSource},
    engine::Engine,
    facts::{FactsSettings, FactsStore, Register, SubjectKey},
    geo::GeoDb,
    redact::{Keyring, Secret},
    signing::{SigningKey, VerifyingKey},
    source::{At, Diagnostics},
    telemetry::{
        AuditSettings, AuditTarget, Metrics, OtlpSettings, RotateSettings, SealSettings, SyncPolicy,
    },
};

pub(super) fn admin_settings(
    config: &Config,
    metrics: &Metrics,
    token: Option<Token>,
) -> Result<AdminSettings, StartError> {
    let mut settings = AdminSettings::new(config.admin.address.0, config.inspection_limits());
    settings.access = match &config.admin.operators_file {
        Some(path) => Access::load(path).map_err(StartError::Invalid)?,
        None => Access::of_this_machine(token),
    };
    if let Some(section) = &config.admin.tls {
        settings.tls = Some(AdminIdentity::load(section, metrics.certificates())?);
    }
    if let Some(bundle) = &config.rules.bundle {
        settings.bundle_bytes_max = bundle.bytes_max.0;
    }
    settings.stations.set(stations_of(config));
    Ok(settings)
}

/// What is wrong with the keys, tokens, operators, databases and rules that a configuration names, each of which
/// would keep a gateway from starting. Nothing is bound, and nothing is written.
pub fn problems(config: &Config) -> Vec<StartError> {
    let metrics = match Metrics::new() {
        Ok(metrics) => metrics,
        Err(error) => return vec![error.into()],
    };
    let subject_key = || config.audit.subject_key_file.as_ref().map(|path| read_key(path));
    let bundle = || config.rules.bundle.as_ref().map(bundle_settings);
    let tried = [
        config
            .geoip
            .database
            .as_ref()
            .map(|path| GeoDb::load(path).map(drop))
            .transpose()
            .err()
            .map(StartError::from),
        config.facts.as_ref().map(facts_settings).transpose().err(),
        subject_key().transpose().err(),
        audit_settings(config).err(),
        admin_token(config).and_then(|token| admin_settings(config, &metrics, token)).err(),
        bundle().transpose().err(),
        rules(config).err(),
    ];
    tried.into_iter().flatten().collect()
}

/// That the rules of a configuration compile under its keys; a bundle is fetched by whoever serves it.
fn rules(config: &Config) -> Result<(), StartError> {
    let mut diagnostics = Diagnostics::default();
    let keys = key_source(config)?.load(&mut diagnostics);
    if let Some(keys) = keys.filter(|_| config.rules.bundle.is_none()) {
        let loaded = rules_source(config).load(&mut diagnostics);
        Engine::compile(&loaded.files, keys, &mut diagnostics);
    }
    diagnostics.sort();
    if diagnostics.has_errors() { Err(StartError::Invalid(diagnostics)) } else { Ok(()) }
}

pub(super) fn stations_of(config: &Config) -> Vec<Station> {
    let station = |data_centre: &DataCentre| Station {
        id: data_centre.id.value.clone(),
        city: data_centre.city.clone(),
        jurisdiction: data_centre.jurisdiction.value,
    };
    config.data_centres.iter().map(station).collect()
}

pub(super) fn rules_source(config: &Config) -> RulesSource {
    match &config.rules.directory {
        Some(directory) => RulesSource::Directory(directory.value.clone()),
        None => RulesSource::Embedded,
    }
}

pub(super) fn audit_settings(config: &Config) -> Result<AuditSettings, StartError> {
    let audit = &config.audit;
    let target = match (audit.sink, &audit.path) {
        (AuditSinkKind::File, Some(path)) => AuditTarget::File(path.value.clone()),
        (AuditSinkKind::Stdout, _) => AuditTarget::Stdout,
        // A file without a path is a complaint of the configuration.
        (AuditSinkKind::None | AuditSinkKind::File, _) => AuditTarget::None,
    };
    let seal = audit.seal.as_ref().map(|seal| {
        Ok::<_, StartError>(SealSettings {
            key: Arc::new(seal_key(&seal.key_file)?),
            lines_max: seal.lines,
            age_max: seal.interval.0,
        })
    });
    Ok(AuditSettings {
        target,
        required: audit.required,
        sync: match audit.sync {
            AuditSync::Always => SyncPolicy::EveryWrite,
            AuditSync::Every(time) => SyncPolicy::Every(time.0),
            AuditSync::AtShutdown => SyncPolicy::AtShutdown,
        },
        queue_bytes_max: audit.queue_bytes_max.0,
        commit_time_max: audit.commit.0,
        seal: seal.transpose()?,
        subject_key: None,
        copy: None,
        rotate: audit.rotate.as_ref().map(|rotate| RotateSettings {
            bytes_max: rotate.bytes.map(|bytes| bytes.0 as u64),
            age_max: rotate.age.map(|age| age.0),
        }),
    })
}

fn seal_key(path: &Path) -> Result<SigningKey, StartError> {
    SigningKey::from_pem(&read_pem(path)?)
        .map_err(|error| StartError::Key { path: path.to_owned(), error })
}

fn read_pem(path: &Path) -> Result<Vec<u8>, StartError> {
    fs::read(path).map_err(|error| StartError::KeyUnreadable { path: path.to_owned(), error })
}

pub(super) fn otlp_settings(section: &OtlpSection) -> OtlpSettings {
    /// Of one message; what is left at the end has about as long.
    const CALL_TIME_MAX: Duration = Duration::from_secs(5);
    OtlpSettings {
        endpoint: section.endpoint.value.clone(),
        traces: section.traces,
        logs: section.logs,
        sample_percent: section.sample_percent,
        interval: section.interval.0,
        client: ClientSettings {
            roots: roots(&section.roots),
            time_max: CALL_TIME_MAX,
            // An answer says what was not taken, if anything.
            bytes_max: 64 << 10,
            credentials: credentials(
                section.token_file.as_ref(),
                section.client_certificate.as_ref(),
                section.client_key.as_ref(),
            ),
        },
    }
}

fn credentials(
    token: Option<&At<PathBuf>>,
    certificate: Option<&At<PathBuf>>,
    key: Option<&At<PathBuf>>,
) -> Credentials {
    let path = |path: &At<PathBuf>| path.value.clone();
    Credentials {
        token: token.map(path),
        // One without the other is a complaint of the configuration.
        identity: certificate.map(path).zip(key.map(path)),
    }
}

fn roots(roots: &Roots) -> Option<PathBuf> {
    match roots {
        Roots::System => None,
        Roots::File(path) => Some(path.clone()),
    }
}

pub(super) fn bundle_settings(section: &BundleSection) -> Result<BundleSettings, StartError> {
    /// Of one asking for a bundle, from the connection to the last byte.
    const ASK_TIME_MAX: Duration = Duration::from_secs(30);
    let key = |path: &Path| {
        VerifyingKey::from_pem(&read_pem(path)?)
            .map_err(|error| StartError::Key { path: path.to_owned(), error })
    };
    Ok(BundleSettings {
        url: section.url.as_ref().map(|url| url.value.clone()),
        interval: section.interval.0,
        client: ClientSettings {
            roots: roots(&section.roots),
            time_max: ASK_TIME_MAX,
            bytes_max: section.bytes_max.0,
            credentials: credentials(
                section.token_file.as_ref(),
                section.client_certificate.as_ref(),
                section.client_key.as_ref(),
            ),
        },
        keys: section.keys.iter().map(|path| key(path)).collect::<Result<_, _>>()?,
        cache: section.cache.value.clone(),
        version_min: section.version_min,
        stale_after: section.stale_after.map(|time| time.0),
        on_stale: match section.on_stale {
            OnStale::Keep => control::OnStale::Keep,
            OnStale::Block => control::OnStale::Block,
        },
    })
}

/// Where the store is and under which key; also for whoever opens it beside a gateway.
pub(crate) fn facts_settings(section: &FactsSection) -> Result<FactsSettings, StartError> {
    Ok(FactsSettings {
        path: section.path.value.clone(),
        key: SubjectKey::new(&read_key(&section.key_file)?),
        cache_bytes: section.cache.0,
    })
}

pub(super) fn facts_desk(
    config: &Config,
    store: Option<(FactsStore, SubjectKey)>,
    token: Option<Token>,
) -> Option<FactsDesk> {
    let (Some((store, key)), Some(section)) = (store, &config.facts) else { return None };
    let loopback_only = section.operators == FactsOperators::Loopback;
    let ready_without = section.ready_without;
    let register = Arc::new(Register::new(store.clone(), key.clone()));
    Some(FactsDesk { store, key, register, token, loopback_only, ready_without })
}

/// What is shown to change something, and to ask about people.
pub(super) fn admin_token(config: &Config) -> Result<Option<Token>, StartError> {
    let Some(path) = &config.admin.token_file else { return Ok(None) };
    let path = path.value.clone();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return Err(StartError::TokenUnreadable { path, error }),
    };
    if text.trim().len() < TOKEN_BYTES_MIN {
        return Err(StartError::TokenTooShort { path });
    }
    Ok(Some(Token::new(text.trim())))
}

pub(super) fn read_key(path: &Path) -> Result<Vec<u8>, StartError> {
    let path = path.to_owned();
    let secret = match fs::read(&path) {
        Ok(secret) => secret,
        Err(error) => return Err(StartError::KeyUnreadable { path, error }),
    };
    if secret.len() < KEY_BYTES_MIN {
        return Err(StartError::KeyTooShort { path, bytes: secret.len() });
    }
    Ok(secret)
}

/// The key ring, or a random key that ends with the process.
pub(super) fn key_source(config: &Config) -> Result<KeySource, StartError> {
    if let Some(path) = &config.rules.keyring {
        return Ok(KeySource::Ring(path.value.clone()));
    }
    let mut secret = vec![0; KEY_BYTES_MIN];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut secret)
        .map_err(|_| StartError::NoRandomness)?;
    Ok(Keyring::passing(&Secret::new(secret)).into())
}
