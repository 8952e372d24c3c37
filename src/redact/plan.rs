//! Sorted, non-overlapping edits per layer, and their application.

use std::borrow::Cow;

use super::{PseudonymKey, encode::encode, encode::escape, replace::replacement_text};
use crate::domain::{Escape, Finding, Format, Layer, Replacement, Span};

/// One splice: `span` of a layer gives way to `with`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    span: Span,
    with: Vec<u8>,
    /// A whole member goes, and its separator with it.
    cut: bool,
}

/// A finding to redact, and how.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    pub finding: &'a Finding,
    pub replacement: &'a Replacement,
    /// What stands there, unescaped.
    pub text: Cow<'a, str>,
}

/// All edits of one message, by layer; put in order when they are applied.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    edits: Vec<Vec<Edit>>,
    /// Layers written anew by whoever knows their format.
    anew: Vec<(usize, Vec<u8>)>,
}

impl Plan {
    pub fn new(layers: &[Layer<'_>], targets: &[Target<'_>], key: &PseudonymKey) -> Self {
        let mut edits: Vec<Vec<Edit>> = vec![Vec::new(); layers.len()];
        for target in targets {
            let number = target.finding.layer.index();
            if let (Some(layer), Some(edits)) = (layers.get(number), edits.get_mut(number)) {
                edits.push(edit(layer, target, key));
            }
        }
        Self { edits, anew: Vec::new() }
    }

    /// Puts `bytes` in the place of the whole layer `number`, whatever its edits.
    pub fn put(&mut self, number: usize, bytes: Vec<u8>) {
        self.anew.push((number, bytes));
    }

    /// The new bytes of each layer as received (those without a parent) that has changed, by its number
    /// in `layers`. A child that cannot be written in its encoding takes its whole value with it: the
    /// value is emptied rather than sent.
    pub fn apply(mut self, layers: &[Layer<'_>]) -> Vec<(usize, Vec<u8>)> {
        let mut changed = Vec::new();
        // A layer's number is higher than its parent's, so children are done before their parents.
        for (number, layer) in layers.iter().enumerate().rev() {
            let Some(edits) = self.edits.get_mut(number).map(std::mem::take) else { continue };
            let anew = self.anew.iter().position(|(known, _)| *known == number);
            let bytes = match anew {
                Some(at) => self.anew.swap_remove(at).1,
                None if edits.is_empty() => continue,
                None => splice(&layer.bytes, &settle(edits, layer)),
            };
            match layer.parent {
                None => changed.push((number, bytes)),
                Some((parent, span)) => {
                    let with = encode(layer.encoding, &bytes).unwrap_or_default();
                    // Put in order with the others when it is the parent's turn: once, since a cut takes a
                    // separator each time.
                    if let Some(edits) = self.edits.get_mut(parent.index()) {
                        edits.push(Edit { span, with, cut: false });
                    }
                }
            }
        }
        changed.reverse();
        changed
    }
}

fn edit(layer: &Layer<'_>, target: &Target<'_>, key: &PseudonymKey) -> Edit {
    let finding = target.finding;
    let is_path = finding.part == crate::domain::Part::Path;
    let escape_by = layer.format.escape(finding.part);
    if finding.marks.in_key {
        return Edit { span: finding.member, with: Vec::new(), cut: true };
    }
    let whole = finding.is_whole();
    match replacement_text(target.replacement, finding.kind, &target.text, key) {
        Some((text, quoted)) => {
            let text = if escape_by == Escape::Csv {
                quoted_cell(&text, finding)
            } else {
                escape(escape_by, &text)
            };
            let json = escape_by == Escape::Json;
            // A quoted string keeps its quotes: only what is between them is replaced. A bare number
            // that becomes a text gets quotes of its own.
            let (span, with) = match (json && quoted, finding.kind.is_none()) {
                (true, _) => (finding.value, format!("\"{text}\"")),
                (false, true) => (finding.value, text.into_owned()),
                (false, false) => (finding.span, text.into_owned()),
            };
            Edit { span, with: with.into_bytes(), cut: false }
        }
        None if !whole => Edit { span: finding.span, with: Vec::new(), cut: false },
        None => removal(layer.format, finding, is_path),
    }
}

/// A cell without quotes gets them when its new text has what would end it (RFC 4180 §2.6).
fn quoted_cell<'t>(text: &'t str, finding: &Finding) -> Cow<'t, str> {
    let has_quotes = finding.value.start < finding.span.start;
    if has_quotes || !finding.is_whole() {
        return escape(Escape::Csv, text);
    }
    if text.contains([',', ';', '\t', '|', '"', '\r', '\n']) {
        return Cow::Owned(format!("\"{}\"", escape(Escape::Csv, text)));
    }
    Cow::Borrowed(text)
}

