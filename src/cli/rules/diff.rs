//! `bordergate rules diff`: what do two sets of rules decide differently?

use std::{
    collections::BTreeMap,
    io::{BufRead as _, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};

use crate::{
    cli::{
        Exit,
        audit::lines::AuditFiles,
        decide::AsOf,
        input::{self, Input},
        output::{self, BAD, CHANGED, Failure, GOOD, Outcome, STRONG},
        replay::{self, At, Stated},
    },
    control::{RulesSource, rules_hash},
    domain::Effect,
    engine::{Engine, Scratch},
    inquiry::Case,
    policy::{ChangeGroup, Changes, Decided, Pair, Trial, Way, is_test_file},
    source::{Diagnostics, SourceFile},
};

const AFTER_HELP: &str = "\
Examples:
  bordergate rules diff old new
                                   over the rule tests of the new ones
  bordergate rules diff old new --cases transfers.jsonl
                                   over payloads, as `decide --batch` takes them
  bordergate rules diff old new --audit audit.jsonl
                                   over what the gateway has recorded
  bordergate rules diff old new --audit audit.jsonl --as-of 2027-05-13
                                   the same, were it then

A record holds categories, not values, and nothing of what was on file. Where the old rules need \
more to decide as recorded, the fewest facts that make them do so are assumed, for both sides; a \
record that no assumption explains is counted apart.

The exit code is 12 when a decision differs, 0 when none does, and 4 when nothing could be compared.";

/// Say what two sets of rules decide differently: decisions, not lines of text
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Diff {
    /// Directory with the rules as they are; `-` for those the program ships
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// Directory with the rules as they are to be; `-` for those the program ships
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// File with a context and its payload on each line
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "audit")]
    cases: Option<PathBuf>,
    /// File with audit records, one on each line
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    #[command(flatten)]
    as_of: AsOf,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Groups of changes, the laxer ones first
    Text,
    /// One object
    Json,
}

/// One side of the comparison.
pub(in crate::cli) struct Side {
    files: Vec<SourceFile>,
    /// As an audit has it of the rules that judge.
    pub(in crate::cli) hash: String,
    pub(in crate::cli) engine: Engine,
}

/// What was compared, and what could not be.
pub(in crate::cli) struct Compared {
    pub(in crate::cli) changes: Changes,
    /// In words, with how many.
    pub(in crate::cli) beside: Vec<(usize, String)>,
}

impl Compared {
    pub(in crate::cli) fn exit(&self) -> Exit {
        match (self.changes.cases, self.changes.changed) {
            // That no decision differs is no news where none was made.
            (0, _) => Exit::Unread,
            (_, 0) => Exit::Done,
            (_, _) => Exit::Differs,
        }
    }
}

