//! Addresses of network adapters and access points (IEEE 802, EUI-48).

use super::Match;

/// Six octets with `:` or `-`, three groups with dots, or twelve hexadecimal digits (plain).
pub(in crate::detect) fn whole(text: &str) -> Option<Match> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let mut digits = [0u8; 12];
    let mut count = 0;
    let step = match (bytes.len(), bytes.get(2), bytes.get(4)) {
        (17, Some(b':' | b'-'), _) => 3,
        (14, _, Some(b'.')) => 5,
        (12, _, _) => usize::MAX,
        _ => return None,
    };
    let separator = bytes.get(step.wrapping_sub(1)).copied();
    for (position, byte) in bytes.iter().enumerate() {
        if step != usize::MAX && position % step == step - 1 {
            if Some(*byte) != separator {
                return None;
            }
            continue;
        }
        *digits.get_mut(count)? = u8::try_from(char::from(*byte).to_digit(16)?).ok()?;
        count += 1;
    }
    if count != 12 || is_placeholder(&digits) {
        return None;
    }
    Some(if step == usize::MAX { Match::PLAIN } else { Match::SHAPED })
}

/// All zero, all one, Android's `02:00:00:00:00:00`, and group addresses (bit 0 of the first octet),
/// which no device has.
fn is_placeholder(digits: &[u8; 12]) -> bool {
    let [_, second, rest @ ..] = digits;
    let zero = rest.iter().all(|digit| *digit == 0);
    let filled = digits.iter().all(|digit| *digit == 15);
    zero || filled || second & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_are_found_and_placeholders_are_not() {
        for (text, expected) in [
            ("64:CC:2E:AA:BB:01", Some(true)),
            ("64-cc-2e-aa-bb-01", Some(true)),
            ("64cc.2eaa.bb01", Some(true)),
            ("64CC2EAABB01", Some(false)),
            ("da:a1:19:00:12:34", Some(true)),
            ("02:00:00:00:00:00", None),
            ("00:00:00:00:00:00", None),
            ("ff:ff:ff:ff:ff:ff", None),
            ("01:00:5e:00:00:fb", None),
            ("64:CC:2E:AA:BB", None),
            ("64:CC:2E-AA:BB:01", None),
            ("64:CC:2E:AA:BB:0G", None),
            ("12:30:45:10:22:1", None),
            ("", None),
        ] {
            assert_eq!(whole(text).map(|found| found.shaped), expected, "{text}");
        }
    }
}
