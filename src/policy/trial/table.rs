//! A table as written: defaults, named facts and rows, merged into one decision request a row.
//!
//! ```yaml
//! title: Switzerland
//! down_to: law                  # rules of lower layers are left out, and what is left passes; or `only: law`
//! defaults: {origin: CH, destination: CN, data: name, …}
//! facts:
//!   clauses: {mechanisms: [{type: ch_scc, id: SCC-1}]}
//! rows:
//!   - {name: no clauses, expect: block, by: JR-CH-02}
//!   - {name: clauses and assessment, with: [clauses, assessment], expect: allow, rules: JR-CH-02}
//! ```
//!
//! A row is put together from the defaults, then the facts it is `with` (whose lists are added), then its
//! own keys (which replace, objects member by member, `null` taking out: RFC 7396).

use serde_json::{Map, Value};

use crate::{
    policy::{Layer, Names, Transfer, registry::Section, set::RuleSet},
    source::{Diagnostics, Node, Place, SourceFile, parse, read_node, suggest},
};

/// The keys of a row that are no facts of the transfer.
pub(super) const OWN: [&str; 14] = [
    "name",
    "with",
    "data",
    "people",
    "coverage",
    "expect",
    "by",
    "redacted",
    "rules",
    "not_rules",
    "annotations",
    "not_annotations",
    "reason",
    "mechanisms_used",
];

/// Which rules judge a table, where not all do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Judges {
    /// Those of this layer and of higher ones.
    DownTo(Layer),
    Only(Layer),
}

impl Judges {
    pub(super) fn has(self, layer: Layer) -> bool {
        match self {
            Self::DownTo(last) => layer <= last,
            Self::Only(one) => layer == one,
        }
    }

    fn read(file: &str, root: &Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut layer = |key| root.get(key).and_then(|node| read_node(file, node, diagnostics));
        let (down_to, only) = (layer("down_to"), layer("only"));
        if let (Some(_), Some(_), Some(node)) = (down_to, only, root.get("only")) {
            diagnostics
                .error(node.place(file), "`only` and `down_to` cannot stand together")
                .remedy("`only` leaves the other layers out, higher ones as well; take one out");
        }
        only.map(Self::Only).or(down_to.map(Self::DownTo))
    }
}

/// A row before it is understood.
#[derive(Debug)]
pub(super) struct RawRow<'n> {
    pub(super) table: String,
    pub(super) judges: Option<Judges>,
    pub(super) line: u32,
    /// The row's own keys over those of the defaults.
    pub(super) own: Vec<(&'n str, &'n Node)>,
    pub(super) transfer: Transfer,
}

pub(super) struct Table<'f> {
    pub(super) file: &'f str,
    pub(super) title: String,
    pub(super) judges: Option<Judges>,
    defaults: Value,
    default_keys: Vec<(&'f str, &'f Node)>,
    facts: Vec<(&'f str, Value)>,
    rows: &'f [Node],
}

/// The tree of a test file, for [`Table`] to borrow from.
pub(super) fn tree(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<Node> {
    parse(file, diagnostics)
}

/// Complains of keys that no table has.
pub(super) fn check_keys(file: &str, root: &Node, diagnostics: &mut Diagnostics) {
    const KEYS: [&str; 6] = ["title", "down_to", "only", "defaults", "facts", "rows"];
    for (key, _) in root.entries() {
        let name = key.text().unwrap_or_default();
        if !KEYS.contains(&name) {
            unknown(key.place(file), name, &KEYS, diagnostics);
        }
    }
}

impl<'f> Table<'f> {
    /// Complaints about what is not a row go to `diagnostics`.
    pub(super) fn new(
        file: &'f str,
        root: &'f Node,
        set: &RuleSet,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        check_keys(file, root, diagnostics);
        let (default_keys, rest) = split(root.get("defaults"));
        let mut table = Self {
            file,
            title: root.get("title").and_then(Node::text).unwrap_or(file).to_owned(),
            judges: Judges::read(file, root, diagnostics),
            defaults: Value::Object(Map::new()),
            default_keys,
            facts: Vec::new(),
            rows: root.get("rows").map(Node::items).unwrap_or_default(),
        };
        table.defaults = facts(file, &rest, set, diagnostics);
        for (key, value) in root.get("facts").map(Node::entries).unwrap_or_default() {
            let entries: Vec<(&Node, &Node)> =
                value.entries().iter().map(|(key, value)| (key, value)).collect();
            let fact = facts(file, &entries, set, diagnostics);
            table.facts.push((key.text().unwrap_or_default(), fact));
        }
        if table.rows.is_empty() {
            diagnostics
                .warning(root.place(file), "a table without rows tries nothing")
                .remedy("add `rows:`, or take the file out");
        }
        table
    }

    pub(super) fn rows(&self, set: &RuleSet, diagnostics: &mut Diagnostics) -> Vec<RawRow<'f>> {
        self.rows.iter().filter_map(|node| self.row(node, set, diagnostics)).collect()
    }

    fn row(
        &self,
        node: &'f Node,
        set: &RuleSet,
        diagnostics: &mut Diagnostics,
    ) -> Option<RawRow<'f>> {
        let before = diagnostics.error_count();
        let (mut own, rest) = split(Some(node));
        let mut request = self.defaults.clone();
        for (name, list) in own.iter().filter(|(name, _)| *name == "with") {
            debug_assert_eq!(*name, "with");
            let names: Names = read_node(self.file, list, diagnostics)?;
            for name in names.iter() {
                match self.facts.iter().find(|(known, _)| *known == name.as_str()) {
                    Some((_, fact)) => put_in(&mut request, fact),
                    None => {
                        let known: Vec<&str> = self.facts.iter().map(|(known, _)| *known).collect();
                        unknown(name.place(self.file), name, &known, diagnostics);
                    }
                }
            }
        }
        patch(&mut request, &facts(self.file, &rest, set, diagnostics));
        for (name, value) in &self.default_keys {
            if !own.iter().any(|(known, _)| known == name) {
                own.push((name, value));
            }
        }
        let transfer = match serde_json::from_value(request) {
            Ok(transfer) => transfer,
            Err(error) => {
                diagnostics
                    .error(node.place(self.file), format!("not a decision request: {error}"))
                    .remedy("the facts of a row have the shape of a context for `decide`");
                return None;
            }
        };
        (diagnostics.error_count() == before).then_some(RawRow {
            table: self.title.clone(),
            judges: self.judges,
            line: node.line,
            own,
            transfer,
        })
    }
}

