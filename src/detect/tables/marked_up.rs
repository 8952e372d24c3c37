//! Tables of web pages: `<table>` and `<dl>`, and the marks between which their cells stand.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::{Row, Tables};

/// Longest mark of a web page around the text of a cell.
const MARK_BYTES_MAX: usize = 512;

impl Tables<'_, '_> {
    /// `<table>` and `<dl>`.
    pub(super) fn marked_up(&mut self) {
        Page::new(self).read();
    }
}

/// A web page, read mark by mark.
struct Page<'p, 't, 's> {
    tables: &'p mut Tables<'t, 's>,
    head: Row,
    row: Row,
    /// The row begins with a name, and its values follow: `<th>Phone</th><td>0300 …</td>`.
    is_named: bool,
    /// What is open and has no text so far.
    open: Option<Open>,
    term: Option<Range<usize>>,
    /// The name of the list of a form that is open, of which one entry is chosen.
    list: Option<Range<usize>>,
}

#[derive(Debug, Clone, Copy)]
enum Open {
    Cell,
    Term,
    Detail,
}

impl<'p, 't, 's> Page<'p, 't, 's> {
    fn new(tables: &'p mut Tables<'t, 's>) -> Self {
        let (head, row) = (Row::default(), Row::default());
        Self { tables, head, row, is_named: false, open: None, term: None, list: None }
    }

    fn read(mut self) {
        let bytes = self.tables.text.as_bytes();
        let mut past = 0;
        for at in memchr_iter(b'<', bytes) {
            if at < past {
                continue;
            }
            self.mark(at);
            let Some(open) = self.open else { continue };
            let Some(inside) = self.behind_mark(at) else { continue };
            past = inside.start;
            let inside = self.tables.trimmed(inside);
            if !inside.is_empty() {
                self.open = None;
                self.filled(open, inside);
            }
        }
        self.tables.row(&self.head, &self.row);
    }

    /// The mark that begins at `at`.
    fn mark(&mut self, at: usize) {
        let rest = self.tables.text.as_bytes().get(at + 1..).unwrap_or_default();
        match Element::of(rest) {
            Element::Row => self.end_row(),
            Element::TableEnd => {
                self.end_row();
                self.head.clear();
            }
            // A row of names alone is a head.
            Element::Head => {
                self.is_named = self.row.is_empty();
                self.cell(at);
            }
            Element::Cell => self.cell(at),
            Element::Term => self.open = Some(Open::Term),
            Element::Detail => self.open = Some(Open::Detail),
            Element::Control => self.tables.control(at),
            Element::List => self.list = self.tables.name_of(at + "<select".len(), at),
            Element::ListEnd => self.list = None,
            Element::Entry => {
                if let Some(name) = &self.list {
                    self.tables.entry(at, name.clone());
                }
            }
            Element::End => self.open = None,
            Element::Other => {}
        }
    }

    /// The first row is the head of those below, unless it begins with a name of its own.
    fn end_row(&mut self) {
        self.tables.row(&self.head, &self.row);
        self.tables.named_row(&self.row);
        if self.head.is_empty() && !self.is_named {
            std::mem::swap(&mut self.head, &mut self.row);
        }
        self.is_named = false;
        self.row.clear();
        self.open = None;
    }

    fn cell(&mut self, at: usize) {
        self.row.push(at..at);
        self.open = Some(Open::Cell);
    }

    /// What stands between the mark at `at` and the next.
    fn behind_mark(&self, at: usize) -> Option<Range<usize>> {
        let bytes = self.tables.text.as_bytes();
        let rest = bytes.get(at + 1..)?;
        let mark = rest.get(..MARK_BYTES_MAX).unwrap_or(rest);
        let start = at + 2 + memchr(b'>', mark)?;
        let text = bytes.get(start..).unwrap_or_default();
        Some(start..start + memchr(b'<', text).unwrap_or(text.len()))
    }

    fn filled(&mut self, open: Open, inside: Range<usize>) {
        match open {
            Open::Cell => {
                if let Some(cell) = self.row.last_mut() {
                    *cell = inside;
                }
            }
            Open::Term => self.term = Some(inside),
            Open::Detail => {
                if let Some(name) = self.term.take() {
                    self.tables.tell(&name, &inside);
                }
            }
        }
    }
}

/// What a mark of a web page means for a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    /// A row begins or ends.
    Row,
    TableEnd,
    /// A cell, which names others.
    Head,
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
            (b't', b'h') => Self::Head,
            (b't', b'd') => Self::Cell,
            (b'd', b't') => Self::Term,
            (b'd', b'd') => Self::Detail,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

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
}
