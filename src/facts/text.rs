//! Files of facts: JSONL, an entry a line, and CSV, a fact a row.
//!
//! A CSV file begins with a row of column names; `record` says what a row tells:
//!
//! | `record` | columns beside the identifiers |
//! |---|---|
//! | `consent` | `scope` `type` `policy_version` `purposes` `categories` `destinations` `recipients` `given_at` `expires_at` `evidence_ref` `notice_ref` |
//! | `withdrawal` | `scope` `at` |
//! | `opt_out`, `opt_in` | `name` |
//! | `setting` | `name` `value` |
//! | `attribute` | `name` (`age`, `minor`, `verified`) `value`, and for an age perhaps `on` |
//! | `counted` | `counter` `exporter` `recipient` `on` |
//! | `forget`, `identifiers` | |
//! | `mechanism` | no identifiers; `type` `id` `valid_from` `valid_until` `destinations` `recipients` `categories` |
//!
//! A list is separated by `;`, several identifiers of one kind too. Both become the same entries ([`EntryReader`](super::EntryReader)).

use std::io::{self, BufRead, Read};

use serde_json::{Map, Value, json};

/// Bytes of one line; nobody has more to say of one person.
const LINE_BYTES_MAX: u64 = 1 << 20;

pub(super) const COLUMNS: [&str; 27] = [
    "record",
    "account_id",
    "phone",
    "email",
    "device_id",
    "pseudonym",
    "scope",
    "type",
    "policy_version",
    "purposes",
    "categories",
    "destinations",
    "recipients",
    "given_at",
    "expires_at",
    "evidence_ref",
    "notice_ref",
    "at",
    "name",
    "value",
    "counter",
    "exporter",
    "recipient",
    "on",
    "id",
    "valid_from",
    "valid_until",
];
const LISTS: [&str; 4] = ["purposes", "categories", "destinations", "recipients"];
const IDENTIFIERS: [&str; 5] = ["account_id", "phone", "email", "device_id", "pseudonym"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jsonl,
    Csv,
}

/// What is wrong with a line; free of what it holds.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub(crate) struct LineError {
    /// From 1; of a row over several lines, the first.
    pub line: u64,
    pub message: String,
}

/// The entries of a file, with the line each begins on.
pub(crate) struct Lines<'r>(Source<'r>);

enum Source<'r> {
    Jsonl { reader: Box<dyn BufRead + 'r>, line: u64 },
    Csv { rows: Box<csv::Reader<Box<dyn Read + 'r>>>, columns: Vec<&'static str>, ended: bool },
}

impl<'r> Lines<'r> {
    /// An error is the file's head, or the disk.
    pub(crate) fn new(
        format: Format,
        mut reader: Box<dyn BufRead + 'r>,
    ) -> Result<Self, LineError> {
        skip_mark(&mut reader)?;
        Ok(Self(match format {
            Format::Jsonl => Source::Jsonl { reader, line: 0 },
            Format::Csv => {
                let reader: Box<dyn Read + 'r> = Box::new(reader);
                // A carriage return before it is trimmed off; taken for an end, it puts lines out of step.
                let mut rows = csv::ReaderBuilder::new()
                    .terminator(csv::Terminator::Any(b'\n'))
                    .trim(csv::Trim::All)
                    .from_reader(reader);
                let columns = columns(&mut rows)?;
                Source::Csv { rows: Box::new(rows), columns, ended: false }
            }
        }))
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<(u64, Value), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Jsonl { reader, line } => next_line(reader, line),
            Source::Csv { rows, columns, ended } => next_row(rows, columns, ended),
        }
    }
}

impl std::fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}

/// A byte order mark says nothing in UTF-8.
fn skip_mark(reader: &mut impl BufRead) -> Result<(), LineError> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let begins = reader.fill_buf().map_err(|error| unreadable(1, &error))?.starts_with(MARK);
    if begins {
        reader.consume(MARK.len());
    }
    Ok(())
}

fn unreadable(line: u64, error: &io::Error) -> LineError {
    LineError { line, message: format!("it cannot be read: {error}") }
}

fn next_line(
    reader: &mut Box<dyn BufRead + '_>,
    line: &mut u64,
) -> Option<Result<(u64, Value), LineError>> {
    let mut text = Vec::new();
    loop {
        text.clear();
        *line += 1;
        let at = *line;
        let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut text);
        match read {
            Ok(0) => return None,
            Ok(_) if text.len() as u64 == LINE_BYTES_MAX && !text.ends_with(b"\n") => {
                let message = format!("it is longer than {LINE_BYTES_MAX} bytes");
                let _ = reader.skip_until(b'\n');
                return Some(Err(LineError { line: at, message }));
            }
            Ok(_) if text.trim_ascii().is_empty() => {}
            Ok(_) => {
                // What serde says may repeat what it read, so only the place is passed on.
                let entry = serde_json::from_slice(&text).map_err(|error| LineError {
                    line: at,
                    message: format!("it is not JSON from column {} on", error.column()),
                });
                return Some(entry.map(|entry| (at, entry)));
            }
            Err(error) => return Some(Err(unreadable(at, &error))),
        }
    }
}

