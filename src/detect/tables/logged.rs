//! Logs that say themselves what stands in their lines: the extended log format of the W3C, `#Fields: date c-ip
//! cs-username`, and lines behind `#fields` between tabs.

use std::ops::Range;

use super::{HEAD_BYTES_MAX, NAME_BYTES_MAX, Row, Tables, lines, pieces};

const FIELDS: &str = "#fields";

impl Tables<'_, '_> {
    /// Lines below one that names their fields. A log begins with such a line, or with others of its kind.
    pub(super) fn logged(&mut self) {
        if !self.text.trim_start_matches(['\u{feff}', '\r', '\n']).starts_with('#') {
            return;
        }
        let (mut head, mut row) = (Row::default(), Row::default());
        let mut sign = b' ';
        for line in lines(self.text) {
            let text = self.of(&line);
            if !text.starts_with('#') {
                if !head.is_empty() {
                    row.fill(pieces(self.text, line, sign, true));
                    self.named_fields(&head, &row);
                }
                continue;
            }
            let is_head =
                text.get(..FIELDS.len()).is_some_and(|it| it.eq_ignore_ascii_case(FIELDS));
            if !is_head || text.len() > HEAD_BYTES_MAX {
                continue;
            }
            let names = text.get(FIELDS.len()..).unwrap_or_default();
            sign = if names.contains('\t') { b'\t' } else { b' ' };
            let names = names.trim_start_matches([':', ' ', '\t']);
            let names = line.end - names.len()..line.end;
            head.fill(pieces(self.text, names, sign, false));
            for name in head.iter_mut() {
                *name = self.of_whom(name);
            }
        }
    }

    fn named_fields(&mut self, head: &[Range<usize>], row: &[Range<usize>]) {
        for (name, value) in head.iter().zip(row) {
            // What is not known is a dash (W3C, Extended Log File Format, Entries).
            if self.of(value) != "-" && name.len() <= NAME_BYTES_MAX {
                self.tell_of_a_program(name, value);
            }
        }
    }

    /// A name without what says between whom its value went, `cs-username`, or in which header, `cs(User-Agent)`.
    fn of_whom(&self, name: &Range<usize>) -> Range<usize> {
        const PREFIXES: [&str; 4] = ["cs", "sc", "c", "x"];
        let text = self.of(name);
        let prefixed = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
        let header = prefixed.and_then(|it| it.strip_prefix('(')?.strip_suffix(')'));
        if let Some(header) = header {
            return name.end - 1 - header.len()..name.end - 1;
        }
        match prefixed.and_then(|it| it.strip_prefix('-')) {
            Some(own) => name.end - own.len()..name.end,
            None => name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn lines_of_a_log_are_named_by_its_head() {
        for (text, expected) in [
            (
                "#Version: 1.0\r\n#Fields: date cs-username c-ip cs(User-Agent) sc-status\r\n\
                 2026-01-02 sana.khan 203.0.113.5 Mi/5.0+(x) 200\r\n2026-01-02 - - - 304\r\n",
                &[
                    "date=2026-01-02",
                    "username=sana.khan",
                    "ip=203.0.113.5",
                    "User-Agent=Mi/5.0+(x)",
                    "status=200",
                    "date=2026-01-02",
                    "status=304",
                ][..],
            ),
            // Named anew further down.
            (
                "#Fields: cs-username x\na 1\n#Remark: none\nb 2\n#Fields: x cs-username\n3 c",
                &["username=a", "x=1", "username=b", "x=2", "x=3", "username=c"],
            ),
            ("#separator \\x09\n#fields\tts\tuser\n1\tsana k\n", &["ts=1", "user=sana k"]),
            ("# Fields: a b\nc d\n", &[]),
            ("#Fields:\nc d\n", &[]),
            ("notes\n#Fields: date cs-username\n2026 sana\n", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
