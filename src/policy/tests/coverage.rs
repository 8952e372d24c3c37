//! `rules/COVERAGE.md` tells the truth.

use std::collections::{BTreeMap, BTreeSet};

use super::shipped;

/// Obligations of the policy and rules of law, by prefix and count.
const OBLIGATIONS: [(&str, u32); 28] = [
    ("MI", 85),
    ("JR-00", 10),
    ("JR-PK", 4),
    ("JR-IN", 6),
    ("JR-CN", 12),
    ("JR-SG", 4),
    ("JR-US", 14),
    ("JR-EU", 9),
    ("JR-GB", 4),
    ("JR-CH", 3),
    ("JR-RU", 4),
    ("JR-ID", 3),
    ("JR-VN", 5),
    ("JR-BR", 3),
    ("JR-JP", 3),
    ("JR-KR", 4),
    ("JR-TR", 3),
    ("JR-SA", 3),
    ("JR-AE", 3),
    ("JR-TH", 2),
    ("JR-MY", 2),
    ("JR-PH", 2),
    ("JR-MX", 2),
    ("JR-ZA", 2),
    ("JR-NG", 2),
    ("JR-EG", 2),
    ("JR-HK", 3),
    ("JR-TW", 2),
];

#[test]
fn every_obligation_has_its_rule_or_its_reason() {
    let mut table: BTreeMap<String, String> = BTreeMap::new();
    for line in include_str!("../../../rules/COVERAGE.md").lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, id, file, words, _] = cells.as_slice()
            && (id.starts_with("MI-") || id.starts_with("JR-"))
        {
            assert!(!words.is_empty(), "{id} has no words");
            let twice = table.insert((*id).to_owned(), file.trim_matches('`').to_owned());
            assert!(twice.is_none(), "{id} stands twice");
        }
    }
    let mut rules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, rule) in shipped().rules() {
        rules.entry(rule.id.clone()).or_default().insert(rule.file.clone());
    }
    for (prefix, count) in OBLIGATIONS {
        for number in 1..=count {
            let id = format!("{prefix}-{number:02}");
            let file = table.remove(&id).unwrap_or_else(|| panic!("{id} is not in the table"));
            match rules.remove(&id) {
                Some(files) => assert_eq!(files, BTreeSet::from([file]), "{id}"),
                None => assert_eq!(file, "–", "{id} has no rule"),
            }
        }
    }
    assert!(table.is_empty(), "not obligations: {table:?}");
    let others: Vec<&String> =
        rules.keys().filter(|id| id.starts_with("MI-") || id.starts_with("JR-")).collect();
    assert!(others.is_empty(), "rules without an obligation: {others:?}");
}
