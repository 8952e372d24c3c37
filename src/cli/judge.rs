//! Who judges a payload: the rules here, with what a configuration has on file, or a gateway that runs.

use std::path::{Path, PathBuf};

use clap::Args;
use http::Method;
use serde_json::{Map, Value};

use super::{
    config, facts,
    gateway::{Asker, Gateway, JSON},
    input::Input,
    output::{self, Failure},
    rules,
};
use crate::{
    control::KeySource,
    engine::Engine,
    facts::Register,
    inquiry::{Case, CaseError, Inquiry},
    policy::Transfer,
    proxy,
    redact::Keyring,
    source::Diagnostics,
};

/// Whom to ask.
#[derive(Debug, Args)]
pub(super) struct Whom {
    /// Directory with the rules; without it, those the program ships
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// Configuration whose rules are asked, under its key ring and with its `facts:` when it has any, as its
    /// gateway would; no gateway may have the store open
    #[arg(long, value_name = "FILE", conflicts_with = "admin", group = "routed")]
    config: Option<PathBuf>,
    /// Admin address of a gateway that runs, `https://…` where it has `admin.tls`; its rules and what it has on file are
    /// asked
    #[arg(
        long,
        value_name = "URL",
        requires = "asker",
        conflicts_with = "rules",
        group = "routed"
    )]
    admin: Option<String>,
    #[command(flatten)]
    asker: Asker,
    /// Route of the configuration or the gateway: what it, its data centre and the `context:` of all routes state is
    /// added, whatever route the context names. What a caller's workload states is not
    #[arg(long, value_name = "ID", requires = "routed")]
    route: Option<String>,
}

pub(super) enum Judge {
    Here(Box<Here>),
    Gateway(Gateway),
}

pub(super) struct Here {
    engine: Engine,
    register: Option<Register>,
    /// Absent without a configuration.
    routes: Option<Vec<(String, Transfer)>>,
}

impl Whom {
    pub(super) fn judge(&self) -> Result<Judge, Failure> {
        if let Some(url) = &self.admin {
            return Ok(Judge::Gateway(Gateway::open(url, &self.asker)?));
        }
        let Some(path) = &self.config else {
            let engine = rules::engine(self.rules.as_deref())?;
            return Ok(Judge::Here(Box::new(Here { engine, register: None, routes: None })));
        };
        let config = config::read(path)?;
        let directory = config.rules.directory.as_ref().map(|directory| &*directory.value);
        let directory = self.rules.as_deref().or(directory);
        let engine = match &config.rules.keyring {
            Some(ring) => rules::engine_under(directory, keyring(&ring.value)?)?,
            None => rules::engine(directory)?,
        };
        let register = match &config.facts {
            Some(_) => {
                let (store, settings) = facts::open(&config, path)?;
                Some(Register::new(store, settings.key))
            }
            None => None,
        };
        let mut diagnostics = Diagnostics::default();
        let routes = proxy::stated(&config, &path.display().to_string(), &mut diagnostics);
        output::diagnostics(&diagnostics);
        let routes = Some(routes.ok_or(Failure::Invalid)?);
        Ok(Judge::Here(Box::new(Here { engine, register, routes })))
    }

    /// The route asked for takes the place of what a context names.
    pub(super) fn write(&self, members: &mut Map<String, Value>) {
        if let Some(route) = &self.route {
            members.insert("route".to_owned(), route.as_str().into());
        }
    }
}

/// The keys a gateway of the configuration redacts under.
fn keyring(ring: &Path) -> Result<Keyring, Failure> {
    let mut diagnostics = Diagnostics::default();
    let keys = KeySource::Ring(ring.to_owned()).load(&mut diagnostics);
    output::diagnostics(&diagnostics);
    keys.ok_or(Failure::Invalid)
}

impl Here {
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Adds what the route asked for, or else the one that the case names, states of it.
    pub(super) fn route(&self, whom: &Whom, case: &mut Case) -> Result<(), CaseError> {
        if whom.route.is_some() {
            case.route.clone_from(&whom.route);
        }
        case.by_route(self.routes.as_deref())
    }

    pub(super) fn inquiry(&self) -> Inquiry<'_> {
        Inquiry {
            engine: &self.engine,
            generation: 0,
            register: self.register.as_ref(),
            has_store: self.register.is_some(),
        }
    }
}

/// The answer of a gateway to a context and a payload in the shape of a line of a batch.
pub(super) fn ask(gateway: &Gateway, path: &str, case: &Value) -> anyhow::Result<Value> {
    let (_, answer) = gateway.ask(Method::POST, path, JSON, case.to_string().into())?;
    Ok(answer)
}

/// A context and a payload as a line of a batch has them.
pub(super) fn case(context: Map<String, Value>, input: &Input) -> Value {
    use base64::Engine as _;
    let mut case = context;
    let encoded = base64::engine::general_purpose::STANDARD.encode(&input.body);
    case.remove("payload");
    case.insert("payload_base64".to_owned(), encoded.into());
    for (member, header) in
        [("content_type", "content-type"), ("content_encoding", "content-encoding")]
    {
        if let Some(value) = input.header(header) {
            case.insert(member.to_owned(), value.into());
        }
    }
    Value::Object(case)
}
