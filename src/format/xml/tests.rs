use super::super::{Stop, tests::Notes};
use crate::domain::{Format, GapCause, Limits};

#[test]
fn elements_and_attributes_come_by_name() {
    for (text, lines) in [
        ("<a/>", &[" {", "/a null "][..]),
        ("<a></a>", &[" {", "/a string "]),
        ("<a >\n x y </a >\n", &[" {", "/a string x y"]),
        ("\u{feff}<?xml version='1.0' encoding='UTF-8'?>\n<a>b</a>", &[" {", "/a string b"]),
        ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>b</a>", &[" {", "/a string b"]),
        (
            "<a><b>1</b><b>2</b><c/></a>",
            &[" {", "/a {", "/a/b string 1", "/a/b string 2", "/a/c null "],
        ),
        ("<a b='1' c = \"2\"/>", &[" {", "/a {", "/a/b string 1", "/a/c string 2"]),
        ("<a\nb='1'\n>t</a>", &[" {", "/a {", "/a/b string 1", "/a/a string t"]),
        ("<a b='it&apos;s \"x\" >'/>", &[" {", "/a {", "/a/b string it&apos;s \"x\" >"]),
        (
            "<s:a xmlns:s='u'><s:b>1</s:b></s:a>",
            &[" {", "/a {", "/a/xmlns:s string u", "/a/b string 1"],
        ),
        ("<电话>+86</电话>", &[" {", "/电话 string +86"]),
        ("<a>x &amp; &#x41;</a>", &[" {", "/a string x &amp; &#x41;"]),
        // Mixed content.
        (
            "<p>one <b>two</b> three</p>",
            &[" {", "/p {", "/p/p string one", "/p/b string two", "/p/p string three"],
        ),
        // CDATA.
        ("<a><![CDATA[<b>&]]></a>", &[" {", "/a string <b>&"]),
        ("<a> <![CDATA[1]]> </a>", &[" {", "/a string 1"]),
        ("<a>1<![CDATA[2]]></a>", &[" {", "/a string 1<![CDATA[2]]>"]),
        ("<a><![CDATA[1]]> <![CDATA[2]]></a>", &[" {", "/a string <![CDATA[1]]> <![CDATA[2]]>"]),
        ("<a>1<![CDATA[2]]><b/></a>", &[" {", "/a {", "/a/a string 1<![CDATA[2]]>", "/a/b null "]),
        ("<a><![CDATA[]]]]></a>", &[" {", "/a string ]]"]),
        // What is neither element nor text.
        ("<!-- x --><a/><!--y-->", &[" {", "/0 string  x ", "/a null ", "/1 string y"]),
        ("<a>b <!--2--> c</a>", &[" {", "/a {", "/a/a string b", "/a/0 string 2", "/a/a string c"]),
        ("<?p href=\"x\" ?><a/>", &[" {", "/0 string href=\"x\"", "/a null "]),
        (
            "<!DOCTYPE a SYSTEM \"http://x.example/>\"><a/>",
            &[" {", "/0 string a SYSTEM \"http://x.example/>\"", "/a null "],
        ),
    ] {
        let (notes, read) = Notes::of(Format::Xml, text.as_bytes());
        assert_eq!(read, Ok(()), "{text}");
        assert_eq!(notes, lines, "{text}");
    }
}

#[test]
fn what_is_not_well_formed_ends_the_reading_where_it_stands() {
    for (text, offset) in [
        ("", 0),
        (" ", 1),
        ("x", 0),
        ("<a>", 3),
        ("<a", 2),
        ("<a/", 3),
        ("<a/>x", 4),
        ("<a/><b/>", 4),
        ("</a>", 1),
        ("<a></b>", 5),
        ("<a><b></a></b>", 8),
        ("<a></a x>", 7),
        ("<1/>", 1),
        ("< a/>", 1),
        ("<a b/>", 4),
        ("<a b=/>", 5),
        ("<a b=c/>", 5),
        ("<a b='1'c='2'/>", 8),
        ("<a b='1/>", 9),
        ("<a b='<'/>", 6),
        ("<a>&b;</a>", 3),
        ("<a>& </a>", 3),
        ("<a b='&nbsp;'/>", 6),
        ("<a>\0</a>", 3),
        ("<a>\u{1}</a>", 3),
        ("<a><!-- </a>", 12),
        ("<a><![CDATA[ </a>", 17),
        ("<![CDATA[a]]>", 1),
        (" <?xml version='1.0'?><a/>", 3),
        ("<?xml version='1.0' owner='x'?><a/>", 20),
        ("<?xml version='4111111111111111'?><a/>", 6),
        ("<?xml version='1.0' standalone='x'?><a/>", 20),
        ("<a/><!DOCTYPE a>", 4),
        ("<!DOCTYPE a><!DOCTYPE a><a/>", 13),
        // Entities of one's own: the billion laughs and the local file.
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", 12),
        ("<!DOCTYPE a SYSTEM 'x' [", 23),
    ] {
        let (_, read) = Notes::of(Format::Xml, text.as_bytes());
        assert_eq!(read, Err(Stop { cause: GapCause::Malformed, offset }), "{text}");
    }
    for (bytes, cause, offset) in [
        (&b"<a>\xff</a>"[..], GapCause::InvalidUtf8, 3),
        (b"<a b='\xff'/>", GapCause::InvalidUtf8, 6),
        (b"<?xml version='1.0' encoding=utf-8?><a/>", GapCause::Malformed, 29),
    ] {
        assert_eq!(Notes::of(Format::Xml, bytes).1, Err(Stop { cause, offset }), "{bytes:?}");
    }
}

#[test]
fn depth_and_fields_have_limits() {
    let nested = |depth: usize| "<a>".repeat(depth) + "<b/>" + &"</a>".repeat(depth);
    let limits = Limits { depth_max: 2, ..Limits::default() };
    assert_eq!(Notes::within(Format::Xml, nested(2).as_bytes(), &limits).1, Ok(()));
    let stop = Stop { cause: GapCause::TooDeep, offset: 6 };
    assert_eq!(Notes::within(Format::Xml, nested(3).as_bytes(), &limits).1, Err(stop));
    let stop = Stop { cause: GapCause::TooDeep, offset: 3 * 128 };
    assert_eq!(Notes::of(Format::Xml, "<a>".repeat(1 << 18).as_bytes()).1, Err(stop));

    let limits = Limits { fields_max: 3, ..Limits::default() };
    let (notes, read) = Notes::within(Format::Xml, b"<a b='1' c='2'/>", &limits);
    assert_eq!(notes, [" {", "/a {", "/a/b string 1"]);
    assert_eq!(read, Err(Stop { cause: GapCause::TooManyFields, offset: 9 }));
}

#[test]
fn a_value_in_pieces_is_a_gap() {
    for (text, offset) in [
        ("<a>+4915<!-- x -->123456789</a>", Some(8)),
        ("<a>+4915 <!-- x --> 123456789</a>", Some(9)),
        ("<a>+4915<?x y?>123456789</a>", Some(8)),
        ("<a>An<!-- -->na</a>", Some(5)),
        ("<a>An<!-- --><![CDATA[na]]></a>", Some(5)),
        ("<a>sana<!-- -->.k@example.pk</a>", Some(7)),
        ("<a>sana.k<b/>@example.pk</a>", Some(9)),
        ("<a>sana.k<b>@</b>example.pk</a>", Some(9)),
        // What stands for itself.
        ("<a><!-- x -->+4915123456789<!-- y --></a>", None),
        ("<a>one <!-- x --> two</a>", None),
        ("<a>H<b>2</b>O</a>", None),
        ("<a>1</a><!-- x -->", None),
        ("<!-- 1 --><a>1</a>", None),
    ] {
        let stop = offset.map(|offset| Stop { cause: GapCause::Malformed, offset });
        let (notes, read) = Notes::of(Format::Xml, text.as_bytes());
        assert_eq!(read.err(), stop, "{text}");
        // Everything was told all the same.
        assert!(notes.len() > 2 || text.contains("<a>1<"), "{text}: {notes:?}");
    }
}
