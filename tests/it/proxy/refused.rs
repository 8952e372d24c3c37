//! What is refused before anything is judged, and whoever is not waited for.

use super::*;

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
    assert!(log.received().is_empty());
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
    assert!(log.received().is_empty(), "{:?}", log.received());
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
    assert!(log.received().is_empty());
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
    assert_eq!(log.received().len(), 1);
}

#[tokio::test]
async fn beyond_what_can_be_held_at_once_callers_are_told_to_come_again() {
    let (address, _) = silent().await;
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
