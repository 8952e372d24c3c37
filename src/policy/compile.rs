//! From rule files to a rule set: the one step that can fail, and it reports everything in one pass.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Counter, CounterWindow, Layer,
    analysis::{self, Seen},
    condition::{Scope, Translated},
    facets::Facets,
    index::{Dimensions, Index},
    names::{NameBook, also_called},
    predicate::{ClassSet, Predicate},
    region_set::REGIONS,
    registry::{Permit, Purpose, Registry, RegistryVersion, Section, Variation, Vocabulary},
    replacement,
    set::{Annotate, AnnotateValue, Gate, Remarks, Rule, RuleInfo, RuleSet, Selection},
    source::{
        self, Entry, Mode, PermitSource, PurposesFile, Reach, RegisterFile, RuleFile, ZonesFile,
    },
};
use crate::{
    domain::{Effect, Replacement, Sensitivity, TagPattern, TagSet, Taxonomy},
    source::{Diagnostics, Place, SourceFile, read_on},
};

/// Most rules one generation may hold; rule numbers are 16 bits wide.
const RULES_MAX: usize = 60_000;

impl RuleSet {
    /// Compiles the files of `purposes.yaml`, `zones/`, `registers/`, `law/`, `agreement/`, `policy/`
    /// and `organisation/`; others are somebody else's. Every problem goes to `diagnostics`; `None`
    /// when one of them is an error.
    pub fn compile(
        files: &[SourceFile],
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let before = diagnostics.error_count();
        let files = in_order(files);
        let (book, registry) = names(&files, taxonomy, diagnostics);
        let mut builder =
            Builder { whole: diagnostics.error_count() == before, ..Builder::default() };
        for (file, rules, complaints) in read_rules(&files) {
            builder.whole &= !complaints.has_errors() && rules.is_some();
            diagnostics.extend(complaints);
            if let Some(rules) = rules {
                builder.add(&file.name, &rules, &book, diagnostics);
            }
        }
        let set = builder.finish(registry, book, taxonomy, diagnostics)?;
        (diagnostics.error_count() == before).then_some(set)
    }
}

/// In the order of names, so that the order they came in shows nowhere.
pub(super) fn in_order(files: &[SourceFile]) -> Vec<&SourceFile> {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Everything a rule may name, and the purposes.
pub(super) fn names<'t>(
    files: &[&SourceFile],
    taxonomy: &'t Taxonomy,
    diagnostics: &mut Diagnostics,
) -> (NameBook<'t>, Registry) {
    let mut book = NameBook::new(taxonomy);
    for file in files.iter().filter(|file| file.name.starts_with("zones/")) {
        if let Some(zones) = read_on::<ZonesFile>(file, diagnostics) {
            book.add_zones(&file.name, &zones, diagnostics);
        }
    }
    let mut vocabulary = VocabularyBuilder::default();
    for file in files.iter().filter(|file| file.name.starts_with("registers/")) {
        if let Some(register) = read_on::<RegisterFile>(file, diagnostics) {
            vocabulary.add(&file.name, register, diagnostics);
        }
    }
    book.vocabulary = vocabulary.vocabulary;
    let mut registry = Registry::default();
    for file in files.iter().filter(|file| file.name == "purposes.yaml") {
        if let Some(purposes) = read_on::<PurposesFile>(file, diagnostics) {
            registry = compile_purposes(&file.name, &purposes, &mut book, diagnostics);
        }
    }
    book.purposes = registry.numbers.clone();
    (book, registry)
}

/// A rule file with what it says and what is wrong with it.
type Read<'f> = (&'f SourceFile, Option<RuleFile>, Diagnostics);

