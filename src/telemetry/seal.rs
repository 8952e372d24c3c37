//! Signs stretches of the audit, and checks such signatures: Ed25519 (RFC 8032).
//!
//! The key is a PEM file as `openssl genpkey -algorithm ed25519` writes it, its public half as
//! `openssl pkey -pubout` does.

use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};

use super::chain::Hash;

/// What keeps a signature of a seal from being one of anything else.
const CONTEXT: &[u8] = b"bordergate audit seal 1\n";
/// What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a file is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealKeyError {
    #[error("is not an Ed25519 private key in PEM (`openssl genpkey -algorithm ed25519`)")]
    Private,
    #[error("is not an Ed25519 public key in PEM (`openssl pkey -pubout`)")]
    Public,
}

/// Signs. Nothing of it is ever shown.
pub struct SealKey {
    pair: Ed25519KeyPair,
    id: String,
}

impl SealKey {
    /// From PEM, PKCS #8 (RFC 5958) of either version.
    pub fn from_pem(pem: &[u8]) -> Result<Self, SealKeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| SealKeyError::Private)?;
        // OpenSSL writes version 1, which holds no public half to check against.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der())
            .map_err(|_| SealKeyError::Private)?;
        let id = key_id(pair.public_key().as_ref());
        Ok(Self { pair, id })
    }

    /// The first 64 bits of the public key's SHA-256, hex.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn sign(&self, hash: &Hash) -> [u8; 64] {
        let mut signature = [0; 64];
        let signed = self.pair.sign(&[CONTEXT, hash].concat());
        signature.iter_mut().zip(signed.as_ref()).for_each(|(to, from)| *to = *from);
        signature
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.id)
    }
}

/// Checks what a [`SealKey`] signed.
#[derive(Debug, Clone)]
pub struct SealPublicKey {
    key: [u8; 32],
    id: String,
}

impl SealPublicKey {
    /// From PEM: a public key, or a private one of which the public half is taken.
    pub fn from_pem(pem: &[u8]) -> Result<Self, SealKeyError> {
        if let Ok(private) = SealKey::from_pem(pem) {
            return Self::new(private.pair.public_key().as_ref());
        }
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| SealKeyError::Public)?;
        let key = der.as_ref().strip_prefix(&SPKI_PREFIX).ok_or(SealKeyError::Public)?;
        Self::new(key)
    }

    fn new(key: &[u8]) -> Result<Self, SealKeyError> {
        let key: [u8; 32] = key.try_into().map_err(|_| SealKeyError::Public)?;
        Ok(Self { id: key_id(&key), key })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn verifies(&self, hash: &Hash, signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key)
            .verify(&[CONTEXT, hash].concat(), signature)
            .is_ok()
    }
}

fn key_id(public: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(public).into();
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Of RFC 8410 §10.3 and §10.1; a published key, for tests alone.
    pub(in crate::telemetry) const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
    pub(in crate::telemetry) const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

    #[test]
    fn the_pair_of_the_standard_signs_and_verifies() {
        let key = SealKey::from_pem(PRIVATE.as_bytes()).unwrap();
        let public = SealPublicKey::from_pem(PUBLIC.as_bytes()).unwrap();
        assert_eq!(key.id(), public.id());
        assert_eq!(SealPublicKey::from_pem(PRIVATE.as_bytes()).unwrap().key, public.key);
        let signature = key.sign(&[1; 32]);
        assert!(public.verifies(&[1; 32], &signature));
        assert!(!public.verifies(&[2; 32], &signature));
        let mut other = signature;
        other[5] ^= 1;
        assert!(!public.verifies(&[1; 32], &other));
        assert_eq!(format!("{key:?}"), format!("SealKey({})", public.id()));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(SealKey::from_pem(pem.as_bytes()).unwrap_err(), SealKeyError::Private);
            assert_eq!(SealPublicKey::from_pem(pem.as_bytes()).unwrap_err(), SealKeyError::Public);
        }
        assert_eq!(SealKey::from_pem(PUBLIC.as_bytes()).unwrap_err(), SealKeyError::Private);
    }
}
