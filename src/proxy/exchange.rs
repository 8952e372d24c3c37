//! One exchange, from the request's head to the record. Read this first.
//!
//! [`handle`] is the whole way: each step is a line, each may end it with a [`ProxyError`], and there is
//! one place where that becomes an answer. An [`Exchange`] is recorded when it is dropped, so exactly
//! once, whether it was answered, refused, or given up by whoever called. It is judged by the one
//! snapshot it was opened with.

use std::{
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use http::{HeaderMap, Response, Version, header, request};
use tokio::time::Instant;

use super::{
    ProxyError,
    activity::InHand,
    body::{self, HeldBody, ReplyBody},
    capacity::Share,
    context,
    destination::Destination,
    error::{BrokenOff, Scarce},
    head,
    http1::RequestBody,
    identity,
    on_file::OnFile,
    record, reply,
    routing::Ways,
    shadow,
    upstream::{Answer, KeptHost, Outgoing},
    worker::{ExchangePermit, Worker},
    workload::{Admitted, Caller, Workload},
};
use crate::{
    domain::{Effect, Region},
    engine::Verdict,
    facts::Subjects,
    policy::{Timestamp, Transfer},
    route::{Arrival, RouteId, Selection, other_readings},
    snapshot::Snapshot,
    telemetry::{ExchangeGauge, Side, TraceContext},
};

/// A longer body is sent as soon as it is judged, while the caches still hold it.
const IN_STEP_BYTES_MAX: usize = 64 << 10;

/// Who called, as far as the connection tells.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// Whom it wanted to reach, where that was not us.
    pub(super) original_destination: Option<IpAddr>,
    /// What it says of a transfer is believed.
    pub(super) trusted: bool,
    /// Of the exchanges at one moment.
    pub(super) share: Share,
    /// Where its address is; that of the caller behind a trusted hop is looked up per exchange.
    pub(super) region: Option<Region>,
    /// Whom its certificate names; told anew with each exchange where the peer is a trusted hop.
    pub(super) caller: Option<Caller>,
}

/// One request with its answer, and everything the record needs to know of it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) worker: Rc<Worker>,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) ways: Rc<Ways>,
    pub(super) peer: Peer,
    pub(super) trace: TraceContext,
    pub(super) time: Timestamp,
    version: Version,
    pub(super) route: Option<RouteId>,
    pub(super) judged: Option<Judged>,
    pub(super) misplaced: Option<Region>,
    /// The header says something of the transfer, and comes from somebody who is not believed.
    pub(super) is_disbelieved: bool,
    pub(super) failure: Option<(Side, &'static str)>,
    pub(super) status: Option<u16>,
    pub(super) measures: Measures,
    _in_hand: InHand,
    permit: Option<ExchangePermit>,
    admitted: Option<Admitted>,
    _counted: ExchangeGauge,
}

/// When an exchange did what, and how many bytes went by; each is as it was at first until that has happened.
#[derive(Debug)]
pub(super) struct Measures {
    pub(super) started: Instant,
    pub(super) inspection_began: Option<Instant>,
    pub(super) inspection_time: Duration,
    pub(super) sent_at: Option<Instant>,
    pub(super) request_bytes: usize,
    pub(super) forwarded_bytes: usize,
    pub(super) response_bytes: usize,
}

impl Measures {
    fn begin() -> Self {
        Self {
            started: Instant::now(),
            inspection_began: None,
            inspection_time: Duration::ZERO,
            sent_at: None,
            request_bytes: 0,
            forwarded_bytes: 0,
            response_bytes: 0,
        }
    }
}

/// What judging an exchange came to, all at once.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) verdict: Box<Verdict>,
    /// What the store of facts had to do with it.
    pub(super) on_file: Option<Box<OnFile>>,
    /// Whose data it is, where the record is to say so.
    pub(super) subjects: Subjects,
    /// To be judged once more when the answer is out.
    pub(super) beside: Option<Box<shadow::Case>>,
}

