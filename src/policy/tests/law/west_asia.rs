//! Saudi Arabia and the United Arab Emirates.

use super::{
    Effect::{Allow, Block, Redact},
    Fact, check, consent, on_file, row,
};

#[test]
fn saudi_arabia() {
    check([
        row("SA>CN", "name", [], Block, "JR-SA-01"),
        row("SA>CN", "name", [on_file("sa_scc")], Block, "JR-SA-01"),
        row("SA>CN", "name", [on_file("sa_risk_assessment")], Block, "JR-SA-01"),
        row("SA>CN", "name", [on_file("sa_scc"), on_file("sa_risk_assessment")], Allow, "JR-SA-01"),
        row("SA>US", "name", [on_file("sa_bcr"), on_file("sa_risk_assessment")], Allow, "JR-SA-01"),
        row("SA>SG", "name", [on_file("sa_accreditation"), on_file("sa_risk_assessment")], Allow, "JR-SA-01"),
        row("SA>SG", "name", [on_file("sa_accreditation").to("US"), on_file("sa_risk_assessment")], Block, "JR-SA-01"),
        row("SA>SG", "name", [on_file("sa_accreditation"), on_file("sa_risk_assessment").until("2026-11-01")], Block, "JR-SA-01"),
        row("SA>CN", "name", [on_file("sa_scc").since("2024-01-01"), Fact::At("2024-09-13")], Allow, ""),
        row("SA>CN", "name", [on_file("sa_scc").since("2024-01-01"), Fact::At("2024-09-14")], Block, "JR-SA-01"),
        // Occasional and not sensitive.
        row("SA>CN", "name", [Fact::Flag("occasional"), Fact::Flag("contract_necessity")], Allow, "JR-SA-02 +art-29-derogation"),
        row("SA>CN", "name", [Fact::Flag("occasional"), consent("cross_border")], Allow, "JR-SA-02"),
        row("SA>CN", "name", [Fact::Flag("occasional"), consent("cross_border").deemed()], Block, "JR-SA-01"),
        row("SA>CN", "name", [Fact::Flag("occasional"), Fact::Flag("large_scale"), consent("cross_border")], Block, "JR-SA-01"),
        row("SA>CN", "name", [Fact::Flag("occasional")], Block, "JR-SA-01"),
        row("SA>CN", "name", [Fact::Flag("contract_necessity")], Block, "JR-SA-01"),
        row("SA>CN", "name", [consent("cross_border")], Block, "JR-SA-01"),
        row("SA>CN", "name health", [Fact::Flag("occasional"), Fact::Flag("contract_necessity")], Block, "JR-SA-01 JR-SA-03"),
        // Sensitive data, not occasional.
        row("SA>CN", "name health", [on_file("sa_scc")], Block, "JR-SA-01 JR-SA-03"),
        row("SA>CN", "name health", [on_file("sa_scc"), on_file("sa_risk_assessment")], Allow, "JR-SA-01 JR-SA-03"),
    ]);
}

#[test]
fn united_arab_emirates() {
    check([
        row("AE>CN", "name", [], Block, "JR-AE-01"),
        row("AE>CN", "name", [on_file("ae_contract")], Allow, "JR-AE-01"),
        row("AE>CN", "name", [on_file("ae_contract").to("SG")], Block, "JR-AE-01"),
        row("AE>CN", "name", [on_file("ae_contract").until("2026-11-23T09:00:00Z")], Block, "JR-AE-01"),
        row("AE>US", "name", [consent("cross_border")], Allow, "JR-AE-01"),
        row("AE>US", "name", [consent("cross_border").deemed()], Block, "JR-AE-01"),
        row("AE>US", "name", [consent("cross_border").to("SG")], Block, "JR-AE-01"),
        // Health data stays, whatever the contract or the person says.
        row("AE>US", "name health", [on_file("ae_contract")], Redact, "JR-AE-02"),
        row("AE>US", "name genetic", [on_file("ae_contract"), consent("sensitive")], Redact, "JR-AE-02"),
        row("AE>US", "name medical_record", [on_file("ae_contract"), on_file("ae_health_exception")], Allow, "JR-AE-02"),
        row("AE>US", "name health", [on_file("ae_contract"), on_file("ae_health_exception").to("SG")], Redact, "JR-AE-02"),
        row("AE>US", "name biometric", [on_file("ae_contract")], Allow, "JR-AE-01"),
        // Free zones.
        row("AE>US", "name", [on_file("ae_contract"), Fact::Subdivision("AE-DIFC")], Block, "JR-AE-03"),
        row("AE>US", "name", [on_file("ae_contract"), Fact::Subdivision("AE-ADGM")], Block, "JR-AE-03"),
        row("AE>US", "name", [on_file("ae_contract"), Fact::Subdivision("AE-DU")], Allow, "JR-AE-01"),
    ]);
}
