//! The shipped rules of this room, compiled once for the tests.

use crate::{
    domain::Taxonomy,
    source::{Diagnostics, SourceFile},
};

use super::DetectorSet;

pub(super) fn taxonomy() -> Taxonomy {
    let mut diagnostics = Diagnostics::default();
    let taxonomy = super::taxonomy(&files("taxonomy"), &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    taxonomy.unwrap()
}

pub(super) fn detectors(taxonomy: &Taxonomy) -> DetectorSet {
    let mut diagnostics = Diagnostics::default();
    let set = DetectorSet::compile(&files("detectors"), taxonomy, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    set.unwrap()
}

fn files(folder: &str) -> Vec<SourceFile> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(folder);
    let mut names: Vec<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| SourceFile {
            text: std::fs::read_to_string(directory.join(&name)).unwrap(),
            name: format!("{folder}/{name}"),
        })
        .collect()
}
