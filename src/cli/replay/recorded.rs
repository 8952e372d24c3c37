//! Recorded exchanges judged again. A record says from where to where, for what, and which categories
//! stood where; it says nothing of consents and instruments.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::{
    audit::words,
    cli::{
        audit::lines::AuditFiles,
        output::{self, BAD, Failure},
        rules::diff::{Compared, Side},
    },
    domain::{Coverage, Effect, Findings, Region, ShortStr},
    engine::Engine,
    policy::{Comparison, Decided, Pair, Timestamp, Transfer, Way, recorded},
};

/// What is read of an audit record.
#[derive(Debug, Deserialize)]
struct Record {
    time: Timestamp,
    #[serde(default)]
    generation: u64,
    #[serde(default)]
    trace_id: String,
    #[serde(default)]
    stage: String,
    route: Option<String>,
    origin: Option<Region>,
    destination: Option<Region>,
    #[serde(default)]
    recipient: RecordedRecipient,
    purpose: Option<String>,
    effect: Recorded,
    #[serde(default)]
    blocked_by: Vec<String>,
    #[serde(default)]
    redacted_by: Vec<String>,
    #[serde(default)]
    tags: Vec<RecordedTag>,
    #[serde(default)]
    coverage: Coverage,
}

/// What became of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Recorded {
    Allow,
    Redact,
    Block,
    /// Before it was judged.
    Refused,
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

/// Two records alike but for their time and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Shape(String);

/// By the id of a route, what the configuration says of every transfer by it.
pub(in crate::cli) type Stated = FxHashMap<String, Transfer>;

/// At another time than that of the record.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cli) struct At {
    pub(in crate::cli) old: Option<Timestamp>,
    pub(in crate::cli) new: Option<Timestamp>,
}

/// Judges recorded exchanges by two sets of rules.
struct Judge<'e> {
    old: &'e Engine,
    new: &'e Engine,
    stated: &'e Stated,
    at: At,
    /// The facts that explain records of a shape, and whether any are assumed.
    explained: FxHashMap<Shape, Option<(Transfer, bool)>>,
    /// What both decide of records alike in the same quarter of an hour.
    judged: FxHashMap<(Shape, i64), Result<Judged, Unexplained>>,
}

#[derive(Clone)]
struct Judged {
    old: Decided,
    new: Decided,
    is_assumed: bool,
}

/// In words: what the record says, and what the old rules decide.
type Unexplained = String;

/// Seconds. Every zone's midnight, where laws come into force, is the beginning of one.
const QUARTER: i64 = 900;
/// So many digits of a hash tell rules apart.
const HASH_CHARS: usize = 12;
/// Kept at once; then from the beginning.
const KEPT_MAX: usize = 1 << 16;

