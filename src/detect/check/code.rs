//! Opaque codes: tokens, hashes, universally unique identifiers, one-time codes, pictures as text.

use super::Match;

/// Three base64url parts, of which the first two are JSON objects (RFC 7519). The word `Bearer` may
/// stand before it.
pub(in crate::detect) fn jwt(text: &str) -> Option<Match> {
    let text = text.trim();
    let mut parts = text.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let good = parts.next().is_none()
        && header.starts_with("eyJ")
        && header.len() >= 10
        && claims.len() >= 4
        && is_base64_url(header)
        && is_base64_url(claims)
        && is_base64_url(signature);
    good.then_some(Match::SHAPED)
}

fn is_base64_url(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='))
}

/// Whatever a secret may be: anything that is not a mere word about it.
pub(super) fn secret(text: &str) -> Option<Match> {
    let words = ["required", "optional", "none", "basic", "bearer", "digest", "negotiate"];
    let text = text.trim();
    let known = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    (!known && text.len() >= 2 && !is_reference_to_one(text)).then_some(Match::PLAIN)
}

/// Where a secret will be filled in, or was taken out: `${DB_PASSWORD}`, `{{ password }}`, `[FILTERED]`.
fn is_reference_to_one(text: &str) -> bool {
    [("${", "}"), ("$(", ")"), ("{{", "}}"), ("[", "]"), ("<", ">"), ("%(", ")s")]
        .iter()
        .any(|(open, close)| text.starts_with(open) && text.ends_with(close))
}

/// `1.2.3`, `^0.6.0`, `~> 2.1`: which version of a package, in a list of what one depends on.
fn is_version(text: &str) -> bool {
    let number = text.trim_start_matches(['^', '~', '>', '<', '=', ' ', 'v']);
    let parts = number.split('.');
    let is_numbers = parts.clone().count() >= 2
        && parts
            .clone()
            .all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    is_numbers && (number.len() < text.len() || parts.count() == 3)
}

/// A token: eight characters or more without spaces, or a scheme and such a token.
pub(super) fn token(text: &str) -> Option<Match> {
    let text = text.trim();
    let token = text.rsplit(' ').next().unwrap_or(text);
    let varied = token.bytes().any(|byte| byte.is_ascii_digit()) || token.len() >= 16;
    (token.len() >= 8 && varied).then_some(Match::PLAIN)
}

/// Four to eight digits, or as many letters and digits with at least one digit.
pub(super) fn one_time(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = (4..=8).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit());
    good.then_some(Match::PLAIN)
}

/// 8-4-4-4-12 hexadecimal digits that are not all zero.
pub(super) fn uuid(text: &str) -> Option<Match> {
    let text = text.trim().trim_matches(['{', '}']);
    let groups = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    let good = groups.iter().all(|length| {
        parts.next().is_some_and(|part| {
            part.len() == *length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    });
    (good && parts.next().is_none() && !is_zero(text)).then_some(Match::SHAPED)
}

/// A UUID, or 16, 32 or 64 hexadecimal digits, or another long opaque code.
pub(super) fn advertising(text: &str) -> Option<Match> {
    let text = text.trim();
    if let Some(found) = uuid(text) {
        return Some(found);
    }
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && matches!(text.len(), 15..=16 | 32 | 64) && !is_zero(text)).then_some(Match::PLAIN)
}

/// An identifier of a device or installation: six characters or more with a digit, no spaces.
pub(super) fn device(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = (6..=256).contains(&text.len())
        && !text.contains([' ', '\n'])
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && !is_zero(text);
    good.then_some(Match::PLAIN)
}

/// Sixteen hexadecimal digits, as Android numbers an installation.
pub(super) fn android(text: &str) -> Option<Match> {
    let text = text.trim();
    (text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit()) && !is_zero(text))
        .then_some(Match::PLAIN)
}

/// An account number of digits alone: six to twelve.
pub(super) fn account_number(text: &str) -> Option<Match> {
    let text = text.trim();
    ((6..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !is_zero(text))
        .then_some(Match::PLAIN)
}

/// A serial number: five to thirty letters, digits and dashes with at least two digits.
pub(super) fn serial(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = (5..=30).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'_'))
        && text.bytes().filter(u8::is_ascii_digit).count() >= 2
        && !is_zero(text);
    good.then_some(Match::PLAIN)
}

/// An account number or opaque account code: three characters or more with a digit, no spaces.
pub(super) fn account(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = (3..=128).contains(&text.len())
        && !text.contains([' ', '\n'])
        && !is_zero(text)
        && text != "-1"
        && (text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() >= 16);
    good.then_some(Match::PLAIN)
}

