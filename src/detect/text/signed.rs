//! What stands about a name that a word announces: the number under it, and what shows that it is of a work.

use std::ops::Range;

use crate::detect::{
    check::{phone, words::WordList},
    naming,
    set::Reads,
};

use super::{Found, Search, announced::behind};

impl Search<'_> {
    /// The telephone number that has the line under a name to itself, as people sign: `Sana Khan\n03001234567`. With the
    /// zero that is dialled before a number of the country, or it may count anything.
    pub(super) fn number_under(&self, text: &str, name_end: usize) -> Option<Found> {
        const DIGITS: std::ops::RangeInclusive<usize> = 10..=12;
        let rest = text.get(name_end..)?;
        let line = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n"))?;
        let digits = line.bytes().take(16).take_while(u8::is_ascii_digit).count();
        let number = line.get(..digits)?;
        let is_alone = matches!(line.as_bytes().get(digits), None | Some(b'\n' | b'\r'));
        let is_dialled = number.starts_with('0') && !number.starts_with("00");
        if !(is_alone && is_dialled && DIGITS.contains(&digits)) {
            return None;
        }
        let start = text.len() - line.len();
        let rule = self.set.cues.reading(|reads| matches!(reads, Reads::Phone))?;
        phone::whole(number).map(|_| behind(rule, start..start + digits))
    }

    /// The name behind `Dr` without its stop, which ends the name of a street as well: `Dr P. Haverstock`.
    pub(super) fn with_an_initial(
        &self,
        text: &str,
        cue: Range<usize>,
        start: usize,
    ) -> Option<Range<usize>> {
        /// `100 Maple Dr N. Lakewood`.
        const POINTS_OF_THE_COMPASS: [u8; 4] = *b"NSEW";
        if text.get(cue.clone()) != Some("Dr") {
            return None;
        }
        let before = text.get(..cue.start)?.trim_end_matches(' ');
        let word = before.rsplit(|c: char| !c.is_alphanumeric()).next()?;
        let is_of_a_street = word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
        let is_initial = matches!(text.as_bytes().get(start..start + 3)?,
            [letter, b'.', b' '] if letter.is_ascii_uppercase() && !POINTS_OF_THE_COMPASS.contains(letter));
        let end = naming::end_of_name(text, start, 2)?;
        (is_initial && !is_of_a_street).then_some(start..end)
    }
}

/// Whether a name behind a title is that of a work, or of a thing that is sold: `Signor Rossi DVD`, `Mr. Bean marathon`.
pub(super) fn is_of_a_work(text: &str, name: &Range<usize>) -> bool {
    let last = text.get(name.clone()).and_then(|name| name.rsplit_once(' ')).map(|(_, last)| last);
    let behind = text.get(name.end..).and_then(|rest| rest.strip_prefix(' '));
    let next = behind.and_then(|rest| rest.split(|c: char| !c.is_alphabetic() && c != '-').next());
    last.into_iter().chain(next).any(|word| WORKS.has(word))
}

#[rustfmt::skip]
static WORKS: WordList = WordList::new(&[
    "dvd", "dvds", "blu-ray", "bluray", "blu-rays", "vhs", "soundtrack", "trailer", "comic", "comics", "cartoon", "sitcom",
    "marathon", "paperback", "hardcover", "audiobook", "hörbuch", "hörspiel", "boxset", "box-set", "figurine", "plush", "funko",
    "lego", "costume", "kostüm", "soap", "shampoo", "sneakers", "t-shirt", "merch",
]);
