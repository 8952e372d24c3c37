//! National identification numbers, made by the rules their issuers publish.

use super::{checksum, person::Person, random::Random};

/// A number of the kind `tag`, as its holder would copy it down.
pub(crate) fn national_id(tag: &str, random: &mut Random) -> String {
    let person = Person::anyone(random);
    let born = person.born_digits();
    let short_born = &born[2..];
    match tag {
        "pk_cnic" => random.fill("%####-#######-%").replacen(|c: char| c.is_ascii_digit(), "4", 1),
        "in_aadhaar" => {
            let body = format!("{}{}", random.between(2, 9), random.digits(10));
            grouped(&format!("{body}{}", checksum::verhoeff(&body)), &[4, 4, 4], " ")
        }
        "in_pan" => format!(
            "{}P{}{}{}",
            random.letters(3),
            random.letters(1),
            random.digits(4),
            random.letters(1)
        ),
        "in_voter" => format!("{}{}", random.letters(3), with_luhn(&random.digits(6))),
        "cn_ric" => {
            let area = random.pick(&["110101", "310101", "120101", "110105"]);
            let body = format!("{area}{born}{}", random.digits(3));
            format!("{body}{}", checksum::resident_id(&body))
        }
        "sg_nric" => {
            let body = random.digits(7);
            let sum = checksum::weighted(&body, &[2, 7, 6, 5, 4, 3, 2]);
            format!("S{body}{}", char::from(b"JZIHGFEDCBA"[(sum % 11) as usize]))
        }
        "us_ssn" => format!(
            "{:03}-{:02}-{:04}",
            random.between(100, 665),
            random.between(10, 99),
            random.between(1000, 9999)
        ),
        "us_itin" => format!(
            "9{:02}-{}-{:04}",
            random.between(10, 99),
            random.between(70, 88),
            random.between(1000, 9999)
        ),
        "id_nik" => {
            let area = random.pick(&["317101", "357801", "327301"]);
            let (year, month, day) = person.born;
            let day = if person.female { day + 40 } else { day };
            format!("{area}{day:02}{month:02}{:02}000{}", year % 100, random.between(1, 9))
        }
        "vn_cccd" => {
            format!("{}0{}{}", random.pick(&["001", "079", "048"]), &born[2..4], random.digits(6))
        }
        "my_nric" => {
            format!("{short_born}-{}-{}", random.pick(&["01", "07", "10", "14"]), random.digits(4))
        }
        "th_pin" => {
            let body = format!("{}{}", random.between(1, 8), random.digits(11));
            let sum = checksum::weighted(&body, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
            format!("{body}{}", (11 - sum % 11) % 10)
        }
        "ph_psn" => random.fill("%###-####-####-####"),
        "jp_mynumber" => {
            let body = random.fill("%##########");
            let rest = checksum::weighted(&body, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
            format!("{body}{}", if rest <= 1 { 0 } else { 11 - rest })
        }
        "kr_rrn" => {
            let century = if person.born.0 < 2000 { 1 } else { 3 } + u64::from(person.female);
            let place = random.between(10, 95);
            let body = format!("{short_born}{century}{place}{}", random.digits(3));
            let sum = checksum::weighted(&body, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
            format!("{}-{}{}", &body[..6], &body[6..], (11 - sum % 11) % 10)
        }
        "tw_id" => {
            // A = 10, B = 11, F = 15: first digit once, second nine times.
            let (letter, value) = [('A', 10), ('B', 11), ('F', 15)][random.between(0, 2) as usize];
            let body = format!("{}{}", random.between(1, 2), random.digits(7));
            let sum =
                value / 10 + value % 10 * 9 + checksum::weighted(&body, &[8, 7, 6, 5, 4, 3, 2, 1]);
            format!("{letter}{body}{}", (10 - sum % 10) % 10)
        }
        "hk_hkid" => {
            let letter = random.letters(1);
            let body = random.digits(6);
            let value = u32::from(letter.as_bytes()[0] - b'A') + 10;
            let sum = 36 * 9 + value * 8 + checksum::weighted(&body, &[7, 6, 5, 4, 3, 2]);
            let check = match (11 - sum % 11) % 11 {
                10 => "A".to_owned(),
                digit => digit.to_string(),
            };
            format!("{letter}{body}({check})")
        }
        "tr_tckn" => {
            let body = random.fill("%########");
            let digits = checksum::digits(&body);
            let odd: u32 = digits.iter().step_by(2).sum();
            let even: u32 = digits.iter().skip(1).step_by(2).sum();
            let tenth = (odd * 7 + 100 - even) % 10;
            format!("{body}{tenth}{}", (odd + even + tenth) % 10)
        }
        "sa_id" => with_luhn(&random.fill("1########")),
        "ae_eid" => {
            let number = with_luhn(&format!("784{}{}", person.born.0, random.digits(7)));
            grouped(&number, &[3, 4, 7, 1], "-")
        }
        "br_cpf" => {
            let body = random.fill("%########");
            let check = |text: &str| {
                let top = text.len() as u32 + 1;
                let weights: Vec<u32> = (2..=top).rev().collect();
                let rest = checksum::weighted(text, &weights) * 10 % 11;
                rest % 10
            };
            let first = check(&body);
            let second = check(&format!("{body}{first}"));
            format!("{}-{first}{second}", grouped(&body, &[3, 3, 3], "."))
        }
        "mx_curp" => {
            let consonants =
                |random: &mut Random| random.pick(&["BCD", "RLN", "MRZ", "PTS"]).to_owned();
            let sex = if person.female { 'M' } else { 'H' };
            let place = random.pick(&["DF", "JC", "NL"]);
            let start = random.pick(&["GOMC", "PELA", "RASO"]);
            let body = format!("{start}{short_born}{sex}{place}{}0", consonants(random));
            let alphabet: Vec<char> = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ".chars().collect();
            let sum: usize = body
                .chars()
                .enumerate()
                .map(|(place, character)| {
                    alphabet.iter().position(|known| *known == character).unwrap() * (18 - place)
                })
                .sum();
            format!("{body}{}", (10 - sum % 10) % 10)
        }
        "za_id" => with_luhn(&format!("{short_born}{}08", random.fill("%###"))),
        "ng_nin" => random.fill("%##########"),
        "eg_nid" => {
            format!("2{short_born}{}{}", random.pick(&["01", "21", "88"]), random.fill("%####"))
        }
        "ru_snils" => {
            let body = random.fill("%########");
            let sum = checksum::weighted(&body, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
            format!("{} {:02}", grouped(&body, &[3, 3, 3], "-"), sum % 101 % 100)
        }
        "ru_inn" => {
            let body = random.fill("77%#######");
            let eleventh = checksum::weighted(&body, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10;
            let body = format!("{body}{eleventh}");
            format!(
                "{body}{}",
                checksum::weighted(&body, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10
            )
        }
        "gb_nino" => {
            let prefix = random.pick(&["AB", "CE", "JK", "PW", "SX"]);
            format!(
                "{prefix} {} {}",
                grouped(&random.digits(6), &[2, 2, 2], " "),
                random.pick(&["A", "B", "C", "D"])
            )
        }
        "gb_nhs" => loop {
            let body = random.fill("4########");
            let check = 11 - checksum::weighted(&body, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            if check != 10 {
                break grouped(&format!("{body}{}", check % 11), &[3, 3, 4], " ");
            }
        },
        "ch_ahv" => {
            let body = format!("756{}", random.digits(9));
            let sum = checksum::weighted(&body, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
            grouped(&format!("{body}{}", (10 - sum % 10) % 10), &[3, 4, 4, 2], ".")
        }
        "de_idnr" => {
            // Of the first ten digits exactly one occurs twice.
            let mut body: Vec<char> = "1234567890".chars().collect();
            for last in (1..body.len()).rev() {
                body.swap(last, random.between(0, last as u64) as usize);
            }
            if body[0] == '0' {
                body.swap(0, 1);
            }
            body[9] = body[0];
            let body: String = body.into_iter().collect();
            format!("{body}{}", checksum::mod_11_10(&body))
        }
        "fr_nir" => {
            let sex = if person.female { 2 } else { 1 };
            let body = format!(
                "{sex}{}{}{}",
                &born[2..6],
                random.pick(&["75", "69", "13"]),
                random.fill("%##%##")
            );
            format!("{body}{:02}", 97 - body.parse::<u64>().unwrap() % 97)
        }
        "it_codicefiscale" => {
            let month = char::from(b"ABCDEHLMPRST"[person.born.1 as usize - 1]);
            let day = person.born.2 + if person.female { 40 } else { 0 };
            let start = random.pick(&["RSSMRA", "BNCGPP", "VRDLGU"]);
            let body = format!(
                "{start}{}{month}{day:02}{}",
                &born[2..4],
                random.pick(&["H501", "F205", "L219"])
            );
            format!("{body}{}", checksum::codice_fiscale(&body))
        }
        "es_dni" => {
            let number = random.between(10_000_000, 99_999_999);
            format!("{number}{}", char::from(b"TRWAGMYFPDXBNJZSQVHLCKE"[(number % 23) as usize]))
        }
        "nl_bsn" => loop {
            let body = random.fill("%#######");
            let check = checksum::weighted(&body, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            if check < 10 {
                break format!("{body}{check}");
            }
        },
        "pl_pesel" => {
            let (year, month, day) = person.born;
            let month = if year < 2000 { month } else { month + 20 };
            let body = format!("{:02}{month:02}{day:02}{}", year % 100, random.digits(4));
            let sum = checksum::weighted(&body, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
            format!("{body}{}", (10 - sum % 10) % 10)
        }
        "se_personnummer" => {
            let serial = random.fill("%##");
            let check = checksum::luhn(&format!("{short_born}{serial}"));
            format!("{short_born}-{serial}{check}")
        }
        "be_nn" => {
            let body = format!("{short_born}{:03}", random.between(1, 997));
            let century = if person.born.0 < 2000 { "" } else { "2" };
            let check = 97 - format!("{century}{body}").parse::<u64>().unwrap() % 97;
            format!("{}-{}.{check:02}", grouped(&body[..6], &[2, 2, 2], "."), &body[6..])
        }
        "fi_hetu" => {
            let (year, month, day) = person.born;
            let sign = if year < 2000 { '-' } else { 'A' };
            let body = format!("{day:02}{month:02}{:02}{:03}", year % 100, random.between(2, 899));
            let check =
                b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(body.parse::<u64>().unwrap() % 31) as usize];
            format!("{}{sign}{}{}", &body[..6], &body[6..], char::from(check))
        }
        "cl_rut" => {
            let body = random.between(5_000_000, 24_999_999).to_string();
            let sum: u32 = checksum::digits(&body)
                .iter()
                .rev()
                .zip([2, 3, 4, 5, 6, 7].iter().cycle())
                .map(|(d, w)| d * w)
                .sum();
            let check = match 11 - sum % 11 {
                11 => "0".to_owned(),
                10 => "K".to_owned(),
                digit => digit.to_string(),
            };
            format!("{body}-{check}")
        }
        "ca_sin" => grouped(&with_luhn(&random.fill("5#######")), &[3, 3, 3], " "),
        "au_tfn" => loop {
            let body = random.fill("%########");
            if checksum::weighted(&body, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) {
                break grouped(&body, &[3, 3, 3], " ");
            }
        },
        other => panic!("no recipe for {other}"),
    }
}

pub(crate) fn with_luhn(body: &str) -> String {
    format!("{body}{}", checksum::luhn(body))
}

fn grouped(text: &str, sizes: &[usize], separator: &str) -> String {
    let mut rest = text;
    let mut parts = Vec::new();
    for size in sizes {
        let (part, after) = rest.split_at(*size);
        parts.push(part);
        rest = after;
    }
    assert!(rest.is_empty());
    parts.join(separator)
}
