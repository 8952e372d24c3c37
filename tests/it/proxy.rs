//! The way of a request: what arrives, what is refused, what fails, over real sockets.
//!
//! Inspection is off in most of these, so that only the transport is looked at.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bordergate::{
    app::{Gateway, StartError},
    config::Config,
    geo::GeoDb,
    source::SourceFile,
};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    harness::{eventually, eventually_found, records_of},
    mmdb::{self, Layout},
};

mod callers;
mod faults;
mod frames;
mod grpc;
mod messages;
mod names;
mod namespaces;
mod overload;
mod quiet;
mod shared;
mod smuggling;
mod sockets;
mod upstreams;

const PATIENCE: Duration = Duration::from_secs(20);

// === what stands behind the gateway

/// A request as it reached the data centre.
#[derive(Debug, Clone)]
struct Seen {
    method: Method,
    target: String,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }

    fn last(&self) -> Seen {
        self.all().last().expect("nothing reached the data centre").clone()
    }
}

/// Answers `200 fine` to everything, over HTTP/1.1 and HTTP/2, and keeps what it saw.
async fn upstream() -> (SocketAddr, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let log = Log::default();
    let kept = log.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(stream, kept.clone()));
        }
    });
    (address, log)
}

async fn answer<S>(stream: S, log: Log)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let log = log.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            log.0.lock().unwrap().push(Seen {
                method: head.method,
                target: head.uri.to_string(),
                version: head.version,
                headers: head.headers,
                body,
            });
            let response = Response::builder()
                .header("x-from", "data-centre")
                .header("connection", "x-private")
                .header("x-private", "1")
                .body(Full::new(Bytes::from_static(b"fine")));
            Ok::<_, hyper::Error>(response.unwrap())
        }
    });
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Reads one request head per connection and then does as `script` says.
async fn scripted<F>(script: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(script(stream));
        }
    });
    address
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap_or(0);
        if count == 0 {
            break;
        }
        bytes.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

// === the gateway

struct Setup {
    folder: tempfile::TempDir,
    endpoint: String,
    data_centre: String,
    route: String,
    more: String,
    listener: String,
}

impl Setup {
    fn to(endpoint: impl std::fmt::Display) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            endpoint: endpoint.to_string(),
            data_centre: String::new(),
            route: String::new(),
            more: "inspection: { enabled: false }\n".to_owned(),
            listener: String::new(),
        }
    }

    /// Further keys of the one data centre.
    fn data_centre(mut self, yaml: &str) -> Self {
        self.data_centre = format!(", {yaml}");
        self
    }

    fn route(mut self, yaml: &str) -> Self {
        self.route = format!(", {yaml}");
        self
    }

    /// Further keys of the one listener.
    fn listener(mut self, yaml: &str) -> Self {
        self.listener = format!(", {yaml}");
        self
    }

    /// Further top-level keys.
    fn config(mut self, yaml: &str) -> Self {
        self.more.push_str(yaml);
        self.more.push('\n');
        self
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn try_start(self) -> Result<Running, StartError> {
        let name = self.folder.path().join("bordergate.yaml").display().to_string();
        let audit = match self.more.contains("audit:") {
            true => "",
            false => "audit: { sink: file, path: audit.jsonl }",
        };
        let text = format!(
            "listeners: [{{ name: test, address: '127.0.0.1:0'{} }}]
admin: {{ address: '127.0.0.1:0' }}
workers: 2
{audit}
data_centres: [{{ id: sg, jurisdiction: SG, endpoints: ['{}']{} }}]
routes: [{{ id: all, data_centre: sg{} }}]
{}",
            self.listener, self.endpoint, self.data_centre, self.route, self.more
        );
        let config = Config::parse(&SourceFile { name: name.clone(), text: text.clone() })
            .unwrap_or_else(|diagnostics| panic!("{diagnostics}\n{text}"));
        let gateway = Gateway::start(&config, &name)?;
        let address = gateway.addresses()[0].1;
        Ok(Running { address, gateway, folder: self.folder })
    }

    async fn start(self) -> Running {
        self.try_start().unwrap_or_else(|error| panic!("{error}"))
    }
}

struct Running {
    address: SocketAddr,
    gateway: Gateway,
    folder: tempfile::TempDir,
}

impl Running {
    /// What an operator reads at `path`.
    async fn admin(&self, path: &str) -> Got {
        let stream = TcpStream::connect(self.gateway.admin_address()).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get(path).header("host", "127.0.0.1");
        let request = request.body(Full::<Bytes>::default()).unwrap();
        Got::read(sender.send_request(request).await.unwrap()).await
    }

    /// The value of the first series that begins so; 0 where there is none.
    async fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8_lossy(&self.admin("/metrics").await.body).into_owned();
        let line = text.lines().find(|line| line.starts_with(name));
        line.map_or(0.0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }

    async fn connect(&self) -> http1::SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Got {
        Got::read(self.connect().await.send_request(request).await.unwrap()).await
    }

    /// Everything the gateway says to `bytes`, until it closes.
    async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_to_end(&mut stream).await
    }

    /// The records, once there are `count`.
    async fn records(&self, count: usize) -> Vec<Value> {
        records_of(&self.folder.path().join("audit.jsonl"), count).await
    }
}

async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("the gateway keeps the connection open");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Debug)]
struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Got {
    async fn read(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: head.status, headers: head.headers, body }
    }

    fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        let kind = problem["type"].as_str().unwrap();
        kind.strip_prefix("urn:bordergate:problem:").unwrap().to_owned()
    }
}

fn post(body: &'static str) -> Request<Full<Bytes>> {
    Request::post("/v1/things?a=1")
        .header("host", "shop.mesh.example")
        .header("content-type", "application/json")
        .body(Full::from(body))
        .unwrap()
}

// === what goes through

