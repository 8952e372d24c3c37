//! Codes for places: Open Location Codes, geohashes and the military grid.

use super::Match;

/// Open Location Code: `7JQJVF62+7C`, or with a place for its beginning, `VF62+7C Karachi`. Pairs before
/// the sign that are padded with zeros make it coarse.
pub(in crate::detect::check) fn plus_code(text: &str) -> Option<Match> {
    let text = text.trim();
    let code = text.split([' ', ',']).next()?;
    let (area, local) = code.split_once('+')?;
    let digit = |byte: u8| b"23456789CFGHJMPQRVWX".contains(&byte.to_ascii_uppercase());
    let bare = area.trim_end_matches('0');
    let known = matches!(area.len(), 4 | 6 | 8)
        && bare.len() >= 2
        && bare.len().is_multiple_of(2)
        && bare.bytes().all(digit)
        && local.bytes().all(digit);
    let padded = bare.len() < area.len();
    let ended = if padded { local.is_empty() } else { (2..=7).contains(&local.len()) };
    (known && ended && (area.len() == 8 || !padded)).then_some(Match {
        shaped: !padded,
        coarse: padded,
        ..Match::PLAIN
    })
}

/// Six or more characters of the geohash alphabet are about a kilometre or better.
pub(in crate::detect::check) fn geohash(text: &str) -> Option<Match> {
    let good = (4..=12).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_digit() || (byte.is_ascii_lowercase() && !b"ailo".contains(&byte))
        });
    good.then_some(Match { coarse: text.len() < 6, ..Match::PLAIN })
}

/// The military grid (NGA.STND.0037): a zone and its band, a square of a hundred kilometres, and as many digits of the
/// way east in it as of that north.
pub(super) fn military_grid(text: &str) -> Option<Match> {
    let text = text.trim();
    let zone = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = text.split_at_checked(zone)?;
    let (letters, digits) = rest.split_at_checked(3)?;
    let is_zone = number.parse().is_ok_and(|it: u8| (1..=60).contains(&it));
    let is_letter = |byte: u8| byte.is_ascii_uppercase() && byte != b'I' && byte != b'O';
    let band = letters.bytes().next().filter(|band| (b'C'..=b'X').contains(band));
    let is_one = is_zone
        && band.is_some()
        && letters.bytes().all(is_letter)
        && matches!(digits.len(), 4 | 6 | 8 | 10)
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then_some(Match { shaped: digits.len() > 4, coarse: digits.len() <= 4, ..Match::PLAIN })
}

/// Letters after digits and digits after letters, as no word with a number behind it has.
pub(super) fn is_mixed(text: &str) -> bool {
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    word.bytes().any(|byte| byte.is_ascii_digit()) && !word.bytes().all(|b| b.is_ascii_digit())
}
