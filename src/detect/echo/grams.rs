//! One search for all values, for which little has to be worked out beforehand.

use super::{Mask, Needle, Sought};
use crate::domain::Span;

/// Searches bytes for all values at once, at little cost beforehand: where one stands, so do three bytes of its
/// beginning at one place of every few.
pub(super) struct Grams {
    /// By hash, the last of its grams in `all`, counted from 1.
    last: [u16; Self::HASHES],
    all: Vec<Gram>,
    stride: usize,
}

struct Gram {
    bytes: u32,
    /// How far into the value it stands.
    offset: u32,
    value: Mask,
    needle: Needle,
    /// The one before it of the same hash, counted from 1.
    before: u16,
}

impl Grams {
    const BYTES: usize = 3;
    const HASHES: usize = 1 << 10;
    const STRIDE_MAX: usize = 4;

    pub(super) fn of(sought: &Sought) -> Self {
        let shortest = sought.needles().map(|(_, needle)| needle.span().len()).min().unwrap_or(0);
        let stride = (shortest + 1).saturating_sub(Self::BYTES).clamp(1, Self::STRIDE_MAX);
        let all = Vec::with_capacity(stride * sought.values.len());
        let mut grams = Self { last: [0; Self::HASHES], all, stride };
        for (value, needle) in sought.needles() {
            let windows = sought.bytes(needle).array_windows().take(stride);
            for (&[a, b, c], offset) in windows.zip(0u32..) {
                let bytes = u32::from_le_bytes([a, b, c, 0]);
                let Some(last) = grams.last.get_mut(hash(bytes)) else { continue };
                grams.all.push(Gram { bytes, offset, value, needle, before: *last });
                *last = u16::try_from(grams.all.len()).unwrap_or(0);
            }
        }
        grams
    }

    pub(super) fn each_in(
        &self,
        sought: &Sought,
        bytes: &[u8],
        mut tell: impl FnMut(Mask, Span) -> bool,
    ) {
        if self.stride == Self::STRIDE_MAX {
            let (fours, rest) = bytes.as_chunks::<{ Self::STRIDE_MAX }>();
            for (number, four) in fours.iter().enumerate() {
                let gram = u32::from_le_bytes(*four) & 0xFF_FFFF;
                let at = number * Self::STRIDE_MAX;
                if self.may_be(gram) && !self.at(sought, bytes, at, gram, &mut tell) {
                    return;
                }
            }
            if let &[a, b, c] = rest {
                let gram = u32::from_le_bytes([a, b, c, 0]);
                self.at(sought, bytes, bytes.len() - rest.len(), gram, &mut tell);
            }
            return;
        }
        for (at, &[a, b, c]) in bytes.array_windows().enumerate().step_by(self.stride) {
            let gram = u32::from_le_bytes([a, b, c, 0]);
            if self.may_be(gram) && !self.at(sought, bytes, at, gram, &mut tell) {
                return;
            }
        }
    }

    #[inline]
    fn may_be(&self, gram: u32) -> bool {
        self.last.get(hash(gram)).is_some_and(|last| *last != 0)
    }

    /// Tells what stands around `at`, where `gram` does; whether to go on.
    fn at(
        &self,
        sought: &Sought,
        bytes: &[u8],
        at: usize,
        gram: u32,
        tell: &mut impl FnMut(Mask, Span) -> bool,
    ) -> bool {
        let mut next = self.last.get(hash(gram)).copied().unwrap_or(0);
        while let Some(known) = usize::from(next).checked_sub(1).and_then(|it| self.all.get(it)) {
            next = known.before;
            let Some(start) = at.checked_sub(known.offset as usize) else { continue };
            let needle = sought.bytes(known.needle);
            let is_there = known.bytes == gram
                && bytes.get(start..).is_some_and(|rest| rest.starts_with(needle));
            if is_there && !tell(known.value, Span::new(start, start + needle.len())) {
                return false;
            }
        }
        true
    }
}

#[inline]
fn hash(gram: u32) -> usize {
    (gram.wrapping_mul(0x9E37_79B1) >> 22) as usize
}
