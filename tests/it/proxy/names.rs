//! Endpoints given by name, with a name server of our own: what changes there changes here.

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::net::UdpSocket;

use super::*;

/// Answers every question for an A record with the address it has at the moment, for one second; `None`
/// says that there is no such name (RFC 1035 §4.1.1, NXDOMAIN).
#[derive(Clone)]
struct NameServer {
    address: Arc<Mutex<Option<Ipv4Addr>>>,
    /// How often it said so.
    denials: Arc<AtomicUsize>,
}

impl NameServer {
    async fn start(address: Option<Ipv4Addr>) -> (SocketAddr, Self) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        let server = Self { address: Arc::new(Mutex::new(address)), denials: Arc::default() };
        let answers = server.clone();
        tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let answer = answers.answer(&question[..length]);
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        (at, server)
    }

    fn set(&self, address: Option<Ipv4Addr>) {
        *self.address.lock().unwrap() = address;
    }

    fn answer(&self, question: &[u8]) -> Vec<u8> {
        // Behind the header stand the labels of the name, a zero, the type and the class.
        let end = 12 + question[12..].iter().position(|&byte| byte == 0).unwrap() + 5;
        let is_a = question[end - 4..end - 2] == [0, 1];
        let address = *self.address.lock().unwrap();
        self.denials.fetch_add(usize::from(address.is_none()), Ordering::Relaxed);
        let count = u8::from(address.is_some() && is_a);
        let code = if address.is_some() { 0x80 } else { 0x83 };
        let mut answer = question[..2].to_vec();
        answer.extend([0x81, code, 0, 1, 0, count, 0, 0, 0, 0]);
        answer.extend(&question[12..end]);
        if let (Some(address), 1) = (address, count) {
            // The name of the question once more; A, IN, one second, four bytes.
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
            answer.extend(address.octets());
        }
        answer
    }
}

/// Data centres on two addresses of this machine with one port; each says which it is.
async fn twins() -> (u16, [Ipv4Addr; 2]) {
    let addresses = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let first = TcpListener::bind((addresses[0], 0)).await.unwrap();
    let port = first.local_addr().unwrap().port();
    let second = TcpListener::bind((addresses[1], port)).await.unwrap();
    for (listener, name) in [(first, "two"), (second, "three")] {
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    // For as long as the connection lives: it is not the data centre who ends it.
                    while !read_head(&mut stream).await.is_empty() {
                        let answer = format!(
                            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}",
                            name.len()
                        );
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
    }
    (port, addresses)
}

fn get() -> Request<Full<Bytes>> {
    Request::get("/").header("host", "a").body(Full::default()).unwrap()
}

async fn answers_until(gateway: &Running, expected: &str) {
    eventually_found("another answers", async || {
        let got = gateway.send(get()).await;
        if got.body == expected { Ok(()) } else { Err(format!("{got:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_name_that_moves_is_followed_when_its_time_is_over() {
    let (port, [two, three]) = twins().await;
    let (server, names) = NameServer::start(Some(two)).await;
    let gateway = Setup::to(format!("http://ingest.example:{port}"))
        .config(&format!("dns: {{ servers: ['{server}'], ttl_min: 200ms, stale_max: 1s }}"))
        .start()
        .await;
    assert_eq!(gateway.send(get()).await.body, "two");
    // A connection to the old address lies idle and alive, and is not used again.
    names.set(Some(three));
    answers_until(&gateway, "three").await;
    for _ in 0..5 {
        assert_eq!(gateway.send(get()).await.body, "three");
    }
    // While nobody knows the name the last address serves on, for as long as that is allowed.
    names.set(None);
    eventually("the name is not looked up again", async || {
        assert_eq!(gateway.send(get()).await.body, "three");
        names.denials.load(Ordering::Relaxed) > 0
    })
    .await;
    assert_eq!(gateway.send(get()).await.body, "three");
    let got = eventually_found("a name that is none is still known", async || {
        let got = gateway.send(get()).await;
        if got.status != StatusCode::OK { Ok(got) } else { Err("200") }
    })
    .await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (502, "unresolved"));
    names.set(Some(two));
    answers_until(&gateway, "two").await;
    let records = gateway.records(8).await;
    assert!(records.iter().any(|record| record["error"] == "unresolved"));
}

/// The country of the address counts, not that of the name.
#[tokio::test]
async fn a_name_that_moves_abroad_gets_nothing_more() {
    let (port, [two, three]) = twins().await;
    let (server, names) = NameServer::start(Some(two)).await;
    let setup = Setup::to(format!("http://ingest.example:{port}"))
        .config(&format!("dns: {{ servers: ['{server}'], ttl_min: 200ms }}"))
        .config("geoip: { database: countries.mmdb }");
    let countries = [("127.0.0.2/32", "SG"), ("127.0.0.3/32", "US")];
    setup.write("countries.mmdb", mmdb::write(&countries, Layout::Nested));
    let gateway = setup.start().await;
    assert_eq!(gateway.send(get()).await.body, "two");
    names.set(Some(three));
    let refused = eventually_found("the name is not looked up again", async || {
        let got = gateway.send(get()).await;
        if got.status == StatusCode::FORBIDDEN {
            return Ok(got);
        }
        assert_eq!(got.body, "two", "nothing arrives abroad");
        Err("200")
    })
    .await;
    assert_eq!(refused.problem(), "misplaced");
}

/// The metadata of a machine that is lent out are behind such an address, with its credentials; or the machine
/// itself, with what it shows to nobody else.
#[tokio::test]
async fn a_name_that_leads_to_a_link_local_address_or_to_none_leads_nowhere() {
    for address in [Ipv4Addr::new(169, 254, 169, 254), Ipv4Addr::UNSPECIFIED] {
        let (port, [two, _]) = twins().await;
        let (server, names) = NameServer::start(Some(address)).await;
        let gateway = Setup::to(format!("http://ingest.example:{port}"))
            .config(&format!("dns: {{ servers: ['{server}'], ttl_min: 200ms }}"))
            .start()
            .await;
        let got = gateway.send(get()).await;
        let kind = (got.status.as_u16(), got.problem());
        assert_eq!(kind, (502, "unresolved".to_owned()), "{address}");
        names.set(Some(two));
        answers_until(&gateway, "two").await;
    }
}
