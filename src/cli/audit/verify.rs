//! `bordergate audit verify`: did anybody change the audit?

use std::{io::Write as _, path::PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::json;

use super::lines::AuditFiles;
use crate::{
    audit::{Anchor, LinePlace, Tampering, Verified, Verifier},
    cli::{
        Exit,
        output::{self, BAD, CHANGED, Format, GOOD, Outcome, PLACE},
    },
    signing::VerifyingKey,
};

const AFTER_HELP: &str = "\
Examples:
  openssl pkey -in audit.key -pubout -out audit.pub
  bordergate audit verify --key audit.pub /var/log/bordergate
                                   every file in the directory
  bordergate audit verify --key new.pub --key old.pub /var/log/bordergate
                                   after the key was changed
  bordergate audit verify audit.jsonl
                                   without a key: the chain alone
  bordergate audit verify --expect 5124:iE0v… audit.jsonl
                                   and is this line still there?

Each line is chained to the one before it, and stretches of lines are signed. What was changed, \
dropped, inserted, moved or copied is named. Who holds the whole file can cut its end off unseen: keep the \
`sequence` and `head` of `GET /-/status`, or the last line here, elsewhere, and give them to \
`--expect`.

With `--key` what no seal vouches for is not proven: a chain without one, lines of no chain, a file \
with nothing in it. Whoever can write the files can have written that, also behind a chain that is \
sealed.

The exit code is 13 when somebody changed something, and 14 when that cannot be told, as of lines that are sealed by \
a key that was not given, or there is nothing to verify.";

/// Find what was changed, dropped, inserted or moved in audit files
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Verify {
    /// Audit files in the order of their writing, or directories of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Public key of the seals, in PEM; give those of before as well, where the key was changed
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// A line that must be there, as it was noted down elsewhere
    #[arg(long, value_name = "NUMBER:HASH", value_parser = str::parse::<Anchor>)]
    expect: Option<Anchor>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Verify {
    pub(super) fn run(self) -> Outcome {
        let keys = self.keys.iter().map(|path| {
            let name = path.display();
            let pem = std::fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
            VerifyingKey::from_pem(&pem).map_err(|error| anyhow!("`{name}` {error}"))
        });
        let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
        let key_ids: Vec<String> = keys.iter().map(|key| key.id().to_owned()).collect();
        let files = AuditFiles::find(&self.paths)?;
        let mut verifier = Verifier::new(keys, self.expect);
        let is_finished =
            files.each(|file, line, text| verifier.line(LinePlace { file, line }, text))?;
        let verified = verifier.finish(is_finished);
        let mut out = output::out();
        match self.format {
            Format::Text => print(&mut out, &verified, &files, &key_ids)?,
            Format::Json => {
                let files: Vec<String> = (0..files.paths.len()).map(|it| files.name(it)).collect();
                let object = json!({
                    "intact": verified.is_intact() && !verified.is_empty(), "vouched_for": verified.is_vouched_for(),
                    "files": files, "keys": key_ids,
                    "verified": verified,
                });
                serde_json::to_writer(&mut out, &object).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        Ok(match (verified.is_intact(), verified.is_vouched_for()) {
            (false, _) => Exit::Tampered,
            (true, false) => Exit::Unproven,
            (true, true) => Exit::Done,
        })
    }
}

fn print(
    out: &mut impl std::io::Write,
    verified: &Verified,
    files: &AuditFiles,
    keys: &[String],
) -> std::io::Result<()> {
    for Tampering { place, what, trace_id } in &verified.found {
        let style = if what.is_tampering() { BAD } else { CHANGED };
        let sign = if what.is_tampering() { "✗" } else { "!" };
        let (name, line) = (files.name(place.file), place.line);
        let trace = trace_id.as_ref().map(|id| format!(" (trace {id})")).unwrap_or_default();
        writeln!(out, "{style}{sign}{style:#} {PLACE}{name}:{line}{PLACE:#}: {what}{trace}")?;
    }
    let Verified { records, first, last, head, sealed, unchecked_seals, .. } = verified;
    let files = output::count(files.paths.len(), "file");
    if verified.is_empty() && verified.is_intact() {
        return writeln!(
            out,
            "{CHANGED}nothing to verify{CHANGED:#}: no line of an audit in {files}; one that was just begun has its first when something is recorded"
        );
    }
    let verdict = match (verified.is_intact(), verified.is_vouched_for()) {
        (false, _) => format!("{BAD}changed{BAD:#}"),
        (true, false) => format!("{CHANGED}not proven{CHANGED:#}"),
        (true, true) => format!("{GOOD}intact{GOOD:#}"),
    };
    let records = output::count(*records, "record");
    writeln!(out, "{verdict}: {records} in lines {first} to {last} of {files}")?;
    match (keys, *sealed, *unchecked_seals) {
        ([], _, 0) => {
            writeln!(out, "no seals: whoever can write the files could have written them anew")?
        }
        ([], _, seals) => {
            writeln!(out, "{seals} seals were not checked: give their public key with `--key`")?;
        }
        (_, 0, _) => writeln!(out, "no seal by the keys given")?,
        (_, sealed, _) => writeln!(out, "sealed to line {sealed}")?,
    }
    if *last == 0 {
        return Ok(());
    }
    writeln!(out, "last line: {last}:{head}")
}
