//! The audit of a running gateway, and what `bordergate audit` says of it afterwards.

mod kill;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    ALLOW_ALL, Connection, PATIENCE, Process, Upstream, bordergate, eventually_found, exchanges,
};

/// The published pair of RFC 8410 §10.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

/// A folder with the keys of an audit, and where the audit goes; a data centre behind it.
struct AuditFolder {
    folder: TempDir,
    upstream: Upstream,
}

impl AuditFolder {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let audited = Self { folder, upstream: Upstream::start().await };
        fs::write(audited.path("audit.key"), PRIVATE).unwrap();
        fs::write(audited.path("audit.pub"), PUBLIC).unwrap();
        fs::create_dir(audited.path("rules")).unwrap();
        fs::create_dir(audited.path("log")).unwrap();
        fs::write(audited.path("rules/allow.yaml"), ALLOW_ALL).unwrap();
        audited
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self, audit: &str) -> PathBuf {
        let path = self.path("bordergate.yaml");
        let upstream = self.upstream.address;
        let text = format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\" }}
trusted_hops: [127.0.0.0/8]
workers: 2
audit: {{ sink: file, path: log/audit.jsonl, {audit} }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://{upstream}\"], transport: tls }}]
routes: [{{ id: all, data_centre: dc, purpose: service_activation }}]
context:
  subject: {{ consents: [{{ scope: service, type: explicit, policy_version: \"2019-03-18\", given_at: 2020-01-10T08:00:00Z }}] }}
"
        );
        fs::write(&path, text).unwrap();
        path
    }
}

fn request(trace: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(Method::POST)
        .uri("/v1")
        .header("host", "dc.test")
        .header("content-type", "application/json")
        .header("bordergate-transfer", "origin=PK")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
        .body(Full::from("{\"imei\":\"867619040000019\"}"))
        .unwrap()
}

fn audit(arguments: &[&str], paths: &[&Path]) -> Output {
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    bordergate(&[&["audit"], arguments, &paths[..]].concat(), "")
}

fn verify(audited: &AuditFolder, path: &Path) -> (i32, Value) {
    let key = audited.path("audit.pub").display().to_string();
    let output = audit(&["verify", "--format", "json", "--key", &key], &[path]);
    let told = String::from_utf8_lossy(&output.stderr);
    let object = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    (output.status.code().unwrap(), object)
}

/// Sends until the gateway is gone; the traces that were answered.
async fn send_until_killed(
    address: std::net::SocketAddr,
    first: u64,
    answered: Arc<AtomicUsize>,
) -> Vec<String> {
    let mut traces = Vec::new();
    let mut connection = Connection::open(address).await;
    for number in first.. {
        let trace = format!("{number:032x}");
        let Ok(answer) = connection.try_send(request(&trace)).await else { break };
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        traces.push(trace);
        answered.fetch_add(1, Ordering::Relaxed);
    }
    traces
}

/// Killed again and again under load: what was answered is on record, the chain goes on over every end,
/// and what was not finished is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_leaves_an_audit_that_says_what_it_is() {
    let audited = AuditFolder::open().await;
    let config = audited.configure(
        "required: true, commit: 10s, sync: at_shutdown, \
         seal: { key_file: audit.key, lines: 100, interval: 100ms }, rotate: { bytes: 64KiB }",
    );
    let mut all = Vec::new();
    for round in 0..3_u64 {
        let mut gateway = Process::start(&config);
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..8)
            .map(|client| {
                let first = 1 + round * 1_000_000 + client * 100_000;
                tokio::spawn(send_until_killed(gateway.address, first, Arc::clone(&answered)))
            })
            .collect();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while answered.load(Ordering::Relaxed) < 300 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        gateway.kill();
        for client in clients {
            all.extend(client.await.unwrap());
        }
    }
    // The last one ends as it should.
    Process::start(&config).terminate();
    assert!(all.len() >= 900, "{}", all.len());

    let log = audited.path("log");
    let (code, told) = verify(&audited, &log);
    assert_eq!(code, 0, "{told:#}");
    for found in told["verified"]["found"].as_array().unwrap() {
        let what = found["what"].as_str().unwrap();
        assert!(["cut_off", "unclosed", "unsealed"].contains(&what), "{found}");
    }
    assert_eq!(told["verified"]["sealed"], told["verified"]["last"], "{told:#}");
    assert!(told["files"].as_array().unwrap().len() > 3, "{told:#}");

    let mut recorded = HashSet::new();
    for file in fs::read_dir(&log).unwrap() {
        for record in exchanges(&fs::read_to_string(file.unwrap().path()).unwrap()) {
            recorded.insert(record["trace_id"].as_str().unwrap().to_owned());
        }
    }
    for trace in &all {
        assert!(recorded.contains(trace), "{trace} was answered and is not on record");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_tampering_is_found_and_named() {
    let audited = AuditFolder::open().await;
    let config = audited.configure("seal: { key_file: audit.key, lines: 10 }");
    let mut gateway = Process::start(&config);
    let mut connection = Connection::open(gateway.address).await;
    for number in 1..=25_u64 {
        let answer = connection.send(request(&format!("{number:032x}"))).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    drop(connection);
    gateway.terminate();
    let path = audited.path("log/audit.jsonl");
    let original = fs::read_to_string(&path).unwrap();
    let (code, told) = verify(&audited, &path);
    assert_eq!((code, &told["intact"]), (0, &Value::Bool(true)), "{told:#}");
    let lines: Vec<String> = original.lines().map(str::to_owned).collect();
    let at = |number: u64| {
        let trace = format!("\"trace_id\":\"{number:032x}\"");
        lines.iter().position(|line| line.contains(&trace)).unwrap()
    };
    let (three, seven) = (at(3), at(7));
    let edited = lines[seven].replace("\"PK\"", "\"IN\"");
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let (code, told) = verify(&audited, &path);
        assert_eq!((code, &told["intact"]), (13, &Value::Bool(false)), "{told:#}");
        let found = told["verified"]["found"].as_array().unwrap().clone();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    let seq = |index: usize| Value::from(index + 1);
    let found = changed(&|lines| lines[seven].clone_from(&edited));
    assert_eq!((&found["what"], &found["seq"]), (&"edited".into(), &seq(seven)));
    assert_eq!(found["trace_id"], format!("{:032x}", 7));
    let found = changed(&|lines| drop(lines.remove(seven)));
    assert_eq!((&found["what"], &found["from"]), (&"missing".into(), &seq(seven)));
    let found = changed(&|lines| lines.insert(seven, lines[three].clone()));
    assert_eq!((&found["what"], &found["seq"]), (&"inserted".into(), &seq(three)));
    let found = changed(&|lines| lines.swap(seven, seven + 1));
    assert_eq!((&found["what"], &found["seq"]), (&"moved".into(), &seq(seven)));
    assert_eq!(found["line"], seven + 2);

    let text = audit(&["verify"], &[&path]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains(&format!("line {} was moved here", seven + 1)), "{text}");
}

/// Whoever can write the files can write a chain of their own; no seal vouches for it then, alone or behind one that
/// is sealed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_nobody_sealed_is_not_proven() {
    let audited = AuditFolder::open().await;
    let path = audited.path("log/audit.jsonl");
    let mut written = Vec::new();
    for seal in ["seal: { key_file: audit.key, lines: 10 }", "required: false"] {
        let mut gateway = Process::start(&audited.configure(seal));
        let mut connection = Connection::open(gateway.address).await;
        for number in 1..=12_u64 {
            let answer = connection.send(request(&format!("{number:032x}"))).await;
            assert_eq!(answer.status, StatusCode::OK);
        }
        drop(connection);
        gateway.terminate();
        written.push(fs::read_to_string(&path).unwrap());
        fs::remove_file(&path).unwrap();
    }
    let [sealed, own] = &written[..] else { panic!("{}", written.len()) };
    for (text, code, vouched_for) in
        [(sealed.clone(), 0, true), (own.clone(), 14, false), (format!("{sealed}{own}"), 14, false)]
    {
        fs::write(&path, text).unwrap();
        let (exit, told) = verify(&audited, &path);
        assert_eq!((exit, &told["vouched_for"]), (code, &Value::Bool(vouched_for)), "{told:#}");
        assert_eq!(told["intact"], true, "{told:#}");
    }
    let key = audited.path("audit.pub").display().to_string();
    let text = audit(&["verify", "--key", &key], &[&path]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("not proven: ") && text.contains("vouches for this chain"), "{text}");
}

/// A disk that is full: whoever needs a record is refused and told so, others go on, and both show.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_behaves_as_configured_and_shows() {
    for (required, status) in [(true, StatusCode::SERVICE_UNAVAILABLE), (false, StatusCode::OK)] {
        let audited = AuditFolder::open().await;
        let config = audited.configure(&format!("required: {required}"));
        let text = fs::read_to_string(&config).unwrap().replace("log/audit.jsonl", "/dev/full");
        fs::write(&config, text).unwrap();
        let mut gateway = Process::start(&config);
        let mut connection = Connection::open(gateway.address).await;
        for number in 1..=5 {
            let answer = connection.send(request(&format!("{number:032x}"))).await;
            assert_eq!(answer.status, status, "{}", answer.text());
        }
        assert_eq!(audited.upstream.received().len(), if required { 0 } else { 5 });
        let mut admin = Connection::open(gateway.admin).await;
        let mut ask = async |path: &str| {
            let request =
                Request::get(path).header("host", "localhost").body(Full::default()).unwrap();
            admin.send(request).await.text()
        };
        let page = eventually_found("the audit does not fail", async || {
            let page: Value = serde_json::from_str(&ask("/-/status").await).unwrap();
            if page["audit"]["failing"] == true { Ok(page) } else { Err(page) }
        })
        .await;
        let error = page["audit"]["last_error"].as_str().unwrap();
        assert!(error.contains("No space"), "{error}");
        let metrics = ask("/metrics").await;
        assert!(metrics.contains("bordergate_audit_errors_total{kind=\"no_space\"}"), "{metrics}");
        // Where nothing may be sent, others had better take the requests.
        eventually_found("others are not told as they should be", async || {
            let ready = ask("/readyz").await;
            let is_told = ready.contains("no audit record can be written");
            if is_told == required { Ok(()) } else { Err(ready) }
        })
        .await;
        // What is lost in the end is not passed over.
        drop((connection, admin));
        assert_eq!(gateway.end(), Some(1));
        let log = eventually_found("what is lost is passed over", async || {
            let log = gateway.log.lock().unwrap().clone();
            if log.contains("the audit does not tell of them") { Ok(log) } else { Err(log) }
        })
        .await;
        let warnings = log.lines().filter(|line| line.contains("no audit record could be made"));
        // One a worker, however many were refused.
        assert!(warnings.filter(|line| line.contains("WARN")).count() <= 2, "{log}");
    }
}

#[test]
fn wrong_keys_and_missing_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("not.pem");
    fs::write(&path, "nothing").unwrap();
    let output = audit(&["verify", "--key", path.to_str().unwrap()], &[&path]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("not.pem") && told.contains("public key"), "{told}");
    let output = audit(&["verify"], &[folder.path()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`.jsonl`"));
    assert_eq!(audit(&["verify", "--expect", "12"], &[&path]).status.code(), Some(2));
    for bytes in [&b""[..], b"nothing\n", b"\xff\x00\n\n\x01"] {
        fs::write(&path, bytes).unwrap();
        let output = audit(&["verify"], &[&path]);
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(14), "{told}");
        assert!(told.contains("nothing to verify") && !told.contains("intact"), "{told}");
        let output = audit(&["verify", "--format", "json"], &[&path]);
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &object["intact"]), (Some(14), &false.into()));
    }
}

/// What was sent is counted by where and what for, and a person's own records are found by their key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_register_and_a_persons_own_records_come_from_the_audit() {
    let audited = AuditFolder::open().await;
    fs::write(audited.path("subject.key"), [7; 32]).unwrap();
    let config = audited.configure("subject_key_file: subject.key");
    let mut gateway = Process::start(&config);
    let mut connection = Connection::open(gateway.address).await;
    for (number, phone) in [(1, "+923451112233"), (2, "+92 345 1112233"), (3, "+923459998877")] {
        let mut request = request(&format!("{number:032x}"));
        let body = format!("{{\"user\":{{\"phone\":\"{phone}\"}}}}");
        *request.body_mut() = Full::from(body);
        assert_eq!(connection.send(request).await.status, StatusCode::OK);
    }
    drop(connection);
    gateway.terminate();
    let path = audited.path("log/audit.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("1112233") && !text.contains("9998877"), "{text}");

    let output = audit(&["report", "--format", "json"], &[&path]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["transfers"], &report["subjects"]), (&3.into(), &2.into()), "{report:#}");
    let row = &report["rows"][0];
    for (name, expected) in [
        ("origin", Value::from("PK")),
        ("destination", "SG".into()),
        ("purpose", "service_activation".into()),
        ("transfers", 3.into()),
        ("allowed", 3.into()),
        ("subjects", 2.into()),
    ] {
        assert_eq!(row[name], expected, "{name} in {row:#}");
    }
    assert_eq!(row["categories"][0]["category"], "user.contact.phone_number");
    for (format, words) in [
        ("table", "3 transfers of 2 people"),
        ("csv", "PK,SG,dc,service_activation,3,3,0,0,0,2"),
        ("html", "<h1>Register of cross-border transfers</h1>"),
    ] {
        let output = audit(&["report", "--format", format], &[&path]);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(words) || format == "csv" && text.contains("PK,SG,"), "{text}");
    }
    // From a trace id to its record, with what the rules it names say.
    let instance = format!("urn:bordergate:trace:{:032x}", 2);
    let output = audit(&["show", &instance], &[&path]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for words in ["✓ allow", "PK → SG, for service_activation", "user.contact.phone_number  1"]
    {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let output = audit(&["show", "--format", "json", &instance], &[&path]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["record"]["trace_id"], format!("{:032x}", 2));
    let nobody = format!("{:032x}", 99);
    assert_eq!(audit(&["show", &nobody], &[&path]).status.code(), Some(1));
    assert_eq!(audit(&["show", "a trace"], &[&path]).status.code(), Some(1));

    let later = audit(&["report", "--format", "json", "--from", "2100-01-01"], &[&path]);
    let later: Value = serde_json::from_slice(&later.stdout).unwrap();
    assert_eq!(later["transfers"], 0);

    let key = audited.path("subject.key").display().to_string();
    let of = |phone: &str| -> Vec<Value> {
        let arguments = ["subject", "--format", "jsonl", "--key-file", &key, "--phone", phone];
        let output = audit(&arguments, &[&path]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let traces: Vec<Value> =
        of("0092 345 111 2233").iter().map(|it| it["trace_id"].clone()).collect();
    assert_eq!(traces, [format!("{:032x}", 1), format!("{:032x}", 2)]);
    assert_eq!(of("+923459998877")[0]["sent"], serde_json::json!(["user.contact.phone_number"]));
    assert_eq!(of("+923450000000").len(), 0);
    // Under another key nobody is found, which says nothing of anybody.
    let other = audited.path("other.key");
    fs::write(&other, [8; 32]).unwrap();
    let other = other.display().to_string();
    let output = audit(&["subject", "--key-file", &other, "--phone", "+923459998877"], &[&path]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("another key"), "{told}");
}

/// Of a provision in several parts, the one that decided is shown: the one the record names, or in records of
/// old those that may have.
#[test]
fn a_record_is_shown_with_the_part_that_decided() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let trace = "4f6f73525157590670dc44d23798d0cf";
    let show = |effect: &str, members: Value| {
        let mut record = serde_json::json!({
            "time": "2026-11-24T04:16:59Z", "stage": "closed", "generation": 2, "trace_id": trace,
            "origin": "US", "destination": "SG", "recipient": {}, "purpose": "data_sale",
            "effect": effect, "rules": ["JR-US-12"], "tags": [], "coverage": "full", "status": 451,
        });
        let record = record.as_object_mut().unwrap();
        record.extend(members.as_object().unwrap().clone());
        fs::write(&path, format!("{}\n", Value::Object(record.clone()))).unwrap();
        let output = audit(&["show", trace], &[&path]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (blocks, one_of) = ("JR-US-12 (opt-out) blocks", "by one of these parts");
    let told = show(
        "block",
        serde_json::json!({"blocked_by": ["JR-US-12"], "parts": ["JR-US-12/opt-out"], "reason": "Other words."}),
    );
    assert!(told.contains(blocks) && !told.contains(one_of), "{told}");
    assert_eq!(told.matches(" blocks").count(), 1, "{told}");
    // A record of old: of one part the effect and the reason are those of the record.
    let reason = "The person has opted out of sale and sharing.";
    let told = show("block", serde_json::json!({"blocked_by": ["JR-US-12"], "reason": reason}));
    assert!(told.contains(blocks) && !told.contains(one_of), "{told}");
    // No part has that reason: several may have taken the field out.
    let told =
        show("redact", serde_json::json!({"redacted_by": ["JR-US-12"], "reason": "Other words."}));
    assert!(told.contains("JR-US-12 redacts, by one of these parts:"), "{told}");
    assert!(told.contains("JR-US-12 (florida)\n") && told.contains("JR-US-12 (texas)\n"), "{told}");
    assert_eq!(told.matches(" redacts").count(), 1, "{told}");
    assert!(
        !told.contains("JR-US-12 (opt-out)"),
        "what asks for nothing blocks or nothing\n{told}"
    );
    // What only had a say says which parts there are.
    let told = show("allow", serde_json::json!({}));
    assert!(told.contains("JR-US-12                 one of: "), "{told}");
}

/// What a record names by id is told with title, statute and what it requires; what was refused is no transfer.
#[test]
fn a_record_is_shown_with_what_its_rules_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let blocked = "{\"time\":\"2026-11-24T04:16:59.017537439Z\",\"stage\":\"closed\",\"generation\":2,\
        \"trace_id\":\"4f6f73525157590670dc44d23798d0cf\",\"origin\":\"PK\",\"destination\":\"SG\",\
        \"recipient\":{\"class\":\"first_party_facility\",\"id\":\"mi-dc-singapore\"},\"purpose\":\"direct_marketing\",\
        \"effect\":\"block\",\"rules\":[\"JR-00-05\",\"MI-42\",\"OLD-1\"],\"blocked_by\":[\"MI-42\"],\
        \"reason\":\"There is no explicit consent to direct marketing.\",\
        \"tags\":[{\"tag\":\"user.contact.email\",\"count\":1,\"pointers\":[\"/email\"]}],\"coverage\":\"full\",\"status\":403}";
    let refused = "{\"time\":\"2026-11-24T04:17:00Z\",\"stage\":\"closed\",\"generation\":2,\
        \"trace_id\":\"5f6f73525157590670dc44d23798d0cf\",\"origin\":null,\"destination\":null,\"recipient\":{},\
        \"purpose\":null,\"effect\":\"refused\",\"rules\":[],\"tags\":[],\"status\":404,\"error\":\"no-route\"}";
    fs::write(&path, format!("{blocked}\n{refused}\n")).unwrap();
    let show = |trace: &str| {
        let output = audit(&["show", trace], &[&path]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let hint = String::from_utf8(output.stderr).unwrap();
        (String::from_utf8(output.stdout).unwrap(), hint)
    };
    let (told, hint) = show("4f6f73525157590670dc44d23798d0cf");
    assert!(hint.contains("`--config` or `--rules`"), "{hint}");
    for words in [
        "✗ block  There is no explicit consent to direct marketing.",
        "PK → SG, for direct_marketing, to first_party_facility `mi-dc-singapore`",
        "2026-11-24T04:16:59Z, closed",
        "answered 403",
        "MI-42 blocks",
        "requires",
        "direct_marketing",
        "/email",
        "JR-00-05                 What a record on file leaves out is taken out",
        "OLD-1                    not among these rules",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let (told, hint) = show("urn:bordergate:trace:5f6f73525157590670dc44d23798d0cf");
    assert_eq!(hint, "");
    assert!(told.contains("✗ refused  Before it was judged"), "{told}");
    assert!(told.contains("failed: `no-route`") && !told.contains("→"), "{told}");

    let report = |format: &str| {
        let output = audit(&["report", "--format", format], &[&path]);
        String::from_utf8(output.stdout).unwrap()
    };
    let object: Value = serde_json::from_str(&report("json")).unwrap();
    assert_eq!((&object["transfers"], &object["subjects"]), (&1.into(), &Value::Null));
    let sheet = report("csv");
    assert!(sheet.lines().next().unwrap().contains(",failed,people,"), "{sheet}");
    assert_eq!(object["refused"], serde_json::json!({"no-route": 1}));
    let table = report("table");
    assert!(table.contains("refused before being judged: 1 request (no-route 1)"), "{table}");
    assert!(table.contains("1 transfer, "), "{table}");
    assert!(table.contains("not counted") && !table.contains("0 people"), "{table}");
    let page = report("html");
    assert!(page.contains(">failed</th>") && page.contains("not counted"), "{page}");
}
