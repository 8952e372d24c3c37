//! The four engines, each with its rules compiled and the questions in its own form: what is measured is
//! the decision alone, not how a request becomes a question.

use std::hint::black_box;

use anyhow::Context as _;
use bordergate::{
    control::RulesSource,
    domain::{
        Confidence, Coverage, DetectorId, Effect, Finding, Findings, LayerId, Marks, Part, Span,
    },
    engine::Engine,
    policy::Transfer,
    redact::PseudonymKey,
    source::{Diagnostics, SourceFile},
};

use crate::{rules, transfers::Asked};

/// Is the transfer of this number blocked?
pub trait Judge {
    fn name(&self) -> &'static str;
    fn blocks(&mut self, number: usize) -> anyhow::Result<bool>;
}

pub fn all(asked: &[Asked]) -> anyhow::Result<Vec<Box<dyn Judge>>> {
    Ok(vec![
        Box::new(Ours::new(asked)?),
        Box::new(Cedar::new(asked)?),
        Box::new(Rego::new(asked)?),
        Box::new(Cel::new(asked)?),
    ])
}

struct Ours {
    engine: Engine,
    transfers: Vec<Transfer>,
    findings: Findings,
}

impl Ours {
    fn new(asked: &[Asked]) -> anyhow::Result<Self> {
        // The shipped names, and our ten rules in place of the shipped ones.
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
            name: "organisation/ten.yaml".to_owned(),
            text: rules::BORDERGATE.to_owned(),
        });
        let mut diagnostics = Diagnostics::default();
        let engine =
            Engine::compile(&files, PseudonymKey::new(b"a key of the bench"), &mut diagnostics)
                .with_context(|| diagnostics.to_string())?;
        let mut items = Vec::new();
        for name in ["name", "phone", "email", "account_id", "imei"] {
            items.push(Finding {
                tag: engine
                    .taxonomy()
                    .tag(name)
                    .with_context(|| format!("no category `{name}`"))?,
                part: Part::Body,
                layer: LayerId(0),
                path: Findings::ROOT,
                span: Span::default(),
                value: Span::default(),
                member: Span::default(),
                kind: None,
                confidence: Confidence(100),
                detector: DetectorId(0),
                marks: Marks::default(),
                enclosing: None,
                region: None,
            });
        }
        let transfers = asked.iter().map(|asked| asked.transfer.clone()).collect();
        Ok(Self { engine, transfers, findings: Findings { items, nodes: Vec::new() } })
    }
}

impl Judge for Ours {
    fn name(&self) -> &'static str {
        "bordergate"
    }

    fn blocks(&mut self, number: usize) -> anyhow::Result<bool> {
        let transfer = self.transfers.get(number).context("no such transfer")?;
        let rules = self.engine.rules();
        let decision = rules.decide(black_box(transfer), &self.findings, Coverage::Full, &[]);
        Ok(decision.effect == Effect::Block)
    }
}

struct Cedar {
    authorizer: cedar_policy::Authorizer,
    policies: cedar_policy::PolicySet,
    entities: cedar_policy::Entities,
    requests: Vec<cedar_policy::Request>,
}

impl Cedar {
    fn new(asked: &[Asked]) -> anyhow::Result<Self> {
        let mut requests = Vec::new();
        for asked in asked {
            requests.push(cedar_policy::Request::new(
                r#"Exporter::"ours""#.parse()?,
                r#"Action::"transfer""#.parse()?,
                r#"Centre::"theirs""#.parse()?,
                cedar_policy::Context::from_json_value(asked.flat.clone(), None)?,
                None,
            )?);
        }
        Ok(Self {
            authorizer: cedar_policy::Authorizer::new(),
            policies: rules::CEDAR.parse()?,
            entities: cedar_policy::Entities::empty(),
            requests,
        })
    }
}

impl Judge for Cedar {
    fn name(&self) -> &'static str {
        "cedar-policy"
    }

    fn blocks(&mut self, number: usize) -> anyhow::Result<bool> {
        let request = self.requests.get(number).context("no such transfer")?;
        let response =
            self.authorizer.is_authorized(black_box(request), &self.policies, &self.entities);
        Ok(response.decision() == cedar_policy::Decision::Deny)
    }
}

struct Rego {
    engine: regorus::Engine,
    inputs: Vec<regorus::Value>,
}

impl Rego {
    fn new(asked: &[Asked]) -> anyhow::Result<Self> {
        let mut engine = regorus::Engine::new();
        engine.add_policy("transfer.rego".to_owned(), rules::REGO.to_owned())?;
        let mut inputs = Vec::new();
        for asked in asked {
            inputs.push(regorus::Value::from_json_str(&asked.flat.to_string())?);
        }
        Ok(Self { engine, inputs })
    }
}

impl Judge for Rego {
    fn name(&self) -> &'static str {
        "regorus"
    }

    fn blocks(&mut self, number: usize) -> anyhow::Result<bool> {
        let input = self.inputs.get(number).context("no such transfer")?;
        self.engine.set_input(black_box(input).clone());
        let blocked = self.engine.eval_rule("data.transfer.blocked".to_owned())?;
        Ok(blocked == regorus::Value::from(true))
    }
}

struct Cel {
    programs: Vec<cel::Program>,
    contexts: Vec<cel::Context<'static, 'static>>,
}

impl Cel {
    fn new(asked: &[Asked]) -> anyhow::Result<Self> {
        let mut programs = Vec::new();
        for text in rules::CEL {
            let program = cel::Program::compile(text);
            programs.push(program.map_err(|error| anyhow::anyhow!("{text}: {error}"))?);
        }
        let mut contexts = Vec::new();
        for asked in asked {
            let mut context = cel::Context::default();
            let added = context.add_variable("t", &asked.flat);
            added.map_err(|error| anyhow::anyhow!("{error}"))?;
            contexts.push(context);
        }
        Ok(Self { programs, contexts })
    }
}

impl Judge for Cel {
    fn name(&self) -> &'static str {
        "cel"
    }

    fn blocks(&mut self, number: usize) -> anyhow::Result<bool> {
        let context = self.contexts.get(number).context("no such transfer")?;
        for program in &self.programs {
            let said = program.execute(black_box(context));
            let said = said.map_err(|error| anyhow::anyhow!("{error}"))?;
            if matches!(said, cel::Value::Bool(true)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
