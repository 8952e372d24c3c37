//! A signed bundle of rule files: what it is, how it is made, and when it is believed.
//!
//! One file, a tar.gz. Its first entry, `manifest.json`, says the version, when it was made and the SHA-256
//! of each rule file; its second, `signatures.json`, holds Ed25519 signatures over the bytes of the
//! manifest. Nothing behind those two is looked at before one of the signatures holds under a trusted key,
//! and then the files must be those of the manifest, byte for byte, no more and no fewer. All of it stays in
//! memory; no name out of a bundle reaches the file system.

mod archive;
mod fetch;
mod shelf;

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::load::{DEPTH_MAX, FILE_BYTES_MAX, FILES_MAX, hash};
use crate::{
    signing::{Context, SigningKey, VerifyingKey, hex},
    source::SourceFile,
    telemetry::BundleResult,
};

pub(super) use fetch::{Fetched, Fetcher, Offer};
pub use shelf::{BundleFailure, BundleSettings, BundleStatus, LAST_GOOD, OnStale};
pub(super) use shelf::{Shelf, Untrusted};

/// What a signature is of.
const BUNDLE: Context = Context(b"bordergate rules bundle 1\n");
const FORMAT: &str = "bordergate-bundle/1";

/// Rules that a trusted key signed.
#[derive(Debug, Clone)]
pub struct Bundle {
    pub manifest: Manifest,
    /// In the order of names.
    pub files: Vec<SourceFile>,
    /// Of the files, as for a directory.
    pub hash: String,
    /// The ids of the trusted keys whose signatures hold.
    pub signed_by: Vec<String>,
    bytes: Vec<u8>,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    /// Goes up with each bundle; a gateway takes none below the highest it has had.
    pub version: u64,
    pub created: jiff::Timestamp,
    /// From then on the bundle is no longer trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<jiff::Timestamp>,
    pub files: Vec<ManifestFile>,
}

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Relative, such as `law/eu.yaml`.
    pub name: String,
    pub bytes: u64,
    /// Hex.
    pub sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signatures {
    /// By the id of the key, base64.
    signatures: BTreeMap<String, String>,
}

/// Why bytes are no bundle that is believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error("is no whole bundle: {0}")]
    Damaged(String),
    #[error("{what} has more than {max} bytes")]
    TooLong { what: &'static str, max: u64 },
    #[error("has more than {FILES_MAX} files")]
    TooMany,
    #[error("holds `{0}`, which is no name of a rule file")]
    Name(String),
    #[error("its manifest {0}")]
    Manifest(String),
    #[error("is signed by none of the trusted keys, but by {}", words(.0))]
    Unsigned(Vec<String>),
    #[error("the signature by key `{0}` does not hold")]
    BadSignature(String),
    #[error("`{0}` is not the file that was signed")]
    Changed(String),
    #[error("`{0}` is missing or not in its place")]
    Missing(String),
    #[error("holds `{0}`, which the manifest does not list")]
    Unlisted(String),
}

fn words(ids: &[String]) -> String {
    match ids {
        [] => "nobody".to_owned(),
        ids => ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "),
    }
}

impl BundleError {
    /// Who made it is not proven, or it is not whole.
    pub(super) fn kind(&self) -> BundleResult {
        match self {
            Self::Unsigned(_) | Self::BadSignature(_) => BundleResult::Unsigned,
            Self::Damaged(_)
            | Self::TooLong { .. }
            | Self::TooMany
            | Self::Name(_)
            | Self::Manifest(_)
            | Self::Changed(_)
            | Self::Missing(_)
            | Self::Unlisted(_) => BundleResult::Damaged,
        }
    }
}

impl Manifest {
    fn new(
        files: &[SourceFile],
        version: u64,
        created: jiff::Timestamp,
        expires: Option<jiff::Timestamp>,
    ) -> Result<Self, BundleError> {
        if files.len() > FILES_MAX {
            return Err(BundleError::TooMany);
        }
        let mut listed = Vec::with_capacity(files.len());
        for file in files {
            let bytes = file.text.len() as u64;
            if bytes > FILE_BYTES_MAX {
                return Err(BundleError::TooLong { what: "a file", max: FILE_BYTES_MAX });
            }
            listed.push(ManifestFile {
                name: file.name.clone(),
                bytes,
                sha256: hex(&Sha256::digest(&file.text)),
            });
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        let manifest = Self { format: FORMAT.to_owned(), version, created, expires, files: listed };
        manifest.check()?;
        Ok(manifest)
    }

    fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| BundleError::Manifest(format!("cannot be read: {error}")))?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), BundleError> {
        if self.format != FORMAT {
            let reason = format!("is of format `{}`, not `{FORMAT}`", self.format);
            return Err(BundleError::Manifest(reason));
        }
        if self.version == 0 {
            return Err(BundleError::Manifest("has version 0; the first is 1".to_owned()));
        }
        if self.files.is_empty() {
            return Err(BundleError::Manifest("lists no file".to_owned()));
        }
        if self.files.len() > FILES_MAX {
            return Err(BundleError::TooMany);
        }
        let mut before = "";
        for file in &self.files {
            if !is_name(&file.name) {
                return Err(BundleError::Name(file.name.escape_default().to_string()));
            }
            // Ascending names come once each.
            if file.name.as_str() <= before {
                let reason = format!("lists `{}` twice or out of order", file.name);
                return Err(BundleError::Manifest(reason));
            }
            if file.bytes > FILE_BYTES_MAX {
                return Err(BundleError::TooLong { what: "a file", max: FILE_BYTES_MAX });
            }
            before = &file.name;
        }
        Ok(())
    }
}

