//! Connections to one data centre, held by one worker.
//!
//! HTTP/1.1 connections lie in a free list while they are idle; of HTTP/2 exchanges of the worker share one, and
//! another where it has no room for more. Workers share how the endpoints fare and the count of what is under way, and
//! nothing else, so nothing locks.
//! Every address is held against the data centre's jurisdiction before a connection is made, and all
//! endpoints of a data centre are in one jurisdiction: another endpoint is never another country.

use std::{
    cell::{Cell, RefCell},
    fmt,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{ProxyError, body::Held, capacity::Capacity, http1::ClientError};
use crate::{config::Protocol, domain::Region};

mod choice;
mod connect;
mod health;
mod names;
mod shared;

use choice::{Dice, RetryBudget, choose};
pub(super) use connect::Target;
use connect::{Connection, Ending, EndpointTarget, Sender, Unanswered};
use shared::Shared;

/// A request as it goes out, less what depends on the endpoint.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The memory it takes, which counts for as long as somebody has it.
    pub(super) held: Option<Arc<Held>>,
    /// The caller's own, where the data centre wants it.
    pub(super) host: Option<KeptHost>,
    /// The length of the body was declared, so it is again.
    pub(super) declares_length: bool,
    /// Who called in the end.
    pub(super) client: Option<IpAddr>,
}

/// A host that goes on as the caller wrote it.
#[derive(Debug, Clone)]
pub(super) struct KeptHost {
    pub(super) value: HeaderValue,
    /// Its labels and its port as the inspection reads them, with spaces between.
    pub(super) words: Box<str>,
}

impl KeptHost {
    pub(super) fn of(authority: &str) -> Option<Self> {
        let words = authority.replace(['.', ':'], " ").into();
        Some(Self { value: authority.try_into().ok()?, words })
    }
}

/// The head of the data centre's answer, and the connection that it came by and its body comes by.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: Response<()>,
    pub(super) lease: Lease,
    /// GeoIP places the endpoint in this region, contrary to what is declared; it was let pass.
    pub(super) misplaced: Option<Region>,
}

/// One data centre as one worker reaches it.
pub(super) struct Upstream {
    target: Arc<Target>,
    /// In the order of the target's.
    endpoints: Vec<Pool>,
    dice: Dice,
    retries: RetryBudget,
}

/// This worker's connections to one endpoint.
#[derive(Default)]
struct Pool {
    #[expect(clippy::vec_box, reason = "each goes to an exchange and comes back, by pointer")]
    idle: RefCell<Vec<Box<Connection>>>,
    #[expect(clippy::vec_box, reason = "they are made on the heap")]
    shared: RefCell<Vec<Box<Connection>>>,
    /// Held while an HTTP/2 connection is made, so that those who wait share it.
    connecting: tokio::sync::Mutex<()>,
    in_flight: Cell<usize>,
}

/// An exchange that a data centre has under way; it is no longer when this is dropped.
#[derive(Debug)]
struct Busy {
    upstream: Rc<Upstream>,
    /// The one that has it at the moment.
    endpoint: Option<usize>,
}

impl Busy {
    /// `None` when there are too many.
    fn begin(upstream: &Rc<Upstream>) -> Option<Self> {
        let fits = upstream.target.exchanges.as_ref().is_none_or(Capacity::take);
        fits.then(|| Self { upstream: Rc::clone(upstream), endpoint: None })
    }

    /// It is that endpoint's from here on.
    fn at(&mut self, endpoint: usize) {
        self.leave();
        self.endpoint = Some(endpoint);
        if let Some(pool) = self.upstream.endpoints.get(endpoint) {
            pool.in_flight.set(pool.in_flight.get() + 1);
        }
    }

