//! What goes wrong behind the gateway.

use super::*;

#[tokio::test]
async fn each_failure_of_the_data_centre_has_its_answer() {
    // Bound and not listening, so that nobody else comes to listen there.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let (hangs, _) = silent().await;
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
    assert_eq!(log.received().len(), 4);
}

#[tokio::test]
async fn whoever_goes_away_is_recorded_all_the_same() {
    let (address, mut seen) = silent().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    seen.recv().await.unwrap();
    drop(stream);
    let records = gateway.records(1).await;
    assert_eq!((records.len(), &records[0]["error"]), (1, &"abandoned".into()));
    assert_eq!(records[0]["forwarded_bytes"], 2);
}
