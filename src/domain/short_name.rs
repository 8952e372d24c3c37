//! Names of a few bytes as two words, which tell any two of them apart.

/// A name of one to fifteen bytes: those bytes, zeros, and how many they are. What no name is, is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShortName {
    head: u64,
    tail: u64,
}

/// Longest of them.
const BYTES_MAX: usize = 15;
const WORD_BYTES: usize = 8;

/// What is kept of the first sixteen bytes of a text, by the length of the name at its beginning.
const KEPT: [[u64; 2]; BYTES_MAX + 1] = {
    let mut kept = [[0; 2]; BYTES_MAX + 1];
    let mut rest: &mut [[u64; 2]] = &mut kept;
    let mut length = 0;
    while let [first, others @ ..] = rest {
        *first = if length < WORD_BYTES {
            [!(u64::MAX << (8 * length)), 0]
        } else {
            [u64::MAX, !(u64::MAX << (8 * (length - WORD_BYTES)))]
        };
        length += 1;
        rest = others;
    }
    kept
};

impl ShortName {
    #[inline(always)]
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        let length = name.len();
        let (head, tail) =
            if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
                // The two overlap in what the first holds already.
                let overlap = 8 * (2 * WORD_BYTES).checked_sub(length)?;
                let tail = u64::from_le_bytes(*last).checked_shr(overlap as u32).unwrap_or(0);
                (u64::from_le_bytes(*first), tail)
            } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
                let [first, last] = [*first, *last].map(|it| u64::from(u32::from_le_bytes(it)));
                (first | last << (8 * (length - 4)), 0)
            } else {
                let middle = length / 2;
                let at = |at: usize| name.get(at).map(|byte| u64::from(*byte) << (8 * at));
                (at(0)? | at(middle)? | at(length - 1)?, 0)
            };
        Self::new(head, tail, length)
    }

    /// The name of so many bytes at `start` of a text that goes on behind it, without a look at each length.
    #[inline(always)]
    pub(crate) fn at(text: &[u8], start: usize, length: usize) -> Option<Self> {
        let &[head_kept, tail_kept] = KEPT.get(length)?;
        let around = text.get(start..start + 2 * WORD_BYTES)?;
        let (head, tail) = (around.first_chunk()?, around.last_chunk()?);
        let word = |bytes: &[u8; WORD_BYTES]| u64::from_le_bytes(*bytes);
        Self::new(word(head) & head_kept, word(tail) & tail_kept, length)
    }

    #[inline(always)]
    fn new(head: u64, tail: u64, length: usize) -> Option<Self> {
        let is_short = length != 0 && length <= BYTES_MAX;
        is_short.then_some(Self { head, tail: tail | (length as u64) << 56 })
    }

    /// The upper bits of the answer tell most names apart.
    #[inline(always)]
    pub(crate) fn mixed(self) -> u64 {
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        (self.head ^ self.tail.rotate_left(23)).wrapping_mul(FACTOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that differ in one byte or in their length.
    fn names() -> impl Iterator<Item = Vec<u8>> {
        (1..=BYTES_MAX).flat_map(|length| {
            (0..=length).map(move |at| {
                let mut name = vec![b'a'; length];
                if let Some(byte) = name.get_mut(at) {
                    *byte = 0;
                }
                name
            })
        })
    }

    #[test]
    fn any_two_are_told_apart() {
        let names: Vec<Vec<u8>> = names().collect();
        for (number, name) in names.iter().enumerate() {
            let short = ShortName::of(name).unwrap();
            assert_ne!(short, ShortName::default());
            for other in &names[..number] {
                assert_ne!(Some(short), ShortName::of(other), "{name:?} {other:?}");
            }
        }
    }

    #[test]
    fn what_stands_behind_says_nothing() {
        for name in names() {
            let text = [b"\"", &name[..], b"\": 1, \"another\": 2"].concat();
            assert_eq!(ShortName::at(&text, 1, name.len()), ShortName::of(&name), "{name:?}");
        }
    }

    #[test]
    fn none_is_empty_or_long() {
        assert_eq!(ShortName::of(b""), None);
        assert_eq!(ShortName::of(&[b'a'; 16]), None);
        assert_eq!(ShortName::at(&[b'a'; 40], 1, 0), None);
        assert_eq!(ShortName::at(&[b'a'; 40], 1, 16), None);
        // Where the text ends first, it is no help.
        assert_eq!(ShortName::at(b"\"a\":1}", 1, 1), None);
        assert_eq!(ShortName::at(b"a", usize::MAX - 20, 1), None);
    }
}
