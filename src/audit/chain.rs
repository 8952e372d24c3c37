//! Binds each line of the audit to the one before it.
//!
//! A line of JSON is ended with `"seq"`, its number from 1; `"prev"`, the hash of the line before; and
//! `"hash"`, SHA-256 over the line's own bytes up to and including `prev`. A seal has a signature of its
//! hash behind it. Hashes are written as base64url (RFC 4648 §5) without padding. Who changes, drops,
//! inserts or moves a line breaks a link, and who mends all links after it breaks the next seal.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::signing::Context;

/// SHA-256.
pub(super) type Hash = [u8; 32];

/// Of a hash as base64url without padding.
const HASH_CHARACTERS: usize = 43;
/// Of an Ed25519 signature (RFC 8032 §5.1.6) in the same way.
const SIGNATURE_CHARACTERS: usize = 86;

const SEQ: &[u8] = b",\"seq\":";
const PREV: &[u8] = b",\"prev\":\"";
const HASH: &[u8] = b",\"hash\":\"";
const SIGNATURE: &[u8] = b",\"signature\":\"";

/// What the signature of a seal is of.
pub(super) const SEAL: Context = Context(b"bordergate audit seal 1\n");

/// Signs the hash of a line.
pub(super) type Sign<'s> = &'s dyn Fn(&Hash) -> [u8; 64];

/// The last line so far. The first of a chain follows number 0 and a hash of zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

impl Head {
    /// Writes `object`, one line of JSON with or without its end, as the next line.
    pub(super) fn append(&mut self, object: &[u8], out: &mut Vec<u8>, sign: Option<Sign<'_>>) {
        let object = object.strip_suffix(b"\n").unwrap_or(object);
        let start = out.len();
        // Behind a forged line with the last number there is, its repetition tells.
        self.seq = self.seq.saturating_add(1);
        out.extend_from_slice(object.strip_suffix(b"}").unwrap_or(object));
        out.extend_from_slice(SEQ);
        out.extend_from_slice(self.seq.to_string().as_bytes());
        out.extend_from_slice(PREV);
        push_base64(out, &self.hash);
        out.push(b'"');
        self.hash = Sha256::digest(out.get(start..).unwrap_or_default()).into();
        out.extend_from_slice(HASH);
        push_base64(out, &self.hash);
        out.push(b'"');
        if let Some(sign) = sign {
            out.extend_from_slice(SIGNATURE);
            push_base64(out, &sign(&self.hash));
            out.push(b'"');
        }
        out.extend_from_slice(b"}\n");
    }
}

/// What a line says of its place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) prev: Hash,
    pub(super) hash: Hash,
    pub(super) signature: Option<[u8; 64]>,
    /// The line hashes to what it says.
    pub(super) is_whole: bool,
}

impl Link {
    /// Of a line without its end; `None` when it does not end as lines of a chain do.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let rest = line.strip_suffix(b"\"}")?;
        let (rest, signature) = match value(rest, SIGNATURE, SIGNATURE_CHARACTERS) {
            Some((rest, text)) => (rest.strip_suffix(b"\"")?, Some(decode(text)?)),
            None => (rest, None),
        };
        let (hashed, text) = value(rest, HASH, HASH_CHARACTERS)?;
        let hash = decode(text)?;
        let (rest, text) = value(hashed.strip_suffix(b"\"")?, PREV, HASH_CHARACTERS)?;
        let prev = decode(text)?;
        let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(digits)?)?;
        rest.strip_suffix(SEQ)?;
        let seq = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let found: Hash = Sha256::digest(hashed).into();
        Some(Self { seq, prev, hash, signature, is_whole: found == hash })
    }
}

/// The last `characters` of `text` and what is before `name`.
fn value<'t>(text: &'t [u8], name: &[u8], characters: usize) -> Option<(&'t [u8], &'t [u8])> {
    let (rest, value) = text.split_at_checked(text.len().checked_sub(characters)?)?;
    Some((rest.strip_suffix(name)?, value))
}

fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut text = [0; SIGNATURE_CHARACTERS];
    // The longest that is ever written fits exactly.
    let length = URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).unwrap_or(0);
    out.extend_from_slice(text.get(..length).unwrap_or_default());
}

fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// As it is written in lines and asked for on the command line.
pub(super) fn hash_text(hash: &Hash) -> String {
    URL_SAFE_NO_PAD.encode(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_with_its_place() {
        let mut head = Head::default();
        let mut out = Vec::new();
        head.append(b"{\"a\":1}\n", &mut out, None);
        let first = head;
        head.append(b"{\"b\":2}", &mut out, Some(&|_| [7; 64]));
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        for line in &lines {
            let _: serde_json::Value = serde_json::from_str(line).unwrap();
        }
        let one = Link::read(lines[0].as_bytes()).unwrap();
        assert_eq!((one.seq, one.prev, one.hash), (1, [0; 32], first.hash));
        let two = Link::read(lines[1].as_bytes()).unwrap();
        assert_eq!((two.seq, two.prev, two.hash), (2, first.hash, head.hash));
        assert_eq!(two.signature, Some([7; 64]));
        assert!(one.is_whole && two.is_whole);
        // The definition, from the hash alone.
        let (hashed, _) = lines[0].split_once(",\"hash\"").unwrap();
        assert_eq!(one.hash, <[u8; 32]>::from(Sha256::digest(hashed)));
    }

    #[test]
    fn a_changed_line_is_not_whole_and_a_broken_one_no_link() {
        let mut out = Vec::new();
        Head::default().append(b"{\"effect\":\"block\"}", &mut out, None);
        let text = String::from_utf8(out).unwrap();
        let line = text.trim_end();
        assert!(!Link::read(line.replace("block", "allow").as_bytes()).unwrap().is_whole);
        assert!(!Link::read(line.replace("\"seq\":1", "\"seq\":2").as_bytes()).unwrap().is_whole);
        for cut in 0..line.len() {
            assert_eq!(Link::read(&line.as_bytes()[..cut]), None, "{cut}");
        }
        for other in ["", "}", "{}", "{\"seq\":1}", "\"}"] {
            assert_eq!(Link::read(other.as_bytes()), None, "{other}");
        }
    }
}
