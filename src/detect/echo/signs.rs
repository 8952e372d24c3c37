//! What a value is written with, and whether that tells somebody apart.

use super::{Form, is_unspaced};
use crate::{
    detect::check::person::{is_han, is_mark},
    domain::by_byte,
};

/// What a text is written with.
#[derive(Default)]
pub(super) struct Signs {
    pub(super) count: usize,
    letters: usize,
    pub(super) digits: usize,
    /// Bits of [`CLASSES`].
    classes: u8,
    is_unspaced: bool,
}

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const BLANK: u8 = 4;
/// `.` and `-`, which divide names and numbers alike.
const OF_BOTH: u8 = 8;
const OF_NAMES: u8 = 16;
const OF_NUMBERS: u8 = 32;
const OF_IDS: u8 = 64;
const OTHER: u8 = 128;

by_byte! {
    static CLASSES: u8 = |byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' => LETTER,
        b'0'..=b'9' => DIGIT,
        b' ' => BLANK,
        b'.' | b'-' => OF_BOTH,
        b'\'' | b',' => OF_NAMES,
        b'+' | b'(' | b')' | b'/' => OF_NUMBERS,
        b'_' | b':' | b'@' => OF_IDS,
        _ => OTHER,
    }
}

impl Signs {
    pub(super) fn of(text: &str) -> Self {
        let mut signs = Self::default();
        let mut add = |class: u8| {
            signs.count += 1;
            signs.letters += usize::from(class == LETTER);
            signs.digits += usize::from(class == DIGIT);
            signs.classes |= class;
        };
        if text.is_ascii() {
            text.bytes().for_each(|byte| add(CLASSES.of(byte)));
            return signs;
        }
        for c in text.chars() {
            add(match c {
                c if c.is_ascii() => CLASSES.of(u8::try_from(c).unwrap_or(0)),
                c if c.is_alphabetic() => LETTER,
                c if c.is_whitespace() => BLANK,
                c if is_mark(c) || "’·・".contains(c) => OF_NAMES,
                _ => OTHER,
            });
        }
        signs.is_unspaced = text.chars().any(is_unspaced);
        signs
    }

    /// A number that may be written with its digits alone.
    pub(super) fn are_a_number(&self) -> bool {
        self.letters == 0 && self.classes & (OF_NAMES | OTHER) == 0
    }

    /// Several words, or some in a script that puts nothing between them.
    pub(super) fn are_words(&self) -> bool {
        self.letters > 0 && (self.classes & BLANK != 0 || self.is_unspaced)
    }

    /// Some letters and digits and what may divide them. Letters alone are a word, and a row of one or two signs is
    /// nobody's.
    pub(super) fn are_an_id(&self, text: &str) -> bool {
        const SIGNS_MIN: usize = 8;
        let mut signs = text.bytes().filter(u8::is_ascii_alphanumeric);
        let first = signs.next();
        let second = signs.find(|byte| Some(*byte) != first);
        self.letters + self.digits >= SIGNS_MIN
            && self.digits > 0
            && self.classes & (OF_NAMES | OTHER) == 0
            && signs.any(|byte| Some(byte) != first && Some(byte) != second)
    }

    /// Names of two words or more; one word that begins like a name; three signs of those that are written without
    /// blanks, and more where a sign stands for a sound alone.
    pub(super) fn form_of_name(&self, text: &str) -> Option<Form> {
        const LETTERS_MIN: usize = 4;
        const SIGNS_MIN: usize = 3;
        const SOUNDS_MIN: usize = 5;
        if self.classes & !(LETTER | BLANK | OF_BOTH | OF_NAMES) != 0 {
            return None;
        }
        if self.is_unspaced {
            let are_syllables =
                text.chars().any(|c| is_han(c) || matches!(c, '\u{AC00}'..='\u{D7A3}'));
            let least = if are_syllables { SIGNS_MIN } else { SOUNDS_MIN };
            return (self.letters >= least).then_some(Form::Words);
        }
        match self.classes & BLANK {
            _ if self.letters < LETTERS_MIN => None,
            0 => text.starts_with(|c: char| !c.is_lowercase()).then_some(Form::OneWord),
            _ => Some(Form::Words),
        }
    }
}
