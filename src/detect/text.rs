//! Values recognised by their form, in a field of any name and inside longer texts.
//!
//! A first pass over the bytes counts what could begin a value (`@`, digits, `:`); a text with none of
//! it is left after that. Candidates grow outwards from such a byte, never further than a value is
//! long, and the search goes on behind them, so that hostile text costs linear time.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::domain::{DetectorId, Region, Span, Tag};

use super::{
    check::{Match, code, email, iban, ip, mac, mrz, phone, place},
    naming, postal,
    set::{DetectorSet, Reads},
    token::{Token, is_separator, trimmed},
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
}

static TOKEN_START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("eyJ"));
static BROWSER_START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("Mozilla/5.0 ("));

/// Bytes of prose before a candidate that may hold a supporting word.
const NEARBY_BYTES: usize = 40;

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
        if marks.digits >= 4 {
            self.numbers(text, found);
            self.user_agents(text, found);
            if !text.is_ascii() {
                self.sexagesimal(text, found);
            }
        }
        settle(found, first);
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
            if let Some(read) = value.check.token(&token) {
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
        if let Some(token) = Token::read(trimmed) {
            for number in self.set.of_length(token.len()) {
                offer(self.token(*number, &token, span, (0, 0)));
            }
            offer(phone::in_text(trimmed).and_then(|m| self.weigh(finders.phone, m, span, (0, 0))));
        } else if trimmed.starts_with('+') {
            offer(phone::in_text(trimmed).and_then(|m| self.weigh(finders.phone, m, span, (0, 0))));
        }
        if marks.at > 0 || marks.percent > 0 {
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

    /// Names and postal addresses behind words that announce them, and addresses that show themselves.
    ///
    fn announced(&self, text: &str, found: &mut Vec<Found>) {
        if !self.set.may_announce(text.as_bytes()) {
            return;
        }
        let bytes = text.as_bytes();
        let mut past = 0;
        for (cue, rule) in self.set.cues(text) {
            if cue.start < past || !self.set.reaches(rule.tag, rule.confidence) {
                continue;
            }
            let gap = bytes.get(cue.end..).unwrap_or_default();
            let skip = |also: &[u8]| {
                cue.end + gap.iter().take(4).take_while(|b| **b == b' ' || also.contains(b)).count()
            };
            let range = match rule.reads {
                Reads::Name(least) => {
                    let start = skip(b":,\n\r");
                    naming::end_of_name(text, start, least).map(|end| start..end)
                }
                Reads::Address => postal::announced(text, skip(b":-\n")),
                Reads::Street => {
                    postal::around_street(text, cue.clone()).filter(|range| range.start >= past)
                }
                Reads::Checked(check) => {
                    let start = skip(b":-=#");
                    let rest = bytes.get(start..).unwrap_or_default();
                    let length = rest
                        .iter()
                        .take(64)
                        .position(|b| b.is_ascii_whitespace() || b",;|)]}\"'".contains(b))
                        .unwrap_or(rest.len().min(64));
                    let word = text.get(start..start + length).unwrap_or_default();
                    let word = word.trim_end_matches(['.', '!', '?']);
                    check.whole(word).map(|_| start..start + word.len())
                }
            };
            let Some(range) = range else { continue };
            past = range.end;
            found.push(Found {
                tag: rule.tag,
                coarse: false,
                span: Span::new(range.start, range.end),
                confidence: rule.confidence,
                detector: rule.detector,
                region: None,
            });
        }
        if !text.is_ascii() {
            self.east_asian_addresses(text, found);
        }
    }

    fn east_asian_addresses(&self, text: &str, found: &mut Vec<Found>) {
        let Some(address) =
            self.set.cue_rules.iter().find(|rule| matches!(rule.reads, Reads::Address))
        else {
            return;
        };
        let mut push = |range: std::ops::Range<usize>| {
            found.push(Found {
                tag: address.tag,
                coarse: false,
                span: Span::new(range.start, range.end),
                confidence: address.confidence,
                detector: address.detector,
                region: None,
            });
        };
        let mut start = None;
        for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
            match (postal::is_of_a_run(character), start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    if let Some(range) = postal::east_asian(text, from..at) {
                        push(range);
                    }
                    start = None;
                }
                _ => {}
            }
        }
        if let Some(range) = postal::korean(text) {
            push(range);
        }
    }

    /// `Sana Khan <sana@example.pk>`: whose address it is.
    fn display_name(&self, text: &str, address: usize, found: &mut Vec<Found>) {
        const BYTES_MAX: usize = 80;
        let Some(rule) =
            self.set.cue_rules.iter().find(|rule| matches!(rule.reads, Reads::Name(_)))
        else {
            return;
        };
        let floor = text.ceil_char_boundary(address.saturating_sub(BYTES_MAX));
        let Some(head) = text.get(floor..address).and_then(|head| head.strip_suffix('<')) else {
            return;
        };
        let head = head.trim_end_matches([' ', '"']);
        let from = head.rfind(['\n', ':', ',', ';', '"', '<', '>', '(']).map_or(0, |at| at + 1);
        let name = head.get(from..).unwrap_or_default();
        let start = floor + from + (name.len() - name.trim_start().len());
        if naming::end_of_name(text, start, 2) == Some(floor + head.len()) {
            found.push(Found {
                tag: rule.tag,
                coarse: false,
                span: Span::new(start, floor + head.len()),
                confidence: rule.confidence,
                detector: rule.detector,
                region: None,
            });
        }
    }

    fn emails(&self, text: &str, found: &mut Vec<Found>) {
        let mut past = 0;
        for at in memchr::memchr_iter(b'@', text.as_bytes()) {
            if at < past {
                continue;
            }
            if let Some(end) = self.email_at(text, at, found) {
                past = end;
            }
        }
    }

    fn email_at(&self, text: &str, at: usize, found: &mut Vec<Found>) -> Option<usize> {
        let Some(span) = email::around(text, at) else {
            let (span, read) = iban::payment_address_around(text, at)?;
            found.extend(self.weigh(self.set.finders.payment_address, read, span, (0, 0)));
            return Some(span.range().end);
        };
        found.extend(self.weigh(self.set.finders.email, Match::SHAPED, span, (0, 0)));
        self.display_name(text, span.range().start, found);
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
        let bytes = text.as_bytes();
        let part = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let mut past = 0;
        for colon in memchr::memchr_iter(b':', bytes) {
            if colon < past {
                continue;
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
            let address = address.trim_end_matches('.');
            let address =
                if address.ends_with("::") { address } else { address.trim_end_matches(':') };
            let span = Span::new(start, start + address.len());
            if let Some(read) = mac::whole(address) {
                found.extend(self.weigh(self.set.finders.mac, read, span, (0, 0)));
            } else if address.bytes().filter(|byte| *byte == b':').count() >= 2
                && address.len() >= 6
                && let Some(read) = ip::whole(address)
            {
                let around = self.nearby(text, start);
                found.extend(self.address(address, read, span, around));
            }
        }
    }

    /// Everything that is made of digits: numbers, telephone numbers, dotted addresses, coordinates.
    fn numbers(&self, text: &str, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut position = 0;
        while let Some(offset) =
            bytes.get(position..).and_then(|rest| rest.iter().position(u8::is_ascii_digit))
        {
            let digit = position + offset;
            if let Some(end) = end_of_count(bytes, digit, position) {
                position = end;
                continue;
            }
            let chain = Chain::around(bytes, digit, position);
            if let Some(zone) =
                chain.may_be_a_zone(bytes).then(|| mrz::around(text, digit)).flatten()
            {
                found.extend(self.weigh(self.set.finders.mrz, Match::SHAPED, zone, (0, 0)));
                position = zone.range().end;
                continue;
            }
            if chain.is_worth_a_look() {
                self.chain(text, &chain, found);
            }
            position = chain.end.max(digit + 1);
        }
    }

    fn chain(&self, text: &str, chain: &Chain, found: &mut Vec<Found>) {
        let mut around: Option<(u128, u128)> = None;
        let mut near = |start: usize| *around.get_or_insert_with(|| self.nearby(text, start));
        let runs = chain.runs();
        let first = found.len();
        for (from, start) in runs.iter().enumerate() {
            // The widest reading first; a narrower one only where no wider one was found.
            let longest = runs.len().min(from + Chain::READING_RUNS_MAX);
            for to in (from + 1..=longest).rev() {
                let Some(end) = runs.get(to - 1) else { continue };
                if !chain.is_written_like_a_number(from, to)
                    || !chain.is_bounded(text.as_bytes(), from, to)
                {
                    continue;
                }
                let span = Span::new(start.start as usize, end.end as usize);
                let settled = found.get(first..).unwrap_or_default();
                if settled.iter().any(|known| known.span.contains(span)) {
                    continue;
                }
                let before = found.len();
                self.reading(text, span, to - from, &mut near, found);
                if found.len() > before {
                    break;
                }
            }
        }
    }

    /// One stretch of a chain read as each kind of value it could be.
    fn reading(
        &self,
        text: &str,
        span: Span,
        run_count: usize,
        near: &mut impl FnMut(usize) -> (u128, u128),
        found: &mut Vec<Found>,
    ) {
        let Some(candidate) = text.get(span.range()) else { return };
        let finders = &self.set.finders;
        let start = span.range().start;
        if is_written_date(candidate) {
            let date = candidate.get(..10).unwrap_or(candidate);
            let read = finders.birth_date.and_then(|_| super::check::birth_date(date));
            if let Some(read) = read {
                let span = Span::new(span.range().start, span.range().start + date.len());
                found.extend(self.weigh(finders.birth_date, read, span, near(span.range().start)));
            }
            return;
        }
        let international =
            start.checked_sub(1).and_then(|at| text.as_bytes().get(at)) == Some(&b'+');
        let opened = !international && start > 0 && text.as_bytes().get(start - 1) == Some(&b'(');
        if let Some(token) = Token::read(candidate) {
            for number in self.set.of_length(token.len()) {
                let Some(value) = self.set.value(*number) else { continue };
                if let Some(read) = value.check.token(&token)
                    && (read.shaped || token.is_plain() || value.check.token(&token).is_some())
                {
                    found.extend(self.weigh_token(*number, read, &token, span, near(start)));
                }
            }
        }
        if international || opened {
            let with_mark = Span::new(start - 1, span.range().end);
            let read = text.get(with_mark.range()).and_then(phone::in_text);
            if let Some(read) = read {
                found.extend(self.weigh(finders.phone, read, with_mark, near(start)));
            }
        } else if candidate.len() >= 7
            && let Some(read) = phone::in_text(candidate)
        {
            found.extend(self.weigh(finders.phone, read, span, near(start)));
        }
        if run_count == 4
            && let Some(read) = ip::whole(candidate)
        {
            found.extend(self.address(candidate, read, span, near(start)));
        }
        if (run_count == 6 || run_count == 3 || candidate.len() == 12)
            && let Some(read) = mac::whole(candidate)
        {
            found.extend(self.weigh(finders.mac, read, span, near(start)));
        }
        if run_count == 2 {
            match text.as_bytes().get(span.range().end) {
                Some(b',') => self.pair(text, span, near, found),
                Some(b'+' | b'-') => self.signed_pair(text, span, near, found),
                _ => {}
            }
        }
    }

    /// `24.8607, 67.0011`: the first half is at `span`.
    fn pair(
        &self,
        text: &str,
        span: Span,
        near: &mut impl FnMut(usize) -> (u128, u128),
        found: &mut Vec<Found>,
    ) {
        let bytes = text.as_bytes();
        let negative = |at: usize| at.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'-');
        let start = span.range().start - usize::from(negative(span.range().start));
        let rest = bytes.get(span.range().end + 1..).unwrap_or_default();
        let space = usize::from(rest.first() == Some(&b' '));
        let number = rest.get(space..).unwrap_or_default();
        let length = number
            .iter()
            .take(16)
            .enumerate()
            .take_while(|(at, byte)| {
                byte.is_ascii_digit() || **byte == b'.' || (*at == 0 && **byte == b'-')
            })
            .count();
        let end = span.range().end + 1 + space + length;
        let candidate =
            text.get(start..end).map(|pair| pair.trim_end_matches('.')).unwrap_or_default();
        if let Some(read) = place::pair(candidate).filter(|read| read.shaped) {
            let whole = Span::new(start, start + candidate.len());
            found.extend(self.weigh(self.set.finders.pair, read, whole, near(start)));
        }
    }

    /// ISO 6709, `+24.8607+067.0011/`: the first half less its sign is at `span`.
    fn signed_pair(
        &self,
        text: &str,
        span: Span,
        near: &mut impl FnMut(usize) -> (u128, u128),
        found: &mut Vec<Found>,
    ) {
        let bytes = text.as_bytes();
        let Some(start) = span.range().start.checked_sub(1) else { return };
        if !matches!(bytes.get(start), Some(b'+' | b'-')) {
            return;
        }
        let rest = bytes.get(span.range().end + 1..).unwrap_or_default();
        let number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-');
        let length = rest.iter().take(24).take_while(|byte| number(byte)).count();
        let end = span.range().end + 1 + length;
        let whole = Span::new(start, end + usize::from(bytes.get(end) == Some(&b'/')));
        let read = text.get(whole.range()).and_then(place::pair);
        if let Some(read) = read.filter(|read| read.shaped) {
            found.extend(self.weigh(self.set.finders.pair, read, whole, near(start)));
        }
    }

    /// `24°51'38.6"N 67°00'04.1"E`. The sign of degrees is not ASCII, so that texts without it pay nothing.
    fn sexagesimal(&self, text: &str, found: &mut Vec<Found>) {
        const BYTES_MAX: usize = 72;
        let bytes = text.as_bytes();
        let mut past = 0;
        for at in memchr::memmem::find_iter(bytes, "°".as_bytes()) {
            let head = bytes.get(past.max(at.saturating_sub(3))..at).unwrap_or_default();
            let digits = head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            if at < past || digits == 0 {
                continue;
            }
            let start = at - digits;
            let end = text.ceil_char_boundary(text.len().min(start + BYTES_MAX));
            let window = text.get(start..end).unwrap_or_default();
            // The second hemisphere ends the pair.
            let Some(east) = window.find(['E', 'W']) else { continue };
            let span = Span::new(start, start + east + 1);
            past = span.range().end;
            if let Some(read) = text.get(span.range()).and_then(place::pair) {
                let around = self.nearby(text, start);
                found.extend(self.weigh(self.set.finders.pair, read, span, around));
            }
        }
    }

    // === Weighing ===

    fn nearby(&self, text: &str, start: usize) -> (u128, u128) {
        let from = start.saturating_sub(NEARBY_BYTES);
        self.set.nearby(text.as_bytes().get(from..start).unwrap_or_default())
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

/// Past the digits at `digit` when they are too few for a value and nothing goes on before or behind them,
/// as most numbers in a text are: counts, times, versions' parts. Looks back no further than `floor`.
fn end_of_count(bytes: &[u8], digit: usize, floor: usize) -> Option<usize> {
    const VALUE_BYTES_MIN: usize = 7;
    let rest = bytes.get(digit..)?;
    let length =
        rest.iter().take(VALUE_BYTES_MIN).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let head = bytes.get(floor..digit)?;
    let goes_on_before = match head {
        [.., b'A'..=b'Z', b' ' | b'-'] => true,
        [.., last] => last.is_ascii_alphanumeric(),
        [] => false,
    };
    if length >= VALUE_BYTES_MIN || goes_on_before {
        return None;
    }
    let goes_on = match rest.get(length..)? {
        [b'<', ..] => true,
        [first, second, behind @ ..] if is_separator(*first) => {
            is_separator(*second)
                || second.is_ascii_digit()
                || second.is_ascii_uppercase()
                // A word of two letters may be a group of hexadecimal digits; one with a digit is a group.
                || (second.is_ascii_alphabetic() && may_be_group(*second, behind))
        }
        _ => false,
    };
    (!goes_on).then_some(digit + length)
}

/// Whether a word that begins with a small letter may be a group of letters and digits.
fn may_be_group(first: u8, behind: &[u8]) -> bool {
    let length = behind.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let word = behind.get(..length).unwrap_or_default();
    word.iter().any(u8::is_ascii_digit)
        || (length == 1 && first.is_ascii_hexdigit() && word.iter().all(u8::is_ascii_hexdigit))
}

/// One to four capitals and a separator at the end of `head`, as in `AB 12 34 56 C`.
fn letters_before(head: &[u8]) -> usize {
    let Some((b' ' | b'-', rest)) = head.split_last() else { return 0 };
    let letters = rest.iter().rev().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
    let joined = rest.len().checked_sub(letters + 1).and_then(|at| rest.get(at));
    if (1..=4).contains(&letters) && !joined.is_some_and(is_word_byte) { letters + 1 } else { 0 }
}

fn is_word_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// `2024-05-12`, `12/05/2024`, `12.05.2024`, perhaps with a time: eight digits that are no number.
fn is_written_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let at = |position: usize| bytes.get(position).copied().unwrap_or(0);
    let separator = |byte: u8| matches!(byte, b'-' | b'/' | b'.');
    // A time may follow the date.
    (bytes.len() == 10 || at(10) == b' ')
        && ((separator(at(4)) && at(4) == at(7)) || (separator(at(2)) && at(2) == at(5)))
}

