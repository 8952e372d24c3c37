//! Arrays and objects as PHP writes them: `a:1:{s:5:"phone";s:4:"0300";}`.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::{NAME_BYTES_MAX, Tables};

impl Tables<'_, '_> {
    /// A text that names the value behind it: of a text, a number or a flag.
    pub(super) fn serialised(&mut self) {
        let bytes = self.text.as_bytes();
        let mut past = 0;
        for at in memmem::find_iter(bytes, b"s:") {
            let before = at.checked_sub(1).and_then(|it| bytes.get(it));
            if at < past || !matches!(before, Some(b'{' | b';' | b'}')) {
                continue;
            }
            let Some((name, next)) = self.text_at(at) else { continue };
            past = next;
            if name.len() > NAME_BYTES_MAX {
                continue;
            }
            if let Some((value, next)) = self.text_at(next).or_else(|| self.number_at(next)) {
                self.tell_of_a_program(&name, &value);
                past = next;
            }
        }
    }

    /// `s:4:"0300";`, and where the next begins. Its length is in bytes.
    fn text_at(&self, at: usize) -> Option<(Range<usize>, usize)> {
        const DIGITS_MAX: usize = 7;
        let rest = self.text.as_bytes().get(at..)?.strip_prefix(b"s:")?;
        let digits = memchr(b':', rest.get(..rest.len().min(DIGITS_MAX + 1))?)?;
        let length: usize = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
        let text = rest.get(digits + 1..)?.strip_prefix(b"\"")?;
        let start = at + b"s:".len() + digits + b":\"".len();
        let is_whole = text.get(length..)?.starts_with(b"\";")
            && self.text.get(start..start + length).is_some();
        is_whole.then_some((start..start + length, start + length + b"\";".len()))
    }

    /// `i:29;`, `d:24.86;`, `b:1;`.
    fn number_at(&self, at: usize) -> Option<(Range<usize>, usize)> {
        const DIGITS_MAX: usize = 32;
        let rest = self.text.as_bytes().get(at..)?;
        let [b'i' | b'd' | b'b', b':', number @ ..] = rest else { return None };
        let length = memchr(b';', number.get(..number.len().min(DIGITS_MAX))?)?;
        Some((at + 2..at + 2 + length, at + 2 + length + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn what_php_has_serialised() {
        for (text, expected) in [
            (
                "a:3:{s:2:\"id\";s:2:\"u1\";s:4:\"name\";s:8:\"Sa\"na; K\";s:3:\"age\";i:29;}",
                &["id=u1", "name=Sa\"na; K", "age=29"][..],
            ),
            ("a:2:{i:0;a:1:{s:5:\"phone\";s:4:\"0300\";}s:1:\"x\";N;}", &["phone=0300"]),
            ("a:1:{s:5:\"phone\";s:9:\"0300\";}", &[]),
            ("a:1:{s:5:\"phone\";s:99999999999999999999:\"0300\";}", &[]),
            ("a:1:{s:2:\"né\";s:1:\"x\";} {s:", &[]),
            ("news: a{s:1:\"open", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
