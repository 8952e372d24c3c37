//! Lines of the common and the combined log format, which name nothing: who signed in stands before the time, and
//! the agent behind the request (`203.0.113.9 - ana [29/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "…"`).

use std::{ops::Range, sync::LazyLock};

use memchr::{
    memchr, memchr2,
    memmem::{self, Finder},
    memrchr,
};

use crate::{
    detect::{check::Match, text::Found},
    domain::Span,
};

use super::Search;

/// What comes between the time and the request.
static REQUEST_START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("] \""));

/// `[29/Nov/2026:10:00:00 +0000`
const TIME_BYTES: usize = 27;
const USER_BYTES_MAX: usize = 64;
/// What "nothing" is written as.
const NOTHING: &[u8] = b"-";

impl Search<'_> {
    /// Users and agents of such lines.
    pub(super) fn access_log(&self, text: &str, found: &mut Vec<Found>) {
        let bytes = text.as_bytes();
        let finders = &self.set.finders;
        for at in REQUEST_START.find_iter(bytes) {
            let Some(time) = at.checked_sub(TIME_BYTES).filter(|time| is_time(bytes, *time)) else {
                continue;
            };
            let mut add = |number: Option<u16>, range: Option<Range<usize>>| {
                let span = range.map(|range| Span::new(range.start, range.end));
                found.extend(span.and_then(|span| self.weigh(number, Match::SHAPED, span, (0, 0))));
            };
            add(finders.access_log_user, user_before(bytes, time));
            add(finders.user_agent, agent_behind(bytes, at + "] \"".len()));
        }
    }
}

fn is_time(bytes: &[u8], start: usize) -> bool {
    const SHAPE: &[u8; TIME_BYTES] = b"[00/Aaa/0000:00:00:00 +0000";
    let time = bytes.get(start..start + TIME_BYTES).unwrap_or_default();
    time.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'A' | b'a' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        sign => byte == sign,
    })
}

/// The word before the time, where one more stands before it in the line.
fn user_before(bytes: &[u8], time: usize) -> Option<Range<usize>> {
    let end = time.checked_sub(1).filter(|end| bytes.get(*end) == Some(&b' '))?;
    let floor = end.saturating_sub(USER_BYTES_MAX);
    let length = memrchr(b' ', bytes.get(floor..end)?).map(|space| end - floor - space - 1)?;
    let user = end - length..end;
    let word = bytes.get(user.clone())?;
    // `… - -` and a line that begins here.
    (!word.is_empty() && word != NOTHING && !word.contains(&b'\n')).then_some(user)
}

/// The second text in quotes behind the request, which begins at `request`.
fn agent_behind(bytes: &[u8], request: usize) -> Option<Range<usize>> {
    let quote = |from: usize| {
        let length = memchr2(b'"', b'\n', bytes.get(from..)?)?;
        (bytes.get(from + length) == Some(&b'"')).then_some(from + length)
    };
    let referrer = quote(quote(request)? + 1)?;
    let start = quote(quote(referrer + 1)? + 1)? + 1;
    let agent = start..quote(start)?;
    let text = bytes.get(agent.clone())?;
    // A bare name and version are of a program more often than of somebody's device, but for what apps ask by.
    const OF_APPS: [&[u8]; 4] = [b"okhttp/", b"CFNetwork/", b"Alamofire/", b"Dart/"];
    let is_of_an_app = OF_APPS.iter().any(|name| memmem::find(text, name).is_some());
    (is_of_an_app || memchr(b'(', text).is_some()).then_some(agent)
}
