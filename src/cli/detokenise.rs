//! `bordergate detokenise`: what was it before?
//!
//! For whoever holds the key ring. Tokens come line by line, and values go out line by line; what cannot
//! be turned back leaves an empty line, so that both sides can be laid beside each other.

use std::{
    io::{BufRead, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;
use clap::Args;
use serde::de::DeserializeOwned;

use super::{
    Exit, input,
    output::{self, BAD, Failure, Outcome},
    rules,
};
use crate::{
    control::KeySource,
    domain::{Alphabet, Checksum, HASH_PREFIX, Otherwise, SIV_PREFIX, Tokenise},
    redact::{self, Key, Keyring, Shape},
    source::Diagnostics,
};

const AFTER_HELP: &str = "\
Examples:
  bordergate detokenise --keyring keys/keyring.yaml encrypted.txt
  bordergate detokenise --keyring keys/keyring.yaml --category phone tokens.txt
  bordergate detokenise --keyring keys/keyring.yaml --category card \\
      --keep-first 6 --key 2026-05 tokens.txt

What begins with `siv.` names its key and is checked. A token of `tokenise` carries no mark: it is \
turned back under the key, category and shape given here, and with another of them becomes another \
value without any sign of it. The audit record of the transfer says under which key it was made \
(`key`). What begins with `hash.` cannot be turned back.";

/// Turn tokens and encrypted values back, for whoever holds the key ring
///
/// Values are personal data: mind where the output goes.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Detokenise {
    /// The key ring file, as in `rules.keyring` of the configuration
    #[arg(long, value_name = "FILE")]
    keyring: PathBuf,
    /// Category of the tokens, by key or short name; not needed for what begins with `siv.`
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Id of the key the tokens were made under; without it, the current one
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// As in the rule: digits, alphanumeric, alphanumeric_upper, alphanumeric_lower, email
    #[arg(long, value_parser = word::<Alphabet>)]
    alphabet: Option<Alphabet>,
    /// As in the rule: none, luhn, verhoeff, iban
    #[arg(long, value_parser = word::<Checksum>)]
    checksum: Option<Checksum>,
    /// As in the rule
    #[arg(long, default_value_t = 0, value_name = "N")]
    keep_first: u8,
    /// As in the rule
    #[arg(long, default_value_t = 0, value_name = "N")]
    keep_last: u8,
    /// Directory with the rules whose categories these are; without it, those the program ships
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// File with a token on each line; `-` for standard input
    #[arg(value_name = "TOKENS", default_value = "-")]
    tokens: PathBuf,
}

impl Detokenise {
    pub(super) fn run(self) -> Outcome {
        let mut diagnostics = Diagnostics::default();
        let keys = KeySource::Ring(self.keyring.clone()).load(&mut diagnostics);
        output::diagnostics(&diagnostics);
        let Some(keys) = keys else { return Err(Failure::Invalid) };
        let key = match &self.key {
            Some(id) => keys.get(id).with_context(|| {
                let known: Vec<String> = keys.iter().map(|key| format!("`{}`", key.id())).collect();
                format!("the key ring has no key `{id}`; it has {}", known.join(", "))
            })?,
            None => keys.current(),
        };
        let shape = self.shape()?;
        let name = input::display_name(&self.tokens);
        let (reader, _) = input::open(&self.tokens)?;
        let mut out = output::out();
        let mut failed = 0usize;
        for (line, number) in reader.lines().zip(1usize..) {
            let line = line.with_context(|| format!("cannot read `{name}` at line {number}"))?;
            match turned(&keys, key, shape.as_ref(), line.trim_end_matches('\r')) {
                Ok(value) => writeln!(out, "{value}")?,
                Err(reason) => {
                    failed += 1;
                    writeln!(out)?;
                    output::note(format_args!("{name}:{number}: {BAD}error{BAD:#}: {reason}"));
                }
            }
        }
        out.flush()?;
        if failed > 0 {
            let lines = output::count(failed, "line");
            return Err(anyhow::anyhow!("{lines} of `{name}` could not be turned back").into());
        }
        Ok(Exit::Done)
    }

    fn shape(&self) -> Result<Option<Shape>, Failure> {
        let Some(name) = &self.category else { return Ok(None) };
        let engine = rules::engine(self.rules.as_deref())?;
        let taxonomy = engine.taxonomy();
        let tag = taxonomy.tag(name).with_context(|| format!("there is no category `{name}`"))?;
        let letters = self.alphabet.filter(|it| *it != Alphabet::Digits);
        Ok(Some(Shape::usual(taxonomy.key(tag)).with(&Tokenise {
            alphabet: self.alphabet,
            checksum: self.checksum.or(letters.map(|_| Checksum::None)),
            keep_first: self.keep_first,
            keep_last: self.keep_last,
            otherwise: Otherwise::Remove,
        })))
    }
}

/// The value before, or why there is none. No complaint repeats the line: it may hold a value still.
fn turned(keys: &Keyring, key: &Key, shape: Option<&Shape>, token: &str) -> Result<String, String> {
    if token.is_empty() {
        return Ok(String::new());
    }
    if token.starts_with(SIV_PREFIX) {
        return redact::open(keys, token).map_err(|error| error.to_string());
    }
    if token.starts_with(HASH_PREFIX) {
        return Err("a hash cannot be turned back".to_owned());
    }
    let shape = shape.ok_or_else(|| "a token needs its category: give `--category`".to_owned())?;
    redact::detokenise(key, shape, token).map_err(|error| error.to_string())
}

fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    #[test]
    fn each_kind_is_turned_back_or_told() {
        let key = |id: &str, byte| Key::new(id, &Secret::new(vec![byte; 32]));
        let keys = Keyring::new(key("b", 2), vec![key("a", 1)]);
        let shape = Shape::usual("user.contact.phone_number");
        let back = |token: &str| turned(&keys, keys.current(), Some(&shape), token);
        assert_eq!(back(""), Ok(String::new()));
        assert!(back("hash.b.5bdcc146bf60754e6a042426089575c7").unwrap_err().contains("hash"));
        assert!(back("siv.c.AAAAAAAAAAAAAAAAAAAAAA").unwrap_err().contains("`c`"));
        assert!(back("12345").unwrap_err().contains("too short"));
        assert!(turned(&keys, keys.current(), None, "1234567").unwrap_err().contains("--category"));
        let value = back("+92 345 1112233").unwrap();
        assert_eq!(value.len(), "+92 345 1112233".len());
        let other = turned(&keys, keys.get("a").unwrap(), Some(&shape), "+92 345 1112233").unwrap();
        assert_ne!(value, other);
        assert_eq!(word::<Alphabet>("alphanumeric_upper"), Ok(Alphabet::AlphanumericUpper));
        assert!(word::<Checksum>("crc").unwrap_err().contains("luhn"));
    }
}
