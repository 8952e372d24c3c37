//! Facts that are missing: what they are in words, what they are as records, and a transfer with them on
//! file. A proposal is judged with its needs applied before anybody sees it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    case::Case,
    clause::Written,
    state::{field_words, kind_words},
};
use crate::{
    domain::Region,
    policy::{
        ConsentType, Period,
        registry::Section,
        words::{FieldTest, Scalar},
    },
};

/// The numbers of the people a need is about.
pub(in crate::policy) type Who = BTreeSet<usize>;

/// One thing that is missing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Need {
    Mechanism(MechanismNeed),
    Consent(ConsentNeed, Who),
    LegalBasis {
        kinds: Vec<String>,
        reference: bool,
        fields: Vec<String>,
    },
    /// A circumstance of the transfer that somebody has to state, where it is so.
    Flag(String),
    CnExempt(String),
    UsExempt(String),
    Setting {
        name: String,
        is: bool,
        who: Who,
    },
    OptIn {
        name: String,
        who: Who,
    },
    Verified(Who),
    Tls,
    GoverningPolicy,
    PolicyDestination(Region),
    /// Counts on file, none above its number.
    Counts(BTreeMap<String, u64>),
    /// These findings are taken out before sending.
    Redact(BTreeSet<u32>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct MechanismNeed {
    pub(super) kind: String,
    /// By name, not by leaving the list empty.
    pub(super) names_recipient: bool,
    pub(super) names_destination: bool,
    pub(super) destinations: BTreeSet<Region>,
    pub(super) with: Vec<(String, FieldTest)>,
    pub(super) max_age: Option<Period>,
    pub(super) min_age: Option<Period>,
    pub(super) lasts: Option<Period>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ConsentNeed {
    pub(super) scope: String,
    pub(super) kind: ConsentType,
    pub(super) names_destination: bool,
    pub(super) destinations: BTreeSet<Region>,
    pub(super) names_recipient: bool,
    pub(super) names_purpose: bool,
    pub(super) notice: bool,
}

/// Adds a need to others: two that one record satisfies become one.
pub(super) fn add(needs: &mut Vec<Need>, need: &Need) {
    for known in needs.iter_mut() {
        if known == need || merge(known, need) {
            return;
        }
    }
    needs.push(need.clone());
}

fn merge(known: &mut Need, other: &Need) -> bool {
    match (known, other) {
        (Need::Mechanism(known), Need::Mechanism(other)) if known.kind == other.kind => {
            known.names_recipient |= other.names_recipient;
            known.names_destination |= other.names_destination;
            known.destinations.extend(&other.destinations);
            for field in &other.with {
                if !known.with.contains(field) {
                    known.with.push(field.clone());
                }
            }
            known.max_age = known.max_age.or(other.max_age);
            known.min_age = known.min_age.or(other.min_age);
            known.lasts = known.lasts.or(other.lasts);
            true
        }
        (Need::Consent(known, who), Need::Consent(other, others))
            if known.scope == other.scope && joint(known.kind, other.kind).is_some() =>
        {
            known.kind = joint(known.kind, other.kind).unwrap_or(known.kind);
            known.names_destination |= other.names_destination;
            known.destinations.extend(&other.destinations);
            known.names_recipient |= other.names_recipient;
            known.names_purpose |= other.names_purpose;
            known.notice |= other.notice;
            who.extend(others);
            true
        }
        (Need::Setting { name, is, who }, Need::Setting { name: other, is: its, who: others })
            if name == other && is == its =>
        {
            who.extend(others);
            true
        }
        (Need::OptIn { name, who }, Need::OptIn { name: other, who: others }) if name == other => {
            who.extend(others);
            true
        }
        (Need::Verified(who), Need::Verified(others)) => {
            who.extend(others);
            true
        }
        (Need::Counts(known), Need::Counts(others)) => {
            for (key, bound) in others {
                let at_most = known.entry(key.clone()).or_insert(*bound);
                *at_most = (*at_most).min(*bound);
            }
            true
        }
        (Need::Redact(known), Need::Redact(other)) => {
            known.extend(other);
            true
        }
        _ => false,
    }
}

/// The type that is as good as either.
fn joint(a: ConsentType, b: ConsentType) -> Option<ConsentType> {
    use ConsentType::{Explicit, SeparateExplicit};
    match (a, b) {
        (a, b) if a == b => Some(a),
        (Explicit, SeparateExplicit) | (SeparateExplicit, Explicit) => Some(SeparateExplicit),
        _ => None,
    }
}

impl Need {
    /// Whether a record can be as it is asked for: what has to be empty is no date to count from, nor has it a value.
    pub(super) fn can_be(&self) -> bool {
        let Self::Mechanism(need) = self else { return true };
        let is_asked_for = |name: &str| {
            need.with.iter().any(|(field, test)| match test {
                FieldTest::Is(_) | FieldTest::Present(true) | FieldTest::Passed(_) => field == name,
                FieldTest::Within { of, .. } => field == name || of.as_deref() == Some(name),
                FieldTest::Not(_) | FieldTest::Present(false) => false,
            })
        };
        let mut empty = need.with.iter().filter(|(_, test)| *test == FieldTest::Present(false));
        let has_both = |field: &str, passed: bool| {
            need.with.contains(&(field.to_owned(), FieldTest::Passed(passed)))
        };
        let is_of_two_times =
            need.with.iter().any(|(field, _)| has_both(field, true) && has_both(field, false));
        !empty.any(|(field, _)| is_asked_for(field)) && !is_of_two_times
    }

    /// What an operator can do most easily comes first: records, then consent, then what only the facts
    /// themselves can make true.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Mechanism(_) | Self::Tls => 0,
            Self::Consent(..) | Self::OptIn { .. } | Self::Setting { .. } | Self::Verified(_) => 1,
            Self::Redact(_) => 2,
            Self::PolicyDestination(_) | Self::GoverningPolicy | Self::Counts(_) => 3,
            Self::LegalBasis { .. } | Self::Flag(_) | Self::CnExempt(_) | Self::UsExempt(_) => 4,
        }
    }

    /// Nobody can put it on file: it is stated, where it is so.
    pub(super) fn is_claim(&self) -> bool {
        match self {
            Self::Flag(_) | Self::CnExempt(_) | Self::UsExempt(_) => true,
            Self::Mechanism(_)
            | Self::Consent(..)
            | Self::LegalBasis { .. }
            | Self::Setting { .. }
            | Self::OptIn { .. }
            | Self::Verified(_)
            | Self::Tls
            | Self::GoverningPolicy
            | Self::PolicyDestination(_)
            | Self::Counts(_)
            | Self::Redact(_) => false,
        }
    }

    /// Whether one of the two can stand for the other in a proposal: records of one kind, for the same people.
    pub(super) fn is_alternative(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Consent(_, who), Self::Consent(_, others)) => who == others,
            (Self::Mechanism(_), Self::Mechanism(_))
            | (Self::LegalBasis { .. }, Self::LegalBasis { .. })
            | (Self::Flag(_), Self::Flag(_))
            | (Self::CnExempt(_), Self::CnExempt(_))
            | (Self::UsExempt(_), Self::UsExempt(_)) => true,
            _ => false,
        }
    }

    /// A word for scripts.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Mechanism(_) => "mechanism",
            Self::Consent(..) => "consent",
            Self::LegalBasis { .. } => "legal_basis",
            Self::Flag(_) => "circumstance",
            Self::CnExempt(_) | Self::UsExempt(_) => "exemption",
            Self::Setting { .. } => "setting",
            Self::OptIn { .. } => "opt_in",
            Self::Verified(_) => "verification",
            Self::Tls => "transport",
            Self::GoverningPolicy => "governing_policy",
            Self::PolicyDestination(_) => "policy_version",
            Self::Counts(_) => "count",
            Self::Redact(_) => "redaction",
        }
    }

    pub(super) fn who(&self) -> Option<&Who> {
        match self {
            Self::Consent(_, who)
            | Self::Setting { who, .. }
            | Self::OptIn { who, .. }
            | Self::Verified(who) => Some(who),
            Self::Mechanism(_)
            | Self::LegalBasis { .. }
            | Self::Flag(_)
            | Self::CnExempt(_)
            | Self::UsExempt(_)
            | Self::Tls
            | Self::GoverningPolicy
            | Self::PolicyDestination(_)
            | Self::Counts(_)
            | Self::Redact(_) => None,
        }
    }
}

