//! Rules that come as signed bundles: over HTTPS and by push, believed only when they should be.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

use bordergate::{
    app::{Gateway, StartError},
    config::Config,
    control::{Bundle, RulesSource},
    signing::SigningKey,
    source::{Diagnostics, SourceFile},
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::harness::{
    ALLOW_ALL, Answer, Connection, NO_IMEI, Upstream, bordergate_in, code, eventually,
    eventually_found, exchanges, text, told,
};

/// Longer than it takes to compile rules on a machine that has much else to do.
const STALE_AFTER: &str = "8s";

/// Nothing but a permission, and perhaps one rule beside it.
fn rules(beside: Option<&str>) -> Vec<SourceFile> {
    let mut files: Vec<SourceFile> = RulesSource::Embedded
        .load(&mut Diagnostics::default())
        .files
        .into_iter()
        .filter(|file| {
            let left_out = ["law/", "policy/", "organisation/", "tests/"];
            !left_out.iter().any(|top| file.name.starts_with(top))
        })
        .collect();
    let file = |name: &str, text: &str| SourceFile { name: name.to_owned(), text: text.to_owned() };
    files.push(file("organisation/allow.yaml", ALLOW_ALL));
    files.extend(beside.map(|text| file("organisation/stricter.yaml", text)));
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// What the server does when it is asked.
#[derive(Debug, Clone)]
enum Serves {
    /// With an `ETag` of its own, and 304 for whoever has it already.
    Bundle(Vec<u8>),
    /// Says how long the body is, and closes before its end.
    Half(Vec<u8>),
    Status(u16),
}

/// A small HTTPS server in this process.
struct Server {
    address: SocketAddr,
    serves: Arc<Mutex<Serves>>,
    /// Statuses in the order of the answers.
    answered: Arc<Mutex<Vec<u16>>>,
    /// What must be shown; nothing by default.
    token: Arc<Mutex<Option<String>>>,
    accepts: JoinHandle<()>,
}

impl Server {
    async fn start(folder: &Path, serves: Serves) -> Self {
        Self::start_at(folder, serves, "127.0.0.1:0".parse().unwrap()).await
    }

    /// With the certificate of the folder, which is made if there is none.
    async fn start_at(folder: &Path, serves: Serves, address: SocketAddr) -> Self {
        if !folder.join("ca.pem").exists() {
            certificates(folder);
        }
        let pem = |name: &str| fs::read(folder.join(name)).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients(folder))
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(&pem("server.pem")).unwrap()],
                PrivateKeyDer::from_pem_slice(&pem("server.key")).unwrap(),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serves = Arc::new(Mutex::new(serves));
        let answered = Arc::new(Mutex::new(Vec::new()));
        let token = Arc::new(Mutex::new(None::<String>));
        let (what, log, wants) = (Arc::clone(&serves), Arc::clone(&answered), Arc::clone(&token));
        let accepts = tokio::spawn(async move {
            // Its connections end with it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, what, log) = (acceptor.clone(), Arc::clone(&what), Arc::clone(&log));
                let wants = Arc::clone(&wants);
                connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                        let shown = request.headers().get("authorization");
                        let wanted = wants.lock().unwrap().clone().map(|it| format!("Bearer {it}"));
                        let serves = match shown.map(|it| it.as_bytes()) {
                            shown if shown == wanted.as_ref().map(|it| it.as_bytes()) => {
                                what.lock().unwrap().clone()
                            }
                            _ => Serves::Status(401),
                        };
                        let answer = answer(serves, &request);
                        log.lock().unwrap().push(answer.status().as_u16());
                        async move { Ok::<_, std::convert::Infallible>(answer) }
                    });
                    let builder = hyper::server::conn::http1::Builder::new();
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, serves, answered, token, accepts }
    }

    fn serve(&self, serves: Serves) {
        *self.serves.lock().unwrap() = serves;
    }

    fn wants(&self, token: &str) {
        *self.token.lock().unwrap() = Some(token.to_owned());
    }

    fn answered(&self, status: u16) -> usize {
        self.answered.lock().unwrap().iter().filter(|it| **it == status).count()
    }

    async fn die(self) -> SocketAddr {
        self.accepts.abort();
        let _ = self.accepts.await;
        self.address
    }
}

type Body = http_body_util::combinators::BoxBody<Bytes, std::io::Error>;

