//! Connections of HTTP/2 to a data centre, which the exchanges of a worker share: one exchange, or one connection
//! that has died, is not the end of the others.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::{
    frames::read_frame,
    smuggling::{END_HEADERS, END_STREAM, frame},
    *,
};

/// What a data centre does with a request (RFC 9113 §6, §7).
#[derive(Debug, Clone, Copy)]
enum Does {
    /// Such a status and nothing else.
    Answers(u16),
    /// RST_STREAM with this code.
    Resets(u32),
    /// GOAWAY that says the request was not looked at, and no other word.
    GoesAway,
    /// GOAWAY that says it was, and the connection ends.
    GoesAwayWithIt,
    /// The connection is cut.
    Cuts,
    /// From here on nothing arrives there and nothing comes back.
    Vanishes,
}

const OK: Does = Does::Answers(200);
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;

/// A data centre that follows a script: what it does with the request of this number on the connection of that
/// number, each counted from 0.
struct Scripted {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Scripted {
    async fn start(script: impl Fn(usize, usize) -> Does + Copy + Send + 'static) -> Self {
        let (requests, connections) = (Arc::<AtomicUsize>::default(), Arc::default());
        let (arrived, made) = (Arc::clone(&requests), Arc::clone(&connections));
        let address = scripted(move |stream| {
            let number = AtomicUsize::fetch_add(&made, 1, Ordering::Relaxed);
            serve(stream, Arc::clone(&arrived), move |request| script(number, request))
        })
        .await;
        Self { address, requests, connections }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve(
    mut stream: TcpStream,
    requests: Arc<AtomicUsize>,
    script: impl Fn(usize) -> Does + Send,
) {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    let mut preface = [0; 24];
    if stream.read_exact(&mut preface).await.is_err() {
        return;
    }
    let goes_away = |last: u32| frame(GOAWAY, 0, 0, &[last.to_be_bytes(), [0; 4]].concat());
    let (mut number, mut last) = (0, 0);
    let _ = stream.write_all(&frame(SETTINGS, 0, 0, &[])).await;
    while let Ok((head, payload)) = read_frame(&mut stream).await {
        let id = u32::from_be_bytes(head[5..9].try_into().unwrap());
        let word = match (head[3], head[4] & 1) {
            (SETTINGS, 0) => frame(SETTINGS, 1, 0, &[]),
            (PING, 0) => frame(PING, 1, 0, &payload),
            (HEADERS, _) => {
                requests.fetch_add(1, Ordering::Relaxed);
                let does = script(number);
                number += 1;
                match does {
                    Does::Answers(status) => {
                        last = id;
                        // A literal with the name from the static table (RFC 7541 §6.2.2).
                        let block = [&[8, 3], status.to_string().as_bytes()].concat();
                        frame(HEADERS, END_HEADERS | END_STREAM, id, &block)
                    }
                    Does::Resets(code) => frame(RST_STREAM, 0, id, &code.to_be_bytes()),
                    Does::GoesAway => goes_away(last),
                    Does::GoesAwayWithIt => {
                        let _ = stream.write_all(&goes_away(id)).await;
                        return;
                    }
                    Does::Cuts => return,
                    Does::Vanishes => std::future::pending().await,
                }
            }
            _ => continue,
        };
        if stream.write_all(&word).await.is_err() {
            return;
        }
    }
}

fn request(method: &str) -> Request<Full<Bytes>> {
    let body = if method == "POST" { "{}" } else { "" };
    let request = Request::builder().method(method).uri("/v1").header("host", "a");
    request.body(Full::from(body)).unwrap()
}

/// What comes of `count` requests over one connection, which one worker has.
async fn statuses(gateway: &Running, method: &str, count: usize) -> Vec<u16> {
    let mut sender = gateway.connect().await;
    let mut statuses = Vec::new();
    for _ in 0..count {
        sender.ready().await.unwrap();
        let sent = tokio::time::timeout(PATIENCE, sender.send_request(request(method)));
        let got = Got::read(sent.await.expect("no answer").unwrap()).await;
        statuses.push(got.status.as_u16());
    }
    statuses
}

fn to(endpoint: impl std::fmt::Display, more: &str) -> Setup {
    Setup::to(format!("http://{endpoint}")).data_centre(&format!("protocol: http2{more}"))
}

#[tokio::test]
async fn a_connection_that_has_gone_silent_is_not_used_again() {
    let silent = |connection, request| match (connection, request) {
        (0, 1..) => Does::Vanishes,
        _ => OK,
    };
    let upstream = Scripted::start(silent).await;
    let gateway = to(upstream.address, "").config("deadlines: { first_byte: 300ms }");
    let gateway = gateway.start().await;
    assert_eq!(statuses(&gateway, "POST", 4).await, [200, 504, 200, 200]);
    assert_eq!(upstream.connections(), 2);
}

#[tokio::test]
async fn an_ejected_endpoint_loses_its_connections() {
    let sick = |connection, _| match connection {
        0 => Does::Answers(503),
        _ => OK,
    };
    let upstream = Scripted::start(sick).await;
    let gateway = to(upstream.address, ", outlier: { failures: 1 }").start().await;
    assert_eq!(statuses(&gateway, "POST", 3).await, [503, 200, 200]);
}

#[tokio::test]
async fn an_endpoint_that_resets_its_streams_is_ejected_and_gets_nothing_twice() {
    let resets = |_, request| match request {
        0 => OK,
        _ => Does::Resets(INTERNAL_ERROR),
    };
    let broken = Scripted::start(resets).await;
    let gateway = to(broken.address, "").start().await;
    assert_eq!(statuses(&gateway, "GET", 2).await, [200, 502]);
    assert_eq!(broken.requests(), 2, "the same endpoint is not asked again");
    // Of two endpoints, the one that answers is left.
    let broken = Scripted::start(resets).await;
    let (address, log) = upstream().await;
    let both = format!("{}', 'http://{address}", broken.address);
    let gateway = to(both, ", outlier: { failures: 3, ejection: 60s }").start().await;
    let failed = statuses(&gateway, "POST", 80).await;
    let failed = failed.iter().filter(|status| **status != 200).count();
    assert_eq!((failed, broken.requests(), log.received().len()), (3, 4, 76));
}

#[tokio::test]
async fn what_the_data_centre_did_not_look_at_is_sent_again_whatever_its_method() {
    for (case, script, expected, arrivals) in [
        (
            "refused",
            (|_, at| if at % 2 == 1 { Does::Resets(REFUSED_STREAM) } else { OK })
                as fn(usize, usize) -> Does,
            [200; 6],
            11,
        ),
        ("gone away", |_, at| if at == 2 { Does::GoesAway } else { OK }, [200; 6], 8),
        // Within bounds: what is refused each time is refused in the end.
        ("refused for ever", |_, _| Does::Resets(REFUSED_STREAM), [502; 6], 16),
        // What may have been looked at is not sent twice.
        (
            "reset",
            |_, at| if at == 1 { Does::Resets(INTERNAL_ERROR) } else { OK },
            [200, 502, 200, 200, 200, 200],
            6,
        ),
        (
            "gone away with it",
            |_, at| if at == 2 { Does::GoesAwayWithIt } else { OK },
            [200, 200, 502, 200, 200, 502],
            6,
        ),
        ("cut", |_, at| if at == 2 { Does::Cuts } else { OK }, [200, 200, 502, 200, 200, 502], 6),
    ] {
        let upstream = Scripted::start(script).await;
        let gateway = to(upstream.address, ", outlier: { failures: 0 }").start().await;
        assert_eq!(statuses(&gateway, "POST", 6).await, expected, "{case}");
        assert_eq!(upstream.requests(), arrivals, "{case}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_costs_a_safe_request_nothing() {
    let upstream = Scripted::start(|_, at| if at == 2 { Does::Cuts } else { OK }).await;
    let gateway = to(upstream.address, "").start().await;
    assert_eq!(statuses(&gateway, "GET", 6).await, [200; 6]);
    assert_eq!((upstream.requests(), upstream.connections()), (8, 3));
}

/// Answers `/long` with more than anybody takes, everything else with nothing, and holds back what it answers to
/// `/held` until it is told.
async fn many_streams(
    streams_max: Option<u32>,
) -> (SocketAddr, Arc<AtomicUsize>, watch::Sender<usize>) {
    let (arrived, open) = (Arc::<AtomicUsize>::default(), watch::Sender::new(0));
    let (counted, held) = (Arc::clone(&arrived), open.clone());
    let address = scripted(move |stream| {
        let (counted, held) = (Arc::clone(&counted), held.clone());
        async move {
            let mut builder = h2::server::Builder::new();
            if let Some(max) = streams_max {
                builder.max_concurrent_streams(max);
            }
            let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let (counted, held) = (Arc::clone(&counted), held.clone());
                tokio::spawn(async move {
                    match request.uri().path() {
                        "/long" => {
                            let Ok(mut body) = respond.send_response(Response::new(()), false)
                            else {
                                return;
                            };
                            loop {
                                body.reserve_capacity(16 << 10);
                                let room = std::future::poll_fn(|cx| body.poll_capacity(cx)).await;
                                let Some(Ok(room)) = room else { return };
                                counted.fetch_add(room, Ordering::Relaxed);
                                if body.send_data(vec![b'x'; room].into(), false).is_err() {
                                    return;
                                }
                            }
                        }
                        "/held" => {
                            held.send_modify(|count| *count += 1);
                            let _ = held.subscribe().wait_for(|count| *count == usize::MAX).await;
                            let _ = respond.send_response(Response::new(()), true);
                        }
                        _ => drop(respond.send_response(Response::new(()), true)),
                    }
                });
            }
        }
    })
    .await;
    (address, arrived, open)
}

fn path(path: &str) -> Request<()> {
    Request::get(format!("http://a.example{path}")).body(()).unwrap()
}

/// A connection to the gateway on which one answer that is not read leaves room for all others.
async fn roomy(gateway: &Running) -> h2::client::SendRequest<Bytes> {
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut builder = h2::client::Builder::new();
    builder.initial_connection_window_size(1 << 30);
    let (sender, connection) = builder.handshake(stream).await.unwrap();
    tokio::spawn(connection);
    sender.ready().await.unwrap()
}

#[tokio::test]
async fn answers_that_nobody_reads_do_not_stop_the_others() {
    let (address, sent, _) = many_streams(None).await;
    let gateway = to(address, "").start().await;
    let mut sender = roomy(&gateway).await;
    let mut unread = Vec::new();
    for _ in 0..100 {
        sender = sender.ready().await.unwrap();
        let (answer, _) = sender.send_request(path("/long"), true).unwrap();
        unread.push(answer.await.unwrap());
    }
    // Until there is no room left for any of it.
    let mut before = usize::MAX;
    while before != sent.load(Ordering::Relaxed) {
        before = sent.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // What lies in between is bounded by the answer: a window of the data centre's stream, one of the caller's, and
    // what is on its way from one to the other.
    assert!(before < unread.len() * (512 << 10), "{before} bytes");
    let (answer, _) = sender.send_request(path("/long"), true).unwrap();
    let mut body = answer.await.unwrap().into_body();
    let mut taken = 0;
    while taken < 4 << 20 {
        let piece = tokio::time::timeout(PATIENCE, body.data()).await.expect("it stands still");
        let piece = piece.unwrap().unwrap();
        taken += piece.len();
        body.flow_control().release_capacity(piece.len()).unwrap();
    }
}

#[tokio::test]
async fn beyond_the_streams_of_one_connection_another_is_made() {
    let (address, _, held) = many_streams(Some(2)).await;
    let gateway = to(address, "").start().await;
    let mut sender = roomy(&gateway).await;
    // How many there may be is known with the first answer.
    sender.send_request(path("/"), true).unwrap().0.await.unwrap();
    let answers: Vec<_> =
        (0..6).map(|_| sender.send_request(path("/held"), true).unwrap().0).collect();
    let mut all = held.subscribe();
    let all = all.wait_for(|count| *count == 6);
    let are_there = tokio::time::timeout(PATIENCE, all).await.is_ok();
    assert!(are_there, "{} of 6 are under way", *held.borrow());
    held.send_replace(usize::MAX);
    for answer in answers {
        assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
    }
}

/// Workers share the bounds, and a caller with one connection has one worker.
#[tokio::test]
async fn a_bound_of_all_workers_is_there_for_the_caller_of_one() {
    for (data_centre, config, kind) in [
        (", exchanges_max: 4", "", "upstream-busy"),
        ("", "limits: { exchanges_max: 4 }", "overloaded"),
    ] {
        let (address, _, held) = many_streams(None).await;
        let gateway = to(address, data_centre).config(config).start().await;
        let mut sender = roomy(&gateway).await;
        let answers: Vec<_> =
            (0..4).map(|_| sender.send_request(path("/held"), true).unwrap().0).collect();
        let mut all = held.subscribe();
        let all = all.wait_for(|count| *count == 4);
        let are_there = tokio::time::timeout(PATIENCE, all).await.is_ok();
        assert!(are_there, "{} of 4 are under way: {kind}", *held.borrow());
        // The other worker has none, and no place either: whichever takes this one.
        for _ in 0..8 {
            let got = gateway.send(post("{}")).await;
            assert_eq!((got.status.as_u16(), got.problem().as_str()), (503, kind));
        }
        held.send_replace(usize::MAX);
        for answer in answers {
            assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
        }
        assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK, "{kind}");
    }
}
