//! The detectors of one generation, as they run; the walk over a message is [`Scanner`],
//! and where they come from is `compile`.

mod compile;
mod cues;
mod placeholder;

use std::{cell::LazyCell, ops::Range, sync::Arc};

use aho_corasick::AhoCorasick;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::{
    DetectorId, Part, Region, Tag, TagPattern, TagSet, Taxonomy, ends_in_any_case,
};

use super::{
    Hit, Scanner, Scratch,
    check::{Check, Kind, Match},
    keys::KeyTable,
    lowered::Lowered,
    naming::KnownNames,
    token::{Token, trimmed},
};

pub(super) use cues::{CueRule, Cues, Reads};

/// The detectors of one generation.
#[derive(Debug)]
pub struct DetectorSet {
    /// Tells a scratch whether its cache is of this set.
    pub(super) identity: Arc<()>,
    names: Vec<String>,
    /// The detector of values that were found elsewhere in the message.
    echo: DetectorId,
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
    pub(super) digits_min: u32,
    /// Supporting and contradicting words in prose, and whose they are.
    nearby: Option<AhoCorasick>,
    nearby_masks: Vec<(u128, u128)>,
    /// Phrases that say behind a value what it is.
    behind: Option<AhoCorasick>,
    behind_masks: Vec<u128>,
    /// Words that announce what follows them, and what that is.
    pub(super) cues: Cues,
    patterns: Vec<Pattern>,
    /// Least confidence, by tag.
    thresholds: Vec<u8>,
    /// Tags below a tag.
    below: Vec<TagSet>,
    /// Tags that some value detector finds a narrower one of.
    outer_of_values: TagSet,
    /// Tags of texts that others wrote something in.
    texts: TagSet,
    /// As sure as the surest value detector can be.
    value_confidence_max: u8,
    /// Tags of values that speak for the jurisdiction of their issuer.
    issued: TagSet,
    pub(super) people: KnownNames,
    placeholders: FxHashSet<Box<str>>,
    /// By their last byte, in small letters: most texts end as none of them does.
    placeholder_endings: FxHashMap<u8, Vec<Box<str>>>,
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
    /// To members as well that are attributes of others.
    pub(super) attributes: bool,
    /// Not to those that say what others are called.
    pub(super) named: bool,
    pub(super) prose: bool,
    pub(super) meant: Meant,
    /// Deeper inside each other lists hold no values of it.
    pub(super) lists_max: u8,
    pub(super) proof: Proof,
    /// How much of a line of prose the value takes.
    pub(super) reach: Reach,
}

/// What under a name the rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    Anything,
    /// Only lists: `track` as a list of places, not as a piece of music.
    Lists,
    /// No list and no object.
    Values,
}

/// What makes us as sure of a value that passes its check as the rule can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// That it is written as only such values are.
    Form,
    /// That, and a name that the lists know.
    Listed,
    /// That they know its ends, or one of them where it has that form: `Amina Malik`.
    Known,
    /// That every word of it is a name, and one of them of no thing.
    Family,
    /// That it is one word, a given name and nothing else.
    Given,
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

impl FieldRule {
    fn kind(&self) -> Option<Kind> {
        self.check.map(Check::kind)
    }

    pub(super) fn is_of_people(&self) -> bool {
        self.kind() == Some(Kind::Name)
    }

    pub(super) fn is_postal_address(&self) -> bool {
        self.kind() == Some(Kind::PostalAddress)
    }

    /// An address or a part of one in several words.
    pub(super) fn is_of_an_address(&self) -> bool {
        matches!(self.kind(), Some(Kind::PostalAddress | Kind::Street))
    }

    /// What passes the check has a form that nothing else has.
    pub(super) fn is_unmistakable(&self) -> bool {
        self.kind() == Some(Kind::Email)
    }
}

impl Reach {
    /// Of what passes a check of this kind, or of any text where there is none.
    fn of(kind: Option<Kind>) -> Self {
        match kind {
            Some(Kind::Name | Kind::PostalAddress | Kind::Street | Kind::Words) | None => {
                Self::Line
            }
            Some(Kind::Code) => Self::Word,
            Some(Kind::Email | Kind::Form) => Self::Either,
        }
    }
}

/// Bits of the contexts.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    pub(super) lasting: u32,
    pub(super) any_order: u32,
    /// Those that members show only where none of them is somebody's, and those that are.
    pub(super) of_nobody: u32,
    pub(super) somebodys: u32,
    pub(super) near: u32,
    /// Those that a member such as `type` may show.
    pub(super) by_kind: u32,
    /// Those that a column shows of a table in which nothing is about anybody.
    pub(super) of_tables: u32,
    pub(super) third_party: u32,
    /// Detectors that are contradicted in any of these contexts.
    contradicts: Vec<(u32, u128)>,
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
    /// A name that does not say whose it is leaves that open.
    pub(super) shared: bool,
}

