//! What files say now, or said when they were last right.

use std::{fmt, path::PathBuf};

use parking_lot::Mutex;

use crate::source::Stamp;

/// What was read from some files. They are looked at whenever it is asked for, and read again once they have
/// changed; what is wrong then changes nothing, and is told in the log and by [`Self::error`].
pub(super) struct Latest<T> {
    /// As the log calls it.
    name: &'static str,
    files: Vec<PathBuf>,
    read: Box<dyn Fn() -> Result<T, String> + Send + Sync>,
    state: Mutex<State<T>>,
}

struct State<T> {
    seen: Vec<Option<Stamp>>,
    value: T,
    error: Option<String>,
}

impl<T: Clone> Latest<T> {
    /// Reads by `first`, and by `again` from then on. `files` are those that both read.
    pub(super) fn load<E, A: fmt::Display>(
        name: &'static str,
        files: Vec<PathBuf>,
        first: impl FnOnce() -> Result<T, E>,
        again: impl Fn() -> Result<T, A> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        // Looked at first: what changes while it is read is seen the next time.
        let seen = look(&files);
        let state = Mutex::new(State { seen, value: first()?, error: None });
        let read = Box::new(move || again().map_err(|error| error.to_string()));
        Ok(Self { name, files, read, state })
    }

    pub(super) fn current(&self) -> T {
        let seen = look(&self.files);
        let mut state = self.state.lock();
        if seen != state.seen {
            state.seen = seen;
            match (self.read)() {
                Ok(value) => {
                    tracing::info!("{}: read again", self.name);
                    state.value = value;
                    state.error = None;
                }
                Err(error) => {
                    tracing::error!(
                        "{}: refused, what was there before goes on: {error}",
                        self.name
                    );
                    state.error = Some(error);
                }
            }
        }
        state.value.clone()
    }

    /// Why the files as they are now do not count, if they do not.
    pub(super) fn error(&self) -> Option<String> {
        self.current();
        self.state.lock().error.clone()
    }
}

fn look(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| Stamp::of(file)).collect()
}

impl<T> fmt::Debug for Latest<T> {
    /// Where it comes from, and nothing of it: it may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Latest").field(&self.files).finish()
    }
}
