//! `bordergate explain`: why is this decided so, and what would make it lawful?

mod text;

use std::{
    io::Write as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};

use super::{
    Exit,
    decide::{Replay, context_of},
    input::{Described, Input},
    output::{self, Outcome},
    rules,
};
use crate::{domain::Effect, engine::Scratch};

const AFTER_HELP: &str = "\
Examples:
  bordergate explain --context transfer.json order.json
  bordergate explain --context transfer.json --all order.json      every rule, and why it does not apply
  bordergate explain --context transfer.json --format json order.json
  bordergate explain --as-of 2025-06-30 --context transfer.json order.json

What is proposed was judged with what it asks for. It holds categories, places and facts of the context,
never a value of the payload.";

/// Say why a payload is decided as it is, and what would make it lawful
///
/// Calls exactly the code that the gateway calls. Nothing is sent anywhere.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Explain {
    /// Directory with the rules; without it, those the program ships
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// JSON file with the context of the transfer
    #[arg(long, value_name = "CTX.json")]
    context: PathBuf,
    #[command(flatten)]
    described: Described,
    #[command(flatten)]
    replay: Replay,
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
        let engine = rules::engine(self.rules.as_deref())?;
        let mut transfer = context_of(&self.context)?.transfer;
        self.replay.set(&mut transfer);
        let input = Input::read(&self.payload, &self.described)?;
        let start = Instant::now();
        let go_on = || start.elapsed() < SEARCH_TIME_MAX;
        let (verdict, explanation) = input.with_message(|message| {
            engine.explain(message, transfer, &input.limits(), &mut Scratch::default(), &go_on)
        });
        let mut out = output::out();
        match self.format {
            Format::Text => text::print(&mut out, &explanation, self.all)?,
            Format::Json => {
                serde_json::to_writer(&mut out, &explanation).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        Ok(match verdict.decision.effect {
            Effect::Redact if self.exit_code => Exit::Found,
            Effect::Block if self.exit_code => Exit::Blocked,
            Effect::Allow | Effect::Redact | Effect::Block => Exit::Done,
        })
    }
}
