//! South Africa, Nigeria, Egypt.

use super::{
    Effect::{Allow, Block, Redact},
    Fact, check, consent, guardian, on_file, row,
};

#[test]
fn south_africa() {
    check([
        row("ZA>CN", "name", [], Block, "JR-ZA-01"),
        row("ZA>CN", "name", [on_file("za_agreement")], Allow, "JR-ZA-01"),
        row("ZA>US", "name", [on_file("za_bcr")], Allow, "JR-ZA-01"),
        row("ZA>US", "name", [on_file("za_bcr").to("CN")], Block, "JR-ZA-01"),
        row("ZA>US", "name", [on_file("za_bcr").until("2026-11-23")], Block, "JR-ZA-01"),
        row("ZA>SG", "name", [consent("cross_border")], Allow, "JR-ZA-01"),
        row("ZA>SG", "name", [consent("cross_border").deemed()], Block, "JR-ZA-01"),
        row("ZA>SG", "name", [Fact::Flag("contract_necessity")], Allow, "JR-ZA-01"),
        // Special personal information.
        row("ZA>SG", "name health", [on_file("za_agreement")], Redact, "JR-ZA-02"),
        row("ZA>SG", "name health", [on_file("za_agreement"), consent("sensitive")], Redact, "JR-ZA-02"),
        row("ZA>SG", "name health", [on_file("za_agreement"), on_file("za_prior_authorisation")], Allow, "JR-ZA-02"),
        row("ZA>SG", "name health", [on_file("za_agreement"), on_file("za_prior_authorisation").to("US")], Redact, "JR-ZA-02"),
        row("ZA>SG", "name health", [on_file("za_agreement"), Fact::Listed("ZA.adequate_destinations", "SG")], Allow, "JR-ZA-01"),
        row("ZA>SG", "name health", [on_file("za_agreement"), Fact::Listed("ZA.adequate_destinations", "US")], Redact, "JR-ZA-02"),
        // Children.
        row("ZA>SG", "name", [on_file("za_agreement"), Fact::Age(17)], Block, "JR-ZA-02"),
        row("ZA>SG", "name", [on_file("za_agreement"), Fact::Age(17), guardian()], Block, "JR-ZA-02"),
        row("ZA>SG", "name", [on_file("za_agreement"), Fact::Age(17), on_file("za_prior_authorisation")], Allow, "JR-ZA-02"),
        row("ZA>SG", "name", [on_file("za_agreement"), Fact::Age(18)], Allow, "JR-ZA-01"),
    ]);
}

#[test]
fn nigeria() {
    check([
        row("NG>CN", "name", [], Block, "JR-NG-01"),
        row("NG>CN", "name", [on_file("ng_instrument")], Allow, "JR-NG-01 +record-basis-of-transfer"),
        row("NG>CN", "name", [on_file("ng_instrument").to("US")], Block, "JR-NG-01"),
        row("NG>CN", "name", [on_file("ng_instrument").since("2026-12-01")], Block, "JR-NG-01"),
        row("NG>US", "name", [consent("cross_border").told()], Allow, "JR-NG-01 -confirm-notice"),
        row("NG>US", "name", [consent("cross_border")], Allow, "JR-NG-01 +confirm-notice"),
        row("NG>US", "name", [consent("cross_border"), on_file("ng_instrument")], Allow, "JR-NG-01 -confirm-notice"),
        row("NG>US", "name", [consent("cross_border").told().deemed()], Block, "JR-NG-01"),
        row("NG>US", "name", [consent("cross_border").told().to("CN")], Block, "JR-NG-01"),
        row("NG>SG", "name", [Fact::Flag("contract_necessity")], Allow, "JR-NG-01"),
        row("NG>SG", "name health", [on_file("ng_instrument")], Redact, "JR-NG-02"),
        row("NG>SG", "name health", [on_file("ng_instrument"), consent("sensitive")], Allow, "JR-NG-02"),
        row("NG>SG", "name health", [on_file("ng_instrument"), Fact::Basis("required_by_law")], Allow, "JR-NG-02"),
        row("NG>SG", "name ng_nin", [on_file("ng_instrument")], Allow, "JR-NG-01"),
    ]);
}

#[test]
fn egypt() {
    check([
        // The grace period ends with 1 November 2026.
        row("EG>CN", "name", [Fact::At("2026-11-01T23:59:59Z")], Allow, "JR-EG-01 +eg-licence-pending"),
        row("EG>CN", "name", [Fact::At("2026-11-02")], Block, "JR-EG-01"),
        row("EG>CN", "name", [Fact::At("2026-11-01"), on_file("eg_pdpc_licence").to("CN")], Allow, "-eg-licence-pending"),
        row("EG>CN", "name", [Fact::At("2026-11-02"), on_file("eg_pdpc_licence").to("CN")], Allow, "JR-EG-01"),
        row("EG>CN", "name", [on_file("eg_pdpc_licence").to("SG")], Block, "JR-EG-01"),
        row("EG>CN", "name", [on_file("eg_pdpc_licence")], Block, "JR-EG-01"),
        row("EG>CN", "name", [on_file("eg_pdpc_licence").to("CN").until("2026-11-20")], Block, "JR-EG-01"),
        row("EG>CN", "name", [consent("cross_border")], Block, "JR-EG-01"),
        // Sensitive data.
        row("EG>US", "name health", [on_file("eg_pdpc_licence").to("US")], Redact, "JR-EG-02"),
        row("EG>US", "name bank_account", [on_file("eg_pdpc_licence").to("US")], Redact, "JR-EG-02"),
        row("EG>US", "name health", [on_file("eg_pdpc_licence").to("US").with("sensitive", true)], Allow, "JR-EG-02"),
        row("EG>US", "name health", [on_file("eg_pdpc_licence").to("US").with("sensitive", false)], Redact, "JR-EG-02"),
        row("EG>US", "name health", [on_file("eg_pdpc_licence").to("US"), consent("sensitive")], Allow, "JR-EG-02"),
        row("EG>US", "name health", [Fact::At("2026-10-01")], Redact, "JR-EG-02 +eg-licence-pending"),
        // Children.
        row("EG>US", "name", [on_file("eg_pdpc_licence").to("US"), Fact::Age(17)], Block, "JR-EG-02"),
        row("EG>US", "name", [on_file("eg_pdpc_licence").to("US"), Fact::Age(17), guardian()], Allow, "JR-EG-02"),
        row("EG>US", "name", [on_file("eg_pdpc_licence").to("US"), Fact::Age(18)], Allow, "JR-EG-01"),
    ]);
}
