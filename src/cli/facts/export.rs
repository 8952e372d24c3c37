//! `bordergate facts export`.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{Where, desk::Desk};
use crate::{
    cli::{
        Exit,
        output::{self, Failure, Outcome},
        progress,
    },
    facts::rows,
};

/// Write everything on file, subjects by their pseudonyms
///
/// What is written can be imported again into a store under the same key.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    place: Where,
    #[arg(long, value_enum, default_value_t = FormatName::Jsonl)]
    format: FormatName,
    /// Also who was counted, by which counter and when last
    #[arg(long)]
    counted: bool,
    /// File to write to, in place of standard output; made new, for its owner only
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    /// An entry a line
    Jsonl,
    /// A fact a row
    Csv,
}

impl Export {
    pub(super) fn run(self) -> Outcome {
        let mut desk = Desk::open(&self.place)?;
        let mut to: Box<dyn Write> = match &self.output {
            Some(path) => Box::new(io::BufWriter::new(make(path)?)),
            None => Box::new(output::out()),
        };
        let progress = progress::counter(self.output.is_some());
        progress.enable_steady_tick(Duration::from_millis(200));
        if self.format == FormatName::Csv {
            writeln!(to, "{}", rows::head())?;
        }
        let csv = self.format == FormatName::Csv;
        let mut gone = None;
        let told = desk.export(self.counted, &mut |entry| {
            progress.inc(1);
            write(&mut to, entry, csv).map_err(|error| {
                let text = error.to_string();
                gone = Some(error);
                anyhow::anyhow!(text)
            })
        });
        progress.finish_and_clear();
        if let Some(error) = gone {
            return Err(error.into());
        }
        told?;
        to.flush()?;
        Ok(Exit::Done)
    }
}

fn write(to: &mut dyn Write, entry: &Value, csv: bool) -> io::Result<()> {
    if csv {
        return to.write_all(rows::of(entry).as_bytes());
    }
    serde_json::to_writer(&mut *to, entry)?;
    to.write_all(b"\n")
}

fn make(path: &std::path::Path) -> Result<File, Failure> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    Ok(made.with_context(|| format!("cannot make `{}`", path.display()))?)
}
