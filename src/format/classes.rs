//! Sixty-four bytes at a time: which of them are quotes, digits, separators and so on, as bit masks.
//!
//! What costs per byte happens here, once; whoever reads the masks pays per event. There are three ways to
//! make them, chosen by what the processor can do: `avx512` and `avx2` in vector instructions, which alone
//! have `unsafe` in them, `portable` in plain arithmetic. One table of tests holds for all.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(target_arch = "x86_64")]
mod tables;

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// What the bytes of one block are: bit `n` of a mask speaks of byte `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Classes {
    /// `"`
    pub(super) quote: u64,
    /// Below 0x20.
    pub(super) control: u64,
    /// JSON whitespace (RFC 8259 §2): space, tab, line feed, carriage return.
    pub(super) space: u64,
    /// `{ } [ ] : ,`, and the control characters 0x0C and 0x1A, which a reader of the bytes tells from
    /// them.
    pub(super) operator: u64,
    /// `0` to `9`
    pub(super) digit: u64,
    /// What stands between groups of digits: space `-` `.` `/` `(` `)` `:`
    pub(super) separator: u64,
    /// What [`Specials`] tells apart.
    pub(super) special: u64,
}

/// The rarer kinds of bytes of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Specials {
    /// `\`
    pub(super) backslash: u64,
    /// `@ % & = [ J`: values begin or stand around them.
    pub(super) sign: u64,
    /// Not ASCII.
    pub(super) high: u64,
    /// First bytes of characters among which are digits, signs and spaces that are not ASCII's:
    /// 0xC2 0xD9 0xDB 0xE0 0xE1 0xE2 0xEF, and 0xF9 and 0xFB, which UTF-8 does not have.
    pub(super) lead: u64,
}

/// What may stand behind an escaping backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Escapable {
    /// `" \ / b f n r t u` (RFC 8259 §7).
    pub(super) any: u64,
    /// `u`
    pub(super) unicode: u64,
}

impl Classes {
    /// `:`
    #[inline(always)]
    pub(super) fn colon(&self) -> u64 {
        self.operator & self.separator
    }
}

/// One way to make the masks.
pub(super) trait Classify: Copy {
    fn classes(self, block: &[u8; BLOCK]) -> Classes;
    fn escapable(self, block: &[u8; BLOCK]) -> Escapable;
    /// Bit `n` of the result is the parity of the bits of `mask` up to `n`: from each quote to the next.
    fn parity(self, mask: u64) -> u64;
    fn specials(self, block: &[u8; BLOCK]) -> Specials;

    /// Writes `base` plus the number of each bit of `mask` to the beginning of `places`, in order; what
    /// stands behind them there, up to a multiple of sixteen, is written over. Places without room are left out.
    #[inline(always)]
    fn write_places(self, mut mask: u64, base: u32, places: &mut [u32]) {
        let (chunks, _) = places.as_chunks_mut::<8>();
        for chunk in chunks {
            if mask == 0 {
                break;
            }
            for place in chunk {
                *place = base.wrapping_add(mask.trailing_zeros());
                mask &= mask.wrapping_sub(1);
            }
        }
    }
}

/// What is done with the masks. `run` is compiled once for each way to make them and should be
/// `#[inline(always)]`, so that no call stands between the loop and the instructions.
pub(super) trait Work {
    type Output;
    fn run<C: Classify>(self, classify: C) -> Self::Output;
}

/// Does `work` the fastest way that this processor can.
pub(super) fn dispatch<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(way) = avx512::Avx512::new() {
            return way.run(work);
        }
        if let Some(way) = avx2::Avx2::new() {
            return way.run(work);
        }
    }
    work.run(portable::Portable)
}

#[cfg(test)]
mod tests;
