//! One rule, from what is written to what runs.

use crate::{
    domain::{Effect, Replacement, TagSet},
    policy::{
        Layer, Timestamp,
        condition::{Scope, Translated},
        index::Dimensions,
        predicate::Predicate,
        region_set::RegionSet,
        replacement,
        set::{Annotate, AnnotateValue, Gate, Rule, RuleInfo, Selection},
        source::{self, Mode, RuleFile},
        words::Names,
        worst::Worst,
    },
    source::{Diagnostics, Place},
};

#[derive(Debug, Clone)]
pub(super) struct Built {
    pub(super) rule: Rule,
    pub(super) info: RuleInfo,
    pub(super) place: Place,
    pub(super) dimensions: Dimensions,
    pub(super) exceptions: Vec<(String, Place)>,
    /// Where its applicability is written.
    pub(super) when: Option<Place>,
    /// Rules that this one says again, to be cited.
    pub(super) restates: Vec<(String, Place)>,
    /// Nothing is wrong with it by itself.
    pub(super) sound: bool,
}

pub(super) fn key(info: &RuleInfo) -> (&str, Option<&str>) {
    (&info.id, info.part.as_deref())
}

pub(super) fn build(
    source: &source::Rule,
    file: &RuleFile,
    origin: Option<&RegionSet>,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Built {
    let before = diagnostics.error_count();
    let place = source.id.place(scope.file);
    check_texts(source, scope.file, diagnostics);
    let empty = source::Condition::default();
    let condition = source.when.as_ref().map_or(&empty, |when| &when.value);
    let mut translated = applicability(condition, origin, scope, diagnostics);
    let mut tree = |condition: Option<&crate::source::At<source::Condition>>| {
        condition.map(|condition| scope.tree(condition, diagnostics))
    };
    let (require, unless) = (tree(source.require.as_deref()), tree(source.unless.as_deref()));
    check_requirements(source, [&require, &unless], scope.file, diagnostics);
    check_applicability(source, scope.file, condition, &translated.dimensions, diagnostics);
    let layer = file.layer;
    let cross_border = match condition.cross_border {
        Some(is) => Some(is),
        None => (layer == Layer::Law && !source.domestic).then_some(true),
    };
    let closing = translated.residual.iter().any(Predicate::is_closing);
    check_closing(source, closing, &place, diagnostics);
    let window = window(source, scope.file, diagnostics);
    let annotate = annotations(source, scope.file, diagnostics);
    let (selection, replacement) = redaction(source, &translated, scope, diagnostics);
    let when = match translated.residual.len() {
        0 => None,
        1 => translated.residual.pop(),
        _ => Some(Predicate::All(translated.residual.into_boxed_slice())),
    };
    let mut rule = Rule {
        effect: source.effect,
        layer,
        gate: translated.gate,
        cross_border,
        window,
        is_kept: source.in_force.as_ref().is_some_and(|window| window.keep_for_replay),
        when,
        unless,
        require,
        worst: None,
        exceptions: Vec::new(),
        selection,
        replacement,
        broken_signature: source.redact.as_ref().and_then(|redact| redact.broken_signature),
        annotate,
        mode: source.mode,
        closing,
        has_gate: window.is_some() || matches!(translated.gate, Gate::Categories(_)),
        id: source.id.as_str().into(),
        reason: source.reason.trim().into(),
    };
    if source.facts_unavailable == source::FactsUnavailable::Worst {
        rule.worst = Worst::of(&rule);
    }
    let exceptions = named(&source.exceptions, scope.file);
    let dimensions = translated.dimensions;
    check_exceptions(source, &exceptions, &place, diagnostics);
    Built {
        rule,
        info: info(source, layer, &place),
        when: source.when.as_ref().map(|when| when.place(scope.file)),
        restates: named(&source.restates, scope.file),
        sound: diagnostics.error_count() == before,
        place,
        dimensions,
        exceptions,
    }
}

pub(super) fn info(source: &source::Rule, layer: Layer, place: &Place) -> RuleInfo {
    RuleInfo {
        id: source.id.value.clone(),
        part: source.part.as_ref().map(|part| part.value.clone()),
        layer,
        title: source.title.clone(),
        statute: source.statute.value.clone(),
        reason: source.reason.value.trim().to_owned(),
        effect: source.effect,
        mode: source.mode,
        file: place.file.clone(),
        line: place.line,
    }
}

fn check_texts(source: &source::Rule, file: &str, diagnostics: &mut Diagnostics) {
    for (text, what, remedy) in [
        (&source.statute, "statute", "name the article, section or heading it rests on"),
        (&source.reason, "reason", "say in one sentence why the transfer was stopped or changed"),
    ] {
        if text.trim().is_empty() {
            diagnostics
                .error(text.place(file), format!("rule `{}` has an empty `{what}`", *source.id))
                .remedy(remedy);
        }
    }
}

/// What stands under `when`, and the origin of the file where it names none of its own.
fn applicability(
    condition: &source::Condition,
    origin: Option<&RegionSet>,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Translated {
    let mut translated = scope.applicability(condition, diagnostics);
    if translated.dimensions.origin.is_none() && translated.dimensions.origin_not.is_none() {
        translated.dimensions.origin = origin.cloned();
        if let Some(origin) = origin.filter(|origin| origin.is_dated()) {
            translated.residual.push(Predicate::Origin(origin.clone()));
        }
    }
    translated
}

fn check_closing(
    source: &source::Rule,
    closing: bool,
    place: &Place,
    diagnostics: &mut Diagnostics,
) {
    if closing && source.effect.is_some_and(|effect| effect != Effect::Allow) {
        diagnostics
            .error(
                place.clone(),
                format!(
                    "rule `{}` looks at what the others showed and cannot redact or block",
                    *source.id
                ),
            )
            .remedy("give it no effect, or `effect: allow`");
    }
}

/// From when on, and until when, it is in force.
fn window(
    source: &source::Rule,
    file: &str,
    diagnostics: &mut Diagnostics,
) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let window = source.in_force.as_ref()?;
    if let (Some(from), Some(until)) = (window.from, window.until)
        && until <= from
    {
        diagnostics
            .error(window.place(file), "the window ends before it begins")
            .remedy("`from` is included and `until` is not; put the later one under `until`");
    }
    if window.keep_for_replay && window.until.is_none() {
        diagnostics
            .error(
                window.place(file),
                format!("rule `{}` has no end, so there is nothing to keep", *source.id),
            )
            .remedy("say when it ended with `until`, or take `keep_for_replay` out");
    }
    Some((window.from, window.until))
}

fn check_exceptions(
    source: &source::Rule,
    exceptions: &[(String, Place)],
    place: &Place,
    diagnostics: &mut Diagnostics,
) {
    if source.effect == Some(Effect::Allow) && !exceptions.is_empty() {
        diagnostics
            .error(
                place.clone(),
                format!("rule `{}` allows and so needs no exceptions", *source.id),
            )
            .remedy("take `exceptions` out");
    }
}

/// What a rule asks for in vain: nothing, or something that nothing follows from.
fn check_requirements(
    source: &source::Rule,
    [require, unless]: [&Option<Predicate>; 2],
    file: &str,
    diagnostics: &mut Diagnostics,
) {
    for (key, written, predicate) in
        [("require", &source.require, require), ("unless", &source.unless, unless)]
    {
        let is_empty = matches!(predicate, Some(Predicate::All(parts)) if parts.is_empty());
        if let Some(written) = written.as_ref().filter(|_| is_empty) {
            diagnostics
                .error(
                    written.place(file),
                    format!(
                        "`{key}` of rule `{}` asks for nothing, and so always holds",
                        *source.id
                    ),
                )
                .remedy("write a condition under it, or take the key out");
        }
    }
    if let Some(require) = &source.require
        && source.effect.is_none()
        && source.annotate.is_empty()
    {
        diagnostics
            .error(
                require.place(file),
                format!("rule `{}` requires something, and nothing follows when it is not met", *source.id),
            )
            .remedy("add `effect: block` or `effect: redact`, or take `require` out of a rule that is only cited");
    }
}

/// What contradicts itself between keys that are no predicates of their own.
fn check_applicability(
    source: &source::Rule,
    file: &str,
    condition: &source::Condition,
    dimensions: &Dimensions,
    diagnostics: &mut Diagnostics,
) {
    let place = source.when.as_ref().map_or_else(|| source.id.place(file), |when| when.place(file));
    let mut complaints: Vec<&str> = Vec::new();
    if let (Some(origin), Some(destination)) = (&dimensions.origin, &dimensions.destination)
        && condition.cross_border == Some(false)
        && origin.disjoint(destination)
    {
        complaints.push("no `destination` is an `origin`, yet `cross_border` is false");
    }
    if let Some(counter) = &condition.counter
        && (counter.at_least.zip(counter.below).is_some_and(|(least, below)| below <= least)
            || counter.over.zip(counter.below).is_some_and(|(over, below)| below <= over + 1)
            || (counter.known == Some(false)
                && (counter.at_least.is_some()
                    || counter.below.is_some()
                    || counter.over.is_some())))
    {
        complaints.push("no count satisfies the bounds of `counter`");
    }
    if let (Some(window), Some(as_of)) = (&source.in_force, &condition.as_of)
        && (window.until.zip(as_of.from).is_some_and(|(until, from)| until <= from)
            || as_of.until.zip(window.from).is_some_and(|(until, from)| until <= from))
    {
        complaints.push("`as_of` lies outside `in_force`");
    }
    if condition.anonymous == Some(true) && condition.data.is_none() {
        complaints
            .push("without `data: any` the rule waits for personal data, and `anonymous` for none");
    }
    for complaint in complaints {
        diagnostics
            .error(place.clone(), format!("rule `{}` can never fire: {complaint}", *source.id))
            .remedy("correct the condition or take the rule out");
    }
}

/// Ids of rules, with their places.
fn named(names: &Option<Names>, file: &str) -> Vec<(String, Place)> {
    names.iter().flat_map(Names::iter).map(|name| (name.value.clone(), name.place(file))).collect()
}

fn annotations(source: &source::Rule, file: &str, diagnostics: &mut Diagnostics) -> Vec<Annotate> {
    source
        .annotate
        .iter()
        .map(|annotate| {
            let value = match (&annotate.value, &annotate.deadline, annotate.fact) {
                (None, None, None) => AnnotateValue::None,
                (Some(text), None, None) => AnnotateValue::Text(text.as_str().into()),
                (None, Some(deadline), None) => {
                    AnnotateValue::Deadline { after: deadline.after, period: deadline.period }
                }
                (None, None, Some(fact)) => AnnotateValue::Fact(fact),
                (Some(_) | None, Some(_) | None, Some(_) | None) => {
                    diagnostics
                        .error(
                            annotate.name.place(file),
                            format!("annotation `{}` has more than one value", *annotate.name),
                        )
                        .remedy("give one of `value`, `deadline` and `fact`");
                    AnnotateValue::None
                }
            };
            Annotate { name: annotate.name.value.as_str().into(), value }
        })
        .collect()
}

fn redaction(
    source: &source::Rule,
    translated: &Translated,
    scope: &Scope<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> (Selection, Replacement) {
    let mut selection = Selection::default();
    let mut replacement = Replacement::Remove;
    let is_redact = source.effect == Some(Effect::Redact);
    if let Some(redact) = &source.redact {
        if !is_redact {
            diagnostics
                .error(
                    redact.place(scope.file),
                    format!("rule `{}` says what to redact, but its effect is another", *source.id),
                )
                .remedy("write `effect: redact`");
        }
        if let Some(names) = &redact.categories {
            selection.categories = scope.tags(names, diagnostics);
        }
        selection.outside = redact.outside.as_ref().map(|names| scope.tags(names, diagnostics));
        selection.outside_purpose = redact.outside_purpose;
        selection.without_fresh_consent = redact.without_fresh_consent;
        selection.withdrawn = redact.withdrawn;
        selection.third_party = redact.third_party;
        selection.pseudonymous = redact.pseudonymous;
        selection.within = redact.within.as_ref().map(|names| scope.tags(names, diagnostics));
        selection.in_list = redact.in_list.as_ref().map(|list| scope.list(list, diagnostics));
        if let Some(wanted) = &redact.replacement {
            replacement = replacement::compile(wanted, scope, diagnostics);
        }
    }
    let says_what = source.redact.as_ref().is_some_and(|redact| {
        redact.categories.is_some()
            || redact.outside.is_some()
            || redact.outside_purpose
            || redact.without_fresh_consent
            || redact.withdrawn
            || redact.in_list.is_some()
    });
    if is_redact && !says_what {
        match (translated.gate, selection.third_party) {
            (Gate::Categories(tags), _) => selection.categories = tags,
            (Gate::Any | Gate::Personal, true) => selection.categories = TagSet::ALL,
            (Gate::Any | Gate::Personal, false) => {
                diagnostics
                    .error(
                        source.id.place(scope.file),
                        format!("rule `{}` redacts, but does not say what", *source.id),
                    )
                    .remedy("name categories under `when.data` or `redact.categories`");
            }
        }
    }
    (selection, replacement)
}

/// What happens when no rule allows.
pub(super) const DEFAULT_DENY: &str = "default-deny";
const DEFAULT_REASON: &str =
    "No rule allows this transfer of personal data, or of what could not be read.";

pub(super) fn default_deny() -> Built {
    let rule = Rule {
        effect: Some(Effect::Block),
        layer: Layer::Organisation,
        gate: Gate::Personal,
        cross_border: None,
        window: None,
        is_kept: false,
        when: None,
        unless: None,
        require: None,
        worst: None,
        exceptions: Vec::new(),
        selection: Selection::default(),
        replacement: Replacement::Remove,
        broken_signature: None,
        annotate: Vec::new(),
        mode: Mode::Enforce,
        closing: false,
        has_gate: false,
        id: DEFAULT_DENY.into(),
        reason: DEFAULT_REASON.into(),
    };
    Built {
        rule,
        info: RuleInfo {
            id: DEFAULT_DENY.to_owned(),
            part: None,
            layer: Layer::Organisation,
            title: "What no rule allows is blocked".to_owned(),
            statute: "built in".to_owned(),
            reason: DEFAULT_REASON.to_owned(),
            effect: Some(Effect::Block),
            mode: Mode::Enforce,
            file: String::new(),
            line: 0,
        },
        place: Place::default(),
        dimensions: Dimensions::default(),
        exceptions: Vec::new(),
        when: None,
        restates: Vec::new(),
        sound: true,
    }
}
