//! Dates a person may have been born on, in the forms payloads carry: the one reader of them. It answers with the
//! periods that a text may stand for; a check asks whether there is one in a form that it accepts.

mod epoch;
mod era;
mod figures;
mod month_name;
mod period;

use super::{Match, arithmetic};
pub use period::Period;
use period::Periods;

/// `1996-04-12`, `12/04/1996`, `19960412`, `12 April 1996`, ISO 8601 with a time, or milliseconds
/// since 1970 (of a field that is about a birth, so any year from 1900 counts).
pub(super) fn birth(text: &str) -> Option<Match> {
    let text = text.trim();
    let found = !plain(text).is_empty() || without_year(text);
    found.then_some(Match::PLAIN)
}

/// The same, and what only a name says is one: `2016-05`, `160501`, `20160501000000`, `2559-05-01` as Thailand counts
/// years, seconds since 1970 with a fraction, days since then, and what programs write of a moment or ask for in a search.
pub(super) fn birth_by_name(text: &str) -> Option<Match> {
    birth(text).or_else(|| {
        let text = text.trim();
        let found = by_name(text).or_else(|| by_a_program(text));
        (!found.is_empty()).then_some(Match::PLAIN)
    })
}

/// The same, or one of its parts where a date is told in several: a day, a month, a year.
pub(super) fn birth_or_part(text: &str) -> Option<Match> {
    birth_by_name(text).or_else(|| {
        let number = text.trim().parse::<u32>().ok().filter(|_| text.len() <= 4)?;
        matches!(number, 1..=31 | 1900..=2099).then_some(Match::PLAIN)
    })
}

/// The periods in which somebody may have been born of whom a text tells it, with the digits of ASCII. Where it has none
/// of the forms above, what looks like one counts: a year somewhere, the day before the month before a year.
pub fn birth_periods(text: &str) -> impl Iterator<Item = Period> {
    let text = text.trim();
    let written = plain(text).into_iter().chain(by_name(text));
    let mut written = written.peekable();
    let others = match written.peek() {
        None => by_a_program(text).or_else(|| likely(text)),
        Some(_) => Periods::NONE,
    };
    written.chain(others)
}

/// What is a date wherever it stands.
fn plain(text: &str) -> Periods {
    let date = text.split(['T', ' ']).next().filter(|date| date.len() >= 8).unwrap_or(text);
    figures::separated(date)
        .or_else(|| figures::year_first(text))
        .or_else(|| epoch::written(text))
        .or_else(|| month_name::between_numbers(text))
        .or_else(|| figures::east_asian(text))
        .or_else(|| era::day(text))
        .or_else(|| month_name::of_an_airline(text))
}

/// What is one where a name says so.
fn by_name(text: &str) -> Periods {
    figures::month(text)
        .or_else(|| figures::of_two_digits_each(text))
        .or_else(|| figures::with_a_time(text))
        .or_else(|| figures::buddhist(text))
        .or_else(|| epoch::with_a_fraction(text))
}

/// The same in the forms that programs give a moment or a day, where it has none of those.
fn by_a_program(text: &str) -> Periods {
    month_name::as_programs_write_it(text)
        .or_else(|| figures::loose_with_a_year(text))
        .or_else(|| figures::day_of_a_year(text))
        .or_else(|| epoch::of_a_program(text))
        .or_else(|| epoch::days(text))
        .or_else(|| compared(text))
}

/// A date behind what compares with it in a search: `ge1996-04-12` (FHIR R5 §3.2.1.5.7), `eq.1996-04-12`.
fn compared(text: &str) -> Periods {
    const WORDS: [&str; 12] =
        ["eq", "ne", "neq", "gt", "ge", "gte", "lt", "le", "lte", "sa", "eb", "ap"];
    let length = text.bytes().take_while(u8::is_ascii_lowercase).count();
    let (word, rest) = text.split_at_checked(length).unwrap_or_default();
    if !WORDS.contains(&word) {
        return Periods::NONE;
    }
    plain(rest.strip_prefix('.').unwrap_or(rest))
}

/// What cannot be much else where somebody's birth is told.
fn likely(text: &str) -> Periods {
    era::year(text)
        .or_else(|| figures::loose(text))
        .or_else(|| epoch::number(text))
        .or_else(|| figures::year_anywhere(text))
}

