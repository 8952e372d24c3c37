//! Digits of other scripts read as ASCII, with the way back to the original bytes.

use std::borrow::Cow;

use super::name::fold_width;
use crate::domain::Span;

/// `text` with the digits of other scripts and full-width forms as ASCII has them.
pub fn folded(text: &str) -> Cow<'_, str> {
    let mut folded = Folded::default();
    if folded.fold(text).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(folded.text)
}

/// A text with full-width forms and the digits of other scripts folded to ASCII, and zero-width
/// characters taken out.
#[derive(Debug, Default)]
pub(super) struct Folded {
    text: String,
    /// Behind each character that folds: a place in `text`, and the same place in the original. From there
    /// to the next of them, bytes stand as they stood.
    turns: Vec<(usize, usize)>,
}

impl Folded {
    /// `text` as it reads folded; `None` where that changes nothing, as with almost every text.
    pub(super) fn fold(&mut self, text: &str) -> Option<&str> {
        let mut next = next_to_fold(text, 0)?;
        self.text.clear();
        self.turns.clear();
        let mut from = 0;
        loop {
            let (at, character) = next;
            self.text.push_str(text.get(from..at).unwrap_or_default());
            self.text.extend(fold(character));
            from = at + character.len_utf8();
            self.turns.push((self.text.len(), from));
            match next_to_fold(text, from) {
                Some(after) => next = after,
                None => break,
            }
        }
        self.text.push_str(text.get(from..).unwrap_or_default());
        Some(&self.text)
    }

    /// The bytes of the original, of `length` bytes, that `span` of the folded text came from.
    pub(super) fn original(&self, span: Span, length: usize) -> Span {
        let at = |position: usize| {
            let passed = self.turns.partition_point(|(folded, _)| *folded <= position);
            let turn = passed.checked_sub(1).and_then(|last| self.turns.get(last));
            turn.map_or(position, |(folded, original)| original + (position - folded)).min(length)
        };
        if span.range() == (0..self.text.len()) {
            return Span::new(0, length);
        }
        Span::new(at(span.range().start), at(span.range().end))
    }
}

/// The first character from `from` on that folds, and where.
fn next_to_fold(text: &str, from: usize) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    let starts = bytes.iter().enumerate().skip(from).filter(|(_, first)| **first >= 0xC2);
    // Most characters begin as none does that folds.
    let may = starts.filter(|(at, first)| {
        let byte = |ahead: usize| bytes.get(at + ahead).copied().unwrap_or(0);
        match **first {
            0xC2 => matches!(byte(1), 0xA0 | 0xAD),
            0xCD => byte(1) == 0x8F,
            0xD8 => byte(1) == 0x9C,
            0xD9 | 0xDB => true,
            0xE0 => matches!(byte(2), 0x90..=0x99 | 0xA0..=0xAF),
            0xE1 => matches!(byte(1), 0x81 | 0x85 | 0x9F | 0xA0),
            0xE2 => matches!(byte(1), 0x80 | 0x81 | 0x88 | 0x91 | 0x93 | 0x9D | 0x9E),
            0xE3 => matches!((byte(1), byte(2)), (0x80, 0x80) | (0x85, 0xA4)),
            0xEF => matches!(byte(1), 0xB8 | 0xBB..=0xBE),
            0xF0 => (byte(1), byte(2)) == (0x9D, 0x9F),
            0xF3 => byte(1) == 0xA0,
            _ => false,
        }
    });
    may.filter_map(|(at, _)| Some((at, text.get(at..)?.chars().next()?)))
        .find(|(_, character)| fold(*character) != Some(*character))
}

