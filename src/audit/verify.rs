//! Finds what was done to an audit after it was written.
//!
//! Lines come in the order of the files. Each says its number, the hash of the one before and its own, so
//! that a changed line shows by itself, one that was changed with its hash by the line after it, and one
//! whose followers were all mended too by the next seal, which repeats a digest of each line. Numbers that
//! are absent are missing lines; those that come late were moved; those that come twice were inserted, or
//! copied where they come in another chain.

mod found;
mod open;

use std::collections::{HashSet, VecDeque};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

pub use self::found::LinePlace;
pub(crate) use self::found::{Tampering, What};
use self::open::{Due, Open};
use super::{
    chain::{self, Hash, Link, SEAL},
    sink::mark::{DIGEST_BYTES, digest},
    words,
};
use crate::signing::VerifyingKey;

/// Lines that one seal may cover; later ones are not held against it.
const STRETCH_MAX: usize = 1 << 18;

/// A line that was noted down elsewhere, as `NUMBER:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    seq: u64,
    hash: Hash,
}

impl std::str::FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(seq, hash)| {
            let hash = URL_SAFE_NO_PAD.decode(hash).ok()?.try_into().ok()?;
            Some(Self { seq: seq.parse().ok()?, hash })
        });
        parts.ok_or_else(|| {
            format!("`{text}` is not a number and a hash such as `audit.sequence` and `audit.head` of the status page, with a colon between them")
        })
    }
}

/// What was read, and what was found.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Verified {
    /// Records of exchanges.
    pub records: u64,
    /// All lines of the chain.
    pub lines: u64,
    /// Numbers of the first and the last line of the last chain.
    pub first: u64,
    pub last: u64,
    /// Hash of the last line.
    pub head: String,
    /// The last line a seal that was checked covers; 0 without any.
    pub sealed: u64,
    /// Seals that no key was given for.
    pub unchecked_seals: u64,
    pub found: Vec<Tampering>,
    /// Keys were given, so that seals are asked for.
    #[serde(skip)]
    is_keyed: bool,
}

impl Verified {
    pub(crate) fn is_intact(&self) -> bool {
        !self.found.iter().any(|found| found.what.is_tampering())
    }

    /// There is no line of any chain.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// Whether all is in chains that have a seal by one of the keys given, where any was, and the last one all that it
    /// should. What has none whoever can write the files can have written, and have emptied.
    pub(crate) fn is_vouched_for(&self) -> bool {
        let is_anybodys = |what: &What| {
            matches!(
                what,
                What::Unvouched { .. }
                    | What::Overdue { .. }
                    | What::Unchained { .. }
                    | What::KeyUnknown { .. }
            )
        };
        if self.is_empty() {
            return false;
        }
        !self.is_keyed
            || (self.sealed > 0 && !self.found.iter().any(|found| is_anybodys(&found.what)))
    }
}

/// Takes the lines of the audit one after the other.
#[derive(Debug)]
pub(crate) struct Verifier {
    keys: Vec<VerifyingKey>,
    anchor: Option<Anchor>,
    verified: Verified,
    started: bool,
    next: u64,
    /// Hash of the line before `next`, where that line was there.
    head: Option<Hash>,
    /// The line before `next` was blamed already.
    blamed: bool,
    last_place: LinePlace,
    missing: Vec<(u64, u64, LinePlace)>,
    /// Lines that say no number, since the last that did.
    unreadable: Vec<(LinePlace, u64)>,
    unchained: u64,
    /// Numbers of lines that were told to be changed.
    edited: HashSet<u64>,
    /// Hashes of the lines that chains begin with.
    begins: HashSet<Hash>,
    /// Since the last seal.
    stretch: VecDeque<(u64, [u8; DIGEST_BYTES], LinePlace)>,
    sealed_to: u64,
    /// When the next seal is due, as the last one says.
    due: Option<Due>,
    open: Open,
    /// What seals by a key that was not given say they cover, one behind the other.
    foreign: Option<Foreign>,
}

#[derive(Debug)]
struct Foreign {
    key: String,
    from: u64,
    to: u64,
    /// Of the first seal.
    place: LinePlace,
}

