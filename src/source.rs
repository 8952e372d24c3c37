//! YAML files read with their places.
//!
//! Every file an operator writes (configuration and rules) comes through here: text becomes a tree
//! whose nodes remember line and column, serde reads the tree into the room's own source types, and
//! whatever is wrong becomes a [`Diagnostic`] with file, line and a remedy. Reading goes on after a
//! complaint, so that one pass reports every problem. Nothing here knows what a rule is. Files of any kind that
//! are read again when they change are [`Latest`], known by their [`Stamp`].

mod at;
mod complaint;
mod de;
mod diagnostic;
mod latest;
mod pace;
mod reader;
mod stamp;
mod tree;

pub use at::At;
pub(crate) use complaint::{near, suggest};
pub(crate) use de::read_node;
pub use de::{read, read_on, read_secret};
pub(crate) use diagnostic::PEM;
pub use diagnostic::{Diagnostic, Diagnostics, Place, Severity};
pub(crate) use latest::Latest;
pub(crate) use pace::{give_way, work_in_stretches};
pub use stamp::Stamp;
pub use tree::{Node, NodeValue, parse};

/// One file, by the name operators know it under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the directory it came from, with `/`: `law/eu.yaml`.
    pub name: String,
    pub text: String,
}
