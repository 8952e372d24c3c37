//! Whose data a message carries, when nobody said so for each field.
//!
//! An origin that a trusted hop or the route gave stands for the whole message, but for those people the
//! transfer names apart. Otherwise the payload speaks: country fields, calling codes and national
//! identifiers, and when it is silent, the downstream address. An element of an array that identifies
//! somebody is a person's record; so is an object that speaks for another jurisdiction than its
//! neighbours, such as the two ends of a parcel. What stands outside the records is the main subject's.

use std::{borrow::Cow, cell::LazyCell};

use rustc_hash::FxHashMap;

use super::reading::Reading;
use crate::{
    domain::{Finding, Findings, Region, Step, TagSet},
    policy::{NamedSubject, People, Person, Subject, Transfer},
};

/// Splits what was read among the people it is about. `identifiers` are the categories that identify a
/// person rather than a device.
pub(super) fn people(
    reading: &Reading<'_>,
    identifiers: &TagSet,
    transfer: &Transfer,
    client_region: Option<Region>,
) -> People {
    if transfer.origin.is_some() && transfer.subjects.is_empty() {
        return People::one(transfer);
    }
    let mut records = Records::new(&reading.findings);
    records.named(&transfer.subjects, reading, identifiers);
    if transfer.origin.is_none() {
        records.elements(identifiers);
        records.objects();
    }
    records.into_people(transfer, client_region)
}

/// Which nodes are records of one person.
struct Records<'f> {
    findings: &'f Findings,
    /// By node.
    is_record: Vec<bool>,
    /// By node: the numbers of the named subjects whose record it is; empty where none is named.
    named: Vec<Vec<usize>>,
    /// Numbers of the named subjects who cannot be told from the rest, and may be any of it.
    unplaced: Vec<usize>,
}

impl<'f> Records<'f> {
    fn new(findings: &'f Findings) -> Self {
        let count = findings.nodes.len();
        Self { findings, is_record: vec![false; count], named: Vec::new(), unplaced: Vec::new() }
    }

    /// The records of the subjects the transfer names, by place or by a value inside.
    fn named(&mut self, subjects: &[NamedSubject], reading: &Reading<'_>, identifiers: &TagSet) {
        if subjects.is_empty() {
            return;
        }
        self.named.resize(self.findings.nodes.len(), Vec::new());
        let mut children: FxHashMap<(Option<u32>, Cow<'f, str>), Vec<u32>> = FxHashMap::default();
        for (node, number) in self.findings.nodes.iter().zip(0u32..) {
            let step = match &node.step {
                Step::Name(name) => Cow::Borrowed(&**name),
                Step::Index(index) => Cow::Owned(index.to_string()),
            };
            children.entry((node.parent, step)).or_default().push(number);
        }
        let mut holders: FxHashMap<String, Vec<u32>> = FxHashMap::default();
        if subjects.iter().any(|subject| subject.id.is_some()) {
            for finding in self.findings.items.iter().filter(|it| identifiers.contains(it.tag)) {
                if let Some(object) = object_of(self.findings, finding) {
                    holders.entry(plain(&reading.text(finding))).or_default().push(object);
                }
            }
        }
        // Asked for those alone who are named for a record in which nothing was found.
        let document = LazyCell::new(|| reading.document());
        for (subject, number) in subjects.iter().zip(0usize..) {
            let at = subject.pointer.iter().flat_map(|pointer| nodes_at(&children, pointer));
            let by_id = subject.id.iter().filter_map(|id| holders.get(&plain(id))).flatten();
            let nodes: Vec<u32> = at.chain(by_id.copied()).collect();
            let is_there = !nodes.is_empty()
                // A record in which nothing was found has nothing to be judged.
                || subject.pointer.as_ref().is_some_and(|pointer| is_record(&document, pointer));
            for node in nodes {
                self.name(node, number);
            }
            if !is_there {
                self.unplaced.push(number);
            }
        }
    }

    fn name(&mut self, node: u32, subject: usize) {
        if let Some(is) = self.is_record.get_mut(node as usize) {
            *is = true;
        }
        if let Some(named) = self.named.get_mut(node as usize).filter(|it| !it.contains(&subject)) {
            named.push(subject);
        }
    }

    /// Elements of arrays that identify somebody. An element of a record is a part of it, unless it
    /// speaks for a jurisdiction itself.
    fn elements(&mut self, identifiers: &TagSet) {
        for finding in &self.findings.items {
            if finding.marks.container
                || !(finding.region.is_some() || identifiers.contains(finding.tag))
            {
                continue;
            }
            let object = object_of(self.findings, finding);
            let mut elements = ancestors(self.findings, object)
                .filter(|(_, step)| matches!(step, Step::Index(_)))
                .map(|(node, _)| node);
            let element = if finding.region.is_some() { elements.next() } else { elements.last() };
            if let Some(is) = element.and_then(|node| self.is_record.get_mut(node as usize)) {
                *is = true;
            }
        }
    }

    /// Objects that speak for other jurisdictions than their neighbours in the same record.
    fn objects(&mut self) {
        // What each object with evidence speaks for.
        let mut spoken: FxHashMap<u32, Vec<Region>> = FxHashMap::default();
        for finding in self.evidence() {
            if let (Some(object), Some(region)) =
                (object_of(self.findings, finding), finding.region)
            {
                insert(spoken.entry(object).or_default(), region);
            }
        }
        let mut neighbours: FxHashMap<Option<u32>, Vec<(u32, Vec<Region>)>> = FxHashMap::default();
        for (object, regions) in spoken {
            let record = self.record_at(Some(object));
            neighbours.entry(record).or_default().push((object, regions));
        }
        for (record, objects) in neighbours {
            // Where any two differ, each differs from one of the two.
            let differ = objects.windows(2).any(|pair| matches!(pair, [(_, a), (_, b)] if a != b));
            for (object, _) in objects.iter().filter(|(it, _)| differ && Some(*it) != record) {
                if let Some(is) = self.is_record.get_mut(*object as usize) {
                    *is = true;
                }
            }
        }
    }

    /// What the subject's own fields speak for; a contact's phone says nothing of the subject.
    fn evidence(&self) -> impl Iterator<Item = &'f Finding> {
        let findings = self.findings;
        findings.items.iter().filter(|it| it.region.is_some() && !it.marks.third_party)
    }

