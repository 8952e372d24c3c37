//! The side of whoever calls: one request after another on one connection.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::BytesMut;
use http::{Method, Response, Version, header};
use http_body::Body as _;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    time::{Instant, Sleep},
};

use super::{
    HeadError, ROOM_BYTES, RequestBody,
    answer::Writing,
    encode::{self, Coding},
    framing::Piece,
    incoming::{Arrival, Arriving},
    out::Out,
    parse::{self, Bounds, RequestHead, Search},
    poll_read,
};
use crate::proxy::{
    ProxyError,
    activity::{Activity, NotedStream},
    body::{DISCARD_BYTES, DISCARD_TIME, HeldHead, ReplyBody},
    connection::{DRAIN_GRACE, Draining, PARTING, QUIET},
    exchange::{self, Peer},
    worker::Worker,
};

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Serves a connection that has begun to speak, until it ends or nothing goes on any more; then it is
/// given back.
pub(in crate::proxy) async fn serve<S>(
    worker: &Rc<Worker>,
    stream: NotedStream<S>,
    activity: &Rc<Activity>,
    peer: &Peer,
    draining: &Draining,
) -> Option<NotedStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut served = Served {
        worker,
        activity,
        peer,
        draining,
        is_drained: draining.borrow().is_some(),
        stream,
        read: BytesMut::new(),
        out: Out::default(),
    };
    match served.exchanges().await {
        End::Quiet => return Some(served.stream.with_ahead(served.read.freeze())),
        End::Closed => served.close(false).await,
        End::Answered => served.close(true).await,
        End::Broken => {}
    }
    None
}

/// How the serving of a connection ended.
enum End {
    /// Nothing goes on.
    Quiet,
    /// In order, between two exchanges.
    Closed,
    /// With an answer that may be on its way still, as may be what nobody is going to read.
    Answered,
    /// The peer has gone, or was told in no other way that its answer is not whole.
    Broken,
}

/// What came in place of a request's head.
enum Heard {
    Head(RequestHead),
    Refused(ProxyError),
    Ended(End),
}

struct Served<'c, S> {
    worker: &'c Rc<Worker>,
    activity: &'c Rc<Activity>,
    peer: &'c Peer,
    draining: &'c Draining,
    /// A drain had begun before this did.
    is_drained: bool,
    stream: NotedStream<S>,
    /// Read, and not yet taken.
    read: BytesMut,
    /// To be written.
    out: Out,
}

/// What an answer has to be framed for.
#[derive(Debug)]
struct Asked {
    method: Method,
    version: Version,
    keeps_alive: bool,
}

/// What happened while the next request was waited for.
enum Waited {
    Read(io::Result<usize>),
    Look,
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Served<'_, S> {
    async fn exchanges(&mut self) -> End {
        let mut draining = self.draining.clone();
        let drain = async move { drop(draining.wait_for(Option::is_some).await) };
        let mut quiet =
            Quiet { look: pin!(tokio::time::sleep(QUIET)), drain: pin!(drain), is_drained: false };
        loop {
            let head = match self.head(&mut quiet).await {
                Heard::Head(head) => head,
                Heard::Refused(error) => return self.refuse(error).await,
                Heard::Ended(end) => return end,
            };
            if let Some(end) = self.exchange(head).await {
                return end;
            }
        }
    }

    /// The next request's head.
    async fn head(&mut self, quiet: &mut Quiet<'_, impl Future<Output = ()>>) -> Heard {
        let proxy = &self.worker.proxy;
        let bounds =
            Bounds { bytes_max: proxy.limits.head_bytes_max, headers_max: proxy.headers_max };
        let mut search = Search::default();
        let mut by = None;
        // Most come whole, in the room that every connection has.
        let mut held = None;
        loop {
            if !self.read.is_empty() {
                match parse::request(&mut self.read, &mut search, bounds) {
                    Ok(Some(head)) => return Heard::Head(head),
                    Ok(None) => {}
                    Err(HeadError::Malformed(what)) => {
                        return Heard::Refused(ProxyError::HeadMalformed(what));
                    }
                    Err(HeadError::TooLarge) => return Heard::Refused(ProxyError::HeadTooLarge),
                }
            }
            self.read.reserve(ROOM_BYTES);
            if self.read.len() > ROOM_BYTES {
                let held = held.get_or_insert_with(|| HeldHead::none(&proxy.heads, &proxy.budget));
                if let Err(error) = held.grow_to(self.read.capacity()) {
                    return Heard::Refused(error);
                }
            }
            let read = if self.read.is_empty() && by.is_none() {
                match quiet.wait(&mut self.stream, &mut self.read).await {
                    Waited::Read(read) => {
                        by = Some(Instant::now() + proxy.deadlines.head.0);
                        read
                    }
                    Waited::Look if !quiet.is_drained => match self.activity.is_still() {
                        true => return Heard::Ended(End::Quiet),
                        false => continue,
                    },
                    Waited::Look => return Heard::Ended(End::Closed),
                }
            } else {
                let by = *by.get_or_insert_with(|| Instant::now() + proxy.deadlines.head.0);
                match tokio::time::timeout_at(by, self.stream.read_buf(&mut self.read)).await {
                    Ok(read) => read,
                    Err(_) => return Heard::Refused(ProxyError::HeadSlow),
                }
            };
            match read {
                Ok(1..) => {}
                Ok(0) if self.read.is_empty() => return Heard::Ended(End::Closed),
                Ok(_) | Err(_) => {
                    tracing::debug!("connection ended within a head");
                    return Heard::Ended(End::Broken);
                }
            }
        }
    }

