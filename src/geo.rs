//! Address to region, from a country database in MaxMind's format (version 2.0).
//!
//! An address that no entry covers, or that belongs to nobody in particular (loopback, private
//! ranges), has no region: `None` means not known, never "nowhere to worry about". The whole file is
//! verified when it is loaded, so that a corrupt one is an error then and not a wrong answer later.

use std::{
    collections::HashSet,
    fmt,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use maxminddb::{Reader, WithinOptions, path};

use crate::domain::Region;

/// A country database, which may be read anew while it is asked.
pub struct GeoDb {
    path: PathBuf,
    reader: ArcSwap<Reader<Vec<u8>>>,
    /// Moves on when the file was read anew.
    edition: AtomicU64,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoError {
    #[error("no such file: `{0}`")]
    Missing(PathBuf),
    #[error("`{path}` cannot be read: {error}")]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("`{path}` is not a country database in MaxMind DB format: {error}")]
    Corrupt { path: PathBuf, error: String },
}

impl GeoDb {
    /// Opens the database and reads it once, whole. Fails when the file cannot be read, or is no database or a
    /// damaged one.
    pub fn load(path: &Path) -> Result<Self, GeoError> {
        Ok(Self::of(path, open(path)?))
    }

    fn of(path: &Path, reader: Reader<Vec<u8>>) -> Self {
        let edition = AtomicU64::new(0);
        Self { path: path.to_owned(), reader: ArcSwap::from_pointee(reader), edition }
    }

    /// Reads the file anew. On an error what was read before goes on answering.
    pub fn reload(&self) -> Result<(), GeoError> {
        self.reader.store(Arc::new(open(&self.path)?));
        // Last: whoever sees the new edition asks the new file.
        self.edition.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Counts the databases that were opened: with another number, answers may have become others.
    pub fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The country an address is in, as far as the database knows.
    pub fn region(&self, address: IpAddr) -> Option<Region> {
        let reader = self.reader.load();
        let entry = reader.lookup(canonical(address)).ok()?;
        if !entry.has_data() {
            return None;
        }
        // MaxMind and DB-IP nest the code, others hold it flat.
        let layouts: [&[_]; 3] =
            [&path!["country", "iso_code"], &path!["country_code"], &path!["country"]];
        let region = layouts
            .into_iter()
            .find_map(|layout| entry.decode_path::<&str>(layout).ok().flatten())?
            .parse::<Region>()
            .ok()?;
        region.is_assigned().then_some(region)
    }

    /// For people: what kind of database this is and when it was built.
    pub fn describe(&self) -> String {
        let reader = self.reader.load();
        let metadata = reader.metadata();
        format!("{}, built at Unix time {}", metadata.database_type, metadata.build_epoch)
    }
}

impl fmt::Debug for GeoDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeoDb").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The address that is meant: `::ffff:192.0.2.1` is 192.0.2.1 seen through an IPv6 socket (RFC 4291
/// §2.5.5.2), and `64:ff9b::192.0.2.1` is 192.0.2.1 behind a translator (RFC 6052 §2.1).
pub fn canonical(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(translated) => match translated.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
            }
            _ => IpAddr::V6(translated),
        },
        address @ IpAddr::V4(_) => address,
    }
}

fn open(path: &Path) -> Result<Reader<Vec<u8>>, GeoError> {
    let bytes = std::fs::read(path).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            GeoError::Missing(path.to_owned())
        } else {
            GeoError::Unreadable { path: path.to_owned(), error }
        }
    })?;
    read(bytes)
        .map_err(|error| GeoError::Corrupt { path: path.to_owned(), error: error.to_string() })
}

fn read(bytes: Vec<u8>) -> Result<Reader<Vec<u8>>, maxminddb::MaxMindDbError> {
    let reader = Reader::from_source(bytes)?;
    // Every network is visited and every record read once: what was not read might be damaged.
    // (The reader's own check also refuses databases that merely describe themselves in no language.)
    let mut known = HashSet::new();
    for entry in reader.networks(WithinOptions::default())? {
        let entry = entry?;
        if entry.offset().is_some_and(|offset| known.insert(offset)) {
            entry.decode::<serde::de::IgnoredAny>()?;
        }
    }
    Ok(reader)
}

