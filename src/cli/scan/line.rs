//! One finding as a line of output; the shape scripts rely on.

use std::{
    borrow::Cow,
    io::{self, Write},
    ops::Range,
};

use super::super::output::{PLACE, STRONG};
use crate::{
    audit::{json_part, json_text},
    domain::Confidence,
};

pub(super) struct Line<'a> {
    /// Where several files are read.
    pub(super) file: Option<&'a str>,
    pub(super) tag: &'a str,
    /// What the path begins with, where it is not in `path`.
    pub(super) record: Option<usize>,
    pub(super) path: &'a str,
    /// Where the value stands in the file, if it stands there.
    pub(super) span: Option<Range<usize>>,
    pub(super) confidence: Confidence,
    pub(super) detector: &'a str,
    /// Where values are asked for.
    pub(super) value: Option<Cow<'a, str>>,
}

impl Line<'_> {
    /// Appends it as an object. By hand: of a payload that is full of findings a general serializer takes
    /// as long to tell them as it takes to find them.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        let Self { file, tag, record, path, span, confidence, detector, value } = self;
        let mut before_tag = "{\"tag\":";
        if let Some(file) = file {
            text(out, "{\"file\":", file);
            before_tag = ",\"tag\":";
        }
        text(out, before_tag, tag);
        out.extend_from_slice(b",\"path\":\"");
        if let Some(record) = record {
            out.push(b'/');
            out.extend_from_slice(itoa::Buffer::new().format(*record).as_bytes());
        }
        json_part(out, path);
        out.push(b'"');
        number(out, ",\"start\":", span.as_ref().map(|span| span.start));
        number(out, ",\"end\":", span.as_ref().map(|span| span.end));
        out.extend_from_slice(b",\"confidence\":");
        out.extend_from_slice(&confidence.fraction());
        text(out, ",\"detector\":", detector);
        if let Some(value) = value {
            text(out, ",\"value\":", value);
        }
        out.extend_from_slice(b"}\n");
    }

    /// Appends it aligned for reading.
    pub(super) fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { file, tag, record, path, span, confidence, detector, value } = self;
        let place = match span {
            Some(Range { start, end }) => format!("{start}..{end}"),
            None => "decoded".to_owned(),
        };
        if let Some(file) = file {
            write!(out, "{file}: ")?;
        }
        let path = match record {
            Some(record) => Cow::Owned(format!("/{record}{path}")),
            None if path.is_empty() => Cow::Borrowed("(whole)"),
            None => Cow::Borrowed(*path),
        };
        write!(
            out,
            "{PLACE}{path:<32}{PLACE:#} {STRONG}{tag:<44}{STRONG:#} {confidence}  {detector:<24} {place}",
        )?;
        if let Some(value) = value {
            write!(out, "  {value}")?;
        }
        writeln!(out)
    }
}

fn text(out: &mut Vec<u8>, member: &str, text: &str) {
    out.extend_from_slice(member.as_bytes());
    json_text(out, text);
}

fn number(out: &mut Vec<u8>, member: &str, number: Option<usize>) {
    out.extend_from_slice(member.as_bytes());
    match number {
        Some(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}
