//! Redactions carried out on the message as received.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, cmp::Reverse};

use super::{
    Redacted,
    catalogue::Catalogue,
    embedded,
    pictures::{self, InPicture},
    reading::{Reading, Root},
};
use crate::{
    domain::{
        Charset, Encoding, Finding, Format, Layer, LayerId, Metadata, Replaced, Replacement,
        ReplacementKind, ShiftDates, Span, Tag, Taxonomy,
    },
    format::{self, Unescaped},
    policy::Redaction,
    redact::{self, Keyring, Place, Plan, Shape, Syntax, Value},
};

/// What is usual for the tokens of each category, worked out once for a generation.
#[derive(Debug, Default)]
pub(super) struct Shapes(Vec<Shape>);

impl Shapes {
    pub(super) fn of(taxonomy: &Taxonomy) -> Self {
        Self(taxonomy.iter().map(|(_, category)| Shape::usual(&category.key)).collect())
    }

    fn of_tag(&self, tag: Tag) -> Shape {
        self.0.get(usize::from(tag.0)).copied().unwrap_or_else(|| Shape::usual(""))
    }
}

/// The changed parts of the message, and how its findings were changed. `echo_of` are the findings whose values the
/// last ones repeat.
pub(super) fn rewrite(
    reading: &Reading<'_>,
    redactions: &[Redaction],
    echo_of: &[u32],
    catalogue: &Catalogue,
    keys: &Keyring,
) -> (Redacted, Vec<Replaced>) {
    let mut plan = Plan::with_capacity(redactions.len());
    if let Some((body, syntax)) = syntax_of_body(reading) {
        plan.write_for(body, syntax);
    }
    let mut in_pictures: Vec<InPicture<'_>> = Vec::new();
    // The same date is shifted alike wherever it stands.
    let first_echo = reading.findings.items.len() - echo_of.len();
    let source_of = |finding: u32| {
        let number = (finding as usize).checked_sub(first_echo);
        number.and_then(|number| echo_of.get(number)).copied().unwrap_or(finding)
    };
    let (mut text, mut subject) = (Unescaped::default(), Unescaped::default());
    for redaction in redactions {
        let Some(finding) = reading.findings.items.get(redaction.finding as usize) else {
            continue;
        };
        let Some(layer) = reading.layers.get(finding.layer.index()) else { continue };
        if let Some((picture, span)) = pictures::around(reading, finding) {
            in_pictures.push(InPicture { picture, span, finding, redaction });
            continue;
        }
        let replacement = &redaction.replacement;
        let text = match replacement.reads_value() {
            true => text_of(reading, finding, &mut text),
            false => Cow::Borrowed(""),
        };
        let subject = match replacement {
            Replacement::ShiftDates(shift) => {
                let date = source_of(redaction.finding);
                subject_of(reading, date, shift)
                    .map(|finding| text_of(reading, finding, &mut subject))
            }
            Replacement::Remove
            | Replacement::Replace { .. }
            | Replacement::Mask { .. }
            | Replacement::Hash
            | Replacement::Tokenise(_)
            | Replacement::Encrypt
            | Replacement::Generalise(_)
            | Replacement::StripMetadata(_) => None,
        };
        let (text, subject) = (&*text, subject.as_deref());
        let value = Value {
            kind: finding.kind,
            text,
            shape: catalogue.shapes.of_tag(finding.tag),
            subject,
        };
        plan.redact(layer, finding, replacement, &value, keys);
    }
    in_pictures.sort_by_key(|inside| inside.picture);
    for inside in in_pictures.chunk_by(|one, next| one.picture == next.picture) {
        strip(&mut plan, reading, inside, &catalogue.taxonomy);
    }
    let replaced = plan.replaced().to_vec();
    let mut redacted = Redacted::default();
    let mut is_beside = false;
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
            // A name cannot be told otherwise: the header goes, whatever its value became.
            Some(Root::HeaderName(number)) => redacted.headers.insert(0, (number, None)),
            Some(Root::Body) => {
                let (bytes, is_identity) = encoded(bytes, reading);
                redacted.body = Some(bytes);
                redacted.body_is_identity = is_identity;
            }
            Some(Root::Beside) => is_beside = true,
            None => {}
        }
    }
    // An encoding that is made anew says nothing beside.
    if is_beside
        && redacted.body.is_none()
        && let Some(layer) = body_of(reading)
    {
        let (bytes, is_identity) = encoded(layer.bytes.to_vec(), reading);
        redacted.body = Some(bytes);
        redacted.body_is_identity = is_identity;
    }
    (redacted, replaced)
}

