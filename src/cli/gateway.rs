//! A gateway that runs, asked over its admin address.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, runtime::Runtime};

pub(super) const JSON: &str = "application/json";
pub(super) const NDJSON: &str = "application/x-ndjson";

/// How long a gateway may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// One connection to an admin address.
pub(super) struct Gateway {
    runtime: Runtime,
    sender: SendRequest<Full<Bytes>>,
    host: String,
    token: String,
}

impl Gateway {
    /// `token` is the file with the token of the gateway's `admin.token_file`.
    pub(super) fn open(url: &str, token: &Path) -> anyhow::Result<Self> {
        let token = fs::read_to_string(token)
            .with_context(|| format!("cannot read `{}`", token.display()))?;
        Self::connect(url, token.trim())
    }

    pub(super) fn connect(url: &str, token: &str) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("`{url}` is no URL"))?;
        let host = uri.authority().filter(|_| uri.scheme_str() == Some("http"));
        let host = host.with_context(|| format!("`{url}` is not like `http://127.0.0.1:9901`"))?;
        let host = host.as_str().to_owned();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let address = if uri.port().is_some() { host.clone() } else { format!("{host}:80") };
        let sender = runtime.block_on(async {
            let stream = TcpStream::connect(&address)
                .await
                .with_context(|| format!("there is no gateway at `{url}`"))?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            anyhow::Ok(sender)
        })?;
        Ok(Self { runtime, sender, host, token: token.to_owned() })
    }

    /// What it answers, found or not; a refusal is an error.
    pub(super) fn ask(
        &mut self,
        method: Method,
        path: &str,
        media_type: &'static str,
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let request = self.request(method, path, media_type, body)?;
        self.runtime.block_on(async {
            let answer = async {
                self.sender.ready().await?;
                let response = self.sender.send_request(request).await?;
                let status = response.status();
                anyhow::Ok((status, response.into_body().collect().await?.to_bytes()))
            };
            let (status, body) = tokio::time::timeout(ANSWER_TIME_MAX, answer)
                .await
                .context("the gateway did not answer in time")??;
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            if !status.is_success() && status != StatusCode::NOT_FOUND {
                bail!(refusal(status, &body));
            }
            Ok((status, body))
        })
    }

    /// Every entry on file there, until `each` fails.
    pub(super) fn export(
        &mut self,
        counted: bool,
        each: &mut dyn FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let path = if counted { "/-/facts/export?counted" } else { "/-/facts/export" };
        let request = self.request(Method::GET, path, NDJSON, Bytes::new())?;
        self.runtime.block_on(async {
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let status = response.status();
            let mut body: Incoming = response.into_body();
            if !status.is_success() {
                let answer = body.collect().await?.to_bytes();
                bail!(refusal(status, &serde_json::from_slice(&answer).unwrap_or_default()));
            }
            let mut rest = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.context("the gateway broke off")?;
                rest.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
                let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                let lines: Vec<u8> = rest.drain(..whole).collect();
                for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let entry = serde_json::from_slice(line)
                        .map_err(|_| anyhow!("the gateway sent what is no entry"))?;
                    each(&entry)?;
                }
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
        let mut request = Request::builder().method(method).uri(path);
        if !self.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        Ok(request
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, media_type)
            .body(Full::from(body))?)
    }
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
