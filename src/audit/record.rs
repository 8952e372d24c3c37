//! The record of one exchange: who, from where to where, which tags, what effect, by which rules.
//!
//! A record cannot hold a payload value, because no part of it accepts one: numbers, enums of the
//! code, [`Name`]s, [`Locator`]s and sentences of the rule files are all there is. It borrows from the
//! exchange and the snapshot, and lives until it is a line of JSON.

mod line;

use std::{borrow::Cow, fmt, net::IpAddr};

use smallvec::SmallVec;

use super::words;
use crate::{
    domain::{
        Coverage, Effect, Finding, Findings, Gap, Locators, Region, Replaced, TagSet, Taxonomy,
    },
    telemetry::{Name, TraceId},
};

/// Locators of one tag, and of one record; the counts go on.
const LOCATORS_PER_TAG_MAX: usize = 8;
const LOCATORS_MAX: usize = 64;
/// Bytes of one locator; longer ones end in `…`.
const LOCATOR_BYTES_MAX: usize = 256;

/// One exchange, as the auditors see it.
#[derive(Debug, Clone)]
pub struct AuditRecord<'r> {
    pub time: jiff::Timestamp,
    pub stage: Stage,
    /// Of the rules that judged the exchange.
    pub generation: u64,
    pub trace_id: TraceId,
    pub peer: Peer<'r>,
    pub route: Option<Name<'r>>,
    pub data_centre: Option<Name<'r>>,
    pub origin: Option<Region>,
    pub destination: Option<Region>,
    pub recipient: Recipient<'r>,
    pub purpose: Option<Name<'r>>,
    /// `untrusted` where a header said more of the transfer, and came from somebody who is not believed.
    pub context: Option<&'static str>,
    /// The people, each by keyed codes of what identifies them in the message, the preferred first.
    pub subjects: Vec<Vec<SubjectCode>>,
    /// Absent in what was refused before it was judged: it was no transfer.
    pub effect: Option<Effect>,
    pub rules: NameList<'r>,
    pub blocked_by: Vec<Name<'r>>,
    /// The rules that took fields out or changed them.
    pub redacted_by: Vec<Name<'r>>,
    /// Which part decided, of each of these rules that is in several: `JR-US-12/opt-out`.
    pub parts: Vec<Name<'r>>,
    /// How fields were changed, and how many in each way.
    pub replaced: &'r [Replaced],
    /// The id of the key that replacements and `redacted_hash` were made under.
    pub key: Option<&'r str>,
    /// A sentence of the rule that decided.
    pub reason: Cow<'r, str>,
    pub tags: Vec<TagCount<'r>>,
    /// Absent where nothing was read.
    pub coverage: Option<Coverage>,
    pub gaps: &'r [Gap],
    pub annotations: Vec<Annotation<'r>>,
    pub mechanisms: Vec<Name<'r>>,
    /// Evidence, or else scope, of consents on file.
    pub consents: Vec<Name<'r>>,
    /// Counts of people that the exchange moved.
    pub counters: Vec<CounterChange<'r>>,
    /// Why nobody could say what is on file: a word of the code.
    pub facts_unavailable: Option<&'static str>,
    pub policy_version: Option<Name<'r>>,
    pub redacted_hash: Option<RedactedHash>,
    /// What the downstream was answered; absent while the exchange is open.
    pub status: Option<u16>,
    /// Why the exchange failed, when it did for another reason than a rule: a word of the code.
    pub error: Option<&'static str>,
    pub request_bytes: u64,
    pub forwarded_bytes: u64,
    pub response_bytes: u64,
    pub inspected_bytes: u64,
    pub durations: Durations,
}

/// When the line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Judged, and not yet forwarded: only where a transfer needs its record first.
    Judged,
    /// Over.
    #[default]
    Closed,
}

impl AuditRecord<'_> {
    pub fn outcome(&self) -> &'static str {
        self.effect.map_or(words::REFUSED, Effect::as_str)
    }
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Judged => words::JUDGED,
            Self::Closed => words::CLOSED,
        }
    }
}

/// Who called.
#[derive(Debug, Clone, Default)]
pub struct Peer<'r> {
    /// The identity in its certificate, `spiffe://mesh/ns/shop/sa/checkout`.
    pub workload: Option<Name<'r>>,
    pub address: AddressClass,
}

/// An address is personal data; its kind is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressClass {
    #[default]
    Unknown,
    Loopback,
    /// RFC 1918, RFC 4193, RFC 6598 and link-local addresses.
    Private,
    Public,
}

impl AddressClass {
    fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

impl From<IpAddr> for AddressClass {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::Loopback,
            address if address.is_unspecified() => Self::Unknown,
            IpAddr::V4(v4) => {
                let [first, second, ..] = v4.octets();
                // RFC 6598, 100.64.0.0/10.
                let shared = first == 100 && second & 0b1100_0000 == 64;
                if v4.is_private() || v4.is_link_local() || shared {
                    Self::Private
                } else {
                    Self::Public
                }
            }
            IpAddr::V6(v6) if v6.is_unique_local() || v6.is_unicast_link_local() => Self::Private,
            IpAddr::V6(_) => Self::Public,
        }
    }
}

