//! Time against size, for the inputs that cost a decoder or the detectors most: doubling from 1 KiB to
//! 64 MiB, or to the size in MiB given as an argument. Where time is linear, the columns of nanoseconds a
//! byte stay level; `tests/hostile` holds that.

#![expect(clippy::print_stdout, reason = "it prints a table for who asked for it")]

#[path = "../tests/shipped/mod.rs"]
mod shipped;
#[path = "../tests/hostile/worst.rs"]
#[expect(dead_code, reason = "what is asked of each shape is for the tests")]
mod worst;

use std::time::Instant;

use bordergate::{
    domain::{Container, FieldSink, Key, Limits, Value},
    engine::{Message, Scratch},
    format,
    policy::Transfer,
};
use worst::{CROWDS, SHAPES, WORST};

fn main() {
    // `cargo test` runs benches too; cargo passes `--bench` only to a measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mib = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(64);
    let sizes: Vec<usize> =
        (0..).map(|power| 1024_usize << power).take_while(|size| *size <= mib << 20).collect();
    let limits = Limits { depth_max: usize::MAX, fields_max: usize::MAX, ..Limits::default() };
    println!("nanoseconds a byte, by size in KiB\n");
    heading(&sizes);
    for (format, head, again, tail) in WORST {
        row(&format!("{format:?} {head}{again}…{tail}"), &sizes, |size| {
            let text = format!("{head}{}{tail}", again.repeat(size / again.len()));
            let before = Instant::now();
            let _ = format::walk(*format, text.as_bytes(), &limits, &mut Nothing);
            before.elapsed().as_nanos()
        });
    }
    let shipped_engine = shipped::engine();
    let mut scratch = Scratch::default();
    for again in CROWDS {
        for (name, media_type, head, tail) in
            [("text", "text/plain", "", ""), ("json", "application/json", "[\"", "\"]")]
        {
            row(&format!("{name} {again}…"), &sizes, |size| {
                let text = format!("{head}{}{tail}", again.repeat(size / again.len()));
                let headers: [(&str, &[u8]); 1] = [("content-type", media_type.as_bytes())];
                let body = text.as_bytes();
                let message = Message::of_body(&headers, body);
                let before = Instant::now();
                let _ = shipped_engine.scan(&message, &Limits::default(), &mut scratch);
                before.elapsed().as_nanos()
            });
        }
    }
    let engine = shipped::engine_of(&worst::redacting(shipped::files()));
    for shape in SHAPES {
        row(shape.name, &sizes, |size| {
            let text = (shape.body)(size);
            let headers: [(&str, &[u8]); 1] = [("content-type", shape.media_type.as_bytes())];
            let body = text.as_bytes();
            let message = Message::of_body(&headers, body);
            let before = Instant::now();
            let _ = engine.inspect(&message, Transfer::default(), &Limits::default(), &mut scratch);
            before.elapsed().as_nanos()
        });
    }
}

fn heading(sizes: &[usize]) {
    print!("{:<34}", "");
    sizes.iter().for_each(|size| print!("{:>8}", size >> 10));
    println!();
}

fn row(name: &str, sizes: &[usize], mut time: impl FnMut(usize) -> u128) {
    let name: String = name.escape_debug().take(33).collect();
    print!("{name:<34}");
    for size in sizes {
        // Small ones often enough to be seen.
        let best = (0..(1 << 20) / size + 1).map(|_| time(*size)).min().unwrap_or(0);
        print!("{:>8.2}", best as f64 / *size as f64);
    }
    println!();
}

struct Nothing;

impl FieldSink for Nothing {
    fn open(&mut self, _: Key<'_>, _: Container, _: usize, _: usize) {}
    fn close(&mut self, _: usize, _: usize) {}
    fn scalar(&mut self, _: Key<'_>, _: Value<'_>) {}
}
