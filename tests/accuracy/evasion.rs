//! The same personal data behind an encoding, or in an unusual script.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::{
    body::{self, Flat, Node},
    document::{Document, Group, Label, Marked, mark, unmarked},
    kind::Style,
    kind::{self, Kind},
    person::Person,
    random::Random,
    record::Record,
};
use bordergate::domain::{Encoding, Part};

pub(crate) fn documents() -> Vec<Document> {
    let mut all = Vec::new();
    for (number, record) in
        [Record::Customer, Record::Activation, Record::Identity, Record::Payment, Record::Order]
            .into_iter()
            .enumerate()
    {
        for hiding in HIDINGS {
            let id = format!("evasion/{hiding}/{}", record.as_str());
            let mut random = Random::named(&id);
            let person = Person::anyone(&mut random);
            let flat = record.of(&person, Style::ALL[(number * 2) % 6], &mut random);
            all.push(hidden(id, hiding, &flat));
        }
    }
    for hiding in
        ["full-width", "arabic-indic", "devanagari", "persian", "zero-width", "soft-hyphen"]
    {
        all.extend((0..3).map(|seed| scripted(hiding, seed)));
    }
    all.extend((0..4).map(claims));
    all.extend((0..4).map(link));
    all
}

const HIDINGS: [&str; 18] = [
    "json-in-string",
    "json-in-json-in-string",
    "base64",
    "base64url",
    "data-uri",
    "json-in-form",
    "json-in-query",
    "percent-twice",
    "escaped-keys",
    "escaped-values",
    "gzip",
    "deflate",
    "gzip-undeclared",
    "utf-16",
    "bom",
    "cdata",
    "entities",
    "declared-as-text",
];

fn hidden(id: String, hiding: &str, flat: &Flat) -> Document {
    let mut document = Document::new(id, Group::Evasion);
    let plain = body::json(&body::object_of(flat));
    let text = String::from_utf8(plain.bytes.clone()).unwrap();
    // The labels of the inner document, below the field that holds it.
    let inner = |document: &mut Document, part: Part, below: &str| {
        for (name, value) in flat {
            for tag in tags_in(value) {
                let path = Some(format!("{below}/{name}"));
                document.labels.push(Label { tag, part, path, span: None });
            }
        }
    };
    let wrapped = |text: &str| {
        body::json(&Node::object([("kind", Node::text("event")), ("payload", Node::text(text))]))
    };
    match hiding {
        "json-in-string" => {
            document.body("application/json", wrapped(&text));
            inner(&mut document, Part::Body, "/payload");
        }
        "json-in-json-in-string" => {
            let middle = String::from_utf8(wrapped(&text).bytes).unwrap();
            document.body("application/json", wrapped(&middle));
            inner(&mut document, Part::Body, "/payload/payload");
        }
        "base64" => {
            document.body("application/json", wrapped(&STANDARD.encode(&text)));
            inner(&mut document, Part::Body, "/payload");
        }
        "base64url" => {
            document.body("application/json", wrapped(&URL_SAFE_NO_PAD.encode(&text)));
            inner(&mut document, Part::Body, "/payload");
        }
        "data-uri" => {
            document.body(
                "application/json",
                wrapped(&format!("data:application/json;base64,{}", STANDARD.encode(&text))),
            );
            inner(&mut document, Part::Body, "/payload");
        }
        "json-in-form" => {
            document.body(
                "application/x-www-form-urlencoded",
                body::form(&vec![("payload".into(), text)]),
            );
            inner(&mut document, Part::Body, "/payload");
        }
        "json-in-query" => {
            document.target(&format!("/collect?v=1&payload={}", body::form_escaped(&text)));
            inner(&mut document, Part::Query, "query:/payload");
        }
        "percent-twice" => {
            let twice = flat.iter().map(|(name, value)| {
                format!(
                    "{}={}",
                    body::form_escaped(name),
                    body::around_marks(value, |text| {
                        body::form_escaped(&body::form_escaped(text))
                    })
                )
            });
            document.target(&format!("/collect?{}", twice.collect::<Vec<_>>().join("&")));
        }
        "escaped-keys" => {
            let mut out = Marked::default();
            out.raw("{");
            for (number, (name, value)) in flat.iter().enumerate() {
                let key: String =
                    name.chars().enumerate().map(|(place, c)| escaped(c, place % 2 == 0)).collect();
                out.raw(&format!("{}\"{key}\": \"", if number == 0 { "" } else { ", " }));
                out.push_at(value, Some(&format!("/{name}")), str::to_owned);
                out.raw("\"");
            }
            out.raw("}");
            document.body("application/json", out);
        }
        "escaped-values" => {
            let mut out = Marked::default();
            out.raw("{");
            for (number, (name, value)) in flat.iter().enumerate() {
                out.raw(&format!("{}\"{name}\": \"", if number == 0 { "" } else { ", " }));
                out.push_at(value, Some(&format!("/{name}")), |text| {
                    text.chars().enumerate().map(|(place, c)| escaped(c, place % 3 != 1)).collect()
                });
                out.raw("\"");
            }
            out.raw("}");
            document.body("application/json", out);
        }
        "gzip" | "gzip-undeclared" | "deflate" => {
            document.body("application/json", plain);
            let encoding = if hiding == "deflate" { Encoding::Deflate } else { Encoding::Gzip };
            document.body = compressed(encoding, &document.body);
            if hiding != "gzip-undeclared" {
                document.headers.push(("content-encoding".into(), hiding.into()));
            }
        }
        "utf-16" => {
            document.body("application/json", plain);
            document.body = [0xfeff]
                .into_iter()
                .chain(text.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect();
            without_spans(&mut document);
        }
        "bom" => {
            let mut out = Marked::default();
            out.raw("\u{feff}");
            document.body("application/json", plain);
            out.bytes.extend_from_slice(&document.body);
            for label in &mut document.labels {
                label.span = label.span.take().map(|span| span.start + 3..span.end + 3);
            }
            document.body = out.bytes;
        }
        "cdata" => {
            let mut out = Marked::default();
            out.raw("<?xml version=\"1.0\"?>\n<request>");
            for (name, value) in flat {
                out.raw(&format!("<{}><![CDATA[", element(name)));
                out.push(value, str::to_owned);
                out.raw(&format!("]]></{}>", element(name)));
            }
            out.raw("</request>");
            document.body("application/xml", out);
        }
        "entities" => {
            let mut out = Marked::default();
            out.raw("<request>");
            for (name, value) in flat {
                out.raw(&format!("<{}>", element(name)));
                out.push(value, |text| {
                    text.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect()
                });
                out.raw(&format!("</{}>", element(name)));
            }
            out.raw("</request>");
            document.body("application/xml", out);
        }
        "declared-as-text" => document.body("text/plain", plain),
        other => panic!("no hiding {other}"),
    }
    document
}

/// Names that XML allows.
fn element(name: &str) -> String {
    name.replace(' ', "_")
}

fn escaped(character: char, escape: bool) -> String {
    match u16::try_from(u32::from(character)) {
        Ok(unit) if escape => format!("\\u{unit:04x}"),
        _ => character.to_string(),
    }
}

fn without_spans(document: &mut Document) {
    for label in &mut document.labels {
        label.span = None;
    }
}

fn tags_in(marked: &str) -> Vec<String> {
    marked
        .split('⟦')
        .skip(1)
        .filter_map(|rest| rest.split_once('|').map(|(tag, _)| tag.to_owned()))
        .collect()
}

fn compressed(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let level = flate2::Compression::default();
    if encoding == Encoding::Gzip {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    } else {
        let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), level);
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }
}

