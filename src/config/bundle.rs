//! The section `rules.bundle`: rules that come as signed bundles.

use std::{path::PathBuf, time::Duration};

use super::{ByteSize, Roots, Time};
use crate::source::At;

/// Rules that come as signed bundles, over HTTPS or by push.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BundleSection {
    /// Where the latest bundle is: `https://…`, or `http://` on this machine. Default: nowhere, and
    /// operators push; the rules inside the program serve until the first does.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub url: Option<At<String>>,
    /// PEM files of Ed25519 public keys; a bundle that none of them signed is not taken.
    #[schemars(with = "Vec<PathBuf>", length(min = 1))]
    pub keys: Vec<At<PathBuf>>,
    /// A directory that is there and that outlives the process: the last good bundle, and the highest
    /// version that served.
    #[schemars(with = "PathBuf")]
    pub cache: At<PathBuf>,
    /// Between two askings. Default 1m.
    #[serde(default = "interval")]
    #[schemars(default = "interval")]
    pub interval: Time,
    /// `system` for the machine's trust store, or a PEM file of the authorities of the server.
    #[serde(default = "Roots::system")]
    #[schemars(with = "String", default = "Roots::system_name")]
    pub roots: At<Roots>,
    /// A file with a bearer token for the server; read again at each asking.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub token_file: Option<At<PathBuf>>,
    /// PEM file of the certificate that is shown to the server, leaf first; with `client_key`. Read again when
    /// it changes.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub client_certificate: Option<At<PathBuf>>,
    /// PEM file of its private key.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub client_key: Option<At<PathBuf>>,
    /// How long a bundle may be, packed. Default 8MiB.
    #[serde(default = "bytes_max")]
    #[schemars(default = "bytes_max")]
    pub bytes_max: ByteSize,
    /// No bundle below this version is taken, whatever the cache says.
    #[serde(default)]
    pub version_min: u64,
    /// How long rules are trusted that neither the server nor a push has confirmed; then the gateway is
    /// not ready any more. Default: until the bundle itself expires, if it does.
    #[serde(default)]
    pub stale_after: Option<Time>,
    /// What happens to transfers while the rules are not trusted.
    #[serde(default)]
    pub on_stale: OnStale,
}

/// What happens to transfers while the rules are not trusted.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum OnStale {
    /// They are judged by the last good rules.
    #[default]
    Keep,
    /// They are blocked, whatever the rules say.
    Block,
}

fn interval() -> Time {
    Time(Duration::from_secs(60))
}

fn bytes_max() -> ByteSize {
    ByteSize(8 << 20)
}

/// Why `url` is no place to get rules from; `None` when it is.
pub(super) fn complaint_of(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<http::Uri>() else { return Some("is not a URL") };
    let Some(authority) = uri.authority() else { return Some("has no host") };
    if authority.as_str().contains('@') {
        return Some("holds a user or a password, which would show in the status");
    }
    match uri.scheme_str() {
        Some("https") => None,
        Some("http") if is_in_clear_over_a_network(url) => {
            Some("goes over a network in clear, where anybody could hold rules back")
        }
        Some("http") => None,
        _ => Some("is not `https://…`"),
    }
}

/// Whether what goes to `url` can be read on its way: it is `http://…`, and not of this machine.
pub(super) fn is_in_clear_over_a_network(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    uri.scheme_str() == Some("http") && !is_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_over_tls_or_from_this_machine() {
        for (url, is_right) in [
            ("https://rules.example/bordergate.bundle", true),
            ("https://rules.example:8443/a?b=c", true),
            ("http://127.0.0.1:8000/rules", true),
            ("http://[::1]:8000/rules", true),
            ("http://localhost/rules", true),
            ("http://rules.example/rules", false),
            ("HTTP://rules.example/rules", false),
            ("http://127.0.0.1.example/rules", false),
            ("http://localhost@rules.example/rules", false),
            ("https://user:secret@rules.example/rules", false),
            ("ftp://rules.example/rules", false),
            ("/etc/bordergate/rules", false),
            ("not a url", false),
        ] {
            assert_eq!(complaint_of(url).is_none(), is_right, "{url}");
        }
    }
}
