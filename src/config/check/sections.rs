//! What stands beside listeners and routes: rules, records, limits.

use std::time::Duration;

use super::Checker;
use crate::config::{
    AuditSinkKind, BundleSection, Config, LimitsSection, OtlpSection, bundle, otlp,
};

/// More than any service sends, and far below what a map of headers holds.
const HEADERS_MAX: usize = 4_096;

/// Between two askings for a bundle.
const ASK_INTERVAL_MIN: Duration = Duration::from_millis(100);

impl Checker<'_> {
    fn bundle(&mut self, config: &Config, section: &BundleSection) {
        if let Some(directory) = &config.rules.directory {
            self.error(
                directory,
                "the rules come from a directory and from bundles",
                "take `directory:` or `bundle:` out",
            );
        }
        if let Some(url) = &section.url
            && let Some(complaint) = bundle::complaint_of(url)
        {
            let message = format!("`{}` {complaint}", **url);
            self.error(
                url,
                message,
                "give a URL such as `https://rules.example/bordergate.bundle`",
            );
        }
        if section.keys.is_empty() {
            self.key(
                &["rules", "bundle", "keys"],
                "no key is given that bundles are signed with",
                "add the public key that `bordergate bundle keygen` wrote",
            );
        }
        for key in &section.keys {
            self.file_exists("keys", key);
        }
        if !section.cache.is_dir() {
            let message = format!("no such directory: `{}`", section.cache.display());
            self.error(&section.cache, message, "create it, or correct `cache:`");
        }
        self.roots(&section.roots);
        self.credentials(&section.token_file, &section.client_certificate, &section.client_key);
        if section.interval.0 < ASK_INTERVAL_MIN {
            self.key(
                &["rules", "bundle", "interval"],
                "`rules.bundle.interval` is below 100ms",
                "give at least `100ms`, or take it out for `1m`",
            );
        }
        if let Some(time) = section.stale_after.filter(|time| time.0 < section.interval.0) {
            self.key(
                &["rules", "bundle", "stale_after"],
                format!(
                    "`rules.bundle.stale_after` ({time}) is below `rules.bundle.interval` ({})",
                    section.interval
                ),
                "ask at least twice in the time that rules may go unconfirmed",
            );
        }
    }

    fn otlp(&mut self, config: &Config, section: &OtlpSection) {
        let endpoint = &section.endpoint;
        if let Some(complaint) = otlp::complaint_of(endpoint) {
            let message = format!("`{}` {complaint}", **endpoint);
            self.error(endpoint, message, "give a URL such as `https://collector.example:4318`");
        } else if bundle::is_in_clear_over_a_network(endpoint) {
            self.diagnostics
                .warning(
                    endpoint.place(self.file),
                    "who sends what where goes to the collector over a network in clear",
                )
                .remedy("give it `https://…`, or have a collector on this machine pass it on");
        }
        if section.logs && config.audit.sink == AuditSinkKind::None {
            self.key(
                &["telemetry", "otlp", "logs"],
                "`logs` sends lines of the audit, and there is none",
                "give `audit.sink` a file or `stdout`, or take `logs:` out",
            );
        }
        if section.sample_percent > 100 {
            self.key(
                &["telemetry", "otlp", "sample_percent"],
                "`telemetry.otlp.sample_percent` is above 100",
                "give a number from 0 to 100",
            );
        }
        if section.interval.0.is_zero() {
            self.key(
                &["telemetry", "otlp", "interval"],
                "`telemetry.otlp.interval` is 0",
                "give a time such as `1s`",
            );
        }
        self.roots(&section.roots);
        self.credentials(&section.token_file, &section.client_certificate, &section.client_key);
        if let Some(token) = &section.token_file
            && bundle::is_in_clear_over_a_network(endpoint)
        {
            self.error(
                token,
                "the token would cross a network in clear",
                "give `endpoint:` an `https://…`",
            );
        }
    }

    pub(super) fn sections(&mut self, config: &Config) {
        if let Some(directory) = &config.rules.directory
            && !directory.is_dir()
        {
            let message = format!("no such directory: `{}`", directory.display());
            self.error(directory, message, "create it, or correct `directory:`");
        }
        if let Some(section) = &config.telemetry.otlp {
            self.otlp(config, section);
        }
        if let Some(bundle) = &config.rules.bundle {
            self.bundle(config, bundle);
        }
        if let Some(path) = &config.rules.keyring {
            self.file_exists("keyring", path);
        }
        if let Some(path) = &config.geoip.database {
            self.file_exists("database", path);
        }
        if let Some(path) = &config.admin.token_file {
            self.file_exists("token_file", path);
        }
        if let Some(shadow) = &config.rules.shadow
            && !(1..=100).contains(&shadow.percent)
        {
            self.key(
                &["rules", "shadow", "percent"],
                format!("`rules.shadow.percent` is {}", shadow.percent),
                "give a number from 1 to 100, or take it out for all transfers",
            );
        }
        if let Some(path) = &config.admin.operators_file {
            self.file_exists("operators_file", path);
        }
        if let Some(tls) = &config.admin.tls {
            self.file_exists("certificate", &tls.certificate);
            self.file_exists("key", &tls.key);
            if let Some(roots) = &tls.client_roots {
                self.file_exists("client_roots", roots);
            }
        }
        if let Some(facts) = &config.facts {
            self.file_exists("key_file", &facts.key_file);
            if facts.path.is_dir() {
                let message = format!("`{}` is a directory", facts.path.display());
                self.error(&facts.path, message, "give a file in it, such as `facts.redb`");
            }
            // It may be mounted later, and is tried again until it is.
            let directory = facts.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            if let Some(directory) = directory.filter(|directory| !directory.is_dir()) {
                let message = format!(
                    "no such directory: `{}`; the store is unavailable until there is one",
                    directory.display()
                );
                self.diagnostics
                    .warning(facts.path.place(self.file), message)
                    .remedy("create it, or correct `path:`");
            }
        }
        self.audit(config);
        for network in config.trusted_hops.iter().filter(|network| network.0.prefix_len() == 0) {
            self.diagnostics
                .warning(network.place(self.file), "every address there is counts as a trusted hop")
                .remedy("name the networks of your own hops, such as `10.0.0.0/8`");
        }
        if let Some(uri) = &config.blocked_by
            && (!uri.contains(':') || uri.contains(['<', '>', '"', ' ']) || !uri.is_ascii())
        {
            let message = format!("`{}` is not a URI", **uri);
            self.error(uri, message, "give one such as `https://gateway.example/`");
        }
        self.bounds(config);
        if !config.inspection.enabled {
            let place = self.place_of(&["inspection", "enabled"]);
            self.diagnostics
                .warning(
                    place,
                    "`inspection.enabled` is false: every payload crosses unread and undecided",
                )
                .remedy("take it out unless you are measuring");
        }
    }

    fn audit(&mut self, config: &Config) {
        /// A seal holds eight characters for each line, and is one line itself.
        const SEAL_LINES_MAX: usize = 65_536;
        const ROTATE_BYTES_MIN: usize = 64 << 10;
        const ROTATE_AGE_MIN: Duration = Duration::from_secs(1);
        match (config.audit.sink, &config.audit.path) {
            (AuditSinkKind::File, None) => {
                self.key(
                    &["audit", "sink"],
                    "`audit.sink` is `file`, and no `audit.path` is given",
                    "add `path:` below `audit:`",
                );
            }
            (AuditSinkKind::Stdout | AuditSinkKind::None, Some(path)) => {
                self.diagnostics
                    .warning(
                        path.place(self.file),
                        "`audit.path` is not used unless `audit.sink` is `file`",
                    )
                    .remedy("set `sink: file`, or take `path` out");
            }
            (AuditSinkKind::File, Some(_))
            | (AuditSinkKind::Stdout | AuditSinkKind::None, None) => {}
        }
        if config.audit.required && config.audit.sink == AuditSinkKind::None {
            self.key(
                &["audit", "required"],
                "`audit.required` is true, and `audit.sink` is `none`",
                "choose `stdout` or `file`",
            );
        }
        let audit = &config.audit;
        if let Some(seal) = &audit.seal {
            self.file_exists("key_file", &seal.key_file);
            if seal.lines == 0 || seal.lines > SEAL_LINES_MAX {
                self.key(
                    &["audit", "seal", "lines"],
                    format!("`audit.seal.lines` is {}", seal.lines),
                    format!("give a number from 1 to {SEAL_LINES_MAX}, or take it out for 1000"),
                );
            }
            if audit.sink == AuditSinkKind::None {
                self.key(
                    &["audit", "seal"],
                    "`audit.seal` is given, and `audit.sink` is `none`",
                    "choose `stdout` or `file`, or take `seal` out",
                );
            }
        }
        if let Some(rotate) = &audit.rotate {
            if audit.sink != AuditSinkKind::File {
                self.key(
                    &["audit", "rotate"],
                    "only a file can be rotated, and `audit.sink` is another",
                    "set `sink: file`, or take `rotate` out",
                );
            }
            if rotate.bytes.is_none() && rotate.age.is_none() {
                self.key(
                    &["audit", "rotate"],
                    "`audit.rotate` says neither how long nor how old a file may become",
                    "add `bytes:` or `age:`, or take `rotate` out",
                );
            }
            if rotate.bytes.is_some_and(|bytes| bytes.0 < ROTATE_BYTES_MIN) {
                self.key(
                    &["audit", "rotate", "bytes"],
                    "`audit.rotate.bytes` would put a file aside at almost every record",
                    "give at least `64KiB`",
                );
            }
            if rotate.age.is_some_and(|age| age.0 < ROTATE_AGE_MIN) {
                self.key(
                    &["audit", "rotate", "age"],
                    "`audit.rotate.age` would put a file aside at almost every record",
                    "give at least `1s`",
                );
            }
        }
        if let Some(path) = &audit.subject_key_file {
            self.file_exists("subject_key_file", path);
            if config.facts.as_ref().is_some_and(|facts| facts.key_file.value != path.value) {
                self.error(
                    path,
                    "people would be known by two keys, this one and that of `facts`",
                    "take it out: records name people by the key of `facts`",
                );
            }
        }
        for (name, is_zero) in [
            ("queue_bytes_max", audit.queue_bytes_max.0 == 0),
            ("commit", audit.commit.0.is_zero()),
        ] {
            if is_zero {
                self.key(
                    &["audit", name],
                    format!("`audit.{name}` is 0, so that no record would be written"),
                    format!("give `{name}` a positive value, or take it out for the default"),
                );
            }
        }
    }

    fn bounds(&mut self, config: &Config) {
        let limits = &config.limits;
        if limits.headers_max > HEADERS_MAX {
            self.key(
                &["limits", "headers_max"],
                format!("`limits.headers_max` is above {HEADERS_MAX}"),
                format!("give at most `{HEADERS_MAX}`"),
            );
        }
        // What a connection reads into.
        if limits.head_bytes_max.0 < 8 << 10 {
            self.key(
                &["limits", "head_bytes_max"],
                "`limits.head_bytes_max` is below 8KiB",
                "give at least `8KiB`",
            );
        }
        let positive = [
            ("headers_max", limits.headers_max),
            ("body_bytes_max", limits.body_bytes_max.0),
            ("decoded_ratio_max", limits.decoded_ratio_max),
            ("depth_max", limits.depth_max),
            ("fields_max", limits.fields_max),
            ("findings_max", limits.findings_max),
            ("documents_max", limits.documents_max),
            ("connections_max", limits.connections_max),
            ("exchanges_max", limits.exchanges_max),
            ("streams_max", limits.streams_max as usize),
        ];
        for (name, value) in positive {
            if value == 0 {
                self.key(
                    &["limits", name],
                    format!("`limits.{name}` is 0, so that nothing would pass"),
                    format!("give `{name}` a positive value, or take it out for the default"),
                );
            }
        }
        let read_into = limits.head_bytes_max.0.saturating_mul(LimitsSection::READ_INTO);
        let one_body = limits.body_bytes_max.0.saturating_add(read_into);
        if limits.held_bytes_max.0 < one_body {
            self.key(
                &["limits", "held_bytes_max"],
                format!(
                    "`limits.held_bytes_max` ({}) is below `limits.body_bytes_max` ({}) and twice `limits.head_bytes_max` ({}), so that a permitted body is never held",
                    limits.held_bytes_max, limits.body_bytes_max, limits.head_bytes_max
                ),
                "raise the first or lower the others",
            );
        }
        let dns = &config.dns;
        if dns.ttl_min.0.is_zero() {
            self.key(
                &["dns", "ttl_min"],
                "`dns.ttl_min` is 0, so that names would be looked up without a pause",
                "give `ttl_min` a positive value, or take it out for the default",
            );
        }
        if dns.ttl_max.0 < dns.ttl_min.0 {
            self.key(
                &["dns", "ttl_max"],
                format!("`dns.ttl_max` ({}) is below `dns.ttl_min` ({})", dns.ttl_max, dns.ttl_min),
                "raise the first or lower the other",
            );
        }
        let deadlines = &config.deadlines;
        let times = [
            ("queue", deadlines.queue),
            ("handshake", deadlines.handshake),
            ("head", deadlines.head),
            ("body", deadlines.body),
            ("inspection", deadlines.inspection),
            ("connect", deadlines.connect),
            ("first_byte", deadlines.first_byte),
            ("idle", deadlines.idle),
            ("total", deadlines.total),
        ];
        for (name, time) in times {
            if time.0.is_zero() {
                self.key(
                    &["deadlines", name],
                    format!("`deadlines.{name}` is 0, so that nothing would be in time"),
                    format!("give `{name}` a positive value, or take it out for the default"),
                );
            }
        }
    }
}
