use super::*;
use crate::{
    domain::Effect,
    engine::{Engine, Limits, Message, Scratch, Verdict, tests::shipped},
};

const JSON: &[(&str, &[u8])] = &[("content-type", b"application/json")];

fn message(body: &str) -> Message<'_> {
    Message::of_body(JSON, body.as_bytes())
}

/// A transfer to Singapore for support, without an origin.
fn transfer(more: &str) -> Transfer {
    let text = format!(
        r#"{{"as_of": "2026-11-23T09:00:00Z", "destination": "SG", "transport": "tls",
            "exporter": {{"role": "controller"}}, "purpose": "customer_support",
            "recipient": {{"class": "affiliate", "id": "xiaomi-sg"}},
            "subject": {{"age": 29, "consents": [{{"scope": "service", "type": "explicit"}}]}}{more}}}"#
    );
    serde_json::from_str(&text).unwrap()
}

/// Each person's record, as a pointer, with the origins.
fn who(engine: &Engine, body: &str, transfer: &Transfer) -> Vec<(String, Vec<String>)> {
    let reading = engine.read(&message(body), &Limits::default(), &mut Scratch::default());
    let people = engine.people(&reading, transfer, None);
    let pointer = |node: Option<u32>| -> String {
        let mut steps: Vec<String> = ancestors(&reading.findings, node)
            .map(|(_, step)| match step {
                Step::Name(name) => format!("/{name}"),
                Step::Index(index) => format!("/{index}"),
            })
            .collect();
        steps.reverse();
        steps.concat()
    };
    people
        .people
        .iter()
        .map(|it| (pointer(it.record), it.origins.iter().map(ToString::to_string).collect()))
        .collect()
}

fn judged(engine: &Engine, body: &str, transfer: Transfer) -> Verdict {
    engine.inspect(&message(body), transfer, &Limits::default(), &mut Scratch::default())
}

fn redacted(verdict: &Verdict) -> Vec<String> {
    let items = &verdict.findings.items;
    let redactions = verdict.decision.redactions.iter();
    redactions.map(|it| verdict.findings.locator(&items[it.finding as usize])).collect()
}

