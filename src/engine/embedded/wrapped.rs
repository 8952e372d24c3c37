//! Base64 inside a text: the whole of it, a data URI (RFC 2397), credentials, and the claims of a JSON
//! Web Token (RFC 7519); and hexadecimal digits that are the whole of one.
//!
//! Letters and digits are everywhere, and most of them are no base64 of anything. The first sixteen
//! symbols tell: what they stand for must be text, or begin like something we know.

use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::{
    CLASSES, Classes, DOT, EQUALS, EmbeddedKind, Inner, Look, OTHER, SEMICOLON, SPACE, broken, has,
    is_not_it, message,
    readable::{begins_a_binary, declared_type, is_readable, is_text, is_text_start, is_wide_text},
    starts_with_ignore_case,
};
use crate::{
    domain::{Encoding, Escape, Format, Span, by_byte},
    format,
};

/// Adds what is wrapped in `text`; true when that is all there is to the text.
pub(super) fn find(text: &str, classes: Classes, look: &mut Look<'_>) -> bool {
    let bytes = text.as_bytes();
    if starts_with_ignore_case(bytes, BASIC) && bytes.get(BASIC.len()..).is_some_and(is_dense) {
        return basic(bytes, look);
    }
    if hexadecimal(bytes, look) || (classes & OTHER == 0 && whole(bytes, classes, look)) {
        return true;
    }
    if let Some(inner) = escaped_uri(text) {
        look.add(inner);
        return true;
    }
    let mut is_all = false;
    if has(classes, SEMICOLON) {
        is_all |= data_uris(bytes, look);
    }
    if has(classes, DOT) && bytes.len() >= TOKEN_BYTES_MIN {
        tokens(bytes, look);
    }
    // A single word was looked at as a whole.
    let may_have_words = classes != 0 || look.is_body;
    if may_have_words && !is_all {
        words(bytes, look);
    }
    is_all
}

/// RFC 7617: name and password.
const BASIC: &[u8] = b"basic ";
/// Shorter texts are names and numbers rather than base64.
pub(super) const BASE64_BYTES_MIN: usize = 16;

fn is_dense(bytes: &[u8]) -> bool {
    bytes.iter().all(is_symbol)
}

fn is_symbol(byte: &u8) -> bool {
    CLASSES.of(*byte) & !EQUALS == 0
}

/// Hexadecimal digits and nothing else, as programs print bytes and as PostgreSQL writes `bytea`. Digests and keys
/// are written so too, but do not begin like a text.
fn hexadecimal(bytes: &[u8], look: &mut Look<'_>) -> bool {
    const DIGITS_MIN: usize = 20;
    let start = if bytes.starts_with(b"\\x") || bytes.starts_with(b"0x") { 2 } else { 0 };
    let digits = bytes.get(start..).unwrap_or_default();
    let Some(first) = digits.first_chunk::<DIGITS_MIN>() else { return false };
    let mut begins = [0; DIGITS_MIN / 2];
    for (byte, digits) in begins.iter_mut().zip(first.as_chunks::<2>().0) {
        let Some(read) = format::hex_byte(digits) else { return false };
        *byte = read;
    }
    let has = |letters: fn(&u8) -> bool| digits.iter().any(letters);
    let encoding = match (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase)) {
        // Digits alone are a number.
        (false, false) if start == 0 => return false,
        (true, true) => return false,
        (_, false) => Encoding::Hex,
        (false, true) => Encoding::HexUpper,
    };
    let span = Span::new(start, bytes.len());
    if is_text_start(&begins) || begins_a_binary(&begins) || broken::begins(&begins) {
        return opens(encoding, span, digits, look);
    }
    let is_unread = message::is_in_hexadecimal(digits, look.asked());
    if is_unread {
        look.add(unread(encoding, span));
    }
    is_unread
}

