//! Rows of statements that insert them into a database.

use std::ops::Range;

use memchr::memmem;

use super::{HEAD_BYTES_MAX, Row, Tables};

impl Tables<'_, '_> {
    /// `INSERT INTO people (name, phone) VALUES ('…', '…'), …`.
    pub(super) fn inserted(&mut self) {
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
                    self.row_of_a_program(&head, &row);
                    past = end;
                    let Some(close) = self.behind(end, b')') else { break };
                    let Some(comma) = self.behind(close, b',') else { break };
                    next = comma;
                }
            }
        }
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

#[cfg(test)]
mod tests {
    use super::super::tests::read;

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
}
