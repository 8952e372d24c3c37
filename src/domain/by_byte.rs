//! Tables with an entry for each byte there is, worked out by the compiler, and patterns of bytes.

/// One entry for each byte. Made by [`by_byte!`].
#[derive(Debug)]
pub(crate) struct ByByte<T>(pub [T; 256]);

impl<T: Copy> ByByte<T> {
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "there are as many entries as bytes")]
    pub(crate) fn of(&self, byte: u8) -> T {
        self.0[byte as usize]
    }
}

/// What `of` says of the bytes of a text, sixteen at a time, all of it together. The last sixteen may overlap those
/// before them, and a shorter text is filled up with `filler`.
#[inline]
pub(crate) fn by_blocks(bytes: &[u8], filler: u8, of: impl Fn(&[u8; 16]) -> u8) -> u8 {
    match bytes.last_chunk() {
        Some(last) => {
            let (blocks, _) = bytes.as_chunks();
            blocks.iter().fold(of(last), |seen, block| seen | of(block))
        }
        None => {
            let mut block = [filler; 16];
            block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            of(&block)
        }
    }
}

/// Whether bytes are written as `pattern` is: a digit for each zero, a letter of ASCII for each `A` or `a`,
/// anything else as it is.
pub(crate) fn is_like(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.len() == pattern.len()
        && bytes.iter().zip(pattern).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            b'A' | b'a' => byte.is_ascii_alphabetic(),
            other => byte == other,
        })
}

/// Whether `text` ends as `ending` reads, in small letters of ASCII or capitals.
pub(crate) fn ends_in_any_case(text: &str, ending: &str) -> bool {
    let (text, ending) = (text.as_bytes(), ending.as_bytes());
    let tail = text.len().checked_sub(ending.len()).and_then(|start| text.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(ending))
}

/// Where runs of bytes of one kind begin, in order. Told by blocks, so that a long text without any costs
/// little.
pub(crate) fn runs(bytes: &[u8], is: impl Fn(u8) -> bool) -> impl Iterator<Item = usize> {
    const BLOCK: usize = 64;
    let (mut next, mut starts, mut last) = (0, 0u64, 0u64);
    std::iter::from_fn(move || {
        while starts == 0 {
            let rest = bytes.get(next..).filter(|rest| !rest.is_empty())?;
            let (of_kind, length) = match rest.first_chunk::<BLOCK>() {
                Some(block) => (mask(block, &is), BLOCK),
                None => {
                    let mut block = [0; BLOCK];
                    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                    (mask(&block, &is) & !(u64::MAX << rest.len()), rest.len())
                }
            };
            starts = of_kind & !(of_kind << 1 | last);
            last = of_kind >> 63;
            next += length;
        }
        let at = (next - 1) / BLOCK * BLOCK + starts.trailing_zeros() as usize;
        starts &= starts - 1;
        Some(at)
    })
}

/// A bit for each byte of a kind, the first byte's the lowest.
fn mask(block: &[u8; 64], is: impl Fn(u8) -> bool) -> u64 {
    // Each factor moves the lowest bit of one byte to its place among the highest eight.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let flags = block.map(|byte| u8::from(is(byte)));
    let (eights, _) = flags.as_chunks::<8>();
    eights
        .iter()
        .rev()
        .fold(0, |mask, eight| mask << 8 | u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56)
}

/// A table by byte: `by_byte! { static KINDS: u8 = |byte| match byte { b'0'..=b'9' => 1, _ => 0 } }`.
macro_rules! by_byte {
    ($(#[$attribute:meta])* static $name:ident: $entry:ty = |$byte:ident| $value:expr) => {
        $(#[$attribute])*
        static $name: $crate::domain::ByByte<$entry> = $crate::domain::ByByte({
            let mut next = 0u8;
            let mut table = [
                {
                    let $byte = next;
                    $value
                };
                256
            ];
            let mut rest: &mut [$entry] = &mut table;
            while let [entry, others @ ..] = rest {
                let $byte = next;
                *entry = $value;
                next = next.wrapping_add(1);
                rest = others;
            }
            table
        });
    };
}

pub(crate) use by_byte;

#[cfg(test)]
mod tests {
    use super::runs;

    by_byte! {
        static HALVES: u8 = |byte| match byte {
            b'a'..=b'z' => byte - b'a',
            0xff => 7,
            _ => 0xee,
        }
    }

    #[test]
    fn each_byte_has_its_own_entry() {
        for byte in 0..=u8::MAX {
            let expected = match byte {
                b'a'..=b'z' => byte - b'a',
                u8::MAX => 7,
                _ => 0xee,
            };
            assert_eq!(HALVES.of(byte), expected, "{byte}");
        }
    }

    #[test]
    fn runs_begin_where_a_byte_of_the_kind_stands_behind_another() {
        for length in [0, 1, 63, 64, 65, 127, 128, 200] {
            for seed in 0..40u32 {
                let text: Vec<u8> = (0..length as u32)
                    .map(|at| (at + 1).wrapping_mul(seed.wrapping_mul(0x9E37_79B1) | 1) >> 28)
                    .map(|high| if high % 3 == 0 { b'7' } else { b'x' })
                    .collect();
                let begins = |at: &usize| {
                    text[*at] == b'7' && at.checked_sub(1).is_none_or(|before| text[before] != b'7')
                };
                let expected: Vec<usize> = (0..length).filter(begins).collect();
                let found: Vec<usize> = runs(&text, |byte| byte.is_ascii_digit()).collect();
                assert_eq!(found, expected, "{length} {seed}");
            }
        }
    }
}
