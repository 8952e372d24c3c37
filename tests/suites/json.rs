//! The JSON Parsing Test Suite: `y_` must be accepted, `n_` must be rejected, `i_` is left open by RFC 8259.

use bordergate::domain::Coverage;
use serde::Deserialize;

use crate::{scan, text};

#[derive(Deserialize)]
struct Case {
    name: String,
    input: String,
}

/// The package holds the files as text, in which what is no UTF-8 became U+FFFD: those say nothing here.
fn cases(prefix: &str) -> Vec<Case> {
    let source = text("json-suite.js");
    let array = &source[source.find('[').unwrap()..=source.rfind(']').unwrap()];
    let cases: Vec<Case> = serde_json::from_str(array).unwrap();
    cases
        .into_iter()
        .filter(|case| case.name.starts_with(prefix) && !case.input.contains('\u{fffd}'))
        .collect()
}

fn coverage(case: &Case) -> Coverage {
    scan("application/json", case.input.as_bytes(), |scan| scan.coverage)
}

#[test]
fn what_every_parser_must_take_is_read_in_full() {
    let cases = cases("y_");
    assert!(cases.len() > 85, "{}", cases.len());
    let refused: Vec<_> = cases
        .iter()
        .filter(|case| coverage(case) != Coverage::Full)
        .map(|case| &case.name)
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

/// What a parser must refuse, some parser takes: it must never pass for looked at.
#[test]
fn what_every_parser_must_refuse_is_a_gap() {
    let cases = cases("n_");
    assert!(cases.len() > 160, "{}", cases.len());
    let taken: Vec<_> = cases
        .iter()
        // Nothing at all is no JSON text, and holds nothing.
        .filter(|case| !case.input.is_empty())
        .filter(|case| coverage(case) == Coverage::Full)
        .map(|case| &case.name)
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

/// Numbers no machine word holds are read, since their digits are what is looked at. Half a surrogate pair is
/// read as U+FFFD: parsers keep it, replace it or refuse it, and none takes it out and joins what stands
/// around it. Five hundred lists inside each other are beyond `Limits::depth_max`.
#[test]
fn what_is_left_open_is_decided_and_stays_so() {
    let (taken, refused): (Vec<_>, Vec<_>) =
        cases("i_").into_iter().partition(|case| coverage(case) == Coverage::Full);
    let names = |cases: Vec<Case>| -> Vec<String> {
        cases.into_iter().map(|case| case.name.trim_end_matches(".json").to_owned()).collect()
    };
    assert_eq!(names(refused), ["i_structure_500_nested_arrays"]);
    assert_eq!(names(taken), TAKEN);
}

const TAKEN: &[&str] = &[
    "i_number_double_huge_neg_exp",
    "i_number_huge_exp",
    "i_number_neg_int_huge_exp",
    "i_number_pos_double_huge_exp",
    "i_number_real_neg_overflow",
    "i_number_real_pos_overflow",
    "i_number_real_underflow",
    "i_number_too_big_neg_int",
    "i_number_too_big_pos_int",
    "i_number_very_big_negative_int",
    "i_object_key_lone_2nd_surrogate",
    "i_string_1st_surrogate_but_2nd_missing",
    "i_string_1st_valid_surrogate_2nd_invalid",
    "i_string_incomplete_surrogate_and_escape_valid",
    "i_string_incomplete_surrogate_pair",
    "i_string_incomplete_surrogates_escape_valid",
    "i_string_invalid_lonely_surrogate",
    "i_string_invalid_surrogate",
    "i_string_inverted_surrogates_U+1D11E",
    "i_string_lone_second_surrogate",
    "i_structure_UTF-8_BOM_empty_object",
];
