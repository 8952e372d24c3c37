//! Values that exist nowhere else, sent through every path there is; then everything the process wrote is
//! read, and none of them may stand in it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::Engine as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::harness::{Process, Upstream};

/// Makes values and remembers what must not be found of each.
struct Markers(Vec<String>);

impl Markers {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn next(&mut self, shape: impl Fn(&str) -> String) -> String {
        let digest = Sha256::digest(self.0.len().to_string());
        let core: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let core = format!("qz{}", core.get(..10).unwrap());
        self.0.push(core.clone());
        shape(&core)
    }

    fn email(&mut self) -> String {
        self.next(|core| format!("{core}@example.net"))
    }

    fn word(&mut self) -> String {
        self.next(str::to_owned)
    }

    /// A number without letters in it.
    fn phone(&mut self) -> String {
        let number = format!("+92345{:07}", 1_357_000 + self.0.len());
        self.0.push(number.get(4..).unwrap().to_owned());
        number
    }
}

const BLOCK_ALL: &str = "
layer: organisation
title: Nothing leaves
rules:
  - id: M-NONE
    title: Nothing leaves
    statute: this test
    when: { data: any }
    effect: block
    reason: Everything stays at home.
";

/// Sends bytes as they are and reads what comes until the other side ends or has nothing more to say.
fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut part = [0; 16 << 10];
    // What goes on for ever has been seen by then.
    let by = std::time::Instant::now() + Duration::from_secs(4);
    while let Ok(count @ 1..) = stream.read(&mut part)
        && std::time::Instant::now() < by
    {
        answer.extend_from_slice(&part[..count]);
    }
    answer
}

fn post(address: SocketAddr, path: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: dc.test\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    raw(address, &[head.as_bytes(), body].concat())
}

fn get(address: SocketAddr, path: &str, token: &str) -> Vec<u8> {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    raw(address, head.as_bytes())
}

/// Takes whatever is sent to a collector, and keeps all of it, heads too.
fn collector() -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let kept = Arc::<Mutex<Vec<u8>>>::default();
    let all = Arc::clone(&kept);
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let all = Arc::clone(&all);
            std::thread::spawn(move || take(stream, &all));
        }
    });
    (address, kept)
}

