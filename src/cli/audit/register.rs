//! The register of transfers: records counted by who sent what kind of data where, for what.
//!
//! Texts become small numbers once, so that counting a record takes no allocation but that of its people.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use super::record::Record;

/// What rows are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Dimension {
    Origin,
    Destination,
    Recipient,
    Purpose,
    /// A record counts in the row of each of its categories
    Category,
    /// A record counts in the row of each of its mechanisms
    Mechanism,
}

impl Dimension {
    pub(super) const ALL: [Self; 6] = [
        Self::Origin,
        Self::Destination,
        Self::Recipient,
        Self::Purpose,
        Self::Category,
        Self::Mechanism,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Destination => "destination",
            Self::Recipient => "recipient",
            Self::Purpose => "purpose",
            Self::Category => "category",
            Self::Mechanism => "mechanism",
        }
    }
}

/// A row's texts as numbers, in the order of [`Dimension::ALL`]; 0 where it is not told apart by it.
type Key = [u32; 6];

/// What is counted in one row.
#[derive(Debug, Default)]
struct Counts {
    transfers: u64,
    allowed: u64,
    redacted: u64,
    blocked: u64,
    failed: u64,
    bytes: u64,
    categories: FxHashMap<u32, Category<u32>>,
    mechanisms: FxHashMap<u32, u64>,
    subjects: FxHashSet<u128>,
    first: String,
    last: String,
}

#[derive(Debug)]
pub(super) struct Register {
    by: Vec<Dimension>,
    texts: Texts,
    rows: FxHashMap<Key, Counts>,
    subjects: FxHashSet<u128>,
    /// The records name people, if only by codes; without, nobody knows how many there are.
    names_people: bool,
    pub(super) transfers: u64,
    /// By kind: what was refused before anybody judged it, and so was no transfer.
    pub(super) refused: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Texts {
    numbers: FxHashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.texts.push(text.into());
        // Number 0 stands for no text.
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text.into(), number);
        number
    }

    fn text(&self, number: u32) -> &str {
        let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        at.and_then(|at| self.texts.get(at)).map_or("", |text| text)
    }
}

