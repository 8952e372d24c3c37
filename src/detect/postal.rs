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
    code::{around_code, before_code},
    east_asian::{east_asian, is_of_a_run, korean},
    street::around_street,
};

/// Longest address, bytes.
const BYTES_MAX: usize = 200;

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let end = text.floor_char_boundary(range.end.max(range.start));
    let found = text.get(range.start..end).unwrap_or_default();
    let head = found.len() - found.trim_start_matches([' ', ',', '\n', '\r', '\t']).len();
    let tail = found.trim_end_matches([' ', ',', '.', '\n', '\r', '-']).len();
    range.start + head..range.start + tail.max(head)
}
