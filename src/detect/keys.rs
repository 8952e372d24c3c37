//! What a field's name says about its value.
//!
//! A name is taken apart into words and looked up whole, then without the words that change nothing,
//! then by its ending. That is slow and happens once per name: the answer is cached by the bytes of
//! the name, so that a known name costs one look-up.

mod cache;

use rustc_hash::{FxHashMap, FxHashSet};

pub(super) use self::cache::{KeyCache, Known, NAMES_MAX, Quiet, Slot};
use super::name::{NAME_BYTES_MAX, Words, is_one_of_many, without_accent};

/// What one name says. Small and free of references, so that it can be cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// Field rules in the order to be tried; `rule_count` of them.
    rules: [u16; Self::RULES],
    rule_count: u8,
    /// More rules are about it than there is room for. Of a listed name none are: that is told at compile.
    is_crowded: bool,
    /// Contexts that an object or list under this name opens.
    pub(super) opens: u32,
    /// Those that a value under it stands in: of `device.name`, what `device` opens.
    pub(super) inside: u32,
    /// Contexts that a member of this name shows its object to be of.
    pub(super) beside: u32,
    /// Contexts that this member shows together with another.
    pub(super) signs: u32,
    /// The member shows that somebody is near, whatever places or figures stand beside it.
    pub(super) is_somebodys: bool,
    /// Those that a column of this name shows in a table in which nothing is about anybody.
    pub(super) columns: u32,
    /// Stands for the object around it.
    pub(super) stand_in: bool,
    /// Says which of many a value is, and nothing of what it is: `{"birthdays": {"40012345": …}}`.
    pub(super) is_one_of_many: bool,
    /// May stand before what says that it does: `value` in `{"value": …, "key": "phone"}`.
    pub(super) awaits: bool,
    /// Its value is the name of what stands beside it: `key` in `{"key": "phone", "value": …}`.
    pub(super) tells: bool,
    /// Its value is a statement, which may say what other members are: `{"sql": "… dob = $1", "params": […]}`.
    pub(super) is_query: bool,
    /// Its value says what kind of thing the object around it is: `{"type": "Organization"}`.
    pub(super) classifies: bool,
    /// Says in words what a value beside it says in a code.
    pub(super) describes: bool,
    /// Contexts that an object is of which such a member calls by this name.
    pub(super) kinds: u32,
    /// A list under it names the columns of a table.
    pub(super) heads: bool,
    /// An address, or a pattern of addresses, whose words say nothing of what is inside.
    pub(super) is_path: bool,
    /// A statement about a value, or an attribute of one; takes no category from its surroundings.
    pub(super) statement: bool,
    pub(super) hashed: bool,
    pub(super) encrypted: bool,
    /// Value detectors that a word of the name supports, and those that one contradicts, as bits.
    pub(super) supports: u128,
    pub(super) against: u128,
    /// An operator's patterns for this name, as bits.
    pub(super) patterns: u64,
    /// Suppressions that name this field, as bits.
    pub(super) suppressed: u64,
    /// The name is of the form of a value that is personal data.
    pub(super) in_key: bool,
    listing: Listing,
}

impl Default for Facts {
    fn default() -> Self {
        Self::NONE
    }
}

impl Facts {
    /// So many rules may be about one name.
    pub(super) const RULES: usize = 10;

    /// What a name says that says nothing.
    pub(super) const NONE: Self = Self {
        rules: [0; Self::RULES],
        rule_count: 0,
        is_crowded: false,
        opens: 0,
        inside: 0,
        beside: 0,
        signs: 0,
        is_somebodys: false,
        columns: 0,
        stand_in: false,
        is_one_of_many: false,
        awaits: false,
        tells: false,
        is_query: false,
        classifies: false,
        describes: false,
        kinds: 0,
        heads: false,
        is_path: false,
        statement: false,
        hashed: false,
        encrypted: false,
        supports: 0,
        against: 0,
        patterns: 0,
        suppressed: 0,
        in_key: false,
        listing: Listing::Unlisted,
    };

    /// The same of a name with a word of `meaning` around it, which makes the value a pseudonym; `whole`
    /// is what the words of the whole name say.
    fn of_a_pseudonym(self, meaning: WordMeaning, whole: &Self) -> Self {
        Self {
            hashed: meaning.hashed,
            encrypted: meaning.encrypted,
            supports: whole.supports,
            against: whole.against,
            ..self
        }
    }

