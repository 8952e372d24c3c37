//! Comma- and tab-separated values (RFC 4180), records by number and cells by the name of their column.
//!
//! The delimiter is whichever of `,` tab `;` `|` stands most often in the first record. That record is
//! taken for the header unless a cell of it looks like data; it is told as a record of its own either
//! way, number 0, so that nothing can hide by passing for a heading. Where the sender says that there
//! is no header (`header=absent`), there is none; between tabs, a quote that ends nothing is a letter.

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
    /// It is data like the rest.
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
    let mut header: Vec<Cell> = Vec::new();
    let (mut at, mut number) = (start, 0u32);
    while let Some(&byte) = bytes.get(at) {
        if matches!(byte, b'\n' | b'\r') {
            at += 1;
            continue;
        }
        fields.count(at)?;
        let container = if header.is_empty() { Container::Array } else { Container::Object };
        sink.open(Key::Index(number), container, at, at);
        sink.record();
        let mut first: Vec<Cell> = Vec::new();
        let mut column = 0u32;
        loop {
            let cell = match Cell::read(bytes, at, delimiter) {
                Err(_) if dialect == Dialect::Tabs => Cell::plain(bytes, at, delimiter),
                read => read?,
            };
            fields.count(at)?;
            let name = header.get(column as usize).filter(|name| name.text.len() <= NAME_BYTES_MAX);
            let key = match name {
                Some(name) => {
                    Key::Name { text: name.text.of(bytes), span: name.span, escape: name.escape }
                }
                None => Key::Index(column),
            };
            sink.scalar(key, cell.value(bytes));
            if number == 0 && dialect != Dialect::Bare {
                first.push(cell);
            }
            at = cell.span.range().end;
            if bytes.get(at) != Some(&delimiter) {
                break;
            }
            at += 1;
            column = column.saturating_add(1);
        }
        sink.close(at, at);
        if !first.is_empty() && !first.iter().any(|cell| is_data(cell.text.of(bytes))) {
            header.append(&mut first);
            for name in header.iter().filter(|name| name.text.len() <= NAME_BYTES_MAX) {
                sink.expect(name.text.of(bytes), name.escape);
            }
        }
        number = number.saturating_add(1);
    }
    sink.close(bytes.len(), bytes.len());
    scan::check_utf8(bytes, 0)
}

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

/// Whichever stands most often outside quotes in the first record; the comma when none does.
fn delimiter(bytes: &[u8], start: usize) -> u8 {
    let mut counts = [(b',', 0usize), (b'\t', 0), (b';', 0), (b'|', 0)];
    let mut is_quoted = false;
    let text = bytes.get(start..).unwrap_or_default();
    let blank = text.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    for &byte in text.get(blank..).unwrap_or_default() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            _ if is_quoted => {}
            _ => {
                for (candidate, count) in &mut counts {
                    *count += usize::from(*candidate == byte);
                }
            }
        }
    }
    // The last of equals wins, so that the comma goes last.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(byte, _)| byte)
}

/// Five digits that no letter begins, or an at sign: no heading, though a year may be one, and `c10000`.
fn is_data(cell: &[u8]) -> bool {
    let digits = cell.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_named = cell.first().is_some_and(u8::is_ascii_alphabetic);
    (digits >= 5 && !is_named) || memchr(b'@', cell).is_some()
}