/// Reads the rule files in their order; many at once, since most of the time that compiling takes is spent
/// on their YAML.
fn read_rules<'f>(files: &[&'f SourceFile]) -> Vec<Read<'f>> {
    const AT_ONCE_BYTES_MIN: usize = 512 << 10;
    const THREADS_MAX: usize = 4;
    let files: Vec<&SourceFile> =
        files.iter().copied().filter(|file| is_rule_file(&file.name)).collect();
    let read = |file: &'f SourceFile| -> Read<'f> {
        let mut diagnostics = Diagnostics::default();
        let rules = read_on::<RuleFile>(file, &mut diagnostics);
        (file, rules, diagnostics)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    if bytes < AT_ONCE_BYTES_MIN || threads < 2 {
        return files.into_iter().map(read).collect();
    }
    let next = AtomicUsize::new(0);
    let take_turns = || {
        std::iter::from_fn(|| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            files.get(number).map(|file| (number, read(file)))
        })
        .collect::<Vec<_>>()
    };
    let mut all: Vec<(usize, Read<'f>)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take_turns)).collect();
        let mut all = take_turns();
        for other in others {
            match other.join() {
                Ok(read) => all.extend(read),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, read)| read).collect()
}

pub(super) fn is_rule_file(name: &str) -> bool {
    ["law/", "agreement/", "policy/", "organisation/"].iter().any(|folder| name.starts_with(folder))
}

// === registers and purposes ===

#[derive(Default)]
struct VocabularyBuilder {
    vocabulary: Vocabulary,
}

impl VocabularyBuilder {
    fn add(&mut self, file: &str, register: RegisterFile, diagnostics: &mut Diagnostics) {
        for entry in &register.recipient_classes {
            let next = self.vocabulary.classes.len() + 1;
            if next > ClassSet::MAX {
                diagnostics.error(
                    entry.name.place(file),
                    format!("more than {} recipient classes", ClassSet::MAX),
                );
                return;
            }
            let number = u8::try_from(next).unwrap_or(0);
            self.vocabulary.classes.insert(entry.name.value.as_str().into(), number);
        }
        let sections: [(Section, &[Entry]); 9] = [
            (Section::Mechanism, &register.mechanisms),
            (Section::ConsentScope, &register.consent_scopes),
            (Section::OptOut, &register.opt_outs),
            (Section::Setting, &register.settings),
            (Section::ProviderKind, &register.provider_kinds),
            (Section::Counter, &register.counters),
            (Section::LegalBasis, &register.legal_bases),
            (Section::Flag, &register.flags),
            (Section::Sector, &register.sectors),
        ];
        for (section, entries) in sections {
            for entry in entries {
                let words = self.vocabulary.sections.entry(section).or_default();
                if words.insert(entry.name.value.as_str().into(), Box::default()).is_some() {
                    diagnostics
                        .error(
                            entry.name.place(file),
                            format!("{} `{}` is declared twice", section.noun(), *entry.name),
                        )
                        .remedy("keep one of the two");
                }
            }
        }
        for list in &register.lists {
            let values = list.values.iter().map(|value| value.as_str().into()).collect();
            self.vocabulary
                .sections
                .entry(Section::List)
                .or_default()
                .insert(list.name.value.as_str().into(), values);
        }
    }
}

