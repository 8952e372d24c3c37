//! What is on file about people, for whoever has the token.
//!
//! An identifier is never part of a path or query, where logs would keep it; nothing that was sent is
//! repeated in an answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::Arc,
};

use bytes::Bytes;
use http::{StatusCode, header, request::Parts};
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::{
    access::{Access, Caller},
    endpoints::FactsEndpoint,
    reply::{self, Problem, Reply},
    routes::{read, record, same_site},
    server::Operators,
    token::Token,
};
use crate::{
    audit::Deed,
    engine::Scratch,
    facts::{
        self, Applied, Change, EntryReader, FactsStore, Format, LineError, Lines, Register,
        SubjectKey, Unavailable,
    },
    policy::Timestamp,
    source::{Diagnostics, Place},
};

/// The store, and who may ask it.
#[derive(Debug, Clone)]
pub struct FactsDesk {
    pub store: FactsStore,
    /// Of the store.
    pub key: SubjectKey,
    /// The store as a transfer asks it.
    pub register: Arc<Register>,
    /// Without one nobody may.
    pub token: Option<Token>,
    pub loopback_only: bool,
    /// Requests are taken while the store is unavailable.
    pub ready_without: bool,
}

/// Why requests are better sent elsewhere, if they are.
pub(super) fn not_ready(operators: &Operators) -> Option<String> {
    let desk = operators.context.facts.as_ref().filter(|desk| !desk.ready_without)?;
    let health = desk.store.health();
    let cause = health.cause.filter(|_| !health.available)?;
    Some(format!("the facts store is unavailable: {}", cause.as_str()))
}

/// Whether somebody whom no list names may be let in all the same.
pub(super) fn has_token(operators: &Operators, access: &Access) -> bool {
    let desk = operators.context.facts.as_ref();
    !access.is_listed() || desk.is_some_and(|desk| desk.token.is_some())
}

/// What is on file, or a change to it; either is on record then. `caller` is `None` for whoever has no more than a
/// token; without one that counts, there is nobody to make a record of.
pub(super) async fn answer(
    operators: &Operators,
    peer: SocketAddr,
    head: &Parts,
    body: Incoming,
    asked: FactsEndpoint,
    caller: Option<&Caller>,
) -> Result<Reply, Problem> {
    let (deed, action) = match asked {
        FactsEndpoint::Get => (Deed::Read, "facts"),
        FactsEndpoint::Export => (Deed::Read, "export"),
        FactsEndpoint::Put | FactsEndpoint::Withdraw => (Deed::Changed, "facts"),
    };
    let desk = match admit(operators, peer, head, caller) {
        Err(problem) if caller.is_none() => return Err(problem),
        desk => desk,
    };
    let is_admitted = desk.is_ok();
    let answer = match desk {
        Ok(desk) => at_desk(operators, desk, head, body, asked).await,
        Err(problem) => Err(problem),
    };
    let who = caller.map_or("token", |caller| &caller.name);
    // That nothing is on file is an answer too.
    let is_done = match (&answer, deed) {
        (Ok(_), _) => true,
        (Err(problem), Deed::Read) => is_admitted && problem.status() == StatusCode::NOT_FOUND,
        (Err(_), Deed::Changed) => false,
    };
    record(operators, deed, who, action, is_done);
    answer
}

async fn at_desk(
    operators: &Operators,
    desk: &FactsDesk,
    head: &Parts,
    body: Incoming,
    asked: FactsEndpoint,
) -> Result<Reply, Problem> {
    same_site(head)?;
    match asked {
        FactsEndpoint::Put => {
            let format = format(head)?;
            let body = read(operators, body, operators.settings.body_bytes_max).await?;
            put(operators, desk, changes(desk, format, &body)?).await
        }
        FactsEndpoint::Get => {
            look(desk, &object(&read(operators, body, operators.settings.body_bytes_max).await?)?)
        }
        FactsEndpoint::Withdraw => {
            let asked = object(&read(operators, body, operators.settings.body_bytes_max).await?)?;
            check_scope(operators, &asked)?;
            put(operators, desk, vec![withdrawal(desk, &asked)?]).await
        }
        FactsEndpoint::Export => Ok(export(desk, head)),
    }
}

