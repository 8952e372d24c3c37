//! Explanations tell the truth, and every proposal holds.

use proptest::prelude::*;
use serde_json::Value;

use super::{
    properties::{any_data, any_transfer},
    trial::shipped_trial,
    *,
};
use crate::policy::{Bounds, Explainer, Explanation, Judged, PassTrace, People, Verdict};

fn explainer() -> &'static Explainer {
    static EXPLAINER: OnceLock<Explainer> = OnceLock::new();
    EXPLAINER.get_or_init(|| {
        let files: Vec<SourceFile> = rule_files()
            .into_iter()
            .filter(|file| {
                !["tests/", "taxonomy/", "detectors/"].iter().any(|it| file.name.starts_with(it))
            })
            .collect();
        Explainer::new(shipped(), &files, taxonomy())
    })
}

fn explain(transfer: &Transfer, people: &People, findings: &Findings) -> Explanation {
    let judged = Judged { transfer, people, findings, coverage: Coverage::Full, gaps: &[] };
    explainer().explain(shipped(), taxonomy(), &judged, Bounds::default(), &|| true)
}

fn explain_one(over: &Value, data: &[(&str, &str)]) -> Explanation {
    let data: Vec<(String, String)> =
        data.iter().map(|(at, what)| ((*at).to_owned(), (*what).to_owned())).collect();
    let transfer = transfer(over);
    explain(&transfer, &People::one(&transfer), &findings(&data))
}

fn words(explanation: &Explanation) -> Vec<Vec<&str>> {
    let proposals = explanation.lawful.proposals.iter();
    proposals.map(|it| it.needs.iter().map(|need| need.words.as_str()).collect()).collect()
}

/// The transfer with what a proposal asks for put into its JSON, as whoever reads the answer would do it.
fn with_facts(transfer: &Transfer, needs: &[&crate::policy::NeedTrace]) -> Option<Transfer> {
    fn put_in(target: &mut Value, facts: &Value) {
        match (target, facts) {
            (Value::Object(target), Value::Object(facts)) => {
                for (name, value) in facts {
                    put_in(target.entry(name).or_insert(Value::Null), value);
                }
            }
            (Value::Array(target), Value::Array(facts)) => target.extend(facts.iter().cloned()),
            (target, facts) => *target = facts.clone(),
        }
    }
    let mut json = serde_json::to_value(transfer).unwrap();
    for need in needs {
        if need.facts.is_null() && need.redact.is_empty() {
            return None;
        }
        if !need.facts.is_null() {
            put_in(&mut json, &need.facts);
        }
    }
    Some(serde_json::from_value(json).unwrap())
}

/// The findings without those a proposal takes out and what stands inside them.
fn without(findings: &Findings, needs: &[&crate::policy::NeedTrace]) -> Findings {
    let gone: Vec<&String> = needs.iter().flat_map(|need| &need.redact).collect();
    let is_gone = |finding: &Finding| {
        let at = findings.locator(finding);
        let inside = |outer: &str| at.strip_prefix(outer).is_some_and(|it| it.starts_with('/'));
        gone.iter().any(|it| **it == at || inside(it))
    };
    let mut places = crate::policy::recorded::Places::default();
    for finding in findings.items.iter().filter(|finding| !is_gone(finding)) {
        places.add(&findings.locator(finding), finding.tag, finding.marks);
    }
    places.findings
}

