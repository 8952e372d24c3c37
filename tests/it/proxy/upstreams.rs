//! Several endpoints of one data centre: choice, failures, checks, bounds and what may be sent again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

fn get() -> Request<Full<Bytes>> {
    Request::get("/v1/things").header("host", "a").body(Full::default()).unwrap()
}

async fn metric(gateway: &Running, line: &str) -> String {
    let stream = TcpStream::connect(gateway.gateway.admin_address()).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request =
        Request::get("/metrics").header("host", "a").body(Full::<Bytes>::default()).unwrap();
    let body = sender.send_request(request).await.unwrap().into_body().collect().await.unwrap();
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    text.lines().find(|found| found.starts_with(line)).unwrap_or_default().to_owned()
}

/// Reads a request and hangs up; counts them.
async fn hangs_up() -> (SocketAddr, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let address = scripted(move |mut stream| {
        let counted = Arc::clone(&counted);
        async move {
            read_head(&mut stream).await;
            counted.fetch_add(1, Ordering::Relaxed);
        }
    })
    .await;
    (address, count)
}

#[tokio::test]
async fn what_is_safe_goes_to_another_endpoint_and_what_is_not_does_not() {
    let (broken, tries) = hangs_up().await;
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{broken}', 'http://{address}"))
        .data_centre("outlier: { failures: 0 }")
        .start()
        .await;
    // As many as the budget for sending again allows at the start; and on, until the broken one is drawn.
    let mut sent = 0;
    while sent < 10 || (tries.load(Ordering::Relaxed) == 0 && sent < 100) {
        assert_eq!(gateway.send(get()).await.status, StatusCode::OK);
        sent += 1;
    }
    assert!(tries.load(Ordering::Relaxed) > 0, "the broken one was drawn now and then");
    assert_eq!(log.received().len(), sent);
    // A POST that may have arrived is not sent twice.
    let before = (tries.load(Ordering::Relaxed), log.received().len());
    let mut refused = 0;
    for _ in 0..20 {
        let got = gateway.send(post("{}")).await;
        if got.status != StatusCode::OK {
            assert_eq!((got.status.as_u16(), got.problem().as_str()), (502, "upstream-broken"));
            refused += 1;
        }
    }
    let after = (tries.load(Ordering::Relaxed), log.received().len());
    assert_eq!(after.0 - before.0, refused);
    assert_eq!(after.1 - before.1, 20 - refused);
    assert!(refused > 0);
}

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_left_alone() {
    let (broken, tries) = hangs_up().await;
    let (address, _) = upstream().await;
    let gateway = Setup::to(format!("http://{broken}', 'http://{address}"))
        .data_centre("outlier: { failures: 3, ejection: 60s }")
        .start()
        .await;
    for _ in 0..60 {
        gateway.send(post("{}")).await;
    }
    assert_eq!(tries.load(Ordering::Relaxed), 3);
    let line = format!(
        "bordergate_endpoint_ejections_total{{data_centre=\"sg\",endpoint=\"http://{broken}\"}}"
    );
    assert_eq!(metric(&gateway, &line).await, format!("{line} 1"));
}

#[tokio::test]
async fn when_no_endpoint_is_left_all_are_tried_again() {
    let (broken, tries) = hangs_up().await;
    let gateway = Setup::to(format!("http://{broken}"))
        .data_centre("outlier: { failures: 1, ejection: 60s }")
        .start()
        .await;
    for _ in 0..3 {
        assert_eq!(gateway.send(post("{}")).await.problem(), "upstream-broken");
    }
    assert_eq!(tries.load(Ordering::Relaxed), 3);
}

/// Answers 200, or 500 to checks while `well` is not set.
async fn checked(well: Arc<AtomicBool>, served: Arc<AtomicUsize>) -> SocketAddr {
    scripted(move |stream| {
        let (well, served) = (Arc::clone(&well), Arc::clone(&served));
        async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let (well, served) = (Arc::clone(&well), Arc::clone(&served));
                async move {
                    let is_check = request.uri().path() == "/healthz";
                    request.into_body().collect().await?;
                    let status = if is_check && !well.load(Ordering::Relaxed) { 500 } else { 200 };
                    served.fetch_add(usize::from(!is_check), Ordering::Relaxed);
                    let answer = Response::builder().status(status).body(Full::<Bytes>::default());
                    Ok::<_, hyper::Error>(answer.unwrap())
                }
            });
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await
}

#[tokio::test]
async fn an_endpoint_gets_nothing_until_it_passes_its_checks() {
    let (well, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let sick = checked(Arc::clone(&well), Arc::clone(&served)).await;
    let (address, log) = upstream().await;
    let gateway = Setup::to(format!("http://{sick}', 'http://{address}"))
        .data_centre("health_check: { path: /healthz, interval: 20ms, unhealthy: 1 }")
        .start()
        .await;
    let line =
        format!("bordergate_endpoint_healthy{{data_centre=\"sg\",endpoint=\"http://{sick}\"}}");
    let unhealthy = format!("{line} 0");
    eventually("never found unhealthy", async || metric(&gateway, &line).await == unhealthy).await;
    for _ in 0..20 {
        assert_eq!(gateway.send(post("{}")).await.status, StatusCode::OK);
    }
    assert_eq!(served.load(Ordering::Relaxed), 0);
    assert_eq!(log.received().iter().filter(|seen| seen.target != "/healthz").count(), 20);
    well.store(true, Ordering::Relaxed);
    eventually("never found healthy again", async || {
        gateway.send(post("{}")).await;
        served.load(Ordering::Relaxed) > 0
    })
    .await;
}

#[tokio::test]
async fn beyond_its_bound_a_data_centre_gets_no_more() {
    let (go, went) = tokio::sync::watch::channel(false);
    let address = scripted(move |mut stream| {
        let mut went = went.clone();
        async move {
            read_head(&mut stream).await;
            let _ = went.wait_for(|go| *go).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    })
    .await;
    // Two workers share the bound.
    let gateway =
        Setup::to(format!("http://{address}")).data_centre("exchanges_max: 2").start().await;
    let all = (0..12).map(|_| gateway.connect());
    let mut answers = tokio::task::JoinSet::new();
    for connecting in all {
        let mut sender = connecting.await;
        answers
            .spawn(async move { Got::read(sender.send_request(post("{}")).await.unwrap()).await });
    }
    let mut busy = 0;
    // Those that got through wait; the others are told at once.
    while busy < 10 {
        let got =
            tokio::time::timeout(PATIENCE, answers.join_next()).await.unwrap().unwrap().unwrap();
        assert_eq!((got.status.as_u16(), got.problem().as_str()), (503, "upstream-busy"));
        assert_eq!(got.headers["retry-after"], "1");
        busy += 1;
    }
    go.send(true).unwrap();
    while let Some(got) = answers.join_next().await {
        assert_eq!(got.unwrap().status, StatusCode::OK);
    }
}
