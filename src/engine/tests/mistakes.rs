//! Mistakes put into every file the program ships: each is told with its file and line, and what is wrong
//! in one file hides nothing in another.

use super::*;

/// A file with the mistake in it, and the line it must be told at; 0 for anywhere in the file.
type Mistaken = Option<(Vec<String>, usize)>;

fn is_rules(name: &str) -> bool {
    ["law/", "policy/", "organisation/"].iter().any(|folder| name.starts_with(folder))
}

fn lines(file: &SourceFile) -> Vec<String> {
    file.text.trim_end().lines().map(str::to_owned).collect()
}

/// The first line that says anything (no comment) and has `part` in it is `edit`ed.
fn in_line(
    mut lines: Vec<String>,
    parts: &[&str],
    edit: impl Fn(&str, &str) -> String,
) -> Mistaken {
    for part in parts {
        let says = |line: &String| {
            !line.trim_start().starts_with('#') && line.contains(part) && !line.ends_with(part)
        };
        if let Some(number) = lines.iter().position(says) {
            lines[number] = edit(&lines[number], part);
            return Some((lines, number + 1));
        }
    }
    None
}

/// What stands at and after `part`, up to the next comma, bracket or end of line, is replaced.
fn replaced(line: &str, part: &str, with: &str) -> String {
    let (head, rest) = line.split_once(part).unwrap();
    let tail = rest.find([',', ']', '}']).map_or("", |end| rest.split_at(end).1);
    format!("{head}{part}{with}{tail}")
}

fn with_rule(file: &SourceFile, rules: &[String], told: usize) -> Mistaken {
    let mut lines = lines(file);
    let at = lines.len() + told;
    lines.extend(rules.iter().cloned());
    is_rules(&file.name).then_some((lines, at))
}

fn rule(number: usize, body: &str) -> String {
    format!("  - {{id: X-{number}, title: t, statute: s, reason: r., {body}}}")
}

/// The last entry of the file, given again at its end.
fn given_twice(file: &SourceFile) -> Mistaken {
    // Detectors have no names of their own.
    if file.name.starts_with("detectors/") {
        return None;
    }
    let mut lines = lines(file);
    let begins = |line: &String| {
        ["  - id: ", "  - key: ", "  - {name: "].iter().any(|entry| line.starts_with(entry))
    };
    let last = lines.iter().rposition(begins)?;
    let at = lines.len() + 1;
    lines.extend_from_within(last..);
    Some((lines, at))
}

/// Every file with the mistake where it can have it; what must be told where.
fn mistaken(
    files: &[SourceFile],
    make: impl Fn(usize, &SourceFile) -> Mistaken,
) -> (Vec<SourceFile>, Vec<String>) {
    let mut places = Vec::new();
    let files = files
        .iter()
        .enumerate()
        .map(|(number, file)| match make(number, file) {
            Some((lines, at)) => {
                places.push(match at {
                    0 => format!("{}:", file.name),
                    at => format!("{}:{at}", file.name),
                });
                SourceFile { name: file.name.clone(), text: lines.join("\n") + "\n" }
            }
            None => file.clone(),
        })
        .collect();
    (files, places)
}

