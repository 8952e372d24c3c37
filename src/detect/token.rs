//! A candidate value with its separators taken out, and the way they stood.

use crate::domain::Span;

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
    /// Where the candidate stands in the text it was taken from.
    pub(super) span: Span,
}

impl Token {
    /// Longest candidate; the longest identifier we know has 34 characters (IBAN).
    pub(super) const CAPACITY: usize = 40;
    const GROUPS: usize = 16;

    /// Reads the whole of `text`; `None` when it holds anything but letters, digits and separators,
    /// or is too long, or separators stand together in a way no number is written in.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut token = Self::empty(0);
        for (at, byte) in text.bytes().enumerate() {
            token.push(byte)?;
            token.span.end = u32::try_from(at + 1).ok()?;
        }
        token.finish()
    }

    pub(super) fn empty(start: usize) -> Self {
        Self {
            compact: [0; Self::CAPACITY],
            length: 0,
            groups: [0; Self::GROUPS],
            separators: [0; Self::GROUPS],
            group_count: 0,
            letters: 0,
            span: Span::new(start, start),
        }
    }

    /// Takes one more byte; `None` when the candidate ends before it.
    fn push(&mut self, byte: u8) -> Option<()> {
        if byte.is_ascii_alphanumeric() {
            *self.compact.get_mut(usize::from(self.length))? = byte.to_ascii_uppercase();
            self.length += 1;
            self.letters += u8::from(byte.is_ascii_alphabetic());
            if self.group_count == 0 {
                self.group_count = 1;
            }
            *self.groups.get_mut(usize::from(self.group_count - 1))? += 1;
            return Some(());
        }
        if !is_separator(byte) || (self.length == 0 && byte != b'(') {
            return None;
        }
        if self.length == 0 {
            return Some(());
        }
        let last = usize::from(self.group_count - 1);
        if *self.groups.get(last)? == 0 {
            // A second separator: `) ` and ` (` are how people write, two dashes are not.
            let previous = *self.separators.get(last)?;
            return matches!((previous, byte), (b')', b' ' | b'-') | (b' ' | b'-', b'('))
                .then_some(());
        }
        if self.length < Self::CAPACITY as u8 && usize::from(self.group_count) < Self::GROUPS {
            self.group_count += 1;
            *self.separators.get_mut(usize::from(self.group_count - 1))? = byte;
            return Some(());
        }
        None
    }

    fn finish(mut self) -> Option<Self> {
        if self.group_count > 0 && self.groups.get(usize::from(self.group_count - 1)) == Some(&0) {
            self.group_count -= 1;
        }
        (self.length > 0).then_some(self)
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
