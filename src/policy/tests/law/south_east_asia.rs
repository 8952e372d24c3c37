//! Indonesia, Viet Nam, Thailand, Malaysia, the Philippines, Singapore.

use super::{
    Effect::{Allow, Block, Redact},
    Fact, check, consent, guardian, on_file, row,
};

#[test]
fn indonesia() {
    check([
        row("ID>CN", "name", [], Block, "JR-ID-01"),
        row("ID>CN", "name", [on_file("id_safeguard")], Allow, "JR-ID-01"),
        row("ID>CN", "name", [on_file("id_safeguard").to("SG")], Block, "JR-ID-01"),
        row("ID>CN", "name", [on_file("id_safeguard").until("2026-11-23")], Block, "JR-ID-01"),
        row("ID>SG", "name", [consent("cross_border")], Allow, "JR-ID-01"),
        row("ID>SG", "name", [consent("cross_border").deemed()], Block, "JR-ID-01"),
        row("ID>SG", "name", [consent("service")], Block, "JR-ID-01"),
        // The promised recognition is not operative.
        row("ID>US", "name", [], Block, "JR-ID-01"),
        row("ID>US", "name", [on_file("id_safeguard"), Fact::Sector("public")], Block, "JR-ID-02"),
        row("ID>US", "name", [on_file("id_safeguard"), Fact::Sector("bank")], Allow, "JR-ID-01"),
        row("ID>US", "name", [on_file("id_safeguard"), Fact::Age(17)], Block, "JR-ID-03"),
        row("ID>US", "name", [on_file("id_safeguard"), Fact::Age(17), guardian()], Allow, "JR-ID-03"),
        row("ID>US", "name", [on_file("id_safeguard"), Fact::Age(18)], Allow, "JR-ID-01"),
    ]);
}

#[test]
fn viet_nam() {
    let agreed = || consent("cross_border");
    check([
        row("VN>CN", "name", [], Block, "JR-VN-01 JR-VN-02"),
        row("VN>CN", "name", [on_file("vn_ctia")], Block, "JR-VN-01"),
        row("VN>CN", "name", [agreed()], Block, "JR-VN-02"),
        row("VN>CN", "name", [agreed(), on_file("vn_ctia")], Allow, "JR-VN-01 JR-VN-02 -file-ctia-by"),
        row("VN>CN", "name", [agreed().to("SG"), on_file("vn_ctia")], Block, "JR-VN-01"),
        row("VN>CN", "name", [agreed(), on_file("vn_ctia").to("SG")], Block, "JR-VN-02"),
        row("VN>CN", "name", [agreed().deemed(), on_file("vn_ctia")], Block, "JR-VN-01"),
        // Consent to the service has to name the country.
        row("VN>CN", "name", [consent("service"), on_file("vn_ctia")], Block, "JR-VN-01"),
        row("VN>CN", "name", [consent("service").to("CN"), on_file("vn_ctia")], Allow, "JR-VN-01"),
        row("VN>CN", "name", [consent("service").to("US"), on_file("vn_ctia")], Block, "JR-VN-01"),
        // 60 days from the first transfer, the last instant included.
        row("VN>US", "name", [agreed(), Fact::FirstTransfer("2026-11-23T09:00:00Z")], Allow, "JR-VN-02 +file-ctia-by=2027-01-22"),
        row("VN>US", "name", [agreed(), Fact::FirstTransfer("2026-09-24T09:00:00Z")], Allow, "JR-VN-02 +file-ctia-by=2026-11-23"),
        row("VN>US", "name", [agreed(), Fact::FirstTransfer("2026-09-24T08:59:59Z")], Block, "JR-VN-02"),
        row("VN>US", "name", [agreed(), Fact::FirstTransfer("2026-09-24T08:59:59Z"), on_file("vn_ctia")], Allow, "JR-VN-02"),
        row("VN>US", "name", [agreed(), Fact::FirstTransfer("2026-11-01"), on_file("vn_ctia")], Allow, "JR-VN-02 -file-ctia-by"),
        // Exempt.
        row("VN>SG", "name", [agreed(), Fact::Flag("employee_data")], Allow, "JR-VN-03"),
        row("VN>SG", "name", [agreed(), Fact::Flag("self_sent")], Allow, "JR-VN-03"),
        row("VN>SG", "name", [agreed(), Fact::Sector("public"), Fact::FirstTransfer("2026-11-01")], Allow, "JR-VN-03 -file-ctia-by"),
        row("VN>SG", "name", [Fact::Flag("employee_data")], Block, "JR-VN-01"),
        // Not sold.
        row("VN>SG", "name", [agreed(), on_file("vn_ctia"), Fact::Flag("consideration")], Block, "JR-VN-04"),
        row("VN>SG", "name", [agreed(), on_file("vn_ctia"), Fact::Purpose("data_sale")], Block, "JR-VN-04"),
        row("VN>VN", "name", [Fact::Purpose("data_sale")], Block, "JR-VN-04"),
        // Sensitive data passes with a note.
        row("VN>SG", "name precise_location", [agreed(), on_file("vn_ctia")], Allow, "JR-VN-05 +enhanced-protection"),
        row("VN>SG", "name card", [agreed(), on_file("vn_ctia")], Allow, "JR-VN-05 +enhanced-protection"),
        row("VN>SG", "name email", [agreed(), on_file("vn_ctia")], Allow, "-enhanced-protection"),
        // The decree before the law asked the same.
        row("VN>SG", "name", [agreed(), Fact::At("2025-12-31")], Block, "JR-VN-02"),
        row("VN>SG", "name", [Fact::At("2023-06-30")], Allow, ""),
    ]);
}

