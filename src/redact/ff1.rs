//! FF1, format-preserving encryption (NIST SP 800-38G, algorithms 7 and 8).
//!
//! A string of numerals becomes another of the same length and radix. The halves of the Feistel network
//! are kept as numbers in base `radix^k`, the largest power below 2^63, so that the addition modulo
//! `radix^m` needs no long division and nothing is allocated. What is outside the domain of the standard,
//! or longer than we need, is an error.

#[cfg(test)]
mod tests;

use aes::cipher::{Block, BlockCipherEncrypt, BlockSizeUser, consts::U16};

/// The most numerals that are taken: an e-mail address has 64 before its `@` (RFC 5321 §4.5.3.1.1).
pub(super) const NUMERALS_MAX: usize = 64;
/// `radix^length` is no less (SP 800-38G rev. 1 §5.1).
pub(super) const DOMAIN_MIN: u128 = 1_000_000;
/// Long enough for a category's mark and whatever characters of a value are kept.
pub(super) const TWEAK_BYTES_MAX: usize = 72;

const RADIX_MAX: u32 = 62;
const ROUNDS: u8 = 10;
const BLOCK_BYTES: usize = 16;
const CHUNKS: usize = 4;
const LIMBS: usize = 4;
/// Tweak, padding, round and number.
const INPUT_BYTES_MAX: usize = TWEAK_BYTES_MAX + BLOCK_BYTES + 1 + 8 * LIMBS;

/// Too few or too many numerals, one that is no numeral, or a radix or tweak beyond what we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("outside the domain of the cipher")]
pub(super) struct OutOfDomain;

/// FF1 over a block cipher of 128 bits, which is to be AES.
#[derive(Clone)]
pub(super) struct Ff1<C>(C);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

/// A half as a number, least chunk first.
type Half = [u64; CHUNKS];

/// How `m` numerals are split into chunks.
#[derive(Clone, Copy)]
struct Size {
    numerals: usize,
    chunks: usize,
    /// Above the last chunk.
    top: u64,
}

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Ff1<C> {
    pub(super) fn new(cipher: C) -> Self {
        Self(cipher)
    }

    /// Turns `numerals`, each below `radix`, into others.
    pub(super) fn apply(
        &self,
        direction: Direction,
        radix: u32,
        tweak: &[u8],
        numerals: &mut [u8],
    ) -> Result<(), OutOfDomain> {
        let base = Base::of(radix).ok_or(OutOfDomain)?;
        let length = numerals.len();
        let is_long_enough = (radix as u128)
            .checked_pow(length.min(20) as u32)
            .is_none_or(|size| size >= DOMAIN_MIN);
        let are_numerals = numerals.iter().all(|numeral| u32::from(*numeral) < radix);
        if !(2..=NUMERALS_MAX).contains(&length)
            || !is_long_enough
            || !are_numerals
            || tweak.len() > TWEAK_BYTES_MAX
        {
            return Err(OutOfDomain);
        }
        let u = length / 2;
        let (Some(left), Some(right)) = (base.size(u), base.size(length - u)) else {
            return Err(OutOfDomain);
        };
        let rounds = Rounds::new(&self.0, radix, tweak, length, u, &base, right)?;
        let (a, b) = numerals.split_at(u);
        let (mut a, mut b) = (base.number(a, left), base.number(b, right));
        match direction {
            Direction::Encrypt => {
                for round in 0..ROUNDS {
                    let size = if round % 2 == 0 { left } else { right };
                    let other = if round % 2 == 0 { right } else { left };
                    let y = rounds.mix(round, &b, other, size);
                    base.add(&mut a, &y, size);
                    std::mem::swap(&mut a, &mut b);
                }
            }
            Direction::Decrypt => {
                for round in (0..ROUNDS).rev() {
                    let size = if round % 2 == 0 { left } else { right };
                    let other = if round % 2 == 0 { right } else { left };
                    let y = rounds.mix(round, &a, other, size);
                    base.subtract(&mut b, &y, size);
                    std::mem::swap(&mut a, &mut b);
                }
            }
        }
        // After an even number of rounds each half has its own length again.
        let (to_a, to_b) = numerals.split_at_mut(u);
        base.numerals(&a, to_a);
        base.numerals(&b, to_b);
        Ok(())
    }
}

/// What all rounds over one string share.
struct Rounds<'c, C: BlockSizeUser> {
    cipher: &'c C,
    base: &'c Base,
    /// The chain after P and those blocks of Q that no round changes.
    chain: Block<C>,
    /// The rest of Q, with the round and the number still to be filled in.
    rest: [u8; INPUT_BYTES_MAX],
    rest_length: usize,
    number_bytes: usize,
}

