//! `bordergate bundle`: signed bundles of rules, made, checked and pushed.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use http::Method;

use super::{
    Exit,
    gateway::{Asker, Gateway},
    output::{self, BAD, Failure, Format, GOOD, Outcome},
    rules,
};
use crate::{
    config::Time,
    control::{Bundle as Signed, RulesSource},
    signing::{SigningKey, VerifyingKey},
    source::Diagnostics,
};

const AFTER_HELP: &str = "\
Examples:
  bordergate bundle keygen rules
                      rules.key for whoever signs, rules.pub for the gateways
  bordergate bundle build my-rules --key rules.key --out bordergate.bundle
  bordergate bundle sign bordergate.bundle --key second.key
                      one more signature, for a change of keys
  bordergate bundle verify bordergate.bundle --key rules.pub
  bordergate bundle push bordergate.bundle --admin http://127.0.0.1:9901 \\
      --token-file rules.token
  bordergate bundle push bordergate.bundle --admin https://gate.example:9901 \\
      --admin-roots ca.pem --admin-certificate me.pem --admin-key me.key
                      over TLS, by the certificate that names the operator

A gateway with `rules.bundle` takes a bundle that one of its keys signed and whose version is above \
the one it has. The file is a tar.gz: a manifest with the SHA-256 of each file, signatures over it, \
the files.";

/// Make, sign, check and push signed bundles of rules
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Bundle {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    Keygen(Keygen),
    Build(Build),
    Sign(Sign),
    Verify(Verify),
    Push(Push),
}

/// Make a pair of keys: NAME.key to sign with, NAME.pub for the gateways
#[derive(Debug, Args)]
struct Keygen {
    /// Path of the two files without their endings; neither may be there
    #[arg(value_name = "NAME")]
    name: PathBuf,
}

/// Compile rules, and make a signed bundle of them
///
/// Rules with an error make none; the exit code is then 3.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
struct Build {
    /// Directory with the rules; `-` for those the program ships
    #[arg(value_name = "DIR")]
    rules: PathBuf,
    /// Private key to sign with; may be given again
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    /// File to write
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Higher than that of the bundle before; without it, the seconds since 1970
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    version: Option<u64>,
    /// From now; gateways no longer trust it then, such as `720h`
    #[arg(long, value_name = "TIME", value_parser = str::parse::<Time>)]
    expires: Option<Time>,
}

/// Add a signature to a bundle
#[derive(Debug, Args)]
struct Sign {
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// Private key to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Say whether a bundle is whole and signed, and what is in it
///
/// The exit code is 13 when it is not as it was signed.
#[derive(Debug, Args)]
struct Verify {
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// Public key that must have signed it; of several, any
    #[arg(long = "key", value_name = "FILE", required = true)]
    keys: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Give a bundle to a gateway that runs, as an operator with the role `rules`
#[derive(Debug, Args)]
struct Push {
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// Its admin address, as `http://127.0.0.1:9901`; `https://…` where it has `admin.tls`
    #[arg(long, value_name = "URL")]
    admin: String,
    #[command(flatten)]
    asker: Asker,
}

impl Bundle {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            BundleCommand::Keygen(keygen) => keygen.run(),
            BundleCommand::Build(build) => build.run(),
            BundleCommand::Sign(sign) => sign.run(),
            BundleCommand::Verify(verify) => verify.run(),
            BundleCommand::Push(push) => push.run(),
        }
    }
}

