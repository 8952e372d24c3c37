//! A place in one line of JSON as the gateway writes it: no whitespace between tokens.
//!
//! Made for passing over what nobody asked for, which is most of a record. What is passed over is not
//! checked beyond its quotes and brackets: whether somebody changed a record is for `audit verify` to say.
//! `None` from any method: the line is not of that form, and a careful reader has to say what is wrong.

/// As many bytes as are compared at once.
const WORD: usize = 8;

pub(super) struct Cursor<'l> {
    text: &'l str,
    at: usize,
}

impl<'l> Cursor<'l> {
    pub(super) fn new(text: &'l str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Hands the name of each member to `each`, which reads its value.
    #[inline(always)]
    pub(super) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &'l str) -> Option<()>,
    ) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.take(b':')?;
            each(self, name)?;
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    /// Runs `each` on each element, which it reads.
    #[inline(always)]
    pub(super) fn array(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            each(self)?;
            if self.take(b',').is_none() {
                return self.take(b']');
            }
        }
    }

    /// A string without escapes.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Option<&'l str> {
        self.take(b'"')?;
        let start = self.at;
        self.at = self.quote()?;
        let text = self.text.get(start..self.at)?;
        self.take(b'"')?;
        Some(text)
    }

    pub(super) fn string_or_null(&mut self) -> Option<Option<&'l str>> {
        if self.peek() == Some(b'"') {
            return self.string().map(Some);
        }
        self.rest()?.starts_with(b"null").then(|| self.at += b"null".len())?;
        Some(None)
    }

    /// A whole number.
    pub(super) fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.text.get(start..self.at)?.parse().ok()
    }

    /// Passes over one value.
    #[inline(always)]
    pub(super) fn pass(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.pass_string(),
            b'{' | b'[' => self.pass_container(),
            _ => {
                let is_over = |byte: &u8| matches!(byte, b',' | b'}' | b']');
                self.at += self.rest()?.iter().position(is_over)?;
                Some(())
            }
        }
    }

    fn pass_container(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.pass_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    #[inline(always)]
    fn pass_string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            self.at = self.quote()?;
            if self.take(b'"').is_some() {
                return Some(());
            }
            // A backslash, and what it stands before.
            self.at += 2;
        }
    }

    #[inline(always)]
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn rest(&self) -> Option<&'l [u8]> {
        self.text.as_bytes().get(self.at..)
    }

    /// The offset of the next quote or backslash. A few instructions for the short strings of a record, where
    /// a search made for long ones takes as long to begin.
    #[inline(always)]
    fn quote(&self) -> Option<usize> {
        let is_found = |byte: &u8| matches!(byte, b'"' | b'\\');
        let (words, tail) = self.rest()?.as_chunks::<WORD>();
        for (number, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let found = zero_bytes(word ^ each(b'"')) | zero_bytes(word ^ each(b'\\'));
            if found != 0 {
                return Some(self.at + number * WORD + found.trailing_zeros() as usize / 8);
            }
        }
        let at = self.at + words.len() * WORD;
        tail.iter().position(is_found).map(|place| at + place)
    }
}

/// A word of that byte.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD])
}

/// The top bit of the lowest zero byte, and of none below it; zero without one.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(each(1)) & !word & each(0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_their_quote_wherever_it_stands() {
        for length in 0..40 {
            for before in 0..10 {
                let text = format!("{}\"{}\",\"next\"", " ".repeat(before), "é".repeat(length));
                let mut cursor = Cursor { text: &text, at: before };
                assert_eq!(cursor.string(), Some("é".repeat(length).as_str()));
                assert_eq!(cursor.rest(), Some(b",\"next\"".as_slice()), "{text}");
            }
        }
        assert_eq!(Cursor::new("\"no end").string(), None);
        assert_eq!(Cursor::new(r#""an \" escape""#).string(), None);
    }

    #[test]
    fn any_value_is_passed_over() {
        for value in [
            "7",
            "-1.5e3",
            "null",
            "true",
            r#""""#,
            r#""}]\"\\""#,
            "[]",
            "{}",
            r#"[{"a":["]"]},"}",[[]],1]"#,
            r#"{"\"}":{"b":"\\"},"c":[]}"#,
        ] {
            let text = format!("{value},rest");
            let mut cursor = Cursor::new(&text);
            assert_eq!(cursor.pass(), Some(()), "{value}");
            assert_eq!(cursor.rest(), Some(b",rest".as_slice()), "{value}");
            let is_closed = value.starts_with(['"', '[', '{']);
            for part in (1..value.len()).filter(|_| is_closed).filter_map(|end| value.get(..end)) {
                assert_eq!(Cursor::new(part).pass(), None, "{part}");
            }
        }
    }

    #[test]
    fn objects_and_arrays_are_read_member_by_member() {
        let mut cursor = Cursor::new(r#"{"a":[1,22],"b":null,"c":"x","d":[]}"#);
        let (mut numbers, mut texts) = (Vec::<u32>::new(), Vec::new());
        let read = cursor.object(|cursor, name| {
            match name {
                "a" | "d" => cursor.array(|it| it.number().map(|number| numbers.push(number)))?,
                _ => texts.push(cursor.string_or_null()?),
            }
            Some(())
        });
        assert!(read.is_some() && cursor.is_at_end());
        assert_eq!((numbers, texts), (vec![1, 22], vec![None, Some("x")]));
        for odd in [r#"{"a":1"#, r#"{"a" :1}"#, r#"{"a":1,}"#, r#"{"a":1]"#, r#"{a:1}"#, "{", ""] {
            assert_eq!(Cursor::new(odd).object(|it, _| it.pass()), None, "{odd}");
        }
    }
}
