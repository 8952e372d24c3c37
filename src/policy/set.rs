//! The compiled rules; `judge` runs them.
//!
//! Rules are numbered in the order of their ids, so that neither the order of files nor that of rules
//! within one shows in an answer. An index over origin, destination, purpose and recipient class leaves
//! few rules to look at, however many there are.

use std::{borrow::Cow, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Counter, Layer, RuleRef, Timestamp,
    brief::Brief,
    compile::Part,
    covers::Covers,
    index::Index,
    names::{Zones, spelling},
    plan::SetId,
    predicate::Predicate,
    registry::{Registry, Vocabulary},
    source::{Fact, Mode, Start},
    words::Period,
};
use crate::{
    domain::{BrokenSignature, Effect, Region, Replacement, Tag, TagSet},
    source::{Diagnostics, Place},
};

/// The rules of one generation.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub(super) id: SetId,
    pub(super) rules: Vec<Rule>,
    /// What judging asks of each first, apart from them: nearly all that it looks at.
    pub(super) briefs: Vec<Brief>,
    pub(super) infos: Vec<RuleInfo>,
    /// Written with `mode: off`; nothing is judged by them.
    pub(super) asleep: Vec<RuleInfo>,
    pub(super) index: Index,
    pub(super) registry: Registry,
    pub(super) vocabulary: Vocabulary,
    /// Category patterns by name, key or wildcard.
    pub(super) names: FxHashMap<Box<str>, TagSet>,
    /// What records call categories beside that.
    pub(super) also_called: FxHashMap<Box<str>, TagSet>,
    pub(super) identifiers: TagSet,
    pub(super) anonymous: TagSet,
    pub(super) sensitive: TagSet,
    pub(super) covers: Covers,
    /// By [`Region::index`]; 0 where no law names an age.
    pub(super) child_ages: Vec<u8>,
    pub(super) grown_up: u32,
    /// By [`Region::index`].
    pub(super) known_origins: Vec<bool>,
    /// Counters and the numbers they are measured by.
    pub(super) thresholds: Vec<(Box<str>, u64)>,
    /// Jurisdictions whose law looks at its own people only and does not follow who exports from there,
    /// by [`Region::index`].
    pub(super) people_only: Vec<bool>,
    /// By name.
    pub(super) counters: Vec<Counter>,
    pub(super) remarks: Remarks,
    /// Some rule blocks what could not be read, all of it or in part. Where none does, nobody has said that it
    /// may go, and it is denied.
    pub(super) judges_gaps: bool,
    pub(super) zones: Zones,
    /// Lists that some rule asks for destinations.
    pub(super) destination_lists: FxHashSet<Box<str>>,
    /// What some rule asks of the exporter.
    pub(super) exporter_flags: FxHashSet<Box<str>>,
    /// What it was put together from, file by file, for the set that takes its place.
    pub(super) parts: Arc<[Arc<Part>]>,
}

/// Reasons that are no rule's.
#[derive(Debug, Clone)]
pub(super) struct Remarks {
    pub(super) satisfied: Arc<str>,
    pub(super) impersonal: Arc<str>,
}

impl Default for Remarks {
    fn default() -> Self {
        Self {
            satisfied: "Every rule that applies to this transfer is satisfied.".into(),
            impersonal: "Nothing in the payload is personal.".into(),
        }
    }
}

/// What a reader wants to know about a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    pub id: String,
    /// Tells the parts of one provision apart.
    pub part: Option<String>,
    pub layer: Layer,
    pub title: String,
    /// Where it is written.
    pub statute: String,
    /// One sentence.
    pub reason: String,
    /// `None` for a rule that only annotates.
    pub effect: Option<Effect>,
    pub mode: Mode,
    pub file: String,
    pub line: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) effect: Option<Effect>,
    pub(super) layer: Layer,
    pub(super) gate: Gate,
    pub(super) cross_border: Option<bool>,
    pub(super) window: Option<(Option<Timestamp>, Option<Timestamp>)>,
    /// Its end is meant, and it stays for transfers of its time.
    pub(super) is_kept: bool,
    pub(super) when: Option<Predicate>,
    pub(super) unless: Option<Predicate>,
    pub(super) require: Option<Predicate>,
    /// The same while nobody can say what is on file.
    pub(super) worst: Option<Box<super::worst::Worst>>,
    /// Numbers of the allow rules that lift this one.
    pub(super) exceptions: Vec<RuleRef>,
    pub(super) selection: Selection,
    pub(super) replacement: Replacement,
    pub(super) broken_signature: Option<BrokenSignature>,
    pub(super) annotate: Vec<Annotate>,
    pub(super) mode: Mode,
    /// Looks at what judging the others showed.
    pub(super) closing: bool,
    /// Whether it applies takes more than its facets to tell: categories, or a window.
    pub(super) has_gate: bool,
    pub(super) id: Arc<str>,
    pub(super) reason: Arc<str>,
}

