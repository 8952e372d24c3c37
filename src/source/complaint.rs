//! What serde complains of, in words of those who write files, placed where it was met.

use std::fmt;

use serde::de;

use super::{Diagnostics, Node, Place, diagnostic::shown, tree::Telling};

#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub(super) id: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Spot {
    pub(super) fn of(node: &Node) -> Self {
        Self { id: node.id, line: node.line, column: node.column }
    }
}

/// A complaint of serde, placed at the innermost node it passed through.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) message: String,
    /// The same without what stands in the file.
    pub(super) bare: String,
    pub(super) remedy: Option<String>,
    /// The key that is.
    pub(super) missing: Option<&'static str>,
    /// The words that may stand there.
    pub(super) known: Option<&'static [&'static str]>,
    pub(super) at: Option<Spot>,
}

impl Complaint {
    pub(super) fn new(message: String, bare: impl Into<String>) -> Self {
        let bare = bare.into();
        Self { message, bare, remedy: None, missing: None, known: None, at: None }
    }

    pub(super) fn tell(
        self,
        file: &str,
        at: Spot,
        telling: Telling,
        diagnostics: &mut Diagnostics,
    ) {
        let place = Place { file: file.to_owned(), line: at.line, column: at.column };
        let message = match telling {
            Telling::Words => self.message,
            Telling::Places => self.bare,
        };
        let diagnostic = diagnostics.error(place, message);
        if let Some(remedy) = self.remedy {
            diagnostic.remedy(remedy);
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

impl de::Error for Complaint {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string(), "this is not what may stand here")
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        // YAML takes a tab for a part of the key where one line is a mapping by itself.
        if field.starts_with('\t') {
            return Self {
                remedy: Some("indent by spaces; YAML takes a tab for a part of the key".to_owned()),
                ..Self::new(
                    format!("a tab stands before `{}`", shown(field.trim_start())),
                    "a tab stands before a key",
                )
            };
        }
        Self {
            remedy: suggest(field, expected, "key"),
            ..Self::new(format!("unknown key `{}`", shown(field)), "unknown key")
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            remedy: suggest(variant, expected, "value"),
            known: Some(expected),
            ..Self::new(format!("unknown value `{}`", shown(variant)), "unknown value")
        }
    }

    fn missing_field(field: &'static str) -> Self {
        let message = format!("required key `{field}` is missing");
        Self {
            missing: Some(field),
            remedy: Some(format!("add `{field}:`")),
            ..Self::new(message.clone(), message)
        }
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let wanted = wanted(expected);
        let bare = format!("found {}, expected {wanted}", kind(unexpected));
        // Where a mapping should stand, what stands there is mostly another file.
        let is_scalar_wanted = !wanted.starts_with("a mapping") && !wanted.starts_with("a list");
        let found = if is_scalar_wanted { describe(unexpected) } else { kind(unexpected) };
        Self::new(format!("found {found}, expected {wanted}"), bare)
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        let message = format!("found {length} items, expected {}", wanted(expected));
        Self::new(message.clone(), message)
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
        "a string" | "path string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        "variant identifier" => "a name".to_owned(),
        // The names of types are ours, and no words of those who write files.
        other => match other.split(' ').next() {
            Some("struct" | "internally" | "adjacently") => "a mapping".to_owned(),
            Some("tuple") => "a list".to_owned(),
            Some("enum") => "a name or a mapping".to_owned(),
            Some(_) | None => expected,
        },
    }
}

fn describe(unexpected: de::Unexpected<'_>) -> String {
    match unexpected {
        de::Unexpected::Bool(value) => format!("`{value}`"),
        de::Unexpected::Unsigned(value) => format!("`{value}`"),
        de::Unexpected::Signed(value) => format!("`{value}`"),
        de::Unexpected::Float(value) => format!("`{value}`"),
        de::Unexpected::Str(value) => format!("`{}`", shown(value)),
        de::Unexpected::Bytes(_)
        | de::Unexpected::Char(_)
        | de::Unexpected::Unit
        | de::Unexpected::Option
        | de::Unexpected::NewtypeStruct
        | de::Unexpected::Seq
        | de::Unexpected::Map
        | de::Unexpected::Enum
        | de::Unexpected::UnitVariant
        | de::Unexpected::NewtypeVariant
        | de::Unexpected::TupleVariant
        | de::Unexpected::StructVariant
        | de::Unexpected::Other(_) => kind(unexpected),
    }
}

fn kind(unexpected: de::Unexpected<'_>) -> String {
    let kind = match unexpected {
        de::Unexpected::Bool(_) => "`true` or `false`",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) | de::Unexpected::Float(_) => {
            "a number"
        }
        de::Unexpected::Str(_) | de::Unexpected::Char(_) | de::Unexpected::Bytes(_) => "a text",
        de::Unexpected::Unit | de::Unexpected::Option => "nothing",
        de::Unexpected::Seq | de::Unexpected::TupleVariant => "a list",
        de::Unexpected::Map | de::Unexpected::StructVariant => "a mapping",
        de::Unexpected::Enum | de::Unexpected::UnitVariant => "a name alone",
        de::Unexpected::NewtypeVariant | de::Unexpected::NewtypeStruct => "a name with a value",
        de::Unexpected::Other(other) => other,
    };
    kind.to_owned()
}

/// What a mapping has, where that is soon said: ``a mapping with `current:` and `keys:` ``.
pub(super) fn mapping_of(keys: &[&str]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}:`")).collect();
    match keys.as_slice() {
        [one] => format!("a mapping with {one}"),
        [first @ .., last] if first.len() < 4 => {
            format!("a mapping with {} and {last}", first.join(", "))
        }
        [..] => "a mapping".to_owned(),
    }
}

/// The nearest known word, or all of them when none is near.
pub(crate) fn suggest(word: &str, known: &[&str], noun: &str) -> Option<String> {
    if let Some(nearest) = near(word, known) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let end = if noun.ends_with('s') { "es" } else { "s" };
    Some(format!("the {noun}{end} here are {}", list.join(", ")))
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
