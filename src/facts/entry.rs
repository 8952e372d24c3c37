//! One entry as an operator or a consent platform writes it, read into a change.
//!
//! ```json
//! {"subject": {"account_id": "…", "phone": "…"}, "consents": [{"scope": "service", "type": "explicit"}]}
//! {"mechanism": {"type": "eu_scc", "id": "scc-1", "valid_until": "2027-01-01"}}
//! ```
//!
//! What is wrong is told by the place in the entry and what was expected there. The entry itself is not
//! repeated: what stands where a date should be may be somebody's number.

use serde_json::{Map, Value, json};

use super::{
    Change, CountScope, Counted, Day, Identifier, IdentifierKind, Pseudonym, SubjectKey,
    SubjectRecord, record::Age,
};
use crate::{
    domain::ShortStr,
    policy::{Consent, Mechanism, Timestamp, Withdrawal},
    telemetry::Name,
};

const SUBJECT_MEMBERS: [&str; 11] = [
    "subject",
    "consents",
    "withdrawn",
    "opt_outs",
    "opt_ins",
    "settings",
    "age",
    "minor",
    "verified",
    "counted",
    "forget",
];
/// Bytes of a word or reference; longer ones are no names.
const WORD_BYTES_MAX: usize = 256;

/// What is wrong with an entry, where in it; free of what it holds.
pub(crate) type EntryError = String;

/// Makes changes out of entries, under the key of the store.
#[derive(Debug, Clone)]
pub(crate) struct EntryReader {
    key: SubjectKey,
    now: Timestamp,
}

impl EntryReader {
    /// `now` is when an age was told that does not say when.
    pub(crate) fn new(key: SubjectKey, now: Timestamp) -> Self {
        Self { key, now }
    }

    /// The change that `entry` of a file asks for. Fails, and says at what, when it has the form of none.
    pub(crate) fn change(&self, entry: &Value) -> Result<Change, EntryError> {
        let Value::Object(entry) = entry else { return Err("it is not a JSON object".to_owned()) };
        match (entry.get("subject"), entry.get("mechanism"), entry.get("remove_mechanism")) {
            (Some(subject), None, None) => self.subject(entry, subject),
            (None, Some(mechanism), None) => {
                only(entry, "it", &["mechanism"])?;
                Ok(Change::Mechanism(Box::new(read_mechanism(mechanism)?)))
            }
            (None, None, Some(id)) => {
                only(entry, "it", &["remove_mechanism"])?;
                Ok(Change::RemoveMechanism { id: word(id, "remove_mechanism")? })
            }
            _ => Err("it has not one of `subject`, `mechanism` and `remove_mechanism`".to_owned()),
        }
    }

    /// The pseudonyms of a subject: given ones first, then by preference. Fails when it has none, or what identifies
    /// it cannot be read.
    pub(crate) fn who(&self, subject: &Value) -> Result<Vec<Pseudonym>, EntryError> {
        let Value::Object(named) = subject else {
            return Err("`subject` is not an object of identifiers".to_owned());
        };
        let mut who = Vec::new();
        for text in texts(named.get("pseudonym"), "subject.pseudonym")? {
            let given = Pseudonym::parse(&text);
            who.push(given.ok_or("`subject.pseudonym` is not 32 hex digits")?);
        }
        let mut known = vec!["pseudonym"];
        for kind in IdentifierKind::ALL {
            let place = format!("subject.{}", kind.as_str());
            for value in texts(named.get(kind.as_str()), &place)? {
                let pseudonym = self.key.pseudonym(Identifier { kind, value: &value });
                who.push(pseudonym.ok_or_else(|| match kind {
                    _ if value.trim().is_empty() => format!("`{place}` is empty"),
                    IdentifierKind::Phone => format!("`{place}` has no digits"),
                    IdentifierKind::DeviceId => format!("`{place}` has neither letters nor digits"),
                    IdentifierKind::AccountId | IdentifierKind::Email => {
                        format!("`{place}` is empty")
                    }
                })?);
            }
            known.push(kind.as_str());
        }
        only(named, "`subject`", &known)?;
        if who.is_empty() {
            return Err(format!("`subject` names nobody; it has one or more of {}", list(&known)));
        }
        Ok(who)
    }

