//! What would make it lawful: the smallest sets of needs that turn a block into redact or allow, or let a
//! redacted field pass.
//!
//! Each rule that decides has ways past it, read off its conditions. A set that takes one way past every
//! one of them is a hitting set of their alternatives. The search goes from smaller sets to larger, always
//! past the deciding rule with the fewest ways, and judges each set anew: what a need brings into play
//! (a rule that now applies, a requirement that now is unmet) is seen at once.
//!
//! INVARIANT: every proposal that leaves here was judged with its needs applied, and no need of it can be
//! left out.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::{
    case::Case,
    need::{Need, add},
    trace::{Deciding, Group, Seen, findings_of, groups, since},
    ways::{Finder, Ways},
};
use crate::{
    domain::{Coverage, Effect, Finding, Gap, TagSet},
    policy::{
        Decided, Decision, RuleRef,
        answer::Whole,
        context::Context,
        judge::{Judgement, Selected, Watch},
        set::RuleSet,
    },
};

/// How much is looked for; what is left out is said.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Proposals of one answer.
    pub proposals: usize,
    /// Decisions made on the way to them.
    pub decisions: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { proposals: 8, decisions: 600 }
    }
}

/// What a search is for.
#[derive(Debug, Clone)]
pub(super) enum Aim {
    /// No block.
    Unblocked,
    /// These findings pass unredacted, and nothing is blocked.
    Fields(BTreeSet<u32>),
    /// This effect, by these rules and no others: what a record says was decided.
    Only { effect: Effect, by: BTreeSet<String> },
}

/// Needs that were judged, and what came of them.
#[derive(Debug)]
pub(super) struct Found {
    /// Of each any one will do; every choice was judged.
    pub(super) needs: Vec<Vec<Need>>,
    pub(super) outcome: Effect,
    pub(super) redacted: Vec<String>,
}

impl Found {
    /// With one alternative of each.
    fn is_in(&self, needs: &[Need]) -> bool {
        self.needs.iter().all(|any| any.iter().any(|need| needs.contains(need)))
    }

    /// Takes in another that differs in one need alone, where one can stand for the other.
    fn take_in(&mut self, other: &Self) -> bool {
        if self.needs.len() != other.needs.len()
            || self.outcome != other.outcome
            || self.redacted != other.redacted
        {
            return false;
        }
        let has = |all: &[Vec<Need>], any: &[Need]| all.iter().any(|it| it == any);
        let mut own = (0..).zip(&self.needs).filter(|(_, any)| !has(&other.needs, any));
        let mut its = other.needs.iter().filter(|any| !has(&self.needs, any));
        let (Some((at, mine)), None, Some(theirs), None) =
            (own.next(), own.next(), its.next(), its.next())
        else {
            return false;
        };
        let alike = mine.first().zip(theirs.first()).is_some_and(|(a, b)| a.is_alternative(b));
        let at: usize = at;
        match self.needs.get_mut(at).filter(|_| alike) {
            Some(any) => {
                any.extend(theirs.iter().cloned());
                true
            }
            None => false,
        }
    }
}

/// Adds what was found to the rest: what differs in one need alone is one proposal.
fn collect(found: &mut Vec<Found>, new: Found) {
    found.push(new);
    loop {
        let pair = (1..found.len()).rev().find_map(|later| {
            let (before, rest) = found.split_at_mut(later);
            let other = rest.first()?;
            before.iter_mut().any(|it| it.take_in(other)).then_some(later)
        });
        match pair {
            Some(later) => drop(found.remove(later)),
            None => return,
        }
    }
}

/// A deciding rule nothing leads past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Obstacle {
    pub(super) rule: RuleRef,
    /// It asks for nothing that could be there: a prohibition.
    pub(super) absolute: bool,
}

#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) found: Vec<Found>,
    pub(super) obstacles: BTreeSet<Obstacle>,
    /// By deciding rule, the kinds of needs that lead past it.
    pub(super) kinds: BTreeMap<RuleRef, BTreeSet<&'static str>>,
    /// The bounds were reached; there may be more.
    pub(super) cut: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Search<'s> {
    pub(super) set: &'s RuleSet,
    pub(super) case: &'s Case,
    pub(super) coverage: Coverage,
    pub(super) gaps: &'s [Gap],
    /// Asked before every decision; false ends the search.
    pub(super) go_on: &'s dyn Fn() -> bool,
}

