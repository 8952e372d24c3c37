//! Opaque codes: tokens, hashes, universally unique identifiers, one-time codes, pictures as text.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Match, date, words::WordList};
use crate::domain::Span;

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
    let is_sign = !text.contains(char::is_alphanumeric) && text.len() < 4;
    (!known && !is_sign && text.len() >= 2 && !is_reference_to_one(text) && !is_sentence(text))
        .then_some(Match::PLAIN)
}

/// What a form says of a secret: four words or more, of which the first begins with a capital.
fn is_sentence(text: &str) -> bool {
    text.starts_with(char::is_uppercase)
        && text.split(' ').count() >= 4
        && !text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Where a secret will be filled in, was taken out or is to be had: `${DB_PASSWORD}`, `{{ password }}`, `[FILTERED]`,
/// `/run/secrets/db`.
fn is_reference_to_one(text: &str) -> bool {
    [("${", "}"), ("#{", "}"), ("$(", ")"), ("{{", "}}"), ("[", "]"), ("<", ">"), ("%(", ")s")]
        .iter()
        .any(|(open, close)| text.starts_with(open) && text.ends_with(close))
        || is_call(text)
        // A text between spaces and signs ends before the closing one.
        || ["${", "{{", "$ENV{", "arn:", "/var/", "/etc/", "/opt/", "/run/", "/usr/", "/home/"]
            .iter()
            .any(|start| text.starts_with(start))
}

/// `hash(req.body.password)`, `getPassword()`: of a program that will make or fetch one.
fn is_call(text: &str) -> bool {
    let Some((function, arguments)) = text.split_once('(') else { return false };
    let Some(arguments) = arguments.strip_suffix(')') else { return false };
    let is_path = |path: &str| {
        path.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
    };
    is_path(function) && (arguments.is_empty() || (is_path(arguments) && arguments.contains('.')))
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

/// The shortest key that [`api_keys`] finds.
pub(in crate::detect) const API_KEY_BYTES_MIN: usize = 16;

/// What keys of well-known interfaces begin with, as those who issue them publish it so that they can be found, and
/// how many characters follow at least.
const API_KEYS: [(&str, usize); 24] = [
    ("AKIA", 16),
    ("ASIA", 16),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("ghu_", 30),
    ("ghr_", 30),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xapp-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("sk-proj-", 20),
    ("sk-ant-", 20),
    ("AIza", 30),
    ("SG.", 40),
    ("npm_", 30),
    ("pypi-", 40),
    ("hf_", 30),
    ("shpat_", 30),
    ("dop_v1_", 40),
];

/// One look at a text for all of their beginnings.
static API_KEY_STARTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let starts = API_KEYS.iter().map(|(start, _)| start);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(starts).ok()
});

/// Keys of well-known interfaces in a text.
pub(in crate::detect) fn api_keys(text: &str) -> impl Iterator<Item = Span> {
    let bytes = text.as_bytes();
    let is_of_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let starts = API_KEY_STARTS.iter().flat_map(move |search| search.find_iter(bytes));
    starts.filter_map(move |found| {
        let before = found.start().checked_sub(1).and_then(|before| bytes.get(before));
        let (known, least) = API_KEYS.get(found.pattern().as_usize())?;
        let behind = bytes.get(found.end()..).filter(|_| !before.is_some_and(is_of_key))?;
        let length = behind.iter().take_while(|byte| is_of_key(byte)).count();
        let key = behind.get(..length)?;
        let length = length - usize::from(key.ends_with(b"."));
        // Those of AWS are in capitals, and some have no digit.
        let is_of_aws = matches!(*known, "AKIA" | "ASIA");
        let is_random = key.iter().any(u8::is_ascii_digit)
            || (is_of_aws && length == *least && key.iter().all(u8::is_ascii_uppercase));
        (length >= *least && is_random)
            .then(|| Span::new(found.start(), found.start() + known.len() + length))
    })
}

/// A key of a well-known interface.
pub(super) fn api_key(text: &str) -> Option<Match> {
    api_keys(text).any(|span| span.len() == text.len()).then_some(Match::SHAPED)
}

