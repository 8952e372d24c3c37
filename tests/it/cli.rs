//! The program as scripts and people use it: arguments in; output, complaints and exit codes out.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::harness::{bordergate, code, text, told};

fn lines(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn file(folder: &Path, name: &str, contents: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, contents).unwrap();
    path.display().to_string()
}

#[test]
fn help_teaches_and_wrong_words_are_usage_errors() {
    let help = bordergate(&["--help"], b"");
    assert_eq!(code(&help), 0);
    for word in
        ["serve", "demo", "scan", "decide", "explain", "rules", "config", "Exit codes", "Examples"]
    {
        assert!(text(&help).contains(word), "{word}");
    }
    for command in ["serve", "demo", "scan", "decide", "explain", "rules", "config", "completions"]
    {
        assert_eq!(code(&bordergate(&[command, "--help"], b"")), 0, "{command}");
    }
    for wrong in [&["sacn"][..], &["scan"], &["decide"], &["decide", "a.json"], &["rules", "check"]]
    {
        assert_eq!(code(&bordergate(wrong, b"")), 2, "{wrong:?}");
    }
    assert!(text(&bordergate(&["--version"], b"")).starts_with("bordergate 0."));
}

#[test]
fn completions_come_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = bordergate(&["completions", shell], b"");
        assert_eq!(code(&output), 0);
        assert!(text(&output).contains("bordergate"), "{shell}");
    }
}

#[test]
fn scan_says_what_and_where_but_not_the_value() {
    let body = br#"{"user": {"email": "sana.k@example.pk"}, "phones": ["+923451112233"]}"#;
    let output = bordergate(&["scan", "--content-type", "application/json", "-"], body);
    assert_eq!(code(&output), 0, "{}", told(&output));
    let found = lines(&output);
    let email = found.iter().find(|line| line["path"] == "/user/email").unwrap();
    assert_eq!(email["tag"], "user.contact.email");
    let at = |name: &str| usize::try_from(email[name].as_u64().unwrap()).unwrap();
    assert_eq!(&body[at("start")..at("end")], b"sana.k@example.pk");
    let confidence = email["confidence"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&confidence), "{confidence}");
    assert!(email["detector"].is_string());
    assert_eq!(email.as_object().unwrap().len(), 6, "{email}");
    assert!(!text(&output).contains("sana.k"));
    assert!(found.iter().any(|line| line["path"] == "/phones/0"), "{found:?}");

    let shown =
        bordergate(&["scan", "--show-values", "--content-type", "application/json", "-"], body);
    assert!(lines(&shown).iter().any(|line| line["value"] == "sana.k@example.pk"));
    let coded =
        bordergate(&["scan", "--exit-code", "--content-type", "application/json", "-"], body);
    assert_eq!(code(&coded), 10);
    let readable =
        bordergate(&["scan", "--format", "text", "--content-type", "application/json", "-"], body);
    assert!(text(&readable).contains("/user/email"), "{}", text(&readable));
    assert!(!text(&readable).contains('\u{1b}'), "no colour in a pipe");
}

#[test]
fn scan_takes_whole_requests_files_and_compressed_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let request = b"POST /v1?imei=867619040000019 HTTP/1.1\r\nHost: x\r\nCookie: session_id=abc\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{\"email\":\"sana.k@example.pk\"}";
    let path = file(folder.path(), "request.txt", request);
    let output = bordergate(&["scan", "--content-type", "message/http", &path], b"");
    let found = lines(&output);
    for (locator, value) in
        [("query:/imei", &b"867619040000019"[..]), ("/email", b"sana.k@example.pk")]
    {
        let line = found
            .iter()
            .find(|line| line["path"] == locator)
            .unwrap_or_else(|| panic!("{found:?}"));
        let at = |name: &str| usize::try_from(line[name].as_u64().unwrap()).unwrap();
        assert_eq!(&request[at("start")..at("end")], value, "{locator}");
    }

    let plain = br#"{"email":"sana.k@example.pk"}"#;
    let packed = bordergate::redact::encode(bordergate::domain::Encoding::Gzip, plain).unwrap();
    let packed = file(folder.path(), "a.json.gz", packed);
    let plain = file(folder.path(), "b.json", plain);
    let output = bordergate(&["scan", "--show-values", &packed, &plain], b"");
    let found = lines(&output);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((&found[0]["file"], &found[1]["file"]), (&json!(packed), &json!(plain)));
    assert_eq!((&found[0]["start"], &found[1]["start"]), (&Value::Null, &json!(10)));
    assert!(found.iter().all(|line| line["value"] == "sana.k@example.pk"), "{found:?}");
}

#[test]
fn scan_reads_a_raw_response() {
    let raw = b"HTTP/1.1 200 OK\r\nset-cookie: sid=k29fj20fk20alq84nzpq; Path=/\r\ncontent-type: application/json\r\n\r\n\
        {\"email\":\"sana.k@example.pk\"}";
    let output = bordergate(&["scan", "--show-values", "--content-type", "message/http", "-"], raw);
    let found = lines(&output);
    let values: Vec<&Value> = found.iter().map(|line| &line["value"]).collect();
    assert!(values.contains(&&json!("sana.k@example.pk")), "{found:?}");
    assert!(values.contains(&&json!("k29fj20fk20alq84nzpq")), "{found:?}");
}

#[test]
fn scan_is_not_silent_about_what_it_could_not_read() {
    for body in [&br#"{"email": "sana.k@exam"#[..], b"{\"a\": \"\xff\"}", b"{}{}"] {
        let output = bordergate(&["scan", "--content-type", "application/json", "-"], body);
        assert_eq!(code(&output), 4, "{}", told(&output));
        assert!(told(&output).contains("not read"), "{}", told(&output));
    }
    assert_eq!(code(&bordergate(&["scan", "/nonexistent/file.json"], b"")), 1);

    // One that cannot be read keeps nobody from the next.
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let files = [
        place("broken.http", "GET /\r\nhost a.example\r\n\r\n"),
        place(
            "request.http",
            "GET /?email=sana.k%40example.pk HTTP/1.1\r\nhost: a.example\r\n\r\n",
        ),
    ];
    let [broken, request] = &files;
    let output = bordergate(&["scan", "--content-type", "message/http", broken, request], b"");
    assert_eq!(code(&output), 4, "{}", told(&output));
    assert!(told(&output).contains("not a raw HTTP message"), "{}", told(&output));
    assert_eq!(lines(&output).len(), 1);
}

