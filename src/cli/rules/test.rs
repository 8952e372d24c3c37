//! `bordergate rules test`: do the rules decide as their tests say, and what do the tests leave out?

use std::{io::Write, path::PathBuf, time::Instant};

use clap::{Args, ValueEnum};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    cli::{
        Exit,
        output::{self, BAD, CHANGED, Failure, GOOD, Outcome, PLACE, STRONG},
    },
    control::RulesSource,
    policy::{ConditionCoverage, Trial, TrialReport},
    source::Diagnostics,
};

const AFTER_HELP: &str = "\
Examples:
  bordergate rules test                     the shipped rules and their tests
  bordergate rules test rules/ --full       and every condition tried both ways
  bordergate rules test rules/ --format junit > rules.xml

A table stands in `tests/`, beside `law/` and `policy/`:
  title: Switzerland
  down_to: law
  defaults:
    {as_of: 2026-11-23T09:00:00Z, origin: CH, destination: CN,
     purpose: customer_support, data: name}
  facts:
    clauses: {mechanisms: [{type: ch_scc, id: SCC-1}]}
    assessment: {mechanisms: [{type: ch_tia, id: TIA-1}]}
  rows:
    - {name: nothing on file, expect: block, by: JR-CH-02}
    - {name: both, with: [clauses, assessment], expect: allow, rules: JR-CH-02}

The exit code is 12 when a row is decided otherwise than it says.";

/// Judge the rule tests beside the rules, and say what they leave untried
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Test {
    /// Directory with the rules and their `tests/`; without it, those the program ships
    #[arg(value_name = "DIR")]
    rules: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List every condition with the rows that tried it
    #[arg(long)]
    coverage: bool,
    /// Fail unless every rule acted and every condition was tried both ways
    #[arg(long)]
    full: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// What failed, and what was left untried
    Text,
    /// One object
    Json,
    /// JUnit XML, for continuous integration
    Junit,
}

