//! What somebody asks about: a context with its payload, read from JSON.

use base64::Engine as _;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{Explained, Inquiry, Judged};
use crate::{
    domain::{Limits, Region},
    engine::{Message, Scratch},
    policy::{Misread, Transfer},
    source::suggest,
};

/// A transfer, its payload and how that is written: one line of a batch, one body of a request.
#[derive(Debug)]
pub struct Case {
    /// Comes back with the answer.
    pub id: Option<serde_json::Value>,
    /// Whose facts are to be added to those of the transfer.
    pub route: Option<String>,
    pub transfer: Transfer,
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
}

/// Why a text is no case.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error("not a context with its payload: {0}")]
    Json(serde_json::Error),
    /// A member is not what it should be.
    #[error("not a context with its payload: `{member}`: {error}")]
    Member { member: String, error: serde_json::Error },
    /// It would count for nothing, and the answer be that to another question.
    #[error("not a context with its payload: {0}")]
    Unread(Misread<serde_json::Error>),
    #[error("there is no route `{route}`; {meant}")]
    NoRoute { route: String, meant: String },
    #[error("a `route` is one of a configuration, and there is none here")]
    NoConfiguration,
    #[error("the route `{route}` leads to {actual}, and `destination` is {stated}")]
    Elsewhere { route: String, stated: Region, actual: Region },
    #[error("give either `payload` or `payload_base64`")]
    TwoPayloads,
    /// What is not there was not looked at, and is not to pass for clean.
    #[error("no `payload` and no `payload_base64`; `null` says that there is none")]
    NoPayload,
    #[error("`payload_base64` is not base64 (RFC 4648 §4)")]
    Base64,
}

impl CaseError {
    /// What is wrong, for whoever has said already that this is no case.
    pub fn reason(&self) -> String {
        match self {
            Self::Json(error) => error.to_string(),
            Self::Member { member, error } => format!("`{member}`: {error}"),
            Self::Unread(misread) => misread.to_string(),
            Self::NoRoute { .. }
            | Self::NoConfiguration
            | Self::Elsewhere { .. }
            | Self::TwoPayloads
            | Self::NoPayload
            | Self::Base64 => self.to_string(),
        }
    }
}

/// What is known of every transfer by a route, under the route's id.
pub type Stated = [(String, Transfer)];

impl Case {
    /// The context's members beside `payload` (any JSON), or `payload_base64` (any bytes) with its
    /// `content_type` and `content_encoding`. `id` comes back; `group`, `title` and `expected` are for
    /// people and tests. `route` names a route, see [`Self::by_route`]. A member that nothing reads counts for
    /// nothing: it is told as unknown, and refused where it was most likely meant to be another. An `origin` of `null`
    /// says that nobody knows, which blocks (JR-00-06); when it is left out the payload is asked, as the gateway does.
    pub fn parse(text: &str) -> Result<Self, CaseError> {
        match Self::read(text)? {
            (case, true) => Ok(case),
            (_, false) => Err(CaseError::NoPayload),
        }
    }

    /// The context of a payload that stands elsewhere. Fails when `text` is no case.
    pub fn context(text: &str) -> Result<Self, CaseError> {
        Self::read(text).map(|(case, _)| case)
    }

    /// A case, and whether it has a payload.
    fn read(text: &str) -> Result<(Self, bool), CaseError> {
        /// What is not a fact of the transfer.
        #[derive(Deserialize)]
        #[serde(expecting = "an object: a context with its `payload`")]
        struct Beside {
            id: Option<serde_json::Value>,
            #[serde(default, deserialize_with = "present")]
            payload: Option<Box<RawValue>>,
            payload_base64: Option<String>,
            content_type: Option<String>,
            content_encoding: Option<String>,
            #[serde(rename = "expected")]
            _expected: Option<IgnoredAny>,
            #[serde(default, rename = "origin", deserialize_with = "is_null")]
            origin_is_null: bool,
            route: Option<String>,
        }
        const NO_FACTS: [&str; 9] = [
            "id",
            "route",
            "group",
            "title",
            "expected",
            "payload",
            "payload_base64",
            "content_type",
            "content_encoding",
        ];
        let beside: Beside = read(text)?;
        let mut transfer = transfer(text, &NO_FACTS)?;
        if beside.origin_is_null && transfer.subjects.is_empty() {
            transfer.origin = Some(Transfer::UNKNOWN_ORIGIN);
        }
        let has_payload = beside.payload.is_some() || beside.payload_base64.is_some();
        let (body, default_type) = match (beside.payload, beside.payload_base64) {
            (Some(_), Some(_)) => return Err(CaseError::TwoPayloads),
            (Some(payload), None) => (payload.get().as_bytes().to_vec(), Some("application/json")),
            (None, Some(encoded)) => {
                let standard = base64::engine::general_purpose::STANDARD;
                (standard.decode(encoded).map_err(|_| CaseError::Base64)?, None)
            }
            (None, None) => (Vec::new(), None),
        };
        let case = Self {
            id: beside.id,
            route: beside.route,
            transfer,
            body,
            content_type: beside.content_type.or_else(|| default_type.map(str::to_owned)),
            content_encoding: beside.content_encoding,
        };
        Ok((case, has_payload))
    }

