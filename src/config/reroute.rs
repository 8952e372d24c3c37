//! What of a changed configuration can be put in force while serving, and what waits for a restart.

use super::Config;

/// A configuration with other routes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rerouted {
    /// As started, with the routes of the file as it is now and what hangs on them.
    pub config: Config,
    /// The sections in which the file says something else than what is in force.
    pub restart_needed: Vec<&'static str>,
}

impl Config {
    /// Takes routes, data centres, workloads and the context of all routes from `next`, and leaves the rest
    /// as it is. Whoever adds a section says here on which side it is.
    pub(crate) fn rerouted(&self, next: Self) -> Rerouted {
        let Self {
            listeners,
            admin,
            workers,
            data_centres,
            routes,
            workloads,
            context,
            trusted_hops,
            limits,
            deadlines,
            dns,
            inspection,
            rules,
            geoip,
            facts,
            audit,
            telemetry,
            drain,
            blocked_by,
        } = next;
        let others = [
            ("listeners", listeners != self.listeners),
            ("admin", admin != self.admin),
            ("workers", workers != self.workers),
            ("trusted_hops", trusted_hops != self.trusted_hops),
            ("limits", limits != self.limits),
            ("deadlines", deadlines != self.deadlines),
            ("dns", dns != self.dns),
            ("inspection", inspection != self.inspection),
            ("rules", rules != self.rules),
            ("geoip", geoip != self.geoip),
            ("facts", facts != self.facts),
            ("audit", audit != self.audit),
            ("telemetry", telemetry != self.telemetry),
            ("drain", drain != self.drain),
            ("blocked_by", blocked_by != self.blocked_by),
        ];
        let changed = others.into_iter().filter(|(_, changed)| *changed);
        let restart_needed = changed.map(|(section, _)| section).collect();
        let config = Self { data_centres, routes, workloads, context, ..self.clone() };
        Rerouted { config, restart_needed }
    }
}
