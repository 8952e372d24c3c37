//! Commands that ask a gateway over an admin address with TLS.

use std::{fs, path::Path, process::Command};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::harness::Process;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// With a space: a gateway takes any text for a token.
const TOKEN: &str = "olga's own token";
const OLGA: &str = "spiffe://ops.example/people/olga";

/// A gateway whose operator is known by a certificate and by a token, and the files to ask it with.
struct Remote {
    gateway: Process,
    folder: TempDir,
}

impl Remote {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let write = |name: &str, text: &str| fs::write(path.join(name), text).unwrap();
        let authority = authority();
        write("ca.pem", &authority.pem());
        write("other-ca.pem", &self::authority().pem());
        sign(path, "admin", SanType::IpAddress([127, 0, 0, 1].into()), &authority);
        sign(path, "olga", SanType::URI(OLGA.try_into().unwrap()), &authority);
        write("facts.key", &"k".repeat(32));
        write("token", &format!("{TOKEN}\n"));
        write("wrong", "a token of nobody here");
        let digest = Sha256::digest(TOKEN);
        let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        write(
            "operators.yaml",
            &format!(
                "operators:
  - {{ name: olga, roles: [read, operate, rules], certificate: \"{OLGA}\", token_sha256: {hash} }}\n"
            ),
        );
        fs::create_dir(path.join("cache")).unwrap();
        for arguments in [
            &["keygen", "rules"][..],
            &["build", "-", "--key", "rules.key", "--version", "7", "--out", "rules.bundle"],
        ] {
            let (code, _, told) = run(path, &[&["bundle"], arguments].concat());
            assert_eq!(code, 0, "{told}");
        }
        write(
            "bordergate.yaml",
            "listeners: [{ name: test, address: \"127.0.0.1:0\" }]
admin:
  address: \"127.0.0.1:0\"
  operators_file: operators.yaml
  tls: { certificate: admin.pem, key: admin.key, client_roots: ca.pem, client_required: false }
rules: { bundle: { keys: [rules.pub], cache: cache } }
facts: { path: facts.redb, key_file: facts.key }
audit: { sink: none }
data_centres: [{ id: sg, jurisdiction: SG, endpoints: [\"http://127.0.0.1:9\"], transport: tls }]
routes: [{ id: all, data_centre: sg }]\n",
        );
        Self { gateway: Process::start(&path.join("bordergate.yaml")), folder }
    }

    fn ask(&self, arguments: &[&str], as_whom: &[&str]) -> (i32, String, String) {
        let url = format!("https://{}", self.gateway.admin);
        run(self.folder.path(), &[arguments, &["--admin", &url], as_whom].concat())
    }
}

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Writes `name`.pem and `name`.key.
fn sign(folder: &Path, name: &str, subject: SanType, authority: &Authority) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names.push(subject);
    let certificate = params.signed_by(&key, authority).unwrap();
    fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bordergate"))
        .current_dir(folder)
        .args(arguments)
        .env_remove("BORDERGATE_CONFIG")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const BY_TOKEN: [&str; 4] = ["--admin-roots", "ca.pem", "--token-file", "token"];
const BY_CERTIFICATE: [&str; 6] =
    ["--admin-roots", "ca.pem", "--admin-certificate", "olga.pem", "--admin-key", "olga.key"];

#[test]
fn every_command_that_asks_a_gateway_does_so_over_tls() {
    let remote = Remote::start();
    let write = |name: &str, text: &str| fs::write(remote.folder.path().join(name), text).unwrap();
    write("facts.jsonl", "{\"subject\": {\"account_id\": \"40001\"}, \"opt_outs\": [\"push\"]}\n");
    let context = json!({
        "origin": "PK", "destination": "SG", "purpose": "service_activation", "transport": "tls",
    });
    write("context.json", &context.to_string());
    write("payload.json", r#"{"account_id": "40001"}"#);

    for (as_whom, opt_outs) in [(&BY_TOKEN[..], 0), (&BY_CERTIFICATE, 1)] {
        let ask = |arguments: &[&str]| {
            let (code, out, told) = remote.ask(arguments, as_whom);
            assert_eq!(code, 0, "{arguments:?} {as_whom:?}: {told}");
            out
        };
        let exported = ask(&["facts", "export"]);
        assert_eq!(exported.lines().count(), opt_outs, "{exported}");
        let imported = ask(&["facts", "import", "facts.jsonl"]);
        assert_eq!(imported, "ok: 1 entry on subjects, 0 on mechanisms\n");
        let record = ask(&["facts", "get", "--account-id", "40001"]);
        let record: Value = serde_json::from_str(&record).unwrap();
        assert_eq!(record["opt_outs"], json!(["push"]));
        let asked = ["--context", "context.json", "payload.json"];
        for command in [&["decide"][..], &["explain", "--format", "json"]] {
            let answer = ask(&[command, &asked].concat());
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(answer["facts"], "store", "{command:?}: {answer}");
        }
        ask(&["bundle", "push", "rules.bundle"]);
    }
}

/// Nothing is said to a gateway whose certificate is of an authority that was not named.
#[test]
fn a_gateway_that_is_not_known_is_not_asked_and_nor_is_one_in_clear_where_tls_is_meant() {
    let remote = Remote::start();
    let get = ["facts", "get", "--account-id", "40001"];
    for (as_whom, words) in [
        (
            &["--admin-roots", "other-ca.pem", "--token-file", "token"][..],
            "invalid peer certificate",
        ),
        (&["--token-file", "token"], "invalid peer certificate"),
        (&["--admin-roots", "ca.pem", "--token-file", "wrong"], "(401)"),
        (&["--admin-roots", "ca.pem"], "(401)"),
        (&["--admin-roots", "token", "--token-file", "token"], "`token` holds no usable root"),
        (
            &[
                "--admin-roots",
                "ca.pem",
                "--admin-certificate",
                "olga.pem",
                "--admin-key",
                "admin.key",
            ],
            "`olga.pem` is not the certificate of the key",
        ),
    ] {
        let (code, _, told) = remote.ask(&get, as_whom);
        assert_eq!(code, 1, "{as_whom:?}: {told}");
        assert!(told.contains(words) && !told.contains(TOKEN), "{as_whom:?}: {told}");
    }
    let clear = format!("http://{}", remote.gateway.admin);
    for as_whom in [&BY_TOKEN[..], &BY_CERTIFICATE] {
        let (code, _, told) =
            run(remote.folder.path(), &[&get[..], &["--admin", &clear], as_whom].concat());
        assert!(code == 1 && told.contains("is in clear"), "{told}");
    }
    // Without anything to show, or with half of it, nobody is asked.
    for as_whom in [&[][..], &["--admin-certificate", "olga.pem"], &["--admin-key", "olga.key"]] {
        assert_eq!(remote.ask(&get, as_whom).0, 2, "{as_whom:?}");
    }
}
