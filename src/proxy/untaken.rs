//! Answers on their way over a connection of HTTP/2.
//!
//! What serves the connection asks for the next piece of an answer when the peer has granted room for it, and not
//! before: an answer that nobody takes would keep its exchange, and the connection to the data centre, for as long
//! as the peer answers pings. So each connection looks over its answers from time to time and ends the exchanges of
//! those that were not asked for. Other answers of the connection go on.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::{Rc, Weak},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::Instant;

use super::body::{ReplyBody, StreamError};

/// The answers of one connection that are on their way.
#[derive(Debug, Default)]
pub(super) struct Answers {
    all: RefCell<Vec<Weak<Answer>>>,
    /// From so many on, those that are over are taken out.
    sweep_at: Cell<usize>,
}

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// `None` once it was given up.
    body: RefCell<Option<ReplyBody>>,
    /// When it was asked for a piece and had one, or was begun; `None` while a piece is waited for.
    handed_on: Cell<Option<Instant>>,
}

impl Answers {
    /// Looks after an answer from here on.
    pub(super) fn watch(&self, body: ReplyBody) -> ReplyBody {
        if body.is_end_stream() {
            return body;
        }
        let answer = Rc::new(Answer {
            body: RefCell::new(Some(body)),
            handed_on: Cell::new(Some(Instant::now())),
        });
        let mut all = self.all.borrow_mut();
        if all.len() >= self.sweep_at.get() {
            all.retain(|answer| answer.strong_count() > 0);
            self.sweep_at.set(2 * all.len() + SWEEP_MIN);
        }
        all.push(Rc::downgrade(&answer));
        ReplyBody::Watched(answer)
    }

    /// Ends the exchanges of answers that nobody has asked for in `patience`.
    pub(super) fn give_up(&self, patience: Duration) {
        // What is dropped here must find the list free.
        let late: Vec<Rc<Answer>> = {
            let all = self.all.borrow();
            let is_late = |answer: &Rc<Answer>| {
                answer.handed_on.get().is_some_and(|since| since.elapsed() >= patience)
            };
            all.iter().filter_map(Weak::upgrade).filter(is_late).collect()
        };
        for answer in late {
            if let Some(ReplyBody::Streamed(mut stream)) = answer.body.take() {
                stream.abandon();
            }
        }
    }
}

/// Fewer are not worth a sweep.
const SWEEP_MIN: usize = 32;

impl Answer {
    pub(super) fn poll_frame(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let mut body = self.body.borrow_mut();
        let Some(body) = body.as_mut() else {
            return Poll::Ready(Some(Err(StreamError::Untaken)));
        };
        let polled = Pin::new(body).poll_frame(cx);
        self.handed_on.set(polled.is_ready().then(Instant::now));
        polled
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.body.borrow().as_ref().is_some_and(ReplyBody::is_end_stream)
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.body.borrow().as_ref().map(ReplyBody::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> ReplyBody {
        ReplyBody::held(Bytes::from_static(b"x"))
    }

    fn poll(body: &mut ReplyBody) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        Pin::new(body).poll_frame(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_given_up_and_others_go_on() {
        let answers = Answers::default();
        let (mut taken, mut untaken) = (answers.watch(body()), answers.watch(body()));
        let patience = Duration::from_secs(60);
        tokio::time::advance(patience / 2).await;
        assert!(matches!(poll(&mut taken), Poll::Ready(Some(Ok(_)))));
        tokio::time::advance(patience / 2).await;
        answers.give_up(patience);
        assert!(matches!(poll(&mut taken), Poll::Ready(None)));
        assert!(matches!(poll(&mut untaken), Poll::Ready(Some(Err(StreamError::Untaken)))));
    }

    #[test]
    fn what_is_over_is_not_kept() {
        let answers = Answers::default();
        for _ in 0..10_000 {
            drop(answers.watch(body()));
        }
        assert!(answers.all.borrow().len() <= 2 * SWEEP_MIN, "{}", answers.all.borrow().len());
        assert!(matches!(answers.watch(ReplyBody::held(Bytes::new())), ReplyBody::Held(_)));
    }
}
