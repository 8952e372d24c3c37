//! Postal addresses in prose: after words that announce one (`announced`), around the name of a street with a house
//! number and a town (`street`), by their postal codes (`code`), and by the order of province, city, road and number
//! that East Asian addresses have (`east_asian`).

mod announced;
mod code;
mod east_asian;
mod street;
mod words;

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::domain::{ends_in_any_case, runs};

pub(super) use self::{
    announced::announced,
    code::{around_code, before_british_code, before_code, is_of_a_house, is_of_a_street},
    east_asian::{east_asian, is_of_a_run, korean},
    street::around_street,
};
use words::is_end;

/// Longest address, bytes.
const BYTES_MAX: usize = 200;
/// Digits of the shortest telephone number that is told from a house's or a postal code.
const DIGITS_MIN: usize = 7;

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let end = text.floor_char_boundary(range.end.max(range.start));
    let found = before_a_number(text.get(range.start..end).unwrap_or_default());
    let head = found.len() - found.trim_start_matches([' ', ',', '\n', '\r', '\t']).len();
    let tail = found.trim_end_matches([' ', ',', '.', '\n', '\r', '-']).len();
    range.start + head..range.start + tail.max(head)
}

/// What stands before a word for a telephone and its number, or for whoever is to be found there: `…, 40115, WA 0812…`,
/// `…サンハイツ203 TEL 03…`, `…12號3樓，收件人卓子傑`.
fn before_a_label(found: &str) -> &str {
    const OF_PERSONS: [&str; 8] =
        ["收件人", "收货人", "收貨人", "联系人", "聯絡人", "联系电话", "باسم ", "받는 분"];
    const OF_NUMBERS: [&str; 35] = [
        "tel",
        "telp",
        "telefon",
        "telefono",
        "teléfono",
        "telefone",
        "téléphone",
        "phone",
        "ph",
        "mobile",
        "mob",
        "cell",
        "cel",
        "call",
        "whatsapp",
        "hp",
        "fax",
        "тел",
        "Тел",
        "телефон",
        "Телефон",
        "моб",
        "звоните",
        "звонить",
        "дзвоніть",
        "电话",
        "電話",
        "手机",
        "手機",
        "携帯",
        "전화",
        "연락처",
        "هاتف",
        "جوال",
        "फ़ोन",
    ];
    let mut end =
        OF_PERSONS.iter().filter_map(|word| found.find(word)).min().unwrap_or(found.len());
    let head = found.get(..end).unwrap_or_default();
    for at in runs(head.as_bytes(), |byte| byte.is_ascii_digit() || byte == b'+') {
        let behind = head.as_bytes().get(at..).unwrap_or_default();
        let is_of_it = |byte: &&u8| byte.is_ascii_digit() || b" -()+".contains(byte);
        let digits = behind.iter().take_while(is_of_it).filter(|b| b.is_ascii_digit()).count();
        if digits < DIGITS_MIN {
            continue;
        }
        let before = head.get(..at).unwrap_or_default();
        let before = before.trim_end_matches([' ', '.', ':', '：', '-', '(', '+']);
        let words = OF_NUMBERS.iter().filter(|word| ends_in_any_case(before, word));
        let starts = words.map(|word| before.len() - word.len());
        let is_whole = |start: &usize| {
            let is_joined = before.get(..*start).unwrap_or_default().ends_with(char::is_alphabetic);
            !is_joined || before.get(*start..).is_some_and(|word| !word.is_ascii())
        };
        if let Some(start) = starts.filter(is_whole).min() {
            end = start;
            break;
        }
    }
    found
        .get(..end)
        .map(|head| head.trim_end_matches([' ', ',', ';', '，', '、', '،']))
        .unwrap_or(found)
}

/// What stands before a sentence that begins with what else is known of somebody: `…, 50667 Köln. Geburtsdatum …`.
fn before_a_sentence(found: &str) -> &str {
    let mut ends = found.match_indices(". ").map(|(at, _)| at);
    let is_of_another = |at: &usize| {
        let word = found.get(at + 2..).and_then(|rest| rest.split([' ', ':']).next());
        let is_begun = word.is_some_and(|word| word.starts_with(char::is_uppercase));
        is_begun && word.is_some_and(|word| word.chars().nth(2).is_some() && is_end(word))
    };
    ends.find(is_of_another).and_then(|at| found.get(..at)).unwrap_or(found)
}

/// What stands before a telephone number that an address goes on with, and before the words that announce that one:
/// `…, 79032, телефон +380…`, `…, Selangor. Call +60…`.
pub(super) fn before_a_number(found: &str) -> &str {
    const CLAUSE_BYTES_MAX: usize = 40;
    let found = before_a_sentence(before_a_label(found));
    let is_number = |at: &usize| {
        let behind = found.as_bytes().get(at + 1..).unwrap_or_default();
        let is_of_it = |byte: &&u8| byte.is_ascii_digit() || b" -()".contains(byte);
        behind.first().is_some_and(u8::is_ascii_digit)
            && behind.iter().take_while(is_of_it).filter(|b| b.is_ascii_digit()).count()
                >= DIGITS_MIN
    };
    let Some(plus) = memchr::memchr2_iter(b'+', b'\n', found.as_bytes()).find(is_number) else {
        return found;
    };
    let head = found.get(..plus).unwrap_or_default();
    // A number that has a line to itself is none of the address's.
    if found.as_bytes().get(plus) == Some(&b'\n') {
        return head;
    }
    let clause = head.rfind([',', '.', ';', '，', '、', '。']);
    let announces = |at: &usize| {
        let words = head.get(*at..).unwrap_or_default();
        words.len() <= CLAUSE_BYTES_MAX && !words.bytes().any(|byte| byte.is_ascii_digit())
    };
    // `Моб. +7…` ends in a dot itself.
    let is_blank = |at: &usize| head.get(*at + 1..).is_some_and(|rest| rest.trim().is_empty());
    let clause = match clause.filter(is_blank) {
        Some(dot) => head.get(..dot).and_then(|head| head.rfind([',', '.', ';'])).or(Some(dot)),
        None => clause,
    };
    clause.filter(announces).and_then(|at| head.get(..at)).unwrap_or(head)
}
