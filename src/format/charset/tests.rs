use super::*;

fn wide(text: &str, unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn a_body_is_in_what_is_declared_or_marked_and_contradictions_are_refused() {
    const MISMATCH: Result<Option<Charset>, GapCause> = Err(GapCause::MediaTypeMismatch);
    const UNKNOWN: Result<Option<Charset>, GapCause> = Err(GapCause::UnknownMediaType);
    let named = |name: &'static str| Ok(Some(Charset(name)));
    let json = "\u{feff}{\"a\":\"é\"}";
    let le = wide(json, u16::to_le_bytes);
    let be = wide(json, u16::to_be_bytes);
    let le32: Vec<u8> = json.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
    let xml_gbk = b"<?xml version=\"1.0\" encoding=\"GBK\"?><a>\xc0\xee</a>";
    let xml_wide = wide("\u{feff}<?xml version='1.0' encoding='utf-16'?><a/>", u16::to_le_bytes);
    let xml_lies = wide("\u{feff}<?xml version='1.0' encoding='utf-8'?><a/>", u16::to_le_bytes);
    for (content_type, bytes, expected) in [
        // RFC 2781 §3.3, RFC 8259 §8.1, and the Encoding Standard §4.2, §6.1.
        (Some("application/json"), &le[..], Ok(Some(Charset::UTF_16_LE))),
        (Some("application/json; charset=utf-16"), &le, Ok(Some(Charset::UTF_16_LE))),
        (Some("application/json; charset=utf-16"), &be, Ok(Some(Charset::UTF_16_BE))),
        (Some("application/json; charset=UTF-16BE"), &be, Ok(Some(Charset::UTF_16_BE))),
        (Some("application/json; charset=UTF-16BE"), &le, MISMATCH),
        (Some("application/json; charset=utf-8"), &le, MISMATCH),
        (Some("application/json"), &le32, Ok(Some(Charset::UTF_32_LE))),
        (Some("application/json; charset=utf-16"), &le32, MISMATCH),
        (Some("application/json; charset=utf-16"), &le[2..], Ok(Some(Charset::UTF_16_LE))),
        (Some("application/json; charset=utf-16"), &be[2..], Ok(Some(Charset::UTF_16_BE))),
        (Some("text/plain; charset=utf-16"), "李明".as_bytes(), MISMATCH),
        (None, &le, Ok(Some(Charset::UTF_16_LE))),
        (Some("application/octet-stream"), &be, Ok(Some(Charset::UTF_16_BE))),
        (Some("application/json"), b"\xef\xbb\xbf{}", Ok(None)),
        (Some("application/json; charset=gbk"), b"\xef\xbb\xbf{}", MISMATCH),
        // One text in two encodings, for readers that do not look at the parameter.
        (Some("application/json; charset=gbk"), "{\"a\":\"李明\"}".as_bytes(), MISMATCH),
        (Some("application/json; charset=gbk"), b"{\"a\":\"\xc0\xee\"}", named("GBK")),
        (Some("text/plain; charset=gb2312"), b"\xc0\xee", named("GBK")),
        (Some("text/plain; charset=gb18030"), b"\xc0\xee", named("gb18030")),
        (Some("text/plain; charset=Shift_JIS"), b"\x8e\x52", named("Shift_JIS")),
        (Some("text/plain; charset=latin1"), b"caf\xe9", named("windows-1252")),
        (Some("text/plain; charset=iso-8859-15"), b"caf\xe9", named("ISO-8859-15")),
        (Some("text/plain; charset=latin1"), b"cafe", Ok(None)),
        (Some("text/plain; charset=us-ascii"), b"cafe", Ok(None)),
        (Some("text/plain; charset=us-ascii"), b"caf\xe9", MISMATCH),
        (Some("text/plain; charset=\"UTF8\""), "é".as_bytes(), Ok(None)),
        (Some("text/plain; charset=utf-8; charset=utf-16"), b"e", MISMATCH),
        (Some("text/plain; charset=utf-8; charset=utf-8"), b"e", Ok(None)),
        (Some("text/plain; charset=utf-7"), b"+AOk-", UNKNOWN),
        (Some("text/plain; charset=hz-gb-2312"), b"~{", UNKNOWN),
        // Its letters are ASCII, its text is not.
        (Some("text/plain; charset=iso-2022-jp"), b"\x1b$B;3\x1b(B", named("ISO-2022-JP")),
        // RFC 7303 §3.
        (Some("application/xml"), xml_gbk, named("GBK")),
        (Some("application/xml; charset=gbk"), xml_gbk, named("GBK")),
        (Some("application/xml; charset=big5"), xml_gbk, MISMATCH),
        (Some("application/xml; charset=utf-8"), xml_gbk, MISMATCH),
        (None, xml_gbk, named("GBK")),
        (Some("text/xml"), &xml_wide, Ok(Some(Charset::UTF_16_LE))),
        (Some("text/xml"), &xml_lies, MISMATCH),
        (Some("text/xml"), b"<?xml version='1.0' encoding='utf-16'?><a/>", MISMATCH),
        (Some("text/xml"), b"<?xml version='1.0' encoding='utf-7'?><a/>", UNKNOWN),
        (Some("text/xml"), b"<?xml version='1.0' encoding='US-ASCII'?><a/>", Ok(None)),
        (Some("text/xml"), b"<?xml version='1.0'?><a/>", Ok(None)),
        // No text.
        (Some("image/jpeg"), b"\xff\xfe", Ok(None)),
        (Some("application/grpc"), b"\xff\xfe", Ok(None)),
    ] {
        assert_eq!(charset(content_type, bytes), expected, "{content_type:?} {bytes:02x?}");
    }
}

#[test]
fn a_charset_without_a_mark_is_believed_only_of_bytes_that_are_text_in_it() {
    const MISMATCH: Result<Option<Charset>, GapCause> = Err(GapCause::MediaTypeMismatch);
    let le = |text: &str| wide(text, u16::to_le_bytes);
    let be = |text: &str| wide(text, u16::to_be_bytes);
    let utf_16_le = Ok(Some(Charset::UTF_16_LE));
    let plain = b"email,dob\nzq17x.kay@example.pk,1996-04-12\n";
    for (content_type, bytes, expected) in [
        ("text/plain; charset=utf-16le", le("dob: 1996-04-12"), utf_16_le),
        ("text/plain; charset=ucs-2", le("生日：1996年4月12日，李明。"), utf_16_le),
        ("text/plain; charset=utf-16le", le("我叫李明，住在上海。"), utf_16_le),
        ("text/plain; charset=utf-16", le("a 一丁七"), utf_16_le),
        ("text/csv; charset=utf-16be", be("имя;дата\nИван;1\n"), Ok(Some(Charset::UTF_16_BE))),
        ("text/plain; charset=utf-16be", be("मेरा नाम सना है"), Ok(Some(Charset::UTF_16_BE))),
        // What is UTF-8, with a zero in it as well.
        ("text/csv; charset=utf-16le", plain.to_vec(), MISMATCH),
        ("text/csv; charset=utf-16be", plain.to_vec(), MISMATCH),
        ("text/tab-separated-values; charset=ucs-2", plain.to_vec(), MISMATCH),
        ("application/yaml; charset=unicode", plain.to_vec(), MISMATCH),
        ("text/html; charset=csunicode", plain.to_vec(), MISMATCH),
        ("application/octet-stream; charset=unicodefffe", plain.to_vec(), MISMATCH),
        ("application/graphql; charset=iso-10646-ucs-2", plain.to_vec(), MISMATCH),
        ("text/plain; charset=utf-16le", "имя: Иван, дата\0.".into(), MISMATCH),
        // ASCII, and a letter of Latin-1.
        ("text/plain; charset=utf-16le", b"Jos\xe9, 1996-04-12 ".to_vec(), MISMATCH),
        (
            "text/plain; charset=utf-16le",
            [&le("我 ").repeat(90)[..], b"call me at +923451112233"].concat(),
            utf_16_le,
        ),
        (
            "text/plain; charset=utf-16le",
            [&le("我 ").repeat(90)[..], b"call me at +923451112233!!"].concat(),
            MISMATCH,
        ),
        // An archive, and `AYESHA` of a mainframe.
        ("text/plain; charset=utf-16le", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), MISMATCH),
        ("text/plain; charset=utf-16le", b"\xc1\xe8\xc5\xe2\xc8\xc1".to_vec(), MISMATCH),
        // Readers of forms look at no charset.
        ("application/x-www-form-urlencoded; charset=utf-16le", le("a=b"), MISMATCH),
        ("application/x-www-form-urlencoded; charset=utf-16le", b"a=b&".to_vec(), MISMATCH),
        ("application/x-www-form-urlencoded", le("\u{feff}a=b"), MISMATCH),
        ("application/x-www-form-urlencoded; charset=iso-2022-jp", b"a=b".to_vec(), MISMATCH),
        ("application/x-www-form-urlencoded; charset=latin1", b"a=b".to_vec(), Ok(None)),
    ] {
        assert_eq!(charset(Some(content_type), &bytes), expected, "{content_type} {bytes:02x?}");
    }
}

