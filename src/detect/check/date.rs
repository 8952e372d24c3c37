//! Dates a person may have been born on, in the forms payloads carry.

use super::{Match, arithmetic};

/// `1996-04-12`, `12/04/1996`, `19960412`, `12 April 1996`, ISO 8601 with a time, or milliseconds
/// since 1970 (of a field that is about a birth, so any year from 1900 counts).
pub(super) fn birth(text: &str) -> Option<Match> {
    let text = text.trim();
    let date = text.split(['T', ' ']).next().filter(|date| date.len() >= 8).unwrap_or(text);
    let found = numeric(date)
        || compact(text)
        || epoch(text)
        || with_month_name(text)
        || east_asian(text)
        || without_year(text)
        || of_an_era(text)
        || of_an_airline(text);
    found.then_some(Match::PLAIN)
}

/// The same, and what only a name says is one: `2016-05`, `160501`, `20160501000000`, `2559-05-01` as Thailand counts
/// years, seconds since 1970 with a fraction.
pub(super) fn birth_by_name(text: &str) -> Option<Match> {
    let trimmed = text.trim();
    let found = || {
        of_a_month(trimmed)
            || of_two_digits_each(trimmed)
            || with_a_time(trimmed)
            || of_the_buddhist_era(trimmed)
            || trimmed
                .split_once('.')
                .is_some_and(|(whole, part)| is_fraction(part) && epoch(whole))
    };
    birth(text).or_else(|| found().then_some(Match::PLAIN))
}