/// Numbers in other scripts' digits, or with invisible characters inside.
fn scripted(hiding: &str, seed: usize) -> Document {
    let id = format!("evasion/{hiding}/{seed}");
    let mut random = Random::named(&id);
    let zero = match hiding {
        "full-width" => Some('０'),
        "arabic-indic" => Some('٠'),
        "persian" => Some('۰'),
        "devanagari" => Some('०'),
        _ => None,
    };
    let hide = |text: &str| -> String {
        text.chars()
            .enumerate()
            .flat_map(|(place, character)| match (zero, character.to_digit(10)) {
                (Some(zero), Some(digit)) => vec![char::from_u32(u32::from(zero) + digit).unwrap()],
                (None, _) if place % 4 == 2 => {
                    vec![character, if hiding == "zero-width" { '\u{200b}' } else { '\u{ad}' }]
                }
                _ => vec![character],
            })
            .collect()
    };
    let person = Person::living_in(["PK", "IN", "CN"][seed], &mut random);
    let mut make = |tag: &str| (Kind::of(tag).make)(&mut random);
    let fields: Vec<(&str, &str, String)> = match seed {
        0 => vec![
            ("cnic", "pk_cnic", make("pk_cnic")),
            ("phone", "phone", person.phone),
            ("imei", "imei", make("imei")),
        ],
        1 => vec![
            ("aadhaar", "in_aadhaar", make("in_aadhaar")),
            ("mobile", "phone", person.phone),
            ("card_number", "card", make("card")),
        ],
        _ => vec![
            ("身份证号", "cn_ric", make("cn_ric")),
            ("手机号", "phone", person.phone),
            ("imsi", "imsi", make("imsi")),
        ],
    };
    let node = Node::object(
        fields.into_iter().map(|(name, tag, value)| (name, Node::text(mark(tag, hide(&value))))),
    );
    let mut document = Document::new(id, Group::Evasion);
    document.body("application/json", body::json(&node));
    document
}

/// Personal claims inside a signed token.
fn claims(seed: usize) -> Document {
    let id = format!("evasion/jwt-claims/{seed}");
    let mut random = Random::named(&id);
    let person = Person::anyone(&mut random);
    let claims = format!(
        r#"{{"sub":"{}","email":"{}","phone_number":"{}"}}"#,
        random.digits(9),
        person.email,
        person.phone
    );
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let token = format!("{head}.{}.{}", URL_SAFE_NO_PAD.encode(claims), random.token(43));
    let mut document = Document::new(id, Group::Evasion);
    document.body(
        "application/json",
        body::json(&Node::object([("id_token", Node::text(mark("access_token", token)))])),
    );
    for (tag, name) in [("email", "email"), ("phone", "phone_number")] {
        document.labels.push(Label {
            tag: tag.to_owned(),
            part: Part::Body,
            path: Some(format!("/id_token/{name}")),
            span: None,
        });
    }
    document
}

/// A value in the query of an address in a field.
fn link(seed: usize) -> Document {
    let id = format!("evasion/link/{seed}");
    let mut random = Random::named(&id);
    let person = Person::anyone(&mut random);
    let escape = |tag: &str, value: &str| mark(tag, unmarked(&body::form_escaped(value)));
    let (name, pair) = match seed {
        0 => ("callback", format!("email={}", escape("email", &person.email))),
        1 => ("next", format!("phone={}", escape("phone", &person.phone))),
        2 => ("callback", format!("imei={}", escape("imei", &kind::imei(&mut random)))),
        _ => ("next", format!("msisdn={}", escape("phone", &person.phone))),
    };
    let text = format!("https://shop.example/return?step=2&{pair}&lang=none");
    let mut document = Document::new(id, Group::Evasion);
    document.body("application/json", body::json(&Node::object([(name, Node::text(text))])));
    document
}
