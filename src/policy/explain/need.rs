//! Facts that are missing: what they are in words, what they are as records, and a transfer with them on
//! file. A proposal is judged with its needs applied before anybody sees it.

use std::collections::BTreeSet;

use super::{
    case::Case,
    clause::Written,
    state::{field_words, kind_words},
};
use crate::{
    domain::Region,
    policy::{
        ConsentType, Period,
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
    Count {
        key: String,
        at_most: u64,
    },
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
        (Need::Count { key, at_most }, Need::Count { key: other, at_most: bound })
            if key == other =>
        {
            *at_most = (*at_most).min(*bound);
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
    /// What an operator can do most easily comes first: records, then consent, then what only the facts
    /// themselves can make true.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Mechanism(_) | Self::Tls => 0,
            Self::Consent(..) | Self::OptIn { .. } | Self::Setting { .. } | Self::Verified(_) => 1,
            Self::Redact(_) => 2,
            Self::PolicyDestination(_) | Self::GoverningPolicy | Self::Count { .. } => 3,
            Self::LegalBasis { .. } | Self::Flag(_) | Self::CnExempt(_) | Self::UsExempt(_) => 4,
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
            Self::Count { .. } => "count",
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
            | Self::Count { .. }
            | Self::Redact(_) => None,
        }
    }
}

// === words ===

impl Need {
    /// `an eu_tia with supplementary_measures`, for a person to read.
    pub(super) fn words(&self, written: &Written, case: &Case, many: bool) -> String {
        let titled = |word: &str| match written.title(word) {
            // Titles say after a semicolon what the record adds.
            Some(title) => {
                format!("`{word}` ({})", title.split(';').next().unwrap_or(title).trim())
            }
            None => format!("`{word}`"),
        };
        match self {
            Self::Mechanism(need) => {
                let mut text = format!("{} {}", article(&need.kind), titled(&need.kind));
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
                    text.push_str(if number == 0 { ", with " } else { " and " });
                    text.push_str(&match test {
                        FieldTest::Is(Scalar::Bool(true)) => format!("`{field}`"),
                        FieldTest::Is(_)
                        | FieldTest::Not(_)
                        | FieldTest::Present(_)
                        | FieldTest::Passed(_)
                        | FieldTest::Within { .. } => {
                            format!("`{field}` {}", field_words(test))
                        }
                    });
                }
                if let Some(age) = need.max_age {
                    text.push_str(&format!(", not older than {age}"));
                }
                if let Some(age) = need.min_age {
                    text.push_str(&format!(", in force for {age} already"));
                }
                text
            }
            Self::Consent(need, who) => {
                let mut text =
                    format!("{} consent to {}", kind_words(need.kind), titled(&need.scope));
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
                    [only] => format!("the legal basis {}", titled(only)),
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
            Self::Flag(name) => format!("where it is so, the statement {}", titled(name)),
            Self::CnExempt(ground) => format!("the Chinese exemption on the ground `{ground}`"),
            Self::UsExempt(ground) => {
                format!("the United States exemption on the ground `{ground}`")
            }
            Self::Setting { name, is, who } => {
                format!(
                    "{} switched {}{}",
                    titled(name),
                    if *is { "on" } else { "off" },
                    of(who, many)
                )
            }
            Self::OptIn { name, who } => {
                format!("the opt-out `{name}` taken back{}", of(who, many))
            }
            Self::Verified(who) => format!("identity verified{}", of(who, many)),
            Self::Tls => "send it over TLS".to_owned(),
            Self::GoverningPolicy => "the recipient's governing policy on file".to_owned(),
            Self::PolicyDestination(at) => {
                format!("a version of the privacy policy that names {at}, in force and announced")
            }
            Self::Count { key, at_most } => format!("`{key}` on file, at most {at_most}"),
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
