//! Statements whose values stand elsewhere: `UPDATE u SET dob = $1`, `SET dob = :d`, `mutation($d: Date) {a(dob: $d)}`.

/// What stands in a statement for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder<'t> {
    /// `?`, `$1`, `%s`: the element of this number of a list.
    Position(usize),
    /// `:d`, `@d`, `$d`, `%(d)s`: the member of this name, which may be written with the sign before it.
    Name(&'t str),
}

const NAME_BYTES_MAX: usize = 64;

/// Tells of each placeholder in `text` that stands at a name, in time linear in its length.
pub(super) fn placeholders<'t>(text: &'t str, mut tell: impl FnMut(&'t str, Placeholder<'t>)) {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| b"?$:@%".contains(byte)) {
        return;
    }
    let mut inserted = Inserted::default();
    let (mut at, mut position) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        if *byte == b'\'' {
            // A literal.
            let rest = bytes.get(at + 1..).unwrap_or_default();
            at += 2 + memchr::memchr(b'\'', rest).unwrap_or(rest.len());
            continue;
        }
        let Some((placeholder, length)) = placeholder_at(text, at, &mut position) else {
            at += inserted.step(text, at);
            continue;
        };
        let name = name_before(text, at).or_else(|| inserted.name());
        if let Some(name) = name {
            tell(name, placeholder);
        }
        at += length;
    }
}

