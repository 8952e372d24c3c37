//! Connections on which nothing goes on for a while: they are a socket alone, and nothing is lost by it.

use super::{overload::metrics, *};

/// Waits until so many connections are quiet.
async fn until_quiet(gateway: &Running, count: usize) {
    let line = format!("bordergate_connections{{state=\"quiet\"}} {count}");
    eventually_found("not so many are quiet", async || {
        let told = metrics(gateway).await;
        if told.contains(&line) { Ok(()) } else { Err(told) }
    })
    .await;
}

/// A head and not a byte more.
async fn read_head_alone(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tokio::time::timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// One answer of the echoing upstream off `stream`.
async fn answer<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"ok") {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await.unwrap();
        text.push(
            byte.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&text))),
        );
    }
    String::from_utf8(text).unwrap()
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// Answers whatever it is asked, on the same connection.
pub(super) async fn answering() -> SocketAddr {
    scripted(|mut stream| async move {
        while !read_head(&mut stream).await.is_empty() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await
}

#[tokio::test]
async fn a_quiet_connection_is_served_again() {
    let gateway = Setup::to(format!("http://{}", answering().await)).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    // As new it is quiet as well.
    until_quiet(&gateway, 1).await;
    for round in 0..2 {
        stream.write_all(GET).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 OK"), "{round}");
        until_quiet(&gateway, 1).await;
        // Two at once, the second in two pieces.
        stream.write_all(&[GET, &GET[..9]].concat()).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 OK"), "{round}");
        stream.write_all(&GET[9..]).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 OK"), "{round}");
        until_quiet(&gateway, 1).await;
    }
    assert_eq!(gateway.records(6).await.len(), 6);
    // Gone, it is counted no more.
    drop(stream);
    until_quiet(&gateway, 0).await;
}

#[tokio::test]
async fn a_head_that_comes_slowly_is_read_to_its_end() {
    let gateway = Setup::to(format!("http://{}", answering().await)).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut beside = TcpStream::connect(gateway.address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(&GET[..9]).await.unwrap();
        // Another becomes quiet twice meanwhile, and this one does not.
        for _ in 0..2 {
            beside.write_all(GET).await.unwrap();
            answer(&mut beside).await;
            until_quiet(&gateway, 1).await;
        }
        stream.write_all(&GET[9..]).await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
    }
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_kept_until_it_is_taken() {
    // Of these sizes some end in our buffers, with the data centre done and its connection given back.
    let sizes: Vec<usize> = (1..=12).map(|number| number << 19).collect();
    let address = scripted(|mut stream| async move {
        let head = read_head(&mut stream).await;
        let size: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
        let body: Vec<u8> = (0..size).map(|number| (number % 251) as u8).collect();
        let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
    })
    .await;
    let gateway = Setup::to(format!("http://{address}")).start().await;
    let mut waiting = Vec::new();
    for size in sizes {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let request = format!("GET /{size} HTTP/1.1\r\nHost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        waiting.push((size, stream));
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    for (size, mut stream) in waiting {
        assert!(read_head_alone(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
        let mut body = vec![0; size];
        let read = tokio::time::timeout(PATIENCE, stream.read_exact(&mut body)).await.unwrap();
        assert!(read.is_ok(), "{size}: {read:?}");
        assert!(body.iter().enumerate().all(|(number, byte)| *byte == (number % 251) as u8));
    }
}

#[tokio::test]
async fn a_drain_closes_what_is_quiet_in_order() {
    let gateway = Setup::to(format!("http://{}", answering().await)).start().await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(GET).await.unwrap();
    answer(&mut stream).await;
    until_quiet(&gateway, 1).await;
    let Running { gateway, folder: _folder, .. } = gateway;
    let started = Instant::now();
    let drained = tokio::task::spawn_blocking(move || gateway.drain());
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0, "closed in order");
    assert_eq!(drained.await.unwrap().connections_cut, 0);
    assert!(started.elapsed() < PATIENCE / 2);
}

/// A caller may have written when the drain began: closed upon its request, the connection would take it along.
#[tokio::test]
async fn a_drain_answers_what_is_on_its_way_on_connections_in_use() {
    let gateway = Setup::to(format!("http://{}", answering().await)).start().await;
    let (mut quiet, mut used) = (
        TcpStream::connect(gateway.address).await.unwrap(),
        TcpStream::connect(gateway.address).await.unwrap(),
    );
    quiet.write_all(GET).await.unwrap();
    answer(&mut quiet).await;
    until_quiet(&gateway, 2).await;
    used.write_all(GET).await.unwrap();
    answer(&mut used).await;
    let Running { gateway, folder: _folder, address, .. } = gateway;
    let drained = tokio::task::spawn_blocking(move || gateway.drain());
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for mut stream in [quiet, used] {
        stream.write_all(GET).await.unwrap();
        let text = answer(&mut stream).await;
        assert!(text.to_lowercase().contains("connection: close"), "{text}");
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
    }
    assert_eq!(drained.await.unwrap().connections_cut, 0);
}

#[tokio::test]
async fn a_caller_who_stops_in_the_middle_of_what_is_refused_is_let_go() {
    let gateway = Setup::to(format!("http://{}", answering().await))
        .config("limits: { body_bytes_max: 8KiB }")
        .start()
        .await;
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = gateway.raw(format!("{head}{}", chunk.repeat(3))).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}
