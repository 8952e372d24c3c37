//! `rules/detectors/*.yaml` compiled: the only step that can fail. What runs is here too, less the
//! walk over a message, which is [`Scanner`](super::Scanner).

use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    domain::{DetectorId, Part, Region, Tag, TagPattern, TagSet, Taxonomy},
    source::{At, Diagnostics, Place, SourceFile, read},
};

use super::{
    Hit, Scanner, Scratch,
    check::{self, Check, Match},
    keys::KeyTable,
    name::Words,
    source::{
        ContextSource, CueSource, DetectorFile, FieldSource, PatternSource, SuppressSource,
        ThresholdSource, ValueSource,
    },
    token::{Token, trimmed},
};

/// The detectors of one generation.
#[derive(Debug)]
pub struct DetectorSet {
    /// Tells a scratch whether its cache is of this set.
    pub(super) identity: Arc<()>,
    names: Vec<String>,
    pub(super) keys: KeyTable,
    pub(super) rules: Vec<FieldRule>,
    pub(super) contexts: Contexts,
    pub(super) values: Vec<ValueDetector>,
    /// Detectors of letters and digits, by how many.
    by_length: Vec<Vec<u16>>,
    pub(super) finders: Finders,
    /// Lengths of digits without separators that may be a value whatever is around them, as bits, and
    /// the least of them.
    digit_lengths: u64,
    pub(super) digits_min: usize,
    /// Supporting and contradicting words in prose, and whose they are.
    nearby: Option<AhoCorasick>,
    nearby_masks: Vec<(u128, u128)>,
    /// Words that announce what follows them, and what that is.
    pub(super) cues: Option<AhoCorasick>,
    pub(super) cue_rules: Vec<CueRule>,
    cue_words: Vec<(String, u16)>,
    /// A bit for the last three bytes of each cue, so that most texts need no further look.
    cue_ends: Vec<u64>,
    patterns: Vec<Pattern>,
    /// Least confidence, by tag.
    thresholds: Vec<u8>,
    /// Tags below a tag.
    below: Vec<TagSet>,
    /// Tags that some value detector finds a narrower one of.
    outer_of_values: TagSet,
    /// As sure as the surest value detector can be.
    value_confidence_max: u8,
    /// Tags of values that speak for the jurisdiction of their issuer.
    issued: TagSet,
    placeholders: FxHashSet<Box<str>>,
    /// Their first bytes (modulo 64) and their lengths, as bits.
    placeholder_starts: u64,
    placeholder_lengths: u64,
    suppressions: Vec<Suppression>,
}

/// A field-name table of one category.
#[derive(Debug)]
pub(super) struct FieldRule {
    pub(super) detector: DetectorId,
    pub(super) tag: Tag,
    pub(super) coarse: Tag,
    pub(super) container: bool,
    pub(super) inside: u32,
    pub(super) outside: u32,
    pub(super) check: Option<Check>,
    pub(super) confidence: u8,
    pub(super) checked: u8,
    pub(super) unchecked: u8,
    pub(super) spreads: bool,
    pub(super) prose: bool,
    pub(super) lists_only: bool,
    /// What passes the check has a form that nothing else has.
    pub(super) is_unmistakable: bool,
    /// How much of a line of prose the value takes.
    pub(super) reach: Reach,
}

/// How far a value goes in prose, where nothing but the value itself says where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the end of the line or clause.
    Line,
    /// The line, or else its first word.
    Either,
    /// The first word.
    Word,
}

impl Reach {
    fn of(check: Option<&str>) -> Self {
        match check {
            Some(
                "name" | "name_part" | "words" | "postal_address" | "handle" | "secret" | "country"
                | "language" | "place",
            )
            | None => Self::Line,
            Some(
                "reference" | "account_code" | "member_code" | "device_code" | "serial" | "opaque"
                | "token" | "one_time_code" | "advertising_id" | "official_number",
            ) => Self::Word,
            Some(_) => Self::Either,
        }
    }
}

