//! The configuration file: addresses, threads, limits, paths, data centres and routes.
//!
//! One YAML file, read through [`source`](crate::source) so that every problem is reported in one
//! pass with file, line and remedy. What a rule says is not here; rules are reloaded while serving, and so are
//! routes and what hangs on them ([`Config::rerouted`]). The rest needs a restart.
//! Invariant: a [`Config`] that was handed out has been checked, so that what refers to something
//! else in it does find it.

use std::{net::SocketAddr, path::PathBuf};

use crate::{
    domain,
    source::{At, Diagnostics, SourceFile},
};

mod audit;
mod bounds;
mod bundle;
mod caller;
mod check;
mod dns;
mod otlp;
mod place;
mod reroute;
mod socket;
mod units;

pub use audit::{AuditSection, AuditSinkKind, AuditSync, RotateSection, SealSection};
pub use bounds::{DeadlinesSection, DrainSection, LimitsSection};
pub use bundle::{BundleSection, OnStale};
pub(crate) use caller::is_spiffe_id;
pub use caller::{Certificate, ListenerTls, Rate, Spiffe, WorkloadSection};
pub use dns::DnsSection;
pub use otlp::{OtlpSection, TelemetrySection};
pub(crate) use place::Facts;
pub use place::{
    DataCentre, Endpoint, HealthCheck, Match, OnMismatch, OutlierSection, Protocol, Roots,
    RouteSection, Transport, UpstreamTls,
};
pub use socket::ListenAddress;
pub use units::{ByteSize, Time};

/// The configuration file.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Sockets that take requests.
    pub listeners: Vec<Listener>,
    /// The operators' side: health, metrics, reload.
    #[serde(default)]
    pub admin: AdminSection,
    /// Threads that move requests, each with its own sockets and connections. Default 0: one per
    /// core.
    #[serde(default)]
    pub workers: usize,
    /// Places that receive data.
    pub data_centres: Vec<DataCentre>,
    /// Which requests go to which data centre.
    pub routes: Vec<RouteSection>,
    /// Callers known by the SPIFFE id in their certificate.
    #[serde(default)]
    pub workloads: Vec<WorkloadSection>,
    /// Facts that hold for every route, in the shape of a decision request; a route's own win.
    #[serde(default)]
    pub context: Option<At<Facts>>,
    /// Addresses whose `Bordergate-Transfer`, `Forwarded`, `X-Forwarded-For` and
    /// `X-Forwarded-Client-Cert` headers are believed, as `10.0.0.0/8`. Default: none; the headers of anyone else are taken off unread.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub trusted_hops: Vec<At<Network>>,
    #[serde(default)]
    pub limits: LimitsSection,
    #[serde(default)]
    pub deadlines: DeadlinesSection,
    #[serde(default)]
    pub dns: DnsSection,
    #[serde(default)]
    pub inspection: InspectionSection,
    #[serde(default)]
    pub rules: RulesSection,
    #[serde(default)]
    pub geoip: GeoIpSection,
    /// What is on file about people, mechanisms and counts. Default: none; then facts come with the
    /// request or not at all.
    #[serde(default)]
    pub facts: Option<FactsSection>,
    #[serde(default)]
    pub audit: AuditSection,
    #[serde(default)]
    pub telemetry: TelemetrySection,
    #[serde(default)]
    pub drain: DrainSection,
    /// Who blocks, as a URI for the `Link` of an answer 451 (RFC 7725). Default
    /// `urn:bordergate:gateway`.
    #[serde(default)]
    pub blocked_by: Option<At<String>>,
}

/// One socket that takes requests.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Names it in logs and records.
    pub name: At<String>,
    /// Address and port, `0.0.0.0:8080`, where port 0 lets the system choose; `unix:/path` for a Unix
    /// socket, whose callers count as `127.0.0.1`; `fd:name` for a socket passed by whoever started us.
    #[schemars(with = "String")]
    pub address: At<ListenAddress>,
    /// Takes connections that were meant for somebody else, of which the kernel tells whom (Linux): sent
    /// here by a `REDIRECT` rule, or by `TPROXY`, which needs CAP_NET_ADMIN. Routes match by
    /// `destinations`. Default: none of it.
    #[serde(default)]
    pub transparent: Option<Transparent>,
    /// Each connection begins with a PROXY protocol header, version 1 or 2, that says who is behind the
    /// one who connects; taken from trusted hops only, and without it the connection is closed.
    #[serde(default)]
    pub proxy_protocol: bool,
    /// Absent: HTTP/1.1 and HTTP/2 in clear. Present: both over TLS 1.2 or 1.3.
    #[serde(default)]
    pub tls: Option<ListenerTls>,
}

