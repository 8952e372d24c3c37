//! Turns bytes into addressable fields.
//!
//! [`decode`] takes a compression or a [`charset()`] off, [`identify`] says which grammar a body is written
//! in, [`walk`] reads one layer and reports each value with its place to a [`FieldSink`], and [`unescape()`] gives the
//! text of one value with a map back to the bytes it came from. Decoders are strict: what two readers
//! could take in two ways ends the reading with a [`Stop`], so that the rest counts as not looked at.
//!
//! Nothing here builds a tree, copies a value or calls itself; time and memory are linear in the input
//! and bounded by [`Limits`]. A decoder reports every byte that can carry a value: names, duplicate
//! members and attributes included.

mod charset;
mod classes;
mod csv;
mod encoding;
mod form;
mod graphql;
mod hints;
mod image;
mod json;
mod media;
mod multipart;
mod scan;
pub mod target;
mod text;
mod toml;
mod unescape;
mod vcard;
mod xml;
mod yaml;

pub use charset::charset;
pub use encoding::{
    Decoder, content_encodings, decode, may_be_deflate, may_be_zlib, name_beside, sniff_encoding,
};
pub use form::walk as walk_query;
pub use hints::may_hold;
pub use image::{is_picture, without as picture_without, without_metadata};
pub use media::{TEXT_BYTES_MIN, hides_text, identify, is_web_page};
pub use target::walk_path;
pub use text::walk_set_cookie;
pub use unescape::{Text, Unescaped, hex_byte, is_html_reference, unescape, unescape_at, utf8};
pub use xml::whole as whole_markup;

use crate::domain::{FieldSink, Format, GapCause, Key, Limits, Span};
use csv::Dialect;

/// Where and why reading a layer ended early. What stands before it has been reported to the sink,
/// which may therefore hold containers that were never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    pub cause: GapCause,
    /// Byte offset in the layer.
    pub offset: usize,
}

impl Stop {
    fn malformed(offset: usize) -> Self {
        Self { cause: GapCause::Malformed, offset }
    }
}

/// Reports the fields of one layer to `sink`, in document order. Stops where the layer is not of its format, or at a
/// bound; what was reported before stands.
pub fn walk<S: FieldSink>(
    format: Format,
    bytes: &[u8],
    limits: &Limits,
    sink: &mut S,
) -> Result<(), Stop> {
    // Spans are 32 bits wide.
    if u32::try_from(bytes.len()).is_err() {
        return Err(Stop { cause: GapCause::DecodedTooLarge, offset: 0 });
    }
    match format {
        Format::Json => json::walk(bytes, limits, sink),
        Format::NdJson => json::walk_sequence(bytes, limits, sink),
        Format::Form => form::walk(bytes, 0, limits, sink),
        Format::Target => target::walk(bytes, limits, sink),
        Format::Cookie => text::walk_cookie(bytes, limits, sink),
        Format::Header | Format::Text => text::walk(bytes, limits, sink),
        Format::Xml => xml::walk(bytes, limits, sink),
        Format::Baggage => text::walk_baggage(bytes, limits, sink),
        Format::Forwarded => text::walk_forwarded(bytes, limits, sink),
        Format::Csv => csv::walk(bytes, Dialect::Headed, limits, sink),
        Format::CsvData => csv::walk(bytes, Dialect::Bare, limits, sink),
        Format::Tsv => csv::walk(bytes, Dialect::Tabs, limits, sink),
        Format::GraphQl => graphql::walk(bytes, limits, sink),
        Format::VCard => vcard::walk(bytes, limits, sink),
        Format::Yaml => yaml::walk(bytes, limits, sink),
        Format::Toml => toml::walk(bytes, limits, sink),
        Format::Multipart => multipart::walk(bytes, limits, sink),
        Format::Image => image::walk(bytes, limits, sink),
        Format::Opaque => Err(Stop { cause: GapCause::UnknownMediaType, offset: 0 }),
    }
}

/// Reports what stands behind the place where reading a layer ended, as one text: values show there by their
/// form or behind a label, though nothing of it counts as read. Containers must have been closed.
pub fn walk_rest<S: FieldSink>(format: Format, bytes: &[u8], stop: Stop, sink: &mut S) {
    let is_text = !matches!(format, Format::Text | Format::Header | Format::Image | Format::Opaque);
    let is_another = matches!(stop.cause, GapCause::Malformed | GapCause::InvalidUtf8);
    if is_text && is_another && stop.offset < bytes.len() {
        if format == Format::NdJson {
            return json::walk_rest_of_sequence(bytes, stop.offset, sink);
        }
        let rest = Span::new(stop.offset, bytes.len());
        text::walk_part(bytes, rest, rest, Key::Root, sink);
    }
}

/// How many more values may be reported.
struct Fields {
    left: usize,
}

impl Fields {
    fn new(limits: &Limits) -> Self {
        Self { left: limits.fields_max }
    }

    #[inline]
    fn count(&mut self, offset: usize) -> Result<(), Stop> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Stop { cause: GapCause::TooManyFields, offset }),
        }
    }
}

#[cfg(test)]
mod tests;
