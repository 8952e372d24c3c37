//! What one part of the configuration says about another, and what the files it names say.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{
    AuditSinkKind, BundleSection, Config, DataCentre, ListenAddress, OtlpSection, Roots,
    RouteSection, Transparent, bundle, otlp,
};
use crate::{
    domain::Region,
    source::{self, At, Diagnostics, Node, NodeValue, Place, SourceFile},
};

/// Makes every relative path one from the directory of the configuration file.
pub(super) fn resolve_paths(config: &mut Config, file: &SourceFile) {
    let base = Path::new(&file.name).parent().map(Path::to_owned).unwrap_or_default();
    let resolve = |path: &mut PathBuf| *path = base.join(&*path);
    for tls in config.listeners.iter_mut().filter_map(|listener| listener.tls.as_mut()) {
        resolve(&mut tls.certificate.value);
        resolve(&mut tls.key.value);
        for one in &mut tls.certificates {
            resolve(&mut one.certificate.value);
            resolve(&mut one.key.value);
        }
        if let Some(roots) = &mut tls.client_roots {
            resolve(&mut roots.value);
        }
    }
    for data_centre in &mut config.data_centres {
        let tls = &mut data_centre.tls;
        for path in [&mut tls.client_certificate, &mut tls.client_key].into_iter().flatten() {
            resolve(&mut path.value);
        }
        tls.roots.as_mut().and_then(|roots| roots.value.file_mut()).map(resolve);
    }
    if let Some(facts) = &mut config.facts {
        resolve(&mut facts.path.value);
        resolve(&mut facts.key_file.value);
    }
    if let Some(shadow) = &mut config.rules.shadow {
        resolve(&mut shadow.directory.value);
    }
    if let Some(otlp) = &mut config.telemetry.otlp {
        otlp.roots.value.file_mut().map(resolve);
        let secrets = [&mut otlp.token_file, &mut otlp.client_certificate, &mut otlp.client_key];
        secrets.into_iter().flatten().for_each(|path| resolve(&mut path.value));
    }
    if let Some(bundle) = &mut config.rules.bundle {
        resolve(&mut bundle.cache.value);
        bundle.keys.iter_mut().for_each(|key| resolve(&mut key.value));
        bundle.roots.value.file_mut().map(resolve);
        let secrets =
            [&mut bundle.token_file, &mut bundle.client_certificate, &mut bundle.client_key];
        secrets.into_iter().flatten().for_each(|path| resolve(&mut path.value));
    }
    if let Some(tls) = &mut config.admin.tls {
        resolve(&mut tls.certificate.value);
        resolve(&mut tls.key.value);
        if let Some(roots) = &mut tls.client_roots {
            resolve(&mut roots.value);
        }
    }
    if let Some(seal) = &mut config.audit.seal {
        resolve(&mut seal.key_file.value);
    }
    let single = [
        &mut config.rules.directory,
        &mut config.rules.keyring,
        &mut config.geoip.database,
        &mut config.audit.path,
        &mut config.audit.subject_key_file,
        &mut config.admin.token_file,
        &mut config.admin.operators_file,
    ];
    for path in single.into_iter().flatten() {
        resolve(&mut path.value);
    }
}

pub(super) fn check(config: &Config, source: &SourceFile, diagnostics: &mut Diagnostics) {
    let mut checker = Checker { source, file: &source.name, diagnostics };
    checker.listeners(config);
    checker.workloads(config);
    checker.data_centres(config);
    checker.routes(config);
    checker.sections(config);
}

struct Checker<'c> {
    source: &'c SourceFile,
    file: &'c str,
    diagnostics: &'c mut Diagnostics,
}

