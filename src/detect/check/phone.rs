//! Telephone numbers: international (ITU-T E.164), and the national forms of the larger plans.

use std::cell::OnceCell;

use crate::domain::Region;

use super::{
    Match,
    calling_codes::{self, Form, Plan},
    date,
};

/// The whole value of a field that is said to be a telephone number.
pub(in crate::detect) fn whole(text: &str) -> Option<Match> {
    if is_day(text) {
        return None;
    }
    let number = match Number::read(text) {
        Some(number) => number,
        // `0301_494_1686`: behind its name it is one however it is written.
        None if text.contains('_') => Number::read(bare(&text.replace('_', " "))?)?,
        None => Number::read(bare(text)?)?,
    };
    let digits = number.digits();
    if number.international {
        return international_behind_its_name(digits);
    }
    if is_of_nobody(digits) {
        return None;
    }
    if digits.starts_with(&[0, 0])
        && let Some(found) = digits.get(2..).and_then(international)
    {
        return Some(found);
    }
    if digits.iter().skip(1).all(|digit| Some(digit) == digits.first()) {
        return None;
    }
    match digits.len() {
        // A country code that was written without its `+`.
        11..=15 if mobile_with_code(digits).is_some() => {
            Some(Match { region: mobile_with_code(digits), ..Match::PLAIN })
        }
        7..=12 => Some(Match::PLAIN),
        // A trunk zero, and the 15 of Argentine mobile numbers: `0351 15-573-4849`.
        13 if digits.first() == Some(&0) => Some(Match::PLAIN),
        13..=15 => international(digits).map(|found| Match { shaped: false, ..found }),
        _ => None,
    }
}

/// Behind its name a number with a plus is one also where no plan admits it: plans change, and people mistype. It
/// speaks for no country then.
fn international_behind_its_name(digits: &[u8]) -> Option<Match> {
    const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
    let is_one_digit = digits.iter().skip(1).all(|digit| Some(digit) == digits.first());
    if is_free_of_charge(digits) || is_one_digit || are_mostly_zeros(digits) {
        return international(digits).filter(|_| !is_of_nobody(digits));
    }
    international(digits).or_else(|| DIGITS.contains(&digits.len()).then_some(Match::PLAIN))
}

/// The digits of a number in international form, without the digit dialled inside the country only; of one written
/// inside a country those that its plan has given out in `region`. `None` where that is what was written.
pub fn international_number(
    digits: &str,
    is_international: bool,
    region: Option<Region>,
) -> Option<String> {
    let values: Vec<u8> =
        digits.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    if is_international {
        let (plan, length) = calling_codes::plan(&values)?;
        let national = values.get(length..)?;
        let shorter = plan.without_trunk(national).or_else(|| national.strip_prefix(&[0]))?;
        let is_of_trunk = plan.read(national).is_none() && plan.read(shorter).is_some();
        return is_of_trunk.then(|| plan.full(shorter));
    }
    let plan = calling_codes::plan_of(region?)?;
    let national = plan.without_trunk(&values).unwrap_or(&values);
    plan.read(national).is_some().then(|| plan.full(national))
}

/// `1-800-000-0000`, `1234567890`: what forms and documents show where a number will be.
fn is_of_nobody(digits: &[u8]) -> bool {
    is_free_of_charge(digits) || digits == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
}

fn is_free_of_charge(digits: &[u8]) -> bool {
    match digits.strip_prefix(&[1]).unwrap_or(digits) {
        [8, first, second, rest @ ..] => first == second && rest == [0; 7],
        _ => false,
    }
}

/// A day of these two centuries, in as many digits as a telephone number.
fn is_day(text: &str) -> bool {
    let is_of_a_century = |year: Option<&str>| matches!(year, Some("19" | "20"));
    text.len() == 10
        && date::is_written_date(text)
        && (is_of_a_century(text.get(..2)) || is_of_a_century(text.get(6..8)))
}

