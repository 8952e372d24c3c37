//! The nodes of a tree as serde reads them: what stands there, and where it was when it cannot be read.

use serde::de::{self, Deserializer, IntoDeserializer, Visitor};

use super::{
    Node, NodeValue,
    at::AT,
    complaint::{Complaint, Spot, mapping_of},
    diagnostic::shown,
    give_way,
};

/// A node, from which serde reads a value.
#[derive(Clone, Copy)]
pub(super) struct Reader<'n> {
    pub(super) node: &'n Node,
}

impl<'n> Reader<'n> {
    fn placed<T>(self, result: Result<T, Complaint>) -> Result<T, Complaint> {
        result.map_err(|mut complaint| {
            if complaint.at.is_none() {
                complaint.at = Some(Spot::of(self.node));
                // Whoever reads a text by themselves repeats all of it.
                if let Some(text) = self.node.text().filter(|text| !text.is_empty()) {
                    let short = shown(text);
                    if short != text {
                        complaint.message = complaint.message.replace(text, &short);
                    }
                }
            }
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
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Complaint> {
        // An empty section (`limits:` with nothing below) means its defaults.
        if self.node.is_null() {
            return self.placed(visitor.visit_map(Entries { rest: [].iter(), value: None }));
        }
        let found = match &self.node.value {
            NodeValue::Mapping(_) => return self.deserialize_any(visitor),
            NodeValue::Scalar { .. } => "a text",
            NodeValue::Sequence(_) => "a list",
        };
        // Some say themselves what they are, in better words.
        let expected = (&visitor as &dyn de::Expected).to_string();
        let is_plain = expected.starts_with("struct ");
        let expected = if is_plain { mapping_of(keys) } else { expected };
        let message = format!("found {found}, expected {expected}");
        let remedy = "give it as `key: value`, or name the file that was meant";
        let complaint = Complaint::new(message.clone(), message);
        self.placed(Err(Complaint { remedy: Some(remedy.to_owned()), ..complaint }))
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

/// Line, column and value, in that order, for [`At`](super::At).
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