/// How often the bytes occur that values begin with.
#[derive(Debug, Default)]
struct Marks {
    at: u32,
    percent: u32,
    colons: u32,
    dots: u32,
    dashes: u32,
    digits: u32,
}

impl Marks {
    /// Plain counting without branches, in bytes as long as they cannot overflow, which the compiler turns
    /// into vector instructions.
    fn of(bytes: &[u8]) -> Self {
        let mut marks = Self::default();
        for stretch in bytes.chunks(usize::from(u8::MAX)) {
            let mut counts = [0u8; 6];
            let [at, percent, colons, dots, dashes, digits] = &mut counts;
            for byte in stretch {
                *at += u8::from(*byte == b'@');
                *percent += u8::from(*byte == b'%');
                *colons += u8::from(*byte == b':');
                *dots += u8::from(*byte == b'.');
                *dashes += u8::from(*byte == b'-');
                *digits += u8::from(byte.wrapping_sub(b'0') < 10);
            }
            let [at, percent, colons, dots, dashes, digits] = counts.map(u32::from);
            marks.at += at;
            marks.percent += percent;
            marks.colons += colons;
            marks.dots += dots;
            marks.dashes += dashes;
            marks.digits += digits;
        }
        marks
    }

    fn may_hold_a_value(&self, length: usize) -> bool {
        length >= 6
            && (self.at > 0
                || self.digits >= 4
                || self.colons >= 2
                || self.dashes >= 5
                || (self.dots >= 2 && length >= 20)
                || (self.percent > 0 && self.digits >= 2))
    }
}

