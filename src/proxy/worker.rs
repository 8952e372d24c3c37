//! One thread that moves requests: its own runtime, sockets, connections and buffers.
//!
//! Workers share what is read only, and the counters. A connection lives on the worker whose socket
//! took it, so nothing on the way of a request locks or crosses to another core.

use std::{
    cell::{Cell, RefCell},
    fmt, io,
    rc::Rc,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    runtime::{Builder, LocalOptions},
    sync::watch,
};

use super::{
    Proxy,
    body::Budget,
    capacity::Share,
    listener::{self, Gate},
    pressure::{self, Pressure},
    routing::Ways,
    socket::BoundSocket,
    stall::{self, Stall},
};
use crate::{engine::Scratch, memory};

/// What one thread holds.
pub(super) struct Worker {
    pub(super) proxy: Arc<Proxy>,
    pub(super) scratch: RefCell<Scratch>,
    pub(super) budget: Arc<Budget>,
    pub(super) pressure: Pressure,
    pub(super) stall: Arc<Stall>,
    ways: RefCell<Rc<Ways>>,
    number: usize,
    in_flight: Cell<usize>,
    /// Whether anything was under way since memory was given back.
    has_served: Cell<bool>,
}

/// One exchange under way on this worker; it is no longer when this is dropped.
#[derive(Debug)]
pub(super) struct ExchangePermit(Rc<Worker>, Share);

impl ExchangePermit {
    /// `None` when there are too many, or too many of one caller.
    pub(super) fn begin(worker: &Rc<Worker>, share: Share) -> Option<Self> {
        worker.proxy.exchanges.take(share).then(|| {
            worker.in_flight.set(worker.in_flight.get() + 1);
            worker.has_served.set(true);
            Self(Rc::clone(worker), share)
        })
    }
}

impl Drop for ExchangePermit {
    fn drop(&mut self) {
        self.0.in_flight.set(self.0.in_flight.get() - 1);
        self.0.proxy.exchanges.give_back(self.1);
    }
}

impl Worker {
    /// Needs the worker's runtime.
    fn new(proxy: Arc<Proxy>, number: usize, stall: Arc<Stall>) -> Rc<Self> {
        Rc::new(Self {
            scratch: RefCell::new(Scratch::until(stall.halt())),
            stall,
            budget: Arc::clone(&proxy.budget),
            pressure: Pressure::new(proxy.deadlines.queue.0),
            ways: RefCell::new(Rc::new(Ways::new(proxy.routing.load_full(), number, None))),
            number,
            in_flight: Cell::new(0),
            has_served: Cell::new(false),
            proxy,
        })
    }

    /// Lets the other exchanges of this worker come as far, where there are any. What is ready is read and
    /// judged before any of it is sent: whoever takes it sleeps meanwhile, and is woken once for all of it.
    pub(super) async fn in_step(&self) {
        if self.in_flight.get() > 1 {
            tokio::task::yield_now().await;
        }
    }

    /// Gives back what exchanges needed: connections that lie idle for too long, and memory when there were some
    /// and none is under way.
    async fn give_back(self: Rc<Self>) {
        const INTERVAL: Duration = Duration::from_secs(1);
        loop {
            tokio::time::sleep(INTERVAL).await;
            self.ways.borrow().close_idle();
            if self.in_flight.get() == 0 && self.has_served.take() {
                memory::give_back();
            }
        }
    }

    /// Those that whoever begins now goes by.
    pub(super) fn ways(&self) -> Rc<Ways> {
        let mut ways = self.ways.borrow_mut();
        let current = self.proxy.routing.load();
        if !Arc::ptr_eq(&ways.routing, &current) {
            let current = Arc::clone(&current);
            *ways = Rc::new(Ways::new(current, self.number, Some(&ways)));
        }
        Rc::clone(&ways)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("in_flight", &self.in_flight.get()).finish_non_exhaustive()
    }
}

/// All workers, running.
#[derive(Debug)]
pub struct Workers {
    handles: Vec<JoinHandle<usize>>,
    drain: watch::Sender<Option<Duration>>,
}

/// How a drain went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drained {
    /// Connections that were cut because their time was up.
    pub cut: usize,
}

impl Workers {
    /// Starts a thread per set of sockets.
    pub(super) fn start(proxy: &Arc<Proxy>, sockets: Vec<Vec<BoundSocket>>) -> io::Result<Self> {
        let (drain, draining) = watch::channel(None);
        let (started, starting) = mpsc::sync_channel(sockets.len());
        let mut handles = Vec::with_capacity(sockets.len());
        let stalls: Vec<_> = sockets.iter().map(|_| Arc::<Stall>::default()).collect();
        stall::watch(&stalls, proxy.deadlines.inspection.0)?;
        for (number, (sockets, stall)) in sockets.into_iter().zip(stalls).enumerate() {
            let (proxy, draining, started) = (Arc::clone(proxy), draining.clone(), started.clone());
            let handle = thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || run(proxy, number, stall, sockets, draining, &started))?;
            handles.push(handle);
        }
        for outcome in starting.iter().take(handles.len()) {
            outcome?;
        }
        Ok(Self { handles, drain })
    }

    /// Takes no new connections, lets exchanges in flight finish within `timeout`, then ends. Blocks
    /// until all workers have.
    pub fn drain(self, timeout: Duration) -> Drained {
        // Without workers left there is nobody to tell.
        let _ = self.drain.send(Some(timeout));
        let cut = self.handles.into_iter().map(|handle| handle.join().unwrap_or(0)).sum();
        Drained { cut }
    }
}

/// Long inspections one worker runs at a time; further ones wait.
const BLOCKING_THREADS_MAX: usize = 4;

/// Says whether it could start, then serves until it is told to drain; the connections it cut.
fn run(
    proxy: Arc<Proxy>,
    number: usize,
    stall: Arc<Stall>,
    sockets: Vec<BoundSocket>,
    mut draining: watch::Receiver<Option<Duration>>,
    started: &mpsc::SyncSender<io::Result<()>>,
) -> usize {
    // A local runtime belongs to the thread that makes it.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build_local(LocalOptions::default());
    let (runtime, outcome) = match runtime {
        Ok(runtime) => (Some(runtime), Ok(())),
        Err(error) => (None, Err(error)),
    };
    // There is room for every worker's answer, and somebody waits for it.
    let _ = started.send(outcome);
    let Some(runtime) = runtime else { return 0 };
    let cut = runtime.block_on(async {
        let gate = Gate::new(&proxy.connections, proxy.connections_max);
        let worker = Worker::new(proxy, number, stall);
        tokio::task::spawn_local(pressure::watch(Rc::clone(&worker), number));
        tokio::task::spawn_local(Rc::clone(&worker).give_back());
        for socket in sockets {
            let accepting =
                listener::accept(Rc::clone(&worker), socket, gate.clone(), draining.clone());
            tokio::task::spawn_local(accepting);
        }
        let timeout = match draining.wait_for(Option::is_some).await {
            Ok(timeout) => timeout.unwrap_or_default(),
            Err(_) => Duration::ZERO,
        };
        gate.emptied(timeout).await
    });
    // Inspections that still run on their own threads are not waited for.
    runtime.shutdown_background();
    cut
}
