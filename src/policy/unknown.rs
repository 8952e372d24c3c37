//! What a transfer, or what is on file, names and nothing in the rules knows: misspelt, most likely, so that a consent
//! counts for nothing or a withdrawal takes nothing back.

use std::borrow::Cow;

use super::{
    Exporter, Mechanism, NamedSubject, RuleSet, Subject, Transfer, Withdrawal,
    registry::{ClassRef, PurposeRef, Section},
};
use crate::source::near;

/// A name that nothing in the rules knows, and the one that was probably meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misnamed<'r> {
    pub meant: Option<&'r str>,
}

impl RuleSet {
    /// What `transfer` says beside the members of a decision request and that no rule can read, and the names of
    /// [`Self::unknown_of`] in what it says of people and of mechanisms.
    pub fn unknown<'t>(&self, transfer: &'t Transfer) -> Vec<Cow<'t, str>> {
        // Rules may ask for any member of a legal basis, which may stand beside it as well.
        let may_be_of_basis = transfer.legal_basis.is_some();
        let members = transfer.other.keys().map(String::as_str).filter(|name| {
            let is_place = name.starts_with('/');
            let is_own = !may_be_of_basis
                && *name != Transfer::SERVICE
                && !self.vocabulary.knows(Section::Flag, name);
            is_place || is_own
        });
        let named = |person: &'t NamedSubject| person.subject.as_ref();
        let people = std::iter::once(&transfer.subject)
            .chain(transfer.subjects.iter().filter_map(named))
            .flat_map(|subject| self.unknown_of(subject));
        let mechanisms = transfer.mechanisms.iter().filter_map(|it| self.unknown_mechanism(it));
        let listed =
            self.unknown_destinations(transfer).map(|(_, name)| format!("destination:{name}"));
        let exporter = self.unknown_of_exporter(&transfer.exporter);
        let mut all: Vec<Cow<'_, str>> = members.map(Cow::Borrowed).collect();
        for name in people.chain(mechanisms).chain(listed).chain(exporter).map(Cow::Owned) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    /// What `transfer` puts on a list of destinations and is none, each with the list: a restriction that would hold
    /// for nowhere, or an adequacy of nowhere.
    pub(crate) fn unknown_destinations<'t>(
        &self,
        transfer: &'t Transfer,
    ) -> impl Iterator<Item = (&'t str, &'t str)> {
        let lists = transfer.config.iter();
        let lists = lists.filter(|(list, _)| self.destination_lists.contains(list.as_str()));
        let all =
            lists.flat_map(|(list, names)| names.iter().map(|name| (list.as_str(), name.as_str())));
        all.filter(|(_, name)| self.zones.regions(name).is_none())
    }

    /// The names in what a person agreed to, took back or chose that no register and no rule knows, each as what it
    /// stands for and is called: `consent:crossborder`, `purpose:…`, `category:…`, `opt_out:…`, `setting:…`. The
    /// purposes that only a version of the policy adds are among them; recipients are not, whose ids are anybody's.
    pub(crate) fn unknown_of(&self, subject: &Subject) -> impl Iterator<Item = String> {
        let agreed = subject.consents.iter().flat_map(|consent| {
            let scope = std::iter::once(("consent", consent.scope.as_str()));
            let purposes = consent.purposes.iter().map(|name| ("purpose", name.as_str()));
            let categories = consent.categories.iter().map(|name| ("category", name.as_str()));
            scope.chain(purposes).chain(categories)
        });
        let opt_outs = subject.opt_outs.iter().map(|name| ("opt_out", name.as_str()));
        let settings = subject.settings.keys().map(|name| ("setting", name.as_str()));
        let taken_back = named(&subject.withdrawn);
        self.unknown_among(agreed.chain(taken_back).chain(opt_outs).chain(settings))
    }

    /// The names nobody understands that a withdrawal is of: each may have been meant to take back anything.
    pub(crate) fn unknown_withdrawals(
        &self,
        withdrawn: &[Withdrawal],
    ) -> impl Iterator<Item = String> {
        self.unknown_among(named(withdrawn))
    }

    /// The sector and the flags of an exporter that no register and no rule knows: one that was meant to keep data where
    /// it is would keep nothing. A flag with a colon names somebody, such as a workload.
    fn unknown_of_exporter(&self, exporter: &Exporter) -> impl Iterator<Item = String> {
        let sector = exporter.sector.iter().filter(|name| !name.is_empty());
        let sector = sector.map(|name| ("sector", name.as_str()));
        let is_unasked =
            |name: &&String| !name.contains(':') && !self.exporter_flags.contains(name.as_str());
        let flags = exporter.flags.iter().filter(is_unasked);
        self.unknown_among(sector).chain(flags.map(|name| format!("exporter_flag:{name}")))
    }

    fn unknown_among<'n>(
        &self,
        names: impl Iterator<Item = (&'n str, &'n str)>,
    ) -> impl Iterator<Item = String> {
        names
            .filter(|(kind, name)| !self.knows_name(kind, name))
            .map(|(kind, name)| format!("{kind}:{name}"))
    }

    /// Why a withdrawal of `scope` cannot be meant: nothing in the rules knows what it names, and so it would take back
    /// everything.
    pub(crate) fn misspelt_withdrawal(&self, scope: &str) -> Option<String> {
        let (kind, name) = scope.split_once(':')?;
        let remedy = match self.misnamed(kind, name)?.meant {
            Some(meant) => format!("did you mean `{kind}:{meant}`? `all`"),
            None => "`all`".to_owned(),
        };
        Some(format!(
            "nothing in the rules knows `{scope}`, so it would take back everything the person agreed to; {remedy} says that"
        ))
    }

    /// Whether a `purpose`, a `category`, a `consent`'s scope, a recipient's `class` or an exporter's `sector` is none.
    pub(crate) fn misnamed(&self, kind: &str, name: &str) -> Option<Misnamed<'_>> {
        if self.knows_name(kind, name) {
            return None;
        }
        let mut known: Vec<&str> = match kind {
            "purpose" => self.purposes().collect(),
            "category" => self.names.keys().map(|name| &**name).collect(),
            "class" => self.vocabulary.classes.keys().map(|name| &**name).collect(),
            _ => {
                let words = section(kind).and_then(|it| self.vocabulary.sections.get(&it));
                words.into_iter().flat_map(|words| words.keys()).map(|name| &**name).collect()
            }
        };
        known.sort_unstable();
        // Where nobody declared any, every name will do.
        if known.is_empty() && matches!(kind, "purpose" | "class") {
            return None;
        }
        Some(Misnamed { meant: near(name, &known) })
    }

    /// The name of a counter as `counter:…`, where no register and no rule knows it.
    pub(crate) fn unknown_counter(&self, name: &str) -> Option<String> {
        (!self.vocabulary.knows(Section::Counter, name)).then(|| format!("counter:{name}"))
    }

    /// The type of a mechanism as `mechanism:…`, where no register and no rule knows it.
    pub(crate) fn unknown_mechanism(&self, mechanism: &Mechanism) -> Option<String> {
        let kind = mechanism.kind.as_str();
        (!self.vocabulary.knows(Section::Mechanism, kind)).then(|| format!("mechanism:{kind}"))
    }

    /// Whether a consent may have this scope.
    pub(super) fn knows_scope(&self, scope: &str) -> bool {
        // What a later version of the policy is about may be called anything.
        scope.starts_with("new_purpose:") || self.vocabulary.knows(Section::ConsentScope, scope)
    }

    fn knows_name(&self, kind: &str, name: &str) -> bool {
        match kind {
            "consent" => self.knows_scope(name),
            "purpose" => self.registry.number(name) != PurposeRef::UNKNOWN,
            "category" => self.find_tags(name).is_some(),
            "class" => self.vocabulary.class(Some(name)) != ClassRef::UNKNOWN,
            _ => section(kind).is_none_or(|section| self.vocabulary.knows(section, name)),
        }
    }
}

/// What withdrawals are of, where they say so.
fn named(withdrawn: &[Withdrawal]) -> impl Iterator<Item = (&str, &str)> {
    withdrawn.iter().filter_map(|it| it.scope.split_once(':'))
}

fn section(kind: &str) -> Option<Section> {
    match kind {
        "consent" => Some(Section::ConsentScope),
        "opt_out" => Some(Section::OptOut),
        "setting" => Some(Section::Setting),
        "mechanism" => Some(Section::Mechanism),
        "sector" => Some(Section::Sector),
        _ => None,
    }
}