impl<'c, C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>> Rounds<'c, C> {
    fn new(
        cipher: &'c C,
        radix: u32,
        tweak: &[u8],
        length: usize,
        u: usize,
        base: &'c Base,
        right: Size,
    ) -> Result<Self, OutOfDomain> {
        let number_bytes = base.bits(right).div_ceil(8);
        // R is at most two blocks long then, and the number no more than our limbs hold.
        if mixed_bytes(number_bytes) > 8 * LIMBS {
            return Err(OutOfDomain);
        }
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let [_, r0, r1, r2] = radix.to_be_bytes();
        let [.., u_low] = narrow(u).to_be_bytes();
        let mut head = [0; BLOCK_BYTES];
        let parts: [&[u8]; 3] = [
            &[1, 2, 1, r0, r1, r2, ROUNDS, u_low],
            &narrow(length).to_be_bytes(),
            &narrow(tweak.len()).to_be_bytes(),
        ];
        head.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        let mut chain: Block<C> = head.into();
        cipher.encrypt_block(&mut chain);

        let tail = number_bytes + 1;
        let whole = (tweak.len() + tail).next_multiple_of(BLOCK_BYTES);
        let mut input = [0; INPUT_BYTES_MAX];
        input.iter_mut().zip(tweak).for_each(|(to, from)| *to = *from);
        let fixed = whole - tail.next_multiple_of(BLOCK_BYTES);
        for block in input.get(..fixed).unwrap_or_default().chunks_exact(BLOCK_BYTES) {
            chain.iter_mut().zip(block).for_each(|(to, from)| *to ^= from);
            cipher.encrypt_block(&mut chain);
        }
        let mut rest = [0; INPUT_BYTES_MAX];
        rest.iter_mut()
            .zip(input.get(fixed..whole).unwrap_or_default())
            .for_each(|(to, from)| *to = *from);
        Ok(Self { cipher, base, chain, rest, rest_length: whole - fixed, number_bytes })
    }

    /// The number that a round adds to the other half, modulo `radix^m` of `size`.
    fn mix(&self, round: u8, half: &Half, half_size: Size, size: Size) -> Half {
        let mut rest = self.rest;
        let number_start = self.rest_length - self.number_bytes;
        if let Some(place) = rest.get_mut(number_start - 1) {
            *place = round;
        }
        let limbs = self.base.limbs(half, half_size);
        let bytes = limbs.iter().flat_map(|limb| limb.to_le_bytes());
        let places = rest.get_mut(number_start..self.rest_length).unwrap_or_default();
        places.iter_mut().rev().zip(bytes).for_each(|(to, from)| *to = from);

        let mut block = self.chain;
        for input in rest.get(..self.rest_length).unwrap_or_default().chunks_exact(BLOCK_BYTES) {
            block.iter_mut().zip(input).for_each(|(to, from)| *to ^= from);
            self.cipher.encrypt_block(&mut block);
        }
        let mut mixed = [0; 2 * BLOCK_BYTES];
        let wanted = mixed_bytes(self.number_bytes);
        let (first, second) = mixed.split_at_mut(BLOCK_BYTES);
        first.copy_from_slice(&block);
        if wanted > BLOCK_BYTES {
            // The next block of S is that of R ⊕ [1]¹⁶.
            let mut next = block;
            if let Some(last) = next.last_mut() {
                *last ^= 1;
            }
            self.cipher.encrypt_block(&mut next);
            second.copy_from_slice(&next);
        }
        let mut limbs = [0u64; LIMBS];
        for (index, byte) in mixed.get(..wanted).unwrap_or_default().iter().rev().enumerate() {
            if let Some(limb) = limbs.get_mut(index / 8) {
                *limb |= u64::from(*byte) << (8 * (index % 8));
            }
        }
        self.base.reduce(limbs, wanted.div_ceil(8), size)
    }
}

/// How many bytes of the mixed blocks make the number: `d` of the standard.
fn mixed_bytes(number_bytes: usize) -> usize {
    4 * number_bytes.div_ceil(4) + 4
}

/// Arithmetic in base `radix^k`.
struct Base {
    radix: u64,
    /// Numerals in one chunk: `k`.
    per_chunk: usize,
    /// `radix^k`, at most 2^63.
    value: u64,
}

