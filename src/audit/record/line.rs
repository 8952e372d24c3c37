//! A record as a line of JSON.
//!
//! Written by hand: each exchange writes one, and a general serializer spends three times as long, most of it on
//! looking for what to escape in names that have nothing of the kind.

use super::{
    super::json::{json_text, needs_escape},
    Annotation, AuditRecord, CounterChange, Durations, Locator, Micros, NameList, Peer, Recipient,
    SubjectCode, TagCount,
};
use crate::{
    domain::{Coverage, Locators, Region},
    telemetry::{Name, hex},
};

impl AuditRecord<'_> {
    /// Appends the record without a line end.
    pub(in crate::audit) fn write(&self, out: &mut Vec<u8>) {
        // Taken apart, so that a member that is added is not forgotten.
        let Self {
            time,
            stage,
            generation,
            trace_id,
            peer,
            route,
            data_centre,
            origin,
            destination,
            recipient,
            purpose,
            context,
            subjects,
            effect,
            rules,
            blocked_by,
            redacted_by,
            parts,
            replaced,
            key,
            reason,
            tags,
            coverage,
            gaps,
            annotations,
            mechanisms,
            consents,
            counters,
            facts_unavailable,
            policy_version,
            redacted_hash,
            status,
            error,
            request_bytes,
            forwarded_bytes,
            response_bytes,
            inspected_bytes,
            durations,
        } = self;
        let mut line = Line { out, locators: Locators::default() };
        line.raw("{\"time\":\"");
        line.time(*time);
        line.member("\",\"stage\":", stage.as_str(), Line::word);
        line.member(",\"generation\":", *generation, Line::number);
        line.member(",\"trace_id\":", trace_id.0, Line::hex);
        line.member(",\"peer\":", peer, Line::peer);
        line.maybe(",\"route\":", route.as_ref(), Line::name);
        line.maybe(",\"data_centre\":", data_centre.as_ref(), Line::name);
        line.member(",\"origin\":", origin.as_ref(), Line::region);
        line.member(",\"destination\":", destination.as_ref(), Line::region);
        line.member(",\"recipient\":", recipient, Line::recipient);
        line.member(",\"purpose\":", purpose.as_ref().map(Name::as_str), Line::word_or_null);
        line.maybe(",\"context\":", *context, Line::word);
        line.some(",\"subjects\":", subjects, |line, codes| line.list(codes, Line::code));
        line.member(",\"effect\":", self.outcome(), Line::word);
        line.member(",\"rules\":", rules, Line::names);
        line.some(",\"blocked_by\":", blocked_by, Line::name);
        line.some(",\"redacted_by\":", redacted_by, Line::name);
        line.some(",\"parts\":", parts, Line::name);
        line.some(",\"replaced\":", replaced, |line, it| line.json(it));
        line.maybe(",\"key\":", *key, Line::text);
        line.maybe(",\"reason\":", effect.map(|_| &**reason), Line::text);
        line.raw(",\"tags\":");
        line.list(tags, Line::tag);
        line.maybe(",\"coverage\":", coverage.map(Coverage::as_str), Line::word);
        line.some(",\"gaps\":", gaps, |line, gap| line.json(gap));
        line.some(",\"annotations\":", annotations, Line::annotation);
        line.some(",\"mechanisms\":", mechanisms, Line::name);
        line.some(",\"consents\":", consents, Line::name);
        line.some(",\"counters\":", counters, Line::counter);
        line.maybe(",\"facts_unavailable\":", *facts_unavailable, Line::word);
        line.maybe(",\"policy_version\":", policy_version.as_ref(), Line::name);
        line.maybe(",\"redacted_hash\":", *redacted_hash, |line, hash| line.hex(hash.0));
        line.maybe(",\"status\":", *status, |line, status| line.number(u64::from(status)));
        line.maybe(",\"error\":", *error, Line::word);
        line.member(",\"request_bytes\":", *request_bytes, Line::number);
        line.member(",\"forwarded_bytes\":", *forwarded_bytes, Line::number);
        line.member(",\"response_bytes\":", *response_bytes, Line::number);
        line.member(",\"inspected_bytes\":", *inspected_bytes, Line::number);
        line.durations(durations);
        line.raw("}");
    }
}

struct Line<'o> {
    out: &'o mut Vec<u8>,
    locators: Locators,
}

