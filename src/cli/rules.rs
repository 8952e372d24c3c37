//! `bordergate rules`: are they right, which are there, and how do I begin with my own?

pub(super) mod diff;
mod test;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};

use super::{
    Exit,
    output::{self, Failure, GOOD, Outcome, PLACE, STRONG},
};
use crate::{
    control::RulesSource,
    detect,
    domain::Effect,
    engine::Engine,
    policy::{self, RuleInfo, Timestamp, Trial},
    redact::{Keyring, PseudonymKey},
    source::{Diagnostics, SourceFile},
};

/// Check, test, compare, list and export rules
#[derive(Debug, Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    Check(Check),
    Test(test::Test),
    Diff(diff::Diff),
    List(List),
    Checks(Checks),
    Export(Export),
    Schema(Schema),
}

/// Compile rules as a reload would, read their tests, and report every problem
///
/// Each problem comes with file, line and a remedy; the exit code is 3 when one of them is an error.
#[derive(Debug, Args)]
struct Check {
    /// Directory with the rules
    #[arg(value_name = "DIR")]
    rules: PathBuf,
}

/// List the rules, highest layer first
#[derive(Debug, Args)]
struct List {
    /// Directory with the rules; without it, those the program ships
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListFormat {
    /// One rule a line: layer, id, effect, title
    Text,
    /// One object a line
    Json,
}

/// List the checks that detector files can ask for, and what each takes
#[derive(Debug, Args)]
struct Checks {}

/// Write the rules the program ships to a directory, to begin your own with
#[derive(Debug, Args)]
struct Export {
    /// Directory to write to; made if absent, and nothing in it is overwritten
    #[arg(value_name = "DIR")]
    rules: PathBuf,
}

/// Print the JSON Schema of a rule file, for editors
#[derive(Debug, Args)]
struct Schema {}

impl Rules {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            RulesCommand::Check(check) => check.run(),
            RulesCommand::Test(test) => test.run(),
            RulesCommand::Diff(diff) => diff.run(),
            RulesCommand::List(list) => list.run(),
            RulesCommand::Checks(checks) => checks.run(),
            RulesCommand::Export(export) => export.run(),
            RulesCommand::Schema(schema) => schema.run(),
        }
    }
}

impl Check {
    fn run(self) -> Outcome {
        let mut diagnostics = Diagnostics::default();
        let loaded = RulesSource::Directory(self.rules).load(&mut diagnostics);
        let engine = compile(&loaded.files, &mut diagnostics);
        if engine.is_some() {
            loaded.warn_without_laws(&mut diagnostics);
        }
        let files = loaded.files;
        let sound = !diagnostics.has_errors();
        match &engine {
            // A reload does not read the tests; whoever writes rules wants to know.
            Some(engine) => {
                let _ = Trial::new(&files, engine.taxonomy(), &mut diagnostics);
                engine.rules().review(Timestamp(jiff::Timestamp::now()), &mut diagnostics);
            }
            // Without rules the names in a table say nothing, its form does.
            None => Trial::check_form(&files, &mut diagnostics),
        }
        diagnostics.sort();
        diagnostics.dedup();
        output::diagnostics(&diagnostics);
        let Some(engine) = engine.filter(|_| sound && !diagnostics.has_errors()) else {
            return Err(Failure::Invalid);
        };
        writeln!(
            output::out(),
            "{GOOD}ok{GOOD:#}: {}, {}",
            output::count(engine.rules().len(), "rule"),
            output::count_as(engine.taxonomy().len(), "category", "categories"),
        )?;
        Ok(Exit::Done)
    }
}

