//! Operators by the certificate they show: who is let in, what each may do, and what is on record.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use bordergate::{app::Gateway, config::Config, source::SourceFile};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::harness::{Answer, Upstream, eventually_found};

const RITA: &str = "spiffe://ops.example/people/rita";
const OLGA: &str = "olga@ops.example";
const DEPLOY: &str = "deploy.ops.example";

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Certificate and key of whoever bears this name.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names.push(if name.contains("://") {
            SanType::URI(name.try_into().unwrap())
        } else if name.contains('@') {
            SanType::Rfc822Name(name.try_into().unwrap())
        } else {
            SanType::DnsName(name.try_into().unwrap())
        });
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// A gateway that knows operators, by token and by certificate.
struct Operators {
    folder: TempDir,
    gateway: Option<Gateway>,
    admin: SocketAddr,
    authority: Authority,
}

impl Operators {
    async fn open(tls: &str) -> Self {
        let upstream = Upstream::start().await;
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let path = |name: &str| folder.path().join(name);
        write_identity(folder.path(), &authority);
        fs::write(path("ca.pem"), authority.0.pem()).unwrap();
        let operators = format!(
            "operators:
  - {{ name: rita, roles: [read], certificate: \"{RITA}\" }}
  - {{ name: olga, roles: [operate], certificate: {OLGA} }}
  - {{ name: deploy, roles: [rules], certificate: {DEPLOY}, token_sha256: {} }}\n",
            "0".repeat(64),
        );
        fs::write(path("operators.yaml"), operators).unwrap();
        let text = format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin:
  address: \"127.0.0.1:0\"
  operators_file: operators.yaml
  tls: {{ certificate: admin.pem, key: admin.key, client_roots: ca.pem{tls} }}
workers: 1
audit: {{ sink: file, path: audit.jsonl }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://{}\"], transport: tls }}]
routes: [{{ id: all, data_centre: dc }}]
",
            upstream.address
        );
        let name = path("bordergate.yaml").display().to_string();
        let config = Config::parse(&SourceFile { name: name.clone(), text })
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        let starting = tokio::task::spawn_blocking(move || Gateway::start(&config, &name));
        let gateway = starting.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
        let admin = gateway.admin_address();
        Self { folder, gateway: Some(gateway), admin, authority }
    }

    /// `None` when the connection was refused, at once or at the first request.
    async fn ask(
        &self,
        identity: Option<&(String, String)>,
        method: Method,
        path: &str,
        token: Option<&str>,
    ) -> Option<Answer> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        let pem = fs::read(self.folder.path().join("ca.pem")).unwrap();
        roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                    PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
                )
                .unwrap(),
        };
        let stream = TcpStream::connect(self.admin).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from("admin.example").unwrap();
        let stream = connector.connect(name, stream).await.ok()?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let (head, body) = sender.send_request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer { status: head.status, headers: head.headers, body })
    }

    async fn status_of(
        &self,
        identity: Option<&(String, String)>,
        method: Method,
        path: &str,
    ) -> Option<u16> {
        Some(self.ask(identity, method, path, None).await?.status.as_u16())
    }

    /// Who did what and how it went, by the audit.
    async fn changes(mut self) -> Vec<(String, String, String)> {
        let gateway = self.gateway.take().unwrap();
        tokio::task::spawn_blocking(move || gateway.drain()).await.unwrap();
        let audit = fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap();
        let lines = audit.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let word = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        lines
            .filter(|line| line["audit"] == "changed")
            .map(|line| (word(&line, "who"), word(&line, "action"), word(&line, "result")))
            .collect()
    }
}

fn write_identity(folder: &Path, authority: &Authority) {
    let (certificate, key) = authority.sign("admin.example");
    fs::write(folder.join("admin.pem"), certificate).unwrap();
    fs::write(folder.join("admin.key"), key).unwrap();
}

