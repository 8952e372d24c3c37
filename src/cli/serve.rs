//! `bordergate serve`: the gateway.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::{
    Exit,
    output::{self, Failure, Outcome},
};
use crate::{
    app::{Gateway, Signals, StartError},
    config::Config,
    telemetry::{self, LogFormat},
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
                    audit is flushed";

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
        telemetry::init_tracing(LogFormat::Auto, filter.as_deref())
            .context("cannot set up the log")?;
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
        gateway.run(signals);
        Ok(Exit::Done)
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
        | StartError::AdminTls(_)
        | StartError::Audit(_)
        | StartError::Geo(_)
        | StartError::Otlp(_)
        | StartError::Metrics(_)
        | StartError::KeyUnreadable { .. }
        | StartError::KeyTooShort { .. }
        | StartError::Key { .. }
        | StartError::NoRandomness
        | StartError::TokenUnreadable { .. }
        | StartError::TokenTooShort { .. }
        | StartError::Facts(_)
        | StartError::Workers(_)) => Failure::Told(other.into()),
    }
}
