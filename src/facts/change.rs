//! What an operator or a consent platform tells the store.

use super::{Day, Pseudonym, SubjectRecord, counter::CountScope};
use crate::policy::{Mechanism, RuleSet, Timestamp};

/// One change; a list of them takes effect whole or not at all.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Adds to what is on file about a subject. The first pseudonym is who the record is filed under,
    /// the others lead there from now on.
    Tell {
        who: Vec<Pseudonym>,
        record: Box<SubjectRecord>,
        /// Opt-outs that hold no longer.
        opt_ins: Vec<String>,
        /// Transfers that were counted elsewhere, or before there was a store.
        counted: Vec<Counted>,
    },
    /// Takes out everything on file about a subject but what it was counted for.
    Forget {
        who: Vec<Pseudonym>,
    },
    /// Puts a mechanism on file, in place of one with the same id.
    Mechanism(Box<Mechanism>),
    RemoveMechanism {
        id: String,
    },
}

impl Change {
    /// The names in it that nothing in the rules knows, as [`RuleSet::unknown_of`] tells them.
    pub fn unknown(&self, rules: &RuleSet) -> Vec<String> {
        match self {
            Self::Tell { record, counted, .. } => {
                // When it is asked changes an age, and no name.
                let subject = record.as_ref().clone().subject(Timestamp(jiff::Timestamp::now()));
                let counters = counted.iter().map(|it| it.scope.counter.as_str());
                let counters = counters.filter_map(|counter| rules.unknown_counter(counter));
                rules.unknown_of(&subject).chain(counters).collect()
            }
            Self::Mechanism(mechanism) => rules.unknown_mechanism(mechanism).into_iter().collect(),
            Self::Forget { .. } | Self::RemoveMechanism { .. } => Vec::new(),
        }
    }

    /// The names nobody understands that a withdrawal is of, so that it takes back everything.
    pub(crate) fn taking_back_everything(&self, rules: &RuleSet) -> Vec<String> {
        match self {
            Self::Tell { record, .. } => rules.unknown_withdrawals(&record.withdrawn).collect(),
            Self::Mechanism(_) | Self::Forget { .. } | Self::RemoveMechanism { .. } => Vec::new(),
        }
    }
}

/// A subject was counted on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub scope: CountScope,
    pub day: Day,
}

/// What a list of changes came to, once it was durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Applied {
    /// Entries about subjects, those that have somebody forgotten among them.
    pub subjects: u64,
    pub mechanisms: u64,
}

impl std::ops::AddAssign for Applied {
    fn add_assign(&mut self, other: Self) {
        self.subjects += other.subjects;
        self.mechanisms += other.mechanisms;
    }
}
