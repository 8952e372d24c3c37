//! What takes the place of a value.

use super::{date, ff1::Direction, generalise, key::Keyring, siv, token::Shape};
use crate::domain::{
    Alphabet, HASH_PREFIX, Otherwise, Replacement, ReplacementKind, Scalar, ShiftDates,
};

/// What is known of a value when it is replaced.
#[derive(Debug, Clone, Copy)]
pub struct Value<'v> {
    /// `None` for an object or array.
    pub kind: Option<Scalar>,
    /// Unescaped; empty where the replacement does not ask for it.
    pub text: &'v str,
    /// What is usual for tokens of its category.
    pub shape: Shape,
    /// What tells the subject whose date it is.
    pub subject: Option<&'v str>,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// The new text, and whether it must be quoted as a string where the value stood without quotes.
    Text { quoted: bool },
    /// It cannot be kept in that form, and goes.
    Gone,
}

/// Writes to `out`, which is empty, what takes the value's place, not yet escaped. Tells what was done in
/// the end: where it is not what was asked for, that could not be done.
pub(super) fn write(
    replacement: &Replacement,
    value: &Value<'_>,
    keys: &Keyring,
    out: &mut String,
) -> (Written, ReplacementKind) {
    let done = match replacement {
        // Outside of pictures there is no metadata to strip.
        Replacement::Remove | Replacement::StripMetadata(_) => None,
        Replacement::Replace { with, keep_type } => Some(constant(with, *keep_type, value, out)),
        Replacement::Mask { keep_last } => mask(value, *keep_last, out),
        Replacement::Hash => hash(value, keys, out),
        Replacement::Encrypt => encrypt(value, keys, out),
        Replacement::Generalise(to) => generalise::write(*to, value, out),
        Replacement::Tokenise(wanted) => {
            let Some(written) = token(&value.shape.with(wanted), value, keys, out) else {
                return otherwise(wanted.otherwise, value, keys, out);
            };
            Some(written)
        }
        Replacement::ShiftDates(wanted) => {
            let Some(written) = shifted(wanted, value, keys, out) else {
                return otherwise(wanted.otherwise, value, keys, out);
            };
            Some(written)
        }
    };
    match done {
        Some(written) => (written, replacement.kind()),
        None => gone(out),
    }
}

fn gone(out: &mut String) -> (Written, ReplacementKind) {
    out.clear();
    (Written::Gone, ReplacementKind::Remove)
}

/// What the rule states for a value that cannot be replaced as it asks.
fn otherwise(
    otherwise: Otherwise,
    value: &Value<'_>,
    keys: &Keyring,
    out: &mut String,
) -> (Written, ReplacementKind) {
    out.clear();
    let (done, kind) = match otherwise {
        Otherwise::Remove => (None, ReplacementKind::Remove),
        Otherwise::Mask => (mask(value, 0, out), ReplacementKind::Mask),
        Otherwise::Hash => (hash(value, keys, out), ReplacementKind::Hash),
        Otherwise::Encrypt => (encrypt(value, keys, out), ReplacementKind::Encrypt),
    };
    match done {
        Some(written) => (written, kind),
        None => gone(out),
    }
}

impl Value<'_> {
    /// The value stands without quotes where a text has some.
    fn is_bare(&self) -> bool {
        match self.kind {
            None | Some(Scalar::Number | Scalar::Bool | Scalar::Null) => true,
            Some(Scalar::String | Scalar::Binary) => false,
        }
    }

    /// The text of a string or a number.
    pub(super) fn written(&self) -> Option<&str> {
        match self.kind {
            Some(Scalar::String | Scalar::Number) => Some(self.text),
            Some(Scalar::Bool | Scalar::Null | Scalar::Binary) | None => None,
        }
    }
}

fn constant(with: &str, keep_type: bool, value: &Value<'_>, out: &mut String) -> Written {
    let (text, quoted) = match value.kind {
        Some(Scalar::Number) if keep_type => ("0", false),
        Some(Scalar::Bool) if keep_type => ("false", false),
        Some(Scalar::Null) if keep_type => ("null", false),
        Some(_) | None => (with, value.is_bare()),
    };
    out.push_str(text);
    Written::Text { quoted }
}

fn hash(value: &Value<'_>, keys: &Keyring, out: &mut String) -> Option<Written> {
    if value.kind == Some(Scalar::Binary) {
        return None;
    }
    let key = keys.current();
    out.push_str(HASH_PREFIX);
    out.push_str(key.id());
    out.push('.');
    key.pseudonyms.write_pseudonym(value.text, out);
    Some(Written::Text { quoted: value.is_bare() })
}

