//! What is read by a name, and what a name itself gives away.

use super::*;

#[test]
fn names_are_read_as_values_are_and_told_to_nobody() {
    let engine = shipped();
    let form: &[(&str, &[u8])] = &[("content-type", b"application/x-www-form-urlencoded")];
    for (headers, body) in [
        (JSON, r#"{"user:sana.k@example.pk": 1}"#),
        (JSON, r#"{"sent to sana.k@example.pk": {"ok": true}}"#),
        (JSON, r#"{"{\"email\":\"sana.k@example.pk\"}": 1}"#),
        (form, "user%3Asana.k%40example.pk=1"),
        (form, "%7B%22email%22%3A%22sana.k%40example.pk%22%7D="),
        (form, "%7B%22email%22%3A%22sana.k%40example.pk%22%7D"),
    ] {
        let verdict = inspect(&engine, &message(headers, body.as_bytes()), "");
        assert_eq!(verdict.decision.effect, Effect::Redact, "{body}");
        assert!(!body_of(&verdict).contains("sana.k"), "{body}: {}", body_of(&verdict));
    }
    for (name, pointer) in [
        ("user:sana.k@example.pk", "/*"),
        ("tel 92 345 1112233", "/*"),
        ("Sana Khan", "/*"),
        ("sana.khan", "/*"),
        ("40001", "/*"),
        ("hunter2secret!", "/*"),
        ("12 Main Street, Lahore", "/*"),
        ("sana_khan", "/*"),
        ("SanaKhan", "/*"),
        ("x-sana-khan", "/*"),
        ("张伟", "/*"),
        ("田中太郎", "/*"),
        ("김민지", "/*"),
        ("HIV positive", "/*"),
        ("Grüße von Jürgen Müller", "/*"),
        ("jürgen_müller", "/*"),
        ("jdoe1985", "/*"),
        ("AB-123-CD", "/*"),
        ("a.b(at)example.pk", "/*"),
        ("2024", "/2024"),
        ("user_name", "/user_name"),
        ("billing_address", "/billing_address"),
        ("billingAddress", "/billingAddress"),
        ("max_price", "/max_price"),
        ("rose_gold", "/rose_gold"),
        ("sales2024", "/sales2024"),
        ("utf-8", "/utf-8"),
        ("姓名", "/姓名"),
        ("客户", "/客户"),
        ("客户 地址", "/客户 地址"),
        ("方案", "/方案"),
        ("고객명", "/고객명"),
        ("Order Number", "/Order Number"),
        ("Shipping Method", "/Shipping Method"),
        ("Created At", "/Created At"),
        ("Reference No.", "/Reference No."),
        ("user.profile", "/user.profile"),
        ("contact details", "/contact details"),
    ] {
        let body = format!(r#"{{"{name}": {{"email": "x.y@example.com"}}}}"#);
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        let findings = &verdict.findings;
        assert!(!findings.items.is_empty(), "{name}");
        for finding in &findings.items {
            let told = findings.safe_locator(finding);
            assert!(told.starts_with(pointer), "{name}: {told}");
        }
    }
}

#[test]
fn a_header_that_is_called_as_somebody_goes_as_a_whole() {
    let engine = shipped();
    let headers: &[(&str, &[u8])] = &[
        ("content-type", b"application/json"),
        ("x-to-4111111111111111", b"mail sana.k@example.pk now"),
    ];
    let verdict = inspect(&engine, &message(headers, b"{}"), "");
    assert_eq!(verdict.decision.effect, Effect::Redact);
    assert_eq!(verdict.redacted.unwrap().headers.iter().find(|(at, _)| *at == 1), Some(&(1, None)));
    for finding in &verdict.findings.items {
        assert!(!verdict.findings.safe_locator(finding).contains("4111"));
    }
}

#[test]
fn a_name_is_told_once_where_it_stands_and_not_in_documents_below_it() {
    let engine = shipped();
    let body = br#"{"user sana.k@example.pk": "a%41b%2541 {\"a\":\"b\"} %22c%22"}"#;
    let verdict = inspect(&engine, &message(JSON, body), "");
    let spans: Vec<&[u8]> =
        verdict.findings.items.iter().map(|finding| finding.span.of(&body[..])).collect();
    assert_eq!(spans, [b"\"user sana.k@example.pk\""]);
}

#[test]
fn words_of_a_list_in_a_query_are_values() {
    let engine = shipped();
    let headers = [("content-type", &b"application/graphql"[..])];
    let body =
        b"mutation { keep(gender: FEMALE, religion: SUNNI, active: true, tags: [NEW]) { id } }";
    let verdict = inspect(&engine, &message(&headers, body), "");
    assert_eq!(redacted_pointers(&verdict), ["/keep/gender", "/keep/religion"]);
    let left = body_of(&verdict);
    let again = inspect(&engine, &message(&headers, left.as_bytes()), "");
    assert!(left.contains("active: true") && redacted_pointers(&again).is_empty(), "{left}");
}

#[test]
fn a_duplicate_key_does_not_hide_a_value() {
    let engine = shipped();
    let body = br#"{"email": "a.khan@example.pk", "imei": "867619040000019", "email": "b.khan@example.pk"}"#;
    let verdict = inspect(&engine, &message(JSON, body), "");
    assert_eq!(redacted_pointers(&verdict), ["/email", "/email"]);
    assert_eq!(body_of(&verdict), r#"{"imei": "867619040000019"}"#);
}

#[test]
fn target_headers_and_cookies_are_read_and_redacted_in_place() {
    let engine = shipped();
    let headers: &[(&str, &[u8])] = &[
        ("host", b"api.example"),
        ("x-customer-email", b"sana.k@example.pk"),
        ("cookie", b"theme=dark; email=sana.k%40example.pk; lang=en"),
        ("accept", b"*/*"),
    ];
    let target =
        "/v1/users/sana.k%40example.pk/activate?imei=867619040000019&birthday=1996-04-12&page=2";
    let message = Message { method: "GET", target, headers, body: b"", client_region: None };
    let verdict = inspect(&engine, &message, "");
    let redacted = verdict.redacted.as_ref().unwrap_or_else(|| panic!("{:?}", verdict.decision));
    assert_eq!(
        redacted.target.as_deref(),
        Some("/v1/users/redacted/activate?imei=867619040000019&page=2"),
        "{:?}",
        redacted_pointers(&verdict)
    );
    assert!(redacted.headers.contains(&(1, None)), "{:?}", redacted_pointers(&verdict));
    let cookie = redacted
        .headers
        .iter()
        .find(|(number, _)| *number == 2)
        .and_then(|(_, value)| value.clone());
    assert!(!String::from_utf8(cookie.unwrap()).unwrap().contains("sana"), "cookie");
    assert!(!redacted.headers.iter().any(|(number, _)| [0, 3].contains(number)));
}

#[test]
fn a_segment_of_a_path_says_what_the_next_one_is() {
    let engine = shipped();
    for (target, expected) in [
        ("/v1/phone/03214567890", Some(("path:/2", "phone"))),
        ("/imei/490154203237518", Some(("path:/1", "imei"))),
        ("/cnic/3520278451239", Some(("path:/1", "pk_cnic"))),
        ("/password/reset", None),
        ("/name/sana", None),
        ("/users/8847123", Some(("path:/1", "account_id"))),
        ("/orders/8847123", None),
    ] {
        let message =
            Message { method: "GET", target, headers: &[], body: b"", client_region: None };
        let verdict = inspect(&engine, &message, "");
        let found = verdict.findings.items.first().map(|finding| {
            let short = &engine.taxonomy().category(finding.tag).unwrap().short;
            (verdict.findings.locator(finding), short.to_string())
        });
        let expected = expected.map(|(place, tag)| (place.to_owned(), tag.to_owned()));
        assert_eq!(found, expected, "{target}");
    }
}

/// RFC 8259 §4: the order of members says nothing.
#[test]
fn a_member_is_read_by_those_behind_it_as_by_those_before_it() {
    let engine = shipped();
    let mut scratch = Scratch::default();
    for (members, support) in [
        ([r#""order_no":"52011288""#, r#""items":[{"title":"Redmi"},{"title":"Mi"}]"#], ""),
        ([r#""mcc":"410","mnc":"03""#, r#""cid":118822"#], ""),
        ([r#""given":"Amina""#, r#""family":"Malik""#], ""),
        ([r#""nombre":"Amina""#, r#""apellidos":"Malik""#], ""),
        ([r#""mcc":"410","mnc":"03""#, r#""cid":118822"#], r#""cells":[{"at":1}],"#),
        (
            [
                r#""device_id":"9774d56d682e549c""#,
                r#""in":{"a":[1,{"b":null}]},"model":"M2101K6G""#,
            ],
            "",
        ),
    ] {
        let mut tags = members.iter().zip([1, 0]).map(|(first, other)| {
            let last = members[other];
            let body = format!(r#"{{"page":{{"n":1}},{support}"it":{{{first},{last}}}}}"#);
            let verdict =
                engine.scan(&message(JSON, body.as_bytes()), &Limits::default(), &mut scratch);
            assert_eq!(verdict.coverage, Coverage::Full, "{body}");
            let items = verdict.findings.items.iter();
            let mut found: Vec<_> =
                items.map(|it| (it.tag, verdict.findings.locator(it))).collect();
            found.sort();
            (body, found)
        });
        let (one, found) = tags.next().unwrap();
        let (other, found_too) = tags.next().unwrap();
        assert_eq!(found, found_too, "{one}\n{other}");
        assert!(found.len() > 1, "{one}");
    }
}

/// What is found in a document, by its pointer.
fn pointers(engine: &Engine, body: &str) -> Vec<String> {
    let verdict =
        engine.scan(&message(JSON, body.as_bytes()), &Limits::default(), &mut Scratch::default());
    let items = verdict.findings.items.iter();
    items.map(|it| verdict.findings.locator(it).to_string()).collect()
}

/// A member that comes last calls its object an organisation, as often as it comes, and no other.
#[test]
fn what_an_object_is_called_holds_for_the_members_before_it() {
    let engine = shipped();
    let owners = |types: [&str; 4]| {
        let owner = |kind: &str| format!(r#"{{"owner":{{"login":"octo","type":"{kind}"}}}}"#);
        format!("[{}]", types.map(owner).join(","))
    };
    let body = owners(["Organization", "Organization", "User", "Organization"]);
    assert_eq!(pointers(&engine, &body), ["/2/owner/login"]);
    let body = owners(["User", "User", "Bot", "User"]);
    assert_eq!(pointers(&engine, &body), ["/0/owner/login", "/1/owner/login", "/3/owner/login"]);
    let owner =
        r#"{"owner":{"login":"octo","id":38302899,"avatar_url":"https://x.io/1","type":"Team"}}"#;
    assert!(pointers(&engine, owner).is_empty());
    assert_eq!(pointers(&engine, &owner.replace("Team", "User")).len(), 3);
    let actor = r#"{"actor":{"type":"application","id":"sentry","name":"Sentry"}}"#;
    assert!(pointers(&engine, actor).is_empty());
    // What a report is about says nothing of who sent it.
    assert_eq!(pointers(&engine, r#"{"type":"app","login":"sanak"}"#), ["/login"]);
}

/// Examples have the name of a member for its value; a mailbox is one in either place.
#[test]
fn a_value_that_is_its_own_name_is_none() {
    let engine = shipped();
    assert!(pointers(&engine, r#"{"userName":"userName","sessionId":"SessionID"}"#).is_empty());
    assert!(!pointers(&engine, r#"{"userName":"sanak","sessionId":"9f1c20ab77"}"#).is_empty());
    assert_eq!(pointers(&engine, r#"{"sana.k@example.pk":"sana.k@example.pk"}"#).len(), 2);
}

#[test]
fn columns_say_what_the_cells_of_their_rows_are() {
    let engine = shipped();
    for (body, expected) in [
        (
            r#"{"columns":["id","full_name","phone"],"rows":[[1,"Amina Malik","03001234567"],[2,"Zara","03001234568"]]}"#,
            &["/rows/0/1", "/rows/0/2", "/rows/1/1", "/rows/1/2"][..],
        ),
        (
            r#"{"columns":[{"name":"full_name","type":"text"},{"name":"dob","type":"date"}],"data":[["Amina Malik","1987-04-12"]]}"#,
            &["/data/0/0", "/data/0/1"],
        ),
        (
            r#"{"values":[["Name","CNIC"],["Amina Malik","3520278451239"]]}"#,
            &["/values/1/0", "/values/1/1"],
        ),
        (r#"[["phone","03001234567"],["sku","12"]]"#, &["/0/1"]),
        (r#"{"headers":[["Host","a.example"],["X-Phone","03001234567"]]}"#, &["/headers/1/1"]),
        // Where each cell is an object of its own.
        (
            r#"{"schema":{"fields":[{"name":"id","type":"INTEGER"},{"name":"full_name"},{"name":"phone"}]},"rows":[{"f":[{"v":"1"},{"v":"Amina Malik"},{"v":"03001234567"}]},{"f":[{"v":"2"},{"v":null},{"v":"03001234568"}]}]}"#,
            &["/rows/0/f/1/v", "/rows/0/f/2/v", "/rows/1/f/2/v"],
        ),
        (
            r#"{"table":{"cols":[{"id":"A","label":"Phone"},{"id":"B","label":"Full Name"}],"rows":[{"c":[{"v":"03001234567"},{"v":"Amina Malik","f":"Malik, Amina"}]}]}}"#,
            &["/table/rows/0/c/0/v", "/table/rows/0/c/1/v", "/table/rows/0/c/1/f"],
        ),
        (
            r#"{"fields":[{"name":"city"},{"name":"full_name"}],"rows":[{"tags":[{"v":"x"},{"v":"Galaxy Blue"}]}]}"#,
            &[],
        ),
        (r#"{"columns":["phone","type"],"rows":[]}"#, &[]),
        // What stands beside a name of a column is none of its values.
        (r#"{"columns":["sim_operator","schema"],"rows":[["x","y"]]}"#, &[]),
        (r#"[["Name"],["Galaxy Blue"]]"#, &[]),
        // One sure name is enough, unless the figures beside it are about many.
        (r#"{"columns":["ref","diagnosis"],"rows":[["u1","asthma"]]}"#, &["/rows/0/1"]),
        (r#"{"headers":["status","gender"],"data":[["new","female"]]}"#, &["/data/0/1"]),
        (
            r#"{"fields":["created_at","code","passport_no"],"rows":[["2026-01-02","x","AB1234567"]]}"#,
            &["/rows/0/2"],
        ),
        (r#"[["ref","religion"],["u1","catholic"]]"#, &["/1/1"]),
        (r#"{"columns":["gender","count"],"rows":[["female",120]]}"#, &[]),
        (r#"{"columns":["gender","value"],"rows":[["female",120]]}"#, &[]),
        (r#"{"columns":["religion","visits"],"rows":[["catholic",120]]}"#, &[]),
        (r#"{"columns":["week","country"],"rows":[["1","DE"]]}"#, &[]),
        (r#"{"columns":["date","city"],"data":[["2026-01-02","Berlin"]]}"#, &[]),
        (r#"{"columns":["title","user"],"rows":[["a","b"]]}"#, &[]),
        (r#"[["diagnosis","asthma"],["status","religion"]]"#, &["/0/1"]),
        (r#"[["name","phone"],[["x",1],{"y":2}]]"#, &[]),
    ] {
        let mut scratch = Scratch::default();
        let scan = engine.scan(&message(JSON, body.as_bytes()), &Limits::default(), &mut scratch);
        let items = scan.findings.items.iter();
        let found: Vec<String> = items.map(|it| scan.findings.locator(it).to_string()).collect();
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn what_carries_a_request_is_not_taken_for_what_it_carries() {
    let engine = shipped();
    let headers: &[(&str, &[u8])] = &[
        ("host", b"beijing.internal:8443"),
        ("user-agent", b"curl/7.88.1"),
        ("accept", b"application/json, */*;q=0.5"),
        ("accept-encoding", b"gzip, br"),
        ("accept-language", b"en-US,en;q=0.9"),
        ("authorization", b"Bearer Zm9vYmFyYmF6cXV4c2VjcmV0dG9rZW4"),
        ("content-type", b"application/json"),
        ("content-length", b"34"),
        ("date", b"Mon, 23 Nov 2026 09:00:00 GMT"),
        ("etag", b"\"33a64df551425fcc55e4d42a148795d9f25f89d4\""),
        ("if-none-match", b"W/\"67ab43\""),
        ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-request-id", b"7d9f3c64-3b1e-4f0a-9a51-2f6f9c1e8a10"),
        ("x-b3-traceid", b"80f198ee56343ba864fe8b2a57d3eff7"),
        ("x-envoy-attempt-count", b"1"),
        ("x-forwarded-proto", b"https"),
        ("idempotency-key", b"8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ("x-api-version", b"2026-11-01"),
        ("cache-control", b"max-age=0"),
    ];
    let message = message(headers, br#"{"imei":"867619040000019","state":1}"#);
    let verdict = inspect(&engine, &message, "");
    let found: Vec<String> = verdict
        .findings
        .items
        .iter()
        .map(|finding| {
            format!("{} {}", engine.taxonomy().key(finding.tag), verdict.findings.locator(finding))
        })
        .collect();
    let redacted = verdict.redacted.as_ref().map(|redacted| redacted.headers.clone());
    assert_eq!(redacted, None, "{found:?}");
    assert_eq!(verdict.decision.effect, Effect::Allow, "{found:?} {:?}", verdict.decision);
}

#[test]
fn only_what_proves_who_calls_is_not_judged_where_it_stands() {
    let engine = shipped();
    let effect = |credentials: &str| {
        let headers: &[(&str, &[u8])] =
            &[("content-type", b"application/json"), ("authorization", credentials.as_bytes())];
        inspect(&engine, &message(headers, b"{}"), "").decision.effect
    };
    // `svc-orders:secret99`
    for credentials in
        ["Bearer Zm9vYmFyYmF6cXV4c2VjcmV0dG9rZW4", "Basic c3ZjLW9yZGVyczpzZWNyZXQ5OQ=="]
    {
        assert_eq!(effect(credentials), Effect::Allow, "{credentials}");
    }
    // `sana.khan@mail.pk:secret99`
    for credentials in [
        "Custom email=sana.khan@mail.pk; cnic=35202-1234567-1",
        "Basic c2FuYS5raGFuQG1haWwucGs6c2VjcmV0OTk=",
    ] {
        assert_eq!(effect(credentials), Effect::Redact, "{credentials}");
    }
}

#[test]
fn columns_are_named_anew_in_each_table() {
    let engine = shipped();
    let table = |names: &[&str], row: &str| {
        let fields: Vec<String> = names.iter().map(|it| format!(r#"{{"name":"{it}"}}"#)).collect();
        format!(r#"{{"fields":[{}],"records":[{row}]}}"#, fields.join(","))
    };
    let first = table(
        &["zip", "currency", "patient_id", "birth_date"],
        r#"["45419","EUR","MRN6881068","15.03.1953"]"#,
    );
    let second = table(
        &["zip", "currency", "schema", "patient_id", "birth_date"],
        r#"["45419","EUR","crm.v3","MRN6881068","15.03.1953"]"#,
    );
    let mut scratch = Scratch::default();
    let mut found = |body: &str| -> Vec<String> {
        let headers: &[(&str, &[u8])] = &[("content-type", b"application/json")];
        let message = Message::of_body(headers, body.as_bytes());
        let reading = engine.read(&message, &Limits::default(), &mut scratch);
        let items = reading.findings().items.iter();
        items.map(|finding| reading.findings().locator(finding)).collect()
    };
    for _ in 0..2 {
        assert_eq!(found(&first), ["/records/0/0", "/records/0/2", "/records/0/3"]);
        assert_eq!(found(&second), ["/records/0/0", "/records/0/3", "/records/0/4"]);
    }
}
