//! Comma- and tab-separated values (RFC 4180), records by number and cells by the name of their column.
//!
//! The delimiter is whichever of `,` tab `;` `|` stands most often in the first record that the next one
//! agrees with. The first record is taken for the header unless a cell of it looks like data; a title, a
//! comment or another table may stand before the names, so that a later record of names alone takes its place
//! (`Header::gives_way`). Either is told as a record of its own, so that nothing can hide by passing for a
//! heading. Where the sender says that there is no header (`header=absent`), a first record of
//! names that say something is one all the same: most readers never see what the sender says. Between tabs, a quote that
//! ends nothing is a letter. A first record of a name and a value begins a table of such pairs.

#[cfg(test)]
mod tests;

use memchr::{memchr, memchr3};

use super::{Fields, Stop, scan};
use crate::domain::{Container, Escape, FieldSink, Key, Limits, Scalar, Span, Value};

/// What is known of a table before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The first record may be a header.
    Headed,
    /// It is data like the rest, unless it says something as a header.
    Bare,
    /// Tabs separate, and nothing need be quoted.
    Tabs,
}

pub(super) fn walk<S: FieldSink>(
    bytes: &[u8],
    dialect: Dialect,
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    let start = scan::byte_order_mark(bytes);
    let (start, declared) = declared_delimiter(bytes, start);
    let delimiter = match (declared, dialect) {
        (Some(declared), _) => declared,
        (None, Dialect::Headed | Dialect::Bare) => delimiter(bytes, start),
        (None, Dialect::Tabs) => b'\t',
    };
    let mut fields = Fields::new(limits);
    fields.count(start)?;
    sink.open(Key::Root, Container::Array, start, start);
    let table = Table { bytes, delimiter, dialect };
    let mut header = Header::default();
    let (mut at, mut number, mut is_apart) = (start, 0u32, false);
    let is_of_pairs = table.is_of_pairs(start, sink);
    while at < bytes.len() {
        let ends = line_ends(bytes, at);
        if ends.length > 0 {
            is_apart |= ends.is_blank;
            at += ends.length;
            continue;
        }
        let heads = !is_of_pairs && table.heads(at, number == 0, is_apart, &header, sink);
        let paired = if is_of_pairs { table.pair(at, sink) } else { None };
        fields.count(at)?;
        let is_named = !header.names.is_empty();
        let has_names = is_named || paired.is_some();
        let container = if has_names { Container::Object } else { Container::Array };
        sink.open(Key::Index(number), container, at, at);
        sink.record();
        let mut names: Vec<Cell> = Vec::new();
        let is_shifted = || table.with_a_row_name(at, header.names.len()).is_some();
        let shift = u32::from(header.names_rows && is_shifted());
        let (mut column, mut width) = (0u32, 0u32);
        loop {
            let cell = table.cell(at)?;
            fields.count(at)?;
            // A heading further down is no value of the columns before it. A cell of it that says nothing as a
            // name may be one.
            let is_name = is_named && heads && tells(bytes, cell, sink);
            let name = column.checked_sub(shift).and_then(|at| header.names.get(at as usize));
            let name = name.filter(|name| !is_name && name.text.len() <= NAME_BYTES_MAX);
            let key = match paired.as_ref().filter(|_| column == 1).or(name) {
                Some(name) => {
                    Key::Name { text: name.text.of(bytes), span: name.span, escape: name.escape }
                }
                None => Key::Index(column),
            };
            sink.scalar(key, cell.value(bytes));
            if heads {
                names.push(cell);
            }
            if !cell.text.is_empty() {
                width = column.saturating_add(1);
            }
            at = cell.span.range().end;
            if bytes.get(at) != Some(&delimiter) {
                break;
            }
            at += 1;
            column = column.saturating_add(1);
        }
        sink.close(at, at);
        // A record without a letter is a blank line of a spreadsheet.
        is_apart = width == 0;
        if heads {
            let asked = names.iter().take(COLUMNS_ASKED_MAX);
            let telling = asked.filter(|name| tells(bytes, **name, sink)).count();
            let names_rows = table.names_rows(at, names.len());
            header = Header { names, telling, width, widest: width, names_rows, is_last: true };
            sink.table();
            for name in header.names.iter().filter(|name| name.text.len() <= NAME_BYTES_MAX) {
                sink.expect(name.text.of(bytes), name.escape);
            }
        }
        header.is_last = heads;
        header.widest = header.widest.max(width);
        number = number.saturating_add(1);
    }
    sink.close(bytes.len(), bytes.len());
    scan::check_utf8(bytes, 0)
}

