//! Digits and the groups around them, as numbers are written.

use crate::{
    detect::token::{Token, is_separator},
    domain::is_like,
};

/// Runs of letters and digits with single separators between them, as numbers are written in groups.
pub(super) struct Chain {
    runs: [Run; Self::RUNS_MAX],
    count: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Chain {
    const RUNS_MAX: usize = 12;
    /// Longest run that is part of a value.
    const RUN_BYTES_MAX: usize = 36;
    /// Most groups one value is written in.
    pub(super) const READING_RUNS_MAX: usize = 9;

    /// The chain around the digit at `digit`, looking back no further than `floor`.
    pub(super) fn around(bytes: &[u8], digit: usize, floor: usize) -> Self {
        let mut chain = Self { runs: [Run::default(); Self::RUNS_MAX], count: 0, end: digit + 1 };
        let head = bytes.get(floor..digit).unwrap_or_default();
        let mut start =
            digit - head.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        start -= letters_before(bytes.get(floor..start).unwrap_or_default());
        loop {
            let rest = bytes.get(start..).unwrap_or_default();
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let end = start + length;
            let run = bytes.get(start..end).unwrap_or_default();
            let belongs = length > 0
                && (run.iter().any(u8::is_ascii_digit)
                    || (length <= 4 && run.iter().all(u8::is_ascii_uppercase))
                    || (length == 2 && run.iter().all(u8::is_ascii_hexdigit)));
            if chain.count > 0 && !belongs {
                return chain;
            }
            chain.end = end;
            if let Some(slot) = chain.runs.get_mut(chain.count) {
                let narrow = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
                *slot = Run { start: narrow(start), end: narrow(end) };
                chain.count += 1;
            }
            let gap = bytes.get(end..).unwrap_or_default();
            let separators = gap.iter().take(3).take_while(|byte| is_separator(**byte)).count();
            let joins = match separators {
                1 => true,
                // `) ` and ` (` and `) (`, and `030 / 278 62 23`.
                2 | 3 => {
                    let signs = gap.get(..separators).unwrap_or_default();
                    let is_trunk = chain.count == 1 && run.len() <= 5 && run.starts_with(b"0");
                    signs.iter().any(|byte| matches!(byte, b'(' | b')'))
                        || (is_trunk && matches!(signs, b" / " | b" - "))
                }
                _ => false,
            };
            if !joins || chain.count == Self::RUNS_MAX {
                return chain;
            }
            start = end + separators;
        }
    }

    pub(super) fn runs(&self) -> &[Run] {
        self.runs.get(..self.count).unwrap_or_default()
    }

    /// As long as some value is, in groups that are not all single digits. Half a pair of coordinates
    /// (two groups) and an IP address (four) may be shorter.
    pub(super) fn is_written_like_a_number(&self, from: usize, to: usize) -> bool {
        let runs = self.runs().get(from..to).unwrap_or_default();
        let total: usize = runs.iter().map(|run| (run.end - run.start) as usize).sum();
        let enough = total >= 7 || matches!(runs.len(), 2 | 4) && total >= 4;
        enough
            && total <= Token::CAPACITY
            && (total + 2 >= runs.len() * 2 || total >= 4 && runs.len() == 4)
    }

    /// A long run, or one that fillers follow, as in the machine readable zone of a passport.
    pub(super) fn may_be_a_zone(&self, bytes: &[u8]) -> bool {
        self.runs().first().is_some_and(|run| {
            run.end - run.start >= 30 || bytes.get(run.end as usize) == Some(&b'<')
        })
    }

    pub(super) fn is_worth_a_look(&self) -> bool {
        let total: usize = self.runs().iter().map(|run| (run.end - run.start) as usize).sum();
        total >= 4
    }

    /// Whether the runs `from..to` stand by themselves: not glued to a longer word, number or path.
    pub(super) fn is_bounded(&self, bytes: &[u8], from: usize, to: usize) -> bool {
        let (Some(first), Some(last)) = (self.runs().get(from), self.runs().get(to - 1)) else {
            return false;
        };
        let (start, end) = (first.start as usize, last.end as usize);
        let too_long = self
            .runs()
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .any(|run| (run.end - run.start) as usize > Self::RUN_BYTES_MAX);
        let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        let further = start.checked_sub(2).and_then(|at| bytes.get(at)).copied();
        let after = bytes.get(end).copied();
        let beyond = bytes.get(end + 1).copied();
        let word = |byte: Option<u8>| byte.is_some_and(|byte| is_word_byte(&byte) || byte >= 0x80);
        let digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        let glued_before = match before {
            Some(b'_' | b'$' | b'%') => true,
            Some(b'/') => {
                further.is_some_and(|byte| is_word_byte(&byte))
                    && !self.are_both_long(bytes, from, to)
            }
            Some(b'-' | b'.') => further.is_some_and(|byte| is_word_byte(&byte)),
            Some(b':') => digit(further),
            Some(b',') => digit(further) && !self.is_a_cell(bytes, from, to),
            _ => false,
        };
        let glued_after = match after {
            // The beginning of an address, which is found as one.
            Some(b'_' | b'@') => true,
            Some(b'/') => {
                // A network of one host (RFC 4632 §3.1).
                let is_one_host = to - from == 4
                    && bytes.get(end..end + 3) == Some(b"/32")
                    && !word(bytes.get(end + 3).copied());
                word(beyond) && !is_one_host && !self.are_both_long(bytes, from, to)
            }
            Some(b'-') => word(beyond),
            Some(b'.') => digit(beyond),
            Some(b':') => digit(beyond) && digit(bytes.get(end - 1).copied()) && to - from < 4,
            _ => false,
        };
        !too_long && !glued_before && !glued_after && !self.is_of_pairs(bytes, from, to)
    }

    /// Behind a digit and a comma: too long for thousands or decimals, or an address of four numbers.
    fn is_a_cell(&self, bytes: &[u8], from: usize, to: usize) -> bool {
        const LONG: usize = 7;
        let runs = self.runs().get(from..to).unwrap_or_default();
        let total: usize = runs.iter().map(|run| (run.end - run.start) as usize).sum();
        let is_dotted =
            || runs.iter().rev().skip(1).all(|it| bytes.get(it.end as usize) == Some(&b'.'));
        total >= LONG || runs.len() == 4 && is_dotted()
    }

    /// One number and another, `03001234567/0321-7654321`: both too long for parts of one.
    fn are_both_long(&self, bytes: &[u8], from: usize, to: usize) -> bool {
        const LONG: usize = 9;
        let runs = self.runs().get(from..to).unwrap_or_default();
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return false };
        let (start, end) = (first.start as usize, last.end as usize);
        // A telephone number with its hyphens; a date has eight digits.
        let is_part = |byte: &&u8| byte.is_ascii_digit() || **byte == b'-';
        let is_long = |text: &mut dyn Iterator<Item = &u8>| {
            text.take(2 * LONG).take_while(is_part).filter(|byte| **byte != b'-').count() >= LONG
        };
        let own = bytes.get(start..end).unwrap_or_default();
        let behind = bytes.get(end..).and_then(|rest| rest.strip_prefix(b"/")).unwrap_or_default();
        let before =
            bytes.get(..start).and_then(|head| head.strip_suffix(b"/")).unwrap_or_default();
        own.iter().all(|byte| is_part(&byte))
            && is_long(&mut own.iter())
            && (is_long(&mut behind.iter()) || is_long(&mut before.iter().rev()))
    }

