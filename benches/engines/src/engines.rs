//! The four engines, each with its rules compiled. What is measured is the decision alone, not how a request
//! becomes a question: every question is put together afresh from its parts before it is timed, in each
//! engine's own form.

use std::{collections::HashMap, hint::black_box, ops::Range, rc::Rc};

use anyhow::Context as _;
use bordergate::{
    control::RulesSource,
    domain::{Coverage, Finding, Findings, Tag},
    engine::Engine,
    policy::Transfer,
    redact::PseudonymKey,
    source::{Diagnostics, SourceFile},
};
use serde::Deserialize as _;

use crate::{rules, transfers::Asked};

/// What an engine says of a transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answer {
    /// A bit for each rule that stops it.
    pub stopped_by: u16,
    /// When none does, a bit for each of [`rules::TAGS`] that goes.
    pub taken_out: u8,
}

impl Answer {
    fn stop(&mut self, rule: usize) {
        self.stopped_by |= 1 << rule;
    }

    fn take_out(&mut self, tag: &str) {
        if let Some(number) = rules::TAGS.iter().position(|known| *known == tag) {
            self.taken_out |= 1 << number;
        }
    }
}

pub trait Judge {
    fn name(&self) -> &'static str;
    /// Puts the questions of these transfers together, in place of those before.
    fn arrive(&mut self, numbers: Range<usize>) -> anyhow::Result<()>;
    /// Answers one of them, by its place.
    fn decide(&mut self, place: usize) -> anyhow::Result<Answer>;
}

pub fn all(asked: &Rc<[Asked]>) -> anyhow::Result<Vec<Box<dyn Judge>>> {
    Ok(vec![
        Box::new(Ours::new(asked, true)?),
        Box::new(Ours::new(asked, false)?),
        Box::new(Cedar::new(asked)?),
        Box::new(Rego::new(asked)?),
        Box::new(Cel::new(asked)?),
    ])
}

struct Ours {
    engine: Engine,
    /// Rather than judge each anew.
    remembers: bool,
    /// The bit of each rule, by its number; nothing for what is none of the twelve.
    bits: Vec<u16>,
    asked: Rc<[Asked]>,
    questions: Vec<(Transfer, Findings)>,
    /// The place of each tag in [`rules::TAGS`].
    places: Vec<u8>,
}

impl Ours {
    fn new(asked: &Rc<[Asked]>, remembers: bool) -> anyhow::Result<Self> {
        // The shipped names, and our twelve rules in place of the shipped ones.
        let shipped = RulesSource::Embedded.load(&mut Diagnostics::default()).files;
        let mut files: Vec<SourceFile> = shipped
            .into_iter()
            .filter(|file| {
                !["law/", "policy/", "organisation/", "tests/"]
                    .iter()
                    .any(|folder| file.name.starts_with(folder))
            })
            .collect();
        files.push(SourceFile {
            name: "organisation/twelve.yaml".to_owned(),
            text: rules::BORDERGATE.to_owned(),
        });
        let mut diagnostics = Diagnostics::default();
        let engine =
            Engine::compile(&files, PseudonymKey::new(b"a key of the bench"), &mut diagnostics)
                .with_context(|| diagnostics.to_string())?;
        let bits = engine
            .rules()
            .rules()
            .map(|(_, info)| {
                let number = info.id.strip_prefix("E-").and_then(|it| it.parse::<u32>().ok());
                number.and_then(|it| 1u16.checked_shl(it.saturating_sub(1))).unwrap_or(0)
            })
            .collect();
        let mut places = vec![0; engine.taxonomy().len()];
        for (name, place) in rules::TAGS.iter().zip(0u8..) {
            let tag = tag(&engine, name)?;
            *places.get_mut(usize::from(tag.0)).context("a tag of the taxonomy")? = place;
        }
        let (asked, questions) = (Rc::clone(asked), Vec::new());
        Ok(Self { engine, remembers, bits, asked, questions, places })
    }
}

fn tag(engine: &Engine, name: &str) -> anyhow::Result<Tag> {
    engine.taxonomy().tag(name).with_context(|| format!("no category `{name}`"))
}

