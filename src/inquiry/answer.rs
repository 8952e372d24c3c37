//! The answer, in the shape scripts rely on.

use std::{borrow::Cow, collections::BTreeSet};

use base64::Engine as _;
use serde::{Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{FactsFrom, Judged};
use crate::{
    domain::{Effect, Replaced, ReplacementKind},
    engine::{Engine, Verdict},
    policy::Annotation,
};

/// What would happen.
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
