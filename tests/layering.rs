//! Holds the walls of the house: which room may name which other room, and which outside crate has its
//! home where.
//!
//! The compiler does not know rooms, so this test reads the source: every path that leads out of a room,
//! written as `crate::room`, as `crate::{room, …}` or through `super::`, must be an edge of [`EDGES`].
//! Adding an edge means editing the table in the same change, so that a reviewer sees the wall move.

#![cfg(test)]

#[path = "layering/reading.rs"]
mod reading;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use reading::{Named, files_of, full_paths, module_path, paths, rooms, tokens, without_tests};

/// Room, level, and the rooms it may name. Imports point down; rooms of level 1 share nouns, not code.
const EDGES: &[(&str, u8, May)] = &[
    ("domain", 0, Only(&[])),
    ("source", 0, Only(&[])),
    ("signing", 0, Only(&[])),
    ("memory", 0, Only(&[])),
    ("format", 1, Only(&["domain", "source"])),
    ("detect", 1, Only(&["domain", "source"])),
    ("policy", 1, Only(&["domain", "source"])),
    ("redact", 1, Only(&["domain", "source"])),
    ("geo", 1, Only(&["domain", "source"])),
    ("route", 1, Only(&["domain", "source"])),
    ("config", 1, Only(&["domain", "source"])),
    ("client", 1, Only(&["source"])),
    ("engine", 2, Only(&["domain", "source", "format", "detect", "policy", "redact"])),
    ("telemetry", 2, Only(&["domain", "source", "client"])),
    ("audit", 3, Only(&["domain", "signing", "telemetry"])),
    ("facts", 3, Only(&["domain", "source", "policy", "engine", "telemetry"])),
    (
        "snapshot",
        3,
        Only(&["domain", "source", "policy", "geo", "route", "config", "engine", "telemetry"]),
    ),
    ("proxy", 4, AllBelowBut(&[])),
    ("control", 4, AllBelowBut(&[])),
    ("inquiry", 4, Only(&["domain", "source", "policy", "engine", "facts"])),
    ("admin", 5, AllBelowBut(&["memory", "proxy"])),
    ("app", 6, AllBut(&["memory"])),
    ("cli", 6, AllBut(&["memory", "admin"])),
];

enum May {
    /// These rooms.
    Only(&'static [&'static str]),
    /// Every room of a lower level but these.
    AllBelowBut(&'static [&'static str]),
    /// Every room but these, those of its own level among them.
    AllBut(&'static [&'static str]),
}
use May::{AllBelowBut, AllBut, Only};

