//! What stands behind a gateway.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};

/// A request as an upstream got it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: Method,
    /// As it stood in the request: over HTTP/2 with scheme and authority.
    pub(crate) target: String,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    async fn read(request: Request<Incoming>) -> Result<Self, hyper::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let (method, version, headers) = (head.method, head.version, head.headers);
        Ok(Self { method, target: head.uri.to_string(), version, headers, body })
    }
}

/// An upstream in this process, over HTTP/1.1 and HTTP/2; gives everybody the same answer and keeps what it got.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    /// Connections that were made to it.
    pub(crate) connections: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Response<Bytes>,
}

impl Upstream {
    /// Answers 200 `stored`.
    pub(crate) async fn start() -> Self {
        Self::answering(Response::new(Bytes::from_static(b"stored\n"))).await
    }

    pub(crate) async fn answering(answer: Response<Bytes>) -> Self {
        let (listener, upstream) = Self::bound(answer).await;
        let serving = upstream.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let upstream = serving.clone();
                tokio::spawn(async move { upstream.serve(stream).await });
            }
        });
        upstream
    }

    /// One that serves the connections it is given: for whoever accepts them in a way of their own.
    pub(crate) async fn bound(answer: Response<Bytes>) -> (TcpListener, Self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream =
            Self { address, connections: Arc::default(), received: Arc::default(), answer };
        (listener, upstream)
    }

    pub(crate) async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let upstream = self.clone();
        let service = service_fn(move |request| {
            let upstream = upstream.clone();
            async move {
                let received = Received::read(request).await?;
                upstream.received.lock().unwrap().push(received);
                Ok::<_, hyper::Error>(upstream.answer.map(Full::new))
            }
        });
        let builder = auto::Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Received {
        self.received().pop().expect("nothing reached the data centre")
    }
}
