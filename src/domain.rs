//! The nouns every room shares: values with `FromStr`, `Display` and ordering, and no behaviour.
//!
//! A noun that gains behaviour moves to the room that behaves. Nothing here does I/O, reads a clock
//! or knows where it came from. Invariant: no type in this room can hold a payload value, except the
//! decoded bytes of a [`Layer`], which live no longer than one exchange.

mod by_byte;
mod coverage;
mod effect;
mod field;
mod finding;
mod halt;
mod limits;
mod region;
mod short_name;
mod tag;
mod unique_id;

pub(crate) use by_byte::ByByte;
pub(crate) use by_byte::{by_blocks, by_byte, ends_in_any_case, is_like, runs};
pub use coverage::{Coverage, Gap, GapCause};
pub use effect::{
    Alphabet, BrokenSignature, Checksum, Effect, Generalise, Metadata, Otherwise, Replaced,
    Replacement, ReplacementKind, ShiftDates, Tokenise, is_token,
};
pub(crate) use effect::{HASH_PREFIX, SIV_PREFIX};
pub use field::{
    Charset, Container, Encoding, Escape, FieldSink, Format, Key, Layer, LayerId, Name, Part,
    Scalar, ScalarStyle, Span, Value, Wanted, Wants,
};
pub(crate) use finding::Locators;
pub use finding::{Confidence, DetectorId, Finding, Findings, Marks, PathNode, Step};
pub use halt::{Awaited, Halt};
pub use limits::Limits;
pub use region::{Region, RegionError};
pub use short_name::ShortName;
/// A text that is a name, most of the time: up to 23 bytes stand in place, without an allocation.
pub(crate) use smol_str::SmolStr as ShortStr;
pub use tag::{Category, Sensitivity, Tag, TagPattern, TagSet, Taxonomy, TaxonomyError};
pub(crate) use unique_id::is_unique_id;
