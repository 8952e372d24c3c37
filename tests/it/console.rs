//! The operators' page in a real browser, while transfers go on: clicked and typed through.
//!
//! The same walk takes pictures of every page in both themes and at two widths and asks axe about each, where
//! the machine has the time: `node tests/console/walk.mjs ADMIN_URL PICTURES light|dark`.

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bordergate::{control::RulesSource, source::Diagnostics};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::harness::{Connection, Process, Upstream};

const CENTRES: [(&str, &str, &str); 3] = [
    ("mi-dc-singapore", "Singapore", "SG"),
    ("mi-dc-beijing", "Beijing", "CN"),
    ("mi-dc-us", "Ashburn", "US"),
];

/// A thousand rules, and the configuration that names them.
struct ManyRules {
    folder: TempDir,
    config: PathBuf,
}

impl ManyRules {
    /// The shipped rules and some eight hundred beside them, so that there are more than a thousand.
    async fn open(admin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in RulesSource::Embedded.load(&mut Diagnostics::default()).files {
            write(folder.path(), &format!("rules/{}", file.name), &file.text);
        }
        let mut many = "layer: organisation\ntitle: Many\nrules:\n".to_owned();
        for number in 0..800 {
            let _ = write!(
                many,
                "  - id: ORG-{number:03}\n    title: Locker {number} stays shut\n    statute: house rule {number}\n    \
                 when: {{ purpose: backup, origin: FI, data: mac }}\n    effect: redact\n    reason: A house rule.\n"
            );
        }
        write(folder.path(), "rules/organisation/many.yaml", &many);
        let mut text = format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\"{admin} }}
trusted_hops: [127.0.0.0/8]
workers: 1
rules: {{ directory: rules }}
audit: {{ sink: file, path: audit.jsonl }}
context:
  policy_versions:
    - {{ id: \"2019-03-18\", effective_from: 2019-03-18, destinations: [CN, US, SG], added_purposes: {{}} }}
data_centres:
"
        );
        for (id, city, country) in CENTRES {
            let address = Upstream::start().await.address;
            let _ = writeln!(
                text,
                "  - {{ id: {id}, city: {city}, jurisdiction: {country}, endpoints: [\"http://{address}\"], transport: tls, recipient: {{ class: first_party_facility, id: {id} }} }}"
            );
        }
        text.push_str("routes:\n");
        for (id, ..) in CENTRES {
            let _ = writeln!(
                text,
                "  - {{ id: to-{id}, match: {{ host: {id}.test }}, data_centre: {id}, exporter: {{ role: controller, sector: consumer_electronics }} }}"
            );
        }
        let config = folder.path().join("bordergate.yaml");
        fs::write(&config, text).unwrap();
        Self { folder, config }
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Invented people call from many countries until told to stop.
fn traffic(address: SocketAddr, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<u64> {
    const SUBJECT: &str = "context=:eyJzdWJqZWN0Ijp7ImFnZSI6MjksIm1pbm9yIjpmYWxzZSwidmVyaWZpZWQiOnRydWUsImNvbnNlbnRzIjpbeyJzY29wZSI6InNlcnZpY2UiLCJ0eXBlIjoiZXhwbGljaXQiLCJwb2xpY3lfdmVyc2lvbiI6IjIwMTktMDMtMTgiLCJnaXZlbl9hdCI6IjIwMjAtMDEtMTBUMDg6MDA6MDBaIn1dfX0=:";
    let calls = [
        ("PK", 0, "service_activation", "{\"imei\":\"867619040000019\"}"),
        (
            "PK",
            0,
            "service_activation",
            "{\"imei\":\"867619040000019\",\"user\":{\"birthday\":\"1996-04-12\",\"email\":\"sana.k@example.pk\"}}",
        ),
        ("IN", 0, "service_activation", "{\"imei\":\"867619040000027\"}"),
        ("IN", 0, "direct_marketing", "{\"email\":\"ravi@example.in\"}"),
        (
            "ID",
            0,
            "service_activation",
            "{\"imei\":\"867619040000035\",\"user\":{\"birthday\":\"1990-01-02\"}}",
        ),
        ("IE", 1, "customer_support", "{\"user\":{\"email\":\"aoife@example.ie\"}}"),
        (
            "DE",
            2,
            "customer_support",
            "{\"user\":{\"email\":\"jan@example.de\",\"phone\":\"+4915112345678\"}}",
        ),
        ("BR", 2, "cloud_sync", "{\"contacts\":[{\"phone\":\"+5511912345678\"}]}"),
        ("SG", 0, "service_activation", "{\"imei\":\"867619040000043\"}"),
        ("CN", 1, "service_activation", "{\"imei\":\"867619040000050\"}"),
        ("US", 1, "cloud_sync", "{\"location\":{\"lat\":38.8977,\"lon\":-77.0365}}"),
    ];
    tokio::spawn(async move {
        let mut connection = Connection::open(address).await;
        let mut sent = 0_u64;
        while !stop.load(Ordering::Relaxed) {
            let at = usize::try_from(sent).unwrap();
            let (origin, centre, purpose, body) = calls[at * at % calls.len() % calls.len()];
            let (origin, centre, purpose, body) =
                if at % 3 == 0 { (origin, centre, purpose, body) } else { calls[at % calls.len()] };
            let request = Request::builder()
                .method(Method::POST)
                .uri("/v1")
                .header("host", format!("{}.test", CENTRES[centre].0))
                .header("content-type", "application/json")
                .header(
                    "bordergate-transfer",
                    format!("origin={origin}, purpose={purpose}, {SUBJECT}"),
                )
                .body(Full::new(Bytes::from_static(body.as_bytes())))
                .unwrap();
            if connection.try_send(request).await.is_err() {
                connection = Connection::open(address).await;
            }
            sent += 1;
            // A browser on the same cores wants to draw as well.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        sent
    })
}

fn walk(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("timeout")
        .args(["170", "node"])
        .arg(root.join("tests/console/walk.mjs"))
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// One walk through the page of a gateway of its own, with traffic going on and somebody signed in.
async fn walk_through(what: &'static str) -> (ManyRules, String, Process) {
    let token = "the token of somebody invented";
    let hash: String = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
    let many = ManyRules::open(", operators_file: operators.yaml").await;
    let operators =
        format!("operators:\n  - {{ name: olga, roles: [operate], token_sha256: {hash} }}\n");
    write(many.folder.path(), "operators.yaml", &operators);
    let gateway = Process::start(&many.config);
    let stop = Arc::new(AtomicBool::new(false));
    let calls = traffic(gateway.address, Arc::clone(&stop));
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/console");
    let admin = format!("http://{}", gateway.admin);
    let pictures = pictures.display().to_string();
    let told = tokio::task::spawn_blocking(move || walk(&[&admin, &pictures, what, token])).await;
    stop.store(true, Ordering::Relaxed);
    let told = told.unwrap();
    assert!(told.contains("\"wrong\":0"), "{told}");
    assert!(calls.await.unwrap() > 50);
    assert!(!gateway.log.lock().unwrap().contains(token));
    (many, token.to_owned(), gateway)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_worked_by_mouse_and_keyboard_under_load() {
    let (many, token, mut gateway) = walk_through("act").await;
    gateway.terminate();
    // Who did it is on record, and the token is nowhere.
    let audit = fs::read_to_string(many.folder.path().join("audit.jsonl")).unwrap();
    assert!(audit.contains("\"audit\":\"changed\"") && audit.contains("\"who\":\"olga\""));
    assert!(!audit.contains(&token));
}