/// The bytes that redactions take out or change, as they stood.
pub(super) fn taken_out<'r>(
    reading: &'r Reading<'_>,
    redactions: &'r [Redaction],
) -> impl Iterator<Item = &'r [u8]> {
    redactions.iter().filter_map(|redaction| {
        let finding = reading.findings.items.get(redaction.finding as usize)?;
        let layer = reading.layers.get(finding.layer.index())?;
        // What stands under a name goes with it.
        let span = if finding.marks.in_key { finding.member } else { finding.span };
        Some(span.of(&layer.bytes))
    })
}

/// Whether all that was not read goes: the values it lies in, or those around them, are removed or give way to a text.
/// Other replacements are made of what stands there, and may show some of it.
pub(super) fn takes_gaps_out(reading: &Reading<'_>, redactions: &[Redaction]) -> bool {
    let is_taken_out = |layer: LayerId, span: Span| {
        redactions.iter().any(|redaction| {
            let takes_all =
                matches!(redaction.replacement, Replacement::Remove | Replacement::Replace { .. });
            takes_all
                && reading.findings.items.get(redaction.finding as usize).is_some_and(|finding| {
                    finding.layer == layer
                        && !finding.marks.in_key
                        && finding.span.contains(span)
                        && pictures::around(reading, finding).is_none()
                })
        })
    };
    reading.values_with_gaps().is_some_and(|values| {
        values.iter().all(|value| {
            let parent = |(layer, _): &(LayerId, Span)| reading.layers.get(layer.index())?.parent;
            let mut around = std::iter::successors(Some(*value), parent);
            around.any(|(layer, span)| is_taken_out(layer, span))
        })
    })
}

/// Puts a picture in place of itself, without what is to go from its metadata, or without anything told
/// beside its pixels where a rule asks for that or nothing less can be done. Where nothing can be taken
/// out, the picture goes. `inside` are the redactions in this one.
fn strip(plan: &mut Plan, reading: &Reading<'_>, inside: &[InPicture<'_>], taxonomy: &Taxonomy) {
    let Some(number) = inside.first().map(|it| it.picture) else { return };
    let Some(layer) = reading.layers.get(number) else { return };
    let wants_all =
        |it: &InPicture<'_>| it.redaction.replacement == Replacement::StripMetadata(Metadata::All);
    let some = match inside.iter().any(wants_all) {
        true => None,
        false => pictures::without_metadata(&layer.bytes, inside, taxonomy),
    };
    let stripped = some.or_else(|| format::without_metadata(&layer.bytes));
    for it in inside {
        let asked = it.redaction.replacement.kind();
        let done = match (&stripped, asked) {
            (None, _) | (_, ReplacementKind::Remove) => ReplacementKind::Remove,
            (Some(_), _) => ReplacementKind::StripMetadata,
        };
        plan.count(done, (asked != done).then_some(asked));
    }
    plan.put(LayerId::new(number), stripped.unwrap_or_default());
}

/// The finding that tells whose date it is: the one nearest in the document, and of those as near the one
/// whose category the rule names first. Somebody else's date is not the subject's, nor the other way
/// round.
fn subject_of<'r>(reading: &'r Reading<'_>, date: u32, shift: &ShiftDates) -> Option<&'r Finding> {
    let items = &reading.findings.items;
    let at = date as usize;
    let finding = items.get(at)?;
    let around = ancestors(reading, finding.path);
    // How many steps the two have in common.
    let kinship = |other: &Finding| {
        let others = ancestors(reading, other.path);
        around.iter().rev().zip(others.iter().rev()).take_while(|(a, b)| a == b).count()
    };
    let (start, end) = (at.saturating_sub(NEIGHBOURS), (at + NEIGHBOURS).min(items.len()));
    items
        .get(start..end)?
        .iter()
        .enumerate()
        .filter(|(_, other)| {
            !other.marks.in_key && other.marks.third_party == finding.marks.third_party
        })
        .filter_map(|(index, other)| {
            let choice = shift.by.iter().position(|tag| *tag == other.tag)?;
            let distance = (start + index).abs_diff(at);
            Some((kinship(other), Reverse(choice), Reverse(distance), other))
        })
        .max_by_key(|(kinship, choice, distance, _)| (*kinship, *choice, *distance))
        .map(|(.., other)| other)
}

