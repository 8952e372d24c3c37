//! Sockets that are not plain TCP: Unix sockets, the PROXY protocol, and sockets that outlive a process.

use std::{
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::net::UnixStream;

use super::*;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_unix_socket_takes_requests_and_is_taken_over_when_it_was_left_behind() {
    let (address, log) = upstream().await;
    let setup = Setup::to(format!("http://{address}"));
    let path = setup.folder.path().join("b.sock");
    // Left behind by a process that has gone.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = format!(" }}, {{ name: unix, address: 'unix:{}'", path.display());
    let setup = Setup { listener, ..setup };
    let gateway = setup.start().await;
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(log.received().len(), 1);
    assert_eq!(gateway.records(1).await[0]["peer"]["address"], "loopback");
    // Somebody listens now.
    let other = Setup::to("http://127.0.0.1:9");
    let listener = format!(" }}, {{ name: unix, address: 'unix:{}'", path.display());
    let error = Setup { listener, ..other }.try_start().err().unwrap().to_string();
    assert!(error.contains("in use") && error.contains("b.sock"), "{error}");
}

#[tokio::test]
async fn a_balancer_says_who_is_behind_it_or_is_not_listened_to() {
    let (address, _) = upstream().await;
    let v2 = {
        let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
        bytes.extend([203, 0, 113, 7, 127, 0, 0, 1, 0x12, 0x34, 0, 80]);
        bytes
    };
    let v1 = b"PROXY TCP4 10.1.2.3 127.0.0.1 4660 80\r\n".to_vec();
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec();
    let unknown = b"PROXY UNKNOWN\r\n".to_vec();
    let gateway = Setup::to(format!("http://{address}"))
        .listener("proxy_protocol: true")
        .config("trusted_hops: [127.0.0.0/8]")
        .start()
        .await;
    let stating = REQUEST.replacen("\r\n", "\r\nBordergate-Transfer: origin=PK\r\n", 1);
    for (number, (header, class, origin)) in [
        (v2.clone(), "public", Value::Null),
        (v1, "private", Value::Null),
        (local, "loopback", "PK".into()),
        // The balancer is trusted, and whoever is behind it is not.
        (unknown, "unknown", Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = gateway.raw([&header[..], stating.as_bytes()].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let record = gateway.records(number + 1).await.swap_remove(number);
        assert_eq!((&record["peer"]["address"], &record["origin"]), (&class.into(), &origin));
    }
    assert_eq!(gateway.raw(REQUEST).await, "", "without the header nothing is answered");
    // Whoever is not trusted could claim to be anybody.
    let gateway = Setup::to(format!("http://{address}"))
        .listener("proxy_protocol: true")
        .config("trusted_hops: [10.0.0.0/8]")
        .start()
        .await;
    assert_eq!(gateway.raw([&v2[..], REQUEST.as_bytes()].concat()).await, "");
}

/// A gateway as a process of its own that was passed a listening socket (sd_listen_fds(3)).
fn serve(config: &Path, socket: &std::net::TcpListener) -> Child {
    let binary = env!("CARGO_BIN_EXE_bordergate");
    let config = config.display();
    let script = format!(
        "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=mesh exec {binary} serve --config {config}"
    );
    Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap())))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Serves when its admin address says that it is ready.
async fn ready(admin: SocketAddr) {
    eventually("it does not become ready", async || {
        let Ok(mut stream) = TcpStream::connect(admin).await else { return false };
        let request = b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.is_ok()
            && read_to_end(&mut stream).await.starts_with("HTTP/1.1 200 ")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_takes_over_from_another_and_no_request_fails() {
    takes_over("{ sink: none }", false).await;
}

/// Connections wait for the new process, which waits for the old one's audit.
#[tokio::test(flavor = "multi_thread")]
async fn one_process_takes_over_the_audit_of_another_and_no_request_fails() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit.jsonl");
    takes_over(&format!("{{ sink: file, path: '{}' }}", audit.display()), true).await;
    let text = std::fs::read_to_string(audit).unwrap();
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(count(r#"{"audit":"opened""#), 2, "each has its part of the file");
    assert_eq!(count(r#"{"audit":"closed""#), 1, "the new one was killed");
}

async fn takes_over(audit: &str, is_shared: bool) {
    let (upstream, _) = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let start = |name: &str| {
        let admin = free();
        let path = folder.path().join(name);
        std::fs::write(
            &path,
            format!(
                "listeners: [{{ name: mesh, address: 'fd:mesh' }}]
admin: {{ address: '{admin}' }}
workers: 2
audit: {audit}
inspection: {{ enabled: false }}
data_centres: [{{ id: sg, jurisdiction: SG, endpoints: ['http://{upstream}'] }}]
routes: [{{ id: all, data_centre: sg }}]
"
            ),
        )
        .unwrap();
        (serve(&path, &socket), admin)
    };
    let (mut old, old_admin) = start("old.yaml");
    ready(old_admin).await;

    // New connections all the time, and some that are kept.
    let stop = Arc::new(AtomicBool::new(false));
    let (served, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (stop, served, failed) =
                (Arc::clone(&stop), Arc::clone(&served), Arc::clone(&failed));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let exchange = async {
                        let mut stream = TcpStream::connect(address).await?;
                        stream.write_all(REQUEST.as_bytes()).await?;
                        let mut answer = Vec::new();
                        stream.read_to_end(&mut answer).await?;
                        std::io::Result::Ok(answer.starts_with(b"HTTP/1.1 200 "))
                    };
                    match tokio::time::timeout(PATIENCE, exchange).await {
                        Ok(Ok(true)) => served.fetch_add(1, Ordering::Relaxed),
                        _ => failed.fetch_add(1, Ordering::Relaxed),
                    };
                }
            })
        })
        .collect();
    let more = async |than: usize| {
        eventually("nobody is served", async || served.load(Ordering::Relaxed) >= than + 200).await;
        served.load(Ordering::Relaxed)
    };
    let before = more(0).await;
    let (mut new, new_admin) = start("new.yaml");
    if !is_shared {
        ready(new_admin).await;
    }
    let both = more(before).await;
    let terminated = Command::new("kill").args(["-TERM", &old.id().to_string()]).status().unwrap();
    assert!(terminated.success());
    let ended = tokio::task::spawn_blocking(move || old.wait().unwrap()).await.unwrap();
    assert!(ended.success(), "{ended}");
    ready(new_admin).await;
    more(both).await;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    new.kill().unwrap();
    new.wait().unwrap();
    assert_eq!(failed.load(Ordering::Relaxed), 0, "of {}", served.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_socket_that_was_not_passed_is_named() {
    let setup = Setup::to("http://127.0.0.1:9");
    let listener = "}, { name: passed, address: 'fd:mesh'".to_owned();
    let error = Setup { listener, ..setup }.try_start().err().unwrap().to_string();
    assert!(error.contains("`fd:mesh`") && error.contains("`passed`"), "{error}");
}

/// Bytes in memory that are a process's own, and no file's.
fn resident(process: u32) -> usize {
    let text = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
    let pages: Vec<usize> = text.split_whitespace().map(|it| it.parse().unwrap()).collect();
    (pages[1] - pages[2]) * 4096
}

#[tokio::test]
async fn a_connection_keeps_little_while_it_waits_for_its_next_request() {
    const CONNECTIONS: usize = 2000;
    const KEPT_MAX: usize = 6 << 10;
    let (upstream, _) = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.yaml");
    std::fs::write(
        &path,
        format!(
            "listeners: [{{ name: mesh, address: '127.0.0.1:0' }}]
admin: {{ address: '127.0.0.1:0' }}
workers: 2
audit: {{ sink: none }}
data_centres: [{{ id: sg, jurisdiction: SG, endpoints: ['http://{upstream}'] }}]
routes: [{{ id: all, data_centre: sg }}]
"
        ),
    )
    .unwrap();
    let mut process = crate::harness::Process::start_quiet(&path);
    let body = format!("{{\"padding\": \"{}\"}}", "x ".repeat(512));
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json";
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let ask = async |stream: &mut TcpStream| {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 "));
    };
    let connect = async || TcpStream::connect(process.address).await.unwrap();
    let mut busy = connect().await;
    for _ in 0..300 {
        ask(&mut busy).await;
    }
    let before = resident(process.id());
    let mut kept = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        kept.push(connect().await);
    }
    for stream in &mut kept {
        ask(stream).await;
    }
    eventually_found("bytes for a connection", async || {
        let each = resident(process.id()).saturating_sub(before) / CONNECTIONS;
        if each <= KEPT_MAX { Ok(()) } else { Err(each) }
    })
    .await;
    for stream in &mut kept {
        ask(stream).await;
    }
    process.kill();
}
