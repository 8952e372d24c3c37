//! Field names taken apart: `customerPhoneNo`, `CUSTOMER_PHONE_NO` and `customer-phone-no` are the
//! same three words.

/// Longest field name that is analysed, in bytes; a longer one is data rather than a name.
pub(super) const NAME_BYTES_MAX: usize = 128;

/// The words of a name, lower case, accents and width folded, in one reusable buffer.
#[derive(Debug, Default, Clone)]
pub(super) struct Words {
    text: String,
    ends: Vec<usize>,
}

impl Words {
    pub(super) fn of(name: &str) -> Self {
        let mut words = Self::default();
        words.read(name);
        words
    }

    pub(super) fn read(&mut self, name: &str) {
        self.text.clear();
        self.ends.clear();
        let mut previous = Kind::Gap;
        let mut characters = name.chars().map(fold_form).peekable();
        while let Some(character) = characters.next() {
            let kind = Kind::of(character);
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            let breaks = match (previous, kind) {
                (_, Kind::Gap) | (Kind::Gap, _) => false,
                (Kind::Lower, Kind::Upper) => true,
                // `IMEINumber`: the last capital of a run begins the next word.
                (Kind::Upper, Kind::Upper) => next_is_lower,
                (Kind::Upper, Kind::Lower) => false,
                (before, now) => before != now,
            };
            if kind == Kind::Gap || breaks {
                self.end_word();
            }
            if kind != Kind::Gap {
                for lower in character.to_lowercase() {
                    fold_accent(lower, &mut self.text);
                }
            }
            previous = kind;
        }
        self.end_word();
        self.fold_lookalikes();
    }

    /// `рhone` with a Cyrillic first letter reads as the Latin word it pretends to be. Names all in one
    /// script are left alone.
    fn fold_lookalikes(&mut self) {
        let latin = self.text.bytes().any(|byte| byte.is_ascii_lowercase());
        if !latin || self.text.is_ascii() {
            return;
        }
        let mut folded = String::with_capacity(self.text.len());
        let mut ends = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for end in &self.ends {
            let word = self.text.get(start..*end).unwrap_or_default();
            folded.extend(word.chars().map(lookalike));
            ends.push(folded.len());
            start = *end;
        }
        self.text = folded;
        self.ends = ends;
    }

    fn end_word(&mut self) {
        if self.text.len() > self.ends.last().copied().unwrap_or(0) {
            self.ends.push(self.text.len());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn start(&self, word: usize) -> usize {
        word.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0)
    }

    /// One word; empty past the end.
    pub(super) fn word(&self, word: usize) -> &str {
        self.squashed(word, word + 1)
    }

    /// The words `from..to` without anything between them.
    pub(super) fn squashed(&self, from: usize, to: usize) -> &str {
        let end = to.checked_sub(1).and_then(|last| self.ends.get(last)).copied();
        end.and_then(|end| self.text.get(self.start(from)..end)).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|word| self.word(word))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gap,
    Lower,
    Upper,
    Digit,
    /// Scripts written without case or spaces between words.
    Ideograph,
}

impl Kind {
    fn of(character: char) -> Self {
        match character {
            '0'..='9' => Self::Digit,
            'a'..='z' => Self::Lower,
            'A'..='Z' => Self::Upper,
            '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
                Self::Ideograph
            }
            '\0'..='\u{7f}' => Self::Gap,
            // Vowel signs and joiners of Indic and Arabic scripts belong to their word.
            '\u{0300}'..='\u{036f}' | '\u{0600}'..='\u{109f}' | '\u{200c}' | '\u{200d}' => {
                Self::Lower
            }
            other if other.is_uppercase() => Self::Upper,
            other if other.is_alphabetic() => Self::Lower,
            other if other.is_numeric() => Self::Digit,
            _ => Self::Gap,
        }
    }
}

/// The Latin letter that a Cyrillic or Greek one looks like.
fn lookalike(character: char) -> char {
    match character {
        'а' | 'α' => 'a',
        'в' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'һ' | 'н' => 'h',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' => 'l',
        'м' => 'm',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'х' | 'χ' => 'x',
        'у' => 'y',
        other => other,
    }
}

/// In the order of the alphabets of Unicode.
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Full-width, circled and mathematical forms to ASCII.
fn fold_form(character: char) -> char {
    let in_alphabet = |first: u32, letters: &[u8]| {
        let at = usize::try_from(u32::from(character) - first).unwrap_or_default();
        letters.get(at % letters.len()).map_or(character, |letter| char::from(*letter))
    };
    match character {
        '\u{24b6}'..='\u{24e9}' => in_alphabet(0x24b6, LETTERS),
        '\u{1d400}'..='\u{1d6a3}' => in_alphabet(0x1d400, LETTERS),
        '\u{1d7ce}'..='\u{1d7ff}' => in_alphabet(0x1d7ce, b"0123456789"),
        other => fold_width(other),
    }
}

