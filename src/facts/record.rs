//! What is kept of one subject.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    domain::ShortStr,
    policy::{Consent, Subject, Timestamp, Withdrawal},
};

/// Everything on file about one subject but who it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SubjectRecord {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consent>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<Withdrawal>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub opt_outs: BTreeSet<ShortStr>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<ShortStr, bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Age>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minor: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

/// An age, and when it was told; people grow older on file too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Age {
    pub years: u32,
    pub on: Timestamp,
}

impl Age {
    /// The least that the person can be at `at`, in whole years.
    pub fn at(self, at: Timestamp) -> u32 {
        let utc = |time: Timestamp| time.0.to_zoned(jiff::tz::TimeZone::UTC).date();
        let since = utc(self.on).until((jiff::Unit::Year, utc(at)));
        let years = since.map_or(0, |span| span.get_years());
        self.years + u32::try_from(years).unwrap_or(0)
    }

    /// Whether a law may protect somebody of this age: nowhere is anybody of age later.
    fn may_forbid(self) -> bool {
        const OF_AGE: u32 = 21;
        self.years < OF_AGE
    }
}

impl SubjectRecord {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As a rule reads it at `at`.
    pub fn subject(self, at: Timestamp) -> Subject {
        Subject {
            age: self.age.map(|age| age.at(at)),
            minor: self.minor,
            consents: self.consents,
            opt_outs: self.opt_outs,
            settings: self.settings,
            withdrawn: self.withdrawn,
            verified: self.verified,
        }
    }

    /// What holds for several people who cannot be told apart: what each has agreed to, and everything that forbids,
    /// also of `others` in it who may be any of them. `None` when nothing is on file of any.
    pub(crate) fn of_all(
        records: Vec<Option<Self>>,
        others: impl IntoIterator<Item = Self>,
    ) -> Option<Self> {
        let is_missing = records.iter().any(Option::is_none);
        let all = records.into_iter().flatten().reduce(Self::of_both);
        let all = all.map(|all| if is_missing { all.of_both(Self::default()) } else { all });
        others.into_iter().fold(all, |all, other| {
            let mut all = all.unwrap_or_default();
            all.restrict(other);
            Some(all)
        })
    }

    /// What holds for two people who cannot be told apart.
    fn of_both(mut self, other: Self) -> Self {
        self.consents.retain(|consent| consent.has_alike(&other.consents));
        self.settings.retain(|name, on| !*on || other.settings.get(name) == Some(on));
        self.age = self.age.filter(|age| other.age.is_some() || age.may_forbid());
        self.minor = self.minor.filter(|minor| *minor || other.minor == Some(false));
        self.verified = self.verified.filter(|verified| !verified || other.verified == Some(true));
        self.restrict(other);
        self
    }

    /// Takes in what another record of the same person holds. Consents and withdrawals add up; of two
    /// consents with the same terms one stays; a later word on the same thing wins.
    pub(super) fn merge(&mut self, other: Self) {
        for consent in other.consents {
            match self.consents.iter_mut().find(|known| is_same(known, &consent)) {
                Some(known) => *known = consent,
                None => self.consents.push(consent),
            }
        }
        for withdrawal in other.withdrawn {
            if !self.withdrawn.contains(&withdrawal) {
                self.withdrawn.push(withdrawal);
            }
        }
        self.opt_outs.extend(other.opt_outs);
        self.settings.extend(other.settings);
        self.age = other.age.or(self.age);
        self.minor = other.minor.or(self.minor);
        self.verified = other.verified.or(self.verified);
    }

    /// Takes in another record of somebody who turns out to be the same person. Neither is the later word, so of two
    /// on the same thing the stricter holds; consents add up.
    pub(super) fn join(&mut self, other: Self) {
        let one = self.clone();
        self.merge(Self { consents: other.consents.clone(), ..Self::default() });
        for (name, on) in &other.settings {
            *self.settings.entry(name.clone()).or_insert(*on) &= on;
        }
        self.restrict(other.clone());
        self.age = self.age.or(other.age);
        self.minor = self.minor.or(other.minor);
        self.verified = match (one.verified, other.verified) {
            (Some(one), Some(other)) => Some(one && other),
            (one, other) => one.or(other),
        };
    }

