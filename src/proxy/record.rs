//! What an exchange leaves behind: counts, a record, a line in the log, and the particulars of a
//! refusal. Places and kinds, never values.

use std::borrow::Cow;

use tokio::time::Instant;

use super::{
    ProxyError,
    destination::Destination,
    error::UPSTREAM_KINDS,
    exchange::{Exchange, Judged},
    reply::{FIELDS_MAX, FieldNote, Particulars},
};
use crate::{
    audit::{self, AddressClass, AuditRecord, Durations, Micros, NameList, Stage, tag_counts},
    domain::{Effect, Gap, TagSet},
    engine::Verdict,
    facts::Cause,
    policy::{Decision, RuleRef},
    snapshot::Snapshot,
    telemetry::{Name, Side, Steps, TransferLabels},
};

/// Counts and records an exchange that is over.
pub(super) fn close(exchange: &mut Exchange) {
    let now = Instant::now();
    let proxy = &exchange.worker.proxy;
    // Nobody answered and nothing failed: whoever called has gone.
    if exchange.status.is_none() && exchange.failure.is_none() {
        exchange.failure = Some((Side::Downstream, "abandoned"));
    }
    let metrics = &proxy.metrics;
    metrics.exchange(now.saturating_duration_since(exchange.measures.started), &exchange.trace);
    if let Some((side, kind)) = exchange.failure {
        debug_assert!(side != Side::Upstream || UPSTREAM_KINDS.contains(&kind), "{kind}");
        metrics.exchange_error(side, kind);
    }
    if let Some(destination) = destination(exchange) {
        if let Some(sent_at) = exchange.measures.sent_at {
            metrics.upstream(&destination.data_centre, now.saturating_duration_since(sent_at));
        }
        if let Some(reach) = exchange.ways.reach(destination) {
            match exchange.failure {
                Some((Side::Upstream, kind)) => reach.failed(kind),
                None if exchange.measures.sent_at.is_some() => reach.answered(),
                Some(_) | None => {}
            }
        }
    }
    if exchange.is_disbelieved {
        metrics.context_ignored();
        log_disbelieved(exchange);
    }
    if let Some(judged) = &exchange.judged {
        count(exchange, &judged.verdict);
    }
    if let Some(beside) = exchange.judged.as_mut().and_then(|judged| judged.beside.take()) {
        beside.send(proxy);
    }
    let effect = exchange.judged.as_ref().map_or(Effect::Block, |it| it.verdict.decision.effect);
    let traced = proxy.otlp.as_ref().filter(|otlp| otlp.wants(&exchange.trace));
    if traced.is_none() && !proxy.audit.takes(effect) {
        return;
    }
    let record = record(exchange, Stage::Closed, now);
    proxy.audit.record(&record);
    if let Some(otlp) = traced {
        otlp.exchange(record.trace(exchange.trace, steps(exchange, now)));
    }
}

/// When each step of an exchange that is over began.
fn steps(exchange: &Exchange, now: Instant) -> Steps {
    let since = |at: Instant| at.saturating_duration_since(exchange.measures.started);
    Steps {
        inspection_began: exchange.measures.inspection_began.map(since),
        inspection: exchange.measures.inspection_time,
        sent: exchange.measures.sent_at.map(since),
        total: since(now),
    }
}

/// The record a transfer needs before it may begin.
pub(super) fn judged(exchange: &Exchange) -> AuditRecord<'_> {
    record(exchange, Stage::Judged, Instant::now())
}

/// The gap that left most unread, the first of several.
pub(super) fn worst(gaps: &[Gap]) -> Option<&Gap> {
    gaps.iter().rev().max_by_key(|gap| gap.coverage)
}