/// Runs of letters and digits with single separators between them, as numbers are written in groups.
struct Chain {
    runs: [Run; Self::RUNS_MAX],
    count: usize,
    end: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Run {
    start: u32,
    end: u32,
}

impl Chain {
    const RUNS_MAX: usize = 12;
    /// Longest run that is part of a value.
    const RUN_BYTES_MAX: usize = 36;
    /// Most groups one value is written in.
    const READING_RUNS_MAX: usize = 9;

    /// The chain around the digit at `digit`, looking back no further than `floor`.
    fn around(bytes: &[u8], digit: usize, floor: usize) -> Self {
        let mut chain = Self { runs: [Run::default(); Self::RUNS_MAX], count: 0, end: digit + 1 };
        let head = bytes.get(floor..digit).unwrap_or_default();
        let mut start =
            digit - head.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        start -= letters_before(bytes.get(floor..start).unwrap_or_default());
        loop {
            let rest = bytes.get(start..).unwrap_or_default();
            let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let end = start + length;
            let run = bytes.get(start..end).unwrap_or_default();
            let belongs = length > 0
                && (run.iter().any(u8::is_ascii_digit)
                    || (length <= 4 && run.iter().all(u8::is_ascii_uppercase))
                    || (length == 2 && run.iter().all(u8::is_ascii_hexdigit)));
            if chain.count > 0 && !belongs {
                return chain;
            }
            chain.end = end;
            if let Some(slot) = chain.runs.get_mut(chain.count) {
                let narrow = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
                *slot = Run { start: narrow(start), end: narrow(end) };
                chain.count += 1;
            }
            let gap = bytes.get(end..).unwrap_or_default();
            let separators = gap.iter().take(3).take_while(|byte| is_separator(**byte)).count();
            let joins = match separators {
                1 => true,
                // `) ` and ` (` and `) (`.
                2 | 3 => gap.iter().take(separators).any(|byte| matches!(byte, b'(' | b')')),
                _ => false,
            };
            if !joins || chain.count == Self::RUNS_MAX {
                return chain;
            }
            start = end + separators;
        }
    }

