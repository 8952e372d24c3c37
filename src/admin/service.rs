//! From a request to its answer: at once where that is at hand, and within bounds where it takes a while.
//!
//! Probes, scrapers and whoever only looks are answered from memory, however much else is asked. What reads a body,
//! compiles or inspects goes through the layers of [`within`].

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, StatusCode, request::Parts};
use hyper::body::Incoming;
use tower::{
    BoxError, Service, ServiceBuilder, ServiceExt as _, load_shed::error::Overloaded,
    timeout::error::Elapsed, util::BoxCloneSyncService,
};

use super::{
    access::Needs,
    endpoints::{self, Endpoint},
    reply::{Problem, Reply},
    routes,
    server::Operators,
};

/// A request for something that is there.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) peer: SocketAddr,
    pub(super) head: Parts,
    pub(super) body: Incoming,
    pub(super) endpoint: Endpoint,
    pub(super) needs: Needs,
}

/// Answers the requests of all connections; its clones share their bounds.
#[derive(Debug, Clone)]
pub(super) struct AdminService {
    operators: Arc<Operators>,
    bounded: BoxCloneSyncService<Call, Reply, BoxError>,
}

impl AdminService {
    pub(super) fn new(operators: Arc<Operators>) -> Self {
        let (requests_max, answer_time_max) =
            (operators.settings.requests_max, operators.settings.answer_time_max);
        let theirs = Arc::clone(&operators);
        let answer = move |call| routes::answer(Arc::clone(&theirs), call);
        Self { operators, bounded: within(requests_max, answer_time_max, answer) }
    }

    async fn answer(self, peer: SocketAddr, request: Request<Incoming>) -> Reply {
        let (head, body) = request.into_parts();
        let (endpoint, needs) = match endpoints::find(&head.method, head.uri.path()) {
            Ok(found) => found,
            Err(problem) => return problem.into(),
        };
        let call = Call { peer, head, body, endpoint, needs };
        if !endpoint.takes_a_while() {
            return routes::answer(self.operators, call).await;
        }
        let answered = self.bounded.oneshot(call).await;
        answered.unwrap_or_else(|error| unanswered(&error).into())
    }
}

/// A request, and from where.
impl Service<(SocketAddr, Request<Incoming>)> for AdminService {
    type Response = Reply;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (peer, request): (SocketAddr, Request<Incoming>)) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(peer, request).await) })
    }
}

/// No more than `requests_max` at a time, and each for no longer than `time_max`: until the head of its answer, which a
/// stream sends at once. What was begun goes on to its end all the same: a change that is made is on record, though
/// whoever asked for it has hung up or waited long enough.
fn within<C: Send + 'static, F: Future<Output = Reply> + Send + 'static>(
    requests_max: usize,
    time_max: Duration,
    answer: impl Fn(C) -> F + Clone + Send + Sync + 'static,
) -> BoxCloneSyncService<C, Reply, BoxError> {
    let layered = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(requests_max)
        .timeout(time_max)
        .service_fn(move |call| tokio::spawn(answer(call)));
    BoxCloneSyncService::new(layered)
}

fn unanswered(error: &BoxError) -> Problem {
    if error.is::<Overloaded>() {
        let detail = "as much is being answered as can be; try again";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too much at a time", detail);
    }
    if error.is::<Elapsed>() {
        let detail = "there is no answer yet; what was asked for goes on, and may be done later";
        return Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", detail);
    }
    tracing::error!(%error, "an answer for an operator ended badly");
    let detail = "the answer could not be found; the log says more";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error", detail)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::admin::reply;

    const TIME_MAX: Duration = Duration::from_secs(5);

    async fn ask(service: &BoxCloneSyncService<u64, Reply, BoxError>, seconds: u64) -> Reply {
        let answered = service.clone().oneshot(seconds).await;
        answered.unwrap_or_else(|error| unanswered(&error).into())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_or_takes_too_long_is_a_problem() {
        let ended = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&ended);
        let service = within(2, TIME_MAX, move |seconds| {
            let ended = Arc::clone(&counted);
            async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                assert_ne!(seconds, 2, "an answer that fails");
                ended.fetch_add(1, Ordering::Relaxed);
                reply::json(StatusCode::OK, &seconds)
            }
        });
        let status = |reply: &Reply| {
            (reply.status().as_u16(), reply.headers().contains_key(http::header::RETRY_AFTER))
        };
        let (one, late, shed) = tokio::join!(ask(&service, 1), ask(&service, 60), ask(&service, 1));
        assert_eq!(status(&one), (200, false));
        assert_eq!(status(&shed), (503, true));
        assert_eq!(status(&late), (504, false));
        for refused in [&shed, &late] {
            assert_eq!(refused.headers()[http::header::CONTENT_TYPE], "application/problem+json");
        }
        // There is room again.
        assert_eq!(status(&ask(&service, 1).await), (200, false));
        assert_eq!(status(&ask(&service, 2).await), (500, false));
        assert_eq!(ended.load(Ordering::Relaxed), 2);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(ended.load(Ordering::Relaxed), 3, "what was begun goes on to its end");
    }
}
