//! The small words of a rule file: one name or several, a test of a field, a length of time.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use super::Timestamp;
use crate::source::{At, Place};

/// One name or a list of names, each with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    items: Vec<At<String>>,
    line: u32,
    column: u32,
}

impl Names {
    pub fn iter(&self) -> impl Iterator<Item = &At<String>> {
        self.items.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Where the list starts.
    pub fn place(&self, file: &str) -> Place {
        Place { file: file.to_owned(), line: self.line, column: self.column }
    }

    pub fn has(&self, name: &str) -> bool {
        self.items.iter().any(|item| item.value == name)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let At { value: OneOrMany(mut items), line, column } = At::deserialize(deserializer)?;
        for item in items.iter_mut().filter(|item| item.line == 0) {
            (item.line, item.column) = (line, column);
        }
        Ok(Self { items, line, column })
    }
}

struct OneOrMany(Vec<At<String>>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;

        impl<'de> Visitor<'de> for ListVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a list of names")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![At { value: text.to_owned(), line: 0, column: 0 }]))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<OneOrMany, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element::<At<String>>()? {
                    items.push(item);
                }
                Ok(OneOrMany(items))
            }
        }
        deserializer.deserialize_any(ListVisitor)
    }
}

impl schemars::JsonSchema for Names {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

/// A test of one type-specific field of a mechanism: a plain value it must equal, or a mapping.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldTest {
    Is(Scalar),
    /// Anything but this; an absent field passes.
    Not(Scalar),
    Present(bool),
    /// A date that lies in the past (true) or in the future; an absent field fails either.
    Passed(bool),
    /// At most this long after another date field of the record, or (without `of`) before now.
    Within {
        period: Period,
        of: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    Bool(bool),
    Text(String),
}

impl Scalar {
    pub(crate) fn equals(&self, value: &serde_json::Value) -> bool {
        match self {
            Self::Bool(flag) => value.as_bool() == Some(*flag),
            Self::Text(text) => value.as_str() == Some(text),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct FieldTestMapping {
    not: Option<ScalarWord>,
    present: Option<bool>,
    passed: Option<bool>,
    within: Option<Period>,
    of: Option<String>,
}

struct ScalarWord(Scalar);

impl<'de> Deserialize<'de> for ScalarWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match FieldTest::deserialize(deserializer)? {
            FieldTest::Is(scalar) => Ok(Self(scalar)),
            FieldTest::Not(_)
            | FieldTest::Present(_)
            | FieldTest::Passed(_)
            | FieldTest::Within { .. } => Err(de::Error::custom("expected a plain value")),
        }
    }
}

impl<'de> Deserialize<'de> for FieldTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TestVisitor;

        impl<'de> Visitor<'de> for TestVisitor {
            type Value = FieldTest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or one of `not`, `present`, `passed`, `within`")
            }

            fn visit_bool<E: de::Error>(self, flag: bool) -> Result<FieldTest, E> {
                Ok(FieldTest::Is(Scalar::Bool(flag)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FieldTest, E> {
                Ok(FieldTest::Is(Scalar::Text(text.to_owned())))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<FieldTest, A::Error> {
                let mapping =
                    FieldTestMapping::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let tests = [
                    mapping.not.map(|ScalarWord(scalar)| FieldTest::Not(scalar)),
                    mapping.present.map(FieldTest::Present),
                    mapping.passed.map(FieldTest::Passed),
                    mapping.within.map(|period| FieldTest::Within { period, of: mapping.of }),
                ];
                let mut given = tests.into_iter().flatten();
                match (given.next(), given.next()) {
                    (Some(test), None) => Ok(test),
                    (None, _) | (Some(_), Some(_)) => Err(de::Error::custom(
                        "give exactly one of `not`, `present`, `passed`, `within`",
                    )),
                }
            }
        }
        deserializer.deserialize_any(TestVisitor)
    }
}

impl schemars::JsonSchema for FieldTest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FieldTest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "type": ["string", "boolean"] },
                {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "not": { "type": ["string", "boolean"] },
                        "present": { "type": "boolean" },
                        "passed": { "type": "boolean" },
                        "within": { "type": "string" },
                        "of": { "type": "string" }
                    }
                }
            ]
        })
    }
}

/// A length of time on the calendar: `3y`, `6m`, `60d`, `10wd` (working days, Monday to Friday).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    Years(u16),
    Months(u16),
    Days(u16),
    WorkingDays(u16),
}

impl Period {
    /// The instant this long after `start`, on the calendar of UTC; the far future when there is none.
    pub fn after(self, start: Timestamp) -> Timestamp {
        let civil = start.0.to_zoned(jiff::tz::TimeZone::UTC);
        let later = match self {
            Self::Years(years) => civil.checked_add(jiff::Span::new().years(i64::from(years))),
            Self::Months(months) => civil.checked_add(jiff::Span::new().months(i64::from(months))),
            Self::Days(days) => civil.checked_add(jiff::Span::new().days(i64::from(days))),
            Self::WorkingDays(days) => civil.checked_add(
                jiff::Span::new().days(calendar_days(civil.date().weekday(), i64::from(days))),
            ),
        };
        Timestamp(later.map_or(jiff::Timestamp::MAX, |later| later.timestamp()))
    }

