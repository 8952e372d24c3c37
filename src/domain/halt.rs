//! Work that nobody waits for any more.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Whether an inspection is to end. Whoever waits for it keeps a clone, and gives it up there. Once it is given up it
/// stays so: what was cut short is known by asking afterwards.
#[derive(Debug, Clone, Default)]
pub struct Halt {
    given_up: Option<Arc<AtomicU64>>,
    /// Of this inspection, among those that one place is given up at.
    number: u64,
}

static NEVER: Halt = Halt { given_up: None, number: 0 };

impl Halt {
    /// Of an inspection that is waited for to its end.
    pub fn never() -> &'static Self {
        &NEVER
    }

    /// Of one inspection that may be given up.
    pub fn possible() -> Self {
        Self { given_up: Some(Arc::default()), number: 1 }
    }

    /// Of the next inspection at the same place: that the one before was given up says nothing of it.
    pub fn next(&mut self) {
        self.number += 1;
    }

    /// Tells this inspection apart from others at the same place; never zero.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Gives up the inspection of that number, if it is still that one.
    pub fn give_up(&self, number: u64) {
        if let Some(given_up) = &self.given_up {
            given_up.store(number, Ordering::Relaxed);
        }
    }

    /// Whether it was given up.
    #[inline]
    pub fn is_given_up(&self) -> bool {
        let given_up = self.given_up.as_ref();
        given_up.is_some_and(|number| number.load(Ordering::Relaxed) == self.number)
    }
}

/// Somebody waits for an inspection; when this is dropped, nobody does, and it is given up.
#[derive(Debug)]
pub struct Awaited(Halt);

impl Awaited {
    #[expect(
        clippy::new_without_default,
        reason = "one that nobody keeps would be given up at once"
    )]
    pub fn new() -> Self {
        Self(Halt::possible())
    }

    pub fn halt(&self) -> Halt {
        self.0.clone()
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.give_up(self.0.number());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inspection_is_given_up_alone_and_for_good() {
        let mut here = Halt::possible();
        let there = here.clone();
        assert!(!here.is_given_up());
        there.give_up(here.number());
        assert!(here.is_given_up() && here.is_given_up());
        here.next();
        assert!(!here.is_given_up());
        there.give_up(there.number());
        assert!(!here.is_given_up(), "that one is over");
        let awaited = Awaited::new();
        let halt = awaited.halt();
        assert!(!halt.is_given_up());
        drop(awaited);
        assert!(halt.is_given_up());
        let never = Halt::never();
        never.give_up(never.number());
        assert!(!never.is_given_up() && !Halt::default().is_given_up());
    }
}
