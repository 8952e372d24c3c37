//! `bordergate audit show`: the record of one exchange, with the rules it names.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use memchr::memmem::Finder;
use serde_json::{Value, json};

use super::{lines::AuditFiles, record::SECOND, report::shown};
use crate::{
    audit::words,
    cli::{
        Exit, config,
        output::{self, BAD, CHANGED, Failure, Format, GOOD, Outcome, PLACE, STRONG},
        rules,
    },
    domain::Effect,
    engine::Engine,
    policy::{RuleTold, Words},
};

const AFTER_HELP: &str = "\
Examples:
  bordergate audit show 4f6f73525157590670dc44d23798d0cf /var/log/bordergate
  bordergate audit show 4f6f73525157590670dc44d23798d0cf a.jsonl --rules rules
  bordergate audit show 4f6f73525157590670dc44d23798d0cf a.jsonl --format json

The trace is the `instance` of a refusal, with what stands before it or without. A record names rules \
by their ids; what those say is read from the rules as they are now. The exit code is 1 when no record \
has the trace.";

/// What callers are given to name an exchange by.
const INSTANCE: &str = "urn:bordergate:trace:";

/// Show the records of one exchange, with the title, the statute and the requirements of each rule
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Show {
    /// Trace id, or the `instance` of a refusal
    #[arg(value_name = "TRACE")]
    trace: String,
    /// Audit files, or directories of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Directory with the rules; without it, those the program ships
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    rules: Option<PathBuf>,
    /// Configuration that names the rules
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A record as it stands, and where.
struct Found {
    place: String,
    record: Value,
}

impl Show {
    pub(super) fn run(self) -> Outcome {
        let trace = self.trace.trim();
        let trace = trace.strip_prefix(INSTANCE).unwrap_or(trace).to_ascii_lowercase();
        if trace.len() != 32 || !trace.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(anyhow::anyhow!(
                "a trace has 32 hex digits, as in `{INSTANCE}4f6f73525157590670dc44d23798d0cf`"
            )
            .into());
        }
        let files = AuditFiles::find(&self.paths)?;
        let finder = Finder::new(trace.as_bytes());
        let mut found = Vec::new();
        files.each(|file, number, line| {
            // Most lines are of other exchanges; looking for the trace is faster than reading them.
            if finder.find(line).is_none() {
                return;
            }
            let record = serde_json::from_slice::<Value>(line).ok();
            let is_it = |record: &Value| {
                record.get("trace_id").and_then(Value::as_str) == Some(trace.as_str())
            };
            if let Some(record) = record.filter(is_it) {
                found.push(Found { place: format!("{}:{number}", files.name(file)), record });
            }
        })?;
        if found.is_empty() {
            output::note("no record has this trace");
            return Ok(Exit::Failed);
        }
        let engine = self.engine()?;
        let mut out = output::out();
        for (number, found) in found.iter().enumerate() {
            match self.format {
                Format::Text => {
                    if number > 0 {
                        writeln!(out)?;
                    }
                    text(&mut out, &engine, found)?;
                }
                Format::Json => {
                    let object = json!({
                        "place": found.place, "record": found.record,
                        "rules": told(&engine, &names(&found.record, "rules")),
                    });
                    writeln!(out, "{object}")?;
                }
            }
        }
        out.flush()?;
        let lacks = |found: &Found| {
            let named =
                ["rules", "blocked_by", "redacted_by"].map(|list| names(&found.record, list));
            named.concat().iter().any(|id| told(&engine, &[id]).is_empty())
        };
        if self.rules.is_none() && self.config.is_none() && found.iter().any(lacks) {
            output::note(
                "these are the rules the program ships; `--config` or `--rules` names those of the gateway",
            );
        }
        Ok(Exit::Done)
    }

    fn engine(&self) -> Result<Engine, Failure> {
        let Some(path) = &self.config else { return rules::engine(self.rules.as_deref()) };
        let config = config::read(path)?;
        rules::engine(config.rules.directory.as_ref().map(|directory| &*directory.value))
    }
}

fn names<'r>(record: &'r Value, list: &str) -> Vec<&'r str> {
    let items = record.get(list).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