#[derive(Deserialize)]
#[serde(tag = "audit", rename_all = "snake_case")]
enum Mark {
    Opened {
        #[serde(default)]
        torn_bytes: u64,
        #[serde(default)]
        unclosed: bool,
    },
    Sealed {
        from: u64,
        digests: String,
        key: String,
        /// Absent from those of older versions.
        lines_max: Option<u64>,
        interval_ms: Option<u64>,
    },
    Lost {
        records: u64,
    },
    /// What operators did.
    #[serde(other)]
    Other,
}

impl Verifier {
    pub(crate) fn new(keys: Vec<VerifyingKey>, anchor: Option<Anchor>) -> Self {
        let nowhere = LinePlace { file: 0, line: 1 };
        Self {
            keys,
            anchor,
            verified: Verified::default(),
            started: false,
            next: 1,
            head: None,
            blamed: false,
            last_place: nowhere,
            missing: Vec::new(),
            unreadable: Vec::new(),
            unchained: 0,
            edited: HashSet::new(),
            begins: HashSet::new(),
            stretch: VecDeque::new(),
            sealed_to: 0,
            due: None,
            open: Open::default(),
            foreign: None,
        }
    }

    /// The number with which a file begins, to put files in order; `None` when its first line is not one
    /// of a chain.
    pub(crate) fn number(line: &[u8]) -> Option<u64> {
        Link::read(line).map(|link| link.seq)
    }

    /// One line without its end.
    pub(crate) fn line(&mut self, place: LinePlace, line: &[u8]) {
        let Some(link) = Link::read(line) else {
            if self.started {
                self.unreadable.push((place, line.len() as u64));
            } else {
                self.unchained += 1;
                self.last_place = place;
            }
            return;
        };
        let is_mark = words::is_mark(line);
        let mark = is_mark.then(|| serde_json::from_slice::<Mark>(line).ok()).flatten();
        self.begin(&link, mark.as_ref(), place);
        self.read_over(&link, mark.as_ref());
        self.verified.lines += 1;
        self.verified.records += u64::from(!is_mark);
        if self.takes(&link, place, line) {
            self.stretch.push_back((link.seq, digest(&link.hash), place));
            if self.stretch.len() > STRETCH_MAX || self.keys.is_empty() {
                self.stretch.pop_front();
            }
            // Those of a process that was killed wait for no seal.
            if matches!(mark, Some(Mark::Opened { .. })) {
                self.end_open(place);
            }
            self.open.add(link.seq, line);
            if link.is_whole {
                self.recognise(&link, place, line);
                self.heed(mark, &link, place);
            }
        }
    }

    /// The first line of a chain: the first of all, or one that says that nothing was before it.
    fn begin(&mut self, link: &Link, mark: Option<&Mark>, place: LinePlace) {
        let is_first = link.seq == 1
            && link.prev == [0; 32]
            && link.is_whole
            && matches!(mark, Some(Mark::Opened { .. }));
        if !self.started {
            self.started = true;
            if self.unchained > 0 {
                let lines = self.unchained;
                self.tell(self.last_place, What::Unchained { lines }, b"");
            }
            self.next = link.seq;
            self.head = Some(link.prev);
            self.sealed_to = link.seq.saturating_sub(1);
            self.verified.first = link.seq;
            if link.seq > 1 {
                self.tell(place, What::BeginsAt { seq: link.seq }, b"");
            }
        } else if is_first && self.next > 1 {
            self.end_chain();
            self.tell(place, What::BeginsAnew, b"");
            (self.next, self.head, self.sealed_to) = (1, Some([0; 32]), 0);
            self.due = None;
            self.verified.first = 1;
            self.edited.clear();
        }
    }

    /// What to think of the lines before this one that say no number.
    fn read_over(&mut self, link: &Link, mark: Option<&Mark>) {
        for (place, bytes) in std::mem::take(&mut self.unreadable) {
            let torn =
                matches!(mark, Some(Mark::Opened { torn_bytes, .. }) if *torn_bytes == bytes);
            let what = if torn {
                What::CutOff { bytes }
            } else if link.seq > self.next {
                // It stands where a numbered line should: that one, changed beyond reading.
                self.next += 1;
                self.head = None;
                self.edited.insert(self.next - 1);
                What::Edited { seq: self.next - 1 }
            } else {
                What::Inserted { seq: None }
            };
            self.tell(place, what, b"");
        }
    }

