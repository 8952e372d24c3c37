//! Brazil and Mexico.

use super::{
    ConsentType,
    Effect::{Allow, Block, Redact},
    Fact, RECIPIENT, check, consent, guardian, on_file, row,
};

#[test]
fn brazil() {
    check([
        row("BR>CN", "name", [], Block, "JR-BR-01"),
        row("BR>CN", "name", [on_file("br_scc")], Allow, "JR-BR-01"),
        row("BR>US", "name", [on_file("br_bcr")], Allow, "JR-BR-01"),
        row("BR>SG", "name", [on_file("br_specific")], Allow, "JR-BR-01"),
        row("BR>SG", "name", [on_file("br_scc").to("CN")], Block, "JR-BR-01"),
        row("BR>SG", "name", [on_file("br_scc").until("2026-11-22")], Block, "JR-BR-01"),
        row("BR>SG", "name", [on_file("br_scc").with("modified", true)], Block, "JR-BR-01"),
        row("BR>SG", "name", [on_file("eu_scc")], Block, "JR-BR-01"),
        row("BR>SG", "name", [on_file("br_scc").with("unmodified", false)], Block, "JR-BR-01"),
        row("BR>CN", "name", [consent("cross_border")], Allow, "JR-BR-01"),
        row("BR>CN", "name", [consent("cross_border").separate()], Allow, "JR-BR-01"),
        row("BR>CN", "name", [consent("cross_border").to("SG")], Block, "JR-BR-01"),
        row("BR>CN", "name", [consent("cross_border").deemed()], Block, "JR-BR-01"),
        // Given for the service at large.
        row("BR>CN", "name", [consent("service")], Block, "JR-BR-01"),
        row("BR>CN", "name", [Fact::Flag("contract_necessity")], Allow, "JR-BR-01"),
        // The European Union, since 26 January 2026.
        row("BR>DE", "name", [], Allow, "JR-BR-01"),
        row("BR>DE", "name", [Fact::At("2026-01-25")], Block, "JR-BR-01"),
        row("BR>DE", "name", [Fact::At("2026-01-26")], Allow, "JR-BR-01"),
        row("BR>CH", "name", [], Block, "JR-BR-01"),
        row("BR>GB", "name", [], Block, "JR-BR-01"),
        // Children under 12.
        row("BR>CN", "name", [on_file("br_scc"), Fact::Age(11)], Block, "JR-BR-02"),
        row("BR>CN", "name", [on_file("br_scc"), Fact::Age(11), guardian()], Allow, "JR-BR-02"),
        row("BR>CN", "name", [on_file("br_scc"), Fact::Age(11), consent("guardian").deemed()], Block, "JR-BR-02"),
        row("BR>CN", "name", [on_file("br_scc"), Fact::Age(11), consent("service")], Block, "JR-BR-02"),
        row("BR>CN", "name", [on_file("br_scc"), Fact::Age(11), consent("service").of_kind(ConsentType::Guardian)], Allow, "JR-BR-02"),
        row("BR>CN", "name", [on_file("br_scc"), Fact::Age(12)], Allow, "JR-BR-01"),
        // Sensitive data.
        row("BR>CN", "name health", [on_file("br_scc")], Redact, "JR-BR-03"),
        row("BR>CN", "name health", [on_file("br_scc"), consent("sensitive")], Allow, "JR-BR-03"),
        row("BR>CN", "name health", [on_file("br_scc"), Fact::Basis("required_by_law")], Allow, "JR-BR-03"),
        row("BR>CN", "name br_cpf", [on_file("br_scc")], Allow, "JR-BR-01"),
    ]);
}

#[test]
fn mexico() {
    check([
        row("MX>CN", "name", [], Allow, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("service_provider")], Allow, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("first_party_facility")], Allow, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("service_provider"), Fact::OwnPurpose], Block, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("third_party")], Block, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("business_partner"), consent("service")], Block, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("third_party"), consent("service").to("CN").naming(RECIPIENT)], Allow, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("third_party"), consent("service").naming(RECIPIENT)], Allow, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("third_party"), consent("service").to("CN")], Allow, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("third_party"), consent("service").to("SG")], Block, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("third_party"), consent("service").naming("other")], Block, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("third_party"), consent("service").to("CN").deemed()], Block, "JR-MX-01"),
        row("MX>CN", "name", [Fact::Class("third_party"), consent("cross_border")], Allow, "JR-MX-01"),
        // Financial and sensitive data.
        row("MX>US", "name bank_account", [], Redact, "JR-MX-02"),
        row("MX>US", "name health", [], Redact, "JR-MX-02"),
        row("MX>US", "name health bank_account", [consent("sensitive")], Allow, "JR-MX-02"),
        row("MX>US", "name health", [consent("sensitive").until("2026-01-01")], Redact, "JR-MX-02"),
        row("MX>US", "name mx_curp", [], Allow, "JR-MX-01"),
    ]);
}
