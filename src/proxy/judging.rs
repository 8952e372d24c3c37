//! What an exchange asks the engine: here, on a thread of its own, or by what is on file; and what the answer does
//! to the request.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::{
    ProxyError,
    error::BlockedBy,
    exchange::{Exchange, Judged},
    head,
    on_file::Case,
    record, redaction, shadow,
    upstream::Outgoing,
};
use crate::{
    domain::{Awaited, Coverage, Effect, GapCause, Halt, Region},
    engine::{Message, Scratch, Verdict},
    facts::Subjects,
    policy::{Layer, RuleRef, RuleSet, Transfer},
    snapshot::{NOT_TRUSTED, Snapshot},
};

impl Exchange {
    /// Reads the payload and judges it; redacts or refuses as the decision says.
    pub(super) async fn inspect(
        &mut self,
        outgoing: &mut Outgoing,
        transfer: Box<Transfer>,
    ) -> Result<(), ProxyError> {
        if !self.worker.proxy.inspection.enabled {
            let unread = Verdict { transfer, coverage: Coverage::Opaque, ..Verdict::default() };
            self.judged = Some(Judged::new(Box::new(unread), Subjects::new()));
            return Ok(());
        }
        let mut beside = shadow::Case::keep(self, outgoing, &transfer);
        let started = Instant::now();
        self.measures.inspection_began = Some(started);
        let mut judged = if self.is_judged_here(outgoing) {
            self.judge_here(outgoing, transfer)?
        } else {
            // Large, and seldom: not part of every exchange's future.
            Box::pin(self.judge_elsewhere(outgoing, transfer)).await?
        };
        self.measures.inspection_time = started.elapsed();
        if let Some(beside) = &mut beside {
            let on_file = self.worker.proxy.register.is_some();
            beside.decided(&self.snapshot.engine, &judged.verdict, on_file);
        }
        judged.beside = beside;
        let verdict = &mut self.judged.insert(judged).verdict;
        if let Some(redacted) = verdict.redacted.take() {
            redaction::apply(outgoing, redacted)?;
        }
        if blocks(&self.worker.proxy, verdict) {
            verdict.decision.effect = Effect::Block;
            let by = blocked_by(self.snapshot.engine.rules(), verdict);
            return Err(ProxyError::Blocked(by));
        }
        Ok(())
    }

    /// The engine runs here when the body is short and nobody has to be asked.
    fn is_judged_here(&self, outgoing: &Outgoing) -> bool {
        let proxy = &self.worker.proxy;
        proxy.register.is_none() && outgoing.body.len() <= proxy.inspection.inline_bytes_max.0
    }

    fn judge_here(
        &self,
        outgoing: &Outgoing,
        transfer: Box<Transfer>,
    ) -> Result<Judged, ProxyError> {
        let proxy = &self.worker.proxy;
        let mut scratch = self.worker.scratch.borrow_mut();
        let begun = self.worker.stall.begin(scratch.halt());
        let client_region = self.client_region(outgoing);
        let (verdict, subjects) = outgoing.with_message(client_region, |message| {
            inspect(proxy, &self.snapshot, message, transfer, &mut scratch)
        });
        drop(begun);
        if scratch.halt().is_given_up() {
            return Err(ProxyError::InspectionSlow);
        }
        drop(scratch);
        Ok(Judged::new(verdict, subjects))
    }

    async fn judge_elsewhere(
        &self,
        outgoing: &Outgoing,
        transfer: Box<Transfer>,
    ) -> Result<Judged, ProxyError> {
        if self.worker.proxy.register.is_some() {
            self.judge_on_file(outgoing, transfer).await
        } else {
            self.judge_aside(outgoing, transfer).await
        }
    }

