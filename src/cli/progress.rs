//! How far long work has come: on a terminal only, and on standard error.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Below this nobody has time to read a bar.
const BYTES_MIN: u64 = 4 << 20;

/// A count of things without a known end, while the result goes `aside` and not to the terminal.
pub(super) fn counter(aside: bool) -> ProgressBar {
    if !std::io::stderr().is_terminal() || (std::io::stdout().is_terminal() && !aside) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("{spinner} {human_pos} {per_sec} {elapsed}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// A bar over `bytes`, or one that shows nothing: off a terminal, for short work, for a pipe without end.
pub(super) fn bar(bytes: Option<u64>) -> ProgressBar {
    let Some(bytes) = bytes.filter(|bytes| *bytes >= BYTES_MIN) else {
        return ProgressBar::hidden();
    };
    // Between the lines of a result on the same terminal a bar would only flicker.
    if !std::io::stderr().is_terminal() || std::io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(10));
    let style =
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
