use super::{super::tests::Notes, *};
use crate::domain::Format;

#[test]
fn properties_come_by_what_they_mean() {
    for (text, lines) in [
        ("FN:Mei Tan\r\n", &["/full_name string Mei Tan"][..]),
        // RFC 6350 §6.2.2 and §6.3.1.
        (
            "N:Stevenson;John;Philip,Paul;Dr.;Jr.,M.D.\r\n",
            &[
                "/name {",
                "/name/family_name string Stevenson",
                "/name/given_name string John",
                "/name/middle_name string Philip,Paul",
                "/name/name_prefix string Dr.",
                "/name/name_suffix string Jr.,M.D.",
            ],
        ),
        (
            "ADR;GEO=\"geo:12.3457,78.910\";LABEL=\"Mr. John\":;;123 Main Street;Any Town;CA;91921-1234;U.S.A.\r\n",
            &[
                "/GEO string geo:12.3457,78.910",
                "/LABEL string Mr. John",
                "/address {",
                "/address/street string 123 Main Street",
                "/address/city string Any Town",
                "/address/region string CA",
                "/address/postal_code string 91921-1234",
                "/address/country string U.S.A.",
            ],
        ),
        // §6.4.1, with a group and a type.
        (
            "item1.TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=5555\r\n",
            &["/phone string tel:+1-555-555-5555;ext=5555"],
        ),
        (
            "EMAIL;TYPE=work:jqpublic@xyz.example.com\r\n",
            &["/email string jqpublic@xyz.example.com"],
        ),
        // §3.2: folded in the middle of a word, and with a tab.
        (
            "NOTE:This is a long descrip\r\n tion that exists o\r\n\tn a long line.\r\n",
            &["/note string This is a long descrip\r\n tion that exists o\r\n\tn a long line."],
        ),
        ("X-QQ:10001\n", &["/X-QQ string 10001"]),
        ("ORG:ABC\\, Inc.;North\\;East\r\n", &["/organization string ABC\\, Inc.;North\\;East"]),
        // RFC 2426 §3.1.4, vCard 2.1 §2.1.3 and its soft line breaks.
        ("PHOTO;ENCODING=b;TYPE=JPEG:/9j/\r\n AAAA\r\n", &["/photo layer - Base64 /9j/\r\n AAAA"]),
        ("PHOTO;BASE64:/9j/AAAA\r\n", &["/photo layer - Base64 /9j/AAAA"]),
        (
            "NOTE;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen=\r\nGro=C3=9F\r\n",
            &["/note layer text/plain QuotedPrintable J=C3=BCrgen=\r\nGro=C3=9F"],
        ),
        (
            "N;CHARSET=GBK;QUOTED-PRINTABLE:=C0=EE;=C3=F7;;;\r\n",
            &[
                "/name {",
                "/name/family_name layer text/plain; charset=GBK QuotedPrintable =C0=EE",
                "/name/given_name layer text/plain; charset=GBK QuotedPrintable =C3=F7",
            ],
        ),
    ] {
        let text = format!("BEGIN:VCARD\r\nVERSION:4.0\r\n{text}END:VCARD\r\n");
        let (notes, read) = Notes::of(Format::VCard, text.as_bytes());
        assert_eq!(read, Ok(()), "{text}");
        let head = [" {", "/vcards [", "/vcards/0 {", "/vcards/0/VERSION string 4.0"];
        let lines = lines.iter().map(|line| format!("/vcards/0{line}"));
        let expected: Vec<String> = head.map(str::to_owned).into_iter().chain(lines).collect();
        assert_eq!(notes, expected, "{text}");
    }
}

#[test]
fn cards_stand_behind_and_inside_each_other() {
    let text = "BEGIN:VCARD\nFN:A\nEND:VCARD\n\nbegin:vcard\nAGENT:\nBEGIN:VCARD\nFN:C\nEND:VCARD\nFN:B\nend:vcard";
    let (notes, read) = Notes::of(Format::VCard, text.as_bytes());
    assert_eq!(read, Ok(()));
    assert_eq!(
        notes,
        [
            " {",
            "/vcards [",
            "/vcards/0 {",
            "/vcards/0/full_name string A",
            "/vcards/1 {",
            "/vcards/1/AGENT string ",
            "/vcards/1/agent {",
            "/vcards/1/agent/full_name string C",
            "/vcards/1/full_name string B",
        ]
    );
}

#[test]
fn lines_outside_a_card_and_cards_without_an_end_are_refused() {
    for (text, offset) in [
        ("FN:A\r\n", 0),
        ("BEGIN:VCARD\r\nFN:A\r\n", 19),
        ("BEGIN:VCARD\r\nFN\r\nEND:VCARD\r\n", 13),
        ("BEGIN:VCARD\r\nEND:VCARD\r\nFN:A\r\n", 24),
        ("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", 0),
    ] {
        let (_, read) = Notes::of(Format::VCard, text.as_bytes());
        assert_eq!(read, Err(Stop::malformed(offset)), "{text}");
    }
}
