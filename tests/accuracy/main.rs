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
    reason = "all of it is test code"
)]

mod body;
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
mod written;

use std::collections::BTreeSet;

use document::{Document, Group};

fn corpus() -> Vec<Document> {
    let mut documents = written::documents();
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

/// For readers outside the test: one document a line.
#[test]
fn the_corpus_can_be_read_by_others() {
    let lines: Vec<String> =
        corpus().iter().map(|document| document.to_json().to_string()).collect();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(folder.join("corpus.jsonl"), lines.join("\n") + "\n").unwrap();
}
