//! An explanation for a person: the answer first, then why, then what would change it, then the rest.

use std::io::{self, Write};

use anstyle::Style;

use crate::{
    cli::{
        decide::unknown,
        output::{BAD, CHANGED, GOOD, PLACE, STRONG, count, count_as},
    },
    domain::Effect,
    inquiry::{Explained, FactsFrom},
    policy::{
        ConditionTrace, Explanation, Lawful, PassTrace, Proposal, RuleTrace, SubjectTrace, Verdict,
    },
};

/// Fields shown of one subject.
const FIELDS_MAX: usize = 40;

pub(super) fn print(out: &mut impl Write, explained: &Explained, all: bool) -> io::Result<()> {
    let told = &explained.explanation;
    head(out, told)?;
    basis(out, explained)?;
    for subject in &told.subjects {
        self::subject(out, told, subject, all)?;
    }
    let question = match told.outcome {
        Effect::Allow => None,
        Effect::Redact => Some("What would let the fields pass"),
        Effect::Block => Some("What would make it lawful"),
    };
    if let Some(question) = question {
        lawful(out, question, &told.lawful)?;
    }
    if let Some(passing) = &told.passing {
        lawful(out, "What would let the fields pass, beside 1.", passing)?;
    }
    obligations(out, told)
}

fn style(effect: Effect) -> (Style, &'static str) {
    match effect {
        Effect::Allow => (GOOD, "✓"),
        Effect::Redact => (CHANGED, "✂"),
        Effect::Block => (BAD, "✗"),
    }
}

