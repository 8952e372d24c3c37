use aes::cipher::KeyInit as _;
use proptest::prelude::*;

use super::*;

fn cipher(key: u8) -> Ff1<Aes256> {
    Ff1::new(Aes256::new_from_slice(&[key; 32]).unwrap())
}

fn turned(shape: &Shape, direction: Direction, text: &str) -> Option<String> {
    let mut out = String::new();
    shape.turn(direction, &cipher(7), text, &mut out).ok().map(|()| out)
}

fn there_and_back(shape: &Shape, text: &str) -> String {
    let token = turned(shape, Direction::Encrypt, text).unwrap_or_else(|| panic!("{text}"));
    assert_ne!(token, text);
    assert_eq!(token.chars().count(), text.chars().count(), "{text}");
    assert_eq!(turned(shape, Direction::Decrypt, &token).as_deref(), Some(text));
    token
}

fn is_off(checksum: Checksum, text: &str) -> Option<u8> {
    let numerals: Vec<u8> =
        text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
    check_digits::offset(checksum, text, &numerals)
}

#[test]
fn a_token_keeps_form_and_check_digits() {
    for (category, text) in [
        ("user.financial.credit_card", "4111 1111 1111 1111"),
        ("user.financial.credit_card", "4111-1111-1111-1112"),
        ("user.device.device_id.imei", "490154203237518"),
        ("user.government_id.national_identification_number.in_aadhaar", "2345 6789 0124"),
        ("user.financial.bank_account.iban", "GB29 NWBK 6016 1331 9268 19"),
        ("user.financial.bank_account.iban", "PK36SCBL0000001123456702"),
        ("user.contact.phone_number", "+92 345 111-2233"),
        ("user.contact.phone_number", "0345 1112233"),
        ("user.contact.email", "Sana.Khan+news@example.pk"),
        ("user.unique_id", "1802345671"),
    ] {
        let shape = Shape::usual(category);
        let token = there_and_back(&shape, text);
        assert_eq!(is_off(shape.checksum, &token), is_off(shape.checksum, text), "{token}");
        let form = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_alphanumeric() { 'x' } else { c }).collect()
        };
        assert_eq!(form(&token).split('@').next(), form(text).split('@').next());
        assert_eq!(token.starts_with('0'), text.starts_with('0'), "{token}");
        assert_eq!(token.split_once('@').map(|it| it.1), text.split_once('@').map(|it| it.1));
    }
    let iban = there_and_back(&Shape::usual("x.iban"), "GB29 NWBK 6016 1331 9268 19");
    assert!(iban.starts_with("GB") && iban.contains(" NWBK "), "{iban}");
}

#[test]
fn what_has_no_token_gets_none() {
    let digits = Shape::usual("user.unique_id");
    let email = Shape::usual("user.contact.email");
    let card = Shape::usual("user.financial.credit_card");
    let iban = Shape::usual("x.iban");
    for (shape, text) in [
        (&digits, "12345"),
        // A leading zero stays, and five digits are too few.
        (&digits, "012345"),
        (&digits, ""),
        (&digits, "Sana Khan 1234567"),
        (&digits, "١٢٣٤٥٦٧٨"),
        (&digits, "1234567890123456789012345678901234567890123456789012345678901234567890"),
        (&email, "abc@example.pk"),
        (&email, "no address"),
        (&email, "müller@example.de"),
        // Five digits and a check digit.
        (&card, "411111"),
        (&iban, "1234567890123"),
        (&iban, "GB29 NWBK 6016 1"),
    ] {
        assert_eq!(turned(shape, Direction::Encrypt, text), None, "{text}");
    }
    assert!(turned(&email, Direction::Encrypt, "abcd@example.pk").is_some());
    assert!(turned(&digits, Direction::Encrypt, "123456").is_some());
}

#[test]
fn category_key_and_kept_digits_make_another_token() {
    let phone = Shape::usual("user.contact.phone_number");
    let account = Shape::usual("user.unique_id");
    let text = "1802345671";
    let one = there_and_back(&phone, text);
    assert_eq!(one, there_and_back(&phone, text));
    assert_ne!(one, there_and_back(&account, text));
    let mut other = String::new();
    phone.turn(Direction::Encrypt, &cipher(8), text, &mut other).unwrap();
    assert_ne!(one, other);
    let kept = Shape { keep_first: 2, keep_last: 1, ..phone };
    let (a, b) = (there_and_back(&kept, "1802345671"), there_and_back(&kept, "1902345671"));
    assert!(a.starts_with("18") && a.ends_with('1') && b.starts_with("19"), "{a} {b}");
    assert_ne!(a.strip_prefix("18"), b.strip_prefix("19"));
    let card = Shape { keep_first: 6, ..Shape::usual("user.financial.credit_card") };
    let token = there_and_back(&card, "4111111111111111");
    assert!(token.starts_with("411111") && is_off(Checksum::Luhn, &token) == Some(0), "{token}");
}

proptest! {
    #[test]
    fn every_value_comes_back(
        text in "[0-9]{1,3}([ -]?[0-9]{2,4}){2,5}",
        which in 0usize..4,
        keep_first in 0u8..4,
    ) {
        let category = ["a.imei", "a.in_aadhaar", "a.phone", "a.credit_card"][which];
        let shape = Shape { keep_first, ..Shape::usual(category) };
        if let Some(token) = turned(&shape, Direction::Encrypt, &text) {
            prop_assert_eq!(is_off(shape.checksum, &token), is_off(shape.checksum, &text));
            prop_assert_eq!(turned(&shape, Direction::Decrypt, &token), Some(text));
        }
    }

    #[test]
    fn every_word_comes_back(text in "[0-9A-Za-z]{1,20}([._-][0-9A-Za-z]{1,20}){0,2}", which in 0usize..4) {
        let alphabet = [
            Alphabet::Alphanumeric,
            Alphabet::AlphanumericUpper,
            Alphabet::AlphanumericLower,
            Alphabet::Email,
        ][which];
        let shape = Shape { alphabet, ..Shape::usual("a.b") };
        let text = if alphabet == Alphabet::Email { format!("{text}@example.org") } else { text };
        if let Some(token) = turned(&shape, Direction::Encrypt, &text) {
            prop_assert_eq!(turned(&shape, Direction::Decrypt, &token), Some(text));
        }
    }

    #[test]
    fn a_number_stays_a_number(number in 100_000u64..) {
        let shape = Shape::usual("a.b");
        let token = turned(&shape, Direction::Encrypt, &number.to_string()).unwrap();
        prop_assert!(serde_json::from_str::<serde_json::Number>(&token).is_ok(), "{}", token);
    }
}
