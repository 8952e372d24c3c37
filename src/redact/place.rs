//! How a text must be written where a value stands.
//!
//! The format of a layer says half of it; the bytes around the value say the rest: whether a cell has
//! quotes, whether a text stands in CDATA, whether it is a parameter of a part's header.

use std::io::Write as _;

use super::{encode::escape, scalars};
use crate::domain::{Escape, Finding, Format, Layer, Part, ScalarStyle};

/// Where a value stands, as far as writing there goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A string, name or number of JSON (RFC 8259 §7).
    Json,
    /// A path segment (RFC 3986 §3.3).
    Segment,
    /// A pair of a query or a form (WHATWG URL §5).
    Pair,
    /// The value of a cookie, or an extended parameter (RFC 8187): percent-encoded.
    Percent,
    /// Character data or an attribute of XML.
    Xml,
    /// XML 1.0 §2.7.
    CData,
    /// A comment, an instruction or a document type: nothing of ours may stand there.
    XmlOther,
    /// Text of a web page: as in XML, with references that every page knows.
    Html,
    /// A property of a vCard (RFC 6350 §3.4).
    VCard,
    /// A cell inside its quotes (RFC 4180 §2.7).
    QuotedCell,
    /// A cell without quotes, all of it.
    Cell,
    /// A part of a cell without quotes.
    BareText,
    /// A header value (RFC 9110 §5.5), a line of text, the content of a part.
    Line,
    /// A plain scalar of YAML, all of it (YAML 1.2 §7.3.3).
    YamlScalar,
    /// A part of a scalar of YAML or a string of TOML; all of what stands between quotes.
    Scalar(ScalarStyle),
    /// The first words of a plain one.
    Words(ScalarStyle),
    /// A collection of YAML; behind a colon or a dash at once.
    Collection { is_apart: bool },
    /// A number, a date or a truth value of TOML.
    TomlBare,
    /// A quoted parameter of a part's header (WHATWG HTML, multipart/form-data encoding).
    Parameter,
    /// The same without quotes.
    Token,
}

impl Place {
    pub fn of(layer: &Layer<'_>, finding: &Finding) -> Self {
        let bytes: &[u8] = &layer.bytes;
        let value = bytes.get(finding.value.start as usize..).unwrap_or_default();
        match layer.format {
            Format::Json | Format::NdJson | Format::GraphQl => Self::Json,
            Format::Target if finding.part == Part::Path => Self::Segment,
            Format::Target | Format::Form => Self::Pair,
            Format::Cookie | Format::Baggage => Self::Percent,
            Format::Csv | Format::CsvData | Format::Tsv => match value.first() {
                Some(b'"') => Self::QuotedCell,
                Some(_) | None if finding.is_whole(layer) => Self::Cell,
                Some(_) | None => Self::BareText,
            },
            Format::Forwarded if value.first() == Some(&b'"') => Self::Parameter,
            Format::Forwarded => Self::Token,
            // A parameter has its own name before it; a property's stands before all parts of its value.
            Format::VCard if finding.member.start < finding.value.start => Self::Token,
            Format::VCard => Self::VCard,
            Format::Xml => {
                let member = bytes.get(finding.member.start as usize..).unwrap_or_default();
                let is_of_markup = member.starts_with(b"<!") && !member.starts_with(CDATA);
                if is_of_markup || member.starts_with(b"<?") {
                    Self::XmlOther
                } else if is_a_section(finding.value.of(bytes)) {
                    Self::CData
                } else {
                    Self::Xml
                }
            }
            Format::Multipart => {
                let start = finding.member.start.min(finding.value.start) as usize;
                let name = bytes.get(start..finding.value.start as usize).unwrap_or_default();
                match name.first() {
                    // A parameter begins with the semicolon before its name.
                    Some(b';') if name.trim_ascii_end().ends_with(b"*=") => Self::Percent,
                    Some(b';') if value.first() == Some(&b'"') => Self::Parameter,
                    Some(b';') => Self::Token,
                    Some(_) | None => Self::Line,
                }
            }
            Format::Yaml => scalars::of_yaml(bytes, finding),
            Format::Toml => scalars::of_toml(bytes, finding),
            Format::Header | Format::Text | Format::Image | Format::Opaque => Self::Line,
        }
    }

    /// Where a text stands that is escaped so.
    pub(super) fn within(escape: Escape) -> Self {
        match escape {
            Escape::Json => Self::Json,
            Escape::Percent => Self::Percent,
            Escape::Form => Self::Pair,
            Escape::Xml => Self::Xml,
            Escape::Csv => Self::QuotedCell,
            Escape::Html => Self::Html,
            Escape::VCard => Self::VCard,
            Escape::Scalar(style) => Self::Scalar(style),
            Escape::None => Self::Line,
        }
    }

