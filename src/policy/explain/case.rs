//! A transfer with what it is judged by, and the same with what is missing put on file.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::need::{ConsentNeed, MechanismNeed, Need, Who};
use crate::{
    domain::{Finding, Findings, Region},
    policy::{
        CnExempt, Consent, LegalBasis, Mechanism, People, PolicyVersion, Subject, Timestamp,
        Transfer, Transport, UsExempt,
        words::{FieldTest, Scalar},
    },
};

/// Marks a record that nobody has put on file.
const PROPOSED: &str = "proposed";

/// A transfer with what it is judged by.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Case {
    pub(in crate::policy) transfer: Transfer,
    pub(in crate::policy) people: People,
    pub(in crate::policy) findings: Findings,
}

impl Case {
    /// The same with everything needed on file.
    pub(super) fn with(&self, needs: &[Need]) -> Self {
        let mut case = self.clone();
        for need in needs {
            case.put(need);
        }
        case
    }

    fn put(&mut self, need: &Need) {
        let now = self.transfer.as_of;
        match need {
            Need::Mechanism(need) => {
                let mechanism = self.mechanism(need);
                self.transfer.mechanisms.push(mechanism);
            }
            Need::Consent(need, who) => {
                let consent = self.consent(need);
                self.each(who, |subject| subject.consents.push(consent.clone()));
            }
            Need::LegalBasis { kinds, reference, fields } => {
                let mut basis = self.transfer.legal_basis.take().unwrap_or_default();
                basis.kind = kinds.first().cloned().or(basis.kind);
                if *reference {
                    basis.reference = Some(PROPOSED.to_owned());
                }
                for field in fields {
                    basis.other.insert(field.clone(), json!(PROPOSED));
                }
                self.transfer.legal_basis = Some(basis);
            }
            Need::Flag(name) => match name.as_str() {
                "contract_necessity" => self.transfer.contract_necessity = Some(true),
                "occasional" => self.transfer.occasional = Some(true),
                "legal_hold" => self.transfer.legal_hold = Some(true),
                other => drop(self.transfer.other.insert(other.to_owned(), json!(true))),
            },
            Need::CnExempt(ground) => {
                self.transfer.cn_exempt = Some(CnExempt { ground: ground.clone() });
            }
            Need::UsExempt(ground) => {
                self.transfer.us_exempt = Some(UsExempt { ground: ground.clone() });
            }
            Need::Setting { name, is, who } => {
                self.each(who, |subject| {
                    subject.settings.insert(name.into(), *is);
                });
            }
            Need::OptIn { name, who } => self.each(who, |subject| {
                subject.opt_outs.remove(name.as_str());
            }),
            Need::Verified(who) => self.each(who, |subject| subject.verified = Some(true)),
            Need::Tls => self.transfer.transport = Some(Transport::Tls),
            Need::GoverningPolicy => {
                self.transfer.recipient.governing_policy = Some(PROPOSED.to_owned());
            }
            Need::PolicyDestination(at) => {
                let mut destinations: Vec<Region> = self
                    .transfer
                    .policy_versions
                    .iter()
                    .filter_map(|version| version.destinations.clone())
                    .flatten()
                    .collect();
                destinations.push(*at);
                self.transfer.policy_versions.push(PolicyVersion {
                    id: PROPOSED.into(),
                    effective_from: now,
                    destinations: Some(destinations),
                    added_purposes: Default::default(),
                    material: true,
                    notice_ref: Some(PROPOSED.to_owned()),
                });
            }
            Need::Counts(counts) => {
                let counts = counts.iter().map(|(key, most)| (key.into(), *most));
                self.transfer.counters.extend(counts);
            }
            Need::Redact(numbers) => self.take_out(numbers),
        }
    }

    fn each(&mut self, who: &Who, change: impl Fn(&mut Subject)) {
        for number in who {
            let Some(person) = self.people.people.get_mut(*number) else { continue };
            let facts = person.facts.get_or_insert_with(|| self.transfer.subject.clone());
            change(facts);
        }
    }

    fn mechanism(&self, need: &MechanismNeed) -> Mechanism {
        let now = self.transfer.as_of;
        let mut other = std::collections::BTreeMap::new();
        // What every record has stands beside what its type adds.
        let mut counted_from = None;
        for (field, test) in &need.with {
            let date =
                |days: i64| now.and_then(|now| shifted(now, days)).map(|at| json!(at.to_string()));
            let value = match test {
                FieldTest::Is(Scalar::Bool(flag)) => Some(json!(flag)),
                FieldTest::Is(Scalar::Text(text)) => Some(json!(text)),
                FieldTest::Not(Scalar::Bool(flag)) => Some(json!(!flag)),
                FieldTest::Not(Scalar::Text(_)) | FieldTest::Present(false) => None,
                FieldTest::Present(true) => Some(json!(PROPOSED)),
                FieldTest::Passed(true) => date(-1),
                FieldTest::Passed(false) => date(30),
                FieldTest::Within { of, .. } => {
                    match of.as_deref() {
                        Some("valid_from") => counted_from = now,
                        Some(of) => other.extend(date(0).map(|at| (of.to_owned(), at))),
                        None => {}
                    }
                    date(0)
                }
            };
            if let Some(value) = value {
                other.insert(field.clone(), value);
            }
        }
        // Old enough and not too old, where an age is asked for.
        let valid_from =
            now.filter(|_| need.max_age.is_some() || need.min_age.is_some()).and_then(|now| {
                let fits = |from: &Timestamp| {
                    need.max_age.is_none_or(|age| now < age.after(*from))
                        && need.min_age.is_none_or(|age| age.after(*from) <= now)
                        && need
                            .lasts
                            .zip(need.max_age)
                            .is_none_or(|(period, age)| now < period.before(age.after(*from)))
                };
                (0..4_000).filter_map(|days| shifted(now, -days)).find(fits)
            });
        Mechanism {
            kind: need.kind.as_str().into(),
            id: format!("{PROPOSED}-{}", need.kind).into(),
            valid_from: counted_from.or(valid_from),
            valid_until: None,
            destinations: if need.names_destination {
                need.destinations.iter().copied().collect()
            } else {
                Vec::new()
            },
            recipients: self.recipient(need.names_recipient),
            categories: Vec::new(),
            other,
        }
    }

