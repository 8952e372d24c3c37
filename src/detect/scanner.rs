//! The walk over one message: the stack of objects and lists around a field, and what name and value
//! together say.

mod around;
mod bare;
mod cells;
mod columns;
mod judge;
mod labelled;
mod recall;
mod spread;
mod statements;
mod wants;

use std::sync::Arc;

use crate::domain::{
    Confidence, Container, DetectorId, Halt, Marks, Part, Region, Scalar, ShortName, Span, Tag,
};

pub use self::recall::{Recall, Ticket};
use self::{
    around::{Frame, Inside, Shown},
    columns::Columns,
    statements::{Statement, StoodFor},
};
use super::{
    DetectorSet,
    check::person::is_east_asian,
    digits::Folded,
    encoded,
    keys::{Facts, KeyCache, Known},
    memo::Memo,
    naming::Written,
    set::Meant,
    tables::{self, Cell},
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

/// What is kept from message to message: the caches of names and values, and the buffers of the walk.
#[derive(Debug, Default)]
pub struct Scratch {
    keys: KeyCache,
    memo: Memo,
    /// The objects and lists around the innermost one.
    outer: Vec<Frame>,
    /// What the names of the open lists said that said something, the innermost last.
    lists: Vec<Facts>,
    /// What members said that the value beside them is, of the open objects that have one.
    told: Vec<Facts>,
    columns: Columns,
    /// What the members of the records of a table show.
    expected: Shown,
    /// The same where none of them is about anybody.
    expected_of_nobody: u32,
    /// One of them is about somebody, whatever table it stands in.
    expected_of_somebody: bool,
    /// What those behind the present one do.
    foreseen: Shown,
    /// For how many objects more members are looked for ahead: that costs less than a second look where it saves
    /// one, and is in vain where members show nothing.
    foresight: u8,
    found: Vec<Found>,
    /// Of the tables in the text at hand.
    cells: Vec<Cell>,
    folded: Folded,
    /// What objects turned out to be about after a member that hangs on it; by their number, in the order
    /// they close.
    learnt: Vec<(u32, u32)>,
    /// The same of a first walk, by number, while the second is under way.
    known_ahead: Vec<(u32, u32)>,
    /// What a value turned out to be when the member that says it came behind it; by the number of the object.
    told_behind: Vec<(u32, Facts)>,
    /// The same of a first walk, by number, while the second is under way.
    told_ahead: Vec<(u32, Facts)>,
    /// Names that stand for others in the objects open now.
    stood_for: Vec<StoodFor>,
    /// Statements that came behind what they are about.
    statements_behind: Vec<Statement>,
    /// The same of a first walk, while the second is under way.
    statements_ahead: Vec<Statement>,
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
    halt: &'s Halt,
    part: u32,
    /// The innermost object or list.
    top: Frame,
    /// Objects open beyond those remembered.
    beyond: usize,
    /// What is known of the name asked about last, until its value is told.
    asked: Option<Known>,
    /// Objects and lists opened in this part.
    opened: u32,
    /// The part is walked for the second time.
    again: bool,
    /// The contexts that the member for which others are looked for ahead hangs on.
    hanging: u32,
    /// A statement or a table says of more values what they are than can be kept.
    has_left_out: bool,
}

/// Longest name that a value is told by.
const TOLD_BYTES_MAX: usize = 48;

impl<'s> Scanner<'s> {
    const FORESIGHT_MAX: u8 = 64;

    pub(super) fn new(set: &'s DetectorSet, scratch: &'s mut Scratch) -> Self {
        let same =
            scratch.identity.as_ref().is_some_and(|identity| Arc::ptr_eq(identity, &set.identity));
        // Those of this message may be others than those that were kept. What is remembered of values goes by their
        // numbers.
        if !same || scratch.keys.is_full() {
            scratch.keys.clear();
            scratch.stood_for.clear();
            scratch.memo.clear();
        }
        if !same {
            scratch.identity = Some(Arc::clone(&set.identity));
            scratch.sets += 1;
            scratch.foresight = Self::FORESIGHT_MAX;
        }
        let mut scanner = Self {
            set,
            scratch,
            halt: Halt::never(),
            part: 0,
            top: Frame::NONE,
            beyond: 0,
            asked: None,
            opened: 0,
            again: false,
            hanging: 0,
            has_left_out: false,
        };
        scanner.part(Part::Body);
        scanner
    }

    /// The same, and what is read by it may be given up.
    pub fn until(self, halt: &'s Halt) -> Self {
        Self { halt, ..self }
    }

    /// Whether nobody waits for what is read any more. What was found since is not all there is.
    #[inline]
    pub fn is_given_up(&self) -> bool {
        self.halt.is_given_up()
    }

    /// Whether statements or tables gave names to more values than can be kept: such a value was read without its name.
    pub fn has_left_out(&self) -> bool {
        self.has_left_out
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
        self.forget_statements(0);
        self.scratch.learnt.clear();
        self.scratch.told_behind.clear();
        self.scratch.statements_behind.clear();
        if !self.again {
            self.scratch.known_ahead.clear();
            self.scratch.told_ahead.clear();
            self.scratch.statements_ahead.clear();
        }
        let contexts = self.ahead(0);
        self.scratch.outer.clear();
        self.scratch.lists.clear();
        self.scratch.told.clear();
        self.scratch.columns.clear();
        self.table();
        // What stands at the top of a part has surroundings as well: a form, a query.
        self.top = Frame { contexts, ..Frame::NONE };
    }

    /// Whether the part that was walked has to be walked once more: a member stands before those that show
    /// what its object is about, and would have been read otherwise behind them. The order of members says
    /// nothing in JSON (RFC 8259 §4).
    pub fn is_to_look_again(&mut self) -> bool {
        let whole = self.scratch.outer.first().unwrap_or(&self.top);
        let shown = whole.shown() & self.set.contexts.any_order;
        if whole.lacks & shown != 0 {
            self.scratch.learnt.push((0, shown));
        }
        if !self.scratch.learnt.is_empty() {
            self.scratch.foresight = Self::FORESIGHT_MAX;
        }
        let Scratch {
            learnt,
            known_ahead,
            told_behind,
            told_ahead,
            statements_behind,
            statements_ahead,
            ..
        } = &mut *self.scratch;
        self.again = !(learnt.is_empty() && told_behind.is_empty() && statements_behind.is_empty());
        if self.again {
            std::mem::swap(statements_behind, statements_ahead);
            statements_ahead.sort_by_key(|statement| statement.object);
            std::mem::swap(learnt, known_ahead);
            known_ahead.sort_unstable();
            std::mem::swap(told_behind, told_ahead);
            told_ahead.sort_by_key(|(number, _)| *number);
        }
        self.again
    }

    pub fn end_second_look(&mut self) {
        self.again = false;
    }

    /// Whether all that the name asked about last can say is known, so that any text may stand for it when
    /// its value is told.
    #[inline]
    pub fn is_name_known(&self) -> bool {
        self.asked.is_some_and(|known| !known.in_key()) && !self.set.has_suppressions()
    }

    /// Whether the name asked about last says something of the value that comes next, and is none itself.
    #[inline]
    pub fn is_name_asked(&self) -> bool {
        self.asked.is_some_and(|known| !known.in_key())
    }

    /// Whether a name, which stands in a place that is told, says itself who somebody is, or reads like somebody's own
    /// words.
    pub fn is_personal(&mut self, name: &str) -> bool {
        let short = ShortName::of(name.as_bytes());
        if let Some(known) = short.and_then(|short| self.scratch.keys.step(short)) {
            return known;
        }
        let is_somebodys = self.says_who(name)
            || ((self.set.people.is_called_as_somebody(name) || self.is_said_freely(name))
                && !self.is_telling_name(name.as_bytes()));
        if let Some(short) = short {
            self.scratch.keys.keep_step(short, is_somebodys);
        }
        is_somebodys
    }

    /// A name of several words, among them one that no member is called by: `HIV positive`. `Order Number` is none.
    fn is_said_freely(&mut self, name: &str) -> bool {
        let set = self.set;
        // Chinese and Japanese names of members are too many to know their words.
        let is_spaced =
            name.trim().contains(' ') && !name.chars().all(|c| c == ' ' || is_east_asian(c));
        is_spaced
            && name.split([' ', '-', '/', '(', ')', '_']).any(|word| {
                !set.people.is_word_of_members(word) && !self.is_telling_name(word.as_bytes())
            })
    }

    fn says_who(&self, name: &str) -> bool {
        const DIGITS_MIN: usize = 7;
        // A number alone is what records are kept by.
        const KEY_DIGITS_MIN: usize = 5;
        let says_who = |name: &str| {
            let (mut digits, mut is_spaced, mut is_dotted) = (0, false, false);
            for byte in name.bytes() {
                match byte {
                    b'0'..=b'9' => digits += 1,
                    b' ' => is_spaced = true,
                    b'.' => is_dotted = true,
                    // A mailbox, or somebody's own words.
                    b'@' | b',' | b';' | b'!' | b'?' => return true,
                    _ => {}
                }
            }
            let people = &self.set.people;
            digits >= DIGITS_MIN
                || ["(at)", "[at]"].iter().any(|sign| name.contains(sign))
                || (digits >= KEY_DIGITS_MIN && digits == name.len())
                || (is_spaced && people.is_known(name, Written::AsNames))
                || (is_dotted
                    && !is_spaced
                    && people.is_known(&name.replace('.', " "), Written::Otherwise))
        };
        says_who(name)
            || encoded::text_of(name)
                .is_some_and(|text| says_who(&text) || self.set.people.is_called_as_somebody(&text))
    }

    /// Records have a member of this name, which may show what they are about.
    pub fn expect(&mut self, name: &[u8]) {
        let known = self.known(name);
        let facts = *self.scratch.keys.of(known);
        self.scratch.expected.add(&facts);
        self.scratch.expected_of_nobody |= facts.columns;
        self.scratch.expected_of_somebody |= is_of_somebody(self.set, &facts);
    }

    /// Records to come are of another table, and what those before have shows nothing of them.
    pub fn table(&mut self) {
        self.scratch.expected = Shown::default();
        self.scratch.expected_of_nobody = 0;
        self.scratch.expected_of_somebody = false;
    }

    /// Whether a name says something of the value under it by itself, and is not personal data.
    pub fn is_telling_name(&mut self, name: &[u8]) -> bool {
        let known = self.known(name);
        !known.in_key() && (known.has_rules() || known.is_telling())
    }

    /// The innermost container is a record: all that its members show is known before they come.
    pub fn record(&mut self) {
        let expected = self.scratch.expected;
        self.show(expected);
        if !self.scratch.expected_of_somebody {
            self.top.contexts |= self.scratch.expected_of_nobody | self.top.of_nobody;
        }
        self.top.is_expected = expected != Shown::default();
    }

    /// The value of the name asked about last is not told.
    pub fn pass_over(&mut self) {
        self.asked = None;
    }

    /// Whether words in a text whose bytes have no telling form may announce a value.
    #[inline]
    pub fn may_announce(&self, text: &[u8]) -> bool {
        self.set.cues.may_announce(text) || tables::may_have_cells(text)
    }

    /// An object or list begins; `name` is `None` for an element of a list and for a whole layer. The
    /// answer is a hit when all of it is personal data, or when its name is.
    pub fn open(&mut self, name: Option<&str>, container: Container) -> Option<Hit> {
        let hit = self.open_under(name, container);
        if matches!(name, Some("properties" | "tags")) && self.top.number == self.opened {
            self.top.is_said_of_around = true;
        }
        hit
    }

    fn open_under(&mut self, name: Option<&str>, container: Container) -> Option<Hit> {
        let known = self.known_of(name);
        if container == Container::Array
            && let Some(name) = name
            && self.is_row_of_cells(name)
        {
            self.enter(container, Inside::of(&Facts::NONE), None, None);
            if self.top.number == self.opened {
                self.begin_cells();
            }
            return None;
        }
        if self.is_nothing_known(known, container) {
            self.enter_unknown(container);
            return None;
        }
        if name.is_none() && container == Container::Array && self.is_as_deep_as_lists_may_be() {
            self.enter(container, Inside::of(&Facts::NONE), None, None);
            return None;
        }
        let facts = self.facts_of(known);
        let patterns = self.patterns_inside(facts);
        if facts.are_of_no_finding() && !self.top.is_of_something() && patterns == 0 {
            let (inside, of_list) = (Inside::of(facts), of_list(facts, container));
            self.enter(container, inside, of_list, None);
            return None;
        }
        let facts = *self.or_told(facts);
        let own = self.rule_for_container(&facts, container);
        let (rule, steps) = own.map_or_else(|| self.inherited(&facts), |own| (Some(own), 0));
        let contexts = self.enter(container, Inside::of(&facts), of_list(&facts, container), rule);
        if self.top.number == self.opened {
            self.top.patterns = patterns;
            self.top.steps = steps;
        }
        let name = name?;
        if let Some(rule) = rule.and_then(|rule| self.set.rule(rule))
            && rule.container
            && !(rule.meant == Meant::Lists && container == Container::Object)
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

    /// One value. Hits are added to `hits` in the order of their spans, at most one of which covers the
    /// whole value.
    pub fn scalar(&mut self, name: Option<&str>, told: Told<'_>, hits: &mut Vec<Hit>) {
        let Told { kind, text, .. } = told;
        let asked = self.asked.is_some();
        let known = self.known_of(name);
        if let Some(known) = known.filter(|_| !asked) {
            self.see(known);
        }
        let mut facts = *self.facts_of(known);
        // A comment in an element, and nothing that belongs to it.
        facts.statement |= known.is_none() && self.top.container == Container::Object;
        if facts.is_query && kind == Scalar::String {
            self.statement(text);
        }
        let tells = facts.tells && kind == Scalar::String && text.len() <= TOLD_BYTES_MAX;
        let what = if tells { self.facts_called(text) } else { None };
        if tells && facts.classifies {
            let called = self.known(text.as_bytes());
            self.classify(self.scratch.keys.of(called).kinds);
        }
        let is_element = self.top.container == Container::Array;
        if (tells || is_element) && self.column(kind, text) {
            return;
        }
        // In `<field name="phone">…</field>` one name tells, and another, which could, is told of.
        if tells && (what.is_some() || !facts.stand_in || self.told().is_none()) {
            self.tell(what);
        } else {
            facts = *self.or_told(&facts);
        }
        let first = hits.len();
        let is_of_around = self.top.rule.is_some() && facts.rules().is_empty();
        match kind {
            Scalar::Null | Scalar::Bool => {}
            Scalar::String | Scalar::Number | Scalar::Binary => {
                self.value(&facts, told, hits);
                // `to` is of a message, or of a change: `{"field": "diagnosis", "from": …, "to": …}`.
                if hits.len() == first
                    && !tells
                    && facts.stand_in
                    && let Some(what) = self.told().copied().filter(|what| *what != facts)
                {
                    facts = what;
                    self.value(&facts, told, hits);
                }
            }
        }
        self.top.has_value |= is_of_around && hits.len() > first;
        if let Some(name) = name {
            hits.extend(self.in_key(name, &facts));
        } else if is_element && self.is_row_without_names() {
            self.cell(kind, text, first, hits);
        }
        if hits.len() > first {
            self.finish(&facts, name, text, first, hits);
        }
    }

    // === Inside ===

    /// What a value says that is itself the name of another.
    fn facts_called(&mut self, text: &str) -> Option<Facts> {
        // `phone2` is a name, and a name with a longer number in it is one's of many things.
        const DIGITS_MAX: usize = 2;
        if text.bytes().filter(u8::is_ascii_digit).count() > DIGITS_MAX {
            return None;
        }
        // Systems of identifiers are named by addresses: `http://hospital.example/mrn`.
        let is_address = text.contains("://") || text.starts_with("urn:");
        let name = text.rsplit(['/', ':', '#']).next().filter(|_| is_address).unwrap_or(text);
        let name = asked_for(name);
        let called = self.known(name.as_bytes());
        let called = *self.scratch.keys.of(called);
        // `miui version` is a name, although it ends as what is said of others does.
        let is_meant = called.is_listed() || !called.statement;
        let says = !called.rules().is_empty() || called.patterns != 0;
        (says && is_meant).then_some(called)
    }

    #[inline]
    fn known(&mut self, name: &[u8]) -> Known {
        let set = self.set;
        self.scratch.keys.known(name, |name| {
            let mut facts = set.keys.analyse(name);
            facts.in_key = is_in_key(set, name, &facts);
            facts.is_somebodys =
                facts.beside & set.contexts.somebodys != 0 && is_of_somebody(set, &facts);
            facts
        })
    }

    /// The same of a name by which values are called that come later.
    fn kept(&mut self, name: &[u8]) -> Option<Known> {
        let known = self.known(name);
        if self.scratch.keys.number(known).is_some() {
            return Some(known);
        }
        let facts = *self.scratch.keys.of(known);
        let kept = self.scratch.keys.keep(name, facts);
        self.has_left_out |= kept.is_none() && !facts.rules().is_empty();
        kept
    }

    /// What is known of the name of the value or object being told.
    fn known_of(&mut self, name: Option<&str>) -> Option<Known> {
        let asked = self.asked.take();
        let name = name?;
        Some(asked.unwrap_or_else(|| self.known(name.as_bytes())))
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
        if self.around(facts, self.surroundings()) & self.set.contexts.third_party != 0 {
            for hit in hits.get_mut(first..).unwrap_or_default() {
                hit.marks.third_party = true;
            }
        }
        if !self.set.has_suppressions() {
            return;
        }
        let is_suppressed = |hit: &mut Hit| {
            let source = if hit.marks.in_key { name.unwrap_or_default() } else { text };
            let value = source.get(hit.span.range()).unwrap_or_default();
            self.set.is_suppressed(hit.tag, value, facts.suppressed)
        };
        hits.extract_if(first.., is_suppressed).for_each(drop);
    }
}

/// What a question is about: `What is your religion?`.
fn asked_for(text: &str) -> &str {
    let asked = text.strip_suffix('?').and_then(|question| question.rsplit_once(" your "));
    asked.map_or(text, |(_, what)| what.trim_end())
}

/// Whether a member or column of this name is about somebody, beside places and figures as elsewhere: `phone` is, and
/// `city` need not be.
fn is_of_somebody(set: &DetectorSet, facts: &Facts) -> bool {
    let contexts = &set.contexts;
    let parts = contexts.parts.iter().fold(0, |all, part| all | part);
    facts.rules().iter().filter_map(|number| set.rule(*number)).any(|rule| {
        // `id` is somebody's in a cookie alone.
        let is_of_a_part = rule.inside != 0 && rule.inside & !parts == 0;
        rule.outside & contexts.of_tables == 0 && !is_of_a_part
    })
}

/// What is kept of a list's name for its elements.
#[inline(always)]
fn of_list(facts: &Facts, container: Container) -> Option<Facts> {
    (container == Container::Array && *facts != Facts::NONE).then_some(*facts)
}

fn is_in_key(set: &DetectorSet, name: &str, facts: &Facts) -> bool {
    // A document in the place of a name is told with it.
    name.starts_with(['{', '[', '<'])
        || (name.len() >= 7
            && (facts.rules().is_empty() || name.contains('@'))
            && found_in_key(set, name).is_some())
}

/// The value that a name is, or the first that stands in it; in one that is a text in base64, all of it.
fn found_in_key(set: &DetectorSet, name: &str) -> Option<Found> {
    found_in_plain_key(set, name).or_else(|| {
        let found = found_in_plain_key(set, &encoded::text_of(name)?)?;
        Some(Found { span: Span::new(0, name.len()), ..found })
    })
}

fn found_in_plain_key(set: &DetectorSet, name: &str) -> Option<Found> {
    const SURE: u8 = 75;
    const DIGITS_MIN: usize = 9;
    let search = Search { set, supports: 0, against: 0, halt: Halt::never() };
    let is_sure = |found: &Found| found.confidence >= SURE;
    search.whole(name).filter(is_sure).or_else(|| {
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        if digits < DIGITS_MIN && !name.contains('@') {
            return None;
        }
        let mut found = Vec::new();
        search.all(name, &mut found);
        found.into_iter().find(is_sure)
    })
}

impl Found {
    fn hit(&self) -> Hit {
        hit(self.tag, self.span, self.confidence, self.detector, self.region)
    }
}

fn hit(tag: Tag, span: Span, confidence: u8, detector: DetectorId, region: Option<Region>) -> Hit {
    Hit { tag, span, confidence: Confidence(confidence), detector, marks: Marks::default(), region }
}
