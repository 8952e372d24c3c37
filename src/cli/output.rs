//! What commands print, and how they fail.
//!
//! Standard output carries results. When its reader goes away (`| head`), the command ends quietly.
//! Colour appears only on a terminal, and never with `NO_COLOR`.

use std::{
    fmt,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};

use super::Exit;
use crate::source::{Diagnostics, Severity};

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const CHANGED: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const PLACE: Style = AnsiColor::Cyan.on_default();

/// How a result is printed that has nothing more to choose.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    /// One object
    Json,
}

/// Why a command ends early.
#[derive(Debug)]
pub(super) enum Failure {
    /// Whoever read our output has what they wanted.
    ReaderGone,
    /// Each problem was printed already.
    Invalid,
    /// With everything an operator needs to act.
    Told(anyhow::Error),
}

pub(super) type Outcome = Result<Exit, Failure>;

impl Failure {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::ReaderGone => Exit::Done,
            Self::Invalid => Exit::Invalid,
            Self::Told(_) => Exit::Failed,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Told(error)
    }
}

impl From<io::Error> for Failure {
    /// Only errors of printing arrive here without words of their own.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::Told(anyhow::Error::from(error).context("cannot write the result"))
    }
}

/// Standard output for results.
pub(super) fn out() -> io::BufWriter<anstream::AutoStream<io::StdoutLock<'static>>> {
    io::BufWriter::new(anstream::stdout().lock())
}

/// The same for what never has colour: much of it, for programs to read.
pub(super) fn plain_out() -> io::BufWriter<io::StdoutLock<'static>> {
    io::BufWriter::with_capacity(64 << 10, io::stdout().lock())
}

/// A sentence beside the result, on standard error.
pub(super) fn note(text: impl fmt::Display) {
    // A gone reader of notes is no reason to stop.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

pub(super) fn failure(failure: &Failure) {
    if let Failure::Told(error) = failure {
        note(format_args!("{BAD}error{BAD:#}: {error:#}"));
    }
}

/// Every complaint, with its remedy.
pub(super) fn diagnostics(diagnostics: &Diagnostics) {
    for item in diagnostics.iter() {
        let (style, severity) = match item.severity {
            Severity::Error => (BAD, "error"),
            Severity::Warning => (CHANGED, "warning"),
        };
        note(format_args!(
            "{PLACE}{}{PLACE:#}: {style}{severity}{style:#}: {}",
            item.place, item.message
        ));
        if let Some(remedy) = &item.remedy {
            note(format_args!("    {STRONG}help{STRONG:#}: {remedy}"));
        }
    }
}

/// `1 file`, `2 files`.
pub(super) fn count<N: fmt::Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    count_as(number, noun, &format!("{noun}s"))
}

/// `1 category`, `2 categories`.
pub(super) fn count_as<N: fmt::Display + PartialEq + From<u8>>(
    number: N,
    one: &str,
    many: &str,
) -> String {
    format!("{number} {}", if number == N::from(1) { one } else { many })
}
