//! XML 1.0 without a tree, read for its values.
//!
//! An element is a member named by its local name: a leaf without attributes is a scalar, any other
//! element an object of its attributes, its elements and its runs of text, which go by the element's
//! own name. Comments, processing instructions and the document type are values too, by number, since
//! data travels in them; the text around them is one, as it is to whoever reads it. A text that tags divide is told
//! in its pieces and then as one (`pieces.rs`). Nothing is fetched or expanded: a document type may name an external
//! subset, which is never read, and must not have an internal one; only the predefined entities exist.

mod pieces;
mod sheet;
#[cfg(test)]
mod tests;

pub use self::pieces::whole;

use memchr::memmem;

use super::{
    Fields, Stop, scan,
    unescape::{CDATA, cdata_section, xml_markup, xml_reference},
};
use crate::domain::{Container, Escape, FieldSink, GapCause, Key, Limits, Scalar, Span, Value};

/// One document. Its root is an object whose members are the root element and what stands beside it.
pub(super) fn walk<S: FieldSink>(bytes: &[u8], limits: &Limits, sink: &mut S) -> Result<(), Stop> {
    let valid = scan::utf8_length(bytes);
    let mut reader = Reader {
        bytes: bytes.get(..valid).unwrap_or_default(),
        at: scan::byte_order_mark(bytes),
        fields: Fields::new(limits),
        depth_max: limits.depth_max,
        open: Vec::new(),
        others: 0,
        before: None,
        sheet: None,
        pieces_left: PIECES_PER_BYTE * valid,
        gap: None,
    };
    let read = reader.document(sink).and_then(|()| reader.gap.map_or(Ok(()), Err));
    scan::blame_utf8(read, valid, bytes.len())
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    fields: Fields,
    depth_max: usize,
    open: Vec<Open>,
    /// Comments and their kin, so far.
    others: u32,
    /// The last text before the tags at hand.
    before: Option<pieces::Before>,
    sheet: Option<sheet::Sheet>,
    /// So many bytes may yet be told once more as texts in pieces: elements lie in each other.
    pieces_left: usize,
    /// The first element whose text stands in pieces that were not told as one.
    gap: Option<Stop>,
}

/// An element whose end tag is still to come.
struct Open {
    /// Where its name stands in its start tag, and what is in it begins.
    name: Span,
    content: usize,
    /// A tag stands in the middle of its text.
    is_divided: bool,
}

/// A text, or an element that holds one and nothing else.
struct Text {
    text: Span,
    /// With what is around it, where that is a CDATA section.
    span: Span,
    escape: Escape,
    /// Past it and what stands beside it, up to the next tag.
    end: usize,
    /// Comments or instructions stand in it or beside it.
    has_others: bool,
    /// Whether whitespace stands between it and the tags around it.
    is_blank_before: bool,
    is_blank_behind: bool,
}

