//! YAML 1.2 text to a tree that remembers places.
//!
//! Aliases are refused rather than expanded (a rule file has no use for them, and expansion is how a
//! small file becomes a large one); so are several documents in one file and duplicate keys.

use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{Diagnostics, Place, SourceFile, diagnostic::shown, give_way};

/// What complaints about a file may repeat of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    Words,
    /// Nothing: where something is wrong has to do.
    Places,
}

/// A value and where it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: NodeValue,
    /// Tells nodes apart that start at the same place, such as a mapping and its first key.
    pub(super) id: u32,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue {
    /// `plain` is true without quotes, so that it may also be read as a number, boolean or null of
    /// YAML's core schema (`NO` stays a text, unlike in YAML 1.1).
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    /// In the order written.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    pub fn place(&self, file: &str) -> Place {
        Place { file: file.to_owned(), line: self.line, column: self.column }
    }

    pub fn is_null(&self) -> bool {
        matches!(&self.value, NodeValue::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar { text, .. } => Some(text),
            NodeValue::Sequence(_) | NodeValue::Mapping(_) => None,
        }
    }
}

/// In flow style on one line: `mechanism: {type: [eu_scc, eu_bcr]}` without the outermost braces.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            NodeValue::Mapping(entries) => write_entries(entries, f),
            NodeValue::Scalar { .. } | NodeValue::Sequence(_) => self.flow(f),
        }
    }
}

impl Node {
    fn flow(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            NodeValue::Scalar { text, plain } => {
                // Quotes stay where the text would be read as something else without them.
                let quoted =
                    !plain && (text.is_empty() || text.contains([',', ':', '#', '{', '[']));
                if quoted { write!(f, "{text:?}") } else { f.write_str(text) }
            }
            NodeValue::Sequence(items) => {
                f.write_str("[")?;
                for (number, item) in items.iter().enumerate() {
                    f.write_str(if number > 0 { ", " } else { "" })?;
                    item.flow(f)?;
                }
                f.write_str("]")
            }
            NodeValue::Mapping(entries) => {
                f.write_str("{")?;
                write_entries(entries, f)?;
                f.write_str("}")
            }
        }
    }

    /// The value under `key` of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(known, _)| known.text() == Some(key)).map(|(_, value)| value)
    }

    /// The entries of a mapping, none of anything else.
    pub(crate) fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            NodeValue::Mapping(entries) => entries,
            NodeValue::Scalar { .. } | NodeValue::Sequence(_) => &[],
        }
    }

    /// The items of a list, none of anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            NodeValue::Sequence(items) => items,
            NodeValue::Scalar { .. } | NodeValue::Mapping(_) => &[],
        }
    }

    /// A plain text in the place of this node.
    pub(crate) fn with_text(&self, text: &str) -> Self {
        Self { value: NodeValue::Scalar { text: text.to_owned(), plain: true }, ..*self }
    }

    /// A mapping of these entries in the place of this node.
    pub(crate) fn with_entries(&self, entries: Vec<(Node, Node)>) -> Self {
        Self { value: NodeValue::Mapping(entries), ..*self }
    }
}

fn write_entries(entries: &[(Node, Node)], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (number, (key, value)) in entries.iter().enumerate() {
        f.write_str(if number > 0 { ", " } else { "" })?;
        key.flow(f)?;
        f.write_str(": ")?;
        value.flow(f)?;
    }
    Ok(())
}