/// Outside crates with a home: only these rooms name them, so that replacing one is a local affair.
const HOMES: &[(&str, &[&str])] = &[
    // What waits, listens and connects.
    (
        "tokio",
        &["client", "telemetry", "audit", "facts", "proxy", "control", "admin", "app", "cli"],
    ),
    ("tokio_util", &["proxy"]),
    ("hyper", &["client", "proxy", "admin", "app", "cli"]),
    ("h2", &["proxy"]),
    ("hyper_util", &["client", "proxy", "admin", "app", "cli"]),
    ("hyper_rustls", &["client"]),
    ("http_body", &["proxy", "admin"]),
    ("http_body_util", &["client", "telemetry", "proxy", "control", "admin", "cli"]),
    ("httparse", &["proxy", "cli"]),
    ("httpdate", &["proxy"]),
    ("sfv", &["engine", "proxy"]),
    // Digests that headers name.
    ("md5", &["proxy"]),
    ("sha1", &["proxy"]),
    ("percent_encoding", &["route", "admin"]),
    ("ipnet", &["route", "config", "proxy"]),
    ("tower", &["admin"]),
    ("rustls", &["client", "proxy", "admin", "app"]),
    ("rustls_native_certs", &["client", "proxy"]),
    ("rustls_pki_types", &["signing", "client", "config", "proxy", "admin"]),
    ("tokio_rustls", &["proxy", "admin", "app"]),
    ("x509_parser", &["proxy", "admin"]),
    ("rcgen", &["proxy", "cli"]),
    ("governor", &["proxy"]),
    ("hickory_resolver", &["proxy"]),
    ("listenfd", &["proxy"]),
    ("socket2", &["proxy"]),
    // What is shared, kept and measured.
    ("arc_swap", &["snapshot", "geo", "facts", "proxy"]),
    (
        "parking_lot",
        &["source", "telemetry", "audit", "facts", "snapshot", "proxy", "control", "admin", "cli"],
    ),
    ("rustix", &["control", "app", "cli"]),
    ("mimalloc", &[]),
    ("libmimalloc_sys", &["memory"]),
    ("maxminddb", &["geo"]),
    ("redb", &["facts"]),
    (
        "tracing",
        &[
            "source",
            "client",
            "telemetry",
            "audit",
            "facts",
            "proxy",
            "control",
            "admin",
            "app",
            "cli",
        ],
    ),
    ("tracing_subscriber", &["telemetry"]),
    ("prometheus", &["telemetry"]),
    ("prost", &["telemetry"]),
    ("opentelemetry_proto", &["telemetry"]),
    // What rules and settings are made of.
    ("saphyr_parser", &["source"]),
    ("serde_ignored", &["policy"]),
    ("serde_path_to_error", &["inquiry"]),
    ("notify", &["control"]),
    ("rust_embed", &["control"]),
    ("tar", &["control"]),
    ("similar", &["control"]),
    // What bodies are read with, and written anew.
    ("aho_corasick", &["detect", "proxy"]),
    ("regex", &["detect"]),
    ("csv", &["format", "facts", "cli"]),
    ("encoding_rs", &["format", "redact"]),
    ("simdutf8", &["format"]),
    ("flate2", &["format", "redact", "proxy", "control"]),
    ("brotli", &["redact"]),
    ("brotli_decompressor", &["format"]),
    ("ruzstd", &["format", "redact"]),
    ("smallvec", &["policy", "audit"]),
    ("smol_str", &["domain"]),
    ("itoa", &["domain", "audit", "proxy", "cli"]),
    // What keys are used with.
    ("ring", &["signing"]),
    ("aes", &["redact"]),
    ("aes_siv", &["redact"]),
    ("hmac", &["facts", "redact"]),
    ("zeroize", &["redact"]),
    // Words for humans.
    ("anyhow", &["app", "cli"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("anstream", &["cli"]),
    ("anstyle", &["cli"]),
    ("comfy_table", &["cli"]),
    ("indicatif", &["cli"]),
    ("quick_junit", &["cli"]),
];

/// Outside crates that any room may name: nouns, notations and arithmetic, of which most rooms have need.
const EVERYWHERE: &[&str] = &[
    "base64",
    "bytes",
    "http",
    "jiff",
    "memchr",
    "rustc_hash",
    "schemars",
    "serde",
    "serde_json",
    "sha2",
    // The program itself makes its directories in `control` and `cli`; the rest are those of tests.
    "tempfile",
    "thiserror",
];

/// The rooms that answer the same whenever and wherever they are asked.
const PURE: &[&str] = &[
    "domain", "source", "format", "detect", "policy", "redact", "engine", "geo", "route", "config",
];

/// What a pure room may not name: files, network, clock, threads, locks, surroundings, chance, log, metrics.
const IMPURE: &[&str] = &[
    "tracing",
    "prometheus",
    "parking_lot",
    "std::env",
    "std::fs",
    "std::process",
    "std::thread",
    "sync::Mutex",
    "sync::RwLock",
    "net::TcpListener",
    "net::TcpStream",
    "net::UdpSocket",
    "net::ToSocketAddrs",
    "hash_map::RandomState",
    "time::Instant",
    "Instant::now",
    "time::SystemTime",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
];

/// Files of pure rooms that name one of these all the same, and why.
const IMPURE_ALL_THE_SAME: &[(&str, &[&str], &str)] = &[
    (
        "source/pace.rs",
        &["std::thread", "time::Instant", "Instant::now"],
        "compiling lays its work down for exchanges that want its core; what it compiles is the same",
    ),
    ("engine.rs", &["std::thread"], "compiles detectors and rules at once, and waits for both"),
    ("policy/compile.rs", &["std::thread"], "compiles law files at once, in an order of their own"),
    ("geo.rs", &["std::fs"], "opens the database; where an address is, it looks up in memory"),
    (
        "source/latest.rs",
        &["parking_lot", "tracing"],
        "keeps for other rooms what files last said; no file of rules or settings is read by it",
    ),
    ("source/stamp.rs", &["std::fs"], "says whether a file is another than before, and reads none"),
    ("config.rs", &["std::fs"], "reads the configuration file, before anything serves"),
    ("config/check.rs", &["std::fs"], "asks whether a file that the configuration names is there"),
];

#[test]
fn every_room_keeps_to_its_edges() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut violations = Vec::new();
    for room in rooms(&fs::read_to_string(source.join("lib.rs")).unwrap()) {
        for file in files_of(&source, &room) {
            let text = fs::read_to_string(&file).unwrap();
            let modules = module_path(file.strip_prefix(&source).unwrap());
            violations.extend(
                violations_of(&room, modules, &text)
                    .into_iter()
                    .map(|violation| format!("{}: {violation}", file.display())),
            );
        }
    }
    assert!(violations.is_empty(), "walls crossed:\n  {}", violations.join("\n  "));
}

#[test]
fn the_table_itself_points_down() {
    for (room, level, may) in EDGES {
        let (Only(named) | AllBelowBut(named) | AllBut(named)) = may;
        for other in *named {
            let other_level = EDGES
                .iter()
                .find(|(name, ..)| name == other)
                .unwrap_or_else(|| panic!("`{room}` has `{other}` in its row, which is no room"))
                .1;
            assert!(
                other_level < *level,
                "`{room}` on level {level} may not name `{other}` on level {other_level}"
            );
        }
    }
}

/// The table in ARCHITECTURE.md is this one.
#[test]
fn the_map_shows_the_table() {
    let map = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let map = fs::read_to_string(map).unwrap();
    let (_, rest) = map.split_once("| level | room | may name |\n| --- | --- | --- |\n").unwrap();
    let (shown, _) = rest.split_once("\n\n").unwrap();
    let rows: Vec<String> = EDGES
        .iter()
        .map(|(room, level, may)| format!("| {level} | `{room}` | {} |", in_words(may)))
        .collect();
    let rows = rows.join("\n");
    assert!(shown == rows, "ARCHITECTURE.md has other walls; they are:\n{rows}");
}

fn in_words(may: &May) -> String {
    let list =
        |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
    match may {
        Only([]) => "nothing".to_owned(),
        Only(rooms) => list(rooms),
        AllBelowBut([]) => "every room of a lower level".to_owned(),
        AllBelowBut(rooms) => format!("every room of a lower level but {}", list(rooms)),
        AllBut([]) => "every room".to_owned(),
        AllBut(rooms) => format!("every room but {}", list(rooms)),
    }
}

/// A new dependency is given a home, or said to be everybody's; what is no dependency any more has none.
#[test]
fn every_dependency_has_its_place() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = fs::read_to_string(manifest).unwrap();
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").unwrap();
    let (dependencies, _) = dependencies.split_once("\n[").unwrap();
    let dependencies: BTreeSet<String> = dependencies
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().replace('-', "_")))
        .collect();
    let placed: Vec<&str> =
        HOMES.iter().map(|(name, _)| *name).chain(EVERYWHERE.iter().copied()).collect();
    let as_set: BTreeSet<String> = placed.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(placed.len(), as_set.len(), "a crate is placed twice");
    assert_eq!(dependencies, as_set, "[dependencies] of Cargo.toml, and HOMES with EVERYWHERE");
    for (name, rooms) in HOMES {
        for room in *rooms {
            assert!(permitted(room).is_some(), "`{name}` is at home in `{room}`, which is no room");
        }
    }
}

