//! The examples in python-stdnum's documentation: identifiers of many countries, right and wrong.
//!
//! They are read out of the docstrings: `>>> validate('…')` followed by the number is right, followed by
//! a traceback of `InvalidChecksum` is wrong.

use std::{collections::BTreeMap, fs};

use crate::{found, path};

/// Module, our category, and a name its field goes by.
const MODULES: &[(&str, &str, &str)] = &[
    ("au/tfn", "au_tfn", "tfn"),
    ("be/nn", "be_nn", "rijksregisternummer"),
    ("bg/egn", "bg_egn", "egn"),
    ("br/cpf", "br_cpf", "cpf"),
    ("ca/sin", "ca_sin", "sin_number"),
    ("ch/ssn", "ch_ahv", "ahv"),
    ("cl/rut", "cl_rut", "rut"),
    ("cn/ric", "cn_ric", "id_card"),
    ("cz/rc", "cz_rc", "rodne_cislo"),
    ("de/idnr", "de_idnr", "steuer_id"),
    ("dk/cpr", "dk_cpr", "cpr"),
    ("ee/ik", "ee_ik", "isikukood"),
    ("es/dni", "es_dni", "dni"),
    ("es/nie", "es_dni", "nie"),
    ("fi/hetu", "fi_hetu", "hetu"),
    ("fr/nir", "fr_nir", "nir"),
    ("gb/nhs", "gb_nhs", "nhs_number"),
    ("gr/amka", "gr_amka", "amka"),
    ("hr/oib", "hr_oib", "oib"),
    ("iban", "iban", "iban"),
    ("id/nik", "id_nik", "nik"),
    ("ie/pps", "ie_pps", "pps_number"),
    ("il/idnr", "il_id", "teudat_zehut"),
    ("imei", "imei", "imei"),
    ("imsi", "imsi", "imsi"),
    ("in_/aadhaar", "in_aadhaar", "aadhaar"),
    ("in_/pan", "in_pan", "pan_card"),
    ("is_/kennitala", "is_kennitala", "kennitala"),
    ("it/codicefiscale", "it_codicefiscale", "codice_fiscale"),
    ("jp/in_", "jp_mynumber", "my_number"),
    ("kr/rrn", "kr_rrn", "rrn"),
    ("mac", "mac", "mac_address"),
    ("meid", "meid", "meid"),
    ("mx/curp", "mx_curp", "curp"),
    ("mx/rfc", "mx_rfc", "rfc"),
    ("my/nric", "my_nric", "mykad"),
    ("nl/bsn", "nl_bsn", "bsn"),
    ("no/fodselsnummer", "no_fodselsnummer", "fodselsnummer"),
    ("nz/ird", "nz_ird", "ird_number"),
    ("pk/cnic", "pk_cnic", "cnic"),
    ("pl/pesel", "pl_pesel", "pesel"),
    ("pt/nif", "pt_nif", "numero_contribuinte"),
    ("ro/cnp", "ro_cnp", "cnp"),
    ("se/personnummer", "se_personnummer", "personnummer"),
    ("si/emso", "si_emso", "emso"),
    ("th/pin", "th_pin", "citizen_id"),
    ("tr/tckimlik", "tr_tckn", "tckn"),
    ("ua/rntrc", "ua_rnokpp", "rnokpp"),
    ("us/itin", "us_itin", "itin"),
    ("us/ssn", "us_ssn", "ssn"),
    ("za/idnr", "za_id", "rsa_id"),
];

#[derive(Debug, Default)]
struct Examples {
    right: Vec<String>,
    wrong: Vec<String>,
}

/// What we do not read as that identifier: a MEID in decimal groups, the RFC of a company, an RFC with
/// separators or without the characters that tell two people of one birthday apart, the NIF of a company as
/// it stands in invoices.
const UNREAD: &[&str] = &[
    "29360 87365 0070 3710 0",
    "MAB-930714-8T4",
    "GODE 561231 GR8",
    "VACE-460910-SX6",
    "COMG-600703",
    "PT 501 964 843",
];

/// Reads `>>> validate('…')` and what follows.
fn examples(module: &str) -> Examples {
    let source = fs::read_to_string(path("stdnum").join(format!("{module}.py")))
        .expect("`make data` fetches python-stdnum");
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let mut examples = Examples::default();
    for (number, line) in lines.iter().enumerate() {
        let Some(call) = line.strip_prefix(">>> validate('") else { continue };
        let Some((value, rest)) = call.split_once('\'') else { continue };
        if !rest.starts_with(')') {
            continue;
        }
        let answer = &lines[number + 1..lines.len().min(number + 5)];
        if answer[0].starts_with('\'') {
            examples.right.push(value.to_owned());
        } else if answer.iter().any(|line| line.starts_with("InvalidChecksum")) {
            examples.wrong.push(value.to_owned());
        }
    }
    examples
}

fn under(name: &str, value: &str) -> Vec<String> {
    found("application/json", serde_json::json!({ name: value }).to_string().as_bytes())
}

#[test]
fn right_numbers_are_found_under_their_name() {
    let mut missed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    for (module, category, name) in MODULES {
        for value in examples(module).right {
            if UNREAD.contains(&value.as_str()) {
                continue;
            }
            count += 1;
            let found = under(name, &value);
            if !found.iter().any(|found| found == category) {
                missed.entry(module).or_default().push(format!("{value}: {found:?}"));
            }
        }
    }
    assert!(count > 60, "{count}");
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Numbers issued in Korea since October 2020 have no check digit, so that a wrong one says nothing.
const UNCHECKED: &[&str] = &["kr/rrn"];

/// Where no name speaks for them, numbers with a wrong check digit are numbers.
#[test]
fn wrong_numbers_are_not_found_by_their_look() {
    let mut mistaken: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    for (module, category, _) in MODULES.iter().filter(|(module, ..)| !UNCHECKED.contains(module)) {
        for value in examples(module).wrong {
            count += 1;
            let found = under("value", &value);
            if found.iter().any(|found| found == category) {
                mistaken.entry(module).or_default().push(value);
            }
        }
    }
    assert!(count > 30, "{count}");
    assert!(mistaken.is_empty(), "{mistaken:#?}");
}
