//! One commit: all that was asked since the last, in one transaction of the file.

use std::{sync::Arc, time::Instant};

use redb::{Durability, ReadableTable as _, Table, WriteTransaction};

use super::{
    Applied, Change, Day, Pseudonym, SubjectRecord,
    change::Counted,
    held::Held,
    ids::{CircleId, Member, ScopeNumber, SubjectId},
    read::{circle, distinct, filed_under, last_day, read, size},
    store::{Count, ExchangeId, Reservation, Reserve, Settlement},
    tables::{
        ALIASES, Broken, CIRCLES, COUNTED, COUNTS, MECHANISMS, Mechanisms, SCOPES, SHARED,
        SUBJECTS, Scopes, mechanisms, to_json,
    },
};

/// The tables of one transaction, and what of them is kept in memory.
pub(super) struct Writing<'t> {
    aliases: Table<'t, &'static [u8; 16], &'static [u8; 16]>,
    subjects: Table<'t, &'static [u8; 16], &'static [u8]>,
    circles: Table<'t, &'static [u8; 16], &'static [u8; 16]>,
    shared: Table<'t, &'static [u8; 16], &'static [u8]>,
    mechanisms: Table<'t, &'static str, &'static [u8]>,
    scopes: Table<'t, &'static str, u32>,
    counted: Table<'t, (u32, &'static [u8; 16]), u16>,
    counts: Table<'t, (u32, u16), u64>,
    known_scopes: Scopes,
    /// Something must be durable before it is acknowledged.
    pub(super) wrote: bool,
    /// Something was taken back, which may wait for the next commit that must be durable.
    pub(super) took_back: bool,
    mechanisms_changed: bool,
}

impl<'t> Writing<'t> {
    pub(super) fn begin(
        transaction: &'t WriteTransaction,
        known_scopes: Scopes,
    ) -> Result<Self, Broken> {
        Ok(Self {
            aliases: transaction.open_table(ALIASES)?,
            subjects: transaction.open_table(SUBJECTS)?,
            circles: transaction.open_table(CIRCLES)?,
            shared: transaction.open_table(SHARED)?,
            mechanisms: transaction.open_table(MECHANISMS)?,
            scopes: transaction.open_table(SCOPES)?,
            counted: transaction.open_table(COUNTED)?,
            counts: transaction.open_table(COUNTS)?,
            known_scopes,
            wrote: false,
            took_back: false,
            mechanisms_changed: false,
        })
    }

    /// What the next view needs: the scopes, and the mechanisms if they are others now.
    pub(super) fn end(self) -> Result<(Scopes, Option<Mechanisms>), Broken> {
        let changed = self.mechanisms_changed.then(|| mechanisms(&self.mechanisms)).transpose()?;
        Ok((self.known_scopes, changed))
    }

    pub(super) fn change(&mut self, changes: &[Change]) -> Result<Applied, Broken> {
        let mut applied = Applied::default();
        for change in changes {
            match change {
                Change::Tell { who, record, opt_ins, counted } => {
                    self.tell(who, record, opt_ins, counted)?;
                    applied.subjects += 1;
                }
                Change::Forget { who } => {
                    self.forget(who)?;
                    applied.subjects += 1;
                }
                Change::Mechanism(mechanism) => {
                    let json = to_json(mechanism, "mechanism")?;
                    self.mechanisms.insert(mechanism.id.as_str(), json.as_slice())?;
                    self.mechanisms_changed = true;
                    applied.mechanisms += 1;
                }
                Change::RemoveMechanism { id } => {
                    applied.mechanisms += u64::from(self.mechanisms.remove(id.as_str())?.is_some());
                    self.mechanisms_changed = true;
                }
            }
        }
        self.wrote |= !changes.is_empty();
        Ok(applied)
    }

    fn tell(
        &mut self,
        who: &[Pseudonym],
        told: &SubjectRecord,
        opt_ins: &[String],
        counted: &[Counted],
    ) -> Result<(), Broken> {
        let Some((first, others)) = who.split_first() else { return Ok(()) };
        let filed = filed_under(&self.aliases, first)?;
        for other in others {
            self.link(other, filed)?;
        }
        for Counted { scope, day } in counted {
            let scope = self.scope(&scope.key())?;
            self.count(Member { scope, subject: filed }, *day)?;
        }
        let known = read(&self.subjects, filed.row())?;
        let mut record = known.clone().unwrap_or_default();
        record.merge(told.clone());
        for name in opt_ins {
            record.opt_outs.remove(name.as_str());
        }
        if known.as_ref() != Some(&record) && !(known.is_none() && record.is_empty()) {
            self.subjects.insert(filed.row(), to_json(&record, "subject")?.as_slice())?;
        }
        if let Some(circle) = circle(&self.circles, filed)? {
            self.share(circle, told, opt_ins)?;
        }
        Ok(())
    }

