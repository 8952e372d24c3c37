//! What the configuration says, in the words of each room, with the keys and tokens that it names read in.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{KEY_BYTES_MIN, StartError, warnings};
use crate::{
    admin::{
        Access, AdminIdentity, AdminSettings, Destinations, FactsDesk, ShownDataCentre, Token,
    },
    audit::{AuditError, AuditSettings, AuditTarget, RotateSettings, SealSettings, SyncPolicy},
    client::{Authorities, Client, ClientError, ClientSettings, Credentials},
    config::{
        AuditSinkKind, AuditSync, BundleSection, Config, DataCentre, FactsOperators, FactsSection,
        OnStale, OtlpSection, Roots,
    },
    control::{self, BundleSettings, KeySource, RulesSource},
    engine::Engine,
    facts::{FactsSettings, FactsStore, Register, SubjectKey, is_of_another_key},
    geo::GeoDb,
    proxy,
    redact::{Keyring, Secret},
    signing::{SigningKey, VerifyingKey},
    source::{At, Diagnostics},
    telemetry::{Metrics, OtlpError, OtlpSettings},
};

/// A complaint about a file, in the line of the configuration that names it.
fn refused<T>(
    at: &At<T>,
    file: &str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> StartError {
    let mut diagnostics = Diagnostics::default();
    diagnostics.error(at.place(file), message).remedy(remedy);
    StartError::Invalid(diagnostics)
}

/// The member that names `path`.
fn member_of<'m>(
    path: &Path,
    members: impl IntoIterator<Item = Option<&'m At<PathBuf>>>,
) -> Option<&'m At<PathBuf>> {
    members.into_iter().flatten().find(|member| member.value == path)
}

pub(super) fn admin_settings(
    config: &Config,
    file: &str,
    metrics: &Metrics,
    token: Option<Token>,
) -> Result<AdminSettings, StartError> {
    let mut settings = AdminSettings::new(config.admin.address.0, config.inspection_limits());
    settings.access = match &config.admin.operators_file {
        Some(path) => Access::load(path).map_err(StartError::Invalid)?,
        None => Access::of_this_machine(token),
    };
    if let Some(section) = &config.admin.tls {
        let identity = AdminIdentity::load(section, metrics.certificates()).map_err(|error| {
            let members =
                [Some(&section.certificate), Some(&section.key), section.client_roots.as_ref()];
            let at = member_of(error.path(), members).unwrap_or(&section.certificate);
            let remedy = "give a certificate, leaf first, with its own private key, both in PEM";
            refused(at, file, error.to_string(), remedy)
        })?;
        settings.tls = Some(identity);
    }
    if let Some(bundle) = &config.rules.bundle {
        settings.bundle_bytes_max = bundle.bytes_max.0;
    }
    settings.destinations.set(destinations(config, file));
    Ok(settings)
}

/// What a look at everything a configuration names came to.
#[derive(Debug)]
pub struct Examined {
    /// What keeps a gateway from starting, or from ever getting ready.
    pub problems: Vec<StartError>,
    /// What does not, and deserves a look.
    pub warnings: Diagnostics,
}

/// What is wrong with the keys, tokens, operators, certificates, databases and rules that a configuration names,
/// and with what only those who use it understand, each of which would keep a gateway from starting. Nothing is
/// bound, and nothing is written. `file` is the configuration's name in complaints.
pub fn examine(config: &Config, file: &str) -> Examined {
    let metrics = match Metrics::new() {
        Ok(metrics) => Arc::new(metrics),
        Err(error) => {
            return Examined { problems: vec![error.into()], warnings: Diagnostics::default() };
        }
    };
    let (geo, no_database) = match country_database(config, file) {
        Ok(geo) => (geo, None),
        Err(error) => (None, Some(error)),
    };
    let proxy = || {
        let mut diagnostics = Diagnostics::default();
        proxy::problems(config, file, geo.as_ref(), &metrics, &mut diagnostics);
        diagnostics.sort();
        if diagnostics.has_errors() { Err(StartError::Invalid(diagnostics)) } else { Ok(()) }
    };
    let facts = config.facts.as_ref().map(|section| facts_on_file(section, file));
    let (engine, no_rules) = match rules(config) {
        Ok(engine) => (engine, None),
        Err(error) => (None, Some(error)),
    };
    let admin = |token| admin_settings(config, file, &metrics, token);
    let tried = [
        no_database,
        proxy().err(),
        facts.transpose().err(),
        subject_key(config, file).err(),
        audit_settings(config, file).err(),
        audit_file(config, file).err(),
        otlp_client(config, file).err(),
        admin_token(config, file).and_then(admin).err(),
        bundle_settings(config, file).err(),
        no_rules,
    ];
    Examined {
        problems: tried.into_iter().flatten().collect(),
        warnings: warnings(config, file, engine.as_ref().map(Engine::rules)),
    }
}

