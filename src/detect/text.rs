//! Values recognised by their form, in a field of any name and inside longer texts.
//!
//! A first pass over the bytes counts what could begin a value (`@`, digits, `:`); a text with none of
//! it is left after that. Candidates grow outwards from such a byte, never further than a value is
//! long, and the search goes on behind them, so that hostile text costs linear time.

mod access_log;
mod announced;
mod chain;
mod codes;
mod command;
mod lines;
mod marks;
mod numbers;
mod path;
mod signed;
mod turns;

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::domain::{DetectorId, Halt, Region, Span, Tag, ends_in_any_case};

use self::{chain::is_word_byte, marks::Marks};
use super::{
    check::{Match, code, date, email, iban, ip, mac, phone, place},
    set::DetectorSet,
    token::{Token, trimmed},
};

/// A value recognised by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) tag: Tag,
    pub(super) coarse: bool,
    pub(super) span: Span,
    pub(super) confidence: u8,
    pub(super) detector: DetectorId,
    pub(super) region: Option<Region>,
}

/// A search of one text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search<'s> {
    pub(super) set: &'s DetectorSet,
    /// Detectors that the field's name supports and contradicts, as bits.
    pub(super) supports: u128,
    pub(super) against: u128,
    /// Looked at for each candidate: what is behind the last one then is left.
    pub(super) halt: &'s Halt,
}

static TOKEN_START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("eyJ"));
static IS_MY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(" is my "));
static BROWSER_START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("Mozilla/5.0 ("));

/// Bytes of prose before a candidate that may hold a supporting word.
const NEARBY_BYTES: usize = 40;

/// The prose that stands near before a candidate at `start`: a letter beyond ASCII counts as one of two bytes.
fn nearby_before(text: &[u8], start: usize) -> &[u8] {
    let from = start.saturating_sub(NEARBY_BYTES);
    let window = text.get(from..start).unwrap_or_default();
    let beyond = window.iter().filter(|byte| **byte >= 0x80).count();
    text.get(from.saturating_sub(beyond)..start).unwrap_or_default()
}

