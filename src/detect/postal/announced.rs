//! What stands behind words that announce an address.

use std::{net::Ipv4Addr, ops::Range};

use super::{
    BYTES_MAX,
    code::is_road,
    trimmed,
    words::{
        before_grammar, goes_on_with_the_sentence, is_copula, is_end, is_landmark, is_postal_code,
        is_postal_code_in_two, is_shortened, is_unit,
    },
};
use crate::detect::{
    check::{address, person},
    naming,
};

/// The address that is announced before `start`: to the end of the sentence, or of the lines that belong
/// to it. A line before it with a name alone is skipped.
pub(in crate::detect) fn announced(text: &str, start: usize) -> Option<Range<usize>> {
    let limit = text.floor_char_boundary(text.len().min(start + BYTES_MAX + 80));
    let mut start = start;
    let mut window = text.get(start..limit)?;
    let is_line = text.get(..start).is_some_and(|head| head.ends_with('\n'));
    let line = window.strip_prefix('\n').or_else(|| window.strip_prefix("\r\n"));
    if let Some(line) = line.or(is_line.then_some(window)) {
        start = limit - line.len();
        window = line;
        if let Some(end) = naming::end_of_name(text, start, 2)
            && let Some(rest) = text.get(end..limit).and_then(|rest| rest.strip_prefix('\n'))
        {
            start = limit - rest.len();
            window = rest;
        }
    }
    let sign = text.get(..start).and_then(|head| Sign::before(head.trim_end()));
    let end = start + extent(window, sign);
    let end = before_a_label(text, start..end);
    let range = trimmed(text, start..before_other_words(text, start..end));
    let found = text.get(range.clone())?;
    let words = found.split([' ', ',', '\n']).filter(|word| !word.is_empty()).count();
    let digits = found.bytes().filter(u8::is_ascii_digit).count();
    let wide = found.chars().any(|c| u32::from(c) >= 0x2e80);
    // `ul. …` and `д. …` begin small.
    let is_word = |word: &str| word.chars().count() <= 4 && word.chars().all(char::is_alphabetic);
    let short = found.split_once('.').is_some_and(|(word, _)| is_word(word));
    let opens = short || found.chars().next().is_some_and(|c| !c.is_lowercase());
    // `bind address to 0.0.0.0 and …` is of a machine.
    let is_of_a_machine = found.split(' ').next().is_some_and(|it| it.parse::<Ipv4Addr>().is_ok());
    let good = digits >= 1
        && !is_of_a_machine
        && !found.contains("(default")
        && digits * 2 <= found.len()
        && (words >= 3 || wide)
        && opens
        && address::address(found).is_some();
    good.then_some(range)
}

/// Where an address ends that a label with another value follows: `…, Lahore 54792, Cell: …`, `…5幢201 姓名=陈建国`.
fn before_a_label(text: &str, range: Range<usize>) -> usize {
    let found = text.get(range.clone()).unwrap_or_default();
    let assigned = found.find('=').and_then(|sign| {
        let head = found.get(..sign)?;
        let words = head.trim_end();
        let gap = if words.len() < head.len() { words.rfind([',', '\n']) } else { None };
        gap.or_else(|| words.rfind(' '))
    });
    if let Some(gap) = assigned {
        return range.start + gap;
    }
    let label = found.find(':').and_then(|colon| found.get(..colon)?.rfind(','));
    label.map_or(range.end, |comma| range.start + comma)
}

/// Where an address ends that other words follow: behind its postal code, `… BS6 5QP before noon`, and in Chinese
/// at the comma.
fn before_other_words(text: &str, range: Range<usize>) -> usize {
    let found = text.get(range.clone()).unwrap_or_default();
    if found.trim_start().starts_with(person::is_han) {
        let clause = found.split([',', '，']).next().unwrap_or_default();
        return range.start + before_grammar(clause).len();
    }
    let (mut at, mut is_behind_a_code) = (0, false);
    for (number, word) in found.split(' ').enumerate() {
        let goes_on = is_behind_a_code && word.starts_with(char::is_lowercase);
        let is_behind_a_comma =
            || found.get(..at).is_some_and(|head| head.trim_end().ends_with([',', '،']));
        let is_next_clause = || goes_on_with_the_sentence(word) && is_behind_a_comma();
        if at > 0 && (goes_on || is_end(word) || is_copula(word) || is_next_clause()) {
            return range.start + at;
        }
        let without = before_grammar(word);
        if without.len() < word.len() {
            return range.start + at + without.len();
        }
        // The letters of a Dutch code stand behind a space: `1017 EJ`.
        let letters = word.trim_end_matches([',', '.']);
        let goes_on_as_a_code = is_behind_a_code
            && letters.len() == 2
            && letters.bytes().all(|byte| byte.is_ascii_uppercase());
        // The first words may be a house number and its street.
        is_behind_a_code = goes_on_as_a_code
            || number > 2 && (is_postal_code(word) || is_postal_code_in_two(word));
        at += word.len() + 1;
    }
    range.start + before_small_words(found)
}

