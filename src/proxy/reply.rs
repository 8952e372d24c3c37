//! Error to response; the only place with status codes.
//!
//! Every answer of our own is a Problem Details document (RFC 9457). It tells the caller which rules
//! stood in the way and where the fields are that they stood against, never what is in them.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::{
    ProxyError,
    body::ReplyBody,
    error::{BlockedBy, Scarce},
};
use crate::{
    domain::{Gap, GapCause},
    telemetry::TraceId,
};

/// What an answer may tell beside the error itself.
#[derive(Debug, Default)]
pub(super) struct Particulars {
    /// Ids of the rules that blocked.
    pub(super) rules: Vec<String>,
    /// Where personal data was found, and of which category.
    pub(super) fields: Vec<FieldNote>,
    /// The sentence of the rule that decided; free of values.
    pub(super) reason: Option<String>,
    /// What could not be read, and why.
    pub(super) gap: Option<Gap>,
    /// Who blocks, for RFC 7725.
    pub(super) blocked_by: String,
    /// Bytes of a body that are held at most.
    pub(super) limit: Option<usize>,
    /// `Bordergate-Transfer` was there, and was not believed.
    pub(super) context_ignored: bool,
    /// Whose facts were added to those of the request.
    pub(super) route: Option<String>,
}

/// One field by its locator.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldNote {
    pub(super) pointer: String,
    pub(super) category: String,
    /// Ids of the rules that blocked, and are about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) by: Vec<String>,
}

/// Fields one answer names; the record counts all of them.
pub(super) const FIELDS_MAX: usize = 64;

#[derive(Serialize)]
struct Problem<'p> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'p str,
    instance: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    rules: &'p [String],
    #[serde(skip_serializing_if = "<[FieldNote]>::is_empty")]
    fields: &'p [FieldNote],
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<Gap>,
    /// Bytes of a body that are held at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    /// What became of `Bordergate-Transfer`, where it was not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'static str>,
    /// Where the whole answer is to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// The caller has the context and the payload; we keep neither.
fn help(route: Option<&str>) -> String {
    let route = route.map(|id| format!(", with `\"route\": \"{id}\"`")).unwrap_or_default();
    format!(
        "the same context and payload{route}, posted to /-/explain on the admin address or given to \
         `bordergate explain`, tell every rule and what would make the transfer lawful"
    )
}

const DISBELIEVED: &str =
    "`Bordergate-Transfer` was not believed: whoever sent it is no trusted hop of this gateway";

/// Seconds after which a caller may try again when we are overloaded.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

