//! Values that were read before under the same name in the same surroundings, and what was found.
//!
//! Cities, countries, models, states, and whatever a client sends with each call come again and again. What
//! a value is follows from its bytes, its name and its surroundings alone, so that the answer can be kept
//! beside them. Two tables of fixed size, of short and of longer values: of those of one place, the last two
//! are kept.
//! Values are compared byte by byte: a hash alone could take one value for another. They are held in the
//! memory of the one worker that read them, until others take their places or the rules change.

use super::{keys::NAMES_MAX, scanner::Hit};

/// What a value is read by, its bytes aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Under {
    /// The number of the name's facts in the cache of names.
    pub(super) name: u32,
    /// The contexts around.
    pub(super) around: u32,
    /// The rule of the object around, and what its name says of it.
    pub(super) rule: Option<u16>,
    pub(super) is_hashed: bool,
    pub(super) is_encrypted: bool,
    pub(super) is_number: bool,
    pub(super) may_hold: bool,
}

impl Under {
    /// The same in two words, which are compared at once.
    #[inline]
    fn packed(self) -> [u64; 2] {
        let flags = [self.is_hashed, self.is_encrypted, self.is_number, self.may_hold];
        let flags = flags.iter().fold(0, |all, flag| all << 1 | u64::from(*flag));
        let rule = self.rule.map_or(0, |rule| 1 << 16 | u64::from(rule));
        [u64::from(self.name) << 32 | u64::from(self.around), rule << 4 | flags]
    }
}

/// Longest value that is kept.
pub(super) const TEXT_BYTES_MAX: usize = LONG_BYTES;

/// Words, dates, numbers.
const SHORT_BYTES: usize = 40;
/// Addresses of the web, agents, lines of text.
const LONG_BYTES: usize = 192;

#[derive(Default)]
pub(super) struct Memo {
    short: Table<SHORT_BYTES>,
    long: Table<LONG_BYTES>,
    /// By the number of a name's facts; empty until the first value is kept.
    luck: Vec<Luck>,
}

/// Whether values of one name come again. Of most that are found they do not, and looking for them is in vain.
#[derive(Debug, Clone, Copy, Default)]
struct Luck {
    /// Less for each value that was new, more for each that was not.
    score: i8,
    /// Values passed over since.
    passed: u8,
}

impl Luck {
    const MOST: i8 = 64;
    const GAIN: i8 = 8;
    const LEAST: i8 = -32;
}

/// Values of at most `BYTES` bytes.
struct Table<const BYTES: usize> {
    /// Empty until the first value is kept.
    places: Vec<[Option<Slot<BYTES>>; 2]>,
}

#[derive(Clone, Copy)]
struct Slot<const BYTES: usize> {
    under: [u64; 2],
    text: [u8; BYTES],
    length: u8,
    found: Option<Hit>,
}

/// Places in a table, each of two values.
const PLACES: usize = 512;

impl std::fmt::Debug for Memo {
    /// Without the values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (short, long) = (self.short.places.len(), self.long.places.len());
        f.debug_struct("Memo").field("short", &short).field("long", &long).finish()
    }
}

impl Memo {
    pub(super) fn clear(&mut self) {
        self.short.places.clear();
        self.long.places.clear();
        self.luck.clear();
    }

    /// Whether to look for a value under this name: now and then, where none came again.
    #[inline]
    pub(super) fn is_worth_a_look(&mut self, name: u32) -> bool {
        let Some(luck) = self.luck.get_mut(name as usize) else { return true };
        if luck.score > Luck::LEAST {
            return true;
        }
        luck.passed = luck.passed.wrapping_add(1);
        if luck.passed == 0 {
            luck.score = 0;
        }
        false
    }

    /// What was found in `text`, if it was read before.
    #[inline]
    pub(super) fn find(&mut self, under: Under, text: &str) -> Option<Option<Hit>> {
        let packed = under.packed();
        let found = if text.len() <= SHORT_BYTES {
            self.short.find(short_place(packed, text.as_bytes()), packed, text)
        } else {
            self.long.find(long_place(packed, text.as_bytes()), packed, text)
        };
        if let Some(luck) = self.luck.get_mut(under.name as usize) {
            luck.score = match found {
                Some(_) => luck.score.saturating_add(Luck::GAIN).min(Luck::MOST),
                None => luck.score.saturating_sub(1).max(Luck::LEAST),
            };
        }
        found
    }

    /// Keeps what was found in `text`, of at most `TEXT_BYTES_MAX` bytes.
    pub(super) fn keep(&mut self, under: Under, text: &str, found: Option<Hit>) {
        if self.luck.is_empty() {
            self.luck.resize(NAMES_MAX, Luck::default());
        }
        let under = under.packed();
        if text.len() <= SHORT_BYTES {
            self.short.keep(short_place(under, text.as_bytes()), under, text, found);
        } else {
            self.long.keep(long_place(under, text.as_bytes()), under, text, found);
        }
    }
}

impl<const BYTES: usize> Default for Table<BYTES> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<const BYTES: usize> Table<BYTES> {
    #[inline]
    fn find(&self, place: usize, under: [u64; 2], text: &str) -> Option<Option<Hit>> {
        let place = self.places.get(place)?;
        place.iter().flatten().find(|slot| slot.is_of(under, text)).map(|slot| slot.found)
    }

