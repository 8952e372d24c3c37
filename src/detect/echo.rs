//! Values known from one place of a message, looked for in the rest of its text.
//!
//! What goes from one member says as much under a name that promises nothing, or within a sentence. Only values that
//! tell somebody apart are looked for: by their bytes, and where a word or a number begins and ends.

mod grams;
mod signs;
#[cfg(test)]
mod tests;

use std::{
    cell::OnceCell,
    cmp::Reverse,
    hash::{BuildHasher as _, BuildHasherDefault},
};

use memchr::memmem;
use rustc_hash::FxHasher;

use super::check::person::is_han;
use crate::domain::{Span, Tag, TagPattern, TagSet, Taxonomy};
use grams::Grams;
use signs::Signs;

/// Which categories have values that are looked for, and as what.
#[derive(Debug, Default)]
pub struct Echoing(Vec<Option<Kind>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A first or family name.
    NamePart,
    Name,
    Telephone,
    Mailbox,
    Date,
    Id,
    Address,
}

impl Echoing {
    const KINDS: [(&'static str, Kind); 16] = [
        ("user.name.first", Kind::NamePart),
        ("user.name.last", Kind::NamePart),
        ("user.name", Kind::Name),
        ("user.contact.phone_number", Kind::Telephone),
        ("user.contact.email", Kind::Mailbox),
        ("user.demographic.date_of_birth", Kind::Date),
        ("user.contact.address.street", Kind::Address),
        ("user.unique_id", Kind::Id),
        ("user.account.username", Kind::Id),
        ("user.social", Kind::Id),
        ("user.device.device_id", Kind::Id),
        ("user.device.ecv", Kind::Id),
        ("user.device.cookie_id", Kind::Id),
        ("user.financial.credit_card", Kind::Id),
        ("user.financial.bank_account", Kind::Id),
        ("user.government_id", Kind::Id),
    ];

    pub fn of(taxonomy: &Taxonomy) -> Self {
        let below = |key: &str| taxonomy.select(&TagPattern(key.to_owned()));
        let kinds: Vec<(TagSet, Kind)> =
            Self::KINDS.iter().map(|(key, kind)| (below(key), *kind)).collect();
        let kind_of = |tag: Tag| {
            // What is below an address is a town or a country, which others have too.
            let is_address = taxonomy.key(tag) == "user.contact.address";
            let known = kinds.iter().find(|(tags, _)| tags.contains(tag)).map(|(_, kind)| *kind);
            known.or(is_address.then_some(Kind::Address))
        };
        Self(taxonomy.iter().map(|(tag, _)| kind_of(tag)).collect())
    }

    fn of_tag(&self, tag: Tag) -> Option<Kind> {
        self.0.get(usize::from(tag.0)).copied().flatten()
    }

    pub fn has(&self, tag: Tag) -> bool {
        self.of_tag(tag).is_some()
    }
}

/// What a value that is looked for must stand between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Words,
    /// As many things are called so, only a part of a longer text.
    OneWord,
    Digits,
    Mailbox,
    Date,
    Id,
}

struct Value {
    /// In `texts`.
    text: Span,
    /// The bytes it stood in, in `raw`, where they are others.
    raw: Option<Span>,
    form: Form,
    /// Whose it is, as the caller numbers them.
    of: u32,
}

/// Where the bytes of a value stand.
#[derive(Debug, Clone, Copy)]
enum Needle {
    Text(Span),
    Raw(Span),
}

impl Needle {
    fn span(self) -> Span {
        match self {
            Self::Text(span) | Self::Raw(span) => span,
        }
    }
}

/// The values that are looked for in one message.
#[derive(Default)]
pub struct Sought {
    texts: Vec<u8>,
    raw: Vec<u8>,
    values: Vec<Value>,
    /// Of the text of each value, to tell those apart that come again.
    hashes: Vec<u32>,
    left_out: u32,
    grams: OnceCell<Grams>,
}

impl std::fmt::Debug for Sought {
    /// Without the values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sought").field("values", &self.values.len()).finish()
    }
}

/// A bit for each value.
pub type Mask = u64;

impl Sought {
    /// Values of one message.
    pub const MAX: usize = Mask::BITS as usize;

    pub fn with_capacity(values: usize) -> Self {
        const TEXT_BYTES: usize = 24;
        let values = values.min(Self::MAX);
        Self {
            texts: Vec::with_capacity(values * TEXT_BYTES),
            values: Vec::with_capacity(values),
            hashes: Vec::with_capacity(values),
            ..Self::default()
        }
    }

