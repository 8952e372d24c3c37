//! The shipped detectors over whole messages: what a payload yields, field by field.

use serde_json::Value;

mod addresses;
mod announced;
mod beside;
mod called;
mod codes;
mod halt;
mod hostile;
mod objects;
mod payloads;
mod places;
mod prose;
mod sentences;
mod turns;

use super::{DetectorSet, Hit, Scanner, Scratch, Told, shipped, text::Search};
use crate::domain::{Container, Halt, Part, Scalar, Taxonomy};

/// A value of which nothing is known but what it is.
fn told(kind: Scalar, text: &str) -> Told<'_> {
    Told { kind, text, may_hold: true }
}

/// The shipped rules and a scratch that is reused, as the engine does.
struct Bench {
    taxonomy: Taxonomy,
    set: std::sync::Arc<DetectorSet>,
    scratch: Scratch,
}

impl Bench {
    fn new() -> Self {
        let taxonomy = shipped::taxonomy();
        let set = shipped::detectors(&taxonomy).into();
        Self { taxonomy, set, scratch: Scratch::default() }
    }

    /// The same set for every run of a property.
    fn new_cached() -> Self {
        static FIRST: std::sync::OnceLock<(Taxonomy, std::sync::Arc<DetectorSet>)> =
            std::sync::OnceLock::new();
        let (taxonomy, set) = FIRST.get_or_init(|| {
            let bench = Self::new();
            (bench.taxonomy, bench.set)
        });
        Self {
            taxonomy: taxonomy.clone(),
            set: std::sync::Arc::clone(set),
            scratch: Scratch::default(),
        }
    }

    /// One line a hit: locator, short name, and `!` third party, `#` pseudonymous, `[..]` part of the
    /// value, `@XX` region.
    fn scan(&mut self, json: &str) -> Vec<String> {
        let value: Value = serde_json::from_str(json).unwrap();
        let mut lines = Vec::new();
        let mut scanner = self.set.scanner(&mut self.scratch);
        walk(&mut scanner, None, &value, "", &self.taxonomy, &mut lines);
        lines
    }

    fn fields(&mut self, part: Part, pairs: &[(&str, &str)]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut scanner = self.set.scanner(&mut self.scratch);
        scanner.part(part);
        for (name, text) in pairs {
            let mut hits = Vec::new();
            scanner.scalar(Some(name), told(Scalar::String, text), &mut hits);
            lines.extend(hits.iter().map(|hit| line(name, text, hit, &self.taxonomy)));
        }
        lines
    }

    /// The short names of the hits in a text without a name.
    fn prose(&mut self, text: &str) -> Vec<String> {
        let mut hits = Vec::new();
        let mut scanner = self.set.scanner(&mut self.scratch);
        scanner.scalar(None, told(Scalar::String, text), &mut hits);
        hits.iter()
            .map(|hit| {
                let value = text.get(hit.span.range()).unwrap();
                format!("{}={value}", self.taxonomy.category(hit.tag).unwrap().short)
            })
            .collect()
    }
}

fn walk(
    scanner: &mut Scanner<'_>,
    name: Option<&str>,
    value: &Value,
    pointer: &str,
    taxonomy: &Taxonomy,
    lines: &mut Vec<String>,
) {
    let mut hits = Vec::new();
    let mut scalar = |kind, text: &str| {
        scanner.scalar(name, told(kind, text), &mut hits);
        lines.extend(hits.iter().map(|hit| line(pointer, text, hit, taxonomy)));
    };
    match value {
        Value::Null => scalar(Scalar::Null, "null"),
        Value::Bool(truth) => scalar(Scalar::Bool, &truth.to_string()),
        Value::Number(number) => scalar(Scalar::Number, &number.to_string()),
        Value::String(text) => scalar(Scalar::String, text),
        Value::Array(items) => {
            let hit = scanner.open(name, Container::Array);
            lines.extend(hit.map(|hit| line(pointer, "", &hit, taxonomy)));
            for (index, item) in items.iter().enumerate() {
                walk(scanner, None, item, &format!("{pointer}/{index}"), taxonomy, lines);
            }
            scanner.close();
        }
        Value::Object(members) => {
            let hit = scanner.open(name, Container::Object);
            lines.extend(hit.map(|hit| line(pointer, "", &hit, taxonomy)));
            for (name, member) in members {
                walk(scanner, Some(name), member, &format!("{pointer}/{name}"), taxonomy, lines);
            }
            scanner.close();
        }
    }
}

