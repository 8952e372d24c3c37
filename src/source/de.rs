//! The tree read into source types by serde, with every complaint placed.
//!
//! serde stops at the first error. Here the node that caused it is taken out of the tree and reading
//! starts again, so that a file with five mistakes gets five complaints. A complaint that is only the
//! shadow of an earlier one (a required field missing because it was just taken out) is not repeated.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};

use super::{Diagnostics, Node, NodeValue, Place, SourceFile, give_way, parse};

/// A value and where it was written. Two are equal when they say the same, wherever they were written.
#[derive(Debug, Clone, Default)]
pub struct At<T> {
    pub value: T,
    pub line: u32,
    pub column: u32,
}

impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for At<T> {}

impl<T> At<T> {
    pub fn place(&self, file: &str) -> Place {
        Place { file: file.to_owned(), line: self.line, column: self.column }
    }
}

impl<T> std::ops::Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: serde::Serialize> serde::Serialize for At<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for At<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<T>()
    }
}

/// Reads `file` as `T`. Complaints go to `diagnostics`; `None` when there was an error.
pub fn read<T: DeserializeOwned>(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<T> {
    let before = diagnostics.error_count();
    read_on(file, diagnostics).filter(|_| diagnostics.error_count() == before)
}

/// Reads `file` as `T` without what was wrong in it, so that the rest can be checked in the same pass.
/// Whoever calls this must see to it that `diagnostics` is heeded.
pub fn read_on<T: DeserializeOwned>(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<T> {
    let before = diagnostics.error_count();
    let mut root = parse(file, diagnostics).unwrap_or(Node {
        value: NodeValue::Mapping(Vec::new()),
        id: 0,
        line: 1,
        column: 1,
    });
    if diagnostics.error_count() > before && root.value == NodeValue::Mapping(Vec::new()) {
        return None;
    }
    // The mappings and lists that something was taken out of.
    let mut holes: Vec<u32> = Vec::new();
    loop {
        let error = match T::deserialize(Reader { node: &root }) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let at = error.at.unwrap_or(Spot { id: root.id, line: root.line, column: root.column });
        if !(error.missing && holes.contains(&at.id)) {
            let place = Place { file: file.name.clone(), line: at.line, column: at.column };
            let diagnostic = diagnostics.error(place, error.message);
            if let Some(remedy) = error.remedy {
                diagnostic.remedy(remedy);
            }
        }
        match remove(&mut root, at.id) {
            Some(hole) => holes.push(hole),
            None => return None,
        }
    }
}

/// Reads one node of `file` as `T`. The first complaint goes to `diagnostics`.
pub(crate) fn read_node<T: DeserializeOwned>(
    file: &str,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    match T::deserialize(Reader { node }) {
        Ok(value) => Some(value),
        Err(error) => {
            let at = error.at.unwrap_or(Spot { id: node.id, line: node.line, column: node.column });
            let place = Place { file: file.to_owned(), line: at.line, column: at.column };
            let diagnostic = diagnostics.error(place, error.message);
            if let Some(remedy) = error.remedy {
                diagnostic.remedy(remedy);
            }
            None
        }
    }
}

/// Takes a node (or the entry whose key or value it is) out of the tree; the node it was taken from.
fn remove(node: &mut Node, id: u32) -> Option<u32> {
    let hole = node.id;
    match &mut node.value {
        NodeValue::Scalar { .. } => None,
        NodeValue::Sequence(items) => {
            let before = items.len();
            items.retain(|item| item.id != id);
            if items.len() < before {
                Some(hole)
            } else {
                items.iter_mut().find_map(|item| remove(item, id))
            }
        }
        NodeValue::Mapping(entries) => {
            let before = entries.len();
            entries.retain(|(key, value)| key.id != id && value.id != id);
            if entries.len() < before {
                Some(hole)
            } else {
                entries.iter_mut().find_map(|(_, value)| remove(value, id))
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Spot {
    id: u32,
    line: u32,
    column: u32,
}

/// A complaint of serde, placed at the innermost node it passed through.
#[derive(Debug)]
struct Complaint {
    message: String,
    remedy: Option<String>,
    missing: bool,
    at: Option<Spot>,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

impl de::Error for Complaint {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), remedy: None, missing: false, at: None }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self {
            remedy: suggest(field, expected, "key"),
            ..Self::custom(format!("unknown key `{field}`"))
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            remedy: suggest(variant, expected, "value"),
            ..Self::custom(format!("unknown value `{variant}`"))
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            missing: true,
            remedy: Some(format!("add `{field}:`")),
            ..Self::custom(format!("required key `{field}` is missing"))
        }
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("found {}, expected {}", describe(unexpected), wanted(expected)))
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("found {}, expected {}", describe(unexpected), wanted(expected)))
    }
}

/// What a file should have, in words of those who write it.
fn wanted(expected: &dyn de::Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" | "u32" | "u64" | "usize" => "a whole number, not below 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        _ => expected,
    }
}

fn describe(unexpected: de::Unexpected<'_>) -> String {
    match unexpected {
        de::Unexpected::Bool(value) => format!("`{value}`"),
        de::Unexpected::Unsigned(value) => format!("`{value}`"),
        de::Unexpected::Signed(value) => format!("`{value}`"),
        de::Unexpected::Float(value) => format!("`{value}`"),
        de::Unexpected::Str(value) => format!("`{value}`"),
        de::Unexpected::Unit => "nothing".to_owned(),
        de::Unexpected::Seq => "a list".to_owned(),
        de::Unexpected::Map => "a mapping".to_owned(),
        de::Unexpected::Enum
        | de::Unexpected::UnitVariant
        | de::Unexpected::NewtypeVariant
        | de::Unexpected::TupleVariant
        | de::Unexpected::StructVariant
        | de::Unexpected::NewtypeStruct
        | de::Unexpected::Option
        | de::Unexpected::Bytes(_)
        | de::Unexpected::Char(_)
        | de::Unexpected::Other(_) => unexpected.to_string(),
    }
}

/// The nearest known word, or all of them when none is near.
pub(crate) fn suggest(word: &str, known: &[&str], noun: &str) -> Option<String> {
    if let Some(nearest) = near(word, known) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    Some(format!("the {noun}s here are {}", list.join(", ")))
}

/// The one that a misspelt word was most likely to be.
pub(crate) fn near<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let nearest = known.iter().min_by_key(|candidate| distance(word, candidate))?;
    (distance(word, nearest) <= 2.max(word.len() / 4)).then_some(nearest)
}

