//! One exchange over loopback, keep-alive on both sides: with inspection, without, and without a gateway.
//!
//! The sketch before the number: an exchange through a proxy costs two more reads and writes and two more
//! wake-ups than one without; at 1 KiB inspection adds a few microseconds, at 16 KiB a few tens. What is
//! measured is the latency one caller sees; callers, gateway and upstream share this machine's cores.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench stops at the first surprise"
)]

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
};

use bordergate::{app::Gateway, config::Config, source::SourceFile};
use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{client::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
};

fn exchange(criterion: &mut Criterion) {
    let upstream = upstream();
    let on = gateway(upstream, true);
    let off = gateway(upstream, false);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("exchange");
    for (size, body) in [("1 KiB", body(1 << 10)), ("16 KiB", body(16 << 10))] {
        group.throughput(Throughput::Elements(1));
        for (name, address) in [
            ("inspection on", on.addresses()[0].1),
            ("inspection off", off.addresses()[0].1),
            ("no gateway", upstream),
        ] {
            let mut caller = runtime.block_on(Caller::connect(address));
            runtime.block_on(caller.call(&body));
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| runtime.block_on(caller.call(&body)));
            });
        }
    }
    group.finish();
}

fn gateway(upstream: SocketAddr, inspection: bool) -> Gateway {
    let text = format!(
        "listeners: [{{ name: bench, address: \"127.0.0.1:0\" }}]
admin: {{ address: \"127.0.0.1:0\" }}
workers: 1
inspection: {{ enabled: {inspection} }}
audit: {{ sink: none }}
context:
  policy_versions:
    - {{ id: \"2019-03-18\", effective_from: 2019-03-18, destinations: [SG], added_purposes: {{}} }}
  subject:
    age: 29
    minor: false
    consents: [{{ scope: service, type: explicit, policy_version: \"2019-03-18\", given_at: 2020-01-10T08:00:00Z }}]
data_centres:
  - {{ id: dc, jurisdiction: SG, endpoints: [\"http://{upstream}\"], transport: tls }}
routes:
  - {{ id: all, data_centre: dc, origin: PK, purpose: service_activation, exporter: {{ role: controller }} }}
"
    );
    let file = SourceFile { name: "bench.yaml".to_owned(), text };
    let config = Config::parse(&file).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    Gateway::start(&config, &file.name).expect("a gateway")
}

/// On a thread of its own; reads everything and answers with little.
fn upstream() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let runtime: Runtime =
            Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(async move {
                    let service = service_fn(async |request: Request<hyper::body::Incoming>| {
                        request.into_body().collect().await?;
                        Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from_static(b"{}"))))
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    address
}

struct Caller(http1::SendRequest<Full<Bytes>>);

impl Caller {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Self(sender)
    }

    async fn call(&mut self, body: &Bytes) {
        let request = Request::post("/v1/activate")
            .header("host", "bench")
            .header("content-type", "application/json")
            .body(Full::new(body.clone()))
            .expect("a request");
        self.0.ready().await.expect("a connection");
        let response = self.0.send_request(request).await.expect("an answer");
        assert!(response.status().is_success(), "{}", response.status());
        response.into_body().collect().await.expect("a body");
    }
}

/// Activations of devices: everything in them may go, so that nothing is rewritten.
fn body(bytes_min: usize) -> Bytes {
    let mut body = String::from("{\"devices\":[");
    let mut number = 0_u64;
    while body.len() < bytes_min {
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(
            body,
            "{comma}{{\"imei\":\"867619040000019\",\"mac\":\"64:CC:2E:AA:BB:{:02X}\",\"mcc\":\"410\",\"mnc\":\"03\",\"sequence\":{number}}}",
            number % 256
        );
        number += 1;
    }
    body.push_str("]}");
    Bytes::from(body)
}

criterion_group!(benches, exchange);
criterion_main!(benches);
