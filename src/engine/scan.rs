//! Findings without a decision, and the bytes they stand in.

use std::ops::Range;

use super::reading::{Reading, Root};
use crate::{
    domain::{Coverage, Encoding, Finding, Findings, Gap, Layer, LayerId, Span},
    format::{self, Unescaped},
};

/// What one message holds. Unlike a [`Verdict`](super::Verdict) it can show the values, so it is for
/// whoever has the file already.
#[derive(Debug)]
pub struct Scan<'m> {
    pub findings: Findings,
    pub coverage: Coverage,
    pub gaps: Vec<Gap>,
    layers: Vec<Layer<'m>>,
    roots: Vec<(LayerId, Root)>,
    body_is_decoded: bool,
}

impl<'m> Scan<'m> {
    pub(super) fn new(reading: Reading<'m>) -> Self {
        Self {
            coverage: reading.coverage(),
            findings: reading.findings,
            gaps: reading.gaps,
            layers: reading.layers,
            roots: reading.roots,
            body_is_decoded: !reading.body_encodings.is_empty(),
        }
    }

    /// The part of the message whose own bytes a layer is; `None` for what was decoded out of one.
    pub fn root(&self, layer: LayerId) -> Option<Root> {
        let (_, root) = self.roots.iter().find(|(known, _)| *known == layer)?;
        let is_decoded = *root == Root::Beside || *root == Root::Body && self.body_is_decoded;
        (!is_decoded).then_some(*root)
    }

    /// Where a finding stands in the outermost layer whose own bytes hold it: as they are, escaped, or
    /// in base64, whose symbols stand for a few bytes each.
    pub fn place(&self, finding: &Finding) -> (LayerId, Span) {
        let (mut number, mut span) = (finding.layer, finding.span);
        while let Some(layer) = self.layers.get(number.index())
            && let Some((parent, around)) = layer.parent
            && let Some(outer) = self.layers.get(parent.index())
            && let Some(inside) = outwards(layer.encoding, around.of(&outer.bytes), span)
        {
            (number, span) = (parent, inside.shift(around.range().start));
        }
        (number, span)
    }

    /// The personal data itself, as it stands in its layer.
    pub fn bytes(&self, finding: &Finding) -> &[u8] {
        let layer = self.layers.get(finding.layer.index());
        let span: Span = finding.span;
        layer.map_or(&[], |layer| span.of(&layer.bytes))
    }
}

/// Longest escaped value whose findings are told by the byte.
const COUNTED_BYTES_MAX: usize = 64 << 10;

/// Where `span` of what is inside stands in `raw`, which holds it in `encoding`.
fn outwards(encoding: Encoding, raw: &[u8], span: Span) -> Option<Span> {
    match encoding {
        Encoding::Identity => Some(span),
        // Counting through a long value for each finding in it would take too long.
        Encoding::Escaped(_) if raw.len() > COUNTED_BYTES_MAX => Some(Span::new(0, raw.len())),
        Encoding::Escaped(escape) => {
            let mut buffer = Unescaped::new();
            Some(format::unescape(escape, raw, &mut buffer).raw_span(span))
        }
        Encoding::Base64
        | Encoding::Base64Bare
        | Encoding::Base64Url
        | Encoding::Base64UrlPadded => {
            let Range { start, end } = span.range();
            Some(Span::new(start / 3 * 4, (end.div_ceil(3) * 4).min(raw.len())))
        }
        Encoding::Hex | Encoding::HexUpper => {
            let Range { start, end } = span.range();
            Some(Span::new(start * 2, (end * 2).min(raw.len())))
        }
        // All of it stands for all of it.
        Encoding::OneWay | Encoding::QuotedPrintable | Encoding::QWord | Encoding::Base64Lines => {
            Some(Span::new(0, raw.len()))
        }
        Encoding::Gzip
        | Encoding::Deflate
        | Encoding::Brotli
        | Encoding::Zstd
        | Encoding::Charset(_) => None,
    }
}
