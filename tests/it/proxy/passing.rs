//! What goes through, and how.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

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
    assert_eq!(log.received().len(), 50);
    // Pipelined, and of both framings.
    let text = gateway
        .raw(
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
             POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n\
             GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
        .await;
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3, "{text}");
    let seen = log.received();
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
    assert_eq!(log.received().len(), 40);
    assert_eq!(seen.version, Version::HTTP_2);
    assert_eq!(seen.target, format!("http://{address}/v2?x=1"));
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
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    // Every connection takes one request and says goodbye.
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                if let Some(Ok((_, mut respond))) = connection.accept().await {
                    connection.graceful_shutdown();
                    count.fetch_add(1, Ordering::Relaxed);
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
    assert_eq!(served.load(Ordering::Relaxed), 5);
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
    assert!(log.received().is_empty());
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
    let hosts: Vec<_> = log
        .received()
        .iter()
        .map(|seen| seen.headers["host"].to_str().unwrap().to_owned())
        .collect();
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
    assert!(log.received().is_empty());
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
    assert!(log.received().is_empty());
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
        log.received().iter().map(|seen| (seen.target.clone(), seen.body.len())).collect();
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
    assert_eq!(log.received().len(), 1);
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
