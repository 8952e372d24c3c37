//! What operators write in `rules/detectors/*.yaml`, word for word; no logic.

use serde::Deserialize;

use crate::source::At;

/// Any file of `rules/detectors/`. Every section may stand in any file; lists of several files add up.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DetectorFile {
    pub(super) words: WordsSource,
    pub(super) contexts: Vec<ContextSource>,
    pub(super) fields: Vec<FieldSource>,
    pub(super) values: Vec<ValueSource>,
    pub(super) cues: Vec<CueSource>,
    pub(super) patterns: Vec<PatternSource>,
    pub(super) thresholds: Vec<ThresholdSource>,
    /// Names of people.
    pub(super) names: NamesSource,
    /// Field names that say nothing of their value, though their words do: `last_login`.
    pub(super) misleading: Vec<String>,
    /// Values that stand for "nothing known".
    pub(super) placeholders: Vec<String>,
    /// What a message to a user ends in that says of a field what it has to be: `is required`.
    pub(super) placeholder_endings: Vec<String>,
    /// Words that make a bare number something else than an identifier.
    pub(super) against: Vec<String>,
    pub(super) suppress: Vec<SuppressSource>,
}

/// Words that field names are built with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WordsSource {
    /// Change nothing before a name: `customer` in `customer_email`.
    pub(super) prefixes: Vec<String>,
    /// Change nothing after a name: `number` in `phone_number`.
    pub(super) suffixes: Vec<String>,
    /// Say that the value is a hash.
    pub(super) hashed: Vec<String>,
    /// Say that the value is encrypted.
    pub(super) encrypted: Vec<String>,
    /// At the beginning, make the name a statement about the value: `is` in `is_email`.
    pub(super) statements: Vec<String>,
    /// At the end, likewise: `verified` in `email_verified`.
    pub(super) attributes: Vec<String>,
    /// Hold the name of the value beside them: `key` in `{"key": "phone", "value": …}`.
    pub(super) tellers: Vec<String>,
    #[serde(default)]
    pub(super) queries: Vec<String>,
    /// Over a list, say that it names the columns of a table: `columns` in `{"columns": ["phone"], "rows": [[…]]}`.
    pub(super) heads: Vec<String>,
    /// Stand for the object around them: `value` in `phone: {value: …}`.
    pub(super) stand_ins: Vec<String>,
    /// Of these, what may stand before the name it has: `{"value": …, "key": "phone"}`.
    pub(super) values: Vec<String>,
    /// Say what kind of thing the object around them is: `type` in `{"sender": {"type": "Organization", …}}`.
    #[serde(default)]
    pub(super) classifiers: Vec<String>,
    /// Say in words what a value beside them says in a code: `desc` in `{"sex": {"code": "F", "desc": "FEMALE"}}`.
    #[serde(default)]
    pub(super) descriptions: Vec<String>,
    /// Say how a value is kept, and are never the value: `lastupdated`, `schemeID`.
    #[serde(default)]
    pub(super) administrative: Vec<String>,
}

/// Names of people, in lower case, with white space between them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NamesSource {
    /// Begin a name, titles among them.
    pub(super) given: String,
    /// End a name; of Chinese, Japanese and Korean names the beginning.
    pub(super) family: String,
    /// Words of which things are called rather than people.
    pub(super) things: String,
}

/// What an object is about, by the name it stands under or by one of its members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextSource {
    pub(super) id: At<String>,
    /// Names an object or list of this kind stands under.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// The same, but not where they end a longer name: `profile`, not `instance_profile`.
    #[serde(default)]
    pub(super) names_alone: Vec<String>,
    /// Names of members that only such an object has.
    #[serde(default)]
    pub(super) beside: Vec<String>,
    /// Short names of members that mean something only together: two of them show such an object.
    #[serde(default)]
    pub(super) signs: Vec<String>,
    /// Also for what stands before the members that show it; a message in which something does is walked
    /// twice.
    #[serde(default)]
    pub(super) any_order: bool,
    /// What a member such as `type` calls an object of this kind: `{"sender": {"type": "Organization", …}}`.
    #[serde(default)]
    pub(super) kinds: Vec<String>,
    /// Names of columns: one shows it of the records of a table in which no column is about anybody.
    #[serde(default)]
    pub(super) columns: Vec<String>,
    /// Contexts of somebody's: where a member shows one of these, no other shows this one, and what opens one of them
    /// ends this one.
    #[serde(default)]
    pub(super) unless: Vec<At<String>>,
    /// Holds for everything inside, however deep.
    #[serde(default)]
    pub(super) lasting: bool,
    /// What members show holds for their object alone, and for nothing inside it.
    #[serde(default)]
    pub(super) near: bool,
    /// What is inside belongs to somebody else than the subject.
    #[serde(default)]
    pub(super) third_party: bool,
}

