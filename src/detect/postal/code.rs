//! What ends in a postal code, or has one between street and town.

use std::ops::Range;

use super::{
    BYTES_MAX,
    street::back,
    words::{SMALL, is_of_an_address, is_unit},
};
use crate::detect::check::words::WordList;

/// The address around a postal code that stands at `code`, where a street with a house number comes before it
/// and a town behind: `…, Via dei Mille 9, 50131 Firenze`. It begins at `floor` or behind it.
pub(in crate::detect) fn around_code(
    text: &str,
    code: usize,
    floor: usize,
) -> Option<Range<usize>> {
    let length = code_length(text.get(code..)?)?;
    let end = town_end(text, code + length)?;
    let floor = text.ceil_char_boundary(code.saturating_sub(BYTES_MAX).max(floor));
    let head = text.get(floor..code)?;
    let (head, is_line) = match head.strip_suffix(", ").or_else(|| head.strip_suffix(" in ")) {
        Some(head) => (head, false),
        None => (head.strip_suffix('\n')?, true),
    };
    // Between street and code may stand a floor or a door: `…, 3º izq., 28005 Madrid`.
    let line = head.rsplit(['\n', ';', '|', '"', '(']).next()?;
    let pieces = if is_line { 1 } else { 3 };
    let mut piece_end = floor + head.len();
    for piece in line.rsplit(',').take(pieces) {
        let street = text.get(..piece_end)?;
        if let Some(start) = street_with_number(street, piece.trim()) {
            return Some(start..end);
        }
        piece_end = piece_end.checked_sub(piece.len() + 1)?;
    }
    None
}

/// How long the postal code at the start of `text` is: `28005`, `411 24`, `80-827`.
fn code_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count())
    };
    let first = digits(0);
    let second = digits(first + 1);
    let length = match (first, bytes.get(first), second) {
        (3, Some(b' '), 2) | (2 | 4 | 5, Some(b'-'), 3) => first + 1 + second,
        (4, ..) if !matches!(bytes, [b'1', b'9', ..] | [b'2', b'0', ..]) => first,
        (5 | 6, ..) => first,
        _ => return None,
    };
    (bytes.get(length) == Some(&b' ')).then_some(length)
}

/// Where the name of a town ends that stands behind `start`: words with capitals, and what joins them.
fn town_end(text: &str, start: usize) -> Option<usize> {
    const WORDS_MAX: usize = 4;
    let tail = text.get(start..text.floor_char_boundary(text.len().min(start + 60)))?;
    let tail = tail.split('\n').next()?;
    let (mut at, mut end) = (1, None);
    for word in tail.get(1..)?.split(' ').take(WORDS_MAX) {
        let bare = word.trim_end_matches(['.', ',', '!', '?', ')', '"', '\'', ';', '\n']);
        let is_capital = bare.starts_with(char::is_uppercase)
            && bare.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '/' | '\''))
            && bare.chars().nth(1).is_some();
        let joins = end.is_some() && SMALL.contains(&bare);
        if !(is_capital || joins) {
            break;
        }
        if is_capital {
            end = Some(start + at + bare.len());
        }
        if bare.len() < word.len() {
            break;
        }
        at += word.len() + 1;
    }
    end
}

/// Where `piece`, the last of `text`, begins as an address: words with a house number behind or before them.
fn street_with_number(text: &str, piece: &str) -> Option<usize> {
    let is_number = |token: &str| {
        // A comma may stand escaped behind it (RFC 5545 §3.3.11).
        let token = token.trim_end_matches('\\');
        let bare = token.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let digits = bare.trim_matches(['/', '-']);
        (1..=4).contains(&digits.len())
            && token.len() <= digits.len() + 3
            && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'/' | b'-'))
    };
    let mut tokens = piece.split(' ').filter(|token| !token.is_empty());
    let is_first = tokens.next().is_some_and(is_number);
    let mut before = piece.split(' ').rev().skip_while(|token| !is_number(token));
    let number = before.next()?;
    let word = before.find(|word| !is_unit(word.trim_end_matches(':')) && word.len() > 1);
    let word = if is_first { tokens.next() } else { word };
    let word = word?.trim_end_matches(['.', ',']);
    let is_name = word.starts_with(char::is_uppercase) || ROADS.has(word);
    if !is_name || NO_STREETS.has(word) || (!is_first && word.len() < 3) {
        return None;
    }
    let start = text.rfind(piece)?;
    if is_first {
        return Some(start);
    }
    let number_at = start + piece.rfind(number)?;
    Some(back(text, number_at, start)).filter(|start| *start < number_at)
}

