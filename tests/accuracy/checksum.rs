//! The arithmetic of check digits, written from the standards for the corpus alone: a mistake in the
//! library's own arithmetic must not hide here as well.

pub(crate) fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|character| character.to_digit(10)).collect()
}

/// The digit that makes `text` pass ISO/IEC 7812-1 annex B.
pub(crate) fn luhn(text: &str) -> u32 {
    let sum: u32 = digits(text)
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit * 2 / 10 + digit * 2 % 10,
            _ => *digit,
        })
        .sum();
    (10 - sum % 10) % 10
}

/// The digit that makes `text` pass Verhoeff's dihedral check.
pub(crate) fn verhoeff(text: &str) -> u32 {
    // Multiplication of the dihedral group of order ten: rotations 0–4, reflections 5–9.
    let multiply = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let step = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permute =
        |digit: u32, times: usize| (0..times % 8).fold(digit, |digit, _| step[digit as usize]);
    let check = digits(text)
        .iter()
        .rev()
        .enumerate()
        .fold(0, |check, (place, digit)| multiply(check, permute(*digit, place + 1)));
    // The inverse of a rotation is the opposite rotation; a reflection is its own.
    if check < 5 { (5 - check) % 5 } else { check }
}

pub(crate) fn weighted(text: &str, weights: &[u32]) -> u32 {
    digits(text).iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// The two check digits of an IBAN (ISO 13616) of `country` with account part `bban`.
pub(crate) fn iban(country: &str, bban: &str) -> u32 {
    let rest = format!("{bban}{country}00").chars().fold(0u64, |rest, character| {
        let value = u64::from(character.to_digit(36).unwrap());
        (rest * if value > 9 { 100 } else { 10 } + value) % 97
    });
    98 - u32::try_from(rest).unwrap()
}

/// ISO 7064 MOD 11,10.
pub(crate) fn mod_11_10(text: &str) -> u32 {
    let product = digits(text).iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10
}

/// GB 11643: ISO 7064 MOD 11-2.
pub(crate) fn resident_id(text: &str) -> char {
    let sum = weighted(text, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    b"10X98765432"[(sum % 11) as usize] as char
}

/// Italy's fiscal code, DM 23/12/1976.
pub(crate) fn codice_fiscale(text: &str) -> char {
    let odd = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let sum: u32 = text
        .chars()
        .enumerate()
        .map(|(place, character)| {
            let value = match character.to_digit(36).unwrap() {
                letter @ 10.. => letter - 10,
                digit => digit,
            };
            if place % 2 == 0 { odd[value as usize] } else { value }
        })
        .sum();
    char::from(b'A' + (sum % 26) as u8)
}

#[test]
fn published_examples_pass() {
    assert_eq!(luhn("7992739871"), 3); // ISO/IEC 7812-1
    assert_eq!(luhn("49015420323751"), 8); // 3GPP TS 23.003 annex B style
    assert_eq!(verhoeff("236"), 3); // the example everybody gives
    assert_eq!(iban("GB", "WEST12345698765432"), 82); // ISO 13616
    assert_eq!(iban("DE", "370400440532013000"), 89);
    assert_eq!(resident_id("11010519491231002"), 'X'); // GB 11643
    assert_eq!(codice_fiscale("RSSMRA85T10A562"), 'S');
    assert_eq!(mod_11_10("8609574271"), 9);
}
