//! Digits of other scripts read as ASCII, with the way back to the original bytes.

use super::name::fold_width;
use crate::domain::Span;

/// A text with full-width forms and the digits of other scripts folded to ASCII, and zero-width
/// characters taken out.
#[derive(Debug, Default)]
pub(super) struct Folded {
    text: String,
    /// For each byte of `text`, where the character it came from begins; one more for the end.
    origins: Vec<u32>,
}

impl Folded {
    /// Whether folding would change `text`. Almost no text needs it.
    pub(super) fn needs(text: &str) -> bool {
        if text.is_ascii() {
            return false;
        }
        let bytes = text.as_bytes();
        // Most characters begin with bytes that none which folds begins with.
        let may = |at: usize, first: u8| match (first, bytes.get(at + 1)) {
            (0xC2 | 0xD9 | 0xDB | 0xE0 | 0xE1, _) => true,
            (0xE2, Some(second)) => matches!(second, 0x80 | 0x81 | 0x88),
            (0xE3, Some(second)) => *second == 0x80,
            (0xEF, Some(second)) => matches!(second, 0xBB..=0xBD),
            _ => false,
        };
        let folds = |at: usize| {
            let character = text.get(at..).and_then(|rest| rest.chars().next());
            character.is_some_and(|character| fold(character) != Some(character))
        };
        bytes.iter().enumerate().any(|(at, first)| *first >= 0xC2 && may(at, *first) && folds(at))
    }

    pub(super) fn fold(&mut self, text: &str) -> &str {
        self.text.clear();
        self.origins.clear();
        for (at, character) in text.char_indices() {
            if let Some(character) = fold(character) {
                self.text.push(character);
                let origin = u32::try_from(at).unwrap_or(u32::MAX);
                self.origins.resize(self.text.len(), origin);
            }
        }
        self.origins.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        &self.text
    }

    /// The bytes of the original that `span` of the folded text came from.
    pub(super) fn original(&self, span: Span, length: usize) -> Span {
        let at =
            |position: usize| self.origins.get(position).map_or(length, |origin| *origin as usize);
        if span.range() == (0..self.text.len()) {
            return Span::new(0, length);
        }
        Span::new(at(span.range().start), at(span.range().end))
    }
}

/// `None` for characters without width.
fn fold(character: char) -> Option<char> {
    match character {
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => return None,
        '\u{a0}' | '\u{2007}' | '\u{202f}' => return Some(' '),
        '\u{2010}'..='\u{2013}' | '\u{2212}' => return Some('-'),
        _ => {}
    }
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&u32::from(character)));
    match zero {
        Some(zero) => char::from_digit(u32::from(character) - zero, 10),
        None => Some(fold_width(character)),
    }
}

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
            assert_eq!(Folded::needs(&format!("a{character}")), needs, "{character:?}");
        }
    }

    #[test]
    fn digits_fold_and_find_their_way_back() {
        for (text, expected) in [
            ("۰۳۰۰۱۲۳۴۵۶۷", "03001234567"),
            ("٠٣٠٠", "0300"),
            ("०३००", "0300"),
            ("０３００", "0300"),
            ("a\u{200b}b", "ab"),
            ("ｓａｎａ＠example.pk", "sana@example.pk"),
        ] {
            assert!(Folded::needs(text), "{text}");
            assert_eq!(Folded::default().fold(text), expected, "{text}");
        }
        for text in ["", "abc", "王芳", "é"] {
            assert!(!Folded::needs(text), "{text}");
        }
        let text = "tel ۰۳ x";
        let mut folded = Folded::default();
        assert_eq!(folded.fold(text), "tel 03 x");
        let span = folded.original(Span::new(4, 6), text.len());
        assert_eq!(text.get(span.range()), Some("۰۳"));
        assert_eq!(folded.original(Span::new(0, 8), text.len()), Span::new(0, text.len()));
    }
}