impl Search<'_> {
    pub(super) fn run(&self, aim: &Aim, bounds: Bounds) -> Findings {
        let mut answer = Findings::default();
        let mut left = bounds.decisions;
        // What can be put on file before what only the facts can make true, then the smaller before the larger.
        let mut queue: BTreeSet<(usize, usize, u8, usize)> = BTreeSet::from([(0, 0, 0, 0)]);
        let mut states: Vec<Vec<Need>> = vec![Vec::new()];
        let mut seen: FxHashSet<String> = FxHashSet::default();
        while let Some((.., number)) = queue.pop_first() {
            let Some(needs) = states.get(number).cloned() else { continue };
            if answer.found.iter().any(|it| it.is_in(&needs)) {
                continue;
            }
            if left == 0 || answer.found.len() >= bounds.proposals || !(self.go_on)() {
                answer.cut = true;
                break;
            }
            left -= 1;
            let case = self.case.with(&needs);
            let decision = self.decide(&case);
            if self.is_reached(aim, &case, &decision) {
                self.keep(aim, needs, &mut left, &mut answer.found);
                continue;
            }
            let mut deciders = self.deciders(&case, aim);
            if let Aim::Only { effect: Effect::Redact, by } = aim {
                // Of several rules that take one field a record names one; the others may stay. In records
                // that name none, any may.
                let redacting = decision.redactions.iter().filter(|_| !by.is_empty());
                let acting: BTreeSet<RuleRef> = redacting
                    .map(|it| it.rule)
                    .chain(decision.blocked_by.iter().copied())
                    .collect();
                deciders.retain(|(deciding, _)| acting.contains(&deciding.rule));
            }
            let is_root = needs.is_empty();
            for (deciding, ways) in &deciders {
                if is_root {
                    let kinds = answer.kinds.entry(deciding.rule).or_default();
                    kinds.extend(ways.iter().flatten().map(Need::kind));
                }
                if ways.is_empty() {
                    answer.obstacles.insert(self.obstacle(deciding.rule));
                }
            }
            // Every one of them has to be passed; the one with the fewest ways leaves least to try.
            let Some((_, ways)) = deciders.iter().min_by_key(|(_, ways)| ways.len()) else {
                continue;
            };
            for way in ways {
                let mut more = needs.clone();
                way.iter().for_each(|need| add(&mut more, need));
                // A way that was taken already and did not lead past, or one that leads nowhere with those before.
                if more == needs || !more.iter().all(Need::can_be) {
                    continue;
                }
                let mut key: Vec<String> = more.iter().map(|need| format!("{need:?}")).collect();
                key.sort_unstable();
                if seen.insert(key.join("\n")) {
                    let rank = more.iter().map(Need::rank).fold(0, u8::saturating_add);
                    let claims = more.iter().filter(|need| need.is_claim()).count();
                    queue.insert((claims, more.len(), rank, states.len()));
                    states.push(more);
                }
            }
        }
        answer
    }

    pub(super) fn decide(&self, case: &Case) -> Decision {
        self.set.decide_each(&case.transfer, &case.people, &case.findings, self.coverage, self.gaps)
    }

    fn is_reached(&self, aim: &Aim, case: &Case, decision: &Decision) -> bool {
        match aim {
            Aim::Only { effect, by } => {
                let decided = Decided::new(self.set, decision, &case.findings);
                // A record that names no rules is held to its effect.
                decided.effect == *effect && (by.is_empty() || decided.by == *by)
            }
            Aim::Unblocked | Aim::Fields(_) if decision.effect == Effect::Block => false,
            Aim::Unblocked => true,
            Aim::Fields(fields) => {
                let redacted: BTreeSet<u32> =
                    decision.redactions.iter().map(|it| it.finding).collect();
                !fields.iter().any(|number| {
                    let mut next = Some(*number);
                    // A chain longer than the list goes in a circle.
                    for _ in 0..=case.findings.items.len() {
                        match next {
                            Some(at) if redacted.contains(&at) => return true,
                            Some(at) => {
                                next = case
                                    .findings
                                    .items
                                    .get(at as usize)
                                    .and_then(|it| it.enclosing);
                            }
                            None => return false,
                        }
                    }
                    false
                })
            }
        }
    }

    /// Leaves out what can be left out, and keeps the rest with what was decided on it.
    fn keep(&self, aim: &Aim, mut needs: Vec<Need>, left: &mut usize, found: &mut Vec<Found>) {
        let mut at = 0;
        while at < needs.len() && needs.len() > 1 {
            let mut fewer = needs.clone();
            fewer.remove(at);
            let case = self.case.with(&fewer);
            *left = left.saturating_sub(1);
            if self.is_reached(aim, &case, &self.decide(&case)) {
                needs = fewer;
            } else {
                at += 1;
            }
        }
        if found.iter().any(|it| it.is_in(&needs)) {
            return;
        }
        let case = self.case.with(&needs);
        let decision = self.decide(&case);
        if !self.is_reached(aim, &case, &decision) {
            return;
        }
        let mut redacted: Vec<String> = decision
            .redactions
            .iter()
            .filter_map(|it| case.findings.items.get(it.finding as usize))
            .map(|finding| case.findings.safe_locator(finding))
            .collect();
        redacted.sort_unstable();
        let needs = needs.into_iter().map(|need| vec![need]).collect();
        collect(found, Found { needs, outcome: decision.effect, redacted });
    }

    fn obstacle(&self, number: RuleRef) -> Obstacle {
        let rule = self.set.rules.get(number.index());
        let absolute = number != self.set.default_deny()
            && rule.is_some_and(|rule| rule.require.is_none() && rule.exceptions.is_empty());
        Obstacle { rule: number, absolute }
    }

    /// The rules that stand in the way, each with the ways past it.
    fn deciders(&self, case: &Case, aim: &Aim) -> Vec<(Deciding, Ways)> {
        let coverage = self.gaps.iter().map(|gap| gap.coverage).fold(self.coverage, Coverage::max);
        let mut deciders = Vec::new();
        for group in groups(self.set, case, coverage) {
            let mut scout = Scout {
                set: self.set,
                case,
                aim,
                group: &group,
                own: findings_of(self.set, case, &group.who),
                seen: Seen::default(),
                deciders: Vec::new(),
            };
            let mut whole = Whole::default();
            self.set.judge(&case.transfer, &group.part, coverage, &mut whole, &mut scout);
            deciders.append(&mut scout.deciders);
        }
        deciders
    }
}

