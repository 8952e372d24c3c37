//! From `rules/detectors/*.yaml` to a [`DetectorSet`]: the only step that can fail.

use aho_corasick::AhoCorasick;
use rustc_hash::FxHashMap;

use crate::{
    detect::{
        check::{self, Check},
        name::Words,
        pairs::COMPARING,
        source::{
            ContextSource, CueSource, DetectorFile, FieldSource, PatternSource, SuppressSource,
            ThresholdSource, ValueSource, WordsSource,
        },
    },
    domain::{DetectorId, Part, Region, Tag, TagPattern, TagSet, Taxonomy},
    source::{At, Diagnostics, Place, SourceFile, read},
};

use super::{
    CueRule, DetectorSet, FieldRule, Pattern, Reach, Reads, Suppression, ValueDetector, cues::begun,
};

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
            let endings = source.placeholder_endings.iter().map(|ending| ending.to_lowercase());
            compiler.set.placeholder_endings.extend(endings.map(Into::into));
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

/// One bit each in [`Facts`](super::keys::Facts).
const VALUES_MAX: usize = 128;
const PATTERNS_MAX: usize = 64;
const SUPPRESSIONS_MAX: usize = 64;
const CONTEXTS_MAX: usize = 32;
/// A compiled pattern of an operator, bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

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

    fn context(&mut self, file: &str, source: &ContextSource) {
        let number = self.contexts.len();
        let known = self.contexts.get(&source.id.value).copied();
        if known.is_none() && number >= CONTEXTS_MAX {
            self.diagnostics
                .error(
                    source.id.place(file),
                    format!("there are more than {CONTEXTS_MAX} contexts"),
                )
                .remedy("join contexts that the same fields use");
            return;
        }
        let bit = known.unwrap_or(1 << number);
        self.contexts.insert(source.id.value.clone(), bit);
        for name in &source.names {
            self.set.keys.entry(name).opens |= bit;
        }
        for name in &source.names_alone {
            self.set.keys.entry(name).opens_itself |= bit;
        }
        for name in &source.beside {
            self.set.keys.entry(name).beside |= bit;
        }
        for name in &source.signs {
            self.set.keys.entry(name).signs |= bit;
        }
        if source.any_order {
            self.set.contexts.any_order |= bit;
        }
        if source.near {
            self.set.contexts.near |= bit;
        }
        if source.lasting {
            self.set.contexts.lasting |= bit;
            self.set.keys.lasting |= bit;
        }
        if source.third_party {
            self.set.contexts.third_party |= bit;
        }
        for (part, slot) in Part::ALL.iter().zip(&mut self.set.contexts.parts) {
            if part.as_str() == source.id.value {
                *slot = bit;
            }
        }
    }

    fn field(&mut self, file: &str, source: &FieldSource) {
        let Some(tag) = self.tag(file, &source.category) else { return };
        let coarse = match &source.coarse {
            Some(coarse) => self.tag(file, coarse).unwrap_or(tag),
            None => tag,
        };
        let check = source.check.as_ref().and_then(|check| self.check(file, check));
        let inside = self.context_bits(file, &source.inside);
        let outside = self.context_bits(file, &source.outside);
        if source.names.is_empty() && source.endings.is_empty() {
            self.diagnostics
                .error(
                    source.category.place(file),
                    format!("`{}` has no names", source.category.value),
                )
                .remedy("add `names:` with the field names of this category");
        }
        let confidence = self.percent(file, &source.confidence);
        let checked = source.checked.as_ref().map_or(confidence, |value| self.percent(file, value));
        let unchecked = source.unchecked.as_ref().map_or(0, |value| self.percent(file, value));
        let detector = self.detector(format!("field.{}", self.short(tag)));
        let number = u16::try_from(self.set.rules.len()).unwrap_or(u16::MAX);
        let called = source.check.as_ref().map(|check| check.as_str());
        self.set.rules.push(FieldRule {
            detector,
            tag,
            coarse,
            container: source.whole
                || !source.values_only
                    && self.taxonomy.category(tag).is_some_and(|category| category.container),
            inside,
            outside,
            check,
            confidence,
            checked,
            unchecked,
            spreads: source.spreads,
            attributes: source.attributes,
            prose: source.prose,
            lists_only: source.lists_only,
            values_only: source.values_only,
            lists_max: source.lists_max.unwrap_or(u8::MAX),
            listed: source.listed,
            known: source.known,
            family: source.family,
            given: source.given,
            is_of_people: called == Some("name"),
            is_postal_address: called == Some("postal_address"),
            is_of_an_address: matches!(called, Some("postal_address" | "street")),
            is_unmistakable: called == Some("email"),
            reach: Reach::of(called),
        });
        let check_name = source.check.as_ref().map(|check| check.value.clone());
        let names = source.names.iter().map(|name| (name, false));
        for (name, is_ending) in names.chain(source.endings.iter().map(|name| (name, true))) {
            if Words::of(name).len() == 0 {
                self.diagnostics
                    .error(source.category.place(file), format!("`{name}` is not a field name"))
                    .remedy("write at least one letter or digit");
                continue;
            }
            let entry = self.set.keys.entry(name);
            let list = if source.exact { &mut entry.exact_rules } else { &mut entry.rules };
            let says_the_same = |other: &u16| {
                self.set.rules.get(usize::from(*other)).is_some_and(|rule| {
                    (rule.tag, rule.inside, rule.outside) == (tag, inside, outside)
                }) && self.field_checks.get(usize::from(*other)) == Some(&check_name)
            };
            let known = list.contains(&number);
            if (known && !is_ending) || list.iter().any(|it| *it != number && says_the_same(it)) {
                self.diagnostics
                    .warning(
                        source.category.place(file),
                        format!("`{name}` is named for `{}` twice", source.category.value),
                    )
                    .remedy("take one of the two out");
            }
            // An ending is a name as well.
            if known {
                continue;
            }
            // Rules bound to a context are tried before those that are not.
            let at = if inside == 0 { list.len() } else { 0 };
            list.insert(at, number);
        }
        if source.prose {
            self.set.texts.insert(tag);
        }
        self.field_checks.push(check_name);
        for name in &source.endings {
            let list = &mut self.set.keys.entry(name).ending_rules;
            if list.contains(&number) {
                self.diagnostics
                    .warning(
                        source.category.place(file),
                        format!("`{name}` is an ending of `{}` twice", source.category.value),
                    )
                    .remedy("take one of the two out");
                continue;
            }
            let at = if inside == 0 { list.len() } else { 0 };
            list.insert(at, number);
        }
    }

    fn value(&mut self, file: &str, source: &ValueSource) {
        let Some(tag) = self.tag(file, &source.category) else { return };
        let Some(check) = self.check(file, &source.check) else { return };
        let issuer = source.issuer.as_ref().and_then(|issuer| match issuer.parse::<Region>() {
            Ok(region) => Some(region),
            Err(error) => {
                self.diagnostics.error(issuer.place(file), error.to_string());
                None
            }
        });
        if self.set.values.len() >= VALUES_MAX {
            self.diagnostics
                .error(source.check.place(file), format!("there are more than {VALUES_MAX} values"))
                .remedy("use `fields` with a `check` for values that need a name beside them");
            return;
        }
        let mut percent =
            |value: &Option<At<u8>>| value.as_ref().map_or(0, |value| self.percent(file, value));
        let (plain, shaped, supported) =
            (percent(&source.plain), percent(&source.shaped), percent(&source.supported));
        let number = u16::try_from(self.set.values.len()).unwrap_or(u16::MAX);
        self.register(file, source, check, number);
        let detector = self.detector(format!("value.{}", source.check.value));
        let surest = plain.max(shaped).max(supported);
        self.set.value_confidence_max = self.set.value_confidence_max.max(surest);
        if issuer.is_some() {
            self.set.issued.insert(tag);
        }
        self.set.values.push(ValueDetector {
            detector,
            tag,
            check,
            issuer,
            plain,
            shaped,
            supported: supported.max(shaped),
            certain: source.certain,
            shared: source.shared,
        });
        let bit = 1u128 << number;
        let outside = self.context_bits(file, &source.outside);
        if outside != 0 {
            self.set.contexts.contradicts.push((outside, bit));
        }
        for word in &source.words {
            self.set.keys.word(word).supports |= bit;
            self.near.entry(word.to_lowercase()).or_default().0 |= bit;
        }
        for phrase in &source.behind {
            *self.behind.entry(phrase.to_lowercase()).or_default() |= bit;
        }
        for word in &source.against {
            self.set.keys.word(word).against |= bit;
            self.near.entry(word.to_lowercase()).or_default().1 |= bit;
        }
    }

    /// Where candidates of a check are found.
    fn register(&mut self, file: &str, source: &ValueSource, check: Check, number: u16) {
        let finders = &mut self.set.finders;
        match (check, source.check.as_str()) {
            (Check::Token(shortest, longest, _), _) => {
                for lengths in self.set.by_length.iter_mut().take(longest + 1).skip(shortest) {
                    lengths.push(number);
                }
            }
            (Check::Text(_), "api_key") => finders.api_key = Some(number),
            (Check::Text(_), "url_password") => finders.url_password = Some(number),
            (Check::Text(_), "access_log_user") => finders.access_log_user = Some(number),
            (Check::Text(_), "path_owner") => finders.path_owner = Some(number),
            (Check::Text(_), "birth_date") => finders.birth_date = Some(number),
            (Check::Text(_), "email") => finders.email = Some(number),
            (Check::Text(_), "ip") => finders.ip = Some(number),
            (Check::Text(_), "jwt") => finders.jwt = Some(number),
            (Check::Text(_), "mac") => finders.mac = Some(number),
            (Check::Text(_), "mrz") => finders.mrz = Some(number),
            (Check::Text(_), "payment_address") => finders.payment_address = Some(number),
            (Check::Text(_), "coordinates") => finders.pair = Some(number),
            (Check::Text(_), "phone") => finders.phone = Some(number),
            (Check::Text(_), "user_agent") => finders.user_agent = Some(number),
            (Check::Text(_), other) => {
                self.diagnostics
                    .error(
                        source.check.place(file),
                        format!("`{other}` cannot be recognised without a field name"),
                    )
                    .remedy("use it as the `check` of an entry under `fields`");
            }
        }
    }

    fn cue(&mut self, file: &str, source: &CueSource) {
        let Some(tag) = self.tag(file, &source.category) else { return };
        let least =
            source.least_words.as_ref().map_or(NAME_WORDS, |least| usize::from(least.value));
        let name = source.reads.as_str();
        let known = READINGS.iter().find(|(known, _)| *known == name).map(|(_, reads)| *reads);
        let reads = match (known, Check::named(name)) {
            (Some(Reads::Name(_)), _) => Reads::Name(least),
            (Some(reads), _) => reads,
            (None, Some(check)) if matches!(name, "birth_date" | "number_plate") => {
                Reads::Phrase(check)
            }
            (None, Some(_)) if name == "phone" => Reads::Phone,
            (None, Some(check)) => Reads::Checked(check),
            (None, None) => {
                let readings: Vec<_> = READINGS.iter().map(|(known, _)| *known).collect();
                self.unknown(file, &source.reads, "something to read", &readings);
                return;
            }
        };
        let confidence = self.percent(file, &source.confidence);
        let detector = self.detector(format!("cue.{}", self.short(tag)));
        let rule = CueRule { detector, tag, confidence, reads };
        let number = self.set.cues.rule(rule);
        let beside: Vec<Tag> =
            source.beside.iter().filter_map(|category| self.tag(file, category)).collect();
        if !beside.is_empty() {
            self.set.cues.known_beside = Some((rule, beside));
        }
        for cue in &source.cues {
            if cue.trim().is_empty() {
                self.diagnostics
                    .error(source.category.place(file), "a cue is empty")
                    .remedy("write the words that stand before the value");
                continue;
            }
            self.set.cues.word(cue, number);
        }
    }

    fn pattern(&mut self, file: &str, source: &PatternSource) {
        let Some(tag) = self.tag(file, &source.category) else { return };
        let number = self.set.patterns.len();
        if number >= PATTERNS_MAX {
            self.diagnostics
                .error(
                    source.id.place(file),
                    format!("there are more than {PATTERNS_MAX} patterns"),
                )
                .remedy("join patterns of one category with `|`");
            return;
        }
        if source.fields.is_empty() {
            self.diagnostics
                .error(
                    source.id.place(file),
                    format!("pattern `{}` names no fields", source.id.value),
                )
                .remedy("add `fields:` with the names of the fields it is tried on");
            return;
        }
        let regex = regex::RegexBuilder::new(&source.pattern).size_limit(PATTERN_BYTES_MAX).build();
        let regex = match regex {
            Ok(regex) => regex,
            Err(error) => {
                let what = error.to_string().lines().last().unwrap_or("unreadable").to_owned();
                self.diagnostics
                    .error(
                        source.pattern.place(file),
                        format!("pattern `{}`: {what}", source.id.value),
                    )
                    .remedy("write a regular expression without look-around and back-references");
                return;
            }
        };
        let check = source.check.as_ref().and_then(|check| self.check(file, check));
        let confidence = self.percent(file, &source.confidence);
        let detector = self.detector(format!("pattern.{}", source.id.value));
        self.set.patterns.push(Pattern { detector, tag, regex, confidence, check });
        for name in &source.fields {
            self.set.keys.entry(name).patterns |= 1 << number;
        }
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

/// Words of a name that a cue announces, where it does not say how many.
const NAME_WORDS: usize = 2;

/// What a cue can announce besides values that pass a check.
const READINGS: [(&str, Reads); 12] = [
    ("name", Reads::Name(NAME_WORDS)),
    ("known_name", Reads::KnownName),
    ("likely_name", Reads::LikelyName),
    ("given_name", Reads::GivenName),
    ("name_before", Reads::NameBefore),
    ("postal_address", Reads::Address),
    ("street", Reads::Street),
    ("clause", Reads::Clause),
    ("years_before", Reads::YearsBefore),
    ("mailbox", Reads::Mailbox),
    ("code_before", Reads::CodeBefore),
    ("code_further_on", Reads::CodeFurtherOn),
];

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
