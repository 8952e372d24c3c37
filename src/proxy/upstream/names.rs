//! Addresses of endpoints that are given by name.
//!
//! A name is looked up when the gateway starts and again when its time to live is over, by one worker for
//! all of them, so that no request waits for a name server but those of the first moments. Connections to an
//! address that a name no longer has are not used again. While no name server answers, the last addresses
//! serve on for a while; each connection holds them against the jurisdiction anew.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts},
    net::{NetError, runtime::TokioRuntimeProvider},
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::{config::DnsSection, telemetry::Metrics};

/// One name, and where it leads as all workers see it.
#[derive(Debug)]
pub(super) struct Name {
    host: String,
    known: watch::Sender<Known>,
    /// Moves on when the addresses become others.
    edition: AtomicU64,
    /// None of the addresses answered.
    doubted: Notify,
    is_retired: AtomicBool,
}

#[derive(Debug, Clone, Default)]
enum Known {
    /// Nobody has looked yet.
    #[default]
    Nothing,
    Addresses(Arc<[IpAddr]>),
    /// Why there are none.
    Failure(Arc<str>),
}

impl Name {
    pub(super) fn new(host: String) -> Self {
        Self {
            host,
            known: watch::Sender::default(),
            edition: AtomicU64::new(0),
            doubted: Notify::new(),
            is_retired: AtomicBool::new(false),
        }
    }

    /// Waits for the first look-up where it is not over.
    pub(super) async fn addresses(&self) -> std::io::Result<Arc<[IpAddr]>> {
        let mut known = self.known.subscribe();
        let known = known.wait_for(|known| !matches!(known, Known::Nothing)).await;
        match known.as_deref() {
            Ok(Known::Addresses(addresses)) => Ok(Arc::clone(addresses)),
            Ok(Known::Failure(why)) => Err(std::io::Error::other(why.to_string())),
            // The sender is ours.
            Ok(Known::Nothing) | Err(_) => Err(std::io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    pub(super) fn leads_to(&self, address: IpAddr) -> bool {
        matches!(&*self.known.borrow(), Known::Addresses(addresses) if addresses.contains(&address))
    }

    /// It is looked up again before its time.
    pub(super) fn doubt(&self) {
        self.doubted.notify_one();
    }

    /// Nobody needs to know where it leads any more.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
        self.doubted.notify_one();
    }

    fn learn(&self, mut found: Vec<IpAddr>) {
        // Servers turn the order; what counts is which.
        found.sort_unstable();
        found.dedup();
        let is_same = matches!(&*self.known.borrow(), Known::Addresses(known) if **known == *found);
        if !is_same {
            tracing::info!(name = self.host, addresses = ?found, "resolved");
            self.known.send_replace(Known::Addresses(found.into()));
            self.edition.fetch_add(1, Ordering::Release);
        }
    }

    fn give_up(&self, error: &str) {
        self.known.send_replace(Known::Failure(error.into()));
        self.edition.fetch_add(1, Ordering::Release);
    }
}

/// Keeps the addresses of a name as they are until it is retired.
pub(super) async fn keep(name: Arc<Name>, settings: DnsSection, metrics: Arc<Metrics>) {
    // What is known is good until then, and not much longer.
    let mut good_until = None;
    loop {
        let looked = Instant::now();
        let found = look_up(&name.host, &settings).await;
        metrics.dns_lookup(found.is_ok());
        let again = match found {
            Ok((addresses, ttl)) => {
                let ttl = ttl.clamp(settings.ttl_min.0, settings.ttl_max.0);
                good_until = Some(looked + ttl);
                name.learn(addresses);
                ttl
            }
            Err(error) => {
                tracing::warn!(name = name.host, %error, "could not be resolved");
                let is_stale = |until: Instant| until + settings.stale_max.0 <= Instant::now();
                if good_until.is_none_or(is_stale) {
                    name.give_up(&error.to_string());
                }
                settings.ttl_min.0.max(RETRY)
            }
        };
        // Not before its least time, whoever asks.
        tokio::time::sleep_until(looked + settings.ttl_min.0).await;
        let _ = tokio::time::timeout_at(looked + again, name.doubted.notified()).await;
        if name.is_retired.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// After a look-up that failed.
const RETRY: Duration = Duration::from_secs(1);
/// Where the system's own look-up tells no time to live.
const SYSTEM_TTL: Duration = Duration::from_secs(30);

/// Addresses, and for how long they may be taken for these.
async fn look_up(
    host: &str,
    settings: &DnsSection,
) -> Result<(Vec<IpAddr>, Duration), Box<dyn std::error::Error>> {
    // Made anew each time: what the system is configured with may have changed, and it is seldom.
    let Ok(resolver) = resolver(settings) else {
        let found = tokio::net::lookup_host((host, 0)).await?;
        return Ok((found.map(|address| address.ip()).collect(), SYSTEM_TTL));
    };
    let found = resolver.lookup_ip(host).await?;
    let ttl = found.valid_until().saturating_duration_since(std::time::Instant::now());
    Ok((found.iter().collect(), ttl))
}

fn resolver(settings: &DnsSection) -> Result<TokioResolver, NetError> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = if settings.servers.is_empty() {
        TokioResolver::builder(provider)?
    } else {
        let servers = settings.servers.iter().map(|server| {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            for connection in &mut connections {
                connection.port = server.0.port();
            }
            NameServerConfig::new(server.0.ip(), true, connections)
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        TokioResolver::builder_with_config(config, provider)
    };
    let options: &mut ResolverOpts = builder.options_mut();
    options.cache_size = 0;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_asks_before_anybody_has_looked_waits() {
        let name = Arc::new(Name::new("ingest.example".into()));
        let asked = tokio::spawn({
            let name = Arc::clone(&name);
            async move { name.addresses().await.unwrap() }
        });
        tokio::task::yield_now().await;
        let [a, b]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        name.learn(vec![b, a]);
        assert_eq!(*asked.await.unwrap(), [a, b]);
        let edition = name.edition();
        name.learn(vec![a, b]);
        assert_eq!(name.edition(), edition, "the same in another order");
        name.learn(vec![b]);
        assert!(name.edition() > edition && name.leads_to(b) && !name.leads_to(a));
        name.give_up("nobody answers");
        let error = name.addresses().await.unwrap_err().to_string();
        assert_eq!(error, "nobody answers");
        assert!(!name.leads_to(b));
    }
}
