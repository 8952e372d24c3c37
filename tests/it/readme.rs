//! The README keeps its word: what it lists is what there is.

use std::{fs, path::Path};

use bordergate::telemetry::Metrics;

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
