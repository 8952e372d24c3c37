//! What was learnt of names, kept by their bytes.

use rustc_hash::FxHashMap;

use super::Facts;
use crate::detect::name::NAME_BYTES_MAX;

/// The number of a name's facts in a [`KeyCache`], and what the walk has to know of them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::detect) struct Known {
    number: u32,
    /// Any value under the name may be a finding, whatever its form and surroundings.
    pub(in crate::detect) is_telling: bool,
    /// In some surroundings it may.
    pub(in crate::detect) has_rules: bool,
    /// And where none holds, no value under the name is one, unless the name stands for another.
    pub(in crate::detect) may_be_quiet: bool,
    /// The name itself may be one.
    pub(in crate::detect) in_key: bool,
    /// The name says something of the object around it.
    pub(in crate::detect) is_sign: bool,
    /// The name stands for the object around it.
    pub(in crate::detect) stand_in: bool,
    /// Whose name may come behind it.
    pub(in crate::detect) awaits: bool,
    /// The name says nothing of its value.
    pub(in crate::detect) is_mute: bool,
    /// Its value is the name of what stands beside it.
    pub(in crate::detect) tells: bool,
}

impl Known {
    pub(in crate::detect) fn without_sign(self) -> Self {
        Self { is_sign: false, ..self }
    }

    fn new(number: u32, facts: &Facts) -> Self {
        let has_rules = facts.rule_count > 0;
        let says_more = facts.is_telling() || facts.is_sign();
        Self {
            number,
            is_telling: facts.is_telling(),
            has_rules,
            may_be_quiet: has_rules && !says_more,
            in_key: facts.in_key,
            is_sign: facts.is_sign(),
            stand_in: facts.stand_in,
            awaits: facts.awaits,
            tells: facts.tells,
            is_mute: !has_rules && !says_more && !facts.stand_in,
        }
    }
}

/// Facts by the bytes of the name. Bounded; when it is full, new names are analysed each time.
///
/// A short name is looked up by its bytes in two words, at one place, before all names are.
#[derive(Debug)]
pub(in crate::detect) struct KeyCache {
    slots: Box<[Slot; SLOTS]>,
    /// Words of prose, and whether names end in them.
    ends: Box<[(Short, bool); ENDS]>,
    numbers: FxHashMap<Box<[u8]>, u32>,
    /// Behind those of the names kept, those of the name analysed last.
    facts: Vec<Facts>,
}

/// A name of at most sixteen bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::detect) struct Slot {
    short: Short,
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

impl Default for KeyCache {
    fn default() -> Self {
        Self {
            slots: Box::new([Slot::default(); SLOTS]),
            ends: Box::new([(Short::default(), false); ENDS]),
            numbers: FxHashMap::default(),
            facts: vec![Facts::default()],
        }
    }
}

