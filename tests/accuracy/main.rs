//! How much of the personal data in `tests/corpus` is found, and how much of what is found is personal.
//!
//! The documents are of two kinds: written by hand in `tests/corpus/*.txt`, and made by the recipes in
//! this folder from invented people. Labels come from the catalogue of categories and from the standards
//! it cites, never from what the library returned. `make accuracy` prints the tables; the floors in
//! `tests/corpus/floors.yaml` hold in every run, and rise when the library gets better.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "all of it is test code"
)]

mod body;
mod catalogue;
mod checksum;
mod document;
mod evasion;
mod kind;
mod national;
mod negative;
mod person;
mod plain;
mod random;
mod record;
mod score;
#[path = "../shipped/mod.rs"]
mod shipped;
mod traffic;
mod written;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use bordergate::{
    domain::Limits,
    engine::{Engine, Message, Scan, Scratch},
    source::{self, Diagnostics, SourceFile},
};
use document::{Document, Group};
use score::{Score, Tally};

/// What must not get worse, in percent; `tests/corpus/floors.yaml`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Floors {
    macro_f1: f64,
    redaction_recall: f64,
    clean_negatives: f64,
    groups: BTreeMap<String, Floor>,
    /// By short name.
    categories: BTreeMap<String, Floor>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Floor {
    precision: f64,
    recall: f64,
    f1: f64,
}

impl Floor {
    fn complaints(&self, name: &str, tally: &Tally) -> Vec<String> {
        [
            ("precision", tally.precision(), self.precision),
            ("recall", tally.recall(), self.recall),
            ("F1", tally.f1(), self.f1),
        ]
        .into_iter()
        .filter(|(_, measured, floor)| measured < floor)
        .map(|(what, measured, floor)| format!("{name}: {what} {measured:.1} is below {floor}"))
        .collect()
    }
}

#[test]
fn accuracy_holds_its_floors() {
    holds(CORPUS, &corpus());
}

/// Documents that were written from the catalogue of categories by somebody who had not seen the detectors,
/// nor the corpus beside them.
#[test]
fn held_out_documents_hold_their_floors() {
    holds(HELD_OUT, &written::documents(HELD_OUT));
}

/// The same of earlier ones, which the detectors have been mended by since.
#[test]
fn documents_that_were_held_out_once_hold_their_floors() {
    holds(ONCE_HELD_OUT, &written::documents(ONCE_HELD_OUT));
}

const CORPUS: &str = "tests/corpus";
const HELD_OUT: &str = "tests/corpus/held-out";
const ONCE_HELD_OUT: &str = "tests/corpus/once-held-out";