/// Opens what is wrapped at `span`; false where it is none of what begins like it.
fn opens(encoding: Encoding, span: Span, wrapped: &[u8], look: &mut Look<'_>) -> bool {
    let opened = match look.decoder.decode(encoding, wrapped, look.limits) {
        Ok(opened) => Some(opened),
        Err(stop) if is_not_it(stop) => return false,
        Err(_) => None,
    };
    let kind = match &opened {
        Some(opened) => {
            kind_of(opened).or_else(|| message::is_one(opened, look.asked()).then(unread_kind))
        }
        None => Some(EmbeddedKind::Declared(None)),
    };
    let Some(kind) = kind else { return false };
    look.add(Inner { span, encoding, opened, kind, is_escaped: false });
    true
}

/// What the bytes are that begin like something to look at; `None` where they are nothing after all.
fn kind_of(opened: &[u8]) -> Option<EmbeddedKind> {
    if is_readable(opened) {
        return Some(EmbeddedKind::Declared(declared_type(opened).map(Into::into)));
    }
    // Zeros fill up a field of a fixed length.
    let filled = opened.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let text = opened.get(..filled).and_then(|text| std::str::from_utf8(text).ok());
    if text.is_some_and(is_text) {
        return Some(EmbeddedKind::Known(Format::Text));
    }
    let start = opened.first_chunk::<12>().map_or(opened, |start| start);
    let holds_text =
        broken::is_text_mostly(opened, is_text_start(start)) || message::has_mailbox(opened);
    holds_text.then_some(EmbeddedKind::Broken)
}

/// Name and password, each a text of its own: `user:secret` is no label with a value. They go as a whole, since neither
/// is of use without the other.
fn basic(bytes: &[u8], look: &mut Look<'_>) -> bool {
    let before = look.found.len();
    let symbols = bytes.get(BASIC.len()..).unwrap_or_default();
    let span = Span::new(BASIC.len(), bytes.len());
    let Some(encoding) = alphabet(symbols, false) else { return false };
    if !opens(encoding, span, symbols, look) && !deflated(encoding, span, symbols, look) {
        return false;
    }
    for inner in look.found.iter_mut().skip(before) {
        let Some(opened) = inner.opened.as_mut().filter(|it| is_credentials(it)) else { continue };
        if let Some(colon) = opened.iter_mut().find(|byte| **byte == b':') {
            *colon = b'\n';
            inner.encoding = Encoding::OneWay;
        }
    }
    true
}

/// Whether a text is one line and no document.
fn is_credentials(opened: &[u8]) -> bool {
    opened.iter().all(|byte| *byte >= b' ' && !matches!(byte, b'{' | b'<' | b'\"'))
}

/// All of a text.
fn whole(symbols: &[u8], classes: Classes, look: &mut Look<'_>) -> bool {
    if symbols.len() < BASE64_BYTES_MIN {
        return false;
    }
    let Some(encoding) = alphabet(symbols, has(classes, SPACE)) else { return false };
    // Padding and line ends aside, the first symbols alone.
    let span = Span::new(0, symbols.len());
    if !begins_readable(symbols) {
        return otherwise(encoding, span, symbols, look);
    }
    opens(encoding, span, symbols, look) || deflated(encoding, span, symbols, look)
}

/// Base64 of what begins like nothing we know: a stream without a head, or a message that nobody reads.
fn otherwise(encoding: Encoding, span: Span, symbols: &[u8], look: &mut Look<'_>) -> bool {
    if deflated(encoding, span, symbols, look) {
        return true;
    }
    let is_unread = message::is_in_base64(symbols, look.asked());
    if is_unread {
        look.add(unread(encoding, span));
    }
    is_unread
}