pub(super) fn of(
    error: &ProxyError,
    trace: TraceId,
    particulars: &Particulars,
) -> Response<ReplyBody> {
    let (status, title, detail) = words(error);
    let context = if let ProxyError::ContextMalformed(what) = error {
        Some(format!("`Bordergate-Transfer`: {what}."))
    } else {
        None
    };
    let detail = context.as_deref().unwrap_or(detail);
    let problem = Problem {
        kind: format!("urn:bordergate:problem:{}", error.kind()),
        title,
        status: status.as_u16(),
        detail: particulars.reason.as_deref().filter(|reason| !reason.is_empty()).unwrap_or(detail),
        instance: format!("urn:bordergate:trace:{trace}"),
        rules: &particulars.rules,
        fields: &particulars.fields,
        gap: particulars
            .gap
            .filter(|_| matches!(error, ProxyError::Blocked(BlockedBy::NotInspectable(_)))),
        limit: particulars.limit.filter(|_| matches!(error, ProxyError::BodyTooLarge)),
        context: particulars.context_ignored.then_some(DISBELIEVED),
        help: is_lawfully_asked(error).then(|| help(particulars.route.as_deref())),
    };
    // A document of strings and numbers always serialises.
    let document = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = Response::new(ReplyBody::held(Bytes::from(document)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS {
        let mut link = String::new();
        // Writing to a string cannot fail.
        let _ = write!(link, "<{}>; rel=\"blocked-by\"", particulars.blocked_by);
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.insert(header::LINK, link);
        }
    }
    if let ProxyError::MethodNotAllowed { allow } = error
        && let Ok(allow) = HeaderValue::from_str(allow)
    {
        headers.insert(header::ALLOW, allow);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    if let ProxyError::TooManyRequests { retry_after } = error {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
    }
    // Bytes of a body that is not going to be read must not be taken for the next request.
    if matches!(
        error,
        ProxyError::BodyTooLarge
            | ProxyError::BodySlow
            | ProxyError::BodyBroken
            | ProxyError::HeadMalformed(_)
            | ProxyError::Tunnel
            | ProxyError::MethodUnknown
            | ProxyError::Overloaded(Scarce::Memory)
    ) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether there is something that would make it lawful.
fn is_lawfully_asked(error: &ProxyError) -> bool {
    error.is_decision() && !matches!(error, ProxyError::Blocked(BlockedBy::Untrusted))
}

/// Status, title and what the caller is told unless a rule has its own sentence.
fn words(error: &ProxyError) -> (StatusCode, &'static str, &'static str) {
    match error {
        ProxyError::HeadMalformed(what) => (StatusCode::BAD_REQUEST, "Malformed request", what),
        ProxyError::HeadTooLarge => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Head too large",
            "The request line and the headers are longer, or the headers more, than are read here.",
        ),
        ProxyError::HeadSlow => (
            StatusCode::REQUEST_TIMEOUT,
            "Head too slow",
            "The head of the request did not arrive in time.",
        ),
        ProxyError::PathAmbiguous => (
            StatusCode::BAD_REQUEST,
            "Ambiguous path",
            "The path could be read as another one, so that its route is not certain.",
        ),
        ProxyError::Tunnel => (
            StatusCode::NOT_IMPLEMENTED,
            "No tunnels",
            "CONNECT and protocol upgrades are refused: nobody could look into what follows.",
        ),
        ProxyError::MethodUnknown => (
            StatusCode::NOT_IMPLEMENTED,
            "Unknown method",
            "The method is not a registered one (RFC 9110), and no route of this host and path names it.",
        ),
        ProxyError::MaxForwards => (
            StatusCode::NOT_IMPLEMENTED,
            "Not passed on",
            "`Max-Forwards` ends here (RFC 9110, 7.6.2), and the gateway answers nothing itself.",
        ),
        ProxyError::NoRoute => (
            StatusCode::NOT_FOUND,
            "No route",
            "No route leads from this host and path to a data centre.",
        ),
        ProxyError::MethodNotAllowed { .. } => (
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "No route of this host and path takes this method.",
        ),
        ProxyError::CallerNotAdmitted => (
            StatusCode::FORBIDDEN,
            "Caller not admitted",
            "The routes of this host and path are for other workloads.",
        ),
        ProxyError::TooManyRequests { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests",
            "This workload sends more requests than it may; nothing was sent.",
        ),
        ProxyError::WorkloadBusy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many exchanges",
            "This workload has as many exchanges in flight as it may; nothing was sent.",
        ),
        ProxyError::ContextMalformed(_) => (
            StatusCode::BAD_REQUEST,
            "Malformed transfer context",
            "`Bordergate-Transfer` is not a dictionary of known members (RFC 9651).",
        ),
        ProxyError::DestinationConflict { .. } => (
            StatusCode::BAD_REQUEST,
            "Contradicting destination",
            "The destination in `Bordergate-Transfer` is not where the route leads.",
        ),
        ProxyError::BodyTooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "Body too large",
            "The body is longer than is held for inspection.",
        ),
        ProxyError::BodySlow => {
            (StatusCode::REQUEST_TIMEOUT, "Body too slow", "The body did not arrive in time.")
        }
        ProxyError::BodyBroken => {
            (StatusCode::BAD_REQUEST, "Broken body", "The body ended before it was complete.")
        }
        ProxyError::Trailers => (
            StatusCode::NOT_IMPLEMENTED,
            "No trailers",
            "Trailers of a request are refused: nobody looks into them. Send these fields as headers.",
        ),
        ProxyError::Overloaded(Scarce::Exchanges) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Overloaded",
            "Too many exchanges are in flight; nothing was sent.",
        ),
        ProxyError::Overloaded(Scarce::Memory) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Overloaded",
            "Too many bytes of bodies are in flight; nothing was sent.",
        ),
        ProxyError::Overloaded(Scarce::Time) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Overloaded",
            "Exchanges in flight wait too long for their turn; nothing was sent.",
        ),
        ProxyError::Overtaken => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Overtaken",
            "A count reached its next threshold with each decision; nothing was sent. Try again.",
        ),
        ProxyError::Blocked(BlockedBy::NotInspectable(cause)) => uninspected(*cause),
        ProxyError::Blocked(BlockedBy::Law) => (
            StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS,
            "Blocked by law",
            "The law does not let this data cross; nothing was sent.",
        ),
        ProxyError::Blocked(BlockedBy::Policy) => (
            StatusCode::FORBIDDEN,
            "Blocked by policy",
            "The policy does not let this data cross; nothing was sent.",
        ),
        ProxyError::Blocked(BlockedBy::Untrusted) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Rules not trusted",
            "The rules of this gateway are not trusted any more; nothing was sent. Try again when they are.",
        ),
        ProxyError::Misplaced { .. } => (
            StatusCode::FORBIDDEN,
            "Data centre misplaced",
            "The data centre's address is not in the jurisdiction it is declared to be in; nothing was sent.",
        ),
        ProxyError::InspectionSlow => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Inspection too slow",
            "The inspection did not end in time; nothing was sent.",
        ),
        ProxyError::InspectionBroken => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Inspection failed",
            "The inspection did not end; nothing was sent.",
        ),
        ProxyError::Unrecorded(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "No record, no transfer",
            "The audit record could not be made; nothing was sent.",
        ),
        ProxyError::UpstreamBusy { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Data centre busy",
            "The data centre has as many exchanges in flight as it may; nothing was sent.",
        ),
        ProxyError::Unresolved { .. }
        | ProxyError::Unreachable { .. }
        | ProxyError::Handshake { .. } => (
            StatusCode::BAD_GATEWAY,
            "Data centre unreachable",
            "No connection to the data centre could be made; nothing was sent.",
        ),
        ProxyError::UpstreamBroken { .. } | ProxyError::UpstreamMalformed { .. } => (
            StatusCode::BAD_GATEWAY,
            "No answer",
            "The data centre did not give a complete answer.",
        ),
        ProxyError::ConnectSlow { .. } => (
            StatusCode::GATEWAY_TIMEOUT,
            "Data centre too slow",
            "No connection to the data centre could be made in time; nothing was sent.",
        ),
        ProxyError::UpstreamSlow { .. } => (
            StatusCode::GATEWAY_TIMEOUT,
            "Data centre too slow",
            "The data centre did not answer in time.",
        ),
    }
}

