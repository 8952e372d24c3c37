//! The thread that writes: opens the file, commits what was asked, closes what is broken, opens again.

use std::{
    sync::{Arc, mpsc::RecvTimeoutError},
    time::{Duration, Instant},
};

use redb::Database;

use super::{
    Applied, Cause, Day, FactsSettings, Unavailable,
    held::Held,
    ids::Member,
    read::View,
    store::{Command, Queue, Reply, Reservation, Shared},
    tables::{self, Broken, Mechanisms, Scopes, fenced},
    write::{Writing, durability},
};

/// Commands one commit takes together.
const GROUP_MAX: usize = 512;
/// How long a broken store is left alone before it is tried again, at first and at most.
const RETRY_TIME_MIN: Duration = Duration::from_millis(250);
const RETRY_TIME_MAX: Duration = Duration::from_secs(15);
/// How often old counts are looked for, the first time included, and how many rows are looked at in one go.
const PURGE_TIME: Duration = Duration::from_secs(6 * 3600);
const PURGE_ROWS_MAX: usize = 10_000;
/// Days a count is kept: a rolling window or a calendar year, and a month for whoever asks about it.
const KEPT_DAYS: u16 = 366 + 31;
const DAY_SECONDS: u64 = 24 * 3600;

type Open = Box<dyn FnMut() -> Result<Database, Broken> + Send>;
type Clock = Box<dyn Fn() -> Day + Send>;

pub(super) struct Writer {
    settings: FactsSettings,
    shared: Arc<Shared>,
    /// How the file is opened; another way in tests.
    opener: Open,
    opened: Option<Opened>,
    retry: Duration,
    retry_at: Instant,
    /// What day it is, as the system says.
    today: Clock,
    /// The last day that had come for certain when the file was first opened, and when that was.
    had_come: Option<(Day, Instant)>,
    purge_time: Duration,
    purge_at: Instant,
    purge_from: Option<Member>,
}

struct Opened {
    database: Database,
    scopes: Scopes,
    mechanisms: Mechanisms,
    held: Held,
}

/// A command that was carried out and waits for its commit.
enum Done {
    Change(Reply<Applied>, Applied),
    Reserve(Reply<Reservation>, Reservation),
}

impl Writer {
    pub(super) fn new(settings: FactsSettings, shared: Arc<Shared>) -> Self {
        let (path, cache_bytes) = (settings.path.clone(), settings.cache_bytes);
        Self::opening(settings, shared, Box::new(move || tables::open(&path, cache_bytes)))
    }

    pub(super) fn opening(settings: FactsSettings, shared: Arc<Shared>, opener: Open) -> Self {
        Self {
            settings,
            shared,
            opener,
            opened: None,
            retry: RETRY_TIME_MIN,
            retry_at: Instant::now(),
            today: Box::new(Day::today),
            had_come: None,
            purge_time: PURGE_TIME,
            purge_at: Instant::now() + PURGE_TIME,
            purge_from: None,
        }
    }

    #[cfg(test)]
    pub(super) fn with_clock(self, today: Clock, purge_time: Duration) -> Self {
        Self { today, purge_time, purge_at: Instant::now() + purge_time, ..self }
    }

    /// Opens the file; if it cannot be, says why and waits longer before the next attempt.
    pub(super) fn open(&mut self) {
        let opened = fenced(|| {
            let database = (self.opener)()?;
            let (scopes, mechanisms) = tables::prepare(&database, &self.settings.key)?;
            let view = View::open(&database, Arc::clone(&scopes), mechanisms.clone())?;
            let last_day = view.last_day()?;
            Ok((Opened { database, scopes, mechanisms, held: Held::default() }, view, last_day))
        });
        match opened {
            Ok((opened, view, last_day)) => {
                if self.had_come.is_none() {
                    let day = last_day.unwrap_or_else(|| (self.today)());
                    self.had_come = Some((day, Instant::now()));
                }
                self.opened = Some(opened);
                self.shared.put(view);
                self.shared.available(0);
                self.retry = RETRY_TIME_MIN;
                tracing::info!(path = %self.settings.path.display(), "the facts store is open");
            }
            Err(broken) => {
                self.close(&broken);
                // Whoever has it open will be gone soon, where one process takes over from another.
                let is_taken = Unavailable::from(&broken).cause == Cause::Locked;
                let longer = if is_taken { RETRY_TIME_MIN } else { self.retry * 2 };
                self.retry = longer.min(RETRY_TIME_MAX);
                self.retry_at = Instant::now() + self.retry;
            }
        }
    }

