//! More than there is room or time for: it is refused early and clearly, and what is under way goes on.

use super::*;

pub(super) async fn metrics(gateway: &Running) -> String {
    let stream = TcpStream::connect(gateway.gateway.admin_address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/metrics")
        .header("host", "localhost")
        .body(Full::<Bytes>::default())
        .unwrap();
    let got = Got::read(sender.send_request(request).await.unwrap()).await;
    String::from_utf8(got.body.to_vec()).unwrap()
}

fn value(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
    line.map_or(0.0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
}

/// Resident bytes of this process, in which the gateway runs.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

const CALLERS: usize = 2_000;
const UPLOAD: usize = 32 << 10;
const HELD_MAX: usize = 16 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_stall_are_held_up_to_the_bound_and_no_further() {
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{address}"))
        .config("limits: { held_bytes_max: 16MiB, body_bytes_max: 8MiB }")
        .start()
        .await;
    assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK);
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {UPLOAD}\r\n\r\n");
    let almost = [head.as_bytes(), &vec![b'x'; UPLOAD - 1]].concat();
    let before = resident();
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        // Who is refused may not be listened to any more.
        let _ = stream.write_all(&almost).await;
        callers.push(stream);
    }
    // What fits is held; everybody else is told to come again.
    let held = HELD_MAX / UPLOAD;
    let refused = CALLERS - held;
    let records = gateway.records(1 + refused - 1).await;
    let grown = resident().saturating_sub(before);
    let told = metrics(&gateway).await;
    let counted = value(
        &told,
        "bordergate_exchange_errors_total{kind=\"overloaded-memory\",side=\"internal\"}",
    );
    assert!(counted >= (refused - 1) as f64, "{counted} of {refused}");
    assert!(value(&told, "bordergate_held_bytes") <= HELD_MAX as f64, "{told}");
    // Sockets, buffers and tasks of both ends.
    let bound = HELD_MAX + CALLERS * (40 << 10);
    assert!(grown < bound, "{} KiB more for {CALLERS} callers", grown >> 10);
    let overloaded = records.iter().filter(|record| record["error"] == "overloaded-memory");
    assert!(overloaded.clone().all(|record| record["status"] == 503));
    assert!(overloaded.count() >= refused - 2);
    let mut last = callers.pop().unwrap();
    let answer = read_to_end(&mut last).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    // When they have gone, there is room again for whoever comes.
    drop(callers);
    eventually("bytes are held of those who went", async || {
        value(&metrics(&gateway).await, "bordergate_held_bytes") <= 0.0
    })
    .await;
    assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK);
    assert_eq!(log.received().len(), 2);
}

/// Which worker has a connection is the system's to say, and has nothing to do with how many there may be.
#[tokio::test]
async fn as_many_connections_as_there_may_be_are_served() {
    let (address, _) = upstream().await;
    let setup = Setup::to(format!("http://{address}"));
    let gateway = setup.config("limits: { connections_max: 2 }").start().await;
    for round in 0..12 {
        // Those of the round before make room as soon as it is seen that they have gone.
        let mut both = Vec::new();
        for _ in 0..2 {
            let mut sender = gateway.connect().await;
            let answer = tokio::time::timeout(PATIENCE, sender.send_request(post("{}"))).await;
            let answer = answer.unwrap_or_else(|_| panic!("one is not let in: round {round}"));
            assert_eq!(Got::read(answer.unwrap()).await.status, StatusCode::OK);
            both.push(sender);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_everything_waits_too_long_new_requests_are_told_to_come_again() {
    let (address, _) = upstream().await;
    // Some milliseconds of work each, on the worker itself.
    let lines: String = (0..2_000).map(|n| format!("{{\"id\":{n},\"n\":\"x\"}}\n")).collect();
    let body = Bytes::from(lines);
    let setup = inspecting(address).config("deadlines: { queue: 5ms }");
    let gateway = Arc::new(setup.start().await);
    let mut callers = tokio::task::JoinSet::new();
    let until = Instant::now() + Duration::from_secs(4);
    for _ in 0..32 {
        let (gateway, body) = (Arc::clone(&gateway), body.clone());
        callers.spawn(async move {
            let mut told = None;
            let mut sender = gateway.connect().await;
            while Instant::now() < until {
                if sender.ready().await.is_err() {
                    sender = gateway.connect().await;
                }
                let request = Request::post("/")
                    .header("host", "shop.mesh.example")
                    .header("content-type", "application/x-ndjson")
                    .body(Full::new(body.clone()))
                    .unwrap();
                let Ok(response) = sender.send_request(request).await else { continue };
                let got = Got::read(response).await;
                if got.status == StatusCode::SERVICE_UNAVAILABLE {
                    told = Some((got.problem(), got.headers["retry-after"].clone()));
                }
            }
            told
        });
    }
    let told: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
    assert!(!told.is_empty(), "nobody was told to come again");
    assert!(
        told.iter()
            .all(|told| (told.0.as_str(), &told.1) == ("overloaded-delay", &"1".parse().unwrap())),
        "{told:?}"
    );
    assert!(
        value(
            &metrics(&gateway).await,
            "bordergate_exchange_errors_total{kind=\"overloaded-delay\""
        ) > 0.0
    );
    // It passes with what caused it.
    eventually("it does not pass", async || {
        gateway.send(post("{}")).await.status != StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inspection_that_was_given_up_ends_and_lets_go_of_its_body() {
    let (address, log) = upstream().await;
    let setup = inspecting(address).config("deadlines: { inspection: 100ms }");
    let gateway = setup.start().await;
    // Legal, and slow to read: a label at every turn.
    let body = Bytes::from("dob: ".repeat((6 << 20) / 5));
    let request = || {
        Request::post("/")
            .header("host", "shop.mesh.example")
            .header("content-type", "text/plain")
            .body(Full::new(body.clone()))
            .unwrap()
    };
    for _ in 0..2 {
        let got = gateway.send(request()).await;
        assert_eq!(got.problem(), "inspection-slow", "{got:?}");
    }
    eventually("its body is held on", async || {
        value(&metrics(&gateway).await, "bordergate_held_bytes") <= 0.0
    })
    .await;
    assert!(log.received().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_do_not_end_are_held_up_to_their_share() {
    const HEADS: usize = 300;
    let (address, _) = upstream().await;
    let gateway = Setup::to(format!("http://{address}"))
        .config("limits: { held_bytes_max: 16MiB, body_bytes_max: 8MiB }")
        .start()
        .await;
    let head = ["GET / HTTP/1.1\r\nHost: a\r\nX-A: ", &"a".repeat(60_000)].concat();
    let mut callers = Vec::new();
    for _ in 0..HEADS {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        // Who is refused may not be listened to any more.
        let _ = stream.write_all(head.as_bytes()).await;
        callers.push(stream);
    }
    let mut last = callers.pop().unwrap();
    let answer = read_to_end(&mut last).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("overloaded-memory"), "{answer}");
    // The share of heads is counted, and leaves the rest to bodies.
    let is_held = async || value(&metrics(&gateway).await, "bordergate_held_bytes");
    eventually("heads are not counted", async || is_held().await > 0.0).await;
    assert!(is_held().await <= (HELD_MAX / 4) as f64);
    let mut request = post("");
    *request.body_mut() = Full::from(format!("{{\"n\": \"{}\"}}", "x".repeat(1 << 20)));
    assert_eq!(gateway.send(request).await.status, StatusCode::OK);
    drop(callers);
    eventually("heads are held of those who went", async || is_held().await <= 0.0).await;
}
