//! How much of a message was read, and why not all of it.

use super::Part;

/// How much of a message, or of one of its parts, was read.
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
pub enum Coverage {
    /// Every byte, or every one that is sent: the rest goes with values that are removed.
    #[default]
    Full,
    /// Some of it was not; the gaps say which and why.
    Partial,
    /// Nothing of some part could be read.
    Opaque,
}

impl Coverage {
    pub const ALL: [Self; 3] = [Self::Full, Self::Partial, Self::Opaque];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Opaque => "opaque",
        }
    }
}

/// One place that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Gap {
    pub part: Part,
    pub coverage: Coverage,
    pub cause: GapCause,
    /// Byte offset in the layer where reading stopped.
    pub offset: usize,
}

/// Why a place was not read.
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
pub enum GapCause {
    /// No decoder for the media type.
    UnknownMediaType,
    /// No decoder for the content encoding.
    UnknownContentEncoding,
    /// The bytes are not what the declared or recognised format requires.
    Malformed,
    /// The bytes contradict the declared media type.
    MediaTypeMismatch,
    /// A compressed layer ends early or its checksum is wrong.
    CorruptEncoding,
    InvalidUtf8,
    TooDeep,
    TooManyFields,
    TooManyFindings,
    TooManyLayers,
    /// The body is longer than the hold limit.
    BodyTooLarge,
    /// A decoded layer is longer than its limit.
    DecodedTooLarge,
    /// A decoded layer is suspiciously many times its source.
    DecodedRatio,
    /// A tunnel, an upgrade or a range: not a payload we hold.
    NotHeld,
    /// The inspection was given up before its end.
    TooSlow,
}

impl GapCause {
    pub const ALL: [Self; 15] = [
        Self::UnknownMediaType,
        Self::UnknownContentEncoding,
        Self::Malformed,
        Self::MediaTypeMismatch,
        Self::CorruptEncoding,
        Self::InvalidUtf8,
        Self::TooDeep,
        Self::TooManyFields,
        Self::TooManyFindings,
        Self::TooManyLayers,
        Self::BodyTooLarge,
        Self::DecodedTooLarge,
        Self::DecodedRatio,
        Self::NotHeld,
        Self::TooSlow,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownMediaType => "unknown_media_type",
            Self::UnknownContentEncoding => "unknown_content_encoding",
            Self::Malformed => "malformed",
            Self::MediaTypeMismatch => "media_type_mismatch",
            Self::CorruptEncoding => "corrupt_encoding",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::TooDeep => "too_deep",
            Self::TooManyFields => "too_many_fields",
            Self::TooManyFindings => "too_many_findings",
            Self::TooManyLayers => "too_many_layers",
            Self::BodyTooLarge => "body_too_large",
            Self::DecodedTooLarge => "decoded_too_large",
            Self::DecodedRatio => "decoded_ratio",
            Self::NotHeld => "not_held",
            Self::TooSlow => "too_slow",
        }
    }
}
