//! What the facts are, where a condition asks: one sentence, of facts of the transfer and of categories
//! found, never of a value in the payload. What is said of a person is what the condition asks and no
//! more: an age is below a bound or not.

use crate::{
    domain::{Coverage, Findings, Region, Tag, TagSet, Taxonomy},
    policy::{
        ConsentType,
        context::Context,
        predicate::{NameList, Predicate},
        registry::Section,
        source::ListValue,
        words::FieldTest,
    },
};

/// What words for facts need beside the facts.
#[derive(Clone, Copy)]
pub(super) struct Witness<'w, 't> {
    pub(super) context: &'w Context<'t>,
    pub(super) findings: &'w Findings,
    pub(super) taxonomy: &'w Taxonomy,
}

impl Witness<'_, '_> {
    /// `None` where the words of the condition say it all.
    #[expect(clippy::too_many_lines, reason = "one arm for each word of the language")]
    pub(super) fn state(&self, predicate: &Predicate) -> Option<String> {
        let context = self.context;
        let transfer = context.transfer;
        let recipient = &transfer.recipient;
        Some(match predicate {
            Predicate::All(parts) | Predicate::Any(parts) => match parts.as_ref() {
                [only] => return self.state(only),
                _ => return None,
            },
            Predicate::Not(part) => return self.state(part),
            Predicate::Origin(_) | Predicate::OriginNot(_) | Predicate::OriginKnown(_) => {
                region("the origin", context.origin)
            }
            Predicate::OriginSubdivision(_) => {
                named("the origin's subdivision", context.subdivision)
            }
            Predicate::CollectedIn(_) => {
                region("the country where the data was collected", context.collected_in)
            }
            Predicate::Destination(_)
            | Predicate::DestinationNot(_)
            | Predicate::DestinationKnown(_) => region("the destination", context.destination),
            Predicate::RemoteAccess(_) => {
                let from: Vec<&str> =
                    transfer.remote_access_from.iter().map(Region::as_str).collect();
                match from.as_slice() {
                    [] => "nobody reads it from elsewhere".to_owned(),
                    from => format!("it can be read from {}", from.join(", ")),
                }
            }
            Predicate::CrossBorder(_) => match (context.origin, context.destination) {
                (Some(from), Some(to)) => format!("{from} to {to}"),
                (None, _) => "the origin is not known".to_owned(),
                (_, None) => "the destination is not known".to_owned(),
            },
            Predicate::ExporterRole(_) => match transfer.exporter.role {
                Some(crate::policy::ExporterRole::Controller) => {
                    "the exporter is a controller".to_owned()
                }
                Some(crate::policy::ExporterRole::Processor) => {
                    "the exporter is a processor".to_owned()
                }
                Some(crate::policy::ExporterRole::DataBroker) => {
                    "the exporter is a data broker".to_owned()
                }
                None => "the exporter's role is not given".to_owned(),
            },
            Predicate::ExporterSector(_) => {
                named("the exporter's sector", transfer.exporter.sector.as_deref())
            }
            Predicate::ExporterCiio(_) => stated(
                "the exporter is a critical information infrastructure operator",
                Some(transfer.exporter.ciio),
            ),
            Predicate::ExporterFlag(_) => list("flags of the exporter", &transfer.exporter.flags),
            Predicate::RecipientClass(_) | Predicate::RecipientClassNot(_) => {
                named("the recipient's class", recipient.class.as_deref())
            }
            Predicate::RecipientKind(_) | Predicate::RecipientHasKind(_) => {
                named("the recipient's kind", recipient.kind.as_deref())
            }
            Predicate::RecipientId(_) => named("the recipient", recipient.id.as_deref()),
            Predicate::RecipientCoveredPerson(_) => {
                stated("the recipient is a covered person", recipient.covered_person)
            }
            Predicate::RecipientDataIntermediary(_) => {
                stated("the recipient is a data intermediary", recipient.data_intermediary)
            }
            Predicate::RecipientOwnPurpose(_) => {
                stated("the recipient has purposes of its own", recipient.own_purpose)
            }
            Predicate::RecipientHasGoverningPolicy(_) => {
                named("the recipient's governing policy", recipient.governing_policy.as_deref())
            }
            Predicate::Purpose(_)
            | Predicate::PurposeNot(_)
            | Predicate::PolicyRegistersPurpose(_) => {
                named("the purpose", transfer.purpose.as_deref())
            }
            Predicate::Data(tags) => self.found(tags),
            Predicate::Personal | Predicate::Anonymous(_) => self.personal(),
            Predicate::ThirdParty(_) => stated(
                "some of it belongs to somebody else than the subject",
                Some(context.third_party),
            ),
            Predicate::Pseudonymous(_) => {
                stated("some of it is hashed or encrypted", Some(context.pseudonymous))
            }
            Predicate::SeveralPeople(_) => {
                stated("the payload is about several people or laws", Some(context.several))
            }
            Predicate::Counted(_) => match transfer.counters.len() {
                0 => "no count is on file".to_owned(),
                1 => "one count is on file".to_owned(),
                many => format!("{many} counts are on file"),
            },
            Predicate::Coverage(_) => match context.coverage {
                Coverage::Full => "the payload was read whole".to_owned(),
                Coverage::Partial => "some of the payload could not be read".to_owned(),
                Coverage::Opaque => "the payload could not be read".to_owned(),
            },
            Predicate::Linked(linked) => self.found(&linked.identifiers.union(&linked.beside)),
            Predicate::Flag(names) => {
                let set: Vec<String> = names
                    .iter()
                    .filter(|name| context.flag(name))
                    .map(|name| format!("`{name}`"))
                    .collect();
                match set.as_slice() {
                    [] => format!("{} not stated", list_of(names)),
                    set => format!("{} stated", set.join(", ")),
                }
            }
            Predicate::CnExempt(_) => named(
                "the Chinese exemption claimed",
                transfer.cn_exempt.as_ref().map(|it| it.ground.as_str()),
            ),
            Predicate::UsExempt(_) => named(
                "the United States exemption claimed",
                transfer.us_exempt.as_ref().map(|it| it.ground.as_str()),
            ),
            Predicate::Transport(_) => match transfer.transport {
                Some(crate::policy::Transport::Tls) => "it goes over TLS".to_owned(),
                Some(crate::policy::Transport::Plaintext) => "it goes in clear".to_owned(),
                None => "the transport is not given".to_owned(),
            },
            Predicate::SourceHost { .. } => {
                named("the source host", transfer.source_host.as_deref())
            }
            Predicate::CollectedFor { .. } => {
                named("it was collected for", transfer.collected_for.as_deref())
            }
            Predicate::AgeUnder(bound) => match context.age() {
                Some(age) if age < *bound => format!("the person is under {bound}"),
                Some(_) => format!("the person is {bound} or older"),
                None => match context.subject.minor {
                    Some(true) => "the person is a minor, and how old is not stated".to_owned(),
                    Some(false) | None => "the person's age is not stated".to_owned(),
                },
            },
            Predicate::Minor(_) => {
                stated("the person is a minor where they live", Some(context.minor))
            }
            Predicate::AgeUnstated => "nobody says how old the person is".to_owned(),
            Predicate::Verified(_) => stated("the person is verified", context.subject.verified),
            Predicate::Setting { names, .. } => {
                let states: Vec<String> = names
                    .iter()
                    .map(|name| match context.subject.settings.get(&**name) {
                        Some(true) => format!("`{name}` is on"),
                        Some(false) => format!("`{name}` is off"),
                        None => format!("`{name}` is not on file"),
                    })
                    .collect();
                states.join(", ")
            }
            Predicate::OptOut(names) => {
                let opt_outs = context.subject.opt_outs.iter();
                let knows = |name: &str| context.set.vocabulary.knows(Section::OptOut, name);
                let out: Vec<String> = opt_outs
                    .filter_map(|name| match knows(name) {
                        false => Some(format!("`{name}`, which nobody knows and may mean any")),
                        true => names.iter().any(|it| **it == **name).then(|| format!("`{name}`")),
                    })
                    .collect();
                match out.as_slice() {
                    [] => "no such opt-out is on file".to_owned(),
                    out => format!("opted out of {}", out.join(", ")),
                }
            }
            Predicate::Withdrawn(_) | Predicate::WithdrawalOnFile(_) => {
                match context.subject.withdrawn.len() {
                    0 => "nothing was withdrawn".to_owned(),
                    1 => "one withdrawal is on file".to_owned(),
                    many => format!("{many} withdrawals are on file"),
                }
            }
            Predicate::LegalBasis { .. } => match &transfer.legal_basis {
                None => "no legal basis is on file".to_owned(),
                Some(basis) => {
                    let kind = basis.kind.as_deref().unwrap_or("one without a type");
                    let referred = if basis.reference.as_deref().is_some_and(|it| !it.is_empty()) {
                        "with a reference"
                    } else {
                        "without a reference"
                    };
                    format!("legal basis on file: `{kind}`, {referred}")
                }
            },
            Predicate::Mechanism(test) => self.mechanisms(test),
            Predicate::Consent(test) => self.consents(test),
            Predicate::ConsentOnFile(_) => match context.subject.consents.len() {
                0 => "no consent is on file".to_owned(),
                _ => {
                    let scopes: Vec<String> = context
                        .subject
                        .consents
                        .iter()
                        .map(|it| format!("`{}`", it.scope))
                        .collect();
                    format!("consents on file: {}", scopes.join(", "))
                }
            },
            Predicate::FreshConsent(_) => {
                stated("the person agreed to this purpose afresh", Some(context.permit.fresh))
            }
            Predicate::Counter(counter) => match transfer.counters.get(&*counter.key) {
                Some(count) => format!("`{}` stands at {count}", counter.key),
                None => format!("`{}` is not on file", counter.key),
            },
            Predicate::Volume(volume) => {
                let counts: Vec<String> = volume
                    .counts
                    .iter()
                    .filter(|count| context.met(&count.when))
                    .map(|count| match transfer.counters.get(&*count.counter) {
                        Some(value) => format!("`{}` {value} of {}", count.counter, count.over),
                        None => {
                            format!("`{}` not on file, threshold {}", count.counter, count.over)
                        }
                    })
                    .collect();
                match counts.as_slice() {
                    [] => "no data of these kinds".to_owned(),
                    counts => counts.join("; "),
                }
            }
            Predicate::InList { list, value } => match value {
                ListValue::Destination => region("the destination", context.destination),
                ListValue::Recipient => named("the recipient", recipient.id.as_deref()),
                ListValue::Category => self.found(&context.listed_categories(list)),
            },
            Predicate::FirstTransferWithin(_) => match transfer.first_transfer_at {
                Some(at) => format!("the first transfer was at {}", at.to_the_second()),
                None => "the first transfer is not on file".to_owned(),
            },
            Predicate::AgreementOnFile(_)
            | Predicate::AgreementForbidsDestination(_)
            | Predicate::AgreementPermitsPurpose(_) => match context.agreement() {
                Some(_) => "an accepted user agreement is on file".to_owned(),
                None => "no accepted user agreement is on file".to_owned(),
            },
            Predicate::PolicyNamesDestination(_) => {
                match (context.version.id, context.version.destinations) {
                    (None, _) => "no version of the policy is in force".to_owned(),
                    (Some(id), Some(named)) if !named.is_empty() => {
                        let named: Vec<&str> = named.iter().map(Region::as_str).collect();
                        format!("version `{id}` names {}", named.join(", "))
                    }
                    (Some(id), _) => format!("version `{id}` names no destination"),
                }
            }
            Predicate::PolicyNamesPurpose(_) | Predicate::PolicyExtendsPurpose(_) => {
                let purpose = named("the purpose", transfer.purpose.as_deref());
                let version = named("the version in force", context.version.id);
                format!("{purpose}; {version}")
            }
            Predicate::PolicyPermitsRecipient(_) => {
                named("the recipient's class", recipient.class.as_deref())
            }
            Predicate::PolicyHasPendingVersion(_)
            | Predicate::PolicyHasUnannouncedVersion(_)
            | Predicate::PolicyHasSeveralVersions(_)
            | Predicate::PolicyHasMaterialVersion(_) => {
                named("the version in force", context.version.id)
            }
            Predicate::AsOf { .. } => self.time(),
            Predicate::Observed(_) => return None,
        })
    }

