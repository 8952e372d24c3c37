//! What words announce: names, addresses, codes and dates behind a cue, a name before one, and known names beside
//! values that tell of somebody.

use std::ops::Range;

use crate::{
    detect::{
        check::{date, email, person::is_east_asian, phone},
        lowered::Lowered,
        naming::{self, Written},
        postal,
        set::{CueRule, Reads},
    },
    domain::{Span, runs},
};

use super::{Found, Search, codes, command, numbers::is_range, settle, signed::is_of_a_work};

/// Words from `start` to the end of their clause, where they say something of their own: no article of something
/// spoken of before, no statement that there is nothing.
fn clause(text: &str, start: usize) -> Option<Range<usize>> {
    const BYTES_MAX: usize = 60;
    const OF_NOTHING: [&str; 16] = [
        "the", "this", "that", "these", "those", "it", "its", "no", "not", "none", "nothing",
        "any", "our", "your", "their", "an",
    ];
    let rest = text.get(start..)?;
    let rest = rest.get(..rest.floor_char_boundary(BYTES_MAX))?;
    let is_end = |(at, c): (usize, char)| {
        // `4,200` and `ver.di` go on.
        let goes_on =
            || rest.get(at + 1..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
        c.is_control()
            || ";!?()[]{}<>\"。，；、！？（）".contains(c)
            || (matches!(c, '.' | ',') && !goes_on())
    };
    let length = rest.char_indices().find(|it| is_end(*it)).map_or(rest.len(), |(at, _)| at);
    let words = before_a_year(rest.get(..length)?).trim_end();
    let first = words.split(' ').next()?;
    let says = first.starts_with(char::is_alphanumeric)
        && words.chars().nth(1).is_some()
        && words.chars().any(char::is_alphabetic)
        && !OF_NOTHING.iter().any(|word| first.eq_ignore_ascii_case(word));
    says.then(|| start..start + words.len())
}

/// What stands before the year since when it is so: `asthma in 2019`, `asthma since 2019`.
fn before_a_year(words: &str) -> &str {
    let is_year = |word: &str| {
        matches!(word.as_bytes(), [b'1', b'9', rest @ ..] | [b'2', b'0', rest @ ..]
            if rest.len() == 2 && rest.iter().all(u8::is_ascii_digit))
    };
    let joins = [" in ", " since ", " seit ", " en ", " depuis ", " desde ", " dal ", " em "];
    let ends = joins.iter().filter_map(|join| {
        let at = words.rfind(join)?;
        is_year(words.get(at + join.len()..)?).then_some(at)
    });
    ends.min().and_then(|at| words.get(..at)).unwrap_or(words)
}

/// The number of years that ends at `end`, a gap or a hyphen left out.
fn years_before(text: &str, end: usize) -> Option<Range<usize>> {
    let head = text.get(..end)?.trim_end_matches([' ', '-']);
    let digits = head.bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = head.len().checked_sub(digits)?;
    let is_alone =
        !head.get(..start)?.ends_with(|c: char| c.is_alphanumeric() || ".,-".contains(c));
    let years: u8 = head.get(start..)?.parse().ok()?;
    (is_alone && (1..=120).contains(&years)).then_some(start..head.len())
}

impl Search<'_> {
    /// Names and postal addresses behind words that announce them, and addresses that show themselves.
    pub(super) fn announced(&self, text: &str, found: &mut Vec<Found>) {
        if !self.set.cues.may_announce(text.as_bytes()) {
            return;
        }
        let bytes = text.as_bytes();
        let mut past = 0;
        // What the cue at hand announced so far, which may be a name and behind it an address.
        let mut last: (usize, Range<usize>) = (usize::MAX, 0..0);
        for (cue, rule) in self.set.cues.find(text) {
            if self.halt.is_given_up() {
                return;
            }
            let is_another = last.0 != cue.start;
            if (is_another && cue.start < past) || !self.set.reaches(rule.tag, rule.confidence) {
                continue;
            }
            let gap = bytes.get(cue.end..).unwrap_or_default();
            let skip = |also: &[u8]| {
                cue.end + gap.iter().take(4).take_while(|b| **b == b' ' || also.contains(b)).count()
            };
            let range = match rule.reads {
                Reads::Name(least) => {
                    let start = skip(b":,\n\r");
                    let people = &self.set.people;
                    let two = people.in_two_words(text, start).map(|name| name.end);
                    two.or_else(|| {
                        naming::end_of_name(text, start, least)
                            .map(|end| people.before_a_particle(text, start..end))
                    })
                    .filter(|end| {
                        let name = text.get(start..*end).unwrap_or_default();
                        people.may_start_a_name(name) && !people.is_of_things(name)
                    })
                    .filter(|end| least > 1 || !is_of_a_work(text, &(start..*end)))
                    .filter(|end| !postal::is_of_a_street(text, start..*end))
                    .map(|end| start..end)
                    .or_else(|| self.set.people.in_a_sentence(text, start))
                }
                Reads::KnownName => self.known_name(text, skip(b":,\n\r\"")),
                Reads::LikelyName => {
                    let start = skip(b":,\n\r\"");
                    self.likely_name(text, start)
                        .or_else(|| self.with_an_initial(text, cue.clone(), start))
                }
                Reads::GivenName => {
                    name_at(text, skip(b":,\n\r"), 1, |name| self.set.people.is_given_alone(name))
                }
                Reads::NameBefore => {
                    let people = &self.set.people;
                    let is_known = |name: &Range<usize>| {
                        text.get(name.clone())
                            .is_some_and(|name| people.is_known(name, Written::AsNames))
                    };
                    let of_a_clause =
                        || naming::names_before(text, cue.start).find(|name| is_known(name));
                    people
                        .before(text, cue.start)
                        .or_else(of_a_clause)
                        .filter(|range| range.start >= past)
                }
                Reads::Mailbox => {
                    // `ana at mail dot example`: of such a cue the first word stands for the sign.
                    let sign = text.get(cue.clone()).and_then(|words| words.find(' '));
                    let end = sign.map_or(cue.end, |length| cue.start + length);
                    email::around_a_word(text, cue.start..end, past)
                }
                // Behind a mark of a web page another element begins.
                Reads::Address => {
                    // Behind the name of a column others are named.
                    let is_text = |start: &usize| !matches!(bytes.get(*start), Some(b'<' | b','));
                    Some(skip(b":-=\n")).filter(is_text).and_then(|start| {
                        let addressee = self.addressee_at(text, start);
                        let Some((name, behind)) = addressee else {
                            return postal::announced(text, start);
                        };
                        let address = postal::announced(text, behind)?;
                        let rule = self.set.cues.known_beside.as_ref().map(|(rule, _)| rule);
                        found.extend(rule.map(|rule| self::behind(rule, name)));
                        Some(address)
                    })
                }
                Reads::Street => postal::around_street(text, cue.clone(), past)
                    .filter(|range| range.start >= past),
                Reads::Clause => clause(text, skip(b":-=\"")),
                Reads::YearsBefore => {
                    years_before(text, cue.start).filter(|range| range.start >= past)
                }
                Reads::CodeBefore => codes::before(text, &cue).filter(|range| range.start >= past),
                Reads::CodeFurtherOn => codes::further_on(text, cue.end),
                Reads::CommandUser => command::user(text, cue.end),
                Reads::CommandPassword => command::password(text, cue.end),
                Reads::Checked(check) => {
                    let start = skip(b":-=#");
                    let rest = bytes.get(start..).unwrap_or_default();
                    let length = rest
                        .iter()
                        .take(64)
                        .position(|b| b.is_ascii_whitespace() || b",;|)]}<\"'".contains(b))
                        .unwrap_or(rest.len().min(64));
                    let word = text.get(start..start + length).unwrap_or_default();
                    // Commas and stops of other scripts.
                    let word =
                        word.split(['،', '؛', '؟', '。', '，', '、', '；', '）', '।']).next();
                    let word = word.unwrap_or_default().trim_end_matches(['.', '!', '?']);
                    check.whole(word).map(|_| start..start + word.len())
                }
                Reads::Phone => {
                    let start = skip(b":-=#");
                    number_from(text, start)
                        .or_else(|| number_from(text, behind_a_name(text, start)?))
                }
                Reads::Phrase(check) => {
                    let start = skip(b":-=#");
                    // Words behind a written date go on with the sentence.
                    let mut words = words_from(text, start).map(|range| {
                        let first = text.get(range.clone()).and_then(|it| it.split(' ').next());
                        match first.filter(|first| date::is_written_date(first)) {
                            Some(first) => range.start..range.start + first.len(),
                            None => range,
                        }
                    });
                    words.find(|range| {
                        text.get(range.clone()).is_some_and(|words| check.whole(words).is_some())
                    })
                }
            };
            let is_meant = |it: &Range<usize>| {
                !self.is_said(text, rule, &cue, it) && !self.is_label(text, rule, it)
            };
            let Some(range) = range.filter(is_meant) else { continue };
            if !is_another && range.start < last.1.end && last.1.start < range.end {
                continue;
            }
            // Between a number and the cue may stand whose it is, which another cue announces, and so may more of a
            // command.
            let is_further_on =
                matches!(rule.reads, Reads::Phone | Reads::CommandUser | Reads::CommandPassword);
            let end_of_it = if is_further_on { cue.end } else { range.end };
            past = past.max(end_of_it).max(cue.end);
            last = (cue.start, range.clone());
            let end = range.end;
            found.push(behind(rule, range));
            if rule.reads.is_of_names() || matches!(rule.reads, Reads::GivenName) {
                found.extend(self.number_under(text, end));
            }
            if rule.reads.is_of_names() {
                past = past.max(self.names_of_a_list(text, end, rule, found));
            }
        }
        // These have house numbers in them. Kana, Chinese characters and Hangul begin with these bytes.
        let has_east_asian = bytes.iter().fold(false, |is, byte| is | (0xE3..=0xED).contains(byte));
        if has_east_asian && bytes.iter().any(u8::is_ascii_digit) {
            self.east_asian_addresses(text, found);
        }
    }

    /// Whether what a word announces as a name is said to somebody. Behind a colon somebody speaks as often as is named.
    fn is_said(&self, text: &str, rule: &CueRule, cue: &Range<usize>, name: &Range<usize>) -> bool {
        if !rule.reads.is_of_names() || name.start < cue.end {
            return false;
        }
        let between = text.get(cue.end..name.start).unwrap_or_default();
        let words = text.get(name.clone()).unwrap_or_default();
        let is_behind_a_colon =
            between.contains(':') || text.get(cue.clone()).is_some_and(|cue| cue.ends_with(':'));
        if is_behind_a_colon {
            return self.is_a_turn(text, cue.start, words);
        }
        words.starts_with(is_east_asian) && self.set.people.is_said(words)
    }

    /// Whether what a word announces as a name is what a field is called: `Consignee Contact No.`.
    fn is_label(&self, text: &str, rule: &CueRule, name: &Range<usize>) -> bool {
        let words = text.get(name.clone()).unwrap_or_default();
        rule.reads.is_of_names() && words.contains(' ') && self.set.keys.is_name_of(words, |_| true)
    }

    /// Names behind one that ends at `end`, with commas between them; where the last of all ends.
    fn names_of_a_list(
        &self,
        text: &str,
        end: usize,
        rule: &CueRule,
        found: &mut Vec<Found>,
    ) -> usize {
        const BETWEEN: [&str; 13] = [
            ", and ", ", ", "; ", " and ", " & ", " und ", " y ", " et ", " e ", " en ", " och ",
            " i ", " и ",
        ];
        let mut end = end;
        loop {
            let rest = text.get(end..).unwrap_or_default();
            let between = BETWEEN.into_iter().find(|between| rest.starts_with(between));
            let name = between.and_then(|it| self.likely_name(text, end + it.len()));
            let Some(name) = name else { return end };
            end = name.end;
            found.push(behind(rule, name));
        }
    }

    /// To whom something goes that is sent to an address, and where that begins: `Sana Khan, House 12, …`,
    /// `Bapak Hendra Wibowo di Jl. …`.
    pub(in crate::detect) fn addressee_at(
        &self,
        text: &str,
        start: usize,
    ) -> Option<(Range<usize>, usize)> {
        #[rustfmt::skip]
        const TITLES: [&str; 18] = [
            "bapak ", "ibu ", "sdr. ", "sdri. ", "mr. ", "mr ", "mrs. ", "mrs ", "ms. ", "ms ", "herrn ", "herr ",
            "frau ", "السيد ", "السيدة ", "الأستاذ ", "محترم ", "جناب ",
        ];
        const BETWEEN: [&str; 9] =
            [" على العنوان ", "، ", ", ", " di ", "様、", "様 ", "さん、", " 様、", "님, "];
        let rest = text.get(start..)?;
        let is_begun = |title: &&&str| {
            rest.get(..title.len()).is_some_and(|head| *Lowered::of(head) == ***title)
        };
        let start = start + TITLES.iter().find(is_begun).map_or(0, |title| title.len());
        let people = &self.set.people;
        let name = people
            .before_a_title(text, start)
            .or_else(|| name_at(text, start, 2, |name| people.is_known(name, Written::AsNames)))?;
        let rest = text.get(name.end..)?;
        let between = BETWEEN.iter().find(|between| rest.starts_with(**between))?;
        Some((name.clone(), name.end + between.len()))
    }

    /// A name at `start` of which both ends are known.
    pub(super) fn known_name(&self, text: &str, start: usize) -> Option<Range<usize>> {
        name_at(text, start, 2, |name| self.set.people.has_known_ends(name))
    }

    /// A name of which both ends are known, or the beginning alone where nothing else stands in the line.
    fn name_beside(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let is_first =
            text.get(..start).is_some_and(|head| head.is_empty() || head.ends_with('\n'));
        if !is_first {
            return self.known_name(text, start);
        }
        let is_line = |name: &Range<usize>| {
            text.get(name.end..)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['\n', '\r']))
        };
        self.likely_name(text, start).filter(is_line).or_else(|| self.known_name(text, start))
    }

    /// One of which the beginning is known, and that has no word of a thing in it.
    pub(super) fn likely_name(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let people = &self.set.people;
        let is_one = |name: &str| people.has_known_ends(name) || people.starts_with_known(name);
        people
            .in_two_words(text, start)
            .or_else(|| name_at(text, start, 2, is_one))
            .or_else(|| people.in_a_sentence(text, start))
            .or_else(|| name_at(text, behind_a_title(text, start)?, 2, is_one))
    }

    /// Known names in the neighbourhood of values that tell of somebody.
    pub(super) fn known_beside(&self, text: &str, found: &mut Vec<Found>, first: usize) {
        const BEFORE: usize = 100;
        const BEHIND: usize = 80;
        let Some((rule, _)) = &self.set.cues.known_beside else { return };
        let (last, mut past) = (found.len(), 0);
        for at in first..last {
            if self.halt.is_given_up() {
                return;
            }
            let Some(one) =
                found.get(at).copied().filter(|one| self.set.tells_of_somebody(one.tag))
            else {
                continue;
            };
            let window = one.span.range().start.saturating_sub(BEFORE).max(past)
                ..text.len().min(one.span.range().end + BEHIND);
            let window =
                text.ceil_char_boundary(window.start)..text.floor_char_boundary(window.end);
            past = window.start;
            let end = window.end;
            let start = one.span.range().start;
            let number = text.get(one.span.range()).unwrap_or_default();
            if let Some(name) = self.addressee_of(text, start, number) {
                found.push(behind(rule, name));
            }
            each_capital(text, window, |start| {
                let name = if start < past { None } else { self.name_beside(text, start) };
                if let Some(name) = name {
                    past = name.end;
                    found.push(behind(rule, name));
                }
            });
            past = past.max(end);
        }
        if found.len() > last {
            settle(found, first);
        }
    }

    /// Addresses that no word announces, which show by their postal codes. Those found by other signs are in
    /// `found`, from `first` on.
    pub(super) fn addresses_by_code(&self, text: &str, found: &mut Vec<Found>, first: usize) {
        let Some(address) = self.set.cues.reading(|reads| matches!(reads, Reads::Address)) else {
            return;
        };
        let bytes = text.as_bytes();
        let (mut next, last) = (first, found.len());
        found.get_mut(first..).unwrap_or_default().sort_by_key(|one| one.span.start);
        let mut past = 0;
        for digit in runs(bytes, |byte| byte.is_ascii_digit()) {
            let is_behind = |end: &[u8]| bytes.get(..digit).is_some_and(|head| head.ends_with(end));
            let range = if is_behind(b", ") || is_behind(b" in ") || is_behind(b"\n") {
                postal::around_code(text, digit, past)
            } else if is_behind(b" ") {
                postal::before_code(text, digit, past)
            } else if digit > 1 && bytes.get(digit - 1).is_some_and(u8::is_ascii_uppercase) {
                postal::before_british_code(text, digit, past)
            } else {
                None
            };
            let Some(range) = range else { continue };
            past = range.end;
            // Both come in order: what ends before this one holds none of those to come either.
            let span = |at: usize| found.get(at).filter(|_| at < last).map(|one| one.span.range());
            while span(next).is_some_and(|known| known.end < range.end) {
                next += 1;
            }
            if span(next).is_none_or(|known| known.start > range.start) {
                found.push(behind(address, range));
            }
        }
    }

    fn east_asian_addresses(&self, text: &str, found: &mut Vec<Found>) {
        let Some(address) = self.set.cues.reading(|reads| matches!(reads, Reads::Address)) else {
            return;
        };
        let mut push = |range: Range<usize>| {
            found.push(behind(address, range));
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

    /// `Sana Khan <sana@example.pk>`, `sana@example.pk (Sana Khan)` as mail had it (RFC 822 §3.4.3) and feeds have
    /// it still: whose mailbox it is.
    pub(super) fn display_name(&self, text: &str, mailbox: Range<usize>, found: &mut Vec<Found>) {
        const BYTES_MAX: usize = 80;
        let Some(rule) = self.set.cues.reading(|reads| matches!(reads, Reads::Name(_))) else {
            return;
        };
        let start = mailbox.end + " (".len();
        if text.get(mailbox.end..start) == Some(" (")
            && let Some(end) = naming::end_of_name(text, start, 2)
            && text.as_bytes().get(end) == Some(&b')')
        {
            found.push(behind(rule, start..end));
        }
        let floor = text.ceil_char_boundary(mailbox.start.saturating_sub(BYTES_MAX));
        let Some(head) = text.get(floor..mailbox.start).and_then(|head| head.strip_suffix('<'))
        else {
            return;
        };
        let head = head.trim_end_matches([' ', '"']);
        let from = head.rfind(['\n', ':', ',', ';', '"', '<', '>', '(']).map_or(0, |at| at + 1);
        let name = head.get(from..).unwrap_or_default();
        let start = floor + from + (name.len() - name.trim_start().len());
        if naming::end_of_name(text, start, 2) == Some(floor + head.len()) {
            found.push(behind(rule, start..floor + head.len()));
        }
    }
}

/// Shows where words begin with a capital in a part of a text.
fn each_capital(text: &str, window: Range<usize>, mut show: impl FnMut(usize)) {
    let part = text.get(window.clone()).unwrap_or_default();
    let before = text.get(..window.start).and_then(|head| head.chars().next_back());
    let mut is_inside = before.is_some_and(char::is_alphanumeric);
    if part.is_ascii() {
        let is_of_a_word =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'@' | b'_' | b'-');
        for at in runs(part.as_bytes(), is_of_a_word).skip_while(|at| *at == 0 && is_inside) {
            if part.as_bytes().get(at).is_some_and(u8::is_ascii_uppercase) {
                show(window.start + at);
            }
        }
        return;
    }
    for (offset, character) in part.char_indices() {
        if !is_inside && character.is_uppercase() {
            show(window.start + offset);
        }
        is_inside = character.is_alphanumeric() || matches!(character, '.' | '@' | '_' | '-');
    }
}