/// What is proposed, put on file, has the outcome that was promised, and not a part of it can be left out.
/// How many proposals could be put on file here.
fn every_proposal_holds(transfer: &Transfer, findings: &Findings, told: &Explanation) -> usize {
    let mut checked = 0;
    for proposal in &told.lawful.proposals {
        assert!(proposal.outcome < Effect::Block);
        let first: Vec<&crate::policy::NeedTrace> = proposal.needs.iter().collect();
        // Each alternative in its place, beside the first of the others.
        let choices = proposal.needs.iter().enumerate().flat_map(|(at, need)| {
            let first = &first;
            need.alternatives.iter().map(move |other| {
                let mut needs = first.clone();
                needs[at] = other;
                needs
            })
        });
        let choices: Vec<_> = std::iter::once(first.clone()).chain(choices).collect();
        let judge = |needs: &[&crate::policy::NeedTrace]| {
            let transfer = with_facts(transfer, needs)?;
            let findings = without(findings, needs);
            let decision = shipped().decide(&transfer, &findings, Coverage::Full, &[]);
            let redacted = redacted(&findings, &decision);
            let frees = proposal.frees.iter().all(|it| !redacted.contains(it));
            Some((decision.effect, redacted, frees))
        };
        for needs in choices {
            let Some((effect, redacted, frees)) = judge(&needs) else { continue };
            checked += 1;
            assert_eq!((effect, &redacted), (proposal.outcome, &proposal.redacted), "{needs:?}");
            assert!(frees, "{needs:?}");
            for left_out in 0..needs.len() {
                let mut fewer = needs.clone();
                fewer.remove(left_out);
                let (effect, _, frees) = judge(&fewer).unwrap();
                assert!(effect == Effect::Block || !frees, "{} can go: {needs:?}", left_out);
            }
        }
    }
    checked
}

/// Over every shipped row: what is said of each rule is what the decision says, and proposals hold.
#[test]
fn every_shipped_row_is_explained_truly_and_every_proposal_holds() {
    let set = shipped();
    let (mut blocked, mut proposals, mut checked) = (0, 0, 0);
    for (transfer, people, findings) in shipped_trial().whole_cases() {
        let decision = set.decide_each(transfer, people, findings, Coverage::Full, &[]);
        let told = explain(transfer, people, findings);
        assert_eq!(told.outcome, decision.effect);
        let passes: Vec<&PassTrace> = told.subjects.iter().flat_map(|it| &it.passes).collect();
        let mut said: Vec<&str> = passes
            .iter()
            .flat_map(|pass| &pass.rules)
            .filter(|rule| rule.verdict != Verdict::DoesNotApply)
            .map(|rule| rule.id.as_str())
            .collect();
        said.sort_unstable();
        said.dedup();
        let mut cited = ids(set, &decision);
        cited.sort_unstable();
        cited.dedup();
        assert_eq!(said, cited, "{transfer:?}");
        // Where a rule blocks, its conditions as written hold and its requirement does not; where it does
        // not apply, one of them fails.
        for rule in passes.iter().flat_map(|pass| &pass.rules).filter(|rule| rule.line > 0) {
            let applies = rule.applies.iter().all(|it| it.holds)
                && !rule.unless.as_ref().is_some_and(|it| it.holds);
            match rule.verdict {
                Verdict::Blocks => {
                    assert!(
                        applies && !rule.require.as_ref().is_some_and(|it| it.holds),
                        "{}",
                        rule.id
                    );
                }
                Verdict::DoesNotApply => assert!(!applies, "{} {:?}", rule.id, rule.applies),
                Verdict::Redacts
                | Verdict::Warns
                | Verdict::Lifted(_)
                | Verdict::Satisfied
                | Verdict::Allows
                | Verdict::Withholds
                | Verdict::Notes => assert!(applies, "{} {:?}", rule.id, rule.applies),
            }
        }
        if decision.effect == Effect::Block {
            blocked += 1;
            assert!(
                !told.lawful.proposals.is_empty()
                    || !told.lawful.obstacles.is_empty()
                    || !told.lawful.complete,
                "neither a way nor an obstacle: {transfer:?}"
            );
        }
        proposals += told.lawful.proposals.len();
        if people.people.len() == 1 {
            checked += every_proposal_holds(transfer, findings, &told);
        }
    }
    assert!(blocked > 50 && proposals > 100 && checked > 100, "{blocked} {proposals} {checked}");
}

