//! Reads source as far as the walls ask for it: its names and signs, where its paths lead, which files a room
//! has, and what of them is there for tests alone.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What a path names first.
pub(crate) enum Named {
    /// Below the crate's root.
    Room(String),
    /// The first name of a path that begins neither at the crate nor at the module.
    Outside(String),
}

/// Where the paths of a token list lead. Knows inline modules, since `super` counts them.
pub(crate) fn paths(tokens: &[String], file_modules: Vec<String>) -> Vec<Named> {
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

/// Every name that code gives in full, `std::time::Instant` of `use std::{fs, time::{Duration, Instant}}` among
/// them.
pub(crate) fn full_paths(tokens: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = match tokens[at].as_str() {
            "use" => branches(tokens, at + 1, "", &mut found),
            word if is_name(word) => branches(tokens, at, "", &mut found),
            _ => at + 1,
        };
    }
    found
}

/// Adds each path of the tree at `at`, which stands behind `stem`, and returns the position after it.
fn branches(tokens: &[String], mut at: usize, stem: &str, found: &mut Vec<String>) -> usize {
    let mut path = stem.to_owned();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "{" if path.ends_with("::") || path.is_empty() => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = match tokens[at].as_str() {
                        "," => at + 1,
                        _ => branches(tokens, at, &path, found).max(at + 1),
                    };
                }
                return at + 1;
            }
            word if word == "*" || is_name(word) => path.push_str(word),
            "::" => {}
            _ => break,
        }
        at += 1;
        if tokens.get(at).is_none_or(|next| next != "::") {
            break;
        }
        path.push_str("::");
        at += 1;
    }
    found.push(path);
    at
}

/// Code without what stands behind `#[cfg(test)]`, and the modules in files of their own that it so declares.
pub(crate) fn without_tests(tokens: Vec<String>) -> (Vec<String>, Vec<String>) {
    const ONLY_IN_TESTS: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut files = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().take(ONLY_IN_TESTS.len()).eq(&ONLY_IN_TESTS) {
            let end = after_item(&tokens, at + ONLY_IN_TESTS.len());
            if let [.., declares, name, sign] = &tokens[..end]
                && declares == "mod"
                && sign == ";"
            {
                files.push(name.clone());
            }
            at = end;
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    (kept, files)
}

/// The position after the item at `at`: behind its semicolon, or behind the braces around its body.
fn after_item(tokens: &[String], mut at: usize) -> usize {
    let is_use = tokens.get(at).is_some_and(|token| token == "use");
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (token == ";" || (token == "}" && !is_use)) {
            break;
        }
    }
    at
}

/// Names, `::` and single signs; comments and literals left out.
pub(crate) fn tokens(text: &str) -> Vec<String> {
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
pub(crate) fn rooms(lib: &str) -> BTreeSet<String> {
    let tokens = tokens(lib);
    tokens
        .windows(3)
        .filter(|window| window[0] == "mod" && window[2] == ";")
        .map(|window| window[1].clone())
        .collect()
}

/// `room.rs` and everything below `room/`.
pub(crate) fn files_of(source: &Path, room: &str) -> Vec<PathBuf> {
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
pub(crate) fn module_path(file: &Path) -> Vec<String> {
    file.with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .filter(|part| part != "mod")
        .collect()
}