/// The address that ends with a postal code at `code`, behind the name of its town, where it begins with a house: `Plot
/// 118-B, Block 6, PECHS, Karachi 75400`. It begins at `floor` or behind it.
pub(in crate::detect) fn before_code(
    text: &str,
    code: usize,
    floor: usize,
) -> Option<Range<usize>> {
    let tail = text.get(code..)?;
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    let goes_on =
        tail.get(digits..)?.starts_with(|c: char| c.is_alphanumeric() || c == '.' || c == '-');
    if !matches!(digits, 5 | 6) || goes_on {
        return None;
    }
    house_before(text, code, floor, 2).map(|start| start..code + digits)
}

/// The same before a British code, the first digit of which stands at `digit`: `22 Heriot Row, Edinburgh EH3 6EN`.
pub(in crate::detect) fn before_british_code(
    text: &str,
    digit: usize,
    floor: usize,
) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let head = bytes.get(..digit)?;
    let letters = head.iter().rev().take(3).take_while(|byte| byte.is_ascii_uppercase()).count();
    let code = digit - letters;
    let is_apart = code.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b' ');
    let tail = bytes.get(digit..)?;
    let is_of_first = |byte: &&u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let first = tail.iter().take(3).take_while(is_of_first).count();
    let [b' ', number, one, two, rest @ ..] = tail.get(first..)? else { return None };
    let is_code = (1..=2).contains(&letters)
        && (1..=2).contains(&first)
        && number.is_ascii_digit()
        && one.is_ascii_uppercase()
        && two.is_ascii_uppercase()
        && !rest.first().is_some_and(u8::is_ascii_alphanumeric);
    if !is_apart || !is_code {
        return None;
    }
    house_before(text, code, floor, 1).map(|start| start..digit + first + " 6EN".len())
}

/// Where an address begins with a house that ends with the name of a town before `code`, and between them at least so
/// many pieces less one.
fn house_before(text: &str, code: usize, floor: usize, pieces_min: usize) -> Option<usize> {
    const PIECES_MAX: usize = 6;
    const ROW_BYTES_MAX: usize = 120;
    let from = text.ceil_char_boundary(code.saturating_sub(ROW_BYTES_MAX).max(floor));
    let head = text.get(from..code)?;
    let line = head.rsplit(['\n', ';', '|', '"', '(', ':']).next()?;
    let mut start = code;
    for (number, piece) in line.rsplit(',').take(PIECES_MAX).enumerate() {
        let bare = piece.trim();
        let is_town = |word: &str| word.starts_with(char::is_uppercase) && word.len() > 2;
        if number == 0 {
            if bare.split(' ').count() > 3 || !bare.split(' ').all(is_town) {
                return None;
            }
        } else {
            // What stands before the house belongs to the sentence.
            let (mut length, mut house) = (0, None);
            for word in bare.split(' ').rev().take_while(|word| is_of_an_address(word)) {
                length += word.len() + 1;
                // Digits alone number the words behind them.
                let is_number = is_house_number(word)
                    && (length > word.len() + 1 || word.contains(char::is_alphabetic));
                house = (is_unit(word) || is_number).then_some(length - 1).or(house);
            }
            if let Some(house) = house.filter(|_| number >= pieces_min) {
                let end = start - (piece.len() - piece.trim_end().len());
                return Some(end - house);
            }
            if length != bare.len() + 1 {
                return None;
            }
        }
        start = start.checked_sub(piece.len() + 1)?;
    }
    None
}

