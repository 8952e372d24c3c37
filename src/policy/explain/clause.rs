//! Rules as written: each condition with the words and the line of its file beside the predicate that
//! runs. Compiled on demand from the same files by the same code as the rules themselves; nothing here
//! is on the way of a request.

use rustc_hash::FxHashMap;

use crate::{
    domain::Taxonomy,
    policy::{
        Timestamp,
        compile::{in_order, is_rule_file, names, scope},
        condition::Scope,
        context::{Context, Notes},
        judge::opens,
        predicate::{Observations, Predicate},
        registry::Section,
        set::{Gate, Rule, RuleSet},
        source::{Condition, RegisterFile, RuleFile},
    },
    source::{Diagnostics, Node, SourceFile, parse, read, read_node},
};

/// A condition as written.
#[derive(Debug)]
pub(in crate::policy) struct Clause {
    /// `mechanism: {type: eu_tia}`, as the file says it, on one line.
    pub(in crate::policy) words: String,
    /// From 1; 0 for what the file does not say and every rule means.
    pub(in crate::policy) line: u32,
    pub(in crate::policy) form: Form,
    /// The number under which tests count it; `None` for what a rule means without saying so.
    pub(in crate::policy) number: Option<u32>,
}

#[derive(Debug)]
pub(in crate::policy) enum Form {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    /// Under a name the file defines; one thing to the rule that uses it.
    Defined(Box<Clause>),
    Test(Predicate),
    /// `data` of a rule's `when`: which payloads it is about.
    Data,
    InForce {
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    },
}

/// The conditions of one rule.
#[derive(Debug, Default)]
pub(in crate::policy) struct Clauses {
    /// All of these, for the rule to apply.
    pub(in crate::policy) applies: Vec<Clause>,
    pub(in crate::policy) unless: Option<Clause>,
    pub(in crate::policy) require: Option<Clause>,
}

/// A condition that rules of one file share.
#[derive(Debug)]
pub(in crate::policy) struct Definition {
    pub(in crate::policy) file: String,
    pub(in crate::policy) name: String,
    pub(in crate::policy) clause: Clause,
    /// Whom the file is about.
    pub(in crate::policy) origin: Option<Clause>,
}

/// Where a numbered condition stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::policy) struct ConditionKey {
    pub(in crate::policy) file: String,
    /// Among those of the file.
    pub(in crate::policy) ordinal: u32,
}

/// Every rule of a set as written.
#[derive(Debug)]
pub(in crate::policy) struct Written {
    /// By rule number; empty for what is built in.
    pub(in crate::policy) rules: Vec<Clauses>,
    pub(in crate::policy) definitions: Vec<Definition>,
    /// The numbered conditions.
    pub(in crate::policy) conditions: Vec<ConditionKey>,
    /// What the registers call a word: `eu_scc`, its title. A consent and an opt-out may share a name.
    titles: FxHashMap<(Section, String), String>,
}

