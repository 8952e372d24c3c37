//! Made-up transfers, each in the gateway's shape and in the flat one a general engine is asked with.

use serde_json::{Value, json};

use crate::rules;

pub struct Asked {
    /// In the gateway's shape.
    pub transfer: Value,
    /// The categories of its fields.
    pub tags: Vec<&'static str>,
    pub flat: Value,
}

/// As many transfers, always the same; some are blocked by each rule, most by none.
pub fn transfers(count: usize) -> Vec<Asked> {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    // xorshift64, Marsaglia 2003.
    let mut pick = move |of: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).unwrap_or(0) % of
    };
    let mut transfers = Vec::with_capacity(count);
    for _ in 0..count {
        let one_of = |list: &[&str], number: usize| list.get(number).map(|it| (*it).to_owned());
        let origin = one_of(&["PK", "DE", "CN", "SG", "US"], pick(5));
        let destination = one_of(&["CN", "US", "SG"], pick(3));
        let purpose = one_of(
            &["customer_support", "cloud_sync", "direct_marketing", "find_device", "data_sale"],
            pick(41) / 10,
        );
        let class = one_of(&["first_party_facility", "affiliate", "service_provider"], pick(3));
        let transport = one_of(&["tls", "plaintext"], usize::from(pick(20) == 0));
        let minor = pick(10) == 0;
        let cloud_sync = pick(8) != 0;
        let identifiers = [10, 100_000, 100_001, 5_000_000].get(pick(4)).copied().unwrap_or(0);
        let mut some = |of: &[&'static str]| -> Vec<&'static str> {
            of.iter().copied().filter(|_| pick(4) != 0).collect()
        };
        let mechanisms =
            some(&["eu_scc", "eu_tia", "sg_contract", "processor_contract", "us_dsp_compliance"]);
        let consents = some(&[
            "service/explicit",
            "cross_border/explicit",
            "cross_border/separate_explicit",
            "direct_marketing/explicit",
            "guardian/guardian",
        ]);
        let opt_outs: Vec<&str> = some(&["push", "direct_marketing"]);
        // A name is always there, so that there is somebody whom the transfer is about.
        let mut tags = vec!["name"];
        tags.extend(some(&rules::TAGS).into_iter().filter(|tag| *tag != "name"));
        let records: Vec<Value> =
            mechanisms.iter().map(|kind| json!({"type": kind, "id": kind})).collect();
        let agreed: Vec<Value> = consents
            .iter()
            .filter_map(|it| it.split_once('/'))
            .map(|(scope, kind)| json!({"scope": scope, "type": kind}))
            .collect();
        let transfer = json!({
            "as_of": "2026-11-23T09:00:00Z", "origin": origin, "destination": destination,
            "purpose": purpose, "transport": transport,
            "recipient": {"class": class, "id": "centre"},
            "counters": {"us_bulk": {"identifiers": identifiers}},
            "mechanisms": records,
            "subject": {
                "minor": minor, "consents": agreed, "opt_outs": opt_outs,
                "settings": {"cloud_sync": cloud_sync},
            },
        });
        let flat = json!({
            "origin": origin, "destination": destination, "purpose": purpose, "transport": transport,
            "class": class, "identifiers": identifiers, "mechanisms": mechanisms,
            "consents": consents, "opt_outs": opt_outs, "minor": minor, "cloud_sync": cloud_sync,
            "tags": tags,
        });
        transfers.push(Asked { transfer, tags, flat });
    }
    transfers
}