/// A name of at least so many words at `start`, if it is one that is meant.
pub(super) fn name_at(
    text: &str,
    start: usize,
    least: usize,
    is_meant: impl Fn(&str) -> bool,
) -> Option<Range<usize>> {
    let end = naming::end_of_name(text, start, least)?;
    let is_one =
        text.get(start..end).is_some_and(is_meant) && !postal::is_of_a_street(text, start..end);
    is_one.then_some(start..end)
}

/// What a cue of this rule announced.
pub(super) fn behind(rule: &CueRule, range: Range<usize>) -> Found {
    Found {
        tag: rule.tag,
        coarse: false,
        span: Span::new(range.start, range.end),
        confidence: rule.confidence,
        detector: rule.detector,
        region: None,
    }
}

/// The telephone number at `start`, which is no day and no count of something.
pub(super) fn number_from(text: &str, start: usize) -> Option<Range<usize>> {
    const BYTES_MAX: usize = 28;
    const UNITS: [&str; 12] = [
        "bytes", "kb", "mb", "ms", "px", "rows", "items", "times", "records", "files", "points",
        "%",
    ];
    let rest = text.get(start..)?;
    let is_of_it = |byte: &u8| byte.is_ascii_digit() || b" +-./()".contains(byte);
    let length = rest.as_bytes().iter().take(BYTES_MAX).take_while(|byte| is_of_it(byte)).count();
    let run = rest.get(..length)?;
    let ends = run.char_indices().rev().filter(|(_, c)| *c == ' ').map(|(at, _)| at);
    let is_meant = |number: &str| {
        phone::whole(number).is_some() && !is_range(number) && !date::is_compact_day(number)
    };
    let number = std::iter::once(length).chain(ends).find_map(|end| {
        let number = run.get(..end)?.trim_end_matches([' ', '.', '-', '/', '(', '+']);
        // A bracket that closes was opened before.
        let number = if number.contains('(') { number } else { number.trim_end_matches(')') };
        is_meant(number).then_some(number)
    })?;
    let behind = rest.get(number.len()..)?.trim_start_matches(' ');
    let unit = behind.split(|c: char| !c.is_alphabetic() && c != '%').next()?;
    let is_bare = number.bytes().all(|byte| byte.is_ascii_digit());
    let is_joined = match rest.as_bytes().get(number.len()..)? {
        [next, ..] if next.is_ascii_alphabetic() => true,
        [b'_' | b'@' | b':', next, ..] => is_bare && next.is_ascii_alphanumeric(),
        _ => false,
    };
    let is_count = is_bare && UNITS.iter().any(|it| unit.eq_ignore_ascii_case(it));
    (!is_joined && !is_count).then(|| start..start + number.len())
}

