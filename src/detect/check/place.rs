//! Coordinates (WGS 84 and its Chinese relatives) in the forms payloads carry, and cell identities.
//!
//! Three decimals or more, about 111 metres, are precise; fewer are coarse. Seconds of arc are precise.

mod code;
mod geometry;

pub(super) use self::code::{geohash, plus_code};
use self::code::{is_mixed, military_grid};
pub(in crate::detect) use self::geometry::{all as geometries, binary};
use super::Match;

/// Decimals from which a coordinate is precise.
const PRECISE_DECIMALS: usize = 3;

/// Degrees north: decimal, an integer of millionths, or degrees, minutes and seconds.
pub(super) fn latitude(text: &str) -> Option<Match> {
    coordinate(text, 90.0)
}

/// Degrees east.
pub(super) fn longitude(text: &str) -> Option<Match> {
    coordinate(text, 180.0)
}

fn coordinate(text: &str, limit: f64) -> Option<Match> {
    let text = text.trim();
    // `24.86071N`, `67.00113E`
    let text = match text.strip_suffix(['N', 'S', 'E', 'W']) {
        Some(number) if text.contains('.') && !text.contains(' ') => number,
        Some(_) | None => text,
    };
    if let Some(decimals) = decimals_of(text) {
        let degrees: f64 = text.parse().ok()?;
        if decimals == 0 && degrees.abs() > limit {
            // Millionths or ten-millionths of a degree, which are precise by construction.
            let scaled = degrees.abs() >= 100_000.0 && degrees.abs() / 1e7 <= limit;
            return (scaled && degrees.abs() < limit * 1e7).then_some(Match::SHAPED);
        }
        // A longitude under the name of the latitude: the order people swap.
        let swapped = limit < 180.0 && degrees.abs() <= 180.0 && decimals >= PRECISE_DECIMALS;
        if degrees == 0.0 || (degrees.abs() > limit && !swapped) {
            return None;
        }
        return Some(Match { coarse: decimals < PRECISE_DECIMALS, ..Match::PLAIN });
    }
    degrees_minutes_seconds(text).then_some(Match::SHAPED)
}

/// How many decimals a plain decimal number has; `None` when it is none.
fn decimals_of(text: &str) -> Option<usize> {
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (fraction, exponent) = fraction.split_once(['e', 'E']).unwrap_or((fraction, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 10 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    digits(exponent).then_some(fraction.len())
}

/// `24°51'38.6"N`, `24 51 38.6 N`, `24/1,51/1,386/10` (Exif rationals).
fn degrees_minutes_seconds(text: &str) -> bool {
    let text = text.trim_start_matches(['N', 'S', 'E', 'W']).trim_start();
    if text.len() > 48 || !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return false;
    }
    let rationals = text.split([',', ' ']).filter(|part| !part.is_empty());
    if text.contains('/') {
        return rationals.clone().count() == 3
            && rationals.into_iter().all(|part| {
                part.split_once('/').is_some_and(|(a, b)| {
                    a.bytes().all(|byte| byte.is_ascii_digit())
                        && b.bytes().all(|byte| byte.is_ascii_digit())
                        && !a.is_empty()
                        && !b.is_empty()
                })
            });
    }
    let marked = text.contains('°') || text.ends_with(['N', 'S', 'E', 'W']);
    let known = text.chars().all(|c| is_of_degrees(c) || "NSEWd:m".contains(c));
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).count();
    marked && known && numbers >= 2
}

