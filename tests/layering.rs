//! Holds the walls of the house: which room may name which other room, and which outside crate has its
//! home where.
//!
//! The compiler does not know rooms, so this test reads the source: every path that leads out of a room,
//! written as `crate::room`, as `crate::{room, …}` or through `super::`, must be an edge of [`EDGES`].
//! Adding an edge means editing the table in the same change, so that a reviewer sees the wall move.

#![cfg(test)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Room, level, and the rooms it may name. Imports point down; rooms of level 1 share nouns, not code.
const EDGES: &[(&str, u8, &[&str])] = &[
    ("domain", 0, &[]),
    ("source", 0, &[]),
    ("signing", 0, &[]),
    ("memory", 0, &[]),
    ("format", 1, &["domain", "source"]),
    ("detect", 1, &["domain", "source"]),
    ("policy", 1, &["domain", "source"]),
    ("redact", 1, &["domain", "source"]),
    ("geo", 1, &["domain", "source"]),
    ("route", 1, &["domain", "source"]),
    ("config", 1, &["domain", "source"]),
    ("client", 1, &[]),
    ("engine", 2, &["domain", "source", "format", "detect", "policy", "redact"]),
    ("telemetry", 2, &["domain", "source", "signing", "client"]),
    ("facts", 3, &["domain", "source", "policy", "engine", "telemetry"]),
    ("snapshot", 3, BELOW_THREE),
    ("proxy", 4, BELOW_FOUR),
    ("control", 4, BELOW_FOUR),
    ("admin", 5, BELOW_FIVE_WITHOUT_PROXY),
    ("app", 6, EVERY),
    ("cli", 6, EVERY),
];

const BELOW_THREE: &[&str] =
    &["domain", "source", "policy", "geo", "route", "config", "engine", "telemetry"];
const BELOW_FOUR: &[&str] = &[
    "domain",
    "source",
    "signing",
    "memory",
    "client",
    "format",
    "detect",
    "policy",
    "redact",
    "geo",
    "route",
    "config",
    "engine",
    "telemetry",
    "facts",
    "snapshot",
];
const BELOW_FIVE_WITHOUT_PROXY: &[&str] = &[
    "domain",
    "source",
    "signing",
    "client",
    "format",
    "detect",
    "policy",
    "redact",
    "geo",
    "route",
    "config",
    "engine",
    "telemetry",
    "facts",
    "snapshot",
    "control",
];
const EVERY: &[&str] = &[
    "domain",
    "source",
    "signing",
    "client",
    "format",
    "detect",
    "policy",
    "redact",
    "geo",
    "route",
    "config",
    "engine",
    "telemetry",
    "facts",
    "snapshot",
    "proxy",
    "control",
    "admin",
    "app",
    "cli",
];