#[tokio::test]
async fn a_request_reaches_the_data_centre_and_its_answer_comes_back() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut request = post("{\"a\": 1 }");
    for (name, value) in [
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("bordergate-transfer", "origin=PK"),
        ("x-forwarded-for", "192.0.2.1"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("cookie", "a=b"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let got = gateway.send(request).await;
    assert_eq!((got.status, &got.body[..]), (StatusCode::OK, &b"fine"[..]));
    assert_eq!(got.headers["x-from"], "data-centre");
    assert!(!got.headers.contains_key("x-private"), "{got:?}");
    let seen = log.last();
    assert_eq!((seen.method, seen.target.as_str()), (Method::POST, "/v1/things?a=1"));
    assert_eq!(seen.version, Version::HTTP_11);
    assert_eq!(seen.body, "{\"a\": 1 }");
    assert_eq!(seen.headers["host"], address.to_string());
    assert_eq!(seen.headers["content-length"], "9");
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["cookie"], "a=b");
    assert_eq!(seen.headers["via"], "1.1 bordergate");
    let trace = seen.headers["traceparent"].to_str().unwrap();
    assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{trace}");
    assert!(!trace.contains("b7ad6b7169203331"), "{trace}");
    for gone in ["bordergate-transfer", "x-forwarded-for", "x-hop", "connection"] {
        assert!(!seen.headers.contains_key(gone), "{gone}");
    }
    let record = gateway.records(1).await.remove(0);
    assert_eq!(record["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(record["status"], 200);
    assert_eq!(record["route"], "all");
    assert_eq!(record["destination"], "SG");
    assert_eq!(record["response_bytes"], 4);
    assert_eq!(record["request_bytes"], 9);
}

#[tokio::test]
async fn many_requests_share_connections_on_both_sides() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut sender = gateway.connect().await;
    for number in 0..50 {
        sender.ready().await.unwrap();
        let got = Got::read(sender.send_request(post("{}")).await.unwrap()).await;
        assert_eq!(got.status, StatusCode::OK, "{number}");
    }
    assert_eq!(log.all().len(), 50);
    // Pipelined, and of both framings.
    let text = gateway
        .raw(
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
             POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n\
             GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
        .await;
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3, "{text}");
    let seen = log.all();
    let targets: Vec<_> =
        seen.iter().rev().take(3).rev().map(|seen| seen.target.as_str()).collect();
    assert_eq!(targets, ["/1", "/2", "/3"]);
    let chunked = &seen[seen.len() - 2];
    assert_eq!(chunked.body, "abcde");
    assert_eq!(chunked.headers["content-length"], "5");
    assert!(!chunked.headers.contains_key("transfer-encoding"));
    let get = &seen[seen.len() - 1];
    assert!(!get.headers.contains_key("content-length"), "{get:?}");
}

#[tokio::test]
async fn http2_in_clear_is_spoken_on_both_sides() {
    let (address, log) = upstream().await;
    let gateway =
        Setup::to(format!("http://{address}")).data_centre("protocol: http2").start().await;
    let sender = connect_h2(gateway.address).await;
    let mut exchanges = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let mut sender = sender.clone();
        exchanges.spawn(async move {
            let request = Request::post("http://shop.mesh.example/v2?x=1")
                .body(Full::new(Bytes::from_static(b"{}")));
            Got::read(sender.send_request(request.unwrap()).await.unwrap()).await
        });
    }
    while let Some(got) = exchanges.join_next().await {
        let got = got.unwrap();
        assert_eq!((got.status, &got.body[..]), (StatusCode::OK, &b"fine"[..]));
    }
    let seen = log.last();
    assert_eq!(log.all().len(), 40);
    assert_eq!(seen.version, Version::HTTP_2);
    assert_eq!(seen.target, format!("http://{address}/v2?x=1"));
}

/// An HTTP/2 connection to the gateway.
async fn connect_h2(address: SocketAddr) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn a_refusal_over_http2_ends_one_stream_and_not_the_connection() {
    let (address, _) = upstream().await;
    let gateway = Setup::to(format!("http://{address}"))
        .config("limits: { body_bytes_max: 1KiB }")
        .start()
        .await;
    let mut sender = connect_h2(gateway.address).await;
    for (length, status) in [(2_000, 413), (10, 200), (3_000, 413), (1_024, 200)] {
        let body = Full::new(Bytes::from(vec![b'x'; length]));
        let request = Request::post("http://shop.mesh.example/").body(body).unwrap();
        let got = Got::read(sender.send_request(request).await.unwrap()).await;
        assert_eq!(got.status.as_u16(), status, "{length}");
    }
}

#[tokio::test]
async fn an_http2_data_centre_that_hangs_up_is_called_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let log = Log::default();
    let kept = log.clone();
    // Every connection takes one request and says goodbye.
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                if let Some(Ok((request, mut respond))) = connection.accept().await {
                    connection.graceful_shutdown();
                    let (head, _) = request.into_parts();
                    kept.0.lock().unwrap().push(Seen {
                        method: head.method,
                        target: head.uri.to_string(),
                        version: head.version,
                        headers: head.headers,
                        body: Bytes::new(),
                    });
                    let _ = respond.send_response(Response::new(()), true);
                }
                while connection.accept().await.is_some() {}
            });
        }
    });
    let gateway =
        Setup::to(format!("http://{address}")).data_centre("protocol: http2").start().await;
    let mut sender = gateway.connect().await;
    for number in 0..5 {
        sender.ready().await.unwrap();
        let got = Got::read(sender.send_request(post("{}")).await.unwrap()).await;
        assert_eq!(got.status, StatusCode::OK, "{number}");
    }
    assert_eq!(log.all().len(), 5);
}

#[tokio::test]
async fn answers_without_a_body_leave_the_connection_usable() {
    let address = scripted(|mut stream| async move {
        loop {
            let head = read_head(&mut stream).await;
            let answer: &[u8] = match head.split(' ').next() {
                Some("HEAD") => b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                Some("DELETE") => b"HTTP/1.1 204 No Content\r\n\r\n",
                Some("GET") => b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
                _ => return,
            };
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut sender = gateway.connect().await;
    for (method, status) in [("HEAD", 200), ("DELETE", 204), ("GET", 304), ("HEAD", 200)] {
        sender.ready().await.unwrap();
        let request = Request::builder().method(method).uri("/").header("host", "a");
        let request = request.body(Full::default()).unwrap();
        let got = Got::read(sender.send_request(request).await.unwrap()).await;
        assert_eq!((got.status.as_u16(), got.body.len()), (status, 0), "{method}");
    }
}

#[tokio::test]
async fn without_a_record_there_is_no_transfer_where_one_is_required() {
    let (address, log) = upstream().await;
    // A device on which every write fails for want of space.
    let gateway = Setup::to(format!("http://{address}"))
        .config("audit: { sink: file, path: /dev/full, required: true }")
        .start()
        .await;
    let got = gateway.send(post("{}")).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (503, "unrecorded"));
    assert!(log.all().is_empty());
}

#[tokio::test]
async fn the_caller_s_host_goes_on_where_it_is_wanted() {
    let (address, log) = upstream().await;
    let gateway =
        Setup::to(format!("http://{address}")).data_centre("preserve_host: true").start().await;
    gateway.send(post("{}")).await;
    assert_eq!(log.last().headers["host"], "shop.mesh.example");
}

/// What goes out is read, whatever part of a request it stands in.
#[tokio::test]
async fn a_host_that_names_somebody_does_not_go_on() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).data_centre("preserve_host: true").start().await;
    for (host, status) in [
        ("shop.mesh.example:8443", 200),
        ("4111111111111111.mesh.example", 403),
        ("a.example", 200),
    ] {
        let mut request = post("{}");
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(gateway.send(request).await.status.as_u16(), status, "{host}");
    }
    let hosts: Vec<_> =
        log.all().iter().map(|seen| seen.headers["host"].to_str().unwrap().to_owned()).collect();
    assert_eq!(hosts, ["shop.mesh.example:8443", "a.example"]);
    let records = gateway.records(3).await;
    let refused = records.iter().find(|record| record["status"] == 403).unwrap();
    assert_eq!(refused["tags"][0]["pointers"][0], "header:/host", "{refused}");
}