/// How long the run of line ends at a place is, and whether it leaves a line empty.
struct LineEnds {
    length: usize,
    is_blank: bool,
}

fn line_ends(bytes: &[u8], at: usize) -> LineEnds {
    let (mut feeds, mut returns) = (0, 0);
    for byte in bytes.get(at..).unwrap_or_default() {
        match byte {
            b'\n' => feeds += 1,
            b'\r' => returns += 1,
            _ => break,
        }
    }
    let is_blank = if feeds > 0 { feeds > 1 } else { returns > 1 };
    LineEnds { length: feeds + returns, is_blank }
}

fn tells<S: FieldSink>(bytes: &[u8], cell: Cell, sink: &mut S) -> bool {
    let text = cell.text.of(bytes);
    text.len() <= NAME_BYTES_MAX && sink.is_telling_name(text, cell.escape)
}

/// The names of the columns, as the last heading has them.
#[derive(Default)]
struct Header {
    names: Vec<Cell>,
    /// How many of them say something of what stands below.
    telling: usize,
    /// Columns up to the last name, and up to the last cell of what came since.
    width: u32,
    widest: u32,
    /// The records below begin with a cell that has no name above it.
    names_rows: bool,
    /// No record came since.
    is_last: bool,
}

impl Header {
    /// Whether a record of names alone heads a table of its own: one that says something where this header says
    /// nothing, for that was a title; or one that stands apart or is of another width, and is no row of words by
    /// chance: it says something with all its cells or with several, or more than the title of one cell before it.
    fn gives_way(&self, next: &Survey, telling: usize, is_apart: bool) -> bool {
        let is_other = is_apart || self.is_of_groups() || next.cells as usize != self.names.len();
        let is_certain = telling >= 2 || telling == next.filled as usize;
        let is_wider = next.width > self.widest && (telling > self.telling || self.width <= 1);
        telling > 0 && (self.telling == 0 || is_other && (is_certain || is_wider))
    }

    /// Whether it may stand above groups of columns that have names of their own, as spreadsheets join cells: most of
    /// its cells are empty, and nothing came since.
    fn is_of_groups(&self) -> bool {
        let filled = || self.names.iter().filter(|name| !name.text.is_empty()).count();
        self.is_last && 2 * filled() <= self.names.len()
    }
}

/// What is seen of a record before it is told.
#[derive(Default)]
struct Survey {
    cells: u32,
    /// Those that are not empty, and of these the ones that look like data.
    filled: u32,
    data: u32,
    /// Columns up to the last that is not empty.
    width: u32,
}

struct Table<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    dialect: Dialect,
}

