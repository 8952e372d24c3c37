//! A redacted message put into the request that goes out.

use http::{HeaderMap, HeaderValue, Uri, header};

use super::{digest, error::ProxyError, upstream::Outgoing};
use crate::engine::Redacted;

/// Puts the changed parts in place of those that were inspected, and makes what describes the body
/// right again.
///
/// # Errors
///
/// [`ProxyError::InspectionBroken`] where an edit left no target: nothing may go anywhere else than was judged.
pub(super) fn apply(outgoing: &mut Outgoing, redacted: Redacted) -> Result<(), ProxyError> {
    if let Some(target) = redacted.target {
        outgoing.target = target.parse::<Uri>().map_err(|_| ProxyError::InspectionBroken)?;
    }
    // The name of the endpoint goes in the place of one that may not.
    if redacted.headers.iter().any(|(number, _)| *number >= outgoing.headers.len()) {
        outgoing.host = None;
    }
    if !redacted.headers.is_empty() {
        outgoing.headers = edited(&outgoing.headers, &redacted.headers);
    }
    if let Some(body) = redacted.body {
        let before = std::mem::replace(&mut outgoing.body, body.into());
        if redacted.body_is_identity {
            outgoing.headers.remove(header::CONTENT_ENCODING);
        }
        digest::renew(&mut outgoing.headers, &before, &outgoing.body);
        outgoing.declares_length = true;
    }
    Ok(())
}

/// The headers anew, those named by their number changed or left out.
fn edited(headers: &HeaderMap, edits: &[(usize, Option<Vec<u8>>)]) -> HeaderMap {
    let mut result = HeaderMap::with_capacity(headers.len());
    for (number, (name, value)) in headers.iter().enumerate() {
        match edits.iter().find(|(edited, _)| *edited == number) {
            None => {
                result.append(name, value.clone());
            }
            Some((_, Some(bytes))) => {
                // What is no header value cannot go out as one; then nothing does.
                if let Ok(value) = HeaderValue::from_bytes(bytes) {
                    result.append(name, value);
                }
            }
            Some((_, None)) => {}
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Method;

    use super::*;

    fn outgoing() -> Outgoing {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("cookie", "a=1; id=2"),
            ("x-imei", "867619040000019"),
            ("x-many", "one"),
            ("x-many", "two"),
            ("content-encoding", "gzip"),
            ("content-digest", "sha-256=:AAAA:"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        Outgoing {
            method: Method::POST,
            target: Uri::from_static("/a?imei=867619040000019&b=1"),
            headers,
            held: None,
            body: Bytes::from_static(b"before"),
            host: None,
            declares_length: false,
            client: None,
        }
    }

    fn number(outgoing: &Outgoing, value: &str) -> usize {
        outgoing.headers.iter().position(|(_, known)| known == value).unwrap()
    }

    #[test]
    fn only_what_was_changed_changes() {
        let mut request = outgoing();
        assert!(apply(&mut request, Redacted::default()).is_ok());
        assert_eq!(request.headers, outgoing().headers);
        assert_eq!(request.body, "before");

        let headers = vec![
            (number(&request, "a=1; id=2"), Some(b"a=1".to_vec())),
            (number(&request, "867619040000019"), None),
            (number(&request, "two"), Some(b"***".to_vec())),
        ];
        let target = Some("/a?b=1".to_owned());
        let redacted = Redacted { target, headers, ..Redacted::default() };
        assert!(apply(&mut request, redacted).is_ok());
        assert_eq!(request.target, "/a?b=1");
        assert_eq!(request.headers["cookie"], "a=1");
        assert!(!request.headers.contains_key("x-imei"));
        let many: Vec<_> = request.headers.get_all("x-many").iter().collect();
        assert_eq!(many, ["one", "***"]);
        assert_eq!(request.headers["content-digest"], "sha-256=:AAAA:");
    }

    #[test]
    fn a_changed_body_is_described_anew() {
        let mut request = outgoing();
        let redacted = Redacted {
            body: Some(b"{\"hello\": \"world\"}\n".to_vec()),
            body_is_identity: true,
            ..Redacted::default()
        };
        assert!(apply(&mut request, redacted).is_ok());
        assert!(!request.headers.contains_key("content-encoding"));
        // RFC 9530, appendix A.
        assert_eq!(
            request.headers["content-digest"],
            "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
        );
        assert!(request.declares_length);
    }
}
