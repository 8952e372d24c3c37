//! Scalars and keys (YAML 1.2.2 §7.3, §8.1).

use memchr::{memchr, memchr2};

use super::{super::scan, Reader, Stop};
use crate::domain::{Escape, FieldSink, Scalar, ScalarStyle, Span};

/// A scalar as it stands.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) style: ScalarStyle,
    pub(super) text: Span,
    /// With its quotes, or its header.
    pub(super) span: Span,
}

impl Written {
    pub(super) fn escape(self) -> Escape {
        Escape::Scalar(self.style)
    }

    pub(super) fn is_quoted(self) -> bool {
        matches!(self.style, ScalarStyle::Single | ScalarStyle::Double)
    }

    /// By the core schema (§10.3), as far as JSON writes it so too: `+92` and `007` are texts.
    pub(super) fn kind(self, bytes: &[u8]) -> Scalar {
        if !matches!(self.style, ScalarStyle::Plain | ScalarStyle::Flow) {
            return Scalar::String;
        }
        match self.text.of(bytes) {
            b"null" | b"Null" | b"NULL" | b"~" => Scalar::Null,
            b"true" | b"True" | b"TRUE" | b"false" | b"False" | b"FALSE" => Scalar::Bool,
            text if scan::is_number(text) => Scalar::Number,
            _ => Scalar::String,
        }
    }
}

