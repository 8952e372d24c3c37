//! Where a value stands in a message: layers of bytes, fields inside them, and how much was readable.
//!
//! A message is a few [`Layer`]s as received (the request target, each header value, the body) and the
//! layers decoded out of those: the JSON inside a gzip body, the JSON inside a string of that JSON.
//! Every span is a byte range of its own layer, so an edit deep inside can be carried outwards by
//! encoding each layer anew into the span of its parent.

use std::fmt;

use super::ShortName;

/// A byte range `start..end` of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// Positions past 4 GiB saturate; no layer is that long (`Limits::decoded_bytes_max`).
    pub fn new(start: usize, end: usize) -> Self {
        let narrow = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        Self { start: narrow(start), end: narrow(end.max(start)) }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.range()).unwrap_or_default()
    }

    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub fn contains(self, inner: Self) -> bool {
        self.start <= inner.start && inner.end <= self.end
    }

    /// This range, counted from `base` bytes further left.
    #[must_use]
    pub(crate) fn shift(self, base: usize) -> Self {
        Self::new(self.start as usize + base, self.end as usize + base)
    }
}

/// Which part of the message a field belongs to; the first word of its locator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Path,
    Query,
    Header,
    Cookie,
    Body,
}

impl Part {
    pub const ALL: [Self; 5] = [Self::Path, Self::Query, Self::Header, Self::Cookie, Self::Body];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
        }
    }
}

/// The number of a layer within one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId(pub u32);

impl LayerId {
    pub fn new(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Bytes in one format, as received or decoded out of a span of another layer.
#[derive(Clone)]
pub struct Layer<'m> {
    pub parent: Option<(LayerId, Span)>,
    /// How the parent's span encodes these bytes; `Identity` for a layer as received.
    pub encoding: Encoding,
    pub format: Format,
    pub bytes: std::borrow::Cow<'m, [u8]>,
}

impl fmt::Debug for Layer<'_> {
    /// Without the bytes: a debug line must not carry a payload.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("parent", &self.parent)
            .field("encoding", &self.encoding)
            .field("format", &self.format)
            .field("length", &self.bytes.len())
            .finish()
    }
}

/// How bytes are wrapped in the layer around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    Identity,
    /// RFC 1952.
    Gzip,
    /// zlib, RFC 1950, which is what `Content-Encoding: deflate` means (RFC 9110 §8.4.1.2).
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// RFC 4648 §4.
    Base64,
    /// RFC 4648 §4, without its padding.
    Base64Bare,
    /// RFC 4648 §4, in lines (RFC 2045 §6.8).
    Base64Lines,
    /// RFC 4648 §5, without padding.
    Base64Url,
    /// RFC 4648 §5, with padding.
    Base64UrlPadded,
    /// RFC 4648 §8, in small letters or in capitals.
    Hex,
    HexUpper,
    /// RFC 2045 §6.7.
    QuotedPrintable,
    /// RFC 2047 §4.2, in an encoded word of a header.
    QWord,
    /// Text in another character encoding than UTF-8.
    Charset(Charset),
    /// Text inside a value that is escaped this way.
    Escaped(Escape),
    /// Read, and not to be written again: what is signed, and text that was damaged where it stood.
    /// Whatever has to go from inside takes the whole value with it.
    OneWay,
}

/// A character encoding, by its name in the WHATWG Encoding Standard; `UTF-32LE` and `UTF-32BE` beside
/// those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Charset(pub &'static str);

impl Charset {
    pub(crate) const UTF_16_LE: Self = Self("UTF-16LE");
    pub(crate) const UTF_16_BE: Self = Self("UTF-16BE");
    pub(crate) const UTF_32_LE: Self = Self("UTF-32LE");
    pub(crate) const UTF_32_BE: Self = Self("UTF-32BE");
}

