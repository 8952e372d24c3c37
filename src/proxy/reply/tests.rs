//! What callers are told, by error.

use http_body_util::BodyExt as _;

use super::*;
use crate::domain::Region;

fn particulars() -> Particulars {
    Particulars {
        rules: vec!["MI-50".into()],
        fields: vec![FieldNote {
            pointer: "/email".into(),
            category: "user.contact.email".into(),
            by: vec!["MI-50".into()],
        }],
        reason: Some("No sale of personal information.".into()),
        blocked_by: "https://gateway.example/".into(),
        route: Some("us".into()),
        ..Particulars::default()
    }
}

#[test]
fn each_failure_has_its_status() {
    let unread = |cause| ProxyError::Blocked(BlockedBy::NotInspectable(cause));
    let cn = Region::new(*b"CN");
    let endpoint = || "http://127.0.0.1:1".to_owned();
    for (error, status) in [
        (ProxyError::HeadMalformed("Two hosts."), 400),
        (ProxyError::PathAmbiguous, 400),
        (ProxyError::ContextMalformed(String::new()), 400),
        (ProxyError::DestinationConflict { stated: cn, actual: cn }, 400),
        (ProxyError::Blocked(BlockedBy::Policy), 403),
        (ProxyError::Blocked(BlockedBy::Law), 451),
        (ProxyError::Blocked(BlockedBy::Untrusted), 503),
        (unread(GapCause::UnknownMediaType), 415),
        (unread(GapCause::UnknownContentEncoding), 415),
        (unread(GapCause::Malformed), 422),
        (unread(GapCause::TooDeep), 422),
        (unread(GapCause::DecodedRatio), 413),
        (ProxyError::NoRoute, 404),
        (ProxyError::MethodNotAllowed { allow: "POST".into() }, 405),
        (ProxyError::CallerNotAdmitted, 403),
        (ProxyError::TooManyRequests { retry_after: 3 }, 429),
        (ProxyError::WorkloadBusy, 503),
        (ProxyError::UpstreamBusy { data_centre: endpoint() }, 503),
        (ProxyError::BodySlow, 408),
        (ProxyError::BodyTooLarge, 413),
        (ProxyError::Tunnel, 501),
        (ProxyError::Trailers, 501),
        (ProxyError::Overloaded(Scarce::Exchanges), 503),
        (ProxyError::Overloaded(Scarce::Memory), 503),
        (ProxyError::Overloaded(Scarce::Time), 503),
        (ProxyError::Overtaken, 503),
        (ProxyError::Unrecorded(String::new()), 503),
        (ProxyError::ConnectSlow { endpoint: endpoint() }, 504),
        (ProxyError::UpstreamSlow { endpoint: endpoint() }, 504),
        (ProxyError::Handshake { endpoint: endpoint(), error: String::new() }, 502),
    ] {
        let response = of(&error, TraceId([1; 16]), &Particulars::default());
        assert_eq!(response.status().as_u16(), status, "{error}");
        let retry = matches!(status, 429 | 503);
        assert_eq!(response.headers().contains_key("retry-after"), retry, "{error}");
    }
}

/// What callers see stands in the README: every status that this file knows, with the word for each failure.
#[test]
fn the_readme_lists_every_status_and_failure() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let readme = read("README.md");
    let (_, table) = readme.split_once("| status | when |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let (code, _) = include_str!("../reply.rs").split_once("mod tests;").unwrap();
    let code = code.split_once("fn words(").unwrap().1;
    for name in code.split("StatusCode::").skip(1) {
        let name = name.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap();
        let status = (400..600).filter_map(|number| StatusCode::from_u16(number).ok()).find(|it| {
            let reason = it.canonical_reason().unwrap_or_default();
            reason.to_ascii_uppercase().replace([' ', '-'], "_") == name
        });
        let Some(status) = status else { continue };
        let row = format!("| {} |", status.as_u16());
        assert!(table.contains(&row), "{row} is not in the README");
    }
    // The words are those of the errors, each in the row it belongs to or beside it.
    let kinds = read("src/proxy/error.rs");
    let (_, kinds) = kinds.split_once("pub fn kind(").unwrap();
    let (kinds, _) = kinds.split_once("\n    }\n").unwrap();
    for kind in kinds.split('"').skip(1).step_by(2) {
        assert!(table.contains(&format!("`{kind}`")), "`{kind}` is not in the README");
    }
}

#[tokio::test]
async fn a_problem_tells_where_and_why_and_never_what() {
    let error = ProxyError::Blocked(BlockedBy::Law);
    let response = of(&error, TraceId([0xab; 16]), &particulars());
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["link"], "<https://gateway.example/>; rel=\"blocked-by\"");
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let mut problem: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let help = problem.as_object_mut().and_then(|members| members.remove("help")).unwrap();
    let help = help.as_str().unwrap();
    assert!(help.contains("bordergate explain") && help.contains("\"route\": \"us\""), "{help}");
    assert_eq!(
        problem,
        serde_json::json!({
            "type": "urn:bordergate:problem:blocked-by-law",
            "title": "Blocked by law",
            "status": 451,
            "detail": "No sale of personal information.",
            "instance": format!("urn:bordergate:trace:{}", "ab".repeat(16)),
            "rules": ["MI-50"],
            "fields": [{"pointer": "/email", "category": "user.contact.email", "by": ["MI-50"]}],
        })
    );
}

#[test]
fn a_wrong_method_is_told_the_right_ones() {
    let error = ProxyError::MethodNotAllowed { allow: "PATCH, POST".into() };
    let response = of(&error, TraceId([1; 16]), &Particulars::default());
    assert_eq!(response.headers()["allow"], "PATCH, POST");
    assert!(!response.headers().contains_key("link"));
}

#[test]
fn a_body_left_unread_ends_the_connection() {
    for (error, closes) in [(ProxyError::BodyTooLarge, true), (ProxyError::NoRoute, false)] {
        let response = of(&error, TraceId([1; 16]), &Particulars::default());
        assert_eq!(response.headers().contains_key("connection"), closes, "{error}");
    }
}
