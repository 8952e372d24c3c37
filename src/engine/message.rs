//! What goes into the engine and what comes out.

use std::{borrow::Cow, fmt};

use crate::{
    domain::{Coverage, Escape, Findings, Gap, Region, Replaced},
    format::{self, Unescaped},
    policy::{Decision, People, Transfer},
};

/// A request as received. Header names are lower case.
#[derive(Clone, Copy)]
pub struct Message<'m> {
    pub method: &'m str,
    /// Path and query, as on the request line.
    pub target: &'m str,
    pub headers: &'m [(&'m str, &'m [u8])],
    pub body: &'m [u8],
    /// Where the downstream address is by GeoIP; whose data it is when nothing else says so.
    pub client_region: Option<Region>,
}

impl<'m> Message<'m> {
    /// A body by itself: posted to `/`, from nobody knows where.
    pub const fn of_body(headers: &'m [(&'m str, &'m [u8])], body: &'m [u8]) -> Self {
        Self { method: "POST", target: "/", headers, body, client_region: None }
    }

    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The values of all headers of this name in one list (RFC 9110 §5.3).
    pub(super) fn list(&self, name: &str) -> Option<Cow<'m, [u8]>> {
        let mut values = self.headers.iter().filter(|(known, _)| *known == name).map(|(_, it)| *it);
        let first = values.next()?;
        Some(values.fold(Cow::Borrowed(first), |all, more| Cow::Owned([&*all, more].join(&b','))))
    }

    /// Whether the body is a range of a longer one (RFC 9110 §14.4, §14.6) or a piece of an upload, so that a value may
    /// begin in one message and end in another, or out of order in the same.
    pub(super) fn is_a_part_of_a_body(&self) -> bool {
        let is_ranges = self.header("content-type").is_some_and(|it| {
            it.trim_ascii_start().to_ascii_lowercase().starts_with(b"multipart/byteranges")
        });
        is_ranges
            || self.header("content-range").is_some_and(|range| !is_whole(range))
            || self.goes_on_an_upload()
            || self.target.split_once('?').is_some_and(|(_, query)| is_of_a_piece(query))
    }

    /// Resumable uploads, as tus and the IETF have them (draft-ietf-httpbis-resumable-upload) and Google does.
    fn goes_on_an_upload(&self) -> bool {
        let number = |name| {
            let text = std::str::from_utf8(self.header(name)?).ok()?;
            text.trim().parse::<u64>().ok()
        };
        let goes_on = |name| self.header(name).is_some() && number(name) != Some(0);
        let is_more = self.header("upload-complete").is_some_and(|it| it.trim_ascii() == b"?0");
        let length = u64::try_from(self.body.len()).ok();
        let is_begun = self.header("upload-offset").is_some()
            && number("upload-length").is_some_and(|whole| Some(whole) != length);
        goes_on("upload-offset") || goes_on("x-goog-upload-offset") || is_more || is_begun
    }

    /// Whether the body is declared as more than one thing, of which a reader may take the first or the last.
    pub(super) fn is_of_several_types(&self) -> bool {
        let mut types = self.headers.iter().filter(|(name, _)| *name == "content-type");
        types.next().is_some_and(|(_, first)| types.any(|(_, other)| other != first))
    }
}

/// `bytes 0-99/100`: a range that is all there is.
fn is_whole(range: &[u8]) -> bool {
    let range = std::str::from_utf8(range).unwrap_or_default().trim();
    let bytes = range.strip_prefix("bytes ").and_then(|it| it.strip_prefix("0-"));
    let Some((last, length)) = bytes.and_then(|it| it.split_once('/')) else { return false };
    let end = last.parse::<u64>().ok().and_then(|last| last.checked_add(1));
    end.is_some() && end == length.parse().ok()
}

/// Whether a query asks for a piece to be kept: a part of an upload to S3, a block, page or range of Azure's, or what is
/// put behind a file of HDFS or Azure's data lake.
fn is_of_a_piece(query: &str) -> bool {
    let mut buffer = Unescaped::new();
    let query = match query.contains('%') {
        true => format::unescape(Escape::Percent, query.as_bytes(), &mut buffer).as_str(),
        false => query,
    };
    let value_of = |known: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| name.eq_ignore_ascii_case(known)).map(|(_, value)| value)
    };
    let is = |name: &str, words: &[&str]| {
        value_of(name).is_some_and(|it| words.iter().any(|word| it.eq_ignore_ascii_case(word)))
    };
    (value_of("partNumber").is_some() && value_of("uploadId").is_some())
        || is("comp", &["block", "appendblock", "page", "range"])
        || is("op", &["append"])
        || (is("action", &["append"]) && value_of("position").is_some())
}

impl fmt::Debug for Message<'_> {
    /// Without anything received.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish()
    }
}

/// The judgement of one message.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub decision: Decision,
    pub findings: Findings,
    pub coverage: Coverage,
    pub gaps: Vec<Gap>,
    /// The transfer that was judged, completed by the payload's own evidence.
    pub transfer: Box<Transfer>,
    /// Set when the effect is `Redact`.
    pub redacted: Option<Redacted>,
    /// The findings whose values the last ones repeat, by number: what is taken out in one place goes from the others
    /// as well.
    pub echo_of: Vec<u32>,
    /// How findings were changed, and how many in each way.
    pub replaced: Vec<Replaced>,
    /// A code of what was taken out, under the pseudonym key: tells two records of the same values
    /// apart from two of different ones, and tells no value.
    pub redacted_digest: Option<[u8; 16]>,
    /// Bytes read, decoded layers included.
    pub inspected_bytes: usize,
}

impl Verdict {
    /// The people with what repeats their values: whose a value is, its echo is.
    pub(crate) fn with_echoes<'p>(&self, people: &'p People) -> Cow<'p, People> {
        if self.echo_of.is_empty() {
            return Cow::Borrowed(people);
        }
        let mut people = people.clone();
        people.of.resize(self.findings.items.len() - self.echo_of.len(), 0);
        let of: Vec<u32> = self
            .echo_of
            .iter()
            .map(|number| people.of.get(*number as usize).copied().unwrap_or(0))
            .collect();
        people.of.extend(of);
        Cow::Owned(people)
    }
}

/// The changed parts of a message; what is `None` goes through byte for byte.
#[derive(Clone, Default)]
pub struct Redacted {
    pub target: Option<String>,
    /// Index into `Message::headers`, and the new value; `None` takes the header out.
    pub headers: Vec<(usize, Option<Vec<u8>>)>,
    pub body: Option<Vec<u8>>,
    /// The body goes out without the `Content-Encoding` it came with.
    pub body_is_identity: bool,
}

impl fmt::Debug for Redacted {
    /// Without the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redacted")
            .field("target", &self.target.is_some())
            .field("headers", &self.headers.len())
            .field("body", &self.body.as_ref().map(Vec::len))
            .finish()
    }
}
