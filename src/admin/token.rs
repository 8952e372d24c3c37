//! The token of `admin.token_file`.
//!
//! Only its hash is kept, and compared, so that the time a comparison takes tells nothing of the token. The file
//! is read anew when it changes, as that of operators is: a token that leaked opens nothing from the moment another
//! is there.

use std::{fs, path::Path, sync::Arc};

use http::{StatusCode, header, request::Parts};
use sha2::{Digest as _, Sha256};

use super::reply::Problem;
use crate::source::Latest;

/// Shorter ones can be guessed.
const BYTES_MIN: usize = 16;

/// What opens what is on file about people, and changes. Clones are of one file.
#[derive(Debug, Clone)]
pub struct Token(Arc<Latest<[u8; 32]>>);

impl Token {
    /// Reads it. The error says of the file what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, String> {
        let file = path.to_owned();
        let again = move || read(&file).map_err(|why| format!("`{}` {why}", file.display()));
        let latest =
            Latest::load("`admin.token_file`", vec![path.to_owned()], || read(path), again)?;
        Ok(Self(Arc::new(latest)))
    }

    pub(super) fn is_shown_in(&self, head: &Parts) -> bool {
        bearer(head).is_some_and(|token| hash(token) == self.0.current())
    }

    pub(super) fn asked_for() -> Problem {
        let detail = "send the token of `admin.token_file` as `Authorization: Bearer …`";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// Why the file as it is now does not count, if it does not.
    pub(super) fn error(&self) -> Option<String> {
        self.0.error()
    }
}

/// The token that the request shows (RFC 6750 §2.1).
pub(super) fn bearer(head: &Parts) -> Option<&str> {
    let value = head.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn read(path: &Path) -> Result<[u8; 32], String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))?;
    if text.trim().len() < BYTES_MIN {
        return Err(format!("is shorter than {BYTES_MIN} characters"));
    }
    Ok(hash(&text))
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.trim().as_bytes()).into()
}