impl Table<'_> {
    fn cell(&self, at: usize) -> Result<Cell, Stop> {
        match Cell::read(self.bytes, at, self.delimiter) {
            Err(_) if self.dialect == Dialect::Tabs => {
                Ok(Cell::plain(self.bytes, at, self.delimiter))
            }
            read => read,
        }
    }

    /// Whether the record at `at` is a heading.
    fn heads<S: FieldSink>(
        &self,
        at: usize,
        is_first: bool,
        is_apart: bool,
        header: &Header,
        sink: &mut S,
    ) -> bool {
        if self.dialect == Dialect::Bare && !is_first {
            return false;
        }
        let Some(survey) = self.survey(at, is_first) else { return false };
        if is_first && survey.data == 0 && self.dialect != Dialect::Bare {
            return true;
        }
        // Before any name is looked up: most rows have the width of their header.
        let is_like_before =
            !is_apart && survey.cells as usize == header.names.len() && !header.is_of_groups();
        if survey.filled == 0 || (header.telling > 0 && is_like_before) {
            return false;
        }
        let telling = self.telling(at, sink);
        if is_first {
            let names = survey.filled - survey.data;
            return survey.data <= names && (telling >= 2 || telling == names as usize);
        }
        header.gives_way(&survey, telling, is_apart)
    }

    /// Whether the table is one of names and their values, in two columns: its first record is, and so is the second.
    fn is_of_pairs<S: FieldSink>(&self, start: usize, sink: &mut S) -> bool {
        let start = start + line_ends(self.bytes, start).length;
        let Some(name) = self.pair(start, sink) else { return false };
        let Ok(value) = self.cell(name.span.range().end + 1) else { return false };
        let end = value.span.range().end;
        let next = end + line_ends(self.bytes, end).length;
        is_data(value.text.of(self.bytes))
            && (next == self.bytes.len() || self.pair(next, sink).is_some())
    }

    /// The name in a record of a name that says something and one more cell.
    fn pair<S: FieldSink>(&self, at: usize, sink: &mut S) -> Option<Cell> {
        let name = self.cell(at).ok()?;
        let end = name.span.range().end;
        let is_alone = self.bytes.get(end) != Some(&self.delimiter) || name.text.is_empty();
        if is_alone || !tells(self.bytes, name, sink) {
            return None;
        }
        let value = self.cell(end + 1).ok()?;
        (self.bytes.get(value.span.range().end) != Some(&self.delimiter)).then_some(name)
    }

    /// Whether the records behind the line end at `at` have one cell more than there are names, the first of which names
    /// the row, as R writes them: in quotes, or by numbers in their order.
    fn names_rows(&self, at: usize, names: usize) -> bool {
        let record = |at: usize| self.with_a_row_name(at + line_ends(self.bytes, at).length, names);
        let Some((first, end)) = record(at) else { return false };
        if end + line_ends(self.bytes, end).length == self.bytes.len() {
            return first.escape == Escape::Csv
                || matches!(first.number_of_a_row(self.bytes), Some(0 | 1));
        }
        let Some((second, _)) = record(end) else { return false };
        let [one, two] = [first, second].map(|cell| cell.number_of_a_row(self.bytes));
        (first.escape == Escape::Csv && second.escape == Escape::Csv)
            || one.is_some_and(|one| two == Some(one + 1))
    }

    /// The first cell of the record at `at` and the end of that, where it has one cell more than there are names and the
    /// last is not empty.
    fn with_a_row_name(&self, mut at: usize, names: usize) -> Option<(Cell, usize)> {
        let first = self.cell(at).ok()?;
        let mut cell = first;
        for _ in 0..names {
            at = cell.span.range().end;
            if self.bytes.get(at) != Some(&self.delimiter) {
                return None;
            }
            cell = self.cell(at + 1).ok()?;
        }
        at = cell.span.range().end;
        let is_last = self.bytes.get(at) != Some(&self.delimiter);
        (is_last && !cell.text.is_empty()).then_some((first, at))
    }

    /// `None` of a record that is broken or, but for the first, has a cell that is no name.
    fn survey(&self, mut at: usize, is_first: bool) -> Option<Survey> {
        let mut survey = Survey::default();
        loop {
            let cell = self.cell(at).ok()?;
            let text = cell.text.of(self.bytes);
            survey.cells = survey.cells.saturating_add(1);
            if !text.is_empty() {
                if !is_first && !is_name(text) {
                    return None;
                }
                survey.filled = survey.filled.saturating_add(1);
                survey.data = survey.data.saturating_add(u32::from(is_data(text)));
                survey.width = survey.cells;
            }
            at = cell.span.range().end;
            if self.bytes.get(at) != Some(&self.delimiter) {
                return Some(survey);
            }
            at += 1;
        }
    }

    /// How many cells of the record at `at` say something as names.
    fn telling<S: FieldSink>(&self, mut at: usize, sink: &mut S) -> usize {
        let mut telling = 0;
        for _ in 0..COLUMNS_ASKED_MAX {
            let Ok(cell) = self.cell(at) else { break };
            telling += usize::from(tells(self.bytes, cell, sink));
            at = cell.span.range().end;
            if self.bytes.get(at) != Some(&self.delimiter) {
                break;
            }
            at += 1;
        }
        telling
    }
}

/// So many names at the beginning of a record tell whether it is a heading.
const COLUMNS_ASKED_MAX: usize = 256;

/// A column name is told with each of its cells: a long one would be read as often.
const NAME_BYTES_MAX: usize = 256;

#[derive(Clone, Copy)]
struct Cell {
    text: Span,
    /// With quotes.
    span: Span,
    escape: Escape,
}

impl Cell {
    /// The cell at `at`; behind it stands the delimiter, a line end or nothing.
    fn read(bytes: &[u8], at: usize, delimiter: u8) -> Result<Self, Stop> {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.first() != Some(&b'"') {
            return Ok(Self::plain(bytes, at, delimiter));
        }
        let mut end = at + 1;
        loop {
            let rest = bytes.get(end..).unwrap_or_default();
            end += memchr(b'"', rest).ok_or(Stop::malformed(bytes.len()))?;
            match bytes.get(end + 1) {
                Some(b'"') => end += 2,
                Some(&byte) if byte != delimiter && !matches!(byte, b'\n' | b'\r') => {
                    return Err(Stop::malformed(end + 1));
                }
                Some(_) | None => break,
            }
        }
        let (text, span) = (Span::new(at + 1, end), Span::new(at, end + 1));
        Ok(Self { text, span, escape: Escape::Csv })
    }

