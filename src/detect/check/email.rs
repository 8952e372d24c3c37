//! E-mail addresses (RFC 5321 addr-spec, RFC 6531 for other scripts), also percent-encoded.

#[cfg(test)]
mod tests;

use crate::{
    detect::token::trimmed,
    domain::{Span, by_byte},
};

use super::{Match, person::is_east_asian, words::WordList};

/// The whole of `text`, with `mailto:` and a display name allowed around it.
pub(super) fn whole(text: &str) -> Option<Match> {
    let text = trimmed(text);
    let text = text.strip_prefix("mailto:").map_or(text, |text| text.trim_start_matches("//"));
    let text = match text.strip_suffix('>') {
        Some(inner) => inner.rfind('<').and_then(|at| inner.get(at + 1..)).unwrap_or(text),
        None => text,
    };
    let at = text.bytes().position(|byte| byte == b'@').or_else(|| encoded_at(text.as_bytes()))?;
    let span = around(text, at)?;
    (span == Span::new(0, text.len())).then_some(Match::SHAPED)
}

/// What only a name says is one: the mailbox of a host without dots, of a network of its own or with a port, and any
/// other word around an `@`.
pub(super) fn by_name(text: &str) -> Option<Match> {
    whole(text).or_else(|| is_a_word_with_a_sign(trimmed(text)).then_some(Match::PLAIN))
}

fn is_a_word_with_a_sign(text: &str) -> bool {
    const BYTES_MAX: usize = LOCAL_MAX + 1 + DOMAIN_MAX;
    let Some((local, domain)) = text.rsplit_once('@').or_else(|| text.rsplit_once("%40")) else {
        return false;
    };
    let local = local.rsplit_once("//").map_or(local, |(_, local)| local);
    // Spaces and separators stand in a name in quotes alone.
    let is_quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let ends = |text: &str, others: &str| {
        text.contains(|c: char| c.is_whitespace() || c.is_control() || others.contains(c))
    };
    text.len() <= BYTES_MAX
        && !local.is_empty()
        && (is_quoted || !ends(local, ",;\"<>()?{}@$"))
        && domain.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && !ends(domain, ",;\"'<>()?{}$")
        && domain.contains(char::is_alphabetic) | domain.starts_with('[')
}

/// The address around an `@` (or the `%40` that stands for one) at byte `at`. Looks no further than an
/// address may be long, so that a text of `@`s costs linear time.
pub(in crate::detect) fn around(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let encoded = bytes.get(at) == Some(&b'%');
    let domain_start = at + if encoded { 3 } else { 1 };
    let mut start = local_start(bytes, at);
    if bytes.get(at.wrapping_sub(1)) == Some(&b'"') && !encoded {
        start = quoted_start(bytes, at);
    }
    // The dots of a sentence that goes on, or of a name that some providers let begin with them.
    start += dots(bytes.get(start..at).unwrap_or_default().iter());
    let local = bytes.get(start..at).unwrap_or_default();
    // `#channel@irc.example` is where many meet.
    if local.is_empty() || local.starts_with(b"#") {
        return None;
    }
    let end = domain_end(text, domain_start).or_else(|| literal_end(bytes, domain_start))?;
    let domain = text.get(domain_start..end).unwrap_or_default();
    if local.ends_with(b".") && !ENDS_IN_DOTS.contains(&domain) {
        return None;
    }
    if is_of_names(domain) {
        return None;
    }
    // `user:secret@host` in a URL, and `git@host:path`, are not mailboxes.
    let before = bytes.get(..start).unwrap_or_default();
    if is_behind_a_scheme(before) || is_userinfo(before) || is_of_a_message(before, local) {
        return None;
    }
    let behind = bytes.get(end..).unwrap_or_default();
    if behind.first() == Some(&b':') && is_of_a_host(local, behind.get(1..).unwrap_or_default()) {
        return None;
    }
    Some(Span::new(start, end))
}

fn dots<'b>(bytes: impl Iterator<Item = &'b u8>) -> usize {
    bytes.take_while(|byte| **byte == b'.').count()
}

/// Providers that gave out names with a dot at the end, against RFC 5321.
const ENDS_IN_DOTS: [&str; 5] =
    ["docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp"];

/// Whether names that are made like mailboxes have this behind their sign: `ssh-rsa-cert-v01@openssh.com` (RFC 4251
/// §6), `Ports@odata.count`.
fn is_of_names(domain: &str) -> bool {
    const KNOWN: [&str; 3] = ["openssh.com", "libssh.org", "bob.xmpp.org"];
    // OData JSON Format 4.01 §4.6.
    const CONTROLS: [&str; 8] =
        ["bind", "context", "count", "delta", "error", "etag", "id", "type"];
    KNOWN.iter().any(|known| domain.starts_with(known))
        || domain.strip_prefix("odata.").is_some_and(|control| CONTROLS.contains(&control))
}

/// Where a local part in quotes begins (RFC 5321 §4.1.2) whose last quote stands before `at`; `at` where there is none.
fn quoted_start(bytes: &[u8], at: usize) -> usize {
    let end = at.saturating_sub(1);
    let window = bytes.get(end.saturating_sub(LOCAL_MAX)..end).unwrap_or_default();
    let length =
        window.iter().rev().take_while(|byte| matches!(byte, b' '..=b'~') && **byte != b'"');
    let length = length.count();
    let start = end - length;
    let opens = length > 0 && start > 0 && bytes.get(start - 1) == Some(&b'"');
    if opens { start - 1 } else { at }
}

