//! Which rules speak wherever some circumstances are the same: a route of the gateway asks the same few
//! hundred rules over and over, and for most of them where the data goes, what for, to whom, and the facets
//! of the transfer decide alone. A worker remembers what came of that, in full; what hangs on anything else,
//! such as categories, the time or a record on file, is judged each time.

use std::{
    cell::Cell,
    hash::BuildHasher as _,
    sync::atomic::{AtomicU64, Ordering},
};

use rustc_hash::FxBuildHasher;

use super::{
    RuleRef,
    facets::Facets,
    predicate::Predicate,
    registry::{ClassRef, PurposeRef},
    set::{Gate, RuleSet},
};
use crate::domain::{Effect, Region, TagSet};

/// All that a plan hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Circumstances {
    pub(super) set: SetId,
    pub(super) origin: Option<Region>,
    pub(super) destination: Option<Region>,
    pub(super) purpose: PurposeRef,
    pub(super) class: ClassRef,
    pub(super) law_only: bool,
    pub(super) facets: Facets,
}

/// Tells compiled sets apart for as long as the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SetId(u64);

impl SetId {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn number(self) -> u64 {
        self.0
    }
}

/// What judging has to do under some circumstances.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// They apply, and nothing else comes of it than that they are cited.
    pub(super) cited: Vec<RuleRef>,
    /// Those of them that annotate.
    pub(super) annotating: Vec<RuleRef>,
    /// Their like, where one of some categories is there.
    pub(super) about: Vec<About>,
    /// They have to be judged: in the order of numbers, those with exceptions last.
    pub(super) open: Vec<Open>,
}

#[derive(Debug)]
pub(super) struct About {
    pub(super) rule: RuleRef,
    pub(super) annotates: bool,
    pub(super) categories: TagSet,
}

/// A rule, and what the circumstances already tell of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) rule: RuleRef,
    /// It applies, as far as its conditions go.
    pub(super) applies: bool,
    /// Whether what it requires is there.
    pub(super) meets: Option<bool>,
}

/// Plans of one worker.
struct Plans([Option<(Circumstances, Plan)>; Self::MAX]);

impl Plans {
    /// Routes, with what is usual on them; less than a KiB each.
    const MAX: usize = 256;
}

thread_local! {
    /// Taken while a plan is followed, so that nothing is locked.
    static PLANS: Cell<Option<Box<Plans>>> = const { Cell::new(None) };
}

impl RuleSet {
    /// Calls `follow` with the plan for these circumstances.
    pub(super) fn with_plan(&self, at: &Circumstances, follow: impl FnOnce(&Plan)) {
        let mut plans =
            PLANS.take().unwrap_or_else(|| Box::new(Plans([const { None }; Plans::MAX])));
        let slot = usize::try_from(FxBuildHasher.hash_one(at) >> 56).unwrap_or(0);
        if let Some(slot) = plans.0.get_mut(slot % Plans::MAX) {
            match slot {
                Some((known, plan)) if known == at => follow(plan),
                _ => follow(&slot.insert((*at, self.plan(at))).1),
            }
        }
        PLANS.set(Some(plans));
    }

    fn plan(&self, at: &Circumstances) -> Plan {
        let mut plan = Plan::default();
        let mut excepted = Vec::new();
        self.index.candidates(at.origin, at.destination, at.purpose, at.class, |number| {
            let (Some(rule), Some(brief)) =
                (self.rules.get(number.index()), self.briefs.get(number.index()))
            else {
                return;
            };
            let may_apply = brief.may_apply(at.facets)
                && rule.when.as_ref().is_none_or(|when| may_be_met(when, at))
                && (brief.is_law() || !at.law_only);
            if !may_apply {
                return;
            }
            let open = brief.known(number, at.facets);
            match (brief.is_cited(at.facets), rule.window, rule.gate) {
                (true, None, Gate::Categories(categories)) if rule.effect.is_none() => {
                    let annotates = brief.annotates();
                    plan.about.push(About { rule: number, annotates, categories });
                }
                (true, None, Gate::Any | Gate::Personal) => {
                    plan.cited.push(number);
                    if brief.annotates() {
                        plan.annotating.push(number);
                    }
                }
                _ if rule.effect == Some(Effect::Allow) || rule.exceptions.is_empty() => {
                    plan.open.push(open);
                }
                _ => excepted.push(open),
            }
        });
        plan.open.append(&mut excepted);
        plan
    }
}

/// False where the circumstances alone say that it is not met.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "facets tell what there is to tell of the others"
)]
fn may_be_met(predicate: &Predicate, at: &Circumstances) -> bool {
    match predicate {
        Predicate::All(parts) => parts.iter().all(|part| may_be_met(part, at)),
        Predicate::Any(parts) => parts.iter().any(|part| may_be_met(part, at)),
        Predicate::Purpose(purposes) => purposes.contains(at.purpose),
        Predicate::PurposeNot(purposes) => !purposes.contains(at.purpose),
        Predicate::RecipientClass(classes) => classes.contains(at.class),
        Predicate::RecipientClassNot(classes) => !classes.contains(at.class),
        other => at.facets.include(Facets::needed(other).0),
    }
}
