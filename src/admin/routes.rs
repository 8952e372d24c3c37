//! What each path answers.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{StatusCode, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::Serialize;

use super::{
    access::{Caller, Needs, Role},
    console,
    endpoints::{self, Endpoint},
    facts, live, openapi,
    ready::State,
    reply::{self, Problem, Reply},
    server::Operators,
    service::Call,
    token::Token,
};
use crate::{
    audit::{AuditDeed, AuditHealth, Deed},
    control::{Refused, Reloaded, RoutesStatus, Status, Switch},
    domain::Awaited,
    engine::Scratch,
    facts::Health,
    inquiry::{Answer, Case, Inquiry},
    policy::Timestamp,
    snapshot::Snapshot,
    source::Diagnostics,
    telemetry::{BundleResult, CertificateStatus, DataCentreStatus, Exposition},
};

pub(super) async fn answer(operators: Arc<Operators>, call: Call) -> Reply {
    route(operators, call).await.unwrap_or_else(Reply::from)
}

async fn route(operators: Arc<Operators>, call: Call) -> Result<Reply, Problem> {
    let Call { peer, ref head, body, endpoint, needs } = call;
    let access = &operators.settings.access;
    let caller = match (access.admit(peer, head, needs), endpoint) {
        (Ok(caller), _) => caller,
        // What is on file may have a token of its own.
        (Err(_), Endpoint::Facts(asked)) if facts::has_token(&operators, access) => {
            return facts::answer(&operators, peer, head, body, asked, None).await;
        }
        (Err(problem), _) => return Err(problem),
    };
    // Where facts are asked for, what is refused is on record as well.
    if !matches!(endpoint, Endpoint::Facts(_)) {
        same_site(head)?;
    }
    Ok(match endpoint {
        Endpoint::Index => index(head),
        Endpoint::Alive => alive(),
        Endpoint::Ready => ready(&operators)?,
        Endpoint::Metrics => metrics(&operators, head),
        Endpoint::Status => status(&operators),
        Endpoint::ToConsole => console::redirect(),
        Endpoint::Console | Endpoint::ConsoleFile => {
            let missing = || {
                let detail = "`GET /` lists what is here";
                Problem::new(StatusCode::NOT_FOUND, "not found", detail)
            };
            console::file(head.uri.path()).ok_or_else(missing)?
        }
        Endpoint::About => console::about(&operators, &caller),
        Endpoint::Rules => match asked_rule(head) {
            Some(id) => off_thread(move || Ok(console::rules(&operators, Some(&id)))).await?,
            None => console::rules(&operators, None),
        },
        Endpoint::History => console::history(&operators),
        Endpoint::Recent => live::recent(&operators),
        Endpoint::Live => live::stream(Arc::clone(&operators)),
        Endpoint::OpenApi => openapi::document(access.is_listed()),
        Endpoint::Shadow => console::shadow(&operators),
        Endpoint::Promote => switch(&operators, &caller, Switch::Promote).await?,
        Endpoint::Rollback => switch(&operators, &caller, Switch::Rollback).await?,
        Endpoint::Push => push(&operators, &caller, body).await?,
        Endpoint::Reload => reload(&operators, &caller).await?,
        Endpoint::Decide => ask(operators, peer, &caller, head, body, decide).await?,
        Endpoint::Explain => ask(operators, peer, &caller, head, body, explain).await?,
        Endpoint::Facts(asked) => {
            facts::answer(&operators, peer, head, body, asked, Some(&caller)).await?
        }
    })
}

/// Every change is on record, with who made it.
pub(super) fn changed(operators: &Operators, who: &str, action: &str, is_done: bool) {
    record(operators, Deed::Changed, who, action, is_done);
}

pub(super) fn record(operators: &Operators, audit: Deed, who: &str, action: &str, is_done: bool) {
    operators.context.audit.deed(&AuditDeed {
        audit,
        time: jiff::Timestamp::now(),
        who,
        action,
        result: if is_done { "done" } else { "refused" },
        generation: operators.context.reloads.status().generation.0,
    });
}

/// A page somebody has open in a browser must not reload our rules.
pub(super) fn same_site(head: &Parts) -> Result<(), Problem> {
    if head.method.is_safe() {
        return Ok(());
    }
    let site = head.headers.get("sec-fetch-site").map(http::HeaderValue::as_bytes);
    let foreign = site.is_some_and(|site| site != b"same-origin" && site != b"none");
    if foreign || (site.is_none() && head.headers.contains_key(http::header::ORIGIN)) {
        let detail = "requests that a page of another site makes are not taken";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    Ok(())
}

fn index(head: &Parts) -> Reply {
    let accept = head.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        return console::redirect();
    }
    let paths: Vec<String> =
        endpoints::listed().map(|(method, path)| format!("{method} {path}")).collect();
    reply::json(StatusCode::OK, &serde_json::json!({ "paths": paths }))
}

fn metrics(operators: &Operators, head: &Parts) -> Reply {
    let accept = head.headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
    let exposition = Exposition::negotiate(accept);
    let text = operators.context.metrics.render(exposition);
    reply::with_type(StatusCode::OK, exposition.content_type(), text.into_bytes())
}