/// Where a name may begin behind a title of one letter at `start`, which reads as the first letter of a name:
/// `D. Joaquín …`, `M. Thibault …`.
fn behind_a_title(text: &str, start: usize) -> Option<usize> {
    const TITLES: [&str; 6] = ["D. ", "M. ", "Dª ", "D.ª ", "Dña. ", "Sr. D. "];
    let rest = text.get(start..)?;
    TITLES.iter().find(|title| rest.starts_with(**title)).map(|title| start + title.len())
}

/// Where a number may begin behind the name at `start`: `call Jane Goh at …`.
fn behind_a_name(text: &str, start: usize) -> Option<usize> {
    const BETWEEN: [&str; 18] = [
        "at ", "on ", "under ", "via ", "al ", "au ", "unter ", "sur ", "no ", "em ", "op ", "på ",
        "pod ", "по ", "на ", "ve ", "di ", "sa ",
    ];
    let end = naming::end_of_name(text, start, 1)?;
    let rest = text.get(end..)?;
    let gap = rest.len() - rest.trim_start_matches([' ', ',', ':', '-', '/', '(']).len();
    let rest = rest.get(gap..)?;
    let between = BETWEEN.into_iter().find(|between| rest.starts_with(between)).map_or(0, str::len);
    (gap > 0).then_some(end + gap + between)
}

/// The first six words at `start`, then five, and so on to one.
fn words_from(text: &str, start: usize) -> impl Iterator<Item = Range<usize>> {
    const BYTES_MAX: usize = 40;
    let end = text.floor_char_boundary(text.len().min(start + BYTES_MAX));
    let rest = text.get(start..end).unwrap_or_default();
    let line = rest.split(['\n', ';', '|', ')', '"']).next().unwrap_or_default();
    let mut ends = [None; 6];
    let mut at = 0;
    // Chinese and Japanese have no spaces: a date of theirs ends with its day.
    let words = line.split_inclusive([' ', '，', '、', '،', '日', '일']);
    for (slot, word) in ends.iter_mut().zip(words) {
        at += word.len();
        let words = line.get(..at).unwrap_or_default();
        *slot = Some(start + words.trim_end_matches([' ', ',', '.', '，', '。', '、', '،']).len());
    }
    ends.into_iter().rev().flatten().filter(move |end| *end > start).map(move |end| start..end)
}
