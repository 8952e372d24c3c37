//! The masks in AVX-512, 64 bytes an instruction: a comparison is a mask at once, and the places of its bits
//! are written sixteen at a time.
//!
//! INVARIANT: an [`Avx512`] exists only where the processor has what its functions are compiled for.

#![expect(
    unsafe_code,
    reason = "calls of functions compiled for features that `Avx512::new` found"
)]

use std::arch::x86_64::{
    __m512i, _mm_loadu_si128, _mm512_add_epi32, _mm512_and_si512, _mm512_broadcast_i32x4,
    _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_cvtepu8_epi32,
    _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_movepi8_mask, _mm512_or_si512,
    _mm512_set1_epi8, _mm512_set1_epi32, _mm512_shuffle_epi8, _mm512_shuffle_i32x4,
    _mm512_srli_epi16, _mm512_storeu_si512, _mm512_sub_epi8, _mm512_test_epi8_mask,
};

use super::{
    BLOCK, Classes, Classify, Escapable, Specials, Work,
    avx2::{Avx2, parity},
    tables::{ESCAPABLE_HIGH, ESCAPABLE_LOW, LEADS, OPERATORS, SEPARATORS, SIGNS, SPACES, Table},
};

/// Proof that the processor has AVX-512 with instructions for bytes, and those that compress them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn new() -> Option<Self> {
        // The instructions for single words are asked for there.
        let has = Avx2::new().is_some()
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vbmi2");
        has.then_some(Self(()))
    }

    pub(super) fn run<W: Work>(self, work: W) -> W::Output {
        // SAFETY: `self` was made by `new`, which found every feature that `run` is compiled for.
        unsafe { run(work, self) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,lzcnt,pclmulqdq,popcnt")]
fn run<W: Work>(work: W, way: Avx512) -> W::Output {
    work.run(way)
}

impl Classify for Avx512 {
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

    #[inline(always)]
    fn write_places(self, mask: u64, base: u32, places: &mut [u32]) {
        // SAFETY: as in `run`.
        unsafe { write_places(mask, base, places) };
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(block: &[u8; BLOCK]) -> __m512i {
    // SAFETY: the load stays inside the 64 bytes of the block and needs no alignment.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

/// The same table for each quarter of a register.
#[inline]
#[target_feature(enable = "avx512f")]
fn table(table: &Table) -> __m512i {
    // SAFETY: the load stays inside the 16 bytes of the table and needs no alignment.
    _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}

/// The bytes that the table holds at the place of their own lower half.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn in_table(block: __m512i, characters: &Table) -> u64 {
    _mm512_cmpeq_epi8_mask(block, _mm512_shuffle_epi8(table(characters), block))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn is(block: __m512i, byte: u8) -> u64 {
    _mm512_cmpeq_epi8_mask(block, all(byte))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn all(byte: u8) -> __m512i {
    _mm512_set1_epi8(byte.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn classes(block: &[u8; BLOCK]) -> Classes {
    let block = load(block);
    let digits = _mm512_sub_epi8(block, all(b'0'));
    Classes {
        quote: is(block, b'"'),
        control: _mm512_cmplt_epu8_mask(block, all(0x20)),
        space: in_table(block, &SPACES),
        operator: in_table(_mm512_or_si512(block, all(0x20)), &OPERATORS),
        digit: _mm512_cmplt_epu8_mask(digits, all(10)),
        separator: in_table(block, &SEPARATORS),
        special: in_table(block, &SIGNS) | is(block, b'\\') | _mm512_movepi8_mask(block),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn escapable(block: &[u8; BLOCK]) -> Escapable {
    let block = load(block);
    let low = _mm512_shuffle_epi8(table(&ESCAPABLE_LOW), block);
    let upper = _mm512_and_si512(_mm512_srli_epi16::<4>(block), all(0x0F));
    let high = _mm512_shuffle_epi8(table(&ESCAPABLE_HIGH), upper);
    Escapable { any: _mm512_test_epi8_mask(low, high), unicode: is(block, b'u') }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn specials(block: &[u8; BLOCK]) -> Specials {
    let block = load(block);
    let leads = _mm512_shuffle_epi8(table(&LEADS), _mm512_and_si512(block, all(0x0F)));
    Specials {
        backslash: is(block, b'\\'),
        sign: in_table(block, &SIGNS),
        high: _mm512_movepi8_mask(block),
        lead: _mm512_cmpeq_epi8_mask(_mm512_or_si512(block, all(0x20)), leads),
    }
}

/// The numbers of the bytes of a block.
const NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut rest: &mut [u8] = &mut numbers;
    let mut number = 0;
    while let [first, others @ ..] = rest {
        *first = number;
        number += 1;
        rest = others;
    }
    numbers
};

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt")]
fn write_places(mask: u64, base: u32, places: &mut [u32]) {
    let numbers = _mm512_maskz_compress_epi8(mask, load(&NUMBERS));
    let base = _mm512_set1_epi32(base.cast_signed());
    let count = mask.count_ones() as usize;
    // Sixteen at a time, whether there are that many or not: what is too much is written over.
    let (chunks, _) = places.as_chunks_mut::<16>();
    let quarters = [
        numbers,
        _mm512_shuffle_i32x4::<1>(numbers, numbers),
        _mm512_shuffle_i32x4::<2>(numbers, numbers),
        _mm512_shuffle_i32x4::<3>(numbers, numbers),
    ];
    for (number, (chunk, quarter)) in chunks.iter_mut().zip(quarters).enumerate() {
        if number * 16 >= count {
            break;
        }
        let wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(quarter));
        // SAFETY: the store stays inside the 16 words of the chunk and needs no alignment.
        unsafe { _mm512_storeu_si512(chunk.as_mut_ptr().cast(), _mm512_add_epi32(base, wide)) };
    }
}
