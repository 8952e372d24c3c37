//! One value: what its name says of it, what its form says, and which of the two is believed.

use crate::{
    detect::{
        check::{Match, code},
        keys::Facts,
        naming::Written,
        pairs::{Pair, pairs},
        set::{FieldRule, Proof, Reach},
        text::{Found, Search},
    },
    domain::{Container, Marks, Scalar, Span, is_token},
};

use super::{Hit, Scanner, Told, around::Shown, bare::Bare, hit};

/// How sure a name inside a text has to make us.
pub(super) const NAMED_IN_PROSE_MIN: u8 = 60;

impl<'s> Scanner<'s> {
    pub(super) fn value(&mut self, facts: &Facts, told: Told<'_>, hits: &mut Vec<Hit>) {
        let text = told.text;
        if text.is_empty() {
            return;
        }
        let around = self.surroundings();
        if told.kind == Scalar::Number
            && let Some(whole) = whole_number(text)
        {
            // `4111111111111111.0`: what programs make of a long number is that number.
            let first = hits.len();
            self.read(facts, around, Told { text: &whole, ..told }, hits);
            let span = Span::new(0, text.len());
            hits.get_mut(first..).unwrap_or_default().iter_mut().for_each(|hit| hit.span = span);
            return;
        }
        if text.is_ascii() {
            return self.read(facts, around, told, hits);
        }
        let mut buffer = std::mem::take(&mut self.scratch.folded);
        let first = hits.len();
        match buffer.fold(text) {
            None => self.read(facts, around, told, hits),
            Some(folded) => {
                // What the bytes said was not of this text.
                self.read(facts, around, Told { text: folded, may_hold: true, ..told }, hits);
                for hit in hits.get_mut(first..).unwrap_or_default() {
                    hit.span = buffer.original(hit.span, text.len());
                }
            }
        }
        self.scratch.folded = buffer;
    }

    fn read(&mut self, facts: &Facts, around: u32, told: Told<'_>, hits: &mut Vec<Hit>) {
        let Told { kind, text, .. } = told;
        let patterns = self.patterns_inside(facts);
        if patterns != 0 {
            for (tag, confidence, detector, range) in self.set.patterns(patterns, text) {
                let span = Span::new(range.start, range.end);
                if self.set.reaches(tag, confidence) {
                    hits.push(hit(tag, span, confidence, detector, None));
                }
            }
            if !hits.is_empty() {
                return;
            }
        }
        let by_name = self.by_name(facts, around, text);
        if by_name.is_none()
            && facts.rules().is_empty()
            && kind == Scalar::Number
            && !is_integer(text)
        {
            return;
        }
        let against = facts.against | self.set.contradicted(around);
        let search = Search { set: self.set, supports: facts.supports, against, halt: self.halt };
        // What a name supports is found by less than what stands for itself.
        let may_hold = told.may_hold || facts.supports != 0;
        let Some((rule, found)) = by_name else {
            if !may_hold {
                if self.may_announce(text.as_bytes()) {
                    self.prose(search, text, around, hits);
                }
                return;
            }
            match Bare::of(text) {
                Some(Bare::Time | Bare::Decimal | Bare::UniqueId) if facts.supports == 0 => {}
                Some(Bare::Digits) => hits.extend(search.digits(text).map(|found| found.hit())),
                Some(Bare::Time | Bare::Decimal | Bare::UniqueId) | None => {
                    self.prose(search, text, around, hits)
                }
            }
            return;
        };
        if self.set.is_placeholder(text) || (!rule.prose && self.set.is_said_of_a_field(text)) {
            return;
        }
        // The form alone can tell neither another category nor a narrower one.
        let is_settled = (rule.is_unmistakable() && found.confidence.0 >= rule.checked)
            || (rule.check.is_some() && self.set.is_settled(&found));
        let may_be_another = may_hold || self.set.has_narrower_values(found.tag);
        let by_value = if found.marks.pseudonymous || rule.prose || is_settled || !may_be_another {
            None
        } else {
            search.whole_within(text, found.tag)
        };
        match by_value {
            Some(value)
                if self.set.is_below(value.tag, found.tag)
                    || (value.confidence > found.confidence.0
                        && value.tag != found.tag
                        && !rule.is_settled_by(text)) =>
            {
                hits.push(value.hit());
            }
            Some(value) => {
                hits.push(Hit { region: found.region.or(value.region), ..found });
            }
            None => hits.push(found),
        }
        // What the name promises is not all there is, where the value is something else or only has to be words.
        let may_hold_more = || may_hold && !found.marks.pseudonymous && may_hold_more(rule, text);
        let says_more = rule.prose || (by_value.is_none() && may_hold_more());
        let is_searched = says_more && (may_hold || self.may_announce(text.as_bytes()));
        if is_searched || (by_value.is_none() && may_have_labels(rule, &found, text)) {
            let parts = hits.len();
            self.prose(search, text, around, hits);
            // What the whole is says nothing more about a part.
            hits.extract_if(parts.., |part| part.tag == found.tag).for_each(drop);
        }
    }

