//! Conditions as written to predicates that run.

mod names;

use rustc_hash::FxHashMap;

use super::{
    ConsentType, Layer, Transport,
    facts::exporter_word,
    index::Dimensions,
    names::NameBook,
    predicate::{
        ConsentOnFile, ConsentTest, Counter, CoverageSet, Grounds, KindSet, Linked, MechanismTest,
        NameList, Observations, Predicate, Volume, VolumeCount, WithdrawalSet,
    },
    registry::Section,
    set::Gate,
    source::{self, Condition, UnknownVolume},
    words::Names,
};
use crate::{
    domain::TagSet,
    source::{Diagnostics, suggest},
};

/// What a condition's names mean in one file.
pub(super) struct Scope<'f, 't> {
    pub(super) file: &'f str,
    pub(super) book: &'f NameBook<'t>,
    pub(super) layer: Layer,
    /// What the law of this file calls sensitive.
    pub(super) sensitive: Option<TagSet>,
    pub(super) definitions: FxHashMap<String, Predicate>,
}

/// The applicability of a rule: what the index knows, and what is left.
pub(super) struct Translated {
    pub(super) gate: Gate,
    pub(super) dimensions: Dimensions,
    pub(super) residual: Vec<Predicate>,
}

impl Scope<'_, '_> {
    /// The top level of `when`.
    pub(super) fn applicability(
        &self,
        condition: &Condition,
        diagnostics: &mut Diagnostics,
    ) -> Translated {
        let mut dimensions = Dimensions::default();
        let mut residual = Vec::new();
        for predicate in self.parts(condition, true, diagnostics) {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "what is no dimension of the index is left, whatever it is"
            )]
            match predicate {
                Predicate::Origin(regions) => {
                    if regions.is_dated() {
                        residual.push(Predicate::Origin(regions.clone()));
                    }
                    dimensions.origin = Some(regions);
                }
                Predicate::OriginNot(regions) => {
                    if regions.is_dated() {
                        residual.push(Predicate::OriginNot(regions.clone()));
                    }
                    dimensions.origin_not = Some(regions);
                }
                Predicate::Destination(regions) => {
                    if regions.is_dated() {
                        residual.push(Predicate::Destination(regions.clone()));
                    }
                    dimensions.destination = Some(regions);
                }
                Predicate::DestinationNot(regions) => {
                    if regions.is_dated() {
                        residual.push(Predicate::DestinationNot(regions.clone()));
                    }
                    dimensions.destination_not = Some(regions);
                }
                Predicate::Purpose(purposes) => dimensions.purpose = Some(purposes),
                Predicate::PurposeNot(purposes) => dimensions.purpose_not = Some(purposes),
                Predicate::RecipientClass(classes) => dimensions.class = Some(classes),
                Predicate::RecipientClassNot(classes) => dimensions.class_not = Some(classes),
                left => residual.push(left),
            }
        }
        Translated { gate: self.gate(condition, diagnostics), dimensions, residual }
    }

    /// Which payloads a condition at the top level is about.
    pub(super) fn gate(&self, condition: &Condition, diagnostics: &mut Diagnostics) -> Gate {
        match &condition.data {
            None => Gate::Personal,
            Some(names) if names.has("any") => Gate::Any,
            Some(names) if names.has("personal") => Gate::Personal,
            Some(names) => Gate::Categories(self.tags(names, diagnostics)),
        }
    }

    /// A whole condition as one predicate.
    pub(super) fn tree(&self, condition: &Condition, diagnostics: &mut Diagnostics) -> Predicate {
        let mut parts = self.parts(condition, false, diagnostics);
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                parts.extend(last);
                Predicate::All(parts.into_boxed_slice())
            }
        }
    }

    /// One predicate a key. At the top level `data` and `cross_border` are the rule's own.
    fn parts(
        &self,
        condition: &Condition,
        top: bool,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Predicate> {
        for names in condition.lists().filter(|names| names.is_empty()) {
            diagnostics
                .error(names.place(self.file), "an empty list selects nothing")
                .remedy("name what is meant, or take the key out");
        }
        let mut parts = Vec::new();
        self.logic(condition, &mut parts, diagnostics);
        self.geography(condition, &mut parts, diagnostics);
        self.parties(condition, &mut parts, diagnostics);
        if !top {
            if let Some(names) = &condition.data {
                if names.has("personal") {
                    parts.push(Predicate::Personal);
                } else if !names.has("any") {
                    parts.push(Predicate::Data(self.tags(names, diagnostics)));
                }
            }
            parts.extend(condition.cross_border.map(Predicate::CrossBorder));
        }
        self.payload(condition, &mut parts, diagnostics);
        self.request(condition, &mut parts, diagnostics);
        self.subject(condition, &mut parts, diagnostics);
        self.records(condition, &mut parts, diagnostics);
        parts
    }

    fn logic(
        &self,
        condition: &Condition,
        parts: &mut Vec<Predicate>,
        diagnostics: &mut Diagnostics,
    ) {
        let mut trees = |list: &[Condition]| -> Box<[Predicate]> {
            list.iter().map(|condition| self.tree(condition, diagnostics)).collect()
        };
        if let Some(all) = &condition.all {
            parts.push(Predicate::All(trees(all)));
        }
        if let Some(any) = &condition.any {
            parts.push(Predicate::Any(trees(any)));
        }
        if let Some(not) = &condition.not {
            parts.push(Predicate::Not(Box::new(self.tree(not, diagnostics))));
        }
        if let Some(names) = &condition.meets {
            let mut met = Vec::new();
            for name in names.iter() {
                match self.definitions.get(name.as_str()) {
                    Some(definition) => met.push(definition.clone()),
                    None => {
                        let known: Vec<&str> =
                            self.definitions.keys().map(String::as_str).collect();
                        let complaint = diagnostics.error(
                            name.place(self.file),
                            format!("there is no definition `{}` above in this file", **name),
                        );
                        if let Some(remedy) = suggest(name, &known, "definition") {
                            complaint.remedy(remedy);
                        }
                    }
                }
            }
            parts.push(Predicate::Any(met.into_boxed_slice()));
        }
    }

    fn geography(
        &self,
        condition: &Condition,
        parts: &mut Vec<Predicate>,
        diagnostics: &mut Diagnostics,
    ) {
        let mut regions = |names: &Names| self.book.regions(self.file, names, diagnostics);
        parts.extend(condition.origin.as_ref().map(&mut regions).map(Predicate::Origin));
        parts.extend(condition.origin_not.as_ref().map(&mut regions).map(Predicate::OriginNot));
        parts.extend(condition.destination.as_ref().map(&mut regions).map(Predicate::Destination));
        parts.extend(
            condition.destination_not.as_ref().map(&mut regions).map(Predicate::DestinationNot),
        );
        parts.extend(
            condition.remote_access.as_ref().map(&mut regions).map(Predicate::RemoteAccess),
        );
        parts.extend(condition.collected_in.as_ref().map(&mut regions).map(Predicate::CollectedIn));
        parts.extend(condition.origin_known.map(Predicate::OriginKnown));
        parts.extend(condition.destination_known.map(Predicate::DestinationKnown));
        parts.extend(
            condition.origin_subdivision.as_ref().map(plain).map(Predicate::OriginSubdivision),
        );
    }

    fn parties(
        &self,
        condition: &Condition,
        parts: &mut Vec<Predicate>,
        diagnostics: &mut Diagnostics,
    ) {
        if let Some(exporter) = &condition.exporter {
            if let Some(names) = &exporter.role {
                parts.push(Predicate::ExporterRole(self.roles(names, diagnostics)));
            }
            if let Some(names) = &exporter.sector {
                let words = self.words(Section::Sector, names, diagnostics);
                parts.push(Predicate::ExporterSector(as_stated(&words)));
            }
            parts.extend(exporter.ciio.map(Predicate::ExporterCiio));
            parts.extend(
                exporter
                    .flag
                    .as_ref()
                    .map(|names| as_stated(&plain(names)))
                    .map(Predicate::ExporterFlag),
            );
        }
        if let Some(recipient) = &condition.recipient {
            let mut classes = |names: &Names| self.book.classes(self.file, names, diagnostics);
            parts.extend(recipient.class.as_ref().map(&mut classes).map(Predicate::RecipientClass));
            parts.extend(
                recipient.class_not.as_ref().map(&mut classes).map(Predicate::RecipientClassNot),
            );
            if let Some(names) = &recipient.kind {
                parts.push(Predicate::RecipientKind(self.words(
                    Section::ProviderKind,
                    names,
                    diagnostics,
                )));
            }
            parts.extend(recipient.has_kind.map(Predicate::RecipientHasKind));
            parts.extend(recipient.id.as_ref().map(plain).map(Predicate::RecipientId));
            parts.extend(recipient.covered_person.map(Predicate::RecipientCoveredPerson));
            parts.extend(recipient.data_intermediary.map(Predicate::RecipientDataIntermediary));
            parts.extend(recipient.own_purpose.map(Predicate::RecipientOwnPurpose));
            parts
                .extend(recipient.has_governing_policy.map(Predicate::RecipientHasGoverningPolicy));
        }
        let mut purposes = |names: &Names| self.book.purposes(self.file, names, diagnostics);
        parts.extend(condition.purpose.as_ref().map(&mut purposes).map(Predicate::Purpose));
        parts.extend(condition.purpose_not.as_ref().map(&mut purposes).map(Predicate::PurposeNot));
    }

    fn payload(
        &self,
        condition: &Condition,
        parts: &mut Vec<Predicate>,
        diagnostics: &mut Diagnostics,
    ) {
        parts.extend(condition.third_party.map(Predicate::ThirdParty));
        parts.extend(condition.anonymous.map(Predicate::Anonymous));
        parts.extend(condition.pseudonymous.map(Predicate::Pseudonymous));
        if let Some(names) = &condition.coverage {
            let mut set = CoverageSet::default();
            for name in names.iter() {
                match name.as_str() {
                    "full" => set.full = true,
                    "partial" => set.partial = true,
                    "opaque" => set.opaque = true,
                    _ => {
                        self.unknown(name, &["full", "partial", "opaque"], "coverage", diagnostics)
                    }
                }
            }
            parts.push(Predicate::Coverage(set));
        }
        parts.extend(condition.several_people.map(Predicate::SeveralPeople));
        if let Some(linked) = &condition.linked {
            parts.push(Predicate::Linked(Box::new(Linked {
                identifiers: self.tags(&linked.identifiers, diagnostics),
                not_only: linked
                    .not_only
                    .iter()
                    .map(|names| self.tags(names, diagnostics))
                    .collect(),
                beside: linked
                    .beside
                    .as_ref()
                    .map_or(TagSet::EMPTY, |names| self.tags(names, diagnostics)),
            })));
        }
    }

    fn request(
        &self,
        condition: &Condition,
        parts: &mut Vec<Predicate>,
        diagnostics: &mut Diagnostics,
    ) {
        if let Some(names) = &condition.flag {
            parts.push(Predicate::Flag(self.words(Section::Flag, names, diagnostics)));
        }
        let mut grounds = |section, names: &Names| {
            if names.has("any") {
                Grounds::Any
            } else {
                Grounds::Of(self.words(section, names, diagnostics))
            }
        };
        if let Some(names) = &condition.cn_exempt {
            parts.push(Predicate::CnExempt(grounds(Section::CnExemption, names)));
        }
        if let Some(names) = &condition.us_exempt {
            parts.push(Predicate::UsExempt(grounds(Section::UsExemption, names)));
        }
        if let Some(names) = &condition.transport {
            let mut transports = Vec::new();
            for name in names.iter() {
                match name.as_str() {
                    "tls" => transports.push(Transport::Tls),
                    "plaintext" => transports.push(Transport::Plaintext),
                    _ => self.unknown(name, &["tls", "plaintext"], "transport", diagnostics),
                }
            }
            parts.push(Predicate::Transport(transports.into_boxed_slice()));
        }
        if let Some(test) = &condition.source_host {
            parts.push(Predicate::SourceHost { hosts: plain(&test.hosts), absent: test.absent });
        }
        if let Some(test) = &condition.collected_for {
            parts.push(Predicate::CollectedFor {
                services: test.services.as_ref().map(plain).unwrap_or_default(),
                absent: test.absent,
            });
        }
        parts.extend(
            condition.first_transfer.as_ref().map(|it| Predicate::FirstTransferWithin(it.within)),
        );
        if let Some(window) = &condition.as_of {
            parts.push(Predicate::AsOf { from: window.from, until: window.until });
        }
        if let Some(test) = &condition.in_list {
            let list = match test.value {
                source::ListValue::Destination => {
                    self.list_of_destinations(&test.list, diagnostics)
                }
                source::ListValue::Category | source::ListValue::Recipient => {
                    self.list(&test.list, diagnostics)
                }
            };
            parts.push(Predicate::InList { list, value: test.value });
        }
        if let Some(names) = &condition.observed {
            let mut set = Observations::default();
            let known: Vec<&str> = Observations::NAMES.iter().map(|(name, _)| *name).collect();
            for name in names.iter() {
                match Observations::NAMES.iter().find(|(known, _)| *known == name.as_str()) {
                    Some((_, observation)) => set.insert(*observation),
                    None => self.unknown(name, &known, "observation", diagnostics),
                }
            }
            parts.push(Predicate::Observed(set));
        }
    }

    fn subject(
        &self,
        condition: &Condition,
        parts: &mut Vec<Predicate>,
        diagnostics: &mut Diagnostics,
    ) {
        parts.extend(condition.age_under.map(Predicate::AgeUnder));
        parts.extend(condition.minor.map(Predicate::Minor));
        parts.extend(condition.verified.map(Predicate::Verified));
        if let Some(test) = &condition.setting {
            let names = self.words(Section::Setting, &test.name, diagnostics);
            parts.push(Predicate::Setting { names, is: test.is });
        }
        if let Some(names) = &condition.opt_out {
            parts.push(Predicate::OptOut(self.words(Section::OptOut, names, diagnostics)));
        }
        parts.extend(condition.withdrawal_on_file.map(Predicate::WithdrawalOnFile));
        if let Some(names) = &condition.withdrawn {
            let mut set = WithdrawalSet::default();
            for name in names.iter() {
                match name.as_str() {
                    "all" => set.all = true,
                    "purpose" => set.purpose = true,
                    "recipient" => set.recipient = true,
                    "category" => set.category = true,
                    _ => self.unknown(
                        name,
                        &["all", "purpose", "recipient", "category"],
                        "withdrawal",
                        diagnostics,
                    ),
                }
            }
            parts.push(Predicate::Withdrawn(set));
        }
    }

    fn records(
        &self,
        condition: &Condition,
        parts: &mut Vec<Predicate>,
        diagnostics: &mut Diagnostics,
    ) {
        if let Some(test) = &condition.legal_basis {
            parts.push(Predicate::LegalBasis {
                kinds: test
                    .kind
                    .as_ref()
                    .map(|names| self.words(Section::LegalBasis, names, diagnostics)),
                has_ref: test.has_ref,
                has: test.has.as_ref().map(plain).unwrap_or_default(),
            });
        }
        if let Some(test) = &condition.mechanism {
            self.check_members(test, diagnostics);
            parts.push(Predicate::Mechanism(Box::new(MechanismTest {
                kinds: self.words(Section::Mechanism, &test.kind, diagnostics),
                names_recipient: test.names_recipient,
                names_destination: test.names_destination,
                with: test
                    .with
                    .iter()
                    .map(|(field, test)| (field.as_str().into(), test.clone()))
                    .collect(),
                max_age: test.max_age,
                min_age: test.min_age,
                lasts: test.lasts,
            })));
        }
        if let Some(test) = &condition.consent {
            parts.push(Predicate::Consent(Box::new(self.consent(test, diagnostics))));
        }
        if let Some(test) = &condition.consent_on_file {
            parts.push(Predicate::ConsentOnFile(Box::new(ConsentOnFile {
                scopes: test
                    .scope
                    .as_ref()
                    .map(|names| self.words(Section::ConsentScope, names, diagnostics)),
                kinds: test.kind.as_ref().map(|names| self.kinds(names, diagnostics)),
                to_new_version: test.to_new_version,
            })));
        }
        parts.extend(condition.fresh_consent.map(Predicate::FreshConsent));
        if let Some(test) = &condition.counter {
            parts.push(Predicate::Counter(Box::new(Counter {
                key: self.book.word(self.file, Section::Counter, &test.key, diagnostics),
                at_least: test.at_least,
                below: test.below,
                over: test.over,
                known: test.known,
            })));
        }
        parts.extend(condition.counted.map(Predicate::Counted));
        if let Some(volume) = &condition.volume {
            parts.push(Predicate::Volume(Box::new(self.volume(volume, diagnostics))));
        }
        if let Some(test) = &condition.agreement {
            parts.extend(test.on_file.map(Predicate::AgreementOnFile));
            parts.extend(test.forbids_destination.map(Predicate::AgreementForbidsDestination));
            parts.extend(test.permits_purpose.map(Predicate::AgreementPermitsPurpose));
        }
        if let Some(test) = &condition.policy {
            parts.extend(test.names_destination.map(Predicate::PolicyNamesDestination));
            parts.extend(test.names_purpose.map(Predicate::PolicyNamesPurpose));
            parts.extend(test.registers_purpose.map(Predicate::PolicyRegistersPurpose));
            parts.extend(test.extends_purpose.map(Predicate::PolicyExtendsPurpose));
            parts.extend(test.permits_recipient.map(Predicate::PolicyPermitsRecipient));
            parts.extend(test.has_pending_version.map(Predicate::PolicyHasPendingVersion));
            parts.extend(test.has_unannounced_version.map(Predicate::PolicyHasUnannouncedVersion));
            parts.extend(test.has_several_versions.map(Predicate::PolicyHasSeveralVersions));
            parts.extend(test.has_material_version.map(Predicate::PolicyHasMaterialVersion));
        }
    }

    fn consent(&self, test: &source::ConsentTest, diagnostics: &mut Diagnostics) -> ConsentTest {
        let mut kinds = KindSet::default();
        match &test.kind {
            Some(names) => kinds = self.kinds(names, diagnostics),
            None => {
                kinds.insert(ConsentType::Explicit);
                kinds.insert(ConsentType::SeparateExplicit);
            }
        }
        let known = ["destination", "recipient", "purpose"];
        for name in test.names.iter().flat_map(Names::iter) {
            if !known.contains(&name.as_str()) {
                self.unknown(name, &known, "name", diagnostics);
            }
        }
        let names = |what: &str| test.names.as_ref().is_some_and(|names| names.has(what));
        ConsentTest {
            scopes: self.words(Section::ConsentScope, &test.scope, diagnostics),
            kinds,
            names_destination: names("destination"),
            names_recipient: names("recipient"),
            names_purpose: names("purpose"),
            notice: test.notice,
            in_law: self.layer == Layer::Law,
        }
    }

    /// `explicit` includes `separate_explicit`, which is more.
    fn kinds(&self, names: &Names, diagnostics: &mut Diagnostics) -> KindSet {
        let mut kinds = KindSet::default();
        for name in names.iter() {
            match name.as_str() {
                "explicit" => {
                    kinds.insert(ConsentType::Explicit);
                    kinds.insert(ConsentType::SeparateExplicit);
                }
                "separate_explicit" => kinds.insert(ConsentType::SeparateExplicit),
                "no_objection" => kinds.insert(ConsentType::NoObjection),
                "deemed_by_use" => kinds.insert(ConsentType::DeemedByUse),
                "guardian" => kinds.insert(ConsentType::Guardian),
                _ => self.unknown(
                    name,
                    &["explicit", "separate_explicit", "no_objection", "deemed_by_use", "guardian"],
                    "consent type",
                    diagnostics,
                ),
            }
        }
        kinds
    }

    fn volume(&self, volume: &source::VolumeTest, diagnostics: &mut Diagnostics) -> Volume {
        Volume {
            counts: volume
                .counts
                .iter()
                .map(|count| VolumeCount {
                    counter: self.book.word(
                        self.file,
                        Section::Counter,
                        &count.counter,
                        diagnostics,
                    ),
                    over: count.over,
                    when: self.tree(&count.when, diagnostics),
                })
                .collect(),
            unknown_is_exceeded: match volume.unknown {
                UnknownVolume::Exceeded => true,
                UnknownVolume::Below => false,
            },
        }
    }
}

/// Words about the exporter as they are read where they are stated.
fn as_stated(words: &[Box<str>]) -> NameList {
    words.iter().map(|word| exporter_word(word).into()).collect()
}

fn plain(names: &Names) -> NameList {
    names.iter().map(|name| name.value.as_str().into()).collect()
}