#[test]
fn pure_rooms_name_nothing_impure() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for room in PURE {
        let files = files_of(&source, room);
        let mut code: Vec<(PathBuf, Vec<String>)> = Vec::new();
        let mut only_in_tests: Vec<PathBuf> = Vec::new();
        for file in files {
            let (kept, modules) = without_tests(tokens(&fs::read_to_string(&file).unwrap()));
            only_in_tests.extend(modules.iter().map(|module| file.with_extension("").join(module)));
            code.push((file, kept));
        }
        for (file, kept) in code {
            let module = file.with_extension("");
            if only_in_tests.iter().any(|test| module.starts_with(test)) {
                continue;
            }
            let file = file.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
            found.extend(impure_in(&kept).into_iter().map(|word| (file.clone(), word)));
        }
    }
    let found: BTreeSet<(String, &str)> = found.into_iter().collect();
    let known: BTreeSet<(String, &str)> = IMPURE_ALL_THE_SAME
        .iter()
        .flat_map(|(file, words, _)| words.iter().map(|word| ((*file).to_owned(), *word)))
        .collect();
    let crossed: Vec<_> = found.difference(&known).collect();
    assert!(
        crossed.is_empty(),
        "pure rooms name what depends on more than they are given: {crossed:?}"
    );
    let over: Vec<_> = known.difference(&found).collect();
    assert!(over.is_empty(), "exceptions that nobody needs any more: {over:?}");
}

