//! What is wanted of a member before its value is read: most say nothing, and are passed over.

use super::Scanner;
use crate::{
    detect::keys::{Known, Quiet, Slot},
    domain::{Container, ShortName, Wanted, Wants},
};

impl Scanner<'_> {
    /// Which values under `name`, or elements of the innermost list where there is none, can be findings
    /// whatever their form. The value, if it is told, comes before any other name.
    #[inline(always)]
    pub fn wants(&mut self, name: Option<&[u8]>) -> Wants {
        let Some(name) = name else { return self.wants_of_an_element() };
        let at_hand = ShortName::of(name).and_then(|short| self.wants_at_hand(short, name));
        at_hand.unwrap_or_else(|| self.wants_of_new(name))
    }

    /// Like [`Self::wants`], where what stands behind the value cannot be foreseen.
    pub fn wants_without_foresight(&mut self, name: &[u8]) -> Wants {
        let wants = self.wants(Some(name));
        if !wants.looks_ahead {
            return wants;
        }
        self.foreseen(false);
        self.wants(Some(name))
    }

    /// Like [`Self::wants`], for a name that was asked about before and is short. One of JSON may be given as it
    /// stands in the text: if it has escapes, it is not at hand.
    #[inline(always)]
    pub fn wants_at_hand(&mut self, short: ShortName, name: &[u8]) -> Option<Wants> {
        let slot = *self.scratch.keys.slot(short)?;
        let known = slot.known;
        self.asked = Some(known);
        if self.is_passed(slot) {
            return Some(self.wants_of_what_is_around());
        }
        self.top.awaited |= known.awaits();
        Some(self.wants_of(known, name))
    }

    /// Whether it is known that nothing is wanted of the value under this name, which comes next: most names say
    /// nothing, or nothing here. Then from which length a number is told all the same.
    #[inline(always)]
    pub fn passes(&mut self, name: ShortName) -> Option<u32> {
        let slot = *self.scratch.keys.slot(name)?;
        self.is_passed(slot).then_some(self.set.digits_min)
    }

    #[inline(always)]
    fn is_passed(&mut self, slot: Slot) -> bool {
        if self.top.is_of_something() {
            return false;
        }
        if !slot.known.is_mute() {
            let is_told = slot.known.stand_in() && self.top.told;
            if is_told
                || slot.quiet.around != self.top.contexts | self.part
                || (slot.quiet.lacks != 0 && self.may_look_ahead())
            {
                return false;
            }
            self.top.awaited |= slot.known.awaits();
            self.top.lacks |= slot.quiet.lacks;
        }
        true
    }

    #[inline(always)]
    fn wants_of_what_is_around(&self) -> Wants {
        let scalars = if self.top.is_of_something() { Wanted::Values } else { Wanted::Nothing };
        Wants { scalars, number_bytes_min: self.set.digits_min, ..Wants::ALL }
    }

    /// Whether the members behind the present one may be looked for.
    #[inline(always)]
    fn may_look_ahead(&self) -> bool {
        self.scratch.foresight > 0
            && !self.top.is_foreseen
            && self.top.container == Container::Object
            && !self.again
    }

    #[inline(never)]
    fn wants_of_an_element(&self) -> Wants {
        let by_column = self.is_in_a_table() || self.is_row_without_names();
        Wants { by_column, ..self.wants_of_a_nameless() }
    }

    pub(super) fn wants_of_a_nameless(&self) -> Wants {
        let around = self.wants_of_what_is_around();
        if around.scalars == Wanted::Nothing && !self.is_in_a_table() && self.element_is_telling() {
            return Wants { scalars: Wanted::Values, ..around };
        }
        around
    }

    /// Under a name that was not seen before.
    #[inline(never)]
    fn wants_of_new(&mut self, name: &[u8]) -> Wants {
        let known = self.known(name);
        self.asked = Some(known);
        self.top.awaited |= known.awaits();
        self.wants_of(known, name)
    }

    #[inline(never)]
    pub(super) fn wants_of(&mut self, known: Known, name: &[u8]) -> Wants {
        let around = self.wants_of_what_is_around();
        if known.has_rules() && self.may_look_ahead() {
            self.hanging = self.hangs_on(known);
            if self.hanging != 0 {
                return Wants { looks_ahead: true, ..around };
            }
        }
        if known.is_sign() && !self.top.is_expected {
            self.sign(known);
        }
        let holding =
            if known.has_rules() { self.holding(self.scratch.keys.of(known)) } else { None };
        if let Some(outside) = holding {
            self.may_be_undone(outside);
        }
        let scalars = if known.in_key() {
            Wanted::All
        } else if known.is_telling()
            || around.scalars != Wanted::Nothing
            || (known.stand_in() && self.told().is_some())
            || holding.is_some()
        {
            if known.has_rules() && holding.is_none() {
                let facts = *self.scratch.keys.of(known);
                self.lack(&facts);
            }
            Wanted::Values
        } else {
            if known.has_rules() {
                self.keep_that_none_holds(known, name);
            }
            Wanted::Nothing
        };
        Wants { scalars, ..around }
    }

    /// No rule of the name holds in these surroundings, which is known from here on.
    fn keep_that_none_holds(&mut self, known: Known, name: &[u8]) {
        let facts = *self.scratch.keys.of(known);
        let lacks = self.lack(&facts);
        if known.may_be_quiet() {
            let around = self.surroundings();
            self.scratch.keys.keep_quiet(name, Quiet { around, lacks });
        }
    }

    /// An element reads the name of its list.
    fn element_is_telling(&self) -> bool {
        let facts = self.list_around();
        facts.is_some_and(|facts| facts.is_telling() || self.holding(facts).is_some())
    }
}
