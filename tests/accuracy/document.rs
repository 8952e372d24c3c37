//! A document of the corpus and what is labelled in it.
//!
//! Texts are written with their labels inside: `⟦phone|+923001234567⟧` stands for the eleven digits and
//! for the claim that they are a telephone number. Marks may stand inside each other. A label therefore
//! cannot drift away from its text.

use std::ops::Range;

use bordergate::domain::Part;

/// Why a document is in the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Personal data in plain sight.
    Plain,
    /// Personal data behind an encoding or an unusual script.
    Evasion,
    /// No personal data, although it may look so.
    Negative,
}

impl Group {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Evasion, Self::Negative];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Evasion => "evasion",
            Self::Negative => "negative",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) id: String,
    pub(crate) group: Group,
    pub(crate) target: String,
    /// Lower-case names.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) labels: Vec<Label>,
}

/// One piece of personal data and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    /// Short name of the category.
    pub(crate) tag: String,
    pub(crate) part: Part,
    /// JSON Pointer, where the format has one.
    pub(crate) path: Option<String>,
    /// Bytes of its part; of the decoded body when the body is compressed. `None` inside a layer of its
    /// own, where only the path is known.
    pub(crate) span: Option<Range<usize>>,
}

impl Document {
    pub(crate) fn new(id: impl Into<String>, group: Group) -> Self {
        let (target, headers, body, labels) = ("/".to_owned(), Vec::new(), Vec::new(), Vec::new());
        Self { id: id.into(), group, target, headers, body, labels }
    }

    pub(crate) fn header(&mut self, name: &str, marked: &str) {
        let part = if name == "cookie" { Part::Cookie } else { Part::Header };
        let path = (part == Part::Header).then(|| format!("header:/{name}"));
        let mut text = Marked::default();
        text.push(marked, str::to_owned);
        self.take(part, path.as_deref(), &mut text);
        self.headers.push((name.to_owned(), text.bytes));
    }

    pub(crate) fn target(&mut self, marked: &str) {
        let mut text = Marked::default();
        text.push(marked, str::to_owned);
        let query = text.bytes.iter().position(|byte| *byte == b'?').unwrap_or(usize::MAX);
        for mut label in text.labels(None) {
            let start = label.span.as_ref().map_or(0, |span| span.start);
            label.part = if start > query { Part::Query } else { Part::Path };
            self.labels.push(label);
        }
        self.target = String::from_utf8(text.bytes).unwrap();
    }

    pub(crate) fn body(&mut self, media_type: &str, mut text: Marked) {
        self.take(Part::Body, None, &mut text);
        self.headers.push(("content-type".into(), media_type.into()));
        self.body = text.bytes;
    }

    fn take(&mut self, part: Part, path: Option<&str>, text: &mut Marked) {
        self.labels.extend(text.labels(path).map(|label| Label { part, ..label }));
    }

    /// One line of JSON, for readers outside the test.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        use base64::Engine as _;
        let body = match std::str::from_utf8(&self.body) {
            Ok(text) => ("text", text.to_owned()),
            Err(_) => ("base64", base64::engine::general_purpose::STANDARD.encode(&self.body)),
        };
        let spans: Vec<_> = self
            .labels
            .iter()
            .map(|label| {
                serde_json::json!({
                    "tag": label.tag,
                    "part": label.part.as_str(),
                    "path": label.path,
                    "start": label.span.as_ref().map(|span| span.start),
                    "end": label.span.as_ref().map(|span| span.end),
                })
            })
            .collect();
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| serde_json::json!([name, String::from_utf8_lossy(value)]))
            .collect();
        serde_json::json!({
            "id": self.id, "group": self.group.as_str(), "target": self.target, "headers": headers,
            body.0: body.1, "spans": spans,
        })
    }
}

/// Bytes under construction, with the labels that stand in them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marked {
    pub(crate) bytes: Vec<u8>,
    labels: Vec<(String, Option<String>, Range<usize>)>,
}

impl Marked {
    pub(crate) fn raw(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Appends `marked`, escaped piece by piece.
    pub(crate) fn push(&mut self, marked: &str, escape: impl Fn(&str) -> String) {
        self.push_at(marked, None, escape);
    }

    /// The same for the value of the field at `path`.
    pub(crate) fn push_at(
        &mut self,
        marked: &str,
        path: Option<&str>,
        escape: impl Fn(&str) -> String,
    ) {
        let mut open: Vec<(String, usize)> = Vec::new();
        let mut rest = marked;
        while let Some(at) = rest.find(['⟦', '⟧']) {
            self.raw(&escape(&rest[..at]));
            rest = &rest[at..];
            if let Some(inside) = rest.strip_prefix('⟦') {
                let (tag, text) = inside.split_once('|').expect("a mark is ⟦tag|text⟧");
                open.push((tag.to_owned(), self.bytes.len()));
                rest = text;
            } else {
                let (tag, start) = open.pop().expect("a mark that ends began");
                self.labels.push((tag, path.map(str::to_owned), start..self.bytes.len()));
                rest = rest.strip_prefix('⟧').unwrap();
            }
        }
        assert!(open.is_empty(), "unclosed mark in `{marked}`");
        self.raw(&escape(rest));
    }

    /// Labels everything from `start` on as one thing.
    pub(crate) fn label(&mut self, tag: &str, path: Option<&str>, start: usize) {
        self.labels.push((tag.to_owned(), path.map(str::to_owned), start..self.bytes.len()));
    }

    fn labels<'m>(&'m mut self, path: Option<&'m str>) -> impl Iterator<Item = Label> + 'm {
        self.labels.drain(..).map(move |(tag, own, span)| Label {
            tag,
            part: Part::Body,
            path: own.or_else(|| path.map(str::to_owned)),
            span: Some(span),
        })
    }
}

/// What a marked text says when its marks are taken out.
pub(crate) fn unmarked(marked: &str) -> String {
    let mut text = Marked::default();
    text.push(marked, str::to_owned);
    String::from_utf8(text.bytes).unwrap()
}

/// `value` marked as `tag`.
pub(crate) fn mark(tag: &str, value: impl std::fmt::Display) -> String {
    format!("⟦{tag}|{value}⟧")
}
