//! Traces and lines as OTLP messages.

use std::{sync::OnceLock, time::Duration};

use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::SpanKind, status::StatusCode},
};

use super::{Describe, Described, ExchangeTrace};
use crate::telemetry::TraceContext;

pub(super) fn traces(traces: &[ExchangeTrace]) -> ExportTraceServiceRequest {
    let spans = traces.iter().flat_map(spans).collect();
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
    let resource_spans =
        ResourceSpans { resource: resource(), scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource_spans] }
}

pub(super) fn logs(lines: &[Vec<u8>], describe: Describe) -> ExportLogsServiceRequest {
    let log_records = lines.iter().map(|line| log(line, describe)).collect();
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, ..ScopeLogs::default() }];
    let resource_logs =
        ResourceLogs { resource: resource(), scope_logs, ..ResourceLogs::default() };
    ExportLogsServiceRequest { resource_logs: vec![resource_logs] }
}

/// The exchange, and its steps below it.
fn spans(trace: &ExchangeTrace) -> Vec<Span> {
    let ExchangeTrace { context, steps, .. } = trace;
    let began = nanoseconds(trace.began);
    let at = |offset: Duration| began.saturating_add(nanoseconds_of(offset));
    let attributes = trace
        .names
        .iter()
        .map(|(key, name)| text(key, name))
        .chain(trace.numbers.iter().map(|(key, count)| number(key, *count)))
        .collect();
    let root = Span {
        trace_id: context.trace_id.0.to_vec(),
        span_id: context.parent_id.to_vec(),
        parent_span_id: context.remote_parent.map(|id| id.to_vec()).unwrap_or_default(),
        flags: u32::from(context.sampled),
        name: "exchange".to_owned(),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: began,
        end_time_unix_nano: at(steps.total),
        attributes,
        status: trace
            .error
            .map(|error| Status { message: error.to_owned(), code: StatusCode::Error.into() }),
        ..Span::default()
    };
    let step = |name: &str, kind: SpanKind, from: Duration, to: Duration| Span {
        trace_id: context.trace_id.0.to_vec(),
        span_id: TraceContext::begin().parent_id.to_vec(),
        parent_span_id: context.parent_id.to_vec(),
        flags: u32::from(context.sampled),
        name: name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: at(from),
        end_time_unix_nano: at(to.max(from)),
        ..Span::default()
    };
    let mut spans = vec![root];
    let inner = SpanKind::Internal;
    // Without an inspection, all that happened was that the body was awaited.
    let held = steps.inspection_began.or(steps.sent).unwrap_or(steps.total);
    spans.push(step("hold", inner, Duration::ZERO, held));
    let judged = steps.inspection_began.map(|from| (from, from + steps.inspection));
    if let Some((from, to)) = judged {
        spans.push(step("inspect", inner, from, to));
    }
    if let Some(sent) = steps.sent {
        if let Some((_, to)) = judged {
            spans.push(step("record", inner, to, sent));
        }
        spans.push(step("forward", SpanKind::Client, sent, steps.total));
    }
    spans
}

/// The line as it stands in the audit, chain and all, so that it can be verified where it arrives.
fn log(line: &[u8], describe: Describe) -> LogRecord {
    let body = String::from_utf8_lossy(line).into_owned();
    let mut record = LogRecord {
        body: Some(AnyValue { value: Some(Value::StringValue(body)) }),
        event_name: "bordergate.audit".to_owned(),
        severity_number: SeverityNumber::Info.into(),
        severity_text: "INFO".to_owned(),
        observed_time_unix_nano: nanoseconds(jiff::Timestamp::now()),
        ..LogRecord::default()
    };
    let Some(described) = describe(line) else { return record };
    let Described { event, is_warning, time, trace_id, names, number: (key, sequence) } = described;
    record.event_name = event.to_owned();
    if is_warning {
        record.severity_number = SeverityNumber::Warn.into();
        record.severity_text = "WARN".to_owned();
    }
    record.time_unix_nano = time.map(nanoseconds).unwrap_or_default();
    let trace_id = trace_id.and_then(|text| u128::from_str_radix(text, 16).ok());
    record.trace_id = trace_id.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default();
    record.attributes = names
        .into_iter()
        .filter_map(|(key, value)| Some(text(key, value?)))
        .chain(sequence.map(|it| number(key, it)))
        .collect();
    record
}

fn resource() -> Option<Resource> {
    let mut attributes = vec![
        text("service.name", "bordergate"),
        text("service.version", env!("CARGO_PKG_VERSION")),
    ];
    static HOST: OnceLock<Option<String>> = OnceLock::new();
    let host = HOST.get_or_init(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    attributes.extend(host.as_ref().map(|name| text("host.name", name.trim())));
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope {
        name: "bordergate".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    })
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn nanoseconds(at: jiff::Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}

fn nanoseconds_of(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