fn alive() -> Reply {
    reply::json(StatusCode::OK, &serde_json::json!({ "status": "alive" }))
}

fn ready(operators: &Operators) -> Result<Reply, Problem> {
    let why_not = match operators.context.readiness.state() {
        State::Serving => {
            let unrecorded = || {
                let words = "no audit record can be written, and nothing is sent without one";
                operators.context.audit.is_refusing().then(|| words.to_owned())
            };
            if let Some(why_not) = facts::not_ready(operators).or_else(unrecorded) {
                return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not ready", why_not));
            }
            let rules = operators.context.reloads.status();
            let untrusted = rules.bundle.as_ref().and_then(|bundle| bundle.untrusted.clone());
            if let Some(why_not) = untrusted {
                return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not ready", why_not));
            }
            return Ok(reply::json(StatusCode::OK, &serde_json::json!({ "status": "ready" })));
        }
        State::Starting => "the listeners are not bound yet",
        State::Draining => "the gateway is draining",
    };
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not ready", why_not))
}

fn status(operators: &Operators) -> Reply {
    #[derive(Serialize)]
    struct Page<'s> {
        version: &'static str,
        state: State,
        /// Since when the generation that serves does.
        rules_age_seconds: i64,
        rules: &'s Status,
        /// With data centres and workloads; where there is a configuration file.
        #[serde(skip_serializing_if = "Option::is_none")]
        routes: Option<&'s RoutesStatus>,
        audit: AuditHealth,
        /// Of listeners, data centres and this address.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        certificates: Vec<CertificateStatus>,
        /// Why the file of operators as it is now does not count.
        #[serde(skip_serializing_if = "Option::is_none")]
        operators_error: Option<String>,
        /// Why the token's file as it is now does not count.
        #[serde(skip_serializing_if = "Option::is_none")]
        token_error: Option<String>,
        /// Whether they answer.
        data_centres: Vec<DataCentreStatus>,
        #[serde(skip_serializing_if = "Option::is_none")]
        facts: Option<Health>,
    }
    let rules = operators.context.reloads.status();
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        state: operators.context.readiness.state(),
        rules_age_seconds: jiff::Timestamp::now().duration_since(rules.loaded_at.0).as_secs(),
        rules: &rules,
        routes: rules.routes.as_ref(),
        audit: operators.context.audit.health(),
        certificates: operators.context.metrics.certificates().status(),
        operators_error: operators.settings.access.error(),
        token_error: operators.token().and_then(Token::error),
        data_centres: operators.data_centres(),
        facts: operators.context.facts.as_ref().map(|facts| facts.store.health()),
    };
    reply::json(StatusCode::OK, &page)
}

async fn reload(operators: &Operators, caller: &Caller) -> Result<Reply, Problem> {
    let reloaded = told(operators, operators.context.reloads.reload_for(&caller.name).await);
    changed(operators, &caller.name, "reload", reloaded.is_ok());
    reloaded
}

async fn switch(operators: &Operators, caller: &Caller, to: Switch) -> Result<Reply, Problem> {
    let switched = operators.context.reloads.switch(to, &caller.name).await;
    let action = match to {
        Switch::Promote => "promote",
        Switch::Rollback => "rollback",
    };
    changed(operators, &caller.name, action, switched.is_ok());
    told(operators, switched)
}

async fn push(operators: &Operators, caller: &Caller, body: Incoming) -> Result<Reply, Problem> {
    let bytes = read(operators, body, operators.settings.bundle_bytes_max).await?;
    let pushed = operators.context.reloads.push(bytes, &caller.name).await;
    changed(operators, &caller.name, "push", pushed.is_ok());
    told(operators, pushed)
}

fn told(operators: &Operators, reloaded: Result<Reloaded, Refused>) -> Result<Reply, Problem> {
    match reloaded {
        Ok(reloaded) => Ok(reply::json(StatusCode::OK, &reloaded)),
        Err(Refused::Rules(diagnostics)) => {
            let status = operators.context.reloads.status();
            let errors = errors(&diagnostics);
            let generation = status.generation;
            let detail =
                format!("the rules have {errors}; generation {generation} goes on serving");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rules refused", detail)
                .with_diagnostics(diagnostics))
        }
        Err(Refused::Routes(diagnostics)) => {
            let routes = operators.context.reloads.status().routes.clone();
            let generation = routes.map_or(0, |routes| routes.generation.0);
            let errors = errors(&diagnostics);
            let detail = format!(
                "the configuration has {errors}; generation {generation} of the routes goes on serving"
            );
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "routes refused", detail)
                .with_diagnostics(diagnostics))
        }
        Err(Refused::Bundle(failure)) if failure.kind == BundleResult::Unreachable => {
            Err(Problem::new(StatusCode::BAD_GATEWAY, "bundle not there", failure.message))
        }
        Err(refused @ Refused::Bundle(_)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Err(Problem::new(status, "bundle refused", refused.to_string()))
        }
        Err(refused @ Refused::Nothing(_)) => {
            Err(Problem::new(StatusCode::CONFLICT, "nothing to change", refused.to_string()))
        }
        Err(refused @ (Refused::Busy | Refused::Stopped)) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not reloaded", refused.to_string()))
        }
    }
}

