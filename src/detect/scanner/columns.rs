//! Tables written as lists of rows, whose columns are named apart: by the first row, or by a list that stands
//! beside the rows, `{"columns": ["name", "phone"], "rows": [["…", "…"]]}`; and rows that are a name and its
//! value, `[["phone", "…"]]`.

use super::{Hit, Scanner, around::Shown, hit, judge::is_integer};
use crate::{
    detect::{
        check::person::is_mark,
        keys::{Facts, Known},
        set::FieldRule,
        text::Search,
    },
    domain::{Container, Scalar, Span, Wanted, Wants},
};

/// What a list is in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    #[default]
    None,
    /// Its elements name columns, for its own name says so.
    Head,
    /// Its elements may name columns, or the first of two the second.
    Names,
    /// Its elements stand in columns that have names.
    Row,
    /// The first of its two elements names the second.
    Entry,
    /// Its elements are objects that stand in columns that have names.
    Cells,
}

impl Role {
    /// Whether its elements may be names.
    fn is_read(self) -> bool {
        matches!(self, Self::Head | Self::Names | Self::Entry)
    }
}

/// The columns named last.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The number of the list or object that the rows stand in.
    of: Option<u32>,
    /// What the rows are, once that is known.
    rows: Option<Role>,
    names: Vec<Known>,
    /// The object that named the last of them.
    last: Option<u32>,
    /// The elements of the row that names them.
    count: usize,
    /// The first of a row, if it is a name.
    first: Known,
    /// A column has figures about many.
    is_of_figures: bool,
    /// What they show of a row whose cells are objects, and which of these comes next.
    shown: Shown,
    next: usize,
}

/// Most columns that are read, and longest name of one, bytes.
pub(super) const COLUMNS_MAX: usize = 4096;
const NAME_BYTES_MAX: usize = 64;
/// A single word at the head of a list of lists is no proof, unless it is sure.
const NAMES_MIN: usize = 2;
const SURE: u8 = 85;

/// What figures of a chart are called, beside the names that show a table of figures anywhere.
const FIGURES: [&str; 24] = [
    "value", "values", "total", "totals", "sum", "average", "avg", "mean", "median", "min", "max",
    "n", "num", "number", "freq", "rate", "ratio", "users", "sessions", "visitors", "visits",
    "views", "change", "growth",
];

/// Shorter numbers in a row of somebody's are no telephone's.
const PHONE_DIGITS_MIN: u32 = 9;

/// A word, or up to three.
fn is_written_like_a_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.split(' ').count() <= 3
        && text.chars().all(|c| c.is_alphanumeric() || is_mark(c) || "_-. /:".contains(c))
}

impl Columns {
    pub(super) fn clear(&mut self) {
        self.of = None;
    }

    /// The elements of a list in the object of this number are called so.
    pub(super) fn place(&mut self, of: u32, names: &[Known]) {
        self.begin(of);
        self.names.extend(names.iter().take(COLUMNS_MAX));
        self.count = self.names.len();
        self.rows = Some(Role::Row);
    }

    fn begin(&mut self, of: u32) {
        self.names.clear();
        *self = Self { of: Some(of), names: std::mem::take(&mut self.names), ..Self::default() };
    }
}

