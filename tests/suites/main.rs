//! What others have collected against readers of their formats and numbers, held against ours.
//!
//! `make data` fetches the material, pinned by version and digest; none of it is kept here.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "all of it is test code"
)]

mod csv;
mod json;
mod naughty;
mod numbers;
mod phones;
#[path = "../shipped/mod.rs"]
mod shipped;

use std::{fs, path::PathBuf, sync::LazyLock};

use bordergate::{
    domain::Limits,
    engine::{Engine, Message, Scan, Scratch},
};

static ENGINE: LazyLock<Engine> = LazyLock::new(shipped::engine);

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/test-data").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name))
        .unwrap_or_else(|error| panic!("{name}: {error}; `make data` fetches it"))
}

/// Reads `body` as the engine does and hands on what it found.
fn scan<T>(media_type: &str, body: &[u8], look: impl FnOnce(&Scan<'_>) -> T) -> T {
    let headers: [(&str, &[u8]); 1] = [("content-type", media_type.as_bytes())];
    let message = Message::of_body(&headers, body);
    look(&ENGINE.scan(&message, &Limits::default(), &mut Scratch::default()))
}

/// The short names of what was found, in document order.
fn found(media_type: &str, body: &[u8]) -> Vec<String> {
    scan(media_type, body, |scan| {
        scan.findings
            .items
            .iter()
            .map(|finding| ENGINE.taxonomy().category(finding.tag).unwrap().short.clone())
            .collect()
    })
}
