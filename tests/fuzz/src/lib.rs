//! The pure rooms of the gateway, which need no socket and no runtime, and what is fuzzed in them.
//!
//! They are compiled here anew, instrumented and without the rest. Each file in `targets/` beside this folder
//! hands libFuzzer's inputs to one function of [`targets`].

// The targets name the rooms as the gateway's own tests do, which read the same files.
extern crate self as bordergate;

#[path = "../../../src"]
mod rooms {
    pub mod detect;
    pub mod domain;
    pub mod engine;
    pub mod format;
    pub mod policy;
    pub mod redact;
    pub mod source;
}

pub use rooms::{detect, domain, engine, format, policy, redact, source};

pub mod targets;

/// The target of that name.
pub fn run(name: &str, bytes: &[u8]) {
    if let Some((_, target)) = targets::ALL.iter().find(|(known, _)| *known == name) {
        target(bytes);
    }
}