impl Search<'_> {
    /// Everything in `text`, in order, without overlaps.
    pub(super) fn all(&self, text: &str, found: &mut Vec<Found>) {
        let first = found.len();
        self.announced(text, found);
        let marks = Marks::of(text.as_bytes());
        if !marks.may_hold_a_value(text.len()) {
            settle(found, first);
            return;
        }
        if marks.at > 0 {
            self.emails(text, found);
        }
        if marks.percent > 0
            && let Some(at) = email::encoded_at(text.as_bytes())
        {
            self.email_at(text, at, found);
        }
        if marks.dots >= 2 && text.len() >= 20 {
            self.jwts(text, found);
        }
        if marks.colons >= 2 {
            self.colon_addresses(text, found);
        }
        if marks.digits >= 1 && text.len() >= code::API_KEY_BYTES_MIN {
            let keys = code::api_keys(text).filter_map(|span| {
                self.weigh(self.set.finders.api_key, Match::SHAPED, span, (0, 0))
            });
            found.extend(keys);
        }
        if marks.digits >= 4 {
            // Of one word none of these is made.
            let has_words = memchr::memchr2(b' ', b'\n', text.as_bytes()).is_some();
            if has_words {
                self.addresses_by_code(text, found, first);
            }
            self.numbers(text, found);
            if let Some(read) = place::binary(text) {
                let whole = Span::new(0, text.len());
                found.extend(self.weigh(self.set.finders.pair, read, whole, (0, 0)));
            }
            if marks.dollars > 0 {
                self.sentences_of_receivers(text, found);
            }
            if has_words {
                self.user_agents(text, found);
                self.access_log(text, found);
            }
            self.path_owners(text, found);
            if !text.is_ascii() {
                self.sexagesimal(text, found);
            }
        }
        settle(found, first);
        self.known_beside(text, found, first);
    }

    /// The best reading of `text`, which is digits alone.
    pub(super) fn digits(&self, text: &str) -> Option<Found> {
        if self.supports == 0 && !self.set.may_be_digits(text.len()) {
            return None;
        }
        self.whole(text)
    }

    /// The best reading of the whole of `text` as one value, which a name says is of `tag`: when it can be
    /// only one of the categories below, it is that one.
    pub(super) fn whole_within(&self, text: &str, tag: Tag) -> Option<Found> {
        let found = self.whole(text);
        if !self.set.has_narrower_values(tag)
            || found.is_some_and(|found| self.set.is_below(found.tag, tag))
        {
            return found;
        }
        let trimmed = trimmed(text);
        let Some(token) = Token::read(trimmed) else { return found };
        let mut only = None;
        for number in self.set.of_length(token.len()) {
            let Some(value) = self.set.value(*number) else { continue };
            if !self.set.is_below(value.tag, tag) {
                continue;
            }
            let read = value.check.token(&token).filter(|read| read.shaped || !value.shared);
            if let Some(read) = read {
                if only.is_some() {
                    return found;
                }
                only = Some((*number, read));
            }
        }
        let Some((number, read)) = only else { return found };
        let supported = Search { supports: 1 << number, ..*self };
        supported.weigh(Some(number), read, Span::new(0, text.len()), (0, 0)).or(found)
    }

    /// The best reading of the whole of `text` as one value.
    pub(super) fn whole(&self, text: &str) -> Option<Found> {
        let trimmed = trimmed(text);
        let marks = Marks::of(trimmed.as_bytes());
        if !marks.may_hold_a_value(trimmed.len()) || trimmed.len() > 512 {
            return None;
        }
        let span = Span::new(0, text.len());
        let finders = &self.set.finders;
        let mut best: Option<Found> = None;
        let mut offer = |found: Option<Found>| {
            if let Some(found) = found
                && best.is_none_or(|best| found.confidence > best.confidence)
            {
                best = Some(found);
            }
        };
        let token = Token::read(trimmed);
        if let Some(token) = &token {
            for number in self.set.of_length(token.len()) {
                offer(self.token(*number, token, span, (0, 0)));
            }
        }
        let is_number = token.is_some() && !date::is_written_date(trimmed);
        if is_number || trimmed.starts_with('+') {
            offer(phone::in_text(trimmed).and_then(|m| self.weigh(finders.phone, m, span, (0, 0))));
        }
        if let Some(read) = (marks.at > 0).then(|| lines::account(trimmed)).flatten() {
            offer(self.weigh(finders.phone, read, span, (0, 0)));
        } else if marks.at > 0 || marks.percent > 0 {
            offer(email_whole(trimmed).and_then(|m| self.weigh(finders.email, m, span, (0, 0))));
        }
        if marks.colons + marks.dots >= 2 || marks.dashes >= 5 || trimmed.len() == 12 {
            offer(ip::whole(trimmed).and_then(|m| self.address(trimmed, m, span, (0, 0))));
            offer(mac::whole(trimmed).and_then(|m| self.weigh(finders.mac, m, span, (0, 0))));
        }
        if marks.dots >= 2 {
            offer(code::jwt(trimmed).and_then(|m| self.weigh(finders.jwt, m, span, (0, 0))));
            offer(place::pair(trimmed).and_then(|m| self.weigh(finders.pair, m, span, (0, 0))));
        }
        best
    }

    // === One kind after the other ===

    fn emails(&self, text: &str, found: &mut Vec<Found>) {
        let mut past = 0;
        for at in memchr::memchr_iter(b'@', text.as_bytes()) {
            if at < past {
                continue;
            }
            if self.halt.is_given_up() {
                return;
            }
            if let Some(end) = self.email_at(text, at, found) {
                past = end;
            }
        }
    }

    fn email_at(&self, text: &str, at: usize, found: &mut Vec<Found>) -> Option<usize> {
        if let Some(span) = code::url_password_before(text, at) {
            found.extend(self.weigh(self.set.finders.url_password, Match::SHAPED, span, (0, 0)));
            return Some(at + 1);
        }
        let Some(span) = email::around(text, at) else {
            let (span, read) = iban::payment_address_around(text, at)?;
            found.extend(self.weigh(self.set.finders.payment_address, read, span, (0, 0)));
            return Some(span.range().end);
        };
        if is_of_a_message(text.get(..span.range().start).unwrap_or_default()) {
            return Some(span.range().end);
        }
        if let Some((number, read)) = lines::number_before(text, span.range(), at) {
            found.extend(self.weigh(self.set.finders.phone, read, number, (0, 0)));
            return Some(span.range().end);
        }
        found.extend(self.weigh(self.set.finders.email, Match::SHAPED, span, (0, 0)));
        self.display_name(text, span.range(), found);
        Some(span.range().end)
    }

    fn jwts(&self, text: &str, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut past = 0;
        for at in TOKEN_START.find_iter(bytes) {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            if at < past || before.is_some_and(u8::is_ascii_alphanumeric) {
                continue;
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let length = rest
                .iter()
                .position(|b| {
                    !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'='))
                })
                .unwrap_or(rest.len());
            past = at + length;
            let jwt = text.get(at..past).map(|jwt| jwt.trim_end_matches('.')).unwrap_or_default();
            if let Some(read) = code::jwt(jwt) {
                let span = Span::new(at, at + jwt.len());
                found.extend(self.weigh(self.set.finders.jwt, read, span, (0, 0)));
            }
        }
    }

    /// `Mozilla/5.0 (…) …` up to the quote or the end of the line, as access logs have it.
    fn user_agents(&self, text: &str, found: &mut Vec<Found>) {
        const BYTES_MAX: usize = 512;
        let bytes = text.as_bytes();
        let mut past = 0;
        for at in BROWSER_START.find_iter(bytes) {
            if at < past {
                continue;
            }
            let rest = bytes.get(at..bytes.len().min(at + BYTES_MAX)).unwrap_or_default();
            past = at + memchr::memchr3(b'"', b'\n', b'\'', rest).unwrap_or(rest.len());
            let span = Span::new(at, past);
            found.extend(self.weigh(self.set.finders.user_agent, Match::SHAPED, span, (0, 0)));
        }
    }

    /// MAC and IPv6 addresses, which stand around colons.
    fn colon_addresses(&self, text: &str, found: &mut Vec<Found>) {
        const COLONS_MIN: usize = 5;
        let bytes = text.as_bytes();
        let part = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let mut past = 0;
        for colon in memchr::memchr_iter(b':', bytes) {
            if colon < past {
                continue;
            }
            if self.halt.is_given_up() {
                return;
            }
            let head = bytes.get(past..colon).unwrap_or_default();
            let start = colon - head.iter().rev().take(5).take_while(|byte| part(byte)).count();
            let tail = bytes.get(colon..).unwrap_or_default();
            let end = colon + tail.iter().take_while(|byte| part(byte)).count();
            past = end.max(colon + 1);
            let joined = start.checked_sub(1).and_then(|at| bytes.get(at));
            let followed = bytes.get(end);
            if joined.is_some_and(is_word_byte) || followed.is_some_and(is_word_byte) {
                continue;
            }
            let Some(address) = text.get(start..end) else { continue };
            let colons = memchr::memchr_iter(b':', address.as_bytes()).count();
            // Most are times of day. An address has more colons, or two beside each other.
            if colons < COLONS_MIN && !address.contains("::") {
                continue;
            }
            let address = address.trim_end_matches('.');
            let address =
                if address.ends_with("::") { address } else { address.trim_end_matches(':') };
            let span = Span::new(start, start + address.len());
            if let Some(read) = mac::whole(address) {
                found.extend(self.weigh(self.set.finders.mac, read, span, (0, 0)));
            } else if address.len() >= 6
                && let Some(read) = ip::whole(address)
            {
                // No version is written with colons.
                let (supports, _) = self.nearby(text, start);
                found.extend(self.address(address, read, span, (supports, 0)));
            }
        }
    }

    // === Weighing ===

    fn nearby(&self, text: &str, start: usize) -> (u128, u128) {
        let window = nearby_before(text.as_bytes(), start);
        let (supports, mut against) = self.set.nearby(window);
        if against != 0
            && let Some(own) = own_sentence(window)
        {
            against = self.set.nearby(own).1;
        }
        (supports | self.said_behind(text, start), against)
    }

    /// The same of words behind `floor`, where those support something.
    fn nearby_behind(&self, text: &str, floor: usize, start: usize) -> (u128, u128) {
        let around = self.nearby(text, start);
        if floor + NEARBY_BYTES <= start || around.0.count_ones() < 2 {
            return around;
        }
        let (own, _) = self.set.nearby(text.as_bytes().get(floor..start).unwrap_or_default());
        if own == 0 { around } else { (own | self.said_behind(text, start), around.1) }
    }

    /// `3520278451239 is my CNIC`: what is said of a value behind it.
    fn said_behind(&self, text: &str, start: usize) -> u128 {
        const VALUE_BYTES_MAX: usize = 40;
        let end = text.len().min(start + VALUE_BYTES_MAX + NEARBY_BYTES);
        let behind = text.as_bytes().get(start..end).unwrap_or_default();
        let phrases = self.set.said_behind(behind, VALUE_BYTES_MAX);
        let at = IS_MY.find(behind).filter(|at| *at <= VALUE_BYTES_MAX);
        let Some(at) = at else { return phrases };
        let said = behind.get(at..).unwrap_or_default();
        let length =
            said.iter().position(|byte| matches!(byte, b'.' | b',' | b'\n')).unwrap_or(said.len());
        phrases | self.set.nearby(said.get(..length).unwrap_or_default()).0
    }

    fn token(&self, number: u16, token: &Token, span: Span, near: (u128, u128)) -> Option<Found> {
        let read = self.set.value(number)?.check.token(token)?;
        self.weigh_token(number, read, token, span, near)
    }

    /// Separators in places where the issuer puts none count only with a supporting word.
    fn weigh_token(
        &self,
        number: u16,
        read: Match,
        token: &Token,
        span: Span,
        near: (u128, u128),
    ) -> Option<Found> {
        let supported = (self.supports | near.0) >> number & 1 == 1;
        if !token.is_plain() && !read.shaped && !supported {
            return None;
        }
        self.weigh(Some(number), read, span, near)
    }

    fn weigh(
        &self,
        number: Option<u16>,
        read: Match,
        span: Span,
        near: (u128, u128),
    ) -> Option<Found> {
        let number = number?;
        let value = self.set.value(number)?;
        let confidence = value.weigh(number, read, self.supports | near.0, self.against | near.1);
        self.set.reaches(value.tag, confidence).then_some(Found {
            tag: value.tag,
            coarse: read.coarse,
            span,
            confidence,
            detector: value.detector,
            region: read.region.or(value.issuer),
        })
    }

    /// A dotted quad of small numbers is a version unless a word says otherwise.
    fn address(&self, text: &str, read: Match, span: Span, near: (u128, u128)) -> Option<Found> {
        let shaped = !ip::looks_like_a_version(text);
        self.weigh(self.set.finders.ip, Match { shaped, ..read }, span, near)
    }
}

