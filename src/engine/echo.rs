//! The values that are taken out, where they stand once more in the same message.
//!
//! Nothing of this is done where nothing is taken out. What goes from one place goes from every other that nobody has
//! judged, under the same category and by the same rule; a place with a finding of its own has been judged, and what
//! the rules let pass there stays. Names of members, and the parts of the head that say how it is to be read and
//! where it goes, are left alone.

mod places;
mod walk;

use super::{catalogue::Catalogue, reading::Reading, rewrite::text_of};
use crate::{
    detect::Sought,
    domain::{Finding, Format, Scalar},
    format::Unescaped,
    policy::{Annotation, Decision, Redaction},
};
use places::Places;
use walk::Walk;

/// Echoes of one message; more are not taken out one by one.
const ECHOES_MAX: usize = 100_000;

/// Adds findings and redactions for what stands elsewhere of what `decision` takes out. The numbers of the findings
/// whose values those are, in the order of the new ones.
pub(super) fn add(
    reading: &mut Reading<'_>,
    decision: &mut Decision,
    catalogue: &Catalogue,
) -> Vec<u32> {
    let sought = sought(reading, &decision.redactions, catalogue);
    if sought.is_empty() {
        return Vec::new();
    }
    if sought.left_out() > 0 {
        leave_out(decision, sought.left_out());
    }
    let Some(places) = Places::find(reading, &sought) else {
        block(decision);
        return Vec::new();
    };
    if places.is_empty() {
        return Vec::new();
    }
    let mut walk = Walk::new(&sought, &places, &catalogue.detectors);
    for layer in places.layers() {
        walk.layer(reading, layer);
    }
    let found = walk.found;
    if found.len() > ECHOES_MAX {
        block(decision);
        return Vec::new();
    }
    let mut sources = Vec::with_capacity(found.len());
    for echo in found {
        // The category, the rule and what takes its place are those of the value itself.
        let Some(known) = decision.redactions.get(echo.of as usize).cloned() else { continue };
        let items = &mut reading.findings.items;
        let Some(source) = items.get(known.finding as usize).copied() else { continue };
        sources.push(known.finding);
        let finding = u32::try_from(items.len()).unwrap_or(u32::MAX);
        decision.redactions.push(Redaction { finding, ..known });
        items.push(Finding {
            part: echo.part,
            layer: echo.layer,
            path: echo.path,
            span: echo.span,
            value: echo.value,
            member: echo.member,
            kind: Some(echo.kind),
            detector: catalogue.detectors.echo(),
            ..source
        });
    }
    sources
}

/// The values of `redactions` that tell somebody apart.
fn sought(reading: &Reading<'_>, redactions: &[Redaction], catalogue: &Catalogue) -> Sought {
    let mut sought = Sought::with_capacity(redactions.len());
    let mut buffer = Unescaped::default();
    for (number, redaction) in (0u32..).zip(redactions) {
        let Some(finding) = reading.findings.items.get(redaction.finding as usize) else {
            continue;
        };
        let is_text = matches!(finding.kind, Some(Scalar::String | Scalar::Number));
        if !is_text || finding.marks.in_key || !catalogue.echoing.has(finding.tag) {
            continue;
        }
        let Some(layer) = reading.layers.get(finding.layer.index()) else { continue };
        let raw = finding.span.of(&layer.bytes);
        let is_plain = |byte: &u8| !matches!(byte, b'\\' | b'%' | b'&' | b'=' | b'"' | b'<');
        let is_escaped_plainly =
            matches!(layer.format, Format::Json | Format::NdJson | Format::Text | Format::Header);
        let stands_as_it_reads = is_escaped_plainly && raw.iter().all(is_plain);
        match std::str::from_utf8(raw) {
            Ok(text) if stands_as_it_reads => {
                sought.add(&catalogue.echoing, finding.tag, text, raw, number);
            }
            Ok(_) | Err(_) => {
                let text = text_of(reading, finding, &mut buffer);
                sought.add(&catalogue.echoing, finding.tag, &text, raw, number);
            }
        }
    }
    sought
}

/// Says that there were more values than are looked for.
fn leave_out(decision: &mut Decision, count: u32) {
    let value = Some(count.to_string().into());
    decision.annotations.push(Annotation { name: "values-not-sought-elsewhere".into(), value });
    decision.annotations.sort_unstable();
}

/// What cannot be taken out everywhere does not go.
fn block(decision: &mut Decision) {
    decision.block_for_redactions(
        "A value that may not be sent stands in too many places of the message to be taken out of each.",
    );
}