pub(super) fn admit<'o>(
    operators: &'o Operators,
    peer: SocketAddr,
    head: &Parts,
    caller: Option<&Caller>,
) -> Result<&'o FactsDesk, Problem> {
    let forbidden = |detail: &str| Problem::new(StatusCode::FORBIDDEN, "forbidden", detail);
    let Some(desk) = &operators.context.facts else {
        let detail = "there is no facts store; `facts:` in the configuration makes one";
        return Err(Problem::new(StatusCode::NOT_FOUND, "not found", detail));
    };
    if desk.loopback_only && !peer.ip().to_canonical().is_loopback() {
        return Err(forbidden("facts are told to this machine only; see `facts.operators`"));
    }
    if caller.is_some_and(|caller| caller.is_listed) {
        return Ok(desk);
    }
    let Some(token) = &desk.token else {
        return Err(forbidden("nobody may ask without a token; see `admin.token_file`"));
    };
    if token.is_shown_in(head) { Ok(desk) } else { Err(Token::asked_for()) }
}

fn format(head: &Parts) -> Result<Format, Problem> {
    let essence = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase());
    match essence.as_deref() {
        Some("application/json" | "application/x-ndjson" | "application/jsonl") => {
            Ok(Format::Jsonl)
        }
        Some("text/csv") => Ok(Format::Csv),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported media type",
            "send an entry a line as `application/x-ndjson`, or `text/csv`",
        )),
    }
}

/// All of a body or nothing of it.
fn changes(
    desk: &FactsDesk,
    format: Format,
    bytes: &[u8],
) -> Result<Vec<(Value, Change)>, Problem> {
    let reader = EntryReader::new(desk.key.clone(), Timestamp(jiff::Timestamp::now()));
    let mut changes = Vec::new();
    let mut diagnostics = Diagnostics::default();
    match Lines::new(format, Box::new(bytes)) {
        Ok(lines) => {
            for line in lines {
                let read = line.and_then(|(line, entry)| {
                    let change = reader.change(&entry);
                    let change = change.map_err(|message| LineError { line, message })?;
                    Ok((entry, change))
                });
                match read {
                    Ok(change) => changes.push(change),
                    Err(error) => complain(&mut diagnostics, error),
                }
            }
        }
        Err(error) => complain(&mut diagnostics, error),
    }
    if diagnostics.has_errors() {
        let detail = format!(
            "{} wrong; nothing was changed",
            match diagnostics.error_count() {
                1 => "1 line is".to_owned(),
                count => format!("{count} lines are"),
            }
        );
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "facts refused", detail)
            .with_diagnostics(diagnostics));
    }
    Ok(changes)
}

fn complain(diagnostics: &mut Diagnostics, LineError { line, message }: LineError) {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    diagnostics.error(Place { file: "body".to_owned(), line, column: 0 }, message);
}

/// What a list of changes came to.
#[derive(serde::Serialize)]
struct Put {
    #[serde(flatten)]
    applied: Applied,
    /// The first names in them that nothing in the rules knows.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    unknown: BTreeSet<String>,
    /// Those of them that a withdrawal is of: it takes back everything.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    taking_back_everything: BTreeSet<String>,
    /// By kind, how many identifiers are such as no detector sees.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    unseen: BTreeMap<&'static str, u64>,
}

