//! Numbers of SIM cards: IMSI (ITU-T E.212) and ICCID (ITU-T E.118).

use crate::{detect::token::Token, domain::Region};

use super::{Match, arithmetic, calling_codes, words::WordList};

/// Fourteen or fifteen digits that begin with an assigned mobile country code.
pub(super) fn imsi(token: &Token) -> Option<Match> {
    if !token.is_digits() || !(14..=15).contains(&token.len()) {
        return None;
    }
    let digits = token.compact();
    if digits.iter().skip(3).all(|digit| *digit == b'0') {
        return None;
    }
    let region = mobile_country(digits)?;
    Some(Match { region, ..Match::PLAIN })
}

/// Three digits that are an assigned mobile country code.
pub(super) fn mobile_country_code(text: &str) -> Option<Match> {
    let bytes = text.trim().as_bytes();
    if bytes.len() != 3 {
        return None;
    }
    let region = mobile_country(bytes)?;
    Some(Match { region, ..Match::PLAIN })
}

/// Five or six digits, country code and network code together.
pub(super) fn network(text: &str) -> Option<Match> {
    let bytes = text.trim().as_bytes();
    let digits = bytes.iter().all(u8::is_ascii_digit);
    if !(5..=6).contains(&bytes.len()) || !digits {
        return None;
    }
    let region = mobile_country(bytes)?;
    Some(Match { region, ..Match::PLAIN })
}

/// A cell in one piece, as calls say it: the digits of its network, and in hexadecimal ones the area and the number in
/// it (3GPP TS 24.229 §7.2A.4).
pub(super) fn global_cell(text: &str) -> Option<Match> {
    // Two digits of a network at least; an area has four, in 5G six, and a cell four to nine.
    const DIGITS: std::ops::RangeInclusive<usize> = 13..=21;
    let bytes = text.trim().trim_matches('"').as_bytes();
    let network = bytes.first_chunk::<5>()?;
    let is_one = DIGITS.contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_hexdigit)
        && network.iter().all(u8::is_ascii_digit);
    let region = mobile_country(bytes).filter(|_| is_one)?;
    Some(Match { region, ..Match::PLAIN })
}

/// A network by its number or, of the larger ones, by its name.
pub(super) fn operator(text: &str) -> Option<Match> {
    network(text).or_else(|| {
        let text = text.trim();
        OPERATORS.has(text).then_some(Match::PLAIN)
    })
}

/// Names that networks are known by, lower case.
#[rustfmt::skip]
static OPERATORS: WordList = WordList::new(&[
    "jazz", "mobilink", "zong", "telenor", "telenor pakistan", "ufone", "warid", "scom", "jio",
    "reliance jio", "airtel", "vi", "vodafone idea", "bsnl", "mtnl", "china mobile", "china unicom",
    "china telecom", "中国移动", "中国联通", "中国电信", "中国广电", "cmcc", "singtel", "starhub", "m1", "at&t", "verizon",
    "t-mobile", "sprint", "vodafone", "telekom", "o2", "orange", "sfr", "bouygues telecom", "free mobile",
    "tim", "windtre", "movistar", "ee", "three", "telkomsel", "indosat", "xl axiata", "smartfren", "viettel",
    "vinaphone", "mobifone", "maxis", "celcom", "digi", "u mobile", "ais", "dtac", "truemove h", "globe",
    "smart", "ntt docomo", "docomo", "softbank", "rakuten mobile", "sk telecom", "kt", "lg u+", "turkcell",
    "türk telekom", "stc", "etisalat", "mtn", "vodacom", "claro", "mts", "beeline",
]);

/// Makers of phones, lower case.
pub(super) fn maker(text: &str) -> Option<Match> {
    let text = text.trim();
    MAKERS.iter().any(|name| text.eq_ignore_ascii_case(name)).then_some(Match::PLAIN)
}

#[rustfmt::skip]
static MAKERS: [&str; 26] = [
    "xiaomi", "redmi", "poco", "samsung", "huawei", "honor", "oppo", "vivo", "realme", "oneplus", "apple",
    "google", "motorola", "nokia", "sony", "lge", "tecno", "infinix", "itel", "meizu", "zte", "lenovo",
    "asus", "htc", "nothing", "blackshark",
];

