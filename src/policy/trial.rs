//! Rule tests: tables of transfers beside the rules, what is to come of each, and which conditions of
//! which rules the rows have tried.
//!
//! A row names the categories in a payload, not the payload: rules are tried here, detectors elsewhere.
//! A condition counts as tried on a row on which it made the difference: had it been otherwise, its rule
//! would have answered otherwise (masking MC/DC, as in RTCA DO-178C). A row in which a rule for Germany
//! does not apply to Japan tries nothing of its other conditions.

mod coverage;
mod row;
mod run;
mod table;

pub(crate) use coverage::ConditionCoverage;
pub(crate) use run::{Trial, TrialReport};

/// Files of rule tests in a rules directory.
pub(crate) fn is_test_file(name: &str) -> bool {
    name.starts_with("tests/") && name.ends_with(".yaml")
}
