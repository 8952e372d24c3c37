//! Log lines on their way to standard error: written by a thread of their own, and never waited for.
//!
//! Whoever reads the log may stop reading, be gone, or have no room left. A line that finds no room in the queue, or
//! cannot be written, is dropped and counted; exchanges go on.

use std::{
    io::{self, Write},
    sync::{
        LazyLock,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use prometheus::IntCounter;
use tracing_subscriber::fmt::MakeWriter;

use super::catalogue::LOG_DROPPED;

/// Lines that may wait: a burst of some hundred kilobytes.
const LINES_MAX: usize = 2048;

/// Lines that nobody was told.
pub(super) static DROPPED: LazyLock<IntCounter> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the name is a constant")]
    IntCounter::new(LOG_DROPPED.name, LOG_DROPPED.help).expect("a name as Prometheus has them")
});

enum Message {
    Line(Vec<u8>),
    /// Whatever came before is written: say so.
    Flush(SyncSender<()>),
}

/// Where log lines are handed over. Cheap to copy.
#[derive(Clone)]
pub(super) struct LogQueue {
    messages: SyncSender<Message>,
}

impl LogQueue {
    /// A queue whose lines `out` is given, by a thread of its own for as long as the process lives.
    ///
    /// # Errors
    /// No thread could be started.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (messages, waiting) = sync_channel(LINES_MAX);
        thread::Builder::new().name("log".to_owned()).spawn(move || write(&waiting, out))?;
        Ok(Self { messages })
    }

    /// Waits for what was handed over to be written, but no longer than that.
    fn flush(&self, patience: Duration) {
        const PAUSE: Duration = Duration::from_millis(5);
        let until = Instant::now() + patience;
        let (written, is_written) = sync_channel(1);
        let mut message = Message::Flush(written);
        loop {
            message = match self.messages.try_send(message) {
                Err(TrySendError::Full(message)) if Instant::now() < until => message,
                Err(_) => return,
                Ok(()) => break,
            };
            thread::sleep(PAUSE);
        }
        // Nobody answers where lines are not taken; the end does not wait for it.
        let _ = is_written.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

fn write(waiting: &Receiver<Message>, mut out: impl Write) {
    for message in waiting {
        match message {
            Message::Line(line) => {
                if out.write_all(&line).is_err() {
                    DROPPED.inc();
                }
            }
            Message::Flush(written) => {
                let _ = written.try_send(());
            }
        }
    }
}

impl<'w> MakeWriter<'w> for LogQueue {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Write for LogQueue {
    /// Takes one line; the subscriber writes each as a whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.messages.try_send(Message::Line(line.to_vec())).is_err() {
            DROPPED.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sees to it that the last lines are written before the process ends, where somebody takes them.
#[must_use = "the last lines are lost without it"]
pub(crate) struct LogGuard(pub(super) LogQueue);

impl std::fmt::Debug for LogGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogGuard").finish_non_exhaustive()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        self.0.flush(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::{Condvar, Mutex};

    use super::*;

    /// Takes nothing until it is opened.
    #[derive(Clone, Default)]
    struct Gate(Arc<Behind>);

    #[derive(Default)]
    struct Behind {
        taken: Mutex<Taken>,
        opened: Condvar,
    }

    #[derive(Default)]
    struct Taken {
        is_open: bool,
        bytes: Vec<u8>,
    }

    impl Gate {
        fn open(&self) {
            self.0.taken.lock().is_open = true;
            self.0.opened.notify_all();
        }

        fn taken(&self) -> String {
            String::from_utf8(self.0.taken.lock().bytes.clone()).unwrap()
        }
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let Behind { taken, opened } = &*self.0;
            let mut taken = taken.lock();
            opened.wait_while(&mut taken, |it| !it.is_open);
            taken.bytes.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_logs_waits_for_nobody() {
        let gate = Gate::default();
        let mut queue = LogQueue::start(gate.clone()).unwrap();
        let before = DROPPED.get();
        let lines = LINES_MAX + 100;
        for number in 0..lines {
            queue.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        // One more than the queue holds may be in the writer's hand.
        let dropped = DROPPED.get() - before;
        assert!((99..=100).contains(&dropped), "{dropped}");
        gate.open();
        drop(LogGuard(queue));
        let taken = gate.taken();
        assert!(taken.starts_with("0\n1\n2\n"), "in order");
        assert_eq!(taken.lines().count() as u64 + dropped, lines as u64);
    }

    #[test]
    fn a_log_that_is_gone_is_no_end() {
        let mut queue = LogQueue::start(Gone).unwrap();
        let before = DROPPED.get();
        queue.write_all(b"a line\n").unwrap();
        queue.flush(Duration::from_secs(10));
        assert!(DROPPED.get() > before);
    }
}
