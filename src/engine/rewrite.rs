//! Redactions carried out on the message as received.

use std::borrow::Cow;

use super::{Redacted, reading::Reading, reading::Root};
use crate::{
    domain::{Encoding, Finding, Format, Layer, Replacement, Taxonomy},
    format::{self, Unescaped},
    policy::Redaction,
    redact::{self, Plan, PseudonymKey, Target},
};

pub(super) fn rewrite(
    reading: &Reading<'_>,
    redactions: &[Redaction],
    taxonomy: &Taxonomy,
    key: &PseudonymKey,
) -> Redacted {
    let mut buffer = Unescaped::default();
    let mut pictures: Vec<usize> = Vec::new();
    let targets: Vec<Target<'_>> = redactions
        .iter()
        .filter_map(|redaction| {
            let finding = reading.findings.items.get(redaction.finding as usize)?;
            let number = finding.layer.index();
            let layer = reading.layers.get(number)?;
            if layer.format == Format::Image {
                pictures.push(number);
                return None;
            }
            let text = match redaction.replacement {
                Replacement::Remove | Replacement::Replace { .. } => Cow::Borrowed(""),
                Replacement::Mask { .. } | Replacement::Hash | Replacement::Generalise(_) => {
                    text_of(finding, layer, &mut buffer)
                }
            };
            Some(Target { finding, replacement: &redaction.replacement, text })
        })
        .collect();
    let mut plan = Plan::new(&reading.layers, &targets, key);
    pictures.sort_unstable();
    pictures.dedup();
    for number in pictures {
        plan.put(number, without_metadata(reading, redactions, number, taxonomy));
    }
    let mut redacted = Redacted::default();
    for (number, bytes) in plan.apply(&reading.layers) {
        let root =
            reading.roots.iter().find(|(layer, _)| layer.index() == number).map(|(_, root)| *root);
        match root {
            // Edits put ASCII into a target that was ASCII.
            Some(Root::Target) => {
                redacted.target = Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            Some(Root::Header(number)) => {
                redacted.headers.push((number, (!bytes.trim_ascii().is_empty()).then_some(bytes)));
            }
            Some(Root::Body) => {
                let (bytes, is_identity) = encoded(bytes, &reading.body_encodings);
                redacted.body = Some(bytes);
                redacted.body_is_identity = is_identity;
            }
            None => {}
        }
    }
    redacted
}

/// The bytes that redactions take out or change, as they stood.
pub(super) fn taken_out<'r>(
    reading: &'r Reading<'_>,
    redactions: &'r [Redaction],
) -> impl Iterator<Item = &'r [u8]> {
    redactions.iter().filter_map(|redaction| {
        let finding = reading.findings.items.get(redaction.finding as usize)?;
        let layer = reading.layers.get(finding.layer.index())?;
        Some(finding.span.of(&layer.bytes))
    })
}

/// A picture without the place it was taken at. Where something else in its metadata has to go as well,
/// or the place cannot be taken out, the picture goes.
fn without_metadata(
    reading: &Reading<'_>,
    redactions: &[Redaction],
    number: usize,
    taxonomy: &Taxonomy,
) -> Vec<u8> {
    let is_place = |finding: &Finding| {
        let key = taxonomy.key(finding.tag);
        key.starts_with("user.location") || key.ends_with("exif_location")
    };
    let only_places = redactions
        .iter()
        .filter_map(|redaction| reading.findings.items.get(redaction.finding as usize))
        .filter(|finding| finding.layer.index() == number)
        .all(is_place);
    reading
        .layers
        .get(number)
        .filter(|_| only_places)
        .and_then(|layer| format::without_location(&layer.bytes))
        .unwrap_or_default()
}

fn text_of<'r>(finding: &Finding, layer: &'r Layer<'_>, buffer: &mut Unescaped) -> Cow<'r, str> {
    let escape = layer.format.escape(finding.part);
    Cow::Owned(format::unescape(escape, finding.span.of(&layer.bytes), buffer).as_str().to_owned())
}

/// The body in the encodings it came in, or as it is when one of them cannot be written.
fn encoded(bytes: Vec<u8>, encodings: &[Encoding]) -> (Vec<u8>, bool) {
    let mut wrapped: Option<Vec<u8>> = None;
    for encoding in encodings {
        match redact::encode(*encoding, wrapped.as_deref().unwrap_or(&bytes)) {
            Ok(next) => wrapped = Some(next),
            Err(_) => return (bytes, true),
        }
    }
    (wrapped.unwrap_or(bytes), false)
}
