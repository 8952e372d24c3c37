//! The walk over one message: the stack of objects and lists around a field, and what name and value
//! together say.

use std::sync::Arc;

use crate::domain::{Confidence, Container, DetectorId, Marks, Part, Region, Scalar, Span, Tag};

use super::{
    DetectorSet,
    check::{Match, code},
    digits::Folded,
    keys::{Facts, KeyCache},
    set::FieldRule,
    text::{Found, Search},
};

/// Where personal data stands in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub tag: Tag,
    /// Bytes of the text given; of the name when `marks.in_key` is set.
    pub span: Span,
    pub confidence: Confidence,
    pub detector: DetectorId,
    pub marks: Marks,
    /// The jurisdiction the value speaks for.
    pub region: Option<Region>,
}

/// What is kept from message to message: the cache of field names and the buffers of the walk.
#[derive(Debug, Default)]
pub struct Scratch {
    keys: KeyCache,
    frames: Vec<Frame>,
    found: Vec<Found>,
    folded: Folded,
    /// The set that `keys` was filled by.
    identity: Option<Arc<()>>,
}

/// Reads one message field by field, in document order.
#[derive(Debug)]
pub struct Scanner<'s> {
    set: &'s DetectorSet,
    scratch: &'s mut Scratch,
    part: u32,
}

/// An object or list the walk is inside of.
#[derive(Debug, Clone, Copy)]
struct Frame {
    container: Container,
    /// What the name said that this stands under; elements of a list read it as their own.
    facts: Facts,
    /// The rule that name has here.
    rule: Option<u16>,
    contexts: u32,
}

/// Objects inside each other that are remembered; deeper ones are read without their surroundings.
const FRAMES_MAX: usize = 1024;

impl<'s> Scanner<'s> {
    pub(super) fn new(set: &'s DetectorSet, scratch: &'s mut Scratch) -> Self {
        let same =
            scratch.identity.as_ref().is_some_and(|identity| Arc::ptr_eq(identity, &set.identity));
        if !same {
            scratch.keys.clear();
            scratch.identity = Some(Arc::clone(&set.identity));
        }
        let mut scanner = Self { set, scratch, part: 0 };
        scanner.part(Part::Body);
        scanner
    }

    /// A new part of the message, or a layer decoded out of one, begins.
    pub fn part(&mut self, part: Part) {
        let number = Part::ALL.iter().position(|known| *known == part).unwrap_or(0);
        self.part = self.set.contexts.parts.get(number).copied().unwrap_or(0);
        self.scratch.frames.clear();
    }

    /// An object or list begins; `name` is `None` for an element of a list and for a whole layer. The
    /// answer is a hit when all of it is personal data, or when its name is.
    pub fn open(&mut self, name: Option<&str>, container: Container) -> Option<Hit> {
        let facts = self.facts(name);
        let contexts = self.contexts_of(&facts);
        let rule = self.rule_for_container(&facts);
        if self.scratch.frames.len() < FRAMES_MAX {
            self.scratch.frames.push(Frame { container, facts, rule, contexts });
        }
        let name = name?;
        if let Some(rule) = rule.and_then(|rule| self.set.rule(rule))
            && rule.container
            && !(rule.lists_only && container == Container::Object)
            && self.set.reaches(rule.tag, rule.confidence)
            && !(facts.suppressed != 0 && self.set.is_suppressed(rule.tag, "", facts.suppressed))
        {
            let third_party = contexts & self.set.contexts.third_party != 0;
            return Some(Hit {
                tag: rule.tag,
                span: Span::default(),
                confidence: Confidence(rule.confidence),
                detector: rule.detector,
                marks: Marks { container: true, third_party, ..Marks::default() },
                region: None,
            });
        }
        self.in_key(name, &facts)
    }

    /// The innermost object or list ends.
    pub fn close(&mut self) {
        self.scratch.frames.pop();
    }