    fn subject(&self, entry: &Map<String, Value>, subject: &Value) -> Result<Change, EntryError> {
        only(entry, "it", &SUBJECT_MEMBERS)?;
        let who = self.who(subject)?;
        match entry.get("forget") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) if entry.len() == 2 => return Ok(Change::Forget { who }),
            Some(_) => return Err("`forget` is not `true` beside a subject alone".to_owned()),
        }
        let record = SubjectRecord {
            consents: each(entry, "consents", read_consent)?,
            withdrawn: each(entry, "withdrawn", |item, place| self.withdrawal(item, place))?,
            opt_outs: each(entry, "opt_outs", word)?.into_iter().map(Into::into).collect(),
            settings: settings(entry)?,
            age: entry.get("age").map(|age| self.age(age)).transpose()?,
            minor: flag(entry, "minor")?,
            verified: flag(entry, "verified")?,
        };
        Ok(Change::Tell {
            who,
            record: Box::new(record),
            opt_ins: each(entry, "opt_ins", word)?,
            counted: each(entry, "counted", read_counted)?,
        })
    }

    /// A withdrawal that does not say since when holds from now on.
    fn withdrawal(&self, item: &Value, place: &str) -> Result<Withdrawal, EntryError> {
        const SHAPE: &str =
            "with `scope` (`all`, `consent:…`, `purpose:…`, `category:…`, `recipient:…`) and `at`";
        let least = json!({ "scope": "all" });
        let mut withdrawal: Withdrawal = shaped(item, place, "a withdrawal", SHAPE, least)?;
        let (kind, what) = withdrawal.scope.split_once(':').unwrap_or((&withdrawal.scope, ""));
        let is_known = match kind {
            "all" => what.is_empty() && !withdrawal.scope.contains(':'),
            "consent" | "purpose" | "category" | "recipient" => is_word(what),
            _ => false,
        };
        if !is_known {
            return Err(format!("`{place}` is not a withdrawal {SHAPE}"));
        }
        withdrawal.at.get_or_insert(self.now);
        Ok(withdrawal)
    }

    fn age(&self, age: &Value) -> Result<Age, EntryError> {
        let (years, on) = if let Value::Object(told) = age {
            only(told, "`age`", &["years", "on"])?;
            let on = told.get("on").and_then(Value::as_str).and_then(|on| on.parse().ok());
            (told.get("years"), on.ok_or("`age.on` is not a date")?)
        } else {
            (Some(age), self.now)
        };
        let years = years.and_then(Value::as_u64).and_then(|years| u32::try_from(years).ok());
        match years.filter(|years| *years <= 150) {
            Some(years) => Ok(Age { years, on }),
            None => Err("`age` is not in years".to_owned()),
        }
    }
}

fn read_consent(item: &Value, place: &str) -> Result<Consent, EntryError> {
    const SHAPE: &str = "with `scope`, `type` (explicit, separate_explicit, no_objection, deemed_by_use, \
         guardian), lists of `purposes`, `categories`, `destinations` (ISO 3166-1) and `recipients`, and \
         times in RFC 3339";
    let least = json!({ "scope": "service", "type": "explicit" });
    let consent: Consent = shaped(item, place, "a consent", SHAPE, least)?;
    let words = [&consent.purposes, &consent.categories, &consent.recipients];
    let names = [Some(consent.scope.as_str()), consent.policy_version.as_deref()];
    let words = words.into_iter().flatten().map(String::as_str);
    all_words(words.chain(names.into_iter().flatten()), place)?;
    all_references([&consent.evidence_ref, &consent.notice_ref].into_iter().flatten(), place)?;
    Ok(consent)
}

