//! Tables inside a text, whose heads say what stands below: of Markdown and of database shells, of web pages,
//! of statements that insert rows, and of lines of values behind a line of their names. And messages whose parts are
//! known by their places (`placed`).

mod placed;

use std::ops::{Deref, DerefMut, Range};

use memchr::{memchr, memchr_iter, memchr3, memmem};

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
/// A line within a text that heads a table has so many names: a comma is in many a sentence.
const NAMES_MIN: usize = 3;
/// Longest head of a table and longest name in it, bytes.
const HEAD_BYTES_MAX: usize = 4096;
const NAME_BYTES_MAX: usize = 64;
/// Longest mark of a web page around the text of a cell.
const MARK_BYTES_MAX: usize = 512;
/// Longest mark of a field of a form with what stands in it.
const CONTROL_BYTES_MAX: usize = 2048;
/// No text with a table in it is shorter.
const BYTES_MIN: usize = 16;

/// Adds the cells of every table in `text` to `cells`, those of each kind of table in their order.
pub(super) fn cells(text: &str, cells: &mut Vec<Cell>) {
    if text.len() < BYTES_MIN {
        return;
    }
    let bytes = text.as_bytes();
    if memchr3(b'|', b'<', b'(', bytes).is_none() && memchr(b'\n', bytes).is_none() {
        return;
    }
    let mut found = Tables { text, cells };
    let is_ruled = memchr(b'|', bytes).is_some() && memmem::find(bytes, b"--").is_some();
    if is_ruled {
        found.ruled();
    }
    if memchr(b'<', bytes).is_some() {
        found.marked_up();
    }
    if memchr(b'(', bytes).is_some() {
        found.inserted();
    }
    if memchr(b'\n', bytes).is_some() {
        found.delimited(if is_ruled { b"\t,;" } else { b"\t,;|" });
    }
    placed::cells(text, cells);
}

struct Tables<'t> {
    text: &'t str,
    cells: &'t mut Vec<Cell>,
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

impl<'t> Tables<'t> {
    /// Cells between bars, below a head and a line of dashes.
    fn ruled(&mut self) {
        let (mut head, mut row) = (Row::default(), Row::default());
        let mut before: Option<Range<usize>> = None;
        let mut is_open = false;
        for line in lines(self.text) {
            let text = self.of(&line);
            if is_rule(text) {
                if let Some(names) = before.take().filter(|it| it.len() <= HEAD_BYTES_MAX) {
                    is_open = self.of(&names).trim_start().starts_with('|');
                    let names = self.inside_bars(&names, is_open);
                    head.fill(self.split(names, b'|'));
                }
            } else if memchr(b'|', text.as_bytes()).is_none() {
                head.clear();
                before = None;
            } else {
                if !head.is_empty() {
                    row.fill(self.split(self.inside_bars(&line, is_open), b'|'));
                    self.row(&head, &row);
                    self.named_row(&row);
                }
                before = Some(line);
            }
        }
    }

    /// `<table>` and `<dl>`.
    fn marked_up(&mut self) {
        let (mut head, mut row) = (Row::default(), Row::default());
        // The cell that is open has no text so far.
        let mut is_open = false;
        // The row begins with a name, and its values follow: `<th>Phone</th><td>0300 …</td>`.
        let mut is_named = false;
        let mut term: Option<Range<usize>> = None;
        let mut opened = Element::Other;
        // The list of a form that is open, of which one entry is chosen.
        let mut list: Option<Range<usize>> = None;
        let bytes = self.text.as_bytes();
        let mut past = 0;
        for at in memchr_iter(b'<', bytes) {
            if at < past {
                continue;
            }
            let rest = bytes.get(at + 1..).unwrap_or_default();
            let element = Element::of(rest);
            match element {
                Element::Row | Element::TableEnd => {
                    self.row(&head, &row);
                    self.named_row(&row);
                    if head.is_empty() && !is_named {
                        std::mem::swap(&mut head, &mut row);
                    }
                    is_named = false;
                    row.clear();
                    if element == Element::TableEnd {
                        head.clear();
                    }
                    is_open = false;
                }
                Element::Cell => {
                    let is_head = matches!(rest, [b't' | b'T', b'h' | b'H', ..]);
                    is_named = is_head && row.is_empty() || is_named && !is_head;
                    row.push(at..at);
                    is_open = true;
                }
                Element::Term | Element::Detail => is_open = true,
                Element::Control => self.control(at),
                Element::List => list = self.name_of(at + "<select".len(), at),
                Element::ListEnd => list = None,
                Element::Entry => {
                    if let Some(name) = &list {
                        self.entry(at, name.clone());
                    }
                }
                Element::End => is_open = false,
                Element::Other => {}
            }
            if matches!(element, Element::Cell | Element::Term | Element::Detail) {
                opened = element;
            }
            if !is_open {
                continue;
            }
            // What stands between this mark and the next.
            let mark = rest.get(..MARK_BYTES_MAX).unwrap_or(rest);
            let Some(end) = memchr(b'>', mark).map(|end| at + 2 + end) else { continue };
            past = end;
            let text = bytes.get(end..).unwrap_or_default();
            let inside = end..end + memchr(b'<', text).unwrap_or(text.len());
            let inside = self.trimmed(inside);
            if inside.is_empty() {
                continue;
            }
            is_open = false;
            match opened {
                Element::Cell => {
                    if let Some(cell) = row.last_mut() {
                        *cell = inside;
                    }
                }
                Element::Term => term = Some(inside),
                Element::Detail => {
                    if let Some(name) = term.take() {
                        self.tell(&name, &inside);
                    }
                }
                Element::Row
                | Element::TableEnd
                | Element::Control
                | Element::List
                | Element::ListEnd
                | Element::Entry
                | Element::End
                | Element::Other => {}
            }
        }
        self.row(&head, &row);
    }