    pub(super) fn time(&self) -> String {
        match self.context.clock.instant() {
            Some(now) => format!("judged as of {}", now.to_the_second()),
            None => "the time is not given".to_owned(),
        }
    }

    /// Which of these categories are in the payload, and where.
    pub(super) fn found(&self, tags: &TagSet) -> String {
        let mut places: Vec<(Tag, String)> = Vec::new();
        let mut more = 0;
        for finding in self.findings.items.iter().filter(|it| tags.contains(it.tag)) {
            if places.len() < 4 {
                places.push((finding.tag, self.findings.safe_locator(finding)));
            } else {
                more += 1;
            }
        }
        if places.is_empty() {
            return "none of it was found".to_owned();
        }
        let mut words: Vec<String> = places
            .iter()
            .map(|(tag, place)| {
                let category = self.taxonomy.category(*tag).map_or("?", |it| &it.short);
                if place.is_empty() {
                    format!("`{category}`")
                } else {
                    format!("`{category}` at {place}")
                }
            })
            .collect();
        if more > 0 {
            words.push(format!("{more} more"));
        }
        format!("found {}", words.join(", "))
    }

    pub(super) fn personal(&self) -> String {
        match (self.context.personal.len(), self.context.coverage) {
            (0, Coverage::Full) => "nothing in the payload is personal".to_owned(),
            (0, Coverage::Partial | Coverage::Opaque) => {
                "what could not be read may be personal".to_owned()
            }
            (1, _) => "one personal category was found".to_owned(),
            (many, _) => format!("{many} personal categories were found"),
        }
    }