    /// Everything inside a text: values by their form, and by the names that stand before them.
    fn prose(&mut self, search: Search<'_>, text: &str, around: u32, hits: &mut Vec<Hit>) {
        let mut found = std::mem::take(&mut self.scratch.found);
        found.clear();
        // What a comment or a ticket is about is no reason to take a number in its text for the ticket's.
        let against = if text.contains(' ') { 0 } else { search.against };
        let search = Search { against, ..search };
        // Nor is a label in it what a member of that object is.
        let around = around & (self.set.contexts.lasting | self.part);
        search.all(text, &mut found);
        let first = hits.len();
        // What is assigned in one line shows what it is about, as members do of their object: `mcc=… lac=… cid=…`.
        let (mut line, mut shown) = (0, Shown::default());
        // A label ends the value of the one before it.
        let mut waiting: Option<(Pair, Facts)> = None;
        for pair in pairs(text).take_while(|_| !search.halt.is_given_up()) {
            let label = self.label(text, &pair);
            let speaker = if label.is_none() { search.speaker(text, &pair.name) } else { None };
            let start = match (&label, speaker) {
                (Some((name, _)), _) => name.start,
                (None, Some(speaker)) => speaker.span.range().start,
                (None, None) => continue,
            };
            // `Adres: Moda Caddesi No: 259` goes on.
            if let Some((name, _)) = &label
                && text.get(name.clone()) == Some("No")
                && waiting.as_ref().is_some_and(|(_, told)| self.is_of_an_address(told))
            {
                continue;
            }
            if let Some((mut before, told)) = waiting.take() {
                before.value.end = before.value.end.min(start.max(before.value.start));
                let around = around | self.shown_in_prose(&shown);
                hits.extend(self.labelled(text, &before, &told, around));
            }
            hits.extend(speaker.map(|speaker| speaker.hit()));
            if let Some((name, _)) = &label {
                let words = Span::new(name.start, name.end);
                let at = found.partition_point(|one| one.span.start < words.start);
                let is_of_words = |one: &&mut Found| {
                    words.contains(one.span) && !text.get(one.span.range()).is_some_and(is_integer)
                };
                if let Some(one) = found.get_mut(at).filter(is_of_words) {
                    // Words of a label are no value: `Customer Epic No:`.
                    one.span = Span::new(name.start, name.start);
                }
            }
            if let Some((name, facts)) = label.as_ref().filter(|_| pair.assigned) {
                let between = text.as_bytes().get(line..name.start).unwrap_or_default();
                if memchr::memchr(b'\n', between).is_some() {
                    shown = Shown::default();
                }
                shown.add(facts);
                line = pair.value.end;
            }
            waiting = label.map(|(_, facts)| (pair, facts));
        }
        if let Some((pair, facts)) = waiting {
            let around = around | self.shown_in_prose(&shown);
            hits.extend(self.labelled(text, &pair, &facts, around));
        }
        self.cells(text, around, first, hits);
        let named = hits.len();
        // Both are in the order of their spans.
        let mut at = first;
        for one in found.iter().filter(|one| !one.span.is_empty()) {
            let known = hits.get(at..named).unwrap_or_default();
            at += known.iter().take_while(|hit| hit.span.end <= one.span.start).count();
            match hits.get_mut(at..named).and_then(<[Hit]>::first_mut) {
                // The label says an identity number, and the number whose.
                Some(hit) if self.set.is_below(one.tag, hit.tag) && one.span.contains(hit.span) => {
                    *hit = one.hit();
                }
                // An address goes on where its label's line ends.
                Some(hit) if hit.tag == one.tag && one.span.contains(hit.span) => {
                    hit.span = one.span;
                }
                // In a note behind a label stands more.
                Some(hit) if self.set.is_of_texts(hit.tag) && hit.tag != one.tag => {
                    hits.push(one.hit());
                }
                Some(hit) if hit.tag != one.tag && is_beside_words(text, hit.span, one) => {
                    hits.push(one.hit());
                }
                Some(hit) if hit.span.start < one.span.end => {}
                Some(_) | None => hits.push(one.hit()),
            }
        }
        if named > first && hits.len() > named {
            hits.get_mut(first..).unwrap_or_default().sort_by_key(|hit| hit.span.start);
        }
        self.scratch.found = found;
    }

