//! HTTP/1.1 as it stands on the wire: who is answered how, and where each message ends.

use super::*;

/// A data centre that answers every request with the same bytes, and keeps the connection.
async fn answers(answer: &'static str) -> SocketAddr {
    scripted(move |mut stream| async move {
        while !read_head(&mut stream).await.is_empty() {
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    })
    .await
}

/// The one answer to `request`, whose connection ends after it, head and body.
async fn one(gateway: &Running, request: &str) -> (String, String) {
    let text = gateway.raw(request).await;
    let (head, body) =
        text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request:?}: {text:?}"));
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn what_is_no_request_is_answered_told_and_recorded() {
    let gateway = Setup::to("http://127.0.0.1:9")
        .config("limits: { head_bytes_max: 8KiB }\ndeadlines: { head: 300ms }")
        .start()
        .await;
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(9_000));
    let mut seen = Vec::new();
    for (request, status, kind) in [
        ("GARBAGE\r\n\r\n", 400, "head-malformed"),
        ("\u{16}\u{3}\u{1}\u{2}\0\u{1}", 400, "head-malformed"),
        ("GET / HTTP/1.1\r\nHost: a\n\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "head-malformed"),
        (&long, 431, "head-too-large"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: ", 408, "head-slow"),
    ] {
        let (head, body) = one(&gateway, request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {head}");
        assert!(head.contains("\r\nconnection: close"), "{head}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["type"], format!("urn:bordergate:problem:{kind}"));
        seen.push(kind);
        let records = gateway.records(seen.len()).await;
        let mut told: Vec<&str> =
            records.iter().map(|record| record["error"].as_str().unwrap()).collect();
        let mut expected = seen.clone();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected);
    }
    let metrics = overload::metrics(&gateway).await;
    let line = "bordergate_exchange_errors_total{kind=\"head-malformed\",side=\"downstream\"} 3";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn an_answer_is_framed_for_whoever_asked() {
    let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    let gateway = Setup::to(format!("http://{}", answers(chunked).await)).start().await;
    let (head, body) =
        one(&gateway, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(head.contains("\r\ntransfer-encoding: chunked\r\nconnection: close"), "{head}");
    assert!(body.ends_with("\r\n0\r\n\r\n"), "{body:?}");
    // HTTP/1.0 knows no chunks: its answer ends with the connection.
    let (head, body) = one(&gateway, "GET / HTTP/1.0\r\nHost: a\r\n\r\n").await;
    assert!(!head.contains("transfer-encoding") && !head.contains("content-length"), "{head}");
    assert_eq!(body, "abcde");

    let known =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nabcde";
    let gateway = Setup::to(format!("http://{}", answers(known).await)).start().await;
    // It may ask for the connection to be kept, and is told that it is.
    let twice = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n".to_owned()
        + "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
    let text = gateway.raw(twice).await;
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2, "{text}");
    assert_eq!(text.matches("connection: keep-alive").count(), 1, "{text}");
    assert_eq!(text.matches("date: Sun, 06 Nov 1994 08:49:37 GMT").count(), 2, "{text}");
}

#[tokio::test]
async fn an_answer_without_a_body_has_none_whatever_it_says() {
    let cases = [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "content-length: 7"),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "date: "),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "content-length: 7"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", "date: "),
    ];
    for (method, answer, expected) in cases {
        let gateway = Setup::to(format!("http://{}", answers(answer).await)).start().await;
        // The second request finds the connection to the data centre where the first left it.
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n");
        let last = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let text = gateway.raw(request + &last).await;
        let heads: Vec<&str> = text.split_terminator("\r\n\r\n").collect();
        assert_eq!(heads.len(), 2, "{text}");
        for head in heads {
            let status = answer.split_at(12).0;
            assert!(head.starts_with(status) && head.contains(expected), "{text}");
        }
    }
}

#[tokio::test]
async fn whoever_still_sends_is_let_read_the_answer() {
    let gateway =
        Setup::to("http://127.0.0.1:9").route("match: { path_prefix: /here }").start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let head = format!("POST /there HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 4 << 20);
    stream.write_all(head.as_bytes()).await.unwrap();
    // Answered long before it is through: closed upon what still comes, the connection would be reset.
    for _ in 0..64 {
        stream.write_all(&vec![b'x'; 64 << 10]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = read_to_end(&mut stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 404 ") && answer.contains("connection: close"),
        "{answer}"
    );
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test]
async fn what_is_left_of_a_short_body_is_passed_over() {
    let gateway =
        Setup::to("http://127.0.0.1:9").route("match: { path_prefix: /here }").start().await;
    let first = "POST /there HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let second = "GET /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = gateway.raw(format!("{first}{second}")).await;
    assert_eq!(answer.matches("HTTP/1.1 404 ").count(), 2, "{answer}");
}

#[tokio::test]
async fn whoever_takes_no_answer_is_given_up() {
    let (length, piece) = (64 << 20, vec![b'x'; 64 << 10]);
    let endless = scripted(move |mut stream| {
        let piece = piece.clone();
        async move {
            read_head(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
            let mut sent = stream.write_all(head.as_bytes()).await;
            while sent.is_ok() {
                sent = stream.write_all(&piece).await;
            }
        }
    })
    .await;
    let gateway =
        Setup::to(format!("http://{endless}")).config("deadlines: { idle: 300ms }").start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let record = gateway.records(1).await.remove(0);
    assert_eq!(record["error"], "answer-abandoned", "{record}");
    drop(stream);
}

#[tokio::test]
async fn the_end_of_a_chunked_body_hides_no_request() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let answer = gateway
        .raw(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\n\
             GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        )
        .await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("body-broken"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(log.received().is_empty());
}

#[tokio::test]
async fn an_answer_is_not_lost_to_what_was_said_after_the_last_request() {
    let answer = Box::leak(
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", 3 << 20, "x".repeat(3 << 20))
            .into_boxed_str(),
    );
    let gateway = Setup::to(format!("http://{}", answers(answer).await)).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let said =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned() + &"z".repeat(50_000);
    stream.write_all(said.as_bytes()).await.unwrap();
    // Read late, so that most of the answer is on its way when the gateway is done.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let text = read_to_end(&mut stream).await;
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.len(), 3 << 20);
}

#[tokio::test]
async fn a_chunk_ends_when_it_has_gone_out() {
    let piece = "event".repeat(1_000);
    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
    let sent = chunk.clone();
    let streams = scripted(move |mut stream| {
        let sent = sent.clone();
        async move {
            read_head(&mut stream).await;
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
            stream.write_all((head + &sent).as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let gateway = Setup::to(format!("http://{streams}")).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut seen = Vec::new();
    let whole = async {
        while !seen.ends_with(b"\r\n") || seen.len() < chunk.len() {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
        }
    };
    tokio::time::timeout(PATIENCE, whole).await.expect("the chunk's end is held back");
    let text = String::from_utf8(seen).unwrap();
    assert!(text.ends_with("event\r\n"), "{text}");
}

#[tokio::test]
async fn empty_lines_keep_no_connection_open() {
    let gateway =
        Setup::to("http://127.0.0.1:9").config("deadlines: { head: 500ms }").start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let began = Instant::now();
    let mut answer = Vec::new();
    while began.elapsed() < PATIENCE {
        let _ = stream.write_all(b"\r\n").await;
        let read = stream.read_buf(&mut answer);
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(100), read).await {
            assert!(read.is_err() || !answer.is_empty());
            break;
        }
    }
    assert!(began.elapsed() < PATIENCE, "it is open still");
    assert_eq!(gateway.records(1).await[0]["error"], "head-slow");
}

#[tokio::test]
async fn connections_that_lie_idle_for_too_long_are_let_go() {
    let open = Arc::new(Mutex::new(0_i32));
    let count = Arc::clone(&open);
    let address = scripted(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            *count.lock().unwrap() += 1;
            while !read_head(&mut stream).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            }
            *count.lock().unwrap() -= 1;
        }
    })
    .await;
    let gateway =
        Setup::to(format!("http://{address}")).config("deadlines: { idle: 1s }").start().await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let all = (0..8).map(|_| gateway.raw(request));
    futures_util::future::join_all(all).await;
    assert!(*open.lock().unwrap() > 0);
    eventually("some are open still", async || *open.lock().unwrap() == 0).await;
}

#[tokio::test]
async fn a_request_that_may_not_be_passed_on_is_not() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let ask = |left: &str| {
        format!(
            "OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nMax-Forwards: {left}\r\n\r\n"
        )
    };
    let (head, body) = one(&gateway, &ask("0")).await;
    assert!(head.starts_with("HTTP/1.1 501 ") && body.contains("max-forwards"), "{head} {body}");
    assert!(log.received().is_empty());
    let (head, _) = one(&gateway, &ask("3")).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(log.last().headers["max-forwards"], "2");
}

/// RFC 9293 §3.6: who has said all there is to say may listen still.
#[tokio::test]
async fn whoever_closes_their_side_alone_is_answered() {
    let slow = scripted(|mut stream| async move {
        while !read_head(&mut stream).await.is_empty() {
            for piece in ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "first", "after"] {
                tokio::time::sleep(Duration::from_millis(300)).await;
                stream.write_all(piece.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let gateway = Setup::to(format!("http://{slow}")).start().await;
    for requests in [1, 2] {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
        stream.write_all(request.repeat(requests).as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), requests, "{answer}");
        assert!(answer.ends_with("firstafter"), "{answer}");
    }
    // Who closes it within a request has not asked.
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{").await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
}