#[test]
fn texts_are_read_and_what_is_no_text_is_refused() {
    let be = wide("山é𝄞", u16::to_be_bytes);
    for (name, bytes, expected) in [
        // The Encoding Standard's indexes.
        ("GBK", &b"\xc0\xee\xc3\xf7"[..], Ok("李明")),
        ("gb18030", b"\x81\x30\x81\x30", Ok("\u{80}")),
        ("Shift_JIS", b"\x8e\x52\x83\x65", Ok("山テ")),
        ("EUC-KR", b"\xb1\xe8", Ok("김")),
        ("Big5", b"\xa7\xf5", Ok("李")),
        ("KOI8-R", b"\xc1", Ok("а")),
        ("windows-1251", b"\xc8\xe2\xe0\xed", Ok("Иван")),
        ("windows-1252", b"caf\xe9 \x80", Ok("café €")),
        ("ISO-8859-6", b"\xd9\xe4\xea", Ok("علي")),
        ("UTF-16BE", &be, Ok("山é𝄞")),
        ("UTF-32LE", b"\x71\x5c\0\0", Ok("山")),
        ("GBK", b"\x81", Err(())),
        ("windows-1253", b"\xaa", Err(())),
        ("UTF-16LE", b"a", Err(())),
        ("UTF-16BE", b"\xd8\x00\x00a", Err(())),
        ("UTF-32BE", b"\0\x11\0\0", Err(())),
        ("UTF-32BE", b"\0\0\xd8\0", Err(())),
    ] {
        let text = decode(Charset(name), bytes).map_err(|_| ());
        assert_eq!(
            text,
            expected.map(|text: &str| text.as_bytes().to_vec()),
            "{name} {bytes:02x?}"
        );
    }
}
