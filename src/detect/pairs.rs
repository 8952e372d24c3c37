//! Names with values inside a text: `user=42 email="a@b.example"` in a log line, `Phone: 0300 1234567`
//! in a signature.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem::Finder;

use crate::domain::by_byte;

/// Longest name and longest value looked for, bytes.
const NAME_BYTES_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 320;

/// A name and its value as byte ranges of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    /// Written with `=`, as only programs do, or in a form.
    pub(super) assigned: bool,
}

/// Every pair in `text`, in order. Each `=`, each `: `, each row of dots and each comparison is looked at once and no
/// further than a name and a value are long.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = Pair> + '_ {
    let bytes = text.as_bytes();
    let mut signs = memchr::memchr2_iter(b'=', b':', bytes).peekable();
    let rare = RARE.each_ref().map(|mark| mark.find_iter(bytes).peekable());
    let [mut dots, mut equal, mut like] = rare;
    let mut past = 0;
    let marks = std::iter::from_fn(move || {
        let all = [signs.peek(), dots.peek(), equal.peek(), like.peek()];
        let next = all.into_iter().flatten().min()?;
        match all.iter().position(|it| *it == Some(next))? {
            0 => signs.next(),
            1 => dots.next(),
            2 => equal.next(),
            _ => like.next(),
        }
    });
    marks.filter_map(move |at| {
        if at < past {
            return None;
        }
        let pair = match bytes.get(at)? {
            b'=' => assignment(text, at),
            b':' => label(text, at),
            _ if bytes.get(at + 1) == Some(&b'.') => leader(text, at + 1),
            _ => comparison(text, at),
        }?;
        // Inside what stands behind a label there may be more of them.
        past = if pair.assigned { pair.value.end } else { at + 1 };
        Some(pair)
    })
}

/// What else than a sign stands between a name and its value: the dots of a printed form, and the words that compare
/// in a filter (OData 4.01 §5.1.1.1.1, SCIM in RFC 7644 §3.4.2.2) or a query (ISO 9075-2 §8.5).
static RARE: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| {
    let [equal, like] = COMPARING;
    [" ....", equal, like].map(Finder::new)
});
pub(super) const COMPARING: [&str; 2] = [" eq ", " LIKE "];

/// `LastName eq 'Khan'`, `tolower(name) LIKE 'sana%'`: the word that compares begins at `at`.
fn comparison(text: &str, at: usize) -> Option<Pair> {
    let bytes = text.as_bytes();
    let name_end = at - usize::from(at > 0 && bytes.get(at - 1) == Some(&b')'));
    let head = bytes.get(name_end.saturating_sub(NAME_BYTES_MAX)..name_end)?;
    let length = head.iter().rev().take_while(|byte| is_name_byte(**byte)).count();
    let rest = text.get(at..)?;
    let word = COMPARING.into_iter().find(|word| rest.starts_with(word))?;
    let start = at + word.len();
    let value = match bytes.get(start)? {
        quote @ (b'"' | b'\'') => quoted(bytes, start, *quote)?,
        b'0'..=b'9' => {
            let rest = bytes.get(start..bytes.len().min(start + VALUE_BYTES_MAX))?;
            let ends = |byte: &u8| KINDS.of(*byte) & (SPACE | CLOSING) != 0;
            start..start + rest.iter().position(ends).unwrap_or(rest.len())
        }
        _ => return None,
    };
    // Signs in a pattern that stand for anything.
    let pattern = text.get(value.clone())?.trim_end_matches('%');
    let blank = pattern.len() - pattern.trim_start_matches('%').len();
    let value = value.start + blank..value.start + pattern.len();
    whole_characters(text, Pair { name: name_end - length..name_end, value, assigned: true })
}

/// What a quote at `start` opens.
fn quoted(bytes: &[u8], start: usize, quote: u8) -> Option<Range<usize>> {
    let inner = bytes.get(start + 1..bytes.len().min(start + 1 + VALUE_BYTES_MAX))?;
    let length = memchr::memchr(quote, inner)?;
    Some(start + 1..start + 1 + length)
}

