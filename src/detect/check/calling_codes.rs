//! Calling codes (ITU-T E.164 list of assigned codes) with the lengths their numbers have.
//!
//! A plan of plausibility, not of routing: enough to tell a telephone number from another number, and
//! to know which jurisdiction it speaks for.

use crate::domain::Region;

/// Numbers after one calling code.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) code: &'static str,
    /// `None` for codes shared by several jurisdictions, or by none.
    pub(super) region: Option<Region>,
    /// National significant number, digits.
    pub(super) shortest: u8,
    pub(super) longest: u8,
    /// First digits a national number may have; any when empty.
    first: &'static str,
}

impl Plan {
    /// `national` are digit values after the calling code.
    pub(super) fn accepts(&self, national: &[u8]) -> bool {
        let length = u8::try_from(national.len()).unwrap_or(u8::MAX);
        (self.shortest..=self.longest).contains(&length)
            && (self.first.is_empty()
                || national
                    .first()
                    .is_some_and(|digit| self.first.as_bytes().contains(&(digit + b'0'))))
    }
}

/// The plan of an international number, digit values without `+`, and how many digits its code has.
pub(super) fn plan(digits: &[u8]) -> Option<(&'static Plan, usize)> {
    (1..=3).rev().find_map(|length| {
        let code = digits.get(..length)?;
        let found = PLANS.binary_search_by(|plan| {
            plan.code.bytes().map(|byte| byte - b'0').cmp(code.iter().copied())
        });
        Some((PLANS.get(found.ok()?)?, length))
    })
}

/// The jurisdiction of a number of the North American plan, by area code; the United States for the
/// area codes not listed.
pub(super) fn north_american(national: &[u8]) -> Region {
    let area = national.iter().take(3).fold(0u16, |area, digit| area * 10 + u16::from(*digit));
    let listed = AREA_CODES.iter().find(|(_, codes)| codes.contains(&area));
    listed.map_or(Region::new(*b"US"), |(region, _)| Region::new(**region))
}

const fn plan_of(
    code: &'static str,
    region: &'static [u8; 2],
    shortest: u8,
    longest: u8,
    first: &'static str,
) -> Plan {
    let region = if region[0] == b'-' { None } else { Some(Region::new(*region)) };
    Plan { code, region, shortest, longest, first }
}

