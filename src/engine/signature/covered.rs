//! What a signature in the head covers.

use sfv::{Dictionary, ListEntry, Parser};

use super::{Broken, Changed, Kind, Message};

/// Some signature of `Signature-Input` covers what changes (RFC 9421 §2). One that cannot be read may
/// cover anything.
pub(super) fn http_message(message: &Message<'_>, changed: &Changed<'_>) -> bool {
    let lines: Vec<&[u8]> = message
        .headers
        .iter()
        .filter(|(name, _)| *name == "signature-input")
        .map(|(_, value)| *value)
        .collect();
    let Ok(inputs) = Parser::new(&lines.join(&b", "[..])).parse::<Dictionary>() else {
        return true;
    };
    let is_changed = |component: &str| match component {
        "@target-uri" | "@request-target" => changed.target(),
        "@path" => changed.path,
        "@query" | "@query-param" => changed.query,
        "@method" | "@authority" | "@scheme" | "@status" => false,
        // A component of a later specification.
        derived if derived.starts_with('@') => true,
        header => changed.has_header(header),
    };
    inputs.values().any(|input| match input {
        ListEntry::InnerList(list) => list.items.iter().any(|item| {
            item.bare_item.as_string().is_none_or(|component| is_changed(component.as_str()))
        }),
        ListEntry::Item(_) => true,
    })
}

/// What kind of signature `Authorization` holds, if one that would not hold any more.
pub(super) fn authorization(
    message: &Message<'_>,
    value: &str,
    changed: &Changed<'_>,
) -> Option<Kind> {
    let (scheme, parameters) = value.trim().split_once([' ', '\t'])?;
    let is = |known: &str| scheme.eq_ignore_ascii_case(known);
    if is("signature") {
        return cavage(parameters, changed).then_some(Kind::Authorization);
    }
    if is("oauth") {
        if !parameters.contains("oauth_signature=") || parameters.contains("\"PLAINTEXT\"") {
            return None;
        }
        let is_form = message.header("content-type").is_some_and(|it| {
            it.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
        });
        let covers_body = is_form || parameters.contains("oauth_body_hash=");
        return (changed.target() || (changed.body && covers_body)).then_some(Kind::OAuth);
    }
    if is("digest") {
        // What is asked for is in the digest, and what is sent where it says so (RFC 7616 §3.4.3).
        let covers_body = parameter(parameters, "qop")
            .is_some_and(|qop| qop.trim().eq_ignore_ascii_case("auth-int"));
        let is_broken = changed.target() || (changed.body && covers_body);
        return is_broken.then_some(Kind::Authorization);
    }
    let upper = scheme.to_ascii_uppercase();
    let is_known = ["AWS4-", "GOOG4-", "ACS3-", "TC3-", "SDK-HMAC", "EG1-", "SHAREDKEY"]
        .iter()
        .any(|prefix| upper.starts_with(prefix))
        || upper.contains("HMAC")
        || ["ACS", "AMX", "AWS", "COS", "HAWK", "OBS", "OSS"].contains(&upper.as_str());
    if !is_known {
        // Whatever the scheme, what it calls a signature is one: WECHATPAY2-SHA256-RSA2048 has it so.
        let is_signed =
            ["signature", "mac"].iter().any(|name| parameter(parameters, name).is_some());
        return (is_signed && (changed.target() || changed.body)).then_some(Kind::Authorization);
    }
    let signed = parameter(parameters, "signedheaders");
    let is_broken = match signed {
        Some(signed) => {
            let covers_body = !is_unsigned_payload(message);
            changed.target()
                || (changed.body && covers_body)
                || signed.split([';', ' ']).any(|name| changed.has_header(name.trim()))
        }
        None => changed.anything(),
    };
    is_broken.then_some(Kind::Authorization)
}

/// A signature of draft-cavage-http-signatures-12: covers what `headers` lists, and the date without it.
pub(super) fn cavage(parameters: &str, changed: &Changed<'_>) -> bool {
    match parameter(parameters, "headers") {
        Some(headers) => headers.split_ascii_whitespace().any(|name| match name {
            "(request-target)" => changed.target(),
            "(created)" | "(expires)" => false,
            header => changed.has_header(header),
        }),
        // Somebody else's use of the name: it may cover anything.
        None if parameter(parameters, "keyid").is_none() => changed.body || changed.target(),
        None => changed.has_header("date"),
    }
}