/// DEFLATE without a head, as SAML sends its requests (SAML 2.0 Bindings §3.4.4.1): known by ending where the bytes do,
/// as a text. It goes as a whole: no reader takes it with a head.
fn deflated(encoding: Encoding, span: Span, symbols: &[u8], look: &mut Look<'_>) -> bool {
    const SYMBOLS_MIN: usize = 20;
    let start = symbols.first_chunk().and_then(twelve_bytes);
    let begins =
        symbols.len() >= SYMBOLS_MIN && start.is_some_and(|start| format::may_be_deflate(&start));
    if !begins {
        return false;
    }
    let Ok(packed) = look.decoder.decode(encoding, symbols, look.limits) else { return false };
    let inner = match look.decoder.decode(Encoding::Deflate, &packed, look.limits) {
        Ok(opened) => kind_of(&opened).map(|kind| Inner {
            span,
            encoding: Encoding::OneWay,
            opened: Some(opened),
            kind,
            is_escaped: false,
        }),
        Err(stop) if is_not_it(stop) => None,
        Err(stop) => Some(Inner::unread(span, stop.cause)),
    };
    let Some(inner) = inner else { return false };
    look.add(inner);
    true
}

/// Bytes that nobody reads and must not pass over.
fn unread(encoding: Encoding, span: Span) -> Inner {
    Inner { span, encoding, opened: None, kind: unread_kind(), is_escaped: false }
}

fn unread_kind() -> EmbeddedKind {
    EmbeddedKind::Declared(Some("application/octet-stream".into()))
}

/// Which base64 `symbols` are; `None` when they mix the alphabets.
fn alphabet(symbols: &[u8], has_space: bool) -> Option<Encoding> {
    let is_url = memchr::memchr2(b'-', b'_', symbols).is_some();
    let is_standard = memchr::memchr2(b'+', b'/', symbols).is_some();
    let is_padded = symbols.trim_ascii_end().last() == Some(&b'=');
    Some(match (is_url, is_standard) {
        (true, true) => return None,
        (true, false) if is_padded => Encoding::Base64UrlPadded,
        (true, false) => Encoding::Base64Url,
        (false, _) if has_space => Encoding::Base64Lines,
        (false, _) if is_padded || symbols.len().is_multiple_of(4) => Encoding::Base64,
        (false, _) => Encoding::Base64Bare,
    })
}

fn begins_readable(symbols: &[u8]) -> bool {
    const PADDING: u8 = b'=';
    let Some(mut first) = symbols.first_chunk::<BASE64_BYTES_MIN>().copied() else { return false };
    let mut length = 12;
    for symbol in first.iter_mut().rev().take(2).take_while(|symbol| **symbol == PADDING) {
        *symbol = b'A';
        length -= 1;
    }
    let bytes = twelve_bytes(&first);
    let Some(start) = bytes.as_ref().and_then(|bytes| bytes.get(..length)) else { return false };
    // A text begins with letters, a picture with bytes of every kind.
    is_text_start(start) || begins_a_binary(start) || is_wide_text(start) || broken::begins(start)
}

/// What sixteen symbols of either alphabet stand for (RFC 4648 §4, §5); `None` when one is no symbol.
pub(super) fn twelve_bytes(symbols: &[u8; BASE64_BYTES_MIN]) -> Option<[u8; 12]> {
    let mut bytes = [0; 12];
    let (groups, _) = symbols.as_chunks::<4>();
    for (group, three) in groups.iter().zip(bytes.chunks_exact_mut(3)) {
        let [a, b, c, d] = group.map(six_bits);
        let wide = a | b | c | d;
        if wide >= NO_SYMBOL {
            return None;
        }
        three.copy_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
    }
    Some(bytes)
}

/// More than six bits.
const NO_SYMBOL: u8 = 0x80;

fn six_bits(symbol: u8) -> u8 {
    SIX_BITS.of(symbol)
}

by_byte! {
    static SIX_BITS: u8 = |symbol| match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => NO_SYMBOL,
    }
}