/// Two coordinates in one text: `24.8607,67.0011`, `geo:24.8607,67.0011`, `24.8607|67.0011`, ISO 6709
/// `+24.8607+067.0011/`.
pub(in crate::detect) fn pair(text: &str) -> Option<Match> {
    let text = text.trim();
    if text.len() > 96 {
        return None;
    }
    if let Some(found) = sexagesimal_pair(text) {
        return Some(found);
    }
    if let Some((first, second)) = text.split_once(';')
        && !first.contains([',', ' '])
        && decimals_of(second.trim_ascii()).is_some()
    {
        return both(first, second.trim_ascii());
    }
    let text = text.strip_prefix("geo:").unwrap_or(text);
    let text = text.split([';', '?']).next()?;
    let inner = match (text.find('('), text.strip_suffix(')')) {
        (Some(open), Some(_)) => text.get(open + 1..text.len() - 1)?,
        _ => text.trim_matches(['[', ']']),
    };
    let mut parts = inner.split([',', ' ', '|']).filter(|part| !part.is_empty());
    let three = (parts.next(), parts.next(), parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (first, second) = match three {
        (Some(first), Some(second), None) => (first, second),
        // A third part is an altitude, a plain number like the others.
        (Some(first), Some(second), Some(third)) if decimals_of(third).is_some() => (first, second),
        (Some(one), None, None) => return iso_6709(one),
        _ => return None,
    };
    both(first, second)
}

/// What degrees, minutes and seconds are written with.
pub(in crate::detect) fn is_of_degrees(character: char) -> bool {
    character.is_ascii_digit() || "°'\"′″.- ’”".contains(character)
}

/// Where the hemisphere stands that is written before the degrees at `start`: `N 24° 51.643'`.
pub(in crate::detect) fn before_its_degrees(text: &str, start: usize) -> Option<usize> {
    let head = text.get(..start)?;
    let head = head.strip_suffix(' ').unwrap_or(head);
    let before = head.strip_suffix(['N', 'S'])?;
    (!before.ends_with(|c: char| c.is_alphanumeric() || c == '°')).then_some(before.len())
}

/// `24°51'38.6"N 67°00'04.1"E`, with or without a comma; the hemispheres may stand before.
fn sexagesimal_pair(text: &str) -> Option<Match> {
    if !text.contains('°') {
        return None;
    }
    let (first, second) = match text.split_once([',', ';']) {
        Some(halves) => halves,
        None if text.starts_with(['N', 'S']) => text.split_at(text.find(['E', 'W'])?),
        None => text.split_at(text.find(['N', 'S']).filter(|at| *at > 0)? + 1),
    };
    let half = |text: &str| {
        let text = text.trim();
        let is_one = text.contains('°')
            && text.contains(['N', 'S', 'E', 'W'])
            && degrees_minutes_seconds(text);
        // `24.9° N` has no minutes.
        let degrees = text.trim_start_matches(['N', 'S', 'E', 'W', ' ']);
        let degrees = degrees.split('°').next().unwrap_or_default();
        let is_alone = text.bytes().filter(u8::is_ascii_digit).count()
            == degrees.bytes().filter(u8::is_ascii_digit).count();
        let decimals = decimals_of(degrees).unwrap_or(0);
        is_one.then_some(is_alone && decimals < PRECISE_DECIMALS)
    };
    let coarse = half(first)? || half(second)?;
    Some(Match { coarse, ..Match::SHAPED })
}

/// Where in a sentence of NMEA 0183 the two coordinates stand, each with its hemisphere: degrees and minutes in one
/// number.
pub(in crate::detect) fn in_sentence(text: &str) -> Option<std::ops::Range<usize>> {
    // `$`, who speaks, and what of: `GPGGA`, `GNRMC`.
    const HEAD_BYTES: usize = 6;
    let head = text.get(1..HEAD_BYTES)?;
    let known = ["GGA", "RMC", "GLL", "GNS"].iter().any(|kind| head.ends_with(kind));
    if !known || text.get(HEAD_BYTES..=HEAD_BYTES) != Some(",") {
        return None;
    }
    let is_one = |text: &str, whole: usize, limit: u32| {
        let (number, decimals) = text.split_once('.').unwrap_or((text, ""));
        let degrees = number.get(..whole.saturating_sub(2)).and_then(|it| it.parse::<u32>().ok());
        number.len() == whole
            && number.bytes().chain(decimals.bytes()).all(|byte| byte.is_ascii_digit())
            && degrees.is_some_and(|degrees| degrees <= limit)
    };
    let mut start = HEAD_BYTES + 1;
    let mut fields = text.get(start..)?.split(',');
    loop {
        let field = fields.next()?;
        let mut behind = fields.clone();
        if is_one(field, 4, 90)
            && matches!(behind.next(), Some("N" | "S"))
            && let Some(east) = behind.next().filter(|east| is_one(east, 5, 180))
            && behind.next().is_some_and(|side| side.starts_with(['E', 'W']))
        {
            let length = field.len() + ",N,".len() + east.len() + ",E".len();
            return Some(start..start + length);
        }
        start += field.len() + 1;
    }
}

/// ISO 6709 Annex H: `+24.8607+067.0011/`, `+2451-06700/`, `+245138.6+0670004.1+8CRSWGS_84/`. Degrees have
/// two and three digits, and minutes and seconds follow them.
fn iso_6709(text: &str) -> Option<Match> {
    let text = text.trim_end_matches('/');
    let text = text.split("CRS").next()?;
    if !text.starts_with(['+', '-']) {
        return None;
    }
    let second = text.get(1..)?.find(['+', '-'])? + 1;
    let (first, rest) = text.split_at(second);
    let end = rest.get(1..)?.find(['+', '-']).map_or(rest.len(), |at| at + 1);
    let second = rest.get(..end)?;
    let whole_digits = |text: &str| text.split('.').next().map_or(0, |whole| whole.len() - 1);
    match (whole_digits(first), whole_digits(second)) {
        (4, 5) | (6, 7) => {
            let decimals = decimals_of(first)?.min(decimals_of(second)?);
            let coarse = whole_digits(first) == 4 && decimals < 2;
            Some(Match { shaped: !coarse, coarse, ..Match::PLAIN })
        }
        _ => both(first, second),
    }
}

/// Two decimal numbers that can be a latitude and a longitude in either order.
fn both(first: &str, second: &str) -> Option<Match> {
    let (decimals_first, decimals_second) = (decimals_of(first)?, decimals_of(second)?);
    let decimals = decimals_first.min(decimals_second);
    if decimals == 0 {
        return None;
    }
    let a: f64 = first.parse().ok()?;
    let b: f64 = second.parse().ok()?;
    let possible = (a.abs() <= 90.0 && b.abs() <= 180.0) || (a.abs() <= 180.0 && b.abs() <= 90.0);
    if !possible || (a == 0.0 && b == 0.0) {
        return None;
    }
    Some(Match {
        shaped: decimals >= PRECISE_DECIMALS,
        coarse: decimals < PRECISE_DECIMALS,
        ..Match::PLAIN
    })
}

/// A pair, a geometry, one coordinate of either kind, or a code for a place.
pub(super) fn any(text: &str) -> Option<Match> {
    pair(text)
        .or_else(|| geometry::whole(text.trim()))
        .or_else(|| binary(text.trim()))
        .or_else(|| lettered_pair(text))
        .or_else(|| scaled_pair(text))
        .or_else(|| longitude(text).filter(|_| text.contains(['.', '°', '/'])))
        .or_else(|| military_grid(text))
        .or_else(|| plus_code(text))
        .or_else(|| geohash(text).filter(|found| !found.coarse && is_mixed(text)))
}

/// `N24.86073 E67.00114`, `N31 31.224 E74 21.522`: each half behind its hemisphere, in degrees or in degrees and
/// minutes.
fn lettered_pair(text: &str) -> Option<Match> {
    const BYTES_MAX: usize = 48;
    let text = text.trim();
    let behind = text.strip_prefix(['N', 'S']).filter(|_| text.len() <= BYTES_MAX)?;
    let (north, east) = behind.split_once(['E', 'W'])?;
    let half = |text: &str, limit: f64| {
        let text = text.trim_matches([' ', ',', ';']);
        let (degrees, minutes) = text.split_once(' ').unwrap_or((text, ""));
        let whole: f64 = degrees.parse().ok().filter(|it: &f64| (0.0..=limit).contains(it))?;
        let decimals = decimals_of(degrees)?;
        if minutes.is_empty() {
            return (decimals > 0 && whole > 0.0).then_some(decimals < PRECISE_DECIMALS);
        }
        let is_one = minutes.parse().is_ok_and(|it: f64| (0.0..60.0).contains(&it));
        // A minute is a mile.
        (is_one && decimals == 0).then_some(decimals_of(minutes)? < PRECISE_DECIMALS - 1)
    };
    let coarse = half(north, 90.0)? || half(east, 180.0)?;
    Some(Match { shaped: !coarse, coarse, ..Match::PLAIN })
}

/// `24860730,67001140`: both in millionths of a degree, or both in ten-millionths.
fn scaled_pair(text: &str) -> Option<Match> {
    let (first, second) = text.trim().split_once([',', ';', ' ', '|'])?;
    let read = |text: &str| {
        let text = text.trim();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_one = (6..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_one.then(|| digits.parse::<u64>().ok())?
    };
    let (first, second) = (read(first)?, read(second)?);
    let (less, more) = (first.min(second), first.max(second));
    let is_one = [1_000_000, 10_000_000].iter().any(|one| less <= 90 * one && more <= 180 * one);
    is_one.then_some(Match::SHAPED)
}

/// A cell identity has up to 36 bits (NR); -1 and the largest values mean that there is none.
pub(super) fn cell(text: &str) -> Option<Match> {
    let number = unsigned(text)?;
    (number > 0 && number < (1 << 36) && number != 0x7fff_ffff && number != 0x0fff_ffff)
        .then_some(Match::PLAIN)
}

/// A location or tracking area has 16 bits, in 5G 24.
pub(super) fn area(text: &str) -> Option<Match> {
    let number = unsigned(text)?;
    (number > 0 && number < (1 << 24) && number != 0xffff).then_some(Match::PLAIN)
}

/// An area where nothing else tells of a cell: of two digits or more, and not eight, which the type of a device has
/// (3GPP TS 23.003 §6.2.1).
pub(super) fn tracking_area(text: &str) -> Option<Match> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit());
    area(text).filter(|_| !is_decimal || (2..8).contains(&text.len()))
}

