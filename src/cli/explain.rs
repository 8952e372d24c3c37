//! `bordergate explain`: why is this decided so, and what would make it lawful?

mod text;

use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::Deserialize as _;

use super::{
    Exit,
    decide::{AsOf, context_of, members_of},
    input::{Described, Input},
    judge::{self, Judge, Whom},
    output::{self, Outcome},
};
use crate::{engine::Scratch, inquiry::Explained};

const AFTER_HELP: &str = "\
Examples:
  bordergate explain --context transfer.json order.json
  bordergate explain --context transfer.json --format json order.json
  bordergate explain --as-of 2025-06-30 --context transfer.json order.json
  bordergate explain --context transfer.json --all order.json
                                   every rule, and why it does not apply
  bordergate explain --config bordergate.yaml --context transfer.json order.json
                                   with what is on file
  bordergate explain --config bordergate.yaml --route us \\
      --context transfer.json order.json
                                   as a request by the route `us`
  bordergate explain --admin http://127.0.0.1:9901 --token-file token \\
      --route us --context transfer.json order.json
                                   by a gateway that runs, with its facts

What is proposed was judged with what it asks for. It holds categories, places and facts of the \
context, never a value of the payload.";

/// Say why a payload is decided as it is, and what would make it lawful
///
/// Calls exactly the code that the gateway calls. Nothing is sent anywhere.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Explain {
    #[command(flatten)]
    whom: Whom,
    /// JSON file with the context of the transfer
    #[arg(long, value_name = "CTX.json")]
    context: PathBuf,
    #[command(flatten)]
    described: Described,
    #[command(flatten)]
    as_of: AsOf,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List the rules that do not apply too, each with the condition that is not met
    #[arg(long)]
    all: bool,
    /// Exit with 10 when something would be redacted, with 11 when the transfer would be blocked
    #[arg(long)]
    exit_code: bool,
    /// File with the payload; `-` for standard input
    #[arg(value_name = "PAYLOAD")]
    payload: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For a person
    Text,
    /// One object with every rule and condition
    Json,
}

/// What a person waits for gladly.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(5);

impl Explain {
    pub(super) fn run(self) -> Outcome {
        let input = Input::read(&self.payload, &self.described)?;
        let mut out = output::out();
        let (explained, told) = match self.whom.judge()? {
            Judge::Here(here) => {
                let mut case = context_of(&self.context)?;
                here.route(&self.whom, &mut case).map_err(anyhow::Error::from)?;
                let mut transfer = case.transfer;
                self.as_of.set(&mut transfer);
                let start = Instant::now();
                let go_on = || start.elapsed() < SEARCH_TIME_MAX;
                let (inquiry, limits, mut scratch) =
                    (here.inquiry(), input.limits(), Scratch::default());
                let explained = input.with_message(|message| {
                    inquiry.explain(message, &transfer, &limits, &mut scratch, &go_on)
                });
                (explained, None)
            }
            Judge::Gateway(gateway) => {
                let mut members = members_of(&self.context)?;
                self.as_of.write(&mut members);
                self.whom.write(&mut members);
                let case = judge::case(members, &input);
                let answer = judge::ask(&gateway, "/-/explain", &case)?;
                let explained = Explained::deserialize(&answer)
                    .context("the gateway, of another version perhaps, explains otherwise")?;
                (explained, Some(answer))
            }
        };
        match (self.format, told) {
            (Format::Text, _) => text::print(&mut out, &explained, self.all)?,
            (Format::Json, Some(answer)) => writeln!(out, "{answer}")?,
            (Format::Json, None) => {
                serde_json::to_writer(&mut out, &explained).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        Ok(Exit::of(explained.explanation.outcome, self.exit_code))
    }
}