/// Without the scheme before a number, and without parameters and an extension behind it (RFC 3966).
fn bare(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let (number, parameters) = text.split_at(text.find([';', ',']).unwrap_or(text.len()));
    // What is no parameter is a sentence that goes on, or another value.
    let is_parameter =
        |part: &str| part.contains('=') || part.bytes().all(|b| b.is_ascii_digit() || b == b' ');
    if !parameters.is_ascii()
        || parameters.contains('@')
        || !parameters.split([';', ',']).all(is_parameter)
    {
        return None;
    }
    let text = number.trim();
    Some(strip_extension(text))
}

/// A candidate in a text, `shaped` when its form alone says telephone number.
pub(in crate::detect) fn in_text(text: &str) -> Option<Match> {
    let number = Number::read(text)?;
    let digits = number.digits();
    // Fifteen (ITU-T E.164 §6.1) and what is dialled before them.
    const DIGITS_MAX: usize = 17;
    if digits.len() > DIGITS_MAX || is_of_nobody(digits) {
        return None;
    }
    if number.international {
        // One point stands behind the calling code (RFC 5733 §2.5), or in a number of another kind.
        if let Some((code, rest)) = text.split_once('.')
            && !rest.contains(['.', ' ', '-'])
            && calling_codes::plan(digits).is_none_or(|(_, length)| code.len() != length + 1)
        {
            return None;
        }
        // In a range that was not given out, as the numbers of films are, groups or all its length have to show it.
        let grouped = text.contains([' ', '-', '(']) || digits.len() >= 11;
        return international(digits)
            .map(|found| Match { shaped: found.shaped || grouped, ..found });
    }
    // `0092 313 8906720`: what most of the world dials for the plus.
    let dialled = match digits {
        [0, 0, rest @ ..] => international(rest).filter(|found| found.shaped),
        _ => None,
    };
    if dialled.is_some() && text.contains([' ', '-']) {
        return dialled;
    }
    let shaped = is_north_american_form(text)
        || is_national_form(text, digits)
        || (text.contains([' ', '-', '/'])
            && !text.contains('.')
            && (text.contains('(') || !text.starts_with("0 "))
            && !are_mostly_zeros(digits)
            && calling_codes::is_written_inside_a_country(digits, Vec10::lengths(text).form()));
    let plain = match digits {
        [1, 3..=9, ..] => digits.len() == 11,
        [0, 0, rest @ ..] => digits.len() >= 12 && international(rest).is_some(),
        // German mobile numbers are longer than most.
        [0, 1, 5..=7, ..] => (11..=12).contains(&digits.len()),
        [0, 8, ..] if digits.len() == 12 => true,
        [0, rest @ ..] => (9..=10).contains(&rest.len()) && !rest.starts_with(&[0]),
        [8, 9, ..] if digits.len() == 11 => true,
        [3 | 6..=9, ..] => digits.len() == 10,
        [2..=5, ..] => digits.len() == 10 && digits.get(3).is_some_and(|digit| *digit >= 2),
        _ => false,
    } || mobile_with_code(digits).is_some()
        || is_mobile_with_code(digits);
    // Seven and eight digits are telephone numbers only where a word says so and a gap shows it: a dash in
    // seven, since a status and a size have a space between them as well.
    let short = match digits.len() {
        7 => text.contains('-'),
        // Five and three are a Brazilian postal code.
        8 => {
            text.contains([' ', '-'])
                && !text.contains('.')
                && Vec10::lengths(text).as_slice() != [5, 3]
        }
        // Without gaps where mobile numbers begin so, as in Spain, Portugal, Poland and Czechia.
        9 => match Vec10::lengths(text).as_slice() {
            [3, 3, 3] | [3, 2, 2, 2] | [2, 3, 2, 2] => !text.contains('.'),
            [9] => matches!(digits, [6 | 7 | 9, ..]),
            _ => false,
        },
        // BR 11 973974286.
        11 => matches!((digits, Vec10::lengths(text).as_slice()), ([_, _, 9, ..], [2, 9])),
        // MX 55 1234 5678.
        10 => matches!(Vec10::lengths(text).as_slice(), [2, 4, 4] | [3, 3, 4] | [3, 3, 2, 2]),
        _ => false,
    };
    if shaped {
        Some(Match::SHAPED)
    } else if (plain || short) && !digits.iter().skip(1).all(|digit| Some(digit) == digits.first())
    {
        Some(Match { region: mobile_with_code(digits), ..Match::PLAIN })
    } else {
        None
    }
}