/// A row as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) destination: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recipient: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mechanism: Option<String>,
    pub(super) transfers: u64,
    pub(super) allowed: u64,
    pub(super) redacted: u64,
    pub(super) blocked: u64,
    /// Judged, and not sent for another reason.
    pub(super) failed: u64,
    /// People of whom something was sent, by the codes in the records; absent where those name nobody.
    pub(super) subjects: Option<u64>,
    /// That were sent.
    pub(super) bytes: u64,
    pub(super) categories: Vec<Category>,
    pub(super) mechanisms: Vec<Mechanism>,
    pub(super) first: String,
    pub(super) last: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Category<T = String> {
    pub(super) category: T,
    /// Transfers it went with.
    pub(super) sent: u64,
    /// Transfers it was taken out of, or blocked with.
    pub(super) withheld: u64,
    /// Transfers that failed for another reason than a rule.
    pub(super) failed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Mechanism {
    pub(super) mechanism: String,
    pub(super) transfers: u64,
}

impl Row {
    pub(super) fn value(&self, dimension: Dimension) -> &str {
        let value = match dimension {
            Dimension::Origin => &self.origin,
            Dimension::Destination => &self.destination,
            Dimension::Recipient => &self.recipient,
            Dimension::Purpose => &self.purpose,
            Dimension::Category => &self.category,
            Dimension::Mechanism => &self.mechanism,
        };
        value.as_deref().unwrap_or_default()
    }
}

impl Register {
    pub(super) fn new(by: Vec<Dimension>) -> Self {
        Self {
            by,
            texts: Texts::default(),
            rows: FxHashMap::default(),
            subjects: FxHashSet::default(),
            names_people: false,
            transfers: 0,
            refused: BTreeMap::new(),
        }
    }

    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        Dimension::ALL.into_iter().filter(|dimension| self.by.contains(dimension)).collect()
    }

    /// All people of whom something was sent; `None` where the records name nobody.
    pub(super) fn subjects(&self) -> Option<usize> {
        self.names_people.then_some(self.subjects.len())
    }

    /// What opens a file may say that people are named in it, though nobody was met.
    pub(super) fn note(&mut self, line: &[u8]) {
        self.names_people |= super::subject::key_of(line).is_some();
    }

    pub(super) fn add(&mut self, record: &Record<'_>) {
        if !record.was_judged() {
            let kind = record.error.unwrap_or("unknown");
            *self.refused.entry(kind.to_owned()).or_default() += 1;
            return;
        }
        self.transfers += 1;
        self.names_people |= !record.subjects.is_empty();
        let mut key: Key = [0; 6];
        let is_by = |dimension| self.by.contains(&dimension);
        let single = [
            (Dimension::Origin, record.origin.unwrap_or("")),
            (Dimension::Destination, record.destination.unwrap_or("")),
            (Dimension::Recipient, record.recipient()),
            (Dimension::Purpose, record.purpose.unwrap_or("")),
        ];
        for (place, (dimension, text)) in key.iter_mut().zip(single) {
            if is_by(dimension) {
                *place = self.texts.number(text);
            }
        }
        let (by_category, by_mechanism) = (is_by(Dimension::Category), is_by(Dimension::Mechanism));
        if !by_category && !by_mechanism {
            self.count(key, record, None);
            return;
        }
        let categories: Vec<Option<usize>> = match record.tags.len() {
            0 => vec![None],
            _ if !by_category => vec![None],
            count => (0..count).map(Some).collect(),
        };
        let mechanisms: Vec<&str> = match record.mechanisms.as_slice() {
            some if by_mechanism && !some.is_empty() => some.to_vec(),
            _ => vec![""],
        };
        for category in categories {
            for mechanism in &mechanisms {
                let [.., at_category, at_mechanism] = &mut key;
                if by_category {
                    let tag = category.and_then(|at| record.tags.get(at));
                    *at_category = self.texts.number(tag.map_or("", |tag| tag.tag));
                }
                if by_mechanism {
                    *at_mechanism = self.texts.number(mechanism);
                }
                self.count(key, record, category);
            }
        }
    }

    /// `only` is the category of the row, where there is one.
    fn count(&mut self, key: Key, record: &Record<'_>, only: Option<usize>) {
        let counts = self.rows.entry(key).or_default();
        counts.transfers += 1;
        let was_sent = record.was_sent();
        match record.effect {
            "block" => counts.blocked += 1,
            _ if !was_sent => counts.failed += 1,
            "redact" => counts.redacted += 1,
            _ => counts.allowed += 1,
        }
        counts.bytes += record.forwarded_bytes;
        for (at, tag) in record.tags.iter().enumerate() {
            if only.is_some_and(|only| only != at) {
                continue;
            }
            let number = self.texts.number(tag.tag);
            let category = counts.categories.entry(number).or_default();
            let was_blocked = record.effect == "block";
            category.sent += u64::from(was_sent && tag.redacted < tag.count);
            category.withheld += u64::from(was_blocked || (was_sent && tag.redacted > 0));
            category.failed += u64::from(!was_sent && !was_blocked);
        }
        for mechanism in &record.mechanisms {
            *counts.mechanisms.entry(self.texts.number(mechanism)).or_default() += 1;
        }
        if was_sent {
            // A person is known by the preferred of their identifiers.
            for code in record.subjects.iter().filter_map(|codes| codes.first()) {
                if let Some(code) = person(code) {
                    counts.subjects.insert(code);
                    self.subjects.insert(code);
                }
            }
        }
        if counts.first.is_empty() || record.time < counts.first.as_str() {
            record.time.clone_into(&mut counts.first);
        }
        if record.time > counts.last.as_str() {
            record.time.clone_into(&mut counts.last);
        }
    }

    /// Rows with the most transfers first.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> =
            self.rows.iter().map(|(key, counts)| self.row(key, counts)).collect();
        let name = |row: &Row| Dimension::ALL.map(|it| row.value(it).to_owned());
        rows.sort_by(|a, b| b.transfers.cmp(&a.transfers).then_with(|| name(a).cmp(&name(b))));
        rows
    }

    fn row(&self, key: &Key, counts: &Counts) -> Row {
        let [origin, destination, recipient, purpose, category, mechanism] =
            key.map(|number| (number > 0).then(|| self.texts.text(number).to_owned()));
        let mut categories: Vec<Category> = counts
            .categories
            .iter()
            .map(|(number, it)| Category {
                category: self.texts.text(*number).to_owned(),
                sent: it.sent,
                withheld: it.withheld,
                failed: it.failed,
            })
            .collect();
        categories.sort_by(|a, b| b.sent.cmp(&a.sent).then_with(|| a.category.cmp(&b.category)));
        let mut mechanisms: Vec<Mechanism> = counts
            .mechanisms
            .iter()
            .map(|(number, transfers)| Mechanism {
                mechanism: self.texts.text(*number).to_owned(),
                transfers: *transfers,
            })
            .collect();
        mechanisms.sort_by(|a, b| {
            b.transfers.cmp(&a.transfers).then_with(|| a.mechanism.cmp(&b.mechanism))
        });
        Row {
            origin,
            destination,
            recipient,
            purpose,
            category,
            mechanism,
            transfers: counts.transfers,
            allowed: counts.allowed,
            redacted: counts.redacted,
            blocked: counts.blocked,
            failed: counts.failed,
            subjects: self.names_people.then_some(counts.subjects.len() as u64),
            bytes: counts.bytes,
            categories,
            mechanisms,
            first: counts.first.clone(),
            last: counts.last.clone(),
        }
    }
}

