//! The record of one exchange: who, from where to where, which tags, what effect, by which rules.
//!
//! A record cannot hold a payload value, because no part of it accepts one: numbers, enums of the
//! code, [`Name`]s, [`Locator`]s and sentences of the rule files are all there is. It borrows from the
//! exchange and the snapshot, and lives until it is a line of JSON.

use std::{borrow::Cow, fmt, net::IpAddr};

use serde::{Serialize, Serializer};

use super::TraceId;
use crate::domain::{
    Coverage, Effect, Finding, Findings, Gap, Region, Replaced, TagSet, Taxonomy, by_byte,
};

/// Locators of one tag, and of one record; the counts go on.
const LOCATORS_PER_TAG_MAX: usize = 8;
const LOCATORS_MAX: usize = 64;
/// Bytes of one locator; longer ones end in `…`.
const LOCATOR_BYTES_MAX: usize = 256;
/// Bytes of one name.
const NAME_BYTES_MAX: usize = 128;
/// A run of digits this long is a phone number or a device id, not part of a name.
const NAME_DIGITS_MAX: usize = 8;

/// One exchange, as the auditors see it.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRecord<'r> {
    pub time: jiff::Timestamp,
    pub stage: Stage,
    /// Of the rules that judged the exchange.
    pub generation: u64,
    pub trace_id: TraceId,
    pub peer: Peer<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Name<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_centre: Option<Name<'r>>,
    pub origin: Option<Region>,
    pub destination: Option<Region>,
    pub recipient: Recipient<'r>,
    pub purpose: Option<Name<'r>>,
    /// Each of the people by keyed codes of what identifies them in the message, the preferred first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Vec<SubjectCode>>,
    pub effect: Effect,
    pub rules: Vec<Name<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked_by: Vec<Name<'r>>,
    /// The rules that took fields out or changed them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redacted_by: Vec<Name<'r>>,
    /// How fields were changed, and how many in each way.
    #[serde(skip_serializing_if = "<[Replaced]>::is_empty")]
    pub replaced: &'r [Replaced],
    /// The id of the key that replacements and `redacted_hash` were made under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'r str>,
    /// A sentence of the rule that decided.
    pub reason: Cow<'r, str>,
    pub tags: Vec<TagCount<'r>>,
    pub coverage: Coverage,
    #[serde(skip_serializing_if = "<[Gap]>::is_empty")]
    pub gaps: &'r [Gap],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mechanisms: Vec<Name<'r>>,
    /// Evidence, or else scope, of consents on file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Name<'r>>,
    /// Counts of people that the exchange moved.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<CounterChange<'r>>,
    /// Why nobody could say what is on file: a word of the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts_unavailable: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<Name<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redacted_hash: Option<RedactedHash>,
    /// What the downstream was answered; absent while the exchange is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why the exchange failed, when it did for another reason than a rule: a word of the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    pub request_bytes: u64,
    pub forwarded_bytes: u64,
    pub response_bytes: u64,
    pub inspected_bytes: u64,
    pub durations: Durations,
}

/// When the line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Judged, and not yet forwarded: only where a transfer needs its record first.
    Judged,
    /// Over.
    #[default]
    Closed,
}

/// Who called.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Peer<'r> {
    /// The identity in its certificate, `spiffe://mesh/ns/shop/sa/checkout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<Name<'r>>,
    pub address: AddressClass,
}

/// An address is personal data; its kind is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressClass {
    #[default]
    Unknown,
    Loopback,
    /// RFC 1918, RFC 4193, RFC 6598 and link-local addresses.
    Private,
    Public,
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
#[derive(Debug, Clone, Default, Serialize)]
pub struct Recipient<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Name<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Name<'r>>,
}

/// An obligation that went with the transfer.
#[derive(Debug, Clone, Serialize)]
pub struct Annotation<'r> {
    pub name: Name<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Name<'r>>,
}

/// A count without and with an exchange.
#[derive(Debug, Clone, Serialize)]
pub struct CounterChange<'r> {
    pub name: Name<'r>,
    pub before: u64,
    pub after: u64,
}

