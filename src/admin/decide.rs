//! "What would happen": a context and a payload in, the decision out.
//!
//! The one shape of question and answer, for `POST /-/decide` and for the command line. Nothing is
//! decided here; the engine that production calls is asked, and nothing is sent anywhere.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use base64::Engine as _;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::{
    domain::{Effect, Limits, Replaced, ReplacementKind},
    engine::{Engine, Message, Reading, Scratch, Verdict},
    facts::{ExchangeId, Question, Register},
    policy::{Annotation, Explanation, People, Timestamp, Transfer},
};

/// A transfer, its payload and how that is written: one line of a batch, one body of a request.
#[derive(Debug)]
pub struct Case {
    /// Comes back with the answer.
    pub id: Option<serde_json::Value>,
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
    #[error("give either `payload` or `payload_base64`")]
    TwoPayloads,
    /// What is not there was not looked at, and is not to pass for clean.
    #[error("no `payload` and no `payload_base64`; `null` says that there is none")]
    NoPayload,
    #[error("`payload_base64` is not base64 (RFC 4648 §4)")]
    Base64,
}

impl CaseError {
    /// The same for whoever has said already what it is not.
    pub fn reason(&self) -> String {
        match self {
            Self::Json(error) => error.to_string(),
            Self::Member { member, error } => format!("`{member}`: {error}"),
            Self::TwoPayloads | Self::NoPayload | Self::Base64 => self.to_string(),
        }
    }
}

impl Case {
    /// The context's members beside `payload` (any JSON), or `payload_base64` (any bytes) with its
    /// `content_type` and `content_encoding`. `id` comes back; `group`, `title` and `expected` are for
    /// people and tests. An `origin` of `null` says that nobody knows, which blocks (JR-00-06); when it is
    /// left out the payload is asked, as the gateway does.
    pub fn parse(text: &str) -> Result<Self, CaseError> {
        match Self::read(text)? {
            (case, true) => Ok(case),
            (_, false) => Err(CaseError::NoPayload),
        }
    }

    /// The context of a payload that stands elsewhere.
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
        }
        const NO_FACTS: [&str; 8] = [
            "id",
            "group",
            "title",
            "expected",
            "payload",
            "payload_base64",
            "content_type",
            "content_encoding",
        ];
        let beside: Beside = read(text)?;
        let mut transfer: Transfer = read(text)?;
        if beside.origin_is_null && transfer.subjects.is_empty() {
            transfer.origin = Some(Transfer::UNKNOWN_ORIGIN);
        }
        for name in NO_FACTS {
            transfer.other.remove(name);
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
            transfer,
            body,
            content_type: beside.content_type.or_else(|| default_type.map(str::to_owned)),
            content_encoding: beside.content_encoding,
        };
        Ok((case, has_payload))
    }

    /// Asks the engine. The transfer must know its time already: no clock is read here.
    pub fn judge(&self, desk: &Desk<'_>, limits: &Limits, scratch: &mut Scratch) -> Judged {
        self.with_message(|message| desk.judge(message, &self.transfer, limits, scratch))
    }

    /// Asks the engine why, and what would make it lawful; `go_on` bounds the search.
    pub fn explain(
        &self,
        desk: &Desk<'_>,
        limits: &Limits,
        scratch: &mut Scratch,
        go_on: &dyn Fn() -> bool,
    ) -> Explained {
        self.with_message(|message| desk.explain(message, &self.transfer, limits, scratch, go_on))
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
        let error = error.into_inner();
        if error.is_data() && member != "." {
            CaseError::Member { member, error }
        } else {
            CaseError::Json(error)
        }
    })?;
    json.end().map_err(CaseError::Json)?;
    Ok(read)
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

/// Where a question is answered: by the rules, and by what is on file when there is a store that may be
/// asked. Nothing is counted.
#[derive(Debug)]
pub struct Desk<'d> {
    pub engine: &'d Engine,
    /// Of the rules in the engine.
    pub generation: u64,
    /// Absent when there is no store, or the asker may not know what is on file.
    pub register: Option<&'d Register>,
    /// There is a store.
    pub has_store: bool,
}