/// `--02-07` and `--0207` (RFC 6350 §4.3.1), which stand for no period.
fn without_year(text: &str) -> bool {
    const LEAP_YEAR: u32 = 2000;
    let Some(rest) = text.strip_prefix("--").filter(|rest| rest.is_ascii()) else { return false };
    let read = |part: Option<&str>| part.filter(|part| part.len() == 2)?.parse::<u32>().ok();
    let (month, day) = match rest.split_once('-') {
        Some((month, day)) => (read(Some(month)), read(Some(day))),
        None => (read(rest.get(..2)), read(rest.get(2..))),
    };
    month.zip(day).is_some_and(|(month, day)| arithmetic::is_birth_date(LEAP_YEAR, month, day))
}

/// `2024-05-12`, `12/05/2024`, `12.05.2024`, perhaps with a time: eight digits that are no number.
pub(in crate::detect) fn is_written_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let at = |position: usize| bytes.get(position).copied().unwrap_or(0);
    let separator = |byte: u8| matches!(byte, b'-' | b'/' | b'.');
    // `91.8.44.61` is as long, and no date.
    let digits = bytes.iter().take(10).filter(|byte| byte.is_ascii_digit()).count();
    // A time may follow the date.
    (bytes.len() == 10 || at(10) == b' ')
        && digits == 8
        && ((separator(at(4)) && at(4) == at(7)) || (separator(at(2)) && at(2) == at(5)))
}

