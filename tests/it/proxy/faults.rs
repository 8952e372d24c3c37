//! What goes wrong before and behind the gateway: each fault has its answer, its count and its record.

use super::*;

/// One record with this failure, and one in the metrics.
async fn assert_told(gateway: &Running, side: &str, kind: &str) {
    let records = gateway.records(1).await;
    assert_eq!((records.len(), &records[0]["error"]), (1, &kind.into()), "{records:?}");
    let series = format!("bordergate_exchange_errors_total{{kind=\"{kind}\",side=\"{side}\"}}");
    assert_eq!(gateway.metric(&series).await, 1.0, "{series}");
    eventually(&format!("{kind}: an exchange never ends"), async || {
        gateway.metric("bordergate_exchanges_in_flight").await == 0.0
    })
    .await;
}

/// A reset in place of an orderly end.
fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[tokio::test]
async fn a_data_centre_that_fails_before_its_answer_is_told_apart_from_one_that_refuses() {
    let resets = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        reset(stream);
    })
    .await;
    let half_closes = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        stream.shutdown().await.unwrap();
        // It would go on reading for ever.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let stops_in_the_head = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").await.unwrap();
    })
    .await;
    let two_lengths = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
        stream.write_all(head).await.unwrap();
    })
    .await;
    let no_length_that_is_one = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nab").await.unwrap();
    })
    .await;
    for endpoint in [resets, half_closes, stops_in_the_head, two_lengths, no_length_that_is_one] {
        let gateway = Setup::to(format!("http://{endpoint}")).start().await;
        let got = gateway.send(post("{}")).await;
        assert_eq!((got.status.as_u16(), got.problem().as_str()), (502, "upstream-broken"));
        assert_told(&gateway, "upstream", "upstream-broken").await;
    }
}

/// The body is under way when its reader goes.
#[tokio::test]
async fn a_data_centre_lost_in_the_middle_of_a_body_is_told() {
    let endpoint = scripted(|mut stream| async move {
        let mut some = vec![0; 64 << 10];
        stream.read_exact(&mut some).await.unwrap();
        reset(stream);
    })
    .await;
    let gateway = Setup::to(format!("http://{endpoint}")).start().await;
    let long = Box::leak("x".repeat(6 << 20).into_boxed_str());
    let got = gateway.send(post(long)).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (502, "upstream-broken"));
    assert_told(&gateway, "upstream", "upstream-broken").await;
    assert_eq!(gateway.records(1).await[0]["forwarded_bytes"], 6 << 20, "it may have left");
}

#[tokio::test]
async fn an_answer_that_is_reset_or_shorter_than_it_says_breaks_off_for_the_caller_too() {
    let resets = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        reset(stream);
    })
    .await;
    let no_last_chunk = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
        stream.write_all(head).await.unwrap();
    })
    .await;
    for endpoint in [resets, no_last_chunk] {
        let gateway = Setup::to(format!("http://{endpoint}")).start().await;
        let response = gateway.connect().await.send_request(post("{}")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.into_body().collect().await.is_err(), "made whole");
        assert_told(&gateway, "upstream", "answer-broken").await;
    }
}

/// What comes behind an answer is nobody's, and the next answer is not to begin with it.
#[tokio::test]
async fn an_answer_longer_than_it_says_spoils_no_other() {
    let endpoint = scripted(|mut stream| async move {
        while !read_head(&mut stream).await.is_empty() {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfineHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    })
    .await;
    let gateway = Setup::to(format!("http://{endpoint}")).start().await;
    for _ in 0..10 {
        let get = Request::get("/").header("host", "a").body(Full::default()).unwrap();
        let got = gateway.send(get).await;
        assert_eq!((got.status, &got.body[..]), (StatusCode::OK, &b"fine"[..]));
    }
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_as_long_as_it_goes_on() {
    let endpoint = scripted(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n").await.unwrap();
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(120)).await;
            stream.write_all(b"x").await.unwrap();
        }
    })
    .await;
    let gateway =
        Setup::to(format!("http://{endpoint}")).config("deadlines: { idle: 600ms }").start().await;
    let got = gateway.send(post("{}")).await;
    assert_eq!((got.status, &got.body[..]), (StatusCode::OK, &b"xxxxxxxx"[..]));
}

#[tokio::test]
async fn a_data_centre_that_speaks_no_tls_is_unreachable_by_it() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("https://{address}")).start().await;
    let got = gateway.send(post("{}")).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (502, "handshake"));
    assert_told(&gateway, "upstream", "handshake").await;
    assert_eq!(gateway.records(1).await[0]["forwarded_bytes"], 0);
    assert!(log.received().is_empty());
}