/// How often one kind of data was found, and where.
#[derive(Debug, Clone, Serialize)]
pub struct TagCount<'r> {
    pub tag: Name<'r>,
    pub count: u32,
    #[serde(skip_serializing_if = "is_zero")]
    pub redacted: u32,
    pub pointers: Vec<Locator>,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Durations {
    #[serde(rename = "total_us")]
    pub total: Micros,
    #[serde(rename = "inspection_us")]
    pub inspection: Micros,
    #[serde(rename = "upstream_us")]
    pub upstream: Micros,
}

/// A duration that is written as whole microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Micros(pub std::time::Duration);

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX))
    }
}

/// A name that people gave to a thing: a rule, a category, a purpose, a route, a workload.
///
/// Purposes and mechanisms may come off the wire, so what is not shaped like a name is not taken:
/// ASCII letters, digits and `._-/`, at least one letter, no long run of digits, at most 128 bytes; a
/// `spiffe://` identity may have its colon. A date or a timestamp is taken too: policy versions and
/// deadlines are called so. Everything else reads `withheld`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Name<'r>(Cow<'r, str>);

impl<'r> Name<'r> {
    pub const WITHHELD: &'static str = "withheld";

    pub fn new(text: impl Into<Cow<'r, str>>) -> Self {
        let text = text.into();
        if is_name(&text) { Self(text) } else { Self(Cow::Borrowed(Self::WITHHELD)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_name(text: &str) -> bool {
    if text.is_empty() || text.len() > NAME_BYTES_MAX {
        return false;
    }
    is_word(text.strip_prefix("spiffe://").unwrap_or(text)) || is_time(text)
}

fn is_word(text: &str) -> bool {
    let (mut seen, mut run, mut longest) = (0, 0, 0);
    for byte in text.bytes() {
        let kind = KINDS.of(byte);
        seen |= kind;
        run = if kind == DIGIT { run + 1 } else { 0 };
        longest = run.max(longest);
    }
    seen & (LETTER | OTHER) == LETTER && longest <= NAME_DIGITS_MAX
}

const DIGIT: u8 = 1;
const LETTER: u8 = 2;
const MARK: u8 = 4;
const OTHER: u8 = 8;

by_byte! {
    /// What a byte is in a name.
    static KINDS: u8 = |byte| match byte {
        b'0'..=b'9' => DIGIT,
        b'a'..=b'z' | b'A'..=b'Z' => LETTER,
        b'.' | b'_' | b'-' | b'/' => MARK,
        _ => OTHER,
    }
}

fn is_time(text: &str) -> bool {
    // The parsers take more than RFC 3339: dates without dashes, and annotations of any text.
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b"-:.+TZ".contains(&b));
    let dashed = text.as_bytes().get(4) == Some(&b'-');
    plain
        && dashed
        && (text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::Timestamp>().is_ok())
}

/// Where a finding stands, with `*` for names that are personal data themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Locator(String);

impl Locator {
    pub fn new(findings: &Findings, finding: &Finding) -> Self {
        let mut text = findings.safe_locator(finding);
        if text.len() > LOCATOR_BYTES_MAX {
            let end =
                (0..=LOCATOR_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
            text.push('…');
        }
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A keyed code of an identifier: tells whether two are one without telling which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectCode(pub [u8; 16]);

impl Serialize for SubjectCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

/// The first 128 bits of a keyed hash over the redacted fields: proves later what was taken out
/// without keeping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedactedHash(pub [u8; 16]);

impl Serialize for RedactedHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

/// The findings counted by tag, with the first few locators of each; `redacted` are the indices of
/// those that were changed.
pub fn tag_counts<'t>(
    findings: &Findings,
    taxonomy: &'t Taxonomy,
    redacted: impl IntoIterator<Item = u32>,
) -> Vec<TagCount<'t>> {
    let mut counts: Vec<TagCount<'t>> = Vec::new();
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
                    pointers: Vec::new(),
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

fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{
        Category, Confidence, DetectorId, GapCause, LayerId, Marks, Part, PathNode,
        ReplacementKind, Sensitivity, Span, Step, Tag,
    };

    pub(in crate::telemetry) fn record(number: u64) -> AuditRecord<'static> {
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
            subjects: Vec::new(),
            effect: Effect::Redact,
            rules: vec![Name::new("MI-06")],
            blocked_by: Vec::new(),
            redacted_by: vec![Name::new("MI-06")],
            replaced: &[],
            key: None,
            reason: "Birthday is outside the activation set.".into(),
            tags: Vec::new(),
            coverage: Coverage::Full,
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
    fn a_name_is_a_name_and_never_a_value() {
        for name in [
            "MI-06",
            "JR-CN-02",
            "user.device.device_id.imei",
            "cloud_sync",
            "2019-03-18",
            "2026-03-02T09:00:00Z",
            "scc-2024-00012345",
            "law/eu",
            "spiffe://mesh.example/ns/shop/sa/checkout",
            "mi-dc-singapore",
        ] {
            assert_eq!(Name::new(name).as_str(), name);
        }
        for value in [
            "",
            "sana.k@example.pk",
            "+923451112233",
            "923451112233",
            "867619040000019",
            "imei-867619040000019",
            "64:CC:2E:AA:BB:01",
            "10.1.2.3",
            "2001:db8::1",
            "Sana Khan",
            "王小明",
            "24.8607",
            "2019-13-45",
            "20190318",
            "2026-03-02T09:00:00Z[u-ca=sana]",
            &"a".repeat(NAME_BYTES_MAX + 1),
        ] {
            assert_eq!(Name::new(value).as_str(), Name::WITHHELD, "{value}");
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

    fn taxonomy() -> Taxonomy {
        let category = |key: &str| Category {
            key: key.into(),
            short: key.into(),
            title: String::new(),
            dpv: None,
            sensitivity: Sensitivity::Ordinary,
            identifier: true,
            container: false,
        };
        Taxonomy::new(vec![category("user.name"), category("user.contact.email")]).unwrap()
    }

    fn finding(tag: u16, path: u32) -> Finding {
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
        assert_eq!(counts[0].pointers[0].as_str(), "/*");
        assert!(counts[1].pointers[0].as_str().ends_with("x…"));
        assert_eq!(counts[1].pointers[1].as_str(), "/0");
    }

    #[test]
    fn a_record_is_one_line_of_json() {
        let gaps = [Gap {
            part: Part::Body,
            coverage: Coverage::Partial,
            cause: GapCause::TooDeep,
            offset: 12,
        }];
        let mut record = record(7);
        record.gaps = &gaps;
        record.coverage = Coverage::Partial;
        record.redacted_hash = Some(RedactedHash([0xab; 16]));
        let replaced = [Replaced {
            kind: ReplacementKind::Hash,
            instead_of: Some(ReplacementKind::Tokenise),
            count: 2,
        }];
        (record.replaced, record.key) = (&replaced, Some("2026-11"));
        record.annotations = vec![Annotation {
            name: Name::new("file-ctia-by"),
            value: Some(Name::new("2026-03-02")),
        }];
        record.durations.total = Micros(std::time::Duration::from_micros(1_234));
        let line = serde_json::to_string(&record).unwrap();
        assert!(!line.contains('\n'));
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        for (pointer, expected) in [
            ("/time", serde_json::json!("1970-01-01T00:00:00Z")),
            ("/stage", "closed".into()),
            ("/generation", 7.into()),
            ("/trace_id", "01".repeat(16).into()),
            ("/peer/address", "unknown".into()),
            ("/origin", "PK".into()),
            ("/effect", "redact".into()),
            ("/rules/0", "MI-06".into()),
            ("/coverage", "partial".into()),
            ("/gaps/0/cause", "too_deep".into()),
            ("/annotations/0/value", "2026-03-02".into()),
            ("/redacted_hash", "ab".repeat(16).into()),
            ("/replaced/0/kind", "hash".into()),
            ("/replaced/0/instead_of", "tokenise".into()),
            ("/replaced/0/count", 2.into()),
            ("/key", "2026-11".into()),
            ("/durations/total_us", 1_234.into()),
            ("/status", 200.into()),
        ] {
            assert_eq!(json.pointer(pointer), Some(&expected), "{pointer}");
        }
    }
}
