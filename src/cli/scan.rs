//! `bordergate scan`: what personal data is in these files, and where?

mod line;
mod pieces;

use std::{borrow::Cow, io::Write, ops::Range, path::PathBuf};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use self::{
    line::Line,
    pieces::{Piece, Pieces},
};

use super::{
    Exit,
    input::{self, Described, Input},
    output::{self, CHANGED, Failure, Outcome},
    progress, rules,
};
use crate::{
    domain::{Coverage, Finding, Gap, Limits, Locators, Span},
    engine::{Engine, Message, Root, Scan as Scanned, Scratch},
};
use parking_lot::Mutex;

const AFTER_HELP: &str = "\
Examples:
  bordergate scan order.json
  curl -s https://api.example | bordergate scan --content-type text/csv -
  bordergate scan --content-type message/http request.txt
  bordergate scan *.json | jq -r .tag | sort | uniq -c
  bordergate scan --exit-code export.json || echo 'not without a look'

One finding a line:
  {\"tag\": category, \"path\": JSON Pointer, \"start\": byte, \"end\": byte,
   \"confidence\": 0 to 1, \"detector\": name}

`path` begins with `query:`, `header:`, `cookie:` or `path:` outside the body, and has `*` for a \
name that is personal data itself. `start` and `end` are byte offsets where the value stands in \
the file, escaped or in base64 as it may be, and null where a compression or another character \
encoding had to come off first. With several files each line names its \"file\". Values are shown \
only with --show-values.";

/// Find personal data in files, and say where it is
///
/// Calls the code that the gateway calls. Values stay out of the output unless asked for.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Scan {
    /// Directory with the rules; without it, those the program ships
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    described: Described,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Print the personal data itself as well
    #[arg(long)]
    show_values: bool,
    /// Exit with 10 when personal data was found
    #[arg(long)]
    exit_code: bool,
    /// Files to read; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One object a line
    Json,
    /// Aligned for reading
    Text,
}

/// Lines that are handed on together.
const AT_ONCE_BYTES: usize = 64 << 10;

/// Room for findings on their way out, which is used again.
#[derive(Default)]
struct Room {
    path: String,
    locators: Locators,
    /// Where each begins in the file, the bytes it takes, and its number.
    placed: Vec<(Option<usize>, Span, usize)>,
}

/// What was found in a file, or in a piece of one.
#[derive(Debug, Default)]
struct Seen {
    any: bool,
    unread: bool,
}

impl Seen {
    fn note(&mut self, any: bool, coverage: Coverage) {
        self.any |= any;
        self.unread |= coverage != Coverage::Full;
    }
}

impl Scan {
    pub(super) fn run(self) -> Outcome {
        let engine = rules::engine(self.rules.as_deref())?;
        let total =
            self.files.iter().try_fold(0, |total, file| input::length(file).map(|l| total + l));
        let progress = progress::bar(total);
        let mut out: Box<dyn Write> = match self.format {
            Format::Json => Box::new(output::plain_out()),
            Format::Text => Box::new(output::out()),
        };
        let mut scratch = Scratch::default();
        let mut seen = Seen::default();
        for file in &self.files {
            let input = match Input::read(file, &self.described) {
                Ok(input) => input,
                // One of several: the others are read all the same.
                Err(error) if self.files.len() > 1 => {
                    progress.suspend(|| {
                        output::note(format_args!("{CHANGED}not read{CHANGED:#}: {error:#}"));
                    });
                    seen.unread = true;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let scan = FileScan {
                options: &self,
                engine: &engine,
                name: input::display_name(file),
                limits: input.limits(),
                input: &input,
                progress: &progress,
            };
            match input.records().and_then(Pieces::of) {
                Some(pieces) => scan.pieces(pieces, &mut out, &mut seen)?,
                None => scan.whole(&mut out, &mut scratch, &mut seen)?,
            }
        }
        progress.finish_and_clear();
        out.flush()?;
        Ok(match (seen.unread, seen.any && self.exit_code) {
            (_, true) => Exit::Found,
            (true, false) => Exit::Unread,
            (false, false) => Exit::Done,
        })
    }
}

/// One file being read.
struct FileScan<'f> {
    options: &'f Scan,
    engine: &'f Engine,
    name: String,
    limits: Limits,
    input: &'f Input,
    progress: &'f ProgressBar,
}

impl FileScan<'_> {
    fn whole(
        &self,
        out: &mut impl Write,
        scratch: &mut Scratch,
        seen: &mut Seen,
    ) -> Result<(), Failure> {
        self.input.with_message(|message| {
            let scanned = self.engine.scan(message, &self.limits, scratch);
            seen.note(!scanned.findings.items.is_empty(), scanned.coverage);
            self.tell_gaps(0, &scanned.gaps);
            let (mut lines, mut room) = (Vec::new(), Room::default());
            let place = |root| self.input.offset(root);
            let hand_on = |lines: &mut Vec<u8>| -> Result<(), Failure> {
                out.write_all(lines)?;
                lines.clear();
                Ok(())
            };
            self.print(&mut lines, &mut room, &scanned, &place, 0, hand_on)
        })?;
        self.progress.inc(self.input.body.len() as u64);
        Ok(())
    }

