//! Words that announce what follows them: where they stand in a text, and what they announce.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, Input, MatchKind};
use rustc_hash::FxHashMap;

use super::is_whole_word;
use crate::{
    detect::check::Check,
    domain::{DetectorId, Tag, runs},
};

/// What stands behind a cue.
#[derive(Debug, Clone, Copy)]
pub(in crate::detect) struct CueRule {
    pub(in crate::detect) detector: DetectorId,
    pub(in crate::detect) tag: Tag,
    pub(in crate::detect) confidence: u8,
    pub(in crate::detect) reads: Reads,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::detect) enum Reads {
    /// A name of at least so many words.
    Name(usize),
    /// A name of which the beginning and the end are known.
    KnownName,
    /// One of which the beginning is known, and that has no word of a thing in it.
    LikelyName,
    /// One word, a known given name.
    GivenName,
    /// A name, before the cue rather than behind it: `佐藤美咲様`.
    NameBefore,
    Address,
    /// The address around the cue itself.
    Street,
    /// Words to the end of their clause: what somebody has, is or did.
    Clause,
    /// A number of years, before the cue rather than behind it: `34 years old`.
    YearsBefore,
    /// A code to sign in with, before the cue rather than behind it: `448213 is your login code`.
    CodeBefore,
    /// The same further on in the sentence: `OTP for your payment is 448213`.
    CodeFurtherOn,
    /// A word or number that passes the check.
    Checked(Check),
    /// Words that pass the check together: a date, a number plate.
    Phrase(Check),
    /// A telephone number, perhaps behind the name of whoever has it.
    Phone,
    /// Who signs in by the command that the cue is the name of, and the password: `curl -u sana_k:Geheim77`.
    CommandUser,
    CommandPassword,
    /// The mailbox around a cue that stands for its `@`: `ana [at] mail [dot] example`.
    Mailbox,
}

impl Reads {
    /// A name behind the cue, which others may follow.
    pub(in crate::detect) fn is_of_names(self) -> bool {
        matches!(self, Self::Name(_) | Self::KnownName | Self::LikelyName)
    }
}

/// The cues of one generation.
#[derive(Debug)]
pub(in crate::detect) struct Cues {
    /// Built once all are known.
    search: Option<AhoCorasick>,
    rules: Vec<CueRule>,
    /// Each with the numbers of its rules.
    words: Vec<(String, Vec<u16>)>,
    /// By the number of a word: the longest other one that it begins with and goes on behind with a new word.
    begun_with: Vec<Option<usize>>,
    /// Beside values of which categories a known name needs no cue.
    pub(in crate::detect) known_beside: Option<(CueRule, Vec<Tag>)>,
    /// A bit for the last bytes of each, so that most texts need no further look.
    /// Those of each length have a set of their own, or all would be full sooner.
    ends: [Vec<u64>; ENDS_BYTES.len()],
    /// The same of the last bytes of each, of whatever length.
    short_ends: Vec<u64>,
    /// Whether one ends in a digit, as numbers do.
    end_in_digits: bool,
    /// The longest of them.
    bytes_max: usize,
}

impl Default for Cues {
    fn default() -> Self {
        Self {
            search: None,
            rules: Vec::new(),
            words: Vec::new(),
            begun_with: Vec::new(),
            known_beside: None,
            ends: std::array::from_fn(|_| vec![0; END_WORDS]),
            short_ends: vec![0; END_WORDS],
            end_in_digits: false,
            bytes_max: 0,
        }
    }
}

