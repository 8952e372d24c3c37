//! What a rule does, and what takes the place of a redacted value.

use std::{fmt, str::FromStr};

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
    Replace { with: String, keep_type: bool },
    /// Every letter and digit becomes `*` (a digit of a JSON number becomes `0`), separators stay,
    /// the last `keep_last` letters or digits are kept.
    Mask { keep_last: u8 },
    /// HMAC-SHA-256 under the gateway's pseudonym key, the first 128 bits as 32 hex digits (RFC 2104).
    Hash,
    /// Less exact, and still useful.
    Generalise(Generalise),
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
}
