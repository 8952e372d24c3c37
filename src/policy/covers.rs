//! What goes along in a container: a list of purchases may go with the purchases in it, not with the passport
//! that somebody wrote beside one.

use crate::{
    domain::{Finding, Findings, Tag, TagPattern, TagSet, Taxonomy},
    policy::judge::around,
};

/// What the categories of a taxonomy cover where their values are lists or objects.
#[derive(Debug, Clone, Default)]
pub(super) struct Covers {
    /// By tag.
    covered: Vec<TagSet>,
}

impl Covers {
    /// A category covers what is of its own kind, what it names and what is anonymous by itself.
    pub(super) fn of(taxonomy: &Taxonomy, anonymous: &TagSet) -> Self {
        let covered = taxonomy.iter().map(|(_, category)| {
            let own = TagPattern(category.key.clone());
            category
                .covers
                .iter()
                .chain([&own])
                .fold(*anonymous, |all, it| all.union(&taxonomy.select(it)))
        });
        Self { covered: covered.collect() }
    }

    /// Whether a finding is within a scope: by its own category, or by that of a container around it which covers it.
    pub(super) fn admit(&self, scope: &TagSet, finding: &Finding, findings: &Findings) -> bool {
        scope.contains(finding.tag)
            || around(finding, findings)
                .skip(1)
                .any(|it| scope.contains(it.tag) && self.covers(it.tag, finding.tag))
    }

    fn covers(&self, container: Tag, tag: Tag) -> bool {
        self.covered.get(usize::from(container.0)).is_some_and(|covered| covered.contains(tag))
    }
}