    /// How the value that stands there is read.
    pub fn escape(self) -> Escape {
        match self {
            Self::Json => Escape::Json,
            Self::Segment | Self::Percent => Escape::Percent,
            Self::Pair => Escape::Form,
            Self::Xml => Escape::Xml,
            Self::Html => Escape::Html,
            Self::VCard => Escape::VCard,
            Self::QuotedCell => Escape::Csv,
            Self::YamlScalar => Escape::Scalar(ScalarStyle::Plain),
            Self::Scalar(style) | Self::Words(style) => Escape::Scalar(style),
            Self::CData
            | Self::XmlOther
            | Self::Cell
            | Self::BareText
            | Self::Line
            | Self::Collection { .. }
            | Self::TomlBare
            | Self::Parameter
            | Self::Token => Escape::None,
        }
    }

    /// Writes `text` as it must stand there.
    pub fn write(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Json => escaped(text, out, |byte| matches!(byte, b'"' | b'\\' | 0..0x20), json),
            Self::Segment if text.is_empty() || text.bytes().all(|byte| byte == b'.') => {
                // A segment of dots, or none, would make another path of the whole (RFC 3986 §5.2.4).
                out.extend_from_slice(b"redacted");
            }
            Self::Segment | Self::Pair | Self::Percent => {
                escaped(text, out, |byte| !is_unreserved(byte), percent);
            }
            Self::Xml => {
                escaped(
                    text,
                    out,
                    |byte| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\'' | 0..0x20),
                    xml,
                );
            }
            Self::Html => out.extend_from_slice(escape(Escape::Html, text).as_bytes()),
            Self::VCard => out.extend_from_slice(escape(Escape::VCard, text).as_bytes()),
            Self::CData => {
                escaped(text, out, |byte| matches!(byte, b']' | b'>' | 0..0x20), cdata);
            }
            Self::XmlOther => {}
            Self::QuotedCell => escaped(text, out, |byte| byte == b'"', doubled),
            Self::Cell if text.bytes().any(ends_cell) => {
                out.push(b'"');
                escaped(text, out, |byte| byte == b'"', doubled);
                out.push(b'"');
            }
            Self::Cell => out.extend_from_slice(text.as_bytes()),
            Self::BareText => escaped(text, out, ends_cell, space),
            Self::Line => {
                // What begins like a delimiter could become one at the start of a part.
                if text.starts_with("--") {
                    out.push(b' ');
                }
                escaped(text, out, |byte| matches!(byte, 0..=8 | 10..0x20 | 0x7F), space);
            }
            Self::YamlScalar if !scalars::is_no_plain_scalar(text) => {
                out.extend_from_slice(text.as_bytes());
            }
            Self::TomlBare if scalars::is_bare(text) => out.extend_from_slice(text.as_bytes()),
            Self::YamlScalar | Self::Collection { .. } | Self::TomlBare => {
                let is_apart = self != (Self::Collection { is_apart: false });
                out.extend_from_slice(if is_apart { b"\"" } else { b" \"" });
                Self::Scalar(ScalarStyle::Double).write(text, out);
                out.push(b'"');
            }
            // Nothing, or what is something else, may not begin a scalar or a line of one.
            Self::Words(style) => {
                let text = text.trim_start();
                let rest = text.strip_prefix(scalars::is_indicator);
                if rest.is_some() || text.is_empty() {
                    out.push(b'x');
                }
                Self::Scalar(style).write(rest.unwrap_or(text), out);
            }
            Self::Scalar(style) => {
                let is_block = matches!(style, ScalarStyle::Literal(_) | ScalarStyle::Folded(_));
                let is_nothing = is_block && text.trim().is_empty();
                let text = if is_nothing { "x" } else { text };
                out.extend_from_slice(escape(Escape::Scalar(style), text).as_bytes());
            }
            Self::Parameter => {
                escaped(text, out, |byte| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x7F), percent);
            }
            Self::Token => escaped(text, out, |byte| !is_unreserved(byte), percent),
        }
    }
}

pub(super) const CDATA: &[u8] = b"<![CDATA[";

/// Whether a value is one section and nothing else. Beside other text sections are markup of the text that all of it is.
fn is_a_section(value: &[u8]) -> bool {
    const END: &[u8] = b"]]>";
    value.starts_with(CDATA)
        && memchr::memmem::find(value, END).is_some_and(|at| at + END.len() == value.len())
}

/// Copies runs of bytes that stand for themselves, and has `put` write each of the others. Those that must
/// be escaped are ASCII, or all of a character's bytes are.
fn escaped(
    text: &str,
    out: &mut Vec<u8>,
    must: impl Fn(u8) -> bool,
    put: impl Fn(u8, &mut Vec<u8>),
) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| must(*byte)) {
        let (plain, others) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        let Some((byte, after)) = others.split_first() else { return };
        put(*byte, out);
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// RFC 3986 §2.3, and the asterisk that masks are made of, which forms leave as it is too.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'*')
}