impl Diff {
    pub(super) fn run(self) -> Outcome {
        let (old, new) = (side(&self.old)?, side(&self.new)?);
        let compared = match (&self.cases, &self.audit) {
            (Some(cases), _) => over_cases(&old, &new, cases, self.as_of)?,
            (None, Some(records)) => {
                let files = AuditFiles::find(std::slice::from_ref(records))?;
                let at = At { old: self.as_of.time, new: self.as_of.time };
                let stated = Stated::default();
                replay::over_records(&old, &new.engine, &stated, at, &files, &|_| true)?
            }
            (None, None) if self.as_of.time.is_some() => {
                return Err(anyhow!(
                    "rule tests have times of their own; `--as-of` goes with `--cases` or `--audit`"
                )
                .into());
            }
            (None, None) => over_tests(&old, &new)?,
        };
        let mut out = output::out();
        match self.format {
            Format::Text => print(&mut out, &compared)?,
            Format::Json => {
                let beside: BTreeMap<&str, usize> =
                    compared.beside.iter().map(|(count, what)| (what.as_str(), *count)).collect();
                let object = serde_json::json!({ "changes": compared.changes, "beside": beside });
                serde_json::to_writer(&mut out, &object).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        Ok(compared.exit())
    }
}

pub(in crate::cli) fn side(path: &Path) -> Result<Side, Failure> {
    let source = if path == Path::new("-") {
        RulesSource::Embedded
    } else {
        RulesSource::Directory(path.to_owned())
    };
    let mut diagnostics = Diagnostics::default();
    let files = source.load(&mut diagnostics).files;
    side_of(files, diagnostics)
}

pub(in crate::cli) fn side_of(
    files: Vec<SourceFile>,
    mut diagnostics: Diagnostics,
) -> Result<Side, Failure> {
    let engine = super::compile(&files, &mut diagnostics);
    diagnostics.sort();
    output::diagnostics(&diagnostics);
    match engine {
        Some(engine) if !diagnostics.has_errors() => {
            Ok(Side { hash: rules_hash(&files), files, engine })
        }
        Some(_) | None => Err(Failure::Invalid),
    }
}

/// The tests of the new rules before both; without any, those of the old, and then the shipped ones.
fn over_tests(old: &Side, new: &Side) -> Result<Compared, Failure> {
    let tests_of = |files: &[SourceFile]| -> Vec<SourceFile> {
        files.iter().filter(|file| is_test_file(&file.name)).cloned().collect()
    };
    let shipped = || RulesSource::Embedded.load(&mut Diagnostics::default()).files;
    let tests = [tests_of(&new.files), tests_of(&old.files)]
        .into_iter()
        .find(|tests| !tests.is_empty())
        .unwrap_or_else(|| tests_of(&shipped()));
    let decisions = |side: &Side| {
        let mut files: Vec<SourceFile> =
            side.files.iter().filter(|file| !is_test_file(&file.name)).cloned().collect();
        files.extend(tests.iter().cloned());
        // A row may speak of what one side does not know yet, or no more; it is left out and counted.
        Trial::lenient(&files, side.engine.taxonomy()).map(|trial| trial.decisions())
    };
    let (Some(before), Some(after)) = (decisions(old), decisions(new)) else {
        return Err(anyhow::anyhow!("the rule tests cannot be read").into());
    };
    let mut before: BTreeMap<String, (Way, Decided)> =
        before.into_iter().map(|(name, way, decided)| (name, (way, decided))).collect();
    let mut unknown = 0;
    let mut pairs = Vec::new();
    for (name, way, new) in after {
        match before.remove(&name) {
            Some((_, old)) => pairs.push(Pair { name, way, old, new }),
            None => unknown += 1,
        }
    }
    unknown += before.len();
    Ok(Compared {
        changes: Changes::new(pairs),
        beside: vec![(unknown, "rows that one of the two cannot read".to_owned())],
    })
}

fn over_cases(old: &Side, new: &Side, path: &Path, as_of: AsOf) -> Result<Compared, Failure> {
    let name = input::display_name(path);
    let (reader, _) = input::open(path)?;
    let mut scratch = Scratch::default();
    let (mut pairs, mut unread) = (Vec::new(), 0);
    for (line, number) in reader.lines().zip(1_usize..) {
        let line = line.with_context(|| format!("cannot read `{name}` at line {number}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let case = match Case::parse(&line) {
            Ok(case) => case,
            Err(error) => {
                unread += 1;
                output::note(format_args!("{name}:{number}: {BAD}error{BAD:#}: {error}"));
                continue;
            }
        };
        let input = Input::from_body(
            case.body,
            case.content_type.as_deref(),
            case.content_encoding.as_deref(),
        );
        let mut transfer = case.transfer;
        as_of.set(&mut transfer);
        let mut judge = |engine: &Engine| {
            let verdict = input.with_message(|message| {
                engine.inspect(message, transfer.clone(), &input.limits(), &mut scratch)
            });
            let decided = Decided::new(engine.rules(), &verdict.decision, &verdict.findings);
            (Way::from(&*verdict.transfer), decided)
        };
        let (_, before) = judge(&old.engine);
        let (way, after) = judge(&new.engine);
        let id =
            case.id.as_ref().map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        let known =
            id.map_or_else(|| format!("{name}:{number}"), |id| format!("{name}:{number} {id}"));
        pairs.push(Pair { name: known, way, old: before, new: after });
    }
    Ok(Compared {
        changes: Changes::new(pairs),
        beside: vec![(unread, "lines that are no transfer".to_owned())],
    })
}

pub(in crate::cli) fn print(out: &mut impl Write, compared: &Compared) -> Result<(), Failure> {
    let changes = &compared.changes;
    for group in &changes.groups {
        print_group(out, group)?;
    }
    let cases = output::count(changes.cases, "case");
    match changes.changed {
        _ if changes.cases == 0 => writeln!(out, "{BAD}nothing was compared{BAD:#}")?,
        0 => writeln!(out, "{GOOD}no decision differs{GOOD:#}: {cases}")?,
        changed => writeln!(out, "{CHANGED}{changed} of {cases} decided differently{CHANGED:#}")?,
    }
    for (count, what) in compared.beside.iter().filter(|(count, _)| *count > 0) {
        writeln!(out, "{count} {what}")?;
    }
    Ok(())
}

fn print_group(out: &mut impl Write, group: &ChangeGroup) -> Result<(), Failure> {
    let at =
        |at: Option<crate::domain::Region>| at.map_or_else(|| "?".to_owned(), |at| at.to_string());
    let style = |effect: Effect| match effect {
        Effect::Allow => GOOD,
        Effect::Redact => CHANGED,
        Effect::Block => BAD,
    };
    let list = |names: &std::collections::BTreeSet<String>| {
        names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    let (from, to) = (style(group.from), style(group.to));
    let rules = if group.rules.is_empty() { "obligations".to_owned() } else { list(&group.rules) };
    writeln!(
        out,
        "{from}{}{from:#} → {to}{}{to:#}  {STRONG}{rules}{STRONG:#}  {} → {}, {}  ({})",
        group.from,
        group.to,
        at(group.way.origin),
        at(group.way.destination),
        group.way.purpose.as_deref().unwrap_or("no purpose"),
        output::count(group.count, "case"),
    )?;
    for (what, names) in [
        ("redacts also", &group.newly_redacted),
        ("no longer redacts", &group.no_longer_redacted),
        ("new obligations", &group.new_annotations),
        ("obligations gone", &group.gone_annotations),
    ] {
        if !names.is_empty() {
            writeln!(out, "    {what}: {}", list(names))?;
        }
    }
    writeln!(out, "    such as {}", group.examples.join("; "))?;
    Ok(())
}