/// Who received.
#[derive(Debug, Clone, Default)]
pub struct Recipient<'r> {
    pub class: Option<Name<'r>>,
    pub id: Option<Name<'r>>,
}

/// An obligation that went with the transfer.
#[derive(Debug, Clone)]
pub struct Annotation<'r> {
    pub name: Name<'r>,
    pub value: Option<Name<'r>>,
}

/// A count without and with an exchange.
#[derive(Debug, Clone)]
pub struct CounterChange<'r> {
    pub name: Name<'r>,
    pub before: u64,
    pub after: u64,
}

/// How often one kind of data was found, and where.
#[derive(Debug, Clone)]
pub struct TagCount<'r> {
    pub tag: Name<'r>,
    pub count: u32,
    pub redacted: u32,
    pub pointers: SmallVec<[Locator<'r>; 1]>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Durations {
    pub total: Micros,
    pub inspection: Micros,
    pub upstream: Micros,
}

/// A duration; it is written in whole microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Micros(pub std::time::Duration);

/// Names, written as a list of JSON: the same ones stand in record after record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameList<'r>(Cow<'r, str>);

impl<'r> NameList<'r> {
    /// What [`Self::into_json`] gave.
    pub fn kept(json: &'r str) -> Self {
        Self(Cow::Borrowed(json))
    }

    pub(crate) fn into_json(self) -> Box<str> {
        self.0.into()
    }
}

impl Default for NameList<'_> {
    fn default() -> Self {
        Self(Cow::Borrowed("[]"))
    }
}

impl<'n> FromIterator<Name<'n>> for NameList<'_> {
    fn from_iter<I: IntoIterator<Item = Name<'n>>>(names: I) -> Self {
        let mut json = String::from("[");
        for name in names {
            let comma = if json.len() > 1 { "," } else { "" };
            json.extend([comma, "\"", name.as_str(), "\""]);
        }
        json.push(']');
        Self(Cow::Owned(json))
    }
}

/// Where a finding stands, with `*` for names that are personal data themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locator<'r> {
    findings: &'r Findings,
    finding: &'r Finding,
}

impl<'r> Locator<'r> {
    pub fn new(findings: &'r Findings, finding: &'r Finding) -> Self {
        Self { findings, finding }
    }

    /// By way of `locators`, which had those before it; what is too long ends in `…`.
    fn write<'l>(&self, locators: &'l mut Locators) -> Cow<'l, str> {
        let text = locators.locate(self.findings, self.finding);
        match text.get(..text.floor_char_boundary(LOCATOR_BYTES_MAX)) {
            Some(begin) if begin.len() < text.len() => format!("{begin}…").into(),
            _ => text.into(),
        }
    }
}

impl fmt::Display for Locator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.write(&mut Locators::default()))
    }
}

/// A keyed code of an identifier: tells whether two are one without telling which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectCode(pub [u8; 16]);

/// The first 128 bits of a keyed hash over the redacted fields: proves later what was taken out
/// without keeping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedactedHash(pub [u8; 16]);

