//! What was learnt of names, kept by their bytes.

use rustc_hash::FxHashMap;

use super::Facts;
use crate::{detect::name::NAME_BYTES_MAX, domain::ShortName};

/// The number of a name's facts in a [`KeyCache`], and what the walk has to know of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::detect) struct Known {
    number: u32,
    /// Of the bits below.
    says: u16,
}

impl Known {
    const TELLING: u16 = 1;
    const RULES: u16 = 1 << 1;
    const QUIET: u16 = 1 << 2;
    const IN_KEY: u16 = 1 << 3;
    const SIGN: u16 = 1 << 4;
    const STAND_IN: u16 = 1 << 5;
    const AWAITS: u16 = 1 << 6;
    const MUTE: u16 = 1 << 7;
    const TELLS: u16 = 1 << 8;
    const EMPTY: u16 = 1 << 9;
    const QUERY: u16 = 1 << 10;
    const DESCRIBES: u16 = 1 << 11;

    /// Any value under the name may be a finding, whatever its form and surroundings.
    #[inline(always)]
    pub(in crate::detect) fn is_telling(self) -> bool {
        self.says & Self::TELLING != 0
    }

    /// In some surroundings it may.
    #[inline(always)]
    pub(in crate::detect) fn has_rules(self) -> bool {
        self.says & Self::RULES != 0
    }

    /// And where none holds, no value under the name is one, unless the name stands for another.
    #[inline(always)]
    pub(in crate::detect) fn may_be_quiet(self) -> bool {
        self.says & Self::QUIET != 0
    }

    /// The name itself may be one.
    #[inline(always)]
    pub(in crate::detect) fn in_key(self) -> bool {
        self.says & Self::IN_KEY != 0
    }

    /// The name says something of the object around it.
    #[inline(always)]
    pub(in crate::detect) fn is_sign(self) -> bool {
        self.says & Self::SIGN != 0
    }

    /// The name stands for the object around it.
    #[inline(always)]
    pub(in crate::detect) fn stand_in(self) -> bool {
        self.says & Self::STAND_IN != 0
    }

    /// Whose name may come behind it.
    #[inline(always)]
    pub(in crate::detect) fn awaits(self) -> bool {
        self.says & Self::AWAITS != 0
    }

    /// The name says nothing of its value.
    #[inline(always)]
    pub(in crate::detect) fn is_mute(self) -> bool {
        self.says & Self::MUTE != 0
    }

    /// Its value is the name of what stands beside it.
    #[inline(always)]
    pub(in crate::detect) fn tells(self) -> bool {
        self.says & Self::TELLS != 0
    }

    /// Its value may say what others are, each time it comes.
    #[inline(always)]
    pub(in crate::detect) fn is_query(self) -> bool {
        self.says & Self::QUERY != 0
    }

    /// Its value says in words what one beside it does in a code.
    #[inline(always)]
    pub(in crate::detect) fn describes(self) -> bool {
        self.says & Self::DESCRIBES != 0
    }

    /// The name says nothing of anything: not of what is inside an object or list under it either.
    #[inline(always)]
    pub(in crate::detect) fn is_empty(self) -> bool {
        self.says & Self::EMPTY != 0
    }

    pub(in crate::detect) fn without_sign(self) -> Self {
        Self { says: self.says & !Self::SIGN, ..self }
    }

    fn new(number: u32, facts: &Facts) -> Self {
        let has_rules = facts.rule_count > 0;
        let says_more = facts.is_telling() || facts.is_sign();
        let says = [
            (Self::TELLING, facts.is_telling()),
            (Self::RULES, has_rules),
            (Self::QUIET, has_rules && !says_more),
            (Self::IN_KEY, facts.in_key),
            (Self::SIGN, facts.is_sign()),
            (Self::STAND_IN, facts.stand_in),
            (Self::AWAITS, facts.awaits),
            (Self::MUTE, !has_rules && !says_more && !facts.stand_in && !facts.awaits),
            (Self::TELLS, facts.tells),
            (Self::DESCRIBES, facts.describes),
            (Self::EMPTY, *facts == Facts::NONE),
            (Self::QUERY, facts.is_query),
        ];
        let says = says.iter().filter(|(_, is)| *is).fold(0, |all, (bit, _)| all | bit);
        Self { number, says }
    }
}

