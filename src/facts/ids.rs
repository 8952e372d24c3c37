//! What the tables of the store are keyed by. Their rows are bare bytes and numbers; no others go between them.

use std::fmt;

use super::Pseudonym;

/// The pseudonym a subject is filed under, where all their identifiers lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SubjectId(pub(super) Pseudonym);

impl SubjectId {
    pub(super) fn of_row(row: &[u8; 16]) -> Self {
        Self(Pseudonym(*row))
    }

    pub(super) fn row(&self) -> &[u8; 16] {
        &self.0.0
    }
}

/// Those who were told to share an identifier, without being one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircleId([u8; 16]);

impl CircleId {
    pub(super) fn of_row(row: [u8; 16]) -> Self {
        Self(row)
    }

    pub(super) fn row(&self) -> &[u8; 16] {
        &self.0
    }
}

/// As 32 hex digits: an export tells of it like of a pseudonym, which joins those in it again.
impl fmt::Display for CircleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Pseudonym(self.0).fmt(f)
    }
}

/// The number of a scope of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ScopeNumber(pub(super) u32);

/// A subject in a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Member {
    pub(super) scope: ScopeNumber,
    pub(super) subject: SubjectId,
}

impl Member {
    /// None is before it.
    pub(super) const FIRST: Self =
        Self { scope: ScopeNumber(0), subject: SubjectId(Pseudonym([0; 16])) };

    pub(super) fn of_row((scope, subject): (u32, &[u8; 16])) -> Self {
        Self { scope: ScopeNumber(scope), subject: SubjectId::of_row(subject) }
    }

    pub(super) fn row(&self) -> (u32, &[u8; 16]) {
        (self.scope.0, self.subject.row())
    }
}