    /// Adds what its route adds to a transfer, when it names one: what the route, its data centre and the context of
    /// all of them say. Fails when there is no such route, and where `routes` is `None` as there is no configuration.
    pub fn by_route(&mut self, routes: Option<&Stated>) -> Result<(), CaseError> {
        let Some(route) = &self.route else { return Ok(()) };
        let routes = routes.ok_or(CaseError::NoConfiguration)?;
        let Some((_, base)) = routes.iter().find(|(id, _)| id == route) else {
            let ids: Vec<&str> = routes.iter().map(|(id, _)| id.as_str()).collect();
            let meant = suggest(route, &ids, "route").unwrap_or_default();
            return Err(CaseError::NoRoute { route: route.clone(), meant });
        };
        if let (Some(stated), Some(actual)) = (self.transfer.destination, base.destination)
            && stated != actual
        {
            return Err(CaseError::Elsewhere { route: route.clone(), stated, actual });
        }
        self.transfer.fill_from_route(base);
        Ok(())
    }

    /// Asks the engine. The transfer must know its time already: no clock is read here.
    pub fn judge(&self, inquiry: &Inquiry<'_>, limits: &Limits, scratch: &mut Scratch) -> Judged {
        self.with_message(|message| inquiry.judge(message, &self.transfer, limits, scratch))
    }

    /// Asks the engine why, and what would make it lawful; `go_on` bounds the search.
    pub fn explain(
        &self,
        inquiry: &Inquiry<'_>,
        limits: &Limits,
        scratch: &mut Scratch,
        go_on: &dyn Fn() -> bool,
    ) -> Explained {
        self.with_message(|message| {
            inquiry.explain(message, &self.transfer, limits, scratch, go_on)
        })
    }

    fn with_message<T>(&self, ask: impl FnOnce(&Message<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> =
            [("content-type", &self.content_type), ("content-encoding", &self.content_encoding)]
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_deref()?.as_bytes())))
                .collect();
        let message = Message::of_body(&headers, &self.body);
        ask(&message)
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, CaseError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let member = error.path().to_string();
        wrong(member, error.into_inner())
    })?;
    json.end().map_err(CaseError::Json)?;
    Ok(read)
}

/// What has been read as something else already, without the members `beside` it.
fn transfer(text: &str, beside: &[&str]) -> Result<Transfer, CaseError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let read = Transfer::read_beside(tracked, beside);
    read.map_err(|misread| match misread {
        Misread::Malformed(error) => wrong(track.path().to_string(), error),
        misread @ (Misread::Unknown { .. } | Misread::NoFlag { .. }) => CaseError::Unread(misread),
    })
}

fn wrong(member: String, error: serde_json::Error) -> CaseError {
    if error.is_data() && member != "." {
        CaseError::Member { member, error }
    } else {
        CaseError::Json(error)
    }
}

/// `null` is a payload too.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

