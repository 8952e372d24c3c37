//! Bordergate, a cross-border data transfer policy gateway.
//!
//! The rooms in reading order; `ARCHITECTURE.md` is the map, and `tests/layering.rs` holds the walls.

// Words for humans and scripts: `serve`, `decide`, `explain`, `rules`, `audit` and the rest.
pub mod cli;

// The composition root: build, bind, spawn, drain.
pub mod app;

// The data plane: one exchange from socket to record.
pub mod proxy;

// The pure core: decode, detect, decide, redact.
pub mod engine;

// Bytes to addressable fields.
pub mod format;

// Fields to findings of personal data.
pub mod detect;

// Findings and a transfer to a decision.
pub mod policy;

// A decision to edits, and edits to bytes.
pub mod redact;

// A request head to its route.
pub mod route;

// An address to its country.
pub mod geo;

// The nouns that all rooms share.
pub mod domain;

// YAML files with their places, and what is wrong with them.
pub mod source;

// Ed25519 for seals of the audit and bundles of rules.
pub mod signing;

// Free pages given back to the system.
mod memory;

// Calls to other servers for our own ends; nothing of a transfer goes this way.
pub mod client;

// The compiled world, swapped whole.
pub mod snapshot;

// Consents, mechanisms and counts on file.
pub mod facts;

// The configuration file: routes, and what needs a restart.
pub mod config;

// The control plane: load, compile, swap.
pub mod control;

// What would happen: a case in, the decision out.
pub mod inquiry;

// The operators' side: health, metrics, status, reload, decide, explain.
pub mod admin;

// Metrics, logs and traces.
pub mod telemetry;

// The record of an exchange, the chain of its lines, and what somebody did to them since.
pub mod audit;
