//! What stands behind a label in a text: `Phone: 0300 1234567`, `name=Sana Khan`.

use std::ops::Range;

use crate::detect::{
    check::{code, person, words::WordList},
    keys::Facts,
    naming,
    pairs::{Pair, endings},
    postal,
    set::{FieldRule, Reach},
    text::Search,
};

use super::{
    Hit, Scanner,
    judge::{NAMED_IN_PROSE_MIN, is_integer},
};

impl Scanner<'_> {
    /// The words before a colon or an equals sign that are a name we know, and what it says.
    pub(super) fn label(&mut self, text: &str, pair: &Pair) -> Option<(Range<usize>, Facts)> {
        let name = text.get(pair.name.clone())?;
        // Events and tasks of a calendar have an identifier of that name (RFC 5545 §3.8.4.7), and nobody has it.
        if name.ends_with("UID") && text.starts_with("BEGIN:V") {
            return None;
        }
        if name.eq_ignore_ascii_case("uid") && is_of_a_process(text, &pair.name) {
            return None;
        }
        if (pair.assigned && !name.contains(' ')) || is_in_quotes(text, &pair.name) {
            let known = self.known(name.as_bytes());
            let facts = *self.scratch.keys.of(known);
            return (!facts.rules().is_empty()).then(|| (pair.name.clone(), facts));
        }
        // What a test came to.
        if name == "PASS" || postal::is_of_a_house(name) {
            return None;
        }
        let last = name.rsplit(' ').next()?;
        let keys = &self.set.keys;
        if !is_key(text, &pair.name)
            && !self.scratch.keys.may_end_a_name(last.as_bytes(), || keys.may_end_a_name(last))
        {
            return None;
        }
        // The longest that is a name; or else the longest that ends as one does, which may take in what
        // stands before the label: `otp: 482913 phone: …`.
        let mut longest = None;
        for range in endings(text, pair.name.clone()) {
            let known = self.known(text.get(range.clone())?.as_bytes());
            let facts = *self.scratch.keys.of(known);
            // `Last login: Mon Nov 30` says nothing of who logged in.
            if facts.misleads() {
                return None;
            }
            if facts.rules().is_empty() {
                continue;
            }
            // Names of families are words: `Hina Raza: on my way`.
            if self.is_the_end_of_a_name(text, &range) {
                return None;
            }
            if facts.is_listed() {
                return Some((range, facts));
            }
            longest = longest.or(Some((range, facts)));
        }
        longest
    }

    /// Whether a word ends the known name of a person, whose first word stands before it.
    fn is_the_end_of_a_name(&self, text: &str, word: &Range<usize>) -> bool {
        let is_word = text
            .get(word.clone())
            .is_some_and(|it| it.starts_with(char::is_uppercase) && !it.contains([' ', '_', '-']));
        is_word
            && text.get(..word.end).is_some_and(|head| self.set.people.may_end_with_known(head))
            && naming::names_before(text, word.end)
                .filter(|name| name.start < word.start)
                .filter_map(|name| text.get(name))
                .any(|name| self.set.people.has_known_ends(name))
    }

    /// What stands behind a label. In prose a bare word before a colon is no proof; the value has to fit.
    pub(super) fn labelled(
        &self,
        text: &str,
        pair: &Pair,
        facts: &Facts,
        around: u32,
    ) -> Option<Hit> {
        let is_of_addresses = facts
            .rules()
            .iter()
            .filter_map(|number| self.set.rule(*number))
            .any(|rule| rule.is_postal_address());
        let behind = if is_of_addresses { self.behind_an_addressee(text, pair) } else { None };
        let behind = behind.map(|start| Pair { value: start..pair.value.end, ..pair.clone() });
        let pair = behind.as_ref().unwrap_or(pair);
        let value = bare(text.get(pair.value.clone())?);
        let first = value.split([' ', ',']).next().unwrap_or_default();
        let is_missing = |it: &str| it.is_empty() || self.set.is_placeholder(it);
        // What is quoted is all of the value: `"none since 2003; DUI 2003"`.
        let is_a_phrase = pair.assigned
            && is_behind_a_quote(text, pair)
            && value.split(' ').nth(2).is_some()
            && self.is_of_lines(facts);
        if is_missing(value) || (!is_a_phrase && is_missing(first)) {
            return None;
        }
        // `Password: minimum 12 characters`.
        if !value.ends_with('?') && self.set.is_said_of_a_field(value) {
            return None;
        }
        let is_of_a_program = is_of_a_program(text, pair, facts, value);
        let around = self.around(facts, around);
        let rules = facts.rules().iter().filter_map(|number| {
            let rule = self.set.rule(*number).filter(|rule| rule.holds(around))?;
            let sure = (rule.confidence >= 90 && !is_long(value))
                || (rule.reach != Reach::Line
                    && (rule.confidence >= SURE_OF_A_WORD || !is_said_of_nobody(value)))
                || (rule.reach == Reach::Line && !is_sentence(value));
            let fits = (is_of_a_program && (pair.assigned || sure || rule.reach == Reach::Line))
                || (sure && rule.check.is_some() && !rule.prose);
            fits.then_some((*number, rule))
        });
        // A value that only looks like a number counts when none passes.
        let mut mistyped = None;
        for (number, rule) in rules {
            if pair.assigned
                && rule.reach == Reach::Line
                && !rule.prose
                && !is_behind_a_quote(text, pair)
                && let Some((range, is_bounded)) = words_behind(text, pair, rule)
                && let Some(hit) =
                    text.get(range.clone()).and_then(|value| self.judge(number, rule, facts, value))
                && (is_bounded || hit.confidence.0 > rule.confidence)
            {
                return Some(Hit { span: hit.span.shift(range.start), ..hit });
            }
            for cut in cuts(value, rule.reach) {
                let cut = if rule.is_postal_address() { postal::before_a_number(cut) } else { cut };
                let hit = self
                    .judge(number, rule, facts, cut)
                    .filter(|hit| hit.confidence.0 >= NAMED_IN_PROSE_MIN)
                    .map(|hit| Hit { span: hit.span.shift(pair.value.start), ..hit })
                    .filter(|hit| {
                        !rule.is_of_people()
                            || !(postal::is_of_a_street(text, hit.span.range())
                                || self.is_a_turn(text, pair, rule, hit.span.range()))
                    });
                if hit.is_some_and(|hit| hit.confidence.0 > rule.unchecked) {
                    return hit;
                }
                mistyped = hit.or(mistyped);
            }
        }
        mistyped
    }
}