/// Watches for what stands in the way, and looks for ways past it while the facts are at hand.
struct Scout<'s, 'g> {
    set: &'s RuleSet,
    case: &'s Case,
    aim: &'s Aim,
    group: &'s Group<'g>,
    own: Vec<(u32, Finding)>,
    seen: Seen,
    deciders: Vec<(Deciding, Ways)>,
}

impl Scout<'_, '_> {
    fn look(&mut self, context: &Context<'_>, judgement: &Judgement) {
        let cover: TagSet = match self.aim {
            Aim::Unblocked => TagSet::EMPTY,
            Aim::Only { effect: Effect::Allow, .. } => TagSet::ALL,
            Aim::Only { effect: Effect::Redact | Effect::Block, .. } => TagSet::EMPTY,
            Aim::Fields(fields) => self
                .own
                .iter()
                .filter(|(number, _)| fields.contains(number))
                .map(|(_, finding)| finding.tag)
                .collect(),
        };
        let finder =
            Finder { set: self.set, context, who: &self.group.who, findings: &self.own, cover };
        let mut deciding: Vec<RuleRef> = since(&judgement.blocks, self.seen.blocks).to_vec();
        if let Aim::Fields(fields) = self.aim {
            for selected in since(&judgement.selected, self.seen.selected) {
                let takes = self.own.iter().any(|(number, finding)| {
                    let inside = fields.contains(number) || self.holds_one(*number, fields);
                    inside
                        && selected.takes(
                            finding,
                            &self.case.findings,
                            &context.personal,
                            &self.set.covers,
                        )
                });
                if takes {
                    deciding.push(selected.rule);
                }
            }
        }
        if let Aim::Only { effect, by } = self.aim {
            if *effect != Effect::Block {
                let redacting = since(&judgement.selected, self.seen.selected).iter();
                let takes = |selected: &&Selected| {
                    self.own.iter().any(|(_, finding)| {
                        selected.takes(
                            finding,
                            &self.case.findings,
                            &context.personal,
                            &self.set.covers,
                        )
                    })
                };
                deciding.extend(redacting.filter(takes).map(|selected| selected.rule));
            }
            // What the record names may stay.
            deciding.retain(|rule| {
                let id = self.set.infos.get(rule.index()).map(|info| &info.id);
                !id.is_some_and(|id| by.contains(id))
            });
        }
        for rule in deciding {
            let deciding = Deciding { rule };
            let mut ways = finder.past(&deciding);
            // Their fields are what it is about.
            if matches!(self.aim, Aim::Fields(_) | Aim::Only { .. }) {
                ways.retain(|way| !way.iter().any(|need| matches!(need, Need::Redact(_))));
            }
            self.deciders.push((deciding, ways));
        }
        self.seen = Seen::of(judgement);
    }

    /// One of the fields stands inside this finding.
    fn holds_one(&self, number: u32, fields: &BTreeSet<u32>) -> bool {
        fields.iter().any(|field| {
            let mut next =
                self.case.findings.items.get(*field as usize).and_then(|it| it.enclosing);
            for _ in 0..self.case.findings.items.len() {
                match next {
                    Some(at) if at == number => return true,
                    Some(at) => {
                        next =
                            self.case.findings.items.get(at as usize).and_then(|it| it.enclosing);
                    }
                    None => return false,
                }
            }
            false
        })
    }
}

impl Watch for Scout<'_, '_> {
    fn pass(&mut self, context: &Context<'_>, _: bool, judgement: &Judgement) {
        self.look(context, judgement);
    }

    /// What no rule allows is blocked last.
    fn end(&mut self, context: &Context<'_>, judgement: &Judgement) {
        self.look(context, judgement);
    }
}
