//! What is fuzzed of the gateway: each file in `targets/` beside this folder hands libFuzzer's inputs to one
//! function of [`targets`], which the gateway's own tests read as well.

pub mod targets;

/// The target of that name.
pub fn run(name: &str, bytes: &[u8]) {
    if let Some((_, target)) = targets::ALL.iter().find(|(known, _)| *known == name) {
        target(bytes);
    }
}
