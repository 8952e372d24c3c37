//! Postal addresses in prose: after words that announce one, around the name of a street with a house
//! number and a town, and by the order of province, city, road and number that East Asian addresses have.

use std::ops::Range;

use super::{
    check::{person, words::WordList},
    naming,
};

/// Longest address, bytes.
const BYTES_MAX: usize = 200;

/// The address that is announced before `start`: to the end of the sentence, or of the lines that belong
/// to it. A line before it with a name alone is skipped.
pub(super) fn announced(text: &str, start: usize) -> Option<Range<usize>> {
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
    let end = start + extent(window);
    let end = before_a_label(text, start..end);
    let range = trimmed(text, start..before_other_words(text, start..end));
    let found = text.get(range.clone())?;
    let words = found.split([' ', ',', '\n']).filter(|word| !word.is_empty()).count();
    let digits = found.bytes().filter(u8::is_ascii_digit).count();
    let wide = found.chars().any(|c| u32::from(c) >= 0x2e80);
    // `ul. …` and `д. …` begin small.
    let short = found.split_once('.').is_some_and(|(word, _)| word.chars().count() <= 4);
    let opens = short || found.chars().next().is_some_and(|c| !c.is_lowercase());
    let good = digits >= 1
        && digits * 2 <= found.len()
        && (words >= 3 || wide)
        && opens
        && person::address(found).is_some();
    good.then_some(range)
}

/// Where an address ends that a label with another value follows: `…, Lahore 54792, Cell: …`.
fn before_a_label(text: &str, range: Range<usize>) -> usize {
    let found = text.get(range.clone()).unwrap_or_default();
    let label = found.find(':').and_then(|colon| found.get(..colon)?.rfind(','));
    label.map_or(range.end, |comma| range.start + comma)
}

/// Where an address ends that other words follow: behind its postal code, `… BS6 5QP before noon`, and in Chinese
/// at the comma.
fn before_other_words(text: &str, range: Range<usize>) -> usize {
    let found = text.get(range.clone()).unwrap_or_default();
    if found.trim_start().starts_with(person::is_han) {
        return found.find([',', '，']).map_or(range.end, |comma| range.start + comma);
    }
    let mut at = 0;
    for word in found.split(' ') {
        if at > 0 && is_end(word) {
            return range.start + at;
        }
        at += word.len() + 1;
    }
    let mut end = range.end;
    for (number, word) in found.split(' ').rev().enumerate() {
        let is_small =
            word.starts_with(char::is_lowercase) && word.chars().all(char::is_alphabetic);
        if is_small {
            end = end.saturating_sub(word.len() + 1);
            continue;
        }
        let is_code = is_postal_code(word) || is_postal_code_in_two(word);
        return if is_code && number > 0 { end } else { range.end };
    }
    range.end
}

