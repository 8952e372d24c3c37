//! `bordergate facts import`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::Value;

use super::{
    Where,
    desk::{self, Desk, Doubts, Put},
};
use crate::{
    cli::{
        Exit, input,
        output::{self, Failure, GOOD, Outcome},
        progress,
    },
    engine::Scratch,
    facts::{Applied, Change, EntryReader, Format, LineError, Lines},
    source::{Diagnostics, Place},
};

/// Entries one request or commit takes: enough for a flush of the disk to cost little, few enough to be
/// done in a moment.
const BATCH_MAX: usize = 1_000;
/// Complaints about one run; more say nothing new.
const COMPLAINTS_MAX: usize = 100;

const AFTER_HELP: &str = "\
JSONL has an entry a line (here on two, where it is long):
  {\"subject\": {\"account_id\": \"40001\", \"phone\": \"+92 345 1112233\"},
   \"consents\": [{\"scope\": \"cross_border\", \"type\": \"separate_explicit\"}],
   \"opt_outs\": [\"push\"], \"settings\": {\"cloud_sync\": true}, \"age\": 29}
  {\"subject\": {…},
   \"withdrawn\": [{\"scope\": \"purpose:direct_marketing\", \"at\": \"2026-03-01\"}]}
  {\"subject\": {…},
   \"counted\": [{\"counter\": \"cn_ytd_ordinary\", \"on\": \"2026-03-02\"}]}
  {\"mechanism\": {\"type\": \"eu_scc\", \"id\": \"scc-1\", \"valid_until\": \"2027-01-01\"}}

CSV has a fact a row, under column names; `record` says which: consent, withdrawal, opt_out, \
opt_in, setting, attribute, counted, forget, mechanism. Lists are separated by `;`, and columns \
nobody needs may be left out:
  record,account_id,scope,type,destinations,given_at,at,name,value
  consent,40001,cross_border,separate_explicit,SG;CN,2026-02-01,,,
  withdrawal,40001,purpose:direct_marketing,,,,2026-03-01,,
  opt_out,40002,,,,,,push,
  setting,40002,,,,,,cloud_sync,false

A file with a mistake changes nothing. Standard input is taken as it comes: what stands before a \
mistake is on file, and how much that is will be told.";

/// Put consents, withdrawals, opt-outs, settings, attributes, mechanisms and counts on file
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Import {
    #[command(flatten)]
    place: Where,
    /// How the files are written; without it, `.csv` is CSV and everything else JSONL
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// Only check the files, without a store
    #[arg(long)]
    check: bool,
    /// Files to read; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    Jsonl,
    Csv,
}

impl Import {
    pub(super) fn run(self) -> Outcome {
        let mut desk = if self.check { None } else { Some(Desk::open(&self.place)?) };
        let reader = desk.as_ref().map_or_else(desk::checker, Desk::reader);
        let bytes =
            self.files.iter().try_fold(0, |total, file| input::length(file).map(|l| total + l));
        // Files are read twice: to check, and to import.
        let bytes = bytes.map(|bytes| if self.check { bytes } else { 2 * bytes });
        let progress = progress::bar_to_the_end(bytes);
        let mut log = progress::Log::new(bytes);
        let mut diagnostics = Diagnostics::default();
        let mut checked = 0;
        let rules = if self.check { desk::rules_for(&self.place)? } else { None };
        let mut doubts = Doubts::default();
        for file in self.files.iter().filter(|file| self.check || !is_read_once(file)) {
            let note = |entry: &Value, change: &Change, scratch: &mut Scratch| {
                if let Some(rules) = &rules {
                    doubts.add(rules, entry, change, scratch);
                }
            };
            checked += self.check_file(file, &reader, &progress, &mut diagnostics, note)?;
        }
        if diagnostics.has_errors() {
            progress.finish_and_clear();
            output::diagnostics(&diagnostics);
            output::note("nothing was changed");
            return Err(Failure::Invalid);
        }
        let Some(desk) = &mut desk else {
            progress.finish_and_clear();
            doubts.tell();
            writeln!(output::out(), "{GOOD}ok{GOOD:#}: {}", entries(checked))?;
            return Ok(Exit::Done);
        };
        let mut put = Put::default();
        for file in &self.files {
            let outcome = self.import_file(file, desk, &reader, &progress, &mut log, &mut put);
            if outcome.is_err() {
                progress.finish_and_clear();
                output::note(format_args!("on file before that: {}", tell(put.applied)));
                outcome?;
            }
        }
        progress.finish_and_clear();
        put.doubts.tell();
        writeln!(output::out(), "{GOOD}ok{GOOD:#}: {}", tell(put.applied))?;
        Ok(Exit::Done)
    }

    fn check_file(
        &self,
        file: &Path,
        reader: &EntryReader,
        progress: &ProgressBar,
        diagnostics: &mut Diagnostics,
        mut note: impl FnMut(&Value, &Change, &mut Scratch),
    ) -> Result<usize, Failure> {
        let (mut count, mut scratch) = (0, Scratch::default());
        let lines = match self.lines(file, progress)? {
            Ok(lines) => lines,
            Err(error) => {
                complain(diagnostics, file, error);
                return Ok(0);
            }
        };
        for line in lines {
            match checked(line, reader) {
                Ok((entry, change)) => note(&entry, &change, &mut scratch),
                Err(error) => complain(diagnostics, file, error),
            }
            if diagnostics.len() >= COMPLAINTS_MAX {
                output::note(format_args!("stopped after {COMPLAINTS_MAX} mistakes"));
                break;
            }
            count += 1;
        }
        Ok(count)
    }

    fn import_file(
        &self,
        file: &Path,
        desk: &mut Desk,
        reader: &EntryReader,
        progress: &ProgressBar,
        log: &mut progress::Log,
        put: &mut Put,
    ) -> Result<(), Failure> {
        let refuse = |error| {
            let mut diagnostics = Diagnostics::default();
            complain(&mut diagnostics, file, error);
            output::diagnostics(&diagnostics);
            Failure::Invalid
        };
        let mut batch = Vec::new();
        for line in self.lines(file, progress)?.map_err(refuse)? {
            match checked(line, reader) {
                Ok((entry, _)) => batch.push(entry),
                Err(error) => {
                    *put += desk.put(&batch)?;
                    return Err(refuse(error));
                }
            }
            if batch.len() == BATCH_MAX {
                *put += desk.put(&batch)?;
                batch.clear();
                log.tell(progress, || format!("on file so far: {}", tell(put.applied)));
            }
        }
        *put += desk.put(&batch)?;
        Ok(())
    }

    /// The outer error is the file's, the inner one of its head.
    fn lines(
        &self,
        file: &Path,
        progress: &ProgressBar,
    ) -> Result<Result<Lines<'static>, LineError>, Failure> {
        let reader: Box<dyn BufRead> = if is_stream(file) {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let opened =
                File::open(file).with_context(|| format!("cannot read `{}`", file.display()))?;
            Box::new(BufReader::with_capacity(256 << 10, progress.wrap_read(opened)))
        };
        let is_csv = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let format = match self.format {
            Some(FormatName::Csv) => Format::Csv,
            Some(FormatName::Jsonl) => Format::Jsonl,
            None if is_csv => Format::Csv,
            None => Format::Jsonl,
        };
        Ok(Lines::new(format, reader))
    }
}

fn checked(
    line: Result<(u64, Value), LineError>,
    reader: &EntryReader,
) -> Result<(Value, Change), LineError> {
    let (line, entry) = line?;
    match reader.change(&entry) {
        Ok(change) => Ok((entry, change)),
        Err(message) => Err(LineError { line, message }),
    }
}

fn complain(diagnostics: &mut Diagnostics, file: &Path, LineError { line, message }: LineError) {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    let place = Place { file: input::display_name(file), line, column: 0 };
    diagnostics.error(place, message);
}

fn is_stream(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Standard input, and whatever else is gone once it was read: a pipe, `<(…)`.
fn is_read_once(file: &Path) -> bool {
    is_stream(file) || std::fs::metadata(file).is_ok_and(|it| !it.is_file())
}

fn entries(count: usize) -> String {
    output::count_as(count, "entry", "entries")
}

fn tell(Applied { subjects, mechanisms }: Applied) -> String {
    let subjects = usize::try_from(subjects).unwrap_or(usize::MAX);
    format!("{} on subjects, {mechanisms} on mechanisms", entries(subjects))
}
