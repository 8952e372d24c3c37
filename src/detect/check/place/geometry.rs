//! Points, lines and areas as databases of places write them: well-known text and binary (OGC 06-103r4 §7 and §8),
//! also with the number of a reference system before or in them, as PostGIS does.

use std::ops::Range;

use super::{Match, PRECISE_DECIMALS, decimals_of};

/// The words that open a geometry with coordinates of its own or of several.
const KINDS: [&str; 3] = ["POINT", "LINESTRING", "POLYGON"];
/// The longest that may stand before its bracket: `SRID=999999;MULTILINESTRING ZM `.
const HEAD_BYTES_MAX: usize = 40;

/// A text that is one geometry and nothing else.
pub(super) fn whole(text: &str) -> Option<Match> {
    let (range, found) = in_text(text, text.find('(')?)?;
    (range.start == 0 && range.end == text.len()).then_some(found)
}

/// The geometries in a text, in order. No byte is looked at more than twice.
pub(in crate::detect) fn all(text: &str) -> impl Iterator<Item = (Range<usize>, Match)> + '_ {
    let mut past = 0;
    memchr::memchr_iter(b'(', text.as_bytes()).filter_map(move |open| {
        let found = (open >= past).then(|| in_text(text, open)).flatten()?;
        past = found.0.end;
        Some(found)
    })
}

/// The geometry whose first bracket stands at `open`.
fn in_text(text: &str, open: usize) -> Option<(Range<usize>, Match)> {
    let floor = text.ceil_char_boundary(open.saturating_sub(HEAD_BYTES_MAX));
    let head = text.get(floor..open)?.trim_end_matches(' ');
    let head = [" ZM", " Z", " M"].iter().find_map(|it| head.strip_suffix(it)).unwrap_or(head);
    let length = head.bytes().rev().take_while(u8::is_ascii_uppercase).count();
    let (before, word) = head.split_at(head.len() - length);
    let kind = word.strip_prefix("MULTI").unwrap_or(word);
    let kind = kind.strip_suffix("ZM").or(kind.strip_suffix('Z')).unwrap_or(kind);
    if !KINDS.contains(&kind) || before.ends_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let number =
        before.strip_suffix(';').map(|it| it.trim_end_matches(|c: char| c.is_ascii_digit()));
    let before = number.and_then(|number| number.strip_suffix("SRID=")).unwrap_or(before);
    let start = floor + before.len();
    let (end, decimals) = brackets(text.get(open..)?)?;
    let coarse = decimals < PRECISE_DECIMALS;
    // Where an area is nobody has to be.
    let shaped = !coarse && kind != "POLYGON";
    Some((start..open + end, Match { shaped, coarse, ..Match::PLAIN }))
}

/// The end of the brackets that open with `text`, of which every pair can be a place, and how many decimals the finest of them has.
fn brackets(text: &str) -> Option<(usize, usize)> {
    const DEPTH_MAX: usize = 3;
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut finest) = (0, 0_usize, None);
    loop {
        match bytes.get(at)? {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            b',' | b' ' => {}
            b'-' | b'0'..=b'9' => {
                let rest = text.get(at..)?;
                let length = memchr::memchr3(b',', b'(', b')', rest.as_bytes())?;
                let decimals = position(rest.get(..length)?)?;
                finest = Some(finest.map_or(decimals, |finest: usize| finest.max(decimals)));
                at += length;
                continue;
            }
            _ => return None,
        }
        at += 1;
        if depth == 0 {
            return Some((at, finest?));
        }
        if depth > DEPTH_MAX {
            return None;
        }
    }
}

/// How many decimals the coordinates of one place have, which may be followed by a height and a measure.
fn position(text: &str) -> Option<usize> {
    const BYTES_MAX: usize = 96;
    if text.len() > BYTES_MAX {
        return None;
    }
    let mut numbers = text.split(' ').filter(|part| !part.is_empty());
    let (east, north) = (numbers.next()?, numbers.next()?);
    let decimals = decimals_of(east)?.min(decimals_of(north)?);
    let others = numbers.try_fold(0, |count, number| decimals_of(number).map(|_| count + 1))?;
    let is_one = others <= 2 && is_on_earth(east.parse().ok()?, north.parse().ok()?);
    is_one.then_some(decimals)
}

fn is_on_earth(east: f64, north: f64) -> bool {
    let is_somewhere = east != 0.0 || north != 0.0;
    is_somewhere
        && east.abs() <= 180.0
        && north.abs() <= 180.0
        && east.abs().min(north.abs()) <= 90.0
}

/// Well-known binary in hexadecimal digits, as queries of PostGIS answer:
/// `0101000020E6100000166A4DF38E965240EC51B81E85833F40`.
pub(in crate::detect) fn binary(text: &str) -> Option<Match> {
    // A byte order, a kind and two numbers.
    const DIGITS_MIN: usize = 2 * (1 + 4 + 16);
    let is_one = text.len() >= DIGITS_MIN
        && text.len().is_multiple_of(2)
        && text.starts_with("0")
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut reader = Reader { digits: text.as_bytes(), is_little: false };
    (is_one && reader.geometry().is_some() && reader.digits.is_empty()).then_some(Match::SHAPED)
}

/// The rest of a binary geometry.
struct Reader<'t> {
    digits: &'t [u8],
    is_little: bool,
}