    fn leave(&mut self) {
        let endpoint = self.endpoint.take();
        if let Some(pool) = endpoint.and_then(|endpoint| self.upstream.endpoints.get(endpoint)) {
            pool.in_flight.set(pool.in_flight.get() - 1);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.leave();
        if let Some(exchanges) = &self.upstream.target.exchanges {
            exchanges.give_back();
        }
    }
}

/// A connection lent to an exchange; it comes back when the answer was read to its end.
#[derive(Debug)]
pub(super) struct Lease {
    connection: Box<Connection>,
    /// What comes of an answer over a shared connection.
    shared: Option<Incoming>,
    busy: Busy,
}

impl Lease {
    /// The next piece of the answer.
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ClientError>>> {
        match (&mut self.connection.sender, &mut self.shared) {
            (Sender::Http1(client), _) => client.poll_frame(cx),
            (Sender::Http2(_), Some(body)) => {
                Pin::new(body).poll_frame(cx).map_err(ClientError::Http2)
            }
            (Sender::Http2(_), None) => Poll::Ready(None),
        }
    }

    /// True when nothing is left of the answer.
    pub(super) fn is_over(&self) -> bool {
        match &self.connection.sender {
            Sender::Http1(client) => client.is_over(),
            Sender::Http2(_) => self.shared.as_ref().is_none_or(Body::is_end_stream),
        }
    }

    /// How much is left of the answer.
    pub(super) fn size_hint(&self) -> SizeHint {
        match &self.connection.sender {
            Sender::Http1(client) => client.length().map(SizeHint::with_exact).unwrap_or_default(),
            Sender::Http2(_) => self.shared.as_ref().map(Body::size_hint).unwrap_or_default(),
        }
    }

    pub(super) fn give_back(self) {
        let Self { mut connection, busy, .. } = self;
        let upstream = &busy.upstream;
        match &mut connection.sender {
            Sender::Http1(client) => {
                if client.rests()
                    && let Some(pool) = upstream.endpoints.get(connection.endpoint)
                {
                    connection.used = Instant::now();
                    let mut idle = pool.idle.borrow_mut();
                    if idle.len() < upstream.target.idle_connections_max {
                        idle.push(connection);
                    }
                }
            }
            Sender::Http2(shared) => shared.hear(),
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("target", &self.target).finish_non_exhaustive()
    }
}

/// Endpoints one exchange has failed at.
#[derive(Debug, Default, Clone)]
struct Tried(Vec<usize>);

/// A request that got no answer.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    ending: Ending,
    /// Its connection had carried others before.
    reused: bool,
    may_have_left: bool,
}

impl Attempt {
    /// Whether it says that its endpoint fares badly. `was_given`: nobody had let go of its connection before.
    fn is_the_endpoints_fault(self, shared: Option<&Rc<Shared>>, was_given: bool) -> bool {
        let Self { ending, reused, may_have_left } = self;
        match (ending, shared) {
            // A connection that lay idle says nothing of how its endpoint fares.
            (Ending::Connection, None) => !reused,
            // One failure, however many exchanges end with it; and none where it was closed before.
            (Ending::Connection, Some(_)) => was_given && (may_have_left || !reused),
            // It takes no more, as servers say of every connection in time.
            (Ending::Untouched, Some(_)) => was_given && !reused,
            // It has as much as it takes, perhaps.
            (Ending::Refused, Some(shared)) => !shared.has_others(),
            (Ending::Exchange | Ending::Refused | Ending::Untouched, _) => true,
        }
    }
}

impl Upstream {
    /// `number` is the worker's.
    pub(super) fn new(target: Arc<Target>, number: usize) -> Rc<Self> {
        let mut endpoints = Vec::new();
        endpoints.resize_with(target.endpoints.len(), Pool::default);
        Rc::new(Self {
            endpoints,
            dice: Dice::new((number as u64 + 1) << 32 | u64::from(std::process::id())),
            retries: RetryBudget::default(),
            target,
        })
    }

    pub(super) fn is_to(&self, target: &Arc<Target>) -> bool {
        Arc::ptr_eq(&self.target, target)
    }

    /// Lets go of connections that lay idle for too long, or that the other side has closed.
    pub(super) fn close_idle(&self) {
        for pool in &self.endpoints {
            let mut is_of_use = |connection: &mut Box<Connection>| {
                !connection.has_rested(self.target.idle) && connection.sender.is_ready()
            };
            pool.idle.borrow_mut().retain_mut(&mut is_of_use);
            pool.shared.borrow_mut().retain_mut(is_of_use);
        }
    }

