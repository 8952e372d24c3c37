//! The store as a whole, on real files and on a disk that fails when told to.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{writer::Writer, *};
use crate::{policy::Timestamp, telemetry::Metrics};

mod crowd;
mod joining;
mod trouble;

fn key() -> SubjectKey {
    SubjectKey::new(&[7; 32])
}

fn settings(path: &Path) -> FactsSettings {
    FactsSettings { path: path.to_owned(), key: key(), cache_bytes: 16 << 20 }
}

fn open(path: &Path) -> FactsStore {
    FactsStore::open(settings(path), Metrics::new().unwrap().facts()).unwrap()
}

fn account(name: &str) -> Pseudonym {
    key().pseudonym(Identifier { kind: IdentifierKind::AccountId, value: name }).unwrap()
}

fn phone(number: &str) -> Pseudonym {
    key().pseudonym(Identifier { kind: IdentifierKind::Phone, value: number }).unwrap()
}

fn record(json: serde_json::Value) -> SubjectRecord {
    serde_json::from_value(json).unwrap()
}

fn tell(who: &[Pseudonym], json: serde_json::Value) -> Change {
    Change::Tell {
        who: who.to_vec(),
        record: Box::new(record(json)),
        opt_ins: Vec::new(),
        counted: Vec::new(),
    }
}

/// Day `number` of a stretch of days whose 400th is today; what is older the store forgets.
fn day(number: u16) -> Day {
    Day(Day::today().0 - 400 + number)
}

fn scope(counter: &str) -> CountScope {
    CountScope { counter: counter.to_owned(), exporter: "shop".to_owned(), recipient: None }
}

fn query(counter: &str, since: u16, subjects: &[Pseudonym]) -> CountQuery {
    let subjects = subjects.iter().map(|subject| vec![*subject]).collect();
    CountQuery { scope: scope(counter), since: day(since), subjects }
}

fn reserve(number: u64, today: u16, at_most: Option<u64>, subjects: &[Pseudonym]) -> Reserve {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let increment =
        Increment { query: query("cn_ytd_ordinary", 0, subjects), today: day(today), at_most };
    Reserve { exchange: ExchangeId(id), increments: vec![increment] }
}

fn held(before: u64, after: u64) -> Reservation {
    Reservation::Held { counts: vec![Count { before, after }] }
}

/// Waits for what the writer does in its own time.
fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test]
async fn what_is_acknowledged_governs_the_next_lookup_and_outlives_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    let store = open(&path);
    assert!(store.health().available);
    let ana = [account("ana"), phone("+92 345 1112233")];
    let consent = serde_json::json!({"scope": "cross_border", "type": "separate_explicit", "given_at": "2026-01-01"});
    store.change(vec![tell(&ana, serde_json::json!({"consents": [consent]}))]).await.unwrap();
    store
        .change(vec![tell(
            &ana[1..],
            serde_json::json!({"withdrawn": [{"scope": "all", "at": "2026-02-01"}]}),
        )])
        .await
        .unwrap();
    // Told under the number, asked for by the account.
    let check = async |store: &FactsStore| {
        let found = store.lookup(&[vec![ana[0]], vec![account("ben")]], &[]).await.unwrap();
        let ana = found.subjects[0].clone().unwrap();
        assert_eq!((ana.consents.len(), ana.withdrawn.len()), (1, 1));
        assert_eq!(found.subjects[1], None);
        ana.subject("2026-03-01".parse::<Timestamp>().unwrap())
    };
    assert_eq!(check(&store).await.withdrawn[0].scope, "all");
    drop(store);
    check(&open(&path)).await;
}

#[tokio::test]
async fn a_message_that_names_two_people_as_one_gets_the_stricter() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let service = serde_json::json!({"consents": [{"scope": "service", "type": "explicit"}]});
    let out = serde_json::json!({
        "consents": [{"scope": "cross_border", "type": "explicit"}], "opt_outs": ["push"],
    });
    store
        .change(vec![tell(&[account("ana")], service), tell(&[phone("+1 2025550143")], out)])
        .await
        .unwrap();
    let both = vec![account("ana"), phone("+1 2025550143")];
    let found = store.lookup(&[both], &[]).await.unwrap().subjects[0].clone().unwrap();
    assert_eq!(found.consents.len(), 1);
    assert_eq!(found.consents[0].scope, "service");
    assert!(found.opt_outs.contains("push"));
}