/// What a refusal tells whoever called.
pub(super) fn particulars(exchange: &Exchange, error: &ProxyError) -> Particulars {
    let blocked_by = exchange.worker.proxy.blocked_by.clone();
    let limit = Some(exchange.worker.proxy.limits.body_bytes_max);
    let judged = exchange.judged.as_ref().filter(|_| error.is_decision());
    let Some(Judged { verdict, .. }) = judged else {
        let context_ignored = exchange.is_disbelieved;
        return Particulars { blocked_by, limit, context_ignored, ..Particulars::default() };
    };
    let (taxonomy, set) = (exchange.snapshot.engine.taxonomy(), exchange.snapshot.engine.rules());
    // A provision of several parts is named once.
    let ids_of = |blocked: &mut dyn Iterator<Item = RuleRef>| {
        let mut ids: Vec<String> = Vec::new();
        for rule in blocked {
            let id = rule_id(&exchange.snapshot, rule);
            if ids.iter().all(|known| known != id) {
                ids.push(id.to_owned());
            }
        }
        ids
    };
    let blocked = || verdict.decision.blocked_by.iter().copied();
    let fields = verdict.findings.items.iter().take(FIELDS_MAX).map(|finding| FieldNote {
        pointer: verdict.findings.safe_locator(finding),
        category: taxonomy.key(finding.tag).to_owned(),
        by: ids_of(&mut blocked().filter(|rule| set.is_about(*rule, finding.tag))),
    });
    let fields = fields.collect();
    let rules = ids_of(&mut blocked());
    Particulars {
        rules,
        fields,
        reason: Some(verdict.decision.reason.to_string()),
        gap: worst(&verdict.gaps).copied(),
        blocked_by,
        limit,
        context_ignored: exchange.is_disbelieved,
        route: destination(exchange).map(|destination| destination.route.clone()),
    }
}

/// Says what went wrong to whoever runs this.
pub(super) fn log(exchange: &Exchange, error: &ProxyError) {
    let trace_id = exchange.trace.trace_id;
    let destination = destination(exchange);
    let route = destination.map(|destination| destination.route.as_str());
    let (kind, side) = (error.kind(), error.side().as_str());
    // While a disk is full this is so of every exchange; each has its answer and is counted.
    if matches!(error, ProxyError::Unrecorded(_)) {
        if let Some(left_out) = exchange.worker.proxy.unrecorded.again() {
            tracing::warn!(%trace_id, route, kind, side, %error, left_out, "failed");
        }
        return;
    }
    match error.side() {
        Side::Downstream => tracing::debug!(%trace_id, route, kind, side, %error, "refused"),
        Side::Upstream => {
            // One that is down fails every exchange; each is counted.
            let reach = destination.and_then(|destination| exchange.ways.reach(destination));
            let left_out = reach.map_or(Some(0), |reach| reach.tells(error));
            let data_centre = destination.map(|destination| destination.data_centre.as_str());
            if let Some(left_out) = left_out {
                tracing::warn!(%trace_id, route, data_centre, kind, side, %error, left_out, "failed");
            }
        }
        Side::Internal => tracing::warn!(%trace_id, route, kind, side, %error, "failed"),
    }
}

/// Whoever forgot somebody among the trusted hops sees nothing but blocked transfers.
fn log_disbelieved(exchange: &Exchange) {
    let Some(left_out) = exchange.worker.proxy.disbelieved.again() else { return };
    let address = exchange.peer.address.ip().to_canonical();
    // That of a machine of ours, or else somebody's.
    let peer = match AddressClass::from(address) {
        AddressClass::Loopback | AddressClass::Private => address.to_string(),
        AddressClass::Public | AddressClass::Unknown => "a public address".to_owned(),
    };
    tracing::warn!(
        peer,
        left_out,
        "`Bordergate-Transfer` is not believed: no network of `trusted_hops` holds whoever sent it"
    );
}

fn destination(exchange: &Exchange) -> Option<&Destination> {
    exchange.ways.routing.destinations.get(exchange.route?)
}

fn count(exchange: &Exchange, verdict: &Verdict) {
    let metrics = &exchange.worker.proxy.metrics;
    let outcome = verdict.decision.effect;
    let deciding = match outcome {
        Effect::Block => verdict.decision.blocked_by.first().copied(),
        Effect::Redact => verdict.decision.redactions.first().map(|redaction| redaction.rule),
        Effect::Allow => None,
    };
    metrics.transfer(&TransferLabels {
        origin: verdict.transfer.origin,
        destination: verdict.transfer.destination,
        purpose: verdict.transfer.purpose.as_deref(),
        outcome,
        rule: deciding.map(|rule| rule_id(&exchange.snapshot, rule)),
    });
    if exchange.worker.proxy.inspection.enabled {
        let cause = worst(&verdict.gaps).map(|gap| gap.cause);
        let (time, bytes) = (exchange.measures.inspection_time, verdict.inspected_bytes);
        metrics.inspection(time, bytes, verdict.coverage, cause);
    }
    count_findings(exchange, verdict);
}

