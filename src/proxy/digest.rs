//! Digests of a body, kept right when the body changes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256, Sha512};

use super::head::lines;

mod unnamed;

/// Makes the digests of a changed body right again, and takes off those it cannot (RFC 9530; RFC 3230
/// and `Content-MD5` before it). Of `before`, the body as it came, none goes on under another name either: what was
/// taken out of a body could be guessed by its digest.
pub(super) fn renew(headers: &mut HeaderMap, before: &[u8], body: &[u8]) {
    unnamed::take_off(headers, before);
    // Few messages have any; asking for each by its name would take longer than to look at those there are.
    if !headers.keys().any(is_digest) {
        return;
    }
    for name in [&CONTENT_DIGEST, &REPR_DIGEST] {
        let Some(stated) = take(headers, name) else { continue };
        let mut members = Vec::new();
        if names_algorithm(&stated, "sha-256") {
            members.push(format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body))));
        }
        if names_algorithm(&stated, "sha-512") {
            members.push(format!("sha-512=:{}:", STANDARD.encode(Sha512::digest(body))));
        }
        put(headers, name, &members);
    }
    if let Some(stated) = take(headers, &DIGEST) {
        let mut members = Vec::new();
        if names_algorithm(&stated, "sha-256") {
            members.push(format!("SHA-256={}", STANDARD.encode(Sha256::digest(body))));
        }
        if names_algorithm(&stated, "sha-512") {
            members.push(format!("SHA-512={}", STANDARD.encode(Sha512::digest(body))));
        }
        put(headers, &DIGEST, &members);
    }
    for name in UNRENEWED {
        headers.remove(name);
    }
}

/// Digests that few look at, or that a signature covers which holds no more, and lengths beside `Content-Length`.
const UNRENEWED: [&str; 26] = [
    "content-md5",
    "content-crc32c",
    "content-range",
    "etag",
    "oc-checksum",
    "oc-total-length",
    "upload-checksum",
    "upload-length",
    "x-amz-content-sha256",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-decoded-content-length",
    "x-body-sha256",
    "x-bz-content-sha1",
    "x-checksum-md5",
    "x-checksum-sha1",
    "x-checksum-sha256",
    "x-content-sha256",
    "x-expected-entity-length",
    "x-goog-hash",
    "x-ms-blob-content-md5",
    "x-ms-content-sha256",
    "x-upload-content-length",
];

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
const DIGEST: HeaderName = HeaderName::from_static("digest");

fn is_digest(name: &HeaderName) -> bool {
    [CONTENT_DIGEST, REPR_DIGEST, DIGEST].contains(name) || UNRENEWED.contains(&name.as_str())
}

fn take(headers: &mut HeaderMap, name: &HeaderName) -> Option<String> {
    let stated = lines(headers, name).collect::<Vec<_>>().join(",");
    headers.remove(name).map(|_| stated)
}

fn put(headers: &mut HeaderMap, name: &HeaderName, members: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&members.join(", "))
        && !members.is_empty()
    {
        headers.insert(name, value);
    }
}

fn names_algorithm(stated: &str, algorithm: &str) -> bool {
    stated
        .split(',')
        .filter_map(|member| member.split_once('='))
        .any(|(name, _)| name.trim().eq_ignore_ascii_case(algorithm))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digests are those of RFC 9530, appendix A and B: `{"hello": "world"}` and a line feed.
    #[test]
    fn digests_are_made_right_or_taken_off() {
        let body = b"{\"hello\": \"world\"}\n";
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-digest", "sha-256=:AAAA:, md5=:AAAA:"),
            ("repr-digest", "unixsum=:AAAA:"),
            ("digest", "SHA-256=AAAA,sha-512=AAAA"),
            ("content-md5", "AAAA"),
            ("x-amz-checksum-sha256", "AAAA"),
            ("upload-length", "29"),
            ("content-range", "bytes 0-28/29"),
            ("etag", "\"AAAA\""),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        renew(&mut headers, b"before", body);
        assert_eq!(
            headers["content-digest"],
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
        );
        assert!(!headers.contains_key("repr-digest"));
        for gone in
            ["content-md5", "x-amz-checksum-sha256", "upload-length", "content-range", "etag"]
        {
            assert!(!headers.contains_key(gone), "{gone}");
        }
        let digest = headers["digest"].to_str().unwrap();
        assert!(
            digest.starts_with("SHA-256=RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=, SHA-512=")
        );
        let mut none = HeaderMap::new();
        renew(&mut none, b"before", body);
        assert!(none.is_empty());
    }
}
