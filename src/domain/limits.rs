//! A named bound for everything that grows with hostile input.

/// Bounds of one exchange. Exceeding one is a [`Gap`](super::Gap) in the coverage (or 413 / 431 at the
/// listener), never silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Request line and headers together, bytes.
    pub head_bytes_max: usize,
    /// A body is held whole up to here, bytes as received.
    pub body_bytes_max: usize,
    /// A decoded layer (gzip and the like) is at most this long, bytes.
    pub decoded_bytes_max: usize,
    /// A decoded layer is at most this many times as long as what it was decoded from.
    pub decoded_ratio_max: usize,
    /// Objects and arrays inside each other.
    pub depth_max: usize,
    /// Values in one message.
    pub fields_max: usize,
    /// Layers decoded out of layers, counted along one chain.
    pub layers_max: usize,
    /// Findings recorded in one message; more than this and the coverage is partial.
    pub findings_max: usize,
    /// Documents inside the values of one message, which wait to be read until the layer around them is; more than
    /// this and the coverage is partial.
    pub documents_max: usize,
    /// A redacted body goes out in the content coding it came in, rather than in none.
    pub keeps_content_coding: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: 64 << 10,
            body_bytes_max: 8 << 20,
            decoded_bytes_max: 32 << 20,
            decoded_ratio_max: 200,
            depth_max: 128,
            fields_max: 1_000_000,
            layers_max: 6,
            findings_max: 100_000,
            documents_max: 100_000,
            keeps_content_coding: true,
        }
    }
}
