//! Where a value will be put, and what stands there until then.

/// `in_000000000000000000000000`, `G030PMXXXXXXXXXX`: an identifier whose signs are still to come.
pub(super) fn is_blank(text: &str) -> bool {
    const ZEROS_MIN: usize = 12;
    const SIGNS_MIN: usize = 8;
    let is_of = |part: &str, is: fn(&u8) -> bool| !part.is_empty() && part.bytes().all(|b| is(&b));
    let head = text.trim_end_matches('0');
    if text.len() - head.len() >= ZEROS_MIN {
        return is_of(head, |b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-'));
    }
    let head = text.trim_end_matches('X');
    text.len() - head.len() >= SIGNS_MIN
        && is_of(head, u8::is_ascii_alphanumeric)
        && head.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// `{national_number}`, `{1}`: where a value will be put.
pub(super) fn is_slot(text: &str) -> bool {
    let inside = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|name| {
        // `{{ tx.city }}`
        let twice = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let name = twice.map_or(name, |name| name.trim_matches(['{', '}', '#', '/', '&']).trim());
        !name.is_empty()
            && name.bytes().all(|b| {
                b.is_ascii_alphanumeric()
                    || matches!(b, b'_' | b'.')
                    || (twice.is_some() && matches!(b, b' ' | b'-' | b'|' | b'(' | b')' | b'\''))
            })
    })
}