#[tokio::test]
async fn a_certificate_names_an_operator_and_who_changed_what_is_on_record() {
    let operators = Operators::open("").await;
    let [rita, olga, deploy] = [RITA, OLGA, DEPLOY].map(|name| operators.authority.sign(name));
    let unlisted = operators.authority.sign("nobody.ops.example");
    let forged = Authority::new().sign(DEPLOY);

    // Nobody without a certificate, nor with one that another authority signed; not even probes.
    for identity in [None, Some(&forged)] {
        for path in ["/livez", "/metrics", "/-/status"] {
            assert_eq!(operators.status_of(identity, Method::GET, path).await, None, "{path}");
        }
        assert_eq!(operators.status_of(identity, Method::POST, "/-/reload").await, None);
    }
    for (who, method, path, status) in [
        (&unlisted, Method::GET, "/livez", 200),
        (&unlisted, Method::GET, "/-/status", 401),
        (&unlisted, Method::POST, "/-/reload", 401),
        (&rita, Method::GET, "/-/status", 200),
        (&rita, Method::GET, "/metrics", 200),
        (&rita, Method::POST, "/-/reload", 403),
        (&rita, Method::POST, "/-/rules/promote", 403),
        (&olga, Method::POST, "/-/reload", 200),
        (&olga, Method::POST, "/-/rules/rollback", 403),
        (&deploy, Method::POST, "/-/reload", 200),
        // It may, and there is nothing to go back to.
        (&deploy, Method::POST, "/-/rules/rollback", 409),
    ] {
        assert_eq!(operators.status_of(Some(who), method, path).await, Some(status), "{path}");
    }
    let about = operators.ask(Some(&rita), Method::GET, "/-/about", None).await.unwrap().json();
    assert_eq!(about["who"], "rita", "{about}");
    // A token says more exactly who calls; a wrong one is not made good by a certificate.
    let wrong =
        operators.ask(Some(&deploy), Method::GET, "/-/status", Some("made up")).await.unwrap();
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let told = |who: &str, action: &str, result: &str| {
        (who.to_owned(), action.to_owned(), result.to_owned())
    };
    assert_eq!(
        operators.changes().await,
        [
            told("olga", "reload", "done"),
            told("deploy", "reload", "done"),
            told("deploy", "rollback", "refused")
        ]
    );
}

#[tokio::test]
async fn probes_need_no_certificate_where_none_is_required() {
    let operators = Operators::open(", client_required: false").await;
    let olga = operators.authority.sign(OLGA);
    assert_eq!(operators.status_of(None, Method::GET, "/livez").await, Some(200));
    assert_eq!(operators.status_of(None, Method::GET, "/metrics").await, Some(401));
    assert_eq!(operators.status_of(None, Method::POST, "/-/reload").await, Some(401));
    assert_eq!(operators.status_of(Some(&olga), Method::POST, "/-/reload").await, Some(200));
    let forged = Authority::new().sign(OLGA);
    assert_eq!(operators.status_of(Some(&forged), Method::GET, "/livez").await, None);
}

#[tokio::test]
async fn certificates_of_the_admin_address_are_read_again() {
    let operators = Operators::open("").await;
    let rita = operators.authority.sign(RITA);
    let certificates = |answer: Answer| {
        let all = answer.json()["certificates"].as_array().unwrap().clone();
        all.into_iter().find(|it| it["name"] == "admin").unwrap()
    };
    let status = || operators.ask(Some(&rita), Method::GET, "/-/status", None);
    let first = certificates(status().await.unwrap());
    assert!(first["expires_at"].is_string() && first["error"].is_null(), "{first}");

    fs::write(operators.folder.path().join("admin.pem"), "not a certificate").unwrap();
    let refused = certificates(status().await.unwrap());
    assert!(refused["error"].as_str().unwrap().contains("admin.pem"), "{refused}");
    assert_eq!(refused["loaded_at"], first["loaded_at"]);

    // Half of a pair serves nobody; with the other half it does.
    write_identity(operators.folder.path(), &operators.authority);
    let now = eventually_found("the pair is not taken", async || {
        let now = certificates(status().await.unwrap());
        if now["error"].is_null() { Ok(now) } else { Err(now) }
    })
    .await;
    assert_ne!(now["loaded_at"], first["loaded_at"]);
    let metrics = operators.ask(Some(&rita), Method::GET, "/metrics", None).await.unwrap().text();
    for result in ["success", "failure"] {
        let series = format!("bordergate_certificate_reloads_total{{result=\"{result}\"}}");
        assert!(metrics.contains(&series), "{series}");
    }
    assert!(metrics.contains("bordergate_certificate_expiry_timestamp_seconds{name=\"admin\"}"));
}
