//! What an object is whose name says what its members are.

use super::{Bench, check};

#[test]
fn what_a_name_says_is_said_of_the_members_below_it() {
    let mut bench = Bench::new();
    for (json, expected) in [
        (
            r#"{"diagnosis":{"code":"J45","name":"asthma"}}"#,
            &["/diagnosis/code health", "/diagnosis/name health"][..],
        ),
        (r#"{"religion":{"left":"Islam"}}"#, &["/religion/left religion"]),
        (
            r#"{"iris_template":{"left":"bGVmdCBpcmlzIHRlbXBsYXRl","right":"cmlnaHQgaXJpcyB0ZW1wbGF0"}}"#,
            &["/iris_template/left retinal", "/iris_template/right retinal"],
        ),
        (r#"{"imsi":{"sim1":"410011149257423"}}"#, &["/imsi/sim1 imsi@PK"]),
        (
            r#"{"passport_no":{"country":"PK","code":"AB1234567"}}"#,
            &["/passport_no/code passport", "/passport_no/country country@PK"],
        ),
        // Of what is said about a value nothing is the value.
        (r#"{"religion":{"type":"string","enum":["Islam"],"maxLength":9}}"#, &[]),
        (r#"{"passport":{"strategy":"oauth2"}}"#, &[]),
        // What anybody's may be is nobody's.
        (r#"{"performance":{"seat_category":338937235}}"#, &[]),
        // An account is not all that is said of its user, nor a picture the query of its address.
        (r#"{"user":{"plan_code":"7716412"}}"#, &[]),
        (
            r#"{"avatar_url":"https://cdn.example/a.png?d=https%3A%2F%2Fcdn.example%2Fb.png"}"#,
            &["/avatar_url self_image"],
        ),
        (
            r#"{"photo":{"GPSLatitude":"24.8607"}}"#,
            &["/photo photo{}", "/photo/GPSLatitude exif_location"],
        ),
    ] {
        let found = bench.scan(json);
        assert_eq!(found, expected, "{json}");
    }
}

#[test]
fn what_is_told_of_a_value_is_told_of_its_change_and_of_its_answer() {
    check(&[
        (
            r#"{"changes":[{"field":"diagnosis","from":"none yet","to":"asthma"}]}"#,
            &["/changes/0/from health", "/changes/0/to health"],
        ),
        (r#"{"field":"religion","to":"catholic"}"#, &["/to religion"]),
        (r#"{"question":"What is your religion?","value":"catholic"}"#, &["/value religion"]),
        (r#"{"question":"What is your favourite?","value":"catholic"}"#, &[]),
        (r#"{"key":"city","long":-98.8512}"#, &["/long precise_location"]),
        (r#"{"kind":"sms","to":"catholic"}"#, &[]),
        (r#"{"ns2:religion":"catholic"}"#, &["/ns2:religion religion"]),
        (r#"{"scripts":{"test:browser":"karma start --single-run"}}"#, &[]),
    ]);
}