/// What the facts of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactsFrom {
    /// What was stated and what is on file, as the gateway combines them.
    Store,
    /// What was stated alone, although the gateway would have asked a store.
    StatedAlone,
    /// The gateway would have asked a store that does not answer.
    Unavailable,
}

#[derive(Debug)]
pub struct Judged {
    pub verdict: Verdict,
    /// `None` when there is no store to ask.
    pub facts: Option<FactsFrom>,
}

/// An explanation, and what its facts are.
#[derive(Debug, Serialize)]
pub struct Explained {
    #[serde(flatten)]
    pub explanation: Explanation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<FactsFrom>,
    #[serde(skip)]
    pub verdict: Verdict,
}

impl Desk<'_> {
    pub fn judge(
        &self,
        message: &Message<'_>,
        transfer: &Transfer,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Judged {
        let reading = self.engine.read(message, limits, scratch);
        let (transfer, people, facts) = self.facts(message, transfer, &reading);
        Judged { verdict: self.engine.judge(reading, Box::new(transfer), &people), facts }
    }

    pub fn explain(
        &self,
        message: &Message<'_>,
        transfer: &Transfer,
        limits: &Limits,
        scratch: &mut Scratch,
        go_on: &dyn Fn() -> bool,
    ) -> Explained {
        let reading = self.engine.read(message, limits, scratch);
        let (transfer, people, facts) = self.facts(message, transfer, &reading);
        let (verdict, explanation) = self.engine.explain_read(reading, &transfer, &people, go_on);
        Explained { explanation, facts, verdict }
    }

    /// What the gateway would have judged by.
    fn facts(
        &self,
        message: &Message<'_>,
        transfer: &Transfer,
        reading: &Reading<'_>,
    ) -> (Transfer, People, Option<FactsFrom>) {
        let region = message.client_region;
        let Some(register) = self.register else {
            let people = self.engine.people(reading, transfer, region);
            let facts = self.has_store.then_some(FactsFrom::StatedAlone);
            return (transfer.clone(), people, facts);
        };
        let question = Question {
            engine: self.engine,
            generation: self.generation,
            transfer,
            client_region: region,
            at: transfer.as_of.unwrap_or(Timestamp(jiff::Timestamp::UNIX_EPOCH)),
            exchange: ExchangeId::unique(),
        };
        let Some(mut inquiry) = register.inquire(question, reading) else {
            return (transfer.clone(), People::one(transfer), Some(FactsFrom::Store));
        };
        let (transfer, facts) = match inquiry.look_up_blocking() {
            Ok(found) => (inquiry.fill(found, &BTreeMap::new()), FactsFrom::Store),
            Err(_) => (inquiry.unanswered(), FactsFrom::Unavailable),
        };
        (transfer, inquiry.into_people(), Some(facts))
    }
}

/// What would happen; the shape scripts rely on.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a serde_json::Value>,
    pub outcome: Effect,
    /// Where the redacted fields stood.
    pub redacted: BTreeSet<String>,
    /// How fields were changed, where it is not by taking them out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
    pub rules: Vec<&'a str>,
    pub annotations: &'a [Annotation],
    pub reason: &'a str,
    /// Members of the case that neither its shape nor a rule knows, and names in what is on file that nothing in the
    /// rules does, each with what it stands for: `consent:crossborder`. Misspelt, most likely.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<FactsFrom>,
    /// What would be sent: JSON as it is, a text as a string, other bytes as `{"base64": …}`; `null`
    /// when nothing would be.
    pub body: Option<Box<RawValue>>,
}

