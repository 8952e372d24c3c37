//! One state of the store, read by any thread.
//!
//! The writer puts a new view in place with each commit, before it acknowledges anything of it. So what
//! was acknowledged governs whatever is asked afterwards.

use redb::{Database, ReadOnlyTable, ReadableDatabase as _, ReadableTable};

use super::{
    CountQuery, CountScope, Day, Pseudonym, SubjectRecord,
    ids::{CircleId, Member, ScopeNumber, SubjectId},
    store::{Count, Found},
    tables::{
        ALIASES, Broken, CIRCLES, COUNTED, COUNTS, Mechanisms, SHARED, SUBJECTS, Scopes, from_json,
    },
};

pub(super) struct View {
    aliases: ReadOnlyTable<&'static [u8; 16], &'static [u8; 16]>,
    subjects: ReadOnlyTable<&'static [u8; 16], &'static [u8]>,
    circles: ReadOnlyTable<&'static [u8; 16], &'static [u8; 16]>,
    shared: ReadOnlyTable<&'static [u8; 16], &'static [u8]>,
    counted: ReadOnlyTable<(u32, &'static [u8; 16]), u16>,
    counts: ReadOnlyTable<(u32, u16), u64>,
    scopes: Scopes,
    mechanisms: Mechanisms,
}

impl View {
    pub(super) fn open(
        database: &Database,
        scopes: Scopes,
        mechanisms: Mechanisms,
    ) -> Result<Self, Broken> {
        let reading = database.begin_read()?;
        Ok(Self {
            aliases: reading.open_table(ALIASES)?,
            subjects: reading.open_table(SUBJECTS)?,
            circles: reading.open_table(CIRCLES)?,
            shared: reading.open_table(SHARED)?,
            counted: reading.open_table(COUNTED)?,
            counts: reading.open_table(COUNTS)?,
            scopes,
            mechanisms,
        })
    }

    /// Everything a transfer asks, of one state.
    pub(super) fn lookup(
        &self,
        subjects: &[Vec<Pseudonym>],
        counts: &[CountQuery],
    ) -> Result<Found, Broken> {
        Ok(Found {
            subjects: subjects
                .iter()
                .map(|identifiers| self.record(identifiers))
                .collect::<Result<_, _>>()?,
            mechanisms: self.mechanisms.clone(),
            counts: counts.iter().map(|query| self.count(query)).collect::<Result<_, _>>()?,
        })
    }

    /// What is on file under any of the identifiers: of the preferred one everything, of the others
    /// what forbids.
    pub(super) fn record(
        &self,
        identifiers: &[Pseudonym],
    ) -> Result<Option<SubjectRecord>, Broken> {
        let mut asked: Vec<SubjectId> = Vec::with_capacity(identifiers.len());
        let mut found: Option<SubjectRecord> = None;
        for identifier in identifiers {
            let filed = filed_under(&self.aliases, identifier)?;
            if asked.contains(&filed) {
                continue;
            }
            asked.push(filed);
            let Some(record) = self.filed(filed)? else { continue };
            match &mut found {
                None => found = Some(record),
                Some(found) => found.restrict(record),
            }
        }
        Ok(found)
    }

    /// What is filed under a pseudonym, and what forbids for all in the circle of whoever it is.
    fn filed(&self, filed: SubjectId) -> Result<Option<SubjectRecord>, Broken> {
        let own = read(&self.subjects, filed.row())?;
        let Some(circle) = circle(&self.circles, filed)? else { return Ok(own) };
        let Some(shared) = read(&self.shared, circle.row())? else { return Ok(own) };
        let mut record = own.unwrap_or_default();
        record.restrict(shared);
        Ok(Some(record))
    }

    fn count(&self, query: &CountQuery) -> Result<Count, Broken> {
        let Some(scope) = self.scopes.get(&query.scope.key()).copied() else {
            let new = distinct(&self.aliases, &query.subjects)?.len() as u64;
            return Ok(Count { before: 0, after: new });
        };
        let before = size(&self.counts, scope, query.since)?;
        let mut after = before;
        for subject in distinct(&self.aliases, &query.subjects)? {
            let last = last_day(&self.counted, &Member { scope, subject })?;
            after += u64::from(last.is_none_or(|day| day < query.since));
        }
        Ok(Count { before, after })
    }

    /// Every subject on file, in the order of pseudonyms, until `each` says stop.
    pub(super) fn each_subject(
        &self,
        each: &mut dyn FnMut(Pseudonym, SubjectRecord) -> bool,
    ) -> Result<(), Broken> {
        for row in self.subjects.iter()? {
            let filed = SubjectId::of_row(row?.0.value());
            let record = self.filed(filed)?.unwrap_or_default();
            if !each(filed.0, record) {
                break;
            }
        }
        Ok(())
    }