    /// Reads a sequence of records piece by piece, each on some core.
    fn pieces<'b>(
        &self,
        pieces: Pieces<'b>,
        out: &mut impl Write,
        seen: &mut Seen,
    ) -> Result<(), Failure> {
        // Lines that were told leave their room to others.
        let spare = Mutex::new(Vec::<Vec<u8>>::new());
        let reader = || {
            let (mut scratch, mut room) = (Scratch::default(), Room::default());
            let spare = &spare;
            move |piece: Piece<'b>| {
                let headers: [(&str, &[u8]); 1] = [("content-type", b"application/x-ndjson")];
                let message = Message::of_body(&headers, piece.bytes);
                let scanned = self.engine.scan(&message, &self.limits, &mut scratch);
                let place = |root| (root == Root::Body).then_some(piece.offset);
                let mut lines = spare.lock().pop().unwrap_or_default();
                let keep = |_: &mut Vec<u8>| Ok(());
                let records = piece.records;
                let printed = self.print(&mut lines, &mut room, &scanned, &place, records, keep);
                let any = !scanned.findings.items.is_empty();
                let Scanned { findings, coverage, gaps, .. } = scanned;
                scratch.recycle(findings);
                printed.map(|()| (piece, lines, any, coverage, gaps))
            }
        };
        pieces::read_all(pieces, reader, |told| {
            let (piece, mut lines, any, coverage, gaps) = told?;
            seen.note(any, coverage);
            self.tell_gaps(piece.offset, &gaps);
            self.progress.inc(piece.bytes.len() as u64);
            out.write_all(&lines)?;
            lines.clear();
            spare.lock().push(lines);
            Ok(())
        })
    }

    /// Silence about what was not read would look like a clean file. The bytes read begin at `offset`.
    fn tell_gaps(&self, offset: usize, gaps: &[Gap]) {
        for gap in gaps {
            self.progress.suspend(|| {
                output::note(format_args!(
                    "{}: {CHANGED}not read{CHANGED:#}: {} from byte {}, {} ({})",
                    self.name,
                    gap.part.as_str(),
                    offset + gap.offset,
                    gap.cause.as_str().replace('_', " "),
                    gap.coverage.as_str(),
                ));
            });
        }
    }

    /// `place` tells where a part of the message begins in the file, `records` how many records are before
    /// the first one. Now and then, and at the end, what there is of `lines` may be handed on.
    fn print(
        &self,
        lines: &mut Vec<u8>,
        Room { path, locators, placed }: &mut Room,
        scanned: &Scanned<'_>,
        place: &impl Fn(Root) -> Option<usize>,
        records: usize,
        mut hand_on: impl FnMut(&mut Vec<u8>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        // What was found in a layer inside another comes behind it; whoever reads the file goes from top to bottom.
        placed.clear();
        placed.extend(scanned.findings.items.iter().enumerate().map(|(number, finding)| {
            let (layer, span) = scanned.place(finding);
            (scanned.root(layer).and_then(place), span, number)
        }));
        placed.sort_by_key(|(offset, span, _)| (*offset, span.start));
        locators.clear();
        for &(offset, span, number) in &*placed {
            let Some(finding) = scanned.findings.items.get(number) else { continue };
            let path = if self.options.show_values {
                path.clear();
                scanned.findings.write_locator(finding, path);
                path.as_str()
            } else {
                locators.locate(&scanned.findings, finding)
            };
            let (record, path) = match records {
                0 => (None, path),
                before => behind(before, path),
            };
            let line = Line {
                file: (self.options.files.len() > 1).then_some(&self.name),
                tag: self.engine.taxonomy().key(finding.tag),
                record,
                path,
                span: offset.map(|offset| {
                    let Range { start, end } = span.range();
                    offset + start..offset + end
                }),
                confidence: finding.confidence,
                detector: self.engine.detectors().name(finding.detector),
                value: self.options.show_values.then(|| value(scanned, finding)),
            };
            match self.options.format {
                Format::Json => line.write_json(lines),
                Format::Text => line.write_text(lines)?,
            }
            if lines.len() >= AT_ONCE_BYTES {
                hand_on(lines)?;
            }
        }
        hand_on(lines)
    }
}

/// The path of a record's field, `/2/email`, in two: the number of the record with so many more before it, and the
/// path from there on.
fn behind(records: usize, path: &str) -> (Option<usize>, &str) {
    let digits = path.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    let number = path.get(1..=digits).and_then(|number| number.parse::<usize>().ok());
    match (number, path.get(digits + 1..)) {
        (Some(number), Some(rest)) => (Some(records + number), rest),
        _ => (None, path),
    }
}

fn value<'s>(scanned: &'s Scanned<'_>, finding: &Finding) -> Cow<'s, str> {
    String::from_utf8_lossy(scanned.bytes(finding))
}
