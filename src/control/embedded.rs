//! The rules the program ships.

use rust_embed::RustEmbed;

use crate::source::SourceFile;

#[derive(RustEmbed)]
#[folder = "rules/"]
#[include = "*.yaml"]
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_shipped_rules_are_there_and_in_order() {
        let names: Vec<_> = super::files().into_iter().map(|file| file.name).collect();
        for name in ["purposes.yaml", "taxonomy/categories.yaml", "law/eu.yaml"] {
            assert!(names.iter().any(|known| known == name), "{name} in {names:?}");
        }
        assert!(names.is_sorted());
    }
}
