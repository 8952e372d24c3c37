//! Switzerland, Russia, Türkiye.

use super::{
    Effect::{Allow, Block, Redact},
    Fact, RECIPIENT, check, consent, on_file, row,
};

#[test]
fn switzerland() {
    check([
        // No list, no framework: clauses and an assessment.
        row("CH>CN", "name", [], Block, "JR-CH-02"),
        row("CH>CN", "name", [on_file("ch_scc")], Block, "JR-CH-02"),
        row("CH>CN", "name", [on_file("ch_tia")], Block, "JR-CH-02"),
        row("CH>CN", "name", [on_file("ch_scc"), on_file("ch_tia")], Allow, "JR-CH-02"),
        row("CH>SG", "name", [on_file("ch_bcr"), on_file("ch_tia")], Allow, "JR-CH-02"),
        // Expired, not begun, for another country, for another recipient, revoked, of another law.
        row("CH>CN", "name", [on_file("ch_scc").until("2026-11-23"), on_file("ch_tia")], Block, "JR-CH-02"),
        row("CH>CN", "name", [on_file("ch_scc").until("2026-11-24"), on_file("ch_tia")], Allow, "JR-CH-02"),
        row("CH>CN", "name", [on_file("ch_scc").since("2026-11-24"), on_file("ch_tia")], Block, "JR-CH-02"),
        row("CH>CN", "name", [on_file("ch_scc"), on_file("ch_tia").to("SG")], Block, "JR-CH-02"),
        row("CH>CN", "name", [on_file("ch_scc").naming("other"), on_file("ch_tia")], Block, "JR-CH-02"),
        row("CH>CN", "name", [on_file("ch_scc").with("revoked", true), on_file("ch_tia")], Block, "JR-CH-02"),
        row("CH>CN", "name", [on_file("eu_scc"), on_file("eu_tia")], Block, "JR-CH-02"),
        // The framework covers the certified recipient in the United States only.
        row("CH>US", "name", [on_file("swiss_us_dpf").naming(RECIPIENT)], Allow, "JR-CH-01"),
        row("CH>US", "name", [on_file("swiss_us_dpf").naming("other")], Block, "JR-CH-02"),
        row("CH>US", "name", [on_file("swiss_us_dpf")], Block, "JR-CH-02"),
        row("CH>US", "name", [on_file("eu_us_dpf").naming(RECIPIENT)], Block, "JR-CH-02"),
        row("CH>SG", "name", [on_file("swiss_us_dpf").naming(RECIPIENT)], Block, "JR-CH-02"),
        row("CH>US", "name", [on_file("swiss_us_dpf").since("2024-01-01").naming(RECIPIENT), Fact::At("2024-09-14")], Block, "JR-CH-02"),
        row("CH>US", "name", [on_file("ch_scc"), on_file("ch_tia")], Allow, "JR-CH-02"),
        // Listed countries; nobody there reads it from elsewhere.
        row("CH>DE", "name", [], Allow, "JR-CH-01"),
        row("CH>GB", "name", [], Allow, "JR-CH-01"),
        row("CH>DE", "name", [Fact::ReadIn("CN")], Block, "JR-CH-02"),
        // Art. 17: a single transfer.
        row("CH>CN", "name", [consent("cross_border"), Fact::Flag("occasional")], Allow, "JR-CH-02 +art-17-exception"),
        row("CH>CN", "name", [Fact::Flag("contract_necessity"), Fact::Flag("occasional")], Allow, "JR-CH-02 +art-17-exception"),
        row("CH>CN", "name", [consent("cross_border")], Block, "JR-CH-02"),
        row("CH>CN", "name", [consent("cross_border").deemed(), Fact::Flag("occasional")], Block, "JR-CH-02"),
        row("CH>CN", "name", [Fact::Basis("legal_claims"), Fact::Flag("occasional")], Allow, "JR-CH-02 +art-17-exception"),
        row("CH>CN", "name", [Fact::Basis("court_order"), Fact::Flag("occasional")], Block, "JR-CH-02"),
        row("CH>CN", "name", [Fact::Flag("occasional")], Block, "JR-CH-02"),
        // Sensitive data.
        row("CH>DE", "name health", [], Redact, "JR-CH-03"),
        row("CH>DE", "name health", [consent("sensitive")], Allow, "JR-CH-03"),
        row("CH>DE", "name health", [consent("sensitive").deemed()], Redact, "JR-CH-03"),
        row("CH>DE", "name health", [Fact::Basis("required_by_law")], Allow, "JR-CH-03"),
        row("CH>DE", "name precise_location", [], Allow, "JR-CH-01"),
        // At home.
        row("CH>CH", "name health", [], Allow, ""),
    ]);
}

