//! Tables of web pages: `<table>` and `<dl>`, and the marks between which their cells stand.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::{Row, Tables};

/// Longest mark of a web page around the text of a cell.
const MARK_BYTES_MAX: usize = 512;

impl Tables<'_> {
    /// `<table>` and `<dl>`.
    pub(super) fn marked_up(&mut self) {
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
