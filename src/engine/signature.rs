//! Signatures over a message that a redaction would break.
//!
//! Whoever receives a message with a signature that does not hold takes it for forged. So what a redaction
//! breaks is told, and the rules say whether it is blocked, sent without the signature or sent as it is.
//! What a signature covers is read where it says so (RFC 9421, SigV4, draft-cavage); one that does not say
//! is taken to cover path, query and body. A member of a body that only its parties know for a signature
//! is not recognised.

mod covered;
mod inside;

#[cfg(test)]
mod tests;

use super::{Redacted, message::Message, reading::Reading};
use crate::{
    domain::BrokenSignature,
    policy::{Annotation, Decision, RuleSet},
};

/// How a signature is made and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// HTTP Message Signatures (RFC 9421).
    HttpMessage,
    /// `Authorization` with a signature over what it lists: SigV4 and its kin, draft-cavage; with a digest (RFC 7616).
    Authorization,
    /// A signed URL.
    Url,
    /// OAuth 1.0 (RFC 5849 §3.4).
    OAuth,
    /// A code over the body in a header of its own.
    Header,
    /// A detached JWS (RFC 7515, appendix F).
    DetachedJws,
    /// A token inside the message whose claims were changed (RFC 7519).
    Jwt,
    /// A signed value in a JSON document (RFC 7515 §7.2, DSSE).
    Jws,
    /// XML Signature in the document (RFC 3275).
    Xml,
    /// A text with an OpenPGP signature below it (RFC 9580 §7).
    Pgp,
    /// A mail with DKIM or ARC (RFC 6376, RFC 8617).
    Dkim,
    /// `multipart/signed` (RFC 1847).
    Mime,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::HttpMessage => "http_message_signature",
            Self::Authorization => "signed_authorization",
            Self::Url => "signed_url",
            Self::OAuth => "oauth_signature",
            Self::Header => "signature_header",
            Self::DetachedJws => "detached_jws",
            Self::Jwt => "jwt",
            Self::Jws => "jws",
            Self::Xml => "xml_signature",
            Self::Pgp => "pgp_signed_message",
            Self::Dkim => "dkim_signature",
            Self::Mime => "multipart_signed",
        }
    }
}

/// A signature that would not hold any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) kind: Kind,
    /// The headers it stands in, by their number; none when it stands in the URL or the body.
    pub(super) headers: Vec<usize>,
}

/// Which parts of a message a redaction changes.
#[derive(Debug, Default)]
pub(super) struct Changed<'m> {
    path: bool,
    query: bool,
    body: bool,
    /// The body is in no content coding any more.
    content_coding: bool,
    /// By their names, beside those that describe a changed body.
    headers: Vec<&'m str>,
}

impl<'m> Changed<'m> {
    fn of(message: &Message<'m>, redacted: &Redacted) -> Self {
        let body = redacted.body.is_some();
        let content_coding = body && redacted.body_is_identity;
        let mut changed = Self { body, content_coding, ..Self::default() };
        if let Some(target) = &redacted.target {
            let [(path, query), (new_path, new_query)] =
                [message.target, target].map(|it| it.split_once('?').unwrap_or((it, "")));
            changed.path = path != new_path;
            changed.query = query != new_query;
        }
        let numbers = redacted.headers.iter().map(|(number, _)| *number);
        changed.headers = numbers
            .filter_map(|number| message.headers.get(number))
            .map(|(name, _)| *name)
            .collect();
        changed
    }

    fn target(&self) -> bool {
        self.path || self.query
    }

    fn has_header(&self, name: &str) -> bool {
        const OF_A_BODY: [&str; 5] =
            ["content-length", "content-digest", "repr-digest", "digest", "content-md5"];
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        self.headers.iter().any(|known| is(known))
            || (self.body && OF_A_BODY.into_iter().any(is))
            || (self.content_coding && is("content-encoding"))
    }

    fn anything(&self) -> bool {
        self.target() || self.body || !self.headers.is_empty()
    }
}

