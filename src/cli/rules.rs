//! `bordergate rules`: are they right, which are there, and how do I begin with my own?

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{
    Exit,
    output::{self, Failure, GOOD, Outcome},
};
use crate::{control::RulesSource, engine::Engine, redact::PseudonymKey, source::Diagnostics};

/// Check, list and export rules
#[derive(Debug, Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    Check(Check),
    Export(Export),
}

/// Compile rules as a reload would, and report every problem
///
/// Each problem comes with file, line and a remedy; the exit code is 3 when one of them is an error.
#[derive(Debug, Args)]
struct Check {
    /// Directory with the rules
    #[arg(value_name = "DIR")]
    rules: PathBuf,
}

/// Write the rules the program ships to a directory, to begin your own with
#[derive(Debug, Args)]
struct Export {
    /// Directory to write to; made if absent, and nothing in it is overwritten
    #[arg(value_name = "DIR")]
    rules: PathBuf,
}

impl Rules {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            RulesCommand::Check(check) => check.run(),
            RulesCommand::Export(export) => export.run(),
        }
    }
}

impl Check {
    fn run(self) -> Outcome {
        let engine = engine(Some(&self.rules))?;
        drop(engine);
        writeln!(output::out(), "{GOOD}ok{GOOD:#}")?;
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
    let source = match directory {
        Some(directory) => RulesSource::Directory(directory.to_owned()),
        None => RulesSource::Embedded,
    };
    let mut diagnostics = Diagnostics::default();
    let loaded = source.load(&mut diagnostics);
    let engine = Engine::compile(&loaded.files, trial_key(), &mut diagnostics);
    diagnostics.sort();
    output::diagnostics(&diagnostics);
    match engine {
        Some(engine) if !diagnostics.has_errors() => Ok(engine),
        Some(_) | None => Err(Failure::Invalid),
    }
}

/// What is shown here is not sent; pseudonyms under this key are those of no gateway, and the same on
/// every run.
fn trial_key() -> PseudonymKey {
    PseudonymKey::new(b"a key for trying out, never for sending")
}
