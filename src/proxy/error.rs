//! Why an exchange ended without the data centre's answer.

use std::{io, net::IpAddr};

use super::http1::ClientError;
use crate::{
    domain::{GapCause, Region},
    telemetry::Side,
};

/// What there is not enough of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scarce {
    /// Places for exchanges.
    Exchanges,
    /// Memory for bodies.
    Memory,
    /// Time: whatever is ready to go on waits too long for its turn.
    Time,
}

/// What stands in the way of a transfer that is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockedBy {
    Law,
    Policy,
    /// The rules themselves: nobody trusts them any more.
    Untrusted,
    /// It could not be read, and may not leave so.
    NotInspectable(GapCause),
}

/// How an answer that had begun ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BrokenOff {
    /// The data centre's connection broke off.
    Broken,
    /// Nothing came of it for too long.
    Idle,
    /// Whoever called takes no more of it.
    Abandoned,
}

impl BrokenOff {
    pub(super) fn side(self) -> Side {
        match self {
            Self::Broken | Self::Idle => Side::Upstream,
            Self::Abandoned => Side::Downstream,
        }
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Broken => "answer-broken",
            Self::Idle => "answer-idle",
            Self::Abandoned => "answer-abandoned",
        }
    }
}

/// What fails on the side of data centres, counted from the start.
pub(super) const UPSTREAM_KINDS: [&str; 11] = [
    "misplaced",
    "upstream-busy",
    "unresolved",
    "unreachable",
    "connect-slow",
    "handshake",
    "upstream-broken",
    "upstream-slow",
    "upstream-malformed",
    "answer-broken",
    "answer-idle",
];

/// What there is not enough of, counted from the start.
pub(super) const OVERLOADED_KINDS: [&str; 3] =
    ["overloaded", "overloaded-memory", "overloaded-delay"];

/// One variant per way to fail. What it means to the caller is [`reply`](super::reply)'s affair; what is
/// written here is for the log, and holds no payload value.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error("the request head is malformed: {0}")]
    HeadMalformed(&'static str),
    #[error("the request head is larger than is read")]
    HeadTooLarge,
    #[error("the request head did not arrive in time")]
    HeadSlow,
    #[error("the path may be read differently upstream")]
    PathAmbiguous,
    #[error("a tunnel or upgrade was asked for")]
    Tunnel,
    #[error("no route takes this host and path")]
    NoRoute,
    #[error("no route takes this method here")]
    MethodNotAllowed { allow: String },
    #[error("no route names this method, and nobody registered it")]
    MethodUnknown,
    #[error("the request may not be passed on any more")]
    MaxForwards,
    #[error("no route from here takes this caller")]
    CallerNotAdmitted,
    #[error("the workload sends more requests than it may")]
    TooManyRequests { retry_after: u64 },
    #[error("the workload has as many exchanges in flight as it may")]
    WorkloadBusy,
    #[error("`Bordergate-Transfer` is malformed: {0}")]
    ContextMalformed(String),
    #[error(
        "`Bordergate-Transfer` says the data goes to {stated}, and the route leads to {actual}"
    )]
    DestinationConflict { stated: Region, actual: Region },
    #[error("the body is longer than is held")]
    BodyTooLarge,
    #[error("the body did not arrive in time")]
    BodySlow,
    #[error("the body broke off")]
    BodyBroken,
    #[error("the body is followed by trailers")]
    Trailers,
    #[error("too much is in flight: {0:?}")]
    Overloaded(Scarce),
    #[error("the transfer was blocked by rule")]
    Blocked(BlockedBy),
    #[error(
        "`{data_centre}` is declared to be in {declared}, and its address {address} is in {found}"
    )]
    Misplaced { data_centre: String, declared: Region, found: Region, address: IpAddr },
    #[error("a count moved on with each decision")]
    Overtaken,
    #[error("the inspection took too long")]
    InspectionSlow,
    #[error("the inspection broke off")]
    InspectionBroken,
    #[error("no audit record could be made: {0}")]
    Unrecorded(String),
    #[error("`{data_centre}` has as many exchanges in flight as it may")]
    UpstreamBusy { data_centre: String },
    #[error("the name of `{endpoint}` could not be resolved: {error}")]
    Unresolved { endpoint: String, error: io::Error },
    #[error("`{endpoint}` could not be reached: {error}")]
    Unreachable { endpoint: String, error: io::Error },
    #[error("`{endpoint}` could not be reached in time")]
    ConnectSlow { endpoint: String },
    #[error("the handshake with `{endpoint}` failed: {error}")]
    Handshake { endpoint: String, error: String },
    #[error("`{endpoint}` broke off: {error}")]
    UpstreamBroken { endpoint: String, error: ClientError },
    #[error("`{endpoint}` did not answer in time")]
    UpstreamSlow { endpoint: String },
    #[error("`{endpoint}` answered with what is not an answer: {what}")]
    UpstreamMalformed { endpoint: String, what: &'static str },
}

