//! International bank account numbers (ISO 13616): country, length and MOD 97-10.

use crate::{
    detect::token::Token,
    domain::{Region, Span},
};

use super::{Match, arithmetic};

pub(super) fn iban(token: &Token) -> Option<Match> {
    let compact = token.compact();
    let ([a, b, check @ ..], body) = compact.split_first_chunk::<4>()?;
    // Most codes of this length are told by their first four characters.
    if !check.iter().all(u8::is_ascii_digit) || length_in(*a, *b)? != compact.len() {
        return None;
    }
    if arithmetic::mod_97(body.iter().chain([a, b]).chain(check).copied()) != 1 {
        return None;
    }
    Some(Match { shaped: true, region: Some(Region::new([*a, *b])), ..Match::PLAIN })
}

/// How long an account number of the country with this code is.
fn length_in(a: u8, b: u8) -> Option<usize> {
    let at = |letter: u8| letter.checked_sub(b'A').map(usize::from);
    let length = *LENGTHS.get(at(a)?)?.get(at(b)?)?;
    (length > 0).then_some(usize::from(length))
}

/// Indian branch code: four letters of the bank, zero, six characters of the branch.
pub(super) fn ifsc(token: &Token) -> Option<Match> {
    let compact: &[u8; 11] = token.compact().try_into().ok()?;
    let [a, b, c, d, zero, ..] = compact;
    ([a, b, c, d].iter().all(|byte| byte.is_ascii_uppercase()) && *zero == b'0')
        .then_some(Match { region: Some(Region::new(*b"IN")), ..Match::PLAIN })
}

/// Business identifier code (ISO 9362): bank, country, place, and perhaps a branch.
pub(super) fn bic(token: &Token) -> Option<Match> {
    let compact = token.compact();
    let (letters, _) = compact.split_at_checked(6)?;
    (matches!(compact.len(), 8 | 11)
        && letters.iter().all(u8::is_ascii_uppercase)
        && token.is_plain())
    .then_some(Match::PLAIN)
}

/// Bank or wallet account: what a bank prints, once a field says so.
pub(super) fn account(text: &str) -> Option<Match> {
    let text = text.trim();
    let token = Token::read(text).or_else(|| Token::read(behind_a_bank(text)?))?;
    if let Some(found) = iban(&token) {
        return Some(found);
    }
    let digits = token.compact().iter().filter(|byte| byte.is_ascii_digit()).count();
    let empty = token.compact().iter().all(|byte| *byte == b'0');
    ((6..=30).contains(&token.len()) && digits >= 5 && !empty).then_some(Match::PLAIN)
}

/// What stands behind the name of a bank: `신한 110-447-182907`, `DBS 012-345678-9`.
fn behind_a_bank(text: &str) -> Option<&str> {
    const BANK_BYTES_MAX: usize = 40;
    const DIGITS_MIN: usize = 8;
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let (bank, number) = text.split_at_checked(start)?;
    let is_of_a_bank = |c: char| c.is_alphabetic() || matches!(c, ' ' | '(' | ')' | '.' | ':');
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    (bank.len() <= BANK_BYTES_MAX
        && bank.ends_with([' ', ')', ':'])
        && bank.chars().all(is_of_a_bank)
        && digits >= DIGITS_MIN)
        .then_some(number)
}

/// Payment address: a name and the handle of a payment provider, which has no dot.
pub(super) fn payment_address(text: &str) -> Option<Match> {
    let (name, provider) = text.trim().split_once('@')?;
    let named = name.len() >= 2
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    let provided = (2..=32).contains(&provider.len())
        && provider.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !named || !provided {
        return None;
    }
    let known = HANDLES.iter().any(|handle| provider.eq_ignore_ascii_case(handle));
    Some(Match { shaped: known, region: Some(Region::new(*b"IN")), ..Match::PLAIN })
}

/// The payment address around an `@` at byte `at`, of a provider that is known.
pub(in crate::detect) fn payment_address_around(text: &str, at: usize) -> Option<(Span, Match)> {
    const NAME_BYTES_MAX: usize = 64;
    let bytes = text.as_bytes();
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let head = bytes.get(at.saturating_sub(NAME_BYTES_MAX)..at)?;
    let start = at - head.iter().rev().take_while(|byte| named(byte)).count();
    let tail = bytes.get(at + 1..)?;
    let end = at + 1 + tail.iter().take(24).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    // `name@upi.example` is an e-mail address, `name@upi.` the end of a sentence.
    let goes_on = matches!(bytes.get(end), Some(b'.' | b'-' | b'_' | b'@'))
        && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
    if goes_on {
        return None;
    }
    let found = payment_address(text.get(start..end)?).filter(|found| found.shaped)?;
    Some((Span::new(start, end), found))
}

/// Handles that the National Payments Corporation of India lists for banks and apps.
#[rustfmt::skip]
static HANDLES: [&str; 74] = [
    "okaxis", "okhdfcbank", "okicici", "oksbi", "ybl", "ibl", "axl", "paytm", "ptyes", "ptaxis",
    "pthdfc", "ptsbi", "apl", "yapl", "rapl", "upi", "sbi", "hdfcbank", "icici", "axisbank", "kotak",
    "pnb", "barodampay", "boi", "cnrb", "unionbank", "idfcbank", "idfcfirst", "idfcnetc", "indus",
    "federal", "fbl", "rbl", "yesbank", "yesbankltd", "airtel", "jio", "jupiteraxis", "freecharge",
    "ikwik", "waaxis", "wahdfcbank", "waicici", "wasbi", "timecosmos", "tapicici", "sliceaxis",
    "naviaxis", "pingpay", "postbank", "dbs", "hsbc", "citi", "mahb", "uco", "allbank", "aubank",
    "equitas", "dlb", "kvb", "kbl", "karurvysyabank", "cub", "csbpay", "abfspay", "axisgo", "axis",
    "hdfcbankjd", "kotak811", "kmbl", "superyes", "freoicici", "shriramhdfcbank", "yespop",
];