    /// The contexts that labels in one line show: not those for which all of them would have to be known.
    fn shown_in_prose(&self, shown: &Shown) -> u32 {
        shown.beside & self.set.contexts.any_order & !self.set.contexts.of_nobody
    }

    fn is_of_an_address(&self, facts: &Facts) -> bool {
        let first = facts.rules().first().and_then(|number| self.set.rule(*number));
        first.is_some_and(|rule| rule.is_postal_address())
    }

    /// What the name says of the value, or else the name of the object around it. What stands for that object, and
    /// says something by itself as well, is of it first: `"phone": {"nationalNumber": …}`.
    fn by_name(&self, facts: &Facts, around: u32, text: &str) -> Option<(&'s FieldRule, Hit)> {
        let is_of_both = facts.stand_in && self.top.rule.is_some() && !facts.rules().is_empty();
        if is_of_both {
            return self.by_object(facts, text).or_else(|| self.by_own_name(facts, around, text));
        }
        self.by_own_name(facts, around, text).or_else(|| self.by_object(facts, text))
    }

    /// What the name of the object or list around a value says of it.
    fn by_object(&self, facts: &Facts, text: &str) -> Option<(&'s FieldRule, Hit)> {
        /// A number is longer than how many there are of something.
        const COUNT_BYTES: usize = 5;
        let frame = &self.top;
        let number = frame.rule?;
        let rule = self.set.rule(number)?;
        let describes = facts.describes && frame.has_value;
        let is_said =
            (facts.statement && !rule.attributes && !describes) || (facts.tells && rule.named);
        let listed = frame.container == Container::Array;
        // What is counted by number is a number as well: `{"age": {"18": 120}}`.
        let is_count = facts.is_one_of_many
            && text.len() < COUNT_BYTES
            && text.bytes().all(|byte| byte.is_ascii_digit());
        let spreads = rule.spreads && !is_count;
        if (facts.stand_in || spreads || listed) && !is_said {
            let mut inherited = *facts;
            inherited.hashed |= frame.hashed;
            inherited.encrypted |= frame.encrypted;
            return self.judge(number, rule, &inherited, text).map(|hit| (rule, hit));
        }
        let is_one = facts.is_one_of_many
            && text.len() >= COUNT_BYTES
            && rule.check.is_some_and(|check| check.whole(text).is_some());
        let hit = is_one.then(|| self.judge(number, rule, facts, text))??;
        Some((rule, hit))
    }

    /// The first rule of the name that holds here and is sure enough.
    pub(super) fn by_own_name(
        &self,
        facts: &Facts,
        around: u32,
        text: &str,
    ) -> Option<(&'s FieldRule, Hit)> {
        let around = self.around(facts, around);
        facts.rules().iter().find_map(|number| {
            let rule = self.set.rule(*number).filter(|rule| rule.holds(around))?;
            Some((rule, self.judge(*number, rule, facts, text)?))
        })
    }

