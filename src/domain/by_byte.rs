//! Tables with an entry for each byte there is, worked out by the compiler, and patterns of bytes.

/// One entry for each byte. Made by [`by_byte!`].
#[derive(Debug)]
pub struct ByByte<T>(pub [T; 256]);

impl<T: Copy> ByByte<T> {
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "there are as many entries as bytes")]
    pub fn of(&self, byte: u8) -> T {
        self.0[byte as usize]
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
}
