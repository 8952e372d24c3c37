//! The rules of all files put together, and what is wrong between them.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Part, RULES_MAX,
    count::{counter, counters},
    rule::{Built, DEFAULT_DENY, build, default_deny, info, key},
    scope,
};
use crate::{
    domain::{Category, Coverage, Effect, Sensitivity, TagSet, Taxonomy},
    policy::{
        Counter, Layer, RuleRef,
        analysis::{self, Seen},
        brief::Brief,
        context::is_anonymous_alone,
        covers::Covers,
        index::{Dimensions, Index},
        names::{NameBook, also_called},
        plan::SetId,
        predicate::Predicate,
        region_set::{REGIONS, RegionSet},
        registry::Registry,
        set::{Remarks, Rule, RuleInfo, RuleSet},
        source::{ListValue, Mode, Reach, RuleFile},
        worst,
    },
    source::{Diagnostics, Place, give_way},
};

#[derive(Debug, Default)]
pub(super) struct Builder {
    built: Vec<Built>,
    /// Written with `mode: off`.
    asleep: Vec<RuleInfo>,
    child_ages: Vec<(usize, u8)>,
    known_origins: Vec<usize>,
    people_only: Vec<usize>,
    counters: Vec<(Counter, Place)>,
    /// Every file could be read as a whole, so that what is not there was never written.
    pub(super) whole: bool,
}

impl Builder {
    /// `whole` unless something before the rules could not be read.
    pub(super) fn new(whole: bool) -> Self {
        Self { whole, ..Self::default() }
    }

    pub(super) fn add(
        &mut self,
        file: &str,
        source: &RuleFile,
        book: &NameBook<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        let origin = source.origin.as_ref().map(|names| book.regions(file, names, diagnostics));
        if let Some(origin) = &origin
            && source.layer == Layer::Law
        {
            let regions = || (0..REGIONS).filter(|index| origin.may_contain(*index));
            self.known_origins.extend(regions());
            match source.reach {
                Reach::People => self.people_only.extend(regions()),
                Reach::PeopleAndExporters => {}
            }
        }
        self.add_child_ages(file, source, origin.as_ref(), book, diagnostics);
        let scope = scope(file, source, book, diagnostics);
        for count in &source.counts {
            let counter = counter(count, origin.as_ref(), &scope, diagnostics);
            self.counters.push((counter, count.counter.place(file)));
        }
        for rule in &source.rules {
            give_way();
            if rule.mode == Mode::Off {
                self.asleep.push(info(rule, source.layer, &rule.id.place(file)));
                continue;
            }
            let built = build(rule, source, origin.as_ref(), &scope, diagnostics);
            self.built.push(built);
        }
    }

    /// Takes in what was built of others, who keep it.
    pub(super) fn append(&mut self, other: &Self) {
        let Self { built, asleep, child_ages, known_origins, people_only, counters, whole } = other;
        self.built.extend_from_slice(built);
        self.asleep.extend_from_slice(asleep);
        self.child_ages.extend_from_slice(child_ages);
        self.known_origins.extend_from_slice(known_origins);
        self.people_only.extend_from_slice(people_only);
        self.counters.extend_from_slice(counters);
        self.whole &= whole;
    }

    /// The age of the file, or of the member state where the file names one.
    fn add_child_ages(
        &mut self,
        file: &str,
        source: &RuleFile,
        origin: Option<&RegionSet>,
        book: &NameBook<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        let mut ages: FxHashMap<usize, u8> = FxHashMap::default();
        if let (Some(age), Some(origin)) = (source.child_age, origin) {
            let age = u8::try_from(age).unwrap_or(u8::MAX);
            ages.extend((0..REGIONS).filter(|it| origin.may_contain(*it)).map(|it| (it, age)));
        }
        let mut named: FxHashSet<&str> = FxHashSet::default();
        for special in &source.child_ages {
            for name in special.regions.iter().filter(|name| !named.insert(name.as_str())) {
                diagnostics
                    .error(name.place(file), format!("`{}` is given two ages", **name))
                    .remedy("keep one of the two");
            }
            let regions = book.regions(file, &special.regions, diagnostics);
            let age = u8::try_from(special.age).unwrap_or(u8::MAX);
            ages.extend((0..REGIONS).filter(|it| regions.may_contain(*it)).map(|it| (it, age)));
        }
        self.child_ages.extend(ages);
    }