/// A URL that is signed: by SigV4 or its like, or a shared access signature.
pub(super) fn url(message: &Message<'_>, changed: &Changed<'_>) -> Option<Broken> {
    let (_, query) = message.target.split_once('?')?;
    let value = |wanted: &str| {
        query.split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.eq_ignore_ascii_case(wanted).then_some(value)
        })
    };
    let is_vendor = ["x-amz-signature", "x-goog-signature", "x-oss-signature", "q-signature"]
        .iter()
        .any(|name| value(name).is_some());
    // Azure's: a version, an expiry and the signature.
    let is_shared_access = value("sig").is_some() && value("sv").is_some() && value("se").is_some();
    if !is_vendor && !is_shared_access {
        return None;
    }
    // Object stores do not sign what is put into a signed URL; other services do.
    let is_object_store = is_shared_access
        || value("x-amz-signature").is_none()
        || value("x-amz-credential")
            .is_some_and(|it| it.to_ascii_lowercase().replace("%2f", "/").contains("/s3/"));
    let covers_body = !is_object_store && !is_unsigned_payload(message);
    let signed =
        ["x-amz-signedheaders", "x-goog-signedheaders"].iter().find_map(|name| value(name));
    let covers_header = signed.is_some_and(|signed| {
        let signed = signed.to_ascii_lowercase().replace("%3b", ";");
        signed.split(';').any(|name| changed.has_header(name))
    });
    (changed.target() || (changed.body && covers_body) || covers_header)
        .then_some(Broken { kind: Kind::Url, headers: Vec::new() })
}

/// The target without the pair that holds the signature.
pub(super) fn without_signature(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let names = ["x-amz-signature", "x-goog-signature", "x-oss-signature", "q-signature", "sig"];
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !names.iter().any(|known| known.eq_ignore_ascii_case(name))
        })
        .collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// The sender says that the body is not signed.
fn is_unsigned_payload(message: &Message<'_>) -> bool {
    message.header("x-amz-content-sha256").is_some_and(|stated| {
        matches!(stated, b"UNSIGNED-PAYLOAD" | b"STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    })
}

/// The value of `name=value` or `name="value"` in a list of parameters.
fn parameter<'p>(parameters: &'p str, name: &str) -> Option<&'p str> {
    let lower = parameters.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let at = from + lower.get(from..)?.find(name)?;
        let before = lower.get(..at)?.chars().next_back();
        let rest = parameters.get(at + name.len()..)?.trim_start();
        from = at + name.len();
        if before.is_none_or(|before| matches!(before, ' ' | ',' | '\t' | ';'))
            && let Some(value) = rest.strip_prefix('=')
        {
            let value = value.trim_start();
            return match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => value.split([',', ' ']).next(),
            };
        }
    }
}

/// `header..signature` (RFC 7515, appendix F).
pub(super) fn is_detached_jws(value: &str) -> bool {
    let is_code = |part: &str| {
        part.len() >= 10
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let value = value.trim();
    value.starts_with("eyJ")
        && value.split_once("..").is_some_and(|(header, code)| is_code(header) && is_code(code))
}

/// A header called after a signature, with a value that can be one: `x-hub-signature-256`,
/// `stripe-signature`, `x-acme-hmac-sha256`.
pub(super) fn is_signature(name: &str, value: &str) -> bool {
    const SIGNATURES: [&str; 6] = ["signature", "signatures", "sig", "sign", "hmac", "mac"];
    /// What stands beside a signature is no signature.
    const BESIDE: [&str; 19] = [
        "input",
        "timestamp",
        "time",
        "date",
        "version",
        "method",
        "algorithm",
        "alg",
        "type",
        "nonce",
        "key",
        "keyid",
        "id",
        "headers",
        "certificate",
        "cert",
        "url",
        "agent",
        "address",
    ];
    const CODE_BYTES_MIN: usize = 20;
    let mut words = name.split(['-', '_']);
    let is_named = words.clone().any(|word| SIGNATURES.contains(&word));
    if !is_named || words.next_back().is_some_and(|last| BESIDE.contains(&last)) {
        return false;
    }
    let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
    value.as_bytes().split(|byte| !is_code(byte)).any(|run| run.len() >= CODE_BYTES_MIN)
}
