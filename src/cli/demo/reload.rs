//! A rule is edited while calls go on: the change takes effect, and no call notices the change-over.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use comfy_table::Table;

use super::{Records, Stage, caller::Caller, calls};
use crate::{
    cli::output::{self, BAD, CHANGED, Failure, GOOD, PLACE, STRONG},
    control::Status,
    domain::Effect,
    snapshot::Generation,
};

/// Relative to the rules directory.
pub(super) const FILE: &str = "organisation/demonstration.yaml";

/// Part of the rules from the start, and switched off.
pub(super) const RULE: &str = "\
layer: organisation
title: Demonstration
rules:
  - id: ORG-DEMO-01
    title: Hardware addresses stay at home this week
    statute: decision of the data protection officer
    when: { purpose: service_activation, data: mac }
    effect: redact
    reason: Hardware addresses stay at home this week.
    mode: off
";

const CALLERS: usize = 4;
/// Calls of this act are numbered from here on.
const FIRST_NUMBER: u64 = 1_000_000;
const PHASE: Duration = Duration::from_millis(400);

/// Shared by the callers.
struct Load {
    stop: AtomicBool,
    next: AtomicU64,
    failed: AtomicU64,
}

/// However this act ends, its callers end with it.
struct Callers(Arc<Load>);

impl Drop for Callers {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

pub(super) fn write_rule(rules: &std::path::Path) -> std::io::Result<()> {
    let path = rules.join(FILE);
    fs::create_dir_all(path.parent().unwrap_or(rules))?;
    fs::write(path, RULE)
}

/// Returns how many calls failed or were judged by half a rule set.
pub(super) async fn perform(stage: &Stage) -> Result<usize, Failure> {
    let mut out = output::out();
    writeln!(out, "{STRONG}Now a rule is edited while {CALLERS} services keep calling.{STRONG:#}")?;
    out.flush()?;

    let load = Arc::new(Load {
        stop: AtomicBool::new(false),
        next: AtomicU64::new(FIRST_NUMBER),
        failed: AtomicU64::new(0),
    });
    let calling = Callers(Arc::clone(&load));
    let begun = Instant::now();
    let callers: Vec<_> =
        (0..CALLERS).map(|_| tokio::spawn(call_on(stage.address, Arc::clone(&load)))).collect();

    tokio::time::sleep(PHASE).await;
    edit(stage, "mode: off", "mode: enforce")?;
    let first = Generation(1);
    let changed = until(stage, |status| status.generation != first).await?;
    writeln!(
        out,
        "\n  {PLACE}{FILE}{PLACE:#}\n  {BAD}-    mode: off{BAD:#}\n  {GOOD}+    mode: enforce{GOOD:#}\n  \
         generation {} serves\n",
        changed.generation
    )?;
    out.flush()?;

    tokio::time::sleep(PHASE).await;
    edit(stage, "effect: redact", "effect: explode")?;
    let refused = until(stage, |status| status.stale).await?;
    let told = refused.last_failure.as_ref().map(|failure| failure.diagnostics.to_string());
    writeln!(
        out,
        "  {PLACE}{FILE}{PLACE:#}\n  {BAD}-    effect: redact{BAD:#}\n  {GOOD}+    effect: explode{GOOD:#}\n  \
         {CHANGED}refused{CHANGED:#}, generation {} goes on serving:\n    {}\n",
        refused.generation,
        told.unwrap_or_default().replace('\n', "\n    ")
    )?;
    out.flush()?;

    tokio::time::sleep(PHASE).await;
    edit(stage, "effect: explode", "effect: redact")?;
    until(stage, |status| !status.stale).await?;
    drop(calling);
    for caller in callers {
        caller.await.context("a caller fell over")?;
    }
    let sent = load.next.load(Ordering::Relaxed) - FIRST_NUMBER;
    let failed = load.failed.load(Ordering::Relaxed);
    report(stage, sent, failed, begun.elapsed()).await
}

/// Calls until told to stop.
async fn call_on(gateway: std::net::SocketAddr, load: Arc<Load>) {
    let calls = calls::calls();
    let (Some(call), Ok(mut caller)) = (calls.first(), Caller::connect(gateway).await) else {
        load.failed.fetch_add(1, Ordering::Relaxed);
        return;
    };
    while !load.stop.load(Ordering::Relaxed) {
        let number = load.next.fetch_add(1, Ordering::Relaxed);
        let arrived = caller.send(call, number).await.is_ok_and(|status| status.is_success());
        if !arrived {
            load.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// As an editor saves: beside, then in place of the old one.
fn edit(stage: &Stage, from: &str, to: &str) -> anyhow::Result<()> {
    let path = stage.rules().join(FILE);
    let beside = path.with_extension("yaml.new");
    let text = fs::read_to_string(&path)?.replace(from, to);
    fs::write(&beside, text)?;
    fs::rename(&beside, &path).context("cannot edit the rule")?;
    Ok(())
}

async fn until(stage: &Stage, holds: impl Fn(&Status) -> bool) -> anyhow::Result<Arc<Status>> {
    let deadline = Instant::now() + Duration::from_secs(15);
    while Instant::now() < deadline {
        let status = stage.gateway.reloads().status();
        if holds(&status) {
            return Ok(status);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bail!("the gateway did not notice the edit")
}

async fn report(
    stage: &Stage,
    sent: u64,
    failed: u64,
    elapsed: Duration,
) -> Result<usize, Failure> {
    let expected = usize::try_from(sent - failed).unwrap_or(usize::MAX);
    let records =
        Records::read(&stage.records(), expected.saturating_add(calls::calls().len())).await;
    // Generation, and what it decided, and how often.
    let mut judged: BTreeMap<(u64, Effect), u64> = BTreeMap::new();
    for number in FIRST_NUMBER..FIRST_NUMBER + sent {
        if let Some(record) = records.get(number) {
            *judged.entry((record.generation, record.effect)).or_default() += 1;
        }
    }
    let mut table = Table::new();
    table.load_style(super::table::STYLE).set_header(["generation", "calls", "decided"]);
    for ((generation, effect), calls) in &judged {
        table.add_row([generation.to_string(), calls.to_string(), effect.to_string()]);
    }
    // With one generation for each call there is one answer for each generation.
    let torn: u64 = judged
        .iter()
        .filter(|((generation, effect), _)| {
            *effect != if *generation == 1 { Effect::Allow } else { Effect::Redact }
        })
        .map(|(_, calls)| calls)
        .sum();
    let mut out = output::out();
    writeln!(out, "{table}")?;
    let verdict = if failed + torn == 0 { GOOD } else { BAD };
    writeln!(
        out,
        "\n{STRONG}{sent} calls{STRONG:#} in {:.1} s: {verdict}{failed} failed, {torn} judged by half a rule set{verdict:#}.\n",
        elapsed.as_secs_f64(),
    )?;
    out.flush()?;
    Ok(usize::try_from(failed + torn).unwrap_or(usize::MAX))
}
