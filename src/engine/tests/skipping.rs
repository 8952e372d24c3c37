//! A value that the walk does not tell of holds nothing: the findings are those of a sink that is told
//! everything, and those of an engine that has read nothing before.

use proptest::prelude::*;

use super::{
    super::{embedded::Room, sink::*},
    *,
};
use crate::{
    domain::{
        Container, Escape, FieldSink, Findings, Format, Key, LayerId, Name, Part, Value, Wants,
    },
    format,
};

/// Asks for everything, and foresees nothing.
struct Eager<S>(S);

impl<S: FieldSink> FieldSink for Eager<S> {
    fn open(&mut self, key: Key<'_>, container: Container, member_start: usize, start: usize) {
        self.0.open(key, container, member_start, start);
    }
    fn close(&mut self, end: usize, member_end: usize) {
        self.0.close(end, member_end);
    }
    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        self.0.scalar(key, Value { may_hold: Some(true), ..value });
    }
    fn wants(&mut self, name: Option<Name<'_>>) -> Wants {
        let mut wants = self.0.wants(name);
        if wants.looks_ahead {
            self.0.foreseen(false);
            wants = self.0.wants(name);
        }
        let Wants { by_column, .. } = wants;
        Wants { by_column, ..Wants::ALL }
    }
    fn is_telling_name(&mut self, name: &[u8], escape: Escape) -> bool {
        self.0.is_telling_name(name, escape)
    }
    fn wants_of_column(&mut self, number: u32) -> Wants {
        self.0.wants_of_column(number);
        Wants::ALL
    }
}

/// The findings in `text`, and how many documents inside its values are to be read.
fn found(
    engine: &Engine,
    format: Format,
    text: &str,
    eager: bool,
    scratch: &mut Scratch,
) -> (Findings, usize) {
    let limits = Limits::default();
    let mut findings = Findings::default();
    let Scratch {
        detect,
        frames,
        names,
        hits,
        key,
        value,
        embedded,
        inner,
        deeper,
        further,
        decoder,
        ..
    } = scratch;
    embedded.clear();
    let mut walk = Walk {
        scanner: engine.detectors().scanner(detect),
        frames,
        names,
        hits,
        key,
        value,
        embedded,
        inside: Inside { found: inner, deeper, decoder, room: Room::of(&limits), limits: &limits },
        further,
        limits: &limits,
    };
    for look in 0..2 {
        findings.items.clear();
        findings.nodes.clear();
        walk.embedded.clear();
        let mut sink = walk.sink(At::root(LayerId(0), Part::Body), &mut findings);
        let read = if eager {
            format::walk(format, text.as_bytes(), &limits, &mut Eager(sink))
        } else {
            format::walk(format, text.as_bytes(), &limits, &mut sink)
        };
        read.unwrap_or_else(|stop| panic!("{stop:?} in {text}"));
        // What stands behind a member may say what it is: foreseen, or seen by a second look.
        if look > 0 || !walk.scanner.is_to_look_again() {
            break;
        }
    }
    walk.scanner.end_second_look();
    (findings, embedded.len())
}

fn agree(engine: &Engine, text: &str) {
    agree_in(Format::Json, engine, text);
}

fn agree_in(format: Format, engine: &Engine, text: &str) {
    let [lazy, eager] =
        [false, true].map(|eager| found(engine, format, text, eager, &mut Scratch::default()));
    assert_eq!(lazy, eager, "{text}");
}