    /// On a thread of its own.
    async fn judge_aside(
        &self,
        outgoing: &Outgoing,
        transfer: Box<Transfer>,
    ) -> Result<Judged, ProxyError> {
        let client_region = self.client_region(outgoing);
        let (snapshot, proxy) = (Arc::clone(&self.snapshot), Arc::clone(&self.worker.proxy));
        let by = Instant::now() + proxy.deadlines.inspection.0;
        let message = outgoing.duplicate();
        let (verdict, subjects) = aside(by, move |halt| {
            message.with_message(client_region, |message: &Message<'_>| {
                inspect(&proxy, &snapshot, message, transfer, &mut Scratch::until(halt))
            })
        })
        .await?;
        Ok(Judged::new(verdict, subjects))
    }

    /// The same by what is on file, which is asked for in between.
    async fn judge_on_file(
        &self,
        outgoing: &Outgoing,
        transfer: Box<Transfer>,
    ) -> Result<Judged, ProxyError> {
        let worker = Rc::clone(&self.worker);
        let proxy = &worker.proxy;
        let Some(register) = &proxy.register else { return Err(ProxyError::InspectionBroken) };
        let case = Case {
            snapshot: Arc::clone(&self.snapshot),
            proxy: Arc::clone(proxy),
            transfer,
            at: self.time,
            client_region: self.client_region(outgoing),
        };
        let by = Instant::now() + proxy.deadlines.inspection.0;
        let (verdict, mut on_file) = if outgoing.body.len() > proxy.inspection.inline_bytes_max.0 {
            let (message, runtime) = (outgoing.duplicate(), tokio::runtime::Handle::current());
            let judged = aside(by, move |halt| {
                let register = case.proxy.register.as_ref()?;
                let scratch = RefCell::new(Scratch::until(halt));
                Some(runtime.block_on(case.judge(register, &message, &scratch)))
            });
            judged.await?.ok_or(ProxyError::InspectionBroken)??
        } else {
            // What was reserved by then stays counted.
            let judging = case.judge(register, outgoing, &worker.scratch);
            tokio::time::timeout_at(by, judging).await.map_err(|_| ProxyError::InspectionSlow)??
        };
        let subjects = std::mem::take(&mut on_file.subjects);
        Ok(Judged { on_file: Some(Box::new(on_file)), ..Judged::new(verdict, subjects) })
    }

    pub(super) fn client_region(&self, outgoing: &Outgoing) -> Option<Region> {
        let proxy = &self.worker.proxy;
        if !proxy.client_origin {
            return None;
        }
        match outgoing.client {
            Some(address) if address == self.peer.address.ip().to_canonical() => self.peer.region,
            Some(address) => proxy.geo.as_ref().and_then(|geo| geo.region(address)),
            None => None,
        }
    }
}

/// Judges without a store of facts; names the people where the audit is to.
fn inspect(
    proxy: &super::Proxy,
    snapshot: &Snapshot,
    message: &Message<'_>,
    transfer: Box<Transfer>,
    scratch: &mut Scratch,
) -> (Box<Verdict>, Subjects) {
    let limits = &proxy.limits;
    match &proxy.names {
        Some(names) => {
            let (engine, generation) = (&snapshot.engine, snapshot.generation.0);
            let reading = engine.read(message, limits, scratch);
            let people = engine.people(&reading, &transfer, message.client_region);
            let subjects = names.subjects(engine, generation, &reading, &people);
            (Box::new(engine.judge(reading, transfer, &people)), subjects)
        }
        None => {
            let verdict = snapshot.engine.inspect(message, transfer, limits, scratch);
            (Box::new(verdict), Subjects::new())
        }
    }
}

/// Has an inspection done on a thread of its own. By then, or once its exchange has ended, it is given up: one that
/// has not begun does not begin, and one under way ends soon and lets go of what it held.
async fn aside<T: Send + 'static>(
    by: Instant,
    inspection: impl FnOnce(Halt) -> T + Send + 'static,
) -> Result<T, ProxyError> {
    let awaited = Awaited::new();
    let halt = awaited.halt();
    let task = AbortOnDropHandle::new(tokio::task::spawn_blocking(move || {
        (Instant::now() < by).then(|| inspection(halt))
    }));
    match tokio::time::timeout_at(by, task).await {
        Ok(Ok(Some(judged))) => Ok(judged),
        Ok(Err(_)) => Err(ProxyError::InspectionBroken),
        Ok(Ok(None)) | Err(_) => Err(ProxyError::InspectionSlow),
    }
}

