//! Documents inside values: JSON in a text, pictures and JSON in base64, parts that are bodies.

use crate::{
    domain::{
        Container, Encoding, FieldSink, Format, GapCause, Key, LayerId, Limits, Part, Span, Value,
    },
    format::{self, Stop},
};

/// A value that is a document of its own, to be read after the layer it stands in.
#[derive(Debug, Clone)]
pub(super) struct Embedded {
    pub(super) layer: LayerId,
    pub(super) span: Span,
    pub(super) encoding: Encoding,
    pub(super) kind: EmbeddedKind,
    pub(super) part: Part,
    pub(super) node: Option<u32>,
    /// How many layers it is inside of.
    pub(super) chain: usize,
}

#[derive(Debug, Clone)]
pub(super) enum EmbeddedKind {
    /// A text that is JSON.
    Json,
    /// A body of its own, such as a part of a multipart body.
    Declared(Option<Box<str>>),
}

/// The document inside a text, and where in the layer it stands.
pub(super) fn inner(
    text: &str,
    value: Value<'_>,
    limits: &Limits,
) -> Option<(Encoding, EmbeddedKind, Span)> {
    if is_json(text, limits) {
        return Some((Encoding::Escaped(value.escape), EmbeddedKind::Json, value.text_span));
    }
    let (skip, kind) = base64_of(text)?;
    // Where escapes stand inside, the bytes are not the text.
    let encoded = value.text.get(skip..).filter(|_| value.text.len() == text.len())?;
    let span = Span::new(value.text_span.start as usize + skip, value.text_span.end as usize);
    let readable = match format::decode(Encoding::Base64, encoded, limits) {
        Ok(decoded) => match kind {
            EmbeddedKind::Json => is_json(std::str::from_utf8(&decoded).ok()?, limits),
            EmbeddedKind::Declared(_) => true,
        },
        Err(stop) if is_not_it(stop) => return None,
        // Beyond a limit: for the walk to say, as in `is_json`.
        Err(_) => true,
    };
    readable.then_some((Encoding::Base64, kind, span))
}

/// How many bytes stand before base64 (RFC 4648 §4) that begins like a picture or like JSON, and which.
fn base64_of(text: &str) -> Option<(usize, EmbeddedKind)> {
    const SHORTEST: usize = 16;
    let skip = match text.strip_prefix("data:") {
        // RFC 2397.
        Some(rest) => {
            "data:".len()
                + rest.get(..rest.len().min(128)).unwrap_or(rest).find(";base64,")?
                + ";base64,".len()
        }
        None => 0,
    };
    let start = text.as_bytes().get(skip..).filter(|encoded| encoded.len() >= SHORTEST)?;
    let begins = |mark: &[u8]| start.starts_with(mark);
    if begins(b"/9j/") || begins(b"iVBORw0KGgo") || begins(b"UklGR") || begins(b"AAAA") && skip > 0
    {
        Some((skip, EmbeddedKind::Declared(None)))
    } else if begins(b"eyJ")
        || begins(b"ey") && skip > 0
        || begins(b"W3si")
        || begins(b"Wy") && skip > 0
    {
        Some((skip, EmbeddedKind::Json))
    } else {
        None
    }
}

/// True for the text of an object or array, and for one that exceeds a limit while it is read: that is
/// for the walk to say.
fn is_json(text: &str, limits: &Limits) -> bool {
    struct Ignore;

    impl FieldSink for Ignore {
        fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}
        fn close(&mut self, _: usize, _: usize) {}
        fn scalar(&mut self, _: Key<'_>, _: Value<'_>) {}
    }

    let trimmed = text.trim_ascii();
    let is_bracketed = matches!(
        (trimmed.as_bytes().first(), trimmed.as_bytes().last()),
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']'))
    );
    is_bracketed
        && !format::walk(Format::Json, text.as_bytes(), limits, &mut Ignore).is_err_and(is_not_it)
}

/// The bytes are not what they begin like, rather than more than may be read.
fn is_not_it(stop: Stop) -> bool {
    matches!(stop.cause, GapCause::Malformed | GapCause::InvalidUtf8 | GapCause::CorruptEncoding)
}