    fn runs(&self) -> &[Run] {
        self.runs.get(..self.count).unwrap_or_default()
    }

    /// As long as some value is, in groups that are not all single digits. Half a pair of coordinates
    /// (two groups) and an IP address (four) may be shorter.
    fn is_written_like_a_number(&self, from: usize, to: usize) -> bool {
        let runs = self.runs().get(from..to).unwrap_or_default();
        let total: usize = runs.iter().map(|run| (run.end - run.start) as usize).sum();
        let enough = total >= 7 || matches!(runs.len(), 2 | 4) && total >= 4;
        enough
            && total <= Token::CAPACITY
            && (total + 1 >= runs.len() * 2 || total >= 4 && runs.len() == 4)
    }

    /// A long run, or one that fillers follow, as in the machine readable zone of a passport.
    fn may_be_a_zone(&self, bytes: &[u8]) -> bool {
        self.runs().first().is_some_and(|run| {
            run.end - run.start >= 30 || bytes.get(run.end as usize) == Some(&b'<')
        })
    }

    fn is_worth_a_look(&self) -> bool {
        let total: usize = self.runs().iter().map(|run| (run.end - run.start) as usize).sum();
        total >= 4
    }

    /// Whether the runs `from..to` stand by themselves: not glued to a longer word, number or path.
    fn is_bounded(&self, bytes: &[u8], from: usize, to: usize) -> bool {
        let (Some(first), Some(last)) = (self.runs().get(from), self.runs().get(to - 1)) else {
            return false;
        };
        let (start, end) = (first.start as usize, last.end as usize);
        let too_long = self
            .runs()
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .any(|run| (run.end - run.start) as usize > Self::RUN_BYTES_MAX);
        let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        let further = start.checked_sub(2).and_then(|at| bytes.get(at)).copied();
        let after = bytes.get(end).copied();
        let beyond = bytes.get(end + 1).copied();
        let word = |byte: Option<u8>| byte.is_some_and(|byte| is_word_byte(&byte) || byte >= 0x80);
        let digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        let glued_before = match before {
            Some(b'_' | b'$' | b'%') => true,
            Some(b'-' | b'/' | b'.') => further.is_some_and(|byte| is_word_byte(&byte)),
            Some(b':' | b',') => digit(further),
            _ => false,
        };
        let glued_after = match after {
            Some(b'_') => true,
            Some(b'-' | b'/') => word(beyond),
            Some(b'.') => digit(beyond),
            Some(b':') => digit(beyond) && digit(bytes.get(end - 1).copied()) && to - from < 4,
            _ => false,
        };
        !too_long && !glued_before && !glued_after
    }
}
