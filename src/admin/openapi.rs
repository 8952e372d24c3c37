//! The OpenAPI document of this server, for whoever writes a client.

use std::sync::LazyLock;

use http::StatusCode;
use serde_json::Value;

use super::reply::{self, Reply};

/// OpenAPI 3.1; the version is that of the program.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document: Value =
        serde_json::from_str(include_str!("openapi.json")).unwrap_or_default();
    if let Some(version) = document.pointer_mut("/info/version") {
        *version = env!("CARGO_PKG_VERSION").into();
    }
    document
});

/// Where operators are listed nobody does without a proof of who they are.
pub(super) fn document(is_listed: bool) -> Reply {
    let mut document = DOCUMENT.clone();
    if is_listed && let Some(security) = document.get_mut("security").and_then(Value::as_array_mut)
    {
        security.retain(|way| way.as_object().is_some_and(|way| !way.is_empty()));
    }
    reply::json(StatusCode::OK, &document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_program() {
        assert_eq!(DOCUMENT["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}