    /// One request and its answer; `Some` when none can follow.
    async fn exchange(&mut self, head: RequestHead) -> Option<End> {
        let RequestHead { head, framing, keeps_alive, waits } = head;
        let (method, version) = (head.method.clone(), head.version);
        let asked = Asked { method, version, keeps_alive };
        let length = framing.length().and_then(|length| usize::try_from(length).ok());
        let (body, arrival) = match length.filter(|length| *length <= self.read.len()) {
            Some(length) => (RequestBody::Whole(self.read.split_to(length).freeze()), None),
            None => {
                let room_max = self.worker.proxy.limits.head_bytes_max;
                let arrival = Arrival::new(std::mem::take(&mut self.read), framing, room_max);
                (RequestBody::Http1(Arriving(Rc::clone(&arrival))), Some(arrival))
            }
        };
        let answer = {
            let (worker, in_hand) = (Rc::clone(self.worker), self.activity.begin());
            let exchange = exchange::handle(worker, self.peer.clone(), in_hand, head, body);
            self.answer(pin!(exchange), arrival.as_deref(), waits).await
        };
        let is_read = arrival.is_none_or(|arrival| self.take_back(&arrival));
        match answer {
            Some(answer) => self.pass_on(answer, &asked, is_read).await,
            None => Some(End::Broken),
        }
    }

    /// What the exchange comes to, while its body is read as it asks for it; `None` once the caller has gone.
    async fn answer(
        &mut self,
        mut exchange: Pin<&mut impl Future<Output = Response<ReplyBody>>>,
        arrival: Option<&RefCell<Arrival>>,
        waits: bool,
    ) -> Option<Response<ReplyBody>> {
        let Self { stream, read, .. } = self;
        let mut word = waits.then_some(CONTINUE);
        let mut parting = Parting::default();
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(answer) = exchange.as_mut().poll(cx) {
                    return Poll::Ready(Some(answer));
                }
                match arrival.map(RefCell::borrow_mut) {
                    Some(mut arrival) if arrival.is_wanted => {
                        if ready!(poll_say(stream, &mut word, cx)).is_err() {
                            return Poll::Ready(None);
                        }
                        arrival.make_room();
                        let read = ready!(poll_read(stream, &mut arrival.read, cx));
                        arrival.came(read);
                    }
                    Some(mut arrival) => {
                        return parting.poll_left(stream, &mut arrival.read, cx).map(|()| None);
                    }
                    None => return parting.poll_left(stream, read, cx).map(|()| None),
                }
            }
        })
        .await
    }

    /// What was read beyond a body; true when that was read to its end.
    fn take_back(&mut self, arrival: &RefCell<Arrival>) -> bool {
        let mut arrival = arrival.borrow_mut();
        let Arrival { read, framing, .. } = &mut *arrival;
        let is_read = loop {
            match framing.next(read) {
                Ok(Piece::Data(_) | Piece::Trailers(_)) => {}
                Ok(Piece::End) => break true,
                Ok(Piece::Wanting) | Err(_) => break false,
            }
        };
        self.read = std::mem::take(read);
        is_read
    }

    /// Writes an answer; `Some` when no other can follow.
    async fn pass_on(
        &mut self,
        answer: Response<ReplyBody>,
        asked: &Asked,
        is_read: bool,
    ) -> Option<End> {
        let (head, body) = answer.into_parts();
        let says_close = head.headers.get(header::CONNECTION).is_some_and(|value| value == "close");
        let coding =
            Coding::of(&asked.method, asked.version, head.status, body.size_hint().exact());
        // Without whoever drains us there is nobody to go on for either.
        let is_draining = self.is_drained || self.draining.has_changed().unwrap_or(true);
        let keeps_alive = asked.keeps_alive
            && is_read
            && !says_close
            && !is_draining
            && coding != Coding::UntilClosed;
        self.out.clear();
        encode::response(&mut self.out.gathered, &head, asked.version, coding, keeps_alive);
        drop(head);
        let mut writing = Writing::new(body, coding, self.worker.proxy.deadlines.idle.0);
        let is_whole =
            poll_fn(|cx| writing.poll(&mut self.stream, &mut self.out, &mut self.read, cx)).await;
        match is_whole {
            true if keeps_alive => None,
            true => Some(End::Answered),
            false => Some(End::Broken),
        }
    }

    /// Answers what is no request, and lets the connection go: nobody knows what follows.
    async fn refuse(&mut self, error: ProxyError) -> End {
        let (worker, in_hand) = (Rc::clone(self.worker), self.activity.begin());
        let answer = exchange::refuse(worker, self.peer.clone(), in_hand, &error);
        let asked = Asked { method: Method::GET, version: Version::HTTP_11, keeps_alive: false };
        self.pass_on(answer, &asked, false).await.unwrap_or(End::Broken)
    }

    /// Says that nothing more comes. With `lingers`, what is still on its way here is let arrive: closed upon
    /// it, the connection would take the answer with it (RFC 9112 §9.6).
    async fn close(mut self, lingers: bool) {
        // Many may wait so at once, and hold nothing meanwhile.
        self.read = BytesMut::new();
        let closed = async {
            self.stream.shutdown().await?;
            let mut left = DISCARD_BYTES;
            while lingers && left > 0 {
                match poll_fn(|cx| poll_discard(&mut self.stream, cx)).await? {
                    0 => break,
                    count => left = left.saturating_sub(count),
                }
            }
            io::Result::Ok(())
        };
        let time = if lingers { DISCARD_TIME } else { PARTING };
        // Who is slower, or sends more, has had their chance.
        let _ = tokio::time::timeout(time, closed).await;
    }
}