/// Every exchange in `files` that is over and whose time `is_asked`, by both, `at` another time where one is
/// given. What the old rules do not decide as recorded, whatever facts are assumed, is counted apart and not
/// compared.
pub(in crate::cli) fn over_records(
    old: &Side,
    new: &Engine,
    stated: &Stated,
    at: At,
    files: &AuditFiles,
    is_asked: &dyn Fn(&Timestamp) -> bool,
) -> Result<Compared, Failure> {
    /// Told one by one; the rest is counted.
    const TOLD_MAX: usize = 10;
    /// Reasons why records are set aside.
    const REASONS_MAX: usize = 5;
    let mut judge = Judge {
        old: &old.engine,
        new,
        stated,
        at,
        explained: FxHashMap::default(),
        judged: FxHashMap::default(),
    };
    let (mut unread, mut assumed, mut refused, mut read) = (0, 0, 0, 0);
    let mut unexplained: BTreeMap<Unexplained, usize> = BTreeMap::new();
    let mut served = Served::default();
    // By hash, how many records other rules judged, and how many of those the old ones do not explain.
    let mut of_others: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut comparison = Comparison::default();
    files.each(|file, number, line| {
        // Seals and the like are no exchanges.
        if line.trim_ascii().is_empty() || words::is_mark(line) {
            served.heed(line);
            return;
        }
        let record: Record = match serde_json::from_slice(line) {
            Ok(record) => record,
            Err(error) => {
                unread += 1;
                if unread <= TOLD_MAX {
                    let name = files.name(file);
                    output::note(format_args!("{name}:{number}: {BAD}error{BAD:#}: {error}"));
                }
                return;
            }
        };
        read += 1;
        // An exchange that was recorded before it was sent is recorded again when it is over.
        if record.stage == words::JUDGED || !is_asked(&record.time) {
            return;
        }
        let Some(effect) = record.effect() else {
            refused += 1;
            return;
        };
        let other = served.hash(record.generation).filter(|hash| *hash != old.hash);
        let mut of_other = other.map(|hash| of_others.entry(hash.to_owned()).or_default());
        if let Some((records, _)) = &mut of_other {
            *records += 1;
        }
        let judged = match judge.judge(&record, effect) {
            Ok(judged) => judged,
            Err(why) => {
                match of_other {
                    Some((_, unexplained)) => *unexplained += 1,
                    None => *unexplained.entry(why).or_default() += 1,
                }
                return;
            }
        };
        assumed += usize::from(judged.is_assumed);
        let name = match record.trace_id.as_str() {
            "" => format!("{}:{number}", files.name(file)),
            trace => format!("{}:{number} {trace}", files.name(file)),
        };
        let way = Way::from(&transfer(&record, stated));
        comparison.add(Pair { name, way, old: judged.old, new: judged.new });
    })?;
    if read == 0 && unread > 0 {
        return Err(anyhow!("no line is a record of an audit").into());
    }
    let of_other_rules = of_others.values().map(|(_, unexplained)| unexplained);
    let count = unexplained.values().chain(of_other_rules).sum();
    let mut beside = vec![
        (assumed, "records judged with facts assumed that they do not hold".to_owned()),
        (count, "records that the old rules do not decide as recorded".to_owned()),
    ];
    // The commonest reasons tell most.
    let mut reasons: Vec<(Unexplained, usize)> = unexplained.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    beside.extend(reasons.into_iter().take(REASONS_MAX).map(|(why, count)| (count, why)));
    for (hash, (records, unexplained)) in &of_others {
        let hash: String = hash.chars().take(HASH_CHARS).collect();
        beside.push((
            *unexplained,
            format!("of them: judged by rules {hash}, which are not the old ones"),
        ));
        beside.push((
            *records,
            format!("records in all that rules {hash} judged, and not the old ones"),
        ));
    }
    beside.push((refused, "records of what was refused before it was judged".to_owned()));
    beside.push((unread, "lines that are no record".to_owned()));
    Ok(Compared { changes: comparison.finish(), beside })
}

/// Which rules judged, by what the audit says on the way.
#[derive(Default)]
struct Served(FxHashMap<u64, String>);

impl Served {
    fn heed(&mut self, line: &[u8]) {
        #[derive(Deserialize)]
        struct Rules {
            generation: u64,
            rules_hash: String,
            #[serde(default)]
            because: String,
        }
        if !words::is_mark_of(line, words::RULES) {
            return;
        }
        let Ok(rules) = serde_json::from_slice::<Rules>(line) else { return };
        // Each process counts from 1.
        if rules.because == "start" {
            self.0.clear();
        }
        self.0.insert(rules.generation, rules.rules_hash);
    }

    /// `None` where no line says so, as in audits of older versions.
    fn hash(&self, generation: u64) -> Option<&str> {
        self.0.get(&generation).map(String::as_str)
    }
}

