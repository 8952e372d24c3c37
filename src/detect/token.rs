//! A candidate value with its separators taken out, and the way they stood.

use crate::domain::by_byte;

/// Letters and digits of a candidate, upper case, and the groups they stood in. Fixed size, so that
/// making one costs no allocation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    compact: [u8; Self::CAPACITY],
    length: u8,
    groups: [u8; Self::GROUPS],
    separators: [u8; Self::GROUPS],
    group_count: u8,
    letters: u8,
}

impl Token {
    /// Longest candidate; the longest identifier we know has 34 characters (IBAN).
    pub(super) const CAPACITY: usize = 40;
    const GROUPS: usize = 16;

    /// Reads the whole of `text`; `None` when it holds anything but letters, digits and separators,
    /// or is too long, or separators stand together in a way no number is written in.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut token = Self::empty();
        // Where the present group begins in `compact`.
        let mut group_start = 0;
        for byte in text.bytes() {
            let kind = KINDS.of(byte);
            if kind & (DIGIT | LETTER) != 0 {
                *token.compact.get_mut(usize::from(token.length))? = byte & !(kind & CASE);
                token.length += 1;
                token.letters += u8::from(kind & LETTER != 0);
            } else {
                token.separate(byte, &mut group_start)?;
            }
        }
        token.end_group(group_start);
        (token.length > 0).then_some(token)
    }

    fn empty() -> Self {
        Self {
            compact: [0; Self::CAPACITY],
            length: 0,
            groups: [0; Self::GROUPS],
            separators: [0; Self::GROUPS],
            group_count: 0,
            letters: 0,
        }
    }

    /// Takes what is no letter or digit; `None` when no number is written so.
    fn separate(&mut self, byte: u8, group_start: &mut u8) -> Option<()> {
        if !is_separator(byte) || (self.length == 0 && byte != b'(') {
            return None;
        }
        if self.length == 0 {
            return Some(());
        }
        if self.length == *group_start {
            // A second separator: `) ` and ` (` are how people write, two dashes are not.
            let previous = *self.separators.get(usize::from(self.group_count))?;
            return matches!((previous, byte), (b')', b' ' | b'-') | (b' ' | b'-', b'('))
                .then_some(());
        }
        if usize::from(self.length) >= Self::CAPACITY {
            return None;
        }
        self.end_group(*group_start);
        *self.separators.get_mut(usize::from(self.group_count))? = byte;
        *group_start = self.length;
        Some(())
    }

    /// The letters and digits from `start` on are a group, if there are any.
    fn end_group(&mut self, start: u8) {
        if self.length > start
            && let Some(group) = self.groups.get_mut(usize::from(self.group_count))
        {
            *group = self.length - start;
            self.group_count += 1;
        }
    }

    /// Upper-case letters and digits.
    pub(super) fn compact(&self) -> &[u8] {
        self.compact.get(..usize::from(self.length)).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.length)
    }

    pub(super) fn is_digits(&self) -> bool {
        self.letters == 0
    }

    /// The digits as numbers, when there are exactly `N` and nothing else.
    pub(super) fn digits<const N: usize>(&self) -> Option<[u8; N]> {
        if !self.is_digits() {
            return None;
        }
        let mut digits: [u8; N] = self.compact().try_into().ok()?;
        for digit in &mut digits {
            *digit -= b'0';
        }
        Some(digits)
    }

    /// Written in one piece.
    pub(super) fn is_plain(&self) -> bool {
        self.group_count <= 1
    }

    /// Written in groups of these lengths with `separator` between all of them.
    pub(super) fn is_grouped(&self, separator: u8, lengths: &[u8]) -> bool {
        self.groups.get(..usize::from(self.group_count)) == Some(lengths)
            && self
                .separators
                .get(1..usize::from(self.group_count))
                .is_some_and(|found| found.iter().all(|byte| *byte == separator))
    }

    /// Written in groups of these lengths with these separators between them.
    pub(super) fn is_written(&self, lengths: &[u8], separators: &[u8]) -> bool {
        self.groups.get(..usize::from(self.group_count)) == Some(lengths)
            && self.separators.get(1..usize::from(self.group_count)) == Some(separators)
    }
}

const DIGIT: u8 = 1;
const LETTER: u8 = 2;
/// What a small letter has more than a capital.
const CASE: u8 = 0x20;

by_byte! {
    /// What a byte is to a token; small letters with `CASE`.
    static KINDS: u8 = |byte| match byte {
        b'0'..=b'9' => DIGIT,
        b'A'..=b'Z' => LETTER,
        b'a'..=b'z' => LETTER | CASE,
        _ => 0,
    }
}

/// Without white space around it, of which nearly no text has any.
pub(super) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// What people put between the groups of a number.
pub(super) fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_taken_out_and_remembered() {
        let token = Token::read("42201-1234567-1").unwrap();
        assert_eq!(token.compact(), b"4220112345671");
        assert!(token.is_grouped(b'-', &[5, 7, 1]));
        assert!(!token.is_grouped(b' ', &[5, 7, 1]));
        assert_eq!(Token::read("A123456(7)").unwrap().compact(), b"A1234567");
        assert!(Token::read("529.982.247-25").unwrap().is_written(&[3, 3, 3, 2], b"..-"));
    }

    #[test]
    fn what_no_number_looks_like_is_refused() {
        for text in
            ["", "-1", "1--2", "1,2", "1_2", "é1", "1234567890123456789012345678901234567890123"]
        {
            assert!(Token::read(text).is_none(), "{text}");
        }
    }
}