impl Scanner<'_> {
    /// Whether all that a name says of a value is of words to the end of a line.
    fn is_of_lines(&self, facts: &Facts) -> bool {
        let mut rules = facts.rules().iter().filter_map(|number| self.set.rule(*number));
        rules.all(|rule| rule.reach == Reach::Line)
    }

    /// Whether what stands behind a label is what somebody says: `visitor: 谢谢`.
    fn is_a_turn(&self, text: &str, pair: &Pair, rule: &FieldRule, value: Range<usize>) -> bool {
        /// How sure the name of somebody's part makes us, who may speak as well as be named.
        const OF_A_PART: u8 = 30;
        const ENDS: [char; 14] =
            ['\n', '\r', ',', '，', '、', '。', '.', '!', '！', '?', '？', ';', '；', '('];
        let said = text.get(value.clone()).unwrap_or_default();
        let label = text.get(pair.name.clone()).unwrap_or_default();
        let people = &self.set.people;
        if pair.assigned || is_in_quotes(text, &pair.name) {
            return false;
        }
        if rule.confidence > OF_A_PART && !SPEAKERS.contains(&label.trim()) {
            return people.is_said(said);
        }
        if said.starts_with(person::is_east_asian) {
            let turn = text.get(value.start..pair.value.end).unwrap_or_default();
            return !people.is_turn_of_a_name(turn.split(ENDS).next().unwrap_or_default());
        }
        if NAME.has(label.rsplit(' ').next().unwrap_or_default()) {
            return people.is_said(said);
        }
        let search = Search { set: self.set, supports: 0, against: 0, halt: self.halt };
        search.is_a_turn(text, pair.name.start, said)
    }

    /// Where an address begins behind the name of whoever lives there: `Ship to: Sana Khan, House 12, …`.
    fn behind_an_addressee(&self, text: &str, pair: &Pair) -> Option<usize> {
        let search = Search { set: self.set, supports: 0, against: 0, halt: self.halt };
        let (_, start) = search.addressee_at(text, pair.value.start)?;
        let has_digits =
            |rest: &str| rest.bytes().any(|byte| byte.is_ascii_digit()) && !rest.is_empty();
        text.get(start..pair.value.end).is_some_and(has_digits).then_some(start)
    }
}