/// Of files that come in place of `before`.
fn complaints(before: Option<&Engine>, files: &[SourceFile]) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    let keys = PseudonymKey::new(b"test");
    let engine = Engine::compile_after(before, files, keys, &mut diagnostics);
    if let Some(engine) = engine {
        let now = "2026-11-23T09:00:00Z".parse().unwrap();
        engine.rules().review(now, &mut diagnostics);
    }
    diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn a_mistake_in_any_shipped_file_is_told_with_file_and_line() {
    type Make = fn(usize, &SourceFile) -> Mistaken;
    let kinds: [(&str, usize, Make); 13] = [
        ("a key nobody knows", 46, |_, file| {
            let mut lines = lines(file);
            lines.push("zzz: 1".to_owned());
            let at = lines.len();
            Some((lines, at))
        }),
        ("no YAML", 46, |_, file| {
            let mut lines = lines(file);
            lines.push("zzz: [1".to_owned());
            Some((lines, 0))
        }),
        ("a key misspelt", 44, |_, file| {
            let keys = ["    title:", " title:", "    confidence:", "    source:", "    names:"];
            in_line(lines(file), &keys, |line, key| line.replacen(key, &key.replace(':', "x:"), 1))
        }),
        ("a value of another type", 44, |_, file| {
            let keys = ["  - id: ", "  - key: ", "{name: ", "    confidence: ", "  - category: "];
            in_line(lines(file), &keys, |line, key| replaced(line, key, "{a: 1}"))
        }),
        ("a name nobody knows", 40, |_, file| {
            let keys = [
                "data: [",
                "type: ",
                "purpose: [",
                "purpose: ",
                "class: ",
                "scope: ",
                "flag: ",
                "destination: ",
                "permit: [",
                "members: [",
                "category: ",
                "sensitivity: ",
                "effect: ",
            ];
            let is_register = file.name.starts_with("registers/");
            let known = lines(file);
            if is_register {
                None
            } else {
                in_line(known, &keys, |line, key| replaced(line, key, "nosuch_thing"))
            }
        }),
        ("no date", 20, |_, file| {
            in_line(lines(file), &["effective_from: ", "from: "], |line, key| {
                replaced(line, key, "2026-13-45")
            })
        }),
        ("the same twice", 40, |_, file| given_twice(file)),
        ("no statute", 38, |_, file| {
            with_rule(file, &["  - {id: X, title: t, reason: r., effect: block}".to_owned()], 1)
        }),
        ("no reason", 38, |_, file| {
            with_rule(file, &["  - {id: X, title: t, statute: s, effect: block}".to_owned()], 1)
        }),
        ("a contradiction", 38, |number, file| {
            let body = "when: {minor: true, not: {minor: true}}, effect: block";
            with_rule(file, &[rule(number, body)], 1)
        }),
        ("an end before the beginning", 38, |number, file| {
            let body = "in_force: {from: 2026-02-01, until: 2026-01-01}, effect: block";
            with_rule(file, &[rule(number, body)], 1)
        }),
        ("a rule in the shadow of another", 38, |number, file| {
            let rules = [
                rule(number, "when: {purpose: backup}, effect: block"),
                rule(1000 + number, "when: {purpose: backup, minor: true}, effect: block"),
            ];
            with_rule(file, &rules, 2)
        }),
        ("a time that is over", 38, |number, file| {
            let body = "in_force: {until: 2020-01-01}, when: {purpose: backup}, effect: block";
            with_rule(file, &[rule(number, body)], 1)
        }),
    ];
    let serving = shipped();
    let files: Vec<SourceFile> =
        shipped_files().into_iter().filter(|file| !file.name.starts_with("tests/")).collect();
    // Without categories nothing else is looked at, so a mistake in them comes alone.
    let (taxonomy, others): (Vec<usize>, Vec<usize>) =
        (0..files.len()).partition(|number| files[*number].name.starts_with("taxonomy/"));
    for (kind, least, make) in kinds {
        let mut count = 0;
        for part in [&taxonomy, &others] {
            let (files, places) =
                mistaken(
                    &files,
                    |number, file| {
                        if part.contains(&number) { make(number, file) } else { None }
                    },
                );
            if places.is_empty() {
                continue;
            }
            let told = complaints(None, &files);
            assert_eq!(told, complaints(Some(&serving), &files), "{kind}: in a reload");
            for place in &places {
                assert!(
                    told.iter().any(|it| {
                        it.strip_prefix(place.as_str())
                            .is_some_and(|rest| place.ends_with(':') || rest.starts_with(':'))
                    }),
                    "{kind}: nothing at {place}\n{}",
                    told.join("\n")
                );
            }
            count += places.len();
        }
        assert!(count >= least, "{kind} was put into {count} files only");
    }
}