/// `Date of birth ........ 1990-05-12`, as forms are printed: the dots begin at `at`.
fn leader(text: &str, at: usize) -> Option<Pair> {
    let bytes = text.as_bytes();
    let head = text.get(..at)?.trim_end_matches(' ');
    let floor = text.ceil_char_boundary(head.len().saturating_sub(NAME_BYTES_MAX));
    let line = head.get(floor..)?;
    let start = floor + line.rfind(['\n', '|', '\t']).map_or(0, |before| before + 1);
    let name = text.get(start..head.len())?;
    let start = start + (name.len() - name.trim_start().len());
    let rest = bytes.get(at..bytes.len().min(at + VALUE_BYTES_MAX))?;
    let row = rest.iter().take_while(|byte| **byte == b'.').count();
    let blank = rest.get(row..)?.iter().take_while(|byte| **byte == b' ').count();
    let from = at + row + blank;
    let value = rest.get(row + blank..)?;
    let length = memchr::memchr3(b'\n', b'\r', b'|', value).unwrap_or(value.len());
    let end = text.floor_char_boundary(from + length);
    let value = text.get(from..end)?.trim_end();
    let pair = Pair { name: start..head.len(), value: from..from + value.len(), assigned: true };
    (blank > 0 && begins_its_line(bytes, start, b" \t"))
        .then_some(pair)
        .and_then(|it| whole_characters(text, it))
}

/// `name=value`, `name="several words"`.
fn assignment(text: &str, at: usize) -> Option<Pair> {
    let bytes = text.as_bytes();
    // `name = value`, as configuration is written, and `[name] => value`, as programs print what they hold; those in
    // Ruby without spaces: `"name"=>"Sana Khan"`.
    let is_arrow = bytes.get(at + 1) == Some(&b'>');
    let behind = at + 1 + usize::from(is_arrow);
    let is_spaced = at > 0 && bytes.get(at - 1) == Some(&b' ') && bytes.get(behind) == Some(&b' ');
    let name_end = at - usize::from(is_spaced);
    if is_arrow && !is_spaced && !is_of_a_hash(bytes, at, behind) {
        return None;
    }
    let closes = |byte: Option<&u8>| byte.is_some_and(|byte| b"]\"'".contains(byte));
    let name_end = name_end - usize::from(is_arrow && closes(bytes.get(name_end.wrapping_sub(1))));
    let head = bytes.get(name_end.saturating_sub(NAME_BYTES_MAX)..name_end)?;
    let length = head.iter().rev().take_while(|byte| is_name_byte(**byte)).count();
    let mut name = name_end - length..name_end;
    if is_spaced && !is_arrow {
        name.start = words_of_a_line(bytes, &name);
    }
    let before = name.start.checked_sub(1).and_then(|before| bytes.get(before));
    if length == 0 || before.is_some_and(|byte| matches!(byte, b'=' | b'<' | b'>' | b'!' | b'/')) {
        return None;
    }
    let start = behind + usize::from(is_spaced);
    let is_quoted = matches!(bytes.get(start), Some(b'"' | b'\''));
    // In a line of its own; the equals sign of a formula stands between spaces as well.
    if is_spaced && !is_arrow && !is_quoted && !begins_its_line(bytes, name.start, b" \t") {
        return None;
    }
    let is_a_line = is_spaced && !is_arrow;
    let value = match bytes.get(start)? {
        quote @ (b'"' | b'\'') => quoted(bytes, start, *quote)?,
        b'=' => return None,
        _ => {
            let rest = bytes.get(start..bytes.len().min(start + VALUE_BYTES_MAX))?;
            let ends = if is_a_line { SPACE } else { SPACE | CLOSING };
            let length =
                rest.iter().position(|byte| KINDS.of(*byte) & ends != 0).unwrap_or(rest.len());
            // What is worked out is no value.
            let is_called = |byte: &u8| matches!(byte, b'(' | b'[' | b'{' | b'$');
            if is_spaced && rest.get(..length)?.iter().any(is_called) {
                return None;
            }
            start..start + length
        }
    };
    whole_characters(text, Pair { name, value, assigned: true })
}

/// `"name"=>"Ana"`, `:age=>29`, as Ruby prints a hash: the arrow at `at` points to what stands at `behind`. That of a
/// function stands between names.
fn is_of_a_hash(bytes: &[u8], at: usize, behind: usize) -> bool {
    let head = bytes.get(at.saturating_sub(NAME_BYTES_MAX)..at).unwrap_or_default();
    let length = head.iter().rev().take_while(|byte| is_name_byte(**byte)).count();
    let is_name = head.ends_with(b"\"")
        || head.get(..head.len() - length).is_some_and(|it| it.ends_with(b":"));
    is_name && matches!(bytes.get(behind), Some(b'"' | b'0'..=b'9'))
}