/// The detectors whose candidates are found by a character of their own.
#[derive(Debug, Default)]
pub(super) struct Finders {
    pub(super) api_key: Option<u16>,
    pub(super) birth_date: Option<u16>,
    pub(super) email: Option<u16>,
    pub(super) ip: Option<u16>,
    pub(super) jwt: Option<u16>,
    pub(super) mac: Option<u16>,
    pub(super) mrz: Option<u16>,
    pub(super) pair: Option<u16>,
    pub(super) payment_address: Option<u16>,
    pub(super) phone: Option<u16>,
    pub(super) url_password: Option<u16>,
    pub(super) access_log_user: Option<u16>,
    pub(super) user_agent: Option<u16>,
    pub(super) path_owner: Option<u16>,
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

impl Suppression {
    fn is_of_all_values(&self) -> bool {
        self.values.is_empty() && self.endings.is_empty()
    }

    /// Whether it is of this value, which is in small letters.
    fn takes(&self, lower: &str) -> bool {
        self.values.contains(lower) || self.endings.iter().any(|ending| lower.ends_with(&**ending))
    }
}

impl DetectorSet {
    /// The name of a detector as records show it; `?` for one of another set.
    pub fn name(&self, detector: DetectorId) -> &str {
        self.names.get(usize::from(detector.0)).map_or("?", String::as_str)
    }

    /// What finds a value of one place of a message in another.
    pub fn echo(&self) -> DetectorId {
        self.echo
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
            echo: DetectorId(0),
            keys: KeyTable::default(),
            rules: Vec::new(),
            contexts: Contexts::default(),
            values: Vec::new(),
            by_length: vec![Vec::new(); Token::CAPACITY + 1],
            finders: Finders::default(),
            digit_lengths: 0,
            digits_min: u32::MAX,
            nearby: None,
            nearby_masks: Vec::new(),
            behind: None,
            behind_masks: Vec::new(),
            cues: Cues::default(),
            patterns: Vec::new(),
            thresholds: vec![DEFAULT_THRESHOLD; taxonomy.len()],
            below,
            outer_of_values: TagSet::EMPTY,
            texts: TagSet::EMPTY,
            value_confidence_max: 0,
            issued: TagSet::EMPTY,
            people: KnownNames::default(),
            placeholders: FxHashSet::default(),
            placeholder_endings: FxHashMap::default(),
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
        self.digits_min = if lengths == 0 { u32::MAX } else { lengths.trailing_zeros() };
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

    /// Whether a value of this category tells that a known name beside it is a person's.
    pub(super) fn tells_of_somebody(&self, tag: Tag) -> bool {
        let beside = self.cues.known_beside.as_ref().map(|(_, beside)| beside);
        beside.into_iter().flatten().any(|outer| *outer == tag || self.is_below(tag, *outer))
    }

    /// `inner` is a narrower category than `outer`.
    pub(super) fn is_below(&self, inner: Tag, outer: Tag) -> bool {
        self.below.get(usize::from(outer.0)).is_some_and(|below| below.contains(inner))
    }

    /// Values of this category are searched for others.
    pub(super) fn is_of_texts(&self, tag: Tag) -> bool {
        self.texts.contains(tag)
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
        repeated
            || placeholder::is_blank(text)
            || placeholder::is_slot(text)
            || is_term(text)
            || is_declared_type(text)
            || is_rule_of_validation(text)
            || (may_be_listed && self.is_placeholder_in_capitals(text))
    }

    /// `CNIC is invalid`, `Forgot your password?`: what a user is shown beside a field, and no value of it.
    pub(super) fn is_said_of_a_field(&self, text: &str) -> bool {
        // Chinese and Japanese have no spaces.
        if text.len() > PLACEHOLDER_BYTES_MAX || (text.is_ascii() && !text.contains(' ')) {
            return false;
        }
        let endings = last_byte(text).and_then(|last| self.placeholder_endings.get(&last));
        text.ends_with('?')
            || endings.into_iter().flatten().any(|ending| ends_in_any_case(text, ending))
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
        let lower = LazyCell::new(|| Lowered::of(value.trim()));
        self.suppressions.iter().enumerate().any(|(number, suppression)| {
            let field = !suppression.named || named >> number & 1 == 1;
            field
                && suppression.tags.contains(tag)
                && (suppression.is_of_all_values() || suppression.takes(&lower))
        })
    }

    /// Detectors that these surroundings contradict, as bits.
    pub(super) fn contradicted(&self, around: u32) -> u128 {
        let of = self.contexts.contradicts.iter().filter(|(contexts, _)| contexts & around != 0);
        of.fold(0, |all, (_, detectors)| all | detectors)
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

    /// The values that a phrase supports which begins within so many bytes of a text.
    pub(super) fn said_behind(&self, text: &[u8], within: usize) -> u128 {
        let Some(behind) = &self.behind else { return 0 };
        let found = behind.find_iter(text).take_while(|found| found.start() <= within);
        found.filter_map(|it| self.behind_masks.get(it.pattern().as_usize())).fold(0, |a, b| a | b)
    }

    /// The operator's patterns among `wanted` that fit the text: tag, confidence, detector, place.
    pub(super) fn patterns<'t>(
        &'t self,
        wanted: u64,
        text: &'t str,
    ) -> impl Iterator<Item = (Tag, u8, DetectorId, Range<usize>)> + 't {
        self.patterns
            .iter()
            .enumerate()
            .filter(move |(number, _)| wanted >> number & 1 == 1)
            .flat_map(move |(_, pattern)| {
                pattern
                    .regex
                    .find_iter(text)
                    .filter(|found| !found.is_empty())
                    .filter(|found| {
                        pattern.check.is_none_or(|check| check.whole(found.as_str()).is_some())
                    })
                    .map(|found| (pattern.tag, pattern.confidence, pattern.detector, found.range()))
            })
    }
}

/// In small letters, where it is ASCII.
fn last_byte(text: &str) -> Option<u8> {
    text.as_bytes().last().map(u8::to_ascii_lowercase)
}

/// `s:addressLocality`, `sec:password`: what a member means, in a vocabulary of linked data (JSON-LD 1.1 §4.1.5).
fn is_term(text: &str) -> bool {
    const VOCABULARIES: [&str; 22] = [
        "s", "schema", "as", "sec", "foaf", "dc", "dcterms", "skos", "xsd", "rdf", "rdfs", "owl",
        "ldp", "toot", "vcard", "sioc", "litepub", "misskey", "fedibird", "lemmy", "pt", "ps",
    ];
    let colon = memchr::memchr(b':', text.as_bytes());
    colon.and_then(|at| text.split_at_checked(at)).is_some_and(|(vocabulary, term)| {
        VOCABULARIES.contains(&vocabulary)
            && term.bytes().skip(1).all(|it| it.is_ascii_alphabetic())
    })
}

/// `varchar(64)`, `DECIMAL(10, 2)`: what a column of a table holds (ISO/IEC 9075-2 §6.1).
fn is_declared_type(text: &str) -> bool {
    const TYPES: [&str; 20] = [
        "varchar",
        "char",
        "nvarchar",
        "nchar",
        "varchar2",
        "character",
        "character varying",
        "text",
        "int",
        "integer",
        "tinyint",
        "smallint",
        "bigint",
        "decimal",
        "numeric",
        "float",
        "double",
        "binary",
        "varbinary",
        "datetime",
    ];
    let Some((name, size)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return false;
    };
    size.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b' '))
        && TYPES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// `required|min:8`: what a form asks of the value of a field.
