//! Composition root: reads what the configuration names, starts the planes, ends them in order.
//!
//! `serve`, `demo` and the tests start the same [`Gateway`]. It owns every thread there is; nothing is
//! global but the log. What can be wrong is found before the first connection is taken.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    admin::{
        Access, AdminError, AdminIdentity, AdminServer, AdminSettings, FactsDesk, Plane, Readiness,
        Station, Stations, TlsError, Token,
    },
    client::{ClientSettings, Credentials},
    config::{
        AuditSinkKind, AuditSync, BundleSection, Config, DataCentre, FactsOperators, FactsSection,
        OnStale, OtlpSection, Roots,
    },
    control::{
        self, BundleSettings, ControlSettings, Controller, Hangups, KeySource, Reloads,
        RoutesSettings, RulesSource, ShadowSettings,
    },
    engine::Engine,
    facts::{FactsSettings, FactsStore, Register, SubjectKey},
    geo::{GeoDb, GeoError},
    proxy::{BindError, Drained, Proxy, Shared, Workers},
    redact::{Keyring, Secret},
    signing::{KeyError, SigningKey, VerifyingKey},
    source::{At, Diagnostics, SourceFile},
    telemetry::{
        AuditError, AuditSettings, AuditSink, AuditTarget, Metrics, MetricsError, Otlp, OtlpError,
        OtlpSettings, RotateSettings, SealSettings, SyncPolicy,
    },
};

/// A running gateway. Dropping it ends it at once; [`Gateway::drain`] lets exchanges finish.
#[derive(Debug)]
pub struct Gateway {
    workers: Workers,
    proxy: Arc<Proxy>,
    admin: AdminServer,
    controller: Controller,
    audit: Arc<AuditSink>,
    otlp: Option<Arc<Otlp>>,
    readiness: Arc<Readiness>,
    stations: Stations,
    addresses: Vec<(String, SocketAddr)>,
    drain_timeout: Duration,
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Rules, or what the configuration says beyond its own file.
    #[error("{0}")]
    Invalid(Diagnostics),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    AdminTls(#[from] TlsError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    #[error(transparent)]
    Geo(#[from] GeoError),
    #[error("cannot set up the metrics: {0}")]
    Metrics(#[from] MetricsError),
    #[error("the key `{path}` cannot be read: {error}")]
    KeyUnreadable { path: PathBuf, error: io::Error },
    #[error("the key `{path}` has {bytes} bytes; at least {KEY_BYTES_MIN} keep pseudonyms safe")]
    KeyTooShort { path: PathBuf, bytes: usize },
    #[error("the key `{path}` {error}")]
    Key { path: PathBuf, error: KeyError },
    #[error("the system gives no random bytes for a pseudonym key")]
    NoRandomness,
    #[error("the token `{path}` cannot be read: {error}")]
    TokenUnreadable { path: PathBuf, error: io::Error },
    #[error("the token `{path}` is shorter than {TOKEN_BYTES_MIN} characters")]
    TokenTooShort { path: PathBuf },
    #[error("cannot start the facts store: {0}")]
    Facts(io::Error),
    #[error("cannot start the workers: {0}")]
    Workers(io::Error),
}

/// Of a subject key, and of a key that ends with the process: the length of the hash beneath it
/// (RFC 2104 §3).
const KEY_BYTES_MIN: usize = 32;
/// Of an operators' token.
const TOKEN_BYTES_MIN: usize = 16;

/// The signals that say what to do. Listened for before anything is served: what waiting for them takes is
/// not to be had any more where callers have taken every file descriptor.
#[derive(Debug)]
pub struct Signals {
    runtime: tokio::runtime::Runtime,
    terminate: Signal,
    interrupt: Signal,
    hangups: Hangups,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listening = runtime.enter();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let hangups = Hangups::listen()?;
        drop(listening);
        Ok(Self { runtime, terminate, interrupt, hangups })
    }
}

impl Gateway {
    /// Starts everything, or nothing. `file` is the configuration's name in complaints.
    pub fn start(config: &Config, file: &str) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::new()?);
        let geo = match &config.geoip.database {
            Some(path) => Some(Arc::new(GeoDb::load(path)?)),
            None => None,
        };
        let mut control = ControlSettings::new(rules_source(config), key_source(config)?);
        control.watch = config.rules.watch;
        control.bundles = config.rules.bundle.as_ref().map(bundle_settings).transpose()?;
        control.shadow = config.rules.shadow.as_ref().map(|shadow| ShadowSettings {
            source: RulesSource::Directory(shadow.directory.value.clone()),
            sample_percent: shadow.percent,
        });
        control.geo.clone_from(&geo);
        let controller =
            Controller::start(control, Arc::clone(&metrics)).map_err(StartError::Invalid)?;
        let otlp = match &config.telemetry.otlp {
            Some(section) => Some(Arc::new(Otlp::start(&otlp_settings(section), metrics.otlp())?)),
            None => None,
        };
        let facts = config.facts.as_ref().map(facts_settings).transpose()?;
        let subject_key = match (&facts, &config.audit.subject_key_file) {
            (None, Some(path)) => Some(SubjectKey::new(&read_key(path)?)),
            (Some(_), _) | (None, None) => None,
        };
        let naming = facts.as_ref().map(|facts| &facts.key).or(subject_key.as_ref());
        let audit = AuditSettings {
            subject_key: naming.map(SubjectKey::check_value),
            copy: otlp.clone(),
            ..audit_settings(config)?
        };
        let audit = Arc::new(AuditSink::open(audit, metrics.audit())?);
        let facts = match facts {
            Some(settings) => {
                let store = FactsStore::open(settings.clone(), metrics.facts());
                Some((store.map_err(StartError::Facts)?, settings.key))
            }
            None => None,
        };

        let shared = Shared {
            snapshots: controller.snapshots(),
            metrics: Arc::clone(&metrics),
            audit: Arc::clone(&audit),
            otlp: otlp.clone(),
            geo,
            subject_key,
            facts: facts.clone(),
        };
        let mut diagnostics = Diagnostics::default();
        let proxy = Proxy::compile(config, file, shared, &mut diagnostics);
        let Some(proxy) = proxy.map(Arc::new) else {
            return Err(StartError::Invalid(diagnostics));
        };
        let bound = proxy.bind()?;
        let addresses = bound.addresses().to_vec();
        let readiness = Arc::new(Readiness::default());
        let token = admin_token(config)?;
        let settings = admin_settings(config, &metrics, token.clone())?;
        let stations = settings.stations.clone();
        let admin = AdminServer::start(
            settings,
            Plane {
                reloads: controller.reloads(),
                metrics,
                audit: Arc::clone(&audit),
                readiness: Arc::clone(&readiness),
                facts: facts_desk(config, facts, token),
            },
        )?;
        let workers = proxy.start(bound).map_err(StartError::Workers)?;
        readiness.serving();
        for (listener, address) in &addresses {
            tracing::info!(%listener, %address, "listening");
        }
        Ok(Self {
            workers,
            proxy,
            admin,
            controller,
            audit,
            otlp,
            readiness,
            stations,
            addresses,
            drain_timeout: config.drain.timeout.0,
        })
    }

