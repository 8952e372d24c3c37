//! Documents inside values: which there are, and where in the text of the value.
//!
//! JSON, XML, vCards and GraphQL as a text; objects of JSON among other words; base64 of any of these, of
//! pictures and of plain text; the claims of tokens; the queries of addresses; forms; and text that is escaped
//! once more than its surroundings say. Every text passes here, so each kind has a gate in front of it: the
//! first letters, or which classes of bytes occur at all. Only what passes its gate is opened, and only what
//! then reads to its end is taken for a document.

mod broken;
mod mail;
mod message;
mod readable;
mod records;
mod wrapped;

#[cfg(test)]
mod tests;

use memchr::{memchr, memchr2, memmem};

use crate::{
    detect::Ticket,
    domain::{
        Container, Encoding, Escape, FieldSink, Format, GapCause, Key, LayerId, Limits, Part, Span,
        Value, by_byte,
    },
    format::{self, Decoder, Stop, Unescaped},
};

/// A value that is a document of its own, to be read after the layer it stands in.
#[derive(Clone)]
pub(super) struct Embedded {
    pub(super) layer: LayerId,
    pub(super) span: Span,
    /// How the layer's own text is escaped there.
    pub(super) outer: Encoding,
    pub(super) inner: Inner,
    pub(super) part: Part,
    pub(super) node: Option<u32>,
    /// How many layers it is inside of.
    pub(super) chain: usize,
    /// The value it stands in, where nothing else is found in that: what it is kept under, and its place in
    /// the layer.
    pub(super) only: Option<(Ticket, Span)>,
}

/// A document inside a text.
#[derive(Clone)]
pub(super) struct Inner {
    /// Where it stands in the text.
    pub(super) span: Span,
    pub(super) encoding: Encoding,
    /// Its bytes, where finding it took opening it.
    pub(super) opened: Option<Vec<u8>>,
    pub(super) kind: EmbeddedKind,
    /// The text stands escaped there.
    pub(super) is_escaped: bool,
}

impl Default for Inner {
    fn default() -> Self {
        Self::known(Span::default(), Encoding::Identity, Format::Text)
    }
}

#[derive(Debug, Clone)]
pub(super) enum EmbeddedKind {
    Known(Format),
    /// A body of its own, such as a part of a multipart body, with its media type where it has one.
    Declared(Option<Box<str>>),
    /// The words of a mail's header that say whose a mailbox is, with their media type.
    Phrase(Box<str>),
    /// Text that has bytes among it which are none: searched for what shows, and not read in full.
    Broken,
    /// What was not read, and why.
    Unread(GapCause),
}

impl std::fmt::Debug for Embedded {
    /// Without the bytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("kind", &self.inner.kind).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Inner {
    /// Without the bytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What looking inside needs.
pub(super) struct Look<'l> {
    pub(super) limits: &'l Limits,
    pub(super) decoder: &'l mut Decoder,
    /// The text is a whole layer and of some length.
    pub(super) is_body: bool,
    /// Opaque tokens of other people's making are usual where it stands: in a header, a cookie or a query.
    pub(super) is_among_tokens: bool,
    pub(super) room: &'l mut Room,
    pub(super) found: &'l mut Vec<Inner>,
}

/// What the documents of a message may still take: all of those in one layer are found before the first is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Room {
    documents: usize,
    /// Of those that were opened to be found, together.
    bytes: usize,
    /// There was one that had no room.
    pub(super) is_exceeded: bool,
}

impl Room {
    pub(super) fn of(limits: &Limits) -> Self {
        let Limits { documents_max: documents, decoded_bytes_max: bytes, .. } = *limits;
        Self { documents, bytes, is_exceeded: false }
    }

    /// `inner` as far as there is room for it: one that was opened is opened again when its turn comes, or not read.
    pub(super) fn admit(&mut self, mut inner: Inner) -> Option<Inner> {
        let Some(documents) = self.documents.checked_sub(1) else {
            self.is_exceeded = true;
            return None;
        };
        self.documents = documents;
        let length = inner.opened.as_ref().map_or(0, Vec::len);
        match self.bytes.checked_sub(length) {
            Some(bytes) => self.bytes = bytes,
            None if inner.encoding == Encoding::OneWay => {
                inner = Inner::unread(inner.span, GapCause::DecodedTooLarge);
            }
            None => inner.opened = None,
        }
        Some(inner)
    }
}

