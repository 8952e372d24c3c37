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
