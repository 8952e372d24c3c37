//! Dates with the name of a month.

use super::{
    figures::number,
    period::{Period, Periods},
};
use crate::detect::check::words::WordList;

/// `12 April 1996`, `Apr 12, 1996`: some day of that year, since what begins the name of a month in one language begins
/// another's in another (`lis` is November in Polish and October in Croatian).
pub(super) fn between_numbers(text: &str) -> Periods {
    let (mut year, mut day, mut month) = (None, false, false);
    for part in text.split([' ', ',', '-', '.', '/']).filter(|part| !part.is_empty()) {
        match part.parse::<u32>() {
            Ok(number @ 1900..=2099) => year = Some(number),
            Ok(1..=31) => day = true,
            Ok(_) => return Periods::NONE,
            // `12 de abril de 1996`.
            Err(_) if matches!(part, "de" | "of" | "del") => {}
            Err(_) if is_of_a_month(part) => month = true,
            Err(_) if is_ordinal(part) => day = true,
            Err(_) => return Periods::NONE,
        }
    }
    Periods::one(year.filter(|_| month && day).and_then(Period::year))
}

/// The same with a day of the week before it and a time of day among it, as programs write moments, `Fri, 12 Apr 1996
/// 00:00:00 GMT`, `Fri Apr 12 00:00:00 PKT 1996`, or with two digits of the year, `12-APR-96`, `12Apr1996`.
pub(super) fn as_programs_write_it(text: &str) -> Periods {
    // `… GMT+0500 (Pakistan Standard Time)`.
    let text = text.split(" (").next().unwrap_or_default();
    let (mut day, mut year, mut month, mut has_time) = (None, None, false, false);
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    for (place, word) in words.enumerate() {
        if has_time && is_behind_a_time(word) || place == 0 && is_day_of_the_week(word) {
            continue;
        }
        if is_time(word) {
            has_time = true;
            continue;
        }
        for part in runs(word) {
            match number(part) {
                Some(number) if part.len() <= 2 && day.is_none() => day = Some(number),
                Some(number) if matches!(part.len(), 2 | 4) && year.is_none() => {
                    year = Some((number, part.len() == 4));
                }
                None if !month && is_of_a_month(&part.to_lowercase()) => month = true,
                None if day.is_some() && matches!(part, "st" | "nd" | "rd" | "th") => {}
                Some(_) | None => return Periods::NONE,
            }
        }
    }
    let is_day = month && day.is_some_and(|day| (1..=31).contains(&day));
    match year.filter(|_| is_day) {
        Some((year, true)) if (1900..2100).contains(&year) => Periods::one(Period::year(year)),
        Some((year, false)) => {
            Periods::of([2000, 1900].map(|century| Period::year(century + year)))
        }
        Some(_) | None => Periods::NONE,
    }
}

/// `00:00:00`, `12:00AM`.
fn is_time(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.contains(':')
        && word.chars().all(|c| c.is_ascii_digit() || ":.AaPpMmZ".contains(c))
}

/// The half of the day, or a zone: `PM`, `PKT`, `GMT+0500`, `+05:00`.
fn is_behind_a_time(word: &str) -> bool {
    const BYTES_MAX: usize = 9;
    let is_of_it = |c: char| c.is_ascii_alphanumeric() || "+-:".contains(c);
    let begins = word.starts_with(|c: char| c.is_ascii_alphabetic() || "+-".contains(c));
    begins && word.len() <= BYTES_MAX && word.chars().all(is_of_it)
}

fn is_day_of_the_week(word: &str) -> bool {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let is_one = |day: &str| {
        word.len() >= 3 && day.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word))
    };
    DAYS.into_iter().any(is_one)
}

/// Digits, and letters, without the signs between them: `12-APR-96`, `12Apr1996`.
fn runs(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['-', '/', '.']);
        let is_digit = rest.starts_with(|c: char| c.is_ascii_digit());
        let is_other = |c: char| c.is_ascii_digit() != is_digit || "-/.".contains(c);
        let (run, behind) = rest.split_at(rest.find(is_other).unwrap_or(rest.len()));
        rest = behind;
        (!run.is_empty()).then_some(run)
    })
}

fn is_of_a_month(word: &str) -> bool {
    let end = word.char_indices().nth(3).map_or(word.len(), |(end, _)| end);
    word.get(..end).is_some_and(|beginning| MONTHS.has(beginning))
}

/// `12th`.
fn is_ordinal(part: &str) -> bool {
    let day = part.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    number(day).is_some_and(|day| (1..=31).contains(&day))
}

/// `12APR87`, as airlines write days.
pub(super) fn of_an_airline(text: &str) -> Periods {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let (Some(day), Some(name), Some(year), 7) =
        (text.get(..2), text.get(2..5), text.get(5..), text.len())
    else {
        return Periods::NONE;
    };
    let month = MONTHS.iter().zip(1..).find(|(month, _)| **month == name);
    match (number(day), month, number(year)) {
        (Some(day), Some((_, month)), Some(year)) => Periods::short(&[(year, month, day)]),
        _ => Periods::NONE,
    }
}

/// Beginnings of months in English, German, French, Spanish, Portuguese, Italian, Dutch, Indonesian, Turkish,
/// Polish, Russian, Ukrainian, Greek, Arabic, Finnish, Hungarian, Romanian, Czech, Croatian and Bulgarian.
#[rustfmt::skip]
static MONTHS: WordList = WordList::new(&[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mai", "okt", "dez", "fév", "fev",
    "avr", "jui", "aoû", "ene", "abr", "ago", "dic", "out", "gen", "mag", "giu", "lug", "set", "ott", "mär", "maa", "mei",
    "agu", "des", "oca", "şub", "nis", "haz", "tem", "ağu", "eyl", "eki", "kas", "ara", "sty", "lut", "kwi", "maj", "cze",
    "lip", "sie", "wrz", "paź", "lis", "gru", "янв", "фев", "мар", "апр", "мая", "май", "июн", "июл", "авг", "сен", "окт",
    "ноя", "дек", "січ", "лют", "бер", "кві", "тра", "чер", "лип", "сер", "вер", "жов", "лис", "гру", "ιαν", "φεβ", "απρ",
    "ιου", "αυγ", "σεπ", "οκτ", "νοε", "δεκ", "ينا", "فبر", "مار", "أبر", "ماي", "يون", "سبت", "أكت", "نوف", "ديس",
    "tam", "hel", "huh", "tou", "kes", "hei", "elo", "syy", "lok", "jou", "már", "ápr", "máj", "jún", "júl", "sze",
    "ian", "iun", "iul", "noi", "čer", "μαρ", "ное", "яну", "led", "úno", "bře", "dub", "kvě", "srp", "zář", "říj", "pro", "sij", "vel", "ožu", "tra",
    "svi", "kol", "ruj", "stu", "юни", "юли",
]);
