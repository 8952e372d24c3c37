//! Every metric by name, kind, labels and help: the one place they are written down.
//!
//! [`Metrics`](super::Metrics) is built from these entries and the operators' table is printed from
//! them, so that neither can drift from the other.

use std::fmt;

/// One metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

impl fmt::Display for Description {
    /// A row of the operators' table: name, kind, labels, help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kind, labels, help } = self;
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        write!(f, "| `{name}` | {kind} | {} | {help} |", labels.join(", "))
    }
}

macro_rules! catalogue {
    ($($id:ident $kind:ident $name:literal [$($label:literal),*] $help:literal)*) => {
        $(pub(super) const $id: Description = Description {
            name: $name,
            kind: Kind::$kind,
            labels: &[$($label),*],
            help: $help,
        };)*
        pub(super) const ALL: &[Description] = &[$($id),*];
    };
}

catalogue! {
    TRANSFERS Counter "bordergate_transfers_total" ["origin", "destination", "purpose", "outcome", "rule"]
        "Transfers judged, by jurisdictions, purpose, outcome and the deciding rule (`none` when no rule stood out)."
    FINDINGS Counter "bordergate_findings_total" ["category", "outcome"]
        "Personal data found, by category and what happened to it."
    COVERAGE Counter "bordergate_coverage_total" ["coverage", "cause"]
        "Messages by how much of them was read, and why not all (`none` when all was)."
    INSPECTED_BYTES Counter "bordergate_inspected_bytes_total" []
        "Bytes read by the engine, decoded layers included."
    INSPECTION_DURATION Histogram "bordergate_inspection_duration_seconds" []
        "Time the engine took for one message: decode, detect, decide, redact."
    UPSTREAM_DURATION Histogram "bordergate_upstream_duration_seconds" ["data_centre"]
        "Time from the request sent upstream to the last byte of its response."
    EXCHANGE_DURATION Histogram "bordergate_exchange_duration_seconds" []
        "Time from the request's head to the response's last byte."
    EXCHANGES_IN_FLIGHT Gauge "bordergate_exchanges_in_flight" []
        "Exchanges begun and not yet closed."
    HELD_BYTES Gauge "bordergate_held_bytes" []
        "Bytes of request bodies held for inspection, of `limits.held_bytes_max`."
    QUEUE_DELAY Gauge "bordergate_queue_delay_seconds" ["worker"]
        "For how long what is ready to go on waited for its turn on a worker when it last looked."
    CONNECTIONS Gauge "bordergate_connections" ["state"]
        "Connections of callers: `served`, or `quiet` when nothing goes on and they are a socket alone."
    ACCEPT_ERRORS Counter "bordergate_accept_errors_total" []
        "Connections that could not be accepted for now, mostly for want of file descriptors."
    CONTEXTS_IGNORED Counter "bordergate_context_ignored_total" []
        "Requests with `Bordergate-Transfer` from somebody who is no trusted hop; what it said was not believed."
    EXCHANGE_ERRORS Counter "bordergate_exchange_errors_total" ["side", "kind"]
        "Exchanges that failed for another reason than a rule, by whose side it was and what."
    AUDIT_WRITTEN Counter "bordergate_audit_written_total" []
        "Audit records handed to the operating system."
    AUDIT_DROPPED Counter "bordergate_audit_dropped_total" []
        "Audit records lost because the sink could not keep up or could not write."
    AUDIT_ERRORS Counter "bordergate_audit_errors_total" ["kind"]
        "Failed writes to the audit sink, by cause."
    AUDIT_QUEUE Gauge "bordergate_audit_queue_bytes" []
        "Bytes of audit records waiting to be written."
    AUDIT_SEQUENCE Gauge "bordergate_audit_sequence" []
        "Number of the last line of the audit."
    AUDIT_UNSEALED Gauge "bordergate_audit_unsealed_lines" []
        "Lines of the audit that no seal covers yet; 0 without a key to seal with."
    AUDIT_SEALS Counter "bordergate_audit_seals_total" []
        "Seals written into the audit."
    AUDIT_ROTATIONS Counter "bordergate_audit_rotations_total" []
        "Audit files put aside because they were long or old enough."
    FACTS_AVAILABLE Gauge "bordergate_facts_available" []
        "1 while the facts store answers, 0 while it does not or there is none."
    FACTS_UNAVAILABLE Counter "bordergate_facts_unavailable_total" ["cause"]
        "Times the facts store was closed or could not be opened, by cause."
    FACTS_OPERATIONS Counter "bordergate_facts_operations_total" ["operation", "result"]
        "Operations of the facts store, by what they came to; `refused` when a count would pass what was decided for."
    FACTS_DURATION Histogram "bordergate_facts_operation_duration_seconds" ["operation"]
        "Time an operation of the facts store took."
    FACTS_COMMITS Counter "bordergate_facts_commits_total" []
        "Commits of the facts store; one takes in everything asked while the one before was written."
    RELOAD_SUCCESSFUL Gauge "bordergate_config_last_reload_successful" []
        "1 when the last attempt to load the rules succeeded, 0 when the rules before it still serve."
    RELOAD_SUCCESS_TIMESTAMP Gauge "bordergate_config_last_reload_success_timestamp_seconds" []
        "Unix time of the last successful load of the rules."
    RULES_GENERATION Gauge "bordergate_rules_generation" []
        "Number of the generation of rules that serves."
    RULES_PINNED Gauge "bordergate_rules_pinned" []
        "1 while rules serve that an operator promoted or went back to; a restart begins with the directory's."
    RELOADS Counter "bordergate_reloads_total" ["result"]
        "Attempts to load the rules, the first included."
    ROUTES_SUCCESSFUL Gauge "bordergate_routes_last_reload_successful" []
        "1 when the routes in the configuration file serve, 0 when they were refused and those before them still do."
    ROUTES_GENERATION Gauge "bordergate_routes_generation" []
        "Number of the generation of routes that serves."
    ROUTES_RELOADS Counter "bordergate_routes_reloads_total" ["result"]
        "Attempts to load the routes anew."
    RESTART_NEEDED Gauge "bordergate_restart_needed" []
        "1 while the configuration file says something that is in force only after a restart; the status names it."
    BUNDLE_OFFERS Counter "bordergate_bundle_offers_total" ["result"]
        "Times a signed bundle of rules was asked for or pushed, by what came of it: `taken`, `unchanged`, or why it was not."
    BUNDLE_VERSION Gauge "bordergate_bundle_version" []
        "Version of the bundle whose rules were taken last; 0 without bundles."
    BUNDLE_CONFIRMED Gauge "bordergate_bundle_confirmed_timestamp_seconds" []
        "Unix time at which the bundle was last known to be the one to go by; 0 without bundles."
    RULES_TRUSTED Gauge "bordergate_rules_trusted" []
        "0 while the bundle has expired or nobody has confirmed it for too long, else 1."
    SHADOW Counter "bordergate_shadow_transfers_total" ["result"]
        "Transfers judged beside by the rules to come, by whether both decide alike; `skipped` were not judged."
    SHADOW_SUCCESSFUL Gauge "bordergate_shadow_last_reload_successful" []
        "0 while the rules to come were refused and nothing is judged beside, else 1."
    GEOIP_SUCCESSFUL Gauge "bordergate_geoip_last_reload_successful" []
        "0 when the country database as it is now was refused and the one before it still serves, else 1."
    ENDPOINT_HEALTHY Gauge "bordergate_endpoint_healthy" ["data_centre", "endpoint"]
        "1 while an endpoint passes its health checks, 0 while it does not; only where there are checks."
    ENDPOINT_EJECTIONS Counter "bordergate_endpoint_ejections_total" ["data_centre", "endpoint"]
        "Times an endpoint was left alone for a while because it failed."
    UPSTREAM_EXCHANGES Counter "bordergate_upstream_exchanges_total" ["data_centre", "result"]
        "Exchanges that went to a data centre, by whether it `answered` or `failed`."
    UPSTREAM_RETRIES Counter "bordergate_upstream_retries_total" ["data_centre"]
        "Requests sent again after a connection broke, or because the data centre had not processed them."
    DNS_LOOKUPS Counter "bordergate_dns_lookups_total" ["result"]
        "Times the name of an endpoint was looked up; after a failure the last addresses serve on for a while."
    CERTIFICATE_EXPIRY Gauge "bordergate_certificate_expiry_timestamp_seconds" ["name"]
        "Unix time at which the first of the certificates of a listener, a data centre or the admin address (`admin`) runs out."
    CERTIFICATE_RELOADS Counter "bordergate_certificate_reloads_total" ["result"]
        "Times changed certificate files were read again."
    OTLP_ITEMS Counter "bordergate_otlp_items_total" ["signal", "result"]
        "Traces of exchanges and lines of the audit for the collector, by whether it took them; `dropped` found no room or no collector."
    BUILD_INFO Gauge "bordergate_build_info" ["version", "os", "architecture"]
        "Always 1; the labels say what is running."
    LOG_DROPPED Counter "bordergate_log_lines_dropped_total" []
        "Log lines that were not written: standard error takes them too slowly, or not at all."
    PROCESS_CPU Counter "process_cpu_seconds_total" []
        "User and system processor time spent."
    PROCESS_RESIDENT Gauge "process_resident_memory_bytes" []
        "Resident memory."
    PROCESS_VIRTUAL Gauge "process_virtual_memory_bytes" []
        "Virtual memory."
    PROCESS_FDS Gauge "process_open_fds" []
        "Open file descriptors."
    PROCESS_FDS_MAX Gauge "process_max_fds" []
        "File descriptors the process may open."
    PROCESS_THREADS Gauge "process_threads" []
        "Threads of the process."
    PROCESS_START Gauge "process_start_time_seconds" []
        "Unix time at which the process started."
}

