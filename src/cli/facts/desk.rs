//! The store, opened here or asked of a gateway that has it open.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use http::{Method, StatusCode};
use serde_json::Value;

use super::Where;
use crate::{
    app,
    cli::{
        config,
        gateway::{Gateway, NDJSON},
        output::Failure,
        serve,
    },
    config::Config,
    facts::{Applied, Cause, EntryReader, FactsSettings, FactsStore, SubjectKey},
    policy::Timestamp,
    telemetry::Metrics,
};

pub(super) enum Desk {
    File { store: FactsStore, reader: EntryReader },
    Gateway(Gateway),
}

impl Desk {
    pub(super) fn open(place: &Where) -> Result<Self, Failure> {
        match (&place.admin, &place.config, &place.token_file) {
            (Some(url), _, Some(token)) => Ok(Self::Gateway(Gateway::open(url, token)?)),
            (_, Some(path), _) => {
                let (store, settings) = open(&config::read(path)?, path)?;
                let reader = EntryReader::new(settings.key, now());
                Ok(Self::File { store, reader })
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
            Self::File { reader, .. } => reader.clone(),
            Self::Gateway(_) => checker(),
        }
    }

    /// Puts entries on file, all or none; they are durable when this returns.
    pub(super) fn put(&mut self, entries: &[Value]) -> anyhow::Result<Applied> {
        match self {
            Self::File { store, reader } => {
                let changes = entries
                    .iter()
                    .map(|entry| reader.change(entry).map_err(|message| anyhow!(message)))
                    .collect::<anyhow::Result<_>>()?;
                Ok(store.change_blocking(changes)?)
            }
            Self::Gateway(gateway) => {
                let mut body = String::new();
                for entry in entries {
                    body.push_str(&entry.to_string());
                    body.push('\n');
                }
                let (_, answer) = gateway.ask(Method::POST, "/-/facts", NDJSON, body.into())?;
                let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
                Ok(Applied { subjects: count("subjects"), mechanisms: count("mechanisms") })
            }
        }
    }

    pub(super) fn get(&mut self, subject: &Value) -> anyhow::Result<Option<Value>> {
        match self {
            Self::File { store, reader } => {
                let who = reader.who(subject).map_err(|message| anyhow!(message))?;
                Ok(store.get(&who)?.map(|record| serde_json::json!(record)))
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
            Self::File { store, .. } => {
                let mut outcome = Ok(());
                store.export(counted, &mut |entry| {
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
    let settings = app::facts_settings(section).map_err(serve::told)?;
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
