//! Keys under which values become pseudonyms, tokens and ciphertexts.
//!
//! A [`Keyring`] has a current key, which everything is made under, and older ones, under which what was
//! made earlier can still be turned back. Each purpose has a key of its own, expanded from the file's
//! (RFC 5869 §2.3), so that a token tells nothing of a pseudonym.

use std::{
    fmt::{self, Write as _},
    sync::Arc,
};

use aes::{Aes256, cipher::KeyInit as _};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::ff1::Ff1;

/// Bytes that must not be shown; overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secret under which values become pseudonyms (HMAC-SHA-256, RFC 2104).
#[derive(Clone)]
pub struct PseudonymKey(Hmac<Sha256>);

impl PseudonymKey {
    /// Any length is taken; 32 random bytes are right.
    pub fn new(secret: &[u8]) -> Self {
        // HMAC takes keys of every length, so the fallback is never reached.
        Self(Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    /// The first 128 bits of the code of `parts`. Each is preceded by its length, so that it shows when a
    /// byte moves from one to the next.
    pub fn digest<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> [u8; 16] {
        let mut code = self.0.clone();
        for part in parts {
            code.update(&(part.len() as u64).to_be_bytes());
            code.update(part);
        }
        let mut digest = [0; 16];
        digest.iter_mut().zip(code.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        digest
    }

    /// The first 128 bits of the code of `text`, as 32 hex digits.
    pub fn pseudonym(&self, text: &str) -> String {
        let mut hex = String::with_capacity(32);
        self.write_pseudonym(text, &mut hex);
        hex
    }

    pub(super) fn write_pseudonym(&self, text: &str, out: &mut String) {
        for byte in self.code(text.as_bytes()).iter().take(16) {
            for nibble in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(nibble), 16));
            }
        }
    }

    fn code(&self, text: &[u8]) -> [u8; 32] {
        let mut code = self.0.clone();
        code.update(text);
        code.finalize().into_bytes().into()
    }

    /// HKDF-Expand (RFC 5869 §2.3), `N` bytes for `purpose`.
    fn expand<const N: usize>(&self, purpose: &[u8]) -> Zeroizing<[u8; N]> {
        let mut key = Zeroizing::new([0; N]);
        let mut last: Vec<u8> = Vec::new();
        for (chunk, number) in key.chunks_mut(32).zip(1u8..) {
            let mut code = self.0.clone();
            code.update(&last);
            code.update(purpose);
            code.update(&[number]);
            last = code.finalize().into_bytes().to_vec();
            chunk.iter_mut().zip(&last).for_each(|(to, from)| *to = *from);
        }
        key
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(…)")
    }
}

/// One key, ready for every purpose.
#[derive(Clone)]
pub struct Key {
    id: Box<str>,
    pub(super) pseudonyms: PseudonymKey,
    pub(super) shifts: PseudonymKey,
    pub(super) tokens: Ff1<Aes256>,
    pub(super) siv: Zeroizing<[u8; 64]>,
    check: [u8; 8],
}

impl Key {
    /// `id` stands in what is made under the key: up to 32 ASCII letters, digits and `-`.
    pub fn new(id: &str, secret: &Secret) -> Self {
        Self::of(id, &PseudonymKey::new(secret.expose()))
    }