/// A table of field names for one category.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSource {
    pub(super) category: At<String>,
    /// Whole names, less prefixes and suffixes.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// Names that may end a longer one: `email` in `project_owner_email`.
    #[serde(default)]
    pub(super) endings: Vec<String>,
    /// Take names as they are, with no prefix or suffix.
    #[serde(default)]
    pub(super) exact: bool,
    /// Only in these contexts.
    #[serde(default)]
    pub(super) inside: Vec<At<String>>,
    /// Not in these contexts.
    #[serde(default)]
    pub(super) outside: Vec<At<String>>,
    /// How sure the name makes us, in percent; of a value that passes the check when there is one.
    pub(super) confidence: At<u8>,
    /// What the value has to pass.
    #[serde(default)]
    pub(super) check: Option<At<String>>,
    /// How sure it makes us of a value written as only such values are; as `confidence` when absent.
    #[serde(default)]
    pub(super) checked: Option<At<u8>>,
    /// A value counts as written so only when it is a name that the lists of names know.
    #[serde(default)]
    pub(super) listed: bool,
    /// Only when they know both its ends, or one as a given name and no word of it as a thing's.
    #[serde(default)]
    pub(super) known: bool,
    /// Only when every word of it is a name that the lists know, and of no thing.
    #[serde(default)]
    pub(super) family: bool,
    /// `checked` counts only where the value is one word, and that a given name of the lists and nothing else.
    #[serde(default)]
    pub(super) given: bool,
    /// How sure the name makes us of a value that fails the check; not at all when absent.
    #[serde(default)]
    pub(super) unchecked: Option<At<u8>>,
    /// The category of a value the check finds less exact: imprecise rather than precise location.
    #[serde(default)]
    pub(super) coarse: Option<At<String>>,
    /// Members without a category of their own belong to this one: the lines of an address. When absent, those of what is
    /// somebody's do; those of an anonymous category or of a collection, or where `values_only` is set, do not.
    pub(super) spreads: Option<bool>,
    /// Those as well whose names otherwise are of what is said about a value: the version of a system.
    #[serde(default)]
    pub(super) attributes: bool,
    /// Not to members that say what others are called: the name of a cookie.
    #[serde(default)]
    pub(super) named: bool,
    /// The value is prose, which is searched for further findings.
    #[serde(default)]
    pub(super) prose: bool,
    /// A list or object under this name is one finding, whatever the taxonomy says of the category.
    #[serde(default)]
    pub(super) whole: bool,
    /// Only a list under this name is meant: `track` as a list of places, not as a piece of music.
    #[serde(default)]
    pub(super) lists_only: bool,
    /// A list or object under this name is no finding, whatever the taxonomy says of the category: `image` may
    /// be what a container runs.
    #[serde(default)]
    pub(super) values_only: bool,
    /// Lists inside each other hold values of it to this depth: the corners of an area are nobody's places.
    pub(super) lists_max: Option<u8>,
}

/// A kind of value that is recognised by its form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueSource {
    pub(super) category: At<String>,
    pub(super) check: At<String>,
    /// Jurisdiction the value speaks for, when the check itself does not say.
    #[serde(default)]
    pub(super) issuer: Option<At<String>>,
    /// How sure the bare characters make us.
    #[serde(default)]
    pub(super) plain: Option<At<u8>>,
    /// How sure the issuer's own way of writing makes us.
    #[serde(default)]
    pub(super) shaped: Option<At<u8>>,
    /// How sure a supporting word makes us.
    #[serde(default)]
    pub(super) supported: Option<At<u8>>,
    /// Words that support it, in the field's name or shortly before the value.
    #[serde(default)]
    pub(super) words: Vec<String>,
    /// Phrases that support it where they stand shortly behind the value.
    #[serde(default)]
    pub(super) behind: Vec<String>,
    /// Words that speak against it, besides the general list.
    #[serde(default)]
    pub(super) against: Vec<String>,
    /// Contexts that speak against it as such words do.
    #[serde(default)]
    pub(super) outside: Vec<At<String>>,
    /// Words of the general list do not speak against it.
    #[serde(default)]
    pub(super) certain: bool,
    /// Others write theirs so as well.
    #[serde(default)]
    pub(super) shared: bool,
}

/// Words in prose that announce what follows them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CueSource {
    pub(super) category: At<String>,
    /// `name`, `known_name`, `likely_name`, `name_before`, `postal_address`, `street` for a word inside an address, or a check of
    /// what follows.
    pub(super) reads: At<String>,
    pub(super) confidence: At<u8>,
    /// A name needs this many words; two when absent.
    #[serde(default)]
    pub(super) least_words: Option<At<u8>>,
    /// Categories of values beside which a known name needs no cue.
    #[serde(default)]
    pub(super) beside: Vec<At<String>>,
    pub(super) cues: Vec<String>,
}

/// An operator's own pattern. It is tried on the fields it names, never on everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternSource {
    pub(super) id: At<String>,
    pub(super) category: At<String>,
    pub(super) pattern: At<String>,
    pub(super) fields: Vec<String>,
    pub(super) confidence: At<u8>,
    #[serde(default)]
    pub(super) check: Option<At<String>>,
}

/// Findings less sure than this are not made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThresholdSource {
    /// A category and all below it; `**` for every category not named elsewhere.
    pub(super) category: At<String>,
    pub(super) minimum: At<u8>,
}

/// What is never a finding.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SuppressSource {
    /// Only findings of these categories; all when absent.
    #[serde(default)]
    pub(super) categories: Vec<At<String>>,
    /// Only in fields of these names; all when absent.
    #[serde(default)]
    pub(super) fields: Vec<String>,
    /// Only these values; all when absent.
    #[serde(default)]
    pub(super) values: Vec<String>,
    /// Only values that end so: `@example.com`.
    #[serde(default)]
    pub(super) value_endings: Vec<String>,
    /// Why, for the next reader.
    pub(super) reason: At<String>,
}
