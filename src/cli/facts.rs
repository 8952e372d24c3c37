//! `bordergate facts`: what is on file about people, mechanisms and counts.

mod desk;
mod export;
mod import;

use std::{io::Write as _, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use self::desk::Desk;
pub(super) use self::desk::open;
use super::{
    Exit,
    gateway::Asker,
    identifiers::Identifiers,
    output::{self, GOOD, Outcome},
};

const AFTER_HELP: &str = "\
Examples:
  bordergate facts import --config bordergate.yaml consents.csv
                                   with the gateway stopped
  bordergate facts import --admin http://127.0.0.1:9901 --token-file token \\
      consents.jsonl
  bordergate facts withdraw --admin http://127.0.0.1:9901 --token-file token \\
      --account-id 40001 --scope purpose:direct_marketing
  bordergate facts get --config bordergate.yaml --account-id 40001
  bordergate facts export --config bordergate.yaml > facts.jsonl

One process has the store open: a running gateway is asked over its admin address. Identifiers are \
turned into keyed pseudonyms before anything is stored; none is ever printed.";

/// Import, look up, withdraw and export what is on file
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Facts {
    #[command(subcommand)]
    command: FactsCommand,
}

#[derive(Debug, Subcommand)]
enum FactsCommand {
    Import(import::Import),
    Get(Get),
    Withdraw(Withdraw),
    Export(export::Export),
}

/// Where the store is: the file that a configuration names, or a gateway that runs.
#[derive(Debug, Args)]
struct Where {
    /// Configuration whose `facts:` names the store; no gateway may have it open
    #[arg(long, value_name = "FILE", env = "BORDERGATE_CONFIG", conflicts_with = "admin")]
    config: Option<PathBuf>,
    /// Admin address of the gateway that has the store open; `https://…` where it has `admin.tls`
    #[arg(long, value_name = "URL", requires = "asker")]
    admin: Option<String>,
    #[command(flatten)]
    asker: Asker,
}

/// Whose facts are meant.
#[derive(Debug, Args)]
#[group(skip)]
struct Who {
    #[command(flatten)]
    identifiers: Identifiers,
    /// Read the identifiers from standard input instead, as a JSON object; other users of a machine can
    /// see its command lines
    #[arg(long, group = "who")]
    stdin: bool,
}

/// Print what is on file about one subject, as JSON
///
/// The exit code is 1 when nothing is.
#[derive(Debug, Args)]
struct Get {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
}

/// Withdraw a subject's consent; it governs every decision that begins afterwards
#[derive(Debug, Args)]
struct Withdraw {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    who: Who,
    /// What is withdrawn: `all`, `consent:…` (its scope), `purpose:…`, `category:…` or `recipient:…`; refused when
    /// nothing in the rules knows it
    #[arg(long)]
    scope: String,
    /// Since when, in RFC 3339; now, if not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl Facts {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            FactsCommand::Import(import) => import.run(),
            FactsCommand::Get(get) => get.run(),
            FactsCommand::Withdraw(withdraw) => withdraw.run(),
            FactsCommand::Export(export) => export.run(),
        }
    }
}

impl Get {
    fn run(self) -> Outcome {
        let subject = self.who.subject()?;
        let Some(record) = Desk::open(&self.place)?.get(&subject)? else {
            output::note("nothing is on file about this subject");
            return Ok(Exit::Failed);
        };
        writeln!(output::out(), "{record}")?;
        Ok(Exit::Done)
    }
}

impl Withdraw {
    fn run(self) -> Outcome {
        let mut withdrawal = json!({ "scope": self.scope });
        if let (Some(at), Value::Object(withdrawal)) = (self.at, &mut withdrawal) {
            withdrawal.insert("at".to_owned(), json!(at));
        }
        Desk::open(&self.place)?.withdraw(self.who.subject()?, withdrawal)?.tell();
        writeln!(output::out(), "{GOOD}ok{GOOD:#}: withdrawn")?;
        Ok(Exit::Done)
    }
}

impl Who {
    fn subject(&self) -> anyhow::Result<Value> {
        if self.stdin {
            let text =
                std::io::read_to_string(std::io::stdin()).context("cannot read who is meant")?;
            // What serde says may repeat what it read.
            return serde_json::from_str(&text).map_err(|_| {
                anyhow::anyhow!("standard input is not a JSON object of identifiers")
            });
        }
        let Identifiers { pseudonym, .. } = &self.identifiers;
        let pseudonym = pseudonym.iter().map(|code| ("pseudonym", code.as_str()));
        let given = self.identifiers.given().map(|(kind, value)| (kind.as_str(), value));
        let members = given.chain(pseudonym).map(|(name, value)| (name.to_owned(), json!(value)));
        Ok(Value::Object(members.collect::<Map<_, _>>()))
    }
}