/// Where the words begin that stand before a name in its line, `Full Name = …`, if nothing else does.
fn words_of_a_line(bytes: &[u8], name: &Range<usize>) -> usize {
    let head = bytes.get(name.end.saturating_sub(NAME_BYTES_MAX)..name.start).unwrap_or_default();
    let is_of_words = |byte: &&u8| is_name_byte(**byte) || **byte == b' ';
    let length = head.iter().rev().take_while(is_of_words).count();
    let words = head.get(head.len() - length..).unwrap_or_default();
    let blank = words.iter().take_while(|byte| **byte == b' ').count();
    let start = name.start - length + blank;
    // `const user = …` is no label.
    let is_label = bytes.get(start).is_some_and(|byte| byte.is_ascii_uppercase() || *byte >= 0x80);
    if is_label && begins_its_line(bytes, start, b" \t") { start } else { name.start }
}

/// Whether nothing but such `signs` stands before `at` in its line. No more of it is looked at than those: the line
/// may be all of a long text.
fn begins_its_line(bytes: &[u8], at: usize, signs: &[u8]) -> bool {
    let before = bytes.get(..at).unwrap_or_default();
    let blank = before.iter().rev().take_while(|byte| signs.contains(byte)).count();
    matches!(before.get(..before.len() - blank).and_then(<[u8]>::last), None | Some(b'\n'))
}

/// `Label: value`, `'label': 'value'`, `标签：值`: to the end of the line, or to a quote or a bar. The name is
/// what stands before the colon, which may be more than the label.
fn label(text: &str, at: usize) -> Option<Pair> {
    let bytes = text.as_bytes();
    if bytes.get(at + 1..at + 3) == Some(b" [") && at > 0 && bytes.get(at - 1) == Some(&b']') {
        return bracketed(text, at);
    }
    let quoted = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'"' | b'\''));
    let name_end = at - usize::from(quoted(at.checked_sub(1).and_then(|before| bytes.get(before))));
    // `*Phone*: …`, `Nom : …`.
    let head = bytes.get(name_end.saturating_sub(3)..name_end)?;
    let name_end =
        name_end - head.iter().rev().take_while(|byte| matches!(byte, b' ' | b'*')).count();
    let floor = name_end.saturating_sub(NAME_BYTES_MAX);
    let head = bytes.get(floor..name_end)?;
    let last = head.last()?;
    // `**Phone:** …`.
    let stars = bytes.get(at + 1..)?.iter().take(2).take_while(|byte| **byte == b'*').count();
    let at = at + stars;
    let next = bytes.get(at + 1)?;
    // A time, an address and a scheme have a colon as well.
    let spaced = matches!(next, b' ' | b'\t' | b'\r' | b'\n');
    let glued =
        (next.is_ascii_alphanumeric() || *next >= 0x80 || matches!(next, b'+' | b'"' | b'\''))
            && !last.is_ascii_digit();
    if !(spaced || glued) || !(is_name_byte(*last) || *last == b' ' || *last == b')') {
        return None;
    }
    let mut start = head
        .iter()
        .rposition(|byte| !(is_name_byte(*byte) || matches!(byte, b' ' | b'\'' | b')')))
        .map_or(floor, |position| floor + position + 1);
    while bytes.get(start).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'*' | b'\'')) {
        start += 1;
    }
    let start = text.ceil_char_boundary(start.min(name_end));
    // The parts of a URN stand between colons.
    let is_part = bytes.get(start..name_end)?.iter().all(u8::is_ascii_alphanumeric);
    if is_part
        && !spaced
        && start.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b':')
    {
        return None;
    }
    let rest = bytes.get(at + 1..bytes.len().min(at + 1 + VALUE_BYTES_MAX))?;
    // `did:example:1234`: so does the first of them.
    let first = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    if first > 2
        && rest.get(first) == Some(&b':')
        && rest.get(first + 1).is_some_and(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let leading = behind_marks(rest);
    let value = rest.get(leading..)?;
    if matches!(value.first(), Some(b'\n' | b'\r')) {
        return below(text, start..name_end, at + 1 + leading);
    }
    if quoted(value.first()) {
        let inner = value.get(1..)?;
        let length = memchr::memchr(*value.first()?, inner)?;
        let from = at + 2 + leading;
        let pair = Pair { name: start..name_end, value: from..from + length, assigned: false };
        return whole_characters(text, pair);
    }
    // `{SSHA}…` (RFC 3112) goes on behind its brace.
    let is_closed = !value.starts_with(b"{");
    let length = value
        .iter()
        .position(|byte| match byte {
            b'\n' | b'\r' | b'|' | b'\t' | b';' | b'"' => true,
            b'}' => is_closed,
            _ => false,
        })
        .into_iter()
        .chain(memchr::memmem::find(value, b"</"))
        .min()
        .unwrap_or(value.len());
    let value = value.get(..length)?;
    // `(diagnosis: asthma). She …`: what a bracket opens before the label ends with it.
    let is_bracketed = start.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'(');
    let close = memchr::memchr2(b'(', b')', value).filter(|at| value.get(*at) == Some(&b')'));
    let value = value.get(..close.filter(|_| is_bracketed).unwrap_or(length))?;
    let length = value.len();
    let trailing = value.iter().rev().take_while(|byte| matches!(byte, b' ' | b'.' | b',')).count();
    let from = at + 1 + leading;
    let end = text.floor_char_boundary((from + length - trailing).max(from));
    whole_characters(text, Pair { name: start..name_end, value: from..end, assigned: false })
}