fn ends_cell(byte: u8) -> bool {
    matches!(byte, b',' | b';' | b'\t' | b'|' | b'"' | b'\r' | b'\n')
}

fn json(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        control => {
            // Writing to memory cannot fail.
            let _ = write!(out, "\\u{control:04x}");
        }
    }
}

fn percent(byte: u8, out: &mut Vec<u8>) {
    let _ = write!(out, "%{byte:02X}");
}

fn xml(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'<' => out.extend_from_slice(b"&lt;"),
        b'>' => out.extend_from_slice(b"&gt;"),
        b'&' => out.extend_from_slice(b"&amp;"),
        b'"' => out.extend_from_slice(b"&quot;"),
        b'\'' => out.extend_from_slice(b"&apos;"),
        // Kept from being made a space or joined (XML 1.0 §2.11, §3.3.3).
        b'\t' | b'\n' | b'\r' => {
            let _ = write!(out, "&#{byte};");
        }
        // No document may have the others (§2.2).
        _ => out.push(b' '),
    }
}

/// Leaves the section for what could end it, and comes back.
fn cdata(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b']' => out.extend_from_slice(b"]]>&#93;<![CDATA["),
        b'>' => out.extend_from_slice(b"]]>&gt;<![CDATA["),
        b'\t' | b'\n' => out.push(byte),
        _ => out.push(b' '),
    }
}

fn doubled(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[byte, byte]);
}

fn space(_: u8, out: &mut Vec<u8>) {
    out.push(b' ');
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScalarStyle::{Flow, Plain};

    fn written(place: Place, text: &str) -> String {
        let mut out = Vec::new();
        place.write(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_written_for_where_it_stands() {
        for (place, text, expected) in [
            (Place::Json, "plain é", "plain é"),
            (Place::Json, "a\"b\\c\u{1}\n", "a\\\"b\\\\c\\u0001\\n"),
            (Place::Pair, "a b&c=é+", "a%20b%26c%3D%C3%A9%2B"),
            (Place::Segment, "a/b", "a%2Fb"),
            (Place::Segment, "..", "redacted"),
            (Place::Segment, "", "redacted"),
            (Place::Percent, "a;b, \"c\"", "a%3Bb%2C%20%22c%22"),
            (Place::Xml, "<a & 'b'>\u{1}\n", "&lt;a &amp; &apos;b&apos;&gt; &#10;"),
            (Place::CData, "a]]>b", "a]]>&#93;<![CDATA[]]>&#93;<![CDATA[]]>&gt;<![CDATA[b"),
            (Place::XmlOther, "-->", ""),
            (Place::QuotedCell, "say \"x\", y", "say \"\"x\"\", y"),
            (Place::Cell, "x", "x"),
            (Place::Cell, "x, \"y\"", "\"x, \"\"y\"\"\""),
            (Place::BareText, "x, \"y\"\n", "x   y  "),
            (Place::Line, "a\r\nb\tc\u{7f}", "a  b\tc "),
            (Place::Line, "--boundary", " --boundary"),
            (Place::YamlScalar, "****.k@x", "\"****.k@x\""),
            (Place::YamlScalar, "a: \"b\"", "\"a: \\\"b\\\"\""),
            (Place::YamlScalar, "removed by us", "removed by us"),
            (Place::YamlScalar, "", "\"\""),
            (Place::Words(Plain), "****.k@x", "x***.k@x"),
            (Place::Scalar(Plain), "a: #b #c:", "a   b  c "),
            (Place::Scalar(Flow), "[a, b]", " a  b "),
            (Place::Scalar(ScalarStyle::Single), "it's\n", "it''s "),
            (Place::Scalar(ScalarStyle::Double), "\"a\\\n\u{85}", "\\\"a\\\\\\n\\u0085"),
            (Place::Scalar(ScalarStyle::Literal(2)), " a\nb\n", "a\n  b\n  "),
            (Place::Scalar(ScalarStyle::Verbatim), "it's\n", "it s "),
            (Place::Collection { is_apart: false }, "a", " \"a\""),
            (Place::TomlBare, "1979-05-27", "1979-05-27"),
            (Place::TomlBare, "007", "\"007\""),
            (Place::Parameter, "a\"; b\\\r\n", "a%22; b%5C%0D%0A"),
            (Place::Token, "a b;c", "a%20b%3Bc"),
        ] {
            assert_eq!(written(place, text), expected, "{place:?} {text:?}");
        }
    }
}
