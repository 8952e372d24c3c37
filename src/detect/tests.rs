//! The shipped detectors over whole messages: what a payload yields, field by field.

use proptest::prelude::*;
use serde_json::Value;

mod addresses;
mod announced;
mod called;
mod halt;
mod objects;
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
fn payloads_of_the_named_transfers() {
    check(&[
        (
            r#"{"device":{"imei":"356938035643809","macAddress":"64:CC:2E:10:20:30"},
                "user":{"birthday":"1994-02-03","email":"ali.r@example.pk","mobile":"+923331234567"}}"#,
            &[
                "/device/imei imei",
                "/device/macAddress mac",
                "/user/birthday date_of_birth",
                "/user/email email",
                "/user/mobile phone@PK",
            ],
        ),
        (
            r#"{"mi_id":"1700345671","sms":[{"address":"+923005550001","body":"kal milte hain"}],
                "call_log":[{"number":"+923005550002","duration":12}]}"#,
            &[
                "/mi_id account_id",
                "/sms sms{}!",
                "/sms/0/address phone!@PK",
                "/sms/0/body message_content!",
                "/call_log call_log{}!",
                "/call_log/0/number phone!@PK",
            ],
        ),
        (
            r#"{"mcc":"410","mnc":"03","lac":4021,"cell_id":118822,"network_operator":"Ufone"}"#,
            &[
                "/mcc mcc@PK",
                "/mnc mnc",
                "/lac lac",
                "/cell_id cell_id",
                "/network_operator operator",
            ],
        ),
        (
            r#"{"order_no":"MI-PK-20261109-0013","name":"Bilal Ahmed","phone":"+923001234000",
                "address":"House 7, Street 9, Johar","postal_code":"75290"}"#,
            &[
                "/order_no order_number",
                "/name name",
                "/phone phone@PK",
                "/address address",
                "/postal_code postal_code",
            ],
        ),
        (r#"{"name":"Bilal Ahmed","order_no":"52012"}"#, &["/name name", "/order_no order_number"]),
        (
            r#"{"device_id":"9774d56d682e549d","app_usage":14}"#,
            &["/device_id device_id", "/app_usage usage"],
        ),
        (
            r#"{"device_id":"9774d56d682e549d","crash_log":"ANR in com.miui.home"}"#,
            &["/device_id device_id", "/crash_log crash_log"],
        ),
        (r#"{"segment":"18-24 urban","bought_count":18230,"share":0.31}"#, &[]),
        (
            r#"{"mi_id":"1700345671","download_history":["theme-1","theme-2"]}"#,
            &["/mi_id account_id", "/download_history download_history{}"],
        ),
        (
            r#"{"latitude":24.86073,"longitude":67.00114}"#,
            &["/latitude precise_location", "/longitude precise_location"],
        ),
        (
            r#"{"sender_phone":"+923001234000","recipient_phone":"+923219876000","mi_message_id":"mm-88120032"}"#,
            &["/sender_phone phone@PK", "/recipient_phone phone@PK", "/mi_message_id message_id"],
        ),
        (
            r#"{"nickname":"bilalA","forum_post":"Battery drains fast","email":"ali.r@example.pk"}"#,
            &["/nickname username", "/forum_post forum_post", "/email email"],
        ),
        (
            r#"{"mi_id":"1700345671","msg_body":"turn on the lamp"}"#,
            &["/mi_id account_id", "/msg_body message_content"],
        ),
        (
            r#"{"name":"Bilal Ahmed","imei":"356938035643809","gender":"M"}"#,
            &["/name name", "/imei imei", "/gender gender"],
        ),
        (
            r#"{"imei":"356938035643809","sim_serial":"8992541123456789029","msisdn":"923331234567"}"#,
            &["/imei imei", "/sim_serial iccid@PK", "/msisdn phone@PK"],
        ),
        (
            r#"{"mi_id":"2209981000","notes":"chai lana hai"}"#,
            &["/mi_id account_id", "/notes notes"],
        ),
        (
            r#"{"imsi":"404451234500000","phone":"+919876500000"}"#,
            &["/imsi imsi@IN", "/phone phone@IN"],
        ),
        (
            r#"{"mi_id":"310022000","name":"李娜","phone":"+8613800138111"}"#,
            &["/mi_id account_id", "/name name", "/phone phone@CN"],
        ),
        (
            r#"{"mi_id":"310022000","track":[{"lat":39.90403,"lng":116.40753,"ts":1763880000}]}"#,
            &[
                "/mi_id account_id",
                "/track track{}",
                "/track/0/lat precise_location",
                "/track/0/lng precise_location",
            ],
        ),
        (
            r#"{"name":"Jordan Lee","account_no":"000123456000"}"#,
            &["/name name", "/account_no bank_account"],
        ),
        (r#"{"name":"佐藤 花","email":"hana@example.jp"}"#, &["/name name", "/email email"]),
        (
            r#"{"order_no":"52011999","name":"Bilal Ahmed","hw":"64:CC:2E:12:34:57"}"#,
            &["/order_no order_number", "/name name", "/hw mac"],
        ),
        (
            r#"{"email":"ali.r@example.pk","feedback_text":"camera crashes","contacts":[{"name":"Amma","phone":"+923009990001"}]}"#,
            &[
                "/email email",
                "/feedback_text feedback_text",
                "/contacts contacts{}!",
                "/contacts/0/name name!",
                "/contacts/0/phone phone!@PK",
            ],
        ),
        (r#"{"name":"민지","birthday":"2015-03-03"}"#, &["/name name", "/birthday date_of_birth"]),
    ]);
}

#[test]
fn pitfalls() {
    check(&[
        // Luhn-valid fifteen digits are not always an IMEI.
        (r#"{"order_no":"356938035643809"}"#, &["/order_no order_number"]),
        (r#"{"timestamp":"356938035643809"}"#, &[]),
        (r#"{"x":"356938035643809"}"#, &["/x imei"]),
        (r#"{"x":"123456789012347"}"#, &[]),
        // IMSI needs an assigned country code, IMEI its check digit.
        (r#"{"imsi":"410011234567890"}"#, &["/imsi imsi@PK"]),
        // Epochs, mobile numbers and order numbers against national numbers.
        (r#"{"created":1700000000000,"t":1700000000000,"at_ms":"1700000000000"}"#, &[]),
        (r#"{"v":"234123412346"}"#, &[]),
        (r#"{"v":"2341 2341 2346"}"#, &["/v in_aadhaar@IN"]),
        (r#"{"v":"42201-1234568-1"}"#, &["/v pk_cnic@PK"]),
        // Coordinates in their forms.
        (
            r#"{"lat":"24.8607","lng":"67.0011"}"#,
            &["/lat precise_location", "/lng precise_location"],
        ),
        (r#"{"where":"24.8607,67.0011"}"#, &["/where precise_location"]),
        (r#"{"lat":24860700,"lng":67001100}"#, &["/lat precise_location", "/lng precise_location"]),
        (
            r#"{"geometry":{"type":"Point","coordinates":[67.00114,24.86073]}}"#,
            &[
                "/geometry/coordinates/0 precise_location",
                "/geometry/coordinates/1 precise_location",
            ],
        ),
        (r#"{"gps":"24°51'38.6\"N 67°00'04.1\"E"}"#, &["/gps precise_location"]),
        (r#"{"lat":24.8,"lng":67.0}"#, &["/lat imprecise_location", "/lng imprecise_location"]),
        // Hashes keep their category.
        (r#"{"imei_md5":"d41d8cd98f00b204e9800998ecf8427e"}"#, &["/imei_md5 imei#"]),
        (
            r#"{"email_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
            &["/email_sha256 email#"],
        ),
        (r#"{"phone":"d41d8cd98f00b204e9800998ecf8427e"}"#, &["/phone phone#"]),
        (r#"{"md5":"d41d8cd98f00b204e9800998ecf8427e"}"#, &[]),
        // Abbreviations count only inside an envelope of the SDK.
        (r#"{"ie":"356938035643809x","ma":"n","at":24.86073,"lt":67.00114}"#, &[]),
        (
            r#"{"mz_push":{"ie":"356938035643809","at":24.86073,"lt":67.00114,"phn":"03001234567"}}"#,
            &[
                "/mz_push/ie imei",
                "/mz_push/at precise_location",
                "/mz_push/lt precise_location",
                "/mz_push/phn phone",
            ],
        ),
        // Names in other scripts, digits in other scripts.
        (r#"{"手机号":"13800138111"}"#, &["/手机号 phone"]),
        (r#"{"फ़ोन":"९८७६५००००१"}"#, &["/फ़ोन phone"]),
        (r#"{"phone":"۰۳۰۰۱۲۳۴۰۰۰"}"#, &["/phone phone"]),
        (r#"{"imei":"３５６９３８０３５６４３８０９"}"#, &["/imei imei"]),
        // Placeholders.
        (
            r#"{"imei":"000000000000000","mac":"02:00:00:00:00:00","name":"unknown","phone":"N/A",
                "idfa":"00000000-0000-0000-0000-000000000000","email":null,"ip":"0.0.0.0","ssid":"<unknown ssid>"}"#,
            &[],
        ),
    ]);
}

#[test]
fn hard_negatives_stay_clean() {
    check(&[
        (
            r#"{"version":"12.5.3.0","build":"20241105123456","sha":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}"#,
            &[],
        ),
        (
            r#"{"id":"38400000-8cf0-11bd-b23e-10b96e40000d","ean":"4006381333931","isbn":"9780306406157"}"#,
            &[],
        ),
        (r#"{"price":129999,"amount":"4111111111111111","total":1234567890}"#, &[]),
        (r#"{"created_at":"2024-05-12T10:11:12.123456Z","expires":1763880000}"#, &[]),
        (r#"{"host":"api-01.example.org","url":"https://example.org/a/123456789012"}"#, &[]),
        (
            r#"{"email_verified":true,"phone_type":"mobile","email_template":"welcome","isPhone":"yes"}"#,
            &[],
        ),
        (r#"{"text":"Order 1234567890 shipped on 2024-05-12, version 1.2.3.4"}"#, &[]),
        (r#"{"ssh_url":"git@code.example.org:octo/hello.git","logo":"logo@2x.png"}"#, &[]),
        (r#"{"card":"4111111111111112"}"#, &[]),
        (r#"{"status":"active","state":"open","type":"User","operator":">="}"#, &[]),
        (r#"{"ip":"10.0.0.1","gateway":"192.168.1.1"}"#, &[]),
        (r#"{"size":"24.8607","ratio":0.123456,"x":"1,234.56"}"#, &[]),
        (r#"{"dependencies":{"passport":"^0.6.0","uid":"2.0.2"}}"#, &[]),
        (
            r#"{"password":"${DB_PASSWORD}","pwd":"{{ .Values.password }}","pass":"[FILTERED]"}"#,
            &[],
        ),
        (
            r#"{"packageVerificationCode":{"value":"d6a770ba38583ed4bb4525bd96e50461655d2758"}}"#,
            &[],
        ),
        (r#"{"cert":"AKFeTjy7U9rvPX2PrrzoSeJLoxKq+GwuyCZ5LhXRN0p1a+NAirTAmY+c"}"#, &[]),
        (r#"{"id":"12:34:56:80:00:12:ac:f2","oid":"2.5.29.32"}"#, &[]),
        (r#"{"addresses":[{"type":"Hostname","address":"kubernetes-node-6jst"}]}"#, &[]),
        (r#"{"viewport":{"northeast":{"lat":37.4239627802915,"lng":-122.0829089197085}}}"#, &[]),
        (r#"{"customer":{"state":"disabled"},"languages":["python"],"language":"go"}"#, &[]),
        (r#"{"certificate":{"fingerprint":"mBkP2lqX9wRz4tYv8sNc"}}"#, &[]),
        (r#"{"build-id":"arn:aws:codebuild:us-west-2:123456789012:build/project"}"#, &[]),
    ]);
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

/// A text made to be slow costs no more than its length: a text in one piece at most about what it costs in
/// a hundred.
#[test]
fn hostile_texts_cost_linear_time() {
    let mut bench = Bench::new();
    for pattern in [
        "@",
        "a@",
        "1-",
        "1 ",
        "1.",
        "+1",
        "a=",
        "a: ",
        ":",
        "::1",
        "eyJ",
        "eyJ.",
        "(1",
        "1,1,",
        "%40",
        "=\"",
        "Mozilla/5.0 (",
        "AB12 ",
        "12:",
        "9876543210 ",
        "1@1.1:1=",
        "é1",
        "my name is ",
        "dear mr. a",
        "12 main street, ",
        "name: a ",
        "a@upi ",
        "上海市路1号",
        "24°5'N ",
        "P<<1",
        "٠1-",
        "email=a@b.co ",
        "| phone | b |\n|--|--|\n",
        "<td",
        "<td>phone",
        "(phone) VALUES ('x",
        "phone,b\n1,2\n\n",
        "王様",
        "Usman Qureshi +923004412387 ",
        "Usman ",
        "ul. A 5/7, 31-147 K ",
        "address:\nAb 1\n",
        "card 1 2 3 ",
        "12, 12, street 1, ",
        "はa@b.jpで",
    ] {
        // As much work in pieces, so that a busy machine slows both alike.
        let mut time = |length: usize, times: usize| {
            let text = pattern.repeat(length / pattern.len());
            let start = std::time::Instant::now();
            (0..times).for_each(|_| drop(bench.prose(&text)));
            start.elapsed().as_secs_f64()
        };
        time(2_000, 1);
        let pieces = time(2_000, 100);
        let whole = time(200_000, 1);
        assert!(whole < pieces * 8.0 + 0.05, "`{pattern}`: {pieces} s, then {whole} s");
    }
}

proptest! {
    #[test]
    fn a_price_holds_nothing_that_is_found_by_its_form(text in "[0-9]{1,7}[.][0-9]{1,2}") {
        let bench = Bench::new_cached();
        let search = Search { set: &bench.set, supports: 0, against: 0, halt: Halt::never() };
        let mut found = Vec::new();
        search.all(&text, &mut found);
        prop_assert_eq!((found, search.whole(&text)), (Vec::new(), None), "{}", text);
    }

    #[test]
    fn any_text_under_any_name_gives_spans_inside_it(name in "\\PC{0,24}", text in "\\PC{0,200}") {
        let mut bench = Bench::new_cached();
        let mut hits = Vec::new();
        let mut scanner = bench.set.scanner(&mut bench.scratch);
        scanner.scalar(Some(&name), told(Scalar::String, &text), &mut hits);
        for hit in hits {
            let source = if hit.marks.in_key { &name } else { &text };
            prop_assert!(source.get(hit.span.range()).is_some());
        }
    }
}