/// A phone as shops and settings pages call it (`Redmi Note 10`), or by the code on its label (`M2101K6G`).
pub(super) fn model(text: &str) -> Option<Match> {
    let text = text.trim();
    let first = text.split([' ', '-', '_', ',']).next().unwrap_or_default();
    // `Mi 11`, `Mi Note 10`: the word alone is a name, a note of music and a mile.
    let is_mi = first.eq_ignore_ascii_case("mi") && text.bytes().any(|byte| byte.is_ascii_digit());
    let series = first.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let is_named = MAKERS.iter().chain(&SERIES).any(|name| series.eq_ignore_ascii_case(name));
    (text.len() <= 40 && (is_mi || is_named) || is_model_code(text)).then_some(Match::PLAIN)
}

/// What a field of that name says a device is called. Models that programs learn are written small: `resnet50`.
pub(super) fn model_name(text: &str) -> Option<Match> {
    let is_small = text.is_ascii() && text.bytes().any(|byte| byte.is_ascii_lowercase());
    let is_of_programs = is_small && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    (!is_of_programs && text.chars().any(char::is_alphanumeric)).then_some(Match::PLAIN)
}

/// How makers of phones number what they make: a few letters and figures in a fixed order.
fn is_model_code(text: &str) -> bool {
    let is_upper = text.bytes().all(|byte| {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b'_')
    });
    let figures = |text: &str, count: usize| {
        text.len() >= count && text.bytes().take(count).all(|byte| byte.is_ascii_digit())
    };
    if !is_upper || text.len() > 16 {
        return false;
    }
    // Xiaomi before 2021 with an M before year and month, since then without it.
    if let Some(rest) = text.strip_prefix('M') {
        return figures(rest, 4)
            && text.len() >= 7
            && rest.bytes().any(|byte| byte.is_ascii_uppercase());
    }
    if text.starts_with('2') {
        return figures(text, 4)
            && (9..=12).contains(&text.len())
            && text.ends_with(|letter: char| letter.is_ascii_uppercase());
    }
    // Samsung, OPPO, realme, Motorola.
    text.strip_prefix("SM-").is_some_and(|rest| rest.get(1..).is_some_and(|it| figures(it, 3)))
        || ["CPH", "RMX", "XT"]
            .iter()
            .any(|maker| text.strip_prefix(maker).is_some_and(|rest| figures(rest, 4)))
}

/// Series of phones, lower case.
#[rustfmt::skip]
static SERIES: [&str; 9] = ["iphone", "ipad", "pixel", "galaxy", "moto", "xperia", "nova", "reno", "zenfone"];