#[test]
fn thailand() {
    check([
        row("TH>CN", "name", [], Block, "JR-TH-01"),
        row("TH>CN", "name", [on_file("th_scc")], Allow, "JR-TH-01"),
        row("TH>US", "name", [on_file("th_bcr")], Allow, "JR-TH-01"),
        row("TH>SG", "name", [on_file("th_certification")], Allow, "JR-TH-01"),
        row("TH>SG", "name", [on_file("th_scc").to("CN")], Block, "JR-TH-01"),
        row("TH>SG", "name", [on_file("th_scc").until("2026-11-01")], Block, "JR-TH-01"),
        row("TH>SG", "name", [consent("cross_border").told()], Allow, "JR-TH-01 -confirm-notice"),
        row("TH>SG", "name", [consent("cross_border")], Allow, "JR-TH-01 +confirm-notice"),
        row("TH>SG", "name", [consent("cross_border"), on_file("th_bcr")], Allow, "JR-TH-01 -confirm-notice"),
        row("TH>SG", "name", [consent("cross_border").told().to("CN")], Block, "JR-TH-01"),
        row("TH>SG", "name", [consent("cross_border").told().deemed()], Block, "JR-TH-01"),
        row("TH>SG", "name", [Fact::Flag("contract_necessity")], Allow, "JR-TH-01"),
        row("TH>SG", "name health", [on_file("th_scc")], Redact, "JR-TH-02"),
        row("TH>SG", "name health", [on_file("th_scc"), consent("sensitive")], Allow, "JR-TH-02"),
        row("TH>SG", "name health", [on_file("th_scc"), consent("sensitive").deemed()], Redact, "JR-TH-02"),
        row("TH>SG", "name bank_account", [on_file("th_scc")], Allow, "JR-TH-01"),
    ]);
}

