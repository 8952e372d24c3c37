//! The walk over one message: the stack of objects and lists around a field, and what name and value
//! together say.

use std::{ops::Range, sync::Arc};

use crate::domain::{
    Confidence, Container, DetectorId, Marks, Part, Region, Scalar, Span, Tag, Wants, is_token,
};

use super::{
    DetectorSet,
    check::{Match, code},
    digits::Folded,
    keys::{Facts, KeyCache, Known},
    memo::{Memo, TEXT_BYTES_MAX, Under},
    naming,
    pairs::{Pair, endings, pairs},
    set::{FieldRule, Reach},
    text::{Found, Search},
    token::Token,
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

/// A value as it is told.
#[derive(Clone, Copy)]
pub struct Told<'t> {
    pub kind: Scalar,
    /// Unescaped and without quotes.
    pub text: &'t str,
    /// A value may be found in the text by its form; false only where its bytes were looked at.
    pub may_hold: bool,
}

impl std::fmt::Debug for Told<'_> {
    /// Without the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told")
            .field("kind", &self.kind)
            .field("length", &self.text.len())
            .field("may_hold", &self.may_hold)
            .finish()
    }
}

/// Whether a value was read before.
#[derive(Debug, Clone, Copy)]
pub enum Recall {
    /// With what was found.
    Found(Option<Hit>),
    New(Ticket),
    /// Values like this one are not kept.
    Never,
}

/// What a new value is kept under.
#[derive(Debug, Clone, Copy)]
pub struct Ticket(Under);

/// What is kept from message to message: the caches of names and values, and the buffers of the walk.
#[derive(Debug, Default)]
pub struct Scratch {
    keys: KeyCache,
    memo: Memo,
    frames: Vec<Frame>,
    found: Vec<Found>,
    folded: Folded,
    /// What objects turned out to be about after a member that hangs on it; by their number, in the order
    /// they close.
    learnt: Vec<(u32, u32)>,
    /// The same of a first walk, by number, while the second is under way.
    known_ahead: Vec<(u32, u32)>,
    /// The set that `keys` was filled by.
    identity: Option<Arc<()>>,
    /// How many sets there were.
    sets: u64,
}

/// Reads one message field by field, in document order.
#[derive(Debug)]
pub struct Scanner<'s> {
    set: &'s DetectorSet,
    scratch: &'s mut Scratch,
    part: u32,
    /// Objects open beyond those remembered.
    beyond: usize,
    /// What is known of the name asked about last, until its value is told.
    asked: Option<Known>,
    /// Objects and lists opened in this part.
    opened: u32,
    /// How many of `known_ahead` are behind us.
    used_ahead: usize,
    /// The part is walked for the second time.
    again: bool,
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
    /// Contexts that members seen so far would have been read otherwise in.
    lacks: u32,
    number: u32,
    /// Members seen that show a context only together.
    signs: u8,
    /// What a member said that the value beside it is: `{"key": "phone", "value": …}`.
    told: Option<Facts>,
}

/// How sure a name inside a text has to make us.
const NAMED_IN_PROSE_MIN: u8 = 60;

/// Longest name that a value is told by.
const TOLD_BYTES_MAX: usize = 48;

/// Objects inside each other that are remembered; deeper ones are read without their surroundings.
const FRAMES_MAX: usize = 1024;

impl<'s> Scanner<'s> {
    pub(super) fn new(set: &'s DetectorSet, scratch: &'s mut Scratch) -> Self {
        let same =
            scratch.identity.as_ref().is_some_and(|identity| Arc::ptr_eq(identity, &set.identity));
        if !same {
            scratch.keys.clear();
            scratch.memo.clear();
            scratch.identity = Some(Arc::clone(&set.identity));
            scratch.sets += 1;
        }
        let mut scanner = Self {
            set,
            scratch,
            part: 0,
            beyond: 0,
            asked: None,
            opened: 0,
            used_ahead: 0,
            again: false,
        };
        scanner.part(Part::Body);
        scanner
    }

    /// Tells the sets apart that one scratch has served.
    pub fn set_number(&self) -> u64 {
        self.scratch.sets
    }

