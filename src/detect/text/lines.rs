//! Telephone numbers that stand for a mailbox in the addresses of lines and of messengers.

use std::ops::Range;

use crate::{
    detect::check::{Match, phone},
    domain::Span,
};

/// Where messengers keep accounts by their number: `60123456789@c.us`, `60123456789:12@s.whatsapp.net`.
const MESSENGERS: [&str; 2] = ["c.us", "s.whatsapp.net"];
/// Digits of a number with its country code (ITU-T E.164).
const DIGITS_MAX: usize = 15;

/// The number before the `@` at `at` of what is written like a mailbox and stands at `address`:
/// `sip:+922134567890@ims.example` (RFC 3261 §19.1.6), or a messenger's account.
pub(super) fn number_before(text: &str, address: Range<usize>, at: usize) -> Option<(Span, Match)> {
    let local = text.get(address.start..at)?;
    if local.starts_with('+') {
        let read = phone::in_text(local)?;
        return Some((Span::new(address.start, at), read));
    }
    // No mailbox has a colon before its sign, so that what is before the colon is not in `address`.
    let head = text.get(..address.start)?.strip_suffix(':').unwrap_or_default();
    let before = head.bytes().rev().take(DIGITS_MAX).take_while(u8::is_ascii_digit).count();
    let start = if before > 0 { head.len() - before } else { address.start };
    let domain = text.get(at + 1..address.end)?;
    let (length, read) = number_of_account(text.get(start..at)?, domain)?;
    Some((Span::new(start, start + length), read))
}

/// What the whole of `text` is as a messenger's account.
pub(super) fn account(text: &str) -> Option<Match> {
    let (local, domain) = text.split_once('@')?;
    number_of_account(local, domain).map(|(_, read)| read)
}

/// How many bytes of `local` the number takes.
fn number_of_account(local: &str, domain: &str) -> Option<(usize, Match)> {
    let digits = local.bytes().take_while(u8::is_ascii_digit).count();
    // Behind it may stand which device of the account it is.
    let is_alone = matches!(local.as_bytes().get(digits), None | Some(b':' | b'.' | b'_'));
    if !is_alone || digits > DIGITS_MAX || !MESSENGERS.contains(&domain) {
        return None;
    }
    let read = phone::in_text(&["+", local.get(..digits)?].concat())?;
    Some((digits, read))
}
