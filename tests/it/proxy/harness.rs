//! A gateway whose one data centre, one route and one listener a test says more about, and what it speaks with.

use std::{net::SocketAddr, sync::Arc};

use bordergate::{
    app::{Gateway, StartError},
    config::Config,
    source::SourceFile,
};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::harness::{PATIENCE, Upstream, records_of};

/// Answers `200 fine` to everything, over HTTP/1.1 and HTTP/2, and keeps what it saw.
pub(super) async fn upstream() -> (SocketAddr, Upstream) {
    let upstream = Upstream::answering(fine()).await;
    (upstream.address, upstream)
}

pub(super) fn fine() -> Response<Bytes> {
    Response::builder()
        .header("x-from", "data-centre")
        .header("connection", "x-private")
        .header("x-private", "1")
        .body(Bytes::from_static(b"fine"))
        .unwrap()
}

/// Reads one request head per connection and then does as `script` says.
pub(super) async fn scripted<F>(script: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
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

/// A data centre that reads one request head per connection and never answers; and a word for each that it has read.
pub(super) async fn silent() -> (SocketAddr, tokio::sync::mpsc::Receiver<()>) {
    let (saw, seen) = tokio::sync::mpsc::channel(1);
    let address = scripted(move |mut stream| {
        let saw = saw.clone();
        async move {
            read_head(&mut stream).await;
            // Whoever does not listen is not waited for.
            let _ = saw.try_send(());
            tokio::time::sleep(PATIENCE).await;
        }
    })
    .await;
    (address, seen)
}

pub(super) async fn read_head(stream: &mut TcpStream) -> String {
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

pub(super) struct Setup {
    pub(super) folder: tempfile::TempDir,
    pub(super) endpoint: String,
    pub(super) data_centre: String,
    pub(super) route: String,
    pub(super) more: String,
    pub(super) listener: String,
}

impl Setup {
    pub(super) fn to(endpoint: impl std::fmt::Display) -> Self {
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
    pub(super) fn data_centre(mut self, yaml: &str) -> Self {
        self.data_centre = format!(", {yaml}");
        self
    }

    pub(super) fn route(mut self, yaml: &str) -> Self {
        self.route = format!(", {yaml}");
        self
    }

    /// Further keys of the one listener.
    pub(super) fn listener(mut self, yaml: &str) -> Self {
        self.listener = format!(", {yaml}");
        self
    }

    /// Further top-level keys.
    pub(super) fn config(mut self, yaml: &str) -> Self {
        self.more.push_str(yaml);
        self.more.push('\n');
        self
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    pub(super) fn try_start(self) -> Result<Running, StartError> {
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

    pub(super) async fn start(self) -> Running {
        self.try_start().unwrap_or_else(|error| panic!("{error}"))
    }
}

pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) gateway: Gateway,
    pub(super) folder: tempfile::TempDir,
}

impl Running {
    /// What an operator reads at `path`.
    pub(super) async fn admin(&self, path: &str) -> Got {
        let stream = TcpStream::connect(self.gateway.admin_address()).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get(path).header("host", "127.0.0.1");
        let request = request.body(Full::<Bytes>::default()).unwrap();
        Got::read(sender.send_request(request).await.unwrap()).await
    }

    /// The value of the first series that begins so; 0 where there is none.
    pub(super) async fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8_lossy(&self.admin("/metrics").await.body).into_owned();
        let line = text.lines().find(|line| line.starts_with(name));
        line.map_or(0.0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    }

    pub(super) async fn connect(&self) -> http1::SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Got {
        Got::read(self.connect().await.send_request(request).await.unwrap()).await
    }

    /// Everything the gateway says to `bytes`, until it closes.
    pub(super) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_to_end(&mut stream).await
    }

    /// The records, once there are `count`.
    pub(super) async fn records(&self, count: usize) -> Vec<Value> {
        records_of(&self.folder.path().join("audit.jsonl"), count).await
    }
}

pub(super) async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("the gateway keeps the connection open");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Got {
    pub(super) async fn read(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: head.status, headers: head.headers, body }
    }

    pub(super) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        let kind = problem["type"].as_str().unwrap();
        kind.strip_prefix("urn:bordergate:problem:").unwrap().to_owned()
    }
}

pub(super) fn post(body: &'static str) -> Request<Full<Bytes>> {
    Request::post("/v1/things?a=1")
        .header("host", "shop.mesh.example")
        .header("content-type", "application/json")
        .body(Full::from(body))
        .unwrap()
}

/// An HTTP/2 connection to the gateway.
pub(super) async fn connect_h2(address: SocketAddr) -> http2::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(super) struct Certificates {
    pub(super) ca: String,
    pub(super) leaf: String,
    pub(super) leaf_key: String,
    pub(super) client: String,
    pub(super) client_key: String,
}

pub(super) fn certificates() -> Certificates {
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

pub(super) fn roots(ca: &str) -> Arc<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    Arc::new(roots)
}

pub(super) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A data centre that wants to see a client certificate; keeps what it saw.
pub(super) async fn tls_upstream(
    certificates: &Certificates,
    alpn: &[&str],
) -> (SocketAddr, Upstream) {
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
    let (listener, upstream) = Upstream::bound(fine()).await;
    let serving = upstream.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, upstream) = (acceptor.clone(), serving.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    upstream.serve(stream).await;
                }
            });
        }
    });
    (upstream.address, upstream)
}

/// What is known of a subject who has agreed to the service, and of the policy in force.
pub(super) const FACTS: &str = "context:
  policy_versions:
    - { id: '2019-03-18', effective_from: 2019-03-18, destinations: [CN, US, SG], added_purposes: {} }
  subject:
    age: 29
    minor: false
    verified: true
    consents: [{ scope: service, type: explicit, policy_version: '2019-03-18', given_at: 2020-01-10T08:00:00Z }]";

/// A gateway that inspects, in front of Singapore.
pub(super) fn inspecting(address: SocketAddr) -> Setup {
    let mut setup = Setup::to(format!("http://{address}"))
        .data_centre("recipient: { class: first_party_facility, id: mi-dc-singapore }, transport: tls")
        .route("origin: PK, purpose: service_activation, exporter: { role: controller, sector: consumer_electronics }");
    setup.more = format!("{FACTS}\ntrusted_hops: [127.0.0.0/8]\n");
    setup
}

pub(super) fn stating(statement: &str, mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    request.headers_mut().insert("bordergate-transfer", statement.parse().unwrap());
    request
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn gunzip(bytes: &[u8]) -> String {
    use std::io::Read as _;
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}
