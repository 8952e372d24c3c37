//! Findings without a decision, and the bytes they stand in.

use super::reading::{Reading, Root};
use crate::domain::{Coverage, Finding, Findings, Gap, Layer, LayerId, Span};

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
        (*root != Root::Body || !self.body_is_decoded).then_some(*root)
    }

    /// The personal data itself, as it stands in its layer.
    pub fn bytes(&self, finding: &Finding) -> &[u8] {
        let layer = self.layers.get(finding.layer.index());
        let span: Span = finding.span;
        layer.map_or(&[], |layer| span.of(&layer.bytes))
    }
}
