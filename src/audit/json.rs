//! Texts as JSON, for lines that are written by hand.

use crate::domain::by_blocks;

/// Appends `text` as a string of JSON (RFC 8259 §7).
pub(crate) fn json_text(out: &mut Vec<u8>, text: &str) {
    if needs_escape(text) {
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(out, text);
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Appends `text` as a part of a string.
pub(crate) fn json_part(out: &mut Vec<u8>, text: &str) {
    if needs_escape(text) {
        let whole = serde_json::to_string(text).unwrap_or_default();
        let inside = whole.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        out.extend_from_slice(inside.unwrap_or_default().as_bytes());
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// RFC 8259 §7.
pub(super) fn needs_escape(text: &str) -> bool {
    // Without a branch a byte, so that all of a block are looked at at once.
    let is_escaped = |byte: u8| u8::from((byte < 0x20) | (byte == b'"') | (byte == b'\\'));
    let any_of = |block: &[u8; 16]| block.map(is_escaped).iter().fold(0, |any, is| any | is);
    by_blocks(text.as_bytes(), b' ', any_of) != 0
}
