//! What goes into the engine and what comes out.

use std::fmt;

use crate::{
    domain::{Coverage, Findings, Gap, Region, Replaced},
    policy::{Decision, Transfer},
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

    /// Whether the body is declared as more than one thing, of which a reader may take the first or the last.
    pub(super) fn is_of_several_types(&self) -> bool {
        let mut types = self.headers.iter().filter(|(name, _)| *name == "content-type");
        types.next().is_some_and(|(_, first)| types.any(|(_, other)| other != first))
    }
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
    /// How findings were changed, and how many in each way.
    pub replaced: Vec<Replaced>,
    /// A code of what was taken out, under the pseudonym key: tells two records of the same values
    /// apart from two of different ones, and tells no value.
    pub redacted_digest: Option<[u8; 16]>,
    /// Bytes read, decoded layers included.
    pub inspected_bytes: usize,
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
