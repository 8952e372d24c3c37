use super::*;

/// A message and what is redacted of it; the kinds of signature that break.
fn broken_by(
    target: &str,
    headers: &[(&str, &str)],
    new_target: Option<&str>,
    edited: &[usize],
    body: bool,
) -> Vec<Kind> {
    let headers: Vec<(&str, &[u8])> =
        headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let message =
        Message { method: "POST", target, headers: &headers, body: b"before", client_region: None };
    let redacted = Redacted {
        target: new_target.map(str::to_owned),
        headers: edited.iter().map(|number| (*number, None)).collect(),
        body: body.then(|| b"after".to_vec()),
        body_is_identity: false,
    };
    broken(&message, &redacted, &["x-acme-seal".into()]).into_iter().map(|it| it.kind).collect()
}

fn body_breaks(headers: &[(&str, &str)]) -> Vec<Kind> {
    broken_by("/", headers, None, &[], true)
}

/// The signature of RFC 9421, appendix B.2, with the components of each of its examples.
#[test]
fn an_http_message_signature_covers_what_it_lists() {
    let signed = |components: &str| {
        let input = format!(
            "sig-b2={components};created=1618884473;keyid=\"test-key-rsa-pss\";tag=\"header-example\""
        );
        let headers = [
            ("host", "example.com"),
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            (
                "content-digest",
                "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
            ),
            ("signature-input", input.as_str()),
            (
                "signature",
                "sig-b2=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:",
            ),
        ];
        let target = "/foo?param=Value&Pet=dog";
        let breaks = |new_target, edited: &[usize], body| {
            !broken_by(target, &headers, new_target, edited, body).is_empty()
        };
        [
            breaks(None, &[], true),
            breaks(Some("/foo?Pet=dog"), &[], false),
            breaks(Some("/redacted?param=Value&Pet=dog"), &[], false),
            breaks(None, &[1], false),
        ]
    };
    for (components, expected) in [
        // B.2.1, B.2.2, B.2.3.
        ("()", [false, false, false, false]),
        (
            r#"("@authority" "content-digest" "@query-param";name="Pet")"#,
            [true, true, false, false],
        ),
        (
            r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length")"#,
            [true, true, true, true],
        ),
        (r#"("@request-target")"#, [false, true, true, false]),
        (r#"("@later")"#, [true, true, true, true]),
        // What cannot be read may cover anything.
        ("(broken", [true, true, true, true]),
    ] {
        assert_eq!(signed(components), expected, "{components}");
    }
}

/// The request of the SigV4 documentation and its kin.
#[test]
fn a_signed_authorization_covers_target_payload_and_listed_headers() {
    let aws = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
        SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
        Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
    let hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let signed = [
        ("authorization", aws),
        ("x-amz-content-sha256", hash),
        ("x-amz-date", "20130524T000000Z"),
    ];
    assert_eq!(body_breaks(&signed), [Kind::Authorization]);
    let unsigned =
        [("authorization", aws), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"), ("x-a", "1")];
    assert_eq!(body_breaks(&unsigned), []);
    assert_eq!(broken_by("/a?b=1", &unsigned, Some("/a"), &[], false), [Kind::Authorization]);
    assert_eq!(broken_by("/a?b=1", &unsigned, None, &[2], false), []);
    assert_eq!(broken_by("/a?b=1", &signed, None, &[2], false), [Kind::Authorization]);
    for (value, expected) in [
        ("Bearer abcdefghijklmnopqrstuvwxyz", &[][..]),
        ("Basic dXNlcjpwYXNz", &[]),
        (
            "AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=host, Signature=0",
            &[Kind::Authorization],
        ),
        ("GOOG4-RSA-SHA256 Credential=a,SignedHeaders=host,Signature=0", &[Kind::Authorization]),
        ("SharedKey account:c2lnbmF0dXJl", &[Kind::Authorization]),
        (
            "TC3-HMAC-SHA256 Credential=a, SignedHeaders=content-type;host, Signature=0",
            &[Kind::Authorization],
        ),
        (r#"Hawk id="a", ts="1353832234", nonce="j4h3g2", mac="bWFj""#, &[Kind::Authorization]),
        (
            r#"Signature keyId="a",headers="(request-target) date digest",signature="c2ln""#,
            &[Kind::Authorization],
        ),
        (r#"Signature keyId="a",headers="(request-target) date",signature="c2ln""#, &[]),
        (r#"Signature keyId="a",signature="c2ln""#, &[]),
        (
            r#"OAuth oauth_signature_method="HMAC-SHA1", oauth_body_hash="x", oauth_signature="y""#,
            &[Kind::OAuth],
        ),
        (r#"OAuth oauth_signature_method="HMAC-SHA1", oauth_signature="y""#, &[]),
        (
            r#"WECHATPAY2-SHA256-RSA2048 mchid="1900009191",nonce_str="n",signature="c2ln",timestamp="1",serial_no="1""#,
            &[Kind::Authorization],
        ),
        ("acs testid:c2lnbmF0dXJl", &[Kind::Authorization]),
        ("amx 4d53bce03ec34c0a:c2ln:nonce:1700000000", &[Kind::Authorization]),
        (
            r#"Digest username="a", uri="/", qop=auth-int, nc=00000001, response="8ca523f5e9506fed""#,
            &[Kind::Authorization],
        ),
        (
            r#"Digest username="a", uri="/", qop=auth, nc=00000001, response="8ca523f5e9506fed""#,
            &[],
        ),
        (r#"Digest username="a", uri="/", response="8ca523f5e9506fed""#, &[]),
    ] {
        assert_eq!(body_breaks(&[("authorization", value)]), expected, "{value}");
    }
}

/// RFC 7616 §3.4.2: every response of Digest is over the target as it was asked for.
#[test]
fn a_digest_is_over_the_target() {
    let headers =
        [("authorization", r#"Digest username="a", uri="/a?b=1", qop=auth, response="8ca5""#)];
    assert_eq!(broken_by("/a?b=1", &headers, Some("/a"), &[], false), [Kind::Authorization]);
}

#[test]
fn a_signed_url_covers_itself() {
    let s3 = "/photo.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&user=1&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    assert_eq!(broken_by(s3, &[], Some(&s3.replace("&user=1", "")), &[], false), [Kind::Url]);
    assert_eq!(broken_by(s3, &[], None, &[], true), []);
    let other = s3.replace("%2Fs3%2F", "%2Fexecute-api%2F");
    assert_eq!(broken_by(&other, &[], None, &[], true), [Kind::Url]);
    let azure = "/c/b?sv=2022-11-02&se=2026-11-27&sr=b&sp=w&user=1&sig=c2lnbmF0dXJl";
    assert_eq!(broken_by(azure, &[], Some("/c/b"), &[], false), [Kind::Url]);
    assert_eq!(broken_by("/a?sig=b&user=1", &[], Some("/a?sig=b"), &[], false), []);
    assert_eq!(
        covered::without_signature(azure),
        "/c/b?sv=2022-11-02&se=2026-11-27&sr=b&sp=w&user=1"
    );
    assert_eq!(covered::without_signature("/a?sig=1"), "/a");
}

/// Header names and forms of values as each vendor documents them.
#[test]
fn a_code_of_the_body_in_a_header_is_known_by_its_name() {
    let hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let base64 = "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=";
    for (name, value, kind) in [
        ("x-hub-signature-256", format!("sha256={hex}"), Some(Kind::Header)),
        (
            "x-hub-signature",
            "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6".into(),
            Some(Kind::Header),
        ),
        ("stripe-signature", format!("t=1492774577,v1={hex}"), Some(Kind::Header)),
        ("x-slack-signature", format!("v0={hex}"), Some(Kind::Header)),
        ("x-shopify-hmac-sha256", base64.into(), Some(Kind::Header)),
        ("x-twilio-signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=".into(), Some(Kind::Header)),
        ("x-line-signature", base64.into(), Some(Kind::Header)),
        (
            "webhook-signature",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".into(),
            Some(Kind::Header),
        ),
        ("paypal-transmission-sig", base64.into(), Some(Kind::Header)),
        ("x-signature", hex.into(), Some(Kind::Header)),
        ("x-sign", hex.into(), Some(Kind::Header)),
        ("signature", hex.into(), Some(Kind::Header)),
        ("x-acme-seal", "short".into(), Some(Kind::Header)),
        (
            "x-jws-signature",
            "eyJhbGciOiJSUzI1NiJ9..c2lnbmF0dXJlLWNvZGU".into(),
            Some(Kind::DetachedJws),
        ),
        ("x-seal", "eyJhbGciOiJSUzI1NiJ9..c2lnbmF0dXJlLWNvZGU".into(), Some(Kind::DetachedJws)),
        // Beside a signature, or none.
        ("x-slack-request-timestamp", "1531420618".into(), None),
        ("x-signature-version", hex.into(), None),
        ("x-signature-keyid", hex.into(), None),
        ("x-design", hex.into(), None),
        ("x-request-id", hex.into(), None),
        ("x-signature", "none".into(), None),
        ("etag", base64.into(), None),
    ] {
        let found = body_breaks(&[(name, &value)]);
        assert_eq!(found, kind.into_iter().collect::<Vec<_>>(), "{name}: {value}");
    }
    let signed = [("content-type", "Multipart/Signed; protocol=\"application/pkcs7-signature\"")];
    assert_eq!(body_breaks(&signed), [Kind::Mime]);
}

#[test]
fn what_is_not_changed_breaks_nothing() {
    let headers =
        [("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d"), ("x-a", "1")];
    assert_eq!(broken_by("/", &headers, None, &[], false), []);
    // The code covers the body, not another header.
    assert_eq!(broken_by("/", &headers, None, &[1], false), []);
    assert_eq!(broken_by("/", &[], None, &[], true), []);
}
