//! What a program is called with: `curl -u sana_k:Geheim77 https://shop.example/`.

use std::ops::Range;

use crate::detect::check::{code, person};

/// Longest command that is looked into, bytes.
const BYTES_MAX: usize = 1024;
/// Behind one of these stand a name and a password, with a colon between them.
const OPTIONS: [&str; 3] = [" -u ", " --user ", " --user="];

/// Who signs in by the command whose name ends at `start`.
pub(super) fn user(text: &str, start: usize) -> Option<Range<usize>> {
    let (name, _) = name_and_password(text, start)?;
    person::login_name(text.get(name.clone())?).map(|_| name)
}

/// What they sign in with.
pub(super) fn password(text: &str, start: usize) -> Option<Range<usize>> {
    let (_, password) = name_and_password(text, start)?;
    code::is_password(text.get(password.clone())?).then_some(password)
}

fn name_and_password(text: &str, start: usize) -> Option<(Range<usize>, Range<usize>)> {
    let end = text.floor_char_boundary(text.len().min(start + BYTES_MAX));
    let rest = text.get(start..end)?;
    // A line that ends in a backslash goes on.
    let line_ends = memchr::memchr_iter(b'\n', rest.as_bytes());
    let goes_on = |at: &usize| rest.get(..*at).is_some_and(|line| !line.trim_end().ends_with('\\'));
    let command = rest.get(..line_ends.into_iter().find(goes_on).unwrap_or(rest.len()))?;
    let option = |option: &&str| command.find(*option).map(|at| at + option.len());
    let from = OPTIONS.iter().filter_map(option).min()?;
    let word = command.get(from..)?;
    let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
    let word = word.strip_prefix(['"', '\'']).unwrap_or(word);
    let from = from + usize::from(quote.is_some());
    let length = match quote {
        Some(quote) => word.find(quote)?,
        None => word.find([' ', '\n', '"', '\'', ';', '|', ')']).unwrap_or(word.len()),
    };
    let colon = word.get(..length)?.find(':')?;
    let (name, password) = (start + from, start + from + colon + 1);
    Some((name..name + colon, password..start + from + length))
}