    /// Another identifier of a subject leads to it from now on; what was filed under it moves there. Where it led to
    /// somebody else, it may have passed on, so that each keeps what they agreed to; what forbids holds for both.
    fn link(&mut self, other: &Pseudonym, filed: SubjectId) -> Result<(), Broken> {
        let before = filed_under(&self.aliases, other)?;
        if before == filed {
            return Ok(());
        }
        self.aliases.insert(&other.0, filed.row())?;
        if before.0 != *other {
            return self.draw_together(before, filed);
        }
        if circle(&self.circles, before)?.is_some() {
            self.draw_together(before, filed)?;
            self.circles.remove(before.row())?;
        }
        if let Some(record) = read(&self.subjects, before.row())? {
            let mut joined = read(&self.subjects, filed.row())?.unwrap_or_default();
            joined.join(record.clone());
            self.subjects.insert(filed.row(), to_json(&joined, "subject")?.as_slice())?;
            self.subjects.remove(before.row())?;
            if let Some(circle) = circle(&self.circles, filed)? {
                self.share(circle, &record, &[])?;
            }
        }
        Ok(())
    }

    /// Puts two who share an identifier in one circle.
    fn draw_together(&mut self, one: SubjectId, two: SubjectId) -> Result<(), Broken> {
        let (theirs, others) = (circle(&self.circles, one)?, circle(&self.circles, two)?);
        match (theirs, others) {
            (Some(joined), Some(into)) if joined != into => {
                self.circles.insert(joined.row(), into.row())?;
                if let Some(shared) = read(&self.shared, joined.row())? {
                    self.shared.remove(joined.row())?;
                    self.share(into, &shared, &[])?;
                }
            }
            (Some(_), Some(_)) => {}
            (Some(circle), None) => self.enter(circle, two)?,
            (None, Some(circle)) => self.enter(circle, one)?,
            (None, None) => {
                let circle = self.new_circle(one)?;
                self.enter(circle, one)?;
                self.enter(circle, two)?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, circle: CircleId, who: SubjectId) -> Result<(), Broken> {
        self.circles.insert(who.row(), circle.row())?;
        let record = read(&self.subjects, who.row())?.unwrap_or_default();
        self.share(circle, &record, &[])
    }

    /// Nobody's pseudonym, so that a circle outlives whoever was in it first.
    fn new_circle(&self, first: SubjectId) -> Result<CircleId, Broken> {
        let mut circle = !u128::from_be_bytes(*first.row());
        while self.shared.get(&circle.to_be_bytes())?.is_some()
            || self.circles.get(&circle.to_be_bytes())?.is_some()
        {
            circle = circle.wrapping_add(1);
        }
        Ok(CircleId::of_row(circle.to_be_bytes()))
    }

    /// What forbids of what was told of one holds for the circle.
    fn share(
        &mut self,
        circle: CircleId,
        told: &SubjectRecord,
        opt_ins: &[String],
    ) -> Result<(), Broken> {
        let known = read(&self.shared, circle.row())?;
        let mut shared = known.clone().unwrap_or_default();
        // What somebody switches on again stays off for those alone who switched it off themselves.
        shared.settings.retain(|name, _| told.settings.get(name) != Some(&true));
        shared.restrict(told.clone());
        for name in opt_ins {
            shared.opt_outs.remove(name.as_str());
        }
        if known.as_ref() != Some(&shared) {
            self.shared.insert(circle.row(), to_json(&shared, "subject")?.as_slice())?;
        }
        Ok(())
    }

    fn forget(&mut self, who: &[Pseudonym]) -> Result<(), Broken> {
        for identifier in who {
            let filed = filed_under(&self.aliases, identifier)?;
            self.subjects.remove(filed.row())?;
            self.circles.remove(filed.row())?;
            self.aliases.remove(&identifier.0)?;
        }
        Ok(())
    }

    /// Counts the subjects of a transfer, all of them or none.
    pub(super) fn reserve(
        &mut self,
        reserve: &Reserve,
        held: &mut Held,
        now: Instant,
    ) -> Result<Reservation, Broken> {
        if let Some(known) = held.reservation(reserve.exchange) {
            return Ok(known.clone());
        }
        let mut counts = Vec::with_capacity(reserve.increments.len());
        let mut counted: Vec<(Member, Day)> = Vec::new();
        let mut fits = true;
        for increment in &reserve.increments {
            let query = &increment.query;
            let scope = self.scope(&query.scope.key())?;
            let before = size(&self.counts, scope, query.since)?;
            let mut after = before;
            for subject in distinct(&self.aliases, &query.subjects)? {
                let member = Member { scope, subject };
                let last = last_day(&self.counted, &member)?;
                after += u64::from(last.is_none_or(|day| day < query.since));
                counted.push((member, increment.today));
            }
            fits &= increment.at_most.is_none_or(|at_most| after <= at_most);
            counts.push(Count { before, after });
        }
        if !fits {
            return Ok(Reservation::Refused { counts });
        }
        let mut joined = Vec::new();
        for (member, today) in counted {
            let before = self.count(member, today)?;
            if before.is_none_or(|day| day < today) || held.holds(&member) {
                held.join(member, reserve.exchange, today, before);
                joined.push(member);
            }
        }
        let reservation = Reservation::Held { counts };
        held.begin(reserve.exchange, reservation.clone(), joined, now);
        Ok(reservation)
    }

    /// What was sent is counted already; what was not is taken back.
    pub(super) fn settle(
        &mut self,
        exchange: ExchangeId,
        settlement: Settlement,
        held: &mut Held,
    ) -> Result<(), Broken> {
        let members = held.settle(exchange, settlement);
        if settlement == Settlement::Sent {
            return Ok(());
        }
        for (member, holds) in members {
            let now = last_day(&self.counted, &member)?;
            if now != holds {
                self.set(member, now, holds)?;
                self.took_back = true;
            }
        }
        Ok(())
    }

    /// Takes out counts whose day is before `day`, up to `rows_max` of them after `from`; where to go on.
    pub(super) fn purge(
        &mut self,
        from: Member,
        day: Day,
        rows_max: usize,
    ) -> Result<Option<Member>, Broken> {
        let mut old = Vec::new();
        let mut last = None;
        for (number, row) in self.counted.range(from.row()..)?.enumerate() {
            let (member, counted) = row?;
            let (member, counted) = (Member::of_row(member.value()), Day(counted.value()));
            if number >= rows_max {
                last = Some(member);
                break;
            }
            if counted < day {
                old.push((member, counted));
            }
        }
        for (member, counted) in old {
            self.set(member, Some(counted), None)?;
            self.took_back = true;
        }
        Ok(last)
    }

    /// Counts a subject on a day; the day it was counted on last before.
    fn count(&mut self, member: Member, day: Day) -> Result<Option<Day>, Broken> {
        let before = last_day(&self.counted, &member)?;
        if before.is_none_or(|before| before < day) {
            self.set(member, before, Some(day))?;
            self.wrote = true;
        }
        Ok(before)
    }

    fn set(&mut self, member: Member, from: Option<Day>, to: Option<Day>) -> Result<(), Broken> {
        match to {
            Some(day) => self.counted.insert(member.row(), day.0)?,
            None => self.counted.remove(member.row())?,
        };
        let row = |day: Day| (member.scope.0, day.0);
        if let Some(day) = from {
            let left = self.counts.get(row(day))?.map_or(0, |count| count.value());
            match left.saturating_sub(1) {
                0 => self.counts.remove(row(day))?,
                less => self.counts.insert(row(day), less)?,
            };
        }
        if let Some(day) = to {
            let known = self.counts.get(row(day))?.map_or(0, |count| count.value());
            self.counts.insert(row(day), known + 1)?;
        }
        Ok(())
    }

    /// The number of a scope, a new one if it has none.
    fn scope(&mut self, key: &str) -> Result<ScopeNumber, Broken> {
        if let Some(number) = self.known_scopes.get(key) {
            return Ok(*number);
        }
        let number = ScopeNumber(u32::try_from(self.known_scopes.len()).unwrap_or(u32::MAX));
        self.scopes.insert(key, number.0)?;
        Arc::make_mut(&mut self.known_scopes).insert(key.to_owned(), number);
        self.wrote = true;
        Ok(number)
    }
}

/// Taking back may be lost in a crash: what is lost was counted too much.
pub(super) fn durability(wrote: bool) -> Durability {
    if wrote { Durability::Immediate } else { Durability::None }
}