#[test]
fn the_smallest_sets_come_first() {
    let told = explain_one(
        &json!({
            "origin": "IE", "destination": "US", "purpose": "customer_support",
            "recipient": {"class": "first_party_facility", "id": "mi-dc-us"},
        }),
        &[("/name", "name"), ("/email", "email")],
    );
    assert_eq!(told.blocked_by, ["JR-EU-03"]);
    let words = words(&told);
    assert!(words[0].len() == 1 && words[0][0].contains("`eu_us_dpf`"), "{words:?}");
    assert!(words[0][0].contains("naming this recipient"), "{words:?}");
    let both = words
        .iter()
        .any(|it| it.len() == 2 && it[0].contains("`eu_scc`") && it[1].contains("`eu_tia`"));
    assert!(both, "{words:?}");
    assert!(words.windows(2).all(|pair| pair[0].len() <= pair[1].len()), "{words:?}");
}

#[test]
fn a_scope_of_consent_is_called_by_its_own_title_and_not_by_that_of_an_opt_out() {
    let told = explain_one(&json!({"purpose": "direct_marketing"}), &[("/email", "email")]);
    assert_eq!(words(&told), [["explicit consent to `direct_marketing` (Direct marketing)"]]);
}

#[test]
fn a_rule_that_takes_nothing_is_not_said_to_redact() {
    let told = explain_one(
        &json!({
            "origin": "IE", "destination": "US", "purpose": "find_device",
            "recipient": {"class": "first_party_facility", "id": "mi-dc-us"},
            "subject": {"age": 12},
        }),
        &[("/location/lat", "precise_location"), ("/location/lon", "precise_location")],
    );
    let rules = told.subjects.iter().flat_map(|it| &it.passes).flat_map(|pass| &pass.rules);
    for rule in rules {
        assert_eq!(rule.verdict == Verdict::Redacts, !rule.fields.is_empty(), "{}", rule.id);
        if ["MI-06", "MI-11"].contains(&rule.id.as_str()) && rule.part.is_none() {
            assert_eq!(rule.verdict, Verdict::Satisfied, "{}", rule.id);
        }
    }
}

#[test]
fn what_can_be_put_on_file_comes_before_what_only_the_facts_can_make_true() {
    let told = explain_one(
        &json!({
            "origin": "CN", "destination": "US", "purpose": "order_fulfilment",
            "recipient": {"class": "first_party_facility", "id": "mi-dc-us"},
        }),
        &[("/name", "name"), ("/phone", "phone"), ("/address", "address")],
    );
    assert_eq!(told.blocked_by, ["JR-CN-03", "JR-CN-06", "JR-CN-07"]);
    assert!(told.lawful.complete);
    let is_claim = |need: &crate::policy::NeedTrace| need.words.starts_with("where it is so");
    let claims: Vec<bool> =
        told.lawful.proposals.iter().map(|it| it.needs.iter().any(is_claim)).collect();
    assert!(claims.is_sorted() && !claims[0], "{:?}", words(&told));
    // The lowest tier: few enough people, and none with sensitive data.
    let few = "counts on file: `cn_ytd_ordinary` (China, people whose ordinary data left, this calendar year) \
        at most 99999, and `cn_ytd_sensitive` (China, people whose sensitive data left, this calendar year) at most 0";
    let lowest = words(&told).into_iter().find(|needs| needs.contains(&few));
    assert!(lowest.is_some_and(|needs| needs.len() == 3), "{:?}", words(&told));
    // Grounds of one kind are alternatives of one proposal, each by its title.
    let grounds = told
        .lawful
        .proposals
        .iter()
        .flat_map(|it| &it.needs)
        .find(|need| need.words.contains("`contract_necessity`"))
        .unwrap();
    let others: Vec<&str> = grounds.alternatives.iter().map(|it| it.words.as_str()).collect();
    assert!(others.iter().any(|it| it.contains("`hr` (Staff management")), "{others:?}");
    // Four instruments for one tier, in words a person understands.
    let instruments = &told.lawful.proposals[0].needs;
    let contract =
        instruments.iter().find(|it| it.words.contains("`cn_standard_contract`")).unwrap();
    assert!(contract.words.ends_with(", with `filed`"), "{}", contract.words);
    assert_eq!(contract.alternatives.len(), 3);
    let text = serde_json::to_string(&told).unwrap();
    assert!(text.contains("without `filed`, not older than 10 working days"), "{text}");
    assert!(text.contains("the person's age is not stated") || !text.contains("not stated: "));
}