    fn of(id: &str, secret: &PseudonymKey) -> Self {
        let tokens = secret.expand::<32>(b"bordergate tokens, FF1");
        let mut check = [0; 8];
        check
            .iter_mut()
            .zip(*secret.expand::<32>(b"bordergate check"))
            .for_each(|(to, from)| *to = from);
        Self {
            id: id.into(),
            pseudonyms: PseudonymKey::new(&*secret.expand::<32>(b"bordergate pseudonyms")),
            shifts: PseudonymKey::new(&*secret.expand::<32>(b"bordergate shifts of dates")),
            tokens: Ff1::new(Aes256::new(&(*tokens).into())),
            siv: secret.expand(b"bordergate ciphertexts, AES-SIV"),
            check,
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Tells two keys apart, and nothing of either.
    pub fn check(&self) -> [u8; 8] {
        self.check
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys of one generation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Keyring {
    current: Arc<Key>,
    older: Arc<[Key]>,
    lasting: bool,
    /// Of records' digests, apart from what is sent.
    digests: PseudonymKey,
}

impl Keyring {
    pub fn new(current: Key, older: Vec<Key>) -> Self {
        let digests = PseudonymKey::new(&current.pseudonyms.code(b"bordergate digests of records"));
        Self { current: Arc::new(current), older: older.into(), lasting: true, digests }
    }

    /// One key that ends with the process: what is made under it cannot be turned back later.
    pub fn passing(secret: &Secret) -> Self {
        Self { lasting: false, ..Self::new(Key::new("passing", secret), Vec::new()) }
    }

    /// What is made under it will still be there to turn back after a restart.
    pub fn is_lasting(&self) -> bool {
        self.lasting
    }

    pub fn current(&self) -> &Key {
        &self.current
    }

    /// The current key first.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&*self.current).chain(&*self.older)
    }

    pub fn get(&self, id: &str) -> Option<&Key> {
        self.iter().find(|key| key.id() == id)
    }

    /// Tells what was taken out of one message from what was taken out of another.
    pub fn digest<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> [u8; 16] {
        self.digests.digest(parts)
    }

    /// Differs when a key or the order of keys does; for comparing, not for showing.
    pub fn fingerprint(&self) -> String {
        self.iter().fold(String::new(), |mut text, key| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}:{:016x};", key.id(), u64::from_be_bytes(key.check()));
            text
        })
    }
}

impl From<PseudonymKey> for Keyring {
    /// A ring of one.
    fn from(key: PseudonymKey) -> Self {
        Self::new(Key::of("only", &key), Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::bytes_of as bytes, *};

    #[test]
    fn a_pseudonym_depends_on_key_and_text() {
        let [a, b] = [PseudonymKey::new(b"a"), PseudonymKey::new(b"b")];
        assert_eq!(a.pseudonym("x"), a.pseudonym("x"));
        assert_ne!(a.pseudonym("x"), a.pseudonym("y"));
        assert_ne!(a.pseudonym("x"), b.pseudonym("x"));
        // RFC 4231, test case 2, first 128 bits.
        assert_eq!(
            PseudonymKey::new(b"Jefe").pseudonym("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c7"
        );
    }

    /// RFC 5869, test case 1, from its PRK on.
    #[test]
    fn keys_are_expanded_as_the_standard_says() {
        let prk = bytes("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
        assert_eq!(
            PseudonymKey::new(&prk).expand::<42>(&bytes("f0f1f2f3f4f5f6f7f8f9")).to_vec(),
            bytes(
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
            )
        );
    }

    #[test]
    fn a_digest_tells_its_parts_apart() {
        let key = PseudonymKey::new(b"k");
        let digest = |parts: &[&'static [u8]]| key.digest(parts.iter().copied());
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"ab"]), PseudonymKey::new(b"l").digest([&b"ab"[..]]));
    }

    #[test]
    fn a_ring_knows_its_keys_and_shows_none() {
        let key = |id: &str, byte: u8| Key::new(id, &Secret::new(vec![byte; 32]));
        let ring = Keyring::new(key("b", 77), vec![key("a", 78)]);
        assert_eq!(ring.iter().map(Key::id).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(ring.get("a").map(Key::check), Some(key("other", 78).check()));
        assert!(ring.get("c").is_none());
        let turned = Keyring::new(key("a", 78), vec![key("b", 77)]);
        assert_ne!(ring.fingerprint(), turned.fingerprint());
        let shown = format!("{ring:?} {:?}", Secret::new(vec![77; 32]));
        assert!(!shown.contains("77") && shown.contains("\"b\""), "{shown}");
        assert!(!Keyring::passing(&Secret::new(vec![1; 32])).is_lasting() && ring.is_lasting());
    }
}
