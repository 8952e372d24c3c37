//! Who a subject is, without saying so: keyed codes of identifiers.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{
    ExchangeId,
    spelling::{forms, normal_form},
};
use crate::domain::Region;

/// What an identifier identifies by, in the order of preference: of several, the first names the
/// subject. An account is one person's; a number or an address may pass to another; a device may be
/// shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    AccountId,
    Phone,
    Email,
    DeviceId,
}

impl IdentifierKind {
    pub const ALL: [Self; 4] = [Self::AccountId, Self::Phone, Self::Email, Self::DeviceId];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountId => "account_id",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::DeviceId => "device_id",
        }
    }
}

/// An identifier as somebody wrote it. Lives no longer than it takes to make its pseudonym.
#[derive(Clone, Copy)]
pub struct Identifier<'i> {
    pub kind: IdentifierKind,
    pub value: &'i str,
}

impl fmt::Debug for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({}, …)", self.kind.as_str())
    }
}

/// The first 128 bits of HMAC-SHA-256 (RFC 2104) over kind and value of an identifier.
///
/// Two of n identifiers share one with a probability of about n² / 2¹²⁹: for a thousand million
/// subjects 1.5 · 10⁻²¹.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub [u8; 16]);

impl Pseudonym {
    /// From 32 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u128::from_str_radix(text, 16).ok())?.map(u128::to_be_bytes).map(Self)
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The secret that pseudonyms are made under. Without it a store says nothing about anybody; with
/// another, nobody in it is found, so a store remembers which one is its own.
#[derive(Clone)]
pub struct SubjectKey(Hmac<Sha256>);

impl SubjectKey {
    /// Any length is taken; 32 random bytes are right.
    pub fn new(secret: &[u8]) -> Self {
        // HMAC takes keys of every length, so the fallback is never reached.
        Self(Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    /// `None` when nothing is left of the value but signs that do not count.
    pub fn pseudonym(&self, identifier: Identifier<'_>) -> Option<Pseudonym> {
        self.of_form(identifier.kind, &normal_form(identifier))
    }

    /// All that the identifier of somebody of `region` may be on file under, the surest first.
    pub(crate) fn pseudonyms(
        &self,
        identifier: Identifier<'_>,
        region: Option<Region>,
    ) -> Vec<Pseudonym> {
        let mut all = Vec::new();
        for form in forms(identifier, region) {
            if let Some(pseudonym) = self.of_form(identifier.kind, &form)
                && !all.contains(&pseudonym)
            {
                all.push(pseudonym);
            }
        }
        all
    }

    fn of_form(&self, kind: IdentifierKind, form: &str) -> Option<Pseudonym> {
        (!form.is_empty()).then(|| Pseudonym(self.code(kind.as_str(), form)))
    }

    /// Stands for somebody of whom nothing is known but the exchange they were in.
    pub fn unknown(&self, exchange: ExchangeId, person: usize) -> Pseudonym {
        let exchange = u128::from_be_bytes(exchange.0);
        Pseudonym(self.code("unknown", &format!("{exchange:032x}/{person}")))
    }

    /// Tells this key from another without telling anything of it: 32 hex digits.
    pub(crate) fn check_value(&self) -> String {
        Pseudonym(self.check_bytes()).to_string()
    }

    pub(super) fn check_bytes(&self) -> [u8; 16] {
        self.code("key", "check value")
    }

    fn code(&self, what: &str, text: &str) -> [u8; 16] {
        let mut code = self.0.clone();
        code.update(what.as_bytes());
        // No name of a kind holds a NUL, so the two parts cannot be read as others.
        code.update(&[0]);
        code.update(text.as_bytes());
        let mut first = [0; 16];
        first.iter_mut().zip(code.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        first
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(kind: IdentifierKind, value: &str) -> Option<Pseudonym> {
        SubjectKey::new(&[7; 32]).pseudonym(Identifier { kind, value })
    }

    /// What a payload may hold of somebody in Pakistan, and what is on file.
    #[test]
    fn usual_spellings_find_what_is_on_file() {
        use IdentifierKind::{DeviceId, Email, Phone};
        let pk = Some(Region::new(*b"PK"));
        for (kind, on_file, written, found) in [
            (Email, "sana.k@example.pk", "\"Sana\" <sana.k@example.pk>", true),
            (Email, "sana.k@example.pk", "<Sana.K@example.pk>", true),
            (Email, "sana.k@example.pk", "mailto:sana.k@example.pk?subject=x", true),
            (Email, "sana.k@example.pk", "ｓana.k@example.pk", true),
            (Phone, "+923451112233", "+92 (0) 345 1112233", true),
            (Phone, "+923451112233", "+92 0345 1112233", true),
            (Phone, "+923451112233", "tel:+923451112233;ext=1", true),
            (Phone, "+923451112233", "+92 345 1112233 ext. 12", true),
            (Phone, "+923451112233", "＋９２３４５１１１２２３３", true),
            (Phone, "+923451112233", "03451112233", true),
            (Phone, "03451112233", "03451112233", true),
            (Phone, "+923451112233", "0345 1112234", false),
            (Phone, "9234511122331", "+923451112233;ext=1", false),
            (DeviceId, "867619040000019", "IMEI: 867619040000019", true),
            (DeviceId, "867619040000019", "867619040000027,867619040000019", true),
            (DeviceId, "867619040000019", "8.67619040000019e14", true),
            (DeviceId, "64:cc:2e:aa:bb:01", "MAC 64-CC-2E-AA-BB-01", true),
            (DeviceId, "C02/XG", "c02xg", true),
        ] {
            let key = SubjectKey::new(&[7; 32]);
            let asked = key.pseudonyms(Identifier { kind, value: written }, pk);
            assert_eq!(asked.contains(&code(kind, on_file).unwrap()), found, "{written}");
        }
        // Which country a national number is of nobody knows without its region.
        let key = SubjectKey::new(&[7; 32]);
        let national = Identifier { kind: Phone, value: "03451112233" };
        assert_eq!(key.pseudonyms(national, None).len(), 1);
    }

    #[test]
    fn spellings_of_one_identifier_are_one_subject() {
        use IdentifierKind::{AccountId, DeviceId, Email, Phone};
        for (kind, one, other, same) in [
            (Phone, "+92 345 111-2233", "00923451112233", true),
            (Phone, "+92 345 111-2233", "923451112233", true),
            (Phone, "+92 345 111-2233", "+92 345 111-2234", false),
            (Phone, "+92 345 111-2233", "03451112233", false),
            (Email, "Sana.K@Example.PK", " sana.k@example.pk", true),
            (Email, "sana.k@example.pk", "sanak@example.pk", false),
            (DeviceId, "64:cc:2e:aa:bb:01", "64-CC-2E-AA-BB-01", true),
            (DeviceId, "490154203237518", "4901542032375", false),
            (DeviceId, "490154203237518", "49015420323751", true),
            // IMEISV: the same device, another software version.
            (DeviceId, "490154203237518", "4901542032375101", true),
            (DeviceId, "9774d56d682e549c", "9774d56d682e549d", false),
            (AccountId, "40001", " 40001 ", true),
            (AccountId, "a-40001", "A-40001", false),
        ] {
            assert_eq!(code(kind, one) == code(kind, other), same, "{one} {other}");
        }
        assert_ne!(code(AccountId, "40001"), code(Phone, "40001"));
        assert_eq!(code(Phone, "---"), None);
        assert_eq!(code(AccountId, "  "), None);
    }

    /// HMAC-SHA-256 by its definition (RFC 2104 §2), from the hash alone.
    #[test]
    fn a_pseudonym_is_the_code_of_the_standard() {
        use sha2::Digest as _;
        let pad = |byte: u8| -> Vec<u8> {
            (0..64).map(|at| if at < 32 { 7 ^ byte } else { byte }).collect()
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(b"account_id\x0040001");
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner.finalize()).finalize();
        assert_eq!(code(IdentifierKind::AccountId, "40001").unwrap().0, outer[..16]);
    }

    #[test]
    fn hex_reads_back_and_nothing_shows_an_identifier() {
        let pseudonym = code(IdentifierKind::Email, "sana@example.pk").unwrap();
        assert_eq!(Pseudonym::parse(&pseudonym.to_string()), Some(pseudonym));
        for bad in ["", "12", &"g".repeat(32), &format!("+{}", "1".repeat(31))] {
            assert_eq!(Pseudonym::parse(bad), None, "{bad}");
        }
        let shown = Identifier { kind: IdentifierKind::Email, value: "sana@example.pk" };
        assert_eq!(format!("{shown:?}"), "Identifier(email, …)");
        assert_eq!(format!("{:?}", SubjectKey::new(b"secret")), "SubjectKey(…)");
    }
}