/// How connections meant for others come here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transparent {
    /// Their destination was rewritten; the connection tracking knows it (SO_ORIGINAL_DST).
    Redirect,
    /// Their destination stands; the socket takes it for its own (IP_TRANSPARENT).
    Tproxy,
}

/// The operators' side.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSection {
    /// Address and port. Default `127.0.0.1:9901`: this machine only.
    #[schemars(with = "String")]
    pub address: At<Address>,
    /// A file with the token that opens what is on file about people, and that this machine's operators
    /// have to show to change anything where no file lists them: `Authorization: Bearer …`, at least 16
    /// characters. Default: none; then nobody may ask about people.
    #[schemars(with = "Option<PathBuf>")]
    pub token_file: Option<At<PathBuf>>,
    /// A file with names, roles and token hashes of operators. Default: none; then this machine alone may
    /// do more than probe and read metrics, and needs no token to look.
    #[schemars(with = "Option<PathBuf>")]
    pub operators_file: Option<At<PathBuf>>,
    /// HTTPS. Default: in clear.
    pub tls: Option<AdminTls>,
}

/// What the admin address proves its name with, and whom it asks to.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminTls {
    /// PEM file, leaf first.
    #[schemars(with = "PathBuf")]
    pub certificate: At<PathBuf>,
    /// PEM file of its private key.
    #[schemars(with = "PathBuf")]
    pub key: At<PathBuf>,
    /// PEM file of the authorities a client's certificate must be of. Default: clients show none.
    #[serde(default)]
    #[schemars(with = "Option<PathBuf>")]
    pub client_roots: Option<At<PathBuf>>,
    /// Whether whoever shows none is turned away, probes too; only with `client_roots`.
    #[serde(default = "yes")]
    #[schemars(default = "yes")]
    pub client_required: bool,
}

fn yes() -> bool {
    true
}

impl Default for AdminSection {
    fn default() -> Self {
        let address = Address(SocketAddr::from(([127, 0, 0, 1], 9901)));
        let address = At { value: address, line: 0, column: 0 };
        Self { address, token_file: None, operators_file: None, tls: None }
    }
}

/// How payloads are looked at.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct InspectionSection {
    /// `false` passes every payload on unread and undecided. For measuring only.
    pub enabled: bool,
    /// What happens to a message that could not be read to its end.
    pub on_gap: OnGap,
    /// Bodies up to here are inspected where they are received; longer ones on a thread of their
    /// own, so that short requests do not wait for them.
    pub inline_bytes_max: ByteSize,
    /// A redacted body goes out in the content coding it came in (gzip, deflate, br, zstd); `false`
    /// sends it in none.
    pub keep_content_coding: bool,
}

impl Default for InspectionSection {
    fn default() -> Self {
        Self {
            enabled: true,
            on_gap: OnGap::ByRule,
            inline_bytes_max: ByteSize(256 << 10),
            keep_content_coding: true,
        }
    }
}

/// What happens to a message that could not be read to its end.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OnGap {
    /// What the rules say of its coverage.
    ByRule,
    /// It is not sent, whatever the rules say.
    Block,
}

/// Where the rules come from.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RulesSection {
    /// A directory of rule files. Default: the rules inside the program.
    #[schemars(with = "Option<PathBuf>")]
    pub directory: Option<At<PathBuf>>,
    /// Signed bundles, instead of a directory.
    pub bundle: Option<BundleSection>,
    /// Reload when the directory changes.
    pub watch: bool,
    /// Rules to come, judged beside those that serve and never in their place. Default: none.
    pub shadow: Option<ShadowSection>,
    /// The key ring: a YAML file with the keys under which pseudonyms, tokens and ciphertexts are made,
    /// read anew with the rules. Default: a new random key at each start, so that pseudonyms do not
    /// outlive the process; rules that ask for tokens or ciphertexts are then refused.
    #[schemars(with = "Option<PathBuf>")]
    pub keyring: Option<At<PathBuf>>,
}

/// A second set of rules.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowSection {
    /// A directory of rule files; it may be made later.
    #[schemars(with = "PathBuf")]
    pub directory: At<PathBuf>,
    /// How many of a hundred transfers are judged by it as well.
    #[serde(default = "all_transfers")]
    #[schemars(default = "all_transfers", range(min = 1, max = 100))]
    pub percent: u16,
}

fn all_transfers() -> u16 {
    100
}

impl Default for RulesSection {
    fn default() -> Self {
        Self { directory: None, bundle: None, watch: true, shadow: None, keyring: None }
    }
}

/// Addresses to countries.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GeoIpSection {
    /// A MaxMind DB file with countries. Default: none, and then no address is placed.
    #[schemars(with = "Option<PathBuf>")]
    pub database: Option<At<PathBuf>>,
    /// What happens when an upstream address is not where its data centre is declared to be.
    pub on_mismatch: OnMismatch,
    /// Take the caller's country for the origin when nothing better is known.
    pub client_origin: bool,
}

