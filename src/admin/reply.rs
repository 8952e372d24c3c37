//! Responses: JSON, and Problem Details (RFC 9457) for what went wrong.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use serde::Serialize;

use crate::source::Diagnostics;

pub(super) type Reply = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// A body that is written while it is sent. An error breaks the connection off, so that half an answer is
/// not taken for a whole one.
struct Written(tokio::sync::mpsc::Receiver<io::Result<Bytes>>);

impl http_body::Body for Written {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|part| part.map(|part| part.map(Frame::data)))
    }
}

/// A problem of the request or of what it asked for.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Problem {
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    title: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Diagnostics::is_empty")]
    diagnostics: Diagnostics,
    #[serde(skip)]
    allow: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { status, title, detail, diagnostics: Diagnostics::default(), allow: None }
    }

    pub(super) fn method_not_allowed(method: &Method, allowed: &[&str]) -> Self {
        let allow = allowed.join(", ");
        let detail = format!("`{method}` does not work here; use {}", allowed.join(" or "));
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", detail)
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    #[must_use]
    pub(super) fn with_diagnostics(self, diagnostics: Diagnostics) -> Self {
        Self { diagnostics, ..self }
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let mut reply = with_type(problem.status, "application/problem+json", to_json(&problem));
        if let Some(allow) = problem.allow.and_then(|allow| HeaderValue::try_from(allow).ok()) {
            reply.headers_mut().insert(header::ALLOW, allow);
        }
        if problem.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            reply.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if problem.status == StatusCode::SERVICE_UNAVAILABLE {
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        reply
    }
}

pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    with_type(status, "application/json", to_json(value))
}

pub(super) fn with_type(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Reply {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    with_body(status, media_type, body.boxed_unsync())
}

/// An answer that goes out part by part as it is made.
pub(super) fn written(
    media_type: &'static str,
    parts: tokio::sync::mpsc::Receiver<io::Result<Bytes>>,
) -> Reply {
    with_body(StatusCode::OK, media_type, Written(parts).boxed_unsync())
}

fn with_body(
    status: StatusCode,
    media_type: &'static str,
    body: UnsyncBoxBody<Bytes, io::Error>,
) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec(value).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot write a reply as JSON");
        b"null".to_vec()
    });
    text.push(b'\n');
    text
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
