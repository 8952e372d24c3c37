//! What a rule does, and what takes the place of a redacted value.

use std::{fmt, str::FromStr, sync::Arc};

use super::Tag;

/// The consequence of a rule, ordered so that the stricter is the greater: combining is `max`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Forward unchanged.
    #[default]
    Allow,
    /// Forward with the named fields taken out or replaced.
    Redact,
    /// Forward nothing.
    Block,
}

impl Effect {
    pub const ALL: [Self; 3] = [Self::Allow, Self::Redact, Self::Block];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Redact => "redact",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Effect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|effect| effect.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not an effect; use `allow`, `redact` or `block`"))
    }
}

/// How a redacted field is changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Replacement {
    /// The key goes with the value. An array element becomes `null` so that its siblings keep their
    /// index; a part of a text is cut out.
    #[default]
    Remove,
    /// A fixed text; a JSON number, boolean or null keeps its type (`0`, `false`, `null`) when
    /// `keep_type` is set.
    Replace { with: Arc<str>, keep_type: bool },
    /// Every letter and digit becomes `*` (a digit of a JSON number becomes `0`), separators stay,
    /// the last `keep_last` letters or digits are kept.
    Mask { keep_last: u8 },
    /// `hash.<key id>.<code>`: HMAC-SHA-256 (RFC 2104) under the current key, the first 128 bits as 32
    /// hex digits.
    Hash,
    /// Another value of the same form, which whoever holds the key can turn back.
    Tokenise(Tokenise),
    /// `siv.<key id>.<code>`: AES-256-SIV (RFC 5297) under the current key, in base64url. Equal values
    /// give equal codes.
    Encrypt,
    /// Less exact, and still useful.
    Generalise(Generalise),
    /// A date some days earlier or later: as many for every date of one subject, under one key.
    ShiftDates(ShiftDates),
    /// A picture without what is told beside its pixels.
    StripMetadata(Metadata),
}

/// Format-preserving encryption of a value (FF1, NIST SP 800-38G).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tokenise {
    /// `None`: as is usual for the category.
    pub alphabet: Option<Alphabet>,
    /// `None`: as is usual for the category.
    pub checksum: Option<Checksum>,
    /// Characters of the alphabet that stay at the beginning.
    pub keep_first: u8,
    /// Characters of the alphabet that stay at the end.
    pub keep_last: u8,
    /// What is done to a value that is too short for a token (`radix^length` below 1,000,000), too
    /// long, or not written in the alphabet.
    pub otherwise: Otherwise,
}

/// The characters of which a token is made; others stay where they are.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// `0` to `9`.
    Digits,
    /// Digits, capital and small letters.
    Alphanumeric,
    /// Digits and capital letters.
    AlphanumericUpper,
    /// Digits and small letters.
    AlphanumericLower,
    /// Digits, capital and small letters before the `@`; what is behind it stays.
    Email,
}

impl Alphabet {
    pub(crate) fn radix(self) -> u32 {
        match self {
            Self::Digits => 10,
            Self::AlphanumericUpper | Self::AlphanumericLower => 36,
            Self::Alphanumeric | Self::Email => 62,
        }
    }
}

/// Check digits that a token has as right, or as wrong, as the value had them.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Checksum {
    None,
    /// ISO/IEC 7812-1 Annex B: the last digit of cards and IMEIs.
    Luhn,
    /// The last digit of an Aadhaar number.
    Verhoeff,
    /// ISO 7064 MOD 97-10: the third and fourth character of an IBAN (ISO 13616).
    Iban,
}

/// What is done where the wanted replacement cannot be.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    #[default]
    Remove,
    Mask,
    Hash,
    Encrypt,
}

/// What a value is generalised to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generalise {
    /// Keep this many decimals of a coordinate; truncated, never rounded up to a neighbour.
    Decimals(u8),
    /// Keep this many leading bits of an IPv4 or IPv6 address, the rest zero.
    IpPrefix { v4_bits: u8, v6_bits: u8 },
    /// Keep the year of a date: `1996-04-12` becomes `1996-01-01`.
    Year,
    /// Keep the month of a date: `1996-04-12` becomes `1996-04-01`.
    Month,
    /// Keep this many leading letters or digits, as of a postal code: `SW1A 1AA` becomes `SW1A`.
    Prefix(u8),
}