#[test]
fn scan_reads_a_long_sequence_of_records_to_its_end() {
    // Three pieces, empty lines among the records, and one that is cut off in the middle piece.
    let record = |number: usize| {
        let email = format!("sana.k{number}@example.pk");
        format!(
            "{{\"step\": {number}, \"filler\": \"{}\", \"email\": \"{email}\"}}\n\n",
            "x".repeat(900)
        )
    };
    let mut body = String::new();
    for number in 0..3000 {
        body.push_str(&record(number));
        if number == 1500 {
            body.push_str("{\"email\": \"cut@exam\n");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "users.ndjson", &body);
    let output = bordergate(&["scan", "--show-values", &path], b"");
    assert_eq!(code(&output), 4, "one record was not read");
    let gap = body.find("{\"email\": \"cut").unwrap();
    assert_eq!(told(&output).lines().count(), 1, "{}", told(&output));
    let from = told(&output).split(" from byte ").nth(1).unwrap().to_owned();
    let from: usize = from.split(',').next().unwrap().parse().unwrap();
    assert!((gap..gap + 24).contains(&from), "{from} {gap}");

    let found = lines(&output);
    let mut last = None;
    for line in &found {
        let value = line["value"].as_str().unwrap();
        let at = |name: &str| usize::try_from(line[name].as_u64().unwrap()).unwrap();
        assert_eq!(body.get(at("start")..at("end")), Some(value));
        let number = value.strip_prefix("sana.k").and_then(|rest| rest.strip_suffix("@example.pk"));
        let number: usize = number.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        // The record that was cut off counts as one.
        let place = number + usize::from(number > 1500);
        assert_eq!(line["path"], format!("/{place}/email"));
        assert!(last < Some(number), "in order");
        last = Some(number);
    }
    assert_eq!(last, Some(2999));
    assert_eq!(found.len(), 3000);
    assert!(
        found.iter().filter(|line| line["start"].as_u64().unwrap() < gap as u64).count() == 1501
    );

    let whole = body.replace("{\"email\": \"cut@exam\n", "");
    let path = file(folder.path(), "whole.ndjson", &whole);
    let output = bordergate(&["scan", "--exit-code", &path], b"");
    assert_eq!((code(&output), lines(&output).len()), (10, 3000), "{}", told(&output));
    let packed =
        bordergate::redact::encode(bordergate::domain::Encoding::Gzip, whole.as_bytes()).unwrap();
    let path = file(folder.path(), "whole.ndjson.gz", packed);
    let packed = lines(&bordergate(&["scan", &path], b""));
    let paths = |found: &[Value]| -> Vec<Value> {
        found.iter().map(|line| json!([line["path"], line["tag"]])).collect()
    };
    assert_eq!(paths(&lines(&output)), paths(&packed), "as when it is read as a whole");
}

const CONTEXT: &str = r#"{"as_of": "2026-11-23T09:00:00Z", "origin": "PK", "destination": "SG", "transport": "tls",
    "exporter": {"role": "controller"}, "recipient": {"class": "first_party_facility", "id": "mi-dc-singapore"},
    "policy_versions": [{"id": "2019-03-18", "effective_from": "2019-03-18", "destinations": ["CN", "US", "SG"], "added_purposes": {}}],
    "subject": {"age": 29, "minor": false, "consents": [{"scope": "service", "type": "explicit", "policy_version": "2019-03-18", "given_at": "2020-01-10T08:00:00Z"}]},
    "purpose": "service_activation"}"#;

#[test]
fn decide_answers_for_one_payload() {
    let folder = tempfile::tempdir().unwrap();
    let context = file(folder.path(), "context.json", CONTEXT);
    for (payload, outcome, redacted, exit) in [
        (r#"{"imei": "867619040000019"}"#, "allow", json!([]), 0),
        (
            "{\n  \"imei\": \"867619040000019\",\n  \"email\": \"sana.k@example.pk\"\n}",
            "redact",
            json!(["/email"]),
            10,
        ),
        ("\u{0}", "block", json!([]), 11),
    ] {
        let payload_file = file(folder.path(), "payload.json", payload);
        let arguments = ["decide", "--exit-code", "--context", &context, &payload_file];
        let output = bordergate(&arguments, b"");
        assert_eq!(code(&output), exit, "{payload}: {}", told(&output));
        let answers = lines(&output);
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0]["outcome"], outcome, "{}", answers[0]);
        assert_eq!(answers[0]["redacted"], redacted, "{}", answers[0]);
        assert!(answers[0]["rules"].is_array() && answers[0]["annotations"].is_array());
        assert!(answers[0]["reason"].is_string());
        match outcome {
            "block" => assert!(answers[0]["body"].is_null()),
            _ => assert_eq!(answers[0]["body"], json!({"imei": "867619040000019"})),
        }
        let without = bordergate(&["decide", "--context", &context, &payload_file], b"");
        assert_eq!(code(&without), 0);
    }
}

