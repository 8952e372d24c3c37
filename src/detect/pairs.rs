//! Names with values inside a text: `user=42 email="a@b.example"` in a log line, `Phone: 0300 1234567`
//! in a signature.

use std::ops::Range;

/// Longest name and longest value looked for, bytes.
const NAME_BYTES_MAX: usize = 64;
const VALUE_BYTES_MAX: usize = 320;

/// A name and its value as byte ranges of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) name: Range<usize>,
    pub(super) value: Range<usize>,
    /// Written with `=`, as only programs do.
    pub(super) assigned: bool,
}

/// Every pair in `text`, in order. Each `=` and each `: ` is looked at once and no further than a name
/// and a value are long.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = Pair> + '_ {
    let mut past = 0;
    memchr::memchr2_iter(b'=', b':', text.as_bytes()).filter_map(move |at| {
        if at < past {
            return None;
        }
        let pair = if text.as_bytes().get(at) == Some(&b'=') {
            assignment(text, at)
        } else {
            label(text, at)
        }?;
        past = pair.value.end;
        Some(pair)
    })
}

/// `name=value`, `name="several words"`.
fn assignment(text: &str, at: usize) -> Option<Pair> {
    let bytes = text.as_bytes();
    let head = bytes.get(at.saturating_sub(NAME_BYTES_MAX)..at)?;
    let length = head.iter().rev().take_while(|byte| is_name_byte(**byte)).count();
    let name = at - length..at;
    let before = name.start.checked_sub(1).and_then(|before| bytes.get(before));
    if length == 0 || before.is_some_and(|byte| matches!(byte, b'=' | b'<' | b'>' | b'!' | b'/')) {
        return None;
    }
    let start = at + 1;
    let value = match bytes.get(start)? {
        quote @ (b'"' | b'\'') => {
            let inner = bytes.get(start + 1..bytes.len().min(start + 1 + VALUE_BYTES_MAX))?;
            let length = memchr::memchr(*quote, inner)?;
            start + 1..start + 1 + length
        }
        b'=' => return None,
        _ => {
            let rest = bytes.get(start..bytes.len().min(start + VALUE_BYTES_MAX))?;
            let length = rest
                .iter()
                .position(|byte| {
                    byte.is_ascii_whitespace()
                        || matches!(
                            byte,
                            b',' | b';' | b'&' | b'|' | b')' | b']' | b'}' | b'"' | b'\''
                        )
                })
                .unwrap_or(rest.len());
            start..start + length
        }
    };
    whole_characters(text, Pair { name, value, assigned: true })
}

/// `Label: value` to the end of the line when it begins one, or else to the next comma.
fn label(text: &str, at: usize) -> Option<Pair> {
    let bytes = text.as_bytes();
    if bytes.get(at + 1) != Some(&b' ') {
        return None;
    }
    let floor = at.saturating_sub(NAME_BYTES_MAX);
    let head = bytes.get(floor..at)?;
    let start = head
        .iter()
        .rposition(|byte| {
            matches!(
                byte,
                b'\n' | b'\r' | b',' | b';' | b'|' | b'.' | b'(' | b'[' | b'{' | b'=' | b'>'
            )
        })
        .map_or(floor, |position| floor + position + 1);
    let opens_line = start == 0 || matches!(bytes.get(start - 1), Some(b'\n' | b'\r'));
    let mut start = start;
    while bytes.get(start).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'*' | b'"')) {
        start += 1;
    }
    let name = bytes.get(start..at)?;
    let words = name.split(|byte| *byte == b' ').count();
    if name.is_empty() || words > 4 || !name.iter().all(|byte| is_name_byte(*byte) || *byte == b' ')
    {
        return None;
    }
    let rest = bytes.get(at + 2..bytes.len().min(at + 2 + VALUE_BYTES_MAX))?;
    let length = rest
        .iter()
        .position(|byte| {
            matches!(byte, b'\n' | b'\r' | b'|' | b'\t')
                || (!opens_line && matches!(byte, b',' | b';' | b'"' | b'}'))
        })
        .unwrap_or(rest.len());
    let value = rest.get(..length)?;
    let leading = value.iter().take_while(|byte| **byte == b' ').count();
    let trailing = value.iter().rev().take_while(|byte| matches!(byte, b' ' | b'.' | b',')).count();
    let end = (at + 2 + length).saturating_sub(trailing);
    whole_characters(text, Pair { name: start..at, value: at + 2 + leading..end, assigned: false })
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'-' | b'.')
}

/// Drops a pair that is empty or was cut inside a character.
fn whole_characters(text: &str, pair: Pair) -> Option<Pair> {
    let whole = text.get(pair.name.clone()).is_some_and(|name| !name.is_empty())
        && text.get(pair.value.clone()).is_some_and(|value| !value.trim().is_empty());
    whole.then_some(pair)
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
            ("Name: Sana, Phone: 0300", &["Name|Sana, Phone: 0300"]),
            ("see name: Sana, phone: 0300", &["see name|Sana, phone: 0300"]),
            ("x; name: Sana, phone: 0300", &["name|Sana", "phone|0300"]),
            ("城市=卡拉奇", &["城市|卡拉奇"]),
            ("a==1 b>=2 c!=3", &[]),
            ("at 10:30 =", &[]),
            ("http://x/?a=1&b=2", &["a|1", "b|2"]),
            ("k=\"unclosed", &[]),
        ] {
            let found: Vec<String> = pairs(text)
                .map(|pair| {
                    format!("{}|{}", text.get(pair.name).unwrap(), text.get(pair.value).unwrap())
                })
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
