//! A record read from its line as the gateway writes it.

use super::{
    cursor::Cursor,
    record::{Record, Tag},
};
use crate::format;

/// The record in `line`; `None` where a careful reader has to say what is wrong with it.
pub(super) fn read(line: &[u8]) -> Option<Record<'_>> {
    let mut cursor = Cursor::new(format::utf8(line)?);
    let mut record = Record::default();
    let (mut has_time, mut has_effect) = (false, false);
    cursor.object(|cursor, name| {
        match name {
            "time" => {
                has_time = true;
                record.time = cursor.string()?;
            }
            "stage" => record.stage = cursor.string()?,
            "trace_id" => record.trace_id = cursor.string()?,
            "origin" => record.origin = cursor.string_or_null()?,
            "destination" => record.destination = cursor.string_or_null()?,
            "recipient" => cursor.object(|cursor, name| {
                match name {
                    "class" => record.recipient.class = cursor.string_or_null()?,
                    "id" => record.recipient.id = cursor.string_or_null()?,
                    _ => cursor.pass()?,
                }
                Some(())
            })?,
            "purpose" => record.purpose = cursor.string_or_null()?,
            "subjects" => cursor.array(|cursor| {
                record.subjects.push(strings(cursor)?);
                Some(())
            })?,
            "effect" => {
                has_effect = true;
                record.effect = cursor.string()?;
            }
            "blocked_by" => record.blocked_by = strings(cursor)?,
            "tags" => cursor.array(|cursor| {
                record.tags.push(tag(cursor)?);
                Some(())
            })?,
            "mechanisms" => record.mechanisms = strings(cursor)?,
            "error" => record.error = cursor.string_or_null()?,
            "forwarded_bytes" => record.forwarded_bytes = cursor.number()?,
            "durations" => cursor.object(|cursor, name| {
                match name {
                    "upstream_us" => record.durations.upstream_us = cursor.number()?,
                    _ => cursor.pass()?,
                }
                Some(())
            })?,
            _ => cursor.pass()?,
        }
        Some(())
    })?;
    (has_time && has_effect && cursor.is_at_end()).then_some(record)
}

fn tag<'l>(cursor: &mut Cursor<'l>) -> Option<Tag<'l>> {
    let mut tag = Tag::default();
    let mut is_named = false;
    cursor.object(|cursor, name| {
        match name {
            "tag" => {
                is_named = true;
                tag.tag = cursor.string()?;
            }
            "count" => tag.count = cursor.number()?,
            "redacted" => tag.redacted = cursor.number()?,
            _ => cursor.pass()?,
        }
        Some(())
    })?;
    is_named.then_some(tag)
}

fn strings<'l>(cursor: &mut Cursor<'l>) -> Option<Vec<&'l str>> {
    let mut strings = Vec::new();
    cursor.array(|cursor| {
        strings.push(cursor.string()?);
        Some(())
    })?;
    Some(strings)
}
