//! `bordergate audit report`: the register of transfers.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use clap::{Args, ValueEnum};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::json;

use super::{
    html,
    lines::AuditFiles,
    record::{Between, Record},
    register::{Dimension, Register, Row},
};
use crate::cli::{
    Exit,
    output::{self, Outcome},
};

const AFTER_HELP: &str = "\
Examples:
  bordergate audit report --from 2026-10-01 --to 2026-11-01 /var/log/bordergate
  bordergate audit report --by origin,destination,category audit.jsonl
  bordergate audit report --format html audit.jsonl > register.html

What GDPR art. 30, PIPL art. 55 and 28 CFR 202 ask to be kept: where data went, to whom, for what, \
which categories, on which ground, and how many people's. People are counted by the codes in the \
records, which name nobody; without `audit.subject_key_file` they are not counted. What was refused \
before it was judged is no transfer and told apart.

The exit code is 4 when a line could not be read.";

/// Count transfers by origin, destination, recipient, purpose, category, mechanism and people
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Report {
    /// Audit files, or directories of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    between: Between,
    /// What rows are told apart by
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "origin,destination,recipient,purpose"
    )]
    by: Vec<Dimension>,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Csv,
    /// One object
    Json,
    /// A page to print
    Html,
}

/// What was read, beside the register.
pub(super) struct Summary {
    pub(super) between: String,
    pub(super) transfers: u64,
    pub(super) subjects: Option<usize>,
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) unread: u64,
    pub(super) files: usize,
}

/// Where no record names people.
pub(super) const UNCOUNTED: &str =
    "people are not counted: the records name nobody; `audit.subject_key_file` has them do so";

impl Summary {
    /// What was no transfer, in one sentence.
    pub(super) fn refused(&self) -> Option<String> {
        let kinds: Vec<String> =
            self.refused.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let all: u64 = self.refused.values().sum();
        (all > 0).then(|| {
            let requests = output::count(all, "request");
            format!("beside them, refused before being judged: {requests} ({})", kinds.join(", "))
        })
    }
}

impl Report {
    pub(super) fn run(self) -> Outcome {
        let files = AuditFiles::find(&self.paths)?;
        let mut register = Register::new(self.by);
        let mut unread = 0;
        files.each(|file, number, line| match Record::read(line) {
            Ok(Some(record)) if self.between.holds(record.time) => register.add(&record),
            Ok(_) => register.note(line),
            Err(error) => {
                unread += 1;
                tell_unread(&files, file, number, unread, &error);
            }
        })?;
        let rows = register.rows();
        let summary = Summary {
            between: self.between.describe().into_owned(),
            transfers: register.transfers,
            subjects: register.subjects(),
            refused: register.refused.clone(),
            unread,
            files: files.paths.len(),
        };
        let by = register.dimensions();
        let mut out = output::out();
        match self.format {
            Format::Table => table(&mut out, &by, &rows, &summary)?,
            Format::Csv => {
                csv(&mut out, &by, &rows)?;
                if let Some(refused) = summary.refused() {
                    output::note(refused);
                }
            }
            Format::Json => {
                let object = json!({
                    "between": summary.between, "transfers": summary.transfers,
                    "subjects": summary.subjects, "refused": summary.refused,
                    "unread": summary.unread, "rows": rows,
                });
                serde_json::to_writer(&mut out, &object).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
            Format::Html => html::page(&mut out, &by, &rows, &summary)?,
        }
        out.flush()?;
        Ok(if unread > 0 { Exit::Unread } else { Exit::Done })
    }
}

/// The first few lines that are no records, and then none of them.
pub(super) fn tell_unread(
    files: &AuditFiles,
    file: usize,
    line: u64,
    unread: u64,
    error: &serde_json::Error,
) {
    const TOLD: u64 = 5;
    if unread <= TOLD {
        // The error names a kind and a place, never what stands there.
        let (name, column) = (files.name(file), error.column());
        output::note(format_args!("{name}:{line}:{column}: not a record of an exchange"));
    }
}

fn table(
    out: &mut impl Write,
    by: &[Dimension],
    rows: &[Row],
    summary: &Summary,
) -> std::io::Result<()> {
    let mut table = Table::new();
    let numbers = ["transfers", "allowed", "redacted", "blocked", "failed", "people"];
    let titles: Vec<&str> = by
        .iter()
        .map(|dimension| dimension.title())
        .chain(numbers)
        .chain(["categories sent", "mechanisms"])
        .collect();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(titles);
    for row in rows {
        let mut cells: Vec<Cell> =
            by.iter().map(|dimension| Cell::new(shown(row.value(*dimension)))).collect();
        for number in [row.transfers, row.allowed, row.redacted, row.blocked, row.failed] {
            cells.push(Cell::new(number).set_alignment(CellAlignment::Right));
        }
        cells.push(Cell::new(people(row.subjects)).set_alignment(CellAlignment::Right));
        cells.push(Cell::new(categories(row).join(", ")));
        cells.push(Cell::new(mechanisms(row).join(", ")));
        table.add_row(cells);
    }
    writeln!(out, "{table}")?;
    let Summary { between, transfers, subjects, unread, files, .. } = summary;
    let files = output::count(*files, "file");
    let people = match subjects {
        Some(subjects) => format!(" of {}", output::count_as(*subjects, "person", "people")),
        None => String::new(),
    };
    let transfers = output::count(*transfers, "transfer");
    writeln!(out, "{transfers}{people}, {between}, in {files}")?;
    if subjects.is_none() {
        writeln!(out, "{UNCOUNTED}")?;
    }
    if let Some(refused) = summary.refused() {
        writeln!(out, "{refused}")?;
    }
    if *unread > 0 {
        writeln!(out, "{} could not be read", output::count(*unread, "line"))?;
    }
    Ok(())
}

fn csv(out: &mut impl Write, by: &[Dimension], rows: &[Row]) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let counts = [
        "transfers",
        "allowed",
        "redacted",
        "blocked",
        "failed",
        "people",
        "bytes",
        "first",
        "last",
        "categories_sent",
        "categories_withheld",
        "mechanisms",
    ];
    writer.write_record(by.iter().map(|dimension| dimension.title()).chain(counts))?;
    for row in rows {
        let withheld: Vec<&str> = row
            .categories
            .iter()
            .filter(|it| it.withheld > 0)
            .map(|it| it.category.as_str())
            .collect();
        let numbers = [row.transfers, row.allowed, row.redacted, row.blocked, row.failed];
        let mut record: Vec<String> =
            by.iter().map(|dimension| row.value(*dimension).to_owned()).collect();
        record.extend(numbers.iter().map(u64::to_string));
        record.push(row.subjects.map(|count| count.to_string()).unwrap_or_default());
        record.extend([row.bytes.to_string(), row.first.clone(), row.last.clone()]);
        record.extend([categories(row).join(" "), withheld.join(" "), mechanisms(row).join(" ")]);
        writer.write_record(&record)?;
    }
    writer.flush()
}

/// Those of which something was sent.
pub(super) fn categories(row: &Row) -> Vec<&str> {
    row.categories.iter().filter(|it| it.sent > 0).map(|it| it.category.as_str()).collect()
}

/// How many, where anybody can say.
pub(super) fn people(subjects: Option<u64>) -> String {
    subjects.map_or_else(|| "not counted".to_owned(), |count| count.to_string())
}

pub(super) fn mechanisms(row: &Row) -> Vec<&str> {
    row.mechanisms.iter().map(|it| it.mechanism.as_str()).collect()
}

/// What nobody said is shown as such.
pub(super) fn shown(value: &str) -> &str {
    if value.is_empty() { "—" } else { value }
}
