//! Names of people where prose says that one follows, `my name is …`, `Dear Mr. …`, and where nothing but a
//! member's name says that something is called so.
//!
//! What an operator may want to add to stands in `rules/detectors`: the words that announce a name (`cues.yaml`), and
//! what people and things are called (`names.yaml`). What stands here, in `words`, is grammar: the particles, titles
//! and turns of a sentence that a name ends before, which differ by language and not by who operates.

mod east_asian;
mod prose;
mod speech;
mod step;
mod words;

use std::ops::Range;

use super::{
    check::person::{self, is_east_asian, is_han, is_mark},
    lowered::Lowered,
    source::NamesSource,
    vocabulary::Vocabulary,
};
use prose::is_title;
use words::{
    BEHIND_HAN, BEHIND_HANGUL, ENDS_MANY_NAMES, ENDS_OF_NAMES, IS_CALLED_KOREAN, NO_GIVEN,
    PARTICLES, TITLES_CHINESE, TITLES_JAPANESE, TITLES_KOREAN,
};

pub(super) use prose::{end_of_name, names_before};

/// Names of people, in lower case.
#[derive(Debug, Default)]
pub(super) struct KnownNames {
    given: Vocabulary,
    family: Vocabulary,
    things: Vocabulary,
}

/// How a text is written that may be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// `Amina Malik`, `王芳`.
    AsNames,
    /// `amina malik`.
    Otherwise,
}

impl Written {
    /// Of what a check took for `shaped`.
    pub(super) fn of(shaped: bool) -> Self {
        if shaped { Self::AsNames } else { Self::Otherwise }
    }
}

impl KnownNames {
    pub(super) fn add(&mut self, source: &NamesSource) {
        self.given.extend(&source.given);
        self.family.extend(&source.family);
        self.things.extend(&source.things);
    }

    /// Whether `text` is of Chinese characters alone, begins with no family name, and has a word of a thing in
    /// it: `客服部`, `必填`.
    pub(super) fn rule_out(&self, text: &str) -> bool {
        let text = text.trim();
        text.chars().all(is_han)
            && !self.starts_with_a_family(text)
            && self.has_a_character_of_things(text)
    }

    fn has_a_character_of_things(&self, text: &str) -> bool {
        text.char_indices().any(|(at, c)| {
            text.get(at..at + c.len_utf8()).is_some_and(|one| self.things.contains(one))
        })
    }

    /// Whether `text` may begin with a name: in Chinese characters or Hangul only with a family name, `王芳`.
    pub(super) fn may_start_a_name(&self, text: &str) -> bool {
        let first = text.chars().next();
        !first.is_some_and(|c| is_han(c) || is_hangul(c))
            || (self.starts_with_a_family(text)
                && !text.chars().skip(1).any(|c| NO_GIVEN.contains(c))
                && !self.is_with_a_particle(text))
    }

    /// Whether `text` is a word of Korean with what grammar puts behind it: `문의는`. Given names end in some of these
    /// as well.
    fn is_with_a_particle(&self, text: &str) -> bool {
        let particle = text.char_indices().next_back().filter(|(_, c)| PARTICLES.contains(c));
        particle.is_some_and(|(at, particle)| {
            !ENDS_OF_NAMES.contains(&particle)
                || text.get(..at).is_some_and(|word| self.things.contains(word))
        })
    }

    /// Where a name in Hangul ends that grammar follows: `김서연이`. A family name of two characters makes it as long.
    pub(super) fn before_a_particle(&self, text: &str, range: Range<usize>) -> usize {
        const CHARACTERS: usize = 4;
        let name = text.get(range.clone()).unwrap_or_default();
        let two = name.char_indices().nth(2).and_then(|(at, _)| name.get(..at));
        let is_one = name.chars().all(is_hangul)
            && name.chars().count() == CHARACTERS
            && !two.is_some_and(|two| self.family.contains(two));
        let particle = name.chars().next_back().filter(|c| is_one && PARTICLES.contains(c));
        range.end - particle.map_or(0, char::len_utf8)
    }

