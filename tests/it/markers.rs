//! Values that exist nowhere else, sent through every path there is; then everything the process wrote is
//! read, and none of them may stand in it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
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
    gateway.terminate();
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
