//! Children whom the payload tells of, where nobody stated how old they are: a date of birth or an age in it says that
//! they are protected as children are. That somebody is grown up is for those to state who know, and what they state of
//! one subject says nothing of several rows.

mod age;

use std::{borrow::Cow, cell::LazyCell};

use jiff::tz::TimeZone;
use rustc_hash::{FxHashMap, FxHashSet};

use super::reading::Reading;
use crate::{
    domain::{Finding, Findings, Step, TagSet},
    policy::{People, Transfer},
};

/// What tells how old somebody is, and of whom.
pub(super) struct Ages<'c> {
    /// Categories of ages and of days of birth.
    pub(super) told_by: &'c TagSet,
    /// Those that identify a person.
    pub(super) of: &'c TagSet,
    /// From this age on nobody is a child anywhere.
    pub(super) grown_up: u32,
}

/// The people, with the age of each child among them of whom the payload tells. An age that cannot be read says nothing,
/// as if it were not there.
pub(super) fn with_children<'p>(
    reading: &Reading<'_>,
    transfer: &Transfer,
    people: &'p People,
    ages: &Ages<'_>,
) -> Cow<'p, People> {
    let mut result = Cow::Borrowed(people);
    let Some(now) = transfer.as_of else { return result };
    let rows = LazyCell::new(|| rows_of_several(&reading.findings, ages));
    for (number, finding) in reading.findings.items.iter().enumerate() {
        let marks = finding.marks;
        let is_their_own = !(marks.container || marks.pseudonymous || marks.third_party);
        if !is_their_own || !ages.told_by.contains(finding.tag) {
            continue;
        }
        let whose = people.whose(number);
        let Some(person) = people.people.get(whose) else { continue };
        let on_file = person.facts.as_ref().unwrap_or(&transfer.subject);
        let is_stated = on_file.age.is_some() || on_file.minor.is_some();
        // What is stated of one subject is not true of each of several rows, unless somebody names them.
        let is_named = person.record.is_some() && !transfer.subjects.is_empty();
        let may_be_another = || {
            person.facts.is_none()
                && !is_named
                && row_of(&reading.findings, finding).is_some_and(|(list, _)| rows.contains(&list))
        };
        if is_stated && !may_be_another() {
            continue;
        }
        let today = now.0.to_zoned(TimeZone::UTC).date();
        let age = age::years(&reading.text(finding), today);
        let Some(age) = age.filter(|age| *age < ages.grown_up) else { continue };
        if let Some(person) = result.to_mut().people.get_mut(whose) {
            let facts = person.facts.get_or_insert_with(|| on_file.clone());
            // Of several the youngest.
            facts.age = Some(facts.age.map_or(age, |told| told.min(age)));
            facts.minor = facts.minor.filter(|is_minor| *is_minor);
        }
    }
    result
}

/// The outermost list that a finding stands in, and which element of it.
fn row_of(findings: &Findings, finding: &Finding) -> Option<(Option<u32>, u32)> {
    let (mut row, mut at) = (None, Some(finding.path));
    while let Some(number) = at {
        let node = findings.nodes.get(number as usize)?;
        if let Step::Index(index) = node.step {
            row = Some((node.parent, index));
        }
        at = node.parent;
    }
    row
}

/// The lists that are about somebody in more than one element.
fn rows_of_several(findings: &Findings, ages: &Ages<'_>) -> FxHashSet<Option<u32>> {
    let (mut first, mut several) = (FxHashMap::default(), FxHashSet::default());
    let is_of_somebody = |it: &&Finding| {
        let is_their_own = !(it.marks.container || it.marks.third_party);
        is_their_own && (ages.told_by.contains(it.tag) || ages.of.contains(it.tag))
    };
    for finding in findings.items.iter().filter(is_of_somebody) {
        if let Some((list, element)) = row_of(findings, finding)
            && *first.entry(list).or_insert(element) != element
        {
            several.insert(list);
        }
    }
    several
}
