//! The facts of a transfer, as far as they are known before anybody looks at the payload.
//!
//! A trusted hop may state them in `Bordergate-Transfer`, a dictionary of structured fields (RFC 9651):
//!
//! ```text
//! Bordergate-Transfer: origin=PK, purpose=cloud_sync, recipient=mi-dc-singapore,
//!     recipient-class=first_party_facility, flags=(consideration), context=:eyJzdWJqZWN0Ijp7fX0=:
//! ```
//!
//! `context` holds a JSON object in the shape of a decision request for what has no member of its own;
//! an explicit member wins over it. What the header leaves open, the caller's workload fills, and then the route. The header is taken
//! off before anything is forwarded, and is not read when it comes from anybody else.

use http::{HeaderMap, HeaderName};
use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parser};

use super::{ProxyError, destination::Destination, workload::Workload};
use crate::{
    domain::Region,
    policy::{Misread, RuleSet, Timestamp, Transfer},
    source::near,
};

pub(super) const HEADER: HeaderName = HeaderName::from_static("bordergate-transfer");

/// The transfer a request belongs to. `stated` are the request's headers when they come from a trusted
/// hop, `workload` is whoever calls.
pub(super) fn transfer(
    stated: Option<&HeaderMap>,
    workload: Option<&Workload>,
    destination: &Destination,
    now: Timestamp,
) -> Result<Box<Transfer>, ProxyError> {
    let mut transfer = match stated {
        Some(headers) if headers.contains_key(&HEADER) => Box::new(read(headers)?),
        // Nobody says more than the route does.
        Some(_) | None if workload.is_none() => {
            let mut transfer = destination.base.clone();
            transfer.as_of.get_or_insert(now);
            return Ok(transfer);
        }
        Some(_) | None => Box::default(),
    };
    // The destination is where the bytes go, whatever anybody says of it.
    if let Some(stated) = transfer.destination
        && Some(stated) != destination.base.destination
    {
        return Err(ProxyError::DestinationConflict { stated, actual: destination.jurisdiction });
    }
    if let Some(workload) = workload {
        workload.fill(&mut transfer);
    }
    transfer.fill_from_route(&destination.base);
    if let Some(workload) = workload {
        workload.flag(&mut transfer);
    }
    transfer.as_of.get_or_insert(now);
    Ok(transfer)
}

/// A destination that nobody understands, on a list of those that are restricted, would be restricted nowhere.
pub(super) fn check_lists(transfer: &Transfer, rules: &RuleSet) -> Result<(), ProxyError> {
    match rules.unknown_destinations(transfer).next() {
        // What stands there may be a value of anybody's; the list is one of the rules.
        Some((list, _)) => Err(ProxyError::ContextMalformed(format!(
            "`/config/{list}` has an element that is neither an ISO 3166-1 alpha-2 code nor a zone"
        ))),
        None => Ok(()),
    }
}

fn read(headers: &HeaderMap) -> Result<Transfer, ProxyError> {
    let wrong = |what: &str| ProxyError::ContextMalformed(what.to_owned());
    let mut joined = Vec::new();
    // A dictionary may be spread over several lines (RFC 9651 §4.2).
    for line in headers.get_all(&HEADER) {
        if !joined.is_empty() {
            joined.extend_from_slice(b", ");
        }
        joined.extend_from_slice(line.as_bytes());
    }
    let members: Dictionary =
        Parser::new(&joined).parse().map_err(|_| wrong("it is not a dictionary"))?;
    let mut transfer = match members.get("context") {
        Some(ListEntry::Item(item)) => {
            let BareItem::ByteSequence(bytes) = &item.bare_item else {
                return Err(wrong("`context` is not a byte sequence"));
            };
            read_context(bytes)?
        }
        Some(ListEntry::InnerList(_)) => return Err(wrong("`context` is not a byte sequence")),
        None => Transfer::default(),
    };
    if members.values().any(has_parameters) {
        return Err(wrong(
            "a member has parameters; members are parted by commas: `origin=PK, minor`",
        ));
    }
    for (key, member) in &members {
        set(&mut transfer, key.as_str(), member)?;
    }
    Ok(transfer)
}

