use super::super::tests::Notes;
use crate::domain::{Format, GapCause, Limits};

fn lines(text: &str) -> Vec<String> {
    let (lines, read) = Notes::of(Format::Yaml, text.as_bytes());
    assert_eq!(read, Ok(()), "{text}: {lines:?}");
    lines
}

/// The examples are of YAML 1.2.2, §2 and the section named, unless they say something of people.
#[test]
fn names_and_values_are_told_with_what_is_around_them() {
    for (text, expected) in [
        (
            "dob:\n  year: 1996\n  month: 4\n",
            &[" {", "/dob {", "/dob/year number 1996", "/dob/month number 4"][..],
        ),
        (
            "dob: {year: 1996, \"month\":4}",
            &[" {", "/dob {", "/dob/year number 1996", "/dob/month number 4"],
        ),
        ("a:\n- x\n- y\nb: z\n", &[" {", "/a [", "/a/0 string x", "/a/1 string y", "/b string z"]),
        (
            "a:\n  - x\n  -\n    y\nb:\nc: ~",
            &[" {", "/a [", "/a/0 string x", "/a/1 string y", "/b null ", "/c null ~"],
        ),
        (
            "- a: 1\n  b: 2\n- c: 3\n",
            &[" [", "/0 {", "/0/a number 1", "/0/b number 2", "/1 {", "/1/c number 3"],
        ),
        (
            "- - a\n  - b\n- [c, [d]]\n",
            &[
                " [",
                "/0 [",
                "/0/0 string a",
                "/0/1 string b",
                "/1 [",
                "/1/0 string c",
                "/1/1 [",
                "/1/1/0 string d",
            ],
        ),
        ("? a b\n: c\n? d\n", &[" {", "/a b string c", "/d null "]),
        (
            "a: b c # d\n# e\nf: g#h",
            &[" {", "/a string b c", "/# string  d", "/# string  e", "/f string g#h"],
        ),
        ("a: b\n  c\n\n  d\ne: 1", &[" {", "/a string b\n  c\n\n  d", "/e number 1"]),
        (
            "a: |\n  b\n   c\n\n  d\n\ne: >-\n\n  f\n  g\n",
            &[" {", "/a string b\n   c\n\n  d", "/e string f\n  g"],
        ),
        ("a: |2\n   b\nc: d", &[" {", "/a string  b", "/c string d"]),
        (
            "a: 'it''s'\n\"b\\x40\": \"c\\\"\\\n  d\"\n",
            &[" {", "/a string it''s", "/b\\x40 string c\\\"\\\n  d"],
        ),
        ("--- !!map &a\nb: &c !d e\nf: *c\n<<: *a\n...\n", &[" {", "/b string e"]),
        ("a: 1\n---\n- b\n", &[" [", "/0 {", "/0/a number 1", "/1 [", "/1/0 string b"]),
        ("%YAML 1.2\n---\na\n", &[" [", "/% string YAML 1.2", "/0 string a"]),
        (
            "[a: b, \"c\":d, {e, f: }, ]",
            &[
                " [",
                "/0 {",
                "/0/a string b",
                "/1 {",
                "/1/c string d",
                "/2 {",
                "/2/e null ",
                "/2/f null ",
            ],
        ),
        (
            "{a: b\n  c, # d\n e: http://f/?g#h}",
            &[" {", "/a string b\n  c", "/# string  d", "/e string http://f/?g#h"],
        ),
        (
            "a: true\nb: yes\nc: +92\nd: 007\ne: -1.5e3\nf: 1996-04-12\n",
            &[
                " {",
                "/a bool true",
                "/b string yes",
                "/c string +92",
                "/d string 007",
                "/e number -1.5e3",
                "/f string 1996-04-12",
            ],
        ),
        ("hello\nworld", &[" string hello\nworld"]),
        ("\u{feff}a:\r\n  b: c\r\nd: e\r\n", &[" {", "/a {", "/a/b string c", "/d string e"]),
        (
            "a: -1\nb: ?x\nc: :y\n-z: 1\n",
            &[" {", "/a number -1", "/b string ?x", "/c string :y", "/-z number 1"],
        ),
        ("", &[]),
    ] {
        assert_eq!(lines(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_followed_is_a_gap_behind_everything_else() {
    for (text, cause) in [
        ("d: &d 1996-04-12\nphone: *d\na: sana", GapCause::UnknownContentEncoding),
        ("a: !!binary c2FuYQ==", GapCause::UnknownContentEncoding),
        ("a: &sana.k@example.pk b", GapCause::UnknownContentEncoding),
        ("a: b: c", GapCause::Malformed),
        ("a: b\n c: d", GapCause::Malformed),
        ("a:\n\tb: c", GapCause::Malformed),
        ("? [a]\n: b", GapCause::Malformed),
        ("a: [b", GapCause::Malformed),
        ("a: [b}", GapCause::Malformed),
        ("a: 'b", GapCause::Malformed),
        ("a: \"b\" c", GapCause::Malformed),
        ("a: b\nc", GapCause::Malformed),
        ("a: @b", GapCause::Malformed),
        ("a: [,]", GapCause::Malformed),
        ("{{ .Values.a }}", GapCause::Malformed),
    ] {
        let (_, read) = Notes::of(Format::Yaml, text.as_bytes());
        assert_eq!(read.map_err(|stop| stop.cause), Err(cause), "{text}");
    }
    // An alias under any other name hides nothing.
    lines("d: &d 1996-04-12\nx: *d\nlist: [*d, *d]\n");
    let (notes, read) = Notes::of(Format::Yaml, b"a: b\nc: \xff\n");
    assert_eq!(read.map_err(|stop| stop.cause), Err(GapCause::InvalidUtf8));
    assert_eq!(notes[..2], [" {", "/a string b"]);
}

#[test]
fn levels_have_a_limit() {
    let limits = Limits { depth_max: 3, ..Limits::default() };
    for (text, is_read) in [
        ("a:\n b:\n  c: 1", true),
        ("a:\n b:\n  c:\n   d: 1", false),
        ("[[[a]]]", true),
        ("[[[[a]]]]", false),
        ("- - - - a", false),
    ] {
        let read = Notes::within(Format::Yaml, text.as_bytes(), &limits).1;
        assert_eq!(read.is_ok(), is_read, "{text}: {read:?}");
    }
}
