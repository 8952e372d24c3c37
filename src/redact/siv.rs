//! Values encrypted so that whoever holds the key can read them again (AES-SIV, RFC 5297).
//!
//! `siv.<key id>.<code>`: the code is the synthetic vector and the ciphertext in base64url (RFC 4648 §5,
//! without padding); prefix and key id are authenticated with it. There is no nonce, so that equal values
//! have equal codes and records can be joined.

use aes_siv::{KeyInit as _, siv::Aes256Siv};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::key::{Key, Keyring};
use crate::domain::SIV_PREFIX;

/// Why a text is not turned back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("not of the form `siv.<key id>.<code>`")]
    NotEncrypted,
    #[error("encrypted under key `{0}`, which the key ring does not have")]
    UnknownKey(String),
    #[error("not encrypted under the key it names, or changed since")]
    Forged,
}

/// Writes the encrypted `text` behind what `out` holds; false when it cannot be.
pub(super) fn seal(key: &Key, text: &str, out: &mut String) -> bool {
    let associated = associated(key.id());
    let sealed =
        Aes256Siv::new(&(*key.siv).into()).encrypt([associated.as_bytes()], text.as_bytes());
    let Ok(sealed) = sealed else { return false };
    out.push_str(&associated);
    URL_SAFE_NO_PAD.encode_string(sealed, out);
    true
}

/// The text that was encrypted, whichever key of the ring it was under. Fails for what is of another form, under a
/// key that is not there, or changed since.
pub fn open(keys: &Keyring, token: &str) -> Result<String, OpenError> {
    let (id, code) = token
        .strip_prefix(SIV_PREFIX)
        .and_then(|rest| rest.split_once('.'))
        .ok_or(OpenError::NotEncrypted)?;
    let sealed = URL_SAFE_NO_PAD.decode(code).map_err(|_| OpenError::NotEncrypted)?;
    let key = keys.get(id).ok_or_else(|| OpenError::UnknownKey(id.to_owned()))?;
    let opened = Aes256Siv::new(&(*key.siv).into())
        .decrypt([associated(id).as_bytes()], &sealed)
        .map_err(|_| OpenError::Forged)?;
    String::from_utf8(opened).map_err(|_| OpenError::Forged)
}

fn associated(id: &str) -> String {
    format!("{SIV_PREFIX}{id}.")
}

#[cfg(test)]
mod tests {
    use aes_siv::siv::Aes128Siv;

    use super::{
        super::{bytes_of as bytes, key::Secret},
        *,
    };
    use crate::domain::is_token;

    /// RFC 5297, appendix A.1 and A.2.
    #[test]
    fn the_samples_of_the_standard_come_out() {
        let key = bytes("fffefdfc fbfaf9f8 f7f6f5f4 f3f2f1f0 f0f1f2f3 f4f5f6f7 f8f9fafb fcfdfeff");
        let sealed = Aes128Siv::new_from_slice(&key).unwrap().encrypt(
            [bytes("10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627")],
            &bytes("11223344 55667788 99aabbcc ddee"),
        );
        assert_eq!(
            sealed.unwrap(),
            bytes("85632d07 c6e8f37f 950acd32 0a2ecc93 40c02b96 90c4dc04 daef7f6a fe5c")
        );
        let key = bytes("7f7e7d7c 7b7a7978 77767574 73727170 40414243 44454647 48494a4b 4c4d4e4f");
        let sealed = Aes128Siv::new_from_slice(&key).unwrap().encrypt(
            [
                bytes(
                    "00112233 44556677 8899aabb ccddeeff deaddada deaddada ffeeddcc bbaa9988 \
                     77665544 33221100",
                ),
                bytes("10203040 50607080 90a0"),
                bytes("09f91102 9d74e35b d84156c5 635688c0"),
            ],
            &bytes(
                "74686973 20697320 736f6d65 20706c61 696e7465 78742074 6f20656e 63727970 74207573 \
                 696e6720 5349562d 414553",
            ),
        );
        assert_eq!(
            sealed.unwrap(),
            bytes(
                "7bdb6e3b 432667eb 06f4d14b ff2fbd0f cb900f2f ddbe4043 26601965 c889bf17 dba77ceb \
                 094fa663 b7a3f748 ba8af829 ea64ad54 4a272e9c 485b62a3 fd5c0d"
            )
        );
    }

    #[test]
    fn what_was_encrypted_under_any_key_of_the_ring_comes_back() {
        let key = |id: &str, byte: u8| Key::new(id, &Secret::new(vec![byte; 32]));
        let before = Keyring::new(key("2026-05", 1), Vec::new());
        let after = Keyring::new(key("2026-11", 2), vec![key("2026-05", 1)]);
        for text in ["sana.k@example.pk", "", "\u{0}\u{1f600} \"", &"long ".repeat(1_000)] {
            let mut token = String::new();
            assert!(seal(before.current(), text, &mut token));
            assert!(token.starts_with("siv.2026-05.") && is_token(&token), "{token}");
            assert_eq!(open(&after, &token).as_deref(), Ok(text));
            let mut again = String::new();
            assert!(seal(before.current(), text, &mut again));
            assert_eq!(token, again, "equal values are joined by equal codes");
        }
        let mut token = String::new();
        seal(after.current(), "x", &mut token);
        assert_eq!(open(&before, &token), Err(OpenError::UnknownKey("2026-11".into())));
        let renamed = token.replace("2026-11", "2026-05");
        assert_eq!(open(&after, &renamed), Err(OpenError::Forged));
        let other = if token.contains("siv.2026-11.A") { "siv.2026-11.B" } else { "siv.2026-11.A" };
        token.replace_range(..other.len(), other);
        assert_eq!(open(&after, &token), Err(OpenError::Forged));
        for text in ["x", "siv.", "siv.2026-11", "siv.2026-11.*"] {
            assert_eq!(open(&after, text), Err(OpenError::NotEncrypted), "{text}");
        }
    }
}
