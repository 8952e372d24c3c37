//! A rule as its file says it, for whoever has its id and no transfer: an auditor with a record.

use serde::Serialize;

use super::{
    Explainer,
    clause::{Clause, Form},
    trace::is_zero,
};
use crate::{
    domain::Effect,
    policy::{Layer, RuleSet},
};

/// One part of a provision.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RuleTold {
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    pub layer: Layer,
    /// Absent where the rule only notes something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    pub title: String,
    pub statute: String,
    pub reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub line: u32,
    /// When it applies: all of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applies: Vec<Words>,
    /// What takes it out of play.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<Words>,
    /// What makes such a transfer lawful; absent where the rule asks for nothing that could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires: Option<Words>,
}

/// A condition in the words of its file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Words {
    pub words: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Words>,
}

impl Words {
    fn of(clause: &Clause) -> Self {
        let parts = match &clause.form {
            Form::All(parts) | Form::Any(parts) => parts.iter().map(Self::of).collect(),
            Form::Not(part) | Form::Defined(part) => vec![Self::of(part)],
            Form::Test(_) | Form::Data | Form::InForce { .. } => Vec::new(),
        };
        Self { words: clause.words.clone(), parts }
    }
}

impl Explainer {
    /// The parts of a provision; none when these rules know no such id.
    pub(crate) fn rules_of(&self, set: &RuleSet, id: &str) -> Vec<RuleTold> {
        let parts = set.infos.iter().zip(&self.written.rules).filter(|(info, _)| info.id == id);
        parts
            .map(|(info, clauses)| RuleTold {
                id: info.id.clone(),
                part: info.part.clone(),
                layer: info.layer,
                effect: info.effect,
                title: info.title.clone(),
                statute: info.statute.clone(),
                reason: info.reason.clone(),
                file: info.file.clone(),
                line: info.line,
                applies: clauses.applies.iter().map(Words::of).collect(),
                unless: clauses.unless.as_ref().map(Words::of),
                requires: clauses.require.as_ref().map(Words::of),
            })
            .collect()
    }
}
