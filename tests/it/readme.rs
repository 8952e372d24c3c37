//! The README keeps its word: what it lists is what there is.

use std::{fs, path::Path};

use bordergate::telemetry::Metrics;

use crate::harness::{bordergate, bordergate_in, text};

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[test]
fn every_metric_is_described() {
    let readme = readme();
    for metric in Metrics::describe() {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let row = format!("| `{}` |", metric.name);
        let line = readme.lines().find(|line| line.starts_with(&row));
        let line = line.unwrap_or_else(|| panic!("`{}` is not in the README", metric.name));
        assert!(line.contains(&format!("| {} |", labels.join(", "))), "{line}");
        assert!(line.contains(metric.help), "{line}");
    }
}

#[test]
fn every_link_leads_to_a_file() {
    for part in readme().split("](").skip(1) {
        let target = part.split(')').next().unwrap();
        if !target.starts_with("http") {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
            assert!(path.exists(), "{target}");
        }
    }
}

/// The example at its beginning can be repeated with the files it shows.
#[test]
fn the_first_question_is_answered_as_it_says() {
    let readme = readme();
    let (_, rest) = readme.split_once("$ cat order.json transfer.json\n").unwrap();
    let mut lines = rest.lines();
    let folder = tempfile::tempdir().unwrap();
    for name in ["order.json", "transfer.json"] {
        fs::write(folder.path().join(name), lines.next().unwrap()).unwrap();
    }
    let run = |arguments: &[&str]| text(&bordergate_in(folder.path(), arguments, ""));
    let said = |command: &str| -> String {
        let (_, rest) = rest.split_once(&format!("$ {command}\n")).unwrap();
        rest.split("\n\n").next().unwrap().split("```").next().unwrap().to_owned()
    };
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let scan = "scan --format text order.json";
    let told = run(&scan.split(' ').collect::<Vec<_>>());
    assert_eq!(squeezed(&told), squeezed(&said(&format!("bordergate {scan}"))));
    let decide = "decide --context transfer.json order.json";
    let told = run(&decide.split(' ').collect::<Vec<_>>());
    // What is left out stands at `…`.
    let expected = said(&format!("bordergate {decide}"));
    let mut at = 0;
    for part in expected.split('…') {
        let part = squeezed(part.trim_matches([',', ' ', '\n']));
        let told = squeezed(&told).replace(", ", ",");
        let part = part.replace(", ", ",");
        let found = told.get(at..).and_then(|rest| rest.find(&part));
        at += found.unwrap_or_else(|| panic!("`{part}` is not in {told}")) + part.len();
    }
}

/// The rule that the language is taught by is one that is shipped.
#[test]
fn the_excerpt_of_a_rule_file_is_one() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let guide = fs::read_to_string(rules.join("README.md")).unwrap();
    let file = fs::read_to_string(rules.join("law/jp.yaml")).unwrap();
    let (_, rest) = guide.split_once("An excerpt of `law/jp.yaml`").unwrap();
    let (_, rest) = rest.split_once("```yaml\n").unwrap();
    let (excerpt, _) = rest.split_once("```").unwrap();
    let mut left = file.as_str();
    for part in excerpt.split("# …\n") {
        let (_, after) =
            left.split_once(part).unwrap_or_else(|| panic!("not in the file:\n{part}"));
        left = after;
    }
}

/// The numbers of the rule tests are those that the program prints.
#[test]
fn the_rule_tests_count_as_it_says() {
    let told = text(&bordergate(&["rules", "test"], ""));
    let readme = readme();
    for line in told.lines().filter(|line| line.starts_with("ok: ") || line.contains(" acted, ")) {
        let line = line.split(", in ").next().unwrap();
        assert!(readme.contains(line), "`{line}` is not in the README");
    }
    assert!(told.contains(" acted, ") && told.contains("ok: "), "{told}");
}

/// What the admin address serves is in the table.
#[test]
fn every_admin_path_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let served = fs::read_to_string(root.join("src/admin/openapi.json")).unwrap();
    let served: serde_json::Value = serde_json::from_str(&served).unwrap();
    let readme = readme();
    let (_, table) = readme.split_once("| on the admin address | |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    for path in served["paths"].as_object().unwrap().keys() {
        let is_listed =
            table.contains(&format!(" {path}`")) || table.contains(&format!("`{path}`"));
        assert!(is_listed, "`{path}` is not in the README");
    }
}
