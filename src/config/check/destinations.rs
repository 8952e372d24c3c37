//! Where requests go: data centres and the routes to them.

use std::collections::HashMap;

use super::Checker;
use crate::config::{Config, DataCentre, RouteSection};

impl Checker<'_> {
    pub(super) fn data_centres(&mut self, config: &Config) {
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

    pub(super) fn routes(&mut self, config: &Config) {
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