#[test]
fn decide_answers_every_line_of_a_batch_and_reports_those_it_cannot_read() {
    let line = |id: &str, payload: &str| {
        let context: Value = serde_json::from_str(CONTEXT).unwrap();
        let mut case = context.as_object().unwrap().clone();
        case.insert("id".into(), id.into());
        case.insert("payload".into(), serde_json::from_str(payload).unwrap());
        Value::from(case).to_string()
    };
    let good = line("A", r#"{"imei": "867619040000019"}"#);
    let bad = line("B", r#"{"email": "sana.k@example.pk", "imei": "867619040000019"}"#);
    let batch = format!("{good}\n\n{{\"id\": \"C\", \"origin\": 7}}\n{bad}\n");
    let output = bordergate(&["decide", "--batch", "-"], batch.as_bytes());
    assert_eq!(code(&output), 1);
    assert!(told(&output).contains("standard input:3:"), "{}", told(&output));
    let answers = lines(&output);
    let shown: Vec<(&Value, &Value)> =
        answers.iter().map(|answer| (&answer["id"], &answer["outcome"])).collect();
    assert_eq!(
        shown,
        [
            (&json!("A"), &json!("allow")),
            (&json!("C"), &json!("block")),
            (&json!("B"), &json!("redact")),
        ]
    );
}

/// A support ticket from Ireland to Beijing, without a transfer instrument.
fn ticket(folder: &Path) -> (String, String) {
    let context = json!({
        "as_of": "2026-11-23T09:00:00Z", "origin": "IE", "destination": "CN",
        "purpose": "customer_support", "transport": "tls",
        "recipient": {"class": "first_party_facility", "id": "dc-beijing"},
        "subject": {"age": 31, "consents": [{"scope": "service", "type": "explicit"}]},
    });
    let payload = json!({"user": {"name": "Aoife Example", "email": "aoife@example.ie"}});
    (
        file(folder, "context.json", context.to_string()),
        file(folder, "ticket.json", payload.to_string()),
    )
}

#[test]
fn explain_says_why_and_what_would_make_it_lawful() {
    let folder = tempfile::tempdir().unwrap();
    let (context, ticket) = ticket(folder.path());
    let output = bordergate(&["explain", "--exit-code", "--context", &context, &ticket], b"");
    assert_eq!(code(&output), 11, "{}", told(&output));
    let said = text(&output);
    for words in [
        "✗ block",
        "IE → CN, for customer_support",
        "JR-EU-04 blocks",
        "law/eu.yaml:",
        "✗ `mechanism: {type: [eu_scc, eu_bcr]}`: no `eu_scc` or `eu_bcr` is on file",
        "What would make it lawful",
        "  1. an `eu_scc`",
        "and an `eu_tia`",
        "/user/email",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    for value in ["Aoife", "aoife@example.ie", "31"] {
        assert!(!said.contains(value), "{value}");
    }
    assert!(!said.contains("not here"));
    let all = bordergate(&["explain", "--all", "--context", &context, &ticket], b"");
    assert!(text(&all).contains("`origin: JP` is not met: the origin is IE"), "{}", text(&all));

    let output = bordergate(&["explain", "--format", "json", "--context", &context, &ticket], b"");
    let answer = &lines(&output)[0];
    assert_eq!(answer["outcome"], "block");
    assert!(!answer.to_string().contains("Aoife"));
    // What is proposed, put on file, has the outcome that was promised.
    let proposal = &answer["lawful"]["proposals"][0];
    let mut context: Value = serde_json::from_slice(&fs::read(&context).unwrap()).unwrap();
    let mechanisms: Vec<&Value> = proposal["needs"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|need| need["facts"]["mechanisms"].as_array().unwrap())
        .collect();
    context["mechanisms"] = json!(mechanisms);
    let context = file(folder.path(), "with.json", context.to_string());
    let decided = bordergate(&["decide", "--context", &context, &ticket], b"");
    assert_eq!(lines(&decided)[0]["outcome"], proposal["outcome"]);
}

#[test]
fn as_of_judges_at_another_time() {
    let folder = tempfile::tempdir().unwrap();
    let (context, ticket) = ticket(folder.path());
    for (as_of, outcome, by) in [("2026-11-23", "block", true), ("2018-05-24", "block", false)] {
        let arguments =
            ["explain", "--format", "json", "--as-of", as_of, "--context", &context, &ticket];
        let answer = lines(&bordergate(&arguments, b"")).remove(0);
        assert_eq!(answer["outcome"], outcome);
        let blocked_by = answer["blocked_by"].as_array().unwrap();
        assert_eq!(blocked_by.contains(&json!("JR-EU-04")), by, "{as_of} {blocked_by:?}");
        let arguments = ["decide", "--as-of", as_of, "--context", &context, &ticket];
        let decided = lines(&bordergate(&arguments, b"")).remove(0);
        assert_eq!(decided["reason"], answer["reason"]);
    }
    let wrong = bordergate(&["decide", "--as-of", "tomorrow", "--context", &context, &ticket], b"");
    assert_eq!(code(&wrong), 2);
}

/// What `decide` leaves in place of a value is what the gateway of the configuration would: whoever holds
/// its key ring turns it back.
#[test]
fn decide_redacts_under_the_key_ring_of_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let rules = exported(folder.path(), "rules", None);
    file(
        Path::new(&rules),
        "organisation/own.yaml",
        "layer: organisation\ntitle: Own\nrules:\n  - {id: OWN-1, title: t, statute: s, reason: r., \
         when: {data: imei}, effect: redact, redact: {replacement: {kind: tokenise}}}\n",
    );
    let ring = |name: &str, byte: u8| {
        let bytes: Vec<u8> = (0..32u8).map(|at| at.wrapping_mul(37) ^ byte).collect();
        file(folder.path(), &format!("{name}.key"), bytes);
        let ring = format!("current: k\nkeys:\n  - {{id: k, file: {name}.key}}\n");
        file(folder.path(), &format!("{name}.yaml"), ring)
    };
    let (ours, others) = (ring("ours", 7), ring("others", 8));
    let config = |name: &str, ring: &str| {
        let text = format!(
            "listeners: [{{ name: all, address: \"127.0.0.1:0\" }}]\naudit: {{ sink: none }}\n\
             rules: {{ directory: \"{rules}\"{ring} }}\n\
             data_centres: [{{ id: sg, jurisdiction: SG, endpoints: [\"http://127.0.0.1:9\"] }}]\n\
             routes: [{{ id: all, data_centre: sg }}]\n"
        );
        file(folder.path(), name, text)
    };
    let with = config("with.yaml", &format!(", keyring: \"{ours}\""));
    let context = file(folder.path(), "context.json", CONTEXT);
    let payload = file(folder.path(), "payload.json", r#"{"imei": "867619040000019"}"#);
    let token = |whom: &[&str]| {
        let arguments = [&["decide", "--context", &context, &payload], whom].concat();
        let output = bordergate(&arguments, b"");
        assert_eq!(code(&output), 0, "{}", told(&output));
        let answer = lines(&output).remove(0);
        assert_eq!(answer["outcome"], "redact", "{answer}");
        answer["body"]["imei"].as_str().unwrap().to_owned()
    };
    let turned = |ring: &str, token: &str| {
        let arguments = ["detokenise", "--keyring", ring, "--category", "imei"];
        let output = bordergate(&arguments, token.as_bytes());
        assert_eq!(code(&output), 0, "{}", told(&output));
        text(&output).trim().to_owned()
    };
    let under_ours = token(&["--config", &with]);
    assert_ne!(under_ours, "867619040000019");
    assert_eq!(turned(&ours, &under_ours), "867619040000019");
    assert_ne!(turned(&others, &under_ours), "867619040000019");
    // Without a configuration it is a key for trying out.
    assert_ne!(token(&["--rules", &rules]), under_ours);
    // A ring that cannot be read is said, not passed over.
    fs::remove_file(folder.path().join("ours.key")).unwrap();
    let output = bordergate(&["decide", "--config", &with, "--context", &context, &payload], b"");
    assert_eq!(code(&output), 3);
    assert!(told(&output).contains("ours.yaml") && text(&output).is_empty(), "{}", told(&output));
}

/// The shipped rules in a directory, and a file of it changed.
fn exported(folder: &Path, name: &str, change: Option<(&str, &str, &str)>) -> String {
    let rules = folder.join(name);
    let rules = rules.to_str().unwrap().to_owned();
    assert_eq!(code(&bordergate(&["rules", "export", &rules], b"")), 0);
    if let Some((file, from, to)) = change {
        let path = Path::new(&rules).join(file);
        let before = fs::read_to_string(&path).unwrap();
        assert!(before.contains(from), "{file} has no `{from}`");
        fs::write(path, before.replacen(from, to, 1)).unwrap();
    }
    rules
}

#[test]
fn rules_are_tested_and_a_wrong_one_is_found() {
    let shipped = bordergate(&["rules", "test", "--full"], b"");
    assert_eq!(code(&shipped), 0, "{}{}", text(&shipped), told(&shipped));
    assert!(text(&shipped).starts_with("ok: "), "{}", text(&shipped));
    let folder = tempfile::tempdir().unwrap();
    // Somebody takes the transfer impact assessment out.
    let laxer = exported(
        folder.path(),
        "laxer",
        Some(("law/eu.yaml", "        - mechanism: {type: eu_tia}\n", "")),
    );
    let output = bordergate(&["rules", "test", &laxer], b"");
    assert_eq!(code(&output), 12);
    assert!(
        text(&output).contains("failed: clauses alone")
            && text(&output).contains("expected block, was allow"),
        "{}",
        text(&output)
    );
    let report = lines(&bordergate(&["rules", "test", "--format", "json", &laxer], b"")).remove(0);
    assert!(report["failed"].as_u64() > Some(0) && report["rows"].as_u64() > Some(900));
    let junit = text(&bordergate(&["rules", "test", "--format", "junit", &laxer], b""));
    assert!(junit.starts_with("<?xml") && junit.contains("<failure"), "{junit}");
    assert!(junit.contains(r#"file="tests/law/european-union.yaml""#), "{junit}");
    // Without its rows a condition is untried, and `--full` says so.
    fs::remove_file(Path::new(&laxer).join("tests/law/european-union.yaml")).unwrap();
    let output = bordergate(&["rules", "test", "--full", &laxer], b"");
    assert_eq!(code(&output), 12);
    assert!(text(&output).contains("untried"), "{}", text(&output));
    // A typo in a table is a complaint like one in a rule.
    file(Path::new(&laxer), "tests/own.yaml", "rows:\n  - {expcet: block}\n");
    let output = bordergate(&["rules", "test", &laxer], b"");
    assert_eq!(code(&output), 3);
    assert!(told(&output).contains("tests/own.yaml:2:6"), "{}", told(&output));
}

#[test]
fn what_two_sets_of_rules_decide_differently_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let old = exported(folder.path(), "old", None);
    let new = exported(
        folder.path(),
        "new",
        Some(("law/eu.yaml", "        - mechanism: {type: eu_tia}\n", "")),
    );
    let same = bordergate(&["rules", "diff", "-", &old], b"");
    assert_eq!(code(&same), 0, "{}{}", text(&same), told(&same));
    assert!(text(&same).contains("no decision differs"));
    let output = bordergate(&["rules", "diff", &old, &new], b"");
    assert_eq!(code(&output), 12);
    assert!(
        text(&output).contains("block → allow  JR-EU-03  IE → US, customer_support"),
        "{}",
        text(&output)
    );

    // Over payloads: what each side finds in them counts.
    let (context, ticket) = ticket(folder.path());
    let mut case: Value = serde_json::from_slice(&fs::read(context).unwrap()).unwrap();
    case["id"] = json!("T-1");
    case["destination"] = json!("US");
    case["mechanisms"] = json!([{"type": "eu_scc", "id": "S"}]);
    case["payload"] = serde_json::from_slice(&fs::read(ticket).unwrap()).unwrap();
    let cases = file(folder.path(), "cases.jsonl", format!("{case}\nno case\n"));
    let arguments = ["rules", "diff", "--cases", &cases, "--format", "json", &old, &new];
    let output = bordergate(&arguments, b"");
    assert_eq!(code(&output), 12);
    let told_of = lines(&output).remove(0);
    assert_eq!(told_of["changes"]["changed"], 1);
    assert_eq!(told_of["changes"]["groups"][0]["to"], "allow");
    assert_eq!(told_of["beside"]["lines that are no transfer"], 1);
    assert!(!told_of.to_string().contains("Aoife"));
    // Where nothing could be compared, that is no news of rules that decide alike.
    for (name, nothing) in [("none.jsonl", ""), ("odd.jsonl", "no case\n{]\n")] {
        let cases = file(folder.path(), name, nothing);
        let output = bordergate(&["rules", "diff", "--cases", &cases, &old, &new], b"");
        assert_eq!(code(&output), 4, "{}", text(&output));
        assert!(text(&output).starts_with("nothing was compared"), "{}", text(&output));
    }

    // Over audit records: the clauses an allow rests on are assumed, and with them the new rules let pass
    // what the old ones stopped.
    let record = |effect: &str, by: &[&str]| {
        json!({
            "time": "2026-11-23T09:00:00Z", "stage": "closed", "generation": 2, "trace_id": "t",
            "peer": {"address": "private"}, "origin": "IE", "destination": "US",
            "recipient": {"class": "first_party_facility", "id": "dc-us"},
            "purpose": "customer_support", "effect": effect, "rules": by, "blocked_by": by,
            "reason": "", "tags": [{"tag": "user.name", "count": 1, "pointers": ["/user/name"]}],
            "coverage": "full",
        })
    };
    let stricter = exported(
        folder.path(),
        "stricter",
        Some((
            "law/eu.yaml",
            "        - mechanism: {type: eu_tia}\n",
            "        - mechanism: {type: eu_tia, max_age: 1y}\n        - mechanism: {type: us_dsp_licence}\n",
        )),
    );
    // What no route took was no transfer.
    let mut refused = record("refused", &[]);
    refused["error"] = json!("no-route");
    refused.as_object_mut().unwrap().remove("coverage");
    let records = [
        record("allow", &[]),
        record("block", &["JR-EU-03"]),
        record("block", &["JR-JP-01"]),
        refused,
    ];
    let records: Vec<String> = records.iter().map(Value::to_string).collect();
    let audit = file(folder.path(), "audit.jsonl", records.join("\n"));
    let output =
        bordergate(&["rules", "diff", "--audit", &audit, "--format", "json", &old, &stricter], b"");
    assert_eq!(
        code(&output),
        0,
        "the framework's certificate explains the allow: {}",
        text(&output)
    );
    let told_of = lines(&output).remove(0);
    assert_eq!(told_of["changes"]["cases"], 2);
    assert_eq!(told_of["beside"]["records that the old rules do not decide as recorded"], 1);
    assert_eq!(told_of["beside"]["records judged with facts assumed that they do not hold"], 2);
    assert_eq!(told_of["beside"]["records of what was refused before it was judged"], 1);
    let why = told_of["beside"].as_object().unwrap().keys().find(|it| it.starts_with("of them"));
    assert!(why.is_some_and(|why| why.contains("recorded block by JR-JP-01")), "{told_of}");

    // Where the audit says which rules judged, those that are others are named.
    let mark = json!({
        "audit": "rules", "time": "2026-11-23T08:00:00Z", "generation": 2,
        "rules_hash": "4b38c01f5a6e77", "source": "x", "because": "start", "key": "k",
    });
    let marked = [vec![mark.to_string()], records.clone()].concat().join("\n");
    let marked = file(folder.path(), "marked.jsonl", marked);
    let output = bordergate(
        &["rules", "diff", "--audit", &marked, "--format", "json", &old, &stricter],
        b"",
    );
    let told_of = lines(&output).remove(0);
    let beside = &told_of["beside"];
    assert_eq!(beside["records that the old rules do not decide as recorded"], 1, "{told_of}");
    assert_eq!(beside["of them: judged by rules 4b38c01f5a6e, which are not the old ones"], 1);
    assert_eq!(beside["records in all that rules 4b38c01f5a6e judged, and not the old ones"], 3);

    // A redaction by one rule where another takes the same field: the record names one of them.
    let mut redacted = record("redact", &[]);
    redacted["origin"] = json!("PK");
    redacted["destination"] = json!("SG");
    redacted["recipient"]["id"] = json!("mi-dc-singapore");
    redacted["purpose"] = json!("service_activation");
    redacted["redacted_by"] = json!(["MI-06"]);
    redacted["tags"] = json!([
        {"tag": "user.contact.email", "count": 1, "redacted": 1, "pointers": ["/email"]},
        {"tag": "user.contact.phone_number", "count": 1, "pointers": ["/mobile"]},
    ]);
    let redacted = file(folder.path(), "redacted.jsonl", redacted.to_string());
    let output =
        bordergate(&["rules", "diff", "--audit", &redacted, "--format", "json", "-", "-"], b"");
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert_eq!(lines(&output).remove(0)["changes"]["cases"], 1, "{}", text(&output));

    // The same records before rules that stop names from Ireland, as a sum and by example.
    let blocks = exported(folder.path(), "blocks", None);
    let rule = "layer: organisation
title: Own
rules:
  - id: OWN-1
    title: Names stay
    statute: this test
    when: {data: name, origin: IE}
    effect: block
    reason: Names stay.
";
    file(Path::new(&blocks), "organisation/own.yaml", rule);
    let replay = |more: &[&str]| {
        let given = [&["replay", "--rules", &blocks, "--old", &old, &audit], more].concat();
        bordergate(&given, b"")
    };
    let output = replay(&["--format", "json"]);
    assert_eq!(code(&output), 12, "{}", told(&output));
    let told_of = lines(&output).remove(0);
    assert_eq!(told_of["changes"]["cases"], 2);
    // What was blocked already is blocked by one rule more; what was allowed is no longer.
    assert_eq!(told_of["sums"]["outcome"], json!({"allow → block": 1, "block → block": 1}));
    assert_eq!(told_of["sums"]["rule"], json!({"OWN-1": 2}));
    assert_eq!(told_of["sums"]["origin"], json!({"IE": 2}));
    assert_eq!(told_of["sums"]["destination"], json!({"US": 2}));
    let groups = told_of["changes"]["groups"].as_array().unwrap();
    let allowed = groups.iter().find(|group| group["from"] == "allow").unwrap();
    assert_eq!(allowed["examples"], json!([format!("{audit}:1 t")]));
    let output = replay(&[]);
    assert!(text(&output).contains("allow → block  OWN-1  IE → US, customer_support"));
    assert!(text(&output).contains("2 of 2 cases decided differently"), "{}", text(&output));
    assert!(text(&output).contains("1 records that the old rules do not decide as recorded"));
    // Another day's traffic is none of this.
    let output = replay(&["--from", "2026-11-24"]);
    assert_eq!(code(&output), 4);
    assert!(text(&output).contains("nothing was compared"), "{}", text(&output));
    let same = bordergate(&["replay", "--rules", &old, "--old", &old, &audit], b"");
    assert_eq!(code(&same), 0, "{}", text(&same));

    // At another time: what comes into force in 2027 meets the records then, and not before.
    let later = exported(folder.path(), "later", None);
    let rule = rule.replace("    effect", "    in_force: {from: 2027-05-13}\n    effect");
    file(Path::new(&later), "organisation/own.yaml", &rule);
    let at = |time: &[&str], rules: &[&str]| bordergate(&[rules, time, &[&*audit]].concat(), b"");
    let diff = ["rules", "diff", &*old, &*later];
    for (time, differs) in [("2027-05-12", 0), ("2027-05-13", 12)] {
        let replayed = at(&["--as-of", time], &["replay", "--rules", &later, "--old", &old]);
        assert_eq!(code(&replayed), differs, "{time}: {}", text(&replayed));
        let compared = at(&["--as-of", time, "--audit"], &diff);
        assert_eq!(code(&compared), differs, "{time}: {}{}", text(&compared), told(&compared));
    }
    assert_eq!(code(&bordergate(&[&diff[..], &["--as-of", "2027-05-13"]].concat(), b"")), 1);
}

/// What the routes of a gateway state of every transfer need not be assumed of its records.
#[test]
fn what_a_route_states_is_known_to_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let rules = exported(folder.path(), "own", None);
    for part in ["law", "policy", "tests"] {
        fs::remove_dir_all(Path::new(&rules).join(part)).unwrap();
    }
    file(Path::new(&rules), "organisation/allow.yaml", crate::harness::ALLOW_ALL);
    let needs = "layer: organisation
title: Own
rules:
  - id: OWN-1
    title: Names need clauses
    statute: this test
    when: {data: name}
    require: {mechanism: {type: eu_scc}}
    effect: block
    reason: Names need clauses.
";
    file(Path::new(&rules), "organisation/own.yaml", needs);
    let record = |route: &str, effect: &str, by: &[&str]| {
        json!({
            "time": "2026-11-23T09:00:00Z", "stage": "closed", "trace_id": route, "route": route,
            "origin": "IE", "destination": "US", "recipient": {"class": "affiliate", "id": "dc-us"},
            "purpose": "customer_support", "effect": effect, "blocked_by": by,
            "tags": [{"tag": "user.name", "count": 1, "pointers": ["/name"]}], "coverage": "full",
        })
        .to_string()
    };
    let records = [record("stated", "allow", &[]), record("bare", "allow", &[])];
    let audit = file(folder.path(), "audit.jsonl", records.join("\n"));
    let config = "listeners: [{ name: a, address: '127.0.0.1:0' }]
data_centres: [{ id: dc-us, jurisdiction: US, endpoints: ['http://127.0.0.1:9'] }]
rules: { directory: own }
routes:
  - { id: stated, data_centre: dc-us, match: { host: a.test }, context: { mechanisms: [{ type: eu_scc, id: s }] } }
  - { id: bare, data_centre: dc-us }
";
    let config = file(folder.path(), "bordergate.yaml", config);
    let assumed = |more: &[&str]| {
        let given = [&["replay", "--rules", &rules, "--format", "json", &audit], more].concat();
        let output = bordergate(&given, b"");
        assert_eq!(code(&output), 0, "{}", told(&output));
        let told_of = lines(&output).remove(0);
        assert_eq!(told_of["changes"]["cases"], 2, "{told_of}");
        told_of["beside"]["records judged with facts assumed that they do not hold"].clone()
    };
    assert_eq!(assumed(&["--old", &rules]), 2);
    assert_eq!(assumed(&["--config", &config]), 1);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let many: String =
        (0..20_000).map(|n| format!("{{\"email\":\"a{n}@example.pk\"}}\n")).collect();
    let many = file(folder.path(), "many.ndjson", many);
    let binary = env!("CARGO_BIN_EXE_bordergate");
    let output = Command::new("sh")
        .args(["-c", &format!("'{binary}' scan '{many}' | head -n 1")])
        .output()
        .unwrap();
    assert_eq!(text(&output).lines().count(), 1);
    assert_eq!(told(&output), "");
}

#[test]
fn shipped_rules_list_export_and_check() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("mine").display().to_string();
    assert_eq!(code(&bordergate(&["rules", "export", &target], b"")), 0);
    assert_eq!(code(&bordergate(&["rules", "export", &target], b"")), 1, "nothing is overwritten");
    let check = bordergate(&["rules", "check", &target], b"");
    assert_eq!(code(&check), 0, "{}", told(&check));
    let listed = bordergate(&["rules", "list"], b"");
    assert_eq!(text(&listed), text(&bordergate(&["rules", "list", "--rules", &target], b"")));
    assert!(text(&listed).contains("MI-06"), "{}", text(&listed));
    let json = lines(&bordergate(&["rules", "list", "--format", "json"], b""));
    assert!(json.iter().any(|rule| rule["id"] == "MI-06" && rule["layer"] == "policy"), "{json:?}");
}

/// Every YAML file below `folder`, by its path from there.
fn yaml_files(folder: &Path) -> Vec<String> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                files.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    files.sort();
    files
}

/// A text with a mistake, and the line of the mistake.
type Spoilt = (String, usize);

fn spoilt_at_the_end(text: &str, mistake: &str) -> Spoilt {
    let text = text.trim_end();
    (format!("{text}\n{mistake}\n"), text.lines().count() + 1)
}

/// The first key of the first entry of a list as nobody knows it. All files have one, but for that of names.
fn spoilt_within(text: &str) -> Spoilt {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines.iter().position(|line| {
        line.trim_start().strip_prefix("- ").is_some_and(|rest| {
            let rest = rest.trim_start_matches('{');
            rest.split_once(':')
                .is_some_and(|(key, _)| key.chars().all(|it| it.is_ascii_lowercase()))
        })
    });
    let at = at.unwrap();
    let key = lines[at].find(|it: char| it.is_ascii_lowercase()).unwrap();
    lines[at].insert_str(key, "zz_");
    (lines.join("\n") + "\n", at + 1)
}

#[test]
fn a_mistake_in_any_shipped_file_is_found_and_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("mine");
    let target_name = target.display().to_string();
    assert_eq!(code(&bordergate(&["rules", "export", &target_name], b"")), 0);
    let files = yaml_files(&target);
    assert!(files.len() > 100, "{files:?}");
    let texts: Vec<String> =
        files.iter().map(|name| fs::read_to_string(target.join(name)).unwrap()).collect();
    let check = |what: &str, spoil: &dyn Fn(&str, &str) -> Option<Spoilt>| {
        let mut places = Vec::new();
        for (name, text) in files.iter().zip(&texts) {
            let spoilt = spoil(name, text);
            places.extend(spoilt.iter().map(|(_, line)| format!("{name}:{line}:")));
            fs::write(target.join(name), spoilt.map_or_else(|| text.clone(), |it| it.0)).unwrap();
        }
        let check = bordergate(&["rules", "check", &target_name], b"");
        assert_eq!((code(&check), places.is_empty()), (3, false), "{what}");
        let told = told(&check);
        let is_told = |place: &&String| {
            told.lines().any(|line| line.starts_with(place.as_str()) && line.contains("error"))
        };
        let lost: Vec<&String> = places.iter().filter(|place| !is_told(place)).collect();
        assert!(lost.is_empty(), "{what}: {lost:?}\n{told}");
    };
    for mistake in ["zzz: 1", "zzz: }", "zzz: 1\nzzz: 2"] {
        check(mistake, &|_, text| Some(spoilt_at_the_end(text, mistake)));
    }
    // What stands in an entry of a table is understood once there are rules, and in those categories.
    for folder in ["taxonomy/", "tests/", ""] {
        check(folder, &|name, text| {
            let is_of_another = name == "detectors/names.yaml"
                || folder.is_empty()
                    && (name.starts_with("taxonomy/") || name.starts_with("tests/"));
            (name.starts_with(folder) && !is_of_another).then(|| spoilt_within(text))
        });
    }
}