    pub(super) fn shorts(&self, tags: &TagSet) -> String {
        let names: Vec<&str> = tags
            .iter()
            .filter_map(|tag| self.taxonomy.category(tag))
            .map(|category| category.short.as_str())
            .collect();
        names.join(", ")
    }
}

fn named(what: &str, name: Option<&str>) -> String {
    match name {
        Some(name) if !name.is_empty() => format!("{what} is `{name}`"),
        Some(_) | None => format!("{what} is not given"),
    }
}

fn region(what: &str, at: Option<Region>) -> String {
    at.map_or_else(|| format!("{what} is not known"), |at| format!("{what} is {at}"))
}

fn stated(what: &str, is: Option<bool>) -> String {
    match is {
        Some(true) => what.to_owned(),
        Some(false) => format!("not: {what}"),
        None => format!("nobody says whether {what}"),
    }
}

fn list(what: &str, names: &[String]) -> String {
    if names.is_empty() { format!("no {what}") } else { format!("{what}: {}", names.join(", ")) }
}

/// `a`, `b` or `c`.
pub(super) fn list_of(names: &NameList) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

pub(super) fn kind_words(kind: ConsentType) -> &'static str {
    match kind {
        ConsentType::Explicit => "explicit",
        ConsentType::SeparateExplicit => "separate explicit",
        ConsentType::NoObjection => "no-objection",
        ConsentType::DeemedByUse => "deemed",
        ConsentType::Guardian => "guardian's",
    }
}

pub(super) fn field_words(test: &FieldTest) -> String {
    use crate::policy::words::Scalar;
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Bool(flag) => format!("`{flag}`"),
        Scalar::Text(text) => format!("`{text}`"),
    };
    match test {
        FieldTest::Is(value) => scalar(value),
        FieldTest::Not(value) => format!("other than {}", scalar(value)),
        FieldTest::Present(true) => "filled".to_owned(),
        FieldTest::Present(false) => "empty".to_owned(),
        FieldTest::Passed(true) => "in the past".to_owned(),
        FieldTest::Passed(false) => "in the future".to_owned(),
        FieldTest::Within { period, of: Some(of) } => {
            format!("at most {} after `{of}`", period.in_words())
        }
        FieldTest::Within { period, of: None } => format!("at most {} ago", period.in_words()),
    }
}