    pub(super) fn judge(
        &self,
        number: u16,
        rule: &FieldRule,
        facts: &Facts,
        text: &str,
    ) -> Option<Hit> {
        let whole = Span::new(0, text.len());
        // What is judged as one thing is a finding where its list or object begins.
        let listed = self.top.container == Container::Array;
        if rule.container && (rule.check.is_none() || listed) {
            return None;
        }
        // `"password": "Password"` is a translation.
        let may_be_label = rule.reach == Reach::Line || text.contains('_');
        if may_be_label && self.is_label(text, number, rule) {
            return None;
        }
        if is_prompt(text) {
            return None;
        }
        if rule.is_of_people() && self.set.people.rule_out(text) {
            return None;
        }
        let pseudonym = Marks { pseudonymous: true, ..Marks::default() };
        // What a redaction left in the value's place.
        if is_token(text) {
            let hit = hit(rule.tag, whole, rule.confidence, rule.detector, None);
            return self.reaches(Hit { marks: pseudonym, ..hit });
        }
        if (facts.hashed && code::hash(text).is_some())
            || ((facts.encrypted || facts.hashed) && code::opaque(text).is_some())
        {
            let hit = hit(rule.tag, whole, rule.confidence, rule.detector, None);
            return self.reaches(Hit { marks: pseudonym, ..hit });
        }
        let Some(check) = rule.check else {
            return self.reaches(hit(rule.tag, whole, rule.confidence, rule.detector, None));
        };
        match check.whole(text) {
            Some(Match { coarse, region, shaped }) => {
                let tag = if coarse { rule.coarse } else { rule.tag };
                let people = &self.set.people;
                let is_proven = match rule.proof {
                    Proof::Form => shaped,
                    Proof::Listed => people.may_be_one(text, Written::of(shaped)),
                    Proof::Known => people.is_known(text, Written::of(shaped)),
                    Proof::Family => people.is_of_names_alone(text),
                    Proof::Given => {
                        !text.starts_with(char::is_lowercase) && people.is_given_alone(text)
                    }
                };
                let confidence = if is_proven { rule.checked } else { rule.confidence };
                let found = self.reaches(hit(tag, whole, confidence, rule.detector, region));
                found.filter(|_| !self.is_label_of_any(text, rule))
            }
            // A hash where a number should be is that number's hash.
            None if rule.hashable() && code::hash(text).is_some() => {
                let hit = hit(rule.tag, whole, rule.confidence, rule.detector, None);
                self.reaches(Hit { marks: pseudonym, ..hit })
            }
            None if is_number_like(text) => {
                self.reaches(hit(rule.tag, whole, rule.unchecked, rule.detector, None))
            }
            None => None,
        }
    }

    /// Whether a value is a name of its own field, or, in several words or another script, of any of that category.
    fn is_label(&self, text: &str, number: u16, rule: &FieldRule) -> bool {
        // Short words of one language are names of people in another: `Ad`, `Nam`.
        let is_plain = text.is_ascii() && !text.contains(' ') && text.len() < 6;
        self.set.keys.is_name_of(text, |other| {
            other == number
                || (!is_plain
                    && self.set.rule(other).is_some_and(|other| {
                        other.tag == rule.tag || self.set.is_below(other.tag, rule.tag)
                    }))
        })
    }

    /// Whether what a member called `name` would make somebody, with nothing of theirs beside it, is what a field is
    /// called: `{"name": "주문번호", "value": "20001"}`. One word of ASCII may be either.
    fn is_label_of_any(&self, text: &str, rule: &FieldRule) -> bool {
        rule.is_of_people()
            && rule.proof != Proof::Form
            && rule.inside == 0
            && (text.contains(' ') || !text.is_ascii())
            && self.set.keys.is_name_of(text, |_| true)
    }

    fn reaches(&self, hit: Hit) -> Option<Hit> {
        self.set.reaches(hit.tag, hit.confidence.0).then_some(hit)
    }
}