#[tokio::test]
async fn identifiers_can_be_joined_moved_on_and_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let (ana, ben, number) = (account("ana"), account("ben"), phone("+1 2025550143"));
    let opt_out = |name: &str| serde_json::json!({ "opt_outs": [name] });
    let opted_out = |who: Pseudonym| {
        let record = store.get(&[who]).unwrap().unwrap_or_default();
        record.opt_outs.into_iter().collect::<Vec<_>>()
    };
    store.change(vec![tell(&[number], opt_out("push"))]).await.unwrap();
    // The number turns out to be Ana's: what stood under it is hers.
    store.change(vec![tell(&[ana, number], opt_out("ip_sharing"))]).await.unwrap();
    assert_eq!(opted_out(ana), ["ip_sharing", "push"]);
    assert_eq!(opted_out(number), ["ip_sharing", "push"]);
    // Ana's account is joined to another; the number still leads to her.
    let new = account("ana-2");
    store.change(vec![tell(&[new, ana], opt_out("interest_ads"))]).await.unwrap();
    assert_eq!(opted_out(number), ["interest_ads", "ip_sharing", "push"]);
    // Ben gets the number; she keeps what she forbade, and it holds for the number still.
    store.change(vec![tell(&[ben, number], serde_json::json!({}))]).await.unwrap();
    assert_eq!(opted_out(number).len(), 3);
    assert_eq!(opted_out(ana).len(), 3);
    let opt_in = Change::Tell {
        who: vec![ana],
        record: Box::default(),
        opt_ins: vec!["push".into()],
        counted: Vec::new(),
    };
    store.change(vec![opt_in]).await.unwrap();
    assert_eq!(opted_out(new), ["interest_ads", "ip_sharing"]);
    store.change(vec![Change::Forget { who: vec![new] }]).await.unwrap();
    assert_eq!(store.get(&[ana]).unwrap(), None);
}

#[tokio::test]
async fn a_mechanism_is_on_file_until_it_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    let store = open(&path);
    let scc = |until: &str| {
        let json =
            serde_json::json!({"type": "eu_scc", "id": "scc-1", "valid_until": until, "module": 2});
        Change::Mechanism(Box::new(serde_json::from_value(json).unwrap()))
    };
    store.change(vec![scc("2026-01-01"), scc("2027-01-01")]).await.unwrap();
    drop(store);
    let store = open(&path);
    let found = store.lookup(&[], &[]).await.unwrap().mechanisms;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].valid_until, Some("2027-01-01".parse().unwrap()));
    assert_eq!(found[0].other["module"], 2);
    let applied = store.change(vec![Change::RemoveMechanism { id: "scc-1".into() }]).await.unwrap();
    assert_eq!(applied.mechanisms, 1);
    assert!(store.mechanisms().unwrap().is_empty());
}

#[tokio::test]
async fn a_count_is_of_people_and_includes_those_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let (ana, ben) = (account("ana"), account("ben"));
    let count = async |subjects: &[Pseudonym]| {
        let found = store.lookup(&[], &[query("cn_ytd_ordinary", 0, subjects)]).await.unwrap();
        (found.counts[0].before, found.counts[0].after)
    };
    assert_eq!(count(&[ana, ben, ana]).await, (0, 2));
    // Looking does not count.
    assert_eq!(count(&[ana]).await, (0, 1));
    assert_eq!(store.reserve(reserve(1, 10, None, &[ana, ana])).await.unwrap(), held(0, 1));
    assert_eq!(count(&[ana]).await, (1, 1));
    assert_eq!(count(&[ana, ben]).await, (1, 2));
    // The same transfer again is the same transfer.
    assert_eq!(store.reserve(reserve(1, 10, None, &[ana])).await.unwrap(), held(0, 1));
    store.settle(ExchangeId(reserve(1, 10, None, &[]).exchange.0), Settlement::Sent);
    assert_eq!(store.reserve(reserve(1, 10, None, &[ana])).await.unwrap(), held(1, 1));
    // Another counter, exporter or recipient is another count.
    let mut elsewhere = query("cn_ytd_ordinary", 0, &[ana]);
    elsewhere.scope.recipient = Some("mi-dc-us".into());
    let found =
        store.lookup(&[], &[elsewhere, query("cn_ytd_sensitive", 0, &[ana])]).await.unwrap();
    assert_eq!(found.counts, [Count { before: 0, after: 1 }; 2]);
}