/// Which words of [`IMPURE`] the paths of `code` hold.
fn impure_in(code: &[String]) -> Vec<&'static str> {
    let named: Vec<String> =
        full_paths(code).into_iter().map(|path| format!("::{path}::")).collect();
    IMPURE
        .iter()
        .copied()
        .filter(|word| named.iter().any(|path| path.contains(&format!("::{word}::"))))
        .collect()
}

#[test]
fn an_impure_name_is_noticed() {
    for (text, expected) in [
        ("use std::{fmt, ops::Range};", &[][..]),
        ("use std::fs;", &["std::fs"]),
        ("use std::{fmt, fs::{self, Metadata}, io};", &["std::fs"]),
        ("use std::{path::Path, time::{Duration, Instant}};", &["time::Instant"]),
        ("use std::time; fn f() { time::Instant::now(); }", &["time::Instant", "Instant::now"]),
        ("fn f() -> Time { Time(jiff::Timestamp::now()) }", &["Timestamp::now"]),
        ("use jiff::Timestamp; fn f() { g(Timestamp::now()) }", &["Timestamp::now"]),
        ("fn f() { tracing::warn!(a, \"b\"); }", &["tracing"]),
        ("use tracing::warn;", &["tracing"]),
        ("use std::sync::{Arc, Mutex as Lock};", &["sync::Mutex"]),
        ("use std::{net::{IpAddr, TcpStream}};", &["net::TcpStream"]),
        // Names of ours that only look like one of these.
        ("fn f(a: Asked) -> bool { matches!(a, Asked::Instant) && fs(a) }", &[]),
        ("// std::fs\nconst A: &str = \"tracing::warn\"; fn env() {}", &[]),
        // Tests read files as they like; what stands behind them does not.
        ("#[cfg(test)]\nmod tests { use std::fs; fn f() { fs::read(\"a\"); } }", &[]),
        ("#[cfg(test)] mod shipped;\nuse std::fs;", &["std::fs"]),
        ("#[cfg(test)] use std::{fs, env};\nuse std::thread;", &["std::thread"]),
        ("#[cfg(test)] fn f(a: [u8; 4]) { std::fs::read(a); }\nuse std::env;", &["std::env"]),
        ("#[cfg(not(test))] use std::fs;", &["std::fs"]),
    ] {
        let (code, _) = without_tests(tokens(text));
        assert_eq!(impure_in(&code), expected, "{text}");
    }
    let (_, files) = without_tests(tokens("#[cfg(test)]\nmod shipped;\n#[cfg(test)] mod tests {}"));
    assert_eq!(files, ["shipped"]);
}

