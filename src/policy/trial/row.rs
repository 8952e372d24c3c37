//! A row understood: the transfer, what is in the payload and whose it is, and what is to come of it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::table::{Judges, RawRow};
use crate::{
    domain::{Coverage, Effect, Findings, Marks, Region, Tag, Taxonomy},
    policy::{Names, People, Person, Subject, Transfer, recorded::Places},
    source::{At, Diagnostics, Node, read_node},
};

/// One transfer to be judged, and what is expected.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) table: String,
    pub(super) name: String,
    pub(super) judges: Option<Judges>,
    pub(super) transfer: Transfer,
    pub(super) people: People,
    pub(super) findings: Findings,
    pub(super) coverage: Coverage,
    pub(super) expected: Expected,
}

/// What is to come of a row. A list that is not given is not looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    pub(super) effect: Effect,
    /// Exactly the rules that block, or that redact.
    pub(super) by: Option<Vec<String>>,
    /// Exactly the places that are redacted.
    pub(super) redacted: Option<Vec<String>>,
    /// Among the rules that had a say.
    pub(super) rules: Vec<String>,
    /// Not among them.
    pub(super) not_rules: Vec<String>,
    /// `name` or `name=value`.
    pub(super) annotations: Vec<String>,
    pub(super) not_annotations: Vec<String>,
    pub(super) reason: Option<String>,
    /// Ids of the mechanisms that met a condition, exactly.
    pub(super) mechanisms: Option<Vec<String>>,
}

/// Somebody beside the main subject.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Somebody {
    /// Where the record is; the main subject without it.
    #[serde(default)]
    record: Option<String>,
    #[serde(default)]
    origin: Option<Names>,
    #[serde(default)]
    origin_subdivision: Option<String>,
    #[serde(default)]
    subject: Option<Map<String, Value>>,
}

impl Row {
    pub(super) fn new(
        file: &str,
        raw: RawRow<'_>,
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let before = diagnostics.error_count();
        let get = |name: &str| raw.own.iter().find(|(known, _)| *known == name).map(|(_, it)| *it);
        let mut reader = Reader { file, diagnostics };
        let names = |reader: &mut Reader<'_>, name: &str| -> Option<Vec<String>> {
            let names: Names = reader.read(get(name)?)?;
            Some(names.iter().map(|name| name.value.clone()).collect())
        };
        let findings = get("data").map(|node| reader.findings(node, taxonomy)).unwrap_or_default();
        let coverage = match get("coverage") {
            Some(node) => reader.read(node).unwrap_or_default(),
            None => Coverage::Full,
        };
        let people = match get("people") {
            Some(node) => reader.people(node, &raw.transfer, &findings),
            None => People::one(&raw.transfer),
        };
        let text = |name: &str| get(name).and_then(Node::text).map(str::to_owned);
        let effect = match get("expect") {
            Some(node) => reader.read::<Effect>(node),
            None => {
                reader
                    .diagnostics
                    .error(
                        crate::source::Place { file: file.to_owned(), line: raw.line, column: 0 },
                        "the row does not say what is to come of it",
                    )
                    .remedy("add `expect: allow`, `redact` or `block`");
                None
            }
        };
        let expected = Expected {
            effect: effect.unwrap_or_default(),
            by: names(&mut reader, "by"),
            redacted: names(&mut reader, "redacted"),
            rules: names(&mut reader, "rules").unwrap_or_default(),
            not_rules: names(&mut reader, "not_rules").unwrap_or_default(),
            annotations: names(&mut reader, "annotations").unwrap_or_default(),
            not_annotations: names(&mut reader, "not_annotations").unwrap_or_default(),
            reason: text("reason"),
            mechanisms: names(&mut reader, "mechanisms_used"),
        };
        let name = text("name").unwrap_or_else(|| {
            let at = |at: Option<Region>| at.map_or_else(|| "?".to_owned(), |at| at.to_string());
            let (from, to) = (at(raw.transfer.origin), at(raw.transfer.destination));
            match get("with") {
                Some(with) => format!("{from} → {to} with {with}"),
                None => format!("{from} → {to}, line {}", raw.line),
            }
        });
        (diagnostics.error_count() == before).then_some(Self {
            file: file.to_owned(),
            line: raw.line,
            table: raw.table,
            name,
            judges: raw.judges,
            transfer: raw.transfer,
            people,
            findings,
            coverage,
            expected,
        })
    }
}

