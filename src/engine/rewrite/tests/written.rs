//! What is put in the place of a value is written as its surroundings are: their sections, their letters, their parts.

use super::*;
use crate::{
    domain::{Charset, Encoding},
    redact::encode,
};

const TEXT: &str = "é <&>";

fn replaced(with: &str) -> Engine {
    engine("[email]", &format!("replacement: {{kind: replace, with: {}}}", serde_json::json!(with)))
}

fn sent(engine: &Engine, content_type: &str, body: &[u8]) -> Vec<u8> {
    let verdict = inspect(engine, "/", &[("content-type", content_type)], body);
    let shown = String::from_utf8_lossy(body);
    assert_eq!(verdict.coverage, Coverage::Full, "{shown}: {:?}", verdict.gaps);
    assert_eq!(verdict.decision.effect, Effect::Redact, "{shown}: {:?}", verdict.findings);
    verdict.redacted.unwrap().body.unwrap()
}

/// XML 1.0 §2.7: sections are a way to write a text, and no part of it.
#[test]
fn a_section_beside_other_text_is_markup_and_no_part_of_the_value() {
    let kinds = ["replace, with: '<&]]>'", "mask, keep_last: 4", "hash", "encrypt", "remove"];
    for kind in kinds {
        let engine = engine("[email]", &format!("replacement: {{kind: {kind}}}"));
        for body in [
            "<u><note><![CDATA[zq17x.kay@example.pk]]> x</note></u>",
            "<u><note>x <![CDATA[zq17x.kay@example.pk]]></note><b>1</b></u>",
            "<u><email><![CDATA[]]><![CDATA[zq17x.kay@example.pk]]></email><b>1</b></u>",
            "<u><email>zq17x<![CDATA[.kay@exam]]>ple.pk</email><b>1</b></u>",
            "<u><email>\n<![CDATA[zq17x.kay@example.pk]]>\n</email><b>1</b></u>",
            "<u><b>1</b><!--<![CDATA[zq17x.kay@example.pk]]>--></u>",
        ] {
            let sent =
                String::from_utf8(sent(&engine, "application/xml", body.as_bytes())).unwrap();
            // Reads to its end, with the rest as it was.
            let texts: Vec<String> =
                pairs(Format::Xml, sent.as_bytes()).into_iter().map(|(_, text)| text).collect();
            let told = format!("{kind} {sent}");
            assert!(!sent.contains("zq17x"), "{told}");
            let has_markup = texts.iter().any(|text| text.contains("CDATA"));
            assert!(body.contains("<!--") || !has_markup, "{told}");
            assert!(!body.contains("<b>") || texts.contains(&"1".to_owned()), "{told}");
        }
    }
    // One value, one hash, however it is written.
    let engine = engine("[email]", "replacement: {kind: hash}");
    let hash = |body: &str| {
        let sent = sent(&engine, "application/xml", body.as_bytes());
        pairs(Format::Xml, &sent).into_iter().find(|(name, _)| name == "email").unwrap().1
    };
    let plain = hash("<u><email>zq17x.kay@example.pk</email></u>");
    assert_eq!(hash("<u><email><![CDATA[]]><![CDATA[zq17x.kay@example.pk]]></email></u>"), plain);
    assert_eq!(hash("<u><email><![CDATA[zq17x.kay@example.pk]]></email></u>"), plain);
}

#[test]
fn letters_that_the_body_s_encoding_lacks_cost_the_body_nothing() {
    let engine = replaced(TEXT);
    let encoded = |label: &'static str, text: &str| {
        encode(Encoding::Charset(Charset(label)), text.as_bytes()).unwrap()
    };
    for (label, letters) in [
        ("koi8-r", "Привет"),
        ("windows-1251", "Привет"),
        ("shift_jis", "日本"),
        ("euc-jp", "日本"),
        ("euc-kr", "한국"),
        ("big5", "中文"),
        // All of it is ASCII, which is the same in any of them.
        ("koi8-r", "a"),
        ("iso-8859-1", "a"),
        ("us-ascii", "a"),
    ] {
        for (kind, body, expected) in [
            (
                "application/json",
                format!(r#"{{"a":"{letters}","b":[1],"email":"sana.k@example.pk"}}"#),
                format!(r#"{{"a":"{letters}","b":[1],"email":"\u00e9 <&>"}}"#),
            ),
            (
                "application/xml",
                format!("<r><a>{letters}</a><email>sana.k@example.pk</email></r>"),
                format!("<r><a>{letters}</a><email>&#233; &lt;&amp;&gt;</email></r>"),
            ),
            ("text/plain", format!("{letters} sana.k@example.pk"), format!("{letters} ? <&>")),
        ] {
            let content_type = format!("{kind}; charset={label}");
            let sent = sent(&engine, &content_type, &encoded(label, &body));
            assert_eq!(sent, encoded(label, &expected), "{content_type} {letters}");
        }
    }
}

#[test]
fn a_part_in_another_encoding_keeps_its_words() {
    let engine = replaced("é");
    let mut body = b"--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\
        Content-Type: text/plain; charset=koi8-r\r\n\r\n\xd0\xd2 sana.k@example.pk\r\n--b--\r\n"
        .to_vec();
    let sent = sent(&engine, "multipart/form-data; boundary=b", &body);
    let at = memchr::memmem::find(&body, b"sana").unwrap();
    body.splice(at..at + "sana.k@example.pk".len(), *b"?");
    assert_eq!(sent, body);
}

#[test]
fn texts_put_into_yaml_and_web_pages_stay_texts() {
    let masked = engine("[email]", "replacement: {kind: mask, keep_last: 4}");
    for (body, expected) in [
        ("a: sana.k@example.pk\nb: 1\n", "a: \"****.*@*****le.pk\"\nb: 1\n"),
        ("a: sana.k@example.pk or call\n", "a: x***.*@*****le.pk or call\n"),
        ("a: mail sana.k@example.pk\n", "a: mail ****.*@*****le.pk\n"),
    ] {
        let sent = sent(&masked, "application/yaml", body.as_bytes());
        assert_eq!(String::from_utf8(sent).unwrap(), expected, "{body}");
    }
    let replaced = replaced("<b \"&\">");
    let body = "<html><p title=\"sana.k@example.pk\">sana.k@example.pk</p></html>";
    let sent = sent(&replaced, "text/html", body.as_bytes());
    let text = "&#60;b &#34;&#38;&#34;&#62;";
    assert_eq!(
        String::from_utf8(sent).unwrap(),
        format!("<html><p title=\"{text}\">{text}</p></html>")
    );
}

/// RFC 2046 §5.1.1.
#[test]
fn a_form_that_lost_all_of_its_parts_has_one() {
    let engine = engine("[email]", "replacement: {kind: remove}");
    let part = "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nsana.k@example.pk\r\n";
    for body in [format!("{part}--b--\r\n"), format!("\r\n{part}{part}--b--\r\n")] {
        let sent = sent(&engine, "multipart/form-data; boundary=b", body.as_bytes());
        let sent = String::from_utf8(sent).unwrap();
        assert_eq!(sent.trim_start(), "--b\r\n\r\n\r\n--b--\r\n", "{body}");
        let again = inspect(
            &engine,
            "/",
            &[("content-type", "multipart/form-data; boundary=b")],
            sent.as_bytes(),
        );
        assert_eq!(again.coverage, Coverage::Full);
    }
}