impl Judged {
    /// Without anybody on file, and judged this once.
    pub(super) fn new(verdict: Box<Verdict>, subjects: Subjects) -> Self {
        Self { verdict, on_file: None, subjects, beside: None }
    }
}

/// Answers one request.
pub(super) async fn handle(
    worker: Rc<Worker>,
    peer: Peer,
    in_hand: InHand,
    head: Box<request::Parts>,
    body: RequestBody,
) -> Response<ReplyBody> {
    let mut exchange = Exchange::open(worker, peer, in_hand, &head.headers, head.version);
    let outcome = exchange.walk(head, body).await;
    exchange.worker.in_step().await;
    match outcome {
        Ok(answer) => exchange.pass_on(answer),
        Err(error) => exchange.refuse(&error),
    }
}

/// Answers what was to be a request and cannot be read as one.
pub(super) fn refuse(
    worker: Rc<Worker>,
    peer: Peer,
    in_hand: InHand,
    error: &ProxyError,
) -> Response<ReplyBody> {
    Exchange::open(worker, peer, in_hand, &HeaderMap::new(), Version::HTTP_11).refuse(error)
}

impl Exchange {
    fn open(
        worker: Rc<Worker>,
        mut peer: Peer,
        in_hand: InHand,
        headers: &HeaderMap,
        version: Version,
    ) -> Box<Self> {
        let ways = worker.ways();
        let workloads = &ways.routing.workloads;
        if let Some(caller) = &mut peer.caller {
            // The connection may be older than these workloads.
            workloads.recognise(caller);
        }
        // Whoever shows a certificate of its own is who that says, whatever a header says.
        let may_tell = peer.trusted && peer.caller.as_ref().is_none_or(Caller::is_a_hop);
        if may_tell && headers.contains_key(&identity::FORWARDED_CLIENT_CERT) {
            let told = identity::forwarded(headers);
            peer.caller = told.map(|id| workloads.caller(id.into()));
        }
        let is_disbelieved = !peer.trusted && headers.contains_key(&context::HEADER);
        let traceparent = headers.get("traceparent").map(|value| value.as_bytes());
        Box::new(Self {
            snapshot: worker.proxy.snapshots.load_full(),
            _in_hand: in_hand,
            permit: ExchangePermit::begin(&worker, peer.share),
            admitted: None,
            _counted: worker.proxy.metrics.begin_exchange(),
            trace: match &worker.proxy.otlp {
                Some(otlp) => otlp.receive(traceparent),
                None => TraceContext::receive(traceparent),
            },
            worker,
            ways,
            peer,
            time: Timestamp(jiff::Timestamp::now()),
            version,
            route: None,
            judged: None,
            misplaced: None,
            is_disbelieved,
            failure: None,
            status: None,
            measures: Measures::begin(),
        })
    }

    /// The request on its way to the data centre, and the head of the answer on its way back.
    async fn walk(
        &mut self,
        head: Box<request::Parts>,
        body: RequestBody,
    ) -> Result<Answer, ProxyError> {
        self.admit(&head)?;
        let ways = Rc::clone(&self.ways);
        let destination = self.place(&ways, &head)?;
        let transfer = self.transfer(&head, destination)?;
        let body = self.collect(&head, body).await?;
        let mut outgoing = self.outgoing(head, &body, destination);
        self.inspect(&mut outgoing, transfer).await?;
        self.record_first().await?;
        if outgoing.body.len() <= IN_STEP_BYTES_MAX {
            self.worker.in_step().await;
        }
        let answer = self.send(outgoing, destination).await?;
        Ok(answer)
    }

