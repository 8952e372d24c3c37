//! How much and how long: the sections `limits`, `deadlines` and `drain`.

use super::{ByteSize, Time};
use crate::domain;

/// Bounds of what one exchange, and all of them together, may take. What is beyond a bound is refused
/// or reported as not read, never ignored.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSection {
    /// Request line and headers together; beyond it the answer is 431.
    pub head_bytes_max: ByteSize,
    /// Headers of one request, 4096 at most; beyond it the answer is 431.
    pub headers_max: usize,
    /// A body is held whole up to here; beyond it the answer is 413.
    pub body_bytes_max: ByteSize,
    /// Bodies held at one moment with what they are read into (twice `head_bytes_max` at most), all
    /// exchanges together; long heads that are not whole yet take up to a quarter of it. Beyond it the
    /// answer is 503.
    pub held_bytes_max: ByteSize,
    /// A decoded layer (gzip and the like).
    pub decoded_bytes_max: ByteSize,
    /// How many times as long as its source a decoded layer may be.
    pub decoded_ratio_max: usize,
    /// Objects and arrays inside each other.
    pub depth_max: usize,
    /// Values in one message.
    pub fields_max: usize,
    /// Layers decoded out of layers, along one chain.
    pub layers_max: usize,
    /// Findings recorded in one message.
    pub findings_max: usize,
    /// Documents inside the values of one message, such as JSON in a string and the query of an address.
    pub documents_max: usize,
    /// Downstream connections at one moment; further ones wait to be accepted.
    pub connections_max: usize,
    /// Exchanges at one moment; beyond it the answer is 503 with `Retry-After`. One address has at most as
    /// many as are left to others, but for `trusted_hops` and this machine's own.
    pub exchanges_max: usize,
    /// Streams of one HTTP/2 connection at one moment.
    pub streams_max: u32,
    /// Idle upstream connections each worker keeps per endpoint.
    pub idle_connections_max: usize,
}

impl LimitsSection {
    /// How many times as long as its longest piece what a body is read into is; a piece may be as long as a head.
    pub(crate) const READ_INTO: usize = 2;
}

impl Default for LimitsSection {
    fn default() -> Self {
        let inspection = domain::Limits::default();
        Self {
            head_bytes_max: ByteSize(inspection.head_bytes_max),
            headers_max: 100,
            body_bytes_max: ByteSize(inspection.body_bytes_max),
            held_bytes_max: ByteSize(256 << 20),
            decoded_bytes_max: ByteSize(inspection.decoded_bytes_max),
            decoded_ratio_max: inspection.decoded_ratio_max,
            depth_max: inspection.depth_max,
            fields_max: inspection.fields_max,
            layers_max: inspection.layers_max,
            findings_max: inspection.findings_max,
            documents_max: inspection.documents_max,
            connections_max: 16_384,
            exchanges_max: 8_192,
            streams_max: 128,
            idle_connections_max: 64,
        }
    }
}

/// How long each step may take.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct DeadlinesSection {
    /// For as long what is ready to go on may wait for its turn on a worker. While it waits longer, some
    /// of the new requests are answered 503 with `Retry-After`.
    pub queue: Time,
    /// TLS handshake with whoever called.
    pub handshake: Time,
    /// From the connection, or the answer before, to the end of the request's headers. An idle
    /// keep-alive connection is closed after it.
    pub head: Time,
    /// From the head to the end of the request's body.
    pub body: Time,
    /// One inspection.
    pub inspection: Time,
    /// Name look-up, connection and TLS handshake with the data centre.
    pub connect: Time,
    /// From the request sent to the head of the data centre's answer.
    pub first_byte: Time,
    /// Between two pieces of the data centre's answer; and for as long a caller may take nothing of it.
    pub idle: Time,
    /// From the request's head to the head of our answer.
    pub total: Time,
}

impl Default for DeadlinesSection {
    fn default() -> Self {
        let seconds = |seconds| Time(std::time::Duration::from_secs(seconds));
        Self {
            queue: seconds(1),
            handshake: seconds(10),
            head: seconds(30),
            body: seconds(30),
            inspection: seconds(2),
            connect: seconds(5),
            first_byte: seconds(60),
            idle: seconds(60),
            total: seconds(120),
        }
    }
}

/// What happens at SIGTERM and SIGINT.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct DrainSection {
    /// Exchanges in flight may finish within this time.
    pub timeout: Time,
}

impl Default for DrainSection {
    fn default() -> Self {
        Self { timeout: Time(std::time::Duration::from_secs(30)) }
    }
}
