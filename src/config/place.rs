//! Where data goes and by which way: the sections `data_centres` and `routes`.

use std::{fmt, path::PathBuf, str::FromStr};

use super::{Network, Time};
use crate::{domain::Region, source::At};

/// Facts in the shape of a decision request: `{"mechanisms": […], "subject": {…}, …}`.
pub(crate) type Facts = serde_json::Map<String, serde_json::Value>;

/// A place that receives data.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataCentre {
    pub id: At<String>,
    /// For people: `Beijing`.
    #[serde(default)]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country whose law reaches the data there.
    pub jurisdiction: At<Region>,
    /// Who receives, as rules see it. Default: class `first_party_facility`, id as above.
    #[serde(default)]
    #[schemars(with = "Option<RecipientShape>")]
    pub recipient: Option<At<Facts>>,
    /// Countries whose staff can read the data there; a remote read is a transfer too.
    #[serde(default)]
    pub remote_access_from: Vec<At<Region>>,
    /// `http://host:port` or `https://host:port`, all in the jurisdiction above.
    pub endpoints: Vec<At<Endpoint>>,
    /// What the endpoints speak. Default `http1`.
    #[serde(default)]
    pub protocol: Protocol,
    /// How `https` endpoints are trusted, and how we prove who we are.
    #[serde(default)]
    pub tls: UpstreamTls,
    /// Whether rules see the way there as `tls` or `plaintext`. Default: as the endpoints' scheme
    /// says. Set it to `tls` where a mesh or a tunnel encrypts what leaves us in clear.
    #[serde(default)]
    pub transport: Option<At<Transport>>,
    /// Pass the caller's `Host` on. Default `false`: `Host` is the endpoint's.
    #[serde(default)]
    pub preserve_host: bool,
    /// What happens when GeoIP places an endpoint's address in another country. Default: as
    /// `geoip.on_mismatch` says.
    #[serde(default)]
    pub on_geoip_mismatch: Option<OnMismatch>,
    /// Exchanges with it at one moment, all workers together; beyond it the answer is 503 with
    /// `Retry-After`. Default: no bound of its own.
    #[serde(default)]
    pub exchanges_max: Option<usize>,
    /// When an endpoint that fails is left alone for a while.
    #[serde(default)]
    pub outlier: OutlierSection,
    /// Requests of our own that find out whether an endpoint answers. Default: none.
    #[serde(default)]
    pub health_check: Option<HealthCheck>,
}

/// Passive health: what exchanges tell of an endpoint. Failures are a connection that could not be made
/// or broke, a stream that was reset, no answer in time, and the answers 502, 503 and 504.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutlierSection {
    /// So many failures in a row eject the endpoint; 0 ejects none.
    pub failures: u32,
    /// For how long the first time; each further time in a row adds as much, up to ten times.
    pub ejection: Time,
}

impl Default for OutlierSection {
    fn default() -> Self {
        Self { failures: 5, ejection: Time(std::time::Duration::from_secs(30)) }
    }
}

/// Active health: `GET` of a path, which any answer 2xx passes.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// Path and query, such as `/healthz`.
    pub path: At<String>,
    /// Between two checks. Default 10s.
    #[serde(default = "check_interval")]
    #[schemars(default = "check_interval")]
    pub interval: Time,
    /// Connection and answer within this. Default 2s.
    #[serde(default = "check_timeout")]
    #[schemars(default = "check_timeout")]
    pub timeout: Time,
    /// Checks passed in a row that make it healthy again. Default 1.
    #[serde(default = "one")]
    #[schemars(default = "one")]
    pub healthy: u32,
    /// Checks failed in a row that make it unhealthy. Default 3.
    #[serde(default = "three")]
    #[schemars(default = "three")]
    pub unhealthy: u32,
}

fn check_interval() -> Time {
    Time(std::time::Duration::from_secs(10))
}

fn check_timeout() -> Time {
    Time(std::time::Duration::from_secs(2))
}

fn one() -> u32 {
    1
}

fn three() -> u32 {
    3
}

/// Documents the keys that are usual for `recipient`; any other key is a fact that rules may name.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct RecipientShape {
    /// `first_party_facility`, `affiliate`, `service_provider`, `network_operator`, `authority` …
    class: Option<String>,
    id: Option<String>,
    /// For a service provider: `delivery`, `analytics` …
    kind: Option<String>,
    /// A covered person under 28 CFR 202.211.
    covered_person: Option<bool>,
}

/// What an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    #[default]
    Http1,
    Http2,
}

/// How the way to a data centre is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tls,
    Plaintext,
}

/// What follows when GeoIP contradicts a declared jurisdiction.
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
pub enum OnMismatch {
    /// Nothing is sent there.
    #[default]
    Block,
    /// It is sent, and the record says so.
    Annotate,
}