/// Messages on one connection, each with its length.
fn take(stream: TcpStream, all: &Mutex<Vec<u8>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let mut line = String::new();
            if stream.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        all.lock().unwrap().extend([head.as_bytes(), &body].concat());
        stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_is_in_anything_the_process_wrote() {
    let upstream = Upstream::start().await;
    let told = tokio::task::spawn_blocking(move || send_everything(upstream.address)).await;
    told.unwrap();
}

fn send_everything(upstream: SocketAddr) {
    let mut markers = Markers::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let token = markers.next(|core| format!("token-{core}"));
    let desk = markers.next(|core| format!("desk-token-{core}"));
    fs::write(path("desk.token"), &desk).unwrap();
    fs::write(path("facts.key"), markers.next(|core| core.repeat(4))).unwrap();
    let hash: String = Sha256::digest(&token).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(
        path("operators.yaml"),
        format!(
            "operators: [{{ name: olga, roles: [read, operate, rules], token_sha256: {hash} }}]\n"
        ),
    )
    .unwrap();
    let (collector, collected) = collector();
    let collector_token = markers.next(|core| format!("collector-{core}"));
    fs::write(path("collector.token"), &collector_token).unwrap();
    // Rules to come, which would block everything: each transfer is an example of theirs.
    fs::create_dir_all(path("next")).unwrap();
    for file in bordergate::control::RulesSource::Embedded
        .load(&mut bordergate::source::Diagnostics::default())
        .files
    {
        let at = path("next").join(&file.name);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, file.text).unwrap();
    }
    fs::create_dir_all(path("next/organisation")).unwrap();
    fs::write(path("next/organisation/none.yaml"), BLOCK_ALL).unwrap();
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fs::write(
        path("bordergate.yaml"),
        format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\", token_file: desk.token, operators_file: operators.yaml }}
trusted_hops: [127.0.0.0/8]
workers: 1
facts: {{ path: facts.redb, key_file: facts.key }}
audit: {{ sink: file, path: audit.jsonl, required: true }}
deadlines: {{ body: 1s }}
rules: {{ shadow: {{ directory: next }} }}
telemetry: {{ otlp: {{ endpoint: \"http://{collector}\", token_file: collector.token, logs: true, interval: 50ms }} }}
data_centres:
  - {{ id: dc, jurisdiction: SG, endpoints: [\"http://{upstream}\"], transport: tls }}
  - {{ id: gone, jurisdiction: CN, endpoints: [\"http://{dead}\"], transport: tls }}
routes:
  - {{ id: gone, match: {{ host: dc.test, path_prefix: /gone }}, data_centre: gone }}
  - {{ id: all, data_centre: dc }}
"
        ),
    )
    .unwrap();
    let mut gateway = Process::start(&path("bordergate.yaml"));
    let (proxy, admin) = (gateway.address, gateway.admin);
    let json_type = "Content-Type: application/json\r\n";
    let stated = "Bordergate-Transfer: origin=PK, purpose=service_activation\r\n";

    // Through the data plane: every place of a request, read and unread, allowed and refused, whole and
    // broken off.
    for purpose in ["service_activation", "direct_marketing", "customer_support"] {
        let stated = format!("Bordergate-Transfer: origin=PK, purpose={purpose}\r\n");
        let body = json!({
            "user": { "email": markers.email(), "phone": markers.phone(), "name": markers.word(),
                "birthday": "1996-04-12", markers.email(): true },
            "note": format!("call {} or write to {}", markers.phone(), markers.email()),
            "inner": json!({ "email": markers.email() }).to_string(),
        });
        let target =
            format!("/v1/{}?email={}&q={}", markers.word(), markers.email(), markers.word());
        let headers = format!(
            "{json_type}{stated}Cookie: session={}; user={}\r\nX-User: {}\r\nAuthorization: Bearer {}\r\nBaggage: user={}\r\n",
            markers.word(),
            markers.email(),
            markers.email(),
            markers.word(),
            markers.email()
        );
        post(proxy, &target, &headers, body.to_string());
        post(proxy, "/gone", &headers, body.to_string());
    }
    for (media_type, body) in [
        (
            "application/x-www-form-urlencoded",
            format!("email={}&phone={}", markers.email(), markers.word()),
        ),
        ("text/csv", format!("email,name\n{},{}\n", markers.email(), markers.word())),
        ("text/plain", format!("email: {}", markers.email())),
        ("application/xml", format!("<user><email>{}</email></user>", markers.email())),
        ("application/json", format!("{{\"email\": \"{}\"", markers.email())),
        ("application/octet-stream", markers.word()),
        ("text/vcard", format!("BEGIN:VCARD\r\nEMAIL:{}\r\nEND:VCARD\r\n", markers.email())),
    ] {
        post(proxy, "/v1", &format!("Content-Type: {media_type}\r\n{stated}"), body);
    }
    let context = json!({ "subject": { "account_id": markers.word(), "country": markers.word() },
        "mechanisms": [{ "id": markers.email(), "type": "eu_scc" }] });
    let context = base64::engine::general_purpose::STANDARD.encode(context.to_string());
    post(
        proxy,
        "/v1",
        &format!(
            "{json_type}Bordergate-Transfer: origin=PK, purpose=cloud_sync, context=:{context}:\r\n"
        ),
        "{}",
    );
    let broken = format!(
        "{json_type}Bordergate-Transfer: origin=\"{}\", purpose={}@\r\n",
        markers.email(),
        markers.word()
    );
    post(proxy, "/v1", &broken, "{}");
    post(
        proxy,
        "/v1",
        &format!(
            "{stated}traceparent: 00-{}-x-01\r\nContent-Encoding: {}\r\n",
            markers.word(),
            markers.word()
        ),
        "{}",
    );
    for bytes in [
        format!("{} / HTTP/1.1\r\n\r\n", markers.word()),
        format!("POST /{} HTTP/1.1\r\nHost: {}\r\nHost: x\r\n\r\n", markers.word(), markers.word()),
        format!(
            "POST / HTTP/1.1\r\nHost: dc.test\r\nContent-Length: 1\r\nContent-Length: 2\r\nX: {}\r\n\r\n",
            markers.word()
        ),
        format!(
            "POST / HTTP/1.1\r\nHost: dc.test\r\n{stated}Content-Length: 500\r\n\r\n{{\"email\":\"{}\"",
            markers.email()
        ),
        format!("CONNECT {}:443 HTTP/1.1\r\nHost: x\r\n\r\n", markers.word()),
        format!("\x16\x03\x01 {}", markers.word()),
    ] {
        raw(proxy, bytes.as_bytes());
    }

    // Through the operators' side.
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let case = json!({ "origin": "IE", "destination": "SG", "purpose": "customer_support",
        "subject": { "account_id": markers.word() },
        "payload": { "email": markers.email(), "phone": markers.phone() } });
    for path in ["/-/decide", "/-/explain"] {
        post(admin, path, &format!("{bearer}{json_type}"), case.to_string());
        post(
            admin,
            path,
            &format!("{bearer}{json_type}"),
            format!("{{\"origin\": \"{}\"}}", markers.word()),
        );
        post(admin, path, &format!("{bearer}{json_type}"), format!("{{{}", markers.email()));
    }
    let entry = json!({ "subject": { "account_id": markers.word(), "phone": markers.phone() },
        "withdrawn": [{ "scope": "all" }] });
    let lines = "Content-Type: application/x-ndjson\r\n";
    post(admin, "/-/facts", &format!("{bearer}{lines}"), entry.to_string());
    post(
        admin,
        "/-/facts",
        &format!("{bearer}{lines}"),
        format!("{{\"subject\": {{\"{}\": 1}}}}", markers.email()),
    );
    post(
        admin,
        "/-/facts/get",
        &format!("Authorization: Bearer {desk}\r\n"),
        json!({ "email": markers.email() }).to_string(),
    );
    post(
        admin,
        "/-/facts/withdraw",
        &bearer,
        json!({ "subject": { "email": markers.email() }, "scope": "all" }).to_string(),
    );
    post(admin, "/-/reload", &format!("Authorization: Bearer {}\r\n", markers.word()), "");
    post(admin, "/-/reload", &bearer, "");
    get(admin, &format!("/{}?{}", markers.word(), markers.email()), &token);

    // Everything it shows and wrote.
    let mut written: Vec<(String, Vec<u8>)> = Vec::new();
    for page in [
        "/metrics",
        "/-/status",
        "/-/rules",
        "/-/shadow",
        "/-/history",
        "/-/recent",
        "/-/about",
        "/-/live",
        "/-/facts/export?counted",
        "/-/console/",
    ] {
        let answer = get(admin, page, &token);
        assert!(
            answer.starts_with(b"HTTP/1.1 200"),
            "{page}: {}",
            String::from_utf8_lossy(&answer)
        );
        written.push((page.to_owned(), answer));
    }
    let shadow = &written.iter().find(|(name, _)| name == "/-/shadow").unwrap().1;
    assert!(String::from_utf8_lossy(shadow).contains("M-NONE"), "nothing was judged beside");
    let open = format!(
        "GET /metrics HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nAccept: application/openmetrics-text\r\n{bearer}\r\n"
    );
    let open = raw(admin, open.as_bytes());
    let text = String::from_utf8_lossy(&open);
    assert!(text.contains("# EOF") && text.contains("# {trace_id="), "{text}");
    written.push(("/metrics as OpenMetrics".to_owned(), open));
    gateway.terminate();
    let collected = collected.lock().unwrap().clone();
    let told = String::from_utf8_lossy(&collected).into_owned();
    assert!(told.contains("POST /v1/traces") && told.contains("POST /v1/logs"), "{told}");
    // The token is for the collector; nothing else is.
    let collected = told.replace(&format!("Bearer {collector_token}"), "").into_bytes();
    assert!(collected.len() > 10_000, "{} bytes", collected.len());
    written.push(("what the collector got".to_owned(), collected));
    written.push(("the log".to_owned(), gateway.log.lock().unwrap().clone().into_bytes()));
    for file in ["audit.jsonl", "facts.redb"] {
        written.push((file.to_owned(), fs::read(path(file)).unwrap()));
    }
    let audit = fs::read_to_string(path("audit.jsonl")).unwrap();
    let records = crate::harness::exchanges(&audit);
    assert!(records.len() > 15, "{} records", records.len());
    for outcome in ["allow", "redact", "block"] {
        assert!(
            records.iter().any(|record| record["effect"] == outcome),
            "nothing was {outcome}ed"
        );
    }
    assert!(audit.contains("\"who\":\"olga\"") && audit.contains("\"subjects\":[["), "{audit}");
    assert!(markers.0.len() > 60, "{} markers", markers.0.len());
    for (name, bytes) in &written {
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        for marker in &markers.0 {
            if let Some(at) = text.find(marker.as_str()) {
                let around: String = text
                    .chars()
                    .skip(text.get(..at).unwrap().chars().count().saturating_sub(120))
                    .take(300)
                    .collect();
                panic!("`{marker}` stands in {name}: …{around}…");
            }
        }
    }
    assert!(Path::new(&path("facts.redb")).exists());
}