#[test]
fn malaysia() {
    check([
        row("MY>CN", "name", [], Block, "JR-MY-01"),
        // An assessment counts for three years.
        row("MY>CN", "name", [on_file("my_tia")], Allow, "JR-MY-01"),
        row("MY>CN", "name", [on_file("my_tia").since("2023-11-24")], Allow, "JR-MY-01"),
        row("MY>CN", "name", [on_file("my_tia").since("2023-11-23")], Block, "JR-MY-01"),
        row("MY>CN", "name", [on_file("my_tia").to("SG")], Block, "JR-MY-01"),
        row("MY>US", "name", [on_file("my_safeguard").since("2020-01-01")], Allow, "JR-MY-01"),
        row("MY>US", "name", [on_file("my_safeguard").until("2026-11-01")], Block, "JR-MY-01"),
        // A record that covers some categories leaves the others behind.
        row("MY>US", "name email", [on_file("my_safeguard").covering("name")], Redact, "JR-MY-01"),
        row("MY>US", "name", [on_file("my_safeguard").covering("name")], Allow, "JR-MY-01"),
        row("MY>US", "email", [on_file("my_safeguard").covering("name")], Block, "JR-MY-01"),
        row("MY>US", "name email", [on_file("my_safeguard").covering("name"), consent("cross_border").covering("email")], Allow, "JR-MY-01"),
        row("MY>US", "name email phone", [on_file("my_safeguard").covering("name"), consent("cross_border").covering("email")], Redact, "JR-MY-01"),
        row("MY>US", "name email", [on_file("my_safeguard").covering("name"), consent("cross_border")], Allow, "JR-MY-01"),
        row("MY>SG", "name", [consent("cross_border")], Allow, "JR-MY-01"),
        row("MY>SG", "name", [consent("cross_border").deemed()], Block, "JR-MY-01"),
        row("MY>SG", "name", [Fact::Flag("contract_necessity")], Allow, "JR-MY-01"),
        row("MY>SG", "name biometric", [on_file("my_safeguard")], Redact, "JR-MY-02"),
        row("MY>SG", "name biometric", [on_file("my_safeguard"), consent("sensitive")], Allow, "JR-MY-02"),
        row("MY>SG", "name biometric health", [on_file("my_safeguard"), consent("sensitive").covering("health")], Redact, "JR-MY-02"),
        row("MY>SG", "name my_nric", [on_file("my_safeguard")], Allow, "JR-MY-01"),
    ]);
}

#[test]
fn philippines() {
    check([
        row("PH>CN", "name", [], Block, "JR-PH-01"),
        row("PH>CN", "name", [on_file("ph_contract")], Allow, "JR-PH-01"),
        row("PH>CN", "name", [on_file("ph_contract").to("SG")], Block, "JR-PH-01"),
        row("PH>CN", "name", [on_file("ph_contract").until("2026-11-01")], Block, "JR-PH-01"),
        // Consent is no substitute for the contract.
        row("PH>CN", "name", [consent("cross_border").separate()], Block, "JR-PH-01"),
        row("PH>US", "name ph_psn", [on_file("ph_contract")], Redact, "JR-PH-02"),
        row("PH>US", "name passport", [on_file("ph_contract")], Redact, "JR-PH-02"),
        row("PH>US", "name health face", [on_file("ph_contract")], Redact, "JR-PH-02"),
        row("PH>US", "name ph_psn", [on_file("ph_contract"), consent("sensitive")], Allow, "JR-PH-02"),
        // Sensitive by law, but not redacted by default.
        row("PH>US", "name age marital_status", [on_file("ph_contract")], Allow, "JR-PH-01"),
    ]);
}

#[test]
fn singapore() {
    check([
        row("SG>CN", "name", [], Block, "JR-SG-01"),
        // The written summary is noted when the record does not name it.
        row("SG>CN", "name", [consent("cross_border").told()], Allow, "JR-SG-01 -confirm-notice"),
        row("SG>CN", "name", [consent("cross_border")], Allow, "JR-SG-01 +confirm-notice"),
        row("SG>CN", "name", [consent("cross_border"), on_file("sg_contract").to("CN")], Allow, "JR-SG-01 -confirm-notice"),
        row("SG>CN", "name", [consent("cross_border").told().deemed()], Block, "JR-SG-01"),
        row("SG>CN", "name", [on_file("sg_contract")], Block, "JR-SG-01"),
    ]);
}