impl<'a> Answer<'a> {
    /// `body` is the payload as it was judged.
    pub fn new(
        engine: &'a Engine,
        id: Option<&'a serde_json::Value>,
        body: &[u8],
        judged: &'a Judged,
    ) -> Self {
        let verdict = &judged.verdict;
        let decision = &verdict.decision;
        let changed = verdict.redacted.as_ref().and_then(|redacted| redacted.body.as_deref());
        Self {
            id,
            outcome: decision.effect,
            redacted: decision
                .redactions
                .iter()
                .filter_map(|redaction| verdict.findings.items.get(redaction.finding as usize))
                .map(|finding| verdict.findings.locator(finding))
                .collect(),
            replaced: verdict
                .replaced
                .iter()
                .filter(|it| it.kind != ReplacementKind::Remove || it.instead_of.is_some())
                .copied()
                .collect(),
            rules: rule_ids(engine, verdict),
            annotations: &decision.annotations,
            reason: &decision.reason,
            unknown: engine.rules().unknown(&verdict.transfer),
            facts: judged.facts,
            body: match decision.effect {
                Effect::Allow => Some(as_json(body)),
                Effect::Redact => Some(as_json(changed.unwrap_or(body))),
                Effect::Block => None,
            },
        }
    }

    /// For a line that is no case: what cannot be read does not leave.
    pub fn unread(id: Option<&'a serde_json::Value>) -> Self {
        Self {
            id,
            outcome: Effect::Block,
            redacted: BTreeSet::new(),
            rules: Vec::new(),
            annotations: &[],
            reason: "The transfer could not be read.",
            replaced: Vec::new(),
            unknown: Vec::new(),
            facts: None,
            body: None,
        }
    }
}

/// The parts of one provision have one id.
fn rule_ids<'a>(engine: &'a Engine, verdict: &Verdict) -> Vec<&'a str> {
    let rules = verdict.decision.rules.iter();
    let mut ids: Vec<&str> = rules.map(|rule| engine.rules().rule(*rule).id.as_str()).collect();
    ids.dedup();
    ids
}

fn as_json(body: &[u8]) -> Box<RawValue> {
    let text = std::str::from_utf8(body);
    let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let json = text.ok().filter(|_| is_json).map(on_one_line);
    if let Some(json) = json.and_then(|json| RawValue::from_string(json).ok()) {
        return json;
    }
    let value = match text {
        Ok(text) => serde_json::json!(text),
        Err(_) => {
            let standard = base64::engine::general_purpose::STANDARD;
            serde_json::json!({ "base64": standard.encode(body) })
        }
    };
    // A string, or an object of strings, always is JSON.
    serde_json::value::to_raw_value(&value).unwrap_or_default()
}

/// JSON without the line breaks between its values, so that an answer is one line; inside a string
/// there are none.
fn on_one_line(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    json.trim()
        .chars()
        .filter(|character| {
            if inside {
                inside = escaped || *character != '"';
                escaped = *character == '\\' && !escaped;
                return true;
            }
            inside = *character == '"';
            !matches!(character, '\n' | '\r')
        })
        .collect()
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
            (r#"{"cn_exempt": 5}"#, "`cn_exempt`: not a ground such as `hr`"),
            ("[1, 2]", "expected an object: a context with its `payload`"),
            (r#"{"origin": "PK""#, "EOF"),
            (r#"{"origin": "PK"} {}"#, "trailing characters"),
        ] {
            let complaint = Case::parse(text).unwrap_err().to_string();
            assert!(complaint.contains(words), "{text}\n{complaint}");
            for noun in ["struct", "enum", "u32", "map"] {
                assert!(!complaint.contains(noun), "{complaint}");
            }
        }
    }

    #[test]
    fn a_payload_that_is_not_there_is_not_a_clean_one() {
        assert!(matches!(Case::parse(r#"{"origin": "DE"}"#), Err(CaseError::NoPayload)));
        assert_eq!(Case::parse(r#"{"origin": "DE", "payload": null}"#).unwrap().body, b"null");
        assert_eq!(Case::parse(r#"{"payload_base64": ""}"#).unwrap().body, b"");
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

    #[test]
    fn a_body_is_shown_as_what_it_is() {
        for (body, expected) in [
            (&br#"{"b": 1.0}"#[..], r#"{"b": 1.0}"#),
            (b"{\r\n \"b\\\"\": 1.0,\n \"c\": \"\\n\\\\\"\n}\n", r#"{ "b\"": 1.0, "c": "\n\\"}"#),
            (b"a=b", r#""a=b""#),
            (b"\xff\x00", r#"{"base64":"/wA="}"#),
            (b"", r#""""#),
        ] {
            assert_eq!(as_json(body).get(), expected);
        }
    }
}