/// `None` for characters without width.
fn fold(character: char) -> Option<char> {
    match character {
        // Of no width, or of no ink (Unicode's Default_Ignorable_Code_Point).
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => return None,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' => {
            return None;
        }
        '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' => return None,
        '\u{e0000}'..='\u{e0fff}' => return None,
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' => {
            return Some(' ');
        }
        '\u{2010}'..='\u{2014}' | '\u{2212}' => return Some('-'),
        // A leader of one dot, and a narrow full stop.
        '\u{2024}' | '\u{ff61}' => return Some('.'),
        // The decimal mark of Arabic.
        '\u{66b}' => return Some('.'),
        _ => {}
    }
    if let Some(number) = u32::from(character).checked_sub(MATHEMATICAL_ZERO).filter(|it| *it < 50)
    {
        return char::from_digit(number % 10, 10);
    }
    if character == '\u{24ea}' {
        return Some('0');
    }
    let circled =
        CIRCLED_ONES.iter().find(|one| (**one..**one + 9).contains(&u32::from(character)));
    if let Some(one) = circled {
        return char::from_digit(u32::from(character) - one + 1, 10);
    }
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&u32::from(character)));
    match zero {
        Some(zero) => char::from_digit(u32::from(character) - zero, 10),
        None => Some(fold_width(character)),
    }
}

/// The first of the digits of mathematics: bold, double-struck, sans-serif, sans-serif bold, monospace.
const MATHEMATICAL_ZERO: u32 = 0x1_D7CE;

/// The first of the digits in circles: plain, double, black, and those of two typefaces without serifs.
const CIRCLED_ONES: [u32; 5] = [0x2460, 0x24f5, 0x2776, 0x2780, 0x278a];

/// The zeros of the scripts people type numbers in: Arabic-Indic, extended Arabic-Indic, Devanagari,
/// Bengali, Gurmukhi, Gujarati, Odia, Tamil, Telugu, Kannada, Malayalam, Thai, Lao, Tibetan, Myanmar,
/// Khmer, Mongolian.
const ZEROS: [u32; 17] = [
    0x0660, 0x06f0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50,
    0x0ed0, 0x0f20, 0x1040, 0x17e0, 0x1810,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_folds_is_noticed() {
        for character in (0x80..=0x1_FFFF).filter_map(char::from_u32) {
            let needs = fold(character) != Some(character);
            let text = format!("a{character}");
            assert_eq!(Folded::default().fold(&text).is_some(), needs, "{character:?}");
        }
    }

    #[test]
    fn digits_fold_and_find_their_way_back() {
        for (text, expected) in [
            ("۰۳۰۰۱۲۳۴۵۶۷", "03001234567"),
            ("٠٣٠٠", "0300"),
            ("०३००", "0300"),
            ("٢٤٫٨٦", "24.86"),
            ("０３００", "0300"),
            ("a\u{200b}b", "ab"),
            ("0321\u{2066}487\u{fe0f}0936\u{e0041}", "03214870936"),
            ("𝟎𝟛𝟢𝟘𝟷", "03001"),
            ("ｓａｎａ＠example.pk", "sana@example.pk"),
        ] {
            assert_eq!(Folded::default().fold(text), Some(expected), "{text}");
        }
        for text in ["", "abc", "王芳", "é"] {
            assert_eq!(Folded::default().fold(text), None, "{text}");
        }
        let mut folded = Folded::default();
        for (text, plain, part, original) in [
            ("tel ۰۳ x", "tel 03 x", 4..6, "۰۳"),
            ("tel ۰۳ x", "tel 03 x", 0..8, "tel ۰۳ x"),
            ("tel ۰۳ x", "tel 03 x", 7..8, "x"),
            ("\u{200b}ab\u{200b}\u{feff}cd\u{200b}", "abcd", 1..2, "b\u{200b}\u{feff}"),
            ("\u{200b}ab\u{200b}\u{feff}cd\u{200b}", "abcd", 2..3, "c"),
            ("\u{200b}ab\u{200b}\u{feff}cd\u{200b}", "abcd", 3..4, "d\u{200b}"),
            ("王：１２ 号", "王:12 号", 4..6, "１２"),
            ("王：１２ 号", "王:12 号", 7..10, "号"),
        ] {
            assert_eq!(folded.fold(text), Some(plain));
            let span = folded.original(Span::new(part.start, part.end), text.len());
            assert_eq!(text.get(span.range()), Some(original), "{text}");
        }
    }
}
