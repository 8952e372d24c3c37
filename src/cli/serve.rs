//! `bordergate serve`: the gateway.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::{
    Exit,
    output::{self, Failure, Outcome},
};
use crate::{
    app::{Gateway, Signals, StartError},
    config::Config,
    telemetry,
};

const AFTER_HELP: &str = "\
Examples:
  bordergate serve            loopback, shipped rules (`config default`)
  bordergate serve --config /etc/bordergate/bordergate.yaml
  BORDERGATE_LOG=debug bordergate serve

Signals:
  SIGHUP            reload rules and routes; on any error the last good ones go
                    on serving
  SIGTERM, SIGINT   drain: no new connections, in-flight exchanges finish, the
                    audit is flushed; the exit code is 1 when some of it could
                    not be written";

/// Run the gateway
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Serve {
    /// Configuration file; without it, the configuration inside the program (loopback only)
    #[arg(long, value_name = "FILE", env = "BORDERGATE_CONFIG")]
    config: Option<PathBuf>,
}

impl Serve {
    pub(super) fn run(self) -> Outcome {
        let filter = std::env::var("BORDERGATE_LOG").ok();
        let _log = telemetry::init_tracing(filter.as_deref()).context("cannot set up the log")?;
        telemetry::hush_panics();
        let file = match &self.config {
            Some(path) => super::config::open(path)?,
            None => Config::embedded(),
        };
        let config = super::config::check(&file)?;
        let signals = Signals::listen().context("cannot wait for signals")?;
        let gateway = Gateway::start(&config, &file.name).map_err(told)?;
        if self.config.is_some() {
            gateway.follow(file, config);
        }
        match gateway.run(signals).records_lost {
            0 => Ok(Exit::Done),
            lost => {
                let records = output::count(usize::try_from(lost).unwrap_or(usize::MAX), "record");
                Err(anyhow!("{records} of the audit or more were lost: they could not be written before the end, and the audit does not tell of them").into())
            }
        }
    }
}

/// Complaints about files are printed as such; everything else is one sentence.
pub(super) fn told(error: StartError) -> Failure {
    match error {
        StartError::Invalid(diagnostics) => {
            output::diagnostics(&diagnostics);
            Failure::Invalid
        }
        other @ (StartError::Bind(_)
        | StartError::Admin(_)
        | StartError::Audit(_)
        | StartError::Otlp(_)
        | StartError::Metrics(_)
        | StartError::NoRandomness
        | StartError::Facts(_)
        | StartError::Workers(_)) => Failure::Told(other.into()),
    }
}