/// The tree of a file; `None` when it is not YAML, or empty. Syntax errors go to `diagnostics`.
pub fn parse(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<Node> {
    parse_telling(file, Telling::Words, diagnostics)
}

pub(super) fn parse_telling(
    file: &SourceFile,
    telling: Telling,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let mut builder = Builder {
        file: &file.name,
        telling,
        diagnostics,
        open: Vec::new(),
        root: None,
        documents: 0,
        nodes: 0,
    };
    for event in Parser::new_from_str(&file.text) {
        match event {
            Ok((event, span)) => {
                if builder.nodes.is_multiple_of(NODES_AT_A_STRETCH) {
                    give_way();
                }
                let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
                let column = u32::try_from(span.start.col() + 1).unwrap_or(u32::MAX);
                if !builder.take(event, line, column) {
                    return None;
                }
            }
            Err(error) => {
                let place = Place {
                    file: file.name.clone(),
                    line: u32::try_from(error.marker().line()).unwrap_or(u32::MAX),
                    column: u32::try_from(error.marker().col() + 1).unwrap_or(u32::MAX),
                };
                let remedy = if error.info().contains("tab") {
                    "indent by spaces; a tab is no indentation in YAML"
                } else {
                    "check indentation, quotes and brackets just before this place"
                };
                builder
                    .diagnostics
                    .error(place, format!("not readable as YAML: {}", error.info()))
                    .remedy(remedy);
                return None;
            }
        }
    }
    builder.root
}

/// Asking the time costs more than a node does.
const NODES_AT_A_STRETCH: u32 = 16;

/// Levels of nesting no rule or configuration file needs; the tree is read recursively.
const DEPTH_MAX: usize = 64;

struct Builder<'d> {
    file: &'d str,
    telling: Telling,
    diagnostics: &'d mut Diagnostics,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: u32,
}

struct Open {
    node: Node,
    key: Option<Node>,
}

impl Builder<'_> {
    /// False when reading cannot go on.
    fn take(&mut self, event: Event<'_>, line: u32, column: u32) -> bool {
        let complaint = match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => None,
            Event::DocumentStart(_) => {
                self.documents += 1;
                (self.documents > 1)
                    .then_some(("a second document in one file", "put it into a file of its own"))
            }
            Event::Alias(_) => Some(("an alias (`*name`)", "write the value out")),
            Event::Scalar(text, style, _, _) => {
                let plain = style == ScalarStyle::Plain;
                let node =
                    self.node(NodeValue::Scalar { text: text.into_owned(), plain }, line, column);
                self.finish(node);
                None
            }
            Event::SequenceStart(..) => self.start(NodeValue::Sequence(Vec::new()), line, column),
            Event::MappingStart(..) => self.start(NodeValue::Mapping(Vec::new()), line, column),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.finish(open.node);
                }
                None
            }
        };
        match complaint {
            Some((what, remedy)) => {
                let place = Place { file: self.file.to_owned(), line, column };
                self.diagnostics
                    .error(place, format!("{what} is not supported here"))
                    .remedy(remedy);
                false
            }
            None => true,
        }
    }

    fn start(
        &mut self,
        value: NodeValue,
        line: u32,
        column: u32,
    ) -> Option<(&'static str, &'static str)> {
        if self.open.len() >= DEPTH_MAX {
            return Some(("nesting deeper than 64 levels", "flatten the structure"));
        }
        let node = self.node(value, line, column);
        self.open.push(Open { node, key: None });
        None
    }

    fn node(&mut self, value: NodeValue, line: u32, column: u32) -> Node {
        self.nodes += 1;
        Node { value, id: self.nodes, line, column }
    }

    fn finish(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.node.value {
            NodeValue::Sequence(items) => items.push(node),
            NodeValue::Mapping(entries) => match open.key.take() {
                None => open.key = Some(node),
                Some(key) => {
                    if let Some((first, _)) =
                        entries.iter().find(|(known, _)| known.value == key.value)
                    {
                        let name = match self.telling {
                            Telling::Words => {
                                format!("key `{}`", shown(key.text().unwrap_or("?")))
                            }
                            Telling::Places => "a key".to_owned(),
                        };
                        let message = format!(
                            "{name} is given twice; it is first given on line {}",
                            first.line
                        );
                        let place = key.place(self.file);
                        self.diagnostics.error(place, message).remedy("keep one of the two");
                    } else {
                        entries.push((key, node));
                    }
                }
            },
            NodeValue::Scalar { .. } => {}
        }
    }
}
