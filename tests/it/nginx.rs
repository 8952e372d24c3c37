//! Three real upstream servers: Debian's nginx on free ports, keeping every body it receives as a file.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde::Deserialize;
use tempfile::TempDir;

/// One request as nginx saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) port: u16,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) content_length: String,
    pub(crate) content_encoding: String,
    pub(crate) traceparent: String,
    /// Empty unless a header for the gateway alone went further than the gateway.
    pub(crate) internal: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Nginx {
    process: Child,
    folder: TempDir,
    pub(crate) addresses: [SocketAddr; 3],
}

impl Nginx {
    pub(crate) fn start() -> Self {
        // Between choosing free ports and nginx taking them, another process may; then we choose anew.
        for _ in 0..5 {
            if let Some(nginx) = Self::try_start() {
                return nginx;
            }
        }
        panic!("nginx does not start; `make tools` installs it");
    }

    fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let addresses = free_addresses();
        fs::create_dir(folder.path().join("bodies")).unwrap();
        let configuration = folder.path().join("nginx.conf");
        fs::write(&configuration, configure(&folder, &addresses)).unwrap();
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
            .unwrap_or_else(|| "nginx".into());
        let process = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is installed; `make tools` does it");
        let mut nginx = Self { process, folder, addresses };
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && nginx.process.try_wait().unwrap().is_none() {
            if nginx.addresses.iter().all(|address| TcpStream::connect(address).is_ok()) {
                return Some(nginx);
            }
            std::thread::yield_now();
        }
        None
    }

    /// Everything received so far, once it is at least `count` requests. nginx writes its log after its
    /// answer, so the last line may come a moment after the answer did.
    pub(crate) fn received(&self, count: usize) -> Vec<Received> {
        let log = self.folder.path().join("access.log");
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let lines: Vec<&str> = whole.lines().filter(|line| !line.is_empty()).collect();
            if lines.len() >= count || Instant::now() > deadline {
                return lines.into_iter().map(read_line).collect();
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read_line(line: &str) -> Received {
    #[derive(Deserialize)]
    struct Line {
        port: String,
        method: String,
        target: String,
        content_length: String,
        content_encoding: String,
        traceparent: String,
        internal: String,
        body_file: String,
    }
    let line: Line = serde_json::from_str(line).unwrap();
    let body = match line.body_file.as_str() {
        "" => Vec::new(),
        file => fs::read(file).unwrap(),
    };
    Received {
        port: line.port.parse().unwrap(),
        method: line.method,
        target: line.target,
        content_length: line.content_length,
        content_encoding: line.content_encoding,
        traceparent: line.traceparent,
        internal: line.internal,
        body,
    }
}

fn free_addresses() -> [SocketAddr; 3] {
    let listeners: Vec<TcpListener> =
        (0..3).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    std::array::from_fn(|number| listeners[number].local_addr().unwrap())
}

/// nginx reads a body only for a handler that wants one, so each server passes the request on to a
/// fourth that answers 200 and reads nothing. No master process, so that ending it ends all of it.
fn configure(folder: &TempDir, addresses: &[SocketAddr; 3]) -> String {
    let folder = folder.path().display();
    let servers: String = addresses
        .iter()
        .map(|address| {
            format!(
                "  server {{
    listen {address};
    access_log {folder}/access.log exchange;
    location / {{
      client_body_in_file_only on;
      proxy_pass http://unix:{folder}/sink.sock;
    }}
  }}
"
            )
        })
        .collect();
    format!(
        r#"daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  log_format exchange escape=json '{{"port":"$server_port","method":"$request_method","target":"$request_uri",'
    '"content_length":"$http_content_length","content_encoding":"$http_content_encoding",'
    '"traceparent":"$http_traceparent","internal":"$http_bordergate_transfer","body_file":"$request_body_file"}}';
  access_log off;
  client_max_body_size 64m;
  client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 100000;
  lingering_close off;
{servers}  server {{
    listen unix:{folder}/sink.sock;
    location / {{ return 200 "stored\n"; }}
  }}
}}
"#
    )
}

#[test]
fn nginx_keeps_what_it_receives() {
    use std::io::{Read as _, Write as _};
    let nginx = Nginx::start();
    let mut stream = TcpStream::connect(nginx.addresses[1]).unwrap();
    stream
        .write_all(b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x00\xffz")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let received = nginx.received(1);
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].port, nginx.addresses[1].port());
    assert_eq!(received[0].target, "/a?b=c");
    assert_eq!(received[0].body, b"\x00\xffz");
}