    /// Pairs of digits between more of them, as bytes are written out.
    fn is_of_pairs(&self, bytes: &[u8], from: usize, to: usize) -> bool {
        let runs = self.runs().get(from..to).unwrap_or_default();
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return false };
        let (start, end) = (first.start as usize, last.end as usize);
        let before = bytes.get(..start).and_then(|head| head.strip_suffix(b" "));
        let behind = bytes.get(end..).and_then(|rest| rest.strip_prefix(b" "));
        runs.iter().all(|run| run.end - run.start == 2)
            && (before.is_some_and(|head| is_pair_next(head.iter().rev().copied()))
                || behind.is_some_and(|rest| is_pair_next(rest.iter().copied())))
    }
}

/// Past the digits at `digit` when they are too few for a value and nothing goes on before or behind them,
/// as most numbers in a text are: counts, times, versions' parts. Looks back no further than `floor`.
pub(super) fn end_of_count(bytes: &[u8], digit: usize, floor: usize) -> Option<usize> {
    const VALUE_BYTES_MIN: usize = 7;
    let rest = bytes.get(digit..)?;
    let length =
        rest.iter().take(VALUE_BYTES_MIN).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let head = bytes.get(floor..digit)?;
    let goes_on_before = match head {
        [.., b'A'..=b'Z', b' ' | b'-'] => true,
        [.., last] => last.is_ascii_alphanumeric(),
        [] => false,
    };
    if length >= VALUE_BYTES_MIN || goes_on_before {
        return None;
    }
    let goes_on = match rest.get(length..)? {
        [b'<', ..] => true,
        [first, second, behind @ ..] if is_separator(*first) => {
            is_separator(*second)
                || second.is_ascii_digit()
                || second.is_ascii_uppercase()
                // A word of two letters may be a group of hexadecimal digits; one with a digit is a group.
                || (second.is_ascii_alphabetic() && may_be_group(*second, behind))
        }
        _ => false,
    };
    (!goes_on).then_some(digit + length)
}

