//! Postal addresses and their parts, as far as a value alone can show one.

use super::{Match, code, person::words, words::WordList};
use crate::{detect::token::trimmed, domain::by_byte};

/// Words that call a place rather than what state something is in.
pub(super) fn place_name(text: &str) -> Option<Match> {
    // `us-east`, `eu-west-2`.
    let is_of_a_cloud = text.split_once('-').is_some_and(|(area, zone)| {
        area.len() == 2
            && area.bytes().all(|byte| byte.is_ascii_lowercase())
            && zone.starts_with(|c: char| c.is_ascii_lowercase())
    });
    // In capitals it is Uttar Pradesh.
    let is_state = text == "up" || STATES_OF_THINGS.has(text.trim());
    // `schema:addressRegion`, an address of the web.
    let is_reference = text.contains(':');
    if is_state || is_of_a_cloud || is_reference { None } else { words(text) }
}

#[rustfmt::skip]
static STATES_OF_THINGS: WordList = WordList::new(&[
    "pause", "play", "playing", "stop", "close", "resume", "mute", "muted", "lastseen", "start", "unset",
    "enabled", "disabled", "active", "inactive", "pending", "invited", "blocked", "open", "opened", "closed", "error",
    "success", "succeeded", "failed", "new", "draft", "published", "completed", "complete", "confirmed", "verified",
    "unverified", "approved", "rejected", "declined", "suspended", "deleted", "archived", "locked", "unlocked",
    "off", "online", "offline", "running", "stopped", "paused", "queued", "ready", "busy", "idle", "done", "started",
    "finished", "cancelled", "canceled", "expired", "available", "unavailable", "connected", "disconnected", "present",
    "absent", "down", "accepted", "paid", "unpaid", "shipped", "delivered", "processing", "submitted", "resolved",
    "merged", "created", "updated", "unknown",
]);

/// The number of a house, a flat or a floor: `23a`, `159/3`, `27 bis`, `Apt 5C`, `902호`.
pub(super) fn house_number(text: &str) -> Option<Match> {
    const BYTES_MAX: usize = 24;
    const DIGITS_MAX: usize = 5;
    const YEAR_DIGITS: usize = 4;
    let text = text.trim();
    let is_written =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '/' | '-' | '.' | '#' | 'º');
    let runs = text.split(|c: char| !c.is_ascii_digit()).map(str::len).filter(|length| *length > 0);
    let longest = runs.clone().max()?;
    let is_decimal =
        text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && text.contains('.');
    let is_date = runs.count() == 3 && longest == YEAR_DIGITS;
    let good = longest <= DIGITS_MAX && text.len() <= BYTES_MAX && text.chars().all(is_written);
    (good && !is_decimal && !is_date).then_some(Match::PLAIN)
}

/// Where somebody lives: letters, and either a digit, a comma or several words; not a URL, an e-mail
/// address or a path.
pub(in crate::detect) fn address(text: &str) -> Option<Match> {
    let text = trimmed(text);
    let is_ascii = text.is_ascii();
    let (mut letters, mut seen) = (0, 0);
    for byte in text.bytes() {
        let kind = PARTS_OF_ADDRESS.of(byte);
        letters += usize::from(kind & LETTER);
        seen |= kind;
    }
    if !is_ascii {
        letters = text.chars().filter(|c| c.is_alphabetic()).count();
    }
    let (several, has_at, has_colon) = (seen & SEVERAL != 0, seen & AT != 0, seen & COLON != 0);
    let wide = !is_ascii && text.chars().any(|c| c as u32 >= 0x2e80);
    // A register of a machine, `reg 0x4441`, and a lot that was made: `Lot 45; expiry 2027-03`.
    let is_of_a_machine = is_ascii && (text.starts_with("0x") || text.contains(" 0x"));
    let is_a_batch = text.starts_with("Lot ") && text.contains(" expir");
    let other = has_at
        || is_of_a_machine
        || is_a_batch
        || (has_colon && text.contains("://"))
        || text.starts_with(['/', '0', '{', '<']) && !text.contains(' ');
    // A single word with more than letters in it, or with small ones alone, is the name of a machine.
    let is_machine = is_ascii
        && !text.contains([' ', ',', '\n'])
        && (text.bytes().any(|byte| !byte.is_ascii_alphabetic() && !matches!(byte, b'-' | b'\''))
            || !text.bytes().any(|byte| byte.is_ascii_uppercase())
            || code::is_type_name(text));
    let good = letters >= 2 && text.len() >= 4 && (several || wide || letters >= 5);
    (good && !other && !is_machine).then_some(Match::PLAIN)
}

/// What a street is called: words, and not a small one alone, `river`, nor the hash of a block.
pub(super) fn street(text: &str) -> Option<Match> {
    // Nor the name of a field, `customer.address.street`.
    let is_of_a_name = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_');
    let is_word = text.bytes().all(is_of_a_name);
    words(text).filter(|_| !is_word && code::hash(text).is_none())
}

const LETTER: u8 = 1;
/// Numbers, and what stands between words and lines.
const SEVERAL: u8 = 1 << 1;
const AT: u8 = 1 << 2;
const COLON: u8 = 1 << 3;

by_byte! {
    static PARTS_OF_ADDRESS: u8 = |byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' => LETTER,
        b'0'..=b'9' | b' ' | b',' | b'\n' => SEVERAL,
        b'@' => AT,
        b':' => COLON,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_addresses() {
        type Row = (fn(&str) -> Option<Match>, &'static str, bool);
        let rows: &[Row] = &[
            (address, "House 12, Street 4, Gulshan", true),
            (address, "北京市海淀区清河中街68号", true),
            (address, "0x52908400098527886E0F7030069857D2E4169EE7", false),
            (address, "https://example.org/a", false),
            (address, "10", false),
            (address, "reg 0x4441", false),
            (address, "0x7ffee4c0, Segment: .text", false),
            (address, "Lot 45; expiry 2027-03", false),
            (address, "Lot 45, Jalan Expo 3", true),
            (place_name, "Sindh", true),
            (place_name, "disabled", false),
            (address, "kubernetes-node-6jst", false),
            (address, "IPV4/UDP/172.17.0.1/55287", false),
            (address, "Gulshan", true),
            (address, "test-address", false),
            (street, "d41d8cd98f00b204e9800998ecf8427e", false),
            (address, "Shahrah-e-Faisal", true),
            (house_number, "23a", true),
            (house_number, "159/3", true),
            (house_number, "27 bis", true),
            (house_number, "902호", true),
            (house_number, "1.5", false),
            (house_number, "2026-11-28", false),
            (house_number, "x", false),
            (street, "Długa", true),
            (street, "river", false),
            (place_name, "pause", false),
            (place_name, "schema:addressRegion", false),
        ];
        for (check, text, expected) in rows {
            assert_eq!(check(text).is_some(), *expected, "{text}");
        }
    }
}
