//! The United States: dates, and counts of 'omic data.

use super::{
    Effect::{Allow, Block},
    Fact, check, on_file, row,
};

#[test]
fn the_programme_began_on_8_april_2025() {
    let many = || Fact::Count("us_bulk.identifiers", 100_001);
    check([
        row("US>CN", "name imei", [many(), Fact::At("2025-04-07")], Allow, ""),
        row("US>CN", "name imei", [many(), Fact::At("2025-04-08")], Block, "JR-US-06"),
        row("US>CN", "name imei", [many(), Fact::At("2025-04-08"), on_file("us_dsp_compliance")], Allow, "JR-US-06"),
        row("US>CN", "name imei", [Fact::Count("us_bulk.identifiers", 100_000)], Allow, "JR-US-03 +us-bulk-count"),
        // The act on data brokers began earlier and knows no threshold.
        row("US>CN", "name health", [Fact::Broker, Fact::At("2024-06-22")], Allow, ""),
        row("US>CN", "name health", [Fact::Broker, Fact::At("2024-06-23")], Block, "JR-US-11"),
    ]);
}

#[test]
fn omic_data_has_two_thresholds() {
    let compliant = || on_file("us_dsp_compliance");
    check([
        row("US>CN", "name genetic", [Fact::Count("us_bulk.genomic", 100)], Allow, "JR-US-03"),
        row("US>CN", "name genetic", [Fact::Count("us_bulk.genomic", 101), compliant()], Block, "JR-US-05"),
        row("US>CN", "name genetic", [Fact::Count("us_bulk.omic", 1000)], Allow, "JR-US-03"),
        row("US>CN", "name genetic", [Fact::Count("us_bulk.omic", 1001), compliant()], Block, "JR-US-05"),
        row("US>CN", "name genetic", [Fact::Count("us_bulk.omic", 1001)], Block, "JR-US-05 JR-US-06"),
        // No count at all is no proof of a small one.
        row("US>CN", "name genetic", [], Block, "JR-US-06"),
    ]);
}