    /// Puts the line in its place; false when it is none of the chain.
    fn takes(&mut self, link: &Link, place: LinePlace, line: &[u8]) -> bool {
        // Nobody has written so many, and no line could follow.
        let Some(next) = link.seq.checked_add(1) else {
            self.tell(place, What::Inserted { seq: Some(link.seq) }, line);
            return false;
        };
        if link.seq < self.next {
            if !self.takes_missing(link.seq) {
                self.tell(place, What::Inserted { seq: Some(link.seq) }, line);
                return false;
            }
            self.tell(place, What::Moved { seq: link.seq }, line);
            if !link.is_whole {
                self.blame(link.seq, place, line);
            }
            return true;
        }
        if link.seq > self.next {
            if !link.is_whole {
                // Nobody can say what its number is worth.
                self.tell(place, What::Inserted { seq: Some(link.seq) }, line);
                return false;
            }
            self.missing.push((self.next, link.seq - 1, place));
            self.head = None;
        }
        if link.is_whole && self.head.is_some_and(|head| head != link.prev) && !self.blamed {
            let before = self.last_place;
            self.blame(link.seq.saturating_sub(1), before, b"");
        }
        self.blamed = !link.is_whole;
        if !link.is_whole {
            self.blame(link.seq, place, line);
        }
        if self.anchor.is_some_and(|it| it.seq == link.seq && it.hash == link.hash && link.is_whole)
        {
            self.anchor = None;
        }
        self.next = next;
        self.head = Some(link.hash);
        self.last_place = place;
        true
    }

    /// Seals hold in a copy of what they seal as well. Each line says when it was written and what is before it, so no
    /// two are alike; one that another chain begins with is where one chain has been copied from the other.
    fn recognise(&mut self, link: &Link, place: LinePlace, line: &[u8]) {
        let is_known = match link.seq == self.verified.first {
            true => !self.begins.insert(link.hash),
            false => self.begins.contains(&link.hash),
        };
        if is_known {
            self.tell(place, What::Repeated { seq: link.seq }, line);
        }
    }

    fn takes_missing(&mut self, seq: u64) -> bool {
        let Some(at) = self.missing.iter().position(|(from, to, _)| (*from..=*to).contains(&seq))
        else {
            return false;
        };
        let (from, to, place) = self.missing.swap_remove(at);
        let rest = [(from, seq - 1), (seq + 1, to)];
        let rest = rest.into_iter().filter(|(from, to)| from <= to);
        self.missing.extend(rest.map(|(from, to)| (from, to, place)));
        true
    }

    fn blame(&mut self, seq: u64, place: LinePlace, line: &[u8]) {
        if self.edited.insert(seq) {
            self.tell(place, What::Edited { seq }, line);
        }
    }

    /// After the last line of a process, or of all.
    fn end_open(&mut self, place: LinePlace) {
        let open = std::mem::take(&mut self.open);
        if self.due.is_some_and(|due| open.is_overdue(due)) {
            let to = open.last_seq;
            let from = to.saturating_sub(open.lines.saturating_sub(1));
            self.tell(place, What::Overdue { from, to }, b"");
        }
    }

    fn heed(&mut self, mark: Option<Mark>, link: &Link, place: LinePlace) {
        match mark {
            Some(Mark::Lost { records }) => self.tell(place, What::Lost { records }, b""),
            Some(Mark::Sealed { from, digests, key, lines_max, interval_ms }) => {
                if self.seal(from, &digests, key, link, place) {
                    self.open = Open::default();
                    self.due = lines_max.zip(interval_ms).map(|(lines_max, interval)| Due {
                        lines_max,
                        interval: jiff::SignedDuration::from_millis(
                            i64::try_from(interval).unwrap_or(i64::MAX),
                        ),
                    });
                }
            }
            Some(Mark::Opened { unclosed: true, .. }) => self.tell(place, What::Unclosed, b""),
            Some(Mark::Opened { .. } | Mark::Other) | None => {}
        }
    }