impl Reader<'_> {
    /// Whether a key stands here, and its colon on the same line.
    pub(super) fn is_key(&self, at: usize) -> Result<bool, Stop> {
        let found = self.key_at(at, false)?;
        Ok(found.is_some_and(|(_, behind)| {
            self.byte(behind) == Some(b':') && self.is_blank(behind + 1)
        }))
    }

    /// The scalar on one line here, and where what follows it is; `None` where there is none.
    pub(super) fn key_at(
        &self,
        at: usize,
        is_flow: bool,
    ) -> Result<Option<(Written, usize)>, Stop> {
        let key = match self.byte(at) {
            Some(b'"' | b'\'') => match self.quoted(at) {
                Ok(key) if memchr2(b'\n', b'\r', key.span.of(self.bytes)).is_none() => key,
                Ok(_) | Err(_) => return Ok(None),
            },
            Some(b'*') => {
                let span = Span::new(at, self.word_end(at));
                Written { style: ScalarStyle::Plain, text: span, span }
            }
            _ if !self.is_plain(at) => return Ok(None),
            _ => {
                let (end, _) = self.plain_line(at, is_flow);
                let span = Span::new(at, end);
                Written { style: ScalarStyle::Plain, text: span, span }
            }
        };
        Ok(Some((key, self.spaces(key.span.range().end))))
    }

    /// The scalar here, over as many lines as it has: those that are further in than `indent`, or all in brackets.
    pub(super) fn scalar_at(
        &self,
        at: usize,
        indent: Option<usize>,
        is_flow: bool,
    ) -> Result<Written, Stop> {
        match self.byte(at) {
            Some(b'"' | b'\'') => self.quoted(at),
            _ if self.is_plain(at) => Ok(self.plain(at, indent, is_flow)),
            _ => Err(Stop::malformed(at)),
        }
    }

    fn quoted(&self, at: usize) -> Result<Written, Stop> {
        let is_double = self.byte(at) == Some(b'"');
        let mut end = at + 1;
        loop {
            let rest = self.bytes.get(end..).unwrap_or_default();
            let found = if is_double { memchr2(b'"', b'\\', rest) } else { memchr(b'\'', rest) };
            end += found.ok_or(Stop::malformed(self.bytes.len()))?;
            match (self.byte(end), self.byte(end + 1)) {
                (Some(b'\\'), Some(_)) | (Some(b'\''), Some(b'\'')) => end += 2,
                (Some(b'"' | b'\''), _) => break,
                _ => return Err(Stop::malformed(self.bytes.len())),
            }
        }
        let style = if is_double { ScalarStyle::Double } else { ScalarStyle::Single };
        Ok(Written { style, text: Span::new(at + 1, end), span: Span::new(at, end + 1) })
    }

    /// Whether a plain scalar may begin here (§7.3.3).
    fn is_plain(&self, at: usize) -> bool {
        match self.byte(at) {
            None => false,
            Some(b'-' | b'?' | b':') => !self.is_blank(at + 1),
            Some(byte) => !b",[]{}#&*!|>'\"%@` \t\r\n".contains(&byte),
        }
    }

    fn plain(&self, at: usize, indent: Option<usize>, is_flow: bool) -> Written {
        let (mut end, mut stop) = self.plain_line(at, is_flow);
        while matches!(self.byte(stop), Some(b'\n' | b'\r')) {
            let next = scan::space_end(self.bytes, stop);
            let line = self.line_start(next);
            let is_inside = is_flow || indent.is_none_or(|indent| next - line > indent);
            let is_marker = next == line
                && [&b"---"[..], b"..."]
                    .iter()
                    .any(|it| self.bytes.get(next..).unwrap_or_default().starts_with(it));
            let ends = match self.byte(next) {
                None | Some(b'#') => true,
                Some(byte) if is_flow => {
                    b",[]{}".contains(&byte) || (byte == b':' && self.ends_key(next, true))
                }
                Some(_) => is_marker,
            };
            if !is_inside || ends {
                break;
            }
            (end, stop) = self.plain_line(next, is_flow);
            if end == next {
                break;
            }
        }
        let span = Span::new(at, end);
        let style = if is_flow { ScalarStyle::Flow } else { ScalarStyle::Plain };
        Written { style, text: span, span }
    }

    /// Where a plain scalar ends on this line, and where what ends it is.
    fn plain_line(&self, at: usize, is_flow: bool) -> (usize, usize) {
        let mut end = at;
        let mut next = at;
        while let Some(byte) = self.byte(next) {
            match byte {
                b'\n' | b'\r' => break,
                b' ' | b'\t' => {
                    next += 1;
                    continue;
                }
                b'#' if next > at && self.is_blank(next - 1) => break,
                b':' if self.ends_key(next, is_flow) => break,
                b',' | b'[' | b']' | b'{' | b'}' if is_flow => break,
                _ => {}
            }
            next += 1;
            end = next;
        }
        (end, next)
    }

    /// Whether the colon at `at` stands between a key and its value.
    pub(super) fn ends_key(&self, at: usize, is_flow: bool) -> bool {
        self.is_blank(at + 1)
            || (is_flow && matches!(self.byte(at + 1), Some(b',' | b'[' | b']' | b'{' | b'}')))
    }

    /// A block scalar (§8.1), whose lines are further in than `indent`.
    pub(super) fn block<S: FieldSink>(
        &mut self,
        indent: Option<usize>,
        sink: &mut S,
    ) -> Result<(), Stop> {
        let start = self.at;
        let is_folded = self.byte(start) == Some(b'>');
        let mut header = start + 1;
        let mut stated = None;
        while let Some(byte @ (b'+' | b'-' | b'1'..=b'9')) = self.byte(header) {
            if byte.is_ascii_digit() {
                stated = Some(usize::from(byte - b'0') + indent.unwrap_or(0));
            }
            header += 1;
        }
        let behind = self.spaces(header);
        let comment = match self.byte(behind) {
            None | Some(b'\n' | b'\r') => None,
            Some(b'#') if behind > header => Some(behind),
            Some(_) => return Err(Stop::malformed(behind)),
        };
        let mut text: Option<Span> = None;
        let mut depth = stated;
        let mut at = self.next_line(self.line_rest(behind));
        while at < self.bytes.len() {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
            let line_end = self.line_rest(at);
            let first = at + spaces;
            if first >= line_end {
                at = self.next_line(line_end);
                continue;
            }
            let least = depth.unwrap_or(spaces);
            let is_inside = spaces >= least && indent.is_none_or(|indent| spaces > indent);
            let is_marker = spaces == 0 && (rest.starts_with(b"---") || rest.starts_with(b"..."));
            if !is_inside || is_marker {
                break;
            }
            depth = Some(least);
            let text_start = text.map_or(at + least, |text| text.range().start);
            text = Some(Span::new(text_start, line_end));
            at = self.next_line(line_end);
        }
        let depth = u32::try_from(depth.unwrap_or(0)).unwrap_or(u32::MAX);
        let style =
            if is_folded { ScalarStyle::Folded(depth) } else { ScalarStyle::Literal(depth) };
        let text = text.unwrap_or(Span::new(header, header));
        let span = Span::new(start, text.range().end);
        self.tell(Written { style, text, span }, sink)?;
        if let Some(comment) = comment {
            let end = std::mem::replace(&mut self.at, comment);
            self.comment(sink)?;
            self.at = self.at.max(end);
        }
        Ok(())
    }

    /// Past the end of a line, which is at `end`.
    fn next_line(&self, end: usize) -> usize {
        match (self.byte(end), self.byte(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => end + 2,
            (Some(_), _) => end + 1,
            (None, _) => end,
        }
    }
}