/// What stands behind the last end of a sentence, where there is one: what is said of one thing speaks against no
/// other.
fn own_sentence(window: &[u8]) -> Option<&[u8]> {
    let is_end = |at: &usize| match window.get(*at..) {
        // The line before a line of a log is another one's.
        Some([b'\n', ..]) => true,
        Some([b'.' | b'!' | b'?', b' ', b'A'..=b'Z', ..]) => true,
        _ => false,
    };
    let end = (0..window.len()).rev().find(is_end)?;
    window.get(end + 1..)
}

/// Behind the name of a field whose value is made like a mailbox and is the identifier of a message, of an event or of
/// a call (RFC 5322 §3.6.4, RFC 5545 §3.8.4.7, RFC 3261 §20.8).
fn is_of_a_message(head: &str) -> bool {
    const FIELDS: [&str; 5] = ["uid:", "message-id:", "in-reply-to:", "references:", "call-id:"];
    let head = head.trim_end_matches(['<', ' ']);
    FIELDS.iter().any(|field| ends_in_any_case(head, field))
}

fn email_whole(text: &str) -> Option<Match> {
    super::check::Check::named("email").and_then(|check| check.whole(text))
}

/// The surest of overlapping findings stays; the longer of two equally sure ones.
fn settle(found: &mut Vec<Found>, first: usize) {
    let Some(new) = found.get_mut(first..) else { return };
    if new.len() < 2 {
        return;
    }
    new.sort_by_key(|one| (one.span.start, std::cmp::Reverse((one.confidence, one.span.end))));
    let mut kept = first;
    for at in first..found.len() {
        let Some(next) = found.get(at).copied() else { break };
        let last = (kept > first).then(|| found.get(kept - 1).copied()).flatten();
        match last {
            Some(last) if next.span.start < last.span.end => {
                if (next.confidence, next.span.len()) > (last.confidence, last.span.len())
                    && let Some(slot) = found.get_mut(kept - 1)
                {
                    *slot = next;
                }
            }
            _ => {
                if let Some(slot) = found.get_mut(kept) {
                    *slot = next;
                    kept += 1;
                }
            }
        }
    }
    found.truncate(kept);
}
