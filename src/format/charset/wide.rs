//! Whether bytes that are declared as text of two or four bytes a letter are that. Nearly any bytes can be read so: ASCII
//! taken by twos is Chinese, and so are an archive and text of a mainframe.

use crate::domain::Charset;

/// So many bytes of ASCII in a row are ASCII: letters of two bytes that look like it by chance are fewer.
const ASCII_RUN_MAX: usize = 24;

/// Whether `bytes` without a mark are another text, or none, rather than one in this `charset`. Never of those that
/// extend ASCII.
pub(super) fn is_another_text(charset: Charset, bytes: &[u8]) -> bool {
    let unit: fn([u8; 2]) -> u16 = match charset {
        Charset::UTF_16_LE => u16::from_le_bytes,
        Charset::UTF_16_BE => u16::from_be_bytes,
        Charset::UTF_32_LE | Charset::UTF_32_BE => return is_utf_8(bytes),
        Charset(_) => return false,
    };
    is_utf_8(bytes) || has_ascii(bytes) || is_no_text(bytes, unit)
}

/// Of letters in two bytes, those that are UTF-8 as well have a byte each, or nearly so, that a text in that has few of.
fn is_utf_8(bytes: &[u8]) -> bool {
    let low = bytes.iter().filter(|byte| **byte < b' ').count();
    let has_control = || bytes.iter().any(|byte| is_of_none(u16::from(*byte)));
    (4 * low < bytes.len() || !has_control()) && std::str::from_utf8(bytes).is_ok()
}

/// Whether most of it is ASCII, or a long piece.
fn has_ascii(bytes: &[u8]) -> bool {
    let is_printed = |byte: &u8| matches!(byte, b' '..=b'~');
    let (units, _) = bytes.as_chunks::<2>();
    let pairs = units.iter().filter(|unit| unit.iter().all(is_printed)).count();
    2 * pairs > units.len()
        || bytes.split(|byte| !is_printed(byte)).any(|run| run.len() > ASCII_RUN_MAX)
}

/// Whether there is a character that no text has, or none of those that every text has some of: spaces, line ends,
/// digits and letters of small alphabets, and the signs of Chinese and Japanese.
fn is_no_text(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let (units, _) = bytes.as_chunks::<2>();
    let is_of_any = |letter: u16| matches!(letter, 9..=0x7FF | 0x3000..=0x30FF | 0xFF00..=0xFFEF);
    units.iter().any(|pair| is_of_none(unit(*pair)))
        || !units.iter().any(|pair| is_of_any(unit(*pair)))
}

/// A control character, one of private use, or none at all.
fn is_of_none(letter: u16) -> bool {
    matches!(letter, 0..=8 | 0x0E..=0x1A | 0x1C..=0x1F | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFFFE..)
}