/// Values of every kind that is found by its form, and pieces that could make or break one.
const PIECES: &[&str] = &[
    "sana.k@example.pk",
    "sana%40example.pk",
    "sana&#64;example.pk",
    "mailto:a@b.de",
    "@",
    "+923001234567",
    "0300-1234567",
    "(415) 555-2671",
    "415.555.2671",
    "+33 6 12 34 56 78",
    "9123 4567",
    "98765 43210",
    "42201-1234567-1",
    "3422011234567",
    "1234 5678 9012",
    "499118665246",
    "ABCPD1234E",
    "S1234567D",
    "AB123456C",
    "AB 12 34 56 C",
    "RSSMRA85T10A562S",
    "529.982.247-25",
    "123-45-6789",
    "11010519491231002X",
    "4111 1111 1111 1111",
    "4111111111111111",
    "GB82 WEST 1234 5698 7654 32",
    "867619040000019",
    "410030123456789",
    "203.0.113.7",
    "1.2.3.4",
    "2001:db8::7",
    "fe80::1",
    "64:CC:2E:AA:BB:01",
    "aa-bb-cc-dd-ee-ff",
    "AA:BB:CC:DD:EE:FF",
    "64cc2eaabb01",
    "24.8607,67.0011",
    "24.86, 67.00",
    "-33.8688,151.2093",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "Mozilla/5.0 (Linux; Android 13) Chrome/120",
    "Name: Sana Khan",
    "name:Sana",
    "'name':'Sana Khan'",
    "Dr. Sana Khan",
    "my name is",
    "kind regards,",
    "ship to",
    "Elm Street",
    "your code is 4821",
    "\u{43c}\u{435}\u{43d}\u{44f} \u{437}\u{43e}\u{432}\u{443}\u{442} \u{418}\u{432}\u{430}\u{43d}",
    "\u{6211}\u{53eb}\u{738b}\u{82b3}",
    "\u{5317}\u{4eac}\u{5e02}\u{671d}\u{9633}\u{533a}\u{5efa}\u{56fd}\u{8def}88\u{53f7}",
    "name=Sana Khan",
    "email:",
    "Tel:",
    "\u{59d3}\u{540d}\u{ff1a}\u{738b}\u{82b3}",
    "\u{59d3}\u{540d}:\u{738b}\u{82b3}",
    "\u{ff10}\u{ff13}\u{ff10}\u{ff10}\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}\u{ff17}",
    "\u{6f0}\u{6f3}\u{6f0}\u{6f0}\u{6f1}\u{6f2}\u{6f3}\u{6f4}\u{6f5}\u{6f6}\u{6f7}",
    "\u{966}\u{969}\u{966}\u{966}\u{967}\u{968}\u{969}\u{96a}\u{96b}\u{96c}\u{96d}",
    "0300\u{200b}1234567",
    "ghp_01UVQM1RbFYRXBCGaDKSTEPFL2bWWSYRQZVE",
    "AKIAHTWIJVDUBESGRLX5",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "glpat-aBcDeFgHiJkLmNoPqR4s",
    "6d656940622e6578616d706c65",
    "7b22656d61696c223a2273616e612e6b406578616d706c652e706b227d212121",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "d41d8cd98f00b204e9800998ecf8427e",
    "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "2026-11-23T09:00:00Z",
    "12:30:45",
    "8990.00",
    "v12.5.3",
    "https://x.example/a/123456789?q=1",
    "sana",
    "Khan",
    " ",
    " ",
    "-",
    ".",
    ":",
    "/",
    ",",
    "x",
    "7",
    "42",
    "1996",
    "\u{e9}",
    "\u{4e2d}",
    "\\u0040",
    "\\n",
    "\\/",
    "\\\"",
    "{\\\"imei\\\": \\\"867619040000019\\\"}",
    "eyJlbWFpbCI6ICJzYW5hLmtAZXhhbXBsZS5wayJ9",
    "data:text/plain;base64,YQ==",
    "sana\\\\u0040example.pk",
    "query { user(mail:\\\"a@b.de\\\") }",
    "mutation{rename(to:\\\"Sana Khan\\\",tel:\\\"0300\\\"){id}}",
    "BEGIN:VCARD\\r\\nFN:Sana Khan\\r\\nEND:VCARD",
    "<a b=\\\"c\\\"/>",
    "<name>Sana</name>",
    "sana%2540example.pk",
    "U2FuYSBLaGFu",
    "aGVsbG8gd29ybGQgdGhpcyBpcw",
];

/// Names that say nothing, little, and much.
const NAMES: &[&str] = &[
    "x",
    "data",
    "note",
    "value",
    "id",
    "items",
    "email",
    "phone",
    "name",
    "user",
    "product",
    "contacts",
    "ip_address",
    "imei_md5",
    "order_no",
    "created_at",
    "sms",
    "location",
    "lat",
    "card",
    "ie",
    "sdk_version",
    "address",
    "0",
    "ref",
    "sana.k@example.pk",
    "+923001234567",
    "a_name_that_is_longer_than_sixteen_bytes",
    "customerEmailAddress",
    "columns",
    "rows",
];

