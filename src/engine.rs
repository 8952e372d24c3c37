//! Composes the rooms into one judgement: decode, detect, decide, redact.
//!
//! Synchronous and total: no I/O, clock, randomness, logging or metrics, and the same inputs give the
//! same [`Verdict`]. The proxy, `scan`, `decide`, the admin plane, the benches and the fuzz targets all
//! call [`Engine::inspect`].

mod message;

pub use message::{Message, Redacted, Verdict};