    /// A new part of the message, or a layer decoded out of one, begins.
    pub fn part(&mut self, part: Part) {
        let number = Part::ALL.iter().position(|known| *known == part).unwrap_or(0);
        self.part = self.set.contexts.parts.get(number).copied().unwrap_or(0);
        self.beyond = 0;
        // A name that was asked about in another layer, and whose value was not told, says nothing here.
        self.asked = None;
        self.opened = 0;
        self.used_ahead = 0;
        self.scratch.learnt.clear();
        if !self.again {
            self.scratch.known_ahead.clear();
        }
        let contexts = self.ahead(0);
        self.scratch.frames.clear();
        // What stands at the top of a part has surroundings as well: a form, a query.
        self.scratch.frames.push(Frame {
            container: Container::Object,
            facts: Facts::default(),
            rule: None,
            contexts,
            lacks: 0,
            number: 0,
            signs: 0,
            told: None,
        });
    }

    /// Whether the part that was walked has to be walked once more: a member stands before those that show
    /// what its object is about, and would have been read otherwise behind them. The order of members says
    /// nothing in JSON (RFC 8259 §4).
    pub fn is_to_look_again(&mut self) -> bool {
        if let Some(frame) = self.scratch.frames.first()
            && frame.lacks & frame.contexts != 0
        {
            self.scratch.learnt.push((0, frame.contexts));
        }
        self.again = !self.scratch.learnt.is_empty();
        if self.again {
            std::mem::swap(&mut self.scratch.learnt, &mut self.scratch.known_ahead);
            self.scratch.known_ahead.sort_unstable();
        }
        self.again
    }

    pub fn end_second_look(&mut self) {
        self.again = false;
    }

    /// What the first walk learnt of the object of this number; asked in the order of numbers.
    fn ahead(&mut self, number: u32) -> u32 {
        while let Some((of, contexts)) = self.scratch.known_ahead.get(self.used_ahead) {
            if *of > number {
                break;
            }
            self.used_ahead += 1;
            if *of == number {
                return *contexts;
            }
        }
        0
    }

    /// Which values under `name`, or elements of the innermost list where there is none, can be findings
    /// whatever their form. The value, if it is told, comes before any other name.
    #[inline]
    pub fn wants(&mut self, name: Option<&[u8]>) -> Wants {
        let number_bytes_min = self.set.digits_min;
        let inherits = self.scratch.frames.last().is_some_and(|frame| frame.rule.is_some());
        let Some(name) = name else {
            let values = inherits || self.element_is_telling();
            return Wants { values, words: false, number_bytes_min };
        };
        let known = self.known(name);
        self.asked = Some(known);
        if known.is_mute {
            return Wants { values: inherits, words: false, number_bytes_min };
        }
        if known.is_sign {
            self.sign(known);
        }
        let values = known.is_telling
            || inherits
            || (known.stand_in && self.told().is_some())
            || (known.has_rules && {
                let holds = self.some_rule_holds(self.scratch.keys.of(known));
                if !holds {
                    let facts = *self.scratch.keys.of(known);
                    self.lack(&facts);
                }
                holds
            });
        Wants { values, words: known.in_key, number_bytes_min }
    }

    /// Whether all that the name asked about last can say is known, so that any text may stand for it when
    /// its value is told.
    #[inline]
    pub fn is_name_known(&self) -> bool {
        self.asked.is_some_and(|known| !known.in_key) && !self.set.has_suppressions()
    }

    /// Whether words in a text whose bytes have no telling form may announce a value.
    #[inline]
    pub fn may_announce(&self, text: &[u8]) -> bool {
        self.set.may_announce(text)
    }

    /// What a member before this one said that the value beside it is.
    fn told(&self) -> Option<Facts> {
        self.scratch.frames.last().and_then(|frame| frame.told)
    }

    /// An element reads the name of its list.
    fn element_is_telling(&self) -> bool {
        self.scratch.frames.last().is_some_and(|frame| {
            let facts = &frame.facts;
            frame.container == Container::Array
                && (facts.is_telling() || self.some_rule_holds(facts))
        })
    }

    fn some_rule_holds(&self, facts: &Facts) -> bool {
        let around = self.surroundings();
        facts
            .rules()
            .iter()
            .any(|number| self.set.rule(*number).is_some_and(|rule| rule.holds(around)))
    }

