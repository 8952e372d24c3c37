//! libphonenumber's example of a mobile number, for every region it knows.

use std::collections::BTreeMap;

use crate::{found, text};

/// Region, calling code, national number.
fn examples() -> Vec<(String, String, String)> {
    let numbers: BTreeMap<String, String> = serde_json::from_str(&text("phones.json")).unwrap();
    let plans: serde_json::Value = serde_json::from_str(&text("phone-plans.json")).unwrap();
    let codes = plans["country_calling_codes"].as_object().unwrap();
    let examples: Vec<_> = codes
        .iter()
        .flat_map(|(code, regions)| {
            let regions = regions.as_array().unwrap().iter().filter_map(|region| region.as_str());
            regions.map(move |region| (region.to_owned(), code.clone()))
        })
        .filter_map(|(region, code)| {
            let number = numbers.get(&region)?.clone();
            Some((region, code, number))
        })
        .collect();
    assert!(examples.len() > 220, "{}", examples.len());
    examples
}

/// Plans that are too new or too short to be told from any other digits; and Kazakhstan's example,
/// 771 000 9998, which passes for a made-up number.
const UNKNOWN: &[&str] = &["KZ", "PM", "TA"];

fn missed(body: impl Fn(&str, &str) -> (&'static str, String)) -> Vec<String> {
    examples()
        .into_iter()
        .filter(|(region, ..)| !UNKNOWN.contains(&region.as_str()))
        .filter(|(_, code, number)| {
            let (media_type, body) = body(code, number);
            !found(media_type, body.as_bytes()).iter().any(|found| found == "phone")
        })
        .map(|(region, code, number)| format!("{region} +{code} {number}"))
        .collect()
}

#[test]
fn every_number_is_found_under_its_name() {
    let missed =
        missed(|code, number| ("application/json", format!("{{\"phone\":\"+{code}{number}\"}}")));
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn every_number_is_found_in_prose() {
    let missed = missed(|code, number| {
        ("text/plain; charset=utf-8", format!("Please call me on +{code} {number} before noon."))
    });
    assert!(missed.is_empty(), "{missed:#?}");
}

/// As people of that country write it, under a name that says what it is. Islands and dwarf states have
/// numbers of six digits and fewer, which look like any code.
#[test]
fn every_national_number_is_found_under_its_name() {
    let missed: Vec<String> =
        missed(|_, number| ("application/json", format!("{{\"mobile\":\"{number}\"}}")))
            .into_iter()
            .filter(|line| line.rsplit(' ').next().is_some_and(|number| number.len() >= 7))
            .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
