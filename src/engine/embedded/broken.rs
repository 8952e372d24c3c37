//! Text with bytes among it that are none: in an encoding that nothing names, ended by a zero, or coloured for a
//! terminal.
//!
//! A hash, a key or a message of Protocol Buffers may begin like a text as well, so that all of it is asked. Small
//! letters, digits and spaces are a fifth of random bytes and nearly all of a text, of whose other bytes hardly any
//! control anything.

use crate::domain::by_byte;

/// A random byte takes off a little on average. Of ten million random keys of any length about one begins like a text
/// and comes to so much; a number of fifteen characters does as well.
const SCORE_MIN: i64 = 20;
/// The same where already the beginning has letters of another encoding, as more keys have.
const SCORE_MIN_OTHERWISE: i64 = 34;
/// Of the beginning of such a text, seven letters or digits.
const BEGINNING_MIN: i64 = 14;

by_byte! {
    static WEIGHTS: i64 = |byte| match byte {
        b' ' => 4,
        b'a'..=b'z' | b'0'..=b'9' => 2,
        b'\t' | b'\n' | b'\r' => 0,
        ..b' ' | 0x7F => -5,
        // Capitals and signs are as common in either, and letters of other encodings are any of the rest.
        _ => 0,
    }
}

/// Whether bytes begin as a text does in an encoding in which not all letters are those of ASCII, or on a terminal.
pub(super) fn begins(start: &[u8]) -> bool {
    let mut score = 0;
    for (at, byte) in start.iter().enumerate() {
        let weight = WEIGHTS.of(*byte);
        if weight < 0 && !is_terminals(start.get(at..at + 2).unwrap_or(&[*byte])) {
            return false;
        }
        score += weight.max(0);
    }
    score >= BEGINNING_MIN
}

/// Colours and places on a terminal (ECMA-48 §5.4), as far as they go.
fn is_terminals(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1B] | [0x1B, b'['])
}

/// Whether bytes are a text for the most part; `begins_as_text` says that nothing else is at their beginning.
pub(super) fn is_text_mostly(bytes: &[u8], begins_as_text: bool) -> bool {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let bytes = bytes.get(..end).unwrap_or_default();
    let (mut score, mut controls) = (0, 0);
    let mut word = Word::default();
    for (at, byte) in bytes.iter().enumerate() {
        let weight = WEIGHTS.of(*byte);
        if weight < 0 && !is_terminals(bytes.get(at..at + 2).unwrap_or(&[*byte])) {
            controls += 1;
            score += weight;
        } else {
            score += weight.max(0);
        }
        word.next(*byte);
    }
    if !begins_as_text {
        return controls == 0 && score >= SCORE_MIN_OTHERWISE;
    }
    // Identifiers between the lengths and numbers of a message have digits, and hexadecimal ones.
    score >= SCORE_MIN && (controls <= 1 || word.was_seen)
}

/// Three letters in a row, of which one is no hexadecimal digit.
#[derive(Default)]
struct Word {
    letters: u32,
    is_hexadecimal: bool,
    was_seen: bool,
}

impl Word {
    fn next(&mut self, byte: u8) {
        if !byte.is_ascii_alphabetic() {
            self.letters = 0;
            return;
        }
        self.is_hexadecimal =
            byte.is_ascii_hexdigit() && (self.letters == 0 || self.is_hexadecimal);
        self.letters += 1;
        self.was_seen |= self.letters >= 3 && !self.is_hexadecimal;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_from_what_begins_like_one() {
        for text in [
            &b"Dear sir, my CNIC is 35202-1234567-1, Gr\xFC\xDFe"[..],
            b"{\"name\":\"Jos\xE9\",\"cnic\":\"35202-1234567-1\"}",
            b"35202-1234567-1\0",
            b"35202-1234567-1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\x1B[1mcall\x1B[0m \x1B[32m+923001234567\x1B[0m",
            // Of Shift_JIS and of GBK.
            b"name,tel\n\x8ER\x93c\x91\xBE\x98Y,090-1234-5678\n",
            b"name,tel\n\xD5\xC5\xC8\xFD,13800138000\n\xC0\xEE\xCB\xC4,13900139000\n",
            b"USER=sana\0HOME=/home/sana\0SHELL=/bin/bash\0LANG=ur_PK\0",
        ] {
            assert!(is_text_mostly(text, true), "{}", String::from_utf8_lossy(text));
        }
        for binary in [
            &b""[..],
            b"\0\0\0\0",
            b"Salted__Zk\x9C\x01\xF2\x8D\x11\xE0\x07\xBB\x93\x4C\x1D\xAA\xEE\x05",
            // Twelve bytes that print, and more of a hash.
            b"K8x(Qp!ZvT&w\x1F\xE2\x90\x03\xB7\xC8\x44\x0E\xD9\xFA\x12\x88\x6B\xA1\x9D\x07\xF3\xC0",
            // A message of an identifier and a number or two.
            b"\n$6f9619ff-8b86-d011-b42d-00c04fc964ff\x10\x96\x01\x18\x05",
        ] {
            assert!(!is_text_mostly(binary, true), "{}", String::from_utf8_lossy(binary));
        }
    }

    #[test]
    fn a_text_may_begin_with_letters_of_another_encoding() {
        for (text, is_one) in [
            (&b"name,tel\n\xD5\xC5\xC8\xFD,13800138000\n"[..], true),
            (b"Stra\xDFe;Name;Ort\nHauptstr. 5;J\xFCrgen;K\xF6ln", true),
            (b"a7f3kq9\xE2\x90\xB7\xC8\xD9\xFA\x88\xA1\x9D\xF3\xC0", false),
            (b"a7f3kq9\xE2\x90\xB7\xC8\xD9 23456789 23456789 \x02", false),
        ] {
            let start = text.get(..12).unwrap();
            assert!(begins(start), "{}", String::from_utf8_lossy(text));
            assert_eq!(is_text_mostly(text, false), is_one, "{}", String::from_utf8_lossy(text));
        }
        assert!(!begins(b"\x8E\xB7\xC8k9\xE2\x90q\xFA\x88\xA1z"));
        assert!(!begins(b"name,tel,\x01ab"));
    }

    /// Keys of every usual length that print for twelve bytes, as one of a hundred thousand does, and that begin as
    /// one of five thousand does.
    #[test]
    fn random_bytes_that_begin_like_a_text_are_hardly_ever_one() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            u8::try_from(state >> 32 & 0xFF).unwrap()
        };
        let mut count = |length: usize, begins_as_text: bool, keys: usize| {
            let mut taken = 0;
            for _ in 0..keys {
                let mut key: Vec<u8> = (0..length).map(|_| random()).collect();
                let head = key.get_mut(..12).unwrap();
                if begins_as_text {
                    head.iter_mut().for_each(|byte| *byte = b' ' + *byte % 95);
                }
                while !begins_as_text && !begins(head) {
                    head.iter_mut().for_each(|byte| *byte = random());
                }
                taken += usize::from(is_text_mostly(&key, begins_as_text));
            }
            taken
        };
        for length in [16, 20, 32, 48, 64, 256, 1024] {
            let taken = count(length, true, 1000);
            assert!(taken <= 60, "{taken} of {length} bytes");
            let taken = count(length, false, 100);
            assert!(taken <= 2, "{taken} of {length} bytes that begin otherwise");
        }
    }
}
