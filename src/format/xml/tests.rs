use super::super::{Stop, tests::Notes};
use crate::domain::{Escape, Format, GapCause, Limits, Span};

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
        ("<a>b <!--2--> c</a>", &[" {", "/a string b <!--2--> c", "/0 string 2"]),
        (
            "<a> <!--1--> <?p 2?>b<c/><!--3--> </a>",
            &[
                " {",
                "/a {",
                "/a/0 string 1",
                "/a/1 string 2",
                "/a/a string b",
                "/a/c null ",
                "/a/2 string 3",
            ],
        ),
        ("<a><!--1--></a>", &[" {", "/a string ", "/0 string 1"]),
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
fn text_around_what_is_no_text_is_one_value() {
    for (text, value, other) in [
        ("<a>+4915<!-- x -->123456789</a>", "+4915123456789", " x "),
        ("<a>+4915<?x y?>123456789</a>", "+4915123456789", "y"),
        ("<a>An<!--x--><![CDATA[n]]><!----><![CDATA[a]]></a>", "Anna", "x"),
        ("<a>sana<!-- < & > \" -->.k@example.pk</a>", "sana.k@example.pk", " < & > \" "),
        ("<a><!--x-->1<!--y--></a>", "1", "x"),
    ] {
        let (notes, read) = Notes::of(Format::Xml, text.as_bytes());
        assert_eq!(read, Ok(()), "{text}");
        let told = notes[1].strip_prefix("/a string ").unwrap();
        let mut buffer = crate::format::Unescaped::new();
        let escape = if told.contains('<') { Escape::Xml } else { Escape::None };
        let unescaped = crate::format::unescape(escape, told.as_bytes(), &mut buffer);
        assert_eq!(unescaped.as_str(), value, "{text}");
        assert_eq!(notes[2], format!("/0 string {other}"), "{text}");
    }
}

#[test]
fn a_text_that_tags_divide_is_told_as_a_whole_too() {
    let whole = format!("1<b c='>'>2</b>{}", " 3".repeat(300));
    let long = format!("<a>{whole}</a>");
    for (text, whole) in [
        ("<a>+923<b>001234567</b></a>", Some("+923<b>001234567</b>")),
        ("<a><b>+923</b>001234567</a>", Some("<b>+923</b>001234567")),
        ("<a>sana.k<b/>@example.pk</a>", Some("sana.k<b/>@example.pk")),
        ("<a>sana.k<b>@</b>example.pk</a>", Some("sana.k<b>@</b>example.pk")),
        ("<a><!--x-->1<!--y--><b c='>'>2</b> </a>", Some("1<!--y--><b c='>'>2</b>")),
        ("<a>1<b><i>2</i></b></a>", Some("1<b><i>2</i></b>")),
        ("<a>12 <b>34</b></a>", Some("12 <b>34</b>")),
        ("<a>H<b>2</b>O</a>", Some("H<b>2</b>O")),
        (&long, Some(&whole)),
        // Pieces that are values of their own.
        ("<a><b>1</b><c>2</c></a>", None),
        ("<a>x<b><c>1</c><d>2</d></b></a>", Some("x<b><c>1</c><d>2</d></b>")),
        ("<a>one <b>two</b> three</a>", None),
        ("<a>1<b> </b> two</a>", None),
        ("<a><b>1</b></a>", None),
        ("<a>1<b/></a>", None),
    ] {
        let (notes, read) = Notes::of(Format::Xml, text.as_bytes());
        assert_eq!(read, Ok(()), "{text}");
        let told: Vec<_> = notes.iter().filter_map(|line| line.split_once(" pieces ")).collect();
        assert_eq!(told, whole.map(|whole| ("/a/a", whole)).as_slice(), "{text}");
    }
    // Elements in each other are told as often as there is room for.
    let nested = "<a>x".repeat(100) + &"</a>".repeat(100);
    let (notes, read) = Notes::of(Format::Xml, nested.as_bytes());
    assert_eq!(read.map_err(|stop| stop.cause), Err(GapCause::Malformed));
    let told = notes.iter().filter_map(|line| line.split_once(" pieces ")).map(|it| it.1.len());
    assert!(told.sum::<usize>() <= 2 * nested.len());
}

#[test]
fn a_part_of_a_text_in_pieces_goes_with_the_tags_it_needs() {
    for (text, part, expected) in [
        ("12<b>34</b>", "2<b>34", Some("2<b>34</b>")),
        ("12<b>34</b>", "2<b>3", Some("12<b>34</b>")),
        ("12<b>34</b>", "34", None),
        ("12<b>34</b>56", "34</b>5", Some("<b>34</b>5")),
        ("12<b c=\"d\">34</b>56", "34</b>5", Some("12<b c=\"d\">34</b>56")),
        ("12<b>3</b>4<i>5</i>6", "3</b>4<i>5", Some("<b>3</b>4<i>5</i>")),
        ("12<b/>34", "2<b/>3", Some("2<b/>3")),
        ("1<b><i>2</i></b>", "1<b><i>2", Some("1<b><i>2</i></b>")),
        ("1<![CDATA[<b>]]>2", "1<![CDATA[<b>]]>2", Some("1<![CDATA[<b>]]>2")),
    ] {
        let start = text.find(part).unwrap();
        let whole = super::whole(text.as_bytes(), Span::new(start, start + part.len()));
        let whole = whole.map(|whole| whole.of(text.as_bytes()));
        assert_eq!(whole, expected.map(str::as_bytes), "{text} {part}");
    }
}

#[test]
fn cells_of_a_sheet_go_by_the_names_above_them() {
    let row = |cells: &[&str]| {
        let cells: String =
            cells.iter().map(|cell| format!("<Cell><Data>{cell}</Data></Cell>")).collect();
        format!("<Row>{cells}</Row>")
    };
    let told = |rows: &str| {
        let text = format!("<Workbook><Table>{rows}</Table></Workbook>");
        let (notes, read) = Notes::of(Format::Xml, text.as_bytes());
        assert_eq!(read, Ok(()), "{text}");
        let strings = notes.iter().filter_map(|line| line.split_once(" string "));
        strings
            .map(|(path, text)| format!("{}={text}", path.rsplit('/').next().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let names = row(&["id", "phone"]);
    let typed = "<Row><Cell ss:Index=\"2\"><Data ss:Type=\"Number\">03001</Data></Cell></Row>";
    for (rows, expected) in [
        (names.clone() + &row(&["1", "2"]), &["Data=id", "Data=phone", "id=1", "phone=2"][..]),
        (
            row(&["Title"]) + &names + &row(&["1", "2"]),
            &["Data=Title", "Data=id", "Data=phone", "id=1", "phone=2"],
        ),
        (
            names.clone() + typed,
            &["Data=id", "Data=phone", "Index=2", "Type=Number", "phone=03001"],
        ),
        (
            "<Row><Cell/><Cell><Data>phone</Data></Cell></Row>".to_owned() + &row(&["a", "1"]),
            &["Data=phone", "Data=a", "phone=1"],
        ),
        // No row of names.
        (row(&["1", "2"]) + &row(&["1", "2"]), &["Data=1", "Data=2", "Data=1", "Data=2"]),
        (
            row(&["phone", "0300123"]) + &row(&["1", "2"]),
            &["Data=phone", "Data=0300123", "Data=1", "Data=2"],
        ),
    ] {
        assert_eq!(told(&rows), expected, "{rows}");
    }
}