/// What is wrong with a payload that could not be read to its end.
fn uninspected(cause: GapCause) -> (StatusCode, &'static str, &'static str) {
    const TITLE: &str = "Not inspectable";
    let (status, detail) = match cause {
        GapCause::UnknownMediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Nothing here reads this media type; nothing was sent.",
        ),
        GapCause::UnknownContentEncoding => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Nothing here reads this content encoding; nothing was sent.",
        ),
        GapCause::MediaTypeMismatch => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The payload is not of the media type it claims; nothing was sent.",
        ),
        GapCause::NotHeld => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The payload is not one that can be held and read; nothing was sent.",
        ),
        GapCause::Malformed => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The payload is not well-formed; nothing was sent.")
        }
        GapCause::CorruptEncoding => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "A compressed part of the payload is damaged; nothing was sent.",
        ),
        GapCause::InvalidUtf8 => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The payload is not valid UTF-8; nothing was sent.")
        }
        GapCause::TooDeep => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The payload nests too deep to be read; nothing was sent.",
        ),
        GapCause::TooManyLayers => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "Too many encodings are wrapped in each other; nothing was sent.",
        ),
        GapCause::TooManyFields | GapCause::TooManyFindings => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "The payload holds more fields than are read; nothing was sent.",
        ),
        GapCause::BodyTooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body is longer than is held for inspection; nothing was sent.",
        ),
        GapCause::DecodedTooLarge | GapCause::DecodedRatio => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "The payload is too large once it is decoded; nothing was sent.",
        ),
        GapCause::TooSlow => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The inspection did not end in time; nothing was sent.",
        ),
    };
    (status, TITLE, detail)
}

#[cfg(test)]
mod tests;
