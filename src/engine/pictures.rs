//! Redactions inside pictures: their metadata goes, and the rest of them stays as it was.

use super::reading::Reading;
use crate::{
    domain::{Finding, Format, Span, Taxonomy},
    format,
    policy::Redaction,
};

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

/// A picture without what has to go from its metadata; `None` when that cannot be taken out.
pub(super) fn without_metadata(
    reading: &Reading<'_>,
    redactions: &[Redaction],
    number: usize,
    taxonomy: &Taxonomy,
) -> Option<Vec<u8>> {
    let (mut place, mut spans) = (false, Vec::new());
    for redaction in redactions {
        let Some(finding) = reading.findings.items.get(redaction.finding as usize) else {
            continue;
        };
        match around(reading, finding) {
            Some((picture, _)) if picture != number => {}
            Some(_) if is_place(finding, taxonomy) => place = true,
            Some((_, span)) => spans.push(span),
            None => {}
        }
    }
    format::picture_without(&reading.layers.get(number)?.bytes, place, &spans)
}

fn is_place(finding: &Finding, taxonomy: &Taxonomy) -> bool {
    let key = taxonomy.key(finding.tag);
    key.starts_with("user.location") || key.ends_with("exif_location")
}
