//! The objects and lists a walk is inside of, and what they say of what stands in them.

use super::{Scanner, columns::Role};
use crate::{
    detect::keys::{Facts, Known},
    domain::Container,
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
    /// A member said what the value beside it is, `{"key": "phone", "value": …}`: the last of `told`.
    pub(super) told: bool,
    /// The rule that name has here.
    pub(super) rule: Option<u16>,
    pub(super) contexts: u32,
    /// Those of them that hold for this object alone.
    pub(super) near: u32,
    /// Contexts that members seen so far would have been read otherwise in.
    pub(super) lacks: u32,
    pub(super) number: u32,
    /// Members seen that show a context only together.
    pub(super) signs: u8,
}

impl Frame {
    pub(super) fn new(
        container: Container,
        facts: &Facts,
        rule: Option<u16>,
        contexts: u32,
        number: u32,
    ) -> Self {
        Self {
            container,
            role: Role::None,
            hashed: facts.hashed,
            encrypted: facts.encrypted,
            opens: facts.opens != 0,
            told: false,
            rule,
            contexts,
            near: 0,
            lacks: 0,
            number,
            signs: 0,
        }
    }
}

/// Objects inside each other that are remembered; deeper ones are read without their surroundings.
const FRAMES_MAX: usize = 1024;

impl Scanner<'_> {
    /// Goes into an object or list under a name with these facts; the contexts inside it.
    #[inline]
    pub(super) fn enter(&mut self, container: Container, facts: &Facts, rule: Option<u16>) -> u32 {
        self.opened += 1;
        let contexts = self.contexts_of(facts) | self.ahead(self.opened);
        if self.scratch.frames.len() < FRAMES_MAX {
            let frame = Frame::new(container, facts, rule, contexts, self.opened);
            if container == Container::Array {
                self.scratch.lists.push(*facts);
                let role = self.role(facts);
                self.scratch.frames.push(Frame { role, ..frame });
                if role == Role::Row {
                    self.sign_columns();
                }
            } else {
                self.scratch.frames.push(frame);
            }
        } else {
            self.beyond += 1;
        }
        contexts
    }

    /// The innermost object or list ends.
    pub fn close(&mut self) {
        match self.beyond.checked_sub(1) {
            Some(beyond) => self.beyond = beyond,
            // The frame of the part itself stays.
            None if self.scratch.frames.len() > 1 => {
                let Some(closed) = self.scratch.frames.pop() else { return };
                if closed.container == Container::Array {
                    self.scratch.lists.pop();
                }
                if closed.told {
                    self.scratch.told.pop();
                }
                if closed.lacks != 0 {
                    self.learn(&closed);
                }
            }
            None => {}
        }
    }

    /// Something in the object that closes lacked a context; the object has it by now, or one around it may
    /// yet.
    pub(super) fn learn(&mut self, closed: &Frame) {
        if closed.lacks & closed.contexts != 0 && !self.again {
            self.scratch.learnt.push((closed.number, closed.contexts));
        }
        let handed_on = if closed.opens { self.set.contexts.lasting } else { u32::MAX };
        if let Some(around) = self.scratch.frames.last_mut() {
            around.lacks |= closed.lacks & handed_on;
        }
    }

    /// What the first walk learnt of the object of this number; asked in the order of numbers.
    pub(super) fn ahead(&mut self, number: u32) -> u32 {
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

    pub(super) fn surroundings(&self) -> u32 {
        self.scratch.frames.last().map_or(0, |frame| frame.contexts) | self.part
    }

    pub(super) fn contexts_of(&self, facts: &Facts) -> u32 {
        let around = self.scratch.frames.last().map_or(0, |frame| frame.contexts & !frame.near);
        if facts.opens == 0 { around } else { facts.opens | (around & self.set.contexts.lasting) }
    }

    /// A member of this name shows what its object is about.
    pub(super) fn sign(&mut self, known: Known) {
        let &Facts { beside, signs, .. } = self.scratch.keys.of(known);
        let near = self.set.contexts.near;
        if let Some(frame) = self.scratch.frames.last_mut() {
            frame.near |= beside & near & !frame.contexts;
            frame.contexts |= beside;
            frame.signs = frame.signs.saturating_add(u8::from(signs != 0));
            if frame.signs >= 2 {
                frame.contexts |= signs;
            }
        }
    }

    /// No rule of the name holds in these surroundings; members to come may show others. Which would
    /// matter.
    pub(super) fn lack(&mut self, facts: &Facts) -> u32 {
        let around = self.surroundings();
        let rules = facts.rules().iter().filter_map(|number| self.set.rule(*number));
        let inside = rules.fold(0, |all, rule| all | rule.inside);
        let lacks = inside & !around & self.set.contexts.any_order;
        if let Some(frame) = self.scratch.frames.last_mut() {
            frame.lacks |= lacks;
        }
        lacks
    }

    /// The contexts in which the rules that hold here would not; `None` where no rule of the name holds.
    pub(super) fn holding(&self, facts: &Facts) -> Option<u32> {
        let around = self.surroundings();
        let rules = facts.rules().iter().filter_map(|number| self.set.rule(*number));
        rules.filter(|rule| rule.holds(around)).map(|rule| rule.outside).reduce(|all, it| all | it)
    }

    /// Rules hold here that would not where members to come show one of these contexts.
    pub(super) fn may_be_undone(&mut self, outside: u32) {
        if let Some(frame) = self.scratch.frames.last_mut() {
            frame.lacks |= outside & self.set.contexts.any_order;
        }
    }

    /// What a member before this one said that the value beside it is.
    pub(super) fn told(&self) -> Option<&Facts> {
        self.scratch.frames.last().filter(|frame| frame.told)?;
        self.scratch.told.last()
    }

    /// A member says what the value beside it is, or that it is nothing.
    pub(super) fn tell(&mut self, what: Option<Facts>) {
        let Some(frame) = self.scratch.frames.last_mut() else { return };
        if frame.told {
            self.scratch.told.pop();
        }
        frame.told = what.is_some();
        self.scratch.told.extend(what);
    }

    /// What the name of the list around said, of which an element reads it as its own.
    pub(super) fn list_around(&self) -> Option<&Facts> {
        self.scratch.frames.last().filter(|frame| frame.container == Container::Array)?;
        self.scratch.lists.last()
    }

    /// What the name of a value or object says; an element has that of its list.
    pub(super) fn facts_of(&self, known: Option<Known>) -> Facts {
        let facts = match known {
            Some(known) => Some(self.scratch.keys.of(known)),
            None => self.list_around(),
        };
        facts.copied().unwrap_or(Facts::NONE)
    }

    /// The same, or what a member before it said that it is: `{"key": "phone", "value": …}`.
    pub(super) fn or_told(&self, facts: Facts) -> Facts {
        let told = self.told().filter(|_| facts.stand_in);
        told.filter(|_| self.holding(&facts).is_none()).copied().unwrap_or(facts)
    }
}
