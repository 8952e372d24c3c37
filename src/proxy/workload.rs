//! Workloads: callers that the configuration knows, what is known of their transfers, and their bounds.

use std::{
    collections::HashMap,
    fmt,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use serde_json::Value;

use super::ProxyError;
use crate::{
    config::{Config, WorkloadSection},
    policy::Transfer,
    source::Diagnostics,
};

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Workloads {
    edition: u64,
    /// In the order of the configuration, which routes number them by.
    all: Vec<Arc<Workload>>,
    exact: HashMap<String, u16>,
    /// `spiffe://mesh.example/ns/` for everything below it, longest first.
    below: Vec<(String, u16)>,
}

/// One caller as the configuration knows it.
pub(super) struct Workload {
    section: WorkloadSection,
    /// Known of each of its transfers, less the exporter's flags.
    base: Transfer,
    /// Its name among them, so that a rule can name it.
    flags: Vec<String>,
    in_flight: AtomicUsize,
    in_flight_max: usize,
    rate: Option<DefaultDirectRateLimiter>,
}

/// Who calls, by certificate.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) spiffe: Rc<str>,
    /// `None` for somebody the configuration does not know.
    pub(super) workload: Option<Arc<Workload>>,
    number: Option<u16>,
    edition: u64,
}

/// One exchange of a workload under way; it is no longer when this is dropped.
#[derive(Debug)]
pub(super) struct Admitted(Arc<Workload>);

impl Workloads {
    /// Facts that are none go to `diagnostics`. One that is as it was `before` keeps what is counted of it.
    pub(super) fn compile(
        config: &Config,
        file: &str,
        edition: u64,
        before: Option<&Self>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let known = before.map(|before| before.all.as_slice()).unwrap_or_default();
        let mut workloads = Self { edition, ..Self::default() };
        for (number, section) in (0..).zip(&config.workloads) {
            let spiffe = &section.spiffe;
            if spiffe.below {
                workloads.below.push((format!("{}/", spiffe.id), number));
            } else {
                workloads.exact.insert(spiffe.id.clone(), number);
            }
            workloads.all.push(match known.iter().find(|known| known.section == *section) {
                Some(workload) => Arc::clone(workload),
                None => Arc::new(Workload::compile(section, file, diagnostics)),
            });
        }
        workloads.below.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        workloads
    }

    pub(super) fn caller(&self, spiffe: Rc<str>) -> Caller {
        let below = || self.below.iter().find(|(prefix, _)| spiffe.starts_with(prefix.as_str()));
        let number =
            self.exact.get(&*spiffe).copied().or_else(|| below().map(|(_, number)| *number));
        let workload = number.and_then(|number| self.all.get(usize::from(number)).cloned());
        Caller { spiffe, workload, number, edition: self.edition }
    }

    /// Looks a caller up again that another edition knew.
    pub(super) fn recognise(&self, caller: &mut Caller) {
        if caller.edition != self.edition {
            *caller = self.caller(Rc::clone(&caller.spiffe));
        }
    }
}

impl Caller {
    /// Whether it may say for whom it calls.
    pub(super) fn is_a_hop(&self) -> bool {
        self.workload.as_ref().is_some_and(|workload| workload.section.trusted_hop)
    }

    pub(super) fn number(&self) -> Option<u16> {
        self.number
    }
}

impl Workload {
    fn compile(section: &WorkloadSection, file: &str, diagnostics: &mut Diagnostics) -> Self {
        let mut base = Transfer::default();
        if let Some(facts) = &section.context {
            match Transfer::read_strictly(Value::Object(facts.value.clone())) {
                Ok(read) => base = read,
                Err(error) => {
                    diagnostics
                        .error(
                            facts.place(file),
                            format!("`context` is not in the shape of a decision request: {error}"),
                        )
                        .remedy("compare it with the context that `bordergate decide` takes");
                }
            }
        }
        let mut flags = std::mem::take(&mut base.exporter.flags);
        flags.push(format!("workload:{}", section.id.value));
        let rate = section.rate.as_ref().map(|rate| {
            let quota = Quota::per_second(rate.per_second);
            RateLimiter::direct(rate.burst.map_or(quota, |burst| quota.allow_burst(burst)))
        });
        Self {
            section: section.clone(),
            base,
            flags,
            in_flight: AtomicUsize::new(0),
            in_flight_max: section.exchanges_max.unwrap_or(usize::MAX),
            rate,
        }
    }

    /// Lets one exchange begin, unless that would be beyond the workload's bounds.
    pub(super) fn admit(self: &Arc<Self>) -> Result<Admitted, ProxyError> {
        // Counted before it is looked at: two at once do not both take the last place.
        let before = self.in_flight.fetch_add(1, Ordering::Relaxed);
        let admitted = Admitted(Arc::clone(self));
        if before >= self.in_flight_max {
            return Err(ProxyError::WorkloadBusy);
        }
        if let Some(rate) = &self.rate
            && let Err(not_until) = rate.check()
        {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            return Err(ProxyError::TooManyRequests { retry_after: whole_seconds(wait) });
        }
        Ok(admitted)
    }

