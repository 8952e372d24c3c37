//! The cells of tables inside a text: what their names say of them.

use crate::detect::{
    check::code,
    keys::Facts,
    tables::{self, Cell, Name},
};

use super::{
    Hit, Scanner,
    around::Shown,
    judge::{NAMED_IN_PROSE_MIN, apart},
};

impl Scanner<'_> {
    /// What stands in the tables of a text, under names we know.
    pub(super) fn cells(&mut self, text: &str, around: u32, first: usize, hits: &mut Vec<Hit>) {
        /// How many are kept until it is known what their columns show; where there are more, all are read again.
        const CELLS_MAX: usize = 4096;
        let mut cells = std::mem::take(&mut self.scratch.cells);
        cells.clear();
        // Columns show what the rows are about, as members do of their object.
        let (mut shown, mut last, mut count) = (Shown::default(), None, 0_usize);
        tables::cells(text, &mut |cell| {
            if self.halt.is_given_up() {
                return;
            }
            // Each column once; those of the next row have the same names again.
            if let Name::Written(name) = &cell.name
                && last < Some(name.start)
            {
                last = Some(name.start);
                shown.add(&self.facts_under(text, &cell));
            }
            count += 1;
            if count <= CELLS_MAX {
                cells.push(cell);
            }
        });
        let around = around | (shown.beside & !self.set.contexts.of_nobody);
        let labelled = hits.len();
        if count > CELLS_MAX {
            tables::cells(text, &mut |cell| hits.extend(self.in_a_cell(text, around, &cell)));
        } else {
            hits.extend(cells.iter().filter_map(|cell| self.in_a_cell(text, around, cell)));
        }
        if hits.len() > labelled {
            apart(hits, first);
        }
        self.scratch.cells = cells;
    }

    /// What the name of a cell says of it.
    fn in_a_cell(&mut self, text: &str, around: u32, cell: &Cell) -> Option<Hit> {
        if self.halt.is_given_up() {
            return None;
        }
        let value = text.get(cell.value.clone()).unwrap_or_default();
        let facts = self.facts_under(text, cell);
        // What a name of several words, or of another script, says needs no proof.
        let name = cell.name.of(text);
        let is_telling = cell.is_of_a_program
            || (facts.is_listed()
                && (name.contains([' ', '_'])
                    || !name.is_ascii()
                    || facts.is_listed_in_words()
                    || code::is_camel(name)));
        // Beside or below one head may stand another.
        let is_label = |value| self.set.keys.is_name_of(value, |_| true);
        if facts.rules().is_empty() || self.set.is_placeholder(value) || is_label(value) {
            return None;
        }
        let (rule, hit) = self.by_own_name(&facts, around, value)?;
        let is_sure = rule.check.is_some() || is_telling;
        (is_sure && hit.confidence.0 >= NAMED_IN_PROSE_MIN)
            .then(|| Hit { span: hit.span.shift(cell.value.start), ..hit })
    }

    fn facts_under(&mut self, text: &str, cell: &Cell) -> Facts {
        let known = self.known(cell.name.of(text).as_bytes());
        *self.scratch.keys.of(known)
    }
}