impl Look<'_> {
    fn asked(&self) -> message::Asked {
        if self.is_among_tokens { message::Asked::Mailbox } else { message::Asked::Texts }
    }

    fn add(&mut self, inner: Inner) {
        self.found.extend(self.room.admit(inner));
    }
}

/// Adds the documents inside `text` to `look.found`, in the order they stand, none inside another.
pub(super) fn find(text: &str, look: &mut Look<'_>) {
    let bytes = text.as_bytes();
    if bytes.len() < SHORTEST_BYTES {
        return;
    }
    let classes = classes(bytes);
    if let Some(format) = document(text, classes, look.limits) {
        look.add(Inner::known(Span::new(0, bytes.len()), Encoding::Identity, format));
        return;
    }
    if look.is_body {
        mail::parts(bytes, look);
    }
    if wrapped::find(text, classes, look) {
        return;
    }
    if has(classes, BRACE) {
        records::find(bytes, look);
    }
    if has(classes, QUESTION) && has(classes, EQUALS) {
        mail::encoded_words(text, look);
    }
    let has_pairs = has(classes, QUESTION) || has(classes, AMPERSAND) || has(classes, HASH);
    if has_pairs && has(classes, EQUALS) {
        pairs(bytes, classes, look);
    }
    let may_be_escaped = has(classes, PERCENT)
        || has(classes, AMPERSAND) && classes & (SEMICOLON | HASH) != 0
        || has(classes, BACKSLASH);
    outermost(look.found);
    if may_be_escaped {
        escaped(bytes, look);
        outermost(look.found);
    }
}

/// Puts documents in order and leaves out those that will be found inside another.
fn outermost(found: &mut Vec<Inner>) {
    if found.len() > 1 {
        found.sort_by_key(|inner| (inner.span.start, std::cmp::Reverse(inner.span.end)));
        found.dedup_by(|next, last| next.span.start < last.span.end);
    }
}

/// The escape of a text that is escaped once more as a whole, as far as [`find`] has seen.
pub(super) fn further(text: &str, found: &[Inner]) -> Option<Escape> {
    let [Inner { span, encoding: Encoding::Escaped(escape), opened: None, .. }] = found else {
        return None;
    };
    (span.len() == text.len()).then_some(*escape)
}

/// A text without the further escapes it stands in.
pub(super) fn plain(text: &str) -> String {
    let mut plain = text.to_owned();
    let mut buffer = Unescaped::new();
    for _ in 0..FURTHER_MAX {
        let Some(escape) = further_escape(plain.as_bytes()) else { break };
        plain = format::unescape(escape, plain.as_bytes(), &mut buffer).as_str().to_owned();
    }
    plain
}

/// How many escapes around each other [`plain`] takes off.
const FURTHER_MAX: usize = 4;

/// The shortest text with a document inside: `{"a":1}` has one byte more.
const SHORTEST_BYTES: usize = 6;

impl Inner {
    fn known(span: Span, encoding: Encoding, format: Format) -> Self {
        let kind = EmbeddedKind::Known(format);
        Self { span, encoding, opened: None, kind, is_escaped: false }
    }

    fn unread(span: Span, cause: GapCause) -> Self {
        let kind = EmbeddedKind::Unread(cause);
        Self { span, encoding: Encoding::OneWay, opened: None, kind, is_escaped: false }
    }
}

/// Which classes of bytes occur in a text.
type Classes = u16;

/// Outside both alphabets of base64, padding and white space.
const OTHER: Classes = 1;
const SPACE: Classes = 1 << 1;
const PERCENT: Classes = 1 << 2;
const BACKSLASH: Classes = 1 << 3;
const AMPERSAND: Classes = 1 << 4;
const EQUALS: Classes = 1 << 5;
const QUESTION: Classes = 1 << 6;
const SEMICOLON: Classes = 1 << 7;
const HASH: Classes = 1 << 8;
const DOT: Classes = 1 << 9;
const BRACE: Classes = 1 << 10;

