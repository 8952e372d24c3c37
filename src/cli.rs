//! Words for humans and scripts: the commands, their help, their exit codes.
//!
//! Nothing is decided here. `scan` and `decide` call the engine that production calls; `serve` and
//! `demo` start the same gateway. What a command prints on standard output is its result and stays the
//! same on a terminal and in a pipe, apart from colour; everything said beside it goes to standard
//! error.

mod audit;
mod bundle;
mod completions;
mod config;
mod decide;
mod demo;
mod detokenise;
mod explain;
mod facts;
mod gateway;
mod identifiers;
mod input;
mod judge;
mod output;
mod progress;
mod replay;
mod rules;
mod scan;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::domain::Effect;
use output::Failure;

/// What a script can tell from the exit code. What is said of each is what `--help` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[repr(u8)]
pub enum Exit {
    /// done
    Done = 0,
    /// something failed: a file, a port, the network; or nothing is on file or on record (facts get, audit show, audit
    /// subject)
    Failed = 1,
    /// the command line is wrong
    Usage = 2,
    /// rules, configuration or facts have errors; each was reported with file, line and remedy
    Invalid = 3,
    /// some input could not be read to its end (scan, audit report, audit subject), or nothing could be compared (rules
    /// diff, replay)
    Unread = 4,
    /// with `--exit-code`: personal data found (scan), or something would be redacted (decide, explain)
    Found = 10,
    /// with `--exit-code`: the transfer would be blocked (decide, explain)
    Blocked = 11,
    /// a rule test failed (rules test), or decisions differ (rules diff, replay)
    Differs = 12,
    /// the audit was changed (audit verify), or a bundle is not as it was signed (bundle verify)
    Tampered = 13,
    /// no seal by the keys given vouches for a chain of the audit, or there is none (audit verify)
    Unproven = 14,
}

impl Exit {
    /// What a decision exits with where `--exit-code` asks for it (`is_asked`).
    fn of(effect: Effect, is_asked: bool) -> Self {
        match effect {
            Effect::Redact if is_asked => Self::Found,
            Effect::Block if is_asked => Self::Blocked,
            Effect::Allow | Effect::Redact | Effect::Block => Self::Done,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A line or more for each, on the narrowest terminal.
fn exit_codes() -> String {
    const COLUMNS: usize = 80;
    let mut text = "Exit codes:".to_owned();
    for exit in Exit::value_variants() {
        let meaning = exit.to_possible_value().and_then(|value| value.get_help().cloned());
        let mut line = format!("  {:<3}", *exit as u8);
        for word in meaning.unwrap_or_default().to_string().split_whitespace() {
            if line.chars().count() + 1 + word.chars().count() > COLUMNS {
                text.push_str(&format!("\n{line}"));
                line = " ".repeat(5);
            }
            line.push_str(&format!(" {word}"));
        }
        text.push_str(&format!("\n{line}"));
    }
    text
}

const EXAMPLES: &str = "\
Examples:
  bordergate demo                  see it work, on this machine
  bordergate serve                 start on loopback with the shipped rules
  bordergate serve --config bordergate.yaml
                                   start as configured
  bordergate scan order.json       what personal data is in this file?
  bordergate decide --context transfer.json order.json
                                   what would happen to it on its way?
  bordergate explain --context transfer.json order.json
                                   why, and what would make it lawful?
  bordergate rules check rules/    are these rules right?
  bordergate rules test rules/     and do they decide as their tests say?
  bordergate bundle build rules/ --key rules.key --out bordergate.bundle
                                   sign them for many gateways
  bordergate facts import --config bordergate.yaml consents.csv
                                   put consents and withdrawals on file
  bordergate audit verify --key audit.pub audit.jsonl
                                   did anybody change the audit?";

/// A gateway on the border: inspects every payload, tags personal data, and allows, redacts or blocks
/// its way to another jurisdiction by rules that can change while it runs.
#[derive(Debug, Parser)]
#[command(
    name = "bordergate",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = format!("{EXAMPLES}\n\n{}", exit_codes()),
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Scan(scan::Scan),
    Decide(decide::Decide),
    Detokenise(detokenise::Detokenise),
    Explain(explain::Explain),
    Rules(rules::Rules),
    Bundle(bundle::Bundle),
    Facts(facts::Facts),
    Replay(replay::Replay),
    Audit(audit::Audit),
    Config(config::Config),
    Completions(completions::Completions),
}

/// Reads the command line, does what it says, and never panics over what it was given.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers too; clap knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
    };
    let result = match arguments.command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
        Command::Scan(scan) => scan.run(),
        Command::Decide(decide) => decide.run(),
        Command::Detokenise(detokenise) => detokenise.run(),
        Command::Explain(explain) => explain.run(),
        Command::Rules(rules) => rules.run(),
        Command::Bundle(bundle) => bundle.run(),
        Command::Facts(facts) => facts.run(),
        Command::Replay(replay) => replay.run(),
        Command::Audit(audit) => audit.run(),
        Command::Config(config) => config.run(),
        Command::Completions(completions) => completions.run(&mut Arguments::command()),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(Failure::ReaderGone) => Exit::Done.into(),
        Err(failure) => {
            output::failure(&failure);
            failure.exit().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn somebody_is_meant_where_a_command_is_about_a_person() {
        let get = ["bordergate", "facts", "get", "--config", "c.yaml"];
        let subject = ["bordergate", "audit", "subject", "--key-file", "k", "audit.jsonl"];
        for (command, who, is_right) in [
            (&get[..], &[][..], false),
            (&get, &["--stdin"], true),
            (&get, &["--phone", "+92 345 1112233", "--email", "sana@example.pk"], true),
            (&get, &["--pseudonym", "00"], true),
            (&subject, &[], false),
            (&subject, &["--stdin", "email"], true),
            (&subject, &["--stdin", "email", "--device-id", "867619040000019"], true),
            (&subject, &["--pseudonym", "00"], true),
        ] {
            let parsed = Arguments::try_parse_from([command, who].concat());
            assert_eq!(parsed.is_ok(), is_right, "{command:?} {who:?}");
        }
    }

    #[test]
    fn help_tells_every_exit_code() {
        let text = exit_codes();
        for exit in Exit::value_variants() {
            let begin = format!("\n  {:<3} ", *exit as u8);
            let (_, rest) = text.split_once(&begin).unwrap();
            assert!(rest.starts_with(|first: char| first.is_alphabetic()), "{exit:?}: {text}");
        }
        assert!(text.contains("\n  14  no seal by the keys given"), "{text}");
    }

    /// What is set stays as it is on the narrowest terminal; what is running text is wrapped once, and not again.
    #[test]
    fn help_has_no_orphans() {
        fn look(command: &clap::Command, at: &str, seen: &mut usize) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let is_set =
                |line: &str| line.is_empty() || line.starts_with(' ') || line.ends_with(':');
            for line in help.lines().filter(|line| line.starts_with(' ')) {
                assert!(line.chars().count() <= 80, "{at}: wider than 80 columns: {line}");
            }
            for pair in help.lines().collect::<Vec<_>>().windows(2) {
                assert!(
                    is_set(pair[0]) || is_set(pair[1]),
                    "{at}: two lines of one text: {pair:?}"
                );
            }
            *seen += usize::from(!help.is_empty());
            for inner in command.get_subcommands() {
                look(inner, &format!("{at} {}", inner.get_name()), seen);
            }
        }
        let mut seen = 0;
        look(&Arguments::command(), "bordergate", &mut seen);
        assert!(seen > 10, "{seen}");
    }
}