    pub(super) fn finish(
        mut self,
        registry: Registry,
        book: NameBook<'_>,
        taxonomy: &Taxonomy,
        parts: Vec<Arc<Part>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<RuleSet> {
        self.built.push(default_deny());
        self.asleep.sort_by(|a, b| key(a).cmp(&key(b)));
        self.built.sort_by(|a, b| key(&a.info).cmp(&key(&b.info)));
        if self.built.len() > RULES_MAX {
            diagnostics
                .error(Place::default(), format!("more than {RULES_MAX} rules"))
                .remedy("merge rules that differ in names only");
            return None;
        }
        let anonymous = select(taxonomy, |category| {
            is_anonymous_alone(category.sensitivity) && !category.identifier
        });
        self.check_duplicates(diagnostics);
        self.check_use(&anonymous, diagnostics);
        let (destination_lists, category_lists) = self.lists();
        let exporter_flags = self.exporter_flags();
        book.check_lists(&destination_lists, &category_lists, diagnostics);
        let exceptions = self.resolve_exceptions(diagnostics);
        for (built, exceptions) in self.built.iter_mut().zip(exceptions) {
            built.rule.exceptions = exceptions;
        }
        let briefs = self.briefs();
        let index = self.index(registry.purposes.len());
        let counters = counters(std::mem::take(&mut self.counters), diagnostics);
        let child_ages = ages(&self.child_ages);
        let grown_up = child_ages.iter().copied().max().map_or(0, u32::from).max(RuleSet::GROWN_UP);
        let (known_origins, people_only) = (marked(&self.known_origins), marked(&self.people_only));
        let identifiers = select(taxonomy, |category| category.identifier);
        let sensitive = select(taxonomy, |category| category.sensitivity == Sensitivity::Sensitive);
        let (rules, infos): (Vec<Rule>, _) =
            self.built.into_iter().map(|built| (built.rule, built.info)).unzip();
        let thresholds = worst::thresholds(&rules);
        let judges_gaps = judges_gaps(&rules);
        let NameBook { names, vocabulary, zones, .. } = book;
        Some(RuleSet {
            id: SetId::next(),
            rules,
            briefs,
            infos,
            asleep: self.asleep,
            index,
            registry,
            vocabulary,
            also_called: also_called(taxonomy, &names),
            names,
            identifiers,
            covers: Covers::of(taxonomy, &anonymous),
            anonymous,
            sensitive,
            child_ages,
            grown_up,
            known_origins,
            people_only,
            counters,
            thresholds,
            remarks: Remarks::default(),
            judges_gaps,
            zones,
            destination_lists,
            exporter_flags,
            parts: parts.into(),
        })
    }

    fn briefs(&self) -> Vec<Brief> {
        let mut briefs: Vec<Brief> = Vec::with_capacity(self.built.len());
        let mut first = (RuleRef::default(), "");
        for (built, number) in self.built.iter().zip(RuleRef::in_order()) {
            give_way();
            if built.info.id != first.1 {
                first = (number, &built.info.id);
            }
            briefs.push(Brief::of(&built.rule, first.0));
        }
        briefs
    }

    /// Where to look for the rules that may be about a transfer, and the two kinds that are found otherwise.
    fn index(&self, purposes: usize) -> Index {
        let dimensions: Vec<Option<Dimensions>> = self
            .built
            .iter()
            .map(|built| {
                let is_candidate = !built.rule.closing && built.info.id != DEFAULT_DENY;
                is_candidate.then(|| built.dimensions.clone())
            })
            .collect();
        let mut index = Index::new(&dimensions, purposes);
        for (built, number) in self.built.iter().zip(RuleRef::in_order()) {
            if built.rule.closing {
                index.closing.push(number);
            }
            if built.info.id == DEFAULT_DENY {
                index.default_deny = number;
            }
        }
        index
    }

    /// The lists that are asked for destinations, and for categories.
    fn lists(&self) -> (FxHashSet<Box<str>>, FxHashSet<Box<str>>) {
        let (mut of_destinations, mut of_categories) = (FxHashSet::default(), FxHashSet::default());
        let mut note = |predicate: &Predicate| {
            if let Predicate::InList { list, value } = predicate {
                match value {
                    ListValue::Destination => of_destinations.insert(list.name.clone()),
                    ListValue::Category => of_categories.insert(list.name.clone()),
                    ListValue::Recipient => false,
                };
            }
        };
        self.conditions().for_each(|condition| condition.walk(&mut note));
        let redacted = self.built.iter().filter_map(|built| built.rule.selection.in_list.as_ref());
        of_categories.extend(redacted.map(|list| list.name.clone()));
        (of_destinations, of_categories)
    }

    /// What some rule asks of the exporter.
    fn exporter_flags(&self) -> FxHashSet<Box<str>> {
        let mut flags = FxHashSet::default();
        let mut note = |predicate: &Predicate| {
            if let Predicate::ExporterFlag(names) = predicate {
                flags.extend(names.iter().cloned());
            }
        };
        self.conditions().for_each(|condition| condition.walk(&mut note));
        flags
    }

    fn conditions(&self) -> impl Iterator<Item = &Predicate> {
        let rules = self.built.iter().map(|built| &built.rule);
        let of_rules = rules.flat_map(|rule| [&rule.when, &rule.unless, &rule.require]);
        let counters = self.counters.iter();
        let of_counters = counters.flat_map(|(counter, _)| [&counter.when, &counter.unless]);
        of_rules.chain(of_counters).flatten()
    }

    fn check_duplicates(&self, diagnostics: &mut Diagnostics) {
        for pair in self.built.windows(2) {
            if let [first, second] = pair
                && key(&first.info) == key(&second.info)
            {
                diagnostics
                    .error(
                        second.place.clone(),
                        format!(
                            "rule `{}` is given twice; the other is at {}",
                            second.info.id, first.place
                        ),
                    )
                    .remedy("rename one, or tell parts of one provision apart with `part:`");
            }
        }
    }

    /// Rules that never fire, never act or never change an answer.
    fn check_use(&self, anonymous: &TagSet, diagnostics: &mut Diagnostics) {
        let counted: FxHashSet<&str> =
            self.counters.iter().map(|(counter, _)| counter.name.as_str()).collect();
        for built in self.built.iter().filter(|built| built.sound) {
            give_way();
            match analysis::futile(&built.rule, &built.dimensions, anonymous) {
                Some(reason) => {
                    let place = built.when.as_ref().unwrap_or(&built.place);
                    diagnostics
                        .error(place.clone(), format!("rule `{}` {reason}", built.info.id))
                        .remedy("correct the condition or take the rule out");
                }
                None => built.check_counts(&counted, diagnostics),
            }
        }
        let sound: Vec<&Built> = self
            .built
            .iter()
            .filter(|built| built.sound && built.info.id != DEFAULT_DENY)
            .collect();
        let seen: Vec<Seen<'_>> = sound
            .iter()
            .map(|built| Seen {
                rule: &built.rule,
                dimensions: &built.dimensions,
                exceptions: built.exceptions.iter().map(|(id, _)| id.as_str()).collect(),
            })
            .collect();
        for (narrow, wide) in analysis::shadowed(&seen) {
            if let (Some(narrow), Some(wide)) = (sound.get(narrow), sound.get(wide))
                && !narrow.restates.iter().any(|(id, _)| *id == wide.info.id)
            {
                diagnostics
                    .warning(
                        narrow.place.clone(),
                        format!(
                            "rule `{}` never changes an answer: `{}` does the same whenever it would ({})",
                            narrow.info.id, wide.info.id, wide.place
                        ),
                    )
                    .remedy("take it out, narrow the other, or say that it `restates` the other");
            }
        }
        let ids: FxHashSet<&str> = self.built.iter().map(|built| built.info.id.as_str()).collect();
        for (id, place) in self.built.iter().flat_map(|built| &built.restates) {
            if self.whole && !ids.contains(id.as_str()) {
                diagnostics
                    .error(place.clone(), format!("there is no rule `{id}`"))
                    .remedy("name the rule that this one says again");
            }
        }
    }

    /// Numbers of the rules each rule names as its exceptions.
    fn resolve_exceptions(&self, diagnostics: &mut Diagnostics) -> Vec<Vec<RuleRef>> {
        let mut by_id: FxHashMap<&str, Vec<(RuleRef, &Built)>> = FxHashMap::default();
        for (built, number) in self.built.iter().zip(RuleRef::in_order()) {
            by_id.entry(&built.info.id).or_default().push((number, built));
        }
        let mut resolved = Vec::with_capacity(self.built.len());
        for built in &self.built {
            let mut numbers = Vec::new();
            for (id, place) in &built.exceptions {
                let Some(named) = by_id.get(id.as_str()) else {
                    if !self.whole {
                        continue;
                    }
                    let known: Vec<&str> = by_id.keys().copied().collect();
                    let complaint =
                        diagnostics.error(place.clone(), format!("there is no rule `{id}`"));
                    if let Some(remedy) = crate::source::suggest(id, &known, "rule") {
                        complaint.remedy(remedy);
                    }
                    continue;
                };
                let allowing: Vec<_> = named
                    .iter()
                    .filter(|(_, exception)| exception.info.effect == Some(Effect::Allow))
                    .collect();
                if allowing.is_empty() {
                    diagnostics
                        .error(
                            place.clone(),
                            format!("`{id}` allows nothing, so it is no exception"),
                        )
                        .remedy("name a rule whose effect is `allow`");
                }
                for (number, exception) in allowing {
                    if exception.info.layer > built.info.layer {
                        diagnostics
                            .error(
                                place.clone(),
                                format!(
                                    "`{id}` is of the {} layer and cannot relax the {} layer",
                                    exception.info.layer.as_str(),
                                    built.info.layer.as_str()
                                ),
                            )
                            .remedy("an exception stands in the same layer or a higher one");
                    }
                    numbers.push(*number);
                }
            }
            resolved.push(numbers);
        }
        resolved
    }
}

impl Built {
    /// A rule that lets everything pass as long as a count is not on file, which nothing puts there.
    fn check_counts(&self, counted: &FxHashSet<&str>, diagnostics: &mut Diagnostics) {
        for key in
            analysis::passed_uncounted(&self.rule).into_iter().filter(|key| !counted.contains(key))
        {
            let words = format!(
                "rule `{}` lets everything pass while `{key}` is not on file, and nothing counts it",
                self.info.id
            );
            let remedy = format!(
                "count it under `counts`, or say what holds without it: \
                 `counter: {{key: {key}, known: false}}`, `volume`, or `facts_unavailable: stated`"
            );
            let place = self.when.as_ref().unwrap_or(&self.place);
            diagnostics.warning(place.clone(), words).remedy(remedy);
        }
    }
}

/// The categories that are wanted.
fn select(taxonomy: &Taxonomy, wanted: impl Fn(&Category) -> bool) -> TagSet {
    taxonomy.iter().filter(|(_, category)| wanted(category)).map(|(tag, _)| tag).collect()
}

/// By [`Region::index`](crate::domain::Region::index); 0 where no law names an age.
fn ages(named: &[(usize, u8)]) -> Vec<u8> {
    let mut ages = vec![0; REGIONS];
    for (region, age) in named {
        if let Some(slot) = ages.get_mut(*region) {
            // Where two laws speak, the higher age protects more.
            *slot = (*slot).max(*age);
        }
    }
    ages
}

/// By [`Region::index`](crate::domain::Region::index): whether it is one of these.
fn marked(regions: &[usize]) -> Vec<bool> {
    let mut marks = vec![false; REGIONS];
    for region in regions {
        if let Some(mark) = marks.get_mut(*region) {
            *mark = true;
        }
    }
    marks
}

fn judges_gaps(rules: &[Rule]) -> bool {
    [Coverage::Partial, Coverage::Opaque].into_iter().all(|coverage| {
        let is_meant = |when: &Predicate| when.asks_for(coverage);
        rules.iter().any(|rule| {
            rule.effect == Some(Effect::Block) && rule.when.as_ref().is_some_and(is_meant)
        })
    })
}