/// The findings counted by tag, with the first few locators of each; `redacted` are the indices of
/// those that were changed.
pub(crate) fn tag_counts<'t>(
    findings: &'t Findings,
    taxonomy: &'t Taxonomy,
    redacted: impl IntoIterator<Item = u32>,
) -> Vec<TagCount<'t>> {
    let mut counts: Vec<TagCount<'t>> = Vec::with_capacity(findings.items.len().min(16));
    let mut slots = [u8::MAX; TagSet::CAPACITY];
    let mut locators = 0;
    for finding in &findings.items {
        let Some(slot) = slots.get_mut(usize::from(finding.tag.0)) else { continue };
        let index = match *slot {
            u8::MAX if counts.len() < usize::from(u8::MAX) => {
                counts.push(TagCount {
                    tag: Name::new(taxonomy.key(finding.tag)),
                    count: 0,
                    redacted: 0,
                    pointers: SmallVec::new(),
                });
                *slot = u8::try_from(counts.len() - 1).unwrap_or(u8::MAX);
                counts.len() - 1
            }
            taken => usize::from(taken),
        };
        let Some(count) = counts.get_mut(index) else { continue };
        count.count += 1;
        if count.pointers.len() < LOCATORS_PER_TAG_MAX && locators < LOCATORS_MAX {
            count.pointers.push(Locator::new(findings, finding));
            locators += 1;
        }
    }
    for index in redacted {
        let slot = findings
            .items
            .get(index as usize)
            .and_then(|finding| slots.get(usize::from(finding.tag.0)));
        if let Some(count) = slot.and_then(|slot| counts.get_mut(usize::from(*slot))) {
            count.redacted += 1;
        }
    }
    counts
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{
        Category, Confidence, DetectorId, LayerId, Marks, Part, PathNode, Sensitivity, Span, Step,
        Tag,
    };

    pub(in crate::audit) fn record(number: u64) -> AuditRecord<'static> {
        AuditRecord {
            time: jiff::Timestamp::UNIX_EPOCH,
            stage: Stage::Closed,
            generation: number,
            trace_id: TraceId([1; 16]),
            peer: Peer::default(),
            route: Some(Name::new("activation")),
            data_centre: Some(Name::new("singapore")),
            origin: Some(Region::new(*b"PK")),
            destination: Some(Region::new(*b"SG")),
            recipient: Recipient { class: Some(Name::new("first_party_facility")), id: None },
            purpose: Some(Name::new("service_activation")),
            context: None,
            subjects: Vec::new(),
            effect: Some(Effect::Redact),
            rules: [Name::new("MI-06")].into_iter().collect(),
            blocked_by: Vec::new(),
            redacted_by: vec![Name::new("MI-06")],
            parts: Vec::new(),
            replaced: &[],
            key: None,
            reason: "Birthday is outside the activation set.".into(),
            tags: Vec::new(),
            coverage: Some(Coverage::Full),
            gaps: &[],
            annotations: Vec::new(),
            mechanisms: Vec::new(),
            consents: Vec::new(),
            counters: Vec::new(),
            facts_unavailable: None,
            policy_version: Some(Name::new("2019-03-18")),
            redacted_hash: None,
            status: Some(200),
            error: None,
            request_bytes: 10,
            forwarded_bytes: 8,
            response_bytes: 2,
            inspected_bytes: 10,
            durations: Durations::default(),
        }
    }

    #[test]
    fn an_address_is_told_by_its_class() {
        for (address, class) in [
            ("127.0.0.1", AddressClass::Loopback),
            ("::1", AddressClass::Loopback),
            ("::ffff:127.0.0.1", AddressClass::Loopback),
            ("10.0.0.1", AddressClass::Private),
            ("172.31.255.255", AddressClass::Private),
            ("172.32.0.0", AddressClass::Public),
            ("100.64.0.1", AddressClass::Private),
            ("100.128.0.1", AddressClass::Public),
            ("169.254.1.1", AddressClass::Private),
            ("fd00::1", AddressClass::Private),
            ("fe80::1", AddressClass::Private),
            ("2400:cb00::1", AddressClass::Public),
            ("8.8.8.8", AddressClass::Public),
            ("0.0.0.0", AddressClass::Unknown),
        ] {
            assert_eq!(AddressClass::from(address.parse::<IpAddr>().unwrap()), class, "{address}");
        }
    }

    pub(super) fn taxonomy() -> Taxonomy {
        let category = |key: &str| Category {
            key: key.into(),
            short: key.into(),
            title: String::new(),
            dpv: None,
            sensitivity: Sensitivity::Ordinary,
            identifier: true,
            container: false,
            covers: Vec::new(),
        };
        Taxonomy::new(vec![category("user.name"), category("user.contact.email")]).unwrap()
    }

    pub(super) fn finding(tag: u16, path: u32) -> Finding {
        Finding {
            tag: Tag(tag),
            part: Part::Body,
            layer: LayerId(0),
            path,
            span: Span::default(),
            value: Span::default(),
            member: Span::default(),
            kind: None,
            confidence: Confidence(90),
            detector: DetectorId(0),
            marks: Marks::default(),
            enclosing: None,
            region: None,
        }
    }

    #[test]
    fn findings_are_counted_by_tag_with_a_few_locators() {
        let node = |step, personal| PathNode { parent: None, step, personal };
        let mut findings = Findings::default();
        findings.nodes.push(node(Step::Name("sana.k@example.pk".into()), true));
        findings.nodes.push(node(Step::Name("x".repeat(300).into()), false));
        findings.items.push(finding(1, 0));
        findings.items.push(finding(0, 1));
        for index in 0..1_000 {
            findings.nodes.push(node(Step::Index(index), false));
            findings.items.push(finding(0, 2 + index));
        }
        let taxonomy = taxonomy();
        let counts = tag_counts(&findings, &taxonomy, [0, 5, 6, 9_999]);
        let told: Vec<_> = counts
            .iter()
            .map(|c| (c.tag.as_str(), c.count, c.redacted, c.pointers.len()))
            .collect();
        assert_eq!(
            told,
            [("user.contact.email", 1, 1, 1), ("user.name", 1_001, 2, LOCATORS_PER_TAG_MAX)]
        );
        assert_eq!(counts[0].pointers[0].to_string(), "/*");
        assert!(counts[1].pointers[0].to_string().ends_with("x…"));
        assert_eq!(counts[1].pointers[1].to_string(), "/0");
    }
}
