//! Members whose names stand in a statement beside them: `{"sql": "UPDATE u SET dob = $1", "params": ["1996-04-12"]}`.

use super::{Scanner, columns::COLUMNS_MAX};
use crate::detect::{
    keys::Known,
    statement::{Placeholder, placeholders},
};

/// A name that stands for another as long as the object of this number is open, and what it said before.
#[derive(Debug)]
pub(super) struct StoodFor {
    object: u32,
    name: Box<[u8]>,
    before: Option<Known>,
}

/// What a statement in the object of this number says of other members of it.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) object: u32,
    names: Vec<(Box<[u8]>, Known)>,
    positions: Vec<Known>,
}

/// What may stand before the name of a placeholder where its value is told.
const SIGNS: [&str; 4] = ["", ":", "@", "$"];

/// So many names may stand for others at a time, and so many statements be kept for a second walk.
const NAMES_MAX: usize = SIGNS.len() * COLUMNS_MAX;
const STATEMENTS_MAX: usize = 256;

impl Scanner<'_> {
    /// Reads a statement, which may say what members that come behind it are; where some may stand before, all are
    /// read again.
    pub(super) fn statement(&mut self, text: &str) {
        let mut statement = Statement { object: self.top.number, ..Statement::default() };
        placeholders(text, |name, placeholder| {
            let Some(known) = self.kept(name.as_bytes()).filter(|known| known.has_rules()) else {
                return;
            };
            match placeholder {
                Placeholder::Position(at) if at < COLUMNS_MAX => {
                    if statement.positions.len() <= at {
                        statement.positions.resize(at + 1, Known::default());
                    }
                    if let Some(slot) = statement.positions.get_mut(at) {
                        *slot = known;
                    }
                }
                Placeholder::Name(own) if statement.names.len() < NAMES_MAX => {
                    statement.names.extend(
                        SIGNS.map(|sign| {
                            ([sign, own].concat().into_bytes().into_boxed_slice(), known)
                        }),
                    );
                }
                Placeholder::Position(_) | Placeholder::Name(_) => self.has_left_out = true,
            }
        });
        if statement.names.is_empty() && statement.positions.is_empty() {
            return;
        }
        self.heed(&statement);
        let may_be_behind = self.opened > self.top.number;
        let behind = self.scratch.statements_behind.len();
        if may_be_behind && !self.again {
            if behind < STATEMENTS_MAX {
                self.scratch.statements_behind.push(statement);
            } else {
                self.has_left_out = true;
            }
        }
    }

    /// The object that begins has a statement, which the first walk came upon behind what it is about.
    pub(super) fn recall_statements(&mut self) {
        let statements = std::mem::take(&mut self.scratch.statements_ahead);
        let object = self.top.number;
        let first = statements.partition_point(|statement| statement.object < object);
        let own = statements.iter().skip(first).take_while(|it| it.object == object);
        own.for_each(|statement| self.heed(statement));
        self.scratch.statements_ahead = statements;
    }

    fn heed(&mut self, statement: &Statement) {
        self.top.has_statement = true;
        let room = NAMES_MAX.saturating_sub(self.scratch.stood_for.len());
        self.has_left_out |= statement.names.len() > room;
        for (name, known) in statement.names.iter().take(room) {
            let before = self.scratch.keys.stand_in(name, *known);
            let object = statement.object;
            self.scratch.stood_for.push(StoodFor { object, name: name.clone(), before });
        }
        if !statement.positions.is_empty() {
            self.scratch.columns.place(statement.object, &statement.positions);
        }
    }

    /// Names that stood for others in the object of this number, and those inside it, say what they said before.
    pub(super) fn forget_statements(&mut self, object: u32) {
        while let Some(last) = self.scratch.stood_for.pop_if(|last| last.object >= object) {
            self.scratch.keys.put_back(&last.name, last.before);
        }
    }
}