/// Bits of the contexts.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    pub(super) lasting: u32,
    pub(super) any_order: u32,
    pub(super) third_party: u32,
    /// The context of each part of a message, when there is one of its name.
    pub(super) parts: [u32; Part::ALL.len()],
}

/// Recognises one kind of value by its form.
#[derive(Debug)]
pub(super) struct ValueDetector {
    pub(super) detector: DetectorId,
    pub(super) tag: Tag,
    pub(super) check: Check,
    pub(super) issuer: Option<Region>,
    plain: u8,
    shaped: u8,
    supported: u8,
    certain: bool,
}

/// The detectors whose candidates are found by a character of their own.
#[derive(Debug, Default)]
pub(super) struct Finders {
    pub(super) birth_date: Option<u16>,
    pub(super) email: Option<u16>,
    pub(super) ip: Option<u16>,
    pub(super) jwt: Option<u16>,
    pub(super) mac: Option<u16>,
    pub(super) mrz: Option<u16>,
    pub(super) pair: Option<u16>,
    pub(super) payment_address: Option<u16>,
    pub(super) phone: Option<u16>,
    pub(super) user_agent: Option<u16>,
}

/// What stands behind a cue.
#[derive(Debug, Clone, Copy)]
pub(super) struct CueRule {
    pub(super) detector: DetectorId,
    pub(super) tag: Tag,
    pub(super) confidence: u8,
    pub(super) reads: Reads,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Reads {
    /// A name of at least so many words.
    Name(usize),
    Address,
    /// The address around the cue itself.
    Street,
    /// A word or number that passes the check.
    Checked(Check),
}

#[derive(Debug)]
struct Pattern {
    detector: DetectorId,
    tag: Tag,
    regex: regex::Regex,
    confidence: u8,
    check: Option<Check>,
}

#[derive(Debug)]
struct Suppression {
    tags: TagSet,
    named: bool,
    values: FxHashSet<Box<str>>,
    endings: Vec<Box<str>>,
}

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
        let mut compiler = Compiler {
            taxonomy,
            diagnostics,
            set: Self::empty(taxonomy),
            contexts: FxHashMap::default(),
            near: FxHashMap::default(),
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
            compiler.placeholders(&source.placeholders);
        }
        for (file, source) in &sources {
            compiler.against(&source.against);
            compiler.thresholds(file, &source.thresholds);
        }
        let set = compiler.finish();
        (diagnostics.error_count() == before).then_some(set)
    }

    /// The name of a detector as records show it; `?` for one of another set.
    pub fn name(&self, detector: DetectorId) -> &str {
        self.names.get(usize::from(detector.0)).map_or("?", String::as_str)
    }

    /// A scanner for one message.
    pub fn scanner<'s>(&'s self, scratch: &'s mut Scratch) -> Scanner<'s> {
        Scanner::new(self, scratch)
    }

    fn empty(taxonomy: &Taxonomy) -> Self {
        let below = taxonomy
            .iter()
            .map(|(_, category)| taxonomy.select(&TagPattern(format!("{}.**", category.key))))
            .collect();
        Self {
            identity: Arc::new(()),
            names: Vec::new(),
            keys: KeyTable::default(),
            rules: Vec::new(),
            contexts: Contexts::default(),
            values: Vec::new(),
            by_length: vec![Vec::new(); Token::CAPACITY + 1],
            finders: Finders::default(),
            digit_lengths: 0,
            digits_min: usize::MAX,
            nearby: None,
            nearby_masks: Vec::new(),
            cues: None,
            cue_rules: Vec::new(),
            cue_words: Vec::new(),
            cue_ends: vec![0; CUE_END_WORDS],
            patterns: Vec::new(),
            thresholds: vec![DEFAULT_THRESHOLD; taxonomy.len()],
            below,
            outer_of_values: TagSet::EMPTY,
            value_confidence_max: 0,
            issued: TagSet::EMPTY,
            placeholders: FxHashSet::default(),
            placeholder_starts: 0,
            placeholder_lengths: 0,
            suppressions: Vec::new(),
        }
    }

    /// Detectors of candidates with this many letters and digits.
    pub(super) fn of_length(&self, length: usize) -> &[u16] {
        self.by_length.get(length).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether digits of this length, without separators, may be a value whatever is around them.
    pub(super) fn may_be_digits(&self, length: usize) -> bool {
        length < 64 && self.digit_lengths >> length & 1 == 1
    }

    fn find_digit_lengths(&mut self) {
        let mut lengths = 0u64;
        for (length, numbers) in self.by_length.iter().enumerate() {
            let may = numbers.iter().filter_map(|number| self.value(*number)).any(|value| {
                let shaped = if value.check.shapes_bare_digits() { value.shaped } else { 0 };
                self.reaches(value.tag, value.plain.max(shaped))
            });
            lengths |= u64::from(may) << length;
        }
        let finders = &self.finders;
        let plain = |finder: Option<u16>| {
            finder.and_then(|number| self.value(number)).map_or(0, |value| value.plain)
        };
        if plain(finders.phone) > 0 || plain(finders.mac) > 0 {
            lengths = u64::MAX;
        }
        self.digit_lengths = lengths;
        self.digits_min = if lengths == 0 { usize::MAX } else { lengths.trailing_zeros() as usize };
    }

    pub(super) fn value(&self, number: u16) -> Option<&ValueDetector> {
        self.values.get(usize::from(number))
    }

    pub(super) fn rule(&self, number: u16) -> Option<&FieldRule> {
        self.rules.get(usize::from(number))
    }

    pub(super) fn reaches(&self, tag: Tag, confidence: u8) -> bool {
        confidence > 0
            && self.thresholds.get(usize::from(tag.0)).is_some_and(|least| confidence >= *least)
    }

    /// `inner` is a narrower category than `outer`.
    pub(super) fn is_below(&self, inner: Tag, outer: Tag) -> bool {
        self.below.get(usize::from(outer.0)).is_some_and(|below| below.contains(inner))
    }

    /// Some value detector finds a narrower category than `outer`.
    pub(super) fn has_narrower_values(&self, outer: Tag) -> bool {
        self.outer_of_values.contains(outer)
    }

    /// What a name and its check said of a value can be outdone by no value detector.
    pub(super) fn is_settled(&self, hit: &Hit) -> bool {
        hit.confidence.0 >= self.value_confidence_max
            && !self.has_narrower_values(hit.tag)
            // Who issues such numbers is known to the detector of their form.
            && (hit.region.is_some() || !self.issued.contains(hit.tag))
    }

    /// Stands for "nothing known".
    pub(super) fn is_placeholder(&self, text: &str) -> bool {
        if text.len() > PLACEHOLDER_BYTES_MAX {
            return false;
        }
        let text = trimmed(text);
        let Some(&first) = text.as_bytes().first() else { return true };
        let may_be_listed = self.placeholder_starts >> (first.to_ascii_lowercase() % 64) & 1 == 1
            && self.placeholder_lengths >> text.len() & 1 == 1;
        if may_be_listed && self.placeholders.contains(text) {
            return true;
        }
        let mut zeros = 0;
        if text.bytes().all(|byte| {
            zeros += u32::from(byte == b'0');
            matches!(byte, b'0' | b'-' | b' ' | b'.' | b':' | b'/')
        }) && zeros >= 5
        {
            return true;
        }
        // `XXXX`, `****`, `----`, `0000000`: one character over and over, digits only when zero.
        let repeated = text.len() >= 3
            && matches!(first, b'x' | b'X' | b'*' | b'-' | b'.' | b'_' | b'?' | b'#' | b'0')
            && text.bytes().all(|byte| byte == first);
        repeated || (may_be_listed && self.is_placeholder_in_capitals(text))
    }

    fn is_placeholder_in_capitals(&self, text: &str) -> bool {
        let mut lower = [0u8; PLACEHOLDER_BYTES_MAX];
        let Some(lower) = lower.get_mut(..text.len()) else { return false };
        lower.copy_from_slice(text.as_bytes());
        lower.make_ascii_lowercase();
        std::str::from_utf8(lower).is_ok_and(|lower| self.placeholders.contains(lower))
    }

    pub(super) fn has_suppressions(&self) -> bool {
        !self.suppressions.is_empty()
    }

    /// Whether an operator said that this is never a finding. `named` are the suppressions whose field
    /// names fit, as bits.
    pub(super) fn is_suppressed(&self, tag: Tag, value: &str, named: u64) -> bool {
        self.suppressions.iter().enumerate().any(|(number, suppression)| {
            let field = !suppression.named || named >> number & 1 == 1;
            let open = suppression.values.is_empty() && suppression.endings.is_empty();
            field
                && suppression.tags.contains(tag)
                && (open || {
                    let lower = value.trim().to_lowercase();
                    suppression.values.contains(lower.as_str())
                        || suppression.endings.iter().any(|ending| lower.ends_with(&**ending))
                })
        })
    }

    /// Supporting and contradicting detectors, as bits, by the words of a stretch of prose.
    pub(super) fn nearby(&self, text: &[u8]) -> (u128, u128) {
        let mut masks: (u128, u128) = (0, 0);
        let Some(nearby) = &self.nearby else { return masks };
        for found in nearby.find_overlapping_iter(text) {
            if !is_whole_word(text, found.start(), found.end()) {
                continue;
            }
            // The word nearest to the value has the last say.
            if let Some((supports, against)) = self.nearby_masks.get(found.pattern().as_usize()) {
                masks.0 = (masks.0 & !against) | supports;
                masks.1 = (masks.1 & !supports) | against;
            }
        }
        masks
    }

    /// Whether a text may hold a cue and what it announces. Most do not, and are told by a look at the
    /// ends of their words.
    #[inline]
    pub(super) fn may_announce(&self, text: &[u8]) -> bool {
        const BYTES_MIN: usize = 10;
        text.len() >= BYTES_MIN && (!text.is_ascii() || self.may_hold_cues(text))
    }

    /// Whether some word of an ASCII text ends as a cue does.
    fn may_hold_cues(&self, text: &[u8]) -> bool {
        memchr::memchr3_iter(b' ', b'\n', b',', text).any(|at| {
            let head = text.get(at.saturating_sub(4)..at).unwrap_or_default();
            let head = match head.split_last() {
                Some((b'.' | b':' | b',' | b'-', rest)) => rest,
                _ => head,
            };
            let (word, bit) = cue_end(head);
            self.cue_ends.get(word).is_some_and(|bits| bits & bit != 0)
        })
    }

    /// Where words announce what follows them: the cue and what it announces.
    pub(super) fn cues<'t>(
        &'t self,
        text: &'t str,
    ) -> impl Iterator<Item = (std::ops::Range<usize>, &'t CueRule)> + 't {
        let ascii = text.is_ascii();
        self.cues.iter().flat_map(move |cues| cues.find_iter(text)).filter_map(move |found| {
            let (_, number) = self.cue_words.get(found.pattern().as_usize())?;
            let rule = self.cue_rules.get(usize::from(*number))?;
            // A street's name may be the end of a word: `Hauptstraße`.
            let joined = matches!(rule.reads, Reads::Street) && !ascii;
            let whole = is_whole_word(text.as_bytes(), found.start(), found.end());
            (whole || joined).then_some((found.range(), rule))
        })
    }

    /// The operator's patterns among `wanted` that fit the text: tag, confidence, detector, place.
    pub(super) fn patterns<'t>(
        &'t self,
        wanted: u64,
        text: &'t str,
    ) -> impl Iterator<Item = (Tag, u8, DetectorId, std::ops::Range<usize>)> + 't {
        self.patterns
            .iter()
            .enumerate()
            .filter(move |(number, _)| wanted >> number & 1 == 1)
            .flat_map(move |(_, pattern)| {
                pattern
                    .regex
                    .find_iter(text)
                    .filter(|found| {
                        pattern.check.is_none_or(|check| check.whole(found.as_str()).is_some())
                    })
                    .map(|found| (pattern.tag, pattern.confidence, pattern.detector, found.range()))
            })
    }
}