/// Which payloads a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Any,
    Personal,
    Categories(TagSet),
}

/// What a redact rule redacts.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Selection {
    pub(super) categories: TagSet,
    pub(super) outside: Option<TagSet>,
    pub(super) outside_purpose: bool,
    pub(super) without_fresh_consent: bool,
    pub(super) withdrawn: bool,
    pub(super) in_list: Option<super::predicate::ListRef>,
    pub(super) third_party: bool,
    pub(super) pseudonymous: Option<bool>,
    pub(super) within: Option<TagSet>,
}

impl Selection {
    /// What it takes out hangs on what is on file.
    pub(super) fn needs_facts(&self) -> bool {
        self.without_fresh_consent || self.withdrawn
    }
}

#[derive(Debug, Clone)]
pub(super) struct Annotate {
    pub(super) name: Arc<str>,
    pub(super) value: AnnotateValue,
}

#[derive(Debug, Clone)]
pub(super) enum AnnotateValue {
    None,
    Text(Arc<str>),
    Deadline { after: Start, period: Period },
    Fact(Fact),
}

impl RuleSet {
    /// Where what it was put together from lies, file by file.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> impl Iterator<Item = *const ()> {
        self.parts.iter().map(|part| Arc::as_ptr(part).cast())
    }

    /// The rule with this number.
    pub fn rule(&self, rule: RuleRef) -> &RuleInfo {
        static UNKNOWN: RuleInfo = RuleInfo {
            id: String::new(),
            part: None,
            layer: Layer::Organisation,
            title: String::new(),
            statute: String::new(),
            reason: String::new(),
            effect: None,
            mode: Mode::Enforce,
            file: String::new(),
            line: 0,
        };
        self.infos.get(rule.index()).unwrap_or(&UNKNOWN)
    }

    /// Of a provision in several parts, which one this is, as records name it: `JR-US-12/opt-out`, or the id
    /// alone for the part without a name. `None` where the id tells it.
    pub fn part(&self, rule: RuleRef) -> Option<Cow<'_, str>> {
        let number = rule.index();
        let first = self.briefs.get(number)?.first;
        let has_more = |at: usize| self.briefs.get(at).is_some_and(|brief| brief.first == first);
        if first == rule && !has_more(number + 1) {
            return None;
        }
        let RuleInfo { id, part, .. } = self.rule(rule);
        Some(match part {
            Some(part) => Cow::Owned(format!("{id}/{part}")),
            None => Cow::Borrowed(id),
        })
    }

    /// Whether it stops only what could not be read, all of it or in part.
    pub(crate) fn is_of_coverage(&self, rule: RuleRef) -> bool {
        if rule == self.default_deny() {
            return !self.judges_gaps;
        }
        let when = self.rules.get(rule.index()).and_then(|rule| rule.when.as_ref());
        when.is_some_and(Predicate::is_of_gaps)
    }

    /// Whether a category is among those a rule is about; one that is about no data in particular is about all of it.
    pub(crate) fn is_about(&self, rule: RuleRef, tag: Tag) -> bool {
        let gate = self.rules.get(rule.index()).map(|rule| &rule.gate);
        gate.is_some_and(|gate| match gate {
            Gate::Categories(tags) => tags.contains(tag),
            Gate::Any | Gate::Personal => true,
        })
    }

    /// Every rule, in the order of ids.
    pub fn rules(&self) -> impl Iterator<Item = (RuleRef, &RuleInfo)> {
        RuleRef::in_order().zip(&self.infos)
    }

    /// The rules that are written and switched off, in the order of ids.
    pub(crate) fn asleep(&self) -> &[RuleInfo] {
        &self.asleep
    }

    /// Warns of rules whose window has closed by `now`: they judge replays of the past and nothing else. And of a set
    /// that says nothing of what could not be read.
    pub(crate) fn review(&self, now: Timestamp, diagnostics: &mut Diagnostics) {
        if !self.judges_gaps {
            let place = Place { file: "rules".into(), line: 0, column: 0 };
            diagnostics
                .warning(place, "no rule blocks what could not be read, so all of it is blocked")
                .remedy("add one with `coverage: [opaque, partial]` and `effect: block`, and exceptions to it");
        }
        for (rule, info) in self.rules.iter().zip(&self.infos) {
            if let Some((_, Some(until))) = rule.window
                && until <= now
                && !rule.is_kept
            {
                let place = Place { file: info.file.clone(), line: info.line, column: 0 };
                let part = info.part.as_ref().map_or_else(String::new, |part| format!(" ({part})"));
                diagnostics
                    .warning(
                        place,
                        format!("rule `{}`{part} has been out of force since {until}", info.id),
                    )
                    .remedy(
                        "take it out, or write `keep_for_replay: true` beside `until` while transfers of that \
                         time may be replayed",
                    );
            }
        }
    }

    /// What is done where a redaction of the rule breaks a signature over the message.
    pub(crate) fn broken_signature(&self, rule: RuleRef) -> BrokenSignature {
        self.rules
            .get(rule.index())
            .and_then(|rule| rule.broken_signature)
            .unwrap_or(self.registry.on_break)
    }

    /// Headers that hold a signature of the body, lower case, beside those known by their names.
    pub(crate) fn signature_headers(&self) -> &[Box<str>] {
        &self.registry.signature_headers
    }

    /// Complains of rules that ask for what can be turned back, under a key that ends with the process.
    pub(crate) fn check_passing_keys(&self, diagnostics: &mut Diagnostics) {
        for (rule, info) in self.rules.iter().zip(&self.infos) {
            if rule.replacement.is_reversible() {
                let place = Place { file: info.file.clone(), line: info.line, column: 0 };
                let kind = rule.replacement.kind().as_str();
                diagnostics
                    .error(
                        place,
                        format!(
                            "rule `{}` asks for `{kind}`, and no key ring is configured: nobody could \
                             turn back what it leaves",
                            info.id
                        ),
                    )
                    .remedy("give a key ring as `rules.keyring` in the configuration");
            }
        }
    }

    /// The ids of every registered purpose, in no particular order.
    pub fn purposes(&self) -> impl Iterator<Item = &str> {
        self.registry.numbers.keys().map(AsRef::as_ref)
    }

    pub fn len(&self) -> usize {
        self.infos.len()
    }

    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }

    /// The age below which the law of `origin` asks a guardian; 18 where it names none.
    pub(super) fn child_age(&self, origin: Option<Region>) -> u32 {
        let age = origin.and_then(|at| self.child_ages.get(at.index())).copied().unwrap_or(0);
        if age == 0 { Self::GROWN_UP } else { u32::from(age) }
    }

    /// Where no law says otherwise.
    pub(super) const GROWN_UP: u32 = 18;

    /// The age from which on no law asks a guardian of anybody.
    pub(crate) fn grown_up(&self) -> u32 {
        self.grown_up
    }

    pub(super) fn knows_origin(&self, origin: Region) -> bool {
        self.known_origins.get(origin.index()) == Some(&true)
    }

    /// The law there binds who exports from there, whoever the data is about. One we have no rules of
    /// does: what is not known stops.
    pub(super) fn follows_exporters(&self, location: Region) -> bool {
        self.people_only.get(location.index()) != Some(&true)
    }

    /// Everything the names mean; a name nobody knows means nothing.
    pub(super) fn tags(&self, names: &[String]) -> TagSet {
        names.iter().fold(TagSet::EMPTY, |tags, name| tags.union(&self.tag_set(name)))
    }

    /// Nothing where nobody knows the name.
    pub(super) fn tag_set(&self, name: &str) -> TagSet {
        self.find_tags(name).unwrap_or(TagSet::EMPTY)
    }

    /// What a record means by the name of a category, in any of the usual spellings.
    pub(super) fn find_tags(&self, name: &str) -> Option<TagSet> {
        let found = self.names.get(name).or_else(|| {
            let name = spelling(name);
            self.names.get(&*name).or_else(|| self.also_called.get(&*name))
        });
        found.copied()
    }

    /// Which of a person's tags are personal, where the payload has an identifier or has none (MI-14). Nothing is in
    /// an aggregate, unless something in it is an identifier, sensitive, or of what is about somebody in any
    /// case (`individual`).
    pub(super) fn personal(
        &self,
        present: &TagSet,
        identifies: bool,
        aggregate: Option<&TagSet>,
    ) -> TagSet {
        let is_aggregate = aggregate.is_some_and(|individual| {
            !identifies && !present.intersects(&self.sensitive) && !present.intersects(individual)
        });
        if is_aggregate {
            TagSet::EMPTY
        } else if identifies {
            *present
        } else {
            present.difference(&self.anonymous)
        }
    }

    pub(super) fn default_deny(&self) -> RuleRef {
        self.index.default_deny
    }
}