/// Takes what has come and keeps nothing of it.
fn poll_discard<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut room = [0; ROOM_BYTES];
    let mut read = ReadBuf::new(&mut room);
    ready!(Pin::new(stream).poll_read(cx, &mut read))?;
    Poll::Ready(Ok(read.filled().len()))
}

/// Between requests: what is listened for beside the next one.
struct Quiet<'p, D> {
    look: Pin<&'p mut Sleep>,
    drain: Pin<&'p mut D>,
    /// A drain has begun, and a request may still be on its way.
    is_drained: bool,
}

impl<D: Future<Output = ()>> Quiet<'_, D> {
    async fn wait<S: AsyncRead + Unpin>(&mut self, stream: &mut S, into: &mut BytesMut) -> Waited {
        poll_fn(|cx| {
            if let Poll::Ready(read) = poll_read(stream, into, cx) {
                return Poll::Ready(Waited::Read(read));
            }
            if !self.is_drained && self.drain.as_mut().poll(cx).is_ready() {
                // Closed now, the request that may be on its way would fail.
                self.is_drained = true;
                self.look.as_mut().reset(Instant::now() + DRAIN_GRACE);
            }
            ready!(self.look.as_mut().poll(cx));
            self.look.as_mut().reset(Instant::now() + QUIET);
            Poll::Ready(Waited::Look)
        })
        .await
    }
}

/// Whether whoever asked is there still. Who says that nothing more comes may listen for the answer (RFC 9293 §3.6), or
/// have gone: the two look alike until something is written to them.
#[derive(Debug, Default)]
pub(super) struct Parting {
    /// Runs since the peer's side ended.
    listens: Option<Pin<Box<Sleep>>>,
}

/// How long somebody is answered who may have gone, without a byte of the answer going out.
const LISTENS: Duration = Duration::from_secs(5);

impl Parting {
    /// Ready once the peer has gone. What it says ahead of its turn is read once, and waits.
    pub(super) fn poll_left<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        read: &mut BytesMut,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        if !read.is_empty() {
            return Poll::Pending;
        }
        // What room there is will do: the rest of it is in use.
        read.reserve(1);
        match ready!(poll_read(stream, read, cx)) {
            Ok(1..) => Poll::Pending,
            Ok(0) => {
                let sleep = || Box::pin(tokio::time::sleep(LISTENS));
                self.listens.get_or_insert_with(sleep).as_mut().poll(cx)
            }
            Err(_) => Poll::Ready(()),
        }
    }

    /// It took some of its answer.
    pub(super) fn took(&mut self) {
        self.listens = None;
    }
}

/// Writes what is left of `word`; said, it is none.
fn poll_say<S: AsyncWrite + Unpin>(
    stream: &mut S,
    word: &mut Option<&[u8]>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let Some(left) = word else { return Poll::Ready(Ok(())) };
    while !left.is_empty() {
        let count = ready!(Pin::new(&mut *stream).poll_write(cx, left))?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        *left = left.get(count..).unwrap_or_default();
    }
    ready!(Pin::new(stream).poll_flush(cx))?;
    *word = None;
    Poll::Ready(Ok(()))
}
