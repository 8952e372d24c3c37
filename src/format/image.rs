//! Pictures: their metadata is read, their pixels are not.
//!
//! EXIF (with the place where the picture was taken), XMP, comments and textual chunks of JPEG, PNG, WebP,
//! HEIF and GIF become fields. Data behind the end of a picture, parts of it that nobody knows to hold no text,
//! and kinds whose metadata we do not read, are gaps. A picture that ends early is none, where its last part is of
//! pixels or whole: every byte there is was read. [`without`] takes the place or single values out and leaves
//! every other byte as it was.

mod edit;
mod gif;
mod heif;
mod icc;
mod jpeg;
mod pixels;
mod png;
mod strip;
mod tell;
mod tiff;
mod webp;

#[cfg(test)]
mod tests;

pub use self::{edit::without, strip::without_metadata};
use super::Stop;
use crate::domain::{FieldSink, GapCause, Limits, Span};

/// Media subtypes of the kinds of picture we know.
pub(super) const SUBTYPES: [&str; 9] =
    ["jpeg", "jpg", "pjpeg", "png", "webp", "heic", "heif", "avif", "gif"];

/// How a picture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Jpeg,
    Png,
    WebP,
    Heif,
    Gif,
}

impl Kind {
    pub(super) fn subtypes(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpeg", "jpg", "pjpeg"],
            Self::Png => &["png"],
            Self::WebP => &["webp"],
            Self::Heif => &["heic", "heif", "avif"],
            Self::Gif => &["gif"],
        }
    }
}

/// Whether `bytes` begin like a picture of a kind we know.
pub fn is_picture(bytes: &[u8]) -> bool {
    sniff(bytes).is_some()
}

/// The kind that `bytes` begin like.
pub(super) fn sniff(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Kind::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'i' | b'v', _, ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'm', b'i' | b's', b'f', b'1', ..] => {
            Some(Kind::Heif)
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
        _ => None,
    }
}

/// The metadata of a picture as members of one object: `exif`, `xmp`, and texts by their keyword.
pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    tell::walk(bytes, limits, sink)
}

/// A piece of metadata.
struct Block {
    content: Content,
    /// Where it stands; for pieces, the first of them.
    span: Span,
    /// What can be cut out of the picture without harm to the rest, where blanks would not do.
    chunk: Option<Span>,
}

impl Block {
    fn new(content: Content, span: Span) -> Self {
        Self { content, span, chunk: None }
    }
}

/// A part that is neither metadata we know nor known to hold no text: read where it is a text itself, a gap where it
/// is not. Zeros are what is left where metadata were taken out.
fn unknown(bytes: &[u8], span: Span) -> Option<Block> {
    let data = span.of(bytes);
    if data.iter().all(|byte| *byte == 0) {
        return None;
    }
    let content = if is_text(data) { Content::Text(None) } else { Content::Unread };
    Some(Block::new(content, span))
}

/// Zeros stand between the texts of a part, and behind the name of one.
fn is_text(data: &[u8]) -> bool {
    let is_written = |byte: &u8| *byte >= b' ' || matches!(byte, 0 | b'\t' | b'\n' | b'\r');
    data.iter().all(is_written) && super::utf8(data).is_some()
}

enum Content {
    /// A TIFF structure.
    Exif,
    Xmp,
    /// With its keyword.
    Text(Option<Span>),
    /// Something of its own that is no text, and may hold one.
    Unread,
    /// Written elsewhere as other bytes: under zlib, as digits, in several places.
    Rewritten {
        meaning: Meaning,
        bytes: Vec<u8>,
        pieces: Vec<Span>,
    },
}

/// What rewritten bytes are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Exif,
    Xmp,
    /// With its keyword.
    Text(Option<Span>),
}

type Take<'t> = &'t mut dyn FnMut(Block) -> Result<(), Stop>;

fn each_block(bytes: &[u8], limits: &Limits, take: Take<'_>) -> Result<(), Stop> {
    match sniff(bytes) {
        Some(Kind::Jpeg) => jpeg::blocks(bytes, take),
        Some(Kind::Png) => png::blocks(bytes, limits, take),
        Some(Kind::WebP) => webp::blocks(bytes, take),
        Some(Kind::Heif) => heif::blocks(bytes, take),
        Some(Kind::Gif) => gif::blocks(bytes, take),
        None => Err(Stop { cause: GapCause::UnknownMediaType, offset: 0 }),
    }
}