impl Judge for Ours {
    fn name(&self) -> &'static str {
        if self.remembers { "bordergate" } else { "bordergate anew" }
    }

    fn arrive(&mut self, numbers: Range<usize>) -> anyhow::Result<()> {
        self.questions.clear();
        for asked in self.asked.get(numbers).context("no such transfers")? {
            let mut findings = Findings::default();
            for name in &asked.tags {
                findings.items.push(Finding::of_body(tag(&self.engine, name)?));
            }
            self.questions.push((Transfer::deserialize(&asked.transfer)?, findings));
        }
        Ok(())
    }

    fn decide(&mut self, place: usize) -> anyhow::Result<Answer> {
        let (transfer, findings) = self.questions.get(place).context("no such transfer")?;
        let rules = self.engine.rules();
        let transfer = black_box(transfer);
        let decision = if self.remembers {
            rules.decide(transfer, findings, Coverage::Full, &[])
        } else {
            rules.decide_anew(transfer, findings, Coverage::Full, &[])
        };
        let mut answer = Answer::default();
        for rule in &decision.blocked_by {
            answer.stopped_by |= self.bits.get(usize::from(rule.0)).copied().unwrap_or(0);
        }
        for redaction in &decision.redactions {
            let finding = findings.items.get(redaction.finding as usize);
            let place = finding.and_then(|it| self.places.get(usize::from(it.tag.0)));
            let place = *place.context("a finding of the payload")?;
            answer.taken_out |= 1 << place;
        }
        Ok(answer)
    }
}

struct Cedar {
    authorizer: cedar_policy::Authorizer,
    policies: cedar_policy::PolicySet,
    entities: cedar_policy::Entities,
    asked: Rc<[Asked]>,
    requests: Vec<(cedar_policy::Request, Vec<&'static str>)>,
    /// The rule of each policy; the policies of a text are named by their place in it.
    numbers: HashMap<cedar_policy::PolicyId, usize>,
}

impl Cedar {
    fn new(asked: &Rc<[Asked]>) -> anyhow::Result<Self> {
        Ok(Self {
            authorizer: cedar_policy::Authorizer::new(),
            policies: rules::CEDAR.parse()?,
            entities: cedar_policy::Entities::empty(),
            asked: Rc::clone(asked),
            requests: Vec::new(),
            numbers: (0..12)
                .map(|rule| (cedar_policy::PolicyId::new(format!("policy{}", rule + 1)), rule))
                .collect(),
        })
    }
}

impl Judge for Cedar {
    fn name(&self) -> &'static str {
        "cedar-policy"
    }

    fn arrive(&mut self, numbers: Range<usize>) -> anyhow::Result<()> {
        self.requests.clear();
        for asked in self.asked.get(numbers).context("no such transfers")? {
            let request = cedar_policy::Request::new(
                r#"Exporter::"ours""#.parse()?,
                r#"Action::"transfer""#.parse()?,
                r#"Centre::"theirs""#.parse()?,
                cedar_policy::Context::from_json_value(asked.flat.clone(), None)?,
                None,
            )?;
            self.requests.push((request, asked.tags.clone()));
        }
        Ok(())
    }

    fn decide(&mut self, place: usize) -> anyhow::Result<Answer> {
        let (request, tags) = self.requests.get(place).context("no such transfer")?;
        let response =
            self.authorizer.is_authorized(black_box(request), &self.policies, &self.entities);
        let mut answer = Answer::default();
        if response.decision() == cedar_policy::Decision::Allow {
            return Ok(answer);
        }
        // It can say which policies forbid and no more; what they take out stands beside them.
        for policy in response.diagnostics().reason() {
            let rule = *self.numbers.get(policy).context("no such policy")?;
            match rules::TAKEN_OUT.iter().find(|(number, _)| *number == rule) {
                None => answer.stop(rule),
                Some((_, taken)) => {
                    tags.iter()
                        .filter(|tag| taken.contains(tag))
                        .for_each(|tag| answer.take_out(tag));
                }
            }
        }
        if answer.stopped_by != 0 {
            answer.taken_out = 0;
        }
        Ok(answer)
    }
}