fn is_header_name(header: &str) -> bool {
    !header.is_empty()
        && header.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn compile_purposes(
    file: &str,
    source: &PurposesFile,
    book: &mut NameBook<'_>,
    diagnostics: &mut Diagnostics,
) -> Registry {
    for group in &source.groups {
        let categories = book.categories(file, &group.categories, diagnostics);
        let except = group.except.as_ref().map(|names| book.categories(file, names, diagnostics));
        book.add_group(&group.name, categories.difference(&except.unwrap_or(TagSet::EMPTY)));
    }
    let mut registry = Registry::default();
    for carrier in &source.carriers {
        let header = carrier.header.to_ascii_lowercase();
        if !is_header_name(&header) {
            diagnostics
                .error(
                    carrier.header.place(file),
                    format!("`{}` is not the name of a header", *carrier.header),
                )
                .remedy("write it as it is on the wire, such as `authorization`");
        } else if header == "cookie" {
            diagnostics
                .error(
                    carrier.header.place(file),
                    "cookies are judged one by one and cannot be a carrier",
                )
                .remedy("permit `cookie_id` for the purposes that need it");
        }
        registry.carriers.push(header.into());
    }
    registry.on_break = source.signatures.on_break;
    for header in &source.signatures.headers {
        let name = header.to_ascii_lowercase();
        if is_header_name(&name) {
            registry.signature_headers.push(name.into());
        } else {
            diagnostics
                .error(header.place(file), format!("`{}` is not the name of a header", **header))
                .remedy("give a name such as `x-acme-signature`");
        }
    }
    if let Some(version) = &source.version {
        registry.version = Some(RegistryVersion {
            id: version.id.value.as_str().into(),
            effective_from: version.effective_from,
        });
        for name in version.destinations.iter() {
            match name.parse() {
                Ok(region) => registry.destinations.push(region),
                Err(error) => {
                    let error: crate::domain::RegionError = error;
                    diagnostics.error(name.place(file), error.to_string());
                }
            }
        }
    }
    let default = source
        .recipients
        .as_ref()
        .map_or(ClassSet(u64::MAX), |names| book.classes(file, names, diagnostics));
    registry.also = variations(file, &source.also, book, diagnostics);
    for purpose in &source.purposes {
        let also = variations(file, &purpose.also, book, diagnostics);
        let only = variations(file, &purpose.only, book, diagnostics);
        let permit = match &purpose.permit_from {
            Some(PermitSource::LegalBasis) => Permit::LegalBasis,
            Some(PermitSource::Consent(scope)) => Permit::Consent(scope.value.as_str().into()),
            None => Permit::Categories {
                base: purpose
                    .permit
                    .as_ref()
                    .map_or(TagSet::EMPTY, |names| book.categories(file, names, diagnostics)),
                also,
                only,
            },
        };
        let recipients = purpose
            .recipients
            .as_ref()
            .map_or(default, |names| book.classes(file, names, diagnostics));
        registry.purposes.push(Purpose { permit, recipients, aggregate: purpose.aggregate });
        let number = u16::try_from(registry.purposes.len()).unwrap_or(u16::MAX);
        if registry.numbers.insert(purpose.id.value.as_str().into(), number).is_some() {
            diagnostics
                .error(
                    purpose.id.place(file),
                    format!("purpose `{}` is declared twice", *purpose.id),
                )
                .remedy("keep one of the two");
        }
    }
    registry
}

fn variations(
    file: &str,
    list: &[source::Variation],
    book: &NameBook<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Variation> {
    list.iter()
        .map(|variation| Variation {
            classes: variation.class.as_ref().map(|names| book.classes(file, names, diagnostics)),
            kinds: variation.kind.as_ref().map(|names| {
                book.words(file, Section::ProviderKind, names, diagnostics).into_vec()
            }),
            categories: book.categories(file, &variation.permit, diagnostics),
        })
        .collect()
}

// === rules ===

struct Built {
    rule: Rule,
    info: RuleInfo,
    place: Place,
    dimensions: Dimensions,
    exceptions: Vec<(String, Place)>,
    /// Where its applicability is written.
    when: Option<Place>,
    /// Rules that this one says again, to be cited.
    restates: Vec<(String, Place)>,
    /// Nothing is wrong with it by itself.
    sound: bool,
}

#[derive(Default)]
struct Builder {
    built: Vec<Built>,
    child_ages: Vec<(usize, u8)>,
    known_origins: Vec<usize>,
    people_only: Vec<usize>,
    counters: Vec<(Counter, Place)>,
    /// Every file could be read as a whole, so that what is not there was never written.
    whole: bool,
}

impl Builder {
    fn add(
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
            if rule.mode == Mode::Off {
                continue;
            }
            let built = build(rule, source, origin.as_ref(), &scope, diagnostics);
            self.built.push(built);
        }
    }

    /// The age of the file, or of the member state where the file names one.
    fn add_child_ages(
        &mut self,
        file: &str,
        source: &RuleFile,
        origin: Option<&super::region_set::RegionSet>,
        book: &NameBook<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        let mut ages: FxHashMap<usize, u8> = FxHashMap::default();
        if let (Some(age), Some(origin)) = (source.child_age, origin) {
            let age = u8::try_from(age).unwrap_or(u8::MAX);
            ages.extend((0..REGIONS).filter(|it| origin.may_contain(*it)).map(|it| (it, age)));
        }
        for special in &source.child_ages {
            let regions = book.regions(file, &special.regions, diagnostics);
            let age = u8::try_from(special.age).unwrap_or(u8::MAX);
            ages.extend((0..REGIONS).filter(|it| regions.may_contain(*it)).map(|it| (it, age)));
        }
        self.child_ages.extend(ages);
    }

    fn finish(
        mut self,
        registry: Registry,
        book: NameBook<'_>,
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<RuleSet> {
        self.built.push(default_deny());
        self.built.sort_by(|a, b| key(&a.info).cmp(&key(&b.info)));
        if self.built.len() > RULES_MAX {
            diagnostics
                .error(Place::default(), format!("more than {RULES_MAX} rules"))
                .remedy("merge rules that differ in names only");
            return None;
        }
        let select = |wanted: &dyn Fn(&crate::domain::Category) -> bool| {
            taxonomy.iter().filter(|(_, category)| wanted(category)).map(|(tag, _)| tag).collect()
        };
        let anonymous = select(&|category| {
            super::context::is_anonymous_alone(category.sensitivity) && !category.identifier
        });
        self.check_duplicates(diagnostics);
        self.check_use(&anonymous, diagnostics);
        let exceptions = self.resolve_exceptions(diagnostics);
        let mut first = (0, String::new());
        for ((built, exceptions), number) in self.built.iter_mut().zip(exceptions).zip(0u16..) {
            built.rule.exceptions = exceptions;
            if built.info.id != first.1 {
                first = (number, built.info.id.clone());
            }
            built.rule.first = first.0;
        }
        let dimensions: Vec<Option<Dimensions>> = self
            .built
            .iter()
            .map(|built| {
                let is_candidate = !built.rule.closing && built.info.id != DEFAULT_DENY;
                is_candidate.then(|| built.dimensions.clone())
            })
            .collect();
        let mut index = Index::new(&dimensions, registry.purposes.len());
        for (built, number) in self.built.iter().zip(0u16..) {
            if built.rule.closing {
                index.closing.push(number);
            }
            if built.info.id == DEFAULT_DENY {
                index.default_deny = number;
            }
        }
        let counters = counters(std::mem::take(&mut self.counters), diagnostics);
        let mut child_ages = vec![0u8; REGIONS];
        for (region, age) in self.child_ages {
            if let Some(slot) = child_ages.get_mut(region) {
                // Where two laws speak, the higher age protects more.
                *slot = (*slot).max(age);
            }
        }
        let marked = |regions: Vec<usize>| {
            let mut marks = vec![false; REGIONS];
            for region in regions {
                if let Some(mark) = marks.get_mut(region) {
                    *mark = true;
                }
            }
            marks
        };
        let (known_origins, people_only) = (marked(self.known_origins), marked(self.people_only));
        let identifiers = select(&|category| category.identifier);
        let sensitive = select(&|category| category.sensitivity == Sensitivity::Sensitive);
        let (rules, infos): (Vec<Rule>, _) =
            self.built.into_iter().map(|built| (built.rule, built.info)).unzip();
        let thresholds = super::worst::thresholds(&rules);
        let NameBook { names, vocabulary, .. } = book;
        Some(RuleSet {
            needed: rules.iter().map(Facets::needed_by).collect(),
            rules,
            infos,
            index,
            registry,
            vocabulary,
            also_called: also_called(taxonomy, &names),
            names,
            identifiers,
            anonymous,
            sensitive,
            child_ages,
            known_origins,
            people_only,
            counters,
            thresholds,
            remarks: Remarks::default(),
        })
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
        for built in self.built.iter().filter(|built| built.sound) {
            if let Some(reason) = analysis::futile(&built.rule, &built.dimensions, anonymous) {
                let place = built.when.as_ref().unwrap_or(&built.place);
                diagnostics
                    .error(place.clone(), format!("rule `{}` {reason}", built.info.id))
                    .remedy("correct the condition or take the rule out");
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
    fn resolve_exceptions(&self, diagnostics: &mut Diagnostics) -> Vec<Vec<u16>> {
        let mut by_id: FxHashMap<&str, Vec<(u16, &Built)>> = FxHashMap::default();
        for (built, number) in self.built.iter().zip(0u16..) {
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

// === counters ===

fn counter(
    source: &source::Count,
    origin: Option<&super::region_set::RegionSet>,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Counter {
    let name = scope.book.word(scope.file, Section::Counter, &source.counter, diagnostics);
    let window = match (&source.window.calendar_year, source.window.last) {
        (Some(offset), None) => CounterWindow::CalendarYear {
            offset_minutes: offset_minutes(offset).unwrap_or_else(|| {
                diagnostics
                    .error(
                        offset.place(scope.file),
                        format!("`{}` is no offset from UTC", **offset),
                    )
                    .remedy("write it like `+08:00`, in quotes");
                0
            }),
        },
        (None, Some(period)) => CounterWindow::Last(period),
        (Some(_), Some(_)) | (None, None) => {
            diagnostics
                .error(
                    source.counter.place(scope.file),
                    format!("counter `{}` needs one window", *source.counter),
                )
                .remedy("give one of `calendar_year` and `last`");
            CounterWindow::Last(super::words::Period::Years(1))
        }
    };
    let empty = source::Condition::default();
    let condition = source.when.as_ref().unwrap_or(&empty);
    let gate = scope.gate(condition, diagnostics);
    let when = scope.tree(&source::Condition { data: None, ..condition.clone() }, diagnostics);
    let unless = source.unless.as_ref().map(|unless| scope.tree(unless, diagnostics));
    let mut circular = false;
    for predicate in std::iter::once(&when).chain(&unless) {
        predicate.walk(&mut |it| circular |= it.is_count());
    }
    if circular {
        diagnostics
            .error(
                source.counter.place(scope.file),
                format!("counter `{}` counts by what is counted", *source.counter),
            )
            .remedy("take `counter`, `counted` and `volume` out of its conditions");
    }
    Counter {
        name: name.into(),
        of: source.of,
        window,
        per_recipient: match source.per {
            source::CountPer::Recipient => true,
            source::CountPer::Exporter => false,
        },
        origin: origin.cloned(),
        domestic: source.domestic,
        gate,
        when: Some(when),
        unless,
    }
}

/// In the order of names, each once.
fn counters(mut built: Vec<(Counter, Place)>, diagnostics: &mut Diagnostics) -> Vec<Counter> {
    built.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    for pair in built.windows(2) {
        if let [(first, other), (second, place)] = pair
            && first.name == second.name
        {
            diagnostics
                .error(
                    place.clone(),
                    format!("counter `{}` is counted twice; the other is at {other}", second.name),
                )
                .remedy("keep one of the two");
        }
    }
    built.into_iter().map(|(counter, _)| counter).collect()
}

/// `+08:00` in minutes.
fn offset_minutes(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// What the names of one file mean, its definitions included.
pub(super) fn scope<'f, 't>(
    file: &'f str,
    source: &RuleFile,
    book: &'f NameBook<'t>,
    diagnostics: &mut Diagnostics,
) -> Scope<'f, 't> {
    let mut scope = Scope {
        file,
        book,
        sensitive: source.sensitive.as_ref().map(|names| book.categories(file, names, diagnostics)),
        definitions: FxHashMap::default(),
    };
    for definition in &source.definitions {
        let predicate = scope.tree(&definition.condition, diagnostics);
        if scope.definitions.insert(definition.name.value.clone(), predicate).is_some() {
            diagnostics.error(
                definition.name.place(file),
                format!("definition `{}` is given twice", *definition.name),
            );
        }
    }
    scope
}

fn key(info: &RuleInfo) -> (&str, Option<&str>) {
    (&info.id, info.part.as_deref())
}

fn build(
    source: &source::Rule,
    file: &RuleFile,
    origin: Option<&super::region_set::RegionSet>,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Built {
    let before = diagnostics.error_count();
    let place = source.id.place(scope.file);
    for (text, what) in [(&source.statute, "statute"), (&source.reason, "reason")] {
        if text.trim().is_empty() {
            diagnostics
                .error(
                    text.place(scope.file),
                    format!("rule `{}` has an empty `{what}`", *source.id),
                )
                .remedy(match what {
                    "statute" => "name the article, section or heading it rests on",
                    _ => "say in one sentence why the transfer was stopped or changed",
                });
        }
    }
    let empty = source::Condition::default();
    let condition = source.when.as_ref().map_or(&empty, |when| &when.value);
    let mut translated = scope.applicability(condition, diagnostics);
    if translated.dimensions.origin.is_none() && translated.dimensions.origin_not.is_none() {
        translated.dimensions.origin = origin.cloned();
        if let Some(origin) = origin.filter(|origin| origin.is_dated()) {
            translated.residual.push(Predicate::Origin(origin.clone()));
        }
    }
    let mut tree = |condition: Option<&crate::source::At<source::Condition>>| {
        condition.map(|condition| scope.tree(condition, diagnostics))
    };
    let (require, unless) = (tree(source.require.as_ref()), tree(source.unless.as_ref()));
    check_applicability(source, scope.file, condition, &translated.dimensions, diagnostics);
    let layer = file.layer;
    let cross_border = match condition.cross_border {
        Some(is) => Some(is),
        None => (layer == Layer::Law && !source.domestic).then_some(true),
    };
    let closing = translated.residual.iter().any(Predicate::is_closing);
    if closing && source.effect.is_some_and(|effect| effect != Effect::Allow) {
        diagnostics
            .error(
                place.clone(),
                format!(
                    "rule `{}` looks at what the others showed and cannot redact or block",
                    *source.id
                ),
            )
            .remedy("give it no effect, or `effect: allow`");
    }
    let window = source.in_force.as_ref().map(|window| {
        if let (Some(from), Some(until)) = (window.from, window.until)
            && until <= from
        {
            diagnostics
                .error(window.place(scope.file), "the window ends before it begins")
                .remedy("`from` is included and `until` is not; put the later one under `until`");
        }
        (window.from, window.until)
    });
    let annotate = annotations(source, scope.file, diagnostics);
    let (selection, replacement) = redaction(source, &translated, scope, diagnostics);
    let when = match translated.residual.len() {
        0 => None,
        1 => translated.residual.pop(),
        _ => Some(Predicate::All(translated.residual.into_boxed_slice())),
    };
    let is_unconditional = when.is_none() && unless.is_none() && require.is_none();
    let mut rule = Rule {
        effect: source.effect,
        layer,
        gate: translated.gate,
        cross_border,
        window,
        when,
        unless,
        require,
        worst: None,
        exceptions: Vec::new(),
        selection,
        replacement,
        broken_signature: source.redact.as_ref().and_then(|redact| redact.broken_signature),
        annotate,
        mode: source.mode,
        closing,
        has_gate: window.is_some() || matches!(translated.gate, Gate::Categories(_)),
        is_unconditional,
        first: 0,
        id: source.id.as_str().into(),
        reason: source.reason.trim().into(),
    };
    if source.facts_unavailable == source::FactsUnavailable::Worst {
        rule.worst = super::worst::Worst::of(&rule);
    }
    let exceptions = named(&source.exceptions, scope.file);
    let dimensions = translated.dimensions;
    if source.effect == Some(Effect::Allow) && !exceptions.is_empty() {
        diagnostics
            .error(
                place.clone(),
                format!("rule `{}` allows and so needs no exceptions", *source.id),
            )
            .remedy("take `exceptions` out");
    }
    Built {
        rule,
        info: RuleInfo {
            id: source.id.value.clone(),
            part: source.part.as_ref().map(|part| part.value.clone()),
            layer,
            title: source.title.clone(),
            statute: source.statute.value.clone(),
            reason: source.reason.value.trim().to_owned(),
            effect: source.effect,
            file: place.file.clone(),
            line: place.line,
        },
        when: source.when.as_ref().map(|when| when.place(scope.file)),
        restates: named(&source.restates, scope.file),
        sound: diagnostics.error_count() == before,
        place,
        dimensions,
        exceptions,
    }
}

/// What contradicts itself between keys that are no predicates of their own.
fn check_applicability(
    source: &source::Rule,
    file: &str,
    condition: &source::Condition,
    dimensions: &Dimensions,
    diagnostics: &mut Diagnostics,
) {
    let place = source.when.as_ref().map_or_else(|| source.id.place(file), |when| when.place(file));
    let mut complaints: Vec<&str> = Vec::new();
    if let (Some(origin), Some(destination)) = (&dimensions.origin, &dimensions.destination)
        && condition.cross_border == Some(false)
        && origin.disjoint(destination)
    {
        complaints.push("no `destination` is an `origin`, yet `cross_border` is false");
    }
    if let Some(counter) = &condition.counter
        && (counter.at_least.zip(counter.below).is_some_and(|(least, below)| below <= least)
            || counter.over.zip(counter.below).is_some_and(|(over, below)| below <= over + 1)
            || (counter.known == Some(false)
                && (counter.at_least.is_some()
                    || counter.below.is_some()
                    || counter.over.is_some())))
    {
        complaints.push("no count satisfies the bounds of `counter`");
    }
    if let (Some(window), Some(as_of)) = (&source.in_force, &condition.as_of)
        && (window.until.zip(as_of.from).is_some_and(|(until, from)| until <= from)
            || as_of.until.zip(window.from).is_some_and(|(until, from)| until <= from))
    {
        complaints.push("`as_of` lies outside `in_force`");
    }
    if condition.anonymous == Some(true) && condition.data.is_none() {
        complaints
            .push("without `data: any` the rule waits for personal data, and `anonymous` for none");
    }
    for complaint in complaints {
        diagnostics
            .error(place.clone(), format!("rule `{}` can never fire: {complaint}", *source.id))
            .remedy("correct the condition or take the rule out");
    }
}

/// Ids of rules, with their places.
fn named(names: &Option<super::words::Names>, file: &str) -> Vec<(String, Place)> {
    names
        .iter()
        .flat_map(super::words::Names::iter)
        .map(|name| (name.value.clone(), name.place(file)))
        .collect()
}

fn annotations(source: &source::Rule, file: &str, diagnostics: &mut Diagnostics) -> Vec<Annotate> {
    source
        .annotate
        .iter()
        .map(|annotate| {
            let value = match (&annotate.value, &annotate.deadline, annotate.fact) {
                (None, None, None) => AnnotateValue::None,
                (Some(text), None, None) => AnnotateValue::Text(text.as_str().into()),
                (None, Some(deadline), None) => {
                    AnnotateValue::Deadline { after: deadline.after, period: deadline.period }
                }
                (None, None, Some(fact)) => AnnotateValue::Fact(fact),
                (Some(_) | None, Some(_) | None, Some(_) | None) => {
                    diagnostics
                        .error(
                            annotate.name.place(file),
                            format!("annotation `{}` has more than one value", *annotate.name),
                        )
                        .remedy("give one of `value`, `deadline` and `fact`");
                    AnnotateValue::None
                }
            };
            Annotate { name: annotate.name.value.as_str().into(), value }
        })
        .collect()
}

fn redaction(
    source: &source::Rule,
    translated: &Translated,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> (Selection, Replacement) {
    let mut selection = Selection::default();
    let mut replacement = Replacement::Remove;
    let is_redact = source.effect == Some(Effect::Redact);
    if let Some(redact) = &source.redact {
        if !is_redact {
            diagnostics
                .error(
                    redact.place(scope.file),
                    format!("rule `{}` says what to redact, but its effect is another", *source.id),
                )
                .remedy("write `effect: redact`");
        }
        if let Some(names) = &redact.categories {
            selection.categories = scope.tags(names, diagnostics);
        }
        selection.outside = redact.outside.as_ref().map(|names| scope.tags(names, diagnostics));
        selection.outside_purpose = redact.outside_purpose;
        selection.without_fresh_consent = redact.without_fresh_consent;
        selection.withdrawn = redact.withdrawn;
        selection.third_party = redact.third_party;
        selection.pseudonymous = redact.pseudonymous;
        selection.within = redact.within.as_ref().map(|names| scope.tags(names, diagnostics));
        selection.in_list = redact.in_list.as_ref().map(|list| scope.list(list, diagnostics));
        if let Some(wanted) = &redact.replacement {
            replacement = replacement::compile(wanted, scope, diagnostics);
        }
    }
    let says_what = source.redact.as_ref().is_some_and(|redact| {
        redact.categories.is_some()
            || redact.outside.is_some()
            || redact.outside_purpose
            || redact.without_fresh_consent
            || redact.withdrawn
            || redact.in_list.is_some()
    });
    if is_redact && !says_what {
        match (translated.gate, selection.third_party) {
            (Gate::Categories(tags), _) => selection.categories = tags,
            (Gate::Any | Gate::Personal, true) => selection.categories = TagSet::ALL,
            (Gate::Any | Gate::Personal, false) => {
                diagnostics
                    .error(
                        source.id.place(scope.file),
                        format!("rule `{}` redacts, but does not say what", *source.id),
                    )
                    .remedy("name categories under `when.data` or `redact.categories`");
            }
        }
    }
    (selection, replacement)
}

/// What happens when no rule allows.
const DEFAULT_DENY: &str = "default-deny";
const DEFAULT_REASON: &str = "No rule allows this transfer of personal data.";

fn default_deny() -> Built {
    let rule = Rule {
        effect: Some(Effect::Block),
        layer: Layer::Organisation,
        gate: Gate::Personal,
        cross_border: None,
        window: None,
        when: None,
        unless: None,
        require: None,
        worst: None,
        exceptions: Vec::new(),
        selection: Selection::default(),
        replacement: Replacement::Remove,
        broken_signature: None,
        annotate: Vec::new(),
        mode: Mode::Enforce,
        closing: false,
        has_gate: false,
        is_unconditional: true,
        first: 0,
        id: DEFAULT_DENY.into(),
        reason: DEFAULT_REASON.into(),
    };
    Built {
        rule,
        info: RuleInfo {
            id: DEFAULT_DENY.to_owned(),
            part: None,
            layer: Layer::Organisation,
            title: "What no rule allows is blocked".to_owned(),
            statute: "built in".to_owned(),
            reason: DEFAULT_REASON.to_owned(),
            effect: Some(Effect::Block),
            file: String::new(),
            line: 0,
        },
        place: Place::default(),
        dimensions: Dimensions::default(),
        exceptions: Vec::new(),
        when: None,
        restates: Vec::new(),
        sound: true,
    }
}

/// The patterns a fact may name categories by: keys, short names and wildcards.
pub(super) fn category_names(taxonomy: &Taxonomy) -> FxHashMap<Box<str>, TagSet> {
    let mut patterns: FxHashSet<String> = ["*".to_owned(), "**".to_owned()].into_iter().collect();
    for (_, category) in taxonomy.iter() {
        patterns.insert(category.short.clone());
        let mut key = category.key.as_str();
        loop {
            patterns.extend([key.to_owned(), format!("{key}.*"), format!("{key}.**")]);
            match key.rsplit_once('.') {
                Some((parent, _)) => key = parent,
                None => break,
            }
        }
    }
    patterns
        .into_iter()
        .filter_map(|pattern| {
            let tags = taxonomy.select(&TagPattern(pattern.clone()));
            (!tags.is_empty()).then(|| (pattern.into_boxed_str(), tags))
        })
        .collect()
}
