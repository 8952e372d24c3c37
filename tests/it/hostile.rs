//! What nobody means well with: each gets a clear answer, nothing of it goes on, and the gateway lives.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use crate::harness::{PATIENCE, RunningGateway, TestGateway, Upstream};

const STATEMENT: &str = "origin=PK, purpose=service_activation";

async fn start(upstream: &Upstream) -> RunningGateway {
    TestGateway::new()
        .config("deadlines: { head: 300ms, body: 300ms }")
        .upstream(upstream.address)
        .start()
        .await
}

/// After everything, an ordinary call still goes through.
async fn is_alive(gateway: &RunningGateway, upstream: &Upstream) {
    let body = r#"{"imei":"867619040000019"}"#;
    let before = upstream.received().len();
    let answer = gateway.post("/", STATEMENT, "application/json", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(upstream.received().len(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_refused_and_not_sent() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream).await;
    let deep = vec![b'['; 1 << 20];
    let deep_objects = br#"{"a":"#.repeat(100_000);
    for (what, body, status) in [
        ("cut off", &br#"{"email": "sana.k@exa"#[..], 422),
        ("two values", br#"{} {"email": "sana.k@example.pk"}"#, 422),
        ("a megabyte of brackets", &deep, 422),
        ("nested objects", &deep_objects, 422),
        ("invalid UTF-8", b"{\"name\": \"\xff\xfe\"}", 422),
        ("a NUL", b"{\"name\": \"\x00\"}", 422),
        ("not JSON at all", b"<user><email>sana.k@example.pk</email></user>", 415),
    ] {
        let answer = gateway.post("/", STATEMENT, "application/json", body.to_vec()).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
        assert!(!answer.text().contains("sana.k"), "{what}: {}", answer.text());
    }
    assert!(upstream.received().is_empty());
    is_alive(&gateway, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_refused_before_it_is_sent() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream).await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: dc-singapore.test\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        9 << 20
    );
    let answer = raw(&gateway, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(upstream.received().is_empty());
    is_alive(&gateway, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_value_behind_the_same_key_is_seen() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream).await;
    for body in [
        r#"{"imei":"867619040000019","email":"nobody","email":"sana.k@example.pk"}"#,
        r#"{"imei":"867619040000019","email":"sana.k@example.pk","email":"nobody"}"#,
        r#"{"imei":"867619040000019","note":"ok","note":"sana.k@example.pk"}"#,
        r#"{"imei":"867619040000019","e\u006dail":"sana.k@example.pk"}"#,
    ] {
        let answer = gateway.post("/", STATEMENT, "application/json", body).await;
        if answer.status == 200 {
            let arrived = upstream.last().body;
            assert!(!String::from_utf8_lossy(&arrived).contains("sana.k"), "{arrived:?}");
        } else {
            assert!(answer.status.is_client_error(), "{body}: {}", answer.text());
        }
    }
    is_alive(&gateway, &upstream).await;
}

/// Sends bytes and reads until the gateway closes or answers in full.
async fn raw(gateway: &RunningGateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    // It may stop reading before everything is sent.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(PATIENCE, reading).await.expect("an answer or an end");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_is_cut_short() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream).await;
    let mut many = String::from("GET / HTTP/1.1\r\nHost: dc-singapore.test\r\n");
    for number in 0..10_000 {
        many.push_str(&format!("X-Header-{number}: {number}\r\n"));
    }
    many.push_str("\r\n");
    let long = format!(
        "GET / HTTP/1.1\r\nHost: dc-singapore.test\r\nX-Long: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    for flood in [many, long] {
        let answer = raw(&gateway, flood.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    assert!(upstream.received().is_empty());
    is_alive(&gateway, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_framing_is_refused() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream).await;
    for request in [
        "POST / HTTP/1.1\r\nHost: dc-singapore.test\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "POST / HTTP/1.1\r\nHost: dc-singapore.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nHost: dc-singapore.test\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        "CONNECT dc-singapore.test:443 HTTP/1.1\r\nHost: dc-singapore.test\r\nConnection: close\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let answer = raw(&gateway, request.as_bytes()).await;
        let refused = answer.is_empty()
            || answer.starts_with("HTTP/1.1 4")
            || answer.starts_with("HTTP/1.1 501");
        assert!(refused, "{request:?}: {answer}");
    }
    assert!(upstream.received().is_empty());
    is_alive(&gateway, &upstream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_caller_is_not_waited_for() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream).await;
    let slow_head = "GET / HTTP/1.1\r\nHost: dc-singapore.test\r\n";
    let slow_body = "POST / HTTP/1.1\r\nHost: dc-singapore.test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let begun = std::time::Instant::now();
    // A hundred of each at once, and none of them gets anywhere.
    let gateway = Arc::new(gateway);
    let mut callers = JoinSet::new();
    for number in 0..100 {
        let request = if number % 2 == 0 { slow_head } else { slow_body };
        let gateway = Arc::clone(&gateway);
        callers.spawn(async move { raw(&gateway, request.as_bytes()).await });
    }
    for answer in callers.join_all().await {
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(upstream.received().is_empty());
    is_alive(&gateway, &upstream).await;
}
