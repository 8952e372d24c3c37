//! What the headers of a part say of its content, made right again (RFC 2046 §5.1).
//!
//! A length is written anew; a digest of the content no longer holds and is taken off.

use std::io::Write as _;

use memchr::memmem;

use super::plan::Edit;
use crate::domain::Span;

/// A body that lost all of its parts with one that is empty: there must be one (RFC 2046 §5.1.1).
pub(super) fn with_a_part(before: &[u8], mut after: Vec<u8>) -> Vec<u8> {
    const EMPTY: &[u8] = b"\r\n\r\n\r\n";
    let start = if after.starts_with(b"\r\n") { 2 } else { 0 };
    let first = before.get(start..).unwrap_or_default();
    let line = memmem::find(first, b"\r\n").and_then(|end| first.get(..end)).unwrap_or_default();
    let line = line.trim_ascii_end();
    let ends = |body: &[u8]| body.get(start..)?.strip_prefix(line).map(|it| it.starts_with(b"--"));
    if !line.is_empty() && ends(&after) == Some(true) && ends(before) == Some(false) {
        after.splice(start..start, line.iter().chain(EMPTY).copied());
    }
    after
}

/// Adds to the settled `edits` of a multipart body those that describe its changed parts.
pub(super) fn describe(bytes: &[u8], edits: &mut Vec<Edit>, text: &mut Vec<u8>) {
    let Some(first) = edits.first().copied() else { return };
    let mut describing: Vec<Edit> = Vec::new();
    let mut from = 0;
    for part in parts(bytes) {
        // Both are in the order of their places.
        let content = Span::new(part.content.start as usize, part.end);
        let within = |edit: &&Edit| content.contains(edit.span);
        from += edits
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|edit| edit.span.end <= content.start && !content.contains(edit.span))
            .count();
        let inside = edits.get(from..).unwrap_or_default().iter().take_while(within);
        let (mut length, mut count) = (part.content.len(), 0);
        for edit in inside {
            length = (length + edit.with.len()).saturating_sub(edit.span.len());
            count += 1;
        }
        from += count;
        if count == 0 {
            continue;
        }
        for (name, value, line) in headers(bytes, part.headers) {
            let name = name.of(bytes);
            let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
            let start = text.len();
            let span = if is(b"content-length") {
                // Writing to memory cannot fail.
                let _ = write!(text, "{length}");
                value
            } else if is(b"content-md5") || is(b"content-digest") || is(b"digest") {
                line
            } else {
                continue;
            };
            let with = Span::new(start, text.len());
            describing.push(Edit { span, with, cut: false, rank: 0, layer: first.layer });
        }
    }
    if describing.is_empty() {
        return;
    }
    // What the rules redact in such a header goes with it.
    edits.retain(|edit| {
        !describing.iter().any(|it| it.span.contains(edit.span) || edit.span.contains(it.span))
    });
    edits.extend(describing);
    edits.sort_unstable_by_key(|edit| edit.span.start);
}

struct Part {
    headers: Span,
    content: Span,
    /// Of the content and the line end behind it.
    end: usize,
}

/// The parts between the delimiters. The body has been read before: it is in order as far as anything was
/// found in it.
fn parts(bytes: &[u8]) -> impl Iterator<Item = Part> {
    let start = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
    let rest = bytes.get(start..).unwrap_or_default();
    let line = rest.get(..memmem::find(rest, b"\r\n").unwrap_or(rest.len())).unwrap_or_default();
    let delimiter = [b"\r\n", line.trim_ascii_end()].concat();
    let mut at = Some(start + line.len());
    std::iter::from_fn(move || {
        // Past the line end of a delimiter.
        let headers = at? + 2;
        let rest = bytes.get(headers..)?;
        // Without headers the blank line comes at once.
        let head = if rest.starts_with(b"\r\n") { 0 } else { memmem::find(rest, b"\r\n\r\n")? + 2 };
        let content = headers + head + 2;
        // A part may be without content, its delimiter right behind the blank line.
        let length = memmem::find(bytes.get(content - 2..)?, &delimiter)?;
        let end = content - 2 + length;
        let next = end + delimiter.len();
        let is_last = bytes.get(next..).unwrap_or_default().starts_with(b"--");
        let padding = bytes.get(next..)?.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        at = (!is_last).then_some(next + padding.count());
        Some(Part {
            headers: Span::new(headers, headers + head),
            content: Span::new(content, end.max(content)),
            end: end.max(content),
        })
    })
}

/// Name, value and whole line of each header.
fn headers(bytes: &[u8], block: Span) -> impl Iterator<Item = (Span, Span, Span)> {
    let mut at = block.range().start;
    std::iter::from_fn(move || {
        while at < block.range().end {
            let rest = bytes.get(at..block.range().end)?;
            let length = memmem::find(rest, b"\r\n")?;
            let line = Span::new(at, at + length + 2);
            at = line.range().end;
            let text = rest.get(..length)?;
            let Some(colon) = memchr::memchr(b':', text) else { continue };
            let start = line.range().start;
            let value = text.get(colon + 1..)?;
            let skip = value.len() - value.trim_ascii_start().len();
            let from = start + colon + 1 + skip;
            let value = Span::new(from, from + value.trim_ascii().len());
            return Some((Span::new(start, start + colon), value, line));
        }
        None
    })
}