/// True when nothing of the message may go on.
pub(super) fn blocks(proxy: &super::Proxy, verdict: &Verdict) -> bool {
    verdict.decision.effect == Effect::Block
        || (verdict.coverage != Coverage::Full && proxy.blocks_gaps())
}

/// What stands in the way: the rule of the highest layer decides. Whoever is told of what could not be read will see to
/// that, and to no purpose where the same layer blocks whatever is read.
fn blocked_by(rules: &RuleSet, verdict: &Verdict) -> BlockedBy {
    // What the others say is theirs, and not to be gone by.
    let is_untrusted = |rule: &RuleRef| {
        let info = rules.rule(*rule);
        (info.id.as_str(), info.file.as_str()) == NOT_TRUSTED
    };
    if verdict.decision.blocked_by.iter().any(is_untrusted) {
        return BlockedBy::Untrusted;
    }
    let gap = worst_gap(verdict);
    let is_of_coverage = |rule| gap.is_some() && rules.is_of_coverage(rule);
    let by = verdict.decision.blocked_by.iter().copied();
    let deciding = by.min_by_key(|rule| (rules.rule(*rule).layer, is_of_coverage(*rule)));
    match (deciding, gap) {
        // No rule did: `on_gap: block`.
        (None, Some(cause)) => BlockedBy::NotInspectable(cause),
        (Some(rule), Some(cause)) if is_of_coverage(rule) => BlockedBy::NotInspectable(cause),
        (Some(rule), _) if rules.rule(rule).layer == Layer::Law => BlockedBy::Law,
        (Some(_) | None, _) => BlockedBy::Policy,
    }
}

/// Why the message was not read to its end: the first cause of those that left most unread.
fn worst_gap(verdict: &Verdict) -> Option<GapCause> {
    if verdict.coverage == Coverage::Full {
        return None;
    }
    let worst = record::worst(&verdict.gaps);
    Some(worst.map_or(GapCause::NotHeld, |gap| gap.cause))
}

impl Outgoing {
    /// The engine's view of the request.
    fn with_message<T>(
        &self,
        client_region: Option<Region>,
        read: impl FnOnce(&Message<'_>) -> T,
    ) -> T {
        read(&self.message(&self.header_list(), client_region))
    }

    pub(super) fn header_list(&self) -> Vec<(&str, &[u8])> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        // Behind all others, whose numbers an edit goes by.
        let host =
            self.host.iter().map(|host| (http::header::HOST.as_str(), host.words.as_bytes()));
        headers.chain(host).collect()
    }

    pub(super) fn message<'m>(
        &'m self,
        headers: &'m [(&'m str, &'m [u8])],
        client_region: Option<Region>,
    ) -> Message<'m> {
        Message {
            method: self.method.as_str(),
            target: head::target(&self.target),
            headers,
            body: &self.body,
            client_region,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_gap_is_the_one_that_left_most_unread() {
        use crate::domain::{Gap, Part};
        let gap = |coverage, cause| Gap { part: Part::Body, coverage, cause, offset: 0 };
        let mut verdict = Verdict::default();
        assert_eq!(worst_gap(&verdict), None);
        verdict.coverage = Coverage::Opaque;
        assert_eq!(worst_gap(&verdict), Some(GapCause::NotHeld));
        verdict.gaps = vec![
            gap(Coverage::Partial, GapCause::TooDeep),
            gap(Coverage::Opaque, GapCause::UnknownMediaType),
            gap(Coverage::Opaque, GapCause::Malformed),
        ];
        assert_eq!(worst_gap(&verdict), Some(GapCause::UnknownMediaType));
    }
}