fn removal(format: Format, finding: &Finding, is_path: bool) -> Edit {
    let has_key = finding.member.start < finding.value.start;
    match format {
        Format::Json | Format::NdJson if !has_key => {
            Edit { span: finding.value, with: b"null".to_vec(), cut: false }
        }
        // A path segment that vanished would make another route of the path.
        Format::Target if is_path => {
            Edit { span: finding.value, with: b"redacted".to_vec(), cut: false }
        }
        // A column that vanished would shift the others.
        Format::Csv
        | Format::CsvData
        | Format::Tsv
        | Format::Header
        | Format::Text
        // A property that has to be there stays, and so do the parts of one that has several.
        | Format::VCard => {
            Edit { span: finding.value, with: Vec::new(), cut: false }
        }
        // Arguments may all go, and their brackets must not be empty.
        Format::GraphQl => Edit { span: finding.value, with: b"null".to_vec(), cut: false },
        Format::Json
        | Format::NdJson
        | Format::Target
        | Format::Form
        | Format::Cookie
        | Format::Baggage
        | Format::Forwarded
        | Format::Multipart
        | Format::Xml
        | Format::Image
        | Format::Opaque => Edit { span: finding.member, with: Vec::new(), cut: true },
    }
}

/// Sorts, drops what another edit covers, joins what overlaps, and lets cuts take their separators.
fn settle(mut edits: Vec<Edit>, layer: &Layer<'_>) -> Vec<Edit> {
    edits.sort_by(|a, b| a.span.start.cmp(&b.span.start).then(b.span.end.cmp(&a.span.end)));
    let mut settled: Vec<Edit> = Vec::with_capacity(edits.len());
    for mut edit in edits {
        if let Some(last) = settled.last_mut() {
            if last.span.contains(edit.span) && !last.span.is_empty() {
                continue;
            }
            if edit.span.start < last.span.end {
                last.span.end = edit.span.end;
                last.cut = false;
                continue;
            }
        }
        if edit.cut {
            edit.span = with_separator(edit.span, &mut settled, layer);
        }
        settled.push(edit);
    }
    settled
}

/// The member with the separator after it, or, for the last one, with the separator before it. When the
/// members before it go too, it is the separator before those.
fn with_separator(member: Span, settled: &mut Vec<Edit>, layer: &Layer<'_>) -> Span {
    let bytes: &[u8] = &layer.bytes;
    let separator = match layer.format {
        Format::Json | Format::NdJson | Format::Baggage => b',',
        Format::Target | Format::Form => b'&',
        Format::Cookie | Format::Forwarded => b';',
        Format::Header
        | Format::Text
        | Format::Multipart
        | Format::Xml
        | Format::Csv
        | Format::CsvData
        | Format::Tsv
        | Format::GraphQl
        | Format::VCard
        | Format::Image
        | Format::Opaque => return member,
    };
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let skip = |from: usize| {
        from + bytes
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| is_space(byte))
            .count()
    };
    let after = skip(member.end as usize);
    if bytes.get(after) == Some(&separator) {
        return Span::new(member.start as usize, skip(after + 1));
    }
    let mut start = member.start;
    while let Some(last) = settled.last()
        && last.cut
        && last.span.end == start
    {
        start = last.span.start;
        settled.pop();
    }
    let before = bytes.get(..start as usize).unwrap_or_default();
    let gap = before.iter().rev().take_while(|byte| is_space(byte)).count();
    let at = before.len() - gap;
    let start = match before.get(at.wrapping_sub(1)) {
        Some(byte) if *byte == separator => at - 1,
        // The last pair of a query takes the question mark with it.
        Some(b'?') if layer.format == Format::Target && after == bytes.len() => at - 1,
        _ => start as usize,
    };
    Span::new(start, member.end as usize)
}

