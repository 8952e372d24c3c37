//! gRPC as its callers and servers speak it: HTTP/2 on both sides, a status in the trailers, answers in pieces.

use http_body_util::StreamBody;
use hyper::body::Frame;

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
