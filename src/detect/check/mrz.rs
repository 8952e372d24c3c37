//! Machine readable zones of travel documents (ICAO Doc 9303): lines of 44, 36 or 30 characters whose
//! check digits weigh 7 3 1.

use crate::domain::Span;

use super::Match;

/// The whole of `text`: the lines of a zone, one below the other or joined.
pub(super) fn whole(text: &str) -> Option<Match> {
    let text = text.trim();
    if text.len() > WHOLE_BYTES_MAX || !text.contains('<') {
        return None;
    }
    let joined = matches!(text.len(), 72 | 88 | 90)
        .then(|| if text.len() == 90 { 30 } else { text.len() / 2 });
    let good = match joined {
        Some(length) => text.as_bytes().chunks(length).any(is_line),
        None => text.lines().any(|line| is_line(line.trim().as_bytes())),
    };
    good.then_some(Match::SHAPED)
}

/// The zone with the line around byte `at`, when that line's check digits are right. Looks no further than
/// the neighbouring lines.
pub(in crate::detect) fn around(text: &str, at: usize) -> Option<Span> {
    let bytes = text.as_bytes();
    let line = line_around(bytes, at)?;
    if !is_line(bytes.get(line.0..line.1)?) {
        return None;
    }
    let (mut start, mut end) = line;
    // The lines above and below are of the same length.
    for _ in 0..2 {
        let above = start.checked_sub(line_end(bytes, start, true)?);
        match above.and_then(|above| line_around(bytes, above.checked_sub(1)?)) {
            Some((first, last)) if last - first == line.1 - line.0 && last < start => start = first,
            _ => break,
        }
    }
    for _ in 0..2 {
        match line_around(bytes, end + line_end(bytes, end, false)?) {
            Some((first, last)) if last - first == line.1 - line.0 && first > end => end = last,
            _ => break,
        }
    }
    Some(Span::new(start, end))
}

const WHOLE_BYTES_MAX: usize = 128;
/// Longest line of a zone.
const LINE_BYTES_MAX: usize = 44;

/// The stretch of letters, digits and fillers around `at`, when it is as long as a line.
fn line_around(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let belongs = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'<';
    let head = bytes.get(at.saturating_sub(LINE_BYTES_MAX)..at)?;
    let start = at - head.iter().rev().take_while(|byte| belongs(byte)).count();
    let tail = bytes.get(at..)?;
    let end = at + tail.iter().take(LINE_BYTES_MAX + 1).take_while(|byte| belongs(byte)).count();
    matches!(end - start, 30 | 36 | 44).then_some((start, end))
}

/// Bytes of the line end before or after `at`; `None` when there is none.
fn line_end(bytes: &[u8], at: usize, before: bool) -> Option<usize> {
    let found = if before {
        let head = bytes.get(..at)?;
        usize::from(head.ends_with(b"\n")) + usize::from(head.ends_with(b"\r\n"))
    } else {
        let tail = bytes.get(at..)?;
        if tail.starts_with(b"\r\n") { 2 } else { usize::from(tail.starts_with(b"\n")) }
    };
    Some(found)
}

/// A line that carries dates or a document number, with right check digits.
fn is_line(line: &[u8]) -> bool {
    let checked = |from: usize, to: usize| {
        line.get(from..to).is_some_and(|field| Some(check_digit(field)) == line.get(to).copied())
    };
    let date = |from: usize| {
        line.get(from..from + 6)
            .is_some_and(|date| date.iter().all(|byte| byte.is_ascii_digit() || *byte == b'<'))
            && checked(from, from + 6)
    };
    let sex = |at: usize| matches!(line.get(at), Some(b'M' | b'F' | b'X' | b'<'));
    match line.len() {
        // The second line of a passport or visa (TD3, MRV-A) and of a card of two lines (TD2, MRV-B).
        44 | 36 => checked(0, 9) && date(13) && sex(20) && date(21),
        // The first and the second line of a card of three (TD1).
        30 => {
            (date(0) && sex(7) && date(8))
                || (matches!(line.first(), Some(b'A' | b'C' | b'I')) && checked(5, 14))
        }
        _ => false,
    }
}

/// Doc 9303 part 3 §4.9: letters count from ten, fillers nothing, weights 7 3 1.
fn check_digit(field: &[u8]) -> u8 {
    let value = |byte: &u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let sum: u32 = field.iter().zip([7, 3, 1].iter().cycle()).map(|(b, w)| value(b) * w).sum();
    b'0' + u8::try_from(sum % 10).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specimens of Doc 9303 parts 4, 5 and 6.
    const PASSPORT: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
                            L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const CARD: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n\
                        7408122F1204159UTO<<<<<<<<<<<6\n\
                        ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    const CARD_OF_TWO: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\n\
                               D231458907UTO7408122F1204159<<<<<<<6";

    #[test]
    fn the_specimens_are_zones_until_a_digit_breaks() {
        for text in [PASSPORT, CARD, CARD_OF_TWO] {
            assert!(whole(text).is_some(), "{text}");
            assert!(whole(&text.replace('\n', "")).is_some(), "{text}");
            let broken = text.replace("7408122", "7408123").replace("D231458907", "D231458906");
            assert!(whole(&broken).is_none(), "{broken}");
        }
        for text in ["", "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "a < b", &"<".repeat(44)] {
            assert!(whole(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_zone_is_found_whole_inside_a_text() {
        for zone in [PASSPORT, CARD, CARD_OF_TWO] {
            for ends in ["\n", "\r\n"] {
                let zone = zone.replace('\n', ends);
                let text = format!("scan:{ends}{zone}{ends}done");
                let at = text.find("7408122").unwrap();
                let span = around(&text, at).unwrap();
                assert_eq!(text.get(span.range()), Some(zone.as_str()));
            }
        }
        assert_eq!(around("7408122", 0), None);
    }
}
