use super::super::{Stop, tests::Notes};
use crate::domain::{Format, GapCause, Limits};

#[test]
fn cells_come_by_record_and_column() {
    for (text, lines) in [
        ("", &[" ["][..]),
        ("a", &[" [", "/0 [", "/0/0 string a"]),
        (
            "a,b\r\n1,2\r\n",
            &[
                " [",
                "/0 [",
                "/0/0 string a",
                "/0/1 string b",
                "/1 {",
                "/1/a string 1",
                "/1/b string 2",
            ],
        ),
        ("\u{feff}a\n\n1\n", &[" [", "/0 [", "/0/0 string a", "/1 {", "/1/a string 1"]),
        (
            "c10000,b\n1,2",
            &[
                " [",
                "/0 [",
                "/0/0 string c10000",
                "/0/1 string b",
                "/1 {",
                "/1/c10000 string 1",
                "/1/b string 2",
            ],
        ),
        // What spreadsheets read before a table.
        (
            "sep=;\r\na;b\r\n1;2\r\n",
            &[
                " [",
                "/0 [",
                "/0/0 string a",
                "/0/1 string b",
                "/1 {",
                "/1/a string 1",
                "/1/b string 2",
            ],
        ),
        // Quotes.
        (
            "\"a\",\"b,c\"\n\"x \"\"y\"\"\",\"1\n2\"\n",
            &[
                " [",
                "/0 [",
                "/0/0 string a",
                "/0/1 string b,c",
                "/1 {",
                "/1/a string x \"\"y\"\"",
                "/1/b,c string 1\n2",
            ],
        ),
        ("a\n\"\"", &[" [", "/0 [", "/0/0 string a", "/1 {", "/1/a string "]),
        ("a\nx\"y\"", &[" [", "/0 [", "/0/0 string a", "/1 {", "/1/a string x\"y\""]),
        // Records of different lengths.
        (
            "a,b\n1\n1,2,3",
            &[
                " [",
                "/0 [",
                "/0/0 string a",
                "/0/1 string b",
                "/1 {",
                "/1/a string 1",
                "/2 {",
                "/2/a string 1",
                "/2/b string 2",
                "/2/2 string 3",
            ],
        ),
        (
            "a,\n,",
            &[" [", "/0 [", "/0/0 string a", "/0/1 string ", "/1 {", "/1/a string ", "/1/ string "],
        ),
        // Other delimiters.
        (
            "a\tb,c\td\n1\t2\t3",
            &[
                " [",
                "/0 [",
                "/0/0 string a",
                "/0/1 string b,c",
                "/0/2 string d",
                "/1 {",
                "/1/a string 1",
                "/1/b,c string 2",
                "/1/d string 3",
            ],
        ),
        (
            "a;b\n1,5;2",
            &[
                " [",
                "/0 [",
                "/0/0 string a",
                "/0/1 string b",
                "/1 {",
                "/1/a string 1,5",
                "/1/b string 2",
            ],
        ),
        (
            "\"a;b;c\",d\n1,2",
            &[
                " [",
                "/0 [",
                "/0/0 string a;b;c",
                "/0/1 string d",
                "/1 {",
                "/1/a;b;c string 1",
                "/1/d string 2",
            ],
        ),
        // No header.
        (
            "mei@example.com,2\n3,4",
            &[
                " [",
                "/0 [",
                "/0/0 string mei@example.com",
                "/0/1 string 2",
                "/1 [",
                "/1/0 string 3",
                "/1/1 string 4",
            ],
        ),
        (
            "490154203237518\n4",
            &[" [", "/0 [", "/0/0 string 490154203237518", "/1 [", "/1/0 string 4"],
        ),
        (
            "country,2025\nSG,1",
            &[
                " [",
                "/0 [",
                "/0/0 string country",
                "/0/1 string 2025",
                "/1 {",
                "/1/country string SG",
                "/1/2025 string 1",
            ],
        ),
    ] {
        let (notes, read) = Notes::of(Format::Csv, text.as_bytes());
        assert_eq!(read, Ok(()), "{text:?}");
        assert_eq!(notes, lines, "{text:?}");
    }
}