impl Scanner<'_> {
    /// What the list that opens now is in a table; its name may say that it names columns.
    pub(super) fn role(&mut self, heads: bool) -> Role {
        let Some(around) = self.scratch.outer.last() else { return Role::None };
        let parent = &self.top;
        if parent.container == Container::Object {
            if parent.has_statement && self.scratch.columns.of == Some(parent.number) {
                return self.scratch.columns.rows.unwrap_or_default();
            }
            if !heads {
                return Role::None;
            }
            self.scratch.columns.begin(parent.number);
            return Role::Head;
        }
        let columns = &mut self.scratch.columns;
        let is_beside = around.container == Container::Object
            && !matches!(parent.role, Role::Head | Role::Names)
            && columns.of == Some(around.number);
        if columns.of != Some(parent.number) && !is_beside {
            columns.begin(parent.number);
            return Role::Names;
        }
        if let Some(rows) = columns.rows {
            return rows;
        }
        let rows = self.rows(is_beside);
        self.scratch.columns.rows = Some(rows);
        rows
    }

    /// Whether a list of this name in an element of a list is a row whose cells are objects, of a table whose columns
    /// were named before the rows: `{"schema": {"fields": [{"name": "phone"}]}, "rows": [{"f": [{"v": "…"}]}]}`, as
    /// queries of Google are answered.
    pub(super) fn is_row_of_cells(&self, name: &str) -> bool {
        let columns = &self.scratch.columns;
        matches!(name, "f" | "c")
            && columns.of.is_some()
            && !columns.names.is_empty()
            && self.top.container == Container::Object
            && self.scratch.outer.last().is_some_and(|list| list.container == Container::Array)
            && self.rows(true) == Role::Row
    }

    /// The innermost list is such a row.
    pub(super) fn begin_cells(&mut self) {
        let mut shown = Shown::default();
        for known in self.scratch.columns.names.iter().filter(|known| known.is_sign()) {
            shown.add(self.scratch.keys.of(*known));
        }
        self.top.role = Role::Cells;
        let columns = &mut self.scratch.columns;
        (columns.shown, columns.next) = (shown, 0);
    }

    /// What its column says of a cell that begins.
    pub(super) fn cell_begins(&mut self) -> (Option<Facts>, Shown) {
        let columns = &mut self.scratch.columns;
        let known = columns.names.get(columns.next).copied();
        columns.next = columns.next.saturating_add(1);
        let facts = known.map(|known| *self.scratch.keys.of(known));
        (facts.filter(|facts| !facts.rules().is_empty()), self.scratch.columns.shown)
    }

    /// What the rows are, as those that may name their columns tell.
    fn rows(&self, is_beside: bool) -> Role {
        let (columns, keys) = (&self.scratch.columns, &self.scratch.keys);
        let known = columns.names.iter().filter(|known| !keys.of(**known).rules().is_empty());
        let is_whole = columns.names.len() == columns.count;
        let known = known.count();
        let is_told_apart = |first: &Known| is_beside || keys.of(*first).rules().is_empty();
        let is_sure = !columns.is_of_figures
            && columns.names.first().is_some_and(is_told_apart)
            && columns.names.iter().any(|known| self.is_sure_of_a_column(keys.of(*known)));
        if is_whole && (known >= NAMES_MIN.min(columns.count).max(1) || is_sure) {
            Role::Row
        } else if !is_beside && columns.count == 2 && !columns.names.is_empty() {
            Role::Entry
        } else {
            Role::None
        }
    }

    /// Whether a name that heads a column is no word of anything else: it is listed, and its rule asks for no
    /// surroundings.
    fn is_sure_of_a_column(&self, facts: &Facts) -> bool {
        let mut rules = facts.rules().iter().filter_map(|number| self.set.rule(*number));
        let is_sure = |rule: &FieldRule| rule.inside == 0 && rule.confidence >= SURE && !rule.prose;
        facts.is_listed() && rules.any(is_sure)
    }

    /// The innermost list is a row of a table whose columns nobody names.
    pub(super) fn is_row_without_names(&self) -> bool {
        let around = self.scratch.outer.last();
        self.top.role != Role::Row
            && self.top.rule.is_none()
            && around.is_some_and(|around| around.container == Container::Array)
    }

    /// A cell of such a row: a name of which both ends are known, and, in a row with a cell of somebody's, digits that
    /// a telephone has. What was found of it so far is in `hits`, from `first` on.
    pub(super) fn cell(&mut self, kind: Scalar, text: &str, first: usize, hits: &mut Vec<Hit>) {
        let Some((rule, _)) = &self.set.cues.known_beside else { return };
        if hits.len() == first {
            let found = match kind {
                Scalar::String if self.is_whole_name(text) => {
                    let whole = Span::new(0, text.len());
                    Some(hit(rule.tag, whole, rule.confidence, rule.detector, None))
                }
                Scalar::String | Scalar::Number if self.top.is_of_somebody => self.number_of(text),
                Scalar::String | Scalar::Number | Scalar::Bool | Scalar::Null | Scalar::Binary => {
                    None
                }
            };
            hits.extend(found);
        }
        self.top.is_of_somebody |= hits
            .get(first..)
            .unwrap_or_default()
            .iter()
            .any(|hit| hit.tag == rule.tag || self.set.tells_of_somebody(hit.tag));
    }

    fn is_whole_name(&self, text: &str) -> bool {
        const BYTES_MAX: usize = 64;
        text.len() <= BYTES_MAX
            && text.contains(' ')
            && text.split(' ').all(|word| !word.starts_with(char::is_lowercase))
            && self.set.people.has_known_ends(text)
    }

    fn number_of(&self, text: &str) -> Option<Hit> {
        const DIGITS: std::ops::RangeInclusive<usize> = PHONE_DIGITS_MIN as usize..=11;
        let is_number = DIGITS.contains(&text.len()) && is_integer(text);
        let phone = self.set.finders.phone.filter(|_| is_number)?;
        let search = Search { set: self.set, supports: 1 << phone, against: 0, halt: self.halt };
        let found = search.whole(text)?;
        let tag = self.set.value(phone)?.tag;
        (found.tag == tag).then(|| found.hit())
    }

    /// The columns of a row that opens show what it is about.
    pub(super) fn sign_columns(&mut self) {
        let names = std::mem::take(&mut self.scratch.columns.names);
        for known in names.iter().filter(|known| known.is_sign()) {
            self.sign(*known);
        }
        self.scratch.columns.names = names;
    }

    /// An element of a list that may name something; or, `{"columns": [{"name": "phone"}]}`, the member of
    /// one that says what it is called. Whether it is such a name and nothing else.
    pub(super) fn column(&mut self, kind: Scalar, text: &str) -> bool {
        let (list, member_of) = match (&self.top, self.scratch.outer.last()) {
            (list, _) if list.container == Container::Array => (list, None),
            (element, Some(list)) => (list, Some(element.number)),
            (_, None) => return false,
        };
        let role = list.role;
        let columns = &mut self.scratch.columns;
        if !role.is_read() {
            return false;
        }
        // An object names one column, by the first member that can.
        if member_of.is_some() && std::mem::replace(&mut columns.last, member_of) == member_of {
            return false;
        }
        columns.count += 1;
        columns.first = Known::default();
        if kind != Scalar::String || !is_written_like_a_name(text) {
            return false;
        }
        let Some(known) = self.kept(text.as_bytes()) else { return false };
        let is_label = self.set.keys.is_name_of(text, |_| true);
        let is_of_figures = self.scratch.keys.of(known).columns != 0
            || FIGURES.iter().any(|figure| text.eq_ignore_ascii_case(figure));
        let columns = &mut self.scratch.columns;
        columns.is_of_figures |= is_of_figures;
        columns.first = known;
        if role != Role::Entry && columns.names.len() < COLUMNS_MAX {
            columns.names.push(known);
        }
        is_label && member_of.is_none()
    }

    /// What is wanted of the element of this number of a list that has a part in a table.
    pub fn wants_of_column(&mut self, number: u32) -> Wants {
        let role = self.top.role;
        if role == Role::None {
            self.asked = None;
            let wants = self.wants_of_a_nameless();
            // Beside somebody a number may be how to call them.
            return match self.top.is_of_somebody {
                true => Wants { number_bytes_min: PHONE_DIGITS_MIN, ..wants },
                false => wants,
            };
        }
        let columns = &self.scratch.columns;
        let known = match (role, number) {
            (Role::Row, _) => columns.names.get(number as usize).copied(),
            (Role::Names | Role::Entry, 1) => Some(columns.first),
            (Role::None | Role::Head | Role::Names | Role::Entry | Role::Cells, _) => None,
        };
        // A row as a whole was told what its columns show.
        let known = known.unwrap_or_default().without_sign();
        // What a name says without a rule of its own, that words of it speak for a value, counts as well.
        self.asked = (known.has_rules() || known.is_telling()).then_some(known);
        let wants = self.wants_of(known, b"");
        Wants { scalars: if role.is_read() { Wanted::All } else { wants.scalars }, ..wants }
    }

    /// Whether the object at hand stands in a list whose elements may name columns.
    pub(super) fn names_columns(&self) -> bool {
        let list = self.scratch.outer.last();
        list.is_some_and(|list| list.role.is_read())
    }

    /// Whether the list at hand has a part in a table.
    pub(super) fn is_in_a_table(&self) -> bool {
        self.top.role != Role::None
    }
}