impl KeyCache {
    /// Most names kept; a message has dozens, hostile ones have millions.
    const NAMES_MAX: usize = 8192;

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
        match self.at_hand(name) {
            Some(known) => known,
            None => self.look_up(name, Short::of(name), analyse),
        }
    }

    /// The same where it takes but a look.
    #[inline(always)]
    pub(in crate::detect) fn at_hand(&self, name: &[u8]) -> Option<Known> {
        self.slot(name).map(|slot| slot.known)
    }

    /// The same with what the name said last. A name kept in a slot has no backslash, so that `name` may be
    /// one of JSON whose escapes were not read.
    #[inline(always)]
    pub(in crate::detect) fn slot(&self, name: &[u8]) -> Option<&Slot> {
        let short = Short::of(name)?;
        let slot = self.slots.get(short.place())?;
        if slot.short == short { Some(slot) } else { None }
    }

    /// Keeps that `name`, looked up last, says nothing in these surroundings.
    pub(in crate::detect) fn keep_quiet(&mut self, name: &[u8], quiet: Quiet) {
        if let Some(short) = Short::of(name)
            && let Some(slot) = self.slots.get_mut(short.place())
            && slot.short == short
        {
            slot.quiet = quiet;
        }
    }

    #[inline(never)]
    fn look_up(
        &mut self,
        name: &[u8],
        short: Option<Short>,
        analyse: impl FnOnce(&str) -> Facts,
    ) -> Known {
        let known = match self.numbers.get(name) {
            Some(number) => Known::new(*number, self.facts(*number)),
            None => {
                let text = String::from_utf8_lossy(name);
                let facts = analyse(&text);
                let last = self.facts.len() - 1;
                let number = u32::try_from(last).unwrap_or(u32::MAX);
                if let Some(slot) = self.facts.get_mut(last) {
                    *slot = facts;
                }
                if last >= Self::NAMES_MAX || name.len() > NAME_BYTES_MAX {
                    return Known::new(number, &facts);
                }
                self.facts.push(Facts::default());
                self.numbers.insert(name.into(), number);
                Known::new(number, &facts)
            }
        };
        if let Some(short) = short.filter(|_| !name.contains(&b'\\'))
            && let Some(slot) = self.slots.get_mut(short.place())
        {
            *slot = Slot { short, known, quiet: Quiet::default() };
        }
        known
    }

    /// Whether names end in a word, as `ask` says when it is a new one.
    #[inline]
    pub(in crate::detect) fn may_end_a_name(
        &mut self,
        word: &[u8],
        ask: impl FnOnce() -> bool,
    ) -> bool {
        let Some(short) = Short::of(word) else { return ask() };
        let Some(slot) = self.ends.get_mut(short.place() % ENDS) else { return ask() };
        if slot.0 != short {
            *slot = (short, ask());
        }
        slot.1
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

/// One to sixteen bytes as two words and a length, which tell any two names apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Short {
    head: u64,
    tail: u64,
    length: u8,
}

impl Short {
    #[inline(always)]
    fn of(name: &[u8]) -> Option<Self> {
        let length = name.len();
        let (head, tail) = if let (Some(head), Some(tail)) = (name.first_chunk(), name.last_chunk())
        {
            (u64::from_le_bytes(*head), u64::from_le_bytes(*tail))
        } else if let (Some(head), Some(tail)) = (name.first_chunk(), name.last_chunk()) {
            (u64::from(u32::from_le_bytes(*head)), u64::from(u32::from_le_bytes(*tail)))
        } else {
            let middle = name.get(length / 2)?;
            let (first, last) = (name.first()?, name.last()?);
            (u64::from(*first) | u64::from(*middle) << 8 | u64::from(*last) << 16, 0)
        };
        let short = Self { head, tail, length: length as u8 };
        (length <= 16).then_some(short)
    }

    /// Where the name is looked for.
    #[inline(always)]
    fn place(self) -> usize {
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let mixed =
            (self.head ^ self.tail.rotate_left(23) ^ u64::from(self.length)).wrapping_mul(FACTOR);
        (mixed >> 48) as usize % SLOTS
    }
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
            assert_eq!(known.is_telling, facts.is_telling(), "{name}");
            (facts.rules().to_vec(), cache.numbers.len())
        };
        for round in 0..2 {
            for number in 0..10_000 {
                let name = format!("x{number}_email");
                assert_eq!(rules(&name).0, [1], "{round}");
            }
        }
        assert!(rules("").1 <= KeyCache::NAMES_MAX);
        assert!(rules(&("a".repeat(10_000) + "_email")).0.is_empty());
    }

    #[test]
    fn short_names_are_told_apart() {
        let names: Vec<String> = (0..=16)
            .flat_map(|length| {
                let name = "a".repeat(length);
                (0..length).map(move |at| {
                    let mut other = name.clone();
                    other.replace_range(at..=at, "b");
                    other
                })
            })
            .collect();
        let mut shorts: Vec<Short> =
            names.iter().map(|name| Short::of(name.as_bytes()).unwrap()).collect();
        let count = shorts.len();
        shorts.sort_by_key(|short| (short.head, short.tail, short.length));
        shorts.dedup();
        assert_eq!(shorts.len(), count);
        assert!(Short::of(b"").is_none() && Short::of(&[b'a'; 17]).is_none());
    }
}