#[test]
fn broken_quotes_end_the_reading() {
    for (text, offset) in [("\"a", 2), ("a\n\"b\"c", 5), ("\"a\" ,b", 3), ("\"a\"\"", 4)] {
        let stop = Stop { cause: GapCause::Malformed, offset };
        assert_eq!(Notes::of(Format::Csv, text.as_bytes()).1, Err(stop), "{text}");
    }
    let (notes, read) = Notes::of(Format::Csv, b"a\n\xff\nb");
    assert_eq!(notes.len(), 7);
    assert_eq!(read, Err(Stop { cause: GapCause::InvalidUtf8, offset: 2 }));
    let limits = Limits { fields_max: 5, ..Limits::default() };
    let (notes, read) = Notes::within(Format::Csv, b"a\n1\n2", &limits);
    assert_eq!(notes, [" [", "/0 [", "/0/0 string a", "/1 {", "/1/a string 1"]);
    assert_eq!(read, Err(Stop { cause: GapCause::TooManyFields, offset: 4 }));
}

#[test]
fn a_long_heading_is_told_once() {
    let text = format!("{}\n1\n", "a".repeat(300));
    let (notes, read) = Notes::of(Format::Csv, text.as_bytes());
    assert_eq!(read, Ok(()));
    assert_eq!(notes[3..], ["/1 {", "/1/0 string 1"]);
}

#[test]
fn a_table_without_a_header_has_none_and_tabs_need_no_quotes() {
    for (format, text, lines) in [
        (
            Format::CsvData,
            "name,city\nMei,Pune\n",
            &[
                " [",
                "/0 [",
                "/0/0 string name",
                "/0/1 string city",
                "/1 [",
                "/1/0 string Mei",
                "/1/1 string Pune",
            ][..],
        ),
        (
            Format::Tsv,
            "a,b\tc\n1\t5\" disk\n\"2\" x\t\"3\t4\"\n\"5\t6\n",
            &[
                " [",
                "/0 [",
                "/0/0 string a,b",
                "/0/1 string c",
                "/1 {",
                "/1/a,b string 1",
                "/1/c string 5\" disk",
                "/2 {",
                "/2/a,b string \"2\" x",
                "/2/c string 3\t4",
                "/3 {",
                "/3/a,b string \"5",
                "/3/c string 6",
            ],
        ),
    ] {
        let (notes, read) = Notes::of(format, text.as_bytes());
        assert_eq!(read, Ok(()));
        assert_eq!(notes, lines, "{text:?}");
    }
}

