#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bordergate_fuzz::run("toml", bytes));
