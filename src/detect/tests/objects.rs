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

/// What an object has besides, which is of it and none of its values.
#[test]
fn what_is_said_of_a_value_is_not_the_value() {
    let mut bench = Bench::new();
    for (json, expected) in [
        (
            r#"{"dob":{"lastupdated":"2024-01-26","classification":"C","value":"1991-12-04"}}"#,
            &["/dob/value date_of_birth"][..],
        ),
        // A description is, of what stands before it in a code.
        (
            r#"{"race":{"classification":"C","source":"1","code":"CN","desc":"CHINESE"}}"#,
            &["/race/code ethnicity", "/race/desc ethnicity"],
        ),
        (
            r#"[{"sex":{"code":"F","desc":"FEMALE"}},{"sex":{"code":"F","desc":"FEMALE"}}]"#,
            &[
                "/0/sex/code gender",
                "/0/sex/desc gender",
                "/1/sex/code gender",
                "/1/sex/desc gender",
            ],
        ),
        (r#"{"race":{"type":"string","desc":"CHINESE"}}"#, &[]),
        (
            r#"{"device_id":{"oui":"202BC1","product_class":"BM632w"}}"#,
            &["/device_id/product_class device_model"],
        ),
        // A document is about many things, and a list of rights about none.
        (r#"{"invoice":{"line":{"quantity":{"unit_code":"C62","amount":"14"}}}}"#, &[]),
        (r#"{"authorization_info":[{"resource_attributes":{"name":"projects/x"}}]}"#, &[]),
        // An address of an interface is no name.
        (
            r#"{"paths":{"/user/{username}":{"get":{"operationId":"getUserByName","tags":["user"]}}}}"#,
            &[],
        ),
        // So far inside something else is told.
        (r#"{"religion":{"a":{"b":{"c":"Islam"}}}}"#, &["/religion/a/b/c religion"]),
        (r#"{"religion":{"a":{"b":{"c":{"d":"Islam"}}}}}"#, &[]),
        (
            r#"{"cookies":[{"name":"TestCookie","value":"s3cr3tvalue99"}]}"#,
            &["/cookies/0/value cookie_id"],
        ),
        (r#"{"cookies":{"sid_x":"s3cr3tvalue99"}}"#, &["/cookies/sid_x cookie_id"]),
        // A country where goods come from.
        (
            r#"{"origin_trade_country":{"id":"FR"},"origin_country":"CN","country":"PK"}"#,
            &["/country country@PK"],
        ),
        (r#"{"organization":{"login":"octo","avatar_url":"https://x.io/u/1"}}"#, &[]),
        // A company in an address.
        (
            r#"{"billing_address":{"address1":"House 12, Street 4","company":"Demo Company"}}"#,
            &["/billing_address/address1 address"],
        ),
    ] {
        let found = bench.scan(json);
        assert_eq!(found, expected, "{json}");
    }
}

/// What stands where a value will be.
#[test]
fn examples_and_templates_are_nobodys() {
    let mut bench = Bench::new();
    for (json, expected) in [
        (r#"{"street":"{{initiator_street}}","city":"{{ tx.town }}"}"#, &[][..]),
        (r#"{"device_id":"G030PMXXXXXXXXXX","invoice":"in_000000000000000000000000"}"#, &[]),
        (r#"{"device_id":"G030PM1234567890"}"#, &["/device_id device_id"]),
        (r#"{"vin":"27.6"}"#, &[]),
        (r#"{"vin":"WVWZZZ1JZXW000001"}"#, &["/vin vehicle_registration"]),
        (r#"{"user_pseudo_id":"3ED7B13473F22308"}"#, &["/user_pseudo_id cookie_id"]),
        (r#"{"debtor_name":"Selangor Palm Products Sdn Bhd"}"#, &[]),
        (r#"{"text":"BGM+080+++19950402++567802041993+19930402"}"#, &[]),
    ] {
        let found = bench.scan(json);
        assert_eq!(found, expected, "{json}");
    }
}
