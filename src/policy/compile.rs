//! From rule files to a rule set: the one step that can fail, and it reports everything in one pass.

mod builder;
mod count;
mod register;
mod rule;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    condition::Scope,
    names::NameBook,
    predicate::ClassSet,
    registry::Registry,
    set::RuleSet,
    source::{MorePurposesFile, PurposesFile, RegisterFile, RuleFile, ZonesFile},
};
use crate::{
    domain::{TagPattern, TagSet, Taxonomy},
    source::{Diagnostics, SourceFile, give_way, read_on},
};

use builder::Builder;
use register::{VocabularyBuilder, compile_more, compile_purposes};

/// Where stands what rules may name, beside `purposes.yaml`.
pub(crate) const NAME_FOLDERS: [&str; 3] = ["purposes/", "zones/", "registers/"];

/// Most rules one generation may hold; rule numbers are 16 bits wide.
const RULES_MAX: usize = 60_000;

impl RuleSet {
    /// Compiles `purposes.yaml` and the files of `purposes/`, `zones/`, `registers/`, `law/`, `agreement/`, `policy/`
    /// and `organisation/`; others are somebody else's. Every problem goes to `diagnostics`; `None`
    /// when one of them is an error.
    pub fn compile(
        files: &[SourceFile],
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        Self::compile_after(None, files, taxonomy, diagnostics)
    }

    /// Like [`RuleSet::compile`], where `before` is a set under the same taxonomy and the files it was compiled
    /// from: a file that says the same, and whose names mean the same, is not read again.
    pub(crate) fn compile_after(
        before: Option<(&Self, &[SourceFile])>,
        files: &[SourceFile],
        taxonomy: &Taxonomy,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let errors = diagnostics.error_count();
        let files = in_order(files);
        let kept = before.map(|(set, of)| kept(set, &in_order(of), &files)).unwrap_or_default();
        let (book, registry) = names(&files, taxonomy, diagnostics);
        let mut builder = Builder::new(diagnostics.error_count() == errors);
        let parts = rules_of_each(&files, &book, &kept);
        for part in &parts {
            diagnostics.extend(part.complaints.clone());
            builder.append(&part.rules);
        }
        let set = builder.finish(registry, book, taxonomy, parts, diagnostics)?;
        (diagnostics.error_count() == errors).then_some(set)
    }

    /// Whether a file of this name is compiled here.
    pub(crate) fn reads(name: &str) -> bool {
        let is_of_names = NAME_FOLDERS.iter().any(|folder| name.starts_with(folder));
        name == "purposes.yaml" || is_of_names || is_rule_file(name)
    }

    /// Reads the same files and compiles nothing: for when there are no categories to look up.
    pub(crate) fn check_form(files: &[SourceFile], diagnostics: &mut Diagnostics) {
        for file in in_order(files) {
            let name = file.name.as_str();
            if name.starts_with("zones/") {
                let _: Option<ZonesFile> = read_on(file, diagnostics);
            } else if name.starts_with("registers/") {
                let _: Option<RegisterFile> = read_on(file, diagnostics);
            } else if name == "purposes.yaml" {
                let _: Option<PurposesFile> = read_on(file, diagnostics);
            } else if name.starts_with("purposes/") {
                let _: Option<MorePurposesFile> = read_on(file, diagnostics);
            } else if is_rule_file(name) {
                let _: Option<RuleFile> = read_on(file, diagnostics);
            }
        }
    }
}

/// In the order of names, so that the order they came in shows nowhere.
pub(super) fn in_order(files: &[SourceFile]) -> Vec<&SourceFile> {
    let mut files: Vec<&SourceFile> = files.iter().collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Everything a rule may name, and the purposes.
pub(super) fn names<'t>(
    files: &[&SourceFile],
    taxonomy: &'t Taxonomy,
    diagnostics: &mut Diagnostics,
) -> (NameBook<'t>, Registry) {
    let mut book = NameBook::new(taxonomy);
    let mut zones: Vec<(&str, ZonesFile)> = Vec::new();
    for file in files.iter().filter(|file| file.name.starts_with("zones/")) {
        zones.extend(read_on(file, diagnostics).map(|zones| (file.name.as_str(), zones)));
    }
    book.add_zones(&zones, diagnostics);
    let mut vocabulary = VocabularyBuilder::default();
    for file in files.iter().filter(|file| file.name.starts_with("registers/")) {
        if let Some(register) = read_on::<RegisterFile>(file, diagnostics) {
            vocabulary.add(&file.name, register, diagnostics);
        }
    }
    book.vocabulary = vocabulary.vocabulary;
    let (mut registry, mut default) = (Registry::default(), ClassSet(u64::MAX));
    for file in files.iter().filter(|file| file.name == "purposes.yaml") {
        if let Some(purposes) = read_on::<PurposesFile>(file, diagnostics) {
            (registry, default) = compile_purposes(&file.name, &purposes, &mut book, diagnostics);
        }
    }
    for file in files.iter().filter(|file| file.name.starts_with("purposes/")) {
        if let Some(more) = read_on::<MorePurposesFile>(file, diagnostics) {
            compile_more(&file.name, &more, default, &mut registry, &mut book, diagnostics);
        }
    }
    book.purposes = registry.numbers.clone();
    (book, registry)
}