/// Facts by the bytes of the name. Bounded; when it is full, new names are analysed each time.
///
/// A short name is looked up by its bytes in two words, at one place, before all names are.
#[derive(Debug)]
pub(in crate::detect) struct KeyCache {
    slots: Box<[Slot; SLOTS]>,
    /// Words of prose, and whether names end in them.
    ends: Box<[(ShortName, bool); ENDS]>,
    /// Names of members in places that were told, and whether they say who somebody is: of those of one place, the
    /// last two.
    steps: Box<[[(ShortName, bool); 2]; STEPS]>,
    names: FxHashMap<Box<[u8]>, Known>,
    /// Behind those of the names kept, those of the name analysed last.
    facts: Vec<Facts>,
}

/// What is known of a short name.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::detect) struct Slot {
    short: ShortName,
    pub(in crate::detect) known: Known,
    pub(in crate::detect) quiet: Quiet,
}

/// Surroundings in which none of a name's rules holds, though in others one may.
#[derive(Debug, Clone, Copy)]
pub(in crate::detect) struct Quiet {
    /// The contexts around.
    pub(in crate::detect) around: u32,
    /// Those that a rule would have held in.
    pub(in crate::detect) lacks: u32,
}

impl Default for Quiet {
    /// No surroundings: nothing stands in all contexts at once.
    fn default() -> Self {
        Self { around: u32::MAX, lacks: 0 }
    }
}

const SLOTS: usize = 2048;
const ENDS: usize = 256;
const STEPS: usize = 256;

impl Default for KeyCache {
    fn default() -> Self {
        Self {
            slots: Box::new([Slot::default(); SLOTS]),
            ends: Box::new([(ShortName::default(), false); ENDS]),
            steps: Box::new([[(ShortName::default(), false); 2]; STEPS]),
            names: FxHashMap::default(),
            facts: vec![Facts::default()],
        }
    }
}

/// Most names kept; a message has dozens, hostile ones have millions.
pub(in crate::detect) const NAMES_MAX: usize = 8192;

impl KeyCache {
    pub(in crate::detect) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is known of `name`, for [`Self::facts`] until the next name is asked for.
    #[inline]
    pub(in crate::detect) fn known(
        &mut self,
        name: &[u8],
        analyse: impl FnOnce(&str) -> Facts,
    ) -> Known {
        let short = ShortName::of(name);
        match short.and_then(|short| self.slot(short)) {
            Some(slot) => slot.known,
            None => self.look_up(name, short, analyse),
        }
    }

    /// The same where it takes but a look, with what the name said last. A name kept in a slot has no backslash,
    /// so that `name` may be one of JSON whose escapes were not read.
    #[inline(always)]
    pub(in crate::detect) fn slot(&self, name: ShortName) -> Option<&Slot> {
        let slot = self.slots.get(place(name))?;
        if slot.short == name { Some(slot) } else { None }
    }

    /// Keeps that `name`, looked up last, says nothing in these surroundings.
    pub(in crate::detect) fn keep_quiet(&mut self, name: &[u8], quiet: Quiet) {
        if let Some(short) = ShortName::of(name)
            && let Some(slot) = self.slots.get_mut(place(short))
            && slot.short == short
        {
            slot.quiet = quiet;
        }
    }

    #[inline(never)]
    fn look_up(
        &mut self,
        name: &[u8],
        short: Option<ShortName>,
        analyse: impl FnOnce(&str) -> Facts,
    ) -> Known {
        let known = match self.names.get(name) {
            Some(known) => *known,
            None => {
                let text = String::from_utf8_lossy(name);
                let facts = analyse(&text);
                let last = self.facts.len() - 1;
                let number = u32::try_from(last).unwrap_or(u32::MAX);
                if let Some(slot) = self.facts.get_mut(last) {
                    *slot = facts;
                }
                if last >= NAMES_MAX || name.len() > NAME_BYTES_MAX {
                    return Known::new(number, &facts);
                }
                self.facts.push(Facts::default());
                let known = Known::new(number, &facts);
                self.names.insert(name.into(), known);
                known
            }
        };
        if let Some(short) = short.filter(|_| !name.contains(&b'\\'))
            && let Some(slot) = self.slots.get_mut(place(short))
        {
            *slot = Slot { short, known, quiet: Quiet::default() };
        }
        known
    }