// === words ===

impl Need {
    /// `an eu_tia with supplementary_measures`, for a person to read.
    pub(super) fn words(&self, written: &Written, case: &Case, many: bool) -> String {
        let titled = |section: Section, word: &str| match written.title(section, word) {
            // Titles say after a semicolon what the record adds.
            Some(title) => {
                format!("`{word}` ({})", title.split(';').next().unwrap_or(title).trim())
            }
            None => format!("`{word}`"),
        };
        match self {
            Self::Mechanism(need) => {
                let kind = titled(Section::Mechanism, &need.kind);
                let mut text = format!("{} {kind}", article(&need.kind));
                let mut names = Vec::new();
                if need.names_recipient {
                    names.push("this recipient".to_owned());
                }
                if need.names_destination {
                    names.extend(need.destinations.iter().map(Region::to_string));
                }
                if !names.is_empty() {
                    text.push_str(" naming ");
                    text.push_str(&names.join(" and "));
                }
                for (number, (field, test)) in need.with.iter().enumerate() {
                    text.push_str(if number == 0 { ", " } else { " and " });
                    text.push_str(&match test {
                        FieldTest::Is(Scalar::Bool(true)) | FieldTest::Not(Scalar::Bool(false)) => {
                            format!("with `{field}`")
                        }
                        FieldTest::Is(Scalar::Bool(false)) | FieldTest::Not(Scalar::Bool(true)) => {
                            format!("without `{field}`")
                        }
                        FieldTest::Is(Scalar::Text(_))
                        | FieldTest::Not(Scalar::Text(_))
                        | FieldTest::Present(_)
                        | FieldTest::Passed(_)
                        | FieldTest::Within { .. } => {
                            format!("with `{field}` {}", field_words(test))
                        }
                    });
                }
                if let Some(age) = need.max_age {
                    text.push_str(&format!(", not older than {}", age.in_words()));
                }
                if let Some(age) = need.min_age {
                    text.push_str(&format!(", in force for {} already", age.in_words()));
                }
                if let Some(period) = need.lasts {
                    text.push_str(&format!(
                        ", in force for more than {} to come",
                        period.in_words()
                    ));
                }
                text
            }
            Self::Consent(need, who) => {
                let scope = titled(Section::ConsentScope, &need.scope);
                let mut text = format!("{} consent to {scope}", kind_words(need.kind));
                let mut names = Vec::new();
                if need.names_destination {
                    names.extend(need.destinations.iter().map(Region::to_string));
                }
                if need.names_recipient {
                    names.push("this recipient".to_owned());
                }
                if need.names_purpose {
                    names.push("this purpose".to_owned());
                }
                if !names.is_empty() {
                    text.push_str(" naming ");
                    text.push_str(&names.join(" and "));
                }
                if need.notice {
                    text.push_str(", given after notice");
                }
                text + &of(who, many)
            }
            Self::LegalBasis { kinds, reference, fields } => {
                let mut text = match kinds.as_slice() {
                    [] => "a legal basis".to_owned(),
                    [only] => format!("the legal basis {}", titled(Section::LegalBasis, only)),
                    [first, second] => format!("a legal basis, `{first}` or `{second}`"),
                    [first, second, rest @ ..] => {
                        format!(
                            "a legal basis such as `{first}` or `{second}` ({} more)",
                            rest.len()
                        )
                    }
                };
                if *reference {
                    text.push_str(" with its reference");
                }
                for field in fields {
                    text.push_str(&format!(" with `{field}`"));
                }
                text
            }
            Self::Flag(name) => {
                format!("where it is so, the statement {}", titled(Section::Flag, name))
            }
            Self::CnExempt(ground) => format!(
                "where it is so, the Chinese exemption on the ground {}",
                titled(Section::CnExemption, ground)
            ),
            Self::UsExempt(ground) => format!(
                "where it is so, the United States exemption on the ground {}",
                titled(Section::UsExemption, ground)
            ),
            Self::Setting { name, is, who } => {
                let (setting, way) =
                    (titled(Section::Setting, name), if *is { "on" } else { "off" });
                format!("{setting} switched {way}{}", of(who, many))
            }
            Self::OptIn { name, who } => {
                let opt_out = titled(Section::OptOut, name);
                format!("the opt-out {opt_out} taken back{}", of(who, many))
            }
            Self::Verified(who) => format!("identity verified{}", of(who, many)),
            Self::Tls => "send it over TLS".to_owned(),
            Self::GoverningPolicy => "the recipient's governing policy on file".to_owned(),
            Self::PolicyDestination(at) => {
                format!("a version of the privacy policy that names {at}, in force and announced")
            }
            Self::Counts(counts) => {
                let counts: Vec<String> = counts
                    .iter()
                    .map(|(key, most)| format!("{} at most {most}", titled(Section::Counter, key)))
                    .collect();
                format!("counts on file: {}", counts.join(", and "))
            }
            Self::Redact(_) => {
                let mut places = case.places(self);
                let more = places.len().saturating_sub(6);
                places.truncate(6);
                let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("redact {}{tail}", places.join(", "))
            }
        }
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

fn of(who: &Who, many: bool) -> String {
    match who.len() {
        _ if !many => String::new(),
        1 => " of 1 person".to_owned(),
        count => format!(" of {count} people"),
    }
}