struct Rego {
    engine: regorus::Engine,
    asked: Rc<[Asked]>,
    inputs: Vec<regorus::Value>,
}

impl Rego {
    fn new(asked: &Rc<[Asked]>) -> anyhow::Result<Self> {
        let mut engine = regorus::Engine::new();
        engine.add_policy("transfer.rego".to_owned(), rules::REGO.to_owned())?;
        Ok(Self { engine, asked: Rc::clone(asked), inputs: Vec::new() })
    }
}

impl Judge for Rego {
    fn name(&self) -> &'static str {
        "regorus"
    }

    fn arrive(&mut self, numbers: Range<usize>) -> anyhow::Result<()> {
        self.inputs.clear();
        for asked in self.asked.get(numbers).context("no such transfers")? {
            self.inputs.push(regorus::Value::from_json_str(&asked.flat.to_string())?);
        }
        Ok(())
    }

    fn decide(&mut self, place: usize) -> anyhow::Result<Answer> {
        let input = self.inputs.get(place).context("no such transfer")?;
        self.engine.set_input(black_box(input).clone());
        let mut answer = Answer::default();
        for rule in self.engine.eval_rule("data.transfer.stopped".to_owned())?.as_set()? {
            let rule = rule.as_u64()?.checked_sub(1).context("rules are counted from one")?;
            answer.stop(usize::try_from(rule)?);
        }
        if answer.stopped_by == 0 {
            for tag in self.engine.eval_rule("data.transfer.taken_out".to_owned())?.as_set()? {
                answer.take_out(tag.as_string()?);
            }
        }
        Ok(answer)
    }
}

struct Cel {
    programs: Vec<cel::Program>,
    taken_out: Vec<cel::Program>,
    asked: Rc<[Asked]>,
    contexts: Vec<cel::Context<'static, 'static>>,
}

impl Cel {
    fn new(asked: &Rc<[Asked]>) -> anyhow::Result<Self> {
        let compile = |texts: &[&str]| -> anyhow::Result<Vec<cel::Program>> {
            let mut programs = Vec::new();
            for text in texts {
                let program = cel::Program::compile(text);
                programs.push(program.map_err(|error| anyhow::anyhow!("{text}: {error}"))?);
            }
            Ok(programs)
        };
        let (programs, taken_out) = (compile(&rules::CEL)?, compile(&rules::CEL_TAKEN_OUT)?);
        Ok(Self { programs, taken_out, asked: Rc::clone(asked), contexts: Vec::new() })
    }
}

impl Judge for Cel {
    fn name(&self) -> &'static str {
        "cel"
    }

    fn arrive(&mut self, numbers: Range<usize>) -> anyhow::Result<()> {
        self.contexts.clear();
        for asked in self.asked.get(numbers).context("no such transfers")? {
            let mut context = cel::Context::default();
            let added = context.add_variable("t", &asked.flat);
            added.map_err(|error| anyhow::anyhow!("{error}"))?;
            self.contexts.push(context);
        }
        Ok(())
    }

    fn decide(&mut self, place: usize) -> anyhow::Result<Answer> {
        let context = self.contexts.get(place).context("no such transfer")?;
        let mut answer = Answer::default();
        for (program, rule) in self.programs.iter().zip(0usize..) {
            let said = program.execute(black_box(context));
            let said = said.map_err(|error| anyhow::anyhow!("{error}"))?;
            if matches!(said, cel::Value::Bool(true)) {
                answer.stop(rule);
            }
        }
        if answer.stopped_by != 0 {
            return Ok(answer);
        }
        for program in &self.taken_out {
            let said = program.execute(black_box(context));
            if let cel::Value::List(tags) = said.map_err(|error| anyhow::anyhow!("{error}"))? {
                for tag in tags.iter() {
                    if let cel::Value::String(tag) = tag {
                        answer.take_out(tag);
                    }
                }
            }
        }
        Ok(answer)
    }
}