fn told(engine: &Engine, ids: &[&str]) -> Vec<RuleTold> {
    ids.iter().flat_map(|id| engine.explainer().rules_of(engine.rules(), id)).collect()
}

fn text(out: &mut impl Write, engine: &Engine, found: &Found) -> io::Result<()> {
    let Found { place, record } = found;
    let word = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| record.get(name).and_then(Value::as_u64);
    let effect = word("effect");
    // A record whose line says nothing of a rule is told in its own words.
    let was_judged = effect != words::REFUSED;
    let (style, sign) = match effect {
        "allow" => (GOOD, "✓"),
        "redact" => (CHANGED, "✂"),
        _ => (BAD, "✗"),
    };
    let said =
        if was_judged { word("reason") } else { "Before it was judged: it was no transfer." };
    writeln!(out, "{style}{sign} {effect}{style:#}  {STRONG}{said}{STRONG:#}")?;
    if was_judged {
        let recipient = record.get("recipient");
        let of = |name: &str| {
            let value = recipient.and_then(|recipient| recipient.get(name));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        let (origin, destination, purpose) =
            (shown(word("origin")), shown(word("destination")), shown(word("purpose")));
        let (class, id) = (shown(of("class")), shown(of("id")));
        writeln!(out, "  {origin} → {destination}, for {purpose}, to {class} `{id}`")?;
    }
    let time = word("time");
    let second = time.get(..SECOND).unwrap_or(time);
    let mut line = format!("  {second}Z, {}, trace {}", word("stage"), word("trace_id"));
    if let Some(generation) = number("generation") {
        line.push_str(&format!(", generation {generation} of the rules"));
    }
    for (name, what) in [("route", "route"), ("error", "failed:"), ("policy_version", "policy")] {
        if !word(name).is_empty() {
            line.push_str(&format!(", {what} `{}`", word(name)));
        }
    }
    if let Some(status) = number("status") {
        line.push_str(&format!(", answered {status}"));
    }
    writeln!(out, "{line}\n  {PLACE}{place}{PLACE:#}")?;

    let mut decided: Vec<&str> = Vec::new();
    for (list, does) in [("blocked_by", Does::Block), ("redacted_by", Does::Redact)] {
        for id in names(record, list) {
            // Records of old have an id once for each of its parts that took something out.
            if decided.contains(&id) {
                continue;
            }
            if decided.is_empty() {
                writeln!(out, "\n{STRONG}Why{STRONG:#}")?;
            }
            decided.push(id);
            deciding_rule(out, engine, record, id, does)?;
        }
    }
    fields(out, record)?;
    let mut others = names(record, "rules");
    others.retain(|id| !decided.contains(id));
    others.dedup();
    if !others.is_empty() {
        writeln!(out, "\n{STRONG}The other rules{STRONG:#}")?;
        for id in others {
            let titles: Vec<String> =
                told(engine, &[id]).into_iter().map(|rule| rule.title).collect();
            let said = match &*titles {
                [] => UNKNOWN.to_owned(),
                [title] => title.clone(),
                several => format!("one of: {}", several.join("; ")),
            };
            writeln!(out, "  {id:<24} {said}")?;
        }
    }
    obligations(out, record)
}

/// Rules change, and records stay.
const UNKNOWN: &str = "not among these rules";

/// What a rule did that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Block,
    Redact,
}

impl Does {
    fn as_str(self) -> &'static str {
        match self {
            Self::Block => "blocks",
            Self::Redact => "redacts",
        }
    }

    /// A block rule takes out what a record on file that meets it does not cover.
    fn is_done_by(self, rule: &RuleTold) -> bool {
        match rule.effect {
            Some(Effect::Block) => self == Self::Block || rule.requires.is_some(),
            Some(Effect::Redact) => self == Self::Redact,
            Some(Effect::Allow) | None => false,
        }
    }
}

