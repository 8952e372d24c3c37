//! Telephone numbering plans of all calling codes (ITU-T E.164), as libphonenumber knows them.
//!
//! `numbering.txt` is its metadata (release 9.0.43, Apache-2.0) in the form of automata, one a calling
//! code, that read the national number digit by digit. A number is valid when its plan has given out the
//! range it is in; one that only has a length and a first digit of its plan may still be somebody's. Behind
//! each automaton stand the lengths of the groups that its numbers are written in inside the country, with
//! what is dialled before them there: `3322` is `070-635 95 53`.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::domain::Region;

/// Numbers after one calling code.
#[derive(Debug)]
pub(super) struct Plan {
    code: &'static str,
    /// What is dialled before a national number inside the country, and left out after the code.
    trunk: Option<u8>,
    /// `None` for codes of no country.
    regions: Vec<Option<Region>>,
    /// The next state by digit; [`NOWHERE`] for none.
    rows: Vec<[u16; 10]>,
    /// What a number that ends in a state is: a letter for the region, a capital for a mobile number.
    labels: Vec<u8>,
    /// Lengths of valid numbers, as bits.
    lengths: u32,
    /// How numbers are written inside the country.
    forms: Vec<Form>,
}

/// Lengths of the groups of digits that a number is written in, as the digits of one number: `3322` for
/// `070-635 95 53`.
pub(super) type Form = u32;

/// A number that its plan has given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Valid {
    pub(super) region: Option<Region>,
    pub(super) mobile: bool,
}

const NOWHERE: u16 = u16::MAX;

impl Plan {
    /// The jurisdiction of most numbers; `None` for the North American plan and for codes of no country.
    pub(super) fn region(&self) -> Option<Region> {
        if self.code == "1" { None } else { self.regions.first().copied().flatten() }
    }

    /// `national` are digit values after the calling code.
    pub(super) fn read(&self, national: &[u8]) -> Option<Valid> {
        let mut state = 0u16;
        for digit in national {
            state = *self.rows.get(usize::from(state))?.get(usize::from(*digit))?;
        }
        let label = *self.labels.get(usize::from(state)).filter(|label| **label != 0)?;
        let number = usize::from(label.to_ascii_lowercase() - b'a');
        let region = self.regions.get(number).copied().flatten();
        Some(Valid { region, mobile: label.is_ascii_uppercase() })
    }

    /// As long as numbers of this plan are, and beginning as they do.
    pub(super) fn may_have(&self, national: &[u8]) -> bool {
        let first = national.first().and_then(|digit| self.rows.first()?.get(usize::from(*digit)));
        first.is_some_and(|state| *state != NOWHERE)
            && self.lengths >> national.len().min(31) & 1 == 1
    }

    /// Without the digit that is dialled inside the country only.
    pub(super) fn without_trunk<'d>(&self, national: &'d [u8]) -> Option<&'d [u8]> {
        let (first, rest) = national.split_first()?;
        (Some(*first) == self.trunk).then_some(rest)
    }

    /// The digits of a national number behind its calling code.
    pub(super) fn full(&self, national: &[u8]) -> String {
        let digits = national.iter().map(|digit| char::from(b'0' + digit));
        self.code.chars().chain(digits).collect()
    }

    /// A number given out, as it is dialled inside the country. One that has nothing dialled before it is told by how
    /// it is written as well.
    pub(super) fn read_inside(&self, digits: &[u8], form: Form) -> Option<Valid> {
        match self.without_trunk(digits) {
            Some(national) => self.read(national),
            None if self.forms.contains(&form) => self.read(digits),
            None => None,
        }
    }

    fn parse(line: &'static str) -> Option<Self> {
        let mut parts = line.split(' ');
        let (code, trunk, regions, states) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let forms = parts.next()?.split(',').filter_map(|form| form.parse().ok()).collect();
        let regions = regions
            .split(',')
            .map(|region| region.as_bytes().try_into().ok().filter(|r| r != b"--").map(Region::new))
            .collect();
        let mut plan = Self {
            code,
            trunk: trunk.as_bytes().first().filter(|_| trunk.len() == 1).and_then(|b| digit(*b)),
            regions,
            rows: Vec::new(),
            labels: Vec::new(),
            lengths: 0,
            forms,
        };
        for state in states.split(';') {
            let label = state.as_bytes().first().copied().filter(u8::is_ascii_alphabetic);
            let moves = state.get(usize::from(label.is_some())..)?;
            let mut row = [NOWHERE; 10];
            for step in moves.split(',').filter(|step| !step.is_empty()) {
                let (digits, target) = step.split_once(':')?;
                let target: u16 = target.parse().ok()?;
                let mut previous = None;
                let mut range = false;
                for byte in digits.bytes() {
                    let Some(next) = digit(byte) else {
                        range = true;
                        continue;
                    };
                    let from = if range { previous.unwrap_or(next) } else { next };
                    for value in from..=next {
                        *row.get_mut(usize::from(value))? = target;
                    }
                    (previous, range) = (Some(next), false);
                }
            }
            plan.rows.push(row);
            plan.labels.push(label.unwrap_or(0));
        }
        plan.lengths = plan.lengths_of_numbers();
        Some(plan)
    }

    /// The automaton has no cycle, so that a walk by length ends.
    fn lengths_of_numbers(&self) -> u32 {
        let mut lengths = 0;
        let mut states = vec![0u16];
        for length in 0..20 {
            if states.iter().any(|s| self.labels.get(usize::from(*s)).is_some_and(|l| *l != 0)) {
                lengths |= 1 << length;
            }
            let next = states.iter().filter_map(|state| self.rows.get(usize::from(*state)));
            let mut next: Vec<u16> = next.flatten().copied().filter(|s| *s != NOWHERE).collect();
            next.sort_unstable();
            next.dedup();
            states = next;
        }
        lengths
    }
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