fn count_findings(exchange: &Exchange, verdict: &Verdict) {
    let findings = &verdict.findings.items;
    if findings.is_empty() {
        return;
    }
    let mut all = [0u32; TagSet::CAPACITY];
    let mut redacted = [0u32; TagSet::CAPACITY];
    for finding in findings {
        if let Some(count) = all.get_mut(usize::from(finding.tag.0)) {
            *count += 1;
        }
    }
    for redaction in &verdict.decision.redactions {
        if let Some(finding) = findings.get(redaction.finding as usize)
            && let Some(count) = redacted.get_mut(usize::from(finding.tag.0))
        {
            *count += 1;
        }
    }
    let metrics = &exchange.worker.proxy.metrics;
    let taxonomy = exchange.snapshot.engine.taxonomy();
    let through = match verdict.decision.effect {
        Effect::Block => Effect::Block,
        Effect::Allow | Effect::Redact => Effect::Allow,
    };
    for tag in verdict.findings.tags().iter() {
        let at = usize::from(tag.0);
        let all = all.get(at).copied().unwrap_or(0);
        let redacted = redacted.get(at).copied().unwrap_or(0).min(all);
        let key = taxonomy.key(tag);
        if redacted > 0 {
            metrics.findings(key, Effect::Redact, u64::from(redacted));
        }
        if all > redacted {
            metrics.findings(key, through, u64::from(all - redacted));
        }
    }
}