    fn keep(&mut self, place: usize, under: [u64; 2], text: &str, found: Option<Hit>) {
        let mut kept = [0; BYTES];
        let Some(start) = kept.get_mut(..text.len()) else { return };
        start.copy_from_slice(text.as_bytes());
        if self.places.is_empty() {
            self.places.resize(PLACES, [None; 2]);
        }
        if let Some([first, second]) = self.places.get_mut(place) {
            *second = first.replace(Slot { under, text: kept, length: text.len() as u8, found });
        }
    }
}

impl<const BYTES: usize> Slot<BYTES> {
    #[inline]
    fn is_of(&self, under: [u64; 2], text: &str) -> bool {
        let known = self.text.get(..usize::from(self.length));
        self.under == under && known == Some(text.as_bytes())
    }
}

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// Where a short value is looked for: its first and last words and the one behind the first tell most apart.
#[inline]
fn short_place(under: [u64; 2], text: &[u8]) -> usize {
    let word = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
    let (head, tail) = match (word(text.first_chunk()), word(text.last_chunk())) {
        (Some(head), Some(tail)) => (head, tail),
        _ => {
            let mut short = [0; 8];
            short.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
            (u64::from_le_bytes(short), 0)
        }
    };
    let middle = text.get(8..).and_then(|rest| word(rest.first_chunk())).unwrap_or_default();
    placed(head ^ tail.rotate_left(23) ^ middle.rotate_left(41), under, text)
}

/// Where a longer value is looked for. Addresses of one host differ in the middle or at the end, so that all
/// of it counts.
fn long_place(under: [u64; 2], text: &[u8]) -> usize {
    let (words, _) = text.as_chunks::<8>();
    let last = text.last_chunk().map_or(0, |last| u64::from_le_bytes(*last));
    let mixed = words.iter().fold(last, |mixed, word| {
        (mixed.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR)
    });
    placed(mixed, under, text)
}

#[inline]
fn placed(mixed: u64, [named, _]: [u64; 2], text: &[u8]) -> usize {
    let named = named ^ text.len() as u64;
    let mixed = mixed.wrapping_mul(FACTOR).rotate_left(29) ^ named;
    (mixed.wrapping_mul(FACTOR) >> 40) as usize % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNDER: Under = Under {
        name: 7,
        around: 1,
        rule: None,
        is_hashed: false,
        is_encrypted: false,
        is_number: false,
        may_hold: true,
    };

    #[test]
    fn a_value_is_known_by_its_bytes_and_all_that_it_is_read_by() {
        let mut memo = Memo::default();
        assert_eq!(memo.find(UNDER, "Karachi"), None);
        memo.keep(UNDER, "Karachi", None);
        assert_eq!(memo.find(UNDER, "Karachi"), Some(None));
        for text in ["", "karachi", "Karach", "Karachi "] {
            assert_eq!(memo.find(UNDER, text), None, "{text}");
        }
        for under in [
            Under { name: 8, ..UNDER },
            Under { around: 0, ..UNDER },
            Under { rule: Some(0), ..UNDER },
            Under { is_hashed: true, ..UNDER },
            Under { is_encrypted: true, ..UNDER },
            Under { is_number: true, ..UNDER },
            Under { may_hold: false, ..UNDER },
        ] {
            assert_eq!(memo.find(under, "Karachi"), None, "{under:?}");
        }
        memo.clear();
        assert_eq!(memo.find(UNDER, "Karachi"), None);
    }

    #[test]
    fn no_value_is_taken_for_another_however_many_there_are() {
        let mut memo = Memo::default();
        let texts: Vec<String> = (0..20_000).map(|number| format!("value {number}")).collect();
        for (number, text) in texts.iter().enumerate() {
            memo.keep(Under { name: number as u32 % 3, ..UNDER }, text, None);
        }
        let kept = texts
            .iter()
            .enumerate()
            .filter(|(number, text)| {
                memo.find(Under { name: *number as u32 % 3, ..UNDER }, text).is_some()
            })
            .count();
        assert!((PLACES * 18 / 10..=PLACES * 2).contains(&kept), "{kept}");
        assert_eq!(memo.find(Under { name: 0, ..UNDER }, "value 20000"), None);
    }

    #[test]
    fn values_that_never_come_again_are_soon_looked_for_now_and_then_only() {
        let mut memo = Memo::default();
        let mut looks = 0;
        for number in 0..10_000 {
            if memo.is_worth_a_look(UNDER.name) {
                looks += 1;
                let text = format!("value {number}");
                assert_eq!(memo.find(UNDER, &text), None);
                memo.keep(UNDER, &text, None);
            }
        }
        assert!((500..2000).contains(&looks), "{looks}");
        // Another name's are looked for, and one that comes again is found again before long.
        assert!(memo.is_worth_a_look(8));
        let found = (0..1000).filter(|_| {
            memo.is_worth_a_look(UNDER.name) && {
                let found = memo.find(UNDER, "the same").is_some();
                memo.keep(UNDER, "the same", None);
                found
            }
        });
        assert!(found.count() > 700);
    }

    #[test]
    fn a_long_value_is_not_kept() {
        let mut memo = Memo::default();
        let text = "a".repeat(TEXT_BYTES_MAX + 1);
        memo.keep(UNDER, &text, None);
        assert_eq!(memo.find(UNDER, &text), None);
    }

    #[test]
    fn a_debug_line_holds_no_value() {
        let mut memo = Memo::default();
        memo.keep(UNDER, "sana@example.pk", None);
        assert!(!format!("{memo:?}").contains("sana"));
    }
}