fn read_mechanism(item: &Value) -> Result<Mechanism, EntryError> {
    const SHAPE: &str = "with `type`, `id`, `valid_from` and `valid_until` in RFC 3339, and lists of \
         `destinations` (ISO 3166-1), `recipients` and `categories`";
    let place = "mechanism";
    let least = json!({ "type": "any", "id": "any" });
    let mechanism: Mechanism = serde_json::from_value(item.clone())
        .map_err(|_| wrong::<Mechanism>(item, place, "a mechanism", SHAPE, least))?;
    if mechanism.kind.is_empty() || mechanism.id.is_empty() {
        return Err(format!("`{place}` is not a mechanism {SHAPE}"));
    }
    // A type may add members of its own, so a mistyped scope would be taken for one, and widen it.
    if let Some((_, meant)) = mechanism.misspelt() {
        return Err(format!("`{place}` has a member that is nearly `{meant}`"));
    }
    let words = [&mechanism.recipients, &mechanism.categories];
    let words = words.into_iter().flatten().map(String::as_str);
    all_words(words.chain([mechanism.kind.as_str(), mechanism.id.as_str()]), place)?;
    Ok(mechanism)
}

fn read_counted(item: &Value, place: &str) -> Result<Counted, EntryError> {
    #[derive(serde::Deserialize, serde::Serialize)]
    struct Told {
        counter: String,
        #[serde(default)]
        exporter: Option<String>,
        #[serde(default)]
        recipient: Option<String>,
        on: jiff::civil::Date,
    }
    const SHAPE: &str = "with `counter`, `on` (a date), and perhaps `exporter` and `recipient`";
    let least = json!({ "counter": "any", "on": "2026-01-01" });
    let told: Told = shaped(item, place, "a count", SHAPE, least)?;
    let names = [Some(&told.counter), told.exporter.as_ref(), told.recipient.as_ref()];
    all_words(names.into_iter().flatten().map(String::as_str), place)?;
    let exporter = told.exporter.unwrap_or_else(|| CountScope::DEFAULT_EXPORTER.to_owned());
    let scope = CountScope { counter: told.counter, exporter, recipient: told.recipient };
    Ok(Counted { scope, day: Day::of(told.on) })
}

fn settings(
    entry: &Map<String, Value>,
) -> Result<std::collections::BTreeMap<ShortStr, bool>, EntryError> {
    let wrong = || "`settings` is not an object of settings that are `true` or `false`".to_owned();
    match entry.get("settings") {
        None | Some(Value::Null) => Ok(Default::default()),
        Some(Value::Object(settings)) => settings
            .iter()
            .map(|(name, on)| {
                let on = on.as_bool().filter(|_| is_word(name)).ok_or_else(wrong)?;
                Ok((name.into(), on))
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

fn flag(entry: &Map<String, Value>, name: &str) -> Result<Option<bool>, EntryError> {
    match entry.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(format!("`{name}` is neither `true` nor `false`")),
    }
}

/// The items of a list, each read at its place.
fn each<T>(
    entry: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value, &str) -> Result<T, EntryError>,
) -> Result<Vec<T>, EntryError> {
    match entry.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(number, item)| read(item, &format!("{name}[{number}]")))
            .collect(),
        Some(_) => Err(format!("`{name}` is not a list")),
    }
}

/// A value of a shape that leaves nothing over: a member nobody reads might have narrowed it.
fn shaped<T: serde::de::DeserializeOwned + serde::Serialize>(
    item: &Value,
    place: &str,
    what: &str,
    shape: &str,
    least: Value,
) -> Result<T, EntryError> {
    let wrong = || wrong::<T>(item, place, what, shape, least.clone());
    let read: T = serde_json::from_value(item.clone()).map_err(|_| wrong())?;
    let Value::Object(given) = item else { return Err(wrong()) };
    let known = match serde_json::to_value(&read) {
        Ok(Value::Object(known)) => known,
        _ => return Err(wrong()),
    };
    match given.keys().find(|member| !known.contains_key(*member)) {
        None => Ok(read),
        Some(member) => {
            let member = named(member);
            Err(format!("`{place}` has a member{member} that {what} has not; it is {what} {shape}"))
        }
    }
}

