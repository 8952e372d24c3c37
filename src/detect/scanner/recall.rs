//! Values that come again: a short one under the same name, in the same surroundings, is known from before.

use crate::{
    detect::memo::{TEXT_BYTES_MAX, Under},
    domain::{Container, Scalar},
};

use super::{Hit, Scanner, TOLD_BYTES_MAX, Told};

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
pub struct Ticket {
    under: Under,
    /// The value tells what stands beside it, if it is the name of something.
    tells: bool,
    /// By its name it is what the object around it is.
    is_of_around: bool,
}

impl Scanner<'_> {
    /// What is known of the value to be told next from one that was read before.
    #[inline]
    pub fn recall(&mut self, name: Option<&str>, told: Told<'_>) -> Recall {
        let Some(ticket) = self.ticket(name, told) else { return Recall::Never };
        match self.scratch.memo.find(ticket.under, told.text) {
            Some(found) => {
                self.asked = None;
                if ticket.tells {
                    self.tell(None);
                }
                self.top.has_value |= found.is_some() && ticket.is_of_around;
                Recall::Found(found)
            }
            None => Recall::New(ticket),
        }
    }

    /// Whether what was found in the value told last is all that it says.
    pub fn may_keep(&self, ticket: Ticket) -> bool {
        !(ticket.tells && (self.told().is_some() || self.top.kinds != 0))
    }

    /// Keeps what was found in a value that is new.
    pub fn keep(&mut self, ticket: Ticket, text: &str, hits: &[Hit]) {
        match hits {
            [] => self.keep_quiet(ticket, text),
            [hit] => self.scratch.memo.keep(ticket.under, text, Some(*hit)),
            _ => {}
        }
    }

    /// Keeps that nothing was found in a value, nor in a document inside it.
    pub fn keep_quiet(&mut self, ticket: Ticket, text: &str) {
        self.scratch.memo.keep(ticket.under, text, None);
    }

    /// What a value is read by, where that is little enough to be kept.
    #[inline]
    fn ticket(&mut self, name: Option<&str>, told: Told<'_>) -> Option<Ticket> {
        if told.text.len() > TEXT_BYTES_MAX || self.set.has_suppressions() {
            return None;
        }
        let name = name?;
        let known = match self.asked {
            Some(known) => known,
            None => {
                let known = self.known(name.as_bytes());
                self.see(known);
                self.asked = Some(known);
                known
            }
        };
        let frame = &self.top;
        let is_told = known.stand_in() && frame.told;
        let is_too_long = known.tells() && told.text.len() > TOLD_BYTES_MAX;
        // The name of a column says nothing where it stands, and all of what stands below.
        let names_a_column = known.tells() && self.names_columns();
        if known.in_key()
            || known.is_query()
            || is_told
            || is_too_long
            || (frame.has_value && known.describes())
            || names_a_column
            || frame.patterns != 0
            || frame.container == Container::Array
        {
            return None;
        }
        let name = self.scratch.keys.number(known)?;
        if !self.scratch.memo.is_worth_a_look(name) {
            return None;
        }
        let under = Under {
            name,
            around: frame.contexts | self.part,
            rule: frame.rule,
            is_hashed: frame.hashed,
            is_encrypted: frame.encrypted,
            is_number: match told.kind {
                Scalar::String => false,
                Scalar::Number => true,
                Scalar::Bool | Scalar::Null | Scalar::Binary => return None,
            },
            may_hold: told.may_hold,
        };
        let is_of_around = under.rule.is_some() && !known.has_rules();
        Some(Ticket { under, tells: known.tells() && told.kind == Scalar::String, is_of_around })
    }
}