/// All of `wanted` occur.
fn has(classes: Classes, wanted: Classes) -> bool {
    classes & wanted == wanted
}

fn classes(bytes: &[u8]) -> Classes {
    bytes.iter().fold(0, |classes, &byte| classes | CLASSES.of(byte))
}

by_byte! {
    static CLASSES: Classes = |byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => 0,
        b'=' => EQUALS,
        b' ' | b'\t' | b'\r' | b'\n' => SPACE,
        b'%' => OTHER | PERCENT,
        b'\\' => OTHER | BACKSLASH,
        b'&' => OTHER | AMPERSAND,
        b'?' => OTHER | QUESTION,
        b';' => OTHER | SEMICOLON,
        b'#' => OTHER | HASH,
        b'.' => OTHER | DOT,
        b'{' => OTHER | BRACE,
        _ => OTHER,
    }
}

/// The format that the whole of a text is written in.
fn document(text: &str, classes: Classes, limits: &Limits) -> Option<Format> {
    let trimmed = text.trim_ascii();
    let bytes = trimmed.as_bytes();
    let reads = |format| reads(format, bytes, limits);
    match (bytes.first()?, bytes.last()?) {
        (b'{', b'}') | (b'[', b']') => {
            let lines = || memchr(b'\n', bytes).is_some() && reads(Format::NdJson);
            if reads(Format::Json) {
                Some(Format::Json)
            } else if lines() {
                Some(Format::NdJson)
            } else {
                (memchr(b'(', bytes).is_some() && reads(Format::GraphQl)).then_some(Format::GraphQl)
            }
        }
        // A string that was made JSON once more.
        (b'"', b'"') if has(classes, BACKSLASH) => reads(Format::Json).then_some(Format::Json),
        (b'<', b'>') => (!format::is_web_page(bytes) && reads(Format::Xml)).then_some(Format::Xml),
        (b'B' | b'b', b'D' | b'd') => (starts_with_ignore_case(bytes, b"begin:vcard")
            && reads(Format::VCard))
        .then_some(Format::VCard),
        (b'q' | b'm' | b's' | b'f', b'}') => {
            let operations: [&[u8]; 4] = [b"query", b"mutation", b"subscription", b"fragment"];
            (operations.iter().any(|word| bytes.starts_with(word)) && reads(Format::GraphQl))
                .then_some(Format::GraphQl)
        }
        _ => None,
    }
}

/// `bytes` are of that format to their end, or to where a limit is: for the walk to say.
fn reads(format: Format, bytes: &[u8], limits: &Limits) -> bool {
    !format::walk(format, bytes, limits, &mut Ignore).is_err_and(is_not_it)
}

struct Ignore;

impl FieldSink for Ignore {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}
    fn close(&mut self, _: usize, _: usize) {}
    fn scalar(&mut self, _: Key<'_>, _: Value<'_>) {}
}

/// The bytes are not what they begin like, rather than more than may be read.
fn is_not_it(stop: Stop) -> bool {
    matches!(stop.cause, GapCause::Malformed | GapCause::InvalidUtf8 | GapCause::CorruptEncoding)
}

/// The queries and fragments of addresses, and a text that is a form as a whole.
fn pairs(bytes: &[u8], classes: Classes, look: &mut Look<'_>) {
    let before = look.found.len();
    let mut at = 0;
    while let Some(length) = memchr2(b'?', b'#', bytes.get(at..).unwrap_or_default()) {
        let start = at + length + 1;
        let rest = bytes.get(start..).unwrap_or_default();
        let is_end = |byte: &u8| matches!(byte, b'#' | b'"' | b'\'' | b'<' | b'>' | b')' | ..=b' ');
        let end = start + rest.iter().position(is_end).unwrap_or(rest.len());
        let pairs = bytes.get(start..end).unwrap_or_default();
        // A question is followed by a space; what is asked of a resource has names.
        if memchr(b'=', pairs).is_some()
            && is_name_first(pairs)
            && !is_of_a_payment(bytes.get(..start).unwrap_or_default())
        {
            look.add(Inner::known(Span::new(start, end), Encoding::Identity, Format::Form));
        }
        at = end.max(start);
    }
    if look.found.len() == before
        && has(classes, AMPERSAND | EQUALS)
        && !has(classes, SPACE)
        && is_form(bytes)
    {
        look.add(Inner::known(Span::new(0, bytes.len()), Encoding::Identity, Format::Form));
    }
}

