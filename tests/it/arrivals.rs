//! What arrives after redaction is read by somebody else's parser: a photo, webhooks, a form with a photo
//! in it, a compressed order, a query.

use std::{collections::BTreeMap, fs, io::Cursor, path::PathBuf};

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body_util::{BodyDataStream, BodyExt as _, Full};

use crate::harness::{ALLOW_ALL, Answer, Received, RunningGateway, TestGateway, Upstream};

/// Where a picture was taken, who somebody is and which device it was; the picture itself may go.
const REDACT: &str = r#"
layer: organisation
title: Test
rules:
  - id: T-REDACT
    title: No places, people and devices
    statute: this test
    when:
      data: [location, exif_location, name, contact, device_identifier, financial, unique_id]
    effect: redact
    reason: No places, people and devices.
"#;

async fn start(upstream: &Upstream) -> RunningGateway {
    TestGateway::new()
        .without_shipped_rules()
        .rules("organisation/allow.yaml", ALLOW_ALL)
        .rules("organisation/redact.yaml", REDACT)
        .purpose("service_activation")
        .upstream(upstream.address)
        .start()
        .await
}

/// Sends one request and gives what arrived.
async fn arrived(
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Received {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream).await;
    let mut request = gateway.request(method, target, "origin=PK");
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    *request.body_mut() = Full::from(body.into());
    let answer: Answer = gateway.send(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let received = upstream.last();
    if let Some(length) = received.headers.get("content-length") {
        assert_eq!(length, &received.body.len().to_string());
    }
    received
}

/// A photo that a phone took, with the place in its header.
fn photo() -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/test-data/photo.jpg");
    fs::read(path).expect("`make data` fetches the photo")
}

fn tags(picture: &[u8]) -> Vec<(exif::Context, u16)> {
    let read = exif::Reader::new().read_from_container(&mut Cursor::new(picture)).unwrap();
    read.fields().map(|field| (field.tag.context(), field.tag.number())).collect()
}

fn pixels(picture: &[u8]) -> image::RgbImage {
    image::load_from_memory(picture).unwrap().into_rgb8()
}

fn has_place(picture: &[u8]) -> bool {
    tags(picture).iter().any(|(context, _)| *context == exif::Context::Gps)
}

