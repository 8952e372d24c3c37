//! The facts of a transfer from several sources: what an earlier one says stands, and a later one fills the rest.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Consent, Exporter, Recipient, Subject, Transfer};

/// Members of a transfer's own that forbid where they hold, so that a source that denies them takes none back.
const FORBIDDING: [&str; 2] = ["gpc", "large_scale"];

impl Transfer {
    /// Takes from `other` whatever is absent here, entry by entry, and whatever forbids.
    pub(crate) fn fill_from(&mut self, other: Self) {
        // Every member is named, so that one that is added says here how it is filled.
        let Self {
            as_of,
            origin,
            origin_subdivision,
            collected_in,
            destination,
            remote_access_from,
            exporter,
            recipient,
            purpose,
            subject,
            subjects,
            mechanisms,
            counters,
            legal_basis,
            policy_versions,
            user_agreement,
            transport,
            source_host,
            purpose_ended,
            legal_hold,
            collected_for,
            inbound,
            direction,
            consideration,
            contract_necessity,
            occasional,
            anonymised,
            important_data,
            government_related,
            first_transfer_at,
            facts_unavailable,
            cn_exempt,
            us_exempt,
            config,
            other,
        } = other;
        macro_rules! fill {
            ($($field:ident),*) => { $( if self.$field.is_none() { self.$field = $field; } )* };
        }
        fill!(
            as_of,
            origin,
            origin_subdivision,
            collected_in,
            destination,
            purpose,
            legal_basis,
            transport,
            source_host,
            legal_hold,
            collected_for,
            inbound,
            direction,
            contract_necessity,
            occasional,
            anonymised,
            first_transfer_at,
            cn_exempt,
            us_exempt
        );
        macro_rules! fill_empty {
            ($($field:ident),*) => { $( if self.$field.is_empty() { self.$field = $field; } )* };
        }
        fill_empty!(subjects, mechanisms, policy_versions);
        macro_rules! hold {
            ($($field:ident),*) => { $( self.$field = any(self.$field, $field); )* };
        }
        hold!(purpose_ended, consideration, important_data, government_related, facts_unavailable);
        for (counter, count) in counters {
            let known = self.counters.entry(counter).or_default();
            *known = count.max(*known);
        }
        for (list, names) in config {
            add_absent(self.config.entry(list).or_default(), names);
        }
        self.fill_others(other);
        match (&mut self.user_agreement, user_agreement) {
            (Some(agreement), Some(other)) => {
                add_absent(&mut agreement.forbidden_destinations, other.forbidden_destinations)
            }
            (known, other) => *known = known.take().or(other),
        }
        add_absent(&mut self.remote_access_from, remote_access_from);
        self.exporter.fill_from(exporter);
        self.recipient.fill_from(recipient);
        self.subject.fill_from(subject);
    }

    /// Like [`Self::fill_from`], from what is known of every transfer by a route. Where the bytes go, and how they
    /// are protected on the way, is the route's to say, whatever anybody says of it.
    pub(crate) fn fill_from_route(&mut self, route: &Self) {
        self.fill_from(route.clone());
        self.destination = route.destination;
        self.transport = route.transport;
    }

    /// Members of somebody's own.
    fn fill_others(&mut self, others: BTreeMap<String, Value>) {
        for (name, value) in others {
            let holds = FORBIDDING.contains(&name.as_str()) && value == true;
            let known = self.other.entry(name).or_insert_with(|| value.clone());
            if holds {
                *known = value;
            }
        }
    }
}

impl Exporter {
    /// What holds by either holds: a source that says one thing of the exporter denies none of the others.
    fn fill_from(&mut self, other: Self) {
        let Self { id, role, sector, ciio, flags, location } = other;
        self.id = self.id.take().or(id);
        self.role = self.role.or(role);
        self.sector = self.sector.take().or(sector);
        self.ciio |= ciio;
        add_absent(&mut self.flags, flags);
        self.location = self.location.or(location);
    }
}

