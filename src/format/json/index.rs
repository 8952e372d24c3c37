//! Where the grammar of a JSON text turns, and what its bytes are made of: the first of two passes.
//!
//! A block of the text becomes masks (`classes`), and the masks become two things: the *turns*, which are
//! the offsets of brackets, braces, commas and colons outside strings, of each string's opening quote
//! and of each other scalar's first byte; and a few masks that are kept, from which [`Index::may_hold`]
//! tells whether a value can be found in a string at all. The walk goes from turn to turn and looks at a
//! value only when its name asks for it or its masks do.
//!
//! INVARIANT: turns end where the text is known to be no JSON (a control character in a string, an
//! escape that is none, an open string at the end), so that a walk cannot get past that place.

use crate::{
    domain::{Escape, is_unique_id},
    format::{
        classes::{BLOCK, Classify, Work, dispatch},
        hints::{self, Hints, Seen},
    },
};

/// The turns and masks of one text, made as the walk goes on.
#[derive(Debug)]
pub(super) struct Index {
    /// The turns from a little before the present one on; behind the last one of the text, its length.
    turns: Box<[u32; TURNS_MAX]>,
    /// How many of `turns` are filled.
    filled: usize,
    /// The masks of the blocks from `first_block` on.
    kept: Vec<Kept>,
    first_block: usize,
    state: State,
}

/// The masks of one block.
#[derive(Debug, Default, Clone, Copy)]
struct Kept {
    hints: Hints,
    /// All of them together, what is not ASCII, escapes, and operators in strings: for nearly every word nothing.
    any: u64,
    /// What stands behind a string none of whose bytes is marked in `any`, and behind a scalar of nothing but
    /// digits.
    plain: u64,
}

/// What the next block has to know of those before it.
#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// Offset of the next block.
    at: usize,
    /// No more turns will come.
    ended: bool,
    /// For one of the reasons why the text is no JSON.
    broken: bool,
    /// Bytes at the start that are no part of the text.
    skip: usize,
    /// All ones inside a string.
    in_string: u64,
    /// One when the first byte of the block is escaped.
    escaped: u64,
    /// One when the byte before the block belongs to a scalar that is no string.
    in_scalar: u64,
    /// One when the byte before the block is not ASCII.
    high: u64,
    /// A backslash stood in one of the blocks read.
    escapes: bool,
    /// One when the block begins inside a string or number that is plain so far.
    is_plain: bool,
    /// One when the byte before the block ends a string that is plain.
    plain: u64,
}

/// Blocks indexed at a time: their turns stay in the first-level cache.
const BLOCKS: usize = 64;
/// Those turns, those kept from before, and the end of the text. A power of two.
const TURNS_MAX: usize = 2 * BLOCKS * BLOCK;
/// How far a walk looks ahead, and how often the length of the text stands behind the last turn.
pub(super) const AHEAD: usize = 8;
/// How far it looks ahead to foresee the members of an object.
pub(super) const FAR_AHEAD: usize = 512;

impl Default for Index {
    fn default() -> Self {
        Self {
            turns: Box::new([0; TURNS_MAX]),
            filled: 0,
            kept: Vec::new(),
            first_block: 0,
            state: State::default(),
        }
    }
}

impl Index {
    /// Begins with another text, whose first `skip` bytes are not read.
    pub(super) fn begin(&mut self, skip: usize) {
        self.filled = 0;
        self.kept.clear();
        self.first_block = 0;
        self.state = State { skip, ..State::default() };
    }

    /// The turn of this number, once `ensure` was called for it; the length of the text behind the last.
    #[inline(always)]
    pub(super) fn turn(&self, number: usize) -> usize {
        // The remainder changes nothing; it tells the compiler that the place exists.
        self.turns.get(number % TURNS_MAX).map_or(usize::MAX, |turn| *turn as usize)
    }

    /// Reads on until there are `AHEAD` turns from `next` on, or no more in the text. The answer is `next` as
    /// it is counted from then on; the turn before it is kept.
    #[inline(always)]
    pub(super) fn ensure(&mut self, text: &[u8], next: usize) -> usize {
        self.ensure_so_many(text, next, AHEAD)
    }