/// How text is escaped where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Escape {
    /// As is: header values, plain text.
    None,
    /// RFC 8259 §7.
    Json,
    /// RFC 3986 §2.1.
    Percent,
    /// application/x-www-form-urlencoded: percent, and `+` for a space.
    Form,
    /// Character and predefined entity references; comments, instructions and tags stand for nothing,
    /// and those between two elements for the end of a line.
    Xml,
    /// Character references as web pages have them: those of XML, named ones, and without a semicolon.
    Html,
    /// RFC 4180: a quote is doubled inside quotes.
    Csv,
    /// RFC 6350 §3.2, §3.4: folded lines, and a backslash before what separates.
    VCard,
    /// A scalar of YAML (1.2.2 §7.3, §8.1), or a string of TOML (1.0 §String).
    Scalar(ScalarStyle),
}

/// How a scalar of YAML or a string of TOML is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// Without quotes; its lines are one.
    Plain,
    /// The same in brackets, which end it.
    Flow,
    /// A quote is doubled, and lines are one.
    Single,
    /// Escaped with a backslash, and lines are one.
    Double,
    /// Lines that are so far in.
    Literal(u32),
    /// The same, whose lines are one.
    Folded(u32),
    /// TOML's: escaped with a backslash.
    Basic,
    /// TOML's: as is, in single quotes.
    Verbatim,
}

/// The grammar a layer is read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The request target: path segments and query.
    Target,
    /// One header value.
    Header,
    /// The value of `Cookie`.
    Cookie,
    /// The value of `baggage`.
    Baggage,
    /// The value of `Forwarded`.
    Forwarded,
    Json,
    NdJson,
    Form,
    Multipart,
    Xml,
    Csv,
    /// CSV whose first record is data too.
    CsvData,
    /// Values between tabs.
    Tsv,
    GraphQl,
    VCard,
    Yaml,
    Toml,
    Text,
    /// A picture whose metadata is read.
    Image,
    /// Nothing we can read.
    Opaque,
}

impl Format {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Baggage => "baggage",
            Self::Forwarded => "forwarded",
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Xml => "xml",
            Self::Csv | Self::CsvData => "csv",
            Self::Tsv => "tsv",
            Self::GraphQl => "graphql",
            Self::VCard => "vcard",
            Self::Yaml => "yaml",
            Self::Toml => "toml",
            Self::Text => "text",
            Self::Image => "image",
            Self::Opaque => "opaque",
        }
    }

    /// Rows below a row of names.
    pub(crate) fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv)
    }
}

/// What stands in front of a value.
#[derive(Debug, Clone, Copy)]
pub enum Key<'b> {
    /// The value is the whole layer.
    Root,
    /// A member name: `text` is what stands between the quotes, still escaped; `span` includes them.
    Name { text: &'b [u8], span: Span, escape: Escape },
    /// An array element, from 0.
    Index(u32),
}

/// A value that holds others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    Object,
    Array,
}

/// A value that holds no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    String,
    Number,
    Bool,
    Null,
    /// Bytes that are not text: a binary part, or a number in a picture's metadata. The value's text is
    /// then how they read (a coordinate in decimal degrees) and does not stand at its span, which is
    /// found or redacted as a whole.
    Binary,
}

/// A scalar as a decoder reports it.
#[derive(Debug, Clone, Copy)]
pub struct Value<'b> {
    pub kind: Scalar,
    /// The text without its quotes, still escaped; it stands at `text_span`.
    pub text: &'b [u8],
    pub text_span: Span,
    /// With quotes.
    pub span: Span,
    /// With its key: what goes when the field is removed (separators are found at redaction).
    pub member: Span,
    pub escape: Escape,
    /// Whether a value may be found in the text by its form, where the decoder has looked at the bytes.
    pub may_hold: Option<bool>,
}

/// Which values under a name a sink wants to be told of, whatever they hold. A string that is not wanted
/// is still told when something about its bytes says that it may hold a value found by its form, and a
/// number when it is as long as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    pub scalars: Wanted,
    /// The length from which a number is told though it is not wanted, bytes.
    pub number_bytes_min: u32,
    /// Whether each element of a list is to be asked about by its number.
    pub by_column: bool,
    /// Whether the answer hangs on the members behind the value: they are to be foreseen, as far as that is easy,
    /// and the question asked once more.
    pub looks_ahead: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    Nothing,
    /// Strings and numbers.
    Values,
    /// `true`, `false` and `null` as well.
    All,
}

