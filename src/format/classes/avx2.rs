//! The masks in AVX2, 32 bytes an instruction.
//!
//! INVARIANT: a [`Avx2`] exists only where the processor has what its functions are compiled for.

#![expect(unsafe_code, reason = "calls of functions compiled for features that `Avx2::new` found")]

use std::arch::x86_64::{
    __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_loadu_si128, _mm_set_epi64x,
    _mm_set1_epi8, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
    _mm256_loadu_si256, _mm256_max_epu8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256,
    _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
    _mm256_sub_epi8,
};

use super::{
    BLOCK, Classes, Classify, Escapable, Specials, Work,
    tables::{ESCAPABLE_HIGH, ESCAPABLE_LOW, LEADS, OPERATORS, SEPARATORS, SIGNS, SPACES, Table},
};

/// Proof that the processor has AVX2 and the bit instructions that came with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Self(()))
    }

    pub(super) fn run<W: Work>(self, work: W) -> W::Output {
        // SAFETY: `self` was made by `new`, which found every feature that `run` is compiled for.
        unsafe { run(work, self) }
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,pclmulqdq,popcnt")]
fn run<W: Work>(work: W, way: Avx2) -> W::Output {
    work.run(way)
}

impl Classify for Avx2 {
    #[inline(always)]
    fn classes(self, block: &[u8; BLOCK]) -> Classes {
        // SAFETY: as in `run`.
        unsafe { classes(block) }
    }

    #[inline(always)]
    fn parity(self, mask: u64) -> u64 {
        // SAFETY: as in `run`.
        unsafe { parity(mask) }
    }

    #[inline(always)]
    fn escapable(self, block: &[u8; BLOCK]) -> Escapable {
        // SAFETY: as in `run`.
        unsafe { escapable(block) }
    }

    #[inline(always)]
    fn specials(self, block: &[u8; BLOCK]) -> Specials {
        // SAFETY: as in `run`.
        unsafe { specials(block) }
    }
}

/// The two halves of a block.
#[derive(Clone, Copy)]
struct Block(__m256i, __m256i);

impl Block {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(block: &[u8; BLOCK]) -> Self {
        let start: *const __m256i = block.as_ptr().cast();
        // SAFETY: both loads stay inside the 64 bytes of the block and need no alignment.
        unsafe { Self(_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn mask(self) -> u64 {
        let low = u64::from(_mm256_movemask_epi8(self.0).cast_unsigned());
        let high = u64::from(_mm256_movemask_epi8(self.1).cast_unsigned());
        low | high << 32
    }

    /// All ones where the bytes are the same.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn same(self, other: Self) -> Self {
        Self(_mm256_cmpeq_epi8(self.0, other.0), _mm256_cmpeq_epi8(self.1, other.1))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn is(self, byte: u8) -> Self {
        self.same(Self::byte(byte))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn byte(byte: u8) -> Self {
        let byte = _mm256_set1_epi8(byte.cast_signed());
        Self(byte, byte)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn or(self, other: Self) -> Self {
        Self(_mm256_or_si256(self.0, other.0), _mm256_or_si256(self.1, other.1))
    }

    /// The bytes that the table holds at the place of their own lower half.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn in_table(self, characters: &Table) -> Self {
        let table = table(characters);
        self.same(Self(_mm256_shuffle_epi8(table, self.0), _mm256_shuffle_epi8(table, self.1)))
    }
}

/// The same table for both halves of a register.
#[inline]
#[target_feature(enable = "avx2")]
fn table(table: &Table) -> __m256i {
    // SAFETY: the load stays inside the 16 bytes of the table and needs no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn classes(block: &[u8; BLOCK]) -> Classes {
    let block = Block::load(block);
    let case = Block::byte(0x20);
    let zero = _mm256_set1_epi8(b'0'.cast_signed());
    let nine = _mm256_set1_epi8(9);
    let digits = Block(_mm256_sub_epi8(block.0, zero), _mm256_sub_epi8(block.1, zero));
    let below_ten = Block(_mm256_min_epu8(digits.0, nine), _mm256_min_epu8(digits.1, nine));
    let printable = Block(_mm256_max_epu8(block.0, case.0), _mm256_max_epu8(block.1, case.1));
    Classes {
        quote: block.is(b'"').mask(),
        control: !block.same(printable).mask(),
        space: block.in_table(&SPACES).mask(),
        operator: block.or(case).in_table(&OPERATORS).mask(),
        digit: digits.same(below_ten).mask(),
        separator: block.in_table(&SEPARATORS).mask(),
        // The mask takes the highest bit of each byte, which is set in what is not ASCII.
        special: block.in_table(&SIGNS).or(block.is(b'\\')).or(block).mask(),
    }
}

/// Multiplication without carries by all ones adds up the bits below each.
#[inline]
#[target_feature(enable = "pclmulqdq")]
pub(super) fn parity(mask: u64) -> u64 {
    let mask = _mm_set_epi64x(0, mask.cast_signed());
    let ones = _mm_set1_epi8(-1);
    _mm_cvtsi128_si64(_mm_clmulepi64_si128::<0>(mask, ones)).cast_unsigned()
}

#[inline]
#[target_feature(enable = "avx2")]
fn escapable(block: &[u8; BLOCK]) -> Escapable {
    let block = Block::load(block);
    let (by_low, by_high) = (table(&ESCAPABLE_LOW), table(&ESCAPABLE_HIGH));
    let low_half = _mm256_set1_epi8(0x0F);
    let of = |bytes: __m256i| -> __m256i {
        let low = _mm256_shuffle_epi8(by_low, bytes);
        let upper = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), low_half);
        _mm256_and_si256(low, _mm256_shuffle_epi8(by_high, upper))
    };
    let none = _mm256_setzero_si256();
    Escapable {
        any: !Block(of(block.0), of(block.1)).same(Block(none, none)).mask(),
        unicode: block.is(b'u').mask(),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn specials(block: &[u8; BLOCK]) -> Specials {
    let block = Block::load(block);
    let leads = table(&LEADS);
    let folded = block.or(Block::byte(0x20));
    let low_half = _mm256_set1_epi8(0x0F);
    let of = |bytes| _mm256_shuffle_epi8(leads, _mm256_and_si256(bytes, low_half));
    Specials {
        backslash: block.is(b'\\').mask(),
        sign: block.in_table(&SIGNS).mask(),
        high: block.mask(),
        lead: folded.same(Block(of(folded.0), of(folded.1))).mask(),
    }
}