fn is_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_keeps_what_is_beside_the_transfer_out_of_its_facts() {
        let case = Case::parse(
            r#"{"id": "A-1", "group": "g", "title": "t", "origin": "PK", "weather": "fine",
                "payload": {"b": 1.0}, "expected": {"outcome": "block"}}"#,
        )
        .unwrap();
        assert_eq!(case.id, Some(serde_json::json!("A-1")));
        assert_eq!(case.body, br#"{"b": 1.0}"#);
        assert_eq!(case.content_type.as_deref(), Some("application/json"));
        assert_eq!(case.transfer.other.keys().collect::<Vec<_>>(), ["weather"]);
    }

    #[test]
    fn a_payload_may_be_any_bytes() {
        let case = Case::parse(
            r#"{"payload_base64": "H4sI", "content_type": "text/csv", "content_encoding": "gzip"}"#,
        )
        .unwrap();
        assert_eq!(case.body, [0x1f, 0x8b, 0x08]);
        assert_eq!(case.content_type.as_deref(), Some("text/csv"));
        assert_eq!(case.content_encoding.as_deref(), Some("gzip"));
        assert_eq!(case.transfer, Transfer::default());
        for bad in [
            "",
            "[]",
            r#"{"payload": 1, "payload_base64": ""}"#,
            r#"{"payload_base64": "*"}"#,
            r#"{"origin": "Pakistan"}"#,
        ] {
            assert!(Case::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_member() {
        for (text, words) in [
            (r#"{"subject": {"age": "29"}}"#, "`subject.age`: an age is a whole number"),
            (
                r#"{"subject": {"consents": [{"scope": "service"}]}}"#,
                "`subject.consents[0]`: missing field `type`",
            ),
            (
                r#"{"mechanisms": [{"type": "eu_scc", "destinations": ["Mars"]}]}"#,
                "`mechanisms[0].destinations[0]`: `Mars` is not an ISO 3166-1",
            ),
            (r#"{"counters": {"cn_ytd_ordinary": -1}}"#, "a count is a whole number from 0 on"),
            (r#"{"recipient": "affiliate"}"#, "expected a recipient: an object with `class`"),
            (r#"{"cn_exempt": 5}"#, "`cn_exempt`: not an object with `ground`"),
            ("[1, 2]", "expected an object: a context with its `payload`"),
            (r#"{"origin": "PK""#, "EOF"),
            (r#"{"origin": "PK"} {}"#, "trailing characters"),
            (r#"{"orgin": "PK"}"#, "nothing reads `/orgin`; did you mean `origin`?"),
            (r#"{"mechanism": []}"#, "nothing reads `/mechanism`; did you mean `mechanisms`?"),
            (r#"{"subject": {"ages": 3}}"#, "nothing reads `/subject/ages`; did you mean `age`?"),
            (r#"{"gpc": "true"}"#, "`/gpc` says neither `true` nor `false`"),
            (r#"{"route": 7}"#, "`route`: invalid type"),
        ] {
            let complaint = Case::parse(text).unwrap_err().to_string();
            assert!(complaint.contains(words), "{text}\n{complaint}");
            for noun in ["struct", "enum", "u32", "map"] {
                assert!(!complaint.contains(noun), "{complaint}");
            }
        }
    }

    #[test]
    fn what_is_for_whoever_asks_is_kept_under_its_place() {
        let text = r#"{"subject": {"weather": 3, "age": 29}, "difficulty": 1, "group": "g", "payload": {}}"#;
        let case = Case::parse(text).unwrap();
        let kept: Vec<&String> = case.transfer.other.keys().collect();
        assert_eq!(kept, ["/subject/weather", "difficulty"]);
        assert_eq!(case.transfer.subject.age, Some(29));
    }

    #[test]
    fn a_payload_that_is_not_there_is_not_a_clean_one() {
        assert!(matches!(Case::parse(r#"{"origin": "DE"}"#), Err(CaseError::NoPayload)));
        assert_eq!(Case::parse(r#"{"origin": "DE", "payload": null}"#).unwrap().body, b"null");
        assert_eq!(Case::parse(r#"{"payload_base64": ""}"#).unwrap().body, b"");
    }

    #[test]
    fn a_route_adds_what_it_adds_to_a_request() {
        let base = serde_json::json!({
            "destination": "US", "transport": "tls", "purpose": "backup", "remote_access_from": ["CN"],
            "recipient": {"class": "first_party_facility", "id": "us"},
        });
        let routes = [("us".to_owned(), serde_json::from_value::<Transfer>(base).unwrap())];
        let by = |text: &str, routes: Option<&Stated>| {
            let mut case = Case::context(text).unwrap();
            case.by_route(routes).map(|()| case.transfer).map_err(|error| error.to_string())
        };
        let read = by(
            r#"{"route": "us", "purpose": "statistics", "transport": "plaintext"}"#,
            Some(&routes),
        );
        let read = read.unwrap();
        assert_eq!(read.destination, Some(Region::new(*b"US")));
        assert_eq!(read.purpose.as_deref(), Some("statistics"));
        assert_eq!(read.recipient.id.as_deref(), Some("us"));
        assert_eq!(read.transport, Some(crate::policy::Transport::Tls));
        assert_eq!(read.remote_access_from, [Region::new(*b"CN")]);
        assert!(read.other.is_empty());
        assert_eq!(by("{}", None), Ok(Transfer::default()));
        for (text, routes, words) in [
            (r#"{"route": "su"}"#, Some(&routes[..]), "there is no route `su`; did you mean `us`?"),
            (
                r#"{"route": "eu-central"}"#,
                Some(&routes[..]),
                "there is no route `eu-central`; the routes here are `us`",
            ),
            (r#"{"route": "us"}"#, None, "a `route` is one of a configuration"),
            (
                r#"{"route": "us", "destination": "CN"}"#,
                Some(&routes[..]),
                "the route `us` leads to US, and `destination` is CN",
            ),
        ] {
            let complaint = by(text, routes).unwrap_err();
            assert!(complaint.starts_with(words), "{complaint}");
        }
    }

    #[test]
    fn an_origin_said_to_be_unknown_is_not_looked_for() {
        let origin = |text: &str| Case::context(text).unwrap().transfer.origin;
        assert_eq!(origin(r#"{"origin": null}"#), Some(Transfer::UNKNOWN_ORIGIN));
        assert_eq!(origin("{}"), None);
        assert_eq!(
            origin(r#"{"origin": null, "subjects": [{"pointer": "/a", "origin": "DE"}]}"#),
            None
        );
    }
}
