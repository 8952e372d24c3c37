//! What holds of a transfer at a glance, one bit each. A rule that needs what does not hold is passed over
//! before its conditions are read: most conditions begin with a circumstance that few transfers have.

use super::{
    context::{Context, has_flags},
    predicate::Predicate,
    set::{Gate, Rule},
};
use crate::domain::Coverage;

/// Facets of a transfer, or those that a rule cannot apply without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Facets(u64);

/// A circumstance that holds or does not, with a bit for each.
#[derive(Debug, Clone, Copy)]
struct Pair(u32);

impl Pair {
    const PERSONAL: Self = Self(0);
    const CROSS_BORDER: Self = Self(2);
    const THIRD_PARTY: Self = Self(4);
    const PSEUDONYMOUS: Self = Self(6);
    const SEVERAL: Self = Self(8);
    const MINOR: Self = Self(10);
    const READ_WHOLE: Self = Self(12);
    const CIIO: Self = Self(14);
    const COVERED_PERSON: Self = Self(16);
    const DATA_INTERMEDIARY: Self = Self(18);
    const OWN_PURPOSE: Self = Self(20);
    const GOVERNING_POLICY: Self = Self(22);
    const AGE_STATED: Self = Self(24);
    const VERIFIED: Self = Self(26);
    const COUNTED: Self = Self(28);
    const DESTINATION: Self = Self(30);

    /// The first two, which rules have apart from their conditions.
    const GATES: u64 = 0b1111;

    fn when(self, holds: bool) -> u64 {
        1 << (self.0 + u32::from(!holds))
    }
}

const REMOTE_ACCESS: u64 = 1 << 32;
const COLLECTED_IN: u64 = 1 << 33;
const SECTOR: u64 = 1 << 34;
const EXPORTER_FLAGS: u64 = 1 << 35;
const RECIPIENT_KIND: u64 = 1 << 36;
const RECIPIENT_ID: u64 = 1 << 37;
const CN_EXEMPT: u64 = 1 << 38;
const US_EXEMPT: u64 = 1 << 39;
const SETTINGS: u64 = 1 << 40;
const OPT_OUTS: u64 = 1 << 41;
const WITHDRAWN: u64 = 1 << 42;
const LEGAL_BASIS: u64 = 1 << 43;
const MECHANISMS: u64 = 1 << 44;
const CONSENTS: u64 = 1 << 45;
const FIRST_TRANSFER: u64 = 1 << 46;
const AGREEMENT: u64 = 1 << 47;
const VERSIONS: u64 = 1 << 48;
const FLAGGED: u64 = 1 << 49;

