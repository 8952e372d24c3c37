//! What holds of a transfer at a glance, one bit each. A rule that needs what does not hold is passed over
//! before its conditions are read: most conditions begin with a circumstance that few transfers have. Where
//! bits are all there is to a condition, it is never read.

use super::{
    ConsentType, Subject, Transport,
    context::{Context, has_flags},
    predicate::{KindSet, Predicate},
    set::{Gate, Rule},
};
use crate::domain::Coverage;

/// Facets of a transfer, or those that a condition cannot be met without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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
    const PURPOSE_REGISTERED: Self = Self(50);
    const PURPOSE_NAMED: Self = Self(52);
    const FRESH_CONSENT: Self = Self(54);
    const RECIPIENT_PERMITTED: Self = Self(56);
    const DESTINATION_NAMED: Self = Self(58);
    const TLS: Self = Self(60);

    /// The first two, which rules have apart from their conditions.
    const GATES: u64 = 0b1111;

    fn when(self, holds: bool) -> u64 {
        1 << (self.0 + u32::from(!holds))
    }

    /// The bit for the other side of the pair that `bit` is of, where it is of one.
    fn opposite(bit: u64) -> Option<u64> {
        let number = bit.trailing_zeros();
        let is_of_a_pair = number < 32 || (50..62).contains(&number);
        (bit.count_ones() == 1 && is_of_a_pair).then(|| 1 << (number ^ 1))
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
const DEEMED_CONSENT: u64 = 1 << 62;
/// It is known what is on file, so that bits tell all they stand for.
const TOLD: u64 = 1 << 63;

impl Facets {
    /// Those of the transfer that is judged now. While facts cannot be asked for, rules have other
    /// conditions, and none is passed over for these.
    pub(super) fn of(context: &Context<'_>) -> Self {
        let (transfer, subject) = (context.transfer, context.subject);
        let gates = Pair::PERSONAL.when(context.has_personal())
            | Pair::CROSS_BORDER.when(context.is_cross_border());
        if transfer.facts_unavailable == Some(true) {
            return Self(gates | !(Pair::GATES | TOLD));
        }
        let (recipient, exporter) = (&transfer.recipient, &transfer.exporter);
        let given = |bit: u64, is: bool| if is { bit } else { 0 };
        Self(
            gates
                | TOLD
                | Pair::THIRD_PARTY.when(context.third_party)
                | Pair::PSEUDONYMOUS.when(context.pseudonymous)
                | Pair::SEVERAL.when(context.several)
                | Pair::MINOR.when(context.minor)
                | Pair::READ_WHOLE.when(context.coverage == Coverage::Full)
                | Pair::CIIO.when(exporter.ciio)
                | Pair::COVERED_PERSON.when(recipient.covered_person == Some(true))
                | Pair::DATA_INTERMEDIARY.when(recipient.data_intermediary == Some(true))
                | Pair::OWN_PURPOSE.when(recipient.own_purpose == Some(true))
                | Pair::GOVERNING_POLICY.when(recipient.governing_policy.is_some())
                | Pair::AGE_STATED.when(subject.age.is_some() || subject.minor.is_some())
                | Pair::VERIFIED.when(subject.verified == Some(true))
                | Pair::COUNTED.when(!transfer.counters.is_empty())
                | Pair::DESTINATION.when(context.destination.is_some())
                | Pair::PURPOSE_REGISTERED.when(context.permit.registered)
                | Pair::PURPOSE_NAMED.when(context.permit.is_named())
                | Pair::FRESH_CONSENT.when(context.permit.is_agreed_afresh())
                | Pair::RECIPIENT_PERMITTED.when(context.is_recipient_permitted())
                | Pair::DESTINATION_NAMED.when(context.is_destination_named())
                | Pair::TLS.when(transfer.transport == Some(Transport::Tls))
                | given(REMOTE_ACCESS, !transfer.remote_access_from.is_empty())
                | given(COLLECTED_IN, context.collected_in.is_some())
                | given(SECTOR, exporter.sector.is_some())
                | given(EXPORTER_FLAGS, !exporter.flags.is_empty())
                | given(RECIPIENT_KIND, recipient.kind.is_some())
                | given(RECIPIENT_ID, recipient.id.is_some())
                | given(CN_EXEMPT, transfer.cn_exempt.is_some())
                | given(US_EXEMPT, transfer.us_exempt.is_some())
                | given(SETTINGS, !subject.settings.is_empty())
                | given(OPT_OUTS, !subject.opt_outs.is_empty())
                | given(WITHDRAWN, !subject.withdrawn.is_empty())
                | given(LEGAL_BASIS, transfer.legal_basis.is_some())
                | given(MECHANISMS, !transfer.mechanisms.is_empty())
                | given(CONSENTS, !subject.consents.is_empty())
                | given(DEEMED_CONSENT, has_deemed_consent(subject))
                | given(FIRST_TRANSFER, transfer.first_transfer_at.is_some())
                | given(AGREEMENT, transfer.user_agreement.is_some())
                | given(VERSIONS, !transfer.policy_versions.is_empty())
                | given(FLAGGED, has_flags(transfer)),
        )
    }

    /// What must hold for the rule to apply; the rest is in its conditions.
    pub(super) fn needed_by(rule: &Rule) -> Self {
        let gate = match rule.gate {
            Gate::Personal => Pair::PERSONAL.when(true),
            Gate::Any | Gate::Categories(_) => 0,
        };
        let border = rule.cross_border.map_or(0, |is| Pair::CROSS_BORDER.when(is));
        Self(gate | border | rule.when.as_ref().map_or(0, |when| told(when).0))
    }

    /// What must hold for the predicate to be met, and whether it is met wherever that holds and it is
    /// known what is on file.
    pub(super) fn needed(predicate: &Predicate) -> (Self, bool) {
        let (bits, exactly) = told(predicate);
        (Self(bits), exactly)
    }

    pub(super) fn include(self, needed: Self) -> bool {
        needed.0 & !self.0 == 0
    }

    /// Nobody can say what is on file.
    pub(super) fn is_worst(self) -> bool {
        !self.tell()
    }

    /// What is on file is known: bits that are all there is to a condition can be gone by.
    pub(super) fn tell(self) -> bool {
        self.0 & TOLD != 0
    }
}

/// Bits without which the predicate cannot be met, and whether there is nothing else to it.
fn told(predicate: &Predicate) -> (u64, bool) {
    if let Predicate::All(parts) = predicate {
        return parts
            .iter()
            .map(told)
            .fold((0, true), |(all, exactly), (bits, is)| (all | bits, exactly && is));
    }
    match whole(predicate) {
        Some(bits) => (bits, true),
        None => (partly(predicate), false),
    }
}

/// The bits that a predicate is met by, where they are all there is to it.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are told in part")]
fn whole(predicate: &Predicate) -> Option<u64> {
    Some(match predicate {
        Predicate::Personal => Pair::PERSONAL.when(true),
        Predicate::Anonymous(is) => Pair::PERSONAL.when(!is),
        Predicate::CrossBorder(is) => Pair::CROSS_BORDER.when(*is),
        Predicate::ThirdParty(is) => Pair::THIRD_PARTY.when(*is),
        Predicate::Pseudonymous(is) => Pair::PSEUDONYMOUS.when(*is),
        Predicate::SeveralPeople(is) => Pair::SEVERAL.when(*is),
        Predicate::Minor(is) => Pair::MINOR.when(*is),
        Predicate::Coverage(set) => match (set.full, set.partial, set.opaque) {
            (true, false, false) => Pair::READ_WHOLE.when(true),
            (false, true, true) => Pair::READ_WHOLE.when(false),
            (true, true, true) => 0,
            _ => return None,
        },
        Predicate::ExporterCiio(is) => Pair::CIIO.when(*is),
        Predicate::RecipientCoveredPerson(is) => Pair::COVERED_PERSON.when(*is),
        Predicate::RecipientDataIntermediary(is) => Pair::DATA_INTERMEDIARY.when(*is),
        Predicate::RecipientOwnPurpose(is) => Pair::OWN_PURPOSE.when(*is),
        Predicate::RecipientHasGoverningPolicy(is) => Pair::GOVERNING_POLICY.when(*is),
        Predicate::AgeUnstated => Pair::AGE_STATED.when(false),
        Predicate::Verified(is) => Pair::VERIFIED.when(*is),
        Predicate::Counted(is) => Pair::COUNTED.when(*is),
        Predicate::DestinationKnown(is) => Pair::DESTINATION.when(*is),
        Predicate::Transport(transports) if **transports == [Transport::Tls] => {
            Pair::TLS.when(true)
        }
        Predicate::FreshConsent(is) => Pair::FRESH_CONSENT.when(*is),
        Predicate::PolicyNamesDestination(is) => Pair::DESTINATION_NAMED.when(*is),
        Predicate::PolicyNamesPurpose(is) => Pair::PURPOSE_NAMED.when(*is),
        Predicate::PolicyRegistersPurpose(is) => Pair::PURPOSE_REGISTERED.when(*is),
        Predicate::PolicyPermitsRecipient(is) => Pair::RECIPIENT_PERMITTED.when(*is),
        Predicate::WithdrawalOnFile(true) => WITHDRAWN,
        Predicate::AgreementOnFile(true) => AGREEMENT,
        Predicate::Not(part) => Pair::opposite(whole(part)?)?,
        _ => return None,
    })
}

/// Bits without which a predicate cannot be met that has more to it.
#[expect(clippy::wildcard_enum_match_arm, reason = "no bit tells anything of the others")]
fn partly(predicate: &Predicate) -> u64 {
    match predicate {
        Predicate::Any(parts) => {
            parts.iter().map(|part| told(part).0).reduce(|a, b| a & b).unwrap_or(0)
        }
        Predicate::Coverage(set) if !set.full => Pair::READ_WHOLE.when(false),
        Predicate::AgeUnder(_) => Pair::AGE_STATED.when(true),
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
        Predicate::Withdrawn(_) => WITHDRAWN,
        Predicate::LegalBasis { .. } => LEGAL_BASIS,
        Predicate::Mechanism(_) => MECHANISMS,
        Predicate::ConsentOnFile(test) if test.kinds == Some(deemed()) => CONSENTS | DEEMED_CONSENT,
        Predicate::Consent(_) | Predicate::ConsentOnFile(_) => CONSENTS,
        Predicate::FirstTransferWithin(_) => FIRST_TRANSFER,
        Predicate::AgreementForbidsDestination(true) | Predicate::AgreementPermitsPurpose(true) => {
            AGREEMENT
        }
        Predicate::PolicyHasPendingVersion(true)
        | Predicate::PolicyHasUnannouncedVersion(true)
        | Predicate::PolicyHasSeveralVersions(true)
        | Predicate::PolicyHasMaterialVersion(true)
        | Predicate::PolicyExtendsPurpose(true) => VERSIONS,
        Predicate::Flag(_) => FLAGGED,
        _ => 0,
    }
}

/// Consent deemed by use and no other.
fn deemed() -> KindSet {
    let mut kinds = KindSet::default();
    kinds.insert(ConsentType::DeemedByUse);
    kinds
}

fn has_deemed_consent(subject: &Subject) -> bool {
    subject.consents.iter().any(|consent| consent.kind == ConsentType::DeemedByUse)
}
