//! Findings put together from categories and places, where there is no payload: rows of a rule test and
//! audit records.

use crate::domain::{Finding, Findings, Marks, Part, PathNode, Step, Tag, Taxonomy};

/// Findings as they are added; one inside another is enclosed by it.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub findings: Findings,
    pointers: Vec<String>,
}

impl Places {
    /// A category at a locator: `/user/email`, `header:/x-forwarded-for`; empty for the whole body.
    pub(crate) fn add(&mut self, locator: &str, tag: Tag, marks: Marks) {
        let (part, pointer) = Part::ALL
            .into_iter()
            .find_map(|part| {
                let rest = locator.strip_prefix(part.as_str())?.strip_prefix(':')?;
                Some((part, rest))
            })
            .unwrap_or((Part::Body, locator));
        let mut path = None;
        for step in pointer.split('/').skip(1) {
            let step = match step.parse() {
                Ok(index) => Step::Index(index),
                Err(_) => Step::Name(step.replace("~1", "/").replace("~0", "~").into()),
            };
            let nodes = &mut self.findings.nodes;
            let known = nodes
                .iter()
                .position(|node| node.parent == path && node.step == step)
                .and_then(|at| u32::try_from(at).ok());
            path = known.or_else(|| {
                nodes.push(PathNode { parent: path, step, personal: false });
                u32::try_from(nodes.len() - 1).ok()
            });
        }
        let enclosing = self
            .pointers
            .iter()
            .rposition(|outer| {
                locator.strip_prefix(outer.as_str()).is_some_and(|it| it.starts_with('/'))
            })
            .and_then(|index| u32::try_from(index).ok());
        self.pointers.push(locator.to_owned());
        let path = path.unwrap_or(Findings::ROOT);
        let finding = Finding { part, path, marks, enclosing, ..Finding::of_body(tag) };
        self.findings.items.push(finding);
    }
}

/// The findings of locators and category keys. A category the taxonomy does not know is left out.
pub fn findings<'p>(
    taxonomy: &Taxonomy,
    places: impl IntoIterator<Item = (&'p str, &'p str)>,
) -> Findings {
    let mut found = Places::default();
    for (locator, key) in places {
        if let Some(tag) = taxonomy.tag(key) {
            found.add(locator, tag, Marks::default());
        }
    }
    found.findings
}