    /// Looks after the addresses behind names and begins the checks of our own, on the runtime of whoever
    /// calls; one worker does.
    pub(super) fn look_after_endpoints(&self) {
        for name in self.target.endpoints.iter().filter_map(EndpointTarget::named) {
            let (dns, metrics) = (self.target.dns.clone(), Arc::clone(&self.target.metrics));
            tokio::task::spawn_local(names::keep(Arc::clone(name), dns, metrics));
        }
        let Some(settings) = &self.target.health_check else { return };
        for number in 0..self.target.endpoints.len() {
            let checks = health::check(Arc::clone(&self.target), number, settings.clone());
            tokio::task::spawn_local(checks);
        }
    }

    /// Sends a request and waits for the head of its answer. A request that provably never left is
    /// sent again over another connection; one that may have left only if its method is idempotent
    /// (RFC 9110 §9.2.2) or the data centre says that it did nothing with it, and the budget for that
    /// is not used up.
    pub(super) async fn send(
        self: &Rc<Self>,
        outgoing: Box<Outgoing>,
        first_byte: Duration,
        by: Instant,
    ) -> Result<Answer, ProxyError> {
        let Some(mut busy) = Busy::begin(self) else {
            return Err(ProxyError::UpstreamBusy { data_centre: self.target.id.clone() });
        };
        self.retries.sent();
        let mut tried = Tried::default();
        let mut next = outgoing;
        // What an attempt that may have left came to: a later failure to connect does not undo it.
        let mut broken = None;
        let mut attempts = 0;
        loop {
            let outgoing = next;
            let (mut connection, reused) = match self.obtain(&mut busy, &mut tried, by).await {
                Ok(obtained) => obtained,
                Err(error) => return Err(broken.unwrap_or(error)),
            };
            let number = connection.endpoint;
            let is_safe = outgoing.method.is_idempotent() && (reused || self.endpoints.len() > 1);
            let may_be_handed_back = connection.shared().is_some();
            let again = (is_safe || may_be_handed_back).then(|| Box::new(outgoing.duplicate()));
            let host = outgoing.host.clone();
            let request = self.request(*outgoing, &connection);
            attempts += 1;
            let sent_at = Instant::now();
            let answer_by = by.min(sent_at + first_byte);
            let sent = tokio::time::timeout_at(answer_by, connection.sender.send(request)).await;
            let Unanswered { error, ending, unsent } = match sent {
                Ok(Ok((response, _))) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                    return Err(ProxyError::UpstreamMalformed {
                        endpoint: self.name_of(number),
                        what: "a change of protocol",
                    });
                }
                Ok(Ok((response, shared))) => {
                    self.fared(number, !is_gateway_failure(response.status()));
                    let misplaced = connection.misplaced;
                    let lease = Lease { connection, shared, busy };
                    return Ok(Answer { response, lease, misplaced });
                }
                Ok(Err(unanswered)) => unanswered,
                Err(_) => {
                    self.fared(number, false);
                    // It may be the way there that is no more; then nobody shall wait for it again.
                    if let Some(shared) = connection.shared()
                        && !shared.has_answered_since(sent_at)
                    {
                        self.forget(shared, number);
                    }
                    return Err(ProxyError::UpstreamSlow { endpoint: self.name_of(number) });
                }
            };
            let unsent = unsent.map(|request| Box::new(Outgoing::of(*request, host)));
            let error = ProxyError::UpstreamBroken { endpoint: self.name_of(number), error };
            let attempt = Attempt { ending, reused, may_have_left: unsent.is_none() };
            let was_given = self.let_go_if_over(&connection, ending);
            if attempt.is_the_endpoints_fault(connection.shared(), was_given) {
                self.fared(number, false);
            }
            if !self.may_do_better(attempt) {
                tried.0.push(number);
            }
            let is_safe = is_safe || ending.is_harmless() || unsent.is_some();
            let is_left = tried.0.len() < self.endpoints.len();
            next = match (unsent, again) {
                (Some(unsent), _) if reused => unsent,
                (_, Some(again))
                    if is_safe && is_left && attempts <= RETRIES_MAX && self.retries.take() =>
                {
                    self.target.metrics.upstream_retry(&self.target.id);
                    broken = Some(error);
                    again
                }
                _ => return Err(error),
            };
        }
    }

