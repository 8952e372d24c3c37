//! Kinds of personal data, interned: a [`Tag`] is a small number, a [`TagSet`] a bit set, and the
//! [`Taxonomy`] the dictionary between numbers and the keys that rules and records use.

use std::{collections::HashMap, fmt};

/// One category of the taxonomy, such as `user.contact.email`, as its number in the [`Taxonomy`].
/// Numbers are those of one generation of the rules; only keys leave the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u16);

/// How much harm a category can do when it crosses a border; each category of `rules/taxonomy/` says its own.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Not personal while no identifier stands beside it (MI-14).
    Anonymous,
    Ordinary,
    Sensitive,
}

/// A category as rule files name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Dotted key below a fideslang parent, `user.device.device_id.imei`.
    pub key: String,
    /// The short name that purposes, permits and consents use, `imei`.
    pub short: String,
    /// Words for a reader who has not seen the key.
    pub title: String,
    /// Nearest W3C DPV personal-data term, `pd:UID`.
    pub dpv: Option<String>,
    pub sensitivity: Sensitivity,
    /// Identifies a person or device by itself, so that anonymous data beside it becomes personal.
    pub identifier: bool,
    /// Its value is usually an object or array that is judged as one thing (contacts, SMS, track).
    pub container: bool,
    /// What goes where a container of this category may go, besides its own kind.
    pub covers: Vec<TagPattern>,
}

/// Why categories do not make a taxonomy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaxonomyError {
    #[error("category `{0}` is declared twice")]
    Duplicate(String),
    #[error("short name `{short}` belongs to `{first}` and to `{second}`")]
    Ambiguous { short: String, first: String, second: String },
    #[error("{count} categories are more than the {max} a tag set holds", max = TagSet::CAPACITY)]
    TooMany { count: usize },
}

/// The categories of one generation.
#[derive(Debug, Clone, Default)]
pub struct Taxonomy {
    categories: Vec<Category>,
    by_name: HashMap<String, Tag>,
}

impl Taxonomy {
    /// Every complaint is reported, in the order of `categories`.
    pub fn new(categories: Vec<Category>) -> Result<Self, Vec<TaxonomyError>> {
        let mut errors = Vec::new();
        let mut by_name: HashMap<String, Tag> = HashMap::new();
        if categories.len() > TagSet::CAPACITY {
            errors.push(TaxonomyError::TooMany { count: categories.len() });
        }
        for (category, number) in categories.iter().zip(0u16..) {
            if by_name.insert(category.key.clone(), Tag(number)).is_some() {
                errors.push(TaxonomyError::Duplicate(category.key.clone()));
            }
        }
        for (category, number) in categories.iter().zip(0u16..) {
            if category.short == category.key {
                continue;
            }
            if let Some(first) = by_name.insert(category.short.clone(), Tag(number))
                && first != Tag(number)
            {
                errors.push(TaxonomyError::Ambiguous {
                    short: category.short.clone(),
                    first: categories
                        .get(usize::from(first.0))
                        .map(|c| c.key.clone())
                        .unwrap_or_default(),
                    second: category.key.clone(),
                });
            }
        }
        if errors.is_empty() { Ok(Self { categories, by_name }) } else { Err(errors) }
    }

    /// By dotted key or short name.
    pub fn tag(&self, name: &str) -> Option<Tag> {
        self.by_name.get(name).copied()
    }

    pub fn category(&self, tag: Tag) -> Option<&Category> {
        self.categories.get(usize::from(tag.0))
    }

    /// The dotted key; `?` for a tag of another taxonomy.
    pub fn key(&self, tag: Tag) -> &str {
        self.category(tag).map_or("?", |category| &category.key)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Tag, &Category)> {
        (0u16..).map(Tag).zip(&self.categories)
    }

    pub fn len(&self) -> usize {
        self.categories.len()
    }

    pub fn is_empty(&self) -> bool {
        self.categories.is_empty()
    }

    /// All tags a pattern means; empty when it means none, which compilers report.
    pub fn select(&self, pattern: &TagPattern) -> TagSet {
        // A short name means its category's key, and so everything below that key.
        let by_key = self.tag(&pattern.0).map(|tag| TagPattern(self.key(tag).to_owned()));
        let pattern = by_key.as_ref().unwrap_or(pattern);
        self.iter().filter(|(_, category)| pattern.matches(category)).map(|(tag, _)| tag).collect()
    }
}

