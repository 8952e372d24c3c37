//! A text that tags divide: `+923<b>001234567</b>` in one element, which a page shows as one number.
//!
//! Two pieces are of one text where nothing or next to nothing stands between them but tags, and one of them stands
//! in the element that the other is in too. That element's text is then told once more as a whole. What stands in
//! elements side by side, as the names and numbers of a record do, is not of one text.

use super::{FieldSink, Key, NAME_BYTES_MAX, Reader, Scalar, Span, Stop, Text, scan};
use crate::{
    domain::Escape,
    format::unescape::{cdata_section, xml_markup},
};

/// A text, as far as what comes behind it may go on with it.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// In how many elements it stands, and in how many the tags behind it did at the least.
    depth: usize,
    lowest: usize,
    last: u8,
    is_blank: bool,
}

impl Reader<'_> {
    /// Notes a piece of text in so many elements, and which of them is divided by the tags before it.
    pub(super) fn piece(&mut self, text: &Text, depth: usize) {
        let of_text = text.span.of(self.bytes);
        let (Some(&first), Some(&last)) = (of_text.first(), of_text.last()) else {
            if let Some(before) = &mut self.before {
                before.is_blank |= text.is_blank_before;
            }
            return;
        };
        if let Some(before) = self.before {
            let element = before.depth.min(depth);
            let is_blank = before.is_blank || text.is_blank_before;
            if before.lowest >= element
                && goes_on(before.last, is_blank, first)
                && let Some(open) = element.checked_sub(1).and_then(|last| self.open.get_mut(last))
            {
                open.is_divided = true;
            }
        }
        let is_blank = text.is_blank_behind;
        self.before = Some(Before { depth, lowest: depth, last, is_blank });
    }

    /// An element has ended.
    pub(super) fn leave(&mut self) {
        if let Some(before) = &mut self.before {
            before.lowest = before.lowest.min(self.open.len());
        }
    }

    /// Tells the text of the innermost element, whose end tag is at hand, where tags divide it.
    pub(super) fn divided<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let Some(open) = self.open.last().filter(|open| open.is_divided) else { return Ok(()) };
        let (name, mut start) = (open.name, open.content);
        let length = self.at.saturating_sub(start);
        let Some(left) = self.pieces_left.checked_sub(length) else {
            self.gap = self.gap.or(Some(Stop::malformed(start)));
            return Ok(());
        };
        self.pieces_left = left;
        // What is told begins with text or with a tag.
        loop {
            start = scan::space_end(self.bytes, start);
            match self.other_end(start) {
                Some(end) => start = end,
                None => break,
            }
        }
        let span = self.trim(start, self.at);
        self.fields.count(start)?;
        let key = if name.len() <= NAME_BYTES_MAX { self.key(name) } else { Key::Index(0) };
        sink.pieces(key, self.value(Scalar::String, span, span, span, Escape::Xml));
        Ok(())
    }
}

/// Whether a text that ends in `last` may go on with `first`: in the middle of a word or beside a sign of a mailbox or
/// a number; between two digits, whitespace changes nothing. Angles are those of sections.
fn goes_on(last: u8, is_blank: bool, first: u8) -> bool {
    let is_of_value =
        |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"@.+-_<>;&".contains(&byte);
    if is_blank {
        last.is_ascii_digit() && first.is_ascii_digit()
    } else {
        is_of_value(last) && is_of_value(first)
    }
}

/// Of a text in pieces: `span` with as many of the tags beside it as make it well-formed, and all of the text where
/// those are not beside it. `None` of what has no markup in it.
pub fn whole(text: &[u8], span: Span) -> Option<Span> {
    let (mut at, mut to) = (span.range().start, span.range().end);
    memchr::memchr(b'<', span.of(text))?;
    let all = Span::new(0, text.len());
    // Start tags without their end tags, and the other way round.
    let (mut begun, mut ended) = (0usize, 0usize);
    while let Some(length) = memchr::memchr(b'<', text.get(at..to).unwrap_or_default()) {
        at += length;
        let rest = text.get(at..).unwrap_or_default();
        let section = cdata_section(rest).map(|(_, length)| length);
        let Some(length) = section.or_else(|| xml_markup(rest)) else { return Some(all) };
        let is_empty = rest.get(..length).is_some_and(|tag| tag.ends_with(b"/>"));
        match rest.get(1) {
            Some(b'/') if begun > 0 => begun -= 1,
            Some(b'/') => ended += 1,
            Some(b'!' | b'?') => {}
            Some(_) | None => begun += usize::from(!is_empty),
        }
        at += length;
    }
    for _ in 0..begun {
        let rest = text.get(to..).unwrap_or_default();
        let Some(length) = rest.starts_with(b"</").then(|| xml_markup(rest)).flatten() else {
            return Some(all);
        };
        to += length;
    }
    let mut from = span.range().start;
    for _ in 0..ended {
        let Some(length) = plain_tag(text.get(..from).unwrap_or_default()) else {
            return Some(all);
        };
        from -= length;
    }
    Some(Span::new(from, to))
}

/// The length of the start tag without attributes at the end of `text`.
fn plain_tag(text: &[u8]) -> Option<usize> {
    let text = text.get(text.len().saturating_sub(NAME_BYTES_MAX)..)?.strip_suffix(b">")?;
    let name = text.get(memchr::memrchr(b'<', text)? + 1..)?;
    let is_of_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_:.-".contains(byte);
    (!name.is_empty() && name.iter().all(is_of_name)).then_some(name.len() + 2)
}
