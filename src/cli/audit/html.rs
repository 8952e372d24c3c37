//! The register as a page to print: nothing in it is fetched from anywhere.

use std::io::{self, Write};

use super::{
    register::{Dimension, Row},
    report::{Summary, UNCOUNTED, people, shown},
};

const STYLE: &str = include_str!("register.css");

pub(super) fn page(
    out: &mut impl Write,
    by: &[Dimension],
    rows: &[Row],
    summary: &Summary,
) -> io::Result<()> {
    let Summary { between, transfers, subjects, unread, files, .. } = summary;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
    let sum = |of: fn(&Row) -> u64| rows.iter().map(of).sum::<u64>();
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Register of cross-border transfers</title>\n<style>\n{STYLE}</style>\n\
         <header><p class=\"made\">Bordergate {version} · {now}</p>\n\
         <h1>Register of cross-border transfers</h1>\n<p>{between}, from {files} audit {noun}.</p></header>\n\
         <dl class=\"sums\">",
        version = env!("CARGO_PKG_VERSION"),
        between = escaped(&capital(between)),
        noun = if *files == 1 { "file" } else { "files" },
    )?;
    let is_exclusive = !by.contains(&Dimension::Category) && !by.contains(&Dimension::Mechanism);
    let mut sums = vec![("transfers", *transfers)];
    sums.extend(subjects.map(|count| ("people", count as u64)));
    if is_exclusive {
        sums.extend([
            ("allowed", sum(|row| row.allowed)),
            ("redacted", sum(|row| row.redacted)),
            ("blocked", sum(|row| row.blocked)),
            ("failed", sum(|row| row.failed)),
        ]);
    }
    for (title, number) in sums {
        write!(out, "<div><dt>{title}</dt><dd>{}</dd></div>", grouped(number))?;
    }
    out.write_all(b"</dl>\n")?;
    let uncounted = subjects.is_none().then(|| UNCOUNTED.to_owned());
    for told in uncounted.into_iter().chain(summary.refused()) {
        writeln!(out, "<p>{}.</p>", escaped(&capital(&told.replace('`', ""))))?;
    }
    if *unread > 0 {
        let (lines, noun, are) = match unread {
            1 => ("1".to_owned(), "line", "is"),
            more => (grouped(*more), "lines", "are"),
        };
        writeln!(
            out,
            "<p class=\"warning\">{lines} {noun} could not be read and {are} not counted.</p>"
        )?;
    }
    out.write_all(b"<table>\n<thead><tr>")?;
    for dimension in by {
        write!(out, "<th scope=\"col\">{}</th>", dimension.title())?;
    }
    for title in ["transfers", "allowed", "redacted", "blocked", "failed", "people"] {
        write!(out, "<th scope=\"col\" class=\"number\">{title}</th>")?;
    }
    out.write_all(b"<th scope=\"col\">categories</th><th scope=\"col\">mechanisms</th></tr></thead>\n<tbody>\n")?;
    for row in rows {
        line(out, by, row)?;
    }
    out.write_all(
        b"</tbody>\n</table>\n<footer><p>Categories that are struck through were withheld: taken out, or blocked with the transfer; \
          those in italics stayed because the transfer failed. \
          People are counted by keyed codes of what identifies them; the records name nobody.</p></footer>\n</html>\n",
    )
}

fn line(out: &mut impl Write, by: &[Dimension], row: &Row) -> io::Result<()> {
    out.write_all(b"<tr>")?;
    for (at, dimension) in by.iter().enumerate() {
        let value = escaped(shown(row.value(*dimension)));
        if at == 0 {
            write!(out, "<th scope=\"row\">{value}</th>")?;
        } else {
            write!(out, "<td>{value}</td>")?;
        }
    }
    let people = row.subjects.map_or_else(|| people(None), grouped);
    let counts = [row.transfers, row.allowed, row.redacted, row.blocked, row.failed];
    for number in counts.map(grouped).into_iter().chain([people]) {
        write!(out, "<td class=\"number\">{number}</td>")?;
    }
    out.write_all(b"<td class=\"list\">")?;
    for category in &row.categories {
        let name = escaped(&category.category);
        if category.sent > 0 {
            write!(out, "<span>{name}</span> ")?;
        } else if category.withheld > 0 {
            write!(out, "<s>{name}</s> ")?;
        } else {
            write!(out, "<i>{name}</i> ")?;
        }
    }
    out.write_all(b"</td><td class=\"list\">")?;
    for mechanism in &row.mechanisms {
        write!(out, "<span>{}</span> ", escaped(&mechanism.mechanism))?;
    }
    out.write_all(b"</td></tr>\n")
}

/// Names in records are letters, digits and a few signs; whoever wrote the file may not have kept to it.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

/// With thin spaces between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart_and_signs_are_made_harmless() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
        assert_eq!(capital("all"), "All");
    }
}