/// `data:application/json,%7B…` as the whole text.
fn escaped_uri(text: &str) -> Option<Inner> {
    let (media_type, data) = text.strip_prefix("data:")?.split_once(',')?;
    let is_type = media_type.contains('/') && !media_type.contains(' ');
    if !is_type || media_type.ends_with(";base64") {
        return None;
    }
    Some(Inner {
        span: Span::new(text.len() - data.len(), text.len()),
        encoding: Encoding::Escaped(Escape::Percent),
        opened: None,
        kind: EmbeddedKind::Declared(Some(media_type.into())),
        is_escaped: false,
    })
}

/// `data:image/png;base64,…` anywhere in the text; true when one of them is the whole text.
fn data_uris(bytes: &[u8], look: &mut Look<'_>) -> bool {
    const MARK: &[u8] = b"base64,";
    const SCHEME: &[u8] = b"data:";
    const TYPE_BYTES_MAX: usize = 128;
    let mut is_all = false;
    let mut at = 0;
    while let Some(length) = memmem::find(bytes.get(at..).unwrap_or_default(), MARK) {
        let mark = at + length;
        let start = mark + MARK.len();
        at = start;
        let from = mark.saturating_sub(TYPE_BYTES_MAX);
        // Browsers take a space behind the semicolon.
        let head = bytes.get(from..mark).unwrap_or_default().trim_ascii_end();
        let Some(head) = head.strip_suffix(b";") else { continue };
        let Some(scheme) = memmem::rfind(head, SCHEME) else { continue };
        let rest = bytes.get(start..).unwrap_or_default();
        let end = start + rest.iter().position(|byte| !is_symbol(byte)).unwrap_or(rest.len());
        let symbols = bytes.get(start..end).unwrap_or_default();
        let Some(encoding) = alphabet(symbols, false).filter(|_| !symbols.is_empty()) else {
            continue;
        };
        let opened = match look.decoder.decode(encoding, symbols, look.limits) {
            Ok(opened) => Some(opened),
            Err(stop) if is_not_it(stop) => continue,
            Err(_) => None,
        };
        let declared = head.get(scheme + SCHEME.len()..).unwrap_or_default();
        let media_type = match std::str::from_utf8(declared) {
            // RFC 2397 §2.
            Ok("") => "text/plain".to_owned(),
            Ok(declared) if declared.starts_with(';') => format!("text/plain{declared}"),
            Ok(declared) => declared.to_owned(),
            Err(_) => continue,
        };
        let kind = EmbeddedKind::Declared(Some(media_type.into()));
        let span = Span::new(start, end);
        look.add(Inner { span, encoding, opened, kind, is_escaped: false });
        is_all |= from + scheme == 0 && end == bytes.len();
        at = end;
    }
    is_all
}

