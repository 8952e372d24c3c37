//! Japan, the Republic of Korea, Hong Kong, Taiwan.

use super::{
    ConsentType,
    Effect::{Allow, Block, Redact},
    Fact, RECIPIENT, check, consent, guardian, on_file, row,
};

#[test]
fn japan() {
    check([
        row("JP>CN", "name", [], Block, "JR-JP-01"),
        // Consent after information.
        row("JP>CN", "name", [consent("cross_border").told()], Allow, "JR-JP-01"),
        row("JP>CN", "name", [consent("cross_border").told().to("CN")], Allow, "JR-JP-01"),
        row("JP>CN", "name", [consent("cross_border").told().to("SG")], Block, "JR-JP-01"),
        row("JP>CN", "name", [consent("cross_border")], Block, "JR-JP-01"),
        row("JP>CN", "name", [consent("cross_border").told().deemed()], Block, "JR-JP-01"),
        // Equivalent measures, checked every year.
        row("JP>US", "name", [on_file("jp_equivalent_action")], Allow, "JR-JP-01 +annual-check-of-equivalent-action"),
        row("JP>US", "name", [on_file("jp_equivalent_action").with("checked_at", "2025-11-24")], Allow, "JR-JP-01"),
        row("JP>US", "name", [on_file("jp_equivalent_action").with("checked_at", "2025-11-22")], Block, "JR-JP-01"),
        row("JP>US", "name", [on_file("jp_equivalent_action").to("SG")], Block, "JR-JP-01"),
        row("JP>US", "name", [on_file("jp_equivalent_action").until("2026-06-01")], Block, "JR-JP-01"),
        row("JP>US", "name", [on_file("global_cbpr").naming(RECIPIENT)], Allow, "JR-JP-01 -annual-check-of-equivalent-action"),
        row("JP>US", "name", [on_file("apec_cbpr").naming(RECIPIENT)], Allow, "JR-JP-01"),
        row("JP>US", "name", [on_file("apec_cbpr").naming("other")], Block, "JR-JP-01"),
        row("JP>US", "name", [Fact::Flag("contract_necessity")], Block, "JR-JP-01"),
        // Designated countries, and the same legal entity.
        row("JP>DE", "name", [], Allow, "JR-JP-01"),
        row("JP>GB", "name", [], Allow, "JR-JP-01"),
        row("JP>CH", "name", [], Block, "JR-JP-01"),
        row("JP>CN", "name", [Fact::Class("first_party_facility")], Allow, "JR-JP-02 +external-environment-notice"),
        row("JP>CN", "name", [Fact::Class("service_provider")], Block, "JR-JP-01"),
        row("JP>GB", "name", [Fact::ReadIn("CN")], Block, "JR-JP-01"),
        // Special care-required data.
        row("JP>GB", "name health", [], Redact, "JR-JP-03"),
        row("JP>GB", "name criminal_history", [consent("sensitive")], Allow, "JR-JP-03"),
        row("JP>GB", "name health", [consent("sensitive").of_kind(ConsentType::NoObjection)], Redact, "JR-JP-03"),
        row("JP>GB", "name jp_mynumber", [], Allow, "JR-JP-01"),
    ]);
}

