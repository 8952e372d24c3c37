//! E-mail addresses (RFC 5321 addr-spec, RFC 6531 for other scripts), also percent-encoded.

use crate::{
    detect::token::trimmed,
    domain::{Span, by_byte},
};

use super::{Match, person::is_east_asian, words::WordList};

/// The whole of `text`, with `mailto:` and a display name allowed around it.
pub(super) fn whole(text: &str) -> Option<Match> {
    let text = trimmed(text);
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let text = match text.strip_suffix('>') {
        Some(inner) => inner.rfind('<').and_then(|at| inner.get(at + 1..)).unwrap_or(text),
        None => text,
    };
    let at = text.bytes().position(|byte| byte == b'@').or_else(|| encoded_at(text.as_bytes()))?;
    let span = around(text, at)?;
    (span == Span::new(0, text.len())).then_some(Match::SHAPED)
}

/// The address around an `@` (or the `%40` that stands for one) at byte `at`. Looks no further than an
/// address may be long, so that a text of `@`s costs linear time.
pub(in crate::detect) fn around(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let encoded = bytes.get(at) == Some(&b'%');
    let domain_start = at + if encoded { 3 } else { 1 };
    let start = local_start(bytes, at);
    // `#channel@irc.example` is where many meet.
    let opens = bytes.get(start);
    if start == at || matches!(opens, Some(b'.' | b'#')) || bytes.get(at - 1) == Some(&b'.') {
        return None;
    }
    let end = domain_end(text, domain_start)?;
    // Of a name that is made like one: `ssh-rsa-cert-v01@openssh.com` (RFC 4251 §6), `Ports@odata.count`.
    const OF_NAMES: [&str; 4] = ["openssh.com", "libssh.org", "odata.", "bob.xmpp.org"];
    let domain = text.get(domain_start..end).unwrap_or_default();
    if OF_NAMES.iter().any(|known| domain.starts_with(known)) {
        return None;
    }
    // `user:secret@host` in a URL, and `git@host:path`, are not mailboxes.
    let before = bytes.get(..start).unwrap_or_default();
    if before.ends_with(b"//") || is_userinfo(before) {
        return None;
    }
    if bytes.get(end) == Some(&b':') && is_of_a_host(bytes.get(end + 1..).unwrap_or_default()) {
        return None;
    }
    Some(Span::new(start, end))
}

/// Whether a port or a path stands behind the colon, as in `git@host:path/to.git` and `deploy@host:22`; a password may
/// stand behind a mailbox.
fn is_of_a_host(behind: &[u8]) -> bool {
    const BYTES_MAX: usize = 64;
    let is_of_it = |byte: &u8| byte.is_ascii_graphic() && !b",;\"'<>".contains(byte);
    let length = behind.iter().take(BYTES_MAX).take_while(|byte| is_of_it(byte)).count();
    let word = behind.get(..length).unwrap_or_default();
    let is_port = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    is_port || word.contains(&b'/') || word.ends_with(b".git")
}

/// The mailbox around a word that stands for its `@`, whose dots may be words in brackets as well: `ana [at] mail [dot]
/// example`. It begins at `floor` or behind it.
pub(in crate::detect) fn around_a_word(
    text: &str,
    word: std::ops::Range<usize>,
    floor: usize,
) -> Option<std::ops::Range<usize>> {
    const DOTS: [&str; 7] = [" [dot] ", "[dot]", " (dot) ", "(dot)", " {dot} ", " dot ", "."];
    const PARTS_MAX: usize = 5;
    let head = text.get(floor..word.start)?;
    let local = head.strip_suffix(' ').unwrap_or(head);
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let length = local.bytes().rev().take(LOCAL_MAX).take_while(is_of_it).count();
    let start = floor + local.len().checked_sub(length)?;
    let mut end = word.end + usize::from(text.as_bytes().get(word.end) == Some(&b' '));
    let mut last = "";
    for part in 0..PARTS_MAX {
        let rest = text.get(end..)?;
        let dot = DOTS.into_iter().find(|dot| part > 0 && starts_in_any_case(rest, dot));
        if part > 0 && dot.is_none() {
            break;
        }
        let skipped = dot.map_or(0, str::len);
        let rest = rest.get(skipped..)?;
        let is_of_a_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let length = rest.bytes().take(LOCAL_MAX).take_while(is_of_a_part).count();
        // The dot at the end of a sentence.
        if length == 0 {
            break;
        }
        last = if part > 0 { rest.get(..length)? } else { "" };
        end += skipped + length;
    }
    let is_top = last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    (length > 0 && is_top).then_some(start..end)
}

fn starts_in_any_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Longest local part and longest domain, RFC 5321 §4.5.3.1.
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 255;

