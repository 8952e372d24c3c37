//! How it begins, and how it ends.

use bordergate::{app::Gateway, config::Config, source::SourceFile};

use super::*;

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
    let (address, mut seen) = silent().await;
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
