//! Names that are a text in base64 (RFC 4648 §4, §5) or in hexadecimal digits, as objects are keyed where a name may
//! have no `@`.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Shorter names are words and numbers, of which some happen to be base64 of a text.
const NAME_BYTES_MIN: usize = 16;
/// Longer ones are no names, and what is in them is told with the values.
const NAME_BYTES_MAX: usize = 4096;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// The text that `name` stands for; `None` where it stands for none, as nearly every name does.
pub(super) fn text_of(name: &str) -> Option<String> {
    let bytes = name.as_bytes();
    let start = bytes.first_chunk::<NAME_BYTES_MIN>().filter(|_| bytes.len() <= NAME_BYTES_MAX)?;
    hexadecimal(bytes).or_else(|| base64(bytes, start))
}

fn base64(bytes: &[u8], start: &[u8; NAME_BYTES_MIN]) -> Option<String> {
    let is_url = memchr::memchr2(b'-', b'_', bytes).is_some();
    let engine = if is_url { BASE64_URL } else { BASE64 };
    // What the first symbols stand for tells nearly every name from a text, without room for all of it.
    let mut begins = [0; NAME_BYTES_MIN / 4 * 3];
    let length = engine.decode_slice(start, &mut begins).ok()?;
    begins.get(..length).filter(|begins| begins.iter().all(is_of_a_text))?;
    text(engine.decode(bytes).ok()?)
}

fn hexadecimal(bytes: &[u8]) -> Option<String> {
    let digits = bytes.strip_prefix(b"0x").or(bytes.strip_prefix(b"\\x")).unwrap_or(bytes);
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    let begins = pairs.iter().take(NAME_BYTES_MIN / 2);
    if !rest.is_empty() || !begins.map(byte).all(|byte| byte.as_ref().is_some_and(is_of_a_text)) {
        return None;
    }
    text(pairs.iter().map(byte).collect::<Option<Vec<u8>>>()?)
}

fn is_of_a_text(byte: &u8) -> bool {
    !byte.is_ascii_control() || matches!(byte, b'\t' | b'\n' | b'\r')
}

fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|text| text.bytes().all(|byte| is_of_a_text(&byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_a_text_are_told_from_all_others() {
        for (name, text) in [
            ("c2FuYS5rQGV4YW1wbGUucGs=", Some("sana.k@example.pk")),
            ("c2FuYS5rQGV4YW1wbGUucGs", Some("sana.k@example.pk")),
            ("5p2O5piOIDEzODEyMzQ1Njc4Pz8-", Some("李明 13812345678??>")),
            ("73616e612e6b406578616d706c652e706b", Some("sana.k@example.pk")),
            ("0x73616E612E6B406578616D706C652E706B", Some("sana.k@example.pk")),
            ("\\x73616e612e6b406578616d706c652e706b", Some("sana.k@example.pk")),
            ("", None),
            ("email", None),
            ("shipping_address_line_2", None),
            ("internationalization", None),
            ("authorizationEndpoint", None),
            ("7d9f3c64-3b1e-4f0a-9a51-2f6f9c1e8a10", None),
            ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", None),
            ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", None),
            ("c2FuYS5rQGV4YW1wbGUucGs=?", None),
            ("c2FuYS5rQGV4YW1wbGUucGsA", None),
        ] {
            assert_eq!(text_of(name).as_deref(), text, "{name}");
        }
        assert_eq!(text_of(&"YWFh".repeat(NAME_BYTES_MAX)), None);
    }
}