/// Lengths of the IBAN registry, by the letters of the country's code; zero where it has none.
#[expect(clippy::indexing_slicing, reason = "done by the compiler")]
static LENGTHS: [[u8; 26]; 26] = {
    let mut lengths = [[0; 26]; 26];
    let mut number = 0;
    while number < REGISTRY.len() {
        let (&[a, b], length) = REGISTRY[number];
        lengths[(a - b'A') as usize][(b - b'A') as usize] = length;
        number += 1;
    }
    lengths
};

#[rustfmt::skip]
const REGISTRY: [(&[u8; 2], u8); 86] = [
    (b"AD", 24), (b"AE", 23), (b"AL", 28), (b"AT", 20), (b"AZ", 28), (b"BA", 20), (b"BE", 16),
    (b"BG", 22), (b"BH", 22), (b"BI", 27), (b"BR", 29), (b"BY", 28), (b"CH", 21), (b"CR", 22),
    (b"CY", 28), (b"CZ", 24), (b"DE", 22), (b"DJ", 27), (b"DK", 18), (b"DO", 28), (b"EE", 20),
    (b"EG", 29), (b"ES", 24), (b"FI", 18), (b"FK", 18), (b"FO", 18), (b"FR", 27), (b"GB", 22),
    (b"GE", 22), (b"GI", 23), (b"GL", 18), (b"GR", 27), (b"GT", 28), (b"HR", 21), (b"HU", 28),
    (b"IE", 22), (b"IL", 23), (b"IQ", 23), (b"IS", 26), (b"IT", 27), (b"JO", 30), (b"KW", 30),
    (b"KZ", 20), (b"LB", 28), (b"LC", 32), (b"LI", 21), (b"LT", 20), (b"LU", 20), (b"LV", 21),
    (b"LY", 25), (b"MC", 27), (b"MD", 24), (b"ME", 22), (b"MK", 19), (b"MN", 20), (b"MR", 27),
    (b"MT", 31), (b"MU", 30), (b"NI", 28), (b"NL", 18), (b"NO", 15), (b"OM", 23), (b"PK", 24),
    (b"PL", 28), (b"PS", 29), (b"PT", 25), (b"QA", 29), (b"RO", 24), (b"RS", 22), (b"RU", 33),
    (b"SA", 24), (b"SC", 31), (b"SD", 18), (b"SE", 24), (b"SI", 19), (b"SK", 24), (b"SM", 27),
    (b"SO", 23), (b"ST", 25), (b"SV", 28), (b"TL", 23), (b"TN", 24), (b"TR", 26), (b"UA", 29),
    (b"VA", 22), (b"VG", 24),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_examples_are_good_until_a_digit_changes() {
        for (text, region) in [
            ("PK36 SCBL 0000 0011 2345 6702", "PK"),
            ("DE89370400440532013000", "DE"),
            ("GB29 NWBK 6016 1331 9268 19", "GB"),
            ("FR14 2004 1010 0505 0001 3M02 606", "FR"),
            ("NO93 8601 1117 947", "NO"),
            ("SA03 8000 0000 6080 1016 7519", "SA"),
        ] {
            let found = iban(&Token::read(text).unwrap()).unwrap();
            assert_eq!(found.region.unwrap().to_string(), region, "{text}");
            let wrong = text.replacen(|c: char| c.is_ascii_digit(), "9", 1).replacen('9', "1", 1);
            if wrong != text {
                assert!(iban(&Token::read(&wrong).unwrap()).is_none(), "{wrong}");
            }
        }
        for text in ["DE8937040044053201300", "XX89370400440532013000", "DE00370400440532013000"] {
            assert!(iban(&Token::read(text).unwrap()).is_none(), "{text}");
        }
    }

    #[test]
    fn accounts_and_payment_addresses() {
        for (text, expected) in
            [("000123456789", true), ("0000000000", false), ("main", false), ("12", false)]
        {
            assert_eq!(account(text).is_some(), expected, "{text}");
        }
        for (text, expected) in
            [("ravi.k@okaxis", true), ("ravi@example.in", false), ("ravi", false)]
        {
            assert_eq!(payment_address(text).is_some(), expected, "{text}");
        }
        for (text, expected) in [
            ("pay ravi.k@okaxis now", Some("ravi.k@okaxis")),
            ("9876543210@ybl.", Some("9876543210@ybl")),
            ("ravi@upi.example", None),
            ("ravi@host", None),
            ("@upi", None),
        ] {
            let found = payment_address_around(text, text.find('@').unwrap());
            let found = found.and_then(|(span, _)| text.get(span.range()));
            assert_eq!(found, expected, "{text}");
        }
        assert!(ifsc(&Token::read("HDFC0001234").unwrap()).is_some());
        assert!(ifsc(&Token::read("HDFC1001234").unwrap()).is_none());
        assert!(bic(&Token::read("DEUTDEFF500").unwrap()).is_some());
        assert!(bic(&Token::read("DEUT12").unwrap()).is_none());
    }
}
