//! Objects of JSON among other words: `request failed: {"user":{…}}`, and lines of a log that end in one.

use memchr::{memchr, memchr3};

use super::{Inner, Look, reads};
use crate::domain::{Encoding, Format, GapCause, Span};

/// How often a text may be read in vain, as a whole: what begins like an object may not end. One that was cut off is
/// given up where the next line begins, so that only objects in each other cost more than their length.
const READ_IN_VAIN_MAX: usize = 8;

/// Adds the objects in a text that is no document as a whole, and what was not looked for any more.
pub(super) fn find(bytes: &[u8], look: &mut Look<'_>) {
    let (mut at, mut in_vain) = (0, 0);
    while let Some(length) = memchr(b'{', bytes.get(at..).unwrap_or_default()) {
        let start = at + length;
        let rest = bytes.get(start..).unwrap_or_default();
        at = start + 1;
        if !begins_with_a_name(rest) {
            continue;
        }
        if in_vain > READ_IN_VAIN_MAX * bytes.len() {
            look.add(Inner::unread(Span::new(start, start), GapCause::TooManyLayers));
            return;
        }
        let (length, is_whole) = object(rest, look.limits.depth_max);
        let object = rest.get(..length).unwrap_or_default();
        if is_whole && reads(Format::Json, object, look.limits) {
            at = start + length;
            look.add(Inner::known(Span::new(start, at), Encoding::Identity, Format::Json));
        } else {
            in_vain += length;
        }
    }
}

/// As an object that has a member does.
fn begins_with_a_name(object: &[u8]) -> bool {
    let inside = object.get(1..).unwrap_or_default();
    let mut inside = inside.iter().skip_while(|byte| byte.is_ascii_whitespace());
    inside.next() == Some(&b'"')
}

/// How long the object is that `bytes` begin with, or how much of them shows that it is none: a sign that has no place
/// outside a string, or two values with nothing between them.
fn object(bytes: &[u8], depth_max: usize) -> (usize, bool) {
    let (mut depth, mut at) = (0usize, 0);
    let mut last = Last::Sign;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' if last == Last::Word => last = Last::Value,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b',' | b':' => last = Last::Sign,
            b'}' | b']' if depth == 1 => return (at, true),
            b'}' | b']' => {
                depth -= 1;
                last = Last::Value;
            }
            b'{' | b'[' if last == Last::Sign && depth <= depth_max => depth += 1,
            b'"' if last == Last::Sign => {
                let (end, is_whole) = string(bytes, at);
                at = end;
                if !is_whole {
                    break;
                }
                last = Last::Value;
            }
            byte if last != Last::Value && is_of_a_word(*byte) => last = Last::Word,
            _ => break,
        }
    }
    (at, false)
}

/// What stands before a byte of an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// What a value may follow.
    Sign,
    /// A number or word that may go on.
    Word,
    Value,
}

/// Numbers, `true`, `false` and `null`.
fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_digit() || b"+-.eEtrufalsn".contains(&byte)
}

/// Where the string ends whose text begins at `start`, or where it cannot go on: at the end of a line.
fn string(bytes: &[u8], start: usize) -> (usize, bool) {
    let mut at = start;
    while let Some(length) = memchr3(b'"', b'\\', b'\n', bytes.get(at..).unwrap_or_default()) {
        at += length;
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            other => return (at + 1, other == Some(&b'"')),
        }
    }
    (bytes.len(), false)
}
