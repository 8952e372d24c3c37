use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
};

use super::{
    queue::{Commit, cut},
    *,
};
use crate::{
    audit::record::tests::record,
    telemetry::{Exposition, Metrics},
};

fn sink(settings: AuditSettings) -> (AuditSink, Metrics) {
    let metrics = Metrics::new().unwrap();
    let sink = AuditSink::open(settings, metrics.audit()).unwrap();
    (sink, metrics)
}

fn to(path: &Path) -> AuditSettings {
    AuditSettings { target: AuditTarget::File(path.to_owned()), ..AuditSettings::default() }
}

fn generations(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .filter(|line| !line.starts_with("{\"audit\":"))
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["generation"].as_u64().unwrap()
        })
        .collect()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
        thread::yield_now();
    }
}

#[test]
fn every_record_of_every_thread_is_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let (sink, metrics) = sink(to(&path));
    thread::scope(|scope| {
        for thread in 0..4 {
            let sink = &sink;
            scope.spawn(move || {
                (0..500).for_each(|number| sink.record(&record(thread * 500 + number)))
            });
        }
    });
    sink.close();
    assert_eq!(sink.close(), 0);
    let mut found = generations(&path);
    // Those of one thread are in order; the threads interleave.
    assert!(found.iter().filter(|number| **number < 500).is_sorted());
    found.sort_unstable();
    assert_eq!(found, (0..2_000).collect::<Vec<_>>());
    assert!(metrics.render(Exposition::default()).contains("bordergate_audit_written_total 2000"));
    sink.record(&record(9_999));
    assert_eq!(sink.health().dropped, 1, "a record after the end is counted as lost");
}