/// How long what stands before a value is: blanks, and marks of a web page, `<b>4341 …`.
fn behind_marks(rest: &[u8]) -> usize {
    const MARKS_MAX: usize = 3;
    const MARK_BYTES_MAX: usize = 24;
    let mut length = 0;
    for _ in 0..MARKS_MAX {
        let left = rest.get(length..).unwrap_or_default();
        length += left.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let mark = rest.get(length..).unwrap_or_default();
        let is_mark = matches!(mark, [b'<', b'/' | b'a'..=b'z', ..]);
        let window = mark.get(..mark.len().min(MARK_BYTES_MAX)).unwrap_or_default();
        let Some(end) = memchr::memchr(b'>', window).filter(|_| is_mark) else { break };
        // `<ana@example.org>` is a value.
        if window.get(1..end).is_some_and(|name| name.iter().any(|byte| b"@:.".contains(byte))) {
            break;
        }
        length += end + 1;
    }
    length
}

/// `[ro.serialno]: [c331c66a]`, as Android prints its properties.
fn bracketed(text: &str, at: usize) -> Option<Pair> {
    let bytes = text.as_bytes();
    let name_end = at.checked_sub(1)?;
    let head = bytes.get(name_end.saturating_sub(NAME_BYTES_MAX)..name_end)?;
    let start = name_end - head.len() + memchr::memrchr(b'[', head)? + 1;
    let from = at + ": [".len();
    let length =
        memchr::memchr2(b']', b'\n', bytes.get(from..bytes.len().min(from + VALUE_BYTES_MAX))?)?;
    whole_characters(
        text,
        Pair { name: start..name_end, value: from..from + length, assigned: true },
    )
}

/// A label that has its line to itself, which ends at `end`, and the line below it: a number, a mailbox, or words
/// with capitals.
fn below(text: &str, name: Range<usize>, end: usize) -> Option<Pair> {
    const LINE_BYTES_MAX: usize = 60;
    let bytes = text.as_bytes();
    let is_alone = begins_its_line(bytes, name.start, b" \t*-");
    let line_end =
        end + bytes.get(end..)?.iter().take(2).take_while(|b| b"\r\n".contains(b)).count();
    let line = bytes.get(line_end..bytes.len().min(line_end + LINE_BYTES_MAX + 1))?;
    let length = memchr::memchr2(b'\n', b'\r', line).unwrap_or(line.len());
    let value = line_end..line_end + length;
    let line = text.get(value.clone())?;
    let is_told = line.bytes().any(|byte| byte.is_ascii_digit() || byte == b'@')
        || (line.contains(' ') && line.split(' ').all(|word| word.starts_with(char::is_uppercase)));
    let good = is_alone && length <= LINE_BYTES_MAX && is_told && !line.contains(':');
    good.then_some(Pair { name, value, assigned: false }).and_then(|it| whole_characters(text, it))
}

/// The last words of `name`, four and then fewer, as ranges of the text.
pub(super) fn endings(text: &str, name: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let label = text.get(name.clone()).unwrap_or_default();
    let mut starts = [name.end; 4];
    let (mut count, mut position) = (0, label.len());
    while count < starts.len() {
        let head = label.get(..position).unwrap_or_default().trim_end();
        let at = head.rfind(' ').map_or(0, |space| space + 1);
        if let Some(slot) = starts.get_mut(count) {
            *slot = name.start + at;
        }
        count += 1;
        position = at;
        if at == 0 {
            break;
        }
    }
    (0..count).rev().map(move |number| starts.get(number).copied().unwrap_or(name.end)..name.end)
}

fn is_name_byte(byte: u8) -> bool {
    KINDS.of(byte) & NAME != 0
}

const NAME: u8 = 1;
const SPACE: u8 = 2;
/// What ends a value that was assigned.
const CLOSING: u8 = 4;

