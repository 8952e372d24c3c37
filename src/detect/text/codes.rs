//! Codes that are sent to sign somebody in, in the words that they are sent with: `448213 is your login code`,
//! `Use 448213 to log in`, `OTP for your payment is 448213`.

use std::ops::Range;

use crate::detect::lowered::Lowered;

/// What says that a number is such a code, or that whoever reads it is to use it.
const WORDS: [&str; 40] = [
    "otp",
    "one-time",
    "one time",
    "passcode",
    "verification",
    "authentication",
    "login code",
    "log-in code",
    "sign-in code",
    "security code",
    "confirmation code",
    "access code",
    "activation code",
    "your code",
    "2fa",
    "mfa code",
    "votre code",
    "ton code",
    "tu código",
    "su código",
    "tu codigo",
    "su codigo",
    "seu código",
    "seu codigo",
    "tuo codice",
    "suo codice",
    "ihr code",
    "dein code",
    "bestätigungscode",
    "sicherheitscode",
    "je code",
    "uw code",
    "din kod",
    "din kode",
    "kode",
    "mã ",
    "код",
    "kodunuz",
    "رمز",
    "ओटीपी",
];
/// Words before a number that somebody is to use.
const TO_USE: [&str; 16] = [
    "use",
    "enter",
    "type",
    "code",
    "otp",
    "pin",
    "utilisez",
    "saisissez",
    "usa",
    "usá",
    "use o código",
    "ingresa",
    "introduce",
    "inserisci",
    "digite",
    "gunakan",
];
/// Units of what is counted, and no code.
const UNITS: [&str; 14] = [
    "second", "sec", "minute", "min", "hour", "day", "char", "digit", "time", "byte", "item",
    "user", "%", "ms",
];

/// Four to eight digits, perhaps in two groups of three, that end at `end` of `text` but for a gap, where what stands
/// around them says that they are a code. The cue itself begins there.
pub(super) fn before(text: &str, cue: &Range<usize>) -> Option<Range<usize>> {
    const BEHIND_BYTES: usize = 64;
    let head = text.get(..cue.start)?.trim_end_matches([' ', '-', '–', '—', ':', '"', '*', ',']);
    if cue.start - head.len() > 6 {
        return None;
    }
    let code = ending(head)?;
    let said =
        text.get(cue.start..text.floor_char_boundary(text.len().min(cue.end + BEHIND_BYTES)))?;
    let said = said.get(..end_of_sentence(said)).unwrap_or(said);
    let lower = Lowered::of(said);
    let is_said = WORDS.iter().any(|word| lower.contains(word)) || names_whose(said);
    let before = head.get(..code.start)?.trim_end_matches([' ', ':', '"', '*', '#']);
    let is_to_use = TO_USE.iter().any(|word| {
        crate::domain::ends_in_any_case(before, word)
            && !before
                .get(..before.len() - word.len())
                .is_some_and(|rest| rest.ends_with(char::is_alphabetic))
    });
    (is_said || is_to_use).then_some(code)
}

/// The code that is told further on in the sentence whose cue ends at `start`: `OTP for your payment is 448213`.
pub(super) fn further_on(text: &str, start: usize) -> Option<Range<usize>> {
    const BYTES_MAX: usize = 120;
    const BETWEEN: [&str; 14] = [
        " is ", " is: ", ": ", "：", " es ", " est ", " é ", " è ", " ist ", " adalah ", " là ",
        "为", "為", "は",
    ];
    let rest = text.get(start..text.floor_char_boundary(text.len().min(start + BYTES_MAX)))?;
    let rest = rest.get(..end_of_sentence(rest)).unwrap_or(rest);
    BETWEEN.iter().flat_map(|between| rest.match_indices(between)).find_map(|(at, between)| {
        let from = at + between.len();
        let length = length_of_code(rest.get(from..)?)?;
        Some(start + from..start + from + length)
    })
}

/// Whether a code is said to be somebody's, before what it is: `is your Acme code`. Others have codes in capitals, or
/// are told by the word before it.
fn names_whose(said: &str) -> bool {
    let Some(at) = said.find(" code") else { return false };
    let word = said.get(..at).and_then(|head| head.rsplit(' ').next()).unwrap_or_default();
    let is_name = word.starts_with(|first: char| first.is_uppercase())
        && word.chars().any(char::is_lowercase);
    said.starts_with("is your") && is_name
}

/// Where the sentence ends that `text` begins with: a point between digits does not end it.
fn end_of_sentence(text: &str) -> usize {
    let ends = ["\n", ". ", "! ", "? ", "。", "！"];
    ends.iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len())
}

/// The digits that `head` ends in, if they may be a code.
fn ending(head: &str) -> Option<Range<usize>> {
    let digits = |text: &str| text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let mut start = head.len() - digits(head);
    if head.len() - start == 3
        && let Some(first) = head.get(..start).and_then(|it| it.strip_suffix([' ', '-']))
        && digits(first) == 3
    {
        start = first.len() - 3;
    }
    let before = head.get(..start)?;
    let is_joined = before.ends_with(|c: char| c.is_alphanumeric() || ".,/+_$€£¥₹".contains(c));
    // `G-448213` has a mark of whoever sends it.
    let mark = before.strip_suffix('-');
    let is_marked = mark.is_none_or(|mark| {
        let letters = mark.bytes().rev().take_while(u8::is_ascii_uppercase).count();
        (1..=3).contains(&letters)
    });
    let is_money =
        ["INR ", "Rs. ", "Rs ", "USD ", "EUR ", "PKR "].iter().any(|it| before.ends_with(it));
    let count = head.get(start..)?.bytes().filter(u8::is_ascii_digit).count();
    ((4..=8).contains(&count) && !is_joined && is_marked && !is_money).then_some(start..head.len())
}

/// How long the code is that `text` begins with.
fn length_of_code(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let behind = text.get(digits..)?;
    let is_joined = behind.starts_with(|c: char| c.is_alphanumeric() || "%/_@".contains(c))
        || (behind.starts_with(['.', ',', '-', ':'])
            && behind.chars().nth(1).is_some_and(|c| c.is_alphanumeric()));
    let next = behind.trim_start();
    let is_counted = UNITS
        .iter()
        .any(|unit| next.get(..unit.len()).is_some_and(|it| it.eq_ignore_ascii_case(unit)));
    ((4..=8).contains(&digits) && !is_joined && !is_counted).then_some(digits)
}
