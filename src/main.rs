//! Allocator defaults and the exit code; the words are in `cli`, the wiring in `app`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bordergate::cli::main()
}