#[cfg(test)]
#[path = "../tests/it/mmdb.rs"]
mod mmdb;

#[cfg(test)]
mod tests {
    use super::{mmdb::Layout, *};

    fn region_of(geo: &GeoDb, address: &str) -> Option<String> {
        geo.region(address.parse().unwrap()).map(|region| region.to_string())
    }

    #[test]
    fn every_usual_layout_is_read() {
        for layout in [Layout::Nested, Layout::FlatCode, Layout::FlatCountry] {
            let entries = [
                ("192.0.2.0/24", "CN"),
                ("198.51.100.0/25", "US"),
                ("203.0.113.7/32", "sg"),
                ("203.0.113.8/32", "ZZ"),
                ("2001:db8:1::/48", "PK"),
            ];
            let geo = GeoDb::of(Path::new(""), read(mmdb::write(&entries, layout)).unwrap());
            for (address, expected) in [
                ("192.0.2.1", Some("CN")),
                ("192.0.3.1", None),
                ("198.51.100.127", Some("US")),
                ("198.51.100.128", None),
                ("203.0.113.7", Some("SG")),
                ("203.0.113.6", None),
                // Not a code of ISO 3166-1.
                ("203.0.113.8", None),
                ("::ffff:192.0.2.1", Some("CN")),
                ("::ffff:192.0.3.1", None),
                // Behind a translator.
                ("64:ff9b::192.0.2.1", Some("CN")),
                ("64:ff9b::203.0.113.7", Some("SG")),
                ("64:ff9b::192.0.3.1", None),
                ("64:ff9b::1:192.0.2.1", None),
                ("64:ff9b:1::192.0.2.1", None),
                ("2001:db8:1::5", Some("PK")),
                ("2001:db8:2::5", None),
                ("127.0.0.1", None),
                ("::1", None),
            ] {
                assert_eq!(region_of(&geo, address).as_deref(), expected, "{layout:?} {address}");
            }
        }
    }

    #[test]
    fn a_file_read_anew_answers_anew_and_a_damaged_one_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("country.mmdb");
        let write = |code| {
            let bytes = mmdb::write(&[("192.0.2.0/24", code)], Layout::Nested);
            std::fs::write(&path, bytes).unwrap();
        };
        write("CN");
        let geo = GeoDb::load(&path).unwrap();
        write("SG");
        assert_eq!(region_of(&geo, "192.0.2.1").as_deref(), Some("CN"));
        let edition = geo.edition();
        geo.reload().unwrap();
        assert_ne!(geo.edition(), edition);
        let edition = geo.edition();
        assert_eq!(region_of(&geo, "192.0.2.1").as_deref(), Some("SG"));
        std::fs::write(&path, "<html>not found</html>").unwrap();
        geo.reload().unwrap_err();
        assert_eq!(geo.edition(), edition);
        assert_eq!(region_of(&geo, "192.0.2.1").as_deref(), Some("SG"));
    }

    #[test]
    fn a_missing_or_damaged_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("country.mmdb");
        let error = GeoDb::load(&path).unwrap_err();
        assert!(matches!(&error, GeoError::Missing(_)), "{error}");
        let good = mmdb::write(&[("192.0.2.0/24", "CN")], Layout::Nested);
        let tree = good.len() - 40;
        for (what, bytes) in [
            ("empty", Vec::new()),
            ("text", b"<html>not found</html>".to_vec()),
            ("cut at its end", good[..good.len() - 20].to_vec()),
            ("cut at its beginning", good[100..].to_vec()),
            ("overwritten", {
                let mut bytes = good.clone();
                bytes[..tree.min(60)].fill(0xff);
                bytes
            }),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = GeoDb::load(&path).unwrap_err();
            assert!(matches!(&error, GeoError::Corrupt { .. }), "{what}: {error}");
            assert!(error.to_string().contains("country.mmdb"), "{what}: {error}");
        }
        std::fs::write(&path, good).unwrap();
        assert_eq!(region_of(&GeoDb::load(&path).unwrap(), "192.0.2.9").as_deref(), Some("CN"));
    }
}
