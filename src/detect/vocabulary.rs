//! Many words in little memory.

use std::hash::BuildHasher as _;

use rustc_hash::FxBuildHasher;

/// A set of words. They stand one behind the other in one text, and a table says where.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Each with a line end behind it.
    text: String,
    count: usize,
    /// By hash, one more than where a word begins; 0 is none. At least half of them are.
    places: Vec<u32>,
}

impl Vocabulary {
    /// Adds the words of `text` between white space.
    pub(super) fn extend(&mut self, text: &str) {
        for word in text.split_whitespace() {
            self.text.push_str(word);
            self.text.push('\n');
            self.count += 1;
        }
        self.text.shrink_to_fit();
        self.places = vec![0; (self.count * 2).next_power_of_two()];
        let mut start = 0;
        while let Some(word) = self.at(start) {
            let (next, at) = (start + word.len() + 1, self.place(word));
            if let Some(place) = self.places.get_mut(at) {
                *place = u32::try_from(start + 1).unwrap_or_default();
            }
            start = next;
        }
    }

    pub(super) fn contains(&self, word: &str) -> bool {
        !word.contains('\n') && self.places.get(self.place(word)).is_some_and(|place| *place != 0)
    }

    /// The word that begins at `start`.
    fn at(&self, start: usize) -> Option<&str> {
        self.text.get(start..)?.split_once('\n').map(|(word, _)| word)
    }

    /// Where `word` is in the table, or would be.
    fn place(&self, word: &str) -> usize {
        let hash = FxBuildHasher.hash_one(word) as usize;
        let last = self.places.len().wrapping_sub(1);
        let steps = (0..self.places.len()).map(|step| hash.wrapping_add(step) & last);
        let mut fitting = steps.filter(|at| match self.places.get(*at) {
            Some(0) | None => true,
            Some(place) => self.is_at(*place as usize - 1, word),
        });
        fitting.next().unwrap_or(usize::MAX)
    }

    fn is_at(&self, start: usize, word: &str) -> bool {
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        rest.strip_prefix(word.as_bytes()).is_some_and(|behind| behind.first() == Some(&b'\n'))
    }
}

#[cfg(test)]
mod tests {
    use super::Vocabulary;

    #[test]
    fn words_are_told_from_their_beginnings_and_endings_and_from_others() {
        let mut words = Vocabulary::default();
        assert!(!words.contains("") && !words.contains("sana"));
        words.extend("  sana\nзинаида 冯  ");
        words.extend("khan sana");
        let many: String = (0..5000).map(|number| format!("word{number} ")).collect();
        words.extend(&many);
        for word in ["sana", "зинаида", "冯", "khan", "word0", "word4999"] {
            assert!(words.contains(word), "{word}");
        }
        for word in ["", "san", "ana", "sana\nзинаида", "khan\n", "word5000", "зинаид"]
        {
            assert!(!words.contains(word), "{word}");
        }
    }
}
