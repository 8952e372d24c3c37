//! Request and response heads: what is refused, what is taken off, what is put on.
//!
//! Hop-by-hop headers end here in both directions (RFC 9110 §7.6.1). The message goes out framed by
//! us, from the body we hold, so that no two readers can disagree about where it ends.

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header, request,
    uri::{Authority, PathAndQuery},
};
use ipnet::IpNet;

use super::{ProxyError, body::Announced, context, identity, upstream::Outgoing};
use crate::telemetry::TraceContext;

/// What a sender says of its body before it sends it.
pub(super) fn announced(headers: &HeaderMap) -> Announced {
    let length = headers.get(header::CONTENT_LENGTH);
    Announced {
        length: length.and_then(|length| length.to_str().ok()?.trim().parse().ok()),
        waits: headers.contains_key(header::EXPECT),
    }
}

/// What is refused before anything is looked up.
pub(super) fn check(head: &request::Parts) -> Result<(), ProxyError> {
    if head.method == Method::CONNECT || head.headers.contains_key(header::UPGRADE) {
        return Err(ProxyError::Tunnel);
    }
    let is_http2 = head.version == Version::HTTP_2;
    let Framing { hosts, lengths, codings, all_chunked, all_trimmed } = Framing::of(&head.headers);
    if hosts > 1 {
        return Err(ProxyError::HeadMalformed("There is more than one `Host`."));
    }
    if lengths > 1 {
        return Err(ProxyError::HeadMalformed("There is more than one `Content-Length`."));
    }
    if codings > 0 && lengths > 0 {
        return Err(ProxyError::HeadMalformed(
            "`Transfer-Encoding` and `Content-Length` contradict each other.",
        ));
    }
    if codings > 1 || !all_chunked {
        return Err(ProxyError::HeadMalformed("The only transfer coding read here is `chunked`."));
    }
    // Of HTTP/1.1 it is no part of the value.
    if is_http2 && !all_trimmed {
        return Err(ProxyError::HeadMalformed("A value begins or ends with white space."));
    }
    if head.uri.scheme_str().is_some_and(|scheme| {
        !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https")
    }) {
        return Err(ProxyError::HeadMalformed(
            "The target's scheme is neither `http` nor `https`.",
        ));
    }
    if head.uri.authority().is_some() && head.uri.scheme().is_none() {
        // RFC 9112 §3.2.3: that is how CONNECT names its target.
        return Err(ProxyError::HeadMalformed("The target is neither a path nor a URL."));
    }
    let authority = authority(head);
    if authority.is_empty() {
        return Err(ProxyError::HeadMalformed("There is no `Host`."));
    }
    let is_one = |authority: &str| {
        let parsed = authority.parse::<Authority>().ok().filter(|_| !authority.contains('@'));
        // A number that no port has is `None` like one that is not there.
        parsed.is_some_and(|it| it.port_u16().is_some() || it.as_str() == it.host())
    };
    if !is_plain(authority) && !is_one(authority) {
        return Err(ProxyError::HeadMalformed("`Host` is not a host and port."));
    }
    // RFC 9113 §8.3.1. What HTTP/1.1 says beside an absolute target counts for nothing (RFC 9112 §3.2.2).
    if let (true, Some(authority), Some(host)) =
        (is_http2, head.uri.authority(), head.headers.get(header::HOST))
        && !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes())
    {
        return Err(ProxyError::HeadMalformed("`Host` contradicts the request's target."));
    }
    if head.uri.path() == "*" && head.method != Method::OPTIONS {
        return Err(ProxyError::HeadMalformed("`*` is a target of OPTIONS alone."));
    }
    if crate::route::is_ambiguous(head.uri.path()) {
        return Err(ProxyError::PathAmbiguous);
    }
    match hops_left(head)? {
        Some(0) => Err(ProxyError::MaxForwards),
        Some(_) | None => Ok(()),
    }
}