/// The countries that a text speaks of, by the first telephone numbers in it that have their calling code: what else
/// is written as there is a telephone number too.
pub(in crate::detect) struct Countries<'t> {
    text: &'t str,
    plans: OnceCell<[Option<&'static Plan>; COUNTRIES_MAX]>,
}

/// Most of them.
const COUNTRIES_MAX: usize = 2;

impl<'t> Countries<'t> {
    pub(in crate::detect) fn of(text: &'t str) -> Self {
        Self { text, plans: OnceCell::new() }
    }

    /// A candidate that is dialled inside one of them.
    pub(in crate::detect) fn read(&self, candidate: &str) -> Option<Match> {
        let number = Number::read(candidate).filter(|number| !number.international)?;
        let digits = number.digits();
        if candidate.contains('.') || digits.len() < 8 {
            return None;
        }
        let groups = Vec10::lengths(candidate);
        let plans = self.plans.get_or_init(|| self.find()).iter().flatten();
        plans.filter_map(|plan| plan.read_inside(digits, groups.form())).find_map(|valid| {
            // Without gaps it could be many things.
            let is_written_so = groups.count > 1 || valid.mobile;
            is_written_so.then_some(Match { shaped: true, region: valid.region, ..Match::PLAIN })
        })
    }

    fn find(&self) -> [Option<&'static Plan>; COUNTRIES_MAX] {
        const NUMBER_BYTES_MAX: usize = 24;
        const LOOKS_MAX: usize = 64;
        let mut plans: [Option<&'static Plan>; COUNTRIES_MAX] = [None; COUNTRIES_MAX];
        let mut count = 0;
        for plus in memchr::memchr_iter(b'+', self.text.as_bytes()).take(LOOKS_MAX) {
            let rest = self.text.get(plus..).unwrap_or_default();
            let length = rest
                .bytes()
                .take(NUMBER_BYTES_MAX)
                .skip(1)
                .take_while(|byte| byte.is_ascii_digit() || b" -.()".contains(byte))
                .count();
            let number = rest.get(..=length).map(str::trim_end).unwrap_or_default();
            let Some(number) = Number::read(number.trim_end_matches(['.', ')', '(', '-'])) else {
                continue;
            };
            let is_one = international(number.digits()).is_some_and(|found| found.shaped);
            let plan = calling_codes::plan(number.digits()).filter(|_| is_one);
            if let Some((plan, _)) = plan
                && !plans.iter().flatten().any(|known| std::ptr::eq(*known, plan))
                && let Some(slot) = plans.get_mut(count)
            {
                *slot = Some(plan);
                count += 1;
            }
        }
        plans
    }
}

/// Digits of an international number, calling code first.
fn international(digits: &[u8]) -> Option<Match> {
    let (plan, length) = calling_codes::plan(digits)?;
    let national = digits.get(length..)?;
    if national.iter().skip(1).all(|digit| Some(digit) == national.first()) {
        return None;
    }
    // The trunk digit that people leave in: `+44 (0)20 …`; a zero also where the country has none.
    let shorter = plan.without_trunk(national).or_else(|| national.strip_prefix(&[0]));
    if let Some(valid) = plan.read(national).or_else(|| plan.read(shorter?)) {
        return Some(Match { shaped: true, region: valid.region, ..Match::PLAIN });
    }
    let possible = plan.may_have(national) || shorter.is_some_and(|shorter| plan.may_have(shorter));
    possible.then_some(Match { region: plan.region(), ..Match::PLAIN })
}

/// A mobile number with its country code but without `+`, for plans whose mobile numbers cannot be
/// mistaken: code and first digits, whole length.
fn mobile_with_code(digits: &[u8]) -> Option<Region> {
    let region = match (digits, digits.len()) {
        ([9, 2, 3, ..], 12) => b"PK",
        ([9, 1, 6..=9, ..], 12) => b"IN",
        ([8, 6, 1, 3..=9, ..], 13) => b"CN",
        ([4, 4, 7, ..], 12) => b"GB",
        ([4, 9, 1, 5..=7, ..], 12..=13) => b"DE",
        ([9, 7, 1, 5, ..], 12) => b"AE",
        ([9, 6, 6, 5, ..], 12) => b"SA",
        ([8, 8, 0, 1, 3..=9, ..], 13) => b"BD",
        ([6, 2, 8, ..], 11..=14) => b"ID",
        ([8, 4, 3 | 5 | 7..=9, ..], 11) => b"VN",
        ([5, 5, _, _, 9, ..], 13) => b"BR",
        ([8, 2, 1, 0, ..], 12) => b"KR",
        ([2, 3, 4, 7..=9, ..], 13) => b"NG",
        _ => return None,
    };
    Some(Region::new(*region))
}

/// Whether some plan has given out this number to mobiles, its country code before it without `+`. That may be a
/// number inside another country as well, so that it speaks for none. Shorter ones are too many things.
fn is_mobile_with_code(digits: &[u8]) -> bool {
    const DIGITS_MIN: usize = 11;
    let plan = calling_codes::plan(digits).filter(|_| digits.len() >= DIGITS_MIN);
    plan.and_then(|(plan, length)| plan.read(digits.get(length..)?)).is_some_and(|it| it.mobile)
}

/// `(415) 555-0132`, `415-555-0132`, `415.555.0132`, with or without `1`.
fn is_north_american_form(text: &str) -> bool {
    let text = text.strip_prefix('1').map_or(text, |rest| rest.trim_start_matches(['-', '.', ' ']));
    let mut digits = [0u8; 10];
    let mut count = 0;
    let mut form = [0u8; 16];
    let mut length = 0;
    for byte in text.bytes() {
        let Some(slot) = form.get_mut(length) else { return false };
        *slot = if byte.is_ascii_digit() { b'9' } else { byte };
        length += 1;
        if byte.is_ascii_digit() {
            let Some(slot) = digits.get_mut(count) else { return false };
            *slot = byte - b'0';
            count += 1;
        }
    }
    let written = matches!(
        form.get(..length),
        Some(
            b"(999) 999-9999"
                | b"(999)999-9999"
                | b"999-999-9999"
                | b"999.999.9999"
                | b"(999) 999 9999"
                | b"999-999 9999"
                | b"999 999-9999"
        )
    );
    written && matches!(digits, [2..=9, _, _, 2..=9, ..])
}

/// As counters and addresses in memory are, and few numbers.
fn are_mostly_zeros(digits: &[u8]) -> bool {
    digits.iter().filter(|digit| **digit == 0).count() * 2 >= digits.len()
}

/// The written forms of other national plans that no other number has.
fn is_national_form(text: &str, digits: &[u8]) -> bool {
    let groups: Vec10 = Vec10::lengths(text);
    match (digits, groups.as_slice()) {
        // PK 0300-1234567, 0300 1234567, 021-34567890.
        ([0, 3, ..], [4, 7] | [4, 3, 4]) => true,
        // CN 138-0013-8000, 138 0013 8000.
        ([1, 3..=9, ..], [3, 4, 4]) => true,
        // JP and KR 090-1234-5678, 010-1234-5678, 03-1234-5678.
        ([0, 1 | 5 | 7..=9, ..], [3, 4, 4]) => true,
        ([0, 2 | 3 | 6, ..], [2, 4, 4] | [2, 3, 4]) => true,
        // IN 98765 43210, 098765 43210.
        ([6..=9, ..], [5, 5]) | ([0, 6..=9, ..], [6, 5]) => true,
        // FR 06 12 34 56 78; GB 07700 900123, 020 7946 0958; DE 0151 12345678.
        ([0, 1..=9, ..], [2, 2, 2, 2, 2]) => true,
        ([0, 7, ..], [5, 6] | [5, 3, 3]) => true,
        ([0, 1 | 2, ..], [3, 4, 4] | [4, 3, 4] | [5, 6] | [5, 3, 3]) => true,
        ([0, 1, 5..=7, ..], [4, 7 | 8] | [5, 7]) => true,
        // AU 0412 345 678; BR (11) 91234-5678; TR 0532 123 45 67; AE 050 123 4567; MY 012-345 6789.
        ([0, 4, ..], [4, 3, 3]) => true,
        ([1..=9, ..], [2, 5, 4]) => true,
        ([0, 5, ..], [4, 3, 2, 2] | [4, 3, 4] | [3, 3, 4]) => true,
        ([0, 1, ..], [3, 3, 4]) => true,
        // RU 8 (916) 123-45-67; VN 0912 345 678; ID 0812-3456-7890.
        ([8, ..], [1, 3, 3, 2, 2]) => true,
        ([0, 3 | 5 | 7..=9, ..], [4, 3, 3] | [4, 4, 3 | 4] | [3, 3, 4]) => true,
        // SG 9123 4567 needs a word.
        _ => false,
    }
}

/// Lengths of the groups of digits, without allocating.
struct Vec10 {
    lengths: [u8; 10],
    count: usize,
}

impl Vec10 {
    fn lengths(text: &str) -> Self {
        let mut found = Self { lengths: [0; 10], count: 0 };
        let mut inside = false;
        for byte in text.bytes() {
            if byte.is_ascii_digit() {
                if !inside {
                    found.count += 1;
                }
                if let Some(length) =
                    found.count.checked_sub(1).and_then(|at| found.lengths.get_mut(at))
                {
                    *length += 1;
                }
            }
            inside = byte.is_ascii_digit();
        }
        found
    }

