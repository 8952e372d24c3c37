//! The names that conditions use, looked up.

use super::Scope;
use crate::{
    domain::TagSet,
    policy::{
        ExporterRole, Mechanism,
        predicate::{ListRef, NameList},
        region_set::RegionSet,
        registry::Section,
        source::MechanismTest,
        words::{FieldTest, Names},
    },
    source::{At, Diagnostics, near, suggest},
};

/// Those of them that others are counted from.
const DATES: [&str; 2] = ["valid_from", "valid_until"];
/// What takes any mechanism out of force, and may be asked for.
const STATUS: [&str; 4] = ["status", "active", "revoked", "revoked_at"];

impl Scope<'_, '_> {
    pub(super) fn roles(
        &self,
        names: &Names,
        diagnostics: &mut Diagnostics,
    ) -> Box<[ExporterRole]> {
        let mut roles = Vec::new();
        for name in names.iter() {
            match name.as_str() {
                "controller" => roles.push(ExporterRole::Controller),
                "processor" => roles.push(ExporterRole::Processor),
                "data_broker" => roles.push(ExporterRole::DataBroker),
                _ => self.unknown(
                    name,
                    &["controller", "processor", "data_broker"],
                    "exporter role",
                    diagnostics,
                ),
            }
        }
        roles.into_boxed_slice()
    }

    /// Categories, and `sensitive` for what this file lists.
    pub(in crate::policy) fn tags(&self, names: &Names, diagnostics: &mut Diagnostics) -> TagSet {
        names.iter().fold(TagSet::EMPTY, |tags, name| {
            let more = match (name.as_str(), self.sensitive) {
                ("sensitive", Some(sensitive)) => sensitive,
                ("sensitive", None) => {
                    diagnostics
                        .error(name.place(self.file), "this file does not say what is `sensitive`")
                        .remedy("list the categories under `sensitive:` at the head of the file");
                    TagSet::EMPTY
                }
                _ => self.book.category(self.file, name, diagnostics),
            };
            tags.union(&more)
        })
    }

    pub(in crate::policy) fn category(
        &self,
        name: &At<String>,
        diagnostics: &mut Diagnostics,
    ) -> TagSet {
        self.book.category(self.file, name, diagnostics)
    }

    /// What the registers put on it is looked at once, when all rules are read (`NameBook::check_lists`).
    pub(in crate::policy) fn list(
        &self,
        name: &At<String>,
        diagnostics: &mut Diagnostics,
    ) -> ListRef {
        ListRef {
            name: self.book.word(self.file, Section::List, name, diagnostics),
            shipped: self.book.vocabulary.values(name),
            regions: RegionSet::default(),
        }
    }

    pub(super) fn list_of_destinations(
        &self,
        name: &At<String>,
        diagnostics: &mut Diagnostics,
    ) -> ListRef {
        let mut list = self.list(name, diagnostics);
        let known = list.shipped.iter().filter_map(|value| self.book.zones.regions(value));
        known.for_each(|regions| list.regions.extend(&regions));
        list
    }

    /// Says which members a condition asks a mechanism for that its records do not have, as far as the registers tell: a
    /// condition on one that nobody puts on file holds never, or always.
    pub(super) fn check_members(&self, test: &MechanismTest, diagnostics: &mut Diagnostics) {
        let Some(first) = test.kind.iter().next() else { return };
        let kinds: Vec<Box<str>> = test.kind.iter().map(|it| it.value.as_str().into()).collect();
        let vocabulary = &self.book.vocabulary;
        let (Some(known), Some(all)) = (vocabulary.members(&kinds), vocabulary.members(&[])) else {
            return;
        };
        let asked = test.with.iter().flat_map(|(field, test)| {
            let of = if let FieldTest::Within { of, .. } = test { of.as_deref() } else { None };
            std::iter::once((field.as_str(), false)).chain(of.map(|of| (of, true)))
        });
        for (member, is_date) in asked {
            let is_of_every =
                if is_date { DATES.contains(&member) } else { STATUS.contains(&member) };
            if is_of_every || known.contains(&member) {
                continue;
            }
            let place = first.place(self.file);
            let what = format!("no `{}` says `{member}`", first.value);
            if Mechanism::MEMBERS.contains(&member) {
                diagnostics
                    .error(place, format!("`{member}` is a member of every mechanism, and `with` reads those that a type adds"))
                    .remedy("take it out: validity and scope are judged anyway, `max_age` and `min_age` count from `valid_from`, and `lasts` to `valid_until`");
            } else if let Some(near) =
                near(member, &known).or_else(|| near(member, &all).filter(|near| *near != member))
            {
                diagnostics.error(place, what).remedy(format!("did you mean `{near}`?"));
            } else {
                diagnostics.warning(place, format!("{what}, as far as the registers tell")).remedy(format!(
                    "add it to `members` of `{}` in a file of `registers/`, where its records say so",
                    first.value
                ));
            }
        }
    }

    pub(super) fn words(
        &self,
        section: Section,
        names: &Names,
        diagnostics: &mut Diagnostics,
    ) -> NameList {
        self.book.words(self.file, section, names, diagnostics)
    }

    pub(super) fn unknown(
        &self,
        name: &At<String>,
        known: &[&str],
        noun: &str,
        diagnostics: &mut Diagnostics,
    ) {
        let complaint =
            diagnostics.error(name.place(self.file), format!("unknown {noun} `{}`", **name));
        if let Some(remedy) = suggest(name, known, noun) {
            complaint.remedy(remedy);
        }
    }
}
