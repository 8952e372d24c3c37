//! Plans and applies edits.
//!
//! A redaction is a splice: the bytes of a finding give way to others, and everything else goes through
//! byte for byte. A [`Plan`] holds the edits of every layer of one message, sorted and without overlap;
//! [`Plan::apply`] works from the innermost layer outwards, encoding each changed layer anew into the
//! span of its parent.
//!
//! What takes a value's place may be made under a key of the [`Keyring`]; [`detokenise`] and [`open`]
//! are the way back for whoever holds it.

mod check_digits;
mod date;
mod encode;
mod ff1;
mod generalise;
mod key;
mod parts;
mod place;
mod plan;
mod replace;
mod scalars;
mod siv;
mod token;

pub use encode::{EncodeError, encode, encode_ascii, encode_text};
pub use key::{Key, Keyring, PseudonymKey, Secret};
pub use place::Place;
pub use plan::{Plan, Syntax};
pub use replace::Value;
pub use siv::{OpenError, open};
pub use token::{NoToken, Shape};

/// The value that has this token, under `key` and in the category that `shape` is of. A token carries no
/// mark of its key: another key, category or shape gives another value, and no error.
pub fn detokenise(key: &Key, shape: &Shape, token: &str) -> Result<String, NoToken> {
    let mut value = String::with_capacity(token.len());
    shape.turn(ff1::Direction::Decrypt, &key.tokens, token, &mut value)?;
    Ok(value)
}

/// The bytes that hexadecimal digits stand for; spaces are for the reader.
#[cfg(test)]
fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(16 * pair[0] + pair[1]).unwrap()).collect()
}
