//! Tables of Markdown and of database shells: cells between bars, below a head and a line of dashes.

use std::ops::Range;

use memchr::memchr;

use super::{HEAD_BYTES_MAX, Row, Tables, lines, trimmed_of};

impl Tables<'_, '_> {
    /// Cells between bars, below a head and a line of dashes.
    pub(super) fn ruled(&mut self) {
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

    /// The line between the bars at its ends, of which the first is one where the head has it too.
    fn inside_bars(&self, line: &Range<usize>, is_open: bool) -> Range<usize> {
        let line = trimmed_of(self.text, line.clone(), [' ', '\t', '\r']);
        let found = self.of(&line);
        let opens = usize::from(is_open && found.starts_with('|'));
        let closes = usize::from(found.len() > opens && found.ends_with('|'));
        line.start + opens..line.end - closes
    }
}

/// The line below a head: `|---|:--:|`, `----+----`.
fn is_rule(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.iter().filter(|byte| **byte == b'-').count() >= 2
        && bytes.iter().all(|byte| matches!(byte, b'-' | b'+' | b'|' | b':' | b' ' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

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
}
