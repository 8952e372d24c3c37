//! Elements of XML that stand side by side in a text, as in a section of CDATA: `<id>7</id><phone>0300</phone>`.

use memchr::memchr_iter;

use super::{NAME_BYTES_MAX, Tables};

/// Elements of web pages; those of one or two letters are others. Some are called as members of records are.
const OF_PAGES: [&str; 12] = [
    "title", "address", "label", "data", "option", "summary", "time", "code", "span", "div",
    "cite", "legend",
];
const NAME_BYTES_MIN: usize = 3;

impl Tables<'_, '_> {
    /// An element without attributes, with a text and nothing else in it.
    pub(super) fn elements(&mut self) {
        let bytes = self.text.as_bytes();
        // The name of the mark before, and where its text begins.
        let mut open: Option<(std::ops::Range<usize>, usize)> = None;
        for at in memchr_iter(b'<', bytes) {
            let rest = bytes.get(at + 1..).unwrap_or_default();
            let (is_end, inner) = match rest {
                [b'/', inner @ ..] => (true, inner),
                _ => (false, rest),
            };
            let begun = open.take();
            let length =
                inner.iter().take(NAME_BYTES_MAX).take_while(|it| is_of_a_name(**it)).count();
            if length < NAME_BYTES_MIN || inner.get(length) != Some(&b'>') {
                continue;
            }
            let start = at + 1 + usize::from(is_end);
            let name = start..start + length;
            match begun {
                Some((begun, text)) if is_end && self.of(&begun) == self.of(&name) => {
                    let value = self.trimmed(text..at);
                    if !OF_PAGES.iter().any(|page| page.eq_ignore_ascii_case(self.of(&name))) {
                        self.tell_of_a_program(&begun, &value);
                    }
                }
                Some(_) | None if !is_end => open = Some((name.clone(), name.end + 1)),
                Some(_) | None => {}
            }
        }
    }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte) || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn elements_side_by_side() {
        for (text, expected) in [
            ("<ref>u1</ref><phone> 0300 </phone>", &["ref=u1", "phone=0300"][..]),
            ("see <u><ns:phone>0300</ns:phone></u> above", &["ns:phone=0300"]),
            ("<phone>0300<fax>1</fax></phone>", &["fax=1"]),
            ("<h1>0300</h1><Code>1</Code>", &[]),
            ("<phone></phone><phone>0300</fax>", &[]),
            ("<address>Mill Lane</address>", &[]),
            ("a <b and c> d </b", &[]),
            ("if x<y> then </y", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
