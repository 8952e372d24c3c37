//! Compiling beside exchanges: in short stretches, with a rest after each.
//!
//! Whoever computes keeps a core for milliseconds before another has its turn, and an exchange behind it
//! waits as long. A thread that says so lays its work down after a fraction of that instead. Others never
//! rest, and nobody rests for ever: a task that is far longer than those of every day goes on without.

use std::{
    cell::Cell,
    thread,
    time::{Duration, Instant},
};

const STRETCH: Duration = Duration::from_micros(50);
const REST: Duration = Duration::from_micros(200);
/// With what a system adds to each, a twentieth of a second.
const RESTS_MAX: u32 = 200;

thread_local! {
    /// When this stretch began, and how many rests are left.
    static STRETCHES: Cell<Option<(Instant, u32)>> = const { Cell::new(None) };
}

/// This thread begins a task that it does in stretches.
pub(crate) fn work_in_stretches() {
    STRETCHES.set(Some((Instant::now(), RESTS_MAX)));
}

/// Rests when the stretch has lasted long enough; to be called all the time.
pub(crate) fn give_way() {
    if let Some((began, left)) = STRETCHES.get()
        && left > 0
        && began.elapsed() >= STRETCH
    {
        thread::sleep(REST);
        STRETCHES.set(Some((Instant::now(), left - 1)));
    }
}
