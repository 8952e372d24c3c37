//! Connections to one data centre, held by one worker.
//!
//! HTTP/1.1 connections lie in a free list while they are idle; HTTP/2 has one that all exchanges of
//! the worker share. Nothing here is shared between workers, so nothing locks. Every address is held
//! against the data centre's jurisdiction before a connection is made.

use std::{
    cell::{Cell, RefCell},
    fmt,
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::ProxyError;
use crate::{config::Protocol, domain::Region};

mod connect;

pub(super) use connect::Target;
use connect::{Connection, Sender};

/// A request as it goes out, less what depends on the endpoint.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The caller's own, where the data centre wants it.
    pub(super) host: Option<HeaderValue>,
    /// The length of the body was declared, so it is again.
    pub(super) declares_length: bool,
    /// Who called in the end.
    pub(super) client: Option<IpAddr>,
}

/// The data centre's answer, and the connection it came by.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Response<Incoming>,
    pub(super) lease: Lease,
    /// GeoIP places the endpoint in this region, contrary to what is declared; it was let pass.
    pub(super) misplaced: Option<Region>,
}

/// One data centre as one worker reaches it.
pub(super) struct Upstream {
    target: Arc<Target>,
    idle: RefCell<Vec<Connection>>,
    shared: RefCell<Option<Connection>>,
    /// Held while the one HTTP/2 connection is made, so that it stays one.
    connecting: tokio::sync::Mutex<()>,
    turn: Cell<usize>,
}

/// A connection lent to an exchange; it comes back when the answer was read to its end.
#[derive(Debug)]
pub(super) struct Lease {
    upstream: Rc<Upstream>,
    connection: Connection,
}