    /// One value. `text` is unescaped and without quotes; hits are added to `hits` in the order of
    /// their spans, at most one of which covers the whole value.
    pub fn scalar(&mut self, name: Option<&str>, kind: Scalar, text: &str, hits: &mut Vec<Hit>) {
        let facts = self.facts(name);
        if facts.beside != 0
            && let Some(frame) = self.scratch.frames.last_mut()
        {
            frame.contexts |= facts.beside;
        }
        let first = hits.len();
        match kind {
            Scalar::Null | Scalar::Bool => {}
            Scalar::String | Scalar::Number | Scalar::Binary => {
                self.value(&facts, kind, text, hits);
            }
        }
        if let Some(name) = name {
            hits.extend(self.in_key(name, &facts));
        }
        if hits.len() > first {
            self.finish(&facts, name, text, first, hits);
        }
    }

    // === Inside ===

    fn facts(&mut self, name: Option<&str>) -> Facts {
        match name {
            Some(name) => self.scratch.keys.facts(&self.set.keys, name),
            // An element reads the name of its list.
            None => match self.scratch.frames.last() {
                Some(frame) if frame.container == Container::Array => frame.facts,
                _ => Facts::default(),
            },
        }
    }

    fn surroundings(&self) -> u32 {
        self.scratch.frames.last().map_or(0, |frame| frame.contexts) | self.part
    }

    fn contexts_of(&self, facts: &Facts) -> u32 {
        let around = self.scratch.frames.last().map_or(0, |frame| frame.contexts);
        if facts.opens == 0 { around } else { facts.opens | (around & self.set.contexts.lasting) }
    }

    /// The first rule of the name that holds in these surroundings.
    fn rule_for_container(&self, facts: &Facts) -> Option<u16> {
        let around = self.surroundings();
        let own = facts
            .rules()
            .iter()
            .copied()
            .find(|number| self.set.rule(*number).is_some_and(|rule| rule.holds(around)));
        let frame = self.scratch.frames.last();
        own.or_else(|| {
            let frame = frame?;
            let list = frame.container == Container::Array;
            let spreads =
                frame.rule.and_then(|rule| self.set.rule(rule)).is_some_and(|rule| rule.spreads);
            (list || facts.stand_in || (spreads && !facts.statement))
                .then_some(frame.rule)
                .flatten()
        })
    }

    fn value(&mut self, facts: &Facts, kind: Scalar, text: &str, hits: &mut Vec<Hit>) {
        if text.is_empty() {
            return;
        }
        let around = self.surroundings();
        let folded = Folded::needs(text);
        let mut buffer = std::mem::take(&mut self.scratch.folded);
        let read = if folded { buffer.fold(text) } else { text };
        let first = hits.len();
        self.read(facts, around, kind, read, hits);
        if folded {
            for hit in hits.get_mut(first..).unwrap_or_default() {
                hit.span = buffer.original(hit.span, text.len());
            }
        }
        self.scratch.folded = buffer;
    }