    /// From here on the routes of `file`, with data centres and workloads, are read anew when it changes and
    /// with the rules. `config` is what it said at the start.
    pub fn follow(&self, file: SourceFile, config: Config) {
        let (proxy, stations) = (Arc::clone(&self.proxy), self.stations.clone());
        let reroute = move |config: &Config, file: &str, diagnostics: &mut Diagnostics| {
            let taken = proxy.reroute(config, file, diagnostics);
            if taken {
                stations.set(stations_of(config));
            }
            taken
        };
        let reroute = Box::new(reroute);
        self.controller.follow_routes(RoutesSettings { file, config, reroute });
    }

    /// Name and address of each listener, in the order of the configuration.
    pub fn addresses(&self) -> &[(String, SocketAddr)] {
        &self.addresses
    }

    pub fn admin_address(&self) -> SocketAddr {
        self.admin.address()
    }

    /// Reads certificates again that have changed; without this it happens within seconds.
    pub fn reload_certificates(&self) {
        self.proxy.reload_certificates();
    }

    pub fn reloads(&self) -> Reloads {
        self.controller.reloads()
    }

    /// Serves until SIGTERM or SIGINT, then drains. SIGHUP reloads rules, routes and changed certificates, and
    /// opens the audit file anew.
    pub fn run(self, signals: Signals) -> Drained {
        let Signals { runtime, mut terminate, mut interrupt, hangups } = signals;
        let audit = Arc::clone(&self.audit);
        let proxy = Arc::clone(&self.proxy);
        let also = move || {
            audit.reopen();
            proxy.reload_certificates();
        };
        let signal = runtime.block_on(async {
            tokio::spawn(hangups.reload(self.reloads(), also));
            tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            }
        });
        tracing::info!(signal, "draining");
        self.drain()
    }

    /// Takes no new connections, lets exchanges in flight finish within the configured time, and
    /// writes what the audit still holds. Blocks until all of it is done.
    pub fn drain(self) -> Drained {
        self.readiness.draining();
        let drained = self.workers.drain(self.drain_timeout);
        self.audit.close();
        // The last lines of the audit are among what it sends.
        if let Some(otlp) = &self.otlp {
            otlp.close();
        }
        tracing::info!(connections_cut = drained.cut, "drained");
        drained
    }
}

fn admin_settings(
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

fn stations_of(config: &Config) -> Vec<Station> {
    let station = |data_centre: &DataCentre| Station {
        id: data_centre.id.value.clone(),
        city: data_centre.city.clone(),
        jurisdiction: data_centre.jurisdiction.value,
    };
    config.data_centres.iter().map(station).collect()
}

fn rules_source(config: &Config) -> RulesSource {
    match &config.rules.directory {
        Some(directory) => RulesSource::Directory(directory.value.clone()),
        None => RulesSource::Embedded,
    }
}

fn audit_settings(config: &Config) -> Result<AuditSettings, StartError> {
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

fn otlp_settings(section: &OtlpSection) -> OtlpSettings {
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

fn bundle_settings(section: &BundleSection) -> Result<BundleSettings, StartError> {
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

fn facts_desk(
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
fn admin_token(config: &Config) -> Result<Option<Token>, StartError> {
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

fn read_key(path: &Path) -> Result<Vec<u8>, StartError> {
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
fn key_source(config: &Config) -> Result<KeySource, StartError> {
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
