//! Messages in base64 and in hexadecimal digits that nobody reads and that must not be passed over: those of Protocol
//! Buffers, MessagePack, CBOR and their kin.
//!
//! They have their texts as they are. A mailbox is in no key, hash or picture; and of other texts each has its length
//! before it, which random bytes have for a few letters at most.

use super::wrapped::{BASE64_BYTES_MIN, twelve_bytes};
use crate::format;

/// What is asked of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Mailbox,
    /// Or texts with their lengths.
    Texts,
}

/// Whether what `symbols` of base64 stand for, perhaps in lines, is such a message.
pub(super) fn is_in_base64(symbols: &[u8], asked: Asked) -> bool {
    const SYMBOLS_MIN: usize = 24;
    /// Shorter lines are words.
    const LINE_BYTES_MIN: usize = 60;
    let mut lines =
        symbols.split(u8::is_ascii_whitespace).filter(|line| !line.is_empty()).peekable();
    let first = lines.peek().map_or(0, |line| line.len());
    if symbols.len() < SYMBOLS_MIN || (first < symbols.len() && first < LINE_BYTES_MIN) {
        return false;
    }
    let mut search = Search::new(asked);
    for line in lines {
        let padding = line.iter().rev().take_while(|symbol| **symbol == b'=').count();
        let line = line.get(..line.len() - padding).unwrap_or_default();
        let (groups, rest) = line.as_chunks::<BASE64_BYTES_MIN>();
        for group in groups {
            let Some(bytes) = twelve_bytes(group) else { return false };
            if search.goes_on(&bytes) {
                return true;
            }
        }
        let mut last = [b'A'; BASE64_BYTES_MIN];
        if let Some(start) = last.get_mut(..rest.len()) {
            start.copy_from_slice(rest);
        }
        let Some(bytes) = twelve_bytes(&last) else { return false };
        if search.goes_on(bytes.get(..rest.len() * 3 / 4).unwrap_or_default()) {
            return true;
        }
    }
    search.look()
}

/// Whether bytes that begin like a text are one.
pub(super) fn is_one(bytes: &[u8], asked: Asked) -> bool {
    asked == Asked::Texts && has_texts(bytes.get(..WINDOW).unwrap_or(bytes))
}

/// The same of hexadecimal digits.
pub(super) fn is_in_hexadecimal(digits: &[u8], asked: Asked) -> bool {
    /// Those of most digests and identifiers are fewer.
    const DIGITS_MIN: usize = 48;
    if digits.len() < DIGITS_MIN {
        return false;
    }
    let mut search = Search::new(asked);
    for digits in digits.as_chunks::<2>().0 {
        let Some(byte) = format::hex_byte(digits) else { return false };
        if search.goes_on(&[byte]) {
            return true;
        }
    }
    search.look()
}

const WINDOW: usize = 768;
/// A mailbox that begins in one window ends in the next.
const OVERLAP: usize = 96;

/// What was opened last.
struct Search {
    window: [u8; WINDOW + OVERLAP],
    filled: usize,
    asked: Asked,
}

impl Search {
    fn new(asked: Asked) -> Self {
        Self { window: [0; WINDOW + OVERLAP], filled: 0, asked }
    }

    /// Takes what comes next; true once something has been found.
    fn goes_on(&mut self, bytes: &[u8]) -> bool {
        if self.filled + bytes.len() > self.window.len() {
            if self.look() {
                return true;
            }
            self.window.copy_within(self.filled - OVERLAP..self.filled, 0);
            self.filled = OVERLAP;
        }
        if let Some(place) = self.window.get_mut(self.filled..self.filled + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.filled += bytes.len();
        false
    }

    /// Texts are asked for at the beginning alone: in more bytes more is found by chance.
    fn look(&mut self) -> bool {
        let asked = std::mem::replace(&mut self.asked, Asked::Mailbox);
        let window = self.window.get(..self.filled).unwrap_or_default();
        has_mailbox(window) || (asked == Asked::Texts && has_texts(window))
    }
}

pub(super) fn has_mailbox(bytes: &[u8]) -> bool {
    const LOCAL_MIN: usize = 3;
    const TOP_LEVEL_MIN: usize = 2;
    memchr::memchr_iter(b'@', bytes).any(|at| {
        let (before, behind) = (bytes.get(..at), bytes.get(at + 1..));
        let is_of_it = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._+-".contains(byte);
        let local = before.unwrap_or_default().iter().rev().take_while(is_of_it).count();
        let host = behind.unwrap_or_default();
        let host = host.get(..host.iter().take_while(is_of_it).count()).unwrap_or_default();
        let top_level = memchr::memrchr(b'.', host).filter(|dot| *dot > 0);
        let letters = top_level.map_or(0, |dot| {
            let rest = host.get(dot + 1..).unwrap_or_default();
            rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count()
        });
        local >= LOCAL_MIN && letters >= TOP_LEVEL_MIN
    })
}

/// Whether bytes are a message with texts in it. Of a million random keys of two thousand bits about one is.
fn has_texts(bytes: &[u8]) -> bool {
    /// A message's tag and a length, of which random bytes have fewer.
    const TAGGED_MIN: usize = 12;
    const COUNTED_MIN: usize = 20;
    match bytes {
        // Certificates and signatures (X.690 §8.9), session tokens of AWS, and what makes an authenticator known (WebAuthn
        // §6.5.4).
        [0x30, 0x81..=0x83, ..] | [b'!', b'\n', b'\t', b'o', b'r', b'i', b'g', b'i', b'n', ..] => {
            false
        }
        [0xA3, b'c', b'f', b'm', b't', ..] => false,
        [0x80..=0xBF | 0xDC..=0xDF, ..] => {
            length_of_texts(bytes, of_messagepack) >= COUNTED_MIN
                || length_of_texts(bytes, of_cbor) >= COUNTED_MIN
                || length_of_texts(bytes, of_protobuf) >= TAGGED_MIN
        }
        _ => length_of_texts(bytes, of_protobuf) >= TAGGED_MIN,
    }
}

/// How long the texts are together that stand behind their lengths. `head` reads one: how many bytes it has itself, and
/// how many the text.
fn length_of_texts(bytes: &[u8], head: fn(&[u8]) -> Option<(usize, u8)>) -> usize {
    const TEXT_BYTES_MIN: u8 = 4;
    let (mut at, mut together) = (0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        at += 1;
        let Some((own, length)) = head(rest).filter(|(_, length)| *length >= TEXT_BYTES_MIN) else {
            continue;
        };
        let length = usize::from(length);
        if rest.get(own..own + length).is_some_and(is_text) {
            together += length;
            at += own + length - 1;
        }
    }
    together
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control))
}

/// A field of one of the first fifteen numbers that has a length.
fn of_protobuf(bytes: &[u8]) -> Option<(usize, u8)> {
    const WITH_LENGTH: u8 = 2;
    match bytes {
        [tag @ 0x08..=0x7F, length @ 0..=0x7F, ..] if tag & 7 == WITH_LENGTH => Some((2, *length)),
        _ => None,
    }
}

fn of_messagepack(bytes: &[u8]) -> Option<(usize, u8)> {
    match bytes {
        [head @ 0xA0..=0xBF, ..] => Some((1, head & 0x1F)),
        [0xD9, length, ..] => Some((2, *length)),
        _ => None,
    }
}

/// RFC 8949 §3.1.
fn of_cbor(bytes: &[u8]) -> Option<(usize, u8)> {
    match bytes {
        [head @ 0x60..=0x77, ..] => Some((1, head & 0x1F)),
        [0x78, length, ..] => Some((2, *length)),
        _ => None,
    }
}
