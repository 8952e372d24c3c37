use proptest::prelude::*;

use super::*;

const ESCAPES: [Escape; 6] =
    [Escape::None, Escape::Json, Escape::Percent, Escape::Form, Escape::Xml, Escape::Csv];

fn text(escape: Escape, raw: &[u8]) -> (String, bool) {
    let mut buffer = Unescaped::new();
    let text = unescape(escape, raw, &mut buffer);
    (text.as_str().to_owned(), text.buffer.is_none())
}

#[test]
fn each_escape_stands_for_its_text() {
    for (escape, raw, expected) in [
        (Escape::None, r"a\n%41+&amp;", r"a\n%41+&amp;"),
        (Escape::Json, "", ""),
        (Escape::Json, "plain 中文", "plain 中文"),
        (Escape::Json, r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
        (Escape::Json, r"a\u0041\u00e9\u4F60b", "aAé你b"),
        (Escape::Json, r"\uD83D\uDE00!", "😀!"),
        (Escape::Json, r"\ud83dx", "\u{fffd}x"),
        (Escape::Json, r"\ude00", "\u{fffd}"),
        (Escape::Json, r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (Escape::Json, r"\ud83d\u0041", "\u{fffd}A"),
        (Escape::Json, r"\ud83d\n", "\u{fffd}\n"),
        (Escape::Json, r"\u12", r"\u12"),
        (Escape::Json, "\\", "\\"),
        (Escape::Percent, "a%20b+c%2B", "a b+c+"),
        (Escape::Percent, "%E4%BD%A0", "你"),
        (Escape::Percent, "%4", "%4"),
        (Escape::Percent, "%%41%zz%", "%A%zz%"),
        (Escape::Percent, "%ff", "ÿ"),
        (Escape::Form, "Luc%EDa+%80", "Lucía \u{fffd}"),
        (Escape::Percent, "%E4%BDx", "\u{fffd}x"),
        (Escape::Percent, "%+1%-1", "%+1%-1"),
        (Escape::Form, "a%20b+c%2B", "a b c+"),
        (Escape::Xml, "&lt;&gt;&amp;&apos;&quot;", "<>&'\""),
        (Escape::Xml, "&#65;&#x4F60;&#X41;&#0065;", "A你&#X41;A"),
        (Escape::Xml, "&nbsp;&;&#;&#x;&#xD800;&#1114112;&", "&nbsp;&;&#;&#x;&#xD800;&#1114112;&"),
        (Escape::Xml, "&#+65;&#-1;", "&#+65;&#-1;"),
        (Escape::Xml, "a\r\nb\rc\n", "a\nb\nc\n"),
        (
            Escape::Xml,
            "1<!-- > -->2<?p q?>3<b c='>' d=\">\"/>4</b>5<![CDATA[<!---->]]>",
            "12345<!---->",
        ),
        (Escape::Xml, "x<b>12</b><c>3</c>4</d><!-- y --><e/>", "x12\n34"),
        (Escape::Xml, "1 < 2 <!-- <? <b c='>", "1 < 2 <!-- <? <b c='>"),
        (Escape::Csv, r#"say ""no"""#, "say \"no\""),
        (Escape::Csv, r#"one " alone"#, "one \" alone"),
        (Escape::Csv, "\"\"\"", "\"\""),
    ] {
        assert_eq!(text(escape, raw.as_bytes()).0, expected, "{escape:?} {raw}");
    }
}

#[test]
fn bytes_that_are_not_utf8_become_replacement_characters() {
    for escape in ESCAPES {
        assert_eq!(text(escape, b"a\x80b\xe4\xbd"), ("a\u{fffd}b\u{fffd}".to_owned(), false));
    }
}

#[test]
fn plain_text_is_borrowed_and_escaped_text_is_not() {
    for (escape, raw) in [
        (Escape::None, "\\%+&\"\""),
        (Escape::Json, "%+&\"\""),
        (Escape::Percent, "\\+&\"\""),
        (Escape::Form, "\\&\"\""),
        (Escape::Xml, "\\%+\"\"\n"),
        (Escape::Csv, "\\%+&\""),
    ] {
        assert_eq!(text(escape, raw.as_bytes()), (raw.to_owned(), true), "{escape:?}");
    }
    assert!(!text(Escape::Json, b"\\n").1);
}

#[test]
fn a_range_of_the_text_maps_to_whole_escapes() {
    for (escape, raw, part, expected) in [
        (Escape::Json, r"ab\ncd", "cd", "cd"),
        (Escape::Json, r"ab\ncd", "b\nc", r"b\nc"),
        (Escape::Json, r"\u0041\u0042\u0043x", "BC", r"\u0042\u0043"),
        (Escape::Json, r"a\uD83D\uDE00b", "😀", r"\uD83D\uDE00"),
        (Escape::Json, r"a\u4F60\u597Db", "好", r"\u597D"),
        (Escape::Json, r"a\u4F60\nb", "\nb", r"\nb"),
        (Escape::Percent, "a%40b.example", "a@b.example", "a%40b.example"),
        (Escape::Percent, "x%E4%BD%A0%E5%A5%BDy", "好", "%E5%A5%BD"),
        (Escape::Form, "q=+1%2B1", "1+", "1%2B"),
        (Escape::Xml, "a&#x41;&amp;b", "A&", "&#x41;&amp;"),
        (Escape::Xml, "a1<!-- x -->2b", "12", "1<!-- x -->2"),
        (Escape::Xml, "a<!-- x -->12<b>c", "12", "12"),
        (Escape::Csv, r#"a""b""c"#, "b\"c", r#"b""c"#),
    ] {
        let mut buffer = Unescaped::new();
        let text = unescape(escape, raw.as_bytes(), &mut buffer);
        let start = text.as_str().find(part).expect("the part");
        let span = text.raw_span(Span::new(start, start + part.len()));
        assert_eq!(span.of(raw.as_bytes()), expected.as_bytes(), "{raw}");
        let whole = text.raw_span(Span::new(0, text.as_str().len()));
        assert_eq!(whole, Span::new(0, raw.len()), "{raw}");
    }
}

#[test]
fn replaced_bytes_map_back_to_what_they_replace() {
    let raw = b"a\x80\x80b%80%80c";
    let mut buffer = Unescaped::new();
    let text = unescape(Escape::Percent, raw, &mut buffer);
    assert_eq!(text.as_str(), "a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}c");
    for (start, end, expected) in
        [(0, 1, 0..1), (1, 4, 1..2), (4, 7, 2..3), (7, 8, 3..4), (8, 11, 4..7), (14, 15, 10..11)]
    {
        assert_eq!(text.raw_span(Span::new(start, end)).range(), expected);
    }
}

#[test]
fn the_buffer_forgets_its_last_text() {
    let mut buffer = Unescaped::new();
    for (raw, expected) in
        [(&b"%80%41"[..], "\u{fffd}A"), (b"%42", "B"), (b"c", "c"), (b"%43%44", "CD")]
    {
        let text = unescape(Escape::Percent, raw, &mut buffer);
        assert_eq!(text.as_str(), expected);
        assert_eq!(text.raw_span(Span::new(0, expected.len())), Span::new(0, raw.len()));
    }
}

proptest! {
    #[test]
    fn json_text_is_what_serde_json_reads(written: String, ascii: bool) {
        let quoted = serde_json::to_string(&written).expect("JSON");
        let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let mut raw = inner.expect("quotes").to_owned();
        if ascii {
            raw = raw.chars().map(|character| if character.is_ascii() {
                character.to_string()
            } else {
                character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
            }).collect();
        }
        prop_assert_eq!(text(Escape::Json, raw.as_bytes()).0, written);
    }

    #[test]
    fn a_text_that_is_known_to_be_one_reads_as_its_bytes_do(raw in r#"(\\\\|\\u[dD][89aAcCdD]00|\\u[0-9a-f]{4}|[a-z"n/中é😀]|\\u\{1f600\}){0,24}"#) {
        let (mut one, mut other) = (Unescaped::new(), Unescaped::new());
        let read = unescape(Escape::Json, raw.as_bytes(), &mut one);
        let known = unescape_at(Escape::Json, raw.as_bytes(), Some(&raw), &mut other);
        prop_assert_eq!(read.as_str(), known.as_str());
        prop_assert_eq!(read.is_whole(), known.is_whole());
        for (start, character) in read.as_str().char_indices() {
            let span = Span::new(start, start + character.len_utf8());
            prop_assert_eq!(read.raw_span(span), known.raw_span(span));
        }
    }

    #[test]
    fn every_range_maps_into_the_bytes_and_the_parts_make_the_whole(
        raw in proptest::collection::vec(prop_oneof![
            any::<u8>(),
            proptest::sample::select(b"%\\\"&;+u0123456789abcdefDd#x\r\n".to_vec()),
        ], 0..48),
    ) {
        for escape in ESCAPES {
            let mut buffer = Unescaped::new();
            let text = unescape(escape, &raw, &mut buffer);
            let length = text.as_str().len();
            // Marks of XML stand between the parts of a text, before and behind it, and are none of it.
            let has_marks = escape == Escape::Xml && raw.contains(&b'<');
            let mut end = 0;
            for (start, character) in text.as_str().char_indices() {
                let span = text.raw_span(Span::new(start, start + character.len_utf8()));
                let start = span.range().start;
                prop_assert!(start == end || (has_marks && start > end), "{start} {end}");
                prop_assert!(!span.is_empty());
                end = span.range().end;
            }
            prop_assert!(end == raw.len() || (has_marks && end < raw.len()), "{end}");
            let whole = text.raw_span(Span::new(0, length));
            prop_assert!(whole == Span::new(0, raw.len()) || (has_marks && whole.range().end == end));
        }
    }
}
