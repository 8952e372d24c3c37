//! From `rules/detectors/*.yaml` to a [`DetectorSet`]: the only step that can fail.

mod names;
mod values;

use aho_corasick::AhoCorasick;
use rustc_hash::FxHashMap;

use crate::{
    detect::{
        check::{self, Check},
        pairs::COMPARING,
        source::{DetectorFile, SuppressSource, ThresholdSource, WordsSource},
    },
    domain::{DetectorId, Tag, TagPattern, TagSet, Taxonomy},
    source::{At, Diagnostics, Place, SourceFile, read},
};

use super::{DetectorSet, Suppression, cues::begun, last_byte};

impl DetectorSet {
    /// Compiles the files of `rules/detectors/`. Every complaint goes to `diagnostics`; `None` when
    /// there was an error.
    pub fn compile(
        files: &[SourceFile],
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let before = diagnostics.error_count();
        let sources: Vec<(&str, DetectorFile)> = files
            .iter()
            .filter_map(|file| Some((file.name.as_str(), read(file, diagnostics)?)))
            .collect();
        let is_whole = sources.len() == files.len();
        let mut compiler = Compiler {
            taxonomy,
            is_whole,
            diagnostics,
            set: Self::empty(taxonomy),
            contexts: FxHashMap::default(),
            near: FxHashMap::default(),
            behind: FxHashMap::default(),
            field_checks: Vec::new(),
        };
        for (file, source) in &sources {
            compiler.words(&source.words);
            source.contexts.iter().for_each(|context| compiler.context(file, context));
        }
        for (file, source) in &sources {
            source.contexts.iter().for_each(|context| compiler.excluded(file, context));
            source.fields.iter().for_each(|field| compiler.field(file, field));
            source.values.iter().for_each(|value| compiler.value(file, value));
            source.cues.iter().for_each(|cue| compiler.cue(file, cue));
            source.patterns.iter().for_each(|pattern| compiler.pattern(file, pattern));
            source.suppress.iter().for_each(|suppress| compiler.suppress(file, suppress));
            compiler.set.people.add(&source.names);
            compiler.misleading(&source.misleading);
            compiler.placeholders(&source.placeholders);
            compiler.placeholder_endings(&source.placeholder_endings);
        }
        compiler.crowded(&sources);
        for (_, source) in &sources {
            compiler.against(&source.against);
        }
        let thresholds = sources.iter().flat_map(|(file, source)| {
            source.thresholds.iter().map(|threshold| (*file, threshold))
        });
        compiler.thresholds(thresholds);
        compiler.set.echo = compiler.detector("echo".to_owned());
        let set = compiler.finish();
        (diagnostics.error_count() == before).then_some(set)
    }

    /// Reads the files and compiles nothing: for when there are no categories to look up.
    pub fn check_form(files: &[SourceFile], diagnostics: &mut Diagnostics) {
        for file in files {
            let _: Option<DetectorFile> = read(file, diagnostics);
        }
    }
}

const SUPPRESSIONS_MAX: usize = 64;

/// A threshold with what it is of.
struct Threshold<'t> {
    category: &'t str,
    place: Place,
    tags: TagSet,
    minimum: u8,
}

struct Compiler<'c> {
    taxonomy: &'c Taxonomy,
    /// Every file could be read; where one could not, contexts are missing that it may have.
    is_whole: bool,
    diagnostics: &'c mut Diagnostics,
    set: DetectorSet,
    contexts: FxHashMap<String, u32>,
    near: FxHashMap<String, (u128, u128)>,
    behind: FxHashMap<String, u128>,
    /// The check of each rule of a field name.
    field_checks: Vec<Option<String>>,
}

