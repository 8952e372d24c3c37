use super::super::tests::Notes;
use crate::domain::{Format, GapCause, Limits};

#[test]
fn names_and_values_are_told_with_the_tables_around_them() {
    for (text, expected) in [
        (
            "[dob]\nyear = 1996\nmonth=4\n",
            &[" {", "/dob {", "/dob/year number 1996", "/dob/month number 4"][..],
        ),
        ("dob.year = 1996 # x\n", &[" {", "/dob {", "/dob/year number 1996", "/# string  x"]),
        (
            "dob = {year = 1996, at.x = 4}",
            &[" {", "/dob {", "/dob/year number 1996", "/dob/at {", "/dob/at/x number 4"],
        ),
        (
            "a = [1, [\"b\", 'c'], {d = 1}, ]\ne = true",
            &[
                " {",
                "/a [",
                "/a/0 number 1",
                "/a/1 [",
                "/a/1/0 string b",
                "/a/1/1 string c",
                "/a/2 {",
                "/a/2/d number 1",
                "/e bool true",
            ],
        ),
        (
            "[[u]]\nn = 1\n[u.v]\nw = 2\n[[u]]\nn = 3\n[x]\ny = 4\n",
            &[
                " {",
                "/u [",
                "/u/0 {",
                "/u/0/n number 1",
                "/u/0/v {",
                "/u/0/v/w number 2",
                "/u/1 {",
                "/u/1/n number 3",
                "/x {",
                "/x/y number 4",
            ],
        ),
        (
            "[ a . \"b c\" ]\nd = 1\n[a.e]\nf = 2\n",
            &[" {", "/a {", "/a/b c {", "/a/b c/d number 1", "/a/e {", "/a/e/f number 2"],
        ),
        (
            "a = 1979-05-27 07:32:00Z\nb = 1979-05-27\nc = 1_000\nd = inf",
            &[
                " {",
                "/a string 1979-05-27 07:32:00Z",
                "/b string 1979-05-27",
                "/c string 1_000",
                "/d string inf",
            ],
        ),
        (
            "a = \"\"\"\nb\\\n  c\"\"\"\"\nd = '''e'f'''\ng = \"\\U00000040\"",
            &[" {", "/a string b\\\n  c\"", "/d string e'f", "/g string \\U00000040"],
        ),
        ("# a\n", &[" {", "/# string  a"]),
    ] {
        let (lines, read) = Notes::of(Format::Toml, text.as_bytes());
        assert_eq!(read, Ok(()), "{text}");
        assert_eq!(lines, expected, "{text}");
    }
}

#[test]
fn what_is_no_toml_is_a_gap() {
    for text in [
        "a",
        "a = ",
        "a = b c",
        "[a",
        "a = [1",
        "a = [1 2]",
        "a = {b = 1",
        "a = \"b\nc\"",
        "= 1",
        "a = [,]",
        "a: b",
        "a = $b",
    ] {
        let read = Notes::of(Format::Toml, text.as_bytes()).1;
        assert_eq!(read.map_err(|stop| stop.cause), Err(GapCause::Malformed), "{text}");
    }
    let limits = Limits { depth_max: 3, ..Limits::default() };
    for (text, is_read) in
        [("a = [[1]]", true), ("a = [[[1]]]", false), ("[a.b]", true), ("[a.b.c.d]", false)]
    {
        let read = Notes::within(Format::Toml, text.as_bytes(), &limits).1;
        assert_eq!(read.is_ok(), is_read, "{text}: {read:?}");
    }
}