fn splice(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out =
        Vec::with_capacity(bytes.len() + edits.iter().map(|edit| edit.with.len()).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        let range = edit.span.range();
        out.extend_from_slice(bytes.get(done..range.start).unwrap_or_default());
        out.extend_from_slice(&edit.with);
        done = range.end;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Confidence, DetectorId, Encoding, LayerId, Marks, Part, Scalar, Tag};

    /// A finding at the first place where `value` stands in `bytes`, with `key` before it.
    fn finding(bytes: &str, key: &str, value: &str) -> Finding {
        let member = bytes.find(&format!("{key}{value}")).expect("the member stands in the text");
        let start = member + key.len();
        let quoted = value.starts_with('"');
        let text = usize::from(quoted);
        Finding {
            tag: Tag(0),
            part: Part::Body,
            layer: LayerId(0),
            path: 0,
            span: Span::new(start + text, start + value.len() - text),
            value: Span::new(start, start + value.len()),
            member: Span::new(member, start + value.len()),
            kind: if value.starts_with(['{', '[']) {
                None
            } else if quoted || !value.starts_with(|c: char| c.is_ascii_digit()) {
                Some(Scalar::String)
            } else {
                Some(Scalar::Number)
            },
            confidence: Confidence(100),
            detector: DetectorId(0),
            marks: Marks { container: value.starts_with(['{', '[']), ..Marks::default() },
            enclosing: None,
            region: None,
        }
    }

    fn layer(format: Format, text: &str) -> Layer<'_> {
        Layer { parent: None, encoding: Encoding::Identity, format, bytes: text.as_bytes().into() }
    }

    fn apply(
        format: Format,
        text: &str,
        members: &[(&str, &str)],
        replacement: &Replacement,
    ) -> String {
        let layers = [layer(format, text)];
        let findings: Vec<Finding> =
            members.iter().map(|(key, value)| finding(text, key, value)).collect();
        let targets: Vec<Target<'_>> = findings
            .iter()
            .zip(members)
            .map(|(finding, (_, value))| Target {
                finding,
                replacement,
                text: value.trim_matches('"').into(),
            })
            .collect();
        let changed = Plan::new(&layers, &targets, &PseudonymKey::new(b"k")).apply(&layers);
        changed
            .into_iter()
            .next()
            .map_or_else(|| text.to_owned(), |(_, bytes)| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_change_inside_a_value_costs_its_neighbours_no_separator() {
        let text = r#"{"a":1,"b":2,"c":"x=1&y=2","d":3}"#;
        let inside = text.find("x=1").expect("the query stands in the text");
        let layers = [
            layer(Format::Json, text),
            Layer {
                parent: Some((LayerId(0), Span::new(inside, inside + 7))),
                ..layer(Format::Form, "x=1&y=2")
            },
        ];
        let mut findings = [finding(text, "\"b\":", "2"), finding("x=1&y=2", "x=", "1")];
        findings[1].layer = LayerId(1);
        let targets = findings.each_ref().map(|finding| Target {
            finding,
            replacement: &Replacement::Remove,
            text: "".into(),
        });
        let changed = Plan::new(&layers, &targets, &PseudonymKey::new(b"k")).apply(&layers);
        assert_eq!(changed, [(0, br#"{"a":1,"c":"y=2","d":3}"#.to_vec())]);
    }

    #[test]
    fn a_removed_member_takes_one_separator_with_it() {
        let pretty = "{\n  \"a\": 1,\n  \"b\": \"x\",\n  \"c\": [2]\n}";
        for (text, members, expected) in [
            (r#"{"a":1,"b":2,"c":3}"#, &[("\"a\":", "1")][..], r#"{"b":2,"c":3}"#),
            (r#"{"a":1,"b":2,"c":3}"#, &[("\"b\":", "2")], r#"{"a":1,"c":3}"#),
            (r#"{"a":1,"b":2,"c":3}"#, &[("\"c\":", "3")], r#"{"a":1,"b":2}"#),
            (r#"{"a":1,"b":2,"c":3}"#, &[("\"b\":", "2"), ("\"c\":", "3")], r#"{"a":1}"#),
            (r#"{"a":1,"b":2,"c":3}"#, &[("\"c\":", "3"), ("\"a\":", "1")], r#"{"b":2}"#),
            (r#"{"a":1,"b":2,"c":3}"#, &[("\"a\":", "1"), ("\"b\":", "2"), ("\"c\":", "3")], "{}"),
            (r#"{ "a" : 1 , "b" : 2 }"#, &[("\"b\" : ", "2")], r#"{ "a" : 1  }"#),
            (pretty, &[("\"a\": ", "1")], "{\n  \"b\": \"x\",\n  \"c\": [2]\n}"),
            (pretty, &[("\"c\": ", "[2]")], "{\n  \"a\": 1,\n  \"b\": \"x\"\n}"),
            (r#"{"a":{"b":1}}"#, &[("\"b\":", "1")], r#"{"a":{}}"#),
            (r#"{"a":{"b":1},"c":2}"#, &[("\"b\":", "1"), ("\"a\":", "{\"b\":1}")], r#"{"c":2}"#),
            (r#"{"a":["x","y"]}"#, &[("", "\"x\"")], r#"{"a":[null,"y"]}"#),
            (r#""x""#, &[("", "\"x\"")], "null"),
        ] {
            let result = apply(Format::Json, text, members, &Replacement::Remove);
            assert_eq!(result, expected, "{text} without {members:?}");
        }
    }

    #[test]
    fn pairs_cookies_segments_and_columns_go_in_their_own_way() {
        for (format, text, members, expected) in [
            (Format::Form, "a=1&b=2&c=3", &[("a=", "1")][..], "b=2&c=3"),
            (Format::Form, "a=1&b=2&c=3", &[("b=", "2"), ("c=", "3")], "a=1"),
            (Format::Form, "a=1", &[("a=", "1")], ""),
            (Format::Target, "/p?a=1&b=2", &[("a=", "1")], "/p?b=2"),
            (Format::Target, "/p?a=1&b=2", &[("b=", "2")], "/p?a=1"),
            (Format::Target, "/p?a=1&b=2", &[("a=", "1"), ("b=", "2")], "/p"),
            (Format::Cookie, "a=1; b=2; c=3", &[("b=", "2")], "a=1; c=3"),
            (Format::Cookie, "a=1; b=2; c=3", &[("c=", "3")], "a=1; b=2"),
            (Format::Csv, "a,b,c", &[("", "b")], "a,,c"),
        ] {
            assert_eq!(
                apply(format, text, members, &Replacement::Remove),
                expected,
                "{text} without {members:?}"
            );
        }
    }

    #[test]
    fn a_replacement_is_escaped_and_typed() {
        let text = r#"{"a":"x","b":5,"c":{"d":1}}"#;
        let quote = Replacement::Replace { with: "say \"no\"".into(), keep_type: false };
        assert_eq!(
            apply(Format::Json, text, &[("\"a\":", "\"x\"")], &quote),
            r#"{"a":"say \"no\"","b":5,"c":{"d":1}}"#
        );
        assert_eq!(
            apply(Format::Json, text, &[("\"b\":", "5")], &quote),
            r#"{"a":"x","b":"say \"no\"","c":{"d":1}}"#
        );
        assert_eq!(
            apply(Format::Json, text, &[("\"c\":", "{\"d\":1}")], &quote),
            r#"{"a":"x","b":5,"c":"say \"no\""}"#
        );
        let kept = Replacement::Replace { with: "-".into(), keep_type: true };
        assert_eq!(
            apply(Format::Json, text, &[("\"b\":", "5")], &kept),
            r#"{"a":"x","b":0,"c":{"d":1}}"#
        );
    }

    #[test]
    fn a_cell_gets_quotes_when_its_new_text_would_end_it() {
        let with = |with: &str| Replacement::Replace { with: with.into(), keep_type: false };
        for (text, cell, replacement, expected) in [
            ("a,b,c", "b", with("x"), "a,x,c"),
            ("a,b,c", "b", with("x, y"), "a,\"x, y\",c"),
            ("a,b,c", "b", with("say \"x\""), "a,\"say \"\"x\"\"\",c"),
            ("a,\"b\",c", "\"b\"", with("x, \"y\""), "a,\"x, \"\"y\"\"\",c"),
        ] {
            assert_eq!(apply(Format::Csv, text, &[("", cell)], &replacement), expected);
        }
    }

    #[test]
    fn a_part_of_a_text_is_cut_out_and_the_rest_stays() {
        let text = r#"{"a":"call +123 now"}"#;
        let mut found = finding(text, "\"a\":", "\"call +123 now\"");
        found.span = Span::new(text.find('+').unwrap(), text.find(" now").unwrap());
        let layers = [layer(Format::Json, text)];
        let targets =
            [Target { finding: &found, replacement: &Replacement::Remove, text: "+123".into() }];
        let changed = Plan::new(&layers, &targets, &PseudonymKey::new(b"k")).apply(&layers);
        assert_eq!(changed, [(0, br#"{"a":"call  now"}"#.to_vec())]);
    }

    #[test]
    fn an_edit_deep_inside_is_carried_outwards() {
        let outer = r#"{"n":"{\"a\":1,\"b\":2}"}"#;
        let inner = r#"{"a":1,"b":2}"#;
        let start = outer.find("{\\").unwrap();
        let layers = [
            layer(Format::Json, outer),
            Layer {
                parent: Some((LayerId(0), Span::new(start, outer.len() - 2))),
                encoding: Encoding::Escaped(Escape::Json),
                format: Format::Json,
                bytes: inner.as_bytes().into(),
            },
        ];
        let mut found = finding(inner, "\"a\":", "1");
        found.layer = LayerId(1);
        let targets =
            [Target { finding: &found, replacement: &Replacement::Remove, text: "1".into() }];
        let changed = Plan::new(&layers, &targets, &PseudonymKey::new(b"k")).apply(&layers);
        assert_eq!(changed, [(0, br#"{"n":"{\"b\":2}"}"#.to_vec())]);
    }
}
