use super::*;
use crate::{
    domain::{Confidence, DetectorId, Encoding, LayerId, Marks, Part, Scalar, Tag},
    redact::{PseudonymKey, Shape},
};

fn planned(layers: &[Layer<'_>], changes: &[(&Finding, &Replacement, &str)]) -> Plan {
    let keys = Keyring::from(PseudonymKey::new(b"k"));
    let mut plan = Plan::with_capacity(changes.len());
    for (finding, replacement, text) in changes {
        let layer = &layers[finding.layer.index()];
        let shape = Shape::usual("user.unique_id");
        let value = Value { kind: finding.kind, text, shape, subject: None };
        plan.redact(layer, finding, replacement, &value, &keys);
    }
    plan
}

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
    let changes: Vec<_> = findings
        .iter()
        .zip(members)
        .map(|(finding, (_, value))| (finding, replacement, value.trim_matches('"')))
        .collect();
    let changed = planned(&layers, &changes).apply(&layers);
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
    let changes = findings.each_ref().map(|finding| (finding, &Replacement::Remove, ""));
    let changed = planned(&layers, &changes).apply(&layers);
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
    let changed = planned(&layers, &[(&found, &Replacement::Remove, "+123")]).apply(&layers);
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
    let changed = planned(&layers, &[(&found, &Replacement::Remove, "1")]).apply(&layers);
    assert_eq!(changed, [(0, br#"{"n":"{\"b\":2}"}"#.to_vec())]);
}

#[test]
fn of_two_edits_of_one_place_the_one_that_leaves_less_is_done() {
    let text = r#"{"a":"1802345671","b":1}"#;
    let layers = [layer(Format::Json, text)];
    let whole = finding(text, "\"a\":", "\"1802345671\"");
    let mask = Replacement::Mask { keep_last: 4 };
    let gone = Replacement::Replace { with: "-".into(), keep_type: false };
    for changes in [
        [(&whole, &mask, "1802345671"), (&whole, &gone, "")],
        [(&whole, &gone, ""), (&whole, &mask, "1802345671")],
    ] {
        let changed = planned(&layers, &changes).apply(&layers);
        assert_eq!(changed, [(0, br#"{"a":"-","b":1}"#.to_vec())]);
    }
    // What a mask of the whole leaves would show a part that was to go.
    let part =
        Finding { span: Span::new(whole.span.end as usize - 4, whole.span.end as usize), ..whole };
    let changes = [(&whole, &mask, "1802345671"), (&part, &Replacement::Remove, "")];
    let changed = planned(&layers, &changes).apply(&layers);
    assert_eq!(changed, [(0, br#"{"a":"","b":1}"#.to_vec())]);
}

#[test]
fn a_length_and_a_digest_of_a_part_follow_its_content() {
    let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Length: 10\r\n\
        Content-MD5: AAAA\r\n\r\n1802345671\r\n--b\r\nContent-Length: 3\r\n\r\nabc\r\n--b\r\n\r\n\r\n--b--\r\n";
    let layers = [layer(Format::Multipart, body)];
    let mut found = finding(body, "", "1802345671");
    found.kind = Some(Scalar::String);
    let changed = planned(&layers, &[(&found, &Replacement::Hash, "1802345671")]).apply(&layers);
    let expected = format!(
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Length: 42\r\n\r\n{}\r\n\
         --b\r\nContent-Length: 3\r\n\r\nabc\r\n--b\r\n\r\n\r\n--b--\r\n",
        crate::redact::PseudonymKey::new(b"?").pseudonym("")
    );
    let sent = String::from_utf8(changed[0].1.clone()).unwrap();
    let token = sent.lines().nth(4).unwrap();
    assert!(token.starts_with("hash.only.") && token.len() == 42, "{sent}");
    assert_eq!(sent.replace(token, "?"), expected.replace(expected.lines().nth(4).unwrap(), "?"));
}

#[test]
fn an_element_that_is_the_document_is_not_cut_out_of_it() {
    for (text, expected) in [
        ("<?xml version=\"1.0\"?><phone>180</phone>", "<?xml version=\"1.0\"?><redacted/>"),
        ("<a><phone>180</phone></a>", "<a></a>"),
    ] {
        let layers = [layer(Format::Xml, text)];
        let member = text.find("<phone").unwrap();
        let value = text.find("180").unwrap();
        let found = Finding {
            span: Span::new(value, value + 3),
            value: Span::new(value, value + 3),
            member: Span::new(member, member + "<phone>180</phone>".len()),
            ..finding(text, "", "180")
        };
        let changed = planned(&layers, &[(&found, &Replacement::Remove, "")]).apply(&layers);
        assert_eq!(String::from_utf8(changed[0].1.clone()).unwrap(), expected);
    }
}

/// A hundred thousand documents in one body cost what they are long.
#[test]
fn many_children_of_one_layer_are_put_back_in_linear_time() {
    let count = 100_000u32;
    let outer: String = (0..count).map(|_| "{\"a\":1}\n").collect();
    let mut layers = vec![layer(Format::Text, &outer)];
    let inner = r#"{"a":1}"#;
    for number in 0..count as usize {
        layers.push(Layer {
            parent: Some((LayerId(0), Span::new(8 * number, 8 * number + 7))),
            encoding: Encoding::Escaped(Escape::None),
            format: Format::Json,
            bytes: inner.as_bytes().into(),
        });
    }
    let found: Vec<Finding> = (1..=count)
        .map(|number| Finding { layer: LayerId(number), ..finding(inner, "\"a\":", "1") })
        .collect();
    let changes: Vec<_> = found.iter().map(|finding| (finding, &Replacement::Remove, "")).collect();
    let begin = std::time::Instant::now();
    let changed = planned(&layers, &changes).apply(&layers);
    assert_eq!(changed[0].1, "{}\n".repeat(count as usize).into_bytes());
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());
}