#[test]
fn russia() {
    let notice = || on_file("ru_rkn_notice").to("CN").to("SG").to("US").to("DE");
    check([
        row("RU>CN", "name", [], Block, "JR-RU-01 JR-RU-02"),
        row("RU>CN", "name", [on_file("ru_localised")], Block, "JR-RU-02"),
        row("RU>CN", "name", [notice()], Block, "JR-RU-01"),
        row("RU>CN", "name", [on_file("ru_localised"), notice()], Allow, "JR-RU-01 JR-RU-02"),
        row("RU>SG", "name", [on_file("ru_localised"), notice()], Allow, "JR-RU-01 JR-RU-02"),
        // The notice lists the country.
        row("RU>CN", "name", [on_file("ru_localised"), on_file("ru_rkn_notice")], Block, "JR-RU-02"),
        row("RU>CN", "name", [on_file("ru_localised"), on_file("ru_rkn_notice").to("SG")], Block, "JR-RU-02"),
        row("RU>CN", "name", [on_file("ru_localised").until("2026-01-01"), notice()], Block, "JR-RU-01"),
        // The United States: ten working days and consent or a contract.
        row("RU>US", "name", [on_file("ru_localised"), notice()], Block, "JR-RU-03"),
        row("RU>US", "name", [on_file("ru_localised"), notice(), consent("cross_border")], Allow, "JR-RU-03"),
        row("RU>US", "name", [on_file("ru_localised"), notice(), consent("cross_border").deemed()], Block, "JR-RU-03"),
        row("RU>US", "name", [on_file("ru_localised"), notice(), consent("cross_border").to("CN")], Block, "JR-RU-03"),
        row("RU>US", "name", [on_file("ru_localised"), notice(), Fact::Flag("contract_necessity")], Allow, "JR-RU-03"),
        row("RU>US", "name", [on_file("ru_localised"), Fact::Flag("contract_necessity")], Block, "JR-RU-02 JR-RU-03"),
        // Monday the 9th and ten working days: Monday the 23rd.
        row("RU>US", "name", [on_file("ru_localised"), notice().since("2026-11-09"), Fact::Flag("contract_necessity")], Allow, "JR-RU-03"),
        row("RU>US", "name", [on_file("ru_localised"), notice().since("2026-11-10"), Fact::Flag("contract_necessity")], Block, "JR-RU-03"),
        row("RU>CN", "name", [on_file("ru_localised"), notice().since("2026-11-10")], Allow, "JR-RU-02"),
        row("RU>US", "name", [on_file("ru_localised"), notice().since("2026-11-10").with("no_objection_after", "2026-11-20"), Fact::Flag("contract_necessity")], Allow, "JR-RU-03"),
        row("RU>US", "name", [on_file("ru_localised"), notice().with("no_objection_after", "2026-11-24"), Fact::Flag("contract_necessity")], Block, "JR-RU-03"),
        // Roskomnadzor may object.
        row("RU>CN", "name", [on_file("ru_localised"), notice().with("banned", true)], Block, "JR-RU-02"),
        row("RU>CN", "name", [on_file("ru_localised"), notice().with("banned", false)], Allow, "JR-RU-02"),
        // A country that nobody has checked is not held adequate.
        row("RU>PK", "name", [on_file("ru_localised"), on_file("ru_rkn_notice").to("PK")], Block, "JR-RU-03"),
        row("RU>DE", "name", [on_file("ru_localised"), notice()], Allow, "JR-RU-02"),
        // Biometric and special data.
        row("RU>CN", "name biometric", [on_file("ru_localised"), notice()], Redact, "JR-RU-04"),
        row("RU>CN", "name fingerprint", [on_file("ru_localised"), notice()], Redact, "JR-RU-04"),
        row("RU>CN", "name health", [on_file("ru_localised"), notice(), consent("sensitive")], Allow, "JR-RU-04"),
        row("RU>CN", "name card", [on_file("ru_localised"), notice()], Allow, "JR-RU-02"),
        // Notice is asked for since March 2023.
        row("RU>CN", "name", [on_file("ru_localised").since("2022-01-01"), Fact::At("2023-02-28")], Allow, "JR-RU-01"),
        row("RU>CN", "name", [on_file("ru_localised").since("2022-01-01"), Fact::At("2023-03-01")], Block, "JR-RU-02"),
    ]);
}

