//! Everything there is at the admin address: one table of methods, paths and what is asked of whoever calls them.

use http::{Method, StatusCode};

use super::{
    access::{Needs, Role},
    reply::Problem,
};

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// This table, or the page for whoever is a browser.
    Index,
    Alive,
    Ready,
    Metrics,
    Status,
    ToConsole,
    Console,
    /// What the page needs.
    ConsoleFile,
    About,
    Rules,
    History,
    Recent,
    Live,
    OpenApi,
    Shadow,
    Promote,
    Rollback,
    Push,
    Reload,
    Decide,
    Explain,
    Facts(FactsEndpoint),
}

/// What answers for the store of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FactsEndpoint {
    Put,
    Get,
    Withdraw,
    Export,
}

impl Endpoint {
    /// It reads a body, compiles or inspects; the others say what is in memory.
    pub(super) fn takes_a_while(self) -> bool {
        match self {
            Self::Rules
            | Self::Promote
            | Self::Rollback
            | Self::Push
            | Self::Reload
            | Self::Decide
            | Self::Explain
            | Self::Facts(_) => true,
            Self::Index
            | Self::Alive
            | Self::Ready
            | Self::Metrics
            | Self::Status
            | Self::ToConsole
            | Self::Console
            | Self::ConsoleFile
            | Self::About
            | Self::History
            | Self::Recent
            | Self::Live
            | Self::OpenApi
            | Self::Shadow => false,
        }
    }
}

/// `HEAD` is answered wherever `GET` is.
const ENDPOINTS: &[(Method, &str, Endpoint, Needs)] = &[
    (Method::GET, "/", Endpoint::Index, Needs::Nothing),
    (Method::GET, "/livez", Endpoint::Alive, Needs::Nothing),
    (Method::GET, "/readyz", Endpoint::Ready, Needs::Nothing),
    (Method::GET, "/metrics", Endpoint::Metrics, Needs::Metrics),
    (Method::GET, "/-/healthy", Endpoint::Alive, Needs::Nothing),
    (Method::GET, "/-/ready", Endpoint::Ready, Needs::Nothing),
    (Method::GET, "/-/status", Endpoint::Status, READ),
    (Method::GET, "/-/console", Endpoint::ToConsole, Needs::Nothing),
    (Method::GET, "/-/console/", Endpoint::Console, Needs::Nothing),
    (Method::GET, "/-/console/style.css", Endpoint::ConsoleFile, Needs::Nothing),
    (Method::GET, "/-/console/console.js", Endpoint::ConsoleFile, Needs::Nothing),
    (Method::GET, "/-/about", Endpoint::About, READ),
    (Method::GET, "/-/rules", Endpoint::Rules, READ),
    (Method::GET, "/-/history", Endpoint::History, READ),
    (Method::GET, "/-/recent", Endpoint::Recent, READ),
    (Method::GET, "/-/live", Endpoint::Live, READ),
    (Method::GET, "/-/openapi.json", Endpoint::OpenApi, Needs::Nothing),
    (Method::GET, "/-/shadow", Endpoint::Shadow, READ),
    (Method::POST, "/-/rules/promote", Endpoint::Promote, Needs::Role(Role::Rules)),
    (Method::POST, "/-/rules/rollback", Endpoint::Rollback, Needs::Role(Role::Rules)),
    (Method::PUT, "/-/rules/bundle", Endpoint::Push, Needs::Role(Role::Rules)),
    (Method::POST, "/-/reload", Endpoint::Reload, Needs::OperateOrRules),
    (Method::POST, "/-/decide", Endpoint::Decide, READ),
    (Method::POST, "/-/explain", Endpoint::Explain, READ),
    (Method::POST, "/-/facts", Endpoint::Facts(FactsEndpoint::Put), OPERATE),
    (Method::POST, "/-/facts/get", Endpoint::Facts(FactsEndpoint::Get), OPERATE),
    (Method::POST, "/-/facts/withdraw", Endpoint::Facts(FactsEndpoint::Withdraw), OPERATE),
    (Method::GET, "/-/facts/export", Endpoint::Facts(FactsEndpoint::Export), OPERATE),
];

const READ: Needs = Needs::Role(Role::Read);
const OPERATE: Needs = Needs::Role(Role::Operate);

