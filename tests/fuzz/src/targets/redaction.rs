//! What must hold for every redaction: the output still reads, what was taken out is not found again,
//! and what was no finding stands there byte for byte.

use std::collections::HashSet;

use bordergate::{
    domain::{Container, Coverage, FieldSink, Format, Key, Limits, Span, Tag, Value},
    engine::{Engine, Message, Root, Scratch},
    format,
    policy::Transfer,
};

use super::message::limits;

pub(super) fn check(
    engine: &Engine,
    (media_type, format): (&str, Format),
    body: &[u8],
    removed: bool,
    scratch: &mut Scratch,
) {
    let limits = limits();
    let headers: [(&str, &[u8]); 1] = [("content-type", media_type.as_bytes())];
    let message = Message::of_body(&headers, body);
    let before = engine.scan(&message, &limits, scratch);
    let verdict = engine.inspect(&message, Transfer::default(), &limits, scratch);
    let Some(redacted) = verdict.redacted else { return };
    if before.coverage != Coverage::Full {
        return;
    }
    let Some(output) = redacted.body else { return };
    let message = Message { body: &output, ..message };
    let after = engine.scan(&message, &limits, scratch);
    if !output.is_empty() {
        assert_eq!(after.coverage, Coverage::Full, "what was redacted no longer reads");
    }
    if removed {
        let gone: HashSet<(Tag, &[u8])> = before
            .findings
            .items
            .iter()
            .filter(|finding| !finding.marks.container)
            .map(|finding| (finding.tag, before.bytes(finding)))
            .collect();
        for finding in &after.findings.items {
            let again = (finding.tag, after.bytes(finding));
            assert!(!gone.contains(&again), "`{}` found again", engine.taxonomy().key(finding.tag));
        }
    }
    // Only where every finding stands in the body itself (one inside a layer of its own changes the value
    // around it), and where no bytes could have been taken for another format.
    let in_body =
        before.findings.items.iter().all(|finding| before.root(finding.layer) == Some(Root::Body));
    if in_body && matches!(format, Format::Json | Format::NdJson) {
        let taken: Vec<Span> = before.findings.items.iter().map(|finding| finding.member).collect();
        let kept = Fields::of(format, body, &limits, |member| {
            !taken.iter().any(|taken| taken.start < member.end && member.start < taken.end)
        });
        let left = Fields::of(format, &output, &limits, |_| true);
        let mut left = left.iter();
        for field in &kept {
            assert!(left.any(|other| other == field), "a field that was no finding is gone");
        }
    }
}

/// Names and values as they stand in the bytes.
struct Fields<'b, W> {
    list: Vec<(Vec<u8>, &'b [u8])>,
    bytes: &'b [u8],
    wanted: W,
}

impl<'b, W: Fn(Span) -> bool> Fields<'b, W> {
    fn of(format: Format, bytes: &'b [u8], limits: &Limits, wanted: W) -> Vec<(Vec<u8>, &'b [u8])> {
        let mut fields = Self { list: Vec::new(), bytes, wanted };
        let _ = format::walk(format, bytes, limits, &mut fields);
        fields.list
    }
}

impl<W: Fn(Span) -> bool> FieldSink for Fields<'_, W> {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}

    fn close(&mut self, _: usize, _: usize) {}

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        if (self.wanted)(value.member) {
            let name = match key {
                Key::Name { text, .. } => text.to_vec(),
                Key::Root | Key::Index(_) => Vec::new(),
            };
            self.list.push((name, value.text_span.of(self.bytes)));
        }
    }
}