fn local_start(bytes: &[u8], at: usize) -> usize {
    let floor = at.saturating_sub(LOCAL_MAX);
    let mut start = at;
    // Whether some byte may stand before the mailbox rather than in it.
    let mut kinds = 0;
    while start > floor
        && let Some(byte) = bytes.get(start - 1)
        && KINDS.of(*byte) & LOCAL != 0
    {
        kinds |= KINDS.of(*byte);
        start -= 1;
    }
    if kinds & OTHER_SCRIPT != 0 {
        start += behind_east_asian(bytes.get(start..at).unwrap_or_default());
    }
    if kinds & (OPENS | BEFORE) == 0 {
        return start;
    }
    // `to=a@b.c` and `?q=a@b.c`: the mailbox begins after the last of these.
    let before = bytes.get(start..at).unwrap_or_default();
    start +=
        before.iter().rposition(|byte| KINDS.of(*byte) & BEFORE != 0).map_or(0, |last| last + 1);
    // Punctuation that opens a quotation rather than a mailbox.
    while start < at && bytes.get(start).is_some_and(|byte| KINDS.of(*byte) & OPENS != 0) {
        start += 1;
    }
    start
}

/// Bytes of a local part up to those in ASCII where words of a script without spaces stand before them:
/// `メールはmayumi@example.jp`.
fn behind_east_asian(mailbox: &[u8]) -> usize {
    let ascii = mailbox.iter().rev().take_while(|byte| byte.is_ascii()).count();
    let words = mailbox.get(..mailbox.len() - ascii).unwrap_or_default();
    let last = words.utf8_chunks().last().and_then(|chunk| chunk.valid().chars().next_back());
    let is_cut = ascii > 0 && last.is_some_and(|c| is_east_asian(c) || is_east_asian_sign(c));
    if is_cut { words.len() } else { 0 }
}

fn is_east_asian_sign(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
}

/// May stand in a local part, as it is or in another script.
const LOCAL: u8 = 1;
/// May open a quotation around a mailbox.
const OPENS: u8 = 1 << 1;
/// May end what stands before a mailbox.
const BEFORE: u8 = 1 << 2;
/// May stand in a label of a domain.
const LABEL: u8 = 1 << 3;
const OTHER_SCRIPT: u8 = 1 << 4;

by_byte! {
    static KINDS: u8 = |byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => LOCAL | LABEL,
        b'-' => LOCAL | LABEL,
        b'.' | b'_' | b'+' | b'%' | b'!' | b'#' | b'$' | b'^' | b'}' | b'~' => LOCAL,
        0x80.. => LOCAL | OTHER_SCRIPT,
        b'\'' | b'*' | b'`' | b'{' => LOCAL | OPENS,
        b'/' | b'=' | b'?' | b'&' | b'|' => LOCAL | OPENS | BEFORE,
        _ => 0,
    }
}

/// `scheme://user:` stands before what looked like a mailbox.
fn is_userinfo(before: &[u8]) -> bool {
    let window = before.get(before.len().saturating_sub(LOCAL_MAX)..).unwrap_or_default();
    window.last() == Some(&b':')
        && window.iter().rposition(|byte| *byte == b'/').is_some_and(|slash| {
            let info = window.get(slash..).unwrap_or_default();
            slash > 0
                && window.get(slash - 1) == Some(&b'/')
                && !info.iter().any(|byte| byte.is_ascii_whitespace() || b"\"'<>,;".contains(byte))
        })
}

fn domain_end(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?.as_bytes();
    let mut labels = 0;
    let (mut end, mut label_start) = (0, 0);
    for (at, byte) in rest.iter().enumerate().take(DOMAIN_MAX + 1) {
        match byte {
            byte if KINDS.of(*byte) & LABEL != 0 => end = at + 1,
            b'.' if at > label_start => {
                if !is_label(rest.get(label_start..at)?) {
                    return None;
                }
                labels += 1;
                label_start = at + 1;
            }
            byte if !byte.is_ascii() => return domain_end_in_scripts(text, start),
            _ => break,
        }
    }
    let mut last = rest.get(label_start..end.max(label_start))?;
    if last.is_empty() {
        // Ends in a full stop: the last label is the one before.
        let domain = rest.get(..end)?;
        last = domain.rsplit(|byte| *byte == b'.').next()?;
        labels -= 1;
    }
    (labels >= 1 && is_label(last) && is_top_level(str::from_utf8(last).ok()?))
        .then_some(start + end)
}

