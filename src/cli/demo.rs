//! `bordergate demo`: the whole thing on one machine, in a minute.
//!
//! Three data centres that keep what reaches them, the gateway as `serve` runs it, a few dozen calls of
//! an invented company, and then a rule edited while calls go on.

mod caller;
mod calls;
mod centre;
mod reload;
mod table;

use std::{
    collections::HashMap,
    fs,
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::Args;
use serde::Deserialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::{
    caller::Caller,
    calls::{CENTRES, Call},
    centre::DataCentre,
    table::Row,
};
use super::{
    Exit,
    output::{self, BAD, CHANGED, Failure, GOOD, Outcome, PLACE, STRONG},
};
use crate::{
    app::Gateway,
    config::Config,
    control::RulesSource,
    domain::Effect,
    source::{Diagnostics, SourceFile},
};

/// See it work: three data centres and the gateway on this machine
///
/// Starts everything on free loopback ports, sends a few dozen calls, shows what was asked, decided and
/// why, and what each data centre received; then edits a rule while calls go on. Nothing outside this
/// machine is contacted, and nothing stays behind.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Leave it running afterwards, with commands to try
    #[arg(long)]
    keep: bool,
}

/// Everything that runs.
struct Stage {
    folder: tempfile::TempDir,
    centres: Vec<DataCentre>,
    gateway: Gateway,
    address: SocketAddr,
}

impl Demo {
    pub(super) fn run(self) -> Outcome {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        runtime.block_on(self.perform())
    }

    /// Whoever ends it, and when: what it wrote goes with the stage.
    async fn perform(self) -> Outcome {
        let mut signals = Signals::watch().context("cannot watch for signals")?;
        let stage = Stage::set().await?;
        let played = tokio::select! {
            played = play(&stage) => played,
            () = signals.end() => Err(anyhow::anyhow!("ended before it was over").into()),
        };
        if self.keep && played.is_ok() {
            invite(&stage)?;
            signals.end().await;
        }
        let Stage { folder, gateway, .. } = stage;
        tokio::task::spawn_blocking(move || gateway.drain()).await.context("cannot drain")?;
        folder.close().context("cannot take the temporary directory away")?;
        match played? {
            0 => Ok(Exit::Done),
            unexpected => {
                let calls = output::count(unexpected, "call");
                Err(anyhow::anyhow!("{calls} did not come to what was expected").into())
            }
        }
    }
}

/// How many calls did not come to what was expected.
async fn play(stage: &Stage) -> Result<usize, Failure> {
    introduce(stage)?;
    let calls = calls::calls();
    let rows = send_all(stage, &calls).await?;
    show(&rows)?;
    let unexpected = rows.iter().filter(|row| !row.is_as_expected()).count();
    Ok(unexpected + reload::perform(stage).await?)
}

/// Ctrl-C, and what a supervisor sends.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn watch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

impl Stage {
    async fn set() -> Result<Self, Failure> {
        let folder = tempfile::tempdir().context("cannot make a temporary directory")?;
        let rules = folder.path().join("rules");
        write_rules(&rules)
            .and_then(|()| reload::write_rule(&rules))
            .context("cannot write the rules")?;
        let mut centres = Vec::new();
        for (_, city, _) in CENTRES {
            centres.push(DataCentre::start(city).await.context("cannot start a data centre")?);
        }
        let file = SourceFile {
            name: folder.path().join("bordergate.yaml").display().to_string(),
            text: configuration(folder.path(), &centres),
        };
        fs::write(&file.name, &file.text).context("cannot write the configuration")?;
        let config = Config::parse(&file).map_err(|diagnostics| {
            output::diagnostics(&diagnostics);
            Failure::Invalid
        })?;
        // It has runtimes of its own, which may not begin inside this one.
        let starting =
            tokio::task::spawn_blocking(move || Gateway::start(&config, &file.name)).await;
        let gateway = starting.context("cannot start")?.map_err(super::serve::told)?;
        let address =
            gateway.addresses().first().map(|(_, address)| *address).context("no listener")?;
        Ok(Self { folder, centres, gateway, address })
    }