/// A wall that nobody can hit is no wall: each way of crossing one is caught, and its permitted twin is
/// not.
#[test]
fn a_crossed_wall_is_noticed() {
    for (room, modules, text, expected) in [
        ("detect", &["detect"][..], "use crate::domain::Tag;", &[][..]),
        ("detect", &["detect"], "use crate::policy::Transfer;", &["policy"]),
        ("detect", &["detect", "luhn"], "fn f() { crate::format::walk() }", &["format"]),
        ("detect", &["detect"], "use crate::{domain::Tag, policy::{Rule, Set}};", &["policy"]),
        (
            "detect",
            &["detect"],
            "use crate::{\n  redact,\n  domain::{Span as policy},\n};",
            &["redact"],
        ),
        ("detect", &["detect"], "use super::redact::Plan;", &["redact"]),
        ("detect", &["detect", "luhn"], "use super::super::redact;", &["redact"]),
        ("detect", &["detect", "luhn"], "use super::redact;", &[]),
        ("detect", &["detect", "luhn"], "use super::{Hit, super::{route, domain}};", &["route"]),
        (
            "detect",
            &["detect"],
            "mod tests { use super::redact; use super::super::geo; }",
            &["geo"],
        ),
        ("detect", &["detect"], "pub(in crate::engine) fn f() {}", &["engine"]),
        ("detect", &["detect"], "pub(crate) fn f() {}", &[]),
        ("detect", &["detect"], "use crate as everything;", &["as"]),
        ("detect", &["detect"], "use crate::*;", &["*"]),
        (
            "detect",
            &["detect"],
            "// crate::policy\n/* crate::policy /* crate::geo */ crate::route */",
            &[],
        ),
        (
            "detect",
            &["detect"],
            "const A: &str = \"crate::policy\"; const B: &str = r#\"crate::geo\"\"#;",
            &[],
        ),
        (
            "detect",
            &["detect"],
            "const A: char = '\"'; use crate::policy; const B: char = '\"';",
            &["policy"],
        ),
        ("detect", &["detect"], "fn f<'a>(a: &'a u8) { crate::route::g() } // '", &["route"]),
        ("detect", &["detect"], "use crate::r#policy::Transfer;", &["policy"]),
        (
            "proxy",
            &["proxy"],
            "use crate::{snapshot::Snapshot, control::Controller};",
            &["control"],
        ),
        ("admin", &["admin"], "use crate::proxy::Proxy;", &["proxy"]),
        ("admin", &["admin"], "use crate::control::Controller;", &[]),
        ("domain", &["domain"], "use crate::source::At;", &["source"]),
        ("engine", &["engine"], "async fn f() { tokio::task::yield_now().await }", &["tokio"]),
        ("geo", &["geo"], "use maxminddb::Reader;", &[]),
        ("policy", &["policy"], "use {serde::Serialize, maxminddb::Reader};", &["maxminddb"]),
        ("nowhere", &["nowhere"], "", &["nowhere"]),
    ] {
        let modules = modules.iter().map(|module| (*module).to_owned()).collect();
        let found: Vec<String> =
            violations_of(room, modules, text).into_iter().map(|v| v.named).collect();
        assert_eq!(found, expected, "{room}: {text}");
    }
}

/// The rooms that `room` may name beside itself; `None` where it has no row in the table.
fn permitted(room: &str) -> Option<Vec<&'static str>> {
    let (_, level, may) = EDGES.iter().find(|(name, ..)| *name == room)?;
    let all_but = |but: &[&str], is_within: &dyn Fn(u8) -> bool| {
        EDGES
            .iter()
            .filter(|(name, other, _)| is_within(*other) && !but.contains(name))
            .map(|(name, ..)| *name)
            .collect()
    };
    Some(match may {
        Only(rooms) => rooms.to_vec(),
        AllBelowBut(rooms) => all_but(rooms, &|other| other < *level),
        AllBut(rooms) => all_but(rooms, &|_| true),
    })
}

/// A room naming what it may not.
struct Violation {
    room: String,
    named: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.room == self.named {
            write!(f, "room `{}` is not in the table of edges", self.room)
        } else {
            write!(f, "room `{}` may not name `{}`", self.room, self.named)
        }
    }
}

/// What a file of `room` that stands at `modules` names and may not.
fn violations_of(room: &str, modules: Vec<String>, text: &str) -> Vec<Violation> {
    let violation = |named: &str| Violation { room: room.to_owned(), named: named.to_owned() };
    let Some(permitted) = permitted(room) else {
        return vec![violation(room)];
    };
    let paths = paths(&tokens(text), modules);
    let rooms = paths.iter().filter_map(|path| match path {
        Named::Room(named) => {
            (named != room && !permitted.contains(&named.as_str())).then(|| violation(named))
        }
        Named::Outside(named) => HOMES
            .iter()
            .any(|(home, rooms)| home == named && !rooms.contains(&room))
            .then(|| violation(named)),
    });
    rooms.collect()
}