    /// Up to the delimiter, the line end or the end.
    fn plain(bytes: &[u8], at: usize, delimiter: u8) -> Self {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = memchr3(delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
        let span = Span::new(at, at + length);
        Self { text: span, span, escape: Escape::None }
    }

    /// What a cell says that counts the rows.
    fn number_of_a_row(self, bytes: &[u8]) -> Option<u32> {
        const DIGITS_MAX: usize = 7;
        let text = std::str::from_utf8(self.text.of(bytes)).ok()?;
        let is_one = text.len() <= DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_one)
    }

    fn value(self, bytes: &[u8]) -> Value<'_> {
        Value {
            kind: Scalar::String,
            text: self.text.of(bytes),
            text_span: self.text,
            span: self.span,
            member: self.span,
            escape: self.escape,
            may_hold: None,
        }
    }
}

/// The line `sep=;` that spreadsheets read before a table, and what it says; it is none of the table's.
fn declared_delimiter(bytes: &[u8], start: usize) -> (usize, Option<u8>) {
    let rest = bytes.get(start..).unwrap_or_default();
    match rest.strip_prefix(b"sep=") {
        Some([delimiter, b'\r', b'\n', ..]) => (start + 7, Some(*delimiter)),
        Some([delimiter, b'\n', ..]) => (start + 6, Some(*delimiter)),
        Some(_) | None => (start, None),
    }
}

/// Candidates in the order in which they go last where they are equals.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Whichever stands most often outside quotes in the first record that has as many of it as the next, for a title
/// has others or none; in the first record with any where no two agree; the comma when there is none.
fn delimiter(bytes: &[u8], start: usize) -> u8 {
    let mut at = start;
    let (mut first, mut before) = (None, None::<(usize, usize)>);
    for _ in 0..LINES_LOOKED_AT_MAX {
        at += line_ends(bytes, at).length;
        if at >= bytes.len() {
            break;
        }
        let (counts, end) = delimiters(bytes, at);
        at = end;
        if let Some((best, count)) = before
            && counts.get(best) == Some(&count)
        {
            first = Some(best);
            break;
        }
        // The last of equals wins, so that the comma goes last.
        let best = (0..counts.len()).rev().max_by_key(|index| counts.get(*index)).unwrap_or(0);
        let count = counts.get(best).copied().unwrap_or(0);
        before = (count > 0).then_some((best, count));
        first = first.or(before.map(|(best, _)| best));
    }
    first.and_then(|index| DELIMITERS.get(index)).copied().unwrap_or(b',')
}

const LINES_LOOKED_AT_MAX: usize = 32;

/// How often each candidate stands in the record at `at`, and where that ends.
fn delimiters(bytes: &[u8], at: usize) -> ([usize; 4], usize) {
    let mut counts = [0; 4];
    let mut is_quoted = false;
    let text = bytes.get(at..).unwrap_or_default();
    for (length, &byte) in text.iter().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => return (counts, at + length),
            _ if is_quoted => {}
            _ => {
                for (candidate, count) in DELIMITERS.iter().zip(&mut counts) {
                    *count += usize::from(*candidate == byte);
                }
            }
        }
    }
    (counts, bytes.len())
}

/// Five digits that no letter begins, or an at sign: no heading, though a year may be one, and `c10000`.
fn is_data(cell: &[u8]) -> bool {
    let is_named = cell.first().is_some_and(u8::is_ascii_alphabetic);
    (digits(cell) >= 5 && !is_named) || memchr(b'@', cell).is_some()
}

/// A few words without a number of any length: what may head a column further down.
fn is_name(cell: &[u8]) -> bool {
    const BYTES_MAX: usize = 64;
    const WORDS_MAX: usize = 5;
    let cell = cell.trim_ascii();
    let is_begun = cell.first().is_some_and(|byte| {
        byte.is_ascii_alphabetic() || !byte.is_ascii() || b"_#(".contains(byte)
    });
    is_begun
        && cell.len() <= BYTES_MAX
        && digits(cell) < 5
        && memchr(b'@', cell).is_none()
        && cell.iter().filter(|byte| **byte == b' ').count() < WORDS_MAX
}

fn digits(cell: &[u8]) -> usize {
    cell.iter().filter(|byte| byte.is_ascii_digit()).count()
}
