//! Transfers judged once more by the rules to come, on a thread of its own and after their answer.
//!
//! Nothing here can delay, change or fail an exchange: what is to be judged goes into a short queue, bounded in
//! requests and in bytes, and where that is full it is left out and counted.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{self, SyncSender},
    },
    thread,
};

use super::{
    Proxy,
    body::{Budget, Held},
    exchange::Exchange,
    upstream::Outgoing,
};
use crate::{
    domain::{Limits, Region},
    engine::{Engine, Scratch, Verdict},
    policy::{Decided, Timestamp, Transfer},
    snapshot::{Example, Generation, Shadow},
    telemetry::{Metrics, Name, ShadowResult, TraceId},
};

/// Requests that wait; each holds its body.
const WAITING_MAX: usize = 64;

/// Of the bytes that may be held, the bodies that wait here hold at most one in so many, so that they are taken
/// from nobody who sends.
const SHARE_OF_BODIES: usize = 16;

/// Judges beside.
#[derive(Debug)]
pub(super) struct Beside {
    cases: SyncSender<Box<Case>>,
    room: Arc<Budget>,
}

/// A request as it came in, and what was decided about it.
#[derive(Debug)]
pub(super) struct Case {
    shadow: Arc<Shadow>,
    request: Outgoing,
    transfer: Box<Transfer>,
    client_region: Option<Region>,
    live: Option<Decided>,
    generation: Generation,
    time: Timestamp,
    trace_id: TraceId,
    /// What its body takes of the room there is, while it waits.
    held: Option<Held>,
}

impl Beside {
    pub(super) fn start(
        limits: Limits,
        held_bytes_max: usize,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let (cases, inbox) = mpsc::sync_channel::<Box<Case>>(WAITING_MAX);
        thread::Builder::new().name("shadow".to_owned()).spawn(move || {
            let mut scratch = Scratch::default();
            for case in inbox {
                // A rule-set that makes the engine fail must not end the comparing.
                let judging = std::panic::AssertUnwindSafe(|| case.judge(&limits, &mut scratch));
                match std::panic::catch_unwind(judging) {
                    Ok(true) => metrics.shadow(ShadowResult::Different),
                    Ok(false) => metrics.shadow(ShadowResult::Same),
                    Err(_) => {
                        scratch = Scratch::default();
                        case.shadow.tally.skip();
                        metrics.shadow(ShadowResult::Skipped);
                    }
                }
            }
        })?;
        Ok(Self { cases, room: Budget::new(held_bytes_max / SHARE_OF_BODIES) })
    }

    fn take(&self, mut case: Box<Case>, metrics: &Metrics) {
        case.held = Held::of(&self.room, case.request.body.len());
        let left = match case.held {
            Some(_) => self.cases.try_send(case).err().map(|unsent| match unsent {
                mpsc::TrySendError::Full(case) | mpsc::TrySendError::Disconnected(case) => case,
            }),
            None => Some(case),
        };
        if let Some(case) = left {
            case.shadow.tally.skip();
            metrics.shadow(ShadowResult::Skipped);
        }
    }
}

impl Case {
    /// Keeps the request as it is before anything is taken out of it, where it is one of the sample.
    pub(super) fn keep(
        exchange: &Exchange,
        request: &Outgoing,
        transfer: &Transfer,
    ) -> Option<Box<Self>> {
        let shadow = exchange.worker.proxy.snapshots.shadow()?;
        shadow.tally.takes(shadow.sample_percent).then(|| {
            Box::new(Self {
                shadow,
                request: request.duplicate(),
                transfer: Box::new(transfer.clone()),
                client_region: exchange.client_region(request),
                live: None,
                generation: exchange.snapshot.generation,
                time: exchange.time,
                trace_id: exchange.trace.trace_id,
                held: None,
            })
        })
    }

    /// Notes what the rules that serve decided.
    pub(super) fn decided(&mut self, engine: &Engine, verdict: &Verdict, on_file: bool) {
        self.live = Some(Decided::new(engine.rules(), &verdict.decision, &verdict.findings));
        // What is on file was filled in on the way; both are judged by it.
        if on_file {
            self.transfer.clone_from(&verdict.transfer);
        }
    }

    /// The answer has gone out.
    pub(super) fn send(self: Box<Self>, proxy: &Proxy) {
        if let (Some(beside), true) = (&proxy.beside, self.live.is_some()) {
            beside.take(self, &proxy.metrics);
        }
    }

    fn judge(&self, limits: &Limits, scratch: &mut Scratch) -> bool {
        let Some(live) = self.live.clone() else { return false };
        let engine = &self.shadow.engine;
        let headers = self.request.header_list();
        let message = self.request.message(&headers, self.client_region);
        let verdict = engine.inspect(&message, self.transfer.clone(), limits, scratch);
        // A purpose may come off the wire; what does not look like a name is not told.
        let purpose = verdict.transfer.purpose.as_deref();
        let example = Example {
            time: self.time,
            trace_id: self.trace_id.to_string(),
            origin: verdict.transfer.origin,
            destination: verdict.transfer.destination,
            purpose: purpose.map(|purpose| Name::new(purpose).as_str().to_owned()),
            live,
            shadow: Decided::new(engine.rules(), &verdict.decision, &verdict.findings),
        };
        self.shadow.tally.count(self.generation, example)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_wait_hold_no_more_than_their_share() {
        let room = Budget::new(100);
        let first = Held::of(&room, 60).unwrap();
        assert!(Held::of(&room, 41).is_none());
        let _second = Held::of(&room, 40).expect("what found no room takes none");
        drop(first);
        assert!(Held::of(&room, 60).is_some());
    }
}
