//! Fields of forms in web pages, with what somebody filled in (HTML §4.10).

use std::ops::Range;

use memchr::memchr;

use super::{Cell, NAME_BYTES_MAX, Name, Tables};

/// Longest mark of a field of a form with what stands in it.
const CONTROL_BYTES_MAX: usize = 2048;

impl Tables<'_, '_> {
    /// `<input name="phone" value="0300 …">` (HTML §4.10.5) and `<textarea name="address">…</textarea>`, whose mark
    /// begins at `at`.
    pub(super) fn control(&mut self, at: usize) {
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
    pub(super) fn name_of(&self, mut next: usize, at: usize) -> Option<Range<usize>> {
        let end = text_limit(self.text.as_bytes(), at);
        std::iter::from_fn(|| self.attribute(&mut next, end))
            .find(|(attribute, _)| self.of(attribute).eq_ignore_ascii_case("name"))
            .map(|(_, name)| name)
            .filter(is_name_of_a_field)
    }

    /// `<option value="f" selected>Female</option>` (HTML §4.10.10), whose mark begins at `at`, of the list `name`.
    pub(super) fn entry(&mut self, at: usize, name: Range<usize>) {
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
            (self.show)(Cell { name: Name::Written(name), value, is_of_a_program: true });
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
}

fn is_name_of_a_field(name: &Range<usize>) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX
}

/// Where the mark that begins at `at` is given up, and what stands in it.
fn text_limit(bytes: &[u8], at: usize) -> usize {
    bytes.len().min(at + CONTROL_BYTES_MAX)
}