/// Outside crates with a home: only these rooms name them, so that replacing one is a local affair.
const HOMES: &[(&str, &[&str])] = &[
    ("tokio", &["client", "telemetry", "facts", "proxy", "control", "admin", "app", "cli"]),
    ("hyper", &["proxy", "admin", "app", "cli"]),
    ("h2", &["proxy"]),
    ("hyper_util", &["client", "proxy", "admin", "app", "cli"]),
    ("hyper_rustls", &["client"]),
    ("tower", &["proxy", "admin"]),
    ("rustls", &["client", "proxy", "admin", "app"]),
    ("tokio_rustls", &["proxy", "admin", "app"]),
    ("smallvec", &["policy", "telemetry"]),
    ("smol_str", &["domain"]),
    ("x509_parser", &["proxy", "admin"]),
    ("governor", &["proxy"]),
    ("hickory_resolver", &["proxy"]),
    ("listenfd", &["proxy"]),
    ("arc_swap", &["snapshot", "geo", "facts", "proxy"]),
    ("maxminddb", &["geo"]),
    ("prometheus", &["telemetry"]),
    ("prost", &["telemetry"]),
    ("opentelemetry_proto", &["telemetry"]),
    ("redb", &["facts"]),
    ("ring", &["signing"]),
    ("tar", &["control"]),
    ("similar", &["control"]),
    ("notify", &["control"]),
    ("saphyr_parser", &["source"]),
    ("flate2", &["format", "redact", "proxy", "control"]),
    ("md5", &["proxy"]),
    ("sha1", &["proxy"]),
    ("brotli", &["redact"]),
    ("brotli_decompressor", &["format"]),
    ("ruzstd", &["format", "redact"]),
    ("encoding_rs", &["format", "redact"]),
    ("simdutf8", &["format"]),
    ("aes", &["redact"]),
    ("aes_siv", &["redact"]),
    ("hmac", &["facts", "redact"]),
    ("zeroize", &["redact"]),
    ("serde_path_to_error", &["admin"]),
    ("clap", &["cli"]),
    ("comfy_table", &["cli"]),
    ("indicatif", &["cli"]),
    ("quick_junit", &["cli"]),
    ("anyhow", &["app", "cli"]),
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
    for (room, level, permitted) in EDGES {
        for other in *permitted {
            let below = EDGES
                .iter()
                .find(|(name, ..)| name == other)
                .unwrap_or_else(|| panic!("`{room}` may name `{other}`, which is no room"))
                .1;
            assert!(
                below < *level || *level == 6,
                "`{room}` on level {level} may not name `{other}` on level {below}"
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
        .map(|(room, level, permitted)| {
            format!("| {level} | `{room}` | {} |", in_words(room, *level, permitted))
        })
        .collect();
    let rows = rows.join("\n");
    assert!(shown == rows, "ARCHITECTURE.md has other walls; they are:\n{rows}");
}

/// What a room may name: by what is missing where that is shorter. Rooms of the highest level name each other.
fn in_words(room: &str, level: u8, permitted: &[&str]) -> String {
    let list =
        |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
    let below: Vec<&str> = EDGES
        .iter()
        .filter(|(name, other, _)| *other < level || (level == 6 && *name != room))
        .map(|(name, ..)| *name)
        .collect();
    let missing: Vec<&str> =
        below.iter().copied().filter(|name| !permitted.contains(name)).collect();
    match (permitted, &*missing) {
        ([], _) => "nothing".to_owned(),
        (_, []) => "every room of a lower level".to_owned(),
        (_, missing) if permitted.len() > 8 && missing.len() < 3 && level == 6 => {
            format!("every room but {}", list(missing))
        }
        (_, missing) if permitted.len() > 8 && missing.len() < 3 => {
            format!("every room of a lower level but {}", list(missing))
        }
        _ => list(permitted),
    }
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
    let Some((_, _, permitted)) = EDGES.iter().find(|(name, ..)| *name == room) else {
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

/// What a path names first.
enum Named {
    /// Below the crate's root.
    Room(String),
    /// The first name of a path that begins neither at the crate nor at the module.
    Outside(String),
}

/// Where the paths of a token list lead. Knows inline modules, since `super` counts them.
fn paths(tokens: &[String], file_modules: Vec<String>) -> Vec<Named> {
    let mut named = Vec::new();
    let mut modules = file_modules;
    // For each open brace, whether it opened an inline module.
    let mut braces = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "mod" if tokens.get(at + 2).is_some_and(|token| token == "{") => {
                modules.push(tokens[at + 1].clone());
                braces.push(true);
                at += 3;
            }
            "{" => {
                braces.push(false);
                at += 1;
            }
            "}" => {
                if braces.pop() == Some(true) {
                    modules.pop();
                }
                at += 1;
            }
            "use" => at = tree(tokens, at + 1, Some(None), &modules, &mut named),
            word if is_name(word) && (at == 0 || tokens[at - 1] != "::") => {
                at = tree(tokens, at, None, &modules, &mut named);
            }
            _ => at += 1,
        }
    }
    named
}

/// Where a path stands so far: `Some(depth)` modules below the root, `None` in an outside crate or in a
/// name that is none of ours to follow.
type Standing = Option<usize>;

/// Reads one path or use tree from `at` and returns the position after it. `standing` is `None` at the
/// start of a path in code, and `Some` inside a use declaration: `Some(None)` at its start.
fn tree(
    tokens: &[String],
    mut at: usize,
    use_tree: Option<Option<Standing>>,
    modules: &[String],
    named: &mut Vec<Named>,
) -> usize {
    let mut standing: Option<Standing> = use_tree.flatten();
    let in_use = use_tree.is_some();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" => {}
            "crate" if standing.is_none() => {
                standing = Some(Some(0));
                if tokens.get(at + 1).is_some_and(|next| next == "as") {
                    named.push(Named::Room("as".to_owned()));
                }
            }
            "self" if standing.is_none() => standing = Some(Some(modules.len())),
            "super" => {
                let depth = standing.map_or(modules.len(), |depth| depth.unwrap_or_default());
                standing = Some(Some(depth.saturating_sub(1)));
            }
            "{" if in_use => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = match tokens[at].as_str() {
                        "," => at + 1,
                        // At least one token, so that text which is no Rust cannot hold us here.
                        _ => tree(tokens, at, Some(standing), modules, named).max(at + 1),
                    };
                }
                return at + 1;
            }
            "*" if in_use && standing == Some(Some(0)) => {
                named.push(Named::Room("*".to_owned()));
                return at + 1;
            }
            "as" if in_use => {
                return at + 2;
            }
            word if is_name(word) => {
                match standing {
                    Some(Some(0)) => named.push(Named::Room(word.to_owned())),
                    None => {
                        let is_path = in_use || tokens.get(at + 1).is_some_and(|next| next == "::");
                        if is_path {
                            named.push(Named::Outside(word.to_owned()));
                        }
                    }
                    Some(_) => {}
                }
                // Deeper names tell no more.
                standing = Some(None);
            }
            _ => return at,
        }
        at += 1;
        let goes_on = in_use
            || tokens.get(at).is_some_and(|next| next == "::")
            || tokens.get(at - 1).is_some_and(|last| last == "::");
        if !goes_on {
            return at;
        }
        if in_use && tokens.get(at).is_some_and(|next| next == ";" || next == "," || next == "}") {
            return at;
        }
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, `::` and single signs; comments and literals left out.
fn tokens(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let next = characters.get(at + 1).copied();
        match character {
            '/' if next == Some('/') => {
                while characters.get(at).is_some_and(|c| *c != '\n') {
                    at += 1;
                }
            }
            '/' if next == Some('*') => at = after_block_comment(&characters, at),
            '"' => at = after_string(&characters, at),
            'r' | 'b' | 'c' if after_prefixed_string(&characters, at).is_some() => {
                at = after_prefixed_string(&characters, at).unwrap_or(at + 1);
            }
            'r' if next == Some('#') => at += 2,
            '\'' => at = after_quote(&characters, at),
            ':' if next == Some(':') => {
                tokens.push("::".to_owned());
                at += 2;
            }
            c if c.is_alphanumeric() || c == '_' => {
                let start = at;
                while characters.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
                    at += 1;
                }
                tokens.push(characters[start..at].iter().collect());
            }
            c if c.is_whitespace() => at += 1,
            c => {
                tokens.push(c.to_string());
                at += 1;
            }
        }
    }
    tokens
}