#[test]
fn what_a_lawful_way_leaves_redacted_is_answered_too() {
    let told = explain_one(
        &json!({"origin": "DE", "destination": "SG", "purpose": "customer_support"}),
        &[("/name", "name"), ("/health", "health")],
    );
    assert_eq!(told.outcome, Effect::Block);
    assert!(told.lawful.proposals.iter().all(|it| it.redacted == ["/health"]));
    let passing = told.passing.unwrap();
    assert!(passing.proposals.is_empty());
    assert_eq!(passing.obstacles[0].rule, "MI-06");
}

/// Turkish law takes a contract by either of two dates; one that has no date of signature is not counted from it.
#[test]
fn what_is_asked_of_a_record_does_not_contradict_itself() {
    let told = explain_one(
        &json!({"origin": "TR", "destination": "US", "purpose": "customer_support"}),
        &[("/name", "name")],
    );
    let needs = told.lawful.proposals.iter().flat_map(|it| &it.needs);
    let each = needs.flat_map(|need| std::iter::once(need).chain(&need.alternatives));
    let of_contract: Vec<&str> =
        each.map(|need| need.words.as_str()).filter(|it| it.contains("`tr_scc`")).collect();
    let is_one = |text: &&&str| text.contains("after `valid_from`");
    let undated = of_contract.iter().filter(is_one).collect::<Vec<_>>();
    assert!(
        matches!(undated.as_slice(), [one] if one.contains("`signed_at` empty")),
        "{undated:?}"
    );
    for text in &of_contract {
        let is_undated = text.contains("`signed_at` empty");
        assert!(!(is_undated && text.contains("after `signed_at`")), "{text}");
        assert!(!(is_undated && text.contains("`signed_at` at most")), "{text}");
    }
}

#[test]
fn a_prohibition_is_called_one() {
    for (over, rule) in [
        (
            json!({"purpose": "partner_marketing", "recipient": {"class": "business_partner", "id": "p"}}),
            "MI-44",
        ),
        (json!({"purpose": "data_sale"}), "MI-50"),
        (
            json!({
                "origin": "TW", "destination": "CN", "purpose": "customer_support",
                "exporter": {"sector": "telecom_licensee"},
            }),
            "JR-TW-01",
        ),
    ] {
        let told = explain_one(&over, &[("/name", "name")]);
        assert_eq!(told.outcome, Effect::Block);
        assert!(told.lawful.proposals.is_empty(), "{rule} {:?}", words(&told));
        let obstacle = told.lawful.obstacles.iter().find(|it| it.rule == rule);
        assert!(obstacle.is_some_and(|it| it.prohibition), "{rule} {:?}", told.lawful.obstacles);
        let consent = told.lawful.beyond_consent.iter().find(|it| it.rule == rule);
        assert!(consent.is_some_and(|it| it.lifted_by.is_empty()), "{rule}");
    }
}

/// A rule that stands in the way of several fields is told once, with all of them.
#[test]
fn what_stands_in_the_way_names_its_fields() {
    let told = explain_one(
        &json!({"origin": "IN", "purpose": "service_activation"}),
        &[("/birthday", "date_of_birth"), ("/health", "health")],
    );
    // Each field is taken by another rule, and one of them stands in the way of both.
    let by: Vec<&str> = told.redacted.iter().map(|it| it.rules[0].as_str()).collect();
    assert_eq!(by, ["MI-06", "JR-IN-02"]);
    let obstacles = &told.lawful.obstacles;
    let of_collection: Vec<_> = obstacles.iter().filter(|it| it.rule == "MI-06").collect();
    assert_eq!(of_collection.len(), 1, "{obstacles:?}");
    assert_eq!(of_collection[0].fields, ["/birthday", "/health"]);
}

