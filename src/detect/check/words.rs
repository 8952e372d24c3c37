//! Lists of words that a value is compared with, whatever its case.

/// Words in lower case. Most texts are none of them, which their length, first and last letter tell.
#[derive(Debug)]
pub(in crate::detect) struct WordList {
    words: &'static [&'static str],
    /// By length, the first bytes that words of ASCII have, as bits of their low five bits.
    starts: [u32; LENGTHS],
    /// The same of their last bytes.
    ends: [u32; LENGTHS],
    /// What words begin and end with that are not ASCII, by [`character_bit`].
    other_starts: u64,
    other_ends: u64,
}

/// One more than the longest word that is told by its length.
const LENGTHS: usize = 24;
/// The longest word that is not ASCII.
const OTHER_BYTES_MAX: usize = 96;

impl WordList {
    #[expect(clippy::indexing_slicing, reason = "done by the compiler")]
    pub(in crate::detect) const fn new(words: &'static [&'static str]) -> Self {
        let (mut starts, mut ends) = ([0; LENGTHS], [0; LENGTHS]);
        let (mut other_starts, mut other_ends) = (0, 0);
        let mut number = 0;
        while number < words.len() {
            let word = words[number].as_bytes();
            if !words[number].is_ascii() {
                assert!(word.len() <= OTHER_BYTES_MAX, "a word is longer than any is");
                let mut last = word.len() - 1;
                while is_inside_a_character(word[last]) {
                    last -= 1;
                }
                other_starts |= character_bit(word, 0);
                other_ends |= character_bit(word, last);
            }
            starts[row(word.len())] |= bit(word[0]);
            ends[row(word.len())] |= bit(word[word.len() - 1]);
            number += 1;
        }
        Self { words, starts, ends, other_starts, other_ends }
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
        let has = self.other_starts != 0 && self.has_other(text);
        debug_assert_eq!(
            has,
            self.words.iter().any(|word| !word.is_ascii() && same_as(text)(word))
        );
        has
    }

    /// The same of a text that is not ASCII: what it begins and ends with is asked first, and the words are compared
    /// with it in lower case.
    fn has_other(&self, text: &str) -> bool {
        let (first, last) = (text.chars().next(), text.chars().next_back());
        let first = first.and_then(|first| first.to_lowercase().next());
        let last = last.and_then(|last| last.to_lowercase().next_back());
        if !is_told_by(self.other_starts, first) || !is_told_by(self.other_ends, last) {
            return false;
        }
        let (mut place, mut length) = ([0; OTHER_BYTES_MAX], 0);
        for letter in text.chars().flat_map(char::to_lowercase) {
            let end = length + letter.len_utf8();
            let Some(room) = place.get_mut(length..end) else { return false };
            letter.encode_utf8(room);
            length = end;
        }
        let lower = place.get(..length).unwrap_or_default();
        !lower.is_ascii() && self.words.iter().any(|word| word.as_bytes() == lower)
    }

    /// `text` is one of the words as it stands.
    pub(in crate::detect) fn has_exactly(&self, text: &str) -> bool {
        let first = text.as_bytes().first();
        first.is_some_and(|first| has_bit(&self.starts, text, *first)) && self.words.contains(&text)
    }
}

/// The bit for the character that begins at `at`: its first two bytes tell scripts apart, and letters of one nearly so.
#[expect(clippy::indexing_slicing, reason = "done by the compiler")]
const fn character_bit(word: &[u8], at: usize) -> u64 {
    let mut place = [0; 4];
    let mut length = 0;
    while at + length < word.len()
        && length < 4
        && (length == 0 || is_inside_a_character(word[at + length]))
    {
        place[length] = word[at + length];
        length += 1;
    }
    bit_of(&place)
}

/// The bit for a character of UTF-8 with zeros behind it.
const fn bit_of(character: &[u8; 4]) -> u64 {
    let [a, b, c, d] = *character;
    1 << ((a.wrapping_mul(7) ^ b ^ c.wrapping_mul(3) ^ d) & 0x3F)
}

fn is_told_by(bits: u64, letter: Option<char>) -> bool {
    let mut place = [0; 4];
    letter.is_some_and(|letter| {
        letter.encode_utf8(&mut place);
        bits & bit_of(&place) != 0
    })
}

/// Bytes of UTF-8 that begin no character.
const fn is_inside_a_character(byte: u8) -> bool {
    byte & 0xC0 == 0x80
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

    /// Every text of up to three letters of these, and what is made of words in another case.
    #[test]
    fn words_in_other_scripts_are_found_as_if_each_was_compared() {
        const WORDS: &[&str] = &[
            "öl",
            "straße",
            "الاسم",
            "اسم",
            "名",
            "名前",
            "नाम",
            "ςσ",
            "i̇",
            "k",
            "ǆ",
            "ألف ب",
            "𝒶é",
        ];
        const LIST: WordList = WordList::new(WORDS);
        let letters = "öÖlLßẞsاسملn名前नामςσΣİiIkKK̇ǅǄǆé𝒶".chars().collect::<Vec<_>>();
        let longer = WORDS.iter().flat_map(|word| [word.to_uppercase(), format!("{word}e")]);
        let mut texts: Vec<String> =
            longer.chain(WORDS.iter().map(|it| (*it).to_owned())).collect();
        for first in &letters {
            for second in &letters {
                texts.extend(letters.iter().map(|third| String::from_iter([first, second, third])));
                texts.push(String::from_iter([first, second]));
            }
            texts.push(first.to_string());
        }
        let mut found = 0;
        for text in texts.iter().filter(|text| !text.is_ascii()) {
            let expected = WORDS.iter().any(|word| !word.is_ascii() && same_as(text)(word));
            assert_eq!(LIST.has(text), expected, "{text}");
            found += usize::from(expected);
        }
        assert!(found > WORDS.len());
        assert!(!LIST.has(&"ö".repeat(OTHER_BYTES_MAX)));
    }
}