impl<'b> Reader<'b> {
    fn document<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        self.declaration()?;
        self.fields.count(self.at)?;
        sink.open(Key::Root, Container::Object, self.at, self.at);
        let (mut has_root, mut has_type) = (false, false);
        loop {
            self.text(sink)?;
            let rest = self.rest();
            let is_outside = self.open.is_empty();
            if rest.is_empty() {
                if !(is_outside && has_root) {
                    return Err(Stop::malformed(self.at));
                }
                sink.close(self.at, self.at);
                return Ok(());
            }
            if rest.starts_with(b"<!--") {
                self.comment(sink)?;
            } else if rest.starts_with(b"<?") {
                self.instruction(sink)?;
            } else if rest.starts_with(b"</") && !is_outside {
                self.end_tag(sink)?;
            } else if rest.starts_with(DOCTYPE) && !has_root && !has_type {
                has_type = true;
                self.document_type(sink)?;
            } else if is_outside && has_root {
                return Err(Stop::malformed(self.at));
            } else {
                has_root = true;
                self.element(sink)?;
            }
        }
    }

    /// `<?xml … ?>` (XML 1.0 §2.8), which nobody reads but parsers: no other attribute may stand in it, and no value
    /// that could be something else. The encoding it names has been taken off before.
    fn declaration(&mut self) -> Result<(), Stop> {
        let rest = self.rest();
        if !rest.starts_with(b"<?xml") || !rest.get(5).is_some_and(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let mut at = self.at + b"<?xml".len();
        loop {
            let end = scan::space_end(self.bytes, at);
            if self.bytes.get(end..).unwrap_or_default().starts_with(b"?>") {
                self.at = end + 2;
                return Ok(());
            }
            let (name, value) = self.attribute(at)?.ok_or(Stop::malformed(end))?;
            let inner = self.bytes.get(value.range()).unwrap_or_default();
            let inner = inner.get(1..inner.len().saturating_sub(1)).unwrap_or_default();
            let is_known = match name.of(self.bytes) {
                b"version" => inner.len() == b"1.0".len() && inner.starts_with(b"1."),
                b"standalone" => matches!(inner, b"yes" | b"no"),
                // What no converter knows was a gap before.
                b"encoding" => true,
                _ => false,
            };
            if !is_known {
                return Err(Stop::malformed(name.range().start));
            }
            at = value.range().end;
        }
    }

    /// Up to the next markup.
    fn text<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let text = self.text_at(self.at, !self.open.is_empty())?;
        if text.has_others {
            self.others(self.at, text.span.range().start, sink)?;
        }
        self.piece(&text, self.open.len());
        if !text.span.is_empty() {
            self.run(text.text, text.span, text.escape, sink)?;
        }
        if text.has_others {
            self.others(text.span.range().start, text.end, sink)?;
        }
        self.at = text.end;
        Ok(())
    }

    /// The text at `start`: characters and, in an element, CDATA sections, which are one to whoever reads it, whatever
    /// comments and instructions stand between.
    fn text_at(&self, start: usize, is_inside: bool) -> Result<Text, Stop> {
        let (mut at, mut span) = (start, None::<Span>);
        let (mut is_blank_before, mut is_blank_behind, mut has_others) = (false, false, false);
        // A section and what is in it; `None` of several.
        let mut section = None;
        let mut sections = 0;
        loop {
            let end = self.text_end(at, b'<')?;
            let characters = self.trim(at, end);
            if span.is_none() {
                is_blank_before |= characters.range().start > at;
            }
            is_blank_behind |= end > at;
            if !characters.is_empty() {
                span = Some(Span { start: span.unwrap_or(characters).start, ..characters });
                is_blank_behind = characters.range().end < end;
            }
            at = end;
            let rest = self.bytes.get(at..).unwrap_or_default();
            let is_tag = !matches!(rest, [b'<', b'!' | b'?', ..]);
            if !is_inside || is_tag {
                break;
            }
            if rest.starts_with(CDATA) {
                let (inner, section_end) = self.cdata(at)?;
                let whole = Span::new(at, section_end);
                sections += 1;
                section = Some((inner, whole)).filter(|_| sections == 1);
                span = Some(Span { start: span.unwrap_or(whole).start, ..whole });
                is_blank_behind = false;
                at = section_end;
            } else if let Some(other_end) = self.other_end(at) {
                has_others = true;
                at = other_end;
            } else {
                break;
            }
        }
        let span = span.unwrap_or(Span::new(at, at));
        // A section that stands alone is told as it is.
        let (text, escape) = match section.filter(|(_, section)| *section == span) {
            Some((inner, _)) => (inner, Escape::None),
            None => (span, Escape::Xml),
        };
        Ok(Text { text, span, escape, end: at, has_others, is_blank_before, is_blank_behind })
    }

    /// Past the comment or instruction at `at`; `None` where neither is, or one that is broken.
    fn other_end(&self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        let is_comment = rest.starts_with(b"<!--");
        let is_instruction = || {
            let name = rest.starts_with(b"<?").then(|| self.name(at + 2).ok()).flatten();
            name.is_some_and(|name| !name.of(self.bytes).eq_ignore_ascii_case(b"xml"))
        };
        (is_comment || is_instruction())
            .then(|| xml_markup(rest))
            .flatten()
            .map(|length| at + length)
    }

    /// Tells the comments and instructions in a text that has been read.
    fn others<S: FieldSink>(&mut self, from: usize, to: usize, sink: &mut S) -> Result<(), Stop> {
        self.at = from;
        while let Some(length) =
            memchr::memchr(b'<', self.bytes.get(self.at..to).unwrap_or_default())
        {
            self.at += length;
            let rest = self.rest();
            if rest.starts_with(CDATA) {
                self.at = self.cdata(self.at)?.1;
            } else if rest.starts_with(b"<!--") {
                self.comment(sink)?;
            } else {
                self.instruction(sink)?;
            }
        }
        self.at = to;
        Ok(())
    }

    /// A run of text among other things, by the name of the element it stands in.
    fn run<S: FieldSink>(
        &mut self,
        text: Span,
        span: Span,
        escape: Escape,
        sink: &mut S,
    ) -> Result<(), Stop> {
        let Some(name) = self.open.last().map(|open| open.name) else {
            return Err(Stop::malformed(span.range().start));
        };
        self.fields.count(span.range().start)?;
        let around = self.open.len().saturating_sub(1);
        let key = if name.len() <= NAME_BYTES_MAX {
            self.key_in_sheet(name, around, (text, escape), sink)
        } else {
            Key::Index(0)
        };
        sink.scalar(key, self.value(Scalar::String, text, span, span, escape));
        Ok(())
    }

    fn comment<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = self.at + 4;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = memmem::find(rest, b"-->").ok_or(self.truncated())?;
        self.other(Span::new(start, start + length), start + length + 3, sink)
    }

    fn instruction<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = self.at + 2;
        let name = self.name(start)?;
        if name.of(self.bytes).eq_ignore_ascii_case(b"xml") {
            return Err(Stop::malformed(start));
        }
        let from = name.range().end;
        let rest = self.bytes.get(from..).unwrap_or_default();
        let length = memmem::find(rest, b"?>").ok_or(self.truncated())?;
        self.other(self.trim(from, from + length), from + length + 2, sink)
    }

    fn document_type<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = self.at + DOCTYPE.len();
        let mut at = start;
        loop {
            match self.bytes.get(at) {
                Some(b'>') => break,
                Some(quote @ (b'"' | b'\'')) => {
                    let rest = self.bytes.get(at + 1..).unwrap_or_default();
                    at += memchr::memchr(*quote, rest).ok_or(self.truncated())? + 2;
                }
                Some(b'[' | b'<') | None => return Err(Stop::malformed(at)),
                Some(_) => at += 1,
            }
        }
        self.other(self.trim(start, at), at + 1, sink)
    }

    /// What is neither element nor text, up to `end`.
    fn other<S: FieldSink>(&mut self, text: Span, end: usize, sink: &mut S) -> Result<(), Stop> {
        self.fields.count(self.at)?;
        let member = Span::new(self.at, end);
        let value = self.value(Scalar::String, text, text, member, Escape::None);
        sink.scalar(Key::Index(self.others), value);
        self.others = self.others.saturating_add(1);
        self.at = end;
        Ok(())
    }

    fn element<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let start = self.at;
        let name = self.name(start + 1)?;
        let (content, is_empty, has_attributes) = self.start_tag(name.range().end)?;
        self.fields.count(start)?;
        self.sheet_goes_on(name, name.range().end, is_empty, sink);
        if is_empty && !has_attributes {
            let text = Span::new(content, content);
            let value =
                self.value(Scalar::Null, text, text, Span::new(start, content), Escape::None);
            sink.scalar(self.key(name), value);
            self.at = content;
            return Ok(());
        }
        if !has_attributes && let Some((leaf, end)) = self.leaf(name, content)? {
            let member = Span::new(start, end);
            let value = self.value(Scalar::String, leaf.text, leaf.span, member, leaf.escape);
            let text = (leaf.text, leaf.escape);
            let key = self.key_in_sheet(name, self.open.len(), text, sink);
            sink.scalar(key, value);
            self.piece(&leaf, self.open.len() + 1);
            self.leave();
            if leaf.has_others {
                self.others(content, leaf.end, sink)?;
            }
            self.at = end;
            return Ok(());
        }
        if self.open.len() >= self.depth_max {
            return Err(Stop { cause: GapCause::TooDeep, offset: start });
        }
        sink.open(self.key(name), Container::Object, start, start);
        self.attributes(name.range().end, sink)?;
        self.at = content;
        if is_empty {
            sink.close(content, content)
        } else {
            self.open.push(Open { name, content, is_divided: false })
        }
        Ok(())
    }

    /// Checks a start tag from the end of its name on: where it ends, whether it ends the element too,
    /// and whether it has attributes.
    fn start_tag(&self, from: usize) -> Result<(usize, bool, bool), Stop> {
        let (mut at, mut has_attributes) = (from, false);
        while let Some((_, value)) = self.attribute(at)? {
            at = value.range().end;
            has_attributes = true;
        }
        at = scan::space_end(self.bytes, at);
        match self.bytes.get(at..).unwrap_or_default() {
            [b'>', ..] => Ok((at + 1, false, has_attributes)),
            [b'/', b'>', ..] => Ok((at + 2, true, has_attributes)),
            [b'/'] => Err(self.truncated()),
            _ => Err(Stop::malformed(at)),
        }
    }

    /// Reports the attributes of a start tag that has been checked.
    fn attributes<S: FieldSink>(&mut self, from: usize, sink: &mut S) -> Result<(), Stop> {
        let mut at = from;
        while let Some((name, span)) = self.attribute(at)? {
            self.fields.count(name.range().start)?;
            at = span.range().end;
            let text = Span { start: span.start + 1, end: span.end - 1 };
            let member = Span { start: name.start, end: span.end };
            let value = self.value(Scalar::String, text, span, member, Escape::Xml);
            sink.scalar(self.key(name), value);
        }
        Ok(())
    }

    /// The attribute behind the whitespace at `at`: its name, and its value with quotes.
    fn attribute(&self, at: usize) -> Result<Option<(Span, Span)>, Stop> {
        let start = scan::space_end(self.bytes, at);
        if start == at || matches!(self.bytes.get(start), Some(b'>' | b'/')) {
            return Ok(None);
        }
        let name = self.name(start)?;
        let equals = scan::space_end(self.bytes, name.range().end);
        if self.bytes.get(equals) != Some(&b'=') {
            return Err(Stop::malformed(equals));
        }
        let open = scan::space_end(self.bytes, equals + 1);
        let Some(&quote @ (b'"' | b'\'')) = self.bytes.get(open) else {
            return Err(Stop::malformed(open.min(self.bytes.len())));
        };
        let close = self.text_end(open + 1, quote)?;
        if close == self.bytes.len() {
            return Err(self.truncated());
        }
        Ok(Some((name, Span::new(open, close + 1))))
    }

    /// The element whose start tag ends at `content`, if it holds one text alone: its text, and where it ends.
    fn leaf(&self, name: Span, content: usize) -> Result<Option<(Text, usize)>, Stop> {
        let text = self.text_at(content, true)?;
        if !self.bytes.get(text.end..).unwrap_or_default().starts_with(b"</") {
            return Ok(None);
        }
        let end = self.closed(name, text.end)?;
        Ok(Some((text, end)))
    }

    /// The text of the CDATA section at `at`, and where the section ends.
    fn cdata(&self, at: usize) -> Result<(Span, usize), Stop> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let (text, length) = cdata_section(rest).ok_or(self.truncated())?;
        let start = at + CDATA.len();
        Ok((Span::new(start, start + text.len()), at + length))
    }

    fn end_tag<S: FieldSink>(&mut self, sink: &mut S) -> Result<(), Stop> {
        let Some(name) = self.open.last().map(|open| open.name) else {
            return Err(Stop::malformed(self.at));
        };
        let end = self.closed(name, self.at)?;
        self.divided(sink)?;
        self.sheet_ends(sink);
        self.open.pop();
        self.leave();
        self.at = end;
        sink.close(end, end);
        Ok(())
    }

    /// Past the end tag at `at`, which must be that of `name`.
    fn closed(&self, name: Span, at: usize) -> Result<usize, Stop> {
        let start = at + 2;
        let name = name.of(self.bytes);
        let rest = self.bytes.get(start..).unwrap_or_default();
        if !rest.starts_with(name) {
            let same = rest.iter().zip(name).take_while(|(have, want)| have == want).count();
            return Err(Stop::malformed(start + same));
        }
        let end = scan::space_end(self.bytes, start + name.len());
        if self.bytes.get(end) == Some(&b'>') { Ok(end + 1) } else { Err(Stop::malformed(end)) }
    }

    /// The name at `start`.
    fn name(&self, start: usize) -> Result<Span, Stop> {
        let mut end = start;
        while let Some(&byte) = self.bytes.get(end) {
            let is_first = matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':' | 0x80..);
            if !is_first && (end == start || !matches!(byte, b'0'..=b'9' | b'-' | b'.')) {
                break;
            }
            end += 1;
        }
        if end == start { Err(Stop::malformed(end)) } else { Ok(Span::new(start, end)) }
    }

    /// Offset of the `end` that ends the text or attribute value at `at`, or of the end of the bytes.
    fn text_end(&self, mut at: usize, end: u8) -> Result<usize, Stop> {
        loop {
            at = scan::xml_text_end(self.bytes, at, end);
            match self.bytes.get(at) {
                None => return Ok(self.bytes.len()),
                Some(&byte) if byte == end => return Ok(at),
                Some(b'\t' | b'\n' | b'\r') => at += 1,
                Some(b'&') => {
                    let rest = self.bytes.get(at..).unwrap_or_default();
                    at += xml_reference(rest).ok_or(Stop::malformed(at))?.1;
                }
                Some(_) => return Err(Stop::malformed(at)),
            }
        }
    }

    fn trim(&self, start: usize, end: usize) -> Span {
        let text = self.bytes.get(start..end).unwrap_or_default();
        let start = start + (text.len() - text.trim_ascii_start().len());
        Span::new(start, start + text.trim_ascii().len())
    }

    /// By local name: prefixes are a matter of taste, and `xmlns:` declares one.
    fn key(&self, name: Span) -> Key<'b> {
        let whole = name.of(self.bytes);
        let colon = memchr::memrchr(b':', whole).filter(|_| !whole.starts_with(b"xmlns:"));
        let local = colon.and_then(|colon| whole.get(colon + 1..));
        let text = local.filter(|local| !local.is_empty()).unwrap_or(whole);
        Key::Name { text, span: name, escape: Escape::None }
    }

    fn value(
        &self,
        kind: Scalar,
        text: Span,
        span: Span,
        member: Span,
        escape: Escape,
    ) -> Value<'b> {
        Value {
            kind,
            text: text.of(self.bytes),
            text_span: text,
            span,
            member,
            escape,
            may_hold: None,
        }
    }

    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn truncated(&self) -> Stop {
        Stop::malformed(self.bytes.len())
    }
}

/// A name is told with each run of text in its element: a long one would be read as often.
const NAME_BYTES_MAX: usize = 256;
/// Bytes told as texts in pieces, for each that was read.
const PIECES_PER_BYTE: usize = 2;
const DOCTYPE: &[u8] = b"<!DOCTYPE";
