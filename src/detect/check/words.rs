//! Lists of words that a value is compared with, whatever its case.

/// Words in lower case. Most texts are none of them, which their length, first and last letter tell.
#[derive(Debug)]
pub(in crate::detect) struct WordList {
    words: &'static [&'static str],
    /// By length, the first bytes that words of ASCII have, as bits of their low five bits.
    starts: [u32; LENGTHS],
    /// The same of their last bytes.
    ends: [u32; LENGTHS],
    /// Some word is not ASCII.
    has_other: bool,
}

/// One more than the longest word that is told by its length.
const LENGTHS: usize = 24;

impl WordList {
    #[expect(clippy::indexing_slicing, reason = "done by the compiler")]
    pub(in crate::detect) const fn new(words: &'static [&'static str]) -> Self {
        let (mut starts, mut ends) = ([0; LENGTHS], [0; LENGTHS]);
        let mut has_other = false;
        let mut number = 0;
        while number < words.len() {
            let word = words[number].as_bytes();
            has_other |= !words[number].is_ascii();
            starts[row(word.len())] |= bit(word[0]);
            ends[row(word.len())] |= bit(word[word.len() - 1]);
            number += 1;
        }
        Self { words, starts, ends, has_other }
    }

    /// `text` is one of the words, but for its case.
    pub(in crate::detect) fn has(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
        // Other scripts change their length with their case.
        if text.is_ascii() {
            return has_bit(&self.starts, text, first)
                && has_bit(&self.ends, text, last)
                && self.words.iter().any(|word| text.eq_ignore_ascii_case(word));
        }
        let is_same = same_as(text);
        self.has_other && self.words.iter().any(|word| !word.is_ascii() && is_same(word))
    }

    /// `text` is one of the words as it stands.
    pub(in crate::detect) fn has_exactly(&self, text: &str) -> bool {
        let first = text.as_bytes().first();
        first.is_some_and(|first| has_bit(&self.starts, text, *first)) && self.words.contains(&text)
    }
}

/// Where words of `length` bytes are told by a letter; the long ones share the place that no word has.
const fn row(length: usize) -> usize {
    if length < LENGTHS { length } else { 0 }
}

/// The same for a letter in either case.
const fn bit(letter: u8) -> u32 {
    1 << (letter & 0x1F)
}

/// Whether some word as long as `text` has this letter where `bits` are of.
fn has_bit(bits: &[u32; LENGTHS], text: &str, letter: u8) -> bool {
    bits.get(row(text.len())).is_some_and(|bits| bits & bit(letter) != 0)
}

/// Whether `text` is a word that is written in lower case, but for its own case.
pub(in crate::detect) fn same_as(text: &str) -> impl Fn(&str) -> bool {
    // Nearly all words are ASCII, which is asked once and not for each of a list.
    let is_ascii = text.is_ascii();
    move |lower| {
        text.eq_ignore_ascii_case(lower)
            || (!is_ascii && text.chars().flat_map(char::to_lowercase).eq(lower.chars()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_others_are_not() {
        const LIST: WordList = WordList::new(&[
            "van",
            "t-mobile",
            "at&t",
            "2",
            "öl",
            "a word of more than twenty-four bytes",
        ]);
        for word in [
            "van",
            "VAN",
            "Van",
            "T-Mobile",
            "AT&T",
            "2",
            "Öl",
            "A Word of more than twenty-four bytes",
        ] {
            assert!(LIST.has(word), "{word}");
        }
        for word in ["", "vans", "va", "Wan", "öll", "a word of more than twenty-four letters", "3"]
        {
            assert!(!LIST.has(word), "{word}");
        }
        assert!(LIST.has_exactly("van") && !LIST.has_exactly("Van"));
    }
}
