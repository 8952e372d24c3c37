//! Texts in small letters, to be looked up or compared. One as short as names are needs no memory of its own.

use std::ops::Deref;

/// More than the longest name in prose takes.
const BYTES_MAX: usize = 128;

/// A text as [`str::to_lowercase`] has it.
#[derive(Debug)]
pub(super) enum Lowered {
    Short { room: [u8; BYTES_MAX], length: usize },
    Long(String),
}

impl Lowered {
    pub(super) fn of(text: &str) -> Self {
        let mut room = [0; BYTES_MAX];
        match fill(text, &mut room) {
            Some(length) => Self::Short { room, length },
            None => Self::Long(text.to_lowercase()),
        }
    }
}

impl Deref for Lowered {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Short { room, length } => {
                let text = room.get(..*length).unwrap_or_default();
                std::str::from_utf8(text).unwrap_or_default()
            }
            Self::Long(text) => text,
        }
    }
}

/// Writes `text` in small letters into `room`, and how long it is then. Nothing where there is no room, or where a
/// letter is written by what stands around it, as sigma is.
fn fill(text: &str, room: &mut [u8]) -> Option<usize> {
    if text.is_ascii() {
        let room = room.get_mut(..text.len())?;
        room.copy_from_slice(text.as_bytes());
        room.make_ascii_lowercase();
        return Some(text.len());
    }
    let mut length = 0;
    for character in text.chars() {
        if character == 'Σ' {
            return None;
        }
        for small in character.to_lowercase() {
            let end = length + small.len_utf8();
            small.encode_utf8(room.get_mut(length..end)?);
            length = end;
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::Lowered;

    #[test]
    fn a_text_is_lowered_as_the_library_does_it() {
        let long = "Ünal ".repeat(40);
        let full = "Q".repeat(128);
        for text in
            ["", "Sana KHAN", "JÜRGEN Großmann", "İpek", "ΝΙΚΟΣ", "ΣΑΝΑ", "王芳", &full, &long]
        {
            assert_eq!(*Lowered::of(text), *text.to_lowercase(), "{text}");
        }
        let is_short = |text: &str| matches!(Lowered::of(text), Lowered::Short { .. });
        assert!(is_short("Sana Khan") && is_short("İpek") && is_short(&full));
        assert!(!is_short("ΝΙΚΟΣ") && !is_short(&long));
    }
}
