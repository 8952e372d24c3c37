//! What is wrong with a file, where, and what to do about it.

use std::fmt;

/// A position in a file an operator can open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize)]
pub struct Place {
    pub file: String,
    /// From 1; 0 when the whole file is meant.
    pub line: u32,
    /// From 1; 0 when the whole line is meant.
    pub column: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file is not taken; what served before goes on serving.
    Error,
    /// The file is taken, and something in it deserves a look.
    Warning,
}

/// One complaint. `message` says what was found and what was expected, lower case, the operator's own
/// words in backticks; `remedy` says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostic {
    #[serde(flatten)]
    pub place: Place,
    pub severity: Severity,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Everything that is wrong, in the order of files and lines.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

impl Diagnostics {
    pub fn error(&mut self, place: Place, message: impl Into<String>) -> &mut Diagnostic {
        self.push(place, Severity::Error, message.into())
    }

    pub fn warning(&mut self, place: Place, message: impl Into<String>) -> &mut Diagnostic {
        self.push(place, Severity::Warning, message.into())
    }

    fn push(&mut self, place: Place, severity: Severity, message: String) -> &mut Diagnostic {
        let at = self.items.len();
        let message = without_keys(message);
        self.items.push(Diagnostic { place, severity, message, remedy: None });
        // INVARIANT: the item was pushed in the line above.
        #[expect(clippy::indexing_slicing, reason = "the item was pushed in the line above")]
        &mut self.items[at]
    }

    /// Says nothing twice, where two that are alike stand side by side.
    pub fn dedup(&mut self) {
        self.items.dedup();
    }

    pub fn extend(&mut self, other: Self) {
        self.items.extend(other.items);
    }

    pub fn has_errors(&self) -> bool {
        self.items.iter().any(|item| item.severity == Severity::Error)
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn error_count(&self) -> usize {
        self.items.iter().filter(|item| item.severity == Severity::Error).count()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter()
    }

    /// The complaints about one file.
    pub fn of(&self, file: &str) -> Self {
        Self { items: self.iter().filter(|item| item.place.file == file).cloned().collect() }
    }

    pub fn sort(&mut self) {
        self.items.sort_by(|a, b| a.place.cmp(&b.place).then(a.severity.cmp(&b.severity)));
    }
}

impl Diagnostic {
    pub fn remedy(&mut self, remedy: impl Into<String>) {
        self.remedy = Some(without_keys(remedy.into()));
    }
}

/// How a key in a PEM file begins, and a certificate.
pub(crate) const PEM: &str = "-----BEGIN";

/// What a complaint repeats of a text: enough to know it by, on one line.
pub(crate) fn shown(text: &str) -> String {
    const CHARACTERS_MAX: usize = 40;
    let line = text.lines().next().unwrap_or_default();
    let line = line.find(PEM).map_or(line, |at| line.get(..at).unwrap_or_default());
    let short: String = line.chars().take(CHARACTERS_MAX).collect();
    if short == text { short } else { format!("{short}…") }
}

/// Whoever composed it, no complaint shows a private key.
fn without_keys(mut message: String) -> String {
    if let Some(at) = message.find(PEM) {
        message.truncate(at);
        let is_open = message.matches('`').count() % 2 == 1;
        message.push_str(if is_open { "…`" } else { "…" });
    }
    message
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}: {severity}: {}", self.place, self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n    help: {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, item) in self.items.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            item.fmt(f)?;
        }
        Ok(())
    }
}