    /// `10 working days`, for a person to read.
    pub fn in_words(self) -> String {
        let (number, unit) = match self {
            Self::Years(number) => (number, "year"),
            Self::Months(number) => (number, "month"),
            Self::Days(number) => (number, "day"),
            Self::WorkingDays(number) => (number, "working day"),
        };
        format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
    }

    /// The instant this long before `end`, on the calendar of UTC; the distant past when there is none.
    pub fn before(self, end: Timestamp) -> Timestamp {
        let civil = end.0.to_zoned(jiff::tz::TimeZone::UTC);
        let span = match self {
            Self::Years(years) => jiff::Span::new().years(i64::from(years)),
            Self::Months(months) => jiff::Span::new().months(i64::from(months)),
            Self::Days(days) => jiff::Span::new().days(i64::from(days)),
            // Weekends included: never fewer days than asked for.
            Self::WorkingDays(days) => jiff::Span::new().days(i64::from(days) / 5 * 7 + 7),
        };
        let earlier = civil.checked_sub(span);
        Timestamp(earlier.map_or(jiff::Timestamp::MIN, |earlier| earlier.timestamp()))
    }

    /// `at` is not later than this long after `start`. A term of working days runs to the end of its
    /// last day, whatever the hour it began.
    pub(crate) fn reaches(self, start: Timestamp, at: Timestamp) -> bool {
        let end = self.after(start);
        let date = |instant: Timestamp| instant.0.to_zoned(jiff::tz::TimeZone::UTC).date();
        match self {
            Self::Years(_) | Self::Months(_) | Self::Days(_) => at <= end,
            Self::WorkingDays(_) => date(at) <= date(end),
        }
    }
}

/// How many calendar days `working` working days take from a day of the week.
fn calendar_days(from: jiff::civil::Weekday, working: i64) -> i64 {
    // Saturday and Sunday count as the Friday before.
    let weekday = i64::from(from.to_monday_zero_offset());
    let (start, lead) = if weekday > 4 { (4, 4 - weekday) } else { (weekday, 0) };
    let ahead = start + working;
    lead + working + ahead / 5 * 2
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at_checked(digits).unwrap_or(("", text));
        let number: Option<u16> = number.parse().ok();
        match (number, unit) {
            (Some(number), "y") => Ok(Self::Years(number)),
            (Some(number), "m") => Ok(Self::Months(number)),
            (Some(number), "d") => Ok(Self::Days(number)),
            (Some(number), "wd") => Ok(Self::WorkingDays(number)),
            _ => Err(format!(
                "`{text}` is not a period such as `3y`, `6m`, `60d` or `10wd` (working days)"
            )),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Years(number) => write!(f, "{number}y"),
            Self::Months(number) => write!(f, "{number}m"),
            Self::Days(number) => write!(f, "{number}d"),
            Self::WorkingDays(number) => write!(f, "{number}wd"),
        }
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+(y|m|d|wd)$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_on_the_calendar() {
        for (start, period, end) in [
            ("2024-02-29", "1y", "2025-02-28T00:00:00Z"),
            ("2026-01-31", "1m", "2026-02-28T00:00:00Z"),
            ("2026-01-01", "60d", "2026-03-02T00:00:00Z"),
            // 2026-11-23 is a Monday.
            ("2026-11-23", "4wd", "2026-11-27T00:00:00Z"),
            ("2026-11-23", "5wd", "2026-11-30T00:00:00Z"),
            ("2026-11-27", "1wd", "2026-11-30T00:00:00Z"),
            ("2026-11-28", "1wd", "2026-11-30T00:00:00Z"),
            ("2026-11-29", "5wd", "2026-12-04T00:00:00Z"),
            ("2026-11-23", "10wd", "2026-12-07T00:00:00Z"),
        ] {
            let start: Timestamp = start.parse().unwrap();
            let period: Period = period.parse().unwrap();
            assert_eq!(period.after(start).to_string(), end, "{start} + {period}");
        }
        // A term in days ends at its instant, one in working days with its last day.
        for (start, period, at, within) in [
            ("2026-11-16", "5wd", "2026-11-23T23:59:59Z", true),
            ("2026-11-16T15:00:00Z", "5wd", "2026-11-23T23:59:59Z", true),
            ("2026-11-16", "5wd", "2026-11-24", false),
            ("2026-09-24T09:00:00Z", "60d", "2026-11-23T09:00:00Z", true),
            ("2026-09-24T09:00:00Z", "60d", "2026-11-23T09:00:01Z", false),
        ] {
            let (start, at) = (start.parse().unwrap(), at.parse().unwrap());
            let period: Period = period.parse().unwrap();
            assert_eq!(period.reaches(start, at), within, "{start} + {period} against {at}");
        }
        for text in ["", "y", "3", "3 y", "-3d", "3h", "99999d"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
