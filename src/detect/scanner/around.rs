//! The objects and lists a walk is inside of, and what they say of what stands in them.

use super::{Scanner, Scratch, columns::Role};
use crate::{
    detect::keys::{Facts, Known},
    domain::{Container, ShortName},
};

/// An object or list the walk is inside of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) container: Container,
    /// What it is in a table.
    pub(super) role: Role,
    /// The name that this stands under says that what is inside is a pseudonym.
    pub(super) hashed: bool,
    pub(super) encrypted: bool,
    /// It opens contexts.
    pub(super) opens: bool,
    /// Nothing is said of its elements; an object has none.
    pub(super) is_silent: bool,
    /// A member said what the value beside it is, `{"key": "phone", "value": …}`: the last of `told`.
    pub(super) told: bool,
    /// A value came before any member that would have said what it is.
    pub(super) awaited: bool,
    /// The rule that name has here.
    pub(super) rule: Option<u16>,
    /// So many names that say nothing lie between it and the name that has the rule.
    pub(super) steps: u8,
    /// A member of it was a value of that.
    pub(super) has_value: bool,
    /// An operator's patterns for that name, as bits.
    pub(super) patterns: u64,
    pub(super) contexts: u32,
    /// Those of them that hold for this object alone.
    pub(super) near: u32,
    /// Those that it is of by what a member calls it.
    pub(super) kinds: u32,
    /// Contexts that members seen so far would have been read otherwise in.
    pub(super) lacks: u32,
    pub(super) number: u32,
    /// Contexts that a member seen shows only together with another.
    pub(super) signs: u32,
    /// Lists of its rule that it is the innermost of.
    pub(super) lists: u8,
    /// What its members show was said before they came.
    pub(super) is_expected: bool,
    /// Its members were looked for ahead, or are not to be.
    pub(super) is_foreseen: bool,
    /// A row without names, of which a cell is somebody's.
    pub(super) is_of_somebody: bool,
    /// Contexts that members show if none of them is somebody's, and whether one is.
    pub(super) of_nobody: u32,
    pub(super) is_somebodys: bool,
    /// Its members say something of the object around it, as the properties of a feature do (RFC 7946 §3.2).
    pub(super) is_said_of_around: bool,
    /// A statement in it says what others of its members are.
    pub(super) has_statement: bool,
}

impl Frame {
    /// What stands for it is read as what its name says.
    #[inline(always)]
    pub(super) fn is_of_something(&self) -> bool {
        self.rule.is_some() || self.patterns != 0
    }

    /// The contexts that hold for the whole of it, once all its members were seen.
    pub(super) fn shown(&self) -> u32 {
        self.contexts | if self.is_somebodys { 0 } else { self.of_nobody }
    }

    /// An object that nothing is known of.
    pub(super) const NONE: Self = Self {
        container: Container::Object,
        role: Role::None,
        hashed: false,
        encrypted: false,
        opens: false,
        is_silent: true,
        told: false,
        awaited: false,
        rule: None,
        steps: 0,
        has_value: false,
        patterns: 0,
        contexts: 0,
        near: 0,
        kinds: 0,
        lacks: 0,
        number: 0,
        signs: 0,
        lists: 0,
        is_expected: false,
        is_foreseen: false,
        is_of_somebody: false,
        of_nobody: 0,
        is_somebodys: false,
        is_said_of_around: false,
        has_statement: false,
    };
}

/// What members show of the object that they are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shown {
    /// The contexts that one of them shows, by itself or together with another.
    pub(super) beside: u32,
    /// Those that one of them would show together with another.
    signs: u32,
    /// One of them is somebody's.
    is_somebodys: bool,
}

impl Shown {
    #[inline(always)]
    pub(super) fn add(&mut self, facts: &Facts) {
        self.beside |= facts.beside | (self.signs & facts.signs);
        self.signs |= facts.signs;
        self.is_somebodys |= facts.is_somebodys;
    }
}

/// What a name says of what is inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inside {
    opens: u32,
    hashed: bool,
    encrypted: bool,
    heads: bool,
}

impl Inside {
    #[inline(always)]
    pub(super) fn of(facts: &Facts) -> Self {
        let &Facts { opens, hashed, encrypted, heads, .. } = facts;
        Self { opens, hashed, encrypted, heads }
    }
}

