//! A gateway that runs, asked over its admin address.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use clap::Args;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::client::{Authorities, CallError, Client, ClientSettings, Credentials};

pub(super) const JSON: &str = "application/json";
pub(super) const NDJSON: &str = "application/x-ndjson";

/// How long a gateway may take to answer, and between two parts of what it exports.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// Of an answer, which may hold a payload as it would be sent.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Who asks a gateway, and how its certificate is known.
#[derive(Debug, Args)]
#[group(id = "asker", multiple = true)]
pub(super) struct Asker {
    /// File with the token of the gateway's `admin.token_file`, or of an operator
    #[arg(long, value_name = "FILE", requires = "admin")]
    token_file: Option<PathBuf>,
    /// PEM file of the authorities that signed the certificate of the gateway's `admin.tls`; without it, those this
    /// machine trusts
    #[arg(long, value_name = "FILE", requires = "admin")]
    admin_roots: Option<PathBuf>,
    /// PEM file of the certificate that names an operator
    #[arg(long, value_name = "FILE", requires_all = ["admin", "admin_key"])]
    admin_certificate: Option<PathBuf>,
    /// PEM file of its private key
    #[arg(long, value_name = "FILE", requires = "admin_certificate")]
    admin_key: Option<PathBuf>,
}

impl Asker {
    fn settings(&self, is_in_clear: bool) -> ClientSettings {
        let roots = match &self.admin_roots {
            Some(path) => Authorities::File(path.clone()),
            None if is_in_clear => Authorities::Nobody,
            None => Authorities::System,
        };
        ClientSettings {
            roots,
            time_max: ANSWER_TIME_MAX,
            bytes_max: ANSWER_BYTES_MAX,
            credentials: Credentials {
                // A gateway takes any text for a token, and not only what RFC 6750 has.
                token: None,
                identity: self.admin_certificate.clone().zip(self.admin_key.clone()),
            },
        }
    }
}

/// An admin address that is asked.
pub(super) struct Gateway {
    runtime: Runtime,
    client: Client,
    /// Scheme and authority.
    url: String,
    token: Option<HeaderValue>,
}

impl Gateway {
    pub(super) fn open(url: &str, asker: &Asker) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("`{url}` is no URL"))?;
        let (scheme, authority) = match (uri.scheme_str(), uri.authority()) {
            (Some(scheme @ ("http" | "https")), Some(authority)) => (scheme, authority),
            _ => bail!("`{url}` is not like `http://127.0.0.1:9901` or `https://host:9901`"),
        };
        let is_in_clear = scheme == "http";
        if is_in_clear && (asker.admin_roots.is_some() || asker.admin_certificate.is_some()) {
            bail!("`{url}` is in clear, where nobody shows a certificate: give it `https://…`");
        }
        let token = asker.token_file.as_deref().map(bearer).transpose()?;
        let client = Client::new(&asker.settings(is_in_clear))?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { runtime, client, url: format!("{scheme}://{authority}"), token })
    }

    /// What it answers, found or not; a refusal is an error.
    pub(super) fn ask(
        &self,
        method: Method,
        path: &str,
        media_type: &'static str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let request = self.request(method, path, media_type, body)?;
        let answer = self.runtime.block_on(self.client.call(request));
        let answer = answer.map_err(|error| self.unanswered(&error))?;
        let status = answer.status();
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if !status.is_success() && status != StatusCode::NOT_FOUND {
            bail!(refusal(status, &body));
        }
        Ok((status, body))
    }

    /// Every entry on file there, until `each` fails.
    pub(super) fn export(
        &self,
        counted: bool,
        each: &mut dyn FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let path = if counted { "/-/facts/export?counted" } else { "/-/facts/export" };
        let request = self.request(Method::GET, path, NDJSON, Bytes::new())?;
        self.runtime.block_on(async {
            let unanswered = |error: CallError| self.unanswered(&error);
            let answer = self.client.stream(request).await.map_err(unanswered)?;
            let status = answer.status();
            let mut parts = answer.into_body();
            let mut rest = Vec::new();
            while let Some(part) = parts.next().await.map_err(unanswered)? {
                rest.extend_from_slice(&part);
                if !status.is_success() {
                    continue;
                }
                let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                let lines: Vec<u8> = rest.drain(..whole).collect();
                for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let entry = serde_json::from_slice(line)
                        .map_err(|_| anyhow!("the gateway sent what is no entry"))?;
                    each(&entry)?;
                }
            }
            if !status.is_success() {
                bail!(refusal(status, &serde_json::from_slice(&rest).unwrap_or_default()));
            }
            Ok(())
        })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        media_type: &'static str,
        body: Bytes,
    ) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::CONTENT_TYPE, media_type);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token);
        }
        Ok(request.body(Full::from(body))?)
    }

    fn unanswered(&self, error: &CallError) -> anyhow::Error {
        anyhow!("the gateway at `{}` {error}", self.url)
    }
}

/// The token in a file, for the header `Authorization`, marked as one that is not to be shown.
fn bearer(path: &Path) -> anyhow::Result<HeaderValue> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read `{}`", path.display()))?;
    let value = HeaderValue::try_from(format!("Bearer {}", text.trim()));
    let mut value =
        value.map_err(|_| anyhow!("what is in `{}` cannot be sent as a token", path.display()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A problem (RFC 9457) as a sentence.
fn refusal(status: StatusCode, problem: &Value) -> String {
    let detail = problem.get("detail").and_then(Value::as_str).unwrap_or("it does not say why");
    let mut told = format!("the gateway refused ({}): {detail}", status.as_u16());
    let diagnostics = problem.get("diagnostics").and_then(Value::as_array);
    for one in diagnostics.into_iter().flatten() {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| one.get(name).and_then(Value::as_u64).unwrap_or_default();
        let (line, column) = (number("line"), number("column"));
        told.push_str(&format!("\n  {}:{line}:{column}: {}", text("file"), text("message")));
        if !text("remedy").is_empty() {
            told.push_str(&format!("\n    help: {}", text("remedy")));
        }
    }
    told
}