/// What answers `method` at `path`, and what it asks of whoever calls.
pub(super) fn find(method: &Method, path: &str) -> Result<(Endpoint, Needs), Problem> {
    let at_path = || ENDPOINTS.iter().filter(|(_, listed, ..)| *listed == path);
    let asked = if *method == Method::HEAD { &Method::GET } else { method };
    if let Some((.., endpoint, needs)) = at_path().find(|(listed, ..)| listed == asked) {
        return Ok((*endpoint, *needs));
    }
    let mut allowed: Vec<&str> = Vec::new();
    for (listed, ..) in at_path() {
        allowed.push(listed.as_str());
        if listed == Method::GET {
            allowed.push(Method::HEAD.as_str());
        }
    }
    if allowed.is_empty() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "not found", "`GET /` lists what is here"));
    }
    Err(Problem::method_not_allowed(method, &allowed))
}

/// As `GET /` lists them: without itself, and what a browser asks for by itself.
pub(super) fn listed() -> impl Iterator<Item = (&'static Method, &'static str)> {
    ENDPOINTS.iter().filter_map(|(method, path, endpoint, _)| {
        let is_plumbing =
            matches!(endpoint, Endpoint::Index | Endpoint::ToConsole | Endpoint::ConsoleFile);
        (!is_plumbing).then_some((method, *path))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_not_there_and_what_is_there_otherwise_are_told_apart() {
        for (method, path, expected, allow) in [
            (Method::GET, "/-/status", 200, None),
            (Method::HEAD, "/-/status", 200, None),
            (Method::PUT, "/-/rules/bundle", 200, None),
            (Method::GET, "/-/nothing", 404, None),
            (Method::POST, "/-/facts/nothing", 404, None),
            (Method::GET, "/-/console/nothing", 404, None),
            (Method::GET, "/-/status/", 404, None),
            (Method::POST, "/-/status", 405, Some("GET, HEAD")),
            (Method::OPTIONS, "/-/console/", 405, Some("GET, HEAD")),
            (Method::HEAD, "/-/reload", 405, Some("POST")),
            (Method::POST, "/-/rules/bundle", 405, Some("PUT")),
        ] {
            let found = find(&method, path);
            let status = found.as_ref().map_or_else(|problem| problem.status().as_u16(), |_| 200);
            assert_eq!(status, expected, "{method} {path}");
            let reply = found.err().map(super::super::reply::Reply::from);
            let told = reply.and_then(|reply| reply.headers().get(http::header::ALLOW).cloned());
            assert_eq!(told.as_ref().map(|value| value.to_str().unwrap()), allow, "{path}");
        }
    }

    #[test]
    fn no_method_stands_twice_at_one_path() {
        let once: BTreeSet<_> =
            ENDPOINTS.iter().map(|(method, path, ..)| (method.as_str(), path)).collect();
        assert_eq!(once.len(), ENDPOINTS.len());
    }

    /// The document and the table say the same of every path but those of the page, which are for people.
    #[test]
    fn the_document_describes_the_table() {
        let document: Value = serde_json::from_str(include_str!("openapi.json")).unwrap();
        let mut described = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let is_open = operation["security"].as_array().is_some_and(Vec::is_empty);
                let refuses = ["401", "403"].map(|status| operation["responses"].get(status));
                assert!(refuses.iter().all(|told| told.is_some() != is_open), "{method} {path}");
                let answers = &operation["responses"];
                let in_bounds =
                    ["500", "503", "504"].iter().all(|status| answers.get(status).is_some());
                let found = find(&method.to_ascii_uppercase().parse().unwrap(), path);
                let takes_a_while = found.is_ok_and(|(endpoint, _)| endpoint.takes_a_while());
                assert!(in_bounds || !takes_a_while, "{method} {path}");
                described.insert((method.to_ascii_uppercase(), path.clone(), is_open));
            }
        }
        let table: BTreeSet<_> = ENDPOINTS
            .iter()
            .filter(|(_, path, ..)| *path != "/" && !path.starts_with("/-/console"))
            .map(|(method, path, _, needs)| {
                (method.to_string(), (*path).to_owned(), *needs == Needs::Nothing)
            })
            .collect();
        assert_eq!(described, table);
    }
}
