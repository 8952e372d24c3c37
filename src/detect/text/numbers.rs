//! What is made of digits: numbers in groups, telephone numbers, dotted addresses, coordinates.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem::Finder;

use crate::{
    detect::{
        check::{
            Match, birth_date, date, ip, mac, mrz,
            phone::{self, Countries},
            place,
            words::WordList,
        },
        token::Token,
    },
    domain::{Span, runs},
};

use super::{
    Found, Search,
    chain::{Chain, end_of_count, end_of_time},
};

static RECEIVER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("$G"));
static DEGREE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("°"));

impl Search<'_> {
    /// Everything that is made of digits: numbers, telephone numbers, dotted addresses, coordinates.
    pub(super) fn numbers(&self, text: &str, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut position = 0;
        let countries = Countries::of(text);
        let mut geometries = place::geometries(text).peekable();
        for digit in runs(bytes, |byte| byte.is_ascii_digit()) {
            if digit < position {
                continue;
            }
            if self.halt.is_given_up() {
                return;
            }
            while geometries.next_if(|(range, _)| range.end <= digit).is_some() {}
            if let Some((range, read)) = geometries.next_if(|(range, _)| range.start <= digit) {
                // Its numbers stand side by side, and a comma stands between two places.
                position = range.end;
                let near = self.nearby(text, range.start);
                let whole = Span::new(range.start, range.end);
                if !read.coarse {
                    found.extend(self.weigh(self.set.finders.pair, read, whole, near));
                }
                continue;
            }
            let passed = end_of_count(bytes, digit, position);
            if let Some(end) = passed.or_else(|| end_of_time(bytes, digit)) {
                position = end;
                continue;
            }
            if let Some(end) = self.digit_by_digit(text, digit, found) {
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
                self.chain(text, &chain, &countries, found);
            }
            position = chain.end.max(digit + 1);
        }
    }

    /// `4 0 2 4 …`, `4-0-2-4-…`: a long number written digit by digit, which a word says it is. Past its end, if
    /// it is one.
    fn digit_by_digit(&self, text: &str, digit: usize, found: &mut Vec<Found>) -> Option<usize> {
        const DIGITS_MIN: usize = 12;
        const DIGITS_MAX: usize = 19;
        let bytes = text.as_bytes();
        let first = *bytes.get(digit)?;
        let sign = *bytes.get(digit + 1).filter(|sign| b" -.".contains(sign))?;
        let (pairs, _) = bytes.get(digit + 1..)?.as_chunks::<2>();
        let further = pairs.iter().map_while(|[before, digit]| {
            (*before == sign && digit.is_ascii_digit()).then_some(*digit)
        });
        let (mut digits, mut count) = ([0; DIGITS_MAX], 0);
        for digit in std::iter::once(first).chain(further) {
            *digits.get_mut(count)? = digit;
            count += 1;
        }
        let end = digit + 2 * count - 1;
        let is_glued = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let before = digit.checked_sub(1).and_then(|at| bytes.get(at));
        if count < DIGITS_MIN || is_glued(before) || is_glued(bytes.get(end)) {
            return None;
        }
        let token = Token::read(std::str::from_utf8(digits.get(..count)?).ok()?)?;
        let (span, near) = (Span::new(digit, end), self.nearby(text, digit));
        let known = found.len();
        for number in self.set.of_length(token.len()) {
            let is_named = (self.supports | near.0) >> number & 1 == 1;
            found.extend(is_named.then(|| self.token(*number, &token, span, near)).flatten());
        }
        (found.len() > known).then_some(end)
    }

    fn chain(&self, text: &str, chain: &Chain, countries: &Countries<'_>, found: &mut Vec<Found>) {
        // What stands before the value found last was said of that one.
        let floor = found.last().map_or(0, |last| last.span.range().end);
        let mut around: Option<(u128, u128)> = None;
        let mut near =
            |start: usize| *around.get_or_insert_with(|| self.nearby_behind(text, floor, start));
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
                self.reading(text, span, to - from, countries, &mut near, found);
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
        countries: &Countries<'_>,
        near: &mut impl FnMut(usize) -> (u128, u128),
        found: &mut Vec<Found>,
    ) {
        let Some(candidate) = text.get(span.range()) else { return };
        // `Y215683(9)`: what was opened is closed.
        let is_open = candidate.contains('(') && !candidate.contains(')');
        let closing = usize::from(is_open && text.as_bytes().get(span.range().end) == Some(&b')'));
        let span = Span::new(span.range().start, span.range().end + closing);
        let Some(candidate) = text.get(span.range()) else { return };
        let finders = &self.set.finders;
        let start = span.range().start;
        if date::is_written_date(candidate) {
            let date = candidate.get(..10).unwrap_or(candidate);
            let read = finders.birth_date.and_then(|_| birth_date(date));
            if let Some(read) = read {
                let span = Span::new(span.range().start, span.range().start + date.len());
                found.extend(self.weigh(finders.birth_date, read, span, near(span.range().start)));
            }
            return;
        }
        // A number between such signs may be a field of a message (UN/EDIFACT, ISO 9735).
        let before = text.as_bytes().get(..start).unwrap_or_default();
        let is_field =
            before.ends_with(b"++") && text.as_bytes().get(span.range().end) == Some(&b'+');
        let international = before.ends_with(b"+") && !is_field;
        // `(415) 555-0132`, and not `(415-555-0132)`.
        let opened = !international
            && start > 0
            && text.as_bytes().get(start - 1) == Some(&b'(')
            && text.as_bytes().get(span.range().end) != Some(&b')');
        // Behind a plus there is nothing but a telephone number.
        if let Some(token) = Token::read(candidate)
            .filter(|token| !international && (token.is_digits() || !is_of_both_cases(candidate)))
        {
            for number in self.set.of_length(token.len()) {
                let Some(value) = self.set.value(*number) else { continue };
                if let Some(read) = value.check.token(&token) {
                    found.extend(self.weigh_token(*number, read, &token, span, near(start)));
                }
            }
        }
        let may_be_a_phone =
            international || if opened { candidate.contains(')') } else { candidate.len() >= 7 };
        let whole = Span::new(start - usize::from(international || opened), span.range().end);
        // Four numbers between points, as addresses are and no telephone number of as many digits is.
        let is_address = run_count == 4 && !is_of_an_image(text, start);
        let address = is_address.then(|| ip::whole(candidate)).flatten();
        let is_dotted = address.is_some() && candidate.len() > 11;
        let is_another = is_in_columns(text, whole.range())
            || (!international && is_of_an_article(text, whole.range().start));
        let may_be_a_phone = may_be_a_phone && !is_dotted && !is_range(candidate) && !is_another;
        let phone = text.get(whole.range()).filter(|_| may_be_a_phone).and_then(|candidate| {
            let read = phone::in_text(candidate);
            match read {
                Some(read) if read.shaped || international => Some(read),
                unsure => countries.read(candidate).or(unsure),
            }
        });
        if let Some(read) = phone {
            let (mut supports, mut against) = near(start);
            let mut search = *self;
            if self.addressee_of(text, start, candidate).is_some() {
                supports |= finders.phone.map_or(0, |number| 1 << number);
            }
            if international {
                // No word makes anything else of digits behind a plus.
                (against, search.against) = (0, 0);
            }
            found.extend(search.weigh(finders.phone, read, whole, (supports, against)));
        }
        if let Some(read) = address {
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

    /// `王伟 13847361528 浙江省…`: the name before a mobile number of China (11 digits, the first a 1), as waybills
    /// have it.
    pub(super) fn addressee_of(
        &self,
        text: &str,
        start: usize,
        number: &str,
    ) -> Option<Range<usize>> {
        const BETWEEN: [char; 9] = [' ', '\u{3000}', '\t', ',', '，', '、', ':', '：', '/'];
        const BETWEEN_BYTES_MAX: usize = 4;
        let is_mobile = number.len() == 11
            && number.starts_with('1')
            && number.bytes().all(|byte| byte.is_ascii_digit());
        let head = text.get(..start).filter(|_| is_mobile)?.trim_end_matches(BETWEEN);
        let is_beside = start - head.len() <= BETWEEN_BYTES_MAX;
        self.set.people.alone_before(text, head.len()).filter(|_| is_beside)
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
        if is_of_a_vector(text, start..start + candidate.len()) {
            return;
        }
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

    /// What receivers of satellites say: `$GPGGA,123519,2451.643,N,06700.067,E,1,…` (NMEA 0183).
    pub(super) fn sentences_of_receivers(&self, text: &str, found: &mut Vec<Found>) {
        const BYTES_MAX: usize = 96;
        let bytes = text.as_bytes();
        for at in RECEIVER.find_iter(bytes) {
            let end = text.floor_char_boundary(text.len().min(at + BYTES_MAX));
            let sentence = text.get(at..end).unwrap_or_default();
            let Some(range) = place::in_sentence(sentence) else { continue };
            let span = Span::new(at + range.start, at + range.end);
            found.extend(self.weigh(self.set.finders.pair, Match::SHAPED, span, (0, 0)));
        }
    }

    /// `24°51'38.6"N 67°00'04.1"E`, `24.86071° N, 67.00112° E`, `N 24° 51.643' E 67° 0.068'`. The sign of degrees is not
    /// ASCII, so that texts without it pay nothing.
    pub(super) fn sexagesimal(&self, text: &str, found: &mut Vec<Found>) {
        const BYTES_MAX: usize = 72;
        const DEGREES_BYTES_MAX: usize = 16;
        let bytes = text.as_bytes();
        let mut past = 0;
        for at in DEGREE.find_iter(bytes) {
            let head = bytes.get(past.max(at.saturating_sub(DEGREES_BYTES_MAX))..at);
            let is_of_it = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
            let head = head.unwrap_or_default();
            let digits = head.iter().rev().take_while(is_of_it).count();
            if at < past || digits == 0 {
                continue;
            }
            let start = at - digits;
            let end = text.ceil_char_boundary(text.len().min(start + BYTES_MAX));
            let window = text.get(start..end).unwrap_or_default();
            // The second hemisphere ends the pair, or begins its second half.
            let Some(east) = window.find(['E', 'W']) else { continue };
            let span = match place::before_its_degrees(text, start) {
                Some(first) => {
                    let start_of_half = start + east + 1;
                    let half = window.get(east + 1..).unwrap_or_default();
                    let length = half.len() - half.trim_start_matches(place::is_of_degrees).len();
                    let half = half.get(..length).unwrap_or_default();
                    Span::new(first, start_of_half + half.trim_end_matches([' ', '.', '-']).len())
                }
                None => Span::new(start, start + east + 1),
            };
            past = span.range().end;
            if let Some(read) = text.get(span.range()).and_then(place::pair) {
                let around = self.nearby(text, start);
                found.extend(self.weigh(self.set.finders.pair, read, span, around));
            }
        }
    }
}

/// Whether the word before a number says that an article or a part has it: `Artikel 0176-23456789`.
fn is_of_an_article(text: &str, start: usize) -> bool {
    let head = text.get(..start).and_then(|head| head.strip_suffix(' ')).unwrap_or_default();
    let word = head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    ARTICLES.has(word)
}

static ARTICLES: WordList = WordList::new(&[
    "artikel",
    "ersatzteil",
    "article",
    "artículo",
    "articulo",
    "articolo",
    "artigo",
    "ricambio",
    "repuesto",
    "onderdeel",
    "reservdel",
    "reservedel",
]);

/// Whether two short numbers stand before digits in groups, as in the columns of a table: `root 20 0 068089 29775`.
fn is_in_columns(text: &str, number: Range<usize>) -> bool {
    let is_of_it = |byte: u8| byte.is_ascii_digit() || byte == b' ';
    let head = text.get(..number.start).unwrap_or_default();
    if !head.ends_with(' ') || !text.get(number).is_some_and(|it| it.bytes().all(is_of_it)) {
        return false;
    }
    let mut rest = head.trim_end_matches(' ');
    for _ in 0..2 {
        let before = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        if !(1..=3).contains(&(rest.len() - before.len())) || !before.ends_with(' ') {
            return false;
        }
        rest = before.trim_end_matches(' ');
    }
    true
}

/// Whether two numbers are of more, or both less than one, as measured values are and nobody's place is.
fn is_of_a_vector(text: &str, pair: Range<usize>) -> bool {
    let fraction = |rest: &str| {
        let rest = rest.trim_start_matches([' ', '-']).as_bytes();
        let whole = rest.iter().take_while(|byte| byte.is_ascii_digit()).take(5).count();
        (1..=4).contains(&whole)
            && matches!(rest.get(whole..), Some([b'.', b'0'..=b'9', b'0'..=b'9', ..]))
    };
    let goes_on =
        text.get(pair.end..).and_then(|rest| rest.strip_prefix(',')).is_some_and(fraction);
    let before = text.get(..pair.start).unwrap_or_default().trim_end_matches([' ', '-']);
    let comes_from = before
        .strip_suffix(',')
        .is_some_and(|before| before.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with('.'));
    let is_small = text.get(pair).is_some_and(|pair| {
        pair.split(',').all(|half| half.trim().trim_start_matches('-').starts_with("0."))
    });
    goes_on || comes_from || is_small
}

/// No identifier is written in capitals and small letters at once; base64 is.
fn is_of_both_cases(text: &str) -> bool {
    let several = |is: fn(&u8) -> bool| text.bytes().filter(is).count() >= 2;
    several(u8::is_ascii_uppercase) && several(u8::is_ascii_lowercase)
}

/// `registry.example/core:15.7.80.6`, `core/api@15.7.80.6`: the version of an image or a package.
fn is_of_an_image(text: &str, start: usize) -> bool {
    const BYTES_MAX: usize = 96;
    let head = text.as_bytes().get(start.saturating_sub(BYTES_MAX)..start).unwrap_or_default();
    let [name @ .., b':' | b'@'] = head else { return false };
    let is_of_it = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._-/".contains(byte);
    let length = name.iter().rev().take_while(is_of_it).count();
    let name = name.get(name.len() - length..).unwrap_or_default();
    let slash = memchr::memchr(b'/', name);
    slash.is_some_and(|at| at > 0 && name.get(at + 1) != Some(&b'/')) && !name.ends_with(b"/")
}

/// `1425-1436`, `64010-64016`: from one number to another that is not far behind, as pages and ports are told.
pub(super) fn is_range(text: &str) -> bool {
    const PAGES_MAX: u16 = 200;
    const PORTS_MAX: u16 = 5000;
    const BYTES_MAX: usize = "64010–64016".len();
    if text.len() > BYTES_MAX || !text.bytes().any(|byte| byte == b'-' || byte >= 0x80) {
        return false;
    }
    let is_one = |number: &str| (3..=5).contains(&number.len());
    text.split_once(['-', '–'])
        .filter(|(first, last)| is_one(first) && is_one(last))
        .and_then(|(first, last)| Some((first.parse::<u16>().ok()?, last.parse::<u16>().ok()?)))
        .is_some_and(|(first, last)| {
            let max = if first > 9999 { PORTS_MAX } else { PAGES_MAX };
            first < last && last - first <= max
        })
}
