//! The gateway in this process, with real sockets on both sides of it.
//!
//! ```text
//! let upstream = Upstream::start().await;
//! let gateway = TestGateway::new().upstream(&upstream).start().await;
//! let answer = gateway.post("/v1", json, "{}").await;
//! ```
//!
//! Ports come from the system; nothing waits for a fixed time. What a test waits for has a deadline.

use std::{
    fmt::{Display, Write as _},
    fs,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use bordergate::{
    app::{Gateway, StartError},
    config::Config,
    control::{Refused, Reloaded, RulesSource, Trigger},
    source::{Diagnostics, SourceFile},
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;

mod process;
mod upstream;

pub(crate) use process::*;
pub(crate) use upstream::*;

/// How long anything may take that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until something is so; `otherwise` is what is wrong when it never is.
pub(crate) async fn eventually(otherwise: &str, mut is_so: impl AsyncFnMut() -> bool) {
    eventually_found(otherwise, async || is_so().await.then_some(()).ok_or("")).await;
}

/// Asks until there is what is asked for. What is there in its place is told when there never is.
pub(crate) async fn eventually_found<T, E: Display>(
    otherwise: &str,
    mut ask: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    const PAUSE: Duration = Duration::from_millis(5);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(found) => return found,
            Err(so_far) => assert!(Instant::now() < deadline, "{otherwise}: {so_far}"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Where the data centres of a test are: id and country.
pub(crate) const CENTRES: [(&str, &str); 3] =
    [("dc-singapore", "SG"), ("dc-beijing", "CN"), ("dc-us", "US")];

/// A rule file without which nothing leaves where the shipped rules are left out.
pub(crate) const ALLOW_ALL: &str = "
layer: organisation
title: Test
rules:
  - id: T-ALLOW
    title: Everything may go
    statute: this test
    when: { data: any }
    effect: allow
    reason: Everything may go.
";

/// A rule that is stricter than that.
pub(crate) const NO_IMEI: &str = "
layer: organisation
title: Stricter
rules:
  - id: T-NO-IMEI
    title: No device ids
    statute: this test
    when: { data: imei }
    effect: block
    reason: Device ids stay at home.
";

/// Builds a gateway.
pub(crate) struct TestGateway {
    upstreams: Vec<SocketAddr>,
    files: Vec<(String, String)>,
    shipped: bool,
    config: String,
    token: Option<String>,
    purpose: Option<String>,
}

impl TestGateway {
    pub(crate) fn new() -> Self {
        Self {
            upstreams: Vec::new(),
            files: Vec::new(),
            shipped: true,
            config: String::new(),
            token: None,
            purpose: None,
        }
    }

    /// The next data centre of [`CENTRES`], reached by the host of its id.
    pub(crate) fn upstream(mut self, address: SocketAddr) -> Self {
        self.upstreams.push(address);
        self
    }

    /// A rule file beside the shipped ones, or in place of the one with its name.
    pub(crate) fn rules(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// No `law/`, `policy/` or `organisation/` of the shipped rules: only what the test gives.
    pub(crate) fn without_shipped_rules(mut self) -> Self {
        self.shipped = false;
        self
    }

    /// Further top-level keys of the configuration.
    pub(crate) fn config(mut self, yaml: &str) -> Self {
        let _ = writeln!(self.config, "{yaml}");
        self
    }

    /// The file with the operators' token.
    pub(crate) fn token(mut self, path: &str) -> Self {
        self.token = Some(path.to_owned());
        self
    }

    /// The purpose of every route.
    pub(crate) fn purpose(mut self, purpose: &str) -> Self {
        self.purpose = Some(purpose.to_owned());
        self
    }

    pub(crate) async fn start(self) -> RunningGateway {
        self.try_start().await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn try_start(self) -> Result<RunningGateway, StartError> {
        let folder = tempfile::tempdir().unwrap();
        // Behind a link, so that a test can swap all files at once.
        let rules = folder.path().join("rules-0");
        fs::create_dir(&rules).unwrap();
        symlink(&rules, folder.path().join("rules")).unwrap();
        for file in RulesSource::Embedded.load(&mut Diagnostics::default()).files {
            let states_rules =
                ["law/", "policy/", "organisation/"].iter().any(|top| file.name.starts_with(top));
            if self.shipped || !states_rules {
                write(&rules, &file.name, &file.text);
            }
        }
        for (name, text) in &self.files {
            write(&rules, name, text);
        }
        let name = folder.path().join("bordergate.yaml").display().to_string();
        let text = self.configuration(folder.path());
        fs::write(&name, &text).unwrap();
        let file = SourceFile { name: name.clone(), text };
        let config = Config::parse(&file).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        // It has runtimes of its own, which may not begin inside the test's.
        let starting = tokio::task::spawn_blocking(move || {
            let gateway = Gateway::start(&config, &name)?;
            gateway.follow(file, config);
            Ok::<_, StartError>(gateway)
        });
        let gateway = starting.await.unwrap()?;
        let (_, address) = gateway.addresses()[0];
        let admin = gateway.admin_address();
        Ok(RunningGateway { address, admin, gateway, folder, versions: AtomicUsize::new(1) })
    }

    fn configuration(&self, folder: &Path) -> String {
        let folder = folder.display();
        let token = self
            .token
            .as_ref()
            .map_or_else(String::new, |path| format!(", token_file: \"{path}\""));
        let mut text = format!(
            "listeners: [{{ name: test, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\"{token} }}
trusted_hops: [127.0.0.0/8]
workers: 2
rules: {{ directory: \"{folder}/rules\" }}
audit: {{ sink: file, path: \"{folder}/audit.jsonl\" }}
context:
  policy_versions:
    - {{ id: \"2019-03-18\", effective_from: 2019-03-18, destinations: [CN, US, SG], added_purposes: {{}} }}
  subject:
    age: 29
    minor: false
    verified: true
    consents: [{{ scope: service, type: explicit, policy_version: \"2019-03-18\", given_at: 2020-01-10T08:00:00Z }}]
{}data_centres:\n",
            self.config
        );
        let purpose = self
            .purpose
            .as_ref()
            .map_or_else(String::new, |purpose| format!(", purpose: {purpose}"));
        for ((id, country), address) in CENTRES.iter().zip(&self.upstreams) {
            let _ = writeln!(
                text,
                "  - {{ id: {id}, jurisdiction: {country}, endpoints: [\"http://{address}\"], transport: tls }}"
            );
        }
        text.push_str("routes:\n");
        for ((id, _), _) in CENTRES.iter().zip(&self.upstreams) {
            let _ = writeln!(
                text,
                "  - {{ id: to-{id}, match: {{ host: {id}.test }}, data_centre: {id}, \
                 exporter: {{ role: controller, sector: consumer_electronics }}{purpose} }}"
            );
        }
        text
    }
}

/// A gateway that serves until it is dropped.
pub(crate) struct RunningGateway {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) gateway: Gateway,
    folder: TempDir,
    versions: AtomicUsize,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl RunningGateway {
    /// A request to the first data centre; `statement` is what a trusted hop says of the transfer.
    pub(crate) fn request(
        &self,
        method: Method,
        target: &str,
        statement: &str,
    ) -> Request<Full<Bytes>> {
        let (id, _) = CENTRES[0];
        Request::builder()
            .method(method)
            .uri(target)
            .header("host", format!("{id}.test"))
            .header("bordergate-transfer", statement)
            .body(Full::default())
            .unwrap()
    }

    pub(crate) async fn post(
        &self,
        target: &str,
        statement: &str,
        media_type: &str,
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = self.request(Method::POST, target, statement);
        request.headers_mut().insert("content-type", media_type.parse().unwrap());
        *request.body_mut() = Full::from(body.into());
        self.send(request).await
    }

    /// Over a connection of its own.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        Connection::open(self.address).await.send(request).await
    }

    /// A request to the admin address.
    pub(crate) async fn admin(&self, method: Method, target: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost")
            .body(Full::default())
            .unwrap();
        Connection::open(self.admin).await.send(request).await
    }

    /// Puts a copy of the rules with these files changed in place of the rules, all at once, as
    /// Kubernetes does with a ConfigMap.
    pub(crate) fn swap_rules(&self, changed: &[(&str, &str)]) {
        let number = self.versions.fetch_add(1, Ordering::Relaxed);
        let link = self.folder.path().join("rules");
        let version = self.folder.path().join(format!("rules-{number}"));
        copy(&fs::canonicalize(&link).unwrap(), &version);
        for (name, text) in changed {
            write(&version, name, text);
        }
        let beside = self.folder.path().join(format!("link-{number}"));
        symlink(&version, &beside).unwrap();
        fs::rename(&beside, &link).unwrap();
    }

    /// Puts another configuration in place of the one it started with.
    pub(crate) fn swap_config(&self, change: impl FnOnce(&str) -> String) {
        let path = self.folder.path().join("bordergate.yaml");
        let next = self.folder.path().join("next.yaml");
        fs::write(&next, change(&fs::read_to_string(&path).unwrap())).unwrap();
        fs::rename(next, path).unwrap();
    }

    /// What `GET /-/status` says.
    pub(crate) async fn status(&self) -> Value {
        self.admin(Method::GET, "/-/status").await.json()
    }

    /// The value of one series of `GET /metrics`, labels and all.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let text = self.admin(Method::GET, "/metrics").await.text();
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Reloads and says whether the rules were taken.
    pub(crate) async fn reload(&self) -> Result<Reloaded, Refused> {
        self.gateway.reloads().reload(Trigger::Operator).await
    }

    /// At least `count` audit records, in the order their exchanges came in; fewer after the deadline
    /// fail the test.
    pub(crate) async fn records(&self, count: usize) -> Vec<Value> {
        let mut records = records_of(&self.folder.path().join("audit.jsonl"), count).await;
        // Each worker writes an exchange down when it is over, whichever came first.
        let came_in = |record: &Value| record["time"].as_str()?.parse::<jiff::Timestamp>().ok();
        records.sort_by_key(came_in);
        records
    }
}

/// The records of exchanges in the audit at `path`, once there are `count`.
pub(crate) async fn records_of(path: &Path, count: usize) -> Vec<Value> {
    eventually_found("records are missing", async || {
        let records = exchanges(&fs::read_to_string(path).unwrap_or_default());
        if records.len() >= count { Ok(records) } else { Err(records.len()) }
    })
    .await
}

/// The records of exchanges in an audit, other lines left out.
pub(crate) fn exchanges(audit: &str) -> Vec<Value> {
    let lines = audit.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line.get("audit").is_none()).collect()
}

/// One keep-alive HTTP/1.1 connection.
pub(crate) struct Connection(http1::SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, hyper::Error> {
        self.0.ready().await?;
        let (head, body) = self.0.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn write(base: &Path, name: &str, text: &str) {
    let path = base.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
