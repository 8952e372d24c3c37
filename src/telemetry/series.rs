//! Series with bounded label sets, at the price of two look-ups in a table of the calling thread.
//!
//! A label text is interned once a process and once a thread; a label set is then a few small numbers,
//! and its series a handle in a table of the thread. The shared tables are touched only when a thread
//! meets a name or a label set for the first time.

use std::{
    cell::RefCell,
    collections::hash_map::Entry,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use prometheus::{Histogram, IntCounter};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::{Effect, Region};

/// A label text as a number of one [`Names`].
pub(super) type NameId = u32;

/// The label text of what came after a bound was reached.
pub(super) const OTHER: &str = "other";
pub(super) const NONE: &str = "none";
pub(super) const UNKNOWN: &str = "unknown";
pub(super) const UNREGISTERED: &str = "unregistered";
const FIXED: [&str; 4] = [OTHER, NONE, UNKNOWN, UNREGISTERED];
pub(super) const OTHER_ID: NameId = 0;
pub(super) const NONE_ID: NameId = 1;
pub(super) const UNREGISTERED_ID: NameId = 3;

/// Rules, categories, data centres and purposes of all generations of one process.
const NAMES_MAX: usize = 16_384;

/// Label texts and their numbers, and which of them are purposes of the serving rules.
#[derive(Debug)]
pub(super) struct Names {
    shared: Mutex<Shared>,
    /// Counts the changes of `Shared::purposes`.
    epoch: AtomicU64,
    /// By number: when it was last counted under, in Unix seconds.
    touched: Box<[AtomicU64]>,
}

#[derive(Debug)]
struct Shared {
    ids: FxHashMap<Arc<str>, NameId>,
    texts: Vec<Arc<str>>,
    purposes: Vec<(Box<str>, NameId)>,
}

impl Names {
    pub(super) fn new() -> Self {
        let mut shared =
            Shared { ids: FxHashMap::default(), texts: Vec::new(), purposes: Vec::new() };
        for text in FIXED {
            shared.intern(text);
        }
        let touched = (0..NAMES_MAX).map(|_| AtomicU64::new(0)).collect();
        Self { shared: Mutex::new(shared), epoch: AtomicU64::new(0), touched }
    }

    /// Something was counted under this number now.
    pub(super) fn touch(&self, id: NameId) {
        if id != NONE_ID
            && let Some(touched) = self.touched.get(id as usize)
        {
            let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
            touched.store(now, Ordering::Relaxed);
        }
    }

    pub(super) fn touched(&self, text: &str) -> u64 {
        let shared = self.shared.lock();
        let id = shared.ids.get(text).copied();
        let touched = id.and_then(|id| self.touched.get(id as usize));
        touched.map_or(0, |touched| touched.load(Ordering::Relaxed))
    }

    pub(super) fn text(&self, id: NameId) -> Arc<str> {
        let shared = self.shared.lock();
        shared.texts.get(id as usize).map_or_else(|| OTHER.into(), Arc::clone)
    }

    /// From here on these are the purposes that are counted by name.
    pub(super) fn set_purposes<'p>(&self, purposes: impl IntoIterator<Item = &'p str>) {
        let mut shared = self.shared.lock();
        shared.purposes =
            purposes.into_iter().map(|text| (text.into(), shared.intern(text))).collect();
        self.epoch.fetch_add(1, Ordering::Release);
    }
}

impl Shared {
    fn intern(&mut self, text: &str) -> NameId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        if self.texts.len() >= NAMES_MAX {
            return OTHER_ID;
        }
        let id = NameId::try_from(self.texts.len()).unwrap_or(OTHER_ID);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.ids.insert(text, id);
        id
    }
}

/// Which label sets of one family exist; past the bound a new one becomes the `other` series.
#[derive(Debug)]
pub(super) struct Bound<K> {
    known: Mutex<FxHashSet<K>>,
    max: usize,
}

impl<K: Eq + Hash> Bound<K> {
    pub(super) fn new(max: usize) -> Self {
        Self { known: Mutex::new(FxHashSet::default()), max }
    }

    pub(super) fn admits(&self, key: K) -> bool {
        let mut known = self.known.lock();
        known.contains(&key) || (known.len() < self.max && known.insert(key))
    }

