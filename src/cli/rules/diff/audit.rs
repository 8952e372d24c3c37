//! Recorded exchanges judged again. A record says from where to where, for what, and which categories
//! stood where; it says nothing of consents and instruments.

use std::{collections::BTreeSet, io::BufRead as _, path::Path};

use anyhow::Context as _;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::Compared;
use crate::{
    cli::{
        input,
        output::{self, BAD, Failure},
    },
    domain::{Coverage, Effect, Findings, Region},
    engine::Engine,
    policy::{Changes, Decided, Pair, Timestamp, Transfer, Way, recorded},
};

/// What is read of an audit record.
#[derive(Debug, Deserialize)]
struct Record {
    time: Timestamp,
    #[serde(default)]
    trace_id: String,
    #[serde(default)]
    stage: String,
    origin: Option<Region>,
    destination: Option<Region>,
    #[serde(default)]
    recipient: RecordedRecipient,
    purpose: Option<String>,
    effect: Effect,
    #[serde(default)]
    blocked_by: Vec<String>,
    #[serde(default)]
    redacted_by: Vec<String>,
    #[serde(default)]
    tags: Vec<RecordedTag>,
    coverage: Coverage,
}

#[derive(Debug, Default, Deserialize)]
struct RecordedRecipient {
    #[serde(default)]
    class: Option<String>,
    #[serde(default)]
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RecordedTag {
    tag: String,
    #[serde(default)]
    pointers: Vec<String>,
}

/// Two records alike but for their time and name are judged once.
#[derive(PartialEq, Eq, Hash)]
struct Shape(String);

pub(super) fn over_records(old: &Engine, new: &Engine, path: &Path) -> Result<Compared, Failure> {
    let name = input::display_name(path);
    let (reader, _) = input::open(path)?;
    let (mut unread, mut assumed, mut unexplained) = (0, 0, 0);
    let mut known: FxHashMap<Shape, Option<(Transfer, bool)>> = FxHashMap::default();
    let mut pairs = Vec::new();
    for (line, number) in reader.lines().zip(1_usize..) {
        let line = line.with_context(|| format!("cannot read `{name}` at line {number}"))?;
        // Seals and the like are no exchanges.
        if line.trim().is_empty() || line.starts_with("{\"audit\":") {
            continue;
        }
        let record: Record = match serde_json::from_str(&line) {
            Ok(record) => record,
            Err(error) => {
                unread += 1;
                output::note(format_args!("{name}:{number}: {BAD}error{BAD:#}: {error}"));
                continue;
            }
        };
        // An exchange that was recorded before it was sent is recorded again when it is over.
        if record.stage == "judged" {
            continue;
        }
        let transfer = transfer(&record);
        let complete = || complete(old, &record, &transfer);
        let judge = |engine: &Engine, facts: &Transfer| {
            let findings = findings(engine, &record);
            let decision = engine.rules().decide(facts, &findings, record.coverage, &[]);
            Decided::new(engine.rules(), &decision, &findings)
        };
        // What explained one record explains others like it, unless the law was another at their time.
        let shared = known.entry(shape(&record)).or_insert_with(complete).as_ref();
        let shared = shared.map(|(facts, assumed)| {
            (Transfer { as_of: transfer.as_of, ..facts.clone() }, *assumed)
        });
        let explaining = shared
            .filter(|(facts, _)| is_as_recorded(&record, &judge(old, facts)))
            .or_else(complete);
        let Some((facts, is_assumed)) = explaining else {
            unexplained += 1;
            continue;
        };
        assumed += usize::from(is_assumed);
        let known_as = match record.trace_id.as_str() {
            "" => format!("{name}:{number}"),
            trace => format!("{name}:{number} {trace}"),
        };
        pairs.push(Pair {
            name: known_as,
            way: Way::from(&transfer),
            old: judge(old, &facts),
            new: judge(new, &facts),
        });
    }
    Ok(Compared {
        changes: Changes::new(pairs),
        beside: vec![
            (assumed, "records judged with facts assumed that they do not hold".to_owned()),
            (unexplained, "records that the old rules do not decide as recorded".to_owned()),
            (unread, "lines that are no record".to_owned()),
        ],
    })
}

fn transfer(record: &Record) -> Transfer {
    let mut transfer = Transfer {
        as_of: Some(record.time),
        origin: record.origin,
        destination: record.destination,
        purpose: record.purpose.clone(),
        ..Transfer::default()
    };
    transfer.recipient.class.clone_from(&record.recipient.class);
    transfer.recipient.id.clone_from(&record.recipient.id);
    transfer
}

/// Categories where they stood; one without a place stood somewhere.
fn findings(engine: &Engine, record: &Record) -> Findings {
    let places = record.tags.iter().flat_map(|tag| {
        let nowhere = tag.pointers.is_empty().then_some("");
        tag.pointers.iter().map(String::as_str).chain(nowhere).map(|at| (at, tag.tag.as_str()))
    });
    recorded::findings(engine.taxonomy(), places)
}

/// The facts that make the rules decide as recorded, and whether any are assumed.
fn complete(old: &Engine, record: &Record, transfer: &Transfer) -> Option<(Transfer, bool)> {
    let findings = findings(old, record);
    old.explainer().complete(
        old.rules(),
        transfer,
        &findings,
        record.coverage,
        record.effect,
        deciding(record),
    )
}

/// The rules the record says decided; none in records of before they were kept.
fn deciding(record: &Record) -> &[String] {
    match record.effect {
        Effect::Allow => &[],
        Effect::Redact => &record.redacted_by,
        Effect::Block => &record.blocked_by,
    }
}

fn is_as_recorded(record: &Record, decided: &Decided) -> bool {
    let by: BTreeSet<String> = deciding(record).iter().cloned().collect();
    decided.effect == record.effect && (by.is_empty() || decided.by == by)
}

fn shape(record: &Record) -> Shape {
    Shape(format!(
        "{:?}",
        (
            record.origin,
            record.destination,
            &record.recipient,
            &record.purpose,
            record.effect,
            &record.blocked_by,
            &record.redacted_by,
            &record.tags,
            record.coverage,
        )
    ))
}