/// `12`, `23a`, `B-204`, `118-B`.
fn is_house_number(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let letters = token.bytes().filter(u8::is_ascii_alphabetic).count();
    (1..=4).contains(&digits)
        && letters <= 1
        && token.len() <= digits + 3
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'#'))
}

/// Kinds of streets that are written small before their names.
#[rustfmt::skip]
static ROADS: WordList = WordList::new(&[
    "calle", "avenida", "paseo", "plaza", "rue", "avenue", "boulevard", "allée", "impasse", "chemin", "quai", "place", "route",
    "via", "viale", "corso", "piazza", "vicolo", "largo", "rua", "travessa", "praça", "strada", "ulica", "ulice", "carrer",
    "ul", "ул", "вул", "улица", "вулиця",
]);

/// Words of a street behind whom it is called after.
#[rustfmt::skip]
static ROADS_BEHIND: WordList = WordList::new(&[
    "street", "road", "avenue", "boulevard", "lane", "drive", "utca", "utcája", "út", "útja", "tér", "tere", "körút", "köz",
    "sokak", "sokağı", "caddesi", "cad", "mahallesi", "bulvarı", "gatan", "gata", "vägen", "vej", "gade", "straße", "strasse", "straat", "laan",
    "katu", "tie", "iela", "gatvė", "ulice", "námestí", "trg",
]);

/// Whether it is a word of a street, behind whom or before whom it is called after.
pub(super) fn is_road(word: &str) -> bool {
    ROADS.has(word) || ROADS_BEHIND.has(word)
}

/// Whether a label is a house's in the name of its street, as in `İnönü Sokak No:5`, and not a form's, as in `Sokak No:`.
pub(in crate::detect) fn is_of_a_house(label: &str) -> bool {
    let mut words = label.rsplit(' ');
    let is_number = words.next().is_some_and(is_unit);
    let road = words.next().map(|word| word.trim_end_matches('.'));
    is_number && road.is_some_and(|word| ROADS_BEHIND.has(word)) && words.next().is_some()
}

/// More than any of them has, in bytes.
const PLACE_BYTES_MAX: usize = 32;

/// Words of a street, a quarter, a house or a town in Arabic, Persian, Urdu and Vietnamese, which stand before whom it
/// is called after.
#[rustfmt::skip]
static PLACES_BEFORE: WordList = WordList::new(&[
    "شارع", "طريق", "حي", "ميدان", "جادة", "كورنيش", "مدينة", "منطقة", "مبنى", "عمارة", "برج",
    "خیابان", "کوچه", "بلوار", "میدان", "محلہ", "گلی", "سڑک",
    "tp", "phố", "đường", "phường", "quận", "huyện",
]);

/// `вул. Шевченка`, and the name before `utca`: whom a street is called after does not live there.
pub(in crate::detect) fn is_of_a_street(text: &str, name: Range<usize>) -> bool {
    let (named, behind) = (text.get(name.clone()), text.get(name.end..));
    let first =
        named.filter(|name| name.contains(' ')).and_then(|name| name.split([' ', '.']).next());
    let next = behind
        .and_then(|rest| rest.strip_prefix(' '))
        .and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
    let near = text.ceil_char_boundary(name.start.saturating_sub(PLACE_BYTES_MAX));
    let before = text.get(near..name.start).map(|head| head.trim_end_matches([' ', '.']));
    let before = before.and_then(|head| head.rsplit([' ', ',', '،', '\n']).next());
    first.is_some_and(|word| ROADS.has(word) || PLACES_BEFORE.has(word))
        || before.is_some_and(|word| PLACES_BEFORE.has(word))
        || next.is_some_and(|word| ROADS_BEHIND.has(word))
}

/// What else has a number, a comma and another number behind it.
#[rustfmt::skip]
static NO_STREETS: WordList = WordList::new(&[
    "section", "page", "pages", "room", "table", "chapter", "figure", "fig", "part", "item", "order", "step", "vol", "volume",
    "version", "level", "line", "lines", "act", "gate", "platform", "day", "week", "year", "article", "paragraph", "number",
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday", "sunday", "port", "error", "build", "windows", "python", "ubuntu", "ios", "android",
]);
