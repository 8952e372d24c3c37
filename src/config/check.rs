//! What one part of the configuration says about another, and what the files it names say.

mod callers;
mod destinations;
mod paths;
mod sections;

use std::{collections::HashMap, path::PathBuf};

use super::{Config, Roots};
use crate::{
    domain::Region,
    source::{self, At, Diagnostics, Node, NodeValue, Place, SourceFile},
};

pub(super) use paths::resolve_paths;

pub(super) fn check(config: &Config, source: &SourceFile, diagnostics: &mut Diagnostics) {
    let mut checker = Checker { source, file: &source.name, diagnostics };
    checker.listeners(config);
    checker.workloads(config);
    checker.data_centres(config);
    checker.routes(config);
    checker.sections(config);
}

struct Checker<'c> {
    source: &'c SourceFile,
    file: &'c str,
    diagnostics: &'c mut Diagnostics,
}

impl Checker<'_> {
    fn error<T>(&mut self, at: &At<T>, message: impl Into<String>, remedy: impl Into<String>) {
        self.diagnostics.error(at.place(self.file), message).remedy(remedy);
    }

    /// What a server of ours is shown.
    fn credentials(
        &mut self,
        token: &Option<At<PathBuf>>,
        certificate: &Option<At<PathBuf>>,
        key: &Option<At<PathBuf>>,
    ) {
        for (name, path) in
            [("token_file", token), ("client_certificate", certificate), ("client_key", key)]
        {
            if let Some(path) = path {
                self.file_exists(name, path);
            }
        }
        match (certificate, key) {
            (Some(path), None) => {
                self.error(path, "there is no key for the certificate", "add `client_key:`");
            }
            (None, Some(path)) => {
                self.error(
                    path,
                    "there is no certificate for the key",
                    "add `client_certificate:`",
                );
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// A complaint about the value at `keys`, or about the nearest section around where it would be.
    fn key(&mut self, keys: &[&str], message: impl Into<String>, remedy: impl Into<String>) {
        let place = self.place_of(keys);
        self.diagnostics.error(place, message).remedy(remedy);
    }

    fn place_of(&self, keys: &[&str]) -> Place {
        let mut place = Place { file: self.file.to_owned(), line: 0, column: 0 };
        // The text was readable a moment ago; its tree is built once more only to complain.
        let mut node = source::parse(self.source, &mut Diagnostics::default());
        for key in keys {
            let Some(Node { value: NodeValue::Mapping(entries), .. }) = node else { break };
            let Some((name, value)) =
                entries.into_iter().find(|(name, _)| name.text() == Some(key))
            else {
                break;
            };
            place = name.place(self.file);
            node = Some(value);
        }
        place
    }

    fn unique<'i>(&mut self, noun: &str, ids: impl Iterator<Item = &'i At<String>>) {
        let mut first: HashMap<&str, u32> = HashMap::new();
        for id in ids {
            if id.is_empty() || id.chars().any(|c| c.is_control() || c.is_whitespace()) {
                self.error(
                    id,
                    format!("`{}` is not an id", **id),
                    "use letters, digits, `-` and `_`",
                );
            }
            if let Some(line) = first.insert(id.as_str(), id.line) {
                self.error(
                    id,
                    format!("{noun} `{}` is given twice; it is first given on line {line}", **id),
                    "give each an id of its own",
                );
            }
        }
    }

    fn region(&mut self, region: &At<Region>) {
        if !region.is_assigned() {
            let hint = match region.as_str() {
                "UK" => "the code of the United Kingdom is `GB`",
                "EU" => "name the member state, such as `DE` or `IE`",
                _ => "use an assigned code, such as `CN`, `US` or `SG`",
            };
            self.error(region, format!("`{}` is not assigned by ISO 3166-1", **region), hint);
        }
    }

    fn roots(&mut self, roots: &At<Roots>) {
        if let At { value: Roots::File(path), line, column } = roots {
            self.file_exists("roots", &At { value: path.clone(), line: *line, column: *column });
        }
    }

    fn file_exists(&mut self, key: &str, path: &At<PathBuf>) {
        match std::fs::File::open(&path.value) {
            Ok(_) if path.is_dir() => {
                let message = format!("`{}` is a directory", path.display());
                self.error(path, message, format!("give `{key}:` the path of a file"));
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = format!("no such file: `{}`", path.display());
                self.error(path, message, format!("create it, or correct `{key}:`"));
            }
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", path.display());
                self.error(path, message, "let the user that runs this read it");
            }
        }
    }
}