    /// The innermost record at or around a node.
    fn record_at(&self, node: Option<u32>) -> Option<u32> {
        ancestors(self.findings, node)
            .map(|(node, _)| node)
            .find(|node| self.is_record.get(*node as usize) == Some(&true))
    }

    fn into_people(self, transfer: &Transfer, client_region: Option<Region>) -> People {
        let mut people = vec![Person {
            record: None,
            origins: transfer.origin.into_iter().collect(),
            origin_subdivision: transfer.origin_subdivision.clone(),
            facts: None,
        }];
        // The person of each record, by node.
        let mut number_of: Vec<u32> = vec![0; self.is_record.len()];
        let mut of = Vec::with_capacity(self.findings.items.len());
        for finding in &self.findings.items {
            let record = self.record_at(Some(finding.path));
            let slot = record.and_then(|record| number_of.get_mut(record as usize));
            let number = match (record, slot) {
                (Some(record), Some(number)) => {
                    if *number == 0 {
                        *number = u32::try_from(people.len()).unwrap_or(0);
                        people.push(self.person(record, transfer));
                    }
                    *number
                }
                (Some(_) | None, Some(_) | None) => 0,
            };
            of.push(number);
        }
        self.place(&mut people, &of, transfer, client_region);
        self.add_unplaced(&mut people, transfer);
        People { people, of }
    }

    /// Whoever has no record may be anybody: what holds for all of them together holds for each person.
    fn add_unplaced(&self, people: &mut [Person], transfer: &Transfer) {
        let mut origins = Vec::new();
        let mut facts: Option<Subject> = None;
        for unplaced in self.unplaced.iter().filter_map(|number| transfer.subjects.get(*number)) {
            unplaced.origin.into_iter().for_each(|origin| insert(&mut origins, origin));
            match (&mut facts, &unplaced.subject) {
                (Some(facts), Some(theirs)) => facts.keep_common(theirs),
                (None, Some(theirs)) => facts = Some(theirs.clone()),
                (_, None) => {}
            }
        }
        for person in people {
            // Origins that are known do not make known those that are not.
            if !person.origins.is_empty() {
                origins.iter().for_each(|origin| insert(&mut person.origins, *origin));
            }
            if let Some(facts) = &facts {
                person.facts.get_or_insert_with(|| transfer.subject.clone()).keep_common(facts);
            }
        }
    }

    /// Somebody with a record, without what the payload says of the origin.
    fn person(&self, record: u32, transfer: &Transfer) -> Person {
        let numbers = self.named.get(record as usize).map(Vec::as_slice).unwrap_or_default();
        let mut all = numbers.iter().filter_map(|number| transfer.subjects.get(*number));
        let named = all.next();
        let mut origins: Vec<Region> =
            named.and_then(|it| it.origin).or(transfer.origin).into_iter().collect();
        let mut facts = named.and_then(|it| it.subject.clone());
        // Of several who are named for one record what each has agreed to holds, and what any forbids.
        for other in all {
            other.origin.into_iter().for_each(|origin| insert(&mut origins, origin));
            let theirs = other.subject.as_ref().unwrap_or(&transfer.subject);
            facts.get_or_insert_with(|| transfer.subject.clone()).keep_common(theirs);
        }
        Person {
            record: Some(record),
            origins,
            origin_subdivision: match named {
                Some(named) if named.origin.is_some() => named.origin_subdivision.clone(),
                Some(_) | None => named
                    .and_then(|it| it.origin_subdivision.clone())
                    .or_else(|| transfer.origin_subdivision.clone()),
            },
            facts,
        }
    }

