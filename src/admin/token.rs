//! The token of `admin.token_file`.
//!
//! Only its hash is kept, and compared, so that the time a comparison takes tells nothing of the token. The file
//! is read anew when it changes, as that of operators is: a token that leaked opens nothing from the moment another
//! is there.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::{StatusCode, header, request::Parts};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use super::{
    access::{Seen, look},
    reply::Problem,
};

/// Shorter ones can be guessed.
const BYTES_MIN: usize = 16;

/// What opens what is on file about people, and changes. Clones are of one file.
#[derive(Clone)]
pub struct Token(Arc<Kept>);

struct Kept {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    seen: Seen,
    hash: [u8; 32],
    /// Why the file as it is now does not count.
    error: Option<String>,
}

impl Token {
    /// Reads it. The error says of the file what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, String> {
        let seen = look(path);
        let state = Mutex::new(State { seen, hash: read(path)?, error: None });
        Ok(Self(Arc::new(Kept { path: path.to_owned(), state })))
    }

    pub(super) fn is_shown_in(&self, head: &Parts) -> bool {
        let given = head.headers.get(header::AUTHORIZATION).and_then(|given| given.to_str().ok());
        given.and_then(|given| given.split_once(' ')).is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && hash(token) == self.0.hash()
        })
    }

    pub(super) fn asked_for() -> Problem {
        let detail = "send the token of `admin.token_file` as `Authorization: Bearer …`";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// Why the file as it is now does not count, if it does not.
    pub(super) fn error(&self) -> Option<String> {
        self.0.hash();
        self.0.state.lock().error.clone()
    }
}

impl Kept {
    /// Of the token in the file as it is now, or as it was when it was last right.
    fn hash(&self) -> [u8; 32] {
        let seen = look(&self.path);
        let mut state = self.state.lock();
        if seen != state.seen {
            state.seen = seen;
            match read(&self.path) {
                Ok(hash) => {
                    if hash != state.hash {
                        tracing::info!("the token of `admin.token_file` was read anew");
                    }
                    state.hash = hash;
                    state.error = None;
                }
                Err(why) => {
                    let why = format!("`{}` {why}", self.path.display());
                    tracing::error!("the token before goes on: {why}");
                    state.error = Some(why);
                }
            }
        }
        state.hash
    }
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

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
