//! Tokens: values of the same form, made with FF1 and turned back by whoever holds the key.
//!
//! The characters of an [`Alphabet`] are encrypted as one string of numerals and put back where they
//! stood; separators stay. Check digits are as right, or as wrong, as they were, so that the way back is
//! unambiguous for every value. A leading zero stays one and none comes up, so that a JSON number stays
//! one (RFC 8259 §6). The category is in the tweak, with whatever characters are kept: one value has
//! different tokens in different categories.

#[cfg(test)]
mod tests;

use std::ops::Range;

use aes::Aes256;
use sha2::{Digest as _, Sha256};

use super::{
    check_digits,
    ff1::{DOMAIN_MIN, Direction, Ff1, NUMERALS_MAX, TWEAK_BYTES_MAX},
};
use crate::domain::{Alphabet, Checksum, Tokenise};

/// What tokens of one category are made of, and a mark of the category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub alphabet: Alphabet,
    pub checksum: Checksum,
    pub keep_first: u8,
    pub keep_last: u8,
    mark: [u8; MARK_BYTES],
}

const MARK_BYTES: usize = 8;

/// The value has no token: too short, too long, or not written in the alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "too short or too long for a token, or not written in the alphabet (`radix^length` is at least \
     1,000,000, and the length at most {NUMERALS_MAX})"
)]
pub struct NoToken;

impl Shape {
    /// What is usual for a category, by its dotted key.
    pub fn usual(category: &str) -> Self {
        let (alphabet, checksum) = match category.rsplit('.').next().unwrap_or_default() {
            "email" => (Alphabet::Email, Checksum::None),
            "imei" | "credit_card" => (Alphabet::Digits, Checksum::Luhn),
            "in_aadhaar" => (Alphabet::Digits, Checksum::Verhoeff),
            "iban" => (Alphabet::Digits, Checksum::Iban),
            _ => (Alphabet::Digits, Checksum::None),
        };
        let mut mark = [0; MARK_BYTES];
        let digest = Sha256::digest(category.as_bytes());
        mark.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self { alphabet, checksum, keep_first: 0, keep_last: 0, mark }
    }

    /// This shape, with what a rule says otherwise.
    #[must_use]
    pub fn with(self, wanted: &Tokenise) -> Self {
        Self {
            alphabet: wanted.alphabet.unwrap_or(self.alphabet),
            checksum: wanted.checksum.unwrap_or(self.checksum),
            keep_first: wanted.keep_first,
            keep_last: wanted.keep_last,
            mark: self.mark,
        }
    }

    /// Writes the token of `text`, or the text of a token, behind what `out` holds.
    pub(super) fn turn(
        &self,
        direction: Direction,
        cipher: &Ff1<Aes256>,
        text: &str,
        out: &mut String,
    ) -> Result<(), NoToken> {
        let (local, domain) = match self.alphabet {
            Alphabet::Email => text.split_at(text.rfind('@').ok_or(NoToken)?),
            Alphabet::Digits
            | Alphabet::Alphanumeric
            | Alphabet::AlphanumericUpper
            | Alphabet::AlphanumericLower => (text, ""),
        };
        let mut numerals = Numerals::read(local, self).ok_or(NoToken)?;
        let range = self.turned(numerals.all()).ok_or(NoToken)?;
        let (tweak, tweak_length) = self.tweak(numerals.all(), range.clone());
        let tweak = tweak.get(..tweak_length).ok_or(NoToken)?;
        let offset = check_digits::offset(self.checksum, local, numerals.all()).ok_or(NoToken)?;
        let has_lead = self.alphabet == Alphabet::Digits && range.start == 0;
        let turned = numerals.all_mut().get_mut(range).ok_or(NoToken)?;
        loop {
            cipher.apply(direction, self.alphabet.radix(), tweak, turned).map_err(|_| NoToken)?;
            // Strings without a leading zero are closed under going on until there is none again, on
            // the way there as on the way back; one time in ten there is another step.
            if !has_lead || turned.first() != Some(&0) {
                break;
            }
        }
        check_digits::restore(self.checksum, local, numerals.all_mut(), offset);
        numerals.write(local, self.alphabet, out);
        out.push_str(domain);
        Ok(())
    }

