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
        for (file, source) in &sources {
            compiler.against(&source.against);
            compiler.thresholds(file, &source.thresholds);
        }
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
        source.heads.iter().for_each(|word| keys.word(word).heads = true);
        source.stand_ins.iter().for_each(|word| keys.word(word).stand_in = true);
        source.values.iter().for_each(|word| keys.word(word).awaits = true);
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
        let everything = source.categories.is_empty()
            && source.fields.is_empty()
            && source.values.is_empty()
            && source.value_endings.is_empty();
        if everything {
            self.diagnostics
                .error(source.reason.place(file), "this suppresses every finding")
                .remedy("add `categories`, `fields`, `values` or `value_endings`");
            return;
        }
        let mut tags = TagSet::EMPTY;
        if source.categories.is_empty() {
            tags = TagSet::ALL;
        }
        for category in &source.categories {
            tags = tags.union(&self.tags(file, category));
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

    fn thresholds(&mut self, file: &str, source: &[ThresholdSource]) {
        // Narrower patterns have the last word, however the file is ordered.
        let mut ordered: Vec<&ThresholdSource> = source.iter().collect();
        ordered.sort_by_key(|threshold| match threshold.category.as_str() {
            "*" | "**" => 0,
            other => 1 + other.matches('.').count(),
        });
        for threshold in ordered {
            let minimum = self.percent(file, &threshold.minimum);
            for tag in self.tags(file, &threshold.category).iter() {
                if let Some(slot) = self.set.thresholds.get_mut(usize::from(tag.0)) {
                    *slot = minimum;
                }
            }
        }
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
            ("suppress:\n  - {reason: quiet}\n", &["suppresses every finding"]),
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
}