fn answer(serves: Serves, request: &Request<hyper::body::Incoming>) -> Response<Body> {
    let whole = |bytes: Vec<u8>| Full::from(bytes).map_err(|never| match never {}).boxed();
    let status = |status: u16| Response::builder().status(status);
    match serves {
        Serves::Bundle(bytes) => {
            let etag = format!(
                "\"{}\"",
                bytes.iter().fold(7_u64, |a, b| a * 31 % 9_999_991 + u64::from(*b))
            );
            let known = request.headers().get("if-none-match");
            if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
                return status(304).header("etag", etag).body(whole(Vec::new())).unwrap();
            }
            status(200).header("etag", etag).body(whole(bytes)).unwrap()
        }
        Serves::Half(bytes) => {
            let half = bytes[..bytes.len() / 2].to_vec();
            let first = async { Ok(http_body::Frame::data(Bytes::from(half))) };
            let then = async {
                // What was written so far is on its way by then.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                Err(std::io::Error::other("the server falls over"))
            };
            let parts = futures_util::stream::once(first).chain(futures_util::stream::once(then));
            let body = http_body_util::BodyExt::boxed(StreamBody::new(parts));
            status(200).header("content-length", bytes.len()).body(body).unwrap()
        }
        Serves::Status(code) => status(code).body(whole(b"not now".to_vec())).unwrap(),
    }
}

/// Whose certificates are taken: of the authority in the folder, if there is one; else none is asked for.
fn clients(folder: &Path) -> Arc<dyn rustls::server::danger::ClientCertVerifier> {
    let Ok(authority) = fs::read(folder.join("clients-ca.pem")) else {
        return rustls::server::WebPkiClientVerifier::no_client_auth();
    };
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = Arc::new(roots);
    rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider).build().unwrap()
}

