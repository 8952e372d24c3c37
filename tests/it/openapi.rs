//! The OpenAPI document against the server that serves it, by schemathesis: whatever the document permits is
//! sent, and every answer must be one that it describes.

use std::{fs, path::Path, process::Command};

use sha2::{Digest as _, Sha256};

use crate::harness::{Process, Upstream};

const TOKEN: &str = "a token for schemathesis";

/// Lines of facts are a text to a schema, which cannot say what stands in each: a text may be right and its
/// lines wrong, and that is 422 (RFC 9110 §15.5.21). Nor can it say which routes there are, and which of the members that
/// a rule might ask for are misspelt ones.
const CONFIG: &str = r#"
[[operations]]
include-path = ["/-/decide", "/-/explain"]
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "5xx"]

[[operations]]
include-path = "/-/facts"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "422", "5xx"]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_one_that_the_document_describes() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let hash: String = Sha256::digest(TOKEN).iter().map(|byte| format!("{byte:02x}")).collect();
    let operators = format!(
        "operators: [{{ name: st, roles: [read, operate, rules], token_sha256: {hash} }}]\n"
    );
    fs::write(path("operators.yaml"), operators).unwrap();
    fs::write(path("facts.key"), [7; 32]).unwrap();
    fs::write(path("schemathesis.toml"), CONFIG).unwrap();
    let address = upstream.address;
    let config = format!(
        "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\", operators_file: operators.yaml }}
workers: 1
facts: {{ path: facts.redb, key_file: facts.key }}
audit: {{ sink: file, path: audit.jsonl }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://{address}\"] }}]
routes: [{{ id: all, data_centre: dc }}]
"
    );
    fs::write(path("bordergate.yaml"), config).unwrap();
    let gateway = Process::start(&path("bordergate.yaml"));
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/schemathesis");
    let admin = format!("http://{}", gateway.admin);
    let inside = folder.path().to_owned();
    let run = move || {
        Command::new("timeout")
            .args([
                "230",
                "python3",
                "-m",
                "schemathesis.cli",
                "--config-file",
                "schemathesis.toml",
            ])
            .arg("run")
            .arg(format!("{admin}/-/openapi.json"))
            .args(["--url", &admin])
            .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
            .args(["--workers", "2"])
            // A stream has no end to wait for; the browser's test reads it.
            .args(["--exclude-path", "/-/live"])
            .args(["--checks", "all"])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "10"])
            .args([
                "--request-timeout",
                "20",
                "--generation-database",
                "none",
                "--seed",
                "7",
                "--suppress-health-check",
                "all",
            ])
            .env("PYTHONPATH", tools)
            .current_dir(inside)
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("passed") || told.contains("No issues found"), "{told}");
}
