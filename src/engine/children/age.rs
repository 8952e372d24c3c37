//! How old somebody is, as payloads tell it: an age, a range of ages, a bound, a word for a child, or the day of a birth
//! in the ways days are written. What can be read in several ways is read as the youngest it may be.

use jiff::civil::Date;

use crate::detect::{birth_periods, folded, is_word_for_a_child};

/// The highest age of majority (Singapore, Egypt): an upper bound beyond it is no child's.
const MAJORITY_MAX: u32 = 21;

/// In whole years.
pub(super) fn years(text: &str, today: Date) -> Option<u32> {
    let folded = folded(text);
    let text = folded.trim();
    if is_word_for_a_child(text) {
        return Some(0);
    }
    let mut periods = birth_periods(text).peekable();
    if periods.peek().is_none() {
        return told(&text.to_lowercase());
    }
    // Of what may be in a period, its end is the youngest there is.
    let born = periods.filter(|it| it.first <= today).map(|it| it.last.min(today)).max()?;
    let had_no_birthday = (today.month(), today.day()) < (born.month(), born.day());
    let years = i32::from(today.year()) - i32::from(born.year()) - i32::from(had_no_birthday);
    u32::try_from(years).ok()
}

/// `9`, `9.5`, `9 years`, `18 months`; of `13-17` and `13+` the lower end. `under 18` is any age below, and `under 65`
/// is nobody's in particular.
fn told(text: &str) -> Option<u32> {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let (first, second) = (numbers.next()?, numbers.next());
    let last = second.unwrap_or(first);
    // `--02-07` is a birthday without its year.
    let is_age = first.len() <= 3 && last.len() <= 3 && numbers.next().is_none();
    if !is_age || text.starts_with("--") {
        return None;
    }
    let is_bound = UPPER.iter().any(|words| text.contains(words)) || is_less(text);
    let years = if second.is_some() && (is_bound || is_range(text)) {
        let unit = text.rsplit_once(last)?.1;
        in_years(first, unit)?.min(in_years(last, unit)?)
    } else {
        in_years(first, text.split_once(first)?.1)?
    };
    if second.is_none() && is_bound {
        let end = years + u32::from(INCLUSIVE.iter().any(|words| text.contains(words)));
        return (end <= MAJORITY_MAX).then_some(0);
    }
    (years <= 150).then_some(years)
}

/// Whether nothing but a sign or a word for `to` stands between two numbers.
fn is_range(text: &str) -> bool {
    let between = text.trim_matches(|c: char| !c.is_ascii_digit());
    let between = between.trim_matches(|c: char| c.is_ascii_digit()).trim();
    ["-", "–", "—", "~", "〜", "～", "/", "to", "a", "à", "bis", "до", "至", "到", "and"]
        .contains(&between)
}

/// `-18 ans`; a bare `-1` is what databases write of what they do not know.
fn is_less(text: &str) -> bool {
    text.starts_with('-') && text.contains(char::is_alphabetic)
}

/// A number of years, or of the months that `unit` says it is of.
fn in_years(number: &str, unit: &str) -> Option<u32> {
    const MONTHS: [&str; 10] =
        ["mo", "mes", "mês", "мес", "个月", "個月", "개월", "ヶ月", "か月", "ay"];
    let number: u32 = number.parse().ok()?;
    let is_of_months = MONTHS.iter().any(|months| unit.trim_start().starts_with(months));
    Some(if is_of_months { number / 12 } else { number })
}