    /// `INSERT INTO people (name, phone) VALUES ('…', '…'), …`.
    fn inserted(&mut self) {
        let bytes = self.text.as_bytes();
        let (mut head, mut row) = (Row::default(), Row::default());
        for word in ["VALUES", "values"] {
            let mut past = 0;
            for at in memmem::find_iter(bytes, word) {
                // Inside a value that was read the word begins no rows of its own.
                if at < past {
                    continue;
                }
                let names = bytes.get(..at).unwrap_or_default().trim_ascii_end();
                let Some(names) = names.strip_suffix(b")") else { continue };
                let floor = names.len().saturating_sub(HEAD_BYTES_MAX);
                let Some(start) = names.get(floor..).and_then(|it| memchr::memrchr(b'(', it))
                else {
                    continue;
                };
                head.fill(self.split(floor + start + 1..names.len(), b','));
                let mut next = at + word.len();
                while let Some(open) = self.behind(next, b'(') {
                    row.clear();
                    let mut from = open;
                    let end = loop {
                        let value = self.literal(from);
                        let end = value.end;
                        row.push(self.trimmed(value));
                        match self.behind(end, b',') {
                            Some(next) => from = next,
                            None => break end,
                        }
                    };
                    self.row(&head, &row);
                    past = end;
                    let Some(close) = self.behind(end, b')') else { break };
                    let Some(comma) = self.behind(close, b',') else { break };
                    next = comma;
                }
            }
        }
    }

    /// Lines with the same signs between their values, of which the first has names. A title or a comment may stand
    /// before that, and another table behind.
    fn delimited(&mut self, signs: &[u8]) {
        let (mut head, mut row) = (Row::default(), Row::default());
        let mut delimiter = b',';
        let mut is_first = true;
        for line in lines(self.text) {
            let text = self.of(&line);
            if text.is_empty() {
                head.clear();
                is_first = true;
                continue;
            }
            if !head.is_empty() {
                row.fill(self.fields(line.clone(), delimiter));
                if row.len() == head.len() {
                    self.row(&head, &row);
                    continue;
                }
                head.clear();
            }
            let names_min = if std::mem::take(&mut is_first) { 1 } else { NAMES_MIN };
            if text.len() > HEAD_BYTES_MAX {
                continue;
            }
            let Some(sign) =
                signs.iter().copied().find(|sign| memchr(*sign, text.as_bytes()).is_some())
            else {
                continue;
            };
            head.fill(self.fields(line, sign));
            delimiter = sign;
            if head.len() < names_min || !self.are_names(&head) {
                head.clear();
            }
        }
    }

    /// Whether cells head columns: all of them are names, or most are and the others are filled.
    fn are_names(&self, cells: &[Range<usize>]) -> bool {
        let names = cells.iter().filter(|cell| is_name(self.of(cell))).count();
        2 * names > cells.len() && cells.iter().all(|cell| !cell.is_empty())
    }

    fn row(&mut self, head: &[Range<usize>], row: &[Range<usize>]) {
        for (name, value) in head.iter().zip(row) {
            self.tell(name, value);
        }
    }

    /// Of two cells the first may be the name of the second: `| Phone | 0300 … |`.
    fn named_row(&mut self, row: &[Range<usize>]) {
        if let [name, value] = row {
            self.tell(name, value);
        }
    }

