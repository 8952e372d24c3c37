//! Purposes and the words of the registers, compiled.

use rustc_hash::FxHashMap;

use super::{Timestamp, predicate::ClassSet};
use crate::{
    domain::{BrokenSignature, Finding, Findings, Part, Region, Step, TagSet},
    source::Place,
};

/// The purposes personal data may be used for (MI-01), and what each needs (MI-06).
#[derive(Debug, Clone, Default)]
pub(super) struct Registry {
    pub(super) version: Option<RegistryVersion>,
    pub(super) destinations: Vec<Region>,
    /// Number 0 is a purpose the registry does not know.
    pub(super) numbers: FxHashMap<Box<str>, u16>,
    pub(super) purposes: Vec<Purpose>,
    /// What some recipients may have whatever the purpose.
    pub(super) also: Vec<Variation>,
    /// Their names in lower case.
    pub(super) carriers: Vec<Carrier>,
    /// What is done where a redaction would break a signature and its rule says nothing of it.
    pub(super) on_break: BrokenSignature,
    /// Headers that hold a signature of the body, lower case.
    pub(super) signature_headers: Vec<Box<str>>,
}

#[derive(Debug, Clone)]
pub(super) struct RegistryVersion {
    pub(super) id: Box<str>,
    pub(super) effective_from: Timestamp,
}

#[derive(Debug, Clone)]
pub(super) struct Purpose {
    pub(super) permit: Permit,
    pub(super) recipients: ClassSet,
    /// It carries aggregates, in which these are about somebody nevertheless.
    pub(super) aggregate: Option<TagSet>,
}

#[derive(Debug, Clone)]
pub(super) enum Permit {
    Categories { base: TagSet, also: Vec<Variation>, only: Vec<Variation> },
    LegalBasis,
    Consent(Box<str>),
}

/// A header that carries a request, and what may stand in it for that.
#[derive(Debug, Clone)]
pub(super) struct Carrier {
    pub(super) header: Box<str>,
    pub(super) categories: TagSet,
}

/// What some recipients may have.
#[derive(Debug, Clone)]
pub(super) struct Variation {
    pub(super) classes: Option<ClassSet>,
    pub(super) kinds: Option<Vec<Box<str>>>,
    pub(super) categories: TagSet,
}

impl Variation {
    pub(super) fn applies(&self, class: u8, kind: Option<&str>) -> bool {
        self.classes.is_none_or(|classes| classes.contains(class))
            && self.kinds.as_ref().is_none_or(|kinds| {
                kind.is_some_and(|kind| kinds.iter().any(|known| **known == *kind))
            })
    }
}

impl Registry {
    /// True for what proves in a header who calls. Whatever else stands there is judged like the rest of the request,
    /// and so is a document inside, such as the claims of a token.
    pub(super) fn is_carrier(&self, finding: &Finding, findings: &Findings) -> bool {
        finding.part == Part::Header
            && findings.nodes.get(finding.path as usize).is_some_and(|node| match &node.step {
                Step::Name(name) => {
                    let is_of_one = |carrier: &Carrier| {
                        *carrier.header == **name && carrier.categories.contains(finding.tag)
                    };
                    node.parent.is_none() && self.carriers.iter().any(is_of_one)
                }
                Step::Index(_) => false,
            })
    }

    pub(super) fn number(&self, name: &str) -> u16 {
        self.numbers.get(name).copied().unwrap_or(0)
    }

    pub(super) fn purpose(&self, number: u16) -> Option<&Purpose> {
        usize::from(number).checked_sub(1).and_then(|index| self.purposes.get(index))
    }
}

/// The words the registers declare. A section nobody declared accepts every word.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary {
    /// Number 0 is a class no register knows.
    pub(super) classes: FxHashMap<Box<str>, u8>,
    pub(super) sections: FxHashMap<Section, Words>,
    /// What the lists hold, in the order written: what is meant by it shows when a rule asks for the list.
    pub(super) listed: Vec<Listed>,
}

/// A value of a list, where it is written.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) list: Box<str>,
    pub(super) value: Box<str>,
    pub(super) place: Place,
}

/// The words of one section; a list also has values, and a type of mechanism members.
pub(super) type Words = FxHashMap<Box<str>, Box<[Box<str>]>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Section {
    Mechanism,
    ConsentScope,
    OptOut,
    Setting,
    ProviderKind,
    Counter,
    List,
    LegalBasis,
    Flag,
    Sector,
    CnExemption,
    UsExemption,
}

impl Section {
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Mechanism => "mechanism type",
            Self::ConsentScope => "consent scope",
            Self::OptOut => "opt-out",
            Self::Setting => "setting",
            Self::ProviderKind => "provider kind",
            Self::Counter => "counter",
            Self::List => "list",
            Self::LegalBasis => "legal basis",
            Self::Flag => "flag",
            Self::Sector => "sector",
            Self::CnExemption => "ground of a Chinese exemption",
            Self::UsExemption => "ground of a United States exemption",
        }
    }
}

impl Vocabulary {
    pub(super) fn class(&self, name: Option<&str>) -> u8 {
        name.and_then(|name| self.classes.get(name)).copied().unwrap_or(0)
    }

    pub(super) fn knows(&self, section: Section, name: &str) -> bool {
        self.sections.get(&section).is_none_or(|words| words.contains_key(name))
    }

    /// What records of these types of mechanism say beside what every record does; of all types where none is named.
    /// `None` where nobody declared any types.
    pub(super) fn members<'v>(&'v self, kinds: &[Box<str>]) -> Option<Vec<&'v str>> {
        let types = self.sections.get(&Section::Mechanism)?;
        let is_meant = |kind: &str| kinds.is_empty() || kinds.iter().any(|it| **it == *kind);
        let of = types.iter().filter(|(kind, _)| is_meant(kind)).flat_map(|(_, members)| members);
        let mut members: Vec<&str> = of.map(|member| &**member).collect();
        members.sort_unstable();
        members.dedup();
        Some(members)
    }

    /// The values a list is shipped with.
    pub(super) fn values(&self, list: &str) -> Box<[Box<str>]> {
        self.sections
            .get(&Section::List)
            .and_then(|lists| lists.get(list))
            .cloned()
            .unwrap_or_default()
    }
}
