//! What takes the place of a value.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
    net::IpAddr,
};

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::domain::{Generalise, Replacement, Scalar};

/// The secret under which values become pseudonyms (HMAC-SHA-256, RFC 2104).
#[derive(Clone)]
pub struct PseudonymKey(Hmac<Sha256>);

impl PseudonymKey {
    /// Any length is taken; 32 random bytes are right.
    pub fn new(secret: &[u8]) -> Self {
        // HMAC takes keys of every length, so the fallback is never reached.
        Self(Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    /// The first 128 bits of the code of `parts`. Each is preceded by its length, so that it shows when a
    /// byte moves from one to the next.
    pub fn digest<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> [u8; 16] {
        let mut code = self.0.clone();
        for part in parts {
            code.update(&(part.len() as u64).to_be_bytes());
            code.update(part);
        }
        let mut digest = [0; 16];
        digest.iter_mut().zip(code.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        digest
    }

    /// The first 128 bits of the code of `text`, as 32 hex digits.
    pub fn pseudonym(&self, text: &str) -> String {
        let mut code = self.0.clone();
        code.update(text.as_bytes());
        code.finalize().into_bytes().iter().take(16).fold(
            String::with_capacity(32),
            |mut hex, byte| {
                // Writing to a string cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            },
        )
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(…)")
    }
}

/// The text that takes the place of `text`, not yet escaped, and whether it must be quoted as a string
/// where the value stood without quotes. `None` means the value cannot be kept in that form and goes.
pub(super) fn replacement_text<'r>(
    replacement: &'r Replacement,
    kind: Option<Scalar>,
    text: &str,
    key: &PseudonymKey,
) -> Option<(Cow<'r, str>, bool)> {
    let bare = matches!(kind, Some(Scalar::Number | Scalar::Bool | Scalar::Null));
    match replacement {
        Replacement::Remove => None,
        Replacement::Replace { with, keep_type } => match kind {
            Some(Scalar::Number) if *keep_type => Some((Cow::Borrowed("0"), false)),
            Some(Scalar::Bool) if *keep_type => Some((Cow::Borrowed("false"), false)),
            Some(Scalar::Null) if *keep_type => Some((Cow::Borrowed("null"), false)),
            _ => Some((Cow::Borrowed(with), bare || kind.is_none())),
        },
        Replacement::Mask { keep_last } => match kind {
            None => None,
            Some(Scalar::Number) => Some((Cow::Owned(mask_number(text, *keep_last)), false)),
            Some(Scalar::Bool | Scalar::Null | Scalar::Binary) => None,
            Some(Scalar::String) => Some((Cow::Owned(mask(text, *keep_last)), false)),
        },
        Replacement::Hash => Some((Cow::Owned(key.pseudonym(text)), bare || kind.is_none())),
        Replacement::Generalise(to) => {
            kind?;
            generalise(*to, text).map(|text| (Cow::Owned(text), false))
        }
    }
}

fn mask(text: &str, keep_last: u8) -> String {
    let total = text.chars().filter(|character| character.is_alphanumeric()).count();
    let hide = total.saturating_sub(usize::from(keep_last));
    let mut seen = 0;
    text.chars()
        .map(|character| {
            if !character.is_alphanumeric() {
                return character;
            }
            seen += 1;
            if seen <= hide { '*' } else { character }
        })
        .collect()
}

/// A JSON number stays one: hidden digits become zeros, and leading zeros, which RFC 8259 §6 forbids, go.
fn mask_number(text: &str, keep_last: u8) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let kept = digits.len().saturating_sub(usize::from(keep_last));
    let tail = digits.get(kept..).unwrap_or_default().trim_start_matches('0');
    if tail.is_empty() { "0".to_owned() } else { tail.to_owned() }
}

fn generalise(to: Generalise, text: &str) -> Option<String> {
    match to {
        Generalise::Decimals(decimals) => truncate_decimals(text, usize::from(decimals)),
        Generalise::IpPrefix { v4_bits, v6_bits } => prefix(text, v4_bits, v6_bits),
        Generalise::Year => date(text).map(|(year, _)| format!("{year:04}-01-01")),
        Generalise::Month => date(text).map(|(year, month)| format!("{year:04}-{month:02}-01")),
    }
}

/// Every decimal number in `text` (one coordinate, or `24.8607,67.0011`) cut to `decimals`.
fn truncate_decimals(text: &str, decimals: usize) -> Option<String> {
    let allowed = |character: char| {
        character.is_ascii_digit() || matches!(character, '.' | ',' | ' ' | ';' | '-' | '+')
    };
    // Degrees and minutes, words or exponents: cutting decimals would not make these coarse.
    if !text.chars().all(allowed) || !text.contains(|character: char| character.is_ascii_digit()) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut after_point: Option<usize> = None;
    for character in text.chars() {
        match (character, &mut after_point) {
            ('.', None) => {
                after_point = Some(0);
                if decimals > 0 {
                    out.push('.');
                }
            }
            (digit, Some(count)) if digit.is_ascii_digit() => {
                if *count < decimals {
                    out.push(digit);
                }
                *count += 1;
            }
            (other, _) => {
                after_point = None;
                out.push(other);
            }
        }
    }
    // A value in millionths of a degree has no point and would stay exact.
    let longest =
        out.split(|character: char| !character.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    (longest <= 3.max(decimals)).then_some(out)
}

fn prefix(text: &str, v4_bits: u8, v6_bits: u8) -> Option<String> {
    match text.trim().parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(v4_bits.min(32))).unwrap_or(0);
            Some(std::net::Ipv4Addr::from_bits(address.to_bits() & mask).to_string())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(v6_bits.min(128))).unwrap_or(0);
            Some(std::net::Ipv6Addr::from_bits(address.to_bits() & mask).to_string())
        }
    }
}