#[test]
fn turkiye() {
    let signed = |on: &str| on_file("tr_scc").with("signed_at", on);
    check([
        row("TR>US", "name", [], Block, "JR-TR-01"),
        row("TR>US", "name", [on_file("tr_scc")], Block, "JR-TR-01"),
        // Monday the 2nd: the fifth business day is Monday the 9th.
        row("TR>US", "name", [signed("2026-11-02").with("notified_at", "2026-11-09")], Allow, "JR-TR-01 -notify-kvkk"),
        row("TR>US", "name", [signed("2026-11-02").with("notified_at", "2026-11-10")], Block, "JR-TR-01"),
        // Friday the 6th: the fifth business day is Friday the 13th.
        row("TR>US", "name", [signed("2026-11-06").with("notified_at", "2026-11-13")], Allow, "JR-TR-01"),
        row("TR>US", "name", [signed("2026-11-06").with("notified_at", "2026-11-14")], Block, "JR-TR-01"),
        row("TR>US", "name", [on_file("tr_scc").with("notified_at", "2026-11-09")], Block, "JR-TR-01"),
        row("TR>US", "name", [signed("2026-11-02").with("notified_at", "2026-11-04").to("SG")], Block, "JR-TR-01"),
        row("TR>US", "name", [signed("2026-11-02").with("notified_at", "2026-11-04").until("2026-11-10")], Block, "JR-TR-01"),
        row("TR>US", "name", [signed("2026-11-02").with("notified_at", "2026-11-04").with("modified", true)], Block, "JR-TR-01"),
        // Signed, not yet notified: Monday the 16th leaves until the end of Monday the 23rd.
        row("TR>US", "name", [signed("2026-11-20")], Allow, "JR-TR-03 +notify-kvkk"),
        row("TR>US", "name", [signed("2026-11-16")], Allow, "JR-TR-03 +notify-kvkk"),
        row("TR>US", "name", [signed("2026-11-13")], Block, "JR-TR-01"),
        row("TR>US", "name", [signed("2026-11-13"), on_file("tr_bcr")], Allow, "JR-TR-01 -notify-kvkk"),
        row("TR>CN", "name", [on_file("tr_bcr")], Allow, "JR-TR-01"),
        row("TR>SG", "name", [on_file("tr_commitment")], Allow, "JR-TR-01"),
        row("TR>SG", "name", [on_file("tr_commitment").until("2026-11-01")], Block, "JR-TR-01"),
        // Consent: incidental transfers only, since September 2024.
        row("TR>US", "name", [consent("cross_border")], Block, "JR-TR-01"),
        row("TR>US", "name", [consent("cross_border"), Fact::Flag("occasional")], Allow, "JR-TR-02 +incidental-transfer"),
        row("TR>US", "name", [consent("cross_border").deemed(), Fact::Flag("occasional")], Block, "JR-TR-01"),
        row("TR>US", "name", [Fact::Flag("occasional")], Block, "JR-TR-01"),
        row("TR>US", "name", [consent("cross_border").since("2024-06-01"), Fact::At("2024-08-31")], Allow, "JR-TR-02"),
        row("TR>US", "name", [consent("cross_border").since("2024-06-01"), Fact::At("2024-09-01")], Block, "JR-TR-01"),
    ]);
}
