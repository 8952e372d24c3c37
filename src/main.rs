//! Allocator defaults and the exit code; the words are in `cli`, the wiring in `app`.

use std::process::ExitCode;

/// An exchange makes some sixty small allocations on one thread and frees them there; this one is about
/// twice as fast at that as the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keep_pages_small();
    bordergate::cli::main()
}

/// The allocator asks the system for pages of 2 MiB. Rules and exchanges are many small things of different
/// ages, each of which would keep such a page from being given back: twice the memory for no time saved.
/// A system that cannot be told so only costs that memory.
fn keep_pages_small() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