impl Reader<'_> {
    fn geometry(&mut self) -> Option<()> {
        const POINT: u32 = 1;
        const LINE: u32 = 2;
        const AREA: u32 = 3;
        /// Of PostGIS: a height, a measure, a reference system.
        const FLAGS: [u32; 3] = [0x8000_0000, 0x4000_0000, 0x2000_0000];
        self.is_little = match self.bytes::<1>()? {
            [0] => false,
            [1] => true,
            _ => return None,
        };
        let kind = self.number()?;
        let [height, measure, system] = FLAGS.map(|flag| kind & flag != 0);
        // Of ISO 13249-3: thousands say the same.
        let (kind, thousands) = ((kind & 0xffff) % 1000, (kind & 0xffff) / 1000);
        let of_iso = [0, 1, 1, 2].get(thousands as usize)?;
        let others = usize::from(height) + usize::from(measure) + of_iso;
        if system {
            self.number()?;
        }
        match kind {
            POINT => self.places(1, others),
            LINE => {
                let count = self.number()?;
                self.places(count, others)
            }
            AREA => (0..self.number()?).try_for_each(|_| {
                let count = self.number()?;
                self.places(count, others)
            }),
            _ => None,
        }
    }

    fn places(&mut self, count: u32, others: usize) -> Option<()> {
        (0..count).try_for_each(|_| {
            let (east, north) = (self.coordinate()?, self.coordinate()?);
            (0..others).try_for_each(|_| self.coordinate().map(drop))?;
            is_on_earth(east, north).then_some(())
        })
    }

    fn coordinate(&mut self) -> Option<f64> {
        let bytes = self.bytes::<8>()?;
        Some(if self.is_little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.bytes::<4>()?;
        Some(if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn bytes<const COUNT: usize>(&mut self) -> Option<[u8; COUNT]> {
        let mut bytes = [0; COUNT];
        for byte in &mut bytes {
            let (digits, rest) = self.digits.split_first_chunk::<2>()?;
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
            self.digits = rest;
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::seen, *};

    #[test]
    fn geometries_in_well_known_text() {
        for (text, expected) in [
            ("POINT(74.3587 31.5204)", "precise"),
            ("POINT (74.3587 31.5204)", "precise"),
            ("SRID=4326;POINT(74.3587 31.5204)", "precise"),
            ("POINT Z (74.3587 31.5204 217)", "precise"),
            ("POINTZ(74.3587 31.5204 217)", "precise"),
            ("MULTIPOINT((74.3587 31.5204), (74.3588 31.5205))", "precise"),
            ("LINESTRING(74.3587 31.5204,74.3588 31.5205)", "precise"),
            (
                "POLYGON((74.3587 31.5204, 74.3588 31.5205, 74.36 31.53, 74.3587 31.5204))",
                "precise",
            ),
            ("POINT(74.3 31.5)", "coarse"),
            ("POINT(0 0)", "none"),
            ("POINT(274.35 31.52)", "none"),
            ("POINT EMPTY", "none"),
            ("POINT(74.3587)", "none"),
            ("POINT(a b)", "none"),
            ("POINT(74.3587 31.5204", "none"),
            ("CHECKPOINT(74.3587 31.5204)", "none"),
            ("MIDPOINT(1 2)", "none"),
        ] {
            assert_eq!(seen(whole(text)), expected, "{text}");
        }
    }

    #[test]
    fn geometries_inside_a_text() {
        for (text, expected) in [
            ("at POINT(74.3587 31.5204), then", &["POINT(74.3587 31.5204)"][..]),
            ("ST_Point('SRID=4326;POINT(74.3587 31.5204)')", &["SRID=4326;POINT(74.3587 31.5204)"]),
            (
                "POINT(1.2345 2.3456)POINT(3.4567 4.5678)",
                &["POINT(1.2345 2.3456)", "POINT(3.4567 4.5678)"],
            ),
            ("((POINT((((((", &[]),
            ("é(POINT(é", &[]),
        ] {
            let found: Vec<&str> = all(text).filter_map(|(range, _)| text.get(range)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn geometries_in_well_known_binary() {
        for (text, expected) in [
            ("0101000020E6100000166A4DF38E965240EC51B81E85833F40", true),
            ("0101000000166a4df38e965240ec51b81e85833f40", true),
            // A height, in the way of PostGIS and of ISO.
            ("0101000080166A4DF38E965240EC51B81E85833F400000000000006B40", true),
            ("01E9030000166A4DF38E965240EC51B81E85833F400000000000006B40", true),
            ("00000000014052968EF34D6A16403F83851EB851EC", true),
            (
                "010200000002000000166A4DF38E965240EC51B81E85833F40166A4DF38E965240EC51B81E85833F40",
                true,
            ),
            // A byte too many, one too few, no place on earth, another kind.
            ("0101000000166A4DF38E965240EC51B81E85833F4000", false),
            ("0101000000166A4DF38E965240EC51B81E85833F", false),
            ("010100000000000000000000000000000000000000", false),
            ("0109000000166A4DF38E965240EC51B81E85833F40", false),
            ("0102000000ffffffff166A4DF38E965240EC51B81E85833F40", false),
            ("d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9", false),
        ] {
            assert_eq!(binary(text).is_some(), expected, "{text}");
        }
    }
}
