//! Names of Chinese, Japanese and Korean with a space between the family and the given name: `鈴木 太郎`, `김 지훈`.

use std::ops::Range;

use super::{
    KnownNames, behind_han, behind_hangul, is_east_asian, is_han, is_hangul,
    words::{FAMILIES_AND_WORDS, IS_CALLED_JAPANESE, NO_GIVEN, PARTICLES, TITLES_JAPANESE},
};

/// Characters of a family name, at most.
const FAMILY_MAX: usize = 3;
/// Of a given name in Hangul, which has hardly ever another length, and of others at most.
const KOREAN_GIVEN: usize = 2;
const GIVEN_MAX: usize = 3;

impl KnownNames {
    /// The name at `start`: a family name that is known, a space, and a word that may be a given name.
    pub(in crate::detect) fn in_two_words(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let rest = text.get(start..)?;
        if !rest.starts_with(is_east_asian) {
            return None;
        }
        let ends = rest.char_indices().take(FAMILY_MAX + 1);
        let (end, space) = ends.into_iter().find(|(_, c)| !is_east_asian(*c))?;
        let family = rest.get(..end)?;
        if !matches!(space, ' ' | '\u{3000}') || !self.family.contains(family) {
            return None;
        }
        let given = rest.get(end + space.len_utf8()..)?;
        let length = if family.starts_with(is_hangul) {
            self.given_in_hangul(family, given)
        } else {
            self.given_in_han(given)
        }?;
        Some(start..start + end + space.len_utf8() + length)
    }

    /// The Korean name in two words that `head` ends with.
    pub(super) fn korean_in_two_words_before(&self, head: &str) -> Option<Range<usize>> {
        if !head.ends_with(is_hangul) {
            return None;
        }
        let given = head.char_indices().rev().nth(KOREAN_GIVEN - 1).map(|(at, _)| at)?;
        let before = head.get(..given)?.strip_suffix(' ')?;
        let letters = before.char_indices().rev().take_while(|(_, c)| is_east_asian(*c));
        let start = letters.take(FAMILY_MAX).last().map(|(at, _)| at)?;
        let family = before.get(start..)?;
        let is_name =
            self.family.contains(family) && self.may_be_given_in_hangul(head.get(given..)?);
        is_name.then_some(start..head.len())
    }

    /// How long the given name in Hangul is that `text` begins with.
    fn given_in_hangul(&self, family: &str, text: &str) -> Option<usize> {
        let end = text.char_indices().nth(KOREAN_GIVEN).map_or(text.len(), |(at, _)| at);
        let (given, behind) = text.split_at_checked(end)?;
        let is_followed = behind_hangul().any(|word| behind.trim_start().starts_with(word));
        let is_past_a_particle =
            || behind.strip_prefix(PARTICLES).is_some_and(|rest| !rest.starts_with(is_east_asian));
        let may_end = !behind.starts_with(is_east_asian) || is_followed || is_past_a_particle();
        // `이 상품` is this article: what such a word stands before has to be somebody.
        let is_word = FAMILIES_AND_WORDS.contains(&family)
            && !is_followed
            && behind.trim_start().starts_with(is_hangul);
        (may_end && !is_word && self.may_be_given_in_hangul(given)).then_some(end)
    }

    fn may_be_given_in_hangul(&self, given: &str) -> bool {
        given.chars().count() == KOREAN_GIVEN
            && given.chars().all(is_hangul)
            && !self.things.contains(given)
            && !self.is_with_a_particle(given)
    }

    /// How long the given name of Chinese or Japanese is that `text` begins with.
    fn given_in_han(&self, text: &str) -> Option<usize> {
        let is_of_it = |c: char| is_east_asian(c) && !is_hangul(c);
        let mut ends = [None; GIVEN_MAX];
        let letters = text.char_indices().take_while(|(_, c)| is_of_it(*c));
        let places = letters.map(|(at, c)| at + c.len_utf8());
        ends.iter_mut().zip(places).for_each(|(end, place)| *end = Some(place));
        let follow = || behind_han().chain(TITLES_JAPANESE);
        let is_one = |end: &usize| {
            let Some((given, behind)) = text.split_at_checked(*end) else { return false };
            let may_end = !behind.starts_with(is_east_asian)
                || follow().chain(IS_CALLED_JAPANESE).chain(JOINS).any(|it| behind.starts_with(it));
            let is_of_things = given.chars().all(is_han) && self.has_a_character_of_things(given);
            may_end
                && !is_of_things
                && !self.things.contains(given)
                && !follow().any(|word| given.ends_with(word))
                && !given.chars().any(|c| NO_GIVEN.contains(c))
        };
        ends.into_iter().rev().flatten().find(is_one)
    }
}

/// What Japanese puts behind a name in a sentence.
const JOINS: [&str; 7] = ["が", "は", "の", "を", "に", "と", "より"];