/// Whether the numbers of a process or of a group stand near a name, as systems write who runs something:
/// `pid=10231 uid=1000 gid=1000`.
fn is_of_a_process(text: &str, name: &Range<usize>) -> bool {
    const NEAR_BYTES: usize = 48;
    let start = text.ceil_char_boundary(name.start.saturating_sub(NEAR_BYTES));
    let end = text.floor_char_boundary(text.len().min(name.end + NEAR_BYTES));
    let near = text.get(start..end).unwrap_or_default().as_bytes();
    let is_one = |at: usize| {
        let rest = near.get(at..).unwrap_or_default();
        matches!(rest.get(3), Some(b'=' | b':'))
            && rest.get(..3).is_some_and(|word| {
                word.eq_ignore_ascii_case(b"pid") || word.eq_ignore_ascii_case(b"gid")
            })
    };
    memchr::memchr2_iter(b'=', b':', near).any(|at| at >= 3 && is_one(at - 3))
}

/// Whether a label is none of a sentence: it stands as only programs write names, or in a form.
fn is_of_a_program(text: &str, pair: &Pair, facts: &Facts, value: &str) -> bool {
    let label = &pair.name;
    let Some(name) = text.get(label.clone()) else { return false };
    if pair.assigned || is_in_quotes(text, label) || name.contains('_') {
        return true;
    }
    if !facts.is_listed() {
        return is_key(text, label);
    }
    if is_quoted_in_its_line(text, pair) {
        return true;
    }
    // `miuiVersion: …` and `miui-version: …`, or `Blood Group: …` and `血型：…`.
    let is_one_name =
        is_joined(name) || name.contains(' ') || !name.is_ascii() || facts.is_listed_in_words();
    is_one_name && begins_its_line(text, label) && !is_sentence(value)
}

/// `diagnosis: "type 2 diabetes"` and nothing else in a line, as YAML has it.
fn is_quoted_in_its_line(text: &str, pair: &Pair) -> bool {
    let at = |place: Option<usize>| place.and_then(|place| text.as_bytes().get(place));
    let quote = at(pair.value.start.checked_sub(1));
    matches!(quote, Some(b'"' | b'\''))
        && at(Some(pair.value.end)) == quote
        && matches!(at(Some(pair.value.end + 1)), None | Some(b'\n' | b'\r'))
        && begins_its_line(text, &pair.name)
}

fn is_behind_a_quote(text: &str, pair: &Pair) -> bool {
    let before = pair.value.start.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    matches!(before, Some(b'"' | b'\''))
}

/// What a form calls a name: nobody who speaks.
#[rustfmt::skip]
static NAME: WordList = WordList::new(&[
    "name", "names", "fullname", "nombre", "nome", "nom", "naam", "navn", "namn", "nimi", "nama", "isim", "imię", "jméno", "meno",
    "név", "nume", "ime", "имя", "фио", "имена", "ім'я", "піб", "όνομα", "tên", "الاسم", "اسم", "نام", "नाम", "নাম", "ชื่อ", "שם",
]);

/// Who speaks in a conversation, as Chinese, Japanese and Korean call them; with a name behind it a form has the same.
#[rustfmt::skip]
const SPEAKERS: [&str; 24] = [
    "客户", "客戶", "顾客", "顧客", "用户", "用戶", "访客", "訪客", "客服", "买家", "買家", "卖家", "賣家", "司机", "司機", "骑手", "骑士", "乘客",
    "お客様", "お客さま", "고객", "고객님", "손님", "기사",
];