/// The password of `scheme://user:password@host` (RFC 3986 §3.2.1), where `at` is the offset of the `@`.
pub(in crate::detect) fn url_password_before(text: &str, at: usize) -> Option<Span> {
    const BYTES_MAX: usize = 256;
    let floor = text.ceil_char_boundary(at.saturating_sub(BYTES_MAX));
    let head = text.get(floor..at)?;
    let ends = |byte: u8| byte.is_ascii_whitespace() || b"\"'<>@".contains(&byte);
    let word = head.bytes().rposition(ends).map_or(0, |before| before + 1);
    let (_, info) = head.get(word..)?.rsplit_once("://")?;
    let (_, password) = info.split_once(':')?;
    let is_one = !info.contains(['/', '?', '#']) && is_password(password);
    is_one.then(|| Span::new(at - password.len(), at))
}

/// Whether what stands where a password does is one, and no place for it.
pub(in crate::detect) fn is_password(text: &str) -> bool {
    text.len() >= 3
        && secret(text).is_some()
        && !text.starts_with(['*', '<', '$', '{'])
        && !PASSWORDS_OF_EXAMPLES.has(text)
}

static PASSWORDS_OF_EXAMPLES: WordList = WordList::new(&[
    "pass", "passwd", "password", "pwd", "user", "username", "apikey", "api_key", "secret",
    "token", "key", "port", "x", "xxx",
]);

/// A token: eight characters or more without spaces, or a scheme and such a token; or a key in the lines of a file
/// (RFC 7468 §10).
pub(super) fn token(text: &str) -> Option<Match> {
    let text = text.trim();
    if text.starts_with("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return Some(Match::SHAPED);
    }
    let token = text.rsplit(' ').next().unwrap_or(text);
    // Where one is to be had, and what one is called.
    if ["http://", "https://", "arn:", "["].iter().any(|start| token.starts_with(start)) {
        return None;
    }
    if is_reference_to_one(token) {
        return None;
    }
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
        // Of a person, by which method ever (W3C DID 1.0 §3.1).
        && !text.starts_with("did:")
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

/// Whom a segment of a path names behind `users` and the like: by a number, or by a UUID.
pub(in crate::detect) fn path_owner(text: &str) -> Option<Match> {
    account_number(text).or_else(|| uuid(text))
}

/// A serial number: five to thirty letters, digits and dashes with at least two digits, or one among capitals.
pub(super) fn serial(text: &str) -> Option<Match> {
    const BYTES_OF_A_CODE: usize = 8;
    let text = text.trim();
    // One digit is enough among capitals that are no word for their number.
    let is_code = text.len() >= BYTES_OF_A_CODE
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let digits_min = if is_code { 1 } else { 2 };
    let has_digits = text.bytes().filter(u8::is_ascii_digit).count() >= digits_min;
    let good = (5..=30).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'_'))
        && has_digits
        && !is_zero(text)
        && !is_of_a_zone(text);
    good.then_some(Match::PLAIN)
}

/// `2026112801`: the day and the number of a change, as zones of the domain name system count them (RFC 1912 §2.2).
fn is_of_a_zone(text: &str) -> bool {
    let day = text.get(..8).filter(|_| matches!(text.len(), 8 | 10)).unwrap_or_default();
    day.starts_with("20") && date::is_compact_day(day)
}

/// An account number or opaque account code: three characters or more with a digit, no spaces.
pub(super) fn account(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = (3..=256).contains(&text.len())
        && !text.contains([' ', '\n'])
        // A path to some resource.
        && !text.starts_with('/')
        && !text.contains("://")
        && (!text.starts_with("urn:") || text.starts_with("urn:uuid:"))
        && !is_type_name(text)
        && !is_zero(text)
        && text != "-1"
        && !is_fraction(text)
        && !is_object_id(text)
        && (text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() >= 16);
    good.then_some(Match::PLAIN)
}