    /// Everybody who is in a circle, and that circle.
    pub(super) fn each_in_circle(
        &self,
        each: &mut dyn FnMut(Pseudonym, CircleId) -> bool,
    ) -> Result<(), Broken> {
        for row in self.circles.iter()? {
            let who = SubjectId::of_row(row?.0.value());
            let Some(circle) = circle(&self.circles, who)? else { continue };
            if !each(who.0, circle) {
                break;
            }
        }
        Ok(())
    }

    /// Every further identifier, and who it leads to.
    pub(super) fn each_alias(
        &self,
        each: &mut dyn FnMut(Pseudonym, Pseudonym) -> bool,
    ) -> Result<(), Broken> {
        for row in self.aliases.iter()? {
            let (from, to) = row?;
            if !each(Pseudonym(*from.value()), Pseudonym(*to.value())) {
                break;
            }
        }
        Ok(())
    }

    /// Every subject that was counted, with its scope and last day.
    pub(super) fn each_counted(
        &self,
        each: &mut dyn FnMut(&CountScope, Pseudonym, Day) -> bool,
    ) -> Result<(), Broken> {
        for (key, number) in self.scopes.iter() {
            let scope = CountScope::from_key(key);
            for row in self.counted.range((number.0, &[0; 16])..=(number.0, &[u8::MAX; 16]))? {
                let (member, day) = row?;
                let subject = Member::of_row(member.value()).subject;
                if !each(&scope, subject.0, Day(day.value())) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The last day anybody was counted on.
    pub(super) fn last_day(&self) -> Result<Option<Day>, Broken> {
        let mut last = None;
        for number in self.scopes.values() {
            let days = (number.0, 0)..=(number.0, u16::MAX);
            if let Some(row) = self.counts.range(days)?.next_back() {
                last = last.max(Some(Day(row?.0.value().1)));
            }
        }
        Ok(last)
    }

    pub(super) fn mechanisms(&self) -> &Mechanisms {
        &self.mechanisms
    }
}

/// Whom an identifier leads to.
pub(super) fn filed_under(
    aliases: &impl ReadableTable<&'static [u8; 16], &'static [u8; 16]>,
    identifier: &Pseudonym,
) -> Result<SubjectId, Broken> {
    end_of(aliases, identifier.0).map(|end| SubjectId::of_row(&end))
}

fn end_of(
    links: &impl ReadableTable<&'static [u8; 16], &'static [u8; 16]>,
    from: [u8; 16],
) -> Result<[u8; 16], Broken> {
    /// Links lead to whoever was filed when they were made, and that one may have been joined to another
    /// since, as often as a new identifier of theirs is told. The writer makes no ring of them; a damaged file might.
    const LINKS_MAX: usize = 4_096;
    let mut end = from;
    for _ in 0..LINKS_MAX {
        match links.get(&end)? {
            Some(next) => end = *next.value(),
            None => return Ok(end),
        }
    }
    Err(Broken::Record("link"))
}

/// The circle somebody is in: those who were told to share an identifier, without being one person. What forbids for
/// one of them holds for all.
pub(super) fn circle(
    circles: &impl ReadableTable<&'static [u8; 16], &'static [u8; 16]>,
    who: SubjectId,
) -> Result<Option<CircleId>, Broken> {
    let end = end_of(circles, *who.row())?;
    Ok((end != *who.row()).then(|| CircleId::of_row(end)))
}

pub(super) fn read(
    records: &impl ReadableTable<&'static [u8; 16], &'static [u8]>,
    under: &[u8; 16],
) -> Result<Option<SubjectRecord>, Broken> {
    records.get(under)?.map(|json| from_json(json.value(), "subject")).transpose()
}

/// The subjects by what they are filed under, each once. The preferred identifier alone says who it is:
/// a device or a number may be shared, and a count that took two people for one would err low.
pub(super) fn distinct(
    aliases: &impl ReadableTable<&'static [u8; 16], &'static [u8; 16]>,
    subjects: &[Vec<Pseudonym>],
) -> Result<Vec<SubjectId>, Broken> {
    let mut distinct = Vec::with_capacity(subjects.len());
    for preferred in subjects.iter().filter_map(|identifiers| identifiers.first()) {
        distinct.push(filed_under(aliases, preferred)?);
    }
    distinct.sort_unstable();
    distinct.dedup();
    Ok(distinct)
}

/// The last day a subject was counted on.
pub(super) fn last_day(
    counted: &impl ReadableTable<(u32, &'static [u8; 16]), u16>,
    member: &Member,
) -> Result<Option<Day>, Broken> {
    Ok(counted.get(member.row())?.map(|day| Day(day.value())))
}

/// Subjects counted on `since` or later.
pub(super) fn size(
    counts: &impl ReadableTable<(u32, u16), u64>,
    scope: ScopeNumber,
    since: Day,
) -> Result<u64, Broken> {
    let mut size = 0;
    for row in counts.range((scope.0, since.0)..=(scope.0, u16::MAX))? {
        size += row?.1.value();
    }
    Ok(size)
}