    /// The whole of the name is in the tables, and says something of its value.
    pub(super) fn is_listed(&self) -> bool {
        matches!(self.listing, Listing::Listed | Listing::ListedInWords)
    }

    /// It is there in several words, and so is no word of its own where they are written as one: `heartrate`.
    pub(super) fn is_listed_in_words(&self) -> bool {
        self.listing == Listing::ListedInWords
    }

    /// It is there, and says nothing of its value, whatever its words say.
    pub(super) fn misleads(&self) -> bool {
        self.listing == Listing::Misleading
    }

    /// Whether any value under the name may be a finding, whatever its form and surroundings.
    pub(super) fn is_telling(&self) -> bool {
        self.supports != 0 || self.patterns != 0 || self.in_key || self.tells || self.is_query
    }

    /// Whether an object or list under the name can be no finding by it.
    #[inline]
    pub(super) fn are_of_no_finding(&self) -> bool {
        self.rule_count == 0 && !self.stand_in && !self.in_key
    }

    /// Whether the name says something of the object around it.
    fn is_sign(&self) -> bool {
        self.beside | self.signs != 0
    }

    pub(super) fn rules(&self) -> &[u16] {
        self.rules.get(..usize::from(self.rule_count)).unwrap_or_default()
    }

    fn add_rule(&mut self, rule: u16) {
        if self.rules().contains(&rule) {
            return;
        }
        match self.rules.get_mut(usize::from(self.rule_count)) {
            Some(slot) => {
                *slot = rule;
                self.rule_count += 1;
            }
            None => self.is_crowded = true,
        }
    }
}

/// What the tables say of a name as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    Unlisted,
    Listed,
    /// The same, and in several words.
    ListedInWords,
    /// Its words say something that is not so: `last login`.
    Misleading,
}

/// What is known under one squashed name.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) rules: Vec<u16>,
    /// Rules that take the name only as it is.
    pub(super) exact_rules: Vec<u16>,
    /// Rules that take it as the ending of a longer one.
    pub(super) ending_rules: Vec<u16>,
    pub(super) opens: u32,
    /// Contexts that the end of a longer name does not open.
    pub(super) opens_itself: u32,
    pub(super) beside: u32,
    pub(super) signs: u32,
    pub(super) columns: u32,
    pub(super) kinds: u32,
    pub(super) patterns: u64,
    pub(super) suppressed: u64,
    /// Says nothing of its value, whatever its words say.
    pub(super) misleads: bool,
    /// The tables have it in several words.
    in_words: bool,
}

/// What one word of a name means to the detectors.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WordMeaning {
    pub(super) prefix: bool,
    pub(super) suffix: bool,
    pub(super) hashed: bool,
    pub(super) encrypted: bool,
    pub(super) statement: bool,
    pub(super) attribute: bool,
    pub(super) stand_in: bool,
    pub(super) awaits: bool,
    pub(super) tells: bool,
    pub(super) is_query: bool,
    pub(super) classifies: bool,
    pub(super) describes: bool,
    pub(super) administrative: bool,
    pub(super) heads: bool,
    pub(super) supports: u128,
    pub(super) against: u128,
}

/// The compiled tables of field names.
#[derive(Debug, Default, Clone)]
pub(super) struct KeyTable {
    names: FxHashMap<Box<str>, Entry>,
    /// The first and last two bytes of names, as bits.
    ends: Vec<u64>,
    /// The last words of names, so that prose can be asked about cheaply.
    lasts: FxHashSet<Box<str>>,
    words: FxHashMap<Box<str>, WordMeaning>,
    /// Contexts that go on in objects that open others.
    pub(super) lasting: u32,
}

/// Words of the bit set of names' ends.
const ENDS_WORDS: usize = 1024;

/// Word and bit for the first two and the last two bytes that `text` has in common with a squashed name.
fn ends(text: &str) -> (usize, u64) {
    let kept =
        || text.bytes().filter(|byte| is_of_a_name(*byte)).map(|byte| byte.to_ascii_lowercase());
    let two = |(first, second): (Option<u8>, Option<u8>)| {
        u32::from(first.unwrap_or(0)) << 8 | u32::from(second.unwrap_or(0))
    };
    let (mut front, mut back) = (kept(), kept().rev());
    let head = two((front.next(), front.next()));
    let tail = two((back.next(), back.next()));
    let hash = (head << 16 | tail).wrapping_mul(0x9E37_79B1) >> 16;
    (hash as usize / 64 % ENDS_WORDS, 1 << (hash % 64))
}

