//! Redactions carried out on the message as received.

use std::borrow::Cow;

use super::{Redacted, embedded, pictures, reading::Reading, reading::Root};
use crate::{
    domain::{Encoding, Finding, Layer, Replacement, Taxonomy},
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
    let mut in_pictures: Vec<usize> = Vec::new();
    let targets: Vec<Target<'_>> = redactions
        .iter()
        .filter_map(|redaction| {
            let finding = reading.findings.items.get(redaction.finding as usize)?;
            let number = finding.layer.index();
            let layer = reading.layers.get(number)?;
            if let Some((picture, _)) = pictures::around(reading, finding) {
                in_pictures.push(picture);
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
    in_pictures.sort_unstable();
    in_pictures.dedup();
    for number in in_pictures {
        plan.put(number, pictures::without_metadata(reading, redactions, number, taxonomy));
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
                let (bytes, is_identity) = encoded(bytes, reading);
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

fn text_of<'r>(finding: &Finding, layer: &'r Layer<'_>, buffer: &mut Unescaped) -> Cow<'r, str> {
    let escape = layer.format.escape(finding.part);
    let text = format::unescape(escape, finding.span.of(&layer.bytes), buffer);
    Cow::Owned(embedded::plain(text.as_str()))
}

/// The body in the encodings it came in, and whether it is in no content coding. A character encoding
/// stays, since the media type names it: text that has no place in it goes as a whole.
fn encoded(text: Vec<u8>, reading: &Reading<'_>) -> (Vec<u8>, bool) {
    let (body, codings) = match reading.body_encodings.split_first() {
        Some((charset @ Encoding::Charset(_), codings)) => {
            (redact::encode(*charset, &text).unwrap_or_default(), codings)
        }
        Some(_) | None => (text, reading.body_encodings.as_slice()),
    };
    if codings.is_empty() {
        return (body, false);
    }
    if !reading.keeps_content_coding {
        return (body, true);
    }
    let mut wrapped: Option<Vec<u8>> = None;
    for coding in codings {
        match redact::encode(*coding, wrapped.as_deref().unwrap_or(&body)) {
            Ok(next) => wrapped = Some(next),
            Err(_) => return (body, true),
        }
    }
    (wrapped.unwrap_or(body), false)
}
