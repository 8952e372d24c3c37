//! What the tests of every decoder share: a sink that writes down what it is told and holds each
//! decoder to the contract of spans, and inputs that no decoder may stumble over.

use proptest::prelude::*;

use super::*;
use crate::domain::{Container, Encoding, Escape, Key, Scalar, Span, Value};

/// Writes a line per event: `/path kind text`.
#[derive(Default)]
pub(super) struct Notes<'b> {
    bytes: &'b [u8],
    /// Names of metadata do not stand in a picture, and coordinates not as text.
    is_picture: bool,
    /// Not in a picture, and not where a comment stands between a name and what it names.
    in_order: bool,
    /// Members go by what they mean rather than by what they are called.
    has_meanings: bool,
    pub(super) lines: Vec<String>,
    path: Vec<String>,
    members: Vec<usize>,
    /// Where the last key or value began: document order.
    last: usize,
    pub(super) events: usize,
}

impl<'b> Notes<'b> {
    pub(super) fn of(format: Format, bytes: &'b [u8]) -> (Vec<String>, Result<(), Stop>) {
        Self::within(format, bytes, &Limits::default())
    }

    pub(super) fn within(
        format: Format,
        bytes: &'b [u8],
        limits: &Limits,
    ) -> (Vec<String>, Result<(), Stop>) {
        let is_picture = format == Format::Image;
        let has_meanings = is_picture || format == Format::VCard;
        let in_order =
            !is_picture && !matches!(format, Format::GraphQl | Format::Yaml | Format::Toml);
        let mut notes = Self { bytes, is_picture, in_order, has_meanings, ..Self::default() };
        let read = walk(format, bytes, limits, &mut notes);
        if read.is_ok() {
            assert!(notes.members.is_empty(), "containers left open");
        }
        // A sink is told of nothing for free: what costs time must stand in the input.
        assert!(notes.events <= 2 * bytes.len() + 8, "{} events", notes.events);
        if let Err(stop) = read {
            assert!(stop.offset <= bytes.len(), "{stop:?} outside {}", bytes.len());
        }
        (notes.lines, read)
    }

    fn step(&mut self, key: Key<'_>, at: usize) -> String {
        self.events += 1;
        assert!(!self.in_order || self.last <= at, "out of order: {at} after {}", self.last);
        self.last = at;
        let step = match key {
            Key::Root => String::new(),
            Key::Index(index) => format!("/{index}"),
            Key::Name { text, span, .. } => {
                let around = span.of(self.bytes);
                assert_eq!(around.len(), span.len(), "key outside the input");
                assert!(
                    self.has_meanings || memchr::memmem::find(around, text).is_some(),
                    "the key's text does not stand in its span"
                );
                format!("/{}", String::from_utf8_lossy(text))
            }
        };
        self.path.concat() + &step
    }
}

impl Notes<'_> {
    /// Holds a value to the contract; its path.
    fn value(&mut self, key: Key<'_>, value: Value<'_>) -> String {
        let Value { text, text_span, span, member, .. } = value;
        let path = self.step(key, member.start as usize);
        assert!(member.contains(span) && span.contains(text_span), "{value:?}");
        assert!(member.range().end <= self.bytes.len(), "{value:?}");
        if !(self.is_picture && value.kind == Scalar::Binary) {
            assert_eq!(text_span.of(self.bytes), text);
        }
        if let Some(&outer) = self.members.last() {
            assert!(outer <= member.range().start);
        }
        path
    }
}

impl FieldSink for Notes<'_> {
    fn open(&mut self, key: Key<'_>, container: Container, member_start: usize, start: usize) {
        assert!(member_start <= start && start <= self.bytes.len());
        let path = self.step(key, member_start);
        let bracket = if container == Container::Object { '{' } else { '[' };
        self.lines.push(format!("{path} {bracket}"));
        let step = path.strip_prefix(&self.path.concat()).unwrap_or_default().to_owned();
        self.path.push(step);
        self.members.push(member_start);
    }

    fn close(&mut self, end: usize, member_end: usize) {
        self.events += 1;
        let start = self.members.pop().expect("a container to close");
        self.path.pop();
        assert!(start <= end && end <= member_end && member_end <= self.bytes.len());
    }

    fn scalar(&mut self, key: Key<'_>, value: Value<'_>) {
        let path = self.value(key, value);
        let kind = match value.kind {
            Scalar::String => "string",
            Scalar::Number => "number",
            Scalar::Bool => "bool",
            Scalar::Null => "null",
            Scalar::Binary => "binary",
        };
        if matches!(value.kind, Scalar::Number | Scalar::Bool | Scalar::Null) {
            assert_eq!(value.escape, Escape::None);
        }
        self.lines.push(format!("{path} {kind} {}", String::from_utf8_lossy(value.text)));
    }

    fn pieces(&mut self, key: Key<'_>, value: Value<'_>) {
        let last = std::mem::take(&mut self.last);
        let path = self.value(key, value);
        self.last = last;
        self.lines.push(format!("{path} pieces {}", String::from_utf8_lossy(value.text)));
    }

    fn is_telling_name(&mut self, name: &[u8], _: Escape) -> bool {
        matches!(name, b"birthday" | b"religion" | b"phone")
    }

    fn layer(
        &mut self,
        key: Key<'_>,
        media_type: Option<&str>,
        encoding: Encoding,
        value: Value<'_>,
    ) {
        let path = self.value(key, value);
        let (media_type, text) = (media_type.unwrap_or("-"), String::from_utf8_lossy(value.text));
        self.lines.push(format!("{path} layer {media_type} {encoding:?} {text}"));
    }
}