fn record(exchange: &Exchange, stage: Stage, now: Instant) -> AuditRecord<'_> {
    let since = |at: Instant| Micros(now.saturating_duration_since(at));
    let snapshot = &exchange.snapshot;
    let destination = destination(exchange);
    let judged = exchange.judged.as_ref();
    let verdict = judged.map(|judged| &*judged.verdict);
    let transfer = verdict.map(|verdict| &verdict.transfer);
    let decision = verdict.map(|verdict| &verdict.decision);
    let on_file = judged.and_then(|judged| judged.on_file.as_deref());
    let subjects = judged.map(|judged| judged.subjects.as_slice()).unwrap_or_default();
    let names = |rules: &[RuleRef]| -> Vec<Name<'_>> {
        rules.iter().map(|rule| Name::new(rule_id(snapshot, *rule))).collect()
    };
    let blocking = decision.map(|decision| &*decision.blocked_by).unwrap_or_default();
    let redacting = decision.map(redacting).unwrap_or_default();
    let part = |rule: &RuleRef| snapshot.engine.rules().part(*rule).map(Name::new);
    let parts = blocking.iter().chain(&redacting).filter_map(part).collect();
    let mut redacted_by = names(&redacting);
    redacted_by.dedup();
    AuditRecord {
        time: exchange.time.0,
        stage,
        generation: snapshot.generation.0,
        trace_id: exchange.trace.trace_id,
        peer: audit::Peer {
            workload: exchange.peer.caller.as_ref().map(|caller| Name::new(&*caller.spiffe)),
            address: AddressClass::from(exchange.peer.address.ip()),
        },
        route: destination.map(|destination| Name::new(destination.route.as_str())),
        data_centre: destination.map(|destination| Name::new(destination.data_centre.as_str())),
        origin: transfer.and_then(|transfer| transfer.origin),
        destination: transfer
            .and_then(|transfer| transfer.destination)
            .or_else(|| destination.map(|destination| destination.jurisdiction)),
        recipient: audit::Recipient {
            class: transfer.and_then(|transfer| transfer.recipient.class.as_deref()).map(Name::new),
            id: transfer.and_then(|transfer| transfer.recipient.id.as_deref()).map(Name::new),
        },
        purpose: transfer.and_then(|transfer| transfer.purpose.as_deref()).map(Name::new),
        context: exchange.is_disbelieved.then_some("untrusted"),
        subjects: subjects
            .iter()
            .map(|subject| subject.iter().map(|it| audit::SubjectCode(it.0)).collect())
            .collect(),
        effect: decision.map(|decision| decision.effect),
        rules: decision
            .map(|decision| {
                let write = |rules: &[RuleRef]| NameList::from_iter(names(rules)).into_json();
                NameList::kept(decision.written_rules(write))
            })
            .unwrap_or_default(),
        blocked_by: names(blocking),
        redacted_by,
        parts,
        replaced: verdict.map(|verdict| verdict.replaced.as_slice()).unwrap_or_default(),
        key: verdict
            .filter(|verdict| verdict.redacted_digest.is_some())
            .map(|_| snapshot.engine.keys().current().id()),
        reason: decision.map_or(Cow::Borrowed(""), |decision| Cow::Borrowed(&decision.reason)),
        tags: verdict
            .map(|verdict| {
                let redacted =
                    verdict.decision.redactions.iter().map(|redaction| redaction.finding);
                tag_counts(&verdict.findings, snapshot.engine.taxonomy(), redacted)
            })
            .unwrap_or_default(),
        coverage: verdict.map(|verdict| verdict.coverage),
        gaps: verdict.map(|verdict| verdict.gaps.as_slice()).unwrap_or_default(),
        annotations: annotations(exchange, decision),
        mechanisms: decision
            .map(|decision| decision.mechanisms.iter().map(|id| Name::new(id.as_str())).collect())
            .unwrap_or_default(),
        consents: on_file
            .map(|on_file| on_file.consents.iter().map(|id| Name::new(id.as_str())).collect())
            .unwrap_or_default(),
        counters: on_file
            .map(|on_file| on_file.counts.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|(name, count)| audit::CounterChange {
                name: Name::new(name.as_str()),
                before: count.before,
                after: count.after,
            })
            .collect(),
        facts_unavailable: on_file.and_then(|on_file| on_file.unavailable).map(Cause::as_str),
        policy_version: decision
            .and_then(|decision| decision.policy_version.as_deref())
            .map(Name::new),
        redacted_hash: verdict.and_then(|verdict| verdict.redacted_digest).map(audit::RedactedHash),
        status: exchange.status,
        error: exchange.failure.map(|(_, kind)| kind),
        request_bytes: exchange.measures.request_bytes as u64,
        forwarded_bytes: exchange.measures.forwarded_bytes as u64,
        response_bytes: exchange.measures.response_bytes as u64,
        inspected_bytes: verdict.map_or(0, |verdict| verdict.inspected_bytes as u64),
        durations: Durations {
            total: since(exchange.measures.started),
            inspection: Micros(exchange.measures.inspection_time),
            upstream: exchange.measures.sent_at.map(since).unwrap_or_default(),
        },
    }
}

fn annotations<'e>(
    exchange: &'e Exchange,
    decision: Option<&'e Decision>,
) -> Vec<audit::Annotation<'e>> {
    let ruled = decision.map(|decision| decision.annotations.as_slice()).unwrap_or_default();
    let ruled = ruled.iter().map(|annotation| audit::Annotation {
        name: Name::new(&*annotation.name),
        value: annotation.value.as_deref().map(Name::new),
    });
    let misplaced = exchange.misplaced.map(|region| audit::Annotation {
        name: Name::new("geoip-mismatch"),
        value: Some(Name::new(region.to_string())),
    });
    let unread = (!exchange.worker.proxy.inspection.enabled)
        .then(|| audit::Annotation { name: Name::new("inspection-off"), value: None });
    ruled.chain(misplaced).chain(unread).collect()
}

/// The rules that took fields out or changed them.
fn redacting(decision: &Decision) -> Vec<RuleRef> {
    let mut rules: Vec<RuleRef> =
        decision.redactions.iter().map(|redaction| redaction.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn rule_id(snapshot: &Snapshot, rule: RuleRef) -> &str {
    &snapshot.engine.rules().rule(rule).id
}