impl Written {
    /// `files` are those `set` was compiled from.
    pub(in crate::policy) fn new(set: &RuleSet, files: &[SourceFile], taxonomy: &Taxonomy) -> Self {
        // The files have compiled, so whatever is complained about here was said before.
        let mut diagnostics = Diagnostics::default();
        let files = in_order(files);
        let (book, _) = names(&files, taxonomy, &mut diagnostics);
        let numbers: FxHashMap<(&str, Option<&str>), usize> = set
            .infos
            .iter()
            .enumerate()
            .map(|(number, info)| ((info.id.as_str(), info.part.as_deref()), number))
            .collect();
        let mut written = Self {
            rules: set.infos.iter().map(|_| Clauses::default()).collect(),
            definitions: Vec::new(),
            conditions: Vec::new(),
            titles: titles(&files),
        };
        for file in files.iter().filter(|file| is_rule_file(&file.name)) {
            let Some(source) = read::<RuleFile>(file, &mut diagnostics) else { continue };
            let Some(root) = parse(file, &mut diagnostics) else { continue };
            let scope = scope(&file.name, &source, &book, &mut diagnostics);
            let first = u32::try_from(written.conditions.len()).unwrap_or(u32::MAX);
            let mut writer = Writer { scope: &scope, root: &root, next: first, diagnostics };
            for definition in root.get("definitions").map(Node::items).unwrap_or_default() {
                if let (Some(name), Some(condition)) =
                    (definition.get("name").and_then(Node::text), definition.get("condition"))
                {
                    written.definitions.push(Definition {
                        file: file.name.clone(),
                        name: name.to_owned(),
                        clause: writer.condition(condition),
                        origin: writer.origin(),
                    });
                }
            }
            for node in root.get("rules").map(Node::items).unwrap_or_default() {
                let text = |key: &str| node.get(key).and_then(Node::text);
                let Some(id) = text("id") else { continue };
                let Some(number) = numbers.get(&(id, text("part"))) else { continue };
                if let (Some(rule), Some(slot)) =
                    (set.rules.get(*number), written.rules.get_mut(*number))
                {
                    *slot = writer.rule(node, rule);
                }
            }
            let count = writer.next - first;
            diagnostics = writer.diagnostics;
            let key = |ordinal| ConditionKey { file: file.name.clone(), ordinal };
            written.conditions.extend((0..count).map(key));
        }
        written
    }

    pub(in crate::policy) fn title(&self, section: Section, word: &str) -> Option<&str> {
        self.titles.get(&(section, word.to_owned())).map(String::as_str)
    }
}

fn titles(files: &[&SourceFile]) -> FxHashMap<(Section, String), String> {
    let mut titles = FxHashMap::default();
    for file in files.iter().filter(|file| file.name.starts_with("registers/")) {
        let Some(register) = read::<RegisterFile>(file, &mut Diagnostics::default()) else {
            continue;
        };
        for (section, entries) in [
            (Section::Mechanism, register.mechanisms),
            (Section::ConsentScope, register.consent_scopes),
            (Section::OptOut, register.opt_outs),
            (Section::Setting, register.settings),
            (Section::Counter, register.counters),
            (Section::LegalBasis, register.legal_bases),
            (Section::Flag, register.flags),
            (Section::CnExemption, register.cn_exemptions),
            (Section::UsExemption, register.us_exemptions),
        ] {
            titles.extend(
                entries.into_iter().map(|entry| ((section, entry.name.value), entry.title)),
            );
        }
    }
    titles
}

/// Goes through the conditions of one file.
struct Writer<'w, 'f, 't> {
    scope: &'w Scope<'f, 't>,
    root: &'w Node,
    next: u32,
    diagnostics: Diagnostics,
}

