//! What is taken out in one place goes from the others of the message as well.

use super::*;

/// Judges a body of JSON: what is redacted, and what is sent.
fn sent(engine: &Engine, body: &str) -> (Vec<String>, String) {
    let verdict = inspect(engine, &message(JSON, body.as_bytes()), "");
    assert_eq!(verdict.coverage, Coverage::Full, "{body}");
    let sent = match verdict.decision.effect {
        Effect::Allow => body.to_owned(),
        Effect::Redact => body_of(&verdict),
        Effect::Block => panic!("{body}: {:?}", verdict.decision),
    };
    let mut pointers = redacted_pointers(&verdict);
    pointers.sort_unstable();
    (pointers, sent)
}

#[test]
fn a_value_that_is_taken_out_goes_from_every_other_place() {
    let engine = shipped();
    for (body, pointers, expected) in [
        (
            r#"{"dob":"1996-04-12","x":"1996-04-12","t":"on 1996-04-12T00:00:00Z"}"#,
            &["/dob", "/t", "/x"][..],
            r#"{"t":"on "}"#,
        ),
        (
            r#"{"full_name":"Ayesha Khan","greeting":"Salam Ayesha Khan, your parcel is here"}"#,
            &["/full_name", "/greeting"],
            r#"{"greeting":"Salam , your parcel is here"}"#,
        ),
        // It may stand before, in a list, and between lines.
        (
            r#"{"log":[{"line":"a\nAyesha Khan\nb"},2],"full_name":"Ayesha Khan"}"#,
            &["/full_name", "/log/0/line"],
            r#"{"log":[{"line":"a\n\nb"},2]}"#,
        ),
        // Nothing stands between words in some scripts.
        (
            r#"{"full_name":"王小明","greeting":"亲爱的王小明你好"}"#,
            &["/full_name", "/greeting"],
            r#"{"greeting":"亲爱的你好"}"#,
        ),
        // A first name, in a text.
        (
            r#"{"first_name":"Ayesha","greeting":"Dear Ayesha,"}"#,
            &["/first_name", "/greeting"],
            r#"{"greeting":"Dear ,"}"#,
        ),
        // Of numbers the digits count, in strings and by themselves.
        (
            r#"{"cnic":"35202-1234567-1","x":"3520212345671","n":[3520212345671],"s":"no. 35202-1234567-1."}"#,
            &["/cnic", "/n/0", "/s", "/x"],
            r#"{"n":[null],"s":"no. ."}"#,
        ),
        // In a document inside, whether or not anything else was found there.
        (
            r#"{"dob":"1996-04-12","doc":"{\"when\":\"1996-04-12\"}"}"#,
            &["/dob", "/doc"],
            r#"{"doc":"{\"when\":\"\"}"}"#,
        ),
        (
            r#"{"dob":"1996-04-12","doc":"{\"email\":\"a.k@example.pk\",\"when\":\"1996-04-12\",\"n\":1}"}"#,
            &["/dob", "/doc/email", "/doc/when"],
            r#"{"doc":"{\"n\":1}"}"#,
        ),
    ] {
        let (redacted, body) = sent(&engine, body);
        assert_eq!((redacted.as_slice(), body.as_str()), (&strings(pointers)[..], expected));
    }
}