/// Behind the beginning of a code for payments in a line of its own, which detectors read: its names have two letters.
fn is_of_a_payment(head: &[u8]) -> bool {
    let before = head.strip_suffix(b"upi://pay?");
    before.is_some_and(|before| matches!(before.last(), None | Some(b'\n')))
}

/// A name and an equals sign at the very start.
fn is_name_first(pairs: &[u8]) -> bool {
    const NAME_BYTES_MAX: usize = 128;
    let window = pairs.get(..pairs.len().min(NAME_BYTES_MAX)).unwrap_or_default();
    memchr(b'=', window).is_some_and(|length| {
        length > 0
            && window
                .iter()
                .take(length)
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.[]%~$".contains(byte))
    })
}

/// Pairs alone, each with a name.
fn is_form(bytes: &[u8]) -> bool {
    bytes.split(|&byte| byte == b'&').all(is_name_first)
        && bytes.iter().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{}".contains(byte))
}

/// Pieces of a text between the documents found so far that are escaped once more. A long text is taken
/// in pieces of a few lines, so that a stray escape costs no second reading of all of it.
fn escaped(bytes: &[u8], look: &mut Look<'_>) {
    let known = look.found.len();
    let mut at = 0;
    for index in 0..=known {
        let gap = look.found.get(index).filter(|_| index < known).map(|inner| inner.span.range());
        let end = gap.as_ref().map_or(bytes.len(), |gap| gap.start);
        while at < end {
            let rest = bytes.get(at..end).unwrap_or_default();
            let piece = rest.get(..piece_length(rest)).unwrap_or_default();
            if let Some(escape) = further_escape(piece) {
                let span = Span::new(at, at + piece.len());
                look.add(Inner::known(span, Encoding::Escaped(escape), Format::Text));
            }
            at += piece.len();
        }
        at = gap.map_or(at, |gap| gap.end);
    }
}

const PIECE_BYTES: usize = 2 << 10;

/// Up to the last line end of the first two kilobytes, or to the first one or space behind them.
fn piece_length(rest: &[u8]) -> usize {
    let Some(start) = rest.get(..PIECE_BYTES) else { return rest.len() };
    match memchr::memrchr(b'\n', start) {
        Some(at) => at + 1,
        None => memchr2(b'\n', b' ', rest.get(PIECE_BYTES..).unwrap_or_default())
            .map_or(rest.len(), |length| PIECE_BYTES + length + 1),
    }
}

/// The escape that stands in a piece of text.
fn further_escape(piece: &[u8]) -> Option<Escape> {
    let mut at = 0;
    // The last quote with a colon behind it; asked once, since quotes may be all there is.
    let name_end = std::cell::LazyCell::new(|| memmem::rfind(piece, b"\\\":"));
    while let Some(length) = memchr::memchr3(b'%', b'&', b'\\', piece.get(at..)?) {
        let rest = piece.get(at + length..)?;
        let is_hexadecimal = |digits: Option<&[u8]>| {
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        let escape = match rest.first()? {
            b'%' => is_hexadecimal(rest.get(1..3)).then_some(Escape::Percent),
            b'&' => format::is_html_reference(rest).then_some(Escape::Html),
            _ => {
                let is_unicode = rest.get(1) == Some(&b'u') && is_hexadecimal(rest.get(2..6));
                // Quotes of a document that was escaped twice.
                let is_quote = rest.get(1) == Some(&b'"') && *name_end >= Some(at + length);
                (is_unicode || is_quote).then_some(Escape::Json)
            }
        };
        if escape.is_some() {
            return escape;
        }
        at += length + 1;
    }
    None
}

fn starts_with_ignore_case(text: &[u8], lower: &[u8]) -> bool {
    text.get(..lower.len()).is_some_and(|start| start.eq_ignore_ascii_case(lower))
}