    /// Has `text`, a value of the category `tag` that stands as `raw`, looked for, if it tells somebody apart.
    pub fn add(&mut self, echoing: &Echoing, tag: Tag, text: &str, raw: &[u8], of: u32) {
        const DIGITS_MIN: usize = 9;
        const DATE_DIGITS_MIN: usize = 8;
        const ADDRESS_MIN: usize = 12;
        const MAILBOX_MIN: usize = 6;
        /// Nobody's value is longer.
        const BYTES_MAX: usize = 256;
        let text = text.trim_ascii();
        let Some(kind) = echoing.of_tag(tag).filter(|_| (3..=BYTES_MAX).contains(&text.len()))
        else {
            return;
        };
        if kind == Kind::Mailbox {
            if text.len() >= MAILBOX_MIN && text.contains('@') {
                self.push(text, raw, Form::Mailbox, of);
            }
            return;
        }
        let signs = Signs::of(text);
        match kind {
            Kind::NamePart | Kind::Name => {
                // What `name` says of one word is often the name of a thing.
                let is_known = |form: &Form| *form != Form::OneWord || kind == Kind::NamePart;
                if let Some(form) = signs.form_of_name(text).filter(is_known) {
                    self.push(text, raw, form, of);
                }
            }
            Kind::Date if signs.digits >= DATE_DIGITS_MIN => self.push(text, raw, Form::Date, of),
            Kind::Address if signs.count >= ADDRESS_MIN && signs.are_words() => {
                self.push(text, raw, Form::Words, of);
            }
            Kind::Telephone if signs.digits >= DIGITS_MIN => self.number(text, &signs, raw, of),
            Kind::Id if signs.are_an_id(text) => self.number(text, &signs, raw, of),
            Kind::Mailbox | Kind::Date | Kind::Address | Kind::Telephone | Kind::Id => {}
        }
    }

    /// A number is also written without what divides it, and without a plus.
    fn number(&mut self, text: &str, signs: &Signs, raw: &[u8], of: u32) {
        let rest = text.strip_prefix('+').unwrap_or(text);
        if signs.digits == rest.len() {
            let rest = rest.strip_prefix("00").unwrap_or(rest);
            return self.push(rest, rest.as_bytes(), Form::Digits, of);
        }
        self.push(rest, raw, Form::Id, of);
        if signs.are_a_number() {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            self.push(&digits, digits.as_bytes(), Form::Digits, of);
        }
    }

