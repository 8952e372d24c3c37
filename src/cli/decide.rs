//! `bordergate decide`: what would happen to this payload on its way?
//!
//! The same call that production makes, with a context from a file where production takes it from
//! headers, routes and the address.

use std::{
    io::{BufRead, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde_json::{Map, Value};

use super::{
    Exit,
    input::{self, Described, Input},
    judge::{self, Here, Judge, Whom},
    output::{self, BAD, CHANGED, Failure, Outcome},
    progress,
};
use crate::{
    domain::Effect,
    engine::Scratch,
    inquiry::{Answer, Case, Judged},
    policy::{Timestamp, Transfer},
};

const AFTER_HELP: &str = "\
Examples:
  bordergate decide --context transfer.json order.json
  bordergate decide --context transfer.json --content-encoding gzip order.gz
  bordergate decide --as-of 2025-06-30 --context transfer.json order.json
  bordergate decide --exit-code --context transfer.json order.json || echo no
  bordergate decide --batch transfers.jsonl
  bordergate decide --config bordergate.yaml --batch transfers.jsonl
                                   with what is on file
  bordergate decide --admin http://127.0.0.1:9901 --token-file token \\
      --batch transfers.jsonl
  bordergate decide --config bordergate.yaml --route us \\
      --context transfer.json order.json
                                   as a request by the route `us`

A context says who sends what to whom, and what is on file about it:
  {\"origin\": \"PK\", \"destination\": \"SG\", \"purpose\": \"service_activation\",
   \"recipient\": {\"class\": \"first_party_facility\", \"id\": \"dc-singapore\"},
   \"transport\": \"tls\",
   \"subject\": {\"consents\": [{\"scope\": \"service\", \"type\": \"explicit\"}]}}

With `--config` or `--admin` it may name a \"route\", which adds what every transfer by it begins with. A member \
that nothing reads is told as unknown, and an error where another was most likely meant.

A line of a batch is such a context with its \"payload\", and an \"id\" if you like. Without \
\"as_of\" it is decided as of now.

The answer, one object a line:
  {\"outcome\": \"allow\" | \"redact\" | \"block\", \"redacted\": [JSON Pointers],
   \"rules\": [ids], \"annotations\": [obligations], \"reason\": one sentence,
   \"body\": what would be sent, or null,
   \"facts\": with a store, \"store\" | \"stated_alone\" | \"unavailable\"}

Nothing is counted.";

/// Say what would happen to a payload, and why
///
/// Calls exactly the code that the gateway calls. Nothing is sent anywhere.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Decide {
    #[command(flatten)]
    whom: Whom,
    /// JSON file with the context of the transfer
    #[arg(
        long,
        value_name = "CTX.json",
        required_unless_present = "batch",
        conflicts_with = "batch"
    )]
    context: Option<PathBuf>,
    /// File with a context and its payload on each line; `-` for standard input
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "payload")]
    batch: Option<PathBuf>,
    #[command(flatten)]
    described: Described,
    #[command(flatten)]
    as_of: AsOf,
    /// Exit with 10 when something would be redacted, with 11 when the transfer would be blocked
    #[arg(long)]
    exit_code: bool,
    /// File with the payload; `-` for standard input
    #[arg(value_name = "PAYLOAD", required_unless_present = "batch")]
    payload: Option<PathBuf>,
}

/// When a transfer is judged.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct AsOf {
    /// Judge as of this time (RFC 3339, or a date), whatever the context says
    #[arg(id = "as_of", long = "as-of", value_name = "TIME")]
    pub(super) time: Option<Timestamp>,
}

impl AsOf {
    /// For a gateway, which takes the time of its own clock when it is given none.
    pub(super) fn write(self, members: &mut Map<String, Value>) {
        if let Some(time) = self.time {
            members.insert("as_of".to_owned(), time.to_string().into());
        }
    }

    /// The time asked for, else the time given, else now.
    pub(super) fn set(self, transfer: &mut Transfer) {
        if self.time.is_some() {
            transfer.as_of = self.time;
        }
        transfer.as_of.get_or_insert_with(|| Timestamp(jiff::Timestamp::now()));
    }
}

impl Decide {
    pub(super) fn run(self) -> Outcome {
        let mut judge = self.whom.judge()?;
        let strictest = match (&self.batch, &self.context, &self.payload) {
            (Some(batch), _, _) => self.batch(&mut judge, batch)?,
            (None, Some(context), Some(payload)) => self.one(&mut judge, context, payload)?,
            // clap asks for one or the other.
            (None, _, _) => return Ok(Exit::Usage),
        };
        Ok(Exit::of(strictest, self.exit_code))
    }

    fn one(&self, judge: &mut Judge, context: &Path, payload: &Path) -> Result<Effect, Failure> {
        let mut out = output::out();
        let effect = match judge {
            Judge::Here(here) => {
                let mut case = context_of(context)?;
                here.route(&self.whom, &mut case).map_err(anyhow::Error::from)?;
                let input = Input::read(payload, &self.described)?;
                let scratch = &mut Scratch::default();
                let judged = judged(here, &input, case.transfer, self.as_of, scratch);
                let answer = Answer::new(here.engine(), case.id.as_ref(), &input.body, &judged);
                print(&mut out, &answer)?;
                warn("", &answer.unknown);
                judged.verdict.decision.effect
            }
            Judge::Gateway(gateway) => {
                let mut members = members_of(context)?;
                self.as_of.write(&mut members);
                self.whom.write(&mut members);
                let case = judge::case(members, &Input::read(payload, &self.described)?);
                print_answer(&mut out, "", &judge::ask(gateway, "/-/decide", &case)?)?
            }
        };
        out.flush()?;
        Ok(effect)
    }

