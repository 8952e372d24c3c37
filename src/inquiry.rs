//! "What would happen": a case in, the decision out.
//!
//! The one shape of question and answer, for `POST /-/decide` and for the command line. Nothing is
//! decided here; the engine that production calls is asked, and nothing is sent anywhere.

mod answer;
mod case;

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use crate::{
    domain::Limits,
    engine::{Engine, Message, Reading, Scratch, Verdict},
    facts::{ExchangeId, Question, Register},
    policy::{Explanation, People, Timestamp, Transfer},
};

pub use answer::Answer;
pub use case::{Case, CaseError, Stated};

/// What is asked: the rules, and what is on file when there is a store that may be asked. Nothing is counted.
#[derive(Debug)]
pub struct Inquiry<'i> {
    pub engine: &'i Engine,
    /// Of the rules in the engine.
    pub generation: u64,
    /// Absent when there is no store, or the asker may not know what is on file.
    pub register: Option<&'i Register>,
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

/// A verdict, and what its facts are.
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

impl Inquiry<'_> {
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
        let Some(mut lookup) = register.lookup(question, reading) else {
            return (transfer.clone(), People::one(transfer), Some(FactsFrom::Store));
        };
        let (transfer, facts) = match lookup.run_blocking() {
            Ok(found) => (lookup.fill(found, &BTreeMap::new()), FactsFrom::Store),
            Err(_) => (lookup.unanswered(), FactsFrom::Unavailable),
        };
        (transfer, lookup.into_people(), Some(facts))
    }
}