impl Facets {
    /// Those of the transfer that is judged now. While facts cannot be asked for, rules have other
    /// conditions, and none is passed over for these.
    pub(super) fn of(context: &Context<'_>) -> Self {
        let (transfer, subject) = (context.transfer, context.subject);
        let gates = Pair::PERSONAL.when(context.has_personal())
            | Pair::CROSS_BORDER.when(context.is_cross_border());
        if transfer.facts_unavailable == Some(true) {
            return Self(gates | !Pair::GATES);
        }
        let recipient = &transfer.recipient;
        let pairs = gates
            | Pair::THIRD_PARTY.when(context.third_party)
            | Pair::PSEUDONYMOUS.when(context.pseudonymous)
            | Pair::SEVERAL.when(context.several)
            | Pair::MINOR.when(context.minor)
            | Pair::READ_WHOLE.when(context.coverage == Coverage::Full)
            | Pair::CIIO.when(transfer.exporter.ciio)
            | Pair::COVERED_PERSON.when(recipient.covered_person == Some(true))
            | Pair::DATA_INTERMEDIARY.when(recipient.data_intermediary == Some(true))
            | Pair::OWN_PURPOSE.when(recipient.own_purpose == Some(true))
            | Pair::GOVERNING_POLICY.when(recipient.governing_policy.is_some())
            | Pair::AGE_STATED.when(subject.age.is_some() || subject.minor.is_some())
            | Pair::VERIFIED.when(subject.verified == Some(true))
            | Pair::COUNTED.when(!transfer.counters.is_empty())
            | Pair::DESTINATION.when(context.destination.is_some());
        let given = [
            (REMOTE_ACCESS, !transfer.remote_access_from.is_empty()),
            (COLLECTED_IN, transfer.collected_in.is_some()),
            (SECTOR, transfer.exporter.sector.is_some()),
            (EXPORTER_FLAGS, !transfer.exporter.flags.is_empty()),
            (RECIPIENT_KIND, recipient.kind.is_some()),
            (RECIPIENT_ID, recipient.id.is_some()),
            (CN_EXEMPT, transfer.cn_exempt.is_some()),
            (US_EXEMPT, transfer.us_exempt.is_some()),
            (SETTINGS, !subject.settings.is_empty()),
            (OPT_OUTS, !subject.opt_outs.is_empty()),
            (WITHDRAWN, !subject.withdrawn.is_empty()),
            (LEGAL_BASIS, transfer.legal_basis.is_some()),
            (MECHANISMS, !transfer.mechanisms.is_empty()),
            (CONSENTS, !subject.consents.is_empty()),
            (FIRST_TRANSFER, transfer.first_transfer_at.is_some()),
            (AGREEMENT, transfer.user_agreement.is_some()),
            (VERSIONS, !transfer.policy_versions.is_empty()),
            (FLAGGED, has_flags(transfer)),
        ];
        Self(given.iter().fold(pairs, |all, (bit, is)| if *is { all | bit } else { all }))
    }

    /// What must hold for the rule to apply; the rest is in its conditions.
    pub(super) fn needed_by(rule: &Rule) -> Self {
        let gate = match rule.gate {
            Gate::Personal => Pair::PERSONAL.when(true),
            Gate::Any | Gate::Categories(_) => 0,
        };
        let border = rule.cross_border.map_or(0, |is| Pair::CROSS_BORDER.when(is));
        Self(gate | border | rule.when.as_ref().map_or(0, needed))
    }

    pub(super) fn include(self, needed: Self) -> bool {
        needed.0 & !self.0 == 0
    }
}