fn after_block_comment(characters: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at < characters.len() {
        match (characters[at], characters.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn after_string(characters: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(character) = characters.get(at) {
        match character {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// After `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `c"…"` at `start`; `None` when a name begins there.
fn after_prefixed_string(characters: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    while characters.get(at).is_some_and(|c| matches!(c, 'r' | 'b' | 'c')) && at < start + 2 {
        at += 1;
    }
    let raw = characters[start..at].contains(&'r');
    let hashes = characters[at..].iter().take_while(|c| **c == '#').count();
    at += hashes;
    if characters.get(at) != Some(&'"') || (hashes > 0 && !raw) {
        return None;
    }
    if !raw {
        return Some(after_string(characters, at));
    }
    at += 1;
    while at < characters.len() {
        let closes = characters[at] == '"'
            && characters[at + 1..].iter().take_while(|c| **c == '#').take(hashes).count()
                == hashes;
        if closes {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(at)
}

/// After a character literal, or after the quote of a lifetime.
fn after_quote(characters: &[char], start: usize) -> usize {
    match (characters.get(start + 1), characters.get(start + 2)) {
        (Some('\\'), _) => {
            let mut at = start + 3;
            while characters.get(at).is_some_and(|c| *c != '\'') {
                at += 1;
            }
            at + 1
        }
        (Some(_), Some('\'')) => start + 3,
        _ => start + 1,
    }
}

/// The modules that `lib.rs` declares.
fn rooms(lib: &str) -> BTreeSet<String> {
    let tokens = tokens(lib);
    tokens
        .windows(3)
        .filter(|window| window[0] == "mod" && window[2] == ";")
        .map(|window| window[1].clone())
        .collect()
}

/// `room.rs` and everything below `room/`.
fn files_of(source: &Path, room: &str) -> Vec<PathBuf> {
    let mut files = vec![source.join(format!("{room}.rs"))];
    let mut folders = vec![source.join(room)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// `detect/luhn.rs` stands at `detect`, `luhn`.
fn module_path(file: &Path) -> Vec<String> {
    file.with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .filter(|part| part != "mod")
        .collect()
}
