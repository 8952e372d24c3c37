//! The names that conditions use, looked up.

use super::Scope;
use crate::{
    domain::TagSet,
    policy::{
        ExporterRole,
        predicate::{ListRef, NameList},
        region_set::RegionSet,
        registry::Section,
        words::Names,
    },
    source::{At, Diagnostics, suggest},
};

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
