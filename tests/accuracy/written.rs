//! Reads the documents that are kept as text: `tests/corpus/*.txt` and those of the folders beside it.
//!
//! A document begins with a line `=== name`. Header lines follow (`content-type: …`; `target:` is the
//! request target; `label: tag /pointer` labels a field of a layer within, whose bytes are not in the
//! file), then an empty line and the body, with marks. A file's name is the group of its documents.

use std::path::Path;

use super::document::{Document, Group, Label, Marked};
use bordergate::domain::Part;

/// All of `folder`, which stands below the package.
pub(crate) fn documents(folder: &str) -> Vec<Document> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    Group::ALL
        .into_iter()
        .flat_map(|group| {
            let text =
                std::fs::read_to_string(folder.join(format!("{}.txt", group.as_str()))).unwrap();
            let documents: Vec<Document> =
                text.split("\n=== ").skip(1).map(|document| read(group, document)).collect();
            documents
        })
        .collect()
}

fn read(group: Group, text: &str) -> Document {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let name = lines.next().unwrap_or_default();
    let mut document = Document::new(format!("{}/written/{name}", group.as_str()), group);
    let mut media_type = None;
    for line in lines {
        let (header, value) =
            line.split_once(": ").unwrap_or_else(|| panic!("{name}: `{line}` is no header"));
        match header {
            "target" => document.target(value),
            "content-type" => media_type = Some(value.to_owned()),
            "label" => {
                let (tag, path) = value.split_once(' ').unwrap();
                let part =
                    [("query:", Part::Query), ("header:", Part::Header), ("cookie:", Part::Cookie)]
                        .into_iter()
                        .find(|(prefix, _)| path.starts_with(prefix))
                        .map_or(Part::Body, |(_, part)| part);
                let label = Label { tag: tag.into(), part, path: Some(path.into()), span: None };
                document.labels.push(label);
            }
            _ => document.header(header, value),
        }
    }
    if let Some(media_type) = media_type {
        let mut marked = Marked::default();
        let body = body.trim_end_matches('\n');
        // Multipart needs the line ends of its standard.
        let body = if media_type.starts_with("multipart/") {
            body.replace('\n', "\r\n")
        } else {
            body.to_owned()
        };
        marked.push(&body, str::to_owned);
        document.body(&media_type, marked);
    }
    document
}
