//! Writes the snapshot: load, compile, swap.
//!
//! One thread does it, so that reloads come one after the other whoever asks for them: a change of the
//! files, SIGHUP, an operator. A rule set is compiled beside the one that serves and put in service
//! whole; on any error the one before goes on, and the log, the metrics and the [`Status`] say so. Signed
//! bundles come in over HTTPS on a thread of their own, or from an operator. The
//! keys of redactions are read with the rules; the country database, and the routes in the configuration
//! file, are read anew in the same way.
//! Nothing here runs on a thread that moves requests.

mod bundle;
mod embedded;
mod geoip;
mod hangup;
mod history;
mod keys;
mod load;
mod reload;
mod routes;
mod status;
mod watch;
mod worker;

pub use bundle::{
    Bundle, BundleError, BundleFailure, BundleSettings, BundleStatus, LAST_GOOD, Manifest,
    ManifestFile, OnStale,
};
pub use hangup::Hangups;
pub use history::{FileChange, History, HistoryEntry, Subject};
pub use keys::{KeyEntry, KeySource, KeyringFile};
pub use load::{RuleFiles, RulesSource, hash as rules_hash};
pub use reload::{
    ControlSettings, Controller, Refused, Reloaded, Reloads, RoutesReloaded, ShadowSettings,
    Switch, Trigger,
};
pub use routes::{Reroute, RestartNeeded, RoutesSettings};
pub use status::{Failure, FileStatus, GeoStatus, KeyStatus, RoutesStatus, ShadowStatus, Status};
