//! Encodings taken off, one layer at a time: those of the body, and those of documents inside values.

use std::borrow::Cow;

use crate::{
    domain::{Charset, Encoding, Format, GapCause, Layer, LayerId, Limits, Span},
    format::{self, Decoder, Stop, Unescaped},
};

/// A document inside a value while its encodings come off.
pub(super) struct Opening<'o, 'm> {
    pub(super) layers: &'o mut Vec<Layer<'m>>,
    /// Where what comes next stands.
    pub(super) place: (LayerId, Span),
    /// What it is; `None` while that is a part of the layer it stands in.
    pub(super) bytes: Option<Vec<u8>>,
    /// How many layers it is inside of.
    pub(super) chain: usize,
    /// How many bytes may still be decoded.
    pub(super) left: &'o mut usize,
    pub(super) limits: &'o Limits,
    pub(super) decoder: &'o mut Decoder,
    pub(super) buffer: &'o mut Unescaped,
    /// What encodings say beside what is in them.
    pub(super) names: &'o mut Vec<Vec<u8>>,
}

impl Opening<'_, '_> {
    /// Takes `encoding` off and adds a layer for what is inside, which is `opened` where that is known.
    pub(super) fn take_off(
        &mut self,
        encoding: Encoding,
        opened: Option<Vec<u8>>,
    ) -> Result<(), GapCause> {
        let outer = match &self.bytes {
            Some(bytes) => bytes.as_slice(),
            None => {
                let (layer, span) = self.place;
                let layer = self.layers.get(layer.index());
                layer.map_or(&[][..], |layer| span.of(&layer.bytes))
            }
        };
        let mut written_as = encoding;
        let bytes = match (opened, encoding) {
            (Some(opened), _) => opened,
            (None, Encoding::Escaped(escape)) => {
                let text = format::unescape(escape, outer, self.buffer);
                if !text.is_whole() {
                    written_as = Encoding::OneWay;
                }
                text.as_str().as_bytes().to_vec()
            }
            (None, Encoding::Identity) => outer.to_vec(),
            (None, _) => {
                let inner = self.decoder.decode(encoding, outer, self.limits);
                keep_name(encoding, outer, self.names);
                inner.map_err(|stop| stop.cause)?
            }
        };
        if self.chain > self.limits.layers_max || self.layers.len() >= LAYERS_MAX {
            return Err(GapCause::TooManyLayers);
        }
        *self.left = self.left.checked_sub(bytes.len()).ok_or(GapCause::DecodedTooLarge)?;
        // The layer around gets its bytes back: what is inside may have to be put into it.
        let (parent, _) = self.place;
        if let (Some(around), Some(layer)) =
            (self.bytes.take(), self.layers.get_mut(parent.index()))
        {
            layer.bytes = Cow::Owned(around);
        }
        let layer = LayerId::new(self.layers.len());
        self.layers.push(Layer {
            parent: Some(self.place),
            encoding: written_as,
            format: Format::Opaque,
            bytes: Cow::Borrowed(&[]),
        });
        self.place = (layer, Span::new(0, bytes.len()));
        self.bytes = Some(bytes);
        self.chain += 1;
        Ok(())
    }

    /// The format of a body of its own, without the compression and the character encoding it is in.
    pub(super) fn declared(&mut self, media_type: Option<&str>) -> Result<Format, GapCause> {
        while let Some(encoding) = self.bytes.as_deref().and_then(format::sniff_encoding) {
            match self.take_off(encoding, None) {
                Ok(()) => {}
                // Bytes that only begin like a compression are for the media type to explain.
                Err(GapCause::CorruptEncoding) => break,
                Err(cause) => return Err(cause),
            }
        }
        let bytes = self.bytes.as_deref().unwrap_or_default();
        if let Some(charset) = format::charset(media_type, bytes)? {
            self.take_off(Encoding::Charset(charset), None)?;
        }
        format::identify(media_type, self.bytes.as_deref().unwrap_or_default())
    }
}

/// Layers one message may have: two or three of each document.
const LAYERS_MAX: usize = 1 << 18;

/// The encodings of a body in the order applied, declared or not, and its bytes without them when there
/// were any. What they say beside is added to `names`.
pub(super) fn decoded(
    header: Option<&str>,
    body: &[u8],
    limits: &Limits,
    decoder: &mut Decoder,
    names: &mut Vec<Vec<u8>>,
) -> Result<(Vec<Encoding>, Option<Vec<u8>>), Stop> {
    let mut encodings = match header {
        Some(header) => {
            format::content_encodings(header).map_err(|cause| Stop { cause, offset: 0 })?
        }
        None => Vec::new(),
    };
    if encodings.len() > limits.layers_max {
        return Err(Stop { cause: GapCause::TooManyLayers, offset: 0 });
    }
    let mut bytes: Option<Vec<u8>> = None;
    for encoding in encodings.iter().rev() {
        let outer = bytes.as_deref().unwrap_or(body);
        let inner = decoder.decode(*encoding, outer, limits)?;
        keep_name(*encoding, outer, names);
        bytes = Some(inner);
    }
    // What was not declared was applied first.
    while let Some(encoding) = format::sniff_encoding(bytes.as_deref().unwrap_or(body)) {
        if encodings.len() >= limits.layers_max {
            return Err(Stop { cause: GapCause::TooManyLayers, offset: 0 });
        }
        let outer = bytes.as_deref().unwrap_or(body);
        match decoder.decode(encoding, outer, limits) {
            Ok(inner) => {
                keep_name(encoding, outer, names);
                bytes = Some(inner);
            }
            // Bytes that only begin like a compression are for the media type to explain.
            Err(Stop { cause: GapCause::CorruptEncoding, .. }) => break,
            Err(stop) => return Err(stop),
        }
        encodings.insert(0, encoding);
    }
    Ok((encodings, bytes))
}

fn keep_name(encoding: Encoding, bytes: &[u8], names: &mut Vec<Vec<u8>>) {
    if encoding == Encoding::Gzip {
        names.extend(format::name_beside(bytes).map(<[u8]>::to_vec));
    }
}

/// What bytes are inside of Brotli, which has no mark that they would begin with (RFC 7932). Nothing but that says
/// that they are in it, and whoever receives them may read them as they stand: they are not read in full.
pub(super) fn without_mark(
    content_type: Option<&str>,
    body: &[u8],
    limits: &Limits,
    decoder: &mut Decoder,
) -> Option<(Encoding, Format, Vec<u8>)> {
    let inner = decoder.decode(Encoding::Brotli, body, limits).ok()?;
    let format = format::identify(content_type, &inner).ok()?;
    (!inner.is_empty() && format != Format::Opaque).then_some((Encoding::Brotli, format, inner))
}

/// The character encoding of a body that is not in UTF-8, and its text in UTF-8.
pub(super) fn transcoded(
    content_type: Option<&str>,
    body: &[u8],
    limits: &Limits,
    decoder: &mut Decoder,
) -> Result<Option<(Charset, Vec<u8>)>, Stop> {
    let charset = format::charset(content_type, body).map_err(|cause| Stop { cause, offset: 0 })?;
    let Some(charset) = charset else { return Ok(None) };
    let text = decoder.decode(Encoding::Charset(charset), body, limits)?;
    Ok(Some((charset, text)))
}