    /// Whether `text` begins with a family name, as names of Chinese, Japanese and Korean do: `王芳说`.
    pub(super) fn starts_with_a_family(&self, text: &str) -> bool {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        ends.take(3).any(|end| text.get(..end).is_some_and(|it| self.family.contains(it)))
    }

    /// Whether `text` begins with a known given name and ends with a known family name, or the other way round:
    /// `Amina binti Malik`, `Malik, Amina`.
    pub(super) fn has_known_ends(&self, text: &str) -> bool {
        self.has_known_ends_lowered(&Lowered::of(text))
    }

    fn has_known_ends_lowered(&self, lower: &str) -> bool {
        let mut words = lower.split([' ', '-']).filter(|word| !word.is_empty());
        let (Some(first), Some(last)) = (words.next(), words.next_back()) else { return false };
        let is_turned = |first: &str| self.family.contains(first) && self.given.contains(last);
        first.strip_suffix(',').map_or_else(
            || {
                is_turned(first)
                    || (self.given.contains(first.trim_end_matches('.'))
                        && self.family.contains(last.trim_end_matches('.')))
            },
            is_turned,
        )
    }

    /// Whether a name of which both ends are known may end where `text` does: `… Hina Raza`. Asked before it is
    /// looked for where each may begin, of every label, so that no more of `text` is looked at than a name is long.
    pub(super) fn may_end_with_known(&self, text: &str) -> bool {
        let floor = text.ceil_char_boundary(text.len().saturating_sub(prose::BYTES_MAX));
        let near = text.get(floor..).unwrap_or_default();
        let last = near.rsplit([' ', '-', '\n']).next();
        let last = last.unwrap_or_default();
        let last = Lowered::of(last);
        self.given.contains(&last) || self.family.contains(last.trim_end_matches('.'))
    }

    /// Whether `text`, which a word announces, begins with a known name and has no word of a thing in it: `Amina Xyz`.
    /// A title announces the name behind it itself.
    pub(super) fn starts_with_known(&self, text: &str) -> bool {
        let lower = Lowered::of(text);
        let mut words = lower.split([' ', '-']).map(|word| word.trim_matches(['.', ',']));
        let is_known = words.clone().next().is_some_and(|first| {
            !is_title(first) && (self.given.contains(first) || self.family.contains(first))
        });
        is_known && !words.any(|word| self.things.contains(word))
    }

    /// Whether `text` is a name whatever stands around it: both its ends are known, `amina malik`; or, where it is
    /// written as names are, it begins or ends with a known given name and has no word of a thing in it, `Amina Xyz`.
    /// Titles before it do not count.
    pub(super) fn is_known(&self, text: &str, written: Written) -> bool {
        let text = text.trim();
        if text.starts_with(is_east_asian) {
            return written == Written::AsNames && self.starts_with_a_family(text);
        }
        let lower = Lowered::of(text);
        let mut name = &*lower;
        while let Some((title, rest)) = name.split_once(' ')
            && is_title(title.trim_end_matches('.'))
        {
            name = rest;
        }
        let words = name.split([' ', '-']).map(|word| word.trim_matches(['.', ',']));
        // `Zijlstra, Femke`, `Halmos Ildikó`.
        let mut ends = words.clone().next().into_iter().chain(words.clone().next_back());
        let is_begun = ends.any(|end| self.given.contains(end));
        // `Amina Malik.pdf` is a file.
        let is_of_things = || words.clone().any(|it| it.contains('.') || self.things.contains(it));
        name.contains(' ')
            && ((written == Written::AsNames && is_begun && !is_of_things())
                || self.has_known_ends_lowered(name))
    }

    /// Whether words are all of things, and together no name that is known: `Body Weight`, `Reception`.
    pub(super) fn is_of_things(&self, text: &str) -> bool {
        let lower = Lowered::of(text);
        let is_name = || {
            if lower.contains([' ', '-']) {
                self.has_known_ends_lowered(&lower)
            } else {
                self.given.contains(&lower) || self.family.contains(&lower)
            }
        };
        lower.split([' ', '-']).all(|word| word.is_empty() || self.things.contains(word))
            && !is_name()
    }