#[test]
fn broken_rules_are_reported_with_file_and_line_all_in_one_pass() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("mine");
    let target_name = target.display().to_string();
    assert_eq!(code(&bordergate(&["rules", "export", &target_name], b"")), 0);
    file(&target, "organisation/one.yaml", "layer: organisation\ntitle: One\nrules: [\n");
    file(
        &target,
        "organisation/two.yaml",
        "layer: organisation
title: Two
rules:
  - id: T-1
    title: Unknown category
    statute: test
    when: { data: user.contact.telex }
    effect: redact
    reason: Test.
",
    );
    file(
        &target,
        "organisation/three.yaml",
        "layer: organisation
title: Three
rules:
  - id: T-2
    title: Unknown effect
    statute: test
    effect: explode
    reason: Test.
",
    );
    let check = bordergate(&["rules", "check", &target_name], b"");
    assert_eq!(code(&check), 3);
    for expected in [
        "organisation/one.yaml:",
        "organisation/two.yaml:7:",
        "user.contact.telex",
        "organisation/three.yaml:7:",
        "explode",
    ] {
        assert!(told(&check).contains(expected), "{expected}:\n{}", told(&check));
    }
    let nowhere = bordergate(&["rules", "check", "/nonexistent"], b"");
    assert_eq!(code(&nowhere), 3);
    assert!(told(&nowhere).contains("help"), "{}", told(&nowhere));
}

