//! Places in the forms that geodata travels in.

use super::{Bench, check};

#[test]
fn a_geometry_is_a_place_as_a_whole_whatever_it_is_called() {
    check(&[
        (r#"{"location":"SRID=4326;POINT(74.3587 31.5204)"}"#, &["/location precise_location"]),
        (r#"{"x":"POINT(74.3587 31.5204)"}"#, &["/x precise_location"]),
        (
            r#"{"location":"POLYGON((74.3587 31.5204, 74.3588 31.5205, 74.36 31.53, 74.3587 31.5204))"}"#,
            &["/location precise_location"],
        ),
        // An area that nothing says is somebody's, and no pair across its commas.
        (r#"{"x":"POLYGON((74.3587 31.5204, 74.3588 31.5205, 74.3587 31.5204))"}"#, &[]),
        (
            r#"{"route":"LINESTRING(74.3587 31.5204, 74.3588 31.5205)"}"#,
            &["/route precise_location"],
        ),
        (
            r#"{"geom":"0101000020E6100000166A4DF38E965240EC51B81E85833F40"}"#,
            &["/geom precise_location"],
        ),
        (
            r#"{"row":"0101000020E6100000166A4DF38E965240EC51B81E85833F40"}"#,
            &["/row precise_location"],
        ),
        (r#"{"gps":"N24.86073 E67.00114"}"#, &["/gps precise_location"]),
        (r#"{"gps":"24.86073|67.00114"}"#, &["/gps precise_location"]),
        (r#"{"gps":"24860730,67001140"}"#, &["/gps precise_location"]),
        (r#"{"batch":"24860730,67001140"}"#, &[]),
    ]);
}

#[test]
fn hemispheres_stand_before_degrees_or_behind() {
    let mut bench = Bench::new();
    for (text, expected) in [
        ("met at N 24° 51.643' E 67° 0.068'. Then", "N 24° 51.643' E 67° 0.068'"),
        ("met at 24°51'38\"N 67°00'04\"E. Then", "24°51'38\"N 67°00'04\"E"),
        ("from POINT(74.3587 31.5204) to there", "POINT(74.3587 31.5204)"),
    ] {
        assert_eq!(bench.prose(text), [format!("precise_location={expected}")], "{text}");
    }
}

#[test]
fn words_around_a_name_leave_it_what_it_is() {
    check(&[
        (r#"{"customer_pin":"4821"}"#, &["/customer_pin password"]),
        (r#"{"user_fingerprint":"b1946ac92492d2347c6235b4d2611184"}"#, &["/user_fingerprint ecv"]),
        (r#"{"cust_tac":"41873"}"#, &["/cust_tac lac"]),
        (r#"{"user_zila":"Lahore"}"#, &["/user_zila district"]),
        (r#"{"receiver_lso_id":"88123"}"#, &["/receiver_lso_id cookie_id"]),
        (r#"{"otp":"123"}"#, &["/otp otp"]),
        (r#"{"errors":{"password":["is too short (minimum is 8 characters)"]}}"#, &[]),
    ]);
}