    /// Takes in what another record may know of the same person, to the person's protection: of the
    /// other only what forbids.
    pub(super) fn restrict(&mut self, other: Self) {
        for withdrawal in other.withdrawn {
            if !self.withdrawn.contains(&withdrawal) {
                self.withdrawn.push(withdrawal);
            }
        }
        self.opt_outs.extend(other.opt_outs);
        let off = other.settings.into_iter().filter(|(_, on)| !on);
        self.settings.extend(off);
        self.age = match (self.age, other.age) {
            (Some(one), Some(two)) => {
                let at = one.on.max(two.on);
                Some(if one.at(at) <= two.at(at) { one } else { two })
            }
            (one, two) => one.or(two.filter(|age| age.may_forbid())),
        };
        if other.minor == Some(true) {
            self.minor = Some(true);
        }
        if other.verified == Some(false) {
            self.verified = Some(false);
        }
    }
}

/// The same consent told again: the same terms, given at the same time.
fn is_same(one: &Consent, two: &Consent) -> bool {
    one.scope == two.scope
        && one.kind == two.kind
        && one.given_at == two.given_at
        && one.purposes == two.purposes
        && one.categories == two.categories
        && one.destinations == two.destinations
        && one.recipients == two.recipients
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: serde_json::Value) -> SubjectRecord {
        serde_json::from_value(json).unwrap()
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_person_grows_older_and_never_too_fast() {
        let age = Age { years: 13, on: time("2025-03-01") };
        for (at, years) in [
            ("2025-03-01", 13),
            ("2026-02-28T23:59:59Z", 13),
            ("2026-03-01", 14),
            ("2030-03-01", 18),
            // Told later than asked for.
            ("2024-01-01", 13),
        ] {
            assert_eq!(age.at(time(at)), years, "{at}");
        }
    }

    #[test]
    fn told_twice_is_on_file_once_and_the_later_word_wins() {
        let consent =
            serde_json::json!({"scope": "service", "type": "explicit", "given_at": "2026-01-01"});
        let mut on_file = record(serde_json::json!({
            "consents": [consent], "settings": {"cloud_sync": true}, "minor": true,
        }));
        let mut told = consent.clone();
        told["expires_at"] = "2027-01-01".into();
        on_file.merge(record(serde_json::json!({
            "consents": [told, {"scope": "service", "type": "explicit", "given_at": "2026-02-01"}],
            "withdrawn": [{"scope": "all", "at": "2026-03-01"}, {"scope": "all", "at": "2026-03-01"}],
            "opt_outs": ["push"], "settings": {"cloud_sync": false}, "verified": true,
        })));
        assert_eq!(on_file.consents.len(), 2);
        assert_eq!(on_file.consents[0].expires_at, Some(time("2027-01-01")));
        assert_eq!(on_file.withdrawn.len(), 1);
        assert!(!on_file.settings["cloud_sync"]);
        assert_eq!((on_file.minor, on_file.verified), (Some(true), Some(true)));
    }

    #[test]
    fn of_several_people_holds_what_each_has_agreed_to() {
        let agreed = |scopes: &[&str]| {
            let consents: Vec<_> = scopes
                .iter()
                .map(|scope| serde_json::json!({"scope": scope, "type": "explicit"}))
                .collect();
            Some(record(serde_json::json!({ "consents": consents, "opt_outs": [scopes[0]] })))
        };
        assert_eq!(SubjectRecord::of_all(vec![None, None], []), None);
        assert_eq!(SubjectRecord::of_all(vec![agreed(&["a", "b"])], []), agreed(&["a", "b"]));
        let both = vec![agreed(&["a", "b"]), agreed(&["b", "c"])];
        let both = SubjectRecord::of_all(both, []).unwrap();
        let scopes: Vec<_> = both.consents.iter().map(|consent| consent.scope.as_str()).collect();
        assert_eq!(scopes, ["b"]);
        assert_eq!(both.opt_outs.len(), 2);
        // One of whom nothing is on file has agreed to nothing.
        let both = SubjectRecord::of_all(vec![agreed(&["a"]), None], []).unwrap();
        assert_eq!((both.consents.len(), both.opt_outs.len()), (0, 1));
    }

    #[test]
    fn of_several_people_nobody_is_grown_up_or_willing_by_the_word_on_another() {
        let grown = record(serde_json::json!({
            "age": {"years": 40, "on": "2026-01-01"}, "minor": false, "verified": true,
            "settings": {"cloud_sync": true, "push": false},
        }));
        let child = record(serde_json::json!({"minor": true, "withdrawn": [{"scope": "all"}]}));
        let both = SubjectRecord::of_all(vec![Some(grown.clone()), None], []).unwrap();
        assert_eq!((both.age, both.minor, both.verified), (None, None, None));
        assert_eq!(both.settings, BTreeMap::from([("push".into(), false)]));
        assert_eq!(SubjectRecord::of_all(vec![Some(grown.clone())], []).as_ref(), Some(&grown));
        for others in [vec![None, None], vec![Some(grown.clone()), Some(grown)]] {
            let all = SubjectRecord::of_all(others, [child.clone()]).unwrap();
            assert_eq!((all.minor, all.withdrawn.len()), (Some(true), 1));
        }
    }

    #[test]
    fn of_two_records_of_one_person_the_stricter_word_holds_and_consents_add_up() {
        let grown = record(serde_json::json!({
            "consents": [{"scope": "a", "type": "explicit"}], "age": {"years": 40, "on": "2026-01-01"},
            "minor": false, "verified": true, "settings": {"cloud_sync": true, "push": false},
        }));
        let child = record(serde_json::json!({
            "consents": [{"scope": "b", "type": "explicit"}], "age": {"years": 9, "on": "2026-01-01"},
            "minor": true, "verified": false, "settings": {"cloud_sync": false, "push": true, "sms": true},
        }));
        for (mut one, other) in [(grown.clone(), child.clone()), (child, grown)] {
            one.join(other);
            assert_eq!(one.consents.len(), 2);
            assert_eq!(one.age.map(|age| age.years), Some(9));
            assert_eq!((one.minor, one.verified), (Some(true), Some(false)));
            let settings = [("cloud_sync", false), ("push", false), ("sms", true)];
            assert_eq!(one.settings, settings.map(|(name, on)| (name.into(), on)).into());
        }
        let mut unknown = SubjectRecord::default();
        unknown.join(record(serde_json::json!({"minor": false, "verified": true})));
        assert_eq!((unknown.minor, unknown.verified), (Some(false), Some(true)));
    }

    #[test]
    fn of_another_record_only_what_forbids_is_taken() {
        let mut on_file = record(serde_json::json!({
            "settings": {"cloud_sync": true}, "age": {"years": 30, "on": "2026-01-01"}, "verified": true,
        }));
        on_file.restrict(record(serde_json::json!({
            "consents": [{"scope": "service", "type": "explicit"}],
            "withdrawn": [{"scope": "all"}], "opt_outs": ["push"],
            "settings": {"cloud_sync": false, "location_access": true},
            "age": {"years": 12, "on": "2025-01-01"}, "minor": true, "verified": false,
        })));
        assert_eq!(on_file.consents, []);
        assert_eq!((on_file.withdrawn.len(), on_file.opt_outs.len()), (1, 1));
        assert_eq!(on_file.settings, BTreeMap::from([("cloud_sync".into(), false)]));
        assert_eq!(on_file.age.map(|age| age.years), Some(12));
        assert_eq!((on_file.minor, on_file.verified), (Some(true), Some(false)));
    }
}