fn columns<R: Read>(rows: &mut csv::Reader<R>) -> Result<Vec<&'static str>, LineError> {
    let wrong = |message: String| LineError { line: 1, message };
    let head =
        rows.headers().map_err(|_| wrong("it is not a row of column names in UTF-8".into()))?;
    let mut columns = Vec::new();
    for (number, name) in head.iter().enumerate() {
        let known = COLUMNS.iter().find(|known| **known == name);
        // A file without its head begins with somebody's data.
        let Some(known) = known else {
            let known = COLUMNS.join(", ");
            return Err(wrong(format!("column {} is not named as one of {known}", number + 1)));
        };
        if columns.contains(known) {
            return Err(wrong(format!("there are two columns `{known}`")));
        }
        columns.push(*known);
    }
    if !columns.contains(&"record") {
        return Err(wrong("there is no column `record`".into()));
    }
    Ok(columns)
}

fn next_row<R: Read>(
    rows: &mut csv::Reader<R>,
    columns: &[&'static str],
    ended: &mut bool,
) -> Option<Result<(u64, Value), LineError>> {
    if *ended {
        return None;
    }
    let mut row = csv::StringRecord::new();
    let line = rows.position().line();
    match rows.read_record(&mut row) {
        Ok(false) => None,
        Ok(true) => {
            let line = row.position().map_or(line, csv::Position::line);
            let mut cells: Map<String, Value> = Map::new();
            for (column, cell) in columns.iter().zip(row.iter()) {
                if !cell.is_empty() {
                    cells.insert((*column).to_owned(), cell.into());
                }
            }
            Some(
                entry(cells)
                    .map(|entry| (line, entry))
                    .map_err(|message| LineError { line, message }),
            )
        }
        Err(error) => {
            let line = error.position().map_or(line, csv::Position::line);
            // After a failed read of the disk the reader would begin anew and anew.
            *ended = matches!(error.kind(), csv::ErrorKind::Io(_));
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "the kinds of the reader are not ours"
            )]
            let message = match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("it has {len} columns, and the head has {expected_len}")
                }
                csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
                csv::ErrorKind::Io(error) => format!("it cannot be read: {error}"),
                _ => "it is not a row of CSV (RFC 4180)".to_owned(),
            };
            Some(Err(LineError { line, message }))
        }
    }
}

/// The entry a row stands for.
fn entry(mut cells: Map<String, Value>) -> Result<Value, String> {
    let record = match cells.remove("record") {
        Some(Value::String(record)) => record,
        _ => return Err("`record` is empty".to_owned()),
    };
    for column in LISTS {
        if let Some(Value::String(cell)) = cells.get(column) {
            let items = list(cell);
            cells.insert(column.to_owned(), items);
        }
    }
    if record == "mechanism" {
        return Ok(json!({ "mechanism": cells }));
    }
    let mut subject = Map::new();
    for identifier in IDENTIFIERS {
        if let Some(Value::String(cell)) = cells.remove(identifier) {
            subject.insert(identifier.to_owned(), list(&cell));
        }
    }
    let mut entry = Map::new();
    entry.insert("subject".to_owned(), Value::Object(subject));
    let (member, told) = match record.as_str() {
        "consent" => ("consents", json!([std::mem::take(&mut cells)])),
        "withdrawal" => ("withdrawn", json!([std::mem::take(&mut cells)])),
        "counted" => ("counted", json!([std::mem::take(&mut cells)])),
        "opt_out" => ("opt_outs", json!([take(&mut cells, "name")?])),
        "opt_in" => ("opt_ins", json!([take(&mut cells, "name")?])),
        "setting" => {
            let name = take(&mut cells, "name")?;
            ("settings", json!({ name: plain(&take(&mut cells, "value")?) }))
        }
        "attribute" => match take(&mut cells, "name")?.as_str() {
            "age" => {
                let years = plain(&take(&mut cells, "value")?);
                match cells.remove("on") {
                    Some(on) => ("age", json!({ "years": years, "on": on })),
                    None => ("age", years),
                }
            }
            "minor" => ("minor", plain(&take(&mut cells, "value")?)),
            "verified" => ("verified", plain(&take(&mut cells, "value")?)),
            _ => {
                return Err(
                    "`name` is none of the attributes `age`, `minor`, `verified`".to_owned()
                );
            }
        },
        "forget" => ("forget", json!(true)),
        // Only joins the identifiers.
        "identifiers" => ("opt_outs", json!([])),
        _ => {
            return Err(
                "`record` is none of `consent`, `withdrawal`, `opt_out`, `opt_in`, `setting`, \
                 `attribute`, `counted`, `forget`, `identifiers`, `mechanism`"
                    .to_owned(),
            );
        }
    };
    if !cells.is_empty() {
        let columns: Vec<String> = cells.keys().map(|column| format!("`{column}`")).collect();
        return Err(format!("a row of this kind leaves {} empty", columns.join(", ")));
    }
    entry.insert(member.to_owned(), told);
    Ok(Value::Object(entry))
}