impl Recipient {
    /// Somebody else is somebody else altogether.
    fn fill_from(&mut self, other: Self) {
        if self.id.is_some() && self.id != other.id {
            return;
        }
        let Self {
            class,
            id,
            kind,
            covered_person,
            data_intermediary,
            own_purpose,
            governing_policy,
            other,
        } = other;
        self.class = self.class.take().or(class);
        self.id = self.id.take().or(id);
        self.kind = self.kind.take().or(kind);
        self.covered_person = any(self.covered_person, covered_person);
        self.data_intermediary = self.data_intermediary.or(data_intermediary);
        self.own_purpose = any(self.own_purpose, own_purpose);
        self.governing_policy = self.governing_policy.take().or(governing_policy);
        for (name, value) in other {
            self.other.entry(name).or_insert(value);
        }
    }
}

impl Subject {
    fn fill_from(&mut self, other: Self) {
        // Somebody may be verified since a source that speaks of all has been written.
        let verified = self.verified.or(other.verified);
        self.restrict(&other);
        self.verified = verified;
        if self.consents.is_empty() {
            self.consents = other.consents;
        }
    }

    /// Takes in what somebody else says of the same person, or of one who cannot be told apart, to the person's
    /// protection: the lower age, and everything that forbids.
    pub(crate) fn restrict(&mut self, other: &Self) {
        // Consents permit, and are for the caller to weigh.
        let Self { age, minor, consents: _, opt_outs, settings, withdrawn, verified } = other;
        self.age = match (self.age, *age) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.minor = any(self.minor, *minor);
        self.verified = either(self.verified, *verified, |one, other| one && other);
        self.opt_outs.extend(opt_outs.iter().cloned());
        for (setting, on) in settings {
            *self.settings.entry(setting.clone()).or_insert(*on) &= on;
        }
        for withdrawal in withdrawn {
            if !self.withdrawn.contains(withdrawal) {
                self.withdrawn.push(withdrawal.clone());
            }
        }
    }

    /// What holds for two who cannot be told apart: the consents that each has given, and everything that forbids.
    pub(crate) fn keep_common(&mut self, other: &Self) {
        self.consents.retain(|consent| consent.has_alike(&other.consents));
        self.restrict(other);
    }
}

impl Consent {
    /// Whether one of these is to the same thing and as strong.
    pub(crate) fn has_alike(&self, others: &[Self]) -> bool {
        others.iter().any(|other| other.scope == self.scope && other.kind == self.kind)
    }
}

/// Holds where either says so.
fn any(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    either(one, other, |one, other| one || other)
}

/// What both say together, or the one that says anything.
fn either(one: Option<bool>, other: Option<bool>, both: fn(bool, bool) -> bool) -> Option<bool> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}

