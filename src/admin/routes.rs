//! What each path answers.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Method, Request, StatusCode, request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::Serialize;

use super::{
    decide::{Answer, Case},
    facts,
    ready::State,
    reply::{self, Problem, Reply},
    server::Operators,
};
use crate::{
    control::{Refused, Status, Trigger},
    engine::Scratch,
    facts::Health,
    policy::Timestamp,
    telemetry::{AuditHealth, METRICS_CONTENT_TYPE},
};

pub(super) async fn answer(
    operators: Arc<Operators>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Reply {
    let (head, body) = request.into_parts();
    let reply = match head.uri.path() {
        "/metrics" => get(&head, || metrics(&operators)),
        "/livez" | "/-/healthy" => get(&head, || Ok(alive())),
        "/readyz" | "/-/ready" => get(&head, || ready(&operators)),
        "/-/status" => get(&head, || Ok(status(&operators))),
        "/-/reload" => match post(&head) {
            Ok(()) => reload(&operators).await,
            Err(problem) => Err(problem),
        },
        "/-/decide" => match post(&head) {
            Ok(()) => ask(operators, &head, body, decide).await,
            Err(problem) => Err(problem),
        },
        "/-/explain" => match post(&head) {
            Ok(()) => ask(operators, &head, body, explain).await,
            Err(problem) => Err(problem),
        },
        path if path == "/-/facts" || path.starts_with("/-/facts/") => {
            facts::answer(&operators, peer, &head, body).await
        }
        "/" => get(&head, || Ok(index())),
        _ => Err(Problem::new(StatusCode::NOT_FOUND, "not found", "`GET /` lists what is here")),
    };
    reply.unwrap_or_else(Reply::from)
}

pub(super) fn get(
    head: &Parts,
    answer: impl FnOnce() -> Result<Reply, Problem>,
) -> Result<Reply, Problem> {
    if head.method == Method::GET || head.method == Method::HEAD {
        answer()
    } else {
        Err(Problem::method_not_allowed(&head.method, "GET"))
    }
}

/// A page somebody has open in a browser must not reload our rules.
pub(super) fn post(head: &Parts) -> Result<(), Problem> {
    if head.method != Method::POST {
        return Err(Problem::method_not_allowed(&head.method, "POST"));
    }
    let site = head.headers.get("sec-fetch-site").map(http::HeaderValue::as_bytes);
    let foreign = site.is_some_and(|site| site != b"same-origin" && site != b"none");
    if foreign || (site.is_none() && head.headers.contains_key(http::header::ORIGIN)) {
        let detail = "requests that a page of another site makes are not taken";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    Ok(())
}

fn index() -> Reply {
    const PATHS: [&str; 13] = [
        "GET /livez",
        "GET /readyz",
        "GET /metrics",
        "GET /-/healthy",
        "GET /-/ready",
        "GET /-/status",
        "POST /-/reload",
        "POST /-/decide",
        "POST /-/explain",
        "POST /-/facts",
        "POST /-/facts/get",
        "POST /-/facts/withdraw",
        "GET /-/facts/export",
    ];
    reply::json(StatusCode::OK, &serde_json::json!({ "paths": PATHS }))
}

fn metrics(operators: &Operators) -> Result<Reply, Problem> {
    let text = operators.plane.metrics.render();
    Ok(reply::with_type(StatusCode::OK, METRICS_CONTENT_TYPE, text.into_bytes()))
}

fn alive() -> Reply {
    reply::json(StatusCode::OK, &serde_json::json!({ "status": "alive" }))
}

fn ready(operators: &Operators) -> Result<Reply, Problem> {
    let why_not = match operators.plane.readiness.state() {
        State::Serving => {
            if let Some(why_not) = facts::not_ready(operators) {
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
        rules: &'s Status,
        audit: AuditHealth,
        #[serde(skip_serializing_if = "Option::is_none")]
        facts: Option<Health>,
    }
    let page = Page {
        version: env!("CARGO_PKG_VERSION"),
        state: operators.plane.readiness.state(),
        rules: &operators.plane.reloads.status(),
        audit: operators.plane.audit.health(),
        facts: operators.plane.facts.as_ref().map(|facts| facts.store.health()),
    };
    reply::json(StatusCode::OK, &page)
}

async fn reload(operators: &Operators) -> Result<Reply, Problem> {
    match operators.plane.reloads.reload(Trigger::Operator).await {
        Ok(reloaded) => Ok(reply::json(StatusCode::OK, &reloaded)),
        Err(Refused::Rules(diagnostics)) => {
            let status = operators.plane.reloads.status();
            let errors = match diagnostics.error_count() {
                1 => "1 error".to_owned(),
                count => format!("{count} errors"),
            };
            let generation = status.generation;
            let detail =
                format!("the rules have {errors}; generation {generation} goes on serving");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rules refused", detail)
                .with_diagnostics(diagnostics))
        }
        Err(refused @ (Refused::Busy | Refused::Stopped)) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not reloaded", refused.to_string()))
        }
    }
}

/// A context with its payload, and what is said of it.
async fn ask(
    operators: Arc<Operators>,
    head: &Parts,
    body: Incoming,
    answer: fn(&Operators, &Case) -> Reply,
) -> Result<Reply, Problem> {
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
    let bytes = read(&operators, body).await?;
    // The judgement may take as long as an inspection may; health must answer meanwhile.
    let judged = tokio::task::spawn_blocking(move || Ok(answer(&operators, &parse(&bytes)?))).await;
    judged.unwrap_or_else(|error| {
        tracing::error!(%error, "a decision for an operator ended badly");
        let detail = "the decision could not be made; the log says more";
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error", detail))
    })
}

pub(super) async fn read(operators: &Operators, body: Incoming) -> Result<Vec<u8>, Problem> {
    let bytes_max = operators.settings.body_bytes_max;
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

fn parse(bytes: &[u8]) -> Result<Case, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad request", detail);
    let text = std::str::from_utf8(bytes).map_err(|_| bad("the body is not UTF-8".to_owned()))?;
    let mut case = Case::parse(text).map_err(|error| bad(error.to_string()))?;
    case.transfer.as_of.get_or_insert_with(|| Timestamp(jiff::Timestamp::now()));
    Ok(case)
}

fn decide(operators: &Operators, case: &Case) -> Reply {
    let snapshot = operators.plane.reloads.snapshots().load_full();
    let verdict = case.judge(&snapshot.engine, &operators.settings.limits, &mut Scratch::default());
    let answer = Answer::new(&snapshot.engine, case.id.as_ref(), &case.body, &verdict);
    reply::json(StatusCode::OK, &answer)
}

/// How long what would make a transfer lawful is looked for.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(5);

fn explain(operators: &Operators, case: &Case) -> Reply {
    let snapshot = operators.plane.reloads.snapshots().load_full();
    let start = Instant::now();
    let go_on = || start.elapsed() < SEARCH_TIME_MAX;
    let limits = &operators.settings.limits;
    let explanation = case.explain(&snapshot.engine, limits, &mut Scratch::default(), &go_on);
    reply::json(StatusCode::OK, &explanation)
}
