//! What is counted and not settled yet.
//!
//! The file holds every count as if all that was reserved had been sent, so a crash leaves counts high,
//! never low. Here, in memory, stands what it would take to undo a reservation: for each subject counted
//! by transfers under way, the day before them and the day of each.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::{
    Day,
    ids::Member,
    store::{ExchangeId, Reservation, Settlement},
};

/// How long a transfer may stay unsettled before it is taken as sent. Longer than any exchange lasts.
const HELD_TIME_MAX: Duration = Duration::from_secs(3600);

#[derive(Debug, Default)]
pub(super) struct Held {
    members: FxHashMap<Member, Holders>,
    exchanges: FxHashMap<ExchangeId, Exchange>,
}

#[derive(Debug, Default)]
struct Holders {
    /// Counted before, and by transfers sent since.
    sent: Option<Day>,
    days: Vec<(ExchangeId, Day)>,
}

#[derive(Debug)]
struct Exchange {
    reservation: Reservation,
    members: Vec<Member>,
    since: Instant,
}

impl Held {
    /// What was answered to a reservation that is not settled yet.
    pub(super) fn reservation(&self, exchange: ExchangeId) -> Option<&Reservation> {
        self.exchanges.get(&exchange).map(|exchange| &exchange.reservation)
    }

    /// True when nobody but transfers under way has to do with the subject's count.
    pub(super) fn holds(&self, member: &Member) -> bool {
        self.members.contains_key(member)
    }

    /// `exchange` counts `member` on `day`; `before` is what the file said until then.
    pub(super) fn join(
        &mut self,
        member: Member,
        exchange: ExchangeId,
        day: Day,
        before: Option<Day>,
    ) {
        let holders = self
            .members
            .entry(member)
            .or_insert_with(|| Holders { sent: before, days: Vec::new() });
        holders.days.push((exchange, day));
    }

    pub(super) fn begin(
        &mut self,
        exchange: ExchangeId,
        reservation: Reservation,
        members: Vec<Member>,
        since: Instant,
    ) {
        if !members.is_empty() {
            self.exchanges.insert(exchange, Exchange { reservation, members, since });
        }
    }

    /// The exchange has ended: for each subject it had counted, the day that holds now.
    pub(super) fn settle(
        &mut self,
        exchange: ExchangeId,
        settlement: Settlement,
    ) -> Vec<(Member, Option<Day>)> {
        let members = self.exchanges.remove(&exchange).map(|it| it.members).unwrap_or_default();
        members
            .into_iter()
            .map(|member| (member, self.leave(member, exchange, settlement)))
            .collect()
    }

    /// Takes as sent what nobody has settled for long.
    pub(super) fn expire(&mut self, now: Instant) {
        let is_old = |exchange: &Exchange| now.duration_since(exchange.since) > HELD_TIME_MAX;
        let old: Vec<ExchangeId> = self
            .exchanges
            .iter()
            .filter(|(_, exchange)| is_old(exchange))
            .map(|(id, _)| *id)
            .collect();
        for exchange in old {
            self.settle(exchange, Settlement::Sent);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.exchanges.len()
    }

    fn leave(
        &mut self,
        member: Member,
        exchange: ExchangeId,
        settlement: Settlement,
    ) -> Option<Day> {
        let holders = self.members.get_mut(&member)?;
        holders.days.retain(|(holder, day)| {
            let leaves = *holder == exchange;
            if leaves && settlement == Settlement::Sent {
                holders.sent = holders.sent.max(Some(*day));
            }
            !leaves
        });
        let others = holders.days.iter().map(|(_, day)| *day).max();
        let holds = holders.sent.max(others);
        if holders.days.is_empty() {
            self.members.remove(&member);
        }
        holds
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Pseudonym,
            ids::{ScopeNumber, SubjectId},
        },
        *,
    };

    const ANA: Member = Member { scope: ScopeNumber(1), subject: SubjectId(Pseudonym([1; 16])) };

    fn id(number: u8) -> ExchangeId {
        ExchangeId([number; 16])
    }

    fn hold(held: &mut Held, exchange: u8, day: u16, before: Option<u16>) {
        held.join(ANA, id(exchange), Day(day), before.map(Day));
        held.begin(
            id(exchange),
            Reservation::Held { counts: Vec::new() },
            vec![ANA],
            Instant::now(),
        );
    }

    #[test]
    fn the_day_that_holds_is_that_of_whoever_is_left() {
        let mut held = Held::default();
        hold(&mut held, 1, 10, None);
        hold(&mut held, 2, 11, Some(10));
        // Counted by the second still.
        assert_eq!(held.settle(id(1), Settlement::NotSent), [(ANA, Some(Day(11)))]);
        assert_eq!(held.settle(id(2), Settlement::NotSent), [(ANA, None)]);
        assert!(!held.holds(&ANA) && held.len() == 0);
        // Told twice is told once.
        assert_eq!(held.settle(id(2), Settlement::NotSent), []);
    }

    #[test]
    fn what_one_has_sent_no_other_takes_back() {
        let mut held = Held::default();
        hold(&mut held, 1, 10, Some(3));
        hold(&mut held, 2, 10, Some(10));
        held.settle(id(2), Settlement::Sent);
        assert_eq!(held.settle(id(1), Settlement::NotSent), [(ANA, Some(Day(10)))]);
        hold(&mut held, 3, 12, Some(10));
        assert_eq!(held.settle(id(3), Settlement::NotSent), [(ANA, Some(Day(10)))]);
    }

    #[test]
    fn what_nobody_settles_counts_as_sent() {
        let mut held = Held::default();
        hold(&mut held, 1, 10, None);
        held.expire(Instant::now());
        assert_eq!(held.len(), 1);
        held.expire(Instant::now() + HELD_TIME_MAX + Duration::from_secs(1));
        assert_eq!((held.len(), held.holds(&ANA)), (0, false));
        assert_eq!(held.settle(id(1), Settlement::NotSent), []);
    }
}