impl Cues {
    /// The number of the rule, for its words.
    pub(super) fn rule(&mut self, rule: CueRule) -> u16 {
        self.rules.push(rule);
        u16::try_from(self.rules.len() - 1).unwrap_or(u16::MAX)
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &CueRule> {
        self.rules.iter()
    }

    pub(super) fn word(&mut self, cue: &str, rule: u16) {
        // The capital that Turkish has is none of ASCII's in any case.
        let parts: Vec<String> = cue.split('İ').map(str::to_lowercase).collect();
        let cue = parts.join("İ");
        self.bytes_max = self.bytes_max.max(cue.len());
        self.look_into(cue.trim_end_matches(['.', ':', ',', ' ', ')', ']', '}', '>', '"', '-']));
        if let Some(begun) = begun(&cue) {
            self.words.push((begun, vec![rule]));
        }
        self.words.push((cue, vec![rule]));
    }

    /// Texts in which a word ends so are looked into.
    pub(super) fn look_into(&mut self, tail: &str) {
        self.end_in_digits |= tail.ends_with(|last: char| last.is_ascii_digit());
        // Before a cue of two letters stands a gap, which counts among its last three bytes.
        let before: &[&str] = if tail.len() < 3 { &["", " ", "\n", ",", "(", "\""] } else { &[""] };
        for gap in before {
            let tail = format!("{gap}{tail}");
            let fits =
                |(count, _): &(usize, &mut Vec<u64>)| *count <= tail.len().max(SHORT_END_BYTES);
            let longest = ENDS_BYTES.into_iter().zip(&mut self.ends).rev().find(fits);
            for (count, ends) in
                longest.into_iter().chain([(SHORT_END_BYTES, &mut self.short_ends)])
            {
                let (word, bit) = end(self::tail(tail.as_bytes()), count);
                if let Some(slot) = ends.get_mut(word) {
                    *slot |= bit;
                }
            }
        }
    }

    /// One look at each byte, however many cues there are.
    pub(super) fn build(&mut self) -> Result<(), BuildError> {
        // What several rules read is one word. The sort is stable: their order is that of the rules.
        self.words.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.words.dedup_by(|(cue, rules), (known, all)| {
            let is_known = cue == known;
            if is_known {
                all.append(rules);
            }
            is_known
        });
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            // A table of all states would take tens of megabytes.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(self.words.iter().map(|(cue, _)| cue))?;
        self.search = Some(search);
        let numbers: FxHashMap<&str, usize> = self
            .words
            .iter()
            .enumerate()
            .map(|(number, (cue, _))| (cue.as_str(), number))
            .collect();
        let begun_with = self.words.iter().map(|(cue, _)| {
            let ends = cue.char_indices().rev().filter(|(_, c)| !c.is_alphanumeric());
            ends.map(|(end, _)| cue.get(..end).unwrap_or_default().trim_end())
                .find_map(|head| numbers.get(head).copied())
        });
        self.begun_with = begun_with.collect();
        Ok(())
    }

    /// The cue of that number found at `start`, or else the longest that it begins with, which ends where a word
    /// does: of `met with a` and `met with`, in `met with Anna`, the shorter one.
    fn whole(&self, text: &[u8], start: usize, number: usize) -> Option<(usize, usize)> {
        let mut next = Some(number);
        while let Some(number) = next {
            let (cue, _) = self.words.get(number)?;
            if is_whole_word(text, start, start + cue.len()) {
                return Some((number, start + cue.len()));
            }
            next = self.begun_with.get(number).copied().flatten();
        }
        None
    }

    /// The first rule that reads so.
    pub(in crate::detect) fn reading(&self, is_meant: impl Fn(&Reads) -> bool) -> Option<&CueRule> {
        self.rules.iter().find(|rule| is_meant(&rule.reads))
    }

    /// Whether a text may hold a cue and what it announces. Most do not, and are told by a look at the
    /// ends of their words.
    #[inline]
    pub(in crate::detect) fn may_announce(&self, text: &[u8]) -> bool {
        const BYTES_MIN: usize = 10;
        text.len() >= BYTES_MIN && (!text.is_ascii() || self.may_hold_any(text))
    }

    /// Whether some word of an ASCII text ends as a cue does.
    fn may_hold_any(&self, text: &[u8]) -> bool {
        let mut ends = memchr::memchr3_iter(b' ', b'\n', b',', text);
        ends.any(|at| self.may_end_one(text, at)) || self.may_end_one(text, text.len())
    }

    /// Whether what stands before `at` ends as a cue does.
    #[inline]
    fn may_end_one(&self, text: &[u8], at: usize) -> bool {
        let head = text.get(..at).unwrap_or_default();
        let tail = match head.split_last() {
            Some((b'0'..=b'9', _)) if !self.end_in_digits => return false,
            Some((b'.' | b':' | b',' | b'-' | b')' | b']' | b'}' | b'>', rest)) => tail(rest),
            _ => tail(head),
        };
        let is_in = |ends: &[u64], count| {
            let (word, bit) = end(tail, count);
            ends.get(word).is_some_and(|bits| bits & bit != 0)
        };
        // Most words are told by the fewest bytes.
        is_in(&self.short_ends, SHORT_END_BYTES)
            && self.ends.iter().zip(ENDS_BYTES).any(|(ends, count)| is_in(ends, count))
    }

    /// The stretches of `text` that may hold a cue. Only of a long text are they less than all of it.
    fn stretches<'t>(&'t self, text: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
        const LONG: usize = 256;
        let bytes = text.as_bytes();
        let is_looked_into = text.len() >= LONG && text.is_ascii();
        let whole = (!is_looked_into).then_some(0..text.len());
        let ends =
            runs(if is_looked_into { bytes } else { &[] }, |byte| !byte.is_ascii_alphanumeric())
                .filter(|at| self.may_end_one(bytes, *at))
                // Of what stands behind it, the dot of `str.`, and the letter that would go on with the word.
                .map(move |at| at.saturating_sub(self.bytes_max)..bytes.len().min(at + 2));
        let mut ends = ends.peekable();
        let joined = std::iter::from_fn(move || {
            let mut stretch = ends.next()?;
            while let Some(next) = ends.next_if(|next| next.start <= stretch.end) {
                stretch.end = next.end;
            }
            Some(stretch)
        });
        whole.into_iter().chain(joined)
    }

