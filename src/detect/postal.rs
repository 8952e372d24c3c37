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

pub(super) use self::{
    announced::announced,
    code::{around_code, before_code, is_of_a_street},
    east_asian::{east_asian, is_of_a_run, korean},
    street::around_street,
};

/// Longest address, bytes.
const BYTES_MAX: usize = 200;

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let end = text.floor_char_boundary(range.end.max(range.start));
    let found = before_a_number(text.get(range.start..end).unwrap_or_default());
    let head = found.len() - found.trim_start_matches([' ', ',', '\n', '\r', '\t']).len();
    let tail = found.trim_end_matches([' ', ',', '.', '\n', '\r', '-']).len();
    range.start + head..range.start + tail.max(head)
}

/// What stands before a telephone number that an address goes on with, and before the words that announce that one:
/// `…, 79032, телефон +380…`, `…, Selangor. Call +60…`.
pub(super) fn before_a_number(found: &str) -> &str {
    const DIGITS_MIN: usize = 7;
    const CLAUSE_BYTES_MAX: usize = 40;
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