struct Reader<'r> {
    file: &'r str,
    diagnostics: &'r mut Diagnostics,
}

impl Reader<'_> {
    fn read<T: serde::de::DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        read_node(self.file, node, self.diagnostics)
    }

    /// `email`, `[email, phone third_party]` or `{/user/email: email, /sms: sms container}`.
    fn findings(&mut self, node: &Node, taxonomy: &Taxonomy) -> Findings {
        let mut places = Places::default();
        let mapped = node.entries().iter().map(|(at, what)| (at.text().map(str::to_owned), what));
        let listed = node.items().iter().map(|what| (None, what));
        let single = (node.text().is_some() && !node.is_null()).then_some((None, node));
        for (pointer, what) in mapped.chain(listed).chain(single) {
            let Some((tag, marks)) = self.category(what, taxonomy) else { continue };
            let pointer = pointer.unwrap_or_else(|| {
                format!("/{}", taxonomy.category(tag).map_or("?", |it| &it.short))
            });
            places.add(&pointer, tag, marks);
        }
        places.findings
    }

    /// A category and marks: `phone third_party`.
    fn category(&mut self, node: &Node, taxonomy: &Taxonomy) -> Option<(Tag, Marks)> {
        let text: At<String> = self.read(node)?;
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let Some(tag) = taxonomy.tag(name) else {
            let known: Vec<&str> = taxonomy.iter().map(|(_, it)| it.short.as_str()).collect();
            super::table::unknown(text.place(self.file), name, &known, self.diagnostics);
            return None;
        };
        let mut marks = Marks::default();
        for word in words {
            match word {
                "third_party" => marks.third_party = true,
                "pseudonymous" => marks.pseudonymous = true,
                "container" => marks.container = true,
                other => super::table::unknown(
                    text.place(self.file),
                    other,
                    &["third_party", "pseudonymous", "container"],
                    self.diagnostics,
                ),
            }
        }
        Some((tag, marks))
    }

    fn people(&mut self, node: &Node, transfer: &Transfer, findings: &Findings) -> People {
        let mut people = People::one(transfer);
        people.of = vec![0; findings.items.len()];
        for item in node.items() {
            let Some(somebody) = self.read::<Somebody>(item) else { continue };
            let person = self.person(&somebody, transfer, findings, item);
            let Some(record) = &somebody.record else {
                if let Some(main) = people.people.first_mut() {
                    *main = Person { record: None, ..person };
                }
                continue;
            };
            let number = u32::try_from(people.people.len()).unwrap_or(u32::MAX);
            for (finding, of) in findings.items.iter().zip(&mut people.of) {
                let at = findings.locator(finding);
                if at
                    .strip_prefix(record.as_str())
                    .is_some_and(|it| it.is_empty() || it.starts_with('/'))
                {
                    *of = number;
                }
            }
            people.people.push(person);
        }
        people
    }

    fn person(
        &mut self,
        somebody: &Somebody,
        transfer: &Transfer,
        findings: &Findings,
        node: &Node,
    ) -> Person {
        let mut origins: Vec<Region> = Vec::new();
        for name in somebody.origin.iter().flat_map(Names::iter) {
            match name.parse() {
                Ok(region) => origins.push(region),
                Err(error) => {
                    let error: crate::domain::RegionError = error;
                    self.diagnostics.error(name.place(self.file), error.to_string());
                }
            }
        }
        if somebody.origin.is_none() {
            origins.extend(transfer.origin);
        }
        let facts = somebody.subject.as_ref().and_then(|facts| {
            match serde_json::from_value::<Subject>(Value::Object(facts.clone())) {
                Ok(facts) => Some(facts),
                Err(error) => {
                    self.diagnostics.error(
                        node.place(self.file),
                        format!("not the facts of a subject: {error}"),
                    );
                    None
                }
            }
        });
        let record = somebody.record.as_deref().and_then(|record| {
            (0u32..)
                .zip(&findings.nodes)
                .map(|(number, _)| number)
                .find(|number| findings.node_locator(*number) == record)
        });
        Person { record, origins, origin_subdivision: somebody.origin_subdivision.clone(), facts }
    }
}
