//! Asks the server for the bundle, again and again, on a thread of its own.
//!
//! What comes is checked here; whether it serves is for the controller, which nobody slow keeps waiting.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use tokio::runtime::Runtime;

use super::{Bundle, shelf::BundleFailure};
use crate::{
    client::{CallError, Client},
    control::{
        bundle::BundleSettings,
        reload::{ReloadRequest, Request as Inbox, Work},
    },
    signing::VerifyingKey,
    telemetry::BundleResult,
};

/// Reloads that wait for one answer of the server.
const NUDGES_MAX: usize = 64;

/// What asking came to.
#[derive(Debug)]
pub(in crate::control) enum Fetched {
    New(Box<Bundle>),
    /// What the server offered the last time, whether it was taken or not, it offers still.
    Unchanged(Offer),
    Failed(BundleFailure),
}

/// What tells one bundle from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::control) struct Offer {
    pub(in crate::control) version: u64,
    /// Of its rules.
    pub(in crate::control) hash: String,
}

/// Asks once.
#[derive(Debug)]
struct Asker {
    url: String,
    keys: Vec<VerifyingKey>,
    client: Client,
    runtime: Runtime,
    /// The bundle that came last and was whole and signed, and its tag.
    last: Option<(header::HeaderValue, Offer)>,
}

/// Asks at every interval, and when it is told to. Ends when dropped.
#[derive(Debug)]
pub(in crate::control) struct Fetcher {
    nudges: Option<SyncSender<ReloadRequest>>,
    thread: Option<JoinHandle<()>>,
}

impl Fetcher {
    /// `None` where bundles come by push alone. `first` is what the first asking came to, if there is
    /// nothing else to begin with; without it the thread asks at once.
    pub(in crate::control) fn new(
        settings: &BundleSettings,
        needs_first: bool,
        inbox: SyncSender<Inbox>,
    ) -> Result<Option<(Self, Option<Fetched>)>, String> {
        let Some(url) = &settings.url else { return Ok(None) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let mut asker = Asker {
            url: url.clone(),
            keys: settings.keys.clone(),
            client: Client::new(&settings.client).map_err(|error| error.to_string())?,
            runtime: runtime.map_err(|error| error.to_string())?,
            last: None,
        };
        let first = needs_first.then(|| asker.ask());
        let (nudges, nudged) = mpsc::sync_channel(NUDGES_MAX);
        let interval = settings.interval;
        let asks_at_once = first.is_none();
        let thread = thread::Builder::new()
            .name("bundles".to_owned())
            .spawn(move || run(asker, interval, asks_at_once, &nudged, &inbox))
            .map_err(|error| error.to_string())?;
        Ok(Some((Self { nudges: Some(nudges), thread: Some(thread) }, first)))
    }

    /// Asks now; the controller answers whoever asked when it knows. Gives `asked` back where too many
    /// wait already.
    pub(in crate::control) fn nudge(&self, asked: ReloadRequest) -> Result<(), ReloadRequest> {
        let Some(nudges) = &self.nudges else { return Err(asked) };
        nudges.try_send(asked).map_err(|error| match error {
            mpsc::TrySendError::Full(asked) | mpsc::TrySendError::Disconnected(asked) => asked,
        })
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.nudges = None;
        // A call under way ends by itself within its deadline, and needs nobody to wait for it.
        drop(self.thread.take());
    }
}

fn run(
    mut asker: Asker,
    interval: Duration,
    asks_at_once: bool,
    nudged: &Receiver<ReloadRequest>,
    inbox: &SyncSender<Inbox>,
) {
    let mut asks_now = asks_at_once;
    loop {
        let mut asked = Vec::new();
        if !asks_now {
            match nudged.recv_timeout(interval) {
                Ok(one) => asked.push(one),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        asks_now = false;
        asked.extend(nudged.try_iter());
        let fetched = asker.ask();
        if inbox.send(Inbox::Do(Work::Fetched { fetched, asked })).is_err() {
            return;
        }
    }
}

impl Asker {
    fn ask(&mut self) -> Fetched {
        match self.fetch() {
            Ok(fetched) => fetched,
            Err((kind, message)) => Fetched::Failed(BundleFailure::new(kind, message)),
        }
    }

    fn fetch(&mut self) -> Result<Fetched, (BundleResult, String)> {
        let unreachable = |message: String| (BundleResult::Unreachable, message);
        let mut request = Request::get(&self.url).header(header::ACCEPT, "application/gzip");
        if let Some((etag, _)) = &self.last {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request
            .body(Full::<Bytes>::default())
            .map_err(|error| unreachable(error.to_string()))?;
        let answer = self.runtime.block_on(self.client.call(request));
        let answer = answer.map_err(|error| {
            let kind = match error {
                CallError::TooLong(_) => BundleResult::Oversized,
                CallError::BrokenOff => BundleResult::Damaged,
                CallError::Unreachable(_) | CallError::TimedOut(_) | CallError::Token(_) => {
                    BundleResult::Unreachable
                }
            };
            (kind, format!("`{}` {error}", self.url))
        })?;
        match (answer.status(), &self.last) {
            (StatusCode::OK, _) => {}
            (StatusCode::NOT_MODIFIED, Some((_, offer))) => {
                return Ok(Fetched::Unchanged(offer.clone()));
            }
            (status, _) => return Err(unreachable(format!("`{}` answered {status}", self.url))),
        }
        let (head, body) = answer.into_parts();
        let bundle = Bundle::open(body.into(), &self.keys)
            .map_err(|error| (error.kind(), format!("`{}` {error}", self.url)))?;
        // What was not believed is asked for anew each time.
        let etag = head.headers.get(header::ETAG).cloned();
        let offer = Offer { version: bundle.manifest.version, hash: bundle.hash.clone() };
        self.last = etag.map(|etag| (etag, offer));
        Ok(Fetched::New(Box::new(bundle)))
    }
}