fn strings(pointers: &[&str]) -> Vec<String> {
    pointers.iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn what_only_looks_like_the_value_stays() {
    let engine = shipped();
    for (member, rest) in [
        (r#""full_name":"Ayesha Khan""#, r#""a":"Ayesha Khanum","b":"Mayesha Khan","c":"Ayesha""#),
        // One word by itself is what many things are called.
        (r#""first_name":"Chase""#, r#""a":"Chase","b":"chase it","c":"Chased""#),
        (r#""full_name":"Li""#, r#""a":"Li and others""#),
        (
            r#""cnic":"35202-1234567-1""#,
            r#""a":"93520212345671","b":35202123456715,"c":"x3520212345671""#,
        ),
        (
            r#""cnic":"35202-1234567-1""#,
            r#""a":3520212345671.5,"b":"3520212345671.50 EUR","c":"1-3520212345671""#,
        ),
        (r#""dob":"1996-04-12""#, r#""a":"ORD-1996-04-12-01","b":"1996-04-123","c":"19960412""#),
        // No name of a member is changed, here or inside.
        (r#""full_name":"Ayesha Khan""#, r#""by":{"Ayesha Khan":1},"doc":"{\"Ayesha Khan\":1}""#),
        // Nor is a number left out where there has to be one.
        (r#""cnic":"35202-1234567-1""#, r#""doc":"[1,3520212345671]""#),
    ] {
        let whole = format!("{{{member},{rest}}}");
        let verdict = inspect(&engine, &message(JSON, whole.as_bytes()), "");
        assert_eq!(verdict.decision.effect, Effect::Redact, "{whole}");
        let left = body_of(&verdict);
        assert!(left.contains(rest), "{whole} became {left}");
    }
}

/// Rules judge a place by what it is; what they let pass there stays, whatever goes elsewhere.
#[test]
fn what_the_rules_let_pass_under_its_own_name_stays() {
    let engine = shipped();
    let body = r#"{"birthday":"1996-04-12","mobile":"+923451112233","email":"923451112233@example.pk","x":"+923451112233 of 1996-04-12"}"#;
    let (pointers, left) = sent(&engine, body);
    assert_eq!(pointers, ["/birthday", "/email", "/x"]);
    assert_eq!(left, r#"{"mobile":"+923451112233","x":"+923451112233 of "}"#);
    // Nothing is done where nothing is taken out.
    let body = r#"{"mobile":"+923451112233","x":"923451112233"}"#;
    assert_eq!(sent(&engine, body), (vec![], body.to_owned()));
}

#[test]
fn an_echo_is_a_finding_of_its_own() {
    let engine = shipped();
    let body = br#"{"full_name":"Ayesha Khan","greeting":"Salam Ayesha Khan"}"#;
    let headers: &[(&str, &[u8])] =
        &[JSON[0], ("x-banner", b"seen Ayesha Khan today"), ("content-location", b"Ayesha Khan")];
    let verdict = inspect(&engine, &message(headers, body), "");
    let (items, redactions) = (&verdict.findings.items, &verdict.decision.redactions);
    let echoes: Vec<_> = items
        .iter()
        .filter(|finding| engine.detectors().name(finding.detector) == "echo")
        .map(|finding| verdict.findings.locator(finding))
        .collect();
    assert_eq!(echoes, ["header:/x-banner", "/greeting"]);
    assert_eq!(verdict.echo_of.len(), echoes.len());
    let source = redactions.iter().find(|it| it.finding == verdict.echo_of[0]).unwrap();
    for redaction in redactions.iter().rev().take(echoes.len()) {
        let finding = &items[redaction.finding as usize];
        assert_eq!(redaction.rule, source.rule);
        assert_eq!(finding.tag, items[source.finding as usize].tag);
        let text = finding.span.of(if finding.part == crate::domain::Part::Body {
            body
        } else {
            headers[1].1
        });
        assert_eq!(text, b"Ayesha Khan");
    }
    let changed = verdict.redacted.unwrap().headers;
    assert_eq!(changed, [(1, Some(b"seen  today".to_vec()))]);
}

#[test]
fn what_is_looked_for_is_bounded_and_says_so() {
    let engine = shipped();
    let people = |count: usize| {
        let letters = || b'a'..=b'i';
        let pairs =
            letters().flat_map(|one| letters().map(move |other| (one as char, other as char)));
        let each = pairs
            .take(count)
            .map(|(one, other)| format!(r#"{{"full_name":"Ay{one}sha Kh{other}n Malik"}}"#));
        format!("[{},{{\"x\":\"of Ayasha Khan Malik\"}}]", each.collect::<Vec<_>>().join(","))
    };
    for (count, left_out) in [(64, None), (70, Some("6"))] {
        let verdict = inspect(&engine, &message(JSON, people(count).as_bytes()), "");
        assert!(body_of(&verdict).ends_with(r#"{"x":"of "}]"#));
        let said = verdict.decision.annotations.iter();
        let said = said.filter(|it| &*it.name == "values-not-sought-elsewhere");
        let said: Vec<_> = said.map(|it| it.value.as_deref()).collect();
        assert_eq!(said, left_out.map(Some).into_iter().collect::<Vec<_>>(), "{count}");
    }
    // In longer texts all are looked for at once.
    let long = people(64).replace("\"of ", &format!("\"{} of ", "lorem ".repeat(8_000)));
    let verdict = inspect(&engine, &message(JSON, long.as_bytes()), "");
    assert!(body_of(&verdict).ends_with(r#"lorem  of "}]"#));
    // What cannot be taken out of each place does not go.
    let crowd = format!(r#"{{"dob":"1996-04-12","x":["{}"]}}"#, "1996-04-12 ".repeat(140_000));
    let verdict = inspect(&engine, &message(JSON, crowd.as_bytes()), "");
    assert_eq!(verdict.decision.effect, Effect::Block);
    assert!(verdict.redacted.is_none());
}