/// How much of an address is left without the small words behind its code, its town or its street: `…, 75002 Paris
/// depuis hier`. What says where a house is stays, `… Gandhi Nagar near the tank`, and so does what follows a number.
fn before_small_words(found: &str) -> usize {
    let mut end = found.len();
    for (number, word) in found.split(' ').rev().enumerate() {
        let is_small =
            word.starts_with(char::is_lowercase) && word.chars().all(char::is_alphabetic);
        if is_small && is_landmark(word) {
            return found.len();
        }
        if is_small && (is_unit(word) || is_road(word)) {
            return end;
        }
        if is_small {
            end = end.saturating_sub(word.len() + 1);
            continue;
        }
        let is_name = word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\''));
        let is_code = is_postal_code(word) || is_postal_code_in_two(word);
        return if number > 0 && (is_code || is_name) { end } else { found.len() };
    }
    found.len()
}

/// Full stops of Chinese and Japanese, of Urdu and of Hindi.
const STOPS: [char; 4] = ['。', '۔', '।', '؟'];

/// What stands between a label and an address, `Address - …`, `Address = …`, where it has blanks around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Dash,
    Equals,
}

impl Sign {
    fn before(head: &str) -> Option<Self> {
        if head.ends_with(" -") {
            Some(Self::Dash)
        } else {
            head.ends_with(" =").then_some(Self::Equals)
        }
    }

    /// Whether a line begins with a label and this sign: `Date of birth - 2001-07-03`. `Pune - 411001` is a town.
    fn is_behind_a_label(self, line: &str) -> bool {
        let sign = match self {
            Self::Dash => " - ",
            Self::Equals => " = ",
        };
        line.split_once(sign).is_some_and(|(label, value)| {
            let clause = value.split(',').next().unwrap_or_default();
            let is_town = self == Self::Dash && is_postal_code(clause.trim());
            !is_town
                && !label.is_empty()
                && !label.contains([',', '،'])
                && !label.bytes().any(|byte| byte.is_ascii_digit())
        })
    }
}

/// Bytes up to the end of the sentence; a line end goes on when the next line begins or ends with a number, and does
/// not begin with a label as the address does that stands behind this sign.
fn extent(text: &str, sign: Option<Sign>) -> usize {
    let bytes = text.as_bytes();
    let mut position = 0;
    while let Some(offset) = bytes
        .get(position..)
        .and_then(|rest| rest.iter().position(|b| b".\n\r|;\"".contains(b) || *b >= 0xd8))
    {
        let at = position + offset;
        let (before, after) =
            (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        match bytes.get(at) {
            Some(b'.') => {
                let word = before.rsplit([' ', ',', '.', '-']).next().unwrap_or_default();
                let short = is_shortened(word);
                let goes_on = after.starts_with(|c: char| c.is_alphanumeric())
                    || (short && after.starts_with(' '));
                if !goes_on {
                    return at;
                }
                position = at + 1;
            }
            Some(b'\n') => {
                let line = after.lines().next().unwrap_or_default();
                let numbered = line.split(' ').any(|word| {
                    (word.len() >= 4 && word.bytes().filter(u8::is_ascii_digit).count() >= 3)
                        || is_postal_code(word)
                });
                let is_of_another = sign.is_some_and(|sign| sign.is_behind_a_label(line));
                if line.len() > 60
                    || line.contains(':')
                    || line.starts_with('+')
                    || !numbered
                    || is_of_another
                {
                    return at;
                }
                position = at + 1;
            }
            // The full stops of other scripts.
            Some(0xd8..) if text.get(at..).is_some_and(|rest| rest.starts_with(STOPS)) => {
                return at;
            }
            Some(0xd8..) => position = at + 1,
            _ => return at,
        }
    }
    text.len().min(BYTES_MAX)
}