/// What says that an age is at most a number, or below it.
#[rustfmt::skip]
const UPPER: [&str; 35] = [
    "<", "≤", "under", "below", "less", "younger", "up to", "at most", "max", "unter", "jünger", "höchstens", "moins",
    "jusqu", "menor", "menos", "hasta", "até", "meno di", "sotto", "fino a", "onder", "poniżej", "до", "младше", "моложе",
    "未満", "未满", "未滿", "不满", "不滿", "以下", "미만", "이하", "dưới",
];
/// Those of them that mean the number as well.
#[rustfmt::skip]
const INCLUSIVE: [&str; 24] = [
    "<=", "=<", "≤", "or younger", "and younger", "or under", "and under", "or below", "and below", "or less", "up to",
    "at most", "max", "oder jünger", "und jünger", "höchstens", "et moins", "ou moins", "jusqu", "hasta", "até", "fino a",
    "以下", "이하",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_as_payloads_tell_them() {
        let today = Date::constant(2026, 11, 23);
        for (text, expected) in [
            ("9", Some(9)),
            ("٩", Some(9)),
            ("9.5", Some(9)),
            ("9.0", Some(9)),
            ("9 years", Some(9)),
            ("9岁", Some(9)),
            ("9y 3m", Some(9)),
            ("18 months", Some(1)),
            ("30 months", Some(2)),
            ("13-17", Some(13)),
            ("13–17", Some(13)),
            ("13 to 17", Some(13)),
            ("17-13", Some(13)),
            ("18-24", Some(18)),
            ("6-12 months", Some(0)),
            ("under 13", Some(0)),
            ("<13", Some(0)),
            ("under 18", Some(0)),
            ("17 or younger", Some(0)),
            ("17 and under", Some(0)),
            ("moins de 18 ans", Some(0)),
            ("-18 ans", Some(0)),
            ("未满18岁", Some(0)),
            ("18歳未満", Some(0)),
            ("17岁以下", Some(0)),
            ("18세 미만", Some(0)),
            ("under 36 months", Some(0)),
            ("under 21", Some(0)),
            ("≤20", Some(0)),
            ("20 or younger", Some(0)),
            ("21 or younger", None),
            ("<=21", None),
            ("21歳以下", None),
            ("under 65", None),
            ("13+", Some(13)),
            ("over 12", Some(12)),
            ("over 18", Some(18)),
            ("18以上", Some(18)),
            ("65+", Some(65)),
            (">=13 and <18", Some(13)),
            ("<18, >=13", Some(13)),
            ("age 18 months", Some(1)),
            ("minor", Some(0)),
            ("Child", Some(0)),
            ("未成年", Some(0)),
            ("adult", None),
            ("120", Some(120)),
            ("2016-11-23", Some(10)),
            ("2016-11-24T10:00:00Z", Some(9)),
            ("20161124", Some(9)),
            ("20161124T100000Z", Some(9)),
            ("24112016", Some(9)),
            ("24/11/2016", Some(9)),
            ("11/24/2016", Some(9)),
            ("24 November 2016", Some(9)),
            ("2016年5月1日", Some(10)),
            ("2016年12月1日", Some(9)),
            ("1479859200", Some(10)),
            ("1479859200000", Some(10)),
            ("1479859200000000", Some(10)),
            ("1462060800.0", Some(10)),
            ("/Date(1462060800000)/", Some(10)),
            ("/Date(1462060800000+0000)/", Some(10)),
            ("-14182940", Some(57)),
            ("٢٠١٦-٠٥-٠١", Some(10)),
            ("01.05.16", Some(10)),
            ("160501", Some(10)),
            ("12APR16", Some(10)),
            ("12APR87", Some(39)),
            ("2016-05", Some(10)),
            ("12/2016", Some(9)),
            ("201605", Some(10)),
            ("2016", Some(9)),
            ("2026", Some(0)),
            ("20160501000000", Some(10)),
            ("201605010000", Some(10)),
            ("829267200000", Some(30)),
            ("2559-05-01", Some(10)),
            ("1/5/2559", Some(10)),
            ("平成28年5月1日", Some(10)),
            ("令和元年5月1日", Some(7)),
            ("H28.5.1", Some(10)),
            ("昭和55年3月4日", Some(46)),
            ("民國105年5月3日", Some(10)),
            ("1996-04-12", Some(30)),
            ("2030-01-01", None),
            ("平成28年", Some(9)),
            ("--02-07", None),
            ("12.5.3", Some(14)),
            ("5 December 2016", Some(9)),
            ("Tue 5 Dec 2016", Some(9)),
            ("2016 Dec 5 10:00", Some(9)),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(years(text, today), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_written_panics(text in "[0-9A-Z年月日元./:+ -]{0,20}") {
            let _ = years(&text, Date::constant(2026, 11, 23));
        }
    }
}
