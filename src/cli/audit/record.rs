//! What is read of a record: borrowed from its line, nothing built that is not asked for.

use std::{borrow::Cow, fmt};

use jiff::{Timestamp, civil::Date};
use serde::Deserialize;

use super::fields;
use crate::{audit::words, domain::Effect};

/// Of `2026-11-24T04:16:59…`, up to the second.
pub(super) const SECOND: usize = 19;

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Record<'l> {
    #[serde(borrow)]
    pub(super) time: &'l str,
    #[serde(borrow, default)]
    pub(super) stage: &'l str,
    #[serde(borrow, default)]
    pub(super) trace_id: &'l str,
    #[serde(borrow)]
    pub(super) origin: Option<&'l str>,
    #[serde(borrow)]
    pub(super) destination: Option<&'l str>,
    #[serde(borrow, default)]
    pub(super) recipient: Recipient<'l>,
    #[serde(borrow)]
    pub(super) purpose: Option<&'l str>,
    #[serde(borrow, default)]
    pub(super) subjects: Vec<Vec<&'l str>>,
    #[serde(borrow)]
    pub(super) effect: &'l str,
    #[serde(borrow, default)]
    pub(super) blocked_by: Vec<&'l str>,
    #[serde(borrow, default)]
    pub(super) tags: Vec<Tag<'l>>,
    #[serde(borrow, default)]
    pub(super) mechanisms: Vec<&'l str>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'l str>,
    #[serde(default)]
    pub(super) forwarded_bytes: u64,
    #[serde(default)]
    pub(super) durations: Durations,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Durations {
    /// Nothing where nothing was sent.
    #[serde(default)]
    pub(super) upstream_us: u64,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Recipient<'l> {
    #[serde(borrow, default)]
    pub(super) class: Option<&'l str>,
    #[serde(borrow, default)]
    pub(super) id: Option<&'l str>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Tag<'l> {
    #[serde(borrow)]
    pub(super) tag: &'l str,
    #[serde(default)]
    pub(super) count: u32,
    #[serde(default)]
    pub(super) redacted: u32,
}

impl<'l> Record<'l> {
    /// `None` for a line that is no record of an exchange that is over; an error where it should be one.
    pub(super) fn read(line: &'l [u8]) -> Result<Option<Self>, serde_json::Error> {
        if line.is_empty() || words::is_mark(line) {
            return Ok(None);
        }
        // An exchange that was recorded before it was sent is recorded again when it is over.
        let record = match fields::read(line) {
            Some(record) => record,
            None => serde_json::from_slice(line)?,
        };
        Ok((record.stage != words::JUDGED).then_some(record))
    }

    /// Who received it: by name, or by kind.
    pub(super) fn recipient(&self) -> &'l str {
        self.recipient.id.or(self.recipient.class).unwrap_or("")
    }

    /// Somebody judged it. Records of before `refused` was a word say `block`, by no rule and
    /// for nobody.
    pub(super) fn was_judged(&self) -> bool {
        let is_nobodys = self.blocked_by.is_empty() && self.recipient().is_empty();
        self.effect != words::REFUSED
            && !(self.effect == Effect::Block.as_str() && self.error.is_some() && is_nobodys)
    }

    /// Something left, or may have: a request without a body has its target and headers.
    pub(super) fn was_sent(&self) -> bool {
        let left = self.forwarded_bytes > 0 || self.durations.upstream_us > 0;
        let may_go = [Effect::Allow, Effect::Redact].map(Effect::as_str).contains(&self.effect);
        may_go && (self.error.is_none() || left)
    }
}

/// A time on the command line, to the second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Second(pub(super) String);

impl std::str::FromStr for Second {
    type Err = String;

    /// A date means its beginning, in UTC.
    fn from_str(text: &str) -> Result<Self, String> {
        let time = match text.parse::<Timestamp>() {
            Ok(time) => Some(time),
            Err(_) => text.parse::<Date>().ok().and_then(|date| {
                date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
            }),
        };
        let time = time.ok_or_else(|| {
            format!("`{text}` is not a date such as `2026-11-01` or a time such as `2026-11-01T08:00:00Z`")
        })?;
        Ok(Self(time.to_string().chars().take(SECOND).collect()))
    }
}

impl fmt::Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.0)
    }
}

/// A stretch of time, its end not in it.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::cli) struct Between {
    /// From this date or time on, in UTC
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<Second>,
    /// Before this date or time
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<Second>,
}

