//! Tables inside a text, whose heads say what stands below, and messages whose parts are known by their places; a
//! file for each kind.

mod delimited;
mod elements;
mod form;
mod inserted;
mod logged;
mod marked_up;
mod modem;
mod parts;
mod placed;
mod printed;
mod ruled;
mod serialised;

use std::{
    ops::{Deref, DerefMut, Range},
    sync::LazyLock,
};

use memchr::{
    memchr, memchr3,
    memmem::{self, Finder},
};

/// A value and the name that its table gives it, as byte ranges of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) name: Name,
    pub(super) value: Range<usize>,
    /// The name is one that programs go by, as in a form.
    pub(super) is_of_a_program: bool,
}

/// What a cell is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// By the text itself.
    Written(Range<usize>),
    /// By the place it has.
    Meant(&'static str),
}

impl Name {
    pub(super) fn of<'t>(&self, text: &'t str) -> &'t str {
        match self {
            Self::Written(range) => text.get(range.clone()).unwrap_or_default(),
            Self::Meant(name) => name,
        }
    }
}

/// Most columns of a table that are read.
const COLUMNS_MAX: usize = 64;
/// Longest head of a table and longest name in it, bytes.
const HEAD_BYTES_MAX: usize = 4096;
const NAME_BYTES_MAX: usize = 64;
/// No text with a table in it is shorter.
const BYTES_MIN: usize = 16;

/// Shows the cells of every table in `text`, those of each kind of table in their order. They are not kept: nearly all
/// of a long text may be cells.
pub(super) fn cells(text: &str, show: &mut dyn FnMut(Cell)) {
    if text.len() < BYTES_MIN {
        return;
    }
    let bytes = text.as_bytes();
    printed::cells(text, show);
    let mut found = Tables { text, show };
    if SERIALISED.find(bytes).is_some() {
        found.serialised();
    }
    if memchr3(b'|', b'<', b'(', bytes).is_none() && memchr(b'\n', bytes).is_none() {
        return;
    }
    let is_ruled = memchr(b'|', bytes).is_some() && memmem::find(bytes, b"--").is_some();
    if is_ruled {
        found.ruled();
    }
    if memchr(b'<', bytes).is_some() {
        found.marked_up();
        found.elements();
    }
    if memchr(b'(', bytes).is_some() {
        found.inserted();
    }
    if memchr(b'\n', bytes).is_some() {
        found.delimited(if is_ruled { b"\t,;" } else { b"\t,;|" });
        found.logged();
        found.parts();
        if ANSWER.find(bytes).is_some() {
            found.answered();
        }
    }
    placed::cells(text, show);
}

static SERIALISED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("{s:"));
static ANSWER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("AT"));

/// Whether cells may stand in a text that has neither digits nor signs of a value: `(id, religion) VALUES ('u1', 'x')`,
/// a table between bars, and elements.
pub(super) fn may_have_cells(text: &[u8]) -> bool {
    // `<a>b</a>`: most texts that are no values are shorter.
    const BYTES_MIN: usize = 8;
    if text.len() < BYTES_MIN {
        return false;
    }
    let Some(first) = memchr3(b'|', b'(', b'<', text) else { return false };
    let rest = text.get(first..).unwrap_or_default();
    let has = |sign: u8, word: &[u8]| {
        memchr(sign, rest)
            .is_some_and(|at| rest.get(at..).is_some_and(|rest| memmem::find(rest, word).is_some()))
    };
    has(b'|', b"--") || has(b'(', b"VALUES") || has(b'(', b"values") || has(b'<', b"</")
}

struct Tables<'t, 's> {
    text: &'t str,
    show: &'s mut dyn FnMut(Cell),
}

/// The cells of one row, as many as are read, in a place of their own on the stack: every text with a line end in it
/// may be a table.
#[derive(Debug)]
struct Row {
    cells: [Range<usize>; COLUMNS_MAX],
    count: usize,
}

impl Default for Row {
    fn default() -> Self {
        Self { cells: [const { 0..0 }; COLUMNS_MAX], count: 0 }
    }
}

impl Row {
    /// Takes the place of what was in it.
    fn fill(&mut self, cells: impl Iterator<Item = Range<usize>>) {
        self.clear();
        cells.take(COLUMNS_MAX).for_each(|cell| self.push(cell));
    }

