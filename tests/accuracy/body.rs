//! Writes one set of fields in every format a mesh carries, and keeps the labels where the text lands.

use super::document::{Marked, mark, unmarked};

/// A value of a document; texts carry marks.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Text(String),
    /// A JSON number or word, without quotes.
    Bare(String),
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    /// A value that is personal data as a whole.
    Whole(&'static str, Box<Node>),
}

impl Node {
    pub(crate) fn text(marked: impl Into<String>) -> Self {
        Self::Text(marked.into())
    }

    pub(crate) fn object(fields: impl IntoIterator<Item = (impl Into<String>, Node)>) -> Self {
        Self::Object(fields.into_iter().map(|(name, node)| (name.into(), node)).collect())
    }

    pub(crate) fn whole(tag: &'static str, node: Node) -> Self {
        Self::Whole(tag, Box::new(node))
    }
}

/// Names and marked values without structure.
pub(crate) type Flat = Vec<(String, String)>;

pub(crate) fn json(node: &Node) -> Marked {
    let mut out = Marked::default();
    write_json(node, "", &mut out);
    out
}

fn write_json(node: &Node, path: &str, out: &mut Marked) {
    match node {
        Node::Text(marked) => {
            out.raw("\"");
            out.push_at(marked, Some(path), json_escaped);
            out.raw("\"");
        }
        Node::Bare(marked) => out.push_at(marked, Some(path), str::to_owned),
        Node::Object(fields) => {
            out.raw("{");
            for (number, (name, value)) in fields.iter().enumerate() {
                out.raw(if number == 0 { "" } else { ", " });
                out.raw(&format!("\"{}\": ", json_escaped(name)));
                write_json(
                    value,
                    &format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")),
                    out,
                );
            }
            out.raw("}");
        }
        Node::Array(items) => {
            out.raw("[");
            for (number, value) in items.iter().enumerate() {
                out.raw(if number == 0 { "" } else { ", " });
                write_json(value, &format!("{path}/{number}"), out);
            }
            out.raw("]");
        }
        Node::Whole(tag, inside) => {
            let start = out.bytes.len();
            write_json(inside, path, out);
            out.label(tag, Some(path), start);
        }
    }
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

pub(crate) fn object_of(flat: &Flat) -> Node {
    Node::object(flat.iter().map(|(name, value)| (name.clone(), Node::text(value.clone()))))
}

/// One object a line; pointers count lines, which each reader may do in its own way, so spans alone say
/// where.
pub(crate) fn ndjson(records: &[Flat]) -> Marked {
    let mut out = Marked::default();
    for record in records {
        out.raw("{");
        for (number, (name, value)) in record.iter().enumerate() {
            out.raw(if number == 0 { "" } else { "," });
            out.raw(&format!("\"{}\":\"", json_escaped(name)));
            out.push(value, json_escaped);
            out.raw("\"");
        }
        out.raw("}\n");
    }
    out
}

pub(crate) fn form(flat: &Flat) -> Marked {
    let mut out = Marked::default();
    for (number, (name, value)) in flat.iter().enumerate() {
        out.raw(if number == 0 { "" } else { "&" });
        out.raw(&form_escaped(name));
        out.raw("=");
        out.push(value, form_escaped);
    }
    out
}

/// A query as marked text: percent-encoded, marks kept.
pub(crate) fn query(flat: &Flat) -> String {
    let pairs: Vec<String> = flat
        .iter()
        .map(|(name, value)| {
            format!("{}={}", form_escaped(name), around_marks(value, form_escaped))
        })
        .collect();
    pairs.join("&")
}

/// Escapes what stands between the marks of a marked text.
pub(crate) fn around_marks(marked: &str, escape: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = marked;
    while let Some(at) = rest.find(['⟦', '⟧']) {
        out.push_str(&escape(&rest[..at]));
        rest = &rest[at..];
        if rest.starts_with('⟦') {
            let (tag, text) = rest.split_once('|').unwrap();
            out.push_str(tag);
            out.push('|');
            rest = text;
        } else {
            out.push('⟧');
            rest = &rest['⟧'.len_utf8()..];
        }
    }
    out.push_str(&escape(rest));
    out
}

pub(crate) fn form_escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%20", "+")
}

pub(crate) fn csv(records: &[Flat]) -> Marked {
    let mut out = Marked::default();
    let quoted = |text: &str| text.replace('"', "\"\"");
    let header: Vec<&str> = records[0].iter().map(|(name, _)| name.as_str()).collect();
    out.raw(&header.join(","));
    out.raw("\r\n");
    for record in records {
        for (number, (_, value)) in record.iter().enumerate() {
            out.raw(if number == 0 { "" } else { "," });
            let quotes = if unmarked(value).contains([',', '"', '\n']) { "\"" } else { "" };
            out.raw(quotes);
            out.push(value, quoted);
            out.raw(quotes);
        }
        out.raw("\r\n");
    }
    out
}

pub(crate) fn xml(root: &str, flat: &Flat) -> Marked {
    let mut out = Marked::default();
    out.raw(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} version=\"2\">\n"));
    for (name, value) in flat {
        out.raw(&format!("  <{name}>"));
        out.push(value, xml_escaped);
        out.raw(&format!("</{name}>\n"));
    }
    out.raw(&format!("</{root}>\n"));
    out
}

/// The same fields as attributes of one element.
pub(crate) fn xml_attributes(root: &str, flat: &Flat) -> Marked {
    let mut out = Marked::default();
    out.raw(&format!("<{root}>\n  <item"));
    for (name, value) in flat {
        out.raw(&format!(" {name}=\""));
        out.push(value, xml_escaped);
        out.raw("\"");
    }
    out.raw(&format!("/>\n</{root}>\n"));
    out
}

fn xml_escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(crate) const BOUNDARY: &str = "----boundary7MA4YWxk";

pub(crate) fn multipart(flat: &Flat) -> Marked {
    let mut out = Marked::default();
    for (name, value) in flat {
        out.raw(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n"
        ));
        out.push(value, str::to_owned);
        out.raw("\r\n");
    }
    out.raw(&format!("--{BOUNDARY}--\r\n"));
    out
}

/// `key=value` pairs as logs have them.
pub(crate) fn log_line(flat: &Flat) -> Marked {
    let mut out = Marked::default();
    out.raw("2026-11-23T09:00:00.123Z INFO [worker-3] request handled");
    for (name, value) in flat {
        let quotes = if unmarked(value).contains(' ') { "\"" } else { "" };
        out.raw(&format!(" {name}={quotes}"));
        out.push(value, str::to_owned);
        out.raw(quotes);
    }
    out.raw("\n");
    out
}

/// A marked pair.
pub(crate) fn field(
    name: impl Into<String>,
    tag: &str,
    value: impl std::fmt::Display,
) -> (String, String) {
    (name.into(), mark(tag, value))
}

/// A pair without personal data.
pub(crate) fn filler(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}