impl ProxyError {
    /// Whose alert rings.
    pub fn side(&self) -> Side {
        match self {
            Self::HeadMalformed(_)
            | Self::HeadTooLarge
            | Self::HeadSlow
            | Self::PathAmbiguous
            | Self::Tunnel
            | Self::NoRoute
            | Self::MethodNotAllowed { .. }
            | Self::MethodUnknown
            | Self::MaxForwards
            | Self::CallerNotAdmitted
            | Self::TooManyRequests { .. }
            | Self::WorkloadBusy
            | Self::ContextMalformed(_)
            | Self::DestinationConflict { .. }
            | Self::BodyTooLarge
            | Self::BodySlow
            | Self::BodyBroken
            | Self::Trailers
            | Self::Blocked(_) => Side::Downstream,
            Self::Overloaded(_)
            | Self::Overtaken
            | Self::InspectionSlow
            | Self::InspectionBroken
            | Self::Unrecorded(_) => Side::Internal,
            Self::Misplaced { .. }
            | Self::UpstreamBusy { .. }
            | Self::Unresolved { .. }
            | Self::Unreachable { .. }
            | Self::ConnectSlow { .. }
            | Self::Handshake { .. }
            | Self::UpstreamBroken { .. }
            | Self::UpstreamSlow { .. }
            | Self::UpstreamMalformed { .. } => Side::Upstream,
        }
    }

    /// One word for metrics, records and the problem's type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::HeadMalformed(_) => "head-malformed",
            Self::HeadTooLarge => "head-too-large",
            Self::HeadSlow => "head-slow",
            Self::PathAmbiguous => "path-ambiguous",
            Self::Tunnel => "tunnel",
            Self::NoRoute => "no-route",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::MethodUnknown => "method-unknown",
            Self::MaxForwards => "max-forwards",
            Self::CallerNotAdmitted => "caller-not-admitted",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::WorkloadBusy => "workload-busy",
            Self::ContextMalformed(_) => "context-malformed",
            Self::DestinationConflict { .. } => "destination-conflict",
            Self::BodyTooLarge => "body-too-large",
            Self::BodySlow => "body-slow",
            Self::BodyBroken => "body-broken",
            Self::Trailers => "trailers",
            Self::Overloaded(Scarce::Exchanges) => "overloaded",
            Self::Overloaded(Scarce::Memory) => "overloaded-memory",
            Self::Overloaded(Scarce::Time) => "overloaded-delay",
            Self::Overtaken => "overtaken",
            Self::Blocked(BlockedBy::NotInspectable(_)) => "not-inspectable",
            Self::Blocked(BlockedBy::Law) => "blocked-by-law",
            Self::Blocked(BlockedBy::Policy) => "blocked-by-policy",
            Self::Blocked(BlockedBy::Untrusted) => "rules-untrusted",
            Self::Misplaced { .. } => "misplaced",
            Self::InspectionSlow => "inspection-slow",
            Self::InspectionBroken => "inspection-broken",
            Self::Unrecorded(_) => "unrecorded",
            Self::UpstreamBusy { .. } => "upstream-busy",
            Self::Unresolved { .. } => "unresolved",
            Self::Unreachable { .. } => "unreachable",
            Self::ConnectSlow { .. } => "connect-slow",
            Self::Handshake { .. } => "handshake",
            Self::UpstreamBroken { .. } => "upstream-broken",
            Self::UpstreamSlow { .. } => "upstream-slow",
            Self::UpstreamMalformed { .. } => "upstream-malformed",
        }
    }

    /// True when it is certain that no byte of the request has left.
    pub fn is_before_sending(&self) -> bool {
        matches!(
            self,
            Self::NoRoute
                | Self::Misplaced { .. }
                | Self::UpstreamBusy { .. }
                | Self::Unresolved { .. }
                | Self::Unreachable { .. }
                | Self::ConnectSlow { .. }
                | Self::Handshake { .. }
        )
    }

    /// True for the answer of a rule, which is no failure of anything.
    pub fn is_decision(&self) -> bool {
        matches!(self, Self::Blocked(_))
    }
}
