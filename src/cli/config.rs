//! `bordergate config`: is it right, and what may stand in it?

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{
    Exit, input,
    output::{self, Failure, GOOD, Outcome},
    serve,
};
use crate::{
    app, config,
    source::{Diagnostics, SourceFile},
};

/// Check the configuration, or print its schema
#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    Check(Check),
    Schema(Schema),
    Default(Default),
}

/// Read a configuration and the files it names as a start would, and report every problem
///
/// Nothing is listened on, and no store is opened. Each problem comes with file, line and a remedy; the exit
/// code is 3 when one of them is an error. Paths in standard input are relative to the working directory.
#[derive(Debug, Args)]
struct Check {
    /// Configuration file; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Print the JSON Schema of the configuration file
///
/// Editors complete and check with it: put
/// `# yaml-language-server: $schema=bordergate.schema.json` on the file's first line.
#[derive(Debug, Args)]
struct Schema {}

/// Print the configuration that `serve` starts with when it is given none
#[derive(Debug, Args)]
struct Default {}

impl Config {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            ConfigCommand::Check(check) => check.run(),
            ConfigCommand::Schema(Schema {}) => {
                let mut out = output::out();
                serde_json::to_writer_pretty(&mut out, &config::schema())
                    .map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
                Ok(Exit::Done)
            }
            ConfigCommand::Default(Default {}) => {
                output::out().write_all(config::Config::embedded().text.as_bytes())?;
                Ok(Exit::Done)
            }
        }
    }
}

impl Check {
    fn run(self) -> Outcome {
        let file = if input::is_standard_input(&self.file) {
            let text = String::from_utf8(input::read(&self.file)?);
            let text = text.context("standard input is not UTF-8")?;
            SourceFile { name: input::display_name(&self.file), text }
        } else {
            open(&self.file)?
        };
        let config = check(&file)?;
        let app::Examined { problems, warnings } = app::examine(&config, &file.name);
        let is_right = problems.is_empty();
        output::diagnostics(&warnings);
        for problem in problems {
            output::failure(&serve::told(problem));
        }
        if !is_right {
            return Err(Failure::Invalid);
        }
        writeln!(
            output::out(),
            "{GOOD}ok{GOOD:#}: {}, {}, {}",
            output::count(config.listeners.len(), "listener"),
            output::count(config.data_centres.len(), "data centre"),
            output::count(config.routes.len(), "route"),
        )?;
        Ok(Exit::Done)
    }
}

/// Reads and checks a configuration file, and prints what is wrong with it, warnings included.
pub(super) fn read(path: &Path) -> Result<config::Config, Failure> {
    check(&open(path)?)
}

/// Reads a configuration file, unchecked.
pub(super) fn open(path: &Path) -> Result<SourceFile, Failure> {
    config::Config::open(path).map_err(|diagnostics| {
        output::diagnostics(&diagnostics);
        Failure::Invalid
    })
}

pub(super) fn check(file: &SourceFile) -> Result<config::Config, Failure> {
    let mut diagnostics = Diagnostics::default();
    let config = config::Config::check(file, &mut diagnostics);
    output::diagnostics(&diagnostics);
    config.ok_or(Failure::Invalid)
}