/// Full-width forms to ASCII.
pub(super) fn fold_width(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        '\u{3000}' => ' ',
        other => other,
    }
}

/// Latin letters without their accents; everything else as it is.
fn fold_accent(character: char, out: &mut String) {
    match without_accent(character) {
        Some(plain) => out.push_str(plain),
        None => out.push(character),
    }
}

/// What is left of a small Latin letter that has an accent, and of a mark or joiner.
pub(super) fn without_accent(character: char) -> Option<&'static str> {
    let plain = match character {
        'à'..='å'
        | 'ā'
        | 'ă'
        | 'ą'
        | 'ạ'
        | 'ả'
        | 'ấ'
        | 'ầ'
        | 'ẩ'
        | 'ẫ'
        | 'ậ'
        | 'ắ'
        | 'ằ'
        | 'ẳ'
        | 'ẵ'
        | 'ặ' => "a",
        'æ' => "ae",
        'ſ' => "s",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' | 'ẹ' | 'ẻ' | 'ẽ' | 'ế' | 'ề' | 'ể' | 'ễ' | 'ệ' => {
            "e"
        }
        'ğ' => "g",
        'ì'..='ï' | 'ī' | 'į' | 'ı' | 'ĩ' | 'ị' | 'ỉ' => "i",
        'ł' | 'ľ' | 'ļ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò'..='ö'
        | 'ø'
        | 'ō'
        | 'ő'
        | 'ọ'
        | 'ỏ'
        | 'ố'
        | 'ồ'
        | 'ổ'
        | 'ỗ'
        | 'ộ'
        | 'ơ'
        | 'ớ'
        | 'ờ'
        | 'ở'
        | 'ỡ'
        | 'ợ' => "o",
        'œ' => "oe",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' | 'ũ' | 'ụ' | 'ủ' | 'ư' | 'ứ' | 'ừ' | 'ử' | 'ữ' | 'ự' => {
            "u"
        }
        'ý' | 'ÿ' | 'ỳ' | 'ỵ' | 'ỷ' | 'ỹ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // The mark of a letter written in two pieces, zero-width space and joiners.
        '\u{0300}'..='\u{036f}' | '\u{200b}'..='\u{200d}' | '\u{feff}' => "",
        _ => return None,
    };
    Some(plain)
}

/// Whether a name is a number, a UUID or its like, or a few letters and a number: `40012345`, `u1`, `usr_42`.
pub(super) fn is_one_of_many(name: &str) -> bool {
    const LETTERS_MAX: usize = 4;
    const HEXADECIMAL_MIN: usize = 8;
    let bytes = name.as_bytes();
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let rest = bytes.get(letters..).unwrap_or_default();
    let number = match rest {
        [b'-' | b'_', number @ ..] if letters > 0 => number,
        number => number,
    };
    let is_numbered =
        letters <= LETTERS_MAX && !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    let is_hexadecimal = || {
        bytes.len() >= HEXADECIMAL_MIN
            && bytes.iter().any(u8::is_ascii_digit)
            && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
    };
    is_numbered || is_hexadecimal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_falls_into_the_same_words_in_every_style() {
        for (name, expected) in [
            ("customer_phone_no", "customer phone no"),
            ("customerPhoneNo", "customer phone no"),
            ("CUSTOMER-PHONE-NO", "customer phone no"),
            ("CustomerPhoneNo", "customer phone no"),
            ("customer.phone no", "customer phone no"),
            ("IMEINumber", "imei number"),
            ("deviceIMEI", "device imei"),
            ("imei1", "imei 1"),
            ("email_sha256", "email sha 256"),
            ("x-forwarded-for", "x forwarded for"),
            ("ｅｍａｉｌ", "email"),
            ("Téléphone", "telephone"),
            ("手机号", "手机号"),
            ("用户Phone", "用户 phone"),
            ("телефон", "телефон"),
            ("मोबाइल", "मोबाइल"),
            ("شناختی_کارڈ", "شناختی کارڈ"),
            ("рhone_nо", "phone no"),
            ("laſt_name", "last name"),
            ("ﬁrst_name", "first name"),
            ("𝐬alary", "salary"),
            ("ⓢsn", "ssn"),
            ("еmail", "email"),
            ("", ""),
            ("__", ""),
        ] {
            let words = Words::of(name);
            assert_eq!(words.iter().collect::<Vec<_>>().join(" "), expected, "{name}");
        }
    }

    #[test]
    fn words_squash() {
        let words = Words::of("billingEmailAddress");
        assert_eq!(words.squashed(1, 3), "emailaddress");
        assert_eq!(words.squashed(0, 1), "billing");
        assert_eq!(words.squashed(3, 4), "");
    }
}