    /// Whether every word of `text` is a name, and one of them of no thing: `Malik`, `Khan Malik`.
    pub(super) fn is_of_names_alone(&self, text: &str) -> bool {
        let lower = Lowered::of(text.trim());
        let words = || lower.split([' ', '-']).filter(|word| !word.is_empty());
        words().all(|word| self.given.contains(word) || self.family.contains(word))
            && words().any(|word| !self.things.contains(word))
    }

    /// Whether `word` is a given name and nothing else: `Amina`, and not `Rose`.
    pub(super) fn is_given_alone(&self, word: &str) -> bool {
        let lower = Lowered::of(word);
        self.given.contains(&lower) && !self.things.contains(&lower)
    }

    /// The name in Chinese characters, kana or Hangul that ends at `end`.
    pub(super) fn before(&self, text: &str, end: usize) -> Option<Range<usize>> {
        const CHARACTERS_MAX: usize = 5;
        let head = text.get(..end)?.trim_end_matches([' ', '\u{3000}']);
        if let Some(range) = self.korean_in_two_words_before(head) {
            return Some(range);
        }
        // Between a family and a given name there may be a space.
        let is_korean = head.ends_with(is_hangul);
        let is_of_it = |c: char| match c {
            ' ' | '\u{3000}' => !is_korean,
            c => is_east_asian(c) && is_hangul(c) == is_korean,
        };
        let starts = head.char_indices().rev().take_while(|(_, c)| is_of_it(*c));
        let starts = starts.take(CHARACTERS_MAX + 1).map(|(at, _)| at);
        let starts: [Option<usize>; CHARACTERS_MAX + 1] = {
            let mut places = [None; CHARACTERS_MAX + 1];
            places.iter_mut().zip(starts).for_each(|(place, at)| *place = Some(at));
            places
        };
        let is_name = |start: &usize| {
            let name = head.get(*start..).unwrap_or_default();
            let letters = name.chars().filter(|c| is_east_asian(*c)).count();
            let begins = name.chars().next().is_some_and(is_east_asian);
            begins && (2..=CHARACTERS_MAX).contains(&letters) && self.starts_with_a_family(name)
        };
        let start = starts.into_iter().rev().flatten().find(is_name)?;
        let name = head.get(start..)?;
        // `문의는 고객센터로` goes on.
        let is_of_a_sentence = is_korean && self.is_with_a_particle(name);
        (!is_of_a_sentence && !self.things.contains(name)).then_some(start..head.len())
    }

    /// The name in Chinese characters or kana at `start` that ends at a title: `伊藤さくら様`.
    pub(super) fn before_a_title(&self, text: &str, start: usize) -> Option<Range<usize>> {
        const BYTES_MAX: usize = 24;
        let end = text.floor_char_boundary(text.len().min(start + BYTES_MAX));
        let rest = text.get(start..end)?;
        let title =
            TITLES_JAPANESE.iter().chain(&["님"]).filter_map(|title| rest.find(title)).min()?;
        let range = self.before(text, start + title)?;
        (range.start == start).then_some(range)
    }