    fn read(&mut self, facts: &Facts, around: u32, kind: Scalar, text: &str, hits: &mut Vec<Hit>) {
        if facts.patterns != 0 {
            for (tag, confidence, detector, range) in self.set.patterns(facts.patterns, text) {
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
        let search = Search { set: self.set, supports: facts.supports, against: facts.against };
        let Some((rule, found)) = by_name else {
            let found = &mut self.scratch.found;
            found.clear();
            search.all(text, found);
            hits.extend(found.iter().map(Found::hit));
            return;
        };
        if self.set.is_placeholder(text) {
            return;
        }
        let by_value =
            if found.marks.pseudonymous || rule.prose { None } else { search.whole(text) };
        match by_value {
            Some(value)
                if self.set.is_below(value.tag, found.tag)
                    || (value.confidence > found.confidence.0 && value.tag != found.tag) =>
            {
                hits.push(value.hit());
            }
            Some(value) => {
                hits.push(Hit { region: found.region.or(value.region), ..found });
            }
            None => hits.push(found),
        }
        if rule.prose {
            let found = &mut self.scratch.found;
            found.clear();
            search.all(text, found);
            hits.extend(found.iter().map(Found::hit));
        }
    }

    /// What the name says of the value: the first rule that holds here and is sure enough.
    fn by_name(&self, facts: &Facts, around: u32, text: &str) -> Option<(&'s FieldRule, Hit)> {
        for number in facts.rules() {
            let Some(rule) = self.set.rule(*number) else { continue };
            if !rule.holds(around) {
                continue;
            }
            if let Some(hit) = self.judge(rule, facts, text) {
                return Some((rule, hit));
            }
        }
        let frame = self.scratch.frames.last()?;
        let rule = self.set.rule(frame.rule?)?;
        let spreads = rule.spreads && !facts.statement && facts.rules().is_empty();
        let listed = frame.container == Container::Array;
        if (facts.stand_in || spreads || listed) && !facts.statement {
            let mut inherited = *facts;
            inherited.hashed |= frame.facts.hashed;
            inherited.encrypted |= frame.facts.encrypted;
            return self.judge(rule, &inherited, text).map(|hit| (rule, hit));
        }
        None
    }

    fn judge(&self, rule: &FieldRule, facts: &Facts, text: &str) -> Option<Hit> {
        let whole = Span::new(0, text.len());
        if rule.container && rule.check.is_none() {
            return None;
        }
        let pseudonym = Marks { pseudonymous: true, ..Marks::default() };
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
                let confidence = if shaped { rule.checked } else { rule.confidence };
                self.reaches(hit(tag, whole, confidence, rule.detector, region))
            }
            // A hash where a number should be is that number's hash.
            None if rule.hashable() && code::hash(text).is_some() => {
                let hit = hit(rule.tag, whole, rule.confidence, rule.detector, None);
                self.reaches(Hit { marks: pseudonym, ..hit })
            }
            None => self.reaches(hit(rule.tag, whole, rule.unchecked, rule.detector, None)),
        }
    }

    fn reaches(&self, hit: Hit) -> Option<Hit> {
        self.set.reaches(hit.tag, hit.confidence.0).then_some(hit)
    }

    /// Personal data that was used as a name: objects keyed by e-mail address or telephone number.
    fn in_key(&self, name: &str, facts: &Facts) -> Option<Hit> {
        if name.len() < 7 || !facts.rules().is_empty() {
            return None;
        }
        let search = Search { set: self.set, supports: 0, against: 0 };
        let found = search.whole(name).filter(|found| found.confidence >= 85)?;
        let hit = found.hit();
        Some(Hit { marks: Marks { in_key: true, ..hit.marks }, ..hit })
    }

    /// Marks what belongs to others, and takes out what an operator suppressed.
    fn finish(
        &self,
        facts: &Facts,
        name: Option<&str>,
        text: &str,
        first: usize,
        hits: &mut Vec<Hit>,
    ) {
        if self.surroundings() & self.set.contexts.third_party != 0 {
            for hit in hits.get_mut(first..).unwrap_or_default() {
                hit.marks.third_party = true;
            }
        }
        if !self.set.has_suppressions() {
            return;
        }
        let mut at = first;
        while let Some(hit) = hits.get(at) {
            let source = if hit.marks.in_key { name.unwrap_or_default() } else { text };
            let value = source.get(hit.span.range()).unwrap_or_default();
            if self.set.is_suppressed(hit.tag, value, facts.suppressed) {
                hits.remove(at);
            } else {
                at += 1;
            }
        }
    }
}

impl FieldRule {
    fn holds(&self, around: u32) -> bool {
        (self.inside == 0 || self.inside & around != 0) && self.outside & around == 0
    }

    /// The check asks for a form that a hash cannot have.
    fn hashable(&self) -> bool {
        self.unchecked == 0 && self.confidence >= 85
    }
}

impl Found {
    fn hit(&self) -> Hit {
        hit(self.tag, self.span, self.confidence, self.detector, self.region)
    }
}

fn hit(tag: Tag, span: Span, confidence: u8, detector: DetectorId, region: Option<Region>) -> Hit {
    Hit { tag, span, confidence: Confidence(confidence), detector, marks: Marks::default(), region }
}

fn is_integer(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