#[test]
fn titles_and_comments_before_the_names_and_tables_below_others() {
    for (text, named) in [
        ("Members of March\r\nid,birthday\r\n7,x\r\n", &["/2/id 7", "/2/birthday x"][..]),
        ("# made by us\nid;birthday;a\n7;1,5;y\n", &["/2/id 7", "/2/birthday 1,5", "/2/a y"]),
        ("report,2026\r\n\r\nid,birthday\r\n7,x", &["/2/id 7", "/2/birthday x"]),
        ("Title,,\n,,\nid,birthday,a\n7,x,y", &["/3/id 7", "/3/birthday x", "/3/a y"]),
        ("2026-11-30,Ali\nid,birthday\n7,x", &["/2/id 7", "/2/birthday x"]),
        // One cell of a heading that looks like data makes it none no longer.
        ("birthday,religion,2026-11\nx,y,1", &["/1/birthday x", "/1/religion y", "/1/2026-11 1"]),
        ("birthday,a@b\nx,y", &["/1/birthday x", "/1/a@b y"]),
        // Names of groups of columns, as spreadsheets join cells; and a blank above the names of rows is none.
        ("User,,\nid,birthday,a\n7,x,y", &["/2/id 7", "/2/birthday x", "/2/a y"]),
        (",birthday\nreligion,x", &["/1/birthday x"]),
        // The names of rows, above which R writes nothing: numbers in their order, or in quotes.
        (
            "birthday,a\n0,x,y\n1,z,w\n7,v",
            &["/1/birthday x", "/1/a y", "/2/birthday z", "/2/a w", "/3/birthday 7"],
        ),
        ("birthday,a\n1,x,y\n", &["/1/birthday x", "/1/a y"]),
        ("\"birthday\"\n\"Mei\",\"x\"\n\"Ali\",\"y\"\n", &["/1/birthday x", "/2/birthday y"]),
        ("birthday,a\n7,x,y\n9,z,w", &["/1/birthday 7", "/1/a x", "/2/birthday 9"]),
        ("birthday,a\n1,x,\n2,y,", &["/1/birthday 1", "/2/birthday 2"]),
        ("birthday,a\n1,x\n2,y,z", &["/1/birthday 1", "/2/birthday 2", "/2/a y"]),
        // Another table, and what its heading has of the one before.
        (
            "id,phone\n7,1\n\nbirthday,religion\nx,y",
            &["/1/id 7", "/1/phone 1", "/3/birthday x", "/3/religion y"],
        ),
        (
            "a,phone\n7,1\nbirthday,religion,Sana\nx,y,z",
            &["/1/a 7", "/1/phone 1", "/3/birthday x", "/3/religion y", "/3/Sana z"],
        ),
        (
            "a,phone\n7,1\n\nreligion,Sana\nx,y",
            &["/1/a 7", "/1/phone 1", "/2/phone Sana", "/3/a x", "/3/phone y"],
        ),
        // Words are no names for standing in a row.
        (
            "phone,a,b\nMei,Pune\nx,y,z",
            &["/1/phone Mei", "/1/a Pune", "/2/phone x", "/2/a y", "/2/b z"],
        ),
        (
            "phone,a\nbirthday,religion\nx,y",
            &["/1/phone birthday", "/1/a religion", "/2/phone x", "/2/a y"],
        ),
        ("Mei,a@b,x\ny,z,w", &[]),
    ] {
        let (notes, read) = Notes::of(Format::Csv, text.as_bytes());
        assert_eq!(read, Ok(()), "{text:?}");
        let is_named = |line: &String| {
            let name = line.split([' ', '/']).nth(2);
            name.is_some_and(|name| !name.is_empty() && !name.bytes().all(|it| it.is_ascii_digit()))
        };
        let found: Vec<String> = notes
            .into_iter()
            .filter(|line| line.contains(" string "))
            .filter(is_named)
            .map(|line| line.replace(" string", ""))
            .collect();
        let rows: Vec<&str> = found.iter().map(String::as_str).collect();
        assert!(named.iter().all(|line| rows.contains(line)), "{text:?}: {rows:?}");
    }
    // Whatever the sender says, a first record of names is read as one; and a record may be a name and its value.
    for (format, text, named) in [
        (Format::CsvData, "religion,birthday\nx,1996-04-12\n", "/1/birthday string 1996-04-12"),
        (Format::Csv, "birthday,1996-04-12\n", "/0/birthday string 1996-04-12"),
        (Format::Csv, "birthday,1996-04-12\nreligion,x\nnote,y", "/1/religion string x"),
        (Format::CsvData, "birthday,1996-04-12\nreligion,x", "/1/religion string x"),
    ] {
        let (notes, read) = Notes::of(format, text.as_bytes());
        assert_eq!(read, Ok(()), "{text:?}");
        assert!(notes.iter().any(|line| line == named), "{text:?}: {notes:?}");
    }
    let (notes, _) = Notes::of(Format::CsvData, b"Title\nid,birthday\n7,x");
    assert!(notes.iter().all(|line| !line.contains("/birthday")), "{notes:?}");
}
