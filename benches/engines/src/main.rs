//! One small rule set in four engines, in one run: what does a decision cost in each?
//!
//! Before anything is timed, all of them have to answer every transfer alike. Then they take turns, so that
//! what disturbs the machine disturbs all of them; the figures are the median of the rounds, and that of how many
//! times longer than ours an engine took within a round.
//!
//! Each of some sixty transfers, in turn and no two alike, arrives afresh: it is put together from its
//! parts, as many at a time as are in flight at once, and then timed. What is warm is what each engine keeps
//! from one request to the next: compiled rules for all, and for ours the answers to what this worker has
//! been asked before, which it looks up by comparing the whole question. `bordergate anew` judges without those.

mod engines;
mod rules;
mod transfers;

use std::{
    hint::black_box,
    rc::Rc,
    time::{Duration, Instant},
};

use engines::Judge;

/// As in the gateway, for all of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As many different questions as the routes of one gateway ask in a busy minute.
const TRANSFERS: usize = 64;
const ROUNDS: usize = 41;
/// How often an engine goes through the transfers in a round.
const TIMES: usize = 32;
/// Transfers that have arrived and are not yet decided; so many stay in the processor's cache.
const IN_FLIGHT: usize = 16;

fn main() -> anyhow::Result<()> {
    let asked: Rc<[transfers::Asked]> = transfers::transfers(TRANSFERS).into();
    let mut judges = engines::all(&asked)?;
    let (stopped, cut) = agree(&mut judges, &asked)?;
    println!(
        "{TRANSFERS} transfers; for every engine alike {stopped} are stopped, each by the same rules, and \
         {cut} lose the same fields"
    );
    let mut rounds: Vec<Vec<f64>> = judges.iter().map(|_| Vec::with_capacity(ROUNDS)).collect();
    for round in 0..=ROUNDS {
        for (judge, rounds) in judges.iter_mut().zip(&mut rounds) {
            let nanoseconds = time(judge.as_mut())?;
            // The first is for warming up.
            if round > 0 {
                rounds.push(nanoseconds);
            }
        }
    }
    // A round is over in some milliseconds: what slows the machine down slows all of one down.
    let ours = rounds.first().cloned().unwrap_or_default();
    println!("{:<16} {:>12} {:>12} {:>8}", "engine", "median", "fastest", "");
    for (judge, rounds) in judges.iter().zip(&mut rounds) {
        let ratios = rounds.iter().zip(&ours).map(|(theirs, ours)| theirs / ours);
        let ratio = median(&mut ratios.collect::<Vec<_>>());
        let nanoseconds = median(rounds);
        let fastest = rounds.first().copied().unwrap_or_default();
        println!("{:<16} {nanoseconds:>9.0} ns {fastest:>9.0} ns {ratio:>7.1} ×", judge.name());
    }
    Ok(())
}

/// Leaves them in order.
fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// How many transfers are stopped, and how many lose fields; an error where two engines differ.
fn agree(
    judges: &mut [Box<dyn Judge>],
    asked: &[transfers::Asked],
) -> anyhow::Result<(usize, usize)> {
    let (mut stopped, mut cut) = (0, 0);
    for (number, asked) in asked.iter().enumerate() {
        let mut answers = Vec::new();
        for judge in judges.iter_mut() {
            judge.arrive(number..number + 1)?;
            answers.push((judge.name(), judge.decide(0)?));
        }
        let (_, first) = answers.first().copied().unwrap_or_default();
        anyhow::ensure!(
            answers.iter().all(|(_, answer)| *answer == first),
            "the engines differ: {answers:?} for {}",
            asked.flat
        );
        stopped += usize::from(first.stopped_by != 0);
        cut += usize::from(first.taken_out != 0);
    }
    Ok((stopped, cut))
}

/// Nanoseconds a decision.
fn time(judge: &mut dyn Judge) -> anyhow::Result<f64> {
    let mut taken = Duration::ZERO;
    for _ in 0..TIMES {
        for first in (0..TRANSFERS).step_by(IN_FLIGHT) {
            judge.arrive(first..first + IN_FLIGHT)?;
            let start = Instant::now();
            for place in 0..IN_FLIGHT {
                black_box(judge.decide(black_box(place))?);
            }
            taken += start.elapsed();
        }
    }
    let decisions = u32::try_from(TIMES * TRANSFERS)?;
    Ok(taken.as_secs_f64() * 1e9 / f64::from(decisions))
}
