//! What the rules say.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::*;

#[tokio::test]
async fn what_may_cross_crosses_byte_for_byte() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).start().await;
    for body in [
        "{ \"device\" : {\"imei\":\"867619040000019\"},\n \"user\": {\"mobile\": \"+923451112233\"} }",
        "{\"a\": 1e400, \"a\": \"\\u00e9\", \"b\": [ ]}",
        "",
    ] {
        let got = gateway.send(post(body)).await;
        assert_eq!(got.status, StatusCode::OK, "{body}: {got:?}");
        assert_eq!(log.last().body, body);
    }
    let record = gateway.records(1).await.remove(0);
    assert_eq!((&record["effect"], &record["coverage"]), (&"allow".into(), &"full".into()));
}

#[tokio::test]
async fn what_must_not_cross_is_taken_out_and_the_message_stays_right() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).start().await;
    let plain = "{ \"imei\" : \"867619040000019\", \"birthday\": \"1996-04-12\", \"email\": \"sana.k@example.pk\" }";
    let kept = "{ \"imei\" : \"867619040000019\" }";
    for encoded in [false, true] {
        let mut request = post(plain);
        if encoded {
            *request.body_mut() = Full::from(gzip(plain.as_bytes()));
            request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
        }
        *request.uri_mut() = "/v1?email=sana.k%40example.pk&page=2".parse().unwrap();
        let digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
        request.headers_mut().insert("content-digest", digest.parse().unwrap());
        let got = gateway.send(request).await;
        assert_eq!(got.status, StatusCode::OK, "{got:?}");
        let seen = log.last();
        assert_eq!(seen.headers.contains_key("content-encoding"), encoded);
        let text = match encoded {
            true => gunzip(&seen.body),
            false => String::from_utf8(seen.body.to_vec()).unwrap(),
        };
        let json: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(json, serde_json::from_str::<Value>(kept).unwrap());
        assert!(text.starts_with("{ \"imei\" : \"867619040000019\""), "{text}");
        assert_eq!(seen.headers["content-length"], seen.body.len().to_string());
        let right = STANDARD.encode(Sha256::digest(&seen.body));
        assert_eq!(seen.headers["content-digest"], format!("sha-256=:{right}:"));
        assert!(!seen.target.contains("sana") && seen.target.contains("page=2"), "{}", seen.target);
    }
    let lines = gateway.records(2).await;
    for record in &lines {
        assert_eq!(record["effect"], "redact");
        let line = record.to_string();
        assert!(!line.contains("sana") && !line.contains("1996-04-12"), "{line}");
        assert!(line.contains("/birthday"), "{line}");
    }
}

#[tokio::test]
async fn a_long_body_is_judged_like_a_short_one() {
    let (address, log) = upstream().await;
    // How fast it is judged is not asked here, nor how fast this machine is today.
    let gateway = inspecting(address).config("deadlines: { inspection: 60s }").start().await;
    let rows: Vec<String> = (0..20_000)
        .map(|number| format!("{{\"n\": {number}, \"email\": \"a{number}@example.pk\"}}"))
        .collect();
    let body = format!("[{}]", rows.join(","));
    assert!(body.len() > 256 << 10);
    let mut request = post("");
    *request.body_mut() = Full::from(body);
    let got = gateway.send(request).await;
    assert_eq!(got.status, StatusCode::OK, "{got:?}");
    let seen = String::from_utf8(log.last().body.to_vec()).unwrap();
    assert!(!seen.contains("example.pk"));
    let json: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(json[19_999]["n"], 19_999);
}

#[tokio::test]
async fn what_is_blocked_is_told_why_and_never_what() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).start().await;
    let body = "{\"email\": \"sana.k@example.pk\"}";
    for (statement, status, kind, rule) in [
        (
            "purpose=data_sale, recipient=data-buyer, recipient-class=third_party",
            403,
            "blocked-by-policy",
            "MI-50",
        ),
        ("purpose=no_such_purpose", 403, "blocked-by-policy", "MI-"),
        (
            "origin=SG, purpose=customer_support, recipient=games, recipient-class=affiliate, remote=x",
            400,
            "context-malformed",
            "",
        ),
    ] {
        let got = gateway.send(stating(statement, post(body))).await;
        assert_eq!((got.status.as_u16(), got.problem().as_str()), (status, kind), "{got:?}");
        let text = String::from_utf8(got.body.to_vec()).unwrap();
        assert!(!text.contains("sana"), "{text}");
        if status == 403 {
            let problem: Value = serde_json::from_str(&text).unwrap();
            assert!(problem["rules"][0].as_str().unwrap().starts_with(rule), "{text}");
            assert_eq!(problem["fields"][0]["pointer"], "/email");
            assert_eq!(problem["fields"][0]["category"], "user.contact.email");
        }
    }
    assert!(log.received().is_empty());
    let record = gateway.records(1).await.remove(0);
    assert_eq!((&record["effect"], &record["forwarded_bytes"]), (&"block".into(), &0.into()));
}