    /// The label of a set that is known by one text: that, or `other`.
    pub(super) fn label<'t>(&self, key: K, text: &'t str) -> &'t str {
        if self.admits(key) { text } else { OTHER }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TransferKey {
    pub(super) origin: Option<Region>,
    pub(super) destination: Option<Region>,
    pub(super) purpose: NameId,
    pub(super) rule: NameId,
    pub(super) outcome: Effect,
}

/// What one thread knows of one [`Names`].
#[derive(Debug, Default)]
pub(super) struct Local {
    ids: FxHashMap<Box<str>, NameId>,
    purposes: FxHashMap<Box<str>, NameId>,
    epoch: u64,
    pub(super) transfers: FxHashMap<TransferKey, IntCounter>,
    pub(super) findings: FxHashMap<(NameId, Effect), IntCounter>,
    pub(super) upstream: FxHashMap<NameId, Histogram>,
    pub(super) errors: FxHashMap<(super::Side, NameId), IntCounter>,
}

impl Local {
    /// The number of a text that comes from the rules, the configuration or the code.
    pub(super) fn name(&mut self, names: &Names, text: &str) -> NameId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = names.shared.lock().intern(text);
        if id != OTHER_ID {
            self.ids.insert(text.into(), id);
        }
        id
    }

    /// The number of a purpose that may come off the wire.
    pub(super) fn purpose(&mut self, names: &Names, text: &str) -> NameId {
        let epoch = names.epoch.load(Ordering::Acquire);
        if epoch != self.epoch {
            let shared = names.shared.lock();
            self.purposes = shared.purposes.iter().cloned().collect();
            self.epoch = epoch;
        }
        self.purposes.get(text).copied().unwrap_or(UNREGISTERED_ID)
    }
}

thread_local! {
    /// By the number of the `Metrics`: a process has one, a test binary several.
    static LOCALS: RefCell<FxHashMap<u64, Local>> = RefCell::default();
}

/// The series under `key`: the one that this thread knows, else the one that `find` does.
pub(super) fn known<K: Copy + Eq + Hash, S>(
    table: &mut FxHashMap<K, S>,
    key: K,
    find: impl FnOnce(K) -> Option<S>,
) -> Option<&S> {
    Some(match table.entry(key) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(find(key)?),
    })
}

/// Runs `act` on what this thread knows under `instance`. Nothing happens on a thread that is ending.
pub(super) fn with_local(instance: u64, act: impl FnOnce(&mut Local)) {
    let _ = LOCALS.try_with(|locals| {
        if let Ok(mut locals) = locals.try_borrow_mut() {
            act(locals.entry(instance).or_default());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_purposes_have_a_number_of_their_own() {
        let names = Names::new();
        let mut local = Local::default();
        assert_eq!(local.purpose(&names, "cloud_sync"), UNREGISTERED_ID);
        names.set_purposes(["cloud_sync", "backup"]);
        let cloud_sync = local.purpose(&names, "cloud_sync");
        assert_eq!(&*names.text(cloud_sync), "cloud_sync");
        assert_eq!(local.purpose(&names, "cloud_sync "), UNREGISTERED_ID);
        names.set_purposes(["backup"]);
        assert_eq!(local.purpose(&names, "cloud_sync"), UNREGISTERED_ID);
        names.set_purposes(["cloud_sync"]);
        assert_eq!(local.purpose(&names, "cloud_sync"), cloud_sync, "a number is for life");
    }

    #[test]
    fn names_and_label_sets_are_bounded() {
        let names = Names::new();
        let mut local = Local::default();
        for number in 0..NAMES_MAX + 10 {
            local.name(&names, &format!("rule-{number}"));
        }
        assert_eq!(local.name(&names, "one-more"), OTHER_ID);
        assert_ne!(local.name(&names, "rule-7"), OTHER_ID);

        let bound = Bound::new(2);
        assert!(bound.admits(1) && bound.admits(2) && bound.admits(1));
        assert!(!bound.admits(3));
    }

    #[test]
    fn the_fixed_names_have_their_numbers() {
        let names = Names::new();
        for (id, text) in [(OTHER_ID, OTHER), (NONE_ID, NONE), (UNREGISTERED_ID, UNREGISTERED)] {
            assert_eq!(&*names.text(id), text);
        }
    }
}