/// Without what stands behind a value in its line. The sign of a blood group, `AB-`, is its own.
fn bare(value: &str) -> &str {
    let value = value.trim_end_matches([' ', ',', '.', ';']);
    let words = value.trim_end_matches('-');
    let is_its_own = words.len() + 1 == value.len() && !words.ends_with(' ');
    if is_its_own { value } else { words.trim_end_matches([' ', ',', '.', ';', '-']) }
}

/// Whether a name is of several words without a space between them.
fn is_joined(name: &str) -> bool {
    let is_kebab = name.contains('-') && !name.bytes().any(|byte| byte.is_ascii_uppercase());
    name.is_ascii() && !name.contains(' ') && (code::is_camel(name) || is_kebab)
}

/// Whether a label is one word as programs write names, and begins its line or stands behind a comma.
fn is_key(text: &str, label: &Range<usize>) -> bool {
    const BYTES_MIN: usize = 7;
    let is_first = |before: &str| before.is_empty() || before.ends_with(['\n', ',', ';', '{']);
    is_first(before(text, label, &[' ', '\t']))
        && label.len() >= BYTES_MIN
        && text.get(label.clone()).is_some_and(|name| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && name.starts_with(|c: char| c.is_ascii_lowercase())
        })
}

/// Whether a label stands in double quotes, as names of JSON do that somebody wrote into a log.
fn is_in_quotes(text: &str, label: &Range<usize>) -> bool {
    let at = |place: Option<usize>| place.and_then(|place| text.as_bytes().get(place));
    at(label.start.checked_sub(1)) == Some(&b'"') && at(Some(label.end)) == Some(&b'"')
}

/// Whether nothing but blanks stands before a label in its line.
fn begins_its_line(text: &str, label: &Range<usize>) -> bool {
    let before = before(text, label, &[' ', '\t', '*', '-']);
    before.is_empty() || before.ends_with('\n')
}

/// What stands before a label, less the last few of such characters.
fn before<'t>(text: &'t str, label: &Range<usize>, less: &[char]) -> &'t str {
    const BLANKS_MAX: usize = 16;
    let head = text.get(..label.start).unwrap_or_default();
    let blanks = head.chars().rev().take(BLANKS_MAX).take_while(|c| less.contains(c)).count();
    head.get(..head.len() - blanks).unwrap_or_default()
}

/// What an assigned value without quotes may go on with, `name=Adnan Malik phone=…`: words that begin as names
/// do, and in an address with commas between them; all of a line with no other assignment. Whether they end where
/// the next name or the line does.
fn words_behind(text: &str, pair: &Pair, rule: &FieldRule) -> Option<(Range<usize>, bool)> {
    const BYTES_MAX: usize = 80;
    let value = &pair.value;
    let end = text.floor_char_boundary(text.len().min(value.start + BYTES_MAX));
    let rest = text.get(value.start..end)?;
    let stop = [';', ':', '\n', '\r', '|', ')', ']', '}', '"', '\'', '\t', '&'];
    let line = rest.get(..rest.find(stop).unwrap_or(rest.len()))?;
    // `name = value` as configuration is written, or a part of an address.
    let is_spaced = text.get(..value.start).is_some_and(|head| head.ends_with("= "));
    let has_its_line = (rule.is_of_an_address() || is_spaced)
        && begins_its_line(text, &pair.name)
        && !line.contains('=');
    let has_commas = rule.is_postal_address() || (rule.is_of_an_address() && has_its_line);
    let line = if has_commas { line } else { line.split(',').next()? };
    let words_max = if has_commas { 12 } else { 5 };
    let (mut count, mut length, mut is_bounded) = (0, 0, true);
    for word in line.split_inclusive(' ') {
        if word.contains('=') {
            break;
        }
        let begins = |c: char| c.is_uppercase() || c.is_ascii_digit() || !c.is_ascii();
        if count == words_max || !(has_its_line || word.starts_with(begins)) {
            is_bounded = false;
            break;
        }
        count += 1;
        length += word.len();
    }
    let words = line.get(..length)?.trim_end_matches([' ', ',']);
    (count >= 2).then(|| (value.start..value.start + words.len(), is_bounded))
}