/// Sorted by code as text.
#[rustfmt::skip]
static PLANS: [Plan; 212] = [
    plan_of("1", b"--", 10, 10, "23456789"),
    plan_of("20", b"EG", 8, 10, "123456789"), plan_of("211", b"SS", 9, 9, "19"),
    plan_of("212", b"MA", 9, 9, "5678"), plan_of("213", b"DZ", 8, 9, "1234567"),
    plan_of("216", b"TN", 8, 8, "234579"), plan_of("218", b"LY", 8, 9, "2345679"),
    plan_of("220", b"GM", 7, 7, "2345679"), plan_of("221", b"SN", 9, 9, "3789"),
    plan_of("222", b"MR", 8, 8, "2348"), plan_of("223", b"ML", 8, 8, "2456789"),
    plan_of("224", b"GN", 8, 9, "3678"), plan_of("225", b"CI", 10, 10, "02"),
    plan_of("226", b"BF", 8, 8, "024567"), plan_of("227", b"NE", 8, 8, "02789"),
    plan_of("228", b"TG", 8, 8, "279"), plan_of("229", b"BJ", 8, 10, "02456789"),
    plan_of("230", b"MU", 7, 10, "23456789"), plan_of("231", b"LR", 7, 9, "2345678"),
    plan_of("232", b"SL", 8, 8, "23456789"), plan_of("233", b"GH", 9, 9, "2358"),
    plan_of("234", b"NG", 7, 10, "123456789"), plan_of("235", b"TD", 8, 8, "26789"),
    plan_of("236", b"CF", 8, 8, "278"), plan_of("237", b"CM", 8, 9, "23689"),
    plan_of("238", b"CV", 7, 7, "2359"), plan_of("239", b"ST", 7, 7, "29"),
    plan_of("240", b"GQ", 9, 9, "23578"), plan_of("241", b"GA", 7, 8, "0167"),
    plan_of("242", b"CG", 9, 9, "0128"), plan_of("243", b"CD", 7, 9, "1234589"),
    plan_of("244", b"AO", 9, 9, "29"), plan_of("245", b"GW", 7, 9, "49"),
    plan_of("246", b"IO", 7, 7, "3"), plan_of("247", b"AC", 4, 6, "456"),
    plan_of("248", b"SC", 7, 7, "2468"), plan_of("249", b"SD", 9, 9, "19"),
    plan_of("250", b"RW", 8, 9, "0279"), plan_of("251", b"ET", 9, 9, "12345789"),
    plan_of("252", b"SO", 6, 9, "123456789"), plan_of("253", b"DJ", 8, 8, "27"),
    plan_of("254", b"KE", 7, 10, "1245678"), plan_of("255", b"TZ", 9, 9, "246789"),
    plan_of("256", b"UG", 9, 9, "23478"), plan_of("257", b"BI", 8, 8, "2367"),
    plan_of("258", b"MZ", 8, 9, "28"), plan_of("260", b"ZM", 9, 9, "25789"),
    plan_of("261", b"MG", 9, 9, "23"), plan_of("262", b"RE", 9, 9, "2679"),
    plan_of("263", b"ZW", 5, 10, "12345678"), plan_of("264", b"NA", 8, 9, "68"),
    plan_of("265", b"MW", 7, 9, "123789"), plan_of("266", b"LS", 8, 8, "25678"),
    plan_of("267", b"BW", 7, 8, "2345678"), plan_of("268", b"SZ", 8, 9, "02379"),
    plan_of("269", b"KM", 7, 7, "3478"), plan_of("27", b"ZA", 9, 9, "12345678"),
    plan_of("290", b"SH", 4, 5, "256"), plan_of("291", b"ER", 7, 7, "178"),
    plan_of("297", b"AW", 7, 7, "25679"), plan_of("298", b"FO", 6, 6, "23456789"),
    plan_of("299", b"GL", 6, 6, "2345689"), plan_of("30", b"GR", 10, 10, "256789"),
    plan_of("31", b"NL", 9, 9, "123456789"), plan_of("32", b"BE", 8, 9, "123456789"),
    plan_of("33", b"FR", 9, 9, "123456789"), plan_of("34", b"ES", 9, 9, "56789"),
    plan_of("350", b"GI", 8, 8, "256"), plan_of("351", b"PT", 9, 9, "2346789"),
    plan_of("352", b"LU", 4, 11, "23456789"), plan_of("353", b"IE", 7, 10, "12456789"),
    plan_of("354", b"IS", 7, 9, "3456789"), plan_of("355", b"AL", 8, 9, "23456789"),
    plan_of("356", b"MT", 8, 8, "23579"), plan_of("357", b"CY", 8, 8, "25789"),
    plan_of("358", b"FI", 5, 12, "123456789"), plan_of("359", b"BG", 7, 9, "23456789"),
    plan_of("36", b"HU", 8, 9, "123456789"), plan_of("370", b"LT", 8, 8, "3456789"),
    plan_of("371", b"LV", 8, 8, "26789"), plan_of("372", b"EE", 7, 10, "345678"),
    plan_of("373", b"MD", 8, 8, "2356789"), plan_of("374", b"AM", 8, 8, "123456789"),
    plan_of("375", b"BY", 9, 10, "12348"), plan_of("376", b"AD", 6, 9, "1345678"),
    plan_of("377", b"MC", 8, 9, "346789"), plan_of("378", b"SM", 6, 10, "056789"),
    plan_of("380", b"UA", 9, 9, "3456789"), plan_of("381", b"RS", 6, 12, "123456789"),
    plan_of("382", b"ME", 8, 9, "2345678"), plan_of("383", b"XK", 8, 9, "2348"),
    plan_of("385", b"HR", 8, 9, "123456789"), plan_of("386", b"SI", 8, 8, "12345678"),
    plan_of("387", b"BA", 8, 9, "3456789"), plan_of("389", b"MK", 8, 8, "2345678"),
    plan_of("39", b"IT", 6, 11, "0134578"), plan_of("40", b"RO", 9, 9, "23789"),
    plan_of("41", b"CH", 9, 9, "23456789"), plan_of("420", b"CZ", 9, 9, "23456789"),
    plan_of("421", b"SK", 9, 9, "2345689"), plan_of("423", b"LI", 7, 9, "236789"),
    plan_of("43", b"AT", 7, 13, "123456789"), plan_of("44", b"GB", 9, 10, "1235789"),
    plan_of("45", b"DK", 8, 8, "23456789"), plan_of("46", b"SE", 7, 10, "123456789"),
    plan_of("47", b"NO", 8, 8, "23456789"), plan_of("48", b"PL", 9, 9, "123456789"),
    plan_of("49", b"DE", 6, 12, "123456789"), plan_of("500", b"FK", 5, 5, "23456789"),
    plan_of("501", b"BZ", 7, 7, "02345678"), plan_of("502", b"GT", 8, 8, "234567"),
    plan_of("503", b"SV", 8, 8, "267"), plan_of("504", b"HN", 8, 8, "23789"),
    plan_of("505", b"NI", 8, 8, "125678"), plan_of("506", b"CR", 8, 8, "245678"),
    plan_of("507", b"PA", 7, 8, "123456789"), plan_of("508", b"PM", 6, 9, "0478"),
    plan_of("509", b"HT", 8, 8, "234589"), plan_of("51", b"PE", 8, 9, "1456789"),
    plan_of("52", b"MX", 10, 11, "123456789"), plan_of("53", b"CU", 8, 8, "234567"),
    plan_of("54", b"AR", 10, 11, "123689"), plan_of("55", b"BR", 10, 11, "123456789"),
    plan_of("56", b"CL", 9, 9, "2345679"), plan_of("57", b"CO", 8, 10, "123456789"),
    plan_of("58", b"VE", 10, 10, "24589"), plan_of("590", b"GP", 9, 9, "5679"),
    plan_of("591", b"BO", 8, 8, "234678"), plan_of("592", b"GY", 7, 7, "23456789"),
    plan_of("593", b"EC", 8, 9, "23456789"), plan_of("594", b"GF", 9, 9, "5679"),
    plan_of("595", b"PY", 8, 9, "23456789"), plan_of("596", b"MQ", 9, 9, "5679"),
    plan_of("597", b"SR", 6, 7, "2345678"), plan_of("598", b"UY", 7, 8, "249"),
    plan_of("599", b"CW", 7, 8, "13479"), plan_of("60", b"MY", 8, 10, "13456789"),
    plan_of("61", b"AU", 9, 9, "123478"), plan_of("62", b"ID", 7, 12, "23456789"),
    plan_of("63", b"PH", 8, 10, "23456789"), plan_of("64", b"NZ", 8, 10, "23456789"),
    plan_of("65", b"SG", 8, 8, "3689"), plan_of("66", b"TH", 8, 9, "23456789"),
    plan_of("670", b"TL", 7, 8, "2347"), plan_of("672", b"NF", 5, 6, "13"),
    plan_of("673", b"BN", 7, 7, "2345678"), plan_of("674", b"NR", 7, 7, "458"),
    plan_of("675", b"PG", 7, 8, "23456789"), plan_of("676", b"TO", 5, 7, "2345678"),
    plan_of("677", b"SB", 5, 7, "123456789"), plan_of("678", b"VU", 5, 7, "235789"),
    plan_of("679", b"FJ", 7, 7, "23456789"), plan_of("680", b"PW", 7, 7, "245678"),
    plan_of("681", b"WF", 6, 6, "4789"), plan_of("682", b"CK", 5, 5, "2345678"),
    plan_of("683", b"NU", 4, 7, "45678"), plan_of("685", b"WS", 5, 7, "2345678"),
    plan_of("686", b"KI", 5, 8, "23456789"), plan_of("687", b"NC", 6, 6, "23456789"),
    plan_of("688", b"TV", 5, 7, "279"), plan_of("689", b"PF", 6, 8, "45689"),
    plan_of("690", b"TK", 4, 7, "2345678"), plan_of("691", b"FM", 7, 7, "39"),
    plan_of("692", b"MH", 7, 7, "2346"), plan_of("7", b"RU", 10, 10, "3489"),
    plan_of("800", b"--", 8, 8, ""), plan_of("81", b"JP", 9, 10, "123456789"),
    plan_of("82", b"KR", 8, 11, "123456789"), plan_of("84", b"VN", 9, 10, "123456789"),
    plan_of("850", b"KP", 8, 10, "12"), plan_of("852", b"HK", 8, 8, "2356789"),
    plan_of("853", b"MO", 8, 8, "268"), plan_of("855", b"KH", 8, 9, "123456789"),
    plan_of("856", b"LA", 8, 10, "2345678"), plan_of("86", b"CN", 10, 11, "123456789"),
    plan_of("870", b"--", 9, 9, ""), plan_of("878", b"--", 10, 12, ""),
    plan_of("880", b"BD", 8, 10, "123456789"), plan_of("881", b"--", 9, 9, ""),
    plan_of("882", b"--", 7, 12, ""), plan_of("883", b"--", 9, 12, ""),
    plan_of("886", b"TW", 8, 9, "23456789"), plan_of("90", b"TR", 10, 10, "23458"),
    plan_of("91", b"IN", 10, 10, "123456789"), plan_of("92", b"PK", 9, 10, "23456789"),
    plan_of("93", b"AF", 9, 9, "234567"), plan_of("94", b"LK", 9, 9, "123456789"),
    plan_of("95", b"MM", 7, 10, "123456789"), plan_of("960", b"MV", 7, 10, "345679"),
    plan_of("961", b"LB", 7, 8, "13456789"), plan_of("962", b"JO", 8, 9, "23456789"),
    plan_of("963", b"SY", 8, 9, "123459"), plan_of("964", b"IQ", 8, 10, "1234567"),
    plan_of("965", b"KW", 8, 8, "1245679"), plan_of("966", b"SA", 9, 9, "123456789"),
    plan_of("967", b"YE", 7, 9, "1234567"), plan_of("968", b"OM", 8, 8, "2579"),
    plan_of("970", b"PS", 8, 9, "123458"), plan_of("971", b"AE", 8, 9, "23456789"),
    plan_of("972", b"IL", 8, 9, "123456789"), plan_of("973", b"BH", 8, 8, "136789"),
    plan_of("974", b"QA", 7, 8, "2345678"), plan_of("975", b"BT", 7, 8, "12345678"),
    plan_of("976", b"MN", 8, 10, "1256789"), plan_of("977", b"NP", 8, 10, "123456789"),
    plan_of("98", b"IR", 10, 10, "123456789"), plan_of("992", b"TJ", 9, 9, "0123456789"),
    plan_of("993", b"TM", 8, 8, "1234567"), plan_of("994", b"AZ", 9, 9, "123456789"),
    plan_of("995", b"GE", 9, 9, "34578"), plan_of("996", b"KG", 9, 9, "23456789"),
    plan_of("998", b"UZ", 9, 9, "0123456789"),
];

