//! The answer to one transfer, put together from those to its people.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    Annotation, Decision, Layer, Redaction, RuleRef, Terms, Transfer,
    clock::Stretch,
    context::{Context, MechanismSet},
    decision::Written,
    judge::{Judgement, Numbers, Selected, around},
    set::{AnnotateValue, RuleSet},
    source::{Fact, Start},
};
use crate::domain::{Effect, Findings, Metadata, Region, Replacement, TagSet};

/// What the people's judgements add up to.
#[derive(Default)]
pub(super) struct Whole<'t> {
    /// One, nearly always.
    answers: SmallVec<[Answer; 1]>,
    said: Numbers,
    blocks: Numbers,
    annotations: Vec<Annotation>,
    mechanisms: MechanismSet,
    personal: bool,
    policy_version: Option<&'t str>,
    holds: Option<Stretch>,
}

/// What is redacted of one person under one origin.
struct Answer {
    origin: Option<Region>,
    blocked: bool,
    selected: Vec<Selected>,
    personal: TagSet,
}

impl<'t> Whole<'t> {
    /// Takes in one judgement; its number among the answers.
    pub(super) fn add(
        &mut self,
        set: &RuleSet,
        context: &Context<'t>,
        judgement: &mut Judgement,
    ) -> u32 {
        if judgement.blocks.is_empty() && self.blocks.is_empty() {
            set.annotations(context, judgement, &mut self.annotations);
        }
        self.answers.push(Answer {
            origin: context.origin,
            blocked: !judgement.blocks.is_empty(),
            selected: std::mem::take(&mut judgement.selected),
            personal: context.personal,
        });
        self.said.extend_from_slice(&judgement.said);
        self.blocks.extend_from_slice(&judgement.blocks);
        self.mechanisms.extend(&judgement.mechanisms);
        self.personal |= context.has_personal();
        self.policy_version = context.version.id;
        self.holds = Some(context.clock.holds());
        u32::try_from(self.answers.len() - 1).unwrap_or(u32::MAX)
    }
}

impl Whole<'_> {
    /// At which times the judgement taken in last holds.
    pub(super) fn holds(&self) -> Option<Stretch> {
        self.holds
    }
}

