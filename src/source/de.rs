//! The tree read into source types by serde, with every complaint placed.
//!
//! serde stops at the first error. Here the node that caused it is taken out of the tree and reading
//! starts again, so that a file with five mistakes gets five complaints. A complaint that is only the
//! shadow of an earlier one (a required field missing because it was just taken out) is not repeated.
//!
//! A complaint repeats what stands in the file, as far as it is short and on one line. Of a file that may hold
//! a secret, or that somebody may take for another that does, it repeats nothing ([`read_secret`]).

use serde::de::DeserializeOwned;

use super::{
    Diagnostics, Node, NodeValue, Place, SourceFile,
    complaint::{Complaint, Spot},
    reader::Reader,
    tree::{Telling, parse_telling},
};

/// Reads `file` as `T`. Complaints go to `diagnostics`; `None` when there was an error.
pub fn read<T: DeserializeOwned>(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<T> {
    whole(read_telling(file, Telling::Words, diagnostics))
}

/// Like [`read`], for a file beside secrets, which may turn out to be one: no complaint repeats what stands in it.
pub fn read_secret<T: DeserializeOwned>(
    file: &SourceFile,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    whole(read_telling(file, Telling::Places, diagnostics))
}

fn whole<T>((value, is_whole): (Option<T>, bool)) -> Option<T> {
    value.filter(|_| is_whole)
}

/// Reads `file` as `T` without what was wrong in it, so that the rest can be checked in the same pass.
/// Whoever calls this must see to it that `diagnostics` is heeded.
pub fn read_on<T: DeserializeOwned>(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<T> {
    read_telling(file, Telling::Words, diagnostics).0
}

/// And whether nothing was wrong in it.
fn read_telling<T: DeserializeOwned>(
    file: &SourceFile,
    telling: Telling,
    diagnostics: &mut Diagnostics,
) -> (Option<T>, bool) {
    let before = diagnostics.error_count();
    let parsed = parse_telling(file, telling, diagnostics).filter(|root| !root.is_null());
    let is_empty = parsed.is_none();
    if is_empty && diagnostics.error_count() > before {
        return (None, false);
    }
    let nothing = NodeValue::Mapping(Vec::new());
    let mut root = parsed.unwrap_or(Node { value: nothing, id: 0, line: 1, column: 1 });
    // The mappings and lists that something was taken out of.
    let mut holes: Vec<u32> = Vec::new();
    loop {
        let complaint = match T::deserialize(Reader { node: &root }) {
            Ok(_) if is_empty => {
                complain_of_empty(file, diagnostics);
                return (None, false);
            }
            Ok(value) => return (Some(value), diagnostics.error_count() == before),
            Err(complaint) => complaint,
        };
        let at = complaint.at.unwrap_or(Spot::of(&root));
        if complaint.missing.is_none() {
            complaint.tell(&file.name, at, telling, diagnostics);
        } else if !holes.contains(&at.id) {
            for complaint in all_missing::<T>(&mut root, at, complaint) {
                complaint.tell(&file.name, at, telling, diagnostics);
            }
        }
        match remove(&mut root, at.id) {
            Some(hole) => holes.push(hole),
            None => return (None, false),
        }
    }
}

/// A file that was emptied would be taken for one that has nothing to say, and what it said be gone without a word.
fn complain_of_empty(file: &SourceFile, diagnostics: &mut Diagnostics) {
    let place = Place { file: file.name.clone(), line: 1, column: 1 };
    diagnostics
        .error(place, "holds nothing, or comments alone")
        .remedy("restore what it said, or remove the file");
}

/// Every key that the mapping at `at` is without, of which serde tells only the first.
///
/// Something is put under it, and reading tried again, until nothing more is missing there. What can stand under
/// a key nobody says, so a few things are tried; where none of them may, the keys after it are told another time.
fn all_missing<T: DeserializeOwned>(root: &mut Node, at: Spot, first: Complaint) -> Vec<Complaint> {
    /// Of what was put in; no node of a file has it.
    const STAND_IN: u32 = u32::MAX;
    let mut told = vec![first];
    // More than any mapping has to have.
    const KEYS_MAX: usize = 32;
    while let Some(key) = told.last().and_then(|complaint| complaint.missing)
        && told.len() < KEYS_MAX
    {
        let scalar = |text: &str, plain| NodeValue::Scalar { text: text.to_owned(), plain };
        let mut next = None;
        let mut stand_ins = vec![
            NodeValue::Sequence(Vec::new()),
            NodeValue::Mapping(Vec::new()),
            scalar("0", true),
            scalar("", false),
        ];
        while let Some(value) = stand_ins.pop() {
            let Some(entries) = find(root, at.id) else { return told };
            let node = |value| Node { value, id: STAND_IN, line: at.line, column: at.column };
            entries.push((node(scalar(key, false)), node(value)));
            let Err(complaint) = T::deserialize(Reader { node: root }) else { return told };
            match complaint.at {
                Some(spot) if spot.id == STAND_IN => {
                    // One of a few words may stand there, and they were just told.
                    let word = complaint.known.and_then(|known| known.first());
                    stand_ins.extend(word.map(|word| scalar(word, false)));
                    find(root, at.id).and_then(Vec::pop);
                }
                Some(spot) if spot.id == at.id && complaint.missing.is_some() => {
                    next = Some(complaint);
                    break;
                }
                Some(_) | None => return told,
            }
        }
        let Some(next) = next else { break };
        told.push(next);
    }
    told
}

/// The entries of the mapping with this id.
fn find(node: &mut Node, id: u32) -> Option<&mut Vec<(Node, Node)>> {
    let is_it = node.id == id;
    match &mut node.value {
        NodeValue::Mapping(entries) => {
            if is_it {
                return Some(entries);
            }
            entries.iter_mut().find_map(|(_, value)| find(value, id))
        }
        NodeValue::Sequence(items) => items.iter_mut().find_map(|item| find(item, id)),
        NodeValue::Scalar { .. } => None,
    }
}

/// Reads one node of `file` as `T`. The first complaint goes to `diagnostics`.
pub(crate) fn read_node<T: DeserializeOwned>(
    file: &str,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    match T::deserialize(Reader { node }) {
        Ok(value) => Some(value),
        Err(complaint) => {
            let at = complaint.at.unwrap_or(Spot::of(node));
            complaint.tell(file, at, Telling::Words, diagnostics);
            None
        }
    }
}

/// Takes a node (or the entry whose key or value it is) out of the tree; the node it was taken from.
fn remove(node: &mut Node, id: u32) -> Option<u32> {
    let hole = node.id;
    match &mut node.value {
        NodeValue::Scalar { .. } => None,
        NodeValue::Sequence(items) => {
            let before = items.len();
            items.retain(|item| item.id != id);
            if items.len() < before {
                Some(hole)
            } else {
                items.iter_mut().find_map(|item| remove(item, id))
            }
        }
        NodeValue::Mapping(entries) => {
            let before = entries.len();
            entries.retain(|(key, value)| key.id != id && value.id != id);
            if entries.len() < before {
                Some(hole)
            } else {
                entries.iter_mut().find_map(|(_, value)| remove(value, id))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::source::At;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        name: String,
        #[serde(default)]
        port: u16,
        #[serde(default)]
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        id: At<String>,
        #[serde(default)]
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        First,
        Second,
    }

    fn read_text(text: &str) -> (Option<Settings>, Vec<String>) {
        let mut diagnostics = Diagnostics::default();
        let file = SourceFile { name: "a.yaml".into(), text: text.into() };
        let settings = read(&file, &mut diagnostics);
        (settings, diagnostics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_value_knows_its_place() {
        let (settings, complaints) =
            read_text("name: NO\nport: 80\nitems:\n  - id: 10\n    kind: second\n");
        assert_eq!(complaints, [""; 0]);
        let settings = settings.unwrap();
        assert_eq!((settings.name.as_str(), settings.port), ("NO", 80));
        assert_eq!(
            (settings.items[0].id.as_str(), settings.items[0].id.line, settings.items[0].id.column),
            ("10", 4, 9)
        );
        assert_eq!(settings.items[0].kind, Some(Kind::Second));
    }

    #[test]
    fn every_mistake_is_reported_in_one_pass_and_in_its_place() {
        let (settings, complaints) = read_text(
            "nmae: x\nname: y\nport: many\nitems:\n  - id: a\n    kind: frist\n  - kind: second\n",
        );
        assert!(settings.is_none());
        let text = complaints.join("\n");
        for part in [
            "a.yaml:1:1",
            "did you mean `name`?",
            "a.yaml:3:7",
            "a.yaml:6:11",
            "`first`",
            "a.yaml:7:5",
            "required key `id`",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert_eq!(complaints.len(), 4, "{text}");
    }

    #[test]
    fn every_key_that_is_missing_is_told_at_once() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only what is missing is looked at")]
        struct Rule {
            list: Vec<Item>,
            id: At<String>,
            kind: Kind,
            count: Option<u32>,
            more: u64,
            item: Item,
            title: String,
        }
        let missing = |text: &str| {
            let mut diagnostics = Diagnostics::default();
            let file = SourceFile { name: "a.yaml".into(), text: text.into() };
            assert!(read::<Rule>(&file, &mut diagnostics).is_none());
            diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        for (text, keys) in [
            ("", &["list", "id", "kind", "more", "item"][..]),
            ("id: x\nitem: { id: y }\nmore: 1\n", &["list", "kind", "title"]),
            ("id: x\nlist: [{ kind: first }]\nmore: -1\n", &["id"]),
        ] {
            let told = missing(text);
            for key in keys {
                assert!(told.contains(&format!("required key `{key}` is missing")), "{told}");
            }
            assert!(!told.contains("`count`"), "{told}");
        }
    }

    #[test]
    fn an_empty_file_is_not_one_that_says_nothing() {
        #[derive(Debug, Deserialize)]
        struct Words {
            #[serde(default)]
            #[expect(dead_code, reason = "whether it can be read is looked at")]
            words: Vec<String>,
        }
        let complaints = |text: &str| {
            let mut diagnostics = Diagnostics::default();
            let file = SourceFile { name: "a.yaml".into(), text: text.into() };
            let words: Option<Words> = read(&file, &mut diagnostics);
            assert_eq!(words.is_some(), diagnostics.is_empty());
            diagnostics.to_string()
        };
        for text in [
            "",
            "\n",
            "# words: [a]\n",
            "---\n",
            "---\n# nothing\n...\n",
            "\u{feff}",
            "~",
            "null\n",
        ] {
            let told = complaints(text);
            assert!(told.starts_with("a.yaml:1:1: error: holds nothing"), "{text:?}: {told}");
            assert!(told.contains("restore what it said"), "{told}");
        }
        for text in ["{}", "# none\n{}\n", "words: []"] {
            assert_eq!(complaints(text), "", "{text:?}");
        }
    }

    #[test]
    fn what_stands_in_a_file_is_told_in_short_and_of_a_secret_one_not_at_all() {
        let pem =
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\n-----END PRIVATE KEY-----\n";
        let token = "a-token-of-forty-characters-and-some-more-of-them";
        for text in [
            pem.to_owned(),
            token.to_owned(),
            format!("{token}: 1\n"),
            format!("- {token}\n"),
            format!("name: y\nitems: {token}\n"),
            format!("name: y\nport: {token}\n"),
            format!("name: y\nitems: [{{ id: x, kind: {token} }}]\n"),
            format!("name: x\n{token}: 1\n{token}: 2\n"),
            format!("name: x\nport: |\n  {}\n", pem.replace('\n', "\n  ")),
        ] {
            let (settings, complaints) = read_text(&text);
            assert!(settings.is_none(), "{text}");
            let told = complaints.join("\n");
            for secret in [token, "MC4C", "BEGIN"] {
                assert!(!told.contains(secret), "{told}");
            }
            let mut diagnostics = Diagnostics::default();
            let file = SourceFile { name: "a.yaml".into(), text };
            assert!(read_secret::<Settings>(&file, &mut diagnostics).is_none());
            let told = diagnostics.to_string();
            assert!(told.contains("a.yaml:") && !told.contains("token"), "{told}");
        }
    }

    #[test]
    fn what_is_expected_is_told_in_words_of_those_who_write_files() {
        for (text, told) in [
            ("x", "found a text, expected a mapping with `name:`, `port:` and `items:`"),
            ("[x]", "found a list, expected a mapping with `name:`, `port:` and `items:`"),
            ("name: [x]", "found a list, expected a text"),
            ("name: x\nport: y", "found `y`, expected a whole number, not below 0"),
            ("name: x\nitems: 3", "found a number, expected a list"),
            ("name: x\nitems: [y]", "found a text, expected a mapping with `id:` and `kind:`"),
            ("name: x\n\"\\tport\": 1", "a tab stands before `port`"),
            ("name:\n\tx", "indent by spaces"),
        ] {
            let (_, complaints) = read_text(text);
            assert!(complaints.join("\n").contains(told), "{text}: {complaints:?}");
        }
    }

    #[test]
    fn what_is_not_yaml_is_one_complaint_with_its_line() {
        for (text, line) in [
            ("name: [1, 2\nport: 3\n", "a.yaml:"),
            ("name: a\nname: b\n", "a.yaml:2:1"),
            ("name: &x a\nport: *x\n", "a.yaml:2:7"),
        ] {
            let (settings, complaints) = read_text(text);
            assert!(settings.is_none(), "{text}");
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].starts_with(line), "{complaints:?}");
        }
    }
}
