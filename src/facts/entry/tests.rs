use super::*;

fn read(json: &str) -> Result<Change, EntryError> {
    let now = "2026-11-26T10:00:00Z".parse().unwrap();
    EntryReader::new(SubjectKey::new(&[7; 32]), now).change(&serde_json::from_str(json).unwrap())
}

#[test]
fn a_subject_is_known_by_the_preferred_identifier_and_led_to_by_the_others() {
    let Change::Tell { who, .. } = read(
        r#"{"subject": {"phone": ["+1 2025550143", "+1 2025550144"], "account_id": 40001,
            "pseudonym": "000102030405060708090a0b0c0d0e0f"}}"#,
    )
    .unwrap() else {
        panic!()
    };
    let key = SubjectKey::new(&[7; 32]);
    let account = Identifier { kind: IdentifierKind::AccountId, value: "40001" };
    assert_eq!(who.len(), 4);
    assert_eq!(who[0].0[1], 1);
    assert_eq!(Some(who[1]), key.pseudonym(account));
}

#[test]
fn everything_that_can_be_told_is_read() {
    let Change::Tell { record, opt_ins, counted, .. } = read(
        r#"{"subject": {"account_id": "a"}, "consents": [{"scope": "new_purpose:statistics",
            "type": "separate_explicit", "destinations": ["SG"], "given_at": "2026-02-01",
            "evidence_ref": "https://consent.example/r/123456789012"}],
            "withdrawn": [{"scope": "purpose:direct_marketing"}, {"scope": "consent:new_purpose:statistics"}],
            "opt_outs": ["push"], "opt_ins": ["ip_sharing"], "settings": {"permission.sms": false}, "age": 12, "minor": true,
            "verified": null, "counted": [{"counter": "us_bulk.health", "recipient": "mi-dc-beijing",
            "on": "2026-03-02"}]}"#,
    )
    .unwrap() else {
        panic!()
    };
    assert_eq!(record.consents[0].scope, "new_purpose:statistics");
    assert_eq!(record.withdrawn[0].at, Some("2026-11-26T10:00:00Z".parse().unwrap()));
    assert_eq!(record.withdrawn[1].scope, "consent:new_purpose:statistics");
    assert_eq!(record.age.map(|age| age.years), Some(12));
    assert_eq!((record.minor, record.verified), (Some(true), None));
    assert_eq!(opt_ins, ["ip_sharing"]);
    assert_eq!(counted[0].scope.exporter, CountScope::DEFAULT_EXPORTER);
    assert_eq!(counted[0].day.date().to_string(), "2026-03-02");

    let removed = read(r#"{"remove_mechanism": "scc-1"}"#).unwrap();
    assert_eq!(removed, Change::RemoveMechanism { id: "scc-1".into() });
    let forgotten = read(r#"{"subject": {"email": "sana@example.pk"}, "forget": true}"#).unwrap();
    assert!(matches!(forgotten, Change::Forget { .. }));
    let mechanism =
        read(r#"{"mechanism": {"type": "eu_tia", "id": "tia-1", "supplementary_measures": true}}"#);
    assert!(matches!(mechanism, Ok(Change::Mechanism(_))), "{mechanism:?}");
}

/// One row per mistake: what is told names the place, and repeats nothing.
#[test]
fn what_is_wrong_is_told_by_its_place_and_never_repeated() {
    let who = r#""subject": {"account_id": "a"}"#;
    for (json, place) in [
        (r#"["sana@example.pk"]"#.to_owned(), "JSON object"),
        (r#"{"sana@example.pk": 1}"#.to_owned(), "`subject`"),
        (format!(r#"{{{who}, "sana@example.pk": 1}}"#), "`consents`"),
        (format!(r#"{{{who}, "mechanism": {{}}}}"#), "not one of"),
        (r#"{"subject": "sana@example.pk"}"#.to_owned(), "`subject`"),
        (r#"{"subject": {}}"#.to_owned(), "names nobody"),
        (r#"{"subject": {"mail": "sana@example.pk"}}"#.to_owned(), "`email`"),
        (r#"{"subject": {"phone": "sana"}}"#.to_owned(), "`subject.phone` has no digits"),
        (r#"{"subject": {"phone": " "}}"#.to_owned(), "`subject.phone` is empty"),
        (format!(r#"{{{who}, "consnets": []}}"#), "a member `consnets` that is none of"),
        (format!(r#"{{{who}, "consents": [{{"type": "explicit"}}]}}"#), "has no `scope`"),
        (r#"{"subject": {"pseudonym": "sana"}}"#.to_owned(), "`subject.pseudonym`"),
        (format!(r#"{{{who}, "consents": {{}}}}"#), "`consents` is not a list"),
        (
            format!(r#"{{{who}, "consents": [{{"scope": "service", "type": "sana"}}]}}"#),
            "its `type` is something else",
        ),
        (
            format!(
                r#"{{{who}, "consents": [{{"scope": "service", "type": "explicit", "destination": ["SG"]}}]}}"#
            ),
            "`consents[0]` has a member `destination` that a consent has not",
        ),
        (
            format!(
                r#"{{{who}, "consents": [{{"scope": "sana@example.pk", "type": "explicit"}}]}}"#
            ),
            "`consents[0]`",
        ),
        (
            format!(
                r#"{{{who}, "consents": [{{"scope": "s", "type": "explicit", "given_at": "sana"}}]}}"#
            ),
            "RFC 3339: its `given_at` is something else",
        ),
        (
            format!(
                r#"{{{who}, "consents": [{{"scope": "s", "type": "explicit", "evidence_ref": "sana@example.pk"}}]}}"#
            ),
            "reference",
        ),
        (format!(r#"{{{who}, "withdrawn": [{{"scope": "everything"}}]}}"#), "`withdrawn[0]`"),
        (format!(r#"{{{who}, "withdrawn": [{{"scope": "purpose:"}}]}}"#), "`withdrawn[0]`"),
        (format!(r#"{{{who}, "opt_outs": ["+923451112233"]}}"#), "`opt_outs[0]`"),
        (format!(r#"{{{who}, "settings": {{"cloud_sync": "sana"}}}}"#), "`settings`"),
        (format!(r#"{{{who}, "age": 1990}}"#), "`age`"),
        (format!(r#"{{{who}, "minor": "sana"}}"#), "`minor`"),
        (format!(r#"{{{who}, "forget": true, "minor": true}}"#), "`forget`"),
        (format!(r#"{{{who}, "counted": [{{"counter": "x"}}]}}"#), "`counted[0]`"),
        (r#"{"mechanism": {"type": "eu_scc"}}"#.to_owned(), "`mechanism`"),
        (
            r#"{"mechanism": {"type": "eu_scc", "id": "x", "destination": ["SG"]}}"#.to_owned(),
            "nearly `destinations`",
        ),
        (
            r#"{"mechanism": {"type": "eu_scc", "id": "x", "category": ["SG"]}}"#.to_owned(),
            "nearly `categories`",
        ),
        (
            r#"{"mechanism": {"type": "eu_scc", "id": "x", "valid_to": "2027-01-01"}}"#.to_owned(),
            "nearly `valid_until`",
        ),
    ] {
        let error = read(&json).unwrap_err();
        assert!(error.contains(place), "{json}: {error}");
        assert!(!error.contains("sana") && !error.contains("923451112233"), "{error}");
    }
}
