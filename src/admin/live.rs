//! What the page shows as it happens: counts by way and outcome, a sample of decisions, health.
//!
//! Server-sent events (WHATWG HTML §9.2), one a second. What all watchers see is made once for all of
//! them, from counters that are there anyway; nothing on the way of an exchange knows of a watcher.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    reply::{self, Reply},
    server::Operators,
};
use crate::telemetry::{Flow, Pulse};

const TICK: Duration = Duration::from_secs(1);
/// Records in one event; a watcher reads no faster.
const RECORDS_MAX: usize = 30;

/// The last numbers, for all watchers.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<(Instant, Arc<str>)>>);

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
        let mut seen = 0;
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

fn event(operators: &Operators, seen: &mut u64) -> Bytes {
    let (last, records) = operators.plane.audit.feed().since(*seen, RECORDS_MAX);
    *seen = last;
    let mut text = String::from("event: tick\ndata: {\"numbers\":");
    text.push_str(&numbers(operators));
    text.push_str(",\"records\":[");
    for (at, record) in records.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(record);
    }
    text.push_str("]}\n\n");
    text.into()
}

/// At most two a second, however many watch.
fn numbers(operators: &Operators) -> Arc<str> {
    let mut last = operators.pace.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((made, text)) = &*last
        && made.elapsed() < TICK / 2
    {
        return Arc::clone(text);
    }
    let plane = &operators.plane;
    let status = plane.reloads.status();
    let health = serde_json::json!({
        "state": plane.readiness.state(),
        "generation": status.generation, "stale": status.stale, "loaded_at": status.loaded_at,
        "routes": status.routes.as_ref().map(|routes| {
            serde_json::json!({ "generation": routes.generation, "stale": routes.stale })
        }),
        "audit": plane.audit.health(),
        "facts": plane.facts.as_ref().map(|facts| facts.store.health()),
        "geoip": status.geoip,
    });
    let numbers = Numbers {
        time: jiff::Timestamp::now(),
        flows: plane.metrics.flows(),
        pulse: plane.metrics.pulse(),
        health,
    };
    let text: Arc<str> = serde_json::to_string(&numbers).unwrap_or_else(|_| "null".into()).into();
    *last = Some((Instant::now(), Arc::clone(&text)));
    text
}

/// The sample so far, for a page that has just been opened.
pub(super) fn recent(operators: &Operators) -> Reply {
    let (_, records) = operators.plane.audit.feed().since(0, 200);
    let records: Vec<Box<RawValue>> = records
        .iter()
        .filter_map(|record| RawValue::from_string(record.to_string()).ok())
        .collect();
    reply::json(http::StatusCode::OK, &serde_json::json!({ "records": records }))
}