/// `GoogleUserIdData`, as programs name what they are made of: words of letters alone with a capital each, the first of
/// which is no `Mc` or `De`.
pub(super) fn is_type_name(text: &str) -> bool {
    const WORD_BYTES_MIN: usize = 4;
    let bytes = text.as_bytes();
    let first = bytes.iter().skip(1).take_while(|byte| byte.is_ascii_lowercase()).count() + 1;
    bytes.first().is_some_and(u8::is_ascii_uppercase)
        && first >= WORD_BYTES_MIN
        && is_camel(text)
        && bytes.iter().all(u8::is_ascii_alphabetic)
}

/// A small letter of ASCII stands before a capital somewhere: `displayName`.
pub(in crate::detect) fn is_camel(text: &str) -> bool {
    let is_hump =
        |pair: &[u8]| matches!(pair, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase());
    text.as_bytes().windows(2).any(is_hump)
}

/// `2.16.840.1.113883.19`, as registries name things (ITU-T X.660).
fn is_object_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.bytes().filter(|byte| *byte == b'.').count() >= 4
}

/// `0.39`, as seconds and shares are.
fn is_fraction(text: &str) -> bool {
    let fraction = text.strip_prefix("0.");
    fraction.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An account number that is not some object's UUID: a person's `uid` rather than a pod's.
pub(super) fn member(text: &str) -> Option<Match> {
    // `tag:example.com,2001:42` and `zwave:node/3` are things.
    let is_of_a_thing = text.contains([':', '/']);
    if is_of_a_thing || uuid(text).is_some() || hash(text).is_some() || is_version(text) {
        return None;
    }
    account(text)
}

/// Any reference a person could quote: a digit in it, at least three characters.
pub(super) fn reference(text: &str) -> Option<Match> {
    let text = text.trim();
    let good = (3..=64).contains(&text.len())
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && !text.trim_end_matches('=').contains('=')
        // What a cloud calls a start of machines.
        && !text.starts_with("r-")
        && !is_zero(text)
        && !is_version(text);
    good.then_some(Match::PLAIN)
}

/// What a release of a system is called: short, and no resource's name.
pub(super) fn release(text: &str) -> Option<Match> {
    let text = text.trim();
    ((1..=48).contains(&text.len()) && !text.contains([':', '{'])).then_some(Match::PLAIN)
}

/// The version of a system where its name stands beside it: `13`, `17.1.2`, `10.0.19045`.
pub(super) fn system_version(text: &str) -> Option<Match> {
    const BYTES_MAX: usize = 16;
    let is_of_one = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let good = (1..=BYTES_MAX).contains(&text.len())
        && text.bytes().all(is_of_one)
        && text.split('.').all(|part| (1..=5).contains(&part.len()));
    good.then_some(Match::PLAIN)
}

/// The same of telephones and computers of Apple where nothing names the system: `17.1.2`. What else is of a version
/// is rarely of one as high.
pub(super) fn apple_version(text: &str) -> Option<Match> {
    const FIRST: std::ops::RangeInclusive<u8> = 8..=40;
    let (first, _) = text.split_once('.')?;
    let is_high = first.parse::<u8>().is_ok_and(|first| FIRST.contains(&first));
    system_version(text).filter(|_| is_high && text.split('.').count() <= 3)
}

/// By which Firebase sends to an installation: its own identifier, a colon, and what Google signed.
pub(super) fn firebase_token(text: &str) -> Option<Match> {
    const SIGNED_BYTES_MIN: usize = 32;
    const OWN_BYTES: std::ops::RangeInclusive<usize> = 8..=32;
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let (own, signed) = text.trim().split_once(':')?;
    let good = OWN_BYTES.contains(&own.len())
        && signed.starts_with("APA91b")
        && signed.len() >= SIGNED_BYTES_MIN
        && own.bytes().chain(signed.bytes()).all(is_of_one);
    good.then_some(Match::PLAIN)
}

/// The number of a passport as most countries write it: nine letters and digits at most, most of them digits.
pub(super) fn travel_document(text: &str) -> Option<Match> {
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_of_one = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    let good = (7..=9).contains(&text.len())
        && digits >= 5
        && text.bytes().all(is_of_one)
        && !is_zero(text);
    good.then_some(Match::PLAIN)
}

/// A build of a system, `TP1A.220624.014`, or its release, `13`. Builds of programs are counted, and there are
/// many.
pub(super) fn build(text: &str) -> Option<Match> {
    const RELEASE_DIGITS_MAX: usize = 2;
    let is_counted = text.bytes().all(|byte| byte.is_ascii_digit());
    release(text).filter(|_| !is_counted || text.len() <= RELEASE_DIGITS_MAX)
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
    (text.len() >= 8 && !text.contains(' ') && !is_zero(text) && !is_key_fingerprint(text))
        .then_some(Match::PLAIN)
}

/// What an identifier in a cookie is: opaque, or shorter with a digit in it.
pub(super) fn cookie_value(text: &str) -> Option<Match> {
    const BYTES_MIN: usize = 4;
    let text = text.trim();
    let is_short = text.len() >= BYTES_MIN
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !is_zero(text);
    if is_short { Some(Match::PLAIN) } else { opaque(text) }
}

/// Of a key or certificate: pairs of hexadecimal digits between colons, sixteen or more, or `SHA256:…`. And what
/// Twilio numbers its resources by: two capitals and 32 hexadecimal digits.
fn is_key_fingerprint(text: &str) -> bool {
    let is_pairs = text.len() >= 47
        && text
            .split(':')
            .all(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()));
    let is_resource = text.split_at_checked(2).is_some_and(|(kind, number)| {
        kind.bytes().all(|b| b.is_ascii_uppercase())
            && number.len() == 32
            && number.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    });
    is_pairs || is_resource || text.starts_with("SHA256:")
}