    fn tell(&mut self, name: &Range<usize>, value: &Range<usize>) {
        let label = self.of(name).trim_end_matches([':', '：', ' ']).len();
        let name = name.start..name.start + label;
        if !name.is_empty() && name.len() <= NAME_BYTES_MAX && !value.is_empty() {
            let name = Name::Written(name);
            self.cells.push(Cell { name, value: value.clone(), is_of_a_program: false });
        }
    }

    /// `<input name="phone" value="0300 …">` (HTML §4.10.5) and `<textarea name="address">…</textarea>`, whose mark
    /// begins at `at`.
    fn control(&mut self, at: usize) {
        let bytes = self.text.as_bytes();
        let is_field = bytes.get(at + 1).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'i'));
        let end = text_limit(bytes, at);
        let (mut name, mut value) = (None, None);
        let mut next = at + if is_field { "<input".len() } else { "<textarea".len() };
        while let Some((attribute, found)) = self.attribute(&mut next, end) {
            let is_called = |known: &str| self.of(&attribute).eq_ignore_ascii_case(known);
            if is_called("name") {
                name = Some(found);
            } else if is_called("value") && is_field {
                value = Some(found);
            }
        }
        if !is_field && bytes.get(next) == Some(&b'>') {
            let text = bytes.get(next + 1..end).unwrap_or_default();
            let length = memchr(b'<', text).unwrap_or(text.len());
            value = Some(next + 1..next + 1 + length);
        }
        if let (Some(name), Some(value)) = (name.filter(is_name_of_a_field), value) {
            self.tell_field(name, value);
        }
    }

    /// The name of the control whose attributes begin at `next`, in the mark at `at`.
    fn name_of(&self, mut next: usize, at: usize) -> Option<Range<usize>> {
        let end = text_limit(self.text.as_bytes(), at);
        std::iter::from_fn(|| self.attribute(&mut next, end))
            .find(|(attribute, _)| self.of(attribute).eq_ignore_ascii_case("name"))
            .map(|(_, name)| name)
            .filter(is_name_of_a_field)
    }

    /// `<option value="f" selected>Female</option>` (HTML §4.10.10), whose mark begins at `at`, of the list `name`.
    fn entry(&mut self, at: usize, name: Range<usize>) {
        let bytes = self.text.as_bytes();
        let end = text_limit(bytes, at);
        let (mut is_chosen, mut value) = (false, None);
        let mut next = at + "<option".len();
        while let Some((attribute, found)) = self.attribute(&mut next, end) {
            is_chosen |= self.of(&attribute).eq_ignore_ascii_case("selected");
            if self.of(&attribute).eq_ignore_ascii_case("value") {
                value = Some(found);
            }
        }
        if !is_chosen || bytes.get(next) != Some(&b'>') {
            return;
        }
        let text = bytes.get(next + 1..end).unwrap_or_default();
        let shown = next + 1..next + 1 + memchr(b'<', text).unwrap_or(text.len());
        if let Some(value) = value {
            self.tell_field(name.clone(), value);
        }
        self.tell_field(name, shown);
    }

    fn tell_field(&mut self, name: Range<usize>, value: Range<usize>) {
        let value = self.trimmed(value);
        if !value.is_empty() {
            self.cells.push(Cell { name: Name::Written(name), value, is_of_a_program: true });
        }
    }

    /// The next attribute of a mark and its value, if it has one, which `next` then stands behind.
    fn attribute(&self, next: &mut usize, end: usize) -> Option<(Range<usize>, Range<usize>)> {
        let bytes = self.text.as_bytes();
        let run = |from: usize, is_of_it: fn(&u8) -> bool| {
            let rest = bytes.get(from..end).unwrap_or_default();
            from + rest.iter().take_while(|byte| is_of_it(byte)).count()
        };
        let start = run(*next, |byte| byte.is_ascii_whitespace() || *byte == b'/');
        let name = start..run(start, |byte| byte.is_ascii_alphanumeric() || b"-_:".contains(byte));
        *next = name.end;
        if name.is_empty() {
            return None;
        }
        if bytes.get(name.end) != Some(&b'=') {
            return Some((name.clone(), name.end..name.end));
        }
        let from = name.end + 1;
        let value = match bytes.get(from) {
            Some(quote @ (b'"' | b'\'')) => {
                let length = memchr(*quote, bytes.get(from + 1..end)?)?;
                *next = from + 1 + length + 1;
                from + 1..from + 1 + length
            }
            _ => {
                *next = run(from, |byte| !byte.is_ascii_whitespace() && *byte != b'>');
                from..*next
            }
        };
        Some((name, value))
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

    /// The line between the bars at its ends, of which the first is one where the head has it too.
    fn inside_bars(&self, line: &Range<usize>, is_open: bool) -> Range<usize> {
        let line = trimmed_of(self.text, line.clone(), [' ', '\t', '\r']);
        let found = self.of(&line);
        let opens = usize::from(is_open && found.starts_with('|'));
        let closes = usize::from(found.len() > opens && found.ends_with('|'));
        line.start + opens..line.end - closes
    }

    /// The same where a value may stand in quotes and may be empty.
    fn fields(&self, range: Range<usize>, sign: u8) -> impl Iterator<Item = Range<usize>> + 't {
        pieces(self.text, range, sign, true)
    }

    /// Past `sign`, if it is the next thing behind `at`.
    fn behind(&self, at: usize, sign: u8) -> Option<usize> {
        let rest = self.text.as_bytes().get(at..)?;
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        (rest.get(blank) == Some(&sign)).then_some(at + blank + 1)
    }

    /// The value at `at` of a list: in single or double quotes, or up to a comma or a bracket.
    fn literal(&self, at: usize) -> Range<usize> {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(at..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let start = at + blank;
        let quote = match bytes.get(start) {
            Some(quote @ (b'\'' | b'"')) => *quote,
            _ => {
                let rest = bytes.get(start..).unwrap_or_default();
                let length = memchr::memchr3(b',', b')', b'\n', rest).unwrap_or(rest.len());
                return start..start + length;
            }
        };
        let mut end = start + 1;
        while let Some(byte) = bytes.get(end) {
            let next = bytes.get(end + 1);
            match byte {
                b'\\' => end += 1,
                byte if *byte == quote && next == Some(&quote) => end += 1,
                byte if *byte == quote => return start..end + 1,
                _ => {}
            }
            end += 1;
        }
        start..bytes.len()
    }
}

