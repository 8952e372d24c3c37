//! The rules the program ships.

use rust_embed::RustEmbed;

use crate::source::SourceFile;

#[derive(RustEmbed)]
#[folder = "rules/"]
#[include = "*.yaml"]
#[allow_missing = true]
struct Shipped;

/// Every shipped file, in the order of names.
pub(super) fn files() -> Vec<SourceFile> {
    let mut files: Vec<SourceFile> = Shipped::iter()
        .filter_map(|name| {
            let text = String::from_utf8(Shipped::get(&name)?.data.into_owned()).ok()?;
            Some(SourceFile { name: name.into_owned(), text })
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}
