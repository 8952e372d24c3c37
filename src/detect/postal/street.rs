//! What stands around the name of a kind of street.

use std::ops::Range;

use super::{
    trimmed,
    words::{
        SMALL, is_end, is_of_an_address, is_postal_code, is_postal_code_in_two, is_unit,
        number_behind_a_colon,
    },
};

/// The address around the name of a kind of street at `street`: words with capitals, numbers and what
/// stands between them, with a house number beside the street and a town or postal code behind it. It begins
/// at `floor` or behind it.
pub(in crate::detect) fn around_street(
    text: &str,
    street: Range<usize>,
    floor: usize,
) -> Option<Range<usize>> {
    // `Urban et al. 1997` is no avenue, and neither is `<em>et al.</em>`.
    let is_of_authors = text.get(..street.start).is_some_and(|head| head.ends_with("et "));
    if is_of_authors || text.get(street.end..).is_some_and(|rest| rest.starts_with(['<', '\\'])) {
        return None;
    }
    let start = back(text, street.start, floor);
    let end = forward(text, street.end);
    let range = trimmed(text, start..end);
    let (before, after) = (text.get(range.start..street.start)?, text.get(street.end..range.end)?);
    // Boxes have longer numbers than houses.
    let cue = text.get(street.clone())?;
    let digits_max = if cue.to_ascii_lowercase().ends_with("box") { 8 } else { 5 };
    let numbered = |token: &str| {
        let token = number_behind_a_colon(token).unwrap_or(token);
        (1..=digits_max).contains(&token.bytes().take_while(u8::is_ascii_digit).count())
    };
    let house_before =
        before.split([' ', ',']).filter(|t| !t.is_empty()).rev().take(4).any(numbered);
    let house_after = after.split([' ', ',']).filter(|t| !t.is_empty()).take(6).any(numbered);
    let code = after.split([' ', ',', '\n', '-']).any(is_postal_code)
        || after.split([' ', ',', '\n']).any(is_postal_code_in_two);
    let is_named = |part: &str| part.trim().chars().next().is_some_and(char::is_uppercase);
    let town = after.split([',', '\n']).skip(1).any(is_named);
    // Where Cyrillic is written, the town comes first.
    let is_cyrillic = |c: char| ('\u{400}'..='\u{52f}').contains(&c);
    let town_before = before.contains(is_cyrillic)
        && before.rsplit(',').skip(1).any(|part| is_named(part) || is_postal_code(part.trim()));
    ((house_before || house_after) && (code || town || town_before)).then_some(range)
}

/// Where the words of an address before `end` begin.
pub(super) fn back(text: &str, end: usize, floor: usize) -> usize {
    let floor = text.ceil_char_boundary(end.saturating_sub(60).max(floor.min(end)));
    let head = text.get(floor..end).unwrap_or_default();
    let mut start = end;
    let mut number = None;
    let mut rest = head;
    // The first piece may be the head of a word that the street's name ends: `Haupt` of `Hauptstraße`.
    let glued = !head.ends_with([' ', ',', '\n']);
    let mut first = true;
    let mut was_number = false;
    loop {
        let bare = if first && glued { rest } else { rest.trim_end_matches(' ') };
        if bare.is_empty() || bare.ends_with(['\n', ':', ';', '|', '"', '(']) {
            break;
        }
        let at = bare.rfind([' ', '\n', ':', '(', '"']).map_or(0, |at| at + 1);
        let token = bare.get(at..).unwrap_or_default();
        let is_street = token.ends_with("str.");
        let end_of_sentence = token.ends_with('.') && token.chars().count() > 4 && !is_street;
        let is_number = is_digits(token);
        // Two groups of a number that ends before the comma are no house's.
        let is_of_another =
            is_number && (was_number || (token.ends_with(',') && is_digits_behind(bare, at)));
        if end_of_sentence
            || is_of_another
            || is_end(token)
            || !(is_of_an_address(token) || (first && glued))
        {
            break;
        }
        was_number = is_number;
        // A small word is part of the address only with what stands before it.
        if !SMALL.contains(&token.trim_end_matches([',', '.'])) {
            start = floor + at;
        }
        if token.starts_with(|c: char| c.is_ascii_digit()) || is_unit(token) {
            number = Some(start);
        }
        rest = bare.get(..at).unwrap_or_default();
        first = false;
    }
    // Words before the house number belong to the sentence.
    number.unwrap_or(start)
}

fn forward(text: &str, start: usize) -> usize {
    let end = text.floor_char_boundary(text.len().min(start + 110));
    let tail = text.get(start..end).unwrap_or_default();
    let mut position = 0;
    let mut kept = 0;
    for piece in tail.split_inclusive([' ', '\n']) {
        let token = piece.trim_end_matches([' ', '\n']);
        let last = token.ends_with('.') && (token.chars().count() > 5 || is_postal_code(token));
        let is_in_brackets = token.starts_with('(') && token.trim_end_matches(',').ends_with(')');
        // The last word may stand before a quote or a bracket.
        if let Some(cut) = token.find([';', '|', '"', '\'', ')']).filter(|_| !is_in_brackets)
            && let Some(word) = token.get(..cut).filter(|word| !word.is_empty())
            && is_of_an_address(word)
            && !is_end(word)
        {
            return start + position + word.len();
        }
        let stops = token.contains([':', ';', '|', '"', '(', ')', '@'])
            && !is_in_brackets
            && number_behind_a_colon(token).is_none();
        if stops || is_end(token) || !(position == 0 || token.is_empty() || is_of_an_address(token))
        {
            break;
        }
        position += piece.len();
        kept = position;
        if last {
            break;
        }
        if piece.ends_with('\n') {
            let next = tail.get(position..).unwrap_or_default();
            let line = next.lines().next().unwrap_or_default();
            // `Sacramento, CA 95825` goes on as `95825 Sacramento` does.
            let is_of_a_town =
                line.contains(',') && line.rsplit(' ').next().is_some_and(is_postal_code);
            if !next.starts_with(|c: char| c.is_ascii_digit()) && !is_of_a_town {
                break;
            }
        }
    }
    start + kept
}

/// Digits alone, or with the comma behind them.
fn is_digits(token: &str) -> bool {
    let bare = token.trim_end_matches(',');
    bare.len() >= 2 && bare.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the word before the one at `at` is digits too.
fn is_digits_behind(text: &str, at: usize) -> bool {
    let head = text.get(..at).unwrap_or_default().trim_end_matches(' ');
    head.rsplit(' ').next().is_some_and(is_digits)
}
