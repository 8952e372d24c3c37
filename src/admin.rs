//! The operators' side: health, metrics, status, reload, and "what would happen".
//!
//! A small HTTP server on a thread and runtime of its own, so that a busy data plane cannot starve it
//! and a curious operator cannot slow an exchange. It answers in JSON (the metrics aside), errors as
//! Problem Details (RFC 9457). It knows nothing of the proxy: whoever starts both tells it through
//! [`Readiness`] whether requests are taken. [`Access`] says who may do what: without a file of operators
//! this machine alone, with one whoever has a token.

mod access;
mod console;
mod endpoints;
mod facts;
mod live;
mod openapi;
mod ready;
mod reply;
mod routes;
mod seats;
mod server;
mod service;
mod tls;
mod token;

pub use access::{Access, Role};
pub use facts::FactsDesk;
pub use ready::{Readiness, State};
pub use server::{
    AdminContext, AdminError, AdminServer, AdminSettings, DataCentreMap, Destinations,
    ShownDataCentre,
};
pub use tls::{AdminIdentity, TlsError};
pub use token::Token;