fn read_context(bytes: &[u8]) -> Result<Transfer, ProxyError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Transfer::read_strictly(&mut json);
    // What serde says may repeat what it read, so it is not passed on; nor are names that may be values.
    let what = match read.map(|read| (read, json.end())) {
        Ok((read, Ok(()))) => return Ok(read),
        Err(Misread::Unknown { place, meant }) if is_plain(&place) => match meant {
            Some(meant) => format!("nothing reads `{place}` of `context`; `{meant}` may be meant"),
            None => format!("nothing reads `{place}` of `context`"),
        },
        Err(Misread::Unknown { meant: Some(meant), .. }) => {
            format!("`context` has a member that nothing reads; `{meant}` may be meant")
        }
        Err(Misread::Unknown { .. }) => "`context` has a member that nothing reads".to_owned(),
        Err(Misread::NoFlag { place }) if is_plain(&place) => {
            format!("`{place}` of `context` says neither `true` nor `false`")
        }
        Err(Misread::NoFlag { .. }) => {
            "a member of `context` says neither `true` nor `false`".to_owned()
        }
        Ok((_, Err(_))) | Err(Misread::Malformed(_)) => {
            "`context` is not a decision request in JSON".to_owned()
        }
    };
    Err(ProxyError::ContextMalformed(what))
}

/// Whether a place is told in words as members of a decision request are, and short.
fn is_plain(place: &str) -> bool {
    const BYTES_MAX: usize = 80;
    let is_of_words = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'/');
    // The number of an element.
    let is_of_place =
        |part: &str| part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    place.len() <= BYTES_MAX
        && place.split('/').all(|part| part.bytes().all(is_of_words) || is_of_place(part))
}

/// Those of [`set`].
const MEMBERS: [&str; 27] = [
    "context",
    "origin",
    "origin-subdivision",
    "collected-in",
    "destination",
    "purpose",
    "source-host",
    "collected-for",
    "recipient",
    "recipient-class",
    "recipient-kind",
    "covered-person",
    "data-intermediary",
    "own-purpose",
    "minor",
    "verified",
    "age",
    "flags",
    "purpose-ended",
    "legal-hold",
    "inbound",
    "consideration",
    "contract-necessity",
    "occasional",
    "anonymised",
    "important-data",
    "government-related",
];

fn set(transfer: &mut Transfer, key: &str, member: &ListEntry) -> Result<(), ProxyError> {
    let wrong = |what: &str| ProxyError::ContextMalformed(format!("`{key}` is not {what}"));
    let text = || text(member).ok_or_else(|| wrong("a token or string"));
    let region = || text()?.parse::<Region>().map_err(|_| wrong("an ISO 3166-1 alpha-2 code"));
    let flag = || flag(member).ok_or_else(|| wrong("a boolean"));
    match key {
        "context" => {}
        "origin" => transfer.origin = Some(region()?),
        "origin-subdivision" => {
            transfer.origin_subdivision = Some(text()?.to_ascii_uppercase());
        }
        "collected-in" => transfer.collected_in = Some(region()?),
        "destination" => transfer.destination = Some(region()?),
        "purpose" => transfer.purpose = Some(text()?.into()),
        "source-host" => transfer.source_host = Some(text()?),
        "collected-for" => transfer.collected_for = Some(text()?),
        "recipient" => transfer.recipient.id = Some(text()?.into()),
        "recipient-class" => transfer.recipient.class = Some(text()?.into()),
        "recipient-kind" => transfer.recipient.kind = Some(text()?),
        "covered-person" => transfer.recipient.covered_person = Some(flag()?),
        "data-intermediary" => transfer.recipient.data_intermediary = Some(flag()?),
        "own-purpose" => transfer.recipient.own_purpose = Some(flag()?),
        "minor" => transfer.subject.minor = Some(flag()?),
        "verified" => transfer.subject.verified = Some(flag()?),
        "age" => {
            transfer.subject.age = Some(age(member).ok_or_else(|| wrong("an age in years"))?);
        }
        "flags" => {
            let ListEntry::InnerList(list) = member else { return Err(wrong("a list of tokens")) };
            set_flags(transfer, list)?;
        }
        _ => {
            let unknown = || ProxyError::ContextMalformed(unread(key));
            let flag = flag().map_err(|_| unknown())?;
            set_flag(transfer, &key.replace('-', "_"), flag).ok_or_else(unknown)?;
        }
    }
    Ok(())
}

