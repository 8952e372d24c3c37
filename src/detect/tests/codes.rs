//! What machines write for machines into a text: codes to scan, logs, answers of modems, places of receivers.

use super::Bench;

#[test]
fn what_machines_write_is_known_by_its_form() {
    let mut bench = Bench::new();
    for (text, expected) in [
        (
            "WIFI:S:Familie Weber;T:WPA;P:geheim1234;;",
            &["ssid=Familie Weber", "password=geheim1234"][..],
        ),
        ("MECARD:N:최수빈;TEL:+821012345678;;", &["name=최수빈", "phone=+821012345678"]),
        ("upi://pay?pa=shop@okaxis&pn=Amina Malik&am=10", &["upi=shop@okaxis", "name=Amina Malik"]),
        (
            "#Fields: date cs-username sc-status\n2026-01-02 amina.malik 200\n2026-01-02 - 304\n",
            &["username=amina.malik"],
        ),
        ("AT+CIMI\r\n410011149257423\r\n\r\nOK", &["imsi=410011149257423"]),
        (
            "P-Access-Network-Info: 3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=4100112345678ab",
            &["cell_id=4100112345678ab"],
        ),
        (
            "$GPGGA,123519,2451.643,N,06700.067,E,1,08,0.9,545.4,M",
            &["precise_location=2451.643,N,06700.067,E"],
        ),
        ("Met at 24.86071° N, 67.00112° E today", &["precise_location=24.86071° N, 67.00112° E"]),
        ("Wifi: the S; P: of it is none of yours", &[]),
        ("#Fields: date sc-status\n2026-01-02 304\n", &[]),
        ("AT+CSQ\r\n+CSQ: 21,99\r\n\r\nOK", &[]),
        ("$GPGSV,3,1,11,03,03,111,00,04,15,270,00", &[]),
        ("between 20.5° and 21.5° N, E of here", &[]),
    ] {
        let mut found = bench.prose(text);
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn values_of_a_line_without_blanks_stand_each_for_itself() {
    let mut bench = Bench::new();
    for (text, expected) in [
        ("1,4111111111111111", &["card=4111111111111111"][..]),
        ("17,4111111111111111,120", &["card=4111111111111111"]),
        ("1714550400,PK36SCBL0000001123456702,ok", &["iban=PK36SCBL0000001123456702"]),
        ("123,35202-1234567-1,9", &["pk_cnic=35202-1234567-1"]),
        ("1714550400,203.0.114.77,GET", &["ip_address=203.0.114.77"]),
        ("INSERT INTO pay VALUES (17,4111111111111111,120)", &["card=4111111111111111"]),
        // Thousands and decimals are one number.
        ("1,234,567,890", &[]),
        ("total 12,345.67 of 1,234,567.89", &[]),
        ("52,520006", &[]),
    ] {
        assert_eq!(bench.prose(text), expected, "{text}");
    }
    for joiner in [",", ";", "|", "/", " ", "\t", "\n"] {
        for (category, first, second) in [
            ("card", "4111111111111111", "5555555555554444"),
            ("phone", "0345-1112233", "0300-9998877"),
            ("pk_cnic", "35202-1234567-1", "42201-7654321-3"),
            ("iban", "PK36SCBL0000001123456702", "GB82WEST12345698765432"),
        ] {
            // Letters and digits between slashes are of a path.
            if (category, joiner) == ("iban", "/") {
                continue;
            }
            let text = format!("{first}{joiner}{second}");
            let expected = [first, second].map(|value| format!("{category}={value}"));
            assert_eq!(bench.prose(&text), expected, "{text}");
        }
    }
}