#[test]
fn korea() {
    check([
        row("KR>CN", "name", [], Block, "JR-KR-01"),
        row("KR>CN", "name", [consent("cross_border").separate()], Allow, "JR-KR-01"),
        row("KR>CN", "name", [consent("cross_border").separate().to("SG")], Block, "JR-KR-01"),
        row("KR>CN", "name", [consent("cross_border").separate().until("2026-11-01")], Block, "JR-KR-01"),
        row("KR>CN", "name", [consent("cross_border")], Block, "JR-KR-01"),
        row("KR>CN", "name", [consent("cross_border").deemed()], Block, "JR-KR-01"),
        // Entrustment or storage that a contract needs, disclosed.
        row("KR>SG", "name", [on_file("kr_disclosure")], Block, "JR-KR-01"),
        row("KR>SG", "name", [Fact::Flag("contract_necessity")], Block, "JR-KR-01"),
        row("KR>SG", "name", [on_file("kr_disclosure"), Fact::Flag("contract_necessity")], Allow, "JR-KR-01"),
        row("KR>SG", "name", [on_file("kr_disclosure"), Fact::Flag("contract_necessity"), Fact::Class("service_provider")], Allow, "JR-KR-01"),
        row("KR>SG", "name", [on_file("kr_disclosure"), Fact::Flag("contract_necessity"), Fact::Class("third_party")], Block, "JR-KR-01"),
        row("KR>SG", "name", [on_file("kr_disclosure").to("US"), Fact::Flag("contract_necessity")], Block, "JR-KR-01"),
        row("KR>US", "name", [on_file("kr_certification")], Allow, "JR-KR-01"),
        row("KR>US", "name", [on_file("kr_certification").to("SG")], Block, "JR-KR-01"),
        row("KR>US", "name", [on_file("kr_certification").naming("other")], Block, "JR-KR-01"),
        // Equivalence, without registration numbers and credit data.
        row("KR>DE", "name", [], Allow, "JR-KR-01"),
        row("KR>NO", "name", [], Allow, "JR-KR-01"),
        row("KR>GB", "name", [], Block, "JR-KR-01"),
        row("KR>DE", "name", [Fact::At("2025-09-15")], Block, "JR-KR-01"),
        row("KR>DE", "name", [Fact::At("2025-09-16")], Allow, "JR-KR-01"),
        row("KR>DE", "name bank_account", [], Redact, "JR-KR-01"),
        row("KR>DE", "name bank_account", [on_file("kr_certification")], Allow, "JR-KR-01"),
        // Registration numbers.
        row("KR>US", "name kr_rrn", [on_file("kr_certification")], Redact, "JR-KR-02"),
        row("KR>US", "name kr_rrn", [on_file("kr_certification"), consent("sensitive")], Redact, "JR-KR-02"),
        row("KR>US", "name kr_rrn", [on_file("kr_certification"), Fact::Basis("required_by_law")], Allow, "JR-KR-02"),
        row("KR>US", "name kr_rrn", [on_file("kr_certification"), Fact::Basis("court_order")], Redact, "JR-KR-02"),
        // Children under 14.
        row("KR>US", "name", [on_file("kr_certification"), Fact::Age(13)], Block, "JR-KR-03"),
        row("KR>US", "name", [on_file("kr_certification"), Fact::Age(13), guardian()], Allow, "JR-KR-03"),
        row("KR>US", "name", [on_file("kr_certification"), Fact::Age(14)], Allow, "JR-KR-01"),
        // Suspended recipients.
        row("KR>US", "name", [on_file("kr_certification"), Fact::Listed("KR.suspended_recipients", RECIPIENT)], Block, "JR-KR-04"),
        row("KR>US", "name", [on_file("kr_certification"), Fact::Listed("KR.suspended_recipients", "other")], Allow, "JR-KR-01"),
    ]);
}

#[test]
fn hong_kong() {
    check([
        row("HK>CN", "name", [], Allow, "JR-HK-01 +rmc-recommended"),
        row("HK>US", "name health hk_hkid", [], Allow, "JR-HK-01 +rmc-recommended"),
        row("HK>SG", "name", [Fact::Class("third_party")], Allow, "JR-HK-01"),
        // A new purpose.
        row("HK>SG", "name", [Fact::NewPurpose], Block, "JR-HK-02"),
        row("HK>SG", "name", [Fact::NewPurpose, consent("new_purpose:concierge").since("2026-02-01")], Allow, "JR-HK-02"),
        row("HK>SG", "name", [Fact::NewPurpose, consent("new_purpose:concierge").deemed()], Block, "JR-HK-02"),
        row("HK>SG", "name", [Fact::NewPurpose, consent("new_purpose:other")], Block, "JR-HK-02"),
        // Direct marketing.
        row("HK>SG", "name", [Fact::Purpose("direct_marketing")], Block, "JR-HK-03"),
        row("HK>SG", "name", [Fact::Purpose("direct_marketing"), consent("direct_marketing")], Allow, "JR-HK-03"),
        row("HK>SG", "name", [Fact::Purpose("direct_marketing"), consent("direct_marketing").of_kind(ConsentType::NoObjection)], Allow, "JR-HK-03"),
        row("HK>SG", "name", [Fact::Purpose("direct_marketing"), consent("direct_marketing").deemed()], Block, "JR-HK-03"),
        row("HK>SG", "name", [Fact::Purpose("direct_marketing"), consent("service")], Block, "JR-HK-03"),
    ]);
}

#[test]
fn taiwan() {
    check([
        row("TW>CN", "name", [], Allow, "JR-TW-02 +art21-watch"),
        row("TW>CN", "name", [Fact::Sector("telecom_licensee")], Block, "JR-TW-01"),
        row("TW>CN", "name", [Fact::Sector("broadcaster")], Block, "JR-TW-01"),
        row("TW>CN", "name", [Fact::Sector("telecom_licensee"), consent("cross_border").separate()], Block, "JR-TW-01"),
        row("TW>SG", "name", [Fact::Sector("telecom_licensee")], Allow, "JR-TW-02 +art21-watch"),
        row("TW>SG", "name", [Fact::Sector("telecom_licensee"), Fact::ReadIn("CN")], Block, "JR-TW-01"),
        row("TW>CN", "name", [Fact::Sector("bank")], Allow, "JR-TW-02"),
        row("TW>US", "name health", [], Redact, "JR-TW-02"),
        row("TW>US", "name health", [consent("sensitive")], Allow, "JR-TW-02"),
        row("TW>US", "name health", [Fact::Basis("required_by_law")], Allow, "JR-TW-02"),
        row("TW>US", "name tw_id", [], Allow, "JR-TW-02"),
    ]);
}