/// `user.device.**` (everything below), `user.contact.*` (one step below), a key, or a short name.
/// A key or short name also means everything below it: `user.name` covers `user.name.first`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagPattern(pub String);

impl TagPattern {
    fn matches(&self, category: &Category) -> bool {
        let pattern = self.0.as_str();
        if pattern == "*" || pattern == "**" {
            return true;
        }
        if let Some(prefix) = pattern.strip_suffix(".**") {
            return below(&category.key, prefix).is_some();
        }
        if let Some(prefix) = pattern.strip_suffix(".*") {
            return below(&category.key, prefix).is_some_and(|rest| !rest.contains('.'));
        }
        category.key == pattern || below(&category.key, pattern).is_some()
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn below<'k>(key: &'k str, prefix: &str) -> Option<&'k str> {
    key.strip_prefix(prefix)?.strip_prefix('.')
}

/// A set of tags as bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TagSet([u64; Self::WORDS]);

impl TagSet {
    const WORDS: usize = 4;
    /// Most categories a taxonomy may hold.
    pub(crate) const CAPACITY: usize = Self::WORDS * 64;
    pub(crate) const EMPTY: Self = Self([0; Self::WORDS]);
    pub const ALL: Self = Self([u64::MAX; Self::WORDS]);

    pub fn insert(&mut self, tag: Tag) {
        if let Some(word) = self.0.get_mut(usize::from(tag.0 / 64)) {
            *word |= 1 << (tag.0 % 64);
        }
    }

    pub fn contains(&self, tag: Tag) -> bool {
        self.0.get(usize::from(tag.0 / 64)).is_some_and(|word| word >> (tag.0 % 64) & 1 == 1)
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    pub fn iter(&self) -> impl Iterator<Item = Tag> {
        (0u16..).step_by(64).zip(self.0).flat_map(|(first, mut word)| {
            std::iter::from_fn(move || {
                let bit = u16::try_from(word.trailing_zeros()).ok().filter(|bit| *bit < 64)?;
                // All but the lowest of what is left.
                word &= word - 1;
                Some(Tag(first + bit))
            })
        })
    }

    fn zip(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        for (word, other) in words.iter_mut().zip(other.0) {
            *word = combine(*word, other);
        }
        Self(words)
    }
}

impl FromIterator<Tag> for TagSet {
    fn from_iter<I: IntoIterator<Item = Tag>>(tags: I) -> Self {
        let mut set = Self::EMPTY;
        tags.into_iter().for_each(|tag| set.insert(tag));
        set
    }
}

impl fmt::Debug for TagSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|tag| tag.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(key: &str, short: &str) -> Category {
        Category {
            key: key.into(),
            short: short.into(),
            title: String::new(),
            dpv: None,
            sensitivity: Sensitivity::Ordinary,
            identifier: true,
            container: false,
            covers: Vec::new(),
        }
    }

    #[test]
    fn a_pattern_means_a_key_a_short_name_or_a_subtree() {
        let taxonomy = Taxonomy::new(vec![
            category("user.name", "name"),
            category("user.name.first", "first_name"),
            category("user.named", "named"),
            category("user.device.device_id.imei", "imei"),
        ])
        .unwrap();
        for (pattern, expected) in [
            ("name", &[0u16, 1][..]),
            ("user.name", &[0, 1]),
            ("user.name.*", &[1]),
            ("user.*", &[0, 2]),
            ("user.**", &[0, 1, 2, 3]),
            ("user.device.**", &[3]),
            ("imei", &[3]),
            ("imeisv", &[]),
        ] {
            let found: Vec<u16> =
                taxonomy.select(&TagPattern(pattern.into())).iter().map(|tag| tag.0).collect();
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn every_complaint_is_reported() {
        let errors =
            Taxonomy::new(vec![category("a", "x"), category("a", "y"), category("b", "x")])
                .unwrap_err();
        assert_eq!(errors.len(), 2, "{errors:?}");
    }
}