/// Two or three digits, with or without leading zeros.
pub(super) fn network_code(text: &str) -> Option<Match> {
    let text = text.trim();
    ((1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some(Match::PLAIN)
}

/// 89, a calling code, an issuer, an account number and a Luhn digit; a trailing `F` pads.
pub(super) fn iccid(token: &Token) -> Option<Match> {
    let compact = token.compact();
    let compact = compact.strip_suffix(b"F").unwrap_or(compact);
    if !(18..=22).contains(&compact.len()) || !compact.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rest = compact.strip_prefix(b"89")?;
    let mut digits = [0u8; 22];
    for (slot, byte) in digits.iter_mut().zip(compact) {
        *slot = byte - b'0';
    }
    let digits = digits.get(..compact.len())?;
    let mut code = [0u8; 3];
    for (slot, byte) in code.iter_mut().zip(rest) {
        *slot = byte - b'0';
    }
    // `8901`: a code of one digit stands behind a zero.
    let code = code.strip_prefix(&[0]).unwrap_or(&code);
    let (plan, _) = calling_codes::plan(code)?;
    // The nineteen-digit form ends in a check digit; cards of twenty digits often carry one as well.
    let checked = arithmetic::luhn(digits);
    Some(Match { shaped: checked && token.is_plain(), region: plan.region(), ..Match::PLAIN })
}

/// `Some(None)` for an assigned code without a jurisdiction of its own.
fn mobile_country(digits: &[u8]) -> Option<Option<Region>> {
    let [a, b, c, ..] = digits else { return None };
    if ![a, b, c].iter().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let code = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
    let found = CODES.iter().find(|(first, last, _)| (*first..=*last).contains(&code))?;
    let (_, _, region) = found;
    Some((**region != *b"--").then(|| Region::new(**region)))
}

/// Assigned mobile country codes, first and last of each range; 001 and 999 are for tests, 901 is for
/// networks of no country.
#[rustfmt::skip]
static CODES: [(u16, u16, &[u8; 2]); 227] = [
    (1, 1, b"--"), (202, 202, b"GR"), (204, 204, b"NL"), (206, 206, b"BE"), (208, 208, b"FR"),
    (212, 212, b"MC"), (213, 213, b"AD"), (214, 214, b"ES"), (216, 216, b"HU"), (218, 218, b"BA"),
    (219, 219, b"HR"), (220, 220, b"RS"), (221, 221, b"XK"), (222, 222, b"IT"), (226, 226, b"RO"),
    (228, 228, b"CH"), (230, 230, b"CZ"), (231, 231, b"SK"), (232, 232, b"AT"), (234, 235, b"GB"),
    (238, 238, b"DK"), (240, 240, b"SE"), (242, 242, b"NO"), (244, 244, b"FI"), (246, 246, b"LT"),
    (247, 247, b"LV"), (248, 248, b"EE"), (250, 250, b"RU"), (255, 255, b"UA"), (257, 257, b"BY"),
    (259, 259, b"MD"), (260, 260, b"PL"), (262, 262, b"DE"), (266, 266, b"GI"), (268, 268, b"PT"),
    (270, 270, b"LU"), (272, 272, b"IE"), (274, 274, b"IS"), (276, 276, b"AL"), (278, 278, b"MT"),
    (280, 280, b"CY"), (282, 282, b"GE"), (283, 283, b"AM"), (284, 284, b"BG"), (286, 286, b"TR"),
    (288, 288, b"FO"), (289, 289, b"GE"), (290, 290, b"GL"), (292, 292, b"SM"), (293, 293, b"SI"),
    (294, 294, b"MK"), (295, 295, b"LI"), (297, 297, b"ME"), (302, 302, b"CA"), (308, 308, b"PM"),
    (310, 316, b"US"), (330, 330, b"PR"), (332, 332, b"VI"), (334, 334, b"MX"), (338, 338, b"JM"),
    (340, 340, b"GP"), (342, 342, b"BB"), (344, 344, b"AG"), (346, 346, b"KY"), (348, 348, b"VG"),
    (350, 350, b"BM"), (352, 352, b"GD"), (354, 354, b"MS"), (356, 356, b"KN"), (358, 358, b"LC"),
    (360, 360, b"VC"), (362, 362, b"CW"), (363, 363, b"AW"), (364, 364, b"BS"), (365, 365, b"AI"),
    (366, 366, b"DM"), (368, 368, b"CU"), (370, 370, b"DO"), (372, 372, b"HT"), (374, 374, b"TT"),
    (376, 376, b"TC"), (400, 400, b"AZ"), (401, 401, b"KZ"), (402, 402, b"BT"), (404, 406, b"IN"),
    (410, 410, b"PK"), (412, 412, b"AF"), (413, 413, b"LK"), (414, 414, b"MM"), (415, 415, b"LB"),
    (416, 416, b"JO"), (417, 417, b"SY"), (418, 418, b"IQ"), (419, 419, b"KW"), (420, 420, b"SA"),
    (421, 421, b"YE"), (422, 422, b"OM"), (424, 424, b"AE"), (425, 425, b"IL"), (426, 426, b"BH"),
    (427, 427, b"QA"), (428, 428, b"MN"), (429, 429, b"NP"), (430, 431, b"AE"), (432, 432, b"IR"),
    (434, 434, b"UZ"), (436, 436, b"TJ"), (437, 437, b"KG"), (438, 438, b"TM"), (440, 441, b"JP"),
    (450, 450, b"KR"), (452, 452, b"VN"), (454, 454, b"HK"), (455, 455, b"MO"), (456, 456, b"KH"),
    (457, 457, b"LA"), (460, 461, b"CN"), (466, 466, b"TW"), (467, 467, b"KP"), (470, 470, b"BD"),
    (472, 472, b"MV"), (502, 502, b"MY"), (505, 505, b"AU"), (510, 510, b"ID"), (514, 514, b"TL"),
    (515, 515, b"PH"), (520, 520, b"TH"), (525, 525, b"SG"), (528, 528, b"BN"), (530, 530, b"NZ"),
    (536, 536, b"NR"), (537, 537, b"PG"), (539, 539, b"TO"), (540, 540, b"SB"), (541, 541, b"VU"),
    (542, 542, b"FJ"), (543, 543, b"WF"), (544, 544, b"AS"), (545, 545, b"KI"), (546, 546, b"NC"),
    (547, 547, b"PF"), (548, 548, b"CK"), (549, 549, b"WS"), (550, 550, b"FM"), (551, 551, b"MH"),
    (552, 552, b"PW"), (553, 553, b"TV"), (554, 554, b"TK"), (555, 555, b"NU"), (602, 602, b"EG"),
    (603, 603, b"DZ"), (604, 604, b"MA"), (605, 605, b"TN"), (606, 606, b"LY"), (607, 607, b"GM"),
    (608, 608, b"SN"), (609, 609, b"MR"), (610, 610, b"ML"), (611, 611, b"GN"), (612, 612, b"CI"),
    (613, 613, b"BF"), (614, 614, b"NE"), (615, 615, b"TG"), (616, 616, b"BJ"), (617, 617, b"MU"),
    (618, 618, b"LR"), (619, 619, b"SL"), (620, 620, b"GH"), (621, 621, b"NG"), (622, 622, b"TD"),
    (623, 623, b"CF"), (624, 624, b"CM"), (625, 625, b"CV"), (626, 626, b"ST"), (627, 627, b"GQ"),
    (628, 628, b"GA"), (629, 629, b"CG"), (630, 630, b"CD"), (631, 631, b"AO"), (632, 632, b"GW"),
    (633, 633, b"SC"), (634, 634, b"SD"), (635, 635, b"RW"), (636, 636, b"ET"), (637, 637, b"SO"),
    (638, 638, b"DJ"), (639, 639, b"KE"), (640, 640, b"TZ"), (641, 641, b"UG"), (642, 642, b"BI"),
    (643, 643, b"MZ"), (645, 645, b"ZM"), (646, 646, b"MG"), (647, 647, b"RE"), (648, 648, b"ZW"),
    (649, 649, b"NA"), (650, 650, b"MW"), (651, 651, b"LS"), (652, 652, b"BW"), (653, 653, b"SZ"),
    (654, 654, b"KM"), (655, 655, b"ZA"), (657, 657, b"ER"), (659, 659, b"SS"), (702, 702, b"BZ"),
    (704, 704, b"GT"), (706, 706, b"SV"), (708, 708, b"HN"), (710, 710, b"NI"), (712, 712, b"CR"),
    (714, 714, b"PA"), (716, 716, b"PE"), (722, 722, b"AR"), (724, 724, b"BR"), (730, 730, b"CL"),
    (732, 732, b"CO"), (734, 734, b"VE"), (736, 736, b"BO"), (738, 738, b"GY"), (740, 740, b"EC"),
    (742, 742, b"GF"), (744, 744, b"PY"), (746, 746, b"SR"), (748, 748, b"UY"), (750, 750, b"FK"),
    (901, 901, b"--"), (999, 999, b"--"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn region(check: fn(&Token) -> Option<Match>, text: &str) -> Option<String> {
        let found = Token::read(text).and_then(|token| check(&token))?;
        Some(found.region.map_or("--".to_owned(), |region| region.to_string()))
    }

    #[test]
    fn subscriber_numbers_begin_with_an_assigned_country() {
        for (text, expected) in [
            ("410031234567890", Some("PK")),
            ("404451234567890", Some("IN")),
            ("460001234567890", Some("CN")),
            ("31026012345678", Some("US")),
            ("525011234567890", Some("SG")),
            ("901701234567890", Some("--")),
            ("867619040000019", None),
            ("170000000000000", None),
            ("4100312345678", None),
            ("410000000000000", None),
        ] {
            assert_eq!(region(imsi, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn cards_begin_with_89_and_a_calling_code() {
        for (text, expected) in [
            ("8992541123456789011", Some("PK")),
            ("89860012345678901234", Some("CN")),
            ("8991101200003204510F", Some("IN")),
            ("8865123456789012345", None),
            ("899212345678", None),
            ("8999912345678901234", None),
        ] {
            assert_eq!(region(iccid, text).as_deref(), expected, "{text}");
        }
    }
    #[test]
    fn phones_are_told_from_other_things_that_have_a_model() {
        for text in [
            "M2101K6G",
            "2201117TG",
            "23049PCD8G",
            "SM-G991B",
            "CPH2359",
            "RMX3085",
            "XT2125-4",
            "Redmi Note 10",
            "Mi 11 Lite",
            "POCO X3",
            "iPhone14,2",
            "iPhone 15 Pro",
            "Pixel 7a",
        ] {
            assert!(model(text).is_some(), "{text}");
        }
        for text in [
            "Corolla",
            "Model 3",
            "Mi",
            "WH-1000XM4",
            "20240115",
            "M",
            "MX-5",
            "gpt-4",
            "Desk Lamp 40W",
            "2.0 TDI",
            "SM",
            "XT-4",
            "2026-11-23",
        ] {
            assert!(model(text).is_none(), "{text}");
        }
    }
}