/// What is called like none of the members may be a value, and is not repeated; nor is what is short, and so near to
/// one of them by chance.
fn unread(key: &str) -> String {
    const LETTERS_MIN: usize = 5;
    // Names of `context` are written with `_`.
    let name = key.replace('_', "-");
    match near(&name, &MEMBERS) {
        Some(meant) if key.len() >= LETTERS_MIN && is_plain(&key.replace('-', "_")) => {
            format!("nothing reads `{key}`; `{meant}` may be meant")
        }
        Some(_) | None => "it has a member that nothing reads".to_owned(),
    }
}

/// Each name in the list is a flag that holds.
fn set_flags(transfer: &mut Transfer, list: &InnerList) -> Result<(), ProxyError> {
    for item in &list.items {
        let wrong = || ProxyError::ContextMalformed("`flags` holds what is not a flag".to_owned());
        let name = bare_text(&item.bare_item).ok_or_else(wrong)?;
        set_flag(transfer, &name, true).ok_or_else(wrong)?;
    }
    Ok(())
}

/// `None` when the decision request has no such flag.
fn set_flag(transfer: &mut Transfer, name: &str, value: bool) -> Option<()> {
    let flag = match name {
        "purpose_ended" => &mut transfer.purpose_ended,
        "legal_hold" => &mut transfer.legal_hold,
        "inbound" => &mut transfer.inbound,
        "consideration" => &mut transfer.consideration,
        "contract_necessity" => &mut transfer.contract_necessity,
        "occasional" => &mut transfer.occasional,
        "anonymised" => &mut transfer.anonymised,
        "important_data" => &mut transfer.important_data,
        "government_related" => &mut transfer.government_related,
        _ => return None,
    };
    *flag = Some(value);
    Some(())
}

/// Nothing reads them, and what is written behind a `;` may have been meant to forbid.
fn has_parameters(member: &ListEntry) -> bool {
    match member {
        ListEntry::Item(item) => !item.params.is_empty(),
        ListEntry::InnerList(list) => {
            !list.params.is_empty() || list.items.iter().any(|item| !item.params.is_empty())
        }
    }
}

fn text(member: &ListEntry) -> Option<String> {
    match member {
        ListEntry::Item(item) => bare_text(&item.bare_item),
        ListEntry::InnerList(_) => None,
    }
}

fn bare_text(item: &BareItem) -> Option<String> {
    match item {
        BareItem::Token(token) => Some(token.as_str().to_owned()),
        BareItem::String(string) => Some(string.as_str().to_owned()),
        BareItem::DisplayString(string) => Some(string.clone()),
        BareItem::Decimal(_)
        | BareItem::Integer(_)
        | BareItem::ByteSequence(_)
        | BareItem::Boolean(_)
        | BareItem::Date(_) => None,
    }
}

fn flag(member: &ListEntry) -> Option<bool> {
    match member {
        ListEntry::Item(item) => item.bare_item.as_boolean(),
        ListEntry::InnerList(_) => None,
    }
}