/// Objects inside each other that are remembered; deeper ones are read without their surroundings.
const FRAMES_MAX: usize = 1024;

impl Scanner<'_> {
    /// Goes into an object or list whose name says this of what is inside and, of a list, of its elements; the
    /// contexts inside it.
    #[inline(always)]
    pub(super) fn enter(
        &mut self,
        container: Container,
        inside: Inside,
        of_list: Option<Facts>,
        rule: Option<u16>,
    ) -> u32 {
        self.opened += 1;
        let inherited = self.contexts_of(inside.opens);
        let contexts = inherited | self.ahead(self.opened);
        if self.scratch.outer.len() >= FRAMES_MAX {
            self.beyond += 1;
            return contexts;
        }
        let mut frame = Frame {
            container,
            hashed: inside.hashed,
            encrypted: inside.encrypted,
            opens: inside.opens != 0,
            rule,
            contexts,
            near: contexts & !inherited & self.set.contexts.near,
            number: self.opened,
            lists: self.lists_of(container, rule),
            ..Frame::NONE
        };
        if container == Container::Array {
            frame.role = self.role(inside.heads);
            frame.is_silent = of_list.is_none();
            self.scratch.lists.extend(of_list);
        }
        if let Some(what) = of_object(&self.scratch.told_ahead, self.opened) {
            frame.told = true;
            self.scratch.told.push(what);
        }
        let is_cell = self.top.role == Role::Cells && container == Container::Object;
        let (told, shown) = if is_cell { self.cell_begins() } else { (None, Shown::default()) };
        if let Some(what) = told.filter(|_| !frame.told) {
            frame.told = true;
            self.scratch.told.push(what);
        }
        self.scratch.outer.push(std::mem::replace(&mut self.top, frame));
        if frame.role == Role::Row {
            self.sign_columns();
        }
        if !self.scratch.statements_ahead.is_empty() {
            self.recall_statements();
        }
        if is_cell {
            self.show(shown);
        }
        contexts
    }

    /// Whether nothing is said of an object or list that begins, by its name or by what is around: most are so.
    #[inline(always)]
    pub(super) fn is_nothing_known(&self, name: Option<Known>, container: Container) -> bool {
        let Scratch { outer, known_ahead, told_ahead, statements_ahead, .. } = &*self.scratch;
        // Lists in lists may be rows of a table.
        (container == Container::Object || self.top.container == Container::Object)
            && name.map_or(self.top.is_silent, Known::is_empty)
            && !self.top.is_of_something()
            && self.top.role != Role::Cells
            && known_ahead.is_empty()
            && told_ahead.is_empty()
            && statements_ahead.is_empty()
            && !self.top.has_statement
            && outer.len() < FRAMES_MAX
    }

    /// [`Self::enter`] of such a one.
    #[inline(always)]
    pub(super) fn enter_unknown(&mut self, container: Container) {
        self.opened += 1;
        let contexts = self.contexts_of(0);
        let frame = Frame { container, contexts, number: self.opened, ..Frame::NONE };
        self.scratch.outer.push(std::mem::replace(&mut self.top, frame));
    }

    /// How many lists of one rule are inside each other where a further one, or an object, begins.
    fn lists_of(&self, container: Container, rule: Option<u16>) -> u8 {
        if container != Container::Array || rule.is_none() {
            return 0;
        }
        let around = if self.top.rule == rule { self.top.lists } else { 0 };
        around.saturating_add(1)
    }

    /// Whether a list in the innermost one would hold nothing of the rule of that.
    pub(super) fn is_as_deep_as_lists_may_be(&self) -> bool {
        let rule = self.top.rule.and_then(|number| self.set.rule(number));
        rule.is_some_and(|rule| self.top.lists >= rule.lists_max)
    }

    /// The innermost object or list ends.
    pub fn close(&mut self) {
        if let Some(beyond) = self.beyond.checked_sub(1) {
            self.beyond = beyond;
            return;
        }
        // The frame of the part itself stays.
        let Some(around) = self.scratch.outer.pop() else { return };
        let closed = std::mem::replace(&mut self.top, around);
        if !closed.is_silent {
            self.scratch.lists.pop();
        }
        if closed.told {
            self.scratch.told.pop();
        }
        if closed.has_statement {
            self.forget_statements(closed.number);
        }
        if closed.is_said_of_around {
            self.top.of_nobody |= closed.of_nobody;
            self.top.is_somebodys |= closed.is_somebodys;
        }
        if closed.lacks != 0 {
            self.learn(&closed);
        }
    }

    /// Something in the object that closes lacked a context; the object has it by now, or one around it may
    /// yet.
    pub(super) fn learn(&mut self, closed: &Frame) {
        let shown = (closed.shown() & self.set.contexts.any_order) | closed.kinds;
        if closed.lacks & shown != 0 && !self.again {
            self.scratch.learnt.push((closed.number, shown));
        }
        let handed_on = if closed.opens { self.set.contexts.lasting } else { u32::MAX };
        self.top.lacks |= closed.lacks & handed_on;
    }

    /// What the first walk learnt of the object of this number: the contexts it turned out to have.
    pub(super) fn ahead(&self, number: u32) -> u32 {
        of_object(&self.scratch.known_ahead, number).unwrap_or(0)
    }

    pub(super) fn surroundings(&self) -> u32 {
        self.top.contexts | self.part
    }

    /// Those of a value whose name says this, in an object of these.
    pub(super) fn around(&self, facts: &Facts, around: u32) -> u32 {
        if facts.inside == 0 {
            return around;
        }
        facts.inside | (around & (self.set.contexts.lasting | self.part))
    }

    pub(super) fn contexts_of(&self, opens: u32) -> u32 {
        let around = self.top.contexts & !self.top.near;
        if opens == 0 {
            return around;
        }
        let contexts = &self.set.contexts;
        let ended = if opens & contexts.somebodys != 0 { contexts.of_nobody } else { 0 };
        opens | (around & contexts.lasting & !ended)
    }

    /// A member of this name was not asked about before its value is told.
    pub(super) fn see(&mut self, known: Known) {
        self.top.awaited |= known.awaits();
        if known.is_sign() && !self.top.is_expected {
            self.sign(known);
        }
    }

    /// A member of this name shows what its object is about.
    pub(super) fn sign(&mut self, known: Known) {
        let mut shown = Shown::default();
        shown.add(self.scratch.keys.of(known));
        self.show(shown);
    }

    /// Members show what their object is about.
    pub(super) fn show(&mut self, shown: Shown) {
        let frame = &mut self.top;
        let all = shown.beside | (frame.signs & shown.signs);
        let beside = all & !self.set.contexts.of_nobody;
        frame.of_nobody |= all & self.set.contexts.of_nobody;
        frame.is_somebodys |= shown.is_somebodys;
        frame.near |= beside & self.set.contexts.near & !frame.contexts;
        frame.contexts |= beside;
        frame.signs |= shown.signs;
    }

    /// A member calls its object this. Of an object without a name it may be about anything.
    pub(super) fn classify(&mut self, kinds: u32) {
        if self.top.opens {
            self.top.kinds |= kinds & !self.top.contexts;
            self.top.contexts |= kinds;
        }
    }

    /// No rule of the name holds in these surroundings; members to come may show others. Which would
    /// matter.
    pub(super) fn lack(&mut self, facts: &Facts) -> u32 {
        let lacks = self.lacking(facts);
        self.top.lacks |= lacks;
        lacks
    }

    fn lacking(&self, facts: &Facts) -> u32 {
        let rules = facts.rules().iter().filter_map(|number| self.set.rule(*number));
        let inside = rules.fold(0, |all, rule| all | rule.inside);
        inside & !self.surroundings() & self.set.contexts.any_order
    }

    /// The contexts in which the rules that hold here would not, or would be outdone by one before them; `None`
    /// where no rule of the name holds.
    pub(super) fn holding(&self, facts: &Facts) -> Option<u32> {
        let around = self.around(facts, self.surroundings());
        let (mut before, mut undone) = (0, None);
        for rule in facts.rules().iter().filter_map(|number| self.set.rule(*number)) {
            if rule.holds(around) {
                undone = Some(undone.unwrap_or(before) | rule.outside);
            } else if undone.is_none() {
                before |= rule.inside & !around;
            }
        }
        undone
    }

    /// Rules hold here that would not where members to come show one of these contexts.
    pub(super) fn may_be_undone(&mut self, outside: u32) {
        let contexts = &self.set.contexts;
        self.top.lacks |= outside & (contexts.any_order | contexts.by_kind);
    }

    /// The contexts in any of which a value under a name of which this is known would be read otherwise, and which
    /// members to come may show.
    pub(super) fn hangs_on(&self, known: Known) -> u32 {
        let facts = self.scratch.keys.of(known);
        match self.holding(facts) {
            Some(undone) => undone & !self.surroundings() & self.set.contexts.any_order,
            None => self.lacking(facts),
        }
    }

    /// A member of this name stands further on in the innermost object.
    pub fn foresee(&mut self, short: Option<ShortName>, name: &[u8]) {
        let slot = short.and_then(|short| self.scratch.keys.slot(short));
        let known = match slot {
            Some(slot) => slot.known,
            None => self.known(name),
        };
        if known.is_sign() {
            let facts = self.scratch.keys.of(known);
            self.scratch.foreseen.add(facts);
        }
    }

    /// The end of the foreseen members: where they are all, the contexts they show in whatever order they come are
    /// there from here on.
    pub fn foreseen(&mut self, are_all: bool) {
        let Shown { beside, signs, is_somebodys } = std::mem::take(&mut self.scratch.foreseen);
        let frame = &mut self.top;
        frame.is_foreseen = true;
        self.scratch.foresight = self.scratch.foresight.saturating_sub(1);
        if !are_all {
            return;
        }
        let is_somebodys = is_somebodys || frame.is_somebodys;
        let ended = if is_somebodys { self.set.contexts.of_nobody } else { 0 };
        let all = (beside | (frame.signs & signs) | frame.of_nobody) & !ended;
        let new = all & self.set.contexts.any_order & !frame.contexts;
        frame.near |= new & self.set.contexts.near;
        frame.contexts |= new;
        if new & self.hanging != 0 {
            self.scratch.foresight = Self::FORESIGHT_MAX;
        }
    }

    /// What a member before this one said that the value beside it is.
    pub(super) fn told(&self) -> Option<&Facts> {
        if self.top.told { self.scratch.told.last() } else { None }
    }

    /// A member says what the value beside it is, or that it is nothing.
    pub(super) fn tell(&mut self, what: Option<Facts>) {
        if let Some(what) = what
            && self.top.awaited
            && !self.top.told
            && !self.again
        {
            self.scratch.told_behind.push((self.top.number, what));
        }
        if self.top.told {
            self.scratch.told.pop();
        }
        self.top.told = what.is_some();
        self.scratch.told.extend(what);
    }

    /// What the name of the list around said, of which an element reads it as its own.
    pub(super) fn list_around(&self) -> Option<&Facts> {
        if self.top.is_silent { None } else { self.scratch.lists.last() }
    }

    /// What the name of a value or object says; an element has that of its list.
    pub(super) fn facts_of(&self, known: Option<Known>) -> &Facts {
        const NONE: &Facts = &Facts::NONE;
        let facts = match known {
            Some(known) => Some(self.scratch.keys.of(known)),
            None => self.list_around(),
        };
        facts.unwrap_or(NONE)
    }

    /// The patterns of a name, and those of the name around it where it stands for that: `"x": {"value": …}`.
    pub(super) fn patterns_inside(&self, facts: &Facts) -> u64 {
        let is_of_around = facts.stand_in || self.top.container == Container::Array;
        let around = if is_of_around && !facts.statement { self.top.patterns } else { 0 };
        facts.patterns | around
    }

    /// The same, or what a member before it said that it is: `{"key": "phone", "value": …}`.
    pub(super) fn or_told<'f>(&'f self, facts: &'f Facts) -> &'f Facts {
        let told = self.told().filter(|_| facts.stand_in);
        told.filter(|_| self.holding(facts).is_none()).unwrap_or(facts)
    }
}

/// The first that is kept of the object of this number; objects are in order.
fn of_object<T: Copy>(kept: &[(u32, T)], number: u32) -> Option<T> {
    let at = kept.partition_point(|(of, _)| *of < number);
    kept.get(at).filter(|(of, _)| *of == number).map(|(_, it)| *it)
}
