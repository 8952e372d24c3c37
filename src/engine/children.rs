//! Children whom the payload tells of, where nobody stated how old anybody is: a date of birth or an age in it says that
//! they are protected as children are. That somebody is grown up is for those to state who know.

mod age;

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::reading::Reading;
use crate::{
    domain::TagSet,
    policy::{People, Transfer},
};

/// The people, with the age of each child among them of whom `ages`, categories, tell. From the age of `grown_up` on
/// nobody is a child anywhere. An age that cannot be read says nothing, as if it were not there.
pub(super) fn with_children<'p>(
    reading: &Reading<'_>,
    transfer: &Transfer,
    people: &'p People,
    ages: &TagSet,
    grown_up: u32,
) -> Cow<'p, People> {
    let mut result = Cow::Borrowed(people);
    let Some(now) = transfer.as_of else { return result };
    for (number, finding) in reading.findings.items.iter().enumerate() {
        let marks = finding.marks;
        let is_their_own = !(marks.container || marks.pseudonymous || marks.third_party);
        if !is_their_own || !ages.contains(finding.tag) {
            continue;
        }
        let whose = people.whose(number);
        let Some(person) = people.people.get(whose) else { continue };
        let on_file = person.facts.as_ref().unwrap_or(&transfer.subject);
        if on_file.age.is_some() || on_file.minor.is_some() {
            continue;
        }
        let today = now.0.to_zoned(TimeZone::UTC).date();
        let age = age::years(&reading.text(finding), today);
        let Some(age) = age.filter(|age| *age < grown_up) else { continue };
        if let Some(person) = result.to_mut().people.get_mut(whose) {
            let facts = person.facts.get_or_insert_with(|| on_file.clone());
            // Of several the youngest.
            facts.age = Some(facts.age.map_or(age, |told| told.min(age)));
        }
    }
    result
}
