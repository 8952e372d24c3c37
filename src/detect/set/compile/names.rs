//! What the names of fields say, and the surroundings in which they say it.

use rustc_hash::FxHashSet;

use super::Compiler;
use crate::{
    detect::{
        check::Check,
        keys::Facts,
        name::Words,
        set::{FieldRule, Meant, Proof, Reach},
        source::{ContextSource, DetectorFile, FieldSource},
    },
    domain::{Part, Sensitivity},
    source::give_way,
};

const CONTEXTS_MAX: usize = 32;

impl Compiler<'_> {
    pub(super) fn context(&mut self, file: &str, source: &ContextSource) {
        let number = self.contexts.len();
        let known = self.contexts.get(&source.id.value).copied();
        if known.is_none() && number >= CONTEXTS_MAX {
            self.diagnostics
                .error(
                    source.id.place(file),
                    format!("there are more than {CONTEXTS_MAX} contexts"),
                )
                .remedy("join contexts that the same fields use");
            return;
        }
        let bit = known.unwrap_or(1 << number);
        self.contexts.insert(source.id.value.clone(), bit);
        for name in &source.names {
            self.set.keys.entry(name).opens |= bit;
        }
        for name in &source.names_alone {
            self.set.keys.entry(name).opens_itself |= bit;
        }
        for name in &source.beside {
            self.set.keys.entry(name).beside |= bit;
        }
        for name in &source.signs {
            self.set.keys.entry(name).signs |= bit;
        }
        if source.any_order {
            self.set.contexts.any_order |= bit;
        }
        for name in &source.kinds {
            self.set.keys.entry(name).kinds |= bit;
            self.set.contexts.by_kind |= bit;
        }
        for name in &source.columns {
            self.set.keys.entry(name).columns |= bit;
            self.set.contexts.of_tables |= bit;
        }
        if source.near {
            self.set.contexts.near |= bit;
        }
        if source.lasting {
            self.set.contexts.lasting |= bit;
            self.set.keys.lasting |= bit;
        }
        if source.third_party {
            self.set.contexts.third_party |= bit;
        }
        for (part, slot) in Part::ALL.iter().zip(&mut self.set.contexts.parts) {
            if part.as_str() == source.id.value {
                *slot = bit;
            }
        }
    }

    /// What speaks against a context, once all are known.
    pub(super) fn excluded(&mut self, file: &str, source: &ContextSource) {
        let somebodys = self.context_bits(file, &source.unless);
        if let Some(bit) = self.contexts.get(&source.id.value).filter(|_| somebodys != 0) {
            self.set.contexts.of_nobody |= bit;
            self.set.contexts.somebodys |= somebodys;
        }
    }

    pub(super) fn field(&mut self, file: &str, source: &FieldSource) {
        let Some(tag) = self.tag(file, &source.category) else { return };
        let coarse = match &source.coarse {
            Some(coarse) => self.tag(file, coarse).unwrap_or(tag),
            None => tag,
        };
        let check = source.check.as_ref().and_then(|check| self.check(file, check));
        let inside = self.context_bits(file, &source.inside);
        let outside = self.context_bits(file, &source.outside);
        if source.names.is_empty() && source.endings.is_empty() {
            self.diagnostics
                .error(
                    source.category.place(file),
                    format!("`{}` has no names", source.category.value),
                )
                .remedy("add `names:` with the field names of this category");
        }
        let confidence = self.percent(file, &source.confidence);
        let checked = source.checked.as_ref().map_or(confidence, |value| self.percent(file, value));
        let unchecked = source.unchecked.as_ref().map_or(0, |value| self.percent(file, value));
        let proof = self.proof(file, source);
        let meant = self.meant(file, source);
        let detector = self.detector(format!("field.{}", self.short(tag)));
        let number = u16::try_from(self.set.rules.len()).unwrap_or(u16::MAX);
        let category = self.taxonomy.category(tag);
        let is_somebodys = category.is_some_and(|category| {
            category.sensitivity != Sensitivity::Anonymous && !category.container
        });
        self.set.rules.push(FieldRule {
            detector,
            tag,
            coarse,
            container: source.whole
                || !source.values_only && category.is_some_and(|category| category.container),
            inside,
            outside,
            check,
            confidence,
            checked,
            unchecked,
            spreads: source.spreads.unwrap_or(is_somebodys && !source.values_only),
            attributes: source.attributes,
            named: source.named,
            prose: source.prose,
            meant,
            lists_max: source.lists_max.unwrap_or(u8::MAX),
            proof,
            reach: Reach::of(check.map(Check::kind)),
        });
        let check_name = source.check.as_ref().map(|check| check.value.clone());
        let names = source.names.iter().map(|name| (name, false));
        for (name, is_ending) in names.chain(source.endings.iter().map(|name| (name, true))) {
            if Words::of(name).len() == 0 {
                self.diagnostics
                    .error(source.category.place(file), format!("`{name}` is not a field name"))
                    .remedy("write at least one letter or digit");
                continue;
            }
            let entry = self.set.keys.entry(name);
            let list = if source.exact { &mut entry.exact_rules } else { &mut entry.rules };
            let says_the_same = |other: &u16| {
                self.set.rules.get(usize::from(*other)).is_some_and(|rule| {
                    (rule.tag, rule.inside, rule.outside, rule.proof)
                        == (tag, inside, outside, proof)
                }) && self.field_checks.get(usize::from(*other)) == Some(&check_name)
            };
            let known = list.contains(&number);
            if (known && !is_ending) || list.iter().any(|it| *it != number && says_the_same(it)) {
                self.diagnostics
                    .warning(
                        source.category.place(file),
                        format!("`{name}` is named for `{}` twice", source.category.value),
                    )
                    .remedy("take one of the two out");
            }
            // An ending is a name as well.
            if known {
                continue;
            }
            // Rules bound to a context are tried before those that are not.
            let at = if inside == 0 { list.len() } else { 0 };
            list.insert(at, number);
        }
        if source.prose {
            self.set.texts.insert(tag);
        }
        self.field_checks.push(check_name);
        for name in &source.endings {
            let list = &mut self.set.keys.entry(name).ending_rules;
            if list.contains(&number) {
                self.diagnostics
                    .warning(
                        source.category.place(file),
                        format!("`{name}` is an ending of `{}` twice", source.category.value),
                    )
                    .remedy("take one of the two out");
                continue;
            }
            let at = if inside == 0 { list.len() } else { 0 };
            list.insert(at, number);
        }
    }

    /// Tells of names that so many entries are about, as they are, less prefixes and suffixes, or by their ending, that
    /// some would be passed over; each once, at the entry that came last.
    pub(super) fn crowded(&mut self, sources: &[(&str, DetectorFile)]) {
        let mut told = FxHashSet::default();
        let fields =
            sources.iter().flat_map(|(file, it)| it.fields.iter().map(move |it| (*file, it)));
        let fields: Vec<(&str, &FieldSource)> = fields.collect();
        for (file, field) in fields.into_iter().rev() {
            for name in field.names.iter().chain(&field.endings) {
                give_way();
                if told.insert(name.as_str()) && self.set.keys.is_crowded(name) {
                    self.diagnostics
                        .error(
                            field.category.place(file),
                            format!(
                                "more than {} entries are about the field name `{name}`, in one reading or another",
                                Facts::RULES
                            ),
                        )
                        .remedy("join some of them, or let one go");
                }
            }
        }
    }

    fn proof(&mut self, file: &str, source: &FieldSource) -> Proof {
        let asked = [
            (source.listed, "listed", Proof::Listed),
            (source.known, "known", Proof::Known),
            (source.family, "family", Proof::Family),
            (source.given, "given", Proof::Given),
        ];
        self.one_of(file, source, asked).unwrap_or(Proof::Form)
    }

    fn meant(&mut self, file: &str, source: &FieldSource) -> Meant {
        let asked = [
            (source.lists_only, "lists_only", Meant::Lists),
            (source.values_only, "values_only", Meant::Values),
        ];
        self.one_of(file, source, asked).unwrap_or(Meant::Anything)
    }

    /// What was asked for, of things that exclude one another.
    fn one_of<T: Copy, const N: usize>(
        &mut self,
        file: &str,
        source: &FieldSource,
        asked: [(bool, &str, T); N],
    ) -> Option<T> {
        let mut given = asked.into_iter().filter(|(is_given, ..)| *is_given);
        let (_, first, meant) = given.next()?;
        for (_, other, _) in given {
            self.diagnostics
                .error(
                    source.category.place(file),
                    format!("`{first}` and `{other}` exclude one another"),
                )
                .remedy("keep one of the two");
        }
        Some(meant)
    }
}