/// How often a request that asks about the way itself may be passed on (RFC 9110 §7.6.2); others may say so and are not
/// heard.
fn hops_left(head: &request::Parts) -> Result<Option<u64>, ProxyError> {
    if head.method != Method::OPTIONS && head.method != Method::TRACE {
        return Ok(None);
    }
    let mut all = head.headers.get_all(header::MAX_FORWARDS).iter();
    let Some(first) = all.next() else { return Ok(None) };
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let text = first.to_str().ok().filter(is_number).filter(|_| all.next().is_none());
    // Beyond what is counted it is as good as none.
    text.map(|text| Some(text.parse().unwrap_or(u64::MAX)))
        .ok_or(ProxyError::HeadMalformed("`Max-Forwards` is not a number."))
}

/// One hop less is left behind us.
pub(super) fn count_hop(head: &mut request::Parts) {
    if let Ok(Some(left)) = hops_left(head) {
        head.headers.insert(header::MAX_FORWARDS, HeaderValue::from(left.saturating_sub(1)));
    }
}

/// What says where a message ends, and whom it is for.
struct Framing {
    hosts: usize,
    lengths: usize,
    codings: usize,
    all_chunked: bool,
    /// No value begins or ends with white space.
    all_trimmed: bool,
}

impl Framing {
    /// In one pass, since each look-up by name costs more than the pass does.
    fn of(headers: &HeaderMap) -> Self {
        let mut framing =
            Self { hosts: 0, lengths: 0, codings: 0, all_chunked: true, all_trimmed: true };
        let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        for (name, value) in headers {
            let text = value.as_bytes();
            framing.all_trimmed &= !is_space(text.first()) && !is_space(text.last());
            match name.as_str() {
                "host" => framing.hosts += 1,
                "content-length" => framing.lengths += 1,
                "transfer-encoding" => {
                    framing.codings += 1;
                    framing.all_chunked &= value.as_bytes().eq_ignore_ascii_case(b"chunked");
                }
                _ => {}
            }
        }
        framing
    }
}

/// A name or an IPv4 address without port, as most are: nothing in it needs a closer look.
fn is_plain(authority: &str) -> bool {
    authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

/// Who was asked for: `:authority`, the authority of an absolute target, or `Host`.
pub(super) fn authority(head: &request::Parts) -> &str {
    match head.uri.authority() {
        Some(authority) => authority.as_str(),
        None => head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or(""),
    }
}

/// Path and query as on the request line.
pub(super) fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}

/// Path and query alone, as they go to a data centre.
pub(super) fn origin_form(uri: Uri) -> Uri {
    if uri.authority().is_none() {
        return uri;
    }
    let target = uri.path_and_query().cloned();
    match target.as_ref().map(PathAndQuery::as_str) {
        // Of an absolute target the path may be absent (RFC 9112 §3.2.1).
        Some(query) if query.starts_with('?') => format!("/{query}").parse().unwrap_or_default(),
        _ => target.map(Uri::from).unwrap_or_default(),
    }
}

/// Puts on what is ours to say: length, trace and the mark of an intermediary.
pub(super) fn complete(outgoing: &mut Outgoing, trace: &TraceContext) {
    set_length(&mut outgoing.headers, &outgoing.method, &outgoing.body, outgoing.declares_length);
    if let Ok(traceparent) = HeaderValue::from_bytes(&trace.header()) {
        outgoing.headers.insert(TRACEPARENT, traceparent);
    }
    // RFC 9110 §7.6.3 asks this of every gateway towards its data centre.
    outgoing.headers.append(header::VIA, HeaderValue::from_static("1.1 bordergate"));
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Takes off what must not be forwarded: everything between this hop and the one before, and what
/// only a trusted hop may say.
pub(super) fn strip_request(headers: &mut HeaderMap, trusted: bool) {
    // gRPC asks for trailers with the one value of `TE` that may be passed on.
    let wants_trailers = headers.get(header::TE).is_some_and(|te| te == "trailers");
    strip_named_by_connection(headers);
    strip(headers, |name| {
        is_hop_by_hop(name) || is_of_a_request(name) || (!trusted && is_of_a_trusted_hop(name))
    });
    if wants_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

pub(super) fn strip_response(headers: &mut HeaderMap) {
    strip_named_by_connection(headers);
    strip(headers, |name| is_hop_by_hop(name) || is_of_a_response(name));
}

/// HTTP/2 may cut the cookies into lines, which are one list to whoever reads them (RFC 9113 §8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(header::COOKIE).iter();
    if let (Some(first), Some(second)) = (lines.next(), lines.next()) {
        let all: Vec<&[u8]> =
            [first, second].into_iter().chain(lines).map(HeaderValue::as_bytes).collect();
        // Lines that are header values are one together.
        if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
            headers.insert(header::COOKIE, joined);
        }
    }
}

