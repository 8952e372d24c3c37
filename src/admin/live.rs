//! What the page shows as it happens: counts by way and outcome, a sample of decisions, health.
//!
//! Server-sent events (WHATWG HTML §9.2), one a second. The first one brings what there was before it: the
//! counts of the last minute and the sample so far. What all watchers see is made once for all of them,
//! from counters that are there anyway; nothing on the way of an exchange knows of a watcher.

use std::{
    collections::VecDeque,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    reply::{self, Reply},
    server::Operators,
};
use crate::telemetry::{Flow, Pulse};

const TICK: Duration = Duration::from_secs(1);
/// Records in one event: ten a second of each outcome, and ten that may come at once.
const RECORDS_MAX: usize = 60;
/// Records of the first event.
const RECORDS_BEFORE_MAX: usize = 200;
/// Between the numbers that are kept, and how many make a minute with both its ends.
const STEP: Duration = Duration::from_secs(5);
const STEPS_MAX: usize = 13;

/// The last numbers, for all watchers.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Mutex<Option<(Instant, Arc<str>)>>,
    /// Those of the last minute, the oldest first, for whoever begins to watch.
    minute: Mutex<VecDeque<Arc<str>>>,
}

/// Keeps the numbers of the last minute, from the start on.
pub(super) async fn keep_a_minute(operators: Arc<Operators>) {
    let mut steps = tokio::time::interval(STEP);
    steps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        steps.tick().await;
        let now = numbers(&operators);
        let mut minute = operators.pace.minute.lock();
        minute.push_back(now);
        if minute.len() > STEPS_MAX {
            minute.pop_front();
        }
    }
}

#[derive(Serialize)]
struct Numbers {
    time: jiff::Timestamp,
    flows: Vec<Flow>,
    pulse: Pulse,
    health: Value,
}

pub(super) fn stream(operators: Arc<Operators>) -> Reply {
    let (parts, written) = tokio::sync::mpsc::channel(2);
    tokio::spawn(async move {
        let mut seen = None;
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let event = event(&operators, &mut seen);
            // Whoever watched has gone.
            if parts.send(io::Result::Ok(event)).await.is_err() {
                return;
            }
        }
    });
    reply::written("text/event-stream", written)
}

/// `seen` is the number of the last record sent; `None` before the first event.
fn event(operators: &Operators, seen: &mut Option<u64>) -> Bytes {
    let count_max = if seen.is_some() { RECORDS_MAX } else { RECORDS_BEFORE_MAX };
    let (last, records) = operators.context.audit.feed().since(seen.unwrap_or(0), count_max);
    let mut text = String::from("event: tick\ndata: {\"numbers\":");
    text.push_str(&numbers(operators));
    if seen.replace(last).is_none() {
        let minute = operators.pace.minute.lock();
        list(&mut text, "before", minute.iter());
    }
    list(&mut text, "records", records.iter());
    text.push_str("}\n\n");
    text.into()
}

/// A member with a list of what is JSON already.
fn list<'a>(text: &mut String, name: &str, items: impl Iterator<Item = &'a Arc<str>>) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":[");
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(item);
    }
    text.push(']');
}

/// At most two a second, however many watch.
fn numbers(operators: &Operators) -> Arc<str> {
    let mut last = operators.pace.last.lock();
    if let Some((made, text)) = &*last
        && made.elapsed() < TICK / 2
    {
        return Arc::clone(text);
    }
    let context = &operators.context;
    let status = context.reloads.status();
    let health = serde_json::json!({
        "state": context.readiness.state(),
        "generation": status.generation, "stale": status.stale, "loaded_at": status.loaded_at,
        "routes": status.routes.as_ref().map(|routes| {
            serde_json::json!({ "generation": routes.generation, "stale": routes.stale })
        }),
        "audit": context.audit.health(),
        "facts": context.facts.as_ref().map(|facts| facts.store.health()),
        "geoip": status.geoip,
        "data_centres": operators.data_centres(),
    });
    let numbers = Numbers {
        time: jiff::Timestamp::now(),
        flows: context.metrics.flows(),
        pulse: context.metrics.pulse(),
        health,
    };
    let text: Arc<str> = serde_json::to_string(&numbers).unwrap_or_else(|_| "null".into()).into();
    *last = Some((Instant::now(), Arc::clone(&text)));
    text
}

/// The sample so far.
pub(super) fn recent(operators: &Operators) -> Reply {
    let (_, records) = operators.context.audit.feed().since(0, RECORDS_BEFORE_MAX);
    let records: Vec<Box<RawValue>> = records
        .iter()
        .filter_map(|record| RawValue::from_string(record.to_string()).ok())
        .collect();
    reply::json(http::StatusCode::OK, &serde_json::json!({ "records": records }))
}
