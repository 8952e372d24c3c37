//! Where a name begins and ends in prose.

use std::ops::Range;

use super::{
    is_east_asian, is_mark, person,
    words::{
        IS_CALLED_JAPANESE, IS_CALLED_KOREAN, NEGATIONS, POSTPOSITIONS, SENTENCE_BEGINNINGS, STOPS,
        TITLES_BEFORE, TITLES_CHINESE, TITLES_JAPANESE, TITLES_KOREAN,
    },
};

/// Words a name has at most, and bytes.
const WORDS_MAX: usize = 5;
pub(super) const BYTES_MAX: usize = 80;

/// The end of the name that begins at `start`, of at least `least` words where its script has words.
pub(in crate::detect) fn end_of_name(text: &str, start: usize, least: usize) -> Option<usize> {
    let end = text.floor_char_boundary(text.len().min(start + BYTES_MAX));
    let rest = text.get(start..end)?;
    match rest.chars().next()? {
        first if is_east_asian(first) => Some(start + east_asian(rest)?),
        first if first.is_alphabetic() => Some(start + spaced(rest, least)?),
        _ => None,
    }
}

/// What may be the name before `end`, the longest first: capitalised words of one clause up to there, as in
/// `Jó napot, Kiss Zsófia vagyok` and `The parcel of Priya Sharma's`.
pub(in crate::detect) fn names_before(
    text: &str,
    end: usize,
) -> impl Iterator<Item = Range<usize>> {
    let floor = text.ceil_char_boundary(end.saturating_sub(BYTES_MAX));
    let head = text.get(floor..end).unwrap_or_default().trim_end_matches(' ');
    // A stop behind a single letter is part of a name: `T. Baker`.
    let is_end = |(at, c): &(usize, char)| match c {
        '.' => !head.get(..*at).is_some_and(ends_in_an_initial),
        c => matches!(c, ',' | '!' | '?' | ':' | ';' | '\n' | '('),
    };
    let clause = head.char_indices().rev().find(is_end).map_or(0, |(at, _)| at + 1);
    let words = head.get(clause..).unwrap_or_default();
    let first = clause + (words.len() - words.trim_start().len());
    let end = floor + head.len();
    let behind_gaps = head.match_indices(' ').map(|(at, _)| at + 1).filter(move |at| *at > first);
    let starts = std::iter::once(first).chain(behind_gaps).map(move |start| floor + start);
    let text = text.get(..end).unwrap_or_default();
    let is_one = move |start: &usize| {
        let is_begun = text.get(*start..).is_some_and(|it| it.starts_with(char::is_uppercase));
        is_begun && end_of_name(text, *start, 2) == Some(end)
    };
    starts.filter(is_one).map(move |start| start..end)
}

fn ends_in_an_initial(text: &str) -> bool {
    let mut last = text.chars().rev();
    last.next().is_some_and(char::is_uppercase) && last.next().is_none_or(|c| c == ' ' || c == '.')
}

/// Capitalised words, in scripts that have capitals; words up to one that ends the sentence, elsewhere.
fn spaced(text: &str, least: usize) -> Option<usize> {
    let (mut end, mut count, mut position) = (0, 0, 0);
    while count < WORDS_MAX {
        let rest = text.get(position..)?;
        let length = rest.find(|c: char| !is_of_a_name(c)).unwrap_or(rest.len());
        let word = rest.get(..length)?;
        let stuck = if word.is_ascii() { None } else { word.find(AT_THE_NUMBER) };
        let (word, length) = match stuck.filter(|at| *at > 0) {
            Some(at) => (word.get(..at)?, at),
            None => (word, length),
        };
        if count == 0 && (begins_a_sentence(word) || is_a_sentence_of_thai(word)) {
            return None;
        }
        // `मेरा नाम सूची में नहीं है`: of what stands behind it, nothing is a name.
        if count == 1 && POSTPOSITIONS.has(word) || NEGATIONS.has(word) {
            return None;
        }
        let initial = word.chars().count() == 1;
        let Some(first) = word.chars().next() else { break };
        let particle = person::is_particle(word);
        if !first.is_uppercase() && !particle && (first.is_lowercase() || is_stop(word)) {
            break;
        }
        let behind = text.get(position + length..).unwrap_or_default();
        if person::is_thing(word, count == 0)
            || is_stop(word)
            || is_a_verb_of_thai(word)
            || is_before_a_place(word, behind)
        {
            break;
        }
        position += length;
        let mut next = text.get(position..)?.chars();
        let dot = next.clone().next() == Some('.') && (initial || (count == 0 && is_title(word)));
        if dot {
            next.next();
            position += 1;
        }
        if !particle || count > 0 {
            count += 1;
        }
        if !particle {
            end = position;
        }
        if next.next() != Some(' ') {
            break;
        }
        position += 1;
    }
    let words = text.get(..end)?.split(' ').filter(|word| !person::is_particle(word)).count();
    (end > 0 && words >= least).then_some(end)
}