/// What a mark of a web page means for a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    /// A row begins or ends.
    Row,
    TableEnd,
    Cell,
    Term,
    Detail,
    /// A field of a form.
    Control,
    /// A list of a form begins, or ends, or an entry of it begins.
    List,
    ListEnd,
    Entry,
    /// A cell, term or detail ends.
    End,
    Other,
}

impl Element {
    /// Of what stands behind `<`.
    fn of(rest: &[u8]) -> Self {
        let (is_end, rest) = match rest {
            [b'/', rest @ ..] => (true, rest),
            _ => (false, rest),
        };
        if is_end && rest.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"table")) {
            return Self::TableEnd;
        }
        let is_called = |name: &[u8]| {
            rest.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name))
                && rest.get(name.len()).is_some_and(u8::is_ascii_whitespace)
        };
        if !is_end && (is_called(b"input") || is_called(b"textarea")) {
            return Self::Control;
        }
        if rest.get(..6).is_some_and(|name| name.eq_ignore_ascii_case(b"select")) && is_end {
            return Self::ListEnd;
        }
        if !is_end && is_called(b"select") {
            return Self::List;
        }
        if !is_end && is_called(b"option") {
            return Self::Entry;
        }
        let [first, second, behind, ..] = rest else { return Self::Other };
        if behind.is_ascii_alphanumeric() {
            return Self::Other;
        }
        match (first | 0x20, second | 0x20) {
            (b't', b'r') => Self::Row,
            (b't', b'd' | b'h') | (b'd', b't' | b'd') if is_end => Self::End,
            (b't', b'd' | b'h') => Self::Cell,
            (b'd', b't') => Self::Term,
            (b'd', b'd') => Self::Detail,
            _ => Self::Other,
        }
    }
}

fn is_name_of_a_field(name: &Range<usize>) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX
}

