//! Redactions inside pictures: their metadata goes, and the rest of them stays as it was.

use super::reading::Reading;
use crate::{
    domain::{Finding, Format, Span, Taxonomy},
    format,
    policy::Redaction,
};

/// A redaction in a picture: the picture's layer, and the finding's place there.
pub(super) struct InPicture<'r> {
    pub(super) picture: usize,
    pub(super) span: Span,
    pub(super) finding: &'r Finding,
    pub(super) redaction: &'r Redaction,
}

/// The picture a finding stands in, by its layer, and the finding's place there: its own, or that of the
/// value it was found inside of.
pub(super) fn around(reading: &Reading<'_>, finding: &Finding) -> Option<(usize, Span)> {
    let (mut number, mut span) = (finding.layer.index(), finding.span);
    loop {
        let layer = reading.layers.get(number)?;
        if layer.format == Format::Image {
            return Some((number, span));
        }
        let (parent, place) = layer.parent?;
        (number, span) = (parent.index(), place);
    }
}

/// The picture in `bytes` without what has to go from its metadata; `None` when that cannot be taken out.
pub(super) fn without_metadata(
    bytes: &[u8],
    inside: &[InPicture<'_>],
    taxonomy: &Taxonomy,
) -> Option<Vec<u8>> {
    let (places, values): (Vec<_>, Vec<_>) =
        inside.iter().partition(|it| is_place(it.finding, taxonomy));
    let spans: Vec<Span> = values.iter().map(|it| it.span).collect();
    format::picture_without(bytes, !places.is_empty(), &spans)
}

fn is_place(finding: &Finding, taxonomy: &Taxonomy) -> bool {
    let key = taxonomy.key(finding.tag);
    key.starts_with("user.location") || key.ends_with("exif_location")
}