/// Takes off what `goes`, asked of each name in small letters: hardly any does, and looking up each that may
/// would take longer.
fn strip(headers: &mut HeaderMap, goes: impl Fn(&str) -> bool) {
    let found: Vec<HeaderName> =
        headers.keys().filter(|name| goes(name.as_str())).cloned().collect();
    for name in found {
        headers.remove(name);
    }
}

fn strip_named_by_connection(headers: &mut HeaderMap) {
    let plain = |value: &HeaderValue| value == "keep-alive" || value == "close";
    // Nearly all that is ever named is no header, or goes anyway.
    if headers.get_all(header::CONNECTION).iter().any(|value| !plain(value)) {
        let named: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| name.trim().parse().ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
    }
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is ours to say anew, or was said to us alone: the names of workloads are the mesh's own affair.
fn is_of_a_request(name: &str) -> bool {
    matches!(name, "host" | "content-length" | "expect" | "traceparent")
        || name == context::HEADER.as_str()
        || name == identity::FORWARDED_CLIENT_CERT.as_str()
}

/// What only somebody who stood before us can know: who called whom, by which certificate (RFC 9440 §4), and which
/// target it was before somebody changed it.
fn is_of_a_trusted_hop(name: &str) -> bool {
    matches!(
        name,
        "forwarded"
            | "client-cert"
            | "client-cert-chain"
            | "x-original-url"
            | "x-rewrite-url"
            | "x-envoy-original-path"
    ) || name.starts_with("x-forwarded-")
}

/// What our callers would take for ours, and where else the data centre would like to be asked (RFC 7838): nobody
/// would look into what goes there.
fn is_of_a_response(name: &str) -> bool {
    matches!(name, "alt-svc" | "traceparent") || name == context::HEADER.as_str()
}

/// RFC 9110 §7.6.1, and what is older than it.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Who the request comes from in the end: the peer, or whom a chain of trusted hops names. `None` when
/// a trusted hop names somebody who has no address, or the two ways to name them disagree.
pub(super) fn client_address(
    headers: &HeaderMap,
    peer: SocketAddr,
    trusted_hops: &[IpNet],
) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusts(trusted_hops, address);
    if !is_trusted(peer.ip()) {
        return Some(peer.ip().to_canonical());
    }
    // From the nearest hop outwards: the first that is not ours is the one we were told of by ours.
    let client_of = |chain: Vec<Option<IpAddr>>| {
        let mut client = Some(peer.ip().to_canonical());
        for address in chain.into_iter().rev() {
            client = address;
            if !address.is_some_and(is_trusted) {
                break;
            }
        }
        client
    };
    let forwarded = || {
        let elements = lines(headers, &header::FORWARDED).filter_map(|element| {
            element.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                name.trim().eq_ignore_ascii_case("for").then(|| node(value))
            })
        });
        client_of(elements.collect())
    };
    let for_short = || client_of(lines(headers, &X_FORWARDED_FOR).map(node).collect());
    match (headers.contains_key(header::FORWARDED), headers.contains_key(X_FORWARDED_FOR)) {
        // Our hops write one of them, and whoever called may have written the other.
        (true, true) => forwarded().filter(|client| for_short() == Some(*client)),
        (true, false) => forwarded(),
        (false, _) => for_short(),
    }
}

pub(super) fn trusts(hops: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    hops.iter().any(|network| network.contains(&address))
}

