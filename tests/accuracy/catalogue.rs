//! The catalogue of categories, row by row: every field name in every style, with every prefix and suffix
//! its row allows, over every form of value; and near misses, which are no finding.
//!
//! Rows stand in `tests/corpus/catalogue.txt`. A row begins with `=== category`, and its lines are:
//!
//! - `names:` words joined by `_`, written in six styles; `native:` names that are written as they are
//! - `values:` under each of these names, each is of the category (or below it)
//! - `misses:` under each of these names, none is
//! - `bare:` each is of the category under a name that says nothing; `bare-misses:` none is
//! - `prefixes:` words that may stand before the names; `suffixes:` words that may stand behind them
//! - `within:` the name of the object around the field
//! - `any:` the categories that count, when the row is of several
//! - `styles: none` when names are written in one way only

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use bordergate::{
    domain::{Limits, Taxonomy},
    engine::{Engine, Message, Scratch},
};

use super::{kind::Style, shipped};

/// One row; the text of its lines by what they are called.
struct Row<'t> {
    category: &'t str,
    lines: BTreeMap<&'t str, &'t str>,
}

impl<'t> Row<'t> {
    fn read(text: &'t str) -> Self {
        let mut lines = text.lines();
        let category = lines.next().unwrap_or_default().trim();
        let lines = lines
            .filter(|line| !line.is_empty())
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{category}: `{line}`")))
            .collect();
        Self { category, lines }
    }

    fn list(&self, line: &str, separator: &str) -> Vec<&'t str> {
        let text = self.lines.get(line).copied().unwrap_or_default();
        text.split(separator).map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    fn values(&self, line: &str) -> Vec<String> {
        self.list(line, " | ").iter().map(|value| value.replace("\\n", "\n")).collect()
    }

    fn accepted(&self) -> Vec<&'t str> {
        let any = self.list("any", ",");
        if any.is_empty() { vec![self.category] } else { any }
    }

    /// Every way the row's names are written.
    fn spellings(&self) -> Vec<String> {
        let names = self.list("names", ",");
        let mut spellings: Vec<String> =
            self.list("native", ",").iter().map(ToString::to_string).collect();
        let styled = self.lines.get("styles") != Some(&"none");
        let mut written = |name: &str| {
            if styled {
                spellings.extend(Style::ALL.iter().map(|style| style.write(name)));
            } else {
                spellings.push(name.to_owned());
            }
        };
        for name in &names {
            written(name);
            for prefix in self.list("prefixes", ",") {
                written(&format!("{prefix}_{name}"));
            }
        }
        spellings.sort();
        spellings.dedup();
        spellings
    }
}

/// Where a value was looked for, and what was found there.
struct Probe {
    engine: Engine,
    scratch: Scratch,
}

impl Probe {
    /// The categories of what covers at least half of `value` in a message that has it under `name`.
    fn found(&mut self, within: Option<&str>, name: &str, value: &str) -> Vec<String> {
        let mut node = serde_json::json!({ name: value });
        if let Some(within) = within {
            node = serde_json::json!({ within: node });
        }
        let body = node.to_string();
        let headers: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
        let message = Message::of_body(&headers, body.as_bytes());
        let scan = self.engine.scan(&message, &Limits::default(), &mut self.scratch);
        let taxonomy = self.engine.taxonomy();
        let written = serde_json::to_string(value).unwrap_or_default();
        let whole = |length: usize| length * 2 >= written.len() - 2;
        scan.findings
            .items
            .iter()
            .filter(|finding| whole(finding.span.range().len()) || finding.marks.container)
            .map(|finding| taxonomy.key(finding.tag).to_owned())
            .collect()
    }
}

fn is_of(found: &[String], accepted: &[&str]) -> bool {
    found.iter().any(|key| {
        accepted.iter().any(|wanted| {
            key.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    })
}

#[test]
fn every_row_of_the_catalogue_is_found_in_every_style() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/catalogue.txt");
    let text = fs::read_to_string(path).unwrap();
    let mut probe = Probe { engine: shipped::engine(), scratch: Scratch::default() };
    let (mut wrong, mut tried) = (String::new(), 0);
    for row in text.split("\n=== ").skip(1).map(Row::read) {
        check_categories(&row, probe.engine.taxonomy());
        let accepted = row.accepted();
        let within = row.lines.get("within").copied();
        let mut expect = |name: &str, value: &str, expected: bool| {
            let found = probe.found(within, name, value);
            tried += 1;
            if is_of(&found, &accepted) != expected {
                let not = if expected { "" } else { "not " };
                let _ = writeln!(wrong, "{name}: {value}  is {not}{}, but {found:?}", row.category);
            }
        };
        let spellings = row.spellings();
        for name in &spellings {
            row.values("values").iter().for_each(|value| expect(name, value, true));
            row.values("misses").iter().for_each(|value| expect(name, value, false));
        }
        for suffix in row.list("suffixes", ",").iter().filter(|suffix| **suffix != "none") {
            for (number, name) in row.list("names", ",").iter().enumerate() {
                let name = Style::ALL[number % 6].write(&format!("{name}_{suffix}"));
                match hash_of(suffix) {
                    Some(hash) => expect(&name, hash, true),
                    None => row.values("values").iter().for_each(|v| expect(&name, v, true)),
                }
            }
        }
        for name in ["value", "x", "field_7"] {
            row.values("bare").iter().for_each(|value| expect(name, value, true));
            row.values("bare-misses").iter().for_each(|value| expect(name, value, false));
        }
    }
    let mistakes = Path::new(env!("CARGO_TARGET_TMPDIR")).join("catalogue.txt");
    fs::write(&mistakes, &wrong).unwrap();
    let (count, head) = (wrong.lines().count(), wrong.lines().take(40).collect::<Vec<_>>());
    assert!(
        wrong.is_empty(),
        "{count} of {tried} wrong, see {}:\n{}",
        mistakes.display(),
        head.join("\n")
    );
}

fn check_categories(row: &Row<'_>, taxonomy: &Taxonomy) {
    for category in row.accepted() {
        assert!(taxonomy.tag(category).is_some(), "`{category}` is no category");
    }
}

/// What the hash functions and ciphers that suffixes name make of some value.
fn hash_of(suffix: &str) -> Option<&'static str> {
    match suffix {
        "md5" => Some("9e107d9d372bb6826bd81d3542a419d6"),
        "sha1" => Some("2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"),
        "sha256" => Some("d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592"),
        "enc" => Some("U2FsdGVkX19mZ0pYb3JkZXJnYXRlLXRlc3Q9PQ=="),
        _ => None,
    }
}