impl List {
    fn run(self) -> Outcome {
        let engine = engine(self.rules.as_deref())?;
        let mut rules: Vec<&RuleInfo> = engine.rules().rules().map(|(_, info)| info).collect();
        rules.sort_by_key(|info| (info.layer, &info.id, &info.part));
        let mut out = output::out();
        for rule in rules {
            match self.format {
                ListFormat::Text => {
                    let id = match &rule.part {
                        Some(part) => format!("{} ({part})", rule.id),
                        None => rule.id.clone(),
                    };
                    let effect = rule.effect.map_or("annotate", Effect::as_str);
                    writeln!(
                        out,
                        "{PLACE}{:<12}{PLACE:#} {STRONG}{id:<24}{STRONG:#} {effect:<8} {}",
                        rule.layer.as_str(),
                        rule.title
                    )?;
                }
                ListFormat::Json => {
                    let line = serde_json::json!({
                        "id": rule.id, "part": rule.part, "layer": rule.layer,
                        "effect": rule.effect, "title": rule.title, "statute": rule.statute,
                        "reason": rule.reason, "file": rule.file, "line": rule.line,
                    });
                    writeln!(out, "{line}")?;
                }
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

impl Checks {
    fn run(self) -> Outcome {
        let mut out = output::out();
        let mut checks: Vec<_> = detect::checks().collect();
        checks.sort_unstable();
        for (name, takes) in checks {
            writeln!(out, "{STRONG}{name:<20}{STRONG:#} {takes}")?;
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

impl Schema {
    fn run(self) -> Outcome {
        let mut out = output::out();
        serde_json::to_writer_pretty(&mut out, &policy::rules_schema())
            .map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
        Ok(Exit::Done)
    }
}

impl Export {
    fn run(self) -> Outcome {
        let shipped = RulesSource::Embedded.load(&mut Diagnostics::default());
        for file in &shipped.files {
            let path = self.rules.join(&file.name);
            let folder = path.parent().unwrap_or(&self.rules);
            fs::create_dir_all(folder)
                .and_then(|()| fs::File::create_new(&path)?.write_all(file.text.as_bytes()))
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        output::note(format_args!(
            "{} in {}",
            output::count(shipped.files.len(), "file"),
            self.rules.display()
        ));
        Ok(Exit::Done)
    }
}

/// The engine of a directory, or of the rules the program ships. What is wrong with them is printed.
pub(super) fn engine(directory: Option<&Path>) -> Result<Engine, Failure> {
    engine_under(directory, trial_key().into())
}

/// The same, which redacts under the keys of a gateway.
pub(super) fn engine_under(directory: Option<&Path>, keys: Keyring) -> Result<Engine, Failure> {
    let source = source(directory);
    let mut diagnostics = Diagnostics::default();
    let loaded = source.load(&mut diagnostics);
    let engine = compile_under(&loaded.files, keys, &mut diagnostics);
    diagnostics.sort();
    output::diagnostics(&diagnostics);
    match engine {
        Some(engine) if !diagnostics.has_errors() => Ok(engine),
        Some(_) | None => Err(Failure::Invalid),
    }
}

/// The same for whoever does not depend on it: nothing is said of what is wrong, and there is none then.
pub(super) fn engine_as_it_is(directory: Option<&Path>) -> Option<Engine> {
    let source = source(directory);
    let mut diagnostics = Diagnostics::default();
    let loaded = source.load(&mut diagnostics);
    compile(&loaded.files, &mut diagnostics).filter(|_| !diagnostics.has_errors())
}

fn source(directory: Option<&Path>) -> RulesSource {
    match directory {
        Some(directory) => RulesSource::Directory(directory.to_owned()),
        None => RulesSource::Embedded,
    }
}

pub(super) fn compile(files: &[SourceFile], diagnostics: &mut Diagnostics) -> Option<Engine> {
    compile_under(files, trial_key().into(), diagnostics)
}

/// Without any file there is one complaint, and not one more for everything that none of them says.
fn compile_under(
    files: &[SourceFile],
    keys: Keyring,
    diagnostics: &mut Diagnostics,
) -> Option<Engine> {
    let is_missing = files.is_empty() && diagnostics.has_errors();
    if is_missing { None } else { Engine::compile(files, keys, diagnostics) }
}

/// What is shown here is not sent; pseudonyms under this key are those of no gateway, and the same on
/// every run.
fn trial_key() -> PseudonymKey {
    PseudonymKey::new(b"a key for trying out, never for sending")
}
