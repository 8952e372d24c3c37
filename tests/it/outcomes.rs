//! The four things that can happen to a payload, in front of three real servers, and what reached them.

use http::{Method, header};
use http_body_util::Full;

use crate::{
    harness::{CENTRES, RunningGateway, TestGateway},
    nginx::{Nginx, Received},
};

async fn gateway(nginx: &Nginx) -> RunningGateway {
    nginx.addresses.into_iter().fold(TestGateway::new(), TestGateway::upstream).start().await
}

/// Sends one payload to the data centre of that number; returns the status and what nginx has by then.
async fn send(
    gateway: &RunningGateway,
    centre: usize,
    statement: &str,
    headers: &[(&'static str, &str)],
    body: &'static [u8],
) -> (u16, String) {
    let mut request = gateway.request(Method::POST, "/v1/ingest?batch=7", statement);
    let (id, _) = CENTRES[centre];
    request.headers_mut().insert(header::HOST, format!("{id}.test").parse().unwrap());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    *request.body_mut() = Full::from(body);
    let answer = gateway.send(request).await;
    (answer.status.as_u16(), answer.text())
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread")]
async fn allowed_redacted_blocked_and_unreadable_payloads_reach_real_servers_as_they_should() {
    let nginx = Nginx::start();
    let gateway = gateway(&nginx).await;

    // Allowed: odd spacing, number forms and escapes included.
    let allowed =
        br#"{ "imei" : "867619040000019",  "mcc":"410", "ratio": 1.50e0, "t": "\u0041\/" }"#;
    let activation = "origin=PK, purpose=service_activation";
    let (status, text) = send(&gateway, 0, activation, &[JSON], allowed).await;
    assert_eq!(status, 200, "{text}");

    // Redacted: two fields go, the bytes around them stay.
    let mixed = br#"{"device":{"imei":"867619040000019"},"user":{"birthday":"1996-04-12", "mobile" : "+923451112233","email":"sana.k@example.pk"}}"#;
    let (status, text) = send(&gateway, 1, activation, &[JSON], mixed).await;
    assert_eq!(status, 200, "{text}");

    // Blocked: nobody consented.
    let marketing = br#"{"name":"Sana Khan","email":"sana.k@example.pk"}"#;
    let (status, text) =
        send(&gateway, 2, "origin=PK, purpose=direct_marketing", &[JSON], marketing).await;
    assert_eq!(status, 403, "{text}");
    assert!(!text.contains("sana.k"), "{text}");
    assert!(text.contains("MI-42"), "{text}");

    // Not inspectable.
    let blob = b"\x8f\x13\xd1\x00\x9c\xb7\xfe\x01";
    let octets = ("content-type", "application/octet-stream");
    let (status, text) = send(&gateway, 0, activation, &[octets], blob).await;
    assert_eq!(status, 415, "{text}");
    let broken_gzip = ("content-encoding", "gzip");
    let (status, text) =
        send(&gateway, 0, activation, &[JSON, broken_gzip], b"\x1f\x8b\x08oops").await;
    assert_eq!(status, 422, "{text}");

    let received = nginx.received(2);
    let expected = [
        (0, &allowed[..]),
        (1, br#"{"device":{"imei":"867619040000019"},"user":{"mobile" : "+923451112233"}}"#),
    ];
    assert_eq!(received.len(), expected.len(), "{received:#?}");
    for (got, (centre, body)) in received.iter().zip(expected) {
        assert_eq!(String::from_utf8_lossy(&got.body), String::from_utf8_lossy(body));
        assert_eq!(got.content_length, body.len().to_string());
        assert_eq!(got.port, nginx.addresses[centre].port());
        assert_eq!((got.method.as_str(), got.target.as_str()), ("POST", "/v1/ingest?batch=7"));
        assert_eq!(got.internal, "", "what a trusted hop says stays with the gateway");
        assert_eq!(got.traceparent.len(), 55, "{}", got.traceparent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_payload_arrives_compressed_or_says_that_it_is_not() {
    use bordergate::{domain::Encoding, domain::Limits, format::decode, redact::encode};
    let nginx = Nginx::start();
    let gateway = gateway(&nginx).await;
    let plain = br#"{"imei":"867619040000019","user":{"email":"sana.k@example.pk"},"mcc":"410"}"#;
    let compressed: &'static [u8] = encode(Encoding::Gzip, plain).unwrap().leak();
    let gzip = ("content-encoding", "gzip");
    let statement = "origin=PK, purpose=service_activation";
    let (status, text) = send(&gateway, 0, statement, &[JSON, gzip], compressed).await;
    assert_eq!(status, 200, "{text}");
    let Received { body, content_encoding, content_length, .. } = nginx.received(1).remove(0);
    assert_eq!(content_length, body.len().to_string());
    let body = match content_encoding.as_str() {
        "" => body,
        "gzip" => decode(Encoding::Gzip, &body, &Limits::default()).unwrap(),
        other => panic!("{other}"),
    };
    assert_eq!(
        String::from_utf8_lossy(&body),
        r#"{"imei":"867619040000019","user":{},"mcc":"410"}"#
    );
}