fn encrypt(value: &Value<'_>, keys: &Keyring, out: &mut String) -> Option<Written> {
    if value.kind == Some(Scalar::Binary) || !siv::seal(keys.current(), value.text, out) {
        return None;
    }
    Some(Written::Text { quoted: value.is_bare() })
}

fn token(shape: &Shape, value: &Value<'_>, keys: &Keyring, out: &mut String) -> Option<Written> {
    let text = value.written()?;
    shape.turn(Direction::Encrypt, &keys.current().tokens, text, out).ok()?;
    // Digits in the places of digits leave a number one; letters do not.
    Some(Written::Text { quoted: value.is_bare() && shape.alphabet != Alphabet::Digits })
}

fn shifted(
    wanted: &ShiftDates,
    value: &Value<'_>,
    keys: &Keyring,
    out: &mut String,
) -> Option<Written> {
    let days = days(wanted.days_max, value.subject?, keys)?;
    date::shift(value.written()?, days, out).then_some(Written::Text { quoted: false })
}

/// As many days for every date of one subject: 1 to `days_max`, in either direction.
fn days(days_max: u16, subject: &str, keys: &Keyring) -> Option<i64> {
    let subject = subject.trim().to_lowercase();
    let [a, b, c, d, e, f, g, h, ..] = keys.current().shifts.digest([subject.as_bytes()]);
    // Of 2^64 numbers, so that none of the few days is likelier than another by anything that counts.
    let place =
        u64::from_be_bytes([a, b, c, d, e, f, g, h]).checked_rem(2 * u64::from(days_max))?;
    let place = i64::try_from(place).ok()?;
    let days_max = i64::from(days_max);
    Some(if place < days_max { place - days_max } else { place - days_max + 1 })
}

fn mask(value: &Value<'_>, keep_last: u8, out: &mut String) -> Option<Written> {
    match value.kind {
        Some(Scalar::Number) => mask_number(value.text, keep_last, out),
        Some(Scalar::String) => mask_text(value.text, keep_last, out),
        Some(Scalar::Bool | Scalar::Null | Scalar::Binary) | None => return None,
    }
    Some(Written::Text { quoted: false })
}

/// How many of `total` characters are hidden: half of them at least, or what is as short as the rest that is
/// shown would go out as it is.
fn hidden_of(total: usize, keep_last: u8) -> usize {
    total - usize::from(keep_last).min(total / 2)
}

fn mask_text(text: &str, keep_last: u8, out: &mut String) {
    let total = text.chars().filter(|character| character.is_alphanumeric()).count();
    let hide = hidden_of(total, keep_last);
    let mut seen = 0;
    out.extend(text.chars().map(|character| {
        if !character.is_alphanumeric() {
            return character;
        }
        seen += 1;
        if seen <= hide { '*' } else { character }
    }));
}

