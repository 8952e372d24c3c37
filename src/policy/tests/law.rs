//! The shipped law files, row by row: a transfer, what is in it and what is on file, against the effect
//! and the provisions that must have caused it.
//!
//! The files are compiled with an organisation that permits everything, so that only the law can stop
//! or change a transfer here.

use std::sync::OnceLock;

use serde_json::Value;

use super::{compile, rule_files, taxonomy};
use crate::{
    domain::{
        Confidence, Coverage, DetectorId, Effect, Finding, Findings, LayerId, Marks, Part, Region,
        Span,
    },
    policy::{
        Consent, ConsentType, Decision, ExporterRole, LegalBasis, Mechanism, RuleRef, RuleSet,
        Timestamp, Transfer,
    },
    source::SourceFile,
};

#[rustfmt::skip] // A row is a line.
mod africa;
#[rustfmt::skip] // A row is a line.
mod americas;
#[rustfmt::skip] // A row is a line.
mod china;
#[rustfmt::skip] // A row is a line.
mod east_asia;
#[rustfmt::skip] // A row is a line.
mod europe;
#[rustfmt::skip] // A row is a line.
mod south_east_asia;
#[rustfmt::skip] // A row is a line.
mod united_states;
#[rustfmt::skip] // A row is a line.
mod west_asia;

/// The time of a row that names no other.
const NOW: &str = "2026-11-23T09:00:00Z";
/// The recipient of every row.
const RECIPIENT: &str = "support";

/// One transfer and what must come of it.
struct Row {
    /// `CH>CN`.
    route: &'static str,
    /// Short names of the categories in the payload.
    data: &'static str,
    facts: Vec<Fact>,
    effect: Effect,
    /// For `block` and `redact` exactly the provisions that did it, for `allow` some that had a say;
    /// `+name` or `+name=value` for an annotation that must be there, `-name` for one that must not.
    says: &'static str,
}

fn row<const N: usize>(
    route: &'static str,
    data: &'static str,
    facts: [Fact; N],
    effect: Effect,
    says: &'static str,
) -> Row {
    Row { route, data, facts: facts.into(), effect, says }
}

