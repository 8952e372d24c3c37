//! What the fuzzer keeps, and each of it damaged a little, without the fuzzer.

use std::{fs, path::Path};

use crate::{
    damage::{Random, damaged},
    targets::{self, Target},
};

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{name} has no corpus");
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

fn each(check: impl Fn(&str, Target, Vec<Vec<u8>>)) {
    for (name, target) in targets::ALL {
        check(name, *target, corpus(name));
    }
}

#[test]
fn every_input_that_is_kept_holds() {
    each(|_, target, inputs| inputs.iter().for_each(|input| target(input)));
}

#[test]
fn every_input_that_is_kept_holds_when_it_is_damaged() {
    each(|name, target, inputs| {
        let mut random = Random(5);
        for round in 0..ROUNDS {
            let input = damaged(&inputs[round % inputs.len()], round, &mut random);
            let shown = input.clone();
            if std::panic::catch_unwind(|| target(&input)).is_err() {
                panic!("{name}, round {round}: {:?}", String::from_utf8_lossy(&shown));
            }
        }
    });
}

const ROUNDS: usize = 2000;
