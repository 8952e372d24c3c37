//! A jurisdiction by its ISO 3166-1 alpha-2 code.

use std::{fmt, str::FromStr};

/// An ISO 3166-1 alpha-2 code, always upper case. Whether the code is assigned is not checked here:
/// a zone or rule that names an unassigned code is a compile diagnostic of `policy`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region([u8; 2]);

/// What was given is not two ASCII letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ISO 3166-1 alpha-2 code such as `CN`, `US` or `SG`")]
pub struct RegionError(pub String);

impl Region {
    /// From a literal that is known good, such as `Region::new(*b"CN")`; letters are upper-cased.
    pub const fn new(code: [u8; 2]) -> Self {
        Self([code[0].to_ascii_uppercase(), code[1].to_ascii_uppercase()])
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// True when ISO 3166-1 assigns the code to a country or territory. `XK` is user-assigned and
    /// counts, since address databases and phone plans use it for Kosovo.
    pub(crate) fn is_assigned(self) -> bool {
        let [first, second] = self.0;
        ASSIGNED.iter().any(|row| match row.as_bytes() {
            [letter, seconds @ ..] => *letter == first && seconds.contains(&second),
            [] => false,
        })
    }

    /// A dense number below 676, for tables indexed by region.
    pub fn index(self) -> usize {
        let [first, second] = self.0;
        usize::from(first.saturating_sub(b'A')) * 26 + usize::from(second.saturating_sub(b'A'))
    }
}

/// The assigned codes: a first letter, then every second letter that follows it.
const ASSIGNED: [&str; 26] = [
    "ADEFGILMOQRSTUWXZ",
    "BABDEFGHIJLMNOQRSTVWYZ",
    "CACDFGHIKLMNORUVWXYZ",
    "DEJKMOZ",
    "ECEGHRST",
    "FIJKMOR",
    "GABDEFGHILMNPQRSTUWY",
    "HKMNRTU",
    "IDELMNOQRST",
    "JEMOP",
    "KEGHIMNPRWYZ",
    "LABCIKRSTUVY",
    "MACDEFGHKLMNOPQRSTUVWXYZ",
    "NACEFGILOPRUZ",
    "OM",
    "PAEFGHKLMNRSTWY",
    "QA",
    "REOSUW",
    "SABCDEGHIJKLMNORSTVXYZ",
    "TCDFGHJKLMNORTVWZ",
    "UAGMSYZ",
    "VACEGINU",
    "WFS",
    "XK",
    "YET",
    "ZAMW",
];

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        match text.as_bytes() {
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                Ok(Self::new([*first, *second]))
            }
            _ => Err(RegionError(text.to_owned())),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Region {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Region {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Region {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Region".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z]{2}$", "description": "ISO 3166-1 alpha-2 code" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assigned_codes_are_249_and_kosovo() {
        let assigned = (b'A'..=b'Z')
            .flat_map(|first| (b'A'..=b'Z').map(move |second| Region::new([first, second])))
            .filter(|region| region.is_assigned())
            .count();
        assert_eq!(assigned, 250);
        for (code, expected) in [(*b"CN", true), (*b"PK", true), (*b"UK", false), (*b"EU", false)] {
            assert_eq!(Region::new(code).is_assigned(), expected);
        }
    }

    #[test]
    fn reads_two_letters_in_any_case_and_nothing_else() {
        for (text, expected) in [("cn", Some("CN")), ("US", Some("US")), ("Sg", Some("SG"))] {
            assert_eq!(
                text.parse::<Region>().ok().map(|region| region.to_string()).as_deref(),
                expected
            );
        }
        for text in ["", "C", "CHN", "C1", "中国", "é"] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }
}
