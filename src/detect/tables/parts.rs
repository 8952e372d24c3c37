//! The parts of a multipart form that stands in a text (RFC 7578), whole or as much of it as was copied.

use memchr::{memchr, memmem};

use super::{NAME_BYTES_MAX, Tables};

/// Longest header of a part, bytes.
const HEADER_BYTES_MAX: usize = 512;

impl Tables<'_, '_> {
    /// `Content-Disposition: form-data; name="phone"`, a blank line, and the value up to the next delimiter.
    pub(super) fn parts(&mut self) {
        let bytes = self.text.as_bytes();
        let mut past = 0;
        for at in memmem::find_iter(bytes, b"form-data;") {
            if at < past {
                continue;
            }
            // Of a longer line the name is not looked for: there may be as many of these words in it as there is room.
            let near = bytes.get(at..bytes.len().min(at + HEADER_BYTES_MAX)).unwrap_or_default();
            let Some(length) = memchr(b'\n', near) else { continue };
            let line_end = at + length + 1;
            let Some(name) = self.parameter(at, line_end) else { continue };
            // Other headers of the part may follow.
            let mut start = line_end;
            while let next = self.line_end(start)
                && next > start
                && !bytes.get(start..next).unwrap_or_default().trim_ascii().is_empty()
            {
                start = next;
            }
            start = self.line_end(start);
            let content = bytes.get(start..).unwrap_or_default();
            let end =
                if content.starts_with(b"--") { Some(0) } else { memmem::find(content, b"\n--") };
            past = start + end.unwrap_or(content.len());
            let value = self.trimmed(start..past);
            self.tell_of_a_program(&name, &value);
        }
    }

    /// Past the end of the line at `at`.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        at + memchr(b'\n', rest).map_or(rest.len(), |length| length + 1)
    }

    /// What a header says that its part is called.
    fn parameter(&self, from: usize, to: usize) -> Option<std::ops::Range<usize>> {
        const NAME: &[u8] = b" name=\"";
        let header = self.text.as_bytes().get(from..to)?;
        let start = memmem::find(header, NAME)? + NAME.len();
        let length = memchr(b'"', header.get(start..)?)?;
        (length <= NAME_BYTES_MAX).then_some(from + start..from + start + length)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn parts_of_a_form() {
        for (text, expected) in [
            (
                "--X\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n0300\r\n--X\r\nContent-Disposition: form-data; name=\"note\"\r\nContent-Type: text/plain\r\n\r\na\r\nb\r\n--X--\r\n",
                &["phone=0300", "note=a\r\nb"][..],
            ),
            (
                "POST /u\nContent-Type: multipart/form-data; boundary=X\n\n--X\nContent-Disposition: form-data; name=\"a\"\n\nb\n--X--",
                &["a=b"],
            ),
            (
                "--X\nContent-Disposition: form-data; name=\"open\"\n\nuntil here",
                &["open=until here"],
            ),
            ("--X\nContent-Disposition: form-data; name=\"none\"\n\n\n--X--", &[]),
            ("--X\nContent-Disposition: form-data; name=\"cut", &[]),
            ("it was form-data; as ever\n\nand so on", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