/// `20240115`: a day of these two centuries in eight digits.
pub(in crate::detect) fn is_compact_day(text: &str) -> bool {
    text.len() == 8
        && matches!(text.get(..2), Some("19" | "20"))
        && text.parse::<u32>().is_ok_and(|day| {
            (1..=12).contains(&(day / 100 % 100)) && (1..=31).contains(&(day % 100))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_birth_in_many_forms() {
        for (text, expected) in [
            ("1996-04-12", true),
            ("1996/4/12", true),
            ("12/04/1996", true),
            ("04/13/1996", true),
            ("12.04.96", true),
            ("12APR96", true),
            ("32APR96", false),
            ("12APR1", false),
            ("5/30/74", true),
            ("1988. november 7.", true),
            ("7. listopadu 1988", true),
            ("7 marraskuuta 1988", true),
            ("19960412", true),
            ("1996-04-12T00:00:00Z", true),
            ("829267200000", true),
            ("/Date(321523200000+0000)/", true),
            ("-14182940", true),
            ("12 April 1996", true),
            ("Apr 12, 1996", true),
            ("12th April 1996", true),
            ("12 de abril de 1996", true),
            ("12 août 1996", true),
            ("12 of nothing 1996", false),
            ("1996年4月12日", true),
            ("1996年4月12日生", true),
            ("1996年4月12日，回电", false),
            ("昭和55年3月4日", true),
            ("昭和55年3月4日生", true),
            ("平成元年5月1日", true),
            ("S55.3.4", true),
            ("H2-10-30", true),
            ("民國79年5月3日", true),
            ("昭和55年13月4日", false),
            ("令和", false),
            ("S55", false),
            ("T-1000", false),
            ("H264.1.0", false),
            ("1996-02-30", false),
            ("1896-04-12", false),
            ("19961312", false),
            ("soon", false),
            ("12", false),
            ("", false),
            ("V12.5.3", false),
            ("--02-07", true),
            ("--0229", true),
            ("--13-07", false),
            ("--ab-07", false),
            ("--0", false),
        ] {
            assert_eq!(birth(text).is_some(), expected, "{text}");
        }
        for (text, expected) in [
            ("2016-05", true),
            ("05/2016", true),
            ("160501", true),
            ("010516", true),
            ("041695", true),
            ("20160501000000", true),
            ("20160501T000000Z", true),
            ("2559-05-01", true),
            ("01/05/2559", true),
            ("25590501", true),
            ("1462060800.0", true),
            ("2016-13", false),
            ("169901", false),
            ("20169901000000", false),
            ("20160501990000", false),
            ("2559-13-01", false),
            ("3059-05-01", false),
            ("1.5", false),
            // As programs write a moment (RFC 9110 §5.6.7, ECMA-262 §21.4.4.41, `Date` of Java), and databases a day.
            ("Fri, 12 Apr 1996 00:00:00 GMT", true),
            ("Fri Apr 12 1996 00:00:00 GMT+0500 (Pakistan Standard Time)", true),
            ("Fri Apr 12 00:00:00 PKT 1996", true),
            ("Apr 12, 1996 12:00:00 AM", true),
            ("Apr 12 1996 12:00AM", true),
            ("Friday, April 12, 1996", true),
            ("Friday, April 12th, 1996", true),
            ("12-APR-96", true),
            ("12 Apr 96", true),
            ("12Apr1996", true),
            ("12041996", true),
            ("12 04 1996", true),
            ("1996_04_12", true),
            ("1996-103", true),
            ("9598", true),
            ("-9598", true),
            ("35167", true),
            ("829267200000000", true),
            ("Date(829267200000)", true),
            ("eq1996-04-12", true),
            ("ge1996-04-12", true),
            ("eq.1996-04-12", true),
            ("Fri, 32 Apr 1996 00:00:00 GMT", false),
            ("Fri, 12 Apr 1896 00:00:00 GMT", false),
            ("Fri Apr 00:00:00", false),
            ("Room 12, April 1996 GMT", false),
            ("12-XYZ-96", false),
            ("1996-367", false),
            ("1800-103", false),
            ("0412", false),
            ("99999", false),
            ("-99999", false),
            ("5111111111111111", false),
            ("12.5.3.1996", false),
            ("31132024", false),
            ("Date(soon)", false),
            ("xx1996-04-12", false),
            ("eq", false),
        ] {
            assert_eq!(birth_by_name(text).is_some(), expected, "{text}");
            assert!(birth(text).is_none(), "{text}");
        }
        for (text, expected) in [
            ("1996-04-12", true),
            ("7", true),
            ("07", true),
            ("31", true),
            ("1969", true),
            ("32", false),
            ("0", false),
            ("1800", false),
            ("00007", false),
        ] {
            assert_eq!(birth_or_part(text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn the_periods_that_a_text_may_stand_for() {
        for (text, expected) in [
            ("1996-04-12", &["1996-04-12"][..]),
            ("04/13/1996", &["1996-04-13"]),
            ("04/12/1996", &["1996-12-04", "1996-04-12"]),
            ("13.04.96", &["2096-04-13", "1996-04-13"]),
            ("12APR96", &["2096-04-12", "1996-04-12"]),
            ("829267200000", &["1996-04-12"]),
            ("-1", &[]),
            ("12 April 1996", &["1996-01-01 to 1996-12-31"]),
            ("平成元年5月1日", &["1989-05-01"]),
            ("2559-05-01", &["2016-05-01"]),
            ("2016-02", &["2016-02-01 to 2016-02-29"]),
            ("161231", &["2016-12-31", "1916-12-31", "2031-12-16", "1931-12-16"]),
            // A number of milliseconds as well.
            ("201605010000", &["1976-05-22", "2016-05-01"]),
            // No form of a check's, and dates where a birth is told all the same.
            ("平成28年", &["2016-01-01 to 2016-12-31"]),
            ("H28", &["2016-01-01 to 2016-12-31"]),
            ("平成28年5月", &["2016-05-01 to 2016-05-31"]),
            ("2016 5 1", &["2016-05-01"]),
            ("2016年5月", &["2016-05-01 to 2016-05-31"]),
            ("24112016", &["2016-11-24"]),
            ("11242016 10:00", &["2016-11-24"]),
            ("201605", &["2016-05-01 to 2016-05-31"]),
            ("1462060800000000", &["2016-05-01"]),
            ("9598", &["1996-04-12", "1926-04-11"]),
            ("35167", &["1996-04-12"]),
            ("12-APR-96", &["2096-01-01 to 2096-12-31", "1996-01-01 to 1996-12-31"]),
            ("ge1996-04-12", &["1996-04-12"]),
            ("Tue 5 Dec 2016", &["2016-01-01 to 2016-12-31"]),
            ("2559", &["2016-01-01 to 2016-12-31"]),
            ("--02-07", &[]),
            ("13-17", &[]),
            ("soon", &[]),
            ("", &[]),
        ] {
            let told = |Period { first, last }| match first == last {
                true => first.to_string(),
                false => format!("{first} to {last}"),
            };
            let periods: Vec<String> = birth_periods(text).map(told).collect();
            assert_eq!(periods, expected, "{text}");
        }
    }

    proptest::proptest! {
        /// Whoever accepts a date can say of which days it is, but for one without a year.
        #[test]
        fn what_is_a_date_has_a_period(text in "[0-9A-Z年月日元./:+ -]{0,20}") {
            let is_one = birth_by_name(&text).is_some() && !text.trim().starts_with("--");
            proptest::prop_assert!(!is_one || birth_periods(&text).next().is_some(), "{text}");
        }
    }
}