/// Base64 among other words: `blob=ZW1haWw9…`, `v1:ZW1haWw6…`, `:ZW1haWw6…:` (RFC 9651 §3.3.5), and lines of it as mail
/// has them (RFC 2045 §6.8).
fn words(bytes: &[u8], look: &mut Look<'_>) {
    /// Shorter ones are names and identifiers. Texts of so long a word are looked at, whatever else they seem to hold.
    const BYTES_MIN: usize = 20;
    /// Where a line of it may go on in the next.
    const LINE_BYTES_MIN: usize = 60;
    let is_letter = |byte: &u8| CLASSES.of(*byte) == 0;
    let end_of_word = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| is_letter(byte)).count()
    };
    let mut at = 0;
    // No word that is long enough passes between two looks.
    while let Some(last) = bytes.get(at + BYTES_MIN - 1) {
        if !is_letter(last) {
            at += BYTES_MIN;
            continue;
        }
        let head = bytes.get(at..at + BYTES_MIN).unwrap_or_default();
        let start = head.iter().rposition(|byte| !is_letter(byte)).map_or(at, |gap| at + gap + 1);
        if start > at {
            at = start;
            continue;
        }
        let (mut end, mut line, mut is_of_lines) = (end_of_word(start), start, false);
        // Behind the last line stands what ends a part or a key: `--boundary`.
        let goes_on = |next: &u8| is_letter(next) && *next != b'-';
        while end - line >= LINE_BYTES_MIN && (end - line).is_multiple_of(4) {
            let gap = match bytes.get(end..end + 2) {
                Some([b'\n', next]) if goes_on(next) => 1,
                Some(b"\r\n") if bytes.get(end + 2).is_some_and(goes_on) => 2,
                _ => break,
            };
            line = end + gap;
            end = end_of_word(line);
            is_of_lines = true;
        }
        at = end.max(start + 1);
        let padding = bytes.get(end..).unwrap_or_default();
        end += padding.iter().take(2).take_while(|byte| **byte == b'=').count();
        let symbols = bytes.get(start..end).unwrap_or_default();
        // Between dots stand the parts of tokens.
        let is_part = bytes.get(..start).is_some_and(|head| head.ends_with(b"."))
            || bytes.get(end) == Some(&b'.');
        // The words of mail's headers say themselves what they are of (RFC 2047 §2).
        let is_encoded_word = bytes.get(end..).is_some_and(|rest| rest.starts_with(b"?="))
            && bytes.get(..start).is_some_and(|head| head.ends_with(b"?"));
        if is_part || is_encoded_word {
            continue;
        }
        let Some(encoding) = alphabet(symbols, is_of_lines) else { continue };
        let span = Span::new(start, end);
        if !begins_readable(symbols) {
            otherwise(encoding, span, symbols, look);
        } else if !opens(encoding, span, symbols, look) {
            deflated(encoding, span, symbols, look);
        }
    }
}

/// The shortest token: a header that names its algorithm, and claims.
const TOKEN_BYTES_MIN: usize = 24;
static TOKEN_START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("eyJ"));

/// JSON Web Tokens: header, claims and signature, each perhaps padded, which RFC 7515 §2 has not and some libraries
/// write and read. Changing the claims breaks the signature, so a token goes as a whole.
fn tokens(bytes: &[u8], look: &mut Look<'_>) {
    let mut at = 0;
    while let Some(length) = TOKEN_START.find(bytes.get(at..).unwrap_or_default()) {
        let start = at + length;
        let part = |from: usize| {
            let rest = bytes.get(from..).unwrap_or_default();
            let is_in = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let length = rest.iter().position(|byte| !is_in(byte)).unwrap_or(rest.len());
            let padding = rest.get(length..).unwrap_or_default();
            from + length + padding.iter().take(2).take_while(|byte| **byte == b'=').count()
        };
        let header_end = part(start);
        at = header_end.max(start + 3);
        let is_inside = start > 0
            && bytes.get(start - 1).is_some_and(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
            });
        if is_inside || bytes.get(header_end) != Some(&b'.') {
            continue;
        }
        let claims_end = part(header_end + 1);
        let claims = bytes.get(header_end + 1..claims_end).unwrap_or_default();
        let end =
            if bytes.get(claims_end) == Some(&b'.') { part(claims_end + 1) } else { claims_end };
        let mut open = |symbols: &[u8]| {
            look.decoder.decode(Encoding::Base64Url, symbols, look.limits).ok().filter(|opened| {
                let mut ignore = super::Ignore;
                opened.first() == Some(&b'{')
                    && !format::walk(Format::Json, opened, look.limits, &mut ignore)
                        .is_err_and(is_not_it)
            })
        };
        let header = open(bytes.get(start..header_end).unwrap_or_default());
        if header.is_none() {
            continue;
        }
        if let Some(opened) = open(claims) {
            look.add(Inner {
                span: Span::new(start, end),
                encoding: Encoding::OneWay,
                opened: Some(opened),
                kind: EmbeddedKind::Known(Format::Json),
                is_escaped: false,
            });
        }
        at = end;
    }
}