    /// An object or list begins; `name` is `None` for an element of a list and for a whole layer. The
    /// answer is a hit when all of it is personal data, or when its name is.
    pub fn open(&mut self, name: Option<&str>, container: Container) -> Option<Hit> {
        let known = self.known_of(name);
        let facts = known.map_or_else(|| self.facts_around(), |known| *self.scratch.keys.of(known));
        let rule = self.rule_for_container(&facts);
        self.opened += 1;
        let contexts = self.contexts_of(&facts) | self.ahead(self.opened);
        if self.scratch.frames.len() < FRAMES_MAX {
            self.scratch.frames.push(Frame {
                container,
                facts,
                rule,
                contexts,
                lacks: 0,
                number: self.opened,
                signs: 0,
                told: None,
            });
        } else {
            self.beyond += 1;
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
        match self.beyond.checked_sub(1) {
            Some(beyond) => self.beyond = beyond,
            // The frame of the part itself stays.
            None if self.scratch.frames.len() > 1 => {
                let closed = self.scratch.frames.pop();
                if let Some(closed) = closed.filter(|closed| closed.lacks != 0) {
                    self.learn(&closed);
                }
            }
            None => {}
        }
    }

    /// Something in the object that closes lacked a context; the object has it by now, or one around it may
    /// yet.
    fn learn(&mut self, closed: &Frame) {
        if closed.lacks & closed.contexts != 0 && !self.again {
            self.scratch.learnt.push((closed.number, closed.contexts));
        }
        let handed_on = if closed.facts.opens == 0 { u32::MAX } else { self.set.contexts.lasting };
        if let Some(around) = self.scratch.frames.last_mut() {
            around.lacks |= closed.lacks & handed_on;
        }
    }

    /// What is known of the value to be told next from one that was read before.
    #[inline]
    pub fn recall(&mut self, name: Option<&str>, told: Told<'_>) -> Recall {
        let Some(under) = self.under(name, told) else { return Recall::Never };
        match self.scratch.memo.find(under, told.text) {
            Some(found) => {
                self.asked = None;
                Recall::Found(found)
            }
            None => Recall::New(Ticket(under)),
        }
    }

    /// Keeps what was found in a value that is new.
    pub fn keep(&mut self, ticket: Ticket, text: &str, hits: &[Hit]) {
        match hits {
            [] => self.scratch.memo.keep(ticket.0, text, None),
            [hit] => self.scratch.memo.keep(ticket.0, text, Some(*hit)),
            _ => {}
        }
    }

    /// What a value is read by, where that is little enough to be kept.
    #[inline]
    fn under(&mut self, name: Option<&str>, told: Told<'_>) -> Option<Under> {
        if told.text.len() > TEXT_BYTES_MAX || self.set.has_suppressions() {
            return None;
        }
        let name = name?;
        let known = match self.asked {
            Some(known) => known,
            None => {
                let known = self.known(name.as_bytes());
                if known.is_sign {
                    self.sign(known);
                }
                self.asked = Some(known);
                known
            }
        };
        let frame = self.scratch.frames.last()?;
        let is_told = known.stand_in && frame.told.is_some();
        if known.in_key || known.tells || is_told || frame.container == Container::Array {
            return None;
        }
        Some(Under {
            name: self.scratch.keys.number(known)?,
            around: frame.contexts | self.part,
            rule: frame.rule,
            is_hashed: frame.facts.hashed,
            is_encrypted: frame.facts.encrypted,
            is_number: match told.kind {
                Scalar::String => false,
                Scalar::Number => true,
                Scalar::Bool | Scalar::Null | Scalar::Binary => return None,
            },
            may_hold: told.may_hold,
        })
    }

    /// One value. Hits are added to `hits` in the order of their spans, at most one of which covers the
    /// whole value.
    pub fn scalar(&mut self, name: Option<&str>, told: Told<'_>, hits: &mut Vec<Hit>) {
        let Told { kind, text, .. } = told;
        let asked = self.asked.is_some();
        let known = self.known_of(name);
        if let Some(known) = known.filter(|known| known.is_sign && !asked) {
            self.sign(known);
        }
        let mut facts =
            known.map_or_else(|| self.facts_around(), |known| *self.scratch.keys.of(known));
        if facts.tells && kind == Scalar::String && text.len() <= TOLD_BYTES_MAX {
            let told = self.known(text.as_bytes());
            let told = *self.scratch.keys.of(told);
            if let Some(frame) = self.scratch.frames.last_mut() {
                frame.told = (!told.rules().is_empty() && !told.statement).then_some(told);
            }
        } else if facts.stand_in && facts.rules().is_empty() {
            facts = self.told().unwrap_or(facts);
        }
        let first = hits.len();
        match kind {
            Scalar::Null | Scalar::Bool => {}
            Scalar::String | Scalar::Number | Scalar::Binary => {
                self.value(&facts, told, hits);
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

    #[inline]
    fn known(&mut self, name: &[u8]) -> Known {
        let set = self.set;
        self.scratch.keys.known(name, |name| {
            let mut facts = set.keys.analyse(name);
            facts.in_key = is_in_key(set, name, &facts);
            facts
        })
    }

    /// What is known of the name of the value or object being told.
    fn known_of(&mut self, name: Option<&str>) -> Option<Known> {
        let asked = self.asked.take();
        let name = name?;
        Some(asked.unwrap_or_else(|| self.known(name.as_bytes())))
    }

    /// A member of this name shows what its object is about.
    fn sign(&mut self, known: Known) {
        let &Facts { beside, signs, .. } = self.scratch.keys.of(known);
        if let Some(frame) = self.scratch.frames.last_mut() {
            frame.contexts |= beside;
            frame.signs = frame.signs.saturating_add(u8::from(signs != 0));
            if frame.signs >= 2 {
                frame.contexts |= signs;
            }
        }
    }

    /// An element reads the name of its list.
    fn facts_around(&self) -> Facts {
        match self.scratch.frames.last() {
            Some(frame) if frame.container == Container::Array => frame.facts,
            Some(_) | None => Facts::NONE,
        }
    }

    fn surroundings(&self) -> u32 {
        self.scratch.frames.last().map_or(0, |frame| frame.contexts) | self.part
    }

    fn contexts_of(&self, facts: &Facts) -> u32 {
        let around = self.scratch.frames.last().map_or(0, |frame| frame.contexts);
        if facts.opens == 0 { around } else { facts.opens | (around & self.set.contexts.lasting) }
    }

    /// No rule of the name holds in these surroundings; members to come may show others.
    fn lack(&mut self, facts: &Facts) {
        let around = self.surroundings();
        let rules = facts.rules().iter().filter_map(|number| self.set.rule(*number));
        let lacks = rules.fold(0, |all, rule| all | rule.inside);
        if let Some(frame) = self.scratch.frames.last_mut() {
            frame.lacks |= lacks & !around & self.set.contexts.any_order;
        }
    }

    /// The first rule of the name that holds in these surroundings.
    fn rule_for_container(&mut self, facts: &Facts) -> Option<u16> {
        let around = self.surroundings();
        let own = facts
            .rules()
            .iter()
            .copied()
            .find(|number| self.set.rule(*number).is_some_and(|rule| rule.holds(around)));
        if own.is_none() {
            self.lack(facts);
        }
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

    fn value(&mut self, facts: &Facts, told: Told<'_>, hits: &mut Vec<Hit>) {
        let text = told.text;
        if text.is_empty() {
            return;
        }
        let around = self.surroundings();
        let folded = Folded::needs(text);
        let mut buffer = std::mem::take(&mut self.scratch.folded);
        let read = if folded { buffer.fold(text) } else { text };
        let first = hits.len();
        self.read(facts, around, Told { text: read, ..told }, hits);
        if folded {
            for hit in hits.get_mut(first..).unwrap_or_default() {
                hit.span = buffer.original(hit.span, text.len());
            }
        }
        self.scratch.folded = buffer;
    }

    fn read(&mut self, facts: &Facts, around: u32, told: Told<'_>, hits: &mut Vec<Hit>) {
        let Told { kind, text, .. } = told;
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
        // What a name supports is found by less than what stands for itself.
        let may_hold = told.may_hold || facts.supports != 0;
        let Some((rule, found)) = by_name else {
            if !may_hold {
                if self.set.may_announce(text.as_bytes()) {
                    self.prose(search, text, around, hits);
                }
                return;
            }
            match Bare::of(text) {
                Some(Bare::Time) if facts.supports == 0 => {}
                Some(Bare::Digits) => hits.extend(search.digits(text).map(|found| found.hit())),
                Some(Bare::Time) | None => self.prose(search, text, around, hits),
            }
            return;
        };
        if self.set.is_placeholder(text) {
            return;
        }
        // The form alone can tell neither another category nor a narrower one.
        let is_settled = (rule.is_unmistakable && found.confidence.0 >= rule.checked)
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
        if rule.prose && (may_hold || self.set.may_announce(text.as_bytes())) {
            self.prose(search, text, around, hits);
        }
    }

    /// Everything inside a text: values by their form, and by the names that stand before them.
    fn prose(&mut self, search: Search<'_>, text: &str, around: u32, hits: &mut Vec<Hit>) {
        let mut found = std::mem::take(&mut self.scratch.found);
        found.clear();
        search.all(text, &mut found);
        let first = hits.len();
        // A label ends the value of the one before it.
        let mut waiting: Option<(Pair, Facts)> = None;
        for pair in pairs(text) {
            let Some((name, facts)) = self.label(text, &pair) else { continue };
            if let Some((mut before, told)) = waiting.take() {
                before.value.end = before.value.end.min(name.start.max(before.value.start));
                hits.extend(self.labelled(text, &before, &told, around));
            }
            waiting = Some((pair, facts));
        }
        if let Some((pair, facts)) = waiting {
            hits.extend(self.labelled(text, &pair, &facts, around));
        }
        let named = hits.len();
        for one in &found {
            let known = hits.get(first..named).unwrap_or_default();
            let clash = known
                .iter()
                .any(|hit| hit.span.start < one.span.end && one.span.start < hit.span.end);
            if !clash {
                hits.push(one.hit());
            }
        }
        if named > first && hits.len() > named {
            hits.get_mut(first..).unwrap_or_default().sort_by_key(|hit| hit.span.start);
        }
        self.scratch.found = found;
    }

    /// The words before a colon or an equals sign that are a name we know, and what it says.
    fn label(&mut self, text: &str, pair: &Pair) -> Option<(Range<usize>, Facts)> {
        let last = text.get(pair.name.clone())?.rsplit(' ').next()?;
        if !self.set.keys.may_end_a_name(last) {
            return None;
        }
        endings(text, pair.name.clone()).find_map(|range| {
            let known = self.known(text.get(range.clone())?.as_bytes());
            let facts = *self.scratch.keys.of(known);
            (!facts.rules().is_empty()).then_some((range, facts))
        })
    }

    /// What stands behind a label. In prose a bare word before a colon is no proof; the value has to fit.
    fn labelled(&self, text: &str, pair: &Pair, facts: &Facts, around: u32) -> Option<Hit> {
        let value = text.get(pair.value.clone())?.trim_end_matches([' ', ',', '.', ';', '-']);
        if value.is_empty() || self.set.is_placeholder(value) {
            return None;
        }
        let rules = facts.rules().iter().filter_map(|number| {
            let rule = self.set.rule(*number).filter(|rule| rule.holds(around))?;
            let sure = rule.confidence >= 90 || rule.reach != Reach::Line || !is_sentence(value);
            let fits = pair.assigned || (sure && rule.check.is_some() && !rule.prose);
            fits.then_some((*number, rule))
        });
        // A value that only looks like a number counts when none passes.
        let mut mistyped = None;
        for (number, rule) in rules {
            for cut in cuts(value, rule.reach) {
                let hit = self
                    .judge(number, rule, facts, cut)
                    .filter(|hit| hit.confidence.0 >= NAMED_IN_PROSE_MIN)
                    .map(|hit| Hit { span: hit.span.shift(pair.value.start), ..hit });
                if hit.is_some_and(|hit| hit.confidence.0 > rule.unchecked) {
                    return hit;
                }
                mistyped = hit.or(mistyped);
            }
        }
        mistyped
    }

    /// What the name says of the value, or else the name of the object around it.
    fn by_name(&self, facts: &Facts, around: u32, text: &str) -> Option<(&'s FieldRule, Hit)> {
        if let Some(own) = self.by_own_name(facts, around, text) {
            return Some(own);
        }
        let frame = self.scratch.frames.last()?;
        let number = frame.rule?;
        let rule = self.set.rule(number)?;
        let spreads = rule.spreads && !facts.statement && facts.rules().is_empty();
        let listed = frame.container == Container::Array;
        if (facts.stand_in || spreads || listed) && !facts.statement {
            let mut inherited = *facts;
            inherited.hashed |= frame.facts.hashed;
            inherited.encrypted |= frame.facts.encrypted;
            return self.judge(number, rule, &inherited, text).map(|hit| (rule, hit));
        }
        None
    }

    /// The first rule of the name that holds here and is sure enough.
    fn by_own_name(&self, facts: &Facts, around: u32, text: &str) -> Option<(&'s FieldRule, Hit)> {
        facts.rules().iter().find_map(|number| {
            let rule = self.set.rule(*number).filter(|rule| rule.holds(around))?;
            Some((rule, self.judge(*number, rule, facts, text)?))
        })
    }

    fn judge(&self, number: u16, rule: &FieldRule, facts: &Facts, text: &str) -> Option<Hit> {
        let whole = Span::new(0, text.len());
        // What is judged as one thing is a finding where its list or object begins.
        let listed =
            self.scratch.frames.last().is_some_and(|frame| frame.container == Container::Array);
        if rule.container && (rule.check.is_none() || listed) {
            return None;
        }
        // `"password": "Password"` is a translation.
        if rule.reach == Reach::Line && self.set.keys.is_name_of(text, number) {
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
                let confidence = if shaped { rule.checked } else { rule.confidence };
                self.reaches(hit(tag, whole, confidence, rule.detector, region))
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

    fn reaches(&self, hit: Hit) -> Option<Hit> {
        self.set.reaches(hit.tag, hit.confidence.0).then_some(hit)
    }

    /// Personal data that was used as a name: objects keyed by e-mail address or telephone number.
    fn in_key(&self, name: &str, facts: &Facts) -> Option<Hit> {
        let hit = facts.in_key.then(|| found_in_key(self.set, name))??.hit();
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

fn is_in_key(set: &DetectorSet, name: &str, facts: &Facts) -> bool {
    name.len() >= 7 && facts.rules().is_empty() && found_in_key(set, name).is_some()
}

fn found_in_key(set: &DetectorSet, name: &str) -> Option<Found> {
    let search = Search { set, supports: 0, against: 0 };
    search.whole(name).filter(|found| found.confidence >= 85)
}

impl FieldRule {
    fn holds(&self, around: u32) -> bool {
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

impl Found {
    fn hit(&self) -> Hit {
        hit(self.tag, self.span, self.confidence, self.detector, self.region)
    }
}

fn hit(tag: Tag, span: Span, confidence: u8, detector: DetectorId, region: Option<Region>) -> Hit {
    Hit { tag, span, confidence: Confidence(confidence), detector, marks: Marks::default(), region }
}

/// Words that go on as sentences do: three or more, the first of them small.
fn is_sentence(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split(' ').count() >= 3
        && !text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The readings of what stands behind a label, the likelier first: all of it, and parts from its beginning.
fn cuts(value: &str, reach: Reach) -> impl Iterator<Item = &str> {
    let to =
        |end: Option<usize>| end.and_then(|end| value.get(..end)).filter(|cut| !cut.is_empty());
    let word = to(value.find([' ', ','])).filter(|_| reach != Reach::Line);
    let clause = to(value.find(", "));
    let sentence = to(value.find(". "));
    let bracket = to(value.find(" ("));
    let name = to(naming::end_of_name(value, 0, 2)).filter(|_| reach == Reach::Line);
    let whole = Some(value);
    let order = match reach {
        Reach::Word => [word, whole, None, None, None],
        Reach::Either => [whole, clause, sentence, bracket, word],
        Reach::Line => [whole, clause, sentence, bracket, name],
    };
    order.into_iter().flatten()
}

/// What a mistyped or masked number looks like, and a word does not.
fn is_number_like(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 2 && (4..=64).contains(&text.len()) && !text.contains("://")
}

/// A value of which there is little to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bare {
    Digits,
    /// A date with a time of day: RFC 3339, or as programs in C write one with the zone.
    Time,
}

impl Bare {
    fn of(text: &str) -> Option<Self> {
        const DATE: &[u8; 10] = b"0000-00-00";
        const IN_WORDS: &[u8; 30] = b"Aaa Aaa 00 00:00:00 +0000 0000";
        let bytes = text.as_bytes();
        if bytes.len() <= Token::CAPACITY && bytes.iter().all(u8::is_ascii_digit) {
            return Some(Self::Digits);
        }
        if let Some((date, time)) = bytes.split_first_chunk::<10>() {
            let is_time = is_like(date, DATE)
                && matches!(time.first(), Some(b'T' | b't' | b' '))
                && time.len() <= 25
                && time.iter().all(|byte| {
                    byte.is_ascii_digit()
                        || matches!(
                            byte,
                            b'T' | b't' | b'Z' | b'z' | b':' | b'.' | b'+' | b'-' | b' '
                        )
                });
            if is_time {
                return Some(Self::Time);
            }
        }
        (is_like(bytes, IN_WORDS)).then_some(Self::Time)
    }
}

/// Digits for zeros, letters for letters, anything else as it is.
fn is_like(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.len() == pattern.len()
        && bytes.iter().zip(pattern).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            b'A' | b'a' => byte.is_ascii_alphabetic(),
            other => byte == other,
        })
}

fn is_integer(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
