//! Traces and audit records to a collector, by OTLP over HTTP (OpenTelemetry Protocol 1.x, binary protobuf).
//!
//! Off unless configured; then an exchange that is sampled leaves one small struct in a bounded queue when it
//! is over, and the audit's writer a copy of the lines it has written. A thread of its own makes messages of
//! them and sends them. What finds no room, or no collector for too long, is dropped and counted: nobody
//! waits for telemetry, and the audit itself is the file. Attributes are names that a record may hold, so no
//! value can be among them.

mod encode;
mod export;
mod metrics;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc::{self, SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::TraceContext;
use crate::client::{Client, ClientError, ClientSettings};

pub use metrics::OtlpMetrics;
use metrics::Signal;

/// Where to, and how much.
#[derive(Debug, Clone)]
pub struct OtlpSettings {
    /// Without the paths `/v1/traces` and `/v1/logs`.
    pub endpoint: String,
    pub traces: bool,
    pub logs: bool,
    /// How many of a hundred exchanges are traced whose trace begins here; whoever began a trace elsewhere
    /// decided already.
    pub sample_percent: u8,
    /// The longest anything waits to be sent.
    pub interval: Duration,
    pub client: ClientSettings,
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    #[error("cannot set up `telemetry.otlp`: {0}")]
    Client(#[from] ClientError),
    #[error("cannot start the sender of telemetry: {0}")]
    Thread(#[from] io::Error),
}

/// Takes what is to be sent. Dropping it sends the rest, within a few seconds.
#[derive(Debug)]
pub struct Otlp {
    queue: SyncSender<Item>,
    /// Until when the rest may be sent, once the gateway ends.
    ending: watch::Sender<Option<Instant>>,
    lines_waiting: Arc<AtomicUsize>,
    metrics: OtlpMetrics,
    traces: bool,
    logs: bool,
    /// Traces whose lowest 32 bits are below begin here sampled.
    sampled_below: u64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What waits to be sent.
#[derive(Debug)]
enum Item {
    Trace(Box<ExchangeTrace>),
    Lines(Lines),
    /// Nothing but a reason to look up.
    Wake,
}

/// Whole lines of the audit.
#[derive(Debug)]
struct Lines {
    bytes: Vec<u8>,
    /// Bytes of all that wait, these among them.
    waiting: Arc<AtomicUsize>,
}

impl Lines {
    /// `None` where those that wait are too many already.
    fn new(bytes: &[u8], waiting: &Arc<AtomicUsize>) -> Option<Self> {
        let before = waiting.fetch_add(bytes.len(), Relaxed);
        let lines = Self { bytes: bytes.to_vec(), waiting: Arc::clone(waiting) };
        (before < LINES_BYTES_MAX).then_some(lines)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes.len(), Relaxed);
    }
}

/// Steps of an exchange, from its beginning.
#[derive(Debug, Clone, Copy, Default)]
pub struct Steps {
    /// When the body was there and its inspection began.
    pub inspection_began: Option<Duration>,
    pub inspection: Duration,
    /// When the first byte could leave; what lies between is the record that had to be written first.
    pub sent: Option<Duration>,
    pub total: Duration,
}

/// One exchange as a trace tells it.
#[derive(Debug)]
pub struct ExchangeTrace {
    pub(crate) context: TraceContext,
    pub(crate) began: jiff::Timestamp,
    pub(crate) steps: Steps,
    pub(crate) names: Vec<(&'static str, String)>,
    pub(crate) numbers: Vec<(&'static str, i64)>,
    pub(crate) error: Option<&'static str>,
}

/// What a collector is to know of a line without reading it.
#[derive(Debug)]
pub struct Described<'l> {
    pub(crate) event: &'static str,
    pub(crate) is_warning: bool,
    pub(crate) time: Option<jiff::Timestamp>,
    pub(crate) trace_id: Option<&'l str>,
    pub(crate) names: [(&'static str, Option<&'l str>); 7],
    pub(crate) number: (&'static str, Option<i64>),
}

/// Reads a line of the audit, whose format is not known here; `None` where it is none.
pub type Describe = for<'l> fn(&'l [u8]) -> Option<Described<'l>>;

/// Items that may wait. A trace is about half a kilobyte, a batch of lines what the audit writes at once.
const ITEMS_MAX: usize = 4_096;
/// For what is left when the gateway ends, however long a collector takes.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(3);
/// Bytes of lines that may wait.
const LINES_BYTES_MAX: usize = 32 << 20;

impl Otlp {
    /// Sends from here on, on a thread of its own. Fails when there is no client to send with, or no thread.
    pub fn start(
        settings: &OtlpSettings,
        metrics: OtlpMetrics,
        describe: Describe,
    ) -> Result<Self, OtlpError> {
        let client = Client::new(&settings.client)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (queue, items) = mpsc::sync_channel(ITEMS_MAX);
        let (ending, ends) = watch::channel(None);
        let counts = metrics.clone();
        let exporter = export::Exporter::new(settings, client, runtime, counts, ends, describe);
        let thread =
            thread::Builder::new().name("otlp".to_owned()).spawn(move || exporter.run(&items))?;
        Ok(Self {
            queue,
            ending,
            lines_waiting: Arc::default(),
            metrics,
            traces: settings.traces,
            logs: settings.logs,
            sampled_below: (u64::from(settings.sample_percent.min(100)) << 32) / 100,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Continues the trace of a received header, or begins one, and says whether it is sampled.
    pub(crate) fn receive(&self, header: Option<&[u8]>) -> TraceContext {
        let mut context = TraceContext::receive(header);
        if context.remote_parent.is_none() && self.traces {
            let low = u128::from_be_bytes(context.trace_id.0) & 0xffff_ffff;
            context.sampled = low < u128::from(self.sampled_below);
        }
        context
    }

    pub fn wants(&self, context: &TraceContext) -> bool {
        self.traces && context.sampled
    }

    /// Sends the trace of an exchange that is over.
    pub fn exchange(&self, trace: ExchangeTrace) {
        self.send(Signal::Traces, 1, Item::Trace(Box::new(trace)));
    }

    /// Whole lines of the audit that were written.
    pub(crate) fn lines(&self, lines: &[u8]) {
        if self.logs && !lines.is_empty() {
            let count = lines.iter().filter(|byte| **byte == b'\n').count() as u64;
            match Lines::new(lines, &self.lines_waiting) {
                Some(lines) => self.send(Signal::Logs, count, Item::Lines(lines)),
                None => self.metrics.dropped(Signal::Logs, count),
            }
        }
    }

    fn send(&self, signal: Signal, count: u64, item: Item) {
        match self.queue.try_send(item) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.metrics.dropped(signal, count);
            }
        }
    }

    /// Sends the rest, in so much time as there is for that, and ends.
    pub fn close(&self) {
        let Some(thread) = self.thread.lock().take() else { return };
        self.ending.send_replace(Some(Instant::now() + CLOSE_TIME_MAX));
        // Where there is no room it does not wait for items.
        let _ = self.queue.try_send(Item::Wake);
        if thread.join().is_err() {
            tracing::error!("the sender of telemetry ended badly");
        }
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_wait_are_bounded_by_bytes_and_make_room_when_they_are_taken() {
        let waiting = Arc::default();
        let half = vec![b'x'; LINES_BYTES_MAX / 2];
        let mut held: Vec<_> = (0..2).filter_map(|_| Lines::new(&half, &waiting)).collect();
        assert_eq!(held.len(), 2);
        assert!(Lines::new(b"one more", &waiting).is_none());
        held.pop();
        assert!(Lines::new(b"one more", &waiting).is_some());
        held.clear();
        assert_eq!(waiting.load(Relaxed), 0);
    }
}