    /// Gives a connection of HTTP/2 that has ended, or takes no more, to nobody any more. True when it was given until
    /// now.
    fn let_go_if_over(&self, connection: &Connection, ending: Ending) -> bool {
        match (ending, connection.shared()) {
            (Ending::Connection | Ending::Untouched, Some(shared)) => {
                self.forget(shared, connection.endpoint)
            }
            (Ending::Exchange | Ending::Refused, _) | (_, None) => false,
        }
    }

    /// Whether the same endpoint may answer what it has just failed to.
    fn may_do_better(&self, Attempt { ending, reused, .. }: Attempt) -> bool {
        let is_alone = self.endpoints.len() == 1;
        match ending {
            // Over another connection.
            Ending::Connection => reused,
            Ending::Exchange => false,
            // Where there is no other, in the next moment.
            Ending::Untouched => reused || is_alone,
            Ending::Refused => is_alone,
        }
    }

    /// A connection that can be used at once: to the chosen endpoint, or else to another one that is
    /// left.
    async fn obtain(
        &self,
        busy: &mut Busy,
        tried: &mut Tried,
        by: Instant,
    ) -> Result<(Box<Connection>, bool), ProxyError> {
        let mut failure = None;
        loop {
            let Some(number) = self.choose(tried) else {
                let nowhere = || ProxyError::ConnectSlow { endpoint: self.target.id.clone() };
                return Err(failure.unwrap_or_else(nowhere));
            };
            busy.at(number);
            if let Some(connection) = self.take(number) {
                return Ok((connection, true));
            }
            // Seldom, and large: not part of every exchange's future.
            match Box::pin(self.connect(number, by)).await {
                Ok(connection) => return Ok((connection, false)),
                // Elsewhere than it is declared to be: nobody goes round that.
                Err(error @ ProxyError::Misplaced { .. }) => return Err(error),
                Err(error) => {
                    self.fared(number, false);
                    tried.0.push(number);
                    failure = Some(error);
                }
            }
        }
    }

    /// Among those that fare well and have not failed this exchange; when there is none, among all that
    /// have not.
    fn choose(&self, tried: &Tried) -> Option<usize> {
        let load =
            |number: usize| self.endpoints.get(number).map_or(0, |pool| pool.in_flight.get());
        if self.endpoints.len() == 1 {
            return tried.0.is_empty().then_some(0);
        }
        let left = |number: &usize| !tried.0.contains(number);
        let fares_well = |number: &usize| {
            self.target.endpoints.get(*number).is_some_and(|one| one.health.is_available())
        };
        let rest = (0..self.endpoints.len()).filter(left);
        let good = rest.clone().filter(fares_well);
        choose(&self.dice, good, load).or_else(|| choose(&self.dice, rest, load))
    }

    fn fared(&self, number: usize, well: bool) {
        let Some(endpoint) = self.target.endpoints.get(number) else { return };
        if well {
            endpoint.health.succeeded();
        } else if endpoint.health.failed() {
            tracing::warn!(data_centre = self.target.id, endpoint = endpoint.name, "ejected");
            self.target.metrics.endpoint_ejected(&self.target.id, &endpoint.name);
            // They go to the same place.
            if let Some(pool) = self.endpoints.get(number) {
                pool.idle.borrow_mut().clear();
                pool.shared.borrow_mut().clear();
            }
        }
    }

    /// A connection that was made before.
    fn take(&self, number: usize) -> Option<Box<Connection>> {
        let pool = self.endpoints.get(number)?;
        let target = self.endpoint(number)?;
        if self.target.protocol == Protocol::Http2 {
            return pool.share(&self.target, target);
        }
        loop {
            // The one used last is the one most likely to be alive.
            let mut connection = pool.idle.borrow_mut().pop()?;
            if connection.used.elapsed() > self.target.idle {
                // The others lay longer still.
                pool.idle.borrow_mut().clear();
                return None;
            }
            if connection.is_current(&self.target, target) && connection.sender.is_ready() {
                return Some(connection);
            }
        }
    }