fn age(member: &ListEntry) -> Option<u32> {
    match member {
        ListEntry::Item(item) => {
            i64::from(item.bare_item.as_integer()?).try_into().ok().filter(|age| *age <= 150)
        }
        ListEntry::InnerList(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use http::HeaderValue;

    use super::*;
    use crate::policy::Transport;

    fn destination() -> Destination {
        let base = serde_json::json!({
            "origin": "IN", "destination": "SG", "purpose": "backup",
            "recipient": {"class": "first_party_facility", "id": "mi-dc-singapore"},
            "counters": {"cn_ytd_ordinary": 4},
        });
        let mut destination = Destination::for_test(serde_json::from_value(base).unwrap());
        destination.base.transport = Some(Transport::Tls);
        destination
    }

    fn now() -> Timestamp {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    fn read_lines(lines: &[&str]) -> Result<Box<Transfer>, ProxyError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HEADER, HeaderValue::from_str(line).unwrap());
        }
        transfer(Some(&headers), None, &destination(), now())
    }

    #[test]
    fn members_are_read_and_the_route_fills_the_rest() {
        let read = read_lines(&[
            "origin=PK, origin-subdivision=\"PK-SD\", purpose=cloud_sync",
            "recipient=courier-x, recipient-class=service_provider, recipient-kind=delivery",
            "covered-person=?0, minor, age=12, flags=(consideration occasional), inbound=?0",
        ])
        .unwrap();
        assert_eq!(read.origin, Some(Region::new(*b"PK")));
        assert_eq!(read.origin_subdivision.as_deref(), Some("PK-SD"));
        assert_eq!(read.purpose.as_deref(), Some("cloud_sync"));
        assert_eq!(read.recipient.id.as_deref(), Some("courier-x"));
        assert_eq!(read.recipient.kind.as_deref(), Some("delivery"));
        assert_eq!(read.recipient.covered_person, Some(false));
        assert_eq!(read.subject.minor, Some(true));
        assert_eq!(read.subject.age, Some(12));
        assert_eq!(read.consideration, Some(true));
        assert_eq!(read.occasional, Some(true));
        assert_eq!(read.inbound, Some(false));
        assert_eq!(read.destination, Some(Region::new(*b"SG")));
        assert_eq!(read.counters.get("cn_ytd_ordinary"), Some(&4));
        assert_eq!(read.as_of, Some(now()));
    }

    #[test]
    fn an_explicit_member_wins_over_the_context() {
        let context = STANDARD.encode(
            r#"{"origin": "DE", "purpose": "statistics", "transport": "plaintext",
                "mechanisms": [{"type": "eu_scc", "id": "scc-1"}], "as_of": "2026-02-01"}"#,
        );
        let read = read_lines(&[&format!("origin=FR, context=:{context}:")]).unwrap();
        assert_eq!(read.origin, Some(Region::new(*b"FR")));
        assert_eq!(read.purpose.as_deref(), Some("statistics"));
        assert_eq!(read.mechanisms.len(), 1);
        assert_eq!(read.as_of, Some("2026-02-01".parse().unwrap()));
        // How the way there is protected is known here, not by whoever calls.
        assert_eq!(read.transport, Some(Transport::Tls));
    }

    #[test]
    fn more_about_the_recipient_leaves_it_the_route_s() {
        let read = read_lines(&["covered-person"]).unwrap();
        assert_eq!(read.recipient.id.as_deref(), Some("mi-dc-singapore"));
        assert_eq!(read.recipient.class.as_deref(), Some("first_party_facility"));
        assert_eq!(read.recipient.covered_person, Some(true));
        // Somebody else is somebody else altogether.
        let read = read_lines(&["recipient=courier-x"]).unwrap();
        assert_eq!(read.recipient.class, None);
    }

    #[test]
    fn without_the_header_the_route_speaks() {
        for stated in [None, Some(&HeaderMap::new())] {
            let read = transfer(stated, None, &destination(), now()).unwrap();
            assert_eq!(read.origin, Some(Region::new(*b"IN")));
            assert_eq!(read.purpose.as_deref(), Some("backup"));
        }
    }

    #[test]
    fn the_destination_cannot_be_talked_away() {
        assert!(read_lines(&["destination=SG"]).is_ok());
        let error = read_lines(&["destination=US"]).unwrap_err();
        assert!(matches!(error, ProxyError::DestinationConflict { .. }), "{error}");
        let context = STANDARD.encode(r#"{"destination": "CN"}"#);
        assert!(read_lines(&[&format!("context=:{context}:")]).is_err());
    }

    proptest::proptest! {
        /// Hostile headers are refused or read; they neither panic nor come back in an error.
        #[test]
        fn no_header_panics(value in "[ -~]{0,200}") {
            if let Ok(value) = HeaderValue::from_str(&value) {
                let mut headers = HeaderMap::new();
                headers.insert(HEADER, value);
                let _ = transfer(Some(&headers), None, &destination(), now());
            }
        }
    }

    #[test]
    fn a_misspelt_member_is_named_with_the_one_that_was_probably_meant() {
        for (line, words) in [
            ("purpos=x", "nothing reads `purpos`; `purpose` may be meant"),
            ("origi=IE", "nothing reads `origi`; `origin` may be meant"),
            ("collected_in=IE", "nothing reads `collected_in`; `collected-in` may be meant"),
            ("considaration", "nothing reads `considaration`; `consideration` may be meant"),
            // What may be somebody's name, or is like nothing.
            ("aoi", "it has a member that nothing reads"),
            ("aoife-byrne=1", "it has a member that nothing reads"),
            (
                // {"subject": {"consnts": []}}
                "context=:eyJzdWJqZWN0IjogeyJjb25zbnRzIjogW119fQ==:",
                "nothing reads `/subject/consnts` of `context`; `consents` may be meant",
            ),
        ] {
            let error = read_lines(&[line]).unwrap_err().to_string();
            assert!(error.contains(words), "{line}: {error}");
        }
    }

    #[test]
    fn every_member_is_one_of_those_that_may_be_meant() {
        for member in MEMBERS {
            let value = match member {
                "age" => "=7",
                "flags" => "=(inbound)",
                "context" => "=:e30=:",
                name if name.starts_with("origin") || name.ends_with("-in") => "=PK",
                "destination" => "=SG",
                "purpose" | "source-host" | "collected-for" => "=x",
                name if name.starts_with("recipient") => "=x",
                _ => "",
            };
            let read = read_lines(&[&format!("{member}{value}")]);
            assert!(read.is_ok(), "{member}: {read:?}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused_without_repeating_it() {
        for line in [
            "origin=",
            "origin=pakistan",
            "origin=?1",
            "origin=(PK)",
            "purpose=12",
            "minor=yes",
            "age=-1",
            "age=4000",
            "flags=consideration",
            "flags=(everything)",
            "everything",
            "context=abc",
            "context=:!!:",
            "context=:bm90IGpzb24=:",
            "context=:eyJzdWJqZWN0Ijp7ImFnZSI6InNlY3JldCJ9fQ==:",
            "context=:eyJzdWJqZWN0Ijp7Im9wdF9vdXQiOlsicHVzaCJdfX0=:",
            "context=:eyJzZWNyZXRAeCI6MX0gMQ==:",
            "context=:eyJzdWJqZWN0Ijp7IlNlY3JldCI6MX19:",
            "=",
            "origin=PK,",
            "Origin=PK",
            "origin=PK;minor",
            "origin=PK, flags=(consideration;minor)",
            "flags=(consideration);minor",
            // {"minor": true}, {"gpc": "true"}, {"SUBJECT": {"minor": true}}
            "context=:eyJtaW5vciI6dHJ1ZX0=:",
            "context=:eyJncGMiOiJ0cnVlIn0=:",
            "context=:eyJTVUJKRUNUIjp7Im1pbm9yIjp0cnVlfX0=:",
        ] {
            let error = read_lines(&[line]).unwrap_err();
            assert!(matches!(error, ProxyError::ContextMalformed(_)), "{line}: {error}");
            assert!(!error.to_string().to_lowercase().contains("secret"), "{error}");
        }
    }
}