    /// Whether new names are no longer kept.
    pub(in crate::detect) fn is_full(&self) -> bool {
        self.names.len() >= NAMES_MAX
    }

    /// Keeps a name that there was no room for, for what is called by it comes later; `None` if there are too many of
    /// these as well.
    pub(in crate::detect) fn keep(&mut self, name: &[u8], facts: Facts) -> Option<Known> {
        const MORE_MAX: usize = NAMES_MAX;
        let last = self.facts.len() - 1;
        if last >= NAMES_MAX + MORE_MAX || name.len() > NAME_BYTES_MAX {
            return None;
        }
        let known = Known::new(u32::try_from(last).ok()?, &facts);
        *self.facts.get_mut(last)? = facts;
        self.facts.push(Facts::default());
        self.names.insert(name.into(), known);
        Some(known)
    }

    /// From here on `name` says what that of `known` does; what it said before, for [`Self::put_back`].
    pub(in crate::detect) fn stand_in(&mut self, name: &[u8], known: Known) -> Option<Known> {
        self.forget_slot(name);
        self.names.insert(name.into(), known)
    }

    /// `name` says what it said before it stood for another.
    pub(in crate::detect) fn put_back(&mut self, name: &[u8], known: Option<Known>) {
        self.forget_slot(name);
        match known {
            Some(known) => self.names.insert(name.into(), known),
            None => self.names.remove(name),
        };
    }

    fn forget_slot(&mut self, name: &[u8]) {
        if let Some(short) = ShortName::of(name)
            && let Some(slot) = self.slots.get_mut(place(short))
            && slot.short == short
        {
            *slot = Slot::default();
        }
    }

    /// Whether names end in a word, as `ask` says when it is a new one.
    #[inline]
    pub(in crate::detect) fn may_end_a_name(
        &mut self,
        word: &[u8],
        ask: impl FnOnce() -> bool,
    ) -> bool {
        let Some(short) = ShortName::of(word) else { return ask() };
        let Some(slot) = self.ends.get_mut(place(short) % ENDS) else { return ask() };
        if slot.0 != short {
            *slot = (short, ask());
        }
        slot.1
    }

    /// Whether a name says who somebody is, where that was asked before.
    #[inline]
    pub(in crate::detect) fn step(&self, name: ShortName) -> Option<bool> {
        let steps = self.steps.get(place(name) % STEPS)?;
        steps.iter().find(|(known, _)| *known == name).map(|(_, is_somebodys)| *is_somebodys)
    }

    pub(in crate::detect) fn keep_step(&mut self, name: ShortName, is_somebodys: bool) {
        if let Some([last, before]) = self.steps.get_mut(place(name) % STEPS) {
            *before = std::mem::replace(last, (name, is_somebodys));
        }
    }

    /// The number by which the name is known for as long as the cache is, if it is kept.
    #[inline]
    pub(in crate::detect) fn number(&self, known: Known) -> Option<u32> {
        (known.number as usize + 1 < self.facts.len()).then_some(known.number)
    }

    pub(in crate::detect) fn of(&self, known: Known) -> &Facts {
        self.facts(known.number)
    }

    fn facts(&self, number: u32) -> &Facts {
        const NONE: &Facts = &Facts::NONE;
        self.facts.get(number as usize).unwrap_or(NONE)
    }
}

/// Where a name is looked for.
#[inline(always)]
fn place(name: ShortName) -> usize {
    (name.mixed() >> 48) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::keys::tests::table;

    #[test]
    fn the_cache_answers_like_the_table_and_stays_bounded() {
        let table = table();
        let mut cache = KeyCache::default();
        let mut rules = |name: &str| {
            let known = cache.known(name.as_bytes(), |name| table.analyse(name));
            let facts = cache.of(known);
            assert_eq!(known.is_telling(), facts.is_telling(), "{name}");
            (facts.rules().to_vec(), cache.names.len())
        };
        for round in 0..2 {
            for number in 0..10_000 {
                let name = format!("x{number}_email");
                assert_eq!(rules(&name).0, [1], "{round}");
            }
        }
        assert!(rules("").1 <= NAMES_MAX);
        assert!(rules(&("a".repeat(10_000) + "_email")).0.is_empty());
    }
}
