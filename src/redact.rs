//! Plans and applies edits.
//!
//! A redaction is a splice: the bytes of a finding give way to others, and everything else goes through
//! byte for byte. A [`Plan`] holds the edits of every layer of one message, sorted and without overlap;
//! [`Plan::apply`] works from the innermost layer outwards, encoding each changed layer anew into the
//! span of its parent.

mod encode;
mod plan;
mod replace;

pub use encode::{EncodeError, encode};
pub use plan::{Plan, Target};
pub use replace::PseudonymKey;