/// The same of a domain with letters of any script.
fn domain_end_in_scripts(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let mut end = start;
    let mut label_start = start;
    let mut labels = 0;
    let mut is_ascii = true;
    for (offset, character) in rest.char_indices().take(DOMAIN_MAX + 1) {
        let position = start + offset;
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => end = position + 1,
            // The full stops of other scripts separate labels as well (RFC 5890).
            '.' | '。' | '．' if position > label_start => {
                labels += 1;
                label_start = position + character.len_utf8();
            }
            // `@docomo.ne.jpです`: the sentence goes on.
            other if is_east_asian(other) && position > label_start && labels > 0 && is_ascii => {
                break;
            }
            other if !other.is_ascii() && other.is_alphanumeric() => {
                is_ascii = false;
                end = position + character.len_utf8();
            }
            // Vowel signs of Indic domains.
            '\u{0900}'..='\u{0dff}' => end = position + character.len_utf8(),
            _ => break,
        }
    }
    if end <= label_start {
        // Ends in a full stop: the last label is the one before.
        let domain = text.get(start..end)?;
        label_start = start + domain.rfind(['.', '。', '．']).map_or(0, |dot| dot + 1);
        labels -= 1;
    }
    if labels < 1 {
        return None;
    }
    let domain = text.get(start..end)?;
    let top = text.get(label_start..end)?;
    let top = top.trim_start_matches(['。', '．']);
    (is_top_level(top) && domain.split('.').all(|label| is_label(label.as_bytes()))).then_some(end)
}

fn is_label(label: &[u8]) -> bool {
    label.len() <= 63
        && label.first().is_some_and(|first| *first != b'-')
        && label.last().is_some_and(|last| *last != b'-')
}

fn is_top_level(label: &str) -> bool {
    const PUNYCODE: &[u8] = b"xn--";
    let bytes = label.as_bytes();
    if bytes.get(..PUNYCODE.len()).is_some_and(|start| start.eq_ignore_ascii_case(PUNYCODE)) {
        return true;
    }
    if label.is_ascii() {
        // `Label@Core.Description` is a name in a program.
        let is_of_one_case = bytes.len() <= 4
            || bytes.iter().all(u8::is_ascii_lowercase)
            || bytes.iter().all(u8::is_ascii_uppercase);
        return bytes.len() >= 2
            && bytes.iter().all(u8::is_ascii_alphabetic)
            && is_of_one_case
            && !FILE_ENDINGS.has(label);
    }
    label.chars().any(char::is_alphabetic)
}

/// `logo@2x.png` is a file.
static FILE_ENDINGS: WordList = WordList::new(&[
    "png", "jpg", "jpeg", "gif", "webp", "svg", "heic", "ico", "js", "mjs", "ts", "css", "scss",
    "html", "htm", "json", "xml", "yaml", "yml", "dll", "exe", "local",
]);

pub(in crate::detect) fn encoded_at(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, b"%40")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str) -> Option<&str> {
        let at = text.find('@').or_else(|| text.find("%40"))?;
        around(text, at).and_then(|span| text.get(span.range()))
    }

    #[test]
    fn addresses_are_found_whole() {
        for (text, expected) in [
            ("sana.k@example.pk", "sana.k@example.pk"),
            ("write to sana.k+mi@mail.example.co.uk.", "sana.k+mi@mail.example.co.uk"),
            ("<lena_vogel@example.de>", "lena_vogel@example.de"),
            ("mailto:o'hara@example.ie", "o'hara@example.ie"),
            ("'hana@example.jp'", "hana@example.jp"),
            ("?q=hana@example.jp&x=1", "hana@example.jp"),
            ("mail='hana@example.jp'", "hana@example.jp"),
            ("hana%40example.jp", "hana%40example.jp"),
            ("王芳@例子.中国", "王芳@例子.中国"),
            ("hans@xn--mller-kva.de", "hans@xn--mller-kva.de"),
            ("राम@उदाहरण.भारत", "राम@उदाहरण.भारत"),
        ] {
            assert_eq!(find(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_an_address_is_not_found() {
        for text in [
            "@example.pk",
            "sana@",
            "sana@localhost",
            "sana@example.",
            "sana.@example.pk",
            ".sana@example.pk",
            "sana@-example.pk",
            "sana@example.p",
            "sana@example.123",
            "logo@2x.png",
            "git@code.example.org:team/app.git",
            "https://robot:secret@host.example.org/",
            "ssh://git@code.example.org/x",
            "@babel/core@7.1.2",
            "a@b..c",
            "Label@Core.Description",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn whole_values_may_carry_a_display_name() {
        for (text, expected) in [
            ("Sana Khan <sana.k@example.pk>", true),
            ("mailto:sana.k@example.pk", true),
            ("sana.k@example.pk, x", false),
            ("see sana.k@example.pk", false),
        ] {
            assert_eq!(whole(text).is_some(), expected, "{text}");
        }
    }
}