/// A JSON number stays one: hidden digits become zeros, and leading zeros, which RFC 8259 §6 forbids, go.
fn mask_number(text: &str, keep_last: u8, out: &mut String) {
    let digits = text.bytes().filter(u8::is_ascii_digit);
    let hidden = hidden_of(digits.clone().count(), keep_last);
    out.extend(digits.skip(hidden).skip_while(|digit| *digit == b'0').map(char::from));
    if out.is_empty() {
        out.push('0');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Tag, Tokenise},
        redact::PseudonymKey,
    };

    fn value(kind: Scalar, text: &str) -> Value<'_> {
        Value { kind: Some(kind), text, shape: Shape::usual("user.unique_id"), subject: None }
    }

    fn written(replacement: &Replacement, value: &Value<'_>) -> (Option<String>, ReplacementKind) {
        let mut out = String::new();
        let keys = Keyring::from(PseudonymKey::new(b"k"));
        let (written, kind) = write(replacement, value, &keys, &mut out);
        match written {
            Written::Text { quoted: true } => (Some(format!("\"{out}\"")), kind),
            Written::Text { quoted: false } => (Some(out), kind),
            Written::Gone => (None, kind),
        }
    }

    #[test]
    fn a_mask_keeps_the_format_and_the_last_characters() {
        for (kind, text, keep_last, expected) in [
            (Scalar::String, "+92 300-1234567", 4, "+** ***-***4567"),
            (Scalar::String, "Zoë", 0, "***"),
            (Scalar::String, "ab", 9, "*b"),
            (Scalar::String, "1234", 4, "**34"),
            (Scalar::String, "7", 4, "*"),
            (Scalar::Number, "4567", 4, "67"),
            (Scalar::Number, "13800138000", 4, "8000"),
            (Scalar::Number, "-12.5", 0, "0"),
            (Scalar::Number, "1000", 3, "0"),
        ] {
            assert_eq!(
                written(&Replacement::Mask { keep_last }, &value(kind, text)).0.as_deref(),
                Some(expected)
            );
        }
        let truth = value(Scalar::Bool, "true");
        assert_eq!(written(&Replacement::Mask { keep_last: 2 }, &truth).0, None);
    }

    #[test]
    fn a_type_is_kept_where_asked() {
        let kept = Replacement::Replace { with: "-".into(), keep_type: true };
        let free = Replacement::Replace { with: "-".into(), keep_type: false };
        for (replacement, kind, text, expected) in [
            (&kept, Scalar::Number, "5", "0"),
            (&kept, Scalar::Bool, "true", "false"),
            (&kept, Scalar::String, "x", "-"),
            (&free, Scalar::Number, "5", "\"-\""),
        ] {
            assert_eq!(written(replacement, &value(kind, text)).0.as_deref(), Some(expected));
        }
    }

    #[test]
    fn keyed_texts_name_their_key_and_a_number_gets_quotes_for_them() {
        for (replacement, prefix) in
            [(Replacement::Hash, "hash.only."), (Replacement::Encrypt, "siv.only.")]
        {
            let (text, kind) = written(&replacement, &value(Scalar::String, "sana.k@example.pk"));
            let text = text.unwrap();
            assert!(text.starts_with(prefix) && crate::domain::is_token(&text), "{text}");
            assert_eq!(kind, replacement.kind());
            let number = written(&replacement, &value(Scalar::Number, "5")).0.unwrap();
            assert!(number.starts_with('"') && number.ends_with('"'), "{number}");
            assert_eq!(written(&replacement, &value(Scalar::Binary, "5")).0, None);
        }
    }

    #[test]
    fn what_has_no_token_is_replaced_as_the_rule_states() {
        let tokenise = |alphabet, otherwise| {
            Replacement::Tokenise(Tokenise {
                alphabet,
                checksum: None,
                keep_first: 0,
                keep_last: 0,
                otherwise,
            })
        };
        let short = value(Scalar::String, "12345");
        for (otherwise, kind, expected) in [
            (Otherwise::Remove, ReplacementKind::Remove, None),
            (Otherwise::Mask, ReplacementKind::Mask, Some("*****")),
        ] {
            let (text, done) = written(&tokenise(None, otherwise), &short);
            assert_eq!((text.as_deref(), done), (expected, kind));
        }
        for (otherwise, prefix) in [(Otherwise::Hash, "hash."), (Otherwise::Encrypt, "siv.")] {
            let (text, _) = written(&tokenise(None, otherwise), &short);
            assert!(text.as_deref().unwrap().starts_with(prefix), "{text:?}");
        }
        // A number stays one, or becomes a text, but never half of each.
        let (number, kind) =
            written(&tokenise(None, Otherwise::Remove), &value(Scalar::Number, "1802345671"));
        assert_eq!(kind, ReplacementKind::Tokenise);
        assert!(number.unwrap().parse::<u64>().is_ok());
        let words = tokenise(Some(Alphabet::Alphanumeric), Otherwise::Remove);
        let (word, _) = written(&words, &value(Scalar::Number, "1802345671"));
        assert!(word.unwrap().starts_with('"'));
    }

    #[test]
    fn all_dates_of_a_subject_are_shifted_alike_and_never_by_nothing() {
        let shift = |otherwise| {
            let by = [Tag(0)].into();
            Replacement::ShiftDates(ShiftDates { days_max: 3, by, otherwise })
        };
        let day = |subject: &str, text: &str| -> String {
            let value = Value { subject: Some(subject), ..value(Scalar::String, text) };
            written(&shift(Otherwise::Remove), &value).0.unwrap()
        };
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..200 {
            let subject = format!("account-{number}");
            let shifted = day(&subject, "1996-04-12");
            assert_eq!(day(&subject.to_uppercase(), "12.04.1996"), {
                let parts: Vec<&str> = shifted.split('-').rev().collect();
                parts.join(".")
            });
            seen.insert(shifted);
        }
        let days =
            ["1996-04-09", "1996-04-10", "1996-04-11", "1996-04-13", "1996-04-14", "1996-04-15"];
        assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), days);
        let nobody = value(Scalar::String, "1996-04-12");
        assert_eq!(written(&shift(Otherwise::Remove), &nobody), (None, ReplacementKind::Remove));
        let (masked, kind) = written(&shift(Otherwise::Mask), &nobody);
        assert_eq!((masked.as_deref(), kind), (Some("****-**-**"), ReplacementKind::Mask));
    }
}
