//! Bodies of each format and encoding through the running gateway: what arrives is in the format and the
//! encoding it was sent in, without what may not go.

use bordergate::{
    domain::{Charset, Encoding, Limits},
    format::decode,
    redact::encode,
};
use http::Method;
use http_body_util::Full;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::{ALLOW_ALL, RunningGateway, TestGateway, Upstream};

const REDACT: &str = "
layer: organisation
title: Test
rules:
  - id: T-REDACT
    title: No contacts
    statute: this test
    when: { data: [\"user.contact.**\"] }
    effect: redact
    reason: No contacts.
";
const STATEMENT: &str = "origin=PK, purpose=service_activation";

async fn gateway(upstream: &Upstream, config: &str) -> RunningGateway {
    TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .rules("organisation/redact.yaml", REDACT)
        .config(config)
        .upstream(upstream.address)
        .start()
        .await
}

#[tokio::test]
async fn a_field_is_told_with_the_rules_that_block_and_are_about_it() {
    const HEALTH_STAYS: &str = "layer: organisation
title: Our own
rules:
  - {id: ORG-20, title: Health stays, statute: house rule, when: {data: health}, effect: block, reason: Health stays.}
";
    let upstream = Upstream::start().await;
    let gateway = TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .rules("organisation/health.yaml", HEALTH_STAYS)
        .upstream(upstream.address)
        .start()
        .await;
    let body = "{\"email\": \"sana.k@example.pk\", \"health\": {\"diagnosis\": \"asthma\"}}";
    let got = gateway.post("/v1", "origin=PK", "application/json", body).await;
    let problem = got.json();
    let by = |pointer: &str| {
        let fields = problem["fields"].as_array().unwrap();
        fields.iter().find(|field| field["pointer"] == pointer).map(|field| field["by"].clone())
    };
    assert_eq!(by("/health/diagnosis"), Some(serde_json::json!(["ORG-20"])), "{problem}");
    assert_eq!(by("/email"), Some(serde_json::Value::Null), "{problem}");
}

/// A payload that could be read would be blocked as well where the rule that decides does not look at it.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_of_what_could_not_be_read_only_where_that_is_why() {
    let upstream = Upstream::start().await;
    for (layer, when, status, kind) in [
        ("law", "{destination: SG}", 451, "blocked-by-law"),
        ("organisation", "{destination: SG}", 403, "blocked-by-policy"),
        ("law", "{coverage: [opaque, partial]}", 422, "not-inspectable"),
        ("organisation", "{coverage: [opaque, partial]}", 422, "not-inspectable"),
        // Nobody says that what could not be read may go.
        ("organisation", "{destination: CN}", 422, "not-inspectable"),
    ] {
        let rule = format!(
            "layer: {layer}\ntitle: Test\nrules: [{{id: T-BLOCK, title: No, statute: this test, \
             when: {when}, effect: block, reason: No.}}]"
        );
        let gateway = TestGateway::new()
            .without_shipped_rules()
            .rules("organisation/allow.yaml", ALLOW_ALL)
            .rules(&format!("{layer}/block.yaml"), &rule)
            .upstream(upstream.address)
            .start()
            .await;
        let body = r#"{"email": "sana.k@example.pk", "#;
        let answer = gateway.post("/", STATEMENT, "application/json", body).await;
        let problem = answer.json();
        let expected = format!("urn:bordergate:problem:{kind}");
        assert_eq!(
            (answer.status.as_u16(), &problem["type"]),
            (status, &expected.into()),
            "{when}"
        );
        assert_eq!(answer.headers.contains_key("link"), status == 451, "{when}");
        assert_eq!(problem["gap"].is_null(), status != 422, "{when}");
    }
    assert!(upstream.received().is_empty());
}

/// The body is held whole, so a value is one wherever its chunks were cut.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_split_across_chunks_is_one_value() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "").await;
    let body = r#"{"n": 1, "email": "sana.k\u0040example.pk", "m": 2}"#;
    let head = format!(
        "POST /v1 HTTP/1.1\r\nHost: dc-singapore.test\r\nBordergate-Transfer: {STATEMENT}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let host = gateway.request(Method::POST, "/", STATEMENT).headers()["host"].clone();
    let head = head.replace("dc-singapore.test", host.to_str().unwrap());
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let every_letter: Vec<String> =
        body.split("").filter(|letter| !letter.is_empty()).map(chunk).collect();
    let mut cuts: Vec<Vec<String>> = (1..body.len())
        .map(|at| body.split_at(at))
        .map(|(a, b)| vec![chunk(a), chunk(b)])
        .collect();
    cuts.push(every_letter);
    for (number, chunks) in cuts.iter().enumerate() {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        for chunk in chunks {
            stream.write_all(chunk.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "cut {number}: {answer}");
        let got = upstream.last();
        assert_eq!(&got.body[..], br#"{"n": 1, "m": 2}"#, "cut {number}");
    }
    assert_eq!(upstream.received().len(), cuts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_format_arrives_as_itself_without_what_may_not_go() {
    let upstream = Upstream::start().await;
    let gateway = gateway(&upstream, "").await;
    for (media_type, body, expected) in [
        (
            "application/graphql",
            "mutation { add(email: \"sana.k@example.pk\", n: 1) { ok } }",
            "mutation { add(email: null, n: 1) { ok } }",
        ),
        (
            "application/json",
            r#"{"query": "query($e: String) { user(email: $e, n: 1) { id } }", "variables": {"e": "sana.k@example.pk", "n": 1}}"#,
            r#"{"query": "query($e: String) { user(email: $e, n: 1) { id } }", "variables": {"n": 1}}"#,
        ),
        (
            "text/vcard",
            "BEGIN:VCARD\r\nVERSION:4.0\r\nREV:20260101T000000Z\r\nEMAIL;TYPE=work:sana.k\r\n @example.pk\r\nEND:VCARD\r\n",
            "BEGIN:VCARD\r\nVERSION:4.0\r\nREV:20260101T000000Z\r\nEMAIL;TYPE=work:\r\nEND:VCARD\r\n",
        ),
        ("text/tab-separated-values", "n\temail\n1\tsana.k@example.pk\n", "n\temail\n1\t\n"),
        (
            "application/xml",
            "<o><n a='1'>2</n><email>sana.k@example.pk</email><x><![CDATA[to sana.k@example.pk]]></x></o>",
            "<o><n a='1'>2</n><x><![CDATA[to ]]></x></o>",
        ),
        (
            "multipart/mixed; boundary=a",
            "--a\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nsana.k@example.pk\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--\r\n--a--\r\n",
            "--a\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--\r\n--a--\r\n",
        ),
    ] {
        let answer = gateway.post("/v1", STATEMENT, media_type, body).await;
        assert_eq!(answer.status, 200, "{media_type}: {}", answer.text());
        let got = upstream.last();
        assert_eq!(String::from_utf8_lossy(&got.body), expected, "{media_type}");
        assert_eq!(got.headers["content-type"], media_type);
        assert_eq!(got.headers["content-length"], expected.len().to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_body_stays_in_its_coding_or_says_that_it_does_not() {
    let plain = "{\"email\":\"sana.k@example.pk\",\"model\":\"李明\"}";
    let clean = "{\"model\":\"李明\"}";
    let charset = Encoding::Charset(Charset("GBK"));
    let media_type = "application/json; charset=gbk";
    for keeps in [true, false] {
        let upstream = Upstream::start().await;
        let config = format!("inspection: {{ keep_content_coding: {keeps} }}");
        let gateway = gateway(&upstream, &config).await;
        for (coding, encodings) in [
            ("gzip", &[Encoding::Gzip][..]),
            ("deflate", &[Encoding::Deflate]),
            ("br", &[Encoding::Brotli]),
            ("zstd", &[Encoding::Zstd]),
            ("gzip, br", &[Encoding::Gzip, Encoding::Brotli]),
        ] {
            let text = encode(charset, plain.as_bytes()).unwrap();
            let body = encodings
                .iter()
                .fold(text, |body, encoding| encode(*encoding, body.as_slice()).unwrap());
            let mut request = gateway.request(Method::POST, "/v1", STATEMENT);
            request.headers_mut().insert("content-type", media_type.parse().unwrap());
            request.headers_mut().insert("content-encoding", coding.parse().unwrap());
            *request.body_mut() = Full::from(body);
            let answer = gateway.send(request).await;
            assert_eq!(answer.status, 200, "{coding}: {}", answer.text());
            let got = upstream.last();
            assert_eq!(got.headers.contains_key("content-encoding"), keeps, "{coding}");
            let limits = Limits::default();
            let mut body = got.body.to_vec();
            if keeps {
                for encoding in encodings.iter().rev() {
                    body = decode(*encoding, &body, &limits).unwrap();
                }
            }
            let text = decode(charset, &body, &limits).unwrap();
            assert_eq!(String::from_utf8_lossy(&text), clean, "{coding}");
        }
    }
}