async fn put(
    operators: &Operators,
    desk: &FactsDesk,
    told: Vec<(Value, Change)>,
) -> Result<Reply, Problem> {
    const UNKNOWN_MAX: usize = 100;
    /// Looked at for what no detector sees; more say nothing new.
    const LOOKED_AT_MAX: usize = 1_000;
    let snapshot = operators.context.reloads.snapshots().load_full();
    let rules = snapshot.engine.rules();
    let (mut unknown, mut taking_back_everything) = (BTreeSet::new(), BTreeSet::new());
    for (_, change) in &told {
        unknown.extend(change.unknown(rules));
        taking_back_everything.extend(change.taking_back_everything(rules));
        if unknown.len() >= UNKNOWN_MAX {
            break;
        }
    }
    let mut unseen: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut scratch = Scratch::default();
    for (entry, _) in told.iter().take(LOOKED_AT_MAX) {
        for kind in facts::unseen(&snapshot.engine, entry, &mut scratch) {
            *unseen.entry(kind.as_str()).or_default() += 1;
        }
    }
    let changes = told.into_iter().map(|(_, change)| change).collect();
    let applied = desk.store.change(changes).await.map_err(unavailable)?;
    let put = Put { applied, unknown, taking_back_everything, unseen };
    Ok(reply::json(StatusCode::OK, &put))
}

fn look(desk: &FactsDesk, subject: &Value) -> Result<Reply, Problem> {
    let reader = EntryReader::new(desk.key.clone(), Timestamp(jiff::Timestamp::now()));
    let who = reader.who(subject).map_err(bad)?;
    match desk.store.get(&who).map_err(unavailable)? {
        Some(record) => Ok(reply::json(StatusCode::OK, &record)),
        None => {
            let detail = "nothing is on file about this subject";
            Err(Problem::new(StatusCode::NOT_FOUND, "not found", detail))
        }
    }
}

/// A scope that is misspelt would take back everything. Whoever means that says `all`; what comes in a file may be older
/// than the rules and is taken, and told.
fn check_scope(operators: &Operators, asked: &Value) -> Result<(), Problem> {
    let snapshot = operators.context.reloads.snapshots().load_full();
    let scope = asked.get("scope").and_then(Value::as_str);
    let misspelt = scope.and_then(|scope| snapshot.engine.rules().misspelt_withdrawal(scope));
    let refused = |why| Err(Problem::new(StatusCode::CONFLICT, "unknown to the rules", why));
    misspelt.map_or(Ok(()), refused)
}

fn withdrawal(desk: &FactsDesk, asked: &Value) -> Result<(Value, Change), Problem> {
    let mut withdrawal = asked.clone();
    let subject = withdrawal.as_object_mut().and_then(|asked| asked.remove("subject"));
    let entry = json!({ "subject": subject, "withdrawn": [withdrawal] });
    let reader = EntryReader::new(desk.key.clone(), Timestamp(jiff::Timestamp::now()));
    let change = reader.change(&entry).map_err(bad)?;
    Ok((entry, change))
}

fn export(desk: &FactsDesk, head: &Parts) -> Reply {
    /// Entries are sent in parts of about this many bytes.
    const PART_BYTES: usize = 64 << 10;
    let counted =
        head.uri.query().is_some_and(|query| query.split('&').any(|one| one == "counted"));
    let (parts, written) = tokio::sync::mpsc::channel(4);
    let store = desk.store.clone();
    // Whoever reads slowly keeps nobody else waiting: the threads of the runtime are few.
    let export = move || {
        let mut part = Vec::with_capacity(PART_BYTES);
        let told = store.export(counted, &mut |entry| {
            // A `Value` always serialises.
            let _ = serde_json::to_writer(&mut part, &entry);
            part.push(b'\n');
            part.len() < PART_BYTES || parts.blocking_send(Ok(take(&mut part))).is_ok()
        });
        // Whoever reads may have gone.
        let _ = match told {
            Ok(()) => parts.blocking_send(Ok(take(&mut part))),
            Err(error) => parts.blocking_send(Err(io::Error::other(error))),
        };
    };
    if let Err(error) = std::thread::Builder::new().name("facts-export".to_owned()).spawn(export) {
        let title = "The export could not begin";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, title, error.to_string()).into();
    }
    reply::written("application/x-ndjson", written)
}

fn take(part: &mut Vec<u8>) -> Bytes {
    Bytes::from(std::mem::take(part))
}

fn object(bytes: &[u8]) -> Result<Value, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(bad("the body is not a JSON object".to_owned())),
    }
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad request", detail)
}

fn unavailable(why: Unavailable) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "facts unavailable", why.to_string())
}