#[tokio::test]
async fn a_method_nobody_registered_is_refused() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    for method in ["867619040000019", "TRACE"] {
        let mut request = post("");
        *request.method_mut() = method.parse().unwrap();
        let got = gateway.send(request).await;
        assert_eq!((got.status.as_u16(), got.problem().as_str()), (501, "method-unknown"));
    }
    assert!(log.all().is_empty());
}

#[tokio::test]
async fn who_expects_to_be_told_to_go_on_is_told() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 100 Continue\r\n"), "{head}");
    stream.write_all(b"abc").await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
    assert!(!log.last().headers.contains_key("expect"));
}

/// A message without them would not be the one that was sent, and nobody looks into them.
#[tokio::test]
async fn trailers_of_a_request_are_refused_and_not_dropped() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let chunked =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n";
    let with =
        format!("{chunked}Trailer: X-Email\r\n\r\n2\r\n{{}}\r\n0\r\nX-Email: a@b.example\r\n\r\n");
    let answer = gateway.raw(with).await;
    assert!(answer.starts_with("HTTP/1.1 501 ") && answer.contains("problem:trailers"), "{answer}");
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let trailers =
        HeaderMap::from_iter([("x-email".parse().unwrap(), "a@b.example".parse().unwrap())]);
    let body = Full::new(Bytes::from_static(b"{}"));
    let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
    let request = Request::post("http://shop.mesh.example/").body(body).unwrap();
    let got = Got::read(sender.send_request(request).await.unwrap()).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (501, "trailers"));
    assert!(log.all().is_empty());
    // Chunks that end with none are any other body.
    let without = format!("{chunked}\r\n2\r\n{{}}\r\n0\r\n\r\n");
    assert!(gateway.raw(without).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(gateway.records(3).await.iter().filter(|it| it["error"] == "trailers").count(), 2);
}

/// RFC 9112 §9.3.2: answers come in the order of the requests.
#[tokio::test]
async fn requests_sent_one_behind_the_other_are_answered_in_their_order() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut all = String::new();
    for number in 0..20 {
        let body = "x".repeat(number);
        all.push_str(&format!(
            "POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: {number}\r\n\r\n{body}"
        ));
    }
    all.push_str("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let answers = gateway.raw(all).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 21, "{answers}");
    let seen: Vec<_> =
        log.all().iter().map(|seen| (seen.target.clone(), seen.body.len())).collect();
    let expected: Vec<_> = (0..20).map(|number| (format!("/{number}"), number)).collect();
    assert_eq!(seen[..20], expected[..]);
    assert_eq!(seen[20].0, "/last");
}

/// As an explicit forward proxy: curl sends the absolute form (RFC 9112 §3.2.2), and the route decides.
#[tokio::test]
async fn a_caller_with_a_proxy_set_is_served_like_any_other() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}"))
        .route("match: { host: ingest.example }")
        .start()
        .await;
    let proxy = format!("http://{}", gateway.address);
    let curl = |url: &'static str| {
        let proxy = proxy.clone();
        tokio::task::spawn_blocking(move || {
            let arguments =
                ["-s", "-m", "15", "-x", &proxy, "-d", "a=1", "-w", "%{http_code}", url];
            let output = std::process::Command::new("curl").args(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        })
    };
    assert_eq!(curl("http://ingest.example/v1?x=1").await.unwrap(), "fine200");
    let seen = log.last();
    assert_eq!((seen.target.as_str(), &seen.body[..]), ("/v1?x=1", &b"a=1"[..]));
    assert!(!seen.headers.contains_key("proxy-connection"));
    let elsewhere = curl("http://elsewhere.example/").await.unwrap();
    assert!(elsewhere.ends_with("404"), "{elsewhere}");
    // A tunnel would be one that nobody looks into.
    let tunnel = curl("https://ingest.example/").await.unwrap();
    assert_eq!(tunnel, "000");
    assert_eq!(log.all().len(), 1);
}

#[tokio::test]
async fn an_answer_is_streamed_as_it_comes() {
    // The second half comes only once the first has been seen by the caller.
    let (go, went) = tokio::sync::watch::channel(false);
    let address = scripted(move |mut stream| {
        let mut went = went.clone();
        async move {
            read_head(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst";
            stream.write_all(head).await.unwrap();
            went.wait_for(|go| *go).await.unwrap();
            stream.write_all(b"after").await.unwrap();
        }
    })
    .await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut response = gateway.connect().await.send_request(post("{}")).await.unwrap();
    let first = response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "first");
    go.send(true).unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "after");
}

// === TLS

struct Certificates {
    ca: String,
    leaf: String,
    leaf_key: String,
    client: String,
    client_key: String,
}

fn certificates() -> Certificates {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).unwrap();
    let issuer = Issuer::from_params(&params, &ca_key);
    let sign = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (leaf.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    let (leaf, leaf_key) = sign("ingest.example");
    let (client, client_key) = sign("gateway.example");
    Certificates { ca: ca.pem(), leaf, leaf_key, client, client_key }
}

fn roots(ca: &str) -> Arc<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    Arc::new(roots)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A data centre that wants to see a client certificate; keeps what it saw.
async fn tls_upstream(certificates: &Certificates, alpn: &[&str]) -> (SocketAddr, Log) {
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        roots(&certificates.ca),
        provider(),
    );
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificates.leaf.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(certificates.leaf_key.as_bytes()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let log = Log::default();
    let kept = log.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, kept) = (acceptor.clone(), kept.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, kept).await;
                }
            });
        }
    });
    (address, log)
}