/// Findings on either side of a date that are asked whose it is.
const NEIGHBOURS: usize = 64;

/// The nodes around a field, innermost first.
fn ancestors(reading: &Reading<'_>, path: u32) -> Vec<u32> {
    let nodes = &reading.findings.nodes;
    let parent = |node: &u32| nodes.get(*node as usize).and_then(|node| node.parent);
    std::iter::successors(parent(&path), parent).take(nodes.len()).collect()
}

/// A finding's text, without the escapes it stands in.
pub(super) fn text_of<'t>(
    reading: &'t Reading<'_>,
    finding: &Finding,
    buffer: &'t mut Unescaped,
) -> Cow<'t, str> {
    let Some(layer) = reading.layers.get(finding.layer.index()) else { return Cow::Borrowed("") };
    let escape = Place::of(layer, finding).escape();
    let text = format::unescape(escape, finding.span.of(&layer.bytes), buffer).as_str();
    // Most texts hold nothing that could be one escape more.
    if text.bytes().any(|byte| matches!(byte, b'%' | b'&' | b'\\' | b'=')) {
        Cow::Owned(embedded::plain(text))
    } else {
        Cow::Borrowed(text)
    }
}

/// The body in the encodings it came in, and whether it is in no content coding. A character encoding
/// stays, since the media type names it: letters of ours that it lacks are written by number, or not.
fn encoded(text: Vec<u8>, reading: &Reading<'_>) -> (Vec<u8>, bool) {
    let (body, codings) = match reading.body_encodings.split_first() {
        Some((Encoding::Charset(charset), codings)) => {
            (in_charset(*charset, &text, reading), codings)
        }
        Some(_) | None => (as_named(text, reading), reading.body_encodings.as_slice()),
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

fn in_charset(charset: Charset, text: &[u8], reading: &Reading<'_>) -> Vec<u8> {
    let encoded = match std::str::from_utf8(text) {
        Ok(text) => redact::encode_text(charset, format_of_body(reading), text),
        Err(_) => redact::encode(Encoding::Charset(charset), text),
    };
    encoded.unwrap_or_default()
}

/// A text that came in ASCII alone reads the same in most encodings, and what is put into it does not: that is written
/// in ASCII as well where the media type names another encoding than UTF-8.
fn as_named(text: Vec<u8>, reading: &Reading<'_>) -> Vec<u8> {
    let Some(message) = reading.message.filter(|_| !text.is_ascii()) else { return text };
    let content_type = message.header("content-type").and_then(|it| std::str::from_utf8(it).ok());
    let was_ascii = body_of(reading).is_some_and(|layer| layer.bytes.is_ascii());
    if !was_ascii || format::charset(content_type, &text) == Ok(None) {
        return text;
    }
    let ascii =
        std::str::from_utf8(&text).map(|it| redact::encode_ascii(format_of_body(reading), it));
    ascii.unwrap_or(text)
}

/// A body that is read as a text, and what its media type says of it.
fn syntax_of_body(reading: &Reading<'_>) -> Option<(LayerId, Syntax)> {
    let (body, _) = reading.roots.iter().find(|(_, root)| *root == Root::Body)?;
    let layer = reading.layers.get(body.index()).filter(|layer| layer.format == Format::Text)?;
    let content_type = reading.message?.header("content-type")?.to_ascii_lowercase();
    let says = |name: &[u8]| memchr::memmem::find(&content_type, name).is_some();
    let syntax = match () {
        () if says(b"html") || format::is_web_page(&layer.bytes) => Syntax::Html,
        () => return None,
    };
    Some((*body, syntax))
}

fn body_of<'r, 'm>(reading: &'r Reading<'m>) -> Option<&'r Layer<'m>> {
    let (body, _) = reading.roots.iter().find(|(_, root)| *root == Root::Body)?;
    reading.layers.get(body.index())
}

fn format_of_body(reading: &Reading<'_>) -> Format {
    body_of(reading).map_or(Format::Text, |layer| layer.format)
}