/// The plan of an international number, digit values without `+`, and how many digits its code has.
pub(super) fn plan(digits: &[u8]) -> Option<(&'static Plan, usize)> {
    if digits.first() == Some(&0) {
        return None;
    }
    (1..=3).rev().find_map(|length| {
        let code = digits.get(..length)?.iter().fold(0, |code, d| code * 10 + usize::from(*d));
        let number = PLANS.by_code.get(code).copied().filter(|number| *number != NONE)?;
        Some((PLANS.plans.get(usize::from(number))?, length))
    })
}

/// The plan that the numbers of a region are of.
pub(super) fn plan_of(region: Region) -> Option<&'static Plan> {
    PLANS.plans.iter().find(|plan| plan.regions.contains(&Some(region)))
}

/// Whether a number, with the digit dialled before it, is one that some country has given out and is written as it is
/// there.
pub(super) fn is_written_inside_a_country(digits: &[u8], form: Form) -> bool {
    let plans = PLANS.by_form.get(&form).map(Vec::as_slice).unwrap_or_default();
    plans.iter().filter_map(|number| PLANS.plans.get(usize::from(*number))).any(|plan| {
        plan.without_trunk(digits).is_some_and(|national| plan.read(national).is_some())
    })
}

struct Plans {
    plans: Vec<Plan>,
    /// Places in `plans` of those that have a digit dialled before their numbers, by form.
    by_form: FxHashMap<Form, Vec<u8>>,
    /// Place in `plans` by calling code.
    by_code: Vec<u8>,
}

const NONE: u8 = u8::MAX;

/// Reads the plans now, so that no request waits for it.
pub(super) fn prepare() {
    LazyLock::force(&PLANS);
}

/// Read once in the life of the program; it is the same for every generation of the rules.
static PLANS: LazyLock<Plans> = LazyLock::new(|| {
    let plans: Vec<Plan> = include_str!("numbering.txt").lines().filter_map(Plan::parse).collect();
    let mut by_code = vec![NONE; 1000];
    let mut by_form = FxHashMap::<Form, Vec<u8>>::default();
    for (number, plan) in plans.iter().enumerate() {
        let slot = plan.code.parse().ok().and_then(|code: usize| by_code.get_mut(code));
        if let (Some(slot), Ok(number)) = (slot, u8::try_from(number)) {
            *slot = number;
            for form in plan.forms.iter().filter(|_| plan.trunk.is_some()) {
                by_form.entry(*form).or_default().push(number);
            }
        }
    }
    Plans { plans, by_form, by_code }
});

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter_map(digit).collect()
    }

    fn valid(text: &str) -> Option<Valid> {
        let digits = digits(text);
        let (plan, length) = plan(&digits)?;
        plan.read(digits.get(length..)?)
    }

    #[test]
    fn every_line_is_a_plan() {
        assert_eq!(PLANS.plans.len(), include_str!("numbering.txt").lines().count());
        assert!(PLANS.plans.len() > 200);
        for plan in &PLANS.plans {
            assert!(plan.lengths != 0 && plan.rows.len() == plan.labels.len(), "{}", plan.code);
        }
    }

    #[test]
    fn a_number_finds_its_plan() {
        for (text, region) in [
            ("9230", Some("PK")),
            ("8529", Some("HK")),
            ("8613", Some("CN")),
            ("7916", Some("RU")),
            ("3584", Some("FI")),
            ("9991", None),
            ("2101", None),
            ("01", None),
        ] {
            let found = plan(&digits(text)).and_then(|(plan, _)| plan.region());
            assert_eq!(found.map(|r| r.to_string()).as_deref(), region, "{text}");
        }
    }

    #[test]
    fn a_number_is_valid_in_the_range_that_was_given_out() {
        for (text, region, mobile) in [
            ("+92 300 1234567", "PK", true),
            ("+92 21 34567890", "PK", false),
            ("+91 98765 43210", "IN", true),
            ("+86 138 0013 8000", "CN", true),
            ("+65 8123 4567", "SG", true),
            ("+1 416 555 0143", "CA", true),
            ("+1 876 555 0143", "JM", true),
            ("+7 701 123 4567", "KZ", true),
            ("+44 1481 256789", "GG", false),
            ("+39 06 1234 5678", "IT", false),
        ] {
            let found = valid(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.region.map(|r| r.to_string()).as_deref(), Some(region), "{text}");
            assert_eq!(found.mobile, mobile, "{text}");
        }
        for text in [
            "+92 300 123456",
            "+92 100 1234567",
            "+86 238 0013 8000",
            "+1 102 555 0143",
            "+44 7700 900123",
        ] {
            assert_eq!(valid(text), None, "{text}");
        }
    }

    /// The examples that libphonenumber publishes for each country and type, and its invalid ones
    /// (`make data` fetches them).
    #[test]
    fn the_published_examples_are_valid_and_the_invalid_ones_are_not() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/target/test-data/phones.tsv");
        let Ok(text) = std::fs::read_to_string(path) else { return };
        let mut wrong = Vec::new();
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let expected = (fields[0] == "+").then(|| fields[2].to_owned());
            let found =
                valid(fields[1]).map(|found| found.region.map_or("001".into(), |r| r.to_string()));
            if found != expected {
                wrong.push(format!("{line}: {found:?}"));
            }
        }
        assert!(text.lines().count() > 1000 && wrong.is_empty(), "{wrong:#?}");
    }
}