/// Past the date and time of day at `digit`, as each line of a log begins. At midnight it may be a date that
/// stands for itself.
pub(super) fn end_of_time(bytes: &[u8], digit: usize) -> Option<usize> {
    const LENGTH: usize = 19;
    let time = bytes.get(digit..)?.first_chunk::<LENGTH>()?;
    let is_bounded = digit.checked_sub(1).and_then(|at| bytes.get(at)).is_none_or(|before| {
        !before.is_ascii_alphanumeric() && !matches!(before, b'-' | b'+' | b'.' | b'_')
    });
    let is_time = is_bounded
        && (is_like(time, b"0000-00-00T00:00:00") || is_like(time, b"0000-00-00 00:00:00"))
        && !time.ends_with(b"00:00:00");
    is_time.then(|| digit + LENGTH + zone_length(bytes.get(digit + LENGTH..).unwrap_or_default()))
}

/// How long the fraction of a second and the zone are that a time goes on with, as in RFC 3339 §5.6: `.123Z`,
/// `,123+08:00`. Nothing where they are part of something else.
fn zone_length(rest: &[u8]) -> usize {
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let fraction = match rest {
        [b'.' | b',', behind @ ..] if (1..=9).contains(&digits(behind)) => 1 + digits(behind),
        _ => 0,
    };
    let zone = rest.get(fraction..).unwrap_or_default();
    let length = match zone {
        [b'Z', ..] => 1,
        [b'+' | b'-', behind @ ..] => match behind.first_chunk::<5>() {
            Some(zone) if is_like(zone, b"00:00") => 6,
            _ if digits(behind) == 4 => 5,
            _ => 0,
        },
        _ => 0,
    };
    let end = fraction + length;
    // `10:15:20.123456789.5` is no time.
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if rest.get(end).is_some_and(goes_on) { 0 } else { end }
}

/// Whether a word that begins with a small letter may be a group of letters and digits.
fn may_be_group(first: u8, behind: &[u8]) -> bool {
    let length = behind.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let word = behind.get(..length).unwrap_or_default();
    word.iter().any(u8::is_ascii_digit)
        || (length == 1 && first.is_ascii_hexdigit() && word.iter().all(u8::is_ascii_hexdigit))
}

/// Whether a byte in hexadecimal digits stands first, as one reads on from a value. `de` is a word of many languages:
/// letters alone are one where another byte follows.
fn is_pair_next(mut bytes: impl Iterator<Item = u8>) -> bool {
    let mut pair = || {
        let pair = [bytes.next()?, bytes.next()?];
        let next = bytes.next();
        let is_one =
            pair.iter().all(u8::is_ascii_hexdigit) && !next.is_some_and(|byte| is_word_byte(&byte));
        is_one.then_some((pair, next == Some(b' ')))
    };
    pair().is_some_and(|(first, goes_on)| {
        first.iter().any(u8::is_ascii_digit) || (goes_on && pair().is_some())
    })
}

/// One to four capitals and a separator at the end of `head`, as in `AB 12 34 56 C`.
fn letters_before(head: &[u8]) -> usize {
    let Some((b' ' | b'-', rest)) = head.split_last() else { return 0 };
    let letters = rest.iter().rev().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
    let joined = rest.len().checked_sub(letters + 1).and_then(|at| rest.get(at));
    if (1..=4).contains(&letters) && !joined.is_some_and(is_word_byte) { letters + 1 } else { 0 }
}

pub(super) fn is_word_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::end_of_time;

    #[test]
    fn a_time_of_day_is_passed_and_midnight_may_be_a_date() {
        let at = |text: &str, digit| end_of_time(text.as_bytes(), digit);
        assert_eq!(at("2026-11-09T10:15:20.123Z INFO", 0), Some(24));
        assert_eq!(at("at 2026-11-09 10:15:20,5", 3), Some(24));
        assert_eq!(at("2026-11-09T10:15:20+08:00 GET", 0), Some(25));
        assert_eq!(at("2026-11-09T10:15:20-0500", 0), Some(24));
        assert_eq!(at("2026-11-09T10:15:20 03331234567", 0), Some(19));
        assert_eq!(at("2026-11-09T10:15:20.0333.1234567", 0), Some(19));
        assert_eq!(at("born 1990-05-12 00:00:00", 5), None);
        assert_eq!(at("-2026-11-09T10:15:20", 1), None);
        assert_eq!(at("2026-11-09 10:15", 0), None);
    }
}
