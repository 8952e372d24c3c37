//! Composes the rooms into one judgement: decode, detect, decide, redact.
//!
//! Synchronous and total: no I/O, clock, randomness, logging or metrics, and the same inputs give the
//! same [`Verdict`]. The proxy, `scan`, `decide`, the admin plane, the benches and the fuzz targets all
//! call [`Engine::inspect`].

mod message;

pub use message::{Message, Redacted, Verdict};

use crate::{
    domain::{Coverage, Effect, Limits, Taxonomy},
    policy::{Decision, Transfer},
    redact::PseudonymKey,
    source::{Diagnostics, SourceFile},
};

/// The compiled rules of one generation: taxonomy, detectors and rule set.
#[derive(Debug)]
pub struct Engine {
    taxonomy: Taxonomy,
    key: PseudonymKey,
}

/// Buffers one thread keeps between inspections.
#[derive(Debug, Default)]
pub struct Scratch {}

impl Engine {
    /// Compiles everything under `rules/`. Every problem goes to `diagnostics`; `None` when one of them
    /// is an error. Pseudonyms are made under `key`.
    pub fn compile(
        files: &[SourceFile],
        key: PseudonymKey,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let _ = files;
        (!diagnostics.has_errors()).then(|| Self { taxonomy: Taxonomy::default(), key })
    }

    /// Judges one message. Never fails: what cannot be read is coverage, and the rules say what that
    /// means.
    pub fn inspect(
        &self,
        message: &Message<'_>,
        transfer: Transfer,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Verdict {
        let _ = (limits, scratch);
        Verdict {
            decision: Decision { effect: Effect::Block, ..Decision::default() },
            coverage: Coverage::Opaque,
            transfer,
            inspected_bytes: message.body.len(),
            ..Verdict::default()
        }
    }

    /// A pseudonym of `text` under the key redactions use.
    pub fn pseudonym(&self, text: &str) -> String {
        self.key.pseudonym(text)
    }

    pub fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }
}