    /// The name in Chinese characters or Hangul that begins at `start` of a sentence which goes on behind it: a family
    /// name, one or two characters more, and what may follow a name.
    pub(super) fn in_a_sentence(&self, text: &str, start: usize) -> Option<Range<usize>> {
        const GIVEN_MAX: usize = 2;
        let rest = text.get(start..)?;
        let first = rest.chars().next()?;
        if !is_east_asian(first) {
            return None;
        }
        let is_han_name = is_han(first);
        let ends: [usize; 5] = {
            let mut ends = [0; 5];
            let places = rest.char_indices().map(|(at, c)| at + c.len_utf8());
            ends.iter_mut().zip(places).for_each(|(end, at)| *end = at);
            ends
        };
        let family_of = |count: usize| {
            let end = *ends.get(count.checked_sub(1)?)?;
            rest.get(..end).filter(|it| self.family.contains(it)).map(|_| (count, end))
        };
        let (count, family) = family_of(2).or_else(|| family_of(1))?;
        // Names of one character are words as often as not.
        let given_min = if is_han_name { 1 } else { GIVEN_MAX };
        (given_min..=GIVEN_MAX).rev().find_map(|given| {
            let end = *ends.get(count + given - 1)?;
            let (name, behind) = rest.split_at_checked(end)?;
            let of_it = name.get(family..)?;
            // Two characters are a word more often than a name: only what people do or are called shows them.
            let is_shown = given > 1
                || behind_han()
                    .any(|word| word.chars().nth(1).is_some() && behind.starts_with(word));
            let is_one = if is_han_name {
                of_it.chars().all(|c| is_han(c) && !NO_GIVEN.contains(c))
                    && may_follow(behind, behind_han())
                    && is_shown
            } else {
                of_it.chars().all(is_hangul)
                    && !of_it.ends_with(|c| PARTICLES.contains(&c) && c != ENDS_MANY_NAMES)
                    && may_follow(behind, behind_hangul())
            };
            (is_one && !self.things.contains(name)).then(|| start..start + end)
        })
    }

    /// The same in Chinese characters where nothing says that a name is due: by itself, and no word of a thing nor
    /// with a character that stands in such words.
    pub(super) fn alone_before(&self, text: &str, end: usize) -> Option<Range<usize>> {
        let range = self.before(text, end)?;
        let name = text.get(range.clone())?;
        let is_bounded = !text.get(..range.start)?.ends_with(is_east_asian);
        let family = name.chars().next().map_or(0, char::len_utf8);
        let is_of_things = self.things.contains(name)
            || self.has_a_character_of_things(name.get(family..).unwrap_or_default());
        (is_bounded && name.chars().all(is_han) && !is_of_things).then_some(range)
    }

    /// Whether `text`, under a name of members that may be people's, is one. Written as names are, it begins with a known
    /// given name or ends with a known family name, as Chinese, Japanese and Korean ones begin, or has no word of a
    /// thing in it, `Xyz Abc`; otherwise all of it has to be known, `amina malik`.
    pub(super) fn may_be_one(&self, text: &str, written: Written) -> bool {
        let text = text.trim();
        let Some(first) = text.chars().next() else { return false };
        if is_east_asian(first) {
            return written == Written::AsNames && self.starts_with_a_family(text);
        }
        if !is_latin(first) {
            return written == Written::AsNames;
        }
        let lower = Lowered::of(text);
        let mut words = lower.split([' ', '-']).filter(|word| !word.is_empty());
        let (Some(first), Some(last)) = (words.next(), words.next_back()) else { return false };
        let begins = self.given.contains(first.trim_end_matches('.'));
        let ends = self.family.contains(last.trim_end_matches('.'));
        // `Khan, Sana`, `Smith John`.
        let is_turned = first.strip_suffix(',').is_some_and(|first| self.family.contains(first))
            || (self.family.contains(first) && self.given.contains(last));
        if written == Written::Otherwise {
            return begins && ends && words.next().is_none();
        }
        let is_thing = |word: &str| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            self.things.contains(bare)
                || bare.strip_suffix("'s").is_some_and(|it| self.things.contains(it))
        };
        begins || ends || is_turned || !lower.split([' ', '-']).any(is_thing)
    }
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7af}')
}

/// Whether a name may end before `behind`: at what is no letter of its script, or a word that follows names.
fn may_follow<'w>(behind: &str, mut words: impl Iterator<Item = &'w str>) -> bool {
    !behind.starts_with(is_east_asian) || words.any(|word| behind.starts_with(word))
}

fn behind_han() -> impl Iterator<Item = &'static str> {
    BEHIND_HAN.into_iter().chain(TITLES_CHINESE)
}

fn behind_hangul() -> impl Iterator<Item = &'static str> {
    BEHIND_HANGUL.into_iter().chain(IS_CALLED_KOREAN).chain(TITLES_KOREAN)
}

/// Of the Latin script, with and without marks.
fn is_latin(character: char) -> bool {
    character < '\u{250}' || matches!(character, '\u{1e00}'..='\u{1eff}')
}