    /// Where words announce what follows them: the cue and what it may announce, in the order of the rules.
    pub(in crate::detect) fn find<'t>(
        &'t self,
        text: &'t str,
    ) -> impl Iterator<Item = (Range<usize>, &'t CueRule)> + 't {
        let found = self.search.iter().flat_map(move |search| {
            self.stretches(text).flat_map(move |stretch| {
                let Range { mut start, end } = stretch;
                std::iter::from_fn(move || {
                    let found = search.find(Input::new(text).range(start..end))?;
                    // Another may begin with a later word of this one: `please call`, `call me on`.
                    start = second_word(text.as_bytes(), found.range());
                    Some(found)
                })
            })
        });
        let rules = found.flat_map(move |found| {
            let (start, number) = (found.start(), found.pattern().as_usize());
            let whole = self.whole(text.as_bytes(), start, number);
            let (number, end) = whole.unwrap_or((number, found.end()));
            let rules = self.words.get(number).map(|(_, rules)| rules);
            rules.into_iter().flatten().map(move |number| (start..end, whole.is_some(), *number))
        });
        rules.filter_map(move |(found, is_whole, number)| {
            let rule = self.rules.get(usize::from(number))?;
            // A street's name may be the end of a word: `Hauptstraße`, `Kerkstraat`.
            let joined = matches!(rule.reads, Reads::Street)
                && is_ending_of_streets(text.get(found.clone()).unwrap_or_default());
            // `12ms` are milliseconds.
            let is_unit = rule.reads.is_of_names()
                && found.len() == 2
                && ends_in_digit(text.as_bytes().get(..found.start));
            // `consignee_fingerprint=…` is a name of its own.
            let whole = is_whole && text.as_bytes().get(found.end) != Some(&b'_') && !is_unit;
            (whole || joined).then_some((found, rule))
        })
    }
}

/// Where the second word of a cue begins; its end where there is none.
fn second_word(text: &[u8], cue: Range<usize>) -> usize {
    let words = text.get(cue.clone()).unwrap_or_default();
    memchr::memchr(b' ', words).map_or(cue.end, |gap| cue.start + gap + 1)
}

