//! Paths in a text, `GET /users/40001/orders HTTP/1.1`, `https://shop.example/users/40001`: whose account they lead to.

use crate::{
    detect::{
        check::{Match, code, words::WordList},
        text::Found,
    },
    domain::Span,
};

use super::Search;

/// Resources that are people, one of whom the next segment names.
#[rustfmt::skip]
static OWNERS: WordList = WordList::new(&[
    "users", "user", "customers", "customer", "accounts", "account", "members", "member", "clients", "subscribers", "subscriber",
    "patients", "patient", "employees", "employee", "passengers", "drivers", "riders", "guests", "buyers", "sellers", "people",
]);

/// Longest of these words, bytes.
const OWNER_BYTES_MAX: usize = 11;
/// Longest segment that names somebody.
const SEGMENT_BYTES_MAX: usize = 64;

impl Search<'_> {
    /// The accounts in paths, which stand behind such a word that stands between slashes.
    pub(super) fn path_owners(&self, text: &str, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut before: Option<usize> = None;
        for slash in memchr::memchr_iter(b'/', bytes) {
            let word = before.replace(slash).map(|start| start + 1..slash);
            let is_owner = word.is_some_and(|word| {
                word.len() <= OWNER_BYTES_MAX && text.get(word).is_some_and(|it| OWNERS.has(it))
            });
            if !is_owner {
                continue;
            }
            let start = slash + 1;
            let rest = bytes.get(start..bytes.len().min(start + SEGMENT_BYTES_MAX));
            let rest = rest.unwrap_or_default();
            let is_of_it = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'-';
            let end = start + rest.iter().take_while(is_of_it).count();
            // A name of a file goes on, and so does one of many.
            let goes_on = matches!(bytes.get(end), Some(b'.' | b'_' | b'~' | b'%' | b'@' | 0x80..))
                && bytes.get(end + 1).is_some_and(|next| !next.is_ascii_whitespace());
            let segment = text.get(start..end).unwrap_or_default();
            let is_one = !goes_on && code::path_owner(segment).is_some();
            if is_one && is_of_a_place(text.get(..slash).unwrap_or_default()) {
                let number = self.set.finders.path_owner;
                found.extend(self.weigh(number, Match::SHAPED, Span::new(start, end), (0, 0)));
            }
        }
    }
}

/// Whether a path, of which this stands before the segment, has no scheme or that of HTTP: `gid://shop/Customer/4000123`
/// names a record.
fn is_of_a_place(head: &str) -> bool {
    const BYTES_MAX: usize = 128;
    let near = head.get(head.ceil_char_boundary(head.len().saturating_sub(BYTES_MAX))..);
    let word = near.and_then(|near| near.rsplit([' ', '\n', '"', '\'', '=', '(', '<']).next());
    let scheme = word.and_then(|word| word.split_once("://")).map(|(scheme, _)| scheme);
    scheme.is_none_or(|scheme| scheme.ends_with("http") || scheme.ends_with("https"))
}
