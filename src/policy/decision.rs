//! The answer, and why.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, OnceLock},
};

use crate::domain::{Effect, Region, Replacement};

/// The number of a rule within one generation; only its id leaves the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RuleRef(pub u16);

impl RuleRef {
    /// Every number there can be, in order.
    pub(super) fn in_order() -> impl Iterator<Item = Self> {
        (0..=u16::MAX).map(Self)
    }

    /// Where the rule stands among those of its set.
    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Where a rule stands, highest first (README, "Rules"). A higher layer may override a lower one in either
/// direction; nothing relaxes the law.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    Law,
    Agreement,
    Policy,
    Organisation,
}

impl Layer {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Law => "law",
            Self::Agreement => "agreement",
            Self::Policy => "policy",
            Self::Organisation => "organisation",
        }
    }
}

/// One field to change: the index of its finding, by which rule, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    pub finding: u32,
    pub rule: RuleRef,
    pub replacement: Replacement,
}

/// An obligation that goes with the transfer: `file-ctia-by`, `sticky-policy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Annotation {
    #[serde(serialize_with = "text", deserialize_with = "read_text")]
    pub name: Arc<str>,
    /// What the obligation needs to know, such as a deadline: `2026-03-02`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "maybe_text",
        deserialize_with = "read_maybe_text"
    )]
    pub value: Option<Arc<str>>,
}

fn text<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

fn read_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    <String as serde::Deserialize>::deserialize(deserializer).map(Arc::from)
}

fn read_maybe_text<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<str>>, D::Error> {
    let text = <Option<String> as serde::Deserialize>::deserialize(deserializer)?;
    Ok(text.map(Arc::from))
}

fn maybe_text<S: serde::Serializer>(
    text: &Option<Arc<str>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&text.as_deref(), serializer)
}

/// What happens to one transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    pub effect: Effect,
    /// Whose law decided: of several origins the one with the strictest answer.
    pub origin: Option<Region>,
    /// Shared with all that are alike; whoever changes them has a copy of their own.
    pub(super) terms: Arc<Terms>,
}

/// What goes with the effect, and why it is that. Read through the [`Decision`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Empty when the effect is not `Redact`; at most one per finding.
    pub redactions: Vec<Redaction>,
    /// The rules that stopped the transfer; empty unless the effect is `Block`. Highest layer first.
    pub blocked_by: Vec<RuleRef>,
    /// Every rule that had a say, those that permitted included, in the order of their ids.
    pub rules: Vec<RuleRef>,
    pub annotations: Vec<Annotation>,
    /// One sentence for a person, free of values.
    pub reason: Arc<str>,
    /// The version of the privacy policy that applied.
    pub policy_version: Option<String>,
    /// Ids of the mechanisms that satisfied a rule.
    pub mechanisms: Vec<String>,
    pub(super) written: Written,
}

impl Terms {
    /// What `write` makes of `rules` for a record, once for all transfers that share these terms.
    pub(crate) fn written_rules(&self, write: impl FnOnce(&[RuleRef]) -> Box<str>) -> &str {
        self.written.0.get_or_init(|| write(&self.rules))
    }
}

/// Beside terms, and no part of them: a copy, which may be changed, begins without it.
#[derive(Debug, Default)]
pub(super) struct Written(OnceLock<Box<str>>);

impl Clone for Written {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Written {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Written {}

impl Decision {
    pub(super) fn new(effect: Effect, origin: Option<Region>, terms: Terms) -> Self {
        Self { effect, origin, terms: Arc::new(terms) }
    }

    /// Blocks what cannot go without what its redactions take out; the rules of those say so.
    pub(crate) fn block_for_redactions(&mut self, reason: &'static str) {
        self.effect = Effect::Block;
        self.blocked_by = self.redactions.drain(..).map(|redaction| redaction.rule).collect();
        self.blocked_by.sort_unstable();
        self.blocked_by.dedup();
        self.annotations.clear();
        self.reason = reason.into();
    }
}

impl Deref for Decision {
    type Target = Terms;

    fn deref(&self) -> &Terms {
        &self.terms
    }
}

impl DerefMut for Decision {
    fn deref_mut(&mut self) -> &mut Terms {
        let terms = Arc::make_mut(&mut self.terms);
        terms.written = Written::default();
        terms
    }
}
