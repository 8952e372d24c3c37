//! Identifiers told together: whatever forbids under one of them holds for all, in any order of tellings.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn scopes(store: &FactsStore, who: Pseudonym) -> BTreeSet<String> {
    let record = store.get(&[who]).unwrap().unwrap_or_default();
    record.withdrawn.into_iter().map(|withdrawal| withdrawal.scope).collect()
}

fn change(store: &FactsStore, change: Change) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.change(vec![change])).unwrap();
}

fn withdrawal(scope: &str) -> serde_json::Value {
    serde_json::json!({"withdrawn": [{"scope": scope}]})
}

fn nothing() -> serde_json::Value {
    serde_json::json!({})
}

#[test]
fn an_identifier_that_led_to_another_brings_what_was_withdrawn() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let (one, two, three) = (account("1"), phone("+92 345 0000190"), account("2"));
    change(&store, tell(&[one, three], nothing()));
    change(&store, tell(&[three], withdrawal("all")));
    change(&store, tell(&[two, three], nothing()));
    for who in [one, two, three] {
        assert_eq!(scopes(&store, who).len(), 1, "{who}");
    }
    // Also what is withdrawn afterwards, under whichever.
    for (who, scope) in [(one, "purpose:a"), (two, "purpose:b"), (three, "purpose:c")] {
        change(&store, tell(&[who], withdrawal(scope)));
    }
    for who in [one, two, three] {
        assert_eq!(scopes(&store, who).len(), 4, "{who}");
    }
}

#[test]
fn an_identifier_that_passes_on_brings_no_consent() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let (ana, ben, number) = (account("ana"), account("ben"), phone("+1 2025550143"));
    let agreed =
        serde_json::json!({"consents": [{"scope": "a", "type": "explicit"}], "minor": false});
    change(&store, tell(&[ana, number], agreed));
    change(&store, tell(&[ben, number], nothing()));
    let of = |who| store.get(&[who]).unwrap().unwrap_or_default();
    assert_eq!((of(ana).consents.len(), of(ana).minor), (1, Some(false)));
    assert_eq!((of(number).consents.len(), of(number).minor), (0, None));
    // They are two people still.
    change(&store, tell(&[ben], serde_json::json!({"minor": true, "settings": {"push": false}})));
    assert_eq!(
        store.lookup_blocking(&[], &[query("cn_ytd_ordinary", 0, &[ana, ben])]).unwrap().counts[0]
            .after,
        2
    );
    assert_eq!(of(ana).minor, Some(true));
    // Switched off by him, and on again.
    assert!(!of(ana).settings["push"]);
    change(&store, tell(&[ben], serde_json::json!({"settings": {"push": true}})));
    assert!(of(ben).settings["push"] && of(ana).settings.is_empty());
    // Forgotten, nothing is on file of her.
    change(&store, Change::Forget { who: vec![ana] });
    assert_eq!(store.get(&[ana]).unwrap(), None);
    assert_eq!(of(ben).minor, Some(true));
}

#[test]
fn a_child_stays_a_child_when_records_are_joined() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let (account, phone) = (account("90201"), phone("+92 345 0000201"));
    let aged = |years: u32, minor: bool| serde_json::json!({"minor": minor, "age": {"years": years, "on": "2026-01-01"}});
    change(&store, tell(&[phone], aged(40, false)));
    change(&store, tell(&[account], aged(9, true)));
    change(&store, tell(&[account, phone], serde_json::json!({"verified": true})));
    for who in [account, phone] {
        let record = store.get(&[who]).unwrap().unwrap();
        assert_eq!((record.minor, record.age.map(|age| age.years)), (Some(true), Some(9)));
    }
}

#[test]
fn circles_go_out_and_come_in_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let (ana, ben, number) = (account("ana"), account("ben"), phone("+1 2025550143"));
    change(&store, tell(&[ana, number], withdrawal("all")));
    change(&store, tell(&[ben, number], nothing()));
    let copy = open(&directory.path().join("copy.redb"));
    let reader = EntryReader::new(key(), "2026-11-23".parse().unwrap());
    let mut entries = Vec::new();
    store
        .export(false, &mut |entry| {
            entries.push(reader.change(&entry).unwrap());
            true
        })
        .unwrap();
    for entry in entries {
        change(&copy, entry);
    }
    change(&copy, tell(&[ana], withdrawal("purpose:later")));
    for who in [ana, ben, number] {
        assert_eq!(scopes(&copy, who).len(), 2, "{who}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever was withdrawn under any identifier of a group holds for each identifier of that group, and so does
    /// that somebody in it is a child.
    #[test]
    fn nothing_that_forbids_is_lost_in_any_order(
        tellings in proptest::collection::vec(
            (proptest::collection::vec(0usize..7, 1..4), any::<bool>(), any::<bool>()), 1..14,
        ),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let store = open(&directory.path().join("facts.redb"));
        let identifiers: Vec<_> = (0..7).map(|number| account(&number.to_string())).collect();
        let mut group: Vec<usize> = (0..7).collect();
        let mut withdrawn: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let mut minors = BTreeSet::new();
        for (number, (who, withdraws, minor)) in tellings.into_iter().enumerate() {
            let mut json = nothing();
            if withdraws {
                let scope = format!("purpose:p{number}");
                json["withdrawn"] = withdrawal(&scope)["withdrawn"].clone();
                withdrawn.entry(who[0]).or_default().insert(scope);
            }
            if minor {
                json["minor"] = true.into();
                minors.insert(who[0]);
            }
            let named: Vec<_> = who.iter().map(|number| identifiers[*number]).collect();
            change(&store, tell(&named, json));
            for other in &who {
                let (from, to) = (group[*other], group[who[0]]);
                group.iter_mut().filter(|of| **of == from).for_each(|of| *of = to);
            }
        }
        for (number, who) in identifiers.iter().enumerate() {
            let together = |other: &usize| group[*other] == group[number];
            let expected: BTreeSet<_> = withdrawn
                .iter()
                .filter(|(other, _)| together(other))
                .flat_map(|(_, scopes)| scopes.clone())
                .collect();
            prop_assert_eq!(scopes(&store, *who), expected);
            let minor = store.get(&[*who]).unwrap().and_then(|record| record.minor);
            prop_assert_eq!(minor == Some(true), minors.iter().any(together));
        }
    }
}
