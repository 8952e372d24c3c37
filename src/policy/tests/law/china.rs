//! China: what a table of volumes and mechanisms leaves open.

use super::{
    Effect::{Allow, Block},
    Fact, RECIPIENT, check, consent, on_file, row,
};

#[test]
fn sensitive_data_moves_up_a_tier() {
    let agreed = || consent("cross_border").separate().to("SG").naming(RECIPIENT);
    let few = || Fact::Count("cn_ytd_ordinary", 500);
    check([
        row("CN>SG", "name", [agreed(), on_file("cn_pipia"), few()], Allow, "JR-CN-04 JR-CN-10"),
        // The identity number is no longer sensitive; a position, a health record or messages are.
        row("CN>SG", "name cn_ric", [agreed(), on_file("cn_pipia"), few()], Allow, "JR-CN-04"),
        row("CN>SG", "name track", [agreed(), on_file("cn_pipia"), few()], Block, "JR-CN-03"),
        row("CN>SG", "name precise_location", [agreed(), on_file("cn_pipia"), few()], Block, "JR-CN-03"),
        row("CN>SG", "name sms", [agreed(), on_file("cn_pipia"), few()], Block, "JR-CN-03"),
        row("CN>SG", "name health", [agreed(), on_file("cn_pipia"), few()], Block, "JR-CN-03"),
        row("CN>SG", "name health", [agreed(), on_file("cn_pipia"), few(), on_file("cn_standard_contract")], Allow, "JR-CN-03"),
        row("CN>SG", "name health", [agreed(), on_file("cn_pipia"), few(), on_file("cn_standard_contract").to("US")], Block, "JR-CN-03"),
    ]);
}

#[test]
fn greater_bay_area() {
    let agreed = || consent("cross_border").separate().to("HK").to("SG").naming(RECIPIENT);
    let many = || Fact::Count("cn_ytd_ordinary", 200_000);
    let guangdong = || Fact::Subdivision("CN-GD");
    check([
        row("CN>HK", "name", [agreed(), on_file("cn_pipia"), many(), guangdong()], Block, "JR-CN-03"),
        row("CN>HK", "name", [agreed(), on_file("cn_pipia"), many(), guangdong(), on_file("cn_gba_standard_contract")], Allow, "JR-CN-12"),
        row("CN>HK", "name", [agreed(), on_file("cn_pipia"), many(), on_file("cn_gba_standard_contract")], Block, "JR-CN-03"),
        row("CN>HK", "name", [agreed(), on_file("cn_pipia"), many(), Fact::Subdivision("CN-BJ"), on_file("cn_gba_standard_contract")], Block, "JR-CN-03"),
        row("CN>SG", "name", [agreed(), on_file("cn_pipia"), many(), guangdong(), on_file("cn_gba_standard_contract")], Block, "JR-CN-03"),
        row("CN>HK", "name", [agreed(), on_file("cn_pipia"), Fact::Count("cn_ytd_ordinary", 1_000_000), guangdong(), on_file("cn_gba_standard_contract")], Block, "JR-CN-02"),
    ]);
}