#[tokio::test]
async fn another_identifier_of_somebody_counted_counts_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let (ana, number) = (account("ana"), phone("+1 2025550143"));
    store.change(vec![tell(&[ana, number], serde_json::json!({}))]).await.unwrap();
    assert_eq!(store.reserve(reserve(1, 10, None, &[ana])).await.unwrap(), held(0, 1));
    assert_eq!(store.reserve(reserve(2, 10, None, &[number])).await.unwrap(), held(1, 1));
}

#[tokio::test]
async fn what_was_not_sent_is_not_counted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    let store = open(&path);
    let (ana, ben) = (account("ana"), account("ben"));
    let size = async || {
        store.lookup(&[], &[query("cn_ytd_ordinary", 0, &[])]).await.unwrap().counts[0].before
    };
    let id = |number| reserve(number, 0, None, &[]).exchange;
    store.reserve(reserve(1, 10, None, &[ana, ben])).await.unwrap();
    store.reserve(reserve(2, 10, None, &[ben])).await.unwrap();
    assert_eq!(size().await, 2);
    store.settle(id(1), Settlement::NotSent);
    // The second counts Ben still.
    assert_eq!(store.reserve(reserve(3, 10, None, &[ana])).await.unwrap(), held(1, 2));
    store.settle(id(3), Settlement::NotSent);
    store.settle(id(2), Settlement::Sent);
    store.settle(id(2), Settlement::NotSent);
    assert_eq!(store.reserve(reserve(4, 10, None, &[])).await.unwrap(), held(1, 1));
    // What is not settled when the process ends counts as sent.
    store.reserve(reserve(5, 10, None, &[ana])).await.unwrap();
    drop(store);
    let store = open(&path);
    assert_eq!(store.reserve(reserve(6, 10, None, &[])).await.unwrap(), held(2, 2));
}

#[tokio::test]
async fn nobody_is_counted_past_what_was_decided_for() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let people: Vec<_> = (0..4).map(|number| account(&number.to_string())).collect();
    assert_eq!(store.reserve(reserve(1, 10, Some(2), &people[..2])).await.unwrap(), held(0, 2));
    let refused = Reservation::Refused { counts: vec![Count { before: 2, after: 3 }] };
    assert_eq!(store.reserve(reserve(2, 10, Some(2), &people[2..3])).await.unwrap(), refused);
    // All or none: the other counter of the same transfer has not moved either.
    let mut both = reserve(3, 10, Some(2), &people[2..3]);
    both.increments.insert(
        0,
        Increment {
            query: query("cn_ytd_sensitive", 0, &people[2..3]),
            today: day(10),
            at_most: None,
        },
    );
    assert!(matches!(store.reserve(both).await.unwrap(), Reservation::Refused { .. }));
    let found = store.lookup(&[], &[query("cn_ytd_sensitive", 0, &[])]).await.unwrap();
    assert_eq!(found.counts[0].before, 0);
    // Somebody counted already fits, and so does whoever decides anew.
    assert_eq!(store.reserve(reserve(4, 10, Some(2), &people[..1])).await.unwrap(), held(2, 2));
    assert_eq!(store.reserve(reserve(2, 10, Some(9), &people[2..3])).await.unwrap(), held(2, 3));
}

