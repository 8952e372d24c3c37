//! The outer form of a bundle: plain files in a tar (POSIX ustar) under gzip.
//!
//! Reading is bounded twice: what comes before the signatures were checked may unpack to little, and all
//! of it to no more than a directory of rules may hold. Links, devices and extensions of the format are
//! refused; nobody needs them here.

use std::{
    cell::Cell,
    io::{self, Read, Write as _},
    rc::Rc,
};

use flate2::{Compression, GzBuilder, bufread::GzDecoder, write::GzEncoder};
use tar::{Archive, Builder, Entries, EntryType, Header};

use super::BundleError;
use crate::{control::load::TOTAL_BYTES_MAX, source::SourceFile};

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const SIGNATURES: &str = "signatures.json";

/// A manifest of as many files as there may be stays below.
const MANIFEST_BYTES_MAX: u64 = 2 << 20;
const SIGNATURES_BYTES_MAX: u64 = 64 << 10;
/// Of a tar: the header of an entry, and the step that contents are filled up to.
const BLOCK_BYTES: u64 = 512;

/// Writes the two heads and the files, in the order of names. The same input gives the same bytes.
pub(super) fn write(
    manifest: &[u8],
    signatures: &[u8],
    files: &[SourceFile],
) -> Result<Vec<u8>, BundleError> {
    let mut sorted: Vec<&SourceFile> = files.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let heads = [(MANIFEST, manifest), (SIGNATURES, signatures)];
    let files = sorted.iter().map(|file| (file.name.as_str(), file.text.as_bytes()));
    let packed: GzEncoder<Vec<u8>> = GzBuilder::new().write(Vec::new(), Compression::best());
    let mut builder = Builder::new(packed);
    for (name, content) in heads.into_iter().chain(files) {
        let mut header = Header::new_ustar();
        header.set_path(name).map_err(|_| BundleError::Name(name.to_owned()))?;
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(EntryType::Regular);
        header.set_mtime(0);
        header.set_cksum();
        builder.append(&header, content).map_err(damaged)?;
    }
    let mut packed = builder.into_inner().map_err(damaged)?;
    packed.flush().map_err(damaged)?;
    packed.finish().map_err(damaged)
}

/// The bytes of a bundle, to be read once.
pub(super) struct Packed<'b> {
    archive: Archive<Bounded<GzDecoder<&'b [u8]>>>,
    room: Rc<Cell<u64>>,
}

/// Reads entry by entry.
pub(super) struct Reader<'p, 'b> {
    entries: Entries<'p, Bounded<GzDecoder<&'b [u8]>>>,
    room: Rc<Cell<u64>>,
}

/// Fails when more comes out than there is room for.
struct Bounded<R> {
    inner: R,
    room: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let room = self.room.get().checked_sub(count as u64);
        self.room.set(room.ok_or_else(|| io::Error::other("it unpacks to too much"))?);
        Ok(count)
    }
}

impl<'b> Packed<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        let head = MANIFEST_BYTES_MAX + SIGNATURES_BYTES_MAX + 8 * BLOCK_BYTES;
        let room = Rc::new(Cell::new(head));
        let inner = GzDecoder::new(bytes);
        Self { archive: Archive::new(Bounded { inner, room: Rc::clone(&room) }), room }
    }

    pub(super) fn reader(&mut self) -> Result<Reader<'_, 'b>, BundleError> {
        let entries = self.archive.entries().map_err(damaged)?.raw(true);
        Ok(Reader { entries, room: Rc::clone(&self.room) })
    }

    /// Nothing stands behind the last entry, and the checksum of gzip holds.
    pub(super) fn end(self) -> Result<(), BundleError> {
        let mut rest = self.archive.into_inner();
        let mut block = [0; 4096];
        loop {
            match rest.read(&mut block).map_err(damaged)? {
                0 => break,
                count if block.iter().take(count).all(|byte| *byte == 0) => {}
                _ => {
                    return Err(BundleError::Damaged("something stands behind its end".to_owned()));
                }
            }
        }
        if rest.inner.into_inner().is_empty() {
            Ok(())
        } else {
            Err(BundleError::Damaged("something stands behind its end".to_owned()))
        }
    }
}

impl Reader<'_, '_> {
    /// The manifest and the signatures.
    pub(super) fn head(&mut self) -> Result<(Vec<u8>, Vec<u8>), BundleError> {
        let mut expect = |name: &str, max| match self.next(max, "its head")? {
            Some((found, bytes)) if found == name => Ok(bytes),
            Some(_) | None => Err(BundleError::Missing(name.to_owned())),
        };
        Ok((expect(MANIFEST, MANIFEST_BYTES_MAX)?, expect(SIGNATURES, SIGNATURES_BYTES_MAX)?))
    }

    /// From here on as much may come as a directory of rules may hold.
    pub(super) fn allow(&self, files: usize) {
        self.room.set(TOTAL_BYTES_MAX + (files as u64 + 1) * 2 * BLOCK_BYTES + (64 << 10));
    }

    /// Name and content of the next entry; `None` at the end.
    pub(super) fn next(
        &mut self,
        bytes_max: u64,
        what: &'static str,
    ) -> Result<Option<(String, Vec<u8>)>, BundleError> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| BundleError::Damaged("a name in it is not UTF-8".to_owned()))?;
        if entry.header().entry_type() != EntryType::Regular {
            return Err(BundleError::Name(name.escape_default().to_string()));
        }
        let size = entry.size();
        if size > bytes_max {
            return Err(BundleError::TooLong { what, max: bytes_max });
        }
        let mut bytes = Vec::new();
        entry.take(bytes_max).read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 != size {
            return Err(BundleError::Damaged("it ends early".to_owned()));
        }
        Ok(Some((name, bytes)))
    }
}

fn damaged(error: io::Error) -> BundleError {
    BundleError::Damaged(error.to_string())
}