    fn rules(&self) -> std::path::PathBuf {
        self.folder.path().join("rules")
    }

    fn records(&self) -> std::path::PathBuf {
        self.folder.path().join("audit.jsonl")
    }
}

fn write_rules(folder: &Path) -> std::io::Result<()> {
    for file in RulesSource::Embedded.load(&mut Diagnostics::default()).files {
        let path = folder.join(&file.name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, file.text)?;
    }
    Ok(())
}

/// What an operator would write, with ports from the system.
fn configuration(folder: &Path, centres: &[DataCentre]) -> String {
    use std::fmt::Write as _;
    let mut text = format!(
        "# The demonstration's configuration.
listeners:
  - {{ name: egress, address: \"127.0.0.1:0\" }}
admin: {{ address: \"127.0.0.1:0\" }}
trusted_hops: [127.0.0.0/8]
rules: {{ directory: \"{folder}/rules\" }}
audit: {{ sink: file, path: \"{folder}/audit.jsonl\" }}
context:
  policy_versions:
    - {{ id: \"2019-03-18\", effective_from: 2019-03-18, destinations: [CN, US, SG], added_purposes: {{}} }}
  subject:
    age: 29
    minor: false
    verified: true
    consents:
      - {{ scope: service, type: explicit, policy_version: \"2019-03-18\", given_at: 2020-01-10T08:00:00Z }}
data_centres:
",
        folder = folder.display()
    );
    // Writing to a string cannot fail.
    for ((id, city, country), centre) in CENTRES.iter().zip(centres) {
        let _ = writeln!(
            text,
            "  - {{ id: {id}, city: {city}, jurisdiction: {country}, endpoints: [\"http://{}\"], transport: tls }}",
            centre.address
        );
    }
    text.push_str("routes:\n");
    for (id, ..) in CENTRES {
        let _ = writeln!(
            text,
            "  - {{ id: to-{id}, match: {{ host: {id}.demo }}, data_centre: {id}, exporter: {{ role: controller, sector: consumer_electronics }} }}"
        );
    }
    text
}

fn introduce(stage: &Stage) -> Result<(), Failure> {
    let mut out = output::out();
    writeln!(out, "\n{STRONG}Bordergate{STRONG:#} on http://{}, and behind it:", stage.address)?;
    for ((_, city, country), centre) in CENTRES.iter().zip(&stage.centres) {
        writeln!(out, "  {PLACE}{country}{PLACE:#}  {city:<10} http://{}", centre.address)?;
    }
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

async fn send_all<'c>(stage: &Stage, calls: &'c [Call]) -> anyhow::Result<Vec<Row<'c>>> {
    let mut caller = Caller::connect(stage.address).await?;
    let mut rows = Vec::new();
    for (call, number) in calls.iter().zip(1..) {
        for centre in &stage.centres {
            centre.take();
        }
        let status = caller.send(call, number).await.with_context(|| call.title)?;
        let received = stage.centres.get(call.centre).and_then(DataCentre::take);
        rows.push(Row {
            number,
            call,
            status: status.as_u16(),
            effect: None,
            rules: Vec::new(),
            reason: String::new(),
            received,
        });
    }
    // The record says why; it is written after the answer.
    let records = Records::read(&stage.records(), rows.len()).await;
    for row in &mut rows {
        let Some(record) = records.get(row.number) else { continue };
        row.effect = Some(record.effect);
        row.reason.clone_from(&record.reason);
        row.rules = match record.effect {
            Effect::Allow => &record.rules,
            Effect::Redact => &record.redacted_by,
            Effect::Block => &record.blocked_by,
        }
        .clone();
    }
    Ok(rows)
}

/// The audit records of the demonstration, by the number of the call.
pub(super) struct Records(HashMap<String, Record>);

/// What is read of a record.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Record {
    trace_id: String,
    pub(super) generation: u64,
    pub(super) effect: Effect,
    pub(super) rules: Vec<String>,
    #[serde(default)]
    pub(super) blocked_by: Vec<String>,
    #[serde(default)]
    pub(super) redacted_by: Vec<String>,
    pub(super) reason: String,
}

impl Records {
    /// Waits for `count` records, not for ever.
    pub(super) async fn read(path: &Path, count: usize) -> Self {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let text = fs::read_to_string(path).unwrap_or_default();
            let records: HashMap<String, Record> = text
                .lines()
                .filter_map(|line| serde_json::from_str::<Record>(line).ok())
                .map(|record| (record.trace_id.clone(), record))
                .collect();
            if records.len() >= count || Instant::now() > deadline {
                return Self(records);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) fn get(&self, number: u64) -> Option<&Record> {
        self.0.get(&caller::trace_id(number))
    }
}

fn show(rows: &[Row<'_>]) -> Result<(), Failure> {
    const WIDTH_WITHOUT_TERMINAL: u16 = 150;
    let on_terminal = std::io::stdout().is_terminal();
    let mut table = table::table(rows, (!on_terminal).then_some(WIDTH_WITHOUT_TERMINAL));
    let mut out = output::out();
    // The output strips what a reader without colour cannot show.
    table.enforce_styling();
    writeln!(out, "{table}")?;
    let total = |effect| rows.iter().filter(|row| row.effect == Some(effect)).count();
    writeln!(
        out,
        "\n{STRONG}{}{STRONG:#}: {GOOD}{} allowed{GOOD:#} byte for byte, {CHANGED}{} redacted{CHANGED:#}, {BAD}{} blocked{BAD:#}.\n",
        output::count(rows.len(), "call"),
        total(Effect::Allow),
        total(Effect::Redact),
        total(Effect::Block),
    )?;
    out.flush()?;
    Ok(())
}

fn invite(stage: &Stage) -> Result<(), Failure> {
    let mut out = output::out();
    let gateway = stage.address;
    let admin = stage.gateway.admin_address();
    let (id, ..) = CENTRES.last().copied().unwrap_or_default();
    writeln!(
        out,
        "{STRONG}It goes on running{STRONG:#}; Ctrl-C ends it. Its page, for a browser on this machine; nobody signs in:

  {PLACE}http://{admin}/{PLACE:#}

Try, from another terminal; the data centre answers with what reached it:

  {PLACE}# allowed{PLACE:#}
  curl -i http://{gateway}/ -H 'Host: {id}.demo' -H 'Content-Type: application/json' \\
    -H 'Bordergate-Transfer: origin=PK, purpose=service_activation' \\
    -d '{{\"imei\":\"867619040000019\"}}'

  {PLACE}# redacted: an e-mail address has no place in an activation{PLACE:#}
  curl -i http://{gateway}/ -H 'Host: {id}.demo' -H 'Content-Type: application/json' \\
    -H 'Bordergate-Transfer: origin=PK, purpose=service_activation' \\
    -d '{{\"imei\":\"867619040000019\",\"email\":\"sana.k@example.pk\"}}'

  {PLACE}# blocked: nobody consented{PLACE:#}
  curl -i http://{gateway}/ -H 'Host: {id}.demo' -H 'Content-Type: application/json' \\
    -H 'Bordergate-Transfer: origin=PK, purpose=direct_marketing' \\
    -d '{{\"email\":\"sana.k@example.pk\"}}'

  {PLACE}# what was recorded, and what is counted{PLACE:#}
  tail -n 1 {records}
  curl -s http://{admin}/metrics | grep ^bordergate_transfers

  {PLACE}# break a rule, and mend it: saving the file is enough, asking tells what came of it{PLACE:#}
  sed -i 's/redact$/explode/' {rule}
  curl -X POST http://{admin}/-/reload
  sed -i 's/explode$/redact/' {rule}
",
        records = stage.records().display(),
        rule = stage.rules().join(reload::FILE).display(),
    )?;
    out.flush()?;
    Ok(())
}