    /// Gives a shared connection to nobody any more; exchanges under way may end over it. True when it was given
    /// until now.
    fn forget(&self, shared: &Rc<Shared>, number: usize) -> bool {
        let Some(pool) = self.endpoints.get(number) else { return false };
        let is_that = |one: &Connection| one.shared().is_some_and(|one| Rc::ptr_eq(one, shared));
        let mut all = pool.shared.borrow_mut();
        let before = all.len();
        all.retain(|connection| !is_that(connection));
        all.len() < before
    }

    fn request(&self, outgoing: Outgoing, connection: &Connection) -> Box<Request<Bytes>> {
        let Outgoing { method, target, mut headers, body, host, .. } = outgoing;
        let endpoint = self.endpoint(connection.endpoint);
        let host =
            host.map(|kept| kept.value).or_else(|| endpoint.map(|endpoint| endpoint.host.clone()));
        let uri = connection.sender.uri(target, host.as_ref(), self.target.tls.is_some());
        let version = match &connection.sender {
            Sender::Http1(_) => {
                headers.extend(host.map(|host| (header::HOST, host)));
                Version::HTTP_11
            }
            Sender::Http2(_) => Version::HTTP_2,
        };
        let mut request = Box::new(Request::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.version_mut() = version;
        *request.headers_mut() = headers;
        request
    }

    fn endpoint(&self, number: usize) -> Option<&EndpointTarget> {
        self.target.endpoints.get(number)
    }

    fn name_of(&self, number: usize) -> String {
        self.endpoint(number).map_or_else(String::new, |one| one.name.clone())
    }

    async fn connect(&self, number: usize, by: Instant) -> Result<Box<Connection>, ProxyError> {
        let (Some(pool), Some(endpoint)) = (self.endpoints.get(number), self.endpoint(number))
        else {
            return Err(ProxyError::ConnectSlow { endpoint: self.target.id.clone() });
        };
        let by = by.min(Instant::now() + self.target.connect_time);
        // Whoever waits for another's connection waits no longer than for one of their own.
        let _one_at_a_time = match self.target.protocol {
            Protocol::Http1 => None,
            Protocol::Http2 => {
                let slow = |_| ProxyError::ConnectSlow { endpoint: endpoint.name.clone() };
                let guard =
                    tokio::time::timeout_at(by, pool.connecting.lock()).await.map_err(slow)?;
                if let Some(connection) = pool.share(&self.target, endpoint) {
                    return Ok(connection);
                }
                Some(guard)
            }
        };
        match tokio::time::timeout_at(by, self.target.connect(number, endpoint)).await {
            Ok(connection) => {
                let connection = Box::new(connection?);
                if let Some(shared) = connection.share() {
                    pool.shared.borrow_mut().push(shared);
                }
                Ok(connection)
            }
            Err(_) => Err(ProxyError::ConnectSlow { endpoint: endpoint.name.clone() }),
        }
    }
}

/// How often one exchange may be sent again.
const RETRIES_MAX: usize = 2;

/// Answers that an intermediary gives for an endpoint that fails.
fn is_gateway_failure(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

impl Pool {
    fn share(&self, data_centre: &Target, target: &EndpointTarget) -> Option<Box<Connection>> {
        let mut shared = self.shared.borrow_mut();
        // Exchanges on one that leads elsewhere end there; new ones go where the name leads, or nowhere.
        shared.retain_mut(|connection| {
            !connection.is_closed() && connection.is_current(data_centre, target)
        });
        // The first that has room: what is beyond it falls idle when there is less to do.
        shared.iter().find_map(|connection| connection.share())
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
            held: self.held.clone(),
            host: self.host.clone(),
            declares_length: self.declares_length,
            client: self.client,
        }
    }

    /// What [`Upstream::request`] made, taken apart again.
    fn of(request: Request<Bytes>, host: Option<KeptHost>) -> Self {
        let (mut head, body) = request.into_parts();
        head.headers.remove(header::HOST);
        let target = head.uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
        Self {
            method: head.method,
            target,
            headers: head.headers,
            body,
            held: None,
            host,
            declares_length: true,
            client: None,
        }
    }
}