/// Something on file, or another circumstance of the transfer.
#[derive(Debug, Clone)]
enum Fact {
    Mechanism(Mechanism),
    Consent(Consent),
    Flag(&'static str),
    Age(u32),
    Sector(&'static str),
    At(&'static str),
    FirstTransfer(&'static str),
    Class(&'static str),
    OwnPurpose,
    Purpose(&'static str),
    Basis(&'static str),
    Listed(&'static str, &'static str),
    Subdivision(&'static str),
    ReadIn(&'static str),
    Count(&'static str, u64),
    Broker,
    NewPurpose,
}

/// A record valid from 2025 to the end of 2027 for every destination and recipient.
fn on_file(kind: &str) -> Fact {
    Fact::Mechanism(Mechanism {
        kind: kind.into(),
        id: kind.to_uppercase(),
        valid_from: Some(time("2025-01-01")),
        valid_until: Some(time("2028-01-01")),
        ..Mechanism::default()
    })
}

/// An explicit consent of 2025 that names nothing.
fn consent(scope: &str) -> Fact {
    Fact::Consent(Consent {
        scope: scope.into(),
        kind: ConsentType::Explicit,
        policy_version: None,
        purposes: Vec::new(),
        categories: Vec::new(),
        destinations: Vec::new(),
        recipients: Vec::new(),
        given_at: Some(time("2025-02-01")),
        expires_at: None,
        evidence_ref: None,
        notice_ref: None,
    })
}

/// A guardian's consent for a child.
fn guardian() -> Fact {
    consent("guardian").of_kind(ConsentType::Guardian)
}

impl Fact {
    /// Names this destination and no other.
    fn to(self, region: &str) -> Self {
        let region = place(region);
        self.change(|it| it.destinations.push(region), |it| it.destinations.push(region))
    }

    /// Names this recipient and no other.
    fn naming(self, recipient: &str) -> Self {
        let recipient = recipient.to_owned();
        self.change(
            |it| it.recipients.push(recipient.clone()),
            |it| it.recipients.push(recipient.clone()),
        )
    }

    /// Covers this category and no other.
    fn covering(self, category: &str) -> Self {
        let category = category.to_owned();
        self.change(
            |it| it.categories.push(category.clone()),
            |it| it.categories.push(category.clone()),
        )
    }

    fn since(self, from: &str) -> Self {
        let from = Some(time(from));
        self.change(|it| it.valid_from = from, |it| it.given_at = from)
    }

    fn until(self, until: &str) -> Self {
        let until = Some(time(until));
        self.change(|it| it.valid_until = until, |it| it.expires_at = until)
    }

    fn with(self, field: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.change(|it| drop(it.other.insert(field.into(), value)), |_| unreachable!())
    }

    fn of_kind(self, kind: ConsentType) -> Self {
        self.change(|_| unreachable!(), |it| it.kind = kind)
    }

    fn separate(self) -> Self {
        self.of_kind(ConsentType::SeparateExplicit)
    }

    fn deemed(self) -> Self {
        self.of_kind(ConsentType::DeemedByUse)
    }

    /// The person was told about country and recipient first.
    fn told(self) -> Self {
        self.change(|_| unreachable!(), |it| it.notice_ref = Some("information-2025".into()))
    }

    fn change(
        mut self,
        mechanism: impl FnOnce(&mut Mechanism),
        consent: impl FnOnce(&mut Consent),
    ) -> Self {
        if let Self::Mechanism(it) = &mut self {
            mechanism(it);
        } else if let Self::Consent(it) = &mut self {
            consent(it);
        }
        self
    }

    fn apply(&self, transfer: &mut Transfer) {
        match self {
            Self::Mechanism(mechanism) => transfer.mechanisms.push(mechanism.clone()),
            Self::Consent(consent) => transfer.subject.consents.push(consent.clone()),
            Self::Flag("occasional") => transfer.occasional = Some(true),
            Self::Flag("contract_necessity") => transfer.contract_necessity = Some(true),
            Self::Flag("consideration") => transfer.consideration = Some(true),
            Self::Flag(other) => drop(transfer.other.insert((*other).into(), Value::Bool(true))),
            Self::Age(age) => transfer.subject.age = Some(*age),
            Self::Sector(sector) => transfer.exporter.sector = Some((*sector).into()),
            Self::At(now) => transfer.as_of = Some(time(now)),
            Self::FirstTransfer(at) => transfer.first_transfer_at = Some(time(at)),
            Self::Class(class) => transfer.recipient.class = Some((*class).into()),
            Self::OwnPurpose => transfer.recipient.own_purpose = Some(true),
            Self::Purpose(purpose) => transfer.purpose = Some((*purpose).into()),
            Self::Basis(kind) => {
                transfer.legal_basis = Some(LegalBasis {
                    kind: Some((*kind).into()),
                    reference: Some("ref-1".into()),
                    ..LegalBasis::default()
                });
            }
            Self::Listed(list, value) => {
                drop(transfer.config.insert((*list).into(), vec![(*value).into()]));
            }
            Self::Subdivision(at) => transfer.origin_subdivision = Some((*at).into()),
            Self::Count(key, count) => drop(transfer.counters.insert((*key).into(), *count)),
            Self::Broker => transfer.exporter.role = Some(ExporterRole::DataBroker),
            Self::ReadIn(country) => transfer.remote_access_from.push(place(country)),
            Self::NewPurpose => {
                transfer.purpose = Some("concierge".into());
                transfer.policy_versions = serde_json::from_str(
                    r#"[{"id": "2026", "effective_from": "2026-01-01", "added_purposes": {"concierge": ["name"]}}]"#,
                )
                .unwrap();
            }
        }
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn place(code: &str) -> Region {
    code.parse().unwrap()
}

/// Reports every row that goes another way.
fn check<const N: usize>(rows: [Row; N]) {
    let rules = shipped();
    let mut wrong = Vec::new();
    for row in rows {
        let decision = decide(rules, &row);
        if let Some(complaint) = complaint(rules, &row, &decision) {
            wrong.push(format!(
                "{} {:?} {:?}\n    wanted {} {:?}, but {complaint}",
                row.route, row.data, row.facts, row.effect, row.says
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn decide(rules: &RuleSet, row: &Row) -> Decision {
    let (origin, destination) = row.route.split_once('>').unwrap();
    let mut transfer = Transfer {
        as_of: Some(time(NOW)),
        origin: Some(place(origin)),
        destination: Some(place(destination)),
        purpose: Some("customer_support".into()),
        ..Transfer::default()
    };
    transfer.recipient.class = Some("affiliate".into());
    transfer.recipient.id = Some(RECIPIENT.into());
    transfer.subject.age = Some(29);
    for fact in &row.facts {
        fact.apply(&mut transfer);
    }
    let findings = Findings {
        items: row.data.split_whitespace().map(finding).collect(),
        ..Findings::default()
    };
    rules.decide(&transfer, &findings, Coverage::Full, &[])
}

fn complaint(rules: &RuleSet, row: &Row, decision: &Decision) -> Option<String> {
    let ids = |refs: &mut dyn Iterator<Item = RuleRef>| -> Vec<String> {
        let mut ids: Vec<String> = refs.map(|it| rules.rule(it).id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let said = ids(&mut decision.rules.iter().copied());
    let caused = match decision.effect {
        Effect::Allow => Vec::new(),
        Effect::Redact => ids(&mut decision.redactions.iter().map(|it| it.rule)),
        Effect::Block => ids(&mut decision.blocked_by.iter().copied()),
    };
    if decision.effect != row.effect {
        return Some(format!("was {} {caused:?}", decision.effect));
    }
    let mut wanted: Vec<&str> =
        row.says.split_whitespace().filter(|word| word.starts_with("JR-")).collect();
    wanted.sort_unstable();
    if row.effect != Effect::Allow && caused != wanted {
        return Some(format!("was caused by {caused:?}"));
    }
    if let Some(missing) = wanted.iter().find(|id| !said.iter().any(|it| it == **id)) {
        return Some(format!("{missing} had no say among {said:?}"));
    }
    for word in row.says.split_whitespace() {
        let (name, value) = match word.get(1..).unwrap().split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.get(1..).unwrap(), None),
        };
        let noted = decision
            .annotations
            .iter()
            .any(|it| it.name == name && (value.is_none() || it.value.as_deref() == value));
        if (word.starts_with('+') && !noted) || (word.starts_with('-') && noted) {
            return Some(format!("the annotations were {:?}", decision.annotations));
        }
    }
    None
}

fn finding(name: &str) -> Finding {
    Finding {
        tag: taxonomy().tag(name).unwrap_or_else(|| panic!("no category `{name}`")),
        part: Part::Body,
        layer: LayerId(0),
        path: Findings::ROOT,
        span: Span::default(),
        value: Span::default(),
        member: Span::default(),
        kind: None,
        confidence: Confidence(100),
        detector: DetectorId(0),
        marks: Marks::default(),
        enclosing: None,
        region: None,
    }
}

/// The shipped law, and an organisation that permits everything.
fn shipped() -> &'static RuleSet {
    static SET: OnceLock<RuleSet> = OnceLock::new();
    SET.get_or_init(|| {
        let mut files = rule_files();
        files.retain(|file| {
            !["policy/", "agreement/", "organisation/"].iter().any(|it| file.name.starts_with(it))
        });
        files.push(SourceFile {
            name: "organisation/permit.yaml".into(),
            text: "\
layer: organisation
title: Everything the law lets pass
rules:
  - id: ORG-01
    title: Permit
    statute: this test
    when: {data: any}
    effect: allow
    reason: Permitted.
"
            .into(),
        });
        let (set, diagnostics) = compile(&files);
        assert!(diagnostics.is_empty(), "{diagnostics}");
        set.unwrap()
    })
}
