//! Signs bytes and checks signatures: Ed25519 (RFC 8032).
//!
//! A key is a PEM file as `openssl genpkey -algorithm ed25519` writes it, its public half as
//! `openssl pkey -pubout` does. What is signed begins with a context that says what it is, so that a
//! signature of one kind of thing is never one of another.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::{
    rand::{SecureRandom as _, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};

/// What is signed; stands before the bytes and ends with a line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context(pub(crate) &'static [u8]);

/// What stands before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a file is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("is not an Ed25519 private key in PEM (`openssl genpkey -algorithm ed25519`)")]
    Private,
    #[error("is not an Ed25519 public key in PEM (`openssl pkey -pubout`)")]
    Public,
}

/// Signs. Nothing of it is ever shown.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    id: String,
}

impl SigningKey {
    /// From PEM, PKCS #8 (RFC 5958) of either version. Fails for anything else, and for keys of other kinds.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| KeyError::Private)?;
        // OpenSSL writes version 1, which holds no public half to check against.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .map_err(|_| KeyError::Private)?;
        let id = key_id(pair.public_key().as_ref());
        Ok(Self { pair, id })
    }

    /// A new key of the system's random bytes, and both halves in PEM: the private one, then the public.
    /// `None` where the system gives none.
    pub fn generate() -> Option<(Self, String, String)> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).ok()?;
        let der = [&PKCS8_PREFIX[..], &seed].concat();
        let private = pem("PRIVATE KEY", &der);
        let key = Self::from_pem(private.as_bytes()).ok()?;
        let public =
            pem("PUBLIC KEY", &[&SPKI_PREFIX[..], key.pair.public_key().as_ref()].concat());
        Some((key, private, public))
    }

    /// The first 64 bits of the public key's SHA-256, hex.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn sign(&self, context: Context, bytes: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        let signed = self.pair.sign(&[context.0, bytes].concat());
        signature.iter_mut().zip(signed.as_ref()).for_each(|(to, from)| *to = *from);
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id)
    }
}

/// Checks what a [`SigningKey`] signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    key: [u8; 32],
    id: String,
}

impl VerifyingKey {
    /// From PEM: a public key, or a private one of which the public half is taken. Fails for anything else.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        if let Ok(private) = SigningKey::from_pem(pem) {
            return Self::new(private.pair.public_key().as_ref());
        }
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| KeyError::Public)?;
        let key = der.as_ref().strip_prefix(&SPKI_PREFIX).ok_or(KeyError::Public)?;
        Self::new(key)
    }

    fn new(key: &[u8]) -> Result<Self, KeyError> {
        let key: [u8; 32] = key.try_into().map_err(|_| KeyError::Public)?;
        Ok(Self { id: key_id(&key), key })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn verifies(&self, context: Context, bytes: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key)
            .verify(&[context.0, bytes].concat(), signature)
            .is_ok()
    }
}

/// RFC 7468; an Ed25519 key is one line.
fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

fn key_id(public: &[u8]) -> String {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(public).into();
    hex(&[a, b, c, d, e, f, g, h])
}

/// In small letters, as digests and ids of keys are shown.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Of RFC 8410 §10.3 and §10.1; a published key, for tests alone.
    pub(crate) const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
    pub(crate) const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

    #[test]
    fn the_pair_of_the_standard_signs_and_verifies() {
        let key = SigningKey::from_pem(PRIVATE.as_bytes()).unwrap();
        let public = VerifyingKey::from_pem(PUBLIC.as_bytes()).unwrap();
        assert_eq!(key.id(), public.id());
        assert_eq!(VerifyingKey::from_pem(PRIVATE.as_bytes()).unwrap().key, public.key);
        let context = Context(b"a test\n");
        let signature = key.sign(context, &[1; 32]);
        assert!(public.verifies(context, &[1; 32], &signature));
        assert!(!public.verifies(context, &[2; 32], &signature));
        assert!(!public.verifies(Context(b"another\n"), &[1; 32], &signature));
        let mut other = signature;
        other[5] ^= 1;
        assert!(!public.verifies(context, &[1; 32], &other));
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", public.id()));
    }

    /// RFC 8032 §7.1, TEST 1: an empty message under a context that is empty.
    #[test]
    fn the_signature_of_the_standard_is_made() {
        let seed: Vec<u8> = (0..64)
            .step_by(2)
            .map(|at| {
                let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
                u8::from_str_radix(seed.get(at..at + 2).unwrap(), 16).unwrap()
            })
            .collect();
        let key = pem("PRIVATE KEY", &[&PKCS8_PREFIX[..], &seed].concat());
        let signature = SigningKey::from_pem(key.as_bytes()).unwrap().sign(Context(b""), b"");
        assert_eq!(
            hex(&signature),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        );
    }

    #[test]
    fn a_new_key_is_written_as_it_is_read() {
        let (key, private, public) = SigningKey::generate().unwrap();
        assert_eq!(SigningKey::from_pem(private.as_bytes()).unwrap().id(), key.id());
        assert_eq!(VerifyingKey::from_pem(public.as_bytes()).unwrap().id(), key.id());
        let (other, ..) = SigningKey::generate().unwrap();
        assert_ne!(other.id(), key.id());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(SigningKey::from_pem(pem.as_bytes()).unwrap_err(), KeyError::Private);
            assert_eq!(VerifyingKey::from_pem(pem.as_bytes()).unwrap_err(), KeyError::Public);
        }
        assert_eq!(SigningKey::from_pem(PUBLIC.as_bytes()).unwrap_err(), KeyError::Private);
    }
}
