//! Identifiers that machines make up: nothing can be read from them, and nothing else stands in them.

/// A UUID (RFC 9562 §4), or a digest of 128 bits or more in hexadecimal digits of one case.
#[inline]
pub(crate) fn is_unique_id(text: &[u8]) -> bool {
    match text.len() {
        32 | 40 | 56 | 64 | 96 | 128 => is_digest(text),
        _ => text.as_array().is_some_and(is_uuid),
    }
}

const UUID_BYTES: usize = 36;

// Both without a branch a byte, so that many are looked at at once.

fn is_uuid(text: &[u8; UUID_BYTES]) -> bool {
    const SHAPE: &[u8; UUID_BYTES] = b"00000000-0000-0000-0000-000000000000";
    text.iter().zip(SHAPE).fold(true, |is, (&byte, &shape)| {
        is & if shape == b'-' { byte == b'-' } else { byte.is_ascii_hexdigit() }
    })
}

fn is_digest(text: &[u8]) -> bool {
    /// Of so many digits hardly any have fewer letters among them; a long number has none, or a few before it.
    const LETTERS_MIN: u8 = 4;
    let (mut is_hex, mut small, mut large) = (true, 0u8, 0u8);
    for &byte in text {
        let (is_small, is_large) = (byte.wrapping_sub(b'a') < 6, byte.wrapping_sub(b'A') < 6);
        is_hex &= byte.is_ascii_digit() | is_small | is_large;
        small += u8::from(is_small);
        large += u8::from(is_large);
    }
    is_hex && small.min(large) == 0 && small.max(large) >= LETTERS_MIN && !may_be_text(text)
}

/// Whether the first bytes that hexadecimal digits stand for are printed ASCII, of which a digest has none so many in a
/// row: somebody wrote a text so.
fn may_be_text(digits: &[u8]) -> bool {
    let (bytes, _) = digits.as_chunks::<2>();
    bytes.iter().take(8).all(|[high, _]| matches!(high, b'2'..=b'7'))
}

#[cfg(test)]
mod tests {
    use super::is_unique_id;

    #[test]
    fn what_machines_made_up_is_told_from_what_was_given() {
        for id in [
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
            "d41d8cd98f00b204e9800998ecf8427e",
            "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert!(is_unique_id(id.as_bytes()), "{id}");
        }
        for other in [
            "",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf",
            "f81d4fae-7dec-11d0-a765+00a0c91e6bf6",
            "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            // A number as long as a digest, and one behind two letters.
            "03001234567030012345670300123456",
            "ad120001203020030359010012000120",
            "d41d8cd98f00b204E9800998ECF8427E",
            "867619040000019",
            // `{"email":"sana.k@example.pk"}!!!`, as many digits as a digest has.
            "7b22656d61696c223a2273616e612e6b406578616d706c652e706b227d212121",
        ] {
            assert!(!is_unique_id(other.as_bytes()), "{other}");
        }
    }
}