/// A person's code, hexadecimal. By halves: 128-bit numbers are slow to multiply.
fn person(code: &str) -> Option<u128> {
    let half = |text: &str| u64::from_str_radix(text, 16).ok();
    match code.split_at_checked(code.len().saturating_sub(16))? {
        ("", low) => half(low).map(u128::from),
        (high, low) => Some(u128::from(half(high)?) << 64 | u128::from(half(low)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_people_are_told_apart_by_all_their_digits() {
        for code in [0, 1, u128::from(u64::MAX), 1 << 64, u128::MAX, 0x0123_4567_89ab_cdef << 40] {
            assert_eq!(
                (person(&format!("{code:032x}")), person(&format!("{code:x}"))),
                (Some(code), Some(code))
            );
        }
        for odd in
            ["", "x", "0123456789abcdef 123456789abcdef", "100000000000000000000000000000000"]
        {
            assert_eq!(person(odd), None, "{odd}");
        }
    }

    fn line(origin: &str, effect: &str, tags: &str, subject: &str) -> String {
        format!(
            "{{\"time\":\"2026-11-01T00:00:0{}Z\",\"stage\":\"closed\",\"origin\":\"{origin}\",\"destination\":\"SG\",\
             \"recipient\":{{\"class\":\"first_party_facility\",\"id\":\"dc\"}},\"purpose\":\"cloud_sync\",\
             \"subjects\":[[\"{subject}\",\"ff\"]],\"effect\":\"{effect}\",\"tags\":[{tags}],\
             \"mechanisms\":[\"eu_scc\"],\"forwarded_bytes\":{}}}",
            subject.len(),
            if effect == "block" { 0 } else { 10 },
        )
    }

    fn register(by: &[Dimension]) -> Register {
        let mut register = Register::new(by.to_vec());
        let email = "{\"tag\":\"email\",\"count\":1}";
        let both = "{\"tag\":\"email\",\"count\":1},{\"tag\":\"imei\",\"count\":2,\"redacted\":2}";
        for line in [
            line("PK", "allow", email, "1"),
            line("PK", "redact", both, "1"),
            line("PK", "block", email, "22"),
            line("IE", "allow", email, "333"),
        ] {
            register.add(&Record::read(line.as_bytes()).unwrap().unwrap());
        }
        register
    }

    #[test]
    fn records_are_counted_by_where_and_what_for() {
        let register = register(&[Dimension::Origin, Dimension::Destination]);
        let rows = register.rows();
        assert_eq!((rows.len(), register.transfers, register.subjects()), (2, 4, Some(2)));
        let pk = &rows[0];
        assert_eq!((pk.value(Dimension::Origin), pk.value(Dimension::Purpose)), ("PK", ""));
        assert_eq!((pk.transfers, pk.allowed, pk.redacted, pk.blocked), (3, 1, 1, 1));
        assert_eq!(
            (pk.subjects, pk.bytes),
            (Some(1), 20),
            "of the one that was blocked nothing was sent"
        );
        let category = |name: &str, sent, withheld| Category {
            category: name.to_owned(),
            sent,
            withheld,
            failed: 0,
        };
        assert_eq!(pk.categories, [category("email", 2, 1), category("imei", 0, 1)]);
        assert_eq!(pk.mechanisms, [Mechanism { mechanism: "eu_scc".to_owned(), transfers: 3 }]);
        assert_eq!((&*pk.first, &*pk.last), ("2026-11-01T00:00:01Z", "2026-11-01T00:00:02Z"));
    }

    #[test]
    fn what_was_never_judged_is_no_transfer_and_who_is_not_named_is_not_counted() {
        let mut register = Register::new(vec![Dimension::Origin]);
        let add = |register: &mut Register, line: &str| {
            register.add(&Record::read(line.as_bytes()).unwrap().unwrap());
        };
        let at = r#""time":"2026-11-01T00:00:00Z","destination":null,"purpose":null"#;
        for line in [
            format!(r#"{{{at},"origin":null,"effect":"refused","error":"no-route"}}"#),
            // As it was written before there was a word for it.
            format!(r#"{{{at},"origin":null,"effect":"block","error":"head-slow"}}"#),
            format!(r#"{{{at},"origin":"PK","effect":"block","blocked_by":["MI-42"]}}"#),
            format!(
                r#"{{{at},"origin":"PK","effect":"allow","error":"refused","tags":[{{"tag":"email","count":1}}]}}"#
            ),
        ] {
            add(&mut register, &line);
        }
        assert_eq!((register.transfers, register.subjects()), (2, None));
        let refused: Vec<(&str, u64)> =
            register.refused.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(refused, [("head-slow", 1), ("no-route", 1)]);
        let row = register.rows().remove(0);
        assert_eq!((row.transfers, row.blocked, row.failed, row.subjects), (2, 1, 1, None));
        let email = &row.categories[0];
        assert_eq!((email.sent, email.withheld, email.failed), (0, 0, 1));
        // A file that says under which key it names people counts them, were there none.
        register.note(br#"{"audit":"opened","subject_key":"00"}"#);
        assert_eq!((register.subjects(), register.rows()[0].subjects), (Some(0), Some(0)));
    }

    #[test]
    fn a_record_counts_in_the_row_of_each_of_its_categories() {
        let rows = register(&[Dimension::Category]).rows();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.value(Dimension::Category), row.transfers, row.categories.len()))
            .collect();
        assert_eq!(told, [("email", 4, 1), ("imei", 1, 1)]);
        let rows = register(&[Dimension::Mechanism, Dimension::Origin]).rows();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.value(Dimension::Mechanism), row.value(Dimension::Origin)))
            .collect();
        assert_eq!(told, [("eu_scc", "PK"), ("eu_scc", "IE")]);
    }
}