    fn push(&mut self, text: &str, raw: &[u8], form: Form, of: u32) {
        let hash = BuildHasherDefault::<FxHasher>::default().hash_one(text.as_bytes());
        let hash = (hash >> 32) as u32;
        let is = |value: &Value| value.text.of(&self.texts) == text.as_bytes();
        if self.hashes.contains(&hash) && self.values.iter().any(is) {
            return;
        }
        if self.values.len() >= Self::MAX {
            self.left_out += 1;
            return;
        }
        self.hashes.push(hash);
        let start = self.texts.len();
        self.texts.extend_from_slice(text.as_bytes());
        // As it stands it may have been cut at either end.
        let stands_otherwise = raw != text.as_bytes()
            && raw.len() >= text.len()
            && memmem::find(raw, text.as_bytes()).is_none();
        let raw = stands_otherwise.then(|| {
            let start = self.raw.len();
            self.raw.extend_from_slice(raw.trim_ascii());
            Span::new(start, self.raw.len())
        });
        self.values.push(Value { text: Span::new(start, self.texts.len()), raw, form, of });
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many there were beyond [`Self::MAX`].
    pub fn left_out(&self) -> u32 {
        self.left_out
    }

    /// What stands for the values in bytes, each with the bit of its value.
    fn needles(&self) -> impl Iterator<Item = (Mask, Needle)> {
        (0u32..).zip(&self.values).flat_map(|(number, value)| {
            let all = std::iter::once(Needle::Text(value.text)).chain(value.raw.map(Needle::Raw));
            all.map(move |needle| (1 << number, needle))
        })
    }

    fn bytes(&self, needle: Needle) -> &[u8] {
        match needle {
            Needle::Text(span) => span.of(&self.texts),
            Needle::Raw(span) => span.of(&self.raw),
        }
    }

    /// Tells where the values may stand in `bytes`, until it is told to stop. Of two that stand over each other one may
    /// be told.
    pub fn each_in(&self, bytes: &[u8], mut tell: impl FnMut(Mask, Span) -> bool) {
        const LONG_BYTES_MIN: usize = 2 << 10;
        /// For fewer a search for each is quicker.
        const VALUES_MIN: usize = 4;
        if bytes.len() < LONG_BYTES_MIN || self.values.len() >= VALUES_MIN {
            return self.grams.get_or_init(|| Grams::of(self)).each_in(self, bytes, tell);
        }
        for (mask, needle) in self.needles() {
            let needle = self.bytes(needle);
            for start in memmem::find_iter(bytes, needle) {
                if !tell(mask, Span::new(start, start + needle.len())) {
                    return;
                }
            }
        }
    }

    /// Where those of `among` stand in a value, as whole words and numbers, in order; `is_number` if the value is no
    /// text.
    pub fn in_text(&self, text: &str, is_number: bool, among: Mask, found: &mut Vec<(Span, u32)>) {
        found.clear();
        let all = text.trim().len();
        for (_, value) in (0u32..).zip(&self.values).filter(|(it, _)| among & (1 << it) != 0) {
            let needle = value.text.of(&self.texts);
            for start in memmem::find_iter(text.as_bytes(), needle) {
                let Some(span) = whole(text, start, start + needle.len(), value.form) else {
                    continue;
                };
                let fits = match (value.form, span.len() == all) {
                    (Form::OneWord, true) => false,
                    (_, true) => true,
                    (_, false) => !is_number && !is_of_a_document(text, span),
                };
                if fits {
                    found.push((span, value.of));
                }
            }
        }
        found.sort_unstable_by_key(|(span, of)| (span.start, Reverse(span.end), *of));
        // What stands inside another goes with it.
        let mut end = 0;
        found.retain(|(span, _)| {
            let goes_on = span.end > end;
            end = end.max(span.end);
            goes_on
        });
    }
}

/// Of a script that puts no blanks between words.
fn is_unspaced(c: char) -> bool {
    is_han(c)
        || matches!(c, '\u{3041}'..='\u{30FF}' | '\u{AC00}'..='\u{D7A3}' | '\u{E00}'..='\u{EFF}')
}

/// The value at `start..end` with what belongs to it, unless it is a part of something longer.
fn whole(text: &str, start: usize, end: usize, form: Form) -> Option<Span> {
    /// `T09:00:00.000000000+00:00`, in ASCII.
    const TIME_MAX: usize = 25;
    let (before, behind) = (text.get(..start)?, text.get(end..)?);
    let inside = text.get(start..end)?;
    let (mut start, mut before) = (start, before);
    if form == Form::Digits {
        let exit = ["+", "00"].iter().find_map(|sign| before.strip_suffix(sign));
        if let Some(rest) = exit.filter(|rest| !rest.ends_with(char::is_alphanumeric)) {
            (start, before) = (rest.len(), rest);
        }
    }
    let last = before.chars().next_back();
    let mut rest = behind.chars();
    let (first, second) = (rest.next(), rest.next());
    let goes_on = |inner: Option<char>, outer: Option<char>| match (inner, outer) {
        (Some(inner), Some(outer)) => {
            outer.is_alphanumeric() && !is_unspaced(inner) && !is_unspaced(outer)
        }
        (Some(_) | None, _) => false,
    };
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let is_of_more = goes_on(inside.chars().next(), last);
    let has_more = goes_on(inside.chars().next_back(), first);
    // `9.95`, `1-2`: one number, or one of those that are written in groups.
    let joins = |signs: &str| {
        let joined = |sign: Option<char>, digit| sign.is_some_and(|it| signs.contains(it)) && digit;
        let earlier = before.chars().rev().nth(1);
        joined(last, is_digit(earlier)) || joined(first, is_digit(second))
    };
    let mut end = end;
    let is_whole = match form {
        Form::Words | Form::OneWord => !is_of_more && !has_more,
        Form::Digits => !is_of_more && !has_more && !joins("-.,"),
        Form::Id => !is_of_more && !has_more && !joins("-"),
        Form::Date => {
            // A point in time begins with its date (RFC 3339).
            let is_time = first == Some('T') && is_digit(second);
            if is_time {
                let is_of_it = |c: &char| c.is_ascii_digit() || "TZ:.+-".contains(*c);
                end += behind.chars().take(TIME_MAX).take_while(is_of_it).count();
            }
            !is_of_more && (!has_more || is_time) && !joins("-./")
        }
        Form::Mailbox => {
            let is_longer = last.is_some_and(|c| "._%+-".contains(c));
            let has_domain =
                matches!(first, Some('.' | '-')) && second.is_some_and(char::is_alphanumeric);
            !is_of_more && !has_more && !is_longer && !has_domain
        }
    };
    is_whole.then(|| Span::new(start, end))
}

/// What stands at `span` is a name in a document that nobody else reads, or a number there that cannot be left out.
fn is_of_a_document(text: &str, span: Span) -> bool {
    let before = text.get(..span.start as usize).unwrap_or_default();
    let behind = text.get(span.end as usize..).unwrap_or_default();
    let rest = behind.trim_start_matches('\\');
    let is_name = rest.strip_prefix('"').is_some_and(|rest| rest.trim_start().starts_with(':'));
    let is_bare = || {
        before.trim_end().ends_with([':', ',', '['])
            && behind.trim_start().starts_with([',', '}', ']'])
    };
    is_name || (text.trim_start().starts_with(['{', '[']) && is_bare())
}