/// How sure a label makes us of the first of several words.
const SURE_OF_A_WORD: u8 = 65;

/// Whether several words behind a label do not say what somebody did who signed in: `User: please wait`, where in
/// `User: amalik7 logged in` somebody is.
fn is_said_of_nobody(value: &str) -> bool {
    const DONE: [&str; 14] = [
        "logged",
        "signed",
        "connected",
        "disconnected",
        "authenticated",
        "failed",
        "from",
        "at",
        "on",
        "via",
        "has",
        "requested",
        "created",
        "with",
    ];
    let value = value.split([',', '(', '[']).next().unwrap_or_default().trim_end();
    let mut words = value.split(' ');
    let name = words.next().unwrap_or_default();
    let is_told = name.bytes().any(|byte| byte.is_ascii_digit() || b"._-".contains(&byte));
    words.next().is_some_and(|next| !is_told && !DONE.contains(&next))
}

/// Words that go on as sentences do: three or more, the first of them small, and numbers if any further on.
fn is_sentence(text: &str) -> bool {
    const WORDS: usize = 4;
    let begins = |words: usize| {
        text.split(' ').take(words).all(|word| !word.bytes().any(|byte| byte.is_ascii_digit()))
    };
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split(' ').count() >= 3
        && begins(if is_long(text) { WORDS } else { usize::MAX })
}

/// More words than a phrase to remember has.
fn is_long(text: &str) -> bool {
    text.split(' ').count() > 6
}

/// Where a part of what stands behind a label may end.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// What stands further off in the line is another value's.
    Column,
    Word,
    Clause,
    Sentence,
    Bracket,
    Name,
    Whole,
}

impl Cut {
    fn of(self, value: &str) -> Option<&str> {
        const COLUMN_WORDS_MAX: usize = 4;
        let end = match self {
            Self::Column => value.find("  "),
            Self::Word => value.find([' ', ',']),
            Self::Clause => value.find(", "),
            Self::Sentence => value.find(". "),
            Self::Bracket => value.find(" ("),
            Self::Name => naming::end_of_name(value, 0, 2),
            Self::Whole => Some(value.len()),
        };
        let (cut, behind) = value.split_at_checked(end?)?;
        let is_meant = match self {
            Self::Column => cut.split(' ').count() <= COLUMN_WORDS_MAX,
            // The first group of a number is no value of its own: `Cep: 0532 418 77 26`.
            Self::Word => {
                let next = behind.strip_prefix(' ').and_then(|rest| rest.chars().next());
                // Nor is the office in front of it: `MH12 20119009404`.
                let unit = behind.trim_start().split(|c: char| !c.is_alphabetic()).next();
                let is_measured = is_integer(cut) && unit.is_some_and(person::is_short_time);
                let is_group = is_integer(cut)
                    || (cut.len() <= 5 && cut.ends_with(|last: char| last.is_ascii_digit()));
                !(is_measured || is_group && next.is_some_and(|c| c.is_ascii_digit()))
            }
            Self::Clause | Self::Sentence | Self::Bracket | Self::Name | Self::Whole => true,
        };
        (is_meant && !cut.is_empty()).then_some(cut)
    }
}

/// The readings of what stands behind a label, the likelier first: all of it, and parts from its beginning.
fn cuts(value: &str, reach: Reach) -> impl Iterator<Item = &str> {
    let order: &[Cut] = match reach {
        Reach::Word => &[Cut::Column, Cut::Word, Cut::Whole],
        Reach::Either => {
            &[Cut::Column, Cut::Whole, Cut::Clause, Cut::Sentence, Cut::Bracket, Cut::Word]
        }
        Reach::Line => {
            &[Cut::Column, Cut::Whole, Cut::Clause, Cut::Sentence, Cut::Bracket, Cut::Name]
        }
    };
    order.iter().filter_map(|cut| cut.of(value))
}
