//! Values that come again: a short one under the same name, in the same surroundings, is known from before.

use crate::{
    detect::memo::{TEXT_BYTES_MAX, Under},
    domain::{Container, Scalar},
};

use super::{Hit, Scanner, Told};

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

impl Scanner<'_> {
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
}
