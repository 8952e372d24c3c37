//! What is found by its form, by words before it or by a pattern.

use super::Compiler;
use crate::{
    detect::{
        check::Check,
        set::{CueRule, Pattern, Reads, ValueDetector},
        source::{CueSource, PatternSource, ValueSource},
    },
    domain::{Region, Tag},
    source::At,
};

/// One bit each in [`Facts`](crate::detect::keys::Facts).
const VALUES_MAX: usize = 128;
const PATTERNS_MAX: usize = 64;
/// A compiled pattern of an operator, bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

impl Compiler<'_> {
    pub(super) fn value(&mut self, file: &str, source: &ValueSource) {
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
            (Check::Text(..), "api_key") => finders.api_key = Some(number),
            (Check::Text(..), "url_password") => finders.url_password = Some(number),
            (Check::Text(..), "access_log_user") => finders.access_log_user = Some(number),
            (Check::Text(..), "path_owner") => finders.path_owner = Some(number),
            (Check::Text(..), "birth_date") => finders.birth_date = Some(number),
            (Check::Text(..), "email") => finders.email = Some(number),
            (Check::Text(..), "ip") => finders.ip = Some(number),
            (Check::Text(..), "jwt") => finders.jwt = Some(number),
            (Check::Text(..), "mac") => finders.mac = Some(number),
            (Check::Text(..), "mrz") => finders.mrz = Some(number),
            (Check::Text(..), "payment_address") => finders.payment_address = Some(number),
            (Check::Text(..), "coordinates") => finders.pair = Some(number),
            (Check::Text(..), "phone") => finders.phone = Some(number),
            (Check::Text(..), "user_agent") => finders.user_agent = Some(number),
            (Check::Text(..), other) => {
                self.diagnostics
                    .error(
                        source.check.place(file),
                        format!("`{other}` cannot be recognised without a field name"),
                    )
                    .remedy("use it as the `check` of an entry under `fields`");
            }
        }
    }

    pub(super) fn cue(&mut self, file: &str, source: &CueSource) {
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

    pub(super) fn pattern(&mut self, file: &str, source: &PatternSource) {
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
        let is_name =
            |name: &&String| !name.contains('*') && name.chars().any(char::is_alphanumeric);
        if let Some(name) = source.fields.iter().find(|name| !is_name(name)) {
            self.diagnostics
                .error(source.id.place(file), format!("`{name}` is no name of a field"))
                .remedy("write the names of the fields that it is tried on: it is meant for those alone");
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
        // What may stand around what is matched.
        const AROUND: [&str; 4] = ["", " ", "a", "a1-b"];
        if AROUND.iter().any(|text| regex.find_iter(text).any(|found| found.is_empty())) {
            self.diagnostics
                .error(
                    source.pattern.place(file),
                    format!("pattern `{}` matches the empty text", source.id.value),
                )
                .remedy("say what there has to be at least: `+` rather than `*`");
            return;
        }
        let check = source.check.as_ref().and_then(|check| self.check(file, check));
        let confidence = self.percent(file, &source.confidence);
        let detector = self.detector(format!("pattern.{}", source.id.value));
        self.set.patterns.push(Pattern { detector, tag, regex, confidence, check });
        for name in &source.fields {
            self.set.keys.entry(name).patterns |= 1 << number;
        }
    }
}

/// Words of a name that a cue announces, where it does not say how many.
const NAME_WORDS: usize = 2;

/// What a cue can announce besides values that pass a check.
const READINGS: [(&str, Reads); 14] = [
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
    ("command_user", Reads::CommandUser),
    ("command_password", Reads::CommandPassword),
];