fn certificates(folder: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = Issuer::from_params(&params, &ca_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    fs::write(folder.join("server.pem"), leaf.pem()).unwrap();
    fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

/// A folder with a key, and gateways that begin in it.
struct SignedRules {
    folder: TempDir,
    key: SigningKey,
    upstream: Upstream,
}

/// One that serves.
struct Running {
    gateway: Gateway,
    address: SocketAddr,
    admin: SocketAddr,
}

impl SignedRules {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, _, public) = SigningKey::generate().unwrap();
        fs::write(folder.path().join("rules.pub"), public).unwrap();
        fs::create_dir(folder.path().join("cache")).unwrap();
        Self { folder, key, upstream: Upstream::start().await }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn bundle(&self, version: u64, beside: Option<&str>) -> Vec<u8> {
        self.expiring(version, beside, None)
    }

    fn expiring(&self, version: u64, beside: Option<&str>, after_ms: Option<i64>) -> Vec<u8> {
        let now = jiff::Timestamp::now();
        let expires = after_ms.map(|ms| now + jiff::SignedDuration::from_millis(ms));
        let key = std::slice::from_ref(&self.key);
        Bundle::build(&rules(beside), version, now, expires, key).unwrap()
    }

    async fn start(&self, bundle: &str) -> Running {
        self.try_start(bundle).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn try_start(&self, bundle: &str) -> Result<Running, StartError> {
        let text = format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\"{} }}
trusted_hops: [127.0.0.0/8]
workers: 1
rules: {{ bundle: {{ keys: [rules.pub], cache: cache, {bundle} }} }}
audit: {{ sink: file, path: audit.jsonl }}
data_centres: [{{ id: dc, jurisdiction: SG, endpoints: [\"http://{}\"], transport: tls }}]
routes: [{{ id: all, data_centre: dc }}]
",
            if self.path().join("operators.yaml").exists() {
                ", operators_file: operators.yaml"
            } else {
                ""
            },
            self.upstream.address,
        );
        let name = self.path().join("bordergate.yaml").display().to_string();
        let config = Config::parse(&SourceFile { name: name.clone(), text })
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        let starting = tokio::task::spawn_blocking(move || Gateway::start(&config, &name));
        let gateway = starting.await.unwrap()?;
        let (address, admin) = (gateway.addresses()[0].1, gateway.admin_address());
        Ok(Running { gateway, address, admin })
    }

    fn changes(&self) -> Vec<(String, String, String)> {
        let audit = fs::read_to_string(self.path().join("audit.jsonl")).unwrap_or_default();
        let lines = audit.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines
            .filter(|line| line["audit"] == "changed")
            .map(|line| {
                let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                (word("who"), word("action"), word("result"))
            })
            .collect()
    }
}

impl Running {
    async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Full::from(body)).unwrap();
        Connection::open(self.admin).await.send(request).await
    }

    /// What the transfer of a device id comes to.
    async fn transfer(&self) -> StatusCode {
        self.send(r#"{"imei":"867619040000019"}"#).await.status
    }

    async fn send(&self, body: &'static str) -> Answer {
        let request = Request::post("/v1")
            .header("host", "dc.test")
            .header("content-type", "application/json")
            .header("bordergate-transfer", "origin=PK, purpose=service_activation")
            .body(Full::from(body))
            .unwrap();
        Connection::open(self.address).await.send(request).await
    }

    fn status(&self) -> Value {
        serde_json::to_value(&*self.gateway.reloads().status()).unwrap()
    }

    fn version(&self) -> u64 {
        self.status()["bundle"]["version"].as_u64().unwrap_or_default()
    }

    async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually_found(what, async || {
            let status = self.status();
            if holds(&status) { Ok(status) } else { Err(status) }
        })
        .await
    }

    async fn until_version(&self, version: u64) {
        self.until("version", |status| status["bundle"]["version"] == version).await;
    }

    async fn metric(&self, series: &str) -> f64 {
        let text = self.ask("GET", "/metrics", None, Vec::new()).await.text();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map_or(0.0, |value| value.parse().unwrap())
    }

    async fn stop(self) {
        tokio::task::spawn_blocking(move || self.gateway.drain()).await.unwrap();
    }
}

fn url(address: SocketAddr) -> String {
    format!("url: \"https://localhost:{}/rules\", roots: ca.pem, interval: 100ms", address.port())
}

#[tokio::test]
async fn the_latest_bundle_serves_and_is_asked_for_by_its_tag() {
    let signed = SignedRules::new().await;
    let server = Server::start(signed.path(), Serves::Bundle(signed.bundle(1, None))).await;
    let gateway = signed.start(&url(server.address)).await;
    assert_eq!(gateway.version(), 1);
    assert_eq!(gateway.transfer().await, 200);
    let status = gateway.status();
    assert_eq!(status["source"], format!("https://localhost:{}/rules", server.address.port()));
    assert_eq!(status["bundle"]["signed_by"][0], signed.key.id());

    server.serve(Serves::Bundle(signed.bundle(2, Some(NO_IMEI))));
    gateway.until_version(2).await;
    assert_eq!(gateway.transfer().await, 403);
    let hash = gateway.status()["hash"].clone();
    let expected = Bundle::open(
        signed.bundle(2, Some(NO_IMEI)),
        &[bordergate::signing::VerifyingKey::from_pem(
            &fs::read(signed.path().join("rules.pub")).unwrap(),
        )
        .unwrap()],
    );
    assert_eq!(hash, expected.unwrap().hash);

    // Only what is new is sent.
    eventually("what is known is sent again", async || server.answered(304) >= 3).await;
    assert_eq!(server.answered(200), 2);
    assert_eq!(gateway.status()["generation"], 2);
    let unchanged = "bordergate_bundle_offers_total{result=\"unchanged\"}";
    assert!(gateway.metric(unchanged).await >= 2.0);
    assert!(gateway.metric("bordergate_bundle_offers_total{result=\"taken\"}").await >= 2.0);
    assert!(gateway.metric("bordergate_bundle_version").await == 2.0);
    assert!(gateway.metric("bordergate_rules_trusted").await == 1.0);

    // An operator who reloads asks the server at once.
    server.serve(Serves::Bundle(signed.bundle(3, None)));
    let reloaded = gateway.ask("POST", "/-/reload", None, Vec::new()).await;
    assert_eq!((reloaded.status, gateway.version()), (StatusCode::OK, 3));
    assert_eq!(gateway.transfer().await, 200);

    // Back to what served before, and forth again.
    let back = gateway.ask("POST", "/-/rules/rollback", None, Vec::new()).await;
    assert_eq!((back.status, gateway.transfer().await), (StatusCode::OK, StatusCode::FORBIDDEN));
    server.die().await;
    let forth = gateway.ask("POST", "/-/reload", None, Vec::new()).await;
    assert_eq!((forth.status, gateway.transfer().await), (StatusCode::OK, StatusCode::OK));
    gateway.stop().await;
}

#[tokio::test]
async fn what_is_not_believed_changes_nothing_and_is_told() {
    let signed = SignedRules::new().await;
    let good = signed.bundle(5, Some(NO_IMEI));
    let server = Server::start(signed.path(), Serves::Bundle(good.clone())).await;
    let gateway = signed.start(&format!("{}, bytes_max: 1MiB", url(server.address))).await;
    let served = gateway.status()["hash"].clone();

    let (stranger, ..) = SigningKey::generate().unwrap();
    let now = jiff::Timestamp::now();
    let foreign = Bundle::build(&rules(None), 6, now, None, &[stranger]).unwrap();
    let mut flipped = signed.bundle(6, None);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let wrong = "layer: organisation\ntitle: Wrong\nrules: [{ id: X, effect: explode }]\n";
    for (serves, kind) in [
        (Serves::Bundle(foreign), "unsigned"),
        (Serves::Bundle(signed.bundle(4, None)), "old"),
        (Serves::Bundle(signed.bundle(5, None)), "old"),
        (Serves::Bundle(signed.expiring(6, None, Some(-1))), "expired"),
        (Serves::Half(signed.bundle(6, None)), "damaged"),
        (Serves::Bundle(good[..good.len() - 9].to_vec()), "damaged"),
        (Serves::Bundle(flipped), "damaged"),
        (Serves::Bundle(b"<html>a captive portal</html>".to_vec()), "damaged"),
        (Serves::Bundle(vec![0; 2 << 20]), "oversized"),
        (Serves::Status(500), "unreachable"),
        (Serves::Status(302), "unreachable"),
        (Serves::Bundle(signed.bundle(6, Some(wrong))), "refused"),
    ] {
        let series = format!("bordergate_bundle_offers_total{{result=\"{kind}\"}}");
        let before = gateway.metric(&series).await;
        let last = gateway.status()["bundle"]["last_failure"].clone();
        server.serve(serves);
        let status = gateway
            .until(kind, |status| {
                let failure = &status["bundle"]["last_failure"];
                failure["kind"] == kind && *failure != last
            })
            .await;
        assert_eq!(status["hash"], served, "{kind}");
        assert_eq!(status["bundle"]["version"], 5, "{kind}");
        assert_eq!(gateway.transfer().await, 403, "{kind}");
        let message = status["bundle"]["last_failure"]["message"].as_str().unwrap().to_owned();
        assert!(!message.is_empty());
        assert!(gateway.metric(&series).await > before, "{kind}");
    }
    // The rules of the last one were refused, with file and line.
    let status = gateway.status();
    assert_eq!(status["stale"], true);
    let diagnostics = status["last_failure"]["diagnostics"].to_string();
    assert!(diagnostics.contains("organisation/stricter.yaml"), "{diagnostics}");

    let address = server.die().await;
    gateway.until("dead", |status| status["bundle"]["last_failure"]["kind"] == "unreachable").await;
    let answer = gateway.ask("POST", "/-/reload", None, Vec::new()).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.text());
    assert_eq!(gateway.transfer().await, 403);

    // And when all is well again, so is the status.
    let next = Serves::Bundle(signed.bundle(7, None));
    let _server = Server::start_at(signed.path(), next, address).await;
    gateway.until_version(7).await;
    let status = gateway.until("well", |status| status["bundle"]["last_failure"].is_null()).await;
    assert_eq!(status["stale"], false);
    assert_eq!(gateway.transfer().await, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn a_restart_begins_with_the_last_good_one_and_goes_not_back() {
    let signed = SignedRules::new().await;
    let old = signed.bundle(1, None);
    let server = Server::start(signed.path(), Serves::Bundle(old.clone())).await;
    let gateway = signed.start(&url(server.address)).await;
    server.serve(Serves::Bundle(signed.bundle(2, Some(NO_IMEI))));
    gateway.until_version(2).await;
    gateway.stop().await;
    let address = server.die().await;
    let kept = signed.path().join("cache/last-good.bundle");
    let good = fs::read(&kept).unwrap();

    // Nobody to ask.
    let gateway = signed.start(&url(address)).await;
    assert_eq!((gateway.version(), gateway.transfer().await), (2, StatusCode::FORBIDDEN));
    gateway.stop().await;

    // Somebody has been at the file: damage, and an older one that was signed well.
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let (stranger, ..) = SigningKey::generate().unwrap();
    let now = jiff::Timestamp::now();
    let foreign = Bundle::build(&rules(None), 9, now, None, &[stranger]).unwrap();
    for cached in [damaged, good[..good.len() / 2].to_vec(), Vec::new(), old.clone(), foreign] {
        fs::write(&kept, &cached).unwrap();
        let refused = signed.try_start(&url(address)).await;
        let Err(StartError::Invalid(diagnostics)) = refused else {
            panic!("started with {} bytes", cached.len())
        };
        let told = diagnostics.to_string();
        assert!(told.contains("there are no rules to begin with"), "{told}");
        assert!(told.contains("the bundle kept on disk"), "{told}");
    }

    // The server has the old one still, which is as good as none.
    let server = Server::start_at(signed.path(), Serves::Bundle(old), address).await;
    let refused = signed.try_start(&url(address)).await;
    assert!(matches!(refused, Err(StartError::Invalid(_))));
    // With the right one it begins, and with the last good one in its place it does not need it.
    server.serve(Serves::Bundle(good.clone()));
    let gateway = signed.start(&url(address)).await;
    assert_eq!(gateway.version(), 2);
    gateway.stop().await;
    assert_eq!(fs::read(&kept).unwrap(), good);
    let refused = signed.try_start(&format!("{}, version_min: 3", url(address))).await;
    assert!(matches!(refused, Err(StartError::Invalid(_))));

    // Whose certificate another authority signed is nobody to ask either.
    fs::remove_file(&kept).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    certificates(elsewhere.path());
    fs::copy(elsewhere.path().join("ca.pem"), signed.path().join("ca.pem")).unwrap();
    let Err(StartError::Invalid(diagnostics)) = signed.try_start(&url(address)).await else {
        panic!("the server of a stranger was believed")
    };
    assert!(diagnostics.to_string().contains("certificate"), "{diagnostics}");
}

#[tokio::test]
async fn rules_that_nobody_confirms_are_no_longer_trusted() {
    const CLEAN: &str = r#"{"colour":"green"}"#;
    for (on_stale, while_stale) in [("keep", 200_u16), ("block", 503)] {
        let signed = SignedRules::new().await;
        let server = Server::start(signed.path(), Serves::Bundle(signed.bundle(1, None))).await;
        let settings =
            format!("{}, stale_after: {STALE_AFTER}, on_stale: {on_stale}", url(server.address));
        let gateway = signed.start(&settings).await;
        // As long as the server says so, for longer than the limit.
        let begin = Instant::now();
        while begin.elapsed() < std::time::Duration::from_millis(9_500) {
            assert_eq!(gateway.transfer().await, 200);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(gateway.ask("GET", "/readyz", None, Vec::new()).await.status, 200);
        let address = server.die().await;
        let is_untrusted = |status: &Value| !status["bundle"]["untrusted"].is_null();
        gateway.until("stale", is_untrusted).await;
        let ready = gateway.ask("GET", "/readyz", None, Vec::new()).await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(ready.text().contains("nobody has confirmed the rules"), "{}", ready.text());
        assert!(gateway.metric("bordergate_rules_trusted").await == 0.0);
        for body in [CLEAN, r#"{"imei":"867619040000019"}"#] {
            let answer = gateway.send(body).await;
            assert_eq!(answer.status, while_stale, "{on_stale}: {}", answer.text());
            assert_eq!(answer.text().contains("NOT-TRUSTED"), while_stale == 503);
        }
        // A reload and a way back do not end it.
        gateway.ask("POST", "/-/reload", None, Vec::new()).await;
        if on_stale == "block" {
            let back = gateway.ask("POST", "/-/rules/rollback", None, Vec::new()).await;
            assert_eq!(back.status, StatusCode::CONFLICT);
        }
        assert_eq!(gateway.transfer().await, while_stale);
        gateway.stop().await;
        // Nor does a restart.
        let gateway = signed.start(&settings).await;
        assert_eq!(gateway.transfer().await, while_stale);
        let ready = gateway.ask("GET", "/readyz", None, Vec::new()).await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        // The server does, with the bundle it always had.
        let same = Serves::Bundle(signed.bundle(1, None));
        let _server = Server::start_at(signed.path(), same, address).await;
        gateway.until("trusted", |status| !is_untrusted(status)).await;
        assert_eq!(gateway.transfer().await, 200);
        assert_eq!(gateway.ask("GET", "/readyz", None, Vec::new()).await.status, 200);
        assert!(gateway.metric("bordergate_rules_trusted").await == 1.0);
        gateway.stop().await;
    }
}

/// Who holds the server but not the key can offer what was signed long ago, and say that nothing is new.
#[tokio::test]
async fn a_server_that_goes_back_confirms_nothing() {
    let signed = SignedRules::new().await;
    let old = signed.bundle(1, None);
    let server =
        Server::start(signed.path(), Serves::Bundle(signed.bundle(2, Some(NO_IMEI)))).await;
    let settings = format!("{}, stale_after: {STALE_AFTER}, on_stale: block", url(server.address));
    let gateway = signed.start(&settings).await;
    let confirmed = |status: &Value| status["bundle"]["confirmed_at"].clone();
    server.serve(Serves::Bundle(old));
    gateway.until("old", |status| status["bundle"]["last_failure"]["kind"] == "old").await;
    let before = confirmed(&gateway.status());
    let untrusted = |status: &Value| !status["bundle"]["untrusted"].is_null();
    let status = gateway.until("stale", untrusted).await;
    assert_eq!(confirmed(&status), before);
    assert!(server.answered(304) > 0, "{:?}", server.answered.lock().unwrap());
    assert!(gateway.metric("bordergate_bundle_offers_total{result=\"old\"}").await > 1.0);
    assert!(gateway.send("{}").await.text().contains("NOT-TRUSTED"));
    gateway.stop().await;
}

/// The end of its time is signed with the bundle: no server can put it off.
#[tokio::test]
async fn a_bundle_that_expires_is_no_longer_trusted_whoever_offers_it() {
    let signed = SignedRules::new().await;
    let server = Server::start(signed.path(), Serves::Bundle(signed.bundle(1, None))).await;
    let gateway = signed.start(&format!("{}, on_stale: block", url(server.address))).await;
    assert_eq!(gateway.transfer().await, 200);
    // Long enough to be fetched and compiled on a machine that has much else to do.
    server.serve(Serves::Bundle(signed.expiring(2, None, Some(8_000))));
    gateway.until_version(2).await;
    let status = gateway.until("expired", |status| !status["bundle"]["untrusted"].is_null()).await;
    assert!(status["bundle"]["untrusted"].as_str().unwrap().starts_with("the rules expired at"));
    assert_eq!(gateway.transfer().await, 503);
    let asked = server.answered.lock().unwrap().len();
    let count = || server.answered.lock().unwrap().len();
    eventually("nobody asks any more", async || count() >= asked + 2).await;
    assert_eq!(gateway.transfer().await, 503);
    server.serve(Serves::Bundle(signed.bundle(3, None)));
    gateway.until_version(3).await;
    assert_eq!(gateway.transfer().await, 200);
    gateway.stop().await;
}

/// The same rules signed anew are the same bundle with another end, be that later or earlier.
#[tokio::test]
async fn rules_that_are_signed_anew_are_trusted_until_the_new_end() {
    let signed = SignedRules::new().await;
    let gateway = signed.start("on_stale: block").await;
    let push = async |gateway: &Running, expires_ms: i64| {
        let bundle = signed.expiring(8, None, Some(expires_ms));
        gateway.ask("PUT", "/-/rules/bundle", None, bundle).await.status
    };
    let hours = 720 * 3_600_000;
    assert_eq!(push(&gateway, 10_000).await, StatusCode::OK);
    let first = gateway.status()["bundle"].clone();
    assert_eq!(push(&gateway, hours).await, StatusCode::OK);
    let status = gateway.status();
    assert_ne!(status["bundle"]["expires"], first["expires"]);
    assert_ne!(status["bundle"]["created"], first["created"]);
    assert_eq!((&status["generation"], &status["bundle"]["version"]), (&2.into(), &8.into()));
    // A restart knows it too, and the old end is none any more.
    gateway.stop().await;
    let gateway = signed.start("on_stale: block").await;
    assert_eq!(gateway.status()["bundle"]["expires"], status["bundle"]["expires"]);
    let first_end: jiff::Timestamp = first["expires"].as_str().unwrap().parse().unwrap();
    while jiff::Timestamp::now() <= first_end {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(gateway.transfer().await, 200);

    assert_eq!(push(&gateway, 2_000).await, StatusCode::OK);
    gateway.until("expired", |status| !status["bundle"]["untrusted"].is_null()).await;
    assert_eq!(gateway.transfer().await, 503);
    // What blocks everything ends with a bundle that is trusted, be it of the same version.
    assert_eq!(push(&gateway, hours).await, StatusCode::OK);
    assert!(gateway.status()["bundle"]["untrusted"].is_null());
    assert_eq!(gateway.transfer().await, 200);
    gateway.stop().await;
}

#[tokio::test]
async fn an_operator_pushes_what_was_signed_and_is_on_record() {
    let signed = SignedRules::new().await;
    let sha256 = |token: &str| {
        use sha2::Digest as _;
        sha2::Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let operators = format!(
        "operators:
  - {{ name: rita, roles: [read], token_sha256: {} }}
  - {{ name: olga, roles: [operate], token_sha256: {} }}
  - {{ name: deploy, roles: [rules], token_sha256: {} }}\n",
        sha256("rita's token"),
        sha256("olga's token"),
        sha256("deploy's token"),
    );
    fs::write(signed.path().join("operators.yaml"), operators).unwrap();
    let gateway = signed.start("version_min: 0").await;
    // Until the first push the rules inside the program serve.
    assert_eq!(gateway.status()["source"], "embedded");
    let (stranger, ..) = SigningKey::generate().unwrap();
    let now = jiff::Timestamp::now();
    let foreign = Bundle::build(&rules(None), 9, now, None, &[stranger]).unwrap();
    for (token, bundle, status, version) in [
        (None, signed.bundle(2, None), 401, 0),
        (Some("rita's token"), signed.bundle(2, None), 403, 0),
        (Some("olga's token"), signed.bundle(2, None), 403, 0),
        (Some("deploy's token"), foreign, 422, 0),
        (Some("deploy's token"), vec![0; 9 << 20], 413, 0),
        (Some("deploy's token"), signed.bundle(2, None), 200, 2),
        (Some("deploy's token"), signed.bundle(2, None), 200, 2),
        (Some("deploy's token"), signed.bundle(1, Some(NO_IMEI)), 422, 2),
        (Some("deploy's token"), signed.bundle(2, Some(NO_IMEI)), 422, 2),
        (Some("deploy's token"), signed.bundle(3, Some(NO_IMEI)), 200, 3),
        (Some("deploy's token"), signed.bundle(4, Some("rules: [")), 422, 3),
    ] {
        let answer = gateway.ask("PUT", "/-/rules/bundle", token, bundle).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(gateway.version(), version);
    }
    assert_eq!(gateway.transfer().await, 403);
    // Whoever pushes is told everything that is wrong, and where.
    let wrong = "layer: organisation\ntitle: W\nrules:\n  - { id: W-1, efect: block }\n  - { id: W-2, effect: explode }\n";
    fs::write(signed.path().join("w.bundle"), signed.bundle(4, Some(wrong))).unwrap();
    fs::write(signed.path().join("deploy.token"), "deploy's token").unwrap();
    let mut push = std::process::Command::new(env!("CARGO_BIN_EXE_bordergate"));
    push.current_dir(signed.path()).args(["bundle", "push", "w.bundle", "--admin"]);
    push.arg(format!("http://{}", gateway.gateway.admin_address()));
    push.args(["--token-file", "deploy.token"]);
    let output = tokio::task::spawn_blocking(move || push.output()).await.unwrap().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for words in [":4:", "efect", ":5:", "explode", "help: "] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let history = serde_json::to_value(gateway.gateway.reloads().history()).unwrap();
    assert_eq!((&history[0]["by"], &history[0]["who"]), (&"push".into(), &"deploy".into()));
    gateway.stop().await;
    let pushes: Vec<_> = signed.changes().into_iter().filter(|it| it.1 == "push").collect();
    assert!(pushes.iter().all(|(who, ..)| who == "deploy"), "{pushes:?}");
    let done = pushes.iter().filter(|(.., result)| result == "done").count();
    assert_eq!((pushes.len(), done), (8, 3), "{pushes:?}");

    // It is what a restart begins with, and the floor for what is pushed then.
    let gateway = signed.start("version_min: 0").await;
    assert_eq!((gateway.version(), gateway.transfer().await), (3, StatusCode::FORBIDDEN));
    let old = signed.bundle(2, None);
    let answer = gateway.ask("PUT", "/-/rules/bundle", Some("deploy's token"), old).await;
    assert_eq!(answer.status, 422);
    gateway.stop().await;
    let audit = fs::read_to_string(signed.path().join("audit.jsonl")).unwrap();
    assert_eq!(exchanges(&audit).len(), 2);
}

#[test]
fn bundles_are_made_signed_checked_and_pushed_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = bordergate_in(folder.path(), &[&["bundle"], arguments].concat(), "");
        (code(&output), text(&output), told(&output))
    };
    assert_eq!(run(&["keygen", "first"]).0, 0);
    assert_eq!(run(&["keygen", "second"]).0, 0);
    let (code, _, told) = run(&["keygen", "first"]);
    assert!(code == 1 && told.contains("first.key"), "{told}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(folder.path().join("first.key")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let build = ["build", "-", "--key", "first.key", "--out", "rules.bundle", "--version", "7"];
    let (code, said, told) = run(&build);
    assert!(code == 0 && said.starts_with("version 7, "), "{said}{told}");
    let verify = |key: &str| run(&["verify", "rules.bundle", "--key", key, "--format", "json"]);
    let (code, said, _) = verify("first.pub");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &said["manifest"]["version"]), (0, &7.into()));
    assert_eq!(verify("second.pub").0, 13);
    assert_eq!(run(&["sign", "rules.bundle", "--key", "second.key"]).0, 0);
    assert_eq!((verify("first.pub").0, verify("second.pub").0), (0, 0));
    // Others can read the archive.
    let listed = std::process::Command::new("tar")
        .args(["-tzf", "rules.bundle"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.starts_with("manifest.json\nsignatures.json\n"), "{listed}");
    assert!(listed.contains("law/eu.yaml\n"), "{listed}");
    // Rules with an error make no bundle.
    fs::create_dir(folder.path().join("wrong")).unwrap();
    fs::write(folder.path().join("wrong/a.yaml"), "rules: [").unwrap();
    let wrong = ["build", "wrong", "--key", "first.key", "--out", "wrong.bundle"];
    assert_eq!(run(&wrong).0, 3);
    assert!(!folder.path().join("wrong.bundle").exists());
}

#[tokio::test]
async fn the_server_is_shown_who_asks() {
    let signed = SignedRules::new().await;
    // Two authorities: of the server, and of those that may ask it.
    certificates(signed.path());
    let identity = || {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        folder
    };
    let (mine, strangers) = (identity(), identity());
    let carry = |from: &TempDir| {
        for (name, to) in [("server.pem", "client.pem"), ("server.key", "client.key")] {
            fs::copy(from.path().join(name), signed.path().join(to)).unwrap();
        }
    };
    fs::copy(mine.path().join("ca.pem"), signed.path().join("clients-ca.pem")).unwrap();
    let server = Server::start(signed.path(), Serves::Bundle(signed.bundle(1, None))).await;
    server.wants("first-token");
    fs::write(signed.path().join("token"), "first-token\n").unwrap();
    carry(&strangers);
    let certificate = "client_certificate: client.pem, client_key: client.key";
    let settings = format!("{}, token_file: token, {certificate}", url(server.address));
    for (settings, words) in [
        (url(server.address), "cannot be reached"),
        (format!("{}, {certificate}", url(server.address)), "cannot be reached"),
    ] {
        let Err(StartError::Invalid(told)) = signed.try_start(&settings).await else {
            panic!("nobody asked who it was")
        };
        assert!(told.to_string().contains(words), "{told}");
    }
    carry(&mine);
    let without_token = format!("{}, {certificate}", url(server.address));
    let Err(StartError::Invalid(told)) = signed.try_start(&without_token).await else {
        panic!("nobody asked for a token")
    };
    assert!(told.to_string().contains("401"), "{told}");
    let gateway = signed.start(&settings).await;
    assert_eq!(gateway.version(), 1);

    // Another token, which the file has a while later.
    server.wants("second-token");
    server.serve(Serves::Bundle(signed.bundle(2, None)));
    let failure = |status: &Value| status["bundle"]["last_failure"]["message"].to_string();
    gateway.until("401", |status| failure(status).contains("401")).await;
    fs::write(signed.path().join("token"), "not one word").unwrap();
    gateway.until("no token", |status| failure(status).contains("no bearer token")).await;
    fs::write(signed.path().join("token"), "second-token").unwrap();
    gateway.until_version(2).await;

    // Another certificate, whom nobody knows; what was agreed before is not gone on with.
    server.serve(Serves::Bundle(signed.bundle(3, None)));
    gateway.until_version(3).await;
    carry(&strangers);
    gateway.until("a stranger", |status| failure(status).contains("cannot be reached")).await;
    server.serve(Serves::Bundle(signed.bundle(4, None)));
    carry(&mine);
    gateway.until_version(4).await;
    let status = gateway.until("well", |status| status["bundle"]["last_failure"].is_null()).await;
    assert!(!status.to_string().contains("second-token"));
    gateway.stop().await;
}
