//! The store, opened here or asked of a gateway that has it open.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, anyhow};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Where;
use crate::{
    app,
    cli::{
        config,
        gateway::{Gateway, JSON, NDJSON},
        output::{self, Failure},
        rules, serve,
    },
    config::Config,
    engine::{Engine, Scratch},
    facts::{self, Applied, Cause, Change, EntryReader, FactsSettings, FactsStore, SubjectKey},
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
    pub(super) doubts: Doubts,
}

/// What may not have been meant as it stands.
#[derive(Default)]
pub(super) struct Doubts {
    /// Names that nothing in the rules knows.
    unknown: BTreeSet<String>,
    /// Those of them that take back everything.
    taking_back_everything: BTreeSet<String>,
    /// By kind, identifiers that no detector would see.
    unseen: BTreeMap<String, u64>,
}

impl Doubts {
    pub(super) fn add(
        &mut self,
        engine: &Engine,
        entry: &Value,
        change: &Change,
        scratch: &mut Scratch,
    ) {
        let rules = engine.rules();
        self.unknown.extend(change.unknown(rules));
        self.taking_back_everything.extend(change.taking_back_everything(rules));
        for kind in facts::unseen(engine, entry, scratch) {
            *self.unseen.entry(kind.as_str().to_owned()).or_default() += 1;
        }
    }

    /// What a gateway answered.
    fn of(answer: &Value) -> Self {
        let names = |name: &str| -> BTreeSet<String> {
            let names = answer.get(name).and_then(Value::as_array).into_iter().flatten();
            names.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let unseen = answer.get("unseen").and_then(Value::as_object).into_iter().flatten();
        Self {
            unknown: names("unknown"),
            taking_back_everything: names("taking_back_everything"),
            unseen: unseen
                .filter_map(|(kind, count)| Some((kind.clone(), count.as_u64()?)))
                .collect(),
        }
    }

    pub(super) fn tell(&self) {
        for name in &self.unknown {
            let then = if self.taking_back_everything.contains(name) {
                "a withdrawal of it takes back everything the person agreed to"
            } else {
                "no transfer is decided by it"
            };
            output::note(format_args!("nothing in the rules knows `{name}`: {then}"));
        }
        for (kind, count) in &self.unseen {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            let values = output::count_as(count, "value", "values");
            output::note(format_args!(
                "no detector sees {values} of `{kind}` in a payload: no transfer is decided by what is filed under it alone"
            ));
        }
    }
}

impl std::ops::AddAssign for Doubts {
    fn add_assign(&mut self, other: Self) {
        self.unknown.extend(other.unknown);
        self.taking_back_everything.extend(other.taking_back_everything);
        for (kind, count) in other.unseen {
            *self.unseen.entry(kind).or_default() += count;
        }
    }
}

impl std::ops::AddAssign for Put {
    fn add_assign(&mut self, other: Self) {
        self.applied += other.applied;
        self.doubts += other.doubts;
    }
}

impl Desk {
    pub(super) fn open(place: &Where) -> Result<Self, Failure> {
        match (&place.admin, &place.config) {
            (Some(url), _) => Ok(Self::Gateway(Gateway::open(url, &place.asker)?)),
            (None, Some(path)) => {
                let config = config::read(path)?;
                let (store, settings) = open(&config, path)?;
                let reader = EntryReader::new(settings.key, now());
                let rules = rules_of(&config);
                Ok(Self::File(Box::new(Here { store, reader, rules })))
            }
            (None, None) => Err(anyhow!(
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
                let (mut doubts, mut scratch) = (Doubts::default(), Scratch::default());
                if let Some(engine) = &here.rules {
                    for (entry, change) in entries.iter().zip(&changes) {
                        doubts.add(engine, entry, change, &mut scratch);
                    }
                }
                Ok(Put { applied: here.store.change_blocking(changes)?, doubts })
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
                Ok(Put { applied, doubts: Doubts::of(&answer) })
            }
        }
    }

    /// Takes back what a subject agreed to, if the rules know what that is.
    pub(super) fn withdraw(&mut self, subject: Value, withdrawal: Value) -> anyhow::Result<Doubts> {
        match self {
            Self::File(here) => {
                let scope = withdrawal.get("scope").and_then(Value::as_str).unwrap_or_default();
                let rules = here.rules.as_ref().map(Engine::rules);
                if let Some(why) = rules.and_then(|rules| rules.misspelt_withdrawal(scope)) {
                    return Err(anyhow!(why));
                }
                let entry = json!({ "subject": subject, "withdrawn": [withdrawal] });
                Ok(self.put(&[entry])?.doubts)
            }
            Self::Gateway(gateway) => {
                let mut asked = withdrawal;
                if let Value::Object(asked) = &mut asked {
                    asked.insert("subject".to_owned(), subject);
                }
                let body = asked.to_string();
                let path = "/-/facts/withdraw";
                let (_, answer) = gateway.ask(Method::POST, path, JSON, body.into())?;
                Ok(Doubts::of(&answer))
            }
        }
    }

    pub(super) fn get(&mut self, subject: &Value) -> anyhow::Result<Option<Value>> {
        match self {
            Self::File(here) => {
                let who = here.reader.who(subject).map_err(|message| anyhow!(message))?;
                Ok(here.store.get(&who)?.map(|record| json!(record)))
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

/// The rules that entries are compared with before there is a store: those of the configuration, or the shipped ones.
pub(super) fn rules_for(place: &Where) -> Result<Option<Engine>, Failure> {
    match &place.config {
        Some(path) => Ok(rules_of(&config::read(path)?)),
        // A gateway goes by its own and says so when it is told.
        None if place.admin.is_some() => Ok(None),
        None => Ok(rules::engine_as_it_is(None)),
    }
}

fn rules_of(config: &Config) -> Option<Engine> {
    let directory = config.rules.directory.as_ref().map(|it| &*it.value);
    // A bundle is fetched by whoever serves it.
    let is_here = config.rules.bundle.is_none();
    is_here.then(|| rules::engine_as_it_is(directory)).flatten()
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
