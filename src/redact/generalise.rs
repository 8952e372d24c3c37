//! Values that become less exact.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{
    date::{self, Keep},
    replace::{Value, Written},
};
use crate::domain::{Generalise, Scalar};

/// Writes the coarser value; `None` when it is not of the kind that can be made coarser so.
pub(super) fn write(to: Generalise, value: &Value<'_>, out: &mut String) -> Option<Written> {
    let text = value.written()?;
    let is_done = match to {
        Generalise::Decimals(decimals) => truncate_decimals(text, usize::from(decimals), out),
        Generalise::IpPrefix { v4_bits, v6_bits } => prefix(text, v4_bits, v6_bits, out),
        Generalise::Year => date::generalise(text, Keep::Year, out),
        Generalise::Month => date::generalise(text, Keep::Month, out),
        Generalise::Prefix(count) => leading(text, usize::from(count), out),
    };
    // Fewer digits of a number are a number, unless they begin with a zero or end in a point.
    let is_number = value.kind != Some(Scalar::Number) || is_json_number(out);
    is_done.then_some(Written::Text { quoted: !is_number })
}

/// Every decimal number in `text` (one coordinate, or `24.8607,67.0011`) cut to `decimals`.
fn truncate_decimals(text: &str, decimals: usize, out: &mut String) -> bool {
    let allowed = |character: char| {
        character.is_ascii_digit() || matches!(character, '.' | ',' | ' ' | ';' | '-' | '+')
    };
    // Degrees and minutes, words or exponents: cutting decimals would not make these coarse.
    if !text.chars().all(allowed) || !text.contains(|character: char| character.is_ascii_digit()) {
        return false;
    }
    let mut after_point: Option<usize> = None;
    for character in text.chars() {
        match (character, &mut after_point) {
            ('.', None) => {
                after_point = Some(0);
                if decimals > 0 {
                    out.push('.');
                }
            }
            (digit, Some(count)) if digit.is_ascii_digit() => {
                if *count < decimals {
                    out.push(digit);
                }
                *count += 1;
            }
            (other, _) => {
                after_point = None;
                out.push(other);
            }
        }
    }
    // A value in millionths of a degree has no point and would stay exact.
    let longest =
        out.split(|character: char| !character.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    longest <= 3.max(decimals)
}

fn prefix(text: &str, v4_bits: u8, v6_bits: u8, out: &mut String) -> bool {
    let Ok(address) = text.trim().parse::<IpAddr>() else { return false };
    let coarse = match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(v4_bits.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            // An IPv4 address in the clothes of IPv6 would keep its last byte, or lose all.
            if let Some(inside) = address.to_ipv4_mapped() {
                let mask = u32::MAX.checked_shl(32 - u32::from(v4_bits.min(32))).unwrap_or(0);
                IpAddr::V6(Ipv4Addr::from_bits(inside.to_bits() & mask).to_ipv6_mapped())
            } else {
                let mask = u128::MAX.checked_shl(128 - u32::from(v6_bits.min(128))).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        }
    };
    out.push_str(&coarse.to_string());
    true
}

/// The first letters and digits, with the separators between them. Fewer than there are, or nothing was
/// made coarser.
fn leading(text: &str, count: usize, out: &mut String) -> bool {
    let all = text.chars().filter(|character| character.is_alphanumeric()).count();
    let mut seen = 0;
    for character in text.trim_start().chars() {
        seen += usize::from(character.is_alphanumeric());
        if seen > count {
            break;
        }
        out.push(character);
    }
    out.truncate(out.trim_end_matches(|c: char| !c.is_alphanumeric()).len());
    (1..all).contains(&count)
}

/// RFC 8259 §6, without exponent, which none of these has.
fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    are_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(are_digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Shape;

    fn coarse(to: Generalise, kind: Scalar, text: &str) -> Option<String> {
        let value = Value { kind: Some(kind), text, shape: Shape::usual("a.b"), subject: None };
        let mut out = String::new();
        match write(to, &value, &mut out)? {
            Written::Text { quoted: true } => Some(format!("\"{out}\"")),
            Written::Text { quoted: false } => Some(out),
            Written::Gone => None,
        }
    }

    #[test]
    fn coordinates_addresses_dates_and_codes_are_generalised_or_go() {
        let decimals = Generalise::Decimals(1);
        let address = Generalise::IpPrefix { v4_bits: 24, v6_bits: 48 };
        for (to, kind, text, expected) in [
            (decimals, Scalar::Number, "24.86073", Some("24.8")),
            (decimals, Scalar::Number, "-122.41942", Some("-122.4")),
            (decimals, Scalar::String, "24.8607,67.0011", Some("24.8,67.0")),
            (decimals, Scalar::String, "24°51'38\"N", None),
            (decimals, Scalar::Number, "24860730", None),
            (decimals, Scalar::Number, "2.486073e1", None),
            (Generalise::Decimals(0), Scalar::Number, "0.86", Some("0")),
            (address, Scalar::String, "203.0.113.77", Some("203.0.113.0")),
            (address, Scalar::String, "2001:db8:1:2::3", Some("2001:db8:1::")),
            (address, Scalar::String, "::ffff:203.0.113.77", Some("::ffff:203.0.113.0")),
            (address, Scalar::String, "localhost", None),
            (Generalise::Year, Scalar::String, "1996-04-12", Some("1996-01-01")),
            (Generalise::Month, Scalar::String, "12/04/1996", Some("01/04/1996")),
            (Generalise::Month, Scalar::Number, "19960412", Some("19960401")),
            (Generalise::Month, Scalar::String, "April 12", None),
            (Generalise::Prefix(4), Scalar::String, "SW1A 1AA", Some("SW1A")),
            (Generalise::Prefix(3), Scalar::String, "90210-1234", Some("902")),
            (Generalise::Prefix(3), Scalar::Number, "90210", Some("902")),
            (Generalise::Prefix(3), Scalar::String, "100-0001", Some("100")),
            (Generalise::Prefix(5), Scalar::String, "90210", None),
            (Generalise::Prefix(0), Scalar::String, "90210", None),
        ] {
            assert_eq!(coarse(to, kind, text).as_deref(), expected, "{text}");
        }
    }
}