    /// What is known of a transfer of this workload, beneath what a trusted hop stated and above what
    /// the route says.
    pub(super) fn fill(&self, transfer: &mut Transfer) {
        transfer.fill_from(self.base.clone());
    }

    /// Names the workload among the exporter's flags.
    pub(super) fn flag(&self, transfer: &mut Transfer) {
        for flag in &self.flags {
            if !transfer.exporter.flags.contains(flag) {
                transfer.exporter.flags.push(flag.clone());
            }
        }
    }
}

/// Rounded up: who comes back earlier is refused again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workload").field("flags", &self.flags).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    fn workloads() -> Workloads {
        compile(TEXT, 1, None)
    }

    const TEXT: &str = "\
listeners: [{ name: egress, address: 127.0.0.1:0 }]
trusted_hops: [127.0.0.1]
data_centres: [{ id: sg, jurisdiction: SG, endpoints: ['http://sg.example'] }]
routes: [{ id: sg, data_centre: sg }]
workloads:
  - { id: shop, spiffe: 'spiffe://mesh/ns/shop/*', context: { purpose: backup, exporter: { flags: [x] } } }
  - { id: checkout, spiffe: spiffe://mesh/ns/shop/sa/checkout, exchanges_max: 1 }
  - { id: all, spiffe: 'spiffe://mesh/*', rate: { per_second: 1, burst: 2 } }
";

    fn compile(text: &str, edition: u64, before: Option<&Workloads>) -> Workloads {
        let file = SourceFile { name: "b.yaml".into(), text: text.into() };
        let config = Config::parse(&file).unwrap();
        let mut diagnostics = Diagnostics::default();
        let workloads = Workloads::compile(&config, "b.yaml", edition, before, &mut diagnostics);
        assert_eq!(diagnostics.error_count(), 0);
        workloads
    }

    #[test]
    fn the_most_exact_workload_takes_a_caller() {
        let workloads = workloads();
        for (spiffe, expected) in [
            ("spiffe://mesh/ns/shop/sa/checkout", Some(1)),
            ("spiffe://mesh/ns/shop/sa/checkout/x", Some(0)),
            ("spiffe://mesh/ns/shop", Some(2)),
            ("spiffe://mesh/ns/shopping", Some(2)),
            ("spiffe://mesh", None),
            ("spiffe://mesh.evil/ns/shop/sa/checkout", None),
        ] {
            assert_eq!(workloads.caller(spiffe.into()).number(), expected, "{spiffe}");
        }
    }

    #[test]
    fn a_transfer_tells_rules_which_workload_it_is_of() {
        let caller = workloads().caller("spiffe://mesh/ns/shop/a".into());
        let workload = caller.workload.unwrap();
        let mut transfer = Transfer::default();
        workload.fill(&mut transfer);
        workload.flag(&mut transfer);
        assert_eq!(transfer.purpose.as_deref(), Some("backup"));
        assert_eq!(transfer.exporter.flags, ["x", "workload:shop"]);
    }

    #[test]
    fn a_workload_s_exchanges_are_bounded_and_counted_back() {
        let workloads = workloads();
        let checkout =
            workloads.caller("spiffe://mesh/ns/shop/sa/checkout".into()).workload.unwrap();
        let first = checkout.admit().unwrap();
        assert!(matches!(checkout.admit(), Err(ProxyError::WorkloadBusy)));
        assert!(
            matches!(checkout.admit(), Err(ProxyError::WorkloadBusy)),
            "a refusal takes no place"
        );
        drop(first);
        assert!(checkout.admit().is_ok());
        let any = workloads.caller("spiffe://mesh/x".into()).workload.unwrap();
        assert!(any.admit().is_ok() && any.admit().is_ok());
        let refused = any.admit();
        assert!(
            matches!(refused, Err(ProxyError::TooManyRequests { retry_after: 1 })),
            "{refused:?}"
        );
    }

    #[test]
    fn another_edition_keeps_what_is_counted_of_a_workload_that_is_the_same() {
        let before = workloads();
        let mut caller = before.caller("spiffe://mesh/ns/shop/sa/checkout".into());
        let _busy = caller.workload.clone().unwrap().admit().unwrap();
        let moved = TEXT.replace(
            "workloads:\n",
            "# moved\nworkloads:\n  - { id: first, spiffe: spiffe://mesh/first }\n",
        );
        let moved = compile(&moved, 2, Some(&before));
        moved.recognise(&mut caller);
        assert_eq!(caller.number(), Some(2), "routes number it anew");
        let refused = caller.workload.clone().unwrap().admit();
        assert!(matches!(refused, Err(ProxyError::WorkloadBusy)), "{refused:?}");
        let wider = compile(&TEXT.replace("exchanges_max: 1", "exchanges_max: 2"), 3, Some(&moved));
        wider.recognise(&mut caller);
        assert_eq!(caller.number(), Some(1));
        assert!(caller.workload.clone().unwrap().admit().is_ok());
        let none = compile(TEXT.split("workloads:").next().unwrap(), 4, Some(&wider));
        none.recognise(&mut caller);
        assert_eq!((caller.number(), caller.workload.is_none()), (None, true));
    }
}
