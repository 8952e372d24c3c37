//! Composition root: reads what the configuration names, starts the planes, ends them in order.
//!
//! `serve`, `demo` and the tests start the same [`Gateway`]. It owns every thread there is; nothing is
//! global but the log. What can be wrong is found before the first connection is taken.

mod secrets;
mod settings;
mod warnings;

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

pub(crate) use self::settings::facts_settings;
pub use self::settings::{Examined, examine};
use self::settings::{
    admin_settings, admin_token, audit_refused, audit_settings, bundle_settings, country_database,
    destinations, facts_desk, key_source, otlp_refused, otlp_settings, rules_source, subject_key,
};
use self::{secrets::secrets_in_use, warnings::warnings};
use crate::{
    admin::{AdminContext, AdminError, AdminServer, DataCentreMap, Readiness},
    audit::{self, AuditError, AuditSettings, AuditSink},
    config::{Config, ListenAddress, Listener},
    control::{
        ControlSettings, Controller, Hangups, Reloads, RoutesSettings, RulesSource, ShadowSettings,
    },
    facts::{Cause, FactsStore, SubjectKey},
    proxy::{BindError, Proxy, Shared, Workers},
    source::{Diagnostics, SourceFile},
    telemetry::{Metrics, MetricsError, Otlp, OtlpError},
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
    destinations: DataCentreMap,
    addresses: Vec<(String, SocketAddr)>,
    drain_timeout: Duration,
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Rules, or what the files say that the configuration names; each with its place.
    #[error("{0}")]
    Invalid(Diagnostics),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Admin(#[from] AdminError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    #[error("cannot set up the metrics: {0}")]
    Metrics(#[from] MetricsError),
    #[error("the system gives no random bytes for a pseudonym key")]
    NoRandomness,
    #[error("cannot start the facts store: {0}")]
    Facts(io::Error),
    #[error("cannot start the workers: {0}")]
    Workers(io::Error),
}

/// Of a subject key, and of a key that ends with the process: the length of the hash beneath it
/// (RFC 2104 §3).
const KEY_BYTES_MIN: usize = 32;

/// How long whoever takes over a socket that is passed on waits for the process before it to let go of the audit file
/// and the facts. Connections wait meanwhile, as long as that one may take to drain.
fn predecessor_time_max(config: &Config) -> Duration {
    const TO_WRITE_THE_REST: Duration = Duration::from_secs(15);
    let is_passed =
        |listener: &Listener| matches!(listener.address.value, ListenAddress::Passed(_));
    if config.listeners.iter().any(is_passed) {
        config.drain.timeout.0 + TO_WRITE_THE_REST
    } else {
        Duration::ZERO
    }
}

/// A share that the configuration was found to be right about.
fn percent(stated: u16) -> u8 {
    u8::try_from(stated).unwrap_or(100).min(100)
}

/// The first answer that is not `taken`, or the last there is time for.
fn once_free<T>(until: Instant, mut ask: impl FnMut() -> T, taken: impl Fn(&T) -> bool) -> T {
    const PAUSE: Duration = Duration::from_millis(50);
    let mut is_told = false;
    loop {
        let answer = ask();
        if !taken(&answer) || Instant::now() >= until {
            return answer;
        }
        if !std::mem::replace(&mut is_told, true) {
            tracing::info!(
                "waiting for the process before this one to end: it has the audit file or the facts"
            );
        }
        std::thread::sleep(PAUSE);
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ended {
    /// Connections that were cut because their time was up.
    pub connections_cut: usize,
    /// Audit records that could not be written, of which the audit says nothing.
    pub records_lost: u64,
}

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
        let geo = country_database(config, file)?;
        let mut control = ControlSettings::new(rules_source(config), key_source(config)?);
        control.watch = config.rules.watch;
        control.bundles = bundle_settings(config, file)?;
        control.shadow = config.rules.shadow.as_ref().map(|shadow| ShadowSettings {
            source: RulesSource::Directory(shadow.directory.value.clone()),
            sample_percent: percent(shadow.percent),
        });
        control.geo.clone_from(&geo);
        let controller =
            Controller::start(control, Arc::clone(&metrics)).map_err(StartError::Invalid)?;
        let otlp = match &config.telemetry.otlp {
            Some(section) => {
                let otlp = Otlp::start(&otlp_settings(section), metrics.otlp(), audit::described);
                Some(Arc::new(otlp.map_err(|error| otlp_refused(section, file, error))?))
            }
            None => None,
        };
        let facts_section = config.facts.as_ref();
        let facts = facts_section.map(|section| facts_settings(section, file)).transpose()?;
        let subject_key = if facts.is_none() { subject_key(config, file)? } else { None };
        let naming = facts.as_ref().map(|facts| &facts.key).or(subject_key.as_ref());
        let audit = AuditSettings {
            subject_key: naming.map(SubjectKey::check_value),
            copy: otlp.clone(),
            ..audit_settings(config, file)?
        };
        let until = Instant::now() + predecessor_time_max(config);
        let audit = once_free(
            until,
            || AuditSink::open(audit.clone(), metrics.audit()),
            |audit| matches!(audit, Err(AuditError::Locked { .. })),
        );
        let audit = Arc::new(audit.map_err(|error| audit_refused(config, file, error))?);
        controller.record_in(&audit);
        let facts = match facts {
            Some(settings) => {
                let store = FactsStore::open(settings.clone(), metrics.facts());
                let store = store.map_err(StartError::Facts)?;
                once_free(until, || store.health().cause, |cause| *cause == Some(Cause::Locked));
                Some((store, settings.key))
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
        for warning in
            warnings(config, file, Some(controller.snapshots().load().engine.rules())).iter()
        {
            tracing::warn!("{warning}");
        }
        let bound = proxy.bind()?;
        let addresses = bound.addresses().to_vec();
        let readiness = Arc::new(Readiness::default());
        let token = admin_token(config, file)?;
        let settings = admin_settings(config, file, &metrics, token.clone())?;
        let destinations = settings.destinations.clone();
        let admin = AdminServer::start(
            settings,
            AdminContext {
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
            destinations,
            addresses,
            drain_timeout: config.drain.timeout.0,
        })
    }

    /// From here on the routes of `file`, with data centres and workloads, are read anew when it changes and
    /// with the rules. `config` is what it said at the start.
    pub fn follow(&self, file: SourceFile, config: Config) {
        let (proxy, shown) = (Arc::clone(&self.proxy), self.destinations.clone());
        let snapshots = self.controller.snapshots();
        let reroute = move |config: &Config, file: &str, diagnostics: &mut Diagnostics| {
            let taken = proxy.reroute(config, file, diagnostics);
            if taken {
                let mut warnings = Diagnostics::default();
                crate::proxy::misnamed(
                    config,
                    file,
                    snapshots.load().engine.rules(),
                    &mut warnings,
                );
                warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                shown.set(destinations(config, file));
            }
            taken
        };
        let reroute = Box::new(reroute);
        let restart_needed = Box::new(secrets_in_use(&config));
        self.controller.follow_routes(RoutesSettings { file, config, reroute, restart_needed });
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
    pub fn run(self, signals: Signals) -> Ended {
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
    pub fn drain(self) -> Ended {
        self.readiness.draining();
        let connections_cut = self.workers.drain(self.drain_timeout).cut;
        let records_lost = self.audit.close();
        // The last lines of the audit are among what it sends.
        if let Some(otlp) = &self.otlp {
            otlp.close();
        }
        tracing::info!(connections_cut, records_lost, "drained");
        Ended { connections_cut, records_lost }
    }
}