#[tokio::test]
async fn tls_is_spoken_on_both_sides_with_both_protocols() {
    let certificates = certificates();
    for (protocol, version) in [("http1", Version::HTTP_11), ("http2", Version::HTTP_2)] {
        let (address, log) = tls_upstream(&certificates, &["h2", "http/1.1"]).await;
        let setup = Setup::to(format!("https://{address}"))
            .listener("tls: { certificate: leaf.pem, key: leaf.key }")
            .data_centre(&format!(
                "protocol: {protocol}, tls: {{ roots: ca.pem, server_name: ingest.example, \
                 client_certificate: client.pem, client_key: client.key }}"
            ));
        setup.write("ca.pem", &certificates.ca);
        setup.write("leaf.pem", &certificates.leaf);
        setup.write("leaf.key", &certificates.leaf_key);
        setup.write("client.pem", &certificates.client);
        setup.write("client.key", &certificates.client_key);
        let gateway = setup.start().await;
        for (alpn, tls) in [
            ("h2", &rustls::version::TLS13),
            ("http/1.1", &rustls::version::TLS13),
            ("h2", &rustls::version::TLS12),
        ] {
            let mut config = rustls::ClientConfig::builder_with_provider(provider())
                .with_protocol_versions(&[tls])
                .unwrap()
                .with_root_certificates(roots(&certificates.ca))
                .with_no_client_auth();
            config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
            let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
            let stream = TcpStream::connect(gateway.address).await.unwrap();
            let name = ServerName::try_from("ingest.example").unwrap();
            let stream = TokioIo::new(connector.connect(name, stream).await.unwrap());
            let response = if alpn == "h2" {
                let (mut sender, connection) =
                    http2::handshake(TokioExecutor::new(), stream).await.unwrap();
                tokio::spawn(connection);
                let request = Request::post("https://shop.mesh.example/")
                    .body(Full::new(Bytes::from_static(b"{}")));
                sender.send_request(request.unwrap()).await
            } else {
                let (mut sender, connection) = http1::handshake(stream).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(post("{}")).await
            };
            let got = Got::read(response.unwrap()).await;
            assert_eq!(got.status, StatusCode::OK, "{got:?}");
            assert_eq!(log.last().version, version);
        }
    }
}

#[tokio::test]
async fn a_data_centre_that_cannot_prove_its_name_gets_nothing() {
    let (ours, theirs) = (certificates(), certificates());
    let (address, log) = tls_upstream(&theirs, &["http/1.1"]).await;
    let setup = Setup::to(format!("https://{address}")).data_centre(
        "tls: { roots: ca.pem, server_name: ingest.example, client_certificate: client.pem, client_key: client.key }",
    );
    setup.write("ca.pem", &ours.ca);
    setup.write("client.pem", &ours.client);
    setup.write("client.key", &ours.client_key);
    let gateway = setup.start().await;
    let got = gateway.send(post("{}")).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (502, "handshake"));
    assert!(log.all().is_empty());
    assert_eq!(gateway.records(1).await[0]["error"], "handshake");
}

#[tokio::test]
async fn certificates_that_are_none_are_named_at_the_start() {
    let setup =
        Setup::to("http://127.0.0.1:9").listener("tls: { certificate: leaf.pem, key: leaf.key }");
    setup.write("leaf.pem", "not a certificate");
    setup.write("leaf.key", "not a key");
    let error = setup.try_start().map(|_| ()).unwrap_err().to_string();
    for part in ["bordergate.yaml:1:", "leaf.pem", "leaf.key", "help:"] {
        assert!(error.contains(part), "{error}");
    }
}

// === what is refused

#[tokio::test]
async fn what_is_beyond_a_limit_is_refused() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}"))
        .config("limits: { body_bytes_max: 8KiB, head_bytes_max: 16KiB, headers_max: 20 }")
        .start()
        .await;
    let declared = gateway
        .raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8193\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert!(declared.starts_with("HTTP/1.1 413 "), "{declared}");
    assert!(!declared.contains("100 Continue"), "{declared}");
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
    let chunked = gateway
        .raw(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            chunk.repeat(3)
        ))
        .await;
    assert!(chunked.starts_with("HTTP/1.1 413 "), "{chunked}");
    // Who reads no answer before everything is sent is let finish, and then reads it.
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 8 << 20);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; 8 << 20]).await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let flood: String = (0..40).map(|number| format!("x-{number}: 1\r\n")).collect();
    let flood = gateway.raw(format!("GET / HTTP/1.1\r\nHost: a\r\n{flood}\r\n")).await;
    assert!(flood.starts_with("HTTP/1.1 431 "), "{flood}");
    let long = gateway
        .raw(format!("GET / HTTP/1.1\r\nHost: a\r\nx: {}\r\n\r\n", "y".repeat(64 << 10)))
        .await;
    assert!(long.starts_with("HTTP/1.1 431 ") || long.is_empty(), "{long}");
    assert!(log.all().is_empty());
    // The process is alive, and what fits goes through.
    let fits = Box::leak("z".repeat(8192).into_boxed_str());
    assert_eq!(gateway.send(post(fits)).await.status, StatusCode::OK);
    assert_eq!(log.last().body.len(), 8192);
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    for (request, status) in [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400),
        ("GET /a/../b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
        ("GARBAGE\r\n\r\n", 400),
        ("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 501),
    ] {
        let answer = gateway.raw(request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
    }
    assert!(log.all().is_empty(), "{:?}", log.all());
}

#[tokio::test]
async fn content_length_beside_chunks_is_refused_with_all_that_follows() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let answer = gateway
        .raw(
            "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n\
             0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(log.all().is_empty());
}

#[tokio::test]
async fn routes_decide_and_say_why_not() {
    let (address, _) = upstream().await;
    let gateway = Setup::to(format!("http://{address}"))
        .route("match: { host: shop.mesh.example, path_prefix: /v1, methods: [POST, PUT] }")
        .start()
        .await;
    assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK);
    let mut other = post("{}");
    *other.method_mut() = Method::GET;
    let got = gateway.send(other).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (405, "method-not-allowed"));
    assert_eq!(got.headers["allow"], "POST, PUT");
    let mut other = post("{}");
    *other.uri_mut() = "/v2".parse().unwrap();
    let got = gateway.send(other).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (404, "no-route"));
    // No route by the letter, and this one to whoever decodes and takes two slashes for one.
    for path in ["//v1/orders", "/%761/orders", "/v1%2forders"] {
        let mut other = post("{}");
        *other.uri_mut() = path.parse().unwrap();
        let got = gateway.send(other).await;
        let told = (got.status.as_u16(), got.problem());
        assert_eq!((told.0, told.1.as_str()), (400, "path-ambiguous"), "{path}");
    }
    let mut other = post("{}");
    *other.uri_mut() = "/v1//orders%2f7%20b".parse().unwrap();
    assert_eq!(gateway.send(other).await.status, StatusCode::OK);
}