#[test]
fn taking_fields_out_is_a_way_where_the_rule_is_about_them() {
    // Payment data of an operator stays in India, whatever is on file.
    let told = explain_one(
        &json!({
            "origin": "IN", "purpose": "order_fulfilment", "exporter": {"sector": "payment_system"},
        }),
        &[("/name", "name"), ("/card", "card")],
    );
    assert_eq!(told.blocked_by, ["JR-IN-04"]);
    assert_eq!(words(&told), [["redact /card"]]);
    assert_eq!(told.lawful.beyond_consent[0].lifted_by, ["redaction"]);
}

#[test]
fn consent_of_several_people_is_one_need() {
    let transfer = transfer(&json!({
        "origin": null, "destination": "SG", "purpose": "customer_support",
        "counters": {"cn_ytd_ordinary": 10},
        "mechanisms": [{"type": "cn_pipia", "id": "P"}],
    }));
    let data: Vec<(String, String)> =
        (0..4).map(|number| (format!("/people/{number}/phone"), "phone".to_owned())).collect();
    let mut places = crate::policy::recorded::Places::default();
    for (at, what) in &data {
        places.add(at, taxonomy().tag(what).unwrap(), Marks::default());
    }
    let findings = places.findings;
    let mut people = People::one(&transfer);
    people.of = vec![1, 2, 3, 4];
    for number in 0..4u32 {
        let record = format!("/people/{number}");
        let node = (0..)
            .zip(&findings.nodes)
            .map(|(at, _)| at)
            .find(|at| findings.node_locator(*at) == record);
        people.people.push(crate::policy::Person {
            record: node,
            // The last one lives in Pakistan, and nobody has to ask there.
            origins: vec![if number < 3 { "CN" } else { "PK" }.parse().unwrap()],
            ..Default::default()
        });
    }
    let told = explain(&transfer, &people, &findings);
    assert_eq!(told.blocked_by, ["JR-CN-06"], "{}", told.reason);
    let chinese = told.subjects.iter().find(|it| it.people == 3).unwrap();
    assert_eq!(chinese.records, ["/people/0", "/people/1", "/people/2"]);
    let words = words(&told);
    let wanted = "separate explicit consent to `cross_border` (Transfer abroad) naming SG and this recipient of 3 people";
    assert!(words.contains(&vec![wanted]), "{words:?}");
}

#[test]
fn redacted_fields_are_told_what_would_let_them_pass() {
    let told = explain_one(
        &json!({"origin": "CH", "destination": "DE", "purpose": "customer_support"}),
        &[("/name", "name"), ("/birthday", "date_of_birth")],
    );
    assert_eq!(
        told.outcome,
        Effect::Block,
        "Singapore and its neighbours are where the policy goes"
    );
    let told = explain_one(
        &json!({"purpose": "customer_support"}),
        &[("/name", "name"), ("/birthday", "date_of_birth")],
    );
    assert_eq!(told.outcome, Effect::Redact);
    assert!(told.lawful.proposals.is_empty());
    assert_eq!(told.lawful.obstacles[0].rule, "MI-06");
    assert_eq!(told.redacted[0].pointer, "/birthday");
}