/// Seconds. Small JSON takes the engine microseconds and a body of the largest size tens of
/// milliseconds, so the scale is 1-2.5-5 from 5 µs; 2 s is the default time limit of an inspection.
pub(super) const INSPECTION_BUCKETS: &[f64] = &[
    5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 0.1, 0.5, 2.0,
];

/// Seconds. A data centre in the same city answers within a millisecond, one across an ocean adds
/// 150 to 350 ms of travel: the scale is dense there, and ends where callers give up.
pub(super) const EXCHANGE_BUCKETS: &[f64] = &[
    5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0, 2.5, 5.0,
    10.0, 30.0,
];

/// Seconds. A lookup takes microseconds from memory and a disk's seek when not, a commit one flush of the
/// disk: 50 µs to some tens of milliseconds.
pub(super) const FACTS_BUCKETS: &[f64] = &[
    1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.5, 2.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://prometheus.io/docs/practices/naming/>
    #[test]
    fn names_follow_the_conventions() {
        for description in ALL {
            let name = description.name;
            assert_eq!(description.kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(description.help.ends_with('.'), "{name}");
            if description.kind == Kind::Histogram {
                assert!(name.ends_with("_seconds"), "{name}");
            }
            let others = ALL.iter().filter(|other| other.name == name).count();
            assert_eq!(others, 1, "{name} is described twice");
        }
    }

    #[test]
    fn a_description_is_a_row_of_a_table() {
        assert_eq!(
            FINDINGS.to_string(),
            "| `bordergate_findings_total` | counter | `category`, `outcome` | Personal data found, by \
             category and what happened to it. |"
        );
        assert!(ALL.iter().all(|description| !description.help.contains('|')));
    }

    #[test]
    fn buckets_ascend() {
        for buckets in [INSPECTION_BUCKETS, EXCHANGE_BUCKETS, FACTS_BUCKETS] {
            assert!(buckets.windows(2).all(|pair| pair[0] < pair[1]), "{buckets:?}");
        }
    }
}
