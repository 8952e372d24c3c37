//! Names, columns and lines are read in whatever order they come, up to where reading ends.

use super::*;

#[test]
fn what_stands_where_reading_ended_is_found_and_still_counts_as_unread() {
    let engine = shipped();
    for (content_type, body, expected) in [
        ("application/json", r#"{"a": 1, /* x */ "email": "sana.k@example.pk"}"#, &["email"][..]),
        ("application/json", "{\"a\": 1}\n{\"imei\": \"867619040000019\"}", &["imei"]),
        ("application/json", ")]}',\n{\"email\": \"sana.k@example.pk\"}", &["email"]),
        ("application/json", "/* all */ {\"imei\": \"867619040000019\"}", &["imei"]),
        ("application/xml", "<a><email>sana.k@example.pk</email><b></a>", &["email"]),
        ("multipart/form-data; boundary=b", "before\r\n--b\r\n\r\nsana.k@example.pk", &["email"]),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"imei\"\r\n\r\n867619040000019\r\n",
            &["imei"],
        ),
        ("application/json", "\u{1}\u{2} sana.k@example.pk", &[]),
        (
            "application/x-ndjson",
            "{\"imei\":\"867619040000019\"}\n{\"imei\":\n{\"email\":\"sana.k@example.pk\"}\n",
            &["imei", "email"],
        ),
    ] {
        assert_eq!(found_unread(&engine, content_type, body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn a_value_may_stand_before_its_name() {
    let engine = shipped();
    for body in [
        r#"[{"value": "1993-09-28", "key": "dob"}]"#,
        r#"{"fields": [{"val": "1993-09-28", "field": {}, "name": "date_of_birth"}]}"#,
        r#"{"items": [{"v": "x", "k": "sku"}, {"v": "1993-09-28", "k": "birthday"}]}"#,
    ] {
        let headers = headers("application/json", "");
        let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
        assert_eq!(short_names(&engine, &verdict), ["date_of_birth"], "{body}");
    }
}

#[test]
fn two_halves_of_a_name_are_found_in_either_order() {
    let engine = shipped();
    for person in ["author", "user", "owner", "x"] {
        for halves in [
            r#""given": "Sana", "family": "Khan""#,
            r#""family": "Khan", "given": "Sana""#,
            r#""ad": "Ayşe", "soyad": "Yılmaz""#,
            r#""soyad": "Yılmaz", "ad": "Ayşe""#,
        ] {
            let body = format!(r#"{{"{person}": {{{halves}, "affiliation": []}}}}"#);
            let headers = headers("application/json", "");
            let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
            let mut names = short_names(&engine, &verdict);
            names.sort();
            assert_eq!(names, ["first_name", "last_name"], "{body}");
        }
    }
}

/// What stands beside a cell says what it is, on whichever side: rows of a table as members of an object.
#[test]
fn columns_are_read_by_each_other_in_any_order() {
    let engine = shipped();
    let found = |content_type: &str, body: &str| {
        let headers = headers(content_type, "");
        short_names(&engine, &inspect(&engine, &message(&headers, body.as_bytes()), ""))
    };
    for (names, values, expected) in [
        (["name", "sku", "price"], ["Sana Khan", "band-7", "12.50"], &[][..]),
        (["sku", "price", "name"], ["band-7", "12.50", "Sana Khan"], &[]),
        (["code", "family", "language"], ["ab", "Caucasian", "Abkhaz"], &["language"]),
        (
            ["name", "city", "birthday"],
            ["Sana Khan", "Lahore", "1996-04-12"],
            &["city", "date_of_birth", "name"],
        ),
        (
            ["birthday", "name", "city"],
            ["1996-04-12", "Sana Khan", "Lahore"],
            &["city", "date_of_birth", "name"],
        ),
    ] {
        let rows =
            [names.join(","), values.join(","), values.join(","), values.join(",")].join("\n");
        let mut thrice: Vec<&str> = expected.iter().flat_map(|tag| [*tag; 3]).collect();
        thrice.sort_unstable();
        let mut of_rows = found("text/csv", &rows);
        of_rows.sort_unstable();
        assert_eq!(of_rows, thrice, "{rows}");
        let pairs = names.iter().zip(values).map(|(name, value)| (*name, value.into()));
        let object = serde_json::Value::Object(
            pairs.map(|(n, v): (&str, serde_json::Value)| (n.into(), v)).collect(),
        );
        let mut of_object = found("application/json", &object.to_string());
        of_object.sort_unstable();
        assert_eq!(of_object, expected, "{object}");
    }
}

#[test]
fn a_log_is_read_behind_any_number_of_lines_that_were_cut_off() {
    let engine = shipped();
    let line = r#"2026 req {"seq":1,"items":[{"a":1,"b":[1,2"#.to_owned() + "\n";
    let person = r#"2026 body {"customer":{"email":"sana.k@example.pk","religion":"Islam"}}"#;
    let body = line.repeat(24) + person;
    let verdict = inspect(&engine, &message(&headers("text/plain", ""), body.as_bytes()), "");
    assert_eq!(redacted_pointers(&verdict), ["/customer/email", "/customer/religion"]);
    assert_eq!(verdict.coverage, Coverage::Full);
    // Objects in each other without an end are given up, and that is told.
    let body = r#"x {"a":"#.repeat(50_000) + person;
    let body = body.replace("x {", "{");
    let verdict = inspect(&engine, &message(&headers("text/plain", ""), body.as_bytes()), "");
    assert_eq!(verdict.coverage, Coverage::Partial);
}

/// A form that is well-formed XML besides.
#[test]
fn fields_of_a_form_are_read_by_their_names() {
    let engine = shipped();
    for form in [
        "<form action=\"/a\"><textarea name=\"diagnosis\">HIV positive</textarea></form>",
        "<section><form><select name=\"religion\"><option>None</option><option value=\"islam\" selected=\"selected\">Islam</option></select></form></section>",
    ] {
        for (content_type, body) in [
            ("", form.to_owned()),
            ("text/html", form.to_owned()),
            ("application/json", serde_json::json!({ "page": form }).to_string()),
        ] {
            let headers = headers(content_type, "");
            let verdict = inspect(&engine, &message(&headers, body.as_bytes()), "");
            assert!(!verdict.findings.items.is_empty(), "{content_type} {form}");
        }
    }
}
