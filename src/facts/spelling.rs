//! One spelling for all spellings of an identifier.

use std::fmt::Write as _;

use super::{Identifier, IdentifierKind};
use crate::{
    domain::Region,
    engine::{folded, international_number},
};

/// What an identifier is filed under.
pub(super) fn normal_form(Identifier { kind, value }: Identifier<'_>) -> String {
    let folded = folded(value);
    let value = folded.trim();
    match kind {
        IdentifierKind::AccountId => value.to_owned(),
        IdentifierKind::Phone => Number::read(value).digits,
        IdentifierKind::Email => mailbox(value).to_lowercase(),
        IdentifierKind::DeviceId => device(devices(value).next().unwrap_or_default()),
    }
}

/// All that the identifier of somebody of `region` may be filed under, the surest first.
pub(super) fn forms(identifier: Identifier<'_>, region: Option<Region>) -> Vec<String> {
    let Identifier { kind, value } = identifier;
    let folded = folded(value);
    let folded = folded.trim();
    let plain = normal_form(identifier);
    match kind {
        IdentifierKind::AccountId => vec![plain, value.trim().to_owned()],
        IdentifierKind::Phone => {
            let number = Number::read(folded);
            let is_national = !number.is_international;
            let region = region.filter(|_| is_national);
            let full = international_number(&number.digits, number.is_international, region);
            full.into_iter().chain([plain]).collect()
        }
        // As it was written, it may have been filed before.
        IdentifierKind::Email => vec![plain, value.trim().to_lowercase()],
        IdentifierKind::DeviceId => {
            devices(folded).map(device).chain([device(value.trim())]).collect()
        }
    }
}

struct Number {
    /// In international form (ITU-T E.164) without its prefix. Those of a national number stay as they are: nothing
    /// here knows which country it was written in.
    digits: String,
    is_international: bool,
}

impl Number {
    fn read(text: &str) -> Self {
        let start = text.find(|c: char| c == '+' || c.is_ascii_digit()).unwrap_or(text.len());
        let text = text.get(start..).unwrap_or_default();
        // `;ext=1` (RFC 3966), `x12`, `ext. 12`: whoever is called behind the number.
        let end = text.find(|c: char| c.is_alphabetic() || matches!(c, ';' | ',' | '#'));
        let number = end.and_then(|end| text.get(..end)).unwrap_or(text);
        let is_written_so = number.starts_with('+') || number.starts_with("00");
        // `+92 (0) 345 …`: dialled inside the country only.
        let number = if is_written_so { number.replacen("(0)", "", 1) } else { number.to_owned() };
        let mut digits: String = number.chars().filter(char::is_ascii_digit).collect();
        if !number.starts_with('+') && digits.starts_with("00") {
            digits.drain(..2);
        }
        Self { digits, is_international: is_written_so }
    }
}

/// `"Sana" <sana@example.pk>` (RFC 5322 §3.4) and `mailto:sana@example.pk` (RFC 6068).
fn mailbox(text: &str) -> &str {
    let inner = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
    let text = inner.map_or(text, |(inner, _)| inner.trim());
    match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
            let address = text.get(7..).unwrap_or_default();
            address.split('?').next().unwrap_or(address).trim()
        }
        Some(_) | None => text,
    }
}

/// Each of several devices that are told in one value, without what they are called.
fn devices(text: &str) -> impl Iterator<Item = &str> {
    const LABELS: [&str; 8] =
        ["imeisv", "imei1", "imei2", "imei", "meid", "serial number", "serial", "mac"];
    const DIGITS_MIN: usize = 14;
    const SEPARATORS: [char; 4] = [',', ';', '/', '|'];
    let label = LABELS.iter().find(|label| {
        let behind = |c: char| !c.is_alphanumeric();
        text.get(..label.len()).is_some_and(|it| it.eq_ignore_ascii_case(label))
            && text.get(label.len()..).is_some_and(|rest| rest.starts_with(behind))
    });
    let rest = label.and_then(|label| text.get(label.len()..)).unwrap_or(text);
    let rest =
        if label.is_some() { rest.trim_start_matches([':', '=', '#', '.', ' ']) } else { rest };
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let are_several = rest.split(SEPARATORS).all(|part| digits(part) >= DIGITS_MIN);
    let separators: &[char] = if are_several { &SEPARATORS } else { &[] };
    rest.split(separators)
}

fn device(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let written = exponential(text);
    for character in written.as_deref().unwrap_or(text).chars().filter(|c| c.is_alphanumeric()) {
        // Writing to a string cannot fail.
        let _ = write!(plain, "{}", character.to_uppercase());
    }
    // Of an IMEI with its check digit, or an IMEISV, the first 14 digits are the device
    // (3GPP TS 23.003 §6.2).
    if matches!(plain.len(), 15 | 16) && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        plain.truncate(14);
    }
    plain
}

/// `8.67619040000019e14`, as programs write long numbers that they took for figures.
fn exponential(text: &str) -> Option<String> {
    let text = text.trim();
    let (figure, power) = text.split_once(['e', 'E'])?;
    let is_one = figure.contains('.')
        && figure.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && power.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit());
    let number: f64 = text.parse().ok().filter(|_| is_one)?;
    // A figure holds no more digits exactly.
    (number < 9_007_199_254_740_992.0).then(|| format!("{number:.0}"))
}