    pub(super) fn run(&mut self, queue: &Queue) {
        loop {
            let wait = if self.opened.is_none() {
                self.retry_at.saturating_duration_since(Instant::now())
            } else if self.purge_from.is_some() {
                Duration::ZERO
            } else {
                self.purge_time
            };
            match queue.recv_timeout(wait) {
                Ok(Command::Close) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(first) => {
                    if self.group(first, queue) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            // However many commands come in the meantime.
            if self.opened.is_none() && Instant::now() >= self.retry_at {
                self.open();
            }
            self.purge();
        }
        self.shared.unavailable(&Unavailable::new(Cause::Closed));
        self.drop_opened();
    }

    /// Carries out `first` and whatever waits behind it, as one commit. True when told to close.
    fn group(&mut self, first: Command, queue: &Queue) -> bool {
        let mut commands = vec![first];
        commands.extend(queue.try_iter().take(GROUP_MAX - 1));
        let closes = commands.iter().any(|command| matches!(command, Command::Close));
        if let Some(broken) = self.suspected(&mut commands) {
            self.close(&broken);
        }
        let Some(opened) = &mut self.opened else {
            let why = self.shared.why_not();
            commands.into_iter().for_each(|command| refuse(command, &why));
            return closes;
        };
        let mut done = Vec::with_capacity(commands.len());
        let mut replies = Vec::new();
        let outcome = fenced(|| opened.commit(commands, &mut done, &mut replies));
        match outcome {
            Ok(view) => {
                if let Some(view) = view {
                    self.shared.put(view);
                    self.shared.metrics.committed();
                }
                self.shared.held(opened.held.len());
                done.into_iter().for_each(Done::acknowledge);
            }
            Err(broken) => {
                let why = Unavailable::from(&broken);
                self.close(&broken);
                done.into_iter().for_each(|done| done.refuse(&why));
                replies.into_iter().for_each(|command| refuse(command, &why));
            }
        }
        closes
    }

    /// What went wrong in a read of what is open now, if any did.
    fn suspected(&self, commands: &mut Vec<Command>) -> Option<Broken> {
        let mut suspected = None;
        commands.retain_mut(|command| {
            let Command::Suspect(view, broken) = command else { return true };
            if self.shared.is_current(view) {
                suspected = Some(std::mem::replace(broken, Broken::Panicked));
            }
            false
        });
        suspected
    }

    fn close(&mut self, broken: &Broken) {
        let why = Unavailable::from(broken);
        if self.shared.why_not().cause != why.cause || self.opened.is_some() {
            tracing::warn!(
                cause = why.cause.as_str(),
                detail = why.detail.as_deref().unwrap_or_default(),
                path = %self.settings.path.display(),
                "the facts store is unavailable"
            );
        }
        self.shared.unavailable(&why);
        self.drop_opened();
    }

    /// Closing writes, and may meet the same trouble that made it necessary.
    fn drop_opened(&mut self) {
        if let Some(opened) = self.opened.take()
            && let Err(broken) = fenced(|| {
                drop(opened);
                Ok(())
            })
        {
            tracing::warn!(%broken, "closing the facts store broke off");
        }
    }

    /// Forgets counts that no window reaches any more, a part at a time.
    fn purge(&mut self) {
        if self.purge_from.is_none() && Instant::now() < self.purge_at {
            return;
        }
        let day = Day(self.day_come().0.saturating_sub(KEPT_DAYS));
        let Some(opened) = &mut self.opened else { return };
        let from = self.purge_from.unwrap_or(Member::FIRST);
        match fenced(|| opened.purge(from, day)) {
            Ok((next, view)) => {
                if let Some(view) = view {
                    self.shared.put(view);
                }
                self.purge_from = next;
                self.purge_at = Instant::now() + self.purge_time;
            }
            Err(broken) => self.close(&broken),
        }
    }

    /// The last day that has come for certain. The clock of the system may be ahead, and what is forgotten stays
    /// forgotten; so it counts no further than the last day anybody was counted on before this process, and the time
    /// that has passed in it.
    fn day_come(&self) -> Day {
        let today = (self.today)();
        self.had_come.map_or(Day(0), |(day, since)| {
            let days = since.elapsed().as_secs() / DAY_SECONDS;
            today.min(Day(day.0.saturating_add(u16::try_from(days).unwrap_or(u16::MAX))))
        })
    }
}

impl Opened {
    /// One transaction for all commands. `done` takes what may be acknowledged when it is durable, and
    /// `rest` what was not come to; the view is there when anything is to be seen.
    fn commit(
        &mut self,
        commands: Vec<Command>,
        done: &mut Vec<Done>,
        rest: &mut Vec<Command>,
    ) -> Result<Option<View>, Broken> {
        let now = Instant::now();
        let mut transaction = self.database.begin_write()?;
        let mut writing = Writing::begin(&transaction, Arc::clone(&self.scopes))?;
        let mut commands = commands.into_iter();
        let mut failed = None;
        for command in commands.by_ref() {
            let outcome = match command {
                // What fails here is refused with everything else in `done`.
                Command::Change(changes, reply) => {
                    let applied = writing.change(&changes);
                    done.push(Done::Change(reply, applied.as_ref().copied().unwrap_or_default()));
                    applied.map(drop)
                }
                Command::Reserve(reserve, reply) => {
                    let reserved = writing.reserve(&reserve, &mut self.held, now);
                    let none = Reservation::Refused { counts: Vec::new() };
                    done.push(Done::Reserve(reply, reserved.as_ref().cloned().unwrap_or(none)));
                    reserved.map(drop)
                }
                Command::Settle(exchange, settlement) => {
                    writing.settle(exchange, settlement, &mut self.held)
                }
                Command::Suspect(..) | Command::Close => Ok(()),
            };
            if let Err(broken) = outcome {
                failed = Some(broken);
                break;
            }
        }
        if let Some(broken) = failed {
            rest.extend(commands);
            return Err(broken);
        }
        self.held.expire(now);
        let (wrote, took_back) = (writing.wrote, writing.took_back);
        let (scopes, mechanisms) = writing.end()?;
        if !wrote && !took_back {
            transaction.abort()?;
            return Ok(None);
        }
        // No non-durable commit is refused without savepoints.
        transaction.set_durability(durability(wrote)).map_err(redb::Error::from)?;
        transaction.commit()?;
        self.scopes = scopes;
        if let Some(mechanisms) = mechanisms {
            self.mechanisms = mechanisms;
        }
        self.view().map(Some)
    }

    fn purge(&mut self, from: Member, day: Day) -> Result<(Option<Member>, Option<View>), Broken> {
        let transaction = self.database.begin_write()?;
        let mut writing = Writing::begin(&transaction, Arc::clone(&self.scopes))?;
        let next = writing.purge(from, day, PURGE_ROWS_MAX)?;
        let changed = writing.took_back;
        writing.end()?;
        if !changed {
            transaction.abort()?;
            return Ok((next, None));
        }
        transaction.commit()?;
        Ok((next, Some(self.view()?)))
    }

    fn view(&self) -> Result<View, Broken> {
        View::open(&self.database, Arc::clone(&self.scopes), self.mechanisms.clone())
    }
}

impl Done {
    fn acknowledge(self) {
        // Whoever asked may have given up; what they asked is on file.
        match self {
            Self::Change(reply, applied) => drop(reply.send(Ok(applied))),
            Self::Reserve(reply, reservation) => drop(reply.send(Ok(reservation))),
        }
    }

    fn refuse(self, why: &Unavailable) {
        match self {
            Self::Change(reply, _) => drop(reply.send(Err(why.clone()))),
            Self::Reserve(reply, _) => drop(reply.send(Err(why.clone()))),
        }
    }
}

fn refuse(command: Command, why: &Unavailable) {
    match command {
        Command::Change(_, reply) => drop(reply.send(Err(why.clone()))),
        Command::Reserve(_, reply) => drop(reply.send(Err(why.clone()))),
        Command::Settle(..) | Command::Suspect(..) | Command::Close => {}
    }
}