impl Default for GeoIpSection {
    fn default() -> Self {
        Self { database: None, on_mismatch: OnMismatch::Block, client_origin: true }
    }
}

/// The store of facts.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactsSection {
    /// The file of the store; made if absent, in a directory that is there.
    pub path: At<PathBuf>,
    /// The key under which subjects are pseudonymised, at least 32 bytes. With another, nobody in the
    /// store would be found, so it refuses to open.
    pub key_file: At<PathBuf>,
    /// Memory for parts of the file.
    #[serde(default = "facts_cache")]
    #[schemars(default = "facts_cache")]
    pub cache: ByteSize,
    /// Stay ready for requests while the store is unavailable. Default `false`: rules that need it block
    /// meanwhile, so others had better take the requests.
    #[serde(default)]
    pub ready_without: bool,
    /// From where operators may ask and change what is on file.
    #[serde(default)]
    pub operators: FactsOperators,
}

fn facts_cache() -> ByteSize {
    ByteSize(64 << 20)
}

/// Who reaches the operators' calls of the store.
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
pub enum FactsOperators {
    /// From this machine only, wherever else the admin address is reachable from.
    #[default]
    Loopback,
    /// From wherever the admin address is reachable.
    Anywhere,
}

/// A socket address as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub SocketAddr);

/// A range of addresses as text, `10.0.0.0/8`; a single address means itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(pub ipnet::IpNet);

impl Config {
    /// Reads and checks a file. A file that cannot be opened is a diagnostic as well.
    pub fn load(path: &std::path::Path) -> Result<Self, Diagnostics> {
        Self::parse(&Self::open(path)?)
    }

    /// Reads a file, unchecked; the one complaint is that it cannot be read.
    pub fn open(path: &std::path::Path) -> Result<SourceFile, Diagnostics> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(SourceFile { name, text }),
            Err(error) => {
                let mut diagnostics = Diagnostics::default();
                let place = crate::source::Place { file: name, line: 0, column: 0 };
                diagnostics.error(place, format!("the file cannot be read: {error}")).remedy(
                    "give the path of a configuration file that the user who runs this may read",
                );
                Err(diagnostics)
            }
        }
    }

    /// Reads and checks a text. Paths in it are relative to the directory in the file's name. All
    /// problems are reported; warnings are lost when there is no error, see [`Config::check`].
    pub fn parse(file: &SourceFile) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        match Self::check(file, &mut diagnostics) {
            Some(config) => Ok(config),
            None => Err(diagnostics),
        }
    }

    /// Like [`Config::parse`], warnings included; `None` when there was an error.
    pub fn check(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<Self> {
        let before = diagnostics.error_count();
        let mut config: Self = crate::source::read(file, diagnostics)?;
        check::resolve_paths(&mut config, file);
        check::check(&config, file, diagnostics);
        diagnostics.sort();
        (diagnostics.error_count() == before).then_some(config)
    }

    /// The configuration inside the program: loopback only, the shipped rules, and stand-ins for
    /// three data centres on this machine.
    pub fn embedded() -> SourceFile {
        SourceFile {
            name: "default.yaml".to_owned(),
            text: include_str!("config/default.yaml").to_owned(),
        }
    }

    /// The bounds of one inspection.
    pub(crate) fn inspection_limits(&self) -> domain::Limits {
        let limits = &self.limits;
        domain::Limits {
            head_bytes_max: limits.head_bytes_max.0,
            body_bytes_max: limits.body_bytes_max.0,
            decoded_bytes_max: limits.decoded_bytes_max.0,
            decoded_ratio_max: limits.decoded_ratio_max,
            depth_max: limits.depth_max,
            fields_max: limits.fields_max,
            layers_max: limits.layers_max,
            findings_max: limits.findings_max,
            documents_max: limits.documents_max,
            keeps_content_coding: self.inspection.keep_content_coding,
        }
    }

    pub fn data_centre(&self, id: &str) -> Option<&DataCentre> {
        self.data_centres.iter().find(|data_centre| data_centre.id.value == id)
    }
}

/// The JSON Schema of the configuration file, for editors.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}

macro_rules! as_text {
    ($name:ident, $read:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read: fn(&str) -> Result<Self, String> = $read;
                read(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }
    };
}

as_text!(Address, |text| text.parse().map(Address).map_err(|_| {
    format!("`{text}` is not an address and port such as `127.0.0.1:8080` or `[::]:8080`")
}));
as_text!(Network, |text| {
    let single = || text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
    text.parse().or_else(|_| single()).map(Network).map_err(|_| {
        format!("`{text}` is not a range of addresses such as `10.0.0.0/8` or `fd00::/8`")
    })
});

#[cfg(test)]
mod tests;
