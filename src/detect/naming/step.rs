//! Members that are called as somebody is: `sana_khan`, `SanaKhan`, `jdoe1985`, `张伟`.

use super::{KnownNames, is_east_asian, is_han, is_hangul};
use crate::detect::{check::words::WordList, lowered::Lowered};

impl KnownNames {
    /// Whether the name of a member, taken apart at its signs and humps, is somebody's. A word of a thing in it makes it
    /// the name of a thing: `max_price`, `rose_gold`.
    pub(in crate::detect) fn is_called_as_somebody(&self, name: &str) -> bool {
        self.are_its_ends(name)
            || self.is_with_a_year(name)
            || self.is_east_asian_name(name)
            || is_plate(name.as_bytes())
    }

    fn are_its_ends(&self, name: &str) -> bool {
        const WORDS_MAX: usize = 4;
        let mut words = words(name);
        let (Some(first), Some(last)) = (words.next(), words.last()) else { return false };
        let of_people = |word: &str| {
            let word = Lowered::of(word);
            (self.given.contains(&word), self.family.contains(&word))
        };
        let begins = of_people(first);
        if begins == (false, false) {
            return false;
        }
        let ends = of_people(last);
        ((begins.0 && ends.1) || (begins.1 && ends.0))
            && self::words(name).count() <= WORDS_MAX
            && !self::words(name).any(|word| self.things.contains(&Lowered::of(word)))
    }

    /// `jdoe1985`, `sana1985`: what somebody logs in with.
    fn is_with_a_year(&self, name: &str) -> bool {
        const LETTERS_MIN: usize = 4;
        let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_year = name.len() == letters.len() + 4
            && name.get(letters.len()..).is_some_and(|year| ("1930".."2030").contains(&year));
        let is_one_word =
            letters.len() >= LETTERS_MIN && letters.bytes().all(|byte| byte.is_ascii_alphabetic());
        if !is_year || !is_one_word {
            return false;
        }
        let word = Lowered::of(letters);
        let behind_initial = word.get(1..).is_some_and(|rest| self.family.contains(rest));
        (self.given.contains(&word) || behind_initial) && !self.things.contains(&word)
    }

    /// Many family names are words as well, so that of those of one character some alone tell.
    fn is_east_asian_name(&self, name: &str) -> bool {
        /// Chinese family names that begin few words, in both ways of writing.
        const CHINESE: &str = "张王李赵刘陈杨吴徐孙朱郭罗宋郑谢韩唐冯萧曹袁邓傅沈彭吕苏卢蒋蔡贾魏薛阎潘杜戴姜廖邹\
                               郝崔邱秦侯邵孟贺赖龚張趙劉陳楊吳孫羅鄭謝韓馮蕭鄧呂蘇盧蔣賈閻鄒";
        const KOREAN: &str = "김박윤곽황";
        let Some(first) = name.chars().next().filter(|c| is_east_asian(*c)) else { return false };
        let is_space = |c: char| matches!(c, ' ' | '\u{3000}');
        let letters = || name.chars().filter(|c| !is_space(*c));
        let count = letters().count();
        let two = name.char_indices().nth(2).and_then(|(end, _)| name.get(..end));
        let is_of = |is: fn(char) -> bool| letters().all(is);
        let is_japanese = |c: char| is_east_asian(c) && !is_hangul(c);
        let is_one = (CHINESE.contains(first) && is_of(is_han) && (2..=3).contains(&count))
            || (two.is_some_and(|two| self.family.contains(two))
                && letters().all(is_japanese)
                && (3..=5).contains(&count))
            || (KOREAN.contains(first)
                && is_of(is_hangul)
                && count == 3
                && self.may_start_a_name(name));
        is_one && !self.things.contains(name) && !self.has_a_character_of_things(name)
    }

    /// Whether a word is one that members are called by.
    pub(in crate::detect) fn is_word_of_members(&self, word: &str) -> bool {
        let word = word.trim_matches(['.', ':', '#']);
        word.chars().nth(1).is_none()
            || word.bytes().all(|byte| byte.is_ascii_digit())
            || WORDS.has(word)
            || self.things.contains(&Lowered::of(word))
    }
}

/// `AB-123-CD`, as many countries write the plates of cars.
fn is_plate(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| matches!(byte, b'-' | b' '));
    let (Some(one), Some(two), Some(three), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let letters =
        |part: &[u8]| (1..=3).contains(&part.len()) && part.iter().all(u8::is_ascii_uppercase);
    letters(one)
        && letters(three)
        && (2..=4).contains(&two.len())
        && two.iter().all(u8::is_ascii_digit)
}

/// The words of a name, without initials.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let runs = name.split(|c: char| !c.is_alphabetic());
    runs.flat_map(humps).filter(|word| word.chars().nth(1).is_some())
}

fn humps(mut rest: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let turns = rest.char_indices().zip(rest.char_indices().skip(1));
        let turn = turns.into_iter().find(|((_, a), (_, b))| a.is_lowercase() && b.is_uppercase());
        let end = turn.map_or(rest.len(), |(_, (at, _))| at);
        let (word, behind) = rest.split_at_checked(end)?;
        rest = behind;
        (!word.is_empty()).then_some(word)
    })
}

/// What members are called by beside things and what is known of people.
#[rustfmt::skip]
static WORDS: WordList = WordList::new(&[
    "at", "by", "on", "in", "of", "to", "for", "from", "with", "is", "has", "no", "nr", "number", "price", "total", "unit",
    "rate", "count", "status", "amount", "quantity", "reference", "ref", "created", "updated", "opted", "opt", "sku", "url",
    "level", "score", "date", "time", "id", "salary", "net", "gross", "tax", "start", "end", "due", "first", "last", "next",
    "previous", "new", "old", "full", "short", "line", "min", "max", "code", "type", "name", "value", "key", "text", "note",
    "comment", "title", "description", "details", "billing", "bill", "marketing", "sign", "up", "out", "blood", "booking",
    "and", "or", "per", "this", "that", "all", "any", "other", "address", "phone", "email", "mail", "customer", "user",
    "contact", "order", "payment", "shipping", "delivery", "history", "settings", "info", "information", "data", "list",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_at_signs_and_humps() {
        let all = |name| words(name).collect::<Vec<_>>();
        assert_eq!(all("x-sana-khan"), ["sana", "khan"]);
        assert_eq!(all("SanaKhan"), ["Sana", "Khan"]);
        assert_eq!(all("jürgen_müller2"), ["jürgen", "müller"]);
        assert_eq!(all("userID"), ["user", "ID"]);
        assert_eq!(all("_"), [""; 0]);
    }

    #[test]
    fn plates_are_told_from_standards() {
        for (name, expected) in
            [("AB-123-CD", true), ("B MW 12", false), ("ISO-8601", false), ("A-1-B", false)]
        {
            assert_eq!(is_plate(name.as_bytes()), expected, "{name}");
        }
    }
}