impl Compiler<'_> {
    fn words(&mut self, source: &WordsSource) {
        let keys = &mut self.set.keys;
        source.prefixes.iter().for_each(|word| keys.word(word).prefix = true);
        source.suffixes.iter().for_each(|word| keys.word(word).suffix = true);
        source.hashed.iter().for_each(|word| keys.word(word).hashed = true);
        source.encrypted.iter().for_each(|word| keys.word(word).encrypted = true);
        source.statements.iter().for_each(|word| keys.word(word).statement = true);
        source.attributes.iter().for_each(|word| keys.word(word).attribute = true);
        source.tellers.iter().for_each(|word| keys.word(word).tells = true);
        source.queries.iter().for_each(|word| keys.word(word).is_query = true);
        source.heads.iter().for_each(|word| keys.word(word).heads = true);
        source.stand_ins.iter().for_each(|word| keys.word(word).stand_in = true);
        source.values.iter().for_each(|word| keys.word(word).awaits = true);
        source.classifiers.iter().for_each(|word| keys.word(word).classifies = true);
        source.descriptions.iter().for_each(|word| keys.word(word).describes = true);
        source.administrative.iter().for_each(|word| keys.word(word).administrative = true);
    }

    fn suppress(&mut self, file: &str, source: &SuppressSource) {
        let number = self.set.suppressions.len();
        if number >= SUPPRESSIONS_MAX {
            self.diagnostics
                .error(
                    source.reason.place(file),
                    format!("there are more than {SUPPRESSIONS_MAX} suppressions"),
                )
                .remedy("join those with the same reason");
            return;
        }
        let texts = source.values.iter().chain(&source.value_endings).chain(&source.fields);
        if texts.clone().any(|text| text.trim().is_empty()) {
            self.diagnostics
                .error(
                    source.reason.place(file),
                    "there is an empty text among `fields`, `values` or `value_endings`, which every value ends in",
                )
                .remedy("write the name, value or ending that is meant, or take it out");
            return;
        }
        let mut tags = TagSet::EMPTY;
        if source.categories.is_empty() {
            tags = TagSet::ALL;
        }
        for category in &source.categories {
            tags = tags.union(&self.tags(file, category));
        }
        if texts.count() == 0 && !self.is_of_some(file, source, &tags) {
            return;
        }
        for name in &source.fields {
            self.set.keys.entry(name).suppressed |= 1 << number;
        }
        self.set.suppressions.push(Suppression {
            tags,
            named: !source.fields.is_empty(),
            values: source.values.iter().map(|text| text.to_lowercase().into()).collect(),
            endings: source.value_endings.iter().map(|text| text.to_lowercase().into()).collect(),
        });
    }

    /// Whether a suppression that takes whole categories leaves others. It is told: nothing of them is found any more.
    fn is_of_some(&mut self, file: &str, source: &SuppressSource, tags: &TagSet) -> bool {
        if self.taxonomy.iter().all(|(tag, _)| tags.contains(tag)) {
            self.diagnostics
                .error(source.reason.place(file), "this suppresses every finding")
                .remedy("add `fields`, `values` or `value_endings`, or name the `categories` that are meant");
            return false;
        }
        for category in &source.categories {
            self.diagnostics
                .warning(
                    category.place(file),
                    format!(
                        "nothing is found of `{}` any more, whatever a rule asks of it",
                        category.value
                    ),
                )
                .remedy("add `fields`, `values` or `value_endings` where only some of it is meant");
        }
        true
    }

    fn misleading(&mut self, source: &[String]) {
        source.iter().for_each(|name| self.set.keys.entry(name).misleads = true);
    }

    fn placeholders(&mut self, source: &[String]) {
        for text in source {
            let text = text.to_lowercase();
            self.set.placeholder_starts |= 1 << (text.bytes().next().unwrap_or_default() % 64);
            self.set.placeholder_lengths |= 1 << text.len().min(63);
            self.set.placeholders.insert(text.into());
        }
    }

    fn placeholder_endings(&mut self, source: &[String]) {
        let endings = source.iter().map(|ending| ending.to_lowercase());
        for (last, ending) in endings.filter_map(|ending| Some((last_byte(&ending)?, ending))) {
            self.set.placeholder_endings.entry(last).or_default().push(ending.into());
        }
    }

    /// Words of the general list contradict every detector of bare letters and digits.
    fn against(&mut self, source: &[String]) {
        let mut mask = 0u128;
        for (number, value) in self.set.values.iter().enumerate() {
            if matches!(value.check, Check::Token(..))
                || self.set.finders.phone == u16::try_from(number).ok()
            {
                mask |= 1 << number;
            }
        }
        for word in source {
            self.set.keys.word(word).against |= mask;
            self.near.entry(word.to_lowercase()).or_default().1 |= mask;
        }
    }

    /// Narrower categories have the last word, in whatever file and order they stand.
    fn thresholds<'t>(&mut self, sources: impl Iterator<Item = (&'t str, &'t ThresholdSource)>) {
        let mut known: Vec<Threshold<'t>> = Vec::new();
        for (file, source) in sources {
            let minimum = self.percent(file, &source.minimum);
            let tags = self.tags(file, &source.category);
            let place = source.category.place(file);
            if tags.is_empty() {
                continue;
            }
            if let Some(before) = known.iter().find(|it| it.tags == tags) {
                let message = format!(
                    "`{}` has a threshold already: {}, at {}:{}",
                    source.category.value, before.minimum, before.place.file, before.place.line
                );
                self.diagnostics.error(place, message).remedy("keep one of the two");
                continue;
            }
            known.push(Threshold { category: &source.category.value, place, tags, minimum });
        }
        known.sort_by_key(|threshold| std::cmp::Reverse(threshold.tags.iter().count()));
        let mut governs: Vec<Option<usize>> = vec![None; self.taxonomy.len()];
        for (number, threshold) in known.iter().enumerate() {
            for tag in threshold.tags.iter().map(|tag| usize::from(tag.0)) {
                if let (Some(slot), Some(by)) =
                    (self.set.thresholds.get_mut(tag), governs.get_mut(tag))
                {
                    (*slot, *by) = (threshold.minimum, Some(number));
                }
            }
        }
        self.out_of_reach(&known, &governs);
    }

    /// Tells which categories nothing is found of, since no detector is as sure as their threshold wants.
    fn out_of_reach(&mut self, thresholds: &[Threshold<'_>], governs: &[Option<usize>]) {
        /// Most categories that one complaint names.
        const NAMED_MAX: usize = 5;
        let surest = self.surest();
        for (number, threshold) in thresholds.iter().enumerate() {
            let is_lost = |tag: &Tag| {
                let tag = usize::from(tag.0);
                governs.get(tag) == Some(&Some(number))
                    && surest.get(tag).is_some_and(|sure| (1..threshold.minimum).contains(sure))
            };
            let lost: Vec<Tag> = threshold.tags.iter().filter(is_lost).collect();
            if lost.is_empty() {
                continue;
            }
            let named: Vec<String> =
                lost.iter().take(NAMED_MAX).map(|tag| format!("`{}`", self.short(*tag))).collect();
            let others = match lost.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let message = format!(
                "nothing is found of {}{others} any more: no detector is {} percent sure, as `{}` asks here",
                named.join(", "),
                threshold.minimum,
                threshold.category
            );
            self.diagnostics
                .warning(threshold.place.clone(), message)
                .remedy("lower `minimum`, or name the categories that it is meant for");
        }
    }

    /// How sure the surest detector of each category can be.
    fn surest(&self) -> Vec<u8> {
        let mut surest = vec![0; self.taxonomy.len()];
        let mut note = |tag: Tag, confidence: u8| {
            if let Some(sure) = surest.get_mut(usize::from(tag.0)) {
                *sure = confidence.max(*sure);
            }
        };
        for rule in &self.set.rules {
            let sure = rule.confidence.max(rule.checked).max(rule.unchecked);
            note(rule.tag, sure);
            note(rule.coarse, sure);
        }
        self.set.values.iter().for_each(|value| note(value.tag, value.surest()));
        self.set.cues.rules().for_each(|cue| note(cue.tag, cue.confidence));
        self.set.patterns.iter().for_each(|pattern| note(pattern.tag, pattern.confidence));
        surest
    }

    fn finish(mut self) -> DetectorSet {
        check::prepare();
        let mut near: Vec<(String, (u128, u128))> = self.near.into_iter().collect();
        let capitals: Vec<_> = near.iter().flat_map(in_capitals).collect();
        near.extend(capitals);
        near.sort();
        let words: Vec<&str> = near.iter().map(|(word, _)| word.as_str()).collect();
        let built = AhoCorasick::builder().ascii_case_insensitive(true).build(&words);
        match built {
            Ok(nearby) => self.set.nearby = Some(nearby),
            Err(error) => {
                let place = Place::default();
                self.diagnostics.error(place, format!("too many supporting words: {error}"));
            }
        }
        let (phrases, masks): (Vec<String>, Vec<u128>) = self.behind.into_iter().unzip();
        match AhoCorasick::builder().ascii_case_insensitive(true).build(&phrases) {
            Ok(behind) => (self.set.behind, self.set.behind_masks) = (Some(behind), masks),
            Err(error) => {
                let place = Place::default();
                self.diagnostics.error(place, format!("too many phrases behind values: {error}"));
            }
        }
        COMPARING.iter().for_each(|word| self.set.cues.look_into(word.trim()));
        if let Err(error) = self.set.cues.build() {
            self.diagnostics.error(Place::default(), format!("too many cues: {error}"));
        }
        for (number, below) in self.set.below.iter().enumerate() {
            if self.set.values.iter().any(|value| below.contains(value.tag))
                && let Ok(number) = u16::try_from(number)
            {
                self.set.outer_of_values.insert(Tag(number));
            }
        }
        self.set.nearby_masks = near.into_iter().map(|(_, masks)| masks).collect();
        self.set.find_digit_lengths();
        self.set
    }

    // === Names of other things ===

    fn tag(&mut self, file: &str, name: &At<String>) -> Option<Tag> {
        let tag = self.taxonomy.tag(name);
        if tag.is_none() {
            self.diagnostics
                .error(name.place(file), format!("`{}` is not a category", name.value))
                .remedy("use a `key` or `short` of the taxonomy, or add the category there");
        }
        tag
    }

    fn tags(&mut self, file: &str, pattern: &At<String>) -> TagSet {
        let tags = self.taxonomy.select(&TagPattern(pattern.value.clone()));
        if tags.is_empty() {
            self.diagnostics
                .error(pattern.place(file), format!("`{}` means no category", pattern.value))
                .remedy(
                    "use a `key` or `short` of the taxonomy, or a pattern such as `user.device.**`",
                );
        }
        tags
    }

    fn check(&mut self, file: &str, name: &At<String>) -> Option<Check> {
        let check = Check::named(name);
        if check.is_none() {
            self.unknown(file, name, "a check", &[]);
        }
        check
    }

    /// What is named is neither a check nor one of `others`.
    fn unknown(&mut self, file: &str, name: &At<String>, what: &str, others: &[&'static str]) {
        let checks = Check::names().filter(|check| !others.contains(check));
        let names = others.iter().copied().chain(checks);
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        self.diagnostics
            .error(name.place(file), format!("`{}` is not {what}", name.value))
            .remedy(format!("known are {}", names.join(", ")));
    }

    fn context_bits(&mut self, file: &str, names: &[At<String>]) -> u32 {
        let mut bits = 0;
        for name in names {
            match self.contexts.get(&name.value) {
                Some(bit) => bits |= bit,
                None if !self.is_whole => {}
                None => {
                    self.diagnostics
                        .error(name.place(file), format!("`{}` is not a context", name.value))
                        .remedy("add it under `contexts:`, or use one that is there");
                }
            }
        }
        bits
    }

    fn percent(&mut self, file: &str, value: &At<u8>) -> u8 {
        if value.value > 100 {
            self.diagnostics
                .error(value.place(file), format!("`{}` is more than 100 percent", value.value))
                .remedy("write 0 to 100");
        }
        value.value
    }

    fn short(&self, tag: Tag) -> &str {
        self.taxonomy.category(tag).map_or("?", |category| &category.short)
    }

    fn detector(&mut self, name: String) -> DetectorId {
        let known = self.set.names.iter().position(|known| *known == name);
        let number = known.unwrap_or_else(|| {
            self.set.names.push(name);
            self.set.names.len() - 1
        });
        DetectorId(u16::try_from(number).unwrap_or(u16::MAX))
    }
}

/// A word as it begins a sentence and in capitals, where those are beyond ASCII.
fn in_capitals<T: Copy>((word, what): &(String, T)) -> impl Iterator<Item = (String, T)> + use<T> {
    let all = Some(word.to_uppercase()).filter(|all| !all.eq_ignore_ascii_case(word));
    let what = *what;
    begun(word).into_iter().chain(all).map(move |form| (form, what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::shipped;

    fn complaints(text: &str) -> String {
        let mut diagnostics = Diagnostics::default();
        let file = SourceFile { name: "detectors/a.yaml".into(), text: text.into() };
        assert!(DetectorSet::compile(&[file], &shipped::taxonomy(), &mut diagnostics).is_none());
        diagnostics.to_string()
    }

    #[test]
    fn complaints_name_line_and_remedy() {
        for (text, parts) in [
            (
                "fields:\n  - {category: emial, names: [x], confidence: 90}\n",
                &["detectors/a.yaml:2:", "`emial` is not a category"][..],
            ),
            (
                "fields:\n  - {category: email, names: [x], confidence: 90, check: emial}\n",
                &["`emial` is not a check", "`email`"],
            ),
            (
                "cues:\n  - {category: name, reads: given_nam, confidence: 9, cues: [hello]}\n",
                &["`given_nam` is not something to read", "`given_name`", "`email`"],
            ),
            (
                "fields:\n  - {category: email, confidence: 190}\n",
                &["has no names", "more than 100"],
            ),
            (
                "fields:\n  - {category: email, names: [x], inside: [persn], confidence: 9}\n",
                &["`persn` is not a context"],
            ),
            (
                "values:\n  - {category: name, check: name, plain: 90}\n",
                &["cannot be recognised without a field name"],
            ),
            (
                "patterns:\n  - {id: a, category: email, pattern: '(', fields: [x], confidence: 9}\n",
                &["pattern `a`"],
            ),
            (
                "patterns:\n  - {id: a, category: email, pattern: a, fields: [], confidence: 9}\n",
                &["names no fields"],
            ),
            (
                "patterns:\n  - {id: a, category: email, pattern: a, fields: ['*'], confidence: 9}\n",
                &["detectors/a.yaml:2:", "`*` is no name of a field", "for those alone"],
            ),
            (
                "patterns:\n  - {id: a, category: email, pattern: '[0-9]*', fields: [x], confidence: 9}\n",
                &["pattern `a` matches the empty text", "`+`"],
            ),
            (
                "patterns:\n  - {id: a, category: email, pattern: '\\b', fields: [x], confidence: 9}\n",
                &["pattern `a` matches the empty text"],
            ),
            ("suppress:\n  - {reason: quiet}\n", &["suppresses every finding"]),
            (
                "suppress:\n  - {categories: ['**'], reason: quiet}\n",
                &["detectors/a.yaml:2:", "suppresses every finding", "name the `categories`"],
            ),
            ("suppress:\n  - {categories: [user], reason: quiet}\n", &["suppresses every finding"]),
            (
                "suppress:\n  - {categories: [email], value_endings: [''], reason: quiet}\n",
                &["an empty text among"],
            ),
            ("suppress:\n  - {values: [' '], reason: quiet}\n", &["an empty text among"]),
            (
                "thresholds:\n  - {category: email, minimum: 60}\n  - {category: user.contact.email, minimum: 70}\n",
                &["detectors/a.yaml:3:", "has a threshold already: 60, at detectors/a.yaml:2"],
            ),
            ("thresholds:\n  - {category: user.nothing.**, minimum: 10}\n", &["means no category"]),
            ("fields:\n  - {categry: email, confidence: 1}\n", &["did you mean `category`?"]),
            (
                "fields:\n  - {category: email, names: [x], confidence: sure}\n",
                &["found `sure`, expected a whole number from 0 to 255"],
            ),
        ] {
            let found = complaints(text);
            for part in parts {
                assert!(found.contains(part), "`{part}` is not in\n{found}");
            }
        }
    }

    #[test]
    fn a_name_that_too_many_entries_are_about_is_refused_in_all_its_readings() {
        // Each is of another context, so that none says what another does.
        let compile = |own: usize, others: &str, count: usize| {
            let contexts =
                (0..own + count).map(|it| format!("  - {{id: c{it}, names: [n{it}]}}\n"));
            let entries = (0..own + count).map(|it| {
                let names = if it < count { others } else { "names: [home widget]" };
                format!("  - {{category: email, {names}, inside: [c{it}], confidence: 90}}\n")
            });
            let (contexts, entries) = (contexts.collect::<String>(), entries.collect::<String>());
            let text =
                format!("words: {{prefixes: [home]}}\ncontexts:\n{contexts}fields:\n{entries}");
            let file = SourceFile { name: "detectors/a.yaml".into(), text };
            let mut diagnostics = Diagnostics::default();
            let set = DetectorSet::compile(&[file], &shipped::taxonomy(), &mut diagnostics);
            (set.is_some(), diagnostics.to_string())
        };
        for others in ["names: [home widget]", "names: [widget]", "endings: [widget]"] {
            assert_eq!(compile(5, others, 5), (true, String::new()), "{others}");
            let (is_compiled, told) = compile(5, others, 6);
            let last = "detectors/a.yaml:25:";
            assert!(
                !is_compiled && told.contains(last) && told.contains("`home widget`"),
                "{told}"
            );
        }
    }

    /// What is told of files that compile, and the thresholds they set.
    fn told(files: &[(&str, &str)]) -> (DetectorSet, String) {
        let mut diagnostics = Diagnostics::default();
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(name, text)| SourceFile { name: (*name).into(), text: (*text).into() })
            .collect();
        let set = DetectorSet::compile(&files, &shipped::taxonomy(), &mut diagnostics);
        (set.unwrap(), diagnostics.to_string())
    }

    const FIELDS: &str = "fields:\n  - {category: email, names: [mail], confidence: 90}\n  - {category: name, names: [who], confidence: 80, unchecked: 85}\n";

    #[test]
    fn what_is_found_no_more_is_told() {
        let fields = ("detectors/keys.yaml", FIELDS);
        for (text, expected) in [
            ("suppress: [{categories: [email], fields: [mail], reason: x}]", None),
            ("suppress: [{categories: [email], reason: x}]", Some("found of `email` any more")),
            ("suppress: [{categories: [user.contact.**], reason: x}]", Some("`user.contact.**`")),
            ("thresholds: [{category: '**', minimum: 80}]", None),
            (
                "thresholds: [{category: '**', minimum: 86}]",
                Some("of `name` any more: no detector"),
            ),
            (
                "thresholds: [{category: '**', minimum: 100}]",
                Some("100 percent sure, as `**` asks"),
            ),
            ("thresholds: [{category: '**', minimum: 86}, {category: name, minimum: 10}]", None),
        ] {
            let (_, told) = told(&[fields, ("detectors/own.yaml", text)]);
            match expected {
                Some(part) => assert!(told.contains(part), "{text}: {told}"),
                None => assert_eq!(told, "", "{text}"),
            }
        }
    }

    #[test]
    fn the_threshold_of_the_narrower_category_holds_in_any_order() {
        let taxonomy = shipped::taxonomy();
        let of = |set: &DetectorSet, name: &str| {
            let tag = taxonomy.tag(name).unwrap();
            set.thresholds.get(usize::from(tag.0)).copied().unwrap()
        };
        let (all, contact, email) = (
            "thresholds: [{category: '**', minimum: 50}]",
            "thresholds: [{category: user.contact.**, minimum: 60}]",
            "thresholds: [{category: email, minimum: 70}]",
        );
        for [first, second, third] in
            [[all, contact, email], [email, contact, all], [contact, email, all]]
        {
            let files = [("detectors/a.yaml", first), ("detectors/b.yaml", second)];
            let files = [files[0], files[1], ("detectors/c.yaml", third)];
            let (set, told) = told(&files);
            let found = ["email", "phone", "name"].map(|name| of(&set, name));
            assert_eq!((found, told.as_str()), ([70, 60, 50], ""));
        }
    }
}
