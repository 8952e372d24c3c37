//! What the parts of an address are called, and where addresses stand that no word announces.

use super::{Bench, check};

#[test]
fn parts_of_an_address_in_the_languages_of_forms() {
    check(&[
        (
            r#"{"都道府県":"北海道","市区町村":"札幌市中央区","番地":"大通西3-7","郵便番号":"060-0042"}"#,
            &["/都道府県 state", "/市区町村 city", "/番地 street", "/郵便番号 postal_code"],
        ),
        (
            r#"{"sido":"강원특별자치도","sigungu":"강릉시","zonecode":"25520"}"#,
            &["/sido state", "/sigungu city", "/zonecode postal_code"],
        ),
        (
            r#"{"gatuadress":"Kungsgatan 9B","postnummer":"753 18","postort":"Uppsala"}"#,
            &["/gatuadress street", "/postnummer postal_code", "/postort city"],
        ),
        (
            r#"{"вулиця":"вул. Личаківська 7","місто":"Луцьк","індекс":"43001"}"#,
            &["/вулиця street", "/місто city", "/індекс postal_code"],
        ),
        (
            r#"{"logradouro":"Rua das Palmeiras","numero":"418","localidade":"Londrina","uf":"PR","cep":"86020-110"}"#,
            &[
                "/logradouro street",
                "/numero street",
                "/localidade city",
                "/uf state",
                "/cep postal_code",
            ],
        ),
        (
            r#"{"PstlAdr":{"StrtNm":"Rue Haute","BldgNb":"18","PstCd":"1000","TwnNm":"Bruxelles","Ctry":"BE"}}"#,
            &[
                "/PstlAdr/StrtNm street",
                "/PstlAdr/BldgNb street",
                "/PstlAdr/PstCd postal_code",
                "/PstlAdr/TwnNm city",
                "/PstlAdr/Ctry country@BE",
            ],
        ),
        (
            r#"{"contactAddress":{"addressLine1":"7 Kelp Court","city":"Perth","stateOrProvince":"WA"}}"#,
            &[
                "/contactAddress/addressLine1 address",
                "/contactAddress/city city",
                "/contactAddress/stateOrProvince state",
            ],
        ),
    ]);
}

#[test]
fn a_number_says_something_beside_a_street_or_a_town_alone() {
    check(&[
        (
            r#"{"street":"Birkenweg","house_number":"23a","plz":"34117"}"#,
            &["/street street", "/house_number street", "/plz postal_code"],
        ),
        (
            r#"{"calle":"Calle del Olmo","num_ext":"186","poblacion":"Getafe"}"#,
            &["/calle street", "/num_ext street", "/poblacion city"],
        ),
        (r#"{"memory":{"block":7,"page":12}}"#, &[]),
        (r#"{"numero":"2930","serie":"1"}"#, &[]),
        (r#"{"city":"Pune","pin":"411038"}"#, &["/city city", "/pin postal_code"]),
        (r#"{"city":"Pune","pin":"4110"}"#, &["/city city", "/pin password"]),
        (r#"{"pin":"411038"}"#, &["/pin password"]),
        (r#"{"street":"river","pot":2400}"#, &[]),
    ]);
}

#[test]
fn what_is_not_called_after_people_and_places() {
    check(&[
        (r#"{"usages":["cert sign","crl sign"]}"#, &[]),
        // What a field is called is nobody's name, but where somebody is told of.
        (r#"{"name":"주문번호","value":"20001"}"#, &["/value order_number"]),
        (r#"{"name":"Kata Sandi","type":"string"}"#, &[]),
        (r#"{"name":"Umar Farooq","type":"string"}"#, &["/name name"]),
        (r#"{"name":"Umar","email":"u.k@example.org"}"#, &["/name name", "/email email"]),
        (r#"{"name":"宗教","type":"string"}"#, &[]),
        (r#"{"name":"王芳","type":"string"}"#, &["/name name"]),
        (r#"{"GrpHdr":{"MsgId":"20190712-77ab41"}}"#, &[]),
        (r#"{"uid":"zwave:node/17"}"#, &[]),
        (r#"{"player":{"state":"pause"},"port":{"state":"up"}}"#, &[]),
        (r#"{"addressRegion":"schema:addressRegion"}"#, &[]),
        ("{\"token\":\"#{token1}\"}", &[]),
        (r#"{"userId":{"long":9119953387}}"#, &["/userId/long account_id"]),
        (r#"{"article":"4000000000006","flake":"4353153356580466761"}"#, &[]),
    ]);
}

#[test]
fn an_address_shows_by_its_postal_code() {
    let mut bench = Bench::new();
    for (text, expected) in [
        ("Residente in Via dei Platani 9, 50131 Firenze.", "Via dei Platani 9, 50131 Firenze"),
        ("wir sind umgezogen: Am Alten Hafen 5, 24103 Kiel", "Am Alten Hafen 5, 24103 Kiel"),
        ("paket till Kungsgatan 14B, 753 18 Uppsala tack", "Kungsgatan 14B, 753 18 Uppsala"),
        (
            "le 27 bis avenue des Tilleuls, 38100 Grenoble",
            "27 bis avenue des Tilleuls, 38100 Grenoble",
        ),
        (
            "Goethestr. 14, 3. OG links, 60313 Frankfurt",
            "Goethestr. 14, 3. OG links, 60313 Frankfurt",
        ),
        (
            "Plot 118-B, Block 6, PECHS, Karachi 75400, Rs 1850",
            "Plot 118-B, Block 6, PECHS, Karachi 75400",
        ),
        (
            "from B-204, Green Heights, Andheri East, Mumbai 400069",
            "B-204, Green Heights, Andheri East, Mumbai 400069",
        ),
        (
            "teslimat: Atatürk Cad. No:56 D:8, Bursa, 16010 adresine",
            "Atatürk Cad. No:56 D:8, Bursa, 16010",
        ),
        (r#"addr="14 Oak Street, Leeds LS1 4AB" x"#, "14 Oak Street, Leeds LS1 4AB"),
        ("User(address=14 Oak Street, Leeds LS1 4AB, id=4)", "14 Oak Street, Leeds LS1 4AB"),
    ] {
        assert_eq!(bench.prose(text), [format!("address={expected}")], "{text}");
    }
    for text in [
        "See Table 5, 24103 Samples were taken",
        "On Monday 5, 10400 Visitors came",
        "AMD Ryzen 5, Radeon RX 6600, Windows 11, Build 22621",
        "page 12, 34117 Items",
        "<em>Urban et al.</em> 1997, 12 pages",
    ] {
        assert_eq!(bench.prose(text), [""; 0], "{text}");
    }
}
