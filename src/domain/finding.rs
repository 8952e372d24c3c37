//! Where a detector fired. A finding knows where, never what.

use std::fmt;

use smol_str::SmolStr;

use super::{Format, Layer, LayerId, Part, Region, Span, Tag, TagSet, field::Scalar};

/// How sure a detector is, in percent.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Confidence(pub u8);

/// The number of a detector within one generation; only its name leaves the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DetectorId(pub u16);

/// What else is known of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Marks {
    /// Belongs to somebody else than the subject: an address-book entry, a message's peer (MI-08).
    pub third_party: bool,
    /// A hash or an encryption of the value: it keeps its category (GDPR art. 4(5)).
    pub pseudonymous: bool,
    /// The value stands in a member name, which locators for others' eyes therefore hide.
    pub in_key: bool,
    /// An object or array judged as one thing.
    pub container: bool,
}

/// One place where personal data stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    pub tag: Tag,
    pub part: Part,
    pub layer: LayerId,
    /// The field's node in [`Findings`].
    pub path: u32,
    /// The bytes that are the personal data, within the layer; a whole value or a part of a text.
    pub span: Span,
    /// The whole value, with quotes.
    pub value: Span,
    /// The value with its key.
    pub member: Span,
    /// What kind of value; `None` for a container.
    pub kind: Option<Scalar>,
    pub confidence: Confidence,
    pub detector: DetectorId,
    pub marks: Marks,
    /// Index of the innermost container finding around this one.
    pub enclosing: Option<u32>,
    /// The jurisdiction the value speaks for: a calling code, the issuer of an identifier.
    pub region: Option<Region>,
}

impl Finding {
    /// The whole of a body, found for certain: what is judged where there is no payload to look into.
    pub fn of_body(tag: Tag) -> Self {
        Self {
            tag,
            part: Part::Body,
            layer: LayerId(0),
            path: Findings::ROOT,
            span: Span::default(),
            value: Span::default(),
            member: Span::default(),
            kind: None,
            confidence: Confidence(100),
            detector: DetectorId(0),
            marks: Marks::default(),
            enclosing: None,
            region: None,
        }
    }

    /// True when the personal data is the whole value of `layer`, which it stands in, rather than a part of a text.
    /// Quotes are no part of a value, where the format has some.
    pub(crate) fn is_whole(&self, layer: &Layer<'_>) -> bool {
        if self.marks.container || self.span == self.value {
            return true;
        }
        let (start, end) = (self.value.start + 1, self.value.end.saturating_sub(1));
        let has_quotes = match self.value.of(&layer.bytes) {
            [b'"', .., b'"'] => !matches!(layer.format, Format::Text | Format::Header),
            [b'\'', .., b'\''] => {
                matches!(layer.format, Format::Xml | Format::Yaml | Format::Toml)
            }
            _ => false,
        };
        has_quotes && (start, end) == (self.span.start, self.span.end)
    }
}

/// One step from a field to the field around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathNode {
    pub parent: Option<u32>,
    pub step: Step,
    /// The name is itself personal data, or may be.
    pub personal: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Most names are short enough to stand here without an allocation.
    Name(SmolStr),
    Index(u32),
}

impl Step {
    /// Under `name`. A short one is copied as it is; what is left to the general way looks first whether
    /// the text is white space alone.
    pub fn named(name: &str) -> Self {
        const INLINE_BYTES_MAX: usize = 23;
        if name.len() <= INLINE_BYTES_MAX {
            Self::Name(SmolStr::new_inline(name))
        } else {
            Self::Name(SmolStr::new(name))
        }
    }
}

/// The findings of one message in document order, and the paths they share.
///
/// Equal to others that were made at the same places, whichever nodes lead there.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    pub items: Vec<Finding>,
    pub nodes: Vec<PathNode>,
}

impl PartialEq for Findings {
    fn eq(&self, other: &Self) -> bool {
        let same = |(ours, theirs): (&Finding, &Finding)| {
            Finding { path: theirs.path, ..*ours } == *theirs
                && self.locator(ours) == other.locator(theirs)
                && self.safe_locator(ours) == other.safe_locator(theirs)
        };
        self.items.len() == other.items.len() && self.items.iter().zip(&other.items).all(same)
    }
}

impl Eq for Findings {}

