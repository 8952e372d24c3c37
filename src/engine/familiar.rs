//! Parts of the head that were read before and held nothing: the same host, agent and media types come
//! with nearly every request, and reading is a function of the bytes and the detectors alone.
//!
//! Only what held no finding, no gap and no document is kept, so nothing personal stays here.

use std::hash::Hasher;

use rustc_hash::FxHasher;

use crate::domain::Limits;

/// Names and values known to hold nothing, a place for each by its hash.
#[derive(Default)]
pub(super) struct Familiar {
    slots: Vec<Box<[u8]>>,
    /// What they were read by.
    read_by: Option<(u64, Limits)>,
}

const SLOTS: usize = 256;
const BYTES_MAX: usize = 256;

impl Familiar {
    /// Forgets what other detectors read, or under other limits.
    pub(super) fn begin(&mut self, set_number: u64, limits: &Limits) {
        let same =
            self.read_by.as_ref().is_some_and(|(set, at)| *set == set_number && at == limits);
        if !same {
            self.slots.clear();
            self.slots.resize_with(SLOTS, Box::default);
            self.read_by = Some((set_number, limits.clone()));
        }
    }

    pub(super) fn contains(&self, name: &str, value: &[u8]) -> bool {
        self.slots.get(place(name, value)).is_some_and(|known| is(known, name, value))
    }

    pub(super) fn insert(&mut self, name: &str, value: &[u8]) {
        if name.len() + 1 + value.len() > BYTES_MAX {
            return;
        }
        if let Some(slot) = self.slots.get_mut(place(name, value)) {
            *slot = [name.as_bytes(), SEPARATOR, value].concat().into();
        }
    }
}

impl std::fmt::Debug for Familiar {
    /// Without the values: even harmless ones are somebody's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Familiar").field("slots", &self.slots.len()).finish()
    }
}

/// No name has one (RFC 9110 §5.1).
const SEPARATOR: &[u8] = b":";

fn is(known: &[u8], name: &str, value: &[u8]) -> bool {
    known
        .strip_prefix(name.as_bytes())
        .and_then(|rest| rest.strip_prefix(SEPARATOR))
        .is_some_and(|rest| rest == value)
}

fn place(name: &str, value: &[u8]) -> usize {
    let mut hasher = FxHasher::default();
    hasher.write(name.as_bytes());
    hasher.write(value);
    (hasher.finish() >> 32) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_is_familiar() {
        let limits = Limits::default();
        let mut familiar = Familiar::default();
        familiar.begin(1, &limits);
        familiar.insert("accept", b"*/*");
        familiar.insert("x-long", &[b'a'; BYTES_MAX]);
        for (name, value, expected) in [
            ("accept", &b"*/*"[..], true),
            ("accept", b"*/", false),
            ("accep", b"t*/*", false),
            ("", b"accept:*/*", false),
            ("", b"", false),
            ("x-long", &[b'a'; BYTES_MAX], false),
        ] {
            assert_eq!(familiar.contains(name, value), expected, "{name}");
        }
        familiar.begin(1, &limits);
        assert!(familiar.contains("accept", b"*/*"));
        familiar.begin(2, &limits);
        assert!(!familiar.contains("accept", b"*/*"), "other detectors may find something");
        familiar.insert("accept", b"*/*");
        familiar.begin(2, &Limits { depth_max: 1, ..limits });
        assert!(!familiar.contains("accept", b"*/*"), "other limits may leave a gap");
    }
}
