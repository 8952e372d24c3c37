//! `bordergate scan`: what personal data is in these files, and where?

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{
    Exit,
    input::{self, Described, Input},
    output::{self, CHANGED, Failure, Outcome, PLACE, STRONG},
    progress, rules,
};
use crate::{
    domain::{Coverage, Finding, Gap},
    engine::{Engine, Scan as Scanned, Scratch},
};

const AFTER_HELP: &str = "\
Examples:
  bordergate scan order.json
  curl -s https://api.example/users | bordergate scan --content-type application/json -
  bordergate scan --content-type message/http request.txt
  bordergate scan *.json | jq -r .tag | sort | uniq -c
  bordergate scan --exit-code export.json || echo 'not without a look'

One finding a line:
  {\"tag\": category, \"path\": JSON Pointer, \"start\": byte, \"end\": byte, \"confidence\": 0 to 1,
   \"detector\": name}
`path` begins with `query:`, `header:`, `cookie:` or `path:` outside the body. `start` and `end` are byte
offsets where the value stands in the file, escaped or in base64 as it may be, and null where a
compression or another character encoding had to come off first. With
several files each line names its \"file\". Values are shown only with --show-values.";

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

/// One finding; the shape scripts rely on.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    tag: &'a str,
    path: String,
    start: Option<usize>,
    end: Option<usize>,
    confidence: f64,
    detector: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl Scan {
    pub(super) fn run(self) -> Outcome {
        let engine = rules::engine(self.rules.as_deref())?;
        let total =
            self.files.iter().try_fold(0, |total, file| input::length(file).map(|l| total + l));
        let progress = progress::bar(total);
        let mut out = output::out();
        let mut scratch = Scratch::default();
        let mut found = false;
        let mut unread = false;
        for file in &self.files {
            let input = Input::read(file, &self.described)?;
            let limits = input.limits();
            input.with_message(|message| {
                let scanned = engine.scan(message, &limits, &mut scratch);
                found |= !scanned.findings.items.is_empty();
                unread |= scanned.coverage != Coverage::Full;
                progress.suspend(|| tell_gaps(file, &scanned.gaps));
                self.print(&mut out, &engine, file, &input, &scanned)
            })?;
            progress.inc(input.body.len() as u64);
        }
        progress.finish_and_clear();
        out.flush()?;
        Ok(match (unread, found && self.exit_code) {
            (_, true) => Exit::Found,
            (true, false) => Exit::Unread,
            (false, false) => Exit::Done,
        })
    }

    fn print(
        &self,
        out: &mut impl Write,
        engine: &Engine,
        file: &Path,
        input: &Input,
        scanned: &Scanned<'_>,
    ) -> Result<(), Failure> {
        let name = input::display_name(file);
        for finding in &scanned.findings.items {
            let line = Line {
                file: (self.files.len() > 1).then_some(&name),
                value: self.show_values.then(|| value(scanned, finding)),
                ..line(engine, input, scanned, finding)
            };
            match self.format {
                Format::Json => {
                    serde_json::to_writer(&mut *out, &line).map_err(std::io::Error::from)?;
                    out.write_all(b"\n")?;
                }
                Format::Text => print_text(out, &line)?,
            }
        }
        Ok(())
    }
}

fn line<'a>(
    engine: &'a Engine,
    input: &Input,
    scanned: &Scanned<'_>,
    finding: &Finding,
) -> Line<'a> {
    let (layer, span) = scanned.place(finding);
    let offset = scanned.root(layer).and_then(|root| input.offset(root));
    Line {
        file: None,
        tag: engine.taxonomy().key(finding.tag),
        path: scanned.findings.locator(finding),
        start: offset.map(|offset| offset + span.range().start),
        end: offset.map(|offset| offset + span.range().end),
        confidence: f64::from(finding.confidence.0) / 100.0,
        detector: engine.detectors().name(finding.detector),
        value: None,
    }
}

fn value(scanned: &Scanned<'_>, finding: &Finding) -> String {
    String::from_utf8_lossy(scanned.bytes(finding)).into_owned()
}

fn print_text(out: &mut impl Write, line: &Line<'_>) -> Result<(), Failure> {
    let place = match (line.start, line.end) {
        (Some(start), Some(end)) => format!("{start}..{end}"),
        _ => "decoded".to_owned(),
    };
    if let Some(file) = line.file {
        write!(out, "{file}: ")?;
    }
    let path = if line.path.is_empty() { "(whole)" } else { &line.path };
    write!(
        out,
        "{PLACE}{path:<32}{PLACE:#} {STRONG}{:<44}{STRONG:#} {:.2}  {:<24} {place}",
        line.tag, line.confidence, line.detector
    )?;
    if let Some(value) = &line.value {
        write!(out, "  {value}")?;
    }
    writeln!(out)?;
    Ok(())
}

/// Silence about what was not read would look like a clean file.
fn tell_gaps(file: &Path, gaps: &[Gap]) {
    for gap in gaps {
        output::note(format_args!(
            "{}: {CHANGED}not read{CHANGED:#}: {} from byte {}, {} ({})",
            input::display_name(file),
            gap.part.as_str(),
            gap.offset,
            gap.cause.as_str().replace('_', " "),
            gap.coverage.as_str(),
        ));
    }
}