fn is_rule_of_validation(text: &str) -> bool {
    const FIRST: [&str; 8] =
        ["required", "nullable", "sometimes", "present", "filled", "confirmed", "bail", "string"];
    // Few texts have a bar in them.
    let Some(bar) = memchr::memchr(b'|', text.as_bytes()) else { return false };
    let (Some(first), Some(rest)) = (text.get(..bar), text.get(bar + 1..)) else { return false };
    let is_rule = |rule: &str| {
        let name = rule.split(':').next().unwrap_or_default();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    FIRST.contains(&first) && rest.split('|').all(is_rule)
}

/// Not a part of a longer word of Latin letters; a plural counts.
fn is_whole_word(text: &[u8], start: usize, end: usize) -> bool {
    let letter =
        |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
    let (before, behind) = (text.get(..start), text.get(end..));
    let head = letter(start.checked_sub(1)) || before.is_some_and(ends_accented);
    let plural = text.get(end) == Some(&b's') && !letter(Some(end + 1));
    let tail = (letter(Some(end)) && !plural) || behind.is_some_and(begins_accented);
    let goes_on = behind.is_some_and(begins_arabic)
        && text
            .get(..end)
            .and_then(<[u8]>::last_chunk::<2>)
            .is_some_and(|last| begins_arabic(last));
    !(head && letter(Some(start)) || tail && letter(end.checked_sub(1)) || goes_on)
}

/// Whether the first character is a letter of the Arabic script, U+0620 to U+06D3, which joins its letters to words.
fn begins_arabic(text: &[u8]) -> bool {
    matches!(
        text,
        [0xD8, 0xA0..=0xBF, ..]
            | [0xD9, 0x80..=0x9F | 0xAE..=0xBF, ..]
            | [0xDA, ..]
            | [0xDB, ..=0x93, ..]
    )
}

/// Whether the first character is a letter of the Latin alphabet with a mark: U+00C0 to U+024F, or Vietnamese.
fn begins_accented(text: &[u8]) -> bool {
    matches!(text, [0xC3..=0xC9, ..] | [0xE1, 0xB8..=0xBB, ..])
}

fn ends_accented(text: &[u8]) -> bool {
    matches!(text, [.., 0xC3..=0xC9, _] | [.., 0xE1, 0xB8..=0xBB, _])
}

impl ValueDetector {
    pub(super) fn surest(&self) -> u8 {
        self.plain.max(self.shaped).max(self.supported)
    }

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
