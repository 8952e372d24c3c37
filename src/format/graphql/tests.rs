use super::{super::tests::Notes, *};
use crate::domain::Format;

#[test]
fn literals_come_by_the_names_of_their_arguments() {
    for (text, lines) in [
        ("{ me { id } }", &[" {"][..]),
        (
            r#"mutation { register(email: "mei@example.com", age: 41, vip: true) { id } }"#,
            &[
                " {",
                "/register {",
                "/register/email string mei@example.com",
                "/register/age number 41",
            ],
        ),
        (
            r#"query Find($phone: String = "+6591234567", $id: ID!) { user(phone: $phone) { name } }"#,
            &[" {", "/Find {", "/Find/phone string +6591234567", "/user {"],
        ),
        (
            "mutation { add(to: {name: \"Mei\", tags: [\"a\", 1.5e3, {x: -2}]}) { ok } }",
            &[
                " {",
                "/add {",
                "/add/to {",
                "/add/to/name string Mei",
                "/add/to/tags [",
                "/add/to/tags/0 string a",
                "/add/to/tags/1 number 1.5e3",
                "/add/to/tags/2 {",
                "/add/to/tags/2/x number -2",
            ],
        ),
        (
            "# mei@example.com\n{ a(note: \"\"\"one \"two\" \\\"\"\" three\"\"\") }",
            &[
                " {",
                "/0 string  mei@example.com",
                "/a {",
                "/a/note string one \"two\" \\\"\"\" three",
            ],
        ),
        (
            r#"query ($f: [Filter!]! = [{email: "a@b.c"}]) @cached(ttl: 60) { x: users(by: E12345, sort: ASC) }"#,
            &[
                " {",
                "/query {",
                "/query/f [",
                "/query/f/0 {",
                "/query/f/0/email string a@b.c",
                "/cached {",
                "/cached/ttl number 60",
                "/users {",
                "/users/by string E12345",
                "/users/sort string ASC",
            ],
        ),
        (r#"{ a(u: "\u0041\u{1F600}\t") }"#, &[" {", "/a {", r"/a/u string \u0041\u{1F600}\t"]),
        ("fragment F on User { name ...G @include(if: true) }", &[" {", "/include {"]),
    ] {
        let (notes, read) = Notes::of(Format::GraphQl, text.as_bytes());
        let lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        assert_eq!((notes, read), (lines, Ok(())), "{text}");
    }
}

#[test]
fn what_is_no_document_ends_the_reading() {
    for (text, offset) in [
        ("", 0),
        ("hello", 5),
        ("{ a", 3),
        ("{ a(b: 1] }", 8),
        ("{ a } }", 6),
        ("{ a(b: \"x) }", 12),
        ("{ a(b: \"x\ny\") }", 9),
        ("{ a(b: \"\"\"x\"\") }", 16),
        ("{ a(b: 5px) }", 8),
        ("{ a(b: 'x') }", 7),
        ("{ a(b: $) }", 8),
    ] {
        let (_, read) = Notes::of(Format::GraphQl, text.as_bytes());
        assert_eq!(read, Err(Stop::malformed(offset)), "{text}");
    }
    let limits = Limits { depth_max: 3, ..Limits::default() };
    let (_, read) = Notes::within(Format::GraphQl, b"{ a { b { c { d } } } }", &limits);
    assert_eq!(read, Err(Stop { cause: GapCause::TooDeep, offset: 12 }));
}