/// One set serves every window: 28 CFR 202.205 looks back twelve months, CAC Order 16 to 1 January.
#[tokio::test]
async fn a_window_moves_over_the_days_people_were_last_counted_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let (ana, ben, eve) = (account("ana"), account("ben"), account("eve"));
    for (number, day, who) in [(1, 100, ana), (2, 200, ben), (3, 300, ana), (4, 150, eve)] {
        store.reserve(reserve(number, day, None, &[who])).await.unwrap();
        store.settle(reserve(number, day, None, &[]).exchange, Settlement::Sent);
    }
    for (since, who, count) in [
        (0, &[][..], (3, 3)),
        (150, &[], (3, 3)),
        (151, &[], (2, 2)),
        (151, &[eve], (2, 3)),
        (201, &[], (1, 1)),
        (201, &[ana], (1, 1)),
        (300, &[], (1, 1)),
        (301, &[ana, ben], (0, 2)),
    ] {
        let found = store.lookup(&[], &[query("cn_ytd_ordinary", since, who)]).await.unwrap();
        assert_eq!((found.counts[0].before, found.counts[0].after), count, "{since}");
    }
    // A release gives back the day before, not nothing.
    store.reserve(reserve(5, 400, None, &[ben])).await.unwrap();
    store.settle(reserve(5, 0, None, &[]).exchange, Settlement::NotSent);
    store.reserve(reserve(6, 400, None, &[])).await.unwrap();
    let found = store.lookup(&[], &[query("cn_ytd_ordinary", 151, &[])]).await.unwrap();
    assert_eq!(found.counts[0].before, 2);
}

/// What is forgotten stays forgotten, so a clock that is ahead for a while has nobody forgotten: a count errs high.
#[tokio::test]
async fn a_clock_that_is_ahead_for_a_while_has_nobody_forgotten() {
    const PURGE_TIME: Duration = Duration::from_millis(5);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts.redb");
    let open_on = |today: Day| {
        let metrics = Metrics::new().unwrap().facts();
        let writer = |shared| Writer::new(settings(&path), shared);
        FactsStore::start(metrics, |shared| {
            writer(shared).with_clock(Box::new(move || today), PURGE_TIME)
        })
        .unwrap()
    };
    let counted = |store: &FactsStore| {
        let mut counted = 0;
        let each = &mut |_: &CountScope, _, _| {
            counted += 1;
            true
        };
        store.each_counted(each).unwrap();
        counted
    };
    let store = open_on(day(400));
    let people = [account("ana"), account("ben"), account("eve")];
    store.reserve(reserve(1, 400, None, &people)).await.unwrap();
    drop(store);

    // 100,000,000 seconds ahead, for as long as it takes to look for what is old a few times.
    let (ahead, now) = (1_557, day(1_557));
    let store = open_on(now);
    for number in 2..6 {
        store.reserve(reserve(number, ahead, None, &people[..1])).await.unwrap();
        std::thread::sleep(3 * PURGE_TIME);
    }
    assert_eq!(counted(&store), 3);
    drop(store);
    let store = open_on(day(401));
    let found = store.lookup(&[], &[query("cn_ytd_ordinary", 36, &[account("p4")])]).await.unwrap();
    assert_eq!(found.counts, [Count { before: 3, after: 4 }]);
    drop(store);

    // In its time, what no window reaches any more is forgotten.
    let store = open_on(day(850));
    until("those of day 400 are forgotten", || counted(&store) == 1);
}

/// Transfers counted before there was a store, told by day.
#[tokio::test]
async fn counts_can_be_told() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let counted = |number| Counted { scope: scope("cn_ytd_ordinary"), day: day(number) };
    let told = |who: &str, days: &[u16]| Change::Tell {
        who: vec![account(who)],
        record: Box::default(),
        opt_ins: Vec::new(),
        counted: days.iter().map(|day| counted(*day)).collect(),
    };
    store
        .change(vec![told("ana", &[300, 20]), told("ben", &[20]), told("ana", &[20])])
        .await
        .unwrap();
    for (since, count) in [(0, 2), (21, 1), (301, 0)] {
        let found = store.lookup(&[], &[query("cn_ytd_ordinary", since, &[])]).await.unwrap();
        assert_eq!(found.counts[0].before, count, "{since}");
    }
    let mut rows = Vec::new();
    store
        .each_counted(&mut |scope, who, day| {
            rows.push((scope.counter.clone(), who, day));
            true
        })
        .unwrap();
    rows.sort();
    let mut expected = vec![
        ("cn_ytd_ordinary".to_owned(), account("ana"), day(300)),
        ("cn_ytd_ordinary".to_owned(), account("ben"), day(20)),
    ];
    expected.sort();
    assert_eq!(rows, expected);
}