impl Checker<'_> {
    fn error<T>(&mut self, at: &At<T>, message: impl Into<String>, remedy: impl Into<String>) {
        self.diagnostics.error(at.place(self.file), message).remedy(remedy);
    }

    fn listeners(&mut self, config: &Config) {
        if config.listeners.is_empty() {
            self.key(
                &["listeners"],
                "no listener is given",
                "add one below `listeners:`, such as `- { name: egress, address: 127.0.0.1:8080 }`",
            );
        }
        self.unique("listener", config.listeners.iter().map(|listener| &listener.name));
        // The admin address comes first: it may be the default, which has no line to point at.
        let admin = &config.admin.address;
        let mut taken = vec![(ListenAddress::Tcp(admin.value.0), admin.line, "admin".to_owned())];
        for listener in &config.listeners {
            let (address, name) = (&listener.address, &listener.name.value);
            if let Some((other, line, first)) =
                taken.iter().find(|(other, ..)| clash(other, &address.value)).cloned()
            {
                let line = if line > 0 { format!(" on line {line}") } else { String::new() };
                self.error(
                    address,
                    format!(
                        "address `{}` of `{name}` clashes with `{other}` of `{first}`{line}",
                        address.value
                    ),
                    "give each socket an address and port of its own",
                );
            }
            taken.push((address.value.clone(), address.line, name.clone()));
            if listener.transparent == Some(Transparent::Tproxy)
                && !matches!(address.value, ListenAddress::Tcp(_))
            {
                self.error(
                    address,
                    format!("listener `{name}` is to be transparent by TPROXY, and `{}` is a socket we do not make", address.value),
                    "give it an address and port, or use `transparent: redirect`",
                );
            }
            if listener.proxy_protocol && config.trusted_hops.is_empty() {
                self.error(
                    &listener.name,
                    format!("listener `{name}` takes the PROXY protocol, and no hop is trusted to speak it"),
                    "name the load balancers in `trusted_hops`, or take `proxy_protocol` out",
                );
            }
        }
        for tls in config.listeners.iter().filter_map(|listener| listener.tls.as_ref()) {
            self.file_exists("certificate", &tls.certificate);
            self.file_exists("key", &tls.key);
            for one in &tls.certificates {
                self.file_exists("certificate", &one.certificate);
                self.file_exists("key", &one.key);
            }
            if let Some(roots) = &tls.client_roots {
                self.file_exists("client_roots", roots);
            }
        }
    }

    fn workloads(&mut self, config: &Config) {
        self.unique("workload", config.workloads.iter().map(|one| &one.id));
        let mut seen = HashMap::new();
        for workload in &config.workloads {
            let spiffe = &workload.spiffe;
            if let Some(line) = seen.insert(&spiffe.value, spiffe.line) {
                self.error(
                    spiffe,
                    format!(
                        "SPIFFE id `{}` is given twice; it is first given on line {line}",
                        **spiffe
                    ),
                    "give each workload a SPIFFE id of its own",
                );
            }
            if workload.exchanges_max == Some(0) {
                self.error(
                    &workload.id,
                    format!(
                        "`exchanges_max` of workload `{}` is 0, so that nothing would pass",
                        *workload.id
                    ),
                    "give it a positive value, or take it out",
                );
            }
        }
        let is_asked = config
            .listeners
            .iter()
            .any(|listener| listener.tls.as_ref().is_some_and(|tls| tls.client_roots.is_some()));
        if let Some(first) = config.workloads.first()
            && !is_asked
            && config.trusted_hops.is_empty()
        {
            self.diagnostics
                .warning(
                    first.id.place(self.file),
                    "no caller is ever taken for a workload: no listener asks for certificates, and no hop is trusted",
                )
                .remedy("give a listener `tls: { client_roots: … }`, or name `trusted_hops`");
        }
    }

    fn data_centres(&mut self, config: &Config) {
        if config.data_centres.is_empty() {
            self.key(&["data_centres"], "no data centre is given", "add one below `data_centres:`");
        }
        self.unique("data centre", config.data_centres.iter().map(|one| &one.id));
        for data_centre in &config.data_centres {
            self.region(&data_centre.jurisdiction);
            for region in &data_centre.remote_access_from {
                self.region(region);
            }
            self.endpoints(data_centre);
            self.health(data_centre);
            self.upstream_tls(data_centre);
        }
    }

    fn endpoints(&mut self, data_centre: &DataCentre) {
        let Some(first) = data_centre.endpoints.first() else {
            self.error(
                &data_centre.id,
                format!("data centre `{}` has no endpoint", *data_centre.id),
                "add one below `endpoints:`, such as `- https://ingest.example:443`",
            );
            return;
        };
        for endpoint in data_centre.endpoints.iter().filter(|one| one.tls != first.tls) {
            self.error(
                endpoint,
                "endpoints of one data centre are partly `http`, partly `https`",
                "give all of them one scheme",
            );
        }
    }

    fn health(&mut self, data_centre: &DataCentre) {
        if data_centre.exchanges_max == Some(0) {
            self.error(
                &data_centre.id,
                format!(
                    "`exchanges_max` of data centre `{}` is 0, so that nothing would pass",
                    *data_centre.id
                ),
                "give it a positive value, or take it out",
            );
        }
        let Some(check) = &data_centre.health_check else { return };
        if !check.path.starts_with('/') || check.path.contains(['#', ' ']) {
            self.error(
                &check.path,
                format!("`{}` is not a path", *check.path),
                "begin with `/`, such as `/healthz`",
            );
        }
        if check.interval.0.is_zero()
            || check.timeout.0.is_zero()
            || check.healthy == 0
            || check.unhealthy == 0
        {
            self.error(
                &check.path,
                "a health check of which something is 0 never comes to an end",
                "give `interval`, `timeout`, `healthy` and `unhealthy` positive values, or take them out",
            );
        }
    }

    fn upstream_tls(&mut self, data_centre: &DataCentre) {
        let tls = &data_centre.tls;
        if let Some(roots) = &tls.roots {
            self.roots(roots);
        }
        for (name, path) in
            [("client_certificate", &tls.client_certificate), ("client_key", &tls.client_key)]
        {
            if let Some(path) = path {
                self.file_exists(name, path);
            }
        }
        match (&tls.client_certificate, &tls.client_key) {
            (Some(one), None) => {
                self.error(one, "a client certificate without its key", "add `client_key:`");
            }
            (None, Some(one)) => {
                self.error(
                    one,
                    "a client key without its certificate",
                    "add `client_certificate:`",
                );
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if let Some(name) = &tls.server_name
            && rustls_pki_types::ServerName::try_from(name.value.as_str()).is_err()
        {
            let message = format!("`{}` is not a name a certificate can bear", **name);
            self.error(name, message, "give a host name such as `ingest.example`");
        }
    }

    fn routes(&mut self, config: &Config) {
        if config.routes.is_empty() {
            self.key(
                &["routes"],
                "no route is given",
                "add one below `routes:`, such as `- { id: all, data_centre: … }`",
            );
        }
        self.unique("route", config.routes.iter().map(|route| &route.id));
        let is_told = config.listeners.iter().any(|listener| listener.transparent.is_some());
        let unmet = config.routes.iter().flat_map(|route| &route.matches.destinations).next();
        if let Some(destination) = unmet
            && !is_told
        {
            self.error(
                destination,
                "a route by destination is never taken: no listener is transparent",
                "give a listener `transparent: redirect` or `transparent: tproxy`, or take `destinations` out",
            );
        }
        let mut seen: HashMap<String, (&RouteSection, u32)> = HashMap::new();
        for route in &config.routes {
            self.route(config, route);
            let key = selector(route);
            if let Some((first, line)) = seen.insert(key, (route, route.id.line)) {
                self.error(
                    &route.id,
                    format!(
                        "route `{}` takes the same requests as route `{}` on line {line}",
                        *route.id, *first.id
                    ),
                    "change the `match:` of one of them",
                );
            }
        }
    }

    fn route(&mut self, config: &Config, route: &RouteSection) {
        if config.data_centre(&route.data_centre).is_none() {
            let known: Vec<String> =
                config.data_centres.iter().map(|one| format!("`{}`", *one.id)).collect();
            self.error(
                &route.data_centre,
                format!("unknown data centre `{}`", *route.data_centre),
                format!("the data centres here are {}", known.join(", ")),
            );
        }
        if let Some(origin) = &route.origin {
            self.region(origin);
        }
        if let Some(host) = &route.matches.host {
            let name = host.strip_prefix("*.").unwrap_or(host);
            let is_label = |label: &str| {
                !label.is_empty()
                    && label.len() <= 63
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            };
            // An address is a host as well: `[::1]`.
            if !name.split('.').all(is_label)
                && name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_err()
            {
                let message = format!("`{}` is not a host name", **host);
                self.error(host, message, "write `name.example`, or `*.name.example` for everything below it; a port does not belong here");
            }
        }
        if let Some(prefix) = &route.matches.path_prefix
            && (!prefix.starts_with('/') || prefix.contains(['?', '#', '*']))
        {
            let message = format!("`{}` is not the beginning of a path", **prefix);
            self.error(
                prefix,
                message,
                "begin with `/`; a prefix takes whole segments, without `*` or query",
            );
        }
        for id in &route.matches.workloads {
            if config.workloads.iter().all(|workload| workload.id.value != id.value) {
                self.error(
                    id,
                    format!("unknown workload `{}`", **id),
                    "name one of those below `workloads:`, or add it there",
                );
            }
        }
        for method in &route.matches.methods {
            let is_method = !method.is_empty()
                && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
            if !is_method {
                let message = format!("`{}` is not a method", **method);
                self.error(method, message, "write it in capitals, such as `POST`");
            } else if method.value == "CONNECT" {
                self.error(
                    method,
                    "`CONNECT` opens a tunnel that nobody can look into, and is always refused",
                    "take it out",
                );
            }
        }
    }

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
        let asked_too_often = section.interval.0 < std::time::Duration::from_millis(100);
        if asked_too_often || section.stale_after.is_some_and(|time| time.0 < section.interval.0) {
            self.error(
                &section.cache,
                "`interval` is below 100ms, or longer than `stale_after`",
                "ask at least twice in the time that rules may go unconfirmed",
            );
        }
    }

    fn otlp(&mut self, config: &Config, section: &OtlpSection) {
        let endpoint = &section.endpoint;
        if let Some(complaint) = otlp::complaint_of(endpoint) {
            let message = format!("`{}` {complaint}", **endpoint);
            self.error(endpoint, message, "give a URL such as `https://collector.example:4318`");
        } else if endpoint.starts_with("http://") && bundle::complaint_of(endpoint).is_some() {
            self.diagnostics
                .warning(
                    endpoint.place(self.file),
                    "who sends what where goes to the collector over a network in clear",
                )
                .remedy("give it `https://…`, or have a collector on this machine pass it on");
        }
        if section.logs && config.audit.sink == AuditSinkKind::None {
            self.error(
                endpoint,
                "`logs` sends lines of the audit, and there is none",
                "give `audit.sink` a file or `stdout`, or take `logs:` out",
            );
        }
        if section.sample_percent > 100 || section.interval.0.is_zero() {
            self.error(
                endpoint,
                "`sample_percent` is above 100, or `interval` is 0",
                "give a number from 0 to 100, and a time such as `1s`",
            );
        }
        self.roots(&section.roots);
        self.credentials(&section.token_file, &section.client_certificate, &section.client_key);
        if let Some(token) = &section.token_file
            && endpoint.starts_with("http://")
            && bundle::complaint_of(endpoint).is_some()
        {
            self.error(
                token,
                "the token would cross a network in clear",
                "give `endpoint:` an `https://…`",
            );
        }
    }

    /// What a server of ours is shown.
    fn credentials(
        &mut self,
        token: &Option<At<PathBuf>>,
        certificate: &Option<At<PathBuf>>,
        key: &Option<At<PathBuf>>,
    ) {
        for (name, path) in
            [("token_file", token), ("client_certificate", certificate), ("client_key", key)]
        {
            if let Some(path) = path {
                self.file_exists(name, path);
            }
        }
        match (certificate, key) {
            (Some(path), None) => {
                self.error(path, "there is no key for the certificate", "add `client_key:`");
            }
            (None, Some(path)) => {
                self.error(
                    path,
                    "there is no certificate for the key",
                    "add `client_certificate:`",
                );
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    fn sections(&mut self, config: &Config) {
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
        const ROTATE_AGE_MIN: std::time::Duration = std::time::Duration::from_secs(1);
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
            let small = rotate.bytes.filter(|bytes| bytes.0 < ROTATE_BYTES_MIN);
            if rotate.bytes.is_none() && rotate.age.is_none() {
                self.key(
                    &["audit", "rotate"],
                    "`audit.rotate` says neither how long nor how old a file may become",
                    "add `bytes:` or `age:`, or take `rotate` out",
                );
            } else if small.is_some() || rotate.age.is_some_and(|age| age.0 < ROTATE_AGE_MIN) {
                self.key(
                    &["audit", "rotate"],
                    "`audit.rotate` would put a file aside at almost every record",
                    "give at least `bytes: 64KiB` and `age: 1s`",
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
        // hyper's own floor for the read buffer of HTTP/1.
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
        if limits.held_bytes_max.0 < limits.body_bytes_max.0 {
            self.key(&["limits", "held_bytes_max"], format!("`limits.held_bytes_max` ({}) is below `limits.body_bytes_max` ({}), so that a permitted body is never held", limits.held_bytes_max, limits.body_bytes_max),
                "raise the former or lower the latter",
            );
        }
        let dns = &config.dns;
        if dns.ttl_min.0.is_zero() || dns.ttl_max.0 < dns.ttl_min.0 {
            self.key(
                &["dns"],
                format!(
                    "names would be looked up again between {} and {}",
                    dns.ttl_min, dns.ttl_max
                ),
                "give `ttl_min` a positive value and `ttl_max` one that is not below it",
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

    /// A complaint about the value at `keys`, or about the nearest section around where it would be.
    fn key(&mut self, keys: &[&str], message: impl Into<String>, remedy: impl Into<String>) {
        let place = self.place_of(keys);
        self.diagnostics.error(place, message).remedy(remedy);
    }

    fn place_of(&self, keys: &[&str]) -> Place {
        let mut place = Place { file: self.file.to_owned(), line: 0, column: 0 };
        // The text was readable a moment ago; its tree is built once more only to complain.
        let mut node = source::parse(self.source, &mut Diagnostics::default());
        for key in keys {
            let Some(Node { value: NodeValue::Mapping(entries), .. }) = node else { break };
            let Some((name, value)) =
                entries.into_iter().find(|(name, _)| name.text() == Some(key))
            else {
                break;
            };
            place = name.place(self.file);
            node = Some(value);
        }
        place
    }

    fn unique<'i>(&mut self, noun: &str, ids: impl Iterator<Item = &'i At<String>>) {
        let mut first: HashMap<&str, u32> = HashMap::new();
        for id in ids {
            if id.is_empty() || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
                self.error(
                    id,
                    format!("`{}` is not an id", **id),
                    "use letters, digits, `-` and `_`",
                );
            }
            if let Some(line) = first.insert(id.as_str(), id.line) {
                self.error(
                    id,
                    format!("{noun} `{}` is given twice; it is first given on line {line}", **id),
                    "give each an id of its own",
                );
            }
        }
    }

    fn region(&mut self, region: &At<Region>) {
        if !region.is_assigned() {
            let hint = match region.as_str() {
                "UK" => "the code of the United Kingdom is `GB`",
                "EU" => "name the member state, such as `DE` or `IE`",
                _ => "use an assigned code, such as `CN`, `US` or `SG`",
            };
            self.error(region, format!("`{}` is not assigned by ISO 3166-1", **region), hint);
        }
    }

    fn roots(&mut self, roots: &At<Roots>) {
        if let At { value: Roots::File(path), line, column } = roots {
            self.file_exists("roots", &At { value: path.clone(), line: *line, column: *column });
        }
    }

    fn file_exists(&mut self, key: &str, path: &At<PathBuf>) {
        match std::fs::File::open(&path.value) {
            Ok(_) if path.is_dir() => {
                let message = format!("`{}` is a directory", path.display());
                self.error(path, message, format!("give `{key}:` the path of a file"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = format!("no such file: `{}`", path.display());
                self.error(path, message, format!("create it, or correct `{key}:`"));
            }
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", path.display());
                self.error(path, message, "let the user that runs this read it");
            }
        }
    }
}

/// True when both cannot be bound at once. Port 0 never clashes.
fn clash(a: &ListenAddress, b: &ListenAddress) -> bool {
    let (ListenAddress::Tcp(a), ListenAddress::Tcp(b)) = (a, b) else { return a == b };
    let (a, b) = (*a, *b);
    a.port() != 0
        && a.port() == b.port()
        && (a.ip() == b.ip()
            || (a.ip().is_unspecified() || b.ip().is_unspecified()) && a.is_ipv4() == b.is_ipv4()
            || [a, b].iter().any(|one| one.ip() == std::net::Ipv6Addr::UNSPECIFIED))
}

fn selector(route: &RouteSection) -> String {
    let matches = &route.matches;
    let mut methods: Vec<&str> = matches.methods.iter().map(|method| method.as_str()).collect();
    methods.sort_unstable();
    let host = matches.host.as_ref().map(|host| host.to_ascii_lowercase()).unwrap_or_default();
    let prefix = matches.path_prefix.as_ref().map_or("", |prefix| prefix.trim_end_matches('/'));
    let mut workloads: Vec<&str> = matches.workloads.iter().map(|id| id.as_str()).collect();
    workloads.sort_unstable();
    let mut destinations: Vec<String> =
        matches.destinations.iter().map(|network| network.0.to_string()).collect();
    destinations.sort_unstable();
    let lists = [methods.join(","), workloads.join(","), destinations.join(",")];
    format!("{host} {prefix} {}", lists.join(" "))
}