/// Every format that `walk` reads.
pub(super) const FORMATS: [Format; 19] = [
    Format::Json,
    Format::NdJson,
    Format::Target,
    Format::Form,
    Format::Cookie,
    Format::Header,
    Format::Text,
    Format::Xml,
    Format::Csv,
    Format::CsvData,
    Format::Tsv,
    Format::Baggage,
    Format::Forwarded,
    Format::GraphQl,
    Format::VCard,
    Format::Yaml,
    Format::Toml,
    Format::Multipart,
    Format::Image,
];

/// Pieces that mean something to some decoder, so that random input gets past the first byte.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..8),
        "[ -~]{0,8}".prop_map(String::into_bytes),
        proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\",
            "\\u00",
            "1e5",
            "-0",
            "null",
            "\n",
            "\r\n",
            "=",
            "&",
            ";",
            "%41",
            "%",
            "+",
            "<a>",
            "</a>",
            "<a b='c'/>",
            "<![CDATA[",
            "]]>",
            "&amp;",
            "&#x41;",
            "<!--",
            "-->",
            "<?x ?>",
            "--b\r\n",
            "--b--",
            "\t",
            "\u{feff}",
            "Content-Disposition: form-data; name=\"a\"\r\n\r\n",
            "\u{1e}",
            "é",
            "\"a\":",
            "BEGIN:VCARD\r\n",
            "END:VCARD\r\n",
            "N:a;b\r\n c\r\n",
            "$a",
            "a: ",
            "- ",
            "\n  ",
            "? ",
            "|\n",
            "'",
            "&a ",
            "*a",
            "---\n",
            "a = ",
            "[a.b]\n",
            "(",
            ")",
            "\"\"\"",
            "#",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_input_breaks_a_decoder(pieces in proptest::collection::vec(piece(), 0..24)) {
        let bytes = pieces.concat();
        for format in FORMATS {
            let _ = Notes::of(format, &bytes);
        }
    }

    #[test]
    fn fewer_fields_or_levels_only_end_the_reading_earlier(
        pieces in proptest::collection::vec(piece(), 0..16),
        fields_max in 0usize..8,
        depth_max in 0usize..4,
    ) {
        let bytes = pieces.concat();
        let limits = Limits { fields_max, depth_max, ..Limits::default() };
        for format in FORMATS {
            let (whole, _) = Notes::of(format, &bytes);
            let (part, read) = Notes::within(format, &bytes, &limits);
            // The path and the query of a target are read apart.
            let walks = if format == Format::Target { 2 } else { 1 };
            prop_assert!(part.len() <= walks * fields_max);
            prop_assert_eq!(&part[..], &whole[..part.len()]);
            if part.len() < whole.len() {
                prop_assert!(read.is_err());
            }
        }
    }
}

#[test]
fn a_layer_of_one_repeated_byte_is_read_in_linear_steps() {
    for format in FORMATS {
        for byte in b"[{(\"\\<>&=;,:#$\n-%\t 1'?!*|" {
            // Notes counts the steps.
            let _ = Notes::of(format, &vec![*byte; 1 << 18]);
        }
    }
}

/// The members of scalars that are not the whole layer.
#[derive(Default)]
struct Members {
    depth: usize,
    spans: Vec<(usize, Span)>,
}

impl FieldSink for Members {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {
        self.depth += 1;
    }

    fn close(&mut self, _: usize, _: usize) {
        self.depth -= 1;
    }

    fn scalar(&mut self, _: Key<'_>, value: Value<'_>) {
        self.spans.push((self.depth, value.member));
    }
}

#[test]
fn a_layer_without_one_of_its_members_still_reads() {
    for (format, depth_min, text) in [
        (Format::Form, 1, "a=1&b=2&&c"),
        (Format::Cookie, 1, "a=1; b=\"2\";c"),
        // The root element cannot go.
        (
            Format::Xml,
            2,
            "<!--x--><a b='1' c='2'>t<d/><e>v</e><f g='3' i='4'/><h><![CDATA[w]]></h><![CDATA[x]]><?y z?></a>",
        ),
        (
            Format::Multipart,
            1,
            "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x\"\r\nX-A: b\r\n\r\n1\r\n\
             --b\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\n2\r\n--b--\r\n",
        ),
    ] {
        let bytes = text.as_bytes();
        let mut members = Members::default();
        walk(format, bytes, &Limits::default(), &mut members).expect(text);
        assert!(members.spans.len() >= 3, "{text}");
        for &(depth, span) in &members.spans {
            if depth < depth_min {
                continue;
            }
            let mut cut = bytes.to_vec();
            cut.drain(span.range());
            let shown = String::from_utf8_lossy(&cut);
            let mut left = Members::default();
            assert_eq!(walk(format, &cut, &Limits::default(), &mut left), Ok(()), "{shown}");
            // What stood inside the member went with it.
            let covered = |inner: &&(usize, Span)| span.contains(inner.1);
            let gone = members.spans.iter().filter(covered).count();
            assert_eq!(left.spans.len(), members.spans.len() - gone, "{shown}");
        }
    }
}
