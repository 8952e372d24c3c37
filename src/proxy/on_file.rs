//! What is on file, between reading a request and judging it, and what is counted once it is judged.
//!
//! ```text
//! read ─▶ who is in it ─▶ one lookup for all of them ─▶ judge ─▶ reserve what it counts ─▶ forward ─▶ settle
//! ```
//!
//! A decision holds up to the next number that a rule looks at; when transfers decided meanwhile take a
//! count past it, nothing is counted and the request is judged anew by the counts of now.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use super::{Proxy, ProxyError, judging::blocks, upstream::Outgoing};
use crate::{
    domain::Region,
    engine::{Scratch, Verdict},
    facts::{
        Cause, Count, ExchangeId, FactsStore, Question, Register, Reservation, Reserve, Settlement,
        Subjects, Unavailable,
    },
    policy::{People, Timestamp, Transfer},
    snapshot::Snapshot,
};

/// Decisions of one request before it is given up; each was overtaken by another transfer.
const ATTEMPTS_MAX: usize = 8;

/// What the store had to do with one exchange. Settles what it reserved when it is dropped.
#[derive(Debug)]
pub(super) struct OnFile {
    reserved: Option<(FactsStore, ExchangeId)>,
    /// Something may have left.
    pub(super) sent: bool,
    /// Each count that moved, without and with this exchange.
    pub(super) counts: Vec<(String, Count)>,
    /// Consents on file of the people it is about.
    pub(super) consents: Vec<String>,
    pub(super) subjects: Subjects,
    pub(super) unavailable: Option<Cause>,
}

impl Drop for OnFile {
    fn drop(&mut self) {
        if let Some((store, exchange)) = self.reserved.take() {
            store.settle(exchange, if self.sent { Settlement::Sent } else { Settlement::NotSent });
        }
    }
}

/// One request to be judged by what is on file.
pub(super) struct Case {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) proxy: Arc<Proxy>,
    pub(super) transfer: Box<Transfer>,
    /// When it came in; counts go by this, whatever time the transfer states.
    pub(super) at: Timestamp,
    pub(super) client_region: Option<Region>,
}

impl Case {
    pub(super) async fn judge(
        &self,
        register: &Register,
        outgoing: &Outgoing,
        scratch: &RefCell<Scratch>,
    ) -> Result<(Box<Verdict>, OnFile), ProxyError> {
        let engine = &self.snapshot.engine;
        let headers = outgoing.header_list();
        let message = outgoing.message(&headers, self.client_region);
        let question = Question {
            engine,
            generation: self.snapshot.generation.0,
            transfer: &self.transfer,
            client_region: self.client_region,
            at: self.at,
            exchange: ExchangeId::unique(),
        };
        let mut on_file = OnFile {
            reserved: None,
            sent: false,
            counts: Vec::new(),
            consents: Vec::new(),
            subjects: Subjects::new(),
            unavailable: None,
        };
        let mut fresh: BTreeMap<String, Count> = BTreeMap::new();
        for _ in 0..ATTEMPTS_MAX {
            let reading = {
                let mut scratch = scratch.borrow_mut();
                let reading = engine.read(&message, &self.proxy.limits, &mut scratch);
                // Nothing is reserved for whom nobody answers.
                if scratch.halt().is_given_up() {
                    return Err(ProxyError::InspectionSlow);
                }
                reading
            };
            let Some(mut lookup) = register.lookup(question, &reading) else {
                let people = People::one(&self.transfer);
                let verdict = engine.judge(reading, self.transfer.clone(), &people);
                return Ok((Box::new(verdict), on_file));
            };
            on_file.subjects = lookup.subjects();
            let found = match on_file.unavailable {
                Some(_) => None,
                None => match lookup.run().await {
                    Ok(found) => Some(found),
                    Err(why) => {
                        on_file.unavailable = Some(why.cause);
                        None
                    }
                },
            };
            let transfer = match found {
                Some(found) => {
                    on_file.consents = found.consents();
                    lookup.fill(found, &fresh)
                }
                None => lookup.unanswered(),
            };
            let verdict = Box::new(engine.judge(reading, Box::new(transfer), lookup.people()));
            if on_file.unavailable.is_some() || !lookup.counts() || blocks(&self.proxy, &verdict) {
                return Ok((verdict, on_file));
            }
            let increments = lookup.settle(&verdict);
            if increments.is_empty() {
                return Ok((verdict, on_file));
            }
            let names: Vec<String> =
                increments.iter().map(|it| it.query.scope.counter.clone()).collect();
            let exchange = question.exchange;
            match register.store().reserve(Reserve { exchange, increments }).await {
                Ok(Reservation::Held { counts }) => {
                    on_file.reserved = Some((register.store().clone(), exchange));
                    on_file.counts = names.into_iter().zip(counts).collect();
                    return Ok((verdict, on_file));
                }
                Ok(Reservation::Refused { counts }) => {
                    fresh = names.into_iter().zip(counts).collect();
                }
                Err(Unavailable { cause, .. }) => on_file.unavailable = Some(cause),
            }
        }
        Err(ProxyError::Overtaken)
    }
}
