//! What is said in a conversation, and by whom: `[10:22] Sana Khan: …`, `visitor: …`.

use std::ops::Range;

use crate::detect::{
    naming::{self, Written},
    set::Reads,
};

use super::{
    Found, Search,
    announced::{behind, name_at},
};

/// Day and time before who said something, in bytes.
const EXPORT_BYTES_MAX: usize = 32;

/// Digits that these have at least.
const DAY_AND_TIME: usize = 7;
const TIME: usize = 3;

impl Search<'_> {
    /// Who says what stands behind the colon: `[10:22] Sana Khan: …`, `11/03/2024, 18:02 - Sana Khan: …`, or a known
    /// name where a line begins. Behind day and time a given name alone, too.
    pub(in crate::detect) fn speaker(&self, text: &str, label: &Range<usize>) -> Option<Found> {
        let (rule, _) = self.set.cues.known_beside.as_ref()?;
        // A dash is part of what stands before the colon.
        let own = text.get(label.clone())?;
        let dash = memchr::memrchr(b'-', own.as_bytes()).filter(|dash| {
            own.get(dash.saturating_sub(1)..).is_some_and(|rest| rest.starts_with(" - "))
        });
        let start = dash.map_or(label.start, |dash| label.start + dash + "- ".len());
        let before = text.get(..start)?;
        let is_all = |name: &Range<usize>| name.end == label.end;
        let (name, head) = if dash.is_some() {
            let head =
                before.strip_suffix(" - ").filter(|head| is_of_an_export(head, DAY_AND_TIME))?;
            (naming::end_of_name(text, start, 2).map(|end| start..end), Some(head))
        } else {
            if before.is_empty() || before.ends_with('\n') {
                return self.known_name(text, start).filter(is_all).map(|it| behind(rule, it));
            }
            let head = before.trim_end_matches(' ').strip_suffix(']')?;
            (self.likely_name(text, start), time_in_brackets(head))
        };
        if let Some(name) = name.filter(is_all) {
            return Some(behind(rule, name));
        }
        let given = self.set.cues.reading(|reads| matches!(reads, Reads::GivenName))?;
        let name =
            head.and_then(|_| name_at(text, start, 1, |it| self.set.people.is_given_alone(it)));
        name.filter(is_all).map(|name| behind(given, name))
    }

    /// Whether what stands behind the colon of a label that begins at `label` is a turn of a conversation, in which
    /// `said` is no name: words that are said to somebody, or, where a time stands before the label, words of which
    /// none is known as a name.
    pub(in crate::detect) fn is_a_turn(&self, text: &str, label: usize, said: &str) -> bool {
        let people = &self.set.people;
        people.is_said(said)
            || (is_behind_a_time(text, label) && !people.is_known(said, Written::AsNames))
    }
}

/// Whether nothing but a time in brackets stands before a label in its line: `[10:02] visitor: …`.
fn is_behind_a_time(text: &str, label: usize) -> bool {
    let before = text.get(..label).map(|head| head.trim_end_matches(' '));
    before.and_then(|head| head.strip_suffix(']')).and_then(time_in_brackets).is_some()
}

/// The time that ends a text behind an opening bracket: `[14:01:33`, `[11/03/2024, 18:02`.
fn time_in_brackets(head: &str) -> Option<&str> {
    // What stands there is short, so that nothing is looked for far behind.
    let near = head.get(head.ceil_char_boundary(head.len().saturating_sub(EXPORT_BYTES_MAX))..)?;
    let (_, inner) = near.rsplit_once('[')?;
    Some(inner).filter(|inner| is_of_an_export(inner, TIME))
}

/// Whether a line begins with day and time, or the time alone, and nothing else, as messengers export what was said.
fn is_of_an_export(head: &str, digits_min: usize) -> bool {
    let window = head.get(head.ceil_char_boundary(head.len().saturating_sub(EXPORT_BYTES_MAX))..);
    let window = window.unwrap_or_default();
    let line = match window.rsplit_once('\n') {
        Some((_, line)) => line,
        None if window.len() == head.len() => window,
        None => return false,
    };
    let is_of_it = |byte: u8| byte.is_ascii_digit() || b"/.:-, AaPpMm\xe2\x80\xaf".contains(&byte);
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    (digits_min..=14).contains(&digits) && line.contains(':') && line.bytes().all(is_of_it)
}
