//! What counts as personal data: the categories, and the detectors that find them.
//!
//! A generation whose files say the same as those of the one before it shares this with that one: what a
//! reload did not touch is not compiled again, and workers keep what they have learned of field names.

use super::rewrite::Shapes;
use crate::{
    detect::{self, DetectorSet, Echoing},
    domain::{TagPattern, TagSet, Taxonomy},
    source::{Diagnostics, SourceFile},
};

#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) taxonomy: Taxonomy,
    pub(super) detectors: DetectorSet,
    pub(super) shapes: Shapes,
    /// Those whose values are looked for elsewhere once they are taken out.
    pub(super) echoing: Echoing,
    /// Categories that identify a person rather than a device.
    pub(super) person_identifiers: TagSet,
    /// Those that tell how old somebody is.
    pub(super) ages: TagSet,
    pub(super) files: CatalogueFiles,
    /// Said again by every generation that shares this.
    pub(super) warnings: Diagnostics,
}

/// What a catalogue is compiled from, in the order given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CatalogueFiles {
    taxonomy: Vec<SourceFile>,
    detectors: Vec<SourceFile>,
}

impl CatalogueFiles {
    pub(super) const FOLDERS: [&str; 2] = ["taxonomy/", "detectors/"];

    pub(super) fn reads(name: &str) -> bool {
        Self::FOLDERS.iter().any(|folder| name.starts_with(folder))
    }

    pub(super) fn of(files: &[SourceFile]) -> Self {
        let [taxonomy, detectors] = Self::FOLDERS.map(|folder| {
            files.iter().filter(|file| file.name.starts_with(folder)).cloned().collect()
        });
        Self { taxonomy, detectors }
    }

    pub(super) fn taxonomy(&self, diagnostics: &mut Diagnostics) -> Option<Taxonomy> {
        detect::taxonomy(&self.taxonomy, diagnostics)
    }

    pub(super) fn detectors(
        &self,
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<DetectorSet> {
        DetectorSet::compile(&self.detectors, taxonomy, diagnostics)
    }

    /// For when there are no categories to look up.
    pub(super) fn check_form(&self, diagnostics: &mut Diagnostics) {
        DetectorSet::check_form(&self.detectors, diagnostics);
    }
}

impl Catalogue {
    pub(super) fn new(
        files: CatalogueFiles,
        taxonomy: Taxonomy,
        detectors: DetectorSet,
        warnings: Diagnostics,
    ) -> Self {
        let shapes = Shapes::of(&taxonomy);
        let echoing = Echoing::of(&taxonomy);
        let person_identifiers = person_identifiers(&taxonomy);
        let ages =
            select(&taxonomy, &["user.demographic.date_of_birth", "user.demographic.age_range"]);
        Self { taxonomy, detectors, shapes, echoing, person_identifiers, ages, files, warnings }
    }
}

/// A name, a number or an address that is one person's; a card or a device may be one of several.
fn person_identifiers(taxonomy: &Taxonomy) -> TagSet {
    const KEYS: [&str; 7] = [
        "user.name",
        "user.contact.phone_number",
        "user.contact.email",
        "user.unique_id",
        "user.account.username",
        "user.social",
        "user.government_id",
    ];
    select(taxonomy, &KEYS)
}

fn select(taxonomy: &Taxonomy, keys: &[&str]) -> TagSet {
    let select = |key: &&str| taxonomy.select(&TagPattern((*key).to_owned()));
    keys.iter().fold(TagSet::EMPTY, |tags, key| tags.union(&select(key)))
}