/// `text` in small letters without accents, as names are kept, as much of it as there is room for.
fn lowered<'b>(text: &str, room: &'b mut [u8]) -> &'b str {
    let mut length = 0;
    for character in text.chars().flat_map(char::to_lowercase) {
        let mut own = [0; 4];
        let plain = without_accent(character).unwrap_or_else(|| character.encode_utf8(&mut own));
        let Some(slot) = room.get_mut(length..length + plain.len()) else { break };
        slot.copy_from_slice(plain.as_bytes());
        length += plain.len();
    }
    std::str::from_utf8(room.get(..length).unwrap_or_default()).unwrap_or_default()
}

/// Whether no character beyond ASCII has a capital or an accent, as none of East Asia's has.
fn is_without_case(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii() || matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'))
}

/// `/user/{username}`: what an interface is described by, and where it is called.
fn is_path(name: &str) -> bool {
    name.contains('/')
        && (name.starts_with('/') || name.contains(['{', '<']) || name.contains("://"))
}

/// What is left of a name when it is squashed.
pub(super) fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

impl KeyTable {
    /// The entry of `name`, made when it is new. Empty when the name has no letter or digit.
    pub(super) fn entry(&mut self, name: &str) -> &mut Entry {
        let words = Words::of(name);
        if let Some(last) = words.len().checked_sub(1) {
            self.lasts.insert(words.word(last).into());
        }
        let name = words.squashed(0, words.len());
        let (word, bit) = ends(name);
        self.ends.resize(ENDS_WORDS, 0);
        if let Some(bits) = self.ends.get_mut(word) {
            *bits |= bit;
        }
        let entry = self.names.entry(name.into()).or_default();
        entry.in_words |= words.len() > 1;
        entry
    }

    pub(super) fn word(&mut self, word: &str) -> &mut WordMeaning {
        let words = Words::of(word);
        self.words.entry(words.squashed(0, words.len()).into()).or_default()
    }

    /// Whether `word` ends a name that is known. Names of other scripts are taken to.
    pub(super) fn may_end_a_name(&self, word: &str) -> bool {
        const BYTES_MAX: usize = 24;
        let word = word.trim_matches(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric());
        if !word.is_ascii() {
            return true;
        }
        let mut lower = [0u8; BYTES_MAX];
        let Some(lower) = lower.get_mut(..word.len()) else { return false };
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        let Ok(lower) = std::str::from_utf8(lower) else { return false };
        // `user_email`, `userEmail` and `IMEI1` are one word to a reader.
        lower.contains(['_', '-', '.'])
            || word.as_bytes().windows(2).any(|two| matches!(two, [b'a'..=b'z', b'A'..=b'Z']))
            || lower.ends_with(|c: char| c.is_ascii_digit())
            || self.lasts.contains(lower)
            || self.words.get(lower).is_some_and(|meaning| meaning.suffix || meaning.hashed)
            || self.names.contains_key(lower)
            || lower.strip_suffix('s').is_some_and(|singular| self.lasts.contains(singular))
    }

    /// Whether `text` is itself a name that one of the rules takes: a label, not a value.
    pub(super) fn is_name_of(&self, text: &str, is_meant: impl Fn(u16) -> bool) -> bool {
        const BYTES_MAX: usize = 40;
        // Capitals and accents: `Фамилия`, `Prénom`. More than is kept, for a text that is longer.
        let mut small = [0u8; BYTES_MAX + 8];
        let text = if is_without_case(text) { text } else { lowered(text, &mut small) };
        // Most texts begin or end as no name does.
        let (word, bit) = ends(text);
        if self.ends.get(word).is_none_or(|bits| bits & bit == 0) {
            return false;
        }
        // One more than is kept, for bytes that are not.
        let mut squashed = [0u8; BYTES_MAX + 1];
        let mut length = 0;
        for byte in text.bytes() {
            let Some(slot) = squashed.get_mut(length) else { return false };
            // Written over by the next one when it is not kept.
            *slot = byte.to_ascii_lowercase();
            length += usize::from(is_of_a_name(byte));
        }
        let squashed = squashed.get(..length).unwrap_or_default();
        std::str::from_utf8(squashed)
            .ok()
            .and_then(|squashed| self.names.get(squashed))
            .is_some_and(|entry| {
                entry.rules.iter().chain(&entry.exact_rules).any(|rule| is_meant(*rule))
            })
    }