/// Year and month of `YYYY-MM-DD…`, `YYYY/MM/DD`, `YYYYMMDD` or `DD/MM/YYYY` (also with `-` and `.`).
fn date(text: &str) -> Option<(u16, u8)> {
    let text = text.trim();
    let parts: Vec<&str> = text.split(['-', '/', '.', 'T', ' ']).collect();
    let (year, month) = match parts.as_slice() {
        [year, month, _day, ..] if year.len() == 4 => (*year, *month),
        [_day, month, year, ..] if year.len() == 4 => (*year, *month),
        [compact] if compact.len() == 8 => (compact.get(..4)?, compact.get(4..6)?),
        _ => return None,
    };
    let (year, month): (u16, u8) = (year.parse().ok()?, month.parse().ok()?);
    (1..=12).contains(&month).then_some((year, month))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(replacement: &Replacement, kind: Scalar, text: &str) -> Option<(String, bool)> {
        replacement_text(replacement, Some(kind), text, &PseudonymKey::new(b"k"))
            .map(|(text, quoted)| (text.into_owned(), quoted))
    }

    #[test]
    fn a_mask_keeps_the_format_and_the_last_characters() {
        for (kind, text, keep_last, expected) in [
            (Scalar::String, "+92 300-1234567", 4, "+** ***-***4567"),
            (Scalar::String, "Zoë", 0, "***"),
            (Scalar::String, "ab", 9, "ab"),
            (Scalar::Number, "13800138000", 4, "8000"),
            (Scalar::Number, "-12.5", 0, "0"),
            (Scalar::Number, "1000", 3, "0"),
        ] {
            assert_eq!(
                shown(&Replacement::Mask { keep_last }, kind, text),
                Some((expected.to_owned(), false))
            );
        }
        assert_eq!(shown(&Replacement::Mask { keep_last: 2 }, Scalar::Bool, "true"), None);
    }

    #[test]
    fn coordinates_addresses_and_dates_are_generalised_or_go() {
        let decimals = Replacement::Generalise(Generalise::Decimals(1));
        let address = Replacement::Generalise(Generalise::IpPrefix { v4_bits: 24, v6_bits: 48 });
        let year = Replacement::Generalise(Generalise::Year);
        let month = Replacement::Generalise(Generalise::Month);
        for (replacement, kind, text, expected) in [
            (&decimals, Scalar::Number, "24.86073", Some("24.8")),
            (&decimals, Scalar::Number, "-122.41942", Some("-122.4")),
            (&decimals, Scalar::String, "24.8607,67.0011", Some("24.8,67.0")),
            (&decimals, Scalar::String, "24°51'38\"N", None),
            (&decimals, Scalar::Number, "24860730", None),
            (&decimals, Scalar::Number, "2.486073e1", None),
            (&address, Scalar::String, "203.0.113.77", Some("203.0.113.0")),
            (&address, Scalar::String, "2001:db8:1:2::3", Some("2001:db8:1::")),
            (&address, Scalar::String, "localhost", None),
            (&year, Scalar::String, "1996-04-12", Some("1996-01-01")),
            (&month, Scalar::String, "12/04/1996", Some("1996-04-01")),
            (&month, Scalar::String, "19960412", Some("1996-04-01")),
            (&month, Scalar::String, "April 12", None),
        ] {
            assert_eq!(
                shown(replacement, kind, text).map(|(text, _)| text).as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_pseudonym_depends_on_key_and_text() {
        let [a, b] = [PseudonymKey::new(b"a"), PseudonymKey::new(b"b")];
        assert_eq!(a.pseudonym("x"), a.pseudonym("x"));
        assert_ne!(a.pseudonym("x"), a.pseudonym("y"));
        assert_ne!(a.pseudonym("x"), b.pseudonym("x"));
        // RFC 4231, test case 2, first 128 bits.
        assert_eq!(
            PseudonymKey::new(b"Jefe").pseudonym("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c7"
        );
    }

    #[test]
    fn a_digest_tells_its_parts_apart() {
        let key = PseudonymKey::new(b"k");
        let digest = |parts: &[&'static [u8]]| key.digest(parts.iter().copied());
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"ab"]), PseudonymKey::new(b"l").digest([&b"ab"[..]]));
    }

    #[test]
    fn a_type_is_kept_where_asked() {
        let kept = Replacement::Replace { with: "-".into(), keep_type: true };
        let free = Replacement::Replace { with: "-".into(), keep_type: false };
        assert_eq!(shown(&kept, Scalar::Number, "5"), Some(("0".into(), false)));
        assert_eq!(shown(&kept, Scalar::Bool, "true"), Some(("false".into(), false)));
        assert_eq!(shown(&kept, Scalar::String, "x"), Some(("-".into(), false)));
        assert_eq!(shown(&free, Scalar::Number, "5"), Some(("-".into(), true)));
    }
}
