//! gRPC as its callers and servers speak it: HTTP/2 on both sides, a status in the trailers, answers in pieces.

use std::process::Stdio;

use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::*;

/// Length-prefixed, as gRPC has its messages.
fn message(payload: &[u8]) -> Bytes {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    bytes.extend(payload);
    bytes.into()
}

/// Answers two messages and a status, or a status alone where the path says so.
async fn service() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(async |request: Request<Incoming>| {
                assert_eq!(request.version(), Version::HTTP_2);
                assert_eq!(request.headers()["te"], "trailers");
                let fails = request.uri().path().ends_with("/Fail");
                let echoed = request.into_body().collect().await?.to_bytes();
                let mut frames = Vec::new();
                if !fails {
                    frames.push(Frame::data(echoed));
                    frames.push(Frame::data(message(b"second")));
                }
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", if fails { "5" } else { "0" }.parse().unwrap());
                frames.push(Frame::trailers(trailers));
                let frames = frames.into_iter().map(Ok::<_, std::convert::Infallible>);
                let body = StreamBody::new(futures_util::stream::iter(frames));
                let answer =
                    Response::builder().header("content-type", "application/grpc").body(body);
                Ok::<_, hyper::Error>(answer.unwrap())
            });
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    address
}

#[tokio::test]
async fn a_status_in_the_trailers_reaches_the_caller() {
    let address = service().await;
    let gateway =
        Setup::to(format!("http://{address}")).data_centre("protocol: http2").start().await;
    let mut sender = connect_h2(gateway.address).await;
    for (path, status, body) in [
        ("/shop.Orders/Place", "0", [message(b"first"), message(b"second")].concat()),
        ("/shop.Orders/Fail", "5", Vec::new()),
    ] {
        let request = Request::post(format!("http://orders.mesh.example{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(message(b"first")))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/grpc");
        let collected = response.into_body().collect().await.unwrap();
        assert_eq!(collected.trailers().unwrap()["grpc-status"], status, "{path}");
        assert_eq!(collected.to_bytes(), body, "{path}");
    }
    let records = gateway.records(2).await;
    assert!(records.iter().all(|record| record["error"].is_null()), "{records:?}");
}

/// gRPC's own library calls its own server through us: `grpc/interop.py` says what.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_own_library_does_not_notice_us() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = || {
        let mut command = tokio::process::Command::new("python3");
        command
            .arg(manifest.join("tests/it/proxy/grpc/interop.py"))
            .env("PYTHONPATH", manifest.join("target/tools/grpc"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    };
    let mut server = python().arg("serve").spawn().expect("`make tools` installs grpcio");
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).await.unwrap();
    let gateway = Setup::to(format!("http://127.0.0.1:{}", port.trim()))
        .data_centre("protocol: http2")
        .start()
        .await;
    let called = python().arg("call").arg(gateway.address.to_string()).output();
    let called = tokio::time::timeout(PATIENCE * 6, called).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&called.stdout);
    assert!(called.status.success(), "{told}{}", String::from_utf8_lossy(&called.stderr));
    assert_eq!(told.matches("passed ").count(), 15, "{told}");
}