    /// The same of as many as `FAR_AHEAD`.
    #[inline(always)]
    pub(super) fn ensure_far(&mut self, text: &[u8], next: usize) -> usize {
        self.ensure_so_many(text, next, FAR_AHEAD)
    }

    #[inline(always)]
    fn ensure_so_many(&mut self, text: &[u8], next: usize, count: usize) -> usize {
        if self.filled < next + count && !self.state.ended {
            self.fill(text, next, count)
        } else {
            next
        }
    }

    /// Whether the turns end before the text does, since it is no JSON.
    pub(super) fn is_broken(&self) -> bool {
        self.state.broken
    }

    /// How the strings indexed so far are escaped.
    #[inline(always)]
    pub(super) fn escape(&self) -> Escape {
        if self.state.escapes { Escape::Json } else { Escape::None }
    }

    #[inline(never)]
    fn fill(&mut self, text: &[u8], next: usize, count: usize) -> usize {
        // The turn before the present one is asked for when a line ends.
        let from = next.saturating_sub(1);
        let block =
            if from < self.filled { self.turn(from) / BLOCK } else { self.state.at / BLOCK };
        let passed = block.saturating_sub(self.first_block).min(self.kept.len());
        self.kept.drain(..passed);
        self.first_block += passed;
        self.turns.copy_within(from..self.filled, 0);
        self.filled -= from;
        let next = next - from;
        while self.filled < next + count && !self.state.ended {
            let (turns, kept) = (&mut *self.turns, &mut self.kept);
            (self.state, self.filled) =
                dispatch(Fill { text, turns, filled: self.filled, kept, state: self.state });
        }
        if self.state.ended {
            let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let behind = self.turns.get_mut(self.filled..).unwrap_or_default();
            behind.iter_mut().take(2 * AHEAD).for_each(|turn| *turn = end);
        }
        next
    }

    /// Whether a value can be found by its form in the bytes `start..end` of one string, all of which
    /// have been indexed.
    #[inline(always)]
    pub(super) fn may_hold(&self, text: &[u8], start: usize, end: usize) -> bool {
        let length = end - start;
        length >= hints::VALUE_BYTES_MIN && self.may_hold_in_any(text, start, length)
    }

    /// The turn of this number and the three behind it, once `ensure` was called for it.
    #[inline(always)]
    pub(super) fn turns(&self, number: usize) -> Option<[usize; 4]> {
        let turns = self.turns.get(number % TURNS_MAX..)?.first_chunk::<4>()?;
        Some(turns.map(|turn| turn as usize))
    }

    /// Whether a string without a marked byte, or a number of nothing but digits, ends just before `end`.
    #[inline(always)]
    pub(super) fn is_plain(&self, end: usize) -> bool {
        let kept = self.kept.get((end / BLOCK).wrapping_sub(self.first_block));
        kept.is_some_and(|kept| kept.plain >> (end % BLOCK) & 1 != 0)
    }

    /// Whether a scalar, which stands at `start` and begins with a digit, is a number of digits with a point among
    /// them (RFC 8259 §6).
    #[inline(always)]
    pub(super) fn is_decimal(&self, scalar: &[u8], start: usize) -> bool {
        let length = scalar.len();
        if length >= BLOCK {
            return false;
        }
        let other = !(u64::MAX << length) & !self.stretch(start, length, |kept| kept.hints.digit);
        let whole = other.trailing_zeros() as usize;
        other.is_power_of_two()
            && scalar.get(whole) == Some(&b'.')
            && whole + 1 < length
            && (whole == 1 || scalar.first() != Some(&b'0'))
    }

    fn may_hold_in_any(&self, text: &[u8], start: usize, length: usize) -> bool {
        // Nearly every string is short and within one block or two, and a word.
        if length < BLOCK && self.stretch(start, length, |kept| kept.any) == 0 {
            return text.get(start..start + length).is_some_and(hints::may_be_document);
        }
        self.may_hold_marked(text, start, length)
    }

