//! Tens of thousands of records under load, killed in the middle of it; then each kind of tampering with them.

use std::{
    collections::HashSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

use super::{AuditFolder, audit, verify};
use crate::harness::{Process, exchanges};

/// Each exchange leaves two: what was judged before it was sent, and how it ended.
const RECORDS: usize = 30_000;
const ROUNDS: usize = 2;
const CONNECTIONS: u64 = 16;
/// Requests on their way on one connection.
const PIPELINED: u64 = 32;
/// For a machine that is busy with others.
const LOAD_TIME_MAX: Duration = Duration::from_secs(120);

/// Sends until the gateway is gone; the traces that were answered.
async fn load(address: SocketAddr, first: u64, answered: Arc<AtomicUsize>) -> Vec<String> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = "{\"imei\":\"867619040000019\"}";
    let mut traces = Vec::new();
    let mut next = first;
    loop {
        let mut text = String::new();
        for number in next..next + PIPELINED {
            text.push_str(&format!(
                "POST /v1 HTTP/1.1\r\nhost: dc.test\r\ncontent-type: application/json\r\n\
                 bordergate-transfer: origin=PK\r\ntraceparent: 00-{number:032x}-00f067aa0ba902b7-01\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
        if stream.write_all(text.as_bytes()).await.is_err() {
            return traces;
        }
        let (mut came, mut told) = (0, String::new());
        let mut part = vec![0; 1 << 16];
        while came < PIPELINED {
            let Ok(bytes @ 1..) = stream.read(&mut part).await else { return traces };
            told.push_str(std::str::from_utf8(&part[..bytes]).unwrap());
            // An answer is there when its last word is.
            while let Some(end) = told.find("stored\n") {
                assert!(told.starts_with("HTTP/1.1 200 OK\r\n"), "{told}");
                told.drain(..end + "stored\n".len());
                traces.push(format!("{:032x}", next + came));
                came += 1;
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
        next += PIPELINED;
    }
}

fn files(log: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(log).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort_by_key(|path| lines_of(path).first().map(|line| seq(line)));
    files
}

fn lines_of(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

/// 0 for what was never finished.
fn seq(line: &str) -> u64 {
    serde_json::from_str::<Value>(line).map_or(0, |it| it["seq"].as_u64().unwrap())
}

/// Makes the chain fit again from a line on, as somebody without the key could.
fn chain_anew(lines: &mut [String], from: usize) {
    let mut previous: Option<String> = None;
    for line in &mut lines[from..] {
        let (body, rest) = line.split_once(",\"hash\":\"").unwrap();
        let (_, rest) = rest.split_once('"').unwrap();
        let (head, prev) = body.split_once(",\"prev\":\"").unwrap();
        let (prev, tail) = prev.split_once('"').unwrap();
        let prev = previous.as_deref().unwrap_or(prev);
        let body = format!("{head},\"prev\":\"{prev}\"{tail}");
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(&body));
        *line = format!("{body},\"hash\":\"{hash}\"{rest}");
        previous = Some(hash);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_a_long_audit_and_what_is_done_to_it_is_told() {
    let audited = AuditFolder::open().await;
    let config = audited.configure(
        "required: true, commit: 10s, sync: at_shutdown, \
         seal: { key_file: audit.key, lines: 1000, interval: 1s }, rotate: { bytes: 4MiB }",
    );
    let log = audited.path("log");
    let mut all = Vec::new();
    for round in 0..ROUNDS as u64 {
        let mut gateway = Process::start_quiet(&config);
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|client| {
                let first = 1 + (round * CONNECTIONS + client) * 1_000_000;
                tokio::spawn(load(gateway.address, first, Arc::clone(&answered)))
            })
            .collect();
        let deadline = Instant::now() + LOAD_TIME_MAX;
        while answered.load(Ordering::Relaxed) < RECORDS / 2 / ROUNDS {
            assert!(Instant::now() < deadline, "{answered:?} answers");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        gateway.kill();
        for client in clients {
            all.extend(client.await.unwrap());
        }
        // Killed in the middle of its work, and nothing is wrong but what a kill leaves at the end.
        let (code, told) = verify(&audited, &log);
        assert_eq!(code, 0, "{told:#}");
        let last = &told["verified"]["last"];
        for found in told["verified"]["found"].as_array().unwrap() {
            match found["what"].as_str().unwrap() {
                "cut_off" | "unclosed" => {}
                // From the last seal, or between what a kill left and the seal after it.
                "unsealed" => assert!(found["to"].as_u64() <= last.as_u64(), "{found}"),
                _ => panic!("{found}"),
            }
        }
    }
    Process::start_quiet(&config).terminate();
    let (code, told) = verify(&audited, &log);
    let verified = &told["verified"];
    assert_eq!((code, &verified["sealed"]), (0, &verified["last"]), "{told:#}");
    assert!(verified["records"].as_u64().unwrap() as usize >= RECORDS, "{told:#}");
    let files = files(&log);
    assert!(files.len() >= 5, "{files:?}");
    let mut recorded = HashSet::new();
    for path in &files {
        for record in exchanges(&fs::read_to_string(path).unwrap()) {
            recorded.insert(record["trace_id"].as_str().unwrap().to_owned());
        }
    }
    let unrecorded: Vec<_> = all.iter().filter(|trace| !recorded.contains(*trace)).collect();
    assert!(unrecorded.is_empty(), "answered and not on record: {unrecorded:?}");
    tamper(&audited, &log, &files, verified["found"].as_array().unwrap());
}

/// Each kind in turn, in the middle of all files; what it adds to what the kills left is told.
fn tamper(audited: &AuditFolder, log: &Path, files: &[PathBuf], left: &[Value]) {
    let middle = files.len() / 2;
    let path = &files[middle];
    let original = lines_of(path);
    let is_exchange = |index: &usize| !original[*index].starts_with("{\"audit\":");
    // Two records of exchanges side by side, well inside.
    let at = (original.len() / 3..).find(|it| is_exchange(it) && is_exchange(&(it + 1))).unwrap();
    let number = |index: usize| seq(&original[index]);
    let more = |what: &str| -> Vec<Value> {
        let (code, told) = verify(audited, log);
        assert_eq!((code, &told["intact"]), (13, &Value::Bool(false)), "{what}: {told:#}");
        let found = told["verified"]["found"].as_array().unwrap().clone();
        let is_new = |it: &Value| {
            let same = |old: &&Value| old["what"] == it["what"] && old["from"] == it["from"];
            !left.iter().any(|old| same(&old) && old["to"] == it["to"])
        };
        found.into_iter().filter(is_new).collect()
    };
    let changed = |what: &str, lines: &[String]| -> Vec<Value> {
        fs::write(path, lines.join("\n") + "\n").unwrap();
        more(what)
    };
    let only = |what: &str, found: Vec<Value>| -> Value {
        // Where a seal is gone as well, so is what it covered, which is no offence of its own.
        let offences: Vec<&Value> = found.iter().filter(|it| it["what"] != "unsealed").collect();
        let [one] = &offences[..] else { panic!("{what}: {found:?}") };
        assert_eq!(one["what"], what, "{one}");
        Value::clone(one)
    };

    let mut lines = original.clone();
    lines[at] = lines[at].replace("\"PK\"", "\"IN\"");
    assert_ne!(lines[at], original[at]);
    let edited = only("edited", changed("edited", &lines));
    let record: Value = serde_json::from_str(&original[at]).unwrap();
    assert_eq!((&edited["seq"], &edited["trace_id"]), (&number(at).into(), &record["trace_id"]));

    let mut lines = original.clone();
    lines.remove(at);
    let dropped = only("missing", changed("missing", &lines));
    assert_eq!((&dropped["from"], &dropped["to"]), (&number(at).into(), &number(at).into()));

    let mut lines = original.clone();
    lines.insert(at + 1, original[at - 7].clone());
    let inserted = only("inserted", changed("inserted", &lines));
    assert_eq!(inserted["seq"], number(at - 7));
    assert_eq!(inserted["line"], at + 2);

    let mut lines = original.clone();
    lines.swap(at, at + 1);
    let moved = only("moved", changed("moved", &lines));
    assert_eq!((&moved["seq"], &moved["line"]), (&number(at).into(), &(at + 2).into()));

    // The end of a file that is not the last.
    let truncated = only("missing", changed("truncated", &original[..at]));
    let ends = number(original.len() - 1);
    assert_eq!((&truncated["from"], &truncated["to"]), (&number(at).into(), &ends.into()));

    // Two sealed stretches change places.
    let seals: Vec<usize> = (0..original.len())
        .filter(|it| original[*it].starts_with("{\"audit\":\"sealed\""))
        .collect();
    let [first, second, third, ..] = seals[..] else { panic!("{seals:?}") };
    let mut lines = original[..=first].to_vec();
    lines.extend_from_slice(&original[second + 1..=third]);
    lines.extend_from_slice(&original[first + 1..=second]);
    lines.extend_from_slice(&original[third + 1..]);
    let found = changed("swapped", &lines);
    let moved: HashSet<u64> = found
        .iter()
        .filter(|it| it["what"] == "moved")
        .map(|it| it["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(moved, (number(first + 1)..=number(second)).collect(), "{:?}", found.first());

    // A record is changed and all hashes after it are made to fit: the seals are not.
    let mut lines = original.clone();
    lines[at] = lines[at].replace("\"PK\"", "\"IN\"");
    chain_anew(&mut lines, at);
    let found = changed("chained anew", &lines);
    let seal = *seals.iter().find(|it| **it > at).unwrap();
    assert_eq!(
        (&found[0]["what"], &found[0]["seq"]),
        (&"seal_broken".into(), &number(seal).into())
    );

    // A seal with the signature of another.
    let mut lines = original.clone();
    let signature = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["signature"].as_str().unwrap().to_owned()
    };
    let (own, other) = (signature(&original[first]), signature(&original[second]));
    lines[first] = lines[first].replace(&own, &other);
    assert_ne!(lines[first], original[first]);
    let found = changed("forged", &lines);
    assert!(
        found.iter().any(|it| it["what"] == "seal_broken" && it["seq"] == number(first)),
        "{found:?}"
    );

    fs::write(path, original.join("\n") + "\n").unwrap();
    let (code, told) = verify(audited, log);
    assert_eq!(code, 0, "{told:#}");

    // A file is gone.
    let aside = audited.path("aside.jsonl");
    fs::rename(path, &aside).unwrap();
    let gone = only("missing", more("removed"));
    assert_eq!((&gone["from"], &gone["to"]), (&number(0).into(), &ends.into()));
    fs::rename(&aside, path).unwrap();

    // Names are nobody's word: files come in the order of what is in them.
    let (one, other) = (&files[middle - 1], &files[middle]);
    fs::rename(one, &aside).unwrap();
    fs::rename(other, one).unwrap();
    fs::rename(&aside, other).unwrap();
    assert_eq!(verify(audited, log).0, 0);

    // The end of all is cut off: who noted the last line down elsewhere is told.
    let (_, told) = verify(audited, log);
    let noted =
        format!("{}:{}", told["verified"]["last"], told["verified"]["head"].as_str().unwrap());
    let last = files.last().unwrap();
    let whole = lines_of(last);
    fs::write(last, whole[..whole.len() - 2].join("\n") + "\n").unwrap();
    let output = audit(&["verify", "--format", "json", "--expect", &noted], &[log]);
    assert_eq!(output.status.code(), Some(13));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = told["verified"]["found"].as_array().unwrap();
    assert!(found.iter().any(|it| it["what"] == "anchor_missing"), "{told:#}");
}