/// Where the mark that begins at `at` is given up, and what stands in it.
fn text_limit(bytes: &[u8], at: usize) -> usize {
    bytes.len().min(at + CONTROL_BYTES_MAX)
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

/// The line below a head: `|---|:--:|`, `----+----`.
fn is_rule(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.iter().filter(|byte| **byte == b'-').count() >= 2
        && bytes.iter().all(|byte| matches!(byte, b'-' | b'+' | b'|' | b':' | b' ' | b'\t'))
}

/// What may head a column: a word, or up to three.
fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.split(' ').count() <= 3
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        cells(text, &mut found);
        let of = |range: Range<usize>| text.get(range).unwrap();
        let told = |cell: Cell| format!("{}={}", cell.name.of(text), of(cell.value));
        found.into_iter().map(told).collect()
    }

    #[test]
    fn tables_of_markdown_and_of_database_shells() {
        for text in [
            "Here:\n\n| Name | Phone |\n|------|:-----:|\n| Sana Khan | 0300 1 |\n| Ali | |\n\nend",
            " Name | Phone\n------+------\n Sana Khan | 0300 1\n Ali |\n(2 rows)",
            "+-----+-----+\n| Name | Phone |\n+-----+-----+\n| Sana Khan | 0300 1 |\n| Ali ||\n+--+--+\n",
            "Name | Phone\r\n--- | ---\r\nSana Khan | 0300 1\r\nAli |",
        ] {
            let expected = ["Name=Sana Khan", "Phone=0300 1", "Sana Khan=0300 1", "Name=Ali"];
            assert_eq!(read(text), expected, "{text}");
        }
        let text = "| Field | Value | Since |\n|---|---|---|\n| Phone | 0300 1 | 2026 |";
        assert_eq!(read(text), ["Field=Phone", "Value=0300 1", "Since=2026"]);
        for text in ["a | b\nc | d", "|---|---|", "a -- b | c\nd -- e | f\n"] {
            assert!(read(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn tables_of_web_pages() {
        for (text, expected) in [
            (
                "<TABLE class='x'><tr><th>Name<th>Phone</tr><tr><td><b>Sana</b> K</td><td>0300</td></tr></TABLE>",
                &["Name=Phone", "Name=Sana", "Phone=0300", "Sana=0300"][..],
            ),
            (
                "<table><thead><tr><td>Name</td><td>Phone</td></tr></thead><tbody>\n<tr>\n<td></td><td> 0300 </td></table>",
                &["Name=Phone", "Phone=0300"],
            ),
            (
                "<table><tr><th>Phone:</th><td>0300</td></tr><tr><th>Name</th><td>Sana</td></tr></table>",
                &["Phone=0300", "Name=Sana"],
            ),
            ("<dl><dt>Phone</dt><dd><a href=x>0300</a></dd></dl>", &["Phone=0300"]),
            (
                "<form><input type='tel' name=phone value='0300'><INPUT value=\"a > b\" name=\"note\"/><input name=x></form>",
                &["phone=0300", "note=a > b"],
            ),
            (
                "<textarea rows=2 name=\"address\">12 Mill Lane\n</textarea>",
                &["address=12 Mill Lane"],
            ),
            (
                "<select id=x name='gender'><option value=m>Male<option value=\"f\" selected>Female</option></select><option selected>No",
                &["gender=f", "gender=Female"],
            ),
            (
                "<SELECT NAME=faith><OPTION SELECTED=\"selected\">Islam</OPTION><option>None</option></SELECT>",
                &["faith=Islam"],
            ),
            ("<input disabled name=a required value=bcd>", &["a=bcd"]),
            ("<input name=\"open value=", &[]),
            ("<inputs name=a value=b>", &[]),
            ("if a <tr and b < td then <th", &[]),
            ("<track><thead><td", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn rows_to_be_inserted() {
        for (text, expected) in [
            (
                "INSERT INTO t (`name`, phone) VALUES ('Sana, K', 0300), ('O''Neil', NULL) ;",
                &["name=Sana, K", "phone=0300", "name=O''Neil", "phone=NULL"][..],
            ),
            ("insert into t(name,phone)values('a\\'b' , '0')", &["name=a\\'b", "phone=0"]),
            ("INSERT INTO t (name) VALUES ('open", &["name=open"]),
            ("t(a) values ('x'); t(b) VALUES ('y')", &["b=y", "a=x"]),
            ("t(a) VALUES ('(b) VALUES (1)'), ('y')", &["a=(b) VALUES (1)", "a=y"]),
            ("f(x) VALUES y", &[]),
            ("the values (a, b) are", &[]),
            ("t (a) VALUES (", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn lines_of_values_behind_a_line_of_names() {
        for (text, expected) in [
            (
                "name,phone\n\"Khan, Sana\",0300\nAli,\n",
                &["name=Khan, Sana", "phone=0300", "name=Ali"][..],
            ),
            (
                "See below.\n\nFull name\tPhone\nSana\t0300\n\nbye",
                &["Full name=Sana", "Phone=0300"],
            ),
            (
                "Members of March\r\nid,birthday,2026-11\r\n7,1996-04-12,1\r\n",
                &["id=7", "birthday=1996-04-12", "2026-11=1"],
            ),
            ("a,b\n1,2\n# c\nx,y,z\n3,4,5", &["a=1", "b=2", "x=3", "y=4", "z=5"]),
            ("Dear Sana,\nthank you, Ali", &[]),
            ("a,b\n1,2,3\n4,5", &[]),
            ("2026-11-28,x\ny,z", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