impl FieldRule {
    pub(super) fn holds(&self, around: u32) -> bool {
        (self.inside == 0 || self.inside & around != 0) && self.outside & around == 0
    }

    /// The value has the digits and letters that the name promises: an IMSI under `device_imsi` is one,
    /// although its digits would make an IMEI as well.
    fn is_settled_by(&self, text: &str) -> bool {
        self.check.is_some_and(|check| check.is_of_tokens() && check.whole(text).is_some())
    }

    /// The check asks for a form that a hash cannot have.
    fn hashable(&self) -> bool {
        self.unchecked == 0 && self.confidence >= 85
    }
}

/// The digits of a long whole number that is written with a point or an exponent.
fn whole_number(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) || text.starts_with('-') {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let is_long = (1e9..9e15).contains(&number) && number.fract() == 0.0;
    is_long.then(|| format!("{number:.0}"))
}

/// Whether a value under a name may hold others than its own: the sign of a mailbox, or a long number where the value
/// fails the check or passes one of words.
fn may_hold_more(rule: &FieldRule, text: &str) -> bool {
    const DIGITS_MIN: usize = 9;
    let has_mailbox = || text.contains('@');
    let has_digits = || text.bytes().filter(u8::is_ascii_digit).count() >= DIGITS_MIN;
    // `asthma, tel. of the mother 0301 1234567`.
    let Some(check) = rule.check else {
        return text.contains(' ') && (has_mailbox() || has_digits());
    };
    if rule.is_unmistakable() {
        return false;
    }
    let is_of_words = || rule.reach == Reach::Line && text.contains(' ');
    has_mailbox() || (has_digits() && (is_of_words() || check.whole(text).is_none()))
}

/// Whether words under a name may have a label among them, and what is another's behind it: `Mill Lane 1 (diagnosis:
/// asthma)` under `street`.
fn may_have_labels(rule: &FieldRule, found: &Hit, text: &str) -> bool {
    !found.marks.pseudonymous
        && !rule.is_unmistakable()
        && memchr::memmem::find(text.as_bytes(), b": ").is_some()
}

/// Whether a value that shows itself is a part of what stands behind a label, with words beside it: the telephone
/// number behind an address or a diagnosis.
fn is_beside_words(text: &str, line: Span, one: &Found) -> bool {
    const SURE: u8 = 85;
    const LETTERS_MIN: usize = 4;
    let (outer, inner) = (line.range(), one.span.range());
    if one.confidence < SURE || !line.contains(one.span) {
        return false;
    }
    let beside = [text.get(outer.start..inner.start), text.get(inner.end..outer.end)];
    let letters = beside.into_iter().flatten().flat_map(str::chars).filter(|c| c.is_alphabetic());
    letters.take(LETTERS_MIN).count() == LETTERS_MIN
}

/// Puts the hits from `first` on in order, and drops those that overlap the one before them.
pub(super) fn apart(hits: &mut Vec<Hit>, first: usize) {
    hits.get_mut(first..).unwrap_or_default().sort_by_key(|hit| hit.span.start);
    let mut end = 0;
    let overlaps = |hit: &mut Hit| {
        let overlaps = hit.span.start < end;
        if !overlaps {
            end = hit.span.end;
        }
        overlaps
    };
    hits.extract_if(first.., overlaps).for_each(drop);
}

/// What a form says where a value will be.
fn is_prompt(text: &str) -> bool {
    const BEGINNINGS: [&str; 5] = ["请输入", "请填写", "请选择", "Please enter ", "Enter your "];
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// What a mistyped or masked number looks like, and a word does not.
fn is_number_like(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    // Of `press *#06#` most is words; what is masked may be written as `xxxx 1234`.
    let is_of_words = || {
        let letters = text.bytes().filter(|byte| byte.is_ascii_lowercase() && *byte != b'x');
        text.contains(' ') && letters.count() > digits
    };
    digits >= 2 && !is_of_words() && (4..=64).contains(&text.len()) && !text.contains("://")
}

pub(super) fn is_integer(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
