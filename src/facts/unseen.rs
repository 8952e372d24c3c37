//! Identifiers that no detector would see in a payload: what is filed under one counts in no transfer.

use serde_json::{Value, json};

use super::{IdentifierKind, entry::texts, known::Kinds};
use crate::{
    domain::Limits,
    engine::{Engine, Message, Scratch},
};

/// The kinds of identifiers in an entry's `subject` that are not found under the plainest of names; once for each.
pub(crate) fn unseen(engine: &Engine, entry: &Value, scratch: &mut Scratch) -> Vec<IdentifierKind> {
    let kinds = Kinds::new(engine.taxonomy());
    let limits = Limits::default();
    let mut is_seen = |kind: IdentifierKind, value: &str| {
        names(kind).iter().any(|name| {
            let body = json!({ *name: value }).to_string();
            let headers: [(&str, &[u8]); 1] = [("content-type", b"application/json")];
            let message = Message::of_body(&headers, body.as_bytes());
            let reading = engine.read(&message, &limits, scratch);
            reading.findings().items.iter().any(|finding| kinds.kind(finding) == Some(kind))
        })
    };
    let mut unseen = Vec::new();
    for kind in IdentifierKind::ALL {
        let told = entry.get("subject").and_then(|subject| subject.get(kind.as_str()));
        // What is no identifier at all was said before.
        let values = texts(told, kind.as_str()).unwrap_or_default();
        unseen.extend(values.iter().filter(|value| !is_seen(kind, value)).map(|_| kind));
    }
    unseen
}

fn names(kind: IdentifierKind) -> &'static [&'static str] {
    match kind {
        IdentifierKind::AccountId => &["account_id"],
        IdentifierKind::Phone => &["phone"],
        IdentifierKind::Email => &["email"],
        IdentifierKind::DeviceId => {
            &["imei", "imeisv", "meid", "serial_number", "android_id", "mac_address"]
        }
    }
}