    /// Whether more rules are about `name`, in all its readings, than may be about one.
    pub(super) fn is_crowded(&self, name: &str) -> bool {
        self.analyse(name).is_crowded
    }

    pub(super) fn analyse(&self, name: &str) -> Facts {
        if name.len() > NAME_BYTES_MAX {
            return Facts::default();
        }
        self.analyse_path(name).unwrap_or_else(|| self.analyse_name(name))
    }

    /// `payment.holder[name]`, as a form or a table writes a member of an object: what its own name says there.
    /// `user[name]` is the name of a user, where `user_name` is what they sign in with.
    fn analyse_path(&self, path: &str) -> Option<Facts> {
        // Behind the end of a sentence another one begins.
        if !path.contains(['.', '[', ':']) || path.contains(". ") {
            return None;
        }
        let path = without_prefix(path);
        let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        let mut names = path.split(['.', '[', ']']).filter(|name| !is_number(name));
        let mut facts = self.analyse_name(names.next_back()?);
        if facts.rule_count == 0 {
            return None;
        }
        facts.inside = names.fold(0, |around, name| match self.analyse_name(name).opens {
            0 => around,
            opens => opens | (around & self.lasting),
        });
        let whole = self.analyse_name(path);
        facts.supports |= whole.supports;
        facts.against |= whole.against;
        whole.rules().iter().for_each(|rule| facts.add_rule(*rule));
        Some(facts)
    }

    fn analyse_name(&self, name: &str) -> Facts {
        let mut facts = Facts::default();
        let words = Words::of(name);
        let count = words.len();
        if count == 0 {
            return facts;
        }
        if let Some(entry) = self.names.get(words.squashed(0, count)).filter(|it| it.misleads) {
            return Facts {
                beside: entry.beside,
                signs: entry.signs,
                listing: Listing::Misleading,
                ..facts
            };
        }
        self.read_words(&words, &mut facts);
        if let Some(entry) = self.names.get(words.squashed(0, count)) {
            facts.listing = if entry.in_words { Listing::ListedInWords } else { Listing::Listed };
        }
        self.add(words.squashed(0, count), Level::Exact, &mut facts);
        if facts.rule_count == 0 {
            self.read_pseudonym(&words, &mut facts);
        }
        if facts.rule_count == 0 && count <= 3 {
            self.read_unspaced_pseudonym(words.squashed(0, count), &mut facts);
            // `x-imeimd5`
            if facts.rule_count == 0 && count > 1 && self.meaning(words.word(0)).prefix {
                self.read_unspaced_pseudonym(words.squashed(1, count), &mut facts);
            }
        }
        if facts.rule_count == 0 && facts.opens == 0 {
            self.add_singular(words.squashed(0, count), &mut facts);
        }
        let first = self.meaning(words.word(0));
        let last = self.meaning(words.word(count - 1));
        facts.statement = ((count > 1 && first.statement) || last.attribute)
            && !self.is_known_behind_prefixes(&words);
        let whole = self.meaning(words.squashed(0, count));
        facts.stand_in = whole.stand_in;
        facts.is_one_of_many = facts.rule_count == 0 && is_one_of_many(name);
        facts.awaits = whole.awaits;
        facts.tells = whole.tells;
        facts.is_query = whole.is_query;
        facts.classifies = whole.classifies;
        facts.describes = whole.describes;
        facts.statement |= whole.administrative;
        facts.is_path = is_path(name);
        if facts.is_path {
            facts.opens = 0;
        }
        facts.heads = whole.heads;
        if !facts.statement || facts.hashed || facts.encrypted {
            self.add_stripped(&words, &mut facts);
            self.add_endings(&words, &mut facts);
        }
        // A header of a name in one word, as HTTP/2 hands on `X-UserImsi`.
        if count == 2 && facts.are_of_no_finding() && words.word(0) == "x" {
            return self.analyse_name(words.word(1));
        }
        facts
    }

