use super::*;

#[test]
fn announced_addresses_end_with_their_sentence() {
    for (text, expected) in [
        (
            "27 Harcourt Terrace, Bristol BS6 5QW. Thanks!",
            Some("27 Harcourt Terrace, Bristol BS6 5QW"),
        ),
        ("ul. Tverskaya, d. 15, kv. 42, Moskva", Some("ul. Tverskaya, d. 15, kv. 42, Moskva")),
        (
            "\nAgnieszka Nowak\nul. Długa 84/92 m. 12\n00-514 Warszawa\nTel: 5",
            Some("ul. Długa 84/92 m. 12\n00-514 Warszawa"),
        ),
        ("北京市朝阳区建国路88号5号楼1203室。谢谢", Some("北京市朝阳区建国路88号5号楼1203室")),
        (
            "1427 Maple Avenue, Austin, TX 78704, SSN 365-74-3153",
            Some("1427 Maple Avenue, Austin, TX 78704"),
        ),
        ("Hauptstraße 17, 50567 Köln, Steuer-ID 84506389272", Some("Hauptstraße 17, 50567 Köln")),
        ("770 Old Mill Road last week", Some("770 Old Mill Road")),
        ("12 rue de la Paix, 75002 Paris depuis hier", Some("12 rue de la Paix, 75002 Paris")),
        ("12 Old Mill road since yesterday", Some("12 Old Mill road")),
        ("Calle Mayor 5 bajo izquierda", Some("Calle Mayor 5 bajo izquierda")),
        (
            "House 4, Gandhi Nagar near the water tank",
            Some("House 4, Gandhi Nagar near the water tank"),
        ),
        (
            "İnönü Sokak No:5 D:3, 61030 Trabzon. Telefonum +90 533 621 94 31",
            Some("İnönü Sokak No:5 D:3, 61030 Trabzon"),
        ),
        ("the usual place", None),
        ("0x7ffe1234abcd", None),
        ("", None),
    ] {
        let found = announced(text, 0).and_then(|range| text.get(range));
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_street_with_number_and_town_is_an_address() {
    for (text, street, expected) in [
        (
            "We met at 1842 Fulton Street, Apt 4, San Francisco, CA 94117 today",
            "Street",
            Some("1842 Fulton Street, Apt 4, San Francisco, CA 94117"),
        ),
        (
            "j'habite au 18 rue des Martyrs, 75009 Paris. Merci",
            "rue",
            Some("18 rue des Martyrs, 75009 Paris"),
        ),
        (
            "visit Schönhauser Allee 147, 10435 Berlin soon",
            "Allee",
            Some("Schönhauser Allee 147, 10435 Berlin"),
        ),
        ("in der Hauptstraße 5, 10435 Berlin", "straße", Some("Hauptstraße 5, 10435 Berlin")),
        (
            "Rua Augusta, 1508, apto 72, São Paulo - SP",
            "Rua",
            Some("Rua Augusta, 1508, apto 72, São Paulo - SP"),
        ),
        ("crossed the street at 5 pm", "street", None),
        ("Wall Street, New York Times", "Street", None),
        ("the road to 2030, Part 1", "road", None),
    ] {
        let at = text.find(street).unwrap();
        let found = around_street(text, at..at + street.len(), 0).and_then(|range| text.get(range));
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn east_asian_addresses_go_from_the_large_to_the_small() {
    for (text, expected) in [
        ("我的地址是上海市浦东新区世纪大道100号12楼", Some("上海市浦东新区世纪大道100号12楼")),
        ("東京都渋谷区神南1-19-11", Some("東京都渋谷区神南1-19-11")),
        ("浙江省杭州市西湖区文三路90号", Some("浙江省杭州市西湖区文三路90号")),
        ("北京市2026年第1号公告", None),
        ("欢迎选购最新款手机与电话手表", None),
    ] {
        let found = east_asian(text, 0..text.len()).and_then(|range| text.get(range));
        assert_eq!(found, expected, "{text}");
    }
    let text = "주소 서울특별시 강남구 테헤란로 152 입니다";
    assert_eq!(
        korean(text).and_then(|range| text.get(range)),
        Some("서울특별시 강남구 테헤란로 152")
    );
    assert_eq!(korean("서울 날씨는 20도"), None);
}