impl Wants {
    pub const ALL: Self =
        Self { scalars: Wanted::All, number_bytes_min: 0, by_column: false, looks_ahead: false };
}

/// The name of a member as it stands in its layer.
#[derive(Debug, Clone, Copy)]
pub struct Name<'t> {
    pub text: &'t [u8],
    pub escape: Escape,
    /// `text`, where it is short and was read as such.
    pub short: Option<ShortName>,
}

/// Receives the fields of one layer in document order; a comment between a name and its value comes
/// before the member that surrounds it. The engine implements it; decoders are generic
/// over it so that no call through a table stands between a byte and its detector.
pub trait FieldSink {
    /// An object or array begins: its member (key included) at `member_start`, its own first byte at
    /// `start`.
    fn open(&mut self, key: Key<'_>, container: Container, member_start: usize, start: usize);
    /// The innermost one ends; `end` is past its last byte, `member_end` past its member's.
    fn close(&mut self, end: usize, member_end: usize);
    fn scalar(&mut self, key: Key<'_>, value: Value<'_>);
    /// A text that tags divide, once its pieces were told one by one. It is found as a whole where a value goes over
    /// a tag.
    fn pieces(&mut self, key: Key<'_>, value: Value<'_>) {
        let _ = (key, value);
    }
    /// What is wanted of the value under `name`, which comes next; of all elements of the innermost list when
    /// there is none. Decoders that know little of a value before they tell it do not ask.
    fn wants(&mut self, name: Option<Name<'_>>) -> Wants {
        let _ = name;
        Wants::ALL
    }
    /// Whether it is known at a glance that no value under `name`, which comes next, is wanted: from which length,
    /// in bytes, a number is told all the same. `wants` is then not asked, nor a string told that holds nothing.
    fn passes(&mut self, name: ShortName) -> Option<u32> {
        let _ = name;
        None
    }
    /// What is wanted of element `number` of a list, which comes next, where the answer for all of them was
    /// `by_column`.
    fn wants_of_column(&mut self, number: u32) -> Wants {
        let _ = number;
        Wants::ALL
    }
    /// A member of this name stands further on in the innermost object.
    fn foresee(&mut self, name: Name<'_>) {
        let _ = name;
    }
    /// All that are to come were foreseen; or there are too many, and what was foreseen counts for nothing.
    fn foreseen(&mut self, are_all: bool) {
        let _ = are_all;
    }
    /// Records have a member of this name.
    fn expect(&mut self, name: &[u8], escape: Escape) {
        let _ = (name, escape);
    }
    /// Records to come are of another table: what was expected of those before is not any more.
    fn table(&mut self) {}
    /// Whether a value is wanted for having this name, whatever it is: such a name may head a column.
    fn is_telling_name(&mut self, name: &[u8], escape: Escape) -> bool {
        let _ = (name, escape);
        false
    }
    /// The container that was opened last is a record, with all members that are expected.
    fn record(&mut self) {}
    /// Whether words in a string that is not wanted may announce a value; the string is told if so. Asked
    /// last, when the form of its bytes says nothing, and of a short one only where it has a space, a comma or a
    /// character that is not ASCII in it.
    fn may_announce(&mut self, text: &[u8]) -> bool {
        let _ = text;
        true
    }
    /// What stands before the element that comes next says what it is: `/imei/490154203237518`.
    fn named(&mut self, name: &[u8]) {
        let _ = name;
    }
    /// A value that is a body of its own, such as a part of a multipart body: its text is in `encoding`
    /// and was declared as `media_type`. A sink that does not look inside takes it for a scalar.
    fn layer(
        &mut self,
        key: Key<'_>,
        media_type: Option<&str>,
        encoding: Encoding,
        value: Value<'_>,
    ) {
        let _ = (media_type, encoding);
        self.scalar(key, value);
    }
}
