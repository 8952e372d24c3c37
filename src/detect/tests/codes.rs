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
