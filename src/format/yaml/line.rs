//! What stands around a place on its line.

use memchr::memchr2;

use super::{super::scan, Reader, Stop};

impl Reader<'_> {
    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Whether a token ends before `at`.
    pub(super) fn is_blank(&self, at: usize) -> bool {
        matches!(self.byte(at), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    pub(super) fn is_blank_before(&self, at: usize) -> bool {
        let is_first = at == scan::byte_order_mark(self.bytes);
        is_first || at.checked_sub(1).is_none_or(|before| self.is_blank(before))
    }

    pub(super) fn is_dash(&self, at: usize) -> bool {
        self.byte(at) == Some(b'-') && self.is_blank(at + 1)
    }

    /// `---` or `...` at the beginning of a line.
    pub(super) fn marker(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        (rest.starts_with(b"---") || rest.starts_with(b"...")) && self.is_blank(self.at + 3)
    }

    /// Past blanks on the same line.
    pub(super) fn spaces(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    /// Where the line ends that `at` is on.
    pub(super) fn line_rest(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        memchr2(b'\n', b'\r', rest).map_or(self.bytes.len(), |length| at + length)
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        let before = self.bytes.get(..at).unwrap_or_default();
        memchr::memrchr2(b'\n', b'\r', before)
            .map_or_else(|| scan::byte_order_mark(self.bytes).min(at), |end| end + 1)
    }

    /// How far a line is indented whose first sign is at `at`.
    pub(super) fn column(&self, at: usize) -> Result<usize, Stop> {
        let start = self.line_start(at);
        let indent = self.bytes.get(start..at).unwrap_or_default();
        match indent.iter().all(|byte| *byte == b' ') {
            true => Ok(indent.len()),
            // Brackets and scalars may stand behind a tab.
            false if self.pending.is_some() && !self.is_key(at)? && !self.is_dash(at) => {
                Ok(indent.len())
            }
            false => Err(Stop::malformed(at)),
        }
    }

    /// The end of what stands in a range, without blanks behind it.
    pub(super) fn trimmed(&self, start: usize, end: usize) -> usize {
        start + self.bytes.get(start..end).unwrap_or_default().trim_ascii_end().len()
    }
}
