//! The section `telemetry.otlp`: traces and audit records to a collector.

use std::{path::PathBuf, time::Duration};

use super::{Roots, Time};
use crate::source::At;

/// What leaves the gateway about itself, beside metrics and the audit.
#[derive(
    Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetrySection {
    /// To an OpenTelemetry collector. Default: nothing is sent.
    pub otlp: Option<OtlpSection>,
}

/// OTLP over HTTP, in binary protobuf.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtlpSection {
    /// Where the collector is, such as `https://collector.example:4318`; `/v1/traces` and `/v1/logs` are
    /// added.
    #[schemars(with = "String")]
    pub endpoint: At<String>,
    /// Each sampled exchange as a trace: waiting for the body, inspection, its record, the data centre.
    #[serde(default = "yes")]
    #[schemars(default = "yes")]
    pub traces: bool,
    /// Each line of the audit, once it is written, as a log record.
    #[serde(default)]
    pub logs: bool,
    /// How many of a hundred exchanges are traced whose trace begins here. Those whose caller sent a
    /// `traceparent` are when that says so.
    #[serde(default = "all")]
    #[schemars(default = "all", range(min = 0, max = 100))]
    pub sample_percent: u16,
    /// The longest anything waits to be sent. Default 1s.
    #[serde(default = "interval")]
    #[schemars(default = "interval")]
    pub interval: Time,
    /// `system` for the machine's trust store, or a PEM file of the authorities of the collector.
    #[serde(default = "Roots::system")]
    #[schemars(with = "String", default = "Roots::system_name")]
    pub roots: At<Roots>,
    /// A file with a bearer token; read again for each message.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub token_file: Option<At<PathBuf>>,
    /// PEM file of the certificate that is shown to the collector, leaf first; with `client_key`. Read again
    /// when it changes.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub client_certificate: Option<At<PathBuf>>,
    /// PEM file of its private key.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub client_key: Option<At<PathBuf>>,
}

fn yes() -> bool {
    true
}

fn all() -> u16 {
    100
}

fn interval() -> Time {
    Time(Duration::from_secs(1))
}

/// Why `endpoint` is no place to send to; `None` when it is.
pub(super) fn complaint_of(endpoint: &str) -> Option<&'static str> {
    let Ok(uri) = endpoint.parse::<http::Uri>() else { return Some("is not a URL") };
    match (uri.scheme_str(), uri.authority()) {
        (Some("https" | "http"), Some(authority)) if !authority.as_str().contains('@') => None,
        _ => Some("is not `https://host:port` or `http://host:port`"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{config::Config, source::SourceFile};

    #[test]
    fn a_collector_is_a_url_and_better_not_in_clear() {
        for (endpoint, more, complaint) in [
            ("https://collector.example:4318", "", None),
            ("http://127.0.0.1:4318", "", None),
            ("http://collector.example:4318", "", Some("in clear")),
            ("collector.example:4318", "", Some("is not `https://host:port`")),
            ("grpc://collector.example:4317", "", Some("is not `https://host:port`")),
            ("https://me:secret@collector.example", "", Some("is not `https://host:port`")),
            ("https://collector.example", ", interval: 0s", Some("interval` is 0")),
            ("https://collector.example", ", sample_percent: 101", Some("is above 100")),
            ("https://collector.example", ", sample_percent: 500", Some("is above 100")),
            ("https://collector.example", ", logs: true", Some("and there is none")),
            ("https://collector.example", ", token_file: Cargo.toml", None),
            ("http://127.0.0.1:4318", ", token_file: Cargo.toml", None),
            ("http://collector.example", ", token_file: Cargo.toml", Some("in clear")),
            ("HTTP://collector.example", ", token_file: Cargo.toml", Some("would cross a network")),
            ("https://collector.example", ", token_file: absent", Some("no such file")),
            (
                "https://collector.example",
                ", client_key: Cargo.toml",
                Some("is no certificate for"),
            ),
            (
                "https://collector.example",
                ", client_certificate: Cargo.toml",
                Some("is no key for"),
            ),
        ] {
            let text = format!(
                "{}\naudit: {{ sink: none }}\ntelemetry: {{ otlp: {{ endpoint: \"{endpoint}\"{more} }} }}\n",
                Config::embedded().text
            );
            let mut told = crate::source::Diagnostics::default();
            Config::check(&SourceFile { name: "c.yaml".to_owned(), text }, &mut told);
            match complaint {
                Some(words) => assert!(told.to_string().contains(words), "{endpoint}: {told}"),
                None => assert!(told.is_empty(), "{endpoint}: {told}"),
            }
        }
    }
}