    fn as_slice(&self) -> &[u8] {
        self.lengths.get(..self.count).unwrap_or_default()
    }

    /// Without the gap behind a zero that stands alone: `0 (212) 317 78 36`.
    fn form(&self) -> Form {
        let groups = self.as_slice().iter().take(6);
        groups.enumerate().fold(0, |form, (at, length)| match (at, form) {
            (1, 1) => 1 + Form::from(*length),
            _ => form * 10 + Form::from(*length),
        })
    }
}

/// Takes `ext. 12`, `x12` and `#12` off the end.
fn strip_extension(text: &str) -> &str {
    let Some(at) = text.find(['x', 'X', 'e', 'E', '#']) else { return text };
    let (number, extension) = text.split_at(at);
    let extension = extension.trim_start_matches(|c: char| {
        c.is_ascii_alphabetic() || matches!(c, '.' | '#' | ':' | ' ')
    });
    let short = extension.len() <= 6 && extension.bytes().all(|byte| byte.is_ascii_digit());
    if short && !number.is_empty() { number.trim_end() } else { text }
}

/// What stands between the digits of a number; of a character beyond ASCII `first` is the first byte.
fn is_gap(text: &str, at: usize, first: u8) -> bool {
    let is_gap = |character: char| {
        matches!(character, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2010}'..='\u{2013}')
    };
    if first.is_ascii() {
        return is_gap(char::from(first));
    }
    text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(is_gap)
}

/// Digits of a number and whether it begins with `+`.
struct Number {
    international: bool,
    digits: [u8; Self::MAX],
    length: usize,
}

impl Number {
    /// Fifteen digits (E.164), an international prefix and a trunk zero.
    const MAX: usize = 19;

