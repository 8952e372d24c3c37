//! Whom thresholds count.

use crate::{
    policy::{
        Counter, CounterWindow, condition::Scope, region_set::RegionSet, registry::Section, source,
        words::Period,
    },
    source::{Diagnostics, Place},
};

pub(super) fn counter(
    source: &source::Count,
    origin: Option<&RegionSet>,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Counter {
    let name = scope.book.word(scope.file, Section::Counter, &source.counter, diagnostics);
    let window = match (&source.window.calendar_year, source.window.last) {
        (Some(offset), None) => CounterWindow::CalendarYear {
            offset_minutes: offset_minutes(offset).unwrap_or_else(|| {
                diagnostics
                    .error(
                        offset.place(scope.file),
                        format!("`{}` is no offset from UTC", **offset),
                    )
                    .remedy("write it like `+08:00`, in quotes");
                0
            }),
        },
        (None, Some(period)) => CounterWindow::Last(period),
        (Some(_), Some(_)) | (None, None) => {
            diagnostics
                .error(
                    source.counter.place(scope.file),
                    format!("counter `{}` needs one window", *source.counter),
                )
                .remedy("give one of `calendar_year` and `last`");
            CounterWindow::Last(Period::Years(1))
        }
    };
    let empty = source::Condition::default();
    let condition = source.when.as_ref().unwrap_or(&empty);
    let gate = scope.gate(condition, diagnostics);
    let when = scope.tree(&source::Condition { data: None, ..condition.clone() }, diagnostics);
    let unless = source.unless.as_ref().map(|unless| scope.tree(unless, diagnostics));
    let mut circular = false;
    for predicate in std::iter::once(&when).chain(&unless) {
        predicate.walk(&mut |it| circular |= it.is_count());
    }
    if circular {
        diagnostics
            .error(
                source.counter.place(scope.file),
                format!("counter `{}` counts by what is counted", *source.counter),
            )
            .remedy("take `counter`, `counted` and `volume` out of its conditions");
    }
    Counter {
        name: name.into(),
        of: source.of,
        window,
        per_recipient: match source.per {
            source::CountPer::Recipient => true,
            source::CountPer::Exporter => false,
        },
        origin: origin.cloned(),
        domestic: source.domestic,
        gate,
        when: Some(when),
        unless,
    }
}

/// In the order of names, each once.
pub(super) fn counters(
    mut built: Vec<(Counter, Place)>,
    diagnostics: &mut Diagnostics,
) -> Vec<Counter> {
    built.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    for pair in built.windows(2) {
        if let [(first, other), (second, place)] = pair
            && first.name == second.name
        {
            diagnostics
                .error(
                    place.clone(),
                    format!("counter `{}` is counted twice; the other is at {other}", second.name),
                )
                .remedy("keep one of the two");
        }
    }
    built.into_iter().map(|(counter, _)| counter).collect()
}

/// `+08:00` in minutes.
fn offset_minutes(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}