/// A destination on a list that is none would be restricted nowhere: nothing starts with it.
#[tokio::test]
async fn destinations_that_the_configuration_lists_are_looked_up() {
    let setup = || Setup::to("http://127.0.0.1:9");
    let context = |list: &str| format!("context: {{config: {{{list}}}}}");
    setup()
        .config(&context("IN.restricted_destinations: [us, EU], OTHER.list: [CHN]"))
        .start()
        .await;
    for (setup, line) in [
        (setup().config(&context("IN.restricted_destinations: [CHN]")), 8),
        (setup().route(&context("IN.restricted_destinations: [SG, UK]")), 6),
    ] {
        let told = setup.try_start().err().unwrap().to_string();
        assert!(told.contains(&format!("bordergate.yaml:{line}:")), "{told}");
        assert!(told.contains("on `IN.restricted_destinations`, which is neither"), "{told}");
    }
}

#[tokio::test]
async fn only_a_trusted_hop_is_listened_to() {
    let (address, log) = upstream().await;
    let say = |gateway: &Running, statement: &str| {
        let mut request = post("{}");
        request.headers_mut().insert("bordergate-transfer", statement.parse().unwrap());
        let address = gateway.address;
        async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            Got::read(sender.send_request(request).await.unwrap()).await
        }
    };
    let trusted =
        Setup::to(format!("http://{address}")).config("trusted_hops: [127.0.0.0/8]").start().await;
    let got = say(&trusted, "origin=PK, purpose=cloud_sync").await;
    assert_eq!(got.status, StatusCode::OK);
    let record = trusted.records(1).await.remove(0);
    assert_eq!((&record["origin"], &record["purpose"]), (&"PK".into(), &"cloud_sync".into()));
    let got = say(&trusted, "origin=(").await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (400, "context-malformed"));
    // `{"subject":{"opt_out":["push"]}}`: left out, the restriction would not hold.
    let got = say(&trusted, "context=:eyJzdWJqZWN0Ijp7Im9wdF9vdXQiOlsicHVzaCJdfX0=:").await;
    let problem: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(
        problem["detail"],
        "`Bordergate-Transfer`: nothing reads `/subject/opt_out` of `context`; `opt_outs` may be meant."
    );
    // `{"config":{"IN.restricted_destinations":["us"]}}` holds, and `["USA"]` would hold nowhere.
    let got = say(
        &trusted,
        "origin=PK, purpose=cloud_sync, context=:eyJjb25maWciOnsiSU4ucmVzdHJpY3RlZF9kZXN0aW5hdGlvbnMiOlsidXMiXX19:",
    )
    .await;
    assert_eq!(got.status, StatusCode::OK);
    let got = say(
        &trusted,
        "context=:eyJjb25maWciOnsiSU4ucmVzdHJpY3RlZF9kZXN0aW5hdGlvbnMiOlsiVVNBIl19fQ==:",
    )
    .await;
    let problem: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (400, "context-malformed"));
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("`/config/IN.restricted_destinations` has an element"),
        "{problem}"
    );
    let got = say(&trusted, "destination=US").await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (400, "destination-conflict"));

    let stranger = Setup::to(format!("http://{address}")).route("origin: IN").start().await;
    for statement in ["origin=PK, purpose=cloud_sync", "origin=("] {
        assert_eq!(say(&stranger, statement).await.status, StatusCode::OK, "{statement}");
        assert!(!log.last().headers.contains_key("bordergate-transfer"));
    }
    for record in stranger.records(2).await {
        assert_eq!((&record["origin"], &record["purpose"]), (&"IN".into(), &Value::Null));
        assert_eq!(record["context"], "untrusted");
    }
    assert_eq!(stranger.metric("bordergate_context_ignored_total").await, 2.0);
    assert_eq!(trusted.metric("bordergate_context_ignored_total").await, 0.0);
    assert_eq!(trusted.records(1).await[0].get("context"), None);
    // Whoever is refused for want of what it said reads that.
    let mut judging = Setup::to(format!("http://{address}"));
    judging.more.clear();
    let judging = judging.start().await;
    let mut request = post(r#"{"email":"sana.k@example.pk"}"#);
    let statement = "origin=PK, purpose=cloud_sync".parse().unwrap();
    request.headers_mut().insert("bordergate-transfer", statement);
    let got = judging.send(request).await;
    let problem: Value = serde_json::from_slice(&got.body).unwrap();
    assert!(got.status.is_client_error(), "{problem}");
    assert!(problem["context"].as_str().unwrap().contains("not believed"), "{problem}");
}

// === who is slow, and who is many

#[tokio::test]
async fn whoever_is_slow_is_not_waited_for() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}"))
        .config("deadlines: { head: 300ms, body: 300ms }")
        .start()
        .await;
    // Nothing, the beginning of HTTP/2, and half a head.
    for bytes in ["", "PRI", "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
        let answer = gateway.raw(bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{bytes:?}: {answer}");
    }
    let answer = gateway.raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("body-slow"), "{answer}");
    // A keep-alive connection that asks for nothing more is let go.
    let answer = gateway.raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(log.all().len(), 1);
}

#[tokio::test]
async fn beyond_what_can_be_held_at_once_callers_are_told_to_come_again() {
    let address = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        tokio::time::sleep(PATIENCE).await;
    })
    .await;
    let gateway =
        Setup::to(format!("http://{address}")).config("limits: { exchanges_max: 2 }").start().await;
    // One place per worker: of five at once at least three find none.
    let mut exchanges = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let mut sender = gateway.connect().await;
        exchanges
            .spawn(async move { Got::read(sender.send_request(post("{}")).await.unwrap()).await });
    }
    for _ in 0..3 {
        let got = exchanges.join_next().await.unwrap().unwrap();
        assert_eq!((got.status.as_u16(), got.problem().as_str()), (503, "overloaded"));
        assert_eq!(got.headers["retry-after"], "1");
    }
}

// === what goes wrong behind the gateway

