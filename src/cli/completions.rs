//! `bordergate completions`: what the shell needs to complete our words.

use clap::Args;
use clap_complete::Shell;

use super::{
    Exit,
    output::{self, Outcome},
};

/// Print completions for a shell
///
/// bash: `bordergate completions bash > /etc/bash_completion.d/bordergate`
/// zsh:  `bordergate completions zsh > "${fpath[1]}/_bordergate"`
/// fish: `bordergate completions fish > ~/.config/fish/completions/bordergate.fish`
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Completions {
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, command: &mut clap::Command) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "bordergate", &mut script);
        std::io::Write::write_all(&mut output::out(), &script)?;
        Ok(Exit::Done)
    }
}