fn line(pointer: &str, text: &str, hit: &Hit, taxonomy: &Taxonomy) -> String {
    let mut line = format!("{pointer} {}", taxonomy.category(hit.tag).unwrap().short);
    if hit.marks.container {
        line.push_str("{}");
    } else if !hit.marks.in_key && hit.span.range() != (0..text.len()) {
        line.push_str(&format!("[{}]", text.get(hit.span.range()).unwrap()));
    }
    if hit.marks.in_key {
        line.push('^');
    }
    if hit.marks.third_party {
        line.push('!');
    }
    if hit.marks.pseudonymous {
        line.push('#');
    }
    if let Some(region) = hit.region {
        line.push_str(&format!("@{region}"));
    }
    line
}

#[track_caller]
fn check(rows: &[(&str, &[&str])]) {
    let mut bench = Bench::new();
    let mut wrong = String::new();
    for (json, expected) in rows {
        let mut found = bench.scan(json);
        let mut expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        found.sort();
        expected.sort();
        if found != expected {
            wrong.push_str(&format!("{json}\n  found    {found:?}\n  expected {expected:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_value_is_found_in_what_wraps_it() {
    check(&[
        (r#"{"phone":{"S":"03331234567"}}"#, &["/phone/S phone"]),
        (r#"{"phone":{"home":"03331234567"}}"#, &["/phone/home phone"]),
        (
            r#"{"key":"user.email","value":{"stringValue":"ali.r@example.pk"}}"#,
            &["/value/stringValue email"],
        ),
        (
            r#"{"key":"cnic","value":{"stringValue":"42201-1234568-1"}}"#,
            &["/value/stringValue pk_cnic@PK"],
        ),
        (r#"{"op":"replace","path":"/phone","value":"03331234567"}"#, &["/value phone"]),
        (r#"{"sms":"come home early","duanxin":"on"}"#, &["/sms sms"]),
        (r#"{"message-id":"20130503182626.18666@example.org"}"#, &["/message-id message_id"]),
        (
            r#"{"lat":"24.86071N","lon":"67.00113E"}"#,
            &["/lat precise_location", "/lon precise_location"],
        ),
        (
            r#"{"latE6":24860710,"lngE6":67001130}"#,
            &["/latE6 precise_location", "/lngE6 precise_location"],
        ),
    ]);
}

#[test]
fn headers_cookies_and_query() {
    let mut bench = Bench::new();
    type Row<'r> = (Part, &'r [(&'r str, &'r str)], &'r [&'r str]);
    let rows: &[Row<'_>] = &[
        (
            Part::Header,
            &[
                ("host", "shop.example.pk"),
                ("content-type", "application/json"),
                ("content-length", "1234567890"),
                ("accept", "*/*"),
                ("accept-language", "ur-PK"),
                ("date", "Tue, 12 Nov 2024 10:00:00 GMT"),
                ("etag", "\"33a64df551425fcc55e4d42a148795d9f25f89d4\""),
                ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                ("x-request-id", "38400000-8cf0-11bd-b23e-10b96e40000d"),
                ("connection", "keep-alive"),
            ],
            &[],
        ),
        (
            Part::Header,
            &[
                ("user-agent", "Mozilla/5.0 (Linux; Android 13; M2101K6G) Chrome/109.0.5414.119"),
                ("x-forwarded-for", "39.40.12.199, 10.0.0.1"),
                ("authorization", "Bearer 8f14e45fceea167a5a36dedd4bea2543"),
                ("x-device-id", "9774d56d682e549d"),
                ("x-imei", "356938035643809"),
                ("referer", "https://shop.example.pk/phones"),
            ],
            &[
                "user-agent user_agent",
                "x-forwarded-for ip_address",
                "authorization access_token",
                "x-device-id device_id",
                "x-imei imei",
                "referer referrer",
            ],
        ),
        (
            Part::Header,
            &[("user-agent", "ShopApp/5.1 (Redmi Note 12; Android 13; imei=356938035643809)")],
            &["user-agent user_agent", "user-agent imei[356938035643809]"],
        ),
        (
            Part::Cookie,
            &[
                ("session_id", "8f14e45fceea167a5a36dedd4bea2543"),
                ("_ga", "GA1.2.1234567890.1700000000"),
                ("theme", "dark"),
                ("uid", "8f14e45fceea"),
            ],
            &["session_id cookie_id", "_ga cookie_id", "uid cookie_id"],
        ),
        (
            Part::Query,
            &[("imei", "356938035643809"), ("page", "2"), ("phone", "923331234567")],
            &["imei imei", "phone phone@PK"],
        ),
    ];
    for (part, pairs, expected) in rows {
        assert_eq!(bench.fields(*part, pairs), *expected, "{part:?}");
    }
}

#[test]
fn a_name_that_is_itself_personal_is_a_hit_in_the_name() {
    check(&[
        (r#"{"ali.r@example.pk":{"seen":1}}"#, &["/ali.r@example.pk email^"]),
        (r#"{"+923331234567":"x"}"#, &["/+923331234567 phone^@PK"]),
    ]);
}

#[test]
fn an_envelope_is_known_by_two_of_its_names() {
    check(&[(
        r#"{"a":0,"ie":"356938035643809","ma":"f0:b4:29:9d:71:41","wb":"a4:83:e7:6c:7b:fd","phn":"03001234567"}"#,
        &["/ie imei", "/ma mac", "/phn phone", "/wb bssid"],
    )]);
}

#[test]
fn operators_add_names_patterns_and_suppressions() {
    let taxonomy = shipped::taxonomy();
    let rules = r"
words: {stand_ins: [value], tellers: [key], values: [value]}
fields:
  - {category: account_id, names: [kontoschluessel], confidence: 90}
patterns:
  - {id: badge, category: account_id, pattern: 'B-\d{4}', fields: [badge], confidence: 80}
  - {id: member, category: account_id, pattern: 'LX(-\d{4}){3}', fields: [member], confidence: 80, check: luhn}
suppress:
  - {categories: [email], value_endings: ['@shop.example'], reason: our own mailboxes}
  - {fields: [ticket], reason: numbers of our help desk}
values:
  - {category: email, check: email, shaped: 90}
";
    let mut diagnostics = crate::source::Diagnostics::default();
    let file = crate::source::SourceFile { name: "detectors/ours.yaml".into(), text: rules.into() };
    let set = DetectorSet::compile(&[file], &taxonomy, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    let mut bench = Bench { taxonomy, set: set.unwrap().into(), scratch: Scratch::default() };
    for (json, expected) in [
        (r#"{"kontoSchluessel":"77"}"#, &["/kontoSchluessel account_id"][..]),
        (r#"{"badge":"door B-1234 open"}"#, &["/badge account_id[B-1234]"]),
        (r#"{"badge":"door 1234 open","other":"B-1234"}"#, &[]),
        // What stands for the field, and elements of it.
        (
            r#"{"badge":{"value":"B-1234","created":"B-1234"},"a":{"value":"B-1234"}}"#,
            &["/badge/value account_id"],
        ),
        (
            r#"{"badge":[["B-1234"],{"value":"B-1235"},{"other":"B-1236"}]}"#,
            &["/badge/0/0 account_id", "/badge/1/value account_id"],
        ),
        (r#"[{"key":"badge","value":"B-1234"}]"#, &["/0/value account_id"]),
        (r#"{"member":["LX-4711-0815-3001","LX-4711-0815-3002"]}"#, &["/member/0 account_id"]),
        (r#"{"x":"info@shop.example","y":"amina@example.pk"}"#, &["/y email"]),
        (r#"{"ticket":"amina@example.pk"}"#, &[]),
    ] {
        assert_eq!(bench.scan(json), expected, "{json}");
    }
}