fn list(cell: &str) -> Value {
    json!(cell.split(';').map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>())
}

fn take(cells: &mut Map<String, Value>, column: &str) -> Result<String, String> {
    match cells.remove(column) {
        Some(Value::String(cell)) => Ok(cell),
        _ => Err(format!("`{column}` is empty")),
    }
}

/// `true`, `false` or a number as such.
fn plain(cell: &str) -> Value {
    match cell {
        "true" | "on" => json!(true),
        "false" | "off" => json!(false),
        text => text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Format, text: &str) -> Vec<Result<(u64, Value), String>> {
        match Lines::new(format, Box::new(text.as_bytes())) {
            Ok(lines) => lines.map(|line| line.map_err(|error| error.to_string())).collect(),
            Err(error) => vec![Err(error.to_string())],
        }
    }

    #[test]
    fn a_row_becomes_the_entry_it_stands_for() {
        let text = "\u{feff}record,account_id,phone,scope,type,destinations,name,value,id,at\r\n\
            consent,a,,cross_border,separate_explicit,SG; US,,,,\r\n\
            withdrawal,a,,all,,,,,,2026-03-01\r\n\
            opt_out,,+1 2025550143,,,,push,,,\r\n\
            \"setting\",a,,,,,cloud_sync,off,,\r\n\
            attribute,a,,,,,age,12,,\r\n\
            forget,a,,,,,,,,\r\n\
            mechanism,,,,eu_scc,SG,,,scc-1,\r\n";
        let a = json!({"account_id": ["a"]});
        let expected = [
            json!({"subject": a, "consents": [{"scope": "cross_border", "type": "separate_explicit", "destinations": ["SG", "US"]}]}),
            json!({"subject": a, "withdrawn": [{"scope": "all", "at": "2026-03-01"}]}),
            json!({"subject": {"phone": ["+1 2025550143"]}, "opt_outs": ["push"]}),
            json!({"subject": a, "settings": {"cloud_sync": false}}),
            json!({"subject": a, "age": 12}),
            json!({"subject": a, "forget": true}),
            json!({"mechanism": {"type": "eu_scc", "id": "scc-1", "destinations": ["SG"]}}),
        ];
        let read = read(Format::Csv, text);
        let expected: Vec<_> =
            expected.into_iter().zip(2..).map(|(entry, line)| Ok((line, entry))).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn a_bad_row_is_told_by_its_line_and_the_next_is_read() {
        let text = "record,account_id,name,value\nopt_out,sana,push\nopt_out,sana,push,x\nsana,a,,\n\
            setting,a,,on\nattribute,a,sana,1\nopt_out,a,\"push\n\",\nopt_out,a,push,\n";
        let read = read(Format::Csv, text);
        for (line, part) in [
            (2, "3 columns"),
            (3, "leaves `value` empty"),
            (4, "`record` is none of"),
            (5, "`name` is empty"),
            (6, "attributes"),
        ] {
            let error = read[line - 2].as_ref().unwrap_err();
            assert!(
                error.starts_with(&format!("line {line}: ")) && error.contains(part),
                "{error}"
            );
            assert!(!error.contains("sana"), "{error}");
        }
        assert_eq!(read.last().unwrap().as_ref().unwrap().0, 9);
    }

    #[test]
    fn a_head_that_is_none_is_not_repeated() {
        for (head, part) in [
            ("sana@example.pk,a\n", "column 1 is not named"),
            ("account_id\n", "no column `record`"),
            ("record,record\n", "two columns"),
        ] {
            let read = read(Format::Csv, head);
            let error = read[0].as_ref().unwrap_err();
            assert!(error.contains(part) && !error.contains("sana"), "{error}");
        }
    }

    #[test]
    fn lines_are_counted_and_bad_ones_told_by_column() {
        let long = "x".repeat(usize::try_from(LINE_BYTES_MAX).unwrap() + 10);
        let read = read(Format::Jsonl, &format!("{{\"a\": 1}}\n\n{{\"sana\": sana}}\n{long}\n[]"));
        assert_eq!(read[0], Ok((1, json!({"a": 1}))));
        assert_eq!(read[1], Err("line 3: it is not JSON from column 10 on".to_owned()));
        assert!(read[2].as_ref().unwrap_err().starts_with("line 4: it is longer"));
        assert_eq!(read[3], Ok((5, json!([]))));
    }
}