impl Between {
    pub(in crate::cli) fn holds(&self, time: &str) -> bool {
        let second = time.get(..SECOND).unwrap_or(time);
        self.from.as_ref().is_none_or(|from| second >= from.0.as_str())
            && self.to.as_ref().is_none_or(|to| second < to.0.as_str())
    }

    pub(in crate::cli) fn describe(&self) -> Cow<'static, str> {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => format!("from {from} to {to}").into(),
            (Some(from), None) => format!("from {from} on").into(),
            (None, Some(to)) => format!("before {to}").into(),
            (None, None) => "all that is on record".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_to_the_second_and_a_date_is_its_beginning() {
        for (text, second) in [
            ("2026-11-01", Some("2026-11-01T00:00:00")),
            ("2026-11-01T08:30:00Z", Some("2026-11-01T08:30:00")),
            ("2026-11-01T08:30:00.5+05:00", Some("2026-11-01T03:30:00")),
            ("yesterday", None),
            ("2026-13-01", None),
        ] {
            assert_eq!(text.parse::<Second>().ok().map(|it| it.0).as_deref(), second, "{text}");
        }
        let between = Between { from: "2026-11-01".parse().ok(), to: "2026-11-02".parse().ok() };
        for (time, holds) in [
            ("2026-10-31T23:59:59.9Z", false),
            ("2026-11-01T00:00:00Z", true),
            ("2026-11-01T23:59:59.999999999Z", true),
            ("2026-11-02T00:00:00Z", false),
        ] {
            assert_eq!(between.holds(time), holds, "{time}");
        }
    }

    #[test]
    fn both_readers_read_the_same() {
        let whole = concat!(
            r#"{"time":"2026-11-01T00:00:00Z","stage":"closed","trace_id":"01","peer":{"address":"public"},"#,
            r#""origin":"PK","destination":null,"recipient":{"class":"processor","id":"crm"},"purpose":"backup","#,
            r#""subjects":[["0a","0b"],["0c"]],"effect":"redact","rules":["MI-06","tags"],"blocked_by":["MI-01"],"#,
            r#""tags":[{"tag":"user.name","count":2,"redacted":1,"pointers":["/tag","/\"count\""]},{"tag":"a.b","count":3}],"#,
            r#""mechanisms":["scc-1"],"error":"timeout","forwarded_bytes":7,"durations":{"time":1,"effect":"x","upstream_us":9},"seq":9}"#,
        );
        let least = r#"{"time":"2026-11-01T00:00:00Z","effect":"allow"}"#;
        for line in [whole, least] {
            let careful: Record<'_> = serde_json::from_str(line).unwrap();
            assert_eq!(fields::read(line.as_bytes()), Some(careful), "{line}");
        }
        for odd in [
            r#"{"effect":"allow"}"#,
            r#"{"time":"2026-11-01T00:00:00Z"}"#,
            r#"{"time":"2026-11-01T00:00:00Z","effect":"allow","tags":7}"#,
            r#"{"time":"2026-11-01T00:00:00Z","effect":"allow","tags":[{"tag":"a","count":-1}]}"#,
            r#"{"time":"2026-11-01T00:00:00Z","effect":"a\u0062"}"#,
            r#"{"time":"2026-11-01T00:00:00Z","effect":true}"#,
            r#"{"time":"2026-11-01T00:00:00Z","effect":"allow""#,
            r#"["time"]"#,
            "7",
        ] {
            assert_eq!(fields::read(odd.as_bytes()), None, "{odd}");
            assert!(Record::read(odd.as_bytes()).is_err(), "{odd}");
        }
    }

    #[test]
    fn marks_and_what_is_only_judged_are_no_records() {
        let record = |stage: &str| {
            format!(
                "{{\"time\":\"2026-11-01T00:00:00Z\",\"stage\":\"{stage}\",\"origin\":\"PK\",\"destination\":null,\
                 \"purpose\":null,\"effect\":\"allow\",\"tags\":[{{\"tag\":\"a.b\",\"count\":2,\"pointers\":[\"/x\\\"\"]}}]}}"
            )
        };
        assert!(Record::read(record("judged").as_bytes()).unwrap().is_none());
        let line = record("closed");
        let read = Record::read(line.as_bytes()).unwrap().unwrap();
        assert_eq!((read.origin, read.destination, read.tags[0].count), (Some("PK"), None, 2));
        assert!(Record::read(b"{\"audit\":\"lost\"}").unwrap().is_none());
        assert!(Record::read(b"{\"a\":1}").is_err());
    }
}
