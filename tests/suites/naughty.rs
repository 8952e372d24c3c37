//! The big list of naughty strings, in every place of a message.

use std::fmt::Write as _;

use bordergate::{
    domain::{Coverage, Limits},
    engine::{Message, Scratch},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{ENGINE, found, scan, text};

fn strings() -> Vec<String> {
    let strings: Vec<String> = serde_json::from_str(&text("naughty.json")).unwrap();
    assert!(strings.len() > 450, "{}", strings.len());
    strings
}

#[test]
fn a_string_of_any_kind_is_read_in_full() {
    for string in strings() {
        let name = "text".to_owned();
        let json =
            serde_json::json!({ name: string, string.clone(): 1, "list": [string] }).to_string();
        let coverage =
            |media_type, body: &str| scan(media_type, body.as_bytes(), |scan| scan.coverage);
        assert_eq!(coverage("application/json", &json), Coverage::Full, "{string:?}");
        let encoded = utf8_percent_encode(&string, NON_ALPHANUMERIC).to_string();
        let form = format!("text={encoded}&{encoded}=1");
        assert_eq!(
            coverage("application/x-www-form-urlencoded", &form),
            Coverage::Full,
            "{string:?}"
        );
        let csv = format!("text,n\r\n\"{}\",1\r\n", string.replace('"', "\"\""));
        assert_eq!(coverage("text/csv", &csv), Coverage::Full, "{string:?}");
    }
}

/// Escaping says the same in other bytes, so it changes nothing of what is found.
#[test]
fn escaping_hides_nothing() {
    for string in strings() {
        let plain = serde_json::json!({ "text": string }).to_string();
        let mut escaped = String::from(r#"{"\u0074\u0065\u0078\u0074":""#);
        for unit in string.encode_utf16() {
            write!(escaped, "\\u{unit:04x}").unwrap();
        }
        escaped.push_str("\"}");
        let (plain, escaped) = (
            found("application/json", plain.as_bytes()),
            found("application/json", escaped.as_bytes()),
        );
        assert_eq!(plain, escaped, "{string:?}");
    }
}

#[test]
fn heads_of_any_kind_are_read_without_harm() {
    let limits = Limits::default();
    let mut scratch = Scratch::default();
    for string in strings() {
        let target: String = string.chars().filter(char::is_ascii_graphic).collect();
        let target = format!("/{target}?q={target}&{target}");
        let value = string.as_bytes();
        let headers =
            [("cookie", value), ("x-note", value), ("user-agent", value), ("content-type", value)];
        let message = Message {
            method: "POST",
            target: &target,
            headers: &headers,
            body: value,
            client_region: None,
        };
        let scanned = ENGINE.scan(&message, &limits, &mut scratch);
        for finding in &scanned.findings.items {
            assert_eq!(scanned.bytes(finding).len(), finding.span.len(), "{string:?}");
        }
    }
}
