//! What a modem answers to who asks it by commands (3GPP TS 27.007): `AT+CIMI`, and in a line of its own the number
//! of the subscriber.

use std::ops::Range;

use super::{Name, Tables, lines};

/// Commands that are answered with a number, in §5 and §8 or of the makers of modems, and what number it is.
const COMMANDS: [(&str, &str); 8] = [
    ("AT+CIMI", "imsi"),
    ("AT+CGSN", "imei"),
    ("AT+GSN", "imei"),
    ("AT+EGMR=0,7", "imei"),
    ("AT+CCID", "iccid"),
    ("AT+QCCID", "iccid"),
    ("AT+ICCID", "iccid"),
    ("AT^ICCID", "iccid"),
];

/// An answer that is not in one of the lines behind its command is none.
const LINES_MAX: usize = 4;

impl Tables<'_, '_> {
    pub(super) fn answered(&mut self) {
        let mut asked = None;
        for line in lines(self.text) {
            let line = self.trimmed(line);
            let text = self.of(&line);
            if let Some((_, meant)) = COMMANDS.iter().find(|(known, _)| ends_with(text, known)) {
                asked = Some((*meant, LINES_MAX));
                continue;
            }
            let Some((meant, left)) = asked else { continue };
            asked = left.checked_sub(1).map(|left| (meant, left));
            if let Some(number) = number(text, &line) {
                self.tell_as(Name::Meant(meant), number);
                asked = None;
            }
        }
    }
}

/// A command at the end of a line, behind a prompt or a time.
fn ends_with(text: &str, command: &str) -> bool {
    let text = text.trim_end_matches(['?', '=']);
    let Some(start) = text.len().checked_sub(command.len()) else { return false };
    let is_apart = text.as_bytes().get(..start).and_then(<[u8]>::last);
    is_apart.is_none_or(|byte| !byte.is_ascii_alphanumeric()) && text.ends_with(command)
}

/// The number at the end of an answer: `410011149257423`, `+CCID: 8992…`, `"8604…"`.
fn number(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    const DIGITS: std::ops::RangeInclusive<usize> = 14..=20;
    let head = text.trim_end_matches(['"', 'F', 'f']);
    let digits = head.bytes().rev().take_while(u8::is_ascii_digit).count();
    let start = line.start + head.len() - digits;
    let is_apart =
        head.len() == digits || head.get(..head.len() - digits)?.ends_with([' ', ':', '"']);
    (is_apart && DIGITS.contains(&digits)).then_some(start..start + digits)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn answers_are_known_by_what_was_asked() {
        for (text, expected) in [
            ("AT+CIMI\r\r\n410011149257423\r\n\r\nOK\r\n", &["imsi=410011149257423"][..]),
            ("> AT+CGSN\n867619040000019\nOK", &["imei=867619040000019"]),
            ("AT+CCID\r\n+CCID: \"89920112345678901234\"\r\nOK", &["iccid=89920112345678901234"]),
            ("AT+CIMI=?\nOK\nAT+CSQ\n+CSQ: 21,99\nOK\n41001\n410011149257423", &[]),
            ("AT+CIMI\n+CME ERROR: 10\n", &[]),
            ("THAT+CIMI\n410011149257423", &[]),
            ("AT+CIMI\nx410011149257423", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
