//! "What would happen": a case in, the decision out.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Serialize, Deserialize)]
pub struct Explained {
    #[serde(flatten)]
    pub explanation: Explanation,
    /// What nobody reads, as in [`Answer::unknown`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<FactsFrom>,
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
        let unknown = self.engine.rules().unknown(&verdict.transfer);
        let unknown = unknown.into_iter().map(Cow::into_owned).collect();
        Explained { explanation, unknown, facts }
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
