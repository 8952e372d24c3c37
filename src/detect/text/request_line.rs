//! Request lines in a text, `GET /users/40001/orders HTTP/1.1` (RFC 9112 §3): whose account a path leads to.

use std::sync::LazyLock;

use memchr::{memchr, memmem::Finder};

use crate::{
    detect::{
        check::{Match, code, words::WordList},
        text::Found,
    },
    domain::Span,
};

use super::Search;

static VERSION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(" HTTP/"));

const TARGET_BYTES_MAX: usize = 512;
const METHOD_BYTES_MAX: usize = 8;

/// Resources that are people, one of whom the next segment names.
#[rustfmt::skip]
static OWNERS: WordList = WordList::new(&[
    "users", "user", "customers", "customer", "accounts", "account", "members", "member", "clients", "subscribers", "subscriber",
    "patients", "patient", "employees", "employee", "passengers", "drivers", "riders", "guests", "buyers", "sellers", "people",
]);

impl Search<'_> {
    /// The accounts in the paths of such lines.
    pub(super) fn path_owners(&self, text: &str, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let mut past = 0;
        for end in VERSION.find_iter(bytes) {
            let floor = end.saturating_sub(TARGET_BYTES_MAX).max(past);
            past = end;
            let head = bytes.get(floor..end).unwrap_or_default();
            let Some(start) = memchr::memrchr(b' ', head).map(|gap| floor + gap + 1) else {
                continue;
            };
            if !is_behind_a_method(bytes, start) {
                continue;
            }
            let target = text.get(start..end).unwrap_or_default();
            let path = memchr(b'?', target.as_bytes()).and_then(|at| target.get(..at));
            let mut at = start;
            let mut is_owner = false;
            for segment in path.unwrap_or(target).split('/') {
                if is_owner && code::path_owner(segment).is_some() {
                    let span = Span::new(at, at + segment.len());
                    let number = self.set.finders.path_owner;
                    found.extend(self.weigh(number, Match::SHAPED, span, (0, 0)));
                }
                is_owner = OWNERS.has(segment);
                at += segment.len() + 1;
            }
        }
    }
}

/// `GET ` at the beginning of a line or of what is quoted.
fn is_behind_a_method(bytes: &[u8], target: usize) -> bool {
    let Some(head) = bytes.get(..target.saturating_sub(1)) else { return false };
    let letters = head.iter().rev().take(METHOD_BYTES_MAX).take_while(|b| b.is_ascii_uppercase());
    let length = letters.count();
    let before = head.len().checked_sub(length + 1).and_then(|at| head.get(at));
    bytes.get(target) == Some(&b'/')
        && (3..METHOD_BYTES_MAX).contains(&length)
        && matches!(before, None | Some(b'\n' | b'"' | b'\'' | b' '))
}