/// An account number that is not some object's UUID: a person's `uid` rather than a pod's.
pub(super) fn member(text: &str) -> Option<Match> {
    if uuid(text).is_some() || hash(text).is_some() || is_version(text) {
        return None;
    }
    account(text)
}

/// Any reference a person could quote: a digit in it, at least three characters.
pub(super) fn reference(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = (3..=64).contains(&text.len())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && !is_zero(text)
        && !is_version(text);
    good.then_some(Match::PLAIN)
}

/// What a release of a system is called: short, and no resource's name.
pub(super) fn release(text: &str) -> Option<Match> {
    let text = text.trim();
    ((1..=48).contains(&text.len()) && !text.contains([':', '{'])).then_some(Match::PLAIN)
}

/// A number that an office gives: eight letters and digits or more, six of them digits, perhaps in groups.
pub(super) fn official(text: &str) -> Option<Match> {
    let text = text.trim();
    let count = |is: fn(&u8) -> bool| text.bytes().filter(is).count();
    let (digits, all) = (count(u8::is_ascii_digit), count(u8::is_ascii_alphanumeric));
    let grouped = text.bytes().all(|b| b.is_ascii_alphanumeric() || b" -./".contains(&b));
    (digits >= 6 && (8..=24).contains(&all) && grouped && !is_zero(text)).then_some(Match::PLAIN)
}

/// 32, 40, 64, 96 or 128 hexadecimal digits, or as much base64: what hash functions give.
pub(in crate::detect) fn hash(text: &str) -> Option<Match> {
    let text = text.trim();
    let (_, text) = text.split_once(':').unwrap_or(("", text));
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128);
    let base64 = matches!(text.len(), 24 | 28 | 44 | 88)
        && text.ends_with('=')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    let letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    ((hex || base64) && letters).then_some(Match::PLAIN)
}

/// Eight characters or more that say nothing to a reader.
pub(in crate::detect) fn opaque(text: &str) -> Option<Match> {
    let text = text.trim();
    (text.len() >= 8 && !text.contains(' ') && !is_zero(text)).then_some(Match::PLAIN)
}

/// A picture: base64 of a known kind, a data URI, or the address of one.
pub(super) fn picture(text: &str) -> Option<Match> {
    let text = text.trim();
    let magic = ["/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "AAAAGGZ0eXBoZWlj", "AAAAJGZ0eXBoZWlj"];
    let inline = text.starts_with("data:image/")
        || (text.len() >= 16 && magic.iter().any(|magic| text.starts_with(magic)));
    let address = text.contains("://") || text.starts_with('/') || text.starts_with("content:");
    let file = text.rsplit('.').next().is_some_and(|ending| {
        ["jpg", "jpeg", "png", "heic", "webp", "gif"].iter().any(|e| ending.eq_ignore_ascii_case(e))
    });
    (inline || address || file).then_some(Match { shaped: inline, ..Match::PLAIN })
}

/// A picture whose bytes are here, not only its address.
pub(super) fn inline_picture(text: &str) -> Option<Match> {
    picture(text).filter(|found| found.shaped)
}

/// Nothing but zeros and separators.
fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0' | b'-' | b':' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_codes() {
        type Row = (fn(&str) -> Option<Match>, &'static str, bool);
        let rows: &[Row] = &[
            (jwt, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", true),
            (jwt, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", true),
            (jwt, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0", false),
            (jwt, "a.b.c", false),
            (jwt, "eyJ.b.c", false),
            (uuid, "38400000-8cf0-11bd-b23e-10b96e40000d", true),
            (uuid, "00000000-0000-0000-0000-000000000000", false),
            (uuid, "38400000-8cf0-11bd-b23e-10b96e40000", false),
            (advertising, "9774d56d682e549c", true),
            (advertising, "0000000000000000", false),
            (one_time, "482913", true),
            (one_time, "required", false),
            (one_time, "12", false),
            (hash, "d41d8cd98f00b204e9800998ecf8427e", true),
            (hash, "d41d8cd98f00b204e9800998ecf8427", false),
            (hash, "00000000000000000000000000000000", false),
            (account, "1802345671", true),
            (account, "admin", false),
            (account, "0", false),
            (official, "123-456-789-000", true),
            (official, "12345", false),
            (official, "00-000-0000", false),
            (official, "foil 0.5 mm", false),
            (serial, "RF8N12345AB", true),
            (serial, "none", false),
            (picture, "data:image/png;base64,iVBORw0KGgo", true),
            (picture, "/9j/4AAQSkZJRgABAQ", true),
            (picture, "me.jpg", true),
            (picture, "yes", false),
            (secret, "hunter2", true),
            (secret, "required", false),
        ];
        for (check, text, expected) in rows {
            assert_eq!(check(text).is_some(), *expected, "{text}");
        }
    }
}