/// Words of the bit set of cue ends.
const CUE_END_WORDS: usize = 1024;

/// Word and bit for the last three bytes of `text`, whatever their case.
fn cue_end(text: &[u8]) -> (usize, u64) {
    let tail = text.iter().rev().take(3);
    let hash = tail.fold(0u32, |hash, byte| hash.wrapping_mul(0x9e37) ^ u32::from(byte | 0x20));
    let hash = (hash ^ (hash >> 16)) as usize % (CUE_END_WORDS * 64);
    (hash / 64, 1 << (hash % 64))
}

/// Not a part of a longer word of Latin letters; a plural counts.
fn is_whole_word(text: &[u8], start: usize, end: usize) -> bool {
    let letter =
        |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let head = letter(start.checked_sub(1)) && letter(Some(start));
    let plural = text.get(end) == Some(&b's') && !letter(Some(end + 1));
    let tail = letter(end.checked_sub(1)) && letter(Some(end)) && !plural;
    !head && !tail
}

impl ValueDetector {
    /// How sure the value makes us, given the words around it.
    pub(super) fn weigh(&self, number: u16, found: Match, supports: u128, against: u128) -> u8 {
        let bit = 1u128 << number;
        if supports & bit != 0 {
            return if found.shaped { self.supported.max(self.shaped) } else { self.supported };
        }
        if against & bit != 0 && !(self.certain && found.shaped) {
            return 0;
        }
        if found.shaped { self.shaped } else { self.plain }
    }
}