/// Levenshtein distance, for suggestions.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, above) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(from != *to)).min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// The magic name under which [`At`] asks a [`Reader`] for the place.
const AT: &str = "$bordergate::source::At";

impl<'de, T: de::Deserialize<'de>> de::Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AtVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: de::Deserialize<'de>> Visitor<'de> for AtVisitor<T> {
            type Value = At<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<At<T>, A::Error> {
                let missing = || de::Error::custom("a place without its value");
                let line = seq.next_element()?.ok_or_else(missing)?;
                let column = seq.next_element()?.ok_or_else(missing)?;
                let value = seq.next_element()?.ok_or_else(missing)?;
                Ok(At { value, line, column })
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<At<T>, D::Error> {
                Ok(At { value: T::deserialize(deserializer)?, line: 0, column: 0 })
            }
        }
        deserializer.deserialize_newtype_struct(AT, AtVisitor(std::marker::PhantomData))
    }
}

#[derive(Clone, Copy)]
struct Reader<'n> {
    node: &'n Node,
}

impl<'n> Reader<'n> {
    fn placed<T>(self, result: Result<T, Complaint>) -> Result<T, Complaint> {
        result.map_err(|mut complaint| {
            complaint.at.get_or_insert(Spot {
                id: self.node.id,
                line: self.node.line,
                column: self.node.column,
            });
            complaint
        })
    }

    fn any<V: Visitor<'n>>(self, visitor: V) -> Result<V::Value, Complaint> {
        match &self.node.value {
            NodeValue::Scalar { text, plain: true } => {
                if self.node.is_null() {
                    visitor.visit_unit()
                } else if let Some(flag) = boolean(text) {
                    visitor.visit_bool(flag)
                } else if let Ok(number) = text.parse::<u64>() {
                    visitor.visit_u64(number)
                } else if let Ok(number) = text.parse::<i64>() {
                    visitor.visit_i64(number)
                } else if let Some(number) = float(text) {
                    visitor.visit_f64(number)
                } else {
                    visitor.visit_borrowed_str(text)
                }
            }
            NodeValue::Scalar { text, plain: false } => visitor.visit_borrowed_str(text),
            NodeValue::Sequence(items) => {
                let mut access = de::value::SeqDeserializer::new(items.iter());
                let value = visitor.visit_seq(&mut access)?;
                access.end()?;
                Ok(value)
            }
            NodeValue::Mapping(entries) => {
                visitor.visit_map(Entries { rest: entries.iter(), value: None })
            }
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn float(text: &str) -> Option<f64> {
    // Only what YAML's core schema calls a number: `inf`, `nan` and the like stay texts.
    let first = text.bytes().find(|byte| !matches!(byte, b'+' | b'-' | b'.'))?;
    first.is_ascii_digit().then(|| text.parse().ok()).flatten()
}

impl<'n> IntoDeserializer<'n, Complaint> for &'n Node {
    type Deserializer = Reader<'n>;

    fn into_deserializer(self) -> Reader<'n> {
        Reader { node: self }
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Complaint;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.placed(self.any(visitor))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        // A text may look like a number or a boolean: `id: 2019-03-18`, `version: 10`.
        match self.node.text() {
            Some(text) if !self.node.is_null() => self.placed(visitor.visit_borrowed_str(text)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Complaint> {
        let result =
            if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) };
        self.placed(result)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        let result = if name == AT {
            visitor.visit_seq(Placed { node: self.node, step: 0 })
        } else {
            visitor.visit_newtype_struct(self)
        };
        self.placed(result)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        let result = match &self.node.value {
            NodeValue::Scalar { text, .. } => visitor.visit_enum(text.as_str().into_deserializer()),
            NodeValue::Mapping(entries) => {
                visitor.visit_enum(de::value::MapAccessDeserializer::new(Entries {
                    rest: entries.iter(),
                    value: None,
                }))
            }
            NodeValue::Sequence(_) => {
                Err(de::Error::invalid_type(de::Unexpected::Seq, &"a name or a mapping"))
            }
        };
        self.placed(result)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        // An empty section (`limits:` with nothing below) means its defaults.
        if self.node.is_null() {
            return self.placed(visitor.visit_map(Entries { rest: [].iter(), value: None }));
        }
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map ignored_any
    }
}

struct Entries<'n> {
    rest: std::slice::Iter<'n, (Node, Node)>,
    value: Option<&'n Node>,
}