    /// `age group` is a name that ends in an attribute, and so is `customer age group`.
    fn is_known_behind_prefixes(&self, words: &Words) -> bool {
        let count = words.len();
        let heads = (0..count).take_while(|word| self.meaning(words.word(*word)).prefix).count();
        (1..=heads.min(count - 1)).any(|head| {
            self.names.get(words.squashed(head, count)).is_some_and(|entry| !entry.rules.is_empty())
        })
    }

    fn meaning(&self, word: &str) -> WordMeaning {
        self.words.get(word).copied().unwrap_or_default()
    }

    /// Words and pairs of words that support or contradict value detectors. The last has the last say: a `call id` is
    /// no number to call.
    fn read_words(&self, words: &Words, facts: &mut Facts) {
        for word in 0..words.len() {
            for length in 1..=2.min(words.len() - word) {
                let meaning = self.meaning(words.squashed(word, word + length));
                facts.supports = (facts.supports & !meaning.against) | meaning.supports;
                facts.against = (facts.against & !meaning.supports) | meaning.against;
            }
        }
    }

    /// `imei_md5`, `hashedEmail`, `email_sha256`: the name without those words, and the mark.
    fn read_pseudonym(&self, words: &Words, facts: &mut Facts) {
        let count = words.len();
        let marks = [(1, 0), (2, 0), (3, 0), (0, 1), (0, 2)];
        for (tail, head) in marks {
            if tail + head >= count {
                continue;
            }
            let word = if tail > 0 {
                words.squashed(count - tail, count)
            } else {
                words.squashed(0, head)
            };
            let meaning = self.meaning(word);
            if !meaning.hashed && !meaning.encrypted {
                continue;
            }
            let mut found = Facts::default();
            self.add_range(words, head, count - tail, &mut found);
            if found.rule_count > 0 {
                *facts = found.of_a_pseudonym(meaning, facts);
                return;
            }
        }
    }

    /// `imeimd5`, `emailhash`: the same with nothing between the words.
    fn read_unspaced_pseudonym(&self, squashed: &str, facts: &mut Facts) {
        for (at, _) in squashed.char_indices().skip(3).take(48) {
            let (head, rest) = squashed.split_at(at);
            let meaning = self.meaning(rest);
            if rest.len() < 3 || !(meaning.hashed || meaning.encrypted) {
                continue;
            }
            let mut found = Facts::default();
            self.add(head, Level::Exact, &mut found);
            if found.rule_count == 0 {
                self.add_unspaced(head, &mut found);
            }
            if found.rule_count > 0 {
                *facts = found.of_a_pseudonym(meaning, facts);
                return;
            }
        }
    }

    /// Every way of reading the words `from..to`.
    fn add_range(&self, words: &Words, from: usize, to: usize, facts: &mut Facts) {
        self.add(words.squashed(from, to), Level::Exact, facts);
        for start in from..to {
            let level = if start == from { Level::Stripped } else { Level::Ending };
            self.add(words.squashed(start, to), level, facts);
        }
        for start in from..to {
            if (from..start).all(|word| self.meaning(words.word(word)).prefix) {
                self.add(words.squashed(start, to), Level::Stripped, facts);
            }
        }
    }

    fn add_singular(&self, squashed: &str, facts: &mut Facts) {
        let singular = squashed
            .strip_suffix("es")
            .filter(|stem| stem.ends_with(['s', 'x', 'h']))
            .or_else(|| squashed.strip_suffix('s'));
        if let Some(singular) = singular.filter(|stem| stem.len() >= 3) {
            self.add(singular, Level::Stripped, facts);
        }
    }

    /// Without the words before and after that change nothing, the fewest taken off first.
    fn add_stripped(&self, words: &Words, facts: &mut Facts) {
        let count = words.len();
        let heads = (0..count).take_while(|word| self.meaning(words.word(*word)).prefix).count();
        let tails = (0..count)
            .take_while(|back| {
                let word = words.word(count - 1 - back);
                self.meaning(word).suffix || word.bytes().all(|byte| byte.is_ascii_digit())
            })
            .count();
        for taken in 1..=(heads + tails).min(count - 1).min(6) {
            for tail in 0..=taken.min(tails) {
                let head = taken - tail;
                if head <= heads && head + tail < count {
                    let squashed = words.squashed(head, count - tail);
                    self.add(squashed, Level::Stripped, facts);
                    self.add_singular(squashed, facts);
                }
            }
        }
        // `customerphone`, `手机号码`: the same with nothing between the words.
        let squashed = words.squashed(0, count);
        if facts.rule_count == 0 && count <= 2 {
            self.add_unspaced(squashed, facts);
        }
    }