/// Two to four characters, less what grammar puts behind them.
fn east_asian(text: &str) -> Option<usize> {
    let length = text.find(|c: char| !is_east_asian(c)).unwrap_or(text.len());
    let mut name = text.get(..length)?;
    let titles = TITLES_CHINESE.iter().chain(&TITLES_JAPANESE).chain(&TITLES_KOREAN);
    for ending in IS_CALLED_KOREAN.iter().chain(&IS_CALLED_JAPANESE).chain(titles) {
        name = name.strip_suffix(*ending).unwrap_or(name);
    }
    (2..=5).contains(&name.chars().count()).then_some(name.len())
}

fn is_of_a_name(character: char) -> bool {
    character.is_alphabetic()
        || is_mark(character)
        || matches!(character, '\'' | '’' | '-' | '\u{200c}')
}

/// What may stand before a name, shortened: `Dr. Sana Khan`.
pub(super) fn is_title(word: &str) -> bool {
    TITLES_BEFORE.iter().any(|title| word.eq_ignore_ascii_case(title))
}

/// Whether a word goes on with the sentence that a name was announced in, in scripts without capitals: `اسمي غير موجود`.
fn begins_a_sentence(word: &str) -> bool {
    !word.is_ascii() && SENTENCE_BEGINNINGS.has(word)
}

/// Whether a word, in a script that has no spaces between words, is longer than any given name: a sentence.
fn is_a_sentence_of_thai(word: &str) -> bool {
    const NAME_CHARACTERS_MAX: usize = 15;
    word.starts_with(|c| matches!(c, '\u{0e01}'..='\u{0e4e}'))
        && word.chars().count() > NAME_CHARACTERS_MAX
}

/// Whether `على` is Arabic for where somebody is to be found, and not how Egyptians write Ali: `… على العنوان`.
fn is_before_a_place(word: &str, behind: &str) -> bool {
    const PLACES: [&str; 7] = ["العنوان", "الرقم", "رقم", "البريد", "الهاتف", "الجوال", "هاتف"];
    word == "على" && PLACES.iter().any(|place| behind.trim_start().starts_with(place))
}

/// What Thai writes behind a name without a space where somebody is called: `สมชายที่เบอร์ 081…`.
const AT_THE_NUMBER: &str = "ที่เบอร์";

/// Whether a word says, in Thai, what somebody does who was named before: `อยู่ที่`, `แจ้งเปลี่ยนเบอร์`.
fn is_a_verb_of_thai(word: &str) -> bool {
    const BEGINNINGS: [&str; 10] =
        ["ที่", "อยู่", "แจ้ง", "โทร", "ต้องการ", "ขอให้", "ขอแจ้ง", "เบอร์", "อีเมล", "ได้"];
    BEGINNINGS.iter().any(|verb| word.starts_with(verb))
}

/// Words that begin a sentence or go on with it, in scripts and languages that write names around them.
fn is_stop(word: &str) -> bool {
    STOPS.has(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_where_its_words_end() {
        for (text, least, expected) in [
            ("Oliver Pemberton and I ordered", 2, Some("Oliver Pemberton")),
            ("Jürgen Großmann, geboren am", 2, Some("Jürgen Großmann")),
            ("Bilal Mehmood hai. Parcel", 2, Some("Bilal Mehmood")),
            ("Ludwig van Beethoven on", 2, Some("Ludwig van Beethoven")),
            ("John F. Kennedy.", 2, Some("John F. Kennedy")),
            ("Okafor,", 1, Some("Okafor")),
            ("Dr. Ana Prado", 2, Some("Dr. Ana Prado")),
            ("Иванова Мария Сергеевна, тел", 2, Some("Иванова Мария Сергеевна")),
            ("王芳，电话", 1, Some("王芳")),
            ("김민준입니다", 1, Some("김민준")),
            ("佐藤美咲です", 1, Some("佐藤美咲")),
            ("सुनीता शर्मा है", 1, Some("सुनीता शर्मा")),
            ("सुनीता शर्मा है। धन्यवाद", 1, Some("सुनीता शर्मा")),
            ("विकास मेहरा ने शिकायत की", 1, Some("विकास मेहरा")),
            ("نادیہ مرزا بات کر رہی ہوں", 1, Some("نادیہ مرزا")),
            ("سامي عبد الرحمن يسكن في طنطا", 1, Some("سامي عبد الرحمن")),
            ("วิชัย มั่นคง แจ้งเปลี่ยนเบอร์", 1, Some("วิชัย มั่นคง")),
            ("मकान नंबर 22", 1, None),
            ("محمود على حسن", 1, Some("محمود على حسن")),
            ("محمود حسن على العنوان", 1, Some("محمود حسن")),
            ("عائشہ صدیقی ہے", 1, Some("عائشہ صدیقی")),
            ("Customer,", 1, None),
            ("Support Team", 1, None),
            ("not set", 1, None),
            ("Oliver", 2, None),
            ("12", 1, None),
            ("", 1, None),
            ("这是一个很长的句子没有名字", 1, None),
        ] {
            let found = end_of_name(text, 0, least).and_then(|end| text.get(..end));
            assert_eq!(found, expected, "{text}");
        }
    }
}