/// Own keys, and the rest.
#[expect(clippy::type_complexity, reason = "two lists of entries")]
fn split(node: Option<&Node>) -> (Vec<(&str, &Node)>, Vec<(&Node, &Node)>) {
    let (mut own, mut rest) = (Vec::new(), Vec::new());
    for (key, value) in node.map(Node::entries).unwrap_or_default() {
        match key.text() {
            Some(name) if OWN.contains(&name) => own.push((name, value)),
            _ => rest.push((key, value)),
        }
    }
    (own, rest)
}

/// Facts of a transfer as one JSON object. A name neither a decision request nor a register knows is a
/// complaint, since it would be a fact nobody asks for.
fn facts(
    file: &str,
    entries: &[(&Node, &Node)],
    set: &RuleSet,
    diagnostics: &mut Diagnostics,
) -> Value {
    let known = known_facts(set);
    let mut object = Map::new();
    for (key, value) in entries {
        let name = key.text().unwrap_or_default();
        if !known.iter().any(|known| known == name) {
            let known: Vec<&str> = known.iter().map(String::as_str).chain(OWN).collect();
            unknown(key.place(file), name, &known, diagnostics);
            continue;
        }
        if let Some(value) = read_node::<Value>(file, value, diagnostics) {
            object.insert(name.to_owned(), value);
        }
    }
    Value::Object(object)
}

fn known_facts(set: &RuleSet) -> Vec<String> {
    let mut known: Vec<String> = match serde_json::to_value(Transfer::default()) {
        Ok(Value::Object(fields)) => fields.into_iter().map(|(name, _)| name).collect(),
        Ok(_) | Err(_) => Vec::new(),
    };
    // What the facts call it when they collect it (MI-27).
    known.push("service".to_owned());
    let flags = set.vocabulary.sections.get(&Section::Flag).into_iter().flat_map(|it| it.keys());
    known.extend(flags.map(ToString::to_string));
    known
}

pub(super) fn unknown(place: Place, name: &str, known: &[&str], diagnostics: &mut Diagnostics) {
    let complaint = diagnostics.error(place, format!("unknown key or name `{name}`"));
    if let Some(remedy) = suggest(name, known, "name") {
        complaint.remedy(remedy);
    }
}

/// JSON Merge Patch (RFC 7396).
pub(super) fn patch(target: &mut Value, change: &Value) {
    merge(target, change, false);
}

/// The same, but a list is added to the list that is there.
pub(super) fn put_in(target: &mut Value, change: &Value) {
    merge(target, change, true);
}

fn merge(target: &mut Value, change: &Value, adds: bool) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (name, value) in change {
                if value.is_null() {
                    target.remove(name);
                } else {
                    merge(target.entry(name).or_insert(Value::Null), value, adds);
                }
            }
        }
        (Value::Array(target), Value::Array(change)) if adds => {
            target.extend(change.iter().cloned())
        }
        (target, Value::Object(change)) => {
            *target = Value::Object(Map::new());
            merge(target, &Value::Object(change.clone()), adds);
        }
        (target, change) => *target = change.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn a_row_changes_the_defaults_as_a_merge_patch() {
        for (original, change, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut changed = original.clone();
            patch(&mut changed, &change);
            assert_eq!(changed, expected, "{original} {change}");
        }
    }

    #[test]
    fn a_fact_adds_to_lists() {
        let mut request = json!({"mechanisms": [1], "subject": {"age": 3, "consents": [1]}});
        put_in(&mut request, &json!({"mechanisms": [2], "subject": {"consents": [2]}}));
        assert_eq!(
            request,
            json!({"mechanisms": [1, 2], "subject": {"age": 3, "consents": [1, 2]}})
        );
    }
}