impl Lease {
    pub(super) fn give_back(mut self) {
        let upstream = Rc::clone(&self.upstream);
        match &self.connection.sender {
            Sender::Http1(sender) if !sender.is_closed() => {
                self.connection.used = Instant::now();
                let mut idle = upstream.idle.borrow_mut();
                if idle.len() < upstream.target.idle_connections_max {
                    idle.push(self.connection);
                }
            }
            Sender::Http1(_) | Sender::Http2(_) => {}
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Upstream {
    pub(super) fn new(target: Arc<Target>) -> Rc<Self> {
        Rc::new(Self {
            target,
            idle: RefCell::default(),
            shared: RefCell::default(),
            connecting: tokio::sync::Mutex::new(()),
            turn: Cell::new(0),
        })
    }

    /// Sends a request and waits for the head of its answer. A request that provably never left is
    /// sent again over another connection; one that may have left is only if its method is idempotent
    /// (RFC 9110 §9.2.2) and it met a connection that had been lying idle.
    pub(super) async fn send(
        self: &Rc<Self>,
        outgoing: Outgoing,
        first_byte: Duration,
        by: Instant,
    ) -> Result<Answer, ProxyError> {
        let mut next = Some(outgoing);
        loop {
            let Some(outgoing) = next.take() else {
                return Err(ProxyError::UpstreamMalformed {
                    endpoint: self.target.id.clone(),
                    what: "nothing",
                });
            };
            let (mut connection, reused) = match self.take().await {
                Some(connection) => (connection, true),
                // Seldom, and large: not part of every exchange's future.
                None => (Box::pin(self.connect(by)).await?, false),
            };
            let again = (reused && outgoing.method.is_idempotent()).then(|| outgoing.duplicate());
            let host = outgoing.host.clone();
            let request = self.request(outgoing, &connection);
            let answer_by = by.min(Instant::now() + first_byte);
            let sent = tokio::time::timeout_at(answer_by, connection.sender.send(request)).await;
            match sent {
                Ok(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                    let endpoint = self.name_of(connection.endpoint);
                    return Err(ProxyError::UpstreamMalformed {
                        endpoint,
                        what: "a change of protocol",
                    });
                }
                Ok(Ok(response)) => {
                    let misplaced = connection.misplaced;
                    let lease = Lease { upstream: Rc::clone(self), connection };
                    return Ok(Answer { response, lease, misplaced });
                }
                Ok(Err(mut error)) => {
                    self.forget();
                    let unsent = error.take_message().map(|request| Outgoing::of(request, host));
                    next = if reused { unsent.or(again) } else { None };
                    if next.is_none() {
                        let endpoint = self.name_of(connection.endpoint);
                        return Err(ProxyError::UpstreamBroken {
                            endpoint,
                            error: error.into_error(),
                        });
                    }
                }
                Err(_) => {
                    let endpoint = self.name_of(connection.endpoint);
                    return Err(ProxyError::UpstreamSlow { endpoint });
                }
            }
        }
    }

    /// A connection that can be used at once.
    async fn take(&self) -> Option<Connection> {
        if self.target.protocol == Protocol::Http2 {
            return self.share();
        }
        loop {
            // The one used last is the one most likely to be alive.
            let mut connection = self.idle.borrow_mut().pop()?;
            if connection.used.elapsed() > self.target.idle {
                // The others lay longer still.
                self.idle.borrow_mut().clear();
                return None;
            }
            if let Sender::Http1(sender) = &mut connection.sender
                && (sender.is_ready() || sender.ready().await.is_ok())
            {
                return Some(connection);
            }
        }
    }

    fn share(&self) -> Option<Connection> {
        let shared = self.shared.borrow();
        let connection = shared.as_ref()?;
        match &connection.sender {
            Sender::Http2(sender) if !sender.is_closed() => {
                Some(Connection { sender: Sender::Http2(sender.clone()), ..*connection })
            }
            Sender::Http2(_) | Sender::Http1(_) => None,
        }
    }

    /// Lets go of the shared connection once it has ended.
    fn forget(&self) {
        let mut shared = self.shared.borrow_mut();
        if shared.as_ref().is_some_and(|connection| connection.sender.is_closed()) {
            *shared = None;
        }
    }

    fn request(&self, outgoing: Outgoing, connection: &Connection) -> Request<Full<Bytes>> {
        let Outgoing { method, target, mut headers, body, host, .. } = outgoing;
        let endpoint = self.target.endpoints.get(connection.endpoint);
        let host = host.or_else(|| endpoint.map(|endpoint| endpoint.host.clone()));
        let (uri, version) = match (&connection.sender, host) {
            (Sender::Http1(_), host) => {
                headers.extend(host.map(|host| (header::HOST, host)));
                (target, Version::HTTP_11)
            }
            (Sender::Http2(_), host) => {
                let mut parts = target.into_parts();
                let scheme = if self.target.tls.is_some() {
                    http::uri::Scheme::HTTPS
                } else {
                    http::uri::Scheme::HTTP
                };
                parts.scheme = Some(scheme);
                parts.authority = host.and_then(|host| host.as_bytes().try_into().ok());
                (Uri::from_parts(parts).unwrap_or_default(), Version::HTTP_2)
            }
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.version_mut() = version;
        *request.headers_mut() = headers;
        request
    }

    fn name_of(&self, endpoint: usize) -> String {
        self.target.endpoints.get(endpoint).map_or_else(String::new, |one| one.endpoint.to_string())
    }

    async fn connect(&self, by: Instant) -> Result<Connection, ProxyError> {
        let _one_at_a_time = match self.target.protocol {
            Protocol::Http1 => None,
            Protocol::Http2 => {
                let guard = self.connecting.lock().await;
                if let Some(connection) = self.share() {
                    return Ok(connection);
                }
                Some(guard)
            }
        };
        let by = by.min(Instant::now() + self.target.connect_time);
        let count = self.target.endpoints.len();
        let first = self.turn.get();
        self.turn.set(first.wrapping_add(1));
        let mut failure = None;
        // Every endpoint gets its chance; all of them are in the one jurisdiction.
        for offset in 0..count {
            let number = first.wrapping_add(offset) % count;
            let Some(endpoint) = self.target.endpoints.get(number) else { continue };
            match tokio::time::timeout_at(by, self.target.connect(number, endpoint)).await {
                Ok(Ok(connection)) => {
                    if let Sender::Http2(sender) = &connection.sender {
                        let sender = Sender::Http2(sender.clone());
                        *self.shared.borrow_mut() = Some(Connection { sender, ..connection });
                    }
                    return Ok(connection);
                }
                Ok(Err(error @ ProxyError::Misplaced { .. })) => return Err(error),
                Ok(Err(error)) => failure = Some(error),
                Err(_) => {
                    let slow = ProxyError::ConnectSlow { endpoint: endpoint.endpoint.to_string() };
                    return Err(failure.unwrap_or(slow));
                }
            }
        }
        Err(failure.unwrap_or_else(|| ProxyError::ConnectSlow { endpoint: self.target.id.clone() }))
    }
}

impl Outgoing {
    /// Another request that says the same; the body is shared, not copied.
    pub(super) fn duplicate(&self) -> Self {
        Self {
            method: self.method.clone(),
            target: self.target.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            host: self.host.clone(),
            declares_length: self.declares_length,
            client: self.client,
        }
    }

    /// What [`Upstream::request`] made, taken apart again.
    fn of(request: Request<Full<Bytes>>, host: Option<HeaderValue>) -> Self {
        let (mut head, body) = request.into_parts();
        head.headers.remove(header::HOST);
        let target = head.uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
        Self {
            method: head.method,
            target,
            headers: head.headers,
            body: into_bytes(body),
            host,
            declares_length: true,
            client: None,
        }
    }
}

/// A held body gives its one piece back.
fn into_bytes(mut body: Full<Bytes>) -> Bytes {
    use http_body::Body as _;
    let waker = std::task::Waker::noop();
    let mut cx = std::task::Context::from_waker(waker);
    match std::pin::Pin::new(&mut body).poll_frame(&mut cx) {
        std::task::Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        std::task::Poll::Ready(_) | std::task::Poll::Pending => Bytes::new(),
    }
}