#[tokio::test]
async fn a_commit_returns_when_the_line_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    for sync in [SyncPolicy::AtShutdown, SyncPolicy::EveryWrite, SyncPolicy::Every(Duration::ZERO)]
    {
        let _ = fs::remove_file(&path);
        let (sink, _) = sink(AuditSettings { required: true, sync, ..to(&path) });
        for number in 0..20 {
            sink.commit(&record(number)).await.unwrap();
            assert_eq!(generations(&path).last(), Some(&number));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_together_are_written_together() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let (sink, _) = sink(AuditSettings {
        required: true,
        commit_time_max: Duration::from_secs(10),
        // Room for a few at a time: the others wait for it.
        queue_bytes_max: 4_000,
        ..to(&path)
    });
    let sink = Arc::new(sink);
    let tasks: Vec<_> = (0..200)
        .map(|task| {
            let sink = Arc::clone(&sink);
            tokio::spawn(async move {
                for number in 0..5 {
                    sink.commit(&record(task * 5 + number)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut found = generations(&path);
    found.sort_unstable();
    assert_eq!(found, (0..1_000).collect::<Vec<_>>());
}

#[test]
fn a_rotated_file_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let (sink, _) = sink(to(&path));
    sink.record(&record(1));
    until("the first record is written", || generations(&path) == [1]);
    let rotated = directory.path().join("audit.jsonl.1");
    fs::rename(&path, &rotated).unwrap();
    // The next look at the name, at most a second later, finds it gone.
    until("the file is made again", || path.exists());
    sink.record(&record(2));
    until("the second record is in the new file", || generations(&path) == [2]);
    fs::rename(&path, directory.path().join("audit.jsonl.2")).unwrap();
    sink.reopen();
    until("asked, it does not wait for the next look", || path.exists());
    sink.record(&record(3));
    sink.close();
    assert_eq!(generations(&path), [3]);
    assert_eq!(generations(&rotated), [1]);
}

#[test]
fn a_full_disk_costs_records_only_when_the_queue_is_full_too() {
    let line = with_line(|line| record(1).write(line), <[u8]>::len);
    let (sink, metrics) =
        sink(AuditSettings { queue_bytes_max: line * 10, ..to("/dev/full".as_ref()) });
    for _ in 0..25 {
        sink.record(&record(1));
    }
    until("the failure is seen", || sink.health().failing);
    let health = sink.health();
    assert_eq!((health.written, health.dropped), (0, 15));
    assert!(health.last_error.unwrap().contains("No space left"), "the operator is told why");
    assert!(
        metrics
            .render(Exposition::default())
            .contains("bordergate_audit_errors_total{kind=\"no_space\"}")
    );
    assert!(!sink.is_refusing(), "who needs no record is not kept from a transfer");
    assert_eq!(sink.close(), 25, "the audit says nothing of any of them");
    assert_eq!(sink.health().dropped, 25, "what is lost at the end is counted as well");
}

#[tokio::test]
async fn a_full_disk_refuses_whoever_needs_a_record() {
    let (sink, _) = sink(AuditSettings { required: true, ..to("/dev/full".as_ref()) });
    for _ in 0..3 {
        let error = sink.commit(&record(1)).await.unwrap_err();
        assert!(matches!(error, AuditError::Write(_)), "{error}");
        assert!(sink.health().failing);
    }
    // A record nobody waits for stays to be tried again, and meanwhile nobody is kept waiting.
    sink.record(&record(2));
    let retrying = || sink.running.as_ref().unwrap().queue.retrying.load(Ordering::Acquire);
    until("the line waits to be tried again", retrying);
    assert!(sink.is_refusing());
    let begin = Instant::now();
    assert_eq!(sink.commit(&record(3)).await, Err(AuditError::Failing));
    assert!(begin.elapsed() < Duration::from_millis(200));
    assert_eq!(sink.health().written, 0);
}

#[tokio::test]
async fn no_transfer_goes_on_whose_record_nobody_would_find() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("audit");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("audit.jsonl");
    let (sink, _) = sink(AuditSettings { required: true, ..to(&path) });
    assert_eq!(sink.commit(&record(1)).await, Ok(()));
    fs::remove_dir_all(&folder).unwrap();
    for _ in 0..2 {
        let error = sink.commit(&record(2)).await.unwrap_err();
        assert!(matches!(error, AuditError::Write(_)), "{error}");
        assert!(sink.health().failing);
    }
    fs::create_dir(&folder).unwrap();
    assert_eq!(sink.commit(&record(3)).await, Ok(()));
    assert_eq!(generations(&path), [3]);
    assert!(!sink.health().failing);
}

/// A pipe that nobody reads stands for a sink that does not keep up.
fn pipe(directory: &Path) -> (std::path::PathBuf, fs::File) {
    let path = directory.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let reader = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    (path, reader)
}

#[tokio::test]
async fn a_slow_sink_makes_a_commit_wait_and_then_fail() {
    let directory = tempfile::tempdir().unwrap();
    let (path, mut reader) = pipe(directory.path());
    // Fill the pipe: a writer of our own that does not block tells when it is full.
    let mut filler = {
        use std::os::unix::fs::OpenOptionsExt as _;
        const O_NONBLOCK: i32 = 0o4000;
        fs::OpenOptions::new().write(true).custom_flags(O_NONBLOCK).open(&path).unwrap()
    };
    let mut filled = 0;
    while let Ok(count) = filler.write(&[b'\n'; 4096]) {
        filled += count;
    }
    let (sink, metrics) = sink(AuditSettings {
        required: true,
        commit_time_max: Duration::from_millis(50),
        queue_bytes_max: 4_000,
        ..to(&path)
    });
    assert_eq!(sink.commit(&record(1)).await, Err(AuditError::Timeout));
    // Those that wait in the queue behind it are given up too, and are not written later.
    assert_eq!(sink.commit(&record(2)).await, Err(AuditError::Timeout));
    for _ in 0..100 {
        sink.record(&record(3));
    }
    assert!(sink.health().dropped > 80, "{:?}", sink.health());
    let mut taken = vec![0; filled];
    reader.read_exact(&mut taken).unwrap();
    until("what was queued is written", || sink.health().queued_bytes == 0);
    assert_eq!(sink.commit(&record(4)).await, Ok(()));
    let health = sink.health();
    assert_eq!(health.written + health.dropped, 102, "1 to 4 without the one given up: {health:?}");
    assert!(!metrics.render(Exposition::default()).contains("bordergate_audit_written_total 0"));
}

#[test]
fn a_line_that_an_earlier_process_left_unfinished_stays_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    fs::write(&path, "one\ntw").unwrap();
    let (mut output, tail) = Output::file(&path).unwrap();
    assert_eq!((tail.torn_bytes, tail.head), (2, chain::Head::default()));
    let (written, result) = output.write(b"three\n");
    assert_eq!((written, result.is_ok()), (6, true));
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntw\nthree\n");
    let taken = Output::file(&path).unwrap_err();
    assert!(taken.to_string().contains("another process"), "{taken}");
    drop(output);
    let (mut output, _) = Output::file(&path).unwrap();
    assert!(output.write(b"four\n").1.is_ok() && !output.was_moved());
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntw\nthree\nfour\n");
}

#[test]
fn records_that_go_nowhere_cost_nothing_and_cannot_be_required() {
    let (sink, _) = sink(AuditSettings::default());
    assert!(sink.takes(Effect::Redact), "whoever watches sees a sample");
    while sink.takes(Effect::Redact) {
        sink.record(&record(1));
    }
    assert!(sink.takes(Effect::Block));
    assert!((10..99).contains(&sink.feed().since(0, 99).1.len()));
    sink.close();
    assert_eq!(sink.health().dropped, 0);
    let metrics = Metrics::new().unwrap();
    let settings = AuditSettings { required: true, ..AuditSettings::default() };
    assert_eq!(
        AuditSink::open(settings, metrics.audit()).unwrap_err(),
        AuditError::RequiredButNone
    );
    let settings = to("/nonexistent/audit.jsonl".as_ref());
    let error = AuditSink::open(settings, metrics.audit()).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/audit.jsonl"), "{error}");
}

#[test]
fn cutting_keeps_the_other_lines_and_their_places() {
    let commit = |start, end| Commit { start, end, written: oneshot::channel().0 };
    let mut lines = b"aa\nbbb\nc\ndd\n".to_vec();
    let mut commits = vec![commit(0, 3), commit(3, 7), commit(9, 12)];
    let (bytes, out) = cut(&mut lines, &mut commits, |commit| commit.start == 3);
    assert_eq!((bytes, out.len(), &*lines), (4, 1, &b"aa\nc\ndd\n"[..]));
    let places: Vec<_> = commits.iter().map(|commit| (commit.start, commit.end)).collect();
    assert_eq!(places, [(0, 3), (5, 8)]);
}

#[test]
fn a_file_that_is_long_enough_is_put_aside_and_the_chain_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let rotate = RotateSettings { bytes_max: Some(4_000), age_max: None };
    let (sink, metrics) = sink(AuditSettings { rotate: Some(rotate), ..to(&path) });
    for number in 0..30 {
        sink.record(&record(number));
        until("it is written", || sink.health().written == number + 1);
    }
    sink.close();
    let mut files: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 4, "{files:?}");
    let found: Vec<u64> = files.iter().flat_map(|file| generations(file)).collect();
    assert_eq!(found, (0..30).collect::<Vec<_>>(), "in the order of names");
    let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut last = chain::Head::default();
    for line in text.lines() {
        let link = chain::Link::read(line.as_bytes()).unwrap();
        assert!(link.is_whole && link.seq == last.seq + 1 && link.prev == last.hash, "{line}");
        last = chain::Head { seq: link.seq, hash: link.hash };
    }
    // The number a file is named by is that of its last line.
    let first = fs::read_to_string(&files[0]).unwrap();
    let link = chain::Link::read(first.trim_end().rsplit('\n').next().unwrap().as_bytes()).unwrap();
    assert!(files[0].to_string_lossy().ends_with(&format!("audit.{:012}.jsonl", link.seq)));
    let rotations = format!("bordergate_audit_rotations_total {}", files.len() - 1);
    assert!(metrics.render(Exposition::default()).contains(&rotations), "{rotations}");

    // Killed when the last file was put aside and no other begun: the next process goes on all the same.
    fs::rename(&path, directory.path().join(format!("audit.{:012}.jsonl", last.seq))).unwrap();
    let (sink, _) = self::sink(to(&path));
    sink.record(&record(30));
    sink.close();
    let text = fs::read_to_string(&path).unwrap();
    let link = chain::Link::read(text.lines().next().unwrap().as_bytes()).unwrap();
    assert!(link.seq == last.seq + 1 && link.prev == last.hash, "{text}");
}

#[test]
fn an_end_with_something_unwritten_is_told_by_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let run = || {
        let (sink, _) = sink(to(&path));
        sink.record(&record(1));
        assert_eq!(sink.close(), 0);
        let text = fs::read_to_string(&path).unwrap();
        let opened = text.lines().rfind(|line| line.starts_with(r#"{"audit":"opened""#)).unwrap();
        let is_closed = text.lines().next_back().unwrap().starts_with(r#"{"audit":"closed""#);
        (opened.contains(r#""unclosed":true"#), is_closed, text)
    };
    let (told, is_closed, _) = run();
    assert!(!told && is_closed, "nothing was before");
    let (told, is_closed, text) = run();
    assert!(!told && is_closed, "{text}");
    // The process ends in the middle, or has no room for its last lines.
    let (rest, _) = text.trim_end().rsplit_once('\n').unwrap();
    fs::write(&path, format!("{rest}\n")).unwrap();
    let (told, _, text) = run();
    assert!(told, "{text}");
    let (told, _, text) = run();
    assert!(!told, "{text}");
}

#[test]
fn what_was_lost_is_said_in_the_audit_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let (sink, _) = sink(AuditSettings { queue_bytes_max: 1, ..to(&path) });
    // The queue takes one line at a time; what comes while it is there is lost.
    while sink.health().dropped < 5 {
        sink.record(&record(1));
    }
    let told = || -> u64 {
        let text = fs::read_to_string(&path).unwrap();
        let lost = text.lines().filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            (line["audit"] == "lost").then(|| line["records"].as_u64().unwrap())
        });
        lost.sum()
    };
    until("the loss is written down", || told() == sink.health().dropped);
}