/// That the key is the one the store was made with; otherwise nobody in it would ever be found.
fn facts_on_file(section: &FactsSection, file: &str) -> Result<(), StartError> {
    let settings = facts_settings(section, file)?;
    if !is_of_another_key(&settings.path, &settings.key) {
        return Ok(());
    }
    let (path, key) = (section.path.display(), section.key_file.display());
    let message = format!("the facts in `{path}` were filed under another key than `{key}`");
    let remedy = "give the key that the store was made with, or another `path`";
    Err(refused(&section.key_file, file, message, remedy))
}

/// The rules of a configuration, compiled under its keys; a bundle is fetched by whoever serves it.
fn rules(config: &Config) -> Result<Option<Engine>, StartError> {
    let mut diagnostics = Diagnostics::default();
    let mut engine = None;
    let keys = key_source(config)?.load(&mut diagnostics);
    if let Some(keys) = keys.filter(|_| config.rules.bundle.is_none()) {
        let loaded = rules_source(config).load(&mut diagnostics);
        // Without any file there is one complaint, and not one more for everything that none of them says.
        if !loaded.files.is_empty() {
            engine = Engine::compile(&loaded.files, keys, &mut diagnostics);
        }
    }
    diagnostics.sort();
    if diagnostics.has_errors() { Err(StartError::Invalid(diagnostics)) } else { Ok(engine) }
}

pub(super) fn country_database(
    config: &Config,
    file: &str,
) -> Result<Option<Arc<GeoDb>>, StartError> {
    let Some(path) = &config.geoip.database else { return Ok(None) };
    let remedy = "give a database of countries in MaxMind DB format, or take `database:` out";
    let loaded = GeoDb::load(path);
    let loaded = loaded.map_err(|error| refused(path, file, error.to_string(), remedy))?;
    Ok(Some(Arc::new(loaded)))
}

/// Where data may go. What is wrong with the routes of a configuration is told where they are compiled to serve.
pub(super) fn destinations(config: &Config, file: &str) -> Destinations {
    let shown = |data_centre: &DataCentre| ShownDataCentre {
        id: data_centre.id.value.clone(),
        city: data_centre.city.clone(),
        jurisdiction: data_centre.jurisdiction.value,
    };
    let data_centres = config.data_centres.iter().map(shown).collect();
    let data_centre_of_route =
        config.routes.iter().map(|route| route.data_centre.value.clone()).collect();
    let stated_by_route =
        proxy::stated(config, file, &mut Diagnostics::default()).unwrap_or_default();
    Destinations { data_centres, data_centre_of_route, stated_by_route }
}

pub(super) fn rules_source(config: &Config) -> RulesSource {
    match &config.rules.directory {
        Some(directory) => RulesSource::Directory(directory.value.clone()),
        None => RulesSource::Embedded,
    }
}

