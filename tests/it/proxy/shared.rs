//! Connections of HTTP/2 to a data centre, which the exchanges of a worker share: one exchange, or one connection
//! that has died, is not the end of the others.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::*;

fn to(endpoint: impl std::fmt::Display, more: &str) -> Setup {
    Setup::to(format!("http://{endpoint}")).data_centre(&format!("protocol: http2{more}"))
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
