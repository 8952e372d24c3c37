//! How far long work has come, on standard error: a bar on a terminal; in a log, where it takes very long, a
//! line now and then.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;

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
    // Between the lines of a result on the same terminal a bar would only flicker.
    if std::io::stdout().is_terminal() { ProgressBar::hidden() } else { bar_to_the_end(bytes) }
}

/// The same for work that says nothing before it is done.
pub(super) fn bar_to_the_end(bytes: Option<u64>) -> ProgressBar {
    let Some(bytes) = bytes.filter(|bytes| *bytes >= BYTES_MIN) else {
        return ProgressBar::hidden();
    };
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(10));
    let style =
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Lines for a log, about what a bar would show.
pub(super) struct Log {
    bytes: Option<u64>,
    last: Instant,
}

impl Log {
    const EVERY: Duration = Duration::from_secs(10);

    pub(super) fn new(bytes: Option<u64>) -> Self {
        Self { bytes, last: Instant::now() }
    }

    /// Says where `bar` is and what came of it so far, when nobody sees the bar and it is time.
    pub(super) fn tell(&mut self, bar: &ProgressBar, so_far: impl FnOnce() -> String) {
        if std::io::stderr().is_terminal() || self.last.elapsed() < Self::EVERY {
            return;
        }
        self.last = Instant::now();
        let read = HumanBytes(bar.position());
        match self.bytes {
            Some(bytes) => {
                output::note(format_args!("{read} of {}: {}", HumanBytes(bytes), so_far()))
            }
            None => output::note(so_far()),
        }
    }
}
