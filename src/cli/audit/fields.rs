//! A record read by the reader of payloads, which passes over what nobody asked for. Most of a record is
//! such: rules, pointers, annotations.

use super::record::{Record, Tag};
use crate::{
    domain::{Container, FieldSink, Format, Key, Limits, Scalar, Value, Wants},
    format,
};

/// The record in `line`; `None` where a careful reader has to say what is wrong with it.
pub(super) fn read(line: &[u8]) -> Option<Record<'_>> {
    let text = format::utf8(line)?;
    let mut fields = Fields {
        text,
        depth: 0,
        within: Within::Other,
        record: Record::default(),
        has_time: false,
        has_effect: false,
        is_odd: false,
    };
    format::walk(Format::Json, line, &Limits::default(), &mut fields).ok()?;
    (fields.has_time && fields.has_effect && !fields.is_odd).then_some(fields.record)
}

/// The member of the record that the walk is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Recipient,
    Subjects,
    BlockedBy,
    Tags,
    Mechanisms,
    Other,
}

struct Fields<'l> {
    text: &'l str,
    /// Objects and lists that are open.
    depth: usize,
    within: Within,
    record: Record<'l>,
    has_time: bool,
    has_effect: bool,
    /// Something is not as it should be.
    is_odd: bool,
}

impl<'l> Fields<'l> {
    /// A text that stands as it is.
    fn text(&mut self, value: &Value<'_>) -> &'l str {
        let text = self.text.get(value.text_span.range()).unwrap_or_default();
        self.is_odd |= value.kind != Scalar::String || text.contains('\\');
        text
    }

    fn text_or_null(&mut self, value: &Value<'_>) -> Option<&'l str> {
        (value.kind != Scalar::Null).then(|| self.text(value))
    }

    fn number<N: std::str::FromStr + Default>(&mut self, value: &Value<'_>) -> N {
        let text = self.text.get(value.text_span.range()).unwrap_or_default();
        let number = text.parse().ok().filter(|_| value.kind == Scalar::Number);
        self.is_odd |= number.is_none();
        number.unwrap_or_default()
    }

    fn of_record(&mut self, name: &[u8], value: &Value<'_>) {
        match name {
            b"time" => {
                self.has_time = true;
                self.record.time = self.text(value);
            }
            b"stage" => self.record.stage = self.text(value),
            b"trace_id" => self.record.trace_id = self.text(value),
            b"origin" => self.record.origin = self.text_or_null(value),
            b"destination" => self.record.destination = self.text_or_null(value),
            b"purpose" => self.record.purpose = self.text_or_null(value),
            b"effect" => {
                self.has_effect = true;
                self.record.effect = self.text(value);
            }
            b"error" => self.record.error = self.text_or_null(value),
            b"forwarded_bytes" => self.record.forwarded_bytes = self.number(value),
            // What should hold others.
            b"recipient" | b"subjects" | b"blocked_by" | b"tags" | b"mechanisms" => {
                self.is_odd = true;
            }
            _ => {}
        }
    }

    fn of_member(&mut self, name: &[u8], value: &Value<'_>) {
        match (self.within, self.depth, name) {
            (Within::Recipient, 2, b"class") => {
                self.record.recipient.class = self.text_or_null(value);
            }
            (Within::Recipient, 2, b"id") => self.record.recipient.id = self.text_or_null(value),
            (Within::BlockedBy, 2, _) => {
                let rule = self.text(value);
                self.record.blocked_by.push(rule);
            }
            (Within::Mechanisms, 2, _) => {
                let mechanism = self.text(value);
                self.record.mechanisms.push(mechanism);
            }
            (Within::Subjects, 3, _) => {
                let code = self.text(value);
                if let Some(codes) = self.record.subjects.last_mut() {
                    codes.push(code);
                }
            }
            (Within::Tags, 3, b"tag") => {
                let tag = self.text(value);
                self.tag(|it| it.tag = tag);
            }
            (Within::Tags, 3, b"count") => {
                let count = self.number(value);
                self.tag(|it| it.count = count);
            }
            (Within::Tags, 3, b"redacted") => {
                let redacted = self.number(value);
                self.tag(|it| it.redacted = redacted);
            }
            _ => {}
        }
    }

    fn tag(&mut self, set: impl FnOnce(&mut Tag<'l>)) {
        if let Some(tag) = self.record.tags.last_mut() {
            set(tag);
        }
    }
}

impl FieldSink for Fields<'_> {
    const LOOKS_AT_ALL: bool = false;

    fn open(&mut self, key: Key<'_>, container: Container, _: usize, _: usize) {
        self.depth += 1;
        match self.depth {
            1 => self.is_odd |= container != Container::Object,
            2 => {
                self.within = match (name(key), container) {
                    (b"recipient", Container::Object) => Within::Recipient,
                    (b"subjects", Container::Array) => Within::Subjects,
                    (b"blocked_by", Container::Array) => Within::BlockedBy,
                    (b"tags", Container::Array) => Within::Tags,
                    (b"mechanisms", Container::Array) => Within::Mechanisms,
                    _ => Within::Other,
                };
            }
            3 => match self.within {
                Within::Tags => self.record.tags.push(Tag::default()),
                Within::Subjects => self.record.subjects.push(Vec::new()),
                Within::Recipient | Within::BlockedBy | Within::Mechanisms | Within::Other => {}
            },
            _ => {}
        }
    }

    fn close(&mut self, _: usize, _: usize) {
        self.depth = self.depth.saturating_sub(1);
        if self.depth == 1 {
            self.within = Within::Other;
        }
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        match self.depth {
            0 => self.is_odd = true,
            1 => self.of_record(name(key), &value),
            _ => self.of_member(name(key), &value),
        }
    }

    fn wants(&mut self, key: Key<'_>) -> Wants {
        let wanted = match (self.depth, self.within) {
            (0 | 1, _) => true,
            (_, Within::Other) => false,
            (2, _) => true,
            (3, Within::Subjects) => true,
            (3, Within::Tags) => matches!(name(key), b"tag" | b"count" | b"redacted"),
            _ => false,
        };
        if wanted {
            Wants::ALL
        } else {
            Wants { values: false, words: false, number_bytes_min: usize::MAX }
        }
    }
}

/// A name as it stands; one with escapes is none of ours.
fn name(key: Key<'_>) -> &[u8] {
    match key {
        Key::Name { text, .. } => text,
        Key::Root | Key::Index(_) => b"",
    }
}