/// Area codes of the North American plan outside the United States.
static AREA_CODES: [(&[u8; 2], &[u16]); 6] = [
    (
        b"CA",
        &[
            204, 226, 236, 249, 250, 257, 263, 289, 306, 343, 354, 365, 367, 368, 382, 387, 403,
            416, 418, 428, 431, 437, 438, 450, 460, 468, 474, 506, 514, 519, 537, 548, 568, 579,
            581, 584, 587, 604, 613, 639, 647, 672, 683, 705, 709, 742, 753, 778, 780, 782, 807,
            819, 825, 867, 873, 879, 902, 905, 942,
        ],
    ),
    (b"DO", &[809, 829, 849]),
    (b"JM", &[658, 876]),
    (b"PR", &[787, 939]),
    (b"TT", &[868]),
    (b"BS", &[242]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(PLANS.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn a_number_finds_its_plan() {
        for (digits, region) in [
            (&[9u8, 2, 3, 0, 0][..], Some("PK")),
            (&[8, 5, 2, 9], Some("HK")),
            (&[8, 6, 1, 3], Some("CN")),
            (&[7, 9, 1, 6], Some("RU")),
            (&[3, 5, 8, 4], Some("FI")),
            (&[9, 9, 9, 1], None),
            (&[2, 1, 0, 1], None),
        ] {
            let found = plan(digits).and_then(|(plan, _)| plan.region);
            assert_eq!(found.map(|r| r.to_string()).as_deref(), region, "{digits:?}");
        }
    }
}