impl Writer<'_, '_, '_> {
    fn rule(&mut self, node: &Node, rule: &Rule) -> Clauses {
        let mut applies = Vec::new();
        let when = node.get("when");
        let has = |key: &str| when.is_some_and(|when| when.get(key).is_some());
        if !has("origin") && !has("origin_not") {
            applies.extend(self.origin());
        }
        if let Some(window) = node.get("in_force")
            && let Some((from, until)) = rule.window
        {
            applies.push(self.clause(
                format!("in_force: {{{window}}}"),
                window.line,
                Form::InForce { from, until },
            ));
        }
        if !has("data") {
            applies.push(implied("data: personal", Form::Data));
        }
        if !has("cross_border")
            && let Some(is) = rule.cross_border
        {
            applies.push(implied("cross_border: true", Form::Test(Predicate::CrossBorder(is))));
        }
        for (key, value) in when.map(Node::entries).unwrap_or_default() {
            if key.text() == Some("data") {
                let clause = self.clause(format!("data: {}", flow(value)), key.line, Form::Data);
                // What always holds is no condition.
                let always = rule.gate == Gate::Any;
                applies.push(Clause { number: clause.number.filter(|_| !always), ..clause });
            } else {
                applies.extend(self.entry(key, value));
            }
        }
        let mut section = |name: &str| node.get(name).map(|node| self.condition(node));
        Clauses { applies, unless: section("unless"), require: section("require") }
    }

    /// What the head of the file says of whom it is about.
    fn origin(&mut self) -> Option<Clause> {
        let origin = self.root.get("origin")?;
        let next = self.next;
        let clause = self.leaf(origin, &origin.with_text("origin"), origin);
        self.next = next;
        Some(Clause { number: None, ..clause })
    }

    /// A whole condition; one key stands for itself.
    fn condition(&mut self, node: &Node) -> Clause {
        let mut parts: Vec<Clause> = Vec::new();
        for (key, value) in node.entries() {
            parts.extend(self.entry(key, value));
        }
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                parts.extend(last);
                group("all of these", node.line, Form::All(parts))
            }
        }
    }

    /// What one key of a condition asks.
    fn entry(&mut self, key: &Node, value: &Node) -> Vec<Clause> {
        let line = key.line;
        match key.text().unwrap_or_default() {
            "all" => value.items().iter().map(|item| self.condition(item)).collect(),
            "any" => {
                let parts = value.items().iter().map(|item| self.condition(item)).collect();
                vec![group("any of these", line, Form::Any(parts))]
            }
            "not" => {
                let part = Box::new(self.condition(value));
                vec![group("not", line, Form::Not(part))]
            }
            "meets" => {
                let names: Vec<String> = match value.text() {
                    Some(name) => vec![name.to_owned()],
                    None => {
                        value.items().iter().filter_map(Node::text).map(str::to_owned).collect()
                    }
                };
                let mut met: Vec<Clause> =
                    names.iter().filter_map(|name| self.defined(name, line)).collect();
                if met.len() == 1 {
                    met
                } else {
                    met.pop().map_or_else(Vec::new, |last| {
                        met.push(last);
                        vec![group("any of these", line, Form::Any(met))]
                    })
                }
            }
            // Each of their keys is a condition of its own.
            outer @ ("exporter" | "recipient" | "policy" | "agreement") => value
                .entries()
                .iter()
                .map(|entry| {
                    let inner = value.with_entries(vec![entry.clone()]);
                    self.leaf(key, &key.with_text(outer), &inner)
                })
                .collect(),
            name => vec![self.leaf(key, &key.with_text(name), value)],
        }
    }

    fn defined(&mut self, name: &str, line: u32) -> Option<Clause> {
        let definitions = self.root.get("definitions").map(Node::items).unwrap_or_default();
        let node = definitions
            .iter()
            .find(|it| it.get("name").and_then(Node::text) == Some(name))?
            .get("condition")?;
        // The parts of a definition are counted where it stands.
        let next = self.next;
        let mut clause = self.condition(node);
        self.next = next;
        uncount(&mut clause);
        Some(self.clause(format!("meets: {name}"), line, Form::Defined(Box::new(clause))))
    }

    fn leaf(&mut self, place: &Node, key: &Node, value: &Node) -> Clause {
        let entry = place.with_entries(vec![(key.clone(), value.clone())]);
        let condition: Condition =
            read_node(self.scope.file, &entry, &mut self.diagnostics).unwrap_or_default();
        let predicate = self.scope.tree(&condition, &mut self.diagnostics);
        self.clause(entry.to_string(), place.line, Form::Test(predicate))
    }

    fn clause(&mut self, words: String, line: u32, form: Form) -> Clause {
        let number = self.next;
        self.next += 1;
        Clause { words, line, form, number: Some(number) }
    }
}

fn group(words: &str, line: u32, form: Form) -> Clause {
    Clause { words: words.to_owned(), line, form, number: None }
}

fn implied(words: &str, form: Form) -> Clause {
    Clause { words: words.to_owned(), line: 0, form, number: None }
}

/// A value of an entry as it stands after its key.
fn flow(value: &Node) -> String {
    if value.entries().is_empty() { value.to_string() } else { format!("{{{value}}}") }
}