/// A picture: base64 of a known kind, a data URI, or the address of one.
pub(super) fn picture(text: &str) -> Option<Match> {
    let text = text.trim();
    let magic = ["/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "AAAAGGZ0eXBoZWlj", "AAAAJGZ0eXBoZWlj"];
    // The signature of a PNG says so whatever follows.
    let inline = text.starts_with("data:image/")
        || text.starts_with("iVBORw0KGgo")
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
    fn every_key_begins_as_one() {
        for (start, least) in API_KEYS {
            let key = format!("{start}{}", "a1".repeat(least));
            assert_eq!(
                api_keys(&format!("x {key}.")).map(|span| span.len()).next(),
                Some(key.len())
            );
            assert!(
                api_key(&key).is_some() && api_keys(&format!("y{key}")).next().is_none(),
                "{key}"
            );
        }
    }

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
            (system_version, "13", true),
            (system_version, "10.0.19045", true),
            (system_version, "13-beta", false),
            (system_version, "1700000000", false),
            (apple_version, "17.1.2", true),
            (apple_version, "2.4.1", false),
            (apple_version, "17", false),
            (firebase_token, "dQw4w9WgXcQ:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx_2", true),
            (firebase_token, "dQw4w9WgXcQ:APA91b", false),
            (firebase_token, "APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx_2kZFB", false),
            (travel_document, "AB7654321", true),
            (travel_document, "AB76543", true),
            (travel_document, "ab7654321", false),
            (travel_document, "000000000", false),
            (picture, "data:image/png;base64,iVBORw0KGgo", true),
            (picture, "/9j/4AAQSkZJRgABAQ", true),
            (picture, "iVBORw0KGgo=", true),
            (picture, "UklGR", false),
            (picture, "me.jpg", true),
            (picture, "yes", false),
            (account, "0.39", false),
            (device, "did:plc:123abc", false),
            (device, "9774d56d682e549c", true),
            (secret, "hash(req.body.password)", false),
            (secret, "getPassword()", false),
            (secret, "Summer(2024)", true),
            (secret, "hunter2", true),
            (secret, "required", false),
        ];
        for (check, text, expected) in rows {
            assert_eq!(check(text).is_some(), *expected, "{text}");
        }
    }
}