fn head(out: &mut impl Write, told: &Explanation) -> io::Result<()> {
    let (style, sign) = style(told.outcome);
    writeln!(out, "{style}{sign} {}{style:#}  {STRONG}{}{STRONG:#}", told.outcome, told.reason)?;
    let known = |name: Option<&str>| name.unwrap_or("unknown").to_owned();
    let mut origins: Vec<String> = Vec::new();
    for subject in &told.subjects {
        let origin = subject.origin.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    let destination = told.destination.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
    let mut line = format!("  {} → {destination}", origins.join(", "));
    if !told.remote_access_from.is_empty() {
        let from: Vec<&str> = told.remote_access_from.iter().map(|at| at.as_str()).collect();
        line.push_str(&format!(", read from {}", from.join(", ")));
    }
    line.push_str(&format!(", for {}", known(told.purpose.as_deref())));
    line.push_str(&format!(", to {}", known(told.recipient.class.as_deref())));
    if let Some(id) = &told.recipient.id {
        line.push_str(&format!(" `{id}`"));
    }
    writeln!(out, "{line}")?;
    let as_of = match told.as_of {
        Some(at) => at.to_the_second().to_string(),
        None => "an unknown time".to_owned(),
    };
    let version = match &told.policy_version {
        Some(id) => format!("privacy policy `{id}`"),
        None => "no version of the privacy policy in force".to_owned(),
    };
    writeln!(out, "  as of {as_of}, {version}")?;
    match told.coverage {
        crate::domain::Coverage::Full => Ok(()),
        crate::domain::Coverage::Partial => {
            writeln!(out, "  {CHANGED}some of the payload could not be read{CHANGED:#}")
        }
        crate::domain::Coverage::Opaque => {
            writeln!(out, "  {CHANGED}the payload could not be read{CHANGED:#}")
        }
    }
}

/// What the answer rests on, where that is less than somebody may think.
fn basis(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    let words = match explained.facts {
        Some(FactsFrom::StatedAlone) => "what is on file is not counted",
        Some(FactsFrom::Unavailable) => "nobody could say what is on file",
        Some(FactsFrom::Store) | None => "",
    };
    if !words.is_empty() {
        writeln!(out, "  {CHANGED}{words}{CHANGED:#}")?;
    }
    if !explained.unknown.is_empty() {
        writeln!(out, "  {CHANGED}{}{CHANGED:#}", unknown(&explained.unknown))?;
    }
    Ok(())
}

fn subject(
    out: &mut impl Write,
    told: &Explanation,
    subject: &SubjectTrace,
    all: bool,
) -> io::Result<()> {
    if told.subjects.len() > 1 || subject.people > 1 {
        let origin =
            subject.origin.map_or_else(|| "unknown origin".to_owned(), |at| at.to_string());
        let mut places = subject.records.join(", ");
        if subject.people > subject.records.len() && !places.is_empty() {
            places.push_str(", …");
        }
        let places = if places.is_empty() { String::new() } else { format!(": {places}") };
        let people = count_as(subject.people, "person", "people");
        writeln!(out, "\n{STRONG}▌ {people}, {origin}{places}{STRONG:#}")?;
    }
    for pass in &subject.passes {
        decided(out, subject, pass)?;
    }
    if !subject.fields.is_empty() {
        writeln!(out, "\n{STRONG}Fields{STRONG:#}")?;
        let width = subject.fields.iter().map(|it| it.pointer.chars().count()).max().unwrap_or(0);
        for field in subject.fields.iter().take(FIELDS_MAX) {
            let (style, sign) = style(field.outcome);
            let by = if field.rules.is_empty() {
                String::new()
            } else {
                format!("  by {}", field.rules.join(", "))
            };
            writeln!(
                out,
                "  {style}{sign}{style:#} {PLACE}{:<width$}{PLACE:#}  {}{by}",
                field.pointer,
                field.category,
                width = width.min(48)
            )?;
        }
        if subject.fields.len() > FIELDS_MAX {
            writeln!(out, "    and {} more", subject.fields.len() - FIELDS_MAX)?;
        }
    }
    for pass in &subject.passes {
        rest(out, subject, pass, all)?;
    }
    Ok(())
}

fn place_of(subject: &SubjectTrace, pass: &PassTrace) -> String {
    if subject.passes.len() < 2 {
        return String::new();
    }
    let at = |region: Option<crate::domain::Region>| {
        region.map_or_else(|| "unknown".to_owned(), |at| at.to_string())
    };
    let what = if pass.law_only { ", the law only" } else { "" };
    format!(" ({} → {}{what})", at(pass.origin), at(pass.destination))
}

/// The rules that blocked, redacted, warned, or let pass by an exception: with their conditions.
fn decided(out: &mut impl Write, subject: &SubjectTrace, pass: &PassTrace) -> io::Result<()> {
    let telling = |rule: &&RuleTrace| match rule.verdict {
        Verdict::Blocks | Verdict::Redacts | Verdict::Warns | Verdict::Lifted(_) => true,
        Verdict::Satisfied
        | Verdict::Allows
        | Verdict::Withholds
        | Verdict::Notes
        | Verdict::DoesNotApply => false,
    };
    let mut rules: Vec<&RuleTrace> = pass.rules.iter().filter(telling).collect();
    rules.sort_by_key(|rule| (rule.verdict != Verdict::Blocks, rule.layer));
    if rules.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{STRONG}Why{}{STRONG:#}", place_of(subject, pass))?;
    for rule in rules {
        let (style, word) = match &rule.verdict {
            Verdict::Blocks => (BAD, "blocks".to_owned()),
            Verdict::Redacts => (CHANGED, format!("redacts {}", rule.fields.join(", "))),
            Verdict::Warns => (CHANGED, "would act, and only warns".to_owned()),
            Verdict::Lifted(by) => (GOOD, format!("is lifted by {}", by.join(", "))),
            Verdict::Satisfied
            | Verdict::Allows
            | Verdict::Withholds
            | Verdict::Notes
            | Verdict::DoesNotApply => (GOOD, String::new()),
        };
        writeln!(out, "  {STRONG}{}{STRONG:#} {style}{word}{style:#}", name(rule))?;
        writeln!(out, "    {}. {}", rule.title, rule.reason)?;
        let place = if rule.line > 0 {
            format!("; {PLACE}{}:{}{PLACE:#}", rule.file, rule.line)
        } else {
            String::new()
        };
        writeln!(out, "    {}{place}", rule.statute)?;
        for (number, condition) in rule.applies.iter().enumerate() {
            self::condition(out, if number == 0 { "applies" } else { "" }, condition, 0)?;
        }
        for (label, condition) in [("unless", &rule.unless), ("requires", &rule.require)] {
            if let Some(condition) = condition {
                self::condition(out, label, condition, 0)?;
            }
        }
    }
    Ok(())
}

fn condition(
    out: &mut impl Write,
    label: &str,
    condition: &ConditionTrace,
    depth: usize,
) -> io::Result<()> {
    let (style, sign) = if condition.holds { (GOOD, "✓") } else { (BAD, "✗") };
    let indent = " ".repeat(depth * 2);
    let fact = condition.fact.as_ref().map(|fact| format!(": {fact}")).unwrap_or_default();
    writeln!(out, "      {label:<9}{indent}{style}{sign}{style:#} {}{fact}", words(condition))?;
    for part in &condition.parts {
        self::condition(out, "", part, depth + 1)?;
    }
    Ok(())
}

/// A condition with parts is a heading; one without is quoted from the file.
fn words(condition: &ConditionTrace) -> String {
    if condition.parts.is_empty() || condition.words.starts_with("meets") {
        format!("`{}`", condition.words)
    } else {
        condition.words.clone()
    }
}

fn name(rule: &RuleTrace) -> String {
    match &rule.part {
        Some(part) => format!("{} ({part})", rule.id),
        None => rule.id.clone(),
    }
}

/// The rules that had a say and changed nothing, and those that did not apply.
fn rest(
    out: &mut impl Write,
    subject: &SubjectTrace,
    pass: &PassTrace,
    all: bool,
) -> io::Result<()> {
    writeln!(out, "\n{STRONG}The other rules{}{STRONG:#}", place_of(subject, pass))?;
    for (verdict, word) in [
        (Verdict::Allows, "allows"),
        (Verdict::Withholds, "would allow"),
        (Verdict::Satisfied, "satisfied"),
        (Verdict::Notes, "notes"),
    ] {
        for rule in pass.rules.iter().filter(|rule| rule.verdict == verdict) {
            let unmet = match (&rule.require, verdict == Verdict::Withholds) {
                (Some(require), true) => format!(", but {}", first_unmet(require)),
                _ => String::new(),
            };
            writeln!(out, "  {word:<12} {:<24} {}{unmet}", name(rule), rule.title)?;
        }
    }
    let resting: Vec<&RuleTrace> =
        pass.rules.iter().filter(|rule| rule.verdict == Verdict::DoesNotApply).collect();
    if !all {
        let rules = count(resting.len(), "rule");
        return writeln!(out, "  {rules} did not apply; `--all` says why");
    }
    for rule in resting {
        let why = rule.applies.iter().find(|it| !it.holds).map(first_unmet).or_else(|| {
            let unless = rule.unless.as_ref().filter(|it| it.holds)?;
            Some(format!("it is taken out of play by `{}`", unless.words))
        });
        // What looks at the others' answers, or is built in, waits for them.
        let why = why.unwrap_or_else(|| "nothing called for it".to_owned());
        writeln!(out, "  {:<12} {:<24} {why}", "not here", name(rule))?;
    }
    Ok(())
}

fn first_unmet(condition: &ConditionTrace) -> String {
    match condition.parts.iter().find(|part| part.holds == condition.holds) {
        // Of a group, the first part that fails it.
        Some(part) if !condition.holds && !condition.words.starts_with("not") => first_unmet(part),
        Some(_) | None => {
            let fact = condition.fact.as_ref().map(|fact| format!(": {fact}")).unwrap_or_default();
            format!("{} is not met{fact}", words(condition))
        }
    }
}

fn lawful(out: &mut impl Write, question: &str, lawful: &Lawful) -> io::Result<()> {
    let Lawful { proposals, obstacles, beyond_consent, complete } = lawful;
    writeln!(out, "\n{STRONG}{question}{STRONG:#}")?;
    for (proposal, number) in proposals.iter().zip(1..) {
        self::proposal(out, proposal, number)?;
    }
    if proposals.is_empty() {
        writeln!(out, "  Nothing that could be put on file.")?;
    }
    for obstacle in obstacles {
        let what = if obstacle.prohibition {
            "a prohibition: no consent and no instrument lifts it"
        } else {
            "no matter of records: nothing that could be put on file meets it"
        };
        let fields = match &*obstacle.fields {
            [] => String::new(),
            fields => format!(" ({})", fields.join(", ")),
        };
        writeln!(
            out,
            "  {BAD}✗{BAD:#} {STRONG}{}{STRONG:#}{fields} is {what}. {}",
            obstacle.rule, obstacle.reason
        )?;
    }
    for rule in beyond_consent {
        if obstacles.iter().any(|it| it.rule == rule.rule) {
            continue;
        }
        let by: Vec<String> = rule.lifted_by.iter().map(|kind| kind.replace('_', " ")).collect();
        let by = if by.is_empty() { "nothing on file".to_owned() } else { by.join(", ") };
        writeln!(out, "  {STRONG}{}{STRONG:#} is not lifted by consent; by: {by}.", rule.rule)?;
    }
    if !complete {
        writeln!(out, "  There may be more ways; the search ended at its bounds.")?;
    }
    if !proposals.is_empty() {
        writeln!(
            out,
            "  Each was judged with what it asks for; none of its parts can be left out."
        )?;
    }
    Ok(())
}

fn proposal(out: &mut impl Write, proposal: &Proposal, number: usize) -> io::Result<()> {
    for (need, at) in proposal.needs.iter().zip(0..) {
        let lead = if at == 0 { format!("{number:>3}. ") } else { "     and ".to_owned() };
        writeln!(out, "{lead}{}", need.words)?;
        for other in &need.alternatives {
            writeln!(out, "       or {}", other.words)?;
        }
    }
    let (style, sign) = style(proposal.outcome);
    let without = if proposal.redacted.is_empty() {
        String::new()
    } else {
        format!(" {}", proposal.redacted.join(", "))
    };
    let frees = if proposal.frees.is_empty() {
        String::new()
    } else {
        format!(", {} passes", proposal.frees.join(", "))
    };
    writeln!(out, "       {style}{sign} {}{without}{style:#}{frees}", proposal.outcome)
}

fn obligations(out: &mut impl Write, told: &Explanation) -> io::Result<()> {
    if told.annotations.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{STRONG}Obligations{STRONG:#}")?;
    for annotation in &told.annotations {
        match &annotation.value {
            Some(value) => writeln!(out, "  {}: {value}", annotation.name)?,
            None => writeln!(out, "  {}", annotation.name)?,
        }
    }
    Ok(())
}
