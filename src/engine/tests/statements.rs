//! Members whose names stand in a statement beside them.

use super::*;

#[test]
fn a_statement_says_what_its_placeholders_stand_for() {
    let engine = shipped();
    let mut wrong = Vec::new();
    for (body, expected) in [
        (
            r#"{"UpdateExpression":"SET dob = :d","ExpressionAttributeValues":{":d":{"S":"1996-04-12"}}}"#,
            &["/ExpressionAttributeValues/:d/S"][..],
        ),
        // Values may stand before it as well.
        (
            r#"{"ExpressionAttributeValues":{":d":{"S":"1996-04-12"}},"UpdateExpression":"SET dob = :d"}"#,
            &["/ExpressionAttributeValues/:d/S"],
        ),
        (r#"{"params":[7,"1996-04-12"],"sql":"UPDATE u SET n=$1, dob=$2"}"#, &["/params/1"]),
        (
            r#"{"sql":"INSERT INTO u(code,dob) VALUES(?,?)","params":[["x","1996-04-12"],["y","1997-04-12"]]}"#,
            &["/params/0/1", "/params/1/1"],
        ),
        (
            r#"{"query":"mutation($d:Date){a(dob:$d){id}}","variables":{"d":"1996-04-12"}}"#,
            &["/variables/d"],
        ),
        (
            r#"{"sql":"… WHERE dob=:d","parameters":[{"name":"d","value":{"stringValue":"1996-04-12"}}]}"#,
            &["/parameters/0/value/stringValue"],
        ),
        (
            r#"{"query":"… WHERE dob=@d","queryParameters":[{"name":"d","parameterValue":{"value":"1996-04-12"}}]}"#,
            &["/queryParameters/0/parameterValue/value"],
        ),
        // It says nothing of what stands outside its object, or of another name.
        (
            r#"[{"d":"1996-04-11"},{"sql":"dob=:d","params":{"d":"1996-04-12"}},{"d":"1996-04-13"}]"#,
            &["/1/params/d"],
        ),
        (r#"{"d":"1996-04-12"}"#, &[]),
        (r#"{"sql":"SELECT * FROM t WHERE day=:d","params":{"d":"1996-04-12"}}"#, &[]),
        (r#"{"query":"dob?","values":["1996-04-12"]}"#, &[]),
    ] {
        let findings = inspect(&engine, &message(JSON, body.as_bytes()), "").findings;
        let found: Vec<String> =
            findings.items.iter().map(|finding| findings.locator(finding)).collect();
        if found != expected {
            wrong.push(format!("{found:?} in {body}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_statement_of_one_message_says_nothing_of_the_next() {
    let engine = shipped();
    let mut scratch = Scratch::default();
    let mut count = |body: &str| {
        let message = message(JSON, body.as_bytes());
        let verdict = engine.inspect(&message, transfer(""), &Limits::default(), &mut scratch);
        verdict.findings.items.len()
    };
    for _ in 0..3 {
        assert_eq!(count(r#"{"d":"1996-04-12","x":1}"#), 0);
        assert_eq!(count(r#"{"sql":"dob = :d","params":{"d":"1996-04-12"}}"#), 1);
        // What is broken off in the middle as well.
        assert_eq!(count(r#"{"sql":"dob = :d","params":{"d":"1996-04-12","#), 1);
    }
}

#[test]
fn a_long_statement_is_read_whole_or_said_not_to_be() {
    let engine = shipped();
    let row = format!("({})", vec!["?"; 80].join(","));
    let columns = |named: &str| {
        let plain = (0..79).map(|number| format!("c{number}, ")).collect::<String>();
        format!("INSERT INTO u ({plain}{named}) VALUES {row}")
    };
    // No two of them alike, for what is taken out in one place goes from all.
    let date =
        |at: usize| format!("\"{}-{:02}-{:02}\"", 1930 + at / 336, 1 + at / 28 % 12, 1 + at % 28);
    let body = |sql: &str, count: usize| {
        let values: Vec<String> = (0..count).map(date).collect();
        format!(r#"{{"sql":"{sql}","params":[{}]}}"#, values.join(","))
    };
    let many = format!("{}{}", columns("dob"), format!(",{row}").repeat(49));
    let padded = format!("{}/* {} */", columns("dob"), "x".repeat(40_000));
    for (body, findings, gaps) in [
        (body(&columns("dob"), 80), 1, 0),
        (body(&columns("c79"), 80), 0, 0),
        (body(&padded, 80), 1, 0),
        (body(&many, 50 * 80), 50, 0),
        (body(&format!("{many},{row},{row}"), 52 * 80), 51, 1),
    ] {
        let verdict = inspect(&engine, &message(JSON, body.as_bytes()), "");
        assert_eq!(verdict.findings.items.len(), findings, "{}", body.len());
        let causes: Vec<_> = verdict.gaps.iter().map(|gap| gap.cause).collect();
        assert_eq!(causes, vec![GapCause::TooManyFields; gaps], "{}", body.len());
    }
}

#[test]
fn names_of_columns_are_known_however_many_others_came_before() {
    let engine = shipped();
    let mut scratch = Scratch::default();
    let mut found = |body: &str| {
        let message = message(JSON, body.as_bytes());
        let verdict = engine.inspect(&message, transfer(""), &Limits::default(), &mut scratch);
        let findings = &verdict.findings;
        let paths = findings.items.iter().map(|finding| findings.locator(finding));
        (paths.collect::<Vec<_>>(), verdict.gaps.len())
    };
    let others = |from: usize, count: usize| {
        let names: Vec<String> = (from..from + count).map(|at| format!("\"k{at}\":1")).collect();
        format!("{{{}}}", names.join(","))
    };
    let table = r#"{"columns":["code","tareekh e paidaish"],"rows":[["x","1996-04-12"]]}"#;
    let statement = r#"{"sql":"UPDATE u SET janm_tithi = $1","params":["1996-04-13"]}"#;
    // In the same message, and in those that come after it.
    let body = format!("[{},{table},{statement}]", others(0, 9_000));
    let expected =
        |first: usize| vec![format!("/{first}/rows/0/1"), format!("/{}/params/0", first + 1)];
    assert_eq!(found(&body), (expected(1), 0));
    assert_eq!(found(&others(9_000, 9_000)), (Vec::new(), 0));
    assert_eq!(found(&format!("[{table},{statement}]")), (expected(0), 0));
    // Where they are too many by themselves, it says so.
    let heads = |from: usize| {
        let names = (from..from + 3_000).map(|at| format!("\"dob {at}\"")).collect::<Vec<_>>();
        format!(r#"{{"columns":[{}],"rows":[]}}"#, names.join(","))
    };
    let many: Vec<String> = (0..6).map(|at| heads(at * 3_000)).collect();
    let (_, gaps) = found(&format!("[{},{}]", others(0, 9_000), many.join(",")));
    assert_eq!(gaps, 1);
}
