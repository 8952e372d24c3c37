//! Bordergate, a cross-border data transfer policy gateway.
pub mod admin;
pub mod app;
pub mod cli;
pub mod config;
pub mod control;
pub mod detect;
pub mod domain;
pub mod engine;
pub mod format;
pub mod geo;
pub mod policy;
pub mod proxy;
pub mod redact;
pub mod route;
pub mod snapshot;
pub mod source;
pub mod telemetry;
