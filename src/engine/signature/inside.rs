//! Signatures inside the message, over something in it that changes.

use std::{
    collections::{BTreeSet, BinaryHeap},
    ops::Range,
    sync::LazyLock,
};

use memchr::memmem::Finder;

use super::{Broken, Kind};
use crate::{
    domain::{Encoding, Format, Layer, LayerId, Span},
    engine::reading::Reading,
    policy::Decision,
};

/// The signatures of documents, texts and mails that change, and of tokens whose claims do.
pub(super) fn broken(reading: &Reading<'_>, decision: &Decision) -> Vec<Broken> {
    let mut changes: Vec<(LayerId, Span)> = decision
        .redactions
        .iter()
        .filter_map(|redaction| reading.findings.items.get(redaction.finding as usize))
        .map(|finding| (finding.layer, finding.span))
        .collect();
    changes.sort_unstable();
    let mut around_changes: BinaryHeap<(LayerId, Span)> = BinaryHeap::new();
    let mut kinds = Vec::new();
    let mut spans: Vec<Span> = Vec::new();
    let mut with_payloads: BTreeSet<LayerId> = BTreeSet::new();
    // A layer's number is higher than its parent's.
    while let Some((id, _)) = changes.last().max(around_changes.peek()).copied() {
        spans.clear();
        while let Some((_, span)) = changes.pop_if(|(it, _)| *it == id) {
            spans.push(span);
        }
        while around_changes.peek().is_some_and(|(it, _)| *it == id) {
            spans.extend(around_changes.pop().map(|(_, span)| span));
        }
        let Some(layer) = reading.layers.get(id.index()) else { continue };
        join(&mut spans);
        in_layer(layer, &spans, &mut kinds);
        if with_payloads.contains(&id) && is_signed_json(&layer.bytes) {
            kinds.push(Kind::Jws);
        }
        if let Some((parent, span)) = layer.parent {
            around_changes.push((parent, span));
            let Some(around) = reading.layers.get(parent.index()) else { continue };
            if is_claims(layer, around, span.range()) {
                kinds.push(Kind::Jwt);
            }
            if is_payload(&around.bytes, span.range()) {
                with_payloads.insert(parent);
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds.into_iter().map(|kind| Broken { kind, headers: Vec::new() }).collect()
}

/// What in a layer signs one of these spans of it, which are apart from each other and in order.
fn in_layer(layer: &Layer<'_>, spans: &[Span], kinds: &mut Vec<Kind>) {
    let bytes = &*layer.bytes;
    if layer.format == Format::Xml && is_signed_document(bytes) {
        kinds.push(Kind::Xml);
    }
    if is_in_pgp(bytes, spans) {
        kinds.push(Kind::Pgp);
    }
    // The parts of a multipart message are layers of their own.
    if layer.format != Format::Multipart {
        in_mails(layer.format, bytes, spans, kinds);
    }
}

/// Puts in order, and joins what overlaps.
fn join(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    spans.dedup_by(|next, kept| {
        let overlaps = next.start <= kept.end;
        if overlaps {
            kept.end = kept.end.max(next.end);
        }
        overlaps
    });
}

fn is_any_in(spans: &[Span], place: &Range<usize>) -> bool {
    let at = spans.partition_point(|span| span.range().end <= place.start);
    spans.get(at).is_some_and(|span| span.range().start < place.end)
}

fn is_signed_document(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"http://www.w3.org/2000/09/xmldsig#").is_some()
}

/// The layer is the middle of `header.claims.signature`.
fn is_claims(layer: &Layer<'_>, around: &Layer<'_>, span: Range<usize>) -> bool {
    let before = around.bytes.get(..span.start).unwrap_or_default();
    let after = around.bytes.get(span.end..).unwrap_or_default();
    let Some(before) = before.strip_suffix(b".") else { return false };
    let header = before.iter().rev().take_while(|byte| is_code(byte)).count();
    matches!(layer.encoding, Encoding::Base64Url | Encoding::Base64)
        && before.get(before.len() - header..).is_some_and(|header| header.starts_with(b"eyJ"))
        && matches!(after, [b'.', next, ..] if is_code(next))
}

fn is_code(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The span is the value of `payload`, as a JWS in JSON (RFC 7515 §7.2) and a DSSE envelope have it, or of
/// `protected`.
fn is_payload(bytes: &[u8], span: Range<usize>) -> bool {
    let before = bytes.get(..span.start).unwrap_or_default();
    let name = before
        .strip_suffix(b"\"")
        .and_then(|before| before.trim_ascii_end().strip_suffix(b":"))
        .map(<[u8]>::trim_ascii_end);
    name.is_some_and(|name| name.ends_with(br#""payload""#) || name.ends_with(br#""protected""#))
}

/// Something in the document is called a signature.
fn is_signed_json(bytes: &[u8]) -> bool {
    [&br#""signature""#[..], br#""signatures""#].iter().any(|name| {
        memchr::memmem::find_iter(bytes, name).any(|at| {
            let after = bytes.get(at + name.len()..).unwrap_or_default();
            after.trim_ascii_start().starts_with(b":")
        })
    })
}

/// One of the spans stands in a text that is signed as it stands (RFC 9580 §7).
fn is_in_pgp(bytes: &[u8], spans: &[Span]) -> bool {
    let mut from = 0;
    while let Some(begin) = find(bytes, from, &PGP_BEGIN) {
        let Some(end) = find(bytes, begin, &PGP_END) else { return false };
        if is_any_in(spans, &(begin..end)) {
            return true;
        }
        from = end;
    }
    false
}

static PGP_BEGIN: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("-----BEGIN PGP SIGNED MESSAGE-----"));
static PGP_END: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("-----BEGIN PGP SIGNATURE-----"));

fn find(bytes: &[u8], from: usize, needle: &Finder<'_>) -> Option<usize> {
    needle.find(bytes.get(from..)?).map(|at| from + at)
}

/// Mails that are signed by a field of their head: DKIM (RFC 6376), ARC (RFC 8617), `multipart/signed` (RFC 1847).
fn in_mails(format: Format, bytes: &[u8], spans: &[Span], kinds: &mut Vec<Kind>) {
    for end_of_name in &*ENDS_OF_NAMES {
        let mut mail = 0..0;
        for last in end_of_name.find_iter(bytes) {
            let Some((at, kind)) = signing_field(bytes, last + 1) else { continue };
            if at >= mail.end {
                mail = mail_around(format, bytes, at, mail.end);
            }
            if !kinds.contains(&kind) && is_any_in(spans, &mail) {
                kinds.push(kind);
            }
        }
    }
}

/// How the names of those fields end. In JSON nearly every other colon stands behind a quote.
static ENDS_OF_NAMES: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["e:", "E:"].map(Finder::new));

/// Where the name before this colon begins, if it is that of such a field.
fn signing_field(bytes: &[u8], colon: usize) -> Option<(usize, Kind)> {
    const NAMES: [(&[u8], Kind); 3] = [
        (b"dkim-signature", Kind::Dkim),
        (b"arc-message-signature", Kind::Dkim),
        (b"content-type", Kind::Mime),
    ];
    let before = bytes.get(..colon)?;
    let (name, kind) = NAMES.into_iter().find(|(name, _)| {
        let at = before.len().saturating_sub(name.len());
        before.get(at..).is_some_and(|it| it.eq_ignore_ascii_case(name))
    })?;
    let at = before.len() - name.len();
    let line = before.get(..at)?;
    // A text in a string begins with its quote, and has its ends of lines escaped.
    let begins = line.is_empty() || [&b"\n"[..], b"\"", br"\n"].iter().any(|it| line.ends_with(it));
    let value = bytes.get(colon + 1..)?.trim_ascii_start();
    let is_signature = if kind == Kind::Mime {
        value.get(..16).is_some_and(|it| it.eq_ignore_ascii_case(b"multipart/signed"))
    } else {
        // A list of `tag=value`, and tags are short.
        value.iter().take(3).any(|byte| *byte == b'=')
    };
    (begins && is_signature).then_some((at, kind))
}

/// The string of a JSON document in which a mail stands that has a field here, but not before `from`; the whole text
/// where it is no string.
fn mail_around(format: Format, bytes: &[u8], at: usize, from: usize) -> Range<usize> {
    if !matches!(format, Format::Json | Format::NdJson | Format::GraphQl) {
        return 0..bytes.len();
    }
    let is_quote = |quote: &usize| {
        let before = bytes.get(from..*quote).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    };
    let before = bytes.get(from..at).unwrap_or_default();
    let start = memchr::memrchr_iter(b'"', before).map(|quote| from + quote).find(is_quote);
    let after = bytes.get(at..).unwrap_or_default();
    let end = memchr::memchr_iter(b'"', after).map(|quote| at + quote).find(is_quote);
    start.unwrap_or(from)..end.unwrap_or(bytes.len())
}