    fn add_unspaced(&self, squashed: &str, facts: &mut Facts) {
        for (at, _) in squashed.char_indices().skip(1).take(32) {
            let (head, rest) = squashed.split_at(at);
            if self.meaning(head).prefix && (head.len() >= 3 || !head.is_ascii()) {
                self.add(rest, Level::Stripped, facts);
                self.add_singular(rest, facts);
                self.add_without_suffix(rest, facts);
                if facts.rule_count == 0 && rest.len() >= 6 {
                    self.add_behind_prefix(rest, facts);
                }
            }
            // Scripts without spaces: the ending begins at any character.
            if !squashed.is_ascii() && !rest.is_ascii() {
                self.add(rest, Level::Ending, facts);
            }
        }
        self.add_without_suffix(squashed, facts);
    }

    /// A second prefix: `billingrecipientphone`.
    fn add_behind_prefix(&self, squashed: &str, facts: &mut Facts) {
        for (at, _) in squashed.char_indices().skip(3).take(16) {
            let (head, rest) = squashed.split_at(at);
            if self.meaning(head).prefix {
                self.add(rest, Level::Stripped, facts);
            }
        }
    }

    fn add_without_suffix(&self, squashed: &str, facts: &mut Facts) {
        for (at, _) in squashed.char_indices().skip(1).take(32) {
            let (head, rest) = squashed.split_at(at);
            if self.meaning(rest).suffix && head.len() >= 3 {
                self.add(head, Level::Stripped, facts);
            }
        }
    }

    /// The longest ending that a rule takes as such.
    fn add_endings(&self, words: &Words, facts: &mut Facts) {
        let count = words.len();
        for tail in 0..=2usize {
            if tail > 0 {
                let Some(back) = count.checked_sub(tail) else { return };
                let word = words.word(back);
                if back == 0
                    || !(self.meaning(word).suffix || word.bytes().all(|b| b.is_ascii_digit()))
                {
                    return;
                }
            }
            for start in 0..count - tail {
                let squashed = words.squashed(start, count - tail);
                let mut is_one = false;
                for ending in std::iter::once(squashed).chain(squashed.strip_suffix('s')) {
                    // `ip_address` is no address, whatever its value: the whole name counts as an ending.
                    if start > 0 {
                        self.add(ending, Level::Ending, facts);
                    }
                    is_one |= self.names.get(ending).is_some_and(|it| !it.ending_rules.is_empty());
                }
                if is_one {
                    break;
                }
            }
        }
    }

    fn add(&self, squashed: &str, level: Level, facts: &mut Facts) {
        let Some(entry) = self.names.get(squashed) else { return };
        match level {
            Level::Exact => {
                entry.exact_rules.iter().chain(&entry.rules).for_each(|rule| facts.add_rule(*rule));
                facts.beside |= entry.beside;
                facts.signs |= entry.signs;
                facts.columns |= entry.columns;
                facts.kinds |= entry.kinds;
            }
            Level::Stripped => entry.rules.iter().for_each(|rule| facts.add_rule(*rule)),
            Level::Ending => entry.ending_rules.iter().for_each(|rule| facts.add_rule(*rule)),
        }
        if level != Level::Ending || facts.opens == 0 {
            facts.opens |= entry.opens;
        }
        if level != Level::Ending {
            facts.opens |= entry.opens_itself;
        }
        facts.patterns |= entry.patterns;
        if level == Level::Exact {
            facts.suppressed |= entry.suppressed;
        }
    }
}

/// Without the prefix of a name of XML, as converters leave it: `ns2:religion`. A longer word before a colon may be a name
/// of its own, as in the tasks of a project, `test:browser`.
fn without_prefix(name: &str) -> &str {
    const LETTERS_MAX: usize = 3;
    let Some((prefix, local)) = name.split_once(':') else { return name };
    let letters = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_prefix = (1..=LETTERS_MAX).contains(&letters.len())
        && letters.bytes().all(|byte| byte.is_ascii_lowercase());
    if is_prefix { local } else { name }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Exact,
    Stripped,
    Ending,
}

#[cfg(test)]
mod tests;
