//! The engine with the rules that are shipped, as they stand in the tree, for tests and benches.

#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is test code")]

use std::{fs, path::Path};

use bordergate::{
    engine::Engine,
    redact::PseudonymKey,
    source::{Diagnostics, SourceFile},
};

pub(crate) fn engine() -> Engine {
    engine_of(&files())
}

pub(crate) fn engine_of(files: &[SourceFile]) -> Engine {
    let mut diagnostics = Diagnostics::default();
    Engine::compile(files, PseudonymKey::new(b"a key of the tests"), &mut diagnostics)
        .unwrap_or_else(|| panic!("{diagnostics}"))
}

/// In the order of their names.
pub(crate) fn files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.push(SourceFile { name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}
