//! Payment cards (ISO/IEC 7812): issuer range, length and check digit.

use super::{super::token::Token, Match, arithmetic};

/// Thirteen to nineteen digits of a known network with a right check digit.
pub(super) fn card(token: &Token) -> Option<Match> {
    let length = token.len();
    if !token.is_digits() || !(13..=19).contains(&length) {
        return None;
    }
    let mut digits = [0u8; 19];
    for (slot, byte) in digits.iter_mut().zip(token.compact()) {
        *slot = byte - b'0';
    }
    let digits = digits.get(..length)?;
    let tail = digits.get(6..)?;
    let filler = tail.iter().all(|digit| Some(digit) == tail.first()) && tail.first() == Some(&0);
    if !arithmetic::luhn(digits) || filler || !network_has(digits) {
        return None;
    }
    let written = token.is_grouped(b' ', &[4, 4, 4, 4])
        || token.is_grouped(b'-', &[4, 4, 4, 4])
        || token.is_grouped(b' ', &[4, 6, 5])
        || token.is_grouped(b'-', &[4, 6, 5])
        || token.is_grouped(b' ', &[4, 6, 4])
        || [b' ', b'-', b'.'].iter().any(|sign| token.is_grouped(*sign, &[4, 4, 4, 3]))
        || token.is_grouped(b' ', &[4, 4, 4, 4, 3])
        || token.is_grouped(b'-', &[4, 4, 4, 4, 3])
        || token.is_grouped(b'.', &[4, 4, 4, 4])
        || token.is_grouped(b' ', &[1; 16])
        || token.is_grouped(b' ', &[1; 15]);
    (written || token.is_plain()).then_some(Match { shaped: written, ..Match::PLAIN })
}

/// The same by its form alone. Thirteen digits are rather those of an article, and more than seventeen an identifier
/// made of the time; one in ten of either has a right check digit.
pub(super) fn card_alone(token: &Token) -> Option<Match> {
    card(token).filter(|found| found.shaped || (14..=17).contains(&token.len()))
}

/// Lengths that the network of an issuer range uses.
fn network_has(digits: &[u8]) -> bool {
    let prefix = |length: usize| arithmetic::number(digits.get(..length).unwrap_or_default());
    let length = digits.len();
    match (prefix(1), prefix(2), prefix(4)) {
        // Visa.
        (4, _, _) => matches!(length, 13 | 16 | 19),
        // Mastercard.
        (_, 51..=55, _) | (_, _, 2221..=2720) => length == 16,
        // American Express; Diners Club.
        (_, 34 | 37, _) => length == 15,
        (_, 36, _) => (14..=19).contains(&length),
        (_, 30 | 38 | 39, _) => (14..=19).contains(&length) && is_diners(prefix(3), prefix(2)),
        // JCB, Mir, Troy, UnionPay, RuPay, Discover, Maestro, Verve, Elo.
        (_, _, 3528..=3589) => (16..=19).contains(&length),
        (_, _, 2200..=2204) => (16..=19).contains(&length),
        (_, 62 | 81 | 82, _) => (16..=19).contains(&length),
        (_, 60 | 64 | 65, _) => (16..=19).contains(&length),
        (_, 50 | 56..=58 | 63 | 67, _) => (13..=19).contains(&length) && length != 14,
        (_, _, 9792) => length == 16,
        _ => false,
    }
}

fn is_diners(three: u32, two: u32) -> bool {
    matches!(three, 300..=305 | 309) || matches!(two, 38 | 39)
}

/// Three or four digits.
pub(super) fn security_code(text: &str) -> Option<Match> {
    let text = text.trim();
    ((3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(Match::PLAIN)
}

/// `12/27`, `12/2027`, `1227`, `2027-12`.
pub(super) fn expiry(text: &str) -> Option<Match> {
    let token = super::super::token::Token::read(text.trim())?;
    if !token.is_digits() || !(3..=6).contains(&token.len()) {
        return None;
    }
    let digits = token.compact();
    let month_first = digits.get(..2).and_then(|month| std::str::from_utf8(month).ok())?;
    let month: u8 = month_first.parse().ok()?;
    let known = (1..=12).contains(&month);
    let written = known && (token.is_grouped(b'/', &[2, 2]) || token.is_grouped(b'/', &[2, 4]));
    (known || token.len() == 6 || token.len() == 3)
        .then_some(Match { shaped: written, ..Match::PLAIN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_numbers_of_the_networks_are_good_until_the_last_digit_breaks() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4012-8888-8888-1881",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "6011111111111117",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
        ] {
            let token = Token::read(text).unwrap();
            assert!(card(&token).is_some(), "{text}");
            let last = text.bytes().last().unwrap() - b'0';
            let mut wrong = text.to_owned();
            wrong.pop();
            wrong.push(char::from(b'0' + (last + 1) % 10));
            assert!(card(&Token::read(&wrong).unwrap()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn other_numbers_are_not_cards() {
        for text in [
            "0000000000000000",
            "4000000000000000",
            "1234567812345670",
            "1700000000000",
            "9780306406157",
            "4111-11111111-1111",
            "867619040000019",
        ] {
            assert!(card(&Token::read(text).unwrap()).is_none(), "{text}");
        }
    }

    #[test]
    fn codes_and_dates_of_a_card() {
        for (text, expected) in
            [("12/27", true), ("1227", true), ("2027-12", true), ("13/27", false), ("x", false)]
        {
            assert_eq!(expiry(text).is_some(), expected, "{text}");
        }
        assert!(security_code("123").is_some());
        assert!(security_code("12345").is_none());
    }
}