/// Where the address of a machine in the place of a domain ends (RFC 5321 §4.1.3): `[192.0.2.1]`, `[IPv6:…]`.
fn literal_end(bytes: &[u8], start: usize) -> Option<usize> {
    const BYTES_MAX: usize = 48;
    let inside = bytes.get(start..)?.strip_prefix(b"[")?;
    let length = inside.iter().take(BYTES_MAX).position(|byte| *byte == b']')?;
    let address = str::from_utf8(inside.get(..length)?).ok()?;
    let is_one = match address.strip_prefix("IPv6:") {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => address.parse::<std::net::Ipv4Addr>().is_ok(),
    };
    is_one.then_some(start + length + 2)
}

/// Whether the authority of an address begins where `before` ends: `https://`. Two slashes alone begin a comment, and
/// those behind a scheme of mailboxes are one of its spellings.
fn is_behind_a_scheme(before: &[u8]) -> bool {
    const OF_MAILBOXES: [&[u8]; 8] =
        [b"mailto", b"xmpp", b"sip", b"sips", b"smtp", b"im", b"acct", b"email"];
    const BYTES_MAX: usize = 32;
    let Some(head) = before.strip_suffix(b"://") else { return false };
    let is_of_it = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let length = head.iter().rev().take(BYTES_MAX).take_while(is_of_it).count();
    let scheme = head.get(head.len() - length..).unwrap_or_default();
    length > 0 && !OF_MAILBOXES.iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// Whether `local` goes by a machine's name rather than a provider's of mail: a path from the root or of a repository
/// stands behind the colon, or a port or path behind a name of no person, as in `git@host:path` and `deploy@host:22`.
/// A password or a port may stand behind a mailbox.
fn is_of_a_host(local: &[u8], behind: &[u8]) -> bool {
    const BYTES_MAX: usize = 64;
    let is_of_it = |byte: &u8| byte.is_ascii_graphic() && !b",;\"'<>".contains(byte);
    let length = behind.iter().take(BYTES_MAX).take_while(|byte| is_of_it(byte)).count();
    let word = behind.get(..length).unwrap_or_default();
    let is_port = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    let is_path = word.contains(&b'/');
    let is_copied = word.starts_with(b"/") || word.starts_with(b"~/") || word.ends_with(b".git");
    let is_service = || str::from_utf8(local).is_ok_and(|local| SERVICES.has(local));
    is_copied || (is_port || is_path) && is_service()
}

/// Who logs in to machines and is nobody.
static SERVICES: WordList = WordList::new(&[
    "git",
    "gitlab",
    "gitea",
    "forgejo",
    "gerrit",
    "aur",
    "svn",
    "hg",
    "bzr",
    "cvs",
    "anonymous",
    "root",
    "admin",
    "administrator",
    "user",
    "username",
    "login",
    "guest",
    "deploy",
    "deployer",
    "ubuntu",
    "debian",
    "centos",
    "fedora",
    "core",
    "ec2-user",
    "opc",
    "pi",
    "vagrant",
    "ansible",
    "jenkins",
    "ci",
    "build",
    "builder",
    "runner",
    "backup",
    "rsync",
    "sftp",
    "ftp",
    "ssh",
    "web",
    "www",
    "www-data",
    "nginx",
    "app",
    "api",
    "service",
    "postgres",
    "mysql",
    "redis",
    "mongo",
    "oracle",
    "db",
    "tunnel",
    "test",
]);

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

/// Whether a message or a part of one goes by it: `cid:` (RFC 2392), and behind `id` where a server received it (RFC 5321
/// §4.4). Mailboxes have that word before them as well, and small letters.
fn is_of_a_message(before: &[u8], local: &[u8]) -> bool {
    let head = |end: &[u8]| {
        let (head, last) = before.split_at_checked(before.len().checked_sub(end.len())?)?;
        last.eq_ignore_ascii_case(end).then_some(head)
    };
    let is_code =
        || local.iter().any(u8::is_ascii_digit) && !local.iter().any(u8::is_ascii_lowercase);
    head(b"cid:").and_then(<[u8]>::last).is_some_and(|sign| b"\"'=(<[".contains(sign))
        || (head(b" id <").is_some() && is_code())
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
    let top = str::from_utf8(last).ok()?;
    if labels >= 1 && is_label(last) && is_top_level(top) {
        return Some(start + end);
    }
    // `files/sana.k@example.pk.json` is called after its owner.
    let domain = rest.get(..end)?.strip_suffix(last)?.strip_suffix(b".")?;
    let top_before = domain.rsplit(|byte| *byte == b'.').next()?;
    let is_owned = labels >= 2
        && OWNED_ENDINGS.has(top)
        && (top_before.len() == 2 || USUAL_DOMAINS.contains(&top_before))
        && top_before.iter().all(u8::is_ascii_lowercase);
    is_owned.then_some(start + domain.len())
}

/// Of files that are called after somebody; those of programs are not.
static OWNED_ENDINGS: WordList = WordList::new(&[
    "png", "jpg", "jpeg", "gif", "webp", "svg", "heic", "html", "htm", "json", "xml", "yaml", "yml",
]);

/// Beside those of countries.
const USUAL_DOMAINS: [&[u8]; 8] =
    [b"com", b"net", b"org", b"info", b"edu", b"gov", b"mail", b"email"];

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