#[tokio::test]
async fn each_failure_of_the_data_centre_has_its_answer() {
    // Bound and not listening, so that nobody else comes to listen there.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let hangs = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        tokio::time::sleep(PATIENCE).await;
    })
    .await;
    let closes = scripted(|mut stream| async move {
        read_head(&mut stream).await;
    })
    .await;
    let rubbish = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"SSH-2.0-none\r\n\r\n").await;
    })
    .await;
    let switches = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
        let _ = stream.write_all(head).await;
        tokio::time::sleep(PATIENCE).await;
    })
    .await;
    for (endpoint, status, kind) in [
        (nobody.local_addr().unwrap().to_string(), 502, "unreachable"),
        (hangs.to_string(), 504, "upstream-slow"),
        (closes.to_string(), 502, "upstream-broken"),
        (rubbish.to_string(), 502, "upstream-broken"),
        (switches.to_string(), 502, "upstream-malformed"),
    ] {
        let gateway = Setup::to(format!("http://{endpoint}"))
            .config("deadlines: { first_byte: 400ms }")
            .start()
            .await;
        let got = gateway.send(post("{}")).await;
        assert_eq!((got.status.as_u16(), got.problem().as_str()), (status, kind), "{endpoint}");
        let records = gateway.records(1).await;
        assert_eq!((records.len(), &records[0]["error"]), (1, &kind.into()));
        assert_eq!(records[0]["status"], status);
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_told_from_a_silent_place() {
    let gateway = Setup::to("http://name-that-is-none.invalid")
        .config("deadlines: { connect: 2s }")
        .start()
        .await;
    let got = gateway.send(post("{}")).await;
    // Without a name server that answers, nobody knows in time.
    let expected = [(502, "unresolved".to_owned()), (504, "connect-slow".to_owned())];
    assert!(expected.contains(&(got.status.as_u16(), got.problem())), "{got:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_made_whole() {
    for (rest, kind) in [("", "answer-broken"), ("wait", "answer-idle")] {
        let address = scripted(move |mut stream| async move {
            read_head(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
            let _ = stream.write_all(head).await;
            if !rest.is_empty() {
                tokio::time::sleep(PATIENCE).await;
            }
        })
        .await;
        let gateway = Setup::to(format!("http://{address}"))
            .config("deadlines: { idle: 300ms }")
            .start()
            .await;
        let response = gateway.connect().await.send_request(post("{}")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.into_body().collect().await.is_err());
        let records = gateway.records(1).await;
        assert_eq!(records[0]["error"], kind);
        assert_eq!(records[0]["response_bytes"], 4);
    }
}

#[tokio::test]
async fn a_connection_that_died_while_idle_costs_no_request() {
    // Answers once per connection without saying that it will close.
    let address = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    })
    .await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    for number in 0..20 {
        let request = Request::get("/").header("host", "a").body(Full::default()).unwrap();
        assert_eq!(gateway.send(request).await.status, StatusCode::OK, "{number}");
    }
}

#[tokio::test]
async fn another_endpoint_of_the_same_place_takes_over() {
    let (address, log) = upstream().await;
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let gateway = Setup::to(format!("http://{nobody}', 'http://{address}")).start().await;
    for _ in 0..4 {
        assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK);
    }
    assert_eq!(log.all().len(), 4);
}

#[tokio::test]
async fn whoever_goes_away_is_recorded_all_the_same() {
    let (saw, mut seen) = tokio::sync::mpsc::channel(1);
    let address = scripted(move |mut stream| {
        let saw = saw.clone();
        async move {
            read_head(&mut stream).await;
            let _ = saw.send(()).await;
            tokio::time::sleep(PATIENCE).await;
        }
    })
    .await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    seen.recv().await.unwrap();
    drop(stream);
    let records = gateway.records(1).await;
    assert_eq!((records.len(), &records[0]["error"]), (1, &"abandoned".into()));
    assert_eq!(records[0]["forwarded_bytes"], 2);
}

// === where addresses are

#[tokio::test]
async fn a_data_centre_that_is_elsewhere_gets_nothing_unless_that_is_wanted() {
    let (address, log) = upstream().await;
    for (layout, config, expected) in [
        (Layout::Nested, "geoip: { database: c.mmdb }", 403),
        (Layout::FlatCode, "geoip: { database: c.mmdb, on_mismatch: annotate }", 200),
        (Layout::FlatCountry, "geoip: { database: c.mmdb, client_origin: false }", 403),
    ] {
        let setup = Setup::to(format!("http://{address}")).config(config);
        setup.write("c.mmdb", mmdb::write(&[("127.0.0.0/8", "US")], layout));
        let gateway = setup.start().await;
        let got = gateway.send(post("{}")).await;
        assert_eq!(got.status.as_u16(), expected, "{config}");
        let record = gateway.records(1).await.remove(0);
        if expected == 403 {
            assert_eq!(got.problem(), "misplaced");
            assert_eq!(record["effect"], "block");
        } else {
            let note = &record["annotations"][0];
            assert_eq!((&note["name"], &note["value"]), (&"geoip-mismatch".into(), &"US".into()));
        }
    }
    assert_eq!(log.all().len(), 1);
    // Where it is declared to be, nothing is said.
    let setup = Setup::to(format!("http://{address}")).config("geoip: { database: c.mmdb }");
    setup.write("c.mmdb", mmdb::write(&[("127.0.0.0/8", "SG")], Layout::Nested));
    assert_eq!(setup.start().await.send(post("{}")).await.status, StatusCode::OK);
}

/// Connections that lie idle, and the one that exchanges share, are asked where they lead once the database says
/// something else.
#[tokio::test]
async fn a_data_centre_that_turns_out_to_be_elsewhere_gets_nothing_more() {
    for protocol in ["http1", "http2"] {
        for (mismatch, expected) in [("block", 403), ("annotate", 200)] {
            let (address, log) = upstream().await;
            let setup = Setup::to(format!("http://{address}"))
                .data_centre(&format!("protocol: {protocol}"))
                .config(&format!("geoip: {{ database: c.mmdb, on_mismatch: {mismatch} }}"));
            let countries = |code| mmdb::write(&[("127.0.0.0/8", code)], Layout::Nested);
            setup.write("c.mmdb", countries("SG"));
            let gateway = setup.start().await;
            // So many that each worker has a connection.
            for _ in 0..20 {
                assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK);
            }
            let folder = gateway.folder.path();
            std::fs::write(folder.join("next"), countries("US")).unwrap();
            std::fs::rename(folder.join("next"), folder.join("c.mmdb")).unwrap();
            let is_known = async || {
                let got = gateway.send(post("{}")).await;
                match expected {
                    403 => got.status == StatusCode::FORBIDDEN && got.problem() == "misplaced",
                    _ => {
                        let records = gateway.records(log.all().len()).await;
                        let notes = &records[records.len() - 1]["annotations"];
                        notes[0]["name"] == "geoip-mismatch" && notes[0]["value"] == "US"
                    }
                }
            };
            eventually(&format!("{protocol}, {mismatch}: nobody asks again"), is_known).await;
            let before = log.all().len();
            for _ in 0..10 {
                assert!(is_known().await, "{protocol}, {mismatch}");
            }
            let sent = if expected == 403 { 0 } else { 10 };
            assert_eq!(log.all().len() - before, sent, "{protocol}, {mismatch}");
        }
    }
}

#[tokio::test]
async fn a_database_that_is_none_is_named_at_the_start() {
    let setup = Setup::to("http://127.0.0.1:9").config("geoip: { database: c.mmdb }");
    setup.write("c.mmdb", "<html>");
    let error = setup.try_start().map(|_| ()).unwrap_err();
    assert!(matches!(&error, StartError::Invalid(_)), "{error}");
    assert!(error.to_string().contains("c.mmdb"), "{error}");
}

