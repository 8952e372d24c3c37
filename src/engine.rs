//! Composes the rooms into one judgement: decode, detect, decide, redact.
//!
//! Synchronous and total: no I/O, clock, randomness, logging or metrics, and the same inputs give the
//! same [`Verdict`]. The proxy, `scan`, `decide`, the admin plane, the benches and the fuzz targets all
//! call [`Engine::inspect`].

mod embedded;
mod explain;
mod familiar;
mod message;
mod opening;
mod people;
mod pictures;
mod reading;
mod rewrite;
mod scan;
mod signature;
mod sink;

pub use message::{Message, Redacted, Verdict};
pub use reading::{Reading, Root};
pub use scan::Scan;

use std::sync::OnceLock;

use crate::{
    detect::{self, DetectorSet, Hit},
    domain::{Effect, Limits, Region, TagPattern, TagSet, Taxonomy},
    format::{Decoder, Unescaped},
    policy::{Explainer, People, RuleSet, Transfer},
    redact::Keyring,
    source::{Diagnostics, SourceFile},
};
use embedded::{Embedded, Inner};
use familiar::Familiar;
use rewrite::Shapes;
use sink::Frame;

/// The compiled rules of one generation: taxonomy, detectors and rule set.
#[derive(Debug)]
pub struct Engine {
    taxonomy: Taxonomy,
    detectors: DetectorSet,
    rules: RuleSet,
    /// What the rules were compiled from, for explanations; most engines are never asked for one.
    files: Box<[SourceFile]>,
    explainer: OnceLock<Explainer>,
    keys: Keyring,
    shapes: Shapes,
    /// Categories that identify a person rather than a device.
    person_identifiers: TagSet,
}

/// Buffers one thread keeps between inspections, so that a field costs no allocation.
#[derive(Debug, Default)]
pub struct Scratch {
    detect: detect::Scratch,
    frames: Vec<Frame>,
    names: String,
    hits: Vec<Hit>,
    key: Unescaped,
    value: Unescaped,
    embedded: Vec<Embedded>,
    inner: Vec<Inner>,
    deeper: Vec<Inner>,
    further: Unescaped,
    decoder: Decoder,
    familiar: Familiar,
}

impl Engine {
    /// Compiles everything under `rules/`. Every problem goes to `diagnostics`; `None` when one of them
    /// is an error. Pseudonyms and tokens are made under `keys`.
    pub fn compile(
        files: &[SourceFile],
        keys: impl Into<Keyring>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let below = |folder: &str| -> Vec<SourceFile> {
            files.iter().filter(|file| file.name.starts_with(folder)).cloned().collect()
        };
        let rest: Vec<SourceFile> = files
            .iter()
            .filter(|file| {
                !["taxonomy/", "detectors/", "tests/"]
                    .iter()
                    .any(|folder| file.name.starts_with(folder))
            })
            .cloned()
            .collect();
        let Some(taxonomy) = detect::taxonomy(&below("taxonomy/"), diagnostics) else {
            // Without categories every name in the other files would be unknown: one cause, one complaint.
            // What is wrong with their form is told all the same.
            DetectorSet::check_form(&below("detectors/"), diagnostics);
            RuleSet::check_form(&rest, diagnostics);
            return None;
        };
        // The two have nothing to do with each other, and both take their time.
        let (detectors, rules) = std::thread::scope(|scope| {
            let detectors = scope.spawn(|| {
                let mut complaints = Diagnostics::default();
                let files = below("detectors/");
                (DetectorSet::compile(&files, &taxonomy, &mut complaints), complaints)
            });
            let mut complaints = Diagnostics::default();
            let rules = RuleSet::compile(&rest, &taxonomy, &mut complaints);
            match detectors.join() {
                Ok((detectors, first)) => {
                    diagnostics.extend(first);
                    diagnostics.extend(complaints);
                    (detectors, rules)
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        });
        let keys = keys.into();
        if let Some(rules) = &rules
            && !keys.is_lasting()
        {
            rules.check_passing_keys(diagnostics);
        }
        match (detectors, rules) {
            (Some(detectors), Some(rules)) if !diagnostics.has_errors() => {
                let person_identifiers = person_identifiers(&taxonomy);
                let shapes = Shapes::of(&taxonomy);
                Some(Self {
                    taxonomy,
                    detectors,
                    rules,
                    keys,
                    shapes,
                    person_identifiers,
                    files: rest.into_boxed_slice(),
                    explainer: OnceLock::new(),
                })
            }
            _ => None,
        }
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
        let reading = self.read(message, limits, scratch);
        let people = self.people(&reading, &transfer, message.client_region);
        self.judge(reading, transfer, &people)
    }

    /// The message taken apart; no fact about the transfer is needed for it.
    pub fn read<'m>(
        &self,
        message: &Message<'m>,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Reading<'m> {
        Reading::of(message, &self.detectors, limits, scratch)
    }

    /// Whose data was read. Between this and [`Self::judge`] is the time to ask what is on file of them.
    pub fn people(
        &self,
        reading: &Reading<'_>,
        transfer: &Transfer,
        client_region: Option<Region>,
    ) -> People {
        people::people(reading, &self.person_identifiers, transfer, client_region)
    }

    /// Judges what was read by the facts of the transfer and of each of the people.
    pub fn judge(&self, reading: Reading<'_>, mut transfer: Transfer, people: &People) -> Verdict {
        let coverage = reading.coverage();
        let (findings, gaps) = (&reading.findings, &reading.gaps);
        let mut decision = self.rules.decide_each(&transfer, people, findings, coverage, gaps);
        transfer.origin = transfer.origin.or(decision.origin);
        let (mut redacted, mut replaced) = match decision.effect {
            Effect::Redact => {
                let redactions = &decision.redactions;
                let (redacted, replaced) = rewrite::rewrite(
                    &reading,
                    redactions,
                    &self.taxonomy,
                    &self.shapes,
                    &self.keys,
                );
                (Some(redacted), replaced)
            }
            Effect::Allow | Effect::Block => (None, Vec::new()),
        };
        signature::settle(&reading, &self.rules, &mut decision, &mut redacted);
        if redacted.is_none() {
            replaced.clear();
        }
        let redacted_digest = redacted
            .is_some()
            .then(|| self.keys.digest(rewrite::taken_out(&reading, &decision.redactions)));
        Verdict {
            decision,
            coverage,
            transfer,
            redacted,
            replaced,
            redacted_digest,
            inspected_bytes: reading.bytes,
            findings: reading.findings,
            gaps: reading.gaps,
        }
    }

    /// Findings without a decision, and the bytes they stand in, for whoever has them already.
    pub fn scan<'m>(
        &self,
        message: &Message<'m>,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Scan<'m> {
        Scan::new(Reading::of(message, &self.detectors, limits, scratch))
    }

    pub fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    pub fn detectors(&self) -> &DetectorSet {
        &self.detectors
    }

    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    pub fn keys(&self) -> &Keyring {
        &self.keys
    }
}

/// A name, a number or an address that is one person's; a card or a device may be one of several.
fn person_identifiers(taxonomy: &Taxonomy) -> TagSet {
    [
        "user.name",
        "user.contact.phone_number",
        "user.contact.email",
        "user.unique_id",
        "user.account.username",
        "user.social",
        "user.government_id",
    ]
    .iter()
    .fold(TagSet::EMPTY, |tags, key| tags.union(&taxonomy.select(&TagPattern((*key).to_owned()))))
}

#[cfg(test)]
mod tests;
