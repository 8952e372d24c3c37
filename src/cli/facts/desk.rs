//! The store, opened here or asked of a gateway that has it open.

use std::{fs, time::Duration};

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

use super::Where;
use crate::{
    app,
    cli::{config, output::Failure, serve},
    facts::{Applied, Cause, EntryReader, FactsStore, SubjectKey},
    policy::Timestamp,
    telemetry::Metrics,
};

/// How long a gateway may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

pub(super) enum Desk {
    File { store: FactsStore, reader: EntryReader },
    Gateway(Gateway),
}

/// One connection to an admin address.
pub(super) struct Gateway {
    runtime: Runtime,
    sender: SendRequest<Full<Bytes>>,
    host: String,
    token: String,
}

impl Desk {
    pub(super) fn open(place: &Where) -> Result<Self, Failure> {
        match (&place.admin, &place.config, &place.token_file) {
            (Some(url), _, Some(token)) => {
                let token = fs::read_to_string(token)
                    .with_context(|| format!("cannot read `{}`", token.display()))?;
                Ok(Self::Gateway(Gateway::connect(url, token.trim())?))
            }
            (_, Some(path), _) => {
                let config = config::read(path)?;
                let section = config.facts.as_ref().with_context(|| {
                    format!("`{}` has no `facts:`, so there is no store", path.display())
                })?;
                let settings = app::facts_settings(section).map_err(serve::told)?;
                let reader = EntryReader::new(settings.key.clone(), now());
                let metrics = Metrics::new().context("cannot set up the metrics")?;
                let store = FactsStore::open(settings, metrics.facts())
                    .context("cannot start the store")?;
                match store.health().cause {
                    None => Ok(Self::File { store, reader }),
                    Some(Cause::Locked) => Err(anyhow!(
                        "another process has the store open; ask a gateway that runs with `--admin` and \
                         `--token-file`"
                    )
                    .into()),
                    Some(_) => {
                        let health = store.health();
                        let detail = health.detail.unwrap_or_default();
                        let cause = health.cause.map_or("closed", Cause::as_str);
                        Err(anyhow!("the facts store is unavailable: {cause} ({detail})").into())
                    }
                }
            }
            _ => Err(anyhow!(
                "say where the store is: `--config FILE`, or `--admin URL` with `--token-file FILE`"
            )
            .into()),
        }
    }

    /// Checks entries as the store will read them.
    pub(super) fn reader(&self) -> EntryReader {
        match self {
            Self::File { reader, .. } => reader.clone(),
            Self::Gateway(_) => checker(),
        }
    }

    /// Puts entries on file, all or none; they are durable when this returns.
    pub(super) fn put(&mut self, entries: &[Value]) -> anyhow::Result<Applied> {
        match self {
            Self::File { store, reader } => {
                let changes = entries
                    .iter()
                    .map(|entry| reader.change(entry).map_err(|message| anyhow!(message)))
                    .collect::<anyhow::Result<_>>()?;
                Ok(store.change_blocking(changes)?)
            }
            Self::Gateway(gateway) => {
                let mut body = String::new();
                for entry in entries {
                    body.push_str(&entry.to_string());
                    body.push('\n');
                }
                let (_, answer) = gateway.ask(Method::POST, "/-/facts", body)?;
                let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
                Ok(Applied { subjects: count("subjects"), mechanisms: count("mechanisms") })
            }
        }
    }

    pub(super) fn get(&mut self, subject: &Value) -> anyhow::Result<Option<Value>> {
        match self {
            Self::File { store, reader } => {
                let who = reader.who(subject).map_err(|message| anyhow!(message))?;
                Ok(store.get(&who)?.map(|record| serde_json::json!(record)))
            }
            Self::Gateway(gateway) => {
                let asked = subject.to_string();
                let (status, record) = gateway.ask(Method::POST, "/-/facts/get", asked)?;
                Ok((status == StatusCode::OK).then_some(record))
            }
        }
    }

    /// Every entry on file, until `each` fails.
    pub(super) fn export(
        &mut self,
        counted: bool,
        each: &mut dyn FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Self::File { store, .. } => {
                let mut outcome = Ok(());
                store.export(counted, &mut |entry| {
                    outcome = each(&entry);
                    outcome.is_ok()
                })?;
                outcome
            }
            Self::Gateway(gateway) => gateway.export(counted, each),
        }
    }
}

impl Gateway {
    fn connect(url: &str, token: &str) -> anyhow::Result<Self> {
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

    fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: String,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let request = self.request(method, path, body)?;
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

    fn export(
        &mut self,
        counted: bool,
        each: &mut dyn FnMut(&Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let path = if counted { "/-/facts/export?counted" } else { "/-/facts/export" };
        let request = self.request(Method::GET, path, String::new())?;
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
        body: String,
    ) -> anyhow::Result<Request<Full<Bytes>>> {
        Ok(Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/x-ndjson")
            .body(Full::from(body))?)
    }
}

/// A problem (RFC 9457) as a sentence.
fn refusal(status: StatusCode, problem: &Value) -> String {
    let detail = problem.get("detail").and_then(Value::as_str).unwrap_or("it does not say why");
    let first = problem.pointer("/diagnostics/0/message").and_then(Value::as_str);
    let first = first.map_or_else(String::new, |message| format!(": {message}"));
    format!("the gateway refused ({}): {detail}{first}", status.as_u16())
}

/// Reads entries without a key: what is right does not depend on it.
pub(super) fn checker() -> EntryReader {
    EntryReader::new(SubjectKey::new(&[0; 32]), now())
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now())
}