fn value() -> impl Strategy<Value = String> {
    let text = prop::collection::vec(prop::sample::select(PIECES), 0..5)
        .prop_map(|pieces| format!("\"{}\"", pieces.concat()));
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u32>().prop_map(|n| n.to_string()),
        (-180_000_000i64..180_000_000).prop_map(|n| format!(
            "{}.{:06}",
            n / 1_000_000,
            n.unsigned_abs() % 1_000_000
        ))
    ];
    // The head of a column.
    let head = prop::sample::select(NAMES).prop_map(|name| format!("\"{name}\""));
    let leaf = prop_oneof![6 => text, 1 => head, 2 => number, 1 => Just("null".to_owned()), 1 => Just("true".to_owned())];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let name = prop::sample::select(NAMES);
        prop_oneof![
            prop::collection::vec((name, inner.clone(), "[ \\n]{0,3}"), 0..5).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value, space)| format!("{space}\"{name}\":{space}{value}{space}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
            prop::collection::vec(inner, 0..4)
                .prop_map(|values| format!("[{}]", values.join(", "))),
        ]
    })
}

#[test]
fn what_is_not_told_holds_nothing() {
    let engine = shipped();
    // Each piece alone, and at each place of a block.
    for piece in PIECES {
        for name in NAMES {
            agree(&engine, &format!("{{\"{name}\": \"{piece}\"}}"));
        }
        for before in 0..70 {
            agree(&engine, &format!("{{\"x\": \"{}{piece}\"}}", " a".repeat(before)));
            agree(&engine, &format!("{{\"x\": \"{} {piece} and more\"}}", "b".repeat(before)));
        }
    }
    let mut runner = proptest::test_runner::TestRunner::default();
    runner
        .run(&value(), |text| {
            agree(&engine, &text);
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_cells_and_pairs_do_not_seem_to_hold_they_do_not() {
    let engine = shipped();
    for piece in PIECES {
        for name in NAMES {
            for text in [piece.to_string(), format!("{piece} and more"), format!("so {piece}")] {
                let pair: String = [name, &*text]
                    .map(|part| {
                        form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>()
                    })
                    .join("=");
                agree_in(Format::Form, &engine, &pair);
                let cell = text.replace('"', "\"\"");
                agree_in(Format::Csv, &engine, &format!("x,{name}\n1,\"{cell}\"\n"));
            }
        }
    }
}

#[test]
fn what_was_read_before_changes_nothing() {
    let engine = shipped();
    let scratch = std::cell::RefCell::new(Scratch::default());
    let mut runner = proptest::test_runner::TestRunner::default();
    runner
        .run(&value(), |text| {
            let fresh = found(&engine, Format::Json, &text, false, &mut Scratch::default());
            for _ in 0..2 {
                let again = found(&engine, Format::Json, &text, false, &mut scratch.borrow_mut());
                prop_assert_eq!(&again, &fresh, "{}", text);
            }
            Ok(())
        })
        .unwrap();
}

/// Names that were read before are passed at a glance, and what is no JSON under them is none all the same.
#[test]
fn what_is_passed_at_a_glance_is_json() {
    let engine = shipped();
    let mut scratch = Scratch::default();
    let mut read = |body: &str| {
        let headers: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
        let message = message(&headers, body.as_bytes());
        engine.inspect(&message, transfer(""), &Limits::default(), &mut scratch).coverage
    };
    for good in [r#"{"x":1,"y":"a","z":[1,2]}"#, r#"{"x":0,"y":"","z":[0,1.5,"a",true]}"#] {
        for _ in 0..2 {
            assert_eq!(read(good), Coverage::Full, "{good}");
        }
    }
    let bad = [
        r#"1"""#,
        r#"1"a""#,
        r#""a"1"#,
        r#""a""b""#,
        "01",
        "1a2",
        "1.",
        ".5",
        "-",
        "1 2",
        "tru",
        "nulll",
        r#""a" 1"#,
        "1:2",
        r#"12"a b""#,
        r#"1"\"#,
    ];
    for value in bad {
        for body in [
            format!(r#"{{"x":{value},"y":2}}"#),
            format!(r#"{{"x":1,"y":{value}}}"#),
            format!(r#"{{"z":[{value},2]}}"#),
            format!(r#"{{"z":[1,{value}]}}"#),
        ] {
            assert_ne!(read(&body), Coverage::Full, "{body}");
        }
    }
    for body in [
        r#"{"x" 1,"y":2}"#,
        r#"{"x":1,,"y":2}"#,
        r#"{"x":1,"y":2]"#,
        r#"{"z":[1,2}"#,
        r#"{"x":1,"y"}"#,
    ] {
        assert_ne!(read(body), Coverage::Full, "{body}");
    }
}