fn unsigned(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn seen(found: Option<Match>) -> &'static str {
        match found {
            Some(Match { coarse: true, .. }) => "coarse",
            Some(_) => "precise",
            None => "none",
        }
    }

    #[test]
    fn one_coordinate_in_many_forms() {
        for (text, expected) in [
            ("24.86073", "precise"),
            ("-24.861", "precise"),
            ("24.86", "coarse"),
            ("24", "coarse"),
            ("24860730", "precise"),
            ("24°51'38.6\"N", "precise"),
            ("24/1,51/1,386/10", "precise"),
            ("91.5", "none"),
            ("0", "none"),
            ("0.0", "none"),
            ("", "none"),
            ("north", "none"),
            ("1700000000000", "none"),
            ("116.40753", "precise"),
            ("N 24°51'38.6\"", "precise"),
            ("24.8607° N", "precise"),
        ] {
            assert_eq!(seen(latitude(text)), expected, "{text}");
        }
        assert_eq!(seen(longitude("116.40753")), "precise");
        assert_eq!(seen(longitude("181.00000")), "none");
    }

    #[test]
    fn an_area_is_no_type_of_a_device() {
        for (text, is_one) in [
            ("41873", true),
            ("0x5a31", true),
            ("1048575", true),
            ("35693803", false),
            ("01326300", false),
            ("1", false),
            ("65535", false),
            ("1.0", false),
        ] {
            assert_eq!(tracking_area(text).is_some(), is_one, "{text}");
        }
    }

    #[test]
    fn two_coordinates_in_one_text() {
        for (text, expected) in [
            ("24.8607,67.0011", "precise"),
            ("24.8607, 67.0011", "precise"),
            ("geo:24.8607,67.0011;u=35", "precise"),
            ("24.8607|67.0011", "precise"),
            ("[67.0011,24.8607]", "precise"),
            ("+24.8607+067.0011/", "precise"),
            ("+27.5916+086.5640+8850CRSWGS_84/", "precise"),
            ("+245138.6+0670004.1/", "precise"),
            ("+2451-06700/", "coarse"),
            ("24°51'38.6\"N 67°00'04.1\"E", "precise"),
            ("24°51′38″N, 67°00′04″E", "precise"),
            ("N 24° 51.643' E 67° 0.068'", "precise"),
            ("N24°51'38.6\" W67°00'04.1\"", "precise"),
            ("N24.9° E67.0°", "coarse"),
            ("20°C in N, 21°C in E", "none"),
            ("24.86071° N, 67.00112° E", "precise"),
            ("24.9° N, 67.0° E", "coarse"),
            ("24° N, 67° E", "none"),
            ("+1234567", "none"),
            ("+123-456", "none"),
            ("24.8,67.0", "coarse"),
            ("24,67", "none"),
            ("1.5,2.5,3.5,4.5", "none"),
            ("200.123,300.456", "none"),
            ("0.0000,0.0000", "none"),
            ("1,234.56", "none"),
        ] {
            assert_eq!(seen(pair(text)), expected, "{text}");
        }
    }

    #[test]
    fn sentences_of_receivers_have_both_coordinates() {
        for (text, expected) in [
            ("$GPGGA,123519,2451.643,N,06700.067,E,1,08", Some("2451.643,N,06700.067,E")),
            ("$GNRMC,1,A,2451.643,S,06700.067,W*6A", Some("2451.643,S,06700.067,W")),
            ("$GPGLL,2451.643,N,06700.067,E", Some("2451.643,N,06700.067,E")),
            ("$GPGGA,123519,,,,,0,00", None),
            ("$GPGGA,123519,9151.643,N,06700.067,E", None),
            ("$GPGSV,2451.643,N,06700.067,E", None),
            ("$GPGGA", None),
            ("$GéGGA,2451.643,N,06700.067,E", None),
        ] {
            let found = in_sentence(text).and_then(|range| text.get(range));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn codes_for_places() {
        for (text, expected) in [
            ("7JQJVF62+7C", "precise"),
            ("8FVC9G8F+6XQ", "precise"),
            ("VF62+7CQ Karachi", "precise"),
            ("7JQJ0000+", "coarse"),
            ("7JQJVF62+", "none"),
            ("AB12+34", "none"),
            ("C++", "none"),
            ("POINT(67.0011 24.8607)", "precise"),
            ("N24.86073 E67.00114", "precise"),
            ("S24.86073, W67.00114", "precise"),
            ("N24.9 E67.0", "coarse"),
            ("N31 31.224 E74 21.522", "precise"),
            ("N31 31 E74 21", "coarse"),
            ("N91.12345 E67.00114", "none"),
            ("N24 E67", "none"),
            ("NOTE 1", "none"),
            ("24860730,67001140", "precise"),
            ("-248607300, 670011400", "precise"),
            ("248607300,67001140", "precise"),
            ("924860730,67001140", "precise"),
            ("9924860730,9967001140", "none"),
            ("24,67", "none"),
            ("42RVU1234567890", "precise"),
            ("42RVU1234", "coarse"),
            ("61RVU1234567890", "none"),
            ("42RVO123456", "none"),
            ("tkrtm9vf3", "precise"),
            ("wx4g0ec1", "precise"),
            ("bench3", "none"),
            ("warehouse", "none"),
            ("20260412", "none"),
        ] {
            assert_eq!(seen(any(text)), expected, "{text}");
        }
    }

    #[test]
    fn cells_are_bounded() {
        for (text, expected) in
            [("118822", true), ("268435455", false), ("0", false), ("-1", false)]
        {
            assert_eq!(cell(text).is_some(), expected, "{text}");
        }
        assert!(area("4021").is_some());
        assert!(area("65535").is_none());
        assert_eq!(seen(geohash("tkrtmb1")), "precise");
        assert_eq!(seen(geohash("tkrtm")), "coarse");
    }
}