    fn read(text: &str) -> Option<Self> {
        let mut number = Self { international: false, digits: [0; Self::MAX], length: 0 };
        let mut gap = 0;
        for (at, byte) in text.bytes().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                *number.digits.get_mut(number.length)? = digit;
                number.length += 1;
                gap = 0;
                continue;
            }
            match byte {
                b'+' if at == 0 || text.get(..at) == Some("(") => number.international = true,
                _ if is_gap(text, at, byte) => {
                    gap += 1;
                    if gap > 3 {
                        return None;
                    }
                }
                // The rest of a character that is a gap.
                0x80..0xC0 => {}
                _ => return None,
            }
        }
        (number.length >= 5).then_some(number)
    }

    fn digits(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn international_numbers_know_their_jurisdiction() {
        for (text, region) in [
            ("+923001234567", Some("PK")),
            ("+92 300 1234567", Some("PK")),
            ("0092 300 1234567", Some("PK")),
            ("+91-98765-43210", Some("IN")),
            ("+86 138 0013 8000", Some("CN")),
            ("+6581234567", Some("SG")),
            ("+1 (202) 555-0143", Some("US")),
            ("+1 416 555 0143", Some("CA")),
            ("+44 (0)20 7946 0958", Some("GB")),
            ("+447700900123", Some("GB")),
            ("+4915112345678", Some("DE")),
            ("+39 06 1234 5678", Some("IT")),
            ("+7 701 123 4567", None),
            ("tel:+923001234567", Some("PK")),
            ("923001234567", Some("PK")),
            ("8613800138000", Some("CN")),
        ] {
            let found = whole(text).and_then(|found| found.region).map(|region| region.to_string());
            if region.is_some() {
                assert_eq!(found.as_deref(), region, "{text}");
            }
        }
    }

    #[test]
    fn lengths_and_first_digits_are_those_of_the_plan() {
        for text in [
            "+9230012345678901",
            "+9230012",
            "+65812345678",
            "+1 102 555 0143",
            "+999 123 4567",
            "+0 300 1234567",
            "+1234",
            "+920000000000",
        ] {
            assert!(in_text(text).is_none(), "{text}");
            assert!(whole(text).is_none_or(|found| found.region.is_none()), "{text}");
        }
    }

    #[test]
    fn behind_its_name_no_plan_has_to_admit_a_number() {
        for (text, expected) in [
            ("+4712345678", true),
            ("+85212345678", true),
            ("+1234567890", true),
            ("+15555555555", true),
            ("+90 555 555 55 55", true),
            ("+5215512345678", true),
            ("+0 300 1234567", true),
            ("+1234", false),
            ("+9230012345678901", false),
            ("+920000000000", false),
            ("+0000000000", false),
            ("+1111111111", false),
            ("+1-800-000-0000", false),
        ] {
            assert_eq!(whole(text).is_some(), expected, "{text}");
            assert!(!expected || in_text(text).is_none_or(|found| !found.shaped), "{text}");
        }
    }

    #[test]
    fn national_numbers_are_known_by_their_form() {
        for (text, shaped) in [
            ("0300-1234567", Some(true)),
            ("(415) 555-0132", Some(true)),
            ("415-555-0132", Some(true)),
            ("06 12 34 56 78", Some(true)),
            ("98765 43210", Some(true)),
            ("138-0013-8000", Some(true)),
            ("010-1234-5678", Some(true)),
            ("03001234567", Some(false)),
            ("13800138000", Some(false)),
            ("9876543210", Some(false)),
            ("9123 4567", Some(false)),
            ("12", None),
            ("1700000000", None),
            ("1700000000000", None),
            ("2024-05-12", None),
            ("12345", None),
            ("9999999999", None),
            ("000-000-0000", None),
        ] {
            let found = in_text(text).map(|found| found.shaped);
            // Dates have eight digits and dashes; the text scanner keeps them from here.
            if text == "2024-05-12" {
                continue;
            }
            assert_eq!(found, shaped, "{text}");
        }
    }

    #[test]
    fn a_key_makes_any_plausible_number_good() {
        for (text, expected) in [
            ("021 34567890", true),
            ("555-0132", true),
            ("+1 202 555 0143 ext. 12", true),
            ("+1 202 555 0143 x12", true),
            ("0000000000", false),
            ("1", false),
            ("n/a", false),
            ("Nokia 3310", false),
            ("2024-05-12T10:00", false),
            ("2024-05-12", false),
            ("23/11/2026", false),
            ("12-34-5678", true),
        ] {
            assert_eq!(whole(text).is_some(), expected, "{text}");
        }
    }
}