fn uncount(clause: &mut Clause) {
    clause.number = None;
    match &mut clause.form {
        Form::All(parts) | Form::Any(parts) => parts.iter_mut().for_each(uncount),
        Form::Not(part) | Form::Defined(part) => uncount(part),
        Form::Test(_) | Form::Data | Form::InForce { .. } => {}
    }
}

/// One transfer before one rule.
#[derive(Clone, Copy)]
pub(in crate::policy) struct View<'v, 't> {
    pub(in crate::policy) context: &'v Context<'t>,
    /// `None` for a definition.
    pub(in crate::policy) rule: Option<&'v Rule>,
    /// What judging the rules before showed.
    pub(in crate::policy) observed: Observations,
}

impl View<'_, '_> {
    pub(in crate::policy) fn holds(&self, clause: &Clause) -> bool {
        match &clause.form {
            Form::All(parts) => parts.iter().all(|part| self.holds(part)),
            Form::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Form::Not(part) => !self.holds(part),
            Form::Defined(part) => self.holds(part),
            Form::Test(predicate) => {
                let mut notes = Notes { observed: self.observed, mechanisms: None };
                self.context.grade(predicate, &mut notes).met
            }
            Form::Data => self.rule.is_none_or(|rule| opens(rule, self.context)),
            Form::InForce { from, until } => {
                let clock = &self.context.clock;
                !clock.is_known() || clock.is_in(*from, *until)
            }
        }
    }

    /// Whether what the rule has under `unless` takes it out of play: for all of the data.
    pub(in crate::policy) fn lifts(&self, unless: &Clause) -> bool {
        let of_rule = self.rule.and_then(|rule| rule.unless.as_ref());
        of_rule.map_or_else(|| self.holds(unless), |it| self.context.is_lifted_by(it))
    }

    /// Calls `visit` with each numbered condition that makes the difference, and whether it holds: had it
    /// been otherwise, so would the whole.
    pub(in crate::policy) fn pivots(&self, clause: &Clause, visit: &mut dyn FnMut(u32, bool)) {
        match &clause.form {
            Form::All(parts) => self.pivots_among(parts, true, visit),
            Form::Any(parts) => self.pivots_among(parts, false, visit),
            Form::Not(part) => self.pivots(part, visit),
            Form::Defined(_) | Form::Test(_) | Form::Data | Form::InForce { .. } => {
                if let Some(number) = clause.number {
                    visit(number, self.holds(clause));
                }
            }
        }
    }

    /// The same for the conditions of a rule: for its applying, and where it applies for its requirement.
    /// Returns whether it applies.
    pub(in crate::policy) fn pivots_of_rule(
        &self,
        clauses: &Clauses,
        visit: &mut dyn FnMut(u32, bool),
    ) -> bool {
        let unless = clauses.unless.as_ref();
        let lifted = unless.is_some_and(|unless| self.lifts(unless));
        let mut wrong = clauses.applies.iter().filter(|part| !self.holds(part));
        match (wrong.next(), wrong.next(), lifted) {
            (None, _, _) => {
                if let Some(unless) = unless {
                    self.pivots(unless, visit);
                }
                if lifted {
                    return false;
                }
                clauses.applies.iter().for_each(|part| self.pivots(part, visit));
                if let Some(require) = &clauses.require {
                    self.pivots(require, visit);
                }
                true
            }
            (Some(alone), None, false) => {
                self.pivots(alone, visit);
                false
            }
            (Some(_), _, _) => false,
        }
    }

    /// Of parts that must all be `settled` for the rest to matter: every one when all are, the one that is
    /// not when it is alone, none otherwise.
    pub(in crate::policy) fn pivots_among<'c>(
        &self,
        parts: impl IntoIterator<Item = &'c Clause> + Clone,
        settled: bool,
        visit: &mut dyn FnMut(u32, bool),
    ) {
        let mut alone = None;
        for part in parts.clone() {
            if self.holds(part) != settled && alone.replace(part).is_some() {
                return;
            }
        }
        match alone {
            Some(part) => self.pivots(part, visit),
            None => parts.into_iter().for_each(|part| self.pivots(part, visit)),
        }
    }
}
