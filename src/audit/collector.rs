//! What a collector of telemetry is told of an exchange, and of a line that it gets a copy of.

use serde::Deserialize;

use super::{AuditRecord, words};
use crate::{
    domain::{Coverage, Effect, Region},
    telemetry::{Described, ExchangeTrace, Name, Steps, TraceContext},
};

impl AuditRecord<'_> {
    /// The exchange as a trace tells it.
    pub(crate) fn trace(&self, context: TraceContext, steps: Steps) -> ExchangeTrace {
        let mut names = vec![("bordergate.outcome", self.outcome().to_owned())];
        let mut name = |key: &'static str, value: Option<&str>| {
            names.extend(value.map(|value| (key, value.to_owned())));
        };
        name("bordergate.route", self.route.as_ref().map(Name::as_str));
        name("bordergate.data_centre", self.data_centre.as_ref().map(Name::as_str));
        name("bordergate.purpose", self.purpose.as_ref().map(Name::as_str));
        name("bordergate.coverage", self.coverage.map(Coverage::as_str));
        let deciding = self.blocked_by.first().or_else(|| self.redacted_by.first());
        name("bordergate.rule", deciding.map(Name::as_str));
        name("bordergate.origin", self.origin.as_ref().map(Region::as_str));
        name("bordergate.destination", self.destination.as_ref().map(Region::as_str));
        name("error.type", self.error);
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let findings = self.tags.iter().map(|tag| u64::from(tag.count)).sum();
        let mut numbers = vec![
            ("bordergate.generation", number(self.generation)),
            ("bordergate.findings", number(findings)),
            ("http.request.body.size", number(self.request_bytes)),
            ("http.response.body.size", number(self.response_bytes)),
        ];
        numbers.extend(self.status.map(|it| ("http.response.status_code", i64::from(it))));
        ExchangeTrace { context, began: self.time, steps, names, numbers, error: self.error }
    }
}

/// A line as a collector is told of it; `None` where it is none of the audit.
pub(crate) fn described(line: &[u8]) -> Option<Described<'_>> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let is_stopped =
        line.effect.is_some_and(|it| it == Effect::Block.as_str() || it == words::REFUSED);
    Some(Described {
        event: if line.audit.is_none() { "bordergate.exchange" } else { "bordergate.audit" },
        is_warning: is_stopped || line.audit == Some(words::LOST),
        time: line.time,
        trace_id: line.trace_id,
        names: [
            ("bordergate.line", line.audit),
            ("bordergate.stage", line.stage),
            ("bordergate.outcome", line.effect),
            ("bordergate.origin", line.origin),
            ("bordergate.destination", line.destination),
            ("bordergate.route", line.route),
            ("bordergate.data_centre", line.data_centre),
        ],
        number: ("bordergate.sequence", line.seq),
    })
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(default)]
    time: Option<jiff::Timestamp>,
    /// Present in lines that are no record of an exchange: what they are.
    #[serde(default)]
    audit: Option<&'l str>,
    #[serde(default)]
    stage: Option<&'l str>,
    #[serde(default)]
    trace_id: Option<&'l str>,
    #[serde(default)]
    effect: Option<&'l str>,
    #[serde(default)]
    origin: Option<&'l str>,
    #[serde(default)]
    destination: Option<&'l str>,
    #[serde(default)]
    route: Option<&'l str>,
    #[serde(default)]
    data_centre: Option<&'l str>,
    #[serde(default)]
    seq: Option<i64>,
}