    /// Every line is answered; one that cannot be read is reported, and what it speaks of does not leave.
    fn batch(&self, judge: &mut Judge, batch: &Path) -> Result<Effect, Failure> {
        let name = input::display_name(batch);
        let (reader, bytes) = input::open(batch)?;
        let progress = progress::bar(bytes);
        let mut out = output::out();
        let mut scratch = Scratch::default();
        let mut strictest = Effect::Allow;
        let mut unread = 0_usize;
        for (line, number) in reader.lines().zip(1_usize..) {
            let line = line.with_context(|| format!("cannot read `{name}` at line {number}"))?;
            progress.inc(line.len() as u64 + 1);
            if line.trim().is_empty() {
                continue;
            }
            let case = Case::parse(&line).and_then(|mut case| {
                if let Judge::Here(here) = &*judge {
                    here.route(&self.whom, &mut case)?;
                }
                Ok(case)
            });
            let case = match case {
                Ok(case) => case,
                Err(error) => {
                    unread += 1;
                    progress.suspend(|| {
                        output::note(format_args!("{name}:{number}: {BAD}error{BAD:#}: {error}"));
                    });
                    let members =
                        serde_json::from_str::<serde_json::Value>(&line).unwrap_or_default();
                    print(&mut out, &Answer::unread(members.get("id")))?;
                    strictest = Effect::Block;
                    continue;
                }
            };
            let effect = match judge {
                Judge::Here(here) => {
                    let (content_type, encoding) = (case.content_type, case.content_encoding);
                    let input =
                        Input::from_body(case.body, content_type.as_deref(), encoding.as_deref());
                    let judged = judged(here, &input, case.transfer, self.as_of, &mut scratch);
                    let id = case.id.as_ref();
                    let answer = Answer::new(here.engine(), id, &input.body, &judged);
                    print(&mut out, &answer)?;
                    progress.suspend(|| warn(&format!("{name}:{number}: "), &answer.unknown));
                    judged.verdict.decision.effect
                }
                Judge::Gateway(gateway) => {
                    let mut members: Map<String, Value> =
                        serde_json::from_str(&line).map_err(anyhow::Error::from)?;
                    self.as_of.write(&mut members);
                    self.whom.write(&mut members);
                    let answer = judge::ask(gateway, "/-/decide", &Value::Object(members))?;
                    print_answer(&mut out, &format!("{name}:{number}: "), &answer)?
                }
            };
            strictest = strictest.max(effect);
        }
        progress.finish_and_clear();
        out.flush()?;
        if unread > 0 {
            let lines = output::count(unread, "line");
            return Err(
                anyhow::anyhow!("{lines} of `{name}` could not be read as a transfer").into()
            );
        }
        Ok(strictest)
    }
}

/// Says beside the answer which names nothing in the rules knows.
fn warn(place: &str, names: &[impl AsRef<str>]) {
    if !names.is_empty() {
        output::note(format_args!("{place}{CHANGED}warning{CHANGED:#}: {}", unknown(names)));
    }
}

/// The same in words.
pub(super) fn unknown(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    format!("nothing in the rules knows {}", names.join(", "))
}

/// Prints what a gateway answered; its outcome.
fn print_answer(out: &mut impl Write, place: &str, answer: &Value) -> Result<Effect, Failure> {
    writeln!(out, "{answer}")?;
    let names = answer.get("unknown").and_then(Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
    warn(place, &names);
    let outcome = answer.get("outcome").cloned().unwrap_or_default();
    Ok(serde_json::from_value(outcome).context("the gateway answered without an outcome")?)
}

/// The context in a file.
pub(super) fn context_of(path: &Path) -> anyhow::Result<Case> {
    context_in(path, &input::read(path)?)
}

/// The same, as it is written.
pub(super) fn members_of(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = input::read(path)?;
    context_in(path, &text)?;
    Ok(serde_json::from_slice(&text)?)
}

fn context_in(path: &Path, text: &[u8]) -> anyhow::Result<Case> {
    std::str::from_utf8(text)
        .map_err(anyhow::Error::from)
        .and_then(|text| Case::context(text).map_err(|error| anyhow!(error.reason())))
        .with_context(|| format!("`{}` is not a context", input::display_name(path)))
}

fn judged(
    here: &Here,
    input: &Input,
    mut transfer: Transfer,
    as_of: AsOf,
    scratch: &mut Scratch,
) -> Judged {
    as_of.set(&mut transfer);
    let inquiry = here.inquiry();
    input.with_message(|message| inquiry.judge(message, &transfer, &input.limits(), scratch))
}

fn print(out: &mut impl Write, answer: &Answer<'_>) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, answer).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}
