//! Composes the rooms into one judgement: decode, detect, decide, redact.
//!
//! Synchronous and total: no I/O, clock, randomness, logging or metrics, and the same inputs give the
//! same [`Verdict`], unless nobody waits for it any more ([`Scratch::until`]). The proxy, `scan`, `decide`,
//! the admin plane, the benches and the fuzz targets all call [`Engine::inspect`].

mod catalogue;
mod children;
mod echo;
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

pub use crate::detect::{folded, international_number};
pub use message::{Message, Redacted, Verdict};
pub use reading::{Reading, Root};
pub use scan::Scan;

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use crate::{
    detect::{self, DetectorSet, Hit},
    domain::{Coverage, Effect, Findings, Halt, Limits, Region, Taxonomy},
    format::{Decoder, Unescaped},
    policy::{Decision, Explainer, NAME_FOLDERS, People, RULE_FOLDERS, RuleSet, Transfer},
    redact::Keyring,
    source::{Diagnostics, Place, SourceFile, near},
};
use catalogue::{Catalogue, CatalogueFiles};
use embedded::{Embedded, Inner};
use familiar::Familiar;
use sink::Frame;

/// The compiled rules of one generation: the catalogue of categories and detectors, and the rule set.
#[derive(Debug)]
pub struct Engine {
    catalogue: Arc<Catalogue>,
    rules: RuleSet,
    /// What the rules were compiled from, for explanations; most engines are never asked for one.
    files: Box<[SourceFile]>,
    explainer: OnceLock<Explainer>,
    keys: Keyring,
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
    /// How many findings and nodes of paths the last message had: the next is likely to be one of its kind.
    found_last: (usize, usize),
    /// Room that findings stood in which nobody needs any more.
    spare: Findings,
    halt: Halt,
}

impl Scratch {
    /// Inspections with it end soon once `halt` is given up; what they left unread is a gap.
    pub fn until(halt: Halt) -> Self {
        Self { halt, ..Self::default() }
    }

    /// What inspections with it are given up by.
    pub fn halt(&mut self) -> &mut Halt {
        &mut self.halt
    }

    /// Takes back the findings of a message, for those of the next to stand in their place.
    pub fn recycle(&mut self, mut findings: Findings) {
        findings.clear();
        self.spare = findings;
    }
}

impl Engine {
    /// Compiles everything under `rules/`. Every problem goes to `diagnostics`; `None` when one of them
    /// is an error. Pseudonyms and tokens are made under `keys`.
    pub fn compile(
        files: &[SourceFile],
        keys: impl Into<Keyring>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        Self::compile_after(None, files, keys, diagnostics)
    }

    /// Like [`Engine::compile`], where `before` is what these files come to take the place of: what it has of
    /// files that say the same is taken over from it.
    pub fn compile_after(
        before: Option<&Self>,
        files: &[SourceFile],
        keys: impl Into<Keyring>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        complain_of_unread(files, diagnostics);
        let is_of_rules = |file: &&SourceFile| RuleSet::reads(&file.name);
        let rest: Box<[SourceFile]> = files.iter().filter(is_of_rules).cloned().collect();
        let files = CatalogueFiles::of(files);
        let known = before.map(|it| &it.catalogue).filter(|it| it.files == files);
        let (catalogue, rules) = match known {
            Some(known) => {
                diagnostics.extend(known.warnings.clone());
                let before = before.map(|it| (&it.rules, &*it.files));
                let rules = RuleSet::compile_after(before, &rest, &known.taxonomy, diagnostics);
                (Some(Arc::clone(known)), rules)
            }
            None => compile_both(files, &rest, diagnostics),
        };
        let (rules, keys) = (rules?, keys.into());
        if !keys.is_lasting() {
            rules.check_passing_keys(diagnostics);
        }
        let catalogue = catalogue.filter(|_| !diagnostics.has_errors())?;
        Some(Self { catalogue, rules, files: rest, explainer: OnceLock::new(), keys })
    }

    /// Whether a file of this name, below the directory of rules, is compiled. Tests of rules are not.
    pub fn reads(name: &str) -> bool {
        CatalogueFiles::reads(name) || RuleSet::reads(name)
    }

