//! JSON (RFC 8259) without a tree, and sequences of it: a value a line, or RFC 7464.
//!
//! A text is read in two passes that take turns: [`Index`] finds the places where the grammar turns,
//! [`Walk`] goes from one to the next and tells the sink. What they do not take is read again by
//! [`reader`], byte for byte, which says where and why; it tells nothing, since all before that
//! place has been told.
//!
//! Duplicate members are reported each. A byte order mark is tolerated at the very start, as RFC 8259
//! §8.1 allows; comments, trailing commas, `NaN` and data after the value are not. `\uD800` alone is
//! text (§8.2); its reading as U+FFFD is `unescape`'s.

mod index;
mod reader;
mod walk;

#[cfg(test)]
mod tests;

use std::cell::Cell;

use super::{Stop, scan, text};
use crate::domain::{Container, FieldSink, Key, Limits, Span, Value};
use index::Index;
use walk::Walk;

thread_local! {
    /// The index of the text that this thread read before, for its memory. A walk takes it, so that a text
    /// inside another has its own.
    static INDEX: Cell<Option<Box<Index>>> = const { Cell::new(None) };
}

/// What `read` says of a walk through `text`.
fn walk_with<'t>(
    text: &'t [u8],
    limits: &Limits,
    read: impl FnOnce(&mut Walk<'t>) -> Option<()>,
) -> Option<()> {
    let mut walk = Walk::new(text, limits, INDEX.take().unwrap_or_default());
    let said = read(&mut walk);
    INDEX.set(Some(walk.into_index()));
    said
}

/// One value, and nothing but whitespace around it.
pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let valid = scan::utf8_length(bytes);
    let text = bytes.get(..valid).unwrap_or_default();
    let read = match walk_with(text, limits, |walk| walk.document(sink)) {
        Some(()) => Ok(()),
        None => reader::document(text, limits, &mut Deaf),
    };
    scan::blame_utf8(read, valid, bytes.len())
}

/// One array-like container whose elements are the values of the sequence.
///
/// A sequence that starts with a record separator is split there (RFC 7464), any other at line feeds;
/// records of whitespace alone are skipped.
pub(super) fn walk_sequence<S: FieldSink>(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    let valid = scan::utf8_length(bytes);
    let text = bytes.get(..valid).unwrap_or_default();
    let read = if text.get(scan::byte_order_mark(text)) == Some(&reader::RECORD_SEPARATOR) {
        reader::sequence(text, limits, sink)
    } else {
        match walk_with(text, limits, |walk| walk.lines(sink)) {
            Some(()) => Ok(()),
            None => reader::sequence(text, limits, &mut Deaf),
        }
    };
    scan::blame_utf8(read, valid, bytes.len())
}

/// What stands behind `offset` in a sequence of lines, each as a text under the number it has in the sequence.
pub(super) fn walk_rest_of_sequence<S: FieldSink>(bytes: &[u8], offset: usize, sink: &mut S) {
    let (mut number, mut start) = (0u32, 0);
    sink.open(Key::Root, Container::Array, 0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        if !line.trim_ascii().is_empty() {
            if end > offset {
                let rest = Span::new(start.max(offset), end);
                text::walk_part(bytes, rest, rest, Key::Index(number), sink);
            }
            number = number.saturating_add(1);
        }
        start = end;
    }
    sink.close(bytes.len(), bytes.len());
}

/// A sink for a text that has been told as far as it goes.
struct Deaf;

impl FieldSink for Deaf {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}
    fn close(&mut self, _: usize, _: usize) {}
    fn scalar(&mut self, _: Key<'_>, _: Value<'_>) {}
}
