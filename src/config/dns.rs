//! How names of endpoints become addresses: the section `dns`.

use super::{Address, Time};
use crate::source::At;

/// Names are looked up when the gateway starts, and again when their time to live is over.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DnsSection {
    /// Address and port of name servers. Default: as the system is configured, `/etc/hosts` and search
    /// domains included.
    #[schemars(with = "Vec<String>")]
    pub servers: Vec<At<Address>>,
    /// A name is not looked up again before this, whatever its time to live.
    pub ttl_min: Time,
    /// A name is looked up again after this, whatever its time to live.
    pub ttl_max: Time,
    /// For how long the last addresses serve on when no name server answers.
    pub stale_max: Time,
}

impl Default for DnsSection {
    fn default() -> Self {
        let seconds = |seconds| Time(std::time::Duration::from_secs(seconds));
        Self {
            servers: Vec::new(),
            ttl_min: seconds(1),
            ttl_max: seconds(300),
            stale_max: seconds(600),
        }
    }
}
