//! What codes on labels and screens say to whoever scans them: a network and its password, a card of somebody, a
//! payment. Fields have one letter or a word, and are known by what the code begins with.

use std::ops::Range;

use super::{Cell, Name, lines};

/// What a code begins with, and what its fields are.
struct Kind {
    begins: &'static str,
    separator: u8,
    /// Between the name of a field and its value.
    sign: u8,
    fields: &'static [(&'static str, &'static str)],
}

const KINDS: [Kind; 4] = [
    // Of a wireless network (Wi-Fi Alliance, WPA3 §7.1).
    Kind {
        begins: "WIFI:",
        separator: b';',
        sign: b':',
        fields: &[("S", "wifi ssid"), ("P", "wifi password"), ("I", "username")],
    },
    // Of NTT DOCOMO.
    Kind {
        begins: "MECARD:",
        separator: b';',
        sign: b':',
        fields: &[
            ("N", "full name"),
            ("TEL", "phone number"),
            ("EMAIL", "email"),
            ("ADR", "address"),
            ("BDAY", "date of birth"),
        ],
    },
    Kind {
        begins: "BIZCARD:",
        separator: b';',
        sign: b':',
        fields: &[
            ("N", "first name"),
            ("X", "last name"),
            ("A", "address"),
            ("B", "phone number"),
            ("E", "email"),
        ],
    },
    // Of the National Payments Corporation of India: who is paid, and where.
    Kind {
        begins: "upi://pay?",
        separator: b'&',
        sign: b'=',
        fields: &[("pn", "payee name"), ("pa", "upi id")],
    },
];

/// Shows the fields of codes that stand in lines of their own.
pub(super) fn cells(text: &str, show: &mut dyn FnMut(Cell)) {
    for line in lines(text) {
        let code = text.get(line.clone()).unwrap_or_default();
        let Some(kind) = KINDS.iter().find(|kind| code.starts_with(kind.begins)) else { continue };
        let mut at = line.start + kind.begins.len();
        while at < line.end {
            let end = field_end(text.as_bytes(), at..line.end, kind.separator);
            kind.field(text, at..end, show);
            at = end + 1;
        }
    }
}

impl Kind {
    fn field(&self, text: &str, field: Range<usize>, show: &mut dyn FnMut(Cell)) {
        let of_field = text.get(field.clone()).unwrap_or_default();
        let Some(sign) = of_field.bytes().position(|byte| byte == self.sign) else { return };
        let name = of_field.get(..sign).unwrap_or_default();
        let known = self.fields.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        let value = field.start + sign + 1..field.end;
        if let Some((_, meant)) = known
            && !value.is_empty()
        {
            show(Cell { name: Name::Meant(meant), value, is_of_a_program: true });
        }
    }
}

/// Where the field at the start of `range` ends; a backslash takes what a sign means from it.
fn field_end(bytes: &[u8], range: Range<usize>, separator: u8) -> usize {
    let mut at = range.start;
    while let Some(byte) = bytes.get(at).filter(|_| at < range.end) {
        match byte {
            b'\\' => at += 2,
            byte if *byte == separator => return at,
            _ => at += 1,
        }
    }
    range.end
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn codes_say_what_their_fields_are() {
        for (text, expected) in [
            (
                "WIFI:S:Familie Weber;T:WPA;P:geheim\\;12;;",
                &["wifi ssid=Familie Weber", "wifi password=geheim\\;12"][..],
            ),
            (
                "MECARD:N:Khan,Sana;TEL:+923001234567;;",
                &["full name=Khan,Sana", "phone number=+923001234567"],
            ),
            ("code:\nBIZCARD:N:Sana;X:Khan;T:x;;", &["first name=Sana", "last name=Khan"]),
            (
                "upi://pay?pa=sana@okaxis&pn=Sana Khan&am=10",
                &["upi id=sana@okaxis", "payee name=Sana Khan"],
            ),
            ("upi://pay?pa=&pn&&=", &[]),
            ("WIFI:S;T:WPA;P:\\", &["wifi password=\\"]),
            ("see WIFI:S:Familie Weber;;", &[]),
            ("wifi: the password is;P:none", &[]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
