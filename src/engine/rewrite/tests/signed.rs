use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::*;

/// What is signed within a body, and what stands beside it and is not.
#[test]
fn a_signature_within_a_body_is_known_by_what_it_covers() {
    let engine = engine("[email]", "replacement: {kind: remove}");
    let payload = BASE64_URL_SAFE_NO_PAD.encode(r#"{"email":"sana.k@example.pk","a":1}"#);
    let pgp = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nsana.k@example.pk\n\
               -----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n-----END PGP SIGNATURE-----\n";
    let dkim = "DKIM-Signature: v=1; a=rsa-sha256; d=example.pk; h=from; bh=Zm9v; b=YmFy\r\n\
                From: sana.k@example.pk\r\n\r\nhello";
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let mime =
        "From: sana.k@example.pk\r\nContent-Type: multipart/signed; boundary=a\r\n\r\n--a--\r\n";
    let part = |mail: &str, beside: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"mail\"; filename=\"a.eml\"\r\n\
             Content-Type: message/rfc822\r\n\r\n{mail}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"note\"\r\n\r\n{beside}\r\n--b--\r\n"
        )
    };
    let (json, text, form) = ("application/json", "text/plain", "multipart/form-data; boundary=b");
    for (media_type, body, expected) in [
        (
            json,
            format!(
                r#"{{"payload":"{payload}","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"c2ln"}}"#
            ),
            Some("jws"),
        ),
        (
            json,
            format!(
                r#"{{ "signatures" : [{{"header":{{"kid":"1"}},"signature":"c2ln"}}], "payload" : "{payload}" }}"#
            ),
            Some("jws"),
        ),
        (
            json,
            format!(
                r#"{{"payloadType":"application/json","payload":"{payload}","signatures":[{{"sig":"c2ln"}}]}}"#
            ),
            Some("jws"),
        ),
        (json, format!(r#"{{"payload":"{payload}","id":"signature"}}"#), None),
        (json, r#"{"payload":"sana.k@example.pk","signature":"Sana"}"#.to_owned(), None),
        (text, pgp.to_owned(), Some("pgp_signed_message")),
        (text, format!("{}\nsana.k@example.pk\n", pgp.replace("sana.k@example.pk", "hello")), None),
        (json, format!(r#"{{"m":{}}}"#, quoted(pgp)), Some("pgp_signed_message")),
        ("message/rfc822", dkim.to_owned(), Some("dkim_signature")),
        ("message/rfc822", dkim.replace("DKIM-Signature", "X-DKIM-Signature"), None),
        // Names of fields know no case (RFC 5322 §1.2.2).
        (
            "message/rfc822",
            dkim.replace("DKIM-Signature", "DKIM-SIGNATURE"),
            Some("dkim_signature"),
        ),
        (
            "message/rfc822",
            dkim.replace("DKIM-Signature: v=1;", "Received: x\r\narc-message-signature: i=1;"),
            Some("dkim_signature"),
        ),
        ("message/rfc822", mime.to_owned(), Some("multipart_signed")),
        (json, format!(r#"{{"a":"\"","m":{},"b":1}}"#, quoted(dkim)), Some("dkim_signature")),
        (
            json,
            format!(
                r#"{{"m":{},"to":"sana.k@example.pk"}}"#,
                quoted(&dkim.replace("sana.k@example.pk", "\"Sana\""))
            ),
            None,
        ),
        (form, part(dkim, "hello"), Some("dkim_signature")),
        (form, part(&dkim.replace("sana.k@example.pk", "hello"), "sana.k@example.pk"), None),
    ] {
        let verdict = inspect(&engine, "/", &[("content-type", media_type)], body.as_bytes());
        let told: Vec<_> =
            verdict.decision.annotations.iter().filter_map(|it| it.value.as_deref()).collect();
        assert_eq!(told, expected.as_slice(), "{media_type}: {body}");
        let effect = if expected.is_some() { Effect::Block } else { Effect::Redact };
        assert_eq!(verdict.decision.effect, effect, "{media_type}: {body}");
    }
}