/// Findings less sure than this are not made, where no threshold says otherwise.
const DEFAULT_THRESHOLD: u8 = 50;
const PLACEHOLDER_BYTES_MAX: usize = 40;
/// One bit each in [`Facts`](super::keys::Facts).
const VALUES_MAX: usize = 128;
const PATTERNS_MAX: usize = 64;
const SUPPRESSIONS_MAX: usize = 64;
const CONTEXTS_MAX: usize = 32;
/// A compiled pattern of an operator, bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

struct Compiler<'c> {
    taxonomy: &'c Taxonomy,
    diagnostics: &'c mut Diagnostics,
    set: DetectorSet,
    contexts: FxHashMap<String, u32>,
    near: FxHashMap<String, (u128, u128)>,
    /// The check of each rule of a field name.
    field_checks: Vec<Option<String>>,
}

impl Compiler<'_> {
    fn words(&mut self, source: &super::source::WordsSource) {
        let keys = &mut self.set.keys;
        source.prefixes.iter().for_each(|word| keys.word(word).prefix = true);
        source.suffixes.iter().for_each(|word| keys.word(word).suffix = true);
        source.hashed.iter().for_each(|word| keys.word(word).hashed = true);
        source.encrypted.iter().for_each(|word| keys.word(word).encrypted = true);
        source.statements.iter().for_each(|word| keys.word(word).statement = true);
        source.attributes.iter().for_each(|word| keys.word(word).attribute = true);
        source.tellers.iter().for_each(|word| keys.word(word).tells = true);
        source.stand_ins.iter().for_each(|word| keys.word(word).stand_in = true);
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
        for name in &source.beside {
            self.set.keys.entry(name).beside |= bit;
        }
        for name in &source.signs {
            self.set.keys.entry(name).signs |= bit;
        }
        if source.any_order {
            self.set.contexts.any_order |= bit;
        }
        if source.lasting {
            self.set.contexts.lasting |= bit;
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
        self.set.rules.push(FieldRule {
            detector,
            tag,
            coarse,
            container: source.whole
                || self.taxonomy.category(tag).is_some_and(|category| category.container),
            inside,
            outside,
            check,
            confidence,
            checked,
            unchecked,
            spreads: source.spreads,
            prose: source.prose,
            lists_only: source.lists_only,
            is_unmistakable: source.check.as_ref().is_some_and(|check| check.as_str() == "email"),
            reach: Reach::of(source.check.as_ref().map(|check| check.as_str())),
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
        });
        let bit = 1u128 << number;
        for word in &source.words {
            self.set.keys.word(word).supports |= bit;
            self.near.entry(word.to_lowercase()).or_default().0 |= bit;
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
        let least = source.least_words.as_ref().map_or(2, |least| usize::from(least.value));
        let reads = match source.reads.as_str() {
            "name" => Reads::Name(least),
            "postal_address" => Reads::Address,
            "street" => Reads::Street,
            _ => match self.check(file, &source.reads) {
                Some(check) => Reads::Checked(check),
                None => return,
            },
        };
        let confidence = self.percent(file, &source.confidence);
        let detector = self.detector(format!("cue.{}", self.short(tag)));
        let number = u16::try_from(self.set.cue_rules.len()).unwrap_or(u16::MAX);
        self.set.cue_rules.push(CueRule { detector, tag, confidence, reads });
        for cue in &source.cues {
            if cue.trim().is_empty() {
                self.diagnostics
                    .error(source.category.place(file), "a cue is empty")
                    .remedy("write the words that stand before the value");
                continue;
            }
            let cue = cue.to_lowercase();
            let end = cue.trim_end_matches(['.', ':']);
            // Before a cue of two letters stands a gap, which counts among its last three bytes.
            let before: &[&str] =
                if end.len() < 3 { &["", " ", "\n", ",", "(", "\""] } else { &[""] };
            for gap in before {
                let (word, bit) = cue_end(format!("{gap}{end}").as_bytes());
                if let Some(slot) = self.set.cue_ends.get_mut(word) {
                    *slot |= bit;
                }
            }
            self.set.cue_words.push((cue, number));
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
        // One look at each byte, however many cues there are.
        let cues: Vec<&str> = self.set.cue_words.iter().map(|(cue, _)| cue.as_str()).collect();
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&cues);
        match built {
            Ok(cues) => self.set.cues = Some(cues),
            Err(error) => {
                let place = Place::default();
                self.diagnostics.error(place, format!("too many cues: {error}"));
            }
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
            let names: Vec<String> = Check::names().map(|name| format!("`{name}`")).collect();
            self.diagnostics
                .error(name.place(file), format!("`{}` is not a check", name.value))
                .remedy(format!("the checks are {}", names.join(", ")));
        }
        check
    }

    fn context_bits(&mut self, file: &str, names: &[At<String>]) -> u32 {
        let mut bits = 0;
        for name in names {
            match self.contexts.get(&name.value) {
                Some(bit) => bits |= bit,
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
        ] {
            let found = complaints(text);
            for part in parts {
                assert!(found.contains(part), "`{part}` is not in\n{found}");
            }
        }
    }

    #[test]
    fn no_cue_is_overlooked() {
        let set = shipped::detectors(&shipped::taxonomy());
        assert!(set.cue_words.len() > 100);
        for (cue, _) in &set.cue_words {
            for text in [format!("{cue} Ab Cd"), format!("x\n{cue} 12"), format!("x {cue}, Ab")] {
                assert!(!text.is_ascii() || set.may_hold_cues(text.as_bytes()), "{text}");
            }
        }
        assert!(!set.may_hold_cues(b"GET /v1/items 200 12ms"));
    }
}