by_byte! {
    static KINDS: u8 = |byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | 0x80.. | b'_' | b'-' | b'.' => NAME,
        b' ' | b'\t' | b'\n' | b'\r' | 0x0C => SPACE,
        b',' | b';' | b'&' | b'|' | b')' | b']' | b'}' | b'"' | b'\'' => CLOSING,
        _ => 0,
    }
}

/// Drops a pair that is empty or was cut inside a character.
fn whole_characters(text: &str, pair: Pair) -> Option<Pair> {
    let whole = text.get(pair.name.clone()).is_some_and(|name| !name.is_empty())
        && text.get(pair.value.clone()).is_some_and(|value| !is_blank(value));
    whole.then_some(pair)
}

fn is_blank(text: &str) -> bool {
    let is_printed = |byte: &u8| byte.is_ascii_graphic();
    !text.as_bytes().first().is_some_and(is_printed) && text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_logs_and_of_letters() {
        for (text, expected) in [
            ("a=1 b=two", &["a|1", "b|two"][..]),
            (r#"user="Sana Khan" ip=203.0.113.7,"#, &["user|Sana Khan", "ip|203.0.113.7"]),
            ("Name: Sana Khan\nPhone: 0300 1234567.", &["Name|Sana Khan", "Phone|0300 1234567"]),
            ("Name: Sana, Phone: 0300", &["Name|Sana, Phone: 0300", "Phone|0300"]),
            ("see name: Sana; phone: 0300", &["see name|Sana", "phone|0300"]),
            ("back (diagnosis: asthma). She is", &["diagnosis|asthma"]),
            ("back (note: a (b) c) d", &["note|a (b) c) d"]),
            ("{'email': 'a@b.c', \"n\": 3}", &["email|a@b.c", "n|3"]),
            ("姓名:李建国,电话:186", &["姓名|李建国,电话:186", "电话|186"]),
            ("Father's name: A B; x", &["Father's name|A B"]),
            (
                "*Name:*\nSana Khan\n\nPhone:\n0300 1234567",
                &["Name|Sana Khan", "Phone|0300 1234567"],
            ),
            ("Name:\nEmail:\n", &[]),
            ("Password:\nRemember me", &[]),
            ("imei:356 http://x 12:30", &["imei|356 http://x 12:30"]),
            ("城市=卡拉奇", &["城市|卡拉奇"]),
            (
                r#"{"user"=>{"name"=>"Ana Ruiz", :city=>"Lima", "age"=>29}} "a" => 'b'"#,
                &["name|Ana Ruiz", "city|Lima", "age|29", "a|b"],
            ),
            ("rows.map(name=>name.id) a=>\"b\"", &[]),
            ("a==1 b>=2 c!=3", &[]),
            (
                "LastName eq 'Khan' and tolower(City) eq 'x' or id eq 7)",
                &["LastName|Khan", "City|x", "id|7"],
            ),
            ("WHERE a LIKE '%Khan%' AND b = 'c'", &["a|Khan", "b|c"]),
            ("x eq y, eq 'z', a eq 'open", &[]),
            ("at 10:30 =", &[]),
            ("http://x/?a=1&b=2", &["a|1", "b|2"]),
            ("k=\"unclosed", &[]),
            ("[x]\nFull Name = Sana Khan\nNo = 3", &["Full Name|Sana", "No|3"]),
            ("let a = \"b\"; c d = e", &["a|b"]),
            (
                "FORM\nName ....... Sana Khan\nBlood group ..... O+\n",
                &["Name|Sana Khan", "Blood group|O+"],
            ),
            ("wait .... what? a .... b", &["wait|what? a .... b"]),
            ("Name ....", &[]),
            ("[ro.serialno]: [c331c66a]\n[a]: []\n[b]: [1]", &["ro.serialno|c331c66a", "b|1"]),
            ("userPassword: {SSHA}aGVs\n", &["userPassword|{SSHA}aGVs"]),
        ] {
            let found: Vec<String> = pairs(text)
                .map(|pair| {
                    format!("{}|{}", text.get(pair.name).unwrap(), text.get(pair.value).unwrap())
                })
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_label_may_be_the_end_of_what_stands_before_the_colon() {
        let text = "the customer gave No. KP: 63";
        let found: Vec<&str> = endings(text, 4..24).map(|range| text.get(range).unwrap()).collect();
        assert_eq!(found, ["customer gave No. KP", "gave No. KP", "No. KP", "KP"]);
        assert_eq!(endings("姓名", 0..6).next(), Some(0..6));
    }
}