pub(super) fn audit_settings(config: &Config, file: &str) -> Result<AuditSettings, StartError> {
    let audit = &config.audit;
    let target = match (audit.sink, &audit.path) {
        (AuditSinkKind::File, Some(path)) => AuditTarget::File(path.value.clone()),
        (AuditSinkKind::Stdout, _) => AuditTarget::Stdout,
        // A file without a path is a complaint of the configuration.
        (AuditSinkKind::None | AuditSinkKind::File, _) => AuditTarget::None,
    };
    let seal = audit.seal.as_ref().map(|seal| {
        Ok::<_, StartError>(SealSettings {
            key: Arc::new(seal_key(&seal.key_file, file)?),
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

fn seal_key(path: &At<PathBuf>, file: &str) -> Result<SigningKey, StartError> {
    SigningKey::from_pem(&read_pem(path, file)?).map_err(|error| {
        let remedy = "make one: `(umask 077; openssl genpkey -algorithm ed25519 -out audit.key)`";
        refused(path, file, format!("the key `{}` {error}", path.display()), remedy)
    })
}

fn read_pem(path: &At<PathBuf>, file: &str) -> Result<Vec<u8>, StartError> {
    fs::read(&path.value).map_err(|error| unreadable("key", path, file, &error))
}

fn unreadable(noun: &str, path: &At<PathBuf>, file: &str, error: &io::Error) -> StartError {
    let message = format!("the {noun} `{}` cannot be read: {error}", path.display());
    refused(path, file, message, "let the user that runs this read it, or name another file")
}

/// That the file of the audit could be opened, without making it.
fn audit_file(config: &Config, file: &str) -> Result<(), StartError> {
    use rustix::fs::{Access, access};
    let (AuditSinkKind::File, Some(path)) = (config.audit.sink, &config.audit.path) else {
        return Ok(());
    };
    let mut tried = access(&path.value, Access::READ_OK | Access::WRITE_OK);
    if tried == Err(rustix::io::Errno::NOENT) {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        tried = access(directory, Access::WRITE_OK | Access::EXEC_OK);
    } else if path.is_dir() {
        tried = Err(rustix::io::Errno::ISDIR);
    }
    tried.map_err(|error| {
        let (path, reason) = (path.display().to_string(), io::Error::from(error).to_string());
        audit_refused(config, file, AuditError::Open { path, reason })
    })
}

/// A file that cannot be opened is named where the configuration does.
pub(super) fn audit_refused(config: &Config, file: &str, error: AuditError) -> StartError {
    let is_of_file = matches!(error, AuditError::Open { .. } | AuditError::Locked { .. });
    match config.audit.path.as_ref().filter(|_| is_of_file) {
        Some(path) => {
            let remedy = "give a file in a directory that is there, for this process alone";
            refused(path, file, error.to_string(), remedy)
        }
        None => StartError::Audit(error),
    }
}

/// That the files are right by which the collector is called.
fn otlp_client(config: &Config, file: &str) -> Result<(), StartError> {
    let Some(section) = &config.telemetry.otlp else { return Ok(()) };
    let made = Client::new(&otlp_settings(section).client);
    made.map(drop).map_err(|error| otlp_refused(section, file, error.into()))
}

pub(super) fn otlp_refused(section: &OtlpSection, file: &str, error: OtlpError) -> StartError {
    let OtlpError::Client(wrong) = &error else { return StartError::Otlp(error) };
    let OtlpSection { endpoint, roots, token_file, client_certificate, client_key, .. } = section;
    let shown = [token_file, client_certificate, client_key];
    client_refused(error.to_string(), wrong, endpoint, roots, shown, file)
}

/// What is wrong with the files by which another server is called, at the member that names the file.
fn client_refused(
    told: String,
    error: &ClientError,
    url: &At<String>,
    roots: &At<Roots>,
    shown: [&Option<At<PathBuf>>; 3],
    file: &str,
) -> StartError {
    let remedy = "give PEM files of authorities, of a certificate and of its own key, and a token of one word";
    let Some(path) = error.path() else { return refused(url, file, told, remedy) };
    match (member_of(path, shown.map(Option::as_ref)), &**roots) {
        (Some(member), _) => refused(member, file, told, remedy),
        (None, Roots::File(_)) => refused(roots, file, told, remedy),
        (None, Roots::System) => refused(url, file, told, remedy),
    }
}

pub(super) fn otlp_settings(section: &OtlpSection) -> OtlpSettings {
    /// Of one message; what is left at the end has about as long.
    const CALL_TIME_MAX: Duration = Duration::from_secs(5);
    OtlpSettings {
        endpoint: section.endpoint.value.clone(),
        traces: section.traces,
        logs: section.logs,
        sample_percent: super::percent(section.sample_percent),
        interval: section.interval.0,
        client: ClientSettings {
            roots: authorities(&section.roots),
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

fn authorities(roots: &Roots) -> Authorities {
    match roots {
        Roots::System => Authorities::System,
        Roots::File(path) => Authorities::File(path.clone()),
    }
}

pub(super) fn bundle_settings(
    config: &Config,
    file: &str,
) -> Result<Option<BundleSettings>, StartError> {
    /// Of one asking for a bundle, from the connection to the last byte.
    const ASK_TIME_MAX: Duration = Duration::from_secs(30);
    let Some(section) = &config.rules.bundle else { return Ok(None) };
    let key = |path: &At<PathBuf>| {
        VerifyingKey::from_pem(&read_pem(path, file)?).map_err(|error| {
            let remedy = "give the public key that `bordergate bundle keygen` wrote";
            refused(path, file, format!("the key `{}` {error}", path.display()), remedy)
        })
    };
    let BundleSection { roots: trusted, token_file, client_certificate, client_key, .. } = section;
    let settings = BundleSettings {
        url: section.url.as_ref().map(|url| url.value.clone()),
        interval: section.interval.0,
        client: ClientSettings {
            roots: authorities(trusted),
            time_max: ASK_TIME_MAX,
            bytes_max: section.bytes_max.0,
            credentials: credentials(
                token_file.as_ref(),
                client_certificate.as_ref(),
                client_key.as_ref(),
            ),
        },
        keys: section.keys.iter().map(key).collect::<Result<_, _>>()?,
        cache: section.cache.value.clone(),
        version_min: section.version_min,
        stale_after: section.stale_after.map(|time| time.0),
        on_stale: match section.on_stale {
            OnStale::Keep => control::OnStale::Keep,
            OnStale::Block => control::OnStale::Block,
        },
    };
    // Made once more by whoever asks; here a complaint has its place.
    if let Some(url) = &section.url
        && let Err(error) = Client::new(&settings.client)
    {
        let told = format!("bundles cannot be asked for: {error}");
        let shown = [token_file, client_certificate, client_key];
        return Err(client_refused(told, &error, url, trusted, shown, file));
    }
    Ok(Some(settings))
}

/// Where the store is and under which key; also for whoever opens it beside a gateway.
pub(crate) fn facts_settings(
    section: &FactsSection,
    file: &str,
) -> Result<FactsSettings, StartError> {
    Ok(FactsSettings {
        path: section.path.value.clone(),
        key: SubjectKey::new(&read_key(&section.key_file, file)?),
        cache_bytes: section.cache.0,
    })
}

/// Under which the audit names people where there is no store.
pub(super) fn subject_key(config: &Config, file: &str) -> Result<Option<SubjectKey>, StartError> {
    let path = config.audit.subject_key_file.as_ref();
    path.map(|path| Ok(SubjectKey::new(&read_key(path, file)?))).transpose()
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
pub(super) fn admin_token(config: &Config, file: &str) -> Result<Option<Token>, StartError> {
    let Some(path) = &config.admin.token_file else { return Ok(None) };
    Token::load(path).map(Some).map_err(|why| {
        let message = format!("the token `{}` {why}", path.display());
        refused(path, file, message, "make one: `(umask 077; openssl rand -hex 32 > admin.token)`")
    })
}

fn read_key(path: &At<PathBuf>, file: &str) -> Result<Vec<u8>, StartError> {
    let secret = fs::read(&path.value).map_err(|error| unreadable("key", path, file, &error))?;
    if secret.len() < KEY_BYTES_MIN {
        let (path_shown, bytes) = (path.display(), secret.len());
        let message = format!(
            "the key `{path_shown}` has {bytes} bytes; at least {KEY_BYTES_MIN} keep pseudonyms safe"
        );
        return Err(refused(
            path,
            file,
            message,
            "make one: `(umask 077; head -c 32 /dev/urandom > facts.key)`",
        ));
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
