//! Whom a command is about.

use clap::Args;

use crate::facts::IdentifierKind;

/// The identifiers of one person. A command that can read them from standard input as well adds that to the group
/// `who`.
#[derive(Debug, Args)]
#[group(id = "who", required = true, multiple = true)]
pub(super) struct Identifiers {
    /// Account id
    #[arg(long, value_name = "ID")]
    account_id: Option<String>,
    /// Phone number, in international form
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// Email address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// IMEI, MAC address or another device id
    #[arg(long, value_name = "ID")]
    device_id: Option<String>,
    /// Pseudonym, as an export or a record has it
    #[arg(long, value_name = "HEX")]
    pub(super) pseudonym: Option<String>,
}

impl Identifiers {
    /// Those that are given, without the pseudonym.
    pub(super) fn given(&self) -> impl Iterator<Item = (IdentifierKind, &str)> {
        let value = |kind| match kind {
            IdentifierKind::AccountId => &self.account_id,
            IdentifierKind::Phone => &self.phone,
            IdentifierKind::Email => &self.email,
            IdentifierKind::DeviceId => &self.device_id,
        };
        IdentifierKind::ALL
            .into_iter()
            .filter_map(move |kind| Some((kind, value(kind).as_deref()?)))
    }
}
