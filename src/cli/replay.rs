//! `bordergate replay`: what would yesterday's traffic have met under other rules?

mod recorded;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    audit::{lines::AuditFiles, record::Between},
    output::{self, CHANGED, Failure, Outcome, STRONG},
    rules::diff::{self, Side},
};
use crate::{
    config::Config,
    control::Bundle,
    domain::Region,
    policy::{Changes, Timestamp},
    signing::VerifyingKey,
    source::Diagnostics,
};

pub(super) use recorded::{At, Stated, over_records};

const AFTER_HELP: &str = "\
Examples:
  bordergate replay --rules my-rules /var/log/bordergate
  bordergate replay --rules my-rules --config bordergate.yaml \\
      --from 2026-11-23 --to 2026-11-24 audit.jsonl
  bordergate replay --rules - --as-of 2027-05-13 /var/log/bordergate
                                   the same rules, when more is in force

Each recorded exchange is judged once more by the rules it was judged by (`--old`, those of \
`--config`, or those the program ships) and by the new ones. What a record cannot tell:
  - values: what new detectors or checksums would find, and what would stand in
    a replacement's place
  - consents, mechanisms, counts and settings on file, or stated by a trusted
    hop: where the old rules need some to decide as recorded, the fewest that
    make them do so are assumed, for both; what the routes of `--config` state
    is known
  - the people of one message apart from each other, when their origins differ

A record that no assumption explains is counted apart and not compared. Where the audit says that \
other rules than the old ones judged, those are named by their hash. Records that are alike are judged \
once in each quarter of an hour.

The exit code is 12 when a decision differs, 0 when none does, and 4 when nothing could be compared.";

/// Say what recorded traffic would have met under other rules
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Replay {
    /// Directory with the rules to try; `-` for those the program ships
    #[arg(long, value_name = "DIR")]
    rules: PathBuf,
    /// Directory with the rules that served; `-` for those the program ships
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    old: Option<PathBuf>,
    /// Configuration of the gateway: the rules that served are those it names, and what its routes say of
    /// transfers holds
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Audit files, or directories of them
    #[arg(value_name = "AUDIT", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    between: Between,
    /// Judge by the new rules as of this time (RFC 3339, or a date): what would the same meet then?
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Sums, then groups of changes, the laxer ones first
    Text,
    /// One object
    Json,
}

/// Records that change, told apart by one thing at a time.
#[derive(Debug, Default, serde::Serialize)]
struct Sums {
    outcome: BTreeMap<String, usize>,
    rule: BTreeMap<String, usize>,
    origin: BTreeMap<String, usize>,
    destination: BTreeMap<String, usize>,
}

impl Replay {
    pub(super) fn run(self) -> Outcome {
        let new = diff::side(&self.rules)?;
        let (old, stated) = match (&self.config, &self.old) {
            (Some(config), _) => of_config(config)?,
            (None, Some(old)) => (diff::side(old)?, Stated::default()),
            (None, None) => (diff::side(Path::new("-"))?, Stated::default()),
        };
        let files = AuditFiles::find(&self.paths)?;
        let is_asked = |time: &Timestamp| self.between.holds(&time.to_string());
        let at = At { old: None, new: self.as_of };
        let compared = over_records(&old, &new.engine, &stated, at, &files, &is_asked)?;
        let sums = Sums::new(&compared.changes);
        let mut out = output::out();
        match self.format {
            Format::Text => {
                print(&mut out, &sums)?;
                diff::print(&mut out, &compared)?;
            }
            Format::Json => {
                let beside: BTreeMap<&str, usize> =
                    compared.beside.iter().map(|(count, what)| (what.as_str(), *count)).collect();
                let object = json!({
                    "between": self.between.describe(), "sums": sums,
                    "changes": compared.changes, "beside": beside,
                });
                writeln!(out, "{object}")?;
            }
        }
        out.flush()?;
        Ok(compared.exit())
    }
}

impl Sums {
    fn new(changes: &Changes) -> Self {
        let mut sums = Self::default();
        let known = |region: Option<Region>| {
            region.map_or_else(|| "unknown".to_owned(), |region| region.to_string())
        };
        let add = |sum: &mut BTreeMap<String, usize>, name: String, count: usize| {
            *sum.entry(name).or_default() += count;
        };
        for group in &changes.groups {
            add(&mut sums.outcome, format!("{} → {}", group.from, group.to), group.count);
            add(&mut sums.origin, known(group.way.origin), group.count);
            add(&mut sums.destination, known(group.way.destination), group.count);
            for rule in &group.rules {
                add(&mut sums.rule, rule.clone(), group.count);
            }
        }
        sums
    }
}

fn print(out: &mut impl Write, sums: &Sums) -> Result<(), Failure> {
    for (what, sum) in [
        ("by outcome", &sums.outcome),
        ("by rule", &sums.rule),
        ("by origin", &sums.origin),
        ("by destination", &sums.destination),
    ] {
        if sum.is_empty() {
            continue;
        }
        let mut rows: Vec<(&String, &usize)> = sum.iter().collect();
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        writeln!(out, "{STRONG}{what}{STRONG:#}")?;
        for (name, count) in rows {
            writeln!(out, "    {CHANGED}{count:>9}{CHANGED:#}  {name}")?;
        }
    }
    Ok(())
}

/// The rules that a gateway of this configuration begins with, and what its routes say of transfers.
fn of_config(path: &Path) -> Result<(Side, Stated), Failure> {
    let invalid = |diagnostics: &Diagnostics| {
        output::diagnostics(diagnostics);
        Failure::Invalid
    };
    let config = Config::load(path).map_err(|diagnostics| invalid(&diagnostics))?;
    let mut diagnostics = Diagnostics::default();
    let name = path.display().to_string();
    let stated = crate::proxy::stated(&config, &name, &mut diagnostics);
    let stated = stated.ok_or_else(|| invalid(&diagnostics))?;
    Ok((side_of_config(&config)?, stated.into_iter().collect()))
}

fn side_of_config(config: &Config) -> Result<Side, Failure> {
    if let Some(section) = &config.rules.bundle {
        let read = |path: &Path| {
            fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        let keys = section.keys.iter().map(|path| {
            VerifyingKey::from_pem(&read(path)?)
                .map_err(|error| anyhow!("`{}` {error}", path.display()))
        });
        let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
        let kept = section.cache.join(crate::control::LAST_GOOD);
        let bundle = Bundle::open(read(&kept)?, &keys)
            .map_err(|error| anyhow!("`{}` {error}", kept.display()))?;
        return diff::side_of(bundle.files, Diagnostics::default());
    }
    let directory = config.rules.directory.as_ref().map(|directory| directory.value.clone());
    diff::side(&directory.unwrap_or_else(|| PathBuf::from("-")))
}
