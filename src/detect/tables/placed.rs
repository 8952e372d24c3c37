//! Messages whose parts are known by their places: of hospitals (HL7 version 2) and of airlines (passenger records
//! with their special service requests).

use std::ops::Range;

use memchr::memmem;

use super::{Cell, Name, lines};

/// Shows what stands in the known places of `text`.
pub(super) fn cells(text: &str, show: &mut dyn FnMut(Cell)) {
    let mut found = Placed { text, show };
    if text.trim_start_matches(['\u{b}', '\n', '\r']).starts_with("MSH|") {
        found.segments();
    } else if memmem::find(text.as_bytes(), b"SSR ").is_some() {
        found.passengers();
    }
}

/// Of HL7 version 2, chapters 3 and 6: a segment, the number of a field in it, and what its components are.
const SEGMENTS: [(&str, usize, &[&str]); 17] = [
    ("PID", 3, &["medical record number"]),
    ("PID", 5, &["last name", "first name", "middle name"]),
    ("PID", 7, &["date of birth"]),
    ("PID", 8, &["gender"]),
    ("PID", 11, &["street", "", "city", "state", "postal code"]),
    ("PID", 13, &["phone number"]),
    ("PID", 14, &["phone number"]),
    ("PID", 17, &["religion"]),
    ("PID", 19, &["ssn"]),
    ("NK1", 2, &["last name", "first name", "middle name"]),
    ("NK1", 4, &["street", "", "city", "state", "postal code"]),
    ("NK1", 5, &["phone number"]),
    ("DG1", 3, &["", "diagnosis"]),
    ("DG1", 4, &["diagnosis"]),
    ("AL1", 3, &["", "allergies"]),
    ("IN1", 16, &["last name", "first name"]),
    ("IN1", 18, &["date of birth"]),
];

/// What stands between slashes in the travel document of a passenger (IATA, passenger and airport data interchange):
/// `P/PK/AB1234567/PK/12APR87/F/01JAN31/MALIK/AMINA`.
const DOCUMENT: [&str; 9] =
    ["", "", "passport number", "", "date of birth", "gender", "", "last name", "first name"];

struct Placed<'t, 's> {
    text: &'t str,
    show: &'s mut dyn FnMut(Cell),
}

impl Placed<'_, '_> {
    fn tell(&mut self, name: &'static str, value: Range<usize>) {
        let is_blank = self.text.get(value.clone()).is_none_or(|text| text.trim().is_empty());
        if !name.is_empty() && !is_blank {
            (self.show)(Cell { name: Name::Meant(name), value, is_of_a_program: true });
        }
    }

    fn segments(&mut self) {
        for segment in pieces(self.text, 0..self.text.len(), &['\r', '\n']) {
            let mut called = "";
            for (number, field) in pieces(self.text, segment, &['|']).enumerate() {
                if number == 0 {
                    called = self.text.get(field).unwrap_or_default();
                    continue;
                }
                let known = SEGMENTS.iter().find(|(id, at, _)| *id == called && *at == number);
                let Some((_, _, components)) = known else { continue };
                for repetition in pieces(self.text, field, &['~']) {
                    let values = pieces(self.text, repetition, &['^']);
                    for (name, value) in components.iter().copied().zip(values) {
                        self.tell(name, value);
                    }
                }
            }
        }
    }

    fn passengers(&mut self) {
        for line in lines(self.text) {
            let text = self.text.get(line.clone()).unwrap_or_default();
            // The number of the line, ` 5 SSR …` and ` 1.MALIK/AMINA MRS`.
            let entry = text.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
            let at = line.end - entry.len();
            if let Some(names) = entry.strip_prefix('.') {
                self.passenger(line.end - names.len(), names);
                continue;
            }
            let entry = entry.trim_start();
            let at = at.max(line.end - entry.len());
            if entry.starts_with("SSR DOCS ") {
                let document = entry.rfind(' ').map_or(0, |gap| gap + 1);
                let parts = pieces(self.text, at + document..line.end, &['/']);
                for (name, part) in DOCUMENT.into_iter().zip(parts) {
                    self.tell(name, part);
                }
            } else if let Some(card) = entry.strip_prefix("FP CC ").and_then(|it| it.get(2..)) {
                let start = line.end - card.len();
                self.tell("card number", start..start + digits(card));
            } else if let Some(number) = entry.strip_prefix("AP ") {
                let plus = usize::from(number.starts_with('+'));
                let start = line.end - number.len();
                let length = plus + digits(number.get(plus..).unwrap_or_default());
                self.tell("phone number", start..start + length);
            }
        }
    }

    /// `MALIK/AMINA MRS`, which begins at `start`.
    fn passenger(&mut self, start: usize, names: &str) {
        const TITLES: [&str; 6] = [" MR", " MRS", " MS", " MISS", " MSTR", " DR"];
        let end = names.find(|c: char| !(c.is_ascii_uppercase() || matches!(c, ' ' | '/' | '-')));
        let names = names.get(..end.unwrap_or(names.len())).unwrap_or_default().trim_end();
        let names = TITLES.into_iter().find_map(|title| names.strip_suffix(title)).unwrap_or(names);
        if let Some((last, first)) = names.split_once('/') {
            self.tell("last name", start..start + last.len());
            let start = start + last.len() + 1;
            self.tell("first name", start..start + first.len());
        }
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// What stands between the signs.
fn pieces<'t>(
    text: &'t str,
    range: Range<usize>,
    signs: &'t [char],
) -> impl Iterator<Item = Range<usize>> + 't {
    let mut start = range.start;
    text.get(range).unwrap_or_default().split(signs).map(move |piece| {
        let found = start..start + piece.len();
        start = found.end + 1;
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        cells(text, &mut |cell| found.push(cell));
        let of = |cell: Cell| {
            format!("{}={}", cell.name.of(text), text.get(cell.value.clone()).unwrap())
        };
        found.into_iter().map(of).collect()
    }

    #[test]
    fn segments_of_hospitals() {
        let text = "MSH|^~\\&|A|B\rPID|1||4711^^^H^MR||Malik^Amina||19870412|F|||7 Mill Lane^^Leeds^^LS1 4AB\nDG1|1||E11^Type 2 diabetes";
        assert_eq!(
            read(text),
            [
                "medical record number=4711",
                "last name=Malik",
                "first name=Amina",
                "date of birth=19870412",
                "gender=F",
                "street=7 Mill Lane",
                "city=Leeds",
                "postal code=LS1 4AB",
                "diagnosis=Type 2 diabetes",
            ]
        );
        assert!(read("see MSH|a\nPID|1||4711").is_empty());
        assert!(read("MSH|").is_empty());
    }

    #[test]
    fn records_of_passengers() {
        let text = " 1.MALIK/AMINA MRS\n 2 AP +923331234567-M\n 3 SSR DOCS BA HK1 P/PK/AB1234567/PK/12APR87/F/01JAN31/MALIK/AMINA\n 4 FP CC VI4539148803436467/0828\n";
        assert_eq!(
            read(text),
            [
                "last name=MALIK",
                "first name=AMINA",
                "phone number=+923331234567",
                "passport number=AB1234567",
                "date of birth=12APR87",
                "gender=F",
                "last name=MALIK",
                "first name=AMINA",
                "card number=4539148803436467",
            ]
        );
        assert!(read("SSR DOCS").is_empty());
        assert!(read("SSR 1.\n2.a/b\nAP x\nFP CC V\n").is_empty());
    }
}
