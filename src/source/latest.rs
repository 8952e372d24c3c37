//! What files say now, or said when they were last right.

use std::{fmt, path::PathBuf};

use parking_lot::Mutex;

use super::Stamp;

/// What was read from some files. They are looked at whenever it is asked for, and read again once they have
/// changed; what is wrong then changes nothing, and is told in the log and by [`Self::error`].
pub(crate) struct Latest<T> {
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
    pub(crate) fn load<E, A: fmt::Display>(
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

    /// What the files say now, or said when they were last right.
    pub(crate) fn current(&self) -> T {
        let mut state = self.state.lock();
        match self.renew(&mut state) {
            Some(Ok(_)) => tracing::info!("{}: read again", self.name),
            Some(Err(error)) => {
                tracing::error!("{}: refused, what was there before goes on: {error}", self.name);
            }
            None => {}
        }
        state.value.clone()
    }

    /// What came of reading the files again, for whoever tells it in words of his own; `None` where they are as they
    /// were.
    pub(crate) fn changed(&self) -> Option<Result<T, String>> {
        self.renew(&mut self.state.lock())
    }

    fn renew(&self, state: &mut State<T>) -> Option<Result<T, String>> {
        let seen = look(&self.files);
        if seen == state.seen {
            return None;
        }
        state.seen = seen;
        let read = (self.read)();
        match &read {
            Ok(value) => (state.value, state.error) = (value.clone(), None),
            Err(error) => state.error = Some(error.clone()),
        }
        Some(read)
    }

    /// Why the files as they are now do not count, if they do not.
    pub(crate) fn error(&self) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_wrong_changes_nothing_and_is_told_until_it_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        let read = {
            let path = path.clone();
            move || fs::read_to_string(&path).unwrap_or_default().parse::<u32>()
        };
        let load = || Latest::load("the number", vec![path.clone()], read.clone(), read.clone());
        assert!(load().is_err());
        fs::write(&path, "1").unwrap();
        let latest = load().unwrap();
        for (text, number, is_right) in
            [("1", 1, true), ("22", 22, true), ("two", 22, false), ("", 22, false), ("3", 3, true)]
        {
            fs::write(&path, text).unwrap();
            assert_eq!((latest.current(), latest.error().is_none()), (number, is_right), "{text}");
        }
        fs::remove_file(&path).unwrap();
        assert!(latest.error().is_some());
        assert_eq!(latest.current(), 3);
        assert_eq!(latest.changed(), None);
        fs::write(&path, "4").unwrap();
        assert_eq!((latest.changed(), latest.changed()), (Some(Ok(4)), None));
        assert_eq!(format!("{latest:?}"), format!("Latest([{path:?}])"));
    }
}