/// The placeholder that begins at `at`, and how long it is; `position` is that of the next one without a number.
fn placeholder_at<'t>(
    text: &'t str,
    at: usize,
    position: &mut usize,
) -> Option<(Placeholder<'t>, usize)> {
    let bytes = text.as_bytes();
    let sign = *bytes.get(at)?;
    let rest = text.get(at + 1..)?;
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let is_glued = before.is_some_and(|byte| is_of_a_word(*byte) || *byte == b':');
    let mut next = || {
        *position += 1;
        Placeholder::Position(*position - 1)
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let word = rest.bytes().take_while(|byte| is_of_a_word(*byte)).count();
    match sign {
        b'?' | b'$' | b':' if digits > 0 && digits == word && !is_glued => {
            let number: usize = rest.get(..digits)?.parse().ok()?;
            Some((Placeholder::Position(number.checked_sub(1)?), 1 + digits))
        }
        b'?' => Some((next(), 1)),
        b'%' if rest.starts_with('s') && word == 1 => Some((next(), 2)),
        b'%' => {
            let name = rest.strip_prefix('(')?;
            let near = name.as_bytes().get(..name.len().min(NAME_BYTES_MAX + 2))?;
            let length = memchr::memmem::find(near, b")s").filter(|length| *length > 0)?;
            Some((Placeholder::Name(name.get(..length)?), length + 4))
        }
        b'$' | b':' | b'@' if word > 0 && (sign == b'$' || !is_glued) => {
            Some((Placeholder::Name(rest.get(..word)?), 1 + word))
        }
        _ => None,
    }
}

fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// What is compared with, or set to, what stands at `at`: the name before an equals sign, a colon or a word that
/// compares. Signs and words between the two are few.
fn name_before(text: &str, at: usize) -> Option<&str> {
    const WORDS: [&str; 5] = ["like", "ilike", "in", "between", "contains"];
    const WINDOW_BYTES: usize = 160;
    let floor = text.ceil_char_boundary(at.saturating_sub(WINDOW_BYTES));
    let mut head = text.get(floor..at)?.trim_end();
    // `lower($1)`, `IN ($1`.
    if let Some(before) = head.strip_suffix('(') {
        head = before.trim_end();
        let word = word_at_end(head);
        if !is_one_of(&WORDS, word) {
            head = head.strip_suffix(word)?.trim_end();
        }
    }
    let compared = head.trim_end_matches(['=', '<', '>', '!', ':', '~']);
    if compared.len() < head.len() {
        return named_at_end(compared);
    }
    let word = word_at_end(head);
    if is_one_of(&WORDS, word) {
        let before = head.strip_suffix(word)?.trim_end();
        let word = word_at_end(before);
        let is_not = is_one_of(&["not"], word);
        return named_at_end(if is_not { before.strip_suffix(word)? } else { before });
    }
    // `begins_with(phone, :p)`.
    let before = head.strip_suffix(',')?;
    let name = named_at_end(before)?;
    let function = before.trim_end().strip_suffix(name)?.trim_end_matches('#').strip_suffix('(')?;
    let is_one =
        is_one_of(&["begins_with", "contains", "if_not_exists", "coalesce"], word_at_end(function));
    is_one.then_some(name)
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn word_at_end(text: &str) -> &str {
    let length = text.bytes().rev().take_while(|byte| is_of_a_word(*byte)).count();
    text.get(text.len() - length..).unwrap_or_default()
}

/// The name that ends a text, perhaps in quotes or brackets, or in a call: `"u"."dob"`, `[dob]`, `lower(dob)`.
fn named_at_end(text: &str) -> Option<&str> {
    let text = text.trim_end().trim_end_matches(['"', '`', ']', ')']);
    Some(word_at_end(text)).filter(|name| {
        name.starts_with(|c: char| !c.is_ascii_digit()) && name.len() <= NAME_BYTES_MAX
    })
}

/// `INSERT INTO u (name, dob) VALUES (?, ?), (?, ?)`: the names of the columns, and which of them a value stands in.
#[derive(Default)]
struct Inserted<'t> {
    names: Vec<&'t str>,
    is_open: bool,
    depth: usize,
    column: usize,
    /// Where the outermost bracket opened last, until the names in it are read.
    bracket: Option<usize>,
}

impl<'t> Inserted<'t> {
    /// Goes on past what begins at `at` and is no placeholder, so many bytes.
    fn step(&mut self, text: &'t str, at: usize) -> usize {
        const VALUES: &str = "values";
        let bytes = text.as_bytes();
        match bytes.get(at) {
            Some(b'(') => {
                self.depth += 1;
                if self.depth == 1 {
                    self.column = 0;
                    self.bracket = Some(at);
                }
            }
            Some(b')') => self.depth = self.depth.saturating_sub(1),
            Some(b',') if self.depth == 1 => self.column += 1,
            Some(byte) if is_of_a_word(*byte) => {
                let rest = bytes.get(at..).unwrap_or_default();
                let word = rest.iter().take_while(|byte| is_of_a_word(**byte)).count();
                if rest.get(..word).is_some_and(|it| it.eq_ignore_ascii_case(VALUES.as_bytes())) {
                    self.open(text.get(..at).unwrap_or_default());
                } else if self.depth == 0 {
                    self.is_open = false;
                }
                return word;
            }
            Some(_) | None => {}
        }
        1
    }

    /// The word before the rows stands behind `head`, which ends with the names of the columns.
    fn open(&mut self, head: &'t str) {
        let Some(names) = head.trim_end().strip_suffix(')') else { return };
        let Some(names) = self.bracket.take().and_then(|at| names.get(at + 1..)) else { return };
        self.names.clear();
        self.names.extend(names.split(',').map(|name| named_at_end(name).unwrap_or_default()));
        (self.is_open, self.depth, self.column) = (true, 0, 0);
    }

    fn name(&self) -> Option<&'t str> {
        let name = self.names.get(self.column).copied().filter(|name| !name.is_empty())?;
        (self.is_open && self.depth > 0).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_at_names() {
        use Placeholder::{Name, Position};
        for (text, expected) in [
            (
                "UPDATE u SET dob=$1, phone = $2 WHERE id=$3",
                &[("dob", Position(0)), ("phone", Position(1)), ("id", Position(2))][..],
            ),
            (
                "UPDATE u SET a=now(), dob = ? WHERE u.\"email\" = ?",
                &[("dob", Position(0)), ("email", Position(1))],
            ),
            (
                "insert into u (name, `dob`) values (?, ?), (?,?)",
                &[
                    ("name", Position(0)),
                    ("dob", Position(1)),
                    ("name", Position(2)),
                    ("dob", Position(3)),
                ],
            ),
            (
                "INSERT INTO u(name,dob) VALUES(lower(%s), %s)",
                &[("name", Position(0)), ("dob", Position(1))],
            ),
            ("INSERT INTO u(a,dob) VALUES('x, ?', %(d)s)", &[("dob", Name("d"))]),
            ("SET dob = :d, #p = :p", &[("dob", Name("d")), ("p", Name("p"))]),
            (
                "begins_with(phone, :p) AND email IN (:a, :b)",
                &[("phone", Name("p")), ("email", Name("a"))],
            ),
            (
                "SELECT * FROM c WHERE c.dob>=@d AND lower(email) NOT LIKE lower(@e)",
                &[("dob", Name("d")), ("email", Name("e"))],
            ),
            ("mutation($d: Date!) { a(input: {dob: $d}) { id } }", &[("dob", Name("d"))]),
            ("MATCH (n:Person {dob:$d}) RETURN n", &[("dob", Name("d"))]),
            ("SELECT x::text, '12:30', a@b.c FROM t", &[]),
            ("dob = ", &[]),
            ("VALUES (?", &[]),
            ("é(é) VALUES (é, ?), é=é?", &[]),
        ] {
            let mut found = Vec::new();
            placeholders(text, |name, placeholder| found.push((name, placeholder)));
            assert_eq!(found, expected, "{text}");
        }
    }
}