#[tokio::test]
async fn what_the_law_blocks_says_so() {
    let (address, log) = upstream().await;
    let gateway =
        inspecting(address).config("blocked_by: 'https://gateway.example/'").start().await;
    // A German's data in Singapore without any ground of chapter V GDPR.
    let statement =
        "origin=DE, purpose=customer_support, recipient=games, recipient-class=affiliate";
    let got = gateway.send(stating(statement, post("{\"email\": \"a@example.de\"}"))).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (451, "blocked-by-law"), "{got:?}");
    assert_eq!(got.headers["link"], "<https://gateway.example/>; rel=\"blocked-by\"");
    assert!(log.received().is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_not_taken_for_clean() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address)
        .config("limits: { decoded_bytes_max: 1MiB, depth_max: 64 }")
        .start()
        .await;
    let good = b"{\"imei\": \"867619040000019\"}".as_slice();
    let mut cut = gzip(good);
    cut.truncate(cut.len() - 6);
    for (media_type, encoding, body, status) in [
        ("application/json", None, b"{\"imei\": \"867619040000019\"".to_vec(), 422),
        ("application/json", None, b"{\"a\": \"\xff\xfe\"}".to_vec(), 422),
        ("application/json", None, "[".repeat(100_000).into_bytes(), 422),
        ("application/json", Some("gzip"), cut, 422),
        (
            "application/json",
            Some("gzip"),
            gzip(format!("[{}0]", "0,".repeat(1 << 20)).as_bytes()),
            413,
        ),
        ("application/json", Some("x-unknown"), good.to_vec(), 415),
        ("application/x-unknown", None, vec![0x93, 0x01, 0x02, 0x00, 0xff], 415),
        ("application/grpc", None, vec![0, 0, 0, 0, 2, 8, 1], 415),
    ] {
        let mut request = post("");
        *request.body_mut() = Full::from(body);
        request.headers_mut().insert("content-type", media_type.parse().unwrap());
        if let Some(encoding) = encoding {
            request.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        }
        let got = gateway.send(request).await;
        assert_eq!(
            (got.status.as_u16(), got.problem().as_str()),
            (status, "not-inspectable"),
            "{media_type} {encoding:?}: {got:?}"
        );
    }
    assert!(log.received().is_empty());
}

#[tokio::test]
async fn where_it_is_wanted_no_rule_lets_an_unread_payload_pass() {
    let (address, log) = upstream().await;
    let gateway = inspecting(address).config("inspection: { on_gap: block }").start().await;
    let got = gateway.send(post("{\"a\": ")).await;
    assert_eq!((got.status.as_u16(), got.problem().as_str()), (422, "not-inspectable"));
    assert_eq!(gateway.send(post("{\"a\": 1}")).await.status, StatusCode::OK);
    assert_eq!(log.received().len(), 1);
}

#[tokio::test]
async fn whoever_calls_from_a_country_is_taken_to_be_from_there_when_nothing_else_is_known() {
    let (address, _) = upstream().await;
    let mut setup =
        inspecting(address).config("geoip: { database: c.mmdb, on_mismatch: annotate }");
    setup.route = setup.route.replace("origin: PK, ", "");
    setup.write(
        "c.mmdb",
        mmdb::write(&[("192.0.2.0/24", "IN"), ("198.51.100.0/24", "PK")], Layout::Nested),
    );
    let gateway = setup.start().await;
    let mut from = Vec::new();
    for (address, body) in
        [("192.0.2.7", "{}"), ("198.51.100.9, 127.0.0.5", "{}"), ("unknown", "{}")]
    {
        let mut request = post(body);
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        gateway.send(request).await;
        from.push(gateway.records(from.len() + 1).await.pop().unwrap()["origin"].clone());
    }
    assert_eq!(from, [Value::from("IN"), Value::from("PK"), Value::Null]);
}