/// Which member keeps `item` from being read: `least` is the least that can be, and each is tried in it alone.
/// What the reader says of it may repeat a value, so it is not asked.
fn wrong<T: serde::de::DeserializeOwned>(
    item: &Value,
    place: &str,
    what: &str,
    shape: &str,
    least: Value,
) -> EntryError {
    let Value::Object(given) = item else { return format!("`{place}` is not {what} {shape}") };
    let Value::Object(least) = least else { return format!("`{place}` is not {what} {shape}") };
    if let Some(member) = least.keys().find(|member| !given.contains_key(*member)) {
        return format!("`{place}` has no `{member}`; it is {what} {shape}");
    }
    let is_wrong = |member: &String, value: &Value| {
        let mut tried = least.clone();
        tried.insert(member.clone(), value.clone());
        serde_json::from_value::<T>(Value::Object(tried)).is_err()
    };
    match given.iter().find(|(member, value)| is_wrong(member, value)) {
        // Of a type that says what it may be, so its name is one of ours.
        Some((member, _)) => {
            format!("`{place}` is not {what} {shape}: its `{member}` is something else")
        }
        None => format!("`{place}` is not {what} {shape}"),
    }
}

/// The name of a member nobody knows, where it looks like a name rather than like somebody's number or address.
fn named(member: &str) -> String {
    if is_word(member) { format!(" `{member}`") } else { String::new() }
}

fn only(entry: &Map<String, Value>, place: &str, known: &[&str]) -> Result<(), EntryError> {
    match entry.keys().find(|member| !known.contains(&member.as_str())) {
        None => Ok(()),
        Some(member) => {
            Err(format!("{place} has a member{} that is none of {}", named(member), list(known)))
        }
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// One identifier or a list of them; numbers are taken as they are written.
pub(super) fn texts(value: Option<&Value>, place: &str) -> Result<Vec<String>, EntryError> {
    let text = |value: &Value| {
        let number = || whole(value).map(|number| number.to_string());
        let text = value.as_str().map(str::to_owned).or_else(number);
        text.ok_or_else(|| format!("`{place}` is neither a text nor a list of texts"))
    };
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(text).collect(),
        Some(value) => Ok(vec![text(value)?]),
    }
}

/// A number without a fraction, also where it is written with one (`151.0`).
fn whole(value: &Value) -> Option<u64> {
    /// 2⁶⁴, where whole numbers end here.
    const END: f64 = 18_446_744_073_709_551_616.0;
    let written = || value.as_f64().filter(|it| it.fract() == 0.0 && (0.0..END).contains(it));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole")]
    let read = || written().map(|number| number as u64);
    value.as_u64().or_else(read)
}

fn word(item: &Value, place: &str) -> Result<String, EntryError> {
    let word = item.as_str().filter(|word| is_word(word));
    word.map(str::to_owned).ok_or_else(|| format!("`{place}` is not a name"))
}

fn all_words<'w>(words: impl IntoIterator<Item = &'w str>, place: &str) -> Result<(), EntryError> {
    if words.into_iter().all(is_word) {
        return Ok(());
    }
    Err(format!("`{place}` holds what is not a name"))
}

/// What people call a purpose, a scope, a contract; nothing that looks like a value. `new_purpose:x` is
/// two such names.
fn is_word(text: &str) -> bool {
    text.split(':').all(|part| Name::new(part).as_str() == part && part != Name::WITHHELD)
}

/// A reference may be a URL or have long numbers, but is no address and no number alone.
fn all_references<'r>(
    texts: impl IntoIterator<Item = &'r String>,
    place: &str,
) -> Result<(), EntryError> {
    let is_reference = |text: &String| {
        text.len() <= WORD_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
            && text.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    if texts.into_iter().all(is_reference) {
        return Ok(());
    }
    Err(format!(
        "`{place}` has a reference that is none: letters, digits and signs, no space, no `@`"
    ))
}

#[cfg(test)]
mod tests;
