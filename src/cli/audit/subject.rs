//! `bordergate audit subject`: where did my data go?

use std::{fs, io::Write, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use memchr::memmem::Finder;
use serde_json::{Value, json};

use super::{
    lines::AuditFiles,
    record::{Between, Record, SECOND},
    report::{shown, tell_unread},
};
use crate::{
    audit::words,
    cli::{
        Exit,
        identifiers::Identifiers,
        output::{self, BAD, CHANGED, GOOD, Outcome},
    },
    facts::{Identifier, IdentifierKind, Pseudonym, SubjectKey},
};

const AFTER_HELP: &str = "\
Examples:
  bordergate audit subject --key-file facts.key --account-id 40001 \\
      /var/log/bordergate
  bordergate audit subject --key-file facts.key --email sana.k@example.pk \\
      --format csv audit.jsonl
  echo 40001 | bordergate audit subject --key-file facts.key \\
      --stdin account-id audit.jsonl

Records name people by keyed codes. The key is the one of `facts.key_file`, or of \
`audit.subject_key_file`. What is printed names categories, never values. The exit code is 4 when \
a line could not be read.";

/// Of a key: the length of the hash beneath it (RFC 2104 §3).
const KEY_BYTES_MIN: usize = 32;

/// Say when and where the data of one person went
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Subject {
    /// Audit files, or directories of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The key that records name people under
    #[arg(long, value_name = "FILE", required_unless_present = "pseudonym")]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    between: Between,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Args)]
#[group(skip)]
struct Who {
    #[command(flatten)]
    identifiers: Identifiers,
    /// Read an identifier of this kind from standard input; other users of a machine can see a command
    /// line
    #[arg(long, value_enum, value_name = "KIND", group = "who")]
    stdin: Option<Kind>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    AccountId,
    Phone,
    Email,
    DeviceId,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A line for each exchange
    Text,
    /// An object a line
    Jsonl,
    Csv,
}

impl Who {
    fn pseudonyms(&self, key: Option<&SubjectKey>) -> anyhow::Result<Vec<Pseudonym>> {
        let mut codes = Vec::new();
        if let Some(hex) = &self.identifiers.pseudonym {
            codes.push(Pseudonym::parse(hex).context("a pseudonym has 32 hex digits")?);
        }
        let given = self.identifiers.given().map(|(kind, value)| (kind, value.to_owned()));
        let mut named: Vec<(IdentifierKind, String)> = given.collect();
        if let Some(kind) = self.stdin {
            let mut text = String::new();
            std::io::stdin().read_line(&mut text).context("cannot read standard input")?;
            let kind = match kind {
                Kind::AccountId => IdentifierKind::AccountId,
                Kind::Phone => IdentifierKind::Phone,
                Kind::Email => IdentifierKind::Email,
                Kind::DeviceId => IdentifierKind::DeviceId,
            };
            named.push((kind, text));
        }
        if let Some(key) = key {
            for (kind, value) in named {
                let all = key.pseudonyms(Identifier { kind, value: &value }, None);
                if all.is_empty() {
                    bail!("the {} is empty", kind.as_str());
                }
                codes.extend(all);
            }
        } else if !named.is_empty() {
            bail!("an identifier is turned into a code under the key: give it with `--key-file`");
        }
        Ok(codes)
    }
}

impl Subject {
    pub(super) fn run(self) -> Outcome {
        let key = self.key_file.as_ref().map(|path| {
            let name = path.display();
            let secret = fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
            if secret.len() < KEY_BYTES_MIN {
                bail!("the key `{name}` has {} bytes; it needs {KEY_BYTES_MIN}", secret.len());
            }
            Ok(SubjectKey::new(&secret))
        });
        let key = key.transpose()?;
        let codes = self.who.pseudonyms(key.as_ref())?;
        let mut keys = Keys { ours: key.as_ref().map(SubjectKey::check_value), ..Keys::default() };
        let codes: Vec<String> = codes.iter().map(Pseudonym::to_string).collect();
        let finders: Vec<Finder<'_>> =
            codes.iter().map(|code| Finder::new(code.as_bytes())).collect();
        let files = AuditFiles::find(&self.paths)?;
        let mut out = output::out();
        let mut writer = Writer { format: self.format, out: &mut out, failed: Ok(()), found: 0 };
        writer.begin();
        let mut unread = 0;
        files.each(|file, number, line| {
            keys.note(line);
            // Most lines name somebody else; looking for a code is faster than reading the line.
            if finders.iter().all(|finder| finder.find(line).is_none()) {
                return;
            }
            match Record::read(line) {
                Ok(Some(record)) => {
                    let is_theirs = record
                        .subjects
                        .iter()
                        .flatten()
                        .any(|code| codes.iter().any(|it| it == code));
                    if is_theirs && self.between.holds(record.time) {
                        writer.exchange(&record);
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    unread += 1;
                    tell_unread(&files, file, number, unread, &error);
                }
            }
        })?;
        let found = writer.found;
        writer.failed?;
        if matches!(self.format, Format::Text) {
            let exchanges = output::count(found, "exchange");
            writeln!(out, "{exchanges}, {}", self.between.describe())?;
        }
        out.flush()?;
        if found == 0 && keys.are_others() {
            output::note("the records name people under another key than this one");
            return Ok(Exit::Failed);
        }
        Ok(if unread > 0 { Exit::Unread } else { Exit::Done })
    }
}

/// The keys that records name people under, as the lines that open files tell them apart.
#[derive(Default)]
struct Keys {
    ours: Option<String>,
    is_among_them: bool,
    others: bool,
}

impl Keys {
    fn note(&mut self, line: &[u8]) {
        let Some(ours) = &self.ours else { return };
        match key_of(line) {
            Some(key) if key == *ours => self.is_among_them = true,
            Some(_) => self.others = true,
            None => {}
        }
    }

    fn are_others(&self) -> bool {
        self.others && !self.is_among_them
    }
}

/// What tells apart the key that people are named under from here on, in a line that opens a file.
pub(super) fn key_of(line: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Opened {
        subject_key: Option<String>,
    }
    let opened =
        words::is_mark_of(line, words::OPENED).then(|| serde_json::from_slice::<Opened>(line).ok());
    opened??.subject_key
}

struct Writer<'w, W> {
    format: Format,
    out: &'w mut W,
    failed: std::io::Result<()>,
    found: usize,
}

impl<W: Write> Writer<'_, W> {
    fn begin(&mut self) {
        if matches!(self.format, Format::Csv) {
            let titles = "time,outcome,origin,destination,recipient,purpose,sent,withheld,mechanisms,trace_id";
            self.failed = writeln!(self.out, "{titles}");
        }
    }

    fn exchange(&mut self, record: &Record<'_>) {
        self.found += 1;
        if self.failed.is_ok() {
            self.failed = self.write(record);
        }
    }

    fn write(&mut self, record: &Record<'_>) -> std::io::Result<()> {
        let was_sent = record.was_sent();
        let sent: Vec<&str> = record
            .tags
            .iter()
            .filter(|tag| was_sent && tag.redacted < tag.count)
            .map(|tag| tag.tag)
            .collect();
        let withheld: Vec<&str> = record
            .tags
            .iter()
            .filter(|tag| !was_sent || tag.redacted > 0)
            .map(|tag| tag.tag)
            .collect();
        let (origin, destination) = (record.origin.unwrap_or(""), record.destination.unwrap_or(""));
        let (recipient, purpose) = (record.recipient(), record.purpose.unwrap_or(""));
        let outcome = if was_sent || record.effect == "block" { record.effect } else { "failed" };
        let time = record.time.get(..SECOND).unwrap_or(record.time);
        match self.format {
            Format::Text => {
                let (style, sign) = match outcome {
                    "allow" => (GOOD, "✓"),
                    "redact" => (CHANGED, "✂"),
                    _ => (BAD, "✗"),
                };
                write!(
                    self.out,
                    "{time}Z {style}{sign} {outcome:<6}{style:#} {} → {} `{}` for {}",
                    shown(origin),
                    shown(destination),
                    shown(recipient),
                    shown(purpose),
                )?;
                if !sent.is_empty() {
                    write!(self.out, ": {}", sent.join(", "))?;
                }
                if !withheld.is_empty() {
                    write!(self.out, "; withheld {}", withheld.join(", "))?;
                }
                self.out.write_all(b"\n")
            }
            Format::Jsonl => {
                let object: Value = json!({
                    "time": record.time, "outcome": outcome, "origin": record.origin,
                    "destination": record.destination, "recipient": recipient,
                    "purpose": record.purpose, "sent": sent, "withheld": withheld,
                    "mechanisms": record.mechanisms, "blocked_by": record.blocked_by,
                    "trace_id": record.trace_id,
                });
                serde_json::to_writer(&mut *self.out, &object)?;
                self.out.write_all(b"\n")
            }
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(&mut *self.out);
                writer.write_record([
                    record.time,
                    outcome,
                    origin,
                    destination,
                    recipient,
                    purpose,
                    &sent.join(" "),
                    &withheld.join(" "),
                    &record.mechanisms.join(" "),
                    record.trace_id,
                ])?;
                writer.flush()
            }
        }
    }
}