/// Opens, shows the same, says as much about the camera as before, and no longer where it was.
fn assert_without_place(before: &[u8], after: &[u8]) {
    assert!(has_place(before));
    assert!(!has_place(after));
    assert!(pixels(before) == pixels(after), "the picture changed");
    let camera = |picture: &[u8]| -> Vec<(exif::Context, u16)> {
        // The pointer to the place goes with the place.
        let pointer =
            (exif::Tag::GPSInfoIFDPointer.context(), exif::Tag::GPSInfoIFDPointer.number());
        let mut tags = tags(picture);
        tags.retain(|tag| tag.0 != exif::Context::Gps && *tag != pointer);
        tags
    };
    assert_eq!(camera(before), camera(after));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_arrives_without_its_place_and_opens() {
    let photo = photo();
    let received =
        arrived(Method::POST, "/photos", &[("content-type", "image/jpeg")], photo.clone()).await;
    assert_without_place(&photo, &received.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_a_photo_and_a_document_arrives_as_one() {
    let photo = photo();
    let mut body = Vec::new();
    body.extend_from_slice(
        b"--gr3nze\r\nContent-Disposition: form-data; name=\"profile\"\r\n\
          Content-Type: application/json\r\n\r\n\
          {\"full_name\": \"Zubaida Khanum\", \"imei\": \"356741080123456\", \"plan\": \"gold\"}\r\n\
          --gr3nze\r\nContent-Disposition: form-data; name=\"caption\"\r\n\r\nat the sea\r\n\
          --gr3nze\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"IMG_0001.JPG\"\r\n\
          Content-Type: image/jpeg\r\n\r\n",
    );
    body.extend_from_slice(&photo);
    body.extend_from_slice(b"\r\n--gr3nze--\r\n");
    let media_type = "multipart/form-data; boundary=gr3nze";
    let received = arrived(Method::POST, "/profile", &[("content-type", media_type)], body).await;

    let body = Full::new(received.body.clone());
    let body = body.map_err(|never| -> std::io::Error { match never {} });
    let mut form = multer::Multipart::new(BodyDataStream::new(body), "gr3nze");
    let mut parts = BTreeMap::new();
    while let Some(part) = form.next_field().await.unwrap() {
        let name = part.name().unwrap().to_owned();
        parts.insert(name, (part.file_name().map(str::to_owned), part.bytes().await.unwrap()));
    }
    let profile: serde_json::Value = serde_json::from_slice(&parts["profile"].1).unwrap();
    assert_eq!(profile, serde_json::json!({ "plan": "gold" }));
    assert_eq!(parts["caption"].1, "at the sea");
    let (file_name, picture) = &parts["upload"];
    assert_eq!(file_name.as_deref(), Some("IMG_0001.JPG"));
    assert_without_place(&photo, picture);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_order_arrives_compressed_and_well_formed() {
    let order = r#"<?xml version="1.0" encoding="UTF-8"?>
<order number="A-7" xmlns="urn:example:orders">
  <customer ref="c1"><firstName>Agnieszka</firstName><email>agnieszka.w@posta.example</email></customer>
  <lines><line sku="KRT-044" quantity="2"/><line sku="SHL-7" quantity="1"/></lines>
  <note><![CDATA[<b>leave</b> with Reto, +41 79 123 45 67 & ring]]></note>
</order>"#;
    let headers = [("content-type", "application/xml"), ("content-encoding", "gzip")];
    let received = arrived(Method::POST, "/orders", &headers, gzip(order.as_bytes())).await;
    let text = match received.headers.get("content-encoding") {
        Some(encoding) => {
            assert_eq!(encoding, "gzip");
            gunzip(&received.body)
        }
        None => String::from_utf8(received.body.to_vec()).unwrap(),
    };
    for gone in ["Agnieszka", "posta.example", "123 45 67"] {
        assert!(!text.contains(gone), "`{gone}` in {text}");
    }
    let document =
        roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let lines: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name(("urn:example:orders", "line")))
        .map(|node| (node.attribute("sku").unwrap(), node.attribute("quantity").unwrap()))
        .collect();
    assert_eq!(lines, [("KRT-044", "2"), ("SHL-7", "1")]);
    let note = document.descendants().find(|node| node.tag_name().name() == "note").unwrap();
    assert!(note.text().unwrap().starts_with("<b>leave</b> with "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_full_of_device_ids_arrives_without_them() {
    let target = "/v1/ads/home%20page?v=3&gaid=6f9619ff-8b86-4011-b42d-00cf4fc964ff&imei=356741080123456\
                  &mac=7c%3A1d%3Ad9%3A4e%3A11%3A02&android_id=9774d56d682e549c&lat=24.86073&lon=67.00114\
                  &q=winter+lamps%26more&imsi=410017750258150&page=2";
    let received = arrived(Method::GET, target, &[], Bytes::new()).await;
    let (path, query) = received.target.split_once('?').unwrap();
    assert_eq!(path, "/v1/ads/home%20page");
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(pairs, [pair("v", "3"), pair("q", "winter lamps&more"), pair("page", "2")]);
}

/// Each of a few hundred real payloads, read by another parser: nothing is left of what the rule names, and
/// what it does not name says what it said.
#[tokio::test(flavor = "multi_thread")]
async fn every_webhook_arrives_as_json_that_says_the_rest() {
    let upstream = Upstream::start().await;
    let gateway = start(&upstream).await;
    let mut changed = 0;
    for payload in crate::webhooks::payloads() {
        let answer =
            gateway.post("/", "origin=PK", "application/json", payload.get().to_owned()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let before: serde_json::Value = serde_json::from_str(payload.get()).unwrap();
        let arrived = upstream.last().body;
        let after: serde_json::Value = serde_json::from_slice(&arrived)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&arrived)));
        assert_part_of(&after, &before);
        changed += usize::from(after != before);
    }
    assert!(changed > 100, "{changed}");
}

/// Every member is there in the original, with the same value or with less in it; a list keeps its length.
fn assert_part_of(after: &serde_json::Value, before: &serde_json::Value) {
    use serde_json::Value::{Array, Null, Object, String};
    match (after, before) {
        (Object(after), Object(before)) => {
            for (name, value) in after {
                assert_part_of(value, &before[name]);
            }
        }
        (Array(after), Array(before)) => {
            assert_eq!(after.len(), before.len());
            after.iter().zip(before).for_each(|(after, before)| assert_part_of(after, before));
        }
        // An element that was taken out of a list.
        (Null, _) => {}
        // A part of a text that was cut out.
        (String(after), String(before)) => assert!(is_subsequence(after, before), "{after}"),
        _ => assert_eq!(after, before),
    }
}

fn is_subsequence(part: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    part.chars().all(|wanted| rest.any(|character| character == wanted))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> String {
    use std::io::Read as _;
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}
