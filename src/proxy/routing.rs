//! Where requests may go, as one edition: routes, workloads and data centres, swapped whole.
//!
//! A [`Routing`] is what all workers read; [`Ways`] is the same as one worker goes by it, with its
//! connections. An exchange keeps the edition it began with. What a change leaves as it is goes over into the
//! next edition: a data centre with its connections and how its endpoints fare, a workload with its bounds.

use std::{collections::BTreeSet, fmt, rc::Rc, sync::Arc};

use super::{
    Proxy,
    destination::{self, Destination, Destinations},
    tls::Watched,
    upstream::{Target, Upstream},
    workload::Workloads,
};
use crate::{
    config::Config,
    geo::GeoDb,
    source::Diagnostics,
    telemetry::{Metrics, Reach},
};

/// What all workers know of the ways.
pub(super) struct Routing {
    /// Counts them, from 1.
    pub(super) edition: u64,
    pub(super) destinations: Destinations,
    pub(super) workloads: Workloads,
    targets: Vec<Arc<Target>>,
}

/// What data centres need beside their own section.
pub(super) struct TargetContext<'s> {
    pub(super) geo: Option<&'s Arc<GeoDb>>,
    pub(super) metrics: &'s Arc<Metrics>,
}

impl Routing {
    /// Every problem goes to `diagnostics`. What is as it was `before` is taken over.
    pub(super) fn compile(
        config: &Config,
        file: &str,
        context: &TargetContext<'_>,
        before: Option<&Self>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let errors = diagnostics.error_count();
        let edition = before.map_or(1, |before| before.edition + 1);
        let destinations = Destinations::compile(config, file, diagnostics);
        let known = before.map(|before| &before.workloads);
        let workloads = Workloads::compile(config, file, edition, known, diagnostics);
        let known = before.map(|before| before.targets.as_slice()).unwrap_or_default();
        let targets = config
            .data_centres
            .iter()
            .filter_map(|section| match known.iter().find(|target| target.is_of(section)) {
                Some(target) => Some(Arc::clone(target)),
                None => Target::compile(config, section, context, file, diagnostics).map(Arc::new),
            })
            .collect();
        let routing = Self { edition, destinations: destinations?, workloads, targets };
        (diagnostics.error_count() == errors).then_some(routing)
    }

    /// Files of data centres that change while we serve.
    pub(super) fn watched(&self) -> impl Iterator<Item = Arc<dyn Watched>> {
        self.targets.iter().filter_map(|target| target.watched())
    }

    /// Ends what looks after the endpoints that `next` does without.
    fn hand_over(&self, next: &Self, metrics: &Metrics) {
        let kept: BTreeSet<_> = next.targets.iter().flat_map(|target| target.names()).collect();
        for target in &self.targets {
            if next.targets.iter().any(|one| Arc::ptr_eq(one, target)) {
                continue;
            }
            target.retire();
            if next.targets.iter().all(|one| one.id != target.id) {
                metrics.data_centres().gone(&target.id);
            }
            for (data_centre, endpoint) in target.names().filter(|name| !kept.contains(name)) {
                metrics.endpoint_gone(data_centre, endpoint);
            }
        }
    }
}

impl Proxy {
    /// Puts other routes, workloads and data centres in service, or none of them: then `diagnostics` says why
    /// not. `config` differs from that of the start in nothing else. One thread calls this.
    pub fn reroute(&self, config: &Config, file: &str, diagnostics: &mut Diagnostics) -> bool {
        let errors = diagnostics.error_count();
        destination::check_lists(config, file, self.snapshots.load().engine.rules(), diagnostics);
        if diagnostics.error_count() > errors {
            return false;
        }
        let before = self.routing.load_full();
        let context = TargetContext { geo: self.geo.as_ref(), metrics: &self.metrics };
        let next = Routing::compile(config, file, &context, Some(&before), diagnostics);
        let Some(next) = next.map(Arc::new) else { return false };
        self.certificates.set(self.watched(&next));
        self.routing.store(Arc::clone(&next));
        before.hand_over(&next, &self.metrics);
        true
    }

    pub(super) fn watched(&self, routing: &Routing) -> Vec<Arc<dyn Watched>> {
        let of_listeners = self.listeners.iter().filter_map(|listener| listener.tls.clone());
        let of_listeners = of_listeners.map(|tls| tls as Arc<dyn Watched>);
        of_listeners.chain(routing.watched()).collect()
    }
}

/// One edition as one worker goes by it.
pub(super) struct Ways {
    pub(super) routing: Arc<Routing>,
    /// In the order of the targets.
    upstreams: Vec<Rc<Upstream>>,
}

impl Ways {
    /// Needs the worker's runtime. Connections of `before` are kept where the data centre is the same.
    pub(super) fn new(routing: Arc<Routing>, worker: usize, before: Option<&Self>) -> Self {
        let known = before.map(|before| before.upstreams.as_slice()).unwrap_or_default();
        let upstreams = routing
            .targets
            .iter()
            .map(|target| match known.iter().find(|upstream| upstream.is_to(target)) {
                Some(upstream) => Rc::clone(upstream),
                None => {
                    let upstream = Upstream::new(Arc::clone(target), worker);
                    // One worker does for all.
                    if worker == 0 {
                        upstream.look_after_endpoints();
                    }
                    upstream
                }
            })
            .collect();
        Self { routing, upstreams }
    }

    pub(super) fn close_idle(&self) {
        for upstream in &self.upstreams {
            upstream.close_idle();
        }
    }

    pub(super) fn upstream(&self, destination: &Destination) -> Option<&Rc<Upstream>> {
        self.upstreams.get(destination.data_centre_number)
    }

    pub(super) fn reach(&self, destination: &Destination) -> Option<&Reach> {
        self.routing.targets.get(destination.data_centre_number).map(|target| &*target.reach)
    }

    pub(super) fn keeps_host(&self, destination: &Destination) -> bool {
        let target = self.routing.targets.get(destination.data_centre_number);
        target.is_some_and(|target| target.preserve_host)
    }
}

impl fmt::Debug for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routing").field("edition", &self.edition).finish_non_exhaustive()
    }
}

impl fmt::Debug for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ways").field("routing", &self.routing).finish_non_exhaustive()
    }
}
