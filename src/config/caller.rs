//! Who calls: how a listener proves its own name and asks for theirs, and the section `workloads`.

use std::{fmt, num::NonZeroU32, path::PathBuf};

use super::Facts;
use crate::source::At;

/// What a listener proves its names with, and whose certificates it takes. All files are read again
/// when they change; a change that cannot be used leaves what was read before in use.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListenerTls {
    /// PEM file, leaf first. Shown to whoever asks for no name, or for one that no other bears.
    pub certificate: At<PathBuf>,
    /// PEM file of its private key.
    pub key: At<PathBuf>,
    /// Further certificates. Each is shown to those who ask (SNI) for one of the DNS names it bears.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// PEM file of the authorities whose client certificates are accepted. Default: none is asked for.
    #[serde(default)]
    pub client_roots: Option<At<PathBuf>>,
    /// Whether a caller without a certificate is turned away; only with `client_roots`.
    #[serde(default = "yes")]
    #[schemars(default = "yes")]
    pub client_required: bool,
}

fn yes() -> bool {
    true
}

/// A certificate with its private key.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// PEM file, leaf first.
    pub certificate: At<PathBuf>,
    /// PEM file of its private key.
    pub key: At<PathBuf>,
}

/// A caller known by the SPIFFE id in its certificate: a URI among the certificate's alternative names,
/// shown to us in a handshake or told by a trusted hop in `X-Forwarded-Client-Cert`.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSection {
    /// Names it in routes and records.
    pub id: At<String>,
    /// `spiffe://mesh.example/ns/shop/sa/checkout`, or `spiffe://mesh.example/ns/shop/*` for everything
    /// below it. The most exact workload takes a caller.
    #[schemars(with = "String")]
    pub spiffe: At<Spiffe>,
    /// What is known of its transfers, in the shape of a decision request. It stands between what a
    /// trusted hop states and what the route says; `exporter.flags` are what a rule names it by.
    #[serde(default)]
    pub context: Option<At<Facts>>,
    /// It passes on what others send, and `X-Forwarded-Client-Cert` from it says who they are. Without this, whoever
    /// shows a certificate is who that says, wherever it calls from.
    #[serde(default)]
    pub trusted_hop: bool,
    /// Its exchanges at one moment; beyond it the answer is 503 with `Retry-After`. Default: no bound
    /// of its own.
    #[serde(default)]
    pub exchanges_max: Option<usize>,
    /// Its requests over time; beyond it the answer is 429 with `Retry-After`. Default: unlimited.
    #[serde(default)]
    pub rate: Option<Rate>,
}

/// Requests over time, all workers together.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests in a second, on average.
    pub per_second: NonZeroU32,
    /// Requests that may come at once. Default: those of one second.
    #[serde(default)]
    pub burst: Option<NonZeroU32>,
}

/// One SPIFFE id, or all below one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spiffe {
    /// Without the `/*` at its end.
    pub id: String,
    /// Whoever is below the id, rather than the id itself.
    pub below: bool,
}

/// True for a SPIFFE id as the standard has it (SPIFFE-ID §2): scheme, trust domain and path, nothing
/// that could be written in two ways.
pub(crate) fn is_spiffe_id(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("spiffe://") else { return false };
    let (domain, path) =
        rest.split_once('/').map_or((rest, None), |(domain, path)| (domain, Some(path)));
    let is_domain_byte =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b);
    let is_segment = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
    };
    text.len() <= SPIFFE_BYTES_MAX
        && !domain.is_empty()
        && domain.len() <= 255
        && domain.bytes().all(is_domain_byte)
        && path.is_none_or(|path| path.split('/').all(is_segment))
}

/// SPIFFE-ID §2.3.
const SPIFFE_BYTES_MAX: usize = 2048;

impl<'de> serde::Deserialize<'de> for Spiffe {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (id, below) = text.strip_suffix("/*").map_or((text.as_str(), false), |id| (id, true));
        if !is_spiffe_id(id) {
            return Err(serde::de::Error::custom(format!(
                "`{text}` is not a SPIFFE id such as `spiffe://mesh.example/ns/shop/sa/checkout`, or one with `/*` at its end"
            )));
        }
        Ok(Self { id: id.to_owned(), below })
    }
}

impl fmt::Display for Spiffe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.id, if self.below { "/*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Valid and invalid ids after SPIFFE-ID §2.1 to §2.3.
    #[test]
    fn an_id_is_written_in_one_way() {
        for id in [
            "spiffe://trustdomain",
            "spiffe://trustdomain.example-1_a/path",
            "spiffe://mesh.example/ns/shop/sa/checkout",
            "spiffe://1.2.3.4/service",
            "spiffe://d/Path.with_all-Kinds09",
        ] {
            assert!(is_spiffe_id(id), "{id}");
        }
        for id in [
            "",
            "spiffe://",
            "spiffe:///path",
            "spiffe://trustdomain/",
            "spiffe://trustdomain//path",
            "spiffe://trustdomain/a/../b",
            "spiffe://trustdomain/.",
            "spiffe://trustdomain:80/path",
            "spiffe://user@trustdomain/path",
            "spiffe://TrustDomain/path",
            "spiffe://trustdomain/pa%74h",
            "spiffe://trustdomain/path?query",
            "spiffe://trustdomain/path#fragment",
            "SPIFFE://trustdomain/path",
            "http://trustdomain/path",
            &format!("spiffe://trustdomain/{}", "a".repeat(2048)),
        ] {
            assert!(!is_spiffe_id(id), "{id}");
        }
    }

    #[test]
    fn all_below_an_id_are_meant_by_a_star() {
        let read = |text: &str| serde_json::from_value::<Spiffe>(text.into());
        let below = read("spiffe://mesh.example/ns/shop/*").unwrap();
        assert_eq!((below.id.as_str(), below.below), ("spiffe://mesh.example/ns/shop", true));
        assert_eq!(below.to_string(), "spiffe://mesh.example/ns/shop/*");
        assert!(!read("spiffe://mesh.example").unwrap().below);
        for text in ["*", "spiffe://*", "spiffe://mesh.example/*/x", "spiffe://mesh.example/a*"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
