//! A data centre that fits on a laptop: an HTTP server that keeps what reached it, and answers with it.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::net::TcpListener;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Received {
    /// Path and query.
    pub(super) target: String,
    pub(super) body: Bytes,
}

#[derive(Debug, Clone)]
pub(super) struct DataCentre {
    pub(super) address: SocketAddr,
    last: Arc<Mutex<Option<Received>>>,
}

impl DataCentre {
    /// On a free port of this machine, for as long as the runtime lives.
    pub(super) async fn start(city: &'static str) -> std::io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let centre = Self { address: listener.local_addr()?, last: Arc::default() };
        let last = Arc::clone(&centre.last);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let last = Arc::clone(&last);
                let service = service_fn(move |request| {
                    let last = Arc::clone(&last);
                    async move { answer(city, &last, request).await }
                });
                tokio::spawn(async move {
                    // A caller that goes away ends its connection and nothing else.
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(centre)
    }

    /// What arrived last, at most once.
    pub(super) fn take(&self) -> Option<Received> {
        self.last.lock().take()
    }
}

async fn answer(
    city: &'static str,
    last: &Mutex<Option<Received>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let target = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let body = request.into_body().collect().await?.to_bytes();
    let reply = Full::from(format!("{}\n", reply(city, &body)));
    *last.lock() = Some(Received { target, body });
    let mut response = Response::new(reply);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// What was stored, as it arrived: JSON as it is, a text as a string, of other bytes how many there are.
fn reply(city: &str, body: &[u8]) -> String {
    #[derive(Serialize)]
    struct Stored<'s> {
        stored_in: &'s str,
        bytes: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        received: Option<Shown<'s>>,
    }
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Shown<'s> {
        Json(&'s RawValue),
        Text(&'s str),
    }
    let received = match (serde_json::from_slice(body), std::str::from_utf8(body)) {
        (Ok(json), _) => Some(Shown::Json(json)),
        (Err(_), Ok(text)) => (!text.is_empty()).then_some(Shown::Text(text)),
        (Err(_), Err(_)) => None,
    };
    serde_json::to_string(&Stored { stored_in: city, bytes: body.len(), received })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_shows_what_arrived() {
        for (body, shown) in [
            (&b"{\"a\": 1.0}"[..], r#","received":{"a": 1.0}"#),
            (b"a=1&b=\"2\"", r#","received":"a=1&b=\"2\"""#),
            (b"", ""),
            (b"\x1f\x8b", ""),
        ] {
            let bytes = body.len();
            let expected = format!(r#"{{"stored_in":"Singapore","bytes":{bytes}{shown}}}"#);
            assert_eq!(reply("Singapore", body), expected);
        }
    }
}