    fn push(&mut self, cell: Range<usize>) {
        if let Some(slot) = self.cells.get_mut(self.count) {
            *slot = cell;
            self.count += 1;
        }
    }

    fn clear(&mut self) {
        self.count = 0;
    }
}

impl Deref for Row {
    type Target = [Range<usize>];

    fn deref(&self) -> &[Range<usize>] {
        self.cells.get(..self.count).unwrap_or_default()
    }
}

impl DerefMut for Row {
    fn deref_mut(&mut self) -> &mut [Range<usize>] {
        self.cells.get_mut(..self.count).unwrap_or_default()
    }
}

impl<'t> Tables<'t, '_> {
    fn row(&mut self, head: &[Range<usize>], row: &[Range<usize>]) {
        for (name, value) in head.iter().zip(row) {
            self.tell(name, value);
        }
    }

    /// The same where the names are of the columns of a database.
    fn row_of_a_program(&mut self, head: &[Range<usize>], row: &[Range<usize>]) {
        for (name, value) in head.iter().zip(row) {
            if let Some(cell) = self.cell(name, value) {
                (self.show)(Cell { is_of_a_program: true, ..cell });
            }
        }
    }

    /// Of two cells the first may be the name of the second: `| Phone | 0300 … |`.
    fn named_row(&mut self, row: &[Range<usize>]) {
        if let [name, value] = row {
            self.tell(name, value);
        }
    }

    fn tell(&mut self, name: &Range<usize>, value: &Range<usize>) {
        if let Some(cell) = self.cell(name, value) {
            (self.show)(cell);
        }
    }

    fn cell(&self, name: &Range<usize>, value: &Range<usize>) -> Option<Cell> {
        let label = self.of(name).trim_end_matches([':', '：', ' ']).len();
        let name = name.start..name.start + label;
        let is_one = !name.is_empty() && name.len() <= NAME_BYTES_MAX && !value.is_empty();
        let name = Name::Written(name);
        is_one.then(|| Cell { name, value: value.clone(), is_of_a_program: false })
    }

    /// The same where programs gave the name.
    fn tell_of_a_program(&mut self, name: &Range<usize>, value: &Range<usize>) {
        if !name.is_empty() && !value.is_empty() {
            self.tell_as(Name::Written(name.clone()), value.clone());
        }
    }

    fn tell_as(&mut self, name: Name, value: Range<usize>) {
        (self.show)(Cell { name, value, is_of_a_program: true });
    }

    fn of(&self, range: &Range<usize>) -> &'t str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Without spaces and quotes around it.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        trimmed(self.text, range)
    }

    /// What stands between the signs. A cell may be empty.
    fn split(&self, range: Range<usize>, sign: u8) -> impl Iterator<Item = Range<usize>> + 't {
        pieces(self.text, range, sign, false)
    }
}

/// The lines of a text without their ends.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let mut next = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(next..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        let start = next;
        next += length + 1;
        let line = rest.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some(start..start + line.len())
    })
}

/// What stands between the signs of one line, trimmed.
fn pieces(
    text: &str,
    range: Range<usize>,
    sign: u8,
    may_be_quoted: bool,
) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let mut next = Some(range.start);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = bytes.get(start..range.end)?;
        let quoted = (may_be_quoted && rest.first() == Some(&b'"'))
            .then(|| memchr(b'"', rest.get(1..).unwrap_or_default()))
            .flatten()
            .map_or(0, |length| length + 2);
        let length = memchr(sign, rest.get(quoted..)?).map_or(rest.len(), |at| quoted + at);
        let end = start + length;
        next = (end < range.end).then_some(end + 1);
        Some(trimmed(text, start..end))
    })
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    trimmed_of(text, range, [' ', '\t', '\r', '\n', '"', '\'', '`', '*'])
}

fn trimmed_of<const N: usize>(text: &str, range: Range<usize>, signs: [char; N]) -> Range<usize> {
    let found = text.get(range.clone()).unwrap_or_default();
    let start = range.start + (found.len() - found.trim_start_matches(signs).len());
    start..start + found.trim_matches(signs).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn read(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        cells(text, &mut |cell| found.push(cell));
        let of = |range: Range<usize>| text.get(range).unwrap();
        let told = |cell: Cell| format!("{}={}", cell.name.of(text), of(cell.value));
        found.into_iter().map(told).collect()
    }
}