    /// Which numerals are turned; the others are kept, or check digits.
    fn turned(&self, numerals: &[u8]) -> Option<Range<usize>> {
        let (leading, trailing) = check_digits::places(self.checksum);
        let mut start = leading + usize::from(self.keep_first);
        if start == 0 && self.alphabet == Alphabet::Digits && numerals.first() == Some(&0) {
            start = 1;
        }
        let end = numerals.len().checked_sub(trailing + usize::from(self.keep_last))?;
        let length = u32::try_from(end.checked_sub(start)?).ok()?;
        let size = u128::from(self.alphabet.radix()).checked_pow(length);
        size.is_none_or(|size| size >= DOMAIN_MIN).then_some(start..end)
    }

    /// The category's mark and the numerals that are kept.
    fn tweak(&self, numerals: &[u8], turned: Range<usize>) -> ([u8; TWEAK_BYTES_MAX], usize) {
        let (leading, trailing) = check_digits::places(self.checksum);
        let first = numerals.get(leading..turned.start).unwrap_or_default();
        let last = numerals.get(turned.end..numerals.len() - trailing).unwrap_or_default();
        let mut tweak = [0; TWEAK_BYTES_MAX];
        let parts = self.mark.iter().chain(first).chain(last);
        tweak.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        (tweak, MARK_BYTES + first.len() + last.len())
    }
}

/// The characters of a text that are in the alphabet, as numbers, in their order.
struct Numerals {
    numerals: [u8; NUMERALS_MAX],
    length: usize,
}

impl Numerals {
    /// `None` when there are too many, or a letter or digit is of another alphabet: what a token does
    /// not hide must not be there.
    fn read(text: &str, shape: &Shape) -> Option<Self> {
        let mut read = Self { numerals: [0; NUMERALS_MAX], length: 0 };
        for character in text.chars() {
            match numeral(character, shape.alphabet) {
                Some(numeral) => {
                    *read.numerals.get_mut(read.length)? = numeral;
                    read.length += 1;
                }
                // The country and the bank of an account tell of nobody.
                None if shape.checksum == Checksum::Iban && character.is_ascii_alphabetic() => {}
                None if character.is_alphanumeric() => return None,
                None => {}
            }
        }
        Some(read)
    }

    fn all(&self) -> &[u8] {
        self.numerals.get(..self.length).unwrap_or_default()
    }

    fn all_mut(&mut self) -> &mut [u8] {
        self.numerals.get_mut(..self.length).unwrap_or_default()
    }

    fn write(&self, text: &str, alphabet: Alphabet, out: &mut String) {
        let mut next = self.all().iter();
        for character in text.chars() {
            let is_ours = numeral(character, alphabet).is_some();
            let turned = if is_ours { next.next() } else { None };
            out.push(turned.map_or(character, |numeral| character_of(*numeral, alphabet)));
        }
    }
}

fn numeral(character: char, alphabet: Alphabet) -> Option<u8> {
    let byte = u8::try_from(character).ok()?;
    match (byte, alphabet) {
        (b'0'..=b'9', _) => Some(byte - b'0'),
        (b'A'..=b'Z', Alphabet::Alphanumeric | Alphabet::Email | Alphabet::AlphanumericUpper) => {
            Some(byte - b'A' + 10)
        }
        (b'a'..=b'z', Alphabet::Alphanumeric | Alphabet::Email) => Some(byte - b'a' + 36),
        (b'a'..=b'z', Alphabet::AlphanumericLower) => Some(byte - b'a' + 10),
        _ => None,
    }
}

fn character_of(numeral: u8, alphabet: Alphabet) -> char {
    let is_lower = alphabet == Alphabet::AlphanumericLower;
    char::from(match numeral {
        0..=9 => b'0' + numeral,
        10..=35 if is_lower => b'a' + (numeral - 10),
        10..=35 => b'A' + (numeral - 10),
        _ => b'a' + (numeral - 36),
    })
}