impl RuleSet {
    /// `answers_of` a finding are those of the person whose it is.
    pub(super) fn conclude<'n>(
        &self,
        transfer: &Transfer,
        findings: &Findings,
        whole: &mut Whole<'_>,
        answers_of: impl Fn(usize) -> &'n [u32],
    ) -> Decision {
        let redactions = if whole.blocks.is_empty() {
            self.redactions(findings, &whole.answers, answers_of)
        } else {
            Vec::new()
        };
        let effect = if !whole.blocks.is_empty() {
            Effect::Block
        } else if !redactions.is_empty() {
            Effect::Redact
        } else {
            Effect::Allow
        };
        let rank = |number: &RuleRef| (self.rules.get(number.index()).map(|it| it.layer), *number);
        whole.blocks.sort_unstable_by_key(rank);
        // One pass says it in order.
        if !whole.said.is_sorted() {
            whole.said.sort_unstable();
        }
        if effect == Effect::Block {
            whole.annotations.clear();
        }
        whole.annotations.sort_unstable();
        whole.annotations.dedup();
        let reason = match effect {
            Effect::Block => whole.blocks.first().copied(),
            Effect::Redact => redactions.iter().map(|it| it.rule).min_by_key(rank),
            Effect::Allow => None,
        };
        let reason = match reason.and_then(|number| self.rules.get(number.index())) {
            Some(rule) => Arc::clone(&rule.reason),
            None if whole.personal => Arc::clone(&self.remarks.satisfied),
            None => Arc::clone(&self.remarks.impersonal),
        };
        let mechanisms = transfer
            .mechanisms
            .iter()
            .enumerate()
            .filter(|(index, _)| whole.mechanisms.contains(*index))
            .map(|(_, mechanism)| mechanism.id.to_string())
            .collect();
        let deciding = whole.answers.iter().find(|answer| answer.blocked).or_else(|| {
            let rule = redactions.first().map(|redaction| redaction.rule);
            let gave = |answer: &&Answer| answer.selected.iter().any(|it| Some(it.rule) == rule);
            whole.answers.iter().find(gave).or_else(|| whole.answers.first())
        });
        let origin = deciding.and_then(|answer| answer.origin);
        let terms = Terms {
            redactions,
            blocked_by: self.cited(&whole.blocks),
            rules: self.cited(&whole.said),
            annotations: std::mem::take(&mut whole.annotations),
            reason,
            policy_version: whole.policy_version.map(str::to_owned),
            mechanisms,
            written: Written::default(),
        };
        Decision::new(effect, origin, terms)
    }

    /// Once per id: the parts of a provision are one rule to a reader.
    fn cited(&self, numbers: &[RuleRef]) -> Vec<RuleRef> {
        let mut cited: Vec<RuleRef> = Vec::with_capacity(numbers.len().min(128));
        // More than any number.
        let mut last = usize::MAX;
        for number in numbers {
            let brief = self.briefs.get(number.index());
            let first = brief.map_or(0, |brief| brief.first.index());
            // In the order of numbers the parts of one id stand together.
            if first != last {
                cited.push(*number);
                last = first;
            }
        }
        cited
    }

    fn redactions<'n>(
        &self,
        findings: &Findings,
        answers: &[Answer],
        answers_of: impl Fn(usize) -> &'n [u32],
    ) -> Vec<Redaction> {
        if answers.iter().all(|answer| answer.selected.is_empty()) {
            return Vec::new();
        }
        let takeable = answers.iter().fold(TagSet::EMPTY, |all, answer| {
            answer.selected.iter().fold(all, |all, it| all.union(&it.takeable(&answer.personal)))
        });
        // Few fields go, of however many there are.
        let mut chosen: SmallVec<[(u32, RuleRef); 16]> = SmallVec::new();
        for (finding, index) in findings.items.iter().zip(0u32..) {
            if !takeable.contains(finding.tag) || self.registry.is_carrier(finding, findings) {
                continue;
            }
            let rule = answers_of(index as usize)
                .iter()
                .filter_map(|number| answers.get(*number as usize))
                .flat_map(|answer| answer.selected.iter().map(move |it| (it, &answer.personal)))
                .filter(|(it, personal)| it.takes(finding, findings, personal, &self.covers))
                .map(|(it, _)| it.rule)
                .min_by_key(|number| self.severity(*number));
            chosen.extend(rule.map(|rule| (index, rule)));
        }
        let is_redacted = |index: u32| chosen.binary_search_by_key(&index, |it| it.0).is_ok();
        let mut redactions = Vec::with_capacity(chosen.len());
        for (index, rule) in &chosen {
            let Some(finding) = findings.items.get(*index as usize) else { continue };
            // The outermost one takes what is inside with it.
            let covered = around(finding, findings).filter_map(|it| it.enclosing).any(is_redacted);
            if !covered {
                let replacement = self
                    .rules
                    .get(rule.index())
                    .map(|rule| rule.replacement.clone())
                    .unwrap_or_default();
                redactions.push(Redaction { finding: *index, rule: *rule, replacement });
            }
        }
        redactions
    }

    /// Which of two redactions of one finding is done: the stricter, then the higher layer, then the
    /// earlier id. Least is first.
    fn severity(&self, number: RuleRef) -> (u8, u8, Option<Layer>, RuleRef) {
        let rule = self.rules.get(number.index());
        let (mildness, kept) = match rule.map(|rule| &rule.replacement) {
            None | Some(Replacement::Remove) => (0, 0),
            Some(Replacement::Replace { .. } | Replacement::StripMetadata(Metadata::All)) => (1, 0),
            Some(Replacement::Hash) => (2, 0),
            Some(Replacement::Encrypt) => (3, 0),
            Some(Replacement::Tokenise(wanted)) => {
                (4, wanted.keep_first.saturating_add(wanted.keep_last))
            }
            Some(Replacement::Mask { keep_last }) => (5, *keep_last),
            Some(Replacement::Generalise(_)) => (6, 0),
            Some(Replacement::ShiftDates(_)) => (7, 0),
            Some(Replacement::StripMetadata(Metadata::Location)) => (8, 0),
        };
        (mildness, kept, rule.map(|rule| rule.layer), number)
    }

    /// What the rules of one judgement oblige to, one by one.
    fn annotations(
        &self,
        context: &Context<'_>,
        judgement: &Judgement,
        annotations: &mut Vec<Annotation>,
    ) {
        annotations.reserve(judgement.annotating.len());
        for number in &judgement.annotating {
            let Some(rule) = self.rules.get(number.index()) else { continue };
            for annotate in &rule.annotate {
                annotations.push(Annotation {
                    name: Arc::clone(&annotate.name),
                    value: value(&annotate.value, context),
                });
            }
        }
        for (number, effect) in &judgement.warnings {
            annotations.push(Annotation {
                name: format!("would-{effect}").into(),
                value: self.rules.get(number.index()).map(|rule| Arc::clone(&rule.id)),
            });
        }
    }
}

fn value(value: &AnnotateValue, context: &Context<'_>) -> Option<Arc<str>> {
    let transfer = context.transfer;
    match value {
        AnnotateValue::None => None,
        AnnotateValue::Text(text) => Some(Arc::clone(text)),
        AnnotateValue::Deadline { after, period } => {
            let start = match after {
                // A period is of days and longer.
                Start::AsOf => context.clock.day(),
                Start::FirstTransfer => transfer.first_transfer_at,
            }?;
            Some(period.after(start).0.strftime("%Y-%m-%d").to_string().into())
        }
        AnnotateValue::Fact(fact) => match fact {
            Fact::Origin => context.origin.map(|at| at.as_str().into()),
            Fact::Destination => transfer.destination.map(|at| at.as_str().into()),
            Fact::PolicyVersion => context.version.id.map(Into::into),
            Fact::GoverningPolicy => transfer.recipient.governing_policy.as_deref().map(Into::into),
            Fact::RemoteAccess => {
                let countries: Vec<&str> =
                    transfer.remote_access_from.iter().map(Region::as_str).collect();
                (!countries.is_empty()).then(|| countries.join(" ").into())
            }
        },
    }
}