/// The rules of one file, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Part {
    file: String,
    rules: Builder,
    complaints: Diagnostics,
}

/// What was built of files that still say the same, by their names; nothing when names may mean something
/// else now.
fn kept<'b>(
    set: &'b RuleSet,
    before: &[&SourceFile],
    files: &[&SourceFile],
) -> FxHashMap<&'b str, &'b Arc<Part>> {
    let is_of_names = |file: &&&SourceFile| !is_rule_file(&file.name);
    if !before.iter().filter(is_of_names).eq(files.iter().filter(is_of_names)) {
        return FxHashMap::default();
    }
    let now: FxHashMap<&str, &SourceFile> =
        files.iter().map(|file| (file.name.as_str(), *file)).collect();
    let same: FxHashSet<&str> = before
        .iter()
        .filter(|file| now.get(file.name.as_str()).is_some_and(|it| it.text == file.text))
        .map(|file| file.name.as_str())
        .collect();
    let parts = set.parts.iter().map(|part| (part.file.as_str(), part));
    parts.filter(|(name, _)| same.contains(name)).collect()
}

/// The rules of each file, in the order of the files; of many at once, since most of the time that
/// compiling takes is spent on their YAML. A file is done with before the next is begun, so that what it
/// said is not kept.
fn rules_of_each(
    files: &[&SourceFile],
    book: &NameBook<'_>,
    kept: &FxHashMap<&str, &Arc<Part>>,
) -> Vec<Arc<Part>> {
    const AT_ONCE_BYTES_MIN: usize = 512 << 10;
    const THREADS_MAX: usize = 4;
    let files: Vec<&SourceFile> =
        files.iter().copied().filter(|file| is_rule_file(&file.name)).collect();
    let part_of = |file: &SourceFile| match kept.get(file.name.as_str()) {
        Some(part) => Arc::clone(part),
        None => Arc::new(rules_of(file, book)),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let to_read = files.iter().filter(|file| !kept.contains_key(file.name.as_str()));
    let bytes: usize = to_read.map(|file| file.text.len()).sum();
    if bytes < AT_ONCE_BYTES_MIN || threads < 2 {
        return files.into_iter().map(part_of).collect();
    }
    let next = AtomicUsize::new(0);
    let take_turns = || {
        std::iter::from_fn(|| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            files.get(number).map(|file| (number, part_of(file)))
        })
        .collect::<Vec<_>>()
    };
    let mut all: Vec<(usize, Arc<Part>)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take_turns)).collect();
        let mut all = take_turns();
        for other in others {
            match other.join() {
                Ok(parts) => all.extend(parts),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, part)| part).collect()
}

fn rules_of(file: &SourceFile, book: &NameBook<'_>) -> Part {
    let mut complaints = Diagnostics::default();
    let source = read_on::<RuleFile>(file, &mut complaints);
    let mut rules = Builder::new(source.is_some() && !complaints.has_errors());
    if let Some(source) = source {
        rules.add(&file.name, &source, book, &mut complaints);
    }
    Part { file: file.name.clone(), rules, complaints }
}

/// Where rules stand, the highest layer first.
pub(crate) const RULE_FOLDERS: [&str; 4] = ["law/", "agreement/", "policy/", "organisation/"];

pub(super) fn is_rule_file(name: &str) -> bool {
    RULE_FOLDERS.iter().any(|folder| name.starts_with(folder))
}

/// What the names of one file mean, its definitions included.
pub(super) fn scope<'f, 't>(
    file: &'f str,
    source: &RuleFile,
    book: &'f NameBook<'t>,
    diagnostics: &mut Diagnostics,
) -> Scope<'f, 't> {
    let mut scope = Scope {
        file,
        book,
        layer: source.layer,
        sensitive: source.sensitive.as_ref().map(|names| book.categories(file, names, diagnostics)),
        definitions: FxHashMap::default(),
    };
    for definition in &source.definitions {
        let predicate = scope.tree(&definition.condition, diagnostics);
        if scope.definitions.insert(definition.name.value.clone(), predicate).is_some() {
            diagnostics.error(
                definition.name.place(file),
                format!("definition `{}` is given twice", *definition.name),
            );
        }
    }
    scope
}

/// The patterns a fact may name categories by: keys, short names and wildcards.
pub(super) fn category_names(taxonomy: &Taxonomy) -> FxHashMap<Box<str>, TagSet> {
    let mut patterns: FxHashSet<String> = ["*".to_owned(), "**".to_owned()].into_iter().collect();
    for (_, category) in taxonomy.iter() {
        patterns.insert(category.short.clone());
        let mut key = category.key.as_str();
        loop {
            patterns.extend([key.to_owned(), format!("{key}.*"), format!("{key}.**")]);
            match key.rsplit_once('.') {
                Some((parent, _)) => key = parent,
                None => break,
            }
        }
    }
    patterns
        .into_iter()
        .filter_map(|pattern| {
            give_way();
            let tags = taxonomy.select(&TagPattern(pattern.clone()));
            (!tags.is_empty()).then(|| (pattern.into_boxed_str(), tags))
        })
        .collect()
}
