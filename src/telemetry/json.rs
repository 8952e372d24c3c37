//! Texts as JSON, for lines that are written by hand.

/// Appends `text` as a string of JSON (RFC 8259 §7).
pub fn json_text(out: &mut Vec<u8>, text: &str) {
    if needs_escape(text) {
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(out, text);
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// RFC 8259 §7.
pub(super) fn needs_escape(text: &str) -> bool {
    // Without a branch a byte, so that many are looked at at once.
    text.bytes().fold(false, |any, byte| any | (byte < 0x20) | (byte == b'"') | (byte == b'\\'))
}