/// `make data` fetches it: a public-domain country database.
#[test]
fn a_real_country_database_places_well_known_addresses() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-data/country.mmdb");
    let geo = GeoDb::load(&path).unwrap_or_else(|error| panic!("{error}; run `make data`"));
    for (address, expected) in [
        ("8.8.8.8", Some("US")),
        ("2001:4860:4860::8888", Some("US")),
        ("114.114.114.114", Some("CN")),
        ("202.12.29.0", Some("AU")),
        ("127.0.0.1", None),
        ("10.1.2.3", None),
        ("::ffff:8.8.8.8", Some("US")),
    ] {
        let region = geo.region(address.parse().unwrap()).map(|region| region.to_string());
        assert_eq!(region.as_deref(), expected, "{address}");
    }
}

// === what the rules say

/// What is known of a subject who has agreed to the service, and of the policy in force.
const FACTS: &str = "context:
  policy_versions:
    - { id: '2019-03-18', effective_from: 2019-03-18, destinations: [CN, US, SG], added_purposes: {} }
  subject:
    age: 29
    minor: false
    verified: true
    consents: [{ scope: service, type: explicit, policy_version: '2019-03-18', given_at: 2020-01-10T08:00:00Z }]";

/// A gateway that inspects, in front of Singapore.
fn inspecting(address: SocketAddr) -> Setup {
    let mut setup = Setup::to(format!("http://{address}"))
        .data_centre("recipient: { class: first_party_facility, id: mi-dc-singapore }, transport: tls")
        .route("origin: PK, purpose: service_activation, exporter: { role: controller, sector: consumer_electronics }");
    setup.more = format!("{FACTS}\ntrusted_hops: [127.0.0.0/8]\n");
    setup
}

fn stating(statement: &str, mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    request.headers_mut().insert("bordergate-transfer", statement.parse().unwrap());
    request
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> String {
    use std::io::Read as _;
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn what_may_cross_crosses_byte_for_byte() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).start().await;
    for body in [
        "{ \"device\" : {\"imei\":\"867619040000019\"},\n \"user\": {\"mobile\": \"+923451112233\"} }",
        "{\"a\": 1e400, \"a\": \"\\u00e9\", \"b\": [ ]}",
        "",
    ] {
        let got = gateway.send(post(body)).await;
        assert_eq!(got.status, StatusCode::OK, "{body}: {got:?}");
        assert_eq!(log.last().body, body);
    }
    let record = gateway.records(1).await.remove(0);
    assert_eq!((&record["effect"], &record["coverage"]), (&"allow".into(), &"full".into()));
}

#[tokio::test]
async fn what_must_not_cross_is_taken_out_and_the_message_stays_right() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).start().await;
    let plain = "{ \"imei\" : \"867619040000019\", \"birthday\": \"1996-04-12\", \"email\": \"sana.k@example.pk\" }";
    let kept = "{ \"imei\" : \"867619040000019\" }";
    for encoded in [false, true] {
        let mut request = post(plain);
        if encoded {
            *request.body_mut() = Full::from(gzip(plain.as_bytes()));
            request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        }
        *request.uri_mut() = "/v1?email=sana.k%40example.pk&page=2".parse().unwrap();
        let digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
        request.headers_mut().insert("content-digest", digest.parse().unwrap());
        let got = gateway.send(request).await;
        assert_eq!(got.status, StatusCode::OK, "{got:?}");
        let seen = log.last();
        assert_eq!(seen.headers.contains_key("content-encoding"), encoded);
        let text = match encoded {
            true => gunzip(&seen.body),
            false => String::from_utf8(seen.body.to_vec()).unwrap(),
        };
        let json: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(json, serde_json::from_str::<Value>(kept).unwrap());
        assert!(text.starts_with("{ \"imei\" : \"867619040000019\""), "{text}");
        assert_eq!(seen.headers["content-length"], seen.body.len().to_string());
        let right = STANDARD.encode(Sha256::digest(&seen.body));
        assert_eq!(seen.headers["content-digest"], format!("sha-256=:{right}:"));
        assert!(!seen.target.contains("sana") && seen.target.contains("page=2"), "{}", seen.target);
    }
    let lines = gateway.records(2).await;
    for record in &lines {
        assert_eq!(record["effect"], "redact");
        let line = record.to_string();
        assert!(!line.contains("sana") && !line.contains("1996-04-12"), "{line}");
        assert!(line.contains("/birthday"), "{line}");
    }
}

#[tokio::test]
async fn a_long_body_is_judged_like_a_short_one() {
    let (address, log) = upstream().await;
    // How fast it is judged is not asked here, nor how fast this machine is today.
    let gateway = inspecting(address).config("deadlines: { inspection: 60s }").start().await;
    let rows: Vec<String> = (0..20_000)
        .map(|number| format!("{{\"n\": {number}, \"email\": \"a{number}@example.pk\"}}"))
        .collect();
    let body = format!("[{}]", rows.join(","));
    assert!(body.len() > 256 << 10);
    let mut request = post("");
    *request.body_mut() = Full::from(body);
    let got = gateway.send(request).await;
    assert_eq!(got.status, StatusCode::OK, "{got:?}");
    let seen = String::from_utf8(log.last().body.to_vec()).unwrap();
    assert!(!seen.contains("example.pk"));
    let json: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(json[19_999]["n"], 19_999);
}

#[tokio::test]
async fn what_is_blocked_is_told_why_and_never_what() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).start().await;
    let body = "{\"email\": \"sana.k@example.pk\"}";
    for (statement, status, kind, rule) in [
        (
            "purpose=data_sale, recipient=data-buyer, recipient-class=third_party",
            403,
            "blocked-by-policy",
            "MI-50",
        ),
        ("purpose=no_such_purpose", 403, "blocked-by-policy", "MI-"),
        (
            "origin=SG, purpose=customer_support, recipient=games, recipient-class=affiliate, remote=x",
            400,
            "context-malformed",
            "",
        ),
    ] {
        let got = gateway.send(stating(statement, post(body))).await;
        assert_eq!((got.status.as_u16(), got.problem().as_str()), (status, kind), "{got:?}");
        let text = String::from_utf8(got.body.to_vec()).unwrap();
        assert!(!text.contains("sana"), "{text}");
        if status == 403 {
            let problem: Value = serde_json::from_str(&text).unwrap();
            assert!(problem["rules"][0].as_str().unwrap().starts_with(rule), "{text}");
            assert_eq!(problem["fields"][0]["pointer"], "/email");
            assert_eq!(problem["fields"][0]["category"], "user.contact.email");
        }
    }
    assert!(log.all().is_empty());
    let record = gateway.records(1).await.remove(0);
    assert_eq!((&record["effect"], &record["forwarded_bytes"]), (&"block".into(), &0.into()));
}