fn ends_in_digit(head: Option<&[u8]>) -> bool {
    head.and_then(<[u8]>::last).is_some_and(u8::is_ascii_digit)
}

/// Words of a bit set of cue ends.
const END_WORDS: usize = 1 << (END_BITS - u64::BITS.ilog2());
const END_BITS: u32 = 17;

/// How much is looked at of a cue's end: as much of these as it has.
const ENDS_BYTES: [usize; 4] = [SHORT_END_BYTES, 4, 6, END_BYTES];
const END_BYTES: usize = 8;
const SHORT_END_BYTES: usize = 3;

/// The last bytes of `text`, whatever their case.
#[inline]
fn tail(text: &[u8]) -> u64 {
    let tail = text.last_chunk().copied().unwrap_or_else(|| {
        let mut tail = [b' '; END_BYTES];
        tail.iter_mut().rev().zip(text.iter().rev()).for_each(|(to, from)| *to = *from);
        tail
    });
    u64::from_le_bytes(tail) | 0x2020_2020_2020_2020
}

/// Word and bit for the last `count` bytes of a tail.
#[inline]
fn end(tail: u64, count: usize) -> (usize, u64) {
    let word = tail >> (8 * (END_BYTES - count));
    let hash = (word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - END_BITS)) as usize;
    (hash / 64, 1 << (hash % 64))
}

/// A word as it begins a sentence, where its first letter has a capital beyond ASCII: a search that minds no case
/// knows of that of ASCII letters only. The capital of a Turkish `i` has its dot.
pub(super) fn begun(word: &str) -> Option<String> {
    if let Some(rest) = word.strip_prefix('i')
        && rest.contains(['ş', 'ğ', 'ı'])
    {
        return Some(format!("İ{rest}"));
    }
    let mut characters = word.chars();
    let first = characters.next().filter(|first| !first.is_ascii())?;
    let is_small = first.to_uppercase().ne([first]);
    is_small.then(|| first.to_uppercase().chain(characters).collect())
}

/// What streets of languages that join their words end in.
fn is_ending_of_streets(cue: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        "str.", "strasse", "straße", "straat", "gracht", "laan", "platz", "gasse", "plein", "weg",
        "allee", "damm", "ufer", "kade",
    ];
    ENDINGS.iter().any(|ending| cue.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use crate::detect::shipped;

    #[test]
    fn no_cue_is_overlooked() {
        let set = shipped::detectors(&shipped::taxonomy());
        let cues = &set.cues;
        assert!(cues.words.len() > 100);
        for (cue, _) in &cues.words {
            for text in [format!("{cue} Ab Cd"), format!("x\n{cue} 12"), format!("x {cue}, Ab")] {
                assert!(!text.is_ascii() || cues.may_hold_any(text.as_bytes()), "{text}");
            }
        }
        assert!(!cues.may_hold_any(b"GET /v1/items 200 12ms"));
    }

    #[test]
    fn a_long_text_holds_the_cues_of_its_lines() {
        let set = shipped::detectors(&shipped::taxonomy());
        let cues = |text: &str, before: usize| -> Vec<_> {
            let found = set.cues.find(text).map(|(range, rule)| (range, rule.detector));
            found.map(|(range, rule)| (range.start - before..range.end - before, rule)).collect()
        };
        let filler = "GET /v1/items 200 12ms\n".repeat(12);
        for (cue, _) in set.cues.words.iter().filter(|(cue, _)| cue.is_ascii()) {
            for line in [format!("{cue} Ab Cd\n"), format!("x ({cue}: 1), {cue}; {cue}\n")] {
                let expected = cues(&line, 0);
                assert!(!expected.is_empty(), "{line}");
                assert_eq!(
                    cues(&format!("{filler}{line}{filler}"), filler.len()),
                    expected,
                    "{line}"
                );
            }
        }
        assert_eq!(cues(&filler, 0), []);
    }
}