    #[inline(never)]
    fn may_hold_marked(&self, text: &[u8], start: usize, length: usize) -> bool {
        let string = text.get(start..start + length).unwrap_or_default();
        if length < BLOCK {
            return self.masks(start, length).may_hold(text, start, string);
        }
        !is_unique_id(string)
            && (hints::may_be_document(string)
                || self.may_hold_in_long(text, start, start + length))
    }

    #[inline(never)]
    fn may_hold_in_long(&self, text: &[u8], mut start: usize, end: usize) -> bool {
        let mut seen = Seen::default();
        while start < end {
            let length = (end - start).min(BLOCK - 1);
            if seen.may_hold(&self.masks(start, length), text, start) {
                return true;
            }
            // The next stretch overlaps this one by more than a value of those kinds is long.
            start += if start + length == end { length } else { length - hints::OVERLAP };
        }
        false
    }

    /// The masks of `length` bytes from `start` on, less than a block, beginning at the lowest bit.
    #[inline(always)]
    fn masks(&self, start: usize, length: usize) -> Hints {
        Hints {
            digit: self.stretch(start, length, |kept| kept.hints.digit),
            separator: self.stretch(start, length, |kept| kept.hints.separator),
            colon: self.stretch(start, length, |kept| kept.hints.colon),
            noted: self.stretch(start, length, |kept| kept.hints.noted),
        }
    }

    /// The same of one mask.
    #[inline(always)]
    fn stretch(&self, start: usize, length: usize, mask: impl Fn(&Kept) -> u64) -> u64 {
        let number = (start / BLOCK).wrapping_sub(self.first_block);
        let shift = start % BLOCK;
        let of = |number: usize| self.kept.get(number).map_or(0, &mask);
        let mut bits = of(number) >> shift;
        if shift + length > BLOCK {
            bits |= of(number + 1) << ((BLOCK - shift) % BLOCK);
        }
        bits & !(u64::MAX << (length % BLOCK))
    }
}

/// One round of indexing.
struct Fill<'i> {
    text: &'i [u8],
    turns: &'i mut [u32; TURNS_MAX],
    filled: usize,
    kept: &'i mut Vec<Kept>,
    state: State,
}

impl Work for Fill<'_> {
    type Output = (State, usize);

    #[inline(always)]
    fn run<C: Classify>(self, classify: C) -> Self::Output {
        let Self { text, turns, mut filled, kept, mut state } = self;
        let (blocks, rest) = text.get(state.at..).unwrap_or_default().as_chunks::<BLOCK>();
        let known = kept.len();
        // What is left of the text, and of it no more than one round reads.
        kept.resize(known + (blocks.len() + 1).min(BLOCKS), Kept::default());
        let slots = kept.get_mut(known..).unwrap_or_default();
        let mut used = 0;
        for (block, slot) in blocks.iter().zip(slots.iter_mut()) {
            let new = state.block(classify, text, block, slot);
            filled = push(classify, turns, filled, new, state.at);
            state.at += BLOCK;
            used += 1;
            if state.ended {
                break;
            }
        }
        if let Some(slot) = slots.get_mut(used).filter(|_| used == blocks.len() && !state.ended) {
            let mut block = [b' '; BLOCK];
            if let Some(start) = block.get_mut(..rest.len()) {
                start.copy_from_slice(rest);
            }
            let new = state.block(classify, text, &block, slot);
            filled = push(classify, turns, filled, new, state.at);
            state.at += BLOCK;
            state.ended = true;
            used += 1;
            state.broken |= state.in_string != 0;
        }
        kept.truncate(known + used);
        (state, filled)
    }
}

