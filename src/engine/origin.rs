//! Whose data it is, when nobody said so.
//!
//! An origin that a trusted hop or the route gave stands. Otherwise the payload speaks (country fields,
//! calling codes, national identifiers), and when it is silent, the downstream address. Where the payload
//! speaks for several jurisdictions the transfer is judged under each, and the strictest answer holds for
//! the request (JR-00-07).

use std::collections::BTreeSet;

use super::reading::Reading;
use crate::{
    domain::{Coverage, Effect, Region},
    policy::{Decision, RuleSet, Transfer},
};

pub(super) fn decide(
    rules: &RuleSet,
    mut transfer: Transfer,
    client_region: Option<Region>,
    reading: &Reading<'_>,
    coverage: Coverage,
) -> (Transfer, Decision) {
    let judge =
        |transfer: &Transfer| rules.decide(transfer, &reading.findings, coverage, &reading.gaps);
    if transfer.origin.is_some() {
        let decision = judge(&transfer);
        return (transfer, decision);
    }
    let mut origins = evidence(reading).into_iter();
    let Some(first) = origins.next() else {
        transfer.origin = client_region;
        let decision = judge(&transfer);
        return (transfer, decision);
    };
    transfer.origin = Some(first);
    let mut decision = judge(&transfer);
    let mut deciding = first;
    for origin in origins {
        transfer.origin = Some(origin);
        let next = judge(&transfer);
        if next.effect > decision.effect {
            deciding = origin;
        }
        decision = strictest(decision, next);
    }
    transfer.origin = Some(deciding);
    (transfer, decision)
}

/// The jurisdictions the subject's own fields speak for; a contact's phone says nothing of the subject.
fn evidence(reading: &Reading<'_>) -> BTreeSet<Region> {
    reading
        .findings
        .items
        .iter()
        .filter(|finding| !finding.marks.third_party)
        .filter_map(|finding| finding.region)
        .collect()
}

fn strictest(a: Decision, b: Decision) -> Decision {
    let (mut strict, mild) = if b.effect > a.effect { (b, a) } else { (a, b) };
    strict.rules.extend(mild.rules);
    strict.rules.sort_unstable();
    strict.rules.dedup();
    for annotation in mild.annotations {
        if !strict.annotations.contains(&annotation) {
            strict.annotations.push(annotation);
        }
    }
    if strict.effect == Effect::Redact {
        for redaction in mild.redactions {
            if !strict.redactions.iter().any(|known| known.finding == redaction.finding) {
                strict.redactions.push(redaction);
            }
        }
        strict.redactions.sort_by_key(|redaction| redaction.finding);
    }
    strict
}