#[tokio::test]
async fn what_the_law_blocks_says_so() {
    let (address, log) = upstream().await;
    let gateway =
        inspecting(address).config("blocked_by: 'https://gateway.example/'").start().await;
    // A German's data in Singapore without any ground of chapter V GDPR.
    let statement =
        "origin=DE, purpose=customer_support, recipient=games, recipient-class=affiliate";
    let got = gateway.send(stating(statement, post("{\"email\": \"a@example.de\"}"))).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (451, "blocked-by-law"), "{got:?}");
    assert_eq!(got.headers["link"], "<https://gateway.example/>; rel=\"blocked-by\"");
    assert!(log.all().is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_not_taken_for_clean() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address)
        .config("limits: { decoded_bytes_max: 1MiB, depth_max: 64 }")
        .start()
        .await;
    let good = b"{\"imei\": \"867619040000019\"}".as_slice();
    let mut cut = gzip(good);
    cut.truncate(cut.len() - 6);
    for (media_type, encoding, body, status) in [
        ("application/json", None, b"{\"imei\": \"867619040000019\"".to_vec(), 422),
        ("application/json", None, b"{\"a\": \"\xff\xfe\"}".to_vec(), 422),
        ("application/json", None, "[".repeat(100_000).into_bytes(), 422),
        ("application/json", Some("gzip"), cut, 422),
        (
            "application/json",
            Some("gzip"),
            gzip(format!("[{}0]", "0,".repeat(1 << 20)).as_bytes()),
            413,
        ),
        ("application/json", Some("x-unknown"), good.to_vec(), 415),
        ("application/x-unknown", None, vec![0x93, 0x01, 0x02, 0x00, 0xff], 415),
        ("application/grpc", None, vec![0, 0, 0, 0, 2, 8, 1], 415),
    ] {
        let mut request = post("");
        *request.body_mut() = Full::from(body);
        request.headers_mut().insert("content-type", media_type.parse().unwrap());
        if let Some(encoding) = encoding {
            request.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        }
        let got = gateway.send(request).await;
        assert_eq!(
            (got.status.as_u16(), got.problem().as_str()),
            (status, "not-inspectable"),
            "{media_type} {encoding:?}: {got:?}"
        );
    }
    assert!(log.all().is_empty());
}

#[tokio::test]
async fn where_it_is_wanted_no_rule_lets_an_unread_payload_pass() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).config("inspection: { on_gap: block }").start().await;
    let got = gateway.send(post("{\"a\": ")).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (422, "not-inspectable"));
    assert_eq!(gateway.send(post("{\"a\": 1}")).await.status, StatusCode::OK);
    assert_eq!(log.all().len(), 1);
}

#[tokio::test]
async fn whoever_calls_from_a_country_is_taken_to_be_from_there_when_nothing_else_is_known() {
    let (address, _) = upstream().await;
    let mut setup =
        inspecting(address).config("geoip: { database: c.mmdb, on_mismatch: annotate }");
    setup.route = setup.route.replace("origin: PK, ", "");
    setup.write(
        "c.mmdb",
        mmdb::write(&[("192.0.2.0/24", "IN"), ("198.51.100.0/24", "PK")], Layout::Nested),
    );
    let gateway = setup.start().await;
    let mut from = Vec::new();
    for (address, body) in
        [("192.0.2.7", "{}"), ("198.51.100.9, 127.0.0.5", "{}"), ("unknown", "{}")]
    {
        let mut request = post(body);
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        gateway.send(request).await;
        from.push(gateway.records(from.len() + 1).await.pop().unwrap()["origin"].clone());
    }
    assert_eq!(from, [Value::from("IN"), Value::from("PK"), Value::Null]);
}

// === beginning and end

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let first = Setup::to("http://127.0.0.1:9").start().await;
    for address in [address, first.address] {
        let text = Config::embedded().text.replace("127.0.0.1:8080", &address.to_string());
        let text = text.replace("127.0.0.1:9901", "127.0.0.1:0");
        let config = Config::parse(&SourceFile { name: "b.yaml".into(), text }).unwrap();
        let error = Gateway::start(&config, "b.yaml").unwrap_err().to_string();
        assert!(error.contains(&address.to_string()) && error.contains("in use"), "{error}");
    }
}

#[tokio::test]
async fn a_drain_lets_exchanges_finish_and_takes_no_more() {
    let (go, went) = tokio::sync::watch::channel(false);
    let (saw, mut seen) = tokio::sync::mpsc::channel(1);
    let address = scripted(move |mut stream| {
        let (saw, mut went) = (saw.clone(), went.clone());
        async move {
            read_head(&mut stream).await;
            let _ = saw.send(()).await;
            went.wait_for(|go| *go).await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let (at, folder) = (gateway.address, gateway.folder);
    let idle = TcpStream::connect(at).await.unwrap();
    let stream = TcpStream::connect(at).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let under_way = tokio::spawn(async move { sender.send_request(post("{}")).await.unwrap() });
    seen.recv().await.unwrap();
    let draining = tokio::task::spawn_blocking(|| gateway.gateway.drain());
    // New connections are refused once the sockets are closed.
    eventually("connections are still taken", async || match TcpStream::connect(at).await {
        Ok(mut stream) => {
            let _ = stream.shutdown().await;
            false
        }
        Err(_) => true,
    })
    .await;
    go.send(true).unwrap();
    let got = Got::read(under_way.await.unwrap()).await;
    assert_eq!((got.status, &got.body[..]), (StatusCode::OK, &b"ok"[..]));
    // A connection that has said nothing yet holds nobody up.
    let drained = tokio::time::timeout(PATIENCE / 2, draining).await.unwrap().unwrap();
    assert_eq!(drained.connections_cut, 0);
    drop(idle);
    let records = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    assert_eq!(crate::harness::exchanges(&records).len(), 1, "{records}");
}

#[tokio::test]
async fn a_drain_ends_in_time_whoever_hangs_on() {
    let (saw, mut seen) = tokio::sync::mpsc::channel(1);
    let address = scripted(move |mut stream| {
        let saw = saw.clone();
        async move {
            read_head(&mut stream).await;
            let _ = saw.send(()).await;
            tokio::time::sleep(PATIENCE).await;
        }
    })
    .await;
    let gateway =
        Setup::to(format!("http://{address}")).config("drain: { timeout: 200ms }").start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    seen.recv().await.unwrap();
    let started = Instant::now();
    let drained = tokio::task::spawn_blocking(|| gateway.gateway.drain()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(drained.connections_cut, 1);
}