#[test]
fn people_stand_in_records() {
    let engine = shipped();
    /// A record, and the origins of the person whose it is.
    type Expected = (&'static str, &'static [&'static str]);
    #[rustfmt::skip] // A row is a line.
    let rows: &[(&str, &[Expected])] = &[
        // One person in several objects.
        (r#"{"user": {"mobile": "+923451112233"}, "device": {"imei": "867619040000019"}}"#, &[("", &["PK"])]),
        // A batch; a record that says nothing of where is nobody's guess.
        (r#"[{"email": "a@example.org", "mobile": "+923451112233"}, {"email": "b@example.org", "mobile": "+4915112345678"}, {"email": "c@example.org"}]"#,
            &[("", &["DE", "PK"]), ("/0", &["PK"]), ("/1", &["DE"]), ("/2", &[])]),
        // What the message says of all holds for those who say nothing.
        (r#"{"country": "PK", "users": [{"email": "a@example.org"}, {"email": "b@example.org", "phone": "+6581234567"}]}"#,
            &[("", &["PK"]), ("/users/0", &["PK"]), ("/users/1", &["SG"])]),
        // Two ends of a parcel.
        (r#"{"sender": {"name": "Sana Khan", "phone": "+923001234567"}, "receiver": {"name": "Lena Vogel", "phone": "+4915112345678"}, "order_no": "52011"}"#,
            &[("", &["DE", "PK"]), ("/sender", &["PK"]), ("/receiver", &["DE"])]),
        // Things of a person are not people, and a person with two nationalities is one.
        (r#"{"users": [{"phone": "+923001234567", "devices": [{"imei": "867619040000019"}, {"imei": "352099001761481"}]}]}"#,
            &[("", &["PK"]), ("/users/0", &["PK"])]),
        (r#"{"phone": "+923001234567", "mobile": "+4915112345678"}"#, &[("", &["DE", "PK"])]),
        // The numbers of a list are one person's.
        (r#"{"phones": ["+923001234567", "+923219876543"]}"#, &[("", &["PK"])]),
    ];
    for (body, expected) in rows {
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(record, origins)| {
                ((*record).to_owned(), origins.iter().map(|it| (*it).to_owned()).collect())
            })
            .collect();
        let found = who(&engine, body, &transfer(""));
        // The main subject is always there, with whatever is left.
        let named = |people: &[(String, Vec<String>)]| -> Vec<(String, Vec<String>)> {
            let mut people = people.to_vec();
            people.sort();
            people
        };
        assert_eq!(named(&found), named(&expected), "{body}");
    }
}

#[test]
fn a_stated_origin_is_everybodys_but_theirs_who_are_named() {
    let engine = shipped();
    let body = r#"{"sender": {"phone": "+923001234567"}, "receiver": {"phone": "+4915112345678", "account_id": "77120034"}}"#;
    let stated = transfer(r#", "origin": "PK""#);
    assert_eq!(who(&engine, body, &stated), [("".to_owned(), vec!["PK".to_owned()])]);
    for named in [
        r#", "origin": "PK", "subjects": [{"pointer": "/receiver", "origin": "DE"}]"#,
        r#", "origin": "PK", "subjects": [{"id": "77120034", "origin": "DE"}]"#,
    ] {
        let people = who(&engine, body, &transfer(named));
        let of = |region: &str| vec![region.to_owned()];
        assert_eq!(
            people,
            [("".to_owned(), of("PK")), ("/receiver".to_owned(), of("DE"))],
            "{named}"
        );
    }
}

#[test]
fn a_rule_redacts_one_record_and_lets_the_next_pass() {
    let engine = shipped();
    // Japan asks consent for data on health that Pakistan does not; both may go to Singapore.
    let body = r#"{"users": [
        {"name": "Sana Khan", "phone": "+923001234567", "religion": "a"},
        {"name": "Hana Sato", "phone": "+819012345678", "religion": "b"}]}"#;
    let facts = r#", "purpose": "subject_access", "origin": null, "mechanisms": [{"type": "jp_equivalent_action", "id": "J"}],
        "subject": {"age": 29, "verified": true, "consents": [{"scope": "service", "type": "explicit"}]}"#;
    let text = serde_json::to_value(transfer("")).unwrap();
    let mut whole = text.as_object().unwrap().clone();
    let more: serde_json::Value =
        serde_json::from_str(&format!("{{{}}}", facts.trim_start_matches(','))).unwrap();
    whole.extend(more.as_object().unwrap().clone());
    let transfer: Transfer = serde_json::from_value(whole.into()).unwrap();
    let verdict = judged(&engine, body, transfer);
    assert_eq!(verdict.decision.effect, Effect::Redact, "{:?}", verdict.decision);
    assert_eq!(redacted(&verdict), ["/users/1/religion"]);
}

#[test]
fn each_is_judged_by_their_own_facts() {
    let engine = shipped();
    let body = r#"{"users": [
        {"account_id": "540011922", "phone": "+923001234567"},
        {"account_id": "540011923", "phone": "+923219876543"}]}"#;
    let consents =
        |more: &str| format!(r#""consents": [{{"scope": "service", "type": "explicit"}}]{more}"#);
    for (second, effect, gone) in [
        (consents(""), Effect::Allow, vec![]),
        (
            consents(r#", "withdrawn": [{"scope": "category:phone", "at": "2026-01-01"}]"#),
            Effect::Redact,
            vec!["/users/1/phone"],
        ),
        (
            consents(r#", "withdrawn": [{"scope": "all", "at": "2026-01-01"}]"#),
            Effect::Block,
            vec![],
        ),
        (r#""age": 12"#.to_owned(), Effect::Block, vec![]),
    ] {
        let named = format!(
            r#", "subjects": [{{"id": "540011923", "subject": {{{second}}}}}], "origin": "PK""#
        );
        let verdict = judged(&engine, body, transfer(&named));
        assert_eq!(verdict.decision.effect, effect, "{second} {:?}", verdict.decision);
        assert_eq!(redacted(&verdict), gone, "{second}");
    }
}

#[test]
fn who_is_named_and_not_found_may_be_anybody() {
    let engine = shipped();
    let body = r#"{"users": [{"account_id": "40001", "phone": "+923451112233", "email": "sana.k@example.pk"}, {"sku": 7}]}"#;
    let effect = |more: &str| {
        let mut whole = serde_json::to_value(transfer("")).unwrap();
        whole["origin"] = "PK".into();
        whole["purpose"] = "direct_marketing".into();
        whole["subjects"] = serde_json::from_str(&format!("[{more}]")).unwrap();
        whole["subject"]["consents"] = serde_json::json!([
            {"scope": "service", "type": "explicit"}, {"scope": "direct_marketing", "type": "explicit"},
            {"scope": "cross_border", "type": "separate_explicit"},
        ]);
        judged(&engine, body, serde_json::from_value(whole).unwrap()).decision.effect
    };
    // Named for a record that is there, in which nothing was found.
    let minor = r#""subject": {"minor": true}"#;
    assert_ne!(effect(&format!(r#"{{"pointer": "/users/1", {minor}}}"#)), Effect::Block);
    for of in [
        r#""pointer": "/users/0""#,
        r#""pointer": "/user/0""#,
        r#""pointer": "/users/0/""#,
        "\"pointer\": \"\"",
        r#""id": "+92 345 111-2233""#,
        r#""id": "00923451112233""#,
        r#""id": "Sana.K@example.pk""#,
        r#""id": "40002""#,
        r#""origin": "PK""#,
    ] {
        assert_eq!(effect(&format!("{{{of}, {minor}}}")), Effect::Block, "{of}");
    }
    // Two are named for one record.
    let adult = r#"{"pointer": "/users/0", "subject": {"age": 30, "consents": [{"scope": "service", "type": "explicit"}, {"scope": "direct_marketing", "type": "explicit"}]}}"#;
    let minor = format!(r#"{{"id": "40001", {minor}}}"#);
    for both in [format!("{adult}, {minor}"), format!("{minor}, {adult}")] {
        assert_eq!(effect(&both), Effect::Block, "{both}");
    }
}

#[test]
fn who_is_named_without_a_record_may_be_anybody() {
    let engine = shipped();
    let body = r#"{"email": "sana.k@example.pk", "phone": "+923001234567"}"#;
    let stated = transfer(r#", "origin": "PK", "subjects": [{"origin": "DE"}]"#);
    assert_eq!(who(&engine, body, &stated), [(String::new(), vec!["DE".into(), "PK".into()])]);
    // Nobody knows the origin, and one of them does not make it known.
    let unknown = transfer(r#", "subjects": [{"origin": "DE", "pointers": "/a"}]"#);
    let body = r#"{"email": "sana.k@example.com"}"#;
    assert_eq!(who(&engine, body, &unknown), [(String::new(), vec![])]);
}
