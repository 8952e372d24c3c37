//! Whom a transfer adds to which count.

use serde_json::{Value, json};

use super::{findings, shipped, transfer};
use crate::{
    domain::Coverage,
    policy::{Counted, CounterWindow, People, Period, Timestamp},
};

/// Names of the counters the main subject is added to.
fn counted(over: &Value, tags: &[&str]) -> Vec<String> {
    let data: Vec<(String, String)> =
        tags.iter().map(|tag| (format!("/{tag}"), (*tag).to_owned())).collect();
    let (set, transfer) = (shipped(), transfer(over));
    let counts = set.counts(&transfer, &People::one(&transfer), &findings(&data), Coverage::Full);
    counts.iter().map(|count| set.counters()[count.counter].name.clone()).collect()
}

#[test]
fn the_law_says_whom_it_counts() {
    let concern = json!({"class": "first_party_facility", "id": "x", "covered_person": true});
    #[rustfmt::skip] // A row is a line.
    let rows: &[(Value, &[&str], &[&str])] = &[
        (json!({"origin": "CN"}), &["name"], &["cn_ytd_ordinary"]),
        (json!({"origin": "CN"}), &["name", "face"], &["cn_ytd_ordinary", "cn_ytd_sensitive"]),
        (json!({"origin": "CN", "subject": {"age": 13}}), &["name"], &["cn_ytd_ordinary", "cn_ytd_sensitive"]),
        (json!({"origin": "CN", "cn_exempt": {"ground": "hr"}}), &["name", "face"], &[]),
        (json!({"origin": "CN", "destination": "CN"}), &["name"], &[]),
        (json!({"origin": "CN", "destination": "CN", "remote_access_from": ["SG"]}), &["name"], &["cn_ytd_ordinary"]),
        (json!({"origin": "CN"}), &["device_model"], &[]),
        (json!({"origin": "PK"}), &["name", "face"], &[]),
        (json!({"origin": "US", "destination": "CN"}), &["name", "imei"], &["us_bulk.identifiers"]),
        (json!({"origin": "US", "destination": "CN"}), &["name", "phone"], &[]),
        (json!({"origin": "US", "destination": "CN", "anonymised": true}), &["precise_location"], &["us_bulk.geolocation"]),
        (json!({"origin": "US", "destination": "US", "recipient": concern}), &["health"], &["us_bulk.health"]),
        (json!({"origin": "US", "destination": "US"}), &["health"], &[]),
        (json!({"origin": "US", "destination": "CN", "us_exempt": {"ground": "telecom"}}), &["health"], &[]),
    ];
    for (over, tags, expected) in rows {
        assert_eq!(counted(over, tags), *expected, "{over} {tags:?}");
    }
}

#[test]
fn a_count_has_a_window_and_a_scope() {
    let counter = |name: &str| shipped().counters().iter().find(|it| it.name == name).unwrap();
    let (china, places) = (counter("cn_ytd_ordinary"), counter("us_bulk.geolocation"));
    assert_eq!((china.of, china.per_recipient), (Counted::Person, false));
    assert_eq!((places.of, places.per_recipient), (Counted::Device, true));
    assert_eq!(places.window, CounterWindow::Last(Period::Months(12)));
    for (window, now, start) in [
        // The year begins at midnight in Shanghai, 16:00 UTC of the day before.
        (china.window, "2026-11-23T09:00:00Z", "2025-12-31T16:00:00Z"),
        (china.window, "2026-12-31T15:59:59Z", "2025-12-31T16:00:00Z"),
        (china.window, "2026-12-31T16:00:00Z", "2026-12-31T16:00:00Z"),
        (places.window, "2026-11-23T09:00:00Z", "2025-11-23T09:00:00Z"),
        (places.window, "2024-02-29T00:00:00Z", "2023-02-28T00:00:00Z"),
    ] {
        let (now, start): (Timestamp, Timestamp) = (now.parse().unwrap(), start.parse().unwrap());
        assert_eq!(window.start(now), start, "{now}");
    }
}