impl Bundle {
    /// Makes one. The files are not compiled; the caller has.
    pub fn build(
        files: &[SourceFile],
        version: u64,
        created: jiff::Timestamp,
        expires: Option<jiff::Timestamp>,
        keys: &[SigningKey],
    ) -> Result<Vec<u8>, BundleError> {
        let manifest = Manifest::new(files, version, created, expires)?;
        let manifest = to_json(&manifest);
        let signatures = keys.iter().map(|key| (key.id().to_owned(), signature(key, &manifest)));
        archive::write(&manifest, &to_json(&Signatures { signatures: signatures.collect() }), files)
    }

    /// The bundle `bytes` with one more signature. Whose signatures it has already is not asked; that it is whole
    /// is.
    pub fn countersign(bytes: &[u8], key: &SigningKey) -> Result<Vec<u8>, BundleError> {
        let mut packed = archive::Packed::new(bytes);
        let mut reader = packed.reader()?;
        let (manifest, signatures) = reader.head()?;
        let mut signatures = parse_signatures(&signatures)?;
        let files = read_files(&mut reader, &Manifest::parse(&manifest)?)?;
        drop(reader);
        packed.end()?;
        signatures.signatures.insert(key.id().to_owned(), signature(key, &manifest));
        archive::write(&manifest, &to_json(&signatures), &files)
    }

    /// Believes what one of `keys` signed, and nothing else. Whether the version is new enough and the
    /// bundle not too old is for who knows what there was before.
    pub fn open(bytes: Vec<u8>, keys: &[VerifyingKey]) -> Result<Self, BundleError> {
        let mut packed = archive::Packed::new(&bytes);
        let mut reader = packed.reader()?;
        let (manifest, signatures) = reader.head()?;
        let signed_by = verify(&manifest, &parse_signatures(&signatures)?, keys)?;
        let manifest = Manifest::parse(&manifest)?;
        let files = read_files(&mut reader, &manifest)?;
        drop(reader);
        packed.end()?;
        Ok(Self { hash: hash(&files), manifest, files, signed_by, bytes })
    }

    /// As it came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// The ids of the keys whose signatures hold; at least one.
fn verify(
    manifest: &[u8],
    signatures: &Signatures,
    keys: &[VerifyingKey],
) -> Result<Vec<String>, BundleError> {
    let mut held = Vec::new();
    let mut broken = None;
    for key in keys {
        let Some(text) = signatures.signatures.get(key.id()) else { continue };
        let signature = BASE64_STANDARD.decode(text).ok();
        let signature: Option<[u8; 64]> = signature.and_then(|bytes| bytes.try_into().ok());
        if signature.is_some_and(|signature| key.verifies(BUNDLE, manifest, &signature)) {
            held.push(key.id().to_owned());
        } else {
            broken = Some(BundleError::BadSignature(key.id().to_owned()));
        }
    }
    if held.is_empty() {
        let ids = || signatures.signatures.keys().map(|id| id.escape_default().to_string());
        return Err(broken.unwrap_or_else(|| BundleError::Unsigned(ids().collect())));
    }
    Ok(held)
}

/// The files of the manifest in its order, and nothing behind them.
fn read_files(
    reader: &mut archive::Reader<'_, '_>,
    manifest: &Manifest,
) -> Result<Vec<SourceFile>, BundleError> {
    reader.allow(manifest.files.len());
    let mut files = Vec::with_capacity(manifest.files.len());
    for listed in &manifest.files {
        let Some((name, bytes)) = reader.next(FILE_BYTES_MAX, "a file")? else {
            return Err(BundleError::Missing(listed.name.clone()));
        };
        if name != listed.name {
            return Err(BundleError::Missing(listed.name.clone()));
        }
        if bytes.len() as u64 != listed.bytes || hex(&Sha256::digest(&bytes)) != listed.sha256 {
            return Err(BundleError::Changed(name));
        }
        let text = String::from_utf8(bytes).map_err(|_| BundleError::Changed(name.clone()))?;
        files.push(SourceFile { name, text });
    }
    if let Some((name, _)) = reader.next(FILE_BYTES_MAX, "a file")? {
        return Err(BundleError::Unlisted(name.escape_default().to_string()));
    }
    Ok(files)
}

fn parse_signatures(bytes: &[u8]) -> Result<Signatures, BundleError> {
    serde_json::from_slice(bytes)
        .map_err(|error| BundleError::Damaged(format!("`{}`: {error}", archive::SIGNATURES)))
}

fn signature(key: &SigningKey, manifest: &[u8]) -> String {
    BASE64_STANDARD.encode(key.sign(BUNDLE, manifest))
}

/// As the walk through a directory names files: below it, and none that it would leave out.
fn is_name(name: &str) -> bool {
    const NAME_BYTES_MAX: usize = 250;
    name.len() <= NAME_BYTES_MAX
        && name.ends_with(".yaml")
        && name.split('/').count() <= DEPTH_MAX + 1
        && name.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| !c.is_control() && !matches!(c, '\\' | ':'))
        })
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    // Texts, numbers and instants always can be written.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests;