#[test]
fn a_fact_is_told_with_why_it_does_not_count() {
    let told = explain_one(
        &json!({
            "origin": "IE", "destination": "CN", "purpose": "customer_support",
            "mechanisms": [
                {"type": "eu_scc", "id": "S-1", "valid_until": "2026-01-01"},
                {"type": "eu_scc", "id": "S-2", "recipients": ["another"]},
                {"type": "eu_tia", "id": "T-1"},
                {"type": "eu_bcr", "id": "B-1", "status": "revoked"},
            ],
        }),
        &[("/name", "name")],
    );
    let text = serde_json::to_string(&told).unwrap();
    for words in [
        "`S-1` expired at 2026-01-01T00:00:00Z",
        "`S-2` does not name the recipient",
        "`B-1` is revoked or suspended",
        "`T-1` lacks `supplementary_measures` `true`",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn the_search_ends_at_its_bounds_and_says_so() {
    let transfer =
        transfer(&json!({"origin": "IE", "destination": "CN", "purpose": "customer_support"}));
    let findings = findings(&[("/name".to_owned(), "name".to_owned())]);
    let people = People::one(&transfer);
    let judged = Judged {
        transfer: &transfer,
        people: &people,
        findings: &findings,
        coverage: Coverage::Full,
        gaps: &[],
    };
    let explain = |bounds, go_on: bool| {
        explainer().explain(shipped(), taxonomy(), &judged, bounds, &|| go_on).lawful
    };
    let all = explain(Bounds::default(), true);
    assert!(all.complete && all.proposals.len() > 1);
    let one = explain(Bounds { proposals: 1, ..Bounds::default() }, true);
    assert!(!one.complete && one.proposals.len() == 1);
    let none = explain(Bounds { decisions: 1, ..Bounds::default() }, true);
    assert!(!none.complete && none.proposals.is_empty());
    let stopped = explain(Bounds::default(), false);
    assert!(!stopped.complete && stopped.proposals.is_empty());
}

/// What a record leaves out is found again, as far as the rules tell.
#[test]
fn facts_that_explain_a_record_are_found() {
    let set = shipped();
    let bare: Transfer = serde_json::from_value(json!({
        "as_of": "2026-11-23T09:00:00Z", "origin": "IE", "destination": "US",
        "purpose": "customer_support", "recipient": {"class": "first_party_facility", "id": "dc-us"},
    }))
    .unwrap();
    let findings = findings(&[("/name".to_owned(), "name".to_owned())]);
    let complete = |effect, by: &[&str]| {
        let by: Vec<String> = by.iter().map(|it| (*it).to_owned()).collect();
        explainer().complete(set, &bare, &findings, Coverage::Full, effect, &by)
    };
    let (facts, assumed) = complete(Effect::Allow, &[]).unwrap();
    assert!(assumed);
    assert_eq!(set.decide(&facts, &findings, Coverage::Full, &[]).effect, Effect::Allow);
    // Blocked by the law alone: over TLS, then, which the record does not say.
    let (facts, assumed) = complete(Effect::Block, &["JR-EU-03"]).unwrap();
    assert!(assumed);
    assert_eq!(facts.transport, Some(Transport::Tls));
    let decision = set.decide(&facts, &findings, Coverage::Full, &[]);
    let by: Vec<&str> = decision.blocked_by.iter().map(|it| set.rule(*it).id.as_str()).collect();
    assert_eq!(by, ["JR-EU-03"]);
    // No facts make another country's law stop it.
    assert!(complete(Effect::Block, &["JR-JP-01"]).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_proposed_for_any_transfer_holds_and_nothing_of_it_can_go(
        over in any_transfer(), data in any_data(),
    ) {
        let (transfer, findings) = (transfer(&over), findings(&data));
        let told = explain(&transfer, &People::one(&transfer), &findings);
        let decision = shipped().decide(&transfer, &findings, Coverage::Full, &[]);
        prop_assert_eq!(told.outcome, decision.effect);
        every_proposal_holds(&transfer, &findings, &told);
        prop_assert!(
            decision.effect < Effect::Block
                || !told.lawful.proposals.is_empty()
                || !told.lawful.obstacles.is_empty()
                || !told.lawful.complete
        );
    }
}
