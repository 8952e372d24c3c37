//! The store, opened here or asked of a gateway that has it open.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context as _, anyhow};
use http::{Method, StatusCode};
use serde_json::Value;

use super::Where;
use crate::{
    app,
    cli::{
        config,
        gateway::{Gateway, NDJSON},
        output::{self, Failure},
        rules, serve,
    },
    config::Config,
    engine::Engine,
    facts::{Applied, Cause, Change, EntryReader, FactsSettings, FactsStore, SubjectKey},
    policy::Timestamp,
    telemetry::Metrics,
};

pub(super) enum Desk {
    File(Box<Here>),
    Gateway(Gateway),
}

/// The store in this process, and the rules that its gateway would go by.
pub(super) struct Here {
    store: FactsStore,
    reader: EntryReader,
    rules: Option<Engine>,
}

/// What entries came to.
#[derive(Default)]
pub(super) struct Put {
    pub(super) applied: Applied,
    /// Names in them that nothing in the rules knows.
    pub(super) unknown: BTreeSet<String>,
}

impl std::ops::AddAssign for Put {
    fn add_assign(&mut self, other: Self) {
        self.applied += other.applied;
        self.unknown.extend(other.unknown);
    }
}

impl Desk {
    pub(super) fn open(place: &Where) -> Result<Self, Failure> {
        match (&place.admin, &place.config, &place.token_file) {
            (Some(url), _, Some(token)) => Ok(Self::Gateway(Gateway::open(url, token)?)),
            (_, Some(path), _) => {
                let config = config::read(path)?;
                let (store, settings) = open(&config, path)?;
                let reader = EntryReader::new(settings.key, now());
                let directory = config.rules.directory.as_ref().map(|it| &*it.value);
                // A bundle is fetched by whoever serves it.
                let is_here = config.rules.bundle.is_none();
                let rules = is_here.then(|| rules::engine_as_it_is(directory)).flatten();
                Ok(Self::File(Box::new(Here { store, reader, rules })))
            }
            _ => Err(anyhow!(
                "say where the store is: `--config FILE`, or `--admin URL` with `--token-file FILE`"
            )
            .into()),
        }
    }

    /// Checks entries as the store will read them.
    pub(super) fn reader(&self) -> EntryReader {
        match self {
            Self::File(here) => here.reader.clone(),
            Self::Gateway(_) => checker(),
        }
    }

    /// Puts entries on file, all or none; they are durable when this returns.
    pub(super) fn put(&mut self, entries: &[Value]) -> anyhow::Result<Put> {
        match self {
            Self::File(here) => {
                let changes = entries
                    .iter()
                    .map(|entry| here.reader.change(entry).map_err(|message| anyhow!(message)))
                    .collect::<anyhow::Result<Vec<_>>>()?;
                let rules = here.rules.as_ref().map(Engine::rules);
                let unknown = |change: &Change| rules.map(|rules| change.unknown(rules));
                let unknown = changes.iter().filter_map(unknown).flatten().collect();
                Ok(Put { applied: here.store.change_blocking(changes)?, unknown })
            }
            Self::Gateway(gateway) => {
                let mut body = String::new();
                for entry in entries {
                    body.push_str(&entry.to_string());
                    body.push('\n');
                }
                let (_, answer) = gateway.ask(Method::POST, "/-/facts", NDJSON, body.into())?;
                let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
                let applied =
                    Applied { subjects: count("subjects"), mechanisms: count("mechanisms") };
                let unknown = answer.get("unknown").and_then(Value::as_array);
                let names = unknown.into_iter().flatten().filter_map(Value::as_str);
                Ok(Put { applied, unknown: names.map(str::to_owned).collect() })
            }
        }
    }

    /// Tells of names that nothing in the rules knows.
    pub(super) fn tell_unknown(unknown: &BTreeSet<String>) {
        for name in unknown {
            output::note(format_args!(
                "nothing in the rules knows `{name}`: no transfer is decided by it"
            ));
        }
    }

    pub(super) fn get(&mut self, subject: &Value) -> anyhow::Result<Option<Value>> {
        match self {
            Self::File(here) => {
                let who = here.reader.who(subject).map_err(|message| anyhow!(message))?;
                Ok(here.store.get(&who)?.map(|record| serde_json::json!(record)))
            }
            Self::Gateway(gateway) => {
                let asked = subject.to_string();
                let (status, record) =
                    gateway.ask(Method::POST, "/-/facts/get", NDJSON, asked.into())?;
                Ok((status == StatusCode::OK).then_some(record))
            }
        }
    }

    /// Every entry on file, until `each` fails.
    pub(super) fn export(
        &mut self,
        counted: bool,
        each: &mut dyn FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Self::File(here) => {
                let mut outcome = Ok(());
                here.store.export(counted, &mut |entry| {
                    outcome = each(&entry);
                    outcome.is_ok()
                })?;
                outcome
            }
            Self::Gateway(gateway) => gateway.export(counted, each),
        }
    }
}

/// The store that a configuration names; no other process may have it open.
pub(in crate::cli) fn open(
    config: &Config,
    path: &Path,
) -> Result<(FactsStore, FactsSettings), Failure> {
    let section = config
        .facts
        .as_ref()
        .with_context(|| format!("`{}` has no `facts:`, so there is no store", path.display()))?;
    let settings =
        app::facts_settings(section, &path.display().to_string()).map_err(serve::told)?;
    let metrics = Metrics::new().context("cannot set up the metrics")?;
    let store =
        FactsStore::open(settings.clone(), metrics.facts()).context("cannot start the store")?;
    let health = store.health();
    match health.cause {
        None => Ok((store, settings)),
        Some(Cause::Locked) => Err(anyhow!(
            "another process has the store open; ask a gateway that runs with `--admin` and `--token-file`"
        )
        .into()),
        Some(cause) => {
            let (cause, detail) = (cause.as_str(), health.detail.unwrap_or_default());
            Err(anyhow!("the facts store is unavailable: {cause} ({detail})").into())
        }
    }
}

/// Reads entries without a key: what is right does not depend on it.
pub(super) fn checker() -> EntryReader {
    EntryReader::new(SubjectKey::new(&[0; 32]), now())
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now())
}