/// Makes the decision say what becomes of the signatures a redaction would break, and does it.
pub(super) fn settle(
    reading: &Reading<'_>,
    rules: &RuleSet,
    decision: &mut Decision,
    redacted: &mut Option<Redacted>,
) {
    let (Some(message), Some(changes)) = (reading.message, redacted.as_mut()) else { return };
    let mut broken = broken(&message, changes, rules.signature_headers());
    broken.extend(inside::broken(reading, decision));
    if broken.is_empty() {
        return;
    }
    let asked = decision
        .redactions
        .iter()
        .map(|redaction| rules.broken_signature(redaction.rule))
        .max()
        .unwrap_or_default();
    let mut name = "signature-broken";
    match asked {
        BrokenSignature::Flag => {}
        BrokenSignature::Strip if broken.iter().all(|it| strip(&message, it, changes)) => {
            name = "signature-stripped";
        }
        // What is part of the body cannot be taken off it.
        BrokenSignature::Strip | BrokenSignature::Block => {
            block(decision);
            *redacted = None;
        }
    }
    decision.annotations.extend(
        broken.iter().map(|broken| Annotation {
            name: name.into(),
            value: Some(broken.kind.as_str().into()),
        }),
    );
    decision.annotations.sort_unstable();
    decision.annotations.dedup();
}

fn block(decision: &mut Decision) {
    decision.block_for_redactions(
        "The message is signed, and the signature would not hold once what may not be sent is taken out.",
    );
}

/// Takes the signature off; false where it is a part of the body.
fn strip(message: &Message<'_>, broken: &Broken, redacted: &mut Redacted) -> bool {
    match broken.kind {
        Kind::Jwt | Kind::Jws | Kind::Xml | Kind::Pgp | Kind::Dkim | Kind::Mime => return false,
        Kind::Url => {
            let target = redacted.target.as_deref().unwrap_or(message.target);
            redacted.target = Some(covered::without_signature(target));
        }
        Kind::HttpMessage
        | Kind::Authorization
        | Kind::OAuth
        | Kind::Header
        | Kind::DetachedJws => {}
    }
    for number in &broken.headers {
        match redacted.headers.iter_mut().find(|(known, _)| known == number) {
            Some((_, value)) => *value = None,
            None => redacted.headers.push((*number, None)),
        }
    }
    true
}

/// The signatures in the head that do not cover what is sent any more.
pub(super) fn broken(
    message: &Message<'_>,
    redacted: &Redacted,
    signature_headers: &[Box<str>],
) -> Vec<Broken> {
    let changed = Changed::of(message, redacted);
    if !changed.anything() {
        return Vec::new();
    }
    let mut broken = Vec::new();
    if changed.target() || changed.body {
        broken.extend(covered::url(message, &changed));
    }
    let mut rfc9421 = Vec::new();
    for (number, (name, value)) in message.headers.iter().enumerate() {
        let Ok(value) = std::str::from_utf8(value) else { continue };
        let kind = match *name {
            "signature-input" => {
                rfc9421.push(number);
                continue;
            }
            "signature" if message.header("signature-input").is_some() => {
                rfc9421.push(number);
                continue;
            }
            "authorization" => covered::authorization(message, value, &changed),
            "signature" => covered::cavage(value, &changed).then_some(Kind::Header),
            name if signature_headers.iter().any(|known| **known == *name) => {
                (changed.body || changed.target()).then_some(Kind::Header)
            }
            _ if covered::is_detached_jws(value) => changed.body.then_some(Kind::DetachedJws),
            name if covered::is_signature(name, value) => {
                (changed.body || changed.target()).then_some(Kind::Header)
            }
            _ => None,
        };
        if let Some(kind) = kind {
            broken.push(Broken { kind, headers: vec![number] });
        }
    }
    if !rfc9421.is_empty() && covered::http_message(message, &changed) {
        broken.push(Broken { kind: Kind::HttpMessage, headers: rfc9421 });
    }
    let is_signed_mime = message.header("content-type").is_some_and(|it| {
        it.get(..16).is_some_and(|it| it.eq_ignore_ascii_case(b"multipart/signed"))
    });
    if changed.body && is_signed_mime {
        broken.push(Broken { kind: Kind::Mime, headers: Vec::new() });
    }
    broken
}