impl Base {
    fn of(radix: u32) -> Option<Self> {
        if !(2..=RADIX_MAX).contains(&radix) {
            return None;
        }
        let radix = u64::from(radix);
        let (mut per_chunk, mut value) = (1, radix);
        while value.checked_mul(radix).is_some_and(|next| next <= 1 << 63) {
            value *= radix;
            per_chunk += 1;
        }
        Some(Self { radix, per_chunk, value })
    }

    fn size(&self, numerals: usize) -> Option<Size> {
        let chunks = numerals.div_ceil(self.per_chunk);
        let last = numerals - (chunks.checked_sub(1)?) * self.per_chunk;
        let top = self.radix.checked_pow(u32::try_from(last).ok()?)?;
        (chunks <= CHUNKS).then_some(Size { numerals, chunks, top })
    }

    /// The number that `numerals` are, the first counting most.
    fn number(&self, numerals: &[u8], size: Size) -> Half {
        debug_assert_eq!(numerals.len(), size.numerals);
        let mut number = [0; CHUNKS];
        for (chunk, part) in number.iter_mut().zip(numerals.rchunks(self.per_chunk)) {
            *chunk = part.iter().fold(0, |sum, numeral| sum * self.radix + u64::from(*numeral));
        }
        number
    }

    fn numerals(&self, number: &Half, into: &mut [u8]) {
        for (chunk, part) in number.iter().zip(into.rchunks_mut(self.per_chunk)) {
            let mut left = *chunk;
            for place in part.iter_mut().rev() {
                // A remainder is below the radix, which is below 256.
                *place = u8::try_from(left % self.radix).unwrap_or_default();
                left /= self.radix;
            }
        }
    }

    /// The number in binary, least limb first.
    fn limbs(&self, number: &Half, size: Size) -> [u64; LIMBS] {
        let mut limbs = [0u64; LIMBS];
        for chunk in number.iter().take(size.chunks).rev() {
            let mut carry = u128::from(*chunk);
            for limb in &mut limbs {
                let product = u128::from(*limb) * u128::from(self.value) + carry;
                *limb = low(product);
                carry = product >> 64;
            }
        }
        limbs
    }

    /// How many bits the largest number of that size has: `⌈m·log₂ radix⌉`, since no power of a radix
    /// that is no power of two is one.
    fn bits(&self, size: Size) -> usize {
        let mut largest = [0; CHUNKS];
        for (index, chunk) in largest.iter_mut().take(size.chunks).enumerate() {
            *chunk = if index + 1 == size.chunks { size.top - 1 } else { self.value - 1 };
        }
        let limbs = self.limbs(&largest, size);
        let used = limbs.iter().rposition(|limb| *limb != 0).unwrap_or(0);
        let top = limbs.get(used).copied().unwrap_or(0);
        64 * used + (64 - top.leading_zeros() as usize)
    }

    /// A binary number modulo `radix^m`. `used` limbs are not zero.
    fn reduce(&self, mut limbs: [u64; LIMBS], used: usize, size: Size) -> Half {
        let mut number = [0; CHUNKS];
        for (index, chunk) in number.iter_mut().take(size.chunks).enumerate() {
            let divisor = if index + 1 == size.chunks { size.top } else { self.value };
            let mut remainder = 0u64;
            for limb in limbs.iter_mut().take(used).rev() {
                if remainder == 0 {
                    (*limb, remainder) = (*limb / divisor, *limb % divisor);
                } else {
                    let dividend = u128::from(remainder) << 64 | u128::from(*limb);
                    *limb = low(dividend / u128::from(divisor));
                    remainder = low(dividend % u128::from(divisor));
                }
            }
            *chunk = remainder;
        }
        number
    }

    fn add(&self, to: &mut Half, number: &Half, size: Size) {
        let mut carry = 0;
        for (index, (to, from)) in to.iter_mut().zip(number).take(size.chunks).enumerate() {
            let modulus = if index + 1 == size.chunks { size.top } else { self.value };
            let sum = *to + from + carry;
            (*to, carry) = if sum >= modulus { (sum - modulus, 1) } else { (sum, 0) };
        }
    }

    fn subtract(&self, from: &mut Half, number: &Half, size: Size) {
        let mut borrow = 0;
        for (index, (from, other)) in from.iter_mut().zip(number).take(size.chunks).enumerate() {
            let modulus = if index + 1 == size.chunks { size.top } else { self.value };
            let less = other + borrow;
            (*from, borrow) =
                if *from >= less { (*from - less, 0) } else { (*from + modulus - less, 1) };
        }
    }
}

fn low(number: u128) -> u64 {
    (number & u128::from(u64::MAX)) as u64
}
