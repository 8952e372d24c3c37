//! What judging asks of a rule before anything else, a few words each and those of all rules together: most
//! rules that may be about a transfer are passed over, or are met, by what the facets of the transfer tell.

use super::{Layer, RuleRef, facets::Facets, plan::Open, predicate::Predicate, set::Rule};
use crate::domain::Effect;

#[derive(Debug, Clone, Copy)]
pub(super) struct Brief {
    /// It cannot apply without.
    needed: Facets,
    /// It cannot be taken out of play without.
    unless: Facets,
    /// What it requires is not there without.
    required: Facets,
    traits: Traits,
    /// The first rule with the same id.
    pub(super) first: RuleRef,
}

#[derive(Debug, Clone, Copy)]
struct Traits(u16);

impl Traits {
    /// Its facets are all there is to its applicability.
    const APPLIES: u16 = 1;
    /// Its facets are all there is to what it requires, and it requires something.
    const MEETS: u16 = 1 << 1;
    /// Cites itself whenever it applies, and does nothing else but annotate.
    const REMARKS: u16 = 1 << 2;
    /// Blocks or redacts when what it requires is missing.
    const STOPS: u16 = 1 << 3;
    const ANNOTATES: u16 = 1 << 4;
    const IS_LAW: u16 = 1 << 5;
    const HAS_UNLESS: u16 = 1 << 6;
    /// Cannot apply before judging the others has shown something.
    const WAITS: u16 = 1 << 7;

    fn has(self, bit: u16) -> bool {
        self.0 & bit != 0
    }
}

impl Brief {
    pub(super) fn of(rule: &Rule, first: RuleRef) -> Self {
        let needed = |predicate: &Option<Predicate>| {
            predicate.as_ref().map_or((Facets::default(), true), Facets::needed)
        };
        let (unless, _) = needed(&rule.unless);
        let (required, meets) = needed(&rule.require);
        let traits = [
            (Traits::APPLIES, needed(&rule.when).1),
            (Traits::MEETS, rule.require.is_some() && meets),
            (
                Traits::REMARKS,
                rule.effect.is_none() && rule.require.is_none() && rule.unless.is_none(),
            ),
            (Traits::STOPS, matches!(rule.effect, Some(Effect::Block | Effect::Redact))),
            (Traits::ANNOTATES, !rule.annotate.is_empty()),
            (Traits::IS_LAW, rule.layer == Layer::Law),
            (Traits::HAS_UNLESS, rule.unless.is_some()),
            (Traits::WAITS, rule.when.as_ref().is_some_and(needs_observation)),
        ];
        let traits = traits.iter().fold(0, |all, (bit, is)| if *is { all | bit } else { all });
        Self { needed: Facets::needed_by(rule), unless, required, traits: Traits(traits), first }
    }

    pub(super) fn may_apply(&self, facets: Facets) -> bool {
        facets.include(self.needed)
    }

    /// It may apply and so does, as far as its conditions go.
    fn applies(&self, facets: Facets) -> bool {
        self.traits.has(Traits::APPLIES) && facets.tell()
    }

    /// Where it may apply and its gate is open it does, and is cited and annotates at most: it has no effect,
    /// or what it requires is there.
    pub(super) fn is_cited(&self, facets: Facets) -> bool {
        self.applies(facets)
            && (self.traits.has(Traits::REMARKS)
                || (self.traits.has(Traits::STOPS)
                    && !self.may_be_out_of_play(facets)
                    && self.traits.has(Traits::MEETS)
                    && facets.include(self.required)))
    }

    /// What facets tell of a rule that may apply.
    pub(super) fn known(&self, rule: RuleRef, facets: Facets) -> Open {
        let meets = (self.traits.has(Traits::MEETS) && facets.tell())
            .then(|| facets.include(self.required));
        let applies = self.applies(facets) && !self.may_be_out_of_play(facets);
        Open { rule, applies, meets }
    }

    fn may_be_out_of_play(&self, facets: Facets) -> bool {
        self.traits.has(Traits::HAS_UNLESS) && facets.include(self.unless)
    }

    pub(super) fn waits_for_others(&self) -> bool {
        self.traits.has(Traits::WAITS)
    }

    pub(super) fn annotates(&self) -> bool {
        self.traits.has(Traits::ANNOTATES)
    }

    pub(super) fn is_law(&self) -> bool {
        self.traits.has(Traits::IS_LAW)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others may be met by themselves")]
fn needs_observation(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Observed(_) => true,
        Predicate::All(parts) => parts.iter().any(needs_observation),
        Predicate::Any(parts) => parts.iter().all(needs_observation),
        _ => false,
    }
}