impl State {
    /// The turns of one block; what is kept of it goes to `kept`.
    #[inline(always)]
    fn block<C: Classify>(
        &mut self,
        classify: C,
        text: &[u8],
        block: &[u8; BLOCK],
        kept: &mut Kept,
    ) -> u64 {
        let classes = classify.classes(block);
        let mut quote = classes.quote;
        let mut wrong = 0;
        let mut noted = 0;
        let mut other = 0;
        if classes.special | self.escaped | self.high != 0 {
            let specials = classify.specials(block);
            if specials.backslash | self.escaped != 0 {
                self.escapes = true;
                let escaped = escaped(specials.backslash, &mut self.escaped);
                let escapable = classify.escapable(block);
                quote &= !escaped;
                // An escaped backslash may begin an escape of the text itself.
                noted = escaped & (escapable.unicode | specials.backslash);
                let unicode = escaped & escapable.unicode;
                wrong = escaped & !escapable.any | unfinished(unicode, text, self.at);
            }
            noted |= hints::marks(&specials, block);
            // A label in a script without spaces.
            noted |= classes.colon() & (specials.high << 1 | self.high);
            self.high = specials.high >> 63;
            other = specials.high | specials.backslash;
        }

        // From each opening quote up to its closing one.
        let in_string = classify.parity(quote) ^ self.in_string;
        self.in_string = (in_string.cast_signed() >> 63).cast_unsigned();
        let string_tail = in_string ^ quote;
        wrong |= classes.control & in_string;

        let scalar = !(classes.operator | classes.space);
        let unquoted = scalar & !quote;
        let starts = scalar & !(unquoted << 1 | self.in_scalar);
        self.in_scalar = unquoted >> 63;
        let mut turns = (classes.operator | starts) & !string_tail;

        if wrong != 0 {
            turns &= wrong.wrapping_sub(1) & !wrong;
            self.ended = true;
            self.broken = true;
        }
        if self.at == 0 {
            turns &= u64::MAX << self.skip;
        }
        let (digit, separator, colon) = (classes.digit, classes.separator, classes.colon());
        let hints = Hints { digit, separator, colon, noted };
        let any = hints.any() | other | (classes.operator & in_string);
        // Where a one is added at the beginning of a run of ones, it comes out behind its end; a marked byte is no
        // one, and stops it.
        let runs = (in_string & !any) | (classes.digit & !in_string);
        let begin = (quote & in_string) | (starts & classes.digit & !in_string);
        let (sum, is_past) = runs.overflowing_add(begin);
        let (sum, is_past_too) = sum.overflowing_add(u64::from(self.is_plain));
        self.is_plain = is_past || is_past_too;
        let strings = sum & quote & !in_string;
        let numbers = sum & (classes.operator | classes.space) & !in_string;
        let plain = strings << 1 | self.plain | numbers;
        self.plain = strings >> 63;
        *kept = Kept { hints, any, plain };
        turns
    }
}

/// Writes the offsets of the bits of `turns`, a mask of the block at `at`, and tells how many there are
/// now.
#[inline(always)]
fn push<C: Classify>(
    classify: C,
    all: &mut [u32; TURNS_MAX],
    filled: usize,
    turns: u64,
    at: usize,
) -> usize {
    // Texts are shorter than 4 GiB, as spans are.
    classify.write_places(turns, at as u32, all.get_mut(filled..).unwrap_or_default());
    filled + turns.count_ones() as usize
}

/// Which of the `\u` escapes at `escapes` are without their four digits. The block begins at `at`.
#[inline(always)]
fn unfinished(mut escapes: u64, text: &[u8], at: usize) -> u64 {
    let mut wrong = 0;
    while escapes != 0 {
        let place = escapes.trailing_zeros() as usize;
        let digits = text.get(at + place + 1..at + place + 5);
        let is_whole = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        wrong |= u64::from(!is_whole) << place;
        escapes &= escapes - 1;
    }
    wrong
}

/// The bytes that a backslash before them escapes: of a run of backslashes, every other one does.
#[inline(always)]
fn escaped(backslash: u64, carry: &mut u64) -> u64 {
    const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
    let escaping = backslash & !*carry;
    // Subtraction runs through each run of backslashes and leaves every other bit of it.
    let alternating = ((escaping << 1 | ODD).wrapping_sub(escaping)) ^ ODD;
    let escaped = alternating ^ (backslash | *carry);
    *carry = (alternating & backslash) >> 63;
    escaped
}