    /// Judges one message. Never fails: what cannot be read is coverage, and the rules say what that
    /// means.
    pub fn inspect(
        &self,
        message: &Message<'_>,
        transfer: impl Into<Box<Transfer>>,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Verdict {
        let transfer = transfer.into();
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
        Reading::of(message, &self.catalogue.detectors, limits, scratch)
    }

    /// Whose data was read. Between this and [`Self::judge`] is the time to ask what is on file of them.
    pub fn people(
        &self,
        reading: &Reading<'_>,
        transfer: &Transfer,
        client_region: Option<Region>,
    ) -> People {
        people::people(reading, &self.catalogue.person_identifiers, transfer, client_region)
    }

    /// Judges what was read by the facts of the transfer and of each of the people.
    pub fn judge(
        &self,
        mut reading: Reading<'_>,
        mut transfer: Box<Transfer>,
        people: &People,
    ) -> Verdict {
        let people = &*self.with_children(&reading, &transfer, people);
        let mut decision = self.decide(&mut reading, &transfer, people);
        let coverage = reading.coverage();
        transfer.origin = transfer.origin.or(decision.origin);
        let echo_of = match decision.effect {
            Effect::Redact => echo::add(&mut reading, &mut decision, &self.catalogue),
            Effect::Allow | Effect::Block => Vec::new(),
        };
        let (mut redacted, mut replaced) = match decision.effect {
            Effect::Redact => {
                let redactions = &decision.redactions;
                let (redacted, replaced) =
                    rewrite::rewrite(&reading, redactions, &echo_of, &self.catalogue, &self.keys);
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
            echo_of,
            replaced,
            redacted_digest,
            inspected_bytes: reading.bytes,
            findings: reading.findings,
            gaps: reading.gaps,
        }
    }

    /// Decides about what was read. What was not is no reason to stop the message where it goes with the values
    /// that have to go anyway: those gaps are none of what is sent, and are taken out of the reading.
    fn decide(&self, reading: &mut Reading<'_>, transfer: &Transfer, people: &People) -> Decision {
        let (findings, gaps) = (&reading.findings, &reading.gaps);
        let decide =
            |coverage, gaps| self.rules.decide_each(transfer, people, findings, coverage, gaps);
        let decision = decide(reading.coverage(), gaps);
        if decision.effect != Effect::Block || reading.values_with_gaps().is_none() {
            return decision;
        }
        let otherwise = decide(Coverage::Full, &[]);
        if otherwise.effect != Effect::Redact
            || !rewrite::takes_gaps_out(reading, &otherwise.redactions)
        {
            return decision;
        }
        reading.gaps.clear();
        otherwise
    }

    fn with_children<'p>(
        &self,
        reading: &Reading<'_>,
        transfer: &Transfer,
        people: &'p People,
    ) -> Cow<'p, People> {
        let grown_up = self.rules.grown_up();
        let Catalogue { ages, person_identifiers, .. } = &*self.catalogue;
        let ages = children::Ages { told_by: ages, of: person_identifiers, grown_up };
        children::with_children(reading, transfer, people, &ages)
    }

    /// Findings without a decision, and the bytes they stand in, for whoever has them already.
    pub fn scan<'m>(
        &self,
        message: &Message<'m>,
        limits: &Limits,
        scratch: &mut Scratch,
    ) -> Scan<'m> {
        Scan::new(Reading::of(message, &self.catalogue.detectors, limits, scratch))
    }

    pub fn taxonomy(&self) -> &Taxonomy {
        &self.catalogue.taxonomy
    }

    pub fn detectors(&self) -> &DetectorSet {
        &self.catalogue.detectors
    }

    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    pub fn keys(&self) -> &Keyring {
        &self.keys
    }
}

/// The two have nothing to do with each other once the categories are known, and both take their time.
/// A file that nobody reads holds rules that are not in force, whatever it says.
fn complain_of_unread(files: &[SourceFile], diagnostics: &mut Diagnostics) {
    for SourceFile { name, .. } in files {
        if Engine::reads(name) || name.starts_with(TESTS) {
            continue;
        }
        let place = Place { file: name.clone(), line: 0, column: 0 };
        diagnostics
            .error(place, "is not read where it stands: nothing it says is in force")
            .remedy(where_to_stand(name));
    }
}

/// Tests of rules are read by whoever tries them.
const TESTS: &str = "tests/";

fn where_to_stand(name: &str) -> String {
    let folder = name.split_once('/').map(|(folder, _)| format!("{folder}/"));
    let folders = [&RULE_FOLDERS[..], &NAME_FOLDERS[..], &CatalogueFiles::FOLDERS].concat();
    if let Some(meant) = folder.and_then(|folder| near(&folder, &folders)) {
        return format!("did you mean `{meant}`?");
    }
    "rules stand in `law/`, `agreement/`, `policy/` and `organisation/`, what they name in `purposes.yaml`, \
     `purposes/`, `zones/`, `registers/`, `taxonomy/` and `detectors/`, and tests in `tests/`; put it there, or take it out of the \
     directory"
        .to_owned()
}

fn compile_both(
    files: CatalogueFiles,
    rest: &[SourceFile],
    diagnostics: &mut Diagnostics,
) -> (Option<Arc<Catalogue>>, Option<RuleSet>) {
    let mut complaints = Diagnostics::default();
    let Some(taxonomy) = files.taxonomy(&mut complaints) else {
        // Without categories every name in the other files would be unknown: one cause, one complaint.
        // What is wrong with their form is told all the same.
        files.check_form(&mut complaints);
        RuleSet::check_form(rest, &mut complaints);
        diagnostics.extend(complaints);
        return (None, None);
    };
    let mut of_rules = Diagnostics::default();
    let (detectors, rules) = std::thread::scope(|scope| {
        let detectors = scope.spawn(|| files.detectors(&taxonomy, &mut complaints));
        let rules = RuleSet::compile(rest, &taxonomy, &mut of_rules);
        match detectors.join() {
            Ok(detectors) => (detectors, rules),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    diagnostics.extend(complaints.clone());
    diagnostics.extend(of_rules);
    let new = |detectors| Arc::new(Catalogue::new(files, taxonomy, detectors, complaints));
    (detectors.map(new), rules)
}

#[cfg(test)]
mod tests;