fn deciding_rule(
    out: &mut impl Write,
    engine: &Engine,
    record: &Value,
    id: &str,
    does: Does,
) -> io::Result<()> {
    let parts = deciding_parts(told(engine, &[id]), record, id, does);
    let mut does = format!(" {}", does.as_str());
    if parts.is_empty() {
        return writeln!(out, "  {STRONG}{id}{STRONG:#}{does}\n    {UNKNOWN}");
    }
    if parts.len() > 1 && !is_told(record, id) {
        writeln!(out, "  {STRONG}{id}{STRONG:#}{does}, by one of these parts:")?;
        does = String::new();
    }
    for rule in parts {
        let part = rule.part.map(|part| format!(" ({part})")).unwrap_or_default();
        writeln!(out, "  {STRONG}{id}{part}{STRONG:#}{does}")?;
        writeln!(out, "    {}. {}", rule.title, rule.reason)?;
        let place = match rule.line {
            0 => String::new(),
            line => format!("; {PLACE}{}:{line}{PLACE:#}", rule.file),
        };
        writeln!(out, "    {}{place}", rule.statute)?;
        match &rule.requires {
            Some(requires) => required(out, "requires", requires, 0)?,
            None => writeln!(out, "      requires nothing that could be put on file")?,
        }
    }
    Ok(())
}

/// Those that the record names; where it names none, as records of old do, those that may have decided: of this
/// effect, and with the record's reason where one has it.
fn deciding_parts(mut parts: Vec<RuleTold>, record: &Value, id: &str, does: Does) -> Vec<RuleTold> {
    if is_told(record, id) {
        let named = names(record, "parts");
        parts.retain(|rule| match &rule.part {
            Some(part) => named.iter().any(|name| part_of(name, id) == Some(part)),
            None => named.contains(&id),
        });
        return parts;
    }
    if parts.len() > 1 {
        parts.retain(|rule| does.is_done_by(rule));
    }
    let reason = record.get("reason").and_then(Value::as_str);
    if parts.iter().any(|rule| Some(&*rule.reason) == reason) {
        parts.retain(|rule| Some(&*rule.reason) == reason);
    }
    parts
}

/// The record says which parts of `id` decided.
fn is_told(record: &Value, id: &str) -> bool {
    names(record, "parts").iter().any(|name| *name == id || part_of(name, id).is_some())
}

/// `opt-out` of `JR-US-12/opt-out`.
fn part_of<'n>(name: &'n str, id: &str) -> Option<&'n str> {
    name.strip_prefix(id)?.strip_prefix('/')
}

fn required(out: &mut impl Write, label: &str, words: &Words, depth: usize) -> io::Result<()> {
    let indent = " ".repeat(depth * 2);
    let is_heading = !words.parts.is_empty() && !words.words.starts_with("meets");
    let said = if is_heading { words.words.clone() } else { format!("`{}`", words.words) };
    writeln!(out, "      {label:<9}{indent}{said}")?;
    words.parts.iter().try_for_each(|part| required(out, "", part, depth + 1))
}

fn fields(out: &mut impl Write, record: &Value) -> io::Result<()> {
    let tags = record.get("tags").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if tags.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{STRONG}Fields{STRONG:#}")?;
    for tag in tags {
        let count = |name: &str| tag.get(name).and_then(Value::as_u64).unwrap_or(0);
        let category = tag.get("tag").and_then(Value::as_str).unwrap_or_default();
        let redacted = match count("redacted") {
            0 => String::new(),
            redacted => format!(", {redacted} redacted"),
        };
        let places = names(tag, "pointers").join(", ");
        let all = count("count");
        writeln!(out, "  {category}  {all}{redacted}  {PLACE}{places}{PLACE:#}")?;
    }
    Ok(())
}

fn obligations(out: &mut impl Write, record: &Value) -> io::Result<()> {
    let annotations = record.get("annotations").and_then(Value::as_array);
    let annotations = annotations.map(Vec::as_slice).unwrap_or_default();
    if annotations.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{STRONG}Obligations{STRONG:#}")?;
    for annotation in annotations {
        let word = |name: &str| annotation.get(name).and_then(Value::as_str);
        let name = word("name").unwrap_or_default();
        match word("value") {
            Some(value) => writeln!(out, "  {name}: {value}")?,
            None => writeln!(out, "  {name}")?,
        }
    }
    Ok(())
}