impl Keygen {
    fn run(self) -> Outcome {
        let (key, private, public) =
            SigningKey::generate().ok_or_else(|| anyhow!("the system gives no random bytes"))?;
        let with = |ending: &str| {
            let mut name = self.name.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        for (path, text, mode) in [(with(".key"), private, 0o600), (with(".pub"), public, 0o644)] {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&path)
                .and_then(|mut file| file.write_all(text.as_bytes()))
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        writeln!(output::out(), "{}", key.id())?;
        Ok(Exit::Done)
    }
}

impl Build {
    fn run(self) -> Outcome {
        let source = if self.rules == Path::new("-") {
            RulesSource::Embedded
        } else {
            RulesSource::Directory(self.rules.clone())
        };
        let keys = self.keys.iter().map(|path| signing_key(path));
        let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
        let mut diagnostics = Diagnostics::default();
        let loaded = source.load(&mut diagnostics);
        let engine = rules::compile(&loaded.files, &mut diagnostics);
        diagnostics.sort();
        output::diagnostics(&diagnostics);
        if engine.is_none() || diagnostics.has_errors() {
            return Err(Failure::Invalid);
        }
        let now = jiff::Timestamp::now();
        let version = self.version.unwrap_or(u64::try_from(now.as_second()).unwrap_or(1));
        let expires = self.expires.map(|after| now.checked_add(after.0)).transpose();
        let expires = expires.context("`--expires` is too far away")?;
        let bytes = Signed::build(&loaded.files, version, now, expires, &keys)
            .map_err(|error| anyhow!("the bundle {error}"))?;
        write(&self.out, &bytes)?;
        let files = output::count(loaded.files.len(), "file");
        writeln!(output::out(), "version {version}, {files}, rules {}", loaded.hash)?;
        Ok(Exit::Done)
    }
}

impl Sign {
    fn run(self) -> Outcome {
        let key = signing_key(&self.key)?;
        let name = self.bundle.display();
        let bytes = read(&self.bundle)?;
        let signed =
            Signed::countersign(&bytes, &key).map_err(|error| anyhow!("`{name}` {error}"))?;
        write(&self.bundle, &signed)?;
        writeln!(output::out(), "signed by {}", key.id())?;
        Ok(Exit::Done)
    }
}

impl Verify {
    fn run(self) -> Outcome {
        let keys = self.keys.iter().map(|path| {
            let name = path.display();
            VerifyingKey::from_pem(&read(path)?).map_err(|error| anyhow!("`{name}` {error}"))
        });
        let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
        let mut out = output::out();
        let bundle = match Signed::open(read(&self.bundle)?, &keys) {
            Ok(bundle) => bundle,
            Err(error) => {
                match self.format {
                    Format::Text => {
                        writeln!(out, "{BAD}✗{BAD:#} `{}` {error}", self.bundle.display())?;
                    }
                    Format::Json => {
                        writeln!(out, "{}", serde_json::json!({ "error": error.to_string() }))?;
                    }
                }
                out.flush()?;
                return Ok(Exit::Tampered);
            }
        };
        let manifest = &bundle.manifest;
        match self.format {
            Format::Text => {
                writeln!(out, "{GOOD}ok{GOOD:#}: signed by {}", bundle.signed_by.join(", "))?;
                writeln!(out, "version {}, made {}", manifest.version, manifest.created)?;
                if let Some(expires) = manifest.expires {
                    writeln!(out, "not trusted from {expires}")?;
                }
                let files = output::count(bundle.files.len(), "file");
                writeln!(out, "{files}, rules {}", bundle.hash)?;
            }
            Format::Json => {
                let object = serde_json::json!({
                    "signed_by": bundle.signed_by, "hash": bundle.hash, "manifest": manifest,
                });
                writeln!(out, "{object}")?;
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

impl Push {
    fn run(self) -> Outcome {
        let bytes = read(&self.bundle)?;
        let (_, answer) = Gateway::open(&self.admin, &self.asker)?.ask(
            Method::PUT,
            "/-/rules/bundle",
            "application/octet-stream",
            bytes.into(),
        )?;
        writeln!(output::out(), "{answer}")?;
        Ok(Exit::Done)
    }
}

fn signing_key(path: &Path) -> anyhow::Result<SigningKey> {
    let name = path.display();
    SigningKey::from_pem(&read(path)?).map_err(|error| anyhow!("`{name}` {error}"))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Whole or not at all: a server may be offering the file.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let context = || format!("cannot write `{}`", path.display());
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    let beside = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(directory.unwrap_or(Path::new(".")))
        .with_context(context)?;
    fs::write(beside.path(), bytes).with_context(context)?;
    beside.persist(path).with_context(context)?;
    Ok(())
}
