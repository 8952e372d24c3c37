//! Bordergate, a cross-border data transfer policy gateway.
pub mod config;
pub mod domain;
pub mod engine;
pub mod format;
pub mod policy;
pub mod redact;
pub mod snapshot;
pub mod source;