impl Findings {
    /// The path number of a field that is its whole layer.
    pub(crate) const ROOT: u32 = u32::MAX;

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, items: usize, nodes: usize) {
        self.items.reserve_exact(items);
        self.nodes.reserve_exact(nodes);
    }

    /// Leaves the room they stood in.
    pub fn clear(&mut self) {
        self.items.clear();
        self.nodes.clear();
    }

    pub fn tags(&self) -> TagSet {
        self.items.iter().map(|finding| finding.tag).collect()
    }

    /// Where `finding` stands: a JSON Pointer (RFC 6901) for the body, and the part's name before it
    /// elsewhere: `query:/imei`, `header:/x-forwarded-for`, `cookie:/session_id`, `path:/2`.
    pub fn locator(&self, finding: &Finding) -> String {
        let mut text = String::with_capacity(64);
        self.write_locator(finding, &mut text);
        text
    }

    /// [`Self::locator`], appended to `text`.
    pub(crate) fn write_locator(&self, finding: &Finding, text: &mut String) {
        self.write_place(finding, false, text);
    }

    /// [`Self::locator`], with `*` for each name that is itself personal data: for records and replies.
    pub fn safe_locator(&self, finding: &Finding) -> String {
        let mut text = String::with_capacity(64);
        self.write_safe_locator(finding, &mut text);
        text
    }

    /// [`Self::safe_locator`], appended to `text`.
    pub(crate) fn write_safe_locator(&self, finding: &Finding, text: &mut String) {
        self.write_place(finding, true, text);
    }

    /// Where a node of a path stands, as [`Self::safe_locator`] says it of a finding in the body.
    pub(crate) fn node_locator(&self, node: u32) -> String {
        let mut text = String::new();
        self.write_steps(Some(node), true, &mut text);
        text
    }

    fn write_place(&self, finding: &Finding, hide: bool, text: &mut String) {
        write_part(finding.part, text);
        self.write_steps(Some(finding.path), hide, text);
    }

    fn write_steps(&self, mut next: Option<u32>, hide: bool, text: &mut String) {
        // Paths are short, mostly: the outermost steps of a longer one wait on the heap.
        let mut chain = [0; 16];
        let mut inner = 0;
        let mut outer = Vec::new();
        while let Some(number) = next
            && let Some(node) = self.nodes.get(number as usize)
        {
            match chain.get_mut(inner) {
                Some(place) => {
                    *place = number;
                    inner += 1;
                }
                None => outer.push(number),
            }
            next = node.parent;
        }
        let chain = chain.get(..inner).unwrap_or_default();
        for number in outer.iter().rev().chain(chain.iter().rev()) {
            let Some(node) = self.nodes.get(*number as usize) else { continue };
            write_step(node, hide, text);
        }
    }
}

/// Writes the safe locators of one message's findings, one after the other. Neighbours stand in the same object, mostly:
/// what they have in common is written once.
#[derive(Debug, Default)]
pub(crate) struct Locators {
    text: String,
    /// The part and the node around the last one, and how many bytes of `text` tell them.
    around: Option<((Part, Option<u32>), usize)>,
}

impl Locators {
    /// [`Findings::safe_locator`].
    pub(crate) fn locate(&mut self, findings: &Findings, finding: &Finding) -> &str {
        let last = findings.nodes.get(finding.path as usize);
        let around = (finding.part, last.and_then(|node| node.parent));
        match self.around {
            Some((known, bytes)) if known == around => self.text.truncate(bytes),
            _ => {
                self.text.clear();
                write_part(finding.part, &mut self.text);
                findings.write_steps(around.1, true, &mut self.text);
                self.around = Some((around, self.text.len()));
            }
        }
        if let Some(node) = last {
            write_step(node, true, &mut self.text);
        }
        &self.text
    }

    /// Before findings of another message.
    pub(crate) fn clear(&mut self) {
        self.around = None;
    }
}

fn write_part(part: Part, text: &mut String) {
    if part != Part::Body {
        text.push_str(part.as_str());
        text.push(':');
    }
}

fn write_step(node: &PathNode, hide: bool, text: &mut String) {
    text.push('/');
    match &node.step {
        Step::Name(_) if hide && node.personal => text.push('*'),
        Step::Name(name) => push_pointer_token(text, name),
        Step::Index(index) => text.push_str(itoa::Buffer::new().format(*index)),
    }
}

fn push_pointer_token(text: &mut String, name: &str) {
    let is_special = |any, byte| any | (byte == b'~') | (byte == b'/');
    if !name.bytes().fold(false, is_special) {
        text.push_str(name);
        return;
    }
    for character in name.chars() {
        match character {
            '~' => text.push_str("~0"),
            '/' => text.push_str("~1"),
            other => text.push(other),
        }
    }
}

impl Confidence {
    /// As a fraction with two decimals, `0.95`.
    pub(crate) fn fraction(self) -> [u8; 4] {
        let Self(percent) = self;
        [percent / 100 + b'0', b'.', percent / 10 % 10 + b'0', percent % 10 + b'0']
    }
}

impl fmt::Display for Confidence {
    /// [`Self::fraction`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.fraction()).unwrap_or_default())
    }
}