/// How dates are shifted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShiftDates {
    /// Days, at least 1; the shift is that far at most, in either direction, and never zero.
    pub days_max: u16,
    /// Categories whose value tells the subject: of those nearest to the date in the document, the first.
    pub by: Arc<[Tag]>,
    /// What is done to what is no date, and to a date of nobody in particular.
    pub otherwise: Otherwise,
}

/// What is taken out of a picture.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Metadata {
    /// Where it was taken.
    Location,
    /// Everything but how to show it: its orientation and colours stay.
    All,
}

/// The kind of a replacement, as records name it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReplacementKind {
    Remove,
    Replace,
    Mask,
    Hash,
    Tokenise,
    Encrypt,
    Generalise,
    ShiftDates,
    StripMetadata,
}

impl ReplacementKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Replace => "replace",
            Self::Mask => "mask",
            Self::Hash => "hash",
            Self::Tokenise => "tokenise",
            Self::Encrypt => "encrypt",
            Self::Generalise => "generalise",
            Self::ShiftDates => "shift_dates",
            Self::StripMetadata => "strip_metadata",
        }
    }
}

impl Replacement {
    pub fn kind(&self) -> ReplacementKind {
        match self {
            Self::Remove => ReplacementKind::Remove,
            Self::Replace { .. } => ReplacementKind::Replace,
            Self::Mask { .. } => ReplacementKind::Mask,
            Self::Hash => ReplacementKind::Hash,
            Self::Tokenise(_) => ReplacementKind::Tokenise,
            Self::Encrypt => ReplacementKind::Encrypt,
            Self::Generalise(_) => ReplacementKind::Generalise,
            Self::ShiftDates(_) => ReplacementKind::ShiftDates,
            Self::StripMetadata(_) => ReplacementKind::StripMetadata,
        }
    }

    /// What is written depends on what stood there.
    pub(crate) fn reads_value(&self) -> bool {
        match self {
            Self::Remove | Self::Replace { .. } | Self::StripMetadata(_) => false,
            Self::Mask { .. }
            | Self::Hash
            | Self::Tokenise(_)
            | Self::Encrypt
            | Self::Generalise(_)
            | Self::ShiftDates(_) => true,
        }
    }

    /// What was asked for cannot be undone with today's key alone when that key is gone.
    pub(crate) fn is_reversible(&self) -> bool {
        match self {
            Self::Tokenise(_) | Self::Encrypt => true,
            Self::ShiftDates(shift) => shift.otherwise == Otherwise::Encrypt,
            Self::Remove
            | Self::Replace { .. }
            | Self::Mask { .. }
            | Self::Hash
            | Self::Generalise(_)
            | Self::StripMetadata(_) => false,
        }
    }
}

/// How findings of one message were changed in the end, and how many in that way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Replaced {
    pub kind: ReplacementKind,
    /// What the rule asked for, where that could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<ReplacementKind>,
    pub count: u32,
}

/// What is done when a redaction would break a signature over the message, mildest first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BrokenSignature {
    /// Send it with the signature that no longer holds, and say so in the record.
    Flag,
    /// Send it without the signature, and say so in the record.
    Strip,
    /// Do not send it.
    #[default]
    Block,
}

/// How keyed replacements begin that cannot be turned back, so that one is known for what it is.
pub(crate) const HASH_PREFIX: &str = "hash.";
/// How replacements begin that can be decrypted.
pub(crate) const SIV_PREFIX: &str = "siv.";

/// True for what [`Replacement::Hash`] and [`Replacement::Encrypt`] leave behind: prefix, key id, code.
pub fn is_token(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(HASH_PREFIX).or_else(|| text.strip_prefix(SIV_PREFIX))
    else {
        return false;
    };
    let is_word = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    rest.split_once('.').is_some_and(|(id, code)| {
        (1..=32).contains(&id.len()) && is_word(id) && code.len() >= 22 && is_word(code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_form() {
        for (text, expected) in [
            ("hash.2026-11.5bdcc146bf60754e6a042426089575c7", true),
            ("siv.k1.AAAAAAAAAAAAAAAAAAAAAA", true),
            ("siv.k1.short", false),
            ("hash..5bdcc146bf60754e6a042426089575c7", false),
            ("hash.a b.5bdcc146bf60754e6a042426089575c7", false),
            ("hash.5bdcc146bf60754e6a042426089575c7", false),
            ("other.k1.5bdcc146bf60754e6a042426089575c7", false),
            ("hash.k1.5bdcc146bf60754e6a042426089575c7 and more", false),
        ] {
            assert_eq!(is_token(text), expected, "{text}");
        }
    }
}
