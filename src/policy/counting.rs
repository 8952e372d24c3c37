//! Whom a transfer adds to which count, as the law that sets the threshold says.
//!
//! Nothing is counted here: the answer goes to whoever keeps the counts, before the transfer is judged
//! by what they then amount to.

use super::{
    People, Timestamp, Transfer,
    context::Context,
    people::Part,
    predicate::Predicate,
    region_set::RegionSet,
    set::{Gate, RuleSet},
    words::Period,
};
use crate::domain::{Coverage, Findings};

/// A count of distinct people or devices that some threshold of law looks at.
#[derive(Debug, Clone)]
pub struct Counter {
    /// As rules and transfers name it: `cn_ytd_ordinary`, `us_bulk.identifiers`.
    pub name: String,
    pub of: Counted,
    pub window: CounterWindow,
    /// One count for each recipient of an exporter, rather than one for all of them.
    pub per_recipient: bool,
    pub(super) origin: Option<RegionSet>,
    pub(super) domestic: bool,
    pub(super) gate: Gate,
    pub(super) when: Option<Predicate>,
    pub(super) unless: Option<Predicate>,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    Person,
    Device,
}

/// Since when people count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterWindow {
    /// Since 1 January, 00:00, at this many minutes east of UTC.
    CalendarYear { offset_minutes: i32 },
    /// Over this long before now.
    Last(Period),
}

impl CounterWindow {
    /// The first instant that counts at `now`.
    pub fn start(self, now: Timestamp) -> Timestamp {
        let start = match self {
            Self::CalendarYear { offset_minutes } => {
                jiff::tz::Offset::from_seconds(offset_minutes * 60).ok().and_then(|offset| {
                    let year = offset.to_datetime(now.0).year();
                    offset.to_timestamp(jiff::civil::date(year, 1, 1).at(0, 0, 0, 0)).ok()
                })
            }
            Self::Last(period) => Some(period.before(now).0),
        };
        // Without a start everything counts.
        Timestamp(start.unwrap_or(jiff::Timestamp::MIN))
    }
}

/// One person whom a transfer adds to one count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Count {
    /// The number of the person in [`People::people`].
    pub person: usize,
    /// The number of the counter in [`RuleSet::counters`].
    pub counter: usize,
}

impl RuleSet {
    /// Every counter, in the order of names.
    pub fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// Whom the transfer adds to which count, should it go ahead. Exempt transfers add nobody.
    pub(crate) fn counts(
        &self,
        transfer: &Transfer,
        people: &People,
        findings: &Findings,
        coverage: Coverage,
    ) -> Vec<Count> {
        let mut counts = Vec::new();
        let payloads = self.payloads(people, findings);
        for ((person, payload), number) in people.people.iter().zip(payloads).zip(0usize..) {
            if payload.present.is_empty() && person.record.is_some() {
                continue;
            }
            let start = counts.len();
            for origin in &person.origins {
                let part = Part {
                    origin: Some(*origin),
                    subdivision: person.origin_subdivision.as_deref(),
                    subject: person.facts.as_ref().unwrap_or(&transfer.subject),
                    payload,
                    several: false,
                };
                let mut context = Context::new(self, transfer, &part, coverage);
                for destination in transfer
                    .destination
                    .into_iter()
                    .chain(transfer.remote_access_from.iter().copied())
                {
                    context.towards(Some(destination));
                    for (counter, index) in self.counters.iter().zip(0usize..) {
                        let count = Count { person: number, counter: index };
                        let known = counts.get(start..).is_some_and(|it| it.contains(&count));
                        if !known && counter.counts(&context) {
                            counts.push(count);
                        }
                    }
                }
            }
        }
        counts
    }
}

impl Counter {
    fn counts(&self, context: &Context<'_>) -> bool {
        let origin = match (&self.origin, context.origin) {
            (None, _) => true,
            (Some(regions), Some(at)) => regions.contains(at, &context.clock),
            (Some(_), None) => false,
        };
        let gate = match &self.gate {
            Gate::Any => true,
            Gate::Personal => context.has_personal(),
            Gate::Categories(tags) => context.judged.intersects(tags),
        };
        origin
            && gate
            && (self.domestic || context.is_cross_border())
            && self.when.as_ref().is_none_or(|when| context.met(when))
            && !self.unless.as_ref().is_some_and(|unless| context.met(unless))
    }
}
