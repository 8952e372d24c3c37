//! `bordergate audit`: did anybody change the record of what was sent, and what does it say?

mod cursor;
mod fields;
mod html;
pub(in crate::cli) mod lines;
pub(in crate::cli) mod record;
mod register;
mod report;
mod show;
mod subject;
mod verify;

use clap::{Args, Subcommand};

use super::output::Outcome;

/// Ask the audit: was it changed, what was sent where, and whose data
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Verify),
    Report(report::Report),
    Subject(subject::Subject),
    Show(show::Show),
}

impl Audit {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            Command::Verify(verify) => verify.run(),
            Command::Report(report) => report.run(),
            Command::Subject(subject) => subject.run(),
            Command::Show(show) => show.run(),
        }
    }
}
