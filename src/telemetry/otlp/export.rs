//! The thread that sends.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use prost::Message as _;
use tokio::{runtime::Runtime, sync::watch};

use super::{Describe, ExchangeTrace, Item, OtlpMetrics, OtlpSettings, Signal, encode};
use crate::client::Client;

/// Sent together, at most; a collector takes four megabytes by default.
const BATCH_MAX: usize = 512;
/// Kept while the collector does not answer; then the oldest go.
const WAITING_MAX: usize = 8 * BATCH_MAX;
/// Between two tries, doubled up to the second.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
pub(super) struct Exporter {
    client: Client,
    runtime: Runtime,
    metrics: OtlpMetrics,
    interval: Duration,
    endpoint: String,
    describe: Describe,
    /// Until when the rest may be sent, once the gateway ends.
    ending: watch::Receiver<Option<Instant>>,
    traces: Waiting<ExchangeTrace>,
    logs: Waiting<Vec<u8>>,
}

/// What waits, and when it is tried again.
struct Waiting<T> {
    signal: Signal,
    items: Vec<T>,
    again: Option<(Instant, Duration)>,
    complained: bool,
}

/// What became of a message.
enum Sent {
    Taken,
    /// Nobody there, or nobody who has time.
    Later(String),
    Never(String),
}

impl<T> Waiting<T> {
    fn new(signal: Signal) -> Self {
        Self { signal, items: Vec::new(), again: None, complained: false }
    }

    fn push(&mut self, item: T, metrics: &OtlpMetrics) {
        if self.items.len() >= WAITING_MAX {
            self.items.drain(..BATCH_MAX);
            metrics.dropped(self.signal, BATCH_MAX as u64);
        }
        self.items.push(item);
    }

    fn is_ready(&self) -> bool {
        !self.items.is_empty() && self.again.is_none_or(|(at, _)| Instant::now() >= at)
    }
}

impl Exporter {
    pub(super) fn new(
        settings: &OtlpSettings,
        client: Client,
        runtime: Runtime,
        metrics: OtlpMetrics,
        ending: watch::Receiver<Option<Instant>>,
        describe: Describe,
    ) -> Self {
        Self {
            client,
            runtime,
            metrics,
            ending,
            describe,
            interval: settings.interval,
            endpoint: settings.endpoint.trim_end_matches('/').to_owned(),
            traces: Waiting::new(Signal::Traces),
            logs: Waiting::new(Signal::Logs),
        }
    }

    pub(super) fn run(mut self, items: &Receiver<Item>) {
        let mut due = Instant::now() + self.interval;
        while self.ending.borrow().is_none() {
            let is_full =
                self.traces.items.len() >= BATCH_MAX || self.logs.items.len() >= BATCH_MAX;
            if is_full || Instant::now() >= due {
                self.flush();
                due = Instant::now() + self.interval;
            }
            match items.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(item) => self.take(item),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        items.try_iter().for_each(|item| self.take(item));
        let by = self.ending.borrow().unwrap_or_else(Instant::now);
        (self.traces.again, self.logs.again) = (None, None);
        while Instant::now() < by && (self.traces.is_ready() || self.logs.is_ready()) {
            self.flush();
        }
        self.metrics.dropped(Signal::Traces, self.traces.items.len() as u64);
        self.metrics.dropped(Signal::Logs, self.logs.items.len() as u64);
        // A name that is being looked up is not waited for.
        self.runtime.shutdown_background();
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Trace(trace) => self.traces.push(*trace, &self.metrics),
            Item::Lines(lines) => {
                for line in lines.bytes.split(|byte| *byte == b'\n').filter(|it| !it.is_empty()) {
                    self.logs.push(line.to_vec(), &self.metrics);
                }
            }
            Item::Wake => {}
        }
    }

    fn flush(&mut self) {
        let Self { client, runtime, metrics, endpoint, describe, ending, traces, logs, .. } = self;
        let post = |path: &str, message: Vec<u8>| {
            let url = format!("{endpoint}{path}");
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    sent = post(client, &url, message) => sent,
                    () = out_of_time(ending.clone()) => Sent::Later("it has no more time".to_owned()),
                }
            })
        };
        flush(traces, metrics, |batch| post("/v1/traces", encode::traces(batch).encode_to_vec()));
        let lines = |batch: &[Vec<u8>]| encode::logs(batch, *describe).encode_to_vec();
        flush(logs, metrics, |batch| post("/v1/logs", lines(batch)));
    }
}

/// Returns when the time is up in which the rest may be sent.
async fn out_of_time(mut ending: watch::Receiver<Option<Instant>>) {
    let by = ending.wait_for(Option::is_some).await.ok().and_then(|by| *by);
    if let Some(by) = by {
        tokio::time::sleep_until(by.into()).await;
    }
}

/// Sends batch after batch until nothing is left or nobody takes it.
fn flush<T>(waiting: &mut Waiting<T>, metrics: &OtlpMetrics, mut post: impl FnMut(&[T]) -> Sent) {
    while waiting.is_ready() {
        let batch = waiting.items.get(..BATCH_MAX).unwrap_or(&waiting.items);
        let count = batch.len();
        match post(batch) {
            Sent::Taken => {
                metrics.sent(waiting.signal, count as u64);
                (waiting.again, waiting.complained) = (None, false);
            }
            Sent::Later(reason) => {
                let after = waiting.again.map_or(AGAIN[0], |(_, after)| (after * 2).min(AGAIN[1]));
                waiting.again = Some((Instant::now() + after, after));
                complain(waiting, &reason);
                return;
            }
            Sent::Never(reason) => {
                metrics.dropped(waiting.signal, count as u64);
                complain(waiting, &reason);
            }
        }
        waiting.items.drain(..count);
    }
}

/// Once, until something is taken again.
fn complain<T>(waiting: &mut Waiting<T>, reason: &str) {
    if !std::mem::replace(&mut waiting.complained, true) {
        tracing::warn!(signal = waiting.signal.as_str(), reason, "the collector takes nothing");
    }
}

async fn post(client: &Client, url: &str, message: Vec<u8>) -> Sent {
    let request = Request::post(url)
        .header(header::CONTENT_TYPE, "application/x-protobuf")
        .body(Full::from(Bytes::from(message)));
    let request = match request {
        Ok(request) => request,
        Err(error) => return Sent::Never(error.to_string()),
    };
    match client.call(request).await {
        Ok(answer) if answer.status().is_success() => Sent::Taken,
        // Those the protocol says to come again after.
        Ok(answer) => match answer.status() {
            status @ (StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT) => Sent::Later(format!("it answered {status}")),
            status => Sent::Never(format!("it answered {status}")),
        },
        Err(error) => Sent::Later(format!("it {error}")),
    }
}
