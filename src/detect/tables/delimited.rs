//! Lines of values behind a line of their names.

use std::ops::Range;

use memchr::memchr;

use super::{HEAD_BYTES_MAX, NAME_BYTES_MAX, Row, Tables, lines, pieces};

/// A line within a text that heads a table has so many names: a comma is in many a sentence.
const NAMES_MIN: usize = 3;

impl Tables<'_, '_> {
    /// Lines with the same signs between their values, of which the first has names. A title or a comment may stand
    /// before that, and another table behind.
    pub(super) fn delimited(&mut self, signs: &[u8]) {
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

    /// What stands between the signs, where a value may stand in quotes and may be empty.
    fn fields(&self, range: Range<usize>, sign: u8) -> impl Iterator<Item = Range<usize>> + '_ {
        pieces(self.text, range, sign, true)
    }
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
    use super::super::tests::read;

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