/// Bits without which the predicate cannot be met.
fn needed(predicate: &Predicate) -> u64 {
    match predicate {
        Predicate::All(parts) => parts.iter().fold(0, |all, part| all | needed(part)),
        Predicate::Any(parts) => parts.iter().map(needed).reduce(|a, b| a & b).unwrap_or(0),

        Predicate::Personal => Pair::PERSONAL.when(true),
        Predicate::Anonymous(is) => Pair::PERSONAL.when(!is),
        Predicate::CrossBorder(is) => Pair::CROSS_BORDER.when(*is),
        Predicate::ThirdParty(is) => Pair::THIRD_PARTY.when(*is),
        Predicate::Pseudonymous(is) => Pair::PSEUDONYMOUS.when(*is),
        Predicate::SeveralPeople(is) => Pair::SEVERAL.when(*is),
        Predicate::Minor(is) => Pair::MINOR.when(*is),
        Predicate::Coverage(set) => match (set.full, set.partial || set.opaque) {
            (true, false) => Pair::READ_WHOLE.when(true),
            (false, true) => Pair::READ_WHOLE.when(false),
            (true, true) | (false, false) => 0,
        },
        Predicate::ExporterCiio(is) => Pair::CIIO.when(*is),
        Predicate::RecipientCoveredPerson(is) => Pair::COVERED_PERSON.when(*is),
        Predicate::RecipientDataIntermediary(is) => Pair::DATA_INTERMEDIARY.when(*is),
        Predicate::RecipientOwnPurpose(is) => Pair::OWN_PURPOSE.when(*is),
        Predicate::RecipientHasGoverningPolicy(is) => Pair::GOVERNING_POLICY.when(*is),
        Predicate::AgeUnstated => Pair::AGE_STATED.when(false),
        Predicate::AgeUnder(_) => Pair::AGE_STATED.when(true),
        Predicate::Verified(is) => Pair::VERIFIED.when(*is),
        Predicate::Counted(is) => Pair::COUNTED.when(*is),
        Predicate::DestinationKnown(is) => Pair::DESTINATION.when(*is),
        Predicate::Destination(_) => Pair::DESTINATION.when(true),

        Predicate::RemoteAccess(_) => REMOTE_ACCESS,
        Predicate::CollectedIn(_) => COLLECTED_IN,
        Predicate::ExporterSector(_) => SECTOR,
        Predicate::ExporterFlag(_) => EXPORTER_FLAGS,
        Predicate::RecipientKind(_) | Predicate::RecipientHasKind(true) => RECIPIENT_KIND,
        Predicate::RecipientId(_) => RECIPIENT_ID,
        Predicate::CnExempt(_) => CN_EXEMPT,
        Predicate::UsExempt(_) => US_EXEMPT,
        Predicate::Setting { .. } => SETTINGS,
        Predicate::OptOut(_) => OPT_OUTS,
        Predicate::Withdrawn(_) | Predicate::WithdrawalOnFile(true) => WITHDRAWN,
        Predicate::LegalBasis { .. } => LEGAL_BASIS,
        Predicate::Mechanism(_) => MECHANISMS,
        Predicate::Consent(_) | Predicate::ConsentOnFile(_) => CONSENTS,
        Predicate::FirstTransferWithin(_) => FIRST_TRANSFER,
        Predicate::AgreementOnFile(true)
        | Predicate::AgreementForbidsDestination(true)
        | Predicate::AgreementPermitsPurpose(true) => AGREEMENT,
        Predicate::PolicyHasPendingVersion(true)
        | Predicate::PolicyHasUnannouncedVersion(true)
        | Predicate::PolicyHasSeveralVersions(true)
        | Predicate::PolicyHasMaterialVersion(true)
        | Predicate::PolicyExtendsPurpose(true) => VERSIONS,
        Predicate::Flag(_) => FLAGGED,

        Predicate::Not(_)
        | Predicate::Origin(_)
        | Predicate::OriginNot(_)
        | Predicate::OriginKnown(_)
        | Predicate::OriginSubdivision(_)
        | Predicate::DestinationNot(_)
        | Predicate::ExporterRole(_)
        | Predicate::RecipientClass(_)
        | Predicate::RecipientClassNot(_)
        | Predicate::RecipientHasKind(false)
        | Predicate::Purpose(_)
        | Predicate::PurposeNot(_)
        | Predicate::Data(_)
        | Predicate::Linked(_)
        | Predicate::Transport(_)
        | Predicate::SourceHost { .. }
        | Predicate::CollectedFor { .. }
        | Predicate::FreshConsent(_)
        | Predicate::Counter(_)
        | Predicate::Volume(_)
        | Predicate::InList { .. }
        | Predicate::WithdrawalOnFile(false)
        | Predicate::AgreementOnFile(false)
        | Predicate::AgreementForbidsDestination(false)
        | Predicate::AgreementPermitsPurpose(false)
        | Predicate::PolicyNamesDestination(_)
        | Predicate::PolicyNamesPurpose(_)
        | Predicate::PolicyRegistersPurpose(_)
        | Predicate::PolicyExtendsPurpose(false)
        | Predicate::PolicyPermitsRecipient(_)
        | Predicate::PolicyHasPendingVersion(false)
        | Predicate::PolicyHasUnannouncedVersion(false)
        | Predicate::PolicyHasSeveralVersions(false)
        | Predicate::PolicyHasMaterialVersion(false)
        | Predicate::AsOf { .. }
        | Predicate::Observed(_) => 0,
    }
}