/// Bytes up to the end of the sentence; a line end goes on when the next line begins or ends with a number.
fn extent(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut position = 0;
    while let Some(offset) = bytes
        .get(position..)
        .and_then(|rest| rest.iter().position(|b| b".\n\r|;\"".contains(b) || *b == 0xe3))
    {
        let at = position + offset;
        let (before, after) =
            (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        match bytes.get(at) {
            Some(b'.') => {
                let word = before.rsplit([' ', ',', '.', '-']).next().unwrap_or_default();
                let short = (1..=4).contains(&word.chars().count())
                    && !word.bytes().any(|b| b.is_ascii_digit());
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
                if line.len() > 60 || line.contains(':') || line.starts_with('+') || !numbered {
                    return at;
                }
                position = at + 1;
            }
            // The East Asian full stop.
            Some(0xe3) if text.get(at..).is_some_and(|rest| rest.starts_with('。')) => return at,
            Some(0xe3) => position = at + 1,
            _ => return at,
        }
    }
    text.len().min(BYTES_MAX)
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let end = text.floor_char_boundary(range.end.max(range.start));
    let found = text.get(range.start..end).unwrap_or_default();
    let head = found.len() - found.trim_start_matches([' ', ',', '\n', '\r', '\t']).len();
    let tail = found.trim_end_matches([' ', ',', '.', '\n', '\r', '-']).len();
    range.start + head..range.start + tail.max(head)
}

/// The address around the name of a kind of street at `street`: words with capitals, numbers and what
/// stands between them, with a house number beside the street and a town or postal code behind it. It begins
/// at `floor` or behind it.
pub(super) fn around_street(
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
    let numbered = |token: &str| token.starts_with(|c: char| c.is_ascii_digit());
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

/// The address around a postal code that stands at `code`, where a street with a house number comes before it
/// and a town behind: `…, Via dei Mille 9, 50131 Firenze`. It begins at `floor` or behind it.
pub(super) fn around_code(text: &str, code: usize, floor: usize) -> Option<Range<usize>> {
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
        let bare = token.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let digits = bare.trim_matches(['/', '-']);
        (1..=4).contains(&digits.len())
            && token.len() <= digits.len() + 2
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
pub(super) fn before_code(text: &str, code: usize, floor: usize) -> Option<Range<usize>> {
    const PIECES_MAX: usize = 6;
    const BYTES_MAX: usize = 120;
    let tail = text.get(code..)?;
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    let goes_on =
        tail.get(digits..)?.starts_with(|c: char| c.is_alphanumeric() || c == '.' || c == '-');
    if !matches!(digits, 5 | 6) || goes_on {
        return None;
    }
    let from = text.ceil_char_boundary(code.saturating_sub(BYTES_MAX).max(floor));
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
            if let Some(house) = house.filter(|_| number >= 2) {
                let end = start - (piece.len() - piece.trim_end().len());
                return Some(end - house..code + digits);
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
]);

/// What else has a number, a comma and another number behind it.
#[rustfmt::skip]
static NO_STREETS: WordList = WordList::new(&[
    "section", "page", "pages", "room", "table", "chapter", "figure", "fig", "part", "item", "order", "step", "vol", "volume",
    "version", "level", "line", "lines", "act", "gate", "platform", "day", "week", "year", "article", "paragraph", "number",
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday", "sunday", "port", "error", "build", "windows", "python", "ubuntu", "ios", "android",
]);

fn is_postal_code(token: &str) -> bool {
    let token = token.trim_matches(['.', ',']);
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    ((4..=6).contains(&token.len()) && digits == token.len())
        // The two halves of a British, Canadian or Dutch code.
        || ((2..=4).contains(&token.len())
            && digits >= 1
            && digits < token.len()
            && token.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
}

/// A Polish, Portuguese, Brazilian or Japanese code.
fn is_postal_code_in_two(token: &str) -> bool {
    let is_of = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    token.split_once('-').is_some_and(|(first, second)| {
        [(2, 3), (4, 3), (5, 3), (3, 4)]
            .iter()
            .any(|(before, behind)| is_of(first, *before) && is_of(second, *behind))
    })
}

/// Where the words of an address before `end` begin.
fn back(text: &str, end: usize, floor: usize) -> usize {
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
        let last = token.ends_with('.') && token.chars().count() > 5;
        let is_in_brackets = token.starts_with('(') && token.trim_end_matches(',').ends_with(')');
        // The last word may stand before a quote or a bracket.
        if let Some(cut) = token.find([';', '|', '"', '\'', ')']).filter(|_| !is_in_brackets)
            && let Some(word) = token.get(..cut).filter(|word| !word.is_empty())
            && is_of_an_address(word)
            && !is_end(word)
        {
            return start + position + word.len();
        }
        let stops = token.contains([':', ';', '|', '"', '(', ')', '@']) && !is_in_brackets;
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

fn is_of_an_address(token: &str) -> bool {
    let bare = token.trim_matches([',', '.', '-', '–', '(', ')']);
    let first = bare.chars().next();
    bare.is_empty()
        || first
            .is_some_and(|c| c.is_uppercase() || c.is_ascii_digit() || matches!(c, '#' | 'º' | '№'))
        || SMALL.contains(&bare)
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

/// A word behind which, or a person before whom, no address goes on: `móvil 638…`, `c/o …`, `Pani …`. `Mobile,` is a
/// town.
fn is_end(token: &str) -> bool {
    !token.ends_with(',') && ENDS.has(token.trim_matches(['.', '(', ')']))
}

#[rustfmt::skip]
static ENDS: WordList = WordList::new(&[
    "tel", "phone", "telephone", "ph", "mob", "mobile", "móvil", "movil", "cell", "cel", "celular", "cellulare", "telefon", "handy",
    "telefono", "teléfono", "téléphone", "portable", "fax", "whatsapp", "email", "e-mail", "mail", "attn", "c/o", "mr", "mrs", "miss", "pani", "pan",
    "herr", "frau", "mevr", "mevrouw", "dhr", "meneer", "sr", "sra", "señor", "señora", "monsieur", "madame", "sig", "signora", "signor", "dni",
    "cnic", "nif", "rs", "inr", "pkr", "тел", "телефон", "получатель", "chị", "anh",
]);

fn is_unit(token: &str) -> bool {
    let bare = token.trim_end_matches([',', '.']);
    [
        "flat",
        "house",
        "plot",
        "apt",
        "unit",
        "suite",
        "shop",
        "h",
        "apartment",
        "villa",
        "blk",
        "block",
        "no",
        "lot",
        "tower",
        "room",
        "rm",
        "building",
        "bldg",
        "door",
    ]
    .iter()
    .any(|unit| bare.eq_ignore_ascii_case(unit))
}

#[rustfmt::skip]
const SMALL: [&str; 40] = [
    "de", "la", "le", "les", "del", "des", "du", "di", "da", "do", "dos", "das", "della", "von", "der",
    "den", "van", "am", "an", "im", "e", "y", "of", "no", "near", "apto", "apt", "flat", "floor", "house",
    "m", "kv", "кв", "д", "корп", "ул", "г", "n", "et", "bis",
];

/// A longer run of East Asian characters is a text without stops.
const RUN_BYTES_MAX: usize = 400;

/// The East Asian address in the run of its characters at `run`: an area and then a road, a block or a
/// number.
pub(super) fn east_asian(text: &str, run: Range<usize>) -> Option<Range<usize>> {
    let found = text.get(run.clone())?;
    // Digits first: they are what nearly every run is without.
    let has_digits = found.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digits || found.len() > RUN_BYTES_MAX || found.chars().count() < 7 {
        return None;
    }
    if !found.contains(AREAS) {
        return None;
    }
    // From the first province or city that is known by name, or else from the beginning.
    let known = PROVINCES.iter().filter_map(|name| found.find(name)).min();
    let from = known.unwrap_or_else(|| lead(found));
    let address = found.get(from..)?;
    let area = address.find(AREAS)?;
    let rest = address.get(area..)?;
    let place = rest.contains([
        '路', '街', '道', '巷', '弄', '村', '镇', '鎮', '町', '丁', '栋', '号', '號', '室', '座',
    ]) || rest
        .split(|c: char| !(c.is_ascii_digit() || c == '-'))
        .any(|part| part.contains('-') && part.len() >= 3)
        || rest.contains("大厦")
        || rest.contains("小区");
    let digits = rest.bytes().any(|byte| byte.is_ascii_digit());
    let short = address.chars().count() >= 7;
    (place && digits && short && !address.contains(['年', '月'])).then(|| run.start + from..run.end)
}

/// The last character of an area's name.
const AREAS: [char; 10] = ['省', '市', '区', '區', '县', '県', '都', '府', '州', '道'];

/// Bytes of the words that announce an address inside a run: `地址是`, `寄到`.
fn lead(found: &str) -> usize {
    ["地址是", "地址为", "地址", "寄到", "送到", "送货到", "发到", "住在", "住", "在"]
        .iter()
        .filter_map(|word| found.find(word).filter(|at| *at <= 24).map(|at| at + word.len()))
        .max()
        .unwrap_or(0)
}

/// Characters an East Asian address is written with.
pub(super) fn is_of_a_run(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '0'..='9' | 'A'..='Z' | '-' | '#' | '−')
}

/// Korean: `서울특별시 강남구 테헤란로 152`, words with their endings in this order.
pub(super) fn korean(text: &str) -> Option<Range<usize>> {
    // Syllables of Hangul begin with these bytes, and an address ends with a number.
    let bytes = text.as_bytes();
    let is_korean = bytes.iter().any(|byte| matches!(byte, 0xEA..=0xED));
    if !is_korean || !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let at = KOREAN_PROVINCES.iter().filter_map(|name| text.find(name)).min()?;
    let end = text.floor_char_boundary(text.len().min(at + BYTES_MAX));
    let mut position = at;
    let (mut area, mut road, mut last) = (false, false, None);
    for piece in text.get(at..end)?.split_inclusive(' ') {
        let token = piece.trim_end_matches([' ', ',', '.']);
        let numbered = token.starts_with(|c: char| c.is_ascii_digit());
        if road && numbered {
            last = Some(position + token.len());
        } else if last.is_some() {
            break;
        }
        area |= token.ends_with(['구', '군', '시']) && position > at;
        road |= token.ends_with(['로', '길', '동', '읍', '면']);
        position += piece.len();
    }
    last.filter(|_| area || road).map(|end| at..end)
}

#[rustfmt::skip]
const KOREAN_PROVINCES: [&str; 18] = [
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원", "충청", "충북", "충남",
    "전라", "전북", "전남", "경상", "제주",
];

#[rustfmt::skip]
const PROVINCES: [&str; 90] = [
    "北京", "天津", "上海", "重庆", "重慶", "河北", "山西", "辽宁", "吉林", "黑龙江", "江苏", "浙江", "安徽",
    "福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "海南", "四川", "贵州", "云南", "陕西", "甘肃",
    "青海", "内蒙古", "广西", "西藏", "宁夏", "新疆", "台北", "臺北", "新北", "桃園", "台中", "台南", "高雄",
    "香港", "深圳", "广州", "杭州", "东京", "東京都", "北海道", "大阪府", "京都府", "神奈川県", "埼玉県",
    "千葉県", "愛知県", "兵庫県", "福岡県", "静岡県", "茨城県", "広島県", "宮城県", "新潟県", "長野県", "岐阜県",
    "群馬県", "栃木県", "岡山県", "福島県", "三重県", "熊本県", "鹿児島県", "沖縄県", "滋賀県", "山口県", "愛媛県",
    "長崎県", "奈良県", "青森県", "岩手県", "石川県", "山形県", "大分県", "宮崎県", "富山県", "秋田県", "香川県",
    "和歌山県", "佐賀県", "山梨県", "福井県", "徳島県", "高知県", "島根県",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_addresses_end_with_their_sentence() {
        for (text, expected) in [
            (
                "27 Harcourt Terrace, Bristol BS6 5QW. Thanks!",
                Some("27 Harcourt Terrace, Bristol BS6 5QW"),
            ),
            ("ul. Tverskaya, d. 15, kv. 42, Moskva", Some("ul. Tverskaya, d. 15, kv. 42, Moskva")),
            (
                "\nAgnieszka Nowak\nul. Długa 84/92 m. 12\n00-514 Warszawa\nTel: 5",
                Some("ul. Długa 84/92 m. 12\n00-514 Warszawa"),
            ),
            ("北京市朝阳区建国路88号5号楼1203室。谢谢", Some("北京市朝阳区建国路88号5号楼1203室")),
            ("the usual place", None),
            ("0x7ffe1234abcd", None),
            ("", None),
        ] {
            let found = announced(text, 0).and_then(|range| text.get(range));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_street_with_number_and_town_is_an_address() {
        for (text, street, expected) in [
            (
                "We met at 1842 Fulton Street, Apt 4, San Francisco, CA 94117 today",
                "Street",
                Some("1842 Fulton Street, Apt 4, San Francisco, CA 94117"),
            ),
            (
                "j'habite au 18 rue des Martyrs, 75009 Paris. Merci",
                "rue",
                Some("18 rue des Martyrs, 75009 Paris"),
            ),
            (
                "visit Schönhauser Allee 147, 10435 Berlin soon",
                "Allee",
                Some("Schönhauser Allee 147, 10435 Berlin"),
            ),
            ("in der Hauptstraße 5, 10435 Berlin", "straße", Some("Hauptstraße 5, 10435 Berlin")),
            (
                "Rua Augusta, 1508, apto 72, São Paulo - SP",
                "Rua",
                Some("Rua Augusta, 1508, apto 72, São Paulo - SP"),
            ),
            ("crossed the street at 5 pm", "street", None),
            ("Wall Street, New York Times", "Street", None),
            ("the road to 2030, Part 1", "road", None),
        ] {
            let at = text.find(street).unwrap();
            let found =
                around_street(text, at..at + street.len(), 0).and_then(|range| text.get(range));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn east_asian_addresses_go_from_the_large_to_the_small() {
        for (text, expected) in [
            ("我的地址是上海市浦东新区世纪大道100号12楼", Some("上海市浦东新区世纪大道100号12楼")),
            ("東京都渋谷区神南1-19-11", Some("東京都渋谷区神南1-19-11")),
            ("浙江省杭州市西湖区文三路90号", Some("浙江省杭州市西湖区文三路90号")),
            ("北京市2026年第1号公告", None),
            ("欢迎选购最新款手机与电话手表", None),
        ] {
            let found = east_asian(text, 0..text.len()).and_then(|range| text.get(range));
            assert_eq!(found, expected, "{text}");
        }
        let text = "주소 서울특별시 강남구 테헤란로 152 입니다";
        assert_eq!(
            korean(text).and_then(|range| text.get(range)),
            Some("서울특별시 강남구 테헤란로 152")
        );
        assert_eq!(korean("서울 날씨는 20도"), None);
    }
}