#[tokio::test]
async fn whoever_leaves_in_the_middle_of_a_body_is_recorded_and_nothing_is_sent() {
    let (address, log) = upstream().await;
    for abort in [false, true] {
        let gateway = Setup::to(format!("http://{address}")).start().await;
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let half = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf";
        stream.write_all(half).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        if abort {
            reset(stream);
        } else {
            stream.shutdown().await.unwrap();
            let answer = read_to_end(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 400 ") || answer.is_empty(), "{answer}");
        }
        let record = gateway.records(1).await.remove(0);
        let error = record["error"].as_str().unwrap();
        assert!(["body-broken", "abandoned"].contains(&error), "{record}");
        assert_eq!((&record["effect"], &record["forwarded_bytes"]), (&"refused".into(), &0.into()));
    }
    assert!(log.received().is_empty());
}

/// Where records are not required, a full disk stops no transfer; it is counted and shown.
#[tokio::test]
async fn a_full_disk_for_the_audit_is_counted() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}"))
        .config("audit: { sink: file, path: /dev/full }")
        .start()
        .await;
    assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK);
    eventually("nobody is told of the full disk", async || {
        gateway.metric("bordergate_audit_errors_total{kind=\"no_space\"}").await != 0.0
    })
    .await;
    assert_eq!(log.received().len(), 1);
}

/// A process that may have 64 files open, and three times as many callers.
#[test]
fn without_file_descriptors_callers_wait_and_are_served_when_there_are_some() {
    use std::{
        io::{Read as _, Write as _},
        net::TcpStream,
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bordergate.yaml");
    let centre = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = centre.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in centre.incoming().flatten() {
            std::thread::spawn(move || {
                let mut head = [0; 4096];
                while matches!(stream.read(&mut head), Ok(1..)) {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
                }
            });
        }
    });
    std::fs::write(
        &path,
        format!(
            "listeners: [{{ name: few, address: '127.0.0.1:0' }}]
admin: {{ address: '127.0.0.1:0' }}
workers: 1
inspection: {{ enabled: false }}
audit: {{ sink: file, path: audit.jsonl }}
data_centres: [{{ id: sg, jurisdiction: SG, endpoints: ['http://{endpoint}'] }}]
routes: [{{ id: all, data_centre: sg }}]
"
        ),
    )
    .unwrap();
    let process = crate::harness::Process::start_with(&path, &["prlimit", "--nofile=64:64"]);
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let connect = |_| {
        TcpStream::connect(process.address)
            .unwrap_or_else(|error| panic!("{error}: {}", process.log.lock().unwrap()))
    };
    let mut callers: Vec<TcpStream> = (0..192).map(connect).collect();
    for caller in &mut callers {
        caller.set_read_timeout(Some(PATIENCE)).unwrap();
        caller.write_all(get).unwrap();
    }
    // Each in turn is answered, for want of a connection to the data centre perhaps with 502, and makes room
    // for the next.
    let mut answers = [0; 2];
    for mut caller in callers {
        let mut answer = [0; 4096];
        let length = caller.read(&mut answer).unwrap_or_else(|error| {
            panic!("a caller is never answered: {error}: {}", process.log.lock().unwrap())
        });
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        let fine = answer.starts_with("HTTP/1.1 200 ");
        assert!(fine || answer.starts_with("HTTP/1.1 502 "), "{answer:?}");
        answers[usize::from(fine)] += 1;
    }
    assert!(answers[1] > 0, "{answers:?}");
    assert!(process.log.lock().unwrap().contains("could not be accepted"));
    let text = std::fs::read_to_string(folder.path().join("audit.jsonl")).unwrap_or_default();
    let failed = text.lines().filter(|line| line.contains("\"error\":\"unreachable\"")).count();
    assert!(failed <= answers[0], "{failed} of {answers:?}");
}

/// One that is down is no quiet one: operators see which it is, why and since when.
#[tokio::test]
async fn a_data_centre_that_is_down_is_named() {
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let gateway = Setup::to(format!("http://{}", nobody.local_addr().unwrap())).start().await;
    let status = async || -> Value {
        let page: Value = serde_json::from_slice(&gateway.admin("/-/status").await.body).unwrap();
        page["data_centres"][0].clone()
    };
    assert_eq!(status().await["state"], "quiet");
    for _ in 0..3 {
        assert_eq!(gateway.send(post("{}")).await.status, StatusCode::BAD_GATEWAY);
    }
    gateway.records(3).await;
    let told = status().await;
    assert_eq!(
        (&told["id"], &told["state"], &told["failed"]),
        (&"sg".into(), &"not_answering".into(), &3.into())
    );
    assert!(told["failing_since"].is_string() && told["last_error"].is_string(), "{told}");
    let failed = "bordergate_upstream_exchanges_total{data_centre=\"sg\",result=\"failed\"}";
    assert_eq!(gateway.metric(failed).await, 3.0);

    // One that refuses a request answers.
    let (address, _) = upstream().await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    gateway.send(post("{}")).await;
    gateway.records(1).await;
    let page: Value = serde_json::from_slice(&gateway.admin("/-/status").await.body).unwrap();
    assert_eq!(page["data_centres"][0]["state"], "answering");
}