fn add_absent<T: PartialEq>(to: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !to.contains(&one) {
            to.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Region;

    #[test]
    fn an_earlier_source_wins_and_a_later_one_fills_the_gaps() {
        let mut header: Transfer =
            serde_json::from_str(r#"{"origin": "PK", "recipient": {"id": "a"}}"#).unwrap();
        let route: Transfer = serde_json::from_str(
            r#"{"origin": "IN", "purpose": "cloud_sync", "recipient": {"id": "b", "class": "affiliate"}, "counters": {"us_bulk": {"health": 3}, "cn_ytd_ordinary": 4}, "legal_basis": null}"#,
        )
        .unwrap();
        header.fill_from(route);
        assert_eq!(header.origin, Some(Region::new(*b"PK")));
        assert_eq!(header.purpose.as_deref(), Some("cloud_sync"));
        assert_eq!(header.recipient.id.as_deref(), Some("a"));
        assert_eq!(header.recipient.class, None, "somebody else's");
        assert_eq!(header.counters.get("us_bulk.health"), Some(&3));
        assert_eq!(header.counters.get("cn_ytd_ordinary"), Some(&4));
    }

    #[test]
    fn a_source_that_says_one_thing_denies_no_other() {
        let mut header: Transfer = serde_json::from_str(
            r#"{"exporter": {"flags": ["x"]}, "recipient": {"kind": "delivery"}, "remote_access_from": ["SG"],
                "subject": {"verified": true, "withdrawn": [{"scope": "marketing"}]}}"#,
        )
        .unwrap();
        let route: Transfer = serde_json::from_str(
            r#"{"exporter": {"ciio": true, "sector": "telecom_licensee", "flags": ["y"]},
                "recipient": {"id": "b", "covered_person": true}, "remote_access_from": ["IN", "SG"],
                "subject": {"minor": true, "verified": false, "opt_outs": ["sale"], "settings": {"location_access": false}}}"#,
        )
        .unwrap();
        header.fill_from(route);
        assert!(header.exporter.ciio);
        assert_eq!(header.exporter.sector.as_deref(), Some("telecom_licensee"));
        assert_eq!(header.exporter.flags, ["x", "y"]);
        assert_eq!(header.recipient.id.as_deref(), Some("b"));
        assert_eq!(header.recipient.kind.as_deref(), Some("delivery"));
        assert_eq!(header.recipient.covered_person, Some(true));
        assert_eq!(header.remote_access_from, [Region::new(*b"SG"), Region::new(*b"IN")]);
        assert_eq!((header.subject.minor, header.subject.verified), (Some(true), Some(true)));
        assert!(header.subject.opt_outs.contains("sale"));
        assert_eq!(header.subject.settings.get("location_access"), Some(&false));
        assert_eq!(header.subject.withdrawn.len(), 1);
    }

    #[test]
    fn a_source_that_says_one_thing_takes_back_nothing_that_forbids() {
        let read = |json| -> Transfer { serde_json::from_str(json).unwrap() };
        let mut hop = read(
            r#"{"config": {"XX.other": ["ZZ"], "IN": {"restricted_destinations": ["CN"]}}, "our_flag": true,
                "gpc": false, "occasional": false, "consideration": false, "counters": {"a": 3, "b": 9},
                "recipient": {"covered_person": false},
                "user_agreement": {"accepted": true, "forbidden_destinations": ["RU"]}}"#,
        );
        hop.fill_from(read(
            r#"{"config": {"IN": {"restricted_destinations": ["SG", "CN"]}}, "gpc": true, "service": "shop",
                "our_flag": false, "occasional": true, "consideration": true, "important_data": true,
                "counters": {"a": 5, "b": 4, "c": 1}, "recipient": {"id": "x", "covered_person": true},
                "user_agreement": {"accepted": true, "forbidden_destinations": ["CN"]}}"#,
        ));
        assert_eq!(hop.config["IN.restricted_destinations"], ["CN", "SG"]);
        assert_eq!(hop.config["XX.other"], ["ZZ"]);
        assert_eq!((&hop.other["gpc"], &hop.other["our_flag"]), (&true.into(), &true.into()));
        assert_eq!(hop.other["service"], "shop");
        assert_eq!((hop.occasional, hop.consideration), (Some(false), Some(true)));
        assert_eq!(hop.important_data, Some(true));
        assert_eq!(hop.recipient.covered_person, Some(true));
        let counts = [("a", 5), ("b", 9), ("c", 1)].map(|(name, count)| (name.into(), count));
        assert_eq!(hop.counters, counts.into());
        let agreement = hop.user_agreement.unwrap();
        assert_eq!(agreement.forbidden_destinations.len(), 2);
    }

    #[test]
    fn of_two_words_on_the_same_thing_of_a_person_the_stricter_holds() {
        let subject = |json| -> Subject { serde_json::from_str(json).unwrap() };
        let mut header = subject(
            r#"{"age": 30, "minor": false, "settings": {"location_access": true, "sms": false}}"#,
        );
        header.fill_from(subject(
            r#"{"age": 12, "minor": true, "settings": {"location_access": false, "sms": true}}"#,
        ));
        assert_eq!((header.age, header.minor), (Some(12), Some(true)));
        assert!(header.settings.values().all(|on| !on), "{:?}", header.settings);
    }
}