pub(super) fn lines<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).into_iter().flat_map(|value| value.to_str().unwrap_or("?").split(','))
}

/// An address as `Forwarded` (RFC 7239 §6) and `X-Forwarded-For` write it, with or without port.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let address = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?.parse().ok()?,
        None => match text.parse::<IpAddr>() {
            Ok(address) => address,
            Err(_) => text.rsplit_once(':')?.0.parse().ok()?,
        },
    };
    Some(address.to_canonical())
}

/// Puts the length of `body` on, unless nothing was declared and there is nothing.
pub(super) fn set_length(headers: &mut HeaderMap, method: &Method, body: &[u8], declared: bool) {
    let expects_body =
        *method == Method::POST || *method == Method::PUT || *method == Method::PATCH;
    if !body.is_empty() || declared || expects_body {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: &str, headers: &[(&str, &str)]) -> request::Parts {
        let mut builder = http::Request::builder().method("POST").uri(target);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap().into_parts().0
    }

    /// RFC 9113 §8.2.1, §8.3.1.
    #[test]
    fn http2_has_one_authority_and_no_space_around_values() {
        let is_refused = |headers: &[(&str, &str)]| {
            let mut parts = parts("http://a.example/x", headers);
            parts.version = Version::HTTP_2;
            check(&parts).is_err()
        };
        assert!(!is_refused(&[("host", "A.example"), ("x", "a b"), ("y", "")]));
        for header in [("host", "b.example"), ("x", " a"), ("x", "a\t"), ("x", " ")] {
            assert!(is_refused(&[header]), "{header:?}");
        }
    }

    /// RFC 9110 §7.6.2.
    #[test]
    fn hops_are_counted_for_who_asks_about_the_way() {
        let left = |method: Method, values: &[&str]| {
            let headers: Vec<_> = values.iter().map(|value| ("max-forwards", *value)).collect();
            let mut parts = parts("http://a.example/x", &headers);
            parts.method = method;
            check(&parts).map_err(|error| error.kind())?;
            count_hop(&mut parts);
            let left = parts.headers.get(header::MAX_FORWARDS);
            Ok::<_, &str>(left.map(|left| left.to_str().unwrap().to_owned()))
        };
        for method in [Method::OPTIONS, Method::TRACE] {
            assert_eq!(left(method.clone(), &[]), Ok(None));
            assert_eq!(left(method.clone(), &["10"]), Ok(Some("9".into())));
            assert_eq!(left(method.clone(), &["1"]), Ok(Some("0".into())));
            assert_eq!(left(method.clone(), &["0"]), Err("max-forwards"));
            assert_eq!(left(method.clone(), &["00"]), Err("max-forwards"));
            assert!(left(method.clone(), &["99999999999999999999999"]).is_ok());
            for values in [&["-1"][..], &[""], &["1 "], &["1", "2"]] {
                assert_eq!(left(method.clone(), values), Err("head-malformed"), "{values:?}");
            }
        }
        assert_eq!(left(Method::POST, &["0"]), Ok(Some("0".into())));
    }

    #[test]
    fn a_head_that_could_be_read_in_two_ways_is_refused() {
        for (target, headers, expected) in [
            ("/", &[("host", "a.example")][..], None),
            ("http://a.example/x", &[], None),
            ("http://a.example/x", &[("host", "A.example")], None),
            // RFC 9112 §3.2.2: the target says it.
            ("http://a.example/x", &[("host", "b.example")], None),
            ("https://a.example/x", &[], None),
            ("ftp://a.example/x", &[], Some("head-malformed")),
            ("a.example", &[("host", "a.example")], Some("head-malformed")),
            ("/", &[], Some("head-malformed")),
            ("/", &[("host", "")], Some("head-malformed")),
            ("/", &[("host", "user@a.example")], Some("head-malformed")),
            ("/", &[("host", "a.example/b")], Some("head-malformed")),
            ("/", &[("host", "[::1]:8080")], None),
            ("/", &[("host", "a.example:443")], None),
            ("/", &[("host", "a.example:867619040000019")], Some("head-malformed")),
            ("*", &[("host", "a.example")], Some("head-malformed")),
            ("/", &[("host", "a"), ("transfer-encoding", "gzip, chunked")], Some("head-malformed")),
            ("/", &[("host", "a"), ("transfer-encoding", "chunked")], None),
            ("/", &[("host", "a"), ("transfer-encoding", "Chunked")], None),
            (
                "/",
                &[
                    ("host", "a"),
                    ("transfer-encoding", "chunked"),
                    ("transfer-encoding", "chunked"),
                ],
                Some("head-malformed"),
            ),
            ("/", &[("host", "a"), ("host", "b")], Some("head-malformed")),
            (
                "/",
                &[("host", "a"), ("content-length", "1"), ("content-length", "1")],
                Some("head-malformed"),
            ),
            (
                "/",
                &[("host", "a"), ("content-length", "1"), ("transfer-encoding", "chunked")],
                Some("head-malformed"),
            ),
            ("/a/../b", &[("host", "a")], Some("path-ambiguous")),
            ("/", &[("host", "a"), ("upgrade", "websocket")], Some("tunnel")),
        ] {
            let answer = check(&parts(target, headers)).err().map(|error| error.kind());
            assert_eq!(answer, expected, "{target} {headers:?}");
        }
    }

    #[test]
    fn an_absolute_target_goes_out_with_a_path() {
        for (target, expected) in [
            ("http://a.example/x?y", "/x?y"),
            ("http://a.example", "/"),
            ("http://a.example?y=1", "/?y=1"),
            ("/x", "/x"),
        ] {
            assert_eq!(super::target(&origin_form(target.parse().unwrap())), expected, "{target}");
        }
    }

    #[test]
    fn what_belongs_to_one_hop_ends_here() {
        let mut head = parts(
            "/",
            &[
                ("host", "a"),
                ("connection", "keep-alive, X-Private"),
                ("x-private", "1"),
                ("keep-alive", "timeout=5"),
                ("te", "trailers"),
                ("proxy-authorization", "Basic eDp5"),
                ("transfer-encoding", "chunked"),
                ("expect", "100-continue"),
                ("bordergate-transfer", "origin=PK"),
                ("x-forwarded-for", "192.0.2.1"),
                ("x-forwarded-client-cert", "URI=spiffe://mesh/a"),
                ("forwarded", "for=192.0.2.1"),
                ("accept", "*/*"),
                ("cookie", "a=b"),
            ],
        );
        let mut trusted = head.headers.clone();
        strip_request(&mut head.headers, false);
        let mut left: Vec<&str> = head.headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "cookie", "te"]);
        strip_request(&mut trusted, true);
        assert!(trusted.contains_key("x-forwarded-for") && trusted.contains_key("forwarded"));
        assert!(!trusted.contains_key("bordergate-transfer"));
        assert!(!trusted.contains_key("x-forwarded-client-cert"));
    }

    #[test]
    fn the_caller_is_whom_the_nearest_trusted_hops_name() {
        let hops: Vec<IpNet> = ["10.0.0.0/8", "::1/128"].map(|hop| hop.parse().unwrap()).to_vec();
        let row = |peer: &str, headers: &[(&str, &str)]| {
            let head = parts("/", headers);
            let peer = SocketAddr::new(peer.parse().unwrap(), 1);
            client_address(&head.headers, peer, &hops).map(|address| address.to_string())
        };
        for (peer, headers, expected) in [
            ("192.0.2.9", &[][..], Some("192.0.2.9")),
            // Not trusted: whatever it says.
            ("192.0.2.9", &[("x-forwarded-for", "198.51.100.1")], Some("192.0.2.9")),
            ("10.0.0.1", &[], Some("10.0.0.1")),
            ("10.0.0.1", &[("x-forwarded-for", "198.51.100.1")], Some("198.51.100.1")),
            // What stands before the first stranger was said by the stranger.
            (
                "10.0.0.1",
                &[("x-forwarded-for", "203.0.113.5, 198.51.100.1, 10.0.0.2")],
                Some("198.51.100.1"),
            ),
            (
                "10.0.0.1",
                &[("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "198.51.100.1:4711")],
                Some("198.51.100.1"),
            ),
            ("::ffff:10.0.0.1", &[("x-forwarded-for", "198.51.100.1")], Some("198.51.100.1")),
            ("::1", &[("forwarded", "for=\"[2001:db8::7]:9\";proto=https")], Some("2001:db8::7")),
            ("10.0.0.1", &[("forwarded", "For=198.51.100.1, for=10.0.0.2")], Some("198.51.100.1")),
            // A hop that writes the one lets the other through, which anybody may have written.
            (
                "10.0.0.1",
                &[("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "1.1.1.1")],
                None,
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "198.51.100.1")],
                Some("198.51.100.1"),
            ),
            ("10.0.0.1", &[("forwarded", "for=unknown")], None),
            ("10.0.0.1", &[("forwarded", "for=_hidden, for=10.0.0.2")], None),
            ("10.0.0.1", &[("x-forwarded-for", "rubbish")], None),
            ("10.0.0.1", &[("x-forwarded-for", "10.0.0.3")], Some("10.0.0.3")),
        ] {
            assert_eq!(row(peer, headers).as_deref(), expected, "{peer} {headers:?}");
        }
    }

    #[test]
    fn what_only_one_side_may_say_is_taken_off() {
        let names = |headers: &HeaderMap| -> Vec<String> {
            headers.keys().map(|name| name.as_str().to_owned()).collect()
        };
        let request = || {
            let mut headers = HeaderMap::new();
            for name in ["x-forwarded-host", "client-cert", "x-original-url", "accept"] {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
            }
            headers
        };
        let mut headers = request();
        strip_request(&mut headers, false);
        assert_eq!(names(&headers), ["accept"]);
        let mut headers = request();
        strip_request(&mut headers, true);
        assert_eq!(headers.len(), 4);
        let mut headers = request();
        headers.insert("alt-svc", HeaderValue::from_static("h3=\":443\""));
        headers.insert("bordergate-transfer", HeaderValue::from_static("origin=PK"));
        strip_response(&mut headers);
        assert_eq!(headers.len(), 4);
    }

    #[test]
    fn cookies_in_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        for line in ["a=1", "b=2; c=3", "d=4"] {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        }
        join_cookies(&mut headers);
        let lines: Vec<_> = headers.get_all(header::COOKIE).iter().collect();
        assert_eq!(lines, ["a=1; b=2; c=3; d=4"]);
    }

    proptest::proptest! {
        /// Whatever a hop says, it is read or it is not; nothing else happens.
        #[test]
        fn no_header_panics(peer: std::net::Ipv4Addr, value: Vec<u8>, path in "/[ -~]{0,40}") {
            let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
            let hops = ["0.0.0.0/0".parse().unwrap()];
            for name in ["forwarded", "x-forwarded-for", "connection", "content-digest", "digest"] {
                let mut headers = HeaderMap::new();
                headers.insert(name, value.clone());
                client_address(&headers, SocketAddr::new(peer.into(), 1), &hops);
                announced(&headers);
                super::super::digest::renew(&mut headers, b"before", b"body");
                strip_request(&mut headers, true);
            }
            crate::route::is_ambiguous(&path);
        }
    }

    #[test]
    fn a_length_is_put_on_where_one_is_expected() {
        for (method, body, declared, expected) in [
            (Method::POST, &b"abc"[..], true, Some("3")),
            (Method::POST, b"", false, Some("0")),
            (Method::GET, b"", false, None),
            (Method::GET, b"", true, Some("0")),
            (Method::GET, b"x", false, Some("1")),
            (Method::DELETE, b"", false, None),
        ] {
            let mut headers = HeaderMap::new();
            set_length(&mut headers, &method, body, declared);
            let length = headers.get("content-length").map(|value| value.to_str().unwrap());
            assert_eq!(length, expected, "{method}");
        }
    }
}