    /// Origins for those who have none yet: what their own fields speak for (those of a peer, where a
    /// record holds nothing else), then what the record around theirs does, then the address. The main
    /// subject's may stand in anybody's fields.
    fn place(
        &self,
        people: &mut [Person],
        of: &[u32],
        transfer: &Transfer,
        client_region: Option<Region>,
    ) {
        if transfer.origin.is_some() {
            return;
        }
        // Stated, or spoken by a person's own fields; by peers in the record; by anybody's own fields.
        let mut own: Vec<Vec<Region>> = people.iter().map(|it| it.origins.clone()).collect();
        let mut peers = vec![Vec::new(); people.len()];
        let mut all = Vec::new();
        for (finding, person) in self.findings.items.iter().zip(of) {
            let (Some(region), number) = (finding.region, *person as usize) else { continue };
            if people.get(number).is_none_or(|person| !person.origins.is_empty()) {
                continue;
            }
            let by = if finding.marks.third_party { &mut peers } else { &mut own };
            if let Some(regions) = by.get_mut(number) {
                insert(regions, region);
            }
            if !finding.marks.third_party {
                insert(&mut all, region);
            }
        }
        let number_of: FxHashMap<u32, usize> =
            people.iter().zip(0..).filter_map(|(it, number)| Some((it.record?, number))).collect();
        let address: Vec<Region> = client_region.into_iter().collect();
        for (person, number) in people.iter_mut().zip(0usize..) {
            let parent = person
                .record
                .and_then(|node| self.findings.nodes.get(node as usize))
                .and_then(|node| node.parent);
            let around = ancestors(self.findings, parent)
                .filter_map(|(node, _)| number_of.get(&node).copied())
                .chain([0])
                .filter_map(|number| own.get(number));
            let first = [own.get(number), peers.get(number)].into_iter().flatten();
            let rest: Box<dyn Iterator<Item = &Vec<Region>>> = match person.record {
                Some(_) => Box::new(around),
                None => Box::new(std::iter::once(&all)),
            };
            let spoken = first.chain(rest).chain([&address]).find(|regions| !regions.is_empty());
            person.origins = spoken.cloned().unwrap_or_default();
        }
    }
}

/// The object a value stands in: around its name, or around the array of it.
fn object_of(findings: &Findings, finding: &Finding) -> Option<u32> {
    let named = ancestors(findings, Some(finding.path))
        .find(|(_, step)| matches!(step, Step::Name(_)))
        .map(|(node, _)| node)?;
    findings.nodes.get(named as usize)?.parent
}

/// Whether a JSON Pointer leads to an object or list inside the document.
fn is_record(document: &serde_json::Value, pointer: &str) -> bool {
    let record = document.pointer(pointer).filter(|_| !pointer.is_empty());
    record.is_some_and(|it| it.is_object() || it.is_array())
}

/// An identifier as it is compared: without case, and a telephone number by its digits alone.
fn plain(id: &str) -> String {
    const DIGITS_MIN: usize = 7;
    let id = id.trim();
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    let is_number = digits.len() >= DIGITS_MIN
        && id.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '.' | '(' | ')'));
    if is_number { digits.trim_start_matches('0').to_owned() } else { id.to_lowercase() }
}

/// The nodes a JSON Pointer leads to.
fn nodes_at(
    children: &FxHashMap<(Option<u32>, Cow<'_, str>), Vec<u32>>,
    pointer: &str,
) -> Vec<u32> {
    let mut nodes: Vec<Option<u32>> = vec![None];
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let below = |node: &Option<u32>| children.get(&(*node, Cow::Borrowed(token.as_str())));
        nodes = nodes.iter().filter_map(below).flatten().copied().map(Some).collect();
    }
    nodes.into_iter().flatten().collect()
}

fn insert(regions: &mut Vec<Region>, region: Region) {
    if let Err(at) = regions.binary_search(&region) {
        regions.insert(at, region);
    }
}

/// A node and those around it, innermost first.
fn ancestors(findings: &Findings, node: Option<u32>) -> impl Iterator<Item = (u32, &Step)> {
    let mut next = node;
    std::iter::from_fn(move || {
        let number = next?;
        let node = findings.nodes.get(number as usize)?;
        // A node is younger than those around it.
        next = node.parent.filter(|parent| *parent < number);
        Some((number, &node.step))
    })
}

#[cfg(test)]
mod tests;