fn is_fraction(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2016-05`, `05/2016`.
fn of_a_month(text: &str) -> bool {
    let Some((one, two)) = text.split_once(['-', '/', '.']) else { return false };
    let (year, month) = if one.len() == 4 { (one, two) } else { (two, one) };
    let read = |part: &str| is_fraction(part).then(|| part.parse::<u32>().ok()).flatten();
    let is_written_so = year.len() == 4 && (1..=2).contains(&month.len());
    is_written_so
        && read(year)
            .zip(read(month))
            .is_some_and(|(year, month)| arithmetic::is_birth_date(year, month, 1))
}

/// `160501`, `010516`.
fn of_two_digits_each(text: &str) -> bool {
    let Some(number) = text.parse::<u32>().ok().filter(|_| text.len() == 6) else { return false };
    let (one, two, three) = (number / 10_000, number / 100 % 100, number % 100);
    arithmetic::is_short_date(one, two, three) || arithmetic::is_short_date(three, two, one)
}

/// `20160501000000`, `20160501T000000Z`.
fn with_a_time(text: &str) -> bool {
    let (Some(day), Some(time)) = (text.get(..8), text.get(8..)) else { return false };
    let time = time.strip_prefix('T').unwrap_or(time).trim_end_matches('Z');
    let digits = matches!(time.len(), 4 | 6 | 9) && is_fraction(time);
    digits && time.get(..2).is_some_and(|hour| hour < "24") && compact(day)
}

/// Years since the death of the Buddha.
fn of_the_buddhist_era(text: &str) -> bool {
    const BEFORE: u32 = 543;
    let is_year = |part: &&str| part.len() == 4;
    let parts = || text.split(['-', '/', '.', ' ', 'T']);
    let year = parts().find(is_year).or_else(|| text.get(..4).filter(|_| text.len() == 8));
    let Some(year) = year else { return false };
    let Ok(ours) = year.parse::<u32>().map(|year| year.saturating_sub(BEFORE)) else {
        return false;
    };
    (1900..2100).contains(&ours) && {
        let text = text.replacen(year, &ours.to_string(), 1);
        let date = text.split(['T', ' ']).next().unwrap_or(&text);
        numeric(date) || compact(date)
    }
}

/// The same, or one of its parts where a date is told in several: a day, a month, a year.
pub(super) fn birth_or_part(text: &str) -> Option<Match> {
    birth_by_name(text).or_else(|| {
        let number = text.trim().parse::<u32>().ok().filter(|_| text.len() <= 4)?;
        matches!(number, 1..=31 | 1900..=2099).then_some(Match::PLAIN)
    })
}

/// `--02-07` and `--0207` (RFC 6350 §4.3.1).
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

/// `12APR87`, as airlines write days.
fn of_an_airline(text: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let (Some(day), Some(month), Some(year), 7) =
        (text.get(..2), text.get(2..5), text.get(5..), text.len())
    else {
        return false;
    };
    let read = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?;
    let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == month);
    match (read(day), month, read(year)) {
        (Some(day), Some((_, month)), Some(year)) => arithmetic::is_short_date(year, month, day),
        _ => false,
    }
}

/// Three numbers with one separator between them, year first or last.
fn numeric(text: &str) -> bool {
    let Some(separator) = text.chars().find(|c| !c.is_ascii_digit()) else { return false };
    if !matches!(separator, '-' | '/' | '.') {
        return false;
    }
    let mut parts = text.split(separator);
    let (Some(a), Some(b), Some(c), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let read = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 4);
    let (Some(a_number), Some(b_number), Some(c_number)) = (read(a), read(b), read(c)) else {
        return false;
    };
    let born = arithmetic::is_birth_date;
    match (a.len(), c.len()) {
        (4, 1 | 2) => born(a_number, b_number, c_number),
        (1 | 2, 4) => born(c_number, b_number, a_number) || born(c_number, a_number, b_number),
        (1 | 2, 2) => {
            arithmetic::is_short_date(c_number, b_number, a_number)
                || arithmetic::is_short_date(c_number, a_number, b_number)
                || arithmetic::is_short_date(a_number, b_number, c_number)
        }
        _ => false,
    }
}

/// `YYYYMMDD`.
fn compact(text: &str) -> bool {
    text.len() == 8
        && text.parse::<u32>().is_ok_and(|number| {
            arithmetic::is_birth_date(number / 10_000, number / 100 % 100, number % 100)
        })
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

/// Seconds or milliseconds since 1970, between 1900 and 2030.
fn epoch(text: &str) -> bool {
    // `/Date(321523200000+0000)/`, as services of .NET write it.
    let text = match text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        Some(inner) => inner.split('+').next().unwrap_or(inner),
        None => text,
    };
    let Ok(number) = text.parse::<i64>() else { return false };
    let digits = text.trim_start_matches('-').len();
    match digits {
        7..=8 => number < 0,
        9..=10 => (-2_208_988_800..1_900_000_000).contains(&number),
        11..=13 => (-2_208_988_800_000..1_900_000_000_000).contains(&number),
        _ => false,
    }
}

/// `12 April 1996`, `Apr 12, 1996`.
fn with_month_name(text: &str) -> bool {
    let mut year = false;
    let mut day = false;
    let mut month = false;
    for part in text.split([' ', ',', '-', '.', '/']).filter(|part| !part.is_empty()) {
        match part.parse::<u32>() {
            Ok(1900..=2099) => year = true,
            Ok(1..=31) => day = true,
            Ok(_) => return false,
            Err(_) => {
                // `12 de abril de 1996`.
                if matches!(part, "de" | "of" | "del") {
                    continue;
                }
                let end = part.char_indices().nth(3).map_or(part.len(), |(end, _)| end);
                let head = part.get(..end).map(str::to_lowercase);
                let named = head.is_some_and(|head| MONTHS.contains(&head.as_str()));
                let ordinal =
                    part.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<u32>();
                if named {
                    month = true;
                } else if ordinal.is_ok_and(|ordinal| (1..=31).contains(&ordinal)) {
                    day = true;
                } else {
                    return false;
                }
            }
        }
    }
    year && month && day
}

/// Beginnings of months in English, German, French, Spanish, Portuguese, Italian, Dutch, Indonesian, Turkish,
/// Polish, Russian, Ukrainian, Greek, Arabic, Finnish, Hungarian, Romanian, Czech, Croatian and Bulgarian.
#[rustfmt::skip]
const MONTHS: [&str; 144] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mai", "okt", "dez", "fév", "fev",
    "avr", "jui", "aoû", "ene", "abr", "ago", "dic", "out", "gen", "mag", "giu", "lug", "set", "ott", "mär", "maa", "mei",
    "agu", "des", "oca", "şub", "nis", "haz", "tem", "ağu", "eyl", "eki", "kas", "ara", "sty", "lut", "kwi", "maj", "cze",
    "lip", "sie", "wrz", "paź", "lis", "gru", "янв", "фев", "мар", "апр", "мая", "май", "июн", "июл", "авг", "сен", "окт",
    "ноя", "дек", "січ", "лют", "бер", "кві", "тра", "чер", "лип", "сер", "вер", "жов", "лис", "гру", "ιαν", "φεβ", "απρ",
    "ιου", "αυγ", "σεπ", "οκτ", "νοε", "δεκ", "ينا", "فبر", "مار", "أبر", "ماي", "يون", "سبت", "أكت", "نوف", "ديس",
    "tam", "hel", "huh", "tou", "kes", "hei", "elo", "syy", "lok", "jou", "már", "ápr", "máj", "jún", "júl", "sze",
    "ian", "iun", "iul", "noi", "čer", "μαρ", "ное", "яну", "led", "úno", "bře", "dub", "kvě", "srp", "zář", "říj", "pro", "sij", "vel", "ožu", "tra",
    "svi", "kol", "ruj", "stu", "юни", "юли",
];

/// `1996年4月12日`, `1996년 4월 12일`.
fn east_asian(text: &str) -> bool {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut next = || numbers.next().and_then(|part| part.parse::<u32>().ok());
    let (Some(year), Some(month), Some(day)) = (next(), next(), next()) else { return false };
    let is_of_one = |c: char| c.is_ascii_digit() || c == ' ' || "年月日년월일生".contains(c);
    text.contains(['年', '년'])
        && text.chars().all(is_of_one)
        && arithmetic::is_birth_date(year, month, day)
}

/// `昭和55年3月4日`, `平成元年5月1日`, `S55.3.4`, `民國79年5月3日`: years counted from the first of an era.
fn of_an_era(text: &str) -> bool {
    let Some((rest, first)) =
        ERAS.iter().find_map(|(era, first)| Some((text.strip_prefix(era)?, first)))
    else {
        return false;
    };
    let rest = rest.trim_start_matches([' ', '.']);
    let (is_first_year, rest) = match rest.strip_prefix('元') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let is_of_one = |c: char| c.is_ascii_digit() || " .-/年月日生".contains(c);
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut next = || numbers.next().and_then(|part| part.parse::<u32>().ok());
    let year = if is_first_year { Some(1) } else { next().filter(|year| (1..=120).contains(year)) };
    let (Some(year), Some(month), Some(day)) = (year, next(), next()) else { return false };
    rest.chars().all(is_of_one) && arithmetic::is_birth_date(first + year, month, day)
}

/// The year before the first of each era of Japan since 1868, and of the Republic of China.
const ERAS: [(&str, u32); 11] = [
    ("明治", 1867),
    ("大正", 1911),
    ("昭和", 1925),
    ("平成", 1988),
    ("令和", 2018),
    ("民國", 1911),
    ("民国", 1911),
    ("T", 1911),
    ("S", 1925),
    ("H", 1988),
    ("R", 2018),
];

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
}