    /// Refuses what is beyond our means, or could be read in two ways.
    fn admit(&mut self, head: &request::Parts) -> Result<(), ProxyError> {
        if self.permit.is_none() {
            return Err(ProxyError::Overloaded(Scarce::Exchanges));
        }
        if !self.worker.pressure.admits() {
            return Err(ProxyError::Overloaded(Scarce::Time));
        }
        if let Some(workload) = self.workload() {
            self.admitted = Some(workload.admit()?);
        }
        // Of HTTP/1.1 they were counted as they came.
        if head.headers.len() > self.worker.proxy.headers_max {
            return Err(ProxyError::HeadTooLarge);
        }
        head::check(head)
    }

    fn workload(&self) -> Option<&Arc<Workload>> {
        self.peer.caller.as_ref()?.workload.as_ref()
    }

    fn place<'w>(
        &mut self,
        ways: &'w Ways,
        head: &request::Parts,
    ) -> Result<&'w Destination, ProxyError> {
        let destinations = &ways.routing.destinations;
        let authority = head::authority(head);
        let arrival = Arrival {
            workload: self.peer.caller.as_ref().and_then(Caller::number),
            original_destination: self.peer.original_destination,
        };
        let path = head.uri.path();
        let select =
            |path: &str| destinations.table.select(head.method.as_str(), authority, path, arrival);
        let selected = select(path);
        if other_readings(path).any(|reading| select(&reading) != selected) {
            return Err(ProxyError::PathAmbiguous);
        }
        match selected {
            Selection::Route(id) => {
                self.route = Some(id);
                destinations.get(id).ok_or(ProxyError::NoRoute)
            }
            Selection::Method(allowed) => {
                Err(ProxyError::MethodNotAllowed { allow: allowed.join(", ") })
            }
            Selection::Caller => Err(ProxyError::CallerNotAdmitted),
            Selection::UnknownMethod => Err(ProxyError::MethodUnknown),
            Selection::Nowhere => Err(ProxyError::NoRoute),
        }
    }

    /// What is known of the transfer before anybody looks at the payload.
    fn transfer(
        &self,
        head: &request::Parts,
        destination: &Destination,
    ) -> Result<Box<Transfer>, ProxyError> {
        let stated = self.peer.trusted.then_some(&head.headers);
        let workload = self.workload().map(|workload| &**workload);
        let transfer = context::transfer(stated, workload, destination, self.time)?;
        context::check_lists(&transfer, self.snapshot.engine.rules())?;
        Ok(transfer)
    }

    async fn collect(
        &mut self,
        head: &request::Parts,
        body: RequestBody,
    ) -> Result<HeldBody, ProxyError> {
        let proxy = &self.worker.proxy;
        let announced = head::announced(&head.headers);
        let by = self.measures.started + proxy.deadlines.body.0.min(proxy.deadlines.total.0);
        let bytes_max = proxy.limits.body_bytes_max;
        let held = body::collect(body, announced, bytes_max, &self.worker.budget, by).await?;
        self.measures.request_bytes = held.bytes.len();
        Ok(held)
    }

    /// The request as it would leave us unredacted; the inspection reads exactly this.
    fn outgoing(
        &self,
        mut head: Box<request::Parts>,
        body: &HeldBody,
        destination: &Destination,
    ) -> Box<Outgoing> {
        head::count_hop(&mut head);
        let keeps_host = self.ways.keeps_host(destination);
        let host = if keeps_host { KeptHost::of(head::authority(&head)) } else { None };
        let declares_length = head::announced(&head.headers).length.is_some();
        let request::Parts { method, uri, mut headers, .. } = *head;
        let client =
            head::client_address(&headers, self.peer.address, &self.worker.proxy.trusted_hops);
        head::strip_request(&mut headers, self.peer.trusted);
        if self.version == Version::HTTP_2 {
            head::join_cookies(&mut headers);
        }
        Box::new(Outgoing {
            method,
            target: head::origin_form(uri),
            headers,
            body: body.bytes.clone(),
            held: Some(Arc::clone(&body.held)),
            host,
            declares_length,
            client,
        })
    }

    /// Where a transfer needs its record, it is made before a byte leaves.
    async fn record_first(&self) -> Result<(), ProxyError> {
        let audit = &self.worker.proxy.audit;
        if !audit.is_required() {
            return Ok(());
        }
        let record = record::judged(self);
        Box::pin(audit.commit(&record))
            .await
            .map_err(|error| ProxyError::Unrecorded(error.to_string()))
    }

    async fn send(
        &mut self,
        mut outgoing: Box<Outgoing>,
        destination: &Destination,
    ) -> Result<Answer, ProxyError> {
        let worker = Rc::clone(&self.worker);
        let deadlines = &worker.proxy.deadlines;
        head::complete(&mut outgoing, &self.trace);
        self.measures.forwarded_bytes = outgoing.body.len();
        self.measures.sent_at = Some(Instant::now());
        let ways = Rc::clone(&self.ways);
        let upstream = ways.upstream(destination).ok_or(ProxyError::NoRoute)?;
        let by = self.measures.started + deadlines.total.0;
        // Whatever breaks it off from here on, it may have left.
        self.has_left(true);
        let answer = upstream.send(outgoing, deadlines.first_byte.0, by).await;
        if answer.as_ref().is_err_and(ProxyError::is_before_sending) {
            self.has_left(false);
            self.measures.sent_at = None;
            self.measures.forwarded_bytes = 0;
        }
        let answer = answer?;
        self.misplaced = answer.misplaced;
        Ok(answer)
    }

    fn has_left(&mut self, left: bool) {
        if let Some(on_file) = self.judged.as_mut().and_then(|judged| judged.on_file.as_mut()) {
            on_file.sent = left;
        }
    }

    /// Hands the data centre's answer on as it comes. The exchange ends with its last byte.
    fn pass_on(mut self: Box<Self>, answer: Answer) -> Response<ReplyBody> {
        let (mut head, ()) = answer.response.into_parts();
        head::strip_response(&mut head.headers);
        head.version = Version::default();
        self.status = Some(head.status.as_u16());
        let idle = self.worker.proxy.deadlines.idle.0;
        Response::from_parts(head, ReplyBody::stream(idle, answer.lease, self))
    }

    /// Error to answer. The exchange ends here.
    fn refuse(mut self: Box<Self>, error: &ProxyError) -> Response<ReplyBody> {
        if !error.is_decision() {
            self.failure = Some((error.side(), error.kind()));
            record::log(&self, error);
        }
        if matches!(error, ProxyError::Misplaced { .. })
            && let Some(judged) = &mut self.judged
        {
            judged.verdict.decision.effect = Effect::Block;
        }
        let particulars = record::particulars(&self, error);
        let mut response = reply::of(error, self.trace.trace_id, &particulars);
        if self.version == Version::HTTP_2 {
            // One stream ends; the connection has others.
            response.headers_mut().remove(header::CONNECTION);
        }
        self.status = Some(response.status().as_u16());
        self.measures.response_bytes =
            http_body::Body::size_hint(response.body()).lower().try_into().unwrap_or(0);
        response
    }

    /// `bytes` more of the answer went out.
    pub(super) fn answered(&mut self, bytes: usize) {
        self.measures.response_bytes += bytes;
    }

    /// The answer ended before its time.
    pub(super) fn broke_off(&mut self, by: BrokenOff) {
        self.failure.get_or_insert((by.side(), by.kind()));
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        record::close(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One exchange waits in memory for as long as a data centre takes; its future must stay small.
    #[test]
    fn the_future_of_an_exchange_is_small() {
        fn size_of_output<F>(
            _: impl FnOnce(Rc<Worker>, Peer, InHand, Box<request::Parts>, RequestBody) -> F,
        ) -> usize {
            std::mem::size_of::<F>()
        }
        let bytes = size_of_output(handle);
        assert!(bytes < 8_192, "{bytes}");
    }
}