    fn recipient(&self, named: bool) -> Vec<String> {
        self.transfer.recipient.id.iter().filter(|_| named).map(ToString::to_string).collect()
    }

    fn consent(&self, need: &ConsentNeed) -> Consent {
        Consent {
            scope: need.scope.as_str().into(),
            kind: need.kind,
            policy_version: None,
            purposes: self
                .transfer
                .purpose
                .iter()
                .filter(|_| need.names_purpose)
                .map(ToString::to_string)
                .collect(),
            categories: Vec::new(),
            destinations: if need.names_destination {
                need.destinations.iter().copied().collect()
            } else {
                Vec::new()
            },
            recipients: self.recipient(need.names_recipient),
            given_at: self.transfer.as_of,
            expires_at: None,
            withdrawn_at: None,
            evidence_ref: None,
            notice_ref: need.notice.then(|| PROPOSED.to_owned()),
        }
    }

    /// The findings without these and without what they enclose.
    fn take_out(&mut self, numbers: &BTreeSet<u32>) {
        let items = &self.findings.items;
        let gone: Vec<bool> = (0u32..)
            .zip(items)
            .map(|(number, finding)| {
                numbers.contains(&number) || encloses(items, finding, |at| numbers.contains(&at))
            })
            .collect();
        let mut kept: Vec<Option<u32>> = Vec::with_capacity(items.len());
        let mut next = 0u32;
        for gone in &gone {
            kept.push((!gone).then_some(next));
            next += u32::from(!gone);
        }
        let is_kept = |index: usize| gone.get(index) == Some(&false);
        let (mut left, mut of) = (Vec::new(), Vec::new());
        for (index, finding) in items.iter().enumerate().filter(|(index, _)| is_kept(*index)) {
            let enclosing =
                finding.enclosing.and_then(|at| kept.get(at as usize).copied().flatten());
            left.push(Finding { enclosing, ..*finding });
            of.push(u32::try_from(self.people.whose(index)).unwrap_or(0));
        }
        self.findings.items = left;
        self.people.of = of;
    }

    /// A need as the facts it adds to a decision request; `null` for one that is no fact.
    pub(super) fn record(&self, need: &Need) -> Value {
        let mut record = self.facts(need);
        prune(&mut record);
        record
    }

    fn facts(&self, need: &Need) -> Value {
        match need {
            Need::Mechanism(need) => json!({ "mechanisms": [self.mechanism(need)] }),
            Need::Consent(need, _) => json!({ "subject": { "consents": [self.consent(need)] } }),
            Need::LegalBasis { .. } => {
                let mut case = Self { transfer: Transfer::default(), ..self.clone() };
                case.put(need);
                let basis: LegalBasis = case.transfer.legal_basis.unwrap_or_default();
                json!({ "legal_basis": basis })
            }
            Need::Flag(name) => json!({ name: true }),
            Need::CnExempt(ground) => json!({ "cn_exempt": { "ground": ground } }),
            Need::UsExempt(ground) => json!({ "us_exempt": { "ground": ground } }),
            Need::Setting { name, is, .. } => json!({ "subject": { "settings": { name: is } } }),
            Need::Verified(_) => json!({ "subject": { "verified": true } }),
            Need::Tls => json!({ "transport": "tls" }),
            Need::GoverningPolicy => json!({ "recipient": { "governing_policy": PROPOSED } }),
            Need::Counts(counts) => json!({ "counters": counts }),
            Need::OptIn { .. } | Need::PolicyDestination(_) | Need::Redact(_) => Value::Null,
        }
    }
}

impl Case {
    /// Where the fields are that a need takes out.
    pub(super) fn places(&self, need: &Need) -> Vec<String> {
        let numbers = if let Need::Redact(numbers) = need { numbers } else { &BTreeSet::new() };
        let places: BTreeSet<String> = numbers
            .iter()
            .filter_map(|number| self.findings.items.get(*number as usize))
            .map(|finding| self.findings.safe_locator(finding))
            .collect();
        places.into_iter().collect()
    }
}

/// Takes out what says nothing, so that what is there already stays.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| {
                !value.is_null() && !value.as_array().is_some_and(Vec::is_empty)
            });
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn encloses(items: &[Finding], finding: &Finding, is_gone: impl Fn(u32) -> bool) -> bool {
    let mut next = finding.enclosing;
    // A chain longer than the list goes in a circle.
    for _ in 0..items.len() {
        match next {
            Some(at) if is_gone(at) => return true,
            Some(at) => next = items.get(at as usize).and_then(|it| it.enclosing),
            None => return false,
        }
    }
    false
}

fn shifted(now: Timestamp, days: i64) -> Option<Timestamp> {
    let civil = now.0.to_zoned(jiff::tz::TimeZone::UTC);
    civil.checked_add(jiff::Span::new().days(days)).ok().map(|at| Timestamp(at.timestamp()))
}