impl Test {
    pub(super) fn run(self) -> Outcome {
        let trial = trial(self.rules.clone())?;
        let start = Instant::now();
        let report = trial.run();
        let took = start.elapsed();
        let mut out = output::out();
        match self.format {
            Format::Text => self.print(&mut out, &report, took)?,
            Format::Json => {
                serde_json::to_writer(&mut out, &json(&report)).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
            Format::Junit => {
                let report = junit(&report, self.full)
                    .to_string()
                    .map_err(|error| anyhow::anyhow!("cannot write the report: {error}"))?;
                out.write_all(report.as_bytes())?;
            }
        }
        out.flush()?;
        let failed = report.rows.iter().any(|row| !row.passed());
        Ok(if failed || (self.full && !is_full(&report)) { Exit::Differs } else { Exit::Done })
    }

    fn print(
        &self,
        out: &mut impl Write,
        report: &TrialReport,
        took: std::time::Duration,
    ) -> Result<(), Failure> {
        for row in report.rows.iter().filter(|row| !row.passed()) {
            writeln!(
                out,
                "{PLACE}{}:{}{PLACE:#}: {BAD}failed{BAD:#}: {STRONG}{}{STRONG:#}",
                row.file, row.line, row.name
            )?;
            for complaint in &row.complaints {
                writeln!(out, "    {complaint}")?;
            }
        }
        for rule in report.coverage.rules.iter().filter(|rule| !rule.is_full()) {
            writeln!(
                out,
                "{PLACE}{}:{}{PLACE:#}: {CHANGED}untried{CHANGED:#}: {} never acts",
                rule.file, rule.line, rule.id
            )?;
        }
        for it in report.coverage.conditions.iter().filter(|it| self.coverage || !it.is_full()) {
            self.print_condition(out, report, it)?;
        }
        let failed = report.rows.iter().filter(|row| !row.passed()).count();
        let verdict = match (failed, report.rows.len()) {
            (_, 0) => format!("{CHANGED}there are no tests{CHANGED:#}"),
            (0, rows) => format!("{GOOD}ok{GOOD:#}: {} as written", output::count(rows, "row")),
            (failed, rows) => {
                format!("{BAD}{failed} of {} failed{BAD:#}", output::count(rows, "row"))
            }
        };
        writeln!(out, "{verdict}, in {} ms", took.as_millis())?;
        let sums = Sums::of(report);
        writeln!(
            out,
            "{} of {} acted, {} of {} tried both ways",
            sums.rules_acted,
            output::count(sums.rules, "rule"),
            sums.conditions_tried,
            output::count(sums.conditions, "condition"),
        )?;
        Ok(())
    }

    fn print_condition(
        &self,
        out: &mut impl Write,
        report: &TrialReport,
        it: &ConditionCoverage,
    ) -> Result<(), Failure> {
        let row = |first: Option<u32>| {
            let row = first.and_then(|at| report.rows.get(at as usize));
            row.map_or_else(|| "no row".to_owned(), |row| format!("{}:{}", row.file, row.line))
        };
        let (style, word) = if it.is_full() { (GOOD, "tried") } else { (CHANGED, "untried") };
        write!(
            out,
            "{PLACE}{}:{}{PLACE:#}: {style}{word}{style:#}: {} {} `{}`",
            it.file, it.line, it.of, it.section, it.words
        )?;
        if self.coverage {
            writeln!(
                out,
                "; holds in {} ({}), does not in {} ({})",
                row(it.held.first),
                it.held.rows,
                row(it.failed.first),
                it.failed.rows
            )?;
        } else {
            let never = match (it.held.is_tried(), it.failed.is_tried()) {
                (false, false) => "never makes the difference",
                (false, true) => "never makes the difference by holding",
                (true, _) => "never makes the difference by not holding",
            };
            writeln!(out, " {never}")?;
        }
        Ok(())
    }
}

/// The tests of a directory, or of the rules the program ships. What is wrong with them is printed.
pub(super) fn trial(directory: Option<PathBuf>) -> Result<Trial, Failure> {
    let source = directory.map_or(RulesSource::Embedded, RulesSource::Directory);
    let mut diagnostics = Diagnostics::default();
    let files = source.load(&mut diagnostics).files;
    let engine = super::compile(&files, &mut diagnostics);
    let trial = engine.and_then(|engine| Trial::new(&files, engine.taxonomy(), &mut diagnostics));
    // Rules are compiled more than once on the way, and say each time what is wrong with them.
    diagnostics.sort();
    diagnostics.dedup();
    output::diagnostics(&diagnostics);
    trial.filter(|_| !diagnostics.has_errors()).ok_or(Failure::Invalid)
}

struct Sums {
    rules: usize,
    rules_acted: usize,
    conditions: usize,
    conditions_tried: usize,
}

impl Sums {
    fn of(report: &TrialReport) -> Self {
        let coverage = &report.coverage;
        Self {
            rules: coverage.rules.len(),
            rules_acted: coverage.rules.iter().filter(|it| it.is_full()).count(),
            conditions: coverage.conditions.len(),
            conditions_tried: coverage.conditions.iter().filter(|it| it.is_full()).count(),
        }
    }
}

fn is_full(report: &TrialReport) -> bool {
    let sums = Sums::of(report);
    sums.rules == sums.rules_acted && sums.conditions == sums.conditions_tried
}

fn json(report: &TrialReport) -> serde_json::Value {
    let sums = Sums::of(report);
    serde_json::json!({
        "rows": report.rows.len(),
        "failed": report.rows.iter().filter(|row| !row.passed()).count(),
        "rules": sums.rules, "rules_acted": sums.rules_acted,
        "conditions": sums.conditions, "conditions_tried": sums.conditions_tried,
        "outcomes": report.rows,
        "coverage": report.coverage,
    })
}

/// A suite for each table, and with `full` one for what was to be tried.
fn junit(report: &TrialReport, full: bool) -> Report {
    let mut junit = Report::new("rules");
    let mut suites: Vec<TestSuite> = Vec::new();
    for row in &report.rows {
        let status = if row.passed() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(row.complaints.join("; "));
            status.set_description(format!("{}:{}", row.file, row.line));
            status
        };
        let mut case = TestCase::new(row.name.clone(), status);
        case.set_classname(row.file.clone());
        case.extra.insert("file".into(), row.file.clone().into());
        case.extra.insert("line".into(), row.line.to_string().into());
        match suites.last_mut().filter(|suite| suite.name.as_str() == row.table) {
            Some(suite) => {
                suite.add_test_case(case);
            }
            None => {
                let mut suite = TestSuite::new(row.table.clone());
                suite.add_test_case(case);
                suites.push(suite);
            }
        }
    }
    if full {
        let mut suite = TestSuite::new("coverage");
        for it in &report.coverage.conditions {
            let status = if it.is_full() {
                TestCaseStatus::success()
            } else {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message("not tried both ways");
                status
            };
            let mut case = TestCase::new(format!("{} {} {}", it.of, it.section, it.words), status);
            case.set_classname(format!("{}:{}", it.file, it.line));
            suite.add_test_case(case);
        }
        suites.push(suite);
    }
    junit.add_test_suites(suites);
    junit
}