impl Judge<'_> {
    /// An error when the old rules do not decide it as recorded.
    fn judge(&mut self, record: &Record, effect: Effect) -> Result<Judged, Unexplained> {
        let key = (shape(record), record.time.0.as_second().div_euclid(QUARTER));
        if let Some(known) = self.judged.get(&key) {
            return known.clone();
        }
        if self.judged.len() >= KEPT_MAX {
            self.judged.clear();
        }
        let judged = self.judge_anew(record, effect, &key.0).ok_or_else(|| {
            let bare = decided(self.old, &transfer(record, self.stated), record);
            let by = |effect: Effect, by: &BTreeSet<String>| match by.len() {
                0 => effect.to_string(),
                _ => format!("{effect} by {}", by.iter().cloned().collect::<Vec<_>>().join(", ")),
            };
            let recorded = deciding(record, effect).iter().cloned().collect();
            format!(
                "of them: recorded {}; by what the record says the old rules {}",
                by(effect, &recorded),
                by(bare.effect, &bare.by)
            )
        });
        self.judged.insert(key, judged.clone());
        judged
    }

    fn judge_anew(&mut self, record: &Record, effect: Effect, shape: &Shape) -> Option<Judged> {
        let (old, new) = (self.old, self.new);
        let transfer = transfer(record, self.stated);
        let complete = || complete(old, record, effect, &transfer);
        if self.explained.len() >= KEPT_MAX {
            self.explained.clear();
        }
        // What explained one record explains others like it, unless the law was another at their time.
        let shared = self.explained.entry(shape.clone()).or_insert_with(complete).as_ref();
        let shared = shared.map(|(facts, assumed)| {
            (Transfer { as_of: transfer.as_of, ..facts.clone() }, *assumed)
        });
        let (facts, is_assumed) = shared
            .filter(|(facts, _)| is_as_recorded(record, effect, &decided(old, facts, record)))
            .or_else(complete)?;
        let (old_at, new_at) = (self.at.old, self.at.new);
        let at =
            |time: Option<Timestamp>| Transfer { as_of: time.or(facts.as_of), ..facts.clone() };
        Some(Judged {
            old: decided(old, &at(old_at), record),
            new: decided(new, &at(new_at), record),
            is_assumed,
        })
    }
}

impl Record {
    /// `None` for what was refused before it was judged.
    fn effect(&self) -> Option<Effect> {
        match self.effect {
            Recorded::Allow => Some(Effect::Allow),
            Recorded::Redact => Some(Effect::Redact),
            Recorded::Block => Some(Effect::Block),
            Recorded::Refused => None,
        }
    }
}

fn decided(engine: &Engine, facts: &Transfer, record: &Record) -> Decided {
    let findings = findings(engine, record);
    let decision = engine.rules().decide(facts, &findings, record.coverage, &[]);
    Decided::new(engine.rules(), &decision, &findings)
}

fn transfer(record: &Record, stated: &Stated) -> Transfer {
    let mut transfer = Transfer {
        as_of: Some(record.time),
        origin: record.origin,
        destination: record.destination,
        purpose: record.purpose.as_deref().map(ShortStr::new),
        ..Transfer::default()
    };
    transfer.recipient.class = record.recipient.class.as_deref().map(ShortStr::new);
    transfer.recipient.id = record.recipient.id.as_deref().map(ShortStr::new);
    if let Some(known) = record.route.as_ref().and_then(|route| stated.get(route)) {
        transfer.fill_from(known.clone());
    }
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
fn complete(
    old: &Engine,
    record: &Record,
    effect: Effect,
    transfer: &Transfer,
) -> Option<(Transfer, bool)> {
    let findings = findings(old, record);
    old.explainer().complete(
        old.rules(),
        transfer,
        &findings,
        record.coverage,
        effect,
        deciding(record, effect),
    )
}

/// The rules the record says decided; none in records of before they were kept.
fn deciding(record: &Record, effect: Effect) -> &[String] {
    match effect {
        Effect::Allow => &[],
        Effect::Redact => &record.redacted_by,
        Effect::Block => &record.blocked_by,
    }
}

fn is_as_recorded(record: &Record, effect: Effect, decided: &Decided) -> bool {
    let by: BTreeSet<String> = deciding(record, effect).iter().cloned().collect();
    decided.effect == effect && (by.is_empty() || decided.by == by)
}

fn shape(record: &Record) -> Shape {
    Shape(format!(
        "{:?}",
        (
            &record.route,
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
