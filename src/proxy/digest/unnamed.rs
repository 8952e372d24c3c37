//! Digests of a body under names that are nobody's standard: known by a word of the name, and by what they are.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use flate2::Crc;
use http::{HeaderMap, HeaderName};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Takes off every header that is called a digest, and is one of this body; also its length under another name.
pub(super) fn take_off(headers: &mut HeaderMap, body: &[u8]) {
    let mut known = Known { body, digests: Vec::new() };
    let mut gone: Vec<HeaderName> = Vec::new();
    for (name, value) in headers.iter() {
        let text = value.to_str().unwrap_or_default();
        let tells = (is_called_a_digest(name.as_str()) && known.has_one(text))
            || (name.as_str().ends_with("-content-length")
                && text.trim().parse() == Ok(body.len()));
        if tells && !gone.contains(name) {
            gone.push(name.clone());
        }
    }
    for name in &gone {
        headers.remove(name);
    }
}

/// One digest in bytes is as long as no other, but for those of one family.
const LENGTHS: [usize; 6] = [4, 16, 20, 32, 48, 64];

static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::new([
        "sha",
        "md5",
        "hash",
        "checksum",
        "digest",
        "etag",
        "crc",
        "sum",
        "fingerprint",
        "integrity",
    ])
    .ok()
});

fn is_called_a_digest(name: &str) -> bool {
    WORDS.as_ref().is_none_or(|words| words.is_match(name))
}

/// The digests of a body that were asked for, by their length in bytes.
struct Known<'b> {
    body: &'b [u8],
    digests: Vec<Vec<u8>>,
}

impl Known<'_> {
    /// Whether a value holds a digest of the body, perhaps among others: `sha256=…`, `W/"…"`, `crc32c=…, md5=…`.
    fn has_one(&mut self, value: &str) -> bool {
        value
            .split([',', ';', ' ', '"', ':'])
            .flat_map(|word| {
                let behind = |sign| word.split_once(sign).map(|(_, behind)| behind);
                [Some(word), behind('='), behind('-')]
            })
            .flatten()
            .any(|word| self.is_one(word))
    }

    fn is_one(&mut self, word: &str) -> bool {
        let read = [in_hex(word), in_base64(word, &STANDARD), in_base64(word, &URL_SAFE)];
        read.into_iter().flatten().any(|read| {
            LENGTHS.contains(&read.len()) && {
                let digest = self.of_length(read.len());
                // A sum of four bytes is written from either end.
                digest == read || (read.len() == 4 && digest.iter().eq(read.iter().rev()))
            }
        })
    }

    fn of_length(&mut self, length: usize) -> &[u8] {
        let at = self.digests.iter().position(|digest| digest.len() == length);
        let at = at.unwrap_or_else(|| {
            self.digests.push(digest(self.body, length));
            self.digests.len() - 1
        });
        self.digests.get(at).map(Vec::as_slice).unwrap_or_default()
    }
}

fn digest(body: &[u8], length: usize) -> Vec<u8> {
    match length {
        4 => {
            let mut crc = Crc::new();
            crc.update(body);
            crc.sum().to_be_bytes().to_vec()
        }
        16 => Md5::digest(body).to_vec(),
        20 => Sha1::digest(body).to_vec(),
        32 => Sha256::digest(body).to_vec(),
        48 => Sha384::digest(body).to_vec(),
        _ => Sha512::digest(body).to_vec(),
    }
}

/// Longest digest written out, and a little.
const WORD_BYTES_MAX: usize = 130;

fn in_hex(word: &str) -> Option<Vec<u8>> {
    let word = word.strip_prefix("0x").unwrap_or(word).as_bytes();
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let (pairs, []) = word.as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()).collect()
}

fn in_base64(word: &str, alphabet: &base64::alphabet::Alphabet) -> Option<Vec<u8>> {
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, lenient).decode(word).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Digests of `abc`: RFC 1321 A.5, FIPS 180-4, and the CRC-32 of ISO 3309.
    #[test]
    fn a_digest_of_the_body_goes_under_any_name_that_calls_it_one() {
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let other = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae";
        for (name, value, goes) in [
            ("x-body-hash", sha256.to_owned(), true),
            ("x-body-hash", sha256.to_uppercase(), true),
            ("x-sha256", format!("sha256={sha256}"), true),
            ("x-sha256", format!("sha256:{sha256}"), true),
            ("x-digest", "SHA-256=ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".to_owned(), true),
            ("x-digest", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0".to_owned(), true),
            ("x-checksum", format!("crc32=00000000, sha1={sha1}"), true),
            ("md5", md5.to_owned(), true),
            ("md5", "kAFQmDzST7DWlj99KOF/cg==".to_owned(), true),
            ("x-object-etag", format!("W/\"{md5}\""), true),
            ("x-crc32", "352441c2".to_owned(), true),
            ("x-crc32", "wkEkNQ==".to_owned(), true),
            ("x-original-content-length", "3".to_owned(), true),
            // Of something else, or called something else.
            ("x-body-hash", other.to_owned(), false),
            ("x-commit-sha", "da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned(), false),
            ("x-request-id", md5.to_owned(), false),
            ("x-original-content-length", "4".to_owned(), false),
            ("content-length", "3".to_owned(), false),
            ("x-hash", String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(&value).unwrap());
            headers.insert("x-other", HeaderValue::from_static("kept"));
            take_off(&mut headers, b"abc");
            assert_eq!(headers.contains_key(name), !goes, "{name}: {value}");
            assert!(headers.contains_key("x-other"));
        }
    }
}
