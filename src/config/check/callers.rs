//! Who calls: listeners and workloads.

use std::collections::HashMap;

use super::Checker;
use crate::config::{Config, ListenAddress, Transparent};

impl Checker<'_> {
    pub(super) fn listeners(&mut self, config: &Config) {
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

    pub(super) fn workloads(&mut self, config: &Config) {
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
            for key in ["destination", "transport"] {
                if let Some(context) = &workload.context
                    && context.value.contains_key(key)
                {
                    self.error(
                        context,
                        format!("`context` of workload `{}` states a `{key}`", *workload.id),
                        "take it out: a request goes where its route leads, whoever calls",
                    );
                }
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
