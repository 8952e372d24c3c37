//! A data centre that fits on a laptop: an HTTP server that keeps what reached it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
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
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn answer(
    city: &'static str,
    last: &Mutex<Option<Received>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let target = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let body = request.into_body().collect().await?.to_bytes();
    let reply = Full::from(format!("{{\"stored_in\":\"{city}\",\"bytes\":{}}}\n", body.len()));
    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Received { target, body });
    let mut response = Response::new(reply);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(response)
}