impl<'n> de::MapAccess<'n> for Entries<'n> {
    type Error = Complaint;

    fn next_key_seed<K: de::DeserializeSeed<'n>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Complaint> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        give_way();
        self.value = Some(value);
        let reader = Reader { node: key };
        reader.placed(seed.deserialize(reader)).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'n>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Complaint> {
        let node = self.value.take().ok_or_else(|| de::Error::custom("a value without its key"))?;
        let reader = Reader { node };
        reader.placed(seed.deserialize(reader))
    }
}

/// Line, column and value, in that order, for [`At`].
struct Placed<'n> {
    node: &'n Node,
    step: u8,
}

impl<'n> de::SeqAccess<'n> for Placed<'n> {
    type Error = Complaint;

    fn next_element_seed<T: de::DeserializeSeed<'n>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Complaint> {
        self.step += 1;
        match self.step {
            1 => seed.deserialize(self.node.line.into_deserializer()).map(Some),
            2 => seed.deserialize(self.node.column.into_deserializer()).map(Some),
            3 => seed.deserialize(Reader { node: self.node }).map(Some),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        name: String,
        #[serde(default)]
        port: u16,
        #[serde(default)]
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Item {
        id: At<String>,
        #[serde(default)]
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        First,
        Second,
    }

    fn read_text(text: &str) -> (Option<Settings>, Vec<String>) {
        let mut diagnostics = Diagnostics::default();
        let file = SourceFile { name: "a.yaml".into(), text: text.into() };
        let settings = read(&file, &mut diagnostics);
        (settings, diagnostics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_value_knows_its_place() {
        let (settings, complaints) =
            read_text("name: NO\nport: 80\nitems:\n  - id: 10\n    kind: second\n");
        assert_eq!(complaints, [""; 0]);
        let settings = settings.unwrap();
        assert_eq!((settings.name.as_str(), settings.port), ("NO", 80));
        assert_eq!(
            (settings.items[0].id.as_str(), settings.items[0].id.line, settings.items[0].id.column),
            ("10", 4, 9)
        );
        assert_eq!(settings.items[0].kind, Some(Kind::Second));
    }

    #[test]
    fn every_mistake_is_reported_in_one_pass_and_in_its_place() {
        let (settings, complaints) = read_text(
            "nmae: x\nname: y\nport: many\nitems:\n  - id: a\n    kind: frist\n  - kind: second\n",
        );
        assert!(settings.is_none());
        let text = complaints.join("\n");
        for part in [
            "a.yaml:1:1",
            "did you mean `name`?",
            "a.yaml:3:7",
            "a.yaml:6:11",
            "`first`",
            "a.yaml:7:5",
            "required key `id`",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert_eq!(complaints.len(), 4, "{text}");
    }

    #[test]
    fn what_is_not_yaml_is_one_complaint_with_its_line() {
        for (text, line) in [
            ("name: [1, 2\nport: 3\n", "a.yaml:"),
            ("name: a\nname: b\n", "a.yaml:2:1"),
            ("name: &x a\nport: *x\n", "a.yaml:2:7"),
        ] {
            let (settings, complaints) = read_text(text);
            assert!(settings.is_none(), "{text}");
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].starts_with(line), "{complaints:?}");
        }
    }
}