/// Measures `documents` and compares with the floors in `folder`.
fn holds(folder: &str, documents: &[Document]) {
    let engine = shipped::engine();
    let mut scratch = Scratch::default();
    let mut score = Score::default();
    for document in documents {
        scan(&engine, document, &mut scratch, |scan| score.take(document, scan, engine.taxonomy()));
    }
    println!("{}", score.table());
    let name = folder.rsplit('/').next().unwrap();
    let mistakes = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mistakes-{name}.txt"));
    fs::write(&mistakes, &score.mistakes).unwrap();
    println!("each mistake: {}", mistakes.display());

    let floors = floors(folder);
    let mut complaints = Vec::new();
    for (name, measured, floor) in [
        ("macro F1", score.macro_f1(), floors.macro_f1),
        ("redaction recall", score.redaction_recall(), floors.redaction_recall),
        ("clean negatives", score.clean_negatives(), floors.clean_negatives),
    ] {
        if measured < floor {
            complaints.push(format!("{name} {measured:.1} is below {floor}"));
        }
    }
    for group in Group::ALL {
        let tally = score.groups.get(&group).copied().unwrap_or_default();
        if let Some(floor) = floors.groups.get(group.as_str()) {
            complaints.extend(floor.complaints(group.as_str(), &tally));
        }
    }
    for (name, floor) in &floors.categories {
        let tally = score
            .categories
            .get(name)
            .unwrap_or_else(|| panic!("a floor for `{name}`, which nothing is"));
        complaints.extend(floor.complaints(name, tally));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn scan<T>(
    engine: &Engine,
    document: &Document,
    scratch: &mut Scratch,
    take: impl FnOnce(&Scan<'_>) -> T,
) -> T {
    let headers: Vec<(&str, &[u8])> =
        document.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let message = Message {
        method: "POST",
        target: &document.target,
        headers: &headers,
        body: &document.body,
        client_region: None,
    };
    take(&engine.scan(&message, &Limits::default(), scratch))
}

/// Whatever is kept of a document for the next one makes that one faster, and no other.
#[test]
fn what_was_read_before_changes_nothing() {
    let engine = shipped::engine();
    let documents = [corpus(), written::documents(HELD_OUT)].concat();
    let found = |document: &Document, scratch: &mut Scratch| {
        scan(&engine, document, scratch, |scan| {
            let places = scan.findings.items.iter().map(|it| {
                let place = scan.findings.locator(it);
                format!("{:?} {place} {:?} {:?} {:?}\n", it.tag, it.span, it.confidence, it.marks)
            });
            places.collect()
        })
    };
    let alone: Vec<String> =
        documents.iter().map(|it| found(it, &mut Scratch::default())).collect();
    let mut scratch = Scratch::default();
    let there_and_back = (0..documents.len()).chain((0..documents.len()).rev());
    for number in there_and_back {
        let document = &documents[number];
        assert_eq!(found(document, &mut scratch), alone[number], "{}", document.id);
    }
}

/// One impossible finding in three hundred payloads is too many.
#[test]
fn real_payloads_hold_nothing_impossible() {
    let Some((payloads, found)) = traffic::impossible(&shipped::engine()) else { return };
    println!("{payloads} real payloads: {found:#?}");
    let count: usize = found.values().map(Vec::len).sum();
    assert!(
        count * 1000 <= payloads * 3,
        "{count} impossible findings in {payloads} payloads: {found:#?}"
    );
}

fn floors(folder: &str) -> Floors {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("floors.yaml");
    let file = SourceFile { name: "floors.yaml".into(), text: fs::read_to_string(path).unwrap() };
    let mut diagnostics = Diagnostics::default();
    let floors = source::read(&file, &mut diagnostics);
    floors.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

fn corpus() -> Vec<Document> {
    let mut documents = written::documents(CORPUS);
    documents.extend(plain::documents());
    documents.extend(evasion::documents());
    documents.extend(negative::documents());
    documents
}

#[test]
fn the_corpus_is_sound() {
    let documents = corpus();
    let mut ids = BTreeSet::new();
    for document in &documents {
        assert!(ids.insert(document.id.clone()), "two documents are called {}", document.id);
        assert_eq!(
            document.group == Group::Negative,
            document.labels.is_empty(),
            "{}",
            document.id
        );
        for label in &document.labels {
            assert!(
                label.span.is_some() || label.path.is_some(),
                "{}: {} stands nowhere",
                document.id,
                label.tag
            );
        }
    }
    assert!(documents.len() >= 600, "{} documents", documents.len());
}

/// For readers outside the test: one document a line, whose labels are of whole characters of its text.
#[test]
fn the_corpus_can_be_read_by_others() {
    let documents = corpus();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus.jsonl");
    let lines: Vec<String> =
        documents.iter().map(|document| document.to_json().to_string()).collect();
    fs::write(&path, lines.join("\n") + "\n").unwrap();

    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().count(), documents.len());
    for (document, line) in documents.iter().zip(text.lines()) {
        let read: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(read["id"], document.id.as_str());
        let spans = read["spans"].as_array().unwrap();
        assert_eq!(spans.len(), document.labels.len(), "{}", document.id);
        let Some(text) = read["text"].as_str() else {
            assert!(read["base64"].is_string(), "{}", document.id);
            continue;
        };
        assert_eq!(text.as_bytes(), document.body, "{}", document.id);
        for span in spans.iter().filter(|span| span["part"] == "body") {
            let place = |end: &str| span[end].as_u64().map(|at| at as usize);
            let (Some(start), Some(end)) = (place("start"), place("end")) else { continue };
            assert!(
                text.get(start..end).is_some_and(|label| !label.is_empty()),
                "{}: {span}",
                document.id
            );
        }
    }
}