fn errors(diagnostics: &Diagnostics) -> String {
    match diagnostics.error_count() {
        1 => "1 error".to_owned(),
        count => format!("{count} errors"),
    }
}

/// A context with its payload, and what is said of it. What is on file counts for whoever may ask what is;
/// to others the answer goes by what is stated, and says so.
async fn ask(
    operators: Arc<Operators>,
    peer: SocketAddr,
    caller: &Caller,
    head: &Parts,
    body: Incoming,
    answer: fn(&Operators, &Case, Asker, &mut Scratch) -> Reply,
) -> Result<Reply, Problem> {
    let listed = caller.may(Needs::Role(Role::Operate)).then_some(caller);
    let asker = match facts::admit(&operators, peer, head, listed) {
        Ok(_) => Asker::Admitted,
        Err(_) => Asker::Anybody,
    };
    let is_json = head
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        let detail = "send the context with its payload as `application/json`";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported media type",
            detail,
        ));
    }
    let bytes = read(&operators, body, operators.settings.body_bytes_max).await?;
    let time_max = operators.settings.question_time_max;
    // Given up when it takes too long, and when whoever asked has gone.
    let awaited = Awaited::new();
    let mut scratch = Scratch::until(awaited.halt());
    let answered = off_thread(move || {
        Ok(answer(&operators, &parse(&operators, &bytes)?, asker, &mut scratch))
    });
    tokio::time::timeout(time_max, answered).await.unwrap_or_else(|_| {
        let detail = "the payload could not be judged in time";
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too slow", detail))
    })
}

/// How long what would make a transfer lawful is looked for, within `question_time_max`.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(5);

/// For what may take as long as an inspection may: health must answer meanwhile.
async fn off_thread(
    answer: impl FnOnce() -> Result<Reply, Problem> + Send + 'static,
) -> Result<Reply, Problem> {
    tokio::task::spawn_blocking(answer).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an answer for an operator ended badly");
        let detail = "the answer could not be found; the log says more";
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error", detail))
    })
}

/// The `id` of the query.
fn asked_rule(head: &Parts) -> Option<String> {
    let members = head.uri.query()?.split('&');
    let id = members.filter_map(|member| member.strip_prefix("id=")).next()?;
    Some(percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned())
}

pub(super) async fn read(
    operators: &Operators,
    body: Incoming,
    bytes_max: usize,
) -> Result<Vec<u8>, Problem> {
    let collected = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(operators.settings.body_time_max, collected).await {
        Ok(Ok(body)) => Ok(body.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body too large",
            format!("a body may have {bytes_max} bytes"),
        )),
        Ok(Err(_)) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "bad request", "the body ended early"))
        }
        Err(_) => {
            let detail = "the body did not arrive in time";
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "request timeout", detail))
        }
    }
}

fn parse(operators: &Operators, bytes: &[u8]) -> Result<Case, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad request", detail);
    let text = std::str::from_utf8(bytes).map_err(|_| bad("the body is not UTF-8".to_owned()))?;
    let mut case = Case::parse(text).map_err(|error| bad(error.to_string()))?;
    let destinations = operators.settings.destinations.now();
    case.by_route(Some(&destinations.stated_by_route)).map_err(|error| bad(error.to_string()))?;
    case.transfer.as_of.get_or_insert_with(|| Timestamp(jiff::Timestamp::now()));
    Ok(case)
}

/// Who asks: one who may know what is on file, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Admitted,
    Anybody,
}

fn inquiry<'i>(operators: &'i Operators, snapshot: &'i Snapshot, asker: Asker) -> Inquiry<'i> {
    let facts = operators.context.facts.as_ref();
    Inquiry {
        engine: &snapshot.engine,
        generation: snapshot.generation.0,
        register: facts.filter(|_| asker == Asker::Admitted).map(|facts| &*facts.register),
        has_store: facts.is_some(),
    }
}

fn decide(operators: &Operators, case: &Case, asker: Asker, scratch: &mut Scratch) -> Reply {
    let snapshot = operators.context.reloads.snapshots().load_full();
    let inquiry = inquiry(operators, &snapshot, asker);
    let judged = case.judge(&inquiry, &operators.settings.limits, scratch);
    let answer = Answer::new(&snapshot.engine, case.id.as_ref(), &case.body, &judged);
    reply::json(StatusCode::OK, &answer)
}

fn explain(operators: &Operators, case: &Case, asker: Asker, scratch: &mut Scratch) -> Reply {
    let snapshot = operators.context.reloads.snapshots().load_full();
    let inquiry = inquiry(operators, &snapshot, asker);
    let start = Instant::now();
    let go_on = || start.elapsed() < SEARCH_TIME_MAX;
    let limits = &operators.settings.limits;
    let explained = case.explain(&inquiry, limits, scratch, &go_on);
    reply::json(StatusCode::OK, &explained)
}