/// TLS towards a data centre.
#[derive(Debug, Clone, PartialEq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamTls {
    /// `system` for the machine's trust store, or a PEM file of certificates. Default `system`.
    #[schemars(with = "Option<String>")]
    pub roots: Option<At<Roots>>,
    /// The name the certificate must bear. Default: the endpoint's host.
    pub server_name: Option<At<String>>,
    /// PEM file of the certificate we show, leaf first.
    pub client_certificate: Option<At<PathBuf>>,
    /// PEM file of its private key.
    pub client_key: Option<At<PathBuf>>,
}

/// Whose signatures are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    System,
    File(PathBuf),
}

impl Roots {
    /// The default of a section, and how that is written.
    pub(super) fn system() -> At<Self> {
        At { value: Self::System, line: 0, column: 0 }
    }

    pub(super) fn system_name() -> &'static str {
        "system"
    }

    pub(super) fn file_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::System => None,
            Self::File(path) => Some(path),
        }
    }
}

impl serde::Serialize for Roots {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::System => serializer.serialize_str(Self::system_name()),
            Self::File(path) => path.serialize(serializer),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Roots {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(if text == Self::system_name() { Self::System } else { Self::File(text.into()) })
    }
}

/// One upstream address: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    pub tls: bool,
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    pub port: u16,
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("`{text}` {what}; an endpoint reads `http://host:port` or `https://host:port`")
        };
        let (tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) if text.contains("://") => {
                return Err(wrong("has a scheme of another kind"));
            }
            (None, None) => return Err(wrong("has no scheme")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(wrong("holds more than host and port"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            Some(_) | None => (authority, None),
        };
        let port = match port {
            Some(port) => port.parse::<u16>().ok().filter(|port| *port > 0),
            None => Some(if tls { 443 } else { 80 }),
        }
        .ok_or_else(|| wrong("has a port that is not between 1 and 65535"))?;
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bracketed.unwrap_or(host);
        let readable = match bracketed {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                !host.is_empty() && host.bytes().all(is_word)
            }
        };
        if !readable {
            return Err(wrong("has no readable host"));
        }
        Ok(Self { tls, host: host.to_owned(), port })
    }
}

impl Endpoint {
    /// Host and port as `Host` has them: without the port that the scheme implies.
    pub fn authority(&self) -> String {
        let implied = if self.tls { 443 } else { 80 };
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == implied { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

impl<'de> serde::Deserialize<'de> for Endpoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Endpoint {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Endpoint".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^https?://[^/?#@]+/?$" })
    }
}

/// Which requests go to which data centre, and what is known of them.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSection {
    pub id: At<String>,
    /// Default: every request.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// The id of a data centre.
    pub data_centre: At<String>,
    /// The purpose unless a trusted hop names one. Without either the transfer has no purpose, and
    /// the shipped rules block it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub purpose: Option<At<String>>,
    /// The origin unless a trusted hop names one: whose data it is.
    #[serde(default)]
    pub origin: Option<At<Region>>,
    /// Who sends.
    #[serde(default)]
    #[schemars(with = "Option<ExporterShape>")]
    pub exporter: Option<At<Facts>>,
    /// Who receives, where it is somebody else than the data centre's recipient.
    #[serde(default)]
    #[schemars(with = "Option<RecipientShape>")]
    pub recipient: Option<At<Facts>>,
    /// Further facts in the shape of a decision request, such as `mechanisms` or `policy_versions`.
    #[serde(default)]
    pub context: Option<At<Facts>>,
}

/// Documents the keys that are usual for `exporter`.
#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct ExporterShape {
    /// Which company it is, where counts are kept of several. Default `own`.
    id: Option<String>,
    /// `controller`, `processor` or `data_broker`.
    role: Option<String>,
    sector: Option<String>,
    /// A critical information infrastructure operator (Cybersecurity Law of China, art. 33).
    ciio: Option<bool>,
    flags: Option<Vec<String>>,
    /// ISO 3166-1 alpha-2 code of where the exporter is.
    location: Option<Region>,
}

/// Which requests a route takes. Among several that fit, the most exact host wins, then the longest
/// path prefix, then the one that names methods, then the one that names workloads.
#[derive(Debug, Clone, PartialEq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// A name, or `*.` and a name for everything below it. Default: any host.
    pub host: Option<At<String>>,
    /// Whole segments of the path: `/v1` takes `/v1` and `/v1/x`, not `/v10`. Default `/`.
    pub path_prefix: Option<At<String>>,
    /// Default: any method.
    pub methods: Vec<At<String>>,
    /// Ids of workloads. Default: whoever calls.
    pub workloads: Vec<At<String>>,
    /// Whom a transparent listener's caller wanted to reach, as `203.0.113.0/24`. Default: whomever.
    #[schemars(with = "Vec<String>")]
    pub destinations: Vec<At<Network>>,
}
