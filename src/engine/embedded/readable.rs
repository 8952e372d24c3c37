//! What bytes begin like: a text in one encoding or another, or a kind of file.

use crate::format;

/// UTF-16 behind its mark (Unicode §23.8), or without one in little-endian, as Windows has it.
pub(super) fn is_wide_text(start: &[u8]) -> bool {
    match start {
        [0xFF, 0xFE, rest @ ..] => are_narrow(rest, 1),
        [0xFE, 0xFF, rest @ ..] => are_narrow(rest, 0),
        _ => is_unmarked_wide_text(start),
    }
}

fn is_unmarked_wide_text(start: &[u8]) -> bool {
    start.len() >= 8 && are_narrow(start, 1)
}

/// Whether the first few units of two bytes are of ASCII; `zero` is the place of the byte that is none.
fn are_narrow(start: &[u8], zero: usize) -> bool {
    let (units, _) = start.as_chunks::<2>();
    let is_printed = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    units
        .iter()
        .take(4)
        .all(|unit| unit.get(zero) == Some(&0) && unit.get(1 - zero).is_some_and(is_printed))
}

/// What the bytes have to be told to be, since nothing else says it.
pub(super) fn declared_type(opened: &[u8]) -> Option<&'static str> {
    let is_wide = is_unmarked_wide_text(opened);
    binary_type(opened).or_else(|| is_wide.then_some("text/plain; charset=utf-16le"))
}

/// Text up to where it was cut.
pub(super) fn is_text_start(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => start
            .get(..error.valid_up_to())
            .and_then(|start| std::str::from_utf8(start).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    is_text(text)
}

pub(super) fn is_text(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| matches!(letter, '\t' | '\n' | '\r') || !letter.is_control())
}

/// Something to look at: text, or a kind of file.
pub(super) fn is_readable(opened: &[u8]) -> bool {
    is_known_binary(opened)
        || std::str::from_utf8(opened).is_ok_and(is_text)
        || is_wide_text(opened)
        || names_its_encoding(opened)
}

/// XML says itself what it is encoded in (XML 1.0 §4.3.3).
fn names_its_encoding(opened: &[u8]) -> bool {
    opened.starts_with(b"<?xml") && format::charset(None, opened).is_ok_and(|it| it.is_some())
}

/// The same as far as the beginning tells.
pub(super) fn begins_a_binary(start: &[u8]) -> bool {
    is_known_binary(start) || format::may_be_zlib(start)
}

fn is_known_binary(start: &[u8]) -> bool {
    binary_type(start).is_some()
        || format::sniff_encoding(start).is_some()
        || format::is_picture(start)
}

/// Files that we do not read and must not pass over.
fn binary_type(start: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 21] = [
        (b"%PDF-", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "application/x-ole-storage"),
        (b"BZh9", "application/x-bzip2"),
        (b"\xFD7zXZ\0", "application/x-xz"),
        (b"\x04\x22\x4D\x18", "application/x-lz4"),
        (b"Rar!\x1A\x07", "application/vnd.rar"),
        (b"SQLite format 3\0", "application/vnd.sqlite3"),
        (b"PAR1", "application/vnd.apache.parquet"),
        (b"Obj\x01", "application/avro"),
        (b"\xAC\xED\x00\x05", "application/x-java-serialized-object"),
        (b"\x80\x04\x95", "application/x-python-pickle"),
        (b"\x80\x05\x95", "application/x-python-pickle"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"OggS\0", "audio/ogg"),
        (b"fLaC\0", "audio/flac"),
        (b"ID3\x03\0", "audio/mpeg"),
        (b"ID3\x04\0", "audio/mpeg"),
        (b"\x1A\x45\xDF\xA3", "video/webm"),
    ];
    let by_mark = || known.iter().find(|(mark, _)| start.starts_with(mark)).map(|(_, name)| *name);
    match start {
        // The length of the file, and nothing.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some("image/bmp"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some("audio/wav"),
        [0, 0, 0, _, b'f', b't', b'y', b'p', ..] if !format::is_picture(start) => Some("video/mp4"),
        _ => by_mark(),
    }
}