impl Line<'_> {
    fn peer(&mut self, Peer { workload, address }: &Peer<'_>) {
        self.raw("{");
        if let Some(workload) = workload {
            self.member("\"workload\":", workload, Line::name);
            self.raw(",");
        }
        self.member("\"address\":", address.as_str(), Line::word);
        self.raw("}");
    }

    fn recipient(&mut self, Recipient { class, id }: &Recipient<'_>) {
        self.raw("{");
        self.maybe("\"class\":", class.as_ref(), Line::name);
        let id_member = if class.is_some() { ",\"id\":" } else { "\"id\":" };
        self.maybe(id_member, id.as_ref(), Line::name);
        self.raw("}");
    }

    fn tag(&mut self, TagCount { tag, count, redacted, pointers }: &TagCount<'_>) {
        self.member("{\"tag\":", tag, Line::name);
        self.member(",\"count\":", u64::from(*count), Line::number);
        if *redacted > 0 {
            self.member(",\"redacted\":", u64::from(*redacted), Line::number);
        }
        self.raw(",\"pointers\":");
        self.list(pointers, Line::locator);
        self.raw("}");
    }

    fn annotation(&mut self, Annotation { name, value }: &Annotation<'_>) {
        self.member("{\"name\":", name, Line::name);
        self.maybe(",\"value\":", value.as_ref(), Line::name);
        self.raw("}");
    }

    fn counter(&mut self, CounterChange { name, before, after }: &CounterChange<'_>) {
        self.member("{\"name\":", name, Line::name);
        self.member(",\"before\":", *before, Line::number);
        self.member(",\"after\":", *after, Line::number);
        self.raw("}");
    }

    fn durations(&mut self, Durations { total, inspection, upstream }: &Durations) {
        self.member(",\"durations\":{\"total_us\":", *total, Line::micros);
        self.member(",\"inspection_us\":", *inspection, Line::micros);
        self.member(",\"upstream_us\":", *upstream, Line::micros);
        self.raw("}");
    }

    fn member<T>(&mut self, member: &str, value: T, write: impl FnOnce(&mut Self, T)) {
        self.raw(member);
        write(self, value);
    }

    /// A member, where there is a value for it.
    fn maybe<T>(&mut self, member: &str, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        if let Some(value) = value {
            self.member(member, value, write);
        }
    }

    /// A member that is a list, where there is anything in it.
    fn some<T>(&mut self, member: &str, items: &[T], write: impl Fn(&mut Self, &T)) {
        if !items.is_empty() {
            self.raw(member);
            self.list(items, write);
        }
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.raw("[");
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                self.raw(",");
            }
            write(self, item);
        }
        self.raw("]");
    }

    /// JSON as it is.
    fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    fn name(&mut self, name: &Name<'_>) {
        self.word(name.as_str());
    }

    fn names(&mut self, NameList(json): &NameList<'_>) {
        self.raw(json);
    }

    /// What has nothing to escape: a word of the code, or a [`Name`].
    fn word(&mut self, word: &str) {
        debug_assert!(!needs_escape(word), "{word}");
        self.out.push(b'"');
        self.raw(word);
        self.out.push(b'"');
    }

    fn word_or_null(&mut self, word: Option<&str>) {
        match word {
            Some(word) => self.word(word),
            None => self.raw("null"),
        }
    }

    fn region(&mut self, region: Option<&Region>) {
        self.word_or_null(region.map(Region::as_str));
    }

    fn text(&mut self, text: &str) {
        json_text(self.out, text);
    }

    fn locator(&mut self, locator: &Locator<'_>) {
        json_text(self.out, &locator.write(&mut self.locators));
    }

    fn code(&mut self, code: &SubjectCode) {
        self.hex(code.0);
    }

    fn hex(&mut self, bytes: [u8; 16]) {
        self.word(hex(&bytes, &mut [0; 32]));
    }

    fn number(&mut self, number: u64) {
        self.raw(itoa::Buffer::new().format(number));
    }

    fn micros(&mut self, Micros(duration): Micros) {
        self.number(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    fn time(&mut self, time: jiff::Timestamp) {
        const PRINTER: jiff::fmt::temporal::DateTimePrinter =
            jiff::fmt::temporal::DateTimePrinter::new();
        // Writing to memory cannot fail.
        let _ = PRINTER.print_timestamp(&time, &mut *self.out);
    }

    /// The rare and the nested, in the general way.
    fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) {
        // Writing to memory cannot fail, and nothing that is written so refuses to be.
        let _ = serde_json::to_writer(&mut *self.out, value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        audit::record::{
            AddressClass, LOCATOR_BYTES_MAX, RedactedHash, Stage, tag_counts,
            tests::{finding, record, taxonomy},
        },
        domain::{
            Effect, Findings, Gap, GapCause, Part, PathNode, Replaced, ReplacementKind, Step,
        },
        telemetry::TraceId,
    };

    fn read(record: &AuditRecord<'_>) -> Value {
        let mut line = Vec::new();
        record.write(&mut line);
        assert!(!line.contains(&b'\n'));
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn what_was_refused_before_it_was_judged_says_so_and_claims_nothing_of_what_it_held() {
        let refused = AuditRecord {
            effect: None,
            coverage: None,
            reason: "".into(),
            error: Some("no-route"),
            ..record(1)
        };
        let refused = read(&refused);
        assert_eq!(
            (&refused["effect"], &refused["error"]),
            (&json!("refused"), &json!("no-route"))
        );
        assert!(refused.get("coverage").is_none() && refused.get("reason").is_none(), "{refused}");
    }

    #[test]
    fn a_record_with_every_member_is_one_line_of_json() {
        let gaps = [Gap {
            part: Part::Body,
            coverage: Coverage::Partial,
            cause: GapCause::TooDeep,
            offset: 12,
        }];
        let replaced = [Replaced {
            kind: ReplacementKind::Hash,
            instead_of: Some(ReplacementKind::Tokenise),
            count: 2,
        }];
        let mut findings = Findings::default();
        let step = Step::Name("say \"it\"\u{1}\\".into());
        findings.nodes.push(PathNode { parent: None, step, personal: false });
        findings.items.push(finding(1, 0));
        findings.items.push(finding(0, Findings::ROOT));
        let taxonomy = taxonomy();
        let full = AuditRecord {
            time: "2026-03-02T09:00:00.25Z".parse().unwrap(),
            stage: Stage::Judged,
            generation: 7,
            trace_id: TraceId([0x1f; 16]),
            peer: Peer {
                workload: Some(Name::new("spiffe://mesh.example/ns/shop/sa/checkout")),
                address: AddressClass::Private,
            },
            recipient: Recipient {
                class: Some(Name::new("first_party_facility")),
                id: Some(Name::new("centre")),
            },
            subjects: vec![vec![SubjectCode([0x0a; 16]), SubjectCode([0xff; 16])], vec![]],
            blocked_by: vec![Name::new("JR-CN-02")],
            redacted_by: vec![Name::new("MI-06"), Name::new("MI-07")],
            parts: vec![Name::new("MI-06/devices")],
            replaced: &replaced,
            key: Some("2026-11"),
            reason: "\"Quoted\",\tand with a tab.".into(),
            tags: tag_counts(&findings, &taxonomy, [0]),
            coverage: Some(Coverage::Partial),
            gaps: &gaps,
            annotations: vec![
                Annotation {
                    name: Name::new("file-ctia-by"),
                    value: Some(Name::new("2026-03-02")),
                },
                Annotation { name: Name::new("pk-bill-watch"), value: None },
            ],
            mechanisms: vec![Name::new("scc-2024")],
            consents: vec![Name::new("service")],
            counters: vec![CounterChange {
                name: Name::new("cn_ytd_ordinary"),
                before: 9,
                after: u64::MAX,
            }],
            facts_unavailable: Some("store_down"),
            redacted_hash: Some(RedactedHash([0xab; 16])),
            error: Some("reset"),
            durations: Durations {
                total: Micros(Duration::from_nanos(1_234_999)),
                inspection: Micros(Duration::from_micros(5)),
                upstream: Micros(Duration::ZERO),
            },
            ..record(7)
        };
        let expected = json!({
            "time": "2026-03-02T09:00:00.25Z",
            "stage": "judged",
            "generation": 7,
            "trace_id": "1f".repeat(16),
            "peer": {
                "workload": "spiffe://mesh.example/ns/shop/sa/checkout",
                "address": "private",
            },
            "route": "activation",
            "data_centre": "singapore",
            "origin": "PK",
            "destination": "SG",
            "recipient": {"class": "first_party_facility", "id": "centre"},
            "purpose": "service_activation",
            "subjects": [["0a".repeat(16), "ff".repeat(16)], []],
            "effect": "redact",
            "rules": ["MI-06"],
            "blocked_by": ["JR-CN-02"],
            "redacted_by": ["MI-06", "MI-07"],
            "parts": ["MI-06/devices"],
            "replaced": [{"kind": "hash", "instead_of": "tokenise", "count": 2}],
            "key": "2026-11",
            "reason": "\"Quoted\",\tand with a tab.",
            "tags": [
                {
                    "tag": "user.contact.email",
                    "count": 1,
                    "redacted": 1,
                    "pointers": ["/say \"it\"\u{1}\\"],
                },
                {"tag": "user.name", "count": 1, "pointers": [""]},
            ],
            "coverage": "partial",
            "gaps": [{"part": "body", "coverage": "partial", "cause": "too_deep", "offset": 12}],
            "annotations": [
                {"name": "file-ctia-by", "value": "2026-03-02"},
                {"name": "pk-bill-watch"},
            ],
            "mechanisms": ["scc-2024"],
            "consents": ["service"],
            "counters": [{"name": "cn_ytd_ordinary", "before": 9, "after": u64::MAX}],
            "facts_unavailable": "store_down",
            "policy_version": "2019-03-18",
            "redacted_hash": "ab".repeat(16),
            "status": 200,
            "error": "reset",
            "request_bytes": 10,
            "forwarded_bytes": 8,
            "response_bytes": 2,
            "inspected_bytes": 10,
            "durations": {"total_us": 1234, "inspection_us": 5, "upstream_us": 0},
        });
        assert_eq!(read(&full), expected);
    }

    #[test]
    fn locators_beside_each_other_are_those_of_their_findings() {
        let mut findings = Findings::default();
        let named = |parent, name: &str| PathNode {
            parent,
            step: Step::Name(name.into()),
            personal: name.contains('@'),
        };
        let long = "x".repeat(2 * LOCATOR_BYTES_MAX);
        let index = PathNode { parent: Some(1), step: Step::Index(3), personal: false };
        findings.nodes.extend([
            named(None, "devices"),
            named(Some(0), "of/one"),
            named(Some(1), "imei"),
            index,
            named(Some(1), "a@b"),
            named(Some(0), &long),
            named(Some(5), "inside"),
            named(Some(5), "beside"),
            named(None, "alone"),
        ]);
        let all = [2, 3, 4, 2, 5, 6, 7, 8, Findings::ROOT];
        findings.items.extend(all.map(|node| finding(1, node)));
        let mut lines = Vec::new();
        let mut line = Line { out: &mut lines, locators: Locators::default() };
        for finding in &findings.items {
            line.locator(&Locator::new(&findings, finding));
            line.raw("\n");
        }
        let written: Vec<String> = String::from_utf8(lines)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let whole = findings.items.iter().map(|finding| findings.safe_locator(finding));
        let expected: Vec<String> = whole
            .map(|it| match it.len() {
                0..=LOCATOR_BYTES_MAX => it,
                _ => format!("{}…", it.get(..LOCATOR_BYTES_MAX).unwrap()),
            })
            .collect();
        assert_eq!(written, expected);
        assert_eq!(written[2], "/devices/of~1one/*");
    }

    #[test]
    fn what_a_record_lacks_is_left_out() {
        let bare = AuditRecord {
            route: None,
            data_centre: None,
            origin: None,
            destination: None,
            recipient: Recipient { class: None, id: Some(Name::new("centre")) },
            purpose: None,
            effect: Some(Effect::Block),
            rules: NameList::default(),
            redacted_by: Vec::new(),
            reason: "".into(),
            policy_version: None,
            status: None,
            ..record(1)
        };
        let expected = json!({
            "time": "1970-01-01T00:00:00Z",
            "stage": "closed",
            "generation": 1,
            "trace_id": "01".repeat(16),
            "peer": {"address": "unknown"},
            "origin": null,
            "destination": null,
            "recipient": {"id": "centre"},
            "purpose": null,
            "effect": "block",
            "rules": [],
            "reason": "",
            "tags": [],
            "coverage": "full",
            "request_bytes": 10,
            "forwarded_bytes": 8,
            "response_bytes": 2,
            "inspected_bytes": 10,
            "durations": {"total_us": 0, "inspection_us": 0, "upstream_us": 0},
        });
        assert_eq!(read(&bare), expected);
        assert_eq!(
            read(&AuditRecord { recipient: Recipient::default(), ..bare })["recipient"],
            json!({})
        );
    }
}
