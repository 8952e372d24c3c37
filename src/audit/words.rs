//! Words of the format that whoever writes lines and whoever reads them must agree on.
//!
//! Effects are [`Effect::as_str`](crate::domain::Effect::as_str). Changing a word here changes the audit of everybody.

/// A record of before its exchange was sent. It is recorded again when it is over.
pub(crate) const JUDGED: &str = "judged";
/// A record of an exchange that is over; and the mark that nothing is missing behind it.
pub(crate) const CLOSED: &str = "closed";
/// In place of an effect: refused before it was judged.
pub(crate) const REFUSED: &str = "refused";

/// The mark that lines follow.
pub(crate) const OPENED: &str = "opened";
/// The mark that signs the lines before it.
pub(crate) const SEALED: &str = "sealed";
/// The mark that records could not be written.
pub(crate) const LOST: &str = "lost";
/// The mark that says which rules judge from here on.
pub(crate) const RULES: &str = "rules";

/// Whether the line is a mark, which no record is: it begins with the member `audit`.
pub(crate) fn is_mark(line: &[u8]) -> bool {
    line.starts_with(MARK)
}

/// Whether the line is the mark of this name.
pub(crate) fn is_mark_of(line: &[u8], name: &str) -> bool {
    let rest = line.strip_prefix(MARK).and_then(|rest| rest.strip_prefix(name.as_bytes()));
    rest.is_some_and(|rest| rest.starts_with(b"\""))
}

const MARK: &[u8] = b"{\"audit\":\"";