    /// Whether it is one by a key that was given, and whole.
    fn seal(
        &mut self,
        from: u64,
        digests: &str,
        key: String,
        link: &Link,
        place: LinePlace,
    ) -> bool {
        let seq = link.seq;
        if self.keys.is_empty() {
            self.verified.unchecked_seals += 1;
            return false;
        }
        let Some(public) = self.keys.iter().find(|public| public.id() == key) else {
            self.foreign(key, from, seq, place);
            return false;
        };
        let digests = URL_SAFE_NO_PAD.decode(digests).unwrap_or_default();
        let (digests, rest) = digests.as_chunks::<DIGEST_BYTES>();
        let is_signed =
            link.signature.is_some_and(|signature| public.verifies(SEAL, &link.hash, &signature));
        if !is_signed || !rest.is_empty() || seq.checked_sub(from) != Some(digests.len() as u64) {
            self.tell(place, What::SealBroken { seq }, b"");
            return false;
        }
        self.end_foreign();
        if from > self.sealed_to + 1 {
            let what = What::Unsealed { from: self.sealed_to + 1, to: from - 1 };
            self.tell(place, what, b"");
        }
        for (seq, found, place) in std::mem::take(&mut self.stretch) {
            let index = seq.checked_sub(from).and_then(|index| usize::try_from(index).ok());
            let sealed = index.and_then(|index| digests.get(index));
            if sealed.is_some_and(|sealed| *sealed != found) {
                self.blame(seq, place, b"");
            }
        }
        self.sealed_to = seq;
        self.verified.sealed = seq;
        true
    }

    /// A seal that cannot be checked; what is due after it is not to be known either.
    fn foreign(&mut self, key: String, from: u64, to: u64, place: LinePlace) {
        let from = from.clamp(self.sealed_to.saturating_add(1).min(to), to);
        self.sealed_to = to;
        self.open = Open::default();
        self.due = None;
        match &mut self.foreign {
            Some(known) if known.key == key => known.to = to,
            Some(_) | None => {
                self.end_foreign();
                self.foreign = Some(Foreign { key, from, to, place });
            }
        }
    }

    fn end_foreign(&mut self) {
        if let Some(Foreign { key, from, to, place }) = self.foreign.take() {
            self.tell(place, What::KeyUnknown { from, to, key }, b"");
        }
    }

    fn tell(&mut self, place: LinePlace, what: What, line: &[u8]) {
        #[derive(Deserialize)]
        struct Named {
            trace_id: Option<String>,
        }
        let named: Option<Named> = serde_json::from_slice(line).ok();
        let trace_id = named
            .and_then(|named| named.trace_id)
            .filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        self.verified.found.push(Tampering { place, what, trace_id });
    }

    fn end_chain(&mut self) {
        self.end_open(self.last_place);
        self.end_foreign();
        for (from, to, place) in std::mem::take(&mut self.missing) {
            self.tell(place, What::Missing { from, to }, b"");
        }
        if !self.keys.is_empty() && self.started && self.next > self.sealed_to + 1 {
            let (from, to) = (self.sealed_to + 1, self.next - 1);
            let is_sealed = self.sealed_to + 1 > self.verified.first;
            let what =
                if is_sealed { What::Unsealed { from, to } } else { What::Unvouched { from, to } };
            self.tell(self.last_place, what, b"");
        }
        self.stretch.clear();
    }

    /// After the last line. `is_finished` says that it had its end.
    pub(crate) fn finish(mut self, is_finished: bool) -> Verified {
        let last = self.unreadable.len().checked_sub(1);
        for (at, (place, bytes)) in std::mem::take(&mut self.unreadable).into_iter().enumerate() {
            let is_cut = Some(at) == last && !is_finished;
            let what = if is_cut { What::CutOff { bytes } } else { What::Inserted { seq: None } };
            self.tell(place, what, b"");
        }
        if !self.started && self.unchained > 0 {
            let lines = self.unchained;
            self.tell(self.last_place, What::Unchained { lines }, b"");
        }
        self.end_chain();
        if let Some(anchor) = self.anchor {
            self.tell(self.last_place, What::AnchorMissing { seq: anchor.seq }, b"");
        }
        self.verified.is_keyed = !self.keys.is_empty();
        self.verified.last = if self.started { self.next - 1 } else { 0 };
        self.verified.head = self.head.as_ref().map(chain::hash_text).unwrap_or_default();
        self.verified.found.sort_by_key(|found| found.place);
        self.verified
    }
}

#[cfg(test)]
mod tests;
