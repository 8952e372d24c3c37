//! What the name of an object or list says of those inside, and how far it goes.

use super::{Hit, Scanner, around::Frame};
use crate::{
    detect::{
        keys::{Facts, is_of_a_name},
        set::{FieldRule, Meant},
    },
    domain::Container,
};

impl Scanner<'_> {
    /// The first rule of the name that holds in these surroundings.
    pub(super) fn rule_for_container(
        &mut self,
        facts: &Facts,
        container: Container,
    ) -> Option<u16> {
        if facts.is_path {
            return None;
        }
        let around = self.around(facts, self.surroundings());
        let first = |is_meant: fn(&FieldRule) -> bool| {
            facts.rules().iter().copied().find(|number| {
                self.set.rule(*number).is_some_and(|rule| rule.holds(around) && is_meant(rule))
            })
        };
        // One name may mean a person, and over a list an address book.
        let listed = if container == Container::Array {
            first(|rule| rule.meant == Meant::Lists)
        } else {
            None
        };
        let own = listed
            .or_else(|| first(|rule| rule.meant != Meant::Values))
            .or_else(|| if container == Container::Array { first(|_| true) } else { None });
        if own.is_none() {
            self.lack(facts);
        }
        own
    }

    /// The rule of the object or list around one whose name has none, and how far it has come.
    pub(super) fn inherited(&self, facts: &Facts) -> (Option<u16>, u8) {
        const STEPS_MAX: u8 = 2;
        let Frame { container: around, rule, steps, .. } = self.top;
        if around == Container::Array || facts.stand_in || facts.is_one_of_many {
            return (rule, steps);
        }
        let spreads = rule.and_then(|rule| self.set.rule(rule)).is_some_and(|rule| rule.spreads);
        let is_inherited = spreads && !facts.statement && !facts.is_path && steps < STEPS_MAX;
        if is_inherited { (rule, steps + 1) } else { (None, 0) }
    }

    /// Takes out what was found in a value that is its own name, as examples have it: `"userName": "userName"`.
    pub fn drop_own_name(name: &[u8], text: &str, hits: &mut Vec<Hit>) {
        // What has a form of its own is what it is, and may be a name as well: a mailbox.
        const SURE: u8 = 90;
        const SIGNS_MAX: usize = 4;
        if text.len().abs_diff(name.len()) <= SIGNS_MAX
            && !name.iter().any(u8::is_ascii_digit)
            && letters_of(text.as_bytes()).eq(letters_of(name))
        {
            hits.retain(|hit| hit.confidence.0 >= SURE);
        }
    }
}

fn letters_of(text: &[u8]) -> impl Iterator<Item = u8> {
    let kept = text.iter().filter(|byte| is_of_a_name(**byte));
    kept.map(u8::to_ascii_lowercase)
}