#[test]
fn a_broken_configuration_is_reported_with_file_and_line_all_in_one_pass() {
    let folder = tempfile::tempdir().unwrap();
    let config = file(
        folder.path(),
        "bordergate.yaml",
        "listeners:
  - { name: a, address: \"127.0.0.1:notaport\" }
data_centres:
  - { id: dc, jurisdiction: Singapore, endpoints: [\"http://127.0.0.1:1\"] }
routes:
  - { id: r, data_centre: elsewhere }
geoip: { database: /nonexistent/country.mmdb }
colour: blue
",
    );
    for command in [&["config", "check", &config][..], &["serve", "--config", &config]] {
        let output = bordergate(command, b"");
        assert_eq!(code(&output), 3, "{}", told(&output));
        for expected in
            ["bordergate.yaml:2:", "notaport", "bordergate.yaml:4:", "Singapore", "colour"]
        {
            assert!(told(&output).contains(expected), "{expected}:\n{}", told(&output));
        }
    }
    assert_eq!(code(&bordergate(&["config", "check", "/nonexistent.yaml"], b"")), 3);
    let schema = bordergate(&["config", "schema"], b"");
    assert!(
        serde_json::from_slice::<Value>(&schema.stdout).unwrap()["properties"]["listeners"]
            .is_object()
    );
    let default =
        file(folder.path(), "default.yaml", bordergate(&["config", "default"], b"").stdout);
    assert_eq!(code(&bordergate(&["config", "check", &default], b"")), 0);
    let default = fs::read(default).unwrap();
    assert_eq!(code(&bordergate(&["config", "check", "-"], &default)), 0);
    let output = bordergate(&["config", "check", "-"], b"listeners: []\ncolour: blue\n");
    assert!(code(&output) == 3 && told(&output).contains("standard input:2:"), "{}", told(&output));
}

#[test]
fn the_demonstration_keeps_its_word_under_load() {
    let output = bordergate(&["demo"], b"");
    assert_eq!(code(&output), 0, "{}{}", text(&output), told(&output));
    for expected in
        ["✓ allow", "✂ redact", "✗ block", "mode: enforce", "refused", "0 failed, 0 judged"]
    {
        assert!(text(&output).contains(expected), "{expected}:\n{}", text(&output));
    }
}

/// A demonstration that writes into `folder`, and what it has printed up to `until`.
fn demonstration(
    folder: &Path,
    arguments: &[&str],
    until: &str,
) -> (std::process::Child, String, impl Read) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bordergate"))
        .arg("demo")
        .args(arguments)
        .env("TMPDIR", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains(until) {
        assert_ne!(lines.read_line(&mut text).unwrap(), 0, "{text}");
    }
    (child, text, lines)
}

fn terminated(mut child: std::process::Child) -> Option<i32> {
    let pid = child.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    child.wait().unwrap().code()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// The commands it proposes are tried as they stand.
#[test]
fn the_demonstration_shows_what_arrives_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (child, text, _rest) = demonstration(folder.path(), &["--keep"], "explode$/redact/");
    assert!(!is_empty(folder.path()));
    let (_, hints) = text.split_once("It goes on running").unwrap();
    let run = |script: &str| {
        let output = Command::new("sh").args(["-c", script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let hint = |title: &str, lines: usize| {
        let (_, after) = hints.split_once(title).unwrap();
        run(&after.lines().skip(1).take(lines).collect::<Vec<_>>().join("\n"))
    };
    assert!(hint("# allowed", 3).contains(r#""received":{"imei":"867619040000019"}"#));
    let redacted = hint("# redacted", 3);
    assert!(redacted.contains(r#""received":{"imei":"867619040000019"}"#), "{redacted}");
    assert!(hint("# blocked", 3).contains("There is no explicit consent to direct marketing."));
    assert!(hint("# what was recorded", 2).contains("\nbordergate_transfers_total"));
    let refused = hint("# break a rule", 2);
    assert!(refused.contains("unknown value `explode`"), "{refused}");
    let page = hints.lines().find_map(|line| line.trim().strip_prefix("http://")).unwrap();
    assert!(
        run(&format!("curl -sL -H 'Accept: text/html' http://{page}"))
            .contains("<title>Bordergate</title>")
    );
    assert_eq!(terminated(child), Some(0));
    assert!(is_empty(folder.path()));
    // Nor does one that is ended before it is over.
    let (child, _, _rest) = demonstration(folder.path(), &[], "services keep calling");
    assert_eq!(terminated(child), Some(1));
    assert!(is_empty(folder.path()));
}

fn minimal(listener: &str, more: &str) -> String {
    format!(
        "listeners: [{{ name: a, address: \"{listener}\" }}]
admin: {{ address: \"127.0.0.1:0\" }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://127.0.0.1:1\"] }}]
routes: [{{ id: r, data_centre: dc }}]
{more}
"
    )
}

#[test]
fn serve_says_why_it_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let missing = minimal("127.0.0.1:0", "geoip: { database: /nonexistent/country.mmdb }");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let in_use = minimal(&port.local_addr().unwrap().to_string(), "");
    for (config, expected) in [(in_use, "in use"), (missing, "/nonexistent/country.mmdb")] {
        let path = file(folder.path(), "bordergate.yaml", config);
        let output = bordergate(&["serve", "--config", &path], b"");
        assert_ne!(code(&output), 0);
        assert!(told(&output).contains(expected), "{expected}:\n{}", told(&output));
    }
}

/// What the files say that a configuration names is found out before a start, all of it at once.
#[test]
fn a_check_reads_what_the_configuration_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| file(folder.path(), name, text);
    path("rules/law/alone.yaml", "rules: []\n");
    path(
        "operators.yaml",
        "operators:\n  - { name: rita, roles: [reed], certificate: rita.ops.example }\n",
    );
    path("subject.key", "short");
    path("token", "brief");
    let more = |operators: &str| {
        format!(
            "rules: {{ directory: rules }}
audit: {{ sink: file, path: audit.jsonl, subject_key_file: subject.key }}
admin: {{ address: \"127.0.0.1:0\", {operators} }}"
        )
    };
    let config = |more: String| {
        let text =
            minimal("127.0.0.1:0", &more).replace("admin: { address: \"127.0.0.1:0\" }\n", "");
        path("bordergate.yaml", &text)
    };
    for (operators, expected) in
        [("operators_file: operators.yaml", "operators.yaml:2"), ("token_file: token", "token")]
    {
        let output = bordergate(&["config", "check", &config(more(operators))], b"");
        assert_eq!(code(&output), 3, "{}", told(&output));
        for expected in [expected, "subject.key", "there is no category"] {
            assert!(told(&output).contains(expected), "{expected}:\n{}", told(&output));
        }
    }
}

/// What keeps no gateway from starting, and is a slip all the same: each is a warning with its line, and no refusal.
#[test]
fn a_check_warns_of_what_would_be_found_out_too_late() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| file(folder.path(), name, text);
    let certificate = |name: &str, from: i32, to: i32| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        path(&format!("{name}.crt"), &params.self_signed(&key).unwrap().pem());
        path(&format!("{name}.key"), &key.serialize_pem());
    };
    certificate("old", 2020, 2021);
    certificate("new", 2200, 2201);
    certificate("good", 2020, 2200);
    path("open.key", &"facts".repeat(8));
    let others = |name: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for name in ["old.key", "new.key", "good.key"] {
        others(name, 0o600);
    }
    others("open.key", 0o644);
    let minimal = minimal("127.0.0.1:0", "");
    let listener = |name: &str| {
        let tls = format!("tls: {{ certificate: {name}.crt, key: {name}.key }}");
        minimal.replace("\" }]\nadmin", &format!("\", {tls} }}]\nadmin"))
    };
    let route =
        |more: &str| minimal.replace("data_centre: dc }", &format!("data_centre: dc, {more} }}"));
    for (config, line, words) in [
        (listener("old"), 1, "ran out on 2021-01-01"),
        (listener("new"), 1, "is good only from 2200-01-01"),
        (listener("good"), 0, ""),
        (route("purpose: cloudsync"), 4, "did you mean `cloud_sync`?"),
        (route("purpose: cloud_sync"), 0, ""),
        (
            route("recipient: { class: first_party_facilty }"),
            4,
            "did you mean `first_party_facility`?",
        ),
        (
            format!("{minimal}rules: {{ shadow: {{ directory: rules-nxt }} }}"),
            6,
            "rules-nxt` is not there",
        ),
        (
            format!("{minimal}facts: {{ path: f.redb, key_file: open.key }}"),
            6,
            "open.key` can be read by every user",
        ),
    ] {
        let output = bordergate(&["config", "check", &path("bordergate.yaml", &config)], b"");
        let told = told(&output);
        assert_eq!(code(&output), 0, "{words}: {told}");
        assert_eq!(told.contains("warning"), !words.is_empty(), "{words}: {told}");
        assert!(told.contains(words), "{words}: {told}");
        if line > 0 {
            assert!(told.contains(&format!("bordergate.yaml:{line}:")), "{words}: {told}");
        }
    }

    // Facts that were filed under another key: nobody in them would be found, so it is no mere warning.
    others("open.key", 0o600);
    let config =
        path("bordergate.yaml", &format!("{minimal}facts: {{ path: f.redb, key_file: open.key }}"));
    assert_eq!(code(&bordergate(&["facts", "export", "--config", &config], b"")), 0);
    let check = || bordergate(&["config", "check", &config], b"");
    assert_eq!(code(&check()), 0, "{}", told(&check()));
    path("open.key", &"other".repeat(8));
    let output = check();
    assert!(code(&output) == 3 && told(&output).contains("under another key"), "{}", told(&output));
}

/// What a start would refuse a check refuses, in the same words, with the same code, and in its line.
#[test]
fn a_check_and_a_start_refuse_the_same_and_name_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| file(folder.path(), name, text);
    for name in ["a", "b"] {
        let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        path(&format!("{name}.crt"), &pair.cert.pem());
        path(&format!("{name}.key"), &pair.signing_key.serialize_pem());
    }
    path("short", "short");
    let minimal = minimal("127.0.0.1:0", "");
    let listener =
        |tls: &str| minimal.replace("\" }]\nadmin", &format!("\", tls: {tls} }}]\nadmin"));
    let admin = |more: &str| {
        minimal.replace("127.0.0.1:0\" }\ndata", &format!("127.0.0.1:0\", {more} }}\ndata"))
    };
    let route =
        |more: &str| minimal.replace("data_centre: dc }", &format!("data_centre: dc, {more} }}"));
    let collector = |more: &str| {
        format!(
            "{minimal}telemetry:\n  otlp:\n    endpoint: \"https://localhost\"\n    traces: true\n    {more}\n"
        )
    };
    let cases = [
        (listener("{ certificate: a.crt, key: b.key }"), 1, "its key is that of another"),
        (listener("{ certificate: a.key, key: a.crt }"), 1, "a.key` cannot be used"),
        (
            listener("{ certificate: a.crt, key: a.key, client_roots: a.key }"),
            1,
            "a.key` cannot be used",
        ),
        (admin("tls: { certificate: a.crt, key: b.key }"), 2, "is not the certificate of the key"),
        (admin("tls: { certificate: a.crt, key: a.crt }"), 2, "is no private key"),
        // Each in its own line, whatever else the complaint names.
        (
            admin("tls: {\n key: b.key,\n certificate: a.crt }"),
            4,
            "is not the certificate of the key",
        ),
        (admin("tls: {\n certificate: a.crt,\n key: b.crt }"), 4, "b.crt` is no private key"),
        (
            admin("tls: {\n certificate: a.crt,\n key: a.key,\n client_roots: short }"),
            5,
            "short` holds no certificate",
        ),
        (admin("token_file: short"), 2, "is shorter than 16"),
        (route("context: { origin: Pakistan }"), 4, "`Pakistan`"),
        (route("exporter: { role: controler }"), 4, "controler"),
        (format!("{minimal}geoip: {{ database: a.crt }}"), 6, "is not a country database"),
        (format!("{minimal}audit: {{ subject_key_file: short }}"), 6, "has 5 bytes"),
        (
            format!("{minimal}audit: {{ sink: file, path: a.jsonl, seal: {{ key_file: a.crt }} }}"),
            6,
            "is not an Ed25519 private key",
        ),
        (
            format!(
                "{minimal}telemetry: {{ otlp: {{ endpoint: \"https://localhost\", traces: true, token_file: a.crt }} }}"
            ),
            6,
            "a.crt`",
        ),
        (
            collector("client_key: b.key\n    client_certificate: a.crt"),
            11,
            "not the certificate of",
        ),
        (
            collector("client_certificate: a.crt\n    client_key: short"),
            11,
            "short` cannot be used",
        ),
        (collector("sample_percent: 5\n    roots: short"), 11, "short` holds no usable root"),
        (format!("{minimal}audit: {{ sink: file, path: nodir/a.jsonl }}"), 6, "nodir/a.jsonl"),
        (format!("{minimal}facts: {{ path: f.redb, key_file: short }}"), 6, "has 5 bytes"),
    ];
    for (number, (config, line, words)) in cases.into_iter().enumerate() {
        let config = path("bordergate.yaml", &config);
        let commands = [&["config", "check", &config][..], &["serve", "--config", &config]];
        // A start takes a while.
        let tried = if number.is_multiple_of(3) { 2 } else { 1 };
        for command in commands.into_iter().take(tried) {
            let output = bordergate(command, b"");
            let told = told(&output);
            assert_eq!(code(&output), 3, "{words}: {told}");
            assert!(told.contains(&format!("bordergate.yaml:{line}:")), "{words}: {told}");
            assert!(told.contains(words) && told.contains("help"), "{words}: {told}");
            for ours in ["KeyMismatch", "struct ", "PRIVATE KEY"] {
                assert!(!told.contains(ours), "{told}");
            }
        }
        assert!(!folder.path().join("a.jsonl").exists(), "a check makes nothing");
    }
    // A store may be mounted later: it is said, and hinders nobody.
    path("long", &"facts".repeat(8));
    let config = path(
        "bordergate.yaml",
        &format!("{minimal}facts: {{ path: nodir/f.redb, key_file: long }}"),
    );
    let output = bordergate(&["config", "check", &config], b"");
    assert_eq!(code(&output), 0, "{}", told(&output));
    assert!(
        told(&output).contains("bordergate.yaml:6:16: warning: no such directory"),
        "{}",
        told(&output)
    );
}

#[test]
fn no_command_shows_a_secret_it_was_given_for_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let pem = pair.signing_key.serialize_pem();
    let secret = pem.lines().nth(1).unwrap().get(..24).unwrap();
    let key = file(folder.path(), "rsa.key", &pem);
    file(folder.path(), "rules/law/key.yaml", &pem);
    let rules = folder.path().join("rules").display().to_string();
    let keyring =
        file(folder.path(), "keyring.yaml", minimal("127.0.0.1:0", "rules: { keyring: rsa.key }"));
    let operators = file(
        folder.path(),
        "operators.yaml",
        minimal("127.0.0.1:0", "")
            .replace("127.0.0.1:0\" }\ndata", "127.0.0.1:0\", operators_file: rsa.key }\ndata"),
    );
    for command in [
        &["config", "check", &key][..],
        &["config", "check", &keyring],
        &["config", "check", &operators],
        &["rules", "check", &rules],
        &["detokenise", "--keyring", &key, "-"],
        &["decide", "--context", &key, &key],
    ] {
        let output = bordergate(command, b"");
        assert_ne!(code(&output), 0, "{command:?}");
        for shown in [told(&output), text(&output)] {
            assert!(
                !shown.contains(secret) && !shown.contains("-----BEGIN"),
                "{command:?}: {shown}"
            );
            assert!(!shown.contains("struct "), "{command:?}: {shown}");
        }
    }
    let told = told(&bordergate(&["config", "check", &keyring], b""));
    assert!(
        told.contains("rsa.key:1:1")
            && told.contains("expected a mapping with `current:` and `keys:`"),
        "{told}"
    );
}

#[test]
fn what_is_no_context_and_no_directory_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let context = file(folder.path(), "c.json", "{\"origin\": \"PK\"");
    let payload = file(folder.path(), "p.json", "{}");
    let output = bordergate(&["decide", "--context", &context, &payload], b"");
    let complaint = told(&output);
    assert_eq!(complaint.matches("EOF").count(), 1, "{complaint}");
    assert_eq!(complaint.matches("not a context").count(), 1, "{complaint}");
    let context = file(folder.path(), "c.json", "{\"origin\": \"PK\"}");
    let nowhere = folder.path().join("nodir").display().to_string();
    for command in [
        &["decide", "--rules", &nowhere, "--context", &context, &payload][..],
        &["rules", "check", &nowhere],
    ] {
        let output = bordergate(command, b"");
        assert_eq!(code(&output), 3);
        assert_eq!(told(&output).matches("error:").count(), 1, "{}", told(&output));
    }
    let output = bordergate(&["config", "check", folder.path().to_str().unwrap()], b"");
    assert!(!told(&output).contains("--config"), "{}", told(&output));
}

#[test]
fn no_broken_database_is_taken_and_none_ends_in_a_panic() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-data/bad-mmdb");
    let folder = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for entry in fs::read_dir(data).expect("`make data` fetches them") {
        let database = entry.unwrap().path();
        // A broken coordinate of a city says nothing about countries; such a file may be taken.
        if database.to_string_lossy().contains("City") {
            continue;
        }
        let config =
            minimal("127.0.0.1:0", &format!("geoip: {{ database: \"{}\" }}", database.display()));
        let path = file(folder.path(), "bordergate.yaml", config);
        let output = bordergate(&["serve", "--config", &path], b"");
        let told = told(&output);
        assert!([1, 3].contains(&code(&output)), "{}: {told}", database.display());
        assert!(told.contains("country database") && !told.contains("panicked"), "{told}");
        tried += 1;
    }
    assert!(tried > 5, "{tried}");
}

#[test]
fn a_configuration_with_a_real_country_database_is_right() {
    let database = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-data/country.mmdb");
    let folder = tempfile::tempdir().unwrap();
    let config =
        minimal("127.0.0.1:0", &format!("geoip: {{ database: \"{}\" }}", database.display()));
    let path = file(folder.path(), "bordergate.yaml", config);
    let output = bordergate(&["config", "check", &path], b"");
    assert_eq!(code(&output), 0, "{}", told(&output));
}
